/* mp2p-columns.c
 * What a packet of an MPEG program stream says in the Info column: access units, losses, what it is instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mp2p.h"

#include "rtp-flow.h"

#include <string.h>

/* Text for the Info column, put together by hand: it is made for every picture, and printf is most of what that costs. */
struct text {
    char bytes[160];
    size_t len;
};

static void add_text(struct text *text, const char *more)
{
    size_t n = strlen(more);

    if (n < sizeof text->bytes - text->len) {
        memcpy(text->bytes + text->len, more, n);
        text->len += n;
    }
}

static void add_number(struct text *text, uint32_t number)
{
    char digits[11];
    char *p = digits + sizeof digits - 1;

    *p = 0;
    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    add_text(text, p);
}

bool hik_mp2p_is_told(packet_info *pinfo)
{
    const struct hik_rtp *rtp = hik_media_rtp(pinfo);

    return rtp && rtp->flow->session;
}

unsigned hik_mp2p_lost(packet_info *pinfo, const struct hik_payload_record *record)
{
    const struct hik_rtp *rtp = hik_media_rtp(pinfo);

    return record->flags & MP2P_GAP && !(hik_mp2p_is_told(pinfo) && rtp->gap == 0) ? record->lost : 0;
}

void hik_mp2p_columns(packet_info *pinfo, const struct mp2p_view *view)
{
    const struct hik_payload_record *record = view->record;
    struct text text = {.len = 0};
    unsigned keys = 0;

    if (hik_mp2p_lost(pinfo, record)) {
        add_text(&text, ", PS ");
        add_number(&text, hik_mp2p_lost(pinfo, record));
        add_text(&text, " lost");
    }
    if (record->flags & MP2P_NOT_PS) {
        add_text(&text, ", not PS: ");
        add_text(&text, hik_content_kind_name((enum hik_content_kind)record->detail));
    }
    for (unsigned i = 0; i < view->unit_count; i++)
        keys += view->units[i].key;
    if (view->unit_count > 2) {
        add_text(&text, ", PS ");
        add_number(&text, view->unit_count);
        add_text(&text, " frames (");
        add_number(&text, keys);
        add_text(&text, " key)");
    }
    for (unsigned i = 0; i < view->unit_count && view->unit_count <= 2; i++) {
        const struct mp2p_unit *unit = &view->units[i];
        const struct mp2p_picture *picture = &view->pictures[unit->picture];
        const char *codec = hik_es_codec_name((enum hik_es_codec)unit->codec);

        add_text(&text, ", PS ");
        if (codec) {
            add_text(&text, codec);
            add_text(&text, " ");
        }
        add_text(&text, unit->key ? "key frame" : "frame");
        if (unit->key && picture->width) {
            add_text(&text, " ");
            add_number(&text, picture->width);
            add_text(&text, "\xc3\x97");
            add_number(&text, picture->height);
        }
        add_text(&text, ", ");
        add_number(&text, unit->packets);
        add_text(&text, unit->packets == 1 ? " packet" : " packets");
    }
    if (record->flags & MP2P_KEY_BEGINS && !(view->unit_count && view->units[view->unit_count - 1].key))
        add_text(&text, ", PS key frame begins");
    if (text.len) {
        text.bytes[text.len] = 0;
        col_append_str(pinfo->cinfo, COL_INFO, text.bytes);
    }
}
