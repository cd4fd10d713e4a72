/* SPDX-License-Identifier: BSD-3-Clause
 * training_stage.c - what a stage works with: gradients, optimiser, feeds of batches, learner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/training.h"

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* What is frozen: by the user, and the encoder while the sequence head learns alone. */
static bool wanted(void *context, const epo__param *param)
{
    const epo__training *f = context;
    const char *freeze = f->options->freeze;
    bool in_encoder = starts_with(param->name, "encoder.");
    if (f->stages[f->position.stage] == EPO__STAGE_SEQUENCE && in_encoder) return false;
    if (strcmp(freeze, "none") == 0) return true;
    if (strcmp(freeze, "encoder") == 0) return !in_encoder;
    return !starts_with(param->name, freeze);
}

static epo_status count_trained(void *context, const epo__param *param)
{
    *(size_t *)context += param->grad != NULL;
    return EPO_OK;
}

/* Whether the stamp head learns beside the others in the stage at hand: the sequence head alone leaves the encoder as it is. */
static bool has_stamps(const epo__training *f)
{
    return f->stamps.task.label_count > 0 && f->stages[f->position.stage] != EPO__STAGE_SEQUENCE;
}

static epo_status want_gradients(epo__training *f)
{
    size_t trained = 0;
    epo_status status = epo__net_want_gradients(epo__model_encoder(f->model), "encoder", wanted, f);
    for (int h = 0; status == EPO_OK && h < EPO_HEAD_COUNT; h++) {
        epo__net *net = epo__model_head(f->model, (epo_head)h);
        if (!net) continue;
        if (epo__stage_uses(f->stages[f->position.stage], (epo_head)h) || (h == EPO_HEAD_STAMP && has_stamps(f)))
            status = epo__net_want_gradients(net, epo_head_name((epo_head)h), wanted, f);
        else
            epo__net_drop_gradients(net);
    }
    if (status == EPO_OK) status = epo__model_visit(f->model, count_trained, &trained);
    if (status != EPO_OK || trained) return status;
    return epo__fail(EPO_EARG, "stage %s: freeze %s leaves nothing to train", epo__stage_name(f->stages[f->position.stage]), f->options->freeze);
}

static epo_status make_optimiser(epo__training *f)
{
    const epo_train_options *o = f->options;
    epo__optimiser_options rule = EPO__OPTIMISER_ADAM;
    if (strcmp(o->optimiser, "adamw") == 0)
        rule = EPO__OPTIMISER_ADAMW;
    else if (strcmp(o->optimiser, "sgd") == 0)
        rule = EPO__OPTIMISER_SGD;
    else if (strcmp(o->optimiser, "adam") != 0)
        return epo__fail(EPO_EARG, "optimiser '%s' is not one of adam, adamw, sgd", o->optimiser);
    rule.decay = o->decay;
    if (rule.kind == EPO_OPTIMISER_SGD) rule.momentum = o->momentum;
    epo_status status = epo__optimiser_create(&rule, &f->optimiser);
    if (status == EPO_OK) status = epo__optimiser_add(f->optimiser, epo__model_encoder(f->model), "encoder");
    for (int h = 0; status == EPO_OK && h < EPO_HEAD_COUNT; h++) {
        epo__net *net = epo__model_head(f->model, (epo_head)h);
        if (net) status = epo__optimiser_add(f->optimiser, net, epo_head_name((epo_head)h));
    }
    return status;
}

/* w_k = examples / (classes x examples of class k), over the training part. */
static epo_status class_weights(const epo__task *task, const epo__loader_counts *counts, float *weights)
{
    double total = 0;
    for (size_t k = 0; k < counts->label_count; k++) total += (double)counts->of_label[k];
    for (size_t k = 0; k < counts->label_count; k++) {
        if (!counts->of_label[k]) return epo__fail(EPO_EARG, "class %s has nothing in the part train of the split", task->names[k]);
        weights[k] = (float)(total / ((double)counts->label_count * (double)counts->of_label[k]));
    }
    return EPO_OK;
}

/* --- feeds --------------------------------------------------------------------------------------------------------------- */

epo_head epo__stage_head(epo__stage stage)
{
    switch (stage) {
    case EPO__STAGE_ENCODER: return EPO_HEAD_TRIPLET;
    case EPO__STAGE_SEQUENCE:
    case EPO__STAGE_JOINT: return EPO_HEAD_SEQUENCE;
    case EPO__STAGE_STAMP: break;
    }
    return EPO_HEAD_STAMP;
}

/* The cap is shared out: three parts of four to training, one to validation; each in halves where features are kept beside the
 * loader's stamps, and between two feeds. */
static size_t share_of_memory(const epo__training *f, bool training)
{
    bool halves = f->stages[f->position.stage] == EPO__STAGE_SEQUENCE || has_stamps(f);
    return f->options->memory / 4 * (training ? 3 : 1) / (halves ? 2 : 1);
}

static epo__example_kind kind_of(const epo__training *f, const epo__feed *feed, bool training)
{
    if (feed->task.stamps) return EPO__EXAMPLE_STAMP;
    if (f->stages[f->position.stage] == EPO__STAGE_ENCODER) return EPO__EXAMPLE_TRIPLET;
    bool fixed = training && f->options->nights > 0 && f->stages[f->position.stage] == EPO__STAGE_JOINT;
    return fixed ? EPO__EXAMPLE_FIXED : EPO__EXAMPLE_SEQUENCE;
}

static epo_status open_supply(epo__training *f, const epo__feed *feed, bool training, epo__supply **out)
{
    const epo_train_options *o = f->options;
    char split[256];
    epo__loader *loader;
    snprintf(split, sizeof split, "%.200s:%s", o->split, training ? "train" : "validation");
    epo__loader_options l = {.store = epo__store_path(f->store), .split = split, .labels_as_of = epo_store_labels_as_of(f->store), .classes = feed->task.classes, .class_count = feed->task.class_count,
                             .label_count = feed->task.label_count, .kind = kind_of(f, feed, training),
                             .nights_by = o->peak_nights ? EPO__NIGHTS_PEAK : EPO__NIGHTS_FREE, .nights = o->nights,
                             .stride = epo__model_network(f->model)->stride, .training = training, .balance = training && o->balance,
                             .seed = o->seed, .batch = o->batch, .memory = share_of_memory(f, training)};
    epo_status status = epo__stamp_rule_of(epo__model_network(f->model), &l.rule);
    l.turns = training && o->turns && l.rule.height == l.rule.width;
    if (status == EPO_OK) status = epo__loader_open(&l, &loader);
    if (status != EPO_OK) return status;
    int variants = f->stages[f->position.stage] != EPO__STAGE_SEQUENCE ? 0 : training ? o->variants : 1;
    return epo__supply_create(f->model, loader, variants, o->seed, share_of_memory(f, training), out);
}

static epo_status open_feed(epo__training *f, epo__feed *feed)
{
    epo_status status = open_supply(f, feed, true, &feed->supply);
    if (status == EPO_OK) status = open_supply(f, feed, false, &feed->validation);
    return status == EPO_ENOTFOUND && feed->supply && f->options->last ? EPO_OK : status; /* then no validation is needed */
}

static void close_feed(epo__feed *feed)
{
    epo__supply_free(feed->supply);
    epo__supply_free(feed->validation);
    feed->supply = feed->validation = NULL;
}

static size_t memory_of(const epo__supply *supply)
{
    return supply ? epo__supply_memory(supply) : 0;
}

/* --- the stage ----------------------------------------------------------------------------------------------------------- */

void epo__stage_close(epo__training *f)
{
    size_t memory = memory_of(f->main.supply) + memory_of(f->main.validation) + memory_of(f->stamps.supply) + memory_of(f->stamps.validation);
    if (memory > f->memory_supply) f->memory_supply = memory;
    epo__learner_free(f->learner);
    epo__optimiser_destroy(f->optimiser);
    f->learner = NULL;
    f->optimiser = NULL;
    close_feed(&f->main);
    close_feed(&f->stamps);
}

static epo_status make_learner(epo__training *f)
{
    const epo_train_options *o = f->options;
    epo__stage stage = f->stages[f->position.stage];
    const epo__loader_counts *counts = epo__supply_count(f->main.supply);
    float weights[EPO__TASK_CLASSES], of_stamps[EPO__TASK_CLASSES];
    epo__learner_options l = {.stage = stage, .batch = o->batch, .triplets = (size_t)o->batch * counts->longest, .seed = o->seed,
                              .keep_statistics = o->keep_statistics && stage == EPO__STAGE_JOINT, .precision = strcmp(o->precision, "bf16") == 0 ? EPO__IN_BF16 : EPO__IN_FLOAT32,
                              .smoothing = o->smoothing};
    epo_status status = EPO_OK;
    if (o->class_weights) {
        l.class_weights = weights;
        status = class_weights(&f->main.task, counts, weights);
    }
    if (has_stamps(f)) {
        l.stamps = o->batch;
        l.stamp_weights = o->class_weights ? of_stamps : NULL;
        if (status == EPO_OK && o->class_weights) status = class_weights(&f->stamps.task, epo__supply_count(f->stamps.supply), of_stamps);
    }
    return status == EPO_OK ? epo__learner_create(f->model, &l, &f->learner) : status;
}

epo_status epo__stage_open(epo__training *f)
{
    epo_status status = want_gradients(f);
    if (status == EPO_OK) status = make_optimiser(f);
    if (status == EPO_OK) status = open_feed(f, &f->main);
    if (status == EPO_OK && has_stamps(f)) status = open_feed(f, &f->stamps);
    return status == EPO_OK ? make_learner(f) : status;
}
