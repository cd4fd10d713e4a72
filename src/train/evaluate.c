/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate.c - stored scores against the classes of the objects: read object by object, then judged together. */
#include "epochal/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/text.h"
#include "data/objects.h"
#include "metrics/judge.h"
#include "store/scores.h"
#include "train/truth.h"

enum { CLASSES_MAX = 256 };

static const char *const real_classes[] = {"bogus", "real"};

/* An object in question, and whether a source has scores of it. */
typedef struct asked {
    int64_t object;
    bool scored;
} asked;

typedef struct gathering {
    epo_store *store;
    epo_evaluation *out;
    epo__pool names, texts; /* texts: of the object at hand */
    bool stamps;
    const char *classes[CLASSES_MAX];
    size_t class_count;
    double *scores; /* a row an item */
    int *truth;
    uint32_t *groups; /* the object of each item, numbered as they came */
    asked *asked;
    size_t score_count, item_count, asked_count, score_room, truth_room, group_room, asked_room;
} gathering;

/* --- which scores ------------------------------------------------------------------------------------------------ */

/* "taonet.safetensors", else the beginning of its SHA-256, else "run 3". */
static char *name_of(const epo_evaluate_source *source)
{
    if (source->name) return epo__strdup(source->name);
    return source->sha256 ? epo__format("model %.12s", source->sha256)
                          : epo__format("run %lld", (long long)source->run);
}

static epo_status no_scores(const gathering *g, const epo_evaluate_source *source)
{
    static const char general[] = "epochal classify (sequences) or epochal score --db (stamps)";
    char *name = name_of(source);
    if (!name) return epo__nomem("message");
    epo_status status = epo__fail(EPO_ENOTFOUND, "%s: no finished run has scores of %s%s%s; to make them: %s",
                                  epo__store_path(g->store), name, source->split ? " for " : "",
                                  source->split ? source->split : "", source->remedy ? source->remedy : general);
    if (!source->sha256)
        status = epo__fail(EPO_ENOTFOUND, "%s: %s left no scores%s%s; those that do: %s", epo__store_path(g->store),
                           name, source->split ? " for " : "", source->split ? source->split : "", general);
    free(name);
    return status;
}

static epo_status read_classes(gathering *g, const epo_evaluate_source *source, const epo__scored_run *run)
{
    const char *found[CLASSES_MAX];
    size_t count = 2;
    const bool first = g->class_count == 0;
    memcpy(found, real_classes, sizeof real_classes);
    epo_status status =
        run->stamps ? EPO_OK : epo__store_scored_classes(g->store, run->id, &g->names, found, CLASSES_MAX, &count);
    if (status != EPO_OK) return status;
    if (first) {
        g->stamps = run->stamps;
        g->class_count = count;
        memcpy(g->classes, found, count * sizeof *found);
        return EPO_OK;
    }
    bool same = g->stamps == run->stamps && g->class_count == count;
    for (size_t k = 0; same && k < count; k++) {
        bool there = false;
        for (size_t i = 0; i < count; i++) there |= strcmp(found[k], g->classes[i]) == 0;
        same = there;
    }
    if (same) return EPO_OK;
    char *name = name_of(source);
    status =
        name ? epo__fail(EPO_EARG,
                         "%s tells apart other classes than the models before it: only folds of one task are pooled",
                         name)
             : epo__nomem("message");
    free(name);
    return status;
}

/* The finished run that holds the scores of a source. */
static epo_status find_run(gathering *g, const epo_evaluate_source *source, const epo__object_filter *filter,
                           epo__scored_run *run)
{
    const epo__scored_wanted wanted = {.sha256 = source->sha256,
                                       .run = source->run,
                                       .split = filter->split,
                                       .part = filter->part};
    int64_t objects;
    epo_status status =
        filter->split ? epo__store_objects_count(g->store, filter, &objects) : EPO_OK; /* is there such a split? */
    if (status == EPO_OK) status = epo__store_scored_run(g->store, &wanted, run);
    if (status != EPO_OK) return status;
    return run->id ? read_classes(g, source, run) : no_scores(g, source);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Room for what is known of one more item: its truth and group. */
static epo_status add_item(gathering *g, int truth)
{
    if (!epo__grow(&g->truth, &g->truth_room, g->item_count + 1, sizeof *g->truth) ||
        !epo__grow(&g->groups, &g->group_room, g->item_count + 1, sizeof *g->groups))
        return epo__nomem("scores");
    g->truth[g->item_count] = truth;
    g->groups[g->item_count++] = (uint32_t)g->out->objects;
    return EPO_OK;
}

/* The scores of one object behind those there are; *rows is how many items they are. */
static epo_status read_scores(gathering *g, int64_t run, int64_t object, size_t *rows)
{
    *rows = 0;
    if (g->stamps) {
        const size_t before = g->score_count;
        epo_status status =
            epo__store_stamp_scores_of(g->store, run, object, &g->scores, &g->score_room, &g->score_count);
        *rows = g->score_count - before;
        return status;
    }
    bool found;
    if (!epo__grow(&g->scores, &g->score_room, g->score_count + g->class_count, sizeof *g->scores))
        return epo__nomem("scores");
    epo_status status = epo__store_class_scores_of(g->store, run, object, g->classes, g->class_count,
                                                   g->scores + g->score_count, &found);
    if (status != EPO_OK || !found) return status;
    g->score_count += g->class_count;
    *rows = 1;
    return EPO_OK;
}

static epo_status take_object(gathering *g, int64_t run, int64_t object)
{
    const char *class_name;
    size_t rows;
    const size_t before = g->score_count;
    epo__pool_clear(&g->texts);
    epo_status status = epo__store_label_current(g->store, object, &g->texts, &class_name);
    if (status == EPO_OK) status = read_scores(g, run, object, &rows);
    if (status != EPO_OK) return status;
    const int truth = epo__truth_of(class_name, g->classes, g->class_count);
    if (truth < 0 && rows == 0) return EPO_OK;
    if (!epo__grow(&g->asked, &g->asked_room, g->asked_count + 1, sizeof *g->asked)) return epo__nomem("objects");
    g->asked[g->asked_count++] = (asked){object, rows > 0};
    if (rows == 0) return EPO_OK;
    if (truth < 0) {
        g->out->left_out++;
        g->score_count = before;
        return EPO_OK;
    }
    if (g->out->objects == UINT32_MAX)
        return epo__fail(EPO_ELIMIT, "%s: more objects than can be judged", epo__store_path(g->store));
    for (size_t i = 0; status == EPO_OK && i < rows; i++) status = add_item(g, truth);
    g->out->objects++;
    return status;
}

static epo_status gather(gathering *g, const epo_evaluate_source *source)
{
    epo__object_cursor cursor;
    epo__scored_run run = {0};
    int64_t object;
    epo_status status = epo__object_cursor_set(&cursor, source->split);
    if (status == EPO_OK) status = find_run(g, source, &cursor.filter, &run);
    if (status == EPO_OK && !g->out->run) g->out->run = run.id;
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
static epo_status settle_objects(gathering *g)
{
    if (g->asked_count) qsort(g->asked, g->asked_count, sizeof *g->asked, by_object);
    for (size_t i = 0; i < g->asked_count; i++) {
        const asked *a = &g->asked[i];
        const bool again = i > 0 && a[-1].object == a->object;
        if (!again && !a->scored) g->out->missing++;
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

/* --- judging ----------------------------------------------------------------------------------------------------- */

static epo_status name_classes(gathering *g)
{
    epo_evaluation *out = g->out;
    out->stamps = g->stamps;
    out->classes = epo__alloc(g->class_count, sizeof *out->classes);
    out->confusion = epo__alloc(g->class_count * g->class_count, sizeof *out->confusion);
    if (!out->classes || !out->confusion) return epo__nomem("classes");
    for (size_t k = 0; k < g->class_count; k++) {
        out->class_count = k + 1;
        if (!(out->classes[k].name = epo__strdup(g->classes[k]))) return epo__nomem("classes");
    }
    return EPO_OK;
}

static void fill_class(epo_evaluation_class *out, const epo__class_judgement *judged)
{
    out->count = (int64_t)judged->items;
    out->max_f1 = judged->max_f1;
    out->threshold = judged->threshold;
    out->auc = judged->auc;
}

static epo_status judge_classes(const epo__labelled *items, const epo__resampling *how, epo_evaluation *out)
{
    epo__judgement j;
    epo_status status = epo__judge(items, how, &j);
    for (size_t k = 0; status == EPO_OK && k < items->classes; k++) fill_class(&out->classes[k], &j.classes[k]);
    for (size_t i = 0; status == EPO_OK && i < items->classes * items->classes; i++)
        out->confusion[i] = (int64_t)j.confusion[i];
    out->max_f1 = j.max_f1;
    out->auc = j.auc;
    out->max_f1_sd = j.max_f1_sd;
    out->auc_sd = j.auc_sd;
    out->accuracy = j.accuracy;
    out->passed_over = (int64_t)j.passed_over;
    epo__judgement_free(&j);
    return status;
}

static epo_status judge_stamps(const epo__labelled *items, double threshold, const epo__resampling *how,
                               epo_evaluation *out)
{
    epo__real_judgement j;
    epo_status status = epo__judge_real(items, threshold, how, &j);
    if (status != EPO_OK) return status;
    const epo__class_judgement bogus = {.items = items->count - j.real.items,
                                        .max_f1 = {NAN, NAN, NAN},
                                        .auc = {NAN, NAN, NAN},
                                        .threshold = NAN};
    fill_class(&out->classes[0], &bogus);
    fill_class(&out->classes[1], &j.real);
    for (size_t i = 0; i < 4; i++) out->confusion[i] = (int64_t)j.confusion[i];
    out->max_f1 = j.real.max_f1;
    out->auc = j.real.auc;
    out->accuracy = j.accuracy;
    out->mcc = j.mcc;
    out->mdr = j.mdr;
    out->fpr = j.fpr;
    out->fpr_at_mdr = j.fpr_quoted;
    out->passed_over = (int64_t)j.passed_over;
    return EPO_OK;
}

static epo_status nothing_left(const gathering *g)
{
    epo__string list = {0};
    for (size_t k = 0; k < g->class_count; k++) epo__string_addf(&list, "%s%s", k ? ", " : "", g->classes[k]);
    epo_status status =
        list.failed ? epo__nomem("message")
                    : epo__fail(EPO_ENOTFOUND, "%s: none of the objects with scores is of a class of the model (%s)",
                                epo__store_path(g->store), list.text);
    epo__string_free(&list);
    return status;
}

static epo_status judge(gathering *g, const epo_evaluate_options *o)
{
    epo_evaluation *out = g->out;
    const epo__labelled items = {.count = g->item_count,
                                 .classes = g->class_count,
                                 .scores = g->scores,
                                 .truth = g->truth,
                                 .groups = g->groups,
                                 .group_count = (size_t)out->objects};
    const epo__resampling how = {.resamples = (size_t)o->resamples, .seed = o->seed};
    if (g->item_count == 0) return nothing_left(g);
    epo_status status = name_classes(g);
    if (status == EPO_OK)
        status = g->stamps ? judge_stamps(&items, o->threshold, &how, out) : judge_classes(&items, &how, out);
    out->count = (int64_t)g->item_count;
    out->resamples = o->resamples - out->passed_over;
    return status;
}

epo_status epo_evaluate(epo_store *store, const epo_evaluate_source *sources, size_t count,
                        const epo_evaluate_options *options, epo_evaluation *out)
{
    static const epo_evaluate_options standard = EPO_EVALUATE_OPTIONS_INIT;
    const epo_estimate none = {NAN, NAN, NAN};
    if (!options) options = &standard;
    *out = (epo_evaluation){.mcc = none, .mdr = none, .fpr = none, .fpr_at_mdr = none, .max_f1_sd = NAN, .auc_sd = NAN};
    if (count == 0) return epo__fail(EPO_EARG, "no model to evaluate");
    if (options->resamples < 0 || options->resamples > EPO_EVALUATE_RESAMPLES_MAX)
        return epo__fail(EPO_EARG, "%d resamples; 0 to %d", options->resamples, EPO_EVALUATE_RESAMPLES_MAX);
    if (isnan(options->threshold)) return epo__fail(EPO_EARG, "the threshold is not a number");
    gathering g = {.store = store, .out = out};
    epo_status status = epo__store_begin(store); /* one consistent view */
    if (status != EPO_OK) return status;
    for (size_t i = 0; status == EPO_OK && i < count; i++) status = gather(&g, &sources[i]);
    if (status == EPO_OK) status = settle_objects(&g);
    epo__store_rollback(store);
    if (status == EPO_OK) status = judge(&g, options);
    epo__pool_free(&g.names);
    epo__pool_free(&g.texts);
    free(g.scores);
    free(g.truth);
    free(g.groups);
    free(g.asked);
    return status;
}

void epo_evaluation_free(epo_evaluation *evaluation)
{
    for (size_t k = 0; k < evaluation->class_count; k++) free(evaluation->classes[k].name);
    free(evaluation->classes);
    free(evaluation->confusion);
    *evaluation = (epo_evaluation){0};
}
