/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_sky.c - fields, nights and visits.
 *
 * Nights are drawn without repeats from the days of a cadence, each with a weight: none by full moon, in the monsoon, or when
 * the dome is closed; more near opposition. Drawing n weighted items is keeping the n smallest of exponential keys
 * (Efraimidis & Spirakis 2006, Inf. Process. Lett. 97, 181). Or they follow each other in one dark run. Sun and moon move by the low-precision formulae of the
 * Astronomical Almanac, moonlight is that of Krisciunas & Schaefer (1991, PASP 103, 1033). */
#include "data/simulate_sky.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/lightcurve_models.h"

static const double DEGREE = M_PI / 180;

epo__rng epo__simulate_rng(uint64_t seed, const char *purpose, uint64_t number)
{
    /* the multiplier (a prime near 2^64 / golden ratio) keeps the streams of neighbouring purposes apart */
    return (epo__rng){.seed = seed, .stream = epo__rng_stream(purpose) + number * 0x9E3779B97F4A7C15u};
}

/* --- sun and moon ---------------------------------------------------------------------------------------------------- */

typedef struct place {
    double ra, dec; /* radians */
} place;

static place from_ecliptic(double longitude, double latitude) /* degrees */
{
    const double tilt = 23.44 * DEGREE, l = longitude * DEGREE, b = latitude * DEGREE;
    const double x = cos(b) * cos(l), y = cos(tilt) * cos(b) * sin(l) - sin(tilt) * sin(b),
                 z = sin(tilt) * cos(b) * sin(l) + cos(tilt) * sin(b);
    return (place){atan2(y, x), asin(z)};
}

static double sun_longitude(double mjd)
{
    const double n = mjd - 51544.5, g = (357.528 + 0.9856003 * n) * DEGREE;
    return 280.460 + 0.9856474 * n + 1.915 * sin(g) + 0.020 * sin(2 * g);
}

static place sun_at(double mjd)
{
    return from_ecliptic(sun_longitude(mjd), 0);
}

static place moon_at(double mjd)
{
    const double n = mjd - 51544.5;
    return from_ecliptic(218.316 + 13.176396 * n + 6.289 * sin((134.963 + 13.064993 * n) * DEGREE),
                         5.128 * sin((93.272 + 13.229350 * n) * DEGREE));
}

static double separation(place a, place b) /* radians */
{
    double c = sin(a.dec) * sin(b.dec) + cos(a.dec) * cos(b.dec) * cos(a.ra - b.ra);
    return acos(fmax(-1, fmin(1, c)));
}

double epo__moon_lit(double mjd)
{
    return 0.5 * (1 - cos(separation(sun_at(mjd), moon_at(mjd))));
}

/* Cosine of the zenith distance of a place at an MJD. */
static double height_of(const epo__site *site, place p, double mjd)
{
    const double sidereal = (280.461 + 360.985647 * (mjd - 51544.5) + site->longitude) * DEGREE, phi = site->latitude * DEGREE;
    return sin(phi) * sin(p.dec) + cos(phi) * cos(p.dec) * cos(sidereal - p.ra);
}

/* Moonlight in nanolamberts at a place seen at `air` (Krisciunas & Schaefer's equations 3, 15, 20, 21). */
static double moonlight(const epo__site *site, place p, double mjd, double air)
{
    const place moon = moon_at(mjd);
    const double height = height_of(site, moon, mjd);
    if (height <= 0) return 0;
    const double phase = 180 - separation(sun_at(mjd), moon) / DEGREE, rho = fmax(separation(p, moon) / DEGREE, 10);
    const double outside = pow(10, -0.4 * (3.84 + 0.026 * phase + 4e-9 * pow(phase, 4)));
    const double scatter = pow(10, 5.36) * (1.06 + pow(cos(rho * DEGREE), 2)) + pow(10, 6.15 - rho / 40);
    const double moon_air = 1 / sqrt(1 - 0.96 * (1 - height * height));
    return scatter * outside * pow(10, -0.4 * site->extinction * moon_air) * (1 - pow(10, -0.4 * site->extinction * air));
}

/* --- nights ------------------------------------------------------------------------------------------------------------ */

typedef struct weather {
    bool open;
    double cloud, seeing; /* mag; arcseconds */
} weather;

/* The night that begins at MJD `night`, the same for every field. */
static weather weather_of(const epo__site *site, uint64_t seed, int night)
{
    epo__rng rng = epo__simulate_rng(seed, "weather", (uint64_t)night);
    weather w = {.open = epo__rng_uniform(&rng) >= site->closed, .cloud = fabs(site->haze * epo__rng_normal(&rng))};
    const double year = fmod(night - 51544, 365.25); /* days since the first of January */
    if (year > site->monsoon_from && year < site->monsoon_to) w.open = false;
    if (epo__rng_uniform(&rng) < site->cloudy) w.cloud += -site->cloud * log(1 - epo__rng_uniform(&rng));
    w.seeing = epo__draw_lognormal(&rng, site->seeing, site->seeing_sd, site->seeing_least, site->seeing_most);
    return w;
}

/* 0 where nobody would look at the place: by day, or under the moon. */
static double place_weight(const epo__telescope *t, place p, int night)
{
    const double midnight = night + t->site.midnight / 24;
    if (epo__moon_lit(midnight) > t->cadence.moon) return 0;
    const double from_opposition = remainder(p.ra - sun_at(midnight).ra - M_PI, 2 * M_PI) / DEGREE;
    return fabs(from_opposition) > 105 ? 0 : 1 - 0.5 * fabs(from_opposition) / 105;
}

static double night_weight(const epo__telescope *t, uint64_t seed, place p, int night)
{
    return weather_of(&t->site, seed, night).open ? place_weight(t, p, night) : 0;
}

typedef struct night_key {
    double key;
    int night;
} night_key;

static int by_key(const void *a, const void *b)
{
    const night_key *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->night - y->night;
}

static int by_night(const void *a, const void *b)
{
    return ((const night_key *)a)->night - ((const night_key *)b)->night;
}

/* --- visits ------------------------------------------------------------------------------------------------------------ */

static double nanolamberts(double mag)
{
    return 34.08 * exp(20.7233 - 0.92104 * mag);
}

static void expose(const epo__telescope *t, epo__rng *rng, place p, const weather *w, epo__visit *v)
{
    const epo__site *site = &t->site;
    const double scale = t->camera.pixel_scale, zero_point = t->camera.zero_point, height = fmax(height_of(site, p, v->mjd), 0.35);
    v->air = 1 / height;
    v->dim = fmax(0, w->cloud + (0.01 + site->gusts * fmin(w->cloud, 1)) * epo__rng_normal(rng));
    v->zero_point = zero_point - site->extinction * (v->air - 1) - v->dim;
    const double dark = nanolamberts(site->dark_sky - 0.15 * epo__rng_normal(rng)) * (0.6 + 0.4 * v->air), moon = moonlight(site, p, v->mjd, v->air);
    v->moon = moon / (dark + moon);
    const double mag = (20.7233 - log((dark + moon) / 34.08)) / 0.92104;
    v->sky = scale * scale * pow(10, -0.4 * (mag - zero_point));
    v->slope_x = 1e-4 * v->sky * epo__rng_normal(rng);
    v->slope_y = 1e-4 * v->sky * epo__rng_normal(rng);
    v->psf.fwhm = w->seeing * pow(v->air, 0.6) * exp(site->seeing_visit * epo__rng_normal(rng)) / scale;
    v->psf.stretch = exp(0.06 * epo__rng_normal(rng));
}

/* When a field of the night is first looked at: within the dark hours about midnight, where it stands highest, give or take an
 * hour; or, when visits fill the night, so that the middle one is at midnight. */
static double begin_night(const epo__telescope *t, epo__rng *rng, place p, int night, int visits)
{
    const int before = (int)floor(2 * t->site.midnight) - 8; /* half hours from midnight UT to eight before that at the site */
    const double midnight = night + t->site.midnight / 24, moved = epo__draw_between(rng, -1, 1) / 24;
    double best = midnight, best_height = -1;
    if (t->cadence.visits_apart) return midnight - 0.5 * t->cadence.visit_days * (visits - 1) + moved;
    for (int half_hour = before; half_hour < before + 17; half_hour++) {
        const double mjd = night + half_hour / 48.0, height = height_of(&t->site, p, mjd);
        if (height > best_height) {
            best_height = height;
            best = mjd;
        }
    }
    return best + moved;
}

static int add_night(const epo__telescope *t, uint64_t seed, epo__rng *rng, place p, int night, int visits, const double centre[2], epo__visit *out)
{
    const double begin = begin_night(t, rng, p, night, visits);
    const weather w = weather_of(&t->site, seed, night);
    /* the telescope comes back to nearly the same place */
    const double x = centre[0] + 8 * epo__rng_normal(rng), y = centre[1] + 8 * epo__rng_normal(rng);
    int made = 0;
    for (int i = 0; i < visits; i++) {
        epo__visit v = {.mjd = begin + t->cadence.visit_days * i + 0.0003 * epo__rng_normal(rng), .number = i + 1};
        v.x = x + epo__rng_normal(rng);
        v.y = y + epo__rng_normal(rng);
        expose(t, rng, p, &w, &v);
        const bool lost = epo__rng_uniform(rng) < t->cadence.lost; /* drawn in any case, so that a loss does not shift the draws */
        if (!lost || (made == 0 && i == visits - 1)) out[made++] = v;
    }
    return made;
}

/* --- fields ------------------------------------------------------------------------------------------------------------ */

enum { MOST_DAYS = 3 * 365 };

/* Nights from all days, by their weights. The numbers of the nights go to `out`, which holds MOST_DAYS, in order. */
static size_t draw_nights(const epo__field *f, uint64_t seed, epo__rng *rng, place p, double nights, int *out)
{
    const epo__cadence *c = &f->telescope->cadence;
    night_key keys[MOST_DAYS] = {{0, 0}};
    size_t possible = 0;
    for (int day = 0; day < c->days; day++) {
        const int night = (int)f->start + day;
        const double weight = night_weight(f->telescope, seed, p, night), draw = -log(1 - epo__rng_uniform(rng));
        if (weight > 0) keys[possible++] = (night_key){draw / weight, night};
    }
    if (possible == 0) return 0;
    const double usual = nights * exp(-0.5 * c->night_spread * c->night_spread); /* so that the mean is `nights` */
    const double wanted = fmax(3, floor(epo__draw_lognormal(rng, usual, c->night_spread, usual / 3, usual * 3) + 0.5));
    size_t count = wanted < (double)possible ? (size_t)wanted : possible;
    qsort(keys, possible, sizeof *keys, by_key);
    qsort(keys, count, sizeof *keys, by_night);
    for (size_t i = 0; i < count; i++) out[i] = keys[i].night;
    return count;
}

/* `nights` in a row, the first of them the next from the field's start at which the place is looked at to the end; less those on
 * which the dome is closed. */
static size_t draw_run(epo__field *f, uint64_t seed, place p, int nights, int *out)
{
    size_t count = 0;
    for (int day = 0; day < 2 * 365; day++) {
        const int first = (int)f->start + day;
        if (place_weight(f->telescope, p, first) < 0.85 || place_weight(f->telescope, p, first + nights - 1) < 0.85) continue;
        count = 0;
        for (int night = first; night < first + nights; night++)
            if (weather_of(&f->telescope->site, seed, night).open) out[count++] = night;
        if (count == 0) continue;
        f->start = first;
        break;
    }
    return count;
}

epo_status epo__field_make(const epo__telescope *telescope, uint64_t seed, uint64_t number, double nights, int visits, epo__field *out)
{
    const epo__cadence *c = &telescope->cadence;
    epo__rng rng = epo__simulate_rng(seed, "field", number);
    *out = (epo__field){.telescope = telescope, .number = number};
    snprintf(out->name, sizeof out->name, "S%llu-N%05llu", (unsigned long long)seed, (unsigned long long)number);
    out->ra = epo__draw_between(&rng, c->ra_from, c->ra_to);
    out->dec = asin(epo__draw_between(&rng, sin(c->dec_from * DEGREE), sin(c->dec_to * DEGREE))) / DEGREE;
    out->start = floor(epo__draw_between(&rng, c->first_day, c->first_day + c->start_days));
    const double centre[2] = {epo__draw_between(&rng, 0, telescope->camera.width), epo__draw_between(&rng, 0, telescope->camera.height)};
    const place p = {out->ra * DEGREE, out->dec * DEGREE};

    int list[MOST_DAYS] = {0};
    const size_t count = c->run ? draw_run(out, seed, p, (int)nights, list) : draw_nights(out, seed, &rng, p, nights, list);
    if (count == 0) return epo__fail(EPO_EINTERNAL, "field %s is never seen", out->name);

    size_t room;
    if (!epo__size_mul(count, (size_t)visits, &room)) return epo__nomem("the visits of a field");
    out->visits = epo__alloc(room, sizeof *out->visits);
    if (!out->visits) return epo__nomem("the visits of a field");
    for (size_t i = 0; i < count; i++)
        out->visit_count += (size_t)add_night(telescope, seed, &rng, p, list[i], visits, centre, out->visits + out->visit_count);
    return EPO_OK;
}
