/* SPDX-License-Identifier: BSD-3-Clause
 * schedule.h - learning rates, as pure functions of what was seen so far: nothing to save but the numbers. */
#ifndef EPO_NN_SCHEDULE_H
#define EPO_NN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum epo__schedule_kind {
    EPO_SCHEDULE_CONSTANT,
    EPO_SCHEDULE_STEP,    /* times `factor` after every `every` units */
    EPO_SCHEDULE_COSINE,  /* from 1 down to `floor` over `every` units (Loshchilov & Hutter 2017), then `floor` */
    EPO_SCHEDULE_PLATEAU, /* the plateau's scale, see below */
} epo__schedule_kind;

/* Time is counted in whatever unit the caller likes, steps or epochs, warm-up in the same. */
typedef struct epo__schedule {
    epo__schedule_kind kind;
    uint64_t every;    /* at least 1 for step and cosine */
    double factor;     /* step, plateau: 0 to 1 */
    double floor;      /* smallest part of the rate, 0 to 1: cosine, plateau */
    uint64_t warmup;   /* units over which the rate rises linearly: (time + 1) / (warmup + 1) of it; the rest follows */
    uint64_t patience; /* plateau: reports without progress that are borne */
    double threshold;  /* plateau: part by which a report must be better than the best */
} epo__schedule;

/* What a plateau has seen. EPO__PLATEAU_START before the first report; save it with a checkpoint. */
typedef struct epo__plateau {
    double scale, best;
    uint64_t bad; /* reports since the best, or since the rate was last lowered */
    bool any;
} epo__plateau;
#define EPO__PLATEAU_START ((epo__plateau){.scale = 1})

/* After a report (a loss: lower is better; not-a-number counts as no progress), as PyTorch's ReduceLROnPlateau. */
epo__plateau epo__plateau_next(const epo__schedule *schedule, epo__plateau seen, double report);

/* The part of the base rate at `time` (0: the first unit). plateau: NULL unless the kind asks for it. */
double epo__schedule_part(const epo__schedule *schedule, const epo__plateau *plateau, uint64_t time);

#endif
