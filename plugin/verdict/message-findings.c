/* message-findings.c
 * Expert information on SIP that needs more than the bytes of one message: what a session or a pair of platforms had
 * been up to that point, and, after the first pass, how it all ended. The sentences are for field engineers.
 *
 * What a message shows by itself and by what came before it is noted on the first pass and shown on every pass alike.
 * What only the end of the capture can tell (no answer, no media) is shown from the second pass on, on the INVITE or
 * its 200 OK, and in the same words as in the verdict.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message-findings.h"

#include "catalog.h"
#include "correlate.h"
#include "closing.h"
#include "facts.h"
#include "keepalive.h"
#include "request.h"
#include "seconds.h"
#include "session-tree.h"
#include "stock.h"
#include "parts.h"

enum note_kind {
    NOTE_REJECTED,
    NOTE_SSRC_CONSTANT,
    NOTE_PRIVATE,
    NOTE_TCP_ROLE,
    NOTE_AUTH_LOOP,
    NOTE_EXPIRED,
    NOTE_KEEPALIVE,
    NOTE_BYE_WITHOUT_DIALOG,
    NOTE_NOT_IN_CATALOG
};

/* A finding of the first pass about one message. File scope. */
struct note {
    enum note_kind kind;
    bool mild;             /* a note rather than a warning */
    const char *text;      /* file scope */
    struct note *next;
};

static wmem_map_t *notes_of; /* struct hik_message -> first struct note */

static int hf_hik_verdict = -1;

static expert_field ei_ssrc_constant = EI_INIT;
static expert_field ei_ssrc_shared = EI_INIT;
static expert_field ei_no_answer = EI_INIT;
static expert_field ei_rejected = EI_INIT;
static expert_field ei_rejected_mild = EI_INIT;
static expert_field ei_no_media = EI_INIT;
static expert_field ei_no_media_mild = EI_INIT;
static expert_field ei_private_address = EI_INIT;
static expert_field ei_private_address_mild = EI_INIT;
static expert_field ei_port_zero = EI_INIT;
static expert_field ei_tcp_role_conflict = EI_INIT;
static expert_field ei_tcp_role_conflict_mild = EI_INIT;
static expert_field ei_tcp_no_connection = EI_INIT;
static expert_field ei_tcp_no_connection_mild = EI_INIT;
static expert_field ei_auth_loop = EI_INIT;
static expert_field ei_registration_expired = EI_INIT;
static expert_field ei_keepalive_missed = EI_INIT;
static expert_field ei_unanswered = EI_INIT;
static expert_field ei_bye_without_dialog = EI_INIT;
static expert_field ei_not_in_catalog = EI_INIT;
static expert_field ei_not_in_catalog_mild = EI_INIT;

/* ---- messages, first pass --------------------------------------------------------------------------------------- */

static void note(const struct hik_message *message, enum note_kind kind, bool mild, const char *text)
{
    struct note *one = wmem_new(wmem_file_scope(), struct note);

    one->kind = kind;
    one->mild = mild;
    one->text = text;
    one->next = (struct note *)wmem_map_lookup(notes_of, message);
    wmem_map_insert(notes_of, message, one);
}

static void note_rejected(const struct hik_message *message)
{
    const struct hik_session *session = message->session;
    char code[36], text[132], reason[68];

    if (message->is_request || message->status < 300 || message->status == 401 || message->status == 407)
        return;
    /* A CANCEL or BYE that crossed the end it asks for (RFC 3261 9.2, 15.1.2). */
    if (session && message->status == 481 &&
        ((message->method == HIK_METHOD_CANCEL && session->final_frame) ||
         (message->method == HIK_METHOD_BYE && message->request_frame && session->bye_frame != message->request_frame)))
        return;
    if (message->method == HIK_METHOD_REGISTER && message->status < 400)
        return; /* GB/T 28181-2022 sends the members of a cluster elsewhere */
    if (session && session->reinvite_first && message->request_frame == session->reinvite_first) {
        note(message, NOTE_REJECTED, true,
             wmem_strdup_printf(wmem_file_scope(), "The re-INVITE is refused with %u: the session goes on as it was",
                                message->status));
        return;
    }
    if (message->keepalive && message->platforms && !message->retransmission)
        return; /* note_keepalive_refused() says it */
    if (message->method != HIK_METHOD_INVITE || !session) {
        note(message, NOTE_REJECTED, true,
             wmem_strdup_printf(wmem_file_scope(), "The %s is refused with %u%s",
                                message->method == HIK_METHOD_NONE ? "request" : hik_sip_method_name(message->method),
                                message->status, message->goes_on ? ": the call goes on" : ""));
        return;
    }
    if (message->status == 487 && session->cancel_frame)
        return; /* that is how a cancelled call ends */
    hik_verdict_clean(code, 32, session->error_code);
    hik_verdict_clean(text, 128, session->error_text);
    hik_verdict_clean(reason, 64, session->final_status == message->status ? session->final_reason : NULL);
    note(message, NOTE_REJECTED, false,
         wmem_strdup_printf(wmem_file_scope(), "The INVITE is refused with %u%s%s%s%s%s%s: there will be no media",
                            message->status, reason[0] ? " " : "", reason, code[0] ? ", device error " : "", code, text[0] ? ", " : "", text));
}

static void note_sdp(packet_info *pinfo, const struct hik_message *message)
{
    const struct hik_session *session = message->session;
    const struct hik_description *sdp;
    const char *bad;

    if (!session || !(message->carries_offer || message->carries_answer) || message->cut.sent)
        return;
    sdp = message->carries_offer ? &session->offer : &session->answer;
    for (unsigned i = 0; i < sdp->media_count; i++) {
        const struct hik_media_line *line = &sdp->media[i];

        bad = hik_facts_bad_address(line, &pinfo->src, &pinfo->dst);
        if (bad && line->direction != HIK_ATTR_SENDONLY && !(line->tcp && line->setup == HIK_SETUP_ACTIVE)) {
            note(message, NOTE_PRIVATE, true,
                 wmem_strdup_printf(wmem_file_scope(), "Media is asked for at %s: %s; without a NAT helper it cannot arrive",
                                    hik_endpoint_print(&line->endpoint.addr, line->endpoint.port).s, bad));
            break;
        }
    }
    if (!message->carries_answer || !session->offer.frame)
        return;
    if (session->offer.has_y && session->answer.has_y && session->offer.y_kind <= HIK_SSRC_LONG &&
        session->answer.y_kind <= HIK_SSRC_LONG && session->offer.ssrc == HIK_SSRC_HIKVISION &&
        session->answer.ssrc == HIK_SSRC_HIKVISION)
        note(message, NOTE_SSRC_CONSTANT, true,
             "Both sides announce Hikvision's constant SSRC 0999999999: it does not tell streams apart, only the ports do");
    for (unsigned i = 0; i < MIN(session->offer.media_count, session->answer.media_count); i++) {
        enum hik_sdp_setup offer = session->offer.media[i].setup, answer = session->answer.media[i].setup;

        if (offer == answer && (offer == HIK_SETUP_ACTIVE || offer == HIK_SETUP_PASSIVE)) {
            note(message, NOTE_TCP_ROLE, true, offer == HIK_SETUP_ACTIVE
                 ? "Both sides say a=setup:active: both want to connect, nobody listens"
                 : "Both sides say a=setup:passive: both listen, nobody connects");
            break;
        }
    }
}

/* REGISTER refused with 401 although it had credentials. */
static void note_credentials(const struct hik_message *message)
{
    const struct hik_platforms *pair = hik_platforms_now(message->platforms);

    if (message->method != HIK_METHOD_REGISTER || message->is_request || message->retransmission ||
        (message->status != 401 && message->status != 407) || !message->request || !message->request->with_credentials)
        return;
    if (pair->refused_in_row > 0 && pair->credentials_frame == message->request_frame)
        note(message, NOTE_AUTH_LOOP, false,
             wmem_strdup_printf(wmem_file_scope(), "REGISTER is refused with %u %u times in a row: wrong user name, "
                                "password or realm", message->status, pair->unauthorized_in_row));
    else if (pair->old_nonce_in_row > 0)
        note(message, NOTE_AUTH_LOOP, false,
             wmem_strdup_printf(wmem_file_scope(), "REGISTER is refused with %u %u times in a row: its credentials do "
                                "not have the nonce of the newest challenge", message->status, pair->unauthorized_in_row));
}

/* A keep-alive that was refused is none. */
static void note_keepalive_refused(const struct hik_message *message)
{
    const struct hik_platforms *pair = hik_platforms_now(message->platforms);

    if (message->keepalive && !message->is_request && !message->retransmission && message->status >= 300)
        note(message, NOTE_KEEPALIVE, false,
             wmem_strdup_printf(wmem_file_scope(), "The keep-alive of %s is refused with %u (%u in a row): it does not count",
                                pair->lower_id ? pair->lower_id : "the lower platform", message->status,
                                pair->refused_keepalives_in_row));
}

static void note_pair(packet_info *pinfo, const struct hik_message *message)
{
    const struct hik_platforms *pair = hik_platforms_now(message->platforms);
    struct hik_silence silence;
    double late;

    if (!pair)
        return;
    note_credentials(message);
    note_keepalive_refused(message);
    /* whether the upper platform accepts a keep-alive is not known yet */
    late = message->keepalive ? 0 : hik_keepalive_expired_for(pair, &pinfo->abs_ts);
    if (late > 0 && message->is_request &&
        (hik_keepalive_first_expired(pinfo, pair) || message->method == HIK_METHOD_INVITE))
        note(message, NOTE_EXPIRED, false,
             wmem_strdup_printf(wmem_file_scope(), "The registration of %s expired %.1f s ago (Expires %u) and was not renewed",
                                pair->lower_id ? pair->lower_id : "the lower platform", late, pair->expires));
    silence = hik_keepalive_update(pinfo, message);
    if (silence.seconds > 0 && silence.period == 0)
        note(message, NOTE_KEEPALIVE, false,
             wmem_strdup_printf(wmem_file_scope(), "%s is registered, and %s keep-alive of it came for %.1f s: the upper platform "
                                "takes it for offline", pair->lower_id ? pair->lower_id : "The lower platform",
                                pair->keepalive_frame ? "no other" : "no", silence.seconds));
    else if (silence.seconds > 0)
        note(message, NOTE_KEEPALIVE, false,
             wmem_strdup_printf(wmem_file_scope(), "No keep-alive of %s for %.1f s%s, more than %d periods of %.1f s: the upper "
                                "platform takes it for offline", pair->lower_id ? pair->lower_id : "the lower platform",
                                silence.seconds, silence.before ? " in front of the last one" : "", HIK_KEEPALIVE_MISSED, silence.period));
}

static void note_dialog(packet_info *pinfo, const struct hik_message *message)
{
    const struct hik_session *session = message->session;

    if (!message->is_request || message->retransmission)
        return;
    if (message->method == HIK_METHOD_BYE && !hik_cut_unplaced(&pinfo->src, &pinfo->dst) && (!session || (session->began_before && session->first_frame == pinfo->num)))
        note(message, NOTE_BYE_WITHOUT_DIALOG, true,
             "BYE of a call that is not in this capture: it began before, or there never was one");
    if (message->method == HIK_METHOD_INVITE && session && session->invite_frame == pinfo->num && session->camera &&
        session->kind != HIK_KIND_BROADCAST && !(message->platforms && hik_platforms_are_cut(message->platforms)) && hik_catalog_seen(&pinfo->dst, pinfo->num) &&
        !hik_catalog_knows(session->camera, pinfo->num)) {
        bool whole = hik_catalog_was_whole(&pinfo->dst, pinfo->num);

        note(message, NOTE_NOT_IN_CATALOG, !whole,
             wmem_strdup_printf(wmem_file_scope(), "%s is not in the Catalog that this capture holds%s", session->camera,
                                whole ? "" : " (which may be a part of it)"));
    }
}

static void process_notes(packet_info *pinfo, const struct hik_message *message)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (message->unplaced)
        return;
    note_dialog(pinfo, message);
    note_pair(pinfo, message);
    note_sdp(pinfo, message);
    note_rejected(message);
}

/* ---- messages, every pass --------------------------------------------------------------------------------------- */

static void show_notes(packet_info *pinfo, proto_item *item, const struct hik_message *message)
{
    static expert_field *const fields[][2] = {
        [NOTE_REJECTED] = {&ei_rejected, &ei_rejected_mild},
        [NOTE_SSRC_CONSTANT] = {&ei_ssrc_constant, &ei_ssrc_constant},
        [NOTE_PRIVATE] = {&ei_private_address, &ei_private_address_mild},
        [NOTE_TCP_ROLE] = {&ei_tcp_role_conflict, &ei_tcp_role_conflict_mild},
        [NOTE_AUTH_LOOP] = {&ei_auth_loop, &ei_auth_loop},
        [NOTE_EXPIRED] = {&ei_registration_expired, &ei_registration_expired},
        [NOTE_KEEPALIVE] = {&ei_keepalive_missed, &ei_keepalive_missed},
        [NOTE_BYE_WITHOUT_DIALOG] = {&ei_bye_without_dialog, &ei_bye_without_dialog},
        [NOTE_NOT_IN_CATALOG] = {&ei_not_in_catalog, &ei_not_in_catalog_mild},
    };

    for (const struct note *one = (const struct note *)wmem_map_lookup(notes_of, message); one; one = one->next)
        expert_add_info_format(pinfo, item, fields[one->kind][one->mild], "%s", one->text);
}

static void show_finding(packet_info *pinfo, proto_item *item, expert_field *field, const struct hik_verdict *verdict,
                         enum hik_code code, const char *what)
{
    const struct hik_finding *finding = hik_verdict_find(verdict, code);

    if (finding && finding->severity != HIK_SEVERITY_NOTE)
        expert_add_info_format(pinfo, item, field, "%s: %s", what, finding->text);
}

static void show_connection(packet_info *pinfo, proto_item *item, const struct hik_verdict *verdict, enum hik_code code)
{
    const struct hik_finding *finding = hik_verdict_find(verdict, code);

    show_finding(pinfo, item, finding && finding->severity == HIK_SEVERITY_WARN ? &ei_tcp_no_connection_mild : &ei_tcp_no_connection,
                 verdict, code, "No media connection");
}

/* What only the end of the capture tells. */
static void show_outcome(packet_info *pinfo, proto_item *item, const struct hik_message *message)
{
    const struct hik_session *session = message->session;
    bool invite = message->is_request && message->method == HIK_METHOD_INVITE && session->invite_frame == pinfo->num;
    bool answer = session->answer_frame ? session->answer_frame == pinfo->num : invite;
    struct hik_case facts;
    struct hik_verdict verdict;

    if (!invite && !answer)
        return;
    hik_facts_judge(session, &facts, &verdict);
    if (invite)
        show_finding(pinfo, item, &ei_no_answer, &verdict, HIK_CODE_NO_ANSWER, "No answer");
    if (answer) {
        const struct hik_finding *none = hik_verdict_find(&verdict, HIK_CODE_NO_MEDIA);

        show_finding(pinfo, item, none && none->severity == HIK_SEVERITY_WARN ? &ei_no_media_mild : &ei_no_media, &verdict,
                     HIK_CODE_NO_MEDIA, "No media");
        show_connection(pinfo, item, &verdict, HIK_CODE_TCP_NO_CONNECTION);
        show_connection(pinfo, item, &verdict, HIK_CODE_TCP_REFUSED);
        show_finding(pinfo, item, &ei_ssrc_shared, &verdict, HIK_CODE_SSRC_SHARED, "SSRC in use twice");
        show_finding(pinfo, item, &ei_port_zero, &verdict, HIK_CODE_PORT_ZERO, "No media");
        show_finding(pinfo, item, &ei_tcp_role_conflict, &verdict, HIK_CODE_TCP_ROLE, "No media connection");
        show_finding(pinfo, item, &ei_private_address, &verdict, HIK_CODE_PRIVATE_ADDRESS, "Private address");
    }
}

static void show_unanswered(packet_info *pinfo, proto_item *item, const struct hik_message *message)
{
    const nstime_t *end = message->asked ? hik_facts_capture_end() : NULL;
    enum hik_request_state state = message->asked ? hik_request_judge(message->asked, end) : HIK_REQUEST_FINE;
    char text[600];

    if (state == HIK_REQUEST_FINE)
        return;
    hik_request_print(message->asked, state, end, text, sizeof text);
    expert_add_info_format(pinfo, item, &ei_unanswered, "%s", text);
}

/* The device went on without credentials to the end of the capture: had it sent them late, all would be well. */
static void show_challenge(packet_info *pinfo, proto_item *item, const struct hik_message *message)
{
    const struct hik_platforms *pair = hik_platforms_now(message->platforms);

    if (pair && message->method == HIK_METHOD_REGISTER && !message->is_request && pair->challenges_in_row >= 2 &&
        pair->challenge_frame == pinfo->num)
        expert_add_info_format(pinfo, item, &ei_auth_loop, "The challenge is not answered, %u times: the REGISTER comes again "
                               "without credentials", pair->challenges_in_row);
}

/* Makes the last item of the tree its first: what was found is what people look for. */
static void lead(proto_tree *tree, proto_item *item)
{
    const proto_node *first;

    if (!tree || !item || tree->last_child != item)
        return;
    do { /* nothing moves in a tree that nobody sees */
        first = tree->first_child;
        if (first != item)
            proto_tree_move_item(tree, tree->last_child, tree->first_child);
    } while (tree->first_child != first);
}

void hik_findings_message(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, proto_item *item,
                          const struct hik_message *message)
{
    struct hik_session *session = message->session;

    if (!PINFO_FD_VISITED(pinfo) && !message->copy_of) {
        process_notes(pinfo, message);
        hik_closing_take(pinfo, message);
    }
    if (!tree && !hik_stock_wants_experts(pinfo, tree))
        return;
    show_notes(pinfo, item, message);
    hik_closing_show(tvb, tree, message);
    if (PINFO_FD_VISITED(pinfo)) {
        show_challenge(pinfo, item, message);
        show_unanswered(pinfo, item, message);
    }
    if (!session)
        return;
    hik_session_tree_first_media(tvb, tree, session);
    if (!PINFO_FD_VISITED(pinfo))
        return;
    show_outcome(pinfo, item, message);
    if (message->is_request && message->method == HIK_METHOD_INVITE && !message->retransmission) { /* a call is one row */
        const char *verdict = hik_facts_verdict(session);
        proto_item *shown;

        shown = proto_tree_add_string(tree, hf_hik_verdict, tvb, 0, 0, verdict);
        proto_item_set_generated(shown);
        lead(tree, shown);
        proto_item_append_text(item, ", %s", verdict);
    }
}

/* ---- registration ----------------------------------------------------------------------------------------------- */

void hik_message_findings_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_hik_verdict,
         {"Verdict", "hikcascade.verdict", FT_STRING, BASE_NONE, NULL, 0,
          "What the whole capture says about this session: a code, and the sentence for it", HFILL}},
    };
    /* Where the same finding can be grave or not, two entries share the name: the filter finds both. */
    static ei_register_info experts[] = {
        {&ei_ssrc_constant,
         {"hikcascade.ssrc_constant", PI_PROTOCOL, PI_NOTE, "Both sides announce Hikvision's constant SSRC", EXPFILL}},
        {&ei_ssrc_shared,
         {"hikcascade.ssrc_shared", PI_PROTOCOL, PI_WARN, "Two sessions use one SSRC to the same receiver", EXPFILL}},
        {&ei_no_answer, {"hikcascade.no_answer", PI_SEQUENCE, PI_ERROR, "The INVITE got no final answer", EXPFILL}},
        {&ei_rejected, {"hikcascade.rejected", PI_RESPONSE_CODE, PI_ERROR, "The INVITE is refused", EXPFILL}},
        {&ei_rejected_mild, {"hikcascade.rejected", PI_RESPONSE_CODE, PI_WARN, "The request is refused", EXPFILL}},
        {&ei_no_media, {"hikcascade.no_media", PI_SEQUENCE, PI_ERROR, "The call was set up, no RTP came", EXPFILL}},
        {&ei_no_media_mild,
         {"hikcascade.no_media", PI_SEQUENCE, PI_WARN, "The call was ended at once, no RTP came", EXPFILL}},
        {&ei_private_address,
         {"hikcascade.private_address", PI_PROTOCOL, PI_WARN, "The SDP names an address its peer cannot send to", EXPFILL}},
        {&ei_private_address_mild,
         {"hikcascade.private_address", PI_PROTOCOL, PI_NOTE, "The SDP names an address its peer may not be able to send to", EXPFILL}},
        {&ei_port_zero, {"hikcascade.port_zero", PI_PROTOCOL, PI_ERROR, "A port of 0 refuses the media, and none came", EXPFILL}},
        {&ei_tcp_role_conflict,
         {"hikcascade.tcp_role_conflict", PI_PROTOCOL, PI_ERROR, "Both sides have the same TCP role, and no media came", EXPFILL}},
        {&ei_tcp_role_conflict_mild,
         {"hikcascade.tcp_role_conflict", PI_PROTOCOL, PI_NOTE, "Both sides have the same TCP role", EXPFILL}},
        {&ei_tcp_no_connection,
         {"hikcascade.tcp_no_connection", PI_SEQUENCE, PI_ERROR, "The TCP connection for media was not established", EXPFILL}},
        {&ei_tcp_no_connection_mild,
         {"hikcascade.tcp_no_connection", PI_SEQUENCE, PI_WARN, "The TCP connection for media was not established", EXPFILL}},
        {&ei_auth_loop, {"hikcascade.auth_loop", PI_SECURITY, PI_WARN, "REGISTER is refused again and again", EXPFILL}},
        {&ei_registration_expired,
         {"hikcascade.registration_expired", PI_SEQUENCE, PI_WARN, "Registration expired", EXPFILL}},
        {&ei_keepalive_missed, {"hikcascade.keepalive_missed", PI_SEQUENCE, PI_WARN, "Keep-alives are missing", EXPFILL}},
        {&ei_unanswered,
         {"hikcascade.unanswered", PI_SEQUENCE, PI_WARN, "The request got no answer, or the query no Response", EXPFILL}},
        {&ei_bye_without_dialog,
         {"hikcascade.bye_without_dialog", PI_SEQUENCE, PI_NOTE, "BYE without a call in this capture", EXPFILL}},
        {&ei_not_in_catalog,
         {"hikcascade.not_in_catalog", PI_PROTOCOL, PI_WARN, "The camera is not in the Catalog", EXPFILL}},
        {&ei_not_in_catalog_mild,
         {"hikcascade.not_in_catalog", PI_PROTOCOL, PI_NOTE, "The camera is not in the part of the Catalog seen", EXPFILL}},
    };

    proto_register_field_array(proto, fields, array_length(fields));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
    hik_closing_register(proto);
    notes_of = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
}
