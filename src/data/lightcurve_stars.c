/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve_stars.c - flare stars, long-period and young variables, RR Lyrae; and what is no transient: constant stars,
 * mild variables, eclipsing binaries, galaxies. */
#include <math.h>
#include <stdio.h>

#include "data/lightcurve_models.h"

static void steady(const epo__times *times, double mag, double *mags)
{
    for (size_t i = 0; i < times->count; i++) mags[i] = mag;
}

/* The shape of a white-light flare: `t` from the peak in units of its full width at half maximum (Davenport et al. 2014,
 * ApJ 797, 122). */
static double flare_shape(double t)
{
    if (t < -1) return 0;
    if (t < 0) return 1 + t * (1.941 + t * (-0.175 + t * (-2.246 + t * -1.125)));
    return 0.6890 * exp(-1.600 * t) + 0.3030 * exp(-0.2783 * t);
}

static void add_flare(const epo__times *times, double quiet, double peak_mjd, double width, double amplitude, double *mags)
{
    const double gain = pow(10, 0.4 * amplitude) - 1; /* of the peak over the quiet star */
    for (size_t i = 0; i < times->count; i++) {
        double shape = flare_shape((times->mjd[i] - peak_mjd) / width);
        if (shape > 0) mags[i] = epo__mag_sum(mags[i], quiet - 2.5 * log10(gain * shape));
    }
}

void epo__light_flare_star(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double quiet = epo__draw_normal(rng, 19.3, 1, 16.5, 21.5) + times->fainter, minute = 1.0 / 1440;
    steady(times, quiet, mags);
    /* the flare that was noticed, and others that a visit meets by chance: one visit in 200 */
    const size_t trigger = epo__times_trigger(times, rng);
    double largest = fmax(0.5, quiet - (19 + times->fainter)) + epo__draw_lognormal(rng, 0.8, 0.7, 0.2, 5);
    for (size_t i = 0; i < times->count; i++) {
        const bool noticed = i == trigger;
        if (!noticed && epo__rng_uniform(rng) >= 0.005) continue;
        double width = epo__draw_lognormal(rng, 8, 0.7, 2, 60) * minute, delay = epo__draw_between(rng, 0, 0.5) * width;
        double amplitude = noticed ? largest : largest * epo__rng_uniform(rng);
        if (amplitude > 0.05) add_flare(times, quiet, times->mjd[i] - delay, width, amplitude, mags);
    }
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Flare star, quiet %.1f, MJD %.3f", quiet, times->mjd[trigger]);
}

/* Steeper on the rise than on the decline; `amplitude` from maximum to minimum. */
static void pulsate(epo__rng *rng, const epo__times *times, double mean, double amplitude, double period, double scatter, double *mags)
{
    const double phase = epo__rng_uniform(rng);
    for (size_t i = 0; i < times->count; i++) {
        double turn = 2 * M_PI * (times->mjd[i] / period + phase);
        mags[i] = mean + amplitude * (0.45 * sin(turn) - 0.12 * sin(2 * turn)) + scatter * epo__rng_normal(rng);
    }
}

static void long_period(epo__rng *rng, const epo__times *times, double mean, double amplitude, double period, const char *name,
                        double *mags, epo__light *out)
{
    pulsate(rng, times, mean, amplitude, period, 0, mags);
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "%s, mean %.1f, amplitude %.1f, period %.0f d", name, mean, amplitude, period);
}

void epo__light_mira(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mean = epo__draw_normal(rng, 15, 1.2, 13, 18) + times->fainter, amplitude = epo__draw_between(rng, 2.5, 5);
    const double period = epo__draw_lognormal(rng, 280, 0.3, 120, 600);
    long_period(rng, times, mean, amplitude, period, "Mira", mags, out);
}

void epo__light_semiregular(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mean = epo__draw_normal(rng, 15, 1.5, 13, 18.5) + times->fainter, amplitude = epo__draw_between(rng, 0.4, 1.8);
    const double period = epo__draw_lognormal(rng, 120, 0.6, 30, 600);
    long_period(rng, times, mean, amplitude, period, "Semiregular", mags, out);
}

void epo__light_young_star(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mean = epo__draw_normal(rng, 17.2, 1.2, 14, 19.2) + times->fainter, sigma = epo__draw_lognormal(rng, 0.35, 0.4, 0.15, 1);
    epo__damped_walk(rng, times, 1, epo__draw_lognormal(rng, 8, 0.7, 1, 60), mags);
    /* dust in front dims deeply and seldom, so the distribution leans to the faint side */
    for (size_t i = 0; i < times->count; i++) mags[i] = mean + sigma * (exp(0.6 * mags[i]) - 1) / 0.6;
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Young star, bright state about %.1f, sigma %.2f", mean, sigma);
}

void epo__light_rr_lyrae(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mean = epo__draw_normal(rng, 16.8, 1.2, 13.5, 19.2) + times->fainter, amplitude = epo__draw_between(rng, 0.5, 1.2);
    const double period = epo__draw_normal(rng, 0.57, 0.07, 0.4, 0.85);
    pulsate(rng, times, mean, amplitude, period, 0.02, mags);
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "RR Lyrae, mean %.1f, amplitude %.1f", mean, amplitude);
}

/* As bright as transients are, so that brightness alone tells nothing (TAO-Net's section 2.3). */
static double plain_mag(epo__rng *rng, const epo__times *times)
{
    return epo__draw_normal(rng, 18, 1.3, 13.5, 20.3) + times->fainter;
}

void epo__light_constant(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mag = plain_mag(rng, times);
    steady(times, mag, mags);
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Star, %.1f", mag);
}

void epo__light_mild(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mag = plain_mag(rng, times), amplitude = epo__draw_lognormal(rng, 0.1, 0.6, 0.03, 0.35);
    pulsate(rng, times, mag, amplitude, epo__draw_lognormal(rng, 2, 1.5, 0.06, 80), 0, mags);
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Mild variable, %.1f, amplitude %.2f", mag, amplitude);
}

void epo__light_eclipsing(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mag = plain_mag(rng, times), depth = epo__draw_between(rng, 0.1, 0.6), second = depth * epo__rng_uniform(rng);
    const double period = epo__draw_lognormal(rng, 1, 0.8, 0.25, 15), width = epo__draw_between(rng, 0.03, 0.09), phase = epo__rng_uniform(rng);
    for (size_t i = 0; i < times->count; i++) {
        double at = times->mjd[i] / period + phase, first = remainder(at, 1) / width, other = remainder(at + 0.5, 1) / width;
        mags[i] = mag + depth * exp(-0.5 * pow(first, 4)) + second * exp(-0.5 * pow(other, 4));
    }
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Eclipsing binary, %.1f, depth %.2f", mag, depth);
}

/* A W Ursae Majoris star: both stars fill their common envelope, so the light never rests, and the minima are nearly alike. */
void epo__light_contact(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mag = plain_mag(rng, times), depth = epo__draw_between(rng, 0.2, 0.8), second = depth * epo__draw_between(rng, 0.7, 1);
    const double period = epo__draw_lognormal(rng, 0.36, 0.25, 0.22, 0.8), phase = epo__rng_uniform(rng);
    for (size_t i = 0; i < times->count; i++) {
        const double turn = 2 * M_PI * (times->mjd[i] / period + phase), deep = 0.5 * (depth + second) + 0.5 * (depth - second) * cos(turn);
        mags[i] = mag + deep * (0.5 + 0.5 * cos(2 * turn));
    }
    out->host.mag = INFINITY;
    snprintf(out->about, sizeof out->about, "Contact binary, %.1f, depth %.2f, period %.3f d", mag, depth, period);
}

void epo__light_galaxy(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double mag = epo__draw_normal(rng, 18, 1.1, 14, 20) + times->fainter;
    epo__profile profile = epo__rng_uniform(rng) < 0.4 ? EPO__DE_VAUCOULEURS : EPO__EXPONENTIAL;
    steady(times, INFINITY, mags);
    out->host.mag = mag;
    out->host.shape = epo__draw_shape(rng, profile, epo__draw_lognormal(rng, 1.6 * pow(10, -0.15 * (mag - 18)), 0.4, 0.5, 12));
    snprintf(out->about, sizeof out->about, "Galaxy, %.1f", mag);
}
