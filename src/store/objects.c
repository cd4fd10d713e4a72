/* SPDX-License-Identifier: BSD-3-Clause
 * objects.c - objects: adding, finding, visiting. */
#include "store/objects.h"

#include "base/error.h"
#include "store/query.h"

/* Fills in what the object lacks; changes nothing, and writes nothing, when it lacks nothing that `row` has. */
static epo_status complete(epo_store *store, int64_t id, const epo__object_row *row)
{
    epo__query q = epo__query_open(
        store, "UPDATE objects SET ra = ifnull(ra, ?1), dec = ifnull(dec, ?2), class_given = ifnull(class_given, ?3), "
               "parent = ifnull(parent, ?4) WHERE id = ?5 AND ((ra IS NULL AND ?1 IS NOT NULL) OR "
               "(dec IS NULL AND ?2 IS NOT NULL) OR (class_given IS NULL AND ?3 IS NOT NULL) OR "
               "(parent IS NULL AND ?4 IS NOT NULL))");
    epo__bind_real(&q, row->ra);
    epo__bind_real(&q, row->dec);
    epo__bind_text(&q, row->class_given);
    epo__bind_text(&q, row->parent);
    epo__bind_int(&q, id);
    return epo__query_run(&q);
}

static epo_status add(epo_store *store, int64_t survey, const epo__object_row *row, int64_t *id)
{
    epo__query q = epo__query_open(store, "INSERT INTO objects (survey, name, ra, dec, class_given, parent, source) "
                                          "VALUES (?, ?, ?, ?, ?, ?, ?)");
    epo__bind_int(&q, survey);
    epo__bind_text(&q, row->name);
    epo__bind_real(&q, row->ra);
    epo__bind_real(&q, row->dec);
    epo__bind_text(&q, row->class_given);
    epo__bind_text(&q, row->parent);
    epo__bind_id(&q, row->source);
    epo_status status = epo__query_run(&q);
    if (status == EPO_OK) *id = sqlite3_last_insert_rowid(store->db);
    return status;
}

/* Whether an import would say something new about the object's class: not when the last import said the same. */
static epo_status label_is_news(epo_store *store, int64_t object, const char *class_name, bool *news)
{
    epo__query q = epo__query_open(
        store, "SELECT class IS NOT ? FROM labels WHERE object = ? AND who = 'import' ORDER BY id DESC LIMIT 1");
    epo__bind_text(&q, class_name);
    epo__bind_int(&q, object);
    bool row;
    epo_status status = epo__query_row(&q, &row);
    *news = status == EPO_OK && (!row || epo__column_int(&q, 0));
    epo__query_close(&q);
    return status;
}

epo_status epo__store_object_put(epo_store *store, const epo__object_row *row, int64_t *id, bool *added)
{
    *id = 0;
    *added = false;
    if (!row->name || !*row->name || !row->survey)
        return epo__fail(EPO_EARG, "%s: an object without a name", store->path);
    int64_t survey;
    epo_status status = epo__want_transaction(store);
    if (status == EPO_OK) status = epo__survey_put(store, row->survey, &survey);
    if (status != EPO_OK) return status;

    bool found;
    epo__query q = epo__query_open(store, "SELECT id FROM objects WHERE survey = ? AND name = ?");
    epo__bind_int(&q, survey);
    epo__bind_text(&q, row->name);
    status = epo__query_row(&q, &found);
    if (found) *id = epo__column_int(&q, 0);
    epo__query_close(&q);
    if (status != EPO_OK) return status;

    status = found ? complete(store, *id, row) : add(store, survey, row, id);
    if (status != EPO_OK) return status;
    *added = !found;
    if (!row->class_name) return EPO_OK;
    bool news = true;
    if (found) status = label_is_news(store, *id, row->class_name, &news);
    if (status != EPO_OK || !news) return status;
    return epo__store_label_add(store, &(epo__label_row){.object = *id,
                                                         .class_name = row->class_name,
                                                         .who = "import",
                                                         .why = row->class_given,
                                                         .source = row->source});
}

epo_status epo__store_object_get(epo_store *store, int64_t id, epo__pool *pool, epo__object_row *out)
{
    bool row;
    epo__query q =
        epo__query_open(store, "SELECT o.id, v.name, o.name, o.ra, o.dec, o.class_given, " EPO__CLASS_OF_O ", o.parent, o.source "
                               "FROM objects o JOIN surveys v ON v.id = o.survey WHERE o.id = ?");
    epo__bind_int(&q, id);
    epo_status status = epo__query_row(&q, &row);
    if (status != EPO_OK) return status;
    if (!row) return epo__fail(EPO_ENOTFOUND, "%s: no object %lld", store->path, (long long)id);
    *out = (epo__object_row){
        .id = id, .ra = epo__column_real(&q, 3), .dec = epo__column_real(&q, 4), .source = epo__column_int(&q, 8)};
    if (!epo__column_text(&q, 1, pool, &out->survey) || !epo__column_text(&q, 2, pool, &out->name) ||
        !epo__column_text(&q, 5, pool, &out->class_given) || !epo__column_text(&q, 6, pool, &out->class_name) ||
        !epo__column_text(&q, 7, pool, &out->parent))
        status = epo__nomem("an object");
    else if (!out->survey || !out->name)
        status = epo__fail(EPO_EFORMAT, "%s: object %lld: damaged, it has no name", store->path, (long long)id);
    epo__query_close(&q);
    return status;
}

epo_status epo__store_object_find(epo_store *store, const char *survey, const char *name, int64_t *id)
{
    *id = 0;
    bool row;
    epo__query q =
        epo__query_open(store, "SELECT o.id FROM surveys v CROSS JOIN objects o ON o.survey = v.id AND o.name = ?1 "
                               "WHERE ?2 IS NULL OR v.name = ?2 ORDER BY o.id LIMIT 1");
    epo__bind_text(&q, name);
    epo__bind_text(&q, survey);
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row) *id = epo__column_int(&q, 0);
    epo__query_close(&q);
    return status;
}

epo_status epo__store_object_surveys(epo_store *store, const char *name, int64_t *count)
{
    bool row;
    epo__query q = epo__query_open(store, "SELECT count(*) FROM surveys v CROSS JOIN objects o ON o.survey = v.id AND o.name = ?");
    epo__bind_text(&q, name);
    epo_status status = epo__query_row(&q, &row);
    *count = status == EPO_OK && row ? epo__column_int(&q, 0) : 0;
    epo__query_close(&q);
    return status;
}

static epo_status want_split(epo_store *store, const epo__object_filter *filter)
{
    bool row;
    epo__query q = epo__query_open(store, "SELECT 1 FROM splits s JOIN split_members m ON m.split = s.id "
                                          "WHERE s.name = ?1 AND (?2 IS NULL OR m.part = ?2) LIMIT 1");
    epo__bind_text(&q, filter->split);
    epo__bind_text(&q, filter->part);
    epo_status status = epo__query_row(&q, &row);
    epo__query_close(&q);
    if (status != EPO_OK || row) return status;
    return epo__fail(EPO_ENOTFOUND, "%s: no objects in split %s%s%s", store->path, filter->split,
                     filter->part ? ":" : "", filter->part ? filter->part : "");
}

epo_status epo__store_objects_next(epo_store *store, const epo__object_filter *filter, int64_t after, int64_t *ids,
                                   size_t room, size_t *count)
{
    static const epo__object_filter all;
    if (!filter) filter = &all;
    *count = 0;
    if (filter->split && after == 0) {
        epo_status status = want_split(store, filter);
        if (status != EPO_OK) return status;
    }
    epo__query q;
    if (filter->split) {
        q = epo__query_open(
            store,
            "SELECT m.object FROM split_members m CROSS JOIN objects o ON o.id = m.object "
            "WHERE m.split = (SELECT id FROM splits WHERE name = ?4) AND m.object > ?1 AND (?5 IS NULL OR m.part = ?5) "
            "AND (?2 IS NULL OR " EPO__CLASS_OF_O " = ?2) ORDER BY m.object LIMIT ?3");
    } else {
        q = epo__query_open(store,
                            "SELECT o.id FROM objects o WHERE o.id > ?1 AND (?2 IS NULL OR " EPO__CLASS_OF_O
                            " = ?2) ORDER BY o.id LIMIT ?3");
    }
    epo__bind_int(&q, after);
    epo__bind_text(&q, filter->class_name);
    epo__bind_int(&q, room > INT64_MAX ? INT64_MAX : (int64_t)room);
    if (filter->split) {
        epo__bind_text(&q, filter->split);
        epo__bind_text(&q, filter->part);
    }
    bool row;
    epo_status status;
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) ids[(*count)++] = epo__column_int(&q, 0);
    return status;
}

epo_status epo__store_objects_count(epo_store *store, const epo__object_filter *filter, int64_t *count)
{
    static const epo__object_filter all;
    if (!filter) filter = &all;
    *count = 0;
    if (filter->split) {
        epo_status status = want_split(store, filter);
        if (status != EPO_OK) return status;
    }
    epo__query q = epo__query_open(
        store, filter->split
                   ? "SELECT count(*) FROM split_members m CROSS JOIN objects o ON o.id = m.object "
                     "WHERE m.split = (SELECT id FROM splits WHERE name = ?2) AND (?3 IS NULL OR m.part = ?3) "
                     "AND (?1 IS NULL OR " EPO__CLASS_OF_O " = ?1)"
                   : "SELECT count(*) FROM objects o WHERE ?1 IS NULL OR " EPO__CLASS_OF_O " = ?1");
    epo__bind_text(&q, filter->class_name);
    if (filter->split) {
        epo__bind_text(&q, filter->split);
        epo__bind_text(&q, filter->part);
    }
    bool row;
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row) *count = epo__column_int(&q, 0);
    epo__query_close(&q);
    return status;
}
