/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve.c - the light curve of an object, as a plot. */
#include "report/lightcurve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "report/html.h"
#include "report/svg.h"

typedef struct point {
    double mjd, mag, low, high; /* low, high: NaN without an error */
    size_t filter;
    bool limit;
} point;

typedef struct curve {
    point *points;
    size_t count;
    const char *filters[EPO__SERIES]; /* those beyond share the last one's colour */
    size_t filter_count;
    const char *method;
} curve;

static size_t filter_of(curve *c, const char *name)
{
    for (size_t i = 0; i < c->filter_count; i++)
        if (strcmp(c->filters[i], name) == 0) return i;
    if (c->filter_count == EPO__SERIES) return EPO__SERIES - 1;
    c->filters[c->filter_count] = name;
    return c->filter_count++;
}

static void add(curve *c, double mjd, double mag, double err, const char *filter, bool limit)
{
    const bool has_error = err > 0 && isfinite(err) && !limit;
    if (!isfinite(mjd) || !isfinite(mag) || fabs(mag) > 90) return; /* 99 is how catalogues say none */
    c->points[c->count++] = (point){.mjd = mjd,
                                    .mag = mag,
                                    .low = has_error ? mag - err : (double)NAN,
                                    .high = has_error ? mag + err : (double)NAN,
                                    .filter = filter_of(c, filter ? filter : ""),
                                    .limit = limit};
}

/* Of one method: "given", else the first there is. */
static void take_photometry(curve *c, const epo__photometry_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *method = list->rows[i].method;
        if (strcmp(method, "given") == 0 || !c->method) c->method = method;
        if (strcmp(c->method, "given") == 0) break;
    }
    for (size_t i = 0; i < list->count; i++) {
        const epo__photometry_row *r = &list->rows[i];
        if (strcmp(r->method, c->method) == 0 && !(r->flag & EPO__PHOTOMETRY_SUSPECT))
            add(c, r->mjd, r->mag, r->mag_err, r->filter, r->flag & EPO__PHOTOMETRY_LIMIT);
    }
}

static void take_stamps(curve *c, const epo__stamp_list *stamps)
{
    c->method = "magnitudes of the stamps";
    for (size_t i = 0; i < stamps->count; i++) {
        const epo__stamp_row *r = &stamps->rows[i];
        if (r->role == EPO__ROLE_SCIENCE && r->mag != 0) add(c, r->mjd, r->mag, r->mag_err, r->filter, false);
    }
}

static epo__plot_axis axis_of(const curve *c, const char *label, bool magnitude)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < c->count; i++) {
        const point *p = &c->points[i];
        const double least = magnitude ? fmin(p->mag, p->low) : p->mjd,
                     most = magnitude ? fmax(p->mag, p->high) : p->mjd;
        low = fmin(low, least);
        high = fmax(high, most);
    }
    const double room = high > low ? 0.05 * (high - low) : 0.5;
    return magnitude ? (epo__plot_axis){.label = label, .low = high + room, .high = low - room}
                     : (epo__plot_axis){.label = label, .low = low - room, .high = high + room};
}

static epo_status draw(epo__string *out, const curve *c)
{
    epo__plot plot;
    double *rows = epo__alloc(epo__product(4, c->count), sizeof *rows);
    if (!rows) return epo__nomem("a light curve");
    double *xs = rows, *ys = rows + c->count, *lows = ys + c->count, *highs = lows + c->count;
    epo__plot_begin(&plot, out,
                    &(epo__plot_frame){.title = "Light curve",
                                       .x = axis_of(c, "MJD (days)", false),
                                       .y = axis_of(c, "magnitude", true),
                                       .height = 215});
    for (size_t f = 0; f < c->filter_count; f++)
        for (int limits = 0; limits < 2; limits++) {
            size_t count = 0;
            for (size_t i = 0; i < c->count; i++) {
                const point *p = &c->points[i];
                if (p->filter != f || p->limit != (limits == 1)) continue;
                xs[count] = p->mjd;
                ys[count] = p->mag;
                lows[count] = p->low;
                highs[count++] = p->high;
            }
            const epo__plot_data data = {xs, ys, count};
            if (count && limits) epo__plot_limits(&plot, &data, f);
            if (count && !limits) epo__plot_dots(&plot, &data, lows, highs, f);
        }
    epo__plot_end(&plot);
    free(rows);
    return EPO_OK;
}

static void caption(epo__string *out, const curve *c)
{
    epo__string_add(out, "<figcaption>");
    epo__html_count(out, (int64_t)c->count);
    epo__string_add(out, c->count == 1 ? " point, " : " points, ");
    epo__html_name(out, c->method);
    for (size_t f = 0; f < c->filter_count; f++)
        if (*c->filters[f]) {
            epo__string_add(out, f ? ", " : "; filter ");
            epo__html_name(out, c->filters[f]);
        }
    epo__string_add(out, "</figcaption>");
}

epo_status epo__report_light_curve(epo__string *out, epo_store *store, int64_t object, const epo__stamp_list *stamps)
{
    epo__photometry_list list = {0};
    curve c = {0};
    epo_status status = epo__store_photometry_of(store, object, NULL, &list);
    if (status == EPO_OK && !(c.points = epo__alloc(list.count + stamps->count + 1, sizeof *c.points)))
        status = epo__nomem("a light curve");
    if (status == EPO_OK && list.count) take_photometry(&c, &list);
    if (status == EPO_OK && c.count == 0) take_stamps(&c, stamps);
    if (status == EPO_OK && c.count) {
        epo__string_add(out, "<figure>\n");
        status = draw(out, &c);
        caption(out, &c);
        epo__string_add(out, "</figure>\n");
    } else if (status == EPO_OK) {
        epo__string_add(out, "<p class=\"soft\">No light curve in the store.</p>\n");
    }
    free(c.points);
    epo__photometry_list_free(&list);
    return status;
}
