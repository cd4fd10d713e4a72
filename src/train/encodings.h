/* SPDX-License-Identifier: BSD-3-Clause
 * encodings.h - what a run does with encodings, the features that the encoder gives for a sequence: take those that an earlier
 * run left in the store, and leave its own.
 *
 * They are taken only where encoder and what computes are the same (train/encoder_digest.h) and so are the normalised images, bit by
 * bit: a run gives the same scores with and without them. What is damaged is not there. */
#ifndef EPO_TRAIN_ENCODINGS_H
#define EPO_TRAIN_ENCODINGS_H

#include "formats/digest.h"
#include "store/encodings.h"
#include "train/engine.h"
#include "epochal/score.h"

/* All zeros: nothing is taken and nothing kept. */
typedef struct epo__encodings {
    char encoder[EPO__SHA256_TEXT];
    bool reads, writes;
} epo__encodings;

/* The features of one sequence under one turn. All zeros is an empty one, reused from object to object. */
typedef struct epo__sequence_features {
    epo__encoding encoding;
    bool found; /* in the store, and, once they were made, of these images */
} epo__sequence_features;

/* EPO_EARG where options->encodings asks for what does not go with the others. */
epo_status epo__encodings_check(const epo_score_options *options);

/* What options->encodings asks for; throws away what is kept if it asks for that, in a transaction of its own. */
epo_status epo__encodings_begin(const epo_model *model, epo_store *store, const epo_score_options *options, epo__encodings *out);

/* In this order, for each turn of an object: read what is kept; make the features of its triplets, unless what was read is
 * theirs (on any thread); keep them, inside a transaction, unless they were read or are too large. */
epo_status epo__encodings_read(const epo__encodings *encodings, epo_store *store, int64_t object, int turn, epo__sequence_features *out);
epo_status epo__encodings_make(const epo__encodings *encodings, epo__engine *engine, size_t triplets, const float *planes,
                               size_t plane_floats, epo__sequence_features *features);
epo_status epo__encodings_keep(const epo__encodings *encodings, epo_store *store, int64_t object, int turn,
                               const epo__sequence_features *features);

#endif
