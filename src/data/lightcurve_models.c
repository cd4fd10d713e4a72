/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve_models.c - the table of kinds, and what they share. */
#include "data/lightcurve_models.h"

#include <math.h>
#include <string.h>

/* Shares: supernovae as in a magnitude-limited sample (Li et al. 2011, MNRAS 412, 1441), Type II split by choice; the
 * others were chosen for this simulator. */
const epo__light_kind epo__light_kinds[] = {
    {"blazar", "BZ", 1, epo__light_blazar},
    {"agn", "AGN", 1, epo__light_agn},
    {"dwarf-nova", "CV", 0.85, epo__light_dwarf_nova},
    {"polar", "CV", 0.15, epo__light_polar},
    {"sn-ia", "SN", 0.79, epo__light_sn_ia},
    {"sn-ii", "SN", 0.13, epo__light_sn_ii},
    {"sn-iin", "SN", 0.04, epo__light_sn_iin},
    {"sn-ibc", "SN", 0.04, epo__light_sn_ibc},
    {"flare-star", "OTHER", 0.45, epo__light_flare_star},
    {"mira", "OTHER", 0.10, epo__light_mira},
    {"semiregular", "OTHER", 0.15, epo__light_semiregular},
    {"young-star", "OTHER", 0.20, epo__light_young_star},
    {"rr-lyrae", "OTHER", 0.10, epo__light_rr_lyrae},
    {"constant-star", "NON", 0.50, epo__light_constant},
    {"mild-variable", "NON", 0.20, epo__light_mild},
    {"eclipsing", "NON", 0.05, epo__light_eclipsing},
    {"galaxy", "NON", 0.25, epo__light_galaxy},
    {"contact", "NON", 0, epo__light_contact},
    {NULL, NULL, 0, NULL},
};

const epo__light_kind *epo__light_kind_draw(const char *name, epo__rng *rng)
{
    const epo__light_kind *last = NULL;
    double left = epo__rng_uniform(rng);
    for (const epo__light_kind *kind = epo__light_kinds; kind->name; kind++) {
        if (strcmp(kind->name, name) == 0) return kind;
        if (strcmp(kind->class_name, name) != 0 || kind->share == 0) continue;
        last = kind;
        if ((left -= kind->share) < 0) break;
    }
    return last;
}

size_t epo__times_trigger(const epo__times *times, epo__rng *rng)
{
    size_t first = 0, end;
    while (first < times->count && times->mjd[first] < times->first_year_end) first++;
    for (end = first; end < times->count && times->mjd[end] < times->second_year_end;) end++;
    if (first == end) {
        first = 0;
        end = times->count;
    }
    return first + epo__rng_below(rng, (uint32_t)(end - first));
}

void epo__damped_walk(epo__rng *rng, const epo__times *times, double sigma, double tau, double *out)
{
    double x = sigma * epo__rng_normal(rng);
    for (size_t i = 0; i < times->count; i++) {
        if (i > 0) {
            double kept = exp(-(times->mjd[i] - times->mjd[i - 1]) / tau);
            x = x * kept + sigma * sqrt(1 - kept * kept) * epo__rng_normal(rng);
        }
        out[i] = x;
    }
}

double epo__draw_between(epo__rng *rng, double low, double high)
{
    return low + (high - low) * epo__rng_uniform(rng);
}

double epo__draw_normal(epo__rng *rng, double mean, double sd, double low, double high)
{
    /* the bounds in use hold most of the distribution, so this ends soon; the count guards against a careless caller */
    for (int i = 0; i < 100; i++) {
        double value = mean + sd * epo__rng_normal(rng);
        if (value >= low && value <= high) return value;
    }
    return 0.5 * (low + high);
}

double epo__draw_lognormal(epo__rng *rng, double median, double sd, double low, double high)
{
    return exp(epo__draw_normal(rng, log(median), sd, log(low), log(high)));
}

double epo__mag_sum(double a, double b)
{
    double brighter = fmin(a, b), fainter = fmax(a, b);
    if (isinf(fainter)) return brighter;
    return brighter - 2.5 * log10(1 + pow(10, 0.4 * (brighter - fainter)));
}

epo__galaxy epo__draw_shape(epo__rng *rng, epo__profile profile, double radius)
{
    /* discs are seen at any inclination, ellipticals are rounder */
    double least = profile == EPO__EXPONENTIAL ? 0.2 : 0.5, ratio = epo__draw_between(rng, least, 1);
    return (epo__galaxy){.profile = profile, .radius = radius, .ratio = ratio, .angle = epo__draw_between(rng, 0, M_PI)};
}
