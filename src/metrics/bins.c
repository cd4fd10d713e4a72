/* SPDX-License-Identifier: BSD-3-Clause
 * bins.c - O'TRAIN's bins. */
#include "metrics/bins.h"

#include <math.h>

bool epo__bin_valid(double value)
{
    return isfinite(value) && value != 0 && value != 99;
}

bool epo__bin_edges(const double *values, size_t value_count, double top, double *edges, size_t count)
{
    double least = top;
    for (size_t i = 0; i < value_count; i++)
        if (epo__bin_valid(values[i]) && values[i] < least) least = values[i];
    if (!(least < top)) return false;
    const double step = (top - least) / (double)(count - 1);
    for (size_t i = 0; i + 1 < count; i++) edges[i] = (double)i * step + least;
    edges[count - 1] = top;
    edges[0] = fmin(least, 0);
    return true;
}

int epo__bin_find(const double *edges, size_t count, double value)
{
    if (!epo__bin_valid(value)) return -1;
    for (size_t i = 0; i + 1 < count; i++)
        if (edges[i] <= value && (value < edges[i + 1] || (i + 2 == count && value == edges[i + 1]))) return (int)i;
    return -1;
}
