/* sip-message.h
 * A SIP message as views: start line, headers, body. RFC 3261 section 7, read leniently.
 *
 * Pure: no Wireshark header. Nothing is copied or allocated: every view is an offset and a length into the
 * caller's buffer, so there is nothing to free. Every function is linear in the bytes it is given.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SIP_LINES_H
#define HIK_SIP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

enum hik_method {
    HIK_METHOD_NONE, /* not recognised: see hik_sip.method_text */
    HIK_METHOD_REGISTER,
    HIK_METHOD_INVITE,
    HIK_METHOD_ACK,
    HIK_METHOD_BYE,
    HIK_METHOD_CANCEL,
    HIK_METHOD_OPTIONS,
    HIK_METHOD_INFO,
    HIK_METHOD_MESSAGE,
    HIK_METHOD_SUBSCRIBE,
    HIK_METHOD_NOTIFY,
    HIK_METHOD_PRACK,
    HIK_METHOD_UPDATE,
    HIK_METHOD_REFER,
    HIK_METHOD_PUBLISH
};

/* Headers the plugin reads. Long and compact names, any case, map to the same value. */
enum hik_header_id {
    HIK_HDR_OTHER,
    HIK_HDR_VIA,            /* v */
    HIK_HDR_FROM,           /* f */
    HIK_HDR_TO,             /* t */
    HIK_HDR_CALL_ID,        /* i */
    HIK_HDR_CSEQ,
    HIK_HDR_CONTACT,        /* m */
    HIK_HDR_CONTENT_TYPE,   /* c */
    HIK_HDR_CONTENT_LENGTH, /* l */
    HIK_HDR_SUBJECT,        /* s */
    HIK_HDR_EVENT,          /* o */
    HIK_HDR_EXPIRES,
    HIK_HDR_SUBSCRIPTION_STATE,
    HIK_HDR_USER_AGENT,
    HIK_HDR_DATE,
    HIK_HDR_AUTHORIZATION,
    HIK_HDR_WWW_AUTHENTICATE,
    HIK_HDR_RECORD_ROUTE,
    HIK_HDR_X_GB_VER,
    HIK_HDR_X_ROUTE_PATH,
    HIK_HDR_X_PREFERRED_PATH,
    HIK_HDR_MONITOR_USER_IDENTITY,
    HIK_HDR_NOTE,
    HIK_HDR_SECURITY_INFO,
    HIK_HDR_COUNT
};

struct hik_header {
    enum hik_header_id id;
    struct hik_view name;  /* without the colon and the space before it */
    struct hik_view value; /* trimmed; a folded header keeps its line ends and indents inside */
};

#define HIK_LENGTH_ABSENT (-1)  /* no Content-Length */
#define HIK_LENGTH_BROKEN (-2)  /* Content-Length is not a number that fits */

struct hik_sip {
    bool is_request;
    enum hik_method method;       /* request: of the request line; response: of CSeq */
    struct hik_view method_text;  /* request: first token of the request line */
    struct hik_view uri;          /* request only */
    uint16_t status;              /* response only, 100-699 */
    struct hik_view reason;       /* response only, may be empty */
    uint32_t headers_off;         /* first byte behind the start line */
    uint32_t headers_end;         /* first byte behind the blank line; the buffer's length if there is none */
    bool blank_line;              /* the blank line that ends the headers is there */
    struct hik_header first[HIK_HDR_COUNT]; /* first header of each id; value.len 0 and name.len 0 if absent */
    int64_t content_length;       /* as declared, or HIK_LENGTH_* */
    uint32_t cseq;                /* number of CSeq, 0 if absent or broken */
    bool has_cseq;
    struct hik_view body;         /* over a datagram: what stands behind the blank line, without a single
                                     trailing NUL; cut to Content-Length only when `stream` was set */
    uint32_t body_present;        /* bytes behind the blank line, up to the end of the buffer */
    uint32_t message_len;         /* bytes this message takes: all of a datagram; on a stream up to the end of its body,
                                     which may lie behind the buffer's end; all bytes given while blank_line is false */
    bool complete;                /* stream: the whole message is in the buffer; always set for a datagram */
    bool cut;                     /* set by hik_sip_parse_cut(): the message goes on behind what is here */
};

/* Cheap test: does the buffer begin as a SIP request ("METHOD uri SIP/2.0") or response ("SIP/2.0 nnn")?
 * Reads at most the first line and at most 2,048 bytes; leading CRLFs and NULs are not accepted here. */
bool hik_sip_looks_like(const uint8_t *buf, size_t len);

/* For a stream: could the buffer, with more bytes behind it, begin as a SIP message? True for whatever
 * hik_sip_looks_like takes, and for a start line that is cut off. Reads at most 2,048 bytes. */
bool hik_sip_may_begin(const uint8_t *buf, size_t len);

/* For a stream of unknown kind: could these bytes, at least `least` of them, be the cut-off start line of a message with a
 * method that RFC 3261 and its extensions name, and a sip:, sips: or tel: URI? Narrower than hik_sip_may_begin, so that
 * little of what is foreign is waited for. Reads at most 2,048 bytes. */
bool hik_sip_is_cut_start(const uint8_t *buf, size_t len, size_t least);

/* Parses the message at the start of buf. stream: false for a datagram (the message is the whole buffer), true for
 * TCP (Content-Length says where the body ends; absent or broken means no body). Returns false, and leaves *out zeroed,
 * if the start line is not SIP's. LF, CR LF, CR and CR CR LF end a line; compact and lower-case names, folded headers
 * (RFC 3261 7.3.1), spaces before the colon and lines without a colon are all taken (the last as HIK_HDR_OTHER with an
 * empty name). Nothing behind 2 GiB is read. */
bool hik_sip_parse(const uint8_t *buf, size_t len, bool stream, struct hik_sip *out);

/* Parses a message that the capture cut at len: the line that the cut runs through is left out, and with it the header that
 * it may continue, for half a value is none. message_len is that of the bytes given, headers_end + body_present that of the
 * whole lines. Sets out->cut. Returns false, and leaves *out zeroed, if the start line is not SIP's or not whole. */
bool hik_sip_parse_cut(const uint8_t *buf, size_t len, bool stream, struct hik_sip *out);

/* Walks the headers. *cursor starts as 0. Returns false behind the last header. Lines of nothing but blanks or NULs
 * are passed over. */
bool hik_sip_next_header(const uint8_t *buf, const struct hik_sip *msg, uint32_t *cursor, struct hik_header *out);

/* A name-addr or addr-spec ("Name" <sip:user@host:port;p>;tag=x) or a bare URI. */
struct hik_sip_addr {
    struct hik_view user;
    struct hik_view host; /* IPv6 without brackets */
    uint16_t port;        /* 0 if absent or not a port */
    struct hik_view tag;  /* ;tag= of the header, outside the <> */
    struct hik_view display; /* without quotes */
};

/* Parses the address in the view (a header value or a Request-URI). Returns false if no sip:/sips:/tel: URI is found;
 * members not found are empty. */
bool hik_sip_parse_addr(const uint8_t *buf, struct hik_view where, struct hik_sip_addr *out);

/* A parameter (;name=value) of a header value, name compared without case, quotes taken off the value.
 * Reads the first value of a comma-separated list, and nothing inside <> or quotes. A parameter without "=" is found,
 * with an empty value. */
bool hik_sip_param(const uint8_t *buf, struct hik_view where, const char *name, struct hik_view *value);

/* The first Via: transport token, sent-by host and port, branch. Any of them may be empty/0. */
struct hik_sip_via {
    struct hik_view transport;
    struct hik_view host;
    uint16_t port;
    struct hik_view branch;
};
bool hik_sip_parse_via(const uint8_t *buf, struct hik_view where, struct hik_sip_via *out);

/* Subject: <sender id>:<sender seq>,<receiver id>:<receiver seq> (GB/T 28181-2016 annex on Subject). Parts that are
 * missing are empty views. Returns false if not even a sender id is there. Spaces around the parts are left out. */
struct hik_subject {
    struct hik_view sender_id, sender_seq, receiver_id, receiver_seq;
};
bool hik_sip_parse_subject(const uint8_t *buf, struct hik_view where, struct hik_subject *out);

/* Name of a method as it stands in SIP, "Other" for HIK_METHOD_NONE. */
const char *hik_sip_method_name(enum hik_method method);

/* May the blank line that ends the headers have come with the bytes from `from` on, at least 3? Looks at those, and at few before
 * them. True where only a parser can tell. */
bool hik_sip_may_end_headers(const uint8_t *buf, uint32_t from, uint32_t end);

#endif
