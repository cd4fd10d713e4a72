/* SPDX-License-Identifier: BSD-3-Clause
 * sources.c - surveys, and the files that were imported. */
#include "base/clock.h"
#include "base/error.h"
#include "store/query.h"
#include "store/store.h"

epo_status epo__survey_put(epo_store *store, const char *name, int64_t *id)
{
    bool row;
    epo__query q = epo__query_open(store, "SELECT id FROM surveys WHERE name = ?");
    epo__bind_text(&q, name);
    epo_status status = epo__query_row(&q, &row);
    if (status != EPO_OK) return status;
    if (row) {
        *id = epo__column_int(&q, 0);
        epo__query_close(&q);
        return EPO_OK;
    }
    q = epo__query_open(store, "INSERT INTO surveys (name) VALUES (?)");
    epo__bind_text(&q, name);
    status = epo__query_run(&q);
    if (status == EPO_OK) *id = sqlite3_last_insert_rowid(store->db);
    return status;
}

epo_status epo__store_source_find(epo_store *store, const char *digest, const char *format, const char *options,
                                  int64_t *id)
{
    *id = 0;
    bool row;
    epo__query q = epo__query_open(store, "SELECT id FROM sources WHERE digest = ? AND format = ? AND options = ?");
    epo__bind_text(&q, digest);
    epo__bind_text(&q, format);
    epo__bind_text(&q, options);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row) *id = epo__column_int(&q, 0);
    epo__query_close(&q);
    return status;
}

epo_status epo__store_source_is(epo_store *store, int64_t id, const char *format, bool *is)
{
    epo__query q = epo__query_open(store, "SELECT 1 FROM sources WHERE id = ? AND format = ?");
    epo__bind_int(&q, id);
    epo__bind_text(&q, format);
    epo_status status = epo__query_row(&q, is);
    epo__query_close(&q);
    if (status != EPO_OK) *is = false;
    return status;
}

epo_status epo__store_source_add(epo_store *store, const epo__source_row *row, int64_t *id)
{
    *id = 0;
    int64_t survey;
    epo_status status = epo__want_transaction(store);
    if (status == EPO_OK) status = epo__survey_put(store, row->survey, &survey);
    if (status != EPO_OK) return status;
    char now[21];
    epo__utc_now(now);
    epo__query q =
        epo__query_open(store, "INSERT INTO sources (survey, path, bytes, digest, format, options, imported) "
                               "VALUES (?, ?, ?, ?, ?, ?, ?)");
    epo__bind_id(&q, survey);
    epo__bind_text(&q, row->path);
    epo__bind_int(&q, row->bytes);
    epo__bind_text(&q, row->digest);
    epo__bind_text(&q, row->format);
    epo__bind_text(&q, row->options);
    epo__bind_text(&q, now);
    status = epo__query_run(&q);
    if (status == EPO_OK) *id = sqlite3_last_insert_rowid(store->db);
    return status;
}

epo_status epo__store_source_finish(epo_store *store, int64_t id, const epo__source_row *row)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(
        store, "UPDATE sources SET objects = ?, stamps = ?, photometry = ?, duplicates = ? WHERE id = ?");
    epo__bind_int(&q, row->objects);
    epo__bind_int(&q, row->stamps);
    epo__bind_int(&q, row->photometry);
    epo__bind_int(&q, row->duplicates);
    epo__bind_int(&q, id);
    return epo__query_run(&q);
}
