/* SPDX-License-Identifier: BSD-3-Clause
 * target_safetensors.c - weights files as such: header, tensors, metadata. Twice: as they are, and with the digest made
 * right. */
#include <stdlib.h>
#include <string.h>

#include "formats/safetensors.h"
#include "fuzz/target.h"

static int ask(const uint8_t *bytes, size_t size)
{
    epo__safetensors *file = NULL;
    const char *key, *value;
    char digest[65];
    if (epo__safetensors_open(fuzz_file(bytes, size), &file) != EPO_OK) return 0;
    epo__safetensors_check_finite(file);
    epo__safetensors_sha256(file, digest);
    for (size_t i = 0; epo__safetensors_pair(file, i, &key, &value); i++) {
        fuzz_touch_text(key);
        fuzz_touch_text(value);
    }
    for (size_t i = 0; i < epo__safetensors_count(file); i++) {
        const epo__tensor_view *tensor = epo__safetensors_at(file, i);
        float *values = malloc((tensor->count ? tensor->count : 1) * sizeof *values);
        if (!values) abort();
        epo__tensor_f32(tensor, values);
        fuzz_touch(values, tensor->count * sizeof *values);
        free(values);
        if (epo__safetensors_find(file, tensor->name) != tensor) abort();
    }
    epo__safetensors_free(file);
    return 1;
}

static int run(const uint8_t *bytes, size_t size)
{
    const int taken = ask(bytes, size);
    uint8_t *copy = malloc(size + 1);
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    const int sealed = !taken && fuzz_seal(copy, size) && ask(copy, size);
    free(copy);
    return taken || sealed;
}

static const char *const words[] = {"__metadata__",
                                    "\"dtype\":",
                                    "\"shape\":[",
                                    "\"data_offsets\":[",
                                    "\"F32\"",
                                    "\"F16\"",
                                    "\"BF16\"",
                                    "\"F64\"",
                                    "\"I64\"",
                                    "epochal.format",
                                    "epochal.sha256",
                                    "{",
                                    "}",
                                    "[",
                                    "]",
                                    ":",
                                    ",",
                                    "\\u0000",
                                    "4294967296",
                                    "18446744073709551615",
                                    "-1",
                                    NULL};

const fuzz_target fuzz_safetensors = {.name = "safetensors", .run = run, .words = words, .max_size = 4 << 10};
