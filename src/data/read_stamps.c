/* SPDX-License-Identifier: BSD-3-Clause
 * read_stamps.c - folders of FITS stamps, one object a file: true/ and false/ (O'TRAIN), or one class a folder.
 *
 * The folder's name is the class; "true" and "false" mean real and bogus. A multi-extension file needs --extname; several
 * names parted by commas ("SCI,REF,DIFF") make one exposure of several planes. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "data/fits_stamp.h"
#include "data/reader.h"

typedef struct stamps_state {
    const char *path;
} stamps_state;

static epo_status stamps_open(void *state, const epo_import_options *options, const char *path)
{
    (void)options;
    ((stamps_state *)state)->path = path;
    return EPO_OK;
}

static const char *class_of_folder(const char *folder)
{
    if (strcasecmp(folder, "true") == 0) return "real";
    if (strcasecmp(folder, "false") == 0) return "bogus";
    return folder;
}

static epo_status stamps_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    const char *path = ((stamps_state *)state)->path;
    char stem[256], folder[256];
    size_t subject, index;
    *last = true;
    epo__path_parts(path, stem, sizeof stem, folder, sizeof folder);
    const char *name = folder[0] ? epo__batch_textf(batch, "%s/%s", folder, stem) : epo__batch_text(batch, stem);
    if (!name) return epo__nomem("stamp");
    epo_status status = epo__batch_subject(batch, name, &subject);
    if (status == EPO_OK) status = epo__batch_exposure(batch, subject, path, &index);
    if (status != EPO_OK) return status;
    const char *class_name = options->class_name ? options->class_name : class_of_folder(folder);
    if (class_name[0]) batch->subjects[subject].class_name = epo__batch_text(batch, class_name);
    epo__exposure *e = &batch->exposures[index];
    e->path = epo__batch_text(batch, path);
    e->key = epo__batch_text(batch, stem);
    return e->path && e->key ? EPO_OK : epo__nomem("stamp");
}

/* One plane for each name of --extname, or the first image. */
static epo_status read_planes(const epo_import_options *options, epo__fits *f, epo__batch *batch, epo__exposure *e)
{
    char names[256], *rest = names;
    snprintf(names, sizeof names, "%s", options->extname ? options->extname : "");
    const char *first = options->extname ? strsep(&rest, ",") : NULL;
    /* a lone stamp is a residual: that is what O'TRAIN's folders hold */
    epo__role role = first ? epo__role_guess(first) : EPO__ROLE_DIFFERENCE;
    epo_status status = epo__fits_stamp_plane(f, first, role, batch, e);
    for (const char *name; status == EPO_OK && first && (name = strsep(&rest, ","));)
        status = epo__fits_stamp_plane(f, name, epo__role_guess(name), batch, e);
    if (status == EPO_OK) epo__fits_stamp_keywords(f, first, batch, e);
    return status;
}

static epo_status stamps_decode(const epo_import_options *options, epo__batch *batch)
{
    for (size_t i = 0; i < batch->exposure_count; i++) {
        epo__exposure *e = &batch->exposures[i];
        epo__fits *f = NULL;
        epo_status status = epo__fits_stamp_open(options, e->path, &f);
        if (status == EPO_OK) {
            status = read_planes(options, f, batch, e);
            if (status != EPO_OK) status = epo__fail_in(status, "%s", e->path);
        }
        epo__fits_close(f);
        if (status != EPO_OK) epo__batch_spoil(batch, e);
    }
    return EPO_OK;
}

static const char *const suffixes[] = {".fits", ".fit", ".fits.gz", ".fit.gz", NULL};

const epo__reader_type epo__reader_stamps = {
    .name = "stamps",
    .about = "folders of FITS stamps: true/ and false/, or one class a folder",
    .survey = "stamps",
    .suffixes = suffixes,
    .has_stamps = true,
    .state_size = sizeof(stamps_state),
    .open = stamps_open,
    .next = stamps_next,
    .decode = stamps_decode,
};
