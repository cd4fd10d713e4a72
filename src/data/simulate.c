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

enum { MAX_CLASSES = 16, MAX_OBJECTS = 1000000, FIRST_CANDIDATE_FIELD = 1000000 };
/* Raised whenever the same options give other pixels: a store keeps both versions of a field apart. */
enum { SIMULATION_VERSION = 1 };

/* TAO-Net's table 2: train, validation and test together. */
static const char TAO_CLASSES[] = "BZ=239,AGN=618,CV=776,OTHER=844,SN=1372,NON=15499";

/* What stands for a field's path. */
static const char SEQUENCES[] = "simulated field", CANDIDATES[] = "simulated candidates of field";

typedef struct share {
    char name[16];
    double weight;
} share;

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
    const char **objects, **candidates; /* class of each, pointing into shares and sides */
    share shares[MAX_CLASSES], sides[2];
    size_t share_count;
    char *options;              /* JSON */
    uint64_t next, unchanged;   /* field to be filled, those of the objects first; fields passed over; for filling only */
    epo__writer writer;
    epo_simulate_fn report;
    void *report_context;
    epo_simulate_summary *summary;
} survey;

/* --- classes ---------------------------------------------------------------------------------------------------------- */

static bool known_class(const char *name)
{
    for (const epo__light_kind *kind = epo__light_kinds; kind->name; kind++)
        if (strcmp(kind->class_name, name) == 0) return true;
    return false;
}

/* "SN=1,NON=5" into `shares`, which holds MAX_CLASSES. */
static epo_status read_classes(const char *text, share *shares, size_t *count)
{
    double total = 0;
    *count = 0;
    while (*text) {
        const size_t length = strcspn(text, ","), name_length = strcspn(text, "=,");
        char number[32] = "";
        share s = {0};
        if (*count == MAX_CLASSES) return epo__fail(EPO_EARG, "classes: more than %d", MAX_CLASSES);
        if (name_length < sizeof s.name) memcpy(s.name, text, name_length);
        if (length > name_length && length - name_length - 1 < sizeof number) memcpy(number, text + name_length + 1, length - name_length - 1);
        if (!known_class(s.name)) return epo__fail(EPO_EARG, "classes: '%.*s' is not simulated", (int)name_length, text);
        if (!epo__parse_double(number, &s.weight) || !isfinite(s.weight) || s.weight < 0)
            return epo__fail(EPO_EARG, "classes: '%.*s' is not NAME=SHARE with a share of 0 or more", (int)length, text);
        for (size_t i = 0; i < *count; i++)
            if (strcmp(shares[i].name, s.name) == 0) return epo__fail(EPO_EARG, "classes: %s is there twice", s.name);
        total += s.weight;
        shares[(*count)++] = s;
        text += length + (text[length] == ',');
    }
    return total > 0 ? EPO_OK : epo__fail(EPO_EARG, "classes: no class has a share");
}

/* Gives `count` places to the shares as exactly as whole numbers allow (largest remainders), in an order by chance. */
static epo_status deal(uint64_t seed, const char *purpose, const share *shares, size_t share_count, size_t count, const char **out)
{
    size_t *order = epo__alloc(count, sizeof *order), dealt = 0;
    double total = 0, given[MAX_CLASSES] = {0};
    if (!order) return epo__nomem("classes");
    for (size_t i = 0; i < share_count; i++) total += shares[i].weight;
    for (size_t i = 0; i < count; i++) order[i] = i;
    epo__rng rng = epo__simulate_rng(seed, purpose, 0);
    epo__rng_shuffle(&rng, order, count);
    for (size_t i = 0; i < share_count; i++) {
        given[i] = floor((double)count * (shares[i].weight / total));
        for (size_t n = (size_t)given[i]; n > 0 && dealt < count; n--) /* rounding must not deal one too many */
            out[order[dealt++]] = shares[i].name;
    }
    while (dealt < count) {
        size_t neediest = 0;
        for (size_t i = 1; i < share_count; i++)
            if ((double)count * (shares[i].weight / total) - given[i] > (double)count * (shares[neediest].weight / total) - given[neediest])
                neediest = i;
        given[neediest]++;
        out[order[dealt++]] = shares[neediest].name;
    }
    free(order);
    return EPO_OK;
}

static epo_status deal_classes(survey *sv)
{
    const epo_simulate_options *o = sv->simulation.options;
    sv->sides[0] = (share){"real", o->real_fraction};
    sv->sides[1] = (share){"bogus", 1 - o->real_fraction};
    sv->objects = epo__alloc(o->objects, sizeof *sv->objects);
    sv->candidates = epo__alloc(o->candidates, sizeof *sv->candidates);
    if (!sv->objects || !sv->candidates) return epo__nomem("classes");
    epo_status status = read_classes(o->classes ? o->classes : TAO_CLASSES, sv->shares, &sv->share_count);
    if (status == EPO_OK) status = deal(o->seed, "classes", sv->shares, sv->share_count, o->objects, sv->objects);
    if (status == EPO_OK) status = deal(o->seed, "candidates", sv->sides, 2, o->candidates, sv->candidates);
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
    const epo_simulate_options *o = sv->simulation.options;
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

epo_status epo_simulate_check(const epo_simulate_options *o)
{
    share shares[MAX_CLASSES];
    size_t count;
    if (o->objects > MAX_OBJECTS || o->candidates > MAX_OBJECTS) return epo__fail(EPO_EARG, "at most %d objects", MAX_OBJECTS);
    if (!(o->nights >= 3 && o->nights <= 300)) return epo__fail(EPO_EARG, "%g nights; they may be 3 to 300", o->nights);
    if (o->visits < 1 || o->visits > 20) return epo__fail(EPO_EARG, "%d visits a night; they may be 1 to 20", o->visits);
    if (o->side < 16 || o->side > 256 || o->side % 2) return epo__fail(EPO_EARG, "a side of %d; it may be even, 16 to 256", o->side);
    if (o->field_objects < 1 || o->field_objects > 20)
        return epo__fail(EPO_EARG, "%d objects a field; they may be 1 to 20", o->field_objects);
    if (!(o->real_fraction >= 0 && o->real_fraction <= 1)) return epo__fail(EPO_EARG, "a real fraction of %g", o->real_fraction);
    return o->classes ? read_classes(o->classes, shares, &count) : EPO_OK;
}

static epo_status describe_options(survey *sv)
{
    const epo_simulate_options *o = sv->simulation.options;
    epo__string s = {0};
    epo__string_addf(&s, "{\"version\":%d,\"seed\":%llu,\"objects\":%llu,\"candidates\":%llu,\"classes\":", SIMULATION_VERSION,
                     (unsigned long long)o->seed, (unsigned long long)o->objects, (unsigned long long)o->candidates);
    epo__string_add_json(&s, o->classes ? o->classes : TAO_CLASSES);
    epo__string_add(&s, ",\"survey\":");
    epo__string_add_json(&s, sv->writer.survey);
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
    survey sv = {.simulation.options = options, .report = report, .report_context = context, .summary = out};
    *out = (epo_simulate_summary){0};
    epo_status status = epo_simulate_check(options);
    if (status != EPO_OK) return status;
    sv.simulation.detector = epo__detector_make(options->seed);
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
