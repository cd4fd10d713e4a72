/* SPDX-License-Identifier: BSD-3-Clause
 * origin.c - where the numbers come from: data, splits, runs, machine, and the commands that make them again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "epochal/system.h"
#include "report/html.h"
#include "report/page.h"
#include "store/objects.h"
#include "store/runs.h"
#include "store/store.h"

enum { SOURCES = 12, FACTS = 24, RUNS = 256 };

/* The runs that the page stands on, each once, in the order in which they ran. */
typedef struct runs {
    epo__run_told told[RUNS];
    size_t count;
} runs;

static epo_status add_run(epo__page *p, runs *r, int64_t id)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->told[i].id == id) return EPO_OK;
    if (!id || r->count == RUNS) return EPO_OK;
    const epo_status status = epo__store_run_tell(p->store, id, &p->texts, &r->told[r->count]);
    if (status == EPO_OK) r->count++;
    return status;
}

static int by_id(const void *a, const void *b)
{
    const epo__run_told *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static epo_status find_runs(epo__page *p, runs *r)
{
    epo_status status = EPO_OK;
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; status == EPO_OK && k < p->sets[i].info.run_count; k++) {
            epo__run_told run;
            int64_t training = 0;
            status = epo__store_run_tell(p->store, p->sets[i].info.runs[k], &p->texts, &run);
            if (status == EPO_OK && run.model) status = epo__store_training_of(p->store, run.model, &training);
            if (status == EPO_OK) status = add_run(p, r, training);
            if (status == EPO_OK) status = add_run(p, r, run.id);
        }
    if (r->count) qsort(r->told, r->count, sizeof *r->told, by_id);
    return status;
}

/* --- the parts ------------------------------------------------------------------------------------------------------
 */

static epo_status add_data(epo__page *p)
{
    epo__string *s = &p->out;
    epo__source_kind kinds[SOURCES];
    size_t count = 0;
    int64_t objects = 0;
    epo_status status = epo__store_source_kinds(p->store, &p->texts, kinds, SOURCES, &count);
    if (status == EPO_OK) status = epo__store_objects_count(p->store, &(epo__object_filter){0}, &objects);
    if (status != EPO_OK) return status;
    epo__string_add(s, "<h3>Data</h3>\n<p>The store ");
    epo__html_code(s, epo__store_path(p->store));
    epo__string_add(s, " holds ");
    epo__html_count(s, objects);
    epo__string_add(s,
                    " objects. What was imported, by kind:</p>\n<div class=\"wide\"><table><thead><tr><th>Survey</th>"
                    "<th>Format</th><th class=\"n\">Files</th><th class=\"n\">Objects</th><th class=\"n\">Stamps</th>"
                    "<th class=\"n\">Points</th><th>Options; first file and its SHA-256</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count && i < SOURCES; i++) {
        epo__string_add(s, "<tr>");
        epo__html_td_text(s, kinds[i].survey);
        epo__html_td_text(s, kinds[i].format);
        epo__html_td_count(s, kinds[i].files);
        epo__html_td_count(s, kinds[i].objects);
        epo__html_td_count(s, kinds[i].stamps);
        epo__html_td_count(s, kinds[i].points);
        epo__string_add(s, "<td class=\"long\">");
        epo__html_code(s, kinds[i].options);
        epo__string_add(s, "<br>");
        epo__html_name(s, kinds[i].path);
        epo__string_add(s, " ");
        epo__html_code(s, kinds[i].digest);
        epo__string_add(s, "</td></tr>\n");
    }
    epo__string_add(s, "</tbody></table></div>\n");
    if (count > SOURCES) epo__string_addf(s, "<p class=\"soft\">And %zu kinds more.</p>\n", count - SOURCES);
    return EPO_OK;
}

static epo_status add_splits(epo__page *p, const runs *r)
{
    epo_status status = EPO_OK;
    epo__string *s = &p->out;
    bool any = false;
    for (size_t i = 0; status == EPO_OK && i < r->count; i++) {
        epo__split_told split;
        bool again = !r->told[i].split;
        for (size_t k = 0; k < i; k++) again |= r->told[k].split == r->told[i].split;
        if (again) continue;
        status = epo__store_split_tell(p->store, r->told[i].split, &p->texts, &split);
        if (status != EPO_OK) continue;
        if (!any)
            epo__string_add(s,
                            "<h3>Splits</h3>\n<div class=\"wide\"><table><thead><tr><th>Name</th><th class=\"n\">Seed"
                            "</th><th>Made</th><th>Options</th></tr></thead><tbody>\n");
        any = true;
        epo__string_add(s, "<tr>");
        epo__html_td_text(s, split.name);
        epo__string_addf(s, "<td class=\"n\">%llu</td>", (unsigned long long)split.seed);
        epo__html_td_text(s, split.made);
        epo__string_add(s, "<td class=\"long\">");
        epo__html_code(s, split.options);
        epo__string_add(s, "</td></tr>\n");
    }
    if (any) epo__string_add(s, "</tbody></table></div>\n");
    return status;
}

static void add_run_details(epo__string *s, const epo__run_told *run)
{
    epo__string_addf(s, "<details><summary>Run %lld: ", (long long)run->id);
    epo__html_name(s, run->kind);
    epo__string_add(s, ", ");
    epo__html_name(s, run->started);
    epo__string_add(s, "</summary>\n<div class=\"wide\"><table class=\"facts\"><tbody>\n");
    epo__html_fact_code(s, "command", run->command);
    epo__string_addf(s, "<tr><th scope=\"row\">seed</th><td>%llu</td></tr>\n", (unsigned long long)run->seed);
    epo__html_fact_count(s, "threads", run->threads);
    if (isfinite(run->seconds))
        epo__string_addf(s, "<tr><th scope=\"row\">took</th><td>%.1f s, at most %.0f MiB of memory</td></tr>\n",
                         run->seconds, (double)run->peak_memory / 1048576);
    epo__html_fact_code(s, "versions", run->versions);
    epo__html_fact_code(s, "options", run->options);
    epo__string_add(s, "</tbody></table></div></details>\n");
}

/* The page is written by this build on this machine; the runs say their own versions. */
static void add_machine(epo__string *s)
{
    static epo_system_fact facts[FACTS];
    size_t count = epo_system_facts(facts, FACTS);
    if (count > FACTS) count = FACTS;
    epo__string_add(
        s, "<h3>Machine and versions</h3>\n<p>Of the process that judged and wrote this page; scores do not depend "
           "on the number of threads.</p>\n<div class=\"wide\"><table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < count; i++) epo__html_fact(s, facts[i].name, facts[i].value);
    epo__string_add(s, "</tbody></table></div>\n");
}

static void add_command(epo__string *s, const char *about, const char *command)
{
    if (!command || !*command) return;
    epo__string_add(s, "<li>");
    epo__html_text(s, about);
    epo__string_add(s, "<pre>");
    epo__html_text(s, command);
    epo__string_add(s, "</pre></li>\n");
}

static void add_commands(epo__page *p, const runs *r)
{
    epo__string *s = &p->out;
    epo__string_add(
        s, "<h3>To repeat it</h3>\n<p>In this order, on the same data; the same seeds, processor kind and versions "
           "give the same scores.</p>\n<ol>\n");
    for (size_t i = 0; i < r->count; i++) add_command(s, r->told[i].kind, r->told[i].command);
    add_command(s, "evaluate, which wrote this page", p->options->command_line);
    epo__string_add(s, "</ol>\n");
}

epo_status epo__report_origin(epo__page *p)
{
    runs *r = calloc(1, sizeof *r);
    if (!r) return epo__nomem("a report");
    epo__html_section(&p->out, "origin", "Where it comes from, and how to repeat it");
    epo_status status = find_runs(p, r);
    if (status == EPO_OK) add_commands(p, r);
    if (status == EPO_OK) epo__string_add(&p->out, "<h3>Runs</h3>\n");
    for (size_t i = 0; status == EPO_OK && i < r->count; i++) add_run_details(&p->out, &r->told[i]);
    if (status == EPO_OK) status = add_data(p);
    if (status == EPO_OK) status = add_splits(p, r);
    if (status == EPO_OK) add_machine(&p->out);
    free(r);
    return status;
}
