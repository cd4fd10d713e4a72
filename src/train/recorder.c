/* SPDX-License-Identifier: BSD-3-Clause
 * recorder.c - a scoring run being written to the store. */
#include "train/recorder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/model.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "epochal/version.h"
#include "nn/net.h"
#include "store/results.h"
#include "store/store.h"

static const double COMMIT_SECONDS = 1; /* between two commits, and so what a reader of results waits at most */

void epo__run_classes(epo__string *s, const epo_model_info *info, epo_head head)
{
    epo__string_add_json_list(s, info->heads[head].classes, info->heads[head].class_count, ",");
}

static void add_options(epo__string *s, const epo_model_info *info, const epo_score_options *o)
{
    epo__string_addf(s, "{\"threads\":%d,\"batch\":%d,\"normalise\":", o->threads, o->batch);
    epo__string_add_json(s, info->normalise); /* the run's own: models.normalisation is that of the model's first run */
    if (info->precision != EPO_PRECISION_F32) epo__string_addf(s, ",\"precision\":\"%s\"", epo_precision_name(info->precision));
    if (o->split) {
        epo__string_add(s, ",\"split\":");
        epo__string_add_json(s, o->split);
    }
    if (o->mc_passes) epo__string_addf(s, ",\"mc_passes\":%d,\"seed\":%" PRIu64, o->mc_passes, o->seed);
    if (o->encodings == EPO_ENCODINGS_KEEP) epo__string_add(s, ",\"encodings\":\"keep\"");
    epo__string_addf(s, ",\"triplet_head\":%s,\"turns\":%s}", o->triplet_head ? "true" : "false", o->turns ? "true" : "false");
}

void epo__run_versions(epo__string *s)
{
    epo__nn_info nn;
    epo__nn_get_info(&nn);
    epo__string_add(s, "{\"epochal\":\"" EPO_VERSION_STRING "\",\"onednn\":");
    epo__string_add_json(s, nn.onednn_version);
    epo__string_add(s, ",\"isa\":");
    epo__string_add_json(s, nn.onednn_isa);
    epo__string_add(s, "}");
}

/* The id of the split in "NAME:PART"; 0 for none. */
static epo_status split_of(epo_store *store, const char *split, int64_t *id)
{
    *id = 0;
    if (!split) return EPO_OK;
    char *name = epo__strndup(split, strcspn(split, ":"));
    epo_status status = name ? epo__store_split_find(store, name, id) : epo__nomem("split");
    free(name);
    return status;
}

static epo_status note_start(epo_store *store, const char *kind, const epo_model *model, epo_head head, const epo_score_options *options,
                             int threads, int64_t *run)
{
    epo_model_info info;
    epo_model_get_info(model, &info);
    if (!info.sha256[0])
        return epo__fail(EPO_EARG, "%s: a model that is in no file cannot be recorded: save it, then load it", info.name);
    epo__string classes = {0}, text = {0}, versions = {0};
    epo__run_classes(&classes, &info, head);
    add_options(&text, &info, options);
    epo__run_versions(&versions);
    epo_status status = classes.failed || text.failed || versions.failed ? epo__nomem("run") : EPO_OK;
    epo__model_row row = {.name = info.name, .sha256 = info.sha256, .network = epo__model_network(model)->text, .classes = classes.text,
                          .normalisation = info.normalise};
    epo__run_row start = {.kind = kind, .command = options->command_line ? options->command_line : "", .options = text.text,
                          .versions = versions.text, .threads = threads};
    if (status == EPO_OK) status = split_of(store, options->split, &start.split);
    if (status == EPO_OK) status = epo__store_model_put(store, &row, &start.model);
    if (status == EPO_OK) status = epo__store_run_begin(store, &start, run);
    epo__string_free(&classes);
    epo__string_free(&text);
    epo__string_free(&versions);
    return status;
}

epo_status epo__recorder_ready(epo__recorder *r)
{
    if (r->in_transaction) return EPO_OK;
    epo_status status = epo__store_begin(r->store);
    r->in_transaction = status == EPO_OK;
    return status;
}

/* Tells of what was held back, unless `status` or the one who is told says to stop, and forgets it. */
static epo_status tell_held(epo__recorder *r, epo_status status)
{
    for (size_t i = 0; i < r->held_count; i++) {
        if (status == EPO_OK) status = r->tell(r->tell_context, r->held[i]);
        free(r->held[i]);
    }
    r->held_count = 0;
    return status;
}

static epo_status commit(epo__recorder *r)
{
    epo_status status = epo__store_commit(r->store);
    if (status != EPO_OK) epo__store_rollback(r->store);
    r->in_transaction = false;
    r->settled = epo__seconds();
    return status;
}

epo_status epo__recorder_commit(epo__recorder *r)
{
    return tell_held(r, r->in_transaction ? commit(r) : EPO_OK);
}

/* Since the last commit, not since the transaction began: where a result takes longer than that, each is committed at
 * once, and the store is not held for all the time that the next one takes. */
epo_status epo__recorder_settle(epo__recorder *r)
{
    return !r->in_transaction || epo__seconds() - r->settled > COMMIT_SECONDS ? epo__recorder_commit(r) : EPO_OK;
}

void epo__recorder_hears(epo__recorder *r, epo__recorder_fn tell, void *context)
{
    r->tell = tell;
    r->tell_context = context;
}

epo_status epo__recorder_hold(epo__recorder *r, void *result)
{
    if (result && epo__grow(&r->held, &r->held_room, r->held_count + 1, sizeof *r->held)) {
        r->held[r->held_count++] = result;
        return EPO_OK;
    }
    free(result);
    return epo__nomem("result");
}

/* Commits the start, or takes it back. */
static epo_status started(epo__recorder *r, epo_status status)
{
    if (status == EPO_OK) return commit(r);
    epo__store_rollback(r->store);
    r->in_transaction = false;
    return status;
}

epo_status epo__recorder_start(epo__recorder *r, epo_store *store, const char *kind, const epo_model *model, epo_head head,
                               const epo_score_options *options, int threads)
{
    *r = (epo__recorder){.store = store, .start = epo__seconds()};
    epo_status status = epo__recorder_ready(r);
    if (status == EPO_OK) status = note_start(store, kind, model, head, options, threads, &r->run);
    return started(r, status);
}

epo_status epo__recorder_start_plain(epo__recorder *r, epo_store *store, const char *split, const epo__model_row *model,
                                     epo__run_row *row)
{
    *r = (epo__recorder){.store = store, .start = epo__seconds()};
    epo__string versions = {0};
    epo__run_versions(&versions);
    row->versions = versions.text;
    epo_status status = versions.failed ? epo__nomem("run") : epo__recorder_ready(r);
    if (status == EPO_OK) status = split_of(store, split, &row->split);
    if (status == EPO_OK && model) status = epo__store_model_put(store, model, &row->model);
    if (status == EPO_OK) status = epo__store_run_begin(store, row, &r->run);
    row->versions = NULL;
    epo__string_free(&versions);
    return started(r, status);
}

epo_status epo__recorder_end(epo__recorder *r, epo_status status)
{
    char message[512];
    snprintf(message, sizeof message, "%s", epo_error_message());
    epo_status told = epo__recorder_commit(r); /* what was delivered stays, whatever came after it */
    if (status == EPO_OK && told != EPO_OK) {
        status = told;
        snprintf(message, sizeof message, "%s", epo_error_message());
    }
    const char *word = status == EPO_OK ? "done" : status == EPO_ECANCELLED ? "cancelled" : "failed";
    epo_status ended = epo__recorder_ready(r);
    if (ended == EPO_OK) ended = epo__store_run_end(r->store, r->run, word, epo__seconds() - r->start, epo__peak_memory(), 0);
    if (ended == EPO_OK)
        ended = commit(r);
    else if (r->in_transaction)
        epo__store_rollback(r->store);
    free(r->held);
    r->held = NULL;
    r->held_room = 0;
    return status != EPO_OK ? epo__fail(status, "%s", message) : ended;
}
