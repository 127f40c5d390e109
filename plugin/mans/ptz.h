/* ptz.h
 * PTZCmd: the eight bytes of GB/T 28181-2016 A.3 (the same in 2011 annex L and in 2022), sent as 16 hex digits.
 *
 * Pure: no Wireshark header, GLib at most, no allocation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_PTZ_H
#define HIK_PTZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hik_ptz_kind {
    HIK_PTZ_MOVE,      /* pan, tilt, zoom; all still = stop */
    HIK_PTZ_LENS,      /* focus, iris; all still = stop */
    HIK_PTZ_PRESET,
    HIK_PTZ_CRUISE,
    HIK_PTZ_SCAN,
    HIK_PTZ_AUXILIARY,
    HIK_PTZ_UNKNOWN
};

enum hik_ptz_pan { HIK_PTZ_PAN_NONE, HIK_PTZ_PAN_RIGHT, HIK_PTZ_PAN_LEFT };
enum hik_ptz_tilt { HIK_PTZ_TILT_NONE, HIK_PTZ_TILT_DOWN, HIK_PTZ_TILT_UP };
enum hik_ptz_zoom { HIK_PTZ_ZOOM_NONE, HIK_PTZ_ZOOM_IN, HIK_PTZ_ZOOM_OUT };
enum hik_ptz_focus { HIK_PTZ_FOCUS_NONE, HIK_PTZ_FOCUS_FAR, HIK_PTZ_FOCUS_NEAR };
enum hik_ptz_iris { HIK_PTZ_IRIS_NONE, HIK_PTZ_IRIS_OPEN, HIK_PTZ_IRIS_CLOSE };

struct hik_ptz {
    uint8_t bytes[8];
    uint8_t pos[8];        /* where in the text the two digits of each byte begin */
    bool start_ok;         /* byte 1 is A5 */
    bool combination_ok;   /* low half of byte 2 is the sum of the halves before it */
    bool checksum_ok;      /* byte 8 is the sum of bytes 1-7 */
    uint8_t checksum;      /* what it should be */
    uint8_t version;       /* high half of byte 2 */
    uint16_t address;      /* byte 3 and the low half of byte 7: 12 bits */
    uint8_t code;          /* byte 4 */

    enum hik_ptz_kind kind;
    bool contradiction;    /* left and right, in and out ... both set */
    enum hik_ptz_pan pan;  /* MOVE; both directions set: NONE */
    enum hik_ptz_tilt tilt;
    enum hik_ptz_zoom zoom;
    uint8_t pan_speed, tilt_speed; /* MOVE: 0-255 */
    uint8_t zoom_speed;            /* MOVE: 0-15 */
    enum hik_ptz_focus focus;      /* LENS */
    enum hik_ptz_iris iris;
    uint8_t focus_speed, iris_speed; /* LENS: 0-255 */
    uint8_t preset;        /* PRESET; CRUISE when points are added or deleted */
    uint8_t group;         /* CRUISE, SCAN */
    uint16_t value;        /* CRUISE: speed or seconds to stay, SCAN: speed: 12 bits */
    uint8_t scan;          /* SCAN 0x89: 0 start, 1 left border, 2 right border */
    uint8_t auxiliary;     /* AUXILIARY: number of the switch, 1 = wiper */
};

/* Reads a PTZCmd value. Blanks around and between the bytes are allowed, digits may be of either case. False, and
 * *out zeroed, unless there are exactly 16 hex digits. */
bool hik_ptz_parse(const uint8_t *text, size_t len, struct hik_ptz *out);

/* "left 31", "right 80 up 80 zoom in 3", "stop", "call preset 4" ... in room bytes, always NUL-terminated; never
 * longer than 80 bytes. */
void hik_ptz_describe(const struct hik_ptz *ptz, char *out, size_t room);

/* Name of byte 4's instruction ("Call preset"), NULL if it is none of the standard's. */
const char *hik_ptz_code_name(uint8_t code);

#endif
