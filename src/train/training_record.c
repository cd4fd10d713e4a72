/* SPDX-License-Identifier: BSD-3-Clause
 * training_record.c - a training's traces in the store. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "train/training.h"
#include "train/recorder.h"

static void add_text(epo__string *s, const char *name, const char *value)
{
    epo__string_addf(s, "%s\"%s\":", s->length > 1 ? "," : "", name);
    epo__string_add_json(s, value);
}

static void add_number(epo__string *s, const char *name, double value)
{
    epo__string_addf(s, "%s\"%s\":%.17g", s->length > 1 ? "," : "", name, value);
}

epo_status epo__training_options_text(epo__training *f)
{
    const epo_train_options *o = f->options;
    epo__string s = {0};
    epo__string_add(&s, "{");
    add_text(&s, "net", o->net);
    add_text(&s, "from", o->from);
    add_text(&s, "from_sha256", o->from ? f->from.sha256 : NULL); /* a file of the same name may hold other weights by now */
    add_text(&s, "split", o->split);
    if (epo_store_labels_as_of(f->store)) add_text(&s, "labels_as_of", epo_store_labels_as_of(f->store));
    add_text(&s, "task", o->task);
    add_text(&s, "stage", o->stage);
    add_text(&s, "freeze", o->freeze);
    add_number(&s, "with_realbogus", o->with_realbogus);
    add_text(&s, "optimiser", o->optimiser);
    add_text(&s, "schedule", o->schedule);
    add_text(&s, "precision", o->precision);
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"rate", o->rate}, {"decay", o->decay}, {"momentum", o->momentum}, {"schedule_epochs", o->schedule_epochs},
                   {"schedule_factor", o->schedule_factor}, {"warmup", o->warmup}, {"clip", o->clip}, {"smoothing", o->smoothing},
                   {"class_weights", o->class_weights}, {"epochs", o->epochs}, {"batch", o->batch}, {"last", o->last}, {"patience", o->patience},
                   {"balance", o->balance}, {"turns", o->turns}, {"peak_nights", o->peak_nights}, {"nights", o->nights}, {"stride", o->stride}, {"keep_statistics", o->keep_statistics},
                   {"variants", o->variants}, {"threads", f->threads}, {"memory", (double)o->memory}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) add_number(&s, numbers[i].name, numbers[i].value);
    epo__string_addf(&s, ",\"seed\":%llu}", (unsigned long long)o->seed); /* a double would not hold all of it */
    if (s.failed) {
        epo__string_free(&s);
        return epo__nomem("options");
    }
    f->options_text = s.text;
    return EPO_OK;
}

static epo_status note_begin(epo__training *f)
{
    epo__string versions = {0};
    epo__run_versions(&versions);
    epo__run_row row = {.kind = "train", .command = f->options->command_line ? f->options->command_line : "", .options = f->options_text,
                        .versions = versions.text, .seed = f->options->seed, .threads = f->threads};
    epo_status status = versions.failed ? epo__nomem("run") : epo__store_split_find(f->store, f->options->split, &row.split);
    if (status == EPO_OK) status = epo__store_run_begin(f->store, &row, &f->position.run);
    epo__string_free(&versions);
    return status;
}

epo_status epo__training_begin(epo__training *f, bool resumed)
{
    if (resumed) return EPO_OK;
    epo_status status = epo__store_begin(f->store);
    if (status == EPO_OK) status = note_begin(f);
    if (status == EPO_OK) status = epo__store_commit(f->store);
    if (status != EPO_OK) epo__store_rollback(f->store);
    return status;
}

epo_status epo__training_end(epo__training *f, epo_status how, const char *sha256)
{
    char message[512];
    snprintf(message, sizeof message, "%s", epo_error_message());
    int64_t model = 0;
    epo_status status = epo__store_begin(f->store);
    if (status == EPO_OK && how == EPO_OK) {
        epo__string classes = {0};
        epo_head head = epo__stage_head(f->stages[f->stage_count - 1]);
        epo_model_info info;
        epo_model_get_info(f->model, &info);
        epo__run_classes(&classes, &info, head);
        epo__model_row row = {.name = info.name, .sha256 = sha256, .network = epo__model_network(f->model)->text, .classes = classes.text,
                              .normalisation = info.normalise};
        status = classes.failed ? epo__nomem("model") : epo__store_model_put(f->store, &row, &model);
        epo__string_free(&classes);
    }
    const char *word = how == EPO_OK ? "done" : how == EPO_ECANCELLED ? "cancelled" : "failed";
    if (status == EPO_OK) status = epo__store_run_end(f->store, f->position.run, word, f->position.seconds, epo__peak_memory(), model);
    if (status == EPO_OK) status = epo__store_commit(f->store);
    if (status != EPO_OK) epo__store_rollback(f->store);
    return how != EPO_OK ? epo__fail(how, "%s", message) : status;
}
