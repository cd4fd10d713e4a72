/* SPDX-License-Identifier: BSD-3-Clause
 * environment.h - the environment variables that matter to the command. */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include <stddef.h>

/* Takes out what would spoil the results: with ONEDNN_VERBOSE set, oneDNN prints to stdout. Must run before the library
 * is first used. */
void cli_environment_clean(void);

/* "ONEDNN_VERBOSE=1", when cli_environment_clean took something out; else NULL. */
const char *cli_environment_muted(void);

/* The variables that change what the command or the libraries under it do, for help and config, ending with name NULL. */
typedef struct cli_variable {
    const char *name, *about;
} cli_variable;
extern const cli_variable cli_variables[];

#endif
