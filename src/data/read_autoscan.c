/* SPDX-License-Identifier: BSD-3-Clause
 * read_autoscan.c - DES trios: diffID.fits with tempID.fits and srchID.fits beside it, and a CSV with the labels.
 *
 * A CSV among the paths (or in the folders) is read first: column ID, and the label column. The label is a number of
 * unknown polarity (in DES 0 is real, in most others 1): which one is real is asked for, never guessed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/fits_stamp.h"
#include "data/reader.h"
#include "formats/csv.h"

typedef struct label {
    int64_t id;
    bool real;
} label;

typedef struct autoscan_state {
    label *labels; /* sorted by id */
    size_t count, room;
    const char *path;
    bool is_csv;
} autoscan_state;

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const label *)a)->id, y = ((const label *)b)->id;
    return (x > y) - (x < y);
}

static epo_status add_label(autoscan_state *s, const epo__csv *csv, const char *const *fields, size_t id_column, size_t label_column,
                            const char *real_label)
{
    int64_t id;
    epo_status status = epo__csv_int(csv, id_column, 0, INT64_MAX, &id);
    if (status != EPO_OK) return status;
    if (!epo__grow(&s->labels, &s->room, s->count + 1, sizeof *s->labels)) return epo__nomem("labels");
    s->labels[s->count++] = (label){.id = id, .real = strcmp(fields[label_column], real_label) == 0};
    return EPO_OK;
}

static epo_status read_labels(autoscan_state *s, const epo_import_options *options, const char *path)
{
    static const char *const id_names[] = {"ID", "SNOBJID", NULL};
    const char *const label_names[] = {options->label_column ? options->label_column : "OBJECT_TYPE", NULL};
    if (!options->real_label)
        return epo__fail(EPO_EARG, "%s: say which label means real (--real-label 0 for DES's own files, 1 for most others)", path);
    epo__csv *csv = NULL;
    size_t id_column, label_column;
    const char *const *fields;
    bool end = false;
    epo_status status = epo__csv_open(path, &csv);
    if (status == EPO_OK) status = epo__csv_find(csv, id_names, &id_column);
    if (status == EPO_OK) status = epo__csv_find(csv, label_names, &label_column);
    while (status == EPO_OK) {
        status = epo__csv_next(csv, &fields, &end);
        if (status != EPO_OK || end) break;
        status = add_label(s, csv, fields, id_column, label_column, options->real_label);
    }
    epo__csv_free(csv);
    if (s->count) qsort(s->labels, s->count, sizeof *s->labels, by_id);
    return status;
}

static epo_status autoscan_open(void *state, const epo_import_options *options, const char *path)
{
    autoscan_state *s = state;
    s->path = path;
    s->is_csv = epo__ends_with(path, ".csv");
    return s->is_csv ? read_labels(s, options, path) : EPO_OK;
}

/* "FOLDER/diff123.fits" -> 123, and the length of "FOLDER/". False for a name of another form. */
static bool trio_id(const char *path, int64_t *id, size_t *folder_length)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char digits[32] = "";
    *folder_length = (size_t)(name - path);
    return sscanf(name, "diff%19[0-9].fit", digits) == 1 && epo__parse_int(digits, 0, INT64_MAX, id);
}

static epo_status autoscan_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    autoscan_state *s = state;
    int64_t id;
    size_t folder, subject, index;
    *last = true;
    if (s->is_csv) return EPO_OK;
    const char *name = strrchr(s->path, '/') ? strrchr(s->path, '/') + 1 : s->path;
    if (strncmp(name, "srch", 4) == 0 || strncmp(name, "temp", 4) == 0) return EPO_OK; /* read with its diff */
    if (!trio_id(s->path, &id, &folder))
        return epo__fail(EPO_EFORMAT, "%s: not named diffID.fits, with srchID.fits and tempID.fits beside it", s->path);
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, id);
    epo_status status = epo__batch_subject(batch, text, &subject);
    if (status == EPO_OK) status = epo__batch_exposure(batch, subject, text, &index);
    if (status != EPO_OK) return status;
    label wanted = {.id = id};
    const label *found = s->count ? bsearch(&wanted, s->labels, s->count, sizeof *s->labels, by_id) : NULL;
    batch->subjects[subject].class_name = options->class_name ? options->class_name : !found ? NULL : found->real ? "real" : "bogus";
    epo__exposure *e = &batch->exposures[index];
    e->key = e->id;
    e->candid = id;
    e->path = epo__batch_text(batch, s->path);
    return e->path ? EPO_OK : epo__nomem("stamp");
}

static epo_status read_member(const epo_import_options *options, epo__batch *batch, epo__exposure *e, const char *prefix, epo__role role)
{
    const char *slash = strrchr(e->path, '/'), *name = slash ? slash + 1 : e->path;
    char *path = epo__format("%.*s%s%s", (int)(name - e->path), e->path, prefix, name + strlen("diff"));
    if (!path) return epo__nomem("stamp");
    epo__fits *f = NULL;
    epo_status status = epo__fits_stamp_open(options, path, &f);
    if (status == EPO_OK) {
        status = epo__fits_stamp_plane(f, NULL, role, batch, e);
        if (status == EPO_OK && role == EPO__ROLE_DIFFERENCE) epo__fits_stamp_keywords(f, NULL, batch, e);
        if (status != EPO_OK) status = epo__fail_in(status, "%s", path);
    }
    epo__fits_close(f);
    free(path);
    return status;
}

static epo_status autoscan_decode(const epo_import_options *options, epo__batch *batch)
{
    for (size_t i = 0; i < batch->exposure_count; i++) {
        epo__exposure *e = &batch->exposures[i];
        epo_status status = read_member(options, batch, e, "temp", EPO__ROLE_TEMPLATE);
        if (status == EPO_OK) status = read_member(options, batch, e, "srch", EPO__ROLE_SCIENCE);
        if (status == EPO_OK) status = read_member(options, batch, e, "diff", EPO__ROLE_DIFFERENCE);
        if (status != EPO_OK) epo__batch_spoil(batch, e);
    }
    return EPO_OK;
}

static void autoscan_release(void *state)
{
    free(((autoscan_state *)state)->labels);
}

static const char *const suffixes[] = {".fits", ".fit", ".fits.gz", NULL};

const epo__reader_type epo__reader_autoscan = {
    .name = "autoscan",
    .about = "DES trios tempID, srchID, diffID.fits, and a CSV with ID and label (needs --real-label)",
    .survey = "DES",
    .suffixes = suffixes,
    .first_suffix = ".csv",
    .has_stamps = true,
    .state_size = sizeof(autoscan_state),
    .open = autoscan_open,
    .next = autoscan_next,
    .decode = autoscan_decode,
    .release = autoscan_release,
};
