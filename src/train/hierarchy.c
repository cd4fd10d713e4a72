/* SPDX-License-Identifier: BSD-3-Clause
 * hierarchy.c - real or bogus first, type next: stored scores of two models as those of one. */
#include "epochal/hierarchy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/objects.h"
#include "formats/digest.h"
#include "store/results.h"
#include "store/store.h"
#include "train/object_scores.h"
#include "train/recorder.h"
#include "train/scoring.h"

static const char bogus[] = "bogus", real[] = "real";

const char *epo_real_of_name(epo_real_of of)
{
    static const char *const names[EPO_REAL_OFS] = {
#define EPO_REAL_OF_TEXT(name, text) text,
        EPO_REAL_OF_MAP(EPO_REAL_OF_TEXT)
#undef EPO_REAL_OF_TEXT
    };
    return (unsigned)of < EPO_REAL_OFS ? names[of] : NULL;
}

bool epo_real_of_of(const char *name, epo_real_of *out)
{
    for (int i = 0; i < EPO_REAL_OFS; i++) {
        if (strcmp(epo_real_of_name((epo_real_of)i), name) != 0) continue;
        *out = (epo_real_of)i;
        return true;
    }
    return false;
}

typedef struct combining {
    const epo_hierarchy_options *options;
    epo_store *reading;
    epo__object_scores type, real_bogus;
    size_t real_at; /* which value of real_bogus is P(real) */
    epo__recorder recorder;
    epo__score_receiver receiver;
    double *probabilities; /* bogus, types */
} combining;

/* --- both models ----------------------------------------------------------------------------------------------------
 */

static const char *name_of(const epo_evaluate_source *source)
{
    return source->name ? source->name : source->sha256;
}

/* The index of a class, letters compared without case; count when there is none. */
static size_t find_class(const epo__object_scores *scores, const char *name)
{
    size_t k = 0;
    while (k < scores->count && strcasecmp(scores->classes[k], name) != 0) k++;
    return k;
}

static epo_status open_type(combining *c)
{
    epo_evaluate_source source = c->options->type;
    source.split = c->options->split;
    epo_status status = epo__object_scores_open(c->reading, &source, &c->type);
    if (status != EPO_OK) return status;
    if (c->type.stamps)
        return epo__fail(EPO_EARG, "%s scores single stamps: it tells no types of objects", name_of(&source));
    if (find_class(&c->type, bogus) < c->type.count || find_class(&c->type, real) < c->type.count)
        return epo__fail(EPO_EARG, "%s knows bogus and real itself: it needs no other model before it",
                         name_of(&source));
    if (c->type.count + 1 > EPO__SCORED_CLASSES_MAX)
        return epo__fail(EPO_ELIMIT, "%s: %zu classes; with bogus at most %d", name_of(&source), c->type.count,
                         EPO__SCORED_CLASSES_MAX);
    return EPO_OK;
}

static epo_status open_real_bogus(combining *c)
{
    static const size_t values[EPO_REAL_OFS] = {EPO__REAL_MAX, EPO__REAL_MEAN, EPO__REAL_LAST};
    epo_evaluate_source source = c->options->real_bogus;
    source.split = c->options->split;
    epo_status status = epo__object_scores_open(c->reading, &source, &c->real_bogus);
    if (status != EPO_OK) return status;
    c->real_at = c->real_bogus.stamps ? values[c->options->real_of] : find_class(&c->real_bogus, real);
    if (c->real_at < c->real_bogus.count) return EPO_OK;
    return epo__fail(EPO_EARG, "%s has no class real", name_of(&source));
}

static epo_status check_options(const epo_hierarchy_options *o)
{
    if (!(o->threshold >= 0 && o->threshold <= 1))
        return epo__fail(EPO_EARG, "a threshold of %g is not from 0 to 1", o->threshold);
    if (!epo_real_of_name(o->real_of))
        return epo__fail(EPO_EARG, "no way %d from the stamps to the object", (int)o->real_of);
    if (o->type.sha256 && o->real_bogus.sha256) return EPO_OK;
    return epo__fail(EPO_EARG, "both models are named by their SHA-256");
}

epo_status epo_scores_exist(epo_store *store, const epo_evaluate_source *source, bool *exist)
{
    epo__object_scores scores;
    *exist = false;
    epo_status status = EPO_OK;
    if (source->split) { /* a split that is not there is a failure, and not an absence of scores */
        epo__object_cursor cursor;
        int64_t objects;
        status = epo__object_cursor_set(&cursor, source->split);
        if (status == EPO_OK) status = epo__store_objects_count(store, &cursor.filter, &objects);
    }
    if (status != EPO_OK) return status;
    status = epo__object_scores_open(store, source, &scores);
    *exist = status == EPO_OK;
    epo__object_scores_free(&scores);
    return status == EPO_ENOTFOUND ? EPO_OK : status;
}

/* --- the record -----------------------------------------------------------------------------------------------------
 */

static void identify(const epo_hierarchy_options *o, char sha256[65])
{
    char text[256];
    const int length = snprintf(text, sizeof text, "epochal hierarchy\n%.64s\n%.64s\n%s\n%.17g\n", o->type.sha256,
                                o->real_bogus.sha256, epo_real_of_name(o->real_of), o->threshold);
    epo__sha256_of(text, (size_t)length, sha256);
}

static epo_status note_start(combining *c, epo_store *store, const char *sha256)
{
    const epo_hierarchy_options *o = c->options;
    epo__string classes = {0}, text = {0};
    epo__string_add(&classes, "[\"bogus\"");
    for (size_t k = 0; k < c->type.count; k++) {
        epo__string_add(&classes, ",");
        epo__string_add_json(&classes, c->type.classes[k]);
    }
    epo__string_add(&classes, "]");
    epo__string_addf(&text,
                     "{\"type_run\":%lld,\"type_sha256\":\"%.64s\",\"real_bogus_run\":%lld,\"real_bogus_sha256\":\"%."
                     "64s\",\"real_of\":\"%s\","
                     "\"threshold\":%.17g,\"split\":",
                     (long long)c->type.run, o->type.sha256, (long long)c->real_bogus.run, o->real_bogus.sha256,
                     epo_real_of_name(o->real_of), o->threshold);
    epo__string_add_json(&text, o->split);
    epo__string_add(&text, "}");
    char *name = epo__format("%s after %s", name_of(&o->type), name_of(&o->real_bogus));
    epo_status status = classes.failed || text.failed || !name ? epo__nomem("run") : EPO_OK;
    if (status == EPO_OK) {
        const epo__model_row model = {
            .name = name, .sha256 = sha256, .network = "", .classes = classes.text, .normalisation = "hierarchy"};
        epo__run_row row = {.kind = "classify",
                            .command = o->command_line ? o->command_line : "",
                            .options = text.text,
                            .threads = 1};
        status = epo__recorder_start_plain(&c->recorder, store, o->split, &model, &row);
    }
    free(name);
    epo__string_free(&classes);
    epo__string_free(&text);
    return status;
}

/* --- objects --------------------------------------------------------------------------------------------------------
 */

/* Into c->probabilities. An error, as text in `error`, is about this object alone. */
static epo_status combine(combining *c, int64_t object, double *p_real, char *error, size_t room)
{
    double values[EPO__SCORED_CLASSES_MAX];
    bool typed, scored;
    epo_status status = epo__object_scores_of(c->reading, &c->real_bogus, object, values, &scored);
    *p_real = scored ? values[c->real_at] : (double)NAN;
    if (status == EPO_OK) status = epo__object_scores_of(c->reading, &c->type, object, values, &typed);
    if (status != EPO_OK) return status;
    if (!scored) {
        snprintf(error, room, "run %lld of %s has no score of it", (long long)c->real_bogus.run,
                 name_of(&c->options->real_bogus));
        return EPO_OK;
    }
    if (!typed && *p_real >= c->options->threshold) {
        snprintf(error, room, "P(real) is %.3f, but run %lld of %s has no score of it", *p_real, (long long)c->type.run,
                 name_of(&c->options->type));
        return EPO_OK;
    }
    c->probabilities[0] = 1 - *p_real;
    for (size_t k = 0; k < c->type.count; k++)
        c->probabilities[k + 1] = *p_real * (typed ? values[k] : 1 / (double)c->type.count);
    return EPO_OK;
}

static epo_status deliver(combining *c, int64_t object, epo__pool *texts)
{
    epo__object_row row;
    char error[512] = "";
    double p_real;
    epo__pool_clear(texts);
    epo_status status = epo__store_object_get(c->reading, object, texts, &row);
    if (status == EPO_OK) status = combine(c, object, &p_real, error, sizeof error);
    if (status == EPO_OK && !*error) status = epo__recorder_ready(&c->recorder);
    for (size_t k = 0; status == EPO_OK && !*error && k <= c->type.count; k++)
        status = epo__store_class_score_put(c->recorder.store, c->recorder.run, object,
                                            k ? c->type.classes[k - 1] : bogus, c->probabilities[k]);
    if (status != EPO_OK) return status;
    const epo_score score = {.id = row.name,
                             .object = row.name,
                             .class_given = row.class_name ? row.class_name : "",
                             .mjd = (double)NAN,
                             .score = p_real,
                             .probabilities = *error ? NULL : c->probabilities,
                             .class_count = *error ? 0 : c->type.count + 1,
                             .error = *error ? error : NULL};
    status = epo__recorder_hold(&c->recorder, epo__score_copy(&score));
    return status == EPO_OK ? epo__recorder_settle(&c->recorder) : status;
}

static epo_status deliver_all(combining *c)
{
    epo__object_cursor cursor;
    epo__pool texts = {0};
    int64_t object;
    epo_status status = epo__object_cursor_set(&cursor, c->options->split);
    while (status == EPO_OK && (status = epo__object_cursor_next(&cursor, c->reading, &object)) == EPO_OK && object)
        status = deliver(c, object, &texts);
    epo__pool_free(&texts);
    return status;
}

epo_status epo_classify_hierarchy(epo_store *store, const epo_hierarchy_options *options, epo_score_fn result,
                                  void *context, char *sha256, epo_score_summary *out)
{
    const double start = epo__seconds();
    char identity[65];
    combining c = {.options = options, .receiver = {result, context, out}};
    *out = (epo_score_summary){0};
    epo_status status = check_options(options);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &c.reading);
    if (status == EPO_OK) status = epo__store_begin(c.reading); /* one consistent view to the end */
    if (status == EPO_OK) status = open_type(&c);
    if (status == EPO_OK) status = open_real_bogus(&c);
    if (status == EPO_OK && !(c.probabilities = epo__alloc(c.type.count + 1, sizeof *c.probabilities)))
        status = epo__nomem("probabilities");
    if (status == EPO_OK) {
        identify(options, identity);
        if (sha256) memcpy(sha256, identity, sizeof identity);
        status = note_start(&c, store, identity);
    }
    if (status == EPO_OK) {
        epo__recorder_hears(&c.recorder, epo__score_tell, &c.receiver);
        status = epo__recorder_end(&c.recorder, deliver_all(&c));
        out->run = c.recorder.run;
        out->seconds = epo__seconds() - start;
    }
    epo__object_scores_free(&c.type);
    epo__object_scores_free(&c.real_bogus);
    epo_store_close(c.reading);
    free(c.probabilities);
    return status;
}
