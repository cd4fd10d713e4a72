/* SPDX-License-Identifier: BSD-3-Clause
 * safetensors.h - weights files.
 *
 *     8 bytes   N, the length of the header, little-endian
 *     N bytes   JSON: {"__metadata__": {text: text, ...},
 *                      "name": {"dtype": "F32", "shape": [4, 3], "data_offsets": [begin, end]}, ...}, padded with
 * spaces the rest  the tensors' values, little-endian, C order, one after the other without holes or overlap
 *
 * A file written here carries in its metadata "epochal.format" ("1") and "epochal.sha256": the SHA-256 of the whole
 * file, in hex, taken with those 64 digits as '0'. Files from elsewhere (PyTorch) have no key that starts with
 * "epochal." and are read unverified.
 *
 * Files are untrusted: a header of at most 8 MiB, a file of at most 1 GiB, at most 65,536 tensors of at most 8
 * dimensions. What is wrong inside a file gives EPO_EMODEL with "PATH: reason". */
#ifndef EPO_FORMATS_SAFETENSORS_H
#define EPO_FORMATS_SAFETENSORS_H

#include <stddef.h>

#include "epochal/status.h"

enum { EPO__TENSOR_MAX_DIMS = 8 };

/* I64: PyTorch's counters; whole numbers are no weights. */
typedef enum epo__tensor_type {
    EPO__TENSOR_F16,
    EPO__TENSOR_BF16,
    EPO__TENSOR_F32,
    EPO__TENSOR_F64,
    EPO__TENSOR_I64,
} epo__tensor_type;

/* A tensor in the file; lives with it. */
typedef struct epo__tensor_view {
    const char *name;
    epo__tensor_type type;
    int ndim;
    size_t dims[EPO__TENSOR_MAX_DIMS];
    size_t count;               /* the product of dims; 1 for no dimensions */
    const unsigned char *bytes; /* as in the file, of any alignment: read them with epo__tensor_f32 */
} epo__tensor_view;

typedef struct epo__safetensors epo__safetensors;

/* Reads a whole file and checks its structure, and epo__safetensors_verify. EPO_EIO, EPO_ELIMIT, EPO_ENOMEM,
 * EPO_EMODEL, EPO_EUNSUPPORTED for another dtype. */
epo_status epo__safetensors_open(const char *path, epo__safetensors **out);
void epo__safetensors_free(epo__safetensors *file);

/* EPO_EMODEL, "damaged", when the file has a metadata key that starts with "epochal." and its "epochal.sha256" is
 * missing or wrong. Done by epo__safetensors_open already. */
epo_status epo__safetensors_verify(const epo__safetensors *file);

/* EPO_EMODEL, naming the tensor, when a value is not finite once it is a float32. */
epo_status epo__safetensors_check_finite(const epo__safetensors *file);

/* The SHA-256 of the file as read, in hex: what sha256sum prints for it. */
void epo__safetensors_sha256(const epo__safetensors *file, char out[65]);

size_t epo__safetensors_count(const epo__safetensors *file); /* in the order of their bytes in the file */
const epo__tensor_view *epo__safetensors_at(const epo__safetensors *file, size_t i);
const epo__tensor_view *epo__safetensors_find(const epo__safetensors *file, const char *name); /* NULL: none */

/* out holds tensor->count values. */
void epo__tensor_f32(const epo__tensor_view *tensor, float *out);

/* The text of a metadata key; NULL when there is none. Lives with the file. */
const char *epo__safetensors_metadata(const epo__safetensors *file, const char *key);
/* The i-th pair, in the order of the file; false past the last. */
_Bool epo__safetensors_pair(const epo__safetensors *file, size_t i, const char **key, const char **value);

/* --- writing --------------------------------------------------------------------------------------------------------
 */

typedef struct epo__tensor_write {
    const char *name; /* unique, not empty, not "__metadata__" */
    int ndim;
    const size_t *dims;  /* ndim of them; not used for ndim 0 */
    const float *values; /* their product */
} epo__tensor_write;

typedef struct epo__text_pair {
    const char *key, *value; /* keys unique; "epochal.format" and "epochal.sha256" are the writer's own */
} epo__text_pair;

/* Writes F32 tensors and metadata in the order given: the same input gives the same bytes. The file appears whole or
 * not at all: a temporary file beside it is synced and renamed over `path`. EPO_EARG, EPO_EIO, EPO_ENOMEM. */
epo_status epo__safetensors_write(const char *path, const epo__tensor_write *tensors, size_t count,
                                  const epo__text_pair *metadata, size_t pairs);

#endif
