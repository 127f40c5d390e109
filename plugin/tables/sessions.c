/* sessions.c
 * The session table: `tshark -q -z hikcascade,sessions` and Telephony > Hikvision cascade sessions. One row per INVITE
 * session with a packet that passes the filter; packets, losses and duration are those of what passes, the verdict is
 * that of the whole capture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts.h"

#include <string.h>

#include "catalog.h"
#include "table.h"
#include "payload-check.h"
#include "tap.h"
#include "parts.h"

/* The answer first, the numbers behind it. */
enum {
    COL_SESSION,
    COL_VERDICT,
    COL_CAMERA,
    COL_NAME,
    COL_SENTENCE,
    COL_STATE,
    COL_PACKETS,
    COL_LOST,
    COL_JITTER,
    COL_KEY_FRAMES,
    COL_DURATION,
    COL_CODEC,
    COL_PICTURE,
    COL_RATE,
    COL_ANNOUNCED,
    COL_SEEN,
    COL_UPPER,
    COL_LOWER
};

static const struct hik_column columns[] = {
    [COL_SESSION] = {"Session", "session", HIK_COLUMN_NUMBER},
    [COL_VERDICT] = {"Verdict", "verdict", HIK_COLUMN_TEXT},
    [COL_CAMERA] = {"Camera", "camera", HIK_COLUMN_TEXT},
    [COL_NAME] = {"Name", "camera_name", HIK_COLUMN_TEXT},
    [COL_SENTENCE] = {"What was found", "sentence", HIK_COLUMN_TEXT},
    [COL_STATE] = {"State", "state", HIK_COLUMN_TEXT},
    [COL_PACKETS] = {"RTP", "rtp_packets", HIK_COLUMN_NUMBER},
    [COL_LOST] = {"Lost", "lost", HIK_COLUMN_NUMBER},
    [COL_JITTER] = {"Jitter", "jitter", HIK_COLUMN_DECIMAL},
    [COL_KEY_FRAMES] = {"Key frames", "key_frames", HIK_COLUMN_NUMBER},
    [COL_DURATION] = {"Seconds", "duration", HIK_COLUMN_DECIMAL},
    [COL_CODEC] = {"Codec", "codec", HIK_COLUMN_TEXT},
    [COL_PICTURE] = {"Picture", "picture", HIK_COLUMN_TEXT},
    [COL_RATE] = {"Frame rate", "frame_rate", HIK_COLUMN_NUMBER_TEXT},
    [COL_ANNOUNCED] = {"SSRC announced", "ssrc_announced", HIK_COLUMN_TEXT},
    [COL_SEEN] = {"SSRC seen", "ssrc_seen", HIK_COLUMN_TEXT},
    [COL_UPPER] = {"Upper media address", "upper_media", HIK_COLUMN_TEXT},
    [COL_LOWER] = {"Lower media address", "lower_media", HIK_COLUMN_TEXT},
};

/* What passed the filter. */
struct counters {
    uint32_t packets, all;  /* of RTP: passed, and in the whole session when the row was filled last */
    uint32_t missing, late; /* sequence numbers missing in front of packets, and packets that came later than that */
    uint32_t key_frames;
    nstime_t first, last;
};

static void fill_passed(struct hik_table_row *row, const struct counters *passed)
{
    row->fields[COL_LOST].value.uint_value = passed->missing > passed->late ? passed->missing - passed->late : 0;
    row->fields[COL_KEY_FRAMES].value.uint_value = passed->key_frames;
}

/* "established, paused", "established, ×4": how a playback stands at the end of what was seen of it. */
static void print_state(const struct hik_session *session, enum hik_state state, char *out, size_t size)
{
    char scale[G_ASCII_DTOSTR_BUF_SIZE];

    if (state != HIK_STATE_ESTABLISHED || (!session->paused && session->scale == 1.0))
        snprintf(out, size, "%s", hik_verdict_state_name(state));
    else if (session->paused)
        snprintf(out, size, "%s, paused", hik_verdict_state_name(state));
    else
        snprintf(out, size, "%s, \xC3\x97%s", hik_verdict_state_name(state),
                 g_ascii_formatd(scale, sizeof scale, "%.6g", session->scale));
}

/* "1920x1080" and "29.97"; empty where they are not known. */
static void fill_picture(struct hik_table_row *row, const struct hik_facts *facts)
{
    char size[16] = "", rate[G_ASCII_DTOSTR_BUF_SIZE] = "";

    if (facts->width && facts->height)
        snprintf(size, sizeof size, "%ux%u", facts->width, facts->height);
    if (facts->frame_rate > 0)
        g_ascii_formatd(rate, sizeof rate, "%.4g", facts->frame_rate);
    hik_table_set_text(row, COL_PICTURE, size);
    hik_table_set_text(row, COL_RATE, rate);
}

/* "NO_MEDIA 200 OK and ACK, ..." as code and sentence. */
static void fill_verdict(struct hik_table_row *row, const char *verdict)
{
    size_t len = strcspn(verdict, " ;");
    char *code = g_strndup(verdict, len);

    hik_table_set_text(row, COL_VERDICT, code);
    hik_table_set_text(row, COL_SENTENCE, verdict + len + strspn(verdict + len, " ;"));
    g_free(code);
}

static void fill(struct hik_table_row *row)
{
    struct hik_session *session = (struct hik_session *)row->subject;
    struct counters *passed = (struct counters *)row->counters;
    struct hik_case facts;
    struct hik_verdict verdict;
    const struct hik_flow *flow;
    char text[2048], codec[40], seen[16] = "", state[64];
    const char *name;

    passed->all = hik_media_sum(session).packets;
    hik_facts_judge(session, &facts, &verdict);
    flow = facts.main_flow;
    hik_verdict_print(&verdict, text, sizeof text);
    name = facts.facts.codec;
    if (!name && flow)
        name = hik_media_declared(session, flow->payload_type, NULL);
    hik_verdict_clean(codec, 24, name ? name : facts.sdp_codec);
    if (facts.facts.encrypted)
        g_strlcat(codec, " encrypted", sizeof codec);
    if (flow)
        snprintf(seen, sizeof seen, "%010u", flow->ssrc);
    hik_table_set_text(row, COL_CAMERA, session->camera);
    hik_table_set_text(row, COL_NAME, session->camera ? hik_catalog_name(session->camera, UINT32_MAX) : NULL);
    hik_table_set_text(row, COL_UPPER, facts.upper->s);
    hik_table_set_text(row, COL_LOWER, facts.lower->s);
    hik_table_set_text(row, COL_ANNOUNCED, facts.facts.ssrc_text);
    hik_table_set_text(row, COL_SEEN, seen);
    hik_table_set_text(row, COL_CODEC, codec);
    row->fields[COL_JITTER].value.float_value = flow ? hik_sequence_jitter(&flow->sequence, flow->clock) : 0;
    fill_picture(row, &facts.facts);
    print_state(session, verdict.state, state, sizeof state);
    hik_table_set_text(row, COL_STATE, state);
    fill_verdict(row, text);
    fill_passed(row, passed);
    if (passed->packets == passed->all) {
        /* everything passed: what the flows know is more exact, it knows of packets before the first, for one */
        uint32_t lost = 0, key_frames = 0;

        for (flow = session->flows; flow; flow = flow->next_in_session) {
            lost += hik_sequence_lost(&flow->sequence);
            key_frames += flow->content->key_frames;
        }
        row->fields[COL_LOST].value.uint_value = lost;
        row->fields[COL_KEY_FRAMES].value.uint_value = key_frames;
    }
}

static tap_packet_status packet(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                tap_flags_t flags _U_)
{
    const stat_data_t *stat = (const stat_data_t *)tapdata;
    const struct hik_tap *tap = (const struct hik_tap *)data;
    struct hik_table_row *row;
    struct counters *passed;
    nstime_t duration;
    bool made;

    if (!tap->session)
        return TAP_PACKET_DONT_REDRAW;
    row = hik_table_row(stat->stat_tap_data, tap->session->index, tap->session, sizeof *passed, fill, &made);
    passed = (struct counters *)row->counters;
    if (made)
        passed->first = passed->last = pinfo->abs_ts;
    if (nstime_cmp(&pinfo->abs_ts, &passed->last) > 0 && !(tap->message && tap->message->tcp_again))
        passed->last = pinfo->abs_ts;
    if (tap->kind == HIK_TAP_RTP) {
        passed->packets++;
        passed->missing += tap->gap;
        passed->late += tap->reordered;
        passed->key_frames += tap->key_frame;
        row->fields[COL_PACKETS].value.uint_value = passed->packets;
    }
    nstime_delta(&duration, &passed->last, &passed->first);
    row->fields[COL_DURATION].value.float_value = nstime_to_sec(&duration);
    /* Later passes know the whole capture already, and the GUI does not wait for the drawing. */
    if (!tap->later_pass)
        return TAP_PACKET_REDRAW;
    if (made || (tap->kind == HIK_TAP_RTP && passed->packets == passed->all))
        fill(row);
    else if (tap->kind == HIK_TAP_RTP)
        fill_passed(row, passed);
    return TAP_PACKET_REDRAW;
}

static void init(stat_tap_table_ui *ui)
{
    hik_table_init(ui, "Hikvision cascade sessions");
}

void hik_tap_sessions_register(void)
{
    static struct hik_table_definition table = {
        .ui = {.title = "Hikvision cascade sessions",
               .tap_name = HIK_TAP_NAME,
               .cli_string = "hikcascade,sessions",
               .stat_tap_init_cb = init,
               .packet_func = packet},
        .columns = columns,
        .sentence = COL_SENTENCE,
        .empty = HIK_SEEN_SESSIONS,
        .tells_of_cut = true,
    };

    hik_table_register_ui(&table, array_length(columns));
}
