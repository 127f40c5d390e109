/* parts.h
 * The front door's registration functions, and those of every part. The front door calls each part's
 * hik_<part>_register() once; a part owns its fields, subtrees, expert items and dissector tables.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_PACKET_HIKCASCADE_H
#define HIK_PACKET_HIKCASCADE_H

void proto_register_hikcascade(void);
void proto_reg_handoff_hikcascade(void);

/* Parts under the hikcascade protocol. proto: its number. */
void hik_session_register(int proto);
void hik_session_tree_register(int proto);
void hik_findings_register(int proto);
void hik_media_register(int proto);
void hik_media_handoff(void);
void hik_sip_tree_register(int proto);
/* Tables and the counter tree. */
void hik_tap_sessions_register(void);
void hik_tap_messages_register(void);
void hik_tap_series_register(void);
void hik_tap_platforms_register(void);
void hik_tap_tree_register(void);

/* Parts that are protocols of their own. */
void hik_manscdp_register(int proto);
void hik_manscdp_handoff(void);
void hik_mansrtsp_register(int proto);
void hik_mansrtsp_handoff(void);
void hik_mp2p_register(int proto);
void hik_mp2p_handoff(void);

#endif
