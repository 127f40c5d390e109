/* parts.h
 * The registration functions of every part, and nothing else. The front doors call each one once; a part owns its
 * fields, subtrees, expert items and dissector tables. proto: the number of the hikcascade protocol.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_PARTS_H
#define HIK_PARTS_H

/* Front doors. */
void proto_register_hikcascade(void);
void proto_reg_handoff_hikcascade(void);
void hik_media_front_door_register(int proto);
void hik_media_front_door_handoff(void);

/* common, sip, session */
void hik_stock_register(int proto);
void hik_sip_tree_register(int proto);
void hik_session_register(int proto);
void hik_dialog_register(void);
void hik_session_tree_register(int proto);
void hik_current_message_register(int proto);
void hik_catalog_register(void);

/* media, mpegps, mans */
void hik_media_register(int proto);
void hik_tcp_handoff(void);
void hik_mp2p_register(int proto);
void hik_mp2p_handoff(void);
void hik_manscdp_register(int proto);
void hik_manscdp_handoff(void);
void hik_mansrtsp_register(int proto);
void hik_mansrtsp_handoff(void);

/* verdict, tables */
void hik_correlate_register(void);
void hik_message_findings_register(int proto);
void hik_rtp_findings_register(int proto);
void hik_tap_register(void);
void hik_table_register(void);
void hik_table_print_register(int proto);
void hik_tap_sessions_register(void);
void hik_tap_messages_register(void);
void hik_tap_series_register(void);
void hik_tap_platforms_register(void);
void hik_tap_catalog_register(void);
void hik_tap_tree_register(void);
void hik_export_register(int proto);

#endif
