/* SPDX-License-Identifier: BSD-3-Clause
 * model_parts.h - the inside of an epo_model, for model.c and model_file.c. */
#ifndef EPO_ARCH_MODEL_PARTS_H
#define EPO_ARCH_MODEL_PARTS_H

#include "arch/model.h"
#include "formats/safetensors.h"

typedef struct epo__part_size {
    uint64_t parameters, trainable, macs;
} epo__part_size;

struct epo_model {
    epo__network *network;
    epo__net *encoder, *heads[EPO_HEAD_COUNT];
    epo__part_size encoder_size, head_sizes[EPO_HEAD_COUNT];
    char *plane_names;
    char sha256[65];       /* of the file it came from; "" */
    epo__text_pair *extra; /* metadata of that file that is not ours, kept for the next one; texts owned */
    size_t extra_count;
    epo_sky sky;           /* what the record among them says */
    double temperatures[EPO_HEAD_COUNT]; /* what the metadata say; 0: nothing */
};

/* Builds the encoder and the heads that are present, weights zero. Takes the network, also when it fails. No section may have
 * more than `max_parameters` values. */
epo_status epo__model_build(epo__network *network, uint64_t max_parameters, epo_model **out);

/* Replaces classes, normalisation and stride where the options say so. EPO_EARG. */
epo_status epo__network_apply_options(epo__network *network, const epo_model_options *options);

/* The path of the weights file meant by `name`, as epo_model_load takes it. The caller frees *path. EPO_ENOTFOUND. */
epo_status epo__model_find(const char *name, char **path);

#endif
