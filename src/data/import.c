/* SPDX-License-Identifier: BSD-3-Clause
 * import.c - files into the store: reading ahead on several threads, writing in order on one at a time.
 *
 *     fill: the next piece of the file at hand (or the next file)  ->  work: decode it  ->  deliver: write it
 *
 * Each file is a savepoint inside a longer transaction, so that a reader sees whole files only and thousands of small
 * files share one commit. What is told to the caller is told after the commit that holds it: an acknowledged file is in
 * the store. A file whose content was imported before in the same way is passed over unread.
 */
#include "epochal/import.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/text.h"
#include "base/threads.h"
#include "data/reader.h"
#include "data/walk.h"
#include "formats/digest.h"
#include "store/objects.h"
#include "store/store.h"

static const uint64_t COMMIT_BYTES = 64u << 20; /* pixels a transaction */
static const double COMMIT_SECONDS = 2;         /* and no event waits longer than about this */

const epo_import_format epo_import_formats[] = {
#define FORMAT(type, about) {type, about}
    FORMAT("tao", "Deep-TAO / CRTS multi-extension FITS, one object a file, one folder a class"),
    FORMAT("stamps", "folders of FITS stamps: true/ and false/, or one class a folder"),
    FORMAT("autoscan", "DES trios tempID, srchID, diffID.fits, and a CSV with ID and label"),
    FORMAT("ztf", "ZTF alert packets (Avro containers, also with many alerts)"),
    FORMAT("cube", "numpy arrays of stamps (npy), or several side by side (npz)"),
    FORMAT("lightcurves", "CSV with id, class, mjd, mag, mag_err (gz too)"),
    FORMAT(NULL, NULL),
#undef FORMAT
};

/* A piece of one file on its way through the pipeline. */
typedef struct piece {
    char path[4096];
    char digest[EPO__SHA256_TEXT];
    int64_t bytes;       /* size of the file */
    bool first, last;    /* piece of its file */
    bool unchanged;
    epo_status status;   /* why the file is refused */
    char message[512];
    epo__batch batch;
} piece;

/* What is told once it is committed. */
typedef struct pending_event {
    char *path, *message;
    epo_import_event event;
} pending_event;

typedef struct importer {
    epo_store *store;
    const epo_import_options *options;
    const epo__reader_type *reader;
    const char *survey;
    epo_import_fn report;
    void *report_context;
    epo_import_summary *summary;
    char *options_text;      /* what changes the meaning of a file, as JSON */

    /* reading (under the pipeline's fill lock) */
    epo__walk *walk;
    void *reader_state;
    char current[4096];
    char digest[EPO__SHA256_TEXT];
    int64_t current_bytes;
    bool open;

    pthread_mutex_t store_lock; /* fill asks the store whether a file is known while deliver writes */

    /* writing (one delivery at a time) */
    bool in_transaction, refused; /* refused: the file at hand; its remaining pieces are dropped */
    double transaction_start;
    uint64_t transaction_bytes;
    int64_t source;
    epo__source_row counts;      /* of the file at hand */
    epo_import_event event;      /* of the file at hand */
    char note[160], refusal[512];
    pending_event *pending;
    size_t pending_count, pending_room;
} importer;

/* --- reading ------------------------------------------------------------------------------------------------------- */

static void *piece_make(void *context)
{
    (void)context;
    return epo__alloc(1, sizeof(piece));
}

static void piece_free(void *context, void *chunk)
{
    (void)context;
    piece *p = chunk;
    if (p) epo__batch_free(&p->batch);
    free(p);
}

static void refuse(piece *p, epo_status status)
{
    p->status = status;
    p->last = true;
    snprintf(p->message, sizeof p->message, "%s", epo_error_message());
}

/* True when this content was imported before in the same way. */
static epo_status is_known(importer *im, bool *known)
{
    int64_t id = 0;
    pthread_mutex_lock(&im->store_lock);
    epo_status status = epo__store_source_find(im->store, im->digest, im->reader->name, im->options_text, &id);
    pthread_mutex_unlock(&im->store_lock);
    *known = id != 0;
    return status;
}

/* Moves on to the next file. Only a failure of the store or of memory is returned; a bad file is refused in `p`. */
static epo_status next_file(importer *im, piece *p, bool *end)
{
    const char *path;
    epo_status status = epo__walk_next(im->walk, &path);
    if (!path) {
        *end = status == EPO_OK;
        return status;
    }
    p->first = true;
    snprintf(im->current, sizeof im->current, "%s", path);
    if (status == EPO_OK) status = epo__sha256_file(path, im->digest);
    if (status != EPO_OK) {
        refuse(p, status);
        return EPO_OK;
    }
    struct stat info;
    im->current_bytes = stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
    bool known;
    if ((status = is_known(im, &known)) != EPO_OK) return status;
    if (known && !im->reader->first_suffix) { /* a file of labels is read again: the others need it */
        p->unchanged = p->last = true;
        return EPO_OK;
    }
    status = im->reader->open(im->reader_state, im->options, im->current);
    if (status == EPO_EARG || status == EPO_ENOMEM) return status; /* the options are wrong, not the file */
    if (status != EPO_OK)
        refuse(p, status);
    else
        im->open = true;
    return EPO_OK;
}

static epo_status piece_fill(void *context, void *chunk, bool *end)
{
    importer *im = context;
    piece *p = chunk;
    p->first = p->last = p->unchanged = false;
    p->status = EPO_OK;
    epo__batch_clear(&p->batch);
    if (!im->open) {
        epo_status status = next_file(im, p, end);
        if (status != EPO_OK || *end) return status;
    }
    memcpy(p->path, im->current, sizeof p->path);
    memcpy(p->digest, im->digest, sizeof p->digest);
    p->bytes = im->current_bytes;
    if (!im->open) return EPO_OK;
    epo_status status = im->reader->next(im->reader_state, im->options, &p->batch, &p->last);
    if (status != EPO_OK) refuse(p, status);
    im->open = !p->last;
    return EPO_OK;
}

static epo_status piece_work(void *context, void *chunk, int worker)
{
    importer *im = context;
    piece *p = chunk;
    (void)worker;
    if (p->status != EPO_OK || p->unchanged || !im->reader->decode) return EPO_OK;
    epo_status status = im->reader->decode(im->options, &p->batch);
    if (status != EPO_OK) {
        bool last = p->last;
        refuse(p, status);
        p->last = last;
    }
    return EPO_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

static epo_status tell_pending(importer *im, epo_status status)
{
    for (size_t i = 0; i < im->pending_count; i++) {
        pending_event *e = &im->pending[i];
        e->event.path = e->path;
        e->event.message = e->message;
        if (status == EPO_OK && im->report) status = im->report(im->report_context, &e->event);
        free(e->path);
        free(e->message);
    }
    im->pending_count = 0;
    return status;
}

static epo_status commit(importer *im)
{
    if (!im->in_transaction) return tell_pending(im, EPO_OK);
    epo_status status = epo__store_commit(im->store);
    if (status != EPO_OK) return status;
    im->in_transaction = false;
    im->transaction_bytes = 0;
    return tell_pending(im, EPO_OK);
}

static epo_status begin_file(importer *im, const piece *p)
{
    epo_status status = EPO_OK;
    if (!im->in_transaction) {
        if ((status = epo__store_begin(im->store)) != EPO_OK) return status;
        im->in_transaction = true;
        im->transaction_start = epo__seconds();
    }
    if ((status = epo__store_savepoint(im->store)) != EPO_OK) return status;
    im->counts = (epo__source_row){.survey = im->survey, .path = p->path, .digest = p->digest, .format = im->reader->name,
                                   .options = im->options_text, .bytes = p->bytes};
    return epo__store_source_add(im->store, &im->counts, &im->source);
}

static epo_status put_plane(importer *im, const epo__exposure *e, const epo__plane *plane, int number, int64_t object)
{
    epo__stamp_row row = {
        .object = object, .source = im->source, .exposure = e->key, .role = plane->role, .plane = number,
        .mjd = e->mjd, .mjd_given = e->mjd_given, .mjd_suspect = e->mjd_suspect, .night = e->night, .filter = e->filter,
        .type = plane->image.type, .width = (int)plane->image.width, .height = (int)plane->image.height, .constant = plane->constant,
        .mag = e->mag, .mag_err = e->mag_err, .fwhm = e->fwhm, .candid = e->candid, .rb = e->rb, .drb = e->drb,
        .rb_version = e->rb_version, .drb_version = e->drb_version,
    };
    int64_t id;
    bool added;
    epo_status status = epo__store_stamp_put(im->store, &row, plane->image.pixels, &id, &added);
    if (status != EPO_OK) return status;
    if (added)
        im->counts.stamps++;
    else
        im->counts.duplicates++;
    if (added) im->transaction_bytes += epo__image_bytes(&plane->image);
    return EPO_OK;
}

static epo_status put_batch(importer *im, const epo__batch *b)
{
    epo_status status = EPO_OK;
    int64_t *objects = epo__alloc(b->subject_count, sizeof *objects);
    if (!objects) return epo__nomem("objects of a batch");
    for (size_t i = 0; status == EPO_OK && i < b->subject_count; i++) {
        const epo__subject *s = &b->subjects[i];
        if (!s->name[0]) continue; /* stands in for something that could not be read */
        epo__object_row row = {.survey = im->survey, .name = s->name, .ra = s->ra, .dec = s->dec, .class_given = s->class_given,
                               .class_name = s->class_name, .parent = s->parent, .source = im->source};
        bool added;
        status = epo__store_object_put(im->store, &row, &objects[i], &added);
        im->counts.objects += status == EPO_OK && added;
    }
    for (size_t i = 0; status == EPO_OK && i < b->exposure_count; i++) {
        const epo__exposure *e = &b->exposures[i];
        if (e->error) continue;
        for (size_t k = 0; status == EPO_OK && k < e->plane_count; k++)
            status = put_plane(im, e, &b->planes[e->first_plane + k], (int)k, objects[e->subject]);
    }
    for (size_t i = 0; status == EPO_OK && i < b->point_count; i++) {
        const epo__point *pt = &b->points[i];
        epo__photometry_row row = {.object = objects[pt->subject], .source = im->source, .method = "given", .mjd = pt->mjd,
                                   .mag = pt->mag, .mag_err = pt->mag_err, .filter = pt->filter};
        bool added;
        status = epo__store_photometry_put(im->store, &row, &added);
        if (status != EPO_OK) break;
        if (added)
            im->counts.photometry++;
        else
            im->counts.duplicates++;
    }
    im->counts.duplicates += (int64_t)b->duplicates;
    free(objects);
    return status;
}

/* A single exposure that could not be read does not spoil its file, unless the file had nothing else. */
static size_t count_errors(const epo__batch *b, const char **first)
{
    size_t errors = 0;
    for (size_t i = 0; i < b->exposure_count; i++)
        if (b->exposures[i].error && errors++ == 0) *first = b->exposures[i].error;
    return errors;
}

static epo_status queue_event(importer *im, const piece *p, const char *message)
{
    if (!epo__grow(&im->pending, &im->pending_room, im->pending_count + 1, sizeof *im->pending)) return epo__nomem("report");
    pending_event e = {.path = epo__strdup(p->path), .message = message && message[0] ? epo__strdup(message) : NULL, .event = im->event};
    if (!e.path || (message && message[0] && !e.message)) {
        free(e.path);
        free(e.message);
        return epo__nomem("report");
    }
    im->pending[im->pending_count++] = e;
    return EPO_OK;
}

static epo_status end_file(importer *im, const piece *p)
{
    epo_import_summary *s = im->summary;
    epo_status status = EPO_OK;
    s->files++;
    if (im->refused) {
        s->refused++;
    } else if (p->unchanged) {
        im->event.unchanged = true;
        s->unchanged++;
    } else {
        status = epo__store_source_finish(im->store, im->source, &im->counts);
        if (status == EPO_OK) status = epo__store_release(im->store);
        if (status != EPO_OK) return status;
        s->imported++;
        s->objects += im->event.objects = (uint64_t)im->counts.objects;
        s->stamps += im->event.stamps = (uint64_t)im->counts.stamps;
        s->points += im->event.points = (uint64_t)im->counts.photometry;
        s->duplicates += (uint64_t)im->counts.duplicates;
    }
    status = queue_event(im, p, im->refused ? im->refusal : im->note);
    im->refused = false;
    return status;
}

/* Refuses the file at hand: what it wrote is undone. */
static void spoil_file(importer *im, epo_status status, const char *reason, bool begun)
{
    if (begun) epo__store_rollback_to(im->store);
    im->refused = true;
    im->event.status = status;
    snprintf(im->refusal, sizeof im->refusal, "%s", reason);
}

static epo_status write_piece(importer *im, piece *p)
{
    epo_status status = EPO_OK;
    if (p->first) {
        im->event = (epo_import_event){0};
        im->note[0] = '\0';
        im->refused = false;
        if (p->status != EPO_OK) {
            spoil_file(im, p->status, p->message, false);
            return EPO_OK;
        }
        if (p->unchanged) return EPO_OK;
        if ((status = begin_file(im, p)) != EPO_OK) return status;
    }
    if (im->refused) return EPO_OK;
    if (p->status != EPO_OK) {
        spoil_file(im, p->status, p->message, true);
        return EPO_OK;
    }
    const char *error = NULL;
    size_t errors = count_errors(&p->batch, &error);
    if (errors && p->first && p->last && errors == p->batch.exposure_count) {
        spoil_file(im, EPO_EFORMAT, error, true);
        return EPO_OK;
    }
    if (errors) snprintf(im->note, sizeof im->note, "%zu left out: %s", errors, error);
    if (p->batch.note[0] && !im->note[0]) snprintf(im->note, sizeof im->note, "%s", p->batch.note);
    im->summary->suspect_dates += p->batch.suspect_dates;
    im->summary->constant_images += p->batch.constant_images;
    return put_batch(im, &p->batch);
}

static epo_status piece_deliver(void *context, void *chunk)
{
    importer *im = context;
    piece *p = chunk;
    pthread_mutex_lock(&im->store_lock);
    epo_status status = write_piece(im, p);
    if (status == EPO_OK && p->last) status = end_file(im, p);
    if (status == EPO_OK && p->last &&
        (!im->in_transaction || im->transaction_bytes >= COMMIT_BYTES || epo__seconds() - im->transaction_start > COMMIT_SECONDS))
        status = commit(im);
    pthread_mutex_unlock(&im->store_lock);
    return status;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* Every option that changes what a file means, in a fixed order: part of what makes an import the same import. */
static char *options_json(const epo_import_options *o)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"class", o->class_name}, {"label_column", o->label_column}, {"real_label", o->real_label}, {"extname", o->extname},
                 {"array", o->array},      {"names", o->names},               {"frames", o->frames},         {"times", o->times},
                 {"planes", o->planes},    {"survey", o->survey}};
    epo__string s = {0};
    epo__string_add(&s, "{");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!texts[i].value) continue;
        epo__string_addf(&s, "%s\"%s\":", s.length > 1 ? "," : "", texts[i].name);
        epo__string_add_json(&s, texts[i].value);
    }
    if (isfinite(o->bad_below)) epo__string_addf(&s, "%s\"bad_below\":%.17g", s.length > 1 ? "," : "", o->bad_below);
    epo__string_add(&s, "}");
    if (s.failed) epo__string_free(&s);
    return s.text;
}

epo_status epo_import(epo_store *store, const char *const *paths, size_t count, const epo_import_options *options, epo_import_fn report,
                      void *context, epo_import_summary *out)
{
    *out = (epo_import_summary){0};
    importer im = {.store = store, .options = options, .report = report, .report_context = context, .summary = out};
    epo_status status = epo__reader_find(options->format, &im.reader);
    if (status != EPO_OK) return status;
    im.survey = options->survey ? options->survey : im.reader->survey;
    im.options_text = options_json(options);
    im.reader_state = epo__alloc(1, im.reader->state_size);
    if (!im.options_text || !im.reader_state) status = epo__nomem("import");
    if (status == EPO_OK) status = epo__walk_create(paths, count, im.reader->suffixes, im.reader->first_suffix, &im.walk);
    pthread_mutex_init(&im.store_lock, NULL);
    if (status == EPO_OK) {
        epo__pipeline pipeline = {&im, piece_make, piece_free, piece_fill, piece_work, piece_deliver};
        status = epo__pipeline_run(&pipeline, epo__threads(options->threads));
    }
    /* what came before a failure is kept: it is whole files only */
    if (im.in_transaction) {
        char message[512];
        snprintf(message, sizeof message, "%s", epo_error_message());
        if (im.reader && status != EPO_OK) epo__store_rollback_to(store);
        epo_status committed = commit(&im);
        if (committed != EPO_OK) {
            epo__store_rollback(store);
            if (status == EPO_OK) status = committed;
        } else if (status != EPO_OK) {
            epo__fail(status, "%s", message);
        }
    }
    tell_pending(&im, EPO_ECANCELLED); /* never committed: only released */
    if (im.reader && im.reader_state && im.reader->release) im.reader->release(im.reader_state);
    epo__walk_free(im.walk);
    pthread_mutex_destroy(&im.store_lock);
    free(im.reader_state);
    free(im.options_text);
    free(im.pending);
    return status;
}
