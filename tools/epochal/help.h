/* SPDX-License-Identifier: BSD-3-Clause
 * help.h - help texts, man pages and completion, all made from the option tables. The calls print to stdout and return
 * the exit status. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "command.h"

void cli_help_short(FILE *to); /* three lines: usage, and where help is */
int cli_help_overview(void);
int cli_help_command(const cli_command *command);

/* A man page in roff: of a command, or of `epochal` itself with NULL. */
int cli_man(const cli_command *command);

/* Completion for bash, all commands in one script. */
int cli_completion(void);

/* What each exit status means, ending with NULL; the index is the status. */
extern const char *const cli_exit_texts[];

/* The synopsis of a command without "epochal": "import --db FILE --format NAME [OPTIONS] PATH..." */
void cli_synopsis(const cli_command *command, char *out, size_t room);

#endif
