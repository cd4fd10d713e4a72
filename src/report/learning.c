/* SPDX-License-Identifier: BSD-3-Clause
 * learning.c - the curves of a training run, and over-fitting. */
#include "report/learning.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "report/html.h"
#include "report/svg.h"
#include "store/store.h"

/* The curves of a run, side by side. */
typedef struct curves {
    epo__curve_value *values;
    size_t count, room;
    double *epochs, *ys; /* room for one */
} curves;

/* One after the other: those of one name lie together. */
static size_t length_of(const curves *c, size_t first)
{
    size_t end = first;
    while (end < c->count && strcmp(c->values[end].name, c->values[first].name) == 0) end++;
    return end - first;
}

/* "encoder validation loss" is of the stage encoder; stage NULL: of all. */
static bool is_of(const char *name, const char *stage, size_t length, const char *kind)
{
    return epo__ends_with(name, kind) && (!stage || (strncmp(name, stage, length) == 0 && name[length] == ' '));
}

/* What stands in one plot. */
typedef struct choice {
    const char *stage; /* not ended */
    size_t length;
    const char *kind;
} choice;

static bool is_chosen(const choice *w, const char *name)
{
    return is_of(name, w->stage, w->length, w->kind);
}

static epo__plot_axis axis_of(const curves *c, const choice *w, bool upright)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < c->count; i++) {
        if (!is_chosen(w, c->values[i].name)) continue;
        const double at = upright ? c->values[i].value : (double)c->values[i].epoch;
        if (!isfinite(at)) continue;
        low = fmin(low, at);
        high = fmax(high, at);
    }
    if (upright && low > 0) low = 0;
    if (upright && strcmp(w->kind, "accuracy") == 0) high = 1;
    return (epo__plot_axis){upright ? w->kind : "epoch", low, high, !upright};
}

static void add_lines(epo__plot *plot, const curves *c, const choice *w)
{
    size_t series = 0;
    for (size_t i = 0; i < c->count; i += length_of(c, i)) {
        const size_t count = length_of(c, i);
        if (!is_chosen(w, c->values[i].name)) continue;
        for (size_t k = 0; k < count; k++) {
            c->epochs[k] = (double)c->values[i + k].epoch;
            c->ys[k] = c->values[i + k].value;
        }
        const epo__plot_data data = {c->epochs, c->ys, count};
        epo__plot_line(plot, &data, EPO__LINE_STRAIGHT, series);
        if (count <= 20) epo__plot_dots(plot, &data, NULL, NULL, series);
        series++;
    }
}

static void add_plot(epo__page *p, const curves *c, const choice *w)
{
    epo__plot plot;
    epo__string *s = &p->out;
    char title[80];
    size_t series = 0;
    bool any = false;
    for (size_t i = 0; i < c->count; i++) any |= is_chosen(w, c->values[i].name);
    if (!any) return;
    snprintf(title, sizeof title, "%.*s%s%s", w->stage ? (int)(w->length < 40 ? w->length : 40) : 0,
             w->stage ? w->stage : "", w->stage ? ": " : "", w->kind);
    epo__string_add(s, "<figure>\n");
    epo__plot_begin(&plot, s, &(epo__plot_frame){.title = title, .x = axis_of(c, w, false), .y = axis_of(c, w, true)});
    add_lines(&plot, c, w);
    epo__plot_end(&plot);
    epo__svg_legend_begin(s);
    for (size_t i = 0; i < c->count; i += length_of(c, i))
        if (is_chosen(w, c->values[i].name)) epo__svg_legend_item(s, series++, c->values[i].name);
    epo__svg_legend_end(s);
    epo__string_add(s, "</figure>\n");
}

/* Loss and accuracy stage by stage, in the order of their names; then the rate. */
static void add_plots(epo__page *p, const curves *c)
{
    static const char *const kinds[] = {"loss", "accuracy"};
    const char *before = NULL;
    size_t before_length = 0;
    epo__string_add(&p->out, "<div class=\"grid\">\n");
    for (size_t i = 0; i < c->count; i += length_of(c, i)) {
        const char *stage = c->values[i].name;
        const size_t length = strcspn(stage, " ");
        if (before && length == before_length && strncmp(stage, before, length) == 0) continue;
        before = stage;
        before_length = length;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) add_plot(p, c, &(choice){stage, length, kinds[k]});
    }
    add_plot(p, c, &(choice){.kind = "rate"});
    epo__string_add(&p->out, "</div>\n");
}

static double value_at(const curves *c, const char *name, int64_t epoch)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->values[i].epoch == epoch && strcmp(c->values[i].name, name) == 0) return c->values[i].value;
    return NAN;
}

/* Of one stage: the epoch with the least validation loss, and how far training had run ahead of it. */
static void add_gap(epo__page *p, const curves *c, const char *validation)
{
    static const char word[] = "validation ";
    const char *at = strstr(validation, word);
    char *train = epo__format("%.*s%s", (int)(at - validation), validation, at + sizeof word - 1);
    int64_t best = -1, last = -1;
    double least = INFINITY;
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->values[i].name, validation) != 0) continue;
        last = c->values[i].epoch;
        if (!(c->values[i].value < least)) continue;
        least = c->values[i].value;
        best = c->values[i].epoch;
    }
    if (!train) p->out.failed = true;
    if (train && best >= 0) {
        epo__string_add(&p->out, "<tr>");
        epo__html_td_text(&p->out, validation);
        epo__html_td_count(&p->out, best);
        epo__html_td_count(&p->out, last);
        epo__html_td_number(&p->out, value_at(c, train, best));
        epo__html_td_number(&p->out, least);
        epo__html_td_number(&p->out, least - value_at(c, train, best));
        epo__html_td_number(&p->out, value_at(c, validation, last) - value_at(c, train, last));
        epo__string_add(&p->out, "</tr>\n");
    }
    free(train);
}

static void add_gaps(epo__page *p, const curves *c)
{
    epo__string *s = &p->out;
    epo__string_add(
        s, "<div class=\"wide\"><table><thead><tr><th>Curve</th><th class=\"n\">Best epoch</th><th class=\"n\">Last "
           "epoch</th><th class=\"n\">Training loss at best</th><th class=\"n\">Validation loss at best</th>"
           "<th class=\"n\">Gap at best</th><th class=\"n\">Gap at last</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < c->count; i += length_of(c, i))
        if (epo__ends_with(c->values[i].name, "loss") && strstr(c->values[i].name, "validation "))
            add_gap(p, c, c->values[i].name);
    epo__string_add(
        s, "</tbody></table></div>\n<p class=\"soft\">The gap is validation less training loss. Training losses "
           "are means over an epoch with dropout on and, where classes are balanced, over a balanced sample, so "
           "that they are not quite of one kind; what tells of over-fitting is a gap that grows.</p>\n");
}

epo_status epo__report_learning(epo__page *p, const epo__run_told *training)
{
    curves c = {0};
    epo_status status = epo__store_curves_of(p->store, training->id, &p->texts, &c.values, &c.room, &c.count);
    c.epochs = epo__alloc(c.count + 1, sizeof *c.epochs);
    c.ys = epo__alloc(c.count + 1, sizeof *c.ys);
    if (status == EPO_OK && (!c.epochs || !c.ys)) status = epo__nomem("curves");
    if (status == EPO_OK && c.count) {
        epo__string_addf(&p->out, "<h4>Learning curves of run %lld</h4>\n", (long long)training->id);
        add_plots(p, &c);
        add_gaps(p, &c);
    }
    free(c.values);
    free(c.epochs);
    free(c.ys);
    return status;
}

/* --- delta accuracy -------------------------------------------------------------------------------------------------
 */

static void add_delta(epo__page *p, const epo_measurement *train, const epo_measurement *here, const char *part)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<p>Over-fitting: accuracy on its training part ");
    epo__html_name(s, part);
    epo__string_add(s, " ");
    epo__html_estimate(s, &train->is);
    epo__string_add(s, " less that here ");
    epo__html_estimate(s, &here->is);
    epo__string_add(s, " is a &Delta; accuracy of <b>");
    epo__html_signed(s, train->is.value - here->is.value);
    epo__string_add(s, "</b>.</p>\n");
}

/* What makes the scores that are wanting: the whole command, where the file is known. */
static void add_remedy(epo__page *p, const epo__report_set *set, const char *file, const char *part)
{
    epo__string *s = &p->out;
    const char *command = set->info.stamps         ? "score"
                          : set->info.triplet_head ? "classify --head triplet"
                                                   : "classify";
    epo__string_add(s, "<p class=\"soft\">&Delta; accuracy, on the training part less here, tells of over-fitting. It "
                       "wants scores of ");
    epo__html_name(s, part);
    epo__string_add(s, ", which are not in the store. This makes them, and then the page says it:</p>\n<pre>epochal ");
    epo__string_add(s, command);
    epo__string_add(s, " --db ");
    epo__html_text(s, epo__store_path(p->store));
    epo__string_add(s, " --model ");
    epo__html_text(s, file ? file : "FILE");
    epo__string_add(s, " --split ");
    epo__html_text(s, part);
    epo__string_add(s, "</pre>\n");
}

epo_status epo__report_delta(epo__page *p, const epo__report_set *set, const epo__model_told *model,
                             const char *file, const epo__run_told *training)
{
    epo__split_told split;
    epo_scored *scored = NULL;
    epo_evaluation judged = {0};
    if (!training->split) return EPO_OK;
    epo_status status = epo__store_split_tell(p->store, training->split, &p->texts, &split);
    if (status != EPO_OK) return status;
    char *part = epo__format("%s:train", split.name);
    if (!part) return epo__nomem("a report");
    const epo_evaluate_source source = {.sha256 = model->sha256, .split = part};
    status = epo_scored_read(p->store, &source, 1, &scored);
    if (status == EPO_OK) status = epo_scored_evaluate(scored, &set->how, &judged);
    if (status == EPO_OK) {
        const epo_measurement *train = epo_evaluation_find(&judged, EPO_MEASURE_ACCURACY, -1),
                              *here = epo_evaluation_find(&set->judged, EPO_MEASURE_ACCURACY, -1);
        if (train && here && judged.stamps == set->info.stamps) add_delta(p, train, here, part);
    } else if (status == EPO_ENOTFOUND || status == EPO_EARG) {
        add_remedy(p, set, file, part);
        status = EPO_OK;
    }
    epo_evaluation_free(&judged);
    epo_scored_free(scored);
    free(part);
    return status;
}
