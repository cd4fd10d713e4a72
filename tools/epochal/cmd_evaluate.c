/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_evaluate.c - epochal evaluate: how good the scores in a store are. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "epochal/evaluate.h"
#include "message.h"
#include "output.h"
#include "scores.h"

typedef struct evaluate_options {
    cli_common common;
    cli_list models, runs, splits;
    const char *net;
    int bootstrap;
    double threshold;
    bool pool, confusion;
} evaluate_options;

#define PLACE(member) .place = offsetof(evaluate_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "model", .kind = CLI_LIST, .argument = "FILE", PLACE(models),
     .help = "a model whose scores are in the store: its weights file, or the file's SHA-256"},
    {.name = "run", .kind = CLI_LIST, .argument = "N", PLACE(runs),
     .help = "the scores of this run, instead of a model's last"},
    {.name = "split", .kind = CLI_LIST, .argument = "NAME:PART", PLACE(splits),
     .help = "only these objects, as main:test; once for all, or once for each --model in their order"},
    {.name = "pool", .kind = CLI_FLAG, PLACE(pool),
     .help = "the models are folds of one cross-validation: judge their scores together"},
    {.name = "confusion", .kind = CLI_FLAG, PLACE(confusion),
     .help = "print what was called what, instead of the measures"},
    {.name = "bootstrap", .kind = CLI_COUNT, .argument = "N", .standard = "1000", PLACE(bootstrap),
     .help = "resamples of the objects, for the 95 % intervals; 0 for none"},
    {.name = "threshold", .kind = CLI_REAL, .argument = "P", .standard = "0.5", PLACE(threshold),
     .help = "a stamp is called real from this score upwards"},
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", PLACE(net),
     .help = "network text for weights that have none in them, PyTorch's say"},
    CLI_OPTION_SEED,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

/* One source of scores, with the texts that it points to. */
typedef struct source {
    epo_evaluate_source is;
    char sha256[65], *remedy;
} source;

/* One table of the output. */
typedef struct judged {
    char name[256];
    const char *split; /* where the objects are, for the notes */
    epo_evaluation evaluation;
} judged;

/* --- which scores ------------------------------------------------------------------------------------------------ */

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

/* "epochal classify --db sim.db --model fold1.safetensors --split main:test" */
static char *remedy_of(const evaluate_options *o, const epo_model_info *info, const char *path, const char *split)
{
    const char *command = info->heads[EPO_HEAD_SEQUENCE].present ? "classify"
                          : info->heads[EPO_HEAD_STAMP].present  ? "score"
                                                                 : "classify --head triplet";
    const size_t room = strlen(o->common.db) + strlen(path) + (split ? strlen(split) : 0) + 64;
    char *text = malloc(room);
    if (text)
        snprintf(text, room, "epochal %s --db %s --model %s%s%s", command, o->common.db, path, split ? " --split " : "",
                 split ? split : "");
    return text;
}

static int source_of_model(const evaluate_options *o, const char *text, const char *split, source *out)
{
    epo_model *model = NULL;
    epo_model_info info;
    out->is = (epo_evaluate_source){.sha256 = out->sha256, .split = split, .name = text};
    if (is_sha256(text) && access(text, F_OK) != 0) {
        snprintf(out->sha256, sizeof out->sha256, "%s", text);
        return CLI_OK;
    }
    const int result = cli_model_open(text, o->net, NULL, &model);
    if (result != CLI_OK) return result;
    epo_model_get_info(model, &info);
    snprintf(out->sha256, sizeof out->sha256, "%s", info.sha256);
    out->remedy = remedy_of(o, &info, text, split);
    out->is.remedy = out->remedy;
    epo_model_free(model);
    return CLI_OK;
}

static int source_of_run(const cli_call *call, const char *text, const char *split, source *out)
{
    char *end;
    errno = 0;
    out->is = (epo_evaluate_source){.run = strtoll(text, &end, 10), .split = split};
    if (errno || end == text || *end || out->is.run <= 0)
        return cli_usage(call->command, "--run takes the number of a run, not '%s'", text);
    return CLI_OK;
}

static int find_sources(const cli_call *call, source *sources, size_t count)
{
    const evaluate_options *o = call->options;
    int result = CLI_OK;
    for (size_t i = 0; result == CLI_OK && i < count; i++) {
        const char *split = o->splits.count == 0 ? NULL : o->splits.items[o->splits.count == 1 ? 0 : i];
        if (i < o->models.count)
            result = source_of_model(o, o->models.items[i], split, &sources[i]);
        else
            result = source_of_run(call, o->runs.items[i - o->models.count], split, &sources[i]);
    }
    return result;
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

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
};

typedef struct measure {
    const char *name, *class_name; /* class_name NULL: of all */
    epo_estimate is;
    double sd, threshold; /* NaN: none */
    int64_t count;        /* objects or stamps that it is about */
} measure;

static void print_measure(cli_output *output, const char *model, measure m)
{
    cli_put_text(output, model);
    cli_put_text(output, m.name);
    cli_put_text(output, m.class_name);
    cli_put_score(output, m.is.value);
    cli_put_score(output, m.is.low);
    cli_put_score(output, m.is.high);
    cli_put_score(output, m.sd);
    cli_put_score(output, m.threshold);
    cli_put_int(output, m.count);
    cli_row_end(output);
}

static void print_classes(cli_output *output, const judged *j)
{
    const epo_evaluation *e = &j->evaluation;
    for (size_t k = 0; k < e->class_count; k++) {
        const epo_evaluation_class *c = &e->classes[k];
        print_measure(output, j->name, (measure){"max_f1", c->name, c->max_f1, NAN, c->threshold, c->count});
    }
    print_measure(output, j->name, (measure){"mean_max_f1", NULL, e->max_f1, e->max_f1_sd, NAN, e->count});
    for (size_t k = 0; k < e->class_count; k++)
        print_measure(output, j->name,
                      (measure){"auc", e->classes[k].name, e->classes[k].auc, NAN, NAN, e->classes[k].count});
    print_measure(output, j->name, (measure){"mean_auc", NULL, e->auc, e->auc_sd, NAN, e->count});
    print_measure(output, j->name, (measure){"accuracy", NULL, e->accuracy, NAN, NAN, e->count});
}

static void print_real(cli_output *output, const judged *j, double threshold)
{
    const epo_evaluation *e = &j->evaluation;
    const int64_t bogus = e->classes[0].count, real = e->classes[1].count;
    print_measure(output, j->name, (measure){"max_f1", "real", e->max_f1, NAN, e->classes[1].threshold, real});
    print_measure(output, j->name, (measure){"auc", NULL, e->auc, NAN, NAN, e->count});
    print_measure(output, j->name, (measure){"mcc", NULL, e->mcc, NAN, threshold, e->count});
    print_measure(output, j->name, (measure){"mdr", "real", e->mdr, NAN, threshold, real});
    print_measure(output, j->name, (measure){"fpr", "bogus", e->fpr, NAN, threshold, bogus});
    print_measure(output, j->name, (measure){"fpr_at_mdr_0.05", "bogus", e->fpr_at_mdr, NAN, NAN, bogus});
    print_measure(output, j->name, (measure){"accuracy", NULL, e->accuracy, NAN, threshold, e->count});
}

static void print_confusion(cli_output *output, const judged *j)
{
    const epo_evaluation *e = &j->evaluation;
    for (size_t k = 0; k < e->class_count; k++) {
        cli_put_text(output, e->classes[k].name);
        for (size_t i = 0; i < e->class_count; i++) cli_put_int(output, e->confusion[k * e->class_count + i]);
        cli_row_end(output);
    }
}

static int print_matrix(const char *format, const judged *j)
{
    const size_t count = j->evaluation.class_count + 1;
    cli_column *of_classes = calloc(count, sizeof *of_classes);
    cli_output *output = of_classes ? cli_output_open(format, false) : NULL;
    int result = CLI_FAILED;
    if (!of_classes) cli_error("out of memory");
    if (output) {
        of_classes[0].name = "class";
        for (size_t k = 1; k < count; k++)
            of_classes[k] = (cli_column){.name = j->evaluation.classes[k - 1].name, .number = true};
        cli_table_begin(output, "", of_classes, count);
        print_confusion(output, j);
        cli_table_end(output);
        result = cli_output_close(output);
    }
    free(of_classes);
    return result;
}

static int print_measures(const evaluate_options *o, const judged *all, size_t count)
{
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        if (all[i].evaluation.stamps)
            print_real(output, &all[i], o->threshold);
        else
            print_classes(output, &all[i]);
    }
    cli_table_end(output);
    return cli_output_close(output);
}

/* What a reader of the numbers should know. */
static void say_notes(const judged *j)
{
    const epo_evaluation *e = &j->evaluation;
    if (e->missing)
        cli_note("%s: %lld objects of %s have no score, and do not count", j->name, (long long)e->missing, j->split);
    if (e->left_out)
        cli_note("%s: %lld objects with scores are of no class of the model, and left out", j->name,
                 (long long)e->left_out);
    for (size_t k = 0; k < e->class_count; k++)
        if (e->classes[k].count == 0)
            cli_note("%s: no %s of class %s, which is in no mean", j->name, e->stamps ? "stamp" : "object",
                     e->classes[k].name);
    const long long passed_over = e->passed_over, all = e->passed_over + e->resamples;
    if (passed_over) cli_note("%s: %lld of %lld resamples lack a class, and are passed over", j->name, passed_over, all);
    if (e->stamps) cli_detail("%s: %lld stamps of %lld objects", j->name, (long long)e->count, (long long)e->objects);
    cli_detail("%s: run %lld of the store", j->name, (long long)e->run);
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int check(const cli_call *call)
{
    const evaluate_options *o = call->options;
    const size_t count = o->models.count + o->runs.count;
    if (count == 0) return cli_usage(call->command, "--model FILE or --run N is needed");
    if (o->splits.count > 1 && o->splits.count != count)
        return cli_usage(call->command, "%zu times --split for %zu models: give one for all, or one for each",
                         o->splits.count, count);
    if (o->confusion && count > 1 && !o->pool)
        return cli_usage(call->command, "--confusion is for one model, or several with --pool");
    if (!(o->threshold >= 0 && o->threshold <= 1)) return cli_usage(call->command, "--threshold is from 0 to 1");
    if (o->bootstrap > EPO_EVALUATE_RESAMPLES_MAX)
        return cli_usage(call->command, "--bootstrap is at most %d", EPO_EVALUATE_RESAMPLES_MAX);
    return CLI_OK;
}

/* What the table of source i is called. */
static void name_table(const evaluate_options *o, size_t i, judged *table)
{
    if (o->pool)
        snprintf(table->name, sizeof table->name, "pool");
    else if (i < o->models.count)
        snprintf(table->name, sizeof table->name, "%s", o->models.items[i]);
    else
        snprintf(table->name, sizeof table->name, "run %s", o->runs.items[i - o->models.count]);
}

/* Judges source after source, or all together. */
static int judge_all(const evaluate_options *o, epo_store *store, const source *sources, size_t count, judged *tables,
                     size_t table_count)
{
    const epo_evaluate_options how = {.resamples = o->bootstrap, .seed = o->common.seed, .threshold = o->threshold};
    epo_evaluate_source *is = calloc(count + 1, sizeof *is);
    if (!is) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    for (size_t i = 0; i < count; i++) is[i] = sources[i].is;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < table_count; i++) {
        name_table(o, i, &tables[i]);
        tables[i].split = o->splits.count == 0             ? "the store"
                          : o->splits.count > 1 && o->pool ? "their parts"
                                                           : is[i].split;
        status = epo_evaluate(store, is + i, o->pool ? count : 1, &how, &tables[i].evaluation);
    }
    free(is);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}

static int run(const cli_call *call)
{
    const evaluate_options *o = call->options;
    const size_t count = o->models.count + o->runs.count, table_count = o->pool ? 1 : count;
    epo_store *store = NULL;
    int result = check(call);
    if (result != CLI_OK) return result;
    epo_status status = epo_store_open(o->common.db, EPO_STORE_READ, &store);
    if (status != EPO_OK) return cli_failed(status);
    source *sources = calloc(count, sizeof *sources);
    judged *tables = calloc(table_count, sizeof *tables);
    if (!sources || !tables) {
        cli_error("out of memory");
        result = CLI_FAILED;
        goto done;
    }
    result = find_sources(call, sources, count);
    if (result == CLI_OK) result = judge_all(o, store, sources, count, tables, table_count);
    if (result != CLI_OK) goto done;
    for (size_t i = 0; i < table_count; i++) say_notes(&tables[i]);
    result = o->confusion ? print_matrix(o->common.output, &tables[0]) : print_measures(o, tables, table_count);
done:
    for (size_t i = 0; tables && i < table_count; i++) epo_evaluation_free(&tables[i].evaluation);
    for (size_t i = 0; sources && i < count; i++) free(sources[i].remedy);
    free(tables);
    free(sources);
    epo_store_close(store);
    return result;
}

const cli_command cmd_evaluate = {
    .name = "evaluate",
    .about = "Judge the scores of models against the classes of the objects",
    .description = "Takes the scores that classify or score left in a store, those of each model's last finished run, "
                   "and holds them against\n"
                   "the classes of the objects. Objects without a score, and those whose class is none of the model's, "
                   "are counted on stderr.\n\n"
                   "Of sequences, a row a measure: max_f1 of each class, the largest F1 over all thresholds of this "
                   "class against the rest,\n"
                   "and the threshold where it is reached; their mean and its population SD over the classes, which is "
                   "TAO-Net's score; auc,\n"
                   "the area under the ROC curve, likewise; accuracy of the most probable class. Of stamps: max_f1 and "
                   "auc of real, and at\n"
                   "--threshold mcc, mdr (missed detections), fpr (false positives) and accuracy; fpr_at_mdr_0.05 is "
                   "the least fpr that\n"
                   "leaves no more than 0.05 missed. count is how many objects, or stamps, a row is about.\n\n"
                   "low and high are 95 % intervals: quantiles over resamples of the objects. A resample that lacks a "
                   "class is passed over.\n\n"
                   "A threshold that was found on the same objects flatters: choose it on the validation part.",
    .examples =
        "epochal classify --db crts.db --model taonet.safetensors --split main:test\n"
        "epochal evaluate --db crts.db --model taonet.safetensors --split main:test\n"
        "# what is mistaken for what\n"
        "epochal evaluate --db crts.db --model taonet.safetensors --split main:test --confusion\n"
        "# two folds of a cross-validation, each on its own test part, as one\n"
        "epochal evaluate --db crts.db --pool --model a.safetensors --split a:test --model b.safetensors --split "
        "b:test\n"
        "# the mean alone, for a script\n"
        "epochal evaluate --db crts.db --run 7 -o json | jq '.[] | select(.measure == \"mean_max_f1\") | .value'",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(evaluate_options),
    .run = run,
};
