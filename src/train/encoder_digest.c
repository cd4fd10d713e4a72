/* SPDX-License-Identifier: BSD-3-Clause
 * encoder_digest.c - SHA-256 of an encoder: text, weights, and what computes. */
#include "train/encoder_digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "computing.h" /* made by the Makefile: EPO_COMPUTING */
#include "train/system.h"

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

epo_status epo__encoder_digest(const epo_model *model, char out[EPO__SHA256_TEXT])
{
    const epo__network *n = epo__model_network(model);
    unsigned char digest[EPO__SHA256_SIZE];
    char processor[128], pad[32];
    epo__nn_info nn;
    epo__sha256 sha;
    epo__nn_get_info(&nn);
    epo__processor_name(processor, sizeof processor);
    snprintf(pad, sizeof pad, "%a", (double)n->pad_value);
    const char *const texts[] = {EPO_COMPUTING, nn.onednn_version, nn.onednn_isa, processor, epo_precision_name(epo__model_precision(model)),
                                 n->normalise ? n->normalise : "none", pad};
    const int numbers[] = {n->planes, n->height, n->width, n->late_fusion, n->join_horizontal, n->pad_corner, n->stride};
    epo__sha256_init(&sha);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) add_text(&sha, texts[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) add_number(&sha, numbers[i]);
    add_layers(&sha, &n->encoder);
    epo_status status = epo__net_visit(epo__model_encoder(model), "encoder", add_param, &sha);
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, out);
    return status;
}
