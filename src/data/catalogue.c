/* SPDX-License-Identifier: BSD-3-Clause
 * catalogue.c - sources on the sky, and the nearest of each kind. */
#include "data/catalogue.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "formats/csv.h"

enum { MOST_KIND_BYTES = 63 };
static const double RADIANS = 0.017453292519943295, ARCSEC = 3600, MOST_RADIUS = 3600;

typedef struct source {
    double ra, dec;
    float mag;
    int32_t strip;
    int kind;
} source;

struct epo__catalogue {
    source *sources;
    size_t count, room;
    char *kinds[EPO__CATALOGUE_KINDS];
    size_t kind_count;
    double radius, height; /* degrees: of the searches, and of a strip */
};

/* --- the sphere --------------------------------------------------------------------------------------------------- */

double epo__sky_distance(double ra1, double dec1, double ra2, double dec2)
{
    const double d = sin((dec2 - dec1) / 2 * RADIANS), a = sin((ra2 - ra1) / 2 * RADIANS);
    const double h = d * d + cos(dec1 * RADIANS) * cos(dec2 * RADIANS) * a * a;
    return 2 * asin(fmin(1, sqrt(h))) / RADIANS * ARCSEC;
}

/* How far in right ascension a point within the radius may be; 180 near a pole. Widened a little: rounding must not
 * lose a source at the edge. */
static double reach(const epo__catalogue *c, double dec)
{
    if (fabs(dec) + c->radius * (1 + 1e-9) >= 90) return 180;
    return fmin(180, asin(fmin(1, sin(c->radius * RADIANS) / cos(dec * RADIANS))) / RADIANS * (1 + 1e-9) + 1e-12);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef struct reading {
    const char *path;
    epo__csv *csv;
    size_t ra, dec, kind, mag;
    bool has_mag;
    epo__catalogue *out;
} reading;

static epo_status find_columns(reading *r)
{
    static const char *const ra[] = {"ra", "ra_deg", NULL}, *const dec[] = {"dec", "dec_deg", NULL},
                             *const kind[] = {"kind", "type", NULL}, *const mag[] = {"mag", "magnitude", NULL};
    epo_status status = epo__csv_find(r->csv, ra, &r->ra);
    if (status == EPO_OK) status = epo__csv_find(r->csv, dec, &r->dec);
    if (status == EPO_OK) status = epo__csv_find(r->csv, kind, &r->kind);
    if (status != EPO_OK) return status;
    status = epo__csv_find(r->csv, mag, &r->mag);
    r->has_mag = status == EPO_OK;
    return status == EPO_ENOTFOUND ? EPO_OK : status;
}

static epo_status bad_cell(const reading *r, size_t column, const char *what)
{
    return epo__fail(EPO_EFORMAT, "%s: line %llu: column '%s' %s", r->path, (unsigned long long)epo__csv_line(r->csv),
                     epo__csv_name(r->csv, column), what);
}

static epo_status read_degrees(const reading *r, size_t column, double low, double high, double *out)
{
    epo_status status = epo__csv_double(r->csv, column, out);
    if (status != EPO_OK || (*out >= low && *out <= high)) return status;
    return bad_cell(r, column, column == r->dec ? "is not from -90 to 90 degrees" : "is not from -180 to 360 degrees");
}

static epo_status read_kind(const reading *r, const char *text, int *kind)
{
    epo__catalogue *c = r->out;
    char lower[MOST_KIND_BYTES + 1] = {0};
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
    if (length == 0 || length > MOST_KIND_BYTES) return bad_cell(r, r->kind, "is no kind of 1 to 63 bytes");
    for (size_t i = 0; i < length; i++) lower[i] = (char)tolower((unsigned char)text[i]);
    for (*kind = 0; (size_t)*kind < c->kind_count; ++*kind)
        if (strcmp(c->kinds[*kind], lower) == 0) return EPO_OK;
    if (c->kind_count == EPO__CATALOGUE_KINDS)
        return epo__fail(EPO_ELIMIT, "%s: line %llu: more than %d kinds of sources", r->path,
                         (unsigned long long)epo__csv_line(r->csv), EPO__CATALOGUE_KINDS);
    if (!(c->kinds[c->kind_count] = epo__strdup(lower))) return epo__nomem(r->path);
    c->kind_count++;
    return EPO_OK;
}

static epo_status read_source(reading *r, const char *const *fields)
{
    epo__catalogue *c = r->out;
    source s = {.mag = NAN};
    double mag;
    epo_status status = read_degrees(r, r->ra, -180, 360, &s.ra);
    if (status == EPO_OK) status = read_degrees(r, r->dec, -90, 90, &s.dec);
    if (status == EPO_OK) status = read_kind(r, fields[r->kind], &s.kind);
    if (status == EPO_OK && r->has_mag && fields[r->mag][strspn(fields[r->mag], " \t")]) {
        status = epo__csv_double(r->csv, r->mag, &mag);
        if (status == EPO_OK && isfinite(mag) && fabs(mag) < (double)FLT_MAX) s.mag = (float)mag;
    }
    if (status != EPO_OK) return status;
    s.ra = s.ra < 0 ? s.ra + 360 : s.ra >= 360 ? s.ra - 360 : s.ra;
    s.strip = (int32_t)floor((s.dec + 90) / c->height);
    if (!epo__grow(&c->sources, &c->room, c->count + 1, sizeof *c->sources)) return epo__nomem(r->path);
    c->sources[c->count++] = s;
    return EPO_OK;
}

static int by_place(const void *a, const void *b)
{
    const source *x = a, *y = b;
    if (x->strip != y->strip) return x->strip < y->strip ? -1 : 1;
    return (x->ra > y->ra) - (x->ra < y->ra);
}

/* Kinds in the order of their names, whatever the order of the lines. */
static epo_status order_kinds(epo__catalogue *c, const char *path)
{
    char *met[EPO__CATALOGUE_KINDS];
    int to[EPO__CATALOGUE_KINDS] = {0};
    if (c->count == 0) return epo__fail(EPO_EFORMAT, "%s: holds no sources", path);
    memcpy(met, c->kinds, sizeof met);
    qsort(c->kinds, c->kind_count, sizeof *c->kinds, epo__by_text);
    for (size_t i = 0; i < c->kind_count; i++)
        for (size_t j = 0; j < c->kind_count; j++)
            if (c->kinds[j] == met[i]) to[i] = (int)j;
    for (size_t i = 0; i < c->count; i++) c->sources[i].kind = to[c->sources[i].kind];
    qsort(c->sources, c->count, sizeof *c->sources, by_place);
    return EPO_OK;
}

epo_status epo__catalogue_read(const char *path, double radius, epo__catalogue **out)
{
    *out = NULL;
    if (!(radius > 0 && radius <= MOST_RADIUS))
        return epo__fail(EPO_EARG, "a radius of %g arcsec; above 0, and %g at most", radius, MOST_RADIUS);
    reading r = {.path = path, .out = epo__alloc(1, sizeof *r.out)};
    if (!r.out) return epo__nomem(path);
    r.out->radius = radius / ARCSEC;
    r.out->height = fmax(r.out->radius, 10 / ARCSEC); /* very thin strips would gain nothing */
    epo_status status = epo__csv_open(path, &r.csv);
    if (status == EPO_OK) status = find_columns(&r);
    while (status == EPO_OK) {
        const char *const *fields;
        bool end;
        status = epo__csv_next(r.csv, &fields, &end);
        if (end || status != EPO_OK) break;
        status = read_source(&r, fields);
    }
    if (status == EPO_OK) status = order_kinds(r.out, path);
    epo__csv_free(r.csv);
    if (status == EPO_OK)
        *out = r.out;
    else
        epo__catalogue_free(r.out);
    return status;
}

void epo__catalogue_free(epo__catalogue *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->kind_count; i++) free(c->kinds[i]);
    free(c->sources);
    free(c);
}

size_t epo__catalogue_kinds(const epo__catalogue *catalogue, const char *const **names)
{
    *names = (const char *const *)catalogue->kinds;
    return catalogue->kind_count;
}

/* --- searching ---------------------------------------------------------------------------------------------------- */

/* The first source at, or behind, this place. */
static size_t first_from(const epo__catalogue *c, int32_t strip, double ra)
{
    const source wanted = {.strip = strip, .ra = ra};
    size_t low = 0, high = c->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (by_place(&c->sources[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void search(const epo__catalogue *c, int32_t strip, double from, double to, double ra, double dec,
                   epo__nearest *nearest)
{
    for (size_t i = first_from(c, strip, from); i < c->count; i++) {
        const source *s = &c->sources[i];
        if (s->strip != strip || s->ra > to) return;
        const double distance = epo__sky_distance(ra, dec, s->ra, s->dec);
        if (distance > c->radius * ARCSEC || distance >= nearest[s->kind].distance) continue;
        nearest[s->kind] = (epo__nearest){distance, (double)s->mag};
    }
}

void epo__catalogue_nearest(const epo__catalogue *c, double ra, double dec, epo__nearest *nearest)
{
    const double wide = reach(c, dec), at = ra - 360 * floor(ra / 360);
    const int32_t first = (int32_t)floor((dec - c->radius + 90) / c->height);
    const int32_t last = (int32_t)floor((dec + c->radius + 90) / c->height);
    for (size_t k = 0; k < c->kind_count; k++) nearest[k] = (epo__nearest){INFINITY, (double)NAN};
    for (int32_t strip = first; strip <= last; strip++) {
        search(c, strip, at - wide, at + wide, at, dec, nearest);
        if (at - wide < 0) search(c, strip, at - wide + 360, 360, at, dec, nearest);
        if (at + wide >= 360) search(c, strip, 0, at + wide - 360, at, dec, nearest);
    }
    for (size_t k = 0; k < c->kind_count; k++)
        if (isinf(nearest[k].distance)) nearest[k].distance = (double)NAN;
}
