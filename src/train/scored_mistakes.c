/* SPDX-License-Identifier: BSD-3-Clause
 * scored_mistakes.c - what is called what it is not, the surest first. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "metrics/confusion.h"
#include "train/scored.h"

static int surest_first(const void *a, const void *b)
{
    const epo_mistake *x = a, *y = b;
    if (x->confidence != y->confidence) return x->confidence > y->confidence ? -1 : 1;
    if (x->object != y->object) return x->object < y->object ? -1 : 1;
    return (x->stamp > y->stamp) - (x->stamp < y->stamp);
}

/* What item i is called, and how surely. */
static epo_mistake call(const epo_scored *s, size_t i, double threshold)
{
    const epo__scored_item *item = &s->items[i];
    const double *row = s->scores + i * epo__scored_width(s);
    epo_mistake m = {.object = item->object, .stamp = item->stamp, .truth = item->truth, .probabilities = row};
    if (s->info.stamps) {
        m.called = row[0] >= threshold;
        m.confidence = m.called ? row[0] : 1 - row[0];
    } else {
        m.called = epo__most_probable(row, s->info.class_count);
        m.confidence = row[m.called];
    }
    return m;
}

epo_status epo_scored_mistakes(const epo_scored *s, double threshold, size_t most, epo_mistake **out, size_t *count)
{
    epo_mistake *all = NULL;
    size_t room = 0;
    *out = NULL;
    *count = 0;
    if (isnan(threshold)) return epo__fail(EPO_EARG, "the threshold is not a number");
    for (size_t i = 0; i < (size_t)s->info.count; i++) {
        const epo_mistake m = call(s, i, threshold);
        if (m.called == m.truth) continue;
        if (!epo__grow(&all, &room, *count + 1, sizeof *all)) {
            free(all);
            return epo__nomem("mistakes");
        }
        all[(*count)++] = m;
    }
    if (*count) qsort(all, *count, sizeof *all, surest_first);
    if (all && *count > most) {
        epo_mistake *fewer = reallocarray(all, most + 1, sizeof *all);
        if (fewer) all = fewer;
    }
    *out = all;
    return EPO_OK;
}
