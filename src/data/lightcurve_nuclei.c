/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve_nuclei.c - active nuclei: damped random walks in magnitude.
 *
 * Both kinds were selected for being variable, as CRTS's are, so their amplitudes lie above those of all quasars
 * (MacLeod et al. 2010, ApJ 721, 1014: time scales about 200 days); blazars vary more and faster (Ruan et al. 2012, ApJ
 * 760, 51). */
#include <math.h>
#include <stdio.h>

#include "data/lightcurve_models.h"

static void walk(epo__rng *rng, const epo__times *times, double mean, double sigma, double tau, double *mags)
{
    epo__damped_walk(rng, times, sigma, tau, mags);
    for (size_t i = 0; i < times->count; i++) mags[i] += mean;
}

void epo__light_agn(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mean = epo__draw_normal(rng, 18.7, 0.8, 16, 20.2) + times->fainter, sigma = epo__draw_lognormal(rng, 0.4, 0.35, 0.15, 1);
    const double tau = epo__draw_lognormal(rng, 200, 0.6, 40, 1500);
    out->host.mag = INFINITY;
    if (epo__rng_uniform(rng) < 0.5) { /* near enough for its galaxy to be seen */
        out->host.mag = mean + epo__draw_normal(rng, 0.3, 0.8, -1.5, 2);
        epo__profile profile = epo__rng_uniform(rng) < 0.5 ? EPO__DE_VAUCOULEURS : EPO__EXPONENTIAL;
        out->host.shape = epo__draw_shape(rng, profile, epo__draw_lognormal(rng, 1.6, 0.5, 0.5, 8));
    }
    walk(rng, times, mean, sigma, tau, mags);
    snprintf(out->about, sizeof out->about, "AGN, mean %.1f, sigma %.2f, tau %.0f d", mean, sigma, tau);
}

void epo__light_blazar(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mean = epo__draw_normal(rng, 19.2, 0.9, 16, 20.5) + times->fainter, sigma = epo__draw_lognormal(rng, 0.75, 0.3, 0.3, 1.5);
    const double tau = epo__draw_lognormal(rng, 40, 0.8, 5, 300);
    out->host.mag = INFINITY;
    if (epo__rng_uniform(rng) < 0.15) { /* a giant elliptical */
        out->host.mag = mean + epo__draw_normal(rng, 0.8, 0.5, -0.5, 2);
        out->host.shape = epo__draw_shape(rng, EPO__DE_VAUCOULEURS, epo__draw_lognormal(rng, 1.6, 0.4, 0.6, 6));
    }
    walk(rng, times, mean, sigma, tau, mags);
    snprintf(out->about, sizeof out->about, "Blazar, mean %.1f, sigma %.2f, tau %.0f d", mean, sigma, tau);
}
