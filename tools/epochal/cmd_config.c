/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_config.c - epochal config: every setting, its value, and where it comes from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "environment.h"
#include "epochal/model.h"
#include "epochal/system.h"
#include "epochal/version.h"
#include "output.h"

static const cli_option options[] = {CLI_OPTION_OUTPUT("table"), CLI_OPTIONS_LAST};

static void row(cli_output *output, const char *setting, const char *value, const char *source)
{
    cli_put_text(output, setting);
    cli_put_text(output, value);
    cli_put_text(output, source);
    cli_row_end(output);
}

static void models_row(cli_output *output)
{
    const char *named = getenv("EPOCHAL_MODELS");
    char **paths = NULL;
    size_t count = 0;
    if (epo_model_list(NULL, &paths, &count) != EPO_OK || count == 0) {
        row(output, "models", named && *named ? named : NULL, named && *named ? "EPOCHAL_MODELS, not readable" : "none found");
    } else {
        char *slash = strrchr(paths[0], '/');
        if (slash) *slash = '\0';
        row(output, "models", paths[0],
            named && *named                   ? "EPOCHAL_MODELS"
            : strcmp(paths[0], "models") == 0 || strcmp(paths[0], "./models") == 0 ? "working folder"
                                                                                      : "installation");
    }
    epo_model_list_free(paths, count);
}

static int run(const cli_call *call)
{
    static const cli_column columns[] = {{.name = "setting"}, {.name = "value"}, {.name = "source"}};
    const cli_common *common = call->options;
    char text[64];
    cli_output *output = cli_output_open(common->output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    row(output, "version", EPO_VERSION_STRING, "build");
    row(output, "compiler", __VERSION__, "build");
    models_row(output);
    snprintf(text, sizeof text, "%d", epo_system_threads());
    row(output, "threads", text, getenv("OMP_NUM_THREADS") ? "OMP_NUM_THREADS and the machine" : "the machine");
    for (size_t i = 0; cli_variables[i].name; i++) {
        const char *value = getenv(cli_variables[i].name);
        const char *muted = cli_environment_muted();
        size_t n = strlen(cli_variables[i].name);
        bool was_muted = muted && strncmp(muted, cli_variables[i].name, n) == 0 && muted[n] == '=';
        row(output, cli_variables[i].name, was_muted ? muted + n + 1 : value, was_muted ? "environment, taken out" : value ? "environment" : "not set");
    }
    for (size_t c = 0; cli_commands[c]; c++)
        for (size_t i = 0; i < cli_commands[c]->option_count; i++) {
            const cli_option *o = &cli_commands[c]->options[i];
            if (!o->standard) continue;
            snprintf(text, sizeof text, "%s --%s", cli_commands[c]->name, o->name);
            row(output, text, o->standard, "built in");
        }
    cli_table_end(output);
    return cli_output_close(output);
}

const cli_command cmd_config = {
    .name = "config",
    .about = "Show every setting, its value and where it comes from",
    .description = "There is no configuration file: a setting is an option of a command, with the default shown here, or an environment\n"
                   "variable.",
    .examples = "epochal config\n"
                "# where the networks are looked for\n"
                "epochal config --output jsonl | jq -r 'select(.setting == \"models\").value'",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(cli_common),
    .run = run,
};
