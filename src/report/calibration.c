/* SPDX-License-Identifier: BSD-3-Clause
 * calibration.c - how often what is claimed is so. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "epochal/curves.h"
#include "report/html.h"
#include "report/page.h"
#include "report/svg.h"

/* How many lie in each bin, below the reliability. */
static void add_histogram(epo__page *p, const epo_reliability_bin *bins)
{
    epo__plot plot;
    int64_t most = 1;
    for (size_t b = 0; b < EPO_RELIABILITY_BINS; b++)
        if (bins[b].count > most) most = bins[b].count;
    epo__plot_begin(&plot, &p->out,
                    &(epo__plot_frame){.title = "how many",
                                       .x = {"claimed probability", 0, 1},
                                       .y = {"count", 0, (double)most},
                                       .height = 150});
    for (size_t b = 0; b < EPO_RELIABILITY_BINS; b++)
        epo__plot_bar(&plot, bins[b].low, bins[b].high, (double)bins[b].count, 7);
    epo__plot_end(&plot);
}

static epo_status add_plot(epo__page *p, const epo__report_set *set, int class_index, size_t series, const char *title)
{
    epo_reliability_bin *bins = NULL;
    epo__plot plot;
    double ece = NAN, xs[EPO_RELIABILITY_BINS], ys[EPO_RELIABILITY_BINS];
    const epo_status status =
        epo_scored_reliability(set->is->scored, class_index, EPO_RELIABILITY_BINS, false, &bins, &ece);
    if (status != EPO_OK) return status;
    epo__string_add(&p->out, "<figure>\n");
    epo__plot_begin(&plot, &p->out,
                    &(epo__plot_frame){.title = title,
                                       .about = "share that is right against claimed probability",
                                       .x = {"claimed probability", 0, 1},
                                       .y = {"share that is so", 0, 1}});
    epo__plot_guide(&plot, 0, 0, 1, 1);
    for (size_t b = 0; b < EPO_RELIABILITY_BINS; b++) {
        epo__plot_bar(&plot, bins[b].low, bins[b].high, bins[b].share, series);
        xs[b] = bins[b].score;
        ys[b] = bins[b].share;
    }
    epo__plot_dots(&plot, &(epo__plot_data){xs, ys, EPO_RELIABILITY_BINS}, NULL, NULL, series);
    epo__plot_end(&plot);
    add_histogram(p, bins);
    epo__string_add(&p->out, "<figcaption>ECE ");
    epo__html_number(&p->out, ece);
    epo__string_add(&p->out, "</figcaption></figure>\n");
    free(bins);
    return EPO_OK;
}

static epo_status add_classes(epo__page *p, const epo__report_set *set, size_t series)
{
    size_t chosen[EPO__REPORT_CLASSES];
    const size_t count = epo__report_chosen_classes(set, chosen);
    epo_status status = EPO_OK;
    epo__string_add(&p->out, "<details><summary>Each class against the rest");
    if (p->count > 1) {
        epo__string_add(&p->out, ": ");
        epo__html_name(&p->out, set->is->name);
    }
    epo__string_add(&p->out, "</summary>\n<div class=\"grid\">\n");
    for (size_t c = 0; status == EPO_OK && c < count; c++)
        status = add_plot(p, set, (int)chosen[c], series, set->info.classes[chosen[c]]);
    epo__string_add(&p->out, "</div></details>\n");
    return status;
}

epo_status epo__report_calibration(epo__page *p)
{
    epo__string *s = &p->out;
    epo_status status = EPO_OK;
    epo__html_section(s, "calibration", "Calibration");
    epo__string_addf(
        s,
        "<p>Of those that were claimed with a probability of 0.8, 80 %% should be right: bars and dots on the "
        "broken line. Below it the model is too sure, above it too modest. %d bins of equal width; dots "
        "stand at the mean claim of their bin. <code>epochal calibrate</code> fits a temperature.</p>\n",
        EPO_RELIABILITY_BINS);
    epo__string_add(s, "<div class=\"grid\">\n");
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) {
        char title[160];
        const epo__report_set *set = &p->sets[i];
        snprintf(title, sizeof title, "%s%s%.100s", set->info.stamps ? "P(real)" : "Most probable class",
                 p->count > 1 ? ": " : "", p->count > 1 ? set->is->name : "");
        status = add_plot(p, set, -1, i, title);
    }
    epo__string_add(s, "</div>\n");
    for (size_t i = 0; status == EPO_OK && i < p->count; i++)
        if (!p->sets[i].info.stamps) status = add_classes(p, &p->sets[i], i);
    return status;
}
