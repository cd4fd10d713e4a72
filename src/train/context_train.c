/* SPDX-License-Identifier: BSD-3-Clause
 * context_train.c - training a context forest: its recipe, rows with context blanked at random, the forest. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "data/catalogue.h"
#include "forest/forest.h"
#include "train/context.h"
#include "train/forest_model.h"
#include "train/object_scores.h"

/* What is open while a forest is trained. */
typedef struct training {
    epo_store *store;
    const epo_context_options *options;
    epo__recipe *recipe;
    epo__context_csv *csv;
    epo__catalogue *catalogue;
    epo__context_rows rows;
} training;

static void note(const training *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(const training *t, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (!t->options->note) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    t->options->note(t->options->context, text);
}

/* --- the recipe -----------------------------------------------------------------------------------------------------
 */

static epo_status copy_texts(const char *const *from, size_t count, char ***to, size_t *copied)
{
    if (!(*to = epo__alloc(count, sizeof **to))) return epo__nomem("columns");
    for (size_t i = 0; i < count; i++) {
        *copied = i + 1;
        if (!((*to)[i] = epo__strdup(from[i]))) return epo__nomem("columns");
    }
    return EPO_OK;
}

/* "fold1" of "runs/fold1.safetensors"; of the second one of that name "fold1#2". */
static char *name_model(const epo__recipe *r, size_t index, const epo_evaluate_source *source)
{
    static const char ending[] = ".safetensors";
    const char *path = source->name ? source->name : source->sha256, *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t length = strlen(base), same = 1;
    if (length > sizeof ending - 1 && strcmp(base + length - (sizeof ending - 1), ending) == 0)
        length -= sizeof ending - 1;
    for (size_t i = 0; i < index; i++)
        same += strncmp(r->models[i].name, base, length) == 0 &&
                (!r->models[i].name[length] || r->models[i].name[length] == '#');
    return same == 1 ? epo__strndup(base, length) : epo__format("%.*s#%zu", (int)length, base, same);
}

static epo_status take_model(training *t, size_t index)
{
    epo_evaluate_source source = t->options->scores[index];
    epo__recipe_model *m = &t->recipe->models[index];
    epo__object_scores scores;
    source.split = t->options->split;
    t->recipe->model_count = index + 1;
    if (!source.sha256)
        return epo__fail(EPO_EARG, "a forest takes the scores of a model, not of a run: a run is of this store alone");
    for (size_t i = 0; i < index; i++)
        if (strcmp(t->recipe->models[i].sha256, source.sha256) == 0)
            return epo__fail(EPO_EARG, "the model %s is there twice", source.name ? source.name : source.sha256);
    epo_status status = epo__object_scores_open(t->store, &source, &scores);
    if (status == EPO_OK) {
        const char *real[EPO__REAL_VALUES];
        for (size_t i = 0; i < EPO__REAL_VALUES; i++) real[i] = epo__real_name(i);
        m->stamps = scores.stamps;
        m->name = name_model(t->recipe, index, &source);
        m->sha256 = epo__strdup(source.sha256);
        status = m->name && m->sha256
                     ? copy_texts(scores.stamps ? real : scores.classes, scores.count, &m->values, &m->count)
                     : epo__nomem("models");
    }
    epo__object_scores_free(&scores);
    return status;
}

static epo_status take_csv(training *t)
{
    char *const *names;
    size_t passed;
    if (!t->options->files.csv) return EPO_OK;
    epo_status status = epo__context_csv_read(t->options->files.csv, NULL, 0, &t->csv, &passed);
    if (status != EPO_OK) return status;
    if (passed) note(t, "%s: %zu columns hold no numbers and were passed over", t->options->files.csv, passed);
    const size_t count = epo__context_csv_columns(t->csv, &names);
    return copy_texts((const char *const *)names, count, &t->recipe->columns, &t->recipe->column_count);
}

static epo_status take_catalogue(training *t)
{
    const char *const *names;
    if (!t->options->files.catalogue) return EPO_OK;
    epo_status status = epo__catalogue_read(t->options->files.catalogue, t->options->radius, &t->catalogue);
    if (status != EPO_OK) return status;
    const size_t count = epo__catalogue_kinds(t->catalogue, &names);
    return copy_texts(names, count, &t->recipe->kinds, &t->recipe->kind_count);
}

static epo_status make_recipe(training *t)
{
    const epo_context_options *o = t->options;
    if (!(o->censor >= 0 && o->censor <= 1))
        return epo__fail(EPO_EARG, "a probability of %g to blank context is not from 0 to 1", o->censor);
    if (!(t->recipe = epo__alloc(1, sizeof *t->recipe)) ||
        !(t->recipe->models = epo__alloc(o->score_count, sizeof *t->recipe->models)))
        return epo__nomem("columns");
    t->recipe->light_curves = o->light_curves;
    t->recipe->radius = o->radius;
    t->recipe->censor = o->censor;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < o->score_count; i++) status = take_model(t, i);
    if (status == EPO_OK) status = take_csv(t);
    if (status == EPO_OK) status = take_catalogue(t);
    return status;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

/* A row of which nothing is known teaches nothing. */
static void drop_unknown(training *t)
{
    epo__context_rows *r = &t->rows;
    const char **ids = (const char **)r->table.ids, **labels = (const char **)r->table.labels;
    float *values = (float *)r->table.values;
    const size_t rows = r->table.rows, columns = r->table.columns;
    size_t kept = 0, points = 0;
    for (size_t i = 0; i < rows; i++) {
        if (r->errors[i]) {
            free((char *)ids[i]);
            free((char *)labels[i]);
            free(r->errors[i]);
        } else {
            if (kept < i) memcpy(values + kept * columns, values + i * columns, columns * sizeof *values);
            ids[kept] = ids[i];
            labels[kept] = labels[i];
            r->errors[kept++] = NULL;
            points += r->points[i] > 0;
        }
    }
    r->table.rows = kept;
    if (kept < rows) note(t, "%zu objects of which nothing is known were left out", rows - kept);
    if (r->without_context) note(t, "of %zu objects the files say nothing", r->without_context);
    if (t->recipe->light_curves && points < kept) note(t, "%zu objects have no light-curve features", kept - points);
}

/* Blanks each group of a row with probability P. Its generator is named by the object, and one number is drawn a group.
 */
static void censor_row(const epo__context_rows *r, double censor, uint64_t seed, const char *id, float *row)
{
    epo__rng rng = {.seed = seed, .stream = epo__rng_stream(id)};
    for (size_t g = 0; g < r->groups; g++) {
        if (epo__rng_uniform(&rng) >= censor) continue;
        for (size_t c = r->first[g]; c < r->first[g + 1]; c++) row[c] = NAN;
    }
}

/* The rows, and behind them their copies; texts are shared. */
static epo_status train_with_copies(const training *t, const epo_forest_options *how, epo_forest **out)
{
    const epo_forest_table *table = &t->rows.table;
    const size_t rows = table->rows, width = table->columns;
    size_t cells;
    if (rows > EPO__FOREST_MAX_ROWS / 2)
        return epo__fail(EPO_ELIMIT, "%zu rows and a copy of each; a forest takes %d rows at most", rows,
                         EPO__FOREST_MAX_ROWS);
    float *values = epo__size_mul(2 * rows, width, &cells) ? epo__alloc(cells, sizeof *values) : NULL;
    const char **labels = epo__alloc(epo__product(2, rows), sizeof *labels);
    epo_status status = values && labels ? EPO_OK : epo__nomem("rows");
    if (status == EPO_OK) {
        memcpy(values, table->values, rows * width * sizeof *values);
        memcpy(values + rows * width, table->values, rows * width * sizeof *values);
        for (size_t i = 0; i < rows; i++) {
            labels[i] = labels[rows + i] = table->labels[i];
            censor_row(&t->rows, t->options->censor, how->seed, table->ids[i], values + (rows + i) * width);
        }
        const epo_forest_table both = {.rows = 2 * rows,
                                       .columns = width,
                                       .values = values,
                                       .names = table->names,
                                       .labels = labels,
                                       .source = table->source,
                                       .labels_as_of = table->labels_as_of};
        status = epo_forest_train(&both, how, out);
    }
    free(values);
    free(labels);
    return status;
}

/* --- training -------------------------------------------------------------------------------------------------------
 */

static epo_status make_rows(training *t, const epo_forest_curves *curves, int threads)
{
    const char **shown = epo__alloc(t->options->score_count, sizeof *shown);
    if (!shown) return epo__nomem("rows");
    for (size_t i = 0; i < t->options->score_count; i++)
        shown[i] = t->options->scores[i].name ? t->options->scores[i].name : t->options->scores[i].sha256;
    const epo__context_wanted wanted = {.curves = curves,
                                        .csv = t->csv,
                                        .catalogue = t->catalogue,
                                        .split = t->options->split,
                                        .threads = threads,
                                        .shown = shown};
    epo_status status = epo__context_rows_make(t->store, t->recipe, &wanted, &t->rows);
    free(shown);
    return status;
}

epo_status epo_context_train(epo_store *store, const epo_context_options *options, const epo_forest_options *forest,
                             epo_forest **out)
{
    const epo_context_options standard = EPO_CONTEXT_OPTIONS_INIT;
    epo_forest_options how = EPO_FOREST_OPTIONS_INIT;
    training t = {.store = store, .options = options ? options : &standard};
    *out = NULL;
    if (forest) how = *forest;
    epo_forest_curves curves = {epo_feature_definition_name(0), NULL, NULL};
    if (t.options->curves) curves = *t.options->curves;
    epo_status status = make_recipe(&t);
    if (status == EPO_OK) status = make_rows(&t, &curves, how.threads);
    if (status == EPO_OK) {
        drop_unknown(&t);
        curves.method = t.rows.method;
        how.curves = t.recipe->light_curves ? &curves : NULL;
        const bool copies = t.options->censor > 0 && t.rows.groups > 0;
        status = copies ? train_with_copies(&t, &how, out) : epo_forest_train(&t.rows.table, &how, out);
        if (status == EPO_OK && copies) (*out)->oob_rows = (*out)->oob_right = 0; /* a row's copy may be in the bag */
    }
    if (status == EPO_OK) {
        (*out)->recipe = t.recipe;
        t.recipe = NULL;
    }
    epo__context_rows_free(&t.rows);
    epo__context_csv_free(t.csv);
    epo__catalogue_free(t.catalogue);
    epo__recipe_free(t.recipe);
    return status;
}
