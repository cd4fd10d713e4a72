/* SPDX-License-Identifier: BSD-3-Clause
 * classify.h - what the parts of epochal classify share. */
#ifndef CLI_CLASSIFY_H
#define CLI_CLASSIFY_H

#include "command.h"
#include "scores.h"

typedef struct classify_options {
    cli_common common;
    const char *split, *net, *normalise, *head, *context, *catalogue;
    const char *real_bogus, *real_of, *encodings;
    double threshold;
    int batch;
    cli_dropout dropout;
    bool turns;
} classify_options;

/* Whether --encodings goes with the other options and a network or forest; else it was told why, and this is the exit status. */
int classify_check_encodings(const cli_call *call, bool is_forest);

/* What the options say to whatever classifies. */
epo_score_options classify_scoring(const cli_call *call);

/* With --real-bogus: both models, and their scores as one; the exit status. */
int classify_hierarchy(const cli_call *call);

/* The words of --real-of. */
const char *classify_real_of_word(size_t index, const char **about);

#endif
