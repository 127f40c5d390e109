/* session.c
 * The records of the INVITE sessions, as everybody reads them: all of them in order, the announced SSRC, the SDPs by side.
 * dialog.c makes them, session-update.c and the media write them, on the first pass only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session.h"

#include <string.h>

#include "parts.h"
#include "seconds.h"

/* Seconds in which calls begin at once. */
#define AT_ONCE 2

/* About the capture; emptied with it. First pass. */
static struct {
    wmem_array_t *sessions; /* struct hik_session *, by index; file scope; NULL: none yet */
    nstime_t last_message; /* time of the newest */
    uint32_t newest;       /* the last frame that changed anything of what is known */
    bool copies_seen;
} capture;

static void reset_capture(void)
{
    memset(&capture, 0, sizeof capture);
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

bool hik_session_expected_ssrc(const struct hik_session *session, uint32_t *ssrc)
{
    const struct hik_description *sources[] = {&session->answer, &session->offer};

    for (size_t i = 0; i < array_length(sources); i++) {
        const struct hik_description *sdp = sources[i];
        if (sdp->frame && sdp->has_y && sdp->y_kind <= HIK_SSRC_LONG) {
            *ssrc = sdp->ssrc;
            return true;
        }
        if (sdp->cut) /* its y= may be another one */
            return false;
    }
    return false;
}

bool hik_session_sdp_is_cut(const struct hik_session *session)
{
    return session->offer.cut || session->answer.cut;
}

bool hik_session_expected_ssrc_at(const struct hik_session *session, uint32_t frame, uint32_t *ssrc)
{
    const struct hik_expectation *found = (const struct hik_expectation *)hik_history_at(&session->expectations, frame, sizeof *found);

    if (!found)
        return false;
    *ssrc = found->ssrc;
    return found->known;
}

bool hik_session_ended_at(const struct hik_session *session, uint32_t frame, uint32_t *bye_frame, nstime_t *bye_time)
{
    const struct hik_ending *found = (const struct hik_ending *)hik_history_at(&session->endings, frame, sizeof *found);

    if (!found)
        return false;
    *bye_frame = found->bye_frame;
    *bye_time = found->bye_time;
    return found->bye_frame != 0;
}

bool hik_session_is_over(const struct hik_session *session)
{
    return session->bye_frame || session->final_status >= 300;
}

bool hik_session_has_just_begun(const struct hik_session *session, const nstime_t *now)
{
    const nstime_t *begun = session->final_frame ? &session->final_time : &session->invite_time;

    return session->invite_frame && hik_seconds_between(begun, now) <= AT_ONCE;
}

unsigned hik_session_count(void)
{
    return capture.sessions ? wmem_array_get_count(capture.sessions) : 0;
}

struct hik_session *hik_session_get(unsigned index)
{
    return index < hik_session_count() ? *(struct hik_session **)wmem_array_index(capture.sessions, index) : NULL;
}

const nstime_t *hik_session_last_message_time(void)
{
    return &capture.last_message;
}

const struct hik_description *hik_session_caller_sdp(const struct hik_session *session)
{
    return session->offer.by_callee ? &session->answer : &session->offer;
}

const struct hik_description *hik_session_callee_sdp(const struct hik_session *session)
{
    return session->offer.by_callee ? &session->offer : &session->answer;
}

const struct hik_media_line *hik_description_first_line(const struct hik_description *sdp)
{
    return sdp->frame && sdp->media_count > 0 ? &sdp->media[0] : NULL;
}

void hik_session_unreachable(packet_info *pinfo, struct hik_session *session, const address *addr, uint16_t port)
{
    hik_session_saw(pinfo);
    if (session->bye_frame) /* the receiver closed its port, as it should */
        return;
    if (session->unreachable_last == pinfo->num) /* asked again for the other port */
        return;
    session->unreachable_last = pinfo->num;
    if (session->unreachable++ == 0) {
        session->unreachable_frame = pinfo->num;
        hik_endpoint_set(&session->unreachable_what, addr, port);
    }
}

/* First pass, after the offer or the answer changed. */
void hik_session_keep_expectation(packet_info *pinfo, struct hik_session *session)
{
    struct hik_expectation now = {.frame = pinfo->num};
    const struct hik_expectation *last = (const struct hik_expectation *)hik_history_at(&session->expectations, pinfo->num, sizeof now);

    now.known = hik_session_expected_ssrc(session, &now.ssrc);
    if (!last || last->known != now.known || last->ssrc != now.ssrc)
        hik_history_add(&session->expectations, &now, sizeof now);
}

bool hik_session_is_between_ends(packet_info *pinfo, const struct hik_session *session)
{
    return (addresses_equal(&pinfo->src, &session->caller.addr) && addresses_equal(&pinfo->dst, &session->callee.addr)) ||
           (addresses_equal(&pinfo->src, &session->callee.addr) && addresses_equal(&pinfo->dst, &session->caller.addr));
}

void hik_session_add(struct hik_session *session)
{
    if (!capture.sessions)
        capture.sessions = wmem_array_new(wmem_file_scope(), sizeof session);
    session->index = wmem_array_get_count(capture.sessions);
    wmem_array_append_one(capture.sessions, session);
}

void hik_session_saw(packet_info *pinfo)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    capture.newest = pinfo->num;
}

uint32_t hik_session_newest_frame(void)
{
    return capture.newest;
}

void hik_session_count_message(packet_info *pinfo)
{
    hik_session_saw(pinfo);
    capture.last_message = pinfo->abs_ts;
}

struct hik_message *hik_session_copy(packet_info *pinfo, const struct hik_message *message, uint32_t frame)
{
    struct hik_message *copy = (struct hik_message *)hik_keep_copy(message, sizeof *message);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    copy->copy_of = frame;
    copy->first_copy = !capture.copies_seen;
    copy->asked = NULL;
    copy->retransmission = true;
    copy->goes_on = false; /* that its SDP counts stays: stock has just read it again, and the endpoints have to be ours again */
    capture.copies_seen = true;
    if (copy->session)
        copy->session->copies++;
    return copy;
}

void hik_session_segment_copy(packet_info *pinfo, const struct hik_message *message)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!message->session)
        return;
    message->session->copies++;
    hik_session_saw(pinfo);
}

void hik_session_register(int proto _U_)
{
    register_cleanup_routine(reset_capture);
}
