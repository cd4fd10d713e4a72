/* SPDX-License-Identifier: BSD-3-Clause
 * export_otrain.c - stamps with labels as O'TRAIN's cubes: cube (N, H, W, C) float32 with labels, mags, errmags,
 * filters, fwhms and candids (N).
 *
 * Two walks: the first settles size and labels without reading pixels, so that a class that is neither real nor bogus
 * ends it before anything is written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/export.h"
#include "formats/npz_write.h"

/* What O'TRAIN takes for no magnitude; it leaves such out of its diagnostics. */
static const double NO_MAGNITUDE = 99;

enum { CUBE, LABELS, MAGS, ERRMAGS, FILTERS, FWHMS, CANDIDS, ARRAYS };

typedef struct otrain {
    epo__export *e;
    epo__role roles[EPO__EXPORT_ROLES];
    size_t planes;
    epo__npz_writer *npz;
    float *row; /* height x width x planes */
} otrain;

static const char *roles_of(const epo_export_options *o)
{
    return o->roles ? o->roles : "difference";
}

/* Whether `name` is among the words of "SN,AGN", letters compared without case. */
static bool is_among(const char *name, const char *words)
{
    const size_t length = strlen(name);
    for (const char *at = words; at;) {
        const size_t word = strcspn(at, ",");
        if (word == length && strncasecmp(at, name, length) == 0) return true;
        at = at[word] ? at + word + 1 : NULL;
    }
    return false;
}

/* *label is -1 for an object without a class. */
static epo_status label_of(const epo__export *e, int *label)
{
    const epo_export_options *o = e->options;
    const char *real = o->real ? o->real : "real", *bogus = o->bogus ? o->bogus : "bogus",
               *class_name = e->object.class_name;
    *label = -1;
    if (!class_name) return EPO_OK;
    if (is_among(class_name, real))
        *label = 1;
    else if (is_among(class_name, bogus))
        *label = 0;
    else
        return epo__fail(EPO_EFORMAT,
                         "object %s is of class %s, which is neither real (%s) nor bogus (%s): name its class among "
                         "them, or leave it out by class or split",
                         e->object.name, class_name, real, bogus);
    return EPO_OK;
}

/* The next exposure of the object from *at on: its planes in the order of the roles, NULL where one is missing. */
static bool next_exposure(const otrain *c, size_t *at, const epo__stamp_row **planes)
{
    const epo__stamp_list *list = &c->e->stamps;
    if (*at >= list->count) return false;
    const char *exposure = list->rows[*at].exposure;
    for (size_t p = 0; p < c->planes; p++) planes[p] = NULL;
    for (; *at < list->count && strcmp(list->rows[*at].exposure, exposure) == 0; ++*at)
        for (size_t p = 0; p < c->planes; p++)
            if (!planes[p] && list->rows[*at].role == c->roles[p]) planes[p] = &list->rows[*at];
    return true;
}

static bool is_whole(const otrain *c, const epo__stamp_row *const *planes)
{
    for (size_t p = 0; p < c->planes; p++)
        if (!planes[p]) return false;
    return true;
}

static epo_status survey_object(otrain *c, uint64_t *rows)
{
    const epo__stamp_row *planes[EPO__EXPORT_ROLES];
    uint64_t whole = 0;
    int label = -1;
    epo_status status = EPO_OK;
    for (size_t at = 0; status == EPO_OK && next_exposure(c, &at, planes);) {
        if (!is_whole(c, planes)) {
            c->e->summary->incomplete++;
            continue;
        }
        if (whole++ == 0) status = label_of(c->e, &label);
        if (label < 0) continue;
        for (size_t p = 0; status == EPO_OK && p < c->planes; p++) status = epo__export_size(c->e, planes[p]);
    }
    if (label >= 0)
        *rows += whole;
    else
        c->e->summary->unlabelled += whole > 0;
    return status;
}

/* Every object passes `visit`. */
static epo_status walk(otrain *c, epo_status (*visit)(otrain *c, uint64_t *rows), uint64_t *rows)
{
    bool more = true;
    epo_status status = epo__export_start(c->e);
    while (status == EPO_OK && (status = epo__export_next(c->e, &more)) == EPO_OK && more) status = visit(c, rows);
    return status;
}

static epo_status put_row(otrain *c, const epo__stamp_row *first, int label)
{
    const double mag = isfinite(first->mag) ? first->mag : NO_MAGNITUDE,
                 err = isfinite(first->mag_err) ? first->mag_err : NO_MAGNITUDE;
    const int64_t truth = label, candid = first->candid ? first->candid : first->id;
    const size_t items = (size_t)c->e->width * (size_t)c->e->height * c->planes;
    epo_status status = epo__npz_put(c->npz, CUBE, c->row, items);
    if (status == EPO_OK) status = epo__npz_put(c->npz, LABELS, &truth, 1);
    if (status == EPO_OK) status = epo__npz_put(c->npz, MAGS, &mag, 1);
    if (status == EPO_OK) status = epo__npz_put(c->npz, ERRMAGS, &err, 1);
    if (status == EPO_OK) status = epo__npz_put_text(c->npz, FILTERS, first->filter ? first->filter : "");
    if (status == EPO_OK) status = epo__npz_put(c->npz, FWHMS, &first->fwhm, 1);
    if (status == EPO_OK) status = epo__npz_put(c->npz, CANDIDS, &candid, 1);
    return status;
}

/* The planes of one exposure side by side in each pixel; *good is false when one is damaged. */
static epo_status fill_row(otrain *c, const epo__stamp_row *const *planes, bool *good)
{
    const size_t pixels = (size_t)c->e->width * (size_t)c->e->height;
    epo_status status = EPO_OK;
    for (size_t p = 0; status == EPO_OK && *good && p < c->planes; p++) {
        status = epo__export_pixels(c->e, planes[p], (float)c->e->options->fill, good);
        for (size_t i = 0; status == EPO_OK && *good && i < pixels; i++) c->row[i * c->planes + p] = c->e->fitted[i];
    }
    return status;
}

static epo_status write_object(otrain *c, uint64_t *rows)
{
    const epo__stamp_row *planes[EPO__EXPORT_ROLES];
    const uint64_t before = *rows;
    int label = -1;
    epo_status status = EPO_OK;
    for (size_t at = 0; status == EPO_OK && next_exposure(c, &at, planes);) {
        bool good = is_whole(c, planes);
        if (good) status = label_of(c->e, &label);
        if (status != EPO_OK || !good || label < 0) continue;
        status = fill_row(c, planes, &good);
        if (status != EPO_OK || !good) continue;
        status = put_row(c, planes[0], label);
        ++*rows;
    }
    c->e->summary->objects += *rows > before;
    return status;
}

static epo_status otrain_write(epo__export *e, const char *path)
{
    uint64_t rows = 0, written = 0;
    otrain c = {.e = e};
    epo_status status = epo__export_roles(roles_of(e->options), c.roles, &c.planes);
    e->quiet = true; /* the second walk finds the same damage */
    if (status == EPO_OK) status = walk(&c, survey_object, &rows);
    e->quiet = false;
    if (status == EPO_OK && rows == 0) status = epo__export_nothing(e, roles_of(e->options));
    if (status != EPO_OK) return status;
    const epo__npz_array arrays[ARRAYS] = {
        [CUBE] = {"cube", EPO__NPY_FLOAT, 4, 3, {(size_t)e->height, (size_t)e->width, c.planes}},
        [LABELS] = {"labels", EPO__NPY_INT, 8, 0, {0}},
        [MAGS] = {"mags", EPO__NPY_FLOAT, 8, 0, {0}},
        [ERRMAGS] = {"errmags", EPO__NPY_FLOAT, 8, 0, {0}},
        [FILTERS] = {"filters", EPO__NPY_UNICODE, 0, 0, {0}},
        [FWHMS] = {"fwhms", EPO__NPY_FLOAT, 8, 0, {0}},
        [CANDIDS] = {"candids", EPO__NPY_INT, 8, 0, {0}},
    };
    c.row = epo__alloc(epo__product3((size_t)e->width, (size_t)e->height, c.planes), sizeof *c.row);
    status = c.row ? epo__npz_create(path, arrays, ARRAYS, &c.npz) : epo__nomem("a row of a cube");
    if (status == EPO_OK) status = walk(&c, write_object, &written);
    if (status == EPO_OK && written == 0) status = epo__export_nothing(e, roles_of(e->options));
    e->summary->rows = written;
    if (status == EPO_OK)
        status = epo__npz_finish(c.npz);
    else
        epo__npz_drop(c.npz);
    free(c.row);
    return status;
}

static epo_status otrain_check(const epo_export_options *o)
{
    epo__role roles[EPO__EXPORT_ROLES];
    size_t count;
    return epo__export_roles(roles_of(o), roles, &count);
}

const epo__export_kind epo__export_otrain = {
    .name = "otrain",
    .about = "npz with O'TRAIN's arrays: cube, labels, mags, errmags, filters, fwhms, candids",
    .check = otrain_check,
    .write = otrain_write,
};
