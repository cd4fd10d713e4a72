/* SPDX-License-Identifier: BSD-3-Clause
 * target_model.c - a weights file as a model: the network text in it, classes, temperature, tensors, and the JSON of
 * its card. The digest is made right, or nothing damaged would ever come so far; the check of the digest is the target
 * safetensors'. */
#include <stdlib.h>
#include <string.h>

#include "epochal/card.h"
#include "epochal/model.h"
#include "fuzz/target.h"

static void touch_card(const epo_card *card)
{
    for (size_t s = 0; s < card->count; s++) {
        const epo_card_section *section = &card->sections[s];
        for (size_t c = 0; c < section->column_count; c++) fuzz_touch_text(section->columns[c]);
        for (size_t i = 0; i < section->row_count * section->column_count; i++) fuzz_touch_text(section->cells[i].text);
    }
}

static int run(const uint8_t *bytes, size_t size)
{
    epo_model *model = NULL;
    epo_model_info info;
    epo_card card = {0};
    uint8_t *copy = malloc(size + 1);
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    fuzz_seal(copy, size);
    const char *path = fuzz_file(copy, size);
    free(copy);
    if (epo_model_load(path, NULL, &model) != EPO_OK) return 0;
    epo_model_get_info(model, &info);
    fuzz_touch_text(info.name);
    fuzz_touch_text(info.about);
    fuzz_touch_text(info.normalise);
    fuzz_touch_text(info.plane_names);
    for (int h = 0; h < EPO_HEAD_COUNT; h++)
        for (size_t k = 0; k < info.heads[h].class_count; k++) fuzz_touch_text(info.heads[h].classes[k]);
    epo_model_free(model);
    if (epo_card_read(path, NULL, &card) == EPO_OK) touch_card(&card);
    epo_card_free(&card);
    return 1;
}

static const char *const words[] = {"epochal.net",
                                    "epochal.classes",
                                    "epochal.normalise",
                                    "epochal.stride",
                                    "epochal.training",
                                    "epochal.card",
                                    "epochal.kind",
                                    "epochal.temperature",
                                    "\\\"stamp\\\"",
                                    "\\\"triplet\\\"",
                                    "conv",
                                    "linear",
                                    "dense",
                                    "gru",
                                    "relu",
                                    "kernel=",
                                    "\\n",
                                    "planes=",
                                    "\"F32\"",
                                    "\\\"metrics\\\"",
                                    "\\\"notes\\\"",
                                    "\\\"format\\\"",
                                    "\\\"options\\\"",
                                    "\\\"data\\\"",
                                    "\\\"stages\\\"",
                                    "\\\"from\\\"",
                                    "null",
                                    "1e308",
                                    NULL};

const fuzz_target fuzz_model = {.name = "model", .run = run, .words = words, .max_size = 8 << 10};
