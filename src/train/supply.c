/* SPDX-License-Identifier: BSD-3-Clause
 * supply.c - batches from the loader, and kept features. */
#include "train/supply.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "train/features.h"

/* A batch whose features are kept. */
typedef struct kept {
    size_t count, triplets;
    int *lengths, *labels;
    float *features;
} kept;

struct epo__supply {
    const epo_model *model;
    epo__loader *loader;
    epo__features *encoder; /* made when first needed: its plan is a copy of the weights, which may come from a checkpoint */
    size_t variants, batches, memory;
    size_t used, of_first;  /* bytes of the features kept; of the first variant's, 0 before */
    uint64_t seed;
    kept *kept;             /* variants x batches; NULL without features */
    size_t *order;          /* of the epoch at hand */
    uint64_t epoch;
    size_t next, count;     /* batches of the epoch at hand */
};

epo_status epo__supply_create(const epo_model *model, epo__loader *loader, int variants, uint64_t seed, size_t memory, epo__supply **out)
{
    epo__supply *s = epo__alloc(1, sizeof *s);
    if (!s) {
        epo__loader_free(loader);
        return epo__nomem("supply");
    }
    *s = (epo__supply){.model = model, .loader = loader, .variants = (size_t)variants, .batches = epo__loader_count(loader)->batches, .memory = memory, .seed = seed};
    epo_status status = EPO_OK;
    if (variants > 0) {
        s->kept = epo__alloc(epo__product(s->variants, s->batches), sizeof *s->kept);
        s->order = epo__alloc(s->batches, sizeof *s->order);
        if (!s->kept || !s->order) status = epo__nomem("supply");
    }
    if (status == EPO_OK)
        *out = s;
    else
        epo__supply_free(s);
    return status;
}

static void drop(kept *k)
{
    free(k->lengths);
    free(k->labels);
    free(k->features);
    *k = (kept){0};
}

void epo__supply_free(epo__supply *s)
{
    if (!s) return;
    for (size_t i = 0; s->kept && i < s->variants * s->batches; i++) drop(&s->kept[i]);
    free(s->kept);
    free(s->order);
    epo__features_free(s->encoder);
    epo__loader_free(s->loader);
    free(s);
}

const epo__loader_counts *epo__supply_count(const epo__supply *s)
{
    return epo__loader_count(s->loader);
}

size_t epo__supply_batches(const epo__supply *s)
{
    return s->batches;
}

size_t epo__supply_position(const epo__supply *s)
{
    return s->next;
}

size_t epo__supply_memory(const epo__supply *s)
{
    epo__loader_use use;
    epo__loader_used(s->loader, &use);
    return use.memory_peak + s->used;
}

static epo_status keep(epo__supply *s, const epo__loader_batch *b, kept *k)
{
    size_t width = epo__features_width(s->encoder);
    *k = (kept){.count = b->count, .triplets = b->triplets};
    k->lengths = epo__alloc(b->count, sizeof *k->lengths);
    k->labels = epo__alloc(b->count, sizeof *k->labels);
    k->features = epo__alloc(epo__product(b->triplets, width), sizeof *k->features);
    if (!k->lengths || !k->labels || !k->features) return epo__nomem("features");
    memcpy(k->lengths, b->lengths, b->count * sizeof *k->lengths);
    memcpy(k->labels, b->labels, b->count * sizeof *k->labels);
    s->used += b->triplets * width * sizeof(float);
    return epo__features_run(s->encoder, b, k->features);
}

/* Features of one variant, computed at one go. */
static epo_status fill_variant(epo__supply *s, size_t variant)
{
    kept *row = s->kept + variant * s->batches;
    if (row[0].count) return EPO_OK;
    epo_status status = s->encoder ? EPO_OK : epo__features_create(s->model, &s->encoder);
    if (status == EPO_OK) status = epo__loader_start(s->loader, variant, 0);
    for (size_t i = 0; status == EPO_OK; i++) {
        const epo__loader_batch *b;
        status = epo__loader_next(s->loader, &b);
        if (status != EPO_OK || !b) break;
        status = keep(s, b, &row[i]);
    }
    if (status == EPO_OK && row[0].count == 0) status = epo__fail(EPO_ENOTFOUND, "nothing left to train on: every example is damaged");
    return status;
}

static size_t kept_batches(const epo__supply *s, size_t variant)
{
    size_t n = 0;
    while (n < s->batches && s->kept[variant * s->batches + n].count) n++;
    return n;
}

epo_status epo__supply_start(epo__supply *s, uint64_t epoch, size_t first_batch)
{
    s->epoch = epoch;
    s->next = first_batch;
    if (!s->kept) return epo__loader_start(s->loader, epoch, first_batch);
    epo_status status = fill_variant(s, 0);
    if (status != EPO_OK) return status;
    if (!s->of_first) { /* it tells how many others there is room for: the same number wherever a training goes on */
        s->of_first = s->used;
        size_t fit = s->memory / s->of_first;
        if (fit < s->variants) s->variants = fit > 1 ? fit : 1;
    }
    size_t variant = (size_t)(epoch % s->variants);
    status = fill_variant(s, variant);
    if (status != EPO_OK) return status;
    s->count = kept_batches(s, variant);
    epo__rng rng = {.seed = s->seed, .stream = epo__rng_stream("order of features") + epoch};
    for (size_t i = 0; i < s->count; i++) s->order[i] = variant * s->batches + i;
    epo__rng_shuffle(&rng, s->order, s->count);
    return EPO_OK;
}

epo_status epo__supply_next(epo__supply *s, epo__supply_batch *out, bool *end)
{
    if (s->kept) {
        *end = s->next >= s->count;
        if (*end) return EPO_OK;
        const kept *k = &s->kept[s->order[s->next++]];
        *out = (epo__supply_batch){.count = k->count, .triplets = k->triplets, .lengths = k->lengths, .labels = k->labels, .features = k->features};
        return EPO_OK;
    }
    const epo__loader_batch *b;
    epo_status status = epo__loader_next(s->loader, &b);
    *end = status == EPO_OK && !b;
    if (status != EPO_OK || *end) return status;
    *out = (epo__supply_batch){.count = b->count, .triplets = b->triplets, .lengths = b->lengths, .labels = b->labels, .planes = b->planes, .mjds = b->mjds};
    s->next = b->number + 1;
    return EPO_OK;
}
