/* SPDX-License-Identifier: BSD-3-Clause
 * commands.h - the subcommands, one cmd_*.c each. A new one is declared here and gets a row in commands.c. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "command.h"

extern const cli_command
    cmd_augment,
    cmd_bench,
    cmd_calibrate,
    cmd_card,
    cmd_classify,
    cmd_config,
    cmd_doctor,
    cmd_evaluate,
    cmd_explain,
    cmd_export,
    cmd_features,
    cmd_finetune,
    cmd_forest,
    cmd_help,
    cmd_import,
    cmd_info,
    cmd_models,
    cmd_photometry,
    cmd_relabel,
    cmd_review,
    cmd_score,
    cmd_simulate,
    cmd_sizes,
    cmd_split,
    cmd_train,
    cmd_version;

#endif
