/* pcap-file.h
 * A small capture in memory, read from and written to pcap (little-endian, microseconds, Ethernet), as test-captures/
 * has them. What the fuzzer keeps can be opened in Wireshark, and any capture can be an input.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_PCAP_FILE_H
#define HIK_PCAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PCAP_PACKETS = 256,     /* what stands behind them is left out */
    PCAP_FRAME = 4096       /* bytes of a frame; a file with longer ones is none */
};

struct pcap_packet {
    uint64_t time;          /* microseconds since 1970 */
    uint32_t captured, length; /* bytes here, bytes on the wire */
    uint8_t *bytes;         /* malloc'd, exactly as long as captured, so that reading on shows */
};

struct pcap_file {
    uint32_t count;
    size_t bytes;           /* of the file */
    struct pcap_packet packets[PCAP_PACKETS];
};

/* False, and nothing to free, if it is no such file. A packet that is cut off at the end is left out. */
bool pcap_read(const uint8_t *data, size_t size, struct pcap_file *file);
/* Writes as many packets as have room. Returns the bytes written. */
size_t pcap_write(const struct pcap_file *file, uint8_t *data, size_t room);
void pcap_free(struct pcap_file *file);

#endif
