/* SPDX-License-Identifier: BSD-3-Clause
 * pixels.c - bad pixels and plain statistics. */
#include "image/pixels.h"

#include <float.h>
#include <math.h>

#include "base/clones.h"
#include "image/median.h"

/* Copies the finite pixels to `room` and returns their number. */
static size_t collect(const float *pixels, size_t count, double *room)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(pixels[i])) room[kept++] = (double)pixels[i];
    return kept;
}

epo_status epo__pixels_stats(const float *pixels, size_t count, epo__image_work *work, epo__pixel_stats *out)
{
    *out = (epo__pixel_stats){.bad = count};
    epo_status status = epo__image_work_reserve(work, count);
    if (status) return status;
    double *room = work->room;
    size_t kept = collect(pixels, count, room);
    if (kept == 0) return EPO_OK;

    epo__pixel_stats stats = {.count = kept, .bad = count - kept, .min = room[0], .max = room[0]};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < kept; i++) {
        if (room[i] < stats.min) stats.min = room[i];
        if (room[i] > stats.max) stats.max = room[i];
        sum += room[i];
    }
    /* Up to 2^29 equal float32 values add up in a double without rounding, so that their sd is exactly 0. */
    stats.mean = sum / (double)kept;
    for (size_t i = 0; i < kept; i++) squares += (room[i] - stats.mean) * (room[i] - stats.mean);
    stats.sd = sqrt(squares / (double)kept);

    stats.median = epo__median(room, kept);
    collect(pixels, count, room); /* the median has used up the first copy */
    for (size_t i = 0; i < kept; i++) room[i] = fabs(room[i] - stats.median);
    stats.mad = epo__median(room, kept);
    *out = stats;
    return EPO_OK;
}

EPO_KERNEL size_t epo__pixels_count_bad(const float *pixels, size_t count)
{
    size_t bad = 0;
#pragma omp simd reduction(+ : bad)
    for (size_t i = 0; i < count; i++) bad += fabsf(pixels[i]) <= FLT_MAX ? 0 : 1;
    return bad;
}

size_t epo__pixels_mask_outside(float *pixels, size_t count, float low, float high)
{
    size_t masked = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(pixels[i] <= low || pixels[i] >= high)) continue;
        pixels[i] = NAN;
        masked++;
    }
    return masked;
}
