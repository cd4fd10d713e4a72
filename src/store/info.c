/* SPDX-License-Identifier: BSD-3-Clause
 * info.c - what a store holds, in numbers. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/query.h"
#include "store/schema.h"

/* Copies a text column; false without memory. */
static bool copy_text(epo__query *q, int column, char **out)
{
    *out = NULL;
    if (sqlite3_column_type(q->stmt, column) == SQLITE_NULL) return true;
    const unsigned char *text = sqlite3_column_text(q->stmt, column);
    if (text) *out = epo__strdup((const char *)text);
    return *out != NULL;
}

/* The same for a column that is never NULL, unless the store is damaged: then it is "". */
static bool copy_name(epo__query *q, int column, char **out)
{
    if (!copy_text(q, column, out)) return false;
    if (!*out) *out = epo__strdup("");
    return *out != NULL;
}

static void copy_date(epo__query *q, int column, char out[11])
{
    const unsigned char *text = sqlite3_column_text(q->stmt, column);
    if (text) snprintf(out, 11, "%s", (const char *)text);
}

static epo_status count_rows(epo_store *store, epo_store_contents *out)
{
    bool row;
    epo__query q = epo__query_open(
        store, "SELECT (SELECT count(*) FROM surveys), (SELECT count(*) FROM sources), (SELECT count(*) FROM objects), "
               "(SELECT count(*) FROM photometry), (SELECT count(*) FROM labels), (SELECT count(*) FROM runs), "
               "(SELECT count(*) FROM labels WHERE who <> 'import'), (SELECT count(*) FROM votes), "
               "(SELECT count(*) FROM encodings), (SELECT total(length(features)) FROM encodings)");
    epo_status status = epo__query_row(&q, &row);
    if (status != EPO_OK || !row) return status;
    out->surveys = epo__column_int(&q, 0);
    out->sources = epo__column_int(&q, 1);
    out->objects = epo__column_int(&q, 2);
    out->photometry = epo__column_int(&q, 3);
    out->labels = epo__column_int(&q, 4);
    out->runs = epo__column_int(&q, 5);
    out->relabels = epo__column_int(&q, 6);
    out->votes = epo__column_int(&q, 7);
    out->encodings = epo__column_int(&q, 8);
    out->encoding_bytes = epo__column_int(&q, 9);
    epo__query_close(&q);
    return EPO_OK;
}

/* One pass over the stamps' rows, which hold no pixels. */
static epo_status survey_stamps(epo_store *store, epo_store_contents *out)
{
    bool row;
    epo__query q =
        epo__query_open(store, "SELECT count(*), count(DISTINCT night), sum(mjd_suspect), sum(constant), min(mjd), "
                               "max(mjd), min(night), max(night) FROM stamps");
    epo_status status = epo__query_row(&q, &row);
    if (status != EPO_OK || !row) return status;
    out->stamps = epo__column_int(&q, 0);
    out->nights = epo__column_int(&q, 1);
    out->suspect_times = epo__column_int(&q, 2);
    out->constants = epo__column_int(&q, 3);
    out->mjd_first = epo__column_real(&q, 4);
    out->mjd_last = epo__column_real(&q, 5);
    copy_date(&q, 6, out->date_first);
    copy_date(&q, 7, out->date_last);
    epo__query_close(&q);
    return EPO_OK;
}

static epo_status survey_times(epo_store *store, epo_store_contents *out)
{
    if (isnan(out->mjd_first)) {
        bool row;
        epo__query q = epo__query_open(store, "SELECT min(mjd), max(mjd) FROM photometry WHERE flag & 2 = 0");
        epo_status status = epo__query_row(&q, &row);
        if (status != EPO_OK || !row) return status;
        out->mjd_first = epo__column_real(&q, 0);
        out->mjd_last = epo__column_real(&q, 1);
        epo__query_close(&q);
    }
    if (!out->date_first[0] && !isnan(out->mjd_first)) {
        epo__date_of_mjd(out->mjd_first, out->date_first);
        epo__date_of_mjd(out->mjd_last, out->date_last);
    }
    return EPO_OK;
}

static epo_status list_classes(epo_store *store, epo_store_contents *out)
{
    size_t capacity = 0;
    bool row;
    epo_status status;
    epo__query q = epo__query_open(
        store, "SELECT class, count(*), sum(stamps) FROM (SELECT " EPO__CLASS_OF_O " AS class, "
               "(SELECT count(*) FROM stamps s WHERE s.object = o.id) AS stamps FROM objects o) "
               "GROUP BY class ORDER BY class IS NULL, class");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        if (!epo__grow(&out->classes, &capacity, out->class_count + 1, sizeof *out->classes)) break;
        epo_store_class *c = &out->classes[out->class_count++];
        c->objects = epo__column_int(&q, 1);
        c->stamps = epo__column_int(&q, 2);
        if (!copy_text(&q, 0, &c->name)) break;
    }
    epo__query_close(&q);
    return row ? epo__nomem("classes") : status;
}

static epo_status list_parts(epo_store *store, epo_store_contents *out)
{
    size_t capacity = 0;
    bool row;
    epo_status status;
    epo__query q =
        epo__query_open(store, "SELECT s.name, m.part, count(*) FROM splits s JOIN split_members m ON m.split = s.id "
                               "GROUP BY s.name, m.part ORDER BY s.name, m.part");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        if (!epo__grow(&out->parts, &capacity, out->part_count + 1, sizeof *out->parts)) break;
        epo_store_part *part = &out->parts[out->part_count++];
        part->objects = epo__column_int(&q, 2);
        if (!copy_name(&q, 0, &part->split) || !copy_name(&q, 1, &part->part)) break;
    }
    epo__query_close(&q);
    return row ? epo__nomem("splits") : status;
}

static epo_status list_methods(epo_store *store, epo_store_contents *out)
{
    size_t capacity = 0;
    bool row;
    epo_status status;
    epo__query q = epo__query_open(store, "SELECT method, count(DISTINCT object), count(*), sum(flag & 3 <> 0) FROM photometry "
                                          "GROUP BY method ORDER BY method");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        if (!epo__grow(&out->methods, &capacity, out->method_count + 1, sizeof *out->methods)) break;
        epo_store_method *method = &out->methods[out->method_count++];
        method->objects = epo__column_int(&q, 1);
        method->points = epo__column_int(&q, 2);
        method->left_out = epo__column_int(&q, 3);
        if (!copy_name(&q, 0, &method->method)) break;
    }
    epo__query_close(&q);
    return row ? epo__nomem("photometry") : status;
}

static epo_status list_models(epo_store *store, epo_store_contents *out)
{
    size_t capacity = 0, class_capacity = 0;
    int64_t last = 0;
    bool row;
    epo_status status;
    /* a row a class, and one for a model whose list is empty or damaged */
    epo__query q = epo__query_open(store, "SELECT m.id, m.name, m.sha256, c.value FROM models m "
                                          "LEFT JOIN json_each(iif(json_valid(m.classes), m.classes, '[]')) c ORDER BY m.id, c.id");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        if (epo__column_int(&q, 0) != last) {
            if (!epo__grow(&out->models, &capacity, out->model_count + 1, sizeof *out->models)) break;
            epo_store_model *model = &out->models[out->model_count++];
            class_capacity = 0;
            last = epo__column_int(&q, 0);
            if (!copy_name(&q, 1, &model->name) || !copy_name(&q, 2, &model->sha256)) break;
        }
        epo_store_model *model = &out->models[out->model_count - 1];
        if (sqlite3_column_type(q.stmt, 3) == SQLITE_NULL) continue;
        if (!epo__grow(&model->classes, &class_capacity, model->class_count + 1, sizeof *model->classes)) break;
        if (!copy_name(&q, 3, &model->classes[model->class_count++])) break;
    }
    epo__query_close(&q);
    return row ? epo__nomem("models") : status;
}

static int64_t bytes_on_disk(const epo_store *store)
{
    int64_t sum = 0;
    struct stat info;
    if (stat(store->path, &info) == 0) sum += info.st_size;
    char log[PATH_MAX];
    if (snprintf(log, sizeof log, "%s-wal", store->path) < (int)sizeof log && stat(log, &info) == 0) sum += info.st_size;
    return sum;
}

epo_status epo_store_info(epo_store *store, epo_store_contents *out)
{
    *out = (epo_store_contents){.version = EPO__SCHEMA_VERSION, .mjd_first = NAN, .mjd_last = NAN};
    bool mine;
    epo_status status = epo__view_begin(store, &mine);
    if (status != EPO_OK) return status;
    status = count_rows(store, out);
    if (status == EPO_OK) status = survey_stamps(store, out);
    if (status == EPO_OK) status = survey_times(store, out);
    if (status == EPO_OK) status = list_classes(store, out);
    if (status == EPO_OK) status = list_parts(store, out);
    if (status == EPO_OK) status = list_methods(store, out);
    if (status == EPO_OK) status = list_models(store, out);
    epo__view_end(store, mine);
    out->bytes = bytes_on_disk(store);
    return status;
}

void epo_store_info_free(epo_store_contents *info)
{
    if (!info) return;
    for (size_t i = 0; i < info->class_count; i++) free(info->classes[i].name);
    for (size_t i = 0; i < info->part_count; i++) {
        free(info->parts[i].split);
        free(info->parts[i].part);
    }
    for (size_t i = 0; i < info->method_count; i++) free(info->methods[i].method);
    for (size_t i = 0; i < info->model_count; i++) {
        free(info->models[i].name);
        free(info->models[i].sha256);
        for (size_t k = 0; k < info->models[i].class_count; k++) free(info->models[i].classes[k]);
        free(info->models[i].classes);
    }
    free(info->classes);
    free(info->parts);
    free(info->methods);
    free(info->models);
    *info = (epo_store_contents){0};
}
