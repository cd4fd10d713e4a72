/* SPDX-License-Identifier: BSD-3-Clause
 * scored.c - labelled scores as a plain thing in memory. */
#include "train/scored.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

void epo_scored_free(epo_scored *scored)
{
    if (!scored) return;
    for (size_t k = 0; k < scored->info.class_count; k++) free(scored->names[k]);
    free(scored->store);
    free(scored->items);
    free(scored->scores);
    free(scored->magnitudes);
    free(scored->runs);
    free(scored);
}

void epo_scored_get_info(const epo_scored *scored, epo_scored_info *out)
{
    *out = scored->info;
    out->classes = (const char *const *)scored->names;
    out->runs = scored->runs;
    out->run_count = scored->run_count;
}

size_t epo__scored_width(const epo_scored *scored)
{
    return scored->info.stamps ? 1 : scored->info.class_count;
}

epo_status epo__scored_create_like(const epo_scored *other, epo_scored **out)
{
    epo_scored *s = epo__alloc(1, sizeof *s);
    if (!s || !(s->store = epo__strdup(other->store))) {
        epo_scored_free(s);
        return epo__nomem("scores");
    }
    s->info.stamps = other->info.stamps;
    s->info.triplet_head = other->info.triplet_head;
    s->info.run = other->info.run;
    for (size_t k = 0; k < other->info.class_count; k++) {
        if (!(s->names[k] = epo__strdup(other->names[k]))) {
            epo_scored_free(s);
            return epo__nomem("classes");
        }
        s->info.class_count++;
    }
    *out = s;
    return EPO_OK;
}

epo_status epo__scored_add(epo_scored *s, epo__scored_item item, double **row)
{
    const size_t width = epo__scored_width(s), count = (size_t)s->info.count;
    if (!epo__grow(&s->items, &s->item_room, count + 1, sizeof *s->items) ||
        !epo__grow(&s->scores, &s->score_room, epo__product(count + 1, width), sizeof *s->scores))
        return epo__nomem("scores");
    s->items[count] = item;
    *row = s->scores + count * width;
    s->info.count++;
    return EPO_OK;
}

epo_status epo__scored_labels_make(const epo_scored *s, epo__scored_labels *out)
{
    const size_t count = (size_t)s->info.count;
    *out = (epo__scored_labels){epo__alloc(count, sizeof *out->truth), epo__alloc(count, sizeof *out->groups)};
    if (!out->truth || !out->groups) {
        epo__scored_labels_free(out);
        return epo__nomem("labels");
    }
    for (size_t i = 0; i < count; i++) {
        out->truth[i] = s->items[i].truth;
        out->groups[i] = s->items[i].group;
    }
    return EPO_OK;
}

void epo__scored_labels_free(epo__scored_labels *labels)
{
    free(labels->truth);
    free(labels->groups);
    *labels = (epo__scored_labels){0};
}

epo__labelled epo__scored_labelled(const epo_scored *s, const epo__scored_labels *labels)
{
    return (epo__labelled){.count = (size_t)s->info.count,
                           .classes = s->info.class_count,
                           .real = s->info.stamps,
                           .scores = s->scores,
                           .truth = labels->truth,
                           .groups = labels->groups,
                           .group_count = (size_t)s->info.objects};
}

epo_status epo__scored_judging(const epo_scored *s, const epo_evaluate_options *o, epo__judging *out)
{
    if (o->resamples < 0 || o->resamples > EPO_EVALUATE_RESAMPLES_MAX)
        return epo__fail(EPO_EARG, "%d resamples; 0 to %d", o->resamples, EPO_EVALUATE_RESAMPLES_MAX);
    if (isnan(o->threshold)) return epo__fail(EPO_EARG, "the threshold is not a number");
    if (!(o->prevalence >= 0 && o->prevalence <= 1))
        return epo__fail(EPO_EARG, "a prevalence of %g; 0 to 1", o->prevalence);
    if (!(o->mdr >= 0 && o->mdr <= 1)) return epo__fail(EPO_EARG, "a missed-detection rate of %g; 0 to 1", o->mdr);
    if (o->thresholds && !s->info.stamps && o->threshold_count != s->info.class_count)
        return epo__fail(EPO_EARG, "%zu thresholds for %zu classes", o->threshold_count, s->info.class_count);
    *out = (epo__judging){.resamples = (size_t)o->resamples,
                          .seed = o->seed,
                          .thresholds = s->info.stamps ? &o->threshold : o->thresholds,
                          .prevalence = o->prevalence,
                          .mdr = o->mdr};
    return EPO_OK;
}
