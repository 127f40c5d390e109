/* session.h
 * What the capture taught us: INVITE sessions (RFC 3261 dialogs), platform pairs, and one record per SIP message.
 * session.c is the only writer; everything here is written on the first pass and only read later.
 *
 * All memory is wmem_file_scope(): it lives until the capture is closed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SESSION_H
#define HIK_SESSION_H

#include "ws-compat.h"

#include "cut.h"
#include "endpoint.h"
#include "kept.h"
#include "sdp.h"
#include "sip-message.h"
#include "text.h"

struct hik_flow; /* rtp-flow.h */

enum hik_direction {
    HIK_DIR_UNKNOWN = 0,
    HIK_DIR_UP = 1,  /* lower platform to upper platform */
    HIK_DIR_DOWN = 2 /* upper to lower */
};

/* An rtpmap of an m= section. */
struct hik_payload_map {
    const char *codec;       /* encoding name */
    uint32_t clock;
    uint8_t pt;
};

/* One m= section of an SDP, as far as a session needs it. */
struct hik_media_line {
    bool audio;              /* m=audio */
    bool tcp;                /* m= names TCP, or there is a=setup */
    bool tcp_by_setup;       /* only a=setup says so */
    bool addr_ok;            /* c= is an IP address: endpoint.addr is set */
    bool port_ok;
    uint8_t first_pt;        /* first format of m=; 255 if none */
    uint16_t rtcp_port;      /* a=rtcp:, else port + 1; 0 if there is none */
    const char *host;        /* what c= says where that is no IP address; NULL: it is one, or says nothing */
    struct hik_endpoint endpoint; /* c= and m= */
    enum hik_sdp_attr direction; /* HIK_ATTR_RECVONLY ... or OTHER */
    enum hik_sdp_setup setup;
    uint64_t formats[2];     /* all formats of m=: bit pt % 64 of formats[pt / 64] */
    const char *codec;       /* encoding name of first_pt's rtpmap ("PS"), NULL if none */
    struct hik_payload_map *maps; /* all rtpmaps of the section */
    unsigned map_count;
};

/* An SDP body of a session: the offer or the answer. */
struct hik_description {
    uint32_t frame;          /* first frame that carried it; 0 = none seen */
    unsigned media_count;
    struct hik_media_line *media; /* media_count of them, file scope */
    enum hik_ssrc_kind y_kind;
    uint32_t ssrc;           /* of y=; valid for OK, SHORT, LONG */
    const char *y_text;
    bool has_y;              /* a y= line is there */
    bool broken_lines;       /* some line is no x=value, or blank: stock stops reading there */
    bool cut;                /* the capture does not hold all of it, perhaps nothing */
    bool by_callee;          /* of an offer: the callee wrote it, in a re-INVITE of its own */
    enum hik_sdp_session_name session_name;
};

enum hik_session_kind {
    HIK_KIND_UNKNOWN,
    HIK_KIND_PLAY,
    HIK_KIND_PLAYBACK,
    HIK_KIND_DOWNLOAD,
    HIK_KIND_TALK,     /* s=Talk, or m=audio pulled by the upper platform */
    HIK_KIND_BROADCAST /* INVITE from the lower platform, m=audio */
};

/* The SSRC that a session announces from a frame on. */
struct hik_expectation {
    uint32_t frame;
    uint32_t ssrc;
    bool known;
};

/* Bytes as they stand in a message, file scope: tags need not be UTF-8, and compare byte by byte (RFC 3261 19.3). */
struct hik_bytes {
    const uint8_t *bytes;
    uint32_t len;
};

/* A BYE of a session. First pass. */
struct hik_bye {
    uint32_t frame;
    enum hik_direction direction;
    uint16_t refused;        /* final answer that says that the call goes on; 0 if none did */
    bool by_caller;
    nstime_t time;
};

/* From a frame on the call is ended by that BYE, or, where bye_frame is 0, it goes on again: its BYE was refused. */
struct hik_ending {
    uint32_t frame;
    uint32_t bye_frame;
    nstime_t bye_time;
};

/* An INVITE session. Frame numbers are 0 where the frame was not seen; times are the capture's absolute times. */
struct hik_session {
    uint32_t index;           /* hikcascade.session */
    enum hik_session_kind kind;
    const char *call_id;
    struct hik_bytes caller_tag; /* From tag of the INVITE; empty if the INVITE was not seen and not known */
    struct hik_bytes callee_tag; /* To tag of the final answer; its bytes are NULL until it is known */
    const char *camera;       /* ID of the camera: Subject's sender, else the Request-URI's user, else o=; NULL */
    const char *caller_id, *callee_id; /* of the platforms: From of the INVITE, Contact of its 200; NULL if not known */
    struct hik_session *older_recording; /* of the same camera; NULL if there is none or it is no recording */
    struct hik_session *same_ids; /* an older session with the same Call-ID and caller's tag, NULL */
    bool listed;              /* among the recordings of its camera */

    bool began_before;        /* the INVITE is not in the capture */
    bool moved;               /* a re-INVITE was answered 2xx */
    bool cancel_answered;
    enum hik_direction invite_direction; /* HIK_DIR_DOWN: the caller is the upper platform; UNKNOWN if not known */
    struct hik_endpoint caller; /* who sent the INVITE (source of the packet) */
    struct hik_endpoint callee;

    uint32_t first_frame;     /* first frame of the session, whatever it is */
    uint32_t invite_frame;
    nstime_t first_time;
    nstime_t last_time;       /* last packet of its signalling and RTCP; RTP is in the flows */
    nstime_t invite_time;
    uint32_t invite_cseq;     /* CSeq number of the newest INVITE without a To tag */
    uint32_t reinvite_frame;  /* last re-INVITE (one with a To tag) */
    uint32_t reinvite_first;  /* the same, the first time it was sent */
    uint32_t moved_frame;     /* newest 2xx to a re-INVITE; while it is sent again the other side may not have it; 0: none */
    nstime_t moved_time;
    uint32_t provisional_frame; /* first 1xx */
    uint16_t provisional_status; /* highest 1xx seen */
    uint16_t final_status;
    uint32_t final_frame;     /* first final answer to the INVITE other than 401/407 */
    uint32_t answer_frame;    /* first 200 to the INVITE */
    const char *final_reason; /* reason phrase as sent */
    nstime_t final_time;
    unsigned answer_count;    /* 2xx answers with different To tags: forks */
    unsigned forks_open;      /* of these, acknowledged and not left by an early BYE */
    unsigned invites;         /* initial INVITEs since the last challenge, retransmissions included */
    uint32_t challenge_cseq;  /* CSeq of an INVITE that was answered 401 or 407 and by nothing better yet; 0 = none */
    uint16_t challenge;       /* 401 or 407 to the INVITE, 0 again when an INVITE followed */
    bool heard_caller, heard_callee; /* some message of the session was sent by that side */
    uint32_t ack_frame;       /* first ACK other than a challenge's */
    uint32_t cancel_frame;
    unsigned cancels;         /* CANCELs, retransmissions included */
    nstime_t ack_time, cancel_time; /* of ack_frame and cancel_frame */
    nstime_t callee_time;     /* of the last message that the callee sent; valid if heard_callee */
    unsigned messages, copies; /* SIP messages; and datagrams of them that are in the capture once more */
    uint32_t bye_frame;       /* first BYE that was not refused: the call is over */
    enum hik_direction bye_direction;
    nstime_t bye_time;
    uint32_t bye_answer_frame;
    uint16_t bye_refused;     /* the answer that refused the last BYE that was refused; 0 if none was */
    bool bye_by_caller;
    bool cut_answer;          /* the message of cut_frame is an answer */
    struct hik_history byes;  /* struct hik_bye, retransmissions excluded */
    struct hik_history endings; /* struct hik_ending */
    unsigned byes_refused;    /* so many of the first of `byes` were refused */
    uint32_t file_end_frame;  /* MediaStatus 121: the sender has sent its file to the end */
    nstime_t file_end_time;

    unsigned unreachable;     /* ICMP errors about it before its BYE */
    uint32_t unreachable_frame, unreachable_last; /* first and last of them */
    uint32_t cut_frame;       /* first message of which the capture lacks SDP; 0 = none */
    struct hik_endpoint unreachable_what; /* of the first ICMP error */
    struct hik_cut cut;       /* of cut_frame */

    struct hik_description offer, answer; /* the newest of each: a re-INVITE replaces them */
    struct hik_agreed {
        struct hik_description offer, answer;
    } *agreed_before;         /* before the last re-INVITE: what holds again when it is refused; NULL: none came */
    uint32_t offer_cseq;      /* CSeq number of the newest INVITE or UPDATE that asks for media: no other answer's SDP counts */
    enum hik_method offer_method; /* its method; NONE if no such request was seen */
    bool offer_by_callee;     /* who sent it: the two sides count their CSeqs apart */
    bool subject_cut;         /* the capture cut the INVITE before its Subject, which would name the camera */

    /* MANSRTSP, written by hik_session_playback() */
    bool paused, paused_before; /* now, and before the last request that set it */
    uint32_t playback_frame;  /* of that request, 0: none */
    double scale, scale_before; /* 1.0 until a Scale came */
    int64_t playback_cseq;    /* its MANSRTSP CSeq; -1: it says none */
    enum hik_direction playback_direction;

    uint32_t first_media_frame; /* rtp-flow.c's, as all of its RTP: first packet */
    struct hik_history expectations; /* struct hik_expectation, one per change of the announced SSRC */
    const char *error_code, *error_text;  /* <ErrorInfo> of a failed INVITE, NULL if none */

    /* rtp-flow.c's, on the first pass. What its RTP packets add up to: hik_media_sum() */
    struct hik_flow *flows;   /* RTP flows of this session, newest first, linked by hik_flow.next_in_session */
    nstime_t first_media_time;
    unsigned flow_count;
    uint32_t rtcp_packets;
    uint32_t rtcp_sent;       /* highest packet count of its sender reports */

    /* TCP media connection (not RTCP's own), rtp-over-tcp.c's: its SYN, its SYN ACK, the first RST, the first segment with
     * data */
    uint32_t tcp_syn_frame, tcp_accept_frame, tcp_rst_frame, tcp_data_frame;

    uint32_t told_frame;      /* closing.c's, first pass: where the call's end was told of; 0 = nowhere yet */
    nstime_t end;             /* facts.c's, set whenever the sessions are compared: last packet of any kind */
    const char *verdict;      /* facts.c's: made by the first who asks, until something new comes; NULL: nobody asked */
    uint64_t warned, failed;  /* with it: a bit for each code whose finding is a warning, or an error */
};

/* First pass. The newest session of the message's Call-ID, NULL if there is none. Does not take the message in. */
struct hik_session *hik_session_of_call(const uint8_t *buf, const struct hik_sip *sip);

/* The expected SSRC: the answer's y= if it has a usable one, else the offer's. False if neither announced one. */
bool hik_session_expected_ssrc(const struct hik_session *session, uint32_t *ssrc);

/* The same as it was at a frame: a re-INVITE may announce another. Any pass. */
bool hik_session_expected_ssrc_at(const struct hik_session *session, uint32_t frame, uint32_t *ssrc);

/* The capture does not hold all of the SDPs that count: what they do not say may be behind the cut. */
bool hik_session_sdp_is_cut(const struct hik_session *session);

/* Who wrote the session's newest offer: after a re-INVITE of the callee, offer and answer have changed sides. */
const struct hik_description *hik_session_caller_sdp(const struct hik_session *session);
const struct hik_description *hik_session_callee_sdp(const struct hik_session *session);
/* The first m= line of an SDP, NULL if there is none. */
const struct hik_media_line *hik_description_first_line(const struct hik_description *sdp);

/* First pass only. An ICMP error came that holds a packet of this session to that endpoint. */
void hik_session_unreachable(packet_info *pinfo, struct hik_session *session, const address *addr, uint16_t port);

/* First pass only. This frame adds to what is known of the calls: SIP, media, connections. What was judged before is out of
 * date. */
void hik_session_saw(packet_info *pinfo);
/* The last such frame, 0: none. */
uint32_t hik_session_newest_frame(void);
/* When the newest SIP message came. */
const nstime_t *hik_session_last_message_time(void);
/* The BYE that a session's call was over by when that frame came; false if it was not over. Any pass. */
bool hik_session_ended_at(const struct hik_session *session, uint32_t frame, uint32_t *bye_frame, nstime_t *bye_time);

/* Ended, or never begun, as far as the capture was read: no media of its own is to be expected. */
bool hik_session_is_over(const struct hik_session *session);
/* First pass. Its answer came a moment ago, or its INVITE, if it has none yet: who opens a wall of pictures begins calls at once. */
bool hik_session_has_just_begun(const struct hik_session *session, const nstime_t *now);

/* All sessions of the capture, in order of index. */
unsigned hik_session_count(void);
struct hik_session *hik_session_get(unsigned index);

/* What one SIP message turned out to be. One per message, kept with its packet; so they are small. */
struct hik_message {
    struct hik_session *session; /* NULL if it belongs to none */
    struct hik_platforms *platforms; /* the pair of platforms it travels between, NULL if unknown */
    enum hik_direction direction : 8;
    enum hik_method method : 8;  /* of the request; for an answer, of CSeq */
    enum hik_session_kind kind : 8; /* of its session, as far as it is known by then */
    bool is_request : 1;
    bool retransmission : 1;     /* same branch, method and CSeq seen before */
    bool tcp_again : 1;          /* a retransmission over TCP, or what came before the final answer behind it. A client sends nothing
                                    again there (RFC 3261, 17.1.1.2 and 17.1.2.2): it was TCP, and whether stock gives it to SIP
                                    depends on its version */
    bool with_credentials : 1;   /* REGISTER with an Authorization */
    bool keepalive : 1;          /* a Keepalive notification, or an answer to one */
    bool tied_by_cseq : 1;       /* answer whose Call-ID and branch fit nothing: tied by CSeq and addresses alone */
    bool goes_on : 1;            /* answer that refuses the BYE by which the session's call was over */
    bool unplaced : 1;           /* so little that nobody can tell what it belongs to */
    bool first_copy : 1;         /* the first copy of the capture */
    bool carries_offer : 1, carries_answer : 1; /* its SDP became the session's offer or answer */
    uint16_t status;
    uint32_t copy_of;            /* the same datagram stands in that frame, too, and was taken in there; 0: this is the first */
    uint32_t request_frame;      /* answer: the frame of its request, 0 if not seen */
    nstime_t request_time;
    const struct hik_message *request; /* answer: its request, NULL if not seen */
    struct hik_request *asked;   /* first sending of a request outside of calls: request.h's record; else NULL */
    const struct hik_subscribed *subscribed; /* subscription.h's record; NULL: it is no part of a subscription */
    struct hik_cut cut;          /* of its packet; sent is 0 where the capture holds all of it */
};

/* What named a platform: the better one wins, of equals the first. */
enum hik_id_source {
    HIK_ID_BY_NONE,
    HIK_ID_BY_GUESS,     /* From, To or Contact of any message: an alarm channel's ID, maybe */
    HIK_ID_BY_KEEPALIVE,
    HIK_ID_BY_REGISTER
};

/* Signalling state between a lower and an upper platform, from REGISTER and keep-alives. A pair is known by its two IDs;
 * addresses and ports are where it is at the moment. Written on the first pass by platforms.c (who and where) and
 * registration.c (the rest). */
struct hik_platforms {
    uint32_t index;
    struct hik_endpoint lower, upper; /* the newest */
    const char *lower_id, *upper_id; /* NULL until known */
    enum hik_id_source lower_source, upper_source;
    struct hik_endpoint contact;  /* of the last REGISTER, where it is another place than the packet's source */
    bool sure;                    /* roles come from a REGISTER, not from a guess */
    bool cut;                     /* the capture cut a message of the two: what seems to be missing may be in it */
    bool turned;                  /* platforms.c: an earlier guess who is below was wrong */
    uint32_t placed_frame;        /* newest request of the lower platform: it says where both are; 0: none came */
    /* What was taken for two pairs is one: hik_platforms_now(). Of platforms.c alone, as is what follows. */
    struct hik_platforms *merged_into; /* the pair that this one turned out to be; NULL: it stands for itself */
    const char *settled_lower, *settled_upper; /* the IDs that it was looked for under */
    struct hik_platforms *parts, *next_part; /* those that turned out to be this one */
    struct hik_platforms *shown;  /* hik_platforms_shown(), when it was asked for last */
    struct hik_platforms *joined, *next_joined; /* those shown as this one */

    uint32_t register_frame;      /* last REGISTER */
    uint32_t register_answer_frame;
    uint16_t register_status;     /* of the last final answer */
    bool registered;
    nstime_t registered_since;    /* first 200 of this registration */
    nstime_t registered_until;    /* last 200 plus Expires */
    uint32_t expires;             /* seconds, of the last 200 (else of the REGISTER) */
    uint32_t expires_asked;       /* seconds, of the last REGISTER */
    bool logging_off;             /* it said that they are 0 */
    const char *contact_user, *contact_host; /* of its Contact; NULL if it has none */
    uint16_t contact_port;
    const char *nonce;            /* bytes of the last challenge's, "" if it had none; NULL: no challenge yet */
    uint32_t credentials_frame;   /* last REGISTER with an answer to that challenge, 0: none */
    unsigned unauthorized_in_row; /* 401 answers with no other final answer in between */
    unsigned refused_in_row;      /* of these, those that refuse credentials which answered the newest challenge */
    unsigned old_nonce_in_row;    /* and those that refuse credentials for another challenge, after a newer one */
    unsigned challenges_in_row;   /* challenges without a REGISTER with credentials in between */
    uint32_t challenge_frame;     /* the last of them */
    unsigned registers, register_failures;

    uint32_t keepalive_frame;     /* last Keepalive MESSAGE */
    nstime_t keepalive_time;      /* last one that was not refused */
    nstime_t keepalive_before;    /* the one before it */
    unsigned keepalives;          /* that were not refused */
    nstime_t keepalive_accepted;  /* last keep-alive that was answered 2xx: when it was sent */
    unsigned keepalives_refused;
    unsigned refused_keepalives_in_row;

    unsigned sessions;            /* INVITE sessions between the two */
    unsigned failures;            /* of those, rejected */
};

/* First pass only. Takes a message in; buf is the datagram or stream piece it was parsed from, sdp its
 * body if that is SDP, else NULL; cut: what the capture kept of its packet. Returns its record, which the caller keeps with
 * the packet. */
struct hik_message *hik_session_take(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip,
                                     const struct hik_sdp *sdp, struct hik_cut cut);

/* The pair that this one is known to be by now. First pass: for what is kept; later passes: what a message kept may be
 * another one. NULL for NULL. */
struct hik_platforms *hik_platforms_now(struct hik_platforms *pair);
/* The pair that a table shows it as, as far as is known when it is asked for: a pair that nothing names is the one named pair
 * between its two addresses, whatever its ports are. Any pass. */
struct hik_platforms *hik_platforms_shown(struct hik_platforms *pair);
/* The number it is shown under: the smallest of those shown as one. */
uint32_t hik_platforms_number(struct hik_platforms *pair);
/* The pairs shown as that one beside itself, one after the other: NULL begins, NULL ends. */
struct hik_platforms *hik_platforms_joined(struct hik_platforms *pair, struct hik_platforms *before);

/* Those merged into that one, in the same way. */
struct hik_platforms *hik_platforms_parts(struct hik_platforms *pair, struct hik_platforms *before);

/* What is missing between the two may be in the capture, in SIP messages that are cut: then its absence means nothing. */
bool hik_platforms_are_cut(const struct hik_platforms *pair);

/* First pass only. Another copy of the datagram that message came in, in that frame: it teaches nothing. Returns its own
 * record. */
struct hik_message *hik_session_copy(packet_info *pinfo, const struct hik_message *message, uint32_t frame);
/* The same for the TCP segment in which the message ended: it is counted, and shows nothing, because stock gives it to nobody. */
void hik_session_segment_copy(packet_info *pinfo, const struct hik_message *message);

/* The call of this message, or the request it answers, was taken in before. strict: an answer that fits by nothing but its
 * Via branch does not count. Changes nothing. */
bool hik_session_knows(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip, bool strict);

/* First pass only. MANSRTSP in this request told its session's player something. scale 0 = not said; cseq: MANSRTSP's, -1 = none. */
void hik_session_playback(packet_info *pinfo, const struct hik_message *message, double scale, bool paused, int64_t cseq);
/* First pass only. This message carries an RTSP answer of that status: what the request asked for did not happen if it is
 * a refusal, though SIP says 200. It is the SIP answer, or a request of the player's own, which repeats the CSeq. */
void hik_session_playback_answer(packet_info *pinfo, const struct hik_message *message, unsigned rtsp_status, int64_t cseq);
/* First pass only. This message is a MediaStatus of a camera (NULL: it does not say): file_end says that the sender of its
 * recording is at the end (121). Outside of the dialog it becomes part of the one recording of the camera that it can mean. */
void hik_session_media_status(packet_info *pinfo, struct hik_message *message, const char *camera, bool file_end);

/* For the parts of this folder, first pass only: numbers a new session, counts a message, keeps the announced SSRC after
 * the offer or the answer changed. */
void hik_session_add(struct hik_session *session);
void hik_session_count_message(packet_info *pinfo);
void hik_session_keep_expectation(packet_info *pinfo, struct hik_session *session);
/* The packet goes from one end of the session's SIP to the other. */
bool hik_session_is_between_ends(packet_info *pinfo, const struct hik_session *session);

#endif
