/* SPDX-License-Identifier: BSD-3-Clause
 * labels.c - the append-only history of what objects were said to be, and of votes on it. */
#include "store/labels.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/query.h"

static void bind_row(epo__query *q, const epo__label_row *row)
{
    epo__bind_int(q, row->object);
    epo__bind_text(q, row->class_name);
    epo__bind_text(q, row->who);
    epo__bind_text(q, row->why);
    epo__bind_id(q, row->source);
    epo__bind_text(q, row->at);
}

epo_status epo__store_label_add(epo_store *store, const epo__label_row *row)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    /* triggers make it the object's class */
    epo__query q = epo__query_open(store, "INSERT INTO labels (object, class, who, why, source, at) "
                                          "VALUES (?, ?, ?, ?, ?, ifnull(?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')))");
    bind_row(&q, row);
    return epo__query_run(&q);
}

epo_status epo__store_vote_add(epo_store *store, const epo__label_row *row)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q =
        epo__query_open(store, "INSERT INTO votes (object, class, who, why, source, at, label) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ifnull(?6, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), "
                               "(SELECT max(id) FROM labels WHERE object = ?1))");
    bind_row(&q, row);
    return epo__query_run(&q);
}

epo_status epo__store_label_current(epo_store *store, int64_t object, epo__pool *pool, const char **class_name)
{
    *class_name = NULL;
    bool row;
    epo__query q = epo__query_open(store, "SELECT class FROM labels WHERE object = ? AND (labels_as_of() IS NULL OR "
                                          "at <= labels_as_of()) ORDER BY id DESC LIMIT 1");
    epo__bind_int(&q, object);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row && !epo__column_text(&q, 0, pool, class_name)) status = epo__nomem("a label");
    epo__query_close(&q);
    return status;
}

epo_status epo__store_label_said(epo_store *store, bool vote, const epo__label_row *row, bool *said)
{
    bool found;
    epo__query q;
    if (vote)
        q = epo__query_open(
            store, "SELECT iif(?4 IS NULL, (SELECT class IS ?2 FROM votes WHERE object = ?1 AND who = ?3 COLLATE "
                   "NOCASE ORDER BY id DESC LIMIT 1), EXISTS (SELECT 1 FROM votes WHERE object = ?1 AND class IS "
                   "?2 AND who = ?3 COLLATE NOCASE AND at = ?4))");
    else
        q = epo__query_open(
            store, "SELECT iif(?4 IS NULL, (SELECT class IS ?2 FROM labels WHERE object = ?1 AND who = ?3 COLLATE "
                   "NOCASE ORDER BY id DESC LIMIT 1), EXISTS (SELECT 1 FROM labels WHERE object = ?1 AND class IS "
                   "?2 AND who = ?3 COLLATE NOCASE AND at = ?4))");
    epo__bind_int(&q, row->object);
    epo__bind_text(&q, row->class_name);
    epo__bind_text(&q, row->who);
    epo__bind_text(&q, row->at);
    epo_status status = epo__query_row(&q, &found);
    *said = status == EPO_OK && found && epo__column_int(&q, 0) != 0;
    epo__query_close(&q);
    return status;
}

epo_status epo__store_labels_last(epo_store *store, int64_t object, epo__pool *pool, epo__last_labels *out, bool *found)
{
    bool row;
    *out = (epo__last_labels){0};
    *found = false;
    epo__query q =
        epo__query_open(store, "SELECT class, who, at FROM labels WHERE object = ? ORDER BY id DESC LIMIT 2");
    epo__bind_int(&q, object);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row) {
        *found = true;
        if (!epo__column_text(&q, 0, pool, &out->class_name) || !epo__column_text(&q, 1, pool, &out->who) ||
            !epo__column_text(&q, 2, pool, &out->at))
            status = epo__nomem("a label");
        if (status == EPO_OK) status = epo__query_row(&q, &row);
        if (status == EPO_OK && row && !epo__column_text(&q, 0, pool, &out->former)) status = epo__nomem("a label");
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_class_spelled(epo_store *store, const char *name, epo__pool *pool, const char **spelled)
{
    bool row;
    *spelled = NULL;
    epo__query q =
        epo__query_open(store, "SELECT class FROM (SELECT DISTINCT class FROM objects UNION SELECT DISTINCT class FROM "
                               "labels) WHERE class = ?1 COLLATE NOCASE ORDER BY class <> ?1, class LIMIT 1");
    epo__bind_text(&q, name);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row && !epo__column_text(&q, 0, pool, spelled)) status = epo__nomem("a class");
    epo__query_close(&q);
    return status;
}

/* Lives until the next step: nothing has to be copied. */
static const char *text(const epo__query *q, int column)
{
    return (const char *)sqlite3_column_text(q->stmt, column);
}

static const char *text_or_nothing(const epo__query *q, int column)
{
    const char *found = text(q, column);
    return found ? found : "";
}

epo_status epo__store_history_visit(epo_store *store, int64_t object, epo__history_fn visit, void *context)
{
    bool row;
    epo_status status;
    /* a vote comes behind the label that it is about, and before the next one */
    epo__query q = epo__query_open(
        store,
        "SELECT h.vote, s.name, o.name, h.class, h.who, h.why, h.at FROM ("
        "SELECT 0 AS vote, object, class, who, why, at, id AS label, id FROM labels WHERE ?1 = object OR (?1 IS NULL "
        "AND who "
        "<> 'import') UNION ALL "
        "SELECT 1, object, class, who, why, at, ifnull(label, 0), id FROM votes WHERE ?1 IS NULL OR ?1 = object) h "
        "JOIN objects o ON o.id = h.object JOIN surveys s ON s.id = o.survey ORDER BY h.object, h.label, h.vote, h.id");
    epo__bind_id(&q, object);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const epo__history_row entry = {.vote = epo__column_int(&q, 0) != 0,
                                        .survey = text_or_nothing(&q, 1),
                                        .object = text_or_nothing(&q, 2),
                                        .class_name = text(&q, 3),
                                        .who = text_or_nothing(&q, 4),
                                        .why = text(&q, 5),
                                        .at = text_or_nothing(&q, 6)};
        if ((status = visit(context, &entry)) != EPO_OK) break;
    }
    epo__query_close(&q);
    return status;
}

static epo_status read_vote(epo__query *q, epo__open_votes *out)
{
    epo__open_vote vote = {.object = epo__column_int(q, 0)};
    if (!epo__grow(&out->rows, &out->room, out->count + 1, sizeof *out->rows) ||
        !epo__column_text(q, 1, &out->texts, &vote.survey) || !epo__column_text(q, 2, &out->texts, &vote.name) ||
        !epo__column_text(q, 3, &out->texts, &vote.labelled) ||
        !epo__column_text(q, 4, &out->texts, &vote.class_name) || !epo__column_text(q, 5, &out->texts, &vote.who))
        return epo__nomem("votes");
    out->rows[out->count++] = vote;
    return EPO_OK;
}

epo_status epo__store_open_votes(epo_store *store, epo__open_votes *out)
{
    bool row;
    epo_status status;
    epo__query q =
        epo__query_open(store, "SELECT v.object, s.name, v.name, v.labelled, v.class, v.who FROM open_votes v JOIN "
                               "objects o ON o.id = v.object "
                               "JOIN surveys s ON s.id = o.survey ORDER BY v.object, v.class IS NULL, v.class, v.id");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row)
        if ((status = read_vote(&q, out)) != EPO_OK) break;
    epo__query_close(&q);
    return status;
}

void epo__open_votes_free(epo__open_votes *votes)
{
    free(votes->rows);
    epo__pool_free(&votes->texts);
    *votes = (epo__open_votes){0};
}
