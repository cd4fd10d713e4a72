/* SPDX-License-Identifier: BSD-3-Clause
 * scores.h - what score, classify and evaluate share: loading the model, and the end of a run. */
#ifndef CLI_SCORES_H
#define CLI_SCORES_H

#include <stdbool.h>

#include "epochal/model.h"
#include "epochal/score.h"
#include "output.h"

/* Opens a model, with whatever heads. CLI_OK, or the exit status after saying what is wrong; *out is freed by the caller. */
int cli_model_open(const char *path, const char *net, const char *normalise, epo_model **out);

/* Opens a model that must have `head`. CLI_OK, or the exit status after saying what is wrong; *out is freed by the caller. */
int cli_model_load(const char *path, const char *net, const char *normalise, epo_head head, epo_model **out);

/* What the callbacks of a run share. */
typedef struct cli_scores {
    cli_output *output;
    const epo_head_info *head;
    bool probabilities; /* a column of them */
    uint64_t done;
} cli_scores;

/* Closes the output, says what the run did, and returns the exit status. */
int cli_scores_end(cli_scores *scores, epo_status status, const epo_score_summary *summary, const char *what);

#endif
