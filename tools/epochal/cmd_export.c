/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_export.c - epochal export: what a store holds, as files for other programs. */
#include <string.h>

#include "commands.h"
#include "epochal/export.h"
#include "message.h"
#include "output.h"

typedef struct export_options {
    cli_common common;
    const char *format, *out, *table, *split, *class_name, *roles, *real, *bogus, *shape;
    double fill, radius;
    int side;
} export_options;

static const char *format_word(size_t index, const char **about)
{
    const epo_export_word word = epo_export_format_at(index);
    *about = word.about;
    return word.name;
}

static const char *table_word(size_t index, const char **about)
{
    const epo_export_word word = epo_export_table_at(index);
    *about = word.about;
    return word.name;
}

static const char *shape_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"circle", "of --radius"}, {"point", "a cross"}};
    if (index >= sizeof words / sizeof *words) return NULL;
    *about = words[index][1];
    return words[index][0];
}

#define PLACE(member) .place = offsetof(export_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "format", .letter = 'f', .kind = CLI_TEXT, .argument = "FORMAT", .needed = true, PLACE(format), .word = format_word, .help = "what is written"},
    {.name = "out", .kind = CLI_TEXT, .argument = "FILE", .needed = true, PLACE(out), .help = "the file, which is there whole or not at all"},
    {.name = "split", .kind = CLI_TEXT, .argument = "NAME:PART", PLACE(split), .help = "only these objects, as main:test"},
    {.name = "class", .kind = CLI_TEXT, .argument = "CLASS", PLACE(class_name), .help = "only objects of this class"},
    {.name = "role", .kind = CLI_TEXT, .argument = "ROLE,...", PLACE(roles),
     .help = "which stamps: for otrain the planes, in this order (else difference); for npz-sequences one role (else science)"},
    {.name = "side", .kind = CLI_COUNT, .argument = "PIXELS", .standard = "0", PLACE(side),
     .help = "stamps are cut or padded to this about their centre; 0: as they are, which must be of one size"},
    {.name = "real", .kind = CLI_TEXT, .argument = "CLASS,...", .standard = "real", PLACE(real), .help = "otrain: classes with the label 1"},
    {.name = "bogus", .kind = CLI_TEXT, .argument = "CLASS,...", .standard = "bogus", PLACE(bogus), .help = "otrain: classes with the label 0"},
    {.name = "fill", .kind = CLI_REAL, .argument = "VALUE", .standard = "0", PLACE(fill), .help = "otrain: missing pixels and padding; nan is a value too"},
    {.name = "table", .kind = CLI_TEXT, .argument = "TABLE", .standard = "objects", PLACE(table), .word = table_word, .help = "csv: which rows"},
    {.name = "shape", .kind = CLI_TEXT, .argument = "SHAPE", .standard = "circle", PLACE(shape), .word = shape_word, .help = "regions: what marks an object"},
    {.name = "radius", .kind = CLI_REAL, .argument = "ARCSEC", .standard = "5", PLACE(radius), .help = "regions: of the circles"},
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static epo_status report(void *context, const epo_export_event *event)
{
    (void)context;
    if (event->exposure)
        cli_error("object %s, exposure %s: left out: %s", event->object, event->exposure, event->reason);
    else
        cli_error("object %s: left out: %s", event->object ? event->object : "?", event->reason);
    return EPO_OK;
}

static int print_summary(const export_options *o, const epo_export_summary *s)
{
    cli_output *output = cli_output_open(o->common.output, true);
    if (!output) return CLI_FAILED;
    cli_facts_begin(output, "");
    cli_fact_text(output, "file", o->out);
    cli_fact_text(output, "format", o->format);
    cli_fact_int(output, "objects", (int64_t)s->objects);
    cli_fact_int(output, "rows", (int64_t)s->rows);
    if (s->width > 0) {
        cli_fact_int(output, "width", s->width);
        cli_fact_int(output, "height", s->height);
    }
    if (s->longest > 0) {
        cli_fact_int(output, "frames", (int64_t)s->frames);
        cli_fact_int(output, "longest", s->longest);
    }
    cli_fact_int(output, "damaged", (int64_t)s->damaged);
    cli_facts_end(output);
    return cli_output_close(output);
}

static void note_left_out(const epo_export_summary *s)
{
    if (s->unlabelled) cli_note("%llu objects without a class were left out", (unsigned long long)s->unlabelled);
    if (s->incomplete) cli_note("%llu exposures without all of the planes were left out", (unsigned long long)s->incomplete);
    if (s->unplaced) cli_note("%llu objects without a position were left out", (unsigned long long)s->unplaced);
}

static int run(const cli_call *call)
{
    const export_options *o = call->options;
    epo_export_options export = EPO_EXPORT_OPTIONS_INIT;
    export.format = o->format;
    export.table = o->table;
    export.split = o->split;
    export.class_name = o->class_name;
    export.roles = o->roles;
    export.side = o->side;
    export.fill = o->fill;
    export.real = o->real;
    export.bogus = o->bogus;
    export.radius = strcmp(o->shape, "point") == 0 ? 0 : o->radius;

    epo_store *store = NULL;
    epo_export_summary summary;
    epo_status status = epo_export_check(&export);
    if (status != EPO_OK) return cli_usage(call->command, "%s", epo_error_message());
    status = epo_store_open(o->common.db, EPO_STORE_READ, &store);
    if (status != EPO_OK) return cli_failed(status);
    status = epo_export(store, &export, o->out, report, NULL, &summary);
    int result = status == EPO_OK ? CLI_OK : cli_failed(status);
    epo_store_close(store);
    if (result != CLI_OK) return result;
    note_left_out(&summary);
    result = print_summary(o, &summary);
    return result == CLI_OK && summary.damaged > 0 ? CLI_BAD_INPUT : result;
}

const cli_command cmd_export = {
    .name = "export",
    .about = "Write what a store holds as files for other programs",
    .description =
        "Writes one file: an O'TRAIN cube or image sequences as numpy arrays, a table as CSV, or regions for DS9. The file is there\n"
        "whole or not at all, and the same store and options give the same bytes. Objects come in the order in which they came\n"
        "into the store, their stamps by time. Stamps that are damaged are named on stderr and left out, and the exit status is 3.\n\n"
        "An O'TRAIN cube holds single exposures with the label 1 or 0; --real and --bogus say which classes these are, and an object\n"
        "of another class ends the export. A magnitude that is not known is 99, as O'TRAIN has it; a candidate without an id has\n"
        "the id of its stamp. Sequences are read back by epochal import. docs/datasets.md lists arrays and columns.",
    .examples = "# for O'TRAIN: difference stamps cut to 32 pixels\n"
                "epochal export --db ztf.db --format otrain --side 32 --out cube.npz\n"
                "# image sequences, and back into another store\n"
                "epochal export --db crts.db --format npz-sequences --split main:test --side 64 --out test.npz\n"
                "epochal import --db other.db --format cube --array x --frames nframes --times mjd --labels label --names names test.npz\n"
                "# light curves, probabilities, the history of labels\n"
                "epochal export --db crts.db --format csv --table photometry --out points.csv\n"
                "epochal export --db crts.db --format csv --table scores --split main:test --out scores.csv\n"
                "# what to look at in DS9\n"
                "epochal export --db crts.db --format regions --class SN --radius 10 --out sn.reg",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(export_options),
    .run = run,
};
