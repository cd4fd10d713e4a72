/* SPDX-License-Identifier: BSD-3-Clause
 * network.h - a network text, read.
 *
 *     # comment: from a '#' at the start of a line, or after a blank, to the end of the line
 *     network  taonet
 *     about    TAO-Net (Gomez et al. 2020): DenseNet-BC on three nights, GRU over the sequence
 *     input    planes=3 size=64          or  planes=3 height=51 width=63: of one plane, as cut from the sky
 *     fusion   early                     early: planes are channels; late: each plane alone, features joined
 *     join     none                      none, or horizontal: planes side by side as one, 1 x H x (planes W) (DIA)
 *     normalise asinh scope=sequence     as image/normalise.h reads it
 *     pad      corner value=1e-9         stamps that are too small: corner (bottom and right) or centre; too large: cropped
 *     encoder
 *         conv 64 kernel=3 pad=same bias=0
 *         dense layers=11 growth=32
 *         ...
 *     triplet  classes=BZ,AGN,CV,SN,OTHER,NON
 *         linear classes
 *         softmax
 *     sequence nights=3 stride=3 dates=off classes=BZ,AGN,CV,SN,OTHER,NON
 *         gru 128 layers=2 output=sum
 *         linear classes
 *         softmax
 *     stamp    planes=science,template,difference classes=bogus,real
 *         linear 1
 *         sigmoid
 *
 * One statement a line, words parted by blanks, options as key=value; indentation means nothing. The statements above
 * `encoder` come first, each at most once; network and input must be there, the others have the defaults fusion early,
 * join none, normalise none, pad centre value=0. Then come `encoder` and one or more heads, each followed by its
 * layers (nn/layer.h): the encoder gives a vector, a head ends in softmax or sigmoid, the sequence head begins with gru.
 *
 * A triplet of the sequence head begins `stride` nights after the one before it, 1 to nights; without stride= they follow
 * each other. A model may have another stride than its text (epo_model_options).
 *
 * A head's classes are those of the task: the ones in the file are only what is taken when nobody says otherwise. `linear
 * classes` has as many outputs as the head has classes. A head that ends in one sigmoid has two classes, and its output
 * is the probability of the second. Classes are listed so that a label of the original system is an index.
 */
#ifndef EPO_ARCH_NETWORK_H
#define EPO_ARCH_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/model.h"
#include "nn/net.h"

enum {
    EPO__MAX_PLANES = 16,
    EPO__MAX_SIDE = 1024,
    EPO__MAX_CLASSES = 256,
    EPO__MAX_LAYERS = 512,          /* of a network, all sections together */
    EPO__MAX_ARGS = 16,             /* of a line */
    EPO__MAX_NETWORK_TEXT = 65536,  /* bytes */
    EPO__MAX_NETWORK_NAME = 63,     /* bytes of a network's, class's or role's name */
};

typedef struct epo__network_line {
    int number;               /* line of the text, from 1 */
    const char *word;         /* "conv" */
    epo__layer_arg *args;
    size_t arg_count;
} epo__network_line;

typedef struct epo__network_section {
    bool present;
    int number;               /* line of the text where it begins */
    epo__network_line *lines;
    size_t line_count;
    char **classes;           /* heads only */
    size_t class_count;
} epo__network_section;

typedef struct epo__network {
    char *source;             /* name of the file, for messages */
    char *text;               /* the whole text as read */
    char *name, *about, *normalise;
    int planes, height, width; /* height and width of one plane */
    bool late_fusion, join_horizontal;
    bool pad_corner;          /* false: centre */
    float pad_value;
    bool dates;
    int stride;               /* nights from the beginning of a triplet to that of the next, 1 to planes */
    char *roles[EPO__MAX_PLANES]; /* stamp head: the role of each plane, "science"; NULL without a stamp head */
    epo__network_section encoder, heads[EPO_HEAD_COUNT];
    char *storage;            /* what the words and arguments point into */
} epo__network;

/* Reads a text. EPO_EMODEL with "SOURCE:LINE: reason". The caller frees *out with epo__network_free. */
epo_status epo__network_parse(const char *source, const char *text, epo__network **out);

/* Reads a file, besides with EPO_ENOTFOUND and EPO_EIO. */
epo_status epo__network_read(const char *path, epo__network **out);
void epo__network_free(epo__network *network); /* NULL is fine */

/* The path of the network text meant by `name`: a name without slash and without the ending .net ("braai") stands for
 * the file of that name in the folder of epo_model_list(NULL, ...), anything else is a path. The caller frees *path. */
epo_status epo__network_find(const char *name, char **path);

/* Replaces the classes of the triplet and sequence heads ("A,B,C"); of the stamp head when it is the only one. EPO_EARG
 * with the reason, and nothing changed, for a list that is none. */
epo_status epo__network_set_classes(epo__network *network, const char *classes);

/* The same for one head, from `count` names. */
epo_status epo__network_set_head_classes(epo__network *network, epo_head head, const char *const *names, size_t count);

/* What the encoder takes: 1 x height x width when fused late, 1 x height x (planes width) when joined, else planes x
 * height x width. */
epo__shape epo__network_input(const epo__network *network);

/* Builds the chain of a section; `in` is its input. EPO_EMODEL with file, line and reason for a wrong line, and for one
 * that takes the section over `max_parameters` values (UINT64_MAX: no such limit): a weights file cannot make us build
 * more than it holds. The caller frees *out with epo__net_destroy. */
epo_status epo__network_build(const epo__network *network, const epo__network_section *section, epo__shape in,
                              uint64_t max_parameters, epo__net **out);

/* Floats appended to each feature vector that goes into the sequence head by `dates=on`: one a night of the triplet. */
int epo__network_date_count(const epo__network *network);

#endif
