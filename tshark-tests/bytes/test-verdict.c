/* test-verdict.c
 * The verdict: every code, positive and negative, exact sentences; hostile texts and numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "verdict.h"

/* The seed's call: answer y=0100007399, media with it, BYE by the upper platform. */
static struct hik_facts healthy(void)
{
    struct hik_facts f;

    hik_facts_init(&f);
    f.invites = 1;
    f.provisional = 100;
    f.final_status = 200;
    f.reason = "OK";
    f.acked = f.bye = true;
    f.forks = 1;
    f.caller = "10.69.80.187:7100";
    f.callee = "10.69.91.7:7100";
    f.bye_by = f.caller;
    f.after_invite = 10.2;
    f.after_answer = 8.1;
    f.leg[0].wanted = true;
    f.leg[0].to = "10.69.80.187:5798";
    f.leg[0].from = "10.69.91.7:5930";
    f.leg[0].to_class = f.leg[0].sender_class = HIK_ADDR_PRIVATE;
    f.leg[0].to_is_peer = true;
    f.leg[0].packets = f.leg[0].lines[0].packets = f.leg[0].lines[0].expected = 2000;
    f.leg[0].lines[0].from = f.leg[0].lines[0].announced_from = "10.69.91.7:5930";
    f.leg[0].lines[0].announced_to = "10.69.80.187:5798";
    f.leg[0].packets_expected_ssrc = 2000;
    f.leg[0].seen_from = "10.69.91.7:5930";
    f.leg[0].seen_to = "10.69.80.187:5798";
    f.leg[0].ssrc = 100007399;
    f.leg[0].lines[0].ssrcs = 1;
    f.leg[0].lines[0].ssrc = 100007399;
    f.leg[0].lines[0].ssrc_packets = 2000;
    f.leg[0].seconds = 8.0;
    f.capture_has_rtp = f.capture_has_media = true;
    f.first_media_after = 0.2;
    f.silence = 2.0;
    f.has_ssrc = f.ssrc_by_answer = true;
    f.ssrc = 100007399;
    f.ssrc_text = "0100007399";
    f.declared_ps = true;
    f.codec = "H.264";
    f.width = 1920;
    f.height = 1080;
    f.frames = 200;
    f.key_frames = 4;
    f.ps_packets = 2000;
    return f;
}

/* The same call as it stands before anything but the INVITE. */
static struct hik_facts unanswered(void)
{
    struct hik_facts f = healthy();

    f.provisional = f.final_status = 0;
    f.reason = NULL;
    f.acked = f.bye = false;
    f.forks = 0;
    memset(f.leg[0].lines, 0, sizeof f.leg[0] - offsetof(struct hik_leg, lines));
    f.first_media_after = -1;
    f.silence = 0;
    f.after_answer = 0;
    f.codec = NULL;
    f.frames = f.key_frames = f.ps_packets = 0;
    return f;
}

/* Answered and acknowledged, but no media. */
static struct hik_facts silent(void)
{
    struct hik_facts f = unanswered();

    f.final_status = 200;
    f.acked = f.bye = true;
    f.after_answer = 8.1;
    return f;
}

static struct hik_facts tcp(void)
{
    struct hik_facts f = silent();

    f.tcp = true;
    f.offer_role = HIK_ROLE_PASSIVE;
    f.answer_role = HIK_ROLE_ACTIVE;
    f.tcp_to = "10.69.80.187:5798";
    return f;
}

static void expect(struct hik_facts f, enum hik_state state, const char *sentence)
{
    struct hik_verdict v;
    char text[2000];

    hik_verdict_judge(&f, &v);
    g_assert_cmpuint(hik_verdict_print(&v, text, sizeof text), ==, strlen(text));
    g_assert_cmpstr(text, ==, sentence);
    g_assert_cmpstr(hik_verdict_state_name(v.state), ==, hik_verdict_state_name(state));
}

#define SEEN "2000 RTP packets of H.264 1920x1080 in 8.0 s from 10.69.91.7:5930 to 10.69.80.187:5798"

static void test_ok(void)
{
    struct hik_facts f = healthy();

    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    f.bye = false;
    expect(f, HIK_STATE_ESTABLISHED, "OK " SEEN);
    f.codec = NULL;
    f.frames = f.key_frames = 0;
    expect(f, HIK_STATE_ESTABLISHED, "OK 2000 RTP packets in 8.0 s from 10.69.91.7:5930 to 10.69.80.187:5798");
    f = silent();
    f.leg[0].wanted = false;
    expect(f, HIK_STATE_CLOSED, "OK no media was asked for (a=inactive)");
}

static void test_rejected(void)
{
    struct hik_facts f = unanswered();

    f.final_status = 488;
    f.reason = "Not Acceptable Here";
    f.acked = true;
    expect(f, HIK_STATE_FAILED, "REJECTED 488 Not Acceptable Here by 10.69.91.7:7100");
    f.error_code = "2207";
    f.error_text = "no stream";
    expect(f, HIK_STATE_FAILED, "REJECTED 488 Not Acceptable Here by 10.69.91.7:7100, error 2207: no stream");
    f.error_code = NULL;
    f.reason = NULL;
    expect(f, HIK_STATE_FAILED, "REJECTED 488 by 10.69.91.7:7100, error: no stream");
    f = unanswered();
    f.challenge = 401;
    f.acked = true;
    expect(f, HIK_STATE_FAILED,
           "REJECTED 401 by 10.69.91.7:7100, and 10.69.80.187:7100 did not repeat the INVITE with credentials");
}

static void test_no_answer(void)
{
    struct hik_facts f = unanswered();

    /* the capture ends too early: never a NO_ANSWER */
    f.after_invite = 0;
    expect(f, HIK_STATE_INVITING,
           "IN_PROGRESS the capture ends 0.0 s after the INVITE, before 10.69.91.7:7100 answered");
    f.after_invite = 31.94;
    f.invites = 4;
    expect(f, HIK_STATE_INVITING, "IN_PROGRESS the capture ends 31.9 s after the INVITE, before "
           "10.69.91.7:7100 answered; also RETRANSMITTED INVITE sent 4 times");
    f.after_invite = 32.0;
    expect(f, HIK_STATE_FAILED, "NO_ANSWER INVITE sent 4 times to 10.69.91.7:7100, no answer in 32.0 s");
    f.invites = 1;
    expect(f, HIK_STATE_FAILED, "NO_ANSWER INVITE sent 1 time to 10.69.91.7:7100, no answer in 32.0 s");
    f.after_invite = 7.5;
    f.invites = 5;
    expect(f, HIK_STATE_FAILED, "NO_ANSWER INVITE sent 5 times to 10.69.91.7:7100, no answer in 7.5 s");
    /* a provisional answer stops the retransmissions, but not the waiting */
    f.provisional = 100;
    f.invites = 1;
    expect(f, HIK_STATE_INVITING, "IN_PROGRESS the capture ends 7.5 s after the INVITE, 10.69.91.7:7100 had answered 100");
    f.provisional = 180;
    expect(f, HIK_STATE_RINGING, "IN_PROGRESS the capture ends 7.5 s after the INVITE, 10.69.91.7:7100 had answered 180");
    f.after_invite = 40;
    expect(f, HIK_STATE_FAILED, "NO_ANSWER 10.69.91.7:7100 answered 180 and no more, in 40.0 s");
    f.provisional = 0;
    f.unreachable = 1;
    f.unreachable_frame = 2;
    f.unreachable_what = "10.69.91.7:7100";
    expect(f, HIK_STATE_FAILED, "UNREACHABLE 10.69.91.7:7100 is reported unreachable by 1 ICMP error, first in frame 2");
}

static void test_cancelled(void)
{
    struct hik_facts f = unanswered();

    f.cancelled = true;
    f.cancel_after = 5.04;
    f.final_status = 487;
    expect(f, HIK_STATE_FAILED, "CANCELLED by 10.69.80.187:7100 5.0 s after the INVITE; 10.69.91.7:7100 had not answered at all");
    f.provisional = 100;
    f.final_status = 0;
    expect(f, HIK_STATE_FAILED,
           "CANCELLED by 10.69.80.187:7100 5.0 s after the INVITE; 10.69.91.7:7100 had answered 100 and no more");
    f.cancels_unanswered = 1;
    expect(f, HIK_STATE_FAILED, "CANCELLED by 10.69.80.187:7100 5.0 s after the INVITE; 10.69.91.7:7100 had answered 100 and no more; "
           "nothing answered the CANCEL");
    f.cancels_unanswered = 5;
    expect(f, HIK_STATE_FAILED, "CANCELLED by 10.69.80.187:7100 5.0 s after the INVITE; 10.69.91.7:7100 had answered 100 and no more; "
           "nothing answered the CANCEL, sent 5 times");
    f.final_status = 487; /* it was understood */
    expect(f, HIK_STATE_FAILED, "CANCELLED by 10.69.80.187:7100 5.0 s after the INVITE; 10.69.91.7:7100 had answered 100 and no more");
    f.final_status = 503;
    expect(f, HIK_STATE_FAILED, "REJECTED 503 by 10.69.91.7:7100");
    /* the 200 was faster than the CANCEL */
    f = healthy();
    f.cancelled = true;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
}

static void test_no_media(void)
{
    struct hik_facts f = silent();

    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 10.69.80.187:5798 (private address) in 8.1 s, then 10.69.80.187:7100 sent BYE");
    f.leg[0].sender_class = HIK_ADDR_PUBLIC;
    f.callee = "203.0.113.9:7100";
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 10.69.80.187:5798 (private address) in 8.1 s, then 10.69.80.187:7100 sent BYE; "
           "also PRIVATE_ADDRESS 10.69.80.187:5798 is private, its peer 203.0.113.9:7100 is public");
    f = silent(); /* the other side is private, too */
    f.leg[0].receiver_class = HIK_ADDR_PUBLIC;
    f.caller = "203.0.113.20:7100";
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 10.69.80.187:5798 (private address) in 8.1 s, then 10.69.80.187:7100 sent BYE; "
           "also PRIVATE_ADDRESS 10.69.80.187:5798 is private, though the SIP of its side comes from the public 203.0.113.20:7100");
    f = healthy();
    f.leg[1].to_port_zero = true;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also PORT_ZERO the SDP of 10.69.91.7:7100 says port 0, which refuses the media, and 2000 RTP packets came all the same");
    f = silent();
    f.leg[0].to_class = HIK_ADDR_PUBLIC;
    f.leg[0].to = "198.51.100.2:5798";
    f.capture_has_rtp = false;
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.2:5798 in 8.1 s, then 10.69.80.187:7100 sent BYE; "
           "no RTP in the whole capture: was it filtered?");
    f.tcp = f.tcp_up = f.tcp_silent = true;
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.2:5798 in 8.1 s, then 10.69.80.187:7100 sent BYE; "
           "the media connection was opened, and nothing came over it");
    f.tcp = f.tcp_up = f.tcp_silent = false;
    f.capture_has_rtp = f.capture_has_media = true;
    f.rtcp_packets = 3;
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.2:5798 in 8.1 s, then 10.69.80.187:7100 sent BYE; "
           "also ONE_WAY 3 RTCP packets but no RTP");
    f.rtcp_packets = 0;
    f.acked = false;
    expect(f, HIK_STATE_CLOSED, "NO_ACK 10.69.91.7:7100 answered 200, 10.69.80.187:7100 never acknowledged it, and no media "
           "came; also NO_MEDIA 200 OK, 0 RTP packets to 198.51.100.2:5798 in 8.1 s, then 10.69.80.187:7100 sent BYE");
    /* too early to say */
    f = silent();
    f.bye = false;
    f.after_answer = 4.9;
    expect(f, HIK_STATE_ESTABLISHED, "IN_PROGRESS the capture ends 4.9 s after the ACK, before any media");
    f.after_answer = 5.0;
    expect(f, HIK_STATE_ESTABLISHED,
           "NO_MEDIA 200 OK and ACK, 0 RTP packets to 10.69.80.187:5798 (private address) in 5.0 s");
    f.unreachable = 3;
    f.unreachable_frame = 9;
    f.unreachable_what = "10.69.80.187:5798";
    expect(f, HIK_STATE_ESTABLISHED, "UNREACHABLE 10.69.80.187:5798 is reported unreachable by 3 ICMP errors, first in frame 9");
}

static enum hik_severity severity_of(const struct hik_facts *f, enum hik_code code)
{
    struct hik_verdict v;

    hik_verdict_judge(f, &v);
    g_assert_nonnull(hik_verdict_find(&v, code));
    return hik_verdict_find(&v, code)->severity;
}

#define CUT "CUT the capture kept 350 of the 750 bytes of the INVITE (frame 7): media cannot be judged by an SDP that is not all there; " \
            "record with -s 0"

/* A capture with a snap length. */
static void test_cut(void)
{
    const struct hik_cut_facts cut = {.sdp = true, .kept = 350, .sent = 750, .frame = 7};
    struct hik_facts f = silent();

    /* the SDP is cut: whether media came cannot be judged */
    f.cut = cut;
    expect(f, HIK_STATE_CLOSED, CUT);
    f.stray_packets = 12;
    expect(f, HIK_STATE_CLOSED, CUT "; 12 RTP packets run between the two hosts");
    f = healthy();
    f.cut = cut;
    f.leg[0].packets_expected_ssrc = 0;
    f.leg[0].lines[0].ssrcs = 2;
    f.leg[0].lines[0].unnegotiated = 5;
    f.leg[0].lines[0].undeclared = 7;
    expect(f, HIK_STATE_CLOSED, CUT "; 2000 RTP packets from 10.69.91.7:5930 to 10.69.80.187:5798");
    f.cut.answer = true;
    expect(f, HIK_STATE_CLOSED, "CUT the capture kept 350 of the 750 bytes of the answer (frame 7): media cannot be judged by an SDP that is "
           "not all there; record with -s 0; 2000 RTP packets from 10.69.91.7:5930 to 10.69.80.187:5798");
    /* what is there counts: losses by RTP's headers, a refusal, an INVITE that nothing answers */
    f = healthy();
    f.cut = cut;
    f.leg[0].lines[0].lost = 20;
    expect(f, HIK_STATE_CLOSED, "LOSS 1.0 % (20 of 2000 RTP packets from 10.69.91.7:5930 lost); also " CUT "; 2000 RTP packets from "
           "10.69.91.7:5930 to 10.69.80.187:5798");
    f = unanswered();
    f.cut = cut;
    f.final_status = 486;
    f.reason = "Busy Here";
    expect(f, HIK_STATE_FAILED, "REJECTED 486 Busy Here by 10.69.91.7:7100");
    f = unanswered();
    f.cut = cut;
    f.after_invite = 32.0;
    f.invites = 1;
    expect(f, HIK_STATE_FAILED, "NO_ANSWER INVITE sent 1 time to 10.69.91.7:7100, no answer in 32.0 s");
    /* unless messages are there that may be the answer */
    f.cut.sdp = false;
    f.cut.unplaced = true;
    expect(f, HIK_STATE_FAILED, "CUT the capture cut SIP messages so short that nobody can tell which call they are of (first: frame 7, 350 "
           "of 750 bytes kept); record with -s 0");
    /* and they are no matter where nothing is missing */
    f = healthy();
    f.cut.unplaced = true;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    /* RTP alone is cut */
    f = healthy();
    f.cut = (struct hik_cut_facts){.payload = true, .rtp_packets = 40, .rtp_kept = 700, .rtp_sent = 1442};
    f.key_frames = 0;
    f.frames = 500;
    f.declared_ps = true;
    f.not_ps_packets = 9;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also INCOMPLETE the capture cut 40 RTP packets (700 of 1442 bytes kept): they are counted by "
           "their headers, pictures are not judged");
}

#undef CUT

#define NOT_CAPTURED "NOT_CAPTURED media is not in this capture, which holds no RTP at all: it was left out, or none came to " \
                     "10.69.80.187:5798 (private address) in "

/* Signalling alone. */
static void test_not_captured(void)
{
    struct hik_facts f = silent();

    f.capture_has_rtp = f.capture_has_media = false;
    expect(f, HIK_STATE_CLOSED, NOT_CAPTURED "8.1 s");
    f.after_answer = 59.9;
    expect(f, HIK_STATE_CLOSED, NOT_CAPTURED "59.9 s");
    f.after_answer = 60.0;
    expect(f, HIK_STATE_CLOSED, NOT_CAPTURED "60.0 s; the call went on for 60.0 s, so it likely flowed");
    f.file_end = true;
    expect(f, HIK_STATE_CLOSED, NOT_CAPTURED "60.0 s; MediaStatus 121 says that the file was sent");
    f.rtcp_sent = 900;
    expect(f, HIK_STATE_CLOSED, NOT_CAPTURED "60.0 s; RTCP says that 900 packets were sent");
    f.rtcp_sent = 0;
    f.bye = false;
    f.file_end_before = 10.0;
    f.receiver_sip = f.caller;
    expect(f, HIK_STATE_ESTABLISHED, "NO_BYE the file was at its end (MediaStatus 121) 10.0 s before the end of the capture; "
           "10.69.80.187:7100 sent no BYE; also " NOT_CAPTURED "60.0 s; MediaStatus 121 says that the file was sent");
    f.file_end_before = 9.9;
    expect(f, HIK_STATE_ESTABLISHED, NOT_CAPTURED "60.0 s; MediaStatus 121 says that the file was sent");
    /* a sender that hangs up at once did not mean to send */
    f = silent();
    f.capture_has_rtp = f.capture_has_media = false;
    f.bye_by_sender = true;
    f.bye_by = f.callee;
    f.after_answer = 0.999;
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 10.69.80.187:5798 (private address) in 1.0 s, then "
           "10.69.91.7:7100 sent BYE, 0.999 s after the ACK");
    f.acked_late = true; /* the ACK crosses the BYE */
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 10.69.80.187:5798 (private address) in 1.0 s, then "
           "10.69.91.7:7100 sent BYE, 0.999 s after the answer");
    f.acked_late = false;
    f.after_answer = 1.0;
    expect(f, HIK_STATE_CLOSED, NOT_CAPTURED "1.0 s");
    /* neither can a connection be missed */
    f = tcp();
    f.capture_has_rtp = f.capture_has_media = false;
    expect(f, HIK_STATE_CLOSED, NOT_CAPTURED "8.1 s");
    /* what signalling says itself stays */
    f = silent();
    f.capture_has_rtp = f.capture_has_media = f.acked = false;
    expect(f, HIK_STATE_CLOSED, "NO_ACK 10.69.91.7:7100 answered 200, 10.69.80.187:7100 never acknowledged it; also "
           NOT_CAPTURED "8.1 s");
}

static void test_port_zero(void)
{
    struct hik_facts f = silent();

    f.leg[0].to_port_zero = true;
    expect(f, HIK_STATE_CLOSED, "PORT_ZERO the SDP of 10.69.80.187:7100 says port 0, which refuses the media");
    f.leg[0].to_port_zero = false;
    f.leg[1].to_port_zero = true;
    expect(f, HIK_STATE_CLOSED, "PORT_ZERO the SDP of 10.69.91.7:7100 says port 0, which refuses the media");
}

static void test_tcp(void)
{
    struct hik_facts f = tcp();

    expect(f, HIK_STATE_CLOSED, "TCP_NO_CONNECTION nobody connected to 10.69.80.187:5798 in 8.1 s");
    f.tcp_syn = true;
    expect(f, HIK_STATE_CLOSED, "TCP_NO_CONNECTION no answer to the TCP connection to 10.69.80.187:5798 in 8.1 s");
    f.tcp_refused = true;
    expect(f, HIK_STATE_CLOSED, "TCP_REFUSED 10.69.80.187:5798 refuses the media connection (RST)");
    f = tcp();
    f.answer_role = HIK_ROLE_PASSIVE;
    expect(f, HIK_STATE_CLOSED, "TCP_ROLE both sides say a=setup:passive, so nobody connects");
    f.offer_role = f.answer_role = HIK_ROLE_ACTIVE;
    expect(f, HIK_STATE_CLOSED, "TCP_ROLE both sides say a=setup:active, so nobody listens");
    f.offer_role = f.answer_role = HIK_ROLE_NONE;
    expect(f, HIK_STATE_CLOSED, "TCP_NO_CONNECTION nobody connected to 10.69.80.187:5798 in 8.1 s");
    f = tcp();
    f.tcp_syn = f.tcp_up = true;
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 200 OK and ACK, 0 RTP packets to 10.69.80.187:5798 (private address) in 8.1 s, then 10.69.80.187:7100 sent BYE");
    f = healthy();
    f.tcp = f.tcp_syn = f.tcp_up = f.tcp_refused = true; /* RST is how some close */
    f.offer_role = f.answer_role = HIK_ROLE_PASSIVE;   /* and it worked all the same */
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
}

static void test_ssrc(void)
{
    struct hik_facts f = healthy();

    f.leg[0].ssrc = 305419896;
    f.leg[0].packets_expected_ssrc = 0;
    expect(f, HIK_STATE_CLOSED, "SSRC_MISMATCH RTP from 10.69.91.7:5930 carries SSRC 0305419896 (0x12345678), "
           "the answer announced 0100007399 (0x05f5fde7)");
    f.ssrc_by_answer = false;
    expect(f, HIK_STATE_CLOSED, "SSRC_MISMATCH RTP from 10.69.91.7:5930 carries SSRC 0305419896 (0x12345678), "
           "the INVITE announced 0100007399 (0x05f5fde7)");
    f.has_ssrc = false;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    /* Hikvision's constant says nothing about the stream */
    f.has_ssrc = true;
    f.ssrc = HIK_SSRC_HIKVISION;
    f.ssrc_text = "0999999999";
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also SSRC_CONSTANT y=0999999999 is Hikvision's constant; "
           "RTP carries SSRC 0305419896 (0x12345678)");
    f.leg[0].ssrc = HIK_SSRC_HIKVISION;
    f.leg[0].packets_expected_ssrc = 2000;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    f.shared_with = 3; /* everybody has the constant: no fault */
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    f = healthy();
    f.shared_with = 3;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also SSRC_SHARED session 3 has SSRC 0100007399 (0x05f5fde7) at the same time, to another "
           "port of the same receiver");
    f.shared_port = true;
    expect(f, HIK_STATE_CLOSED, "SSRC_SHARED session 3 has SSRC 0100007399 (0x05f5fde7) at the same time, to the same port");
    f = healthy();
    f.leg[0].lines[0].ssrcs = 2;
    f.leg[0].lines[0].ssrc_packets = 1500;
    expect(f, HIK_STATE_CLOSED, "SSRC_CHANGED 2 different SSRCs from 10.69.91.7:5930; 1500 of 2000 packets carry 0100007399 (0x05f5fde7)");
}

static void audio_beside(struct hik_facts *f)
{
    struct hik_line *line = &f->leg[0].lines[1];

    line->audio = true;
    line->from = line->announced_from = "10.69.91.7:5932";
    line->announced_to = "10.69.80.187:5800";
    line->packets = line->expected = 400;
    line->ssrcs = 1;
    line->ssrc = 7;
    line->ssrc_packets = 400;
    f->leg[0].packets += 400;
}

/* Each finding names the endpoint of its line and counts its packets; where two lines have it, the first does. */
static void test_lines(void)
{
    struct hik_facts f = healthy();
    struct hik_line *video = &f.leg[0].lines[0], *audio = &f.leg[0].lines[1];

    audio_beside(&f);
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    /* the audio alone is not what the call is about, and its SSRC not the one announced */
    f.leg[0].packets = 400;
    f.leg[0].lines[0].packets = f.leg[0].packets_expected_ssrc = 0;
    f.leg[0].ssrc = 7;
    expect(f, HIK_STATE_CLOSED, "NO_MEDIA 0 RTP packets to 10.69.80.187:5798 (private address) in 8.1 s, but 400 of another m= line");
    f = healthy();
    audio_beside(&f);
    audio->ssrcs = 3;
    audio->ssrc_packets = 390;
    audio->undeclared = 10;
    audio->undeclared_pt = 0;
    expect(f, HIK_STATE_CLOSED, "PAYLOAD_TYPE 10 of 400 packets from 10.69.91.7:5932 have payload type 0, which no m= line names; "
           "also SSRC_CHANGED 3 different SSRCs from 10.69.91.7:5932; 390 of 400 packets carry 0000000007 (0x00000007)");
    video->ssrcs = 2;
    video->ssrc_packets = 1999;
    video->undeclared = 1;
    video->undeclared_pt = 100;
    expect(f, HIK_STATE_CLOSED, "PAYLOAD_TYPE 1 of 2000 packets from 10.69.91.7:5930 have payload type 100, which no m= line names; "
           "also SSRC_CHANGED 2 different SSRCs from 10.69.91.7:5930; 1999 of 2000 packets carry 0100007399 (0x05f5fde7)");
    f = healthy();
    audio_beside(&f);
    audio->unnegotiated = 40;
    audio->unnegotiated_from = "203.0.113.9:5";
    audio->duplicates = 3;
    audio->restarts = 2;
    expect(f, HIK_STATE_CLOSED, "UNNEGOTIATED 40 of 400 audio RTP packets come from 203.0.113.9:5, which no SDP announced (announced: "
           "10.69.91.7:5932); also DUPLICATES 3 of 400 audio RTP packets came twice; SEQUENCE the sequence numbers of "
           "10.69.91.7:5932 restart 2 times");
    video->duplicates = 1;
    video->unnegotiated = 1;
    video->unnegotiated_from = "203.0.113.9:6";
    video->strays = 1;
    expect(f, HIK_STATE_CLOSED, "UNNEGOTIATED 1 of 2000 RTP packets come from 203.0.113.9:6, which no SDP announced (announced: "
           "10.69.91.7:5930); also DUPLICATES 4 of 2400 RTP packets came twice; SEQUENCE 1 RTP packet of 10.69.91.7:5930 has a "
           "sequence number that fits nothing");
    f = healthy();
    audio_beside(&f);
    audio->misdirected = 400;
    audio->misdirected_to = "10.69.80.187:9";
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 400 RTP packets with the SSRC announced go to 10.69.80.187:9, not to "
           "10.69.80.187:5800");
    f = healthy();
    audio_beside(&f);
    audio->left = 3;
    audio->left_to = "10.69.80.188:5800";
    audio->left_same_port = true;
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 3 audio RTP packets still go to 10.69.80.188:5800 up to 0.0 s after the re-INVITE "
           "was answered (frame 0), not to 10.69.80.187:5800");
    g_assert_cmpint(severity_of(&f, HIK_CODE_WRONG_DESTINATION), ==, HIK_SEVERITY_WARN);
    /* another SSRC, from where it was announced */
    f = healthy();
    audio_beside(&f);
    audio->misrouted = 1;
    audio->misrouted_from = "10.69.91.7:5932";
    audio->misrouted_to = "10.69.80.187:9";
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 1 audio RTP packet from 10.69.91.7:5932 goes to 10.69.80.187:9, not to "
           "10.69.80.187:5800");
    g_assert_cmpint(severity_of(&f, HIK_CODE_WRONG_DESTINATION), ==, HIK_SEVERITY_WARN);
    audio->misrouted_is_host = true;
    g_assert_cmpint(severity_of(&f, HIK_CODE_WRONG_DESTINATION), ==, HIK_SEVERITY_ERROR);
    /* media of one line at the endpoint of another; both ways round in one finding */
    f = healthy();
    audio_beside(&f);
    audio->crossed = 1;
    audio->crossed_pt = 8;
    audio->crossed_at = "10.69.80.187:5798";
    audio->crossed_own = "10.69.80.187:5800";
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 1 audio RTP packet (payload type 8) goes to 10.69.80.187:5798, which was announced "
           "for the video, not to 10.69.80.187:5800");
    g_assert_cmpint(severity_of(&f, HIK_CODE_WRONG_DESTINATION), ==, HIK_SEVERITY_ERROR);
    audio->crossed_too = true;
    g_assert_cmpint(severity_of(&f, HIK_CODE_WRONG_DESTINATION), ==, HIK_SEVERITY_WARN);
    video->crossed = 2000;
    video->crossed_pt = 96;
    video->crossed_at = "10.69.80.187:5800";
    video->crossed_own = "10.69.80.187:5798";
    video->crossed_audio = true;
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 2000 RTP packets (payload type 96) go to 10.69.80.187:5800, which was announced for "
           "the audio, not to 10.69.80.187:5798; and 1 of the audio (payload type 8) to 10.69.80.187:5798");
    g_assert_cmpint(severity_of(&f, HIK_CODE_WRONG_DESTINATION), ==, HIK_SEVERITY_ERROR);
    /* the line that loses most leads, and the next one follows; of equals the first leads */
    f = healthy();
    audio_beside(&f);
    audio->lost = 100;
    expect(f, HIK_STATE_CLOSED, "LOSS 25.0 % (100 of 400 audio RTP packets from 10.69.91.7:5932 lost)");
    video->lost = 499;
    expect(f, HIK_STATE_CLOSED, "LOSS 25.0 % (100 of 400 audio RTP packets from 10.69.91.7:5932, and 499 of 2000 from "
           "10.69.91.7:5930 lost)");
    video->lost = 500;
    expect(f, HIK_STATE_CLOSED, "LOSS 25.0 % (500 of 2000 RTP packets from 10.69.91.7:5930, and 100 of 400 of the audio from "
           "10.69.91.7:5932 lost)");
    f.leg[0].lines[2] = *audio;
    f.leg[0].lines[2].lost = 101;
    expect(f, HIK_STATE_CLOSED, "LOSS 25.3 % (101 of 400 audio RTP packets from 10.69.91.7:5932, and 500 of 2000 from "
           "10.69.91.7:5930 lost)");
    /* of two that lose alike the first follows */
    f.leg[0].lines[2] = *video;
    f.leg[0].lines[2].from = "10.69.91.7:5934";
    video->lost = 600;
    expect(f, HIK_STATE_CLOSED, "LOSS 30.0 % (600 of 2000 RTP packets from 10.69.91.7:5930, and 100 of 400 of the audio from "
           "10.69.91.7:5932 lost)");
    /* the way back of a conversation is judged, too; what comes back unasked is not */
    f = healthy();
    f.leg[1].packets = f.leg[1].lines[0].packets = f.leg[1].lines[0].expected = 50;
    f.leg[1].lines[0].lost = 10;
    f.leg[1].lines[0].from = "10.69.80.187:5798";
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    f.leg[1].wanted = true;
    expect(f, HIK_STATE_CLOSED, "LOSS 20.0 % (10 of 50 RTP packets from 10.69.80.187:5798 lost)");
}

static void test_content(void)
{
    struct hik_facts f = healthy();

    f.not_ps_packets = 1500;
    f.ps_packets = 500;
    f.looks_like = "H.264";
    expect(f, HIK_STATE_CLOSED,
           "NOT_PS SDP says PS, but 1500 of 2000 packets are not a program stream; they look like H.264");
    f.not_ps_packets = 500;
    f.ps_packets = 1500; /* a minority: gaps and private data */
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    f = healthy();
    f.leg[0].lines[0].undeclared_pt = 100;
    f.leg[0].lines[0].undeclared = 1998;
    expect(f, HIK_STATE_CLOSED, "PAYLOAD_TYPE 1998 of 2000 packets from 10.69.91.7:5930 have payload type 100, which no m= line names");
    f = healthy();
    f.encrypted = true;
    expect(f, HIK_STATE_CLOSED, "ENCRYPTED the video from 10.69.91.7:5930 is encrypted, H.264: without the device's key there is no "
           "picture");
    f = healthy();
    f.key_frames = 0;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also NO_KEY_FRAME 200 frames in 8.0 s and no key frame yet");
    f.leg[0].seconds = 10.0;
    expect(f, HIK_STATE_CLOSED, "NO_KEY_FRAME 200 frames in 10.0 s and no key frame: no decoder can start");
}

static void test_loss(void)
{
    struct hik_facts f = healthy();

    f.leg[0].packets = 1752;
    f.leg[0].packets_expected_ssrc = 1752;
    f.leg[0].lines[0].lost = 248;
    expect(f, HIK_STATE_CLOSED, "LOSS 12.4 % (248 of 2000 RTP packets from 10.69.91.7:5930 lost)");
    f.leg[0].ssrc = 5;
    f.leg[0].packets_expected_ssrc = 0;
    expect(f, HIK_STATE_CLOSED, "SSRC_MISMATCH RTP from 10.69.91.7:5930 carries SSRC 0000000005 (0x00000005), the answer announced 0100007399 (0x05f5fde7)"
           "; also LOSS 12.4 % (248 of 2000 RTP packets from 10.69.91.7:5930 lost)");
    f = healthy();
    f.leg[0].lines[0].lost = 1;
    f.leg[0].lines[0].packets--;
    expect(f, HIK_STATE_CLOSED, "OK 1999 RTP packets of H.264 1920x1080 in 8.0 s from 10.69.91.7:5930 to 10.69.80.187:5798; "
           "also LOSS 0.050 % (1 of 2000 RTP packets from 10.69.91.7:5930 lost)");
    f = healthy();
    f.leg[0].lines[0].duplicates = 7;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also DUPLICATES 7 of 2000 RTP packets came twice");
    /* a tenth of a percent is a fault */
    g_assert_cmpint(hik_verdict_loss_severity(199, 200000), ==, HIK_SEVERITY_NOTE);
    g_assert_cmpint(hik_verdict_loss_severity(200, 200000), ==, HIK_SEVERITY_WARN);
    f = healthy();
    f.leg[0].lines[0].lost = 2;
    expect(f, HIK_STATE_CLOSED, "LOSS 0.1 % (2 of 2000 RTP packets from 10.69.91.7:5930 lost)");
}

static void test_one_way(void)
{
    struct hik_facts f = healthy();

    f.talk = true;
    f.leg[1].wanted = true;
    f.leg[1].to = "10.69.91.7:5930";
    expect(f, HIK_STATE_CLOSED, "ONE_WAY 2000 RTP packets to 10.69.80.187:5798, none to 10.69.91.7:5930");
    f.leg[1].packets = 400;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    /* roles turned round: the callee is the one who listens */
    f = healthy();
    f.leg[1] = f.leg[0];
    memset(&f.leg[0], 0, sizeof f.leg[0]);
    f.leg[1].to = f.leg[1].seen_to = "10.69.91.7:5930";
    f.leg[1].from = f.leg[1].seen_from = "10.69.80.187:5798";
    expect(f, HIK_STATE_CLOSED, "OK 2000 RTP packets of H.264 1920x1080 in 8.0 s from 10.69.80.187:5798 to 10.69.91.7:5930");
    f.leg[1].packets_expected_ssrc = 0;
    f.leg[1].ssrc = 1;
    expect(f, HIK_STATE_CLOSED, "SSRC_MISMATCH RTP from 10.69.80.187:5798 carries SSRC 0000000001 (0x00000001), the answer announced 0100007399 (0x05f5fde7)"
           "");
    /* wanted one way, came the other */
    f = healthy();
    f.leg[1].packets = f.leg[0].packets;
    f.leg[1].seen_to = "10.69.91.7:5930";
    f.leg[0].packets = 0;
    expect(f, HIK_STATE_CLOSED,
           "ONE_WAY 2000 RTP packets to 10.69.91.7:5930, none to 10.69.80.187:5798 (private address)");
}

static void test_source(void)
{
    struct hik_facts f = healthy();

    f.leg[0].lines[0].unnegotiated = 2000;
    f.leg[0].lines[0].unnegotiated_from = f.leg[0].seen_from = "203.0.113.9:40000";
    f.leg[0].lines[0].unnegotiated_is_peer = true;
    expect(f, HIK_STATE_CLOSED, "OK 2000 RTP packets of H.264 1920x1080 in 8.0 s from 203.0.113.9:40000 to 10.69.80.187:5798; "
           "also NAT media comes from 203.0.113.9:40000, where its SIP comes from, instead of 10.69.91.7:5930");
    f.leg[0].lines[0].unnegotiated_is_peer = false;
    expect(f, HIK_STATE_CLOSED, "UNNEGOTIATED 2000 of 2000 RTP packets come from 203.0.113.9:40000, which no SDP announced "
           "(announced: 10.69.91.7:5930)");
    f.leg[0].lines[0].unnegotiated_is_host = true;
    f.leg[0].lines[0].unnegotiated_from = f.leg[0].seen_from = "10.69.91.7:40000";
    expect(f, HIK_STATE_CLOSED, "OK 2000 RTP packets of H.264 1920x1080 in 8.0 s from 10.69.91.7:40000 to 10.69.80.187:5798; "
           "also UNNEGOTIATED media comes from 10.69.91.7:40000, not from the port announced, 10.69.91.7:5930");
    f = healthy();
    f.leg[0].lines[0].misdirected = 2000;
    f.leg[0].lines[0].misdirected_to = "10.69.80.187:30000";
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 2000 RTP packets with the SSRC announced go to 10.69.80.187:30000, not to "
           "10.69.80.187:5798");
    f.leg[0].lines[0].misdirected_to = "10.69.80.99:5798";
    f.leg[0].lines[0].misdirected_same_port = true;
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 2000 RTP packets with the SSRC announced go to 10.69.80.99:5798, not to "
           "10.69.80.187:5798; same port: is the address translated on the way?");
    f = healthy();
    f.leg[0].lines[0].left = 1;
    f.leg[0].lines[0].left_to = "10.69.80.187:5000";
    f.leg[0].lines[0].left_answer = 77;
    f.leg[0].lines[0].left_seconds = 1.2;
    expect(f, HIK_STATE_CLOSED, "WRONG_DESTINATION 1 RTP packet still goes to 10.69.80.187:5000 up to 1.2 s after the re-INVITE was "
           "answered (frame 77), not to 10.69.80.187:5798");
    f.leg[0].lines[0].left = 2;
    f.leg[0].lines[0].left_late = true;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also WRONG_DESTINATION 2 RTP packets still go to 10.69.80.187:5000 up to 1.2 s after "
           "the re-INVITE was answered (frame 77), then to 10.69.80.187:5798");
    f.leg[0].lines[0].left_to = "10.69.80.187:5798";
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also WRONG_DESTINATION 2 RTP packets still go to 10.69.80.187:5798 up to 1.2 s after "
           "the re-INVITE was answered (frame 77), where the receiver is again later");
    f = healthy();
    f.leg[0].sender_class = HIK_ADDR_PUBLIC; /* media came all the same */
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also PRIVATE_ADDRESS 10.69.80.187:5798 is private, "
           "its peer 10.69.91.7:7100 is public");
}

static void test_end(void)
{
    struct hik_facts f = healthy();

    f.after_bye = 20;
    f.after_bye_seconds = 1.0; /* on its way */
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    f.after_bye_seconds = 1.1;
    expect(f, HIK_STATE_CLOSED, "MEDIA_AFTER_BYE 20 RTP packets up to 1.1 s after the BYE");
    f = healthy();
    f.bye = false;
    f.silence = 9.9;
    expect(f, HIK_STATE_ESTABLISHED, "OK " SEEN);
    f.silence = 10.0;
    expect(f, HIK_STATE_ESTABLISHED, "NO_BYE media stopped 10.0 s before the end of the capture without a BYE");
    f.paused = true;
    expect(f, HIK_STATE_ESTABLISHED, "OK " SEEN);
}

static bool says(const struct hik_facts *f, enum hik_code code)
{
    struct hik_verdict v;

    hik_verdict_judge(f, &v);
    return hik_verdict_find(&v, code) != NULL;
}

/* Both sides of every threshold that no other test has. */
static void test_thresholds(void)
{
    struct hik_facts f = silent();

    f.bye_by = f.caller;
    f.after_answer = 1.95; /* too soon for media */
    g_assert_cmpint(severity_of(&f, HIK_CODE_NO_MEDIA), ==, HIK_SEVERITY_WARN);
    f.after_answer = 2.0;
    g_assert_cmpint(severity_of(&f, HIK_CODE_NO_MEDIA), ==, HIK_SEVERITY_ERROR);
    /* a connection that nobody made */
    f = tcp();
    f.bye = false;
    f.after_answer = 4.95;
    g_assert_false(says(&f, HIK_CODE_TCP_NO_CONNECTION));
    f.after_answer = 5.0;
    g_assert_true(says(&f, HIK_CODE_TCP_NO_CONNECTION));
    f = healthy();
    f.first_media_after = 4.95;
    g_assert_false(says(&f, HIK_CODE_SLOW_START));
    f.first_media_after = 5.0;
    g_assert_true(says(&f, HIK_CODE_SLOW_START));
    f = healthy();
    f.key_frames = 0;
    f.leg[0].seconds = 9.95;
    g_assert_cmpint(severity_of(&f, HIK_CODE_NO_KEY_FRAME), ==, HIK_SEVERITY_NOTE);
    f.leg[0].seconds = 10.0;
    g_assert_cmpint(severity_of(&f, HIK_CODE_NO_KEY_FRAME), ==, HIK_SEVERITY_ERROR);
    /* the answer crossed the CANCEL, or it came late */
    f = silent();
    f.cancelled = true;
    f.late_answer = 0.45;
    expect(f, HIK_STATE_CLOSED, "CANCELLED by 10.69.80.187:7100 0.0 s after the INVITE; the answer of 10.69.91.7:7100 crossed the "
           "CANCEL, and the call was ended by BYE");
    f.late_answer = 0.5;
    expect(f, HIK_STATE_CLOSED, "CANCELLED by 10.69.80.187:7100 0.0 s after the INVITE; a late 200 of 10.69.91.7:7100 came 0.5 s "
           "after that, and the call was ended by BYE");
    /* media of a call that was cancelled in vain: two seconds of it are a call */
    f = healthy();
    f.cancelled = true;
    f.after_answer = 1.95;
    g_assert_true(says(&f, HIK_CODE_CANCELLED));
    f.after_answer = 2.0;
    g_assert_false(says(&f, HIK_CODE_CANCELLED));
    f.late_answer = 0.5;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also CANCELLED by 10.69.80.187:7100 0.0 s after the INVITE, but 10.69.91.7:7100 answered "
           "200 0.5 s after that, and the call went on");
    f.late_answer = 0.45;
    f.cancels_unanswered = 2;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also CANCELLED by 10.69.80.187:7100 0.0 s after the INVITE, but the answer of "
           "10.69.91.7:7100 crossed the CANCEL, and the call went on; nothing answered the CANCEL, sent 2 times");
    /* 100 is not ringing, 101 to 199 are; 299 is an answer, 300 is none */
    f = unanswered();
    f.provisional = 100;
    expect(f, HIK_STATE_INVITING, "IN_PROGRESS the capture ends 10.2 s after the INVITE, 10.69.91.7:7100 had answered 100");
    f.provisional = 101;
    expect(f, HIK_STATE_RINGING, "IN_PROGRESS the capture ends 10.2 s after the INVITE, 10.69.91.7:7100 had answered 101");
    f = healthy();
    f.final_status = 299;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN);
    f.final_status = 300;
    expect(f, HIK_STATE_FAILED, "REJECTED 300 OK by 10.69.91.7:7100");
    f = healthy();
    f.not_ps_packets = f.ps_packets;
    g_assert_false(says(&f, HIK_CODE_NOT_PS));
    f.not_ps_packets++;
    g_assert_true(says(&f, HIK_CODE_NOT_PS));
    f = healthy();
    f.forks = 2;
    g_assert_true(says(&f, HIK_CODE_FORKED));
    f = healthy();
    f.messages = 4;
    f.copies = 4;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also COPIES the capture holds every SIP message of it 2 times; copies do not count");
    f.copies = 5;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also COPIES the capture holds some of its 4 SIP messages more than once (5 copies); "
           "copies do not count");
    f = healthy();
    f.after_bye = 3;
    f.after_bye_seconds = 0.95;
    g_assert_false(says(&f, HIK_CODE_MEDIA_AFTER_BYE));
    f.after_bye_seconds = 1.05;
    g_assert_true(says(&f, HIK_CODE_MEDIA_AFTER_BYE));
    f = silent(); /* a sender that hangs up at once */
    f.capture_has_rtp = f.capture_has_media = false;
    f.bye_by_sender = true;
    f.bye_by = f.callee;
    f.after_answer = 0.95;
    g_assert_true(says(&f, HIK_CODE_NO_MEDIA));
    f.after_answer = 1.05;
    g_assert_false(says(&f, HIK_CODE_NO_MEDIA));
}

static void test_edges(void)
{
    struct hik_facts f = healthy();

    f.began_before = true;
    f.invites = 0;
    f.final_status = 0;
    f.acked = false;
    f.caller = NULL;
    expect(f, HIK_STATE_CLOSED, "BEGAN_BEFORE the INVITE is not in the capture, 2000 RTP packets are");
    f.leg[0].lines[0].lost = 500;
    expect(f, HIK_STATE_CLOSED, "LOSS 25.0 % (500 of 2000 RTP packets from 10.69.91.7:5930 lost); "
           "also BEGAN_BEFORE the INVITE is not in the capture, 2000 RTP packets are");
    f = silent();
    f.began_before = true;
    f.final_status = 0;
    f.acked = false;
    expect(f, HIK_STATE_CLOSED, "BEGAN_BEFORE the INVITE is not in the capture");
    /* only one side was captured */
    f = healthy();
    f.final_status = f.provisional = 0;
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also ONE_SIDED the answer of 10.69.91.7:7100 is not in the capture");
    f = silent();
    f.final_status = f.provisional = 0;
    expect(f, HIK_STATE_CLOSED,
           "ONE_SIDED nothing that 10.69.91.7:7100 sent is in the capture, so media cannot be judged");
    f = healthy();
    f.forks = 2;
    f.reinvited = true;
    f.invites = 3;
    f.first_media_after = 6.5;
    f.cascade_with = 4;
    f.cascade_via = "10.69.80.187";
    expect(f, HIK_STATE_CLOSED, "OK " SEEN "; also SLOW_START first RTP packet 6.5 s after the answer; "
           "FORKED 2 answers with different To tags; MOVED a re-INVITE renewed the session; its SDP counts; "
           "RETRANSMITTED INVITE sent 3 times; CASCADE 10.69.80.187 passes this camera on: see session 4");
}

static void test_address(void)
{
    static const struct {
        uint8_t b[4];
        enum hik_address_class want;
    } rows[] = {
        {{10, 0, 0, 0}, HIK_ADDR_PRIVATE},       {{9, 255, 255, 255}, HIK_ADDR_PUBLIC},
        {{11, 0, 0, 0}, HIK_ADDR_PUBLIC},        {{172, 15, 255, 255}, HIK_ADDR_PUBLIC},
        {{172, 16, 0, 0}, HIK_ADDR_PRIVATE},     {{172, 31, 255, 255}, HIK_ADDR_PRIVATE},
        {{172, 32, 0, 0}, HIK_ADDR_PUBLIC},      {{192, 167, 1, 1}, HIK_ADDR_PUBLIC},
        {{192, 168, 48, 2}, HIK_ADDR_PRIVATE},   {{100, 63, 0, 1}, HIK_ADDR_PUBLIC},
        {{100, 64, 0, 1}, HIK_ADDR_PRIVATE},     {{100, 127, 255, 1}, HIK_ADDR_PRIVATE},
        {{100, 128, 0, 1}, HIK_ADDR_PUBLIC},     {{169, 254, 1, 1}, HIK_ADDR_PRIVATE},
        {{127, 0, 0, 1}, HIK_ADDR_LOOPBACK},     {{0, 0, 0, 0}, HIK_ADDR_ANY},
        {{224, 0, 0, 1}, HIK_ADDR_MULTICAST},    {{239, 255, 0, 1}, HIK_ADDR_MULTICAST},
        {{255, 255, 255, 255}, HIK_ADDR_ANY},    {{203, 0, 113, 5}, HIK_ADDR_PUBLIC},
        {{223, 255, 255, 255}, HIK_ADDR_PUBLIC}, {{240, 0, 0, 0}, HIK_ADDR_ANY},
        {{169, 253, 1, 1}, HIK_ADDR_PUBLIC},     {{169, 255, 1, 1}, HIK_ADDR_PUBLIC},
    };
    uint8_t six[16] = {0};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(hik_address_classify(rows[i].b, 4), ==, rows[i].want);
    g_assert_cmpint(hik_address_classify(six, 16), ==, HIK_ADDR_ANY);
    six[15] = 1;
    g_assert_cmpint(hik_address_classify(six, 16), ==, HIK_ADDR_LOOPBACK);
    six[0] = 0xfd;
    g_assert_cmpint(hik_address_classify(six, 16), ==, HIK_ADDR_PRIVATE);
    six[0] = 0xfe, six[1] = 0xbf;
    g_assert_cmpint(hik_address_classify(six, 16), ==, HIK_ADDR_PRIVATE);
    six[1] = 0xc0;
    g_assert_cmpint(hik_address_classify(six, 16), ==, HIK_ADDR_PUBLIC);
    six[0] = 0xff;
    g_assert_cmpint(hik_address_classify(six, 16), ==, HIK_ADDR_MULTICAST);
    memset(six, 0, 10);
    six[10] = six[11] = 0xff, six[12] = 10;
    g_assert_cmpint(hik_address_classify(six, 16), ==, HIK_ADDR_PRIVATE);
    g_assert_cmpint(hik_address_classify(six, 3), ==, HIK_ADDR_UNKNOWN);
    g_assert_cmpint(hik_address_classify(NULL, 0), ==, HIK_ADDR_UNKNOWN);
}

static void test_clean(void)
{
    char out[24];

    hik_verdict_clean(out, 20, NULL);
    g_assert_cmpstr(out, ==, "");
    hik_verdict_clean(out, 20, "a|b\tc\n\x1b[31m\x7f");
    g_assert_cmpstr(out, ==, "a b c  [31m ");
    hik_verdict_clean(out, 20, "x\xc2\x9by\xc2\xa0");
    g_assert_cmpstr(out, ==, "x  y\xc2\xa0");
    hik_verdict_clean(out, 3, "abc");
    g_assert_cmpstr(out, ==, "abc");
    hik_verdict_clean(out, 3, "abcd");
    g_assert_cmpstr(out, ==, "abc...");
    hik_verdict_clean(out, 4, "a\xe6\x91\x84\xe5\x83\x8f"); /* never half a character */
    g_assert_cmpstr(out, ==, "a\xe6\x91\x84...");
    hik_verdict_clean(out, 6, "a\xe6\x91\x84\xe5\x83\x8f");
    g_assert_cmpstr(out, ==, "a\xe6\x91\x84...");
}

/* Whatever the facts hold, the verdict is one printable line of valid UTF-8, and the worst finding leads. */
static void test_hostile(void)
{
    GRand *rand = g_rand_new_with_seed(28181);
    char *longest = g_strnfill(3000, 'x');
    const char *texts[] = {NULL, "", "10.1.2.3:4", "a|b\r\nc", longest, "\xe6\x91\x84\xe5\x83\x8f\xe6\x9c\xba"};
    unsigned seen[HIK_CODE_COUNT] = {0};

    for (int i = 0; i < 12000; i++) {
        struct hik_facts f;
        struct hik_verdict v;
        char text[4096], small[64];
        size_t len, cut;

        hik_facts_init(&f);
        /* booleans must stay 0 or 1 and enumerations in range, everything else may be anything */
#define BIT(member) f.member = g_rand_int(rand) & 1
#define NUM(member) f.member = g_rand_boolean(rand) ? g_rand_int(rand) : (guint32)g_rand_int_range(rand, 0, 4)
#define TXT(member) f.member = texts[g_rand_int_range(rand, 0, G_N_ELEMENTS(texts))]
#define SEC(member) f.member = g_rand_double_range(rand, -10, 50)
        BIT(began_before), BIT(acked), BIT(cancelled), BIT(bye), BIT(reinvited), BIT(talk), BIT(capture_has_rtp), BIT(capture_has_media), BIT(file_end), BIT(bye_by_sender), BIT(acked_late),
        BIT(callee_unheard), BIT(caller_unheard), BIT(bye_answered);
        BIT(tcp), BIT(tcp_syn), BIT(tcp_refused), BIT(tcp_up), BIT(paused), BIT(has_ssrc), BIT(ssrc_by_answer);
        BIT(declared_ps);
        BIT(cut.answer), NUM(cut.kept), NUM(cut.sent), NUM(cut.frame), NUM(cut.rtp_packets), NUM(cut.rtp_kept), NUM(cut.rtp_sent);
        f.cut.sdp = g_rand_int_range(rand, 0, 8) == 0;
        f.cut.unplaced = g_rand_int_range(rand, 0, 8) == 0;
        f.cut.payload = f.cut.rtp_packets > 0;
        f.provisional = (uint16_t)(g_rand_boolean(rand) ? 0 : g_rand_int_range(rand, 100, 200));
        f.final_status = (uint16_t)(g_rand_boolean(rand) ? 0 : g_rand_int_range(rand, 200, 700));
        if (g_rand_boolean(rand))
            f.final_status = 200;
        f.challenge = (uint16_t)(g_rand_boolean(rand) ? 0 : 401);
        NUM(messages), NUM(copies), NUM(rtcp_sent), NUM(stray_packets), NUM(other_transport), TXT(bye_by), TXT(receiver_sip), SEC(late_answer);
        NUM(invites), NUM(forks), NUM(rtcp_packets), NUM(after_bye), NUM(frames), NUM(key_frames);
        NUM(ps_packets), NUM(not_ps_packets), NUM(unreachable), NUM(unreachable_frame), NUM(ssrc), NUM(width), NUM(height);
        TXT(reason), TXT(error_code), TXT(error_text), TXT(caller), TXT(callee);
        TXT(unreachable_what), TXT(tcp_to), TXT(ssrc_text), TXT(codec), TXT(looks_like), TXT(cascade_via);
        SEC(after_invite), SEC(cancel_after), SEC(after_answer), SEC(first_media_after), SEC(after_bye_seconds);
        SEC(silence);
        f.connections.framed = (enum hik_framed)g_rand_int_range(rand, HIK_FRAMED_RFC4571, HIK_FRAMED_BARE + 1);
        BIT(connections.framed_seen), BIT(connections.cut), BIT(connections.foreign), BIT(connections.misdirected);
        BIT(connections.misdirected_refused), BIT(connections.misdirected_up), BIT(connections.misdirected_media);
        NUM(connections.head), NUM(connections.anew), NUM(connections.missing), NUM(connections.holes);
        NUM(connections.missing_frame), NUM(connections.kept), NUM(connections.sent), NUM(connections.foreign_bytes);
        TXT(connections.foreign_is);
        memset(f.connections.misdirected_to, '|', HIK_TCP_TEXT - 1);
        if (g_rand_boolean(rand))
            f.unreachable = 0;
        if (g_rand_boolean(rand))
            f.ssrc = HIK_SSRC_HIKVISION;
        f.shared_with = g_rand_int_range(rand, -1, 2);
        f.cascade_with = g_rand_int_range(rand, -1, 2);
        f.encrypted = g_rand_int_range(rand, 0, 4) == 0;
        f.offer_role = g_rand_int_range(rand, 0, 3);
        f.answer_role = g_rand_int_range(rand, 0, 3);
        for (int k = 0; k < 2; k++) {
            BIT(leg[k].wanted), BIT(leg[k].to_port_zero), BIT(leg[k].to_is_peer), NUM(leg[k].packets), NUM(leg[k].lost);
            NUM(leg[k].ssrc), NUM(leg[k].packets_expected_ssrc);
            for (int m = 0; m < HIK_LINES; m++) {
#define LINE(member) leg[k].lines[m].member
                BIT(LINE(audio)), BIT(LINE(unnegotiated_is_host)), BIT(LINE(unnegotiated_is_peer)), BIT(LINE(misdirected_same_port));
                NUM(LINE(packets)), NUM(LINE(expected)), NUM(LINE(lost)), NUM(LINE(duplicates)), NUM(LINE(restarts));
                NUM(LINE(strays)), NUM(LINE(reused)), NUM(LINE(ssrcs)), NUM(LINE(ssrc)), NUM(LINE(ssrc_packets));
                NUM(LINE(unnegotiated)), NUM(LINE(misdirected)), NUM(LINE(undeclared));
                TXT(LINE(from)), TXT(LINE(announced_from)), TXT(LINE(announced_to)), TXT(LINE(unnegotiated_from));
                TXT(LINE(misdirected_to));
            }
            TXT(leg[k].to), TXT(leg[k].from), TXT(leg[k].seen_from), TXT(leg[k].seen_to);
            SEC(leg[k].seconds);
            f.leg[k].to_class = g_rand_int_range(rand, 0, 6);
            f.leg[k].sender_class = g_rand_int_range(rand, 0, 6);
            if (g_rand_boolean(rand))
                f.leg[k].packets = 0;
        }
        hik_verdict_judge(&f, &v);
        g_assert_cmpuint(v.count, >, 0);
        g_assert_cmpuint(v.count, <=, HIK_CODE_COUNT);
        for (unsigned k = 0; k < v.count; k++) {
            seen[v.findings[k].code]++;
            g_assert_cmpint(v.findings[k].severity, <=, v.findings[0].severity);
            for (unsigned m = 0; m < k; m++)
                g_assert_cmpint(v.findings[m].code, !=, v.findings[k].code);
        }
        len = hik_verdict_print(&v, text, sizeof text);
        g_assert_cmpuint(len, ==, strlen(text));
        g_assert_true(g_utf8_validate(text, -1, NULL));
        for (size_t k = 0; k < len; k++)
            g_assert_true((unsigned char)text[k] >= 0x20 && text[k] != '|');
        cut = hik_verdict_print(&v, small, sizeof small);
        g_assert_cmpuint(cut, <, sizeof small);
        g_assert_true(g_utf8_validate(small, -1, NULL));
        g_assert_cmpint(strncmp(small, text, cut), ==, 0);
        g_assert_cmpuint(hik_verdict_print(&v, small, 1), ==, 0);
        g_assert_cmpuint(hik_verdict_print(&v, small, 0), ==, 0);
    }
    for (unsigned code = 0; code < HIK_CODE_COUNT; code++) {
        g_assert_cmpstr(hik_verdict_code_name(code), !=, "");
        if (seen[code] == 0)
            g_error("the random facts never gave %s", hik_verdict_code_name(code));
    }
    g_assert_cmpstr(hik_verdict_code_name(HIK_CODE_COUNT), ==, "");
    g_assert_cmpstr(hik_verdict_state_name(99), ==, "");
    g_free(longest);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/ok", test_ok);
    g_test_add_func("/verdict/rejected", test_rejected);
    g_test_add_func("/verdict/no-answer", test_no_answer);
    g_test_add_func("/verdict/cancelled", test_cancelled);
    g_test_add_func("/verdict/no-media", test_no_media);
    g_test_add_func("/verdict/not-captured", test_not_captured);
    g_test_add_func("/verdict/cut", test_cut);
    g_test_add_func("/verdict/port-zero", test_port_zero);
    g_test_add_func("/verdict/tcp", test_tcp);
    g_test_add_func("/verdict/ssrc", test_ssrc);
    g_test_add_func("/verdict/lines", test_lines);
    g_test_add_func("/verdict/content", test_content);
    g_test_add_func("/verdict/loss", test_loss);
    g_test_add_func("/verdict/one-way", test_one_way);
    g_test_add_func("/verdict/source", test_source);
    g_test_add_func("/verdict/end", test_end);
    g_test_add_func("/verdict/thresholds", test_thresholds);
    g_test_add_func("/verdict/edges", test_edges);
    g_test_add_func("/verdict/address", test_address);
    g_test_add_func("/verdict/clean", test_clean);
    g_test_add_func("/verdict/hostile", test_hostile);
    return g_test_run();
}
