/* SPDX-License-Identifier: BSD-3-Clause
 * import.c - files into the store: reading ahead on several threads, writing in order on one at a time.
 *
 *     fill: the next piece of the file at hand (or the next file)  ->  work: decode it  ->  deliver: write it
 *
 * A file whose content was imported before in the same way is passed over unread.
 */
#include "epochal/import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/text.h"
#include "base/threads.h"
#include "data/import_writer.h"
#include "data/reader.h"
#include "data/walk.h"
#include "formats/digest.h"
#include "store/store.h"

/* A piece of one file on its way through the pipeline. */
typedef struct piece {
    epo__import_file file;
    epo__string options; /* what file.options points to */
    bool first, last;    /* piece of its file */
    bool known;          /* the file was imported before */
    epo_status status;   /* why the file is refused */
    char message[512];
    epo__batch batch;
} piece;

typedef struct importer {
    const epo_import_options *options;
    const epo__reader_type *reader;

    /* reading: one fill at a time */
    epo_store *lookup; /* a handle of its own, so that reading ahead never waits for writing */
    epo__walk *walk;
    void *reader_state;
    epo__string option_text; /* the options that change what a file means, as the beginning of a JSON object */
    epo__import_file current;
    epo__string current_options;
    bool open;

    epo__writer writer; /* one deliver at a time */
} importer;

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
    epo__batch_free(&p->batch);
    epo__string_free(&p->options);
    free(p);
}

static void refuse(piece *p, epo_status status)
{
    p->status = status;
    snprintf(p->message, sizeof p->message, "%s", epo_error_message());
}

/* What, beside its bytes, the meaning of the open file depends on, as a JSON object. */
static epo_status describe_current(importer *im)
{
    epo__string *s = &im->current_options;
    epo__string_clear(s);
    epo__string_add(s, im->option_text.text);
    if (im->reader->context) im->reader->context(im->reader_state, im->options, s);
    if (s->failed) return epo__nomem("options");
    if (s->text[s->length - 1] == ',') s->text[--s->length] = '\0';
    epo__string_add(s, "}");
    return s->failed ? epo__nomem("options") : EPO_OK;
}

static epo_status open_current(importer *im)
{
    struct stat info;
    epo_status status = epo__sha256_file(im->current.path, im->current.digest);
    if (status != EPO_OK) return status;
    im->current.bytes = stat(im->current.path, &info) == 0 ? (int64_t)info.st_size : 0;
    status = im->reader->open(im->reader_state, im->options, im->current.path);
    return status == EPO_OK ? describe_current(im) : status;
}

/* Moves on to the next file. What is returned stops the import; a bad file is refused in `p`. */
static epo_status next_file(importer *im, piece *p, bool *end)
{
    const char *path;
    epo_status status = epo__walk_next(im->walk, &path);
    if (!path) {
        *end = status == EPO_OK;
        return status;
    }
    p->first = true;
    snprintf(im->current.path, sizeof im->current.path, "%s", path);
    if (status == EPO_OK) status = open_current(im);
    if (status == EPO_ENOMEM || status == EPO_EARG) return status;
    if (status != EPO_OK) {
        refuse(p, status);
    } else {
        int64_t id;
        status =
            epo__store_source_find(im->lookup, im->current.digest, im->reader->name, im->current_options.text, &id);
        if (status != EPO_OK) return status;
        p->known = id != 0;
    }
    im->open = p->status == EPO_OK && !p->known;
    p->last = !im->open;
    return EPO_OK;
}

static epo_status piece_fill(void *context, void *chunk, bool *end)
{
    importer *im = context;
    piece *p = chunk;
    p->first = p->last = p->known = false;
    p->status = EPO_OK;
    epo__batch_clear(&p->batch);
    if (!im->open) {
        epo_status status = next_file(im, p, end);
        if (status != EPO_OK || *end) return status;
    }
    p->file = im->current;
    epo__string_clear(&p->options);
    if (!im->open) return EPO_OK;
    epo__string_add(&p->options, im->current_options.text);
    if (p->options.failed) return epo__nomem("options");
    p->file.options = p->options.text;
    epo_status status = im->reader->next(im->reader_state, im->options, &p->batch, &p->last);
    if (status == EPO_ENOMEM) return status;
    if (status != EPO_OK) {
        refuse(p, status);
        p->last = true;
    }
    im->open = !p->last;
    return EPO_OK;
}

static epo_status piece_work(void *context, void *chunk, int worker)
{
    importer *im = context;
    piece *p = chunk;
    (void)worker;
    if (p->status != EPO_OK || p->known || !im->reader->decode) return EPO_OK;
    epo_status status = im->reader->decode(im->options, &p->batch);
    if (status == EPO_ENOMEM) return status;
    if (status != EPO_OK) refuse(p, status);
    return EPO_OK;
}

static epo_status piece_deliver(void *context, void *chunk)
{
    epo__writer *w = &((importer *)context)->writer;
    piece *p = chunk;
    epo_status status = EPO_OK;
    if (p->first) epo__writer_start(w);
    if (p->known)
        epo__writer_pass(w);
    else if (p->status != EPO_OK)
        epo__writer_refuse(w, p->status, p->message);
    else
        status = epo__writer_put(w, &p->file, &p->batch);
    return status == EPO_OK && p->last ? epo__writer_end(w, p->file.path) : status;
}

/* Every option that changes what a file means, in a fixed order: part of what makes an import the same import. Leaves
 * the object open, with a comma behind each member. */
static void add_options(const epo_import_options *o, epo__string *s)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"class", o->class_name},      {"label_column", o->label_column},
                 {"real_label", o->real_label}, {"extname", o->extname},
                 {"array", o->array},           {"names", o->names},
                 {"frames", o->frames},         {"times", o->times},
                 {"planes", o->planes},         {"survey", o->survey}};
    epo__string_add(s, "{");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!texts[i].value) continue;
        epo__string_addf(s, "\"%s\":", texts[i].name);
        epo__string_add_json(s, texts[i].value);
        epo__string_add(s, ",");
    }
    if (isfinite(o->bad_below)) epo__string_addf(s, "\"bad_below\":%.17g,", o->bad_below);
    if (isfinite(o->bad_above)) epo__string_addf(s, "\"bad_above\":%.17g,", o->bad_above);
    if (o->trust_input) epo__string_add(s, "\"trust_input\":true,");
}

epo_status epo_import(epo_store *store, const char *const *paths, size_t count, const epo_import_options *options,
                      epo_import_fn report, void *context, epo_import_summary *out)
{
    *out = (epo_import_summary){0};
    importer im = {.options = options};
    epo_status status = epo__reader_find(options->format, &im.reader);
    if (status != EPO_OK) return status;
    if (isnan(options->bad_below) || options->bad_below == (double)INFINITY)
        return epo__fail(EPO_EARG, "bad_below must be a number");
    if (!(options->bad_above > options->bad_below)) return epo__fail(EPO_EARG, "bad_above must be a number above bad_below");
    im.writer = (epo__writer){.store = store,
                              .survey = options->survey ? options->survey : im.reader->survey,
                              .format = im.reader->name,
                              .check_places = im.reader->named_by_files,
                              .report = report,
                              .report_context = context,
                              .summary = out};
    add_options(options, &im.option_text);
    im.reader_state = epo__alloc(1, im.reader->state_size);
    if (im.option_text.failed || !im.reader_state) status = epo__nomem("import");
    if (status == EPO_OK)
        status = epo__walk_create(paths, count, im.reader->suffixes, im.reader->first_suffix, &im.walk);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &im.lookup);
    if (status == EPO_OK) {
        epo__pipeline pipeline = {&im, piece_make, piece_free, piece_fill, piece_work, piece_deliver};
        status = epo__pipeline_run(&pipeline, epo__threads(options->threads));
    }
    status = epo__writer_finish(&im.writer, status);
    if (im.reader_state && im.reader->release) im.reader->release(im.reader_state);
    epo_store_close(im.lookup);
    epo__walk_free(im.walk);
    epo__string_free(&im.option_text);
    epo__string_free(&im.current_options);
    free(im.reader_state);
    return status;
}
