/* seed-messages.h
 * The eight SIP messages of a Hikvision cascade (NCG V3.3.6 on UDP 7100), and what the byte tests share: copies of
 * exact size, so that AddressSanitizer sees a read past the end, and mutations from a fixed seed.
 *
 * The Content-Length of messages with a body is one less than the body here: so they were printed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TEST_SEED_MESSAGES_H
#define HIK_TEST_SEED_MESSAGES_H

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sip-message.h"

#define SEED_REGISTER \
    "REGISTER sip:37280000000000000000@10.69.80.187:7100 SIP/2.0\r\n" \
    "Via: SIP/2.0/UDP 10.69.91.7:7100;rport;branch=z9hG4bK4226189633\r\n" \
    "From: <sip:37280600000000000000@10.69.91.7:7100>;tag=4063080099\r\n" \
    "To: <sip:37280600000000000000@10.69.91.7:7100>\r\n" \
    "Call-ID: 59498979\r\n" \
    "CSeq: 1 REGISTER\r\n" \
    "Contact: <sip:37280600000000000000@10.69.91.7:7100>\r\n" \
    "Max-Forwards: 70\r\n" \
    "User-Agent: NCG V3.3.6.686194\r\n" \
    "Expires: 7200\r\n" \
    "Content-Length: 0\r\n" \
    "\r\n"

#define SEED_REGISTER_200 \
    "SIP/2.0 200 OK\r\n" \
    "Via: SIP/2.0/UDP 10.69.91.7:7100;rport;branch=z9hG4bK4226189633\r\n" \
    "From: <sip:37280600000000000000@10.69.91.7:7100>;tag=4063080099\r\n" \
    "To: <sip:37280600000000000000@10.69.91.7:7100>;tag=1036776414\r\n" \
    "Call-ID: 59498979\r\n" \
    "CSeq: 1 REGISTER\r\n" \
    "Contact: <sip:37280600000000000000@10.69.91.7:7100>\r\n" \
    "User-Agent: NCG V3.3.6.624213\r\n" \
    "Date: 2019-12-25T16:45:44\r\n" \
    "Expires: 7200\r\n" \
    "Content-Length: 0\r\n" \
    "\r\n"

#define SEED_SUBSCRIBE \
    "SUBSCRIBE sip:37280600000000000000@10.69.91.7:7100 SIP/2.0\r\n" \
    "Via: SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK1845960006\r\n" \
    "From: <sip:37280000000000000000@10.69.80.187:7100>;tag=1353738433\r\n" \
    "To: <sip:37280600000000000000@10.69.91.7:7100>\r\n" \
    "Call-ID: 3513458978\r\n" \
    "CSeq: 20 SUBSCRIBE\r\n" \
    "Contact: <sip:37280000000000000000@10.69.80.187:7100>\r\n" \
    "Content-Type: Application/MANSCDP+xml\r\n" \
    "Max-Forwards: 70\r\n" \
    "User-Agent: NCG V3.3.6.624213\r\n" \
    "Expires: 1800\r\n" \
    "Event: Catalog;id=945357\r\n" \
    "Content-Length:   129\r\n" \
    "\r\n" \
    "<?xml version=\"1.0\"?>\r\n" \
    "<Query>\r\n" \
    "<CmdType>Catalog</CmdType>\r\n" \
    "<SN>945357</SN>\r\n" \
    "<DeviceID>37280600000000000000</DeviceID>\r\n" \
    "</Query>\r\n"

#define SEED_SUBSCRIBE_200 \
    "SIP/2.0 200 OK\r\n" \
    "Via: SIP/2.0/UDP 10.69.80.187:7100;rport=7100;branch=z9hG4bK1845960006\r\n" \
    "From: <sip:37280000000000000000@10.69.80.187:7100>;tag=1353738433\r\n" \
    "To: <sip:37280600000000000000@10.69.91.7:7100>;tag=1652678304\r\n" \
    "Call-ID: 3513458978\r\n" \
    "CSeq: 20 SUBSCRIBE\r\n" \
    "Contact: <sip:37280600000000000000@10.69.91.7:7100>\r\n" \
    "Event: Catalog;id=945357\r\n" \
    "User-Agent: NCG V3.3.6.686194\r\n" \
    "Expires: 1800\r\n" \
    "Content-Length: 0\r\n" \
    "\r\n"

#define SEED_INVITE \
    "INVITE sip:37280601411319001158@10.69.91.7:7100 SIP/2.0\r\n" \
    "Via: SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK3351538455\r\n" \
    "From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866\r\n" \
    "To: <sip:37280601411319001158@10.69.91.7:7100>\r\n" \
    "Call-ID: 918077789\r\n" \
    "CSeq: 20 INVITE\r\n" \
    "Contact: <sip:37280000000000000000@10.69.80.187:7100>\r\n" \
    "Content-Type: Application/SDP\r\n" \
    "Max-Forwards: 70\r\n" \
    "User-Agent: NCG V3.3.6.624213\r\n" \
    "Subject: 37280601411319001158:0,37280000000000000000:0\r\n" \
    "Content-Length:   252\r\n" \
    "\r\n" \
    "v=0\r\n" \
    "o=37280601411319001158 0 0 IN IP4 10.69.80.187\r\n" \
    "s=Play\r\n" \
    "c=IN IP4 10.69.80.187\r\n" \
    "t=0 0\r\n" \
    "m=video 5798 RTP/AVP 96 97 98\r\n" \
    "a=rtpmap:96 PS/90000\r\n" \
    "a=rtpmap:97 MPEG4/90000\r\n" \
    "a=rtpmap:98 H264/90000\r\n" \
    "a=recvonly\r\n" \
    "a=streamMode:MAIN\r\n" \
    "a=filesize:-1\r\n" \
    "y=0999999999\r\n"

#define SEED_INVITE_200 \
    "SIP/2.0 200 OK\r\n" \
    "Via: SIP/2.0/UDP 10.69.80.187:7100;rport=7100;branch=z9hG4bK3351538455\r\n" \
    "From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866\r\n" \
    "To: <sip:37280601411319001158@10.69.91.7:7100>;tag=1001466019\r\n" \
    "Call-ID: 918077789\r\n" \
    "CSeq: 20 INVITE\r\n" \
    "Contact: <sip:37280600000000000000@10.69.91.7:7100>\r\n" \
    "Content-Type: Application/SDP\r\n" \
    "User-Agent: NCG V3.3.6.686194\r\n" \
    "Content-Length:   176\r\n" \
    "\r\n" \
    "v=0\r\n" \
    "o=37280601411319001158 0 0 IN IP4 10.69.80.187\r\n" \
    "s=Play\r\n" \
    "c=IN IP4 10.69.91.7\r\n" \
    "t=0 0\r\n" \
    "m=video 5930 RTP/AVP 96\r\n" \
    "a=rtpmap:96 PS/90000\r\n" \
    "a=sendonly\r\n" \
    "a=filesize:-1\r\n" \
    "y=0100007399\r\n"

#define SEED_BYE \
    "BYE sip:37280600000000000000@10.69.91.7:7100 SIP/2.0\r\n" \
    "Via: SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK1009780211\r\n" \
    "From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866\r\n" \
    "To: <sip:37280601411319001158@10.69.91.7:7100>;tag=1001466019\r\n" \
    "Call-ID: 918077789\r\n" \
    "CSeq: 21 BYE\r\n" \
    "Contact: <sip:37280000000000000000@10.69.80.187:7100>\r\n" \
    "Max-Forwards: 70\r\n" \
    "User-Agent: NCG V3.3.6.624213\r\n" \
    "Content-Length: 0\r\n" \
    "\r\n"

#define SEED_BYE_200 \
    "SIP/2.0 200 OK\r\n" \
    "Via: SIP/2.0/UDP 10.69.80.187:7100;rport=7100;branch=z9hG4bK349726410\r\n" \
    "From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3069112529\r\n" \
    "To: <sip:37280601411319001113@10.69.91.7:7100>;tag=3328635930\r\n" \
    "Call-ID: 3357339688\r\n" \
    "CSeq: 21 BYE\r\n" \
    "User-Agent: NCG V3.3.6.686194\r\n" \
    "Content-Length: 0\r\n" \
    "\r\n"

static const char *const seed_messages[] = {
    SEED_REGISTER, SEED_REGISTER_200, SEED_SUBSCRIBE, SEED_SUBSCRIBE_200,
    SEED_INVITE, SEED_INVITE_200, SEED_BYE, SEED_BYE_200,
};

/* A copy of exactly len bytes (of one byte more for len 0: malloc(0) may be NULL). Free with free(). */
static inline uint8_t *exact_copy(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    g_assert_nonnull(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

/* One to eight changes: a byte replaced, often by one that means something to a parser, or a piece cut off the end. */
static inline size_t mutate(GRand *rand, uint8_t *bytes, size_t len)
{
    static const char marks[] = "\r\n\0 \t:;,<>\"\\@[]=/avm0y9";
    int changes = g_rand_int_range(rand, 1, 9);

    while (changes-- > 0 && len > 0) {
        guint32 at = (guint32)g_rand_int_range(rand, 0, (gint32)len);

        if (g_rand_int_range(rand, 0, 20) == 0)
            len = at;
        else if (g_rand_boolean(rand))
            bytes[at] = (uint8_t)marks[g_rand_int_range(rand, 0, (gint32)sizeof marks - 1)];
        else
            bytes[at] = (uint8_t)g_rand_int_range(rand, 0, 256);
    }
    return len;
}

/* Every byte of a view must be inside the buffer. */
static inline void assert_inside(struct hik_view v, size_t len)
{
    g_assert_cmpuint(v.off, <=, len);
    g_assert_cmpuint(v.len, <=, len - v.off);
}

/* The view holds exactly this text. */
#define assert_text(buf, v, text) \
    g_assert_cmpmem((const uint8_t *)(buf) + (v).off, (v).len, (text), strlen(text))
/* The view says "not there". */
#define assert_absent(v) \
    do { \
        g_assert_cmpuint((v).off, ==, 0); \
        g_assert_cmpuint((v).len, ==, 0); \
    } while (0)

#endif
