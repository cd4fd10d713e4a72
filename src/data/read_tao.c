/* SPDX-License-Identifier: BSD-3-Clause
 * read_tao.c - Deep-TAO: CRTS image sequences, one object a multi-extension FITS file.
 *
 * HDU 0 is empty, HDU 1 a table with a row an image, the images follow. The column HDU_Ext counts HDUs from 0. What the
 * published files do, and what is done about it:
 *   - rows are in alphabetical order of the date (06APR before 06JAN): sorted by MJD here;
 *   - HDU_Ext and MJD may be strings: cells are read as text whatever their type;
 *   - keys are long and bracketed ("HIERARCH RA (J2000)"), or spelt RA_(J2000), and CRTS_ID is CTRS_ID in places;
 *   - CLASS is free text ("SN 2006tf (TSS)"): the folder's name is the class, the text is kept as class_given;
 *   - a non-transient's CRTS_ID is the field it was found in: an object is named by its file, and CRTS_ID is its parent,
 *     so that splits keep objects of one sky together;
 *   - an exposure may be there twice, through two overlapping cutouts: field, date and number in the sequence tell;
 *   - some early nights have impossible MJDs. CRTS visits a field four times within about half an hour, so a night whose
 *     MJDs leave its Date, or span over half a day, is not believed: see repair_nights;
 *   - constant images exist: kept and marked.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/fits_stamp.h"
#include "data/reader.h"
#include "formats/fits.h"

static const double VISIT_SPACING = 0.0065; /* days between two visits of one night, CRTS's usual */
static const double NIGHT_SPAN = 0.5;       /* days: no night is longer */

typedef struct tao_state {
    const char *path;
} tao_state;

/* One row of the table. */
typedef struct visit {
    size_t hdu;
    double mjd, mjd_given, date; /* date: MJD at 0h of the column Date */
    bool suspect;
    int number;                  /* Obs_In_Seq, 0 unknown */
    char field[32], name[16];    /* name: the Date as written */
    size_t row;
} visit;

static epo_status tao_open(void *state, const epo_import_options *options, const char *path)
{
    (void)options;
    ((tao_state *)state)->path = path;
    return EPO_OK;
}

static epo_status tao_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    (void)options;
    batch->path = epo__batch_text(batch, ((tao_state *)state)->path);
    *last = true;
    return batch->path ? EPO_OK : epo__nomem("path");
}

/* The first of several spellings that is there and not empty. */
static bool any_key(const epo__fits *f, size_t hdu, const char *const *names, char text[EPO__FITS_VALUE])
{
    for (; *names; names++)
        if (epo__fits_key(f, hdu, *names, text, EPO__FITS_VALUE) && text[0]) return true;
    return false;
}

static double number_key(const epo__fits *f, size_t hdu, const char *const *names)
{
    char text[EPO__FITS_VALUE];
    double value;
    return any_key(f, hdu, names, text) && epo__parse_double(text, &value) && isfinite(value) ? value : NAN;
}

static epo_status add_subject(const epo__fits *f, size_t table, const epo_import_options *options, epo__batch *batch)
{
    static const char *const id_keys[] = {"CRTS_ID", "CTRS_ID", "CRTS ID", NULL};
    static const char *const ra_keys[] = {"RA (J2000)", "RA_(J2000)", "RA", NULL};
    static const char *const dec_keys[] = {"Dec (J2000)", "Dec_(J2000)", "DEC", NULL};
    static const char *const class_keys[] = {"CLASSIFICATION", "CLASS", NULL};
    char stem[256], folder[256], text[EPO__FITS_VALUE];
    epo__path_parts(batch->path, stem, sizeof stem, folder, sizeof folder);
    size_t index;
    epo_status status = epo__batch_subject(batch, stem, &index);
    if (status != EPO_OK) return status;
    epo__subject *s = &batch->subjects[index];
    s->ra = number_key(f, table, ra_keys);
    s->dec = number_key(f, table, dec_keys);
    const char *class_name = options->class_name ? options->class_name : folder;
    if (class_name[0]) s->class_name = epo__batch_text(batch, class_name);
    if (any_key(f, table, class_keys, text)) s->class_given = epo__batch_text(batch, text);
    if (any_key(f, table, id_keys, text)) s->parent = epo__batch_text(batch, text);
    return EPO_OK;
}

typedef struct columns {
    size_t hdu, date, mjd, field, number;
    bool has_mjd, has_field, has_number;
} columns;

static epo_status find_columns(const epo__fits *f, size_t table, columns *c)
{
    if (!epo__fits_table_column(f, table, "HDU_Ext", &c->hdu) || !epo__fits_table_column(f, table, "Date", &c->date))
        return epo__fail(EPO_EFORMAT, "the table in HDU %zu has no column HDU_Ext or Date: not a Deep-TAO file", table);
    c->has_mjd = epo__fits_table_column(f, table, "MJD", &c->mjd);
    c->has_field = epo__fits_table_column(f, table, "Field_ID", &c->field);
    c->has_number = epo__fits_table_column(f, table, "Obs_In_Seq", &c->number);
    return EPO_OK;
}

static epo_status read_visit(const epo__fits *f, size_t table, const columns *c, size_t row, visit *v)
{
    char text[EPO__FITS_VALUE];
    int64_t number;
    *v = (visit){.row = row, .mjd = NAN, .mjd_given = NAN};
    epo_status status = epo__fits_table_text(f, table, c->hdu, row, text, sizeof text);
    if (status != EPO_OK) return status;
    if (!epo__parse_int(text, 1, (int64_t)epo__fits_count(f) - 1, &number))
        return epo__fail(EPO_EFORMAT, "row %zu: HDU_Ext is '%s', but the file has HDUs 0 to %zu", row, text, epo__fits_count(f) - 1);
    v->hdu = (size_t)number;
    if ((status = epo__fits_table_text(f, table, c->date, row, v->name, sizeof v->name)) != EPO_OK) return status;
    if (!epo__parse_yymmmdd(v->name, &v->date))
        return epo__fail(EPO_EFORMAT, "row %zu: Date is '%s', not of the form 06APR02", row, v->name);
    if (c->has_mjd) {
        if ((status = epo__fits_table_text(f, table, c->mjd, row, text, sizeof text)) != EPO_OK) return status;
        if (epo__parse_double(text, &v->mjd_given) && !isfinite(v->mjd_given)) v->mjd_given = NAN;
    }
    v->mjd = v->mjd_given;
    if (c->has_field && (status = epo__fits_table_text(f, table, c->field, row, v->field, sizeof v->field)) != EPO_OK) return status;
    if (c->has_number) {
        if ((status = epo__fits_table_text(f, table, c->number, row, text, sizeof text)) != EPO_OK) return status;
        if (epo__parse_int(text, 0, 999999, &number)) v->number = (int)number;
    }
    return EPO_OK;
}

/* By night, then by time as given; unknown times by their number. */
static int by_night(const void *a, const void *b)
{
    const visit *x = a, *y = b;
    if (x->date != y->date) return x->date < y->date ? -1 : 1;
    if (x->suspect && x->number != y->number) return x->number < y->number ? -1 : 1;
    bool known = !isnan(x->mjd) && !isnan(y->mjd);
    if (known && x->mjd != y->mjd) return x->mjd < y->mjd ? -1 : 1;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

/* The times of a night that cannot be (outside its date, spanning half a day or more, or not given) are replaced: noon
 * UT of the date, which is near the middle of a night in Arizona, and the usual spacing in the order of the visits. */
static size_t repair_nights(visit *visits, size_t count)
{
    size_t repaired = 0;
    for (size_t start = 0, end; start < count; start = end) {
        double low = INFINITY, high = -INFINITY, date = visits[start].date;
        bool known = true;
        for (end = start; end < count && visits[end].date == date; end++) {
            double mjd = visits[end].mjd;
            known = known && !isnan(mjd);
            low = fmin(low, mjd);
            high = fmax(high, mjd);
        }
        if (known && low >= date && high < date + 1 && high - low <= NIGHT_SPAN) continue;
        for (size_t i = start; i < end; i++) visits[i].suspect = true;
        qsort(visits + start, end - start, sizeof *visits, by_night); /* now by number */
        for (size_t i = start; i < end; i++) visits[i].mjd = date + 0.5 + VISIT_SPACING * (double)(i - start);
        repaired += end - start;
    }
    return repaired;
}

/* What makes an exposure one and the same, however many cutouts show it. */
static const char *exposure_key(epo__batch *batch, const visit *v)
{
    if (v->number) return epo__batch_textf(batch, "%s %s %04d", v->name, v->field, v->number);
    if (!isnan(v->mjd_given)) return epo__batch_textf(batch, "%s %s %.6f", v->name, v->field, v->mjd_given);
    return epo__batch_textf(batch, "%s %s hdu %zu", v->name, v->field, v->hdu);
}

static epo_status add_exposure(epo__fits *f, epo__batch *batch, const visit *v, const char *key)
{
    size_t index;
    epo__plane *plane;
    epo_status status = epo__batch_exposure(batch, 0, key, &index);
    if (status != EPO_OK) return status;
    epo__exposure *e = &batch->exposures[index];
    e->key = e->id;
    e->mjd = v->mjd;
    e->mjd_suspect = v->suspect;
    if (v->suspect) e->mjd_given = v->mjd_given;
    e->night = epo__batch_night(batch, v->date);
    e->filter = "V";
    if ((status = epo__batch_plane(batch, e, EPO__ROLE_SCIENCE, &plane)) != EPO_OK) return status;
    if ((status = epo__fits_image(f, v->hdu, &plane->image)) != EPO_OK) return status;
    epo__batch_check_constant(batch, plane);
    return EPO_OK;
}

/* True when an earlier exposure of the same night has this key; if that one is constant and this one is not, the caller
 * replaces it. Visits are sorted by night, so only a few need a look. */
static epo__exposure *same_exposure(epo__batch *batch, size_t first_of_night, const char *key)
{
    for (size_t i = first_of_night; i < batch->exposure_count; i++)
        if (strcmp(batch->exposures[i].key, key) == 0) return &batch->exposures[i];
    return NULL;
}

static epo_status add_visits(epo__fits *f, epo__batch *batch, const visit *visits, size_t count)
{
    size_t first_of_night = 0;
    for (size_t i = 0; i < count; i++) {
        if (i && visits[i].date != visits[i - 1].date) first_of_night = batch->exposure_count;
        const char *key = exposure_key(batch, &visits[i]);
        if (!key) return epo__nomem("exposure");
        epo__exposure *same = same_exposure(batch, first_of_night, key);
        epo_status status = EPO_OK;
        if (!same) {
            status = add_exposure(f, batch, &visits[i], key);
        } else {
            batch->duplicates++;
            epo__plane *plane = &batch->planes[same->first_plane];
            if (!plane->constant) continue;
            batch->constant_images--;
            status = epo__fits_image(f, visits[i].hdu, &plane->image); /* the other cutout may show something */
            if (status == EPO_OK) epo__batch_check_constant(batch, plane);
        }
        if (status != EPO_OK) return epo__fail_in(status, "row %zu, HDU %zu", visits[i].row, visits[i].hdu);
    }
    return EPO_OK;
}

static epo_status find_table(const epo__fits *f, size_t *table)
{
    for (size_t i = 0; i < epo__fits_count(f); i++) {
        epo__fits_info info;
        epo_status status = epo__fits_hdu(f, i, &info);
        if (status != EPO_OK) return status;
        if (info.kind != EPO__FITS_TABLE) continue;
        *table = i;
        return epo__fits_table_rows(f, i) ? EPO_OK : epo__fail(EPO_EFORMAT, "the table in HDU %zu has no rows", i);
    }
    return epo__fail(EPO_EFORMAT, "no table with columns of fixed length: not a Deep-TAO file");
}

static epo_status tao_decode(const epo_import_options *options, epo__batch *batch)
{
    epo__fits *f = NULL;
    visit *visits = NULL;
    size_t table = 0, rows = 0;
    columns c;
    epo_status status = epo__fits_open_file(batch->path, options->trust_input ? &EPO__FITS_TRUSTED : &EPO__FITS_FILE, &f);
    if (status != EPO_OK) return status;
    status = find_table(f, &table);
    if (status == EPO_OK) status = find_columns(f, table, &c);
    if (status == EPO_OK) status = add_subject(f, table, options, batch);
    if (status == EPO_OK) {
        rows = epo__fits_table_rows(f, table);
        visits = epo__alloc(rows, sizeof *visits);
        if (!visits) status = epo__nomem("visits");
    }
    for (size_t i = 0; status == EPO_OK && i < rows; i++) status = read_visit(f, table, &c, i, &visits[i]);
    if (status == EPO_OK) {
        qsort(visits, rows, sizeof *visits, by_night);
        batch->suspect_dates += repair_nights(visits, rows);
        status = add_visits(f, batch, visits, rows);
    }
    free(visits);
    epo__fits_close(f);
    return status == EPO_OK ? EPO_OK : epo__fail_in(status, "%s", batch->path);
}

static const char *const suffixes[] = {".fits", ".fit", ".fits.gz", ".fit.gz", NULL};

const epo__reader_type epo__reader_tao = {
    .name = "tao",
    .about = "Deep-TAO / CRTS multi-extension FITS, one object a file, one folder a class",
    .survey = "CRTS",
    .suffixes = suffixes,
    .state_size = sizeof(tao_state),
    .open = tao_open,
    .next = tao_next,
    .decode = tao_decode,
};
