/* SPDX-License-Identifier: BSD-3-Clause
 * loader_index.c - going once through the objects, and keeping what can be trained on. */
#include "data/loader_index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/objects.h"
#include "data/sequence.h"

void epo__loader_index_free(epo__loader_index *x)
{
    for (size_t i = 0; i < x->stamp_count; i++) free(atomic_load_explicit(&x->stamps[i].pixels, memory_order_relaxed));
    free(x->stamps);
    free(x->nights);
    free(x->objects);
    free(x->sources);
    free(x->label_first);
    free(x->of_label);
    free(x->balanced);
    *x = (epo__loader_index){0};
}

size_t epo__loader_index_bytes(const epo__loader_index *x)
{
    return x->stamp_room * sizeof *x->stamps + x->night_room * sizeof *x->nights + x->object_room * sizeof *x->objects +
           x->source_count * sizeof *x->sources + (3 * (size_t)x->options.label_count + 1) * sizeof(size_t);
}

epo__rng epo__loader_chance(uint64_t seed, uint64_t epoch, epo__loader_purpose purpose, uint64_t thing)
{
    const uint32_t counter[4] = {(uint32_t)epoch, (uint32_t)(epoch >> 32), (uint32_t)purpose,
                                 0x6c6f6164 /* "load": no other use of the seed */};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t words[4];
    epo__philox(counter, key, words);
    return (epo__rng){.seed = (uint64_t)words[1] << 32 | words[0], .stream = thing};
}

size_t epo__loader_length(const epo__loader_index *x, size_t object)
{
    const epo__loader_options *o = &x->options;
    size_t planes = (size_t)o->rule.planes, stride = (size_t)o->stride;
    switch (o->kind) {
    case EPO__EXAMPLE_SEQUENCE:
        return (x->objects[object].night_count - planes) / stride + 1;
    case EPO__EXAMPLE_FIXED:
        return ((size_t)o->nights - planes) / stride + 1;
    case EPO__EXAMPLE_TRIPLET:
    case EPO__EXAMPLE_STAMP:
        break;
    }
    return 1;
}

/* --- reading
 * ------------------------------------------------------------------------------------------------------------ */

static epo_status add_stamp(epo__loader_index *x, const epo__stamp_row *row)
{
    if (!epo__grow(&x->stamps, &x->stamp_room, x->stamp_count + 1, sizeof *x->stamps))
        return epo__nomem("index of stamps");
    epo__loader_stamp *s = &x->stamps[x->stamp_count++];
    s->id = row->id;
    s->mjd = row->mjd;
    s->mag = (float)row->mag;
    s->crc32 = row->crc32;
    s->width = (uint16_t)row->width;
    s->height = (uint16_t)row->height;
    s->type = (uint8_t)row->type;
    s->role = (uint8_t)row->role;
    atomic_init(&s->pixels, NULL);
    atomic_init(&s->sky, (double)NAN);
    size_t pixels = (size_t)row->width * (size_t)row->height;
    if (pixels > x->most_stamp_pixels) x->most_stamp_pixels = pixels;
    return EPO_OK;
}

static epo_status add_night(epo__loader_index *x, size_t count)
{
    if (!epo__grow(&x->nights, &x->night_room, x->night_count + 1, sizeof *x->nights))
        return epo__nomem("index of nights");
    x->nights[x->night_count++] = (epo__loader_night){.first = x->stamp_count, .count = count};
    return EPO_OK;
}

static epo_status add_nights(epo__loader_index *x, const epo__sequence *s)
{
    if (s->night_count < (size_t)x->options.rule.planes) {
        x->counts.too_few_nights++;
        return EPO_OK;
    }
    for (size_t i = 0; i < s->night_count; i++) {
        const epo__night *night = &s->nights[i];
        epo_status status = add_night(x, night->count);
        for (size_t v = 0; status == EPO_OK && v < night->count; v++)
            status = add_stamp(x, &s->stamps.rows[s->visits[night->first + v]]);
        if (status != EPO_OK) return status;
    }
    return EPO_OK;
}

/* The planes of one exposure, which stand side by side in the list. */
static epo_status add_exposure(epo__loader_index *x, const epo__stamp_row *rows, size_t count)
{
    const epo__stamp_rule *rule = &x->options.rule;
    epo__plane_view views[EPO__STAMP_PLANES];
    const epo__stamp_row *chosen[EPO__STAMP_PLANES] = {NULL};
    const int planes = rule->planes;
    if (count > EPO__STAMP_PLANES) count = EPO__STAMP_PLANES;
    for (size_t i = 0; i < count; i++)
        views[i] = (epo__plane_view){.role = rows[i].role,
                                     .type = rows[i].type,
                                     .height = rows[i].height,
                                     .width = rows[i].width};
    for (int p = 0; p < planes; p++) {
        const epo__plane_view *view = epo__stamp_choose(rule, p, views, count);
        if (view) chosen[p] = &rows[view - views];
        if (!view || chosen[p]->height != chosen[0]->height || chosen[p]->width != chosen[0]->width) {
            x->counts.no_planes++;
            return EPO_OK;
        }
    }
    epo_status status = add_night(x, (size_t)planes);
    for (int p = 0; status == EPO_OK && p < planes; p++) status = add_stamp(x, chosen[p]);
    return status;
}

static epo_status add_exposures(epo__loader_index *x, const epo__stamp_list *list)
{
    for (size_t i = 0, end; i < list->count; i = end) {
        for (end = i + 1; end < list->count && strcmp(list->rows[end].exposure, list->rows[i].exposure) == 0;) end++;
        epo_status status = add_exposure(x, &list->rows[i], end - i);
        if (status != EPO_OK) return status;
    }
    return EPO_OK;
}

static const epo__loader_class *class_of(const epo__loader_options *o, const char *name)
{
    for (size_t i = 0; name && i < o->class_count; i++)
        if (strcmp(o->classes[i].name, name) == 0) return &o->classes[i];
    return NULL;
}

static epo_status add_object(epo__loader_index *x, epo_store *store, int64_t id, epo__pool *texts,
                             epo__sequence *sequence)
{
    epo__object_row row;
    epo__pool_clear(texts);
    epo_status status = epo__store_object_get(store, id, texts, &row);
    if (status != EPO_OK) return status;
    const epo__loader_class *class = class_of(&x->options, row.class_name);
    if (!class) {
        x->counts.other_class++;
        return EPO_OK;
    }
    size_t first = x->night_count;
    if (x->options.kind == EPO__EXAMPLE_STAMP) {
        status = epo__store_stamps_of(store, id, &sequence->stamps);
        if (status == EPO_OK) status = add_exposures(x, &sequence->stamps);
    } else {
        status = epo__sequence_list(store, id, sequence);
        if (status == EPO_OK) status = add_nights(x, sequence);
    }
    if (status != EPO_OK || x->night_count == first) return status;
    if (x->object_count == UINT32_MAX) return epo__fail(EPO_ELIMIT, "more objects than can be counted");
    if (!epo__grow(&x->objects, &x->object_room, x->object_count + 1, sizeof *x->objects))
        return epo__nomem("index of objects");
    epo__loader_object *o = &x->objects[x->object_count++];
    o->id = id;
    o->first_night = first;
    o->night_count = x->night_count - first;
    o->label = class->label;
    o->transient = class->transient;
    if (o->night_count > x->most_nights) x->most_nights = o->night_count;
    return EPO_OK;
}

/* --- counting
 * ----------------------------------------------------------------------------------------------------------- */

static size_t sources_of(const epo__loader_index *x, const epo__loader_object *object)
{
    return x->options.kind == EPO__EXAMPLE_STAMP ? object->night_count : 1;
}

static epo_status list_sources(epo__loader_index *x)
{
    const size_t labels = (size_t)x->options.label_count;
    x->label_first = epo__alloc(labels + 1, sizeof *x->label_first);
    x->of_label = epo__alloc(labels, sizeof *x->of_label);
    x->balanced = epo__alloc(labels, sizeof *x->balanced);
    if (!x->label_first || !x->of_label || !x->balanced) return epo__nomem("labels");
    for (size_t i = 0; i < x->object_count; i++) x->of_label[x->objects[i].label] += sources_of(x, &x->objects[i]);
    for (size_t k = 0; k < labels; k++) x->label_first[k + 1] = x->label_first[k] + x->of_label[k];
    x->source_count = x->label_first[labels];
    x->sources = epo__alloc(x->source_count, sizeof *x->sources);
    if (!x->sources) return epo__nomem("index of examples");
    for (size_t i = 0; i < x->object_count; i++) {
        size_t *next = &x->balanced[x->objects[i].label]; /* counts up to of_label */
        for (size_t n = 0; n < sources_of(x, &x->objects[i]); n++)
            x->sources[x->label_first[x->objects[i].label] + (*next)++] =
                (epo__loader_source){(uint32_t)i, (uint32_t)n};
    }
    return EPO_OK;
}

static epo_status count(epo__loader_index *x)
{
    const epo__loader_options *o = &x->options;
    epo__loader_counts *c = &x->counts;
    size_t largest = 0, triplets = 0;
    for (int k = 0; k < o->label_count; k++)
        if (x->of_label[k] > largest) largest = x->of_label[k];
    for (int k = 0; k < o->label_count; k++) {
        if (o->training && o->balance && x->of_label[k] > 0) x->balanced[k] = largest;
        c->examples += x->balanced[k];
    }
    /* examples are counted in 32 bits when they are shuffled */
    if (c->examples > UINT32_MAX)
        return epo__fail(EPO_ELIMIT, "%zu examples in an epoch, and %u is the most", c->examples, UINT32_MAX);
    c->objects = x->object_count;
    c->batches = (c->examples + (size_t)o->batch - 1) / (size_t)o->batch;
    c->label_count = (size_t)o->label_count;
    c->of_label = x->of_label;
    c->balanced = x->balanced;
    for (size_t i = 0; i < x->object_count; i++) {
        size_t length = epo__loader_length(x, i);
        triplets += length * sources_of(x, &x->objects[i]);
        if (length > c->longest) c->longest = length;
    }
    if (o->kind != EPO__EXAMPLE_SEQUENCE)
        c->triplets = c->examples * c->longest;
    else
        c->triplets = c->examples == x->source_count ? triplets : 0;
    return EPO_OK;
}

epo_status epo__loader_index_read(const epo__loader_options *options, epo_store *store, epo__loader_index *x)
{
    *x = (epo__loader_index){.options = *options};
    epo__object_cursor cursor;
    epo__pool texts = {0};
    epo__sequence sequence = {0};
    int64_t id = 1;
    epo_status status = epo__object_cursor_set(&cursor, options->split);
    while (status == EPO_OK && id) {
        status = epo__object_cursor_next(&cursor, store, &id);
        if (status == EPO_OK && id) status = add_object(x, store, id, &texts, &sequence);
    }
    epo__pool_free(&texts);
    epo__sequence_free(&sequence);
    x->options.classes = NULL;
    x->options.store = x->options.split = x->options.labels_as_of = NULL;
    if (status == EPO_OK && x->object_count == 0)
        status = epo__fail(EPO_ENOTFOUND,
                           "%s%s%s: nothing to train on: %zu objects of no or another class, %zu with fewer than %d "
                           "nights, %zu exposures without the planes",
                           epo__store_path(store), options->split ? " " : "", options->split ? options->split : "",
                           x->counts.other_class, x->counts.too_few_nights, options->rule.planes, x->counts.no_planes);
    if (status == EPO_OK) status = list_sources(x);
    return status == EPO_OK ? count(x) : status;
}
