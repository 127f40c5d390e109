/* packet-hikmedia.c
 * The front door of RTP and RTCP (RFC 3550): the wrappers around stock rtp and rtcp. Finds flow and session, has stock
 * dissect the packet, adds our tree and findings, and hands it to the tap and the export. No parsing, no records.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include "cut.h"
#include "endpoints.h"
#include "export-media.h"
#include "front-door.h"
#include "media-facts.h"
#include "parts.h"
#include "payload-check.h"
#include "rtp-findings.h"
#include "rtp-flow.h"
#include "session-tree.h"
#include "stock.h"
#include "tap.h"

enum { RTCP_SR = 200, RTCP_APP = 204, RTCP_TRAILER = 16, RTP_HEADER = 12 };

static dissector_handle_t rtp_handle, rtcp_handle;             /* stock */
static int proto_hik = -1;
static const header_field_info *protocol;                      /* the same */
static dissector_handle_t media_rtp_handle, media_rtcp_handle; /* ours, around them */

/* RTCP on a port of RTP, by RFC 5761 clause 4. Beside the five types that RTCP began with, payload types that an SDP may name look
 * like it where the marker is set. RTCP has lengths that add up to the packet's, or nearly: some is padded or has SRTCP's trailer. */
static bool is_rtcp(const struct hik_rtp_bytes *bytes)
{
    unsigned end = 0;

    if (bytes->captured < 2 || bytes->data[1] < 192 || bytes->data[1] > 223 || (bytes->data[0] & 0xC0) != 0x80)
        return false;
    if (bytes->data[1] >= RTCP_SR && bytes->data[1] <= RTCP_APP)
        return true;
    while (end + 4 <= bytes->captured && (bytes->data[end] & 0xC0) == 0x80)
        end += 4 * (1u + ((unsigned)bytes->data[end + 2] << 8 | bytes->data[end + 3]));
    return end <= bytes->reported && (bytes->reported - end <= RTCP_TRAILER || end + 4 > bytes->captured);
}

/* RTP on a port of RTCP: its sender, or who announced the port, is one off; or the port is also another call's, of RTP. A payload type
 * that the call has tells it from other bytes. */
static bool is_rtp(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp_bytes *bytes)
{
    const struct hik_session *session;
    bool strong;

    if (bytes->captured < RTP_HEADER || (bytes->data[0] & 0xC0) != 0x80 || (bytes->data[1] >= 192 && bytes->data[1] <= 223))
        return false;
    if (!PINFO_FD_VISITED(pinfo)) {
        uint32_t ssrc = tvb_get_ntohl(tvb, 8);

        session = hik_endpoints_match(pinfo, false, ssrc, ssrc, &strong);
        if (session && hik_media_facts_declares(session, bytes->data[1] & 0x7F))
            p_add_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_RTP_FOR_RTCP, GUINT_TO_POINTER(1));
    }
    return p_get_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_RTP_FOR_RTCP) != NULL;
}

/* The bytes of a packet inside an ICMP error were received by nobody. Its session should know. */
static bool process_icmp_error(packet_info *pinfo)
{
    if (!pinfo->flags.in_error_pkt)
        return false;
    if (!PINFO_FD_VISITED(pinfo))
        hik_media_unreachable(pinfo);
    return true;
}

static int dissect_rtcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    struct hik_session *session = hik_rtcp_enter(pinfo, tvb);
    int length;

    if (session) /* here, because stock may not come back */
        hik_tap_queue(pinfo, HIK_TAP_RTCP, session);
    length = hik_stock_call(rtcp_handle, tvb, pinfo, tree);
    if (session && hik_stock_asks_for(tree, protocol))
        hik_session_tree_media(tvb, pinfo, tree, session);
    return length;
}

/* Hands the packet to tap and export. */
static void queue_rtp(packet_info *pinfo, tvbuff_t *tvb, struct hik_rtp *rtp)
{
    struct hik_session *session = rtp->flow->session;
    struct hik_tap *tap;

    if (hik_export_is_asked_for())
        hik_export_queue(pinfo, tvb, rtp);
    if (!session || rtp->flags & HIK_RTP_COPY)
        return;
    tap = hik_tap_queue(pinfo, HIK_TAP_RTP, session);
    if (!tap)
        return;
    tap->flow = rtp->flow;
    tap->bytes = rtp->payload_len;
    tap->gap = rtp->gap;
    tap->jitter = rtp->jitter / 1000.0;
    tap->reordered = !PINFO_FD_VISITED(pinfo) && (rtp->flags & HIK_RTP_REORDERED) != 0;
    rtp->key_frame = &tap->key_frame;
}

/* An SDP may name a port on which something else is spoken, SIP's own for one. What is no RTP there is for whoever owns
 * the port. */
static bool belongs_to_another(packet_info *pinfo, const struct hik_rtp_bytes *bytes)
{
    if (bytes->captured == 0 || (bytes->data[0] & 0xC0) == 0x80 || pinfo->ptype != PT_UDP)
        return false;
    return hik_stock_owns_udp(pinfo->destport) || hik_stock_owns_udp(pinfo->srcport) ||
           hik_sip_looks_like(bytes->data, bytes->captured);
}

/* Does somebody look at our part of the packet? If it is odd, anybody who has a tree or listens. */
static bool is_rtp_shown(packet_info *pinfo, proto_tree *tree, bool odd)
{
    return hik_stock_asks_for(tree, protocol) || (odd && (tree || hik_stock_wants_experts(pinfo, tree)));
}

/* Our part of a packet of which nothing is to be said and whose tree nobody sees: the fields that a filter or a column asks for. */
static void show_fields(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_rtp *rtp, const struct hik_session *session)
{
    hik_session_tree_media_fields(tvb, pinfo, tree, session);
    hik_findings_show_fields(tvb, tree, rtp, session);
}

/* Our part of another packet: the tree, if there is one, and what is to be said about it if it is odd. */
static void show_rtp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_rtp *rtp, struct hik_session *session, bool odd)
{
    const char *stock_proto = pinfo->current_proto;
    proto_item *item = NULL;
    proto_tree *ours = tree ? hik_session_tree_media_item(tvb, pinfo, tree, session, odd, &item) : NULL;

    pinfo->current_proto = "HIKCASCADE"; /* whose expert information it is */
    hik_findings_show_rtp(pinfo, tvb, ours, item, rtp, session);
    pinfo->current_proto = stock_proto;
}

/* Stock may give the payload to somebody else than the program stream's parser, which then has it after stock. */
static bool may_be_parsed_after(const struct hik_rtp *rtp)
{
    const struct hik_flow *flow = rtp->flow;

    return flow->parsed_after || flow->packets < 2 || rtp->payload_type != flow->first_payload_type || rtp->payload_type < 96;
}

/* First pass: what is found out about the payload, and about the flow against the SDP. */
static void judge_rtp(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp *rtp, struct hik_session *session)
{
    const struct hik_flow *flow = rtp->flow;

    if (rtp->payload_type != flow->looked_at)
        hik_payload_check(pinfo, tvb, rtp, media_rtp_handle);
    if (hik_findings_judge_rtp(pinfo, rtp, session) && rtp->payload_type == flow->looked_at && !flow->look_frame &&
        !may_be_parsed_after(rtp))
        hik_flow_settle(rtp);
}

/* Stock's rtp; as call_dissector(), which is two calls more. */
static int call_stock_rtp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    int length = call_dissector_only(rtp_handle, tvb, pinfo, tree, NULL);

    if (length != 0)
        return length;
    call_data_dissector(tvb, pinfo, tree);
    return (int)tvb_captured_length(tvb);
}

/* An RTP or RTCP packet that is the whole tvb. Every pass. */
static int dissect_bytes(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_rtp_bytes *bytes)
{
    struct hik_rtp_outer outer;
    struct hik_rtp *rtp, mine;
    struct hik_session *session;
    uint32_t serial;
    bool odd, shown;
    int length;

    if (process_icmp_error(pinfo))
        return call_dissector(rtp_handle, tvb, pinfo, tree);
    if (is_rtcp(bytes))
        return dissect_rtcp(tvb, pinfo, tree);
    hik_rtp_save(pinfo, &outer);
    rtp = hik_rtp_enter(pinfo, tvb, bytes);
    if (!rtp)
        return call_dissector(rtp_handle, tvb, pinfo, tree);
    /* Tap and export first, because stock may not come back. */
    if (tap_listeners_require_dissection()) /* anybody listens, perhaps to these two */
        queue_rtp(pinfo, tvb, rtp);
    session = rtp->flow->session;
    if (session && !rtp->settled && !PINFO_FD_VISITED(pinfo))
        judge_rtp(pinfo, tvb, rtp, session);
    odd = session && hik_findings_has_rtp(pinfo, rtp);
    shown = session && is_rtp_shown(pinfo, tree, odd);
    if (shown && !odd && !hik_session_tree_is_seen(tree)) {
        show_fields(tvb, pinfo, tree, rtp, session); /* which need not stand behind stock's */
        shown = false;
    }
    serial = rtp->serial; /* a payload may hold RTP packets of its own */
    if (shown)
        mine = *rtp;
    /* With nothing of ours behind it there is nothing to lose: spare the exception frame, unless it is by our word that
     * stock takes it for what it is taken for. */
    length = shown || (!rtp->settled && (bytes->cut || rtp->flow->look_frame || (session && may_be_parsed_after(rtp))))
                 ? hik_stock_call(rtp_handle, tvb, pinfo, tree)
                 : call_stock_rtp(tvb, pinfo, tree);
    if (session && rtp->serial == serial && !rtp->payload_parsed)
        hik_mp2p_after_stock(tvb, pinfo, tree, rtp);
    if (shown)
        show_rtp(tvb, pinfo, tree, &mine, session, odd);
    hik_rtp_restore(&outer);
    return length;
}

static int dissect_rtp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    struct hik_rtp_bytes bytes = hik_rtp_bytes(pinfo, tvb);

    if (belongs_to_another(pinfo, &bytes)) {
        hik_stock_hold(pinfo, media_rtp_handle);
        return 0;
    }
    return dissect_bytes(tvb, pinfo, tree, &bytes);
}

static int dissect_rtcp_wrapper(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct hik_rtp_bytes bytes = hik_rtp_bytes(pinfo, tvb);

    if (belongs_to_another(pinfo, &bytes)) {
        hik_stock_hold(pinfo, media_rtcp_handle);
        return 0;
    }
    if (pinfo->flags.in_error_pkt)
        return call_dissector(rtcp_handle, tvb, pinfo, tree);
    return is_rtp(pinfo, tvb, &bytes) ? dissect_rtp(tvb, pinfo, tree, data) : dissect_rtcp(tvb, pinfo, tree);
}

void hik_media_front_door_register(int proto)
{
    struct hik_media_front_door door = {.dissect_rtp = dissect_rtp, .entered = queue_rtp};

    proto_hik = proto;
    protocol = proto_registrar_get_nth((unsigned)proto);
    /* No protocol of their own: the layers of a packet stay what stock says they are. */
    media_rtp_handle = create_dissector_handle(dissect_rtp, -1);
    media_rtcp_handle = create_dissector_handle(dissect_rtcp_wrapper, -1);
    door.rtp_handle = media_rtp_handle;
    door.rtcp_handle = media_rtcp_handle;
    hik_front_door_set(&door);
    hik_media_register(proto);
}

void hik_media_front_door_handoff(void)
{
    rtp_handle = find_dissector("rtp");
    rtcp_handle = find_dissector("rtcp");
}
