/* SPDX-License-Identifier: BSD-3-Clause
 * safetensors_write.c - writing weights files: sealed with their SHA-256, whole or not at all. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/digest.h"
#include "formats/new_file.h"
#include "formats/safetensors.h"
#include "formats/safetensors_seal.h"

enum { LENGTH_SIZE = 8, ALIGN = 8, CHUNK = 4096 };

static const char SEAL_START[] = "\"" EPO__SEAL_KEY "\":\"";

size_t epo__seal_find(const unsigned char *json, size_t size)
{
    size_t n = sizeof SEAL_START - 1;
    const unsigned char *first = memmem(json, size, SEAL_START, n);
    if (!first) return 0;
    size_t at = (size_t)(first - json) + n;
    if (size - at <= EPO__SEAL_DIGITS || json[at + EPO__SEAL_DIGITS] != '"') return 0;
    return memmem(json + at, size - at, SEAL_START, n) ? 0 : at;
}

static epo_status count_values(const epo__tensor_write *tensor, size_t *count)
{
    size_t bytes = sizeof(float);
    if (!tensor->name || !*tensor->name || strcmp(tensor->name, "__metadata__") == 0)
        return epo__fail(EPO_EARG, "a tensor has no name it could be stored under");
    if (tensor->ndim < 0 || tensor->ndim > EPO__TENSOR_MAX_DIMS)
        return epo__fail(EPO_EARG, "tensor \"%s\" has %d dimensions", tensor->name, tensor->ndim);
    for (int i = 0; i < tensor->ndim; i++)
        if (!epo__size_mul(bytes, tensor->dims[i], &bytes))
            return epo__fail(EPO_EARG, "tensor \"%s\" is too big", tensor->name);
    *count = bytes / sizeof(float);
    return EPO_OK;
}

static epo_status check_names(const epo__tensor_write *tensors, size_t count, const epo__text_pair *metadata,
                              size_t pairs)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(tensors[i].name, tensors[j].name) == 0)
                return epo__fail(EPO_EARG, "two tensors are named \"%s\"", tensors[i].name);
    for (size_t i = 0; i < pairs; i++) {
        const char *key = metadata[i].key;
        bool taken = strcmp(key, EPO__SEAL_KEY) == 0 || strcmp(key, EPO__SEAL_FORMAT_KEY) == 0;
        for (size_t j = 0; j < i; j++) taken = taken || strcmp(key, metadata[j].key) == 0;
        if (taken) return epo__fail(EPO_EARG, "metadata key \"%s\" stands twice", key);
    }
    return EPO_OK;
}

static void add_pair(epo__string *json, const char *key, const char *value)
{
    epo__string_add_json(json, key);
    epo__string_add(json, ":");
    epo__string_add_json(json, value);
}

/* The header with '0' for each digit of the seal; the second key of ours next to it makes sure that no single damaged
 * bit can make the file look like one from elsewhere. */
static epo_status make_header(epo__string *json, const epo__tensor_write *tensors, size_t count,
                              const epo__text_pair *metadata, size_t pairs)
{
    char zeros[EPO__SEAL_DIGITS + 1];
    memset(zeros, '0', EPO__SEAL_DIGITS);
    zeros[EPO__SEAL_DIGITS] = '\0';
    epo__string_add(json, "{\"__metadata__\":{");
    add_pair(json, EPO__SEAL_FORMAT_KEY, EPO__SEAL_FORMAT);
    epo__string_add(json, ",");
    add_pair(json, EPO__SEAL_KEY, zeros);
    for (size_t i = 0; i < pairs; i++) {
        epo__string_add(json, ",");
        add_pair(json, metadata[i].key, metadata[i].value);
    }
    epo__string_add(json, "}");
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t values, end;
        epo_status status = count_values(&tensors[i], &values);
        if (status) return status;
        if (!epo__size_add(at, values * sizeof(float), &end)) return epo__fail(EPO_EARG, "the tensors are too big");
        epo__string_add(json, ",");
        epo__string_add_json(json, tensors[i].name);
        epo__string_add(json, ":{\"dtype\":\"F32\",\"shape\":[");
        for (int d = 0; d < tensors[i].ndim; d++) epo__string_addf(json, "%s%zu", d ? "," : "", tensors[i].dims[d]);
        epo__string_addf(json, "],\"data_offsets\":[%zu,%zu]}", at, end);
        at = end;
    }
    epo__string_add(json, "}");
    while (!json->failed && json->length % ALIGN) epo__string_add(json, " ");
    return json->failed ? epo__nomem("header of a weights file") : EPO_OK;
}

/* Where bytes go: into the digest, then once more into the file. */
typedef struct sink {
    epo__sha256 *sha;
    FILE *file;
} sink;

static bool put(const sink *to, const void *bytes, size_t size)
{
    if (to->sha) epo__sha256_add(to->sha, bytes, size);
    return !to->file || fwrite(bytes, 1, size, to->file) == size;
}

static bool put_values(const sink *to, const float *values, size_t count)
{
    unsigned char chunk[CHUNK];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (int b = 0; b < 4; b++) chunk[used++] = (unsigned char)(bits >> 8 * b);
        if (used < CHUNK && i + 1 < count) continue;
        if (!put(to, chunk, used)) return false;
        used = 0;
    }
    return true;
}

static bool put_file(const sink *to, const epo__string *json, const epo__tensor_write *tensors, size_t count)
{
    unsigned char length[LENGTH_SIZE];
    for (int b = 0; b < LENGTH_SIZE; b++) length[b] = (unsigned char)((uint64_t)json->length >> 8 * b);
    bool fine = put(to, length, sizeof length) && put(to, json->text, json->length);
    for (size_t i = 0; i < count && fine; i++) {
        size_t values;
        fine = count_values(&tensors[i], &values) == EPO_OK && put_values(to, tensors[i].values, values);
    }
    return fine;
}

static void seal(epo__string *json, const epo__tensor_write *tensors, size_t count)
{
    epo__sha256 sha;
    unsigned char digest[EPO__SHA256_SIZE];
    char hex[EPO__SHA256_TEXT];
    epo__sha256_init(&sha);
    put_file(&(sink){.sha = &sha}, json, tensors, count);
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, hex);
    memcpy(json->text + epo__seal_find((const unsigned char *)json->text, json->length), hex, EPO__SEAL_DIGITS);
}

epo_status epo__safetensors_write(const char *path, const epo__tensor_write *tensors, size_t count,
                                  const epo__text_pair *metadata, size_t pairs)
{
    epo__string json = {0};
    epo__new_file file;
    epo_status status = make_header(&json, tensors, count, metadata, pairs);
    if (!status) status = check_names(tensors, count, metadata, pairs);
    if (!status) {
        seal(&json, tensors, count);
        status = epo__new_file_open(path, &file);
    }
    if (!status) status = epo__new_file_end(&file, put_file(&(sink){.file = file.file}, &json, tensors, count));
    epo__string_free(&json);
    return status;
}
