/* SPDX-License-Identifier: BSD-3-Clause
 * median.h - the median in linear time, whatever the values. */
#ifndef EPO_IMAGE_MEDIAN_H
#define EPO_IMAGE_MEDIAN_H

#include <stddef.h>

/* The factor that makes the median absolute deviation of a normal distribution its standard deviation, to the four
 * digits that the published systems use. */
#define EPO_MAD_TO_SIGMA 1.4826

/* The median of `count` >= 1 numbers, none of them NaN; of an even count, the mean of the middle two (as numpy). The
 * array is used as room: afterwards it holds nothing of use. */
double epo__median(double *values, size_t count);

#endif
