/* SPDX-License-Identifier: BSD-3-Clause
 * scored.h - the inside of epo_scored: labelled scores in memory, for what judges, compares and bins them. */
#ifndef EPO_TRAIN_SCORED_H
#define EPO_TRAIN_SCORED_H

#include "epochal/evaluate.h"
#include "metrics/judge.h"

enum { EPO__SCORED_CLASSES_MAX = 256 };

/* Where an item comes from. */
typedef struct epo__scored_item {
    int64_t object, stamp; /* stamp 0: the object as a whole */
    int truth;
    uint32_t group; /* its object, numbered as they came */
} epo__scored_item;

/* NaN where there is none. */
typedef struct epo__scored_magnitude {
    double mag, mag_err;
} epo__scored_magnitude;

struct epo_scored {
    epo_scored_info info; /* points into names */
    char *names[EPO__SCORED_CLASSES_MAX];
    char *store; /* its path, for messages */
    epo__scored_item *items;
    size_t item_room;
    double *scores; /* a row an item: class_count of them, or of stamps one */
    size_t score_room;
    int64_t *runs; /* a source */
    size_t run_count, run_room;
    epo__scored_magnitude *magnitudes; /* an item; NULL until they are asked for */
};

/* Values of a row of scores. */
size_t epo__scored_width(const epo_scored *scored);

/* Truths and groups as plain arrays, which judging wants; the caller frees them by epo__scored_labels_free. */
typedef struct epo__scored_labels {
    int *truth;
    uint32_t *groups;
} epo__scored_labels;

epo_status epo__scored_labels_make(const epo_scored *scored, epo__scored_labels *out);
void epo__scored_labels_free(epo__scored_labels *labels);
epo__labelled epo__scored_labelled(const epo_scored *scored, const epo__scored_labels *labels);

/* An empty sample with the classes of another. */
epo_status epo__scored_create_like(const epo_scored *other, epo_scored **out);

/* Room for one more item, whose row of scores is *row. */
epo_status epo__scored_add(epo_scored *scored, epo__scored_item item, double **row);

/* EPO_EARG with the reason, or what judging takes; thresholds points into options, or at options->threshold. */
epo_status epo__scored_judging(const epo_scored *scored, const epo_evaluate_options *options, epo__judging *out);

#endif
