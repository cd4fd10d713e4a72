/* SPDX-License-Identifier: BSD-3-Clause
 * read_stamps.c - folders of FITS stamps, one object a file: true/ and false/ (O'TRAIN), or one class a folder.
 *
 * The folder's name is the class; "true" and "false" mean real and bogus. A multi-extension file needs --extname;
 * several names parted by commas ("SCI,REF,DIFF") make one exposure of several planes. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "data/fits_stamp.h"
#include "data/reader.h"

static const char *class_of_folder(const char *folder)
{
    if (strcasecmp(folder, "true") == 0) return "real";
    if (strcasecmp(folder, "false") == 0) return "bogus";
    return folder;
}

static epo_status stamps_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    const epo__named_file *s = state;
    size_t subject, index;
    *last = true;
    const char *name = s->folder[0] ? epo__batch_textf(batch, "%s/%s", s->folder, s->stem) : s->stem;
    epo_status status = name ? epo__batch_subject(batch, name, &subject) : epo__nomem("stamp");
    if (status == EPO_OK) status = epo__batch_exposure(batch, subject, s->path, &index);
    if (status != EPO_OK) return status;
    const char *class_name = options->class_name ? options->class_name : class_of_folder(s->folder);
    epo__exposure *e = &batch->exposures[index];
    e->path = e->id;
    e->key = epo__batch_text(batch, s->stem);
    if (class_name[0]) batch->subjects[subject].class_name = epo__batch_text(batch, class_name);
    return e->key && (!class_name[0] || batch->subjects[subject].class_name) ? EPO_OK : epo__nomem("stamp");
}

/* One plane for each name of --extname, or the first image. Keywords come from the first. */
static epo_status read_planes(const epo_import_options *options, epo__fits *f, epo__batch *batch, epo__exposure *e)
{
    char names[1024] = "", *rest = names;
    size_t hdu, first = 0;
    /* a lone stamp is a residual: that is what O'TRAIN's folders hold */
    epo__role role = EPO__ROLE_DIFFERENCE;
    if (options->extname && (size_t)snprintf(names, sizeof names, "%s", options->extname) >= sizeof names)
        return epo__fail(EPO_ELIMIT, "%s: the list of extensions is too long", e->path);
    do {
        const char *name = options->extname ? strsep(&rest, ",") : NULL;
        if (name) role = epo__role_guess(name);
        epo_status status = epo__fits_stamp_find(f, e->path, name, &hdu);
        if (status == EPO_OK) status = epo__fits_stamp_plane(f, hdu, role, batch, e);
        if (status != EPO_OK) return status;
        if (e->plane_count == 1) first = hdu;
    } while (options->extname && rest);
    epo_status status = epo__fits_stamp_check(batch, e, e->path);
    return status == EPO_OK ? epo__fits_stamp_keywords(f, first, batch, e) : status;
}

static epo_status stamps_decode(const epo_import_options *options, epo__batch *batch)
{
    for (size_t i = 0; i < batch->exposure_count; i++) {
        epo__exposure *e = &batch->exposures[i];
        if (e->error) continue; /* a file that could not even be opened, among the others */
        epo__fits *f = NULL;
        epo_status status = epo__fits_stamp_open(options, e->path, &f);
        if (status == EPO_OK) status = read_planes(options, f, batch, e);
        epo__fits_close(f);
        if (status == EPO_ENOMEM) return status;
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
    .named_by_files = true,
    .state_size = sizeof(epo__named_file),
    .open = epo__named_file_open,
    .next = stamps_next,
    .decode = stamps_decode,
    .context = epo__named_file_context,
};
