/* SPDX-License-Identifier: BSD-3-Clause
 * pixels.h - bad pixels and plain statistics of a run of float32 pixels (a plane, or several in a row).
 *
 * A pixel is bad when it is not finite. Files mark bad pixels in other ways too; epo__pixels_mask_outside turns those into
 * NaN first. Every statistic passes over bad pixels. */
#ifndef EPO_IMAGE_PIXELS_H
#define EPO_IMAGE_PIXELS_H

#include <stddef.h>

#include "epochal/status.h"
#include "image/work.h"

/* All in the pixels' unit. Sums are taken in double in the order of the pixels: the same bits on every run. */
typedef struct epo__pixel_stats {
    size_t count;    /* finite pixels; where it is 0, so are the numbers below */
    size_t bad;      /* the others */
    double min, max;
    double mean, sd; /* sd: population (divided by count); exactly 0 when all finite pixels are equal */
    double median;
    double mad;      /* median |x - median|, without the factor 1.4826 */
} epo__pixel_stats;

/* EPO_ENOMEM when the workspace cannot grow to `count` doubles. */
epo_status epo__pixels_stats(const float *pixels, size_t count, epo__image_work *work, epo__pixel_stats *out);

size_t epo__pixels_count_bad(const float *pixels, size_t count);

/* Sets pixels <= low and >= high, infinite ones among them, to NaN and returns their number. HiTS marks bad pixels with
 * -9999 and 99980000. */
size_t epo__pixels_mask_outside(float *pixels, size_t count, float low, float high);

#endif
