/* SPDX-License-Identifier: BSD-3-Clause
 * curve.c - putting a light curve in order. */
#include "lightcurve/curve.h"

#include <stdbool.h>
#include <stdlib.h>

/* qsort promises no order among equals, and which of two points at the same time counts must not depend on it. */
static int by_time(const void *a, const void *b)
{
    const epo__curve_point *p = a, *q = b;
    if (p->mjd != q->mjd) return p->mjd < q->mjd ? -1 : 1;
    return (p->number > q->number) - (p->number < q->number);
}

size_t epo__curve_prepare(epo__curve_point *points, size_t n)
{
    bool sorted = true; /* most files are */
    for (size_t i = 0; i < n; i++) {
        points[i].number = i;
        sorted = sorted && (i == 0 || points[i - 1].mjd <= points[i].mjd);
    }
    if (!sorted) qsort(points, n, sizeof *points, by_time);
    size_t kept = n > 0;
    for (size_t i = 1; i < n; i++)
        if (points[i].mjd != points[kept - 1].mjd) points[kept++] = points[i];
    return kept;
}
