/* SPDX-License-Identifier: BSD-3-Clause
 * hierarchy.h - real or bogus first, type next: scores of two models, both in the store, as those of one that also
 * knows the class bogus.
 *
 *     P(bogus)  = 1 - P(real)
 *     P(type k) = P(real) P_type(k)
 *
 * P(real) of an object is the largest, mean or last over its stamps; of a model that classifies objects it is the
 * probability of its class "real". */
#ifndef EPOCHAL_HIERARCHY_H
#define EPOCHAL_HIERARCHY_H

#include <stdbool.h>

#include "epochal/evaluate.h"
#include "epochal/score.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EPO_REAL_OF_MAP(X) X(MAX, "max") X(MEAN, "mean") X(LAST, "last")
typedef enum epo_real_of {
#define EPO_REAL_OF_ENUM(name, text) EPO_REAL_OF_##name,
    EPO_REAL_OF_MAP(EPO_REAL_OF_ENUM)
#undef EPO_REAL_OF_ENUM
        EPO_REAL_OFS
} epo_real_of;

const char *epo_real_of_name(epo_real_of of); /* "max"; NULL outside the list */
bool epo_real_of_of(const char *name, epo_real_of *out);

typedef struct epo_hierarchy_options {
    epo_evaluate_source type, real_bogus; /* sha256, name and remedy are looked at */
    epo_real_of real_of;                  /* the latest stamp is LAST; unknown times count as the earliest */
    double threshold;                     /* an object whose P(real) is below is called bogus, whatever its type */
    const char *split;                    /* "NAME:PART" or "NAME"; NULL: all objects */
    const char *command_line;             /* kept with the run; NULL: "" */
} epo_hierarchy_options;
#define EPO_HIERARCHY_OPTIONS_INIT \
    {                              \
        .threshold = 0.5           \
    }

/* Combines the scores of each model's last finished run, object by object, writes them to the store and tells them to
 * `result` (may be NULL): classes are bogus and then the type model's, in its order, and score is P(real). The run
 * belongs to a model of its own, named "TYPE after REAL_BOGUS", whose SHA-256 (sha256[65], may be NULL) is that of
 * both, threshold and real_of: so it is evaluated by it, or by its run, and the type model's scores stay what they are.
 *
 * An object below the threshold needs no type: without one P(real) is shared evenly. An object without P(real), or
 * above it without type, gets an error. The threshold decides what an object is called, and does not change
 * probabilities.
 *
 * EPO_ENOTFOUND: a model without scores, naming the remedy; no such split. EPO_EARG: threshold not 0..1; a source
 * without sha256; a type model that scores stamps, or has a class bogus or real; a real/bogus model without a class
 * "real". */
epo_status epo_classify_hierarchy(epo_store *store, const epo_hierarchy_options *options, epo_score_fn result,
                                  void *context, char *sha256, epo_score_summary *out);

/* Whether a finished run has scores of source->sha256 for objects of source->split. */
epo_status epo_scores_exist(epo_store *store, const epo_evaluate_source *source, bool *exist);

#ifdef __cplusplus
}
#endif
#endif
