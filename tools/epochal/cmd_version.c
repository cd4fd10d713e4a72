/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_version.c - epochal version, also --version. */
#include <stdio.h>

#include "commands.h"
#include "epochal/version.h"
#include "stream.h"

static const cli_option options[] = {CLI_OPTIONS_LAST};

static int run(const cli_call *call)
{
    (void)call;
    puts("epochal " EPO_VERSION_STRING);
    return cli_flush();
}

const cli_command cmd_version = {
    .name = "version",
    .about = "Print the version",
    .description = "Also as `epochal --version`. The versions of the libraries stand in `epochal doctor`.",
    .examples = "epochal version",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(cli_common),
    .run = run,
};
