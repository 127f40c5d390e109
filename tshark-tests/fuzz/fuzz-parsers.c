/* fuzz-parsers.c
 * libFuzzer over the pure parsers: the first byte of an input says which, the rest is for it. The memory that a parser
 * gets ends where its input ends. What it promises beside (bounds of its answers, bounds of its work) is checked, too.
 *
 * HIK_FUZZ_PARSER=NAME in the environment: this one alone, whatever the first byte says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fuzz-parsers.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* The order is that of the corpus: make-corpus writes these numbers. */
static const struct {
    const char *name;
    void (*fuzz)(struct input in);
} parsers[] = {
    {"sip-message", fuzz_sip_message},
    {"sip-stream", fuzz_sip_stream},
    {"sdp", fuzz_sdp},
    {"gb-id", fuzz_gb_id},
    {"error-info", fuzz_error_info},
    {"xml-scan", fuzz_xml_scan},
    {"charset", fuzz_charset},
    {"manscdp", fuzz_manscdp},
    {"ptz", fuzz_ptz},
    {"verdict", fuzz_verdict},
    {"rtp-sequence", fuzz_rtp_sequence},
    {"rtp-framing", fuzz_rtp_framing},
    {"mpeg-ps", fuzz_mpeg_ps},
    {"ps-track", fuzz_ps_track},
    {"mpeg-ps-headers", fuzz_ps_headers},
    {"codecs", fuzz_codecs},
    {"payload-format", fuzz_payload_format},
    {"h26x-rtp", fuzz_h26x_rtp},
    {"media-file", fuzz_media_file},
};
enum { PARSERS = sizeof parsers / sizeof *parsers };

static uint64_t runs[PARSERS];
static int only = -1;

uint8_t *next_bytes(struct input *in, size_t want, size_t *len)
{
    *len = want < in->len ? want : in->len;
    uint8_t *block = (uint8_t *)malloc(*len + (*len == 0));
    memcpy(block, in->data, *len);
    in->data += *len;
    in->len -= *len;
    return block;
}

bool next_packet(struct input *in, struct rtp_packet *packet)
{
    if (in->len < 3)
        return false;
    uint8_t how = next_byte(in), step = next_byte(in);
    uint16_t len = next_byte(in);

    packet->marker = how & 1;
    packet->duplicate = how & 2;
    packet->restart = (how & 0x0C) == 0x0C;
    if (how & 0x10)
        len = (uint16_t)(len << 3);
    packet->missing = how & 0x20 ? next_byte(in) : 0;
    if (how & 0x40)
        packet->timestamp += 3600;
    /* Mostly the next one; sometimes gaps, steps back, far jumps. */
    packet->seq += step < 200 ? 1 : step < 230 ? step - 198u : step < 254 ? step - 254u : next_word(in);
    packet->data = next_bytes(in, len, &packet->len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    unsigned which = only >= 0 ? (unsigned)only : data[0] % PARSERS;
    struct input in = {data + 1, size - 1};

    runs[which]++;
    parsers[which].fuzz(in);
    return 0;
}

/* The first byte changes seldom: inputs for one parser are no good for another. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < 2 || seed % 1024 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    return 1 + LLVMFuzzerMutate(data + 1, size - 1, max_size - 1);
}

static void say_runs(void)
{
    for (unsigned i = 0; i < PARSERS; i++)
        if (runs[i] > 0)
            fprintf(stderr, "%-16s %12llu runs\n", parsers[i].name, (unsigned long long)runs[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("HIK_FUZZ_PARSER");

    (void)argc;
    (void)argv;
    for (unsigned i = 0; name && i < PARSERS; i++)
        if (strcmp(parsers[i].name, name) == 0)
            only = (int)i;
    if (name && only < 0) {
        fprintf(stderr, "No parser %s\n", name);
        exit(1);
    }
    atexit(say_runs);
    return 0;
}
