/* SPDX-License-Identifier: BSD-3-Clause
 * classes.c - the measures of each class, and what was called what. */
#include <math.h>
#include <string.h>

#include "report/html.h"
#include "report/page.h"
#include "report/svg.h"

enum { MATRIX_CLASSES = 40 }; /* a larger matrix is no use to the eye */

/* --- measures -------------------------------------------------------------------------------------------------------
 */

/* Of each class against the rest, where a set has them. */
static const epo_measure columns[] = {EPO_MEASURE_MAX_F1, EPO_MEASURE_AUC,    EPO_MEASURE_AVERAGE_PRECISION,
                                      EPO_MEASURE_F1,     EPO_MEASURE_MCC,    EPO_MEASURE_MDR,
                                      EPO_MEASURE_FPR,    EPO_MEASURE_G_MEAN, EPO_MEASURE_CLEANLINESS};
enum { COLUMNS = sizeof columns / sizeof *columns };

static bool has_column(const epo__report_set *set, epo_measure measure)
{
    for (size_t k = 0; k < set->info.class_count; k++)
        if (epo_evaluation_find(&set->judged, measure, (int)k)) return true;
    return false;
}

static void add_cell(epo__string *s, const epo__report_set *set, epo_measure measure, int k)
{
    const epo_measurement *m = epo_evaluation_find(&set->judged, measure, k);
    const epo_estimate none = {NAN, NAN, NAN};
    epo__html_td_estimate(s, m ? &m->is : &none);
    if (measure != EPO_MEASURE_MAX_F1 && measure != EPO_MEASURE_F1) return;
    epo__html_td_number(s, m ? m->threshold : (double)NAN);
}

static void add_head(epo__string *s, const epo__report_set *set)
{
    epo__string_add(s, "<div class=\"wide\"><table class=\"many\"><thead><tr><th>Class</th><th class=\"n\">Count</th>");
    for (size_t c = 0; c < COLUMNS; c++) {
        if (!has_column(set, columns[c])) continue;
        epo__string_add(s, "<th class=\"n\">");
        epo__measure_title(s, columns[c], &set->how);
        epo__string_add(s, "</th>");
        if (columns[c] == EPO_MEASURE_MAX_F1 || columns[c] == EPO_MEASURE_F1)
            epo__string_add(s, "<th class=\"n\">at threshold</th>");
    }
    epo__string_add(s, "</tr></thead><tbody>\n");
}

/* Their means, with the SD over the classes. */
static void add_means(epo__string *s, const epo__report_set *set)
{
    static const epo_measure means[] = {
        [EPO_MEASURE_MAX_F1] = EPO_MEASURE_MEAN_MAX_F1,
        [EPO_MEASURE_AUC] = EPO_MEASURE_MEAN_AUC,
        [EPO_MEASURE_AVERAGE_PRECISION] = EPO_MEASURE_MEAN_AVERAGE_PRECISION,
        [EPO_MEASURE_F1] = EPO_MEASURE_MEAN_F1,
    };
    epo__string_add(s, "<tr class=\"all\"><th scope=\"row\">mean &plusmn; SD</th>");
    epo__html_td_count(s, set->info.count);
    for (size_t c = 0; c < COLUMNS; c++) {
        if (!has_column(set, columns[c])) continue;
        const bool has_mean = columns[c] < sizeof means / sizeof *means && means[columns[c]];
        const epo_measurement *m = has_mean ? epo_evaluation_find(&set->judged, means[columns[c]], -1) : NULL;
        epo__string_add(s, "<td class=\"n\">");
        if (m) {
            epo__html_estimate(s, &m->is);
            epo__string_add(s, "<br>&plusmn; ");
            epo__html_number(s, m->sd);
        }
        epo__string_add(s, "</td>");
        if (columns[c] == EPO_MEASURE_MAX_F1 || columns[c] == EPO_MEASURE_F1) epo__string_add(s, "<td></td>");
    }
    epo__string_add(s, "</tr>\n");
}

static void add_table(epo__page *p, const epo__report_set *set)
{
    epo__string *s = &p->out;
    add_head(s, set);
    for (size_t k = 0; k < set->info.class_count; k++) {
        epo__string_add(s, "<tr><th scope=\"row\">");
        epo__html_name(s, set->info.classes[k]);
        epo__string_add(s, "</th>");
        epo__html_td_count(s, set->judged.classes[k].count);
        for (size_t c = 0; c < COLUMNS; c++)
            if (has_column(set, columns[c])) add_cell(s, set, columns[c], (int)k);
        epo__string_add(s, "</tr>\n");
    }
    add_means(s, set);
    epo__string_add(s, "</tbody></table></div>\n");
    if (set->is->thresholds_from) {
        epo__string_add(s, "<p class=\"soft\">F1 and what follows: at thresholds chosen on ");
        epo__html_name(s, set->is->thresholds_from);
        epo__string_add(s, ".</p>\n");
    }
}

/* A dot and whisker a class, of all sets one below the other. */
static void add_intervals(epo__page *p, epo_measure measure)
{
    epo__string *s = &p->out;
    const epo__report_set *first = &p->sets[0];
    epo__string_add(s, "<figure><div class=\"wide\"><table><thead><tr><th colspan=\"2\">");
    epo__measure_title(s, measure, &first->how);
    epo__string_add(s, "</th><th>0 to 1</th></tr></thead><tbody>\n");
    for (size_t k = 0; k < first->info.class_count; k++) {
        for (size_t i = 0; i < p->count; i++) {
            const int own = epo__report_class_of(&p->sets[i], first->info.classes[k]);
            const epo_measurement *m = own < 0 ? NULL : epo_evaluation_find(&p->sets[i].judged, measure, own);
            if (!m) continue;
            epo__string_add(s, "<tr><th scope=\"row\">");
            if (i == 0) epo__html_name(s, first->info.classes[k]);
            epo__string_add(s, "</th>");
            epo__html_td_number(s, m->is.value);
            epo__string_add(s, "<td>");
            epo__svg_interval(s, &m->is, 0, 1, NAN, i);
            epo__string_add(s, "</td></tr>\n");
        }
    }
    epo__string_add(s, "</tbody></table></div></figure>\n");
}

/* --- what was called what -------------------------------------------------------------------------------------------
 */

static void add_cell_of(epo__string *s, int64_t count, int64_t all, bool right)
{
    const double share = all > 0 ? (double)count / (double)all : 0;
    /* pale enough for the text on it, in light and dark */
    epo__string_addf(s, "<td class=\"%s\" style=\"--share:%.3f\">", right ? "right" : "other", 0.55 * share);
    epo__html_count(s, count);
    epo__string_addf(s, "<small>%.0f %%</small></td>", 100 * share);
}

static void add_matrix(epo__page *p, const epo__report_set *set)
{
    epo__string *s = &p->out;
    const size_t classes = set->judged.class_count;
    if (classes > MATRIX_CLASSES) {
        epo__string_addf(s,
                         "<p class=\"note\">%zu classes are too many for a matrix on a page; <code>epochal evaluate "
                         "--confusion</code> prints it.</p>\n",
                         classes);
        return;
    }
    epo__string_add(s,
                    "<div class=\"wide\"><table class=\"confusion\"><thead><tr><th class=\"row\">is &darr; called&nbsp;"
                    "&rarr;</th>");
    for (size_t k = 0; k < classes; k++) {
        epo__string_add(s, "<th scope=\"col\">");
        epo__html_name(s, set->judged.classes[k].name);
        epo__string_add(s, "</th>");
    }
    epo__string_add(s, "</tr></thead><tbody>\n");
    for (size_t k = 0; k < classes; k++) {
        epo__string_add(s, "<tr><th class=\"row\" scope=\"row\">");
        epo__html_name(s, set->judged.classes[k].name);
        epo__string_add(s, "</th>");
        for (size_t i = 0; i < classes; i++)
            add_cell_of(s, set->judged.confusion[k * classes + i], set->judged.classes[k].count, i == k);
        epo__string_add(s, "</tr>\n");
    }
    epo__string_add(s, "</tbody></table></div>\n");
}

epo_status epo__report_classes(epo__page *p)
{
    epo__string *s = &p->out;
    if (!epo__report_has_sequences(p)) return EPO_OK;
    epo__html_section(s, "classes", "Class by class");
    epo__string_add(s, "<p>Each class against the rest. Max F1 is taken over all thresholds on these very objects, and "
                       "so flatters a little; ROC AUC and average precision need no threshold.</p>\n");
    for (size_t i = 0; i < p->count; i++) {
        if (p->sets[i].info.stamps) continue;
        epo__report_set_heading(p, &p->sets[i]);
        add_table(p, &p->sets[i]);
    }
    if (!p->sets[0].info.stamps && p->sets[0].info.class_count <= EPO__REPORT_CLASSES) {
        if (p->count > 1) {
            epo__svg_legend_begin(s);
            for (size_t i = 0; i < p->count; i++) epo__svg_legend_item(s, i, p->sets[i].is->name);
            epo__svg_legend_end(s);
        }
        epo__string_add(s, "<div class=\"grid\">\n");
        add_intervals(p, EPO_MEASURE_MAX_F1);
        add_intervals(p, EPO_MEASURE_AUC);
        add_intervals(p, EPO_MEASURE_AVERAGE_PRECISION);
        epo__string_add(s, "</div>\n");
    }
    return EPO_OK;
}

epo_status epo__report_confusion(epo__page *p)
{
    epo__string *s = &p->out;
    epo__html_section(s, "confusion", "What was called what");
    epo__string_add(
        s, "<p>A row a true class, a column what it was called: the most probable class, of stamps real from the "
           "threshold upwards. The shares are of the row, so the outlined diagonal is the recall.</p>\n");
    for (size_t i = 0; i < p->count; i++) {
        epo__report_set_heading(p, &p->sets[i]);
        add_matrix(p, &p->sets[i]);
    }
    return EPO_OK;
}
