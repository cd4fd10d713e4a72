/* SPDX-License-Identifier: BSD-3-Clause
 * curves.c - ROC curves, and precision against recall, class by class, all sets in one plot; of stamps also false
 * positives against missed detections. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "epochal/curves.h"
#include "report/html.h"
#include "report/page.h"
#include "report/svg.h"

typedef enum which { ROC, PRECISION_RECALL, MDR_FPR } which;

static double x_of(const epo_curve_point *at, which kind)
{
    return kind == ROC ? at->fpr : kind == PRECISION_RECALL ? at->tpr : at->mdr;
}

static double y_of(const epo_curve_point *at, which kind)
{
    return kind == ROC ? at->tpr : kind == PRECISION_RECALL ? at->precision : at->fpr;
}

/* What lies beyond is left out. */
typedef struct limits {
    double x, y;
} limits;

/* One set's curve into the plot. */
static epo_status add_line(epo__plot *plot, const epo__report_set *set, int k, which kind, const limits *most,
                           size_t series)
{
    epo_curve curve;
    epo_status status = epo_scored_curve(set->is->scored, (size_t)k, &curve);
    double *xs = NULL, *ys = NULL;
    if (status == EPO_OK) {
        xs = epo__alloc(curve.count + 1, sizeof *xs);
        ys = epo__alloc(curve.count + 1, sizeof *ys);
        if (!xs || !ys) status = epo__nomem("a curve");
    }
    size_t count = 0;
    for (size_t i = 0; status == EPO_OK && i < curve.count; i++) {
        const epo_curve_point *at = &curve.points[i];
        if (x_of(at, kind) > most->x || y_of(at, kind) > most->y) continue;
        xs[count] = x_of(at, kind);
        ys[count++] = y_of(at, kind);
    }
    if (status == EPO_OK)
        epo__plot_line(plot, &(epo__plot_data){xs, ys, count},
                       kind == PRECISION_RECALL ? EPO__LINE_STEPS : EPO__LINE_STRAIGHT, series);
    epo_curve_free(&curve);
    free(xs);
    free(ys);
    return status;
}

static void caption(epo__page *p, const char *name, epo_measure measure)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<figcaption>");
    epo__measure_title(s, measure, &p->sets[0].how);
    for (size_t i = 0; i < p->count; i++) {
        const int k = epo__report_class_of(&p->sets[i], name);
        const bool stamps = p->sets[i].info.stamps;
        const int asked = !stamps ? k : measure == EPO_MEASURE_AUC ? -1 : measure == EPO_MEASURE_FPR_AT_MDR ? 0 : 1;
        const epo_measurement *m = k < 0 ? NULL : epo_evaluation_find(&p->sets[i].judged, measure, asked);
        if (!m) continue;
        epo__string_add(s, i ? "; " : " ");
        if (p->count > 1) {
            epo__html_name(s, p->sets[i].is->name);
            epo__string_add(s, " ");
        }
        epo__html_estimate(s, &m->is);
    }
    epo__string_add(s, "</figcaption>");
}

static epo_status add_plot(epo__page *p, const char *name, which kind)
{
    static const struct {
        const char *title, *x, *y;
        double x_most, y_most;
        epo_measure measure;
    } kinds[] = {
        [ROC] = {"ROC", "false positive rate", "true positive rate", 1, 1, EPO_MEASURE_AUC},
        [PRECISION_RECALL] = {"Precision and recall", "recall", "precision", 1, 1, EPO_MEASURE_AVERAGE_PRECISION},
        [MDR_FPR] = {"False positives", "missed detections (MDR)", "false positives (FPR)", 0.2, 0.5,
                     EPO_MEASURE_FPR_AT_MDR},
    };
    epo__plot plot;
    char title[160];
    epo_status status = EPO_OK;
    snprintf(title, sizeof title, "%s: %.100s", kinds[kind].title, name);
    epo__string_add(&p->out, "<figure>\n");
    epo__plot_begin(&plot, &p->out,
                    &(epo__plot_frame){.title = title,
                                       .about = epo__measure_about(kinds[kind].measure),
                                       .x = {kinds[kind].x, 0, kinds[kind].x_most},
                                       .y = {kinds[kind].y, 0, kinds[kind].y_most}});
    if (kind == ROC) epo__plot_guide(&plot, 0, 0, 1, 1);
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) {
        const int k = epo__report_class_of(&p->sets[i], name);
        if (k < 0) continue;
        const double share = (double)p->sets[i].judged.classes[k].count / (double)p->sets[i].info.count;
        if (kind == PRECISION_RECALL && i == 0) epo__plot_guide(&plot, 0, share, 1, share);
        status = add_line(&plot, &p->sets[i], k, kind, &(limits){kinds[kind].x_most, kinds[kind].y_most}, i);
    }
    epo__plot_end(&plot);
    caption(p, name, kinds[kind].measure);
    epo__string_add(&p->out, "</figure>\n");
    return status;
}

static epo_status add_grid(epo__page *p, const char *title, which kind)
{
    size_t chosen[EPO__REPORT_CLASSES];
    const epo__report_set *first = &p->sets[0];
    const size_t count = epo__report_chosen_classes(first, chosen);
    epo_status status = EPO_OK;
    epo__string_addf(&p->out, "<h3>%s</h3>\n", title);
    if (count < first->info.class_count)
        epo__string_addf(&p->out, "<p class=\"note\">The %zu largest of %zu classes.</p>\n", count,
                         first->info.class_count);
    epo__string_add(&p->out, "<div class=\"grid\">\n");
    for (size_t i = 0; status == EPO_OK && i < count; i++) status = add_plot(p, first->info.classes[chosen[i]], kind);
    epo__string_add(&p->out, "</div>\n");
    return status;
}

/* Of real alone; the last is what surveys of transients quote. */
static epo_status add_stamp_curves(epo__page *p)
{
    epo_status status = EPO_OK;
    epo__string_add(&p->out, "<div class=\"grid\">\n");
    for (int kind = ROC; status == EPO_OK && kind <= MDR_FPR; kind++)
        status = add_plot(p, p->sets[0].info.classes[1], (which)kind);
    epo__string_add(&p->out, "</div>\n");
    return status;
}

epo_status epo__report_curves(epo__page *p)
{
    epo__string *s = &p->out;
    epo__html_section(s, "curves", "Curves");
    epo__string_add(s,
                    "<p>Each class against the rest as the threshold falls; a threshold stands at every score, so that "
                    "nothing is smoothed. The broken line is what chance gives.</p>\n");
    if (p->count > 1) {
        epo__svg_legend_begin(s);
        for (size_t i = 0; i < p->count; i++) epo__svg_legend_item(s, i, p->sets[i].is->name);
        epo__svg_legend_end(s);
    }
    if (p->sets[0].info.stamps) return add_stamp_curves(p);
    const epo_status status = add_grid(p, "True against false positives (ROC)", ROC);
    return status == EPO_OK ? add_grid(p, "Precision against recall", PRECISION_RECALL) : status;
}
