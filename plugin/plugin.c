/* plugin.c
 * The entry points Wireshark looks up in a plugin, and nothing else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include "parts.h"

#ifdef _WIN32
#define HIK_EXPORT __declspec(dllexport)
#else
#define HIK_EXPORT __attribute__((visibility("default")))
#endif

HIK_EXPORT extern const char plugin_version[];
HIK_EXPORT extern const int plugin_want_major;
HIK_EXPORT extern const int plugin_want_minor;
HIK_EXPORT void plugin_register(void);
HIK_EXPORT uint32_t plugin_describe(void);

const char plugin_version[] = HIK_VERSION;
const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

void plugin_register(void)
{
    static proto_plugin hikcascade;

    hikcascade.register_protoinfo = proto_register_hikcascade;
    hikcascade.register_handoff = proto_reg_handoff_hikcascade;
    proto_register_plugin(&hikcascade);
}

uint32_t plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR;
}
