/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_classify.c - epochal classify: the objects of a store, each from its sequence of images. */
#include <string.h>

#include "classify.h"
#include "commands.h"
#include "forest.h"
#include "message.h"

static const char *head_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"sequence", "GRU over the features of all triplets"},
                                           {"triplet", "the encoder's own head, on the middle nights alone"}};
    if (index >= sizeof words / sizeof *words) return NULL;
    *about = words[index][1];
    return words[index][0];
}

/* In the order of epo_encodings_policy. */
static const char *encodings_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"use", "take those that an earlier run kept, where encoder and images are the same"},
                                           {"keep", "the same, and keep those that are made: 4 bytes a feature of each triplet, 8 times that with --turns"},
                                           {"drop", "throw away all that are kept, of every model and object, and keep none"}};
    if (index >= sizeof words / sizeof *words) return NULL;
    *about = words[index][1];
    return words[index][0];
}

static epo_encodings_policy encodings_policy(const char *word)
{
    return (epo_encodings_policy)cli_word_index(encodings_word, word);
}

#define PLACE(member) .place = offsetof(classify_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    CLI_OPTION_MODEL(true),
    {.name = "split", .kind = CLI_TEXT, .argument = "NAME:PART", PLACE(split), .help = "only these objects, as main:test"},
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", PLACE(net), .help = "network text for weights that have none in them, PyTorch's say"},
    {.name = "normalise", .kind = CLI_TEXT, .argument = "NAME", PLACE(normalise), .help = "normalisation instead of the model's own"},
    {.name = "head", .kind = CLI_TEXT, .argument = "HEAD", .standard = "sequence", PLACE(head), .word = head_word, .help = "which head classifies"},
    {.name = "turns", .kind = CLI_FLAG, PLACE(turns), .help = "mean over the 8 flips and quarter turns of the stamps: steadier, 8 times slower"},
    {.name = "encodings", .kind = CLI_TEXT, .argument = "HOW", .standard = "use", PLACE(encodings), .word = encodings_word,
     .help = "what the encoder made of each sequence, in the store"},
    {.name = "batch", .kind = CLI_COUNT, .argument = "N", .standard = "32", PLACE(batch), .help = "triplets that go through the encoder together"},
    {.name = "context", .kind = CLI_TEXT, .argument = "FILE", PLACE(context), .help = "for a forest that was trained with one: the CSV with a row an object"},
    {.name = "catalogue", .kind = CLI_TEXT, .argument = "FILE", PLACE(catalogue), .help = "for a forest that was trained with one: the CSV of sources"},
    {.name = "real-bogus", .kind = CLI_TEXT, .argument = "FILE", PLACE(real_bogus),
     .help = "real or bogus first, by this model (its stored scores, else they are made), type next: probabilities with the class bogus"},
    {.name = "threshold", .kind = CLI_REAL, .argument = "P", .standard = "0.5", PLACE(threshold), .help = "with --real-bogus: what is less real is called bogus"},
    {.name = "real-of", .kind = CLI_TEXT, .argument = "HOW", .standard = "max", PLACE(real_of), .word = classify_real_of_word,
     .help = "with --real-bogus: which of an object's stamps says how real it is"},
    CLI_OPTIONS_DROPOUT(classify_options, dropout),
    CLI_OPTION_SEED,
    CLI_OPTION_PRECISION,
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

epo_score_options classify_scoring(const cli_call *call)
{
    const classify_options *o = call->options;
    epo_score_options score = EPO_SCORE_OPTIONS_INIT;
    score.threads = o->common.threads;
    score.batch = o->batch;
    score.split = o->split;
    score.turns = o->turns;
    score.triplet_head = o->head[0] == 't';
    score.command_line = call->command_line;
    score.mc_passes = o->dropout.passes;
    score.seed = o->common.seed;
    score.encodings = encodings_policy(o->encodings);
    return score;
}

static const char *best_class(const epo_head_info *head, const double *probabilities)
{
    size_t best = 0;
    for (size_t i = 1; i < head->class_count; i++)
        if (probabilities[i] > probabilities[best]) best = i;
    return head->classes[best];
}

static epo_status print_object(void *context, const epo_score *score)
{
    cli_scores *s = context;
    if (s->dropout.bins) return cli_put_histogram(s, score);
    cli_put_text(s->output, score->id);
    cli_put_text(s->output, score->class_given && *score->class_given ? score->class_given : NULL);
    if (score->error)
        cli_put_absent(s->output);
    else
        cli_put_text(s->output, best_class(s->head, score->probabilities));
    cli_put_int(s->output, score->nights);
    cli_put_int(s->output, score->triplets);
    if (s->dropout.passes) cli_put_dropout(s->output, score->uncertainty);
    if (score->error) {
        cli_put_absent(s->output);
        cli_put_text(s->output, score->error);
    } else {
        cli_put_scores(s->output, score->probabilities);
    }
    cli_row_end(s->output);
    cli_progress(++s->done);
    return cli_output_failed(s->output) ? EPO_ECANCELLED : EPO_OK;
}

enum { COLUMNS = 7 + CLI_DROPOUT_COLUMNS };

/* A forest counts points as nights, and has no triplets. The columns must outlive the table. */
static void begin_table(cli_scores *scores, cli_column columns[COLUMNS])
{
    size_t count = 0;
    if (scores->dropout.bins) {
        cli_histogram_columns(columns);
        cli_table_begin(scores->output, "", columns, CLI_HISTOGRAM_COLUMNS);
        return;
    }
    columns[count++] = (cli_column){.name = "object"};
    columns[count++] = (cli_column){.name = "class"};
    columns[count++] = (cli_column){.name = "predicted"};
    columns[count++] = (cli_column){.name = "nights", .number = true};
    columns[count++] = (cli_column){.name = "triplets", .number = true};
    if (scores->dropout.passes) {
        cli_dropout_columns(columns + count);
        count += CLI_DROPOUT_COLUMNS;
    }
    columns[count++] = (cli_column){.name = "probabilities", .members = scores->head->classes, .member_count = scores->head->class_count};
    columns[count++] = (cli_column){.name = "error"};
    cli_table_begin(scores->output, "", columns, count);
}

int classify_check_encodings(const cli_call *call, bool is_forest)
{
    const classify_options *o = call->options;
    if (is_forest && cli_given(call, "encodings"))
        return cli_usage(call->command, "--encodings is for networks; %s is a forest", o->common.model);
    if (encodings_policy(o->encodings) != EPO_ENCODINGS_USE && (o->dropout.passes || o->head[0] == 't'))
        return cli_usage(call->command, "--encodings %s is for the sequence head, without --mc-passes", o->encodings);
    return CLI_OK;
}

/* By light curves in place of images. */
static int run_forest(const cli_call *call)
{
    const classify_options *o = call->options;
    cli_scores scores = {0};
    cli_column columns[COLUMNS];
    epo_forest *forest = NULL;
    epo_store *store = NULL;
    epo_score_summary summary = {0};
    epo_forest_info info;
    const epo_score_options score = classify_scoring(call);
    epo_context_info context = {0};
    const epo_context_files files = {o->context, o->catalogue};
    if (o->net || o->normalise || o->turns || o->dropout.passes || o->dropout.bins || o->head[0] == 't' || cli_given(call, "precision"))
        return cli_usage(call->command,
                         "--net, --normalise, --turns, --mc-passes, --mc-histogram, --precision and --head are for networks; %s is a forest",
                         o->common.model);
    int result = classify_check_encodings(call, true);
    if (result == CLI_OK) result = cli_forest_load(o->common.model, &forest);
    if (result != CLI_OK) return result;
    const bool has_context = epo_context_get_info(forest, &context);
    if ((o->context && !context.csv_columns) || (o->catalogue && !context.kinds)) {
        epo_forest_free(forest);
        return cli_usage(call->command, "--%s: %s was trained without one", o->context && !context.csv_columns ? "context" : "catalogue",
                         o->common.model);
    }
    cli_forest_note_missing(forest, &files);
    epo_forest_get_info(forest, &info);
    const epo_head_info head = {.present = true, .classes = info.classes, .class_count = info.class_count};
    scores.head = &head;
    result = CLI_FAILED;
    epo_status status = epo_store_open(o->common.db, EPO_STORE_WRITE, &store);
    if (status != EPO_OK) {
        result = cli_failed(status);
    } else if ((scores.output = cli_output_open(o->common.output, false))) {
        begin_table(&scores, columns);
        cli_progress_begin("objects", 0);
        status = has_context
                     ? epo_context_classify(forest, store, &files, &score, print_object, &scores, &summary)
                     : epo_forest_classify_store(forest, store, NULL, &score, print_object, &scores, &summary);
        result = cli_scores_end(&scores, status, &summary, "objects");
    }
    epo_store_close(store);
    epo_forest_free(forest);
    return result;
}

static int run(const cli_call *call)
{
    const classify_options *o = call->options;
    if (o->real_bogus) return classify_hierarchy(call);
    bool is_forest;
    epo_status status = epo_forest_is_file(o->common.model, &is_forest);
    if (status != EPO_OK) return cli_failed(status);
    if (is_forest) return run_forest(call);
    if (o->context || o->catalogue) return cli_usage(call->command, "--context and --catalogue are for forests; %s is none", o->common.model);
    cli_scores scores = {0};
    cli_column columns[COLUMNS];
    epo_model *model = NULL;
    epo_store *store = NULL;
    epo_score_summary summary = {0};
    epo_model_info info;
    epo_head head = o->head[0] == 't' ? EPO_HEAD_TRIPLET : EPO_HEAD_SEQUENCE;
    int result = classify_check_encodings(call, false);
    if (result == CLI_OK) result = cli_dropout_check(call->command, &o->dropout);
    if (result != CLI_OK) return result;
    result = cli_model_load(o->common.model, o->net, o->normalise, head, &model);
    if (result != CLI_OK) return result;
    cli_model_precision(model, call);
    status = epo_store_open(o->common.db, EPO_STORE_WRITE, &store);
    if (status != EPO_OK) {
        result = cli_failed(status);
        goto done;
    }
    epo_model_get_info(model, &info);
    scores.head = &info.heads[head];
    scores.output = cli_output_open(o->common.output, false);
    if (!scores.output) {
        result = CLI_FAILED;
        goto done;
    }
    scores.dropout = o->dropout;
    begin_table(&scores, columns);
    const epo_score_options score = classify_scoring(call);
    cli_progress_begin("objects", 0);
    status = epo_classify_store(model, store, &score, print_object, &scores, &summary);
    result = cli_scores_end(&scores, status, &summary, "objects");
done:
    epo_store_close(store);
    epo_model_free(model);
    return result;
}

const cli_command cmd_classify = {
    .name = "classify",
    .about = "Classify objects from their sequences of images, or by a forest from their light curves",
    .description =
        "Runs each object of a store through the encoder, three nights at a time, and the features through the sequence head.\n"
        "Prints per object the class it was given, the most probable one, how many nights and triplets went in, and the\n"
        "probability of each class; all of it is kept in the store with the run and the model. An object with fewer than three\n"
        "nights gets an error instead, and the exit status is 3.\n\n"
        "With a forest (epochal forest train --db) it goes by light curves instead: nights then counts the points used. A forest over\n"
        "scores and context takes the scores that its models left in the store, and --context and --catalogue; without these files\n"
        "that context is missing, which it has learned to bear.\n\n"
        "--real-bogus takes the objects that another model finds bogus out first: P(real) is that of the most real stamp\n"
        "(--real-of), those below --threshold are called bogus, and the rest by their type. Probabilities are P(real) times those of\n"
        "the types, and 1 - P(real) of the class bogus; they are kept as a run of their own, for epochal evaluate --run. An object\n"
        "below the threshold needs no type, and may have too few nights for one.\n\n"
        "Most of the work is the encoder's. --encodings keep leaves what it gives in the store, and from then on every run over the\n"
        "same images with the same encoder, of this model or of one that was fine-tuned with --freeze encoder, takes it from there:\n"
        "the scores are the same to the last bit. Another version of epochal or another processor makes its own. Until the run ends,\n"
        "the store's log (FILE-wal) takes as much room as what is kept; epochal info tells how much that is.\n\n"
        "--mc-passes T leaves dropout on and classifies T times (a network with dropout is needed). The probabilities are then the\n"
        "means; sd and over_half (share of passes over 0.5) are those of the predicted class; confidence (1 - mean entropy) and bald\n"
        "(entropy of the mean - mean entropy) are in units of the largest entropy there can be.",
    .examples = "epochal classify --db crts.db --model taonet.safetensors\n"
                "# the test part of a split, for another program\n"
                "epochal classify --db crts.db --model taonet.safetensors --split main:test --output csv > test.csv\n"
                "# two tasks over one encoder, which runs once\n"
                "epochal classify --db crts.db --model taonet.safetensors --encodings keep\n"
                "epochal classify --db crts.db --model supernovae.safetensors\n"
                "# real or bogus first, type next\n"
                "epochal classify --db ztf.db --model taonet.safetensors --real-bogus braai.safetensors --threshold 0.65",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(classify_options),
    .run = run,
};
