/* SPDX-License-Identifier: BSD-3-Clause
 * read_ztf.c - ZTF alert packets: Avro containers with one or many alerts, each with three gzipped FITS cutouts.
 *
 * `next` decodes Avro and copies the cutouts out; `decode` inflates them and reads the images. The exposure key is the
 * candid, so an alert that comes again through another broker's file is one and the same. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/reader.h"
#include "formats/alert.h"
#include "formats/fits.h"

/* MAX_SIDE: of a cutout, unless the input is trusted; surveys have 63. PIXELS_A_BATCH: bytes of pixels, which only alerts of trusted input
 * reach that lied about what they unpack to. */
enum { ALERTS_A_BATCH = 32, PIXELS_A_BATCH = 48 << 20, MAX_SIDE = 256 };

typedef struct ztf_state {
    epo__alerts_reader *reader; /* lives from file to file: it keeps the compiled schema */
    const char *path;
    size_t number; /* of the alert in its file, from 0 */
} ztf_state;

/* Where a cutout lies in batch->raw, until decode: kept in front of its bytes. */
typedef struct packed_cutout {
    size_t size;
    epo__role role;
} packed_cutout;

static epo_status ztf_open(void *state, const epo_import_options *options, const char *path)
{
    ztf_state *z = state;
    (void)options;
    z->path = path;
    z->number = 0;
    epo_status status = z->reader ? EPO_OK : epo__alerts_create(&z->reader);
    return status == EPO_OK ? epo__alerts_open(z->reader, path) : status;
}

/* How many bytes gzip data say that they unpack to. */
static size_t claimed(const epo__alert_cutout *cutout)
{
    enum { SHORTEST = 18 };
    if (!cutout->bytes || cutout->size < SHORTEST) return 0;
    const unsigned char *end = cutout->bytes + cutout->size - 4;
    return (size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
}

static epo_status pack(epo__batch *batch, epo__role role, const epo__alert_cutout *cutout, size_t *count)
{
    if (!cutout->bytes) return EPO_OK;
    packed_cutout head = {.size = cutout->size, .role = role};
    size_t need;
    if (!epo__size_add(batch->raw.size, cutout->size + sizeof head, &need) ||
        !epo__grow(&batch->raw.data, &batch->raw.capacity, need, 1))
        return epo__nomem("cutouts");
    memcpy(batch->raw.data + batch->raw.size, &head, sizeof head);
    memcpy(batch->raw.data + batch->raw.size + sizeof head, cutout->bytes, cutout->size);
    batch->raw.size = need;
    batch->claimed += claimed(cutout);
    (*count)++;
    return EPO_OK;
}

static epo_status add_alert(const epo_import_options *options, epo__batch *batch, const ztf_state *z,
                            const epo__alert *a)
{
    static const char *const filters[] = {NULL, "g", "r", "i"};
    char id[24];
    size_t subject, index;
    epo_status status = epo__batch_subject(batch, a->object, &subject);
    if (status != EPO_OK) return status;
    batch->subjects[subject].ra = a->ra;
    batch->subjects[subject].dec = a->dec;
    batch->subjects[subject].class_name = options->class_name;
    snprintf(id, sizeof id, "%" PRId64, a->candid);
    if ((status = epo__batch_exposure(batch, subject, id, &index)) != EPO_OK) return status;
    epo__exposure *e = &batch->exposures[index];
    e->key = e->id;
    if ((status = epo__batch_time(batch, e, a->mjd)) != EPO_OK) return status;
    e->filter = a->fid >= 1 && a->fid <= 3 ? filters[a->fid] : NULL;
    e->mag = a->magpsf;
    e->mag_err = a->sigmapsf;
    e->fwhm = a->fwhm;
    e->candid = a->candid;
    e->rb = a->rb;
    e->drb = a->drb;
    e->path = epo__batch_text(batch, z->path);
    if (!e->path) return epo__nomem("alert");
    e->rb_version = a->rbversion[0] ? epo__batch_text(batch, a->rbversion) : NULL;
    e->drb_version = a->drbversion[0] ? epo__batch_text(batch, a->drbversion) : NULL;
    size_t count = 0;
    status = pack(batch, EPO__ROLE_SCIENCE, &a->science, &count);
    if (status == EPO_OK) status = pack(batch, EPO__ROLE_TEMPLATE, &a->template, &count);
    if (status == EPO_OK) status = pack(batch, EPO__ROLE_DIFFERENCE, &a->difference, &count);
    e->packed = count;
    return status;
}

/* An alert that cannot be read becomes an exposure that says so, in its place. */
static epo_status add_bad_alert(epo__batch *batch, const ztf_state *z)
{
    size_t subject, index;
    const char *message = epo__batch_text(batch, epo_error_message());
    const char *id = epo__batch_textf(batch, "%s:%zu", z->path, z->number);
    if (!message || !id) return epo__nomem("alert");
    epo_status status = epo__batch_subject(batch, "", &subject);
    if (status == EPO_OK) status = epo__batch_exposure(batch, subject, id, &index);
    if (status == EPO_OK) batch->exposures[index].error = message;
    return status;
}

static epo_status ztf_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    ztf_state *z = state;
    const size_t before = batch->exposure_count;
    *last = false;
    while (batch->exposure_count < before + ALERTS_A_BATCH && !epo__batch_is_full(batch)) {
        epo__alert alert;
        bool end = false;
        epo_status status = epo__alerts_next(z->reader, &alert, &end);
        if (status == EPO_OK && end) {
            *last = true;
            return EPO_OK;
        }
        if (status == EPO_ENOMEM || (status != EPO_OK && end)) return status;
        status = status == EPO_OK ? add_alert(options, batch, z, &alert) : add_bad_alert(batch, z);
        if (status != EPO_OK) return status;
        z->number++;
    }
    return EPO_OK;
}

static epo_status decode_cutout(const epo_import_options *options, epo__batch *batch, epo__exposure *e,
                                const packed_cutout *head, const unsigned char *bytes)
{
    char name[4352];
    snprintf(name, sizeof name, "%s: alert %s, %s", e->path, e->id, epo__role_name(head->role));
    epo__fits *f = NULL;
    epo__plane *plane;
    size_t hdu;
    epo__fits_limits limits = EPO__FITS_CUTOUT;
    limits.trust = options->trust_input;
    if (!limits.trust) limits.max_side = MAX_SIDE;
    epo_status status = epo__fits_open_scratch(bytes, head->size, name, &limits, &batch->scratch, &f);
    if (status == EPO_OK) status = epo__fits_first_image(f, &hdu);
    if (status == EPO_OK) status = epo__batch_plane(batch, e, head->role, &plane);
    if (status == EPO_OK) status = epo__fits_image(f, hdu, &plane->image);
    if (status == EPO_OK) epo__batch_check_constant(batch, plane);
    epo__fits_close(f);
    return status;
}

static epo_status ztf_decode(const epo_import_options *options, epo__batch *batch)
{
    size_t at = 0, pixels = 0;
    for (size_t i = 0; i < batch->exposure_count; i++) {
        epo__exposure *e = &batch->exposures[i];
        bool bad = pixels > PIXELS_A_BATCH;
        if (bad && e->packed) {
            epo__fail(EPO_ELIMIT, "%s: alert %s: the alerts before it unpack to over %d MiB, and said less", e->path, e->id, PIXELS_A_BATCH >> 20);
            epo__batch_spoil(batch, e);
        }
        for (size_t k = 0; k < e->packed; k++) {
            packed_cutout head;
            memcpy(&head, batch->raw.data + at, sizeof head);
            const unsigned char *bytes = batch->raw.data + at + sizeof head;
            at += sizeof head + head.size;
            if (bad) continue;
            epo_status status = decode_cutout(options, batch, e, &head, bytes);
            if (status == EPO_ENOMEM) return status;
            bad = status != EPO_OK;
            if (bad) epo__batch_spoil(batch, e);
        }
        for (size_t p = 0; p < e->plane_count; p++) pixels += epo__image_bytes(&batch->planes[e->first_plane + p].image);
        if (e->error || e->packed) continue;
        epo__fail(EPO_EFORMAT, "%s: alert %s has no cutouts", e->path, e->id);
        epo__batch_spoil(batch, e);
    }
    return EPO_OK;
}

static void ztf_release(void *state)
{
    epo__alerts_free(((ztf_state *)state)->reader);
}

static const char *const suffixes[] = {".avro", NULL};

const epo__reader_type epo__reader_ztf = {
    .name = "ztf",
    .about = "ZTF alert packets (Avro containers, also with many alerts; gzipped FITS cutouts)",
    .survey = "ZTF",
    .suffixes = suffixes,
    .has_stamps = true,
    .state_size = sizeof(ztf_state),
    .open = ztf_open,
    .next = ztf_next,
    .decode = ztf_decode,
    .release = ztf_release,
};
