/* SPDX-License-Identifier: BSD-3-Clause
 * openmp.h - as many threads of OpenMP as were counted on.
 *
 * A parallel region may be given fewer threads than it asks for: by OMP_THREAD_LIMIT, by OMP_DYNAMIC (libgomp then looks at the
 * load), inside another region. oneDNN and OpenBLAS divide their work before and wait for every thread that was counted, some of
 * them for ever; a part that nobody takes is missing from the result. */
#ifndef EPO_NN_OPENMP_H
#define EPO_NN_OPENMP_H

/* `wanted`, or as many as a region begun here can have; at least 1. */
int epo__openmp_most(int wanted);

typedef struct epo__openmp {
    int threads, dynamic;
} epo__openmp;

/* From here on regions of the calling thread have `threads` threads, at most epo__openmp_most(threads), and never fewer. Returns what
 * was before, for epo__openmp_restore. */
epo__openmp epo__openmp_use(int threads);
void epo__openmp_restore(epo__openmp before);

#endif
