/* SPDX-License-Identifier: BSD-3-Clause
 * scores.h - what score, classify and evaluate share: loading the model, passes with dropout, and the end of a run. */
#ifndef CLI_SCORES_H
#define CLI_SCORES_H

#include <stdbool.h>

#include "command.h"
#include "epochal/model.h"
#include "epochal/score.h"
#include "epochal/store.h"
#include "output.h"

/* Opens a model, with whatever heads. CLI_OK, or the exit status after saying what is wrong; *out is freed by the caller. */
int cli_model_open(const char *path, const char *net, const char *normalise, epo_model **out);

/* Opens a model that must have `head`. CLI_OK, or the exit status after saying what is wrong; *out is freed by the caller. */
int cli_model_load(const char *path, const char *net, const char *normalise, epo_head head, epo_model **out);

/* The call's --precision, after a note where this processor is slow at it. */
epo_precision cli_precision(const cli_call *call);

/* Has the model score in the call's --precision. */
void cli_model_precision(epo_model *model, const cli_call *call);

/* Opens a store whose labels are those as of --labels-as-of, where the call has it. CLI_OK, or the exit status after saying
 * what is wrong, with *out NULL; *out is closed by the caller. */
int cli_store_open(const cli_call *call, epo_store_mode mode, epo_store **out);

/* Dropout left on: options that score and classify share. */
typedef struct cli_dropout {
    int passes, bins; /* bins: of a histogram in place of scores; 0 none */
} cli_dropout;
#define CLI_OPTIONS_DROPOUT(type, member)                                                                                        \
    {.name = "mc-passes", .kind = CLI_COUNT, .argument = "T", .standard = "0", .place = offsetof(type, member.passes),           \
     .help = "leave dropout on, score T times, and print mean, sd, share over 0.5, confidence and BALD; 0: once, without"},      \
    {.name = "mc-histogram", .kind = CLI_COUNT, .argument = "BINS", .standard = "0", .place = offsetof(type, member.bins),       \
     .help = "with --mc-passes: print the scores of the passes as a histogram of BINS rows instead"}

/* What the callbacks of a run share. */
typedef struct cli_scores {
    cli_output *output;
    const epo_head_info *head;
    cli_dropout dropout;
    bool probabilities; /* a column of them */
    uint64_t done;
} cli_scores;

enum { CLI_DROPOUT_COLUMNS = 4, CLI_HISTOGRAM_COLUMNS = 6, CLI_MOST_BINS = 10000 };

/* CLI_OK, or CLI_USAGE after saying what is wrong. */
int cli_dropout_check(const cli_command *command, const cli_dropout *dropout);

/* The four columns of an uncertainty, and their cells; NULL leaves them empty. */
void cli_dropout_columns(cli_column columns[CLI_DROPOUT_COLUMNS]);
void cli_put_dropout(cli_output *output, const epo_uncertainty *uncertainty);

/* The columns of a histogram, which take the place of all others, and its rows; one row with the error for a bad input. Gives
 * what a callback returns. */
void cli_histogram_columns(cli_column columns[CLI_HISTOGRAM_COLUMNS]);
epo_status cli_put_histogram(cli_scores *scores, const epo_score *score);

/* The place of a word that was looked at before among those of an option. */
size_t cli_word_index(const char *(*word)(size_t index, const char **about), const char *wanted);

/* Says of how many the encodings were in the store. */
void cli_scores_reused(const epo_score_summary *summary, const char *what);

/* Closes the output, says what the run did, and returns the exit status. */
int cli_scores_end(cli_scores *scores, epo_status status, const epo_score_summary *summary, const char *what);

#endif
