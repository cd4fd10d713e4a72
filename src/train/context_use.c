/* SPDX-License-Identifier: BSD-3-Clause
 * context_use.c - a context forest on the objects of a store. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/catalogue.h"
#include "store/store.h"
#include "train/context.h"
#include "train/forest_model.h"

/* The rows by the forest's own recipe; a file that the forest does not know is not read. */
static epo_status make_rows(const epo_forest *forest, epo_store *store, const epo_context_files *files,
                            const char *split, int threads, epo__context_rows *out)
{
    const epo__recipe *r = forest->recipe;
    epo__context_csv *csv = NULL;
    epo__catalogue *catalogue = NULL;
    size_t passed;
    epo_status status = EPO_OK;
    *out = (epo__context_rows){0};
    if (!r) return epo__fail(EPO_EARG, "this forest was not trained with scores and context");
    if (files && files->csv && !r->column_count)
        return epo__fail(EPO_EARG, "%s: the forest was trained without columns of a CSV", files->csv);
    if (files && files->catalogue && !r->kind_count)
        return epo__fail(EPO_EARG, "%s: the forest was trained without a catalogue", files->catalogue);
    if (files && files->csv) status = epo__context_csv_read(files->csv, r->columns, r->column_count, &csv, &passed);
    if (status == EPO_OK && files && files->catalogue)
        status = epo__catalogue_read(files->catalogue, r->radius, &catalogue);
    if (status == EPO_OK) {
        const epo__context_wanted wanted = {.curves = forest->definition ? &forest->curves : NULL,
                                            .csv = csv,
                                            .catalogue = catalogue,
                                            .split = split,
                                            .threads = threads};
        status = epo__context_rows_make(store, r, &wanted, out);
    }
    epo__context_csv_free(csv);
    epo__catalogue_free(catalogue);
    return status;
}

epo_status epo_context_read(const epo_forest *forest, epo_store *store, const epo_context_files *files,
                            const char *split, int threads, epo_forest_table *out, size_t *without)
{
    epo__context_rows rows;
    *out = (epo_forest_table){0};
    epo_status status = make_rows(forest, store, files, split, threads, &rows);
    if (status == EPO_OK) {
        if (without) *without = rows.without_context;
        epo__forest_texts_free(rows.errors, rows.table.rows);
        rows.errors = NULL;
        *out = rows.table;
        rows.table = (epo_forest_table){0};
    }
    epo__context_rows_free(&rows);
    return status;
}

static epo_status write_options(const epo_forest *forest, const epo_context_files *files,
                                const epo_score_options *options, epo__string *text)
{
    const char *const names[] = {"context", "catalogue", "split"};
    const char *const values[] = {files ? files->csv : NULL, files ? files->catalogue : NULL, options->split};
    epo__string_addf(text, "{\"threads\":%d,\"recipe\":", options->threads);
    epo__recipe_write(forest->recipe, text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        epo__string_addf(text, ",\"%s\":", names[i]);
        epo__string_add_json(text, values[i]);
    }
    epo__string_add(text, "}");
    return text->failed ? epo__nomem("run") : EPO_OK;
}

epo_status epo_context_classify(const epo_forest *forest, epo_store *store, const epo_context_files *files,
                                const epo_score_options *options, epo_score_fn result, void *context,
                                epo_score_summary *out)
{
    const epo_score_options standard = EPO_SCORE_OPTIONS_INIT;
    const double start = epo__seconds();
    epo__context_rows rows;
    epo__string text = {0};
    *out = (epo_score_summary){0};
    if (!options) options = &standard;
    epo_status status = make_rows(forest, store, files, options->split, options->threads, &rows);
    if (status == EPO_OK) status = write_options(forest, files, options, &text);
    if (status == EPO_OK) {
        const epo__forest_run run = {&rows.table, rows.objects, rows.points, rows.errors, text.text, "context"};
        status = epo__forest_classify_rows(forest, store, &run, options, result, context, out);
    }
    out->seconds = epo__seconds() - start;
    epo__string_free(&text);
    epo__context_rows_free(&rows);
    return status;
}

bool epo_context_get_info(const epo_forest *forest, epo_context_info *out)
{
    const epo__recipe *r = forest->recipe;
    if (!r) return false;
    *out = (epo_context_info){.models = r->model_count,
                              .light_curves = r->light_curves,
                              .csv_columns = r->column_count,
                              .kinds = r->kind_count,
                              .radius = r->radius,
                              .censor = r->censor};
    return true;
}

void epo_context_model(const epo_forest *forest, size_t index, const char **name, const char **sha256, bool *stamps)
{
    const epo__recipe_model *m = &forest->recipe->models[index];
    *name = m->name;
    *sha256 = m->sha256;
    *stamps = m->stamps;
}
