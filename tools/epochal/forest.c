/* SPDX-License-Identifier: BSD-3-Clause
 * forest.c - the actions of `epochal forest` that need a forest: evaluate, predict, importances. */
#include "forest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "message.h"
#include "output.h"

/* --- evaluate -------------------------------------------------------------------------------------------------------- */

static void print_scores(cli_output *output, const forest_options *o, const epo_forest_evaluation *e)
{
    static const cli_column columns[] = {{.name = "class"},
                                         {.name = "precision", .number = true},
                                         {.name = "recall", .number = true},
                                         {.name = "f1", .number = true},
                                         {.name = "support", .number = true}};
    cli_facts_begin(output, "");
    cli_fact_text(output, "model", o->common.model);
    cli_fact_int(output, "rows", e->rows);
    cli_fact_int(output, "left_out", e->left_out);
    cli_fact_real(output, "accuracy", e->accuracy);
    cli_fact_real(output, "macro_f1", e->macro_f1);
    cli_fact_real(output, "weighted_f1", e->weighted_f1);
    cli_facts_end(output);
    cli_table_begin(output, "per_class", columns, sizeof columns / sizeof *columns);
    for (size_t k = 0; k < e->class_count; k++) {
        cli_put_text(output, e->classes[k].name);
        cli_put_score(output, e->classes[k].precision);
        cli_put_score(output, e->classes[k].recall);
        cli_put_score(output, e->classes[k].f1);
        cli_put_int(output, e->classes[k].support);
        cli_row_end(output);
    }
    cli_table_end(output);
}

static int print_confusion(cli_output *output, const epo_forest_evaluation *e)
{
    const size_t n = e->class_count;
    cli_column *columns = calloc(n + 1, sizeof *columns);
    if (!columns) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    columns[0].name = "class";
    for (size_t k = 0; k < n; k++) columns[k + 1] = (cli_column){.name = e->classes[k].name, .number = true};
    cli_table_begin(output, "confusion", columns, n + 1);
    for (size_t k = 0; k < n; k++) {
        cli_put_text(output, e->classes[k].name);
        for (size_t j = 0; j < n; j++) cli_put_int(output, e->confusion[k * n + j]);
        cli_row_end(output);
    }
    cli_table_end(output);
    free(columns);
    return CLI_OK;
}

/* Of the objects of --db, whose scores come to be in it, or of the rows of --features. */
static int judge(const cli_call *call, const epo_forest *forest, epo_forest_evaluation *out, size_t *refused)
{
    const forest_options *o = call->options;
    epo_forest_table table = {0};
    cli_forest_scores scores = {0};
    epo_status status = EPO_OK;
    int result = o->common.db ? cli_forest_score_store(call, forest, &scores) : cli_forest_read(call, forest, &table, NULL);
    if (result == CLI_OK && !o->common.db) result = cli_forest_labelled(&table);
    if (result == CLI_OK) {
        status = o->common.db ? epo_forest_judge(forest, o->common.db, (const char *const *)scores.labels, scores.probabilities, scores.rows, out)
                              : epo_forest_evaluate(forest, &table, o->common.threads, out);
        if (status != EPO_OK) {
            cli_failed(status);
            result = status == EPO_EARG ? CLI_BAD_INPUT : CLI_FAILED;
        }
    }
    if (result == CLI_OK && out->left_out)
        cli_note("%s: %lld rows without a class that the forest knows were left out", o->common.db ? o->common.db : table.source,
                 (long long)out->left_out);
    *refused = scores.refused;
    cli_forest_scores_free(&scores);
    epo_forest_table_free(&table);
    return result;
}

int cli_forest_evaluate(const cli_call *call)
{
    const forest_options *o = call->options;
    epo_forest *forest = NULL;
    epo_forest_evaluation e = {0};
    size_t refused = 0;
    int result = cli_forest_load(o->common.model, &forest);
    if (result == CLI_OK) result = judge(call, forest, &e, &refused);
    cli_output *output = result == CLI_OK ? cli_output_open(o->common.output, true) : NULL;
    if (output) {
        print_scores(output, o, &e);
        if (o->confusion) result = print_confusion(output, &e);
        int closed = cli_output_close(output);
        if (result == CLI_OK) result = closed;
        if (result == CLI_OK && refused) result = CLI_BAD_INPUT;
    } else if (result == CLI_OK) {
        result = CLI_FAILED;
    }
    epo_forest_evaluation_free(&e);
    epo_forest_free(forest);
    return result;
}

/* --- predict --------------------------------------------------------------------------------------------------------- */

static int print_predictions(const forest_options *o, const epo_forest_info *info, const epo_forest_table *table, const double *means)
{
    const cli_column columns[] = {
        {.name = "id"}, {.name = "class"}, {.name = "probabilities", .number = true, .members = info->classes, .member_count = info->class_count}};
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    for (size_t r = 0; r < table->rows && !cli_output_failed(output); r++) {
        const double *row = means + r * info->class_count;
        size_t best = 0;
        for (size_t k = 1; k < info->class_count; k++)
            if (row[k] > row[best]) best = k;
        char number[24];
        snprintf(number, sizeof number, "%zu", r + 1);
        cli_put_text(output, table->ids ? table->ids[r] : number);
        cli_put_text(output, info->classes[best]);
        cli_put_scores(output, row);
        cli_row_end(output);
    }
    cli_table_end(output);
    return cli_output_close(output);
}

double *cli_forest_means(const epo_forest_info *info, size_t rows)
{
    size_t count;
    if (__builtin_mul_overflow(rows, info->class_count, &count)) return NULL;
    return calloc(count + 1, sizeof(double));
}

int cli_forest_predict(const cli_call *call)
{
    const forest_options *o = call->options;
    epo_forest *forest = NULL;
    epo_forest_table table = {0};
    epo_forest_info info;
    double *means = NULL;
    int result = cli_forest_load(o->common.model, &forest);
    if (result == CLI_OK) result = cli_forest_read(call, forest, &table, NULL);
    if (result == CLI_OK) {
        epo_forest_get_info(forest, &info);
        means = cli_forest_means(&info, table.rows);
        epo_status status = means ? epo_forest_predict(forest, &table, o->common.threads, means) : EPO_OK;
        if (!means) {
            cli_error("out of memory");
            result = CLI_FAILED;
        } else {
            result = status == EPO_OK ? print_predictions(o, &info, &table, means) : cli_forest_failed(call, status);
        }
    }
    free(means);
    epo_forest_table_free(&table);
    epo_forest_free(forest);
    return result;
}

/* --- importances ----------------------------------------------------------------------------------------------------- */

static bool show_progress(void *context, size_t features)
{
    (void)context;
    cli_progress(features);
    return true;
}

static int permute(const cli_call *call, const epo_forest *forest, const epo_forest_info *info, double *mean, double *sd)
{
    const forest_options *o = call->options;
    const epo_forest_permute_options how = {.repeats = o->repeats, .seed = o->common.seed, .out_of_bag = o->out_of_bag,
                                            .threads = o->common.threads, .progress = show_progress};
    epo_forest_table table = {0};
    double accuracy = NAN;
    if (o->repeats < 1) return cli_usage(call->command, "--repeats takes 1 or more");
    int result = cli_forest_read(call, forest, &table, NULL);
    if (result == CLI_OK) {
        cli_progress_begin("features", info->feature_count);
        epo_status status = epo_forest_permute(forest, &table, &how, mean, sd, &accuracy);
        cli_progress_end();
        if (status == EPO_OK) {
            cli_note("%s: accuracy %.4f before permuting", table.source, accuracy);
        } else {
            cli_failed(status);
            result = status == EPO_EARG ? CLI_BAD_INPUT : CLI_FAILED;
        }
    }
    epo_forest_table_free(&table);
    return result;
}

static int print_importances(const forest_options *o, const epo_forest_info *info, const double *mean, const double *sd)
{
    static const cli_column columns[] = {{.name = "feature"},
                                         {.name = "impurity", .number = true},
                                         {.name = "permutation", .number = true},
                                         {.name = "permutation_sd", .number = true}};
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, o->features || o->common.db ? 4 : 2);
    for (size_t f = 0; f < info->feature_count; f++) {
        cli_put_text(output, info->features[f]);
        cli_put_score(output, info->importances[f]);
        if (o->features || o->common.db) {
            cli_put_score(output, mean[f]);
            cli_put_score(output, sd[f]);
        }
        cli_row_end(output);
    }
    cli_table_end(output);
    return cli_output_close(output);
}

int cli_forest_importances(const cli_call *call)
{
    const forest_options *o = call->options;
    epo_forest *forest = NULL;
    epo_forest_info info;
    const bool rows = o->features || o->common.db;
    if (o->out_of_bag && !rows) return cli_usage(call->command, "--out-of-bag needs --features or --db, what was trained on");
    int result = cli_forest_load(o->common.model, &forest);
    if (result != CLI_OK) return result;
    epo_forest_get_info(forest, &info);
    double *mean = calloc(info.feature_count, 2 * sizeof *mean), *sd = mean ? mean + info.feature_count : NULL;
    if (!mean) {
        cli_error("out of memory");
        result = CLI_FAILED;
    }
    if (result == CLI_OK && rows) result = permute(call, forest, &info, mean, sd);
    if (result == CLI_OK) result = print_importances(o, &info, mean, sd);
    free(mean);
    epo_forest_free(forest);
    return result;
}
