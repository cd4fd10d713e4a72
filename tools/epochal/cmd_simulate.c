/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_simulate.c - epochal simulate: a survey that never was, into a store. */
#include "commands.h"
#include "epochal/simulate.h"
#include "message.h"
#include "output.h"

typedef struct simulate_options {
    cli_common common;
    uint64_t objects, candidates;
    const char *telescope, *classes, *survey;
    double nights, real_fraction;
    int visits, side, field_objects;
    bool light_curves, truth, kinds, telescopes;
} simulate_options;

#define PLACE(member) .place = offsetof(simulate_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(false),
    {.name = "objects", .letter = 'n', .kind = CLI_SEED, .argument = "N", .standard = "0", PLACE(objects), .help = "image sequences"},
    {.name = "real-bogus", .kind = CLI_SEED, .argument = "N", .standard = "0", PLACE(candidates),
     .help = "candidates with template, science and difference, classes real and bogus"},
    {.name = "telescope", .kind = CLI_TEXT, .argument = "NAME", .standard = "crts", PLACE(telescope),
     .help = "whose survey: pixels, sky, weather and cadence; --telescopes lists them"},
    {.name = "classes", .kind = CLI_TEXT, .argument = "CLASS=SHARE,...", PLACE(classes),
     .help = "shares among the objects; kinds go by their names, and NAME:KIND+KIND=SHARE is a class of kinds in equal parts; else the telescope's"},
    {.name = "nights", .kind = CLI_REAL, .argument = "N", .standard = "0", PLACE(nights),
     .help = "on which an object is seen, on average, or in a row; 0 here and in the next three: the telescope's own number"},
    {.name = "visits", .kind = CLI_COUNT, .argument = "N", .standard = "0", PLACE(visits), .help = "a night"},
    {.name = "side", .kind = CLI_COUNT, .argument = "PIXELS", .standard = "0", PLACE(side), .help = "of a stamp"},
    {.name = "field-objects", .kind = CLI_COUNT, .argument = "N", .standard = "0", PLACE(field_objects),
     .help = "objects that share a field: their sky, nights and parent"},
    {.name = "real-fraction", .kind = CLI_REAL, .argument = "SHARE", .standard = "0.5", PLACE(real_fraction), .help = "of the candidates"},
    {.name = "light-curves", .kind = CLI_FLAG, PLACE(light_curves), .help = "also photometry with noise, as a catalogue has it"},
    {.name = "truth", .kind = CLI_FLAG, PLACE(truth), .help = "also the magnitudes without noise, as photometry of the method truth"},
    {.name = "survey", .kind = CLI_TEXT, .argument = "NAME", .standard = "simulated", PLACE(survey), .help = "name of the survey in the store"},
    {.name = "kinds", .kind = CLI_FLAG, PLACE(kinds), .help = "list what is simulated, and how often within its class; nothing is written"},
    {.name = "telescopes", .kind = CLI_FLAG, PLACE(telescopes), .help = "list the telescopes with their own numbers; nothing is written"},
    CLI_OPTION_SEED,
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static epo_status report(void *context, const epo_simulate_summary *so_far)
{
    (void)context;
    cli_progress(so_far->stamps);
    return EPO_OK;
}

static int list_kinds(const char *format)
{
    static const cli_column columns[] = {{.name = "class"}, {.name = "kind"}, {.name = "share", .number = true}};
    cli_output *output = cli_output_open(format, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0;; i++) {
        const epo_simulate_kind kind = epo_simulate_kind_at(i);
        if (!kind.kind) break;
        cli_put_text(output, kind.class_name);
        cli_put_text(output, kind.kind);
        cli_put_real(output, kind.share);
        cli_row_end(output);
    }
    cli_table_end(output);
    return cli_output_close(output);
}

static int list_telescopes(const char *format)
{
    static const cli_column columns[] = {{.name = "telescope"},
                                         {.name = "filter"},
                                         {.name = "pixel_arcsec", .number = true},
                                         {.name = "nights", .number = true},
                                         {.name = "visits", .number = true},
                                         {.name = "side", .number = true},
                                         {.name = "field_objects", .number = true},
                                         {.name = "classes"},
                                         {.name = "about"}};
    cli_output *output = cli_output_open(format, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0;; i++) {
        const epo_simulate_telescope t = epo_simulate_telescope_at(i);
        if (!t.name) break;
        cli_put_text(output, t.name);
        cli_put_text(output, t.filter);
        cli_put_real(output, t.pixel_scale);
        cli_put_int(output, t.nights);
        cli_put_int(output, t.visits);
        cli_put_int(output, t.side);
        cli_put_int(output, t.field_objects);
        cli_put_text(output, t.classes);
        cli_put_text(output, t.about);
        cli_row_end(output);
    }
    cli_table_end(output);
    return cli_output_close(output);
}

static int print_summary(const char *format, const epo_simulate_summary *s)
{
    cli_output *output = cli_output_open(format, true);
    if (!output) return CLI_FAILED;
    cli_facts_begin(output, "");
    cli_fact_int(output, "fields", (int64_t)s->fields);
    cli_fact_int(output, "unchanged", (int64_t)s->unchanged);
    cli_fact_int(output, "objects", (int64_t)s->objects);
    cli_fact_int(output, "candidates", (int64_t)s->candidates);
    cli_fact_int(output, "stamps", (int64_t)s->stamps);
    cli_fact_int(output, "points", (int64_t)s->points);
    cli_facts_end(output);
    return cli_output_close(output);
}

static int run(const cli_call *call)
{
    const simulate_options *o = call->options;
    if (o->kinds) return list_kinds(o->common.output);
    if (o->telescopes) return list_telescopes(o->common.output);
    if (!o->common.db) return cli_usage(call->command, "--db is needed");
    if (o->objects == 0 && o->candidates == 0) return cli_usage(call->command, "--objects or --real-bogus is needed");

    epo_simulate_options simulate = EPO_SIMULATE_OPTIONS_INIT;
    simulate.seed = o->common.seed;
    simulate.objects = o->objects;
    simulate.candidates = o->candidates;
    simulate.telescope = o->telescope;
    simulate.classes = o->classes;
    simulate.survey = o->survey;
    simulate.nights = o->nights;
    simulate.visits = o->visits;
    simulate.side = o->side;
    simulate.field_objects = o->field_objects;
    simulate.real_fraction = o->real_fraction;
    simulate.light_curves = o->light_curves;
    simulate.truth = o->truth;
    simulate.threads = o->common.threads;

    epo_store *store = NULL;
    epo_simulate_summary summary = {0};
    epo_status status = epo_simulate_check(&simulate);
    if (status != EPO_OK) return cli_usage(call->command, "%s", epo_error_message());
    status = epo_store_open(o->common.db, EPO_STORE_CREATE, &store);
    if (status != EPO_OK) return cli_failed(status);
    cli_progress_begin("stamps", 0);
    status = epo_simulate(store, &simulate, report, NULL, &summary);
    cli_progress_end();
    int result = status == EPO_OK ? CLI_OK : cli_failed(status);
    epo_store_close(store);
    int printed = print_summary(o->common.output, &summary);
    return result == CLI_OK ? printed : result;
}

const cli_command cmd_simulate = {
    .name = "simulate",
    .about = "Make up a survey, for tests, demos and sizing",
    .description =
        "Writes a survey like the Catalina Real-time Transient Survey into a store, which is made when it does not exist: 2.5\n"
        "arcseconds a pixel, irregular nights over three years with up to four visits, seeing, moonlight and clouds that change,\n"
        "host galaxies, blends, cosmic rays, bad columns, and light curves by class, most of them faint. The objects of a field\n"
        "share sky, nights and parent. Where the numbers come from stands in docs/simulate.md. A model trained on this has not\n"
        "seen the sky.\n\n"
        "With --telescope hits it is one like the High cadence Transient Survey: 0.27 arcseconds a pixel, five visits in each of six\n"
        "nights in a row, every visit a night of its own to sequences. --telescopes lists what there is.\n\n"
        "The same options give the same survey, whatever the number of threads. One that was stopped goes on when it is run again\n"
        "with the same options. An object of 30 nights and 4 visits takes about 1 MB.",
    .examples = "# 300 objects, few of them transients, as in the real survey\n"
                "epochal simulate --db sim.db --objects 300 --seed 1\n"
                "# small and balanced, for trying a training\n"
                "epochal simulate --db small.db --objects 600 --classes BZ=1,AGN=1,CV=1,OTHER=1,SN=1,NON=1 --nights 12 --visits 1 --side 32\n"
                "# stamps for a real/bogus network\n"
                "epochal simulate --db rb.db --real-bogus 20000\n"
                "# variable stars of hours on a 4 m telescope, in classes made of kinds\n"
                "epochal simulate --db fast.db --telescope hits --objects 400 --classes RRLyrae:rr-lyrae=1,EB:eclipsing+contact=1,constant-star=2\n"
                "# what is simulated\n"
                "epochal simulate --kinds",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(simulate_options),
    .run = run,
};
