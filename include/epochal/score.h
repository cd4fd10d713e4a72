/* SPDX-License-Identifier: BSD-3-Clause
 * score.h - from pixels to probabilities: single stamps (files or store) and sequences (store).
 *
 * Results come in input order whatever the number of threads, and do not depend on it. A bad input gives a result with
 * its error, and the rest goes on.
 */
#ifndef EPOCHAL_SCORE_H
#define EPOCHAL_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/model.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is done with encodings: the features that the encoder gives for a sequence of a store. They are taken from there only where
 * encoder, precision, program, processor and normalised images are the same, so that no score depends on it. */
typedef enum epo_encodings_policy {
    EPO_ENCODINGS_USE,  /* take those that are kept, and keep no others */
    EPO_ENCODINGS_KEEP, /* the same, and keep those that are made: triplets x features x 4 bytes an object and turn; over 60 MiB
                           of them are not kept */
    EPO_ENCODINGS_DROP, /* throw away all that are kept, of every model and object, and keep none */
} epo_encodings_policy;

typedef struct epo_score_options {
    int threads;              /* 0: all */
    int batch;                /* stamps run together; 0: 32 */
    const char *format;       /* NULL: by the file's name and first bytes; else "ztf", "stamps", "cube" */
    const char *array;        /* npz: which array; NULL: the only one of 3 or 4 dimensions */
    const char *extname;      /* FITS: which extension; NULL: the first image */
    bool trust_input;
    bool triplet_head;        /* sequences: the encoder's own head on the middle nights, in place of the sequence head */
    bool turns;               /* sequences: the mean over the 8 flips and quarter turns of the stamps, for 8 times the work */
    const char *split;        /* store: "name:part"; NULL: everything */
    const char *command_line; /* kept with the run in the store; NULL: "" */
    int mc_passes;            /* passes with dropout left on, 1 to 10000; 0: one without, as trained. EPO_EARG when the network
                                 has no dropout */
    uint64_t seed;            /* of what they drop */
    epo_encodings_policy encodings; /* sequences; other than EPO_ENCODINGS_USE is EPO_EARG with triplet_head or mc_passes */
} epo_score_options;
#define EPO_SCORE_OPTIONS_INIT {.seed = 1}

/* What several passes with dropout say together (Monte Carlo dropout: Gal & Ghahramani 2016; Killestein et al. 2021). With
 * p_i the probabilities of pass i and H their entropy in bits, divided by log2 of the number of classes (of two classes: plain
 * bits):
 *     mean        of the passes' probabilities of the class: that of "real"; else the most probable one by the mean
 *     sd          their standard deviation, divided by the number of passes
 *     over_half   share of passes that give it more than 0.5
 *     confidence  1 - mean H(p_i)
 *     bald        H(mean p) - mean H(p_i): how much the passes disagree, beyond what each is unsure of itself (Houlsby et al. 2011)
 * What a pass drops depends on the seed and on the input's pixels as they came, and on nothing else that is scored. */
typedef struct epo_uncertainty {
    size_t passes, class_index;
    const double *scores; /* the class's probability in each pass: the sampled posterior */
    double mean, sd, over_half, confidence, bald;
} epo_uncertainty;

/* One scored stamp, or one scored object. The strings are valid during the call only. */
typedef struct epo_score {
    const char *id;           /* stamps: candid, or file and row; objects: the object's name */
    const char *object;       /* "" when unknown */
    const char *class_given;  /* objects: the class in the store, "" when unknown */
    double mjd;               /* NaN when unknown */
    int nights, triplets;     /* objects: how much went in */
    double score;             /* stamps: probability of the class "real"; NaN when the model has none */
    const double *probabilities; /* class_count of them, in the order of the model's classes; with mc_passes the mean */
    const epo_uncertainty *uncertainty; /* with mc_passes, else NULL */
    size_t class_count;
    const char *error;        /* NULL, or why there is no score */
} epo_score;

/* Called once a result, one call at a time, but not always by the thread that started the scoring. Where a store is written,
 * after the commit that holds the score (about every second): what was told survives a killed process and a power cut. A
 * status other than EPO_OK stops the run, and is what the call then returns; what is in the store stays. NULL: the scores
 * only go to the store. */
typedef epo_status (*epo_score_fn)(void *context, const epo_score *score);

typedef struct epo_score_summary {
    uint64_t scored, refused;
    uint64_t reused;          /* objects whose encodings were in the store */
    double seconds;           /* wall clock, from the first file opened to the last score */
    int64_t run;              /* id in the store; 0 when no store was written */
} epo_score_summary;

/* A model made ready to score stamps from files, once for many calls: its plans (and what readers learn, such as the
 * schema of an alert stream) stay. The model must outlive it; one call at a time. options may be NULL and is copied, its
 * strings are not. EPO_EMODEL when the model has no stamp head. */
typedef struct epo_scorer epo_scorer;
epo_status epo_scorer_create(const epo_model *model, const epo_score_options *options, epo_scorer **out);
void epo_scorer_free(epo_scorer *scorer); /* NULL is fine */

/* Scores alert files, FITS stamps and npy/npz cubes with the model's stamp head, without a store. "-" reads alerts from
 * standard input. */
epo_status epo_scorer_files(epo_scorer *scorer, const char *const *paths, size_t count, epo_score_fn result, void *context,
                            epo_score_summary *out);

/* The three in one, for a single call. */
epo_status epo_score_files(const epo_model *model, const char *const *paths, size_t count, const epo_score_options *options,
                           epo_score_fn result, void *context, epo_score_summary *out);

/* Scores every stamp of a store (the planes of one candidate or one epoch together), and writes the scores to it. The
 * model must come from a file (epo_model_load): a run names its model by the file's SHA-256, EPO_EARG. */
epo_status epo_score_store(const epo_model *model, epo_store *store, const epo_score_options *options, epo_score_fn result,
                           void *context, epo_score_summary *out);

/* Classifies every object's sequence with the model's sequence head, and writes the scores to the store: one epoch a night
 * (the first good one), every three consecutive nights a triplet. An object with fewer than three nights is named. */
epo_status epo_classify_store(const epo_model *model, epo_store *store, const epo_score_options *options,
                              epo_score_fn result, void *context, epo_score_summary *out);

#ifdef __cplusplus
}
#endif
#endif
