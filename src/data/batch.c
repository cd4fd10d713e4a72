/* SPDX-License-Identifier: BSD-3-Clause
 * batch.c - filling and reusing batches. */
#include "data/batch.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

/* The images keep their memory for the next batch. Where a batch was huge that is too much to hold on to, and by batch after batch
 * with a big image in another place each of them would come to be big. */
enum { KEPT_MOST = 64 << 20, FULL = 4 << 20 };

void epo__batch_clear(epo__batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->plane_room; i++) kept += batch->planes[i].image.capacity;
    for (size_t i = 0; kept > KEPT_MOST && i < batch->plane_room; i++) epo__image_free(&batch->planes[i].image);
    batch->subject_count = batch->exposure_count = batch->plane_count = batch->point_count = 0;
    batch->duplicates = batch->suspect_dates = batch->constant_images = 0;
    batch->path = NULL;
    batch->raw.size = batch->claimed = 0;
    epo__pool_clear(&batch->texts);
}

bool epo__batch_is_full(const epo__batch *batch)
{
    size_t pixels = 0;
    for (size_t i = 0; i < batch->plane_count; i++) pixels += epo__image_bytes(&batch->planes[i].image);
    return batch->raw.size >= FULL || batch->claimed >= FULL || pixels >= FULL;
}

void epo__batch_free(epo__batch *batch)
{
    if (!batch) return;
    for (size_t i = 0; i < batch->plane_room; i++) epo__image_free(&batch->planes[i].image);
    free(batch->subjects);
    free(batch->exposures);
    free(batch->planes);
    free(batch->points);
    epo__bytes_free(&batch->raw);
    epo__bytes_free(&batch->scratch);
    epo__pool_free(&batch->texts);
    *batch = (epo__batch){0};
}

const char *epo__batch_text(epo__batch *batch, const char *text)
{
    return epo__pool_add(&batch->texts, text, strlen(text));
}

const char *epo__batch_textf(epo__batch *batch, const char *format, ...)
{
    char text[4352]; /* a path and what is put behind it */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return epo__batch_text(batch, text);
}

epo_status epo__batch_subject(epo__batch *batch, const char *name, size_t *index)
{
    if (!epo__grow(&batch->subjects, &batch->subject_room, batch->subject_count + 1, sizeof *batch->subjects))
        return epo__nomem("objects of a batch");
    epo__subject *s = &batch->subjects[batch->subject_count];
    *s = (epo__subject){.name = epo__batch_text(batch, name), .ra = NAN, .dec = NAN};
    if (!s->name) return epo__nomem("objects of a batch");
    *index = batch->subject_count++;
    return EPO_OK;
}

epo_status epo__batch_exposure(epo__batch *batch, size_t subject, const char *id, size_t *index)
{
    if (!epo__grow(&batch->exposures, &batch->exposure_room, batch->exposure_count + 1, sizeof *batch->exposures))
        return epo__nomem("exposures of a batch");
    epo__exposure *e = &batch->exposures[batch->exposure_count];
    *e = (epo__exposure){.subject = subject,
                         .id = epo__batch_text(batch, id),
                         .mjd = NAN,
                         .mjd_given = NAN,
                         .mag = NAN,
                         .mag_err = NAN,
                         .fwhm = NAN,
                         .rb = NAN,
                         .drb = NAN};
    if (!e->id) return epo__nomem("exposures of a batch");
    *index = batch->exposure_count++;
    return EPO_OK;
}

epo_status epo__batch_plane(epo__batch *batch, epo__exposure *exposure, epo__role role, epo__plane **plane)
{
    if (!epo__grow(&batch->planes, &batch->plane_room, batch->plane_count + 1, sizeof *batch->planes))
        return epo__nomem("planes of a batch");
    if (exposure->plane_count++ == 0) exposure->first_plane = batch->plane_count;
    epo__plane *p = &batch->planes[batch->plane_count++];
    p->role = role; /* the image keeps the memory it had */
    p->constant = false;
    *plane = p;
    return EPO_OK;
}

epo_status epo__batch_point(epo__batch *batch, size_t subject, epo__point **point)
{
    if (!epo__grow(&batch->points, &batch->point_room, batch->point_count + 1, sizeof *batch->points))
        return epo__nomem("points of a batch");
    *point = &batch->points[batch->point_count++];
    **point = (epo__point){.subject = subject, .mjd = NAN, .mag = NAN, .mag_err = NAN};
    return EPO_OK;
}

/* A constant image holds nothing; comparing bytes with the first pixel's is exact, and NaNs alike count as constant. */
void epo__batch_check_constant(epo__batch *batch, epo__plane *plane)
{
    size_t bytes = epo__image_bytes(&plane->image), pixel = epo__pixel_size(plane->image.type);
    const char *pixels = plane->image.pixels;
    plane->constant = bytes == pixel || memcmp(pixels, pixels + pixel, bytes - pixel) == 0;
    batch->constant_images += plane->constant;
}

void epo__batch_spoil(epo__batch *batch, epo__exposure *exposure)
{
    const char *message = epo__batch_text(batch, epo_error_message());
    exposure->error = message ? message : "out of memory";
    exposure->plane_count = 0;
}

bool epo__mjd_plausible(double mjd)
{
    return mjd >= 0 && mjd < 100000;
}

epo_status epo__batch_time(epo__batch *batch, epo__exposure *e, double mjd)
{
    if (!epo__mjd_plausible(mjd)) {
        e->mjd_given = mjd;
        e->mjd_suspect = true;
        batch->suspect_dates++;
        return EPO_OK;
    }
    e->mjd = mjd;
    e->night = epo__batch_night(batch, mjd);
    return e->night ? EPO_OK : epo__nomem("night");
}

const char *epo__batch_night(epo__batch *batch, double mjd)
{
    char date[11];
    epo__date_of_mjd(mjd, date);
    return epo__batch_text(batch, date);
}
