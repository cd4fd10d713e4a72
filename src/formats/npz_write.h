/* SPDX-License-Identifier: BSD-3-Clause
 * npz_write.h - several numpy arrays of equally many rows in one .npz archive, as numpy.savez makes it, written row by
 * row in one pass: the number of rows and the widths of texts need not be known before.
 *
 *     epo__npz_create, { epo__npz_put of each array }, epo__npz_finish or epo__npz_drop
 *
 * The first array goes to its place at once, the others to scratch files until the end, so memory stays bounded; the
 * big one should come first. Little-endian, C order, the same rows give the same bytes. */
#ifndef EPO_FORMATS_NPZ_WRITE_H
#define EPO_FORMATS_NPZ_WRITE_H

#include <stddef.h>

#include "epochal/status.h"
#include "formats/npy.h"

typedef struct epo__npz_array {
    const char *name;   /* "labels"; ASCII */
    epo__npy_kind kind; /* EPO__NPY_UNICODE for texts */
    size_t item_size;   /* 1, 2, 4 or 8; ignored for texts */
    int ndim;           /* axes behind the first, below EPO__NPY_MAX_DIMS; 0 for texts */
    size_t dims[EPO__NPY_MAX_DIMS - 1];
} epo__npz_array;

enum { EPO__NPZ_ARRAYS = 16, EPO__NPZ_TEXT = 4096 /* characters */ };

typedef struct epo__npz_writer epo__npz_writer;

/* EPO_EIO, EPO_ENOMEM, EPO_EARG (more than EPO__NPZ_ARRAYS arrays, or texts in the first). `arrays` must live to the end. */
epo_status epo__npz_create(const char *path, const epo__npz_array *arrays, size_t count, epo__npz_writer **out);

/* The next `items` items of an array, in this machine's byte order: whole rows or parts of them. */
epo_status epo__npz_put(epo__npz_writer *npz, size_t array, const void *items, size_t count);

/* The next text, UTF-8; what is not becomes U+FFFD. EPO_ELIMIT over EPO__NPZ_TEXT characters. */
epo_status epo__npz_put_text(epo__npz_writer *npz, size_t array, const char *text);

/* Either releases the writer. After a failure there is what was there before: EPO_EIO; EPO_EINTERNAL when the arrays
 * differ in their number of rows. */
epo_status epo__npz_finish(epo__npz_writer *npz);
void epo__npz_drop(epo__npz_writer *npz);

#endif
