/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_input.h - the planes of one exposure, as a network's stamp head wants them: chosen by role, cut, normalised,
 * padded. */
#ifndef EPO_TRAIN_STAMP_INPUT_H
#define EPO_TRAIN_STAMP_INPUT_H

#include "arch/model.h"
#include "base/pixel.h"
#include "image/normalise.h"
#include "store/stamps.h"

/* One plane as it came, from a batch or from the store. */
typedef struct epo__plane_view {
    epo__role role;
    epo__pixel_type type;
    int height, width;
    const void *pixels;
} epo__plane_view;

/* How a model takes its stamps; made once, read by all threads. */
typedef struct epo__stamp_rule {
    const epo__network *network;
    epo__normaliser normaliser;
    epo__role roles[EPO__MAX_PLANES]; /* OTHER: whatever stands in this place */
    int difference;                   /* which plane is the difference, -1 none */
} epo__stamp_rule;

epo_status epo__stamp_rule_create(const epo_model *model, epo__stamp_rule *out);

/* Room of one thread; all zeros is empty. */
typedef struct epo__stamp_room {
    float *raw, *cut;
    size_t raw_room, cut_room;
    epo__image_work work;
} epo__stamp_room;

void epo__stamp_room_free(epo__stamp_room *room);

/* Fills out (planes x height x width). EPO_EFORMAT with the reason when planes are missing, differ in size or have no
 * finite pixel. */
epo_status epo__stamp_input(const epo__stamp_rule *rule, const epo__plane_view *planes, size_t count, epo__stamp_room *room, float *out);

#endif
