/* SPDX-License-Identifier: BSD-3-Clause
 * fits.h - images, header values and table cells from FITS files that nobody vouches for.
 *
 * The whole file is read (or inflated) into memory with a cap. Our own guard then walks every header and data unit and
 * checks the framing, before anything is interpreted: after a successful open, every HDU lies inside the file.
 * Header values and table cells are read as text and parsed by us. cfitsio decodes pixels, and it never sees a header
 * from outside: it is handed the pixel bytes behind a header of our own making, in memory. So no name, keyword or
 * compression mark in a file can make it open, connect, inflate or write anything. (The one exception, tile-compressed
 * images, needs `trust`.)
 *
 * An HDU that is well framed but of a kind we do not read (a cube, a variable-length column, a tile-compressed image)
 * does not spoil the file: it is EPO__FITS_OTHER, and asking for it fails with the reason.
 *
 * HDUs are counted from 0, the primary. A handle belongs to one thread at a time; different handles may be used by
 * different threads at once. FITS Standard 4.0: https://fits.gsfc.nasa.gov/fits_standard.html */
#ifndef EPO_FORMATS_FITS_H
#define EPO_FORMATS_FITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "formats/bytes.h"
#include "formats/image.h"

typedef struct epo__fits_limits {
    size_t max_bytes; /* of the file, and again of what comes out of gzip */
    size_t max_side;  /* pixels along either axis of an image */
    bool trust;       /* --trust-input, see EPO__FITS_TRUSTED */
} epo__fits_limits;

#define EPO__FITS_MAX_SIDE 1024
#define EPO__FITS_MAX_SIDE_TRUSTED 8192

/* What a limits struct starts from: a file on disk; a cutout inside an alert; a file whose origin the user vouches for.
 * `trust` further accepts axes of length 1 beyond the second, tile-compressed images, a missing fill after the
 * last HDU and bytes after it. It never accepts sizes that leave the file. */
#define EPO__FITS_FILE ((epo__fits_limits){.max_bytes = (size_t)64 << 20, .max_side = EPO__FITS_MAX_SIDE})
#define EPO__FITS_CUTOUT ((epo__fits_limits){.max_bytes = (size_t)4 << 20, .max_side = EPO__FITS_MAX_SIDE})
#define EPO__FITS_TRUSTED \
    ((epo__fits_limits){.max_bytes = (size_t)1 << 30, .max_side = EPO__FITS_MAX_SIDE_TRUSTED, .trust = true})

typedef struct epo__fits epo__fits;

/* Opens a plain or gzipped FITS file. `path` is a path and nothing else: no brackets, no schemes.
 * Errors as epo__bytes_read, and EPO_EFORMAT (not FITS, truncated, lying about its sizes), EPO_ELIMIT.
 * The message names the file, the HDU and the reason. */
epo_status epo__fits_open_file(const char *path, const epo__fits_limits *limits, epo__fits **out);

/* The same from memory, plain or gzipped. Plain bytes are borrowed and must outlive the handle. `name` stands in
 * messages for the file. */
epo_status epo__fits_open_memory(const void *bytes, size_t size, const char *name, const epo__fits_limits *limits,
                                 epo__fits **out);

/* As epo__fits_open_memory, inflating into `scratch` (also borrowed by the handle: one open handle for each scratch),
 * which is what a stream of alerts wants. */
epo_status epo__fits_open_scratch(const void *bytes, size_t size, const char *name, const epo__fits_limits *limits,
                                  epo__bytes *scratch, epo__fits **out);

void epo__fits_close(epo__fits *f); /* accepts NULL */

typedef enum epo__fits_kind {
    EPO__FITS_NONE,  /* no data: NAXIS = 0 */
    EPO__FITS_IMAGE, /* a 2-D image within the limits */
    EPO__FITS_TABLE, /* a binary or ASCII table whose columns all have a fixed length */
    EPO__FITS_OTHER  /* well framed, but not read */
} epo__fits_kind;

enum { EPO__FITS_VALUE = 81 /* a buffer that holds any header value */ };

typedef struct epo__fits_info {
    epo__fits_kind kind;
    size_t width, height;           /* of an image, else 0 */
    char extname[EPO__FITS_VALUE]; /* "" when it has none */
} epo__fits_info;

size_t epo__fits_count(const epo__fits *f); /* of HDUs, at least 1 */

/* EPO_EARG when i is not below the count. */
epo_status epo__fits_hdu(const epo__fits *f, size_t i, epo__fits_info *info);

/* The first HDU with this EXTNAME, letters compared without case. */
bool epo__fits_find(const epo__fits *f, const char *extname, size_t *i);

/* The first image. When there is none: EPO_EUNSUPPORTED or EPO_ELIMIT, with the reason for which the first HDU that
 * might have been one is not read. */
epo_status epo__fits_first_image(const epo__fits *f, size_t *i);

/* Reads the pixels into `image`, reusing its memory; on failure it is still valid, with unspecified contents.
 * Pixel type, by BITPIX: 8 -> U8, 16 -> I16, 32 -> I32, 64 -> F64, -32 -> F32, -64 -> F64 when there is no scaling.
 * BSCALE 1 with BZERO 32768 on 16 -> U16 and with BZERO -128 on 8 -> I16, exactly. Any other scaling, or a BLANK
 * -> physical values in F32 (8, 16, -32) or F64 (32, 64, -64), NaN where the pixel is BLANK.
 * NaN and infinities in the file are kept. EPO_EUNSUPPORTED, EPO_ELIMIT: not an image that is read; EPO_EFORMAT. */
epo_status epo__fits_image(epo__fits *f, size_t i, epo__image *image);

/* --- header values ---------------------------------------------------------------------------------------------
 * Looked up by name without case, in HDU i only; the first such card counts. Long names are given without the word
 * HIERARCH: "RA (J2000)". Strings come without quotes and trailing blanks, other values as they stand. */

/* False when there is no such card; `text` then is "". A value longer than size-1 is cut (EPO__FITS_VALUE never is). */
bool epo__fits_key(const epo__fits *f, size_t i, const char *name, char *text, size_t size);

/* False, with *out untouched, when there is no such card or its whole value, quoted or not, is no such number.
 * The Fortran exponent 1.5D3 is read. */
bool epo__fits_key_double(const epo__fits *f, size_t i, const char *name, double *out);
bool epo__fits_key_int(const epo__fits *f, size_t i, const char *name, int64_t *out);

/* --- tables ------------------------------------------------------------------------------------------------------ */

size_t epo__fits_table_rows(const epo__fits *f, size_t i);    /* 0 when HDU i is no table that is read */
size_t epo__fits_table_columns(const epo__fits *f, size_t i); /* likewise */

/* The column named so by TTYPEn, letters compared without case. */
bool epo__fits_table_column(const epo__fits *f, size_t i, const char *name, size_t *column);

/* One cell as text without blanks around it, whatever the type of the column: strings (A) as they are, integers
 * (B, I, J, K) in decimal, with TSCALn and TZEROn applied, floating point (E, D) with as many digits as give the same
 * number back, logicals (L) "T" or "F", a null "" and NaN "nan". Cells of ASCII tables are given as they are written.
 * EPO_EARG outside the table; EPO_ELIMIT when the text does not fit `size`; EPO_EUNSUPPORTED for bits, complex
 * numbers and cells with several numbers. */
epo_status epo__fits_table_text(const epo__fits *f, size_t i, size_t column, size_t row, char *text, size_t size);

/* The version of cfitsio in use, "4.2.0". */
void epo__fits_version(char out[16]);

#endif
