/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate.c - labelled scores judged. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/scored.h"

static epo_status name_classes(const epo_scored *s, epo_evaluation *out)
{
    const size_t count = s->info.class_count;
    out->classes = epo__alloc(count, sizeof *out->classes);
    out->confusion = epo__alloc(epo__product(count, count), sizeof *out->confusion);
    if (!out->classes || !out->confusion) return epo__nomem("classes");
    for (size_t k = 0; k < count; k++) {
        out->class_count = k + 1;
        if (!(out->classes[k].name = epo__strdup(s->names[k]))) return epo__nomem("classes");
    }
    return EPO_OK;
}

static epo_status judge(const epo_scored *s, const epo__judging *how, epo_evaluation *out)
{
    epo__scored_labels labels;
    epo__judgement j;
    epo_status status = epo__scored_labels_make(s, &labels);
    if (status != EPO_OK) return status;
    const epo__labelled items = epo__scored_labelled(s, &labels);
    status = epo__judge(&items, how, &j);
    if (status == EPO_OK) {
        for (size_t k = 0; k < items.classes; k++) out->classes[k].count = (int64_t)j.there[k];
        for (size_t i = 0; i < items.classes * items.classes; i++) out->confusion[i] = (int64_t)j.confusion[i];
        out->measures = j.rows;
        out->measure_count = j.count;
        out->passed_over = (int64_t)j.passed_over;
        out->resamples = (int64_t)how->resamples - out->passed_over;
        j.rows = NULL;
    }
    epo__judgement_free(&j);
    epo__scored_labels_free(&labels);
    return status;
}

epo_status epo_scored_evaluate(const epo_scored *s, const epo_evaluate_options *options, epo_evaluation *out)
{
    static const epo_evaluate_options standard = EPO_EVALUATE_OPTIONS_INIT;
    epo__judging how;
    *out = (epo_evaluation){.stamps = s->info.stamps,
                            .objects = s->info.objects,
                            .count = s->info.count,
                            .left_out = s->info.left_out,
                            .missing = s->info.missing,
                            .run = s->info.run};
    epo_status status = epo__scored_judging(s, options ? options : &standard, &how);
    if (status == EPO_OK) status = name_classes(s, out);
    return status == EPO_OK ? judge(s, &how, out) : status;
}

epo_status epo_evaluate(epo_store *store, const epo_evaluate_source *sources, size_t count,
                        const epo_evaluate_options *options, epo_evaluation *out)
{
    epo_scored *scored = NULL;
    *out = (epo_evaluation){0};
    epo_status status = epo_scored_read(store, sources, count, &scored);
    if (status == EPO_OK) status = epo_scored_evaluate(scored, options, out);
    epo_scored_free(scored);
    return status;
}

void epo_evaluation_free(epo_evaluation *evaluation)
{
    for (size_t k = 0; k < evaluation->class_count; k++) free(evaluation->classes[k].name);
    free(evaluation->classes);
    free(evaluation->confusion);
    free(evaluation->measures);
    *evaluation = (epo_evaluation){0};
}

const epo_measurement *epo_evaluation_find(const epo_evaluation *evaluation, epo_measure measure, int class_index)
{
    for (size_t i = 0; i < evaluation->measure_count; i++)
        if (evaluation->measures[i].measure == measure && evaluation->measures[i].class_index == class_index)
            return &evaluation->measures[i];
    return NULL;
}
