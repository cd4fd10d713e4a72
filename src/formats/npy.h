/* SPDX-License-Identifier: BSD-3-Clause
 * npy.h - numpy arrays from .npy files and .npz archives, read forward in pieces, so that memory stays bounded.
 *
 * Read: whole numbers of 1 to 8 bytes, floats of 4 and 8, booleans, S and U texts, either byte order, C order, up to
 * five dimensions. Refused: Fortran order, object arrays (pickles are never looked into), structures. */
#ifndef EPO_FORMATS_NPY_H
#define EPO_FORMATS_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

enum { EPO__NPY_MAX_DIMS = 5 };

typedef enum epo__npy_kind {
    EPO__NPY_FLOAT,  /* f4, f8 */
    EPO__NPY_INT,    /* i1, i2, i4, i8 */
    EPO__NPY_UINT,   /* u1, u2, u4, u8 */
    EPO__NPY_BOOL,   /* b1 */
    EPO__NPY_BYTES,  /* S: ASCII padded with NULs */
    EPO__NPY_UNICODE /* U: UCS-4 padded with NULs */
} epo__npy_kind;

typedef struct epo__npy_info {
    epo__npy_kind kind;
    size_t item_size; /* bytes of one item in the file */
    int ndim;         /* 0 (one item) .. EPO__NPY_MAX_DIMS */
    size_t dims[EPO__NPY_MAX_DIMS];
    size_t count; /* items: the product of dims */
} epo__npy_info;

typedef struct epo__npy epo__npy;

/* Opens `path`, a .npy file (`array` NULL) or a .npz archive (`array` the name of one of its arrays, or NULL when it
 * has only one); which of the two it is is told from its first bytes. The header is read and checked against the number
 * of bytes there are. EPO_EIO, EPO_ENOTFOUND (no such array; the message lists those there are), EPO_EFORMAT,
 * EPO_EUNSUPPORTED (Fortran order, objects, other types), EPO_ELIMIT. */
epo_status epo__npy_open(const char *path, const char *array, epo__npy **out);
void epo__npy_free(epo__npy *npy);

const epo__npy_info *epo__npy_info_of(const epo__npy *npy);
const char *epo__npy_label(const epo__npy *npy); /* "PATH" or "PATH: array 'x'", for messages */
size_t epo__npy_left(const epo__npy *npy);       /* items not yet read */

/* The next `count` items, as they are but in this machine's byte order. EPO_EARG when fewer are left; EPO_EIO and
 * EPO_EFORMAT when the file fails. After a failure the array can only be freed. */
epo_status epo__npy_read(epo__npy *npy, size_t count, void *out);

/* The same, converted. Numbers and booleans go to floats; to int64_t go those floats that are whole and in range, else
 * EPO_EFORMAT. EPO_EUNSUPPORTED for texts. */
epo_status epo__npy_read_f32(epo__npy *npy, size_t count, float *out);
epo_status epo__npy_read_f64(epo__npy *npy, size_t count, double *out);
epo_status epo__npy_read_int64(epo__npy *npy, size_t count, int64_t *out);

/* Bytes that one text of this array can need, with its NUL; 0 when it does not hold texts. */
size_t epo__npy_text_size(const epo__npy *npy);

/* The next `count` texts as UTF-8 with a NUL, item i at out + i * stride; stride >= epo__npy_text_size. Padding is
 * taken off. EPO_EFORMAT for NULs inside, for S items that are not ASCII and for U items that are not Unicode. */
epo_status epo__npy_read_text(epo__npy *npy, size_t count, char *out, size_t stride);

#endif
