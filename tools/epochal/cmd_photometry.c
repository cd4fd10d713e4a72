/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_photometry.c - epochal photometry: light curves measured on the stamps of a store. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "epochal/photometry.h"
#include "message.h"
#include "output.h"

typedef struct photometry_options {
    cli_common common;
    const char *role, *method, *annulus, *magnitudes, *name, *split;
    double radius, fwhm, recentre, gain, zero_point, saturation, bad_below, bad_above, softening, detection;
    bool own_zero_points;
} photometry_options;

/* A word of one of the tables below. */
static const char *word_at(const char *const (*words)[2], size_t count, size_t index, const char **about)
{
    if (index >= count) return NULL;
    *about = words[index][1];
    return words[index][0];
}

static const char *method_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"psf", "least squares of a Gaussian as wide as the seeing"},
                                           {"aperture", "all light within --radius"}};
    return word_at(words, sizeof words / sizeof *words, index, about);
}

static const char *role_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"science", "the exposure"},
                                           {"template", "what it is compared with"},
                                           {"difference", "what changed: forced photometry, negative where it faded"},
                                           {"other", "further planes"}};
    return word_at(words, sizeof words / sizeof *words, index, about);
}

static const char *magnitude_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"asinh", "Lupton et al. 1999: a number for every flux, also below 0"},
                                           {"pogson", "-2.5 log10; a flux below --detection errors is an upper limit"}};
    return word_at(words, sizeof words / sizeof *words, index, about);
}

#define PLACE(member) .place = offsetof(photometry_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "role", .kind = CLI_TEXT, .argument = "ROLE", .standard = "science", PLACE(role), .word = role_word, .help = "which stamps"},
    {.name = "method", .kind = CLI_TEXT, .argument = "METHOD", .standard = "psf", PLACE(method), .word = method_word, .help = "how flux is measured"},
    {.name = "radius", .kind = CLI_REAL, .argument = "PIXELS", .standard = "4", PLACE(radius), .help = "of the aperture"},
    {.name = "fwhm", .kind = CLI_REAL, .argument = "PIXELS", .standard = "0", PLACE(fwhm),
     .help = "of the PSF; 0 finds it on each stamp, and takes the object's usual one where the source is faint"},
    {.name = "annulus", .kind = CLI_TEXT, .argument = "IN,OUT", PLACE(annulus),
     .help = "where the sky is measured, pixels; else 8,16, or closer to the border in stamps below 20 pixels"},
    {.name = "recentre", .kind = CLI_REAL, .argument = "PIXELS", .standard = "1.5", PLACE(recentre),
     .help = "a clear source is measured at its centroid when that is so close to the stamp's centre; 0: always at the centre"},
    {.name = "gain", .kind = CLI_REAL, .argument = "G", .standard = "0", PLACE(gain),
     .help = "electrons a unit, for the photon noise of the source; 0: unknown, errors are those of the sky"},
    {.name = "zeropoint", .kind = CLI_REAL, .argument = "MAG", .standard = "25", PLACE(zero_point), .help = "magnitude of a flux of 1"},
    {.name = "own-zeropoints", .kind = CLI_FLAG, PLACE(own_zero_points),
     .help = "bring fluxes to --zeropoint from each stamp's own, which its file said (MAGZP, MAGZERO, MAGZPT, PHOTZP, ZP); a stamp without gives no point"},
    {.name = "magnitudes", .kind = CLI_TEXT, .argument = "KIND", .standard = "asinh", PLACE(magnitudes), .word = magnitude_word,
     .help = "how fluxes become magnitudes"},
    {.name = "softening", .kind = CLI_REAL, .argument = "FLUX", .standard = "0", PLACE(softening),
     .help = "of asinh magnitudes; 0: 1.042 times the median error of the object's points"},
    {.name = "detection", .kind = CLI_REAL, .argument = "N", .standard = "3", PLACE(detection), .help = "errors that a detection takes, with pogson"},
    {.name = "saturation", .kind = CLI_REAL, .argument = "VALUE", .standard = "inf", PLACE(saturation), .help = "pixels from here on are saturated"},
    {.name = "bad-below", .kind = CLI_REAL, .argument = "VALUE", .standard = "-inf", PLACE(bad_below), .help = "pixels at or below this are missing"},
    {.name = "bad-above", .kind = CLI_REAL, .argument = "VALUE", .standard = "inf", PLACE(bad_above), .help = "pixels at or above this are missing"},
    {.name = "name", .kind = CLI_TEXT, .argument = "NAME", PLACE(name), .help = "of the method in the store; else made from the options, as 'psf'"},
    {.name = "split", .kind = CLI_TEXT, .argument = "NAME:PART", PLACE(split), .help = "only these objects, as main:test"},
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static epo_status report(void *context, const epo_photometry_event *event)
{
    uint64_t *objects = context;
    if (event->reason)
        cli_error("object %s, exposure %s: no photometry: %s", event->object, event->exposure, event->reason);
    else
        cli_progress(++*objects);
    return EPO_OK;
}

/* "8,16" */
static bool read_annulus(const char *text, double *inner, double *outer)
{
    char *end;
    *inner = strtod(text, &end);
    if (end == text || *end != ',') return false;
    const char *second = end + 1;
    *outer = strtod(second, &end);
    return end != second && !*end && *outer > 0;
}

static int print_summary(const char *format, const epo_photometry_summary *s, const photometry_options *o)
{
    cli_output *output = cli_output_open(format, true);
    if (!output) return CLI_FAILED;
    cli_facts_begin(output, "");
    cli_fact_text(output, "method", s->method);
    cli_fact_text(output, "magnitudes", o->magnitudes);
    cli_fact_real(output, "zero_point", o->zero_point);
    cli_fact_int(output, "objects", (int64_t)s->objects);
    cli_fact_int(output, "points", (int64_t)s->points);
    cli_fact_int(output, "flagged", (int64_t)s->flagged);
    cli_fact_int(output, "suspect", (int64_t)s->suspect);
    cli_fact_int(output, "upper_limits", (int64_t)s->limits);
    cli_fact_int(output, "negative_fluxes", (int64_t)s->negative);
    cli_fact_int(output, "refused_stamps", (int64_t)s->refused);
    cli_fact_real(output, "median_mag_err", s->median_mag_err);
    cli_fact_real(output, "median_significance", s->median_significance);
    cli_fact_real(output, "median_fwhm", s->median_fwhm);
    cli_fact_int(output, "run", s->run);
    cli_facts_end(output);
    return cli_output_close(output);
}

static int run(const cli_call *call)
{
    const photometry_options *o = call->options;
    epo_photometry_options photometry = EPO_PHOTOMETRY_OPTIONS_INIT;
    photometry.role = o->role;
    photometry.method = o->method;
    photometry.radius = o->radius;
    photometry.fwhm = o->fwhm;
    photometry.recentre = o->recentre;
    photometry.gain = o->gain;
    photometry.zero_point = o->zero_point;
    photometry.own_zero_points = o->own_zero_points;
    photometry.saturation = o->saturation;
    photometry.bad_below = o->bad_below;
    photometry.bad_above = o->bad_above;
    photometry.magnitudes = o->magnitudes;
    photometry.softening = o->softening;
    photometry.detection = o->detection;
    photometry.name = o->name;
    photometry.split = o->split;
    photometry.threads = o->common.threads;
    photometry.command_line = call->command_line;
    if (o->annulus && !read_annulus(o->annulus, &photometry.inner, &photometry.outer))
        return cli_usage(call->command, "--annulus takes two radii, as 8,16, not '%s'", o->annulus);

    epo_store *store = NULL;
    epo_photometry_summary summary;
    uint64_t objects = 0;
    epo_status status = epo_photometry_check(&photometry);
    if (status == EPO_ENOMEM) return cli_failed(status);
    if (status != EPO_OK) return cli_usage(call->command, "%s", epo_error_message());
    status = epo_store_open(o->common.db, EPO_STORE_WRITE, &store);
    if (status != EPO_OK) return cli_failed(status);
    cli_progress_begin("objects", 0);
    status = epo_photometry(store, &photometry, report, &objects, &summary);
    cli_progress_end();
    int result = status == EPO_OK ? CLI_OK : cli_failed(status);
    epo_store_close(store);
    if (result != CLI_OK) return result;
    result = print_summary(o->common.output, &summary, o);
    cli_detail("%llu points in %.3f s", (unsigned long long)summary.points, summary.seconds);
    if (summary.points == 0 && summary.refused == 0) cli_note("%s: no %s stamps there; --role takes others", o->common.db, o->role);
    return result == CLI_OK && summary.refused > 0 ? CLI_BAD_INPUT : result;
}

const cli_command cmd_photometry = {
    .name = "photometry",
    .about = "Measure light curves on the stamps of a store",
    .description =
        "For surveys that come without light curves: measures the source at the centre of each stamp and keeps the points as\n"
        "photometry of the store, under a name made from the options. Sky is the sigma-clipped median of an annulus. The PSF is a\n"
        "Gaussian whose width is found on each stamp, so that the seeing does not show in the light curve. Magnitudes are\n"
        "instrumental: --zeropoint is not measured; --own-zeropoints takes those of the files. Fluxes are kept beside them, also those below 0.\n\n"
        "Measuring again replaces the points of the same name. Stamps that are damaged, constant or empty are named on stderr and\n"
        "left out, and the exit status is 3. Formulas, flags and how the defaults were chosen: docs/photometry.md.",
    .examples = "epochal photometry --db crts.db\n"
                "# a fixed aperture, with the sky close by\n"
                "epochal photometry --db crts.db --method aperture --radius 3 --annulus 6,12\n"
                "# forced photometry of difference images\n"
                "epochal photometry --db ztf.db --role difference --fwhm 2.5 --recentre 0",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(photometry_options),
    .run = run,
};
