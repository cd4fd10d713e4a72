/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_augment.c - epochal augment: synthetic transients made of the objects of a store. */
#include <math.h>
#include <stdlib.h>

#include "commands.h"
#include "epochal/augment.h"
#include "message.h"
#include "output.h"

typedef struct augment_options {
    cli_common common;
    const char *survey, *hosts, *host_class, *sources, *stars, *star_class, *planes, *class_name, *magnitudes, *snr;
    double offset, bogus_offset, pixel_scale, zero_point, fwhm, gain, saturation, rise, fade;
    uint64_t number, bogus;
    int side;
    bool given_fwhm;
} augment_options;

static const char *source_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"psf", "a star as wide as those on the host's stamps"},
                                           {"cut", "a star cut out of real stamps, its sky taken off (--stars, --star-class)"}};
    if (index >= sizeof words / sizeof *words) return NULL;
    *about = words[index][1];
    return words[index][0];
}

#define PLACE(member) .place = offsetof(augment_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "out-survey", .kind = CLI_TEXT, .argument = "NAME", .needed = true, PLACE(survey), .help = "survey of the new objects, in the same store"},
    {.name = "hosts", .kind = CLI_TEXT, .argument = "NAME:PART", PLACE(hosts), .help = "a split with the objects that get a source; else any object"},
    {.name = "class", .kind = CLI_TEXT, .argument = "CLASS", PLACE(host_class), .help = "only hosts of this class, as galaxy"},
    {.name = "number", .letter = 'n', .kind = CLI_SEED, .argument = "N", .standard = "0", PLACE(number),
     .help = "objects with a source; each host is used once; 0: all hosts"},
    {.name = "residual-bogus", .kind = CLI_SEED, .argument = "N", .standard = "0", PLACE(bogus), .help = "further hosts, without a source, as class bogus"},
    {.name = "magnitudes", .kind = CLI_TEXT, .argument = "LOW,HIGH", PLACE(magnitudes), .help = "of the sources, drawn evenly"},
    {.name = "snr", .kind = CLI_TEXT, .argument = "LOW,HIGH", PLACE(snr), .help = "signal to noise of the sources, drawn evenly in its logarithm, instead"},
    {.name = "zeropoint", .kind = CLI_REAL, .argument = "MAG", .standard = "25", PLACE(zero_point),
     .help = "magnitude of a flux of 1, for stamps whose extra has no zero_point"},
    {.name = "offset", .kind = CLI_REAL, .argument = "D", .standard = "4", PLACE(offset),
     .help = "of the source from the middle, at most, along each axis: pixels, or with --pixel-scale arcseconds"},
    {.name = "bogus-offset", .kind = CLI_REAL, .argument = "D", .standard = "2", PLACE(bogus_offset), .help = "of residual-bogus stamps, with --side"},
    {.name = "pixel-scale", .kind = CLI_REAL, .argument = "ARCSEC", .standard = "0", PLACE(pixel_scale), .help = "of a pixel; 0: offsets are in pixels"},
    {.name = "side", .kind = CLI_COUNT, .argument = "PIXELS", .standard = "0", PLACE(side),
     .help = "cut the new stamps to this about the source, as a detection would be; 0: as the host's"},
    {.name = "sources", .kind = CLI_TEXT, .argument = "KIND", .standard = "psf", PLACE(sources), .word = source_word, .help = "what is added"},
    {.name = "fwhm", .kind = CLI_REAL, .argument = "PIXELS", .standard = "0", PLACE(fwhm), .help = "of the PSF; 0: measured on the stamp, else as the stamp says"},
    {.name = "given-fwhm", .kind = CLI_FLAG, PLACE(given_fwhm),
     .help = "what the stamp says first: it is the seeing, not the width of the candidate as in alerts"},
    {.name = "stars", .kind = CLI_TEXT, .argument = "NAME:PART", PLACE(stars), .help = "a split with objects that are stars, for --sources cut"},
    {.name = "star-class", .kind = CLI_TEXT, .argument = "CLASS", PLACE(star_class), .help = "the class of objects that are stars"},
    {.name = "planes", .kind = CLI_TEXT, .argument = "ROLE,...", .standard = "science,difference", PLACE(planes), .help = "which stamps get the source"},
    {.name = "gain", .kind = CLI_REAL, .argument = "G", .standard = "0", PLACE(gain), .help = "electrons a unit, for the source's photon noise; 0: none"},
    {.name = "saturation", .kind = CLI_REAL, .argument = "VALUE", .standard = "inf", PLACE(saturation), .help = "no science pixel is raised above it"},
    {.name = "rise", .kind = CLI_REAL, .argument = "DAYS", .standard = "0", PLACE(rise), .help = "sequences: of a linear rise from nothing"},
    {.name = "fade", .kind = CLI_REAL, .argument = "DAYS", .standard = "0", PLACE(fade), .help = "sequences: in which it then falls by e; 0: it stays"},
    {.name = "label", .kind = CLI_TEXT, .argument = "CLASS", .standard = "real", PLACE(class_name), .help = "class of the objects with a source"},
    CLI_OPTION_SEED,
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static epo_status report(void *context, const epo_augment_event *event)
{
    (void)context;
    if (event->reason)
        cli_error("host %s: left out: %s", event->host, event->reason);
    else
        cli_progress(event->so_far->sources + event->so_far->bogus);
    return EPO_OK;
}

/* "16,19.5" */
static bool read_range(const char *text, double *low, double *high)
{
    char *end;
    *low = strtod(text, &end);
    if (end == text || *end != ',') return false;
    const char *second = end + 1;
    *high = strtod(second, &end);
    return end != second && !*end && isfinite(*low) && isfinite(*high);
}

static int print_summary(const char *format, const epo_augment_summary *s, bool cut)
{
    cli_output *output = cli_output_open(format, true);
    if (!output) return CLI_FAILED;
    cli_facts_begin(output, "");
    cli_fact_int(output, "hosts", (int64_t)s->hosts);
    if (cut) cli_fact_int(output, "stars", (int64_t)s->stars);
    cli_fact_int(output, "with_source", (int64_t)s->sources);
    cli_fact_int(output, "residual_bogus", (int64_t)s->bogus);
    cli_fact_int(output, "stamps", (int64_t)s->stamps);
    cli_fact_int(output, "unchanged", (int64_t)s->unchanged);
    cli_fact_int(output, "refused_hosts", (int64_t)s->refused);
    cli_facts_end(output);
    return cli_output_close(output);
}

static int run(const cli_call *call)
{
    const augment_options *o = call->options;
    epo_augment_options augment = EPO_AUGMENT_OPTIONS_INIT;
    augment.survey = o->survey;
    augment.hosts = o->hosts;
    augment.host_class = o->host_class;
    augment.sources = o->sources;
    augment.stars = o->stars;
    augment.star_class = o->star_class;
    augment.planes = o->planes;
    augment.class_name = o->class_name;
    augment.number = o->number;
    augment.bogus = o->bogus;
    augment.offset = o->offset;
    augment.bogus_offset = o->bogus_offset;
    augment.pixel_scale = o->pixel_scale;
    augment.zero_point = o->zero_point;
    augment.fwhm = o->fwhm;
    augment.given_fwhm = o->given_fwhm;
    augment.gain = o->gain;
    augment.saturation = o->saturation;
    augment.rise = o->rise;
    augment.fade = o->fade;
    augment.side = o->side;
    augment.seed = o->common.seed;
    augment.threads = o->common.threads;
    if (o->magnitudes && !read_range(o->magnitudes, &augment.mag_low, &augment.mag_high))
        return cli_usage(call->command, "--magnitudes takes two numbers, as 16,19.5, not '%s'", o->magnitudes);
    if (o->snr && !read_range(o->snr, &augment.snr_low, &augment.snr_high))
        return cli_usage(call->command, "--snr takes two numbers, as 5,50, not '%s'", o->snr);
    if (!o->magnitudes == !o->snr) return cli_usage(call->command, "either --magnitudes or --snr is needed");

    epo_store *store = NULL;
    epo_augment_summary summary;
    epo_status status = epo_augment_check(&augment);
    if (status != EPO_OK) return cli_usage(call->command, "%s", epo_error_message());
    status = epo_store_open(o->common.db, EPO_STORE_WRITE, &store);
    if (status != EPO_OK) return cli_failed(status);
    cli_progress_begin("objects", 0);
    status = epo_augment(store, &augment, report, NULL, &summary);
    cli_progress_end();
    int result = status == EPO_OK ? CLI_OK : cli_failed(status);
    epo_store_close(store);
    if (result != CLI_OK) return result;
    result = print_summary(o->common.output, &summary, o->stars || o->star_class);
    return result == CLI_OK && summary.refused > 0 ? CLI_BAD_INPUT : result;
}

const cli_command cmd_augment = {
    .name = "augment",
    .about = "Make synthetic transients out of the objects of a store",
    .description =
        "Puts a point source into the stamps of real objects, as a new survey of the same store: at a random place near the\n"
        "middle, in every plane where it belongs and with the same photons in science and difference; of a sequence, in all epochs\n"
        "from a random one on. Sources are rendered as wide as the stamp's stars, or cut out of real stamps. Pixels keep their\n"
        "type, bad ones stay bad, and no light is added beyond --saturation.\n\n"
        "Each host is used once. The class is real (or --label), and what was added stands in class_given, in the label's why and\n"
        "in extra of the stamps. epochal split keeps an object and its host together, so make the split after this, or take hosts\n"
        "from one part only. Hosts that will not do are named on stderr and left out, and the exit status is 3.\n\n"
        "The same store and options give the same stamps, whatever the number of threads. A run that was stopped goes on when it is\n"
        "started again. docs/datasets.md says how it is done.",
    .examples = "# supernovae on galaxies, up to 7 arcseconds off, and galaxies without, 32 pixels about each\n"
                "epochal augment --db ztf.db --out-survey synthetic --class galaxy --number 2000 --residual-bogus 500 --snr 5,100 \\\n"
                "    --offset 7 --bogus-offset 3.5 --pixel-scale 1.01 --side 32 --gain 6.2\n"
                "# stars cut out of real stamps instead of rendered ones\n"
                "epochal augment --db ztf.db --out-survey cut --class galaxy --sources cut --star-class star --magnitudes 16,19.5 --zeropoint 26.3\n"
                "# transients in image sequences\n"
                "epochal augment --db crts.db --out-survey synthetic --class NON --number 300 --snr 8,60 --rise 15 --fade 40 --label SN",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(augment_options),
    .run = run,
};
