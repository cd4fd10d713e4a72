/* SPDX-License-Identifier: BSD-3-Clause
 * normalise_kinds.c - the formulas of the kinds, in the order of the table in normalise.h. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clones.h"
#include "image/median.h"
#include "image/normalise_kind.h"

/* --- locations -------------------------------------------------------------------------------------------------- */

static double mean_location(const float *pixels, size_t count, double *room)
{
    (void)room;
    double sum = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(pixels[i])) continue;
        sum += (double)pixels[i];
        used++;
    }
    /* Up to 2^29 equal float32 values add up in a double without rounding: the mean of a constant plane is its value,
     * its residuals are exactly 0, and no rounding error becomes a scale. */
    return used ? sum / (double)used : 0;
}

static double min_location(const float *pixels, size_t count, double *room)
{
    (void)room;
    double low = HUGE_VAL;
    for (size_t i = 0; i < count; i++)
        if (isfinite(pixels[i]) && (double)pixels[i] < low) low = (double)pixels[i];
    return low < HUGE_VAL ? low : 0;
}

double epo__median_location(const float *pixels, size_t count, double *room)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(pixels[i])) room[used++] = (double)pixels[i];
    return used ? epo__median(room, used) : 0;
}

/* --- scales: all from residuals, x - location of the pixel's own piece -------------------------------------------- */

/* Sum of r^2 of a piece, and how many of its pixels are finite. Four sums side by side, whatever the width of vectors: one
 * alone waits for each addition, and with as many as fit the processor would decide how the sum is rounded. */
EPO_KERNEL static double piece_squares(const float *pixels, size_t count, double location, size_t *used)
{
    enum { LANES = 4 };
    double sums[LANES] = {0};
    int64_t finite[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            const bool good = fabsf(pixels[i + k]) <= FLT_MAX;
            const double r = good ? (double)pixels[i + k] - location : 0;
            sums[k] += r * r;
            finite[k] += good;
        }
    for (; i < count; i++) {
        const bool good = fabsf(pixels[i]) <= FLT_MAX;
        const double r = good ? (double)pixels[i] - location : 0;
        sums[i % LANES] += r * r;
        finite[i % LANES] += good;
    }
    *used += (size_t)(finite[0] + finite[1] + finite[2] + finite[3]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Sum of r^2, and through *used the number of finite pixels. */
static double residual_squares(const epo__pixel_group *group, size_t *used)
{
    double sum = 0;
    *used = 0;
    for (size_t p = 0; p < group->pieces; p++)
        sum += piece_squares(group->pixels + p * group->piece_size, group->piece_size, group->locations[p], used);
    return sum;
}

/* The smallest and the largest residual strictly between -bound and bound; both 0 where there is none. */
static void residual_range(const epo__pixel_group *group, double bound, double *low, double *high)
{
    *low = HUGE_VAL;
    *high = -HUGE_VAL;
    for (size_t p = 0; p < group->pieces; p++) {
        const float *pixels = group->pixels + p * group->piece_size;
        double location = group->locations[p];
        for (size_t i = 0; i < group->piece_size; i++) {
            double r = (double)pixels[i] - location;
            if (!isfinite(r) || !(fabs(r) < bound)) continue;
            if (r < *low) *low = r;
            if (r > *high) *high = r;
        }
    }
    if (*low > *high) *low = *high = 0;
}

static double residual_sd(const epo__pixel_group *group)
{
    size_t used;
    double squares = residual_squares(group, &used);
    return used ? sqrt(squares / (double)used) : 0;
}

static void norm_scale(const epo__pixel_group *group, double *shift, double *scale)
{
    size_t used;
    *shift = 0;
    *scale = sqrt(residual_squares(group, &used));
}

static void sd_scale(const epo__pixel_group *group, double *shift, double *scale)
{
    *shift = 0;
    *scale = residual_sd(group);
}

static void sigma3_scale(const epo__pixel_group *group, double *shift, double *scale)
{
    double sd = residual_sd(group);
    *shift = 3 * sd;
    *scale = 6 * sd;
}

static void sigma3code_scale(const epo__pixel_group *group, double *shift, double *scale)
{
    double low, high;
    residual_range(group, 3 * residual_sd(group), &low, &high);
    *shift = -low;
    *scale = high - low;
}

static void max_scale(const epo__pixel_group *group, double *shift, double *scale)
{
    double low, high;
    residual_range(group, HUGE_VAL, &low, &high);
    *shift = 0;
    *scale = high;
}

/* The difference planes are taken as they are, around 0: the image subtraction has removed the sky. */
static void mad_scale(const epo__pixel_group *group, double *shift, double *scale)
{
    size_t used = 0;
    for (size_t k = 0; k < group->reference_count; k++) {
        const float *pixels = group->reference + k * group->reference_stride;
        for (size_t i = 0; i < group->plane_size; i++)
            if (isfinite(pixels[i])) group->room[used++] = fabs((double)pixels[i]);
    }
    *shift = 0;
    *scale = used ? EPO_MAD_TO_SIGMA * epo__median(group->room, used) : 0;
}

static void noise_scale(const epo__pixel_group *group, double *shift, double *scale)
{
    size_t used = 0;
    for (size_t p = 0; p < group->pieces; p++) {
        const float *pixels = group->pixels + p * group->piece_size;
        for (size_t i = 0; i < group->piece_size; i++)
            if (isfinite(pixels[i])) group->room[used++] = fabs((double)pixels[i] - group->locations[p]);
    }
    *shift = 0;
    *scale = used ? EPO_MAD_TO_SIGMA * epo__median(group->room, used) : 0;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const epo__normalise_kind none = {
    .name = "none", .help = "pixels as they are", .scope = EPO_SCOPE_PLANE, .sky = true};

static const epo__normalise_kind l2 = {
    .name = "l2", .help = "divided by the L2 norm", .scope = EPO_SCOPE_PLANE, .scoped = true, .sky = true,
    .scale = norm_scale};

static const epo__normalise_kind l2row = {
    .name = "l2row", .help = "each row divided by its own L2 norm", .scope = EPO_SCOPE_ROW, .scale = norm_scale};

static const epo__normalise_kind zscore = {
    .name = "zscore", .help = "mean 0, standard deviation 1", .scope = EPO_SCOPE_PLANE, .scoped = true,
    .location = mean_location, .scale = sd_scale};

static const epo__normalise_kind sigma3 = {
    .name = "sigma3", .help = "mean -+ 3 sigma to 0..1", .scope = EPO_SCOPE_PLANE, .scoped = true,
    .location = mean_location, .scale = sigma3_scale};

static const epo__normalise_kind sigma3code = {
    .name = "sigma3code", .help = "smallest and largest pixel strictly within mean -+ 3 sigma to 0..1",
    .scope = EPO_SCOPE_PLANE, .scoped = true, .location = mean_location, .scale = sigma3code_scale};

static const epo__normalise_kind minmax = {
    .name = "minmax", .help = "smallest and largest pixel to 0..1", .scope = EPO_SCOPE_PLANE, .scoped = true,
    .location = min_location, .scale = max_scale};

static const epo__normalise_kind mad = {
    .name = "mad", .help = "divided by 1.4826 median|x| of the difference plane", .scope = EPO_SCOPE_STAMP,
    .scoped = true, .needs_difference = true, .scale = mad_scale};

/* libm's asinh is twice as slow and good to more digits than a float shows: this one is within 3e-12 of it. The first
 * terms of the series where the logarithm would lose them. */
static double fast_asinh(double x)
{
    double size = fabs(x);
    if (size < 1e-4) return x - x * x * x / 6;
    return copysign(log(size + sqrt(size * size + 1)), x);
}

static const epo__normalise_kind asinh_kind = {
    .name = "asinh", .help = "asinh of (x - median) / (1.4826 median|x - median|)", .scope = EPO_SCOPE_SEQUENCE,
    .scoped = true, .location = epo__median_location, .scale = noise_scale, .curve = fast_asinh};

const epo__normalise_kind *const epo__normalise_kinds[] = {
    &none, &l2, &l2row, &zscore, &sigma3, &sigma3code, &minmax, &mad, &asinh_kind, NULL,
};
