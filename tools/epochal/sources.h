/* SPDX-License-Identifier: BSD-3-Clause
 * sources.h - which scores in a store are meant by --model: what evaluate, review, calibrate and forest share. */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "command.h"

typedef struct cli_source {
    char sha256[65]; /* of the model's file */
    char *remedy;    /* the command that makes its scores; NULL where only the SHA-256 is known. Owned */
} cli_source;

/* `text` is a weights file, its name, a forest, or a SHA-256; `split`, for the remedy, may be NULL. CLI_OK, or the exit
 * status after saying what is wrong. */
int cli_source_of_model(const char *db, const char *net, const char *text, const char *split, cli_source *out);

/* The part of source i by a list that has one for all, or one for each; NULL for an empty list. */
const char *cli_source_part(const cli_list *parts, size_t i);

#endif
