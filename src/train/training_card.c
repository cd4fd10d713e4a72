/* SPDX-License-Identifier: BSD-3-Clause
 * training_card.c - a training's record in the weights that come of it (arch/card.h has its form).
 *
 * Nothing of when, where and how fast goes into it, so that the same training gives the same bytes. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/card.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "epochal/system.h"
#include "epochal/version.h"
#include "nn/net.h"
#include "train/training.h"
#include "train/training_data.h"

/* --- JSON ------------------------------------------------------------------------------------------------------------- */

/* Members stand one after the other; `{` and `[` are followed by the first. */
static void key(epo__string *s, const char *name)
{
    char last = s->length ? s->text[s->length - 1] : '{';
    epo__string_addf(s, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", name);
}

static void add_text(epo__string *s, const char *name, const char *text)
{
    key(s, name);
    epo__string_add_json(s, text);
}

static void add_whole(epo__string *s, const char *name, int64_t value)
{
    key(s, name);
    epo__string_addf(s, "%" PRId64, value);
}

static void add_bool(epo__string *s, const char *name, bool value)
{
    key(s, name);
    epo__string_add(s, value ? "true" : "false");
}

/* The fewest digits that are read back as the same number. */
static void exact(double value, char text[32])
{
    double back;
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (epo__parse_double(text, &back) && back == value) return;
    }
}

static void add_real(epo__string *s, const char *name, double value)
{
    char text[32];
    key(s, name);
    if (!isfinite(value)) {
        epo__string_add(s, "null");
        return;
    }
    exact(value, text);
    epo__string_add(s, text);
    if (!strpbrk(text, ".e")) epo__string_add(s, ".0"); /* a number with a fraction, whatever its value */
}

/* --- options and command ------------------------------------------------------------------------------------------------ */

typedef enum option_kind { TEXT, WHOLE, REAL, FLAG } option_kind;

/* Every option that has a say in the weights. One that is `off` is given when it is false, as --no-NAME. */
static const struct option_row {
    const char *name;   /* in the record */
    const char *option; /* of the command */
    option_kind kind;
    bool off;
    size_t place;
} option_rows[] = {
#define PLACE(member) offsetof(epo_train_options, member)
    {"task", "--task", TEXT, false, PLACE(task)},
    {"stage", "--stage", TEXT, false, PLACE(stage)},
    {"with_realbogus", "--with-realbogus", FLAG, false, PLACE(with_realbogus)},
    {"freeze", "--freeze", TEXT, false, PLACE(freeze)},
    {"epochs", "--epochs", WHOLE, false, PLACE(epochs)},
    {"last", "--last", FLAG, false, PLACE(last)},
    {"patience", "--patience", WHOLE, false, PLACE(patience)},
    {"batch", "--batch", WHOLE, false, PLACE(batch)},
    {"optimiser", "--optimiser", TEXT, false, PLACE(optimiser)},
    {"rate", "--rate", REAL, false, PLACE(rate)},
    {"decay", "--decay", REAL, false, PLACE(decay)},
    {"momentum", "--momentum", REAL, false, PLACE(momentum)},
    {"schedule", "--schedule", TEXT, false, PLACE(schedule)},
    {"schedule_epochs", "--schedule-epochs", WHOLE, false, PLACE(schedule_epochs)},
    {"schedule_factor", "--schedule-factor", REAL, false, PLACE(schedule_factor)},
    {"precision", "--precision", TEXT, false, PLACE(precision)},
    {"warmup", "--warmup", WHOLE, false, PLACE(warmup)},
    {"clip", "--clip", REAL, false, PLACE(clip)},
    {"smoothing", "--smoothing", REAL, false, PLACE(smoothing)},
    {"class_weights", "--class-weights", FLAG, false, PLACE(class_weights)},
    {"balance", "--no-balance", FLAG, true, PLACE(balance)},
    {"turns", "--no-turns", FLAG, true, PLACE(turns)},
    {"peak_nights", "--peak-nights", FLAG, false, PLACE(peak_nights)},
    {"nights", "--nights", WHOLE, false, PLACE(nights)},
    {"triplet_stride", "--triplet-stride", WHOLE, false, PLACE(stride)},
    {"keep_statistics", "--keep-statistics", FLAG, false, PLACE(keep_statistics)},
    {"variants", "--variants", WHOLE, false, PLACE(variants)},
#undef PLACE
};

static const void *value_of(const epo_train_options *options, const struct option_row *row)
{
    return (const char *)options + row->place;
}

static bool is_standard(const epo_train_options *o, const epo_train_options *standard, const struct option_row *row)
{
    const void *is = value_of(o, row), *was = value_of(standard, row);
    switch (row->kind) {
    case TEXT: return strcmp(*(const char *const *)is, *(const char *const *)was) == 0;
    case WHOLE: return *(const int *)is == *(const int *)was;
    case REAL: return *(const double *)is == *(const double *)was;
    case FLAG: return *(const bool *)is == *(const bool *)was;
    }
    return false;
}

/* A word as a shell reads it back. */
static void add_word(epo__string *s, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,:/=@%";
    if (*word && word[strspn(word, plain)] == '\0') {
        epo__string_add(s, word);
        return;
    }
    epo__string_add(s, "'");
    for (; *word; word++) {
        if (*word == '\'')
            epo__string_add(s, "'\\''");
        else
            epo__string_addn(s, word, 1);
    }
    epo__string_add(s, "'");
}

static void add_option(epo__string *s, const epo_train_options *o, const struct option_row *row)
{
    const void *value = value_of(o, row);
    char text[32];
    epo__string_addf(s, " %s", row->option);
    if (row->kind == FLAG) return;
    epo__string_add(s, " ");
    if (row->kind == TEXT) {
        add_word(s, *(const char *const *)value);
    } else if (row->kind == WHOLE) {
        epo__string_addf(s, "%d", *(const int *)value);
    } else {
        exact(*(const double *)value, text);
        epo__string_add(s, text);
    }
}

/* What `finetune` has as defaults where they are not those of `train`. */
static epo_train_options standards(bool finetune)
{
    epo_train_options o = EPO_TRAIN_OPTIONS_INIT;
    if (finetune) {
        o.task = ""; /* always said */
        o.stage = "joint";
        o.rate = 1e-4;
        o.epochs = 15;
    }
    return o;
}

/* Files are DB, OUT and the SHA-256 of those that were started from; a network goes by its own name. */
static void add_command(epo__string *s, const epo__training *f)
{
    const epo_train_options *o = f->options;
    const epo_train_options standard = standards(!o->net);
    epo__string_addf(s, "epochal %s --db DB --split ", o->net ? "train" : "finetune");
    add_word(s, o->split);
    if (o->net) {
        epo__string_add(s, " --net ");
        add_word(s, epo__model_network(f->model)->name);
    }
    if (o->from) epo__string_addf(s, " --from sha256:%s", f->from.sha256);
    for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++)
        if (!is_standard(o, &standard, &option_rows[i])) add_option(s, o, &option_rows[i]);
    if (epo_store_labels_as_of(f->store)) epo__string_addf(s, " --labels-as-of %s", epo_store_labels_as_of(f->store));
    if (o->memory != standard.memory) epo__string_addf(s, " --memory %zu", o->memory >> 20); /* it says how many draws of features are kept */
    epo__string_addf(s, " --seed %" PRIu64 " --threads %d --out OUT", o->seed, f->threads);
}

static void add_options(epo__string *s, const epo__training *f)
{
    char seed[24];
    key(s, "options");
    epo__string_add(s, "{");
    add_text(s, "net", epo__model_network(f->model)->name);
    for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        const void *value = value_of(f->options, row);
        switch (row->kind) {
        case TEXT: add_text(s, row->name, *(const char *const *)value); break;
        case WHOLE: add_whole(s, row->name, *(const int *)value); break;
        case REAL: add_real(s, row->name, *(const double *)value); break;
        case FLAG: add_bool(s, row->name, *(const bool *)value); break;
        }
    }
    snprintf(seed, sizeof seed, "%" PRIu64, f->options->seed);
    add_text(s, "seed", seed);
    epo__string_add(s, "}");
}

/* --- data --------------------------------------------------------------------------------------------------------------- */

/* The output that a class of the store is trained as; NULL when it is left out. */
static const char *output_of(const epo__training *f, const char *class_name)
{
    const epo__task *const tasks[] = {&f->main.task, &f->stamps.task};
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < tasks[t]->class_count; i++)
            if (strcmp(tasks[t]->classes[i].name, class_name) == 0) return tasks[t]->names[tasks[t]->classes[i].label];
    return NULL;
}

static void add_data(epo__string *s, const epo__training *f, const epo__data_summary *d)
{
    static const char *const parts[EPO__DATA_PARTS] = {"train", "validation", "test", "other"};
    key(s, "data");
    epo__string_add(s, "{");
    add_text(s, "split", f->options->split);
    if (epo_store_labels_as_of(f->store)) add_text(s, "labels_as_of", epo_store_labels_as_of(f->store));
    add_text(s, "sha256", d->sha256);
    add_whole(s, "objects", d->objects);
    add_whole(s, "stamps", d->stamps);
    add_whole(s, "simulated", d->simulated);
    key(s, "surveys");
    epo__string_add(s, "[");
    for (size_t i = 0; i < d->survey_count; i++) {
        epo__string_add(s, i ? ",{" : "{");
        add_text(s, "survey", d->surveys[i].name);
        add_whole(s, "objects", d->surveys[i].objects);
        add_whole(s, "stamps", d->surveys[i].stamps);
        add_whole(s, "simulated", d->surveys[i].simulated);
        epo__string_add(s, "}");
    }
    epo__string_add(s, "]");
    key(s, "classes");
    epo__string_add(s, "[");
    for (size_t i = 0; i < d->class_count; i++) {
        epo__string_add(s, i ? ",{" : "{");
        add_text(s, "class", d->classes[i].name);
        add_text(s, "output", output_of(f, d->classes[i].name));
        for (int p = 0; p < EPO__DATA_PARTS; p++) add_whole(s, parts[p], d->classes[i].objects[p]);
        epo__string_add(s, "}");
    }
    epo__string_add(s, "]");
    add_whole(s, "left_out", d->surveys_left_out > d->classes_left_out ? d->surveys_left_out : d->classes_left_out);
    epo__string_add(s, "}");
}

/* --- weights that it started from ------------------------------------------------------------------------------------------- */

/* Their own record, if it is one, written anew: it came from outside. A long one is left out. */
static epo_status nested_record(const epo_model *base, char **out)
{
    const char *text = epo__model_extra(base, EPO__TRAINING_KEY);
    json_t *root;
    *out = NULL;
    if (!text || strlen(text) > EPO__RECORD_NESTED_MAX) return EPO_OK;
    epo_status status = epo__json_read(text, strlen(text), 0, &root);
    if (status == EPO_ENOMEM) return status;
    status = EPO_OK;
    if (json_is_object(root) && !(*out = epo__json_write(root, 17))) status = epo__nomem("record of the training");
    json_decref(root);
    return status;
}

epo_status epo__training_card_from(epo__training *f, const epo_model *base)
{
    epo_model_info info;
    epo_model_get_info(base, &info);
    f->from.sky = info.sky;
    snprintf(f->from.sha256, sizeof f->from.sha256, "%s", info.sha256);
    f->from.network = epo__strdup(info.name);
    epo_status status = nested_record(base, &f->from.training);
    return f->from.network ? status : epo__nomem("record of the training");
}

void epo__training_card_free(epo__training *f)
{
    free(f->from.network);
    free(f->from.training);
}

static void add_from(epo__string *s, const epo__training *f)
{
    key(s, "from");
    if (!f->options->from) {
        epo__string_add(s, "null");
        return;
    }
    epo__string_add(s, "{");
    add_text(s, "network", f->from.network);
    add_text(s, "sha256", f->from.sha256);
    key(s, "simulated");
    epo__string_add(s, f->from.sky == EPO_SKY_UNKNOWN ? "null" : f->from.sky == EPO_SKY_SIMULATED ? "true" : "false");
    key(s, "training");
    epo__string_add(s, f->from.training ? f->from.training : "null");
    epo__string_add(s, "}");
}

static void add_simulated(epo__string *s, const epo__training *f, const epo__data_summary *d)
{
    bool simulated = d->simulated > 0 || f->from.sky == EPO_SKY_SIMULATED, unknown = f->options->from && f->from.sky == EPO_SKY_UNKNOWN;
    key(s, "simulated");
    epo__string_add(s, simulated ? "true" : unknown ? "null" : "false");
}

/* --- what it came to -------------------------------------------------------------------------------------------------------- */

void epo__training_card_epoch(epo__training *f, bool best)
{
    const epo__position *p = &f->position;
    epo__stage_result *r = &f->position.results.of[p->stage];
    r->epochs = p->epoch + 1;
    if (!best) return;
    r->best_epoch = r->epochs;
    r->loss = p->best_loss;
    r->accuracy = p->best_accuracy;
}

static void add_stages(epo__string *s, const epo__training *f)
{
    key(s, "stages");
    epo__string_add(s, "[");
    for (int i = 0; i < f->stage_count; i++) {
        const epo__stage_result *r = &f->position.results.of[i];
        epo__string_add(s, i ? ",{" : "{");
        add_text(s, "stage", epo__stage_name(f->stages[i]));
        add_whole(s, "epochs", (int64_t)r->epochs);
        add_whole(s, "best_epoch", (int64_t)r->best_epoch);
        add_real(s, "validation_loss", r->loss);
        add_real(s, "validation_accuracy", r->accuracy);
        epo__string_add(s, "}");
    }
    epo__string_add(s, "]");
}

static const char *fact(const epo_system_fact *facts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(facts[i].name, name) == 0) return facts[i].value;
    return NULL;
}

static void add_machine(epo__string *s, const epo__training *f)
{
    enum { FACTS = 32 };
    epo_system_fact *facts = epo__alloc(FACTS, sizeof *facts);
    size_t count = facts ? epo_system_facts(facts, FACTS) : 0;
    epo__nn_info nn;
    epo__nn_get_info(&nn);
    key(s, "machine");
    epo__string_add(s, "{");
    add_text(s, "epochal", EPO_VERSION_STRING);
    add_text(s, "onednn", nn.onednn_version);
    add_text(s, "isa", nn.onednn_isa);
    add_text(s, "openblas", nn.blas_version);
    add_text(s, "processor", fact(facts, count < FACTS ? count : FACTS, "processor"));
    add_whole(s, "threads", f->threads);
    epo__string_add(s, "}");
    s->failed = s->failed || !facts;
    free(facts);
}

/* --- the whole --------------------------------------------------------------------------------------------------------------- */

epo_status epo__training_card(const epo__training *f)
{
    epo__data_summary data;
    epo__string s = {0}, command = {0};
    epo_status status = epo__training_data(f->store, f->options->split, &data);
    if (status != EPO_OK) return status;
    add_command(&command, f);
    epo__string_add(&s, "{");
    add_whole(&s, "format", 1);
    add_simulated(&s, f, &data);
    add_text(&s, "command", command.text);
    add_options(&s, f);
    add_data(&s, f, &data);
    add_from(&s, f);
    add_stages(&s, f);
    add_whole(&s, "steps", (int64_t)f->position.step);
    add_whole(&s, "examples", (int64_t)f->position.examples);
    add_machine(&s, f);
    epo__string_add(&s, "}");
    status = s.failed || command.failed ? epo__nomem("record of the training") : epo__model_set_extra(f->model, EPO__TRAINING_KEY, s.text);
    epo__string_free(&s);
    epo__string_free(&command);
    return status;
}
