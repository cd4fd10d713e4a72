/* SPDX-License-Identifier: BSD-3-Clause
 * network.h - a network text, read.
 *
 *     # comment
 *     network  taonet
 *     about    TAO-Net (Gomez et al. 2020): DenseNet-BC on three nights, GRU over the sequence
 *     input    planes=3 size=64          or  height=51 width=153
 *     fusion   early                     early: planes are channels; late: each plane alone, features joined
 *     join     none                      none, or horizontal: planes side by side as one (DIA)
 *     normalise asinh scope=sequence
 *     pad      corner value=1e-9         stamps that are too small: corner (bottom and right) or centre; too large: cropped
 *     encoder
 *         conv 64 kernel=3 pad=same bias=0
 *         dense layers=11 growth=32
 *         ...
 *     triplet  classes=BZ,AGN,CV,SN,OTHER,NON
 *         linear classes
 *         softmax
 *     sequence nights=3 dates=off classes=BZ,AGN,CV,SN,OTHER,NON
 *         gru 128 layers=2 output=sum
 *         linear classes
 *         softmax
 *     stamp    planes=science,template,difference classes=bogus,real
 *         linear 1
 *         sigmoid
 *
 * A head's classes are those of the task: the ones in the file are only what is taken when nobody says otherwise. `linear
 * classes` has as many outputs as the head has classes. A head that ends in one sigmoid has two classes, and its output
 * is the probability of the second.
 */
#ifndef EPO_ARCH_NETWORK_H
#define EPO_ARCH_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/model.h"
#include "nn/net.h"

enum { EPO__MAX_PLANES = 16, EPO__MAX_CLASSES = 256, EPO__MAX_LAYERS = 512 };

typedef struct epo__network_line {
    int number;               /* line of the text, from 1 */
    const char *word;         /* "conv" */
    epo__layer_arg *args;
    size_t arg_count;
} epo__network_line;

typedef struct epo__network_section {
    bool present;
    epo__network_line *lines;
    size_t line_count;
    char **classes;           /* heads only */
    size_t class_count;
} epo__network_section;

typedef struct epo__network {
    char *source;             /* name of the file, for messages */
    char *text;               /* the whole text as read */
    char *name, *about, *normalise;
    int planes, height, width;
    bool late_fusion, join_horizontal;
    bool pad_corner;          /* false: centre */
    float pad_value;
    bool dates;
    char *roles[EPO__MAX_PLANES]; /* stamp head: the role of each plane, "science"; NULL without a stamp head */
    epo__network_section encoder, heads[EPO_HEAD_COUNT];
    char *storage;            /* what the words and arguments point into */
} epo__network;

/* Reads a text. EPO_EMODEL with "SOURCE:LINE: reason". The caller frees *out with epo__network_free. */
epo_status epo__network_parse(const char *source, const char *text, epo__network **out);
epo_status epo__network_read(const char *path, epo__network **out);
void epo__network_free(epo__network *network);

/* Replaces the classes of the triplet and sequence heads ("A,B,C"); of the stamp head when it is the only one. */
epo_status epo__network_set_classes(epo__network *network, const char *classes);

/* Builds the chain of a section; `in` is its input. A wrong line is refused with file, line and reason. */
epo_status epo__network_build(const epo__network *network, const epo__network_section *section, epo__shape in, epo__net **out);

/* Floats appended to each feature vector by `dates=on`: one a night of the triplet. */
int epo__network_date_count(const epo__network *network);

#endif
