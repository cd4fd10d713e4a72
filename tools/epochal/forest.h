/* SPDX-License-Identifier: BSD-3-Clause
 * forest.h - what the actions of `epochal forest` share. */
#ifndef CLI_FOREST_H
#define CLI_FOREST_H

#include "command.h"
#include "epochal/context.h"

typedef struct forest_options {
    cli_common common;
    const char *features, *label, *id, *columns, *exclude, *out;
    const char *split, *definition, *method, *filter;
    const char *criterion, *max_features, *class_weight;
    const char *scores, *context, *catalogue;
    double radius, censor;
    int min_points, trees, max_depth, min_split, min_leaf, max_leaves, repeats, top;
    bool light_curves, balance, no_bootstrap, confusion, out_of_bag;
} forest_options;

/* Reads --features, or the light curves of --db (*read tells about them; may be NULL with a forest). With a forest its features,
 * else what the options say. CLI_OK, or the exit status after saying what is wrong; *out is freed by the caller. */
int cli_forest_read(const cli_call *call, const epo_forest *forest, epo_forest_table *out, epo_features_summary *read);

/* --- scores and context (forest_context.c) ------------------------------------------------------------------------------- */

/* Whether the options ask for a forest over scores and context. */
bool cli_forest_wants_context(const forest_options *options);

/* Whether they go together; CLI_OK, or CLI_USAGE after saying what is wrong. */
int cli_forest_check_context(const cli_call *call, bool train);

/* Trains one; CLI_OK, or the exit status after saying what is wrong. The caller frees *out. */
int cli_forest_train_context(const cli_call *call, const epo_forest_options *how, epo_forest **out);

/* A note for each file that the forest was trained with and that is not given. */
void cli_forest_note_missing(const epo_forest *forest, const epo_context_files *files);

/* --split with its part, train or test where none is named; *out is freed by the caller, NULL for none. CLI_OK or CLI_FAILED. */
int cli_forest_part(const forest_options *options, bool train, char **out);

/* CLI_BAD_INPUT, having said so, when the table has no labels. */
int cli_forest_labelled(const epo_forest_table *table);

/* What a forest said of the objects of a store. */
typedef struct cli_forest_scores {
    char **labels;         /* [rows]: what they are, "" unknown */
    double *probabilities; /* [rows x classes of the forest] */
    size_t rows, room;
    size_t refused;        /* objects without a score, each of them named */
} cli_forest_scores;

/* Classifies the objects of --db, or of its --split (part test where none is named), puts the scores into it and into *out, which is
 * to be released in any case. CLI_OK, or the exit status after saying what is wrong. */
int cli_forest_score_store(const cli_call *call, const epo_forest *forest, cli_forest_scores *out);
void cli_forest_scores_free(cli_forest_scores *scores);

/* Loads a forest. CLI_OK, or the exit status after saying what is wrong: CLI_BAD_MODEL, also for a file that is not there. */
int cli_forest_load(const char *path, epo_forest **out);

/* Room for the probabilities of `rows` rows, zeroed; NULL without memory, or where they cannot be so many. Freed by the caller. */
double *cli_forest_means(const epo_forest_info *info, size_t rows);

/* Says how a failed call went: CLI_BAD_INPUT for a table that is none, CLI_BAD_MODEL, CLI_USAGE for an option. */
int cli_forest_failed(const cli_call *call, epo_status status);

/* The actions that need a forest; each returns the exit status. */
int cli_forest_evaluate(const cli_call *call);
int cli_forest_predict(const cli_call *call);
int cli_forest_importances(const cli_call *call);

#endif
