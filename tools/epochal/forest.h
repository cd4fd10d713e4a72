/* SPDX-License-Identifier: BSD-3-Clause
 * forest.h - what the actions of `epochal forest` share. */
#ifndef CLI_FOREST_H
#define CLI_FOREST_H

#include "command.h"
#include "epochal/forest.h"

typedef struct forest_options {
    cli_common common;
    const char *features, *label, *id, *columns, *exclude, *out;
    const char *criterion, *max_features, *class_weight;
    int trees, max_depth, min_split, min_leaf, max_leaves, repeats, top;
    bool no_bootstrap, confusion, out_of_bag;
} forest_options;

/* Reads --features. With a forest its features, else what --columns and --exclude say. CLI_OK, or the exit status after saying
 * what is wrong; *out is freed by the caller. */
int cli_forest_read(const cli_call *call, const epo_forest *forest, epo_forest_table *out);

/* Loads --model; likewise. */
int cli_forest_load(const cli_call *call, epo_forest **out);

/* Says how a failed call went: CLI_BAD_INPUT for a table that is none, CLI_BAD_MODEL, CLI_USAGE for an option. */
int cli_forest_failed(const cli_call *call, epo_status status);

/* The actions that need a forest; each returns the exit status. */
int cli_forest_evaluate(const cli_call *call);
int cli_forest_predict(const cli_call *call);
int cli_forest_importances(const cli_call *call);

#endif
