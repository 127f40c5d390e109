/* seen.c
 * What an empty table says: which SIP and RTP the capture holds, and where. Counted in the taps of stock's sip and rtp,
 * which carry every message and packet whoever found it, and in ours; RTP that no SDP announces is counted elsewhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "seen.h"

#include <epan/prefs.h>
#include <epan/dissectors/packet-sip.h>
#include <wsutil/str_util.h>

#include "endpoint.h"
#include "parts.h"
#include "session.h"
#include "stray-rtp.h"
#include "tap.h"

/* Most used ones that are named. */
#define MAX_NAMED 3

/* SIP on one port. */
struct port {
    uint32_t messages, ours;
};

/* RTP between two hosts, in both directions. */
struct hosts {
    char *a, *b;
    uint32_t packets;
};

/* Static. The user interface's: lives as long as its listeners, emptied when a capture is read anew. */
static struct {
    bool listens;      /* somebody may ask */
    bool counts;       /* while there is no call */
    void (*changes)(void); /* what windows say has changed; NULL: there are none */
    bool changed;      /* since it was called last */
    GHashTable *ports; /* transport << 16 | port -> struct port, g_malloc'd */
    GHashTable *hosts; /* "a b" -> struct hosts */
    bool platforms;    /* two of them were known */
} seen;

/* Static; the capture's, first pass. */
static bool other_udp, other_tcp; /* no numbers: what somebody else's conversation becomes does not come by again */

static void reset_capture(void)
{
    other_udp = other_tcp = false;
}

void hik_seen_other(packet_info *pinfo)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (pinfo->ptype == PT_TCP)
        other_tcp = true;
    else
        other_udp = true;
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

static struct port *port_of(packet_info *pinfo, uint32_t port)
{
    void *key = GUINT_TO_POINTER((uint32_t)pinfo->ptype << 16 | (port & 0xFFFF));
    struct port *found = (struct port *)g_hash_table_lookup(seen.ports, key);

    if (!found) {
        found = g_new0(struct port, 1);
        g_hash_table_insert(seen.ports, key, found);
        seen.changed = seen.changed || g_hash_table_size(seen.ports) <= MAX_NAMED + 1;
    }
    return found;
}

/* A request goes to the port that SIP is spoken on, an answer comes from there. */
static tap_packet_status sip_packet(void *data _U_, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                    tap_flags_t flags _U_)
{
    const sip_info_value_t *sip = (const sip_info_value_t *)tapped;

    port_of(pinfo, sip->request_method ? pinfo->destport : pinfo->srcport)->messages++;
    return TAP_PACKET_DONT_REDRAW;
}

static tap_packet_status our_packet(void *data _U_, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                    tap_flags_t flags _U_)
{
    const struct hik_tap *tap = (const struct hik_tap *)tapped;

    if (tap->kind == HIK_TAP_SIP) {
        struct port *port = port_of(pinfo, tap->message->is_request ? pinfo->destport : pinfo->srcport);

        seen.changed = seen.changed || port->ours == 0 || (tap->message->platforms && !seen.platforms);
        port->ours++;
        seen.platforms = seen.platforms || tap->message->platforms;
    }
    return TAP_PACKET_DONT_REDRAW;
}

/* RTP between two hosts, in either direction; made if it is not there. */
static struct hosts *hosts_of(const address *a, const address *b)
{
    bool swap = cmp_address(a, b) > 0;
    struct hik_endpoint_text lower = hik_endpoint_print_address(swap ? b : a), higher = hik_endpoint_print_address(swap ? a : b);
    char *key = g_strdup_printf("%s %s", lower.s, higher.s);
    struct hosts *hosts = (struct hosts *)g_hash_table_lookup(seen.hosts, key);

    if (hosts) {
        g_free(key);
        return hosts;
    }
    hosts = g_new0(struct hosts, 1);
    hosts->a = g_strdup(lower.s);
    hosts->b = g_strdup(higher.s);
    g_hash_table_insert(seen.hosts, key, hosts);
    seen.changed = seen.changed || g_hash_table_size(seen.hosts) <= MAX_NAMED + 1;
    return hosts;
}

static tap_packet_status rtp_packet(void *data _U_, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped _U_,
                                    tap_flags_t flags _U_)
{
    hosts_of(&pinfo->src, &pinfo->dst)->packets++;
    return TAP_PACKET_DONT_REDRAW;
}

/* The tap of all packets. */
static tap_packet_status frame_packet(void *data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *tapped _U_,
                                      tap_flags_t flags _U_)
{
    if (seen.changed) {
        seen.changed = false;
        seen.changes();
    }
    return TAP_PACKET_DONT_REDRAW;
}

static void free_hosts(void *data)
{
    struct hosts *hosts = (struct hosts *)data;

    g_free(hosts->a);
    g_free(hosts->b);
    g_free(hosts);
}

static void reset(void *data _U_)
{
    g_hash_table_remove_all(seen.ports);
    g_hash_table_remove_all(seen.hosts);
    seen.platforms = false;
    seen.changed = true;
}

static void listen(const char *tap, void *which, tap_reset_cb when_reset, tap_packet_cb packet)
{
    GString *error = register_tap_listener(tap, which, NULL, 0, when_reset, packet, NULL, NULL);

    if (error) /* that protocol is not there: then there is nothing to count */
        g_string_free(error, TRUE);
}

static const struct {
    const char *tap;
    tap_packet_cb packet;
} taps[] = {{"sip", sip_packet}, {"rtp", rtp_packet}, {HIK_TAP_NAME, our_packet}};

void hik_seen_listen(void)
{
    if (!seen.listens) {
        seen.ports = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
        seen.hosts = g_hash_table_new_full(wmem_str_hash, g_str_equal, g_free, free_hosts);
    }
    seen.listens = true;
    if (seen.counts)
        return;
    seen.counts = true;
    for (size_t i = 0; i < array_length(taps); i++)
        listen(taps[i].tap, (void *)&taps[i], reset, taps[i].packet);
}

void hik_seen_watch(void (*changes)(void))
{
    hik_seen_listen();
    seen.changed = true;
    if (seen.changes)
        return;
    seen.changes = changes;
    listen("frame", &seen, NULL, frame_packet);
}

/* With a call there is something to tell, and nobody asks any more what else there is: listeners cost something with every
 * packet. */
void hik_seen_call(void)
{
    if (!seen.counts)
        return;
    for (size_t i = 0; i < array_length(taps); i++)
        remove_tap_listener((void *)&taps[i]);
    seen.counts = false;
    reset(NULL); /* whoever listens again begins with nothing */
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static int by_messages(gconstpointer a, gconstpointer b)
{
    const struct port *x = (const struct port *)g_hash_table_lookup(seen.ports, a);
    const struct port *y = (const struct port *)g_hash_table_lookup(seen.ports, b);

    if (x->messages != y->messages)
        return x->messages < y->messages ? 1 : -1;
    return GPOINTER_TO_UINT(a) < GPOINTER_TO_UINT(b) ? -1 : GPOINTER_TO_UINT(a) > GPOINTER_TO_UINT(b);
}

static void say_sip(GString *out, bool counts)
{
    GList *keys = g_list_sort(g_hash_table_get_keys(seen.ports), by_messages);
    unsigned named = 0, left = g_hash_table_size(seen.ports);

    if (!keys)
        g_string_append(out, " No SIP was seen");
    for (GList *key = keys; key && named < MAX_NAMED; key = key->next, named++, left--) {
        uint32_t place = GPOINTER_TO_UINT(key->data);
        const struct port *port = (const struct port *)g_hash_table_lookup(seen.ports, key->data);

        g_string_append_printf(out, "%s %s %u", named == 0 ? " SIP was seen on" : ",",
                               place >> 16 == PT_TCP ? "TCP" : place >> 16 == PT_UDP ? "UDP" : "port", place & 0xFFFF);
        if (!counts)
            g_string_append(out, port->ours > 0 ? " (GB/T 28181)" : " (no GB/T 28181)");
        else if (port->ours > 0)
            g_string_append_printf(out, " (%u message%s of GB/T 28181)", port->ours, plurality(port->ours, "", "s"));
        else
            g_string_append_printf(out, " (%u message%s, none of GB/T 28181)", port->messages, plurality(port->messages, "", "s"));
    }
    if (keys && left > 0 && !counts)
        g_string_append(out, " and on other ports");
    else if (keys && left > 0)
        g_string_append_printf(out, " and on %u more port%s", left, plurality(left, "", "s"));
    g_list_free(keys);
}

static int by_packets(gconstpointer a, gconstpointer b)
{
    const struct hosts *x = (const struct hosts *)a, *y = (const struct hosts *)b;

    if (x->packets != y->packets)
        return x->packets < y->packets ? 1 : -1;
    return strcmp(x->a, y->a) ? strcmp(x->a, y->a) : strcmp(x->b, y->b);
}

/* What no SDP announces may have been recognised as RTP all the same: it is counted once. */
static void add_stray(const address *a, const address *b, uint32_t packets)
{
    struct hosts *hosts = hosts_of(a, b);

    hosts->packets = MAX(hosts->packets, packets);
}

static void say_rtp(GString *out, bool counts)
{
    bool stray = hik_stray_rtp(NULL, NULL) > 0;
    unsigned named = 0, left;
    GList *all;

    hik_stray_rtp_each(add_stray);
    all = g_list_sort(g_hash_table_get_values(seen.hosts), by_packets);
    left = g_hash_table_size(seen.hosts);
    for (GList *at = all; at && named < MAX_NAMED; at = at->next, named++, left--) {
        const struct hosts *hosts = (const struct hosts *)at->data;

        g_string_append_printf(out, "%s %s and %s", named == 0 ? "; RTP runs between" : ",", hosts->a, hosts->b);
        if (counts)
            g_string_append_printf(out, " (%u packet%s)", hosts->packets, plurality(hosts->packets, "", "s"));
    }
    if (left > 0 && !counts)
        g_string_append(out, " and other hosts");
    else if (left > 0)
        g_string_append_printf(out, " and %u more pair%s of hosts", left, plurality(left, "", "s"));
    if (stray)
        g_string_append(out, ", and without the SIP of its call nobody can tell whose it is");
    if (!all)
        g_string_append(out, "; no RTP");
    g_list_free(all);
}

/* SIP was seen on one of those ports, and any of ours anywhere. */
static bool has_sip(uint32_t transport, range_t *range, bool *ours)
{
    GHashTableIter at;
    void *key, *value;
    bool found = false;

    g_hash_table_iter_init(&at, seen.ports);
    while (g_hash_table_iter_next(&at, &key, &value)) {
        uint32_t place = GPOINTER_TO_UINT(key);

        *ours = *ours || ((const struct port *)value)->ours > 0;
        found = found || (place >> 16 == transport && range && value_is_in_range(range, place & 0xFFFF));
    }
    return found;
}

/* Our own ports as the preference has them, and what came there that is no SIP. */
static void say_ports(GString *out)
{
    static const struct {
        const char *table, *name;
        uint32_t transport;
        const bool *other;
    } of[] = {{"udp.port", "UDP", PT_UDP, &other_udp}, {"tcp.port", "TCP", PT_TCP, &other_tcp}};
    char *nothing[array_length(of)] = {NULL};
    bool ours = false;

    for (size_t i = 0; i < array_length(of); i++) {
        range_t *range = prefs_get_range_value("hikcascade", of[i].table);
        char *text = range && range->nranges > 0 ? range_convert_range(NULL, range) : NULL;

        if (!text || has_sip(of[i].transport, range, &ours))
            wmem_free(NULL, text);
        else if (*of[i].other) {
            g_string_append_printf(out, "; %s %s carries something else", of[i].name, text);
            wmem_free(NULL, text);
        } else
            nothing[i] = text;
    }
    if (!ours && nothing[0] && nothing[1] && strcmp(nothing[0], nothing[1]) == 0)
        g_string_append_printf(out, "; no data on UDP or TCP %s", nothing[0]);
    else
        for (size_t i = 0; i < array_length(of); i++)
            if (!ours && nothing[i])
                g_string_append_printf(out, "; no data on %s %s", of[i].name, nothing[i]);
    for (size_t i = 0; i < array_length(of); i++)
        wmem_free(NULL, nothing[i]);
}

char *hik_seen_remark(enum hik_seen_table table, const char *filter, bool counts)
{
    static const char *const lacks[] = {
        [HIK_SEEN_SESSIONS] = "No call of GB/T 28181 in this capture.",
        [HIK_SEEN_SERIES] = "No call of GB/T 28181 in this capture.",
        [HIK_SEEN_PLATFORMS] = "No two platforms of GB/T 28181 in this capture.",
        [HIK_SEEN_CATALOG] = "No devices of a Catalog in this capture.",
        [HIK_SEEN_MESSAGES] = "No SIP of GB/T 28181 in this capture.",
    };
    unsigned calls = hik_session_count();
    /* A window does not tell its filter. Without one, these have a row. */
    bool has_rows = (table == HIK_SEEN_SESSIONS && calls > 0) || (table == HIK_SEEN_PLATFORMS && (calls > 0 || seen.platforms));
    GString *out = g_string_new(NULL);

    if (filter || has_rows)
        g_string_append(out, "Nothing passes the filter. ");
    if (has_rows && calls == 0)
        g_string_truncate(out, out->len - 1);
    else if (calls > 0 && (filter || has_rows || table == HIK_SEEN_SERIES || table == HIK_SEEN_CATALOG))
        g_string_append_printf(out, "%s%u call%s in this capture%s.", table == HIK_SEEN_CATALOG && !filter ? "No Catalog, but " : "",
                               calls, plurality(calls, "", "s"), table == HIK_SEEN_SERIES && !filter ? ", but no RTP that belongs to one" : "");
    else
        g_string_append(out, lacks[table]);
    if (calls == 0 && !has_rows && seen.listens) {
        say_sip(out, counts);
        say_rtp(out, counts);
        say_ports(out);
        g_string_append_c(out, '.');
    }
    return g_string_free(out, FALSE);
}

void hik_seen_register(void)
{
    register_cleanup_routine(reset_capture);
}
