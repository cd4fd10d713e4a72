/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_features.c - epochal features: light curves to numbers that describe them, for a random forest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "epochal/features.h"
#include "message.h"
#include "output.h"

typedef struct features_options {
    cli_common common;
    const char *definition, *method, *split, *filter, *class_name, *label_column, *balance;
    int min_points, resample;
    bool label, list;
} features_options;

const char *cli_definition_word(size_t index, const char **about)
{
    static const char *const abouts[] = {"as the code of the published tables computes them, oddities included",
                                         "as the papers define them: Richards et al. 2011, FATS"};
    const char *name = epo_feature_definition_name(index);
    if (name && index < sizeof abouts / sizeof *abouts) *about = abouts[index];
    return name;
}

#define PLACE(member) .place = offsetof(features_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(false),
    {.name = "definition",
     .kind = CLI_TEXT,
     .argument = "NAME",
     .standard = "mantra",
     PLACE(definition),
     .word = cli_definition_word,
     .help = "whose formulas"},
    {.name = "list",
     .kind = CLI_FLAG,
     PLACE(list),
     .help = "print name, unit, formula, smallest number of points and source of the features instead"},
    {.name = "label", .kind = CLI_FLAG, PLACE(label), .help = "a column label with the class, behind the id"},
    {.name = "label-column",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(label_column),
     .help = "column of the files that holds the class; class, unless named"},
    {.name = "class",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(class_name),
     .help = "the class of everything in the files"},
    {.name = "filter",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(filter),
     .help = "only points of this filter; needed where an object has several"},
    {.name = "method",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(method),
     .help = "photometry of the store by this method, as given; needed where there are several"},
    {.name = "split",
     .kind = CLI_TEXT,
     .argument = "NAME:PART",
     PLACE(split),
     .help = "only these objects of the store, as main:train"},
    {.name = "min-points",
     .kind = CLI_COUNT,
     .argument = "N",
     .standard = "0",
     PLACE(min_points),
     .help = "leave out objects with fewer points"},
    {.name = "resample",
     .kind = CLI_COUNT,
     .argument = "N",
     .standard = "0",
     PLACE(resample),
     .help = "N copies of each object, magnitudes drawn anew within their errors; called ID#1, ID#2, ..."},
    {.name = "balance",
     .kind = CLI_TEXT,
     .argument = "N",
     PLACE(balance),
     .help = "such copies until each class has N rows; largest: as many as the largest class"},
    CLI_OPTION_SEED,
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

typedef struct printing {
    cli_output *output;
    bool label;
    uint64_t done;
} printing;

static void say_missing(const epo_features_row *row)
{
    char names[1024] = "";
    size_t length = 0;
    int count = 0;
    epo_feature_about about;
    for (size_t i = 0; epo_feature_at(EPO_FEATURES_MANTRA, i, &about); i++) {
        if (!(row->missing >> i & 1) || length >= sizeof names) continue;
        count++;
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "", about.name);
    }
    cli_note("%s: %d of %d features missing, with %zu point%s: %s", row->id, count, EPO_FEATURE_COUNT, row->points,
             row->points == 1 ? "" : "s", names);
}

static epo_status print_row(void *context, const epo_features_row *row)
{
    printing *p = context;
    cli_progress(++p->done);
    if (row->left_out) {
        cli_note("%s: left out: %s", row->id, row->error);
        return EPO_OK;
    }
    if (row->error) {
        cli_error("%s: %s", row->id, row->error);
        return EPO_OK;
    }
    if (row->missing && row->copy == 0) say_missing(row);
    cli_put_text(p->output, row->id);
    if (p->label) cli_put_text(p->output, *row->class_name ? row->class_name : NULL);
    for (size_t i = 0; i < EPO_FEATURE_COUNT; i++) cli_put_real(p->output, row->values[i]);
    cli_row_end(p->output);
    return cli_output_failed(p->output) ? EPO_ECANCELLED : EPO_OK;
}

static void say_refused(void *context, const char *message)
{
    (void)context;
    cli_error("%s", message);
}

static int list_features(const char *format)
{
    static const cli_column columns[] = {{.name = "feature"}, {.name = "definition"},
                                         {.name = "unit"},    {.name = "points", .number = true},
                                         {.name = "formula"}, {.name = "source"}};
    epo_feature_about about;
    cli_output *output = cli_output_open(format, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < EPO_FEATURE_COUNT; i++) {
        for (int d = 0; epo_feature_definition_name((size_t)d); d++) {
            if (!epo_feature_at((epo_feature_definition)d, i, &about)) continue;
            cli_put_text(output, about.name);
            cli_put_text(output, epo_feature_definition_name((size_t)d));
            cli_put_text(output, about.unit);
            cli_put_int(output, about.least);
            cli_put_text(output, about.formula);
            cli_put_text(output, about.source);
            cli_row_end(output);
        }
    }
    cli_table_end(output);
    return cli_output_close(output);
}

/* "largest", or a number of rows. */
static bool parse_balance(const char *text, int64_t *out)
{
    char *end;
    *out = 0;
    if (!text) return true;
    if (strcmp(text, "largest") == 0) {
        *out = -1;
        return true;
    }
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 1 || value > EPO_FEATURES_BALANCE_MAX) return false;
    *out = value;
    return true;
}

static int check_usage(const cli_call *call)
{
    const features_options *o = call->options;
    if (!o->common.db && call->operand_count == 0)
        return cli_usage(call->command, "give files with light curves, or a store by --db");
    if (o->common.db && call->operand_count)
        return cli_usage(call->command, "light curves come from files or from --db, not both");
    if (!o->common.db && (o->split || o->method))
        return cli_usage(call->command, "--split and --method are for a store: files have none");
    if (o->common.db && (o->class_name || o->label_column))
        return cli_usage(call->command,
                         "--class and --label-column are for files: objects of a store have their class");
    if (o->resample && o->balance) return cli_usage(call->command, "--resample and --balance exclude each other");
    if (o->resample > EPO_FEATURES_COPIES_MAX)
        return cli_usage(call->command, "--resample: at most %d", EPO_FEATURES_COPIES_MAX);
    return CLI_OK;
}

static void say_summary(const epo_features_summary *s)
{
    if (s->duplicates)
        cli_note("%llu points at the time of another one passed over", (unsigned long long)s->duplicates);
    if (s->limits + s->suspects)
        cli_note("%llu upper limits and %llu suspect points passed over", (unsigned long long)s->limits,
                 (unsigned long long)s->suspects);
    const uint64_t rows = s->objects + s->copies;
    if (s->incomplete)
        cli_note("%llu of %llu rows have missing features, which are empty", (unsigned long long)s->incomplete,
                 (unsigned long long)rows);
    if (s->left_out) cli_note("%llu objects left out", (unsigned long long)s->left_out);
    if (s->refused) cli_error("%llu objects cannot be used", (unsigned long long)s->refused);
    cli_detail("%llu objects with %llu points, %llu copies, in %.3f s (%.0f rows a second)",
               (unsigned long long)s->objects, (unsigned long long)s->points, (unsigned long long)s->copies, s->seconds,
               s->seconds > 0 ? (double)rows / s->seconds : 0.0);
}

static epo_status extract(const cli_call *call, const epo_features_options *how, printing *p,
                          epo_features_summary *summary)
{
    const features_options *o = call->options;
    epo_store *store = NULL;
    if (!o->common.db)
        return epo_features_files(call->operands, call->operand_count, how, print_row, say_refused, p, summary);
    epo_status status = epo_store_open(o->common.db, EPO_STORE_READ, &store);
    if (status == EPO_OK) status = epo_features_store(store, how, print_row, p, summary);
    epo_store_close(store);
    return status;
}

static int run(const cli_call *call)
{
    const features_options *o = call->options;
    if (o->list) return list_features(o->common.output);
    int result = check_usage(call);
    if (result != CLI_OK) return result;
    epo_features_options extraction = EPO_FEATURES_OPTIONS_INIT;
    if (!parse_balance(o->balance, &extraction.balance))
        return cli_usage(call->command, "--balance: '%s' is neither largest nor a number from 1 to %d", o->balance,
                         EPO_FEATURES_BALANCE_MAX);
    extraction.definition = strcmp(o->definition, "mantra") == 0 ? EPO_FEATURES_MANTRA : EPO_FEATURES_RICHARDS;
    extraction.class_name = o->class_name;
    extraction.label_column = o->label_column;
    extraction.method = o->method;
    extraction.split = o->split;
    extraction.filter = o->filter;
    extraction.min_points = o->min_points;
    extraction.copies = o->resample;
    extraction.seed = o->common.seed;
    extraction.threads = o->common.threads;

    printing p = {.label = o->label, .output = cli_output_open(o->common.output, false)};
    if (!p.output) return CLI_FAILED;
    cli_column columns[2 + EPO_FEATURE_COUNT] = {{.name = "id"}};
    size_t count = 1;
    epo_feature_about about;
    if (o->label) columns[count++] = (cli_column){.name = "label"};
    for (size_t i = 0; epo_feature_at(extraction.definition, i, &about); i++)
        columns[count++] = (cli_column){.name = about.name, .number = true};
    cli_table_begin(p.output, "", columns, count);

    epo_features_summary summary = {0};
    cli_progress_begin("rows", 0);
    epo_status status = extract(call, &extraction, &p, &summary);
    cli_progress_end();
    if (status != EPO_OK) result = cli_failed(status);
    if (result == CLI_OK) cli_table_end(p.output);
    const int written = cli_output_close(p.output);
    if (result == CLI_OK) result = written;
    if (result != CLI_OK) return result;
    say_summary(&summary);
    return summary.refused + summary.refused_files > 0 ? CLI_BAD_INPUT : CLI_OK;
}

const cli_command cmd_features = {
    .name = "features",
    .about = "Describe light curves by numbers, for a random forest",
    .operands = "FILE...",
    .description =
        "Reads light curves from CSV files with the columns id, mjd, mag, mag_err and, where there are, class and "
        "filter\n"
        "(gz too), or from the photometry of a store, and prints 30 features of each object. Of points at the same "
        "time\n"
        "the first counts; upper limits and suspect points of a store are passed over.\n\n"
        "A feature that the points do not allow is empty, never a made-up number, and the object is named on stderr. "
        "An\n"
        "object that cannot be used at all, and a file that cannot be read, are named and give exit status 3; the "
        "others are\n"
        "done. --list prints the formulas, and docs/lightcurve.md says where the two definitions differ and why.",
    .examples =
        "epochal features --definition mantra --output csv curves.csv.gz > features.csv\n"
        "# for a forest: with classes, each raised to the size of the largest\n"
        "epochal features --db crts.db --split main:train --min-points 10 --label --balance largest --output csv\n"
        "# what is computed\n"
        "epochal features --list",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(features_options),
    .run = run,
};
