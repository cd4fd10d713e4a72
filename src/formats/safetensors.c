/* SPDX-License-Identifier: BSD-3-Clause
 * safetensors.c - reading weights files. */
#include "formats/safetensors.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/bytes.h"
#include "formats/digest.h"
#include "formats/safetensors_seal.h"

enum { LENGTH_SIZE = 8, MAX_HEADER = 8 << 20, MAX_FILE = 1 << 30, MAX_TENSORS = 1 << 14 };

struct epo__safetensors {
    char *path;
    unsigned char *bytes;
    size_t size, header; /* of the file; of its JSON */
    json_t *json;        /* names and metadata live in it */
    const json_t *metadata;
    epo__tensor_view *tensors; /* by their place in the file */
    size_t count;
};

static const struct {
    const char *name;
    epo__tensor_type type;
    size_t size;
} types[] = {{"F16", EPO__TENSOR_F16, 2},
             {"BF16", EPO__TENSOR_BF16, 2},
             {"F32", EPO__TENSOR_F32, 4},
             {"F64", EPO__TENSOR_F64, 8},
             {"I64", EPO__TENSOR_I64, 8}};

static size_t type_size(epo__tensor_type type)
{
    return types[type].size;
}

static epo_status refuse(const epo__safetensors *file, const char *what)
{
    return epo__fail(EPO_EMODEL, "%s: %s", file->path, what);
}

static epo_status refuse_tensor(const epo__safetensors *file, const char *name, const char *what)
{
    return epo__fail(EPO_EMODEL, "%s: tensor \"%s\" %s", file->path, name, what);
}

/* A JSON number that counts something. */
static bool get_size(const json_t *json, size_t *out)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0) return false;
    *out = (size_t)json_integer_value(json);
    return true;
}

static epo_status read_shape(const epo__safetensors *file, const json_t *json, epo__tensor_view *tensor, size_t *bytes)
{
    size_t ndim = json_array_size(json);
    if (!json_is_array(json) || ndim > EPO__TENSOR_MAX_DIMS)
        return refuse_tensor(file, tensor->name, "has no shape, or over 8 dimensions");
    tensor->ndim = (int)ndim;
    tensor->count = 1;
    *bytes = type_size(tensor->type);
    for (size_t i = 0; i < ndim; i++) {
        size_t *dim = &tensor->dims[i];
        /* the product without zeros too, so that no part of a shape overflows whoever multiplies it */
        if (!get_size(json_array_get(json, i), dim) || !epo__size_mul(*bytes, *dim ? *dim : 1, bytes))
            return refuse_tensor(file, tensor->name, "has an impossible shape");
        tensor->count *= *dim;
    }
    *bytes = tensor->count * type_size(tensor->type);
    return EPO_OK;
}

static epo_status read_tensor(epo__safetensors *file, const char *name, const json_t *json)
{
    epo__tensor_view *tensor = &file->tensors[file->count++];
    tensor->name = name;
    const char *type = json_string_value(json_object_get(json, "dtype"));
    const json_t *offsets = json_object_get(json, "data_offsets");
    size_t begin, end, bytes, i = 0, room = file->size - LENGTH_SIZE - file->header;
    if (json_object_size(json) != 3 || !type || json_array_size(offsets) != 2 ||
        !get_size(json_array_get(offsets, 0), &begin) || !get_size(json_array_get(offsets, 1), &end))
        return refuse_tensor(file, name, "is not described by dtype, shape and data_offsets");
    while (i < sizeof types / sizeof *types && strcmp(types[i].name, type) != 0) i++;
    if (i == sizeof types / sizeof *types)
        return epo__fail(EPO_EUNSUPPORTED, "%s: tensor \"%s\" is of type \"%.16s\", which is not read", file->path,
                         name, type);
    tensor->type = types[i].type;
    epo_status status = read_shape(file, json_object_get(json, "shape"), tensor, &bytes);
    if (status) return status;
    if (begin > end || end > room) return refuse_tensor(file, name, "lies outside the file");
    if (end - begin != bytes) return refuse_tensor(file, name, "has a shape that does not match its size");
    tensor->bytes = file->bytes + LENGTH_SIZE + file->header + begin;
    return EPO_OK;
}

static const unsigned char *tensor_end(const epo__tensor_view *tensor)
{
    return tensor->bytes + tensor->count * type_size(tensor->type);
}

static int by_place(const void *a, const void *b)
{
    const epo__tensor_view *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    const unsigned char *p = tensor_end(x), *q = tensor_end(y); /* an empty tensor comes before its neighbour */
    return p != q ? (p < q ? -1 : 1) : strcmp(x->name, y->name);
}

static epo_status check_layout(const epo__safetensors *file)
{
    const unsigned char *at = file->bytes + LENGTH_SIZE + file->header;
    for (size_t i = 0; i < file->count; i++) {
        const epo__tensor_view *tensor = &file->tensors[i];
        if (tensor->bytes < at) return refuse_tensor(file, tensor->name, "overlaps another");
        if (tensor->bytes > at) return refuse_tensor(file, tensor->name, "leaves a hole before it");
        at = tensor_end(tensor);
    }
    return at == file->bytes + file->size ? EPO_OK : refuse(file, "has bytes that belong to no tensor");
}

static epo_status read_header(epo__safetensors *file)
{
    uint64_t header = 0;
    if (file->size < LENGTH_SIZE) return refuse(file, "not a safetensors file");
    for (int i = LENGTH_SIZE - 1; i >= 0; i--) header = header << 8 | file->bytes[i];
    if (header > MAX_HEADER) return refuse(file, "not a safetensors file, or with a header over 8 MiB");
    if (header > file->size - LENGTH_SIZE) return refuse(file, "a safetensors file cut short");
    file->header = (size_t)header;
    const char *text = (const char *)file->bytes + LENGTH_SIZE;
    if (!epo__json_fits(text, file->header)) return refuse(file, "its header holds too many values");
    epo_status read = epo__json_read(text, file->header, 0, &file->json);
    if (read != EPO_OK) return read == EPO_EFORMAT ? epo__fail_in(EPO_EMODEL, "%s: its header is not JSON", file->path) : read;
    if (!json_is_object(file->json)) return refuse(file, "its header is no JSON object");
    if (json_object_size(file->json) > MAX_TENSORS) return refuse(file, "holds over 16384 tensors");
    file->tensors = epo__alloc(json_object_size(file->json), sizeof *file->tensors);
    if (!file->tensors) return epo__nomem(file->path);

    const char *key;
    json_t *value;
    json_object_foreach (file->json, key, value) {
        epo_status status = EPO_OK;
        if (strcmp(key, "__metadata__") == 0)
            file->metadata = value;
        else
            status = read_tensor(file, key, value);
        if (status) return status;
    }
    if (file->metadata && !json_is_object(file->metadata)) return refuse(file, "its metadata is no JSON object");
    json_object_foreach ((json_t *)file->metadata, key, value) {
        if (!json_is_string(value)) return refuse(file, "its metadata holds something other than texts");
        /* some are JSON once more, for whoever asks for them */
        if (!epo__json_fits(json_string_value(value), json_string_length(value))) return refuse(file, "its metadata holds too many values");
    }
    qsort(file->tensors, file->count, sizeof *file->tensors, by_place);
    return check_layout(file);
}

epo_status epo__safetensors_open(const char *path, epo__safetensors **out)
{
    *out = NULL;
    epo__safetensors *file = epo__alloc(1, sizeof *file);
    if (!file || !(file->path = epo__strdup(path))) {
        free(file);
        return epo__nomem(path);
    }
    epo_status status = epo__bytes_read(path, MAX_FILE, &file->bytes, &file->size);
    if (status == EPO_EFORMAT) status = EPO_EMODEL; /* an empty file */
    if (!status) status = read_header(file);
    if (!status) status = epo__safetensors_verify(file);
    if (status) {
        epo__safetensors_free(file);
        return status;
    }
    *out = file;
    return EPO_OK;
}

void epo__safetensors_free(epo__safetensors *file)
{
    if (!file) return;
    json_decref(file->json);
    free(file->tensors);
    free(file->bytes);
    free(file->path);
    free(file);
}

epo_status epo__safetensors_verify(const epo__safetensors *file)
{
    const char *key;
    json_t *value;
    bool ours = false;
    json_object_foreach ((json_t *)file->metadata, key, value) {
        if (strncmp(key, EPO__SEAL_PREFIX, strlen(EPO__SEAL_PREFIX)) == 0) ours = true;
    }
    if (!ours) return EPO_OK;
    size_t at = epo__seal_find(file->bytes + LENGTH_SIZE, file->header);
    if (!at) return refuse(file, "damaged: its " EPO__SEAL_KEY " is missing");
    const unsigned char *digits = file->bytes + LENGTH_SIZE + at;
    char made[EPO__SHA256_TEXT], zeros[EPO__SEAL_DIGITS];
    unsigned char digest[EPO__SHA256_SIZE];
    epo__sha256 sha;
    memset(zeros, '0', sizeof zeros);
    epo__sha256_init(&sha);
    epo__sha256_add(&sha, file->bytes, LENGTH_SIZE + at);
    epo__sha256_add(&sha, zeros, sizeof zeros);
    epo__sha256_add(&sha, digits + EPO__SEAL_DIGITS, file->size - LENGTH_SIZE - at - EPO__SEAL_DIGITS);
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, made);
    if (memcmp(made, digits, EPO__SEAL_DIGITS) != 0)
        return refuse(file, "damaged: its contents do not match its " EPO__SEAL_KEY);
    return EPO_OK;
}

void epo__safetensors_sha256(const epo__safetensors *file, char out[65])
{
    epo__sha256_of(file->bytes, file->size, out);
}

size_t epo__safetensors_count(const epo__safetensors *file)
{
    return file->count;
}

const epo__tensor_view *epo__safetensors_at(const epo__safetensors *file, size_t i)
{
    return &file->tensors[i];
}

const epo__tensor_view *epo__safetensors_find(const epo__safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    return NULL;
}

const char *epo__safetensors_metadata(const epo__safetensors *file, const char *key)
{
    return json_string_value(json_object_get(file->metadata, key));
}

bool epo__safetensors_pair(const epo__safetensors *file, size_t i, const char **key, const char **value)
{
    json_t *object = (json_t *)file->metadata; /* jansson's iterators take no const */
    void *at = json_object_iter(object);
    while (at && i-- > 0) at = json_object_iter_next(object, at);
    if (!at) return false;
    *key = json_object_iter_key(at);
    *value = json_string_value(json_object_iter_value(at));
    return true;
}

static uint64_t little(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | at[i];
    return value;
}

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction. */
static float float_of_half(unsigned bits)
{
    unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    float value;
    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else
        value = exponent ? ldexpf((float)(1024 + fraction), (int)exponent - 25) : ldexpf((float)fraction, -24);
    return bits >> 15 ? -value : value;
}

static float value_at(const epo__tensor_view *tensor, size_t i)
{
    double wide;
    uint64_t bits;
    switch (tensor->type) { /* a constant size in each, so that the loop of little() becomes one load */
    case EPO__TENSOR_F16:
        return float_of_half((unsigned)little(tensor->bytes + 2 * i, 2));
    case EPO__TENSOR_BF16: /* the upper half of a float32 */
        return float_of_bits((uint32_t)little(tensor->bytes + 2 * i, 2) << 16);
    case EPO__TENSOR_F64:
        bits = little(tensor->bytes + 8 * i, 8);
        memcpy(&wide, &bits, sizeof wide);
        return (float)wide;
    case EPO__TENSOR_I64:
        return (float)(int64_t)little(tensor->bytes + 8 * i, 8);
    default:
        return float_of_bits((uint32_t)little(tensor->bytes + 4 * i, 4));
    }
}

void epo__tensor_f32(const epo__tensor_view *tensor, float *out)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (tensor->type == EPO__TENSOR_F32) { /* nearly every tensor there is */
        if (tensor->count) memcpy(out, tensor->bytes, tensor->count * sizeof *out);
        return;
    }
#endif
    for (size_t i = 0; i < tensor->count; i++) out[i] = value_at(tensor, i);
}

epo_status epo__safetensors_check_finite(const epo__safetensors *file)
{
    for (size_t t = 0; t < file->count; t++)
        for (size_t i = 0; i < file->tensors[t].count; i++)
            if (!isfinite(value_at(&file->tensors[t], i)))
                return refuse_tensor(file, file->tensors[t].name, "has a value that is not finite");
    return EPO_OK;
}
