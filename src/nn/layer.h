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

/* In what convolutions compute; sums are float32, or 32 bits of whole numbers. */
typedef enum epo__precision { EPO__IN_FLOAT32, EPO__IN_BF16, EPO__IN_INT8 } epo__precision;

typedef struct epo__shape {
    int channels, height, width;
} epo__shape;

typedef enum epo__option_kind { EPO_OPTION_INT, EPO_OPTION_REAL, EPO_OPTION_WORD } epo__option_kind;

typedef struct epo__layer_option {
    const char *name; /* "kernel"; the first option of a table may be given without its name */
    epo__option_kind kind;
    double low, high;     /* allowed range of INT and REAL, both ends included */
    const char *words;    /* WORD: "same|valid"; the value is the index */
    const char *standard; /* the default, as text; NULL when it must be given */
    const char *help;
} epo__layer_option;

/* A named tensor of a layer. dims as in PyTorch: conv OIHW, linear out x in. Values are plain, row-major float32. */
typedef struct epo__param {
    const char *name; /* a visitor sees it in full: "encoder.dense1.layer3.conv1.weight"; a layer keeps the last part */
    int ndim;
    int64_t dims[4];
    size_t count; /* product of dims */
    float *value;
    float *grad;    /* d(loss)/d(value), in the layout of value; NULL while none is wanted (epo__net_want_gradients) */
    bool trainable; /* false for running means and variances */
    int fan_in;     /* for He-uniform initialisation; 0: see `start` */
    float start;    /* initial value where fan_in is 0 */
} epo__param;

/* Called once a parameter, in a fixed order; a status other than EPO_OK stops the visit and is returned. */
typedef epo_status (*epo__param_fn)(void *context, const epo__param *param);

typedef struct epo__layer_type epo__layer_type;

typedef struct epo__layer {
    const epo__layer_type *type;
    char name[48]; /* unique within its network: "conv1" */
    epo__shape in, out;
    epo__param *params; /* in the order that configure declared them */
    size_t param_count, param_capacity;
    void *state; /* the type's own; type->state_size bytes, zeroed before configure, released with free() */
} epo__layer;

/* Limits on what a network text may ask for: elements in all parameters, and in one sample's tensor between layers. */
#define EPO__MAX_PARAMETERS ((size_t)1 << 28)
#define EPO__MAX_ACTIVATIONS ((size_t)1 << 28)

struct epo__plan_builder;
struct epo__train_setup;
struct epo__train_op;

struct epo__layer_type {
    const char *word; /* "conv" */
    const char *help; /* one line */
    const epo__layer_option *options;
    size_t option_count; /* at most EPO__MAX_OPTIONS */
    size_t state_size;
    bool over_time; /* takes a packed sequence of vectors; only as the first layer of a chain */

    /* Sets layer->out and declares the parameters (epo__layer_param) from layer->in and the option values (in the order
     * of the table, words as index). EPO_EARG with the reason when the layer cannot take this input. Values of
     * parameters are not there yet. */
    epo_status (*configure)(epo__layer *layer, const double *values);
    uint64_t (*macs)(const epo__layer *layer); /* multiply-adds a sample; NULL: none worth counting */
    epo_status (*plan)(const epo__layer *layer, struct epo__plan_builder *builder);
    /* Fills *op (zeroed before), which then lives until its release; on failure nothing is left to release. */
    epo_status (*train)(const epo__layer *layer, const struct epo__train_setup *setup, struct epo__train_op *op);
};

enum { EPO__MAX_OPTIONS = 8 };

/* All layer types, ending with NULL. */
extern const epo__layer_type *const epo__layer_types[];

/* For configure: declares the next parameter. EPO_ELIMIT when the layer's parameters outgrow EPO__MAX_PARAMETERS. */
epo_status epo__layer_param(epo__layer *layer, const char *name, bool trainable, int fan_in, float start, int ndim,
                            const int64_t *dims);

/* The four of a batch norm under `prefix` ("" or "layer1.bn1."): weight, bias, running_mean, running_var. */
epo_status epo__layer_batchnorm_params(epo__layer *layer, const char *prefix, int channels);

/* The stream of a layer's random numbers, from its full name "PREFIX.name"; prefix "" for none. EPO_ENOMEM. */
epo_status epo__layer_stream(const char *prefix, const char *name, uint64_t *stream);

/* Elements of a shape; callers know that it passed the limit. */
static inline size_t epo__shape_size(epo__shape shape)
{
    return (size_t)shape.channels * (size_t)shape.height * (size_t)shape.width;
}

static inline bool epo__shape_is_vector(epo__shape shape)
{
    return shape.height == 1 && shape.width == 1;
}

/* EPO_EARG when a side is below 1, EPO_ELIMIT when the product is over EPO__MAX_ACTIVATIONS. */
epo_status epo__shape_check(epo__shape shape);

#endif
