/* SPDX-License-Identifier: BSD-3-Clause
 * compare.c - two samples of scores on the objects that both have. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/text.h"
#include "store/objects.h"
#include "store/store.h"
#include "train/scored.h"

enum { NAMES_TOLD = 3 };

/* An item of one sample, in the order of object and stamp. */
typedef struct placed {
    int64_t object, stamp;
    size_t at;
} placed;

typedef struct comparing {
    const epo_scored *first, *second;
    size_t class_of[EPO__SCORED_CLASSES_MAX]; /* where the second keeps a class of the first */
    placed *a, *b;
    epo_scored *both[2]; /* the common items in one order */
    int64_t told[NAMES_TOLD];
    int64_t left_out;
} comparing;

static int by_item(const void *x, const void *y)
{
    const placed *a = x, *b = y;
    if (a->object != b->object) return a->object < b->object ? -1 : 1;
    return (a->stamp > b->stamp) - (a->stamp < b->stamp);
}

static epo_status match_classes(comparing *c)
{
    const epo_scored *f = c->first, *s = c->second;
    bool same = f->info.stamps == s->info.stamps && f->info.class_count == s->info.class_count;
    for (size_t k = 0; same && k < f->info.class_count; k++) {
        size_t i = 0;
        while (i < s->info.class_count && strcmp(f->names[k], s->names[i]) != 0) i++;
        same = i < s->info.class_count;
        c->class_of[k] = i;
    }
    return same ? EPO_OK : epo__fail(EPO_EARG, "they tell apart other classes, so their scores are not comparable");
}

static placed *place(const epo_scored *s)
{
    const size_t count = (size_t)s->info.count;
    placed *out = epo__alloc(count, sizeof *out);
    for (size_t i = 0; out && i < count; i++) out[i] = (placed){s->items[i].object, s->items[i].stamp, i};
    if (out) qsort(out, count, sizeof *out, by_item);
    return out;
}

static size_t object_end(const placed *items, size_t from, size_t count)
{
    size_t end = from;
    while (end < count && items[end].object == items[from].object) end++;
    return end;
}

/* The same stamps of an object in both. */
static bool same_stamps(const placed *a, size_t a_count, const placed *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++) same = a[i].stamp == b[i].stamp;
    return same;
}

static void leave_out(comparing *c, int64_t object)
{
    if (c->left_out < NAMES_TOLD) c->told[c->left_out] = object;
    c->left_out++;
}

static epo_status take_items(comparing *c, size_t a, size_t b, size_t count)
{
    const size_t width = epo__scored_width(c->first);
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        const size_t one = c->a[a + i].at, other = c->b[b + i].at;
        epo__scored_item item = c->first->items[one];
        double *row, *twin;
        item.group = (uint32_t)c->both[0]->info.objects;
        status = epo__scored_add(c->both[0], item, &row);
        if (status == EPO_OK) status = epo__scored_add(c->both[1], item, &twin);
        for (size_t k = 0; status == EPO_OK && k < width; k++) {
            row[k] = c->first->scores[one * width + k];
            twin[k] = c->second->scores[other * width + (width > 1 ? c->class_of[k] : 0)];
        }
    }
    c->both[0]->info.objects++;
    c->both[1]->info.objects++;
    return status;
}

/* Both lists are walked side by side, an object at a time. */
static epo_status intersect(comparing *c)
{
    const size_t a_count = (size_t)c->first->info.count, b_count = (size_t)c->second->info.count;
    epo_status status = EPO_OK;
    size_t a = 0, b = 0;
    while (status == EPO_OK && (a < a_count || b < b_count)) {
        const size_t a_end = object_end(c->a, a, a_count), b_end = object_end(c->b, b, b_count);
        const bool only_a = b == b_count || (a < a_count && c->a[a].object < c->b[b].object);
        const bool only_b = a == a_count || (b < b_count && c->b[b].object < c->a[a].object);
        if (only_a || only_b) {
            leave_out(c, only_a ? c->a[a].object : c->b[b].object);
        } else if (same_stamps(c->a + a, a_end - a, c->b + b, b_end - b)) {
            status = take_items(c, a, b, a_end - a);
        } else {
            leave_out(c, c->a[a].object);
        }
        if (!only_b) a = a_end;
        if (!only_a) b = b_end;
    }
    return status;
}

static epo_status name_left_out(const comparing *c, epo_store *store, epo_comparison *out)
{
    epo__string names = {0};
    epo__pool texts = {0};
    epo_status status = EPO_OK;
    for (int64_t i = 0; status == EPO_OK && i < c->left_out && i < NAMES_TOLD; i++) {
        epo__object_row row;
        status = epo__store_object_get(store, c->told[i], &texts, &row);
        if (status == EPO_OK) epo__string_addf(&names, "%s%s", i ? ", " : "", row.name);
    }
    if (c->left_out > NAMES_TOLD) epo__string_add(&names, ", ...");
    if (status == EPO_OK && names.failed) status = epo__nomem("names");
    epo__pool_free(&texts);
    if (status == EPO_OK)
        out->left_out_names = names.text;
    else
        epo__string_free(&names);
    return status;
}

static epo_status judge_both(const comparing *c, const epo__judging *a, const epo__judging *b, epo_comparison *out)
{
    epo__scored_labels labels;
    size_t passed_over = 0;
    epo_status status = epo__scored_labels_make(c->both[0], &labels);
    if (status != EPO_OK) return status;
    const epo__labelled first = epo__scored_labelled(c->both[0], &labels);
    epo__labelled second = epo__scored_labelled(c->both[1], &labels);
    if (!c->first->info.stamps) second.rank = c->class_of; /* ties of a forest's votes fall as they do without us */
    status = epo__judge_both(&first, &second, a, b, &out->differences, &out->difference_count, &passed_over);
    out->passed_over = (int64_t)passed_over;
    out->resamples = (int64_t)a->resamples - out->passed_over;
    epo__scored_labels_free(&labels);
    return status;
}

/* Thresholds in the first one's order of classes. */
static epo_status match_thresholds(const comparing *c, epo__judging *how, double **room)
{
    if (!how->thresholds || c->first->info.stamps) return EPO_OK;
    *room = epo__alloc(c->first->info.class_count, sizeof **room);
    if (!*room) return epo__nomem("thresholds");
    for (size_t k = 0; k < c->first->info.class_count; k++) (*room)[k] = how->thresholds[c->class_of[k]];
    how->thresholds = *room;
    return EPO_OK;
}

epo_status epo_scored_compare(epo_store *store, const epo_scored *first, const epo_scored *second,
                              const epo_evaluate_options *first_options, const epo_evaluate_options *second_options,
                              epo_comparison *out)
{
    static const epo_evaluate_options standard = EPO_EVALUATE_OPTIONS_INIT;
    comparing c = {.first = first, .second = second};
    epo__judging a, b;
    double *thresholds = NULL;
    *out = (epo_comparison){0};
    epo_status status = epo__scored_judging(first, first_options ? first_options : &standard, &a);
    if (status == EPO_OK) status = epo__scored_judging(second, second_options ? second_options : &standard, &b);
    if (status == EPO_OK) status = match_classes(&c);
    if (status != EPO_OK) return status;
    status = match_thresholds(&c, &b, &thresholds);
    c.a = place(first);
    c.b = place(second);
    if (status == EPO_OK && (!c.a || !c.b)) status = epo__nomem("scores");
    for (int i = 0; status == EPO_OK && i < 2; i++) status = epo__scored_create_like(first, &c.both[i]);
    if (status == EPO_OK) status = intersect(&c);
    if (status == EPO_OK) status = name_left_out(&c, store, out);
    out->left_out = c.left_out;
    if (status == EPO_OK && c.both[0]->info.count == 0)
        status = epo__fail(EPO_ENOTFOUND, "%s: no object has scores of both", epo__store_path(store));
    if (status == EPO_OK) {
        out->objects = c.both[0]->info.objects;
        out->count = c.both[0]->info.count;
        status = judge_both(&c, &a, &b, out);
    }
    epo_scored_free(c.both[0]);
    epo_scored_free(c.both[1]);
    free(c.a);
    free(c.b);
    free(thresholds);
    return status;
}

void epo_comparison_free(epo_comparison *comparison)
{
    free(comparison->differences);
    free(comparison->left_out_names);
    *comparison = (epo_comparison){0};
}
