/* SPDX-License-Identifier: BSD-3-Clause
 * scored_read.c - stored scores beside the classes of the objects, object by object. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/text.h"
#include "data/objects.h"
#include "store/scores.h"
#include "train/scored.h"
#include "train/scored_source.h"
#include "train/truth.h"

static const char *const real_classes[] = {"bogus", "real"};

/* An object in question, and whether a source has scores of it. */
typedef struct asked {
    int64_t object;
    bool scored;
} asked;

typedef struct reading {
    epo_store *store;
    epo_scored *out;
    epo__pool names, texts; /* texts: of the object at hand */
    asked *asked;
    size_t asked_count, asked_room;
    epo__stamp_score *stamps; /* of the object at hand */
    size_t stamp_count, stamp_room;
} reading;

/* --- which scores ------------------------------------------------------------------------------------------------ */

/* The classes of the first source are those of the sample. */
static epo_status keep_classes(epo_scored *out, const char *const *found, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (!(out->names[k] = epo__strdup(found[k]))) return epo__nomem("classes");
        out->info.class_count = k + 1;
    }
    return EPO_OK;
}

static bool same_classes(const epo_scored *out, const char *const *found, size_t count)
{
    bool same = out->info.class_count == count;
    for (size_t k = 0; same && k < count; k++) {
        bool there = false;
        for (size_t i = 0; i < count; i++) there |= strcmp(found[k], out->names[i]) == 0;
        same = there;
    }
    return same;
}

static epo_status read_classes(reading *g, const epo_evaluate_source *source, const epo__scored_run *run)
{
    const char *found[EPO__SCORED_CLASSES_MAX];
    epo_scored *out = g->out;
    size_t count = 2;
    memcpy(found, real_classes, sizeof real_classes);
    epo_status status =
        run->stamps ? EPO_OK
                    : epo__store_scored_classes(g->store, run->id, &g->names, found, EPO__SCORED_CLASSES_MAX, &count);
    if (status != EPO_OK) return status;
    if (out->info.class_count == 0) {
        out->info.stamps = run->stamps;
        out->info.run = run->id;
        status = epo__store_run_triplet_head(g->store, run->id, &out->info.triplet_head);
        return status == EPO_OK ? keep_classes(out, found, count) : status;
    }
    if (out->info.stamps == run->stamps && same_classes(out, found, count)) return EPO_OK;
    char *name = epo__scored_source_name(source);
    status =
        name ? epo__fail(EPO_EARG,
                         "%s tells apart other classes than the models before it: only folds of one task are pooled",
                         name)
             : epo__nomem("message");
    free(name);
    return status;
}

/* The finished run that holds the scores of a source. */
static epo_status find_run(reading *g, const epo_evaluate_source *source, const epo__object_filter *filter,
                           epo__scored_run *run)
{
    epo_status status = epo__scored_source_run(g->store, source, filter, run);
    if (status != EPO_OK) return status;
    if (!epo__grow(&g->out->runs, &g->out->run_room, g->out->run_count + 1, sizeof *g->out->runs))
        return epo__nomem("runs");
    g->out->runs[g->out->run_count++] = run->id;
    return read_classes(g, source, run);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* In a store that is damaged, or not from us, a score may be any number, and would spoil every measure. */
static epo_status check_scores(reading *g, int64_t object, const double *scores, size_t count)
{
    epo__object_row row;
    size_t i = 0;
    while (i < count && scores[i] >= 0 && scores[i] <= 1) i++;
    if (i == count) return EPO_OK;
    epo_status status = epo__store_object_get(g->store, object, &g->texts, &row);
    return status == EPO_OK ? epo__fail(EPO_EFORMAT, "%s: object %s has a score of %g, which is no probability: score it anew",
                                        epo__store_path(g->store), row.name, scores[i])
                            : status;
}

/* The scores of one object, of class `truth`, behind those there are. */
static epo_status add_class_scores(reading *g, int64_t run, int64_t object, int truth, bool *found)
{
    epo_scored *out = g->out;
    double *row;
    epo_status status = epo__scored_add(out, (epo__scored_item){object, 0, truth, (uint32_t)out->info.objects}, &row);
    if (status != EPO_OK) return status;
    status = epo__store_class_scores_of(g->store, run, object, (const char *const *)out->names, out->info.class_count,
                                        row, found);
    if (status == EPO_OK && *found) status = check_scores(g, object, row, out->info.class_count);
    if (status != EPO_OK || !*found || truth < 0) out->info.count--;
    return status;
}

static epo_status add_stamp_scores(reading *g, int64_t run, int64_t object, int truth, bool *found)
{
    epo_scored *out = g->out;
    double *row;
    epo_status status = epo__store_stamp_scores_of(g->store, run, object, &g->stamps, &g->stamp_room, &g->stamp_count);
    *found = g->stamp_count > 0;
    for (size_t i = 0; status == EPO_OK && i < g->stamp_count; i++)
        status = check_scores(g, object, &g->stamps[i].score, 1);
    for (size_t i = 0; status == EPO_OK && truth >= 0 && i < g->stamp_count; i++) {
        const epo__scored_item item = {object, g->stamps[i].stamp, truth, (uint32_t)out->info.objects};
        status = epo__scored_add(out, item, &row);
        if (status == EPO_OK) *row = g->stamps[i].score;
    }
    return status;
}

static epo_status take_object(reading *g, int64_t run, int64_t object)
{
    epo_scored *out = g->out;
    const char *class_name;
    bool found = false;
    if (out->info.objects == UINT32_MAX)
        return epo__fail(EPO_ELIMIT, "%s: more objects than can be judged", epo__store_path(g->store));
    epo__pool_clear(&g->texts);
    epo_status status = epo__store_label_current(g->store, object, &g->texts, &class_name);
    if (status != EPO_OK) return status;
    const int truth = epo__truth_of(class_name, (const char *const *)out->names, out->info.class_count);
    status = out->info.stamps ? add_stamp_scores(g, run, object, truth, &found)
                              : add_class_scores(g, run, object, truth, &found);
    if (status != EPO_OK || (truth < 0 && !found)) return status;
    if (!epo__grow(&g->asked, &g->asked_room, g->asked_count + 1, sizeof *g->asked)) return epo__nomem("objects");
    g->asked[g->asked_count++] = (asked){object, found};
    if (found && truth < 0) out->info.left_out++;
    if (found && truth >= 0) out->info.objects++;
    return EPO_OK;
}

static epo_status read_source(reading *g, const epo_evaluate_source *source)
{
    epo__object_cursor cursor;
    epo__scored_run run = {0};
    int64_t object;
    epo_status status = epo__object_cursor_set(&cursor, source->split);
    if (status == EPO_OK) status = find_run(g, source, &cursor.filter, &run);
    while (status == EPO_OK && (status = epo__object_cursor_next(&cursor, g->store, &object)) == EPO_OK && object)
        status = take_object(g, run.id, object);
    return status;
}

static int by_object(const void *a, const void *b)
{
    const asked *x = a, *y = b;
    if (x->object != y->object) return x->object < y->object ? -1 : 1;
    return (int)y->scored - (int)x->scored;
}

/* No object may be scored twice; those that no source scored are counted. */
static epo_status settle_objects(reading *g)
{
    if (g->asked_count) qsort(g->asked, g->asked_count, sizeof *g->asked, by_object);
    for (size_t i = 0; i < g->asked_count; i++) {
        const asked *a = &g->asked[i];
        const bool again = i > 0 && a[-1].object == a->object;
        if (!again && !a->scored) g->out->info.missing++;
        if (!again || !a->scored) continue;
        epo__object_row row;
        epo_status status = epo__store_object_get(g->store, a->object, &g->texts, &row);
        if (status != EPO_OK) return status;
        return epo__fail(EPO_EARG,
                         "object %s is scored by two of the models, and the folds of a cross-validation score each "
                         "object once: give the split and part of each model",
                         row.name);
    }
    return EPO_OK;
}

static epo_status nothing_left(const reading *g)
{
    epo__string list = {0};
    const char *date = epo_store_labels_as_of(g->store);
    for (size_t k = 0; k < g->out->info.class_count; k++)
        epo__string_addf(&list, "%s%s", k ? ", " : "", g->out->names[k]);
    epo_status status =
        list.failed ? epo__nomem("message")
                    : epo__fail(EPO_ENOTFOUND, "%s: none of the objects with scores is of a class of the model (%s)%s%s",
                                epo__store_path(g->store), list.text, date ? " by the labels as of " : "", date ? date : "");
    epo__string_free(&list);
    return status;
}

epo_status epo_scored_read(epo_store *store, const epo_evaluate_source *sources, size_t count, epo_scored **out)
{
    if (count == 0) return epo__fail(EPO_EARG, "no model to evaluate");
    reading g = {.store = store, .out = epo__alloc(1, sizeof *g.out)};
    if (!g.out || !(g.out->store = epo__strdup(epo__store_path(store)))) {
        epo_scored_free(g.out);
        return epo__nomem("scores");
    }
    epo_status status = epo__store_begin(store); /* one consistent view */
    for (size_t i = 0; status == EPO_OK && i < count; i++) status = read_source(&g, &sources[i]);
    if (status == EPO_OK) status = settle_objects(&g);
    epo__store_rollback(store);
    if (status == EPO_OK && g.out->info.count == 0) status = nothing_left(&g);
    if (status == EPO_OK)
        *out = g.out;
    else
        epo_scored_free(g.out);
    epo__pool_free(&g.names);
    epo__pool_free(&g.texts);
    free(g.asked);
    free(g.stamps);
    return status;
}
