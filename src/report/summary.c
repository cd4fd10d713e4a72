/* SPDX-License-Identifier: BSD-3-Clause
 * summary.c - what was judged, the measures over all classes, and each model against the first. */
#include <math.h>
#include <string.h>

#include "report/html.h"
#include "report/page.h"
#include "report/svg.h"
#include "store/store.h"

/* --- what was judged ------------------------------------------------------------------------------------------------
 */

static const char *unit(const epo__report_set *set)
{
    return set->info.stamps ? "stamps" : "objects";
}

static void add_key(epo__string *s, const epo__report_set *set, epo_measure measure, int class_index)
{
    const epo_measurement *m = epo_evaluation_find(&set->judged, measure, class_index);
    if (!m) return;
    epo__string_add(s, "<li><b>");
    epo__html_number(s, m->is.value);
    epo__string_add(s, "</b>");
    epo__measure_title(s, measure, &set->how);
    if (!isnan(m->is.low)) {
        epo__string_add(s, "<span>95 %: ");
        epo__html_number(s, m->is.low);
        epo__string_add(s, " to ");
        epo__html_number(s, m->is.high);
        epo__string_add(s, "</span>");
    }
    epo__string_add(s, "</li>\n");
}

/* The few numbers that most people come for, of the first set. */
static void add_keys(epo__page *p)
{
    const epo__report_set *set = &p->sets[0];
    epo__string *s = &p->out;
    if (p->count > 1) {
        epo__string_add(s, "<p>In short, of ");
        epo__html_name(s, set->is->name);
        epo__string_add(s, ":</p>\n");
    }
    epo__string_add(s, "<ul class=\"keys\">\n");
    if (set->info.stamps) {
        add_key(s, set, EPO_MEASURE_AUC, -1);
        add_key(s, set, EPO_MEASURE_MAX_F1, 1);
        add_key(s, set, EPO_MEASURE_FPR_AT_MDR, 0);
    } else {
        add_key(s, set, EPO_MEASURE_MEAN_MAX_F1, -1);
        add_key(s, set, EPO_MEASURE_MEAN_AUC, -1);
        add_key(s, set, EPO_MEASURE_BALANCED_ACCURACY, -1);
    }
    add_key(s, set, EPO_MEASURE_ACCURACY, -1);
    add_key(s, set, EPO_MEASURE_ECE, -1);
    epo__string_add(s, "</ul>\n");
}

static void add_sets(epo__page *p)
{
    epo__string *s = &p->out;
    epo__string_add(s,
                    "<div class=\"wide\"><table><thead><tr><th>Model</th><th>Judged on</th><th class=\"n\">Objects</th>"
                    "<th class=\"n\">Judged</th><th class=\"n\">No score</th><th class=\"n\">Other class</th>"
                    "<th class=\"n\">Run</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < p->count; i++) {
        const epo__report_set *set = &p->sets[i];
        epo__string_add(s, "<tr>");
        epo__html_td_text(s, set->is->name);
        epo__html_td_text(s, set->is->split);
        epo__html_td_count(s, set->info.objects);
        epo__string_add(s, "<td class=\"n\">");
        epo__html_count(s, set->info.count);
        epo__string_addf(s, " %s</td>", unit(set));
        epo__html_td_count(s, set->info.missing);
        epo__html_td_count(s, set->info.left_out);
        epo__string_add(s, "<td class=\"n\">");
        for (size_t r = 0; r < set->info.run_count; r++)
            epo__string_addf(s, "%s%lld", r ? ", " : "", (long long)set->info.runs[r]);
        epo__string_add(s, "</td></tr>\n");
    }
    epo__string_add(s,
                    "</tbody></table></div>\n<p class=\"soft\">No score: objects asked for, of a class of the model, "
                    "that the run did not score. Other class: scored, but of no class of the model or of none that is "
                    "known; they are left out.</p>\n");
    if (!epo_store_labels_as_of(p->store)) return;
    epo__string_add(s, "<p class=\"note\">The classes are the labels as of ");
    epo__html_text(s, epo_store_labels_as_of(p->store));
    epo__string_add(s, "; later ones do not count.</p>\n");
}

/* --- measures -------------------------------------------------------------------------------------------------------
 */

/* Of stamps every row is about the whole; of sequences those of all classes. */
static bool is_overall(const epo__report_set *set, const epo_measurement *m)
{
    return set->info.stamps || m->class_index < 0;
}

static void add_measure_row(epo__page *p, const epo_measurement *m)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<tr><th scope=\"row\">");
    epo__measure_title(s, m->measure, &p->sets[0].how);
    epo__string_addf(s, "<span class=\"about\">%s; %s is better</span></th>", epo__measure_about(m->measure),
                     epo__measure_falls(m->measure) ? "less" : "more");
    for (size_t i = 0; i < p->count; i++) {
        const epo_measurement *own = epo_evaluation_find(&p->sets[i].judged, m->measure, m->class_index);
        const epo_estimate none = {NAN, NAN, NAN};
        epo__html_td_estimate(s, own ? &own->is : &none);
    }
    if (p->count == 1) {
        epo__string_add(s, "<td class=\"spare\">");
        if (m->is.value >= 0 && m->is.value <= 1 && !(m->is.high > 1)) epo__svg_interval(s, &m->is, 0, 1, NAN, 0);
        epo__string_add(s, "</td>");
    }
    epo__string_add(s, "</tr>\n");
}

static void add_measures(epo__page *p)
{
    const epo__report_set *first = &p->sets[0];
    epo__string *s = &p->out;
    epo__string_add(s, "<div class=\"wide\"><table><thead><tr><th>Measure</th>");
    for (size_t i = 0; i < p->count; i++) {
        epo__string_add(s, "<th class=\"n\">");
        if (p->count > 1)
            epo__html_name(s, p->sets[i].is->name);
        else
            epo__string_add(s, "Value [95 %]");
        epo__string_add(s, "</th>");
    }
    epo__string_addf(s, "%s</tr></thead><tbody>\n", p->count == 1 ? "<th class=\"spare\">from 0 to 1</th>" : "");
    for (size_t i = 0; i < first->judged.measure_count; i++)
        if (is_overall(first, &first->judged.measures[i])) add_measure_row(p, &first->judged.measures[i]);
    epo__string_add(s, "</tbody></table></div>\n");
}

static void add_intervals_note(epo__page *p)
{
    epo__string *s = &p->out;
    const epo__report_set *set = &p->sets[0];
    if (set->how.resamples == 0) {
        epo__string_add(s, "<p class=\"soft\">Without intervals: no resamples were asked for.</p>\n");
        return;
    }
    epo__string_addf(s,
                     "<p class=\"soft\">In brackets: 95 %% intervals, quantiles over %d resamples of the objects with "
                     "replacement (bootstrap, seed %llu)",
                     set->how.resamples, (unsigned long long)set->how.seed);
    if (set->judged.passed_over)
        epo__string_addf(s, "; %lld of them lack a class and are passed over", (long long)set->judged.passed_over);
    epo__string_add(s, ". They tell how much another sample of the same sky would differ, and nothing about another "
                       "training.</p>\n");
    if (set->info.stamps)
        epo__string_addf(s, "<p class=\"soft\">A stamp is called real from a score of %g upwards%s", set->how.threshold,
                         set->is->thresholds_from ? ", chosen on " : "");
    if (set->info.stamps && set->is->thresholds_from) epo__html_name(s, set->is->thresholds_from);
    if (set->info.stamps) epo__string_add(s, ".</p>\n");
}

/* --- differences ----------------------------------------------------------------------------------------------------
 */

/* How far from 0 the picture reaches: each row has its own scale, since losses have no bound. */
static double reach(const epo_estimate *e)
{
    const double ends[] = {e->value, e->low, e->high};
    double most = 0;
    for (int k = 0; k < 3; k++)
        if (isfinite(ends[k])) most = fmax(most, fabs(ends[k]));
    return most > 0 ? most : 1;
}

static void add_difference(epo__page *p, const epo__report_set *set, const epo_difference *d)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<tr><th scope=\"row\">");
    epo__measure_title(s, d->measure, &set->how);
    epo__string_add(s, "</th>");
    epo__html_td_text(s, d->class_index < 0 ? "" : p->sets[0].info.classes[d->class_index]);
    epo__html_td_number(s, d->first);
    epo__html_td_number(s, d->second);
    epo__string_add(s, "<td class=\"n\">");
    epo__html_signed(s, d->difference.value);
    if (!isnan(d->difference.low)) {
        epo__string_add(s, " <small>[");
        epo__html_signed(s, d->difference.low);
        epo__string_add(s, ", ");
        epo__html_signed(s, d->difference.high);
        epo__string_add(s, "]</small>");
    }
    epo__string_add(s, "</td><td>");
    epo__svg_interval(s, &d->difference, -reach(&d->difference), reach(&d->difference), 0, 0);
    epo__string_add(s, "</td>");
    epo__html_td_number(s, d->wrong_side);
    epo__string_add(s, "</tr>\n");
}

static void add_difference_table(epo__page *p, const epo__report_set *set, bool overall)
{
    epo__string *s = &p->out;
    const epo_comparison *c = &set->against;
    epo__string_add(s, "<div class=\"wide\"><table><thead><tr><th>Measure</th><th>Class</th><th class=\"n\">");
    epo__html_name(s, p->sets[0].is->name);
    epo__string_add(s, "</th><th class=\"n\">");
    epo__html_name(s, set->is->name);
    epo__string_add(
        s, "</th><th class=\"n\">Difference [95 %]</th><th>left or right of 0</th><th class=\"n\">Wrong side</th>"
           "</tr></thead><tbody>\n");
    for (size_t i = 0; i < c->difference_count; i++)
        if (((set->info.stamps || c->differences[i].class_index < 0)) == overall)
            add_difference(p, set, &c->differences[i]);
    epo__string_add(s, "</tbody></table></div>\n");
}

static void add_comparison(epo__page *p, const epo__report_set *set)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<h3>");
    epo__html_name(s, p->sets[0].is->name);
    epo__string_add(s, " against ");
    epo__html_name(s, set->is->name);
    epo__string_add(s, "</h3>\n");
    if (set->not_compared) {
        epo__string_add(s, "<p class=\"note\">Not compared: ");
        epo__html_text(s, set->not_compared);
        epo__string_add(s, "</p>\n");
        return;
    }
    epo__string_add(s, "<p>On the ");
    epo__html_count(s, set->against.count);
    epo__string_addf(s, " %s that both have scored%s", unit(set), set->against.left_out ? "; " : ".");
    if (set->against.left_out) {
        epo__html_count(s, set->against.left_out);
        epo__string_add(s, " objects that only one has scored are left out.");
    }
    epo__string_add(s, " The resamples are the same for both, so the intervals are those of the difference (paired "
                       "bootstrap). Wrong side: share of the resamples in which the other one is ahead.</p>\n");
    add_difference_table(p, set, true);
    if (set->info.stamps) return;
    epo__string_add(s, "<details><summary>Class by class</summary>\n");
    add_difference_table(p, set, false);
    epo__string_add(s, "</details>\n");
}

epo_status epo__report_summary(epo__page *p)
{
    epo__html_section(&p->out, "summary", "Summary");
    add_keys(p);
    add_sets(p);
    add_measures(p);
    add_intervals_note(p);
    for (size_t i = 1; i < p->count; i++) add_comparison(p, &p->sets[i]);
    return EPO_OK;
}
