/* SPDX-License-Identifier: BSD-3-Clause
 * bench_encoder.c - an encoder against the clock, through the plan that scoring makes. */
#include <math.h>
#include <stdlib.h>

#include "arch/model.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/rng.h"
#include "base/threads.h"
#include "epochal/bench.h"
#include "epochal/system.h"

enum { WARM_UP = 2, LEAST_ROUNDS = 5, MOST_ROUNDS = 4096, MOST_BATCH = 4096 };

typedef struct work {
    epo__net *net;
    epo__plan *plan;
    int samples; /* of a round: a triplet is one, or a plane each when fused late */
    float *pixels, *features;
} work;

static epo_status prepare(work *w)
{
    const epo__shape in = epo__net_in(w->net);
    const size_t count = (size_t)w->samples;
    size_t floats;
    epo__rng rng = {.seed = 1, .stream = epo__rng_stream("bench_encoder")};
    if (!epo__size_mul(count, epo__shape_size(in), &floats))
        return epo__fail(EPO_ELIMIT, "%zu samples are too many", count);
    w->pixels = epo__alloc_aligned(floats, sizeof *w->pixels);
    w->features = epo__alloc_aligned(epo__product(count, epo__shape_size(epo__net_out(w->net))), sizeof *w->features);
    if (!w->pixels || !w->features) return epo__nomem("pixels");
    for (size_t i = 0; i < floats; i++) w->pixels[i] = (float)epo__rng_normal(&rng);
    return epo__plan_create(w->net, w->samples, &w->plan);
}

static epo_status time_rounds(work *w, double seconds, epo_bench_encoder_result *out)
{
    double *times = epo__alloc(MOST_ROUNDS, sizeof *times);
    double begin = 0, now = 0;
    int rounds = 0;
    epo_status status = times ? EPO_OK : epo__nomem("times");
    for (int i = 0; i < WARM_UP && status == EPO_OK; i++)
        status = epo__plan_run(w->plan, w->samples, w->pixels, w->features);
    begin = now = epo__seconds();
    while (status == EPO_OK && rounds < MOST_ROUNDS && (rounds < LEAST_ROUNDS || now - begin < seconds)) {
        const double from = now;
        status = epo__plan_run(w->plan, w->samples, w->pixels, w->features);
        now = epo__seconds();
        times[rounds++] = now - from;
    }
    if (status == EPO_OK) {
        qsort(times, (size_t)rounds, sizeof *times, epo__by_double);
        out->rounds = rounds;
        out->median = times[rounds / 2];
        out->fastest = times[0];
        out->slowest = times[rounds - 1];
    }
    free(times);
    return status;
}

static epo_status measure(work *w, const epo_bench_encoder_options *o, epo_bench_encoder_result *out)
{
    double before = 0, after = 0;
    const int threads = epo__threads(o->threads), own = epo__nn_threads();
    epo__nn_set_threads(threads);
    epo_status status = prepare(w);
    if (status == EPO_OK) status = epo_system_matrix_rate(threads, &before);
    if (status == EPO_OK) status = time_rounds(w, o->seconds, out);
    if (status == EPO_OK) status = epo_system_matrix_rate(threads, &after);
    epo__nn_set_threads(own);
    out->matrix_rate = fmax(before, after);
    return status;
}

static epo_status read_network(const epo_bench_encoder_options *o, epo__network **out)
{
    char *path = NULL;
    epo_status status = epo__network_find(o->net, &path);
    if (status == EPO_OK) status = epo__network_read(path, out);
    if (status == EPO_OK && o->side) (*out)->height = (*out)->width = o->side;
    free(path);
    return status;
}

epo_status epo_bench_encoder(const epo_bench_encoder_options *o, epo_bench_encoder_result *out)
{
    work w = {0};
    epo__network *network = NULL;
    *out = (epo_bench_encoder_result){0};
    if (o->side < 0 || o->side > EPO__MAX_SIDE)
        return epo__fail(EPO_EARG, "a side of %d pixels: 1 to %d", o->side, EPO__MAX_SIDE);
    if (o->batch < 1 || o->batch > MOST_BATCH)
        return epo__fail(EPO_EARG, "a batch of %d triplets: 1 to %d", o->batch, MOST_BATCH);
    if (!(o->seconds >= 0 && o->seconds <= 3600)) return epo__fail(EPO_EARG, "%g seconds: 0 to 3600", o->seconds);
    epo_status status = read_network(o, &network);
    if (status == EPO_OK)
        status = epo__network_build(network, &network->encoder, epo__network_input(network), UINT64_MAX, &w.net);
    if (status == EPO_OK) status = epo__net_init(w.net, "encoder", 1);
    if (status == EPO_OK) {
        epo__precision in;
        out->precision = epo__precision_here(o->precision, &in);
        epo__net_set_precision(w.net, in);
        const int planes = network->late_fusion ? network->planes : 1;
        out->height = network->height;
        out->width = network->width;
        out->macs = (double)epo__net_macs(w.net) * planes;
        w.samples = o->batch * planes;
        status = measure(&w, o, out);
    }
    epo__plan_destroy(w.plan);
    free(w.pixels);
    free(w.features);
    epo__net_destroy(w.net);
    epo__network_free(network);
    return status;
}
