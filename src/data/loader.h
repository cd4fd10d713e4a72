/* SPDX-License-Identifier: BSD-3-Clause
 * loader.h - training batches from a store: which nights, which visits, in which order, and their normalised planes.
 *
 *     epo__loader_open(&options, &loader);
 *     for each epoch:
 *         epo__loader_start(loader, epoch, 0);                    or at any batch, to resume
 *         while (epo__loader_next(loader, &batch) == EPO_OK && batch) train on it;
 *     epo__loader_free(loader);                                   at any time
 *
 * Every batch is a pure function of the store's contents, the options, the epoch and the batch's number: neither the
 * number of threads, nor the memory cap, nor what was asked for before changes a bit of it. Threads of the loader
 * prepare batches ahead. A loader is used by one thread at a time.
 *
 * Examples
 *
 *   TRIPLET   `planes` nights of one object as one sample: the encoder alone. Length 1.
 *   SEQUENCE  all triplets of an object, each `planes` nights that follow each other, the next one beginning `stride`
 * nights later: length (nights - planes) / stride + 1. Batches hold examples of similar length. FIXED     `nights`
 * nights of each object, then as SEQUENCE: the middle ones of a longer sequence (of an odd excess the extra night is
 * lost at the end), and a shorter one is extended by its first night in front and its last one behind (of an odd lack
 * the extra one behind). STAMP     one exposure, its planes by role (data/stamp_input.h). Length 1.
 *
 * In the first three a night is one science epoch that is not constant, its visit; a night with several offers a
 * choice. Without `training` it is the first visit (data/sequence.h), the same in every epoch. In training visits are
 * drawn at random, anew in each epoch. Balancing gives every label as many examples as the largest has: each object of
 * a smaller one comes as often as that allows, some, by chance, once more. Copies within an epoch run through the
 * combinations of visits (of a TRIPLET first through its windows) from a random one on, so that they differ from each
 * other as long as there is a choice; an object without repeats is repeated as it is, but for turns.
 *
 * The nights of a TRIPLET
 *
 *   EPO__NIGHTS_FREE  looks at no label: a window of nights that follow each other, in training at random, else the
 * middle one. EPO__NIGHTS_PEAK  the paper's rule, which looks at the label, and so measures itself in part: for classes
 * marked transient the night of greatest brightness in the middle of a window of nights that follow each other (moved
 *             inwards at the ends), for the others the first, middle and last night (evenly spread when planes is not
 * 3). Brightness is the magnitude that came with the stamps; where there is none, that of the light curve
 *             ("given", within half a day of a night); else the flux within 3 pixels of the centre above the median.
 *
 * Normalisation. Under scope sequence the scale is the object's: found once from all its nights, each by its first
 * visit, so that it depends neither on the kind of example nor on chance; the sky is taken off plane by plane. Nights
 * smaller than the planes are padded about their centre by pixels that count as missing, and come out as 0; a STAMP is
 * padded as its rule says. Turns and flips are the same for all planes and nights of an example, and are as if the sky
 * had been photographed so.
 */
#ifndef EPO_DATA_LOADER_H
#define EPO_DATA_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/stamp_input.h"
#include "epochal/status.h"
#include "image/normalise.h"

typedef enum epo__example_kind {
    EPO__EXAMPLE_TRIPLET,
    EPO__EXAMPLE_SEQUENCE,
    EPO__EXAMPLE_FIXED,
    EPO__EXAMPLE_STAMP
} epo__example_kind;

typedef enum epo__night_rule { EPO__NIGHTS_FREE, EPO__NIGHTS_PEAK } epo__night_rule;

/* A class of the store and the output it is trained as; several may share one. */
typedef struct epo__loader_class {
    const char *name;
    int label;      /* 0 .. label_count-1 */
    bool transient; /* for EPO__NIGHTS_PEAK */
} epo__loader_class;

/* Everything is copied: it need not outlive the call. */
typedef struct epo__loader_options {
    const char *store; /* path */
    const char *split; /* "NAME:PART" or "NAME"; NULL takes all objects */
    const char *labels_as_of; /* a date or time (epochal/store.h); NULL: the last labels */
    const epo__loader_class *classes;
    size_t class_count; /* objects of other classes, or of none, are left out */
    int label_count;

    epo__example_kind kind;
    epo__stamp_rule rule; /* planes, their sizes, normaliser, padding; roles and difference plane for STAMP only */
    epo__night_rule nights_by;
    int stride; /* SEQUENCE and FIXED: 1 .. planes; 0 stands for planes: triplets that follow each other */
    int nights; /* FIXED: at least planes */

    bool training; /* shuffled, visits and windows by chance; false: the same examples each time, by object id */
    bool balance;  /* training: see above */
    bool turns;    /* training: flips and quarter turns; the rule's planes must be square */
    uint64_t seed;
    int batch;     /* examples in a batch; the last one of an epoch may be smaller */
    int threads;   /* that prepare batches; 0 stands for 1 */
    size_t memory; /* bytes: cap on index, prepared batches, room of the threads and raw stamps kept for later
                       epochs; 0 stands for 512 MiB */
} epo__loader_options;

/* What one epoch holds, and what is left out of it. */
typedef struct epo__loader_counts {
    size_t objects;           /* used */
    size_t examples, batches; /* of each epoch; with damaged stamps there may be fewer */
    size_t label_count;
    const size_t *of_label; /* examples before balancing, by label */
    const size_t *balanced; /* examples of each epoch, by label */
    size_t triplets;        /* of each epoch, 0 where that depends on the epoch: balanced sequences of varying length */
    size_t longest;         /* triplets of the longest example */
    size_t other_class;     /* objects left out: of no class, or one that is not in the list */
    size_t too_few_nights;  /* objects left out: fewer than `planes` nights */
    size_t no_planes;       /* STAMP: exposures left out that lack a plane or have planes of different sizes */
} epo__loader_counts;

/* What it took so far. */
typedef struct epo__loader_use {
    size_t memory_peak;        /* bytes, of what `memory` caps */
    size_t cached_stamps;      /* raw stamps in memory */
    uint64_t store_reads;      /* stamps read from the file */
    size_t damaged_objects;    /* with a stamp that cannot be used; examples that touch it are left out */
    const char *damaged_first; /* what is wrong with the first one met, "" none; valid until the loader is freed */
} epo__loader_use;

/* Examples of a batch, the longest first. */
typedef struct epo__loader_batch {
    uint64_t epoch;
    size_t number;          /* of the batch in its epoch; resume with number + 1 */
    size_t count;           /* examples, at least 1 */
    size_t triplets;        /* the sum of lengths */
    const int *lengths;     /* [count] */
    const int *labels;      /* [count] */
    const int64_t *objects; /* [count] ids in the store */
    const int64_t *stamps;  /* [count] STAMP: id of the exposure's first plane; else 0 */
    const float *planes;    /* [triplets x planes x height x width] normalised, example after example; 64-byte border */
    const double *mjds;     /* [triplets x planes] of each night, days; the night's number where no time is known */
} epo__loader_batch;

typedef struct epo__loader epo__loader;

/* Reads the index of the store (no pixels) and starts the threads. EPO_EARG: options that cannot be. EPO_ENOTFOUND: no
 * such store or split, or nothing to train on, with the reasons counted. EPO_ELIMIT: the cap is too small for the index
 * and two batches; the message tells how much they need. */
epo_status epo__loader_open(const epo__loader_options *options, epo__loader **out);

/* Also while batches are being prepared. NULL is fine. */
void epo__loader_free(epo__loader *loader);

const epo__loader_counts *epo__loader_count(const epo__loader *loader);
void epo__loader_used(epo__loader *loader, epo__loader_use *out);

/* Begins the epoch at batch first_batch (0 .. batches; at `batches` the epoch is over at once). EPO_EARG beyond. */
epo_status epo__loader_start(epo__loader *loader, uint64_t epoch, size_t first_batch);

/* The next batch, borrowed until the next call on this loader; *out is NULL when the epoch is over. A batch without any
 * usable example is passed over. After a failure, and before a start, nothing comes: EPO_EARG. */
epo_status epo__loader_next(epo__loader *loader, const epo__loader_batch **out);

#endif
