/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_help.c - epochal help: texts, man pages, completion. */
#include "commands.h"
#include "help.h"

typedef struct help_options {
    cli_common common;
    bool man, completion;
} help_options;

static const cli_option options[] = {
    {.name = "man", .kind = CLI_FLAG, .place = offsetof(help_options, man), .help = "print the man page, in roff"},
    {.name = "completion", .kind = CLI_FLAG, .place = offsetof(help_options, completion), .help = "print the completion script for bash"},
    CLI_OPTIONS_LAST,
};

static int run(const cli_call *call)
{
    const help_options *o = call->options;
    const cli_command *about = NULL;
    if (o->completion) return cli_completion();
    if (call->operand_count > 0) {
        about = cli_command_find(call->operands[0]);
        if (!about) return cli_usage(call->command, "there is no command '%s'", call->operands[0]);
    }
    if (o->man) return cli_man(about);
    return about ? cli_help_command(about) : cli_help_overview();
}

const cli_command cmd_help = {
    .name = "help",
    .about = "Show the commands, or the options of one",
    .operands = "COMMAND",
    .most = 1,
    .description = "Without a command, lists the commands. Help texts, man pages and completion are made from the same table that reads\n"
                   "the command line.",
    .examples = "# the options of import\n"
                "epochal help import\n"
                "# a man page, without installing anything\n"
                "epochal help --man score | man -l -\n"
                "# completion in this shell\n"
                "source <(epochal help --completion)",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(help_options),
    .run = run,
};
