/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate_tables.c - the measures of each set, what was called what, and one set against the others. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "message.h"
#include "output.h"

enum { NAME_ROOM = 48 };

/* --- which measures ----------------------------------------------------------------------------------------------- */

/* "max_f1"; "fpr_at_mdr_0.05", which says what it is quoted at. */
static const char *name_of(epo_measure measure, double mdr, char room[NAME_ROOM])
{
    if (measure != EPO_MEASURE_FPR_AT_MDR) return epo_measure_name(measure);
    snprintf(room, NAME_ROOM, "%s_%g", epo_measure_name(measure), mdr);
    return room;
}

/* Whether `name` is one of the words of "a,b,c"; NULL takes all. */
static bool is_listed(const char *list, const char *name)
{
    const size_t length = strlen(name);
    if (!list) return true;
    for (const char *word = list; word; word = strchr(word, ',')) {
        word += *word == ',';
        if (strcspn(word, ",") == length && strncmp(word, name, length) == 0) return true;
    }
    return false;
}

static bool is_wanted(const evaluate_options *o, epo_measure measure)
{
    char room[NAME_ROOM];
    return is_listed(o->measures, epo_measure_name(measure)) || is_listed(o->measures, name_of(measure, o->mdr, room));
}

bool evaluate_measures_known(const cli_call *call)
{
    const evaluate_options *o = call->options;
    char room[NAME_ROOM];
    for (const char *word = o->measures; word; word = strchr(word, ',')) {
        word += *word == ',';
        const int length = (int)strcspn(word, ",");
        bool known = false;
        for (int m = 0; m < EPO_MEASURES; m++) {
            const char *plain = epo_measure_name((epo_measure)m), *full = name_of((epo_measure)m, o->mdr, room);
            known |= (int)strlen(plain) == length && strncmp(word, plain, (size_t)length) == 0;
            known |= (int)strlen(full) == length && strncmp(word, full, (size_t)length) == 0;
        }
        if (known) continue;
        cli_usage(call->command, "--measures: there is no measure '%.*s'", length, word);
        return false;
    }
    return true;
}

/* --- measures ----------------------------------------------------------------------------------------------------- */

static const cli_column columns[] = {
    {.name = "model"},
    {.name = "measure"},
    {.name = "class"},
    {.name = "value", .number = true},
    {.name = "low", .number = true},
    {.name = "high", .number = true},
    {.name = "sd", .number = true},
    {.name = "threshold", .number = true},
    {.name = "count", .number = true},
    /* with --by */
    {.name = "bin_low", .number = true},
    {.name = "bin_high", .number = true},
};
enum { COLUMNS = sizeof columns / sizeof *columns, BIN_COLUMNS = 2 };

static void print_measure(const evaluate_options *o, cli_output *output, const evaluate_part *part,
                          const epo_measurement *m)
{
    char room[NAME_ROOM];
    cli_put_text(output, part->set->name);
    cli_put_text(output, name_of(m->measure, o->mdr, room));
    cli_put_text(output, m->class_index < 0 ? NULL : part->set->info.classes[m->class_index]);
    cli_put_score(output, m->is.value);
    cli_put_score(output, m->is.low);
    cli_put_score(output, m->is.high);
    cli_put_score(output, m->sd);
    cli_put_score(output, m->threshold);
    cli_put_int(output, m->count);
    if (o->by) {
        cli_put_score(output, part->low);
        cli_put_score(output, part->high);
    }
    cli_row_end(output);
}

/* What a reader of the numbers should know. */
static void say_notes(const evaluate_part *part, const epo_evaluation *e)
{
    const evaluate_set *set = part->set;
    for (size_t k = 0; !part->owned && k < e->class_count; k++)
        if (e->classes[k].count == 0)
            cli_note("%s: no %s of class %s, which is in no mean", set->name, e->stamps ? "stamp" : "object",
                     e->classes[k].name);
    const long long passed_over = e->passed_over, all = e->passed_over + e->resamples;
    if (passed_over && !part->owned)
        cli_note("%s: %lld of %lld resamples lack a class, and are passed over", set->name, passed_over, all);
    if (e->stamps) cli_detail("%s: %lld stamps of %lld objects", set->name, (long long)e->count, (long long)e->objects);
    cli_detail("%s: run %lld of the store", set->name, (long long)e->run);
}

static void say_missing(const evaluate_set *set)
{
    if (set->info.missing)
        cli_note("%s: %lld objects of %s have no score, and do not count", set->name, (long long)set->info.missing,
                 set->split);
    if (set->info.left_out)
        cli_note("%s: %lld objects with scores are of no class of the model, and left out", set->name,
                 (long long)set->info.left_out);
}

/* *rows: how many there are by now. */
static int print_part(const evaluate_options *o, cli_output *output, const evaluate_part *part, size_t *rows)
{
    epo_evaluation e;
    const epo_status status = epo_scored_evaluate(part->scored, &part->set->how, &e);
    if (status == EPO_OK) {
        say_notes(part, &e);
        for (size_t i = 0; i < e.measure_count; i++) {
            if (!is_wanted(o, e.measures[i].measure)) continue;
            print_measure(o, output, part, &e.measures[i]);
            ++*rows;
        }
    }
    epo_evaluation_free(&e);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}

/* --- side by side ---------------------------------------------------------------------------------------------------
 */

static const cli_column difference_columns[] = {
    {.name = "model"},
    {.name = "against"},
    {.name = "measure"},
    {.name = "class"},
    {.name = "value", .number = true},
    {.name = "against_value", .number = true},
    {.name = "difference", .number = true},
    {.name = "low", .number = true},
    {.name = "high", .number = true},
    {.name = "wrong_side", .number = true},
    {.name = "count", .number = true},
};

static void print_difference(const evaluate_options *o, cli_output *output, const evaluate_set *a,
                             const evaluate_set *b, const epo_difference *d)
{
    char room[NAME_ROOM];
    cli_put_text(output, a->name);
    cli_put_text(output, b->name);
    cli_put_text(output, name_of(d->measure, o->mdr, room));
    cli_put_text(output, d->class_index < 0 ? NULL : a->info.classes[d->class_index]);
    cli_put_score(output, d->first);
    cli_put_score(output, d->second);
    cli_put_score(output, d->difference.value);
    cli_put_score(output, d->difference.low);
    cli_put_score(output, d->difference.high);
    cli_put_score(output, d->wrong_side);
    cli_put_int(output, d->count);
    cli_row_end(output);
}

/* Models that cannot be compared are no failure: each has its own measures. */
static int print_against(const evaluate_options *o, cli_output *output, epo_store *store, const evaluate_set *a,
                         const evaluate_set *b)
{
    epo_comparison c;
    const epo_status status = epo_scored_compare(store, a->scored, b->scored, &a->how, &b->how, &c);
    if (status == EPO_ENOTFOUND || status == EPO_EARG) {
        cli_note("%s and %s are not compared: %s", a->name, b->name, epo_error_message());
    } else if (status == EPO_OK) {
        if (c.left_out)
            cli_note("%s and %s: %lld objects are not scored by both (%s), and left out of the difference", a->name,
                     b->name, (long long)c.left_out, c.left_out_names ? c.left_out_names : "");
        for (size_t i = 0; i < c.difference_count; i++)
            if (is_wanted(o, c.differences[i].measure)) print_difference(o, output, a, b, &c.differences[i]);
    }
    epo_comparison_free(&c);
    return status == EPO_OK || status == EPO_ENOTFOUND || status == EPO_EARG ? CLI_OK : cli_failed(status);
}

int evaluate_print_measures(const evaluate_options *o, epo_store *store, const evaluate_sets *sets,
                            const evaluate_parts *parts)
{
    const bool compare = sets->count > 1 && !o->by;
    cli_output *output = cli_output_open(o->common.output, compare);
    int result = output ? CLI_OK : CLI_FAILED;
    size_t rows = 0;
    if (!output) return result;
    for (size_t i = 0; i < sets->count; i++) say_missing(&sets->items[i]);
    cli_table_begin(output, compare ? "measures" : "", columns, o->by ? COLUMNS : COLUMNS - BIN_COLUMNS);
    for (size_t i = 0; result == CLI_OK && i < parts->count; i++) result = print_part(o, output, &parts->items[i], &rows);
    cli_table_end(output);
    if (result == CLI_OK && o->measures && rows == 0)
        cli_note("--measures %s: these scores have none of them; cleanliness needs --prevalence, and f1, mean_f1, mdr, fpr and "
                 "g_mean of sequences --choose-on",
                 o->measures);
    if (compare && result == CLI_OK) {
        cli_table_begin(output, "difference", difference_columns,
                        sizeof difference_columns / sizeof *difference_columns);
        for (size_t i = 1; result == CLI_OK && i < sets->count; i++)
            result = print_against(o, output, store, &sets->items[0], &sets->items[i]);
        cli_table_end(output);
    }
    const int written = cli_output_close(output);
    return result == CLI_OK ? written : result;
}

/* --- confusion ---------------------------------------------------------------------------------------------------- */

static void print_rows(cli_output *output, const epo_evaluation *e)
{
    for (size_t k = 0; k < e->class_count; k++) {
        cli_put_text(output, e->classes[k].name);
        for (size_t i = 0; i < e->class_count; i++) cli_put_int(output, e->confusion[k * e->class_count + i]);
        cli_row_end(output);
    }
}

static int print_matrix(const evaluate_options *o, const epo_evaluation *e)
{
    const size_t count = e->class_count + 1;
    cli_column *of_classes = calloc(count, sizeof *of_classes);
    cli_output *output = of_classes ? cli_output_open(o->common.output, false) : NULL;
    int result = CLI_FAILED;
    if (!of_classes) cli_error("out of memory");
    if (output) {
        of_classes[0].name = "class";
        for (size_t k = 1; k < count; k++) of_classes[k] = (cli_column){.name = e->classes[k - 1].name, .number = true};
        cli_table_begin(output, "", of_classes, count);
        print_rows(output, e);
        cli_table_end(output);
        result = cli_output_close(output);
    }
    free(of_classes);
    return result;
}

int evaluate_print_confusion(const evaluate_options *o, const evaluate_set *set)
{
    epo_evaluation e;
    epo_evaluate_options how = set->how;
    how.resamples = 0;
    const epo_status status = epo_scored_evaluate(set->scored, &how, &e);
    say_missing(set);
    const int result = status == EPO_OK ? print_matrix(o, &e) : cli_failed(status);
    epo_evaluation_free(&e);
    return result;
}
