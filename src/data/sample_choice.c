/* SPDX-License-Identifier: BSD-3-Clause
 * sample_choice.c - choosing nights and visits. */
#include "data/sample_choice.h"

#include <math.h>

#include "base/error.h"
#include "image/pixels.h"

/* --- nights
 * ---------------------------------------------------------------------------------------------------------------- */

/* Night number i of `count` that follow each other from `first` on. */
static void window(size_t first, size_t count, size_t *nights)
{
    for (size_t i = 0; i < count; i++) nights[i] = first + i;
}

/* The middle ones, or the first and last ones repeated. */
static void fixed(size_t have, size_t want, size_t count, size_t *nights)
{
    for (size_t i = 0; i < count; i++) {
        if (have >= want) {
            nights[i] = i + (have - want) / 2;
        } else {
            const size_t front = (want - have) / 2, night = i > front ? i - front : 0;
            nights[i] = night < have ? night : have - 1;
        }
    }
}

static void by_peak(const epo__loader_object *object, size_t count, size_t *nights)
{
    const size_t have = object->night_count;
    if (object->transient) {
        size_t first = object->peak > count / 2 ? object->peak - count / 2 : 0;
        window(first < have - count ? first : have - count, count, nights);
        return;
    }
    for (size_t i = 0; i < count; i++) nights[i] = count > 1 ? i * (have - 1) / (count - 1) : (have - 1) / 2;
}

/* In training the copies of an object go through its windows in turn, from a random one on; *round tells how often this
 * one came before. */
static void free_nights(const epo__loader_options *o, const epo__loader_object *object, epo__rng *chance, uint32_t copy,
                        size_t count, size_t *nights, uint32_t *round)
{
    const size_t windows = object->night_count - count + 1;
    if (!o->training) {
        window((windows - 1) / 2, count, nights);
        return;
    }
    const size_t start = epo__rng_below(chance, (uint32_t)windows);
    window((start + copy) % windows, count, nights);
    *round = copy / (uint32_t)windows;
}

/* --- visits
 * ---------------------------------------------------------------------------------------------------------------- */

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* A step through 0 .. count-1 that meets each once, near the golden section so that its stations lie far apart. */
static uint64_t spread(uint64_t count)
{
    uint64_t step = count * 618 / 1000 + 1;
    while (common_divisor(step, count) != 1) step++;
    return step;
}

static size_t visits_of(const epo__loader_index *x, const epo__loader_object *object, size_t night)
{
    return x->nights[object->first_night + night].count;
}

/* The combinations of visits are numbered (a digit a night), and the copies of an object take numbers that differ.
 * Where a number would pass 2^31, the nights that are left are drawn one by one. */
static void draw_visits(const epo__loader_index *x, const epo__loader_object *object, epo__rng chance, uint32_t round,
                        size_t count, const size_t *nights, size_t *visits)
{
    uint64_t combinations = 1, number;
    size_t numbered = 0;
    for (; numbered < count; numbered++) {
        if (numbered > 0 && nights[numbered] == nights[numbered - 1]) continue;
        const uint64_t next = combinations * visits_of(x, object, nights[numbered]);
        if (next > INT32_MAX) break;
        combinations = next;
    }
    number =
        (epo__rng_below(&chance, (uint32_t)combinations) + round % combinations * spread(combinations)) % combinations;
    chance.index = ((uint64_t)round + 1) << 24; /* more words than an object has nights */
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && nights[i] == nights[i - 1]) {
            visits[i] = visits[i - 1];
            continue;
        }
        const size_t choices = visits_of(x, object, nights[i]);
        if (i < numbered) {
            visits[i] = number % choices;
            number /= choices;
        } else {
            visits[i] = epo__rng_below(&chance, (uint32_t)choices);
        }
    }
}

void epo__sample_choose(const epo__loader_index *x, const epo__loader_entry *entry, uint64_t epoch, size_t count,
                        size_t *nights, size_t *visits)
{
    const epo__loader_options *o = &x->options;
    const epo__loader_object *object = &x->objects[entry->source.object];
    epo__rng chance = epo__loader_chance(o->seed, epoch, EPO__CHANCE_VISITS, (uint64_t)object->id);
    uint32_t round = entry->copy;
    if (o->kind == EPO__EXAMPLE_FIXED)
        fixed(object->night_count, (size_t)o->nights, count, nights);
    else if (o->kind == EPO__EXAMPLE_SEQUENCE)
        window(0, count, nights);
    else if (o->nights_by == EPO__NIGHTS_PEAK)
        by_peak(object, count, nights);
    else
        free_nights(o, object, &chance, entry->copy, count, nights, &round);
    if (o->training) draw_visits(x, object, chance, round, count, nights, visits);
    for (size_t i = 0; i < count; i++)
        visits[i] = x->nights[object->first_night + nights[i]].first + (o->training ? visits[i] : 0);
}

int epo__sample_turn(const epo__loader_index *x, uint64_t thing, uint32_t copy, uint64_t epoch)
{
    const epo__loader_options *o = &x->options;
    if (!o->training || !o->turns) return 0;
    epo__rng chance = epo__loader_chance(o->seed, epoch, EPO__CHANCE_TURN, thing);
    chance.index = copy;
    return (int)epo__rng_below(&chance, EPO_DIHEDRAL_COUNT);
}

/* --- brightness
 * ------------------------------------------------------------------------------------------------------------ */

/* Magnitudes that came with the stamps; false where there are none. */
static bool brightest_stamp(const epo__loader_index *x, const epo__loader_object *object, size_t *night)
{
    float least = INFINITY;
    for (size_t i = 0; i < object->night_count; i++) {
        const epo__loader_night *n = &x->nights[object->first_night + i];
        for (size_t v = 0; v < n->count; v++) {
            if (!(x->stamps[n->first + v].mag < least)) continue;
            least = x->stamps[n->first + v].mag;
            *night = i;
        }
    }
    return least < INFINITY;
}

/* The night nearest to a time; false when none is within half a day. */
static bool night_near(const epo__loader_index *x, const epo__loader_object *object, double mjd, size_t *night)
{
    double nearest = 0.5;
    bool found = false;
    for (size_t i = 0; i < object->night_count; i++) {
        const epo__loader_night *n = &x->nights[object->first_night + i];
        for (size_t v = 0; v < n->count; v++) {
            const double away = fabs(x->stamps[n->first + v].mjd - mjd); /* NaN without a time: never near */
            if (!(away < nearest || (!found && away <= nearest))) continue;
            nearest = away;
            *night = i;
            found = true;
        }
    }
    return found;
}

static epo_status brightest_point(const epo__loader_index *x, epo_store *store, const epo__loader_object *object,
                                  size_t *night, bool *found)
{
    epo__photometry_list list = {0};
    double least = INFINITY;
    epo_status status = epo__store_photometry_of(store, object->id, "given", &list);
    for (size_t i = 0; status == EPO_OK && i < list.count; i++) {
        size_t near;
        if (list.rows[i].flag || !(list.rows[i].mag < least) || !night_near(x, object, list.rows[i].mjd, &near))
            continue;
        least = list.rows[i].mag;
        *night = near;
    }
    epo__photometry_list_free(&list);
    *found = least < INFINITY;
    return status;
}

/* Flux within three pixels of the centre, above the plane's median. */
static epo_status flux_of(const float *plane, int height, int width, epo__image_work *work, double *flux)
{
    enum { RADIUS = 3 };
    epo__pixel_stats stats;
    epo_status status = epo__pixels_stats(plane, (size_t)height * (size_t)width, work, &stats);
    if (status != EPO_OK) return status;
    *flux = 0;
    for (int y = height / 2 - RADIUS; y <= height / 2 + RADIUS; y++) {
        for (int x = width / 2 - RADIUS; x <= width / 2 + RADIUS; x++) {
            const int dy = y - height / 2, dx = x - width / 2;
            if (y < 0 || y >= height || x < 0 || x >= width || dx * dx + dy * dy > RADIUS * RADIUS) continue;
            const double value = (double)plane[y * width + x];
            if (isfinite(value)) *flux += value - stats.median;
        }
    }
    return EPO_OK;
}

epo_status epo__sample_brightest(const epo__loader_index *x, epo_store *store, const epo__loader_object *object,
                                 const float *planes, epo__image_work *work, size_t *night)
{
    const int height = x->options.rule.height, width = x->options.rule.width;
    bool found = false;
    *night = 0;
    if (brightest_stamp(x, object, night)) return EPO_OK;
    epo_status status = brightest_point(x, store, object, night, &found);
    double most = -INFINITY, flux;
    for (size_t i = 0; status == EPO_OK && !found && i < object->night_count; i++) {
        status = flux_of(planes + i * (size_t)height * (size_t)width, height, width, work, &flux);
        if (status != EPO_OK || !(flux > most)) continue;
        most = flux;
        *night = i;
    }
    return status;
}
