/* SPDX-License-Identifier: BSD-3-Clause
 * score_files.c - stamps from files to scores, without a store.
 *
 *     fill: stamps from the file at hand, and the next ones, until there is a batch   (serial)
 *     work: decode, normalise, network                                               (each worker its own engine)
 *     deliver: results in input order
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/threads.h"
#include "data/reader.h"
#include "data/walk.h"
#include "epochal/score.h"
#include "train/scoring.h"
#include "train/stamp_scorer.h"

enum { MAX_READERS = 16 };

/* A batch on its way, all from one kind of file. */
typedef struct chunk {
    const epo__reader_type *reader; /* NULL: holds errors only */
    epo__batch batch;
    double *rows;                   /* exposures x the scorer's width */
    size_t room;
    size_t spooled, spooled_end;    /* exposures that came from standard input */
} chunk;

struct epo_scorer {
    epo__stamp_scorer *scorer;
    int threads;
    epo_import_options reading;
    const epo__reader_type *forced;       /* --format, or NULL */
    void *states[MAX_READERS];            /* of epo__readers, made when first used */

    /* of the call at hand */
    char spool[64];                       /* path of the file that standard input was kept in; "" none */
    epo__walk *walk;
    char current[4096];
    const epo__reader_type *current_reader;
    bool waiting, open;                   /* a file was found but not opened; is open */
    epo_score_fn result;
    void *result_context;
    epo_score_summary *summary;
};

static void *chunk_make(void *context)
{
    (void)context;
    return epo__alloc(1, sizeof(chunk));
}

static void chunk_free(void *context, void *argument)
{
    (void)context;
    chunk *c = argument;
    if (!c) return;
    epo__batch_free(&c->batch);
    free(c->rows);
    free(c);
}

/* A result that only says what was wrong, in its place among the others. */
static epo_status add_error(chunk *c, const char *id)
{
    size_t subject, index;
    const char *message = epo__batch_text(&c->batch, epo_error_message());
    epo_status status = message ? epo__batch_subject(&c->batch, "", &subject) : epo__nomem("result");
    if (status == EPO_OK) status = epo__batch_exposure(&c->batch, subject, id, &index);
    if (status == EPO_OK) c->batch.exposures[index].error = message;
    return status;
}

static epo_status state_of(epo_scorer *f, const epo__reader_type *reader, void **out)
{
    size_t i = 0;
    while (epo__readers[i] != reader) i++;
    if (!f->states[i] && !(f->states[i] = epo__alloc(1, reader->state_size))) return epo__nomem("reader");
    *out = f->states[i];
    return EPO_OK;
}

/* Finds the next file and who reads it; *end when there is none. A file nobody reads becomes an error in the chunk. */
static epo_status find_file(epo_scorer *f, chunk *c, bool *end)
{
    const char *path;
    epo_status status = epo__walk_next(f->walk, &path);
    if (!path) {
        *end = true;
        return status;
    }
    snprintf(f->current, sizeof f->current, "%s", path);
    if (status == EPO_OK) {
        f->current_reader = f->forced;
        if (!f->forced) status = epo__reader_guess(path, &f->current_reader);
    }
    if (status == EPO_ENOMEM) return status;
    if (status != EPO_OK) return add_error(c, f->current);
    f->waiting = true;
    return EPO_OK;
}

static epo_status open_file(epo_scorer *f, chunk *c)
{
    void *state;
    f->waiting = false;
    epo_status status = state_of(f, f->current_reader, &state);
    if (status != EPO_OK) return status;
    status = f->current_reader->open(state, &f->reading, f->current);
    if (status == EPO_ENOMEM) return status;
    if (status != EPO_OK) return add_error(c, f->current);
    f->open = true;
    return EPO_OK;
}

static epo_status read_piece(epo_scorer *f, chunk *c)
{
    void *state;
    bool last = false;
    epo_status status = state_of(f, f->current_reader, &state);
    if (status != EPO_OK) return status;
    c->reader = f->current_reader;
    const size_t before = c->batch.exposure_count;
    status = f->current_reader->next(state, &f->reading, &c->batch, &last);
    if (strcmp(f->current, f->spool) == 0) {
        if (c->spooled_end == 0) c->spooled = before;
        c->spooled_end = c->batch.exposure_count;
    }
    f->open = status == EPO_OK && !last;
    if (status == EPO_ENOMEM) return status;
    return status == EPO_OK ? EPO_OK : add_error(c, f->current);
}

static epo_status chunk_fill(void *context, void *argument, bool *end)
{
    epo_scorer *f = context;
    chunk *c = argument;
    bool files_end = false;
    epo_status status = EPO_OK;
    epo__batch_clear(&c->batch);
    c->reader = NULL;
    c->spooled = c->spooled_end = 0;
    while (status == EPO_OK && !files_end && c->batch.exposure_count < (size_t)epo__stamp_scorer_batch(f->scorer) &&
           !epo__batch_is_full(&c->batch)) {
        if (!f->open && !f->waiting) {
            status = find_file(f, c, &files_end);
        } else if (c->reader && c->reader != f->current_reader) {
            break; /* one kind of file a chunk */
        } else {
            if (f->waiting) status = open_file(f, c);
            if (status == EPO_OK && f->open) status = read_piece(f, c);
        }
    }
    *end = files_end && c->batch.exposure_count == 0;
    return status;
}

/* Views of an exposure's planes. */
static size_t views_of(const epo__batch *b, const epo__exposure *e, epo__plane_view *views)
{
    size_t count = e->plane_count < EPO__MAX_PLANES ? e->plane_count : EPO__MAX_PLANES;
    for (size_t k = 0; k < count; k++) {
        const epo__plane *plane = &b->planes[e->first_plane + k];
        views[k] = (epo__plane_view){.role = plane->role, .type = plane->image.type, .height = (int)plane->image.height,
                                     .width = (int)plane->image.width, .pixels = plane->image.pixels};
    }
    return count;
}

/* Runs the network on `count` prepared stamps and hands the rows to the exposures they came from. */
static epo_status run_slots(epo_scorer *f, chunk *c, int worker, const size_t *exposures, int count)
{
    const double *rows;
    size_t width = epo__stamp_scorer_width(f->scorer);
    epo_status status = epo__stamp_scorer_run(f->scorer, worker, count, &rows);
    for (int i = 0; status == EPO_OK && i < count; i++) {
        const double *row = rows + (size_t)i * width;
        if (epo__score_check(row, width) != EPO_OK) epo__batch_spoil(&c->batch, &c->batch.exposures[exposures[i]]);
        memcpy(c->rows + exposures[i] * width, row, width * sizeof *row);
    }
    return status;
}

static epo_status chunk_work(void *context, void *argument, int worker)
{
    epo_scorer *f = context;
    chunk *c = argument;
    epo__batch *b = &c->batch;
    size_t need;
    if (!epo__size_mul(b->exposure_count, epo__stamp_scorer_width(f->scorer), &need) || !epo__grow(&c->rows, &c->room, need, sizeof *c->rows)) return epo__nomem("scores");
    if (c->reader && c->reader->decode) {
        epo_status status = c->reader->decode(&f->reading, b);
        if (status != EPO_OK) return status;
    }
    size_t slots[EPO__MAX_SCORE_BATCH];
    int used = 0;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < b->exposure_count; i++) {
        epo__exposure *e = &b->exposures[i];
        epo__plane_view views[EPO__MAX_PLANES];
        if (e->error) continue;
        status = epo__stamp_scorer_put(f->scorer, worker, used, views, views_of(b, e, views));
        if (status == EPO_EFORMAT) {
            epo__batch_spoil(b, e);
            status = EPO_OK;
            continue;
        }
        slots[used++] = i;
        if (status == EPO_OK && used == epo__stamp_scorer_batch(f->scorer)) {
            status = run_slots(f, c, worker, slots, used);
            used = 0;
        }
    }
    return status == EPO_OK ? run_slots(f, c, worker, slots, used) : status;
}

static const char standard_input[] = "standard input";

/* The file that standard input was kept in has a path of its own, which means nothing to people: `text` with every mention of it made
 * plain, `text` itself without memory. */
static const char *shown(const epo_scorer *f, epo__batch *batch, const char *text)
{
    if (!text || !f->spool[0] || !strstr(text, f->spool)) return text;
    epo__string s = {0};
    for (const char *at = text, *found; *at; at = found) {
        found = strstr(at, f->spool);
        if (!found) found = at + strlen(at);
        epo__string_addn(&s, at, (size_t)(found - at));
        if (!*found) break;
        epo__string_add(&s, standard_input);
        found += strlen(f->spool);
    }
    const char *named = s.failed ? NULL : epo__batch_text(batch, s.text);
    epo__string_free(&s);
    return named ? named : text;
}

/* A name that a reader made of that path's parts: "7:0" of a row, "fd/7" of a stamp in a folder. */
static const char *shown_name(const epo_scorer *f, epo__batch *batch, const char *text)
{
    const char *base = strrchr(f->spool, '/') + 1, *after = strncmp(text, "fd/", 3) == 0 ? text + 3 : text;
    const size_t length = strlen(base);
    if (strncmp(after, base, length) != 0 || (after[length] != ':' && after[length] != '\0')) return shown(f, batch, text);
    const char *named = epo__batch_textf(batch, "%s%s", standard_input, after + length);
    return named ? named : text;
}

static epo_status chunk_deliver(void *context, void *argument)
{
    epo_scorer *f = context;
    chunk *c = argument;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < c->batch.exposure_count; i++) {
        const epo__exposure *e = &c->batch.exposures[i];
        const epo__subject *s = &c->batch.subjects[e->subject];
        epo_score score = {.id = shown(f, &c->batch, e->id), .object = s->name, .class_given = s->class_name ? s->class_name : "", .mjd = e->mjd,
                           .score = (double)NAN, .error = shown(f, &c->batch, e->error)};
        if (i >= c->spooled && i < c->spooled_end) {
            score.id = shown_name(f, &c->batch, e->id);
            score.object = shown_name(f, &c->batch, s->name);
            if (strcmp(score.class_given, "fd") == 0) score.class_given = "";
        }
        if (!e->error) epo__stamp_scorer_report(f->scorer, c->rows + i * epo__stamp_scorer_width(f->scorer), &score);
        status = epo__score_report(&score, f->result, f->result_context, f->summary);
    }
    return status;
}

/* Standard input as a path: kept in an unnamed temporary file, since the reader wants to know its size. */
static epo_status spool_input(FILE **file, char *path, size_t size)
{
    *file = tmpfile();
    if (!*file) return epo__fail(EPO_EIO, "%s: no temporary file", standard_input);
    char room[65536];
    for (size_t got; (got = fread(room, 1, sizeof room, stdin)) > 0;)
        if (fwrite(room, 1, got, *file) != got) return epo__fail(EPO_EIO, "%s: cannot be kept in a temporary file", standard_input);
    if (ferror(stdin) || fflush(*file) != 0) return epo__fail(EPO_EIO, "%s: cannot be read", standard_input);
    snprintf(path, size, "/proc/self/fd/%d", fileno(*file));
    return EPO_OK;
}

epo_status epo_scorer_create(const epo_model *model, const epo_score_options *options, epo_scorer **out)
{
    const epo_score_options standard = EPO_SCORE_OPTIONS_INIT;
    *out = NULL;
    if (!options) options = &standard;
    int batch;
    epo_status status = epo__score_batch(options, &batch);
    if (status != EPO_OK) return status;
    epo_scorer *f = epo__alloc(1, sizeof *f);
    if (!f) return epo__nomem("scorer");
    f->threads = epo__threads(options->threads);
    f->reading = (epo_import_options)EPO_IMPORT_OPTIONS_INIT;
    f->reading.array = options->array;
    f->reading.extname = options->extname;
    f->reading.trust_input = options->trust_input;
    if (options->format) {
        status = epo__reader_find(options->format, &f->forced);
        if (status == EPO_OK && !f->forced->has_stamps)
            status = epo__fail(EPO_EARG, "format %s holds no single stamps: import it, then classify", f->forced->name);
    }
    if (status == EPO_OK) status = epo__stamp_scorer_create(model, options, f->threads, batch, &f->scorer);
    if (status == EPO_OK)
        *out = f;
    else
        epo_scorer_free(f);
    return status;
}

void epo_scorer_free(epo_scorer *f)
{
    if (!f) return;
    for (size_t i = 0; epo__readers[i]; i++) {
        if (f->states[i] && epo__readers[i]->release) epo__readers[i]->release(f->states[i]);
        free(f->states[i]);
    }
    epo__stamp_scorer_free(f->scorer);
    free(f);
}

/* The paths with "-" replaced by where standard input was kept. */
static epo_status real_paths(const char *const *paths, size_t count, const char **names, FILE **spool, char *spool_path, size_t size)
{
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        names[i] = paths[i];
        if (strcmp(paths[i], "-") != 0) continue;
        status = *spool ? epo__fail(EPO_EARG, "%s can be read once", standard_input) : spool_input(spool, spool_path, size);
        names[i] = spool_path;
    }
    return status;
}

epo_status epo_scorer_files(epo_scorer *f, const char *const *paths, size_t count, epo_score_fn result, void *context,
                            epo_score_summary *out)
{
    static const char *const all_suffixes[] = {".avro", ".fits", ".fit", ".fits.gz", ".fit.gz", ".npy", ".npz", NULL};
    *out = (epo_score_summary){0};
    f->result = result;
    f->result_context = context;
    f->summary = out;
    f->waiting = f->open = false; /* an earlier call may have been stopped halfway */
    FILE *spool = NULL;
    f->spool[0] = '\0';
    double start = epo__seconds();
    const char **names = epo__alloc(count, sizeof *names);
    epo_status status = names ? real_paths(paths, count, names, &spool, f->spool, sizeof f->spool) : epo__nomem("paths");
    if (status == EPO_OK)
        status = epo__walk_create(names, count, f->forced ? f->forced->suffixes : all_suffixes,
                                  f->forced ? f->forced->first_suffix : NULL, &f->walk);
    if (status == EPO_OK) {
        epo__pipeline pipeline = {f, chunk_make, chunk_free, chunk_fill, chunk_work, chunk_deliver};
        status = epo__pipeline_run(&pipeline, f->threads);
    }
    if (status != EPO_OK) {
        epo__batch named = {0};
        epo__fail(status, "%s", shown(f, &named, epo_error_message()));
        epo__batch_free(&named);
    }
    out->seconds = epo__seconds() - start;
    epo__walk_free(f->walk);
    f->walk = NULL;
    if (spool) fclose(spool);
    free(names);
    return status;
}

epo_status epo_score_files(const epo_model *model, const char *const *paths, size_t count, const epo_score_options *options,
                           epo_score_fn result, void *context, epo_score_summary *out)
{
    epo_scorer *scorer = NULL;
    *out = (epo_score_summary){0};
    epo_status status = epo_scorer_create(model, options, &scorer);
    if (status == EPO_OK) status = epo_scorer_files(scorer, paths, count, result, context, out);
    epo_scorer_free(scorer);
    return status;
}
