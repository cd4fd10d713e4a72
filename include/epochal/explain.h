/* SPDX-License-Identifier: BSD-3-Clause
 * explain.h - where in its input, and when, a network saw what it decided by.
 *
 * Saliency (Simonyan et al. 2014; Acero-Cuellar et al. 2023): |ds/dx|, how much the score s of a class changes with
 * each pixel x that the network takes: of the planes as they are after cutting, normalising and padding, not through
 * the normalisation. s is the probability of the class (the predicted one unless another is asked for: then s = max_c
 * p_c, as in the code of DIA), or with `logit` what goes into softmax or sigmoid, S_c, as in its paper.
 *
 * Grad-CAM (Selvaraju et al. 2017): ReLU(sum_k w_k A_k) / max, where A_k are the maps of a layer and w_k is the mean
 * over pixels of ds/dA_k; resized to the planes.
 *
 * The network is the one that scores: dropout off, batch norm by its running statistics. docs/explain.md has the
 * details.
 */
#ifndef EPOCHAL_EXPLAIN_H
#define EPOCHAL_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/model.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epo_explain_method { EPO_EXPLAIN_SALIENCY, EPO_EXPLAIN_GRADCAM } epo_explain_method;

typedef struct epo_explain_options {
    epo_explain_method method;
    epo_head head;          /* of a store; files are stamps */
    const char *class_name; /* NULL: the predicted class of each input */
    bool logit;             /* S_c instead of p_c */
    const char *layer;      /* Grad-CAM: a layer of the encoder, "conv4"; NULL: the last convolution before pooling or
                               flattening, with the batch norm and ReLU that follow it */
    int64_t limit;          /* inputs at most; 0: all */
    int threads;            /* inside the network; 0: all */

    /* files, as for epo_score_options */
    const char *format, *array, *extname;
    bool trust_input;

    /* a store: these objects; with object_count 0 those of the split; NULL: all */
    const char *const *objects;
    size_t object_count;
    const char *split; /* "name:part" */
} epo_explain_options;
#define EPO_EXPLAIN_OPTIONS_INIT \
    {                            \
        .head = EPO_HEAD_STAMP   \
    }

/* One map: of a plane of a stamp, of a night, of a triplet, or of all planes together. */
typedef struct epo_explained_map {
    const char *name; /* "science"; of a night its date "2006-04-02", or its number; "triplet 1"; "" all planes */
    double mjd;       /* of the night, or the triplet's first; NaN without */
    size_t height, width;
    const float *map; /* height x width, row by row: >= 0; of Grad-CAM the largest of all maps of the input is 1 before
                         resizing */
    const float *const *planes; /* plane_count of the same size: the network's input that it is about */
    size_t plane_count;
    double share;   /* of the sum over all maps of the input: I_diff, I_srch, I_tmpl of DIA; NaN where that is 0 */
    bool over_even; /* dominant as the paper has it: share > 1 / maps. As the code has it: `largest` below */
} epo_explained_map;

typedef struct epo_explained_triplet {
    const char *first, *last;   /* nights, as a map of them is named */
    double mjd_first, mjd_last; /* NaN without */
    double share;               /* of the sum over all triplets */
    bool over_even;
} epo_explained_triplet;

/* One stamp or object, explained. Everything in it is valid during the call only. */
typedef struct epo_explanation {
    const char *id, *object, *class_given; /* as in epo_score */
    double mjd;
    epo_explain_method method;
    epo_head head;
    const char *class_name; /* explained */
    double score;           /* its probability */
    const epo_explained_map *maps;
    size_t map_count, largest; /* largest: of the maps by share */
    /* Sequences. A night in several triplets enters with all of them: its map is that of their summed derivatives. */
    const epo_explained_triplet *triplets;
    size_t triplet_count, largest_triplet;
    const char *error; /* NULL, or why there is nothing above but id and object */
} epo_explanation;

/* Called once an input, in their order, by the calling thread. A status other than EPO_OK stops, and is what the call
 * returns. */
typedef epo_status (*epo_explain_fn)(void *context, const epo_explanation *explanation);

typedef struct epo_explain_summary {
    uint64_t explained, refused;
    double seconds;
} epo_explain_summary;

/* Stamps from files (alerts, FITS, npy/npz) through the model's stamp head. A bad stamp is delivered with its error,
 * and the rest goes on. EPO_EMODEL: no stamp head. EPO_EARG: no such class or layer, naming those there are. options
 * may be NULL. */
epo_status epo_explain_files(const epo_model *model, const char *const *paths, size_t count,
                             const epo_explain_options *options, epo_explain_fn result, void *context,
                             epo_explain_summary *out);

/* Objects of a store: each of their stamps (head stamp), their sequences (head sequence), or their middle nights (head
 * triplet). Nothing is written to the store. Besides EPO_ENOTFOUND for a split that is not there; an object that is not
 * there is delivered with its error. */
epo_status epo_explain_store(const epo_model *model, epo_store *store, const epo_explain_options *options,
                             epo_explain_fn result, void *context, epo_explain_summary *out);

/* Writes into an existing folder, each file whole or not at all, an older one of the same name replaced:
 *     ID.METHOD.png          all maps below what they are about, the length of the bar below being the share
 *     ID.METHOD.MAP.png      one map beside what it is about
 *     ID.METHOD.MAP.fits     its numbers, float32
 * (one map of all planes: ID.METHOD.png and .fits). Letters that a file name should not have become '_', and a hash of
 * the whole id follows then. Row 0 is the first of the FITS image and at the top of the picture. EPO_EIO, EPO_ENOMEM.
 */
epo_status epo_explanation_write(const epo_explanation *explanation, const char *folder);

#ifdef __cplusplus
}
#endif
#endif
