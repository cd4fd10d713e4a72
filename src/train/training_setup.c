/* SPDX-License-Identifier: BSD-3-Clause
 * training_setup.c - what must be settled before the first step: options, model, stages, schedule. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/training.h"
#include "train/transfer.h"

static const char realbogus[] = "realbogus";

/* --- models ------------------------------------------------------------------------------------------------------- */

static const char *const *head_classes(const epo_model *model, bool stamps, size_t *count)
{
    const epo__network *n = epo__model_network(model);
    epo_head head = stamps ? EPO_HEAD_STAMP : n->heads[EPO_HEAD_TRIPLET].present ? EPO_HEAD_TRIPLET : n->heads[EPO_HEAD_SEQUENCE].present ? EPO_HEAD_SEQUENCE : EPO_HEAD_STAMP;
    *count = n->heads[head].class_count;
    return (const char *const *)n->heads[head].classes;
}

static epo_status parse_task(epo__training *f, const epo_model *base, const char *text, epo__feed *feed)
{
    size_t count;
    const char *const *names = head_classes(base, strcmp(text, realbogus) == 0, &count);
    return epo__task_parse(text, names, count, f->store, &feed->task);
}

/* Random weights for the task, or those to start from carried over to it. */
static epo_status make_model(epo__training *f)
{
    const epo_train_options *o = f->options;
    epo_model *base = NULL;
    char *classes = NULL;
    const epo_model_options random = {.net = o->net, .stride = o->stride, .seed = o->seed};
    epo_status status = o->from ? epo_model_load(o->from, &random, &base) : epo_model_create(&random, &base);
    if (status != EPO_OK) return status;
    status = parse_task(f, base, o->task, &f->main);
    if (status == EPO_OK && o->with_realbogus && f->main.task.stamps)
        status = epo__fail(EPO_EARG, "the task is realbogus already: with-realbogus trains the stamp head beside another task");
    if (status == EPO_OK && o->with_realbogus) status = parse_task(f, base, realbogus, &f->stamps);
    if (status == EPO_OK && !f->main.task.stamps && !(classes = epo__task_class_list(&f->main.task))) status = epo__nomem("classes");
    if (status == EPO_OK) status = epo__model_create_like(base, classes, o->seed, &f->model);
    if (status == EPO_OK && o->from) status = epo__transfer(base, f->model, &f->main.task);
    if (status == EPO_OK && o->from) status = epo__training_card_from(f, base);
    for (int h = 0; o->from && h < EPO_HEAD_COUNT; h++) f->given[h] = epo__model_head(base, (epo_head)h) != NULL;
    epo_model_free(base);
    free(classes);
    return status;
}

/* --- what is frozen ------------------------------------------------------------------------------------------------------- */

typedef struct beginning {
    const char *text;
    bool found;
} beginning;

static epo_status look_for(void *context, const epo__param *param)
{
    beginning *b = context;
    b->found = b->found || strncmp(param->name, b->text, strlen(b->text)) == 0;
    return EPO_OK;
}

/* A name with a typing error would freeze nothing, and nobody would see it. */
static epo_status check_freeze(const epo__training *f)
{
    beginning b = {.text = f->options->freeze};
    if (strcmp(b.text, "none") == 0 || strcmp(b.text, "encoder") == 0) return EPO_OK;
    epo_status status = epo__model_visit(f->model, look_for, &b);
    if (status != EPO_OK || (b.found && *b.text)) return status;
    return epo__fail(EPO_EARG, "freeze '%s': none, encoder, or the beginning of a parameter's name; there is no parameter of this name", b.text);
}

static epo_status check_precision(const epo__training *f)
{
    const epo__net *encoder = epo__model_encoder(f->model);
    if (strcmp(f->options->precision, "f32") == 0) return EPO_OK;
    if (f->stage_count == 1 && f->stages[0] == EPO__STAGE_SEQUENCE)
        return epo__fail(EPO_EARG, "stage sequence leaves the encoder as it is: precision bf16 is for the stages encoder and joint");
    for (size_t i = 0; i < epo__net_length(encoder); i++)
        if (strcmp(epo__net_layer(encoder, i)->type->word, "dense") == 0) return EPO_OK;
    return epo__fail(EPO_EARG, "precision bf16 is for dense blocks, of which this network has none: use f32");
}

/* --- stages and schedule ------------------------------------------------------------------------------------------- */

static epo_status make_schedule(epo__training *f)
{
    const epo_train_options *o = f->options;
    static const char *const names[] = {"constant", "step", "cosine", "plateau"};
    int every = o->schedule_epochs > 0 ? o->schedule_epochs : o->epochs;
    f->schedule = (epo__schedule){.every = (uint64_t)every, .factor = o->schedule_factor, .floor = 1e-3, .warmup = (uint64_t)o->warmup,
                                  .patience = (uint64_t)every, .threshold = 1e-4};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(o->schedule, names[i]) != 0) continue;
        f->schedule.kind = (epo__schedule_kind)i;
        return EPO_OK;
    }
    return epo__fail(EPO_EARG, "schedule '%s' is not one of constant, step, cosine, plateau", o->schedule);
}

static epo_status choose_stages(epo__training *f)
{
    const char *stage = f->options->stage;
    if (f->main.task.stamps)
        f->stages[f->stage_count++] = EPO__STAGE_STAMP;
    else if (strcmp(stage, "encoder") == 0)
        f->stages[f->stage_count++] = EPO__STAGE_ENCODER;
    else if (strcmp(stage, "sequence") == 0)
        f->stages[f->stage_count++] = EPO__STAGE_SEQUENCE;
    else if (strcmp(stage, "joint") == 0)
        f->stages[f->stage_count++] = EPO__STAGE_JOINT;
    else if (strcmp(stage, "all") == 0)
        for (int s = EPO__STAGE_ENCODER; s <= EPO__STAGE_JOINT; s++) f->stages[f->stage_count++] = (epo__stage)s;
    else
        return epo__fail(EPO_EARG, "stage '%s' is not one of encoder, sequence, joint, all", stage);
    return EPO_OK;
}

/* What the last stage cannot do without is asked for before the first one spends its hours. */
static epo_status check_stages(const epo__training *f)
{
    const epo_train_options *o = f->options;
    const epo__network *n = epo__model_network(f->model);
    for (int i = 0; i < f->stage_count; i++)
        for (int h = 0; h < EPO_HEAD_COUNT; h++)
            if (epo__stage_uses(f->stages[i], (epo_head)h) && !epo__model_head(f->model, (epo_head)h))
                return epo__fail(EPO_EARG, "stage %s: the network %s has no %s head", epo__stage_name(f->stages[i]), n->name, epo_head_name((epo_head)h));
    if (f->options->keep_statistics && f->stages[f->stage_count - 1] != EPO__STAGE_JOINT)
        return epo__fail(EPO_EARG, "keep-statistics is for the stage joint");
    if (f->options->keep_statistics && f->stages[0] == EPO__STAGE_JOINT && !f->options->from)
        return epo__fail(EPO_EARG, "a joint training from random weights has no statistics to keep: train the encoder first, or start from weights");
    if (f->stamps.task.label_count && f->stages[f->stage_count - 1] == EPO__STAGE_SEQUENCE && f->stage_count == 1)
        return epo__fail(EPO_EARG, "stage sequence leaves the encoder as it is: the stamp head learns beside the stages encoder and joint");
    if (f->stamps.task.label_count && !epo__model_head(f->model, EPO_HEAD_STAMP)) return epo__fail(EPO_EARG, "the network %s has no stamp head", n->name);
    if (f->stages[f->stage_count - 1] == EPO__STAGE_JOINT && o->nights > 0 && o->nights < n->planes)
        return epo__fail(EPO_EARG, "sequences of %d nights: %s takes %d at once", o->nights, n->name, n->planes);
    return EPO_OK;
}

static bool is_part(double value)
{
    return value >= 0 && value < 1;
}

static bool not_negative(double value)
{
    return value >= 0 && isfinite(value);
}

epo_status epo__training_check_options(const epo_train_options *o)
{
    const struct {
        bool right;
        const char *else_say;
    } rules[] = {
        {o->out && o->split && (o->net || o->from), "a training needs a split, a network or weights to start from, and a file to write"},
        {o->task && o->stage && o->freeze && o->optimiser && o->schedule && o->precision,
         "task, stage, freeze, optimiser, schedule and precision are needed: start from EPO_TRAIN_OPTIONS_INIT"},
        {o->batch >= 1 && o->batch <= 4096 && o->epochs >= 1 && o->epochs <= 100000, "batch is 1 to 4096, epochs 1 to 100000"},
        {o->rate > 0 && isfinite(o->rate), "the learning rate must be positive"},
        {is_part(o->momentum) && is_part(o->smoothing), "momentum and smoothing are 0 or more, and less than 1"},
        {o->schedule_epochs >= 0 && o->schedule_factor > 0 && o->schedule_factor < 1,
         "epochs of the schedule are not negative, its factor is between 0 and 1"},
        {not_negative(o->decay) && not_negative(o->clip), "weight decay and clip are not negative"},
        {o->warmup >= 0 && o->patience >= 0 && o->checkpoint_steps >= 0, "epochs of warm-up and patience, and checkpoint steps, are not negative"},
        {!o->precision || strcmp(o->precision, "f32") == 0 || strcmp(o->precision, "bf16") == 0, "precision is f32 or bf16"},
        {o->nights >= 0 && o->stride >= 0 && o->variants >= 1, "nights and stride are not negative, variants at least 1"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].right) return epo__fail(EPO_EARG, "%s", rules[i].else_say);
    return EPO_OK;
}

epo_status epo__training_setup(epo__training *f)
{
    epo_status status = make_schedule(f);
    if (status == EPO_OK) status = make_model(f);
    if (status == EPO_OK) status = check_freeze(f);
    if (status == EPO_OK) status = choose_stages(f);
    if (status == EPO_OK) status = check_precision(f);
    return status == EPO_OK ? check_stages(f) : status;
}
