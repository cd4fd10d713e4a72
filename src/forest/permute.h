/* SPDX-License-Identifier: BSD-3-Clause
 * permute.h - what a feature is worth to a forest: how much accuracy falls when its values are dealt out anew among the
 * rows (Breiman 2001). */
#ifndef EPO_FOREST_PERMUTE_H
#define EPO_FOREST_PERMUTE_H

#include "forest/forest.h"

typedef struct epo__permuting {
    int repeats; /* 1 or more */
    uint64_t seed;
    int threads;
    const unsigned char *seen; /* as epo__forest_predict_unseen takes it: each row is judged by the trees that did not
                                  see it; NULL: by all */
    bool (*progress)(void *context, size_t features); /* false: stop, EPO_ECANCELLED. NULL: none */
    void *context;
} epo__permuting;

/* mean[f] and sd[f], over the repeats (sd with the number of them as divisor), of accuracy before less accuracy after;
 * *accuracy is that before. Rows without an unseen tree do not count. labels as for epo__forest_train. */
epo_status epo__forest_permute(const epo__forest *forest, const epo__matrix *rows, const int *labels,
                               const epo__permuting *how, double *mean, double *sd, double *accuracy);

#endif
