/* SPDX-License-Identifier: BSD-3-Clause
 * fits_stamp.h - one FITS stamp: its image and the keywords that surveys and O'TRAIN write. Shared by the readers of
 * stamps and of DES trios. */
#ifndef EPO_DATA_FITS_STAMP_H
#define EPO_DATA_FITS_STAMP_H

#include "base/text.h"
#include "data/batch.h"
#include "epochal/import.h"
#include "formats/fits.h"

/* Opens a stamp file with the limits of a single stamp (4 MiB), or trusted ones. */
epo_status epo__fits_stamp_open(const epo_import_options *options, const char *path, epo__fits **out);

/* The image of the extension `extname`, or the first image when that is NULL. `path` is for the message. */
epo_status epo__fits_stamp_find(const epo__fits *f, const char *path, const char *extname, size_t *hdu);

/* Reads the image of an HDU as one more plane of the exposure. */
epo_status epo__fits_stamp_plane(epo__fits *f, size_t hdu, epo__role role, epo__batch *batch, epo__exposure *exposure);

/* CANDID MAG MAGERR FILTER FWHM EDGE, MJD (MJD-OBS, MJD or DATE-OBS), RA and DEC, each where it is there: from the
 * HDU's own header, else the primary one. OBJECT becomes the parent: stamps of one sky stay together in splits.
 * EPO_ENOMEM. */
epo_status epo__fits_stamp_keywords(const epo__fits *f, size_t hdu, epo__batch *batch, epo__exposure *exposure);

/* EPO_EFORMAT when every plane of the exposure is constant: a lone stamp with nothing to see was not meant. */
epo_status epo__fits_stamp_check(const epo__batch *batch, const epo__exposure *exposure, const char *path);

/* "science", "template" or "difference" from the words in an EXTNAME or file name; OTHER when there is none of them. */
epo__role epo__role_guess(const char *text);

/* The state of readers whose objects are called as their files are: an epo__reader_type's open, and its context, since names
 * and classes come from the path, so that the same bytes in two places are two. */
typedef struct epo__named_file {
    const char *path;
    char stem[256], folder[256];
} epo__named_file;

epo_status epo__named_file_open(void *state, const epo_import_options *options, const char *path);
void epo__named_file_context(const void *state, const epo_import_options *options, epo__string *json);

#endif
