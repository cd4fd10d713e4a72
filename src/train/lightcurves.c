/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurves.c - light curves to rows of features.
 *
 *     read everything, group it by object, settle how many copies each object gets
 *     fill: the next object, or the next copies of it   (serial)
 *     work: draw, compute                               (each worker its own room)
 *     deliver: rows in the order of input
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/threads.h"
#include "lightcurve/features.h"
#include "train/curves.h"

enum { ROWS_A_CHUNK = 32 };

typedef struct one_row {
    size_t object;
    int copy;
    uint32_t missing;
    double values[EPO_FEATURE_COUNT];
} one_row;

typedef struct chunk {
    one_row rows[ROWS_A_CHUNK];
    size_t count;
    epo__curve_point *points; /* of a copy */
    size_t room;
    epo__features_room work;
    epo__string id;
} chunk;

typedef struct extraction {
    const epo_features_options *options;
    epo__curves *curves;
    int *copies;   /* of each object */
    size_t object; /* to be filled next, and its copy */
    int copy;
    epo_features_fn row;
    void *context;
    epo_features_summary *summary;
} extraction;

static bool is_usable(const extraction *x, size_t object)
{
    const epo__curve_object *o = &x->curves->objects[object];
    return !o->problem && o->count >= (size_t)x->options->min_points;
}

/* --- how many copies ---------------------------------------------------------------------------------------------- */

typedef struct class_count {
    const char *name;
    size_t objects, seen;
} class_count;

typedef struct class_list {
    class_count *items;
    size_t count, room;
} class_list;

/* There are few classes: they are looked for one by one. */
static class_count *find_class(class_list *list, const char *name)
{
    for (size_t k = 0; k < list->count; k++)
        if (strcmp(list->items[k].name, name) == 0) return &list->items[k];
    if (!epo__grow(&list->items, &list->room, list->count + 1, sizeof *list->items)) return NULL;
    list->items[list->count] = (class_count){.name = name};
    return &list->items[list->count++];
}

/* Each object of a class gets the same number of copies, the first ones one more when they do not divide evenly. */
static epo_status balance(extraction *x)
{
    class_list list = {0};
    size_t target = x->options->balance > 0 ? (size_t)x->options->balance : 0;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < x->curves->object_count; i++) {
        if (!is_usable(x, i) || !*x->curves->objects[i].class_name) continue;
        class_count *class = find_class(&list, x->curves->objects[i].class_name);
        if (!class) {
            status = epo__nomem("classes");
            break;
        }
        class->objects++;
        if (x->options->balance < 0 && class->objects > target) target = class->objects;
    }
    for (size_t i = 0; status == EPO_OK && i < x->curves->object_count; i++) {
        if (!is_usable(x, i) || !*x->curves->objects[i].class_name) continue;
        class_count *class = find_class(&list, x->curves->objects[i].class_name);
        if (!class || class->objects == 0 || class->objects >= target) continue;
        const size_t lacking = target - class->objects;
        x->copies[i] = (int)(lacking / class->objects + (class->seen++ < lacking % class->objects));
    }
    free(list.items);
    return status;
}

static epo_status settle_copies(extraction *x)
{
    x->copies = epo__alloc(x->curves->object_count, sizeof *x->copies);
    if (!x->copies) return epo__nomem("copies");
    if (x->options->balance) return balance(x);
    for (size_t i = 0; i < x->curves->object_count; i++) x->copies[i] = is_usable(x, i) ? x->options->copies : 0;
    return EPO_OK;
}

/* --- the pipeline ------------------------------------------------------------------------------------------------- */

static void *chunk_make(void *context)
{
    (void)context;
    return epo__alloc(1, sizeof(chunk));
}

static void chunk_free(void *context, void *argument)
{
    (void)context;
    chunk *c = argument;
    if (!c) return;
    epo__features_room_free(&c->work);
    epo__string_free(&c->id);
    free(c->points);
    free(c);
}

static epo_status chunk_fill(void *context, void *argument, bool *end)
{
    extraction *x = context;
    chunk *c = argument;
    c->count = 0;
    while (c->count < ROWS_A_CHUNK && x->object < x->curves->object_count) {
        c->rows[c->count++] = (one_row){.object = x->object, .copy = x->copy};
        if (x->copy++ < x->copies[x->object]) continue;
        x->object++;
        x->copy = 0;
    }
    *end = c->count == 0;
    return EPO_OK;
}

static epo_status set_id(const extraction *x, chunk *c, const one_row *row)
{
    epo__string_clear(&c->id);
    epo__string_add(&c->id, x->curves->objects[row->object].name);
    if (row->copy) epo__string_addf(&c->id, "#%d", row->copy);
    return c->id.failed ? epo__nomem("id") : EPO_OK;
}

/* Every copy has a generator of its own, named by its id: it does not depend on what else there is. A point without an
 * error stays where it is, but its number is drawn all the same. */
static epo_status draw_copy(const extraction *x, chunk *c, const one_row *row)
{
    const epo__curve_object *o = &x->curves->objects[row->object];
    epo_status status = set_id(x, c, row);
    if (status != EPO_OK) return status;
    if (!epo__grow(&c->points, &c->room, o->count, sizeof *c->points)) return epo__nomem("light curve");
    epo__rng rng = {.seed = x->options->seed, .stream = epo__rng_stream(c->id.text)};
    memcpy(c->points, x->curves->points + o->first, o->count * sizeof *c->points);
    for (size_t i = 0; i < o->count; i++) {
        const double z = epo__rng_normal(&rng);
        if (c->points[i].err > 0 && isfinite(c->points[i].err)) c->points[i].mag += z * c->points[i].err;
    }
    return EPO_OK;
}

static epo_status chunk_work(void *context, void *argument, int worker)
{
    const extraction *x = context;
    chunk *c = argument;
    (void)worker;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < c->count; i++) {
        one_row *row = &c->rows[i];
        const epo__curve_object *o = &x->curves->objects[row->object];
        if (!is_usable(x, row->object)) continue;
        if (row->copy) status = draw_copy(x, c, row);
        if (status == EPO_OK)
            status = epo__features_of(x->options->definition, row->copy ? c->points : x->curves->points + o->first,
                                      o->count, &c->work, row->values, &row->missing);
    }
    return status;
}

static void count_row(epo_features_summary *s, const epo_features_row *row)
{
    s->refused += row->error && !row->left_out;
    s->left_out += row->left_out;
    if (row->error) return;
    s->objects += row->copy == 0;
    s->copies += row->copy > 0;
    s->incomplete += row->missing != 0;
    s->points += row->copy == 0 ? row->points : 0;
}

static epo_status chunk_deliver(void *context, void *argument)
{
    extraction *x = context;
    chunk *c = argument;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < c->count; i++) {
        const one_row *r = &c->rows[i];
        const epo__curve_object *o = &x->curves->objects[r->object];
        char few[64];
        snprintf(few, sizeof few, "%zu points, fewer than %d", o->count, x->options->min_points);
        const bool usable = is_usable(x, r->object);
        status = set_id(x, c, r);
        if (status != EPO_OK) break;
        const epo_features_row row = {.object = o->id,
                                      .id = c->id.text,
                                      .class_name = o->class_name,
                                      .copy = r->copy,
                                      .points = o->count,
                                      .values = usable ? r->values : NULL,
                                      .missing = r->missing,
                                      .left_out = !usable && !o->problem,
                                      .error = o->problem ? o->problem
                                               : usable   ? NULL
                                                          : few};
        count_row(x->summary, &row);
        if (x->row) status = x->row(x->context, &row);
    }
    return status;
}

static epo_status check_options(const epo_features_options *o)
{
    if ((unsigned)o->definition >= EPO_FEATURES_DEFINITIONS)
        return epo__fail(EPO_EARG, "no definition %d of features", (int)o->definition);
    if (o->copies && o->balance)
        return epo__fail(EPO_EARG, "a number of copies and balanced classes exclude each other");
    if (o->copies < 0 || o->copies > EPO_FEATURES_COPIES_MAX)
        return epo__fail(EPO_EARG, "%d copies: from 0 to %d", o->copies, EPO_FEATURES_COPIES_MAX);
    if (o->balance < -1 || o->balance > EPO_FEATURES_BALANCE_MAX)
        return epo__fail(EPO_EARG, "classes of %lld rows: up to %d", (long long)o->balance, EPO_FEATURES_BALANCE_MAX);
    if (o->min_points < 0) return epo__fail(EPO_EARG, "at least %d points", o->min_points);
    return EPO_OK;
}

/* From curves that were read to rows. */
static epo_status extract(epo__curves *curves, const epo_features_options *options, epo_features_fn row, void *context,
                          epo_features_summary *out)
{
    extraction x = {.options = options, .curves = curves, .row = row, .context = context, .summary = out};
    epo_status status = epo__curves_group(curves);
    out->duplicates = curves->duplicates;
    out->limits = curves->limits;
    out->suspects = curves->suspects;
    snprintf(out->method, sizeof out->method, "%s", curves->method ? curves->method : "");
    if (status == EPO_OK) status = settle_copies(&x);
    if (status == EPO_OK) {
        const epo__pipeline pipeline = {&x, chunk_make, chunk_free, chunk_fill, chunk_work, chunk_deliver};
        status = epo__pipeline_run(&pipeline, epo__threads(options->threads));
    }
    free(x.copies);
    return status;
}

epo_status epo_features_files(const char *const *paths, size_t count, const epo_features_options *options,
                              epo_features_fn row, epo_features_refused_fn refused, void *context,
                              epo_features_summary *out)
{
    const epo_features_options standard = EPO_FEATURES_OPTIONS_INIT;
    const double start = epo__seconds();
    epo__curves curves = {0};
    *out = (epo_features_summary){0};
    if (!options) options = &standard;
    epo_status status = check_options(options);
    if (status == EPO_OK && (options->split || options->method))
        status = epo__fail(EPO_EARG, "splits and methods are a store's: files have none");
    if (status == EPO_OK)
        status = epo__curves_read_files(&curves, paths, count, options, refused, context, &out->refused_files);
    if (status == EPO_OK) status = extract(&curves, options, row, context, out);
    epo__curves_free(&curves);
    out->seconds = epo__seconds() - start;
    return status;
}

epo_status epo_features_store(epo_store *store, const epo_features_options *options, epo_features_fn row, void *context,
                              epo_features_summary *out)
{
    const epo_features_options standard = EPO_FEATURES_OPTIONS_INIT;
    const double start = epo__seconds();
    epo__curves curves = {0};
    *out = (epo_features_summary){0};
    if (!options) options = &standard;
    epo_status status = check_options(options);
    if (status == EPO_OK && (options->class_name || options->label_column))
        status = epo__fail(EPO_EARG, "a class is given to files: the objects of a store have theirs");
    if (status == EPO_OK) status = epo__curves_read_store(&curves, store, options);
    if (status == EPO_OK) status = extract(&curves, options, row, context, out);
    epo__curves_free(&curves);
    out->seconds = epo__seconds() - start;
    return status;
}
