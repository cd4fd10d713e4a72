/* SPDX-License-Identifier: BSD-3-Clause
 * import_writer.c - batches into the store. */
#include "data/import_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/objects.h"

static const uint64_t COMMIT_BYTES = 64u << 20; /* pixels a transaction */
static const double COMMIT_SECONDS = 2;         /* and no event waits longer than about this */

/* Objects of one name further apart than this are two; well above the scatter of any survey's positions. */
static const double SAME_PLACE = 0.01; /* degrees */

/* What is told once it is committed. */
typedef struct epo__writer_event {
    char *path, *message;
    epo_import_event event;
} epo__writer_event;

/* --- transactions and events -------------------------------------------------------------------------------------- */

static void add_summary(epo_import_summary *to, const epo_import_summary *from)
{
    to->files += from->files;
    to->imported += from->imported;
    to->unchanged += from->unchanged;
    to->refused += from->refused;
    to->objects += from->objects;
    to->stamps += from->stamps;
    to->points += from->points;
    to->duplicates += from->duplicates;
    to->left_out += from->left_out;
    to->suspect_dates += from->suspect_dates;
    to->constant_images += from->constant_images;
}

/* Reports the pending events, unless `status` or an earlier report says to stop, and forgets them. */
static epo_status tell_pending(epo__writer *w, epo_status status)
{
    for (size_t i = 0; i < w->pending_count; i++) {
        epo__writer_event *e = &w->pending[i];
        e->event.path = e->path;
        e->event.message = e->message;
        if (status == EPO_OK && w->report) status = w->report(w->report_context, &e->event);
        free(e->path);
        free(e->message);
    }
    w->pending_count = 0;
    return status;
}

static epo_status commit(epo__writer *w)
{
    if (w->in_transaction) {
        epo_status status = epo__store_commit(w->store);
        if (status != EPO_OK) return status;
        w->in_transaction = false;
        w->transaction_bytes = 0;
        w->settled = epo__seconds();
    }
    add_summary(w->summary, &w->tally);
    w->tally = (epo_import_summary){0};
    return tell_pending(w, EPO_OK);
}

static epo_status queue_event(epo__writer *w, const char *path, const char *message, epo_import_event event)
{
    if (!epo__grow(&w->pending, &w->pending_room, w->pending_count + 1, sizeof *w->pending))
        return epo__nomem("report");
    epo__writer_event e = {.path = epo__strdup(path), .message = message ? epo__strdup(message) : NULL, .event = event};
    if (!e.path || (message && !e.message)) {
        free(e.path);
        free(e.message);
        return epo__nomem("report");
    }
    w->pending[w->pending_count++] = e;
    return EPO_OK;
}

/* --- one file ----------------------------------------------------------------------------------------------------- */

void epo__writer_start(epo__writer *w)
{
    w->begun = w->refused = w->known = false;
    w->refusal = EPO_OK;
    w->message[0] = '\0';
    w->exposures = 0;
    w->counts = (epo__source_row){0};
    w->file = (epo_import_summary){0};
}

void epo__writer_refuse(epo__writer *w, epo_status status, const char *reason)
{
    if (w->refused) return;
    if (w->begun) epo__store_rollback_to(w->store);
    w->refused = true;
    w->refusal = status;
    if (reason != w->message) snprintf(w->message, sizeof w->message, "%s", reason);
}

void epo__writer_pass(epo__writer *w)
{
    w->known = true;
}

static epo_status begin_file(epo__writer *w, const epo__import_file *file)
{
    epo_status status = EPO_OK;
    if (!w->in_transaction) {
        if ((status = epo__store_begin(w->store)) != EPO_OK) return status;
        w->in_transaction = true;
    }
    /* the reading side sees only what is committed: the same content may have come a moment ago */
    int64_t id;
    if ((status = epo__store_source_find(w->store, file->digest, w->format, file->options, &id)) != EPO_OK)
        return status;
    w->known = id != 0;
    if (w->known) return EPO_OK;
    if ((status = epo__store_savepoint(w->store)) != EPO_OK) return status;
    w->begun = true;
    epo__source_row row = {.survey = w->survey,
                           .path = file->path,
                           .digest = file->digest,
                           .format = w->format,
                           .options = file->options,
                           .bytes = file->bytes};
    return epo__store_source_add(w->store, &row, &w->source);
}

/* What the store says about a row that cannot be is the file's fault, and refuses it; the rest is the store's own. */
static epo_status blame(epo__writer *w, const char *path, epo_status status)
{
    if (status != EPO_EARG && status != EPO_ELIMIT) return status;
    epo__fail_in(status, "%s", path);
    epo__writer_refuse(w, status, epo_error_message());
    return EPO_OK;
}

/* Two files may name two objects alike. Merged, their sequences would be nonsense; that they are far apart tells.
 * (Names that a survey gives are believed: brokers' test alerts have objects that jump.) */
static epo_status check_place(epo__writer *w, const char *path, const epo__subject *s, int64_t id)
{
    epo__object_row there;
    if (isnan(s->ra) || isnan(s->dec)) return EPO_OK;
    epo__pool_clear(&w->texts);
    epo_status status = epo__store_object_get(w->store, id, &w->texts, &there);
    if (status != EPO_OK || isnan(there.ra) || isnan(there.dec)) return status;
    double ra = remainder(s->ra - there.ra, 360) * cos(s->dec * (M_PI / 180)), dec = s->dec - there.dec,
           apart = hypot(ra, dec);
    if (apart <= SAME_PLACE) return EPO_OK;
    epo__fail(EPO_EFORMAT,
              "%s: object %s is in the store already, %.3g degrees away: another one of the same name? Name another "
              "survey for it",
              path, s->name, apart);
    epo__writer_refuse(w, EPO_EFORMAT, epo_error_message());
    return EPO_OK;
}

static epo_status put_object(epo__writer *w, const char *path, const epo__subject *s, int64_t *id)
{
    epo__object_row row = {.survey = w->survey,
                           .name = s->name,
                           .ra = s->ra,
                           .dec = s->dec,
                           .class_given = s->class_given,
                           .class_name = s->class_name,
                           .parent = s->parent,
                           .source = w->source};
    bool added;
    epo_status status = epo__store_object_put(w->store, &row, id, &added);
    if (status != EPO_OK) return blame(w, path, status);
    w->counts.objects += added;
    return added || !w->check_places ? EPO_OK : check_place(w, path, s, *id);
}

/* A stamp whose key is there is the same stamp, or else two things go by one name: nothing is dropped in silence. */
static epo_status check_same(epo__writer *w, const char *path, const char *object, const epo__stamp_row *row,
                             const epo__plane *plane, int64_t id)
{
    epo_status status = epo__store_stamps_next(w->store, id - 1, 1, &w->existing);
    if (status != EPO_OK) return status;
    const epo__stamp_row *there = w->existing.rows;
    if (w->existing.count == 1 && there->id == id && there->type == row->type && there->width == row->width &&
        there->height == row->height &&
        !epo__pixels_problem(there->type, there->width, there->height, there->crc32, plane->image.pixels,
                             epo__image_bytes(&plane->image)))
        return EPO_OK;
    epo__fail(
        EPO_EFORMAT,
        "%s: exposure %s of object %s is in the store already, with other pixels: another object of the same name? "
        "Name another survey for it",
        path, row->exposure, object);
    epo__writer_refuse(w, EPO_EFORMAT, epo_error_message());
    return EPO_OK;
}

static epo_status put_plane(epo__writer *w, const char *path, const char *object, const epo__exposure *e,
                            const epo__plane *plane, int number, int64_t object_id)
{
    const epo__image *image = &plane->image;
    if (image->width > EPO__SIDE_MAX || image->height > EPO__SIDE_MAX) {
        epo__fail(EPO_ELIMIT, "%s: an image of %zu x %zu pixels; the store takes sides up to %d", path, image->width,
                  image->height, EPO__SIDE_MAX);
        epo__writer_refuse(w, EPO_ELIMIT, epo_error_message());
        return EPO_OK;
    }
    epo__stamp_row row = {
        .object = object_id,
        .source = w->source,
        .exposure = e->key,
        .role = plane->role,
        .plane = number,
        .mjd = e->mjd,
        .mjd_given = e->mjd_given,
        .mjd_suspect = e->mjd_suspect,
        .night = e->night,
        .filter = e->filter,
        .type = image->type,
        .width = (int)image->width,
        .height = (int)image->height,
        .constant = plane->constant,
        .mag = e->mag,
        .mag_err = e->mag_err,
        .fwhm = e->fwhm,
        .candid = e->candid,
        .rb = e->rb,
        .drb = e->drb,
        .rb_version = e->rb_version,
        .drb_version = e->drb_version,
        .extra = e->extra,
    };
    int64_t id;
    bool added;
    epo_status status = epo__store_stamp_put(w->store, &row, image->pixels, &id, &added);
    if (status != EPO_OK) return blame(w, path, status);
    if (!added) {
        w->counts.duplicates++;
        return check_same(w, path, object, &row, plane, id);
    }
    w->counts.stamps++;
    w->transaction_bytes += epo__image_bytes(image);
    return EPO_OK;
}

static epo_status put_exposures(epo__writer *w, const char *path, const epo__batch *b)
{
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && !w->refused && i < b->exposure_count; i++) {
        const epo__exposure *e = &b->exposures[i];
        if (e->error &&
            !b->subjects[e->subject].name[0]) { /* the container itself is damaged, and half a file never counts */
            epo__writer_refuse(w, EPO_EFORMAT, e->error);
            continue;
        }
        if (e->error) { /* one object's stamp cannot be read: that does not spoil those beside it */
            if (w->file.left_out++ == 0) snprintf(w->message, sizeof w->message, "%s", e->error);
            continue;
        }
        w->exposures++;
        for (size_t k = 0; status == EPO_OK && !w->refused && k < e->plane_count; k++)
            status = put_plane(w, path, b->subjects[e->subject].name, e, &b->planes[e->first_plane + k], (int)k,
                               w->objects[e->subject]);
    }
    return status;
}

static epo_status put_points(epo__writer *w, const char *path, const epo__batch *b)
{
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && !w->refused && i < b->point_count; i++) {
        const epo__point *p = &b->points[i];
        epo__photometry_row row = {.object = w->objects[p->subject],
                                   .source = w->source,
                                   .method = p->method ? p->method : "given",
                                   .mjd = p->mjd,
                                   .mag = p->mag,
                                   .mag_err = p->mag_err,
                                   .filter = p->filter,
                                   .flag = p->suspect ? EPO__PHOTOMETRY_SUSPECT : 0};
        bool added;
        status = epo__store_photometry_put(w->store, &row, &added);
        if (status != EPO_OK) return blame(w, path, status);
        if (added)
            w->counts.photometry++;
        else
            w->counts.duplicates++;
    }
    return status;
}

epo_status epo__writer_put(epo__writer *w, const epo__import_file *file, const epo__batch *b)
{
    epo_status status = EPO_OK;
    if (!w->begun && !w->refused && !w->known) status = begin_file(w, file);
    if (status != EPO_OK || w->refused || w->known) return status;
    if (!epo__grow(&w->objects, &w->object_room, b->subject_count, sizeof *w->objects))
        return epo__nomem("objects of a batch");
    for (size_t i = 0; status == EPO_OK && !w->refused && i < b->subject_count; i++) {
        if (b->subjects[i].name[0]) status = put_object(w, file->path, &b->subjects[i], &w->objects[i]);
    }
    if (status == EPO_OK) status = put_exposures(w, file->path, b);
    if (status == EPO_OK) status = put_points(w, file->path, b);
    w->counts.duplicates += (int64_t)b->duplicates;
    w->file.suspect_dates += b->suspect_dates;
    w->file.constant_images += b->constant_images;
    return status;
}

/* What was left out or is doubtful, in words, through the error message, which makes hostile names printable. */
static const char *describe(const epo__writer *w, const char *path)
{
    const epo_import_summary *f = &w->file;
    if (f->left_out)
        epo__fail(EPO_OK, "%s (left out, as one of %llu of %llu)", w->message, (unsigned long long)f->left_out,
                  (unsigned long long)(f->left_out + w->exposures));
    else if (f->suspect_dates || f->constant_images)
        epo__fail(EPO_OK, "%s: %llu impossible dates, %llu constant images", path, (unsigned long long)f->suspect_dates,
                  (unsigned long long)f->constant_images);
    else
        return NULL;
    return epo_error_message();
}

epo_status epo__writer_end(epo__writer *w, const char *path)
{
    const char *note = NULL;
    epo_import_event event = {0};
    epo_status status = EPO_OK;
    if (w->file.left_out && w->exposures == 0)
        epo__writer_refuse(w, EPO_EFORMAT, w->message); /* nothing in it can be read */
    if (w->refused) {
        w->file = (epo_import_summary){.files = 1, .refused = 1};
        event.status = w->refusal;
        note = w->message;
    } else if (w->known) {
        w->file = (epo_import_summary){.files = 1, .unchanged = 1};
        event.unchanged = true;
    } else {
        status = epo__store_source_finish(w->store, w->source, &w->counts);
        if (status == EPO_OK) status = epo__store_release(w->store);
        if (status != EPO_OK) return status;
        w->file.files = w->file.imported = 1;
        w->file.objects = event.objects = (uint64_t)w->counts.objects;
        w->file.stamps = event.stamps = (uint64_t)w->counts.stamps;
        w->file.points = event.points = (uint64_t)w->counts.photometry;
        w->file.duplicates = (uint64_t)w->counts.duplicates;
        note = describe(w, path);
    }
    add_summary(&w->tally, &w->file);
    status = queue_event(w, path, note, event);
    if (status != EPO_OK) return status;
    /* since the last commit: where files take longer than that, each is committed at once, and the store is not held for
     * all the time that the next one takes to be read */
    bool due = w->transaction_bytes >= COMMIT_BYTES || epo__seconds() - w->settled > COMMIT_SECONDS;
    return !w->in_transaction || due ? commit(w) : EPO_OK;
}

epo_status epo__writer_finish(epo__writer *w, epo_status status)
{
    char message[512];
    snprintf(message, sizeof message, "%s", epo_error_message());
    epo__store_rollback_to(w->store); /* the file at hand, when a failure left it half written */
    epo_status committed = commit(w);
    if (w->in_transaction) epo__store_rollback(w->store);
    tell_pending(w, EPO_ECANCELLED); /* never committed: only released */
    free(w->pending);
    free(w->objects);
    epo__pool_free(&w->texts);
    epo__stamp_list_free(&w->existing);
    return status == EPO_OK ? committed : epo__fail(status, "%s", message);
}
