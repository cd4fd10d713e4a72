/* SPDX-License-Identifier: BSD-3-Clause
 * models.c - the networks behind the scores: what they are, how they were trained, and what their files say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/html.h"
#include "report/learning.h"
#include "report/page.h"
#include "store/runs.h"

/* --- cards ----------------------------------------------------------------------------------------------------------
 */

/* Whether all there is in a column is numbers: only then they stand to the right. */
static bool is_numeric(const epo_card_section *section, size_t column)
{
    bool any = false;
    for (size_t r = 0; r < section->row_count; r++) {
        const epo_card_value *v = &section->cells[r * section->column_count + column];
        const bool number = v->kind == EPO_CARD_INT || v->kind == EPO_CARD_REAL;
        if (!number && v->kind != EPO_CARD_NOTHING) return false;
        any |= number;
    }
    return any;
}

static void add_value(epo__string *s, const epo_card_value *v, bool right)
{
    epo__string_add(s, right ? "<td class=\"n\">" : "<td class=\"long\">");
    if (v->kind == EPO_CARD_TEXT) epo__html_name(s, v->text);
    if (v->kind == EPO_CARD_INT) epo__html_count(s, v->whole);
    if (v->kind == EPO_CARD_REAL) epo__string_addf(s, "%.5g", v->real);
    if (v->kind == EPO_CARD_BOOL) epo__string_add(s, v->whole ? "yes" : "no");
    epo__string_add(s, "</td>");
}

static void add_facts(epo__string *s, const epo_card_section *section)
{
    epo__string_add(s, "<div class=\"wide\"><table class=\"facts\"><tbody>\n");
    for (size_t r = 0; r < section->row_count; r++) {
        const epo_card_value *row = section->cells + r * section->column_count;
        epo__string_add(s, "<tr><th scope=\"row\">");
        epo__html_text(s, row[0].text);
        epo__string_add(s, "</th><td>");
        if (row[1].kind == EPO_CARD_TEXT) epo__html_name(s, row[1].text);
        if (row[1].kind == EPO_CARD_INT) epo__html_count(s, row[1].whole);
        if (row[1].kind == EPO_CARD_REAL) epo__string_addf(s, "%.5g", row[1].real);
        if (row[1].kind == EPO_CARD_BOOL) epo__string_add(s, row[1].whole ? "yes" : "no");
        epo__string_add(s, "</td></tr>\n");
    }
    epo__string_add(s, "</tbody></table></div>\n");
}

static void add_table(epo__string *s, const epo_card_section *section)
{
    epo__string_add(s, "<div class=\"wide\"><table><thead><tr>");
    for (size_t c = 0; c < section->column_count; c++) {
        epo__string_add(s, is_numeric(section, c) ? "<th class=\"n\">" : "<th>");
        epo__html_text(s, section->columns[c]);
        epo__string_add(s, "</th>");
    }
    epo__string_add(s, "</tr></thead><tbody>\n");
    for (size_t r = 0; r < section->row_count; r++) {
        epo__string_add(s, "<tr>");
        for (size_t c = 0; c < section->column_count; c++)
            add_value(s, &section->cells[r * section->column_count + c], is_numeric(section, c));
        epo__string_add(s, "</tr>\n");
    }
    epo__string_add(s, "</tbody></table></div>\n");
}

/* A file that is gone, or is no network, takes nothing from the numbers. */
static epo_status add_card(epo__page *p, const char *path)
{
    epo__string *s = &p->out;
    epo_card card = {0};
    epo_status status = epo_card_read(path, NULL, &card);
    if (status == EPO_ENOMEM) return status;
    if (status != EPO_OK) {
        epo__string_add(s, "<p class=\"note\">No card: ");
        epo__html_text(s, epo_error_message());
        epo__string_add(s, "</p>\n");
        epo_card_free(&card);
        return EPO_OK;
    }
    epo__string_add(s, "<details><summary>Card: what the file says of itself (");
    epo__html_name(s, path);
    epo__string_add(s, ")</summary>\n");
    for (size_t i = 0; i < card.count; i++) {
        const epo_card_section *section = &card.sections[i];
        if (*section->name) {
            epo__string_add(s, "<h4>");
            epo__html_text(s, section->name);
            epo__string_add(s, "</h4>\n");
        }
        if (section->facts && section->column_count >= 2)
            add_facts(s, section);
        else
            add_table(s, section);
    }
    epo__string_add(s, "</details>\n");
    epo_card_free(&card);
    return EPO_OK;
}

/* --- models ---------------------------------------------------------------------------------------------------------
 */

static void add_model(epo__page *p, const epo__model_told *model)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<div class=\"wide\"><table class=\"facts\"><tbody>\n");
    epo__html_fact(s, "network", model->name);
    epo__html_fact_code(s, "SHA-256 of the file", model->sha256);
    epo__html_fact(s, "classes", model->classes);
    epo__html_fact(s, "normalisation", model->normalisation);
    epo__string_add(s, "</tbody></table></div>\n");
    if (!*model->network) return;
    epo__string_add(s, "<details><summary>Network text</summary>\n<pre class=\"verbatim\" tabindex=\"0\">");
    epo__html_text(s, model->network);
    epo__string_add(s, "</pre></details>\n");
}

static epo_status add_training(epo__page *p, const epo__report_set *set, const epo__model_told *model,
                               const char *file)
{
    epo__string *s = &p->out;
    epo__run_told training;
    int64_t run = 0;
    epo_status status = epo__store_training_of(p->store, model->id, &run);
    if (status != EPO_OK) return status;
    if (!run) {
        epo__string_add(
            s, "<p class=\"soft\">No run of this store made this file: it was trained elsewhere, or calibrated "
               "or annotated since, so there are no learning curves here.</p>\n");
        return EPO_OK;
    }
    status = epo__store_run_tell(p->store, run, &p->texts, &training);
    if (status == EPO_OK) status = epo__report_learning(p, &training);
    if (status == EPO_OK) status = epo__report_delta(p, set, model, file, &training);
    return status;
}

/* Of each run of a set, a model that was met before aside. */
static epo_status add_models_of(epo__page *p, const epo__report_set *set)
{
    epo_status status = EPO_OK;
    int64_t before = 0;
    for (size_t i = 0; status == EPO_OK && i < set->info.run_count; i++) {
        epo__run_told run;
        epo__model_told model;
        status = epo__store_run_tell(p->store, set->info.runs[i], &p->texts, &run);
        if (status != EPO_OK || !run.model || run.model == before) continue;
        before = run.model;
        status = epo__store_model_tell(p->store, run.model, &p->texts, &model);
        if (status != EPO_OK) continue;
        add_model(p, &model);
        const char *file = i < set->is->file_count ? set->is->files[i] : NULL;
        if (file) status = add_card(p, file);
        if (status == EPO_OK) status = add_training(p, set, &model, file);
    }
    return status;
}

epo_status epo__report_models(epo__page *p)
{
    epo_status status = EPO_OK;
    epo__html_section(&p->out, "models",
                      p->count > 1 ? "The networks and their training" : "The network and its training");
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) {
        epo__report_set_heading(p, &p->sets[i]);
        status = add_models_of(p, &p->sets[i]);
    }
    return status;
}
