/* SPDX-License-Identifier: BSD-3-Clause
 * thresholds.c - F1, MCC, precision and recall against the threshold, class by class. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "epochal/curves.h"
#include "report/html.h"
#include "report/page.h"
#include "report/svg.h"

enum { LINES = 4 };
static const char *const line_names[LINES] = {"F1", "MCC", "precision", "recall"};

static double value_of(const epo_curve_point *at, int line)
{
    return line == 0 ? at->f1 : line == 1 ? at->mcc : line == 2 ? at->precision : at->tpr;
}

/* The points that are a pixel apart in the threshold; the first point's is infinite. */
static size_t thin(const epo_curve *curve, size_t *kept)
{
    size_t count = 0;
    double last = INFINITY;
    for (size_t i = 0; i < curve->count; i++) {
        const double at = curve->points[i].threshold;
        if (!isfinite(at) || (i + 1 < curve->count && last - at < 1.0 / 300)) continue;
        kept[count++] = i;
        last = at;
    }
    return count;
}

static epo_status add_lines(epo__plot *plot, const epo_curve *curve)
{
    size_t *kept = epo__alloc(curve->count + 1, sizeof *kept);
    double *xs = epo__alloc(curve->count + 1, sizeof *xs), *ys = epo__alloc(curve->count + 1, sizeof *ys);
    const bool fine = kept && xs && ys;
    const size_t count = fine ? thin(curve, kept) : 0;
    for (int line = 0; fine && line < LINES; line++) {
        for (size_t i = 0; i < count; i++) {
            xs[i] = curve->points[kept[i]].threshold;
            ys[i] = value_of(&curve->points[kept[i]], line);
        }
        epo__plot_line(plot, &(epo__plot_data){xs, ys, count}, EPO__LINE_STRAIGHT, (size_t)line);
    }
    free(kept);
    free(xs);
    free(ys);
    return fine ? EPO_OK : epo__nomem("a curve");
}

/* Matthews' correlation goes below 0 where it is worse than chance. */
static double least(const epo_curve *curve)
{
    double low = 0;
    for (size_t i = 0; i < curve->count; i++) low = fmin(low, curve->points[i].mcc);
    return low;
}

static epo_status add_plot(epo__page *p, const epo__report_set *set, size_t k)
{
    epo_curve curve;
    epo__plot plot;
    epo_status status = epo_scored_curve(set->is->scored, k, &curve);
    if (status == EPO_OK) {
        const epo_measurement *best = epo_evaluation_find(&set->judged, EPO_MEASURE_MAX_F1, (int)k);
        const double low = least(&curve);
        const double given = set->info.stamps      ? set->how.threshold
                             : set->how.thresholds ? set->how.thresholds[k]
                                                   : (double)NAN;
        epo__string_add(&p->out, "<figure>\n");
        epo__plot_begin(&plot, &p->out,
                        &(epo__plot_frame){.title = set->info.classes[k],
                                           .about = "F1, MCC, precision and recall against the threshold",
                                           .x = {"threshold", 0, 1},
                                           .y = {"value", low, 1}});
        if (best && best->threshold >= 0 && best->threshold <= 1)
            epo__plot_guide(&plot, best->threshold, low, best->threshold, 1);
        if (given >= 0 && given <= 1) epo__plot_guide(&plot, given, low, given, 1);
        status = add_lines(&plot, &curve);
        epo__plot_end(&plot);
        epo__string_add(&p->out, "<figcaption>");
        if (best) {
            epo__string_add(&p->out, "max F1 at ");
            epo__html_number(&p->out, best->threshold);
        }
        if (!isnan(given)) {
            epo__string_add(&p->out, best ? "; used: " : "used: ");
            epo__html_number(&p->out, given);
        }
        epo__string_add(&p->out, "</figcaption></figure>\n");
    }
    epo_curve_free(&curve);
    return status;
}

epo_status epo__report_thresholds(epo__page *p)
{
    epo__string *s = &p->out;
    epo_status status = EPO_OK;
    epo__html_section(s, "thresholds", "Thresholds");
    epo__string_add(
        s, "<p>What becomes of each class, against the rest, when more or less of it is asked for. Broken "
           "upright lines: where F1 is largest on these objects, and the threshold that was used, if any.</p>\n");
    epo__svg_legend_begin(s);
    for (size_t i = 0; i < LINES; i++) epo__svg_legend_item(s, i, line_names[i]);
    epo__svg_legend_end(s);
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) {
        size_t chosen[EPO__REPORT_CLASSES];
        const size_t count = epo__report_chosen_classes(&p->sets[i], chosen);
        epo__report_set_heading(p, &p->sets[i]);
        epo__string_add(s, "<div class=\"grid\">\n");
        for (size_t c = 0; status == EPO_OK && c < count; c++) status = add_plot(p, &p->sets[i], chosen[c]);
        epo__string_add(s, "</div>\n");
    }
    return status;
}
