/* SPDX-License-Identifier: BSD-3-Clause
 * triplets.c - cutting a sequence into triplets. */
#include "train/triplets.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void epo__triplets_free(epo__triplets *t)
{
    free(t->mjds);
    free(t->room);
    *t = (epo__triplets){0};
}

/* Planes and dates of the triplets. Nights that follow each other are left where they are. */
static epo_status lay(const epo__sequence *s, size_t stride, size_t nights, size_t plane, epo__triplets *t)
{
    size_t floats;
    if (!epo__size_mul(t->count * nights, plane, &floats) ||
        !epo__grow(&t->mjds, &t->mjd_room, epo__product(t->count, nights), sizeof *t->mjds))
        return epo__nomem("dates");
    for (size_t k = 0; k < t->count; k++)
        for (size_t i = 0; i < nights; i++) t->mjds[k * nights + i] = s->nights[t->first + k * stride + i].mjd;
    t->planes = s->planes + t->first * plane;
    if (stride == nights || t->count == 1) return EPO_OK;
    if (!epo__grow(&t->room, &t->room_size, floats, sizeof *t->room)) return epo__nomem("triplets of a sequence");
    for (size_t k = 0; k < t->count; k++)
        memcpy(t->room + k * nights * plane, s->planes + (t->first + k * stride) * plane,
               nights * plane * sizeof *t->room);
    t->planes = t->room;
    return EPO_OK;
}

epo_status epo__triplets_make(const epo__network *n, epo_head head, const epo__normaliser *normaliser, epo__sequence *s,
                              epo__image_work *work, epo__triplets *t)
{
    size_t nights = (size_t)n->planes, plane = (size_t)n->height * (size_t)n->width, stride = (size_t)n->stride;
    bool whole = normaliser->scope == EPO_SCOPE_SEQUENCE;
    if (s->night_count < nights)
        return epo__fail(EPO_EFORMAT, "%zu nights, and a sequence needs %zu", s->night_count, nights);
    t->first = head == EPO_HEAD_TRIPLET ? (s->night_count - nights) / 2 : 0;
    t->count = head == EPO_HEAD_TRIPLET ? 1 : (s->night_count - nights) / stride + 1;
    epo_status status = epo__sequence_assemble(s, n->height, n->width);
    epo__image_block block = {.pixels = s->planes,
                              .stamps = s->night_count,
                              .planes = 1,
                              .height = n->height,
                              .width = n->width,
                              .difference = -1};
    if (status == EPO_OK && whole) status = epo__normalise(normaliser, &block, work);
    if (status == EPO_OK) status = lay(s, stride, nights, plane, t);
    if (status != EPO_OK || whole) return status;
    block.pixels = t->planes;
    block.stamps = t->count;
    block.planes = nights;
    return epo__normalise(normaliser, &block, work);
}
