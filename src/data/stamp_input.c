/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_input.c - choosing and preparing the planes of a stamp.
 *
 * A side that is too long is cut before normalising, one that is too short is padded after it: that is how ZTF's scores
 * are made (1e-9 at the bottom and right of normalised stamps), and it keeps the padding out of the statistics. */
#include "data/stamp_input.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "image/pixels.h"

void epo__stamp_room_free(epo__stamp_room *room)
{
    free(room->raw);
    free(room->cut);
    epo__image_work_free(&room->work);
    *room = (epo__stamp_room){0};
}

const epo__plane_view *epo__stamp_choose(const epo__stamp_rule *rule, int p, const epo__plane_view *planes,
                                         size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rule->roles[p] != EPO__ROLE_OTHER && planes[i].role == rule->roles[p]) return &planes[i];
    bool in_order = count == (size_t)rule->planes;
    if (in_order && (rule->roles[p] == EPO__ROLE_OTHER || planes[p].role == EPO__ROLE_OTHER || count == 1))
        return &planes[p];
    return NULL;
}

uint64_t epo__stamp_key(const epo__stamp_rule *rule, const epo__plane_view *planes, size_t count)
{
    uint64_t key = 0;
    for (int p = 0; p < rule->planes; p++) {
        const epo__plane_view *plane = epo__stamp_choose(rule, p, planes, count);
        if (plane) key = epo__rng_key(key, plane->pixels, (size_t)plane->height * (size_t)plane->width * epo__pixel_size(plane->type));
    }
    return key;
}

static epo_status missing(const epo__stamp_rule *rule, int p, const epo__plane_view *planes, size_t count)
{
    char have[80] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof have; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no planes means count 0 */
        used += (size_t)snprintf(have + used, sizeof have - used, "%s%s", i ? ", " : "", epo__role_name(planes[i].role));
    return epo__fail(EPO_EFORMAT, "no %s plane, which %s needs; there is %s", epo__role_name(rule->roles[p]),
                     rule->name, count ? have : "none");
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

epo_status epo__stamp_input(const epo__stamp_rule *rule, const epo__plane_view *planes, size_t count, int turn,
                            epo__stamp_room *room, float *out)
{
    const epo__plane_view *first = epo__stamp_choose(rule, 0, planes, count);
    if (!first) return missing(rule, 0, planes, count);
    int height = smaller(first->height, rule->height), width = smaller(first->width, rule->width);
    size_t raw = (size_t)first->height * (size_t)first->width, cut = (size_t)height * (size_t)width;
    /* one plane more than enters: where a plane is cut before it is turned */
    if (!epo__grow(&room->raw, &room->raw_room, raw, sizeof *room->raw) ||
        !epo__grow(&room->cut, &room->cut_room, epo__product(cut, (size_t)rule->planes + 1), sizeof *room->cut))
        return epo__nomem("a stamp");
    for (int p = 0; p < rule->planes; p++) {
        const epo__plane_view *plane = epo__stamp_choose(rule, p, planes, count);
        if (!plane) return missing(rule, p, planes, count);
        if (plane->height != first->height || plane->width != first->width)
            return epo__fail(EPO_EFORMAT, "planes of different sizes: %d x %d and %d x %d", first->width, first->height,
                             plane->width, plane->height);
        epo__pixels_to_f32(plane->type, plane->pixels, raw, room->raw);
        float *part = room->cut + (size_t)p * cut, *whole = turn ? room->cut + (size_t)rule->planes * cut : part;
        epo__image_fit(room->raw, plane->height, plane->width, whole, height, width, EPO_FIT_CENTRE, 0);
        if (epo__pixels_count_bad(whole, cut) == cut)
            return epo__fail(EPO_EFORMAT, "the %s plane has no finite pixel%s", epo__role_name(plane->role),
                             cut < raw ? " where the network looks" : "");
        if (turn) epo__image_dihedral(whole, height, width, part, turn);
    }
    epo__image_block block = {.pixels = room->cut,
                              .stamps = 1,
                              .planes = (size_t)rule->planes,
                              .height = height,
                              .width = width,
                              .difference = rule->difference};
    epo_status status = epo__normalise(&rule->normaliser, &block, &room->work);
    for (int p = 0; status == EPO_OK && p < rule->planes; p++)
        epo__image_fit(room->cut + (size_t)p * cut, height, width,
                       out + (size_t)p * (size_t)rule->height * (size_t)rule->width, rule->height, rule->width,
                       rule->pad, rule->pad_value);
    return status;
}
