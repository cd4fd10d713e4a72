/* SPDX-License-Identifier: BSD-3-Clause
 * read_autoscan.c - DES trios: diffID.fits with tempID.fits and srchID.fits beside it, and a CSV with the labels.
 *
 * A CSV among the paths (or in the folders) is read first: column ID, and the label column. The label is a number of
 * unknown polarity (in DES 0 is real, in most others 1): which one is real is asked for, never guessed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/fits_stamp.h"
#include "data/reader.h"
#include "formats/csv.h"

typedef struct label {
    int64_t id;
    const char *class_name; /* "real" or "bogus" */
} label;

typedef enum member { LABELS, DIFFERENCE, COMPANION } member;

typedef struct autoscan_state {
    label *labels; /* sorted by id; from all label files so far */
    size_t count, room;

    /* the file at hand */
    const char *path;
    member what;
    int64_t id;
    const char *class_name; /* of the trio, NULL unknown */
} autoscan_state;

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const label *)a)->id, y = ((const label *)b)->id;
    return (x > y) - (x < y);
}

static epo_status read_label(const autoscan_state *s, const epo__csv *csv, const char *text, size_t id_column,
                             const char *real_label, label *out)
{
    epo_status status = epo__csv_int(csv, id_column, 0, INT64_MAX, &out->id);
    if (status != EPO_OK) return status;
    status = epo__class_of_label(text, real_label, &out->class_name);
    return status == EPO_OK ? EPO_OK : epo__fail_in(status, "%s: line %" PRIu64, s->path, epo__csv_line(csv));
}

/* Takes over new labels, all of them or, when two of one ID contradict each other, none. */
static epo_status take_labels(autoscan_state *s, const label *fresh, size_t count)
{
    if (!epo__grow(&s->labels, &s->room, s->count + count, sizeof *s->labels)) return epo__nomem("labels");
    label *all = epo__alloc(s->count + count, sizeof *all);
    if (!all) return epo__nomem("labels");
    size_t kept = 0;
    if (s->count) memcpy(all, s->labels, s->count * sizeof *all);
    if (count) memcpy(all + s->count, fresh, count * sizeof *all);
    if (s->count + count) qsort(all, s->count + count, sizeof *all, by_id);
    epo_status status = EPO_OK;
    for (size_t i = 0; i < s->count + count; i++) {
        if (!kept || all[kept - 1].id != all[i].id)
            all[kept++] = all[i];
        else if (strcmp(all[kept - 1].class_name, all[i].class_name) != 0)
            status = epo__fail(EPO_EFORMAT, "%s: ID %" PRId64 " is labelled both real and bogus", s->path, all[i].id);
    }
    if (status == EPO_OK) {
        if (kept) memcpy(s->labels, all, kept * sizeof *all);
        s->count = kept;
    }
    free(all);
    return status;
}

static epo_status read_labels(autoscan_state *s, const epo_import_options *options)
{
    static const char *const id_names[] = {"ID", "SNOBJID", NULL};
    const char *const label_names[] = {options->label_column ? options->label_column : "OBJECT_TYPE", NULL};
    if (!options->real_label)
        return epo__fail(EPO_EARG,
                         "%s: say which label means real (--real-label 0 for DES's own files, 1 for most others)",
                         s->path);
    epo__csv *csv = NULL;
    label *fresh = NULL;
    size_t id_column, label_column, count = 0, room = 0;
    const char *const *fields;
    bool end = false;
    epo_status status = epo__csv_open(s->path, &csv);
    if (status == EPO_OK) status = epo__csv_find(csv, id_names, &id_column);
    if (status == EPO_OK) status = epo__csv_find(csv, label_names, &label_column);
    while (status == EPO_OK) {
        status = epo__csv_next(csv, &fields, &end);
        if (status != EPO_OK || end) break;
        if (!epo__grow(&fresh, &room, count + 1, sizeof *fresh))
            status = epo__nomem("labels");
        else
            status = read_label(s, csv, fields[label_column], id_column, options->real_label, &fresh[count++]);
    }
    if (status == EPO_OK) status = take_labels(s, fresh, count);
    epo__csv_free(csv);
    free(fresh);
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The file beside `path` whose name starts with `prefix` in place of the four letters there; the caller frees it. */
static char *sibling(const char *path, const char *prefix)
{
    const char *name = base_name(path);
    return epo__format("%.*s%s%s", (int)(name - path), path, prefix, name + 4);
}

/* tempID and srchID are read with their diffID; without one nobody would miss them. */
static epo_status check_companion(const autoscan_state *s)
{
    char *path = sibling(s->path, "diff");
    if (!path) return epo__nomem("stamp");
    epo_status status = access(path, F_OK) == 0
                            ? EPO_OK
                            : epo__fail(EPO_ENOTFOUND, "%s: there is no %s beside it", s->path, base_name(path));
    free(path);
    return status;
}

/* "123.fits" -> 123 */
static bool parse_id(const char *text, int64_t *id)
{
    char digits[24] = "";
    size_t length = strspn(text, "0123456789");
    if (length >= sizeof digits || text[length] != '.') return false;
    memcpy(digits, text, length);
    return epo__parse_int(digits, 0, INT64_MAX, id);
}

static epo_status autoscan_open(void *state, const epo_import_options *options, const char *path)
{
    static const char *const prefixes[] = {"diff", "srch", "temp"};
    autoscan_state *s = state;
    const char *name = base_name(path);
    s->path = path;
    s->what = LABELS;
    s->class_name = NULL;
    if (epo__ends_with(path, ".csv")) return read_labels(s, options);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], 4) == 0) s->what = i ? COMPANION : DIFFERENCE;
    if (s->what == LABELS || !parse_id(name + 4, &s->id))
        return epo__fail(EPO_EFORMAT, "%s: not named diffID.fits, srchID.fits or tempID.fits", path);
    if (s->what == COMPANION) return check_companion(s);
    label wanted = {.id = s->id};
    const label *found = s->count ? bsearch(&wanted, s->labels, s->count, sizeof *s->labels, by_id) : NULL;
    s->class_name = options->class_name ? options->class_name : found ? found->class_name : NULL;
    return EPO_OK;
}

/* A label that comes or changes later makes it another import, and goes to the object's history. */
static void autoscan_context(const void *state, const epo_import_options *options, epo__string *json)
{
    const autoscan_state *s = state;
    (void)options;
    if (s->what == LABELS) return;
    epo__string_addf(json, "\"id\":%" PRId64 ",", s->id);
    if (s->class_name) {
        epo__string_add(json, "\"label\":");
        epo__string_add_json(json, s->class_name);
        epo__string_add(json, ",");
    }
}

static epo_status autoscan_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    const autoscan_state *s = state;
    (void)options;
    size_t subject, index;
    char text[24];
    *last = true;
    if (s->what != DIFFERENCE) return EPO_OK;
    snprintf(text, sizeof text, "%" PRId64, s->id);
    epo_status status = epo__batch_subject(batch, text, &subject);
    if (status == EPO_OK) status = epo__batch_exposure(batch, subject, text, &index);
    if (status != EPO_OK) return status;
    batch->subjects[subject].class_name = s->class_name ? epo__batch_text(batch, s->class_name) : NULL;
    epo__exposure *e = &batch->exposures[index];
    e->key = e->id;
    e->candid = s->id;
    e->path = epo__batch_text(batch, s->path);
    return e->path && (!s->class_name || batch->subjects[subject].class_name) ? EPO_OK : epo__nomem("stamp");
}

static epo_status read_member(const epo_import_options *options, epo__batch *batch, epo__exposure *e,
                              const char *prefix, epo__role role)
{
    size_t hdu;
    epo__fits *f = NULL;
    char *path = sibling(e->path, prefix);
    epo_status status = path ? epo__fits_stamp_open(options, path, &f) : epo__nomem("stamp");
    if (status == EPO_OK) status = epo__fits_stamp_find(f, path, NULL, &hdu);
    if (status == EPO_OK) status = epo__fits_stamp_plane(f, hdu, role, batch, e);
    if (status == EPO_OK && role == EPO__ROLE_DIFFERENCE) status = epo__fits_stamp_keywords(f, hdu, batch, e);
    epo__fits_close(f);
    free(path);
    return status;
}

static epo_status autoscan_decode(const epo_import_options *options, epo__batch *batch)
{
    for (size_t i = 0; i < batch->exposure_count; i++) {
        epo__exposure *e = &batch->exposures[i];
        if (e->error) continue;
        epo_status status = read_member(options, batch, e, "temp", EPO__ROLE_TEMPLATE);
        if (status == EPO_OK) status = read_member(options, batch, e, "srch", EPO__ROLE_SCIENCE);
        if (status == EPO_OK) status = read_member(options, batch, e, "diff", EPO__ROLE_DIFFERENCE);
        if (status == EPO_OK) status = epo__fits_stamp_check(batch, e, e->path);
        if (status == EPO_ENOMEM) return status;
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
    .context = autoscan_context,
};
