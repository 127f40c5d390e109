/* cut.c
 * Packets that the capture cut; see cut.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cut.h"

#include <epan/tap.h>

#include "key.h"

static bool any; /* emptied with the capture; first pass */
static wmem_map_t *unplaced; /* hik_ends_key: the lower address, the higher one; ports 0 -> struct hik_cut_unplaced */
static expert_field ei_cut = EI_INIT;

bool hik_cut_is(const packet_info *pinfo, tvbuff_t *tvb)
{
    return hik_cut_is_of(pinfo, tvb_captured_length(tvb), tvb_reported_length(tvb));
}

struct hik_cut hik_cut_of(const packet_info *pinfo, tvbuff_t *tvb)
{
    struct hik_cut cut = {0, 0};

    if (!hik_cut_is(pinfo, tvb))
        return cut;
    /* Of a datagram in fragments the frame is only a part. */
    if (pinfo->fd->cap_len < pinfo->fd->pkt_len && !pinfo->fragmented)
        return (struct hik_cut){pinfo->fd->cap_len, pinfo->fd->pkt_len};
    return (struct hik_cut){tvb_captured_length(tvb), tvb_reported_length(tvb)};
}

void hik_cut_show(packet_info *pinfo, proto_item *item, struct hik_cut cut, const char *behind)
{
    if (cut.kept < cut.sent)
        expert_add_info_format(pinfo, item, &ei_cut, "%u of %u bytes are in the capture (snap length)%s", cut.kept, cut.sent, behind);
    else
        expert_add_info_format(pinfo, item, &ei_cut, "The capture holds only the first fragment%s", behind);
}

static struct hik_ends_key pair_key(const address *a, const address *b)
{
    bool swap = cmp_address(a, b) > 0;
    struct hik_ends_key key = {{swap ? b : a, swap ? a : b}, {0, 0}, 0};

    return key;
}

void hik_cut_unplaced_add(packet_info *pinfo, tvbuff_t *tvb)
{
    struct hik_ends_key key = pair_key(&pinfo->src, &pinfo->dst);
    struct hik_cut_unplaced *kept = (struct hik_cut_unplaced *)wmem_map_lookup(unplaced, &key);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!kept) {
        kept = wmem_new0(wmem_file_scope(), struct hik_cut_unplaced);
        kept->frame = pinfo->num;
        kept->cut = hik_cut_of(pinfo, tvb);
        hik_ends_key_insert(unplaced, &key, kept);
    }
    kept->messages++;
}

static void reset(void)
{
    any = false;
}

void hik_cut_add(packet_info *pinfo)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    any = true;
}

bool hik_cut_any(void)
{
    return any;
}

const struct hik_cut_unplaced *hik_cut_unplaced(const address *a, const address *b)
{
    struct hik_ends_key key = pair_key(a, b);

    return (const struct hik_cut_unplaced *)wmem_map_lookup(unplaced, &key);
}

void hik_cut_count(packet_info *pinfo, tvbuff_t *tvb, uint32_t nth, struct hik_cut_first *first)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (first->packets++ > 0)
        return;
    first->frame = pinfo->num;
    first->nth = nth;
    first->cut = hik_cut_of(pinfo, tvb);
}

/* ---- the whole capture ------------------------------------------------------------------------------------------- */

static tap_packet_status count(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data _U_, tap_flags_t flags _U_)
{
    struct hik_cut_frames *counters = (struct hik_cut_frames *)tapdata;
    uint32_t kept = pinfo->fd->cap_len;

    counters->frames++;
    if (kept >= pinfo->fd->pkt_len)
        return TAP_PACKET_DONT_REDRAW;
    if (counters->cut++ == 0)
        counters->least = counters->most = kept;
    counters->least = MIN(counters->least, kept);
    counters->most = MAX(counters->most, kept);
    return TAP_PACKET_DONT_REDRAW;
}

struct hik_cut_frames *hik_cut_frames_count(void)
{
    struct hik_cut_frames *counters = g_new0(struct hik_cut_frames, 1);
    GString *error = register_tap_listener("frame", counters, NULL, 0, NULL, count, NULL, g_free);

    if (!error)
        return counters;
    g_string_free(error, TRUE); /* without a filter there is nothing to be wrong */
    g_free(counters);
    return NULL;
}

char *hik_cut_frames_print(const struct hik_cut_frames *counters)
{
    if (counters->cut == 0)
        return NULL;
    return g_strdup_printf("%u of %u packets are cut to %s%u bytes (snap length): nothing is judged from what is not in the capture. "
                           "Record whole packets (tcpdump and tshark: -s 0)", counters->cut, counters->frames,
                           counters->least < counters->most ? "at most " : "", counters->most);
}

void hik_cut_register(int proto)
{
    static ei_register_info experts[] = {
        {&ei_cut, {"hikcascade.cut", PI_UNDECODED, PI_NOTE, "The capture holds less of this packet than was sent", EXPFILL}},
    };

    register_cleanup_routine(reset);
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
    unplaced = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
}
