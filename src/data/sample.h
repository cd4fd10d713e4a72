/* SPDX-License-Identifier: BSD-3-Clause
 * sample.h - private to the loader: one example, from its entry in the plan to normalised planes.
 *
 * Which nights and visits it takes is a pure function of entry and epoch; pixels come from memory where they are kept
 * there, else from the store. */
#ifndef EPO_DATA_SAMPLE_H
#define EPO_DATA_SAMPLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "data/loader_index.h"
#include "data/loader_plan.h"

/* Raw stamps that stay in memory, shared by all threads. The first ones to come stay: every epoch goes through all of
 * them once, so that throwing out the oldest would throw out the one that is needed next. */
typedef struct epo__stamp_cache {
    pthread_mutex_t lock; /* of the numbers below, and of what becomes known of objects */
    size_t cap, used, count;
    uint64_t reads; /* stamps read from the store */
} epo__stamp_cache;

/* What one thread needs; all zeros with index and cache set is a new one. */
typedef struct epo__sampler {
    epo__loader_index *index;
    epo__stamp_cache *cache;
    epo_store *store; /* its own reading handle */
    bool in_view;     /* a transaction is open */
    epo__pixels pixels[EPO__STAMP_PLANES];
    epo__stamp_room room;
    float *raw, *turned, *all; /* a stamp; a plane; a plane a night of one object */
    size_t raw_room, turned_room, all_room;
    size_t *nights, *visits; /* of the example at hand: number of the night in the object, index into stamps */
    size_t nights_room, visits_room;
} epo__sampler;

/* Opens its store, with a small cache: a stamp is read once. */
epo_status epo__sampler_open(epo__sampler *sampler, const char *path);
void epo__sampler_free(epo__sampler *sampler);

/* The most memory that a sampler takes, its handle on the store included. */
size_t epo__sampler_bytes(const epo__loader_index *index);

/* Fills out (length x planes x height x width) and mjds (length x planes); *stamp as in a batch. EPO_EFORMAT when a
 * stamp that it needs cannot be used. */
epo_status epo__sample_make(epo__sampler *sampler, const epo__loader_entry *entry, uint64_t epoch, float *out,
                            double *mjds, int64_t *stamp);

/* Gives the view of the store up, so that its log can be written back. */
void epo__sampler_rest(epo__sampler *sampler);

#endif
