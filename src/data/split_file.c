/* SPDX-License-Identifier: BSD-3-Clause
 * split_file.c - a split that comes from outside: the rows of a CSV are read and looked up, then kept in the order of
 * the objects. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/split.h"
#include "epochal/split.h"
#include "formats/csv.h"
#include "formats/digest.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/store.h"

typedef struct row {
    int64_t object;
    uint64_t line;
    int part;
} row;

typedef struct list {
    epo_store *store;
    const char *path;
    epo__csv *csv;
    size_t object, part, survey; /* columns */
    bool has_survey;
    row *rows;
    size_t count, room, class_room;
    epo_split_table *table;
} list;

static epo_status open_list(list *l)
{
    static const char *const objects[] = {"object", NULL}, *const parts[] = {"part", NULL},
                             *const surveys[] = {"survey", NULL};
    epo_status status = epo__csv_open(l->path, &l->csv);
    if (status == EPO_OK) status = epo__csv_find(l->csv, objects, &l->object);
    if (status == EPO_OK) status = epo__csv_find(l->csv, parts, &l->part);
    if (status != EPO_OK) return status;
    status = epo__csv_find(l->csv, surveys, &l->survey);
    l->has_survey = status == EPO_OK;
    return status == EPO_ENOTFOUND ? EPO_OK : status;
}

static epo_status find_object(const list *l, const char *const *fields, int64_t *id)
{
    const char *name = fields[l->object], *survey = l->has_survey && fields[l->survey][0] ? fields[l->survey] : NULL;
    const uint64_t line = epo__csv_line(l->csv);
    int64_t surveys = 1;
    epo_status status = epo__store_object_find(l->store, survey, name, id);
    if (status == EPO_OK && *id == 0)
        return epo__fail(EPO_EFORMAT, "%s: line %" PRIu64 ": there is no object '%s' in the store%s%s", l->path, line,
                         name, survey ? ", survey " : "", survey ? survey : "");
    if (status == EPO_OK && !survey) status = epo__store_object_surveys(l->store, name, &surveys);
    if (status == EPO_OK && surveys > 1)
        return epo__fail(EPO_EFORMAT,
                         "%s: line %" PRIu64 ": object '%s' is in %" PRId64 " surveys: say which in a column survey",
                         l->path, line, name, surveys);
    return status;
}

static epo_status read_row(list *l, const char *const *fields)
{
    int part = 0;
    while (part < EPO_SPLIT_PARTS && strcmp(fields[l->part], epo_split_part_names[part]) != 0) part++;
    if (part == EPO_SPLIT_PARTS)
        return epo__fail(EPO_EFORMAT, "%s: line %" PRIu64 ": part '%s' is not one of train, validation, test", l->path,
                         epo__csv_line(l->csv), fields[l->part]);
    int64_t id;
    epo_status status = find_object(l, fields, &id);
    if (status != EPO_OK) return status;
    if (!epo__grow(&l->rows, &l->room, l->count + 1, sizeof *l->rows)) return epo__nomem("split");
    l->rows[l->count++] = (row){id, epo__csv_line(l->csv), part};
    return EPO_OK;
}

static int by_object(const void *a, const void *b)
{
    const row *x = a, *y = b;
    if (x->object != y->object) return x->object < y->object ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* Sorts the rows by object, and names the first in the file that repeats another. */
static epo_status sort_rows(list *l)
{
    const row *repeated = NULL;
    if (l->count == 0) return epo__fail(EPO_EFORMAT, "%s: has no rows", l->path);
    qsort(l->rows, l->count, sizeof *l->rows, by_object);
    for (size_t i = 1; i < l->count; i++)
        if (l->rows[i].object == l->rows[i - 1].object && (!repeated || l->rows[i].line < repeated->line))
            repeated = &l->rows[i];
    if (!repeated) return EPO_OK;
    epo__pool texts = {0};
    epo__object_row object;
    epo_status status = epo__store_object_get(l->store, repeated->object, &texts, &object);
    if (status == EPO_OK)
        status = epo__fail(EPO_EFORMAT, "%s: line %" PRIu64 ": object '%s' stands on line %" PRIu64 " already", l->path,
                           repeated->line, object.name, repeated[-1].line);
    epo__pool_free(&texts);
    return status;
}

static epo_status read_list(list *l)
{
    bool end = false;
    const char *const *fields;
    epo_status status = open_list(l);
    while (status == EPO_OK && (status = epo__csv_next(l->csv, &fields, &end)) == EPO_OK && !end)
        status = read_row(l, fields);
    return status == EPO_OK ? sort_rows(l) : status;
}

static bool same_class(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The row of a class in the table, added when new. */
static epo_status class_of(list *l, const char *name, epo_split_class **out)
{
    epo_split_table *t = l->table;
    for (size_t i = 0; i < t->class_count; i++)
        if (same_class(t->classes[i].name, name)) {
            *out = &t->classes[i];
            return EPO_OK;
        }
    if (!epo__grow(&t->classes, &l->class_room, t->class_count + 1, sizeof *t->classes)) return epo__nomem("classes");
    *out = &t->classes[t->class_count];
    if (name && !((*out)->name = epo__strdup(name))) return epo__nomem("classes");
    t->class_count++;
    return EPO_OK;
}

static epo_status keep_rows(list *l, int64_t split)
{
    epo__pool texts = {0};
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < l->count; i++) {
        const row *r = &l->rows[i];
        const char *class_name;
        epo_split_class *k = NULL;
        epo__pool_clear(&texts);
        status = epo__store_split_member_add(l->store, split, r->object, epo_split_part_names[r->part]);
        if (status == EPO_OK) status = epo__store_label_current(l->store, r->object, &texts, &class_name);
        if (status == EPO_OK) status = class_of(l, class_name, &k);
        if (status != EPO_OK) break;
        k->objects[r->part]++;
        l->table->objects[r->part]++;
    }
    epo__pool_free(&texts);
    return status;
}

static epo_status keep(list *l, const char *name)
{
    epo__string options = {0};
    char digest[EPO__SHA256_TEXT];
    int64_t split, all = 0;
    epo_status status = epo__sha256_file(l->path, digest);
    if (status != EPO_OK) return status;
    epo__string_add(&options, "{\"from\":");
    epo__string_add_json(&options, l->path);
    epo__string_addf(&options, ",\"sha256\":\"%s\"}", digest);
    status = options.failed ? epo__nomem("split") : epo__store_split_add(l->store, name, 0, options.text, &split);
    epo__string_free(&options);
    if (status == EPO_OK) status = keep_rows(l, split);
    if (status == EPO_OK) status = epo__store_split_torn(l->store, split, &l->table->torn);
    if (status == EPO_OK) status = epo__store_objects_count(l->store, NULL, &all);
    l->table->groups = (int64_t)l->count;
    l->table->left_out = all - (int64_t)l->count;
    return status;
}

static int by_class_name(const void *a, const void *b)
{
    const epo_split_class *x = a, *y = b;
    if (!x->name || !y->name) return (x->name == NULL) - (y->name == NULL);
    return strcmp(x->name, y->name);
}

epo_status epo_split_from_file(epo_store *store, const char *name, const char *path, epo_split_table *out)
{
    list l = {.store = store, .path = path, .table = out};
    *out = (epo_split_table){0};
    epo_status status = epo__store_begin(store);
    if (status != EPO_OK) return status;
    status = epo__split_check_name(store, name);
    if (status == EPO_OK) status = read_list(&l);
    if (status == EPO_OK) status = keep(&l, name);
    if (status == EPO_OK) status = epo__store_commit(store);
    if (status == EPO_OK)
        qsort(out->classes, out->class_count, sizeof *out->classes, by_class_name);
    else
        epo__store_rollback(store);
    epo__csv_free(l.csv);
    free(l.rows);
    return status;
}
