/* ptz.c
 * PTZCmd, GB/T 28181-2016 A.3: instruction format (A.3.1), pan/tilt/zoom (A.3.2), lens (A.3.3), presets (A.3.4),
 * cruise (A.3.5), scan (A.3.6), auxiliary switches (A.3.7).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ptz.h"

#include <stdio.h>
#include <string.h>

#include <glib.h>

const char *hik_ptz_code_name(uint8_t code)
{
    switch (code) {
    case 0x81: return "Set preset";
    case 0x82: return "Call preset";
    case 0x83: return "Delete preset";
    case 0x84: return "Add cruise point";
    case 0x85: return "Delete cruise point";
    case 0x86: return "Set cruise speed";
    case 0x87: return "Set cruise stay time";
    case 0x88: return "Start cruise";
    case 0x89: return "Scan";
    case 0x8A: return "Set scan speed";
    case 0x8C: return "Switch on";
    case 0x8D: return "Switch off";
    default: break;
    }
    if (code == 0x00)
        return "Stop pan, tilt and zoom";
    if (code < 0x40)
        return "Pan, tilt, zoom";
    if (code == 0x40)
        return "Stop focus and iris";
    if (code < 0x50)
        return "Focus, iris";
    return NULL;
}

/* One of two bits: 1 for the low one, 2 for the high one, 0 for neither or both. */
static unsigned one_of(struct hik_ptz *ptz, unsigned bits)
{
    bits &= 3;
    if (bits == 3) {
        ptz->contradiction = true;
        return 0;
    }
    return bits;
}

static void decode(struct hik_ptz *ptz)
{
    const uint8_t *b = ptz->bytes;
    uint8_t code = ptz->code;

    if (code < 0x40) {
        ptz->kind = HIK_PTZ_MOVE;
        ptz->pan = (enum hik_ptz_pan)one_of(ptz, code);
        ptz->tilt = (enum hik_ptz_tilt)one_of(ptz, code >> 2);
        ptz->zoom = (enum hik_ptz_zoom)one_of(ptz, code >> 4);
        ptz->pan_speed = b[4];
        ptz->tilt_speed = b[5];
        ptz->zoom_speed = b[6] >> 4;
    } else if (code < 0x50) {
        ptz->kind = HIK_PTZ_LENS;
        ptz->focus = (enum hik_ptz_focus)one_of(ptz, code);
        ptz->iris = (enum hik_ptz_iris)one_of(ptz, code >> 2);
        ptz->focus_speed = b[4];
        ptz->iris_speed = b[5];
    } else if (code >= 0x81 && code <= 0x83) {
        ptz->kind = HIK_PTZ_PRESET;
        ptz->preset = b[5];
    } else if (code >= 0x84 && code <= 0x88) {
        ptz->kind = HIK_PTZ_CRUISE;
        ptz->group = b[4];
        if (code == 0x86 || code == 0x87)
            ptz->value = (uint16_t)(b[5] | (b[6] >> 4) << 8);
        else if (code != 0x88)
            ptz->preset = b[5];
    } else if (code == 0x89 || code == 0x8A) {
        ptz->kind = HIK_PTZ_SCAN;
        ptz->group = b[4];
        if (code == 0x8A)
            ptz->value = (uint16_t)(b[5] | (b[6] >> 4) << 8);
        else
            ptz->scan = b[5];
    } else if (code == 0x8C || code == 0x8D) {
        ptz->kind = HIK_PTZ_AUXILIARY;
        ptz->auxiliary = b[4];
    } else {
        ptz->kind = HIK_PTZ_UNKNOWN;
    }
}

bool hik_ptz_parse(const uint8_t *text, size_t len, struct hik_ptz *out)
{
    size_t i;
    unsigned digits = 0, sum = 0;

    memset(out, 0, sizeof *out);
    if (len > 64)
        return false;
    for (i = 0; i < len; i++) {
        int value = g_ascii_xdigit_value((char)text[i]);

        if (g_ascii_isspace(text[i]) && digits % 2 == 0)
            continue;
        if (value < 0 || digits == 16) {
            memset(out, 0, sizeof *out);
            return false;
        }
        if (digits % 2 == 0)
            out->pos[digits / 2] = (uint8_t)i;
        out->bytes[digits / 2] = (uint8_t)(out->bytes[digits / 2] << 4 | value);
        digits++;
    }
    if (digits != 16) {
        memset(out, 0, sizeof *out);
        return false;
    }
    for (i = 0; i < 7; i++)
        sum += out->bytes[i];
    out->checksum = (uint8_t)sum;
    out->checksum_ok = out->checksum == out->bytes[7];
    out->start_ok = out->bytes[0] == 0xA5;
    out->version = out->bytes[1] >> 4;
    out->combination_ok = ((out->bytes[0] >> 4) + (out->bytes[0] & 15) + out->version) % 16 == (out->bytes[1] & 15);
    out->address = (uint16_t)(out->bytes[2] | (out->bytes[6] & 15) << 8);
    out->code = out->bytes[3];
    decode(out);
    return true;
}

void hik_ptz_describe(const struct hik_ptz *ptz, char *out, size_t room)
{
    char text[96] = "";
    size_t n = 0;

#define ADD(...) n += (size_t)snprintf(text + n, sizeof text - n, __VA_ARGS__)
    switch (ptz->kind) {
    case HIK_PTZ_MOVE:
        if (ptz->pan)
            ADD(" %s %u", ptz->pan == HIK_PTZ_PAN_LEFT ? "left" : "right", ptz->pan_speed);
        if (ptz->tilt)
            ADD(" %s %u", ptz->tilt == HIK_PTZ_TILT_UP ? "up" : "down", ptz->tilt_speed);
        if (ptz->zoom)
            ADD(" zoom %s %u", ptz->zoom == HIK_PTZ_ZOOM_IN ? "in" : "out", ptz->zoom_speed);
        if (n == 0)
            ADD(ptz->contradiction ? " contradictory" : " stop");
        break;
    case HIK_PTZ_LENS:
        if (ptz->focus)
            ADD(" focus %s %u", ptz->focus == HIK_PTZ_FOCUS_NEAR ? "near" : "far", ptz->focus_speed);
        if (ptz->iris)
            ADD(" iris %s %u", ptz->iris == HIK_PTZ_IRIS_OPEN ? "open" : "close", ptz->iris_speed);
        if (n == 0)
            ADD(ptz->contradiction ? " contradictory" : " stop focus and iris");
        break;
    case HIK_PTZ_PRESET:
        ADD(" %s preset %u", ptz->code == 0x81 ? "set" : ptz->code == 0x82 ? "call" : "delete", ptz->preset);
        break;
    case HIK_PTZ_CRUISE:
        if (ptz->code == 0x84)
            ADD(" cruise %u add preset %u", ptz->group, ptz->preset);
        else if (ptz->code == 0x85 && ptz->preset)
            ADD(" cruise %u delete preset %u", ptz->group, ptz->preset);
        else if (ptz->code == 0x85)
            ADD(" delete cruise %u", ptz->group);
        else if (ptz->code == 0x86)
            ADD(" cruise %u speed %u", ptz->group, ptz->value);
        else if (ptz->code == 0x87)
            ADD(" cruise %u stay %u s", ptz->group, ptz->value);
        else
            ADD(" start cruise %u", ptz->group);
        break;
    case HIK_PTZ_SCAN:
        if (ptz->code == 0x8A)
            ADD(" scan %u speed %u", ptz->group, ptz->value);
        else if (ptz->scan == 0)
            ADD(" start scan %u", ptz->group);
        else if (ptz->scan <= 2)
            ADD(" scan %u %s border", ptz->group, ptz->scan == 1 ? "left" : "right");
        else
            ADD(" scan %u unknown %u", ptz->group, ptz->scan);
        break;
    case HIK_PTZ_AUXILIARY:
        ADD(" switch %u %s", ptz->auxiliary, ptz->code == 0x8C ? "on" : "off");
        break;
    default:
        ADD(" unknown 0x%02x", ptz->code);
        break;
    }
#undef ADD
    g_strlcpy(out, text + 1, room);
}
