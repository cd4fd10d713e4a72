/* SPDX-License-Identifier: BSD-3-Clause
 * scores.h - reading the scores that a run left: which run, what it tells apart, and what it says about an object. */
#ifndef EPO_STORE_SCORES_H
#define EPO_STORE_SCORES_H

#include "base/pool.h"
#include "epochal/store.h"

/* Which run is wanted: one by its id, else the last finished one of a model that scored an object of the part. */
typedef struct epo__scored_wanted {
    const char *sha256; /* of the model's weights file; NULL: by run */
    int64_t run;
    const char *split, *part; /* NULL: any object; part NULL: the whole split */
} epo__scored_wanted;

typedef struct epo__scored_run {
    int64_t id;  /* 0: there is none with such scores */
    bool stamps; /* P(real) of stamps, else class probabilities of objects */
} epo__scored_run;

/* EPO_ENOTFOUND: no run of this id. EPO_EARG: it did not finish. */
epo_status epo__store_scored_run(epo_store *store, const epo__scored_wanted *wanted, epo__scored_run *out);

/* The classes that a run gave probabilities of, in the order of its model's outputs where the model says it. At most
 * `room` names, which go to `pool`: EPO_ELIMIT for more. */
epo_status epo__store_scored_classes(epo_store *store, int64_t run, epo__pool *pool, const char **names, size_t room,
                                     size_t *count);

/* The probabilities of an object in the order of `names`; *found is false when the run has none of it. EPO_EFORMAT when
 * it has others than these. */
epo_status epo__store_class_scores_of(epo_store *store, int64_t run, int64_t object, const char *const *names,
                                      size_t count, double *probabilities, bool *found);

typedef struct epo__stamp_score {
    int64_t stamp;
    double score;
} epo__stamp_score;

/* The scores of an object's stamps, in the order of their ids: *count of them in *scores, which is grown as needed (*room of
 * them; released by free). */
epo_status epo__store_stamp_scores_of(epo_store *store, int64_t run, int64_t object, epo__stamp_score **scores,
                                      size_t *room, size_t *count);

/* Everything that finished runs say about one object, whatever the model: class probabilities by run and class, then the
 * scores of its stamps by stamp and run. Texts live during the call; a status other than EPO_OK ends it. */
typedef struct epo__score_row {
    int64_t run;
    const char *model, *sha256;  /* NULL unknown */
    int64_t stamp;               /* 0: of the object */
    const char *class_name;      /* of which this is the probability */
    double value;
} epo__score_row;
typedef epo_status (*epo__score_fn)(void *context, const epo__score_row *row);
epo_status epo__store_scores_of(epo_store *store, int64_t object, epo__score_fn visit, void *context);

/* The same by the times of the stamps, unknown times first. */
epo_status epo__store_stamp_scores_by_time(epo_store *store, int64_t run, int64_t object, epo__stamp_score **scores,
                                           size_t *room, size_t *count);

/* Whether a run took the encoder's own head (its options say so). */
epo_status epo__store_run_triplet_head(epo_store *store, int64_t run, bool *triplet_head);

#endif
