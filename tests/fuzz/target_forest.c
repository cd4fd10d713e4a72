/* SPDX-License-Identifier: BSD-3-Clause
 * target_forest.c - forest files, and rows sent down the trees of those that are taken. The digest is made right, as in
 * target_model.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epochal/forest.h"
#include "fuzz/target.h"

enum { ROWS = 9 };

static void predict(const epo_forest *forest, const epo_forest_info *info)
{
    float *values = calloc(ROWS * info->feature_count, sizeof *values);
    double *out = calloc(ROWS * info->class_count, sizeof *out);
    if (!values || !out) abort();
    for (size_t i = 0; i < ROWS * info->feature_count; i++) values[i] = i % 7 == 3 ? NAN : (float)(i * 37 % 101) - 50;
    const epo_forest_table table = {.rows = ROWS,
                                    .columns = info->feature_count,
                                    .values = values,
                                    .names = info->features};
    if (epo_forest_predict(forest, &table, 1, out) == EPO_OK) fuzz_touch(out, ROWS * info->class_count * sizeof *out);
    free(values);
    free(out);
}

static int run(const uint8_t *bytes, size_t size)
{
    epo_forest *forest = NULL;
    epo_forest_info info;
    uint8_t *copy = malloc(size + 1);
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    fuzz_seal(copy, size);
    const char *path = fuzz_file(copy, size);
    free(copy);
    if (epo_forest_load(path, &forest) != EPO_OK) return 0;
    epo_forest_get_info(forest, &info);
    for (size_t i = 0; i < info.feature_count; i++) fuzz_touch_text(info.features[i]);
    for (size_t i = 0; i < info.class_count; i++) fuzz_touch_text(info.classes[i]);
    fuzz_touch(info.importances, info.feature_count * sizeof *info.importances);
    predict(forest, &info);
    epo_forest_free(forest);
    return 1;
}

static const char *const words[] = {"tree.nodes",
                                    "tree.mixed",
                                    "node.feature",
                                    "node.threshold",
                                    "node.next",
                                    "leaf.probabilities",
                                    "importance",
                                    "epochal.kind",
                                    "epochal.forest",
                                    "\\\"features\\\"",
                                    "\\\"classes\\\"",
                                    "\\\"class_rows\\\"",
                                    "\\\"context\\\"",
                                    "\\\"curves\\\"",
                                    "\\\"seed\\\"",
                                    "\"shape\":[",
                                    "\"data_offsets\":[",
                                    "[1]",
                                    "[0]",
                                    "\"light_curves\"",
                                    "\"models\"",
                                    NULL};

const fuzz_target fuzz_forest = {.name = "forest", .run = run, .words = words, .max_size = 8 << 10};
