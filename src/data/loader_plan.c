/* SPDX-License-Identifier: BSD-3-Clause
 * loader_plan.c - the order of an epoch: balance, shuffle, sort by length. */
#include "data/loader_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

size_t epo__loader_plan_bytes(const epo__loader_index *x)
{
    return x->counts.examples * (2 * sizeof(epo__loader_entry) + sizeof(size_t)) + x->counts.batches * sizeof(size_t);
}

void epo__loader_plan_free(epo__loader_plan *plan)
{
    free(plan->entries);
    free(plan->room);
    free(plan->order);
    free(plan->batches);
    *plan = (epo__loader_plan){0};
}

static epo_status make_room(const epo__loader_index *x, epo__loader_plan *plan)
{
    if (plan->entries) return EPO_OK;
    plan->entries = epo__alloc(x->counts.examples, sizeof *plan->entries);
    plan->room = epo__alloc(x->counts.examples, sizeof *plan->room);
    plan->order = epo__alloc(x->counts.examples, sizeof *plan->order);
    plan->batches = epo__alloc(x->counts.batches, sizeof *plan->batches);
    if (plan->entries && plan->room && plan->order && plan->batches) return EPO_OK;
    epo__loader_plan_free(plan);
    return epo__nomem("order of an epoch");
}

static void count_up(size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) order[i] = i;
}

/* Every source as often as the wanted number allows, and some, chosen by chance, once more. */
static size_t fill_label(const epo__loader_index *x, uint64_t epoch, int label, size_t *order,
                         epo__loader_entry *entries)
{
    const size_t count = x->of_label[label], wanted = x->balanced[label];
    const epo__loader_source *sources = x->sources + x->label_first[label];
    if (count == 0) return 0;
    size_t used = 0;
    uint32_t copy = 0;
    for (; wanted - used >= count; copy++)
        for (size_t i = 0; i < count; i++) entries[used++] = (epo__loader_entry){sources[i], copy};
    epo__rng chance = epo__loader_chance(x->options.seed, epoch, EPO__CHANCE_COPIES, (uint64_t)label);
    count_up(order, count);
    if (used < wanted) epo__rng_shuffle(&chance, order, count);
    for (size_t i = 0; used < wanted; i++) entries[used++] = (epo__loader_entry){sources[order[i]], copy};
    return used;
}

static int by_object(const void *a, const void *b)
{
    const epo__loader_source *x = &((const epo__loader_entry *)a)->source, *y = &((const epo__loader_entry *)b)->source;
    if (x->object != y->object) return x->object < y->object ? -1 : 1;
    return (x->night > y->night) - (x->night < y->night);
}

/* What qsort needs to be stable, and in the same order everywhere. */
typedef struct sized {
    size_t length, place;
} sized;

static int by_length(const void *a, const void *b)
{
    const sized *x = a, *y = b;
    if (x->length != y->length) return x->length > y->length ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* From entries to room, and back: each window's entries, the longest first. */
static epo_status sort_windows(const epo__loader_index *x, epo__loader_plan *plan)
{
    const size_t examples = x->counts.examples, window = EPO__PLAN_WINDOW * (size_t)x->options.batch;
    const size_t most = window < examples ? window : examples;
    sized *list = epo__alloc(most, sizeof *list);
    if (!list) return epo__nomem("order of an epoch");
    for (size_t first = 0; first < examples; first += window) {
        size_t count = examples - first < window ? examples - first : window;
        for (size_t i = 0; i < count; i++)
            list[i] = (sized){epo__loader_length(x, plan->entries[first + i].source.object), first + i};
        qsort(list, count, sizeof *list, by_length);
        for (size_t i = 0; i < count; i++) plan->room[first + i] = plan->entries[list[i].place];
    }
    memcpy(plan->entries, plan->room, examples * sizeof *plan->entries);
    free(list);
    return EPO_OK;
}

epo_status epo__loader_plan_epoch(const epo__loader_index *x, uint64_t epoch, epo__loader_plan *plan)
{
    const epo__loader_options *o = &x->options;
    const size_t examples = x->counts.examples;
    epo_status status = make_room(x, plan);
    if (status != EPO_OK) return status;
    size_t used = 0;
    for (int k = 0; k < o->label_count; k++) used += fill_label(x, epoch, k, plan->order, plan->room + used);
    if (o->training) {
        epo__rng chance = epo__loader_chance(o->seed, epoch, EPO__CHANCE_ORDER, 0);
        count_up(plan->order, examples);
        epo__rng_shuffle(&chance, plan->order, examples);
        for (size_t i = 0; i < examples; i++) plan->entries[i] = plan->room[plan->order[i]];
    } else {
        memcpy(plan->entries, plan->room, examples * sizeof *plan->entries);
        qsort(plan->entries, examples, sizeof *plan->entries, by_object);
    }
    count_up(plan->batches, x->counts.batches);
    if (o->kind != EPO__EXAMPLE_SEQUENCE) return EPO_OK;
    if (o->training) {
        epo__rng chance = epo__loader_chance(o->seed, epoch, EPO__CHANCE_BATCHES, 0);
        epo__rng_shuffle(&chance, plan->batches, x->counts.batches);
    }
    return sort_windows(x, plan);
}

const epo__loader_entry *epo__loader_plan_batch(const epo__loader_index *x, const epo__loader_plan *plan, size_t batch,
                                                size_t *count)
{
    const size_t size = (size_t)x->options.batch, first = plan->batches[batch] * size,
                 left = x->counts.examples - first;
    *count = left < size ? left : size;
    return plan->entries + first;
}

epo_status epo__loader_plan_largest(const epo__loader_index *x, size_t *triplets)
{
    const size_t batch = x->counts.examples < (size_t)x->options.batch ? x->counts.examples : (size_t)x->options.batch;
    *triplets = 0;
    if (x->options.kind != EPO__EXAMPLE_SEQUENCE) {
        *triplets = batch * x->counts.longest;
        return EPO_OK;
    }
    sized *list = epo__alloc(x->object_count, sizeof *list);
    if (!list) return epo__nomem("lengths");
    for (size_t i = 0; i < x->object_count; i++) list[i] = (sized){epo__loader_length(x, i), i};
    qsort(list, x->object_count, sizeof *list, by_length);
    /* the longest objects, each as often as it can come in an epoch */
    for (size_t i = 0, used = 0; used < batch && i < x->object_count; i++) {
        const int label = x->objects[list[i].place].label;
        size_t copies = (x->balanced[label] + x->of_label[label] - 1) / x->of_label[label];
        if (copies > batch - used) copies = batch - used;
        *triplets += copies * list[i].length;
        used += copies;
    }
    free(list);
    return EPO_OK;
}
