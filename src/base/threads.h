/* SPDX-License-Identifier: BSD-3-Clause
 * threads.h - how many threads to use. */
#ifndef EPO_BASE_THREADS_H
#define EPO_BASE_THREADS_H

/* `wanted`, or the processors this process may use when it is 0; at least 1, at most 256. */
int epo__threads(int wanted);

#endif
