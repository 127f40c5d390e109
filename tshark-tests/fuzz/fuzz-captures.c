/* fuzz-captures.c
 * libFuzzer over the whole plugin inside libwireshark: an input is a capture (pcap, Ethernet). It is dissected as the
 * programs do it: a first pass with the tables listening, a second one, one in another order, and the tables and the
 * export once more. A find is what the sanitizers say, a dissector bug, any warning, a frame that later passes show
 * differently, a table that is not the same after two passes. What stock does without the plugin is no find of ours.
 *
 * HIK_FUZZ_SHOW=1 in the environment: what the second pass shows is printed. HIK_FUZZ_STOCK=1: what stock alone gets wrong.
 * HIK_FUZZ_KEEP=FOLDER: what is wrong but harms no memory goes there, and the fuzzer goes on.
 *
 * The plugin's own files are linked in, so that they are the code that is watched; libwireshark is the system's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include <epan/column-info.h>
#include <epan/column.h>
#include <epan/epan.h>
#include <epan/epan_dissect.h>
#include <epan/export_object.h>
#include <epan/frame_data.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/stats_tree_priv.h>
#include <epan/timestamp.h>
#include <wiretap/wtap.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>
#include <wsutil/wslog.h>

#include "pcap-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
void plugin_register(void);

#define NOBODY 65534

static const char *const our_protocols[] = {"hikcascade", "mp2p", "manscdp", "mansrtsp"};
/* The first is drawn last. */
static const char *const tables[] = {"hikcascade,series", "hikcascade,sessions", "hikcascade,platforms", "hikcascade,catalog",
                                     "hikcascade,messages"};
#define SERIES "Hikvision cascade RTP over time"
#define TABLES_DIFFER "the tables of one pass and of two differ\n"

/* What libwireshark asks of whoever holds the frames. */
struct packet_provider_data {
    frame_data *frames;
    uint32_t count;
    const frame_data *ref, *prev;
};

static struct {
    column_info columns;
    int out;                  /* where tables are printed */
    stats_tree *counters;     /* the counter tree */
    GPtrArray *exported;      /* export_object_entry_t */
    bool elementary;          /* program streams are taken apart, in half of the captures */
    export_object_gui_reset_cb export_reset;
    bool with_plugin, show, tell_stock;
    bool bug;                 /* a dissector did what it may not, in this run */
    unsigned captures, frames, stock, finds; /* counted for the last line */
    const char *keep;         /* folder for finds of ours, after which it goes on; NULL: the first one ends it */
    char said[400];           /* the first warning of a run */
} harness;

/* ---- what a run is asked for -------------------------------------------------------------------------------------- */

/* Everything that a capture shows: the text of each frame's tree, and of the tables after each of two passes. */
struct shown {
    GPtrArray *frames;        /* GString */
    GString *tables[2];
    GString *differs;         /* a frame that the third pass shows differently: how */
};

static void shown_free(struct shown *shown)
{
    g_ptr_array_free(shown->frames, TRUE);
    for (int i = 0; i < 2; i++)
        g_string_free(shown->tables[i], TRUE);
    g_string_free(shown->differs, TRUE);
}

static void string_free(gpointer text)
{
    g_string_free((GString *)text, TRUE);
}

/* A node of the tree and what is below it, a line each: place, name, text. */
static void show_node(proto_node *node, gpointer user)
{
    GString *text = (GString *)user;
    field_info *finfo = PNODE_FINFO(node);
    char label[ITEM_LABEL_LENGTH];

    /* Stock's tcp shows here what it knows by then, so that it depends on the order in which frames are looked at. */
    if (finfo && g_str_has_prefix(finfo->hfinfo->abbrev, "tcp.completeness"))
        return;
    if (finfo) {
        /* By its name: the words may be in the capture. */
        harness.bug = harness.bug || strcmp(finfo->hfinfo->abbrev, "_ws.malformed.dissector_bug") == 0;
        if (finfo->rep)
            g_strlcpy(label, finfo->rep->representation, sizeof label);
        else
            proto_item_fill_label(finfo, label);
        g_string_append_printf(text, "%s %d+%d %x %s\n", finfo->hfinfo->abbrev, finfo->start, finfo->length,
                               FI_GET_FLAG(finfo, PI_SEVERITY_MASK), label);
    }
    proto_tree_children_foreach(node, show_node, text);
    if (finfo && node->first_child)
        g_string_append(text, "<\n");
}

/* The length of a text's first line, and what comes behind it. */
static size_t line_length(const char *text)
{
    return strcspn(text, "\n");
}

static const char *next_line(const char *text)
{
    text += line_length(text);
    return text + (*text == '\n');
}

static bool same_line(const char *a, const char *b)
{
    size_t length = line_length(a);

    return length == line_length(b) && memcmp(a, b, length) == 0;
}

/* How many lines of text come before one like this, -1 if the next of them have none. */
static int lines_before(const char *text, const char *line)
{
    for (int i = 0; i < 32 && *text; i++, text = next_line(text))
        if (same_line(text, line))
            return i;
    return -1;
}

/* The first lines in which two texts differ. What only one of them has stands alone; of two lines that begin alike, what is
 * from shortly before the difference. */
static void show_difference(const char *a, const char *b, GString *out)
{
    for (int shown = 0; shown < 8 && (*a || *b);) {
        if (*a && *b && same_line(a, b)) {
            a = next_line(a);
            b = next_line(b);
            continue;
        }
        int only_a = *b ? lines_before(a, b) : 1, only_b = *a ? lines_before(b, a) : 1;
        size_t same = 0;

        shown++;
        if (*a && *b && only_a < 0 && only_b < 0) {
            while (a[same] == b[same] && a[same] && a[same] != '\n')
                same++;
            if (same > 120)
                g_string_append_printf(out, "  = %.60s ...\n", a);
            same = same > 120 ? same - 60 : 0;
        }
        if (*a && (only_a > 0 || only_b <= 0)) {
            g_string_append_printf(out, "  - %.*s\n", (int)(line_length(a) - same), a + same);
            a = next_line(a);
        }
        if (*b && only_a <= 0) {
            g_string_append_printf(out, "  + %.*s\n", (int)(line_length(b) - same), b + same);
            b = next_line(b);
        }
    }
}

/* ---- one pass ---------------------------------------------------------------------------------------------------- */

static void dissect(epan_dissect_t *edt, const struct pcap_packet *packet, frame_data *fd, bool taps, bool columns)
{
    static wtap_rec rec; /* looked at until the dissection is over */
    column_info *cinfo = columns ? &harness.columns : NULL;

    memset(&rec, 0, sizeof rec);
    rec.rec_type = REC_TYPE_PACKET;
    rec.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
    rec.ts = fd->abs_ts;
    rec.tsprec = WTAP_TSPREC_USEC;
    rec.rec_header.packet_header.caplen = packet->captured;
    rec.rec_header.packet_header.len = packet->length;
    rec.rec_header.packet_header.pkt_encap = WTAP_ENCAP_ETHERNET;
    rec.rec_header.packet_header.pseudo_header.eth.fcs_len = 0;
    tvbuff_t *tvb = tvb_new_real_data(packet->bytes, packet->captured, packet->length > G_MAXINT ? G_MAXINT : packet->length);
    if (taps)
        epan_dissect_run_with_taps(edt, WTAP_FILE_TYPE_SUBTYPE_UNKNOWN, &rec, tvb, fd, cinfo);
    else
        epan_dissect_run(edt, WTAP_FILE_TYPE_SUBTYPE_UNKNOWN, &rec, tvb, fd, cinfo);
}

static const nstime_t *frame_time(struct packet_provider_data *provider, uint32_t number)
{
    return number >= 1 && number <= provider->count ? &provider->frames[number - 1].abs_ts : NULL;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const export_object_entry_t *const *)a)->filename, (*(const export_object_entry_t *const *)b)->filename);
}

static void set_preference(const char *text)
{
    char *copy = g_strdup(text), *error = NULL;

    if (prefs_set_pref(copy, &error) != PREFS_SET_OK)
        abort();
    g_free(copy);
}

/* What the tables and the exported files are now; both begin anew. */
static void draw(GString *out)
{
    ssize_t got;
    char piece[4096];
    GString *tree;

    fflush(stdout);
    if (ftruncate(harness.out, 0) != 0 || lseek(harness.out, 0, SEEK_SET) != 0)
        abort();
    draw_tap_listeners(TRUE);
    fflush(stdout);
    lseek(harness.out, 0, SEEK_SET);
    /* RTP over time stands at the end. On the first pass nobody knows yet which packets come late, so it may differ. */
    while ((got = read(harness.out, piece, sizeof piece)) > 0)
        g_string_append_len(out, piece, got);
    char *series = strstr(out->str, SERIES);
    if (series)
        g_string_truncate(out, (gsize)(series - out->str));
    tree = stats_tree_format_as_str(harness.counters, ST_FORMAT_PLAIN, -1, FALSE);
    g_string_append(out, tree->str);
    g_string_free(tree, TRUE);
    /* Streams of a program stream are listed when it is known to be one, which later passes know sooner. */
    if (harness.elementary)
        g_ptr_array_sort(harness.exported, compare_names);
    for (unsigned i = 0; i < harness.exported->len; i++) {
        export_object_entry_t *entry = (export_object_entry_t *)g_ptr_array_index(harness.exported, i);
        uint32_t sum = 0;

        /* Somebody saves it: every byte is read. */
        for (size_t k = 0; k < entry->payload_len; k++)
            sum = sum * 31 + entry->payload_data[k];
        g_string_append_printf(out, "%u %s %s %s %zu %08x\n", harness.elementary ? 0 : entry->pkt_num, entry->filename, entry->content_type,
                               entry->hostname, entry->payload_len, sum);
    }
    harness.export_reset();
    for (unsigned i = 0; i < harness.exported->len; i++)
        eo_free_entry((export_object_entry_t *)g_ptr_array_index(harness.exported, i));
    g_ptr_array_set_size(harness.exported, 0);
    reset_tap_listeners();
}

/* A permutation that depends on nothing but the number of frames and the seed. */
static uint32_t *shuffled(uint32_t count, uint32_t seed)
{
    uint32_t *order = g_new(uint32_t, count);

    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        seed = seed * 1664525 + 1013904223;
        uint32_t other = (seed >> 8) % i, kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    return order;
}

static void show_frame(epan_dissect_t *edt, GString *text)
{
    proto_tree_children_foreach(edt->tree, show_node, text);
    g_string_append_printf(text, "%s | %s\n", harness.columns.columns[harness.columns.num_cols - 1].col_data,
                           harness.columns.columns[harness.columns.num_cols - 2].col_data);
}

/* Dissects the capture in all passes. */
static void run(const struct pcap_file *file, struct shown *shown)
{
    static const struct packet_provider_funcs funcs = {.get_frame_ts = frame_time};
    struct packet_provider_data provider = {.frames = g_new0(frame_data, file->count), .count = 0};
    epan_t *epan = epan_new(&provider, &funcs);
    nstime_t elapsed = NSTIME_INIT_ZERO;
    uint32_t cum_bytes = 0, seed = (uint32_t)file->bytes * 2654435761u;
    epan_dissect_t *edt;

    memset(shown, 0, sizeof *shown);
    shown->frames = g_ptr_array_new_with_free_func(string_free);
    shown->differs = g_string_new(NULL);
    harness.said[0] = '\0';
    harness.bug = false;
    harness.elementary = seed >> 30 & 1;
    set_preference(harness.elementary ? "hikcascade.export_elementary:TRUE" : "hikcascade.export_elementary:FALSE");

    /* As tshark and Wireshark do it: with a tree or without, depending on filters. */
    edt = epan_dissect_new(epan, seed >> 31, FALSE);
    for (uint32_t i = 0; i < file->count; i++) {
        frame_data *fd = &provider.frames[i];
        wtap_rec rec;

        memset(&rec, 0, sizeof rec);
        rec.rec_type = REC_TYPE_PACKET;
        rec.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
        rec.ts.secs = (time_t)(file->packets[i].time / 1000000);
        rec.ts.nsecs = (int)(file->packets[i].time % 1000000 * 1000);
        rec.tsprec = WTAP_TSPREC_USEC;
        rec.rec_header.packet_header.caplen = file->packets[i].captured;
        rec.rec_header.packet_header.len = file->packets[i].length;
        frame_data_init(fd, i + 1, &rec, 0, cum_bytes);
        provider.count = i + 1;
        frame_data_set_before_dissect(fd, &elapsed, &provider.ref, provider.prev);
        dissect(edt, &file->packets[i], fd, true, false);
        frame_data_set_after_dissect(fd, &cum_bytes);
        provider.prev = fd;
        epan_dissect_reset(edt);
    }
    epan_dissect_free(edt);
    postseq_cleanup_all_protocols();
    shown->tables[0] = g_string_new(NULL);
    draw(shown->tables[0]);

    edt = epan_dissect_new(epan, TRUE, TRUE);
    for (uint32_t i = 0; i < file->count; i++) {
        GString *text = g_string_new(NULL);

        dissect(edt, &file->packets[i], &provider.frames[i], false, true);
        show_frame(edt, text);
        if (harness.show)
            fprintf(stderr, "---- frame %u\n%s", i + 1, text->str);
        g_ptr_array_add(shown->frames, text);
        epan_dissect_reset(edt);
    }
    uint32_t *order = shuffled(file->count, seed);
    GString *again = g_string_new(NULL);
    for (uint32_t i = 0; i < file->count; i++) {
        const GString *before = (const GString *)g_ptr_array_index(shown->frames, order[i]);

        g_string_truncate(again, 0);
        dissect(edt, &file->packets[order[i]], &provider.frames[order[i]], false, true);
        show_frame(edt, again);
        if (!g_string_equal(again, before)) {
            g_string_append_printf(shown->differs, "frame %u:\n", order[i] + 1);
            show_difference(before->str, again->str, shown->differs);
        }
        epan_dissect_reset(edt);
    }
    epan_dissect_free(edt);

    edt = epan_dissect_new(epan, FALSE, FALSE);
    for (uint32_t i = 0; i < file->count; i++) {
        dissect(edt, &file->packets[i], &provider.frames[i], true, false);
        epan_dissect_reset(edt);
    }
    epan_dissect_free(edt);
    shown->tables[1] = g_string_new(NULL);
    draw(shown->tables[1]);
    if (harness.show)
        fprintf(stderr, "---- tables\n%s", shown->tables[1]->str);

    g_string_free(again, TRUE);
    g_free(order);
    for (uint32_t i = 0; i < provider.count; i++)
        frame_data_destroy(&provider.frames[i]);
    epan_free(epan);
    g_free(provider.frames);
}

static void set_plugin(bool on)
{
    for (size_t i = 0; i < array_length(our_protocols); i++) {
        int id = proto_get_id_by_filter_name(our_protocols[i]);
        if (id >= 0)
            proto_set_decoding(id, on);
    }
    harness.with_plugin = on;
}

/* What is wrong with it, NULL if nothing is. */
static char *wrong_with(const struct pcap_file *file)
{
    struct shown shown;
    char *wrong = NULL;

    run(file, &shown);
    if (harness.bug)
        wrong = g_strdup("dissector bug");
    else if (harness.said[0])
        wrong = g_strdup(harness.said);
    else if (shown.differs->len > 0)
        wrong = g_strdup_printf("later passes differ\n%s", shown.differs->str);
    else if (harness.with_plugin && !g_string_equal(shown.tables[0], shown.tables[1])) {
        GString *line = g_string_new(TABLES_DIFFER);
        show_difference(shown.tables[0]->str, shown.tables[1]->str, line);
        wrong = g_string_free(line, FALSE);
    }
    shown_free(&shown);
    return wrong;
}

/* Stock's tcp keeps what is waited for by sequence numbers that count from the connection's SYN. Where one that comes late moves
 * them, stock does not find on later passes what it put together on the first: with numbers as they were sent, it does. */
static bool is_moved_by_syn(const struct pcap_file *file, const char *wrong)
{
    char *absolute;

    if (!g_str_has_prefix(wrong, TABLES_DIFFER))
        return false;
    set_preference("tcp.relative_sequence_numbers:false");
    absolute = wrong_with(file);
    set_preference("tcp.relative_sequence_numbers:true");
    g_free(absolute);
    return absolute == NULL;
}

static void found(const char *wrong, const uint8_t *data, size_t size)
{
    char *name;

    fprintf(stderr, "FOUND: %s\n", wrong);
    if (!harness.keep)
        abort();
    name = g_strdup_printf("%s/captures-find-%u.pcap", harness.keep, ++harness.finds);
    fprintf(stderr, "kept as %s\n", name);
    g_file_set_contents(name, (const char *)data, (gssize)size, NULL);
    g_free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pcap_file file;

    if (!pcap_read(data, size, &file))
        return 0;
    char *wrong = wrong_with(&file);
    if (wrong) {
        set_plugin(false);
        char *stock = wrong_with(&file);
        set_plugin(true);
        if (!stock && is_moved_by_syn(&file, wrong))
            stock = g_strdup("numbers that a SYN moves");
        if (!stock)
            found(wrong, data, size);
        else if (harness.tell_stock)
            fprintf(stderr, "STOCK: %s\nWITH PLUGIN: %s\n", stock, wrong);
        harness.stock += stock != NULL;
        g_free(stock);
    }
    g_free(wrong);
    harness.captures++;
    harness.frames += file.count;
    pcap_free(&file);
    return 0;
}

/* ---- once -------------------------------------------------------------------------------------------------------- */

static void add_entry(void *list, struct _export_object_entry_t *entry)
{
    (void)list;
    g_ptr_array_add(harness.exported, entry);
}

static export_object_entry_t *no_entry(void *list, int row)
{
    (void)list;
    (void)row;
    return NULL;
}

G_GNUC_PRINTF(7, 0)
static void note(const char *domain _U_, enum ws_log_level level, struct timespec when _U_, const char *file _U_, long line _U_,
                 const char *func _U_, const char *format, va_list args, void *user _U_)
{
    if (level >= LOG_LEVEL_WARNING && !harness.said[0])
        g_vsnprintf(harness.said, sizeof harness.said, format, args);
}

static void say_counts(void)
{
    fprintf(stderr, "%u captures with %u frames through all passes; %u that stock alone gets wrong; %u finds\n", harness.captures,
            harness.frames, harness.stock, harness.finds);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static export_object_list_t list = {.add_entry = add_entry, .get_entry = no_entry};

    g_setenv("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple", FALSE);
    ws_log_init_with_writer("fuzz-captures", note, NULL);
    /* Root may not say where the data files are. The names of manufacturers and services are read anew for each capture,
     * which takes longer than the capture: here there are none. */
    if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, 0) != 0 || setresuid(NOBODY, NOBODY, 0) != 0))
        exit(1);
    init_process_policies();
    if (geteuid() == NOBODY && (setresuid(0, 0, 0) != 0 || setresgid(0, 0, 0) != 0) && getuid() != NOBODY)
        exit(1);
    g_free(configuration_init((*argv)[0], NULL));
    (void)argc;
    timestamp_set_type(TS_RELATIVE);
    timestamp_set_precision(TS_PREC_AUTO);
    timestamp_set_seconds_type(TS_SECONDS_DEFAULT);
    wtap_init(FALSE);
    plugin_register();
    if (!epan_init(NULL, NULL, FALSE)) {
        fprintf(stderr, "libwireshark does not begin: %s\n", harness.said);
        exit(1);
    }
    e_prefs *settings = epan_load_settings();
    prefs_apply_all();
    build_column_format_array(&harness.columns, settings->num_cols, TRUE);

    /* What the tables print is compared, not shown. */
    harness.out = memfd_create("tables", 0);
    if (harness.out < 0 || dup2(harness.out, STDOUT_FILENO) < 0)
        exit(1);
    harness.with_plugin = true;
    harness.show = getenv("HIK_FUZZ_SHOW") != NULL;
    harness.keep = getenv("HIK_FUZZ_KEEP");
    harness.tell_stock = getenv("HIK_FUZZ_STOCK") != NULL;
    for (size_t i = 0; i < array_length(tables); i++)
        if (!process_stat_cmd_arg(tables[i]))
            fprintf(stderr, "no table %s\n", tables[i]);
    start_requested_stats();
    harness.exported = g_ptr_array_new();
    register_eo_t *eo = get_eo_by_name("hikcascade");
    if (!eo || register_tap_listener(get_eo_tap_listener_name(eo), &list, NULL, TL_REQUIRES_NOTHING, NULL, get_eo_packet_func(eo),
                                     NULL, NULL))
        exit(1);
    harness.export_reset = get_eo_reset_func(eo);
    stats_tree_cfg *counters = stats_tree_get_cfg_by_abbr("hikcascade");
    harness.counters = stats_tree_new(counters, NULL, NULL);
    if (register_tap_listener(counters->tapname, harness.counters, NULL, counters->flags, stats_tree_reset, stats_tree_packet, NULL,
                              NULL))
        exit(1);
    stats_tree_reset(harness.counters);
    if (harness.said[0]) {
        fprintf(stderr, "libwireshark begins with: %s\n", harness.said);
        exit(1);
    }
    atexit(say_counts);
    return 0;
}
