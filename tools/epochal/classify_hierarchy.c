/* SPDX-License-Identifier: BSD-3-Clause
 * classify_hierarchy.c - epochal classify --real-bogus: real or bogus first, type next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify.h"
#include "epochal/hierarchy.h"
#include "forest.h"
#include "message.h"

const char *classify_real_of_word(size_t index, const char **about)
{
    static const char *const lines[EPO_REAL_OFS] = {"the most real of its stamps", "their mean", "the latest one"};
    if (index >= EPO_REAL_OFS) return NULL;
    *about = lines[index];
    return epo_real_of_name((epo_real_of)index);
}

/* One of the two models, whichever kind it is. */
typedef struct step {
    epo_model *model;
    epo_forest *forest;
    epo_head head;
    epo_evaluate_source source;
    char sha256[65];
    const char *const *classes;
    size_t class_count;
} step;

static void step_free(step *s)
{
    epo_model_free(s->model);
    epo_forest_free(s->forest);
}

static int load_forest(const char *path, step *out)
{
    epo_forest_info info;
    const int result = cli_forest_load(path, &out->forest);
    if (result != CLI_OK) return result;
    epo_forest_get_info(out->forest, &info);
    snprintf(out->sha256, sizeof out->sha256, "%s", info.sha256);
    out->classes = info.classes;
    out->class_count = info.class_count;
    return CLI_OK;
}

/* The head decides what a network is asked for: of the real/bogus model the stamp head, where it has one. */
static int load(const classify_options *o, bool type, step *out)
{
    const char *path = type ? o->common.model : o->real_bogus, *slash = strrchr(path, '/');
    int result;
    out->source = (epo_evaluate_source){.sha256 = out->sha256, .split = o->split, .name = slash ? slash + 1 : path};
    out->head = o->head[0] == 't' ? EPO_HEAD_TRIPLET : EPO_HEAD_SEQUENCE;
    bool is_forest;
    const epo_status seen = epo_forest_is_file(path, &is_forest);
    if (seen != EPO_OK) return cli_failed(seen);
    if (is_forest) return load_forest(path, out);
    if (type)
        result = cli_model_load(path, o->net, o->normalise, out->head, &out->model);
    else
        result = cli_model_load(path, NULL, NULL, out->head = EPO_HEAD_STAMP, &out->model);
    if (result != CLI_OK) return result;
    epo_model_info info;
    epo_model_get_info(out->model, &info);
    snprintf(out->sha256, sizeof out->sha256, "%s", info.sha256);
    out->classes = info.heads[out->head].classes;
    out->class_count = info.heads[out->head].class_count;
    return CLI_OK;
}

/* Makes the scores of a model, which go to the store alone. */
static epo_status make_scores(const cli_call *call, const step *s, epo_store *store)
{
    const classify_options *o = call->options;
    const epo_context_files files = {o->context, o->catalogue};
    epo_context_info context;
    epo_score_options score = classify_scoring(call);
    epo_score_summary summary;
    if (s->forest && epo_context_get_info(s->forest, &context)) {
        cli_forest_note_missing(s->forest, &files);
        return epo_context_classify(s->forest, store, &files, &score, NULL, NULL, &summary);
    }
    if (s->forest) return epo_forest_classify_store(s->forest, store, NULL, &score, NULL, NULL, &summary);
    if (s->head == EPO_HEAD_STAMP) return epo_score_store(s->model, store, &score, NULL, NULL, &summary);
    const epo_status status = epo_classify_store(s->model, store, &score, NULL, NULL, &summary);
    if (status == EPO_OK) cli_scores_reused(&summary, "objects");
    return status;
}

/* --- the table
 * -------------------------------------------------------------------------------------------------------- */

typedef struct printing {
    cli_scores scores;
    double threshold;
    const char *const *classes; /* bogus, types */
} printing;

static epo_status print_object(void *context, const epo_score *score)
{
    printing *p = context;
    cli_output *output = p->scores.output;
    size_t best = 1;
    for (size_t k = 2; k < score->class_count; k++)
        if (score->probabilities[k] > score->probabilities[best]) best = k;
    cli_put_text(output, score->id);
    cli_put_text(output, *score->class_given ? score->class_given : NULL);
    if (score->error)
        cli_put_absent(output);
    else
        cli_put_text(output, p->classes[score->score < p->threshold ? 0 : best]);
    cli_put_score(output, score->score);
    if (score->error) {
        cli_put_absent(output);
        cli_put_text(output, score->error);
    } else {
        cli_put_scores(output, score->probabilities);
    }
    cli_row_end(output);
    cli_progress(++p->scores.done);
    return cli_output_failed(output) ? EPO_ECANCELLED : EPO_OK;
}

static int combine(const cli_call *call, const step *type, const step *real_bogus, epo_store *store)
{
    const classify_options *o = call->options;
    epo_hierarchy_options how = {.type = type->source,
                                 .real_bogus = real_bogus->source,
                                 .threshold = o->threshold,
                                 .split = o->split,
                                 .command_line = call->command_line};
    epo_score_summary summary = {0};
    char sha256[65] = "";
    const char **classes = calloc(type->class_count + 1, sizeof *classes);
    if (!classes || !epo_real_of_of(o->real_of, &how.real_of)) {
        free(classes);
        cli_error("out of memory");
        return CLI_FAILED;
    }
    classes[0] = "bogus";
    for (size_t k = 0; k < type->class_count; k++) classes[k + 1] = type->classes[k];
    printing p = {.threshold = o->threshold, .classes = classes};
    const cli_column columns[] = {{.name = "object"},
                                  {.name = "class"},
                                  {.name = "predicted"},
                                  {.name = "real", .number = true},
                                  {.name = "probabilities", .members = classes, .member_count = type->class_count + 1},
                                  {.name = "error"}};
    int result = CLI_FAILED;
    if ((p.scores.output = cli_output_open(o->common.output, false))) {
        cli_table_begin(p.scores.output, "", columns, sizeof columns / sizeof *columns);
        cli_progress_begin("objects", 0);
        epo_status status = epo_classify_hierarchy(store, &how, print_object, &p, sha256, &summary);
        result = cli_scores_end(&p.scores, status, &summary, "objects");
        if (summary.run)
            cli_note("run %lld; epochal evaluate --run %lld judges it", (long long)summary.run, (long long)summary.run);
    }
    free(classes);
    return result;
}

int classify_hierarchy(const cli_call *call)
{
    const classify_options *o = call->options;
    step type = {0}, real_bogus = {0};
    epo_store *store = NULL;
    bool exist = false;
    if (!(o->threshold >= 0 && o->threshold <= 1)) return cli_usage(call->command, "--threshold is from 0 to 1");
    if (o->dropout.passes || o->dropout.bins)
        return cli_usage(call->command, "--mc-passes and --mc-histogram do not go with --real-bogus");
    int result = load(o, true, &type);
    if (result == CLI_OK) result = load(o, false, &real_bogus);
    if (result == CLI_OK && type.forest && real_bogus.forest && cli_given(call, "precision"))
        result = cli_usage(call->command, "--precision is for networks; both models are forests");
    if (result == CLI_OK) {
        const epo_precision precision = cli_precision(call);
        if (type.model) epo_model_set_precision(type.model, precision);
        if (real_bogus.model) epo_model_set_precision(real_bogus.model, precision);
    }
    if (result == CLI_OK) result = classify_check_encodings(call, type.forest != NULL);
    if (result != CLI_OK) goto done;
    epo_status status = epo_store_open(o->common.db, EPO_STORE_WRITE, &store);
    if (status == EPO_OK) status = epo_scores_exist(store, &real_bogus.source, &exist);
    if (status == EPO_OK && !exist)
        cli_note("%s has not scored these objects yet: that is done first", real_bogus.source.name);
    if (status == EPO_OK && !exist) status = make_scores(call, &real_bogus, store);
    if (status == EPO_OK) status = make_scores(call, &type, store);
    result = status == EPO_OK ? combine(call, &type, &real_bogus, store) : cli_failed(status);
done:
    epo_store_close(store);
    step_free(&type);
    step_free(&real_bogus);
    return result;
}
