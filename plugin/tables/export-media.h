/* export-media.h
 * File > Export Objects > HIKCASCADE, and tshark --export-objects hikcascade,DIR: the media of every RTP flow as files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_EXPORT_MEDIA_H
#define HIK_EXPORT_MEDIA_H

#include "rtp-flow.h"

/* Does anybody export? */
bool hik_export_is_asked_for(void);
/* Hands an RTP packet to whoever exports; does nothing if nobody does. tvb: the whole RTP packet, rtp: what was found
 * about it. */
void hik_export_queue(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp *rtp);
/* The packet at hand brings an SDP of the session, after stock's sip: what the files of its media are may be known only now. */
void hik_export_queue_sdp(packet_info *pinfo, const struct hik_session *session);

#endif
