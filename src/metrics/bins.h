/* SPDX-License-Identifier: BSD-3-Clause
 * bins.h - O'TRAIN's bins of magnitudes and their errors. */
#ifndef EPO_METRICS_BINS_H
#define EPO_METRICS_BINS_H

#include <stdbool.h>
#include <stddef.h>

/* 99 and 0 stand for no value; neither is what is not finite. */
bool epo__bin_valid(double value);

/* numpy's linspace(least valid, top, count), then the first edge is 0. False, with nothing written, when there is no
 * valid value below top. count: 2 or more. */
bool epo__bin_edges(const double *values, size_t value_count, double top, double *edges, size_t count);

/* The bin of a value, edges[bin] <= value < edges[bin + 1], of the last bin <=; -1: none. */
int epo__bin_find(const double *edges, size_t count, double value);

#endif
