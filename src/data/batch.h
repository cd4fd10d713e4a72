/* SPDX-License-Identifier: BSD-3-Clause
 * batch.h - what a reader hands on: objects, their exposures with pixels, and light-curve points, in plain structs.
 *
 * Import writes a batch to the store, scoring runs it through a network: both see the same thing, whatever the format.
 * A batch is reused: clearing it keeps its memory, that of the images too.
 */
#ifndef EPO_DATA_BATCH_H
#define EPO_DATA_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "epochal/status.h"
#include "formats/bytes.h"
#include "formats/image.h"
#include "store/stamps.h"

/* All texts belong to the batch's pool and may be NULL where nothing is known; numbers that are unknown are NaN. */
typedef struct epo__subject {
    const char *name;       /* of the object */
    double ra, dec;         /* degrees */
    const char *class_name; /* in the taxonomy */
    const char *class_given;
    const char *parent; /* field or object whose sky this one shares */
} epo__subject;

typedef struct epo__plane {
    epo__role role;
    bool constant;
    epo__image image;
} epo__plane;

/* One observation of an object: one or more planes taken together. */
typedef struct epo__exposure {
    size_t subject;    /* index into subjects */
    const char *path;  /* the file, for decode to read or to name */
    size_t packed;     /* between next and decode: how many planes packed in the batch's raw bytes are its own */
    const char *id;    /* how results name it: candid, or file and row */
    const char *key;   /* unique within the object */
    const char *night; /* "2006-04-02" */
    const char *filter;
    double mjd, mjd_given; /* days; mjd_given only where it differs */
    bool mjd_suspect;
    double mag, mag_err, fwhm;
    int64_t candid; /* 0 none */
    double rb, drb;
    const char *rb_version, *drb_version;
    const char *extra;               /* JSON object with what has no field here */
    size_t first_plane, plane_count; /* consecutive in planes */
    const char *error;               /* why it cannot be used; then it has no planes */
} epo__exposure;

typedef struct epo__point {
    size_t subject;
    double mjd, mag, mag_err;
    bool suspect; /* the mjd cannot be */
    const char *filter;
    const char *method; /* NULL: "given" */
} epo__point;

typedef struct epo__batch {
    const char *path; /* the file, set by readers that read all of it in decode */
    epo__subject *subjects;
    epo__exposure *exposures;
    epo__plane *planes;
    epo__point *points;
    size_t subject_count, exposure_count, plane_count, point_count;
    size_t subject_room, exposure_room, plane_room, point_room;
    uint64_t duplicates, suspect_dates, constant_images; /* found while reading */
    epo__pool texts;
    size_t claimed;          /* bytes that what is undecoded says it unpacks to */
    epo__bytes raw, scratch; /* undecoded bytes between a reader's next and decode; room for inflating */
} epo__batch;

void epo__batch_clear(epo__batch *batch);

/* Whether the batch holds, undecoded or in pixels, more than a few MiB, so that nothing should be added whatever its count. */
bool epo__batch_is_full(const epo__batch *batch);
void epo__batch_free(epo__batch *batch);

/* Each adds one zeroed (unknown) entry and gives its index; EPO_ENOMEM. Pointers into the arrays move when they grow.
 */
epo_status epo__batch_subject(epo__batch *batch, const char *name, size_t *index);
epo_status epo__batch_exposure(epo__batch *batch, size_t subject, const char *id, size_t *index);
epo_status epo__batch_plane(epo__batch *batch, epo__exposure *exposure, epo__role role, epo__plane **plane);
epo_status epo__batch_point(epo__batch *batch, size_t subject, epo__point **point);

/* A text kept with the batch; NULL without memory. */
const char *epo__batch_text(epo__batch *batch, const char *text);
const char *epo__batch_textf(epo__batch *batch, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets `constant` of a decoded plane, and counts it. */
void epo__batch_check_constant(epo__batch *batch, epo__plane *plane);

/* Marks an exposure as unusable, with the message of the last failure, and takes its planes away. */
void epo__batch_spoil(epo__batch *batch, epo__exposure *exposure);

/* True for an MJD at which a sky survey can have looked: 0 (1858) to 100000 (2132). */
bool epo__mjd_plausible(double mjd);

/* Sets the time of an exposure, and its night to the date of that time. An MJD that cannot be is kept as given only,
 * marked as suspect and counted. EPO_ENOMEM. */
epo_status epo__batch_time(epo__batch *batch, epo__exposure *exposure, double mjd);

/* The date of an MJD, kept with the batch; NULL without memory. */
const char *epo__batch_night(epo__batch *batch, double mjd);

#endif
