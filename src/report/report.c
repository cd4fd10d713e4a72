/* SPDX-License-Identifier: BSD-3-Clause
 * report.c - an evaluation as one page: everything is judged first, then section after section is written into memory,
 * and the file appears whole or not at all. */
#include "epochal/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "epochal/version.h"
#include "formats/new_file.h"
#include "report/html.h"
#include "report/page.h"

/* The sections, in order; nav leads to them. */
static const struct {
    const char *id, *title;
    epo_status (*write)(epo__page *page);
} sections[] = {
    {"summary", "Summary", epo__report_summary},
    {"classes", "Classes", epo__report_classes},
    {"confusion", "Confusion", epo__report_confusion},
    {"curves", "Curves", epo__report_curves},
    {"calibration", "Calibration", epo__report_calibration},
    {"thresholds", "Thresholds", epo__report_thresholds},
    {"magnitude", "By magnitude", epo__report_bins},
    {"mistakes", "Worst mistakes", epo__report_mistakes},
    {"models", "Network", epo__report_models},
    {"origin", "How to repeat it", epo__report_origin},
};

/* --- what sections share --------------------------------------------------------------------------------------------
 */

void epo__report_set_heading(epo__page *p, const epo__report_set *set)
{
    if (p->count < 2) return;
    epo__string_add(&p->out, "<h3>");
    epo__html_name(&p->out, set->is->name);
    epo__string_add(&p->out, "</h3>\n");
}

size_t epo__report_chosen_classes(const epo__report_set *set, size_t chosen[EPO__REPORT_CLASSES])
{
    const size_t classes = set->info.class_count;
    size_t count = 0;
    if (set->info.stamps) {
        chosen[0] = 1;
        return 1;
    }
    for (size_t k = 0; k < classes && count < EPO__REPORT_CLASSES; k++) {
        size_t larger = 0; /* classes that come before this one when there is not room for all */
        for (size_t i = 0; i < classes; i++) {
            const int64_t own = set->judged.classes[k].count, other = set->judged.classes[i].count;
            larger += other > own || (other == own && i < k);
        }
        if (larger < EPO__REPORT_CLASSES) chosen[count++] = k;
    }
    return count;
}

bool epo__report_has_sequences(const epo__page *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->sets[i].info.stamps) return true;
    return false;
}

int epo__report_class_of(const epo__report_set *set, const char *name)
{
    for (size_t k = 0; k < set->info.class_count; k++)
        if (strcmp(set->info.classes[k], name) == 0) return (int)k;
    return -1;
}

/* --- judging --------------------------------------------------------------------------------------------------------
 */

static epo_status judge(epo__page *p, const epo_report_set *is, epo__report_set *out)
{
    static const epo_evaluate_options standard = EPO_EVALUATE_OPTIONS_INIT;
    out->is = is;
    out->how = is->how ? *is->how : standard;
    epo_scored_get_info(is->scored, &out->info);
    epo_status status = epo_scored_evaluate(is->scored, &out->how, &out->judged);
    if (status != EPO_OK || out == p->sets) return status;
    status = epo_scored_compare(p->store, p->sets[0].is->scored, is->scored, &p->sets[0].how, &out->how, &out->against);
    if (status != EPO_ENOTFOUND && status != EPO_EARG) return status;
    out->not_compared = epo__strdup(epo_error_message()); /* each still has its own measures */
    return out->not_compared ? EPO_OK : epo__nomem("a report");
}

static epo_status judge_all(epo__page *p, const epo_report_set *sets, size_t count)
{
    epo_status status = EPO_OK;
    p->sets = epo__alloc(count, sizeof *p->sets);
    if (!p->sets) return epo__nomem("a report");
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        p->count = i + 1;
        status = judge(p, &sets[i], &p->sets[i]);
    }
    return status;
}

static void free_page(epo__page *p)
{
    for (size_t i = 0; p->sets && i < p->count; i++) {
        epo_evaluation_free(&p->sets[i].judged);
        epo_comparison_free(&p->sets[i].against);
        free(p->sets[i].not_compared);
    }
    free(p->sets);
    epo__string_free(&p->out);
    epo__pool_free(&p->texts);
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

/* "Evaluation of a, b on main:test" */
static void make_title(const epo__page *p, epo__string *title)
{
    if (p->options->title) {
        epo__string_add(title, p->options->title);
        return;
    }
    epo__string_add(title, "Evaluation of ");
    for (size_t i = 0; i < p->count; i++) {
        if (i) epo__string_add(title, i + 1 == p->count ? " and " : ", ");
        epo__string_add(title, p->sets[i].is->name ? p->sets[i].is->name : "a model");
    }
    if (p->sets[0].is->split) epo__string_addf(title, " on %s", p->sets[0].is->split);
}

static void add_header(epo__page *p)
{
    epo__string *s = &p->out, title = {0};
    make_title(p, &title);
    epo__html_begin(s, title.text);
    epo__string_add(s, "<header>\n<h1>");
    epo__html_name(s, title.text);
    epo__string_add(s, "</h1>\n<p class=\"soft\">Stored scores held against the classes of the objects. Written by "
                       "<code>epochal evaluate</code> " EPO_VERSION_STRING ".</p>\n<nav aria-label=\"Sections\">\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (sections[i].write != epo__report_classes || epo__report_has_sequences(p))
            epo__string_addf(s, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].title);
    epo__string_add(s, "</nav>\n</header>\n<main>\n");
    if (title.failed) s->failed = true;
    epo__string_free(&title);
}

static epo_status write_page(epo__page *p)
{
    epo_status status = EPO_OK;
    add_header(p);
    for (size_t i = 0; status == EPO_OK && i < sizeof sections / sizeof *sections; i++) status = sections[i].write(p);
    epo__string_add(&p->out,
                    "</main>\n<footer>This page loads nothing and runs nothing. Its numbers are those of <code>epochal "
                    "evaluate</code>; the same store, options and processor give the same bytes.</footer>\n");
    epo__html_end(&p->out);
    if (status == EPO_OK && p->out.failed) status = epo__nomem("a report");
    return status;
}

epo_status epo_report_write(epo_store *store, const epo_report_set *sets, size_t count,
                            const epo_report_options *options, const char *path)
{
    static const epo_report_options standard = EPO_REPORT_OPTIONS_INIT;
    epo__page p = {.store = store, .options = options ? options : &standard};
    if (count == 0) return epo__fail(EPO_EARG, "no scores to report on");
    if (p.options->mistakes > EPO_REPORT_MISTAKES_MAX)
        return epo__fail(EPO_EARG, "%zu mistakes on a page; %d at most", p.options->mistakes, EPO_REPORT_MISTAKES_MAX);
    epo_status status = judge_all(&p, sets, count);
    if (status == EPO_OK) status = write_page(&p);
    if (status == EPO_OK) status = epo__file_write(path, p.out.text, p.out.length);
    free_page(&p);
    return status;
}
