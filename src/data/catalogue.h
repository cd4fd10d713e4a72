/* SPDX-License-Identifier: BSD-3-Clause
 * catalogue.h - a catalogue of sources on the sky (stars, galaxies, AGN, ...), and the nearest of each kind to a
 * position.
 *
 * A CSV, plain or gzipped, with the columns ra, dec (degrees), kind, and optionally mag. Kinds are compared without
 * case. Sources are sorted into strips of declination, and by right ascension within a strip, so that a search looks
 * at the sources of three strips at most that are near enough in right ascension. */
#ifndef EPO_DATA_CATALOGUE_H
#define EPO_DATA_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"

enum { EPO__CATALOGUE_KINDS = 32 };

typedef struct epo__catalogue epo__catalogue;

/* radius: of the searches that are to come, arcsec, above 0 and up to 3600. The caller frees *out. EPO_EIO,
 * EPO_ENOTFOUND for a missing column, EPO_EFORMAT naming line, column and reason, EPO_ELIMIT for more kinds than
 * EPO__CATALOGUE_KINDS, EPO_EARG for the radius. */
epo_status epo__catalogue_read(const char *path, double radius, epo__catalogue **out);
void epo__catalogue_free(epo__catalogue *catalogue); /* NULL is fine */

/* The kinds it has, in lower case and the order of strcmp; *names belongs to the catalogue. */
size_t epo__catalogue_kinds(const epo__catalogue *catalogue, const char *const **names);

typedef struct epo__nearest {
    double distance; /* arcsec; NaN: none within the radius */
    double mag;      /* NaN: not given */
} epo__nearest;

/* nearest[kinds]: of each kind, of equals any. ra, dec in degrees, finite. */
void epo__catalogue_nearest(const epo__catalogue *catalogue, double ra, double dec, epo__nearest *nearest);

/* Great-circle distance in arcsec of positions in degrees, by the haversine: exact to rounding at small distances,
 * where the cosine formula is not (Sinnott 1984, Sky & Telescope 68, 159). */
double epo__sky_distance(double ra1, double dec1, double ra2, double dec2);

#endif
