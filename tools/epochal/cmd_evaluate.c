/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_evaluate.c - epochal evaluate: how good the scores in a store are. */
#include <math.h>
#include <string.h>

#include "commands.h"
#include "evaluate.h"
#include "message.h"
#include "scores.h"

static const char *choice_word(size_t index, const char **about)
{
    *about = NULL;
    return index < EPO_CHOICES ? epo_choice_name((epo_choice)index) : NULL;
}

static const char *by_word(size_t index, const char **about)
{
    static const char *const words[] = {"mag", "mag_err"}, *const lines[] = {"magnitude", "its error"};
    if (index >= 2) return NULL;
    *about = lines[index];
    return words[index];
}

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
    {.name = "against", .kind = CLI_LIST, .argument = "FILE", PLACE(against),
     .help = "compare with this model; with --pool with these folds, in the order of --model and --split"},
    {.name = "confusion", .kind = CLI_FLAG, PLACE(confusion),
     .help = "print what was called what, instead of the measures"},
    {.name = "curves", .kind = CLI_TEXT, .argument = "KIND", PLACE(curves), .word = evaluate_curves_word,
     .help = "print a curve of each class against the rest, instead of the measures"},
    {.name = "class", .kind = CLI_TEXT, .argument = "CLASS", PLACE(class_name), .help = "with --curves: of this class only"},
    {.name = "measures", .kind = CLI_TEXT, .argument = "A,B,...", PLACE(measures),
     .help = "only these rows, as max_f1,mean_max_f1"},
    {.name = "by", .kind = CLI_TEXT, .argument = "WHAT", PLACE(by), .word = by_word,
     .help = "measures, or curves, in five bins of it"},
    {.name = "bootstrap", .kind = CLI_COUNT, .argument = "N", .standard = "1000", PLACE(bootstrap),
     .help = "resamples of the objects, for the 95 % intervals; 0 for none"},
    {.name = "threshold", .kind = CLI_REAL, .argument = "P", .standard = "0.5", PLACE(threshold),
     .help = "a stamp is called real from this score upwards"},
    {.name = "choose-on", .kind = CLI_LIST, .argument = "NAME:PART", PLACE(choose_on),
     .help = "choose the thresholds on this part, as main:validation; once for all, or once for each --model"},
    {.name = "choose", .kind = CLI_TEXT, .argument = "RULE", PLACE(choose), .word = choice_word,
     .help = "what is largest at the chosen threshold (default: f1)"},
    {.name = "mdr", .kind = CLI_REAL, .argument = "X", .standard = "0.05", PLACE(mdr),
     .help = "share of missed detections at which the false positives of stamps are quoted"},
    {.name = "prevalence", .kind = CLI_REAL, .argument = "X", PLACE(prevalence),
     .help = "share of real ones in your stream: adds cleanliness, the precision there"},
    {.name = "report", .kind = CLI_TEXT, .argument = "FILE", PLACE(report),
     .help = "also write all of it as one HTML page, with curves and the worst mistakes"},
    {.name = "mistakes", .kind = CLI_COUNT, .argument = "N", .standard = "12", PLACE(mistakes),
     .help = "with --report: the worst mistakes of each model to show"},
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", PLACE(net),
     .help = "network text for weights that have none in them, PyTorch's say"},
    CLI_OPTION_LABELS_AS_OF,
    CLI_OPTION_SEED,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static int check_numbers(const cli_call *call)
{
    const evaluate_options *o = call->options;
    if (!(o->threshold >= 0 && o->threshold <= 1)) return cli_usage(call->command, "--threshold is from 0 to 1");
    if (!(o->prevalence >= 0 && o->prevalence <= 1)) return cli_usage(call->command, "--prevalence is from 0 to 1");
    if (!(o->mdr >= 0 && o->mdr <= 1)) return cli_usage(call->command, "--mdr is from 0 to 1");
    if (o->bootstrap > EPO_EVALUATE_RESAMPLES_MAX)
        return cli_usage(call->command, "--bootstrap is at most %d", EPO_EVALUATE_RESAMPLES_MAX);
    return evaluate_measures_known(call) ? CLI_OK : CLI_USAGE;
}

/* Whether what was asked for goes together. */
static int check(const cli_call *call)
{
    const evaluate_options *o = call->options;
    const size_t count = o->models.count + o->runs.count;
    if (count == 0) return cli_usage(call->command, "--model FILE or --run N is needed");
    if (o->splits.count > 1 && o->splits.count != count)
        return cli_usage(call->command, "%zu times --split for %zu models: give one for all, or one for each",
                         o->splits.count, count);
    if (o->choose_on.count > 1 && o->choose_on.count != count)
        return cli_usage(call->command, "%zu times --choose-on for %zu models: give one for all, or one for each",
                         o->choose_on.count, count);
    if (o->against.count && !o->pool && (o->against.count > 1 || count > 1))
        return cli_usage(call->command, "several --against, or several models with it, are folds: add --pool");
    if (o->against.count && (o->splits.count > 1 || o->choose_on.count > 1) && o->against.count != count)
        return cli_usage(call->command, "%zu times --against for %zu models, each with its own part",
                         o->against.count, count);
    if (o->confusion && ((count > 1 && !o->pool) || o->against.count))
        return cli_usage(call->command, "--confusion is for one model, or several with --pool");
    if (o->confusion && (o->curves || o->by)) return cli_usage(call->command, "--confusion goes without --curves and --by");
    if (o->choose && o->choose_on.count == 0) return cli_usage(call->command, "--choose needs --choose-on NAME:PART");
    if (o->class_name && !o->curves) return cli_usage(call->command, "--class needs --curves");
    if (o->measures && (o->confusion || o->curves))
        return cli_usage(call->command, "--measures goes without --confusion and --curves");
    if (o->report && evaluate_report_check(call) != CLI_OK) return CLI_USAGE;
    return check_numbers(call);
}

static int run(const cli_call *call)
{
    const evaluate_options *o = call->options;
    epo_store *store = NULL;
    evaluate_sets sets = {0};
    evaluate_parts parts = {0};
    int result = check(call);
    if (result != CLI_OK) return result;
    result = cli_store_open(call, EPO_STORE_READ, &store);
    if (result != CLI_OK) return result;
    result = evaluate_sets_read(call, store, &sets);
    if (result == CLI_OK) result = evaluate_parts_make(o, store, &sets, &parts);
    if (result == CLI_OK) {
        if (o->confusion)
            result = evaluate_print_confusion(o, &sets.items[0]);
        else if (o->curves)
            result = evaluate_print_curves(o, &parts);
        else
            result = evaluate_print_measures(o, store, &sets, &parts);
    }
    if (result == CLI_OK && o->report) result = evaluate_report_write(call, store, &sets);
    evaluate_parts_free(&parts);
    evaluate_sets_free(&sets);
    epo_store_close(store);
    return result;
}

const cli_command cmd_evaluate = {
    .name = "evaluate",
    .about = "Judge the scores of models against the classes of the objects",
    .description =
        "Takes the scores that classify or score left in a store, those of each model's last finished run, and holds them "
        "against\n"
        "the classes of the objects. Objects without a score, and those whose class is none of the model's, are counted on "
        "stderr.\n\n"
        "Of sequences, a row a measure: max_f1 of each class, the largest F1 over all thresholds of this class against the "
        "rest,\n"
        "and the threshold where it is reached; their mean and its population SD over the classes, which is TAO-Net's "
        "score; auc,\n"
        "the area under the ROC curve, and average_precision, that of precision over recall, likewise; accuracy, "
        "balanced_accuracy\n"
        "(mean recall) and mcc (Matthews' correlation) of the most probable class. Of stamps: max_f1, auc and "
        "average_precision of\n"
        "real, and at --threshold f1, mcc, mdr (missed detections), fpr (false positives), g_mean and accuracy; "
        "fpr_at_mdr_0.05 is\n"
        "the least fpr that leaves no more than 0.05 missed (--mdr). What the probabilities are worth: log_loss, brier, "
        "and ece, how\n"
        "far they are from how often they are right (epochal calibrate makes that less). count is how many objects, or "
        "stamps, a row\n"
        "is about.\n\n"
        "low and high are 95 % intervals: quantiles over resamples of the objects. A resample that lacks a class is passed "
        "over.\n\n"
        "A threshold that was found on the same objects flatters. --choose-on takes those of another part, whose scores "
        "must be in\n"
        "the store too, and adds f1, mcc, mdr, fpr and g_mean of each class at its threshold. --choose f1+mcc is O'TRAIN's "
        "scan in\n"
        "steps of 0.01; the others look at every score.\n\n"
        "Several models, or one --against another, are also compared: the table difference holds the first model's "
        "measures less\n"
        "those of each other, on the objects that both have scored, with intervals from the same resamples for both; "
        "wrong_side is\n"
        "the share of resamples in which the other one is ahead. In JSON the two tables are members of one object.\n\n"
        "How far a model over-fits is its accuracy on the part that it was trained on less that on another (delta "
        "accuracy): score the\n"
        "part train too, and give the model twice, with its two parts; --report says it.\n\n"
        "--by mag and mag_err take a stamp's magnitude, of an object the median of its light curve; bins are O'TRAIN's, up "
        "to 25 mag\n"
        "or an error of 0.4.\n\n"
        "--report writes a page that stands alone: measures with intervals, confusion, curves, calibration, bins of "
        "magnitude, the\n"
        "worst mistakes with their stamps and light curves, the networks with their training, runs, and the commands that "
        "make it again.\n"
        "It loads nothing and runs nothing. What is printed stays the same.",
    .examples =
        "epochal classify --db crts.db --model taonet.safetensors --split main:test\n"
        "epochal evaluate --db crts.db --model taonet.safetensors --split main:test\n"
        "# what is mistaken for what\n"
        "epochal evaluate --db crts.db --model taonet.safetensors --split main:test --confusion\n"
        "# two models on the same objects: both, and how sure the difference is\n"
        "epochal evaluate --db crts.db --split main:test --model taonet.safetensors --model small.safetensors\n"
        "# thresholds from the validation part, applied to the test part\n"
        "epochal evaluate --db crts.db --model taonet.safetensors --split main:test --choose-on main:validation --choose mcc\n"
        "# over-fitting: accuracy on what it learned from, and on what it did not\n"
        "epochal classify --db crts.db --model taonet.safetensors --split main:train\n"
        "epochal evaluate --db crts.db --measures accuracy --model taonet.safetensors --split main:train --model "
        "taonet.safetensors --split main:validation\n"
        "# real or bogus in a stream where one candidate in fifty is real; its ROC curve in bins of magnitude\n"
        "epochal evaluate --db des.db --model des1.safetensors --split main:test --prevalence 0.02\n"
        "epochal evaluate --db des.db --model des1.safetensors --split main:test --curves roc --by mag -o csv > roc.csv\n"
        "# two folds of a cross-validation, each on its own test part, as one; and against those of another network\n"
        "epochal evaluate --db crts.db --pool --model a.safetensors --split a:test --model b.safetensors --split b:test\n"
        "epochal evaluate --db crts.db --pool --model a.safetensors --split a:test --model b.safetensors --split b:test "
        "--against c.safetensors --against d.safetensors\n"
        "# two models and their worst mistakes as a page for colleagues\n"
        "epochal evaluate --db crts.db --split main:test --model taonet.safetensors --model small.safetensors --report "
        "report.html\n"
        "# the mean alone, for a script\n"
        "epochal evaluate --db crts.db --run 7 --measures mean_max_f1 -o csv",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(evaluate_options),
    .run = run,
};
