/* SPDX-License-Identifier: BSD-3-Clause
 * origin.c - where things came from, and what models were trained on. */
#include "store/origin.h"

#include <math.h>

#include "base/error.h"
#include "store/query.h"

/* Of a query with one row: time, exposure, path. */
static epo_status place(epo__query *q, epo__pool *pool, epo__origin_place *out)
{
    bool row;
    *out = (epo__origin_place){.mjd = NAN};
    epo_status status = epo__query_row(q, &row);
    if (status == EPO_OK && row) {
        out->mjd = epo__column_real(q, 0);
        if (!epo__column_text(q, 1, pool, &out->exposure) || !epo__column_text(q, 2, pool, &out->path))
            status = epo__nomem("a place");
    }
    epo__query_close(q);
    return status;
}

epo_status epo__store_stamp_place(epo_store *store, int64_t stamp, epo__pool *pool, epo__origin_place *out)
{
    epo__query q =
        epo__query_open(store, "SELECT s.mjd, s.exposure, f.path FROM stamps s LEFT JOIN sources f ON f.id = s.source "
                               "WHERE s.id = ?");
    epo__bind_int(&q, stamp);
    return place(&q, pool, out);
}

epo_status epo__store_object_place(epo_store *store, int64_t object, epo__pool *pool, epo__origin_place *out)
{
    epo__query q =
        epo__query_open(store, "SELECT (SELECT min(mjd) FROM stamps WHERE object = o.id), NULL, f.path FROM objects o "
                               "LEFT JOIN sources f ON f.id = o.source WHERE o.id = ?");
    epo__bind_int(&q, object);
    return place(&q, pool, out);
}

epo_status epo__store_training_splits(epo_store *store, int64_t run, int64_t *splits, size_t room, size_t *count)
{
    bool row;
    epo_status status;
    *count = 0;
    /* UNION, not UNION ALL: a chain that leads back to itself, in a damaged store, comes to an end */
    epo__query q = epo__query_open(
        store,
        "WITH RECURSIVE line(sha256) AS (SELECT m.sha256 FROM runs r JOIN models m ON m.id = r.model WHERE r.id = ?1 "
        "UNION "
        "SELECT lower(iif(json_valid(t.options), json_extract(t.options, '$.from_sha256'), NULL)) FROM line l "
        "JOIN models m ON m.sha256 = l.sha256 JOIN runs t ON t.model = m.id AND t.kind = 'train') "
        "SELECT DISTINCT t.split FROM line l JOIN models m ON m.sha256 = l.sha256 "
        "JOIN runs t ON t.model = m.id AND t.kind = 'train' WHERE t.split IS NOT NULL ORDER BY t.split LIMIT ?2");
    epo__bind_int(&q, run);
    epo__bind_int(&q, (int64_t)room);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row && *count < room)
        splits[(*count)++] = epo__column_int(&q, 0);
    epo__query_close(&q);
    return status;
}

epo_status epo__store_in_training(epo_store *store, int64_t split, int64_t object, bool *in)
{
    epo__query q =
        epo__query_open(store, "SELECT 1 FROM split_members WHERE split = ? AND object = ? AND part = 'train'");
    epo__bind_int(&q, split);
    epo__bind_int(&q, object);
    epo_status status = epo__query_row(&q, in);
    epo__query_close(&q);
    return status;
}
