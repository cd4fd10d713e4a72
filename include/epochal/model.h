/* SPDX-License-Identifier: BSD-3-Clause
 * model.h - networks and their weights.
 *
 * A network is a text file (models/NAME.net; the format stands in ARCHITECTURE.md). A model is a network with classes and
 * weights; one safetensors file holds all of it. The encoder turns three planes into a feature vector; up to three heads
 * turn features into class probabilities:
 *   triplet   one feature vector -> classes (the encoder's own head, used to train it)
 *   sequence  a sequence of feature vectors -> classes (GRU)
 *   stamp     one feature vector -> real or bogus
 */
#ifndef EPOCHAL_MODEL_H
#define EPOCHAL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epo_model epo_model;

typedef enum epo_head { EPO_HEAD_TRIPLET, EPO_HEAD_SEQUENCE, EPO_HEAD_STAMP } epo_head;
enum { EPO_HEAD_COUNT = 3 };

/* "triplet", "sequence", "stamp". */
const char *epo_head_name(epo_head head);

typedef struct epo_model_options {
    const char *net;             /* path of the network text, or the name of one ("braai": see epo_model_list); NULL: the
                                    text inside the weights file */
    const char *classes;         /* "BZ,AGN,CV,SN,OTHER,NON" for the triplet and sequence heads; NULL: the file's own */
    const char *normalise;       /* replaces the network's normalisation; NULL: the file's own */
    int stride;                  /* nights from the beginning of a triplet to that of the next; 0: the file's own */
    uint64_t seed;               /* of random weights */
} epo_model_options;
#define EPO_MODEL_OPTIONS_INIT {.seed = 1}

/* A model with random weights (He-uniform) from a network text: options->net is needed. EPO_EMODEL names file, line and
 * reason. The caller frees *out with epo_model_free. */
epo_status epo_model_create(const epo_model_options *options, epo_model **out);

/* A model from a weights file. A name without slash and without the ending .safetensors ("sequence") stands for NAME.safetensors
 * in the folder of epo_model_list, unless there is a file of just this name here. Every tensor that the network needs must be there with the right shape and only finite
 * values, and nothing else may be there; a head whose tensors are all missing is left out. A file that Epochal wrote
 * carries a SHA-256 of itself and is refused when a bit has changed. A file without Epochal's metadata (PyTorch's, say)
 * needs options->net. options may be NULL. */
epo_status epo_model_load(const char *path, const epo_model_options *options, epo_model **out);

/* Writes network, classes, normalisation and weights as one file, atomically. */
epo_status epo_model_save(const epo_model *model, const char *path);

void epo_model_free(epo_model *model); /* NULL is fine */

/* In what a model's dense blocks compute, and its convolutions of step 1 with 8 input channels or more; everything else is
 * float32 in any case. In bfloat16 (8 bits of digits) inputs and weights are rounded, and sums are float32; in whole numbers of
 * 8 bits weights have a step for each output, and inputs one for each pixel or image, taken from its own numbers, so that
 * nothing has to be calibrated and no image's result depends on another's (u8s8; Jacob et al. 2018, CVPR, 2704). In either, what
 * passes from layer to layer of a dense block is bfloat16. */
typedef enum epo_precision {
    EPO_PRECISION_F32,
    EPO_PRECISION_BF16,
    EPO_PRECISION_INT8,
    EPO_PRECISION_AUTO /* bfloat16 where that is faster, else float32 */
} epo_precision;

/* "f32", "bf16", "int8", "auto". */
const char *epo_precision_name(epo_precision precision);

/* Whether it is faster than float32 on this processor: both are with AMX, whole numbers with AVX512_VNNI too, unless
 * $ONEDNN_MAX_CPU_ISA forbids them. Elsewhere results are the same to rounding, and take longer. */
bool epo_precision_is_fast(epo_precision precision);

/* For scorers made from here on; training does not care. Returns what AUTO comes to. A new model has EPO_PRECISION_F32. */
epo_precision epo_model_set_precision(epo_model *model, epo_precision precision);

/* What a model was trained on, as its own record says; UNKNOWN without one, and where it started from weights without one. */
typedef enum epo_sky { EPO_SKY_UNKNOWN, EPO_SKY_OBSERVED, EPO_SKY_SIMULATED } epo_sky;

typedef struct epo_head_info {
    bool present;
    size_t class_count;
    const char *const *classes;  /* in output order; owned by the model */
    double temperature;          /* its probabilities are tempered by this (calibrate.h); 1: as trained */
    uint64_t parameters, macs;   /* macs: a feature vector (triplet, stamp) or a time step (sequence) */
} epo_head_info;

typedef struct epo_model_info {
    const char *name;            /* of the network: "taonet" */
    const char *about;           /* one line */
    const char *normalise;       /* "asinh scope=sequence" */
    const char *sha256;          /* of the weights file; "" for a model that was not loaded from one */
    epo_sky sky;
    epo_precision precision;     /* in which it scores from here on, not EPO_PRECISION_AUTO */
    int planes, height, width;   /* what the encoder takes (all planes, also when fused late) */
    const char *plane_names;     /* "science,template,difference" or "night,night,night" */
    const char *fusion;          /* "early" or "late" */
    bool joined;                 /* planes go in side by side, as one image */
    int stride;                  /* nights from the beginning of a triplet to that of the next */
    bool dates;                  /* relative dates are appended to the features */
    int features;
    uint64_t encoder_parameters, encoder_macs;   /* macs a triplet */
    uint64_t parameters, trainable_parameters;   /* encoder and present heads; trainable leaves out running statistics */
    epo_head_info heads[EPO_HEAD_COUNT];
} epo_model_info;

/* All strings belong to the model. */
void epo_model_get_info(const epo_model *model, epo_model_info *out);

/* The network texts in a folder, as paths sorted by name. *count strings in *paths; free with epo_model_list_free.
 * folder NULL: $EPOCHAL_MODELS, else ./models, else the folder of the installation. */
epo_status epo_model_list(const char *folder, char ***paths, size_t *count);
/* The same for the weights files (*.safetensors). */
epo_status epo_model_list_weights(const char *folder, char ***paths, size_t *count);
void epo_model_list_free(char **paths, size_t count);

#ifdef __cplusplus
}
#endif
#endif
