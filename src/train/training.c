/* SPDX-License-Identifier: BSD-3-Clause
 * training.c - the training loop: stages, epochs, steps, validation, checkpoints.
 *
 * The position (checkpoint.h) says at any moment what is to be done next, and everything else is a function of it, of the
 * options and of the store: so a training that goes on from a checkpoint takes the same steps as one that never stopped.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "epochal/train.h"
#include "formats/digest.h"
#include "train/training.h"
#include "train/transfer.h"

/* --- models ------------------------------------------------------------------------------------------------------- */

static const char *const *head_classes(const epo_model *model, bool stamps, size_t *count)
{
    const epo__network *n = epo__model_network(model);
    epo_head head = stamps ? EPO_HEAD_STAMP : n->heads[EPO_HEAD_TRIPLET].present ? EPO_HEAD_TRIPLET : n->heads[EPO_HEAD_SEQUENCE].present ? EPO_HEAD_SEQUENCE : EPO_HEAD_STAMP;
    *count = n->heads[head].class_count;
    return (const char *const *)n->heads[head].classes;
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
    size_t count;
    const char *const *names = head_classes(base, strcmp(o->task, "realbogus") == 0, &count);
    status = epo__task_parse(o->task, names, count, f->store, &f->task);
    if (status == EPO_OK && !f->task.stamps && !(classes = epo__task_class_list(&f->task))) status = epo__nomem("classes");
    if (status == EPO_OK) status = epo__model_create_like(base, classes, o->seed, &f->model);
    if (status == EPO_OK && o->from) status = epo__transfer(base, f->model, &f->task);
    for (int h = 0; o->from && h < EPO_HEAD_COUNT; h++) f->given[h] = epo__model_head(base, (epo_head)h) != NULL;
    epo_model_free(base);
    free(classes);
    return status;
}

/* --- one stage ---------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

typedef struct beginning {
    const char *text;
    bool found;
} beginning;

static epo_status look_for(void *context, const epo__param *param)
{
    beginning *b = context;
    b->found = b->found || starts_with(param->name, b->text);
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

static epo_status want_gradients(epo__training *f)
{
    size_t trained = 0;
    epo_status status = epo__net_want_gradients(epo__model_encoder(f->model), "encoder", wanted, f);
    for (int h = 0; status == EPO_OK && h < EPO_HEAD_COUNT; h++) {
        epo__net *net = epo__model_head(f->model, (epo_head)h);
        if (!net) continue;
        if (epo__stage_uses(f->stages[f->position.stage], (epo_head)h))
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

/* The cap is shared out: three parts of four to training, one to validation, each in halves where features are kept too. */
static size_t share_of_memory(const epo__training *f, bool training)
{
    return f->options->memory / 4 * (training ? 3 : 1);
}

static size_t loader_memory(const epo__training *f, bool training)
{
    return share_of_memory(f, training) / (f->stages[f->position.stage] == EPO__STAGE_SEQUENCE ? 2 : 1);
}

static epo_status open_loader(epo__training *f, const char *part, bool training, epo__loader **out)
{
    const epo_train_options *o = f->options;
    epo__stage stage = f->stages[f->position.stage];
    char split[256];
    snprintf(split, sizeof split, "%.200s:%s", o->split, part);
    epo__loader_options l = {.store = epo__store_path(f->store), .split = split, .classes = f->task.classes, .class_count = f->task.class_count,
                             .label_count = f->task.label_count, .nights_by = o->peak_nights ? EPO__NIGHTS_PEAK : EPO__NIGHTS_FREE,
                             .nights = o->nights, .stride = epo__model_network(f->model)->stride, .training = training, .balance = training && o->balance,
                             .seed = o->seed, .batch = o->batch, .memory = loader_memory(f, training)};
    epo_status status = epo__stamp_rule_of(epo__model_network(f->model), &l.rule);
    l.turns = training && o->turns && l.rule.height == l.rule.width;
    switch (stage) {
    case EPO__STAGE_ENCODER: l.kind = EPO__EXAMPLE_TRIPLET; break;
    case EPO__STAGE_SEQUENCE: l.kind = EPO__EXAMPLE_SEQUENCE; break;
    case EPO__STAGE_JOINT: l.kind = training && o->nights > 0 ? EPO__EXAMPLE_FIXED : EPO__EXAMPLE_SEQUENCE; break;
    case EPO__STAGE_STAMP: l.kind = EPO__EXAMPLE_STAMP; break;
    }
    return status == EPO_OK ? epo__loader_open(&l, out) : status;
}

/* w_k = objects / (classes x objects of class k), over the training part. */
static epo_status class_weights(epo__training *f, const epo__loader_counts *counts, float *weights)
{
    double total = 0;
    for (size_t k = 0; k < counts->label_count; k++) total += (double)counts->of_label[k];
    for (size_t k = 0; k < counts->label_count; k++) {
        if (!counts->of_label[k]) return epo__fail(EPO_EARG, "class %s has no object in the part train of the split", f->task.names[k]);
        weights[k] = (float)(total / ((double)counts->label_count * (double)counts->of_label[k]));
    }
    return EPO_OK;
}

static void close_stage(epo__training *f)
{
    size_t memory = (f->supply ? epo__supply_memory(f->supply) : 0) + (f->validation ? epo__supply_memory(f->validation) : 0);
    if (memory > f->memory_supply) f->memory_supply = memory;
    epo__learner_free(f->learner);
    epo__supply_free(f->supply);
    epo__supply_free(f->validation);
    epo__optimiser_destroy(f->optimiser);
    f->learner = NULL;
    f->supply = f->validation = NULL;
    f->optimiser = NULL;
}

static epo_status open_stage(epo__training *f)
{
    const epo_train_options *o = f->options;
    epo__stage stage = f->stages[f->position.stage];
    epo__loader *train = NULL, *check = NULL;
    float weights[EPO__TASK_CLASSES];
    epo_status status = want_gradients(f);
    if (status == EPO_OK) status = make_optimiser(f);
    if (status == EPO_OK) status = open_loader(f, "train", true, &train);
    if (status != EPO_OK) return status;
    const epo__loader_counts *counts = epo__loader_count(train);
    size_t longest = counts->longest;
    if (o->class_weights) status = class_weights(f, counts, weights);
    int variants = stage == EPO__STAGE_SEQUENCE ? o->variants : 0;
    epo_status supplied = epo__supply_create(f->model, train, variants, o->seed, share_of_memory(f, true) / 2, &f->supply); /* takes the loader */
    if (status == EPO_OK) status = supplied;
    if (status == EPO_OK) status = open_loader(f, "validation", false, &check);
    if (status == EPO_OK) status = epo__supply_create(f->model, check, variants ? 1 : 0, o->seed, share_of_memory(f, false) / 2, &f->validation);
    if (status == EPO_ENOTFOUND && o->last) status = EPO_OK; /* it is not needed */
    if (status == EPO_OK) {
        epo__learner_options l = {.stage = stage, .batch = o->batch, .triplets = (size_t)o->batch * longest, .seed = o->seed,
                                  .smoothing = o->smoothing, .class_weights = o->class_weights ? weights : NULL};
        status = epo__learner_create(f->model, &l, &f->learner);
    }
    return status;
}

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

static double rate_now(const epo__training *f)
{
    return f->options->rate * epo__schedule_part(&f->schedule, &f->position.plateau, f->position.epoch);
}

static epo_status save_checkpoint(epo__training *f)
{
    f->position.seconds += epo__seconds() - f->since;
    f->since = epo__seconds();
    return epo__checkpoint_write(f->checkpoint, f->model, f->optimiser, &f->best, &f->position, f->options_text);
}

/* Over what was trained on in the epoch at hand. */
static double mean_loss(const epo__position *p)
{
    return p->loss_count ? p->loss_sum / (double)p->loss_count : (double)NAN;
}

static epo_status tell(epo__training *f, uint64_t batches, double validation_loss, double accuracy, bool best)
{
    const epo__position *p = &f->position;
    epo_train_event event = {
        .stage = epo__stage_name(f->stages[p->stage]), .epoch = (int)p->epoch + 1, .epochs = f->options->epochs, .batch = p->batch,
        .batches = batches, .loss = mean_loss(p), .validation_loss = validation_loss,
        .validation_accuracy = accuracy, .rate = rate_now(f), .best = best};
    return f->progress ? f->progress(f->progress_context, &event) : EPO_OK;
}

static epo_status take_step(epo__training *f, const epo__supply_batch *batch)
{
    epo__position *p = &f->position;
    double loss;
    epo__net_zero_gradients(epo__model_encoder(f->model));
    for (int h = 0; h < EPO_HEAD_COUNT; h++)
        if (epo__model_head(f->model, (epo_head)h)) epo__net_zero_gradients(epo__model_head(f->model, (epo_head)h));
    epo_status status = epo__learner_step(f->learner, p->step, batch, &loss);
    if (status != EPO_OK) return status;
    double norm = f->options->clip > 0 ? epo__optimiser_clip(f->optimiser, f->options->clip) : epo__optimiser_norm(f->optimiser);
    if (!isfinite(loss) || !isfinite(norm))
        return epo__fail(EPO_EFORMAT, "stage %s, epoch %llu: loss %g, gradient %g: training has diverged; lower --rate or set --clip",
                         epo__stage_name(f->stages[p->stage]), (unsigned long long)p->epoch + 1, loss, norm);
    epo__optimiser_step(f->optimiser, rate_now(f));
    p->loss_sum += loss * (double)batch->count;
    p->loss_count += batch->count;
    p->examples += batch->count;
    p->step++;
    p->batch = epo__supply_position(f->supply);
    return EPO_OK;
}

static epo_status run_epoch(epo__training *f)
{
    const epo_train_options *o = f->options;
    size_t batches = epo__supply_batches(f->supply);
    epo_status status = epo__supply_start(f->supply, f->position.epoch, f->position.batch);
    while (status == EPO_OK) {
        epo__supply_batch batch;
        bool end;
        status = epo__supply_next(f->supply, &batch, &end);
        if (status != EPO_OK || end) break;
        status = take_step(f, &batch);
        if (status == EPO_OK && o->checkpoint_steps > 0 && f->position.step % (uint64_t)o->checkpoint_steps == 0) status = save_checkpoint(f);
        if (status == EPO_OK && f->position.batch < batches) status = tell(f, batches, NAN, NAN, false);
    }
    return status;
}

/* Curves go to the store as they come. */
static epo_status note_curves(epo__training *f, double validation_loss, double accuracy)
{
    const epo__position *p = &f->position;
    const char *stage = epo__stage_name(f->stages[p->stage]);
    const struct {
        const char *what;
        double value;
    } curves[] = {{"loss", mean_loss(p)},
                  {"validation loss", validation_loss}, {"validation accuracy", accuracy}, {"rate", rate_now(f)}};
    epo_status status = epo__store_begin(f->store);
    for (size_t i = 0; status == EPO_OK && i < sizeof curves / sizeof *curves; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s %s", stage, curves[i].what);
        status = epo__store_curve_put(f->store, p->run, (int)p->epoch + 1, name, curves[i].value);
    }
    if (status == EPO_OK) status = epo__store_commit(f->store);
    if (status != EPO_OK) epo__store_rollback(f->store);
    return status;
}

/* After an epoch: validation, curves, the best weights, the plateau, and on to the next. */
static epo_status end_epoch(epo__training *f)
{
    epo__position *p = &f->position;
    double loss = NAN, accuracy = NAN;
    epo_status status = f->validation ? epo__training_validate(f, &loss, &accuracy) : EPO_OK;
    if (status == EPO_OK) status = note_curves(f, loss, accuracy);
    if (status != EPO_OK) return status;
    bool best = f->options->last || isnan(p->best_loss) || loss < p->best_loss;
    if (best) {
        p->best_loss = loss;
        p->best_accuracy = accuracy;
        p->bad_epochs = 0;
        status = epo__weights_keep(f->model, &f->best);
    } else {
        p->bad_epochs++;
    }
    p->batch = epo__supply_batches(f->supply);
    if (status == EPO_OK) status = tell(f, p->batch, loss, accuracy, best);
    p->plateau = epo__plateau_next(&f->schedule, p->plateau, f->validation ? loss : mean_loss(p));
    p->epoch++;
    p->batch = 0;
    p->loss_sum = 0;
    p->loss_count = 0;
    epo_status saved = save_checkpoint(f); /* also when the caller stops here */
    return status != EPO_OK ? status : saved;
}

static bool stage_is_over(const epo__training *f)
{
    const epo__position *p = &f->position;
    return p->epoch >= (uint64_t)f->options->epochs || (!f->options->last && f->options->patience > 0 && p->bad_epochs >= (uint64_t)f->options->patience);
}

static void start_of_stage(epo__position *p, int stage)
{
    *p = (epo__position){.stage = stage, .step = p->step, .examples = p->examples, .best_loss = NAN, .best_accuracy = NAN,
                         .plateau = EPO__PLATEAU_START, .run = p->run, .seconds = p->seconds};
}

/* All stages from the position on. `resumed`: weights and optimiser of the stage at hand come from the checkpoint. */
static epo_status run_stages(epo__training *f, bool resumed)
{
    epo_status status = EPO_OK;
    while (status == EPO_OK) {
        status = open_stage(f);
        if (status == EPO_OK && resumed) {
            status = epo__checkpoint_read(f->checkpoint, f->model, f->optimiser, &f->best);
            epo__optimiser_set_steps(f->optimiser, f->position.step - f->position.stage_step);
        } else if (status == EPO_OK) {
            status = save_checkpoint(f); /* so that a run that is killed early is found again, and not begun anew */
        }
        resumed = false;
        while (status == EPO_OK && !stage_is_over(f)) {
            status = run_epoch(f);
            if (status == EPO_OK) status = end_epoch(f);
        }
        if (status == EPO_OK) status = epo__weights_restore(&f->best, f->model);
        if (status == EPO_OK && f->position.stage + 1 == f->stage_count) break;
        if (status != EPO_OK) break;
        epo__weights_free(&f->best);
        start_of_stage(&f->position, f->position.stage + 1);
        f->position.stage_step = f->position.step;
        close_stage(f);
    }
    close_stage(f);
    return status;
}

/* A head that nothing was ever learned in would give scores like any other. */
static void drop_untrained(epo__training *f)
{
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        bool trained = f->given[h];
        for (int i = 0; i < f->stage_count; i++) trained = trained || epo__stage_uses(f->stages[i], (epo_head)h);
        if (!trained && epo__model_head(f->model, (epo_head)h)) epo__model_drop_head(f->model, (epo_head)h);
    }
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

static epo_status choose_stages(epo__training *f)
{
    const char *stage = f->options->stage;
    if (f->task.stamps)
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

static epo_status check_options(const epo_train_options *o)
{
    const struct {
        bool right;
        const char *else_say;
    } rules[] = {
        {o->out && o->split && (o->net || o->from), "a training needs a split, a network or weights to start from, and a file to write"},
        {o->task && o->stage && o->freeze && o->optimiser && o->schedule,
         "task, stage, freeze, optimiser and schedule are needed: start from EPO_TRAIN_OPTIONS_INIT"},
        {o->batch >= 1 && o->batch <= 4096 && o->epochs >= 1 && o->epochs <= 100000, "batch is 1 to 4096, epochs 1 to 100000"},
        {o->rate > 0 && isfinite(o->rate), "the learning rate must be positive"},
        {is_part(o->momentum) && is_part(o->smoothing), "momentum and smoothing are 0 or more, and less than 1"},
        {o->schedule_epochs >= 0 && o->schedule_factor > 0 && o->schedule_factor < 1,
         "epochs of the schedule are not negative, its factor is between 0 and 1"},
        {not_negative(o->decay) && not_negative(o->clip), "weight decay and clip are not negative"},
        {o->warmup >= 0 && o->patience >= 0 && o->checkpoint_steps >= 0, "epochs of warm-up and patience, and checkpoint steps, are not negative"},
        {o->nights >= 0 && o->stride >= 0 && o->variants >= 1, "nights and stride are not negative, variants at least 1"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].right) return epo__fail(EPO_EARG, "%s", rules[i].else_say);
    return EPO_OK;
}

epo_status epo_train(epo_store *store, const epo_train_options *options, epo_train_fn progress, void *context, epo_train_summary *out)
{
    *out = (epo_train_summary){.validation_loss = NAN, .validation_accuracy = NAN};
    epo_status status = check_options(options);
    if (status != EPO_OK) return status;
    epo__training f = {.store = store, .options = options, .progress = progress, .progress_context = context, .threads = epo__threads(options->threads)};
    int threads_before = epo__nn_threads();
    epo__nn_set_threads(f.threads);
    f.since = epo__seconds();
    start_of_stage(&f.position, 0);
    if (!(f.checkpoint = options->checkpoint ? epo__strdup(options->checkpoint) : epo__format("%s.checkpoint", options->out))) status = epo__nomem("path");
    if (status == EPO_OK) status = make_schedule(&f);
    if (status == EPO_OK) status = make_model(&f);
    if (status == EPO_OK) status = check_freeze(&f);
    if (status == EPO_OK) status = choose_stages(&f);
    if (status == EPO_OK) status = check_stages(&f);
    if (status == EPO_OK) status = epo__training_options_text(&f);
    bool resumed = false;
    if (status == EPO_OK && options->resume) {
        status = epo__checkpoint_read_position(f.checkpoint, f.options_text, &f.position);
        resumed = status == EPO_OK;
        if (resumed && (f.position.stage < 0 || f.position.stage >= f.stage_count)) status = epo__fail(EPO_EMODEL, "%s: stage %d of %d", f.checkpoint, f.position.stage + 1, f.stage_count);
        if (status == EPO_ENOTFOUND) status = EPO_OK; /* nothing to go on from: from the start */
    }
    if (status == EPO_OK) status = epo__training_begin(&f, resumed);
    if (status == EPO_OK) {
        status = run_stages(&f, resumed);
        if (status == EPO_OK) drop_untrained(&f);
        if (status == EPO_OK) status = epo_model_save(f.model, options->out);
        if (status == EPO_OK) status = epo__sha256_file(options->out, out->sha256);
        f.position.seconds += epo__seconds() - f.since;
        status = epo__training_end(&f, status, out->sha256);
        if (status == EPO_OK) unlink(f.checkpoint);
    }
    out->run = f.position.run;
    out->steps = f.position.step;
    out->examples = f.position.examples;
    out->seconds = f.position.seconds;
    out->validation_loss = f.position.best_loss;
    out->validation_accuracy = f.position.best_accuracy;
    out->memory_supply = f.memory_supply;
    out->memory_peak = epo__peak_memory();
    epo__nn_set_threads(threads_before);
    epo__weights_free(&f.best);
    epo__task_free(&f.task);
    epo_model_free(f.model);
    free(f.options_text);
    free(f.checkpoint);
    return status;
}
