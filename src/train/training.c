/* SPDX-License-Identifier: BSD-3-Clause
 * training.c - the training loop: stages, epochs, steps, validation, checkpoints.
 *
 * The position (checkpoint.h) says at any moment what is to be done next, and everything else is a function of it, of the
 * options and of the store: so a training that goes on from a checkpoint takes the same steps as one that never stopped.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "epochal/train.h"
#include "formats/digest.h"
#include "formats/new_file.h"
#include "train/training.h"

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

/* The next batch of candidates; a new epoch of theirs begins when one is over. Without any, batch->count is 0. */
static epo_status next_stamps(epo__training *f, epo__supply_batch *batch)
{
    epo__position *p = &f->position;
    bool end = false;
    *batch = (epo__supply_batch){0};
    if (!f->stamps.supply) return EPO_OK;
    epo_status status = epo__supply_next(f->stamps.supply, batch, &end);
    if (status == EPO_OK && end) {
        p->stamp_epoch++;
        status = epo__supply_start(f->stamps.supply, p->stamp_epoch, 0);
        if (status == EPO_OK) status = epo__supply_next(f->stamps.supply, batch, &end);
        if (status == EPO_OK && end) status = epo__fail(EPO_ENOTFOUND, "no candidate to train on is left: every one is damaged");
    }
    p->stamp_batch = epo__supply_position(f->stamps.supply);
    return status;
}

static epo_status take_step(epo__training *f, const epo__supply_batch *batch)
{
    epo__position *p = &f->position;
    epo__supply_batch stamps;
    double loss;
    epo__net_zero_gradients(epo__model_encoder(f->model));
    for (int h = 0; h < EPO_HEAD_COUNT; h++)
        if (epo__model_head(f->model, (epo_head)h)) epo__net_zero_gradients(epo__model_head(f->model, (epo_head)h));
    epo_status status = next_stamps(f, &stamps);
    if (status == EPO_OK) status = epo__learner_step(f->learner, p->step, batch, &stamps, &loss);
    if (status != EPO_OK) return status;
    double norm = f->options->clip > 0 ? epo__optimiser_clip(f->optimiser, f->options->clip) : epo__optimiser_norm(f->optimiser);
    if (!isfinite(loss) || !isfinite(norm))
        return epo__fail(EPO_EFORMAT, "stage %s, epoch %llu: loss %g, gradient %g: training has diverged; lower --rate or set --clip",
                         epo__stage_name(f->stages[p->stage]), (unsigned long long)p->epoch + 1, loss, norm);
    epo__optimiser_step(f->optimiser, rate_now(f));
    p->loss_sum += loss * (double)batch->count;
    p->loss_count += batch->count;
    p->examples += batch->count + stamps.count;
    p->step++;
    p->batch = epo__supply_position(f->main.supply);
    return EPO_OK;
}

static epo_status run_epoch(epo__training *f)
{
    const epo_train_options *o = f->options;
    size_t batches = epo__supply_batches(f->main.supply);
    epo_status status = epo__supply_start(f->main.supply, f->position.epoch, f->position.batch);
    while (status == EPO_OK) {
        epo__supply_batch batch;
        bool end;
        status = epo__supply_next(f->main.supply, &batch, &end);
        if (status != EPO_OK || end) break;
        status = take_step(f, &batch);
        if (status == EPO_OK && o->checkpoint_steps > 0 && f->position.step % (uint64_t)o->checkpoint_steps == 0) status = save_checkpoint(f);
        if (status == EPO_OK && f->position.batch < batches) status = tell(f, batches, NAN, NAN, false);
    }
    return status;
}

/* What validation says of an epoch; NaN where there is none. */
typedef struct verdict {
    double loss, accuracy;             /* of the head that the stage is judged by */
    double stamp_loss, stamp_accuracy; /* of the stamp head beside it */
} verdict;

static epo_status validate(epo__training *f, verdict *v)
{
    epo_status status = EPO_OK;
    *v = (verdict){NAN, NAN, NAN, NAN};
    if (f->main.validation)
        status = epo__training_validate(f, f->main.validation, epo__stage_head(f->stages[f->position.stage]), &v->loss, &v->accuracy);
    if (status == EPO_OK && f->stamps.validation)
        status = epo__training_validate(f, f->stamps.validation, EPO_HEAD_STAMP, &v->stamp_loss, &v->stamp_accuracy);
    return status;
}

/* Curves go to the store as they come. */
static epo_status note_curves(epo__training *f, const verdict *v)
{
    const epo__position *p = &f->position;
    const char *stage = epo__stage_name(f->stages[p->stage]);
    const struct {
        const char *what;
        double value;
    } curves[] = {{"loss", mean_loss(p)},
                  {"validation loss", v->loss},
                  {"validation accuracy", v->accuracy},
                  {"rate", rate_now(f)},
                  {"stamp validation loss", v->stamp_loss},
                  {"stamp validation accuracy", v->stamp_accuracy}};
    size_t count = sizeof curves / sizeof *curves - (f->stamps.supply ? 0 : 2);
    epo_status status = epo__store_begin(f->store);
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
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
    verdict v;
    epo_status status = validate(f, &v);
    if (status == EPO_OK) status = note_curves(f, &v);
    if (status != EPO_OK) return status;
    double loss = f->stamps.validation ? v.loss + v.stamp_loss : v.loss; /* both heads count, as in training */
    bool best = f->options->last || isnan(p->best_loss) || loss < p->best_loss;
    if (best) {
        p->best_loss = loss;
        p->best_accuracy = v.accuracy;
        p->bad_epochs = 0;
        status = epo__weights_keep(f->model, &f->best);
        if (status != EPO_OK) return status; /* a checkpoint would remember a best epoch without its weights */
    } else {
        p->bad_epochs++;
    }
    epo__training_card_epoch(f, best);
    p->batch = epo__supply_batches(f->main.supply);
    if (status == EPO_OK) status = tell(f, p->batch, loss, v.accuracy, best);
    p->plateau = epo__plateau_next(&f->schedule, p->plateau, f->main.validation ? loss : mean_loss(p));
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
                         .plateau = EPO__PLATEAU_START, .run = p->run, .seconds = p->seconds, .results = p->results};
}

/* All stages from the position on. `resumed`: weights and optimiser of the stage at hand come from the checkpoint. */
static epo_status run_stages(epo__training *f, bool resumed)
{
    epo_status status = EPO_OK;
    while (status == EPO_OK) {
        status = epo__stage_open(f);
        if (status == EPO_OK && resumed) {
            status = epo__checkpoint_read(f->checkpoint, f->model, f->optimiser, &f->best);
            epo__optimiser_set_steps(f->optimiser, f->position.step - f->position.stage_step);
        } else if (status == EPO_OK) {
            status = save_checkpoint(f); /* so that a run that is killed early is found again, and not begun anew */
        }
        resumed = false;
        /* the candidates' epochs are their own: they go on while those of the task come and go */
        if (status == EPO_OK && f->stamps.supply) status = epo__supply_start(f->stamps.supply, f->position.stamp_epoch, f->position.stamp_batch);
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
        epo__stage_close(f);
    }
    epo__stage_close(f);
    return status;
}

/* A head that nothing was ever learned in would give scores like any other. */
static void drop_untrained(epo__training *f)
{
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        bool trained = f->given[h] || (h == EPO_HEAD_STAMP && f->stamps.task.label_count > 0);
        for (int i = 0; i < f->stage_count; i++) trained = trained || epo__stage_uses(f->stages[i], (epo_head)h);
        if (!trained && epo__model_head(f->model, (epo_head)h)) epo__model_drop_head(f->model, (epo_head)h);
    }
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

epo_status epo_train(epo_store *store, const epo_train_options *options, epo_train_fn progress, void *context, epo_train_summary *out)
{
    *out = (epo_train_summary){.validation_loss = NAN, .validation_accuracy = NAN};
    epo_status status = epo__training_check_options(options);
    if (status != EPO_OK) return status;
    epo__training f = {.store = store, .options = options, .progress = progress, .progress_context = context, .threads = epo__threads(options->threads)};
    int threads_before = epo__nn_threads();
    epo__nn_set_threads(f.threads);
    f.threads = epo__nn_threads(); /* OpenMP may have fewer */
    f.since = epo__seconds();
    start_of_stage(&f.position, 0);
    if (!(f.checkpoint = options->checkpoint ? epo__strdup(options->checkpoint) : epo__format("%s.checkpoint", options->out))) status = epo__nomem("path");
    if (status == EPO_OK) status = epo__training_setup(&f);
    if (status == EPO_OK) status = epo__training_options_text(&f);
    bool resumed = false;
    if (status == EPO_OK && options->resume) {
        status = epo__checkpoint_read_position(f.checkpoint, f.options_text, &f.position);
        resumed = status == EPO_OK;
        if (resumed && (f.position.stage < 0 || f.position.stage >= f.stage_count)) status = epo__fail(EPO_EMODEL, "%s: stage %d of %d", f.checkpoint, f.position.stage + 1, f.stage_count);
        if (status == EPO_ENOTFOUND) status = EPO_OK; /* nothing to go on from: from the start */
    }
    if (status == EPO_OK) { /* of a training that was killed while it wrote one */
        epo__new_file_sweep(f.checkpoint);
        epo__new_file_sweep(options->out);
    }
    if (status == EPO_OK) status = epo__training_begin(&f, resumed);
    if (status == EPO_OK) {
        status = run_stages(&f, resumed);
        if (status == EPO_OK) drop_untrained(&f);
        if (status == EPO_OK) status = epo__training_card(&f);
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
    epo__task_free(&f.main.task);
    epo__task_free(&f.stamps.task);
    epo__training_card_free(&f);
    epo_model_free(f.model);
    free(f.options_text);
    free(f.checkpoint);
    return status;
}
