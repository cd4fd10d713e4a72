/* SPDX-License-Identifier: BSD-3-Clause
 * forest_store.c - forests and the light curves of a store: features as a table, and objects classified by them.
 *
 * A row of features is small, so all of them are kept, and the trees go through them together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/threads.h"
#include "epochal/context.h"
#include "store/results.h"
#include "store/store.h"
#include "train/forest_model.h"
#include "train/recorder.h"
#include "train/scoring.h"

/* --- features as a table --------------------------------------------------------------------------------------------- */

/* Rows as they come; those without values too, when they are wanted. */
typedef struct gathering {
    epo_forest_refused_fn refused;
    void *context;
    float *values;
    char **ids, **labels, **errors; /* errors: NULL for a row with values */
    int64_t *objects;
    size_t *points;
    size_t rows, value_room, id_room, label_room, error_room, object_room, point_room;
    bool keep_refused;
} gathering;

static void gathering_free(gathering *g)
{
    free(g->values);
    epo__forest_texts_free(g->ids, g->rows);
    epo__forest_texts_free(g->labels, g->rows);
    epo__forest_texts_free(g->errors, g->rows);
    free(g->objects);
    free(g->points);
}

static bool make_room(gathering *g)
{
    const size_t rows = g->rows + 1;
    return epo__grow(&g->values, &g->value_room, epo__product(rows, EPO_FEATURE_COUNT), sizeof *g->values) &&
           epo__grow(&g->ids, &g->id_room, rows, sizeof *g->ids) &&
           epo__grow(&g->labels, &g->label_room, rows, sizeof *g->labels) && epo__grow(&g->errors, &g->error_room, rows, sizeof *g->errors) &&
           epo__grow(&g->objects, &g->object_room, rows, sizeof *g->objects) && epo__grow(&g->points, &g->point_room, rows, sizeof *g->points);
}

static epo_status gather(void *context, const epo_features_row *row)
{
    gathering *g = context;
    if (!row->values && g->refused) g->refused(g->context, row->id, row->error);
    if (!row->values && !g->keep_refused) return EPO_OK;
    if (!make_room(g)) return epo__nomem("features");
    const size_t at = g->rows++;
    g->ids[at] = epo__strdup(row->id);
    g->labels[at] = *row->class_name ? epo__strdup(row->class_name) : NULL;
    g->errors[at] = row->values ? NULL : epo__strdup(row->error);
    g->objects[at] = row->object;
    g->points[at] = row->points;
    for (size_t f = 0; f < EPO_FEATURE_COUNT; f++) {
        const float value = row->values ? (float)row->values[f] : NAN;
        g->values[at * EPO_FEATURE_COUNT + f] = isfinite(value) ? value : NAN;
    }
    return g->ids[at] && (g->labels[at] || !*row->class_name) && (g->errors[at] || row->values) ? EPO_OK : epo__nomem("features");
}

/* The names of the columns, in *names. */
static epo_status name_columns(epo_feature_definition definition, char ***names)
{
    *names = epo__alloc(EPO_FEATURE_COUNT, sizeof **names);
    if (!*names) return epo__nomem("features");
    for (size_t f = 0; f < EPO_FEATURE_COUNT; f++) {
        epo_feature_about about;
        epo_feature_at(definition, f, &about);
        if (!((*names)[f] = epo__strdup(about.name))) return epo__nomem("features");
    }
    return EPO_OK;
}

epo_status epo_forest_read_store(epo_store *store, const epo_features_options *options, epo_forest_refused_fn refused, void *context,
                                 epo_forest_table *out, epo_features_summary *summary)
{
    const epo_features_options standard = EPO_FEATURES_OPTIONS_INIT;
    gathering g = {.refused = refused, .context = context};
    char **names = NULL, *source = NULL, *date = NULL;
    *out = (epo_forest_table){0};
    if (!options) options = &standard;
    epo_status status = epo_features_store(store, options, gather, &g, summary);
    if (status == EPO_OK && g.rows == 0)
        status = epo__fail(EPO_ENOTFOUND, "%s: no object%s%s has a light curve that features can be computed from", epo__store_path(store),
                           options->split ? " of " : "", options->split ? options->split : "");
    if (status == EPO_OK) status = name_columns(options->definition, &names);
    if (status == EPO_OK && epo_store_labels_as_of(store) && !(date = epo__strdup(epo_store_labels_as_of(store)))) status = epo__nomem("features");
    if (status == EPO_OK && !(source = epo__strdup(epo__store_path(store)))) status = epo__nomem("features");
    if (status != EPO_OK) {
        free(date);
        epo__forest_texts_free(names, EPO_FEATURE_COUNT);
        gathering_free(&g);
        return status;
    }
    epo__forest_texts_free(g.errors, g.rows);
    free(g.objects);
    free(g.points);
    *out = (epo_forest_table){.rows = g.rows, .columns = EPO_FEATURE_COUNT, .values = g.values, .names = (const char *const *)names,
                              .ids = (const char *const *)g.ids, .labels = (const char *const *)g.labels, .source = source,
                              .labels_as_of = date};
    return EPO_OK;
}

/* --- classifying ----------------------------------------------------------------------------------------------------- */

epo_status epo__forest_features_options(const epo_forest_curves *curves, const char *split, int threads, epo_features_options *out)
{
    *out = (epo_features_options)EPO_FEATURES_OPTIONS_INIT;
    out->split = split;
    out->threads = threads;
    if (!curves) return EPO_OK;
    out->method = curves->method;
    out->filter = curves->filter;
    for (int d = 0; d < EPO_FEATURES_DEFINITIONS; d++) {
        out->definition = (epo_feature_definition)d;
        if (strcmp(epo_feature_definition_name((size_t)d), curves->definition) == 0) return EPO_OK;
    }
    return epo__fail(EPO_EARG, "features of the definition '%s' are not known", curves->definition);
}

/* The run's options as JSON. */
static epo_status write_options(const epo_features_options *features, const epo_features_summary *read, const epo_score_options *options,
                                epo__string *text)
{
    epo__string_addf(text, "{\"threads\":%d,\"definition\":\"%s\",\"method\":", options->threads,
                     epo_feature_definition_name((size_t)features->definition));
    epo__string_add_json(text, read->method);
    epo__string_add(text, ",\"filter\":");
    epo__string_add_json(text, features->filter);
    epo__string_add(text, ",\"split\":");
    epo__string_add_json(text, options->split);
    epo__string_add(text, "}");
    return text->failed ? epo__nomem("run") : EPO_OK;
}

static epo_status note_start(epo__recorder *recorder, epo_store *store, const epo_forest *forest, const epo__forest_run *run,
                             const epo_score_options *options)
{
    epo__string classes = {0};
    epo__string_add_json_list(&classes, (const char *const *)forest->classes, forest->trees->classes, ",");
    const epo__model_row model = {.name = "forest", .sha256 = forest->sha256, .network = "", .classes = classes.text,
                                  .normalisation = run->normalisation};
    epo__run_row row = {.kind = "classify", .command = options->command_line ? options->command_line : "", .options = run->options,
                        .threads = epo__threads(options->threads)};
    epo_status status = classes.failed ? epo__nomem("run") : epo__recorder_start_plain(recorder, store, options->split, &model, &row);
    epo__string_free(&classes);
    return status;
}

typedef struct telling {
    const epo_forest *forest;
    epo__recorder *recorder;
} telling;

static epo_status deliver(const telling *t, const epo__forest_run *run, size_t row, const double *probabilities)
{
    const size_t classes = t->forest->trees->classes;
    const epo_forest_table *table = run->table;
    const char *error = run->errors[row];
    epo_status status = error ? EPO_OK : epo__recorder_ready(t->recorder);
    for (size_t k = 0; !error && status == EPO_OK && k < classes; k++)
        status = epo__store_class_score_put(t->recorder->store, t->recorder->run, run->objects[row], t->forest->classes[k], probabilities[k]);
    if (status != EPO_OK) return status;
    const epo_score score = {.id = table->ids[row], .object = table->ids[row], .class_given = table->labels[row] ? table->labels[row] : "",
                             .mjd = NAN, .nights = (int)run->points[row], .score = NAN, .probabilities = error ? NULL : probabilities,
                             .class_count = error ? 0 : classes, .error = error};
    status = epo__recorder_hold(t->recorder, epo__score_copy(&score));
    return status == EPO_OK ? epo__recorder_settle(t->recorder) : status;
}

epo_status epo__forest_classify_rows(const epo_forest *forest, epo_store *store, const epo__forest_run *run, const epo_score_options *options,
                                     epo_score_fn result, void *context, epo_score_summary *out)
{
    const size_t classes = forest->trees->classes, rows = run->table->rows;
    epo__recorder recorder = {0};
    size_t cells;
    if (!forest->sha256[0]) return epo__fail(EPO_EARG, "a forest that is in no file cannot be recorded: save it, then load it");
    double *probabilities = epo__size_mul(rows, classes, &cells) ? epo__alloc(cells, sizeof *probabilities) : NULL;
    epo_status status = probabilities ? epo_forest_predict(forest, run->table, options->threads, probabilities) : epo__nomem("probabilities");
    if (status == EPO_OK) status = note_start(&recorder, store, forest, run, options);
    if (status == EPO_OK) {
        const telling t = {forest, &recorder};
        epo__score_receiver receiver = {result, context, out};
        epo__recorder_hears(&recorder, epo__score_tell, &receiver);
        for (size_t row = 0; status == EPO_OK && row < rows; row++) status = deliver(&t, run, row, probabilities + row * classes);
        out->run = recorder.run;
        status = epo__recorder_end(&recorder, status);
    }
    free(probabilities);
    return status;
}

epo_status epo_forest_classify_store(const epo_forest *forest, epo_store *store, const epo_forest_curves *curves,
                                     const epo_score_options *options, epo_score_fn result, void *context, epo_score_summary *out)
{
    const epo_score_options standard = EPO_SCORE_OPTIONS_INIT;
    const double start = epo__seconds();
    epo_features_options features;
    epo_features_summary read;
    gathering g = {.keep_refused = true};
    char **names = NULL;
    epo__string text = {0};
    *out = (epo_score_summary){0};
    if (!options) options = &standard;
    if (forest->recipe) return epo_context_classify(forest, store, NULL, options, result, context, out);
    if (!forest->sha256[0]) return epo__fail(EPO_EARG, "a forest that is in no file cannot be recorded: save it, then load it");
    if (!curves) curves = forest->definition ? &forest->curves : NULL;
    epo_status status = epo__forest_features_options(curves, options->split, options->threads, &features);
    if (status == EPO_OK) status = epo_features_store(store, &features, gather, &g, &read);
    if (status == EPO_OK) status = name_columns(features.definition, &names);
    if (status == EPO_OK) status = write_options(&features, &read, options, &text);
    if (status == EPO_OK) {
        const epo_forest_table table = {.rows = g.rows, .columns = EPO_FEATURE_COUNT, .values = g.values, .names = (const char *const *)names,
                                        .ids = (const char *const *)g.ids, .labels = (const char *const *)g.labels,
                                        .source = epo__store_path(store)};
        const epo__forest_run run = {&table, g.objects, g.points, g.errors, text.text,
                                     epo_feature_definition_name((size_t)features.definition)};
        status = epo__forest_classify_rows(forest, store, &run, options, result, context, out);
        out->seconds = epo__seconds() - start;
    }
    epo__string_free(&text);
    epo__forest_texts_free(names, EPO_FEATURE_COUNT);
    gathering_free(&g);
    return status;
}
