/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate_sets.c - which scores evaluate judges, and at which thresholds. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "message.h"
#include "sources.h"

/* One source of scores, with the texts that it points to. */
typedef struct source {
    epo_evaluate_source is;
    cli_source from;
} source;

/* --- sources ------------------------------------------------------------------------------------------------------ */

static int source_of_model(const evaluate_options *o, const char *text, const char *split, source *out)
{
    const int result = cli_source_of_model(o->common.db, o->net, text, split, &out->from);
    out->is = (epo_evaluate_source){
        .sha256 = out->from.sha256, .split = split, .name = text, .remedy = out->from.remedy};
    return result;
}

static int source_of_run(const cli_call *call, const char *text, const char *split, source *out)
{
    char *end;
    errno = 0;
    out->is = (epo_evaluate_source){.run = strtoll(text, &end, 10), .split = split};
    if (errno || end == text || *end || out->is.run <= 0)
        return cli_usage(call->command, "--run takes the number of a run, not '%s'", text);
    return CLI_OK;
}

/* Of `count` models or runs from number `first` on; an --against model goes with the --split of its number. */
static int find_sources(const cli_call *call, const cli_list *parts, bool against, size_t first, size_t count,
                        source *out)
{
    const evaluate_options *o = call->options;
    int result = CLI_OK;
    for (size_t i = 0; result == CLI_OK && i < count; i++) {
        const size_t at = first + i;
        const char *split = cli_source_part(parts, at);
        if (against)
            result = source_of_model(o, o->against.items[at], split, &out[i]);
        else if (at < o->models.count)
            result = source_of_model(o, o->models.items[at], split, &out[i]);
        else
            result = source_of_run(call, o->runs.items[at - o->models.count], split, &out[i]);
    }
    return result;
}

static void free_sources(source *sources, size_t count)
{
    for (size_t i = 0; sources && i < count; i++) free(sources[i].from.remedy);
    free(sources);
}

/* Scores of some models or runs, on these parts. */
static int read_scores(const cli_call *call, epo_store *store, const cli_list *parts, bool against, size_t first,
                       size_t count, epo_scored **out)
{
    source *sources = calloc(count + 1, sizeof *sources);
    epo_evaluate_source *is = calloc(count + 1, sizeof *is);
    int result = CLI_FAILED;
    if (!sources || !is)
        cli_error("out of memory");
    else
        result = find_sources(call, parts, against, first, count, sources);
    if (result == CLI_OK) {
        for (size_t i = 0; i < count; i++) is[i] = sources[i].is;
        const epo_status status = epo_scored_read(store, is, count, out);
        if (status != EPO_OK) result = cli_failed(status);
    }
    free_sources(sources, count);
    free(is);
    return result;
}

/* --- thresholds --------------------------------------------------------------------------------------------------- */

/* On one part's scores, for each class against the rest; of stamps for real. */
static int choose_thresholds(const epo_scored *on, epo_choice choice, double *out)
{
    epo_scored_info info;
    epo_scored_get_info(on, &info);
    for (size_t k = 0; k < info.class_count; k++) {
        epo_curve curve;
        const epo_status status = epo_scored_curve(on, k, &curve);
        if (status == EPO_OK) out[k] = epo_curve_choose(&curve, choice);
        epo_curve_free(&curve);
        if (status != EPO_OK) return cli_failed(status);
    }
    return CLI_OK;
}

/* The chosen ones in the order of the judged set's classes. */
static void settle_thresholds(evaluate_set *set, const epo_scored_info *on, const double *chosen)
{
    for (size_t k = 0; k < set->info.class_count; k++) {
        set->thresholds[k] = NAN;
        for (size_t i = 0; i < on->class_count; i++)
            if (strcmp(on->classes[i], set->info.classes[k]) == 0) set->thresholds[k] = chosen[i];
        if (isnan(set->thresholds[k]) && !set->info.stamps)
            cli_note("%s: no threshold of class %s: it has no object where thresholds are chosen", set->name,
                     set->info.classes[k]);
    }
    set->how.thresholds = set->thresholds;
    set->how.threshold_count = set->info.class_count;
    if (set->info.stamps && !isnan(set->thresholds[1])) set->how.threshold = set->thresholds[1];
}

static int choose(const cli_call *call, epo_store *store, bool against, size_t first, size_t count, evaluate_set *set)
{
    const evaluate_options *o = call->options;
    epo_choice choice = EPO_CHOICE_F1;
    epo_scored *on = NULL;
    epo_scored_info info;
    if (o->choose) epo_choice_of(o->choose, &choice);
    int result = read_scores(call, store, &o->choose_on, against, first, count, &on);
    if (result != CLI_OK) return result;
    epo_scored_get_info(on, &info);
    double *chosen = calloc(info.class_count + 1, sizeof *chosen);
    set->thresholds = calloc(set->info.class_count + 1, sizeof *set->thresholds);
    if (!chosen || !set->thresholds) {
        cli_error("out of memory");
        result = CLI_FAILED;
    } else if (info.stamps != set->info.stamps) {
        cli_error("%s: scores of stamps and scores of sequences do not go together: see --choose-on", set->name);
        result = CLI_FAILED;
    } else {
        result = choose_thresholds(on, choice, chosen);
    }
    if (result == CLI_OK && info.stamps && isnan(chosen[1])) {
        cli_error("%s: no threshold: the part it is chosen on lacks real stamps, or bogus ones", set->name);
        result = CLI_FAILED;
    }
    if (result == CLI_OK) settle_thresholds(set, &info, chosen);
    if (result == CLI_OK)
        snprintf(set->thresholds_from, sizeof set->thresholds_from, "%s, %s",
                 count > 1 && o->choose_on.count > 1 ? "their parts" : cli_source_part(&o->choose_on, first),
                 epo_choice_name(choice));
    free(chosen);
    epo_scored_free(on);
    return result;
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

static void name_set(const evaluate_options *o, bool against, size_t first, evaluate_set *set)
{
    if (o->pool)
        snprintf(set->name, sizeof set->name, "%s", against ? "against" : "pool");
    else if (against)
        snprintf(set->name, sizeof set->name, "%s", o->against.items[first]);
    else if (first < o->models.count)
        snprintf(set->name, sizeof set->name, "%s", o->models.items[first]);
    else
        snprintf(set->name, sizeof set->name, "run %s", o->runs.items[first - o->models.count]);
    set->split = o->splits.count == 0             ? "the store"
                 : o->splits.count > 1 && o->pool ? "their parts"
                                                  : cli_source_part(&o->splits, first);
}

static int read_set(const cli_call *call, epo_store *store, bool against, size_t first, size_t count, evaluate_set *set)
{
    const evaluate_options *o = call->options;
    set->how = (epo_evaluate_options){.resamples = o->bootstrap,
                                      .seed = o->common.seed,
                                      .threshold = o->threshold,
                                      .prevalence = o->prevalence,
                                      .mdr = o->mdr};
    name_set(o, against, first, set);
    const cli_list *models = against ? &o->against : &o->models;
    set->models = models->items + (first < models->count ? first : 0);
    set->model_count = first >= models->count ? 0 : models->count - first < count ? models->count - first : count;
    int result = read_scores(call, store, &o->splits, against, first, count, &set->scored);
    if (result != CLI_OK) return result;
    epo_scored_get_info(set->scored, &set->info);
    return o->choose_on.count ? choose(call, store, against, first, count, set) : CLI_OK;
}

int evaluate_sets_read(const cli_call *call, epo_store *store, evaluate_sets *out)
{
    const evaluate_options *o = call->options;
    const size_t count = o->models.count + o->runs.count, others = o->against.count;
    const size_t sets = (o->pool ? 1 : count) + (others ? 1 : 0);
    int result = CLI_OK;
    *out = (evaluate_sets){calloc(sets, sizeof *out->items), 0};
    if (!out->items) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    for (size_t i = 0; result == CLI_OK && i < sets; i++) {
        const bool against = others && i + 1 == sets;
        out->count = i + 1;
        if (against)
            result = read_set(call, store, true, 0, others, &out->items[i]);
        else
            result = read_set(call, store, false, o->pool ? 0 : i, o->pool ? count : 1, &out->items[i]);
    }
    return result;
}

void evaluate_sets_free(evaluate_sets *sets)
{
    for (size_t i = 0; sets->items && i < sets->count; i++) {
        epo_scored_free(sets->items[i].scored);
        free(sets->items[i].thresholds);
    }
    free(sets->items);
    *sets = (evaluate_sets){0};
}

/* --- parts -------------------------------------------------------------------------------------------------------- */

static int add_bins(epo_store *store, const evaluate_set *set, epo_bin_by by, bool first, double *edges,
                    evaluate_parts *out)
{
    double own[EPO_BIN_EDGES];
    int64_t outside;
    epo_status status = epo_scored_bin_edges(set->scored, store, by, first ? edges : own, &outside);
    if (status == EPO_OK && outside)
        cli_note("%s: %lld %s without a %s in range are in no bin", set->name, (long long)outside,
                 set->info.stamps ? "stamps" : "objects", by == EPO_BIN_BY_MAG ? "magnitude" : "magnitude error");
    for (size_t b = 0; status == EPO_OK && b + 1 < EPO_BIN_EDGES; b++) {
        evaluate_part *part = &out->items[out->count];
        *part = (evaluate_part){.set = set, .low = edges[b], .high = edges[b + 1]};
        status = epo_scored_bin(set->scored, by, edges, b, &part->owned);
        part->scored = part->owned;
        out->count++;
    }
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}

/* The bins of all sets are those of the first. */
int evaluate_parts_make(const evaluate_options *o, epo_store *store, const evaluate_sets *sets, evaluate_parts *out)
{
    double edges[EPO_BIN_EDGES] = {0};
    const epo_bin_by by = o->by && strcmp(o->by, "mag_err") == 0 ? EPO_BIN_BY_MAG_ERR : EPO_BIN_BY_MAG;
    int result = CLI_OK;
    *out = (evaluate_parts){calloc(sets->count, EPO_BIN_EDGES * sizeof *out->items), 0};
    if (!out->items) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    for (size_t i = 0; result == CLI_OK && i < sets->count; i++) {
        const evaluate_set *set = &sets->items[i];
        if (o->by)
            result = add_bins(store, set, by, i == 0, edges, out);
        else
            out->items[out->count++] = (evaluate_part){.set = set, .scored = set->scored, .low = NAN, .high = NAN};
    }
    return result;
}

void evaluate_parts_free(evaluate_parts *parts)
{
    for (size_t i = 0; parts->items && i < parts->count; i++) epo_scored_free(parts->items[i].owned);
    free(parts->items);
    *parts = (evaluate_parts){0};
}
