/* SPDX-License-Identifier: BSD-3-Clause
 * context.h - forests over what is known of an object beside its pixels: scores that models left in the store, features
 * of its light curve, columns of a CSV, and the nearest sources of a catalogue.
 *
 * A forest of this kind (epo_forest) keeps how its columns are made, so that objects can be classified by it. Context,
 * which is what comes from the CSV and the catalogue, may be missing when objects are classified: training takes each
 * row twice, once whole and once with context blanked at random, so that splits learn where to send what is missing. */
#ifndef EPOCHAL_CONTEXT_H
#define EPOCHAL_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/evaluate.h"
#include "epochal/features.h"
#include "epochal/forest.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Files with context.
 *
 * csv: a header row; the column id (or object, name), optionally survey, and columns of numbers: distances, magnitudes,
 * anything. An empty cell, or nan, is missing. A row without a survey is about the object of its name in any.
 *
 * catalogue: ra, dec (degrees), kind (star, galaxy, agn, ...), optionally mag. Gives, of each kind, the distance to the
 * nearest source in arcsec and its magnitude. Where there is none within `radius` the distance is the radius, since it
 * is at least that, and the magnitude is missing: so the catalogue has to cover the sky of the objects. Of an object
 * without a position both are missing. */
typedef struct epo_context_files {
    const char *csv, *catalogue; /* NULL: none */
} epo_context_files;

typedef struct epo_context_options {
    const epo_evaluate_source *scores; /* of these models: sha256, name, remedy are looked at */
    size_t score_count;
    bool light_curves;               /* and the features of light curves: */
    const epo_forest_curves *curves; /* which; NULL: mantra, the store's only method, any filter */
    epo_context_files files;
    double radius;     /* arcsec, of the catalogue: above 0, to 3600 */
    const char *split; /* "NAME:PART" or "NAME"; NULL: all objects */
    double
        censor; /* probability, 0 <= P <= 1, with which a group (the CSV; the catalogue) of a row's copy is blanked; 0:
                   no copies. A row's generator is named by the seed and its id, so that other rows do not matter */
    void (*note)(void *context,
                 const char *text); /* what is worth knowing, as columns that are passed over; NULL: none */
    void *context;
} epo_context_options;
#define EPO_CONTEXT_OPTIONS_INIT    \
    {                               \
        .radius = 60, .censor = 0.3 \
    }

/* Trains on the objects in question whose class is known; the caller frees *out. What is kept of `forest`: everything
 * but its curves (NULL: the standard options). A model gives as many columns as it has classes; of a model that scores
 * stamps mean, largest, and last P(real) over the object's stamps. There is no out-of-bag accuracy with copies, since a
 * row out of a tree's bag may have its copy in it.
 *
 * EPO_ENOTFOUND: a model without stored scores of these objects, and the message names the command that makes them; no
 * such split, method, file or column. EPO_EFORMAT naming file and line. EPO_EARG: nothing to make columns of, options
 * out of range. EPO_ELIMIT, EPO_ENOMEM, EPO_ECANCELLED. */
epo_status epo_context_train(epo_store *store, const epo_context_options *options, const epo_forest_options *forest,
                             epo_forest **out);

/* The rows of objects as a forest of this kind takes them, with the classes as labels. Released by
 * epo_forest_table_free. *without (may be NULL): rows of which the files say nothing. EPO_EARG: the forest is not of
 * this kind. */
epo_status epo_context_read(const epo_forest *forest, epo_store *store, const epo_context_files *files,
                            const char *split, int threads, epo_forest_table *out, size_t *without);

/* Classifies objects as epo_forest_classify_store does, which calls this without files for a forest of this kind. files
 * NULL, or without the one that the forest was trained with: that context is missing. An object of which there is
 * neither score nor light curve nor context gets an error. */
epo_status epo_context_classify(const epo_forest *forest, epo_store *store, const epo_context_files *files,
                                const epo_score_options *options, epo_score_fn result, void *context,
                                epo_score_summary *out);

/* How the columns of a forest are made. */
typedef struct epo_context_info {
    size_t models; /* whose scores it takes */
    bool light_curves;
    size_t csv_columns; /* 0: it takes no CSV */
    size_t kinds;       /* 0: it takes no catalogue */
    double radius, censor;
} epo_context_info;

/* False, with nothing written, when the forest is of another kind. */
bool epo_context_get_info(const epo_forest *forest, epo_context_info *out);

/* The model at `index`, below info.models; the texts belong to the forest. stamps: it scores stamps (epochal score). */
void epo_context_model(const epo_forest *forest, size_t index, const char **name, const char **sha256, bool *stamps);

#ifdef __cplusplus
}
#endif
#endif
