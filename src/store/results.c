/* SPDX-License-Identifier: BSD-3-Clause
 * results.c - splits, models, runs, training curves and scores. */
#include "store/results.h"

#include <math.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/query.h"

/* Runs an INSERT and gives the new row's id. */
static epo_status insert(epo__query *q, int64_t *id)
{
    epo_store *store = q->store;
    epo_status status = epo__query_run(q);
    if (status == EPO_OK) *id = sqlite3_last_insert_rowid(store->db);
    return status;
}

epo_status epo__store_split_add(epo_store *store, const char *name, uint64_t seed, const char *options_json,
                                int64_t *id)
{
    *id = 0;
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    char now[21];
    epo__utc_now(now);
    epo__query q = epo__query_open(store, "INSERT INTO splits (name, seed, options, made) VALUES (?, ?, ?, ?)");
    epo__bind_text(&q, name);
    epo__bind_int(&q, (int64_t)seed);
    epo__bind_text(&q, options_json);
    epo__bind_text(&q, now);
    return insert(&q, id);
}

epo_status epo__store_split_find(epo_store *store, const char *name, int64_t *id)
{
    *id = 0;
    bool found;
    epo__query q = epo__query_open(store, "SELECT id FROM splits WHERE name = ?");
    epo__bind_text(&q, name);
    epo_status status = epo__query_row(&q, &found);
    if (status == EPO_OK && found) *id = epo__column_int(&q, 0);
    epo__query_close(&q);
    return status != EPO_OK || found ? status : epo__fail(EPO_ENOTFOUND, "%s: no split %s", store->path, name);
}

epo_status epo__store_split_options_are(epo_store *store, const char *name, const char *options_json, bool *there, bool *same)
{
    epo__query q = epo__query_open(store, "SELECT options = ?2 FROM splits WHERE name = ?1");
    epo__bind_text(&q, name);
    epo__bind_text(&q, options_json);
    epo_status status = epo__query_row(&q, there);
    *same = status == EPO_OK && *there && epo__column_int(&q, 0) != 0;
    epo__query_close(&q);
    return status;
}

epo_status epo__store_split_member_add(epo_store *store, int64_t split, int64_t object, const char *part)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(store, "INSERT INTO split_members (split, object, part) VALUES (?, ?, ?)");
    epo__bind_int(&q, split);
    epo__bind_int(&q, object);
    epo__bind_text(&q, part);
    return epo__query_run(&q);
}

epo_status epo__store_split_torn(epo_store *store, int64_t split, int64_t *fields)
{
    bool row;
    epo__query q = epo__query_open(
        store, "SELECT count(*) FROM (SELECT 1 FROM split_members m CROSS JOIN objects o ON o.id = m.object WHERE m.split = ? "
               "GROUP BY o.survey, ifnull(nullif(o.parent, ''), o.name) HAVING min(m.part) <> max(m.part))");
    epo__bind_int(&q, split);
    epo_status status = epo__query_row(&q, &row);
    *fields = status == EPO_OK && row ? epo__column_int(&q, 0) : 0;
    epo__query_close(&q);
    return status;
}

epo_status epo__store_model_put(epo_store *store, const epo__model_row *row, int64_t *id)
{
    *id = 0;
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    bool found;
    epo__query q = epo__query_open(store, "SELECT id FROM models WHERE sha256 = ?");
    epo__bind_text(&q, row->sha256);
    status = epo__query_row(&q, &found);
    if (status == EPO_OK && found) *id = epo__column_int(&q, 0);
    epo__query_close(&q);
    if (status != EPO_OK || found) return status;

    char now[21];
    epo__utc_now(now);
    q = epo__query_open(
        store, "INSERT INTO models (name, sha256, network, classes, normalisation, created) VALUES (?, ?, ?, ?, ?, ?)");
    epo__bind_text(&q, row->name);
    epo__bind_text(&q, row->sha256);
    epo__bind_text(&q, row->network);
    epo__bind_text(&q, row->classes);
    epo__bind_text(&q, row->normalisation);
    epo__bind_text(&q, now);
    return insert(&q, id);
}

epo_status epo__store_run_begin(epo_store *store, const epo__run_row *row, int64_t *id)
{
    *id = 0;
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    char now[21];
    epo__utc_now(now);
    epo__query q = epo__query_open(
        store, "INSERT INTO runs (kind, command, options, versions, seed, threads, model, split, started) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    epo__bind_text(&q, row->kind);
    epo__bind_text(&q, row->command);
    epo__bind_text(&q, row->options);
    epo__bind_text(&q, row->versions);
    epo__bind_int(&q, (int64_t)row->seed);
    epo__bind_int(&q, row->threads);
    epo__bind_id(&q, row->model);
    epo__bind_id(&q, row->split);
    epo__bind_text(&q, now);
    return insert(&q, id);
}

epo_status epo__store_run_end(epo_store *store, int64_t run, const char *status_name, double seconds,
                              size_t peak_memory, int64_t model)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(
        store, "UPDATE runs SET status = ?, seconds = ?, peak_memory = ?, model = ifnull(?, model) WHERE id = ?");
    epo__bind_text(&q, status_name);
    epo__bind_real(&q, seconds);
    epo__bind_int(&q, (int64_t)peak_memory);
    epo__bind_id(&q, model);
    epo__bind_int(&q, run);
    status = epo__query_run(&q);
    if (status == EPO_OK && sqlite3_changes(store->db) == 0)
        return epo__fail(EPO_ENOTFOUND, "%s: no run %lld", store->path, (long long)run);
    return status;
}

epo_status epo__store_curve_put(epo_store *store, int64_t run, int epoch, const char *name, double value)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(store, "INSERT INTO curves (run, name, epoch, value) VALUES (?, ?, ?, ?) "
                                          "ON CONFLICT (run, name, epoch) DO UPDATE SET value = excluded.value");
    epo__bind_int(&q, run);
    epo__bind_text(&q, name);
    epo__bind_int(&q, epoch);
    epo__bind_real(&q, value);
    return epo__query_run(&q);
}

epo_status epo__store_class_score_put(epo_store *store, int64_t run, int64_t object, const char *class_name,
                                      double probability)
{
    if (!isfinite(probability))
        return epo__fail(EPO_EARG, "%s: the score of object %lld is not finite", store->path, (long long)object);
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q =
        epo__query_open(store, "INSERT INTO class_scores (run, object, class, probability) VALUES (?, ?, ?, ?) "
                               "ON CONFLICT (run, object, class) DO UPDATE SET probability = excluded.probability");
    epo__bind_int(&q, run);
    epo__bind_int(&q, object);
    epo__bind_text(&q, class_name);
    epo__bind_real(&q, probability);
    return epo__query_run(&q);
}

epo_status epo__store_stamp_score_put(epo_store *store, int64_t run, int64_t stamp, double score)
{
    if (!isfinite(score))
        return epo__fail(EPO_EARG, "%s: the score of stamp %lld is not finite", store->path, (long long)stamp);
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(store, "INSERT INTO stamp_scores (run, stamp, score) VALUES (?, ?, ?) "
                                          "ON CONFLICT (run, stamp) DO UPDATE SET score = excluded.score");
    epo__bind_int(&q, run);
    epo__bind_int(&q, stamp);
    epo__bind_real(&q, score);
    return epo__query_run(&q);
}
