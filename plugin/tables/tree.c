/* tree.c
 * The counter tree: `tshark -q -z hikcascade,tree` and Statistics > Hikvision cascade. Requests by method, answers by
 * method and status, media packets, and the sessions by verdict.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts.h"

#include "table.h"
#include "tap.h"
#include "parts.h"

static const char title_requests[] = "Requests";
static const char title_answers[] = "Answers";
static const char title_media[] = "Media packets";
static const char title_verdicts[] = "Sessions by verdict";

/* One open tree. Belongs to the user interface. */
struct tree {
    stats_tree *st;
    int requests, answers, media, verdicts; /* node numbers */
    GHashTable *sessions;                   /* whose verdict is not counted yet, or was: session -> counted */
};
static GHashTable *trees; /* stats_tree -> struct tree */

static void count_verdict(const struct tree *tree, const struct hik_session *session)
{
    struct hik_case facts;
    struct hik_verdict verdict;

    hik_facts_judge(session, &facts, &verdict);
    tick_stat_node(tree->st, title_verdicts, 0, true);
    tick_stat_node(tree->st, hik_verdict_code_name(verdict.findings[0].code), tree->verdicts, false);
}

/* After a single pass: what was met, and not judged yet. */
static void finish(void *data)
{
    struct tree *tree = (struct tree *)data;
    unsigned count = hik_session_count();

    /* in order of session: the tree shows equal counts in the order they came */
    for (unsigned i = 0; i < count; i++) {
        struct hik_session *session = hik_session_get(i);
        gpointer counted;

        if (g_hash_table_lookup_extended(tree->sessions, session, NULL, &counted) && !counted) {
            count_verdict(tree, session);
            g_hash_table_insert(tree->sessions, session, GINT_TO_POINTER(1));
        }
    }
}

static void free_tree(gpointer data)
{
    struct tree *tree = (struct tree *)data;

    hik_table_forget(tree);
    g_hash_table_destroy(tree->sessions);
    g_free(tree);
}

static void init(stats_tree *st)
{
    struct tree *tree = g_new0(struct tree, 1);

    tree->st = st;
    tree->requests = stats_tree_create_node(st, title_requests, 0, STAT_DT_INT, true);
    tree->answers = stats_tree_create_node(st, title_answers, 0, STAT_DT_INT, true);
    tree->media = stats_tree_create_node(st, title_media, 0, STAT_DT_INT, true);
    tree->verdicts = stats_tree_create_node(st, title_verdicts, 0, STAT_DT_INT, true);
    tree->sessions = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_hash_table_replace(trees, st, tree);
}

static void cleanup(stats_tree *st)
{
    g_hash_table_remove(trees, st);
}

static tap_packet_status packet(stats_tree *st, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *data,
                                tap_flags_t flags _U_)
{
    const struct hik_tap *tap = (const struct hik_tap *)data;
    const struct tree *tree = (const struct tree *)g_hash_table_lookup(trees, st);
    char name[32];

    if (!tree)
        return TAP_PACKET_DONT_REDRAW;
    if (tap->kind == HIK_TAP_SIP && tap->message->is_request) {
        tick_stat_node(st, title_requests, 0, true);
        tick_stat_node(st, hik_sip_method_name(tap->message->method), tree->requests, false);
    } else if (tap->kind == HIK_TAP_SIP) {
        snprintf(name, sizeof name, "%u to %s", tap->message->status, hik_sip_method_name(tap->message->method));
        tick_stat_node(st, title_answers, 0, true);
        tick_stat_node(st, name, tree->answers, false);
    } else {
        tick_stat_node(st, title_media, 0, true);
        tick_stat_node(st, tap->kind == HIK_TAP_RTP ? "RTP" : "RTCP", tree->media, false);
    }
    if (tap->session && !g_hash_table_contains(tree->sessions, tap->session)) {
        bool whole = tap->later_pass;

        if (whole)
            count_verdict(tree, tap->session);
        else
            hik_table_before_drawing(finish, (void *)tree);
        g_hash_table_insert(tree->sessions, tap->session, GINT_TO_POINTER(whole));
    }
    return TAP_PACKET_REDRAW;
}

void hik_tap_tree_register(void)
{
    trees = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_tree);
    stats_tree_register_plugin(HIK_TAP_NAME, "hikcascade", "Hikvision cascade", 0, packet, init, cleanup);
}
