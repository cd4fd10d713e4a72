/* SPDX-License-Identifier: BSD-3-Clause
 * measure.h - photometry of all stamps of one object and role.
 *
 * Two steps, because one store handle serves one thread: epo__measure_fetch reads metadata and raw pixels (serial),
 * epo__measure_object measures them (any thread). One is reused from object to object. */
#ifndef EPO_DATA_MEASURE_H
#define EPO_DATA_MEASURE_H

#include "data/measure_options.h"
#include "image/magnitude.h"
#include "store/objects.h"

/* One stamp of the role. */
typedef struct epo__measured {
    const epo__stamp_row *stamp;
    const char *refused; /* why it has no point; NULL: what follows holds */
    double mjd;          /* days; the frame's number from 0 where no stamp of the object has a time */
    double zero_point;   /* the stamp's own, mag; where it is asked for */
    epo__flux flux;
    epo__source_shape shape;
    double x, y, fwhm; /* where it was measured, with which PSF */
    epo__magnitude magnitude;
    int flag;          /* as in the store */
    size_t raw_offset; /* of its pixels in raw */
} epo__measured;

/* All zeros is an empty one. */
typedef struct epo__measuring {
    epo__stamp_list stamps;
    epo__pool texts; /* of object and refusals */
    epo__object_row object;
    epo__measured *points; /* in time order */
    size_t count, room;
    unsigned char *raw; /* pixels as stored */
    size_t raw_size, raw_room;
    epo__pixels pixels; /* room for reading one stamp */
    float *plane;       /* one stamp as float32 */
    size_t plane_room;
    double *numbers; /* for medians */
    size_t number_room;
} epo__measuring;

void epo__measuring_free(epo__measuring *measuring);

/* Reads the object's stamps of the role; count is 0 when it has none. A damaged, constant or, among others with a time,
 * timeless stamp is refused in its point. */
epo_status epo__measure_fetch(epo_store *store, int64_t object, const epo__measure_options *options, epo__measuring *m);

epo_status epo__measure_object(const epo__measure_options *options, epo__measuring *m, epo__image_work *work);

#endif
