/* SPDX-License-Identifier: BSD-3-Clause
 * labels.c - the append-only history of what objects were said to be. */
#include "base/error.h"
#include "store/objects.h"
#include "store/query.h"

epo_status epo__store_label_add(epo_store *store, const epo__label_row *row)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    /* the time is the column's default; triggers make it the object's class */
    epo__query q =
        epo__query_open(store, "INSERT INTO labels (object, class, who, why, source) VALUES (?, ?, ?, ?, ?)");
    epo__bind_int(&q, row->object);
    epo__bind_text(&q, row->class_name);
    epo__bind_text(&q, row->who);
    epo__bind_text(&q, row->why);
    epo__bind_id(&q, row->source);
    return epo__query_run(&q);
}

epo_status epo__store_label_current(epo_store *store, int64_t object, epo__pool *pool, const char **class_name)
{
    *class_name = NULL;
    bool row;
    epo__query q = epo__query_open(store, "SELECT class FROM labels WHERE object = ? ORDER BY id DESC LIMIT 1");
    epo__bind_int(&q, object);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row && !epo__column_text(&q, 0, pool, class_name)) status = epo__nomem("a label");
    epo__query_close(&q);
    return status;
}
