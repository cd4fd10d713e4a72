/* SPDX-License-Identifier: BSD-3-Clause
 * context_rows.c - the rows of a context forest: objects of a store, by the recipe of its columns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "data/catalogue.h"
#include "data/objects.h"
#include "forest/forest.h"
#include "store/store.h"
#include "train/context.h"
#include "train/forest_model.h"
#include "train/object_scores.h"

typedef struct making {
    epo_store *store;
    const epo__recipe *recipe;
    const epo__context_wanted *wanted;
    epo__context_rows *out;
    char **names, **ids, **labels;
    float *values;
    bool *known; /* [rows]: is there anything but context? */
    size_t columns, rows, scores_end, curves_end, csv_end;
    size_t value_room, id_room, label_room, error_room, object_room, point_room, known_room;
    epo__object_scores *scores; /* one a model */
    int *kind_of;               /* [kinds of the recipe]: among the catalogue's; -1 */
} making;

/* --- where the columns lie ------------------------------------------------------------------------------------------
 */

static epo_status lay_out(making *m)
{
    const epo__recipe *r = m->recipe;
    epo_status status = epo__recipe_columns(r, &m->names, &m->columns);
    if (status != EPO_OK) return status;
    if (m->columns == 0)
        return epo__fail(EPO_EARG, "there is nothing to make columns of: no scores, light curves or context");
    for (size_t i = 0; i < r->model_count; i++) m->scores_end += r->models[i].count;
    m->curves_end = m->scores_end + (r->light_curves ? EPO_FEATURE_COUNT : 0);
    m->csv_end = m->curves_end + r->column_count;
    if (!(m->out->first = epo__alloc(3, sizeof *m->out->first))) return epo__nomem("columns");
    if (r->column_count) m->out->first[m->out->groups++] = m->curves_end;
    if (r->kind_count) m->out->first[m->out->groups++] = m->csv_end;
    m->out->first[m->out->groups] = m->columns;
    return EPO_OK;
}

/* --- scores ---------------------------------------------------------------------------------------------------------
 */

static epo_status open_scores(making *m)
{
    const epo__recipe *r = m->recipe;
    epo_status status = EPO_OK;
    if (!(m->scores = epo__alloc(r->model_count, sizeof *m->scores))) return epo__nomem("scores");
    for (size_t i = 0; status == EPO_OK && i < r->model_count; i++) {
        const epo__recipe_model *model = &r->models[i];
        char *remedy = epo__format("epochal %s --db %s --model %s%s%s", model->stamps ? "score" : "classify",
                                   epo__store_path(m->store), m->wanted->shown ? m->wanted->shown[i] : model->name,
                                   m->wanted->split ? " --split " : "", m->wanted->split ? m->wanted->split : "");
        const epo_evaluate_source source = {.sha256 = model->sha256,
                                            .split = m->wanted->split,
                                            .name = model->name,
                                            .remedy = remedy};
        status = remedy ? epo__object_scores_open(m->store, &source, &m->scores[i]) : epo__nomem("scores");
        free(remedy);
        if (status != EPO_OK) break;
        if (m->scores[i].stamps != model->stamps)
            return epo__fail(EPO_EARG, "%s: run %lld has other scores of %s than the forest was trained with: %s",
                             epo__store_path(m->store), (long long)m->scores[i].run, model->name,
                             model->stamps ? "not of stamps" : "of stamps");
        if (model->stamps) continue;
        m->scores[i].count = model->count; /* in the recipe's order, which is what the columns are */
        for (size_t k = 0; k < model->count; k++) m->scores[i].classes[k] = model->values[k];
    }
    return status;
}

static epo_status fill_scores(making *m, int64_t object, float *row, bool *known)
{
    double values[EPO__SCORED_CLASSES_MAX];
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < m->recipe->model_count; i++) {
        bool found = false;
        status = epo__object_scores_of(m->store, &m->scores[i], object, values, &found);
        for (size_t k = 0; status == EPO_OK && k < m->scores[i].count; k++)
            *row++ = found && isfinite(values[k]) ? (float)values[k] : NAN;
        *known |= found;
    }
    return status;
}

/* --- context --------------------------------------------------------------------------------------------------------
 */

static epo_status match_kinds(making *m)
{
    const char *const *names = NULL;
    const size_t count = m->wanted->catalogue ? epo__catalogue_kinds(m->wanted->catalogue, &names) : 0;
    if (!(m->kind_of = epo__alloc(m->recipe->kind_count, sizeof *m->kind_of))) return epo__nomem("kinds");
    for (size_t k = 0; k < m->recipe->kind_count; k++) {
        m->kind_of[k] = -1;
        for (size_t i = 0; i < count; i++)
            if (strcmp(names[i], m->recipe->kinds[k]) == 0) m->kind_of[k] = (int)i;
    }
    return EPO_OK;
}

static void fill_catalogue(const making *m, const epo__object_row *object, float *row)
{
    epo__nearest nearest[EPO__CATALOGUE_KINDS];
    const bool there = m->wanted->catalogue && isfinite(object->ra) && isfinite(object->dec);
    if (there) epo__catalogue_nearest(m->wanted->catalogue, object->ra, object->dec, nearest);
    for (size_t k = 0; k < m->recipe->kind_count; k++) {
        const epo__nearest *n = there && m->kind_of[k] >= 0 ? &nearest[m->kind_of[k]] : NULL;
        row[2 * k] = !n ? NAN : isnan(n->distance) ? (float)m->recipe->radius : (float)n->distance;
        row[2 * k + 1] = n ? (float)n->mag : NAN;
    }
}

static void fill_context(making *m, const epo__object_row *object, float *row)
{
    const epo__recipe *r = m->recipe;
    const float *found = m->wanted->csv
                             ? epo__context_csv_find(m->wanted->csv, object->survey ? object->survey : "", object->name)
                             : NULL;
    bool any = false;
    for (size_t i = 0; i < r->column_count; i++) row[m->curves_end + i] = found ? found[i] : NAN;
    fill_catalogue(m, object, row + m->csv_end);
    for (size_t i = m->curves_end; i < m->columns; i++) any |= !isnan(row[i]);
    m->out->without_context += m->out->groups > 0 && !any;
}

/* --- objects --------------------------------------------------------------------------------------------------------
 */

static bool make_room(making *m)
{
    const size_t rows = m->rows + 1;
    size_t cells;
    return epo__size_mul(rows, m->columns, &cells) && epo__grow(&m->values, &m->value_room, cells, sizeof *m->values) &&
           epo__grow(&m->ids, &m->id_room, rows, sizeof *m->ids) &&
           epo__grow(&m->labels, &m->label_room, rows, sizeof *m->labels) &&
           epo__grow(&m->out->errors, &m->error_room, rows, sizeof *m->out->errors) &&
           epo__grow(&m->out->objects, &m->object_room, rows, sizeof *m->out->objects) &&
           epo__grow(&m->out->points, &m->point_room, rows, sizeof *m->out->points) &&
           epo__grow(&m->known, &m->known_room, rows, sizeof *m->known);
}

static epo_status add_object(making *m, int64_t id, epo__pool *texts)
{
    epo__object_row object;
    epo__pool_clear(texts);
    epo_status status = epo__store_object_get(m->store, id, texts, &object);
    if (status != EPO_OK) return status;
    if (m->rows == EPO__FOREST_MAX_ROWS)
        return epo__fail(EPO_ELIMIT, "%s: over %d objects", epo__store_path(m->store), EPO__FOREST_MAX_ROWS);
    if (!make_room(m)) return epo__nomem("rows");
    const size_t at = m->rows++;
    const bool labelled = object.class_name && *object.class_name;
    float *row = m->values + at * m->columns;
    m->ids[at] = epo__strdup(object.name);
    m->labels[at] = labelled ? epo__strdup(object.class_name) : NULL;
    m->out->objects[at] = id;
    if (!m->ids[at] || (labelled && !m->labels[at])) return epo__nomem("rows");
    for (size_t i = 0; i < m->columns; i++) row[i] = NAN;
    status = fill_scores(m, id, row, &m->known[at]);
    if (status == EPO_OK) fill_context(m, &object, row);
    return status;
}

static epo_status add_objects(making *m)
{
    epo__object_cursor cursor;
    epo__pool texts = {0};
    int64_t id;
    epo_status status = epo__object_cursor_set(&cursor, m->wanted->split);
    while (status == EPO_OK && (status = epo__object_cursor_next(&cursor, m->store, &id)) == EPO_OK && id)
        status = add_object(m, id, &texts);
    epo__pool_free(&texts);
    if (status == EPO_OK && m->rows == 0)
        status = epo__fail(EPO_ENOTFOUND, "%s: there are no objects", epo__store_path(m->store));
    return status;
}

/* --- light curves ---------------------------------------------------------------------------------------------------
 */

static epo_status put_features(void *context, const epo_features_row *row)
{
    making *m = context;
    const int64_t *found = bsearch(&row->object, m->out->objects, m->rows, sizeof *m->out->objects, epo__by_id);
    if (!found || !row->values) return EPO_OK;
    const size_t at = (size_t)(found - m->out->objects);
    for (size_t f = 0; f < EPO_FEATURE_COUNT; f++) {
        const float value = (float)row->values[f];
        m->values[at * m->columns + m->scores_end + f] = isfinite(value) ? value : NAN;
    }
    m->out->points[at] = row->points;
    m->known[at] = true;
    return EPO_OK;
}

static epo_status add_features(making *m)
{
    epo_features_options options;
    epo_features_summary summary;
    if (!m->recipe->light_curves) return EPO_OK;
    epo_status status = epo__forest_features_options(m->wanted->curves, m->wanted->split, m->wanted->threads, &options);
    if (status == EPO_OK) status = epo_features_store(m->store, &options, put_features, m, &summary);
    if (status == EPO_OK) memcpy(m->out->method, summary.method, sizeof m->out->method);
    return status;
}

/* --- all ------------------------------------------------------------------------------------------------------------
 */

static epo_status name_errors(making *m)
{
    for (size_t i = 0; i < m->rows; i++) {
        bool any = m->known[i];
        for (size_t c = 0; !any && c < m->columns; c++) any = !isnan(m->values[i * m->columns + c]);
        if (any) continue;
        m->out->errors[i] =
            epo__strdup("nothing that the forest looks at is known of it: neither scores nor light curve nor context");
        if (!m->out->errors[i]) return epo__nomem("rows");
    }
    return EPO_OK;
}

epo_status epo__context_rows_make(epo_store *store, const epo__recipe *recipe, const epo__context_wanted *wanted,
                                  epo__context_rows *out)
{
    making m = {.recipe = recipe, .wanted = wanted, .out = out};
    *out = (epo__context_rows){0};
    const char *date = epo_store_labels_as_of(store);
    char *source = epo__strdup(epo__store_path(store)), *as_of = date ? epo__strdup(date) : NULL;
    epo_status status = source && (as_of || !date) ? lay_out(&m) : epo__nomem("rows");
    if (status == EPO_OK)
        status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &m.store); /* others may write meanwhile */
    if (status == EPO_OK) status = epo_store_set_labels_as_of(m.store, date);
    if (status == EPO_OK) status = epo__store_begin(m.store); /* one consistent view */
    if (status == EPO_OK) status = open_scores(&m);
    if (status == EPO_OK) status = match_kinds(&m);
    if (status == EPO_OK) status = add_objects(&m);
    if (m.store) epo__store_rollback(m.store);
    if (status == EPO_OK) status = add_features(&m);
    if (status == EPO_OK) status = name_errors(&m);
    out->table = (epo_forest_table){.rows = m.rows,
                                    .columns = m.columns,
                                    .values = m.values,
                                    .names = (const char *const *)m.names,
                                    .ids = (const char *const *)m.ids,
                                    .labels = (const char *const *)m.labels,
                                    .source = source,
                                    .labels_as_of = as_of};
    for (size_t i = 0; m.scores && i < recipe->model_count; i++) epo__object_scores_free(&m.scores[i]);
    epo_store_close(m.store);
    free(m.scores);
    free(m.kind_of);
    free(m.known);
    return status;
}

void epo__context_rows_free(epo__context_rows *rows)
{
    epo__forest_texts_free(rows->errors, rows->table.rows);
    epo_forest_table_free(&rows->table);
    free(rows->objects);
    free(rows->points);
    free(rows->first);
    *rows = (epo__context_rows){0};
}
