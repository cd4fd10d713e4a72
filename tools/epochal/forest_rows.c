/* SPDX-License-Identifier: BSD-3-Clause
 * forest_rows.c - the rows that `epochal forest` works on: a CSV, or the light curves of a store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forest.h"
#include "message.h"
#include "scores.h"

int cli_forest_failed(const cli_call *call, epo_status status)
{
    if (status == EPO_EARG) return cli_usage(call->command, "%s", epo_error_message());
    cli_failed(status);
    if (status == EPO_EMODEL) return CLI_BAD_MODEL;
    return status == EPO_EFORMAT || status == EPO_ELIMIT || status == EPO_ENOTFOUND ? CLI_BAD_INPUT : CLI_FAILED;
}

/* "A,B" as its parts, which point into *copy. NULL, with nothing to free, for NULL or without memory. */
static const char **cut_list(const char *text, char **copy, size_t *count)
{
    *count = 0;
    *copy = text ? strdup(text) : NULL;
    if (!*copy) return NULL;
    const char **parts = calloc(strlen(text) + 1, sizeof *parts);
    char *rest = *copy, *part;
    while (parts && (part = strsep(&rest, ",")))
        if (*part) parts[(*count)++] = part;
    return parts;
}

/* --- a CSV ------------------------------------------------------------------------------------------------------------ */

static int read_csv(const cli_call *call, const epo_forest *forest, epo_forest_table *out)
{
    const forest_options *o = call->options;
    char *columns_copy, *exclude_copy;
    epo_forest_csv_options csv = {.label = o->label, .id = o->id};
    const char **columns = cut_list(o->columns, &columns_copy, &csv.column_count);
    const char **exclude = cut_list(o->exclude, &exclude_copy, &csv.exclude_count);
    int result = CLI_OK;
    csv.columns = columns;
    csv.exclude = exclude;
    if ((o->columns && !columns) || (o->exclude && !exclude)) {
        cli_error("out of memory");
        result = CLI_FAILED;
    } else {
        if (forest) {
            epo_forest_info info;
            epo_forest_get_info(forest, &info);
            csv.columns = info.features;
            csv.column_count = info.feature_count;
            csv.exclude_count = 0;
        }
        epo_status status = epo_forest_read_csv(o->features, &csv, out);
        if (status != EPO_OK) result = cli_forest_failed(call, status);
    }
    free(columns);
    free(exclude);
    free(columns_copy);
    free(exclude_copy);
    return result;
}

int cli_forest_load(const char *path, epo_forest **out)
{
    epo_status status = epo_forest_load(path, out);
    return status == EPO_OK ? CLI_OK : cli_model_failed(status);
}

/* --- a store ---------------------------------------------------------------------------------------------------------- */

static void say_refused(void *context, const char *id, const char *reason)
{
    (void)context;
    cli_note("%s: left out: %s", id, reason);
}

int cli_forest_part(const forest_options *o, bool train, char **out)
{
    *out = NULL;
    if (!o->split) return CLI_OK;
    const size_t room = strlen(o->split) + sizeof ":train";
    if (!(*out = malloc(room))) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    snprintf(*out, room, "%s%s", o->split, strchr(o->split, ':') ? "" : train ? ":train" : ":test");
    return CLI_OK;
}

static epo_forest_curves curves_of(const forest_options *o, const epo_forest *forest)
{
    epo_forest_curves curves = {epo_feature_definition_name(0), NULL, NULL};
    epo_forest_info info = {.curves = NULL};
    if (forest) epo_forest_get_info(forest, &info);
    if (info.curves) curves = *info.curves;
    if (o->definition) curves.definition = o->definition;
    if (o->method) curves.method = o->method;
    if (o->filter) curves.filter = o->filter;
    return curves;
}

/* With the labels of --labels-as-of; out of bag they are those that the forest learned, unless told otherwise. */
static int open_store(const cli_call *call, const epo_forest *forest, epo_store_mode mode, epo_store **out)
{
    const forest_options *o = call->options;
    epo_forest_info info;
    const int result = cli_store_open(call, mode, out);
    if (result != CLI_OK || !forest || !o->out_of_bag || o->common.labels_as_of) return result;
    epo_forest_get_info(forest, &info);
    const epo_status status = epo_store_set_labels_as_of(*out, info.labels_as_of);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}

static int read_store(const cli_call *call, const epo_forest *forest, epo_forest_table *out, epo_features_summary *read)
{
    const forest_options *o = call->options;
    const epo_forest_curves curves = curves_of(o, forest);
    epo_features_options features = EPO_FEATURES_OPTIONS_INIT;
    epo_store *store = NULL;
    char *part;
    features.definition = strcmp(curves.definition, epo_feature_definition_name(EPO_FEATURES_RICHARDS)) == 0 ? EPO_FEATURES_RICHARDS : EPO_FEATURES_MANTRA;
    features.method = curves.method;
    features.filter = curves.filter;
    features.min_points = o->min_points;
    features.balance = o->balance ? -1 : 0;
    features.seed = o->common.seed;
    features.threads = o->common.threads;
    int result = cli_forest_part(o, !forest || o->out_of_bag, &part);
    if (result != CLI_OK) return result;
    features.split = part;
    result = open_store(call, forest, EPO_STORE_READ, &store);
    if (result == CLI_OK) {
        epo_status status = epo_forest_read_store(store, &features, say_refused, NULL, out, read);
        if (status != EPO_OK) result = status == EPO_EARG ? cli_usage(call->command, "%s", epo_error_message()) : cli_failed(status);
    }
    epo_store_close(store);
    free(part);
    return result;
}

/* Keeps what is told of an object, and says which one has no score. */
static epo_status collect(void *context, const epo_score *score)
{
    cli_forest_scores *s = context;
    if (score->error) {
        cli_error("%s: left out: %s", score->id, score->error);
        s->refused++;
        return EPO_OK;
    }
    if (s->rows == s->room) {
        const size_t room = 2 * s->room + 64;
        char **labels = reallocarray(s->labels, room, sizeof *labels);
        if (labels) s->labels = labels;
        size_t cells;
        double *values = __builtin_mul_overflow(room, score->class_count, &cells) ? NULL : reallocarray(s->probabilities, cells, sizeof *values);
        if (values) s->probabilities = values;
        if (!labels || !values) return EPO_ENOMEM;
        s->room = room;
    }
    memcpy(s->probabilities + s->rows * score->class_count, score->probabilities, score->class_count * sizeof *s->probabilities);
    if (!(s->labels[s->rows] = strdup(score->class_given))) return EPO_ENOMEM;
    s->rows++;
    return EPO_OK;
}

int cli_forest_score_store(const cli_call *call, const epo_forest *forest, cli_forest_scores *out)
{
    const forest_options *o = call->options;
    const epo_forest_curves curves = curves_of(o, forest);
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_score_summary summary = {0};
    const epo_context_files files = {o->context, o->catalogue};
    epo_context_info context;
    epo_store *store = NULL;
    char *part;
    *out = (cli_forest_scores){0};
    const bool has_context = epo_context_get_info(forest, &context);
    if (!has_context && cli_forest_wants_context(o))
        return cli_usage(call->command, "--context and --catalogue are for a forest that was trained with them");
    int result = cli_forest_part(o, false, &part);
    if (result != CLI_OK) return result;
    if (has_context) cli_forest_note_missing(forest, &files);
    options.threads = o->common.threads;
    options.split = part;
    options.command_line = call->command_line;
    result = open_store(call, forest, EPO_STORE_WRITE, &store);
    if (result == CLI_OK) {
        const epo_status status = has_context
                                      ? epo_context_classify(forest, store, &files, &options, collect, out, &summary)
                                      : epo_forest_classify_store(forest, store, &curves, &options, collect, out, &summary);
        if (status != EPO_OK) result = cli_forest_failed(call, status);
    }
    if (result == CLI_OK) cli_detail("run %lld of the store", (long long)summary.run);
    epo_store_close(store);
    free(part);
    return result;
}

void cli_forest_scores_free(cli_forest_scores *scores)
{
    for (size_t i = 0; i < scores->rows; i++) free(scores->labels[i]);
    free(scores->labels);
    free(scores->probabilities);
    *scores = (cli_forest_scores){0};
}

/* The rows of a forest that knows how they are made of scores and context. */
static int read_context(const cli_call *call, const epo_forest *forest, epo_forest_table *out)
{
    const forest_options *o = call->options;
    const epo_context_files files = {o->context, o->catalogue};
    epo_store *store = NULL;
    char *part;
    int result = cli_forest_part(o, o->out_of_bag, &part);
    if (result != CLI_OK) return result;
    cli_forest_note_missing(forest, &files);
    result = open_store(call, forest, EPO_STORE_READ, &store);
    if (result == CLI_OK) {
        const epo_status status = epo_context_read(forest, store, &files, part, o->common.threads, out, NULL);
        if (status != EPO_OK) result = cli_forest_failed(call, status);
    }
    epo_store_close(store);
    free(part);
    return result;
}

/* --- either ----------------------------------------------------------------------------------------------------------- */

int cli_forest_read(const cli_call *call, const epo_forest *forest, epo_forest_table *out, epo_features_summary *read)
{
    const forest_options *o = call->options;
    epo_features_summary unused;
    epo_context_info context;
    if (o->common.db && forest && epo_context_get_info(forest, &context)) return read_context(call, forest, out);
    if (cli_forest_wants_context(o)) return cli_usage(call->command, "--context and --catalogue are for a forest that was trained with them");
    return o->common.db ? read_store(call, forest, out, read ? read : &unused) : read_csv(call, forest, out);
}

int cli_forest_labelled(const epo_forest_table *table)
{
    for (size_t i = 0; table->labels && i < table->rows; i++)
        if (table->labels[i]) return CLI_OK;
    if (table->labels)
        cli_error("%s: no row has a class", table->source);
    else
        cli_error("%s: there is no column 'label'; --label NAME says which holds the class", table->source);
    return CLI_BAD_INPUT;
}
