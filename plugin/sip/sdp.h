/* sdp.h
 * The lines of an SDP body (RFC 4566) and what GB/T 28181 adds to them: y= (SSRC), f= (media description),
 * a=streamMode and its relatives, a=filesize, s=, u=; and Hikvision's <ErrorInfo>, which comes typed as SDP.
 *
 * Pure: no Wireshark header, no allocation; views are offsets into the buffer given.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SDP_GB_H
#define HIK_SDP_GB_H

#include "sip-message.h"

struct hik_sdp_line {
    char type;             /* 'v', 'm', 'y' ...; 0 if the line is blank or has no "x=" */
    struct hik_view line;  /* without its line end */
    struct hik_view value; /* behind the '=', without trailing blanks, CR or NUL */
    bool broken;           /* not blank, and not of the form x=value */
    bool blank;            /* an empty line inside the body (not at its very end) */
};

/* Walks the lines of the body view. *cursor starts as 0 and is the walk's own from then on (its top bit is a mark). LF,
 * CR LF, CR and CR CR LF end a line, and so does a NUL, with any NULs and the line end that follow it. Returns false
 * behind the last line; blank lines and NULs at the very end are not returned. */
bool hik_sdp_next_line(const uint8_t *buf, struct hik_view body, uint32_t *cursor, struct hik_sdp_line *out);

/* y= */
enum hik_ssrc_kind {
    HIK_SSRC_OK,        /* ten digits that fit 32 bits */
    HIK_SSRC_SHORT,     /* fewer than ten digits: value valid */
    HIK_SSRC_LONG,      /* more than ten digits, value fits 32 bits: value valid */
    HIK_SSRC_OVERFLOW,  /* digits, but above 4294967295: no value */
    HIK_SSRC_NOT_NUMBER /* empty or not decimal digits: no value */
};
/* What Hikvision devices write into y= when they mean none in particular. */
#define HIK_SSRC_HIKVISION 999999999u
struct hik_ssrc {
    enum hik_ssrc_kind kind;
    uint32_t value;          /* what RTP carries; kinds OK, SHORT, LONG */
    struct hik_view text;    /* as written */
    /* only for ten digits (also OVERFLOW with ten digits) */
    bool has_parts;
    bool history;            /* digit 1 is '1' */
    struct hik_view history_digit, domain, serial; /* digits 1, 2-6, 7-10 */
};
void hik_sdp_parse_ssrc(const uint8_t *buf, struct hik_view value, struct hik_ssrc *out);

/* f=v/codec/resolution/fps/rate type/kbpsa/codec/bit rate/sample rate, any part of which may be empty. An empty f= has
 * neither part and is not broken; parts that are there are read even if the whole is broken. */
struct hik_format {
    bool has_video, has_audio; /* the v/ and a/ parts are there */
    bool broken;               /* not the grammar: fewer or more parts than it has */
    struct hik_view video_codec, resolution, frame_rate, rate_type, bit_rate; /* as written, may be empty */
    struct hik_view audio_codec, audio_bit_rate, sample_rate;
};
void hik_sdp_parse_format(const uint8_t *buf, struct hik_view value, struct hik_format *out);
/* Names of codes, NULL if the code has none; 2016 and 2022 tables together. */
const char *hik_format_video_codec_name(uint32_t code);
const char *hik_format_resolution_name(uint32_t code);
const char *hik_format_rate_type_name(uint32_t code);
const char *hik_format_audio_codec_name(uint32_t code);
const char *hik_format_audio_bit_rate_name(uint32_t code);
const char *hik_format_sample_rate_name(uint32_t code);

/* m=<media> <port>[/<count>] <proto> <fmt> ... */
struct hik_sdp_media {
    struct hik_view media;   /* "video", "audio" */
    struct hik_view port_text;
    uint16_t port;           /* 0 also when it is not a port: see port_ok */
    bool port_ok;
    struct hik_view proto;   /* "RTP/AVP", "TCP/RTP/AVP" ... */
    bool tcp;                /* proto names TCP, in either order */
    struct hik_view formats; /* the rest */
};
/* Returns false if there is no port at all; what was found is in *out either way. */
bool hik_sdp_parse_media(const uint8_t *buf, struct hik_view value, struct hik_sdp_media *out);

/* c=IN IP4 addr[/ttl] ; o=user sess version IN IP4 addr. The first returns false if no address is found, the second if
 * there is no user; "IN" and "IP4" may be missing from c=. */
struct hik_sdp_connection {
    struct hik_view addr;    /* without /ttl, without [] */
    bool ipv6;               /* the line says IP6 */
};
bool hik_sdp_parse_connection(const uint8_t *buf, struct hik_view value, struct hik_sdp_connection *out);
bool hik_sdp_parse_origin(const uint8_t *buf, struct hik_view value, struct hik_view *user,
                          struct hik_sdp_connection *addr);

/* u=<device id>:<param>, the short form of GB/T 28181 (param 0-3: kind of recording). Returns false, with empty views,
 * if no ID of digits stands in front (http://...). */
bool hik_sdp_parse_play_uri(const uint8_t *buf, struct hik_view value, struct hik_view *device_id,
                            struct hik_view *param);

/* a=name[:value], the name compared without case */
enum hik_sdp_attr {
    HIK_ATTR_OTHER,
    HIK_ATTR_RECVONLY, HIK_ATTR_SENDONLY, HIK_ATTR_SENDRECV, HIK_ATTR_INACTIVE,
    HIK_ATTR_RTPMAP,
    HIK_ATTR_RTCP,          /* a=rtcp:port [IN IP4 addr] */
    HIK_ATTR_RTCP_MUX,
    HIK_ATTR_SETUP, HIK_ATTR_CONNECTION,
    HIK_ATTR_STREAM_MODE,   /* streamMode, streamprofile, streamnumber, stream: see name for which */
    HIK_ATTR_FILE_SIZE,     /* filesize, also the misspelt filezise */
    HIK_ATTR_DOWNLOAD_SPEED /* downloadspeed, download */
};
struct hik_sdp_attribute {
    enum hik_sdp_attr id;
    struct hik_view name, value;
};
void hik_sdp_parse_attribute(const uint8_t *buf, struct hik_view value, struct hik_sdp_attribute *out);

struct hik_sdp_rtpmap {
    uint8_t pt;              /* 0-127 */
    struct hik_view encoding;
    uint32_t clock;          /* 0 if absent */
    uint32_t channels;       /* 1 if absent */
};
bool hik_sdp_parse_rtpmap(const uint8_t *buf, struct hik_view value, struct hik_sdp_rtpmap *out);

/* A whole description, for the session logic. Sections beyond the array are counted, not kept. */
#define HIK_SDP_MAX_MEDIA 8
#define HIK_SDP_MAX_MAPS 24
enum hik_sdp_setup { HIK_SETUP_NONE, HIK_SETUP_ACTIVE, HIK_SETUP_PASSIVE, HIK_SETUP_ACTPASS, HIK_SETUP_HOLDCONN };
enum hik_sdp_session_name { HIK_S_OTHER, HIK_S_PLAY, HIK_S_PLAYBACK, HIK_S_DOWNLOAD, HIK_S_TALK };
struct hik_sdp_section {
    struct hik_view line;       /* the m= line */
    struct hik_sdp_media media;
    struct hik_view c_line;     /* own c= or the session's; len 0 if neither */
    struct hik_sdp_connection connection;
    enum hik_sdp_attr direction; /* RECVONLY, SENDONLY, SENDRECV, INACTIVE; OTHER if not said */
    enum hik_sdp_setup setup;
    bool rtcp_mux;
    uint16_t rtcp_port;         /* a=rtcp:, 0 if absent */
    struct hik_view rtcp_port_text;
    unsigned map_count;
    struct hik_sdp_rtpmap maps[HIK_SDP_MAX_MAPS];
    bool has_y;
    struct hik_ssrc y;          /* own y=, else the session's: 2016 puts it behind the section */
};
struct hik_sdp {
    struct hik_view body;
    struct hik_view origin_user;
    struct hik_sdp_connection origin;
    enum hik_sdp_session_name session_name;
    struct hik_view session_name_text;
    uint64_t start_time, stop_time; /* t=, Unix seconds as written */
    unsigned media_count;       /* sections kept */
    unsigned media_dropped;     /* sections beyond HIK_SDP_MAX_MEDIA */
    struct hik_sdp_section media[HIK_SDP_MAX_MEDIA];
    bool has_y;                 /* any y= at all */
    struct hik_view y_line;     /* the first */
    struct hik_ssrc y;
    unsigned broken_lines;      /* lines that are no "x=value" (blank ones not counted) */
    struct hik_view first_broken;
    unsigned blank_lines;       /* blank lines with more SDP behind them */
    bool gb;                    /* y=, f=v/ or a/, a=streamMode and relatives, a=filesize, or a GB s= name with an ID of
                                   16, 18 or 20 digits in o=: GB/T 28181 marks */
};
/* Parses a body. Of o=, s=, t= the first counts, of c=, y= and a=rtcp the first of its section. Returns false if it
 * has neither v= nor m= (not SDP). Lines behind blank lines still count. */
bool hik_sdp_parse(const uint8_t *buf, struct hik_view body, struct hik_sdp *out);

/* One of the encoding names of an MPEG program stream; NULL is none. */
bool hik_sdp_encoding_is_ps(const char *encoding);

#endif
