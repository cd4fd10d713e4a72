/* SPDX-License-Identifier: BSD-3-Clause
 * fits_stamp.h - one FITS stamp: its image and the keywords that surveys and O'TRAIN write. Shared by the readers of
 * stamps and of DES trios. */
#ifndef EPO_DATA_FITS_STAMP_H
#define EPO_DATA_FITS_STAMP_H

#include "data/batch.h"
#include "epochal/import.h"
#include "formats/fits.h"

/* Opens a stamp file with the limits of a single stamp (4 MiB), or trusted ones. */
epo_status epo__fits_stamp_open(const epo_import_options *options, const char *path, epo__fits **out);

/* Reads the extension `extname` (NULL: the first image) as one more plane of the exposure. */
epo_status epo__fits_stamp_plane(epo__fits *f, const char *extname, epo__role role, epo__batch *batch, epo__exposure *exposure);

/* CANDID MAG MAGERR FILTER FWHM, MJD (MJD-OBS, MJD or DATE-OBS), RA and DEC, each where it is there: from the image's own
 * header, else the primary one. OBJECT becomes
 * the parent: stamps of one sky stay together in splits. */
void epo__fits_stamp_keywords(const epo__fits *f, const char *extname, epo__batch *batch, epo__exposure *exposure);

/* "science", "template" or "difference" from the words in an EXTNAME or file name; OTHER when there is none of them. */
epo__role epo__role_guess(const char *text);

/* Name of the file without folders and without .fits, .fit, .gz; and the name of the folder it is in, "" when none. */
void epo__path_parts(const char *path, char *stem, size_t stem_size, char *folder, size_t folder_size);

#endif
