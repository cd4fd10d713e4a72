/* SPDX-License-Identifier: BSD-3-Clause
 * builder.h - the inside of a plan builder, shared by builder.c, which fills it, and plan.c, which runs what it made.
 */
#ifndef EPO_NN_BUILDER_H
#define EPO_NN_BUILDER_H

#include "nn/plan.h"

typedef struct epo__step {
    epo__step_fn run;
    epo__release_fn release;
    void *state;
    enum { EPO__BY_SAMPLE, EPO__BY_GROUP, EPO__BY_ROWS } kind;
} epo__step;

enum { EPO__MAX_BLOCKS = 8 }; /* arena blocks alive at a time: a tensor, the next one, a few of a step's own */

struct epo__plan_builder {
    int batch, lanes, threads;
    const char *dropout; /* prefix of the names, or NULL */
    epo__precision precision;
    epo__tensor now;
    epo__pending pending;

    epo__step *steps;
    size_t step_count, step_capacity;

    struct {
        size_t offset, size;
    } blocks[EPO__MAX_BLOCKS]; /* sorted by offset */
    int block_count;
    size_t arena_size;   /* floats */
    size_t scratch_size; /* bytes */
    size_t row_size;     /* floats a sample in each row buffer */
    int group_wish;      /* samples in a lane's arena */
    epo__place last_rows; /* which of them was filled last; samples between rows and rows may still be reading it */
};

void epo__steps_release(epo__step *steps, size_t count);

#endif
