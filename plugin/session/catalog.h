/* catalog.h
 * What catalogs teach (GB/T 28181-2016 9.5 and A.2.6: Catalog answers and notifications): which cameras there are,
 * what they are called, where they hang in the tree. Known from the frame that said it on, so one pass and two agree.
 *
 * catalog.c is the only writer; it is fed by packet-manscdp.c on the first pass. All memory is wmem_file_scope().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_CATALOG_H
#define HIK_CATALOG_H

#include "ws-compat.h"

/* One listed device, area, group or platform. Strings are UTF-8; NULL where the catalog did not say. Everything but the
 * id is what was said last; hik_catalog_name() knows what was said when. */
struct hik_catalog_item {
    const char *id;           /* DeviceID as written, never NULL or empty */
    const char *name;
    const char *parent;       /* ParentID as written: one ID, or several joined by '/' */
    const char *civil_code;
    const char *status;       /* ON, OFF ...; after a notification its Event (OFF, VLOST, DEL ...) */
    const char *owner;        /* DeviceID of the catalog message that listed it first */
    uint16_t type;            /* digits 11-13 of a 20-digit id, 0 otherwise */
    uint32_t first_frame;     /* frame that listed it first */
    uint32_t last_frame;      /* frame that listed it last */
    unsigned index;           /* 0.. in the order of first listing */

    /* catalog.c's own */
    const char *first_name;
    uint32_t first_name_frame;      /* 0: no name yet */
    wmem_tree_t *later_names;       /* frame -> name, NULL until the name changed */
    struct hik_catalog_item *next;  /* by index */
    const struct hik_catalog_answer *answers[2]; /* that listed it last; two, because two platforms may ask at a time */
};

/* One line of a catalog message, as learned. Any pointer but id may be NULL; strings are copied. */
struct hik_catalog_line {
    const char *id, *name, *parent, *civil_code, *status, *owner;
    bool there; /* it says that the device is there (ADD, UPDATE), not in which state */
};

/* First pass only. Takes one line in and gives its device; NULL if id is empty or NULL. */
struct hik_catalog_item *hik_catalog_learn(packet_info *pinfo, const struct hik_catalog_line *line);

/* UTF-8 name of a device as known at that frame (learned at it or before), NULL if unknown. File scope. */
const char *hik_catalog_name(const char *device_id, uint32_t frame);
/* A catalog listed this device at or before that frame. */
bool hik_catalog_knows(const char *device_id, uint32_t frame);
/* A catalog line came from that address at or before that frame: only then does "not in the catalog" mean something. */
bool hik_catalog_seen(const address *platform, uint32_t frame);

/* Iteration in the order of first listing: NULL gives the first, the last gives NULL. */
const struct hik_catalog_item *hik_catalog_next(const struct hik_catalog_item *item);
unsigned hik_catalog_count(void);
const struct hik_catalog_item *hik_catalog_item(const char *device_id);

/* The answer to one Catalog query: its lines come in many messages with the same SN. */
struct hik_catalog_answer {
    const char *device_id;    /* whose catalog */
    address source;           /* who sent it */
    const char *sn;           /* as written, UTF-8 */
    uint32_t sum_num;         /* lines announced (SumNum), the newest if it changes */
    uint32_t received;        /* lines that came */
    uint32_t repeated;        /* of these, lines of devices that the answer had listed before */
    uint32_t messages;
    uint32_t request_frame;   /* 0 if the query was not seen */
    uint32_t first_frame, last_frame;
    struct hik_catalog_answer *next;
};

/* First pass only. Starts the record of an answer. device_id and sn are copied; NULL is taken as "". */
struct hik_catalog_answer *hik_catalog_answer_new(packet_info *pinfo, const char *device_id, const char *sn,
                                                  uint32_t request_frame);
/* First pass only. One more message of it arrived; received is the number of lines so far. */
void hik_catalog_answer_add(packet_info *pinfo, struct hik_catalog_answer *answer, uint32_t sum_num, uint32_t received);
/* An answer of that address had come whole at or before that frame: then a camera that no line lists is not there. */
bool hik_catalog_was_whole(const address *platform, uint32_t frame);
/* First pass only. These devices were in that message. */
void hik_catalog_answer_lists(packet_info *pinfo, struct hik_catalog_answer *answer, struct hik_catalog_item *const *items,
                              unsigned count);
/* Iteration in the order of the first message: NULL gives the first, the last gives NULL. */
const struct hik_catalog_answer *hik_catalog_answer_next(const struct hik_catalog_answer *answer);

/* The tap of catalog messages: what one of them gives to the listeners. Packet scope. */
#define HIK_CATALOG_TAP "hikcascade_catalog"
struct hik_catalog_tapped {
    const char *const *ids; /* DeviceIDs */
    unsigned count;
};
/* A message with catalog lines was dissected, on any pass. ids: packet scope. */
void hik_catalog_tap_queue(packet_info *pinfo, const char *const *ids, unsigned count);
/* Is anybody listening? */
bool hik_catalog_tap_wanted(void);

#endif
