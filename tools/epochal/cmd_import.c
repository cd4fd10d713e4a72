/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_import.c - epochal import: files and folders into the store. */
#include <math.h>
#include <string.h>

#include "commands.h"
#include "epochal/import.h"
#include "message.h"
#include "output.h"

typedef struct import_options {
    cli_common common;
    const char *format, *class_name, *label_column, *real_label, *survey, *extname;
    const char *array, *labels, *names, *frames, *times, *planes;
    double bad_below, bad_above;
    bool trust_input;
} import_options;

static const char *format_word(size_t index, const char **about)
{
    epo_import_format format;
    if (!epo_import_format_at(index, &format)) return NULL;
    *about = format.about;
    return format.name;
}

static const char *real_label_word(size_t index, const char **about)
{
    static const char *const words[] = {"0", "1"};
    *about = NULL;
    return index < 2 ? words[index] : NULL;
}

#define PLACE(member) .place = offsetof(import_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "format", .letter = 'f', .kind = CLI_TEXT, .argument = "NAME", PLACE(format), .word = format_word, .needed = true,
     .help = "what the files are"},
    {.name = "class", .kind = CLI_TEXT, .argument = "NAME", PLACE(class_name),
     .help = "class of everything imported; else what the format says: folder, column or array"},
    {.name = "label-column", .kind = CLI_TEXT, .argument = "NAME", PLACE(label_column), .help = "column of the CSV that holds the label"},
    {.name = "real-label", .kind = CLI_TEXT, .argument = "LABEL", PLACE(real_label), .word = real_label_word,
     .help = "autoscan: the label that means real"},
    {.name = "survey", .kind = CLI_TEXT, .argument = "NAME", PLACE(survey), .help = "name of the survey; else the format's own"},
    {.name = "extname", .kind = CLI_TEXT, .argument = "NAME", PLACE(extname),
     .help = "stamps: which extension of a multi-extension file; else the first image"},
    {.name = "array", .kind = CLI_TEXT, .argument = "NAME", PLACE(array),
     .help = "cube: array of the pixels in an npz; else the only one of 3 to 5 dimensions"},
    {.name = "labels", .kind = CLI_TEXT, .argument = "NAME", PLACE(labels), .help = "cube: array of the labels"},
    {.name = "names", .kind = CLI_TEXT, .argument = "NAME", PLACE(names), .help = "cube: array of the objects' names"},
    {.name = "frames", .kind = CLI_TEXT, .argument = "NAME", PLACE(frames), .help = "cube: array of the number of frames of each object"},
    {.name = "times", .kind = CLI_TEXT, .argument = "NAME", PLACE(times), .help = "cube: array of the times, MJD in days"},
    {.name = "planes", .kind = CLI_TEXT, .argument = "ROLES", PLACE(planes),
     .help = "cube: what the last axis of N,H,W,C holds, as science,template,difference"},
    {.name = "bad-below", .kind = CLI_REAL, .argument = "VALUE", .standard = "-inf", PLACE(bad_below),
     .help = "cube: pixels at or below this value are missing"},
    {.name = "bad-above", .kind = CLI_REAL, .argument = "VALUE", .standard = "inf", PLACE(bad_above),
     .help = "cube: pixels at or above this value are missing"},
    {.name = "trust-input", .kind = CLI_FLAG, PLACE(trust_input), .help = "read FITS images that are not plain 2-D as well"},
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static epo_status report(void *context, const epo_import_event *event)
{
    uint64_t *files = context;
    if (event->status != EPO_OK)
        cli_error("%s", event->message ? event->message : epo_status_text(event->status));
    else if (event->message)
        cli_note("%s", event->message);
    else if (event->unchanged)
        cli_detail("%s: unchanged", event->path);
    else
        cli_detail("%s: %llu objects, %llu stamps, %llu points", event->path, (unsigned long long)event->objects,
                   (unsigned long long)event->stamps, (unsigned long long)event->points);
    cli_progress(++*files);
    return EPO_OK;
}

static int print_summary(const char *format, const epo_import_summary *s)
{
    cli_output *output = cli_output_open(format, true);
    if (!output) return CLI_FAILED;
    cli_facts_begin(output, "");
    cli_fact_int(output, "files", (int64_t)s->files);
    cli_fact_int(output, "imported", (int64_t)s->imported);
    cli_fact_int(output, "unchanged", (int64_t)s->unchanged);
    cli_fact_int(output, "refused", (int64_t)s->refused);
    cli_fact_int(output, "objects", (int64_t)s->objects);
    cli_fact_int(output, "stamps", (int64_t)s->stamps);
    cli_fact_int(output, "points", (int64_t)s->points);
    cli_fact_int(output, "duplicates", (int64_t)s->duplicates);
    cli_fact_int(output, "left_out", (int64_t)s->left_out);
    cli_fact_int(output, "suspect_dates", (int64_t)s->suspect_dates);
    cli_fact_int(output, "constant_images", (int64_t)s->constant_images);
    cli_facts_end(output);
    return cli_output_close(output);
}

static int run(const cli_call *call)
{
    const import_options *o = call->options;
    if (strcmp(o->format, "autoscan") == 0 && !o->real_label)
        return cli_usage(call->command,
                         "--real-label 0 or 1 is needed: in the DES autoscan files 0 means real, elsewhere 1 does, and a wrong guess "
                         "would train everything upside down");
    if (o->labels && o->label_column) return cli_usage(call->command, "--labels (an array) and --label-column (of a CSV) exclude each other");
    if (isnan(o->bad_below) || isnan(o->bad_above)) return cli_usage(call->command, "--bad-below and --bad-above take a number, not nan");

    epo_import_options import = EPO_IMPORT_OPTIONS_INIT;
    import.format = o->format;
    import.class_name = o->class_name;
    import.label_column = o->labels ? o->labels : o->label_column;
    import.real_label = o->real_label;
    import.survey = o->survey;
    import.extname = o->extname;
    import.array = o->array;
    import.names = o->names;
    import.frames = o->frames;
    import.times = o->times;
    import.planes = o->planes;
    import.bad_below = o->bad_below;
    import.bad_above = o->bad_above;
    import.trust_input = o->trust_input;
    import.threads = o->common.threads;

    epo_store *store = NULL;
    epo_import_summary summary = {0};
    uint64_t files = 0;
    epo_status status = epo_store_open(o->common.db, EPO_STORE_CREATE, &store);
    if (status != EPO_OK) return cli_failed(status);
    cli_progress_begin("files", 0);
    status = epo_import(store, call->operands, call->operand_count, &import, report, &files, &summary);
    cli_progress_end();
    int result = CLI_OK;
    if (status != EPO_OK) result = cli_failed(status);
    epo_store_close(store);
    int printed = print_summary(o->common.output, &summary);
    if (result == CLI_OK) result = printed;
    return result == CLI_OK && summary.refused + summary.left_out > 0 ? CLI_BAD_INPUT : result;
}

const cli_command cmd_import = {
    .name = "import",
    .about = "Read files and folders into a store",
    .operands = "PATH...",
    .least = 1,
    .description =
        "Reads files, and folders with all that is in them, into one SQLite file, which is made when it does not exist. Each\n"
        "file is taken whole or not at all; one that was imported before changes nothing. A bad file is named on stderr with the\n"
        "reason, the others are imported, and the exit status is 3.\n\n"
        "Files are not trusted: FITS images are read when they are plain and 2-D with sides from 1 to 1024 pixels, compressed\n"
        "data is inflated up to a limit, and sizes are checked before anything is read.",
    .examples = "# a Deep-TAO tree: the name of each folder is the class\n"
                "epochal import --db crts.db --format tao TAO/\n"
                "# ZTF alert packets\n"
                "epochal import --db ztf.db --format ztf alerts/*.avro\n"
                "# an npz of image sequences with named arrays\n"
                "epochal import --db hits.db --format cube --array x --labels label --names name --frames nframes hits.npz\n"
                "# DES autoscan, where the label 0 means real\n"
                "epochal import --db des.db --format autoscan --real-label 0 autoscan/",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(import_options),
    .run = run,
};
