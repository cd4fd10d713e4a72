/* SPDX-License-Identifier: BSD-3-Clause
 * normalise.c - normalisers as text, and their application to a block of planes, group by group. */
#include "image/normalise.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clones.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/normalise_kind.h"

/* by epo__scope */
static const char *const scope_words[] = {"row", "plane", "stamp", "sequence"};

const char *epo__normalise_kind_name(const epo__normalise_kind *kind)
{
    return kind->name;
}

const char *epo__normalise_kind_help(const epo__normalise_kind *kind)
{
    return kind->help;
}

/* --- text --------------------------------------------------------------------------------------------------------- */

typedef struct word {
    const char *start;
    size_t length;
} word;

static word next_word(const char **text)
{
    static const char blanks[] = " \t\r\n";
    *text += strspn(*text, blanks);
    word w = {*text, strcspn(*text, blanks)};
    *text += w.length;
    return w;
}

static bool word_is(word w, const char *name)
{
    return strlen(name) == w.length && memcmp(name, w.start, w.length) == 0;
}

/* A word in a message: cut, since the text may be anything. */
static int shown(word w)
{
    return w.length < 40 ? (int)w.length : 40;
}

static epo_status find_kind(word name, const epo__normalise_kind **out)
{
    char known[200] = "";
    for (const epo__normalise_kind *const *k = epo__normalise_kinds; *k; k++) {
        if (word_is(name, (*k)->name)) {
            *out = *k;
            return EPO_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", (*k)->name);
    }
    if (name.length == 0) return epo__fail(EPO_EARG, "normalisation is empty; there are %s", known);
    return epo__fail(EPO_EARG, "normalisation \"%.*s\" is not known; there are %s", shown(name), name.start, known);
}

static epo_status set_scope(epo__normaliser *n, word value)
{
    if (!n->kind->scoped) return epo__fail(EPO_EARG, "normalisation %s takes no scope", n->kind->name);
    for (int s = EPO_SCOPE_PLANE; s <= EPO_SCOPE_SEQUENCE; s++) {
        if (!word_is(value, scope_words[s])) continue;
        n->scope = (epo__scope)s;
        return EPO_OK;
    }
    return epo__fail(EPO_EARG, "normalisation %s: scope \"%.*s\" is not plane, stamp or sequence", n->kind->name,
                     shown(value), value.start);
}

static epo_status set_sky(epo__normaliser *n, word value)
{
    if (!n->kind->sky) return epo__fail(EPO_EARG, "normalisation %s takes no sky", n->kind->name);
    if (!word_is(value, "median"))
        return epo__fail(EPO_EARG, "normalisation %s: sky \"%.*s\" is not median", n->kind->name, shown(value),
                         value.start);
    n->sky = true;
    return EPO_OK;
}

static epo_status set_difference(epo__normaliser *n, word value)
{
    epo_status status = find_kind(value, &n->difference);
    if (status) return epo__fail_in(status, "normalisation %s: difference", n->kind->name);
    if (n->difference->scope == EPO_SCOPE_ROW)
        return epo__fail(EPO_EARG, "normalisation %s: the difference plane cannot be %s", n->kind->name,
                         n->difference->name);
    return EPO_OK;
}

epo_status epo__normaliser_parse(const char *text, epo__normaliser *out)
{
    static const struct {
        const char *name;
        epo_status (*set)(epo__normaliser *n, word value);
    } options[] = {{"scope", set_scope}, {"sky", set_sky}, {"difference", set_difference}};
    enum { OPTIONS = sizeof options / sizeof *options };

    epo__normaliser n = {0};
    bool given[OPTIONS] = {false};
    epo_status status = find_kind(next_word(&text), &n.kind);
    if (status) return status;
    n.scope = n.kind->scope;

    for (word w = next_word(&text); w.length > 0; w = next_word(&text)) {
        const char *equals = memchr(w.start, '=', w.length);
        word name = {w.start, equals ? (size_t)(equals - w.start) : w.length};
        size_t o = 0;
        while (o < OPTIONS && !word_is(name, options[o].name)) o++;
        if (o == OPTIONS || !equals)
            return epo__fail(EPO_EARG, "normalisation %s: \"%.*s\" is not scope=, sky= or difference=", n.kind->name,
                             shown(w), w.start);
        if (given[o]) return epo__fail(EPO_EARG, "normalisation %s: %s is given twice", n.kind->name, options[o].name);
        given[o] = true;
        status = options[o].set(&n, (word){equals + 1, w.length - name.length - 1});
        if (status) return status;
    }
    if (n.difference && n.scope != EPO_SCOPE_PLANE)
        return epo__fail(EPO_EARG, "normalisation %s: difference wants scope plane, not %s", n.kind->name,
                         scope_words[n.scope]);
    *out = n;
    return EPO_OK;
}

void epo__normaliser_text(const epo__normaliser *normaliser, char out[EPO_NORMALISER_TEXT])
{
    const epo__normalise_kind *kind = normaliser->kind;
    if (!kind) {
        snprintf(out, EPO_NORMALISER_TEXT, "none");
        return;
    }
    bool other_scope = normaliser->scope != kind->scope;
    snprintf(out, EPO_NORMALISER_TEXT, "%s%s%s%s%s%s", kind->name, other_scope ? " scope=" : "",
             other_scope ? scope_words[normaliser->scope] : "", normaliser->sky ? " sky=median" : "",
             normaliser->difference ? " difference=" : "", normaliser->difference ? normaliser->difference->name : "");
}

/* --- application -------------------------------------------------------------------------------------------------- */

/* Without a curve, and without a branch, so that it runs in vectors; value for value what apply does one by one. */
EPO_KERNEL static void apply_line(float *pixels, size_t count, double location, double shift, double scale)
{
    const double most = (double)FLT_MAX;
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        double y = ((double)pixels[i] - location + shift) / scale;
        y = y > most ? most : y < -most ? -most : y;
        pixels[i] = fabsf(pixels[i]) <= FLT_MAX ? (float)y : 0.0F;
    }
}

static void apply(const epo__normalise_kind *kind, const epo__pixel_group *group, double shift, double scale)
{
    for (size_t p = 0; p < group->pieces; p++) {
        float *pixels = group->pixels + p * group->piece_size;
        double location = group->locations[p];
        if (!kind->curve) apply_line(pixels, group->piece_size, location, shift, scale);
        for (size_t i = 0; kind->curve && i < group->piece_size; i++) {
            if (!isfinite(pixels[i])) {
                pixels[i] = 0;
                continue;
            }
            double y = kind->curve(((double)pixels[i] - location + shift) / scale);
            pixels[i] = y > (double)FLT_MAX ? FLT_MAX : y < -(double)FLT_MAX ? -FLT_MAX : (float)y;
        }
    }
}

/* Fills what is NaN of `locations`, which become the group's. */
static void locate(const epo__normalise_kind *kind, bool sky, epo__pixel_group *group, double *locations)
{
    double (*location)(const float *, size_t, double *) = sky ? epo__median_location : kind->location;
    for (size_t p = 0; p < group->pieces; p++)
        if (isnan(locations[p]))
            locations[p] =
                location ? location(group->pixels + p * group->piece_size, group->piece_size, group->room) : 0;
    group->locations = locations;
}

static void measure(const epo__normalise_kind *kind, const epo__pixel_group *group, double *shift, double *scale)
{
    *shift = 0;
    *scale = 1;
    if (kind->scale) kind->scale(group, shift, scale);
    if (!(*scale > 0)) *scale = 1;
}

/* Number and shape of the groups of a block. */
static size_t shape_groups(const epo__image_block *block, epo__scope scope, epo__pixel_group *group)
{
    size_t width = (size_t)block->width, plane = (size_t)block->height * width;
    size_t plane_count = block->stamps * block->planes;
    group->plane_size = plane;
    group->pieces = 1;
    switch (scope) {
    case EPO_SCOPE_ROW:
        group->piece_size = width;
        return plane_count * (size_t)block->height;
    case EPO_SCOPE_PLANE:
        group->piece_size = plane;
        group->reference_count = 1;
        return plane_count;
    case EPO_SCOPE_STAMP:
        group->piece_size = block->planes * plane;
        group->reference_count = 1;
        return block->stamps;
    case EPO_SCOPE_SEQUENCE:
        break;
    }
    group->pieces = plane_count;
    group->piece_size = plane;
    group->reference_count = block->stamps;
    group->reference_stride = block->planes * plane;
    return 1;
}

static epo_status check_block(const epo__image_block *block, size_t *total)
{
    size_t count;
    if (block->height < 1 || block->width < 1)
        return epo__fail(EPO_EARG, "image of %d x %d pixels", block->height, block->width);
    /* The last product is for the workspace: as many doubles again, and a location for each plane. */
    if (!epo__size_mul((size_t)block->height, (size_t)block->width, &count) ||
        !epo__size_mul(count, block->planes, &count) || !epo__size_mul(count, block->stamps, total) ||
        !epo__size_mul(*total, 2 * sizeof(double), &count))
        return epo__fail(EPO_EARG, "images of %d x %d pixels: too many", block->height, block->width);
    return EPO_OK;
}

/* A normaliser, its block and room: what all three ways to use them begin with. */
typedef struct job {
    epo__normaliser normaliser;
    const epo__image_block *block;
    epo__pixel_group group;
    size_t groups, group_size;
    double *locations; /* of one group */
    bool empty;
} job;

static epo_status prepare(job *j, const epo__normaliser *normaliser, const epo__image_block *block,
                          epo__image_work *work)
{
    const epo__normalise_kind *none = epo__normalise_kinds[0];
    *j = (job){.normaliser = normaliser->kind ? *normaliser : (epo__normaliser){.kind = none, .scope = none->scope},
               .block = block};
    const epo__normaliser *n = &j->normaliser;
    size_t total;
    epo_status status = check_block(block, &total);
    if (status) return status;
    bool across_planes = n->scope == EPO_SCOPE_STAMP || n->scope == EPO_SCOPE_SEQUENCE;
    bool has_difference = block->difference >= 0 && (size_t)block->difference < block->planes;
    if (!has_difference && (n->difference || (n->kind->needs_difference && across_planes)))
        return epo__fail(EPO_EARG, "normalisation %s needs a difference image among the planes", n->kind->name);
    j->empty = total == 0;
    if (j->empty) return EPO_OK;
    j->groups = shape_groups(block, n->scope, &j->group);
    j->group_size = j->group.pieces * j->group.piece_size;
    status = epo__image_work_reserve(work, j->group.pieces + j->group_size);
    if (status) return status;
    j->locations = work->room;
    j->group.room = work->room + j->group.pieces;
    return EPO_OK;
}

/* Moves to group g; its locations are yet to be found. */
static void select_group(job *j, size_t g)
{
    const epo__image_block *block = j->block;
    bool has_difference = block->difference >= 0 && (size_t)block->difference < block->planes;
    j->group.pixels = block->pixels + g * j->group_size;
    j->group.reference = NULL;
    if (j->normaliser.scope == EPO_SCOPE_PLANE)
        j->group.reference = j->group.pixels;
    else if (j->normaliser.scope != EPO_SCOPE_ROW && has_difference)
        j->group.reference = j->group.pixels + (size_t)block->difference * j->group.plane_size;
    for (size_t p = 0; p < j->group.pieces; p++) j->locations[p] = NAN;
}

epo_status epo__normalise(const epo__normaliser *normaliser, const epo__image_block *block, epo__image_work *work)
{
    job j;
    epo_status status = prepare(&j, normaliser, block, work);
    if (status || j.empty) return status;
    const epo__normaliser *n = &j.normaliser;
    for (size_t g = 0; g < j.groups; g++) {
        select_group(&j, g);
        bool is_difference = n->difference && g % block->planes == (size_t)block->difference;
        const epo__normalise_kind *kind = is_difference ? n->difference : n->kind;
        double shift, scale;
        locate(kind, n->sky && !is_difference, &j.group, j.locations);
        measure(kind, &j.group, &shift, &scale);
        apply(kind, &j.group, shift, scale);
    }
    return EPO_OK;
}

epo_status epo__normalise_measure(const epo__normaliser *normaliser, const epo__image_block *block,
                                  epo__image_work *work, epo__sequence_scale *out)
{
    job j;
    epo_status status = prepare(&j, normaliser, block, work);
    *out = (epo__sequence_scale){0, 1};
    if (status || j.empty) return status;
    if (j.normaliser.scope != EPO_SCOPE_SEQUENCE)
        return epo__fail(EPO_EARG, "normalisation %s has no scale of a sequence", j.normaliser.kind->name);
    select_group(&j, 0);
    locate(j.normaliser.kind, j.normaliser.sky, &j.group, j.locations);
    measure(j.normaliser.kind, &j.group, &out->shift, &out->scale);
    return EPO_OK;
}

epo_status epo__normalise_by(const epo__normaliser *normaliser, const epo__sequence_scale *scale,
                             const epo__image_block *block, double *locations, epo__image_work *work)
{
    job j;
    epo_status status = prepare(&j, normaliser, block, work);
    if (status || j.empty) return status;
    if (j.normaliser.scope != EPO_SCOPE_SEQUENCE)
        return epo__fail(EPO_EARG, "normalisation %s has no scale of a sequence", j.normaliser.kind->name);
    select_group(&j, 0);
    locate(j.normaliser.kind, j.normaliser.sky, &j.group, locations);
    apply(j.normaliser.kind, &j.group, scale->shift, scale->scale);
    return EPO_OK;
}
