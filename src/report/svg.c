/* SPDX-License-Identifier: BSD-3-Clause
 * svg.c - plots as inline SVG. */
#include "report/svg.h"

#include <math.h>
#include <stdio.h>

#include "report/html.h"

enum { WIDTH = 360, HEIGHT = 270, TICKS = 5 };

static const double LEFT = 46, RIGHT = 10, TOP = 24, BOTTOM = 38;
static const double NEAR = 0.5; /* points that are no farther from the last one are left out */

/* --- the frame ------------------------------------------------------------------------------------------------------
 */

static double x_of(const epo__plot *p, double x)
{
    return p->left + p->width * (x - p->x.low) / (p->x.high - p->x.low);
}

static double y_of(const epo__plot *p, double y)
{
    return p->top + p->height * (1 - (y - p->y.low) / (p->y.high - p->y.low));
}

/* 1, 2 or 5 times a power of ten, so that about TICKS of them fit into `length`. */
static double step_of(double length)
{
    const double rough = length / TICKS, power = pow(10, floor(log10(rough))), part = rough / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static int decimals_of(double step)
{
    const double digits = -floor(log10(step) + 1e-9);
    return digits > 0 ? (int)fmin(digits, 9) : 0;
}

static epo__plot_axis settled(epo__plot_axis axis)
{
    if (!isfinite(axis.low) || !isfinite(axis.high)) axis.low = axis.high = 0;
    if (fabs(axis.high - axis.low) < 1e-12 * fmax(1, fabs(axis.low))) {
        axis.low -= 0.5;
        axis.high = axis.low + 1;
    }
    return axis;
}

static void add_ticks(epo__plot *p, const epo__plot_axis *axis, bool upright)
{
    const double low = fmin(axis->low, axis->high), high = fmax(axis->low, axis->high), least = axis->whole ? 1 : 0,
                 step = fmax(least, step_of(high - low));
    const int decimals = decimals_of(step);
    const double first = ceil(low / step - 1e-9);
    for (int i = 0; i < 4 * TICKS; i++) {
        double at = (first + i) * step;
        if (at > high + 1e-9 * step) break;
        if (fabs(at) < 1e-9 * step) at = 0; /* not -0 */
        if (upright) {
            const double y = y_of(p, at);
            epo__string_addf(p->out, "<path class=\"gridline\" d=\"M%.1f %.1fh%.1f\"/>", p->left, y, p->width);
            epo__string_addf(p->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.*f</text>\n", p->left - 5,
                             y + 3.8, decimals, at);
        } else {
            const double x = x_of(p, at);
            epo__string_addf(p->out, "<path class=\"gridline\" d=\"M%.1f %.1fv%.1f\"/>", x, p->top, p->height);
            epo__string_addf(p->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.*f</text>\n", x,
                             p->top + p->height + 14, decimals, at);
        }
    }
}

static void add_labels(epo__plot *p, const epo__plot_frame *frame)
{
    epo__string_addf(p->out, "<text class=\"head\" x=\"%.1f\" y=\"14\">", p->left);
    epo__html_text(p->out, frame->title);
    epo__string_addf(p->out, "</text><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", p->left + p->width / 2,
                     p->top + p->height + 31);
    epo__html_text(p->out, frame->x.label);
    epo__string_addf(p->out, "</text><text transform=\"translate(10 %.1f) rotate(-90)\" text-anchor=\"middle\">",
                     p->top + p->height / 2);
    epo__html_text(p->out, frame->y.label);
    epo__string_add(p->out, "</text>\n");
}

void epo__plot_begin(epo__plot *p, epo__string *out, const epo__plot_frame *frame)
{
    const double height = frame->height > 0 ? frame->height : HEIGHT;
    *p = (epo__plot){.out = out,
                     .x = settled(frame->x),
                     .y = settled(frame->y),
                     .left = LEFT,
                     .top = TOP,
                     .width = WIDTH - LEFT - RIGHT,
                     .height = height - TOP - BOTTOM};
    epo__string_addf(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
    epo__html_text(out, frame->title);
    if (frame->about) {
        epo__string_add(out, ": ");
        epo__html_text(out, frame->about);
    }
    epo__string_add(out, "\">\n");
    add_ticks(p, &p->x, false);
    add_ticks(p, &p->y, true);
    epo__string_addf(out, "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", p->left,
                     p->top, p->width, p->height);
    add_labels(p, frame);
}

void epo__plot_end(epo__plot *p)
{
    epo__string_add(p->out, "</svg>\n");
}

/* --- what goes into it ----------------------------------------------------------------------------------------------
 */

void epo__plot_line(epo__plot *p, const epo__plot_data *data, epo__plot_line_kind kind, size_t series)
{
    double last_x = NAN, last_y = NAN;
    bool down = false; /* the pen */
    epo__string_addf(p->out, "<path class=\"series s%d\" d=\"", (int)(series % EPO__SERIES));
    for (size_t i = 0; i < data->count; i++) {
        if (!isfinite(data->xs[i]) || !isfinite(data->ys[i])) {
            down = false;
            continue;
        }
        const double x = x_of(p, data->xs[i]), y = y_of(p, data->ys[i]);
        const bool ends = i + 1 == data->count || !isfinite(data->xs[i + 1]) || !isfinite(data->ys[i + 1]);
        if (down && !ends && fabs(x - last_x) < NEAR && fabs(y - last_y) < NEAR) continue;
        if (!down)
            epo__string_addf(p->out, "M%.1f %.1f", x, y);
        else if (kind == EPO__LINE_STEPS)
            epo__string_addf(p->out, "V%.1fH%.1f", y, x);
        else
            epo__string_addf(p->out, "L%.1f %.1f", x, y);
        last_x = x;
        last_y = y;
        down = true;
    }
    epo__string_add(p->out, "\"/>\n");
}

static void add_whiskers(epo__plot *p, const epo__plot_data *data, const double *lows, const double *highs,
                         size_t series)
{
    epo__string_addf(p->out, "<path class=\"whisker s%d\" d=\"", (int)(series % EPO__SERIES));
    for (size_t i = 0; i < data->count; i++) {
        if (!isfinite(data->xs[i]) || !isfinite(lows[i]) || !isfinite(highs[i])) continue;
        epo__string_addf(p->out, "M%.1f %.1fV%.1f", x_of(p, data->xs[i]), y_of(p, lows[i]), y_of(p, highs[i]));
    }
    epo__string_add(p->out, "\"/>\n");
}

void epo__plot_dots(epo__plot *p, const epo__plot_data *data, const double *lows, const double *highs, size_t series)
{
    double last_x = NAN, last_y = NAN;
    if (lows && highs) add_whiskers(p, data, lows, highs, series);
    epo__string_addf(p->out, "<g class=\"s%d\">", (int)(series % EPO__SERIES));
    for (size_t i = 0; i < data->count; i++) {
        if (!isfinite(data->xs[i]) || !isfinite(data->ys[i])) continue;
        const double x = x_of(p, data->xs[i]), y = y_of(p, data->ys[i]);
        if (fabs(x - last_x) < NEAR && fabs(y - last_y) < NEAR) continue;
        epo__string_addf(p->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\"/>", x, y);
        last_x = x;
        last_y = y;
    }
    epo__string_add(p->out, "</g>\n");
}

void epo__plot_limits(epo__plot *p, const epo__plot_data *data, size_t series)
{
    epo__string_addf(p->out, "<path class=\"whisker s%d\" d=\"", (int)(series % EPO__SERIES));
    for (size_t i = 0; i < data->count; i++)
        if (isfinite(data->xs[i]) && isfinite(data->ys[i]))
            epo__string_addf(p->out, "M%.1f %.1fh6l-3 6z", x_of(p, data->xs[i]) - 3, y_of(p, data->ys[i]));
    epo__string_add(p->out, "\"/>\n");
}

void epo__plot_bar(epo__plot *p, double low, double high, double y, size_t series)
{
    if (!isfinite(low) || !isfinite(high) || !isfinite(y)) return;
    const double x0 = x_of(p, low), x1 = x_of(p, high), y0 = y_of(p, 0), y1 = y_of(p, y);
    epo__string_addf(p->out, "<rect class=\"bar s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                     (int)(series % EPO__SERIES), fmin(x0, x1) + 0.5, fmin(y0, y1), fmax(0, fabs(x1 - x0) - 1),
                     fabs(y1 - y0));
}

void epo__plot_band(epo__plot *p, const double *xs, const double *lows, const double *highs, size_t count,
                    size_t series)
{
    epo__string_addf(p->out, "<path class=\"band s%d\" d=\"", (int)(series % EPO__SERIES));
    bool any = false;
    for (size_t i = 0; i < count; i++)
        if (isfinite(xs[i]) && isfinite(lows[i]) && isfinite(highs[i])) {
            epo__string_addf(p->out, "%c%.1f %.1f", any ? 'L' : 'M', x_of(p, xs[i]), y_of(p, highs[i]));
            any = true;
        }
    for (size_t i = count; i-- > 0;)
        if (isfinite(xs[i]) && isfinite(lows[i]) && isfinite(highs[i]))
            epo__string_addf(p->out, "L%.1f %.1f", x_of(p, xs[i]), y_of(p, lows[i]));
    epo__string_add(p->out, any ? "Z\"/>\n" : "\"/>\n");
}

void epo__plot_guide(epo__plot *p, double x0, double y0, double x1, double y1)
{
    epo__string_addf(p->out, "<path class=\"guide\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", x_of(p, x0), y_of(p, y0),
                     x_of(p, x1), y_of(p, y1));
}

/* --- small ones -----------------------------------------------------------------------------------------------------
 */

void epo__svg_interval(epo__string *out, const epo_estimate *e, double low, double high, double mark, size_t series)
{
    const double span = high > low ? high - low : 1;
    const int s = (int)(series % EPO__SERIES);
    if (isnan(e->value)) return;
    epo__string_add(out, "<svg class=\"interval\" viewBox=\"0 0 144 14\" aria-hidden=\"true\">"
                         "<path class=\"gridline\" d=\"M4 7h136\"/>");
    if (!isnan(mark)) epo__string_addf(out, "<path class=\"frame\" d=\"M%.1f 0v14\"/>", 4 + 136 * (mark - low) / span);
    if (!isnan(e->low) && !isnan(e->high))
        epo__string_addf(out, "<path class=\"whisker s%d\" d=\"M%.1f 7H%.1fm0 -4v8M%.1f 3v8\"/>", s,
                         4 + 136 * (e->low - low) / span, 4 + 136 * (e->high - low) / span,
                         4 + 136 * (e->low - low) / span);
    epo__string_addf(out, "<circle class=\"s%d\" cx=\"%.1f\" cy=\"7\" r=\"3.4\"/></svg>", s,
                     4 + 136 * (e->value - low) / span);
}

void epo__svg_legend_begin(epo__string *out)
{
    epo__string_add(out, "<ul class=\"legend\">");
}

void epo__svg_legend_item(epo__string *out, size_t series, const char *name)
{
    epo__string_addf(
        out, "<li><svg viewBox=\"0 0 32 8\" aria-hidden=\"true\"><path class=\"series s%d\" d=\"M1 4h30\"/></svg>",
        (int)(series % EPO__SERIES));
    epo__html_name(out, name);
    epo__string_add(out, "</li>");
}

void epo__svg_legend_end(epo__string *out)
{
    epo__string_add(out, "</ul>\n");
}
