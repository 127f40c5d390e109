/* payload-check.h
 * RTP of a session whose payload type the SDP does not call a program stream: is it one all the same, or other video
 * than was said?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MEDIA_LOOK_H
#define HIK_MEDIA_LOOK_H

#include "codecs.h"
#include "rtp-flow.h"

/* First pass, before stock rtp has the packet; for flows of a session in which no program stream was seen so far. Where
 * the bytes contradict the SDP, stock is told what they are, from this packet on. wrapper: the dissector around stock
 * rtp that a conversation over UDP has to keep. */
void hik_payload_check(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp *rtp, dissector_handle_t wrapper);

/* H.264 or H.265, if the flow is that, without a program stream around it; as far as is known. */
enum hik_es_codec hik_payload_check_codec(const struct hik_flow *flow);

/* Every pass, after stock had the RTP packet that is the whole tvb: where the payload is part of a program stream and was
 * not given to its parser, because another plugin has taken that encoding name, because stock asks nobody about such a payload
 * type, or because no SDP names it, it is given to it here. */
void hik_mp2p_after_stock(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_rtp *rtp);

/* First pass: is the payload, which stock gave to somebody else, part of a program stream? It is if the SDP says so, and if a
 * program stream goes on under a payload type of which the SDP says nothing. */
bool hik_media_is_program_stream(const struct hik_rtp *rtp);

/* Name of what a payload type without rtpmap is (RFC 3551, table 4 and 5), NULL if it is dynamic. Static. */
const char *hik_media_static_codec(uint8_t payload_type);

/* The encoding name that the session's SDP gives a payload type, else the one it always has (RFC 3551); NULL: none.
 * audio, if not NULL: it is that of an m=audio. */
const char *hik_media_declared(const struct hik_session *session, uint8_t payload_type, bool *audio);

/* Takes over what was counted of video without a program stream, once its codec is known. */
struct hik_h26x_rtp; /* h26x-rtp.h */
void hik_payload_check_count(struct hik_content *content, const struct hik_h26x_rtp *video);

#endif
