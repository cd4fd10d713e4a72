/* SPDX-License-Identifier: BSD-3-Clause
 * augment.c - synthetic transients: hosts through the pipeline into the store.
 *
 *     fill: the next eight hosts that the store has no objects of  ->  work: their objects  ->  deliver: write them
 *
 * Eight objects stand for a file, as a field of the simulator does: they are written whole or not at all, and known
 * again by the options and by the hosts and stars that there were. */
#include "data/augment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/text.h"
#include "base/threads.h"
#include "data/import_writer.h"

enum { TOGETHER = 8 };
/* Raised whenever the same options give other pixels. */
enum { AUGMENT_VERSION = 1 };
static const double MOST_FWHM = 100;

typedef struct piece {
    uint64_t first;
    size_t count;
    epo__augment_host hosts[TOGETHER];
    char *reasons[TOGETHER]; /* why a host would not do; else NULL */
    size_t added[2];         /* objects without and with a source */
    epo__import_file file;
    epo__augment_room room;
    epo__batch batch;
} piece;

typedef struct run {
    epo__augment_plan plan;
    epo_store *lookup; /* a handle of its own for the filling thread */
    epo__augment_list hosts, stars;
    epo__augment_stars cuts;
    uint64_t sources, total;  /* objects: those with a source first */
    uint64_t next, unchanged; /* for filling only */
    char *options;            /* JSON */
    epo__writer writer;
    epo_augment_fn report;
    void *report_context;
    epo_augment_summary *summary;
} run;

/* --- options
 * ----------------------------------------------------------------------------------------------------------------- */

static epo_status read_roles(const char *text, epo__augment_plan *plan)
{
    plan->role_count = 0;
    for (const char *at = text ? text : EPO__AUGMENT_PLANES; at;) {
        char role[32] = "";
        const size_t length = strcspn(at, ",");
        if (plan->role_count == EPO__AUGMENT_ROLES)
            return epo__fail(EPO_EARG, "planes '%s': at most %d", text, EPO__AUGMENT_ROLES);
        if (length < sizeof role) memcpy(role, at, length);
        if (!epo__role_of(role, &plan->roles[plan->role_count]))
            return epo__fail(EPO_EARG, "plane '%.*s' is not one of science, template, difference, other", (int)length,
                             at);
        plan->role_count++;
        at = at[length] ? at + length + 1 : NULL;
    }
    return EPO_OK;
}

static bool is_cut(const epo_augment_options *o)
{
    return o->sources && strcmp(o->sources, "cut") == 0;
}

static epo_status check_brightness(const epo_augment_options *o)
{
    const bool by_mag = o->mag_low != 0 || o->mag_high != 0, by_snr = o->snr_low != 0 || o->snr_high != 0;
    if (by_mag == by_snr) return epo__fail(EPO_EARG, "either magnitudes or signal to noise are needed");
    if (by_mag && !(isfinite(o->mag_low) && isfinite(o->mag_high) && o->mag_low <= o->mag_high))
        return epo__fail(EPO_EARG, "magnitudes from %g to %g", o->mag_low, o->mag_high);
    if (by_snr && !(o->snr_low > 0 && isfinite(o->snr_high) && o->snr_low <= o->snr_high))
        return epo__fail(EPO_EARG, "signal to noise from %g to %g; it is above 0", o->snr_low, o->snr_high);
    return EPO_OK;
}

static bool in_range(double value, double most)
{
    return value >= 0 && value <= most;
}

epo_status epo_augment_check(const epo_augment_options *o)
{
    epo__augment_plan plan;
    if (!o->survey) return epo__fail(EPO_EARG, "the new objects need the name of a survey");
    if (o->sources && strcmp(o->sources, "psf") != 0 && !is_cut(o))
        return epo__fail(EPO_EARG, "sources '%s' are neither psf nor cut", o->sources);
    if (is_cut(o) && !o->stars && !o->star_class)
        return epo__fail(EPO_EARG, "sources that are cut need stars: a split or a class of them");
    if (!is_cut(o) && (o->stars || o->star_class)) return epo__fail(EPO_EARG, "stars are for sources that are cut");
    if (o->class_name && !*o->class_name) return epo__fail(EPO_EARG, "a class without a name");
    if (!in_range(o->offset, 1e4) || !in_range(o->bogus_offset, 1e4))
        return epo__fail(EPO_EARG, "an offset of %g", in_range(o->offset, 1e4) ? o->bogus_offset : o->offset);
    if (!in_range(o->pixel_scale, 1e4)) return epo__fail(EPO_EARG, "%g arcseconds a pixel", o->pixel_scale);
    if (!in_range(o->fwhm, MOST_FWHM))
        return epo__fail(EPO_EARG, "an fwhm of %g pixels; it may be 0 to %g", o->fwhm, MOST_FWHM);
    if (!in_range(o->gain, 1e9)) return epo__fail(EPO_EARG, "a gain of %g", o->gain);
    if (!in_range(o->rise, 1e6) || !in_range(o->fade, 1e6))
        return epo__fail(EPO_EARG, "a rise of %g and a fall of %g days", o->rise, o->fade);
    if (!isfinite(o->zero_point)) return epo__fail(EPO_EARG, "a zero point of %g", o->zero_point);
    if (isnan(o->saturation)) return epo__fail(EPO_EARG, "a saturation of %g", o->saturation);
    if (o->side < 0 || o->side > EPO__SIDE_MAX)
        return epo__fail(EPO_EARG, "a side of %d; it may be 0 to %d", o->side, EPO__SIDE_MAX);
    epo_status status = check_brightness(o);
    return status == EPO_OK ? read_roles(o->planes, &plan) : status;
}

static void add_text(epo__string *s, const char *key, const char *value)
{
    epo__string_addf(s, ",\"%s\":", key);
    epo__string_add_json(s, value);
}

/* Everything that the pixels depend on. */
static epo_status describe_options(run *r)
{
    const epo_augment_options *o = r->plan.options;
    epo__string s = {0};
    epo__string_addf(&s, "{\"version\":%d,\"seed\":%llu,\"sources\":%llu,\"bogus\":%llu", AUGMENT_VERSION,
                     (unsigned long long)o->seed, (unsigned long long)r->sources,
                     (unsigned long long)(r->total - r->sources));
    add_text(&s, "survey", o->survey);
    add_text(&s, "kind", is_cut(o) ? "cut" : "psf");
    add_text(&s, "planes", o->planes ? o->planes : EPO__AUGMENT_PLANES);
    add_text(&s, "class", o->class_name ? o->class_name : "real");
    add_text(&s, "hosts", o->hosts);
    add_text(&s, "host_class", o->host_class);
    add_text(&s, "stars", o->stars);
    add_text(&s, "star_class", o->star_class);
    add_text(&s, "hosts_sha256", r->hosts.digest);
    add_text(&s, "stars_sha256", is_cut(o) ? r->stars.digest : NULL);
    epo__string_addf(&s,
                     ",\"offset\":%.17g,\"bogus_offset\":%.17g,\"pixel_scale\":%.17g,\"magnitudes\":[%.17g,%.17g],"
                     "\"snr\":[%.17g,%.17g]",
                     o->offset, o->bogus_offset, o->pixel_scale, o->mag_low, o->mag_high, o->snr_low, o->snr_high);
    epo__string_addf(&s,
                     ",\"zero_point\":%.17g,\"fwhm\":%.17g,\"given_fwhm\":%s,\"gain\":%.17g,\"rise\":%.17g,\"fade\":%."
                     "17g,\"side\":%d,\"saturation\":",
                     o->zero_point, o->fwhm, o->given_fwhm ? "true" : "false", o->gain, o->rise, o->fade, o->side);
    if (isfinite(o->saturation))
        epo__string_addf(&s, "%.17g}", o->saturation);
    else
        epo__string_add(&s, "null}");
    if (s.failed) {
        epo__string_free(&s);
        return epo__nomem("options");
    }
    r->options = s.text;
    return EPO_OK;
}

/* --- pieces
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void forget_reasons(piece *p)
{
    for (size_t i = 0; i < TOGETHER; i++) {
        free(p->reasons[i]);
        p->reasons[i] = NULL;
    }
}

static void *piece_make(void *context)
{
    (void)context;
    return epo__alloc(1, sizeof(piece));
}

static void piece_free(void *context, void *chunk)
{
    (void)context;
    piece *p = chunk;
    if (!p) return;
    forget_reasons(p);
    for (size_t i = 0; i < TOGETHER; i++) epo__augment_host_free(&p->hosts[i]);
    epo__augment_room_free(&p->room);
    epo__batch_free(&p->batch);
    free(p);
}

static void describe_piece(const run *r, piece *p)
{
    epo__sha256 sha;
    unsigned char digest[EPO__SHA256_SIZE];
    snprintf(p->file.path, sizeof p->file.path, "augmented objects from %llu", (unsigned long long)p->first);
    p->file.options = r->options;
    epo__sha256_init(&sha);
    epo__sha256_add(&sha, r->options, strlen(r->options));
    epo__sha256_add(&sha, p->file.path, strlen(p->file.path));
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, p->file.digest);
}

static epo_status piece_fill(void *context, void *chunk, bool *end)
{
    run *r = context;
    piece *p = chunk;
    int64_t known = 1;
    epo_status status = EPO_OK;
    while (status == EPO_OK && known != 0) {
        *end = r->next == r->total;
        if (*end) return EPO_OK;
        p->first = r->next;
        p->count = r->total - r->next < TOGETHER ? (size_t)(r->total - r->next) : TOGETHER;
        r->next += p->count;
        describe_piece(r, p);
        status = epo__store_source_find(r->lookup, p->file.digest, r->writer.format, r->options, &known);
        if (known != 0) r->unchanged += p->count;
    }
    for (size_t i = 0; status == EPO_OK && i < p->count; i++)
        status = epo__augment_host_read(r->lookup, r->hosts.ids[p->first + i], &p->hosts[i]);
    return status;
}

static epo_status piece_work(void *context, void *chunk, int worker)
{
    const run *r = context;
    piece *p = chunk;
    epo_status status = EPO_OK;
    (void)worker;
    epo__batch_clear(&p->batch);
    forget_reasons(p);
    p->added[0] = p->added[1] = 0;
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) {
        const bool source = p->first + i < r->sources;
        status = epo__augment_make(&r->plan, &p->hosts[i], p->first + i, !source, &p->room, &p->batch);
        if (status == EPO_OK) p->added[source]++;
        if (status != EPO_EFORMAT) continue;
        p->reasons[i] = epo__strdup(epo_error_message());
        status = p->reasons[i] ? EPO_OK : epo__nomem("a host");
    }
    return status;
}

static epo_status piece_deliver(void *context, void *chunk)
{
    run *r = context;
    piece *p = chunk;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) {
        if (!p->reasons[i]) continue;
        const epo_augment_event event = {.host = p->hosts[i].object.name ? p->hosts[i].object.name : "?",
                                         .reason = p->reasons[i],
                                         .so_far = r->summary};
        r->summary->refused++;
        status = r->report ? r->report(r->report_context, &event) : EPO_OK;
    }
    if (status != EPO_OK) return status;
    epo__writer_start(&r->writer);
    status = epo__writer_put(&r->writer, &p->file, &p->batch);
    if (status == EPO_OK) status = epo__writer_end(&r->writer, p->file.path);
    /* a refused piece ends the run in the event of its commit */
    r->summary->bogus += p->added[0];
    r->summary->sources += p->added[1];
    return status;
}

/* Objects were committed. */
static epo_status piece_written(void *context, const epo_import_event *event)
{
    run *r = context;
    if (event->status != EPO_OK) return epo__fail(event->status, "%s", event->message ? event->message : event->path);
    r->summary->stamps += event->stamps;
    const epo_augment_event told = {.so_far = r->summary};
    return r->report ? r->report(r->report_context, &told) : EPO_OK;
}

/* --- all of it
 * ---------------------------------------------------------------------------------------------------------------------
 */

static epo_status count_objects(run *r)
{
    const epo_augment_options *o = r->plan.options;
    const uint64_t hosts = r->hosts.count;
    r->summary->hosts = hosts;
    if (hosts == 0)
        return epo__fail(EPO_ENOTFOUND, "%s: there are no hosts%s%s%s%s", epo__store_path(r->lookup),
                         o->hosts ? " in split " : "", o->hosts ? o->hosts : "", o->host_class ? " of class " : "",
                         o->host_class ? o->host_class : "");
    if (o->number > hosts || o->bogus > hosts - o->number)
        return epo__fail(EPO_EARG,
                         "%llu objects with a source and %llu without: there are %llu hosts, and each is used once",
                         (unsigned long long)o->number, (unsigned long long)o->bogus, (unsigned long long)hosts);
    r->sources = o->number ? o->number : hosts - o->bogus;
    r->total = r->sources + o->bogus;
    return EPO_OK;
}

static epo_status prepare(run *r)
{
    const epo_augment_options *o = r->plan.options;
    epo_status status = read_roles(o->planes, &r->plan);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(r->writer.store), EPO_STORE_READ, &r->lookup);
    if (status == EPO_OK)
        status =
            epo__augment_list_read(r->lookup, o->hosts, o->host_class, o->survey, o->seed, "augment hosts", &r->hosts);
    if (status == EPO_OK) status = count_objects(r);
    if (status != EPO_OK || !is_cut(o)) return status;
    status = epo__augment_list_read(r->lookup, o->stars, o->star_class, o->survey, o->seed, "augment stars", &r->stars);
    if (status == EPO_OK) status = epo__augment_stars_read(r->lookup, &r->stars, o, &r->cuts);
    r->plan.stars = &r->cuts;
    r->summary->stars = r->cuts.count;
    return status;
}

epo_status epo_augment(epo_store *store, const epo_augment_options *options, epo_augment_fn report, void *context,
                       epo_augment_summary *out)
{
    epo_import_summary written = {0};
    run r = {.plan.options = options, .report = report, .report_context = context, .summary = out};
    *out = (epo_augment_summary){0};
    epo_status status = epo_augment_check(options);
    if (status != EPO_OK) return status;
    r.writer = (epo__writer){.store = store,
                             .survey = options->survey,
                             .format = EPO_AUGMENT_FORMAT,
                             .report = piece_written,
                             .report_context = &r,
                             .summary = &written};
    status = prepare(&r);
    if (status == EPO_OK) status = describe_options(&r);
    if (status == EPO_OK) {
        const epo__pipeline pipeline = {&r, piece_make, piece_free, piece_fill, piece_work, piece_deliver};
        status = epo__pipeline_run(&pipeline, epo__threads(options->threads));
    }
    status = epo__writer_finish(&r.writer, status);
    out->unchanged = r.unchanged;
    epo_store_close(r.lookup);
    epo__augment_stars_free(&r.cuts);
    free(r.hosts.ids);
    free(r.stars.ids);
    free(r.options);
    return status;
}
