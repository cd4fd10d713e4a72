/* SPDX-License-Identifier: BSD-3-Clause
 * ranking.c - one class against the rest, in one pass over the sorted items. */
#include "metrics/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

typedef struct sortable {
    double score;
    uint32_t item;
} sortable;

static int by_score(const void *a, const void *b)
{
    const sortable *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

epo_status epo__ranking_create(const double *scores, size_t stride, const int *truth, int label, const uint32_t *groups,
                               size_t count, epo__ranking *out)
{
    *out = (epo__ranking){0};
    if (count > UINT32_MAX) return epo__fail(EPO_ELIMIT, "%zu scores are too many to be judged", count);
    for (size_t i = 0; i < count; i++)
        if (isnan(scores[i * stride])) return epo__fail(EPO_EARG, "score %zu is not a number", i);
    sortable *order = epo__alloc(count, sizeof *order);
    out->items = epo__alloc(count, sizeof *out->items);
    out->scores = epo__alloc(count, sizeof *out->scores);
    if (!order || !out->items || !out->scores) {
        free(order);
        epo__ranking_free(out);
        return epo__nomem("scores");
    }
    for (size_t i = 0; i < count; i++) order[i] = (sortable){scores[i * stride], (uint32_t)i};
    qsort(order, count, sizeof *order, by_score);
    for (size_t i = 0; i < count; i++) {
        const uint32_t item = order[i].item;
        out->scores[i] = order[i].score;
        out->items[i] = (epo__ranked){.group = groups ? groups[item] : item,
                                      .positive = truth[item] == label,
                                      .last = i + 1 == count || order[i + 1].score < order[i].score};
    }
    out->count = count;
    free(order);
    return EPO_OK;
}

void epo__ranking_free(epo__ranking *ranking)
{
    free(ranking->items);
    free(ranking->scores);
    *ranking = (epo__ranking){0};
}

void epo__ranking_measure(const epo__ranking *r, const uint32_t *weights, double mdr, epo__ranking_measures *out)
{
    double positives = 0, negatives = 0;
    for (size_t i = 0; i < r->count; i++) {
        const double weight = weights ? weights[r->items[i].group] : 1;
        if (r->items[i].positive)
            positives += weight;
        else
            negatives += weight;
    }
    *out = (epo__ranking_measures){.positives = positives,
                                   .negatives = negatives,
                                   .max_f1 = NAN,
                                   .threshold = NAN,
                                   .auc = NAN,
                                   .average_precision = NAN,
                                   .fpr = NAN};
    if (!(positives > 0)) return;
    if (negatives > 0 && mdr >= 1) out->fpr = 0; /* a threshold above all scores will do */
    double tp = 0, fp = 0, tp_above = 0, fp_above = 0, pairs = 0, best = -1, area = 0;
    for (size_t i = 0; i < r->count; i++) {
        const double weight = weights ? weights[r->items[i].group] : 1;
        if (r->items[i].positive)
            tp += weight;
        else
            fp += weight;
        if (!r->items[i].last) continue;
        /* whole numbers below 2^53: equal fractions give equal quotients, and the first of them stays */
        const double f1 = 2 * tp / (positives + tp + fp);
        if (f1 > best && tp + fp > tp_above + fp_above) {
            best = f1;
            out->threshold = r->scores[i];
        }
        pairs += (fp - fp_above) * (tp_above + tp); /* twice the pairs that these negatives lose */
        if (isnan(out->fpr) && negatives > 0 && (positives - tp) / positives <= mdr)
            out->fpr = fp / negatives;
        if (tp > tp_above) area += (tp - tp_above) / positives * (tp / (tp + fp));
        tp_above = tp;
        fp_above = fp;
    }
    out->max_f1 = best;
    out->average_precision = area;
    if (negatives > 0) out->auc = pairs / (2 * positives * negatives);
}

size_t epo__ranking_above(const epo__ranking *r, double threshold)
{
    size_t low = 0, high = r->count; /* scores[low - 1] >= threshold > scores[high] */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (r->scores[middle] >= threshold)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
