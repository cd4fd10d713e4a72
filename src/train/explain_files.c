/* SPDX-License-Identifier: BSD-3-Clause
 * explain_files.c - stamps from files, one after the other: explaining is for a few, so there is no pipeline. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/reader.h"
#include "data/walk.h"
#include "train/explainer.h"

typedef struct explain_files {
    epo__explainer *explainer;
    epo_import_options reading;
    const epo__reader_type *forced; /* or NULL */
    epo__batch batch;
} explain_files;

static epo_status explain_exposure(explain_files *f, const epo__exposure *e)
{
    epo__plane_view views[EPO__STAMP_PLANES];
    const epo__subject *s = &f->batch.subjects[e->subject];
    size_t count = e->plane_count < EPO__STAMP_PLANES ? e->plane_count : EPO__STAMP_PLANES;
    epo_explanation about = {.id = e->id,
                             .object = s->name,
                             .class_given = s->class_name ? s->class_name : "",
                             .mjd = e->mjd,
                             .error = e->error};
    if (e->error) return epo__explain_deliver(f->explainer, &about);
    for (size_t k = 0; k < count; k++) {
        const epo__plane *plane = &f->batch.planes[e->first_plane + k];
        views[k] = (epo__plane_view){.role = plane->role,
                                     .type = plane->image.type,
                                     .height = (int)plane->image.height,
                                     .width = (int)plane->image.width,
                                     .pixels = plane->image.pixels};
    }
    return epo__explain_stamp(f->explainer, views, count, &about);
}

/* A file that cannot be read is a result like any other. */
static epo_status deliver_error(explain_files *f, const char *path)
{
    char message[512];
    snprintf(message, sizeof message, "%s", epo_error_message());
    epo_explanation about = {.id = path, .object = "", .class_given = "", .mjd = NAN, .error = message};
    return epo__explain_deliver(f->explainer, &about);
}

static epo_status read_file(explain_files *f, const epo__reader_type *reader, void *state, const char *path)
{
    bool last = false;
    epo_status status = reader->open(state, &f->reading, path);
    if (status != EPO_OK) return status == EPO_ENOMEM || status == EPO_EARG ? status : deliver_error(f, path);
    while (status == EPO_OK && !last && !epo__explainer_done(f->explainer)) {
        epo__batch_clear(&f->batch);
        status = reader->next(state, &f->reading, &f->batch, &last);
        if (status != EPO_OK && status != EPO_ENOMEM) return deliver_error(f, path);
        if (status == EPO_OK && reader->decode) status = reader->decode(&f->reading, &f->batch);
        for (size_t i = 0; status == EPO_OK && i < f->batch.exposure_count && !epo__explainer_done(f->explainer); i++)
            status = explain_exposure(f, &f->batch.exposures[i]);
    }
    return status;
}

static epo_status explain_path(explain_files *f, const char *path)
{
    const epo__reader_type *reader = f->forced;
    epo_status status = reader ? EPO_OK : epo__reader_guess(path, &reader);
    if (status != EPO_OK) return deliver_error(f, path);
    if (!reader->has_stamps)
        return epo__fail(EPO_EARG, "format %s holds no single stamps: import it, then explain the objects of the store",
                         reader->name);
    void *state = epo__alloc(1, reader->state_size);
    if (!state) return epo__nomem("reader");
    status = read_file(f, reader, state, path);
    if (reader->release) reader->release(state);
    free(state);
    return status;
}

epo_status epo_explain_files(const epo_model *model, const char *const *paths, size_t count,
                             const epo_explain_options *options, epo_explain_fn result, void *context,
                             epo_explain_summary *out)
{
    static const char *const all_suffixes[] = {".avro", ".fits", ".fit", ".fits.gz", ".fit.gz", ".npy", ".npz", NULL};
    const epo_explain_options standard = EPO_EXPLAIN_OPTIONS_INIT;
    if (!options) options = &standard;
    explain_files f = {.reading = EPO_IMPORT_OPTIONS_INIT};
    f.reading.array = options->array;
    f.reading.extname = options->extname;
    f.reading.trust_input = options->trust_input;
    epo__walk *walk = NULL;
    epo_status status = epo__explainer_create(model, EPO_HEAD_STAMP, options, result, context, out, &f.explainer);
    if (status == EPO_OK && options->format) status = epo__reader_find(options->format, &f.forced);
    if (status == EPO_OK)
        status = epo__walk_create(paths, count, f.forced ? f.forced->suffixes : all_suffixes,
                                  f.forced ? f.forced->first_suffix : NULL, &walk);
    while (status == EPO_OK && !epo__explainer_done(f.explainer)) {
        const char *path;
        epo_status found = epo__walk_next(walk, &path);
        if (!path) {
            status = found;
            break;
        }
        status = found == EPO_OK ? explain_path(&f, path) : found == EPO_ENOMEM ? found : deliver_error(&f, path);
    }
    epo__walk_free(walk);
    epo__batch_free(&f.batch);
    epo__explainer_free(f.explainer);
    return status;
}
