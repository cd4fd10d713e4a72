/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_input.h - the planes of one exposure, as a network wants them: chosen by role, cut, turned, normalised, padded.
 */
#ifndef EPO_DATA_STAMP_INPUT_H
#define EPO_DATA_STAMP_INPUT_H

#include <stdint.h>

#include "base/pixel.h"
#include "image/geometry.h"
#include "image/normalise.h"
#include "store/stamps.h"

enum { EPO__STAMP_PLANES = 16 }; /* at most, that go in together */

/* One plane as it came, from a batch or from the store. */
typedef struct epo__plane_view {
    epo__role role;
    epo__pixel_type type;
    int height, width;
    const void *pixels;
} epo__plane_view;

/* How a network takes its planes; a plain value, read by all threads. */
typedef struct epo__stamp_rule {
    char name[64]; /* of the network, for messages */
    int planes, height, width;
    epo__role roles[EPO__STAMP_PLANES]; /* OTHER: whatever stands in this place */
    int difference;                     /* which plane is the difference, -1 none */
    epo__normaliser normaliser;
    epo__fit pad; /* stamps that are too small; those too large are cut about their centre */
    float pad_value;
} epo__stamp_rule;

/* Room of one thread; all zeros is empty. */
typedef struct epo__stamp_room {
    float *raw, *cut;
    size_t raw_room, cut_room;
    epo__image_work work;
} epo__stamp_room;

void epo__stamp_room_free(epo__stamp_room *room);

/* Which of the `count` planes enters as plane p: the one of its role; a single one enters a rule of one plane, and
 * planes without known roles are taken in their order. NULL when there is none. */
const epo__plane_view *epo__stamp_choose(const epo__stamp_rule *rule, int p, const epo__plane_view *planes,
                                         size_t count);

/* A number made of the pixels that enter, as they came: the same stamp has the same from whatever file. */
uint64_t epo__stamp_key(const epo__stamp_rule *rule, const epo__plane_view *planes, size_t count);

/* Fills out (planes x height x width). `turn` is an element of epo__image_dihedral, and 0 unless rule and planes are
 * square. EPO_EFORMAT with the reason when planes are missing, differ in size or have no finite pixel. */
epo_status epo__stamp_input(const epo__stamp_rule *rule, const epo__plane_view *planes, size_t count, int turn,
                            epo__stamp_room *room, float *out);

#endif
