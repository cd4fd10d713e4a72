/* SPDX-License-Identifier: BSD-3-Clause
 * simulate.c - the simulated survey: which object is of which class, and fields through the pipeline into the store.
 *
 *     fill: the next field that the store lacks  ->  work: all its stamps  ->  deliver: write it, as import writes a file
 *
 * A field stands for a file: it is written whole or not at all, and known again by the options that made it. */
#include "epochal/simulate.h"

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
#include "data/lightcurve_models.h"
#include "data/simulate_field.h"

enum { MAX_OBJECTS = 1000000, FIRST_CANDIDATE_FIELD = 1000000 };
enum { MOST_RUN = 7 }; /* nights in a row: the moon comes back */
static const double MOST_HOURS = 9; /* of a night, that visits fill */
/* Raised whenever the same options give other pixels: a store keeps both versions of a field apart. */
enum { SIMULATION_VERSION = 1 };

/* What stands for a field's path. */
static const char SEQUENCES[] = "simulated field", CANDIDATES[] = "simulated candidates of field";

typedef struct piece {
    bool candidates;
    epo__cast cast;
    epo__import_file file;
    epo__darkroom room;
    epo__batch batch;
} piece;

typedef struct survey {
    epo__simulation simulation;
    epo_store *lookup;          /* a handle of its own for the filling thread */
    const epo__cast_class **objects, **candidates; /* class of each, pointing into classes and sides */
    epo__cast_classes classes, sides;
    char *options;              /* JSON */
    uint64_t next, unchanged;   /* field to be filled, those of the objects first; fields passed over; for filling only */
    epo__writer writer;
    epo_simulate_fn report;
    void *report_context;
    epo_simulate_summary *summary;
} survey;

/* --- classes ---------------------------------------------------------------------------------------------------------- */

static epo_status deal_classes(survey *sv)
{
    const epo_simulate_options *o = &sv->simulation.options;
    sv->sides = (epo__cast_classes){.list = {{.name = "real", .share = o->real_fraction}, {.name = "bogus", .share = 1 - o->real_fraction}}, .count = 2};
    sv->objects = epo__alloc(o->objects, sizeof *sv->objects);
    sv->candidates = epo__alloc(o->candidates, sizeof *sv->candidates);
    if (!sv->objects || !sv->candidates) return epo__nomem("classes");
    epo_status status = epo__cast_classes_read(o->classes, &sv->classes);
    if (status == EPO_OK) status = epo__cast_classes_deal(&sv->classes, o->seed, "classes", o->objects, sv->objects);
    if (status == EPO_OK) status = epo__cast_classes_deal(&sv->sides, o->seed, "candidates", o->candidates, sv->candidates);
    return status;
}

/* --- fields ------------------------------------------------------------------------------------------------------------ */

static uint64_t fields_of(uint64_t objects, int each)
{
    return (objects + (uint64_t)each - 1) / (uint64_t)each;
}

/* Field `index` of all; false behind the last. */
static bool describe_field(const survey *sv, uint64_t index, piece *p)
{
    const epo_simulate_options *o = &sv->simulation.options;
    const uint64_t each = (uint64_t)o->field_objects, sequences = fields_of(o->objects, o->field_objects);
    const uint64_t total = sequences + fields_of(o->candidates, o->field_objects);
    if (index >= total) return false;
    p->candidates = index >= sequences;
    const uint64_t at = p->candidates ? index - sequences : index, all = p->candidates ? o->candidates : o->objects;
    p->cast.field = at + (p->candidates ? FIRST_CANDIDATE_FIELD : 0);
    p->cast.first = at * each;
    p->cast.count = (size_t)(all - p->cast.first < each ? all - p->cast.first : each);
    p->cast.classes = (p->candidates ? sv->candidates : sv->objects) + p->cast.first;
    snprintf(p->file.path, sizeof p->file.path, "%s %llu", p->candidates ? CANDIDATES : SEQUENCES, (unsigned long long)p->cast.field);
    p->file.options = sv->options;
    return true;
}

/* What identifies a field: all options, and its number. */
static void digest_of(const survey *sv, piece *p)
{
    epo__sha256 sha;
    unsigned char digest[EPO__SHA256_SIZE];
    epo__sha256_init(&sha);
    epo__sha256_add(&sha, sv->options, strlen(sv->options));
    epo__sha256_add(&sha, p->file.path, strlen(p->file.path));
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, p->file.digest);
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
    if (p) {
        epo__batch_free(&p->batch);
        epo__darkroom_free(&p->room);
    }
    free(p);
}

static epo_status piece_fill(void *context, void *chunk, bool *end)
{
    survey *sv = context;
    piece *p = chunk;
    for (;;) {
        if (!describe_field(sv, sv->next, p)) {
            *end = true;
            return EPO_OK;
        }
        sv->next++;
        digest_of(sv, p);
        int64_t id;
        epo_status status = epo__store_source_find(sv->lookup, p->file.digest, sv->writer.format, sv->options, &id);
        if (status != EPO_OK || id == 0) return status;
        sv->unchanged++;
    }
}

static epo_status piece_work(void *context, void *chunk, int worker)
{
    const survey *sv = context;
    piece *p = chunk;
    (void)worker;
    epo__batch_clear(&p->batch);
    return p->candidates ? epo__simulate_candidates(&sv->simulation, &p->cast, &p->room, &p->batch)
                         : epo__simulate_sequences(&sv->simulation, &p->cast, &p->room, &p->batch);
}

static epo_status piece_deliver(void *context, void *chunk)
{
    survey *sv = context;
    piece *p = chunk;
    epo__writer_start(&sv->writer);
    epo_status status = epo__writer_put(&sv->writer, &p->file, &p->batch);
    return status == EPO_OK ? epo__writer_end(&sv->writer, p->file.path) : status;
}

/* A field was committed. */
static epo_status field_written(void *context, const epo_import_event *event)
{
    survey *sv = context;
    epo_simulate_summary *s = sv->summary;
    if (event->status != EPO_OK) return epo__fail(event->status, "%s", event->message ? event->message : event->path);
    const bool candidates = strncmp(event->path, CANDIDATES, strlen(CANDIDATES)) == 0;
    s->fields++;
    *(candidates ? &s->candidates : &s->objects) += event->objects;
    s->stamps += event->stamps;
    s->points += event->points;
    return sv->report ? sv->report(sv->report_context, s) : EPO_OK;
}

/* --- all of it ---------------------------------------------------------------------------------------------------------- */

/* Of options that have the telescope's numbers where they had none. */
static epo_status check_options(const epo_simulate_options *o, const epo__telescope *t)
{
    epo__cast_classes classes;
    if (o->objects > MAX_OBJECTS || o->candidates > MAX_OBJECTS) return epo__fail(EPO_EARG, "at most %d objects", MAX_OBJECTS);
    if (o->candidates > 0 && !t->candidates)
        return epo__fail(EPO_EARG, "real/bogus candidates are not simulated for the telescope %s; crts has them", t->name);
    const int most = t->cadence.run ? MOST_RUN : 300;
    if (!(o->nights >= 3 && o->nights <= most)) return epo__fail(EPO_EARG, "%g nights; they may be 3 to %d", o->nights, most);
    if (t->cadence.run && o->nights != floor(o->nights)) return epo__fail(EPO_EARG, "%g nights in a row; that is a whole number", o->nights);
    const int visits = (int)fmin(20, 1 + floor(MOST_HOURS / 24 / t->cadence.visit_days));
    if (o->visits < 1 || o->visits > visits) return epo__fail(EPO_EARG, "%d visits a night; they may be 1 to %d", o->visits, visits);
    if (o->side < 16 || o->side > 256 || o->side % 2) return epo__fail(EPO_EARG, "a side of %d; it may be even, 16 to 256", o->side);
    if (o->field_objects < 1 || o->field_objects > 20)
        return epo__fail(EPO_EARG, "%d objects a field; they may be 1 to 20", o->field_objects);
    if (!(o->real_fraction >= 0 && o->real_fraction <= 1)) return epo__fail(EPO_EARG, "a real fraction of %g", o->real_fraction);
    return epo__cast_classes_read(o->classes, &classes);
}

epo_status epo_simulate_check(const epo_simulate_options *options)
{
    epo__simulation s;
    epo_status status = epo__simulation_make(options, &s);
    return status == EPO_OK ? check_options(&s.options, s.telescope) : status;
}

static epo_status describe_options(survey *sv)
{
    const epo_simulate_options *o = &sv->simulation.options;
    epo__string s = {0};
    epo__string_addf(&s, "{\"version\":%d,\"seed\":%llu,\"objects\":%llu,\"candidates\":%llu,\"classes\":", SIMULATION_VERSION,
                     (unsigned long long)o->seed, (unsigned long long)o->objects, (unsigned long long)o->candidates);
    epo__string_add_json(&s, o->classes);
    epo__string_add(&s, ",\"survey\":");
    epo__string_add_json(&s, sv->writer.survey);
    if (sv->simulation.telescope != &epo__telescopes[0]) { /* the standard is not said, as before there were others */
        epo__string_add(&s, ",\"telescope\":");
        epo__string_add_json(&s, sv->simulation.telescope->name);
    }
    epo__string_addf(&s, ",\"nights\":%.17g,\"visits\":%d,\"side\":%d,\"field_objects\":%d,\"real_fraction\":%.17g", o->nights, o->visits, o->side,
                     o->field_objects, o->real_fraction);
    epo__string_addf(&s, ",\"light_curves\":%s,\"truth\":%s}", o->light_curves ? "true" : "false", o->truth ? "true" : "false");
    if (s.failed) {
        epo__string_free(&s);
        return epo__nomem("options");
    }
    sv->options = s.text;
    return EPO_OK;
}

epo_status epo_simulate(epo_store *store, const epo_simulate_options *options, epo_simulate_fn report, void *context, epo_simulate_summary *out)
{
    epo_import_summary written = {0};
    survey sv = {.report = report, .report_context = context, .summary = out};
    *out = (epo_simulate_summary){0};
    epo_status status = epo__simulation_make(options, &sv.simulation);
    if (status == EPO_OK) status = check_options(&sv.simulation.options, sv.simulation.telescope);
    if (status != EPO_OK) return status;
    sv.writer = (epo__writer){.store = store, .survey = options->survey ? options->survey : "simulated", .format = EPO_SIMULATE_FORMAT,
                              .report = field_written, .report_context = &sv, .summary = &written};
    status = describe_options(&sv);
    if (status == EPO_OK) status = deal_classes(&sv);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &sv.lookup);
    if (status == EPO_OK) {
        const epo__pipeline pipeline = {&sv, piece_make, piece_free, piece_fill, piece_work, piece_deliver};
        status = epo__pipeline_run(&pipeline, epo__threads(options->threads));
    }
    status = epo__writer_finish(&sv.writer, status);
    out->unchanged = sv.unchanged;
    epo_store_close(sv.lookup);
    free(sv.objects);
    free(sv.candidates);
    free(sv.options);
    return status;
}

epo_simulate_telescope epo_simulate_telescope_at(size_t index)
{
    for (size_t i = 0; i <= index; i++)
        if (!epo__telescopes[i].name) return (epo_simulate_telescope){.name = NULL};
    const epo__telescope *t = &epo__telescopes[index];
    return (epo_simulate_telescope){t->name, t->about, t->classes, t->camera.filter, t->camera.pixel_scale, t->nights, t->visits, t->side, t->field_objects};
}

epo_simulate_kind epo_simulate_kind_at(size_t index)
{
    size_t lights = 0;
    while (epo__light_kinds[lights].name) lights++;
    if (index < lights) {
        const epo__light_kind *kind = &epo__light_kinds[index];
        return (epo_simulate_kind){kind->name, kind->class_name, kind->share};
    }
    if (index == lights) return (epo_simulate_kind){"new-source", "real", 1};
    epo_simulate_kind bogus = {.kind = NULL};
    bogus.kind = epo__bogus_kind(index - lights - 1, &bogus.share);
    bogus.class_name = bogus.kind ? "bogus" : NULL;
    return bogus;
}
