/* packet-hikcascade.c
 * The front door of the plugin: Hikvision cascades speak SIP (RFC 3261) in the dialect of GB/T 28181 on port 7100.
 *
 * Takes what arrives on UDP and TCP 7100, and what looks like GB/T 28181 SIP elsewhere, also on the ports that stock sip
 * owns; gives it to the stock sip dissector, unchanged and first; then to our parts. Foreign SIP is left to stock. No
 * parsing happens here.
 *
 * Longer than 700 lines because every way in stands here: our ports, heuristics and stock's ports, over UDP and TCP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include "copies.h"
#include "current-message.h"
#include "cut.h"
#include "export-media.h"
#include "kept.h"
#include "message-findings.h"
#include "gb-id.h"
#include "tap.h"
#include "rtp-flow.h"
#include "parts.h"
#include "seen.h"
#include "session-tree.h"
#include "session.h"
#include "sip-tree.h"
#include "stock.h"
#include "sip-ports.h"
#include "stray-rtp.h"
#include "waiting.h"

#define HIK_PORTS "7100"
/* So many bytes of a start line make a stranger's segment on our TCP port worth waiting for the next. */
#define FOREIGN_START 4
/* Longest headers and body waited for: nobody sends more, and waiting hides what follows. */
#define MAX_HEADERS 0x40000
#define MAX_BODY 0x1000000

static int proto_hikcascade = -1;
static int proto_sip_ports = -1; /* sip's, in name only */
static int hf_hik_keep_alive = -1;
static int ett_hik_keep_alive = -1;
/* TCP conversations (their addresses) that carried a message of ours. Not kept as the conversation's data of our
 * protocol: that place is rtp-over-tcp.c's, and a connection may carry both. */
static wmem_map_t *sip_connections;

static dissector_handle_t sip_handle, sip_tcp_handle; /* stock */
static dissector_handle_t hik_udp_handle, hik_tcp_handle;
static dissector_handle_t hik_udp_again_handle; /* for what comes after a message on our port */
static dissector_handle_t hik_tcp_beside_handle; /* for segments on stock's ports that hold a message of ours */
static ws_bool on_sip_ports = true;              /* preference */

enum { KEY_COUNTER = 18, KEY_KEEP_ALIVE = 19, KEY_WAITED = 20, KEY_REST = 21,
       KEY_NOT_WAITED = 22 }; /* records under proto_hikcascade; rtp-flow.c has the low ones */

/* A message that the first pass took in: found again by its frame and bytes, for a frame may hold messages that are not ours,
 * too. */
struct taken {
    uint32_t frame;
    uint32_t length, hash; /* of the bytes; no message has a length of UINT32_MAX */
    struct hik_message *message;
};
/* About the capture; emptied with it. First pass writes. Not kept under the frames: there each takes a list of its own. */
static struct {
    struct hik_history messages; /* struct taken */
    int64_t last_at;             /* where the frame of the last one is in the file */
} capture;

static void reset_capture(void)
{
    memset(&capture, 0, sizeof capture);
}

/* ---- is it ours? ------------------------------------------------------------------------------------------------ */

/* The ID in a header's value or a URI; HIK_ID_NONE if there is none. */
static struct hik_gb_id id_of(const uint8_t *buf, struct hik_view value)
{
    struct hik_sip_addr addr;
    struct hik_gb_id id = {.kind = HIK_ID_NONE};

    if (value.len > 0 && hik_sip_parse_addr(buf, value, &addr))
        hik_gb_id_parse(buf + addr.user.off, addr.user.len, &id);
    return id;
}

/* Any number may have 20 digits: one of a device has a type that is known. */
static bool has_known_id(const uint8_t *buf, struct hik_view value)
{
    struct hik_gb_id id = id_of(buf, value);

    return id.kind == HIK_ID_20 && hik_gb_id_type_exists(id.type);
}

/* Content-Type without its parameters. */
static bool content_type_is(const uint8_t *buf, const struct hik_sip *sip, const char *type)
{
    struct hik_view value = sip->first[HIK_HDR_CONTENT_TYPE].value;

    for (uint32_t i = 0; i < value.len; i++)
        if (buf[value.off + i] == ';') {
            value.len = i;
            break;
        }
    return hik_view_is(buf, hik_view_trim(buf, value), type);
}

/* The body as SDP, packet scope; NULL if it is none. */
static const struct hik_sdp *parse_sdp(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    struct hik_sdp *sdp;

    if (sip->body.len == 0 || buf[sip->body.off] == '<') /* XML: the other kind of body, and the larger one */
        return NULL;
    sdp = wmem_new(pinfo->pool, struct hik_sdp);
    return hik_sdp_parse(buf, sip->body, sdp) ? sdp : NULL;
}

/* Subject: <sender ID>:<sequence>,<receiver ID>:<sequence>. */
static bool has_subject_of_ids(const uint8_t *buf, const struct hik_sip *sip)
{
    const struct hik_view value = sip->first[HIK_HDR_SUBJECT].value;
    struct hik_subject subject;
    struct hik_gb_id sender, receiver;

    if (value.len == 0 || !hik_sip_parse_subject(buf, value, &subject) || subject.sender_seq.len == 0)
        return false;
    hik_gb_id_parse(buf + subject.sender_id.off, subject.sender_id.len, &sender);
    hik_gb_id_parse(buf + subject.receiver_id.off, subject.receiver_id.len, &receiver);
    return sender.kind == HIK_ID_20 && receiver.kind == HIK_ID_20;
}

/* Marks nothing else carries: a 20-digit ID as a caller or callee, a Subject of two, a MANSCDP or MANSRTSP body, an SDP
 * with y=. */
static bool has_strong_marks(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    const struct hik_sdp *sdp;

    if (has_known_id(buf, sip->first[HIK_HDR_FROM].value) || has_known_id(buf, sip->first[HIK_HDR_TO].value))
        return true;
    if (sip->first[HIK_HDR_X_GB_VER].value.len > 0 || has_subject_of_ids(buf, sip))
        return true;
    if (content_type_is(buf, sip, "application/manscdp+xml") || content_type_is(buf, sip, "application/mansrtsp"))
        return true;
    if (sip->body.len == 0 || !content_type_is(buf, sip, "application/sdp"))
        return false;
    sdp = parse_sdp(pinfo, buf, sip);
    return sdp && sdp->gb;
}

/* Marks that do on the protocol's own port: IDs of other lengths, the vendor's name, a call we know. */
static bool has_marks(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    const struct hik_view values[] = {
        sip->first[HIK_HDR_FROM].value,
        sip->first[HIK_HDR_TO].value,
        sip->first[HIK_HDR_CONTACT].value,
        sip->is_request ? sip->uri : (struct hik_view){0, 0},
    };
    const struct hik_view agent = sip->first[HIK_HDR_USER_AGENT].value;

    if (has_strong_marks(pinfo, buf, sip))
        return true;
    if (sip->cut && (sip->first[HIK_HDR_FROM].name.len == 0 || sip->first[HIK_HDR_TO].name.len == 0))
        return true; /* what would tell is not there, and the port is ours */
    for (size_t i = 0; i < array_length(values); i++) {
        enum hik_id_kind kind = id_of(buf, values[i]).kind;
        if (kind == HIK_ID_20 || kind == HIK_ID_18 || kind == HIK_ID_16)
            return true;
    }
    if (agent.len >= 3 && g_ascii_strncasecmp((const char *)buf + agent.off, "NCG", 3) == 0)
        return true;
    if (agent.len >= 9 && g_ascii_strncasecmp((const char *)buf + agent.off, "Hikvision", 9) == 0)
        return true;
    return hik_session_knows(pinfo, buf, sip, false);
}

/* Marks that do on a port of stock's, where most is foreign: such that nothing else carries, a call or request we know. */
static bool has_marks_beside(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    return has_strong_marks(pinfo, buf, sip) || hik_session_knows(pinfo, buf, sip, true);
}

/* ---- records of the frame's messages ---------------------------------------------------------------------------- */

/* Tells the messages of one frame apart. Every message is hashed, so it takes eight bytes at a time. */
static uint32_t hash_bytes(const uint8_t *buf, unsigned length)
{
    uint64_t hash = length, word;

    for (; length >= sizeof word; buf += sizeof word, length -= sizeof word) {
        memcpy(&word, buf, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    for (; length > 0; buf++, length--)
        hash = (hash ^ *buf) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(hash >> 32);
}

/* A message of this frame. tshark -2 -R gives a frame that the read filter refuses a number, and the same to the next frame: what
 * was in it is not found again. */
static void keep_taken(packet_info *pinfo, struct taken taken)
{
    struct taken *last = (struct taken *)hik_history_at(&capture.messages, pinfo->num, sizeof *last);

    if (capture.last_at != pinfo->fd->file_off)
        for (uint32_t i = capture.messages.count; i > 0 && last->frame == pinfo->num; i--, last--)
            last->length = UINT32_MAX;
    capture.last_at = pinfo->fd->file_off;
    taken.frame = pinfo->num;
    hik_history_add(&capture.messages, &taken, sizeof taken);
}

/* The first pass took in one of the frame's messages, or more. *first: its number. */
static bool holds_taken(packet_info *pinfo, uint32_t *first)
{
    const struct taken *before = (const struct taken *)hik_history_at(&capture.messages, pinfo->num - 1, sizeof *before);

    *first = before ? (uint32_t)(before - (const struct taken *)capture.messages.elements) + 1 : 0;
    return *first < capture.messages.count &&
           ((const struct taken *)hik_history_element(&capture.messages, *first, sizeof *before))->frame == pinfo->num;
}

/* The record of this message, *nth its number among the frame's; NULL if the first pass made none: then it is not ours.
 * The same bytes twice in a frame have two records, in order. */
static const struct taken *find_taken(packet_info *pinfo, const uint8_t *buf, unsigned length, unsigned *nth)
{
    uint32_t first, hash;

    if (!holds_taken(pinfo, &first))
        return NULL;
    hash = hash_bytes(buf, length);
    for (*nth = GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_hikcascade, KEY_COUNTER)); first + *nth < capture.messages.count;
         ++*nth) {
        const struct taken *taken = (const struct taken *)hik_history_element(&capture.messages, first + *nth, sizeof *taken);

        if (taken->frame != pinfo->num)
            return NULL;
        if (taken->length == length && taken->hash == hash)
            return taken;
    }
    return NULL;
}

/* The record of the next message of this frame: the first pass makes it, later passes find it, or NULL. */
static struct hik_message *next_message(packet_info *pinfo, tvbuff_t *tvb, const uint8_t *buf, unsigned length,
                                              const struct hik_sip *sip, const struct hik_sdp *sdp)
{
    struct hik_datagram *datagram;
    const struct hik_message *original = NULL;
    uint32_t frame = 0;
    bool copy;
    struct taken taken = {.length = length};

    if (PINFO_FD_VISITED(pinfo)) {
        unsigned nth;
        const struct taken *found = find_taken(pinfo, buf, length, &nth);

        if (!found)
            return NULL;
        p_set_proto_data(pinfo->pool, pinfo, proto_hikcascade, KEY_COUNTER, GUINT_TO_POINTER(nth + 1));
        return found->message;
    }
    taken.hash = hash_bytes(buf, length);
    datagram = hik_datagram_take(pinfo, tvb, &copy);
    if (copy && datagram->record) {
        original = (const struct hik_message *)datagram->record;
        frame = datagram->frame;
    } else if (pinfo->ptype == PT_TCP) {
        original = (const struct hik_message *)hik_segment_copy(pinfo, &frame);
    }
    if (original) {
        taken.message = hik_session_copy(pinfo, original, frame);
    } else {
        taken.message = hik_session_take(pinfo, buf, sip, sdp, hik_cut_of(pinfo, tvb));
        if (datagram)
            datagram->record = taken.message;
        else if (pinfo->ptype == PT_TCP)
            hik_segment_ends(pinfo, taken.message);
    }
    keep_taken(pinfo, taken);
    return taken.message;
}

static bool was_taken(packet_info *pinfo, const uint8_t *buf, unsigned length)
{
    unsigned nth;

    return find_taken(pinfo, buf, length, &nth) != NULL;
}

/* ---- one message ------------------------------------------------------------------------------------------------ */

/* "INVITE", "404 Not Found", "200 OK (BYE)". Packet scope. */
static const char *label_of(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    if (sip->is_request)
        return wmem_strndup(pinfo->pool, (const char *)buf + sip->method_text.off, sip->method_text.len);
    return wmem_strdup_printf(pinfo->pool, sip->method == HIK_METHOD_INVITE ? "%u %.*s" : "%u %.*s (%s)", sip->status,
                              (int)sip->reason.len, (const char *)buf + sip->reason.off, hik_sip_method_name(sip->method));
}

/* Ours goes in front of what stock wrote into the Info column, which is long and says little. What earlier messages of the
 * frame wrote stands in front of the fence, and stays. */
static void show_info(packet_info *pinfo, const struct hik_sip_view *view, const struct hik_message *message, const char *words, int fence)
{
    const char *text = col_get_text(pinfo->cinfo, COL_INFO);
    char *all, *stock;

    if (!text || !col_get_writable(pinfo->cinfo, COL_INFO))
        return;
    all = wmem_strdup(pinfo->pool, text);
    hik_stock_set_info_fence(pinfo->cinfo, fence);
    col_clear(pinfo->cinfo, COL_INFO);
    hik_session_tree_info_head(pinfo, view->buf, view->sip, message, words);
    hik_sip_tree_info(view, pinfo);
    hik_session_tree_info_tail(pinfo, view->buf, view->sip, message);
    stock = all + MIN((size_t)fence, strlen(all));
    for (size_t len = strlen(stock); len > 0 && (stock[len - 1] == ' ' || stock[len - 1] == '|'); len--)
        stock[len - 1] = '\0'; /* a separator in front of what would have followed */
    if (stock[0])
        col_append_fstr(pinfo->cinfo, COL_INFO, " | %s", stock);
    col_set_fence(pinfo->cinfo, COL_INFO); /* as stock did */
}

/* What is said of a message that the capture cut. */
static void show_cut(tvbuff_t *tvb, packet_info *pinfo, proto_item *item)
{
    hik_cut_show(pinfo, item, hik_cut_of(pinfo, tvb), ": what the SIP message says behind them is not judged. Record whole packets "
                 "(tcpdump and tshark: -s 0)");
}

/* What stock gets of a message that the capture cut: the lines that are whole, and of XML all there is. Where it sees that bytes
 * are missing it gives up before the body. With headers that end in the middle it does better to give up. */
static tvbuff_t *readable(tvbuff_t *tvb, const uint8_t *buf, const struct hik_sip *sip)
{
    unsigned captured = tvb_captured_length(tvb);

    if (!sip->cut)
        return tvb;
    if (!sip->blank_line)
        return tvb_new_subset_length_caplen(tvb, 0, (int)sip->headers_end, (int)tvb_reported_length(tvb));
    if (sip->headers_end < captured && buf[sip->headers_end] == '<')
        return tvb_new_subset_length(tvb, 0, (int)captured);
    return tvb_new_subset_length(tvb, 0, (int)(sip->headers_end + sip->body_present));
}

/* A message, or the rest of one, of which nothing can be read: bytes. Stock's sip would find fault with half a line. */
static int dissect_unreadable(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const char *what)
{
    proto_item *item;

    if (!PINFO_FD_VISITED(pinfo)) {
        hik_cut_add(pinfo);
        hik_cut_unplaced_add(pinfo, tvb);
    }
    col_set_str(pinfo->cinfo, COL_PROTOCOL, "SIP");
    col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", what);
    call_data_dissector(tvb, pinfo, tree);
    item = proto_tree_add_protocol_format(tree, proto_hikcascade, tvb, 0, -1, "Hikvision cascade (GB/T 28181), %s", what);
    show_cut(tvb, pinfo, item);
    return (int)tvb_captured_length(tvb);
}

/* Stock first, then ours. tvb holds exactly one message, sip is its parse. */
static int dissect_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const uint8_t *buf, const struct hik_sip *sip,
                           dissector_handle_t stock)
{
    const struct hik_sdp *sdp = parse_sdp(pinfo, buf, sip);
    struct hik_message *message = next_message(pinfo, tvb, buf, tvb_captured_length(tvb), sip, sdp);
    const char *words;
    int length, fence = hik_stock_info_fence(pinfo->cinfo);

    if (!message)
        return call_dissector(stock, tvb, pinfo, tree);
    hik_current_message_begin(pinfo, tvb, message);
    length = hik_stock_call(stock, readable(tvb, buf, sip), pinfo, tree);
    words = hik_current_message_words(pinfo);
    hik_current_message_end(pinfo);

    if (!PINFO_FD_VISITED(pinfo)) {
        hik_media_open(pinfo, message, buf, sdp);
        if (sip->cut)
            hik_cut_add(pinfo);
        if (message->unplaced)
            hik_cut_unplaced_add(pinfo, tvb);
    }
    {
        struct hik_sip_view view = {tvb, buf, sip, sdp};
        struct hik_tap *tap;
        proto_item *item = NULL;
        proto_tree *ours = NULL;

        if (message->session && (message->carries_offer || message->carries_answer))
            hik_export_queue_sdp(pinfo, message->session);
        show_info(pinfo, &view, message, words, fence);
        if (tree || hik_stock_wants_experts(pinfo, tree)) {
            ours = hik_sip_tree_begin(&view, tree, &item);
            hik_session_tree_message(tvb, pinfo, ours, item, message);
            hik_sip_tree_add(&view, pinfo, ours, item);
        }
        if (sip->cut)
            show_cut(tvb, pinfo, item);
        hik_findings_message(pinfo, tvb, ours, item, message);
        tap = message->copy_of ? NULL : hik_tap_queue(pinfo, HIK_TAP_SIP, message->session);
        if (tap) {
            tap->message = message;
            tap->label = label_of(pinfo, buf, sip);
        }
    }
    return length;
}

/* A message inside an ICMP error was not received by anybody: it is no message of ours, but its session should know.
 * Stock shows it. */
static bool process_icmp_error(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    struct hik_session *session;

    if (!pinfo->flags.in_error_pkt)
        return false;
    if (!PINFO_FD_VISITED(pinfo) && sip->is_request && sip->method == HIK_METHOD_INVITE) {
        session = hik_session_of_call(buf, sip);
        if (session)
            hik_session_unreachable(pinfo, session, &pinfo->dst, (uint16_t)pinfo->destport);
    }
    return true;
}

/* Data on our port that is no SIP at all. */
static void note_other(packet_info *pinfo)
{
    if (!PINFO_FD_VISITED(pinfo) && !pinfo->flags.in_error_pkt)
        hik_seen_other(pinfo);
}

static bool parse_datagram(packet_info *pinfo, tvbuff_t *tvb, const uint8_t *buf, unsigned length, struct hik_sip *sip)
{
    return hik_cut_is(pinfo, tvb) ? hik_sip_parse_cut(buf, length, false, sip) : hik_sip_parse(buf, length, false, sip);
}

/* One of the packet's ports is ours, by our preference; stock's preference or Decode As may name it, too. */
static bool on_our_port(packet_info *pinfo, const char *table)
{
    range_t *ports = prefs_get_range_value("hikcascade", table);

    return ports && (value_is_in_range(ports, pinfo->srcport) || value_is_in_range(ports, pinfo->destport));
}

/* A heuristic dissector that takes a datagram takes the whole conversation with it, and on later passes what came before, too.
 * It cannot where the conversation is taken already. */
static void keep_conversation(packet_info *pinfo)
{
    conversation_t *conversation;

    if (PINFO_FD_VISITED(pinfo) || !on_our_port(pinfo, "udp.port"))
        return;
    conversation = find_or_create_conversation(pinfo);
    if (!conversation_get_dissector(conversation, pinfo->num))
        conversation_set_dissector_from_frame_number(conversation, pinfo->num, hik_udp_again_handle);
}

static int dissect_datagram(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, bool on_port)
{
    unsigned length = tvb_captured_length(tvb);
    const uint8_t *buf;
    struct hik_sip sip;

    if (length == 0)
        return 0;
    buf = tvb_get_ptr(tvb, 0, (int)length);
    if (!parse_datagram(pinfo, tvb, buf, length, &sip)) {
        if (hik_cut_is(pinfo, tvb) && !pinfo->flags.in_error_pkt && hik_sip_is_cut_start(buf, length, FOREIGN_START))
            return dissect_unreadable(tvb, pinfo, tree, "a SIP message whose start line is cut");
        if (on_port)
            note_other(pinfo);
        return 0;
    }
    if (process_icmp_error(pinfo, buf, &sip))
        return 0;
    if (PINFO_FD_VISITED(pinfo) ? !was_taken(pinfo, buf, length) : !has_marks(pinfo, buf, &sip))
        return 0;
    keep_conversation(pinfo);
    dissect_message(tvb, pinfo, tree, buf, &sip, sip_handle);
    return (int)length;
}

static int dissect_hik_udp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return dissect_datagram(tvb, pinfo, tree, true);
}

/* What is no message goes on to its port, and is counted there. */
static int dissect_hik_udp_again(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return dissect_datagram(tvb, pinfo, tree, false);
}

/* On a port that is nobody's. */
static bool stray_datagram_is_ours(tvbuff_t *tvb, packet_info *pinfo)
{
    unsigned length = tvb_captured_length(tvb);
    const uint8_t *buf;
    struct hik_sip sip;

    if (length == 0 || pinfo->flags.in_error_pkt)
        return false;
    buf = tvb_get_ptr(tvb, 0, (int)length);
    return hik_sip_looks_like(buf, length) && parse_datagram(pinfo, tvb, buf, length, &sip) &&
           (PINFO_FD_VISITED(pinfo) ? was_taken(pinfo, buf, length) : has_strong_marks(pinfo, buf, &sip));
}

static ws_bool dissect_hik_udp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (tvb_captured_length(tvb) == 0)
        return FALSE;
    if (!PINFO_FD_VISITED(pinfo) && !pinfo->flags.in_error_pkt)
        hik_stray_rtp_take(pinfo, tvb); /* nobody's so far: how much RTP there is tells what the capture left out */
    if (!stray_datagram_is_ours(tvb, pinfo))
        return FALSE;
    if (!PINFO_FD_VISITED(pinfo))
        conversation_set_dissector_from_frame_number(find_or_create_conversation(pinfo), pinfo->num, hik_udp_handle);
    return dissect_hik_udp(tvb, pinfo, tree, data) > 0;
}

/* ---- stream ----------------------------------------------------------------------------------------------------- */

/* RFC 5626 3.5.1: CRLFs between messages keep the connection alive. Some devices send NULs. */
static unsigned skip_keep_alive(const uint8_t *buf, unsigned off, unsigned length)
{
    while (off < length && (buf[off] == '\r' || buf[off] == '\n' || buf[off] == '\0'))
        off++;
    return off;
}

static void show_keep_alive(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, unsigned off, unsigned end)
{
    col_set_str(pinfo->cinfo, COL_PROTOCOL, "SIP");
    if (off == 0 && end == tvb_captured_length(tvb))
        col_set_str(pinfo->cinfo, COL_INFO, "Keep-alive");
    if (tree) {
        proto_item *item = proto_tree_add_protocol_format(tree, proto_hikcascade, tvb, (int)off, (int)(end - off),
                                                          "Hikvision cascade (GB/T 28181), keep-alive");
        proto_tree *ours = proto_item_add_subtree(item, ett_hik_keep_alive);
        proto_tree_add_item(ours, hf_hik_keep_alive, tvb, (int)off, (int)(end - off), ENC_NA);
    }
}

/* The connection of this packet carried a message of ours before. First pass. */
static bool connection_is_ours(packet_info *pinfo)
{
    const conversation_t *conversation = find_conversation_pinfo(pinfo, 0);

    return conversation && wmem_map_contains(sip_connections, conversation);
}

/* A keep-alive alone in its segment is ours where a message of ours came before it on the connection. */
static bool keep_alive_is_ours(packet_info *pinfo)
{
    if (PINFO_FD_VISITED(pinfo))
        return p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_KEEP_ALIVE) != NULL;
    if (!connection_is_ours(pinfo))
        return false;
    if (!p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_KEEP_ALIVE))
        p_add_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_KEEP_ALIVE, GUINT_TO_POINTER(1));
    return true;
}

/* These bytes may be the beginning of a message's start line, and the rest is to be waited for. On a connection that
 * may be anybody's a few letters are too little: what is foreign would be held back. */
static bool wait_for_start_line(packet_info *pinfo, const uint8_t *buf, unsigned length, bool ours)
{
    if (PINFO_FD_VISITED(pinfo))
        return p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_WAITED) != NULL && hik_sip_is_cut_start(buf, length, 1);
    if (!hik_sip_is_cut_start(buf, length, ours || connection_is_ours(pinfo) ? 1 : FOREIGN_START))
        return false;
    if (!p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_WAITED))
        p_add_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_WAITED, GUINT_TO_POINTER(1));
    return true;
}

static int want_more(packet_info *pinfo, tvbuff_t *tvb, unsigned off, uint32_t bytes)
{
    pinfo->desegment_offset = (int)off;
    pinfo->desegment_len = bytes;
    return (int)tvb_captured_length(tvb);
}

/* Where a piece of stream came from. */
enum place {
    PLACE_OURS,     /* our port, or a connection that carried a message of ours */
    PLACE_BESIDE,   /* a port of stock's: what is not ours is treated as stock does */
    PLACE_ANYWHERE
};

/* length: of what is there of the message. */
static bool stream_is_ours(packet_info *pinfo, const uint8_t *buf, unsigned length, const struct hik_sip *sip, enum place place)
{
    if (PINFO_FD_VISITED(pinfo))
        return was_taken(pinfo, buf, length);
    return place == PLACE_OURS     ? has_marks(pinfo, buf, sip)
           : place == PLACE_BESIDE ? has_marks_beside(pinfo, buf, sip)
                                   : has_strong_marks(pinfo, buf, sip);
}

/* No usable Content-Length: what follows the headers is the body, up to the end of what is there, unless it is the next
 * message. length: of what is there. */
static void guess_body(const uint8_t *buf, unsigned length, struct hik_sip *sip)
{
    unsigned next = skip_keep_alive(buf, sip->headers_end, length);

    if (!sip->blank_line || sip->content_length >= 0 || sip->first[HIK_HDR_CONTENT_TYPE].value.len == 0 || next == length ||
        hik_sip_looks_like(buf + next, length - next))
        return;
    sip->message_len = length;
    sip->body.len = length - sip->headers_end;
}

/* The message at the start of buf, of which the capture may have cut the end: then only whole lines count. False if it is
 * none. length: of what is there. */
static bool parse_piece(const uint8_t *buf, unsigned length, bool whole, struct hik_sip *sip)
{
    if (!hik_sip_parse(buf, length, true, sip))
        return false;
    guess_body(buf, length, sip);
    if (whole || (sip->complete && (sip->content_length >= 0 || sip->message_len < length)))
        return true;
    return hik_sip_parse_cut(buf, length, sip->content_length >= 0, sip);
}

/* Bytes that the message takes of the stream. remaining: bytes that were sent, from its begin on. */
static unsigned sent_length(const struct hik_sip *sip, unsigned remaining)
{
    if (!sip->cut)
        return MIN(sip->message_len, remaining);
    return sip->blank_line && sip->content_length >= 0 ? (unsigned)MIN(sip->headers_end + sip->content_length, (int64_t)remaining) : remaining;
}

/* Bytes of a connection of ours, cut by the capture, that begin no message: of one that began in a segment before, and is
 * put together by nobody. */
static bool is_rest(packet_info *pinfo)
{
    if (PINFO_FD_VISITED(pinfo))
        return p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_REST) != NULL;
    if (!connection_is_ours(pinfo))
        return false;
    if (!p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_REST))
        p_add_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_REST, GUINT_TO_POINTER(1));
    return true;
}

/* The rest of the message is to come. length: of what is there. */
static bool worth_waiting(const struct hik_sip *sip, unsigned length)
{
    return !sip->complete && (sip->blank_line ? sip->content_length <= MAX_BODY : length < MAX_HEADERS);
}

static void note_waiting(packet_info *pinfo, const uint8_t *buf, unsigned length, const struct hik_sip *sip)
{
    if (!PINFO_FD_VISITED(pinfo) && !sip->blank_line)
        hik_waiting_note(pinfo, buf, length);
}

/* The rest of a message is not asked for, because a message that came before would go with it. remaining: bytes of it that are
 * there; bytes: how many are missing, 0 if nobody knows. */
static bool must_not_wait(packet_info *pinfo, uint32_t remaining, uint32_t bytes)
{
    if (PINFO_FD_VISITED(pinfo))
        return p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_NOT_WAITED) == GUINT_TO_POINTER(remaining);
    if (!hik_waiting_would_take(pinfo, remaining, bytes))
        return false;
    if (!p_get_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_NOT_WAITED))
        p_add_proto_data(wmem_file_scope(), pinfo, proto_hikcascade, KEY_NOT_WAITED, GUINT_TO_POINTER(remaining));
    return true;
}

/* What is there of it, for itself: stock's sip would ask for the rest unasked. */
static int show_alone(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, unsigned off)
{
    call_data_dissector(tvb_new_subset_remaining(tvb, (int)off), pinfo, tree);
    return (int)tvb_captured_length(tvb);
}

/* Not SIP, where SIP should go on: bytes are missing, or a message has more of them than it says. Stock shows the rest as
 * continuation, but waits for the end of a line, whether it may or not; the messages in front would come again with it. */
static int show_continuation(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, unsigned off)
{
    call_dissector(sip_tcp_handle, tvb_new_subset_remaining(tvb, (int)off), pinfo, tree);
    if (pinfo->desegment_len > 0) {
        off += (unsigned)pinfo->desegment_offset;
        pinfo->desegment_offset = 0;
        pinfo->desegment_len = 0;
        return show_alone(tvb, pinfo, tree, off);
    }
    return (int)tvb_captured_length(tvb);
}

/* Nothing new is to be learned from these bytes, and what is to come is worth waiting for. */
static bool goes_on(packet_info *pinfo, const uint8_t *buf, unsigned length)
{
    return length < MAX_HEADERS && hik_waiting_goes_on(pinfo, buf, length);
}

/* Stock goes on from off, as if it had come there by itself; it may ask for more. */
static int leave_rest(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, unsigned off)
{
    uint16_t can_desegment = pinfo->can_desegment;

    /* As much as our caller could ask for: it gave one level to us. */
    hik_sip_ports_call(sip_tcp_handle, can_desegment ? can_desegment + 1u : 0, tvb_new_subset_remaining(tvb, (int)off), pinfo,
                         tree, NULL);
    pinfo->can_desegment = can_desegment;
    if (pinfo->desegment_len > 0)
        pinfo->desegment_offset += (int)off;
    return (int)tvb_captured_length(tvb);
}

/* Walks the messages of a piece of stream. Stock sip.tcp gets each message on its own, whole, because it stops at a
 * keep-alive between two messages. On a port of stock's it has been seen that one of them is ours. */
static int dissect_stream(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, enum place place)
{
    unsigned length = tvb_captured_length(tvb), off = 0, start, present;
    const uint8_t *buf;
    bool ours = false, whole = !hik_cut_is(pinfo, tvb);
    uint32_t missing;
    tvbuff_t *message;
    struct hik_sip sip;

    if (length == 0)
        return 0;
    buf = tvb_get_ptr(tvb, 0, (int)length);
    if (place != PLACE_BESIDE && pinfo->can_desegment && whole && goes_on(pinfo, buf, length) && !must_not_wait(pinfo, length, 0))
        return want_more(pinfo, tvb, 0, DESEGMENT_ONE_MORE_SEGMENT);
    while (off < length) {
        start = off;
        off = skip_keep_alive(buf, off, length);
        if (off == length) {
            if (!ours && !(place == PLACE_OURS && start == 0 && keep_alive_is_ours(pinfo)))
                return 0;
            show_keep_alive(tvb, pinfo, tree, start, off);
            return (int)length;
        }
        if (!parse_piece(buf + off, length - off, whole, &sip)) {
            if (!whole && (ours || place == PLACE_OURS) && hik_sip_is_cut_start(buf + off, length - off, FOREIGN_START)) {
                dissect_unreadable(tvb_new_subset_remaining(tvb, (int)off), pinfo, tree, "a SIP message whose start line is cut");
                return (int)length;
            }
            if (!whole && !ours && place == PLACE_OURS && is_rest(pinfo)) {
                dissect_unreadable(tvb, pinfo, tree, "the rest of a SIP message");
                return (int)length;
            }
            if (place == PLACE_BESIDE) {
                if (off > start)
                    show_keep_alive(tvb, pinfo, tree, start, off);
                return leave_rest(tvb, pinfo, tree, off);
            }
            if (pinfo->can_desegment && whole && wait_for_start_line(pinfo, buf + off, length - off, ours))
                return must_not_wait(pinfo, length - off, 0) ? show_alone(tvb, pinfo, tree, off)
                                                             : want_more(pinfo, tvb, off, DESEGMENT_ONE_MORE_SEGMENT);
            if (!ours) {
                note_other(pinfo);
                return 0;
            }
            return show_continuation(tvb, pinfo, tree, off);
        }
        present = MIN(sip.message_len, length - off);
        if (pinfo->can_desegment && whole && worth_waiting(&sip, length - off)) {
            /* Nothing of it is taken in yet; what is foreign is told apart when it is whole. */
            if (!PINFO_FD_VISITED(pinfo) && !ours && place == PLACE_OURS && stream_is_ours(pinfo, buf + off, present, &sip, place))
                wmem_map_insert(sip_connections, find_or_create_conversation(pinfo), GUINT_TO_POINTER(1));
            note_waiting(pinfo, buf + off, length - off, &sip);
            if (off > start)
                show_keep_alive(tvb, pinfo, tree, start, off);
            if (place == PLACE_BESIDE)
                return leave_rest(tvb, pinfo, tree, off);
            missing = 0;
            if (sip.blank_line && sip.content_length >= 0)
                missing = (uint32_t)MIN(sip.content_length - sip.body_present, G_MAXINT32 / 2);
            if (must_not_wait(pinfo, length - off, missing))
                return show_alone(tvb, pinfo, tree, off);
            return want_more(pinfo, tvb, off, missing ? missing : DESEGMENT_ONE_MORE_SEGMENT);
        }
        message = tvb_new_subset_length(tvb, (int)off, (int)sent_length(&sip, tvb_reported_length(tvb) - off));
        if (!(ours && place == PLACE_OURS) && !stream_is_ours(pinfo, buf + off, present, &sip, place)) {
            if (place != PLACE_BESIDE)
                return 0;
            hik_stock_call(sip_tcp_handle, message, pinfo, tree);
            off += present;
            continue;
        }
        if (ours) { /* not the first message of this segment */
            col_append_str(pinfo->cinfo, COL_INFO, " | ");
            col_set_fence(pinfo->cinfo, COL_INFO);
        }
        if (!ours && place == PLACE_OURS && !PINFO_FD_VISITED(pinfo))
            wmem_map_insert(sip_connections, find_or_create_conversation(pinfo), GUINT_TO_POINTER(1));
        ours = true;
        if (off > start)
            show_keep_alive(tvb, pinfo, tree, start, off);
        if (!PINFO_FD_VISITED(pinfo))
            hik_waiting_message(pinfo, length - off);
        dissect_message(message, pinfo, tree, buf + off, &sip, sip_tcp_handle);
        off += present;
    }
    return (int)length;
}

static int dissect_hik_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return dissect_stream(tvb, pinfo, tree, PLACE_OURS);
}

static int dissect_hik_tcp_beside(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return dissect_stream(tvb, pinfo, tree, PLACE_BESIDE);
}

/* On a port that is nobody's. */
static bool stray_stream_is_ours(tvbuff_t *tvb, packet_info *pinfo)
{
    unsigned length = tvb_captured_length(tvb);
    struct hik_sip sip;
    const uint8_t *buf;

    if (length == 0)
        return false;
    buf = tvb_get_ptr(tvb, 0, (int)length);
    return hik_sip_looks_like(buf, length) && parse_piece(buf, length, !hik_cut_is(pinfo, tvb), &sip) &&
           stream_is_ours(pinfo, buf, MIN(sip.message_len, length), &sip, PLACE_ANYWHERE);
}

static ws_bool dissect_hik_tcp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    if (!stray_stream_is_ours(tvb, pinfo))
        return FALSE;
    if (!PINFO_FD_VISITED(pinfo))
        conversation_set_dissector_from_frame_number(find_or_create_conversation(pinfo), pinfo->num, hik_tcp_handle);
    return dissect_stream(tvb, pinfo, tree, PLACE_OURS) > 0;
}

/* ---- ports that stock sip owns ---------------------------------------------------------------------------------- */

/* Nothing is looked at, and nothing written, while our protocol is switched off. */
static bool may_look(void)
{
    return proto_is_protocol_enabled(find_protocol_by_id(proto_hikcascade));
}

static bool datagram_is_ours(tvbuff_t *tvb, packet_info *pinfo)
{
    unsigned length = tvb_captured_length(tvb);
    const uint8_t *buf;
    struct hik_sip sip;

    if (length == 0)
        return false;
    buf = tvb_get_ptr(tvb, 0, (int)length);
    if (!parse_datagram(pinfo, tvb, buf, length, &sip)) /* of a start line that is cut the port alone tells */
        return hik_cut_is(pinfo, tvb) && on_our_port(pinfo, "udp.port");
    if (PINFO_FD_VISITED(pinfo))
        return was_taken(pinfo, buf, length);
    if (process_icmp_error(pinfo, buf, &sip))
        return false;
    return has_marks_beside(pinfo, buf, &sip) || (on_our_port(pinfo, "udp.port") && has_marks(pinfo, buf, &sip));
}

static int dissect_sip_udp_port(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    unsigned can_desegment = pinfo->saved_can_desegment;
    int length = 0;

    if (may_look() && datagram_is_ours(tvb, pinfo))
        length = hik_sip_ports_call(hik_udp_handle, can_desegment, tvb, pinfo, tree, data);
    return length ? length : hik_sip_ports_call(sip_handle, can_desegment, tvb, pinfo, tree, data);
}

/* One of the messages that are whole in this piece of stream is ours. */
static bool stream_holds_ours(tvbuff_t *tvb, packet_info *pinfo)
{
    unsigned length = tvb_captured_length(tvb);
    bool whole = !hik_cut_is(pinfo, tvb), can_wait = pinfo->can_desegment && whole;
    const uint8_t *buf;
    struct hik_sip sip;
    uint32_t first;

    if (length == 0 || (PINFO_FD_VISITED(pinfo) && !holds_taken(pinfo, &first)))
        return false;
    buf = tvb_get_ptr(tvb, 0, (int)length);
    if (can_wait && goes_on(pinfo, buf, length))
        return false;
    for (unsigned off = 0, present; off < length; off += present) {
        off = skip_keep_alive(buf, off, length);
        if (off == length || !parse_piece(buf + off, length - off, whole, &sip))
            return false;
        if (can_wait && worth_waiting(&sip, length - off)) {
            note_waiting(pinfo, buf + off, length - off, &sip);
            return false;
        }
        present = MIN(sip.message_len, length - off);
        if (stream_is_ours(pinfo, buf + off, present, &sip, PLACE_BESIDE))
            return true;
    }
    return false;
}

static int dissect_sip_tcp_port(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    unsigned can_desegment = pinfo->saved_can_desegment;
    int length = 0;

    if (may_look() && !pinfo->flags.in_error_pkt) {
        if (on_our_port(pinfo, "tcp.port"))
            length = hik_sip_ports_call(hik_tcp_handle, can_desegment, tvb, pinfo, tree, data);
        else if (stream_holds_ours(tvb, pinfo))
            length = hik_sip_ports_call(hik_tcp_beside_handle, can_desegment, tvb, pinfo, tree, data);
    }
    return length ? length : hik_sip_ports_call(sip_tcp_handle, can_desegment, tvb, pinfo, tree, data);
}

/* ---- stock's heuristics ----------------------------------------------------------------------------------------- */

/* Of all heuristic dissectors Wireshark asks that one first which matched last. After one foreign message stock's sip is
 * in front of ours, and would take ours from then on: it leaves alone what ours will take. */
static struct leaving {
    heur_dtbl_entry_t *ours;
    heur_dissector_t stock;
} leaving_udp, leaving_tcp;

static bool is_asked(const heur_dtbl_entry_t *ours)
{
    return ours && ours->enabled && may_look();
}

static ws_bool dissect_sip_udp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (is_asked(leaving_udp.ours) && stray_datagram_is_ours(tvb, pinfo))
        return FALSE;
    return leaving_udp.stock(tvb, pinfo, tree, data);
}

static ws_bool dissect_sip_tcp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (is_asked(leaving_tcp.ours) && stray_stream_is_ours(tvb, pinfo))
        return FALSE;
    return leaving_tcp.stock(tvb, pinfo, tree, data);
}

static void stand_before(const char *stock_name, const char *our_name, heur_dissector_t front, struct leaving *leaving)
{
    heur_dtbl_entry_t *stock = find_heur_dissector_by_unique_short_name(stock_name);

    if (!stock || stock->dissector == front)
        return;
    leaving->ours = find_heur_dissector_by_unique_short_name(our_name);
    leaving->stock = stock->dissector;
    stock->dissector = front;
}

/* ---- registration ----------------------------------------------------------------------------------------------- */

void proto_register_hikcascade(void)
{
    static hf_register_info fields[] = {
        {&hf_hik_keep_alive,
         {"Keep-alive", "hikcascade.keep_alive", FT_BYTES, BASE_NONE, NULL, 0,
          "Line ends between SIP messages, sent to keep the connection open (RFC 5626)", HFILL}},
    };
    static int *trees[] = {&ett_hik_keep_alive};

    proto_hikcascade = proto_register_protocol("Hikvision cascade (GB/T 28181)", "HIKCASCADE", "hikcascade");
    proto_register_field_array(proto_hikcascade, fields, array_length(fields));
    register_cleanup_routine(reset_capture);
    proto_register_subtree_array(trees, array_length(trees));
    hik_udp_handle = register_dissector("hikcascade", dissect_hik_udp, proto_hikcascade);
    hik_tcp_handle = register_dissector("hikcascade.tcp", dissect_hik_tcp, proto_hikcascade);
    hik_udp_again_handle = create_dissector_handle(dissect_hik_udp_again, proto_hikcascade);
    hik_tcp_beside_handle = create_dissector_handle(dissect_hik_tcp_beside, proto_hikcascade);
    proto_sip_ports = proto_register_protocol_in_name_only("SIP, with GB/T 28181 told apart", "SIP for GB/T 28181",
                                                           "hikcascade.sip_ports", proto_get_id_by_filter_name("sip"),
                                                           FT_PROTOCOL);
    hik_sip_ports_register(&on_sip_ports);
    prefs_register_bool_preference(
        hik_stock_preferences(proto_hikcascade), "sip_ports", "GB/T 28181 on the ports of SIP",
        "Take GB/T 28181 SIP also on the ports that Wireshark's own SIP dissector takes first (5060, what its preferences "
        "name, and Decode As). SIP without marks of GB/T 28181 is left as it is.", &on_sip_ports);
    sip_connections = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);

    hik_stock_register(proto_hikcascade);
    hik_kept_register();
    hik_text_register();
    hik_copies_register();
    hik_cut_register(proto_hikcascade);
    hik_waiting_register();
    hik_session_register(proto_hikcascade);
    hik_dialog_register();
    hik_session_tree_register(proto_hikcascade);
    hik_media_front_door_register(proto_hikcascade);
    hik_sip_tree_register(proto_hikcascade);
    hik_correlate_register();
    hik_message_findings_register(proto_hikcascade);
    hik_rtp_findings_register(proto_hikcascade);
    hik_tap_register();
    hik_table_register();
    hik_seen_register();
    hik_tap_sessions_register();
    hik_tap_messages_register();
    hik_tap_series_register();
    hik_tap_platforms_register();
    hik_tap_tree_register();
    hik_catalog_register();
    hik_current_message_register(proto_hikcascade);
    hik_manscdp_register(proto_hikcascade);
    hik_mansrtsp_register(proto_hikcascade);
    hik_mp2p_register(proto_hikcascade);
    hik_tap_catalog_register();
    hik_export_register(proto_hikcascade);
    hik_table_print_register(proto_hikcascade);
}

void proto_reg_handoff_hikcascade(void)
{
    sip_handle = find_dissector("sip");
    sip_tcp_handle = find_dissector("sip.tcp");
    dissector_add_uint_range_with_preference("udp.port", HIK_PORTS, hik_udp_handle);
    dissector_add_uint_range_with_preference("tcp.port", HIK_PORTS, hik_tcp_handle);
    hik_sip_ports_take("udp.port", sip_handle, dissect_sip_udp_port, proto_sip_ports, "SIP (and GB/T 28181)");
    hik_sip_ports_take("tcp.port", sip_tcp_handle, dissect_sip_tcp_port, proto_sip_ports, "SIP (and GB/T 28181)");
    heur_dissector_add("udp", dissect_hik_udp_heur, "GB/T 28181 SIP over UDP", "hikcascade_udp", proto_hikcascade,
                       HEURISTIC_ENABLE);
    heur_dissector_add("tcp", dissect_hik_tcp_heur, "GB/T 28181 SIP over TCP", "hikcascade_tcp", proto_hikcascade,
                       HEURISTIC_ENABLE);
    stand_before("sip_udp", "hikcascade_udp", dissect_sip_udp_heur, &leaving_udp);
    stand_before("sip_tcp", "hikcascade_tcp", dissect_sip_tcp_heur, &leaving_tcp);

    hik_media_front_door_handoff();
    hik_tcp_handoff();
    hik_manscdp_handoff();
    hik_mansrtsp_handoff();
    hik_mp2p_handoff();
}
