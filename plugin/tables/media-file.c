/* media-file.c
 * RTP payloads into files: RTP payload formats for H.264 (RFC 6184) and H.265 (RFC 7798) into Annex B byte streams
 * (ITU-T H.264 and H.265, annex B), G.711 into WAV, program streams as they are or taken apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "media-file.h"

#include <string.h>

#ifdef __linux__
#endif

/* How payloads become bytes. */
enum method { METHOD_COPY, METHOD_H264, METHOD_H265, METHOD_PS };

static const struct {
    enum method method;
    enum hik_media_format format; /* METHOD_PS: the streams decide */
} kinds[HIK_MEDIA_KINDS] = {
    [HIK_MEDIA_UNKNOWN] = {METHOD_COPY, HIK_FORMAT_BIN},
    [HIK_MEDIA_PS] = {METHOD_COPY, HIK_FORMAT_MPG},
    [HIK_MEDIA_TS] = {METHOD_COPY, HIK_FORMAT_TS},
    [HIK_MEDIA_H264_ANNEXB] = {METHOD_COPY, HIK_FORMAT_H264},
    [HIK_MEDIA_H265_ANNEXB] = {METHOD_COPY, HIK_FORMAT_H265},
    [HIK_MEDIA_ADTS] = {METHOD_COPY, HIK_FORMAT_AAC},
    [HIK_MEDIA_H264] = {METHOD_H264, HIK_FORMAT_H264},
    [HIK_MEDIA_H265] = {METHOD_H265, HIK_FORMAT_H265},
    [HIK_MEDIA_G711A] = {METHOD_COPY, HIK_FORMAT_WAV_A},
    [HIK_MEDIA_G711U] = {METHOD_COPY, HIK_FORMAT_WAV_U},
    [HIK_MEDIA_PS_STREAMS] = {METHOD_PS, HIK_FORMAT_BIN},
};

static const struct {
    const char *extension, *type;
} formats[HIK_FORMATS] = {
    [HIK_FORMAT_BIN] = {"bin", "application/octet-stream"},
    [HIK_FORMAT_MPG] = {"mpg", "video/mpeg"},
    [HIK_FORMAT_TS] = {"ts", "video/mp2t"},
    [HIK_FORMAT_H264] = {"h264", "video/h264"},
    [HIK_FORMAT_H265] = {"h265", "video/h265"},
    [HIK_FORMAT_M4V] = {"m4v", "video/mp4v-es"},
    [HIK_FORMAT_WAV_A] = {"wav", "audio/wav"},
    [HIK_FORMAT_WAV_U] = {"wav", "audio/wav"},
    [HIK_FORMAT_AAC] = {"aac", "audio/aac"},
    [HIK_FORMAT_MPEG_AUDIO] = {"mp3", "audio/mpeg"},
};

const char *hik_media_format_extension(enum hik_media_format format)
{
    return formats[format].extension;
}

const char *hik_media_format_type(enum hik_media_format format)
{
    return formats[format].type;
}

/* ---- outputs ---------------------------------------------------------------------------------------------------- */

/* Room for `more` bytes. Grows by a part of what is there, less for big files: where blocks of that size are moved by
 * remapping pages, that costs no second copy, and room that was never written takes no memory. */
static bool make_room(struct hik_media_output *out, size_t more)
{
    size_t room;
    uint8_t *data;

    if (out->full)
        return false;
    if (more <= out->room - out->len)
        return true;
    room = out->len + more;
    room += room < ((size_t)64 << 20) ? room / 2 + 4096 : room / 8;
    data = more > G_MAXSIZE / 4 - out->len ? NULL : (uint8_t *)g_try_realloc(out->data, room);
    if (!data) {
        out->full = true;
        return false;
    }
    out->data = data;
    out->room = room;
    return true;
}

static void append(struct hik_media_output *out, const uint8_t *data, size_t len)
{
    if (len > 0 && make_room(out, len)) {
        memcpy(out->data + out->len, data, len);
        out->len += len;
    }
}

static void put32le(uint8_t *at, uint64_t value)
{
    if (value > G_MAXUINT32)
        value = G_MAXUINT32; /* longer than a WAV file can say; players go by the end of the file */
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static bool is_wav(enum hik_media_format format)
{
    return format == HIK_FORMAT_WAV_A || format == HIK_FORMAT_WAV_U;
}

/* RIFF, fmt (format 6: A-law, 7: mu-law; 8000 Hz, mono, 8 bits), fact, data. The sizes are filled in later. */
static void write_wav_header(struct hik_media_output *out)
{
    uint8_t header[HIK_MEDIA_WAV_HEADER] = "RIFF____WAVEfmt \22\0\0\0_\0\1\0\100\37\0\0\100\37\0\0\1\0\10\0\0\0"
                                           "fact\4\0\0\0____data";

    header[20] = out->format == HIK_FORMAT_WAV_A ? 6 : 7;
    memcpy(out->data, header, sizeof header);
}

static void fill_wav_sizes(struct hik_media_output *out)
{
    uint64_t samples = out->len - HIK_MEDIA_WAV_HEADER;

    put32le(out->data + 4, (uint64_t)out->len - 8);
    put32le(out->data + 46, samples);
    put32le(out->data + 54, samples);
}

/* An output begins empty, or with its header. A header may be wanted, or no longer, when bytes are already there. */
static void set_format(struct hik_media_file *file, unsigned i, enum hik_media_format format)
{
    struct hik_media_output *out = &file->output[i];
    bool had = is_wav(out->format), wants = is_wav(format);

    if (had && out->len < HIK_MEDIA_WAV_HEADER)
        had = false; /* there was no memory for it */
    out->format = format;
    if (wants && !had) {
        if (!make_room(out, HIK_MEDIA_WAV_HEADER)) {
            out->format = HIK_FORMAT_BIN;
            return;
        }
        memmove(out->data + HIK_MEDIA_WAV_HEADER, out->data, out->len);
        out->len += HIK_MEDIA_WAV_HEADER;
        out->sure += HIK_MEDIA_WAV_HEADER;
        file->before.len[i] += HIK_MEDIA_WAV_HEADER;
    } else if (had && !wants) {
        out->len -= HIK_MEDIA_WAV_HEADER;
        out->sure -= MIN(out->sure, HIK_MEDIA_WAV_HEADER);
        file->before.len[i] -= MIN(file->before.len[i], HIK_MEDIA_WAV_HEADER);
        memmove(out->data, out->data + HIK_MEDIA_WAV_HEADER, out->len);
    }
    if (wants) {
        write_wav_header(out);
        fill_wav_sizes(out);
    }
}

static struct hik_media_output *the_output(struct hik_media_file *file)
{
    if (file->outputs == 0)
        file->outputs = 1;
    return &file->output[0];
}

/* ---- NAL units in RTP ------------------------------------------------------------------------------------------- */

static const uint8_t start_code[4] = {0, 0, 0, 1};

static void write_unit(struct hik_media_output *out, const uint8_t *data, size_t len)
{
    if (len == 0)
        return;
    append(out, start_code, sizeof start_code);
    append(out, data, len);
}

/* Units behind their 16-bit sizes; extra: bytes between size and unit. */
static void write_aggregate(struct hik_media_file *file, struct hik_media_output *out, const uint8_t *data, size_t len,
                            size_t extra)
{
    while (len >= 2 + extra) {
        size_t size = (size_t)data[0] << 8 | data[1];

        data += 2 + extra;
        len -= 2 + extra;
        size = MIN(size, len); /* what was cut off is cut off */
        write_unit(out, data, size);
        data += size;
        len -= size;
    }
    file->unplaced += len;
}

/* One fragment: header is the unit's own, as the fragment lets it be known. */
static void write_fragment(struct hik_media_file *file, struct hik_media_output *out, bool first, bool last, uint8_t type,
                           const uint8_t *header, size_t header_len, const uint8_t *data, size_t len)
{
    struct hik_media_point *now = &file->now;

    if (first) {
        append(out, start_code, sizeof start_code);
        append(out, header, header_len);
    } else if (!now->fragment_open || now->fragment_type != type) {
        /* Its beginning is missing: put behind whatever came last it would spoil that. */
        now->fragment_open = false;
        file->unplaced += len;
        return;
    }
    append(out, data, len);
    now->fragment_open = !last;
    now->fragment_type = type;
}

/* RFC 6184 5.2. */
static void write_h264(struct hik_media_file *file, const uint8_t *data, size_t len)
{
    struct hik_media_output *out = the_output(file);
    uint8_t type, header;
    size_t skip;

    if (len == 0)
        return;
    type = data[0] & 0x1F;
    switch (type) {
    case 24: /* STAP-A */
        write_aggregate(file, out, data + 1, len - 1, 0);
        break;
    case 25: /* STAP-B */
    case 26: /* MTAP16 */
    case 27: /* MTAP24: a decoding order number stands in front */
        if (len >= 3)
            write_aggregate(file, out, data + 3, len - 3, type == 25 ? 0 : type == 26 ? 3 : 4);
        break;
    case 28: /* FU-A */
    case 29: /* FU-B: its first fragment has a decoding order number */
        skip = type == 29 && len >= 2 && (data[1] & 0x80) ? 4 : 2;
        if (len < skip) {
            file->unplaced += len;
            break;
        }
        header = (uint8_t)((data[0] & 0xE0) | (data[1] & 0x1F));
        write_fragment(file, out, data[1] & 0x80, data[1] & 0x40, data[1] & 0x1F, &header, 1, data + skip, len - skip);
        return;
    case 0:
    case 30:
    case 31:
        file->unplaced += len;
        break;
    default:
        write_unit(out, data, len);
    }
    file->now.fragment_open = false;
}

/* RFC 7798 4.4. Decoding order numbers (sprop-max-don-diff) are not expected: cameras send in decoding order. */
static void write_h265(struct hik_media_file *file, const uint8_t *data, size_t len)
{
    struct hik_media_output *out = the_output(file);
    uint8_t type, header[2];

    if (len < 2) {
        file->unplaced += len;
        return;
    }
    type = (data[0] >> 1) & 0x3F;
    if (type == 49 && len >= 3) { /* FU */
        type = data[2] & 0x3F;
        header[0] = (uint8_t)((data[0] & 0x81) | type << 1);
        header[1] = data[1];
        write_fragment(file, out, data[2] & 0x80, data[2] & 0x40, type, header, 2, data + 3, len - 3);
        return;
    }
    if (type == 48) /* AP */
        write_aggregate(file, out, data + 2, len - 2, 0);
    else if (type < 48)
        write_unit(out, data, len);
    else
        file->unplaced += len;
    file->now.fragment_open = false;
}

/* ---- elementary streams of a program stream --------------------------------------------------------------------- */

static enum hik_media_format format_of_codec(enum hik_es_codec codec)
{
    switch (codec) {
    case HIK_ES_H264:
        return HIK_FORMAT_H264;
    case HIK_ES_H265:
        return HIK_FORMAT_H265;
    case HIK_ES_MPEG4:
        return HIK_FORMAT_M4V;
    case HIK_ES_G711A:
        return HIK_FORMAT_WAV_A;
    case HIK_ES_G711U:
        return HIK_FORMAT_WAV_U;
    case HIK_ES_AAC:
        return HIK_FORMAT_AAC;
    case HIK_ES_MPEG_AUDIO:
        return HIK_FORMAT_MPEG_AUDIO;
    default:
        return HIK_FORMAT_BIN;
    }
}

static void process_event(void *user, const struct hik_ps_event *event)
{
    struct hik_media_file *file = (struct hik_media_file *)user;
    enum hik_media_format format;
    unsigned i;

    if (event->type != HIK_PS_EV_DATA || !event->es || event->len == 0 || event->es->stream_id == 0xBE)
        return;
    for (i = 0; i < file->outputs && file->output[i].stream_id != event->es->stream_id; i++)
        ;
    if (i == HIK_MEDIA_OUTPUTS)
        return;
    format = format_of_codec((enum hik_es_codec)event->es->codec);
    if (i == file->outputs) {
        file->outputs++;
        file->output[i].stream_id = event->es->stream_id;
    }
    if (format != file->output[i].format)
        set_format(file, i, format);
    append(&file->output[i], event->data, event->len);
}

/* The parser withholds bytes that may begin a start code. Should this have been the last packet, they are part of the
 * file as well: they are added, and taken back when the next packet comes. */
static void write_withheld(struct hik_media_file *file)
{
    struct hik_ps_parser end;

    if (file->now.ps.s.held == 0)
        return;
    for (unsigned i = 0; i < file->outputs; i++)
        file->output[i].sure = file->output[i].len;
    file->tentative = true;
    end = file->now.ps;
    hik_ps_finish(&end);
}

static void remove_tentative(struct hik_media_file *file)
{
    if (!file->tentative)
        return;
    for (unsigned i = 0; i < file->outputs; i++)
        file->output[i].len = file->output[i].sure;
    file->tentative = false;
}

/* ---- packets in order ------------------------------------------------------------------------------------------- */

static void render(struct hik_media_file *file, bool gap, const uint8_t *data, size_t len, size_t missing)
{
    enum method method = kinds[file->kind].method;

    file->written += len;
    if (gap)
        file->now.fragment_open = false;
    switch (method) {
    case METHOD_COPY:
        append(the_output(file), data, len);
        break;
    case METHOD_H264:
        write_h264(file, data, len);
        break;
    case METHOD_H265:
        write_h265(file, data, len);
        break;
    case METHOD_PS:
        remove_tentative(file);
        if (gap)
            hik_ps_gap(&file->now.ps);
        hik_ps_feed(&file->now.ps, data, len);
        if (missing)
            hik_ps_missing(&file->now.ps, missing);
        write_withheld(file);
        break;
    }
    if (missing)
        file->now.fragment_open = false;
    for (unsigned i = 0; i < file->outputs; i++)
        if (is_wav(file->output[i].format))
            fill_wav_sizes(&file->output[i]);
}

static bool is_copied(const struct hik_media_file *file)
{
    return kinds[file->kind].method == METHOD_COPY;
}

static void remember(struct hik_media_file *file)
{
    struct hik_media_point *before = &file->before;

    for (unsigned i = 0; i < HIK_MEDIA_OUTPUTS; i++)
        before->len[i] = file->tentative && i < file->outputs ? file->output[i].sure : file->output[i].len;
    before->fragment_open = file->now.fragment_open;
    before->fragment_type = file->now.fragment_type;
    if (kinds[file->kind].method == METHOD_PS)
        before->ps = file->now.ps;
}

static void go_back(struct hik_media_file *file)
{
    const struct hik_media_point *before = &file->before;

    remove_tentative(file);
    for (unsigned i = 0; i < HIK_MEDIA_OUTPUTS; i++) {
        file->output[i].len = before->len[i];
        file->output[i].sure = MIN(file->output[i].sure, file->output[i].len);
    }
    file->now.fragment_open = before->fragment_open;
    file->now.fragment_type = before->fragment_type;
    if (kinds[file->kind].method == METHOD_PS)
        file->now.ps = before->ps;
}

static void forget_kept(struct hik_media_file *file, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        g_free(file->kept[i].data);
    file->kept_count -= count;
    if (count > 0 && file->kept_count > 0)
        memmove(file->kept, file->kept + count, file->kept_count * sizeof file->kept[0]);
}

/* Writes the packets kept once more. Those up to the first gap are done with; so are the first `settle` ones, whatever
 * is missing between them. */
static void write_again(struct hik_media_file *file, unsigned settle)
{
    unsigned done = 0;
    bool settling = !file->at_start;

    go_back(file);
    file->next = file->at_start && file->kept_count ? file->kept[0].seq : file->first_missing;
    for (unsigned i = 0; i < file->kept_count; i++) {
        const struct hik_media_kept *kept = &file->kept[i];
        bool gap = kept->seq != file->next;

        if (settling && gap && i >= settle) {
            remember(file);
            file->first_missing = file->next;
            done = i;
            settling = false;
        }
        render(file, gap, kept->data, kept->len, kept->missing);
        file->next = kept->seq + 1;
    }
    if (!file->at_start)
        forget_kept(file, settling ? file->kept_count : done);
}

/* Where the bytes are written as they are: the packets kept stand at the end of the output. Those up to the first gap are done
 * with; so are the first `settle` ones. */
static void settle_copied(struct hik_media_file *file, unsigned settle)
{
    unsigned done = 0;

    for (; done < file->kept_count && (done < settle || file->kept[done].seq == file->first_missing); done++) {
        file->before.len[0] = MIN(file->before.len[0] + file->kept[done].len, file->output[0].len);
        file->first_missing = file->kept[done].seq + 1;
    }
    forget_kept(file, done);
}

/* A late packet between those kept, in front of number `at`: what is behind it moves. */
static void insert_copied(struct hik_media_file *file, unsigned at, const uint8_t *data, size_t len)
{
    struct hik_media_output *out = the_output(file);
    size_t behind = 0;

    for (unsigned i = at; i < file->kept_count; i++)
        behind += file->kept[i].len;
    if (len == 0 || behind > out->len || !make_room(out, len))
        return;
    memmove(out->data + out->len - behind + len, out->data + out->len - behind, behind);
    memcpy(out->data + out->len - behind, data, len);
    out->len += len;
    file->written += len;
    if (is_wav(out->format))
        fill_wav_sizes(out);
}

/* The beginning is over: from now on gaps count. */
static void leave_start(struct hik_media_file *file)
{
    file->at_start = false;
    file->first_missing = file->kept[0].seq;
    write_again(file, 0);
}

static void keep(struct hik_media_file *file, unsigned at, uint32_t seq, const uint8_t *data, size_t len, size_t missing)
{
    struct hik_media_kept *kept;

    if (file->kept_count == file->kept_room) {
        file->kept_room = file->kept_room ? 2 * file->kept_room : 16;
        file->kept = g_renew(struct hik_media_kept, file->kept, file->kept_room);
    }
    kept = &file->kept[at];
    memmove(kept + 1, kept, (file->kept_count - at) * sizeof *kept);
    file->kept_count++;
    kept->seq = seq;
    kept->len = (uint32_t)len;
    kept->missing = (uint32_t)MIN(missing, G_MAXUINT32);
    kept->data = (uint8_t *)g_malloc(MAX(len, 1));
    if (len > 0)
        memcpy(kept->data, data, len);
}

static unsigned window(const struct hik_media_file *file)
{
    return file->at_start ? HIK_MEDIA_START : is_copied(file) ? HIK_MEDIA_WINDOW : HIK_MEDIA_WINDOW_PARSED;
}

void hik_media_file_feed(struct hik_media_file *file, uint32_t seq, const uint8_t *data, size_t len, size_t missing)
{
    unsigned at;
    bool gap;

    len = MIN(len, G_MAXUINT32);
    if (!file->started) {
        file->started = file->at_start = true;
        file->next = seq;
    }
    if (file->kept_count >= window(file) && file->at_start)
        leave_start(file);
    if (file->kept_count >= window(file)) {
        if (is_copied(file))
            settle_copied(file, window(file) / 2);
        else
            write_again(file, window(file) / 2);
    }
    at = file->kept_count;
    if ((int32_t)(seq - file->next) < 0) { /* late */
        while (at > 0 && (int32_t)(file->kept[at - 1].seq - seq) > 0)
            at--;
        if (file->kept_count == 0 || (at > 0 && file->kept[at - 1].seq == seq) ||
            (!file->at_start && (int32_t)(seq - file->first_missing) < 0)) {
            file->dropped++;
            return;
        }
        file->packets++;
        file->missing += missing;
        if (is_copied(file) && !file->at_start) {
            insert_copied(file, at, data, len);
            keep(file, at, seq, data, len, missing);
            settle_copied(file, 0);
            return;
        }
        keep(file, at, seq, data, len, missing);
        write_again(file, 0);
        return;
    }
    gap = seq != file->next;
    if (gap && file->kept_count == 0) {
        remember(file);
        file->first_missing = file->next;
    }
    file->packets++;
    file->missing += missing;
    if (gap || file->kept_count > 0 || file->at_start)
        keep(file, at, seq, data, len, missing);
    render(file, gap, data, len, missing);
    file->next = seq + 1;
    if (file->at_start && file->sure && file->kept_count >= HIK_MEDIA_START)
        leave_start(file);
}

/* ---- kind ------------------------------------------------------------------------------------------------------- */

bool hik_media_file_set_kind(struct hik_media_file *file, enum hik_media_kind kind, bool sure)
{
    enum method old = kinds[file->kind].method, new = kinds[kind].method;

    if (kind == file->kind) {
        file->sure = file->sure || sure;
        return true;
    }
    if (file->started && (old != new) && !file->at_start)
        return false;
    file->sure = sure;
    if (old == new) {
        file->kind = kind;
        if (old != METHOD_PS) {
            the_output(file);
            set_format(file, 0, kinds[kind].format);
        }
        return true;
    }
    remove_tentative(file);
    file->kind = kind;
    file->unplaced = 0;
    memset(&file->now, 0, sizeof file->now);
    memset(&file->before, 0, sizeof file->before);
    for (unsigned i = 0; i < file->outputs; i++) {
        file->output[i].len = file->output[i].sure = 0;
        file->output[i].format = HIK_FORMAT_BIN;
        file->output[i].stream_id = 0;
    }
    if (new == METHOD_PS) {
        hik_ps_init(&file->now.ps, process_event, file);
        file->outputs = 0;
    } else {
        the_output(file);
        set_format(file, 0, kinds[kind].format);
    }
    file->before.ps = file->now.ps;
    if (file->kept_count > 0)
        write_again(file, 0);
    return true;
}

struct hik_media_file *hik_media_file_new(void)
{
    return g_new0(struct hik_media_file, 1);
}

void hik_media_file_free(struct hik_media_file *file)
{
    if (!file)
        return;
    forget_kept(file, file->kept_count);
    g_free(file->kept);
    g_free(file);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

void hik_media_name_add(GString *name, const char *text)
{
    for (unsigned i = 0; i < 64 && text[i]; i++) {
        char c = text[i];
        bool dot_first = c == '.' && name->len == 0;

        g_string_append_c(name, (g_ascii_isalnum(c) || c == '-' || c == '.') && !dot_first ? c : '_');
    }
}
