/* SPDX-License-Identifier: BSD-3-Clause
 * bins.c - measures in bins of magnitude. */
#include <math.h>
#include <stdlib.h>

#include "epochal/status.h"
#include "report/html.h"
#include "report/page.h"
#include "report/svg.h"

enum { BINS = EPO_BIN_EDGES - 1, SHOWN = 3 };

/* What is shown of a bin; a measure and whose. */
typedef struct shown {
    epo_measure measure;
    int class_index;
} shown;
static const shown of_sequences[SHOWN] = {{EPO_MEASURE_ACCURACY, -1},
                                          {EPO_MEASURE_MEAN_MAX_F1, -1},
                                          {EPO_MEASURE_MEAN_AUC, -1}};
static const shown of_stamps[SHOWN] = {{EPO_MEASURE_AUC, -1}, {EPO_MEASURE_MDR, 1}, {EPO_MEASURE_FPR, 0}};

typedef struct bin {
    int64_t count;
    epo_estimate is[SHOWN];
} bin;

static const shown *shown_of(const epo__report_set *set)
{
    return set->info.stamps ? of_stamps : of_sequences;
}

static epo_status judge_bin(const epo__report_set *set, const double *edges, size_t b, bin *out)
{
    epo_scored *part = NULL;
    epo_evaluation judged = {0};
    epo_scored_info info;
    *out = (bin){0};
    for (size_t m = 0; m < SHOWN; m++) out->is[m] = (epo_estimate){NAN, NAN, NAN};
    epo_status status = epo_scored_bin(set->is->scored, EPO_BIN_BY_MAG, edges, b, &part);
    if (status == EPO_OK) {
        epo_scored_get_info(part, &info);
        out->count = info.count;
        status = epo_scored_evaluate(part, &set->how, &judged);
    }
    for (size_t m = 0; status == EPO_OK && out->count && m < SHOWN; m++) {
        const epo_measurement *found =
            epo_evaluation_find(&judged, shown_of(set)[m].measure, shown_of(set)[m].class_index);
        if (found) out->is[m] = found->is;
    }
    epo_evaluation_free(&judged);
    epo_scored_free(part);
    return status;
}

static void add_table(epo__page *p, const epo__report_set *set, const double *edges, const bin *bins)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<div class=\"wide\"><table><thead><tr><th>Magnitude</th><th class=\"n\">Count</th>");
    for (size_t m = 0; m < SHOWN; m++) {
        epo__string_add(s, "<th class=\"n\">");
        epo__measure_title(s, shown_of(set)[m].measure, &set->how);
        epo__string_add(s, "</th>");
    }
    epo__string_add(s, "</tr></thead><tbody>\n");
    for (size_t b = 0; b < BINS; b++) {
        epo__string_addf(s, "<tr><th scope=\"row\">%.2f to %.2f</th>", edges[b], edges[b + 1]);
        epo__html_td_count(s, bins[b].count);
        for (size_t m = 0; m < SHOWN; m++) epo__html_td_estimate(s, &bins[b].is[m]);
        epo__string_add(s, "</tr>\n");
    }
    epo__string_add(s, "</tbody></table></div>\n");
}

/* Bins that stand side by side, since the first reaches to 0 mag. */
static void add_plot(epo__page *p, const epo__report_set *set, const bin *bins, size_t m)
{
    epo__plot plot;
    epo__string title = {0};
    double xs[BINS], ys[BINS], lows[BINS], highs[BINS];
    for (size_t b = 0; b < BINS; b++) {
        xs[b] = (double)b + 1;
        ys[b] = bins[b].is[m].value;
        lows[b] = bins[b].is[m].low;
        highs[b] = bins[b].is[m].high;
    }
    epo__measure_title(&title, shown_of(set)[m].measure, &set->how);
    epo__string_add(&p->out, "<figure>\n");
    epo__plot_begin(&plot, &p->out,
                    &(epo__plot_frame){.title = title.text,
                                       .x = {"bin, bright to faint", 0.5, BINS + 0.5},
                                       .y = {"value", 0, 1},
                                       .height = 200});
    epo__plot_band(&plot, xs, lows, highs, BINS, m);
    epo__plot_line(&plot, &(epo__plot_data){xs, ys, BINS}, EPO__LINE_STRAIGHT, m);
    epo__plot_dots(&plot, &(epo__plot_data){xs, ys, BINS}, lows, highs, m);
    epo__plot_end(&plot);
    epo__string_add(&p->out, "</figure>\n");
    if (title.failed) p->out.failed = true;
    epo__string_free(&title);
}

static epo_status add_set(epo__page *p, const epo__report_set *set)
{
    double edges[EPO_BIN_EDGES];
    bin bins[BINS];
    int64_t outside = 0;
    epo__report_set_heading(p, set);
    epo_status status = epo_scored_bin_edges(set->is->scored, p->store, EPO_BIN_BY_MAG, edges, &outside);
    if (status == EPO_ENOTFOUND) {
        epo__string_add(&p->out,
                        "<p class=\"note\">No magnitudes: neither light curves nor magnitudes of stamps are in the "
                        "store. <code>epochal photometry</code> measures them.</p>\n");
        return EPO_OK;
    }
    for (size_t b = 0; status == EPO_OK && b < BINS; b++) status = judge_bin(set, edges, b, &bins[b]);
    if (status != EPO_OK) return status;
    add_table(p, set, edges, bins);
    if (outside) {
        epo__string_add(&p->out, "<p class=\"soft\">");
        epo__html_count(&p->out, outside);
        epo__string_add(&p->out, " without a magnitude in range are in no bin.</p>\n");
    }
    epo__string_add(&p->out, "<div class=\"grid\">\n");
    for (size_t m = 0; m < SHOWN; m++) add_plot(p, set, bins, m);
    epo__string_add(&p->out, "</div>\n");
    return EPO_OK;
}

epo_status epo__report_bins(epo__page *p)
{
    epo_status status = EPO_OK;
    epo__html_section(&p->out, "magnitude", "By magnitude");
    epo__string_add(&p->out,
                    "<p>The same measures in five bins of magnitude, equally wide from the brightest to 25 mag (the "
                    "first reaches down to 0). Of an object the median of its light curve. Fainter objects are harder; "
                    "a bin without all classes has no mean over them.</p>\n");
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) status = add_set(p, &p->sets[i]);
    return status;
}
