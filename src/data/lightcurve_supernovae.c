/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve_supernovae.c - supernovae: drawn from a volume until one is bright enough to be found, in a host whose light
 * they follow. */
#include <math.h>
#include <stdio.h>

#include "data/lightcurve_models.h"

/* Where one exploded. */
typedef struct event {
    double z, modulus, dust;  /* modulus and dust in mag */
    double peak_mag, peak_mjd;
} event;

static const double SPEED_OF_LIGHT = 299792.458, HUBBLE = 70, DECELERATION = -0.55; /* km/s, km/s/Mpc */
static const double FARTHEST = 0.15;     /* redshift: beyond, not even a Type Ia is found by the Catalina survey */
static const double FAINTEST_PEAK = 19.5, BRIGHTEST_PEAK = 13; /* its limit; nothing is nearer than that */

static double luminosity_distance(double z) /* Mpc, to second order in z */
{
    return SPEED_OF_LIGHT / HUBBLE * z * (1 + 0.5 * (1 - DECELERATION) * z);
}

/* A magnitude's place in the volume; its peak lies within ten days of a visit of the second year. */
static event draw_event(epo__rng *rng, const epo__times *times, double magnitude, double scatter)
{
    const double farthest = FARTHEST * pow(10, 0.2 * times->deeper), faintest = FAINTEST_PEAK + times->deeper;
    event e = {0};
    for (int i = 0; i < 2000; i++) {
        double absolute = magnitude + scatter * epo__rng_normal(rng);
        e.z = farthest * cbrt(1 - epo__rng_uniform(rng));
        e.modulus = 25 + 5 * log10(luminosity_distance(e.z));
        e.dust = -0.2 * log(1 - epo__rng_uniform(rng));
        e.peak_mag = absolute + e.modulus + e.dust;
        if (e.peak_mag < faintest && e.peak_mag > BRIGHTEST_PEAK) break;
    }
    e.peak_mjd = times->mjd[epo__times_trigger(times, rng)] + epo__draw_between(rng, -10, 10);
    return e;
}

/* The galaxy, placed so that the supernova lies where a piece of its light would by chance. */
static void draw_host(epo__rng *rng, const event *e, double elliptical, epo__host *host)
{
    const double absolute = epo__draw_normal(rng, -19.8, 1.3, -23, -15);
    const double kpc = 4.0 * pow(10, -0.2 * (absolute + 20)) * epo__draw_lognormal(rng, 1, 0.3, 0.3, 3);
    const double arcsec = kpc / (luminosity_distance(e->z) / ((1 + e->z) * (1 + e->z))) * 206.265;
    const epo__profile profile = epo__rng_uniform(rng) < elliptical ? EPO__DE_VAUCOULEURS : EPO__EXPONENTIAL;
    host->mag = absolute + e->modulus;
    host->shape = epo__draw_shape(rng, profile, fmin(arcsec / EPO__LIGHT_SCALE, 40));
    /* light within r of an exponential disc: the sum of two exponential draws has this distribution */
    const double r = -log((1 - epo__rng_uniform(rng)) * (1 - epo__rng_uniform(rng))) * host->shape.radius / 1.678;
    const double turn = epo__draw_between(rng, 0, 2 * M_PI), u = r * cos(turn), v = r * sin(turn) * host->shape.ratio;
    host->dx = -(u * cos(host->shape.angle) - v * sin(host->shape.angle));
    host->dy = -(u * sin(host->shape.angle) + v * cos(host->shape.angle));
}

static void describe(const char *type, const event *e, epo__light *out)
{
    snprintf(out->about, sizeof out->about, "SN %s, z %.3f, peak %.1f, MJD %.0f", type, e->z, e->peak_mag, e->peak_mjd);
}

/* A Type Ia in V: days from the peak, magnitudes below it. The rise up to -10 days is a fireball's, flux ~ t^2, from 17.5
 * days before the peak (Hayden et al. 2010, ApJ 712, 350); after the peak the knots were chosen for this simulator with
 * 0.64 mag in 15 days, and the cobalt tail. */
static const double ia_knots[][2] = {{-17.4, 8},   {-17, 6.6},  {-15, 3.1}, {-13, 1.82}, {-10, 0.71}, {-5, 0.15}, {0, 0},
                                     {5, 0.12},    {10, 0.34},  {15, 0.64}, {20, 0.97},  {25, 1.31},  {30, 1.62}, {40, 2.12},
                                     {60, 2.75},   {80, 3.27},  {100, 3.77}};

static double ia_below_peak(double t)
{
    const size_t last = sizeof ia_knots / sizeof *ia_knots - 1;
    if (t < ia_knots[0][0]) return INFINITY;
    if (t >= ia_knots[last][0]) return ia_knots[last][1] + 0.016 * (t - ia_knots[last][0]);
    size_t i = 0;
    while (t >= ia_knots[i + 1][0]) i++;
    return ia_knots[i][1] + (ia_knots[i + 1][1] - ia_knots[i][1]) * (t - ia_knots[i][0]) / (ia_knots[i + 1][0] - ia_knots[i][0]);
}

void epo__light_sn_ia(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double stretch = epo__draw_normal(rng, 1, 0.1, 0.7, 1.2);
    const event e = draw_event(rng, times, -19.3 + 1.5 * (1 - stretch), 0.15);
    draw_host(rng, &e, 0.3, &out->host);
    for (size_t i = 0; i < times->count; i++)
        mags[i] = e.peak_mag + ia_below_peak((times->mjd[i] - e.peak_mjd) / ((1 + e.z) * stretch));
    describe("Ia", &e, out);
}

/* Slopes in mag a day (Anderson et al. 2014, ApJ 786, 67: means of V-band Type II: 2.65, 1.27 and 1.47 mag in 100 days, an
 * optically thick phase of 84 days); rise and fall from the plateau chosen for this simulator. */
void epo__light_sn_ii(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double plateau = epo__draw_normal(rng, 0.0127, 0.009, 0, 0.04), early = plateau + 0.0138, length = epo__draw_normal(rng, 84, 17, 45, 130);
    const double rise = epo__draw_between(rng, 5, 12), drop = epo__draw_normal(rng, 1.8, 0.4, 0.8, 3);
    const event e = draw_event(rng, times, -16.74, 1.01);
    draw_host(rng, &e, 0, &out->host);
    for (size_t i = 0; i < times->count; i++) {
        double t = (times->mjd[i] - e.peak_mjd) / (1 + e.z) + rise, below = INFINITY; /* t from the explosion */
        if (t > 0 && t < rise) below = -2.5 * log10(1 - (1 - t / rise) * (1 - t / rise));
        if (t >= rise) {
            double since = t - rise, first = fmin(since, 30);
            below = early * first + plateau * (since - first);
            /* off the plateau within about 20 days; from there on the tail's own slope */
            below += drop / (1 + exp(-(t - length - 10) / 5));
            if (t > length + 10) below += (0.0147 - plateau) * (t - length - 10);
        }
        mags[i] = e.peak_mag + below;
    }
    describe("II", &e, out);
}

/* Rise and fall after Bazin et al. (2009, A&A 499, 653), scaled to 1 at its maximum; `tail` adds a slow remainder. */
static void bazin(const epo__times *times, const event *e, double rise, double fall, double tail, double *mags)
{
    const double to_peak = rise * log(fall / rise - 1); /* the maximum lies this long after t0 */
    const double top = exp(-to_peak / fall) / (1 + exp(-to_peak / rise));
    for (size_t i = 0; i < times->count; i++) {
        double t = (times->mjd[i] - e->peak_mjd) / (1 + e->z);
        if (t < -6 * rise) {
            mags[i] = INFINITY;
            continue;
        }
        double since = t + to_peak, flux = exp(-since / fall) / (1 + exp(-since / rise)) / top;
        if (t > 0) flux = (1 - tail) * flux + tail * exp(-t / 90);
        mags[i] = e->peak_mag - 2.5 * log10(flux);
    }
}

void epo__light_sn_ibc(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double width = epo__draw_lognormal(rng, 1, 0.2, 0.6, 1.7);
    const event e = draw_event(rng, times, -17.6, 0.9);
    draw_host(rng, &e, 0, &out->host);
    bazin(times, &e, 4.5 * width, 18 * width, 0.15, mags);
    describe("Ibc", &e, out);
}

void epo__light_sn_iin(epo__rng *rng, const epo__times *times, double *mags, epo__light *out)
{
    const double width = epo__draw_lognormal(rng, 1, 0.4, 0.4, 3);
    const event e = draw_event(rng, times, -18.5, 1.2);
    draw_host(rng, &e, 0, &out->host);
    bazin(times, &e, 8 * width, 60 * width, 0, mags);
    describe("IIn", &e, out);
}
