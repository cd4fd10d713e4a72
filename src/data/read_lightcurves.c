/* SPDX-License-Identifier: BSD-3-Clause
 * read_lightcurves.c - light curves: CSV with id, mjd, mag, mag_err and, where there are such columns, class and
 * filter. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "data/reader.h"
#include "formats/csv.h"

enum { POINTS_A_BATCH = 20000, TEXT_A_BATCH = 4 << 20 /* bytes: a field may have 1 MiB */ };

typedef struct curve_state {
    epo__csv *csv;
    const char *path;
    bool empty; /* no row so far */
    size_t id, mjd, mag, mag_err, label, filter;
    bool has_label, has_filter;
} curve_state;

static void curves_release(void *state)
{
    epo__csv_free(((curve_state *)state)->csv);
    *(curve_state *)state = (curve_state){0};
}

static epo_status curves_open(void *state, const epo_import_options *options, const char *path)
{
    static const char *const ids[] = {"id", "object", "objectid", "name", NULL};
    static const char *const mjds[] = {"mjd", "time", NULL};
    static const char *const mags[] = {"mag", "magnitude", NULL};
    static const char *const errors[] = {"mag_err", "magerr", "mag_error", "err", NULL};
    static const char *const filters[] = {"filter", "band", NULL};
    const char *const labels[] = {options->label_column ? options->label_column : "class", NULL};
    curve_state *s = state;
    curves_release(s);
    s->path = path;
    s->empty = true;
    epo_status status = epo__csv_open(path, &s->csv);
    if (status == EPO_OK) status = epo__csv_find(s->csv, ids, &s->id);
    if (status == EPO_OK) status = epo__csv_find(s->csv, mjds, &s->mjd);
    if (status == EPO_OK) status = epo__csv_find(s->csv, mags, &s->mag);
    if (status == EPO_OK) status = epo__csv_find(s->csv, errors, &s->mag_err);
    if (status != EPO_OK) return status;
    epo_status label_status = epo__csv_find(s->csv, labels, &s->label);
    if (label_status != EPO_OK && options->label_column) return label_status; /* asked for by name */
    s->has_label = label_status == EPO_OK;
    s->has_filter = epo__csv_find(s->csv, filters, &s->filter) == EPO_OK;
    return EPO_OK;
}

static epo_status refuse_row(const curve_state *s, const char *reason)
{
    return epo__fail(EPO_EFORMAT, "%s: line %" PRIu64 ": %s", s->path, epo__csv_line(s->csv), reason);
}

/* Rows of one object usually follow each other: only a change of id makes a new subject. */
static epo_status subject_of(curve_state *s, const epo_import_options *options, epo__batch *batch,
                             const char *const *fields, size_t *subject)
{
    const char *name = fields[s->id], *label = options->class_name ? options->class_name
                                               : s->has_label      ? fields[s->label]
                                                                   : "";
    if (!name[0]) return refuse_row(s, "no id");
    if (batch->subject_count && strcmp(batch->subjects[batch->subject_count - 1].name, name) == 0) {
        *subject = batch->subject_count - 1;
        const char *before = batch->subjects[*subject].class_name;
        return strcmp(label, before ? before : "") == 0 ? EPO_OK
                                                        : refuse_row(s, "another class than in the row before");
    }
    epo_status status = epo__batch_subject(batch, name, subject);
    if (status != EPO_OK || !label[0]) return status;
    batch->subjects[*subject].class_name = epo__batch_text(batch, label);
    return batch->subjects[*subject].class_name ? EPO_OK : epo__nomem("class");
}

static epo_status add_row(curve_state *s, const epo_import_options *options, epo__batch *batch,
                          const char *const *fields)
{
    double mjd = NAN, mag = NAN, mag_err = NAN;
    size_t subject;
    epo__point *point;
    epo_status status = epo__csv_double(s->csv, s->mjd, &mjd);
    if (status == EPO_OK) status = epo__csv_double(s->csv, s->mag, &mag);
    if (status == EPO_OK && fields[s->mag_err][0]) status = epo__csv_double(s->csv, s->mag_err, &mag_err);
    if (status == EPO_OK && (!isfinite(mjd) || !isfinite(mag) || isinf(mag_err)))
        status = refuse_row(s, "mjd, mag or mag_err is not finite");
    if (status == EPO_OK) status = subject_of(s, options, batch, fields, &subject);
    if (status == EPO_OK) status = epo__batch_point(batch, subject, &point);
    if (status != EPO_OK) return status;
    point->mjd = mjd;
    point->mag = mag;
    point->mag_err = mag_err;
    point->suspect = !epo__mjd_plausible(mjd); /* published curves have a few; kept, and marked */
    batch->suspect_dates += point->suspect;
    point->filter = s->has_filter ? epo__batch_text(batch, fields[s->filter]) : "";
    return point->filter ? EPO_OK : epo__nomem("filter");
}

static epo_status curves_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    curve_state *s = state;
    *last = false;
    while (batch->point_count < POINTS_A_BATCH && batch->texts.bytes < TEXT_A_BATCH) {
        const char *const *fields;
        epo_status status = epo__csv_next(s->csv, &fields, last);
        if (status == EPO_OK && *last) return s->empty ? epo__fail(EPO_EFORMAT, "%s: has no rows", s->path) : EPO_OK;
        s->empty = false;
        if (status == EPO_OK) status = add_row(s, options, batch, fields);
        if (status != EPO_OK) return status; /* half a light curve is worse than none: the file is refused */
    }
    return EPO_OK;
}

static const char *const suffixes[] = {".csv", ".csv.gz", NULL};

const epo__reader_type epo__reader_lightcurves = {
    .name = "lightcurves",
    .about = "CSV with id, mjd, mag, mag_err, and class and filter where it has them (gz too)",
    .survey = "lightcurves",
    .suffixes = suffixes,
    .state_size = sizeof(curve_state),
    .open = curves_open,
    .next = curves_next,
    .release = curves_release,
};
