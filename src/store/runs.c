/* SPDX-License-Identifier: BSD-3-Clause
 * runs.c - reading back what runs left about themselves. */
#include "store/runs.h"

#include "base/error.h"
#include "base/memory.h"
#include "store/query.h"

/* A text that is never NULL. */
static bool text_of(epo__query *q, int column, epo__pool *pool, const char **out)
{
    if (!epo__column_text(q, column, pool, out)) return false;
    if (!*out) *out = "";
    return true;
}

/* The one row of a query about `id`; the caller closes the query. */
static epo_status one_row(epo__query *q, const char *what, int64_t id)
{
    bool row;
    epo__bind_int(q, id);
    const epo_status status = epo__query_row(q, &row);
    if (status != EPO_OK || row) return status;
    return epo__fail(EPO_ENOTFOUND, "%s: no %s %lld", q->store->path, what, (long long)id);
}

epo_status epo__store_run_tell(epo_store *store, int64_t run, epo__pool *pool, epo__run_told *out)
{
    *out = (epo__run_told){.id = run};
    epo__query q =
        epo__query_open(store, "SELECT kind, command, options, versions, started, status, seed, threads, model, split, "
                               "seconds, peak_memory FROM runs WHERE id = ?");
    epo_status status = one_row(&q, "run", run);
    if (status == EPO_OK) {
        const char **texts[] = {&out->kind, &out->command, &out->options, &out->versions, &out->started, &out->status};
        for (int i = 0; i < 6; i++)
            if (!text_of(&q, i, pool, texts[i])) status = epo__nomem("a run");
        out->seed = (uint64_t)epo__column_int(&q, 6);
        out->threads = (int)epo__column_int(&q, 7);
        out->model = epo__column_int(&q, 8);
        out->split = epo__column_int(&q, 9);
        out->seconds = epo__column_real(&q, 10);
        out->peak_memory = epo__column_int(&q, 11);
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_model_tell(epo_store *store, int64_t model, epo__pool *pool, epo__model_told *out)
{
    *out = (epo__model_told){.id = model};
    epo__query q =
        epo__query_open(store, "SELECT name, sha256, network, classes, normalisation FROM models WHERE id = ?");
    epo_status status = one_row(&q, "model", model);
    if (status == EPO_OK) {
        const char **texts[] = {&out->name, &out->sha256, &out->network, &out->classes, &out->normalisation};
        for (int i = 0; i < 5; i++)
            if (!text_of(&q, i, pool, texts[i])) status = epo__nomem("a model");
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_training_of(epo_store *store, int64_t model, int64_t *run)
{
    bool row;
    epo__query q = epo__query_open(
        store, "SELECT id FROM runs WHERE kind = 'train' AND status = 'done' AND model = ? ORDER BY id DESC LIMIT 1");
    epo__bind_int(&q, model);
    const epo_status status = epo__query_row(&q, &row);
    *run = status == EPO_OK && row ? epo__column_int(&q, 0) : 0;
    epo__query_close(&q);
    return status;
}

epo_status epo__store_split_tell(epo_store *store, int64_t split, epo__pool *pool, epo__split_told *out)
{
    *out = (epo__split_told){0};
    epo__query q = epo__query_open(store, "SELECT name, options, made, seed FROM splits WHERE id = ?");
    epo_status status = one_row(&q, "split", split);
    if (status == EPO_OK) {
        const char **texts[] = {&out->name, &out->options, &out->made};
        for (int i = 0; i < 3; i++)
            if (!text_of(&q, i, pool, texts[i])) status = epo__nomem("a split");
        out->seed = (uint64_t)epo__column_int(&q, 3);
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_curves_of(epo_store *store, int64_t run, epo__pool *pool, epo__curve_value **values, size_t *room,
                                size_t *count)
{
    bool row;
    epo_status status;
    *count = 0;
    epo__query q = epo__query_open(store, "SELECT name, epoch, value FROM curves WHERE run = ? ORDER BY name, epoch");
    epo__bind_int(&q, run);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        epo__curve_value value = {.epoch = epo__column_int(&q, 1), .value = epo__column_real(&q, 2)};
        if (!epo__grow(values, room, *count + 1, sizeof **values) || !text_of(&q, 0, pool, &value.name)) {
            status = epo__nomem("curves");
            break;
        }
        (*values)[(*count)++] = value;
    }
    epo__query_close(&q);
    return status;
}

static bool take_kind(epo__query *q, epo__pool *pool, epo__source_kind *out)
{
    *out = (epo__source_kind){.files = epo__column_int(q, 3),
                              .bytes = epo__column_int(q, 4),
                              .objects = epo__column_int(q, 5),
                              .stamps = epo__column_int(q, 6),
                              .points = epo__column_int(q, 7)};
    return text_of(q, 0, pool, &out->survey) && text_of(q, 1, pool, &out->format) &&
           text_of(q, 2, pool, &out->options) && text_of(q, 8, pool, &out->path) && text_of(q, 9, pool, &out->digest);
}

epo_status epo__store_source_kinds(epo_store *store, epo__pool *pool, epo__source_kind *kinds, size_t room,
                                   size_t *count)
{
    bool row;
    epo_status status;
    *count = 0;
    /* path and digest are those of the row with the least id: SQLite's rule for bare columns beside one min() */
    epo__query q = epo__query_open(
        store, "SELECT v.name, s.format, s.options, count(*), sum(s.bytes), sum(s.objects), sum(s.stamps), "
               "sum(s.photometry), s.path, s.digest, min(s.id) FROM sources s JOIN surveys v ON v.id = s.survey "
               "GROUP BY v.name, s.format, s.options ORDER BY v.name, s.format, s.options");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        if (*count < room && !take_kind(&q, pool, &kinds[*count])) {
            status = epo__nomem("sources");
            break;
        }
        ++*count;
    }
    epo__query_close(&q);
    return status;
}
