/* SPDX-License-Identifier: BSD-3-Clause
 * training_validate.c - the validation part through the network as it scores: running statistics, no dropout. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/engine.h"
#include "train/training.h"

static const double LEAST = 1e-12; /* a probability of 0 would make the loss infinite */

typedef struct tally {
    double loss;
    size_t right, count;
} tally;

static void count_row(tally *t, const double *row, size_t classes, int label)
{
    size_t top = 0;
    for (size_t k = 1; k < classes; k++)
        if (row[k] > row[top]) top = k;
    t->loss -= log(fmax(row[label], LEAST));
    t->right += top == (size_t)label;
    t->count++;
}

/* Features are there: only the head is run. */
static epo_status validate_features(epo__plan *plan, const epo__supply_batch *b, size_t outputs, size_t classes, float *raw, tally *t)
{
    epo_status status = epo__plan_run_sequences(plan, (int)b->count, b->lengths, b->features, raw);
    for (size_t i = 0; status == EPO_OK && i < b->count; i++) {
        double row[EPO__TASK_CLASSES] = {0};
        for (size_t k = 0; k < outputs; k++) row[k] = (double)raw[i * outputs + k];
        if (outputs == 1) {
            row[1] = row[0];
            row[0] = 1 - row[1];
        }
        count_row(t, row, classes, b->labels[i]);
    }
    return status;
}

static epo_status validate_planes(epo__engine *engine, epo_head head, const epo__supply_batch *b, size_t stamp, size_t planes, size_t classes,
                                  double *rows, tally *t)
{
    epo_status status = EPO_OK;
    if (head != EPO_HEAD_SEQUENCE) status = epo__engine_run(engine, (int)b->count, b->planes, rows);
    for (size_t i = 0, at = 0; status == EPO_OK && i < b->count; at += (size_t)b->lengths[i++]) {
        double *row = rows + (head == EPO_HEAD_SEQUENCE ? 0 : i * classes);
        if (head == EPO_HEAD_SEQUENCE)
            status = epo__engine_sequence(engine, (size_t)b->lengths[i], b->planes + at * stamp, b->mjds + at * planes, row);
        if (status == EPO_OK) count_row(t, row, classes, b->labels[i]);
    }
    return status;
}

epo_status epo__training_validate(epo__training *f, epo__supply *part, epo_head head, double *loss, double *accuracy)
{
    const epo__network *n = epo__model_network(f->model);
    size_t classes = n->heads[head].class_count, planes = (size_t)n->planes, stamp = planes * (size_t)n->height * (size_t)n->width;
    size_t outputs = (size_t)epo__net_out(epo__model_head(f->model, head)).channels, batch = (size_t)f->options->batch;
    epo__engine *engine = NULL;
    epo__plan *plan = NULL;
    tally t = {0};
    double *rows = epo__alloc(epo__product(batch, classes), sizeof *rows);
    float *raw = epo__alloc(epo__product(batch, outputs), sizeof *raw);
    bool end = false;
    epo_status status = rows && raw ? EPO_OK : epo__nomem("validation");
    if (status == EPO_OK && f->stages[f->position.stage] == EPO__STAGE_SEQUENCE)
        status = epo__plan_create(epo__model_head(f->model, head), (int)batch, &plan);
    else if (status == EPO_OK)
        status = epo__engine_create(f->model, head, (int)batch, &engine);
    if (status == EPO_OK) status = epo__supply_start(part, 0, 0);
    while (status == EPO_OK) {
        epo__supply_batch b;
        status = epo__supply_next(part, &b, &end);
        if (status != EPO_OK || end) break;
        status = plan ? validate_features(plan, &b, outputs, classes, raw, &t)
                      : validate_planes(engine, head, &b, stamp, planes, classes, rows, &t);
    }
    if (status == EPO_OK && t.count == 0) status = epo__fail(EPO_ENOTFOUND, "nothing in the part validation of split %s", f->options->split);
    *loss = t.count ? t.loss / (double)t.count : (double)NAN;
    *accuracy = t.count ? (double)t.right / (double)t.count : (double)NAN;
    epo__engine_free(engine);
    epo__plan_destroy(plan);
    free(rows);
    free(raw);
    return status;
}
