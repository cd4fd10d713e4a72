/* SPDX-License-Identifier: BSD-3-Clause
 * explain_maps.c - maps and shares. Shares are of sums in double, before scaling: they are right also where a
 * probability is so near 1 that its derivative is next to nothing. */
#include "train/explain_maps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "image/resize.h"

void epo__maps_free(epo__maps *m)
{
    free(m->all);
    free(m->pixels);
    free(m->work);
    free(m->planes);
    free(m->triplets);
    epo__pool_free(&m->names);
    *m = (epo__maps){0};
}

/* Room for `count` maps about `planes` planes each, with nothing in them yet. */
static epo_status begin(const epo__network *n, size_t count, size_t planes, size_t work, epo__maps *m)
{
    size_t plane = (size_t)n->height * (size_t)n->width, floats;
    epo__pool_clear(&m->names);
    m->count = m->triplet_count = 0;
    if (!epo__size_mul(count, plane, &floats) || !epo__grow(&m->all, &m->room, count, sizeof *m->all) ||
        !epo__grow(&m->pixels, &m->pixel_room, floats, sizeof *m->pixels) ||
        !epo__grow(&m->work, &m->work_room, work, sizeof *m->work) ||
        !epo__grow(&m->planes, &m->plane_room, epo__product(count, planes), sizeof *m->planes))
        return epo__nomem("maps");
    memset(m->pixels, 0, floats * sizeof *m->pixels);
    for (size_t i = 0; i < count; i++)
        m->all[i] = (epo_explained_map){.mjd = NAN,
                                        .height = (size_t)n->height,
                                        .width = (size_t)n->width,
                                        .map = m->pixels + i * plane,
                                        .planes = m->planes + i * planes,
                                        .plane_count = planes};
    m->count = count;
    return EPO_OK;
}

static float *pixels_of(epo__maps *m, size_t i)
{
    return m->pixels + i * m->all[i].height * m->all[i].width;
}

static size_t plane_of(const epo__maps *m)
{
    return m->all[0].height * m->all[0].width;
}

static double sum_of(const float *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i];
    return sum;
}

static void share_maps(epo__maps *m)
{
    double total = 0;
    for (size_t i = 0; i < m->count; i++) total += m->all[i].share = sum_of(m->all[i].map, plane_of(m));
    for (size_t i = 0; i < m->count; i++) {
        m->all[i].share = total > 0 ? m->all[i].share / total : (double)NAN;
        m->all[i].over_even = m->all[i].share > 1.0 / (double)m->count;
    }
}

static void multiply(float *x, size_t count, double factor)
{
    for (size_t i = 0; i < count; i++) x[i] = (float)((double)x[i] * factor);
}

static void positive(epo_explain_method method, float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) x[i] = method == EPO_EXPLAIN_SALIENCY ? fabsf(x[i]) : fmaxf(x[i], 0);
}

/* What the largest number is to be multiplied by. */
static double scale_of(const epo__derivative *d, const float *x, size_t count)
{
    float largest = 0;
    if (d->method == EPO_EXPLAIN_SALIENCY) return d->scale;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, x[i]);
    return largest > 0 ? 1 / (double)largest : 1;
}

/* --- stamps
 * -------------------------------------------------------------------------------------------------------------- */

/* One map of a layer that looks at all planes side by side, parted again. */
static void part(const epo__network *n, const float *whole, epo__maps *m)
{
    size_t h = (size_t)n->height, w = (size_t)n->width, planes = (size_t)n->planes;
    for (size_t p = 0; p < planes; p++)
        for (size_t y = 0; y < h; y++) memcpy(pixels_of(m, p) + y * w, whole + (y * planes + p) * w, w * sizeof *whole);
}

epo_status epo__maps_of_stamp(const epo__network *n, const epo__derivative *d, const float *input, epo__maps *m)
{
    size_t planes = (size_t)n->planes, plane = (size_t)n->height * (size_t)n->width, given = epo__shape_size(d->shape);
    bool cam = d->method == EPO_EXPLAIN_GRADCAM, one = cam && !n->late_fusion && !n->join_horizontal;
    epo_status status = begin(n, one ? 1 : planes, one ? planes : 1, given + planes * plane, m);
    if (status != EPO_OK) return status;
    for (size_t p = 0; p < planes; p++) m->planes[p] = input + p * plane;
    for (size_t i = 0; i < m->count; i++) m->all[i].name = one ? "" : n->roles[i];
    memcpy(m->work, d->values, given * sizeof *m->work);
    positive(d->method, m->work, given);
    double scale = scale_of(d, m->work, given);
    if (!cam) {
        memcpy(m->pixels, m->work, given * sizeof *m->work);
    } else if (n->join_horizontal) {
        float *whole = m->work + given;
        epo__image_resize_bilinear(m->work, d->shape.height, d->shape.width, whole, n->height, n->width * n->planes);
        part(n, whole, m);
    } else {
        size_t size = (size_t)d->shape.height * (size_t)d->shape.width;
        for (size_t i = 0; i < m->count; i++)
            epo__image_resize_bilinear(m->work + i * size, d->shape.height, d->shape.width, pixels_of(m, i), n->height,
                                       n->width);
    }
    share_maps(m);
    multiply(m->pixels, m->count * plane, scale);
    return EPO_OK;
}

/* --- sequences
 * ----------------------------------------------------------------------------------------------------------- */

static bool is_timed(const epo__sequence *s, size_t night)
{
    return !isnan(s->stamps.rows[s->nights[night].stamp].mjd);
}

static double mjd_of(const epo__sequence *s, size_t night)
{
    return is_timed(s, night) ? s->nights[night].mjd : (double)NAN;
}

/* Its date, else its number from 1. */
static const char *name_of(const epo__sequence *s, size_t night, epo__maps *m)
{
    const char *date = s->stamps.rows[s->nights[night].stamp].night;
    char text[32];
    if (!date && is_timed(s, night))
        epo__date_of_mjd(s->nights[night].mjd, text);
    else if (!date)
        snprintf(text, sizeof text, "%03zu", night + 1);
    if (!date) date = text;
    return epo__pool_add(&m->names, date, strlen(date));
}

/* How much each triplet has of all, whichever nights it shares with others. */
static epo_status share_triplets(const epo__network *n, const epo__derivative *d, const epo__sequence *s,
                                 const epo__triplets *t, epo__maps *m)
{
    size_t given = epo__shape_size(d->shape);
    double total = 0;
    if (!epo__grow(&m->triplets, &m->triplet_room, t->count, sizeof *m->triplets)) return epo__nomem("triplets");
    m->triplet_count = t->count;
    for (size_t k = 0; k < t->count; k++) {
        size_t first = t->first + k * (size_t)n->stride, last = first + (size_t)n->planes - 1;
        memcpy(m->work, d->values + k * given, given * sizeof *m->work);
        positive(d->method, m->work, given);
        m->triplets[k] = (epo_explained_triplet){.first = name_of(s, first, m),
                                                 .last = name_of(s, last, m),
                                                 .mjd_first = mjd_of(s, first),
                                                 .mjd_last = mjd_of(s, last),
                                                 .share = sum_of(m->work, given)};
        if (!m->triplets[k].first || !m->triplets[k].last) return epo__nomem("triplets");
        total += m->triplets[k].share;
    }
    for (size_t k = 0; k < t->count; k++) {
        m->triplets[k].share = total > 0 ? m->triplets[k].share / total : (double)NAN;
        m->triplets[k].over_even = m->triplets[k].share > 1.0 / (double)t->count;
    }
    return EPO_OK;
}

/* Grad-CAM of all planes of a triplet together: a map each. */
static epo_status map_triplets(const epo__network *n, const epo__derivative *d, const epo__sequence *s,
                               const epo__triplets *t, epo__maps *m)
{
    size_t planes = (size_t)n->planes, plane = (size_t)n->height * (size_t)n->width, given = epo__shape_size(d->shape);
    size_t all = t->count * given;
    epo_status status = begin(n, t->count, planes, all, m);
    if (status != EPO_OK) return status;
    memcpy(m->work, d->values, all * sizeof *m->work);
    positive(d->method, m->work, all);
    double scale = scale_of(d, m->work, all);
    for (size_t k = 0; k < t->count; k++) {
        char name[32];
        int length = snprintf(name, sizeof name, "triplet %zu", k + 1);
        m->all[k].name = epo__pool_add(&m->names, name, (size_t)length);
        if (!m->all[k].name) return epo__nomem("maps");
        m->all[k].mjd = mjd_of(s, t->first + k * (size_t)n->stride);
        for (size_t p = 0; p < planes; p++) m->planes[k * planes + p] = t->planes + (k * planes + p) * plane;
        epo__image_resize_bilinear(m->work + k * given, d->shape.height, d->shape.width, pixels_of(m, k), n->height,
                                   n->width);
    }
    share_maps(m);
    multiply(m->pixels, m->count * plane, scale);
    return EPO_OK;
}

/* A map a night: the derivatives of all triplets that it is in are added up, since its pixels go into all of them. */
static epo_status map_nights(const epo__network *n, const epo__derivative *d, const epo__sequence *s,
                             const epo__triplets *t, epo__maps *m)
{
    size_t planes = (size_t)n->planes, plane = (size_t)n->height * (size_t)n->width, stride = (size_t)n->stride;
    size_t size = (size_t)d->shape.height * (size_t)d->shape.width, nights = (t->count - 1) * stride + planes;
    epo_status status = begin(n, nights, 1, nights * size, m);
    if (status != EPO_OK) return status;
    memset(m->work, 0, nights * size * sizeof *m->work);
    for (size_t k = 0; k < t->count; k++)
        for (size_t p = 0; p < planes; p++) {
            const float *from = d->values + (k * planes + p) * size;
            float *to = m->work + (k * stride + p) * size;
            for (size_t i = 0; i < size; i++) to[i] += from[i];
            m->planes[k * stride + p] = t->planes + (k * planes + p) * plane;
        }
    positive(d->method, m->work, nights * size);
    double scale = scale_of(d, m->work, nights * size);
    for (size_t i = 0; i < nights; i++) {
        m->all[i].name = name_of(s, t->first + i, m);
        if (!m->all[i].name) return epo__nomem("maps");
        m->all[i].mjd = mjd_of(s, t->first + i);
        if (d->method == EPO_EXPLAIN_GRADCAM)
            epo__image_resize_bilinear(m->work + i * size, d->shape.height, d->shape.width, pixels_of(m, i), n->height,
                                       n->width);
        else
            memcpy(pixels_of(m, i), m->work + i * size, size * sizeof *m->work);
    }
    share_maps(m);
    multiply(m->pixels, m->count * plane, scale);
    return EPO_OK;
}

epo_status epo__maps_of_sequence(const epo__network *n, const epo__derivative *d, const epo__sequence *s,
                                 const epo__triplets *t, epo__maps *m)
{
    bool cam = d->method == EPO_EXPLAIN_GRADCAM;
    if (cam && n->join_horizontal)
        return epo__fail(EPO_EUNSUPPORTED,
                         "%s: no Grad-CAM of sequences whose nights are joined to one image; take the saliency",
                         n->name);
    epo_status status = cam && !n->late_fusion ? map_triplets(n, d, s, t, m) : map_nights(n, d, s, t, m);
    return status == EPO_OK ? share_triplets(n, d, s, t, m) : status;
}

/* --- the explanation
 * ----------------------------------------------------------------------------------------------------- */

void epo__maps_explain(const epo__maps *m, epo_explanation *out)
{
    out->maps = m->all;
    out->map_count = m->count;
    out->largest = out->largest_triplet = 0;
    for (size_t i = 1; i < m->count; i++)
        if (m->all[i].share > m->all[out->largest].share) out->largest = i;
    out->triplets = m->triplets;
    out->triplet_count = m->triplet_count;
    for (size_t k = 1; k < m->triplet_count; k++)
        if (m->triplets[k].share > m->triplets[out->largest_triplet].share) out->largest_triplet = k;
}
