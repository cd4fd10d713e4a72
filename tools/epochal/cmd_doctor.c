/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_doctor.c - epochal doctor: what this machine and this build are, what would be slow, and the cure. */
#include "commands.h"
#include "environment.h"
#include "epochal/system.h"
#include "message.h"
#include "output.h"

static const cli_option options[] = {CLI_OPTION_OUTPUT("table"), CLI_OPTIONS_LAST};

static void row(cli_output *output, const char *name, const char *value, const char *advice)
{
    cli_put_text(output, name);
    cli_put_text(output, value);
    cli_put_text(output, advice);
    cli_row_end(output);
}

static int run(const cli_call *call)
{
    enum { CAPACITY = 64 };
    static const cli_column columns[] = {{.name = "what"}, {.name = "value"}, {.name = "advice"}};
    const cli_common *common = call->options;
    epo_system_fact facts[CAPACITY];
    size_t count = epo_system_facts(facts, CAPACITY), troubles = 0;
    cli_output *output = cli_output_open(common->output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        row(output, facts[i].name, facts[i].value, facts[i].advice);
        troubles += facts[i].advice[0] != '\0';
    }
    if (cli_environment_muted()) {
        row(output, "environment", cli_environment_muted(), "prints into the results; the command takes it out, other programs will not");
        troubles++;
    }
    cli_table_end(output);
    int status = cli_output_close(output);
    if (status == CLI_OK && troubles == 0) cli_note("all is well");
    return status;
}

const cli_command cmd_doctor = {
    .name = "doctor",
    .about = "Show versions, processor and threads, what would be slow, and the cure",
    .description = "Prints what this machine and this build are: versions of the libraries, what the processor can do, which kernels\n"
                   "OpenBLAS and oneDNN chose for it, and how many threads they use. Where that is slow or wrong, the last column says\n"
                   "what to do. Put the output into a bug report.",
    .examples = "epochal doctor\n"
                "# only what wants attention\n"
                "epochal doctor --output jsonl | jq -c 'select(.advice != \"\")'",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(cli_common),
    .run = run,
};
