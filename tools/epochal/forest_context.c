/* SPDX-License-Identifier: BSD-3-Clause
 * forest_context.c - forests over stored scores, light curves, and what is known of an object's place. */
#include <stdlib.h>
#include <string.h>

#include "forest.h"
#include "message.h"
#include "scores.h"
#include "sources.h"

bool cli_forest_wants_context(const forest_options *o)
{
    return o->scores || o->light_curves || o->context || o->catalogue;
}

int cli_forest_check_context(const cli_call *call, bool train)
{
    const forest_options *o = call->options;
    if (!cli_forest_wants_context(o)) return CLI_OK;
    if (!o->common.db)
        return cli_usage(call->command, "--scores, --light-curves, --context and --catalogue go with --db");
    if (!train && (o->scores || o->light_curves))
        return cli_usage(call->command,
                         "--scores and --light-curves are for train: a forest knows what its columns are made of");
    if (!train && (o->definition || o->method || o->filter))
        return cli_usage(call->command, "--definition, --method and --filter: a forest with context has its own");
    if (!train) return CLI_OK;
    if (!o->light_curves && (o->definition || o->method || o->filter))
        return cli_usage(call->command, "--definition, --method and --filter need --light-curves here");
    if (o->balance || o->min_points || o->columns || o->exclude)
        return cli_usage(call->command, "--balance, --min-points, --columns and --exclude do not go with scores and "
                                        "context; --class-weight balances");
    if (!(o->censor >= 0 && o->censor <= 1)) return cli_usage(call->command, "--censor is from 0 to 1");
    if (!(o->radius > 0 && o->radius <= 3600)) return cli_usage(call->command, "--radius is above 0 and at most 3600");
    return CLI_OK;
}

void cli_forest_note_missing(const epo_forest *forest, const epo_context_files *files)
{
    epo_context_info info;
    if (!epo_context_get_info(forest, &info)) return;
    if (info.csv_columns && !files->csv)
        cli_note("no --context: the %zu columns that the forest had from one are missing", info.csv_columns);
    if (info.kinds && !files->catalogue)
        cli_note("no --catalogue: distances and magnitudes of its %zu kinds are missing", info.kinds);
}

/* --- the models of --scores
 * ---------------------------------------------------------------------------------------------- */

typedef struct model_scores {
    cli_source *from;
    epo_evaluate_source *sources;
    char *copy; /* of the list; names point into it */
    size_t count;
} model_scores;

static void free_models(model_scores *m)
{
    for (size_t i = 0; m->from && i < m->count; i++) free(m->from[i].remedy);
    free(m->from);
    free(m->sources);
    free(m->copy);
}

static int find_models(const forest_options *o, const char *split, model_scores *m)
{
    int result = CLI_OK;
    if (!o->scores) return CLI_OK;
    const size_t room = strlen(o->scores) + 1;
    m->copy = strdup(o->scores);
    m->from = calloc(room, sizeof *m->from);
    m->sources = calloc(room, sizeof *m->sources);
    if (!m->copy || !m->from || !m->sources) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    char *rest = m->copy, *path;
    while (result == CLI_OK && (path = strsep(&rest, ","))) {
        cli_source *from = &m->from[m->count];
        if (!*path) continue;
        result = cli_source_of_model(o->common.db, NULL, path, split, from);
        if (result != CLI_OK) break;
        m->sources[m->count++] = (epo_evaluate_source){.sha256 = from->sha256, .name = path, .remedy = from->remedy};
    }
    return result;
}

/* --- training
 * ------------------------------------------------------------------------------------------------------------ */

static void say_note(void *context, const char *text)
{
    (void)context;
    cli_note("%s", text);
}

int cli_forest_train_context(const cli_call *call, const epo_forest_options *how, epo_forest **out)
{
    const forest_options *o = call->options;
    const epo_forest_curves curves = {o->definition ? o->definition : epo_feature_definition_name(0), o->method,
                                      o->filter};
    epo_context_options options = EPO_CONTEXT_OPTIONS_INIT;
    model_scores models = {0};
    epo_store *store = NULL;
    char *part;
    *out = NULL;
    int result = cli_forest_part(o, true, &part);
    if (result == CLI_OK) result = find_models(o, part, &models);
    if (result == CLI_OK) {
        options.scores = models.sources;
        options.score_count = models.count;
        options.light_curves = o->light_curves;
        options.curves = &curves;
        options.files = (epo_context_files){o->context, o->catalogue};
        options.radius = o->radius;
        options.split = part;
        options.censor = o->censor;
        options.note = say_note;
        result = cli_store_open(call, EPO_STORE_READ, &store);
    }
    if (result == CLI_OK) {
        const epo_status status = epo_context_train(store, &options, how, out);
        if (status != EPO_OK) result = cli_forest_failed(call, status);
    }
    epo_store_close(store);
    free_models(&models);
    free(part);
    return result;
}
