/* SPDX-License-Identifier: BSD-3-Clause
 * optimiser.c - from gradients to new weights. */
#include "nn/optimiser.h"

#include <math.h>
#include <stdlib.h>

#include "base/clones.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/train.h"

/* A parameter and the tensors kept for it. */
struct entry {
    epo__param param; /* the name is ours, value and grad are the net's */
    float *state[2];
};

struct epo__optimiser {
    epo__optimiser_options options;
    uint64_t steps;
    struct entry *entries;
    size_t count, capacity;
};

/* Names of the tensors that a kind keeps, NULL where there is none. */
static void state_names(const epo__optimiser_options *options, const char *names[2])
{
    bool adam = options->kind != EPO_OPTIMISER_SGD;
    names[0] = adam ? "mean" : options->momentum > 0 ? "momentum" : NULL;
    names[1] = adam ? "square" : NULL;
}

static bool in_range(double x, double high)
{
    return x >= 0 && x < high;
}

epo_status epo__optimiser_create(const epo__optimiser_options *options, epo__optimiser **out)
{
    bool sgd = options->kind == EPO_OPTIMISER_SGD;
    if (!in_range(options->decay, INFINITY))
        return epo__fail(EPO_EARG, "weight decay of %g is negative", options->decay);
    if (sgd && !in_range(options->momentum, 1))
        return epo__fail(EPO_EARG, "momentum of %g is not from 0 to below 1", options->momentum);
    if (sgd && options->nesterov && options->momentum == 0)
        return epo__fail(EPO_EARG, "Nesterov's way needs a momentum");
    if (!sgd && (!in_range(options->beta1, 1) || !in_range(options->beta2, 1) || !(options->eps > 0)))
        return epo__fail(EPO_EARG, "Adam's betas %g and %g are not from 0 to below 1, or eps %g not above 0",
                         options->beta1, options->beta2, options->eps);
    epo__optimiser *optimiser = epo__alloc(1, sizeof *optimiser);
    if (!optimiser) return epo__nomem("optimiser");
    optimiser->options = *options;
    *out = optimiser;
    return EPO_OK;
}

void epo__optimiser_destroy(epo__optimiser *optimiser)
{
    if (!optimiser) return;
    for (size_t i = 0; i < optimiser->count; i++) {
        free((char *)optimiser->entries[i].param.name);
        free(optimiser->entries[i].state[0]);
        free(optimiser->entries[i].state[1]);
    }
    free(optimiser->entries);
    free(optimiser);
}

static epo_status add_param(void *context, const epo__param *param)
{
    epo__optimiser *optimiser = context;
    const char *names[2];
    if (!param->grad) return EPO_OK;
    if (!epo__grow(&optimiser->entries, &optimiser->capacity, optimiser->count + 1, sizeof *optimiser->entries))
        return epo__nomem("optimiser");
    struct entry *entry = &optimiser->entries[optimiser->count++];
    *entry = (struct entry){.param = *param};
    entry->param.name = epo__strdup(param->name);
    bool made = entry->param.name;
    state_names(&optimiser->options, names);
    for (int k = 0; k < 2 && made; k++)
        if (names[k]) made = (entry->state[k] = epo__alloc_aligned(param->count, sizeof(float))) != NULL;
    return made ? EPO_OK : epo__nomem("optimiser");
}

epo_status epo__optimiser_add(epo__optimiser *optimiser, epo__net *net, const char *prefix)
{
    return epo__net_visit(net, prefix, add_param, optimiser);
}

EPO_KERNEL static double sum_squares(const float *x, size_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

double epo__optimiser_norm(const epo__optimiser *optimiser)
{
    double sum = 0;
    for (size_t i = 0; i < optimiser->count; i++)
        sum += sum_squares(optimiser->entries[i].param.grad, optimiser->entries[i].param.count);
    return sqrt(sum);
}

double epo__optimiser_clip(epo__optimiser *optimiser, double limit)
{
    double norm = epo__optimiser_norm(optimiser);
    float factor = (float)(limit / (norm + 1e-6)); /* PyTorch's clip_grad_norm_ adds the same */
    if (!(factor < 1)) return norm;
    for (size_t i = 0; i < optimiser->count; i++) {
        const epo__param *param = &optimiser->entries[i].param;
        for (size_t k = 0; k < param->count; k++) param->grad[k] *= factor;
    }
    return norm;
}

/* --- the rules, on a part of a parameter --- */

EPO_KERNEL static void sgd_part(float *w, const float *g, float *m, size_t count, float rate, float decay,
                                float momentum, bool nesterov)
{
    if (!m) {
#pragma omp simd
        for (size_t i = 0; i < count; i++) w[i] -= rate * (g[i] + decay * w[i]);
        return;
    }
    float old = nesterov ? momentum : 1.0F, fresh = nesterov ? 1.0F : 0.0F;
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        float d = g[i] + decay * w[i];
        m[i] = momentum * m[i] + d;
        w[i] -= rate * (fresh * d + old * m[i]);
    }
}

struct adam {
    float shrink, decay, beta1, beta2, rest1, rest2, eps, step, root; /* root: sqrt(1 - b2^t) */
};

EPO_KERNEL static void adam_part(float *w, const float *g, float *m, float *v, size_t count, const struct adam *rule)
{
    struct adam a = *rule;
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        float weight = w[i] * a.shrink, d = g[i] + a.decay * weight;
        m[i] = a.beta1 * m[i] + a.rest1 * d;
        v[i] = a.beta2 * v[i] + a.rest2 * d * d;
        w[i] = weight - a.step * m[i] / (__builtin_sqrtf(v[i]) / a.root + a.eps);
    }
}

static struct adam adam_rule(const epo__optimiser *optimiser, double rate)
{
    const epo__optimiser_options *o = &optimiser->options;
    double t = (double)optimiser->steps;
    bool decoupled = o->kind == EPO_OPTIMISER_ADAMW;
    return (struct adam){.shrink = (float)(decoupled ? 1 - rate * o->decay : 1),
                         .decay = (float)(decoupled ? 0 : o->decay),
                         .beta1 = (float)o->beta1,
                         .beta2 = (float)o->beta2,
                         .rest1 = (float)(1 - o->beta1),
                         .rest2 = (float)(1 - o->beta2),
                         .eps = (float)o->eps,
                         .step = (float)(rate / (1 - pow(o->beta1, t))),
                         .root = (float)sqrt(1 - pow(o->beta2, t))};
}

void epo__optimiser_step(epo__optimiser *optimiser, double rate)
{
    const epo__optimiser_options *o = &optimiser->options;
    int threads = epo__nn_threads();
    optimiser->steps++;
    struct adam rule = adam_rule(optimiser, rate);
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
    for (int part = 0; part < threads; part++)
        for (size_t i = 0; i < optimiser->count; i++) {
            struct entry *entry = &optimiser->entries[i];
            size_t from = epo__part_from(entry->param.count, part, threads);
            size_t count = epo__part_from(entry->param.count, part + 1, threads) - from;
            float *w = entry->param.value + from;
            const float *g = entry->param.grad + from;
            if (o->kind == EPO_OPTIMISER_SGD)
                sgd_part(w, g, entry->state[0] ? entry->state[0] + from : NULL, count, (float)rate, (float)o->decay,
                         (float)o->momentum, o->nesterov);
            else
                adam_part(w, g, entry->state[0] + from, entry->state[1] + from, count, &rule);
        }
}

uint64_t epo__optimiser_steps(const epo__optimiser *optimiser)
{
    return optimiser->steps;
}

void epo__optimiser_set_steps(epo__optimiser *optimiser, uint64_t steps)
{
    optimiser->steps = steps;
}

epo_status epo__optimiser_visit(epo__optimiser *optimiser, epo__param_fn visit, void *context)
{
    const char *names[2];
    state_names(&optimiser->options, names);
    for (size_t i = 0; i < optimiser->count; i++)
        for (int k = 0; k < 2; k++) {
            if (!names[k]) continue;
            epo__param tensor = optimiser->entries[i].param;
            char *full = epo__format("%s.%s", tensor.name, names[k]);
            if (!full) return epo__nomem("name of a tensor");
            tensor.name = full;
            tensor.value = optimiser->entries[i].state[k];
            tensor.grad = NULL;
            epo_status status = visit(context, &tensor);
            free(full);
            if (status != EPO_OK) return status;
        }
    return EPO_OK;
}
