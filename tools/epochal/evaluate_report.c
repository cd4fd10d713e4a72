/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate_report.c - the page that --report asks for. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "epochal/forest.h"
#include "epochal/report.h"
#include "evaluate.h"
#include "message.h"

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool is_one_of(const cli_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (same_file(list->items[i], path)) return true;
    return false;
}

/* A page must not take the place of what it is about. */
int evaluate_report_check(const cli_call *call)
{
    const evaluate_options *o = call->options;
    if (o->mistakes > EPO_REPORT_MISTAKES_MAX)
        return cli_usage(call->command, "--mistakes is at most %d", EPO_REPORT_MISTAKES_MAX);
    if (same_file(o->common.db, o->report) || is_one_of(&o->models, o->report) || is_one_of(&o->against, o->report))
        return cli_usage(call->command, "--report %s would overwrite the store or a model", o->report);
    return CLI_OK;
}

/* A forest has no card, and a SHA-256 is no file. */
static epo_status has_card(const char *model, bool *out)
{
    struct stat is;
    const bool sha256 = strlen(model) == 64 && strspn(model, "0123456789abcdefABCDEF") == 64;
    bool is_forest = false;
    *out = false;
    if (sha256 && stat(model, &is) != 0) return EPO_OK;
    epo_status status = epo_forest_is_file(model, &is_forest);
    *out = !is_forest;
    return status;
}

static const char **files_of(const evaluate_set *set)
{
    const char **files = calloc(set->model_count + 1, sizeof *files);
    for (size_t i = 0; files && i < set->model_count; i++) {
        bool card;
        if (has_card(set->models[i], &card) != EPO_OK) {
            free(files);
            return NULL;
        }
        if (card) files[i] = set->models[i];
    }
    return files;
}

int evaluate_report_write(const cli_call *call, epo_store *store, const evaluate_sets *sets)
{
    const evaluate_options *o = call->options;
    const epo_report_options options = {.command_line = call->command_line, .mistakes = (size_t)o->mistakes};
    epo_report_set *out = calloc(sets->count + 1, sizeof *out);
    const char ***files = calloc(sets->count + 1, sizeof *files);
    epo_status status = EPO_ENOMEM;
    bool fine = out && files;
    for (size_t i = 0; fine && i < sets->count; i++) {
        const evaluate_set *set = &sets->items[i];
        files[i] = files_of(set);
        fine = files[i] != NULL;
        out[i] = (epo_report_set){.name = set->name,
                                  .split = set->split,
                                  .scored = set->scored,
                                  .how = &set->how,
                                  .thresholds_from = *set->thresholds_from ? set->thresholds_from : NULL,
                                  .files = files[i],
                                  .file_count = set->model_count};
    }
    if (fine)
        status = epo_report_write(store, out, sets->count, &options, o->report);
    else
        cli_error("out of memory");
    for (size_t i = 0; files && i < sets->count; i++) free(files[i]);
    free(files);
    free(out);
    if (!fine) return CLI_FAILED;
    if (status != EPO_OK) return cli_failed(status);
    cli_note("%s: written, to be opened in a browser", o->report);
    return CLI_OK;
}
