/* SPDX-License-Identifier: BSD-3-Clause
 * card.h - what a weights file says of its model's origin, as JSON in two metadata keys.
 *
 * EPO__TRAINING_KEY is written by training (train/training_card.c) and never changed. It holds neither dates nor durations
 * nor paths: the same data, options, seed, processor and number of threads give the same text.
 *
 *     format      1
 *     simulated   true: simulated sky was in the data, or in those of the weights it started from; null: those are not known
 *     command     how to do it again, DB, OUT and (by its SHA-256) FROM standing for files
 *     options     {net, task, stage, ...}, a value each; seed is a text, since it may have 64 bits
 *     data        {split, sha256, objects, stamps, simulated, surveys: [{survey, objects, stamps, simulated}],
 *                  classes: [{class, output, train, validation, test, other}], left_out}
 *     from        null, or {network, sha256, simulated, training: the record of those weights or null}
 *     stages      [{stage, epochs, best_epoch, validation_loss, validation_accuracy}]
 *     steps, examples
 *     machine     {epochal, onednn, isa, openblas, processor, threads}
 *
 * EPO__CARD_KEY is written by epo_card_write: {metrics: [{...}], notes: {key: text}}. */
#ifndef EPO_ARCH_CARD_H
#define EPO_ARCH_CARD_H

#include <jansson.h>

#include "arch/model.h"
#include "epochal/card.h"

#define EPO__TRAINING_KEY "epochal.training"
#define EPO__CARD_KEY "epochal.card"

enum {
    EPO__RECORD_MAX = 1 << 20,        /* bytes of JSON that are read as a record */
    EPO__RECORD_NESTED_MAX = 64 << 10 /* of the record of the weights it started from; a longer one is left out */
};

/* The JSON object in a metadata key; NULL when there is no such key. EPO_EMODEL. The caller releases it with json_decref. */
epo_status epo__card_json(const epo_model *model, const char *path, const char *key, json_t **out);

#endif
