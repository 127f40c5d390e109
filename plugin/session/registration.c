/* registration.c
 * Registrations of lower platforms (RFC 3261 clause 10, GB/T 28181-2016 9.1), their credentials (RFC 7616) and their
 * keep-alives (9.6).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "registration.h"

#include "keepalive.h"
#include "platforms.h"

#include <string.h>

/* Expires of one Contact: its parameter, else the header (RFC 3261 10.2.1.1). -1 if neither. */
static int64_t contact_expires(const struct hik_message_info *r, struct hik_view contact)
{
    uint64_t seconds;
    struct hik_view param;

    if (hik_sip_param(r->buf, contact, "expires", &param) && hik_view_uint(r->buf, param, UINT32_MAX, &seconds))
        return (int64_t)seconds;
    if (hik_view_uint(r->buf, r->sip->first[HIK_HDR_EXPIRES].value, UINT32_MAX, &seconds))
        return (int64_t)seconds;
    return -1;
}

/* Takes the next value off a comma-separated list. Linear. */
static bool next_value(const uint8_t *buf, struct hik_view *list, struct hik_view *value)
{
    uint32_t at = list->off, end = list->off + list->len;
    bool quoted = false, angle = false;

    for (; at < end && (quoted || angle || buf[at] != ','); at++) {
        if (quoted && buf[at] == '\\' && at + 1 < end)
            at++;
        else if (buf[at] == '"' && !angle)
            quoted = !quoted;
        else if (!quoted && (buf[at] == '<' || buf[at] == '>'))
            angle = buf[at] == '<';
    }
    value->off = list->off;
    value->len = at - list->off;
    list->off = MIN(at + 1, end);
    list->len = end - list->off;
    return value->len > 0;
}

static bool is_own_contact(const struct hik_message_info *r, const struct hik_platforms *pair, struct hik_view contact)
{
    struct hik_sip_addr addr;

    return pair->contact_user && pair->contact_host && hik_sip_parse_addr(r->buf, contact, &addr) && addr.port == pair->contact_port &&
           hik_message_info_same_text(r, addr.user, pair->contact_user) && hik_message_info_same_text(r, addr.host, pair->contact_host);
}

/* What an answer grants: that of the REGISTER's own Contact. The other ones that it lists are older, of the same platform at another
 * port of its NAT or connection (RFC 3261 10.3); where none is its own, for a NAT changed it, the longest. -1: nothing said. */
static int64_t granted_expires(const struct hik_message_info *r, const struct hik_platforms *pair)
{
    int64_t longest = -1;
    bool found = false;
    struct hik_header header;
    struct hik_view contact;

    for (uint32_t cursor = 0; hik_sip_next_header(r->buf, r->sip, &cursor, &header);) {
        while (header.id == HIK_HDR_CONTACT && next_value(r->buf, &header.value, &contact)) {
            int64_t expires = contact_expires(r, contact);

            if (is_own_contact(r, pair, contact))
                return expires;
            longest = MAX(longest, expires);
            found = true;
        }
    }
    return found ? longest : contact_expires(r, r->sip->first[HIK_HDR_CONTACT].value);
}

/* A parameter of a challenge or of credentials: 'Digest name="value", name=value' (RFC 7235 2.1). Empty if it is not
 * there. Linear. */
static struct hik_view auth_param(const uint8_t *buf, struct hik_view where, const char *name)
{
    struct hik_view none = {0, 0}, key, value;
    uint32_t at = where.off, end = where.off + where.len;

    while (at < end && buf[at] != ' ' && buf[at] != '\t') /* the scheme */
        at++;
    while (at < end) {
        while (at < end && (buf[at] <= ' ' || buf[at] == ','))
            at++;
        key.off = at;
        while (at < end && buf[at] != '=' && buf[at] != ',')
            at++;
        key.len = at - key.off;
        if (at >= end || buf[at] != '=')
            continue;
        at++;
        while (at < end && buf[at] <= ' ')
            at++;
        if (at < end && buf[at] == '"') {
            value.off = ++at;
            while (at < end && buf[at] != '"')
                at += buf[at] == '\\' && at + 1 < end ? 2 : 1;
            at = MIN(at, end);
            value.len = at - value.off;
            if (at < end)
                at++;
        } else {
            value.off = at;
            while (at < end && buf[at] != ',')
                at++;
            value.len = at - value.off;
            value = hik_view_trim(buf, value);
        }
        if (hik_view_is(buf, hik_view_trim(buf, key), name))
            return value;
    }
    return none;
}

static struct hik_view header(const struct hik_message_info *r, enum hik_header_id id)
{
    return r->sip->first[id].value;
}

static void process_request(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;
    int64_t expires = contact_expires(r, header(r, HIK_HDR_CONTACT));
    struct hik_sip_addr contact;

    pair->register_frame = pinfo->num;
    if (!message->retransmission)
        pair->registers++;
    hik_platforms_learn_id(pair, true, r, r->from.user, HIK_ID_BY_REGISTER);
    hik_platforms_learn_id(pair, false, r, r->uri.user, HIK_ID_BY_REGISTER);
    hik_platforms_keep_ids(pinfo, pair, r);
    pair->logging_off = expires == 0;
    if (expires >= 0)
        pair->expires_asked = (uint32_t)expires;
    pair->contact_user = pair->contact_host = NULL;
    if (hik_sip_parse_addr(r->buf, header(r, HIK_HDR_CONTACT), &contact)) {
        pair->contact_user = hik_view_shared(r->buf, contact.user);
        pair->contact_host = hik_view_shared(r->buf, contact.host);
        pair->contact_port = contact.port;
    }
    if (header(r, HIK_HDR_AUTHORIZATION).len > 0) {
        struct hik_view nonce = auth_param(r->buf, header(r, HIK_HDR_AUTHORIZATION), "nonce");

        pair->challenges_in_row = 0;
        /* With another nonce they are those of an earlier challenge, and only that is what will be refused. */
        if (!message->retransmission && pair->nonce && strlen(pair->nonce) == nonce.len &&
            memcmp(pair->nonce, r->buf + nonce.off, nonce.len) == 0)
            pair->credentials_frame = pinfo->num;
    }
}

/* 401. Credentials were refused only if they were sent, for this challenge. */
static void process_challenge(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;
    struct hik_view challenge = header(r, HIK_HDR_WWW_AUTHENTICATE), nonce = auth_param(r->buf, challenge, "nonce");
    bool stale = hik_view_is(r->buf, auth_param(r->buf, challenge, "stale"), "true");

    if (pair->cut) /* what was sent with it is not known */
        return;
    /* The first 401 in a row may only mean that the nonce of an earlier challenge is used up: not all say so by stale. */
    if (++pair->unauthorized_in_row > 1 && message->request && message->request->with_credentials && !stale) {
        if (message->request_frame == pair->credentials_frame)
            pair->refused_in_row++;
        else
            pair->old_nonce_in_row++;
    } else if (message->request && !message->request->with_credentials) {
        pair->challenges_in_row++;
        pair->challenge_frame = pinfo->num;
    }
    pair->nonce = wmem_strndup(wmem_file_scope(), (const char *)r->buf + nonce.off, nonce.len);
}

static void process_accepted(packet_info *pinfo, const struct hik_message_info *r, struct hik_platforms *pair)
{
    int64_t expires = pair->logging_off ? 0 : granted_expires(r, pair);

    pair->expires = expires >= 0 ? (uint32_t)expires : pair->expires_asked;
    if (pair->expires == 0 && !(pair->cut && expires < 0)) { /* log-off */
        pair->registered = false;
        pair->registered_until = pinfo->abs_ts;
        return;
    }
    if (!pair->registered || hik_keepalive_expired_for(pair, &pinfo->abs_ts) > 0)
        pair->registered_since = pinfo->abs_ts;
    pair->registered = true;
    pair->registered_until = pinfo->abs_ts;
    pair->registered_until.secs += pair->expires;
}

void hik_registration_process(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (message->is_request)
        message->with_credentials = header(r, HIK_HDR_AUTHORIZATION).len > 0;
    if (!pair || message->tcp_again)
        return;
    if (message->is_request) {
        process_request(pinfo, r, message);
        return;
    }
    hik_platforms_learn_id(pair, true, r, r->from.user, HIK_ID_BY_REGISTER);
    hik_platforms_keep_ids(pinfo, pair, r);
    if (message->status < 200)
        return;
    pair->register_answer_frame = pinfo->num;
    pair->register_status = message->status;
    if (message->status == 401 || message->status == 407) {
        if (!message->retransmission)
            process_challenge(pinfo, r, message);
        return;
    }
    pair->unauthorized_in_row = pair->refused_in_row = pair->old_nonce_in_row = pair->challenges_in_row = 0;
    if (message->status < 300) {
        process_accepted(pinfo, r, pair);
    } else if (!message->retransmission) {
        pair->register_failures++;
        pair->registered = false;
    }
}

/* ---- keep-alives -------------------------------------------------------------------------------------------------- */

void hik_registration_process_keepalive(packet_info *pinfo, const struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!pair || message->retransmission)
        return;
    if (message->is_request) {
        pair->keepalives++;
        pair->keepalive_frame = pinfo->num;
        pair->keepalive_before = pair->keepalive_time;
        pair->keepalive_time = pinfo->abs_ts;
        return;
    }
    if (message->status < 200)
        return;
    if (message->status < 300) {
        pair->refused_keepalives_in_row = 0;
        if (message->request_frame)
            pair->keepalive_accepted = message->request_time;
        return;
    }
    if (pair->keepalives > 0)
        pair->keepalives--;
    pair->keepalives_refused++;
    pair->refused_keepalives_in_row++;
    if (message->request_frame == pair->keepalive_frame)
        pair->keepalive_time = pair->keepalive_before;
}
