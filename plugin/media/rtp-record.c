/* rtp-record.c
 * The records of RTP and RTCP packets: one store, in order of frame, found by frame and place in it. Not under the frames with
 * p_add_proto_data(), which takes more memory than a record to keep a pointer to it (docs/performance.md).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtp-record.h"

#include <string.h>

#include "rtp-flow.h"

/* So many records back, a repeated packet is looked for. */
#define ORIGINAL_SEARCH 4096u
#define RECORDS_PER_BLOCK 4096u

/* About the capture; emptied with it. First pass, but for `found`. */
static struct {
    struct hik_rtp_record **blocks; /* file scope, as the blocks */
    struct hik_rtp_record *next, *end; /* of the last block: the place of the next record, and where it is full */
    uint32_t block_count, block_room;
    uint32_t records;
    uint32_t last_frame;    /* of the last record */
    int64_t last_at;        /* where that frame is in the file */
    uint32_t frame_records; /* records in front of that frame's first */
    uint32_t found;         /* number of the record that was looked for last, on later passes */
} store;

static int proto_hik = -1;

static void reset(void)
{
    memset(&store, 0, sizeof store);
}

void hik_rtp_record_register(int proto)
{
    proto_hik = proto;
    register_cleanup_routine(reset);
}

struct hik_rtp_record *hik_rtp_record_get(uint32_t number)
{
    return &store.blocks[number / RECORDS_PER_BLOCK][number % RECORDS_PER_BLOCK];
}

/* tshark -2 -R gives a frame that the read filter refuses a number, and the same to the next frame. */
static void forget_refused(const packet_info *pinfo)
{
    for (uint32_t i = store.records; i > store.frame_records && hik_rtp_record_get(i - 1)->frame == pinfo->num; i--)
        hik_rtp_record_get(i - 1)->flags |= HIK_RTP_REFUSED;
}

static void add_block(void)
{
    if (store.block_count == store.block_room) {
        store.block_room = store.block_room ? 2 * store.block_room : 16;
        store.blocks = (struct hik_rtp_record **)wmem_realloc(wmem_file_scope(), store.blocks, store.block_room * sizeof *store.blocks);
    }
    store.next = wmem_alloc_array(wmem_file_scope(), struct hik_rtp_record, RECORDS_PER_BLOCK);
    store.end = store.next + RECORDS_PER_BLOCK;
    store.blocks[store.block_count++] = store.next;
}

struct hik_rtp_record *hik_rtp_record_add(packet_info *pinfo, uint32_t id, uint16_t flags, struct hik_rtp_place *place)
{
    struct hik_rtp_record *record;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (store.last_at != pinfo->fd->file_off) {
        if (store.last_frame == pinfo->num)
            forget_refused(pinfo);
        store.last_at = pinfo->fd->file_off;
        store.frame_records = store.records;
        store.last_frame = pinfo->num;
    }
    if (store.next == store.end)
        add_block();
    place->number = store.records++;
    place->nth = place->number - store.frame_records;
    record = store.next++;
    memset(record, 0, sizeof *record);
    record->frame = pinfo->num;
    record->id = id;
    record->flags = flags;
    return record;
}

/* How many RTP and RTCP packets of this frame came before: over TCP a frame holds many. */
static unsigned next_in_frame(packet_info *pinfo)
{
    unsigned nth = GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_NTH));

    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_NTH, GUINT_TO_POINTER(nth + 1));
    return nth;
}

bool hik_rtp_record_was_asked_for(packet_info *pinfo)
{
    return p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_NTH) != NULL;
}

/* Number of the first record of this frame or a later one. Records are in order of frame, refused ones in front: binary
 * search. */
static uint32_t first_record(uint32_t frame)
{
    uint32_t low = 0, high = store.records;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct hik_rtp_record *record = hik_rtp_record_get(middle);

        if (record->frame < frame || (record->frame == frame && (record->flags & HIK_RTP_REFUSED)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct hik_rtp_record *hik_rtp_record_next(packet_info *pinfo, struct hik_rtp_place *place)
{
    uint32_t first = store.found + 1;
    struct hik_rtp_record *record;

    place->nth = next_in_frame(pinfo);
    /* Most passes go through the frames in order: then it is the one behind the last. */
    if (place->nth > 0 || first >= store.records || hik_rtp_record_get(first)->frame != pinfo->num ||
        (hik_rtp_record_get(first)->flags & HIK_RTP_REFUSED) || hik_rtp_record_get(first - 1)->frame == pinfo->num)
        first = first_record(pinfo->num);
    store.found = first;
    place->number = first + place->nth;
    if (place->number >= store.records)
        return NULL;
    record = hik_rtp_record_get(place->number);
    return record->frame == pinfo->num ? record : NULL;
}

const struct hik_rtp_record *hik_rtp_record_original(uint32_t number)
{
    const struct hik_rtp_record *mine = hik_rtp_record_get(number);

    for (uint32_t i = number; i-- > number - MIN(number, ORIGINAL_SEARCH);) {
        const struct hik_rtp_record *other = hik_rtp_record_get(i);

        if (other->id == mine->id && other->extended_seq == mine->extended_seq && !(other->flags & HIK_RTP_RTCP))
            return other;
    }
    return NULL;
}

bool hik_rtp_record_is_last_in_frame(uint32_t number)
{
    const struct hik_rtp_record *mine = hik_rtp_record_get(number);

    for (uint32_t i = number + 1; i < store.records && hik_rtp_record_get(i)->frame == mine->frame; i++)
        if (hik_rtp_record_get(i)->id == mine->id && !(hik_rtp_record_get(i)->flags & HIK_RTP_RTCP))
            return false;
    return true;
}
