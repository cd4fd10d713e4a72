/* SPDX-License-Identifier: BSD-3-Clause
 * pipeline.h - work split into chunks: filled in turn, worked on by several threads, delivered in the order filled.
 *
 *     fill (one thread at a time, in order)  ->  work (in parallel)  ->  deliver (one at a time, in the same order)
 *
 * Reading a file is serial, decoding and scoring are not, and output must come in input order: this is the shape of
 * `score`, `classify` and `import`. Memory is bounded by the number of chunks, which is one a thread.
 */
#ifndef EPO_BASE_PIPELINE_H
#define EPO_BASE_PIPELINE_H

#include <stdbool.h>

#include "epochal/status.h"

typedef struct epo__pipeline {
    void *context; /* handed to every function */
    void *(*make)(void *context);                 /* one reusable chunk; NULL when out of memory */
    void (*destroy)(void *context, void *chunk);
    /* Fills the chunk with the next piece of work, or sets *end. */
    epo_status (*fill)(void *context, void *chunk, bool *end);
    /* Works on one chunk; `worker` (0 .. threads-1) selects what a thread keeps to itself. */
    epo_status (*work)(void *context, void *chunk, int worker);
    epo_status (*deliver)(void *context, void *chunk);
} epo__pipeline;

/* Runs until `fill` ends or a function fails; the first failure in chunk order is returned with its message, after
 * every chunk before it was delivered. threads >= 1; with 1 everything runs on the calling thread. */
epo_status epo__pipeline_run(const epo__pipeline *pipeline, int threads);

#endif
