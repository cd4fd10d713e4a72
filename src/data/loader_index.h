/* SPDX-License-Identifier: BSD-3-Clause
 * loader_index.h - private to the loader: what there is to train on, without its pixels.
 *
 * Read once, when the loader opens. Afterwards nothing changes but what is learned of the pixels: raw stamps that are
 * kept, and facts of objects. Those are the same whoever finds them, and when. */
#ifndef EPO_DATA_LOADER_INDEX_H
#define EPO_DATA_LOADER_INDEX_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/rng.h"
#include "data/loader.h"
#include "store/stamps.h"

typedef struct epo__loader_stamp {
    int64_t id;
    double mjd;                      /* NaN unknown */
    _Atomic(unsigned char *) pixels; /* as stored, once kept */
    _Atomic double sky;              /* its location under the normaliser, NaN until found */
    float mag;                       /* NaN unknown */
    uint32_t crc32;
    uint16_t width, height;
    uint8_t type, role;
} epo__loader_stamp;

/* A night with its visits; for STAMP an exposure with its planes, in the order in which they enter. */
typedef struct epo__loader_night {
    size_t first, count; /* in stamps */
} epo__loader_night;

typedef struct epo__loader_object {
    int64_t id;
    size_t first_night, night_count;
    int label;
    bool transient;
    _Atomic bool damaged; /* counted as such */
    _Atomic bool known;   /* what follows is found */
    epo__sequence_scale scale;
    size_t peak; /* the night of greatest brightness */
} epo__loader_object;

/* What an epoch is drawn from: an object, or one exposure of it. */
typedef struct epo__loader_source {
    uint32_t object, night;
} epo__loader_source;

typedef struct epo__loader_index {
    epo__loader_options options; /* store, split, labels_as_of and classes NULL: they are not needed any more */
    epo__loader_stamp *stamps;
    epo__loader_night *nights;
    epo__loader_object *objects;
    epo__loader_source *sources; /* label after label; by object and night within */
    size_t *label_first;         /* [label_count + 1] in sources */
    size_t *of_label, *balanced;
    size_t stamp_count, night_count, object_count, source_count;
    size_t stamp_room, night_room, object_room;
    size_t most_nights;       /* of an object */
    size_t most_stamp_pixels; /* of one stamp */
    epo__loader_counts counts;
} epo__loader_index;

/* Everything but pixels of the objects that can be used. Options are those of epo__loader_open, checked. */
epo_status epo__loader_index_read(const epo__loader_options *options, epo_store *store, epo__loader_index *index);
void epo__loader_index_free(epo__loader_index *index);
size_t epo__loader_index_bytes(const epo__loader_index *index);

/* Triplets of an object's examples. */
size_t epo__loader_length(const epo__loader_index *index, size_t object);

/* The generator for one purpose, epoch and thing: every decision by chance has its own, so none depends on another. */
typedef enum epo__loader_purpose {
    EPO__CHANCE_COPIES = 1, /* which sources are copied by balancing; thing: label */
    EPO__CHANCE_ORDER,      /* of examples */
    EPO__CHANCE_BATCHES,    /* order of batches */
    EPO__CHANCE_VISITS,     /* thing: object */
    EPO__CHANCE_TURN        /* thing: stamp or object */
} epo__loader_purpose;

epo__rng epo__loader_chance(uint64_t seed, uint64_t epoch, epo__loader_purpose purpose, uint64_t thing);

#endif
