/* SPDX-License-Identifier: BSD-3-Clause
 * augment_hosts.c - which objects are hosts or stars, their stamps, and stars cut out of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/augment.h"
#include "data/objects.h"
#include "data/simulate_sky.h"

enum { TRIES = 4, NEAREST = 5 }; /* stamps of one star that are looked at; stars of about the wanted width */

/* --- lists
 * --------------------------------------------------------------------------------------------------------------- */

static epo_status shuffle(epo__augment_list *list, uint64_t seed, const char *purpose)
{
    size_t *order = epo__alloc(list->count, sizeof *order);
    int64_t *ids = epo__alloc(list->count, sizeof *ids);
    if (!order || !ids) {
        free(order);
        free(ids);
        return epo__nomem("hosts");
    }
    for (size_t i = 0; i < list->count; i++) order[i] = i;
    epo__rng rng = epo__simulate_rng(seed, purpose, 0);
    epo__rng_shuffle(&rng, order, list->count);
    for (size_t i = 0; i < list->count; i++) ids[i] = list->ids[order[i]];
    free(order);
    free(list->ids);
    list->ids = ids;
    return EPO_OK;
}

static epo_status add_object(epo_store *store, int64_t id, const char *survey, epo__pool *texts, epo__sha256 *sha,
                             epo__augment_list *list)
{
    epo__object_row row;
    bool made = false;
    epo__pool_clear(texts);
    epo_status status = epo__store_object_get(store, id, texts, &row);
    if (status == EPO_OK) status = epo__store_source_is(store, row.source, EPO_AUGMENT_FORMAT, &made);
    if (status != EPO_OK || made || strcmp(row.survey, survey) == 0) return status;
    if (!epo__grow(&list->ids, &list->room, list->count + 1, sizeof *list->ids)) return epo__nomem("hosts");
    list->ids[list->count++] = id;
    epo__sha256_add(sha, row.survey, strlen(row.survey) + 1);
    epo__sha256_add(sha, row.name, strlen(row.name) + 1);
    return EPO_OK;
}

epo_status epo__augment_list_read(epo_store *store, const char *split, const char *class_name, const char *survey,
                                  uint64_t seed, const char *purpose, epo__augment_list *out)
{
    epo__object_cursor cursor;
    epo__pool texts = {0};
    epo__sha256 sha;
    unsigned char digest[EPO__SHA256_SIZE];
    int64_t id = 1;
    *out = (epo__augment_list){0};
    epo__sha256_init(&sha);
    epo_status status = epo__object_cursor_set(&cursor, split);
    cursor.filter.class_name = class_name;
    while (status == EPO_OK && (status = epo__object_cursor_next(&cursor, store, &id)) == EPO_OK && id != 0)
        status = add_object(store, id, survey, &texts, &sha, out);
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, out->digest);
    epo__pool_free(&texts);
    return status == EPO_OK ? shuffle(out, seed, purpose) : status;
}

/* --- one object
 * ------------------------------------------------------------------------------------------------------------ */

void epo__augment_host_free(epo__augment_host *host)
{
    epo__stamp_list_free(&host->stamps);
    epo__pool_free(&host->texts);
    free(host->raw);
    free(host->offsets);
    free(host->pixels.bytes);
    *host = (epo__augment_host){0};
}

static epo_status read_pixels(epo_store *store, epo__augment_host *host)
{
    epo_status status = EPO_OK;
    if (!epo__grow(&host->offsets, &host->offset_room, host->stamps.count, sizeof *host->offsets))
        return epo__nomem("a host");
    for (size_t i = 0; status == EPO_OK && i < host->stamps.count; i++) {
        if ((status = epo__store_pixels_read(store, &host->stamps.rows[i], &host->pixels)) != EPO_OK) break;
        size_t need;
        if (!epo__size_add(host->raw_size, host->pixels.size, &need) ||
            !epo__grow(&host->raw, &host->raw_room, need, 1))
            return epo__nomem("a host");
        memcpy(host->raw + host->raw_size, host->pixels.bytes, host->pixels.size);
        host->offsets[i] = host->raw_size;
        host->raw_size = need;
    }
    return status;
}

epo_status epo__augment_host_read(epo_store *store, int64_t id, epo__augment_host *host)
{
    host->refused = NULL;
    host->raw_size = 0;
    epo__pool_clear(&host->texts);
    host->object = (epo__object_row){.id = id};
    epo_status status = epo__store_object_get(store, id, &host->texts, &host->object);
    if (status == EPO_OK) status = epo__store_stamps_of(store, id, &host->stamps);
    if (status == EPO_OK) status = read_pixels(store, host);
    if (status != EPO_EFORMAT) return status;
    host->refused = epo__pool_add(&host->texts, epo_error_message(), strlen(epo_error_message()));
    return host->refused ? EPO_OK : epo__nomem("a host");
}

epo_status epo__augment_plane(const epo__augment_host *host, size_t stamp, float **plane, size_t *room,
                              epo__raster *out)
{
    const epo__stamp_row *row = &host->stamps.rows[stamp];
    const size_t count = (size_t)row->width * (size_t)row->height;
    if (!epo__grow(plane, room, count, sizeof **plane)) return epo__nomem("a stamp");
    epo__pixels_to_f32(row->type, host->raw + host->offsets[stamp], count, *plane);
    *out = (epo__raster){.pixels = *plane, .width = row->width, .height = row->height};
    return EPO_OK;
}

/* --- stars
 * ----------------------------------------------------------------------------------------------------------------------
 */

typedef struct cutter {
    const epo_augment_options *options;
    epo__augment_host star;
    epo__image_work work;
    float *plane;
    size_t plane_room;
    const char *reason; /* why the last one would not do */
} cutter;

static bool may_be_cut(const epo__stamp_row *row)
{
    return row->role == EPO__ROLE_SCIENCE && !row->constant;
}

/* One of the star's science stamps; SIZE_MAX where there is none. */
static size_t choose_stamp(const epo__stamp_list *stamps, epo__rng *rng)
{
    uint32_t usable = 0;
    for (size_t i = 0; i < stamps->count; i++) usable += may_be_cut(&stamps->rows[i]);
    if (usable == 0) return SIZE_MAX;
    uint32_t left = epo__rng_below(rng, usable);
    for (size_t i = 0;; i++)
        if (may_be_cut(&stamps->rows[i]) && left-- == 0) return i;
}

/* Looks at a few of the object's stamps, and takes one cut of it at most: many stars are better than many epochs. */
static epo_status cut_object(cutter *c, epo__rng *rng, epo__augment_stars *out)
{
    epo_status status = EPO_OK;
    if (c->star.refused) return EPO_OK;
    for (int n = 0; status == EPO_OK && n < TRIES; n++) {
        epo__raster image;
        epo__star_cut cut = {0};
        const size_t i = choose_stamp(&c->star.stamps, rng);
        if (i == SIZE_MAX) break;
        status = epo__augment_plane(&c->star, i, &c->plane, &c->plane_room, &image);
        if (status == EPO_OK) status = epo__star_cut_make(&image, c->options->saturation, &c->work, &cut, &c->reason);
        if (status == EPO_EFORMAT) status = EPO_OK; /* no finite pixel */
        if (status == EPO_OK && cut.pixels) {
            out->cuts[out->count++] = cut;
            break;
        }
    }
    return status;
}

static int by_width(const void *a, const void *b)
{
    const epo__star_cut *x = a, *y = b;
    return (x->fwhm > y->fwhm) - (x->fwhm < y->fwhm);
}

epo_status epo__augment_stars_read(epo_store *store, const epo__augment_list *list, const epo_augment_options *options,
                                   epo__augment_stars *out)
{
    cutter c = {.options = options, .reason = "it has no science stamps"};
    *out = (epo__augment_stars){.cuts = epo__alloc(EPO__AUGMENT_STARS, sizeof *out->cuts)};
    epo_status status = out->cuts ? EPO_OK : epo__nomem("stars");
    for (size_t i = 0; status == EPO_OK && i < list->count && out->count < EPO__AUGMENT_STARS; i++) {
        epo__rng rng = epo__simulate_rng(options->seed, "augment star", i);
        status = epo__augment_host_read(store, list->ids[i], &c.star);
        if (status == EPO_OK) status = cut_object(&c, &rng, out);
    }
    if (status == EPO_OK && out->count == 0)
        status = epo__fail(EPO_ENOTFOUND, "of %zu objects none shows a star that could be cut out; of the last one: %s",
                           list->count, list->count ? c.reason : "there is none");
    qsort(out->cuts, out->count, sizeof *out->cuts, by_width);
    epo__augment_host_free(&c.star);
    epo__image_work_free(&c.work);
    free(c.plane);
    return status;
}

void epo__augment_stars_free(epo__augment_stars *stars)
{
    for (size_t i = 0; i < stars->count; i++) free(stars->cuts[i].pixels);
    free(stars->cuts);
    *stars = (epo__augment_stars){0};
}

const epo__star_cut *epo__augment_star(const epo__augment_stars *stars, double fwhm, double chance)
{
    size_t first = 0, last = stars->count; /* of those to choose from; cuts are by width */
    if (!isnan(fwhm))
        while (last - first > NEAREST) {
            if (fwhm - stars->cuts[first].fwhm > stars->cuts[last - 1].fwhm - fwhm)
                first++;
            else
                last--;
        }
    const size_t chosen = first + (size_t)(chance * (double)(last - first));
    return &stars->cuts[chosen < last ? chosen : last - 1];
}
