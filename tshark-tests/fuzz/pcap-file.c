/* pcap-file.c
 * A small capture in memory, from and to pcap.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pcap-file.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 24, PACKET_HEADER = 16 };

static const uint8_t file_header[FILE_HEADER] = {0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0};

static uint32_t word(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

static void put_word(uint8_t *data, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        data[i] = (uint8_t)(value >> 8 * i);
}

bool pcap_read(const uint8_t *data, size_t size, struct pcap_file *file)
{
    file->count = 0;
    file->bytes = size;
    if (size < FILE_HEADER || memcmp(data, file_header, 8) != 0 || word(data + 20) != 1)
        return false;
    for (size_t at = FILE_HEADER; size - at >= PACKET_HEADER && file->count < PCAP_PACKETS;) {
        struct pcap_packet *packet = &file->packets[file->count];

        packet->time = word(data + at) * UINT64_C(1000000) + word(data + at + 4) % 1000000;
        packet->captured = word(data + at + 8);
        packet->length = word(data + at + 12);
        if (packet->captured > PCAP_FRAME || packet->captured > size - at - PACKET_HEADER)
            break;
        if (packet->length < packet->captured || packet->length > 0x40000)
            packet->length = packet->captured;
        packet->bytes = (uint8_t *)malloc(packet->captured + (packet->captured == 0));
        memcpy(packet->bytes, data + at + PACKET_HEADER, packet->captured);
        at += PACKET_HEADER + packet->captured;
        file->count++;
    }
    return file->count > 0;
}

size_t pcap_write(const struct pcap_file *file, uint8_t *data, size_t room)
{
    size_t at = FILE_HEADER;

    if (room < FILE_HEADER)
        return 0;
    memcpy(data, file_header, FILE_HEADER);
    for (uint32_t i = 0; i < file->count; i++) {
        const struct pcap_packet *packet = &file->packets[i];

        if (room - at < PACKET_HEADER + packet->captured)
            break;
        put_word(data + at, (uint32_t)(packet->time / 1000000));
        put_word(data + at + 4, (uint32_t)(packet->time % 1000000));
        put_word(data + at + 8, packet->captured);
        put_word(data + at + 12, packet->length);
        memcpy(data + at + PACKET_HEADER, packet->bytes, packet->captured);
        at += PACKET_HEADER + packet->captured;
    }
    return at;
}

void pcap_free(struct pcap_file *file)
{
    for (uint32_t i = 0; i < file->count; i++)
        free(file->packets[i].bytes);
    file->count = 0;
}
