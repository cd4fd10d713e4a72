/* SPDX-License-Identifier: BSD-3-Clause
 * scored_curves.c - curves and reliability of labelled scores. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "metrics/calibration.h"
#include "metrics/confusion.h"
#include "metrics/curves.h"
#include "train/scored.h"

/* Scores of a class, one an item, and whether the item is of it. */
typedef struct column {
    double *scores;
    int *truth; /* 1: positive */
    bool *right;
} column;

static void column_free(column *c)
{
    free(c->scores);
    free(c->truth);
    free(c->right);
}

/* class_index -1: of sequences the class that an item was called, of stamps real. */
static epo_status column_make(const epo_scored *s, int class_index, column *out)
{
    const size_t count = (size_t)s->info.count, width = epo__scored_width(s);
    if (class_index >= (int)s->info.class_count)
        return epo__fail(EPO_EARG, "class %d, and there are %zu", class_index, s->info.class_count);
    *out = (column){epo__alloc(count, sizeof *out->scores), epo__alloc(count, sizeof *out->truth),
                    epo__alloc(count, sizeof *out->right)};
    if (!out->scores || !out->truth || !out->right) {
        column_free(out);
        return epo__nomem("curve");
    }
    for (size_t i = 0; i < count; i++) {
        const double *row = s->scores + i * width;
        int label = class_index;
        if (label < 0) label = s->info.stamps ? 1 : epo__most_probable(row, width);
        if (s->info.stamps)
            out->scores[i] = label == 1 ? row[0] : 1 - row[0];
        else
            out->scores[i] = row[label];
        out->truth[i] = s->items[i].truth == label;
        out->right[i] = out->truth[i] != 0;
    }
    return EPO_OK;
}

epo_status epo_scored_curve(const epo_scored *s, size_t class_index, epo_curve *out)
{
    column c;
    epo__ranking ranking;
    *out = (epo_curve){0};
    if (class_index >= s->info.class_count)
        return epo__fail(EPO_EARG, "class %zu, and there are %zu", class_index, s->info.class_count);
    epo_status status = column_make(s, (int)class_index, &c);
    if (status != EPO_OK) return status;
    status = epo__ranking_create(c.scores, 1, c.truth, 1, NULL, (size_t)s->info.count, &ranking);
    if (status == EPO_OK) status = epo__curve_of(&ranking, out);
    epo__ranking_free(&ranking);
    column_free(&c);
    return status;
}

/* --- reliability -------------------------------------------------------------------------------------------------- */

static epo_status find_edges(const double *scores, size_t count, size_t bins, bool equal_mass, double *edges)
{
    if (!equal_mass || count == 0) {
        epo__bin_edges_even(bins, edges);
        return EPO_OK;
    }
    double *sorted = epo__alloc(count, sizeof *sorted);
    if (!sorted) return epo__nomem("reliability");
    memcpy(sorted, scores, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, epo__by_double);
    epo__bin_edges_quantile(sorted, count, bins, edges);
    free(sorted);
    return EPO_OK;
}

epo_status epo_scored_reliability(const epo_scored *s, int class_index, size_t bins, bool equal_mass,
                                  epo_reliability_bin **out, double *ece)
{
    column c;
    const size_t count = (size_t)s->info.count;
    *out = NULL;
    if (bins < 1 || bins > EPO_RELIABILITY_BINS_MAX)
        return epo__fail(EPO_EARG, "%zu bins; 1 to %d", bins, EPO_RELIABILITY_BINS_MAX);
    epo_status status = column_make(s, class_index, &c);
    if (status != EPO_OK) return status;
    for (size_t i = 0; status == EPO_OK && i < count; i++)
        if (!(c.scores[i] >= 0 && c.scores[i] <= 1))
            status = epo__fail(EPO_EARG, "score %zu is no probability: %g", i, c.scores[i]);
    double *edges = epo__alloc(bins + 1, sizeof *edges);
    epo_reliability_bin *found = epo__alloc(bins, sizeof *found);
    if (status == EPO_OK && (!edges || !found)) status = epo__nomem("reliability");
    if (status == EPO_OK) status = find_edges(c.scores, count, bins, equal_mass, edges);
    if (status == EPO_OK) {
        epo__reliability(c.scores, c.right, count, edges, bins, found);
        if (ece) *ece = epo__ece(found, bins);
        *out = found;
        found = NULL;
    }
    free(edges);
    free(found);
    column_free(&c);
    return status;
}
