/* in-parts.c
 * A capture that is looked at while it still loads: in-parts compare FILE..., in-parts grow on|off FILE...
 *
 * compare: half of the file is dissected, every frame of it shown and the tables drawn; then the other half, and all of it
 * shown and drawn again. What is shown in the middle must be what a file shows that ends there, and what is shown at the end
 * what the whole file shows when nobody looked before. A line per file that differs, the first lines of the difference
 * behind it. grow: what one more look at all frames and tables allocates for as long as the file is open: times in all, and
 * times by the plugin's own functions; after half of the file, and at its end. off: without the plugin's protocols, which is
 * what stock keeps. Wireshark 4.0's functions; test_in_parts.py compiles and runs it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include <epan/column-info.h>
#include <epan/column.h>
#include <epan/epan.h>
#include <epan/epan_dissect.h>
#include <epan/frame_data.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/timestamp.h>
#include <wiretap/wtap.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>
#include <wsutil/wslog.h>

/* The first is drawn last. */
static const char *const tables[] = {"hikcascade,sessions", "hikcascade,platforms", "hikcascade,catalog", "hikcascade,messages"};
static const char *const protocols[] = {"hikcascade", "mp2p", "manscdp", "mansrtsp"};

struct packet {
    uint32_t seconds, microseconds, captured, length;
    const uint8_t *bytes;
};

struct packet_provider_data {
    frame_data *frames;
    uint32_t count;
    const frame_data *ref, *prev;
};

/* A capture that is open, and how far it is dissected. */
struct loading {
    struct packet_provider_data provider;
    const struct packet *packets;
    epan_t *epan;
    nstime_t elapsed;
    uint32_t bytes;
};

static column_info columns;
static int out; /* where tables are printed */

static struct packet *read_file(const char *name, uint32_t *count)
{
    char *data;
    size_t size, at = 24;
    struct packet *packets = NULL;

    *count = 0;
    if (!g_file_get_contents(name, &data, &size, NULL) || size < at)
        exit(1);
    while (size - at >= 16) {
        struct packet one;

        memcpy(&one, data + at, 16);
        at += 16;
        if (one.captured > size - at)
            break;
        one.bytes = (const uint8_t *)g_memdup2(data + at, one.captured);
        at += one.captured;
        packets = g_renew(struct packet, packets, *count + 1);
        packets[(*count)++] = one;
    }
    g_free(data);
    return packets;
}

static wtap_rec record_of(const struct packet *packet)
{
    wtap_rec rec;

    memset(&rec, 0, sizeof rec);
    rec.rec_type = REC_TYPE_PACKET;
    rec.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
    rec.ts.secs = packet->seconds;
    rec.ts.nsecs = (int)packet->microseconds * 1000;
    rec.tsprec = WTAP_TSPREC_USEC;
    rec.rec_header.packet_header.caplen = packet->captured;
    rec.rec_header.packet_header.len = packet->length;
    rec.rec_header.packet_header.pkt_encap = WTAP_ENCAP_ETHERNET;
    return rec;
}

static void dissect(struct loading *loading, epan_dissect_t *edt, uint32_t i, bool taps)
{
    static wtap_rec rec; /* looked at until the dissection is over */
    const struct packet *packet = &loading->packets[i];
    tvbuff_t *tvb = tvb_new_real_data(packet->bytes, packet->captured, (int)packet->length);

    rec = record_of(packet);
    if (taps)
        epan_dissect_run_with_taps(edt, WTAP_FILE_TYPE_SUBTYPE_UNKNOWN, &rec, tvb, &loading->provider.frames[i], NULL);
    else
        epan_dissect_run(edt, WTAP_FILE_TYPE_SUBTYPE_UNKNOWN, &rec, tvb, &loading->provider.frames[i], &columns);
}

static const nstime_t *frame_time(struct packet_provider_data *provider, uint32_t number)
{
    return number >= 1 && number <= provider->count ? &provider->frames[number - 1].abs_ts : NULL;
}

static void start(struct loading *loading, const struct packet *packets, uint32_t count)
{
    static const struct packet_provider_funcs funcs = {.get_frame_ts = frame_time};

    memset(loading, 0, sizeof *loading);
    loading->packets = packets;
    loading->provider.frames = g_new0(frame_data, count);
    loading->epan = epan_new(&loading->provider, &funcs);
}

/* The frames up to that one come. */
static void load(struct loading *loading, uint32_t until)
{
    struct packet_provider_data *provider = &loading->provider;
    epan_dissect_t *edt = epan_dissect_new(loading->epan, FALSE, FALSE);

    while (provider->count < until) {
        uint32_t i = provider->count++;
        frame_data *fd = &provider->frames[i];
        wtap_rec rec = record_of(&loading->packets[i]);

        frame_data_init(fd, i + 1, &rec, 0, loading->bytes);
        frame_data_set_before_dissect(fd, &loading->elapsed, &provider->ref, provider->prev);
        dissect(loading, edt, i, true);
        frame_data_set_after_dissect(fd, &loading->bytes);
        provider->prev = fd;
        epan_dissect_reset(edt);
    }
    epan_dissect_free(edt);
}

static void end(struct loading *loading)
{
    postseq_cleanup_all_protocols();
    for (uint32_t i = 0; i < loading->provider.count; i++)
        frame_data_destroy(&loading->provider.frames[i]);
    epan_free(loading->epan);
    g_free(loading->provider.frames);
    reset_tap_listeners();
}

static void show_node(proto_node *node, gpointer user)
{
    GString *text = (GString *)user;
    field_info *finfo = PNODE_FINFO(node);
    char label[ITEM_LABEL_LENGTH];

    /* Stock's clock of a conversation begins anew where an SDP that comes later makes one. */
    if (finfo && strstr(finfo->hfinfo->abbrev, ".time_"))
        return;
    if (finfo && finfo->rep)
        g_string_append_printf(text, "%s: %s\n", finfo->hfinfo->abbrev, finfo->rep->representation);
    else if (finfo) {
        proto_item_fill_label(finfo, label);
        g_string_append_printf(text, "%s: %s\n", finfo->hfinfo->abbrev, label);
    }
    proto_tree_children_foreach(node, show_node, text);
}

/* What the tables say by now: of the first pass that goes on, or, anew, of all frames so far. */
static void draw(struct loading *loading, bool anew, GString *text)
{
    GString *printed = g_string_new(NULL);
    char piece[4096], **lines;
    ssize_t got;

    if (anew) {
        epan_dissect_t *edt = epan_dissect_new(loading->epan, FALSE, FALSE);

        reset_tap_listeners();
        for (uint32_t i = 0; i < loading->provider.count; i++) {
            dissect(loading, edt, i, true);
            epan_dissect_reset(edt);
        }
        epan_dissect_free(edt);
    }
    fflush(stdout);
    if (ftruncate(out, 0) != 0 || lseek(out, 0, SEEK_SET) != 0)
        abort();
    draw_tap_listeners(TRUE);
    fflush(stdout);
    lseek(out, 0, SEEK_SET);
    while ((got = read(out, piece, sizeof piece)) > 0)
        g_string_append_len(printed, piece, got);
    /* What an empty table says instead is counted once: a program that prints tables reads one file. */
    lines = g_strsplit(printed->str, "\n", -1);
    for (char **line = lines; *line; line++)
        if (!g_str_has_prefix(*line, "No "))
            g_string_append_printf(text, "%s\n", *line);
    g_strfreev(lines);
    g_string_free(printed, TRUE);
}

/* Every frame so far, with its tree. text: NULL: nobody reads it. */
static void show(struct loading *loading, GString *text)
{
    epan_dissect_t *edt = epan_dissect_new(loading->epan, TRUE, TRUE);

    for (uint32_t i = 0; i < loading->provider.count; i++) {
        dissect(loading, edt, i, false);
        if (text) {
            g_string_append_printf(text, "frame %u\n", i + 1);
            proto_tree_children_foreach(edt->tree, show_node, text);
        }
        epan_dissect_reset(edt);
    }
    epan_dissect_free(edt);
}

/* What can be seen by now: the tables that follow the first pass, every frame, and at the end the tables of a pass of their own,
 * which begin anew and would follow the first pass no more. */
static GString *look(struct loading *loading, bool last)
{
    GString *text = g_string_new(NULL);

    draw(loading, false, text);
    show(loading, text);
    if (last)
        draw(loading, true, text);
    return text;
}

static void say_difference(const char *a, const char *b)
{
    char frame[40] = "";

    for (int said = 0; said < 6 && (*a || *b);) {
        size_t len_a = strcspn(a, "\n"), len_b = strcspn(b, "\n");

        if (strncmp(a, "frame ", 6) == 0 && len_a < sizeof frame)
            g_strlcpy(frame, a, len_a + 1);
        if (len_a != len_b || memcmp(a, b, len_a) != 0) {
            fprintf(stderr, "  %s\n  - %.*s\n  + %.*s\n", frame, (int)len_a, a, (int)len_b, b);
            said++;
        }
        a += len_a + (a[len_a] != '\0');
        b += len_b + (b[len_b] != '\0');
    }
}

/* What a file shows that ends there, or that nobody looked at before. */
static GString *look_alone(const struct packet *packets, uint32_t count, uint32_t until)
{
    struct loading loading;
    GString *text;

    start(&loading, packets, count);
    load(&loading, until);
    text = look(&loading, until == count);
    end(&loading);
    return text;
}

static void say(const char *name, const char *when, const GString *alone, const GString *seen)
{
    fprintf(stderr, "%s %s %s\n", name, when, g_string_equal(alone, seen) ? "same" : "differs");
}

static void compare(const char *name)
{
    uint32_t count;
    struct packet *packets = read_file(name, &count);
    GString *middle, *final, *alone;
    struct loading loading;

    start(&loading, packets, count);
    load(&loading, count / 2);
    middle = look(&loading, false);
    load(&loading, count);
    final = look(&loading, true);
    end(&loading);
    alone = look_alone(packets, count, count / 2);
    say(name, "middle", alone, middle);
    say_difference(alone->str, middle->str);
    g_string_free(alone, TRUE);
    alone = look_alone(packets, count, count);
    say(name, "end", alone, final);
    say_difference(alone->str, final->str);
    say(name, "middle and end", middle, final);
    g_string_free(alone, TRUE);
    g_string_free(middle, TRUE);
    g_string_free(final, TRUE);
}

/* ---- allocations of file scope ------------------------------------------------------------------------------------ */

static struct {
    bool on;
    unsigned all, own; /* own: stock's functions did not ask for it */
} counted;

static const char *library_of(const void *address)
{
    Dl_info info;

    return dladdr(address, &info) && info.dli_fname ? info.dli_fname : "";
}

static void count(const wmem_allocator_t *allocator)
{
    void *frames[16];
    int depth;

    if (!counted.on || allocator != wmem_file_scope())
        return;
    counted.on = false; /* backtrace() may allocate */
    counted.all++;
    depth = backtrace(frames, 16);
    for (int i = 2; i < depth; i++) /* who wants it: behind wmem's own functions */
        if (!strstr(library_of(frames[i]), "libwsutil")) {
            counted.own += strstr(library_of(frames[i]), "hikcascade.so") != NULL;
            break;
        }
    counted.on = true;
}

/* In front of libwsutil's. */
void *wmem_alloc(wmem_allocator_t *allocator, const size_t size)
{
    static void *(*real)(wmem_allocator_t *, const size_t);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "wmem_alloc");
    count(allocator);
    return real(allocator, size);
}

void *wmem_realloc(wmem_allocator_t *allocator, void *ptr, const size_t size)
{
    static void *(*real)(wmem_allocator_t *, void *, const size_t);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "wmem_realloc");
    count(allocator);
    return real(allocator, ptr, size);
}

static void look_again(struct loading *loading)
{
    GString *text = g_string_new(NULL);

    show(loading, NULL);
    draw(loading, true, text);
    g_string_free(text, TRUE);
}

static void grow(const char *name)
{
    uint32_t packet_count;
    struct packet *packets = read_file(name, &packet_count);
    struct loading loading;

    start(&loading, packets, packet_count);
    for (unsigned part = 1; part <= 2; part++) {
        load(&loading, packet_count * part / 2);
        look_again(&loading); /* what is made once */
        counted.all = counted.own = 0;
        counted.on = true;
        look_again(&loading);
        counted.on = false;
        fprintf(stderr, "%s %u %u\n", name, counted.all, counted.own);
    }
    end(&loading);
}

int main(int argc, char **argv)
{
    e_prefs *settings;

    ws_log_init("in-parts", NULL);
    init_process_policies();
    g_free(configuration_init(argv[0], NULL));
    timestamp_set_type(TS_RELATIVE);
    timestamp_set_precision(TS_PREC_AUTO);
    timestamp_set_seconds_type(TS_SECONDS_DEFAULT);
    wtap_init(TRUE);
    if (argc < 3 || !epan_init(NULL, NULL, TRUE))
        return 1;
    settings = epan_load_settings();
    prefs_apply_all();
    build_column_format_array(&columns, settings->num_cols, TRUE);
    out = memfd_create("tables", 0);
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
        return 1;
    for (size_t i = 0; i < array_length(tables); i++)
        if (!process_stat_cmd_arg(tables[i]))
            return 1;
    start_requested_stats();
    if (strcmp(argv[1], "compare") == 0) {
        for (int i = 2; i < argc; i++)
            compare(argv[i]);
        return 0;
    }
    for (size_t i = 0; i < array_length(protocols); i++)
        proto_set_decoding(proto_get_id_by_filter_name(protocols[i]), strcmp(argv[2], "off") != 0);
    for (int i = 3; i < argc; i++)
        grow(argv[i]);
    return 0;
}
