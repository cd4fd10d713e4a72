/* SPDX-License-Identifier: BSD-3-Clause
 * read_tao.c - Deep-TAO: CRTS image sequences, one object a multi-extension FITS file.
 *
 * HDU 0 is empty, HDU 1 a table with a row an image, the images follow. The column HDU_Ext counts HDUs from 0. What the
 * published files do, and what is done about it:
 *   - rows are in alphabetical order of the date (06APR before 06JAN): sorted by MJD here;
 *   - HDU_Ext and MJD may be strings: cells are read as text whatever their type;
 *   - keys are long and bracketed ("HIERARCH RA (J2000)"), or spelt RA_(J2000), and CRTS_ID is CTRS_ID in places;
 *   - CLASS is free text ("SN 2006tf (TSS)"): the folder's name is the class, the text is kept as class_given;
 *   - a non-transient's CRTS_ID is the field it was found in: an object is named by its file, and CRTS_ID is its
 * parent, so that splits keep objects of one sky together;
 *   - an exposure may be there twice, through two overlapping cutouts: date, field, set and number tell;
 *   - some early nights have impossible MJDs. CRTS visits a field four times within about half an hour, so a night
 * whose MJDs leave its Date, span half a day, or tear a set of visits apart is not believed: see order_night;
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

/* Visits of a night are held against each other one by one. CRTS makes four of a field, a dozen where cutouts overlap; a packed file
 * of 1 MB could claim a hundred thousand. */
enum { MAX_VISITS_A_NIGHT = 1000 };
static const double VISIT_SPACING = 0.0065; /* days between two visits of one night, CRTS's usual */
static const double NIGHT_SPAN = 0.5;       /* days: no night is longer */
static const double SET_GAP = 0.15;         /* days: clouds may come between two visits of a set, but not for longer */

/* One row of the table. */
typedef struct visit {
    size_t row, hdu;
    double date;           /* MJD at 0h of the column Date */
    double mjd, mjd_given; /* NaN unknown */
    bool suspect;
    int number;              /* Obs_In_Seq, 0 unknown */
    char name[16];           /* the Date as written */
    char field[32], set[16]; /* "" unknown */
} visit;

static epo_status tao_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    const epo__named_file *s = state;
    size_t index;
    *last = true;
    epo_status status = epo__batch_subject(batch, s->stem, &index);
    if (status != EPO_OK) return status;
    const char *class_name = options->class_name ? options->class_name : s->folder;
    batch->path = epo__batch_text(batch, s->path);
    if (class_name[0]) batch->subjects[index].class_name = epo__batch_text(batch, class_name);
    return batch->path && (!class_name[0] || batch->subjects[index].class_name) ? EPO_OK : epo__nomem("path");
}

/* The first of several spellings that is there and not empty: in the table's header, else in the primary one. */
static bool any_key(const epo__fits *f, size_t table, const char *const *names, char text[EPO__FITS_VALUE])
{
    for (const char *const *name = names; *name; name++)
        if ((epo__fits_key(f, table, *name, text, EPO__FITS_VALUE) && text[0]) ||
            (epo__fits_key(f, 0, *name, text, EPO__FITS_VALUE) && text[0]))
            return true;
    return false;
}

static double number_key(const epo__fits *f, size_t table, const char *const *names)
{
    char text[EPO__FITS_VALUE];
    double value;
    return any_key(f, table, names, text) && epo__parse_double(text, &value) && isfinite(value) ? value : NAN;
}

static epo_status read_keys(const epo__fits *f, size_t table, epo__batch *batch)
{
    static const char *const id_keys[] = {"CRTS_ID", "CTRS_ID", "CRTS ID", NULL};
    static const char *const ra_keys[] = {"RA (J2000)", "RA_(J2000)", "RA", NULL};
    static const char *const dec_keys[] = {"Dec (J2000)", "Dec_(J2000)", "DEC", NULL};
    static const char *const class_keys[] = {"CLASSIFICATION", "CLASS", NULL};
    char text[EPO__FITS_VALUE];
    epo__subject *s = &batch->subjects[0];
    s->ra = number_key(f, table, ra_keys);
    s->dec = number_key(f, table, dec_keys);
    if (any_key(f, table, class_keys, text) && !(s->class_given = epo__batch_text(batch, text)))
        return epo__nomem("class");
    if (any_key(f, table, id_keys, text) && !(s->parent = epo__batch_text(batch, text))) return epo__nomem("parent");
    return EPO_OK;
}

typedef struct columns {
    size_t hdu, date, mjd, field, set, number;
    bool has_mjd, has_field, has_set, has_number;
} columns;

static epo_status find_columns(const epo__fits *f, size_t table, const char *path, columns *c)
{
    if (!epo__fits_table_column(f, table, "HDU_Ext", &c->hdu) || !epo__fits_table_column(f, table, "Date", &c->date))
        return epo__fail(EPO_EFORMAT, "%s: the table in HDU %zu has no column HDU_Ext or Date: not a Deep-TAO file",
                         path, table);
    c->has_mjd = epo__fits_table_column(f, table, "MJD", &c->mjd);
    c->has_field = epo__fits_table_column(f, table, "Field_ID", &c->field);
    c->has_set = epo__fits_table_column(f, table, "Set_Number", &c->set);
    c->has_number = epo__fits_table_column(f, table, "Obs_In_Seq", &c->number);
    return EPO_OK;
}

/* A cell as a number of any type; "" and texts that are none give NaN. */
static epo_status number_cell(const epo__fits *f, size_t table, size_t column, size_t row, double *out)
{
    char text[EPO__FITS_VALUE];
    epo_status status = epo__fits_table_text(f, table, column, row, text, sizeof text);
    if (status != EPO_OK) return status;
    if (!epo__parse_double(text, out) || !isfinite(*out)) *out = NAN;
    return EPO_OK;
}

static epo_status read_visit(const epo__fits *f, size_t table, const char *path, const columns *c, size_t row, visit *v)
{
    double hdu, number = NAN;
    size_t hdus = epo__fits_count(f);
    *v = (visit){.row = row, .mjd = NAN, .mjd_given = NAN};
    epo_status status = number_cell(f, table, c->hdu, row, &hdu);
    if (status == EPO_OK) status = epo__fits_table_text(f, table, c->date, row, v->name, sizeof v->name);
    if (status == EPO_OK && c->has_mjd) status = number_cell(f, table, c->mjd, row, &v->mjd_given);
    if (status == EPO_OK && c->has_field)
        status = epo__fits_table_text(f, table, c->field, row, v->field, sizeof v->field);
    if (status == EPO_OK && c->has_set) status = epo__fits_table_text(f, table, c->set, row, v->set, sizeof v->set);
    if (status == EPO_OK && c->has_number) status = number_cell(f, table, c->number, row, &number);
    if (status != EPO_OK) return status;
    if (!(hdu >= 1 && hdu < (double)hdus) || hdu != floor(hdu))
        return epo__fail(EPO_EFORMAT, "%s: row %zu is about the image in HDU %g, and the file has HDUs 0 to %zu", path,
                         row, hdu, hdus - 1);
    if (!epo__parse_yymmmdd(v->name, &v->date))
        return epo__fail(EPO_EFORMAT, "%s: row %zu: Date is '%s', not of the form 06APR02", path, row, v->name);
    v->hdu = (size_t)hdu;
    v->number = number >= 1 && number <= 999999 ? (int)number : 0;
    v->mjd = v->mjd_given;
    return EPO_OK;
}

static int by_date(const void *a, const void *b)
{
    const visit *x = a, *y = b;
    if (x->date != y->date) return x->date < y->date ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static int by_mjd(const void *a, const void *b)
{
    const visit *x = a, *y = b;
    if (x->mjd != y->mjd) return x->mjd < y->mjd ? -1 : 1;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static int by_number(const void *a, const void *b)
{
    const visit *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

/* Whether times in ascending order can be those of one night. */
static bool is_night(const visit *visits, size_t count)
{
    if (!(visits[0].mjd >= visits[0].date && visits[count - 1].mjd < visits[0].date + 1)) return false;
    if (visits[count - 1].mjd - visits[0].mjd >= NIGHT_SPAN) return false;
    for (size_t i = 1; i < count; i++) {
        size_t before = i;
        while (before > 0 && (strcmp(visits[before - 1].set, visits[i].set) != 0 ||
                              strcmp(visits[before - 1].field, visits[i].field) != 0))
            before--;
        if (before > 0 && visits[i].set[0] && visits[i].mjd - visits[before - 1].mjd > SET_GAP) return false;
    }
    return true;
}

/* Sorts one night's visits by time. Times that are not given, or cannot be those of a night of this date, are all
 * replaced: noon UT of the date, which is the middle of a night in Arizona to an hour or two, and from there CRTS's
 * spacing in the order of the visits: by their numbers, or by the times that are wrong, whose order may still be right.
 */
static void order_night(visit *visits, size_t count)
{
    bool timed = true, numbered = true;
    for (size_t i = 0; i < count; i++) {
        timed = timed && !isnan(visits[i].mjd);
        numbered = numbered && visits[i].number > 0;
    }
    if (timed) qsort(visits, count, sizeof *visits, by_mjd);
    if (timed && is_night(visits, count)) return;
    if (numbered) qsort(visits, count, sizeof *visits, by_number);
    for (size_t i = 0; i < count; i++) {
        visits[i].suspect = true;
        visits[i].mjd = visits[i].date + 0.5 + VISIT_SPACING * (double)i;
    }
}

static epo_status order_visits(const char *path, visit *visits, size_t count)
{
    qsort(visits, count, sizeof *visits, by_date);
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && visits[end].date == visits[start].date;) end++;
        if (end - start > MAX_VISITS_A_NIGHT)
            return epo__fail(EPO_ELIMIT, "%s: %zu images of the night %s, over the limit of %d", path, end - start, visits[start].name,
                             MAX_VISITS_A_NIGHT);
        order_night(visits + start, end - start);
    }
    return EPO_OK;
}

/* What makes an exposure one and the same, however many cutouts show it: the parts of CRTS's own file names. Without
 * the set, the numbers of a field start again each time that it is visited in a night, and only the time tells. */
static const char *exposure_key(epo__batch *batch, const visit *v)
{
    if (v->number && v->set[0]) return epo__batch_textf(batch, "%s %s %s %04d", v->name, v->field, v->set, v->number);
    if (!isnan(v->mjd_given)) return epo__batch_textf(batch, "%s %s %.5f", v->name, v->field, v->mjd_given);
    if (v->number) return epo__batch_textf(batch, "%s %s %04d", v->name, v->field, v->number);
    return epo__batch_textf(batch, "%s %s hdu %zu", v->name, v->field, v->hdu);
}

static epo_status add_exposure(epo__fits *f, epo__batch *batch, const visit *v, const char *key, const char *night)
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
    batch->suspect_dates += v->suspect;
    e->night = night;
    e->filter = "V";
    status = epo__batch_plane(batch, e, EPO__ROLE_SCIENCE, &plane);
    if (status == EPO_OK) status = epo__fits_image(f, v->hdu, &plane->image);
    if (status == EPO_OK) epo__batch_check_constant(batch, plane);
    return status;
}

/* Another cutout of an exposure that is there already: read only when the first one shows nothing. */
static epo_status add_cutout(epo__fits *f, epo__batch *batch, const visit *v, const epo__exposure *e)
{
    epo__plane *plane = &batch->planes[e->first_plane];
    batch->duplicates++;
    if (!plane->constant) return EPO_OK;
    batch->constant_images--;
    epo_status status = epo__fits_image(f, v->hdu, &plane->image);
    if (status == EPO_OK) epo__batch_check_constant(batch, plane);
    return status;
}

static epo__exposure *find_exposure(epo__batch *batch, size_t first, const char *key)
{
    for (size_t i = first; i < batch->exposure_count; i++)
        if (strcmp(batch->exposures[i].key, key) == 0) return &batch->exposures[i];
    return NULL;
}

static epo_status add_visits(epo__fits *f, epo__batch *batch, const visit *visits, size_t count)
{
    size_t first_of_night = 0;
    const char *night = NULL;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || visits[i].date != visits[i - 1].date) {
            first_of_night = batch->exposure_count; /* the same exposure is of the same night: only a few to look at */
            night = epo__batch_night(batch, visits[i].date);
        }
        const char *key = exposure_key(batch, &visits[i]);
        if (!key || !night) return epo__nomem("exposure");
        const epo__exposure *same = find_exposure(batch, first_of_night, key);
        epo_status status =
            same ? add_cutout(f, batch, &visits[i], same) : add_exposure(f, batch, &visits[i], key, night);
        if (status != EPO_OK) return status;
    }
    return EPO_OK;
}

static epo_status find_table(const epo__fits *f, const char *path, size_t *table)
{
    for (size_t i = 0; i < epo__fits_count(f); i++) {
        epo__fits_info info;
        epo_status status = epo__fits_hdu(f, i, &info);
        if (status != EPO_OK) return status;
        if (info.kind != EPO__FITS_TABLE) continue;
        *table = i;
        return epo__fits_table_rows(f, i) ? EPO_OK
                                          : epo__fail(EPO_EFORMAT, "%s: the table in HDU %zu has no rows", path, i);
    }
    return epo__fail(EPO_EFORMAT, "%s: no table with columns of fixed length: not a Deep-TAO file", path);
}

/* The rows of the table. Each image has one: a file cannot ask for more pixels than it holds. */
static epo_status read_visits(const epo__fits *f, size_t table, const char *path, visit *visits, size_t rows)
{
    columns c;
    size_t hdus = epo__fits_count(f);
    bool *taken = epo__alloc(hdus, sizeof *taken);
    epo_status status = taken ? find_columns(f, table, path, &c) : epo__nomem("visits");
    for (size_t i = 0; status == EPO_OK && i < rows; i++) {
        status = read_visit(f, table, path, &c, i, &visits[i]);
        if (status == EPO_OK && taken[visits[i].hdu])
            status = epo__fail(EPO_EFORMAT, "%s: row %zu names HDU %zu once more", path, i, visits[i].hdu);
        if (status == EPO_OK) taken[visits[i].hdu] = true;
    }
    free(taken);
    return status;
}

static epo_status tao_decode(const epo_import_options *options, epo__batch *batch)
{
    epo__fits *f = NULL;
    visit *visits = NULL;
    size_t table = 0, rows = 0;
    epo_status status =
        epo__fits_open_file(batch->path, options->trust_input ? &EPO__FITS_TRUSTED : &EPO__FITS_FILE, &f);
    if (status == EPO_OK) status = find_table(f, batch->path, &table);
    if (status == EPO_OK) status = read_keys(f, table, batch);
    if (status == EPO_OK) {
        rows = epo__fits_table_rows(f, table);
        visits = epo__alloc(rows, sizeof *visits);
        status = visits ? read_visits(f, table, batch->path, visits, rows) : epo__nomem("visits");
    }
    if (status == EPO_OK) status = order_visits(batch->path, visits, rows);
    if (status == EPO_OK) status = add_visits(f, batch, visits, rows);
    free(visits);
    epo__fits_close(f);
    return status;
}

static const char *const suffixes[] = {".fits", ".fit", ".fits.gz", ".fit.gz", NULL};

const epo__reader_type epo__reader_tao = {
    .name = "tao",
    .about = "Deep-TAO / CRTS multi-extension FITS, one object a file, one folder a class",
    .survey = "CRTS",
    .suffixes = suffixes,
    .named_by_files = true,
    .state_size = sizeof(epo__named_file),
    .open = epo__named_file_open,
    .next = tao_next,
    .decode = tao_decode,
    .context = epo__named_file_context,
};
