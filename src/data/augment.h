/* SPDX-License-Identifier: BSD-3-Clause
 * augment.h - the parts of augmentation: hosts as they are read, stars cut out, and one object made of them. */
#ifndef EPO_DATA_AUGMENT_H
#define EPO_DATA_AUGMENT_H

#include "data/batch.h"
#include "epochal/augment.h"
#include "formats/digest.h"
#include "image/inject.h"
#include "store/objects.h"

enum { EPO__AUGMENT_ROLES = 4, EPO__AUGMENT_STARS = 256 };
#define EPO__AUGMENT_PLANES "science,difference" /* where nothing else is said */

/* Objects in an order that a seed gives. */
typedef struct epo__augment_list {
    int64_t *ids; /* free() */
    size_t count, room;
    char digest[EPO__SHA256_TEXT]; /* of their names: other objects are another augmentation */
} epo__augment_list;

/* The objects of a split and class, but those of `survey` and those made by an augmentation. */
epo_status epo__augment_list_read(epo_store *store, const char *split, const char *class_name, const char *survey,
                                  uint64_t seed, const char *purpose, epo__augment_list *out);

/* An object with its stamps and their pixels; all zeros is an empty one, reused. */
typedef struct epo__augment_host {
    epo__object_row object;
    epo__stamp_list stamps; /* by time, the planes of an exposure side by side */
    epo__pool texts;
    const char *refused; /* why it cannot be read; else NULL */
    unsigned char *raw;  /* pixels of all stamps */
    size_t raw_size, raw_room;
    size_t *offsets; /* of each stamp's pixels in raw */
    size_t offset_room;
    epo__pixels pixels;
} epo__augment_host;

epo_status epo__augment_host_read(epo_store *store, int64_t id, epo__augment_host *host);
void epo__augment_host_free(epo__augment_host *host);

/* A stamp's pixels as float32, into *plane of *room floats. EPO_ENOMEM. */
epo_status epo__augment_plane(const epo__augment_host *host, size_t stamp, float **plane, size_t *room,
                              epo__raster *out);

/* Stars cut out, by width. */
typedef struct epo__augment_stars {
    epo__star_cut *cuts; /* EPO__AUGMENT_STARS */
    size_t count;
} epo__augment_stars;

/* Cuts stars from science stamps of the listed objects. EPO_ENOTFOUND: none would do; the message says why the last one
 * did not. */
epo_status epo__augment_stars_read(epo_store *store, const epo__augment_list *list, const epo_augment_options *options,
                                   epo__augment_stars *out);
void epo__augment_stars_free(epo__augment_stars *stars);

/* The star for an epoch: among the few that are nearest to `fwhm`, the one that `chance` (0 to 1) says; among all where
 * that is NaN. */
const epo__star_cut *epo__augment_star(const epo__augment_stars *stars, double fwhm, double chance);

/* What all objects share; read by all threads. */
typedef struct epo__augment_plan {
    const epo_augment_options *options;
    epo__role roles[EPO__AUGMENT_ROLES];
    size_t role_count;
    const epo__augment_stars *stars; /* NULL: rendered */
} epo__augment_plan;

/* Room of one thread; all zeros is empty. */
typedef struct epo__augment_room {
    struct epo__augment_epoch *epochs;
    size_t epoch_room;
    float *plane, *light;
    size_t plane_room, light_room;
    double *numbers;
    size_t number_room;
    epo__image_work work;
} epo__augment_room;

void epo__augment_room_free(epo__augment_room *room);

/* Adds object `number` to the batch: the host with a source, or (bogus) without. EPO_EFORMAT, with the reason and
 * nothing added, when the host will not do. */
epo_status epo__augment_make(const epo__augment_plan *plan, const epo__augment_host *host, uint64_t number, bool bogus,
                             epo__augment_room *room, epo__batch *out);

#endif
