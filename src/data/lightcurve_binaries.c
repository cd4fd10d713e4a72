/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve_binaries.c - cataclysmic variables: dwarf novae in outburst and quiescence, polars in high and low states. */
#include <math.h>
#include <stdio.h>

#include "data/lightcurve_models.h"

/* What one dwarf nova keeps from outburst to outburst. */
typedef struct dwarf_nova {
    double quiet, peak;           /* mag */
    double recurrence;            /* days from outburst to outburst, on average */
    double rise, plateau, decline; /* mag/day, days, mag/day */
    double super;                 /* share of superoutbursts, which stay up for two weeks */
} dwarf_nova;

/* Magnitudes below the peak, `t` days after the outburst reached it. */
static double below_peak(const dwarf_nova *d, double t, double plateau, double slope)
{
    if (t < 0) return -t * d->rise;
    if (t < plateau) return t * slope;
    return plateau * slope + (t - plateau) * d->decline;
}

/* Adds the light of one outburst to magnitudes that hold the quiescent star. */
static void add_outburst(const dwarf_nova *d, const epo__times *times, double start, double plateau, double slope, double peak, double *mags)
{
    for (size_t i = 0; i < times->count; i++) {
        double below = below_peak(d, times->mjd[i] - start, plateau, slope);
        if (below < 12) mags[i] = epo__mag_sum(mags[i], peak + below);
    }
}

void epo__light_dwarf_nova(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    dwarf_nova d = {.quiet = epo__draw_normal(rng, 20.3, 1.3, 17, 23) + times->fainter};
    const double amplitude = epo__draw_normal(rng, 3.8, 1.1, 2, 8);
    const double limit = 19 + times->fainter;
    d.peak = fmax(d.quiet - amplitude, 12.5 + times->fainter);
    if (d.peak > limit) { /* it was found in outburst */
        d.quiet -= d.peak - limit;
        d.peak = limit;
    }
    /* rare and large outbursts go together (the Kukarkin-Parenago relation, of which the scatter is large) */
    d.recurrence = epo__draw_lognormal(rng, 110 * pow(10, 0.15 * (amplitude - 3.8)), 0.7, 15, 2000);
    d.rise = epo__draw_between(rng, 1.5, 4);
    d.plateau = epo__draw_between(rng, 0.5, 4);
    d.decline = epo__draw_between(rng, 0.3, 1);
    d.super = epo__rng_uniform(rng) < 0.6 ? 0.2 : 0; /* an SU Ursae Majoris star, or not */
    for (size_t i = 0; i < times->count; i++) mags[i] = d.quiet + 0.15 * epo__rng_normal(rng);

    const double seen = times->mjd[epo__times_trigger(times, rng)] - epo__draw_between(rng, 0, d.plateau);
    const double first = times->mjd[0] - 60, last = times->mjd[times->count - 1];
    for (int direction = 1; direction >= -1; direction -= 2) {
        double start = seen;
        for (int n = 0;; n++) {
            if (n > 0 || direction < 0) /* the one that was seen is drawn once */
                start += direction * d.recurrence * (0.5 - 0.5 * log(1 - epo__rng_uniform(rng)));
            if (start > last + 10 || start < first) break;
            const bool super = epo__rng_uniform(rng) < d.super;
            const double plateau = super ? epo__draw_between(rng, 9, 15) : d.plateau;
            const double peak = d.peak + (super ? -0.5 : 0) + 0.15 * epo__rng_normal(rng);
            add_outburst(&d, times, start, plateau, super ? 0.11 : 0.05, peak, mags);
        }
    }
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Dwarf nova, quiescence %.1f, outburst %.1f, every %.0f d", d.quiet, d.peak, d.recurrence);
}

void epo__light_polar(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double high = epo__draw_normal(rng, 17.6, 1, 15, 19.2) + times->fainter, step = epo__draw_between(rng, 1, 3);
    const double stay = epo__draw_lognormal(rng, 200, 0.6, 40, 1000), orbit = epo__draw_between(rng, 0.07, 0.17);
    const double beam = epo__draw_between(rng, 0.1, 0.5);
    bool up = epo__rng_uniform(rng) < 0.5;
    double change = times->mjd[0] - stay * log(1 - epo__rng_uniform(rng));
    const size_t trigger = epo__times_trigger(times, rng);
    for (size_t i = 0; i < times->count; i++) {
        while (times->mjd[i] > change) {
            up = !up;
            change -= stay * log(1 - epo__rng_uniform(rng));
        }
        mags[i] = high + (up || i == trigger ? 0 : step) + beam * sin(2 * M_PI * times->mjd[i] / orbit) + 0.08 * epo__rng_normal(rng);
    }
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Polar, high state %.1f, low state %.1f", high, high + step);
}
