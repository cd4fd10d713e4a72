/* SPDX-License-Identifier: BSD-3-Clause
 * scores.c - reading the scores that a run left. */
#include "store/scores.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/query.h"
#include "store/stamps.h"

_Static_assert(EPO__STAMP_BITS == 20, "the statements below know that a stamp's id is object * 1048576 + number");

/* What "finished, of this model or this id" means in both searches. */
#define RUN_IS_WANTED                                                                                   \
    "r.status = 'done' AND (?1 IS NULL OR r.model = (SELECT id FROM models WHERE sha256 = lower(?1))) " \
    "AND (?2 IS NULL OR r.id = ?2) "
#define MEMBERS_OF_PART "FROM splits s CROSS JOIN split_members m ON m.split = s.id AND (?4 IS NULL OR m.part = ?4) "

/* The id of the one row's run, 0 without a row; closes the query. */
static epo_status last_run(epo__query *q, const epo__scored_wanted *w, int64_t *id)
{
    bool row;
    epo__bind_text(q, w->sha256);
    epo__bind_id(q, w->sha256 ? 0 : w->run);
    epo__bind_text(q, w->split);
    epo__bind_text(q, w->part);
    epo_status status = epo__query_row(q, &row);
    *id = status == EPO_OK && row ? epo__column_int(q, 0) : 0;
    epo__query_close(q);
    return status;
}

static epo_status last_class_run(epo_store *store, const epo__scored_wanted *wanted, int64_t *id)
{
    epo__query q =
        epo__query_open(store, "SELECT r.id FROM runs r WHERE " RUN_IS_WANTED
                               "AND CASE WHEN ?3 IS NULL THEN EXISTS (SELECT 1 FROM class_scores c WHERE c.run = r.id) "
                               "ELSE EXISTS (SELECT 1 " MEMBERS_OF_PART
                               "CROSS JOIN class_scores c ON c.run = r.id AND c.object = m.object WHERE s.name = ?3) "
                               "END ORDER BY r.id DESC LIMIT 1");
    return last_run(&q, wanted, id);
}

static epo_status last_stamp_run(epo_store *store, const epo__scored_wanted *wanted, int64_t *id)
{
    epo__query q =
        epo__query_open(store, "SELECT r.id FROM runs r WHERE " RUN_IS_WANTED
                               "AND CASE WHEN ?3 IS NULL THEN EXISTS (SELECT 1 FROM stamp_scores c WHERE c.run = r.id) "
                               "ELSE EXISTS (SELECT 1 " MEMBERS_OF_PART
                               "CROSS JOIN stamp_scores c ON c.run = r.id AND c.stamp BETWEEN m.object * 1048576 AND "
                               "m.object * 1048576 + 1048575 "
                               "WHERE s.name = ?3) END ORDER BY r.id DESC LIMIT 1");
    return last_run(&q, wanted, id);
}

static epo_status want_finished(epo_store *store, int64_t run)
{
    bool row, done = false;
    epo__query q = epo__query_open(store, "SELECT status = 'done' FROM runs WHERE id = ?");
    epo__bind_int(&q, run);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row) done = epo__column_int(&q, 0) != 0;
    epo__query_close(&q);
    if (status != EPO_OK || done) return status;
    return row ? epo__fail(EPO_EARG, "%s: run %lld did not finish", store->path, (long long)run)
               : epo__fail(EPO_ENOTFOUND, "%s: no run %lld", store->path, (long long)run);
}

epo_status epo__store_scored_run(epo_store *store, const epo__scored_wanted *wanted, epo__scored_run *out)
{
    int64_t of_classes = 0, of_stamps = 0;
    *out = (epo__scored_run){0};
    epo_status status = wanted->sha256 ? EPO_OK : want_finished(store, wanted->run);
    if (status == EPO_OK) status = last_class_run(store, wanted, &of_classes);
    if (status == EPO_OK) status = last_stamp_run(store, wanted, &of_stamps);
    if (status != EPO_OK) return status;
    out->stamps = of_stamps > of_classes;
    out->id = out->stamps ? of_stamps : of_classes;
    return EPO_OK;
}

epo_status epo__store_scored_classes(epo_store *store, int64_t run, epo__pool *pool, const char **names, size_t room,
                                     size_t *count)
{
    bool row;
    epo_status status;
    *count = 0;
    /* the first object's classes: every object of a run has the same */
    epo__query q = epo__query_open(
        store, "SELECT c.class FROM class_scores c JOIN runs r ON r.id = c.run LEFT JOIN models m ON m.id = r.model "
               "LEFT JOIN json_each(iif(json_valid(m.classes), m.classes, '[]')) j ON j.value = c.class "
               "WHERE c.run = ?1 AND c.object = (SELECT min(object) FROM class_scores WHERE run = ?1) "
               "ORDER BY j.key IS NULL, j.key, c.class");
    epo__bind_int(&q, run);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        if (*count == room)
            status = epo__fail(EPO_ELIMIT, "%s: run %lld has scores of more than %zu classes", store->path,
                               (long long)run, room);
        else if (!epo__column_text(&q, 0, pool, &names[*count]))
            status = epo__nomem("classes");
        else if (names[*count])
            ++*count;
        if (status != EPO_OK) break;
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_class_scores_of(epo_store *store, int64_t run, int64_t object, const char *const *names,
                                      size_t count, double *probabilities, bool *found)
{
    bool row, strange = false;
    size_t rows = 0;
    epo_status status;
    epo__query q = epo__query_open(store, "SELECT class, probability FROM class_scores WHERE run = ? AND object = ?");
    epo__bind_int(&q, run);
    epo__bind_int(&q, object);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const char *name = (const char *)sqlite3_column_text(q.stmt, 0);
        size_t k = 0;
        while (name && k < count && strcmp(names[k], name) != 0) k++;
        if (!name || k == count)
            strange = true;
        else
            probabilities[k] = epo__column_real(&q, 1);
        rows++;
    }
    *found = rows > 0;
    if (status != EPO_OK || rows == 0 || (rows == count && !strange)) return status;
    return epo__fail(EPO_EFORMAT, "%s: run %lld has other classes for object %lld than for the first", store->path,
                     (long long)run, (long long)object);
}

/* The rows of a statement of run and object. */
static epo_status stamp_scores(epo__query *q, int64_t run, int64_t object, epo__stamp_score **scores, size_t *room,
                               size_t *count)
{
    bool row;
    epo_status status;
    *count = 0;
    epo__bind_int(q, run);
    epo__bind_int(q, object);
    while ((status = epo__query_row(q, &row)) == EPO_OK && row) {
        if (!epo__grow(scores, room, *count + 1, sizeof **scores)) {
            status = epo__nomem("scores");
            break;
        }
        (*scores)[(*count)++] = (epo__stamp_score){epo__column_int(q, 0), epo__column_real(q, 1)};
    }
    epo__query_close(q);
    return status;
}

epo_status epo__store_stamp_scores_of(epo_store *store, int64_t run, int64_t object, epo__stamp_score **scores,
                                      size_t *room, size_t *count)
{
    epo__query q = epo__query_open(store, "SELECT stamp, score FROM stamp_scores WHERE run = ?1 AND stamp BETWEEN ?2 * "
                                          "1048576 AND ?2 * 1048576 + 1048575 ORDER BY stamp");
    return stamp_scores(&q, run, object, scores, room, count);
}

epo_status epo__store_stamp_scores_by_time(epo_store *store, int64_t run, int64_t object, epo__stamp_score **scores,
                                           size_t *room, size_t *count)
{
    epo__query q = epo__query_open(
        store, "SELECT c.stamp, c.score FROM stamp_scores c JOIN stamps s ON s.id = c.stamp WHERE c.run = ?1 AND c.stamp "
               "BETWEEN ?2 * 1048576 AND ?2 * 1048576 + 1048575 ORDER BY s.mjd, s.exposure, s.id");
    return stamp_scores(&q, run, object, scores, room, count);
}

epo_status epo__store_run_triplet_head(epo_store *store, int64_t run, bool *triplet_head)
{
    bool row;
    *triplet_head = false;
    epo__query q = epo__query_open(
        store, "SELECT coalesce(iif(json_valid(options), json_extract(options, '$.triplet_head'), 0), 0) FROM runs "
               "WHERE id = ?");
    epo__bind_int(&q, run);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row) *triplet_head = epo__column_int(&q, 0) != 0;
    epo__query_close(&q);
    return status;
}

static const char *text_of(const epo__query *q, int column)
{
    return (const char *)sqlite3_column_text(q->stmt, column);
}

epo_status epo__store_scores_of(epo_store *store, int64_t object, epo__score_fn visit, void *context)
{
    bool row;
    epo_status status;
    epo__query q = epo__query_open(
        store, "SELECT r.id, m.name, m.sha256, 0 AS stamp, c.class, c.probability FROM class_scores c "
               "JOIN runs r ON r.id = c.run AND r.status = 'done' LEFT JOIN models m ON m.id = r.model WHERE c.object = ?1 "
               "UNION ALL SELECT r.id, m.name, m.sha256, c.stamp, 'real', c.score FROM stamp_scores c "
               "JOIN runs r ON r.id = c.run AND r.status = 'done' LEFT JOIN models m ON m.id = r.model "
               "WHERE c.stamp BETWEEN ?1 * 1048576 AND ?1 * 1048576 + 1048575 ORDER BY 4, 1, 5");
    epo__bind_int(&q, object);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const epo__score_row score = {.run = epo__column_int(&q, 0),
                                      .model = text_of(&q, 1),
                                      .sha256 = text_of(&q, 2),
                                      .stamp = epo__column_int(&q, 3),
                                      .class_name = text_of(&q, 4),
                                      .value = epo__column_real(&q, 5)};
        if ((status = visit(context, &score)) != EPO_OK) break;
    }
    epo__query_close(&q);
    return status;
}
