/* ws-compat.h
 * Every difference between Wireshark 4.0 and 4.6 that the plugin meets. The rest of the code is written in the
 * newest spelling; what is missing in an older Wireshark is defined here and nowhere else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_WS_COMPAT_H
#define HIK_WS_COMPAT_H

#include <stdbool.h>
#include <stdint.h>

#include <wireshark.h>

#include <epan/charsets.h>
#include <epan/conversation.h>
#include <epan/conversation_filter.h>
#include <epan/exceptions.h>
#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/proto_data.h>
#include <epan/stat_groups.h>
#include <epan/stat_tap_ui.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>
#include <epan/tfs.h>
#include <epan/dissectors/packet-rtp.h>
#include <wsutil/inet_addr.h>
#include <wsutil/to_str.h>

#define WS_AT_LEAST(major, minor) \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

#if WS_AT_LEAST(4, 4)
#include <wsutil/plugins.h>
#endif
#ifndef WS_PLUGIN_DESC_DISSECTOR
#define WS_PLUGIN_DESC_DISSECTOR (1UL << 0)
#endif

/* gboolean is four bytes, bool is one. Only where Wireshark takes an address or calls back does it matter which. */
#if WS_AT_LEAST(4, 4)
typedef bool ws_bool;
#else
typedef gboolean ws_bool;
#endif

#if !WS_AT_LEAST(4, 4)
#define tvb_get_uint8 tvb_get_guint8
#define tvb_get_int8 tvb_get_gint8
#define tvb_find_uint8 tvb_find_guint8
#define REGISTER_TELEPHONY_GROUP_UNSORTED REGISTER_STAT_GROUP_TELEPHONY
#define STATS_TREE_MENU_SEPARATOR "/"
#endif

#if !WS_AT_LEAST(4, 6)
#define val_to_str val_to_str_wmem
#define tvb_get_bits32 tvb_get_bits
#endif

/* stat_tap_ui's init callback began to say whether it worked. Before, tshark's own ones ended the program. */
#if WS_AT_LEAST(4, 6)
typedef bool ws_tap_init;
#define WS_TAP_INIT_DONE(ok) return (ok)
#else
typedef void ws_tap_init;
#define WS_TAP_INIT_DONE(ok) \
    do { \
        if (!(ok)) \
            exit(1); \
        return; \
    } while (0)
#endif

/* Stock shows every media type that ends in "+xml" as XML. */
#define WS_STOCK_XML_SUFFIX WS_AT_LEAST(4, 4)

/* rtp_dyn_payload_insert() gained the channel count. */
#if WS_AT_LEAST(4, 2)
#define ws_rtp_dyn_payload_insert(table, pt, name, rate, channels) \
    rtp_dyn_payload_insert((table), (pt), (name), (rate), (channels))
#else
#define ws_rtp_dyn_payload_insert(table, pt, name, rate, channels) \
    rtp_dyn_payload_insert((table), (pt), (name), (rate))
#endif

#endif
