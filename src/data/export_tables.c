/* SPDX-License-Identifier: BSD-3-Clause
 * export_tables.c - the rows of a store as CSV: objects, stamps without their pixels, photometry, scores, labels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/export.h"
#include "formats/csv_write.h"
#include "formats/new_file.h"
#include "store/labels.h"
#include "store/scores.h"

typedef struct sheet {
    epo__export *e;
    epo__csv_writer csv;
    epo__photometry_list points;
} sheet;

typedef struct table {
    const char *name, *about, *columns; /* columns: after survey and object, as in the header */
    epo_status (*rows)(sheet *s);       /* of one object */
} table;

static void begin_row(sheet *s)
{
    epo__csv_put_text(&s->csv, s->e->object.survey);
    epo__csv_put_text(&s->csv, s->e->object.name);
}

static void end_row(sheet *s)
{
    epo__csv_end_row(&s->csv);
    s->e->summary->rows++;
}

static void put_id(sheet *s, int64_t id)
{
    if (id)
        epo__csv_put_int(&s->csv, id);
    else
        epo__csv_put_text(&s->csv, NULL);
}

static epo_status object_rows(sheet *s)
{
    const epo__object_row *o = &s->e->object;
    double first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < s->e->stamps.count; i++) {
        first = fmin(first, s->e->stamps.rows[i].mjd);
        last = fmax(last, s->e->stamps.rows[i].mjd);
    }
    begin_row(s);
    epo__csv_put_real(&s->csv, o->ra);
    epo__csv_put_real(&s->csv, o->dec);
    epo__csv_put_text(&s->csv, o->class_name);
    epo__csv_put_text(&s->csv, o->class_given);
    epo__csv_put_text(&s->csv, o->parent);
    epo__csv_put_int(&s->csv, (int64_t)s->e->stamps.count);
    epo__csv_put_real(&s->csv, first);
    epo__csv_put_real(&s->csv, last);
    end_row(s);
    return EPO_OK;
}

static epo_status stamp_rows(sheet *s)
{
    for (size_t i = 0; i < s->e->stamps.count; i++) {
        const epo__stamp_row *r = &s->e->stamps.rows[i];
        begin_row(s);
        epo__csv_put_text(&s->csv, s->e->object.class_name);
        epo__csv_put_text(&s->csv, r->exposure);
        epo__csv_put_text(&s->csv, epo__role_name(r->role));
        epo__csv_put_int(&s->csv, r->plane);
        epo__csv_put_real(&s->csv, r->mjd);
        epo__csv_put_real(&s->csv, r->mjd_given);
        epo__csv_put_int(&s->csv, r->mjd_suspect);
        epo__csv_put_text(&s->csv, r->night);
        epo__csv_put_text(&s->csv, r->filter);
        epo__csv_put_text(&s->csv, epo__pixel_name(r->type));
        epo__csv_put_int(&s->csv, r->width);
        epo__csv_put_int(&s->csv, r->height);
        epo__csv_put_int(&s->csv, r->constant);
        epo__csv_put_real(&s->csv, r->mag);
        epo__csv_put_real(&s->csv, r->mag_err);
        epo__csv_put_real(&s->csv, r->fwhm);
        put_id(s, r->candid);
        epo__csv_put_real(&s->csv, r->rb);
        epo__csv_put_real(&s->csv, r->drb);
        epo__csv_put_text(&s->csv, r->rb_version);
        epo__csv_put_text(&s->csv, r->drb_version);
        epo__csv_put_text(&s->csv, r->extra);
        end_row(s);
    }
    return EPO_OK;
}

static epo_status point_rows(sheet *s)
{
    epo_status status = epo__store_photometry_of(s->e->store, s->e->object.id, NULL, &s->points);
    for (size_t i = 0; status == EPO_OK && i < s->points.count; i++) {
        const epo__photometry_row *p = &s->points.rows[i];
        const bool has_flux = p->flux_err > 0;
        begin_row(s);
        epo__csv_put_text(&s->csv, s->e->object.class_name);
        epo__csv_put_text(&s->csv, p->method);
        epo__csv_put_real(&s->csv, p->mjd);
        epo__csv_put_text(&s->csv, p->filter);
        epo__csv_put_real(&s->csv, p->mag);
        epo__csv_put_real(&s->csv, p->mag_err);
        epo__csv_put_int(&s->csv, p->flag);
        epo__csv_put_real(&s->csv, has_flux ? p->flux : NAN);
        epo__csv_put_real(&s->csv, has_flux ? p->flux_err : NAN);
        end_row(s);
    }
    return status;
}

static epo_status score_row(void *context, const epo__score_row *score)
{
    sheet *s = context;
    const epo__stamp_row *stamp = NULL;
    for (size_t i = 0; score->stamp && !stamp && i < s->e->stamps.count; i++)
        if (s->e->stamps.rows[i].id == score->stamp) stamp = &s->e->stamps.rows[i];
    begin_row(s);
    epo__csv_put_text(&s->csv, s->e->object.class_name);
    epo__csv_put_int(&s->csv, score->run);
    epo__csv_put_text(&s->csv, score->model);
    epo__csv_put_text(&s->csv, score->sha256);
    epo__csv_put_text(&s->csv, stamp ? stamp->exposure : NULL);
    epo__csv_put_real(&s->csv, stamp ? stamp->mjd : NAN);
    put_id(s, stamp ? stamp->candid : 0);
    epo__csv_put_text(&s->csv, score->class_name);
    epo__csv_put_real(&s->csv, score->value);
    end_row(s);
    return EPO_OK;
}

static epo_status score_rows(sheet *s)
{
    return epo__store_scores_of(s->e->store, s->e->object.id, score_row, s);
}

static epo_status label_row(void *context, const epo__history_row *row)
{
    sheet *s = context;
    begin_row(s);
    epo__csv_put_text(&s->csv, row->vote ? "vote" : "label");
    epo__csv_put_text(&s->csv, row->class_name);
    epo__csv_put_text(&s->csv, row->who);
    epo__csv_put_text(&s->csv, row->why);
    epo__csv_put_text(&s->csv, row->at);
    end_row(s);
    return EPO_OK;
}

static epo_status label_rows(sheet *s)
{
    return epo__store_history_visit(s->e->store, s->e->object.id, label_row, s);
}

static const table tables[] = {
    {"objects", "a row an object: place, class, parent, number of stamps, first and last time",
     "ra,dec,class,class_given,parent,stamps,mjd_first,mjd_last", object_rows},
    {"stamps", "a row a stamp: everything but its pixels",
     "class,exposure,role,plane,mjd,mjd_given,mjd_suspect,night,filter,type,width,height,constant,mag,mag_err,fwhm,"
     "candid,rb,drb,rb_version,"
     "drb_version,extra",
     stamp_rows},
    {"photometry", "a row a point of a light curve, of all methods",
     "class,method,mjd,filter,mag,mag_err,flag,flux,flux_err", point_rows},
    {"scores", "a row a probability that a finished run gave, of objects and of stamps",
     "labelled,run,model,sha256,exposure,mjd,candid,class,probability", score_rows},
    {"labels", "a row for each label that an object was given, and for each vote", "kind,class,who,why,at", label_rows},
};
enum { TABLES = sizeof tables / sizeof *tables };

epo_export_word epo__export_table_at(size_t index)
{
    return index < TABLES ? (epo_export_word){tables[index].name, tables[index].about} : (epo_export_word){0};
}

static const table *table_of(const epo_export_options *o)
{
    for (size_t i = 0; i < TABLES; i++)
        if (strcmp(tables[i].name, o->table ? o->table : "objects") == 0) return &tables[i];
    return NULL;
}

static epo_status write_rows(sheet *s, const table *t)
{
    bool more = true;
    epo_status status = EPO_OK;
    fprintf(s->csv.file, "survey,object,%s\r\n", t->columns);
    while (status == EPO_OK && (status = epo__export_next(s->e, &more)) == EPO_OK && more) {
        const uint64_t before = s->e->summary->rows;
        status = t->rows(s);
        if (status == EPO_EFORMAT) status = epo__export_damaged(s->e, NULL);
        s->e->summary->objects += s->e->summary->rows > before;
    }
    return status;
}

static epo_status tables_write(epo__export *e, const char *path)
{
    epo__new_file out;
    sheet s = {.e = e};
    epo_status status = epo__new_file_open(path, &out);
    if (status != EPO_OK) return status;
    s.csv.file = out.file;
    status = write_rows(&s, table_of(e->options));
    epo__photometry_list_free(&s.points);
    if (status == EPO_OK) return epo__new_file_end(&out, !ferror(out.file));
    epo__new_file_drop(&out);
    return status;
}

static epo_status tables_check(const epo_export_options *o)
{
    return table_of(o) ? EPO_OK : epo__fail(EPO_EARG, "table '%s' is not one that is written", o->table);
}

const epo__export_kind epo__export_csv = {
    .name = "csv",
    .about = "one of the tables as CSV (RFC 4180)",
    .check = tables_check,
    .write = tables_write,
};
