/* SPDX-License-Identifier: BSD-3-Clause
 * object_scores.c - the scores of one run, object by object. */
#include "train/object_scores.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/objects.h"

const char *epo__real_name(size_t index)
{
    static const char *const names[EPO__REAL_VALUES] = {"real_mean", "real_max", "real_last"};
    return index < EPO__REAL_VALUES ? names[index] : NULL;
}

static epo_status none_found(epo_store *store, const epo_evaluate_source *s)
{
    char run[32];
    snprintf(run, sizeof run, "run %lld", (long long)s->run);
    return epo__fail(EPO_ENOTFOUND, "%s: no finished run has scores of %s%s%s; to make them: %s",
                     epo__store_path(store),
                     s->name     ? s->name
                     : s->sha256 ? s->sha256
                                 : run,
                     s->split ? " for " : "", s->split ? s->split : "",
                     s->remedy ? s->remedy : "epochal classify (sequences) or epochal score --db (stamps)");
}

epo_status epo__object_scores_open(epo_store *store, const epo_evaluate_source *source, epo__object_scores *out)
{
    epo__object_cursor cursor;
    epo__scored_run run = {0};
    *out = (epo__object_scores){0};
    epo_status status = epo__object_cursor_set(&cursor, source->split);
    const epo__scored_wanted wanted = {.sha256 = source->sha256,
                                       .run = source->run,
                                       .split = cursor.filter.split,
                                       .part = cursor.filter.part};
    int64_t objects;
    if (status == EPO_OK && source->split) status = epo__store_objects_count(store, &cursor.filter, &objects);
    if (status == EPO_OK) status = epo__store_scored_run(store, &wanted, &run);
    if (status == EPO_OK && !run.id) status = none_found(store, source);
    if (status != EPO_OK) return status;
    out->run = run.id;
    out->stamps = run.stamps;
    out->count = EPO__REAL_VALUES;
    if (run.stamps) return EPO_OK;
    return epo__store_scored_classes(store, run.id, &out->pool, out->classes, EPO__SCORED_CLASSES_MAX, &out->count);
}

void epo__object_scores_free(epo__object_scores *scores)
{
    epo__pool_free(&scores->pool);
    free(scores->list);
    *scores = (epo__object_scores){0};
}

static void summarise(const epo__stamp_score *list, size_t count, double *values)
{
    values[EPO__REAL_MEAN] = 0;
    values[EPO__REAL_MAX] = list[0].score;
    values[EPO__REAL_LAST] = list[count - 1].score;
    for (size_t i = 0; i < count; i++) {
        values[EPO__REAL_MEAN] += list[i].score / (double)count;
        values[EPO__REAL_MAX] = fmax(values[EPO__REAL_MAX], list[i].score);
    }
}

epo_status epo__object_scores_of(epo_store *store, epo__object_scores *s, int64_t object, double *values, bool *found)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) values[i] = (double)NAN;
    if (!s->stamps) return epo__store_class_scores_of(store, s->run, object, s->classes, s->count, values, found);
    epo_status status = epo__store_stamp_scores_by_time(store, s->run, object, &s->list, &s->room, &count);
    *found = status == EPO_OK && count > 0;
    if (*found) summarise(s->list, count, values);
    return status;
}
