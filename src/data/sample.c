/* SPDX-License-Identifier: BSD-3-Clause
 * sample.c - the planes of one example. */
#include "data/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/sample_choice.h"
#include "image/pixels.h"
#include "store/store.h"

enum {
    KEPT_OVERHEAD = 16,                      /* bytes that the allocator adds to a stamp that is kept */
    STORE_CACHE = 512,                       /* KiB of pages: enough to find the way to a stamp */
    STORE_BYTES = (STORE_CACHE + 256) << 10, /* of a handle on the store, its cache full */
};

epo_status epo__sampler_open(epo__sampler *s, const char *path)
{
    epo_status status = epo_store_open(path, EPO_STORE_READ, &s->store);
    return status == EPO_OK ? epo__store_set_cache(s->store, STORE_CACHE) : status;
}

void epo__sampler_free(epo__sampler *s)
{
    epo__sampler_rest(s);
    epo_store_close(s->store);
    for (int i = 0; i < EPO__STAMP_PLANES; i++) free(s->pixels[i].bytes);
    epo__stamp_room_free(&s->room);
    free(s->raw);
    free(s->turned);
    free(s->all);
    free(s->nights);
    free(s->visits);
    *s = (epo__sampler){0};
}

void epo__sampler_rest(epo__sampler *s)
{
    if (s->in_view) epo__store_rollback(s->store);
    s->in_view = false;
}

static size_t plane_size(const epo__loader_index *x)
{
    return (size_t)x->options.rule.height * (size_t)x->options.rule.width;
}

/* Whether the pixels of all nights have to be seen before the first example of this object can be made. */
static bool wants_facts(const epo__loader_index *x, const epo__loader_object *object)
{
    const epo__loader_options *o = &x->options;
    if (o->kind == EPO__EXAMPLE_STAMP) return false;
    bool peak = o->kind == EPO__EXAMPLE_TRIPLET && o->nights_by == EPO__NIGHTS_PEAK && object->transient;
    return o->rule.normaliser.scope == EPO_SCOPE_SEQUENCE || peak;
}

size_t epo__sampler_bytes(const epo__loader_index *x)
{
    size_t plane = plane_size(x), planes = (size_t)x->options.rule.planes;
    if (x->options.kind == EPO__EXAMPLE_STAMP)
        return STORE_BYTES + planes * x->most_stamp_pixels * sizeof(double) + x->most_stamp_pixels * sizeof(float) +
               (planes + 1) * plane * sizeof(float) + (plane + 1) * planes * sizeof(double);
    /* a raw stamp, decoded, turned; room to find a median; all nights and the room to find their scale */
    size_t bytes = STORE_BYTES + x->most_stamp_pixels * (sizeof(double) + sizeof(float)) + plane * sizeof(float) +
                   (plane + 1) * planes * sizeof(double);
    bool facts = false;
    for (size_t i = 0; i < x->object_count && !facts; i++) facts = wants_facts(x, &x->objects[i]);
    if (facts) bytes += x->most_nights * (plane * sizeof(float) + (plane + 1) * sizeof(double));
    return bytes + 2 * (x->most_nights + (size_t)x->options.nights) * sizeof(size_t);
}

/* --- pixels
 * ---------------------------------------------------------------------------------------------------------------- */

/* Keeps a copy of a stamp that was just read, if there is room. */
static void keep(epo__sampler *s, epo__loader_stamp *stamp, const epo__pixels *pixels)
{
    epo__stamp_cache *cache = s->cache;
    pthread_mutex_lock(&cache->lock);
    cache->reads++;
    if (pixels->size + KEPT_OVERHEAD <= cache->cap - cache->used &&
        !atomic_load_explicit(&stamp->pixels, memory_order_relaxed)) {
        unsigned char *copy = malloc(pixels->size);
        if (copy) { /* else it is read again */
            memcpy(copy, pixels->bytes, pixels->size);
            cache->used += pixels->size + KEPT_OVERHEAD;
            cache->count++;
            atomic_store_explicit(&stamp->pixels, copy, memory_order_release);
        }
    }
    pthread_mutex_unlock(&cache->lock);
}

/* Pixels as stored, valid until the next call with this place. */
static epo_status fetch(epo__sampler *s, const epo__loader_object *object, epo__loader_stamp *stamp, int place,
                        const void **out)
{
    *out = atomic_load_explicit(&stamp->pixels, memory_order_acquire);
    if (*out) return EPO_OK;
    const epo__stamp_row row = {.id = stamp->id,
                                .object = object->id,
                                .type = (epo__pixel_type)stamp->type,
                                .width = stamp->width,
                                .height = stamp->height,
                                .crc32 = stamp->crc32};
    epo_status status = s->in_view ? EPO_OK : epo__store_begin(s->store);
    if (status != EPO_OK) return status;
    s->in_view = true;
    status = epo__store_pixels_read(s->store, &row, &s->pixels[place]);
    if (status != EPO_OK) return status;
    keep(s, stamp, &s->pixels[place]);
    *out = s->pixels[place].bytes;
    return EPO_OK;
}

/* A night's plane, float32, in the network's size; NaN where there is no pixel. */
static epo_status decode(epo__sampler *s, const epo__loader_object *object, epo__loader_stamp *stamp, float *out)
{
    const epo__stamp_rule *rule = &s->index->options.rule;
    const size_t count = (size_t)stamp->height * (size_t)stamp->width;
    const void *pixels;
    epo_status status = fetch(s, object, stamp, 0, &pixels);
    if (status != EPO_OK) return status;
    if (!epo__grow(&s->raw, &s->raw_room, count, sizeof *s->raw)) return epo__nomem("a stamp");
    epo__pixels_to_f32((epo__pixel_type)stamp->type, pixels, count, s->raw);
    epo__image_fit(s->raw, stamp->height, stamp->width, out, rule->height, rule->width, EPO_FIT_CENTRE, NAN);
    return EPO_OK;
}

/* --- facts of an object: its scale and its brightest night
 * ------------------------------------------------------------------- */

static epo_status decode_all(epo__sampler *s, const epo__loader_object *object)
{
    epo__loader_index *x = s->index;
    const size_t plane = plane_size(x);
    if (!epo__grow(&s->all, &s->all_room, epo__product(x->most_nights, plane), sizeof *s->all))
        return epo__nomem("nights of an object");
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < object->night_count; i++)
        status = decode(s, object, &x->stamps[x->nights[object->first_night + i].first], s->all + i * plane);
    return status;
}

static epo_status find_facts(epo__sampler *s, epo__loader_object *object)
{
    epo__loader_index *x = s->index;
    const epo__loader_options *o = &x->options;
    epo__sequence_scale scale = {0, 1};
    size_t peak = 0;
    if (!wants_facts(x, object) || atomic_load_explicit(&object->known, memory_order_acquire)) return EPO_OK;
    epo_status status = decode_all(s, object);
    if (status == EPO_OK && o->kind == EPO__EXAMPLE_TRIPLET && o->nights_by == EPO__NIGHTS_PEAK && object->transient)
        status = epo__sample_brightest(x, s->store, object, s->all, &s->room.work, &peak);
    if (status == EPO_OK && o->rule.normaliser.scope == EPO_SCOPE_SEQUENCE) {
        const epo__image_block block = {.pixels = s->all,
                                        .stamps = object->night_count,
                                        .planes = 1,
                                        .height = o->rule.height,
                                        .width = o->rule.width,
                                        .difference = -1};
        status = epo__normalise_measure(&o->rule.normaliser, &block, &s->room.work, &scale);
    }
    if (status != EPO_OK) return status;
    pthread_mutex_lock(&s->cache->lock);
    if (!atomic_load_explicit(&object->known, memory_order_relaxed)) {
        object->scale = scale;
        object->peak = peak;
        atomic_store_explicit(&object->known, true, memory_order_release);
    }
    pthread_mutex_unlock(&s->cache->lock);
    return EPO_OK;
}

/* --- an example
 * -------------------------------------------------------------------------------------------------------------- */

/* Scope sequence is applied before the plane is turned: its sky is remembered, and must not depend on the turn it was
 * first seen in by the rounding of a sum. Rows and planes find their scales after it, as in an image that was taken so.
 */
static epo_status prepare_night(epo__sampler *s, const epo__loader_object *object, epo__loader_stamp *stamp, int turn,
                                float *out)
{
    const epo__stamp_rule *rule = &s->index->options.rule;
    const epo__scope scope = rule->normaliser.scope;
    epo__image_block block = {
        .pixels = out, .stamps = 1, .planes = 1, .height = rule->height, .width = rule->width, .difference = -1};
    if (turn) {
        if (!epo__grow(&s->turned, &s->turned_room, plane_size(s->index), sizeof *s->turned))
            return epo__nomem("a stamp");
        block.pixels = s->turned;
    }
    epo_status status = decode(s, object, stamp, block.pixels);
    if (status == EPO_OK && scope == EPO_SCOPE_SEQUENCE) {
        double sky = atomic_load_explicit(&stamp->sky, memory_order_relaxed);
        status = epo__normalise_by(&rule->normaliser, &object->scale, &block, &sky, &s->room.work);
        atomic_store_explicit(&stamp->sky, sky, memory_order_relaxed);
    }
    if (status == EPO_OK && turn) epo__image_dihedral(s->turned, rule->height, rule->width, out, turn);
    block.pixels = out;
    if (status == EPO_OK && (scope == EPO_SCOPE_PLANE || scope == EPO_SCOPE_ROW))
        status = epo__normalise(&rule->normaliser, &block, &s->room.work);
    return status;
}

static double mjd_of(const epo__loader_stamp *stamp, size_t night)
{
    return isnan(stamp->mjd) ? (double)night : stamp->mjd;
}

static epo_status make_sequence(epo__sampler *s, const epo__loader_entry *entry, uint64_t epoch, float *out,
                                double *mjds)
{
    epo__loader_index *x = s->index;
    const epo__loader_options *o = &x->options;
    const size_t length = epo__loader_length(x, entry->source.object), planes = (size_t)o->rule.planes,
                 plane = plane_size(x);
    const size_t stride = (size_t)o->stride, nights = (length - 1) * stride + planes;
    epo__loader_object *object = &x->objects[entry->source.object];
    if (!epo__grow(&s->nights, &s->nights_room, nights, sizeof *s->nights) ||
        !epo__grow(&s->visits, &s->visits_room, nights, sizeof *s->visits))
        return epo__nomem("nights of an example");
    epo_status status = find_facts(s, object);
    if (status != EPO_OK) return status;
    epo__sample_choose(x, entry, epoch, nights, s->nights, s->visits);
    const int turn = epo__sample_turn(x, (uint64_t)object->id, entry->copy, epoch);
    for (size_t i = 0; status == EPO_OK && i < nights; i++) {
        epo__loader_stamp *stamp = &x->stamps[s->visits[i]];
        /* the first triplet that holds the night; those after it copy */
        size_t t = i < planes ? 0 : (i - planes) / stride + 1;
        const float *first = out + (t * planes + i - t * stride) * plane;
        status = prepare_night(s, object, stamp, turn, out + (t * planes + i - t * stride) * plane);
        for (; t < length && t * stride <= i; t++) {
            const size_t place = t * planes + i - t * stride;
            if (out + place * plane != first) memcpy(out + place * plane, first, plane * sizeof *out);
            mjds[place] = mjd_of(stamp, s->nights[i]);
        }
    }
    if (status != EPO_OK || o->rule.normaliser.scope != EPO_SCOPE_STAMP) return status;
    const epo__image_block block = {.pixels = out,
                                    .stamps = length,
                                    .planes = planes,
                                    .height = o->rule.height,
                                    .width = o->rule.width,
                                    .difference = -1};
    return epo__normalise(&o->rule.normaliser, &block, &s->room.work);
}

static epo_status make_stamp(epo__sampler *s, const epo__loader_entry *entry, uint64_t epoch, float *out, double *mjds,
                             int64_t *id)
{
    epo__loader_index *x = s->index;
    const epo__stamp_rule *rule = &x->options.rule;
    const epo__loader_object *object = &x->objects[entry->source.object];
    epo__loader_stamp *stamps = &x->stamps[x->nights[object->first_night + entry->source.night].first];
    epo__plane_view views[EPO__STAMP_PLANES];
    for (int p = 0; p < rule->planes; p++) {
        views[p] = (epo__plane_view){.role = (epo__role)stamps[p].role,
                                     .type = (epo__pixel_type)stamps[p].type,
                                     .height = stamps[p].height,
                                     .width = stamps[p].width};
        epo_status status = fetch(s, object, &stamps[p], p, &views[p].pixels);
        if (status != EPO_OK) return status;
        mjds[p] = mjd_of(&stamps[p], entry->source.night);
    }
    *id = stamps[0].id;
    /* what is left of a stamp after cutting can be turned when it is square */
    const bool square =
        stamps->height == stamps->width || (stamps->height >= rule->height && stamps->width >= rule->width);
    const int turn = square ? epo__sample_turn(x, (uint64_t)*id, entry->copy, epoch) : 0;
    return epo__stamp_input(rule, views, (size_t)rule->planes, turn, &s->room, out);
}

epo_status epo__sample_make(epo__sampler *s, const epo__loader_entry *entry, uint64_t epoch, float *out, double *mjds,
                            int64_t *stamp)
{
    *stamp = 0;
    if (s->index->options.kind == EPO__EXAMPLE_STAMP) return make_stamp(s, entry, epoch, out, mjds, stamp);
    return make_sequence(s, entry, epoch, out, mjds);
}
