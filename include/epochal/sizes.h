/* SPDX-License-Identifier: BSD-3-Clause
 * sizes.h - how good a network gets with how much to learn from, and with how large stamps; and how much it over-fits.
 *
 * One training for each share of the training part, or side of the stamps, with the same options, seed, validation and
 * test. Its network then scores the parts train and validation, in ordinary runs, and the scores are judged: delta
 * accuracy, that of train less that of validation, is O'TRAIN's measure of over-fitting (Makhlouf et al. 2022). */
#ifndef EPOCHAL_SIZES_H
#define EPOCHAL_SIZES_H

#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"
#include "epochal/train.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPO_SIZES_MAX = 64 };

typedef struct epo_sizes_options {
    const double *fractions; /* of the training part, above 0, to 1; NULL: by sides */
    const int *sides;        /* pixels: the network's input gets this side, and stamps are cropped (or padded) to it */
    size_t count;            /* 1 .. EPO_SIZES_MAX, none twice */
} epo_sizes_options;

/* One training. Strings are valid during the call. NaN: not known, as where nothing was scored. */
typedef struct epo_sizes_row {
    double fraction; /* 1 by sides */
    int side;        /* of the stamps as they enter the network; 0 by fractions */
    int64_t objects; /* in the part train of its split, also those of classes that the task leaves out */
    double train_accuracy, validation_accuracy, delta_accuracy;
    double f1;               /* of validation. Sequences: mean of the classes' max F1; stamps: of real at 0.5 */
    double mcc;              /* of validation */
    double seconds;          /* of training */
    int64_t run;             /* the training's */
    const char *split, *out; /* the split that it was trained on, and its weights file */
} epo_sizes_row;

/* A status other than EPO_OK stops it. */
typedef epo_status (*epo_sizes_fn)(void *context, const epo_sizes_row *row);

/* Trains in ascending order. options: as for epo_train; of `out`, "curve.safetensors" say, "curve-0.25.safetensors" or
 * "curve-24.safetensors" are made; checkpoint has to be NULL. Shares of the training part are nested, stratified by
 * class, by groups of one parent, seeded by options->seed, and kept as the splits "SPLIT-0.25-seed1"; 1 is the split
 * itself. Sides need options->net, in which the statement `input` is changed.
 *
 * Besides, a run of the kind "sizes" keeps the numbers as curves over the objects, or the side: size/train_accuracy,
 * size/validation_accuracy, size/delta_accuracy, size/f1, size/mcc; *run (may be NULL) is its id.
 *
 * Status as epo_train; EPO_EARG also for shares or sides that are out of range or there twice, and without a validation
 * part. */
epo_status epo_train_sizes(epo_store *store, const epo_train_options *options, const epo_sizes_options *sizes,
                           epo_sizes_fn row, void *context, int64_t *run);

#ifdef __cplusplus
}
#endif
#endif
