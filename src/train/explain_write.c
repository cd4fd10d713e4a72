/* SPDX-License-Identifier: BSD-3-Clause
 * explain_write.c - maps as pictures and as FITS.
 *
 * A picture shows each map beside or below what it is about, stamps zoomed by a whole number so that pixels stay
 * pixels. All maps of an input have one scale of colours; of saliency up to the brightest but one in 500: single pixels
 * would leave the rest dark. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/rng.h"
#include "base/text.h"
#include "epochal/explain.h"
#include "formats/fits_write.h"
#include "formats/new_file.h"
#include "formats/picture.h"

enum { NAME_MOST = 120, GAP = 4, BAR = 10, SIDE_OF_ONE = 192, SIDE_OF_MANY = 96, FEW = 4, COLUMNS_MOST = 12 };

typedef struct writer {
    const epo_explanation *e;
    const char *folder, *method;
    double bright; /* what the maps' brightest colour stands for */
    double low,
        high; /* of the nights of a sequence, which have one scale of greys, so that a source is seen to change */
    float *sorted;
    size_t sorted_room;
    epo__bytes bytes;
} writer;

/* --- names
 * --------------------------------------------------------------------------------------------------------------- */

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_+.", c));
}

/* Adds what of `text` a file name may have, and a number made of all of it where that is not all. */
static void add_safe(epo__string *s, const char *text)
{
    bool changed = *text == '\0' || *text == '.' || *text == '-' || strlen(text) > NAME_MOST;
    for (size_t i = 0; i < NAME_MOST && text[i]; i++) {
        bool fine = is_safe(text[i]) && (i > 0 || (text[i] != '.' && text[i] != '-'));
        changed = changed || !fine;
        epo__string_addn(s, fine ? &text[i] : "_", 1);
    }
    if (changed) epo__string_addf(s, "-%08x", (unsigned)(epo__rng_key(0, text, strlen(text)) >> 32));
}

/* "FOLDER/ID.METHOD[.MAP].ENDING"; NULL without memory. The name of a map is ours or a date from outside. */
static char *path_of(const writer *w, const char *map, const char *ending)
{
    epo__string s = {0};
    epo__string_addf(&s, "%s/", w->folder);
    add_safe(&s, w->e->id);
    epo__string_addf(&s, ".%s", w->method);
    if (*map) epo__string_add(&s, ".");
    for (; *map; map++) epo__string_addn(&s, is_safe(*map) ? map : *map == ' ' ? "" : "_", *map == ' ' ? 0 : 1);
    epo__string_addf(&s, ".%s", ending);
    if (!s.failed) return s.text;
    epo__string_free(&s);
    return NULL;
}

static epo_status save(writer *w, const char *map, const char *ending)
{
    char *path = path_of(w, map, ending);
    if (!path) return epo__nomem("name of a file");
    epo_status status = epo__file_write(path, w->bytes.data, w->bytes.size);
    free(path);
    return status;
}

/* --- pictures
 * ------------------------------------------------------------------------------------------------------------ */

/* Sorts the finite ones of `count` numbers; returns how many. */
static size_t sort(writer *w, const float *x, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(x[i])) w->sorted[used++] = x[i];
    qsort(w->sorted, used, sizeof *w->sorted, epo__by_float);
    return used;
}

/* From the 1st to the 99.5th percentile. */
static void grey_of(writer *w, const float *x, size_t count, double *low, double *high)
{
    size_t used = sort(w, x, count);
    *low = used ? (double)w->sorted[used / 100] : 0;
    *high = used ? (double)w->sorted[used - 1 - used / 200] : 1;
}

/* The planes of a stamp each with its own greys: they are different things. */
static void paint_plane(writer *w, epo__picture *p, size_t left, size_t top, size_t zoom, const epo_explained_map *m,
                        const float *plane)
{
    epo__painting painting = {.pixels = plane,
                              .height = m->height,
                              .width = m->width,
                              .zoom = zoom,
                              .paint = EPO__PAINT_GREY,
                              .low = w->low,
                              .high = w->high};
    if (w->e->head == EPO_HEAD_STAMP) grey_of(w, plane, m->height * m->width, &painting.low, &painting.high);
    epo__picture_paint(p, left, top, &painting);
}

static void paint_map(const writer *w, epo__picture *p, size_t left, size_t top, size_t zoom,
                      const epo_explained_map *m)
{
    const epo__painting painting = {.pixels = m->map,
                                    .height = m->height,
                                    .width = m->width,
                                    .zoom = zoom,
                                    .high = w->bright,
                                    .paint = EPO__PAINT_COLOUR};
    epo__picture_paint(p, left, top, &painting);
}

static size_t zoom_of(const epo_explained_map *m, size_t side)
{
    size_t longer = m->height > m->width ? m->height : m->width;
    return longer < side ? side / longer : 1;
}

static epo_status save_picture(writer *w, const epo__picture *p, const char *map)
{
    epo_status status = epo__picture_png(p, &w->bytes);
    return status == EPO_OK ? save(w, map, "png") : status;
}

/* One map, to the right of what it is about. */
static epo_status draw_one(writer *w, const epo_explained_map *m)
{
    epo__picture p;
    size_t zoom = zoom_of(m, SIDE_OF_ONE), width = m->width * zoom + GAP;
    epo_status status = epo__picture_create(width * (m->plane_count + 1) - GAP, m->height * zoom, &p);
    if (status != EPO_OK) return status;
    for (size_t k = 0; k < m->plane_count; k++) paint_plane(w, &p, k * width, 0, zoom, m, m->planes[k]);
    paint_map(w, &p, m->plane_count * width, 0, zoom, m);
    status = save_picture(w, &p, m->name);
    epo__picture_free(&p);
    return status;
}

/* All maps, each below what it is about and above a bar as long as its share; of the column's width is the largest
 * share. */
static epo_status draw_all(writer *w)
{
    const epo_explanation *e = w->e;
    const epo_explained_map *first = &e->maps[0];
    epo__picture p;
    size_t columns = e->map_count < COLUMNS_MOST ? e->map_count : COLUMNS_MOST,
           rows = (e->map_count + columns - 1) / columns;
    size_t zoom = zoom_of(first, e->map_count > FEW ? SIDE_OF_MANY : SIDE_OF_ONE);
    size_t plane = first->height * zoom + GAP, width = first->width * zoom,
           cell = plane * (first->plane_count + 1) + BAR + 2 * GAP;
    double most = e->maps[e->largest].share;
    epo_status status = epo__picture_create((width + GAP) * columns - GAP, cell * rows - 2 * GAP, &p);
    if (status != EPO_OK) return status;
    for (size_t i = 0; i < e->map_count; i++) {
        const epo_explained_map *m = &e->maps[i];
        size_t left = i % columns * (width + GAP), top = i / columns * cell;
        for (size_t k = 0; k < m->plane_count; k++) paint_plane(w, &p, left, top + k * plane, zoom, m, m->planes[k]);
        paint_map(w, &p, left, top + m->plane_count * plane, zoom, m);
        top += plane * (m->plane_count + 1);
        epo__picture_bar(&p, left, top, width, BAR, EPO__PAINT_GREY, 0.88);
        if (most > 0)
            epo__picture_bar(&p, left, top, (size_t)((double)width * m->share / most), BAR, EPO__PAINT_COLOUR, 0.6);
    }
    status = save_picture(w, &p, "");
    epo__picture_free(&p);
    return status;
}

/* --- numbers
 * ------------------------------------------------------------------------------------------------------------- */

static epo_status save_numbers(writer *w, const epo_explained_map *m)
{
    const epo_explanation *e = w->e;
    const epo__fits_card_write cards[] = {
        {"OBJECT", e->object, 0},    {"CANDID", e->id, 0},
        {"METHOD", w->method, 0},    {"MAP", *m->name ? m->name : "all", 0},
        {"CLASS", e->class_name, 0}, {"PROB", NULL, e->score},
        {"SHARE", NULL, m->share},   {"MJD-OBS", NULL, isnan(m->mjd) ? e->mjd : m->mjd},
    };
    epo_status status = epo__fits_encode(m->map, m->height, m->width, cards, sizeof cards / sizeof *cards, &w->bytes);
    return status == EPO_OK ? save(w, m->name, "fits") : status;
}

/* What all maps, and the nights of a sequence, have in common. */
static void choose_scales(writer *w, size_t plane)
{
    const epo_explanation *e = w->e;
    size_t used = 0;
    w->low = INFINITY;
    w->high = -INFINITY;
    for (size_t i = 0; i < e->map_count; i++)
        for (size_t k = 0; k < e->maps[i].plane_count; k++) {
            double low, high;
            grey_of(w, e->maps[i].planes[k], plane, &low, &high);
            w->low = fmin(w->low, low);
            w->high = fmax(w->high, high);
        }
    for (size_t i = 0; i < e->map_count; i++)
        for (size_t k = 0; k < plane; k++) w->sorted[used++] = e->maps[i].map[k];
    qsort(w->sorted, used, sizeof *w->sorted, epo__by_float);
    w->bright = (double)w->sorted[used - 1 - (e->method == EPO_EXPLAIN_SALIENCY ? used / 500 : 0)];
    if (w->bright <= 0) w->bright = (double)w->sorted[used - 1];
}

epo_status epo_explanation_write(const epo_explanation *e, const char *folder)
{
    if (e->error || e->map_count == 0) return epo__fail(EPO_EARG, "there is no map to write");
    writer w = {.e = e, .folder = folder, .method = e->method == EPO_EXPLAIN_GRADCAM ? "gradcam" : "saliency"};
    size_t plane = e->maps[0].height * e->maps[0].width, all;
    epo_status status = EPO_OK;
    if (!epo__size_mul(plane, e->map_count, &all) || !epo__grow(&w.sorted, &w.sorted_room, all, sizeof *w.sorted))
        status = epo__nomem("pictures");
    if (status == EPO_OK) choose_scales(&w, plane);
    for (size_t i = 0; status == EPO_OK && i < e->map_count; i++) {
        status = save_numbers(&w, &e->maps[i]);
        if (status == EPO_OK) status = draw_one(&w, &e->maps[i]);
    }
    if (status == EPO_OK && *e->maps[0].name) status = draw_all(&w);
    free(w.sorted);
    epo__bytes_free(&w.bytes);
    return status;
}
