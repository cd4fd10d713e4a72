/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_info.c - epochal info: what is in a store, and whether it is sound. */
#include "commands.h"
#include "epochal/store.h"
#include "message.h"
#include "output.h"

typedef struct info_options {
    cli_common common;
    bool check;
} info_options;

static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "check", .kind = CLI_FLAG, .place = offsetof(info_options, check),
     .help = "read everything and verify it: structure, references, the CRC32 of each stamp and of encodings that are kept"},
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static void print_facts(cli_output *output, const char *path, const epo_store_contents *info)
{
    cli_facts_begin(output, "");
    cli_fact_text(output, "store", path);
    cli_fact_int(output, "version", info->version);
    cli_fact_int(output, "bytes", info->bytes);
    cli_fact_int(output, "surveys", info->surveys);
    cli_fact_int(output, "files", info->sources);
    cli_fact_int(output, "objects", info->objects);
    cli_fact_int(output, "stamps", info->stamps);
    cli_fact_int(output, "points", info->photometry);
    cli_fact_int(output, "nights", info->nights);
    cli_fact_text(output, "first_date", *info->date_first ? info->date_first : NULL);
    cli_fact_text(output, "last_date", *info->date_last ? info->date_last : NULL);
    cli_fact_real(output, "first_mjd", info->mjd_first);
    cli_fact_real(output, "last_mjd", info->mjd_last);
    cli_fact_int(output, "suspect_dates", info->suspect_times);
    cli_fact_int(output, "constant_images", info->constants);
    cli_fact_int(output, "labels", info->labels);
    if (info->relabels) cli_fact_int(output, "relabels", info->relabels);
    if (info->votes) cli_fact_int(output, "votes", info->votes);
    cli_fact_int(output, "runs", info->runs);
    if (info->encodings) {
        cli_fact_int(output, "encodings", info->encodings);
        cli_fact_int(output, "encoding_bytes", info->encoding_bytes);
    }
    cli_facts_end(output);
}

static void print_tables(cli_output *output, const epo_store_contents *info)
{
    static const cli_column classes[] = {{.name = "class"}, {.name = "objects", .number = true}, {.name = "stamps", .number = true}};
    static const cli_column parts[] = {{.name = "split"}, {.name = "part"}, {.name = "objects", .number = true}};
    static const cli_column methods[] = {
        {.name = "photometry"}, {.name = "objects", .number = true}, {.name = "points", .number = true}, {.name = "left_out", .number = true}};
    static const cli_column models[] = {{.name = "model"}, {.name = "sha256"}, {.name = "classes"}};
    cli_table_begin(output, "classes", classes, 3);
    for (size_t i = 0; i < info->class_count; i++) {
        cli_put_text(output, info->classes[i].name);
        cli_put_int(output, info->classes[i].objects);
        cli_put_int(output, info->classes[i].stamps);
        cli_row_end(output);
    }
    cli_table_end(output);
    cli_table_begin(output, "splits", parts, 3);
    for (size_t i = 0; i < info->part_count; i++) {
        cli_put_text(output, info->parts[i].split);
        cli_put_text(output, info->parts[i].part);
        cli_put_int(output, info->parts[i].objects);
        cli_row_end(output);
    }
    cli_table_end(output);
    cli_table_begin(output, "photometry", methods, 4);
    for (size_t i = 0; i < info->method_count; i++) {
        cli_put_text(output, info->methods[i].method);
        cli_put_int(output, info->methods[i].objects);
        cli_put_int(output, info->methods[i].points);
        cli_put_int(output, info->methods[i].left_out);
        cli_row_end(output);
    }
    cli_table_end(output);
    cli_table_begin(output, "models", models, 3);
    for (size_t i = 0; i < info->model_count; i++) {
        cli_put_text(output, info->models[i].name);
        cli_put_text(output, info->models[i].sha256);
        cli_put_texts(output, (const char *const *)info->models[i].classes, info->models[i].class_count);
        cli_row_end(output);
    }
    cli_table_end(output);
}

static void say_problem(void *context, const char *text)
{
    (void)context;
    cli_error("%s", text);
}

static bool show_progress(void *context, int64_t done, int64_t total)
{
    (void)context;
    (void)total;
    cli_progress((uint64_t)done);
    return true;
}

static int run(const cli_call *call)
{
    const info_options *o = call->options;
    epo_store *store = NULL;
    epo_store_contents info = {0};
    cli_output *output = NULL;
    int result = CLI_OK;
    epo_status status = epo_store_open(o->common.db, EPO_STORE_READ, &store);
    if (status == EPO_OK) status = epo_store_info(store, &info);
    if (status != EPO_OK) {
        result = cli_failed(status);
        goto done;
    }
    if (o->check) {
        static const epo_store_checking checking = {.problem = say_problem, .progress = show_progress};
        cli_progress_begin("stamps", (uint64_t)info.stamps);
        status = epo_store_check(store, &checking);
        cli_progress_end();
        if (status != EPO_OK) {
            result = cli_failed(status);
            if (status == EPO_EFORMAT) result = CLI_BAD_INPUT;
        } else
            cli_note("%s: checked, no problem found", o->common.db);
    }
    output = cli_output_open(o->common.output, true);
    if (!output) {
        result = CLI_FAILED;
        goto done;
    }
    print_facts(output, o->common.db, &info);
    print_tables(output, &info);
    if (cli_output_close(output) != CLI_OK) result = CLI_FAILED;
done:
    epo_store_info_free(&info);
    epo_store_close(store);
    return result;
}

const cli_command cmd_info = {
    .name = "info",
    .about = "Show what is in a store",
    .description = "Prints how many objects, stamps and nights a store holds, its classes, dates, splits, light curves and models. With --check\n"
                   "everything is read and verified; each problem is named on stderr, a damaged stamp by object, role and MJD, and the exit status is 3 when there is one.",
    .examples = "epochal info --db crts.db\n"
                "# verify every stamp\n"
                "epochal info --db crts.db --check\n"
                "# the number of objects, for a script\n"
                "epochal info --db crts.db --output json | jq .objects",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(info_options),
    .run = run,
};
