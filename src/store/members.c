/* SPDX-License-Identifier: BSD-3-Clause
 * members.c - going through a split by name. */
#include "store/members.h"

#include "base/error.h"
#include "store/query.h"
#include "store/results.h"

/* Lives until the next step: nothing has to be copied. */
static const char *text(const epo__query *q, int column)
{
    return (const char *)sqlite3_column_text(q->stmt, column);
}

/* For columns that are never NULL, unless the store is damaged or there is no memory. */
static const char *name(const epo__query *q, int column)
{
    const char *found = text(q, column);
    return found ? found : "";
}

static epo_status visit_stamps(epo_store *store, int64_t object, const epo__member_visitor *visitor)
{
    bool row;
    epo_status status;
    /* the unique index gives this order */
    epo__query q = epo__query_open(
        store, "SELECT s.exposure, s.role, s.plane, CAST(s.mjd * 86400000.0 AS INTEGER), s.crc32, f.format FROM stamps s "
               "LEFT JOIN sources f ON f.id = s.source WHERE s.object = ? ORDER BY s.exposure, s.role, s.plane");
    epo__bind_int(&q, object);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const epo__member_stamp stamp = {.exposure = name(&q, 0),
                                         .role = name(&q, 1),
                                         .plane = epo__column_int(&q, 2),
                                         .milliseconds = epo__column_int(&q, 3),
                                         .crc32 = epo__column_int(&q, 4),
                                         .format = text(&q, 5)};
        if ((status = visitor->stamp(visitor->context, &stamp)) != EPO_OK) break;
    }
    epo__query_close(&q);
    return status;
}

static epo_status visit_objects(epo_store *store, int64_t split, const epo__member_visitor *visitor)
{
    bool row;
    epo_status status;
    epo__query q = epo__query_open(
        store, "SELECT o.id, v.name, o.name, " EPO__CLASS_OF_O ", m.part, f.format FROM split_members m JOIN objects o ON o.id = m.object "
               "JOIN surveys v ON v.id = o.survey LEFT JOIN sources f ON f.id = o.source WHERE m.split = ? "
               "ORDER BY v.name, o.name");
    epo__bind_int(&q, split);
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const epo__member_row member = {.survey = name(&q, 1),
                                        .name = name(&q, 2),
                                        .class_name = text(&q, 3),
                                        .part = name(&q, 4),
                                        .format = text(&q, 5)};
        status = visitor->object(visitor->context, &member);
        if (status == EPO_OK) status = visit_stamps(store, epo__column_int(&q, 0), visitor);
        if (status != EPO_OK) break;
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_members_visit(epo_store *store, const char *split, const epo__member_visitor *visitor)
{
    bool mine;
    int64_t id;
    epo_status status = epo__view_begin(store, &mine);
    if (status != EPO_OK) return status;
    status = epo__store_split_find(store, split, &id);
    if (status == EPO_OK) status = visit_objects(store, id, visitor);
    epo__view_end(store, mine);
    return status;
}
