/* payload-check.c
 * What RTP is whose payload type is not declared to be a program stream. Payload types are mixed up often: 97 and 98
 * are swapped, and 99 and 100 mean what the sender likes. rtpmap has the first word, the bytes have the last.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "payload-check.h"

#include <string.h>

#include "h26x-rtp.h"
#include "rtp-over-tcp.h"
#include "session.h"
#include "mpeg-ps.h"

enum { FIRST_DYNAMIC = 96 };

/* hik_flow.bare. File scope. */
struct bare {
    struct hik_h26x_rtp video;
    struct hik_content content;
};

const char *hik_media_static_codec(uint8_t payload_type)
{
    switch (payload_type) {
    case 0: return "PCMU";
    case 3: return "GSM";
    case 4: return "G723";
    case 8: return "PCMA";
    case 9: return "G722";
    case 14: return "MPEG audio";
    case 15: return "G728";
    case 18: return "G729";
    case 26: return "JPEG";
    case 31: return "H261";
    case 32: return "MPEG video";
    case 33: return "MPEG-TS";
    case 34: return "H263";
    default: return NULL;
    }
}

const char *hik_media_declared(const struct hik_session *session, uint8_t payload_type, bool *audio)
{
    const struct hik_description *sources[] = {&session->answer, &session->offer};

    for (size_t s = 0; s < array_length(sources); s++)
        for (unsigned i = 0; sources[s]->frame && i < sources[s]->media_count; i++) {
            const struct hik_media_line *line = &sources[s]->media[i];

            for (unsigned m = 0; m < line->map_count; m++)
                if (line->maps[m].pt == payload_type && line->maps[m].codec) {
                    if (audio)
                        *audio = line->audio;
                    return line->maps[m].codec;
                }
        }
    if (audio)
        *audio = payload_type < 24;
    return payload_type == 0 ? "PCMU" : payload_type == 8 ? "PCMA" : NULL;
}

/* Stock's conversation of these two ends alone. Where their packets had that of an announced end, with whomever, they have a new one
 * from here on. */
static conversation_t *conversation_of_ends(packet_info *pinfo)
{
    conversation_t *found = find_conversation_pinfo(pinfo, 0), *ends;
    int udp = proto_get_id_by_filter_name("udp");
    void *stream;

    if (found && !(found->options & (NO_ADDR2 | NO_PORT2)))
        return found;
    ends = conversation_new(pinfo->num, &pinfo->src, &pinfo->dst, CONVERSATION_UDP, pinfo->srcport, pinfo->destport, 0);
    stream = found ? conversation_get_proto_data(found, udp) : NULL;
    if (stream) /* udp.stream and its times stay what they are */
        conversation_add_proto_data(ends, udp, stream);
    return ends;
}

/* Between these two ports payload_type is `name` from now on; the others stay what the SDP says. Stock's rtp looks for types by
 * destination and the port of the sender: what holds them is a conversation with any host that has this port, in either direction.
 * Only these two ends are known to have RTP; what others send is for whoever had it before. */
static void retype(packet_info *pinfo, const struct hik_session *session, uint8_t payload_type, const char *name,
                   dissector_handle_t wrapper)
{
    static const address none = ADDRESS_INIT_NONE;
    const struct hik_description *sources[] = {&session->offer, &session->answer}; /* the answer last: it overrides */
    rtp_dyn_payload_t *types = rtp_dyn_payload_new();
    conversation_t *ends = pinfo->ptype == PT_UDP ? conversation_of_ends(pinfo) : NULL, *conversation;
    address dst;

    for (size_t s = 0; s < array_length(sources); s++)
        for (unsigned i = 0; i < sources[s]->media_count; i++) {
            const struct hik_media_line *line = &sources[s]->media[i];

            for (unsigned m = 0; m < line->map_count; m++)
                if (line->maps[m].codec)
                    ws_rtp_dyn_payload_insert(types, line->maps[m].pt, line->maps[m].codec, (int)line->maps[m].clock, 1);
        }
    ws_rtp_dyn_payload_insert(types, payload_type, name, 90000, 1);
    copy_address_shallow(&dst, &pinfo->dst);
    /* The types are not freed: see rtp-flow.c. */
    rtp_add_address(pinfo, pinfo->ptype, &dst, (int)pinfo->destport, (int)pinfo->srcport, "the look of the payload",
                    pinfo->num, 0, types);
    if (!ends) {
        hik_tcp_rtpmap_told(pinfo);
        return;
    }
    if (!conversation_get_dissector(ends, pinfo->num))
        conversation_set_dissector_from_frame_number(ends, pinfo->num, wrapper);
    conversation = find_conversation(pinfo->num, &pinfo->dst, &none, CONVERSATION_UDP, pinfo->destport, pinfo->srcport, NO_ADDR_B);
    if (conversation) /* without a port: that of the same packet, which was found by look */
        conversation_set_dissector(conversation, conversation->options & NO_PORT2 ? wrapper : NULL);
}

static enum hik_es_codec codec_of_name(const char *name)
{
    if (name && g_ascii_strcasecmp(name, "H264") == 0)
        return HIK_ES_H264;
    if (name && (g_ascii_strcasecmp(name, "H265") == 0 || g_ascii_strcasecmp(name, "HEVC") == 0))
        return HIK_ES_H265;
    return HIK_ES_UNKNOWN;
}

static void found(packet_info *pinfo, const struct hik_rtp *rtp, const char *name, const char *what,
                  dissector_handle_t wrapper)
{
    struct hik_flow *flow = rtp->flow;

    flow->look_frame = pinfo->num;
    flow->look_quiet = hik_session_sdp_is_cut(flow->session);
    flow->look_seq = rtp->extended_seq;
    flow->look_is = what;
    flow->look_said = hik_media_declared(flow->session, rtp->payload_type, NULL);
    if (rtp->payload_type >= FIRST_DYNAMIC) /* stock asks nobody about the others */
        retype(pinfo, flow->session, rtp->payload_type, name, wrapper);
}

enum hik_es_codec hik_payload_check_codec(const struct hik_flow *flow)
{
    const struct bare *bare = (const struct bare *)flow->bare;

    return bare ? (enum hik_es_codec)bare->video.codec : HIK_ES_UNKNOWN;
}

void hik_payload_check_count(struct hik_content *content, const struct hik_h26x_rtp *video)
{
    const struct hik_h26x_count *count = hik_h26x_count(video);

    if (!count)
        return;
    content->codec = hik_es_codec_name((enum hik_es_codec)video->codec);
    content->frames = count->frames;
    content->key_frames = count->key_frames;
    content->width = count->width;
    content->height = count->height;
    content->frame_rate = count->frame_rate;
}

bool hik_media_is_program_stream(const struct hik_rtp *rtp)
{
    struct hik_flow *flow = rtp->flow;
    const char *declared;

    if (!flow->session || rtp->payload_type == flow->other_than_ps)
        return false;
    declared = hik_media_declared(flow->session, rtp->payload_type, NULL);
    if (declared ? hik_sdp_encoding_is_ps(declared) : flow->mp2p && flow->content->ps_packets > 0 && !hik_media_static_codec(rtp->payload_type))
        return true;
    if (declared || !flow->mp2p)
        flow->other_than_ps = rtp->payload_type;
    return false;
}

void hik_payload_check(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp *rtp, dissector_handle_t wrapper)
{
    struct hik_flow *flow = rtp->flow;
    struct bare *bare = (struct bare *)flow->bare;
    struct hik_h26x_rtp *video = bare ? &bare->video : NULL;
    unsigned captured = tvb_captured_length(tvb), len;
    const char *declared;
    const uint8_t *payload;
    bool audio;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (rtp->flags & HIK_RTP_DUPLICATE || rtp->payload_off >= captured)
        return;
    len = MIN(captured - rtp->payload_off, rtp->payload_len);
    if (len < 2)
        return;
    if (flow->mp2p) { /* a program stream, and this is another payload type */
        declared = hik_media_declared(flow->session, rtp->payload_type, NULL);
        if (!declared || hik_sdp_encoding_is_ps(declared)) {
            flow->looked_at = rtp->payload_type;
            /* Else stock would give it to whoever has the number by default: 100 is an event of Cisco's. */
            if (!declared && rtp->payload_type >= FIRST_DYNAMIC && hik_media_is_program_stream(rtp))
                retype(pinfo, flow->session, rtp->payload_type, "PS", wrapper);
            return;
        }
    }
    payload = tvb_get_ptr(tvb, (int)rtp->payload_off, (int)len);
    if (payload[0] == 0 && payload[1] == 0 && hik_ps_looks_like_pack(payload, len)) {
        declared = hik_media_declared(flow->session, rtp->payload_type, NULL);
        if (declared && hik_sdp_encoding_is_ps(declared)) {
            flow->looked_at = rtp->payload_type;
            return;
        }
        if (!declared && rtp->payload_type == 96) {
            /* Annex C says so. Where stock was told, the first packet would have been the last one seen here. */
            if (flow->packets > 1 && !flow->look_seq) {
                flow->look_seq = rtp->extended_seq;
                retype(pinfo, flow->session, rtp->payload_type, "PS", wrapper);
            }
        } else if (!flow->look_frame) {
            found(pinfo, rtp, "PS", "MPEG program stream", wrapper);
        }
        return;
    }
    if (!video) {
        if (!hik_flow_may_have_state(flow))
            return;
        if (flow->mp2p || rtp->payload_type < FIRST_DYNAMIC)
            return;
        declared = hik_media_declared(flow->session, rtp->payload_type, &audio);
        if (declared && (audio || hik_sdp_encoding_is_ps(declared)))
            return;
        flow->bare = bare = wmem_new0(wmem_file_scope(), struct bare);
        flow->content = &bare->content;
        video = &bare->video;
        video->payload_type = rtp->payload_type;
        video->codec = (uint8_t)codec_of_name(declared ? declared : rtp->payload_type == 98 ? "H264" : NULL); /* annex C */
    }
    if (rtp->payload_type != video->payload_type)
        return;
    if (hik_h26x_rtp_feed(video, rtp->extended_seq, rtp->timestamp, payload, len))
        found(pinfo, rtp, video->codec == HIK_ES_H265 ? "H265" : "H264", hik_content_kind_name(video->looker.look), wrapper);
    hik_payload_check_count(&bare->content, video);
}
