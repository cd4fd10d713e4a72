/* SPDX-License-Identifier: BSD-3-Clause
 * layer.h - what a layer is.
 *
 * A layer is one .c file that ends in a const epo__layer_type; layer_types.c lists them. A type knows the word that
 * names it in a network text, the options it takes there, the shape it gives, its named parameters, its cost, and how
 * it is put into a plan (plan.h). Nothing else in the library knows which layers there are: the parser, the weights
 * file, initialisation, the summary and (in training) the optimiser go through the table and the visitor only.
 *
 * Shapes are those of one sample; the batch is added by the plan. A vector of F features is F x 1 x 1.
 */
#ifndef EPO_NN_LAYER_H
#define EPO_NN_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

typedef struct epo__shape {
    int channels, height, width;
} epo__shape;

typedef enum epo__option_kind { EPO_OPTION_INT, EPO_OPTION_REAL, EPO_OPTION_WORD } epo__option_kind;

typedef struct epo__layer_option {
    const char *name;       /* "kernel"; the first option of a table may be given without its name */
    epo__option_kind kind;
    double low, high;       /* allowed range of INT and REAL, both ends included */
    const char *words;      /* WORD: "same|valid"; the value is the index */
    const char *standard;   /* the default, as text; NULL when it must be given */
    const char *help;
} epo__layer_option;

typedef struct epo__layer_type epo__layer_type;

typedef struct epo__layer {
    const epo__layer_type *type;
    char name[48];       /* unique within its network: "conv1" */
    epo__shape in, out;
    void *state;         /* the type's own; type->state_size bytes, zeroed before configure */
} epo__layer;

/* A named tensor of a layer. dims as in PyTorch: conv OIHW, linear out x in. Values are plain, row-major float32. */
typedef struct epo__param {
    const char *name;    /* full: "encoder.dense1.layer3.conv1.weight" */
    int ndim;
    int64_t dims[4];
    size_t count;        /* product of dims */
    float *value;
    bool trainable;      /* false for running means and variances */
    int fan_in;          /* for He-uniform initialisation; 0: see `start` */
    float start;         /* initial value where fan_in is 0 */
} epo__param;

/* Called once a parameter, in a fixed order; a status other than EPO_OK stops the visit and is returned. */
typedef epo_status (*epo__param_fn)(void *context, const epo__param *param);

struct epo__plan_builder;

struct epo__layer_type {
    const char *word;    /* "conv" */
    const char *help;    /* one line */
    const epo__layer_option *options;
    size_t option_count;
    size_t state_size;

    /* Sets layer->out and makes the parameters from layer->in and the option values (in the order of the table, words
     * as index). EPO_EARG with the reason when the layer cannot take this input. */
    epo_status (*configure)(epo__layer *layer, const double *values);
    void (*release)(epo__layer *layer);                       /* frees what configure made; NULL: nothing to free */
    epo_status (*visit)(epo__layer *layer, const char *prefix, epo__param_fn visit, void *context); /* NULL: none */
    uint64_t (*macs)(const epo__layer *layer);                /* multiply-adds a sample; NULL: none worth counting */
    epo_status (*plan)(const epo__layer *layer, struct epo__plan_builder *builder);
};

/* All layer types, ending with NULL. */
extern const epo__layer_type *const epo__layer_types[];

#endif
