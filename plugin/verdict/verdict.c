/* verdict.c
 * Judges an INVITE session. The order of the tests is the order in which a field engineer would ask: did the call
 * come about, could media flow at all, did it come, was it the right one, was it whole, was it ended.
 *
 * What is uncertain is no fault: an answer is missing only when the capture goes on long enough, or the caller's
 * retransmissions show that it went on waiting; media that is missing in a capture without any RTP may have been
 * filtered out of it, and is said to.
 *
 * Longer than 700 lines: every sentence of a verdict stands here, one after the other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[HIK_CODE_COUNT] = {
    [HIK_CODE_REJECTED] = "REJECTED",
    [HIK_CODE_UNREACHABLE] = "UNREACHABLE",
    [HIK_CODE_NO_ANSWER] = "NO_ANSWER",
    [HIK_CODE_CANCELLED] = "CANCELLED",
    [HIK_CODE_PORT_ZERO] = "PORT_ZERO",
    [HIK_CODE_TCP_ROLE] = "TCP_ROLE",
    [HIK_CODE_TCP_REFUSED] = "TCP_REFUSED",
    [HIK_CODE_TCP_NO_CONNECTION] = "TCP_NO_CONNECTION",
    [HIK_CODE_NO_ACK] = "NO_ACK",
    [HIK_CODE_NO_MEDIA] = "NO_MEDIA",
    [HIK_CODE_WRONG_DESTINATION] = "WRONG_DESTINATION",
    [HIK_CODE_SSRC_MISMATCH] = "SSRC_MISMATCH",
    [HIK_CODE_NOT_PS] = "NOT_PS",
    [HIK_CODE_PAYLOAD_TYPE] = "PAYLOAD_TYPE",
    [HIK_CODE_ENCRYPTED] = "ENCRYPTED",
    [HIK_CODE_ONE_WAY] = "ONE_WAY",
    [HIK_CODE_NO_KEY_FRAME] = "NO_KEY_FRAME",
    [HIK_CODE_LOSS] = "LOSS",
    [HIK_CODE_SSRC_SHARED] = "SSRC_SHARED",
    [HIK_CODE_SSRC_CHANGED] = "SSRC_CHANGED",
    [HIK_CODE_UNNEGOTIATED] = "UNNEGOTIATED",
    [HIK_CODE_MEDIA_AFTER_BYE] = "MEDIA_AFTER_BYE",
    [HIK_CODE_NO_BYE] = "NO_BYE",
    [HIK_CODE_PRIVATE_ADDRESS] = "PRIVATE_ADDRESS",
    [HIK_CODE_IN_PROGRESS] = "IN_PROGRESS",
    [HIK_CODE_BEGAN_BEFORE] = "BEGAN_BEFORE",
    [HIK_CODE_CUT] = "CUT",
    [HIK_CODE_NOT_CAPTURED] = "NOT_CAPTURED",
    [HIK_CODE_OK] = "OK",
    [HIK_CODE_ONE_SIDED] = "ONE_SIDED",
    [HIK_CODE_NAT] = "NAT",
    [HIK_CODE_SSRC_CONSTANT] = "SSRC_CONSTANT",
    [HIK_CODE_SLOW_START] = "SLOW_START",
    [HIK_CODE_DUPLICATES] = "DUPLICATES",
    [HIK_CODE_SEQUENCE] = "SEQUENCE",
    [HIK_CODE_FORKED] = "FORKED",
    [HIK_CODE_TCP_FRAMING] = "TCP_FRAMING",
    [HIK_CODE_INCOMPLETE] = "INCOMPLETE",
    [HIK_CODE_RECONNECTED] = "RECONNECTED",
    [HIK_CODE_MOVED] = "MOVED",
    [HIK_CODE_RETRANSMITTED] = "RETRANSMITTED",
    [HIK_CODE_COPIES] = "COPIES",
    [HIK_CODE_CASCADE] = "CASCADE",
};

const char *hik_verdict_code_name(enum hik_code code)
{
    return (unsigned)code < HIK_CODE_COUNT ? code_names[code] : "";
}

const char *hik_verdict_state_name(enum hik_state state)
{
    static const char *const names[] = {"inviting", "ringing", "established", "closed", "failed"};

    return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "";
}

void hik_facts_init(struct hik_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    facts->shared_with = -1;
    facts->cascade_with = -1;
    facts->first_media_after = -1.0;
}

/* The longest prefix of at most max bytes that ends at a character's border. */
static size_t utf8_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

void hik_verdict_clean(char *dst, size_t max, const char *text)
{
    size_t len, keep;

    if (text == NULL)
        text = "";
    /* one byte more than can be shown is enough to know that something is cut */
    for (len = 0; len <= max && text[len] != '\0'; len++)
        ;
    keep = utf8_cut(text, len, max);
    memcpy(dst, text, keep);
    dst[keep] = '\0';
    for (char *p = dst; *p != '\0'; p++) {
        unsigned char c = (unsigned char)p[0], next = (unsigned char)p[1];

        if (c < 0x20 || c == 0x7f || c == '|')
            *p = ' ';
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0) /* C1 controls: U+009B is an escape to some terminals */
            p[0] = p[1] = ' ';
    }
    if (len > keep)
        memcpy(dst + keep, "...", 4);
}

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static void add(struct hik_verdict *v, enum hik_code code, enum hik_severity severity, const char *format, ...)
{
    struct hik_finding *f;
    char text[1024];
    va_list args;

    if (v->count >= HIK_CODE_COUNT)
        return;
    f = &v->findings[v->count++];
    f->code = code;
    f->severity = severity;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hik_verdict_clean(f->text, sizeof f->text - 4, text);
}

/* Decimals with a point whatever the locale: scripts read them. The array lives to the end of the full expression. */
struct number {
    char s[32];
};

/* Words that a sentence ends with; likewise. */
struct remark {
    char s[120];
};

static struct number decimals(double value, int places)
{
    unsigned scale = places == 3 ? 1000 : 10;
    struct number n;
    uint64_t scaled = value > 0 && value < 1e15 ? (uint64_t)(value * scale + 0.5) : 0;

    snprintf(n.s, sizeof n.s, "%" PRIu64 ".%0*" PRIu64, scaled / scale, places, scaled % scale);
    return n;
}

static struct number tenths(double value)
{
    return decimals(value, 1);
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static const char *or_unknown(const char *text)
{
    return text != NULL ? text : "an unknown address";
}

/* What is odd about the address that media must be sent to, as words in brackets; "" if nothing is. */
static const char *address_remark(const struct hik_leg *leg)
{
    switch (leg->to_class) {
    case HIK_ADDR_PRIVATE:
        return " (private address)";
    case HIK_ADDR_LOOPBACK:
        return " (loopback address)";
    case HIK_ADDR_ANY:
        return " (no address to send to)";
    default:
        return "";
    }
}

/* Whoever was told TCP may send over UDP all the same, or the other way round. Whose it is, nobody says; "" if there is none. */
static struct remark other_transport(const struct hik_facts *f)
{
    struct remark remark = {""};

    if (f->other_transport > 0)
        snprintf(remark.s, sizeof remark.s, "; %u RTP packet%s between the two hosts over %s, which no SDP announces", f->other_transport,
                 f->other_transport == 1 ? " runs" : "s run", f->tcp ? "UDP" : "TCP");
    return remark;
}

static bool has_media(const struct hik_facts *f)
{
    return f->leg[0].packets + f->leg[1].packets > 0;
}

/* The direction the y= and the verdict speak of first. */
static const struct hik_leg *main_leg(const struct hik_facts *f)
{
    if (f->leg[0].wanted == f->leg[1].wanted)
        return f->leg[0].packets > 0 || f->leg[1].packets == 0 ? &f->leg[0] : &f->leg[1];
    return f->leg[0].wanted ? &f->leg[0] : &f->leg[1];
}

/* Did the dialog come about? An ACK or BYE or media proves it where the answers were not captured. */
static bool is_established(const struct hik_facts *f)
{
    if (f->final_status >= 300 || (f->challenge != 0 && f->final_status == 0 && !has_media(f)))
        return false;
    if (f->final_status >= 200 || f->began_before)
        return true;
    return f->acked || has_media(f) || (f->bye && !f->cancelled);
}

/* What became of the CANCEL itself, as the end of a sentence; "" where the capture does not show that it is nothing. */
struct cancel_text {
    char s[64];
};

static struct cancel_text cancel_text(const struct hik_facts *f)
{
    struct cancel_text text = {""};

    if (f->cancels_unanswered == 1)
        snprintf(text.s, sizeof text.s, "; nothing answered the CANCEL");
    else if (f->cancels_unanswered > 1)
        snprintf(text.s, sizeof text.s, "; nothing answered the CANCEL, sent %u times", f->cancels_unanswered);
    return text;
}

static void judge_failed(const struct hik_facts *f, struct hik_verdict *v)
{
    char reason[68], code[36], text[104];
    bool error = f->error_code != NULL || f->error_text != NULL;

    hik_verdict_clean(reason, 64, f->reason);
    hik_verdict_clean(code, 32, f->error_code);
    hik_verdict_clean(text, 100, f->error_text);
    if (f->final_status >= 300 && !(f->cancelled && f->final_status == 487)) {
        v->state = HIK_STATE_FAILED;
        add(v, HIK_CODE_REJECTED, HIK_SEVERITY_ERROR, "%u%s%s by %s%s%s%s%s%s", f->final_status,
            reason[0] != '\0' ? " " : "", reason, or_unknown(f->callee), error ? ", error" : "",
            code[0] != '\0' ? " " : "", code, text[0] != '\0' ? ": " : "", text);
        return;
    }
    if (f->cancelled) {
        v->state = HIK_STATE_FAILED;
        if (f->provisional != 0)
            add(v, HIK_CODE_CANCELLED, HIK_SEVERITY_WARN, "by %s %s s after the INVITE; %s had answered %u and no more%s",
                or_unknown(f->caller), tenths(f->cancel_after).s, or_unknown(f->callee), f->provisional,
                f->final_status ? "" : cancel_text(f).s);
        else
            add(v, HIK_CODE_CANCELLED, HIK_SEVERITY_WARN, "by %s %s s after the INVITE; %s had not answered at all",
                or_unknown(f->caller), tenths(f->cancel_after).s, or_unknown(f->callee));
        return;
    }
    if (f->challenge != 0) {
        v->state = HIK_STATE_FAILED;
        add(v, HIK_CODE_REJECTED, HIK_SEVERITY_ERROR, "%u by %s, and %s did not repeat the INVITE with credentials",
            f->challenge, or_unknown(f->callee), or_unknown(f->caller));
        return;
    }
    v->state = f->provisional > 100 ? HIK_STATE_RINGING : HIK_STATE_INVITING;
    if (f->unreachable > 0) {
        v->state = HIK_STATE_FAILED;
        return; /* the ICMP error says it better than the silence */
    }
    if (f->callee_unheard) {
        add(v, HIK_CODE_ONE_SIDED, HIK_SEVERITY_NOTE, "nothing that %s sent is in the capture, so its answer is not known",
            or_unknown(f->callee));
        return;
    }
    if (f->after_invite >= HIK_WAIT_ANSWER || (f->provisional == 0 && f->invites >= HIK_MAX_INVITES)) {
        v->state = HIK_STATE_FAILED;
        if (f->provisional != 0)
            add(v, HIK_CODE_NO_ANSWER, HIK_SEVERITY_ERROR, "%s answered %u and no more, in %s s",
                or_unknown(f->callee), f->provisional, tenths(f->after_invite).s);
        else
            add(v, HIK_CODE_NO_ANSWER, HIK_SEVERITY_ERROR, "INVITE sent %u time%s to %s, no answer in %s s",
                f->invites, plural(f->invites), or_unknown(f->callee), tenths(f->after_invite).s);
        return;
    }
    if (f->provisional != 0)
        add(v, HIK_CODE_IN_PROGRESS, HIK_SEVERITY_NOTE, "the capture ends %s s after the INVITE, %s had answered %u",
            tenths(f->after_invite).s, or_unknown(f->callee), f->provisional);
    else
        add(v, HIK_CODE_IN_PROGRESS, HIK_SEVERITY_NOTE,
            "the capture ends %s s after the INVITE, before %s answered", tenths(f->after_invite).s,
            or_unknown(f->callee));
}

/* Who was to connect tried another port, and no RTP came there. */
static void judge_misdirected(const struct hik_tcp_facts *t, enum hik_severity severity, struct hik_verdict *v)
{
    add(v, t->misdirected_refused ? HIK_CODE_TCP_REFUSED : HIK_CODE_TCP_NO_CONNECTION, severity,
        "%s connects to %s instead of %s, which was announced%s, and %s", t->misdirected_from, t->misdirected_to,
        t->misdirected_instead, t->misdirected_audio ? " for the audio" : "",
        t->misdirected_refused ? "is refused (RST)" : t->misdirected_up ? "sends no RTP there" : "gets no answer");
}

/* The connection was asked for by who was to wait for it. */
static void judge_reversed(const struct hik_facts *f, struct hik_verdict *v)
{
    const struct hik_tcp_facts *t = &f->connections;
    const char *other = t->reversed_told ? "; by a=setup it is to go the other way, to " : "", *to = t->reversed_told ? or_unknown(f->tcp_to) : "";

    if (f->tcp_refused)
        add(v, HIK_CODE_TCP_REFUSED, HIK_SEVERITY_ERROR, "%s refuses the media connection from %s (RST)%s%s", t->reversed_to,
            t->reversed_from, other, to);
    else
        add(v, HIK_CODE_TCP_NO_CONNECTION, HIK_SEVERITY_ERROR, "no answer to the TCP connection from %s to %s in %s s%s%s",
            t->reversed_from, t->reversed_to, tenths(f->after_answer).s, other, to);
}

/* Why media could not come, as far as signalling and TCP tell. True if that explains its absence. */
static bool judge_path(const struct hik_facts *f, struct hik_verdict *v)
{
    bool explained = false;

    for (unsigned i = 0; i < 2; i++) {
        const struct hik_leg *leg = &f->leg[i];

        /* A sender that receives nothing refuses by port 0, too (RFC 3264 clause 6). */
        if (leg->to_port_zero && !explained) {
            add(v, HIK_CODE_PORT_ZERO, HIK_SEVERITY_ERROR, "the SDP of %s says port 0, which refuses the media",
                or_unknown(i == 0 ? f->caller : f->callee));
            explained = true;
        }
    }
    if (f->tcp && !has_media(f)) {
        if (f->offer_role != HIK_ROLE_NONE && f->offer_role == f->answer_role) {
            add(v, HIK_CODE_TCP_ROLE, HIK_SEVERITY_ERROR, "both sides say a=setup:%s, so %s",
                f->offer_role == HIK_ROLE_ACTIVE ? "active" : "passive",
                f->offer_role == HIK_ROLE_ACTIVE ? "nobody listens" : "nobody connects");
            explained = true;
        }
        if (f->connections.misdirected) {
            judge_misdirected(&f->connections, HIK_SEVERITY_ERROR, v);
            explained = true;
        } else if (f->connections.reversed && !f->tcp_up && (f->tcp_refused || f->bye || f->after_answer >= HIK_WAIT_MEDIA)) {
            judge_reversed(f, v);
            explained = true;
        } else if (f->tcp_refused && !f->tcp_up) {
            add(v, HIK_CODE_TCP_REFUSED, HIK_SEVERITY_ERROR, "%s refuses the media connection (RST)",
                or_unknown(f->tcp_to));
            explained = true;
        } else if (!explained && !f->tcp_up && (f->capture_has_media || f->tcp_syn) && (f->bye || f->after_answer >= HIK_WAIT_MEDIA) &&
                   (f->tcp_to || !f->began_before)) { /* who listens may be in what the capture lacks */
            add(v, HIK_CODE_TCP_NO_CONNECTION, HIK_SEVERITY_ERROR, f->tcp_syn
                ? "no answer to the TCP connection to %s in %s s%s" : "nobody connected to %s in %s s%s",
                or_unknown(f->tcp_to), tenths(f->after_answer).s, other_transport(f).s);
            explained = true;
        }
    }
    return explained;
}

/* Cancelled, answered all the same, and taken: whoever asks why the CANCEL did nothing finds it. One that came too late to do
 * something (RFC 3261 9.1) does not matter, if it was answered. */
static void judge_cancelled_in_vain(const struct hik_facts *f, struct hik_verdict *v)
{
    if (f->late_answer >= HIK_CROSSING)
        add(v, HIK_CODE_CANCELLED, HIK_SEVERITY_NOTE, "by %s %s s after the INVITE, but %s answered %u %s s after that, and the call went "
            "on%s", or_unknown(f->caller), tenths(f->cancel_after).s, or_unknown(f->callee), f->final_status, tenths(f->late_answer).s,
            cancel_text(f).s);
    else if (f->cancels_unanswered > 0)
        add(v, HIK_CODE_CANCELLED, HIK_SEVERITY_NOTE, "by %s %s s after the INVITE, but the answer of %s crossed the CANCEL, and the call "
            "went on%s", or_unknown(f->caller), tenths(f->cancel_after).s, or_unknown(f->callee), cancel_text(f).s);
}

/* The call was cancelled, and answered all the same (RFC 3261 9.1): then the caller acknowledges and says BYE, unless it
 * takes the call after all. */
static bool judge_late_answer(const struct hik_facts *f, struct hik_verdict *v)
{
    const char *end = f->bye ? ", and the call was ended by BYE" : f->acked ? ", and no BYE ended the call" : "";
    uint32_t packets = f->leg[0].packets + f->leg[1].packets;
    char media[40] = "";

    if (!f->cancelled || f->final_status < 200 || f->final_status >= 300)
        return false;
    if (f->acked && has_media(f) && (!f->bye || f->after_answer >= HIK_WAIT_START)) {
        judge_cancelled_in_vain(f, v);
        return false;
    }
    if (!f->bye)
        v->state = f->acked ? HIK_STATE_ESTABLISHED : HIK_STATE_FAILED;
    if (packets > 0)
        snprintf(media, sizeof media, " and %u RTP packet%s", packets, plural(packets));
    if (f->late_answer < HIK_CROSSING)
        add(v, HIK_CODE_CANCELLED, HIK_SEVERITY_WARN, "by %s %s s after the INVITE; the answer of %s crossed the CANCEL%s%s%s",
            or_unknown(f->caller), tenths(f->cancel_after).s, or_unknown(f->callee), media, end, cancel_text(f).s);
    else
        add(v, HIK_CODE_CANCELLED, HIK_SEVERITY_WARN, "by %s %s s after the INVITE; a late %u of %s came %s s after that%s%s%s",
            or_unknown(f->caller), tenths(f->cancel_after).s, f->final_status, or_unknown(f->callee), tenths(f->late_answer).s,
            media, end, cancel_text(f).s);
    return true;
}

/* Nobody ended the call, though its media has come to an end. */
static void judge_missing_bye(const struct hik_facts *f, struct hik_verdict *v)
{
    if (f->bye_refused && f->file_end)
        add(v, HIK_CODE_NO_BYE, HIK_SEVERITY_WARN, "the file was at its end (MediaStatus 121) %s s before the end of the capture; the BYE "
            "was refused with %u", tenths(f->file_end_before).s, f->bye_refused);
    else if (f->bye_refused)
        add(v, HIK_CODE_NO_BYE, HIK_SEVERITY_WARN, "media stopped %s s before the end of the capture; the BYE was refused with %u",
            tenths(f->silence).s, f->bye_refused);
    else if (f->file_end)
        add(v, HIK_CODE_NO_BYE, HIK_SEVERITY_WARN, "the file was at its end (MediaStatus 121) %s s before the end of the "
            "capture; %s sent no BYE", tenths(f->file_end_before).s, or_unknown(f->receiver_sip));
    else if (!f->paused)
        add(v, HIK_CODE_NO_BYE, HIK_SEVERITY_WARN, "media stopped %s s before the end of the capture without a BYE",
            tenths(f->silence).s);
}

/* Signalling alone: nobody can say whether media came, but there may be signs that it did. */
static void judge_not_captured(const struct hik_facts *f, const struct hik_leg *leg, struct hik_verdict *v)
{
    char sign[96] = "";

    if (f->rtcp_sent > 0)
        snprintf(sign, sizeof sign, "; RTCP says that %u packet%s sent", f->rtcp_sent, f->rtcp_sent == 1 ? " was" : "s were");
    else if (f->file_end)
        snprintf(sign, sizeof sign, "; MediaStatus 121 says that the file was sent");
    else if (f->bye && f->after_answer >= HIK_LONG_CALL)
        snprintf(sign, sizeof sign, "; the call went on for %s s, so it likely flowed", tenths(f->after_answer).s);
    add(v, HIK_CODE_NOT_CAPTURED, HIK_SEVERITY_NOTE, "media is not in this capture, which holds no RTP at all: it was left out, "
        "or none came to %s%s in %s s%s", or_unknown(leg->to), address_remark(leg), tenths(f->after_answer).s, sign);
    if (!f->bye && f->file_end && f->file_end_before >= HIK_WAIT_BYE)
        judge_missing_bye(f, v);
}

/* The media connection carried something, but no RTP. */
static void judge_foreign(const struct hik_facts *f, struct hik_verdict *v)
{
    const struct hik_tcp_facts *t = &f->connections;

    if (t->foreign_is != NULL)
        add(v, HIK_CODE_NO_MEDIA, HIK_SEVERITY_ERROR, "the media connection from %s to %s carries no RTP but %s (%" PRIu64 " bytes, "
            "from frame %u on)", t->foreign_from, t->foreign_to, t->foreign_is, t->foreign_bytes,
            t->foreign_frame);
    else
        add(v, HIK_CODE_NO_MEDIA, HIK_SEVERITY_ERROR, "the media connection from %s to %s carries %" PRIu64 " bytes that are no RTP, "
            "from frame %u on: %s", t->foreign_from, t->foreign_to, t->foreign_bytes, t->foreign_frame,
            t->foreign_first);
}

static void judge_absence(const struct hik_facts *f, struct hik_verdict *v)
{
    const struct hik_leg *leg = main_leg(f);
    bool over = f->bye || f->after_answer >= HIK_WAIT_MEDIA, hasty;
    char bye[160] = "", end[100] = "";

    if (!f->leg[0].wanted && !f->leg[1].wanted)
        return;
    if (judge_path(f, v))
        return;
    if (f->unreachable > 0)
        return;
    if (f->file_end)
        snprintf(end, sizeof end, "; MediaStatus 121 said after %s s that the file was at its end", tenths(f->file_end_after).s);
    if (!over) {
        if (f->acked || f->final_status != 0)
            add(v, HIK_CODE_IN_PROGRESS, HIK_SEVERITY_NOTE, "the capture ends %s s after the %s, before any media%s",
                tenths(f->after_answer).s, f->acked ? "ACK" : "answer", end);
        return;
    }
    if (f->began_before)
        return; /* all of its media may have been before the capture, too */
    if (f->final_status == 0)
        return; /* what the callee sends is not in the capture: neither its answers nor its media */
    if (!f->acked && f->final_status >= 200)
        add(v, HIK_CODE_NO_ACK, HIK_SEVERITY_ERROR, "%s answered %u, %s never acknowledged it%s", or_unknown(f->callee),
            f->final_status, or_unknown(f->caller), f->capture_has_media ? ", and no media came" : "");
    if (f->tcp && f->connections.foreign) {
        judge_foreign(f, v);
        return;
    }
    if (!f->capture_has_media && !(f->bye_by_sender && f->after_answer < HIK_HANG_UP && !f->file_end && f->rtcp_sent == 0)) {
        judge_not_captured(f, leg, v);
        return;
    }
    /* A receiver that hangs up at once may simply have looked at something else: a camera takes a moment to begin. A
     * sender that does has nothing to send. */
    hasty = f->bye && f->after_answer < HIK_WAIT_START;
    if (hasty)
        snprintf(bye, sizeof bye, ", then %.64s sent BYE, %s s after the %s", or_unknown(f->bye_by),
                 decimals(f->after_answer, 3).s, f->acked && !f->acked_late ? "ACK" : "answer");
    else if (f->bye)
        snprintf(bye, sizeof bye, ", then %.64s sent BYE", or_unknown(f->bye_by));
    add(v, HIK_CODE_NO_MEDIA, hasty && !f->bye_by_sender ? HIK_SEVERITY_WARN : HIK_SEVERITY_ERROR,
        "200 OK%s, 0 RTP packets to %s%s in %s s%s%s%s%s", f->acked ? " and ACK" : "", or_unknown(leg->to), address_remark(leg),
        tenths(f->after_answer).s, bye, end, f->tcp && f->tcp_silent                       ? "; the media connection was opened, and nothing came over it"
                                        : f->capture_has_rtp || !f->capture_has_media ? ""
                                        : "; no RTP in the whole capture: was it filtered?", other_transport(f).s);
    if (f->rtcp_packets > 0)
        add(v, HIK_CODE_ONE_WAY, HIK_SEVERITY_WARN, "%u RTCP packet%s but no RTP", f->rtcp_packets, plural(f->rtcp_packets));
}

/* The m= lines whose media is judged: those of the direction the session is about first, each in the order of the SDP. */
struct lines {
    const struct hik_line *line[2 * HIK_LINES];
    unsigned count;
};

static struct lines lines_of(const struct hik_facts *f, const struct hik_leg *leg)
{
    const struct hik_leg *other = leg == &f->leg[0] ? &f->leg[1] : &f->leg[0];
    struct lines lines = {{NULL}, 0};

    for (unsigned i = 0; i < HIK_LINES; i++)
        if (leg->lines[i].packets > 0)
            lines.line[lines.count++] = &leg->lines[i];
    for (unsigned i = 0; other->wanted && i < HIK_LINES; i++)
        if (other->lines[i].packets > 0)
            lines.line[lines.count++] = &other->lines[i];
    return lines;
}

static const char *audio_word(const struct hik_line *line)
{
    return line->audio ? "audio " : "";
}

static void judge_ssrc(const struct hik_facts *f, const struct hik_leg *leg, const struct lines *lines, struct hik_verdict *v)
{
    char written[40];

    hik_verdict_clean(written, 32, f->ssrc_text);
    if ((leg == &f->leg[1] && f->leg[0].wanted) || leg->lines[0].packets == 0) {
        /* y= is about the other way of a conversation, and about the first line */
    } else if (f->has_ssrc && leg->packets > 0 && f->ssrc == HIK_SSRC_HIKVISION) {
        if (leg->ssrc != f->ssrc)
            add(v, HIK_CODE_SSRC_CONSTANT, HIK_SEVERITY_NOTE,
                "y=%s is Hikvision's constant; RTP carries SSRC " HIK_SSRC_FORMAT, written, leg->ssrc, leg->ssrc);
    } else if (f->has_ssrc && leg->packets > 0 && leg->packets_expected_ssrc == 0) {
        add(v, HIK_CODE_SSRC_MISMATCH, HIK_SEVERITY_ERROR,
            "RTP from %s carries SSRC " HIK_SSRC_FORMAT ", the %s announced " HIK_SSRC_FORMAT, or_unknown(leg->seen_from), leg->ssrc,
            leg->ssrc, f->ssrc_by_answer ? "answer" : "INVITE", f->ssrc, f->ssrc);
    }
    for (unsigned i = 0; i < lines->count; i++) {
        const struct hik_line *line = lines->line[i];

        if (line->ssrcs <= 1)
            continue;
        add(v, HIK_CODE_SSRC_CHANGED, HIK_SEVERITY_WARN, "%u different SSRCs from %s; %u of %u packets carry "
            HIK_SSRC_FORMAT, line->ssrcs, or_unknown(line->from), line->ssrc_packets, line->packets, line->ssrc, line->ssrc);
        break;
    }
    if (f->shared_with >= 0 && f->has_ssrc && f->ssrc != HIK_SSRC_HIKVISION)
        add(v, HIK_CODE_SSRC_SHARED, f->shared_port ? HIK_SEVERITY_WARN : HIK_SEVERITY_NOTE,
            "session %d has SSRC " HIK_SSRC_FORMAT " at the same time, to %s", f->shared_with, f->ssrc, f->ssrc,
            f->shared_port ? "the same port" : "another port of the same receiver");
}

static void judge_content(const struct hik_facts *f, const struct hik_leg *leg, const struct lines *lines, struct hik_verdict *v)
{
    if (f->declared_ps && f->not_ps_packets > f->ps_packets) {
        char looks[36];

        hik_verdict_clean(looks, 32, f->looks_like);
        add(v, HIK_CODE_NOT_PS, HIK_SEVERITY_ERROR, "SDP says PS, but %u of %u packets are not a program stream%s%s",
            f->not_ps_packets, f->ps_packets + f->not_ps_packets, looks[0] != '\0' ? "; they look like " : "", looks);
    }
    for (unsigned i = 0; i < lines->count; i++) {
        const struct hik_line *line = lines->line[i];

        if (line->undeclared == 0)
            continue;
        add(v, HIK_CODE_PAYLOAD_TYPE, HIK_SEVERITY_WARN, "%u of %u packets from %s have payload type %u, which no m= line names",
            line->undeclared, line->packets, or_unknown(line->from), line->undeclared_pt);
        break;
    }
    if (f->encrypted)
        add(v, HIK_CODE_ENCRYPTED, HIK_SEVERITY_WARN, "the video from %s is encrypted%s%s: without the device's key there is no picture",
            or_unknown(leg->seen_from), f->codec != NULL ? ", " : "", f->codec != NULL ? f->codec : "");
    if (f->frames > 0 && f->key_frames == 0 && !f->first_unread) {
        if (leg->seconds >= HIK_WAIT_KEY)
            add(v, HIK_CODE_NO_KEY_FRAME, HIK_SEVERITY_ERROR,
                "%u frames in %s s and no key frame: no decoder can start", f->frames, tenths(leg->seconds).s);
        else
            add(v, HIK_CODE_NO_KEY_FRAME, HIK_SEVERITY_NOTE, "%u frame%s in %s s and no key frame yet", f->frames, plural(f->frames),
                tenths(leg->seconds).s);
    }
}

/* Odd sequence numbers of a line, in one finding. */
static void judge_sequence(const struct hik_line *line, struct hik_verdict *v)
{
    const char *source = or_unknown(line->from);
    char restarts[120] = "", reused[120] = "", strays[120] = "";

    if (line->restarts == 1)
        snprintf(restarts, sizeof restarts, "the sequence numbers of %s restart once", source);
    else if (line->restarts > 1)
        snprintf(restarts, sizeof restarts, "the sequence numbers of %s restart %u times", source, line->restarts);
    if (line->reused > 0)
        snprintf(reused, sizeof reused, "%s%u of %u RTP packets of %s repeat a sequence number with other bytes",
                 restarts[0] ? ", " : "", line->reused, line->packets, source);
    if (line->strays > 0)
        snprintf(strays, sizeof strays, "%s%u RTP packet%s of %s ha%s a sequence number that fits nothing",
                 restarts[0] || reused[0] ? ", " : "", line->strays, plural(line->strays), source,
                 line->strays == 1 ? "s" : "ve");
    add(v, HIK_CODE_SEQUENCE, HIK_SEVERITY_NOTE, "%s%s%s", restarts, reused, strays);
}

enum hik_severity hik_verdict_loss_severity(uint64_t lost, uint64_t expected)
{
    return lost > 0 && lost * 1000 >= expected ? HIK_SEVERITY_WARN : HIK_SEVERITY_NOTE;
}

static double loss_percent(const struct hik_line *line)
{
    return line->lost > 0 && line->expected > 0 ? 100.0 * line->lost / line->expected : 0;
}

/* The line that loses most, and what the next one loses. */
static void judge_loss(const struct hik_facts *f, const struct lines *lines, struct hik_verdict *v)
{
    const struct hik_line *worst = NULL, *next = NULL;
    char more[160] = "";
    double percent;

    for (unsigned i = 0; i < lines->count; i++) {
        const struct hik_line *line = lines->line[i];

        if (line->lost == 0)
            continue;
        if (!worst || loss_percent(line) > loss_percent(worst)) {
            next = worst;
            worst = line;
        } else if (!next || loss_percent(line) > loss_percent(next)) {
            next = line;
        }
    }
    if (!worst)
        return;
    percent = loss_percent(worst);
    if (next)
        snprintf(more, sizeof more, ", and %u of %u%s from %s", next->lost, next->expected, next->audio ? " of the audio" : "",
                 or_unknown(next->from));
    add(v, HIK_CODE_LOSS, hik_verdict_loss_severity(worst->lost, worst->expected), "%s %% (%u of %u %sRTP packets from %s%s lost%s)",
        decimals(percent, percent >= 0.1 ? 1 : 3).s, worst->lost, worst->expected, audio_word(worst), or_unknown(worst->from), more,
        f->connections.framed_seen ? " before they came to the connection" : "");
}

static void judge_duplicates(const struct lines *lines, struct hik_verdict *v)
{
    uint32_t duplicates = 0, packets = 0;
    bool audio = true;

    for (unsigned i = 0; i < lines->count; i++) {
        const struct hik_line *line = lines->line[i];

        if (line->duplicates == 0)
            continue;
        duplicates += line->duplicates;
        packets += line->packets;
        audio &= line->audio;
    }
    if (duplicates > 0)
        add(v, HIK_CODE_DUPLICATES, HIK_SEVERITY_NOTE, "%u of %u %sRTP packets came twice", duplicates, packets,
            audio ? "audio " : "");
}

/* Media of one m= line that goes to the endpoint of another, and that of a second one, mostly the other way round. */
static bool judge_crossed(const struct lines *lines, struct hik_verdict *v)
{
    const struct hik_line *crossed[2] = {NULL, NULL}, *line;
    unsigned count = 0;
    char more[120] = "";
    bool one;

    for (unsigned i = 0; i < lines->count && count < 2; i++)
        if (lines->line[i]->crossed > 0)
            crossed[count++] = lines->line[i];
    if (count == 0)
        return false;
    line = crossed[0];
    one = line->crossed == 1;
    if (count > 1)
        snprintf(more, sizeof more, "; and %u%s (payload type %u) %s %s", crossed[1]->crossed,
                 crossed[1]->audio && !line->audio ? " of the audio" : "", crossed[1]->crossed_pt,
                 crossed[1]->crossed_over ? "over that to" : "to", or_unknown(crossed[1]->crossed_at));
    add(v, HIK_CODE_WRONG_DESTINATION, line->crossed_too && (count == 1 || crossed[1]->crossed_too) ? HIK_SEVERITY_WARN : HIK_SEVERITY_ERROR,
        "%u %sRTP packet%s (payload type %u) %s %s, which was announced for %s, not %s%s%s", line->crossed, audio_word(line),
        plural(line->crossed), line->crossed_pt, line->crossed_over ? one ? "comes over the connection to" : "come over the connection to"
        : one ? "goes to" : "go to", or_unknown(line->crossed_at),
        line->crossed_audio == line->audio ? "another m= line" : line->crossed_audio ? "the audio" : "the video",
        line->crossed_over ? "" : "to ", or_unknown(line->crossed_own), more);
    return true;
}

/* Where the media of a line comes from and goes to, against what was announced for it. */
static bool judge_destination(const struct hik_line *line, struct hik_verdict *v)
{
    if (line->misdirected > 0)
        add(v, HIK_CODE_WRONG_DESTINATION, line->misdirected_same_port ? HIK_SEVERITY_WARN : HIK_SEVERITY_ERROR,
            "%u RTP packet%s with the SSRC announced go%s to %s, not to %s%s", line->misdirected, plural(line->misdirected),
            line->misdirected == 1 ? "es" : "", or_unknown(line->misdirected_to),
            or_unknown(line->announced_to), line->misdirected_same_port ? "; same port: is the address translated on the way?" : "");
    if (line->left > 0 && line->misdirected == 0) {
        bool back = line->left_late && strcmp(or_unknown(line->left_to), or_unknown(line->announced_to)) == 0;

        add(v, HIK_CODE_WRONG_DESTINATION, line->left_late ? HIK_SEVERITY_NOTE : line->left_same_port ? HIK_SEVERITY_WARN : HIK_SEVERITY_ERROR,
            "%u %sRTP packet%s still go%s to %s up to %s s after the re-INVITE was answered (frame %u), %s%s", line->left,
            audio_word(line), plural(line->left), line->left == 1 ? "es" : "", or_unknown(line->left_to), tenths(line->left_seconds).s,
            line->left_answer, back ? "where the receiver is again later" : line->left_late ? "then to " : "not to ",
            back ? "" : or_unknown(line->announced_to));
    }
    if (line->misrouted > 0 && line->misdirected == 0 && line->left == 0)
        add(v, HIK_CODE_WRONG_DESTINATION, line->misrouted_is_host ? HIK_SEVERITY_ERROR : HIK_SEVERITY_WARN,
            "%u %sRTP packet%s from %s go%s to %s, not to %s", line->misrouted, audio_word(line), plural(line->misrouted),
            or_unknown(line->misrouted_from), line->misrouted == 1 ? "es" : "", or_unknown(line->misrouted_to), or_unknown(line->announced_to));
    return line->misdirected > 0 || line->left > 0 || line->misrouted > 0;
}

static bool judge_source(const struct hik_line *line, struct hik_verdict *v)
{
    if (line->unnegotiated == 0)
        return false;
    if (line->unnegotiated_is_host)
        add(v, HIK_CODE_UNNEGOTIATED, HIK_SEVERITY_NOTE, "media comes from %s, not from the port announced, %s",
            or_unknown(line->unnegotiated_from), or_unknown(line->announced_from));
    else if (line->unnegotiated_is_peer)
        add(v, HIK_CODE_NAT, HIK_SEVERITY_NOTE, "media comes from %s, where its SIP comes from, instead of %s",
            or_unknown(line->unnegotiated_from), or_unknown(line->announced_from));
    else
        add(v, HIK_CODE_UNNEGOTIATED, HIK_SEVERITY_WARN, "%u of %u %sRTP packets come from %s, which no SDP announced (announced: %s)",
            line->unnegotiated, line->packets, audio_word(line), or_unknown(line->unnegotiated_from), or_unknown(line->announced_from));
    return true;
}

static void judge_transport(const struct hik_facts *f, const struct lines *lines, struct hik_verdict *v)
{
    /* Over TCP nothing is lost on the way: see judge_connections(). */
    if (!(f->tcp && (f->connections.missing > 0 || f->connections.open > 0 || f->connections.cut)))
        judge_loss(f, lines, v);
    for (unsigned i = 0; i < lines->count; i++)
        if (lines->line[i]->restarts > 0 || lines->line[i]->strays > 0 || lines->line[i]->reused > 0) {
            judge_sequence(lines->line[i], v);
            break;
        }
    judge_duplicates(lines, v);
    if (!judge_crossed(lines, v))
        for (unsigned i = 0; i < lines->count && !judge_destination(lines->line[i], v); i++)
            ;
    for (unsigned i = 0; i < lines->count && !judge_source(lines->line[i], v); i++)
        ;
}

/* Over TCP. */
static void judge_connections(const struct hik_facts *f, const struct hik_leg *leg, struct hik_verdict *v)
{
    const struct hik_tcp_facts *t = &f->connections;

    switch (t->framed) {
    case HIK_FRAMED_RFC4571:
        break;
    case HIK_FRAMED_DOLLAR:
        add(v, HIK_CODE_TCP_FRAMING, HIK_SEVERITY_NOTE, "RTP comes in '$' frames (RFC 2326 10.12) instead of RFC 4571's");
        break;
    case HIK_FRAMED_HEAD:
        add(v, HIK_CODE_TCP_FRAMING, HIK_SEVERITY_NOTE, "RTP comes behind %u bytes of the sender's own, the last two of them "
            "the length, instead of RFC 4571's two", t->head);
        break;
    case HIK_FRAMED_TAG:
        add(v, HIK_CODE_TCP_FRAMING, HIK_SEVERITY_WARN, "RTP comes behind %u bytes of the sender's own and without its length "
            "(RFC 4571)", t->head);
        break;
    case HIK_FRAMED_BARE:
        add(v, HIK_CODE_TCP_FRAMING, HIK_SEVERITY_WARN, "RTP comes without its length in front of each packet (RFC 4571): the "
            "receiver cannot tell where packets end");
        break;
    }
    if (t->cut)
        add(v, HIK_CODE_INCOMPLETE, HIK_SEVERITY_NOTE, "the capture cut the segments of the media connection (%u of %u bytes "
            "kept): RTP packets are counted by those headers that are there", t->kept, t->sent);
    else if (t->missing > 0 && leg->lost > 0)
        add(v, HIK_CODE_INCOMPLETE, HIK_SEVERITY_NOTE, "%" PRIu64 " bytes of the media connection are not in the capture, in %u place%s, "
            "first before frame %u, and with them %u RTP packet%s: not lost on the way", t->missing, t->holes,
            plural(t->holes), t->missing_frame, leg->lost, plural(leg->lost));
    else if (t->missing > 0)
        add(v, HIK_CODE_INCOMPLETE, HIK_SEVERITY_NOTE, "%" PRIu64 " bytes of the media connection are not in the capture, in %u place%s, "
            "first before frame %u", t->missing, t->holes, plural(t->holes), t->missing_frame);
    else if (t->open > 0 && leg->lost > 0)
        add(v, HIK_CODE_INCOMPLETE, HIK_SEVERITY_NOTE, "%" PRIu64 " bytes of the media connection were lost and not sent again before it "
            "or the capture ends, in %u place%s, first before frame %u, and with them %u RTP packet%s", t->open, t->open_holes,
            plural(t->open_holes), t->open_frame, leg->lost, plural(leg->lost));
    if (t->anew > 0)
        add(v, HIK_CODE_RECONNECTED, HIK_SEVERITY_NOTE, "the media connection was reopened %u time%s: from %s, then from %s "
            "(frame %u)", t->anew, plural(t->anew), t->first_from, t->second_from, t->second_frame);
    if (t->misdirected && !t->misdirected_media)
        judge_misdirected(t, HIK_SEVERITY_WARN, v);
    else if (t->misdirected && hik_verdict_find(v, HIK_CODE_WRONG_DESTINATION) == NULL)
        add(v, HIK_CODE_WRONG_DESTINATION, HIK_SEVERITY_WARN, "the media connection from %s goes to %s instead of %s, which was "
            "announced%s", t->misdirected_from, t->misdirected_to, t->misdirected_instead,
            t->misdirected_audio ? " for the audio" : "");
}

static void judge_end(const struct hik_facts *f, struct hik_verdict *v)
{
    if (f->bye && f->after_bye > 0 && f->after_bye_seconds > HIK_LATE_MEDIA)
        add(v, HIK_CODE_MEDIA_AFTER_BYE, HIK_SEVERITY_WARN, "%u RTP packet%s up to %s s after the BYE", f->after_bye, plural(f->after_bye),
            tenths(f->after_bye_seconds).s);
    /* where one direction is missing, the BYE may be, too */
    if (!f->bye && !f->bye_answered && !f->caller_unheard && (f->leg[0].wanted || f->leg[1].wanted) && f->silence >= HIK_WAIT_BYE)
        judge_missing_bye(f, v);
}

/* An SDP says port 0, and media came. */
static void judge_refused(const struct hik_facts *f, const struct lines *lines, struct hik_verdict *v)
{
    uint32_t first = f->leg[0].lines[0].packets + f->leg[1].lines[0].packets, packets = f->leg[0].packets + f->leg[1].packets;

    for (unsigned i = 0; i < 2; i++) {
        const char *who = or_unknown(i == 0 ? f->caller : f->callee);

        if (!f->leg[i].to_port_zero)
            continue;
        if (first > 0)
            add(v, HIK_CODE_PORT_ZERO, HIK_SEVERITY_NOTE, "the SDP of %s says port 0, which refuses the media, and %u RTP packet%s "
                "came all the same", who, first, plural(first));
        else
            add(v, HIK_CODE_PORT_ZERO, HIK_SEVERITY_ERROR, "the SDP of %s says port 0, which refuses the media, and what came is of another "
                "m= line (%u RTP packet%s)", who, packets, plural(packets));
        return;
    }
    for (unsigned i = 0; i < lines->count; i++) {
        const struct hik_line *line = lines->line[i];

        if (line->refused_by == NULL)
            continue;
        add(v, HIK_CODE_PORT_ZERO, HIK_SEVERITY_NOTE, "the SDP of %s says port 0 for %s, which refuses it, and %u RTP packet%s of it came all "
            "the same", line->refused_by, line->audio ? "the audio" : "another m= line", line->packets, plural(line->packets));
        return;
    }
}

static bool has_crossed(const struct hik_leg *leg)
{
    bool crossed = false;

    for (unsigned i = 0; i < HIK_LINES; i++)
        crossed |= leg->lines[i].crossed > 0;
    return crossed;
}

static void judge_established(const struct hik_facts *f, struct hik_verdict *v)
{
    const struct hik_leg *leg = main_leg(f), *came;
    struct lines lines;

    v->state = f->bye || f->bye_answered ? HIK_STATE_CLOSED : HIK_STATE_ESTABLISHED;
    if (judge_late_answer(f, v)) {
        /* what the callee sent into the cancelled call is in the sentence */
    } else if (!has_media(f)) {
        judge_absence(f, v);
    } else {
        if (leg->packets == 0 || (f->talk && (f->leg[0].packets == 0 || f->leg[1].packets == 0))) {
            const struct hik_leg *dead = f->leg[0].packets == 0 ? &f->leg[0] : &f->leg[1];

            if (dead->wanted)
                add(v, HIK_CODE_ONE_WAY, HIK_SEVERITY_ERROR, "%u RTP packet%s to %s, none to %s%s",
                    f->leg[0].packets + f->leg[1].packets, plural(f->leg[0].packets + f->leg[1].packets),
                    or_unknown(dead == &f->leg[0] ? f->leg[1].seen_to : f->leg[0].seen_to), or_unknown(dead->to),
                    address_remark(dead));
        }
        came = leg->packets > 0 ? leg : leg == &f->leg[0] ? &f->leg[1] : &f->leg[0];
        lines = lines_of(f, came);
        judge_refused(f, &lines, v);
        if (leg->wanted && !f->leg[0].to_port_zero && !f->leg[1].to_port_zero && leg->packets > 0 && leg->lines[0].packets == 0)
            add(v, HIK_CODE_NO_MEDIA, HIK_SEVERITY_ERROR, "0 RTP packets %sto %s%s in %s s, but %u of another m= line",
                has_crossed(leg) ? "that belong there " : "", or_unknown(leg->to), address_remark(leg), tenths(f->after_answer).s,
                leg->packets);
        judge_ssrc(f, leg, &lines, v);
        judge_content(f, leg, &lines, v);
        if (f->cut.rtp_packets > 0 && !f->tcp) /* see judge_connections() */
            add(v, HIK_CODE_INCOMPLETE, HIK_SEVERITY_NOTE, "the capture cut %u RTP packets (%u of %u bytes kept): they are counted by "
                "their headers, pictures are not judged", f->cut.rtp_packets, f->cut.rtp_kept, f->cut.rtp_sent);
        judge_transport(f, &lines, v);
        if (f->tcp)
            judge_connections(f, came, v);
        judge_end(f, v);
        if (f->first_media_after >= HIK_WAIT_MEDIA)
            add(v, HIK_CODE_SLOW_START, HIK_SEVERITY_NOTE, "first RTP packet %s s after the answer",
                tenths(f->first_media_after).s);
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct hik_leg *to = &f->leg[i];

        if (!to->wanted || to->to_class != HIK_ADDR_PRIVATE)
            continue;
        if (to->sender_class == HIK_ADDR_PUBLIC)
            add(v, HIK_CODE_PRIVATE_ADDRESS, to->packets == 0 ? HIK_SEVERITY_WARN : HIK_SEVERITY_NOTE,
                "%s is private, its peer %s is public", or_unknown(to->to), or_unknown(i == 0 ? f->callee : f->caller));
        else if (to->receiver_class == HIK_ADDR_PUBLIC)
            add(v, HIK_CODE_PRIVATE_ADDRESS, to->packets == 0 ? HIK_SEVERITY_WARN : HIK_SEVERITY_NOTE,
                "%s is private, though the SIP of its side comes from the public %s", or_unknown(to->to),
                or_unknown(i == 0 ? f->caller : f->callee));
        else
            continue;
        break;
    }
    if (!f->began_before && f->final_status == 0)
        add(v, HIK_CODE_ONE_SIDED, HIK_SEVERITY_NOTE, has_media(f) ? "the answer of %s is not in the capture"
            : "nothing that %s sent is in the capture, so media cannot be judged", or_unknown(f->callee));
    if (f->forks > 1)
        add(v, HIK_CODE_FORKED, HIK_SEVERITY_NOTE, "%u answers with different To tags", f->forks);
    if (f->reinvited)
        add(v, HIK_CODE_MOVED, HIK_SEVERITY_NOTE, "a re-INVITE renewed the session; its SDP counts");
}

/* Replaces "no fault" by the sentence of a healthy call. */
static void add_ok(const struct hik_facts *f, struct hik_verdict *v)
{
    const struct hik_leg *leg = main_leg(f);
    char what[80] = "", size[24] = "", end[80] = "";

    if (!has_media(f)) {
        add(v, HIK_CODE_OK, HIK_SEVERITY_NOTE, "no media was asked for (a=inactive)");
        return;
    }
    if (leg->packets == 0)
        leg = leg == &f->leg[0] ? &f->leg[1] : &f->leg[0];
    if (f->codec != NULL) {
        char codec[36];

        hik_verdict_clean(codec, 32, f->codec);
        if (f->width != 0 && f->height != 0)
            snprintf(size, sizeof size, " %ux%u", f->width, f->height);
        snprintf(what, sizeof what, " of %s%s", codec, size);
    }
    if (f->file_end)
        snprintf(end, sizeof end, ", to the end of the file (MediaStatus 121)");
    else if (f->bye && !f->paused && f->after_bye_seconds <= -HIK_WAIT_BYE)
        snprintf(end, sizeof end, ", and none in the last %s s before the BYE", tenths(-f->after_bye_seconds).s);
    add(v, HIK_CODE_OK, HIK_SEVERITY_NOTE, "%u RTP packet%s%s in %s s from %s to %s%s",
        leg->lines[0].packets > 0 ? leg->lines[0].packets : leg->packets,
        plural(leg->lines[0].packets > 0 ? leg->lines[0].packets : leg->packets), what,
        tenths(leg->seconds).s, or_unknown(leg->seen_from), or_unknown(leg->seen_to), end);
}

/* Worse findings first; the outcome (IN_PROGRESS, BEGAN_BEFORE, OK) leads the notes by its place in the enum only if
 * the notes above it in the enum are not in front of it. */
static int rank(const struct hik_finding *f)
{
    bool outcome = f->code == HIK_CODE_CUT || f->code == HIK_CODE_NOT_CAPTURED || f->code == HIK_CODE_IN_PROGRESS || f->code == HIK_CODE_BEGAN_BEFORE || f->code == HIK_CODE_OK;
    int severity = f->severity == HIK_SEVERITY_ERROR ? 0 : f->severity == HIK_SEVERITY_WARN ? 1 : outcome ? 2 : 3;

    return severity * HIK_CODE_COUNT + (int)f->code;
}

static void sort(struct hik_verdict *v)
{
    for (unsigned i = 1; i < v->count; i++) {
        struct hik_finding one = v->findings[i];
        unsigned k = i;

        for (; k > 0 && rank(&v->findings[k - 1]) > rank(&one); k--)
            v->findings[k] = v->findings[k - 1];
        v->findings[k] = one;
    }
}

/* Says only what the capture shows: without an SDP nobody can tell whose RTP it is. */
static void judge_began_before(const struct hik_facts *f, struct hik_verdict *v)
{
    uint32_t packets = f->leg[0].packets + f->leg[1].packets;

    if (f->caller_unheard && packets > 0)
        add(v, HIK_CODE_ONE_SIDED, HIK_SEVERITY_NOTE, "nothing that %s sent is in the capture, %u RTP packet%s of %s %s",
            or_unknown(f->caller), packets, plural(packets), or_unknown(f->callee), packets == 1 ? "is" : "are");
    else if (f->caller_unheard)
        add(v, HIK_CODE_ONE_SIDED, HIK_SEVERITY_NOTE, "nothing that %s sent is in the capture, and no RTP", or_unknown(f->caller));
    else if (packets > 0)
        add(v, HIK_CODE_BEGAN_BEFORE, HIK_SEVERITY_NOTE, "the INVITE is not in the capture, %u RTP packet%s", packets, packets == 1 ? " is" : "s are");
    else if (f->stray_packets > 0)
        add(v, HIK_CODE_BEGAN_BEFORE, HIK_SEVERITY_NOTE, "the INVITE is not in the capture; %u RTP packet%s between the two "
            "hosts, and no SDP says whose", f->stray_packets, f->stray_packets == 1 ? " runs" : "s run");
    else
        add(v, HIK_CODE_BEGAN_BEFORE, HIK_SEVERITY_NOTE, "the INVITE is not in the capture");
}

/* Findings that rest on what is missing, where it may be what the capture cut off. */
static bool rests_on_cut(const struct hik_cut_facts *cut, enum hik_code code)
{
    switch (code) {
    case HIK_CODE_NO_MEDIA: /* an endpoint, an SSRC, a payload type that no SDP says */
    case HIK_CODE_TCP_ROLE:
    case HIK_CODE_TCP_NO_CONNECTION:
    case HIK_CODE_WRONG_DESTINATION:
    case HIK_CODE_SSRC_MISMATCH:
    case HIK_CODE_SSRC_CONSTANT:
    case HIK_CODE_SSRC_SHARED:
    case HIK_CODE_SSRC_CHANGED:
    case HIK_CODE_PAYLOAD_TYPE:
    case HIK_CODE_ONE_WAY:
    case HIK_CODE_UNNEGOTIATED:
    case HIK_CODE_NAT:
    case HIK_CODE_PRIVATE_ADDRESS:
    case HIK_CODE_SLOW_START:
    case HIK_CODE_NOT_CAPTURED:
        return cut->sdp;
    case HIK_CODE_NO_ANSWER: /* a message that did not come */
    case HIK_CODE_NO_ACK:
    case HIK_CODE_NO_BYE:
    case HIK_CODE_ONE_SIDED:
    case HIK_CODE_IN_PROGRESS:
    case HIK_CODE_BEGAN_BEFORE:
        return cut->unplaced;
    case HIK_CODE_NOT_PS: /* a pack header, a key frame */
        return cut->sdp || cut->payload;
    case HIK_CODE_NO_KEY_FRAME:
        return cut->payload;
    default:
        return false;
    }
}

/* Takes those back. True if it is SIP that was cut off. */
static bool take_back(const struct hik_cut_facts *cut, struct hik_verdict *v)
{
    const struct hik_cut_facts sip = {.sdp = cut->sdp, .unplaced = cut->unplaced};
    unsigned kept = 0;
    bool by_sip = false;

    for (unsigned i = 0; i < v->count; i++) {
        by_sip |= rests_on_cut(&sip, v->findings[i].code);
        if (!rests_on_cut(cut, v->findings[i].code))
            v->findings[kept++] = v->findings[i];
    }
    v->count = kept;
    return by_sip;
}

/* The capture cut the SIP messages: what can be said all the same. */
static void judge_cut(const struct hik_facts *f, struct hik_verdict *v)
{
    const struct hik_leg *leg = main_leg(f);
    char media[140] = "";

    if (leg->packets == 0)
        leg = leg == &f->leg[0] ? &f->leg[1] : &f->leg[0];
    if (leg->packets > 0)
        snprintf(media, sizeof media, "; %u RTP packets from %s to %s", leg->packets, or_unknown(leg->seen_from), or_unknown(leg->seen_to));
    else if (f->stray_packets > 0)
        snprintf(media, sizeof media, "; %u RTP packets run between the two hosts", f->stray_packets);
    if (f->cut.sdp)
        add(v, HIK_CODE_CUT, HIK_SEVERITY_NOTE, "the capture kept %u of the %u bytes of the %s (frame %u): media cannot be judged by "
            "an SDP that is not all there; record with -s 0%s", f->cut.kept, f->cut.sent, f->cut.answer ? "answer" : "INVITE",
            f->cut.frame, media);
    else
        add(v, HIK_CODE_CUT, HIK_SEVERITY_NOTE, "the capture cut SIP messages so short that nobody can tell which call they are of (first: "
            "frame %u, %u of %u bytes kept); record with -s 0%s", f->cut.frame, f->cut.kept, f->cut.sent, media);
}

void hik_verdict_judge(const struct hik_facts *facts, struct hik_verdict *out)
{
    bool fault = false, outcome = false;

    out->count = 0;
    out->state = HIK_STATE_INVITING;
    if (is_established(facts))
        judge_established(facts, out);
    else
        judge_failed(facts, out);
    if (facts->unreachable > 0)
        add(out, HIK_CODE_UNREACHABLE, has_media(facts) ? HIK_SEVERITY_WARN : HIK_SEVERITY_ERROR,
            "%s is reported unreachable by %u ICMP error%s, first in frame %u", or_unknown(facts->unreachable_what),
            facts->unreachable, plural(facts->unreachable), facts->unreachable_frame);
    if (!facts->began_before && facts->invites > 1 && hik_verdict_find(out, HIK_CODE_NO_ANSWER) == NULL)
        add(out, HIK_CODE_RETRANSMITTED, HIK_SEVERITY_NOTE, "INVITE sent %u times", facts->invites);
    if (facts->copies > 0 && facts->messages > 0 && facts->copies % facts->messages == 0)
        add(out, HIK_CODE_COPIES, HIK_SEVERITY_NOTE, "the capture holds every SIP message of it %u times; copies do not count",
            1 + facts->copies / facts->messages);
    else if (facts->copies > 0)
        add(out, HIK_CODE_COPIES, HIK_SEVERITY_NOTE, "the capture holds some of its %u SIP messages more than once (%u copies); "
            "copies do not count", facts->messages, facts->copies);
    if (facts->cascade_with >= 0)
        add(out, HIK_CODE_CASCADE, HIK_SEVERITY_NOTE, "%s passes this camera on: see session %d",
            or_unknown(facts->cascade_via), facts->cascade_with);
    if (facts->began_before)
        judge_began_before(facts, out);
    if (take_back(&facts->cut, out) || (facts->cut.sdp && is_established(facts)))
        judge_cut(facts, out);
    for (unsigned i = 0; i < out->count; i++) {
        fault |= out->findings[i].severity != HIK_SEVERITY_NOTE;
        outcome |= out->findings[i].code == HIK_CODE_CUT || out->findings[i].code == HIK_CODE_NOT_CAPTURED || out->findings[i].code == HIK_CODE_IN_PROGRESS || out->findings[i].code == HIK_CODE_BEGAN_BEFORE ||
                   (out->findings[i].code == HIK_CODE_ONE_SIDED && (!has_media(facts) || facts->caller_unheard));
    }
    if (!fault && !outcome)
        add_ok(facts, out);
    sort(out);
}

const struct hik_finding *hik_verdict_find(const struct hik_verdict *verdict, enum hik_code code)
{
    for (unsigned i = 0; i < verdict->count; i++) {
        if (verdict->findings[i].code == code)
            return &verdict->findings[i];
    }
    return NULL;
}

size_t hik_verdict_print(const struct hik_verdict *verdict, char *buf, size_t size)
{
    size_t len = 0;

    if (size == 0)
        return 0;
    buf[0] = '\0';
    for (unsigned i = 0; i < verdict->count; i++) {
        const struct hik_finding *f = &verdict->findings[i];
        char piece[sizeof f->text + 40];
        size_t piece_len;

        snprintf(piece, sizeof piece, "%s%s%s%s", i == 0 ? "" : i == 1 ? "; also " : "; ",
                 hik_verdict_code_name(f->code), f->text[0] != '\0' ? " " : "", f->text);
        piece_len = utf8_cut(piece, strlen(piece), size - 1 - len);
        memcpy(buf + len, piece, piece_len);
        len += piece_len;
        buf[len] = '\0';
        if (piece[piece_len] != '\0')
            break;
    }
    return len;
}
