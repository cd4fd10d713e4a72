/* SPDX-License-Identifier: BSD-3-Clause
 * commands.c - the table of subcommands. */
#include "commands.h"

#include <string.h>

const cli_command *const cli_commands[] = {
    &cmd_import,
    &cmd_simulate,
    &cmd_augment,
    &cmd_info,
    &cmd_split,
    &cmd_photometry,
    &cmd_models,
    &cmd_train,
    &cmd_sizes,
    &cmd_finetune,
    &cmd_card,
    &cmd_calibrate,
    &cmd_score,
    &cmd_classify,
    &cmd_explain,
    &cmd_evaluate,
    &cmd_review,
    &cmd_relabel,
    &cmd_export,
    &cmd_features,
    &cmd_forest,
    &cmd_bench,
    &cmd_doctor,
    &cmd_config,
    &cmd_help,
    &cmd_version,
    NULL,
};

const cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; cli_commands[i]; i++)
        if (strcmp(cli_commands[i]->name, name) == 0) return cli_commands[i];
    return NULL;
}
