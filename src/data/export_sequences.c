/* SPDX-License-Identifier: BSD-3-Clause
 * export_sequences.c - image sequences as numpy arrays: x (N, T, H, W) float32, nframes, label and names (N), mjd (N,
 * T).
 *
 * The importer of cubes reads them back. T is that of the longest sequence, which a first walk finds without reading
 * pixels; what a shorter one lacks is NaN. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/export.h"
#include "formats/npz_write.h"

enum { X, NFRAMES, LABEL, MJD, NAMES, ARRAYS };
enum { MOST_ITEMS = 1 << 26, MOST_FRAMES = 100000 }; /* of an object: what the importer takes */

typedef struct sequences {
    epo__export *e;
    epo__role role;
    size_t longest;
    epo__npz_writer *npz;
    double *mjd;  /* `longest` of them */
    float *blank; /* a frame that is not there */
} sequences;

static const char *role_of(const epo_export_options *o)
{
    return o->roles ? o->roles : "science";
}

static epo_status survey_object(sequences *s)
{
    size_t frames = 0;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < s->e->stamps.count; i++) {
        if (s->e->stamps.rows[i].role != s->role) continue;
        frames++;
        status = epo__export_size(s->e, &s->e->stamps.rows[i]);
    }
    if (frames > s->longest) s->longest = frames;
    return status;
}

/* A name that stands for one object: surveys may share names, and a reader would take two objects for one. */
static epo_status put_name(sequences *s)
{
    int64_t surveys;
    const epo__object_row *object = &s->e->object;
    epo_status status = epo__store_object_surveys(s->e->store, object->name, &surveys);
    if (status != EPO_OK || surveys <= 1)
        return status == EPO_OK ? epo__npz_put_text(s->npz, NAMES, object->name) : status;
    char *name = epo__format("%s:%s", object->survey, object->name);
    status = name ? epo__npz_put_text(s->npz, NAMES, name) : epo__nomem("a name");
    free(name);
    return status;
}

static epo_status end_row(sequences *s, size_t frames)
{
    const size_t pixels = (size_t)s->e->width * (size_t)s->e->height;
    const int64_t used = (int64_t)frames;
    epo_status status = EPO_OK;
    for (size_t t = frames; status == EPO_OK && t < s->longest; t++) {
        s->mjd[t] = NAN;
        status = epo__npz_put(s->npz, X, s->blank, pixels);
    }
    if (status == EPO_OK) status = epo__npz_put(s->npz, NFRAMES, &used, 1);
    if (status == EPO_OK)
        status = epo__npz_put_text(s->npz, LABEL, s->e->object.class_name ? s->e->object.class_name : "");
    if (status == EPO_OK) status = epo__npz_put(s->npz, MJD, s->mjd, s->longest);
    if (status == EPO_OK) status = put_name(s);
    s->e->summary->objects++;
    s->e->summary->rows++;
    s->e->summary->frames += frames;
    return status;
}

static epo_status write_object(sequences *s)
{
    const size_t pixels = (size_t)s->e->width * (size_t)s->e->height;
    size_t frames = 0;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < s->e->stamps.count; i++) {
        const epo__stamp_row *stamp = &s->e->stamps.rows[i];
        bool good;
        if (stamp->role != s->role) continue;
        status = epo__export_pixels(s->e, stamp, NAN, &good);
        if (status != EPO_OK || !good) continue;
        s->mjd[frames++] = stamp->mjd;
        status = epo__npz_put(s->npz, X, s->e->fitted, pixels);
    }
    return status == EPO_OK && frames ? end_row(s, frames) : status;
}

static epo_status walk(sequences *s, epo_status (*visit)(sequences *s))
{
    bool more = true;
    epo_status status = epo__export_start(s->e);
    while (status == EPO_OK && (status = epo__export_next(s->e, &more)) == EPO_OK && more) status = visit(s);
    return status;
}

static epo_status write_arrays(sequences *s, const char *path)
{
    epo__export *e = s->e;
    const size_t pixels = (size_t)e->width * (size_t)e->height;
    const epo__npz_array arrays[ARRAYS] = {
        [X] = {"x", EPO__NPY_FLOAT, 4, 3, {s->longest, (size_t)e->height, (size_t)e->width}},
        [NFRAMES] = {"nframes", EPO__NPY_INT, 8, 0, {0}},
        [LABEL] = {"label", EPO__NPY_UNICODE, 0, 0, {0}},
        [MJD] = {"mjd", EPO__NPY_FLOAT, 8, 1, {s->longest}},
        [NAMES] = {"names", EPO__NPY_UNICODE, 0, 0, {0}},
    };
    s->mjd = epo__alloc(s->longest, sizeof *s->mjd);
    s->blank = epo__alloc(pixels, sizeof *s->blank);
    epo_status status = s->mjd && s->blank ? EPO_OK : epo__nomem("a sequence");
    for (size_t i = 0; s->blank && i < pixels; i++) s->blank[i] = NAN;
    if (status == EPO_OK) status = epo__npz_create(path, arrays, ARRAYS, &s->npz);
    if (status == EPO_OK) status = walk(s, write_object);
    if (status == EPO_OK && e->summary->rows == 0) status = epo__export_nothing(e, role_of(e->options));
    if (status == EPO_OK)
        status = epo__npz_finish(s->npz);
    else
        epo__npz_drop(s->npz);
    free(s->mjd);
    free(s->blank);
    return status;
}

static epo_status sequences_write(epo__export *e, const char *path)
{
    sequences s = {.e = e};
    size_t count;
    epo__role roles[EPO__EXPORT_ROLES];
    epo_status status = epo__export_roles(role_of(e->options), roles, &count);
    if (status != EPO_OK) return status;
    s.role = roles[0];
    e->quiet = true; /* the second walk finds the same damage */
    status = walk(&s, survey_object);
    e->quiet = false;
    e->summary->longest = (int)s.longest;
    if (status == EPO_OK && s.longest == 0) status = epo__export_nothing(e, role_of(e->options));
    if (status == EPO_OK &&
        (s.longest > MOST_FRAMES || s.longest > MOST_ITEMS / ((size_t)e->width * (size_t)e->height)))
        status = epo__fail(EPO_ELIMIT,
                           "a sequence of %zu frames of %d x %d pixels would not be read back: a smaller side or "
                           "another part of the store may",
                           s.longest, e->width, e->height);
    return status == EPO_OK ? write_arrays(&s, path) : status;
}

static epo_status sequences_check(const epo_export_options *o)
{
    epo__role roles[EPO__EXPORT_ROLES];
    size_t count;
    epo_status status = epo__export_roles(role_of(o), roles, &count);
    return status == EPO_OK && count != 1 ? epo__fail(EPO_EARG, "sequences are of one role, not of '%s'", o->roles)
                                          : status;
}

const epo__export_kind epo__export_sequences = {
    .name = "npz-sequences",
    .about = "npz of image sequences: x (N,T,H,W), nframes, label, mjd, names, as import reads them",
    .check = sequences_check,
    .write = sequences_write,
};
