/* SPDX-License-Identifier: BSD-3-Clause
 * photometry.c - light curves from the stamps of a store.
 *
 *     fill: an object's stamps of the role, with pixels (its own reading handle)
 *     work: sky, width, flux, magnitude of each
 *     deliver: the object's points in place of those it had under this name
 *
 * Commits every couple of seconds, whole objects only: a run that is killed leaves what it had, and the next one does
 * all of it again to the same rows. */
#include "epochal/photometry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/threads.h"
#include "data/measure.h"
#include "data/objects.h"
#include "store/store.h"
#include "train/recorder.h"

/* How often values came, in steps of one per cent: a median without keeping them all. */
enum { STEPS = 8192 };
static const double STEP = 0.01; /* of the natural logarithm: from e^-41 to e^41 */
typedef struct tally {
    uint64_t counts[STEPS], total;
} tally;

typedef struct photometer {
    epo__measure_options options;
    epo__object_cursor cursor;
    epo_store *store, *reading;
    epo__image_work *rooms; /* one a worker */
    epo__recorder recorder;
    tally mag_errs, significances, widths;
    epo_photometry_fn report;
    void *report_context;
    epo_photometry_summary *summary;
} photometer;

static void tally_add(tally *t, double value)
{
    if (!(value > 0)) return;
    const double step = floor(log(value) / STEP) + STEPS / 2.0;
    t->counts[(size_t)fmin(fmax(step, 0), STEPS - 1)]++;
    t->total++;
}

static double tally_median(const tally *t)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < STEPS; i++) {
        seen += t->counts[i];
        if (2 * seen > t->total) return exp(STEP * ((double)i + 0.5 - STEPS / 2.0));
    }
    return NAN;
}

static void *object_make(void *context)
{
    (void)context;
    return epo__alloc(1, sizeof(epo__measuring));
}

static void object_free(void *context, void *chunk)
{
    (void)context;
    epo__measuring_free(chunk);
    free(chunk);
}

static epo_status object_fill(void *context, void *chunk, bool *end)
{
    photometer *p = context;
    epo__measuring *m = chunk;
    epo_status status;
    do {
        int64_t id;
        status = epo__object_cursor_next(&p->cursor, p->reading, &id);
        *end = status == EPO_OK && id == 0;
        if (status != EPO_OK || *end) return status;
        status = epo__measure_fetch(p->reading, id, &p->options, m);
    } while (status == EPO_OK && m->count == 0);
    return status;
}

static epo_status object_work(void *context, void *chunk, int worker)
{
    photometer *p = context;
    return epo__measure_object(&p->options, chunk, &p->rooms[worker]);
}

static epo_status put_point(photometer *p, const epo__measuring *m, const epo__measured *point)
{
    const epo__photometry_row row = {.object = m->object.id,
                                     .source = point->stamp->source,
                                     .method = p->options.name,
                                     .mjd = point->mjd,
                                     .mag = point->magnitude.mag,
                                     .mag_err = point->magnitude.mag_err,
                                     .filter = point->stamp->filter ? point->stamp->filter : "",
                                     .flag = point->flag,
                                     .flux = point->flux.flux,
                                     .flux_err = point->flux.flux_err};
    bool added;
    return epo__store_photometry_put(p->store, &row, &added);
}

static void count(photometer *p, const epo__measured *point)
{
    epo_photometry_summary *s = p->summary;
    s->points++;
    s->limits += (point->flag & EPO__PHOTOMETRY_LIMIT) != 0;
    s->suspect += (point->flag & EPO__PHOTOMETRY_SUSPECT) != 0;
    s->flagged += point->flag != 0;
    s->negative += !(point->flux.flux > 0);
    tally_add(&p->mag_errs, point->magnitude.mag_err);
    tally_add(&p->significances, fabs(point->flux.flux) / point->flux.flux_err);
    if (p->options.flux.method == EPO__FLUX_PSF) tally_add(&p->widths, point->fwhm);
}

/* An event, and behind it its texts. */
typedef struct event_block {
    epo_photometry_event event;
    char texts[];
} event_block;

static void *copy_event(const epo_photometry_event *e)
{
    const size_t object = strlen(e->object) + 1, exposure = e->exposure ? strlen(e->exposure) + 1 : 0,
                 reason = e->reason ? strlen(e->reason) + 1 : 0;
    event_block *b = epo__alloc(sizeof *b + object + exposure + reason, 1);
    if (!b) return NULL;
    b->event = *e;
    b->event.object = memcpy(b->texts, e->object, object);
    if (e->exposure) b->event.exposure = memcpy(b->texts + object, e->exposure, exposure);
    if (e->reason) b->event.reason = memcpy(b->texts + object + exposure, e->reason, reason);
    return b;
}

static epo_status tell(void *context, const void *block)
{
    const photometer *p = context;
    return p->report ? p->report(p->report_context, &((const event_block *)block)->event) : EPO_OK;
}

/* Savepoint by object: a failure in its middle must not leave half of it to be committed with the others. */
static epo_status write_object(photometer *p, const epo__measuring *m)
{
    epo_status status = epo__recorder_ready(&p->recorder);
    if (status == EPO_OK) status = epo__store_savepoint(p->store);
    if (status != EPO_OK) return status;
    status = epo__store_photometry_clear(p->store, m->object.id, p->options.name);
    for (size_t i = 0; status == EPO_OK && i < m->count; i++)
        if (!m->points[i].refused) status = put_point(p, m, &m->points[i]);
    if (status == EPO_OK) return epo__store_release(p->store);
    epo__store_rollback_to(p->store);
    return status;
}

static epo_status object_deliver(void *context, void *chunk)
{
    photometer *p = context;
    const epo__measuring *m = chunk;
    epo_status status = write_object(p, m);
    if (status != EPO_OK) return status;
    epo_photometry_event done = {.object = m->object.name};
    for (size_t i = 0; status == EPO_OK && i < m->count; i++) {
        const epo__measured *point = &m->points[i];
        if (point->refused) {
            p->summary->refused++;
            const epo_photometry_event event = {.object = m->object.name,
                                                .exposure = point->stamp->exposure,
                                                .reason = point->refused};
            status = epo__recorder_hold(&p->recorder, copy_event(&event));
            continue;
        }
        count(p, point);
        done.points++;
        done.left_out += (point->flag & (EPO__PHOTOMETRY_LIMIT | EPO__PHOTOMETRY_SUSPECT)) != 0;
    }
    p->summary->objects++;
    if (status == EPO_OK) status = epo__recorder_hold(&p->recorder, copy_event(&done));
    return status == EPO_OK ? epo__recorder_settle(&p->recorder) : status;
}

static epo_status note_start(photometer *p, const epo_photometry_options *options, int threads)
{
    epo__string text = {0};
    epo__measure_options_json(&p->options, options, &text);
    epo__run_row row = {.kind = "photometry",
                        .command = options->command_line ? options->command_line : "",
                        .options = text.text,
                        .threads = threads};
    epo_status status =
        text.failed ? epo__nomem("run") : epo__recorder_start_plain(&p->recorder, p->store, options->split, NULL, &row);
    epo__string_free(&text);
    return status;
}

static epo_status measure_all(photometer *p, const epo_photometry_options *options)
{
    const int threads = epo__threads(options->threads);
    epo_status status = epo__object_cursor_set(&p->cursor, options->split);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(p->store), EPO_STORE_READ, &p->reading);
    if (status == EPO_OK) status = epo__store_begin(p->reading); /* one consistent view to the end */
    p->rooms = epo__alloc((size_t)threads, sizeof *p->rooms);
    if (status == EPO_OK && !p->rooms) status = epo__nomem("workers");
    if (status == EPO_OK) status = note_start(p, options, threads);
    if (status == EPO_OK) {
        epo__recorder_hears(&p->recorder, tell, p);
        const epo__pipeline pipeline = {p, object_make, object_free, object_fill, object_work, object_deliver};
        status = epo__pipeline_run(&pipeline, threads);
        p->summary->seconds = epo__seconds() - p->recorder.start;
        p->summary->run = p->recorder.run;
        status = epo__recorder_end(&p->recorder, status);
    }
    for (int i = 0; p->rooms && i < threads; i++) epo__image_work_free(&p->rooms[i]);
    free(p->rooms);
    epo_store_close(p->reading);
    return status;
}

epo_status epo_photometry_check(const epo_photometry_options *options)
{
    epo__measure_options settled;
    return epo__measure_options_set(options, &settled);
}

epo_status epo_photometry(epo_store *store, const epo_photometry_options *options, epo_photometry_fn report,
                          void *context, epo_photometry_summary *out)
{
    const epo_photometry_options standard = EPO_PHOTOMETRY_OPTIONS_INIT;
    if (!options) options = &standard;
    *out = (epo_photometry_summary){.median_mag_err = NAN, .median_significance = NAN, .median_fwhm = NAN};
    photometer *p = epo__alloc(1, sizeof *p);
    if (!p) return epo__nomem("photometry");
    p->store = store;
    p->report = report;
    p->report_context = context;
    p->summary = out;
    epo_status status = epo__measure_options_set(options, &p->options);
    if (status == EPO_OK) {
        snprintf(out->method, sizeof out->method, "%s", p->options.name);
        status = measure_all(p, options);
        out->median_mag_err = tally_median(&p->mag_errs);
        out->median_significance = tally_median(&p->significances);
        out->median_fwhm = tally_median(&p->widths);
    }
    free(p);
    return status;
}
