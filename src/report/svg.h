/* SPDX-License-Identifier: BSD-3-Clause
 * svg.h - plots as inline SVG, drawn by us: a frame with ticks, and what goes into it. Colours and dashes are classes
 * of style.css: series 0 .. EPO__SERIES - 1, further ones begin anew.
 *
 *     epo__plot p;
 *     epo__plot_begin(&p, out, &(epo__plot_frame){.title = "ROC of SN", .x = {"FPR", 0, 1}, .y = {"TPR", 0, 1}});
 *     epo__plot_line(&p, &(epo__plot_data){xs, ys, count}, EPO__LINE_STRAIGHT, 0);
 *     epo__plot_end(&p)
 *
 * Numbers are written with one decimal, so a plot is at most as large as its pixels are many: points closer than that
 * are left out. */
#ifndef EPO_REPORT_SVG_H
#define EPO_REPORT_SVG_H

#include "base/text.h"
#include "epochal/evaluate.h"

enum { EPO__SERIES = 8 };

/* low > high turns an axis round (magnitudes). Equal, or not finite: an axis of one length about it. */
typedef struct epo__plot_axis {
    const char *label;
    double low, high;
    bool whole; /* ticks at whole numbers only */
} epo__plot_axis;

typedef struct epo__plot_frame {
    const char *title; /* read out, and shown above; may come from outside */
    const char *about; /* read out too; NULL none */
    epo__plot_axis x, y;
    double height; /* of the whole, 360 being its width; 0: 270 */
} epo__plot_frame;

typedef struct epo__plot {
    epo__string *out;
    epo__plot_axis x, y;
    double left, top, width, height; /* of the inside */
} epo__plot;

typedef struct epo__plot_data {
    const double *xs, *ys; /* what is not finite interrupts a line */
    size_t count;
} epo__plot_data;

typedef enum epo__plot_line_kind {
    EPO__LINE_STRAIGHT,
    EPO__LINE_STEPS, /* to the next y first, then to its x: average precision is the area below */
} epo__plot_line_kind;

void epo__plot_begin(epo__plot *plot, epo__string *out, const epo__plot_frame *frame);
void epo__plot_end(epo__plot *plot);

void epo__plot_line(epo__plot *plot, const epo__plot_data *data, epo__plot_line_kind kind, size_t series);

/* Dots, and whiskers from low to high where these are not NULL. */
void epo__plot_dots(epo__plot *plot, const epo__plot_data *data, const double *lows, const double *highs,
                    size_t series);

/* Triangles that point down: upper limits. */
void epo__plot_limits(epo__plot *plot, const epo__plot_data *data, size_t series);

/* A bar from the x axis (y = 0) between two x. */
void epo__plot_bar(epo__plot *plot, double low, double high, double y, size_t series);

void epo__plot_band(epo__plot *plot, const double *xs, const double *lows, const double *highs, size_t count,
                    size_t series);

void epo__plot_guide(epo__plot *plot, double x0, double y0, double x1, double y1);

/* A small picture for a row of a table: value and interval between `low` and `high`, a tick at `mark` (NaN: none). */
void epo__svg_interval(epo__string *out, const epo_estimate *estimate, double low, double high, double mark,
                       size_t series);

/* A list that names the series. */
void epo__svg_legend_begin(epo__string *out);
void epo__svg_legend_item(epo__string *out, size_t series, const char *name);
void epo__svg_legend_end(epo__string *out);

#endif
