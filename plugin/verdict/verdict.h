/* verdict.h
 * What an INVITE session's record says about it: one sentence for a field engineer who asks why there is no video.
 *
 * Pure: takes a plain struct of facts (times in seconds, addresses as text), returns codes and sentences. No Wireshark
 * header, no allocation. Timers are RFC 3261's (17.1.1.2); what is lost is counted as in RFC 3550 A.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_VERDICT_H
#define HIK_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "sdp.h"

/* An SSRC as every sentence has it: ten digits, as y= writes it, and hex, as Wireshark does. Takes it twice. */
#define HIK_SSRC_FORMAT "%010u (0x%08x)"

/* Stable names: hik_verdict_code_name(). Within one severity the earlier code is the worse one. */
enum hik_code {
    HIK_CODE_REJECTED,
    HIK_CODE_UNREACHABLE,
    HIK_CODE_NO_ANSWER,
    HIK_CODE_CANCELLED,
    HIK_CODE_PORT_ZERO,
    HIK_CODE_TCP_ROLE,
    HIK_CODE_TCP_REFUSED,
    HIK_CODE_TCP_NO_CONNECTION,
    HIK_CODE_NO_ACK,
    HIK_CODE_NO_MEDIA,
    HIK_CODE_WRONG_DESTINATION,
    HIK_CODE_SSRC_MISMATCH,
    HIK_CODE_NOT_PS,
    HIK_CODE_PAYLOAD_TYPE,
    HIK_CODE_ENCRYPTED,
    HIK_CODE_ONE_WAY,
    HIK_CODE_NO_KEY_FRAME,
    HIK_CODE_LOSS,
    HIK_CODE_SSRC_SHARED,
    HIK_CODE_SSRC_CHANGED,
    HIK_CODE_UNNEGOTIATED,
    HIK_CODE_MEDIA_AFTER_BYE,
    HIK_CODE_NO_BYE,
    HIK_CODE_PRIVATE_ADDRESS,
    /* not faults */
    HIK_CODE_IN_PROGRESS,  /* the capture ends before the outcome */
    HIK_CODE_BEGAN_BEFORE, /* the INVITE is not in the capture */
    HIK_CODE_CUT,          /* the capture cut the SIP messages (snap length): media cannot be judged */
    HIK_CODE_NOT_CAPTURED, /* no media of any call is in the capture: this call's cannot be judged */
    HIK_CODE_OK,
    HIK_CODE_ONE_SIDED,    /* the answers are not in the capture */
    HIK_CODE_NAT,          /* media from the SIP source instead of c= */
    HIK_CODE_SSRC_CONSTANT,
    HIK_CODE_SLOW_START,
    HIK_CODE_DUPLICATES,
    HIK_CODE_SEQUENCE,     /* the sequence numbers are odd */
    HIK_CODE_FORKED,
    HIK_CODE_TCP_FRAMING,  /* RTP over TCP in other frames than RFC 4571's */
    HIK_CODE_INCOMPLETE,   /* the capture lacks bytes of the media connection */
    HIK_CODE_RECONNECTED,  /* the media connection was reopened */
    HIK_CODE_MOVED,        /* re-INVITE */
    HIK_CODE_RETRANSMITTED,
    HIK_CODE_COPIES,       /* the capture holds its packets more than once */
    HIK_CODE_CASCADE,
    HIK_CODE_COUNT
};
const char *hik_verdict_code_name(enum hik_code code);

enum hik_severity { HIK_SEVERITY_NOTE, HIK_SEVERITY_WARN, HIK_SEVERITY_ERROR };

enum hik_state { HIK_STATE_INVITING, HIK_STATE_RINGING, HIK_STATE_ESTABLISHED, HIK_STATE_CLOSED, HIK_STATE_FAILED };
const char *hik_verdict_state_name(enum hik_state state);

/* Seconds after which a silence means something. */
#define HIK_WAIT_ANSWER 32.0  /* timer B: 64 * T1 */
#define HIK_WAIT_MEDIA 5.0    /* from the ACK to the first RTP packet */
#define HIK_WAIT_START 2.0    /* a BYE sooner than this after the ACK leaves no time for media */
#define HIK_HANG_UP 1.0       /* a sender that says BYE sooner than this after the ACK did not mean to send */
#define HIK_LONG_CALL 60.0    /* nobody watches nothing for so long */
#define HIK_WAIT_BYE 10.0     /* from the last RTP packet to the end of the capture, or to the BYE */
#define HIK_LATE_MEDIA 1.0    /* RTP after BYE: what is on its way is no fault */
#define HIK_LATE_MOVE 1.0     /* RTP to the old endpoint after a re-INVITE's answer: so much is on its way, or the sender still gets ready */
#define HIK_CROSSING 0.5      /* T1: what comes sooner after a CANCEL was on its way already */
#define HIK_WAIT_KEY 10.0     /* of video without a key frame */
#define HIK_MAX_INVITES 5     /* the INVITE, or a CANCEL, and four retransmissions */

enum hik_role { HIK_ROLE_NONE, HIK_ROLE_ACTIVE, HIK_ROLE_PASSIVE }; /* a=setup; actpass and holdconn are NONE */

/* Media of an m= line in one direction. Texts are "address:port" and may be NULL where not known. */
#define HIK_LINES HIK_SDP_MAX_MEDIA
struct hik_line {
    bool audio;
    const char *from;         /* where most of it comes from */
    const char *announced_from, *announced_to; /* by its sender and its receiver */
    const char *refused_by;   /* SIP endpoint of the side whose SDP says port 0 for it; NULL: neither does */
    uint32_t packets, expected, lost, duplicates;
    uint32_t restarts, strays, reused; /* sequence numbers: begun anew; of single packets that fit nothing; standing still */
    unsigned ssrcs;           /* different SSRCs */
    uint32_t ssrc, ssrc_packets; /* the one announced if it came, else the one most packets have; and its packets */
    uint32_t unnegotiated;    /* packets from a source no SDP announced */
    const char *unnegotiated_from;
    bool unnegotiated_is_host; /* that source has the announced address, and only the port differs */
    bool unnegotiated_is_peer; /* that source has the address of the SIP peer */
    uint32_t misdirected;     /* with the SSRC announced, to an endpoint the receiver did not announce, and none where it did */
    const char *misdirected_to;
    bool misdirected_same_port; /* of which the port is the one announced */
    uint32_t misrouted;          /* with another SSRC, from where the sender announced, to an endpoint the receiver did not; and none where it did */
    const char *misrouted_from, *misrouted_to;
    bool misrouted_is_host;      /* that endpoint has an address of the receiver's, and only the port differs */
    uint32_t crossed;         /* by their payload type of this line, to the endpoint announced for another one */
    const char *crossed_at, *crossed_own; /* that one, and the line's own */
    uint8_t crossed_pt;
    bool crossed_over;        /* they come from that endpoint over a TCP connection to it */
    bool crossed_audio;       /* it was announced for the audio */
    bool crossed_too;         /* other packets of the line still go to its own */
    uint32_t left;            /* that go on to where the receiver was before a re-INVITE, later than HIK_LATE_MOVE after its answer */
    const char *left_to;
    uint32_t left_answer;     /* frame of that answer */
    double left_seconds;      /* from it to the last of them */
    bool left_late;           /* later packets go to where the receiver is */
    bool left_same_port;      /* the port is the one announced now */
    uint32_t undeclared;      /* packets with a payload type that no m= line names */
    uint8_t undeclared_pt;
};

/* Media in one direction. Texts are "address:port" and may be NULL where not known. */
struct hik_leg {
    bool wanted;              /* the SDPs say media goes this way */
    const char *to;           /* what the receiver announced */
    const char *from;         /* what the sender announced */
    bool to_port_zero;
    enum hik_address_class to_class; /* of the address announced */
    enum hik_address_class sender_class; /* of the SIP peer that must send there */
    enum hik_address_class receiver_class; /* of the address that the receiver's own SIP comes from */
    bool to_is_peer;          /* the announced address is the one the receiver's SIP comes from */
    struct hik_line lines[HIK_LINES]; /* [0]: the one the session is about, and what no line announced */
    uint32_t packets, lost;   /* over all lines */
    const char *seen_from, *seen_to; /* of the flow with the most packets */
    uint32_t ssrc;            /* of that flow */
    uint32_t packets_expected_ssrc; /* packets with the SSRC announced */
    double seconds;           /* from the first to the last packet */
};

/* How RTP stands in a TCP connection. */
enum hik_framed {
    HIK_FRAMED_RFC4571,       /* two bytes of length */
    HIK_FRAMED_DOLLAR,        /* '$', channel, length (RFC 2326 10.12) */
    HIK_FRAMED_HEAD,          /* more bytes in front, the length the last two of them */
    HIK_FRAMED_TAG,           /* bytes in front, and no length */
    HIK_FRAMED_BARE           /* nothing in front */
};

/* The media connections of a session; texts are "address:port". */
#define HIK_TCP_TEXT 64
struct hik_tcp_facts {
    bool framed_seen;         /* RTP came over TCP */
    enum hik_framed framed;
    unsigned head;            /* bytes in front of each packet */
    unsigned anew;            /* times that a connection followed another with the same stream */
    char first_from[HIK_TCP_TEXT], second_from[HIK_TCP_TEXT]; /* who made the first two of them; valid if anew */
    uint32_t second_frame;
    uint64_t missing;         /* bytes that the capture lacks */
    unsigned holes;           /* in so many places */
    uint32_t missing_frame;   /* the frame behind the first of them */
    uint64_t open;            /* bytes that were lost on the connection and not sent again before it, or the capture, ended */
    unsigned open_holes;
    uint32_t open_frame;
    bool cut;                 /* the capture cut segments, the first to kept of sent bytes */
    uint32_t kept, sent;
    bool foreign;             /* bytes came that are no RTP */
    uint64_t foreign_bytes;
    uint32_t foreign_frame;
    const char *foreign_is;   /* what they are, NULL: not known */
    char foreign_from[HIK_TCP_TEXT], foreign_to[HIK_TCP_TEXT], foreign_first[HIK_TCP_TEXT]; /* the first of them, hex */
    bool misdirected;              /* who was to connect tried another port than the one announced */
    bool misdirected_refused, misdirected_up, misdirected_media;
    bool misdirected_audio;        /* it was announced for the audio, and others for other media */
    uint32_t misdirected_frame;
    bool reversed;                 /* who was to wait for the connection asked for one, and nobody else did */
    bool reversed_told;            /* a=setup says who was to wait */
    char reversed_from[HIK_TCP_TEXT], reversed_to[HIK_TCP_TEXT];
    char misdirected_from[HIK_TCP_TEXT], misdirected_to[HIK_TCP_TEXT], misdirected_instead[2 * HIK_TCP_TEXT];
};

/* What the capture cut off (snap length), in bytes of the packet. */
struct hik_cut_facts {
    bool sdp;                 /* SDPs of the session are not all there */
    bool answer;              /* the first of them is an answer's */
    bool unplaced;            /* SIP messages between its two hosts are cut so short that they may be of this session */
    uint32_t kept, sent, frame; /* of the first packet that sdp or, failing that, unplaced is about */
    uint32_t rtp_packets, rtp_kept, rtp_sent; /* RTP packets over UDP that are cut; and one of them */
    bool payload;             /* RTP payloads are cut, over UDP or TCP */
};

struct hik_facts {
    /* signalling */
    struct hik_cut_facts cut;
    bool began_before;        /* no INVITE in the capture */
    unsigned messages, copies; /* SIP messages, and datagrams of them that are in the capture once more */
    unsigned invites;         /* initial INVITEs, retransmissions included */
    uint16_t provisional;     /* highest 1xx, 0 = none */
    uint16_t challenge;       /* 401 or 407 that no further INVITE followed, else 0 */
    uint16_t final_status;    /* 0 = none */
    const char *reason;       /* of the final answer, NULL = none; valid UTF-8, may hold control characters */
    const char *error_code, *error_text; /* <ErrorInfo>, NULL = none; as above */
    bool acked, cancelled, bye, reinvited;
    bool acked_late;          /* the BYE stands before the ACK */
    bool callee_unheard;      /* nothing the callee sent is in the capture, though it answers: others acknowledge it */
    bool caller_unheard;      /* nothing the caller sent is in the capture, though it must have sent something meanwhile */
    unsigned forks;           /* 2xx answers with different To tags */
    const char *caller, *callee; /* "address:port" of SIP */
    const char *bye_by;       /* who sent the BYE, NULL = unknown */
    const char *receiver_sip; /* "address:port" of SIP of the side that is to receive */
    bool bye_by_sender;       /* the side that was to send the media, and only to send; not of a broadcast */
    bool bye_answered;        /* a BYE was answered, whether it is in the capture or not */
    uint16_t bye_refused;     /* the answer that refused a BYE, 0 = none */
    bool file_end;            /* MediaStatus 121: the file was sent to its end */
    double file_end_before;   /* from it to the end of the capture */
    double file_end_after;    /* from the ACK (else the 2xx) to it */
    double late_answer;       /* of a cancelled call that was answered: from the CANCEL to the answer, negative if before */
    unsigned unreachable;     /* ICMP errors about this session before its BYE */
    uint32_t unreachable_frame; /* the first of them */
    const char *unreachable_what; /* the endpoint it is about */
    double after_invite;      /* from the first INVITE to the end of the capture */
    unsigned cancels_unanswered; /* so many CANCELs were sent, and the capture goes on long enough to show that nothing answered them; 0 */
    double cancel_after;      /* from the first INVITE to the CANCEL */
    double after_answer;      /* from the ACK (else, or if it came after the BYE, the 2xx) to the BYE, else to the end of the capture */

    /* media; leg[0] goes to the caller, leg[1] to the callee */
    struct hik_leg leg[2];
    bool talk;                /* audio both ways */
    uint32_t rtcp_packets;
    uint32_t rtcp_sent;       /* RTP packets that RTCP says were sent, by its sender reports */
    bool capture_has_rtp;     /* some session of this capture has RTP */
    bool capture_has_media;   /* RTP, TCP connections for it, or RTCP without a word of RTP: media was not left out */
    uint32_t stray_packets;   /* RTP packets between the two platforms' addresses that no SDP in the capture names */
    uint32_t other_transport; /* the same between the two hosts of the media, over UDP where the SDPs say TCP, over TCP where they do not */
    bool tcp;
    enum hik_role offer_role, answer_role;
    bool tcp_syn;             /* somebody asked for the media connection */
    bool tcp_refused;         /* and was refused */
    bool tcp_up;              /* or got it */
    bool tcp_silent;          /* the media connection was accepted, and nothing came over it */
    const char *tcp_to;       /* the passive side's endpoint */
    struct hik_tcp_facts connections; /* valid if tcp */
    double first_media_after; /* from the ACK (else the 2xx) to the first RTP packet; negative = not known */
    uint32_t after_bye;       /* RTP packets after the BYE */
    double after_bye_seconds; /* from the BYE to the last of them */
    double silence;           /* from the last RTP packet to the end of the capture */
    bool paused;              /* MANSRTSP PAUSE */

    /* what was announced and what came */
    bool has_ssrc;            /* some side announced a usable SSRC */
    uint32_t ssrc;            /* the one that counts */
    bool ssrc_by_answer;
    const char *ssrc_text;    /* the y= as written */
    int shared_with;          /* another session, at the same time, same SSRC and receiver address; -1 = none */
    bool shared_port;         /* and the same port: the receiver has nothing else to tell them apart */
    bool declared_ps;
    bool encrypted;           /* the video is; key frames and frames are counted by what is not */
    const char *codec, *looks_like; /* NULL = not known */
    uint16_t width, height;
    double frame_rate;        /* 0 = not known */
    bool first_unread;        /* nobody looked into the first packet of one that has frames: a key frame may have begun there */
    uint32_t frames, key_frames, ps_packets, not_ps_packets;
    int cascade_with;         /* the session that carries the same camera over a platform of this one; -1 = none */
    const char *cascade_via;  /* that platform's address */
};

/* Sets what 0 does not mean: both session numbers and first_media_after to -1. */
void hik_facts_init(struct hik_facts *facts);

struct hik_finding {
    enum hik_code code;
    enum hik_severity severity;
    char text[240];           /* the sentence behind the code, valid UTF-8, no control characters, no '|'; may be "" */
};
struct hik_verdict {
    enum hik_state state;
    unsigned count;           /* never 0 after hik_verdict_judge() */
    struct hik_finding findings[HIK_CODE_COUNT]; /* worst first */
};

/* Judges a session. Constant time. */
void hik_verdict_judge(const struct hik_facts *facts, struct hik_verdict *out);
/* How grave a loss is: a warning from one packet in a thousand on. */
enum hik_severity hik_verdict_loss_severity(uint64_t lost, uint64_t expected);
/* The finding of that code, NULL if the verdict has none. */
const struct hik_finding *hik_verdict_find(const struct hik_verdict *verdict, enum hik_code code);
/* "CODE sentence; also CODE sentence; CODE sentence". Returns the length; cut at a character's border to size - 1. */
size_t hik_verdict_print(const struct hik_verdict *verdict, char *buf, size_t size);

/* Copies text for showing: at most max bytes, cut at a character's border and then ended by "...", control characters
 * and '|' as blanks. NULL gives "". dst holds at least max + 4 bytes. */
void hik_verdict_clean(char *dst, size_t max, const char *text);

#endif
