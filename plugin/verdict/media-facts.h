/* media-facts.h
 * The media of a session as plain facts: what went which way, by which m= line, and what it turned out to be. Judged
 * from the flows when it is asked for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MEDIA_FACTS_H
#define HIK_MEDIA_FACTS_H

#include "facts.h"

/* Is the flow one that y= speaks of: of the first m= line, and in the direction the session is about? */
bool hik_media_facts_is_announced(const struct hik_session *session, const struct hik_flow *flow);

/* First pass. Notes the flow's m= line and direction, and whether it goes where it should, by the newest SDPs. nth: of the packet
 * in its frame. */
void hik_media_facts_place(packet_info *pinfo, const struct hik_session *session, struct hik_flow *flow, uint32_t nth);

/* First pass. A packet of a flow whose receiver a re-INVITE moved away: longer after the answer than it may be on its way? */
void hik_media_facts_count_left(packet_info *pinfo, const struct hik_session *session, struct hik_flow *flow, uint32_t nth);

/* For facts.c. Which way media is to go: sets leg[].wanted and talk. A line may be NULL. */
void hik_media_facts_wanted(const struct hik_session *session, const struct hik_media_line *caller,
                            const struct hik_media_line *callee, struct hik_facts *f);
/* For facts.c. leg[way], and hik_case.main_flow. Linear in the flows of the session. */
void hik_media_facts_leg(const struct hik_session *session, unsigned way, const struct hik_media_line *receiver,
                         const struct hik_media_line *sender, struct hik_case *out);
/* For facts.c, after both legs: codec, pictures, what the payload is. */
void hik_media_facts_content(const struct hik_session *session, struct hik_case *out);

/* The payload type is in some m= line of the session's newest SDPs. */
bool hik_media_facts_declares(const struct hik_session *session, uint8_t payload_type);

#endif
