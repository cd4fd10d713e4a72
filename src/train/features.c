/* SPDX-License-Identifier: BSD-3-Clause
 * features.c - encoder output as the sequence head takes it. */
#include "train/features.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static const double DAYS_PER_YEAR = 365.25; /* Julian */
enum { TRIPLETS_TOGETHER = 32 };

struct epo__features {
    const epo_model *model;
    epo__plan *plan;
    size_t stamp, encoded, width; /* floats: of a triplet's planes, of its features, of a row */
    int runs;                     /* of the encoder for a triplet: one a plane when fused late */
    float *joined, *rows;
};

void epo__join_planes(const epo__network *n, size_t count, const float *in, float *out)
{
    size_t h = (size_t)n->height, w = (size_t)n->width, p = (size_t)n->planes;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < p; k++)
            for (size_t y = 0; y < h; y++) memcpy(out + ((i * h + y) * p + k) * w, in + ((i * p + k) * h + y) * w, w * sizeof *out);
}

void epo__feature_rows(const epo__network *network, size_t first, size_t count, const float *in, size_t encoded, const double *mjds, float *out,
                       size_t width)
{
    size_t nights = (size_t)epo__network_date_count(network);
    for (size_t t = 0; t < count; t++) {
        float *row = out + t * width;
        memcpy(row, in + t * encoded, encoded * sizeof *row);
        for (size_t i = 0; i < nights; i++) {
            size_t night = (first + t) * nights + i;
            /* before a triplet's first night comes the one that the triplet before it has at place `stride` - 1 */
            size_t before = i > 0 ? night - 1 : night - nights + (size_t)network->stride - 1;
            row[width - nights + i] = night == 0 ? 0 : (float)((mjds[night] - mjds[before]) / DAYS_PER_YEAR);
        }
    }
}

epo_status epo__features_create(const epo_model *model, epo__features **out)
{
    const epo__network *n = epo__model_network(model);
    epo__net *head = epo__model_head(model, EPO_HEAD_SEQUENCE);
    if (!head) return epo__fail(EPO_EMODEL, "the network %s has no sequence head", n->name);
    epo__features *f = epo__alloc(1, sizeof *f);
    if (!f) return epo__nomem("features");
    f->model = model;
    f->stamp = (size_t)n->planes * (size_t)n->height * (size_t)n->width;
    f->runs = n->late_fusion ? n->planes : 1;
    f->encoded = (size_t)epo__net_out(epo__model_encoder(model)).channels * (size_t)f->runs;
    f->width = (size_t)epo__net_in(head).channels;
    f->rows = epo__alloc(epo__product(TRIPLETS_TOGETHER, f->encoded), sizeof *f->rows);
    if (n->join_horizontal) f->joined = epo__alloc(epo__product(TRIPLETS_TOGETHER, f->stamp), sizeof *f->joined);
    epo_status status = f->rows && (f->joined || !n->join_horizontal) ? EPO_OK : epo__nomem("features");
    if (status == EPO_OK) status = epo__plan_create(epo__model_encoder(model), TRIPLETS_TOGETHER * f->runs, &f->plan);
    if (status == EPO_OK)
        *out = f;
    else
        epo__features_free(f);
    return status;
}

void epo__features_free(epo__features *f)
{
    if (!f) return;
    epo__plan_destroy(f->plan);
    free(f->joined);
    free(f->rows);
    free(f);
}

size_t epo__features_width(const epo__features *f)
{
    return f->width;
}

epo_status epo__features_run(epo__features *f, const epo__loader_batch *b, float *out)
{
    const epo__network *n = epo__model_network(f->model);
    size_t planes = (size_t)n->planes;
    float *encoded = epo__alloc(epo__product(b->triplets, f->encoded), sizeof *encoded);
    if (!encoded) return epo__nomem("features");
    epo_status status = EPO_OK;
    for (size_t done = 0; status == EPO_OK && done < b->triplets;) {
        size_t count = b->triplets - done < TRIPLETS_TOGETHER ? b->triplets - done : TRIPLETS_TOGETHER;
        const float *in = b->planes + done * f->stamp;
        if (f->joined) {
            epo__join_planes(n, count, in, f->joined);
            in = f->joined;
        }
        status = epo__plan_run(f->plan, (int)count * f->runs, in, encoded + done * f->encoded);
        done += count;
    }
    for (size_t i = 0, t = 0; status == EPO_OK && i < b->count; t += (size_t)b->lengths[i++])
        epo__feature_rows(n, 0, (size_t)b->lengths[i], encoded + t * f->encoded, f->encoded, b->mjds + t * planes, out + t * f->width, f->width);
    free(encoded);
    return status;
}
