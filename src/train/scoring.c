/* SPDX-License-Identifier: BSD-3-Clause
 * scoring.c - options and results of all scoring. */
#include "train/scoring.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { STANDARD_BATCH = 32 };

epo_status epo__score_batch(const epo_score_options *options, int *batch)
{
    *batch = options->batch ? options->batch : STANDARD_BATCH;
    if (*batch >= 1 && *batch <= EPO__MAX_SCORE_BATCH) return EPO_OK;
    return epo__fail(EPO_EARG, "a batch of %d; 1 to %d", *batch, EPO__MAX_SCORE_BATCH);
}

epo_status epo__score_check(const double *probabilities, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(probabilities[i]))
            return epo__fail(EPO_EFORMAT, "the network gives no number: pixels or weights are too large for it");
    return EPO_OK;
}

epo_status epo__score_report(const epo_score *score, epo_score_fn result, void *context, epo_score_summary *summary)
{
    if (score->error)
        summary->refused++;
    else
        summary->scored++;
    return result ? epo__stopped(result(context, score)) : EPO_OK;
}

/* A score, and behind it what it points to: numbers first, for their border's sake, then texts. */
typedef struct score_block {
    epo_score score;
    epo_uncertainty uncertainty;
    double numbers[];
} score_block;

static const double *add_numbers(double **at, const double *numbers, size_t count)
{
    double *to = *at;
    if (!numbers) return NULL;
    memcpy(to, numbers, count * sizeof *to);
    *at += count;
    return to;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *add_text(char **at, const char *text)
{
    char *to = *at;
    if (!text) return NULL;
    memcpy(to, text, text_size(text));
    *at += text_size(text);
    return to;
}

void *epo__score_copy(const epo_score *s)
{
    const epo_uncertainty *u = s->uncertainty;
    size_t count = (s->probabilities ? s->class_count : 0) + (u ? u->passes : 0), bytes,
           texts = text_size(s->id) + text_size(s->object) + text_size(s->class_given) + text_size(s->error);
    if (!epo__size_mul(count, sizeof(double), &bytes) || !epo__size_add(bytes, sizeof(score_block) + texts, &bytes)) return NULL;
    score_block *b = epo__alloc(bytes, 1);
    if (!b) return NULL;
    double *numbers = b->numbers;
    char *text = (char *)(numbers + count);
    b->score = *s;
    b->score.probabilities = add_numbers(&numbers, s->probabilities, s->class_count);
    if (u) {
        b->uncertainty = *u;
        b->uncertainty.scores = add_numbers(&numbers, u->scores, u->passes);
        b->score.uncertainty = &b->uncertainty;
    }
    b->score.id = add_text(&text, s->id);
    b->score.object = add_text(&text, s->object);
    b->score.class_given = add_text(&text, s->class_given);
    b->score.error = add_text(&text, s->error);
    return b;
}

epo_status epo__score_tell(void *receiver, const void *score)
{
    const epo__score_receiver *r = receiver;
    return epo__score_report(&((const score_block *)score)->score, r->result, r->context, r->summary);
}
