/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_forest.c - epochal forest: random forests on tables of features. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "forest.h"
#include "message.h"
#include "output.h"

#define PLACE(member) .place = offsetof(forest_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(false),
    {.name = "split", .kind = CLI_TEXT, .argument = "NAME[:PART]", PLACE(split),
     .help = "with --db: only these objects; a name alone means its part train to train and with --out-of-bag, and test else"},
    {.name = "definition", .kind = CLI_TEXT, .argument = "NAME", PLACE(definition), .word = cli_definition_word,
     .help = "with --db: whose formulas of the features; train: mantra, unless named; else the forest's own"},
    {.name = "method", .kind = CLI_TEXT, .argument = "NAME", PLACE(method),
     .help = "with --db: photometry by this method; train: the only one there is; else the forest's own"},
    {.name = "filter", .kind = CLI_TEXT, .argument = "NAME", PLACE(filter), .help = "with --db: only points of this filter"},
    {.name = "min-points", .kind = CLI_COUNT, .argument = "N", .standard = "0", PLACE(min_points),
     .help = "train with --db: leave out objects with fewer"},
    {.name = "balance", .kind = CLI_FLAG, PLACE(balance),
     .help = "train with --db: raise each class to the largest by copies, magnitudes drawn anew within their errors; out of bag says little then"},
    {.name = "scores", .kind = CLI_TEXT, .argument = "MODEL,...", PLACE(scores),
     .help = "train with --db: columns are what these models scored, as stored there: class probabilities, or of stamps mean, largest and last P(real)"},
    {.name = "light-curves", .kind = CLI_FLAG, PLACE(light_curves), .help = "train with --scores, --context or --catalogue: and the light-curve features"},
    {.name = "context", .kind = CLI_TEXT, .argument = "FILE", PLACE(context),
     .help = "with --db: a CSV with a row an object, id (and survey), and columns of numbers, any"},
    {.name = "catalogue", .kind = CLI_TEXT, .argument = "FILE", PLACE(catalogue),
     .help = "with --db: a CSV of sources with ra, dec, kind, mag; of each kind distance and mag of the nearest"},
    {.name = "radius", .kind = CLI_REAL, .argument = "ARCSEC", .standard = "60", PLACE(radius), .help = "train with --catalogue: how far it is searched"},
    {.name = "censor", .kind = CLI_REAL, .argument = "P", .standard = "0.3", PLACE(censor),
     .help = "train: each row once more, --context and --catalogue each blanked with this probability; 0: no copies"},
    CLI_OPTION_LABELS_AS_OF,
    {.name = "features", .kind = CLI_TEXT, .argument = "FILE", PLACE(features),
     .help = "in place of --db: a CSV with a header row, a row an object; an empty cell is a missing value"},
    {.name = "label", .kind = CLI_TEXT, .argument = "NAME", PLACE(label), .help = "its column with the class; else label"},
    {.name = "id", .kind = CLI_TEXT, .argument = "NAME", PLACE(id), .help = "its column with the object's name; else id, when there is one"},
    {.name = "columns", .kind = CLI_TEXT, .argument = "A,B,...", PLACE(columns),
     .help = "train: the features; else every column but label and id"},
    {.name = "exclude", .kind = CLI_TEXT, .argument = "A,B,...", PLACE(exclude), .help = "train: columns that are no features"},
    {.name = "out", .kind = CLI_TEXT, .argument = "FILE", PLACE(out), .help = "train: the file to be written"},
    {.name = "model", .kind = CLI_TEXT, .argument = "FILE", .place = offsetof(cli_common, model),
     .help = "evaluate, predict, importances: a file that train wrote"},
    {.name = "trees", .kind = CLI_COUNT, .argument = "N", .standard = "700", PLACE(trees), .help = "train: how many"},
    {.name = "max-features", .kind = CLI_TEXT, .argument = "HOW", .standard = "sqrt", PLACE(max_features),
     .help = "train: of how many features each split is the best: sqrt or log2 of them, all, or a number"},
    {.name = "class-weight", .kind = CLI_TEXT, .argument = "HOW", .standard = "none", PLACE(class_weight),
     .help = "train: none, balanced (the inverse of their numbers), balanced_subsample (of those that a tree drew), or A=2,B=1"},
    {.name = "criterion", .kind = CLI_TEXT, .argument = "NAME", .standard = "gini", PLACE(criterion), .help = "train: gini or entropy"},
    {.name = "max-depth", .kind = CLI_COUNT, .argument = "N", .standard = "0", PLACE(max_depth), .help = "train: splits above a leaf; 0: any number"},
    {.name = "min-split", .kind = CLI_COUNT, .argument = "N", .standard = "2", PLACE(min_split), .help = "train: rows that a node to be split has"},
    {.name = "min-leaf", .kind = CLI_COUNT, .argument = "N", .standard = "1", PLACE(min_leaf), .help = "train: rows that a leaf has"},
    {.name = "max-leaves", .kind = CLI_COUNT, .argument = "N", .standard = "0", PLACE(max_leaves),
     .help = "train: of a tree, the best splits being made first; 0: any number"},
    {.name = "no-bootstrap", .kind = CLI_FLAG, PLACE(no_bootstrap), .help = "train: every tree sees each row once; there is no out-of-bag score then"},
    {.name = "confusion", .kind = CLI_FLAG, PLACE(confusion), .help = "evaluate: also what was called what"},
    {.name = "out-of-bag", .kind = CLI_FLAG, PLACE(out_of_bag),
     .help = "importances: the rows are what was trained on; judge a row by the trees that did not see it"},
    {.name = "repeats", .kind = CLI_COUNT, .argument = "N", .standard = "5", PLACE(repeats), .help = "importances: permutations of each feature"},
    {.name = "top", .kind = CLI_COUNT, .argument = "N", .standard = "10", PLACE(top), .help = "train: features to be printed; 0: all"},
    CLI_OPTION_SEED,
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

/* --- train ----------------------------------------------------------------------------------------------------------- */

static bool show_progress(void *context, size_t trees)
{
    (void)context;
    cli_progress(trees);
    return true;
}

static void print_facts(cli_output *output, const forest_options *o, const epo_forest_info *info)
{
    cli_facts_begin(output, "");
    cli_fact_text(output, "model", o->out);
    cli_fact_int(output, "rows", info->rows);
    cli_fact_int(output, "features", (int64_t)info->feature_count);
    cli_fact_int(output, "trees", (int64_t)info->trees);
    cli_fact_int(output, "nodes", (int64_t)info->nodes);
    cli_fact_int(output, "depth", (int64_t)info->depth);
    cli_fact_real(output, "oob_accuracy", info->oob_accuracy);
    cli_fact_int(output, "oob_rows", info->oob_rows);
    if (info->labels_as_of) cli_fact_text(output, "labels_as_of", info->labels_as_of);
    cli_fact_text(output, "data_sha256", info->data_sha256);
    cli_facts_end(output);
}

static void print_classes(cli_output *output, const epo_forest_info *info)
{
    static const cli_column columns[] = {{.name = "class"}, {.name = "rows", .number = true}};
    cli_table_begin(output, "classes", columns, 2);
    for (size_t k = 0; k < info->class_count; k++) {
        cli_put_text(output, info->classes[k]);
        cli_put_int(output, info->class_rows[k]);
        cli_row_end(output);
    }
    cli_table_end(output);
}

static void print_importances(cli_output *output, const epo_forest_info *info, size_t top, bool *done)
{
    static const cli_column columns[] = {{.name = "feature"}, {.name = "impurity", .number = true}};
    cli_table_begin(output, "importances", columns, 2);
    for (size_t n = 0; n < info->feature_count && (top == 0 || n < top); n++) {
        size_t best = info->feature_count; /* the largest that is left: few are printed */
        for (size_t f = 0; f < info->feature_count; f++)
            if (!done[f] && (best == info->feature_count || info->importances[f] > info->importances[best])) best = f;
        done[best] = true;
        cli_put_text(output, info->features[best]);
        cli_put_score(output, info->importances[best]);
        cli_row_end(output);
    }
    cli_table_end(output);
}

static int print_training(const forest_options *o, const epo_forest *forest, const char *source)
{
    epo_forest_info info;
    epo_forest_get_info(forest, &info);
    if (o->balance && info.oob_rows)
        cli_note("oob_accuracy is too high with --balance: trees that did not see an object saw copies of it; evaluate on other objects");
    if (info.unlabelled) cli_note("%s: %lld rows without a class were left out", source, (long long)info.unlabelled);
    bool *done = calloc(info.feature_count, sizeof *done);
    if (!done) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    cli_output *output = cli_output_open(o->common.output, true);
    int result = CLI_FAILED;
    if (output) {
        print_facts(output, o, &info);
        print_classes(output, &info);
        print_importances(output, &info, (size_t)o->top, done);
        result = cli_output_close(output);
    }
    free(done);
    return result;
}

/* Over scores and context: how the columns are made goes into the forest. */
static int train_context(const cli_call *call, const epo_forest_options *how)
{
    const forest_options *o = call->options;
    epo_forest *forest = NULL;
    cli_progress_begin("trees", (uint64_t)o->trees);
    int result = cli_forest_train_context(call, how, &forest);
    cli_progress_end();
    if (result == CLI_OK) {
        epo_status status = epo_forest_save(forest, o->out);
        result = status == EPO_OK ? print_training(o, forest, o->common.db) : cli_forest_failed(call, status);
    }
    epo_forest_free(forest);
    return result;
}

static int train(const cli_call *call)
{
    const forest_options *o = call->options;
    epo_forest_options how = EPO_FOREST_OPTIONS_INIT;
    epo_forest_table table = {0};
    epo_forest *forest = NULL;
    if (!o->out) return cli_usage(call->command, "train needs --out FILE");
    epo_features_summary read;
    const epo_forest_curves curves = {o->definition ? o->definition : epo_feature_definition_name(0), read.method, o->filter};
    if (o->common.db) how.curves = &curves;
    how.trees = o->trees;
    how.criterion = o->criterion;
    how.max_features = o->max_features;
    how.class_weight = o->class_weight;
    how.max_depth = o->max_depth;
    how.min_split = o->min_split;
    how.min_leaf = o->min_leaf;
    how.max_leaves = o->max_leaves;
    how.no_bootstrap = o->no_bootstrap;
    how.seed = o->common.seed;
    how.threads = o->common.threads;
    how.progress = show_progress;
    if (cli_forest_wants_context(o)) return train_context(call, &how);
    int result = cli_forest_read(call, NULL, &table, &read);
    if (result == CLI_OK) result = cli_forest_labelled(&table);
    if (result == CLI_OK) {
        cli_progress_begin("trees", (uint64_t)o->trees);
        epo_status status = epo_forest_train(&table, &how, &forest);
        cli_progress_end();
        if (status == EPO_OK) status = epo_forest_save(forest, o->out);
        result = status == EPO_OK ? print_training(o, forest, table.source) : cli_forest_failed(call, status);
    }
    epo_forest_table_free(&table);
    epo_forest_free(forest);
    return result;
}

/* --- the command ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*run)(const cli_call *call);
    bool needs_rows;
} actions[] = {
    {"train", train, true},
    {"evaluate", cli_forest_evaluate, true},
    {"predict", cli_forest_predict, true},
    {"importances", cli_forest_importances, false},
};

static int run(const cli_call *call)
{
    const forest_options *o = call->options;
    size_t which = 0, count = sizeof actions / sizeof *actions;
    while (which < count && strcmp(actions[which].name, call->operands[0]) != 0) which++;
    if (which == count) return cli_usage(call->command, "'%s' is no action: train, evaluate, predict or importances", call->operands[0]);
    if (which > 0 && !o->common.model) return cli_usage(call->command, "%s needs --model FILE", actions[which].name);
    if (o->common.labels_as_of && !o->common.db) return cli_usage(call->command, "--labels-as-of needs --db, which has the history of the labels");
    if (o->features && o->common.db) return cli_usage(call->command, "--features and --db exclude each other");
    if (actions[which].needs_rows && !o->features && !o->common.db)
        return cli_usage(call->command, "%s needs --features FILE or --db FILE", actions[which].name);
    if (!o->common.db && (o->split || o->definition || o->method || o->filter || o->min_points || o->balance))
        return cli_usage(call->command, "--split, --definition, --method, --filter, --min-points and --balance go with --db");
    if (which > 0 && (o->min_points || o->balance)) return cli_usage(call->command, "--min-points and --balance are for train");
    if (which > 0 && (o->columns || o->exclude))
        return cli_usage(call->command, "--columns and --exclude are for train; a forest knows its features by name");
    const int result = cli_forest_check_context(call, which == 0);
    return result == CLI_OK ? actions[which].run(call) : result;
}

const cli_command cmd_forest = {
    .name = "forest",
    .about = "Train and use random forests on tables of features",
    .operands = "ACTION",
    .least = 1,
    .most = 1,
    .description =
        "ACTION is one of\n\n"
        "  train        grows a forest and writes --out; prints its out-of-bag accuracy and what its features are worth\n"
        "  evaluate     holds --model against the classes: accuracy, F1 (macro: mean over classes, weighted: by their\n"
        "               rows), and for each class precision, recall, F1 and rows (support)\n"
        "  predict      for each row its most probable class and the probabilities of all\n"
        "  importances  the share of each feature in the decrease of impurity, and with rows how much accuracy falls when its\n"
        "               values are permuted among the rows\n\n"
        "Rows are those of --features, or the objects of a store, --db: then their features are computed from its photometry as\n"
        "epochal features does, and a forest keeps how. What evaluate finds out about objects of a store is kept there as scores, to be\n"
        "held against those of a network by epochal evaluate; epochal classify makes them too.\n\n"
        "With --scores, --light-curves, --context and --catalogue the columns of an object are what models said of it, its light\n"
        "curve, and what is known of its place: a forest keeps how they are made, and classify makes them again. Context may be\n"
        "missing then, as a whole or of some objects, since training also saw rows whose context was blanked (--censor).\n\n"
        "Columns go by name: a file to be judged may have others too, in another order. Rows without a class are left out of train\n"
        "and evaluate, and so are, in evaluate, those of a class that the forest does not know; they are counted on stderr.\n\n"
        "Forests are grown as scikit-learn's are. Missing values are allowed, and go where a split was best served by them.",
    .examples = "# by the light curves in a store\n"
                "epochal forest train --db crts.db --split main --balance --out forest.safetensors\n"
                "epochal forest evaluate --db crts.db --split main --model forest.safetensors\n"
                "# forest and network on the same objects\n"
                "epochal evaluate --db crts.db --split main:test --model taonet.safetensors --model forest.safetensors\n"
                "# by what two networks say, the light curve, and what lies near: without the catalogue it works too\n"
                "epochal forest train --db ztf.db --split main --scores rb.safetensors,taonet.safetensors --light-curves "
                "--catalogue sources.csv --out context.safetensors\n"
                "epochal classify --db ztf.db --split main:test --model context.safetensors --catalogue sources.csv\n"
                "# with the labels that objects had before the last relabelling\n"
                "epochal forest train --db crts.db --split main --labels-as-of 2026-11-20 --out before.safetensors\n"
                "# by a table\n"
                "epochal forest train --features train.csv --label class --out forest.safetensors\n"
                "epochal forest evaluate --model forest.safetensors --features test.csv --label class\n"
                "# the weighted F1 alone, for a script\n"
                "epochal forest evaluate --model forest.safetensors --features test.csv --output json | jq .weighted_f1\n"
                "# what features are worth to rows that a tree has not seen\n"
                "epochal forest importances --model forest.safetensors --features train.csv --label class --out-of-bag",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(forest_options),
    .run = run,
};
