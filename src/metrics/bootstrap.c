/* SPDX-License-Identifier: BSD-3-Clause
 * bootstrap.c - resampling by counts, and quantiles of what comes out. */
#include "metrics/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/rng.h"

double epo__quantile(const double *sorted, size_t count, double q)
{
    if (count == 0) return NAN;
    const double place = q * (double)(count - 1);
    const size_t below = (size_t)place;
    if (below + 1 >= count) return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

void epo__mean_sd(const double *values, size_t count, double *mean, double *sd)
{
    double sum = 0, squares = 0;
    size_t numbers = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        sum += values[i];
        numbers++;
    }
    *mean = numbers ? sum / (double)numbers : NAN;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i])) squares += (values[i] - *mean) * (values[i] - *mean);
    *sd = numbers ? sqrt(squares / (double)numbers) : NAN;
}

static void draw(const epo__bootstrap *b, size_t resample, uint32_t *weights)
{
    epo__rng rng = {.seed = b->seed, .stream = epo__rng_stream("bootstrap") + resample};
    memset(weights, 0, b->groups * sizeof *weights);
    for (size_t i = 0; i < b->groups; i++) weights[epo__rng_below(&rng, (uint32_t)b->groups)]++;
}

/* The interval of value v over `used` rows of measurements. */
static epo__interval interval_of(const double *rows, size_t used, size_t values, size_t v, double *room)
{
    size_t count = 0;
    for (size_t i = 0; i < used; i++)
        if (!isnan(rows[i * values + v])) room[count++] = rows[i * values + v];
    qsort(room, count, sizeof *room, epo__by_double);
    return (epo__interval){epo__quantile(room, count, 0.025), epo__quantile(room, count, 0.975)};
}

/* Share of the `used` rows in which value v has the other sign than `of`; no difference counts half. */
static double wrong_side(const double *rows, size_t used, size_t values, size_t v, double of)
{
    double wrong = 0, count = 0;
    for (size_t i = 0; i < used; i++) {
        const double value = rows[i * values + v];
        if (isnan(value)) continue;
        count++;
        wrong += value == 0 ? 0.5 : (value > 0) != (of > 0);
    }
    return count > 0 && (of < 0 || of > 0) ? wrong / count : NAN;
}

epo_status epo__bootstrap_run(const epo__bootstrap *b, epo__interval *out, size_t *passed_over)
{
    return epo__bootstrap_signs(b, NULL, out, NULL, passed_over);
}

epo_status epo__bootstrap_signs(const epo__bootstrap *b, const double *sample, epo__interval *out, double *wrong,
                                size_t *passed_over)
{
    *passed_over = 0;
    for (size_t v = 0; v < b->values; v++) {
        out[v] = (epo__interval){NAN, NAN};
        if (wrong) wrong[v] = NAN;
    }
    if (b->groups == 0 || b->resamples == 0) return EPO_OK;
    if (b->groups > UINT32_MAX) return epo__fail(EPO_ELIMIT, "%zu objects are too many to be resampled", b->groups);
    size_t cells, used = 0;
    uint32_t *weights = epo__alloc(b->groups, sizeof *weights);
    double *rows = epo__size_mul(b->resamples, b->values, &cells) ? epo__alloc(cells, sizeof *rows) : NULL;
    double *room = epo__alloc(b->resamples, sizeof *room);
    epo_status status = weights && rows && room ? EPO_OK : epo__nomem("resamples");
    for (size_t r = 0; status == EPO_OK && r < b->resamples; r++) {
        draw(b, r, weights);
        if (b->measure(b->context, weights, rows + used * b->values))
            used++;
        else
            ++*passed_over;
    }
    for (size_t v = 0; status == EPO_OK && v < b->values; v++) {
        out[v] = interval_of(rows, used, b->values, v, room);
        if (wrong && sample) wrong[v] = wrong_side(rows, used, b->values, v, sample[v]);
    }
    free(weights);
    free(rows);
    free(room);
    return status;
}
