/* SPDX-License-Identifier: BSD-3-Clause
 * calibrate.c - the temperature of stored scores, and what it makes of them. */
#include "epochal/calibrate.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "metrics/calibration.h"
#include "train/scored.h"

/* A probability a class: of stamps there is P(real) only. */
static epo_status whole_rows(const epo_scored *s, double **out)
{
    const size_t count = (size_t)s->info.count, classes = s->info.class_count;
    double *rows = epo__alloc(epo__product(count, classes), sizeof *rows);
    if (!rows) return epo__nomem("probabilities");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < classes; k++)
            rows[i * classes + k] = !s->info.stamps ? s->scores[i * classes + k] : k ? s->scores[i] : 1 - s->scores[i];
    *out = rows;
    return EPO_OK;
}

static epo_status errors_of(const epo_scored *s, double *ece, double *brier)
{
    const epo_evaluate_options how = {.threshold = 0.5};
    epo_evaluation e;
    epo_status status = epo_scored_evaluate(s, &how, &e);
    if (status == EPO_OK) {
        *ece = epo_evaluation_find(&e, EPO_MEASURE_ECE, -1)->is.value;
        *brier = epo_evaluation_find(&e, EPO_MEASURE_BRIER, -1)->is.value;
    }
    epo_evaluation_free(&e);
    return status;
}

/* The same items with tempered scores, judged as any others. */
static epo_status judge_tempered(const epo_scored *s, const double *rows, epo_calibration *out)
{
    const size_t classes = s->info.class_count;
    epo_scored *tempered = NULL;
    double *row, *place;
    epo_status status = epo__scored_create_like(s, &tempered);
    if (status != EPO_OK) return status;
    tempered->info.objects = s->info.objects;
    if (!(row = epo__alloc(classes, sizeof *row))) status = epo__nomem("probabilities");
    for (size_t i = 0; status == EPO_OK && i < (size_t)s->info.count; i++) {
        for (size_t k = 0; k < classes; k++) row[k] = rows[i * classes + k];
        epo_temper(out->temperature, row, classes);
        status = epo__scored_add(tempered, s->items[i], &place);
        for (size_t k = 0; status == EPO_OK && k < epo__scored_width(s); k++) place[k] = row[s->info.stamps ? 1 : k];
    }
    if (status == EPO_OK) status = errors_of(tempered, &out->ece_after, &out->brier_after);
    free(row);
    epo_scored_free(tempered);
    return status;
}

epo_status epo_calibration_fit(const epo_scored *s, epo_calibration *out)
{
    epo__scored_labels labels;
    double *rows = NULL;
    *out = (epo_calibration){.temperature = 1};
    epo_status status = epo__scored_labels_make(s, &labels);
    if (status != EPO_OK) return status;
    status = whole_rows(s, &rows);
    if (status == EPO_OK)
        status = epo__temperature_fit(rows, labels.truth, (size_t)s->info.count, s->info.class_count, out);
    if (status == EPO_OK) status = errors_of(s, &out->ece_before, &out->brier_before);
    if (status == EPO_OK) status = judge_tempered(s, rows, out);
    free(rows);
    epo__scored_labels_free(&labels);
    return status;
}
