/* SPDX-License-Identifier: BSD-3-Clause
 * encoder_digest.c - SHA-256 of an encoder: text, weights, and what computes. */
#include "arch/encoder_digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "epochal/version.h"

/* With its NUL, so that "a" "bc" is not "ab" "c". */
static void add_text(epo__sha256 *sha, const char *text)
{
    epo__sha256_add(sha, text, strlen(text) + 1);
}

static void add_number(epo__sha256 *sha, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    add_text(sha, text);
}

static void add_layers(epo__sha256 *sha, const epo__network_section *section)
{
    for (size_t i = 0; i < section->line_count; i++) {
        const epo__network_line *line = &section->lines[i];
        add_text(sha, line->word);
        add_number(sha, (int64_t)line->arg_count);
        for (size_t k = 0; k < line->arg_count; k++) {
            add_text(sha, line->args[k].key);
            add_text(sha, line->args[k].value);
        }
    }
}

static epo_status add_param(void *context, const epo__param *param)
{
    epo__sha256 *sha = context;
    add_text(sha, param->name);
    add_number(sha, (int64_t)param->count);
    epo__sha256_add(sha, param->value, param->count * sizeof *param->value);
    return EPO_OK;
}

epo_status epo__model_encoder_digest(const epo_model *model, char out[EPO__SHA256_TEXT])
{
    const epo__network *n = epo__model_network(model);
    unsigned char digest[EPO__SHA256_SIZE];
    epo__nn_info nn;
    epo__sha256 sha;
    epo__nn_get_info(&nn);
    epo__sha256_init(&sha);
    add_text(&sha, EPO_VERSION_STRING);
    add_text(&sha, nn.onednn_version);
    add_text(&sha, nn.onednn_isa);
    add_text(&sha, epo_precision_name(epo__model_precision(model)));
    const int takes[] = {n->planes, n->height, n->width, n->late_fusion, n->join_horizontal};
    for (size_t i = 0; i < sizeof takes / sizeof *takes; i++) add_number(&sha, takes[i]);
    add_layers(&sha, &n->encoder);
    epo_status status = epo__net_visit(epo__model_encoder(model), "encoder", add_param, &sha);
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, out);
    return status;
}
