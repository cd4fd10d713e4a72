/* SPDX-License-Identifier: BSD-3-Clause
 * main.c - epochal COMMAND [OPTIONS] [OPERANDS]: finds the command, reads its options, runs it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "environment.h"
#include "help.h"
#include "message.h"

/* A caller may have closed stdin, stdout or stderr, and then the next file opened, perhaps the store, would get that
 * number and be printed into. What is missing is opened the wrong way round, so that using it fails. */
static void hold_standard_files(void)
{
    for (int file = 0; file < 3; file++)
        if (fcntl(file, F_GETFD) == -1 && errno == EBADF) {
            int opened = open("/dev/null", file == 0 ? O_WRONLY : O_RDONLY);
            if (opened != file) exit(CLI_FAILED);
        }
}

/* The command line as one text, for the record that a run leaves in the store. NULL without memory. */
static char *join(int count, char *const *arguments)
{
    size_t length = 1;
    for (int i = 0; i < count; i++) length += strlen(arguments[i]) + 1;
    char *text = malloc(length), *end = text;
    if (!text) return NULL;
    for (int i = 0; i < count; i++) {
        if (i) *end++ = ' ';
        size_t n = strlen(arguments[i]);
        memcpy(end, arguments[i], n);
        end += n;
    }
    *end = '\0';
    return text;
}

static int unknown_command(const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (; count < 64 && cli_commands[count]; count++) names[count] = cli_commands[count]->name;
    const char *nearest = cli_nearest(name, names, count);
    if (nearest)
        cli_error("there is no command '%s'; did you mean '%s'?", name, nearest);
    else
        cli_error("there is no command '%s'", name);
    cli_error("see: epochal help");
    return CLI_USAGE;
}

static int run(const cli_command *command, int argc, char **argv)
{
    cli_parsed parsed;
    int status = cli_parse(command, argc - 2, argv + 2, &parsed);
    if (status != CLI_OK) return status;
    if (parsed.help) {
        status = cli_help_command(command);
    } else {
        const cli_common *common = parsed.options;
        char *line = join(argc, argv);
        if (!line) {
            cli_error("out of memory");
            cli_parsed_free(&parsed, command);
            return CLI_FAILED;
        }
        cli_call call = {.command = command,
                         .options = parsed.options,
                         .operands = parsed.operands,
                         .operand_count = parsed.operand_count,
                         .command_line = line,
                         .given = parsed.given};
        cli_message_setup(common->quiet, common->verbose);
        if (cli_environment_muted()) cli_detail("%s is set; taken out, for it prints into the results", cli_environment_muted());
        status = command->run(&call);
        free(line);
    }
    cli_parsed_free(&parsed, command);
    return status;
}

int main(int argc, char **argv)
{
    hold_standard_files();
    signal(SIGXFSZ, SIG_IGN); /* a file at the limit of its size (ulimit -f) is an error like a full disk */
    cli_environment_clean();
    if (argc < 2) {
        cli_help_short(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return cli_help_overview();
    const char *name = strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0 ? "version" : argv[1];
    const cli_command *command = cli_command_find(name);
    return command ? run(command, argc, argv) : unknown_command(name);
}
