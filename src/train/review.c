/* SPDX-License-Identifier: BSD-3-Clause
 * review.c - labels against scores: one verdict for each source and thing (a stamp, or an object), gathered, sorted and
 * merged thing by thing. */
#include "epochal/review.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/pool.h"
#include "data/objects.h"
#include "store/origin.h"
#include "store/scores.h"
#include "train/scored_source.h"
#include "train/truth.h"

enum { CLASSES_MAX = 256, SPLITS_MAX = 64 };

static const char *const real_classes[] = {"bogus", "real"};

/* What one source says of one label. */
typedef struct verdict {
    int64_t object, stamp; /* stamp 0: of the object */
    double p;              /* as epo_suspect's */
    double positive;       /* what the category is cut by */
    double suspicion;
    int source, called; /* called: class of the source */
    bool is_positive, against, seen;
} verdict;

/* What the sources say together. */
typedef struct thing {
    size_t first, count; /* in verdicts */
    double suspicion;
    int category, against;
    bool seen;
} thing;

/* The scores of one source. */
typedef struct reading {
    epo__scored_run run;
    const char *classes[CLASSES_MAX];
    size_t class_count;
    int64_t splits[SPLITS_MAX]; /* that the model was trained on */
    size_t split_count;
} reading;

typedef struct reviewing {
    epo_store *store;
    epo_review_summary *out;
    reading *readings;
    size_t source_count;
    epo__pool names, texts; /* texts: of the object at hand */
    verdict *verdicts;
    thing *things;
    int64_t *asked, *scored; /* objects in question of a class of the model; those with a score */
    epo__stamp_score *stamps;
    size_t verdict_count, verdict_room, thing_count, thing_room, asked_count, asked_room, scored_count, scored_room,
        stamp_room;
} reviewing;

int epo_review_category(bool positive, double p)
{
    if (!(p >= 0 && p <= 1)) return 0;
    if (positive) return p <= 0.1 ? 1 : p <= 0.5 ? 2 : 3;
    return p <= 0.5 ? 4 : p <= 0.9 ? 5 : 6;
}

/* --- which scores ------------------------------------------------------------------------------------------------ */

static epo_status find_run(reviewing *r, const epo_review_source *source, const epo__object_filter *filter, reading *to)
{
    epo_status status = epo__scored_source_run(r->store, source, filter, &to->run);
    if (status != EPO_OK) return status;
    if (to > r->readings && to->run.stamps != r->readings->run.stamps)
        return epo__fail(EPO_EARG,
                         "scores of stamps (real/bogus) and of objects (sequences) cannot be reviewed together");
    r->out->stamps = to->run.stamps;
    to->class_count = 2;
    memcpy(to->classes, real_classes, sizeof real_classes);
    if (!to->run.stamps)
        status = epo__store_scored_classes(r->store, to->run.id, &r->names, to->classes, CLASSES_MAX, &to->class_count);
    if (status == EPO_OK)
        status = epo__store_training_splits(r->store, to->run.id, to->splits, SPLITS_MAX, &to->split_count);
    return status;
}

/* --- one label --------------------------------------------------------------------------------------------------- */

static epo_status add_verdict(reviewing *r, verdict v)
{
    if (!epo_review_category(v.is_positive, v.positive) || !(v.p >= 0 && v.p <= 1)) {
        r->out->unusable++;
        return EPO_OK;
    }
    if (!epo__grow(&r->verdicts, &r->verdict_room, r->verdict_count + 1, sizeof *r->verdicts))
        return epo__nomem("scores");
    r->verdicts[r->verdict_count++] = v;
    return EPO_OK;
}

/* Suspicion and what is called instead, from a probability for each class; NaN where one is none. */
static void judge(const double *p, size_t count, int truth, verdict *v)
{
    int other = -1;
    bool sound = true;
    for (size_t k = 0; k < count; k++) {
        sound = sound && p[k] >= 0 && p[k] <= 1;
        if ((int)k != truth && (other < 0 || p[k] > p[other])) other = (int)k;
    }
    v->p = sound ? p[truth] : (double)NAN;
    v->suspicion = sound && other >= 0 ? (1 - p[truth] + p[other]) / 2 : 1 - v->p;
    v->against = v->suspicion > 0.5;
    v->called = v->against && other >= 0 ? other : truth;
}

static epo_status judge_stamps(reviewing *r, const reading *from, verdict v, int truth, size_t *rows)
{
    epo_status status = epo__store_stamp_scores_of(r->store, from->run.id, v.object, &r->stamps, &r->stamp_room, rows);
    for (size_t i = 0; status == EPO_OK && truth >= 0 && i < *rows; i++) {
        const double p[2] = {1 - r->stamps[i].score, r->stamps[i].score};
        v.stamp = r->stamps[i].stamp;
        judge(p, 2, truth, &v);
        v.is_positive = truth == 1;
        v.p = v.positive = r->stamps[i].score;
        if (v.is_positive && v.p <= 0.5) { /* where category 2 ends */
            v.against = true;
            v.called = 0;
        }
        status = add_verdict(r, v);
    }
    return status;
}

static epo_status judge_object(reviewing *r, const reading *from, verdict v, int truth, size_t *rows)
{
    double p[CLASSES_MAX];
    bool found;
    epo_status status =
        epo__store_class_scores_of(r->store, from->run.id, v.object, from->classes, from->class_count, p, &found);
    *rows = status == EPO_OK && found;
    if (!*rows || truth < 0) return status;
    judge(p, from->class_count, truth, &v);
    v.is_positive = strcasecmp(from->classes[truth], "NON") != 0;
    v.positive = v.is_positive ? v.p : 1 - v.p;
    return add_verdict(r, v);
}

static epo_status was_seen(const reviewing *r, const reading *from, int64_t object, bool *seen)
{
    epo_status status = EPO_OK;
    *seen = false;
    for (size_t i = 0; status == EPO_OK && !*seen && i < from->split_count; i++)
        status = epo__store_in_training(r->store, from->splits[i], object, seen);
    return status;
}

static epo_status add_id(int64_t **ids, size_t *room, size_t *count, int64_t id)
{
    if (!epo__grow(ids, room, *count + 1, sizeof **ids)) return epo__nomem("objects");
    (*ids)[(*count)++] = id;
    return EPO_OK;
}

static epo_status take_object(reviewing *r, int source, int64_t object)
{
    const reading *from = &r->readings[source];
    const char *label;
    size_t rows = 0;
    verdict v = {.object = object, .source = source};
    epo__pool_clear(&r->texts);
    epo_status status = epo__store_label_current(r->store, object, &r->texts, &label);
    if (status != EPO_OK) return status;
    const int truth = epo__truth_of(label, from->classes, from->class_count);
    if (truth >= 0) status = was_seen(r, from, object, &v.seen);
    if (status == EPO_OK)
        status = from->run.stamps ? judge_stamps(r, from, v, truth, &rows) : judge_object(r, from, v, truth, &rows);
    if (status == EPO_OK && truth < 0) r->out->left_out += rows > 0;
    if (status == EPO_OK && truth >= 0) status = add_id(&r->asked, &r->asked_room, &r->asked_count, object);
    if (status == EPO_OK && truth >= 0 && rows) status = add_id(&r->scored, &r->scored_room, &r->scored_count, object);
    return status;
}

static epo_status gather(reviewing *r, const epo_review_source *source, int number)
{
    epo__object_cursor cursor;
    int64_t object;
    epo_status status = epo__object_cursor_set(&cursor, source->split);
    if (status == EPO_OK) status = find_run(r, source, &cursor.filter, &r->readings[number]);
    while (status == EPO_OK && (status = epo__object_cursor_next(&cursor, r->store, &object)) == EPO_OK && object)
        status = take_object(r, number, object);
    return status;
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

/* Sorts ids and keeps one of each. */
static void settle(int64_t *ids, size_t *count)
{
    size_t kept = 0;
    if (*count) qsort(ids, *count, sizeof *ids, epo__by_id);
    for (size_t i = 0; i < *count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i]) ids[kept++] = ids[i];
    *count = kept;
}

static int by_thing(const void *a, const void *b)
{
    const verdict *x = a, *y = b;
    if (x->object != y->object) return x->object < y->object ? -1 : 1;
    if (x->stamp != y->stamp) return x->stamp < y->stamp ? -1 : 1;
    return x->source - y->source;
}

static thing merge(const reviewing *r, size_t first, size_t count)
{
    thing t = {.first = first, .count = count};
    double positive = 0;
    bool is_positive = true;
    for (size_t i = first; i < first + count; i++) {
        const verdict *v = &r->verdicts[i];
        t.suspicion += v->suspicion;
        t.against += v->against;
        t.seen = t.seen || v->seen;
        positive +=
            v->is_positive ? v->positive : 1 - v->positive; /* P(label), so that models of other classes can be added */
        is_positive = is_positive && v->is_positive;
    }
    t.suspicion /= (double)count;
    positive /= (double)count;
    /* of one model the number itself, which subtracting twice would blur at the edges */
    t.category = epo_review_category(is_positive, count == 1    ? r->verdicts[first].positive
                                                  : is_positive ? positive
                                                                : 1 - positive);
    return t;
}

static void count_thing(reviewing *r, const thing *t)
{
    epo_review_summary *out = r->out;
    out->judged++;
    out->of_category[t->category]++;
    out->against_all += t->against == (int)t->count;
    out->seen += t->seen;
    if (r->source_count != 2 || t->count != 2) return;
    const verdict *a = &r->verdicts[t->first], *b = a + 1;
    out->agreement[epo_review_category(a->is_positive, a->positive)]
                  [epo_review_category(b->is_positive, b->positive)]++;
}

static epo_status list_things(reviewing *r)
{
    if (r->verdict_count) qsort(r->verdicts, r->verdict_count, sizeof *r->verdicts, by_thing);
    for (size_t i = 0, end; i < r->verdict_count; i = end) {
        const verdict *v = &r->verdicts[i];
        for (end = i;
             end < r->verdict_count && r->verdicts[end].object == v->object && r->verdicts[end].stamp == v->stamp;)
            end++;
        if (!epo__grow(&r->things, &r->thing_room, r->thing_count + 1, sizeof *r->things)) return epo__nomem("labels");
        r->things[r->thing_count] = merge(r, i, end - i);
        count_thing(r, &r->things[r->thing_count++]);
    }
    settle(r->asked, &r->asked_count);
    settle(r->scored, &r->scored_count);
    r->out->missing = (int64_t)(r->asked_count - r->scored_count); /* what is scored was asked for */
    if (r->thing_count) return EPO_OK;
    const char *date = epo_store_labels_as_of(r->store);
    return epo__fail(EPO_ENOTFOUND, "%s: none of the objects with scores is of a class of the model%s%s",
                     epo__store_path(r->store), date ? " by the labels as of " : "", date ? date : "");
}

static int by_suspicion(const void *a, const void *b)
{
    const thing *x = a, *y = b;
    const bool all_x = x->against == (int)x->count, all_y = y->against == (int)y->count;
    if (all_x != all_y) return all_x ? -1 : 1;
    if (x->suspicion != y->suspicion) return x->suspicion > y->suspicion ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

static epo_status tell_one(reviewing *r, const thing *t, int64_t rank, double *p, epo_suspect_fn tell, void *context)
{
    epo__object_row object;
    epo__origin_place place;
    const verdict *most = &r->verdicts[t->first];
    epo__pool_clear(&r->texts);
    epo_status status = epo__store_object_get(r->store, most->object, &r->texts, &object);
    if (status == EPO_OK)
        status = most->stamp ? epo__store_stamp_place(r->store, most->stamp, &r->texts, &place)
                             : epo__store_object_place(r->store, most->object, &r->texts, &place);
    if (status != EPO_OK) return status;
    for (size_t i = 0; i < r->source_count; i++) p[i] = NAN;
    for (size_t i = t->first; i < t->first + t->count; i++) {
        const verdict *v = &r->verdicts[i];
        p[v->source] = v->p;
        if (v->suspicion > most->suspicion) most = v;
    }
    const epo_suspect suspect = {.rank = rank,
                                 .survey = object.survey,
                                 .object = object.name,
                                 .label = object.class_name,
                                 .called = r->readings[most->source].classes[most->called],
                                 .category = t->category,
                                 .suspicion = t->suspicion,
                                 .against = t->against,
                                 .models = (int)t->count,
                                 .seen = t->seen,
                                 .p = p,
                                 .mjd = place.mjd,
                                 .exposure = place.exposure,
                                 .path = place.path};
    return tell(context, &suspect);
}

static bool is_wanted(const epo_review_options *o, int category)
{
    bool any = false;
    for (int i = 1; i <= EPO_REVIEW_CATEGORIES; i++) any = any || o->categories[i];
    return !any || o->categories[category];
}

static epo_status tell_all(reviewing *r, const epo_review_options *o, epo_suspect_fn tell, void *context)
{
    double p[EPO_REVIEW_SOURCES_MAX];
    epo_status status = EPO_OK;
    qsort(r->things, r->thing_count, sizeof *r->things, by_suspicion);
    for (size_t i = 0; status == EPO_OK && i < r->thing_count; i++) {
        if (!is_wanted(o, r->things[i].category)) continue;
        if (o->limit > 0 && r->out->told == o->limit) break;
        status = tell_one(r, &r->things[i], (int64_t)i + 1, p, tell, context);
        r->out->told++;
    }
    return status;
}

epo_status epo_review(epo_store *store, const epo_review_source *sources, size_t count,
                      const epo_review_options *options, epo_suspect_fn tell, void *context, epo_review_summary *out)
{
    static const epo_review_options all;
    *out = (epo_review_summary){0};
    if (count == 0 || count > EPO_REVIEW_SOURCES_MAX)
        return epo__fail(EPO_EARG, "%zu models to review labels by: 1 to %d", count, EPO_REVIEW_SOURCES_MAX);
    reviewing r = {.store = store, .out = out, .source_count = count};
    epo_status status =
        (r.readings = epo__alloc(count, sizeof *r.readings)) ? epo__store_begin(store) : epo__nomem("scores");
    if (status != EPO_OK) {
        free(r.readings);
        return status;
    }
    for (size_t i = 0; status == EPO_OK && i < count; i++) status = gather(&r, &sources[i], (int)i);
    if (status == EPO_OK) status = list_things(&r);
    if (status == EPO_OK && tell) status = tell_all(&r, options ? options : &all, tell, context);
    epo__store_rollback(store); /* it was one consistent view */
    epo__pool_free(&r.names);
    epo__pool_free(&r.texts);
    free(r.readings);
    free(r.verdicts);
    free(r.things);
    free(r.asked);
    free(r.scored);
    free(r.stamps);
    return status;
}
