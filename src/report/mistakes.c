/* SPDX-License-Identifier: BSD-3-Clause
 * mistakes.c - the worst mistakes: what each object is, what it was called and how surely, its stamps and its light
 * curve. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/sequence.h"
#include "report/html.h"
#include "report/lightcurve.h"
#include "report/page.h"
#include "report/pictures.h"
#include "store/objects.h"

enum { NIGHTS = 24, BARS = 12 };

/* What is read of the object at hand, reused from one to the next. */
typedef struct reading {
    epo__sequence sequence; /* of an object; of a stamp its list of stamps only */
    epo__pixels pixels;
    epo__pool texts;
    epo__object_row object;
    float *planes;
    size_t plane_room;
} reading;

static void reading_free(reading *r)
{
    epo__sequence_free(&r->sequence);
    free(r->pixels.bytes);
    free(r->planes);
    epo__pool_free(&r->texts);
}

/* --- probabilities --------------------------------------------------------------------------------------------------
 */

static void add_bar(epo__string *s, const epo__report_set *set, const epo_mistake *m, int k, double p)
{
    const bool is = k == m->truth, called = k == m->called;
    epo__string_addf(s, "<span class=\"%s\"><b>", is ? "is" : called ? "called" : "other");
    epo__html_name(s, set->info.classes[k]);
    epo__string_addf(s, "%s</b><i style=\"width:%.1f%%\"></i><span class=\"n\">%.3f</span></span>\n",
                     is       ? " <em>(is)</em>"
                     : called ? " <em>(called)</em>"
                              : "",
                     100 * fmin(1, fmax(0, p)), p);
}

/* All classes, or of many those with a say in it, in the model's order. */
static void add_bars(epo__string *s, const epo__report_set *set, const epo_mistake *m)
{
    const size_t classes = set->info.class_count;
    epo__string_add(s, "<div class=\"bars\" role=\"group\" aria-label=\"probabilities\">\n");
    if (set->info.stamps) {
        add_bar(s, set, m, 1, m->probabilities[0]);
        add_bar(s, set, m, 0, 1 - m->probabilities[0]);
    }
    for (size_t k = 0; !set->info.stamps && k < classes; k++)
        if (classes <= BARS || (int)k == m->truth || (int)k == m->called || m->probabilities[k] > 0.05)
            add_bar(s, set, m, (int)k, m->probabilities[k]);
    epo__string_add(s, "</div>\n");
}

/* --- stamps ---------------------------------------------------------------------------------------------------------
 */

static epo_status add_picture(epo__string *s, const float *pixels, size_t height, size_t width, const epo__grey *grey,
                              const char *name)
{
    epo__string_add(s, "<li><img alt=\"");
    epo__html_text(s, name);
    epo__string_addf(s, "\" width=\"%zu\" height=\"%zu\" src=\"", width, height);
    const epo_status status = epo__picture_uri(s, pixels, height, width, grey);
    epo__string_add(s, "\">");
    epo__html_name(s, name);
    epo__string_add(s, "</li>\n");
    return status;
}

static int side_of(int side)
{
    return side < EPO__PICTURE_SIDE ? side : EPO__PICTURE_SIDE;
}

/* "2006-04-02" where the night has a time. */
static void name_night(const reading *r, const epo__night *night, size_t number, char *out, size_t room)
{
    const epo__stamp_row *row = &r->sequence.stamps.rows[night->stamp];
    char date[11];
    epo__date_of_mjd(row->mjd, date);
    if (row->night)
        snprintf(out, room, "%s", row->night);
    else if (isfinite(row->mjd))
        snprintf(out, room, "%s", date);
    else
        snprintf(out, room, "%zu", number + 1);
}

/* An epoch a night, as the network sees it; of many nights NIGHTS that are spread evenly, with the first and the last.
 */
static epo_status add_nights(epo__string *s, reading *r)
{
    const size_t nights = r->sequence.night_count, shown = nights < NIGHTS ? nights : NIGHTS;
    if (nights == 0) {
        epo__string_add(s, "<p class=\"soft\">No stamps in the store.</p>\n");
        return EPO_OK;
    }
    int height = 1, width = 1;
    for (size_t n = 0; n < nights; n++) {
        const epo__stamp_row *row = &r->sequence.stamps.rows[r->sequence.nights[n].stamp];
        if (side_of(row->height) > height) height = side_of(row->height);
        if (side_of(row->width) > width) width = side_of(row->width);
    }
    epo__grey grey = {0};
    const size_t plane = (size_t)height * (size_t)width;
    epo_status status = epo__sequence_assemble(&r->sequence, height, width);
    for (size_t n = 0; status == EPO_OK && n < nights; n++)
        status = epo__sky_off(r->sequence.planes + n * plane, plane);
    if (status == EPO_OK) status = epo__grey_of(r->sequence.planes, nights * plane, &grey);
    epo__string_add(s, "<ol class=\"strip\">\n");
    for (size_t i = 0; status == EPO_OK && i < shown; i++) {
        char name[64];
        const size_t n = shown > 1 ? i * (nights - 1) / (shown - 1) : 0;
        name_night(r, &r->sequence.nights[n], n, name, sizeof name);
        status = add_picture(s, r->sequence.planes + n * plane, (size_t)height, (size_t)width, &grey, name);
    }
    epo__string_addf(s, "</ol>\n<p class=\"soft\">%zu of %zu nights, the sky taken off each, the same grey for all",
                     shown, nights);
    const epo__stamp_row *first = &r->sequence.stamps.rows[r->sequence.nights[0].stamp];
    if (first->height > height || first->width > width)
        epo__string_addf(s, "; the middle %d &times; %d pixels", width, height);
    epo__string_add(s, ".</p>\n");
    return status;
}

/* Science and template share a scale; differences, and whatever else comes, have their own. */
static bool shares(const epo__stamp_row *a, const epo__stamp_row *b)
{
    const bool x = a->role == EPO__ROLE_SCIENCE || a->role == EPO__ROLE_TEMPLATE,
               y = b->role == EPO__ROLE_SCIENCE || b->role == EPO__ROLE_TEMPLATE;
    return a == b || (x && y);
}

/* Appends the pixels of a stamp as float32. */
static epo_status read_plane(epo_store *store, reading *r, const epo__stamp_row *row, size_t *at)
{
    const size_t size = (size_t)row->width * (size_t)row->height;
    epo_status status = epo__store_pixels_read(store, row, &r->pixels);
    if (status == EPO_OK && !epo__grow(&r->planes, &r->plane_room, *at + size, sizeof *r->planes))
        status = epo__nomem("stamps");
    if (status != EPO_OK) return status;
    epo__pixels_to_f32(row->type, r->pixels.bytes, size, r->planes + *at);
    *at += size;
    return EPO_OK;
}

static epo_status add_plane(epo__string *s, epo_store *store, reading *r, const epo__stamp_row *const *planes,
                            size_t count, size_t p)
{
    size_t at = 0, own = 0;
    epo__grey grey = {0};
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        if (!shares(planes[p], planes[i])) continue;
        if (i == p) own = at;
        status = read_plane(store, r, planes[i], &at);
    }
    if (status == EPO_OK) status = epo__grey_of(r->planes, at, &grey);
    if (status == EPO_OK)
        status = add_picture(s, r->planes + own, (size_t)planes[p]->height, (size_t)planes[p]->width, &grey,
                             epo__role_name(planes[p]->role));
    return status;
}

/* The planes of the exposure that a stamp is of. */
static epo_status add_planes(epo__string *s, epo_store *store, reading *r, int64_t stamp)
{
    enum { PLANES = 8 };
    const epo__stamp_list *list = &r->sequence.stamps;
    const epo__stamp_row *planes[PLANES], *own = NULL;
    size_t count = 0;
    epo_status status = EPO_OK;
    for (size_t i = 0; i < list->count; i++)
        if (list->rows[i].id == stamp) own = &list->rows[i];
    for (size_t i = 0; own && i < list->count && count < PLANES; i++)
        if (strcmp(list->rows[i].exposure, own->exposure) == 0) planes[count++] = &list->rows[i];
    if (!count) return EPO_OK;
    epo__string_add(s, "<ol class=\"strip planes\">\n");
    for (size_t p = 0; status == EPO_OK && p < count; p++) status = add_plane(s, store, r, planes, count, p);
    epo__string_add(s, "</ol>\n<p class=\"soft\">Exposure ");
    epo__html_name(s, own->exposure);
    if (isfinite(own->mjd)) epo__string_addf(s, ", MJD %.5f", own->mjd);
    if (own->mag > 0 && own->mag < 90) epo__string_addf(s, ", %.2f mag", own->mag);
    if (own->candid) epo__string_addf(s, ", candidate %lld", (long long)own->candid);
    epo__string_add(s, ". Science and template have the same grey, the difference its own.</p>\n");
    return status;
}

/* --- one mistake ----------------------------------------------------------------------------------------------------
 */

static void add_object(epo__string *s, const epo__report_set *set, const reading *r, const epo_mistake *m,
                       size_t number)
{
    epo__string_addf(s, "<h4>%zu. ", number);
    epo__html_name(s, r->object.name);
    epo__string_add(s, "</h4>\n<p>is <b>");
    epo__html_name(s, set->info.classes[m->truth]);
    epo__string_add(s, "</b>, called <b>");
    epo__html_name(s, set->info.classes[m->called]);
    epo__string_addf(s, "</b> with %.3f", m->confidence);
    epo__string_add(s, ". <span class=\"soft\">");
    if (isfinite(r->object.ra) && isfinite(r->object.dec))
        epo__string_addf(s, "RA %.5f&deg;, Dec %+.5f&deg;", r->object.ra, r->object.dec);
    else
        epo__string_add(s, "Position unknown");
    if (r->object.survey && *r->object.survey) {
        epo__string_add(s, "; survey ");
        epo__html_name(s, r->object.survey);
    }
    if (r->object.class_name && strcmp(r->object.class_name, set->info.classes[m->truth]) != 0) {
        epo__string_add(s, "; in the store ");
        epo__html_name(s, r->object.class_name);
    }
    if (r->object.parent && *r->object.parent) {
        epo__string_add(s, "; field ");
        epo__html_name(s, r->object.parent);
    }
    epo__string_add(s, "</span></p>\n");
}

/* Damaged stamps cannot be shown; the numbers stand without them. */
static epo_status forgive(epo__string *s, epo_status status)
{
    if (status != EPO_EFORMAT) return status;
    epo__string_add(s, "<p class=\"note\">");
    epo__html_text(s, epo_error_message());
    epo__string_add(s, "</p>\n");
    return EPO_OK;
}

static epo_status add_stamp(epo__page *p, const epo__report_set *set, reading *r, const epo_mistake *m)
{
    epo__string *s = &p->out;
    epo_status status = epo__store_stamps_of(p->store, m->object, &r->sequence.stamps);
    epo__string_add(s, "<div class=\"pair\">\n");
    add_bars(s, set, m);
    epo__string_add(s, "<div>\n");
    if (status == EPO_OK) status = add_planes(s, p->store, r, m->stamp);
    status = forgive(s, status);
    epo__string_add(s, "</div></div>\n");
    return status;
}

static epo_status add_sequence(epo__page *p, const epo__report_set *set, reading *r, const epo_mistake *m)
{
    epo__string *s = &p->out;
    epo__string_add(s, "<div class=\"pair\">\n");
    add_bars(s, set, m);
    epo_status status = epo__sequence_list(p->store, m->object, &r->sequence);
    if (status == EPO_OK) status = epo__report_light_curve(s, p->store, m->object, &r->sequence.stamps);
    status = forgive(s, status);
    epo__string_add(s, "</div>\n");
    if (status == EPO_OK) status = epo__sequence_fetch(p->store, m->object, &r->sequence);
    if (status == EPO_OK) status = add_nights(s, r);
    return forgive(s, status);
}

static epo_status add_mistake(epo__page *p, const epo__report_set *set, reading *r, const epo_mistake *m, size_t number)
{
    epo__string *s = &p->out;
    epo__pool_clear(&r->texts);
    epo_status status = epo__store_object_get(p->store, m->object, &r->texts, &r->object);
    if (status == EPO_OK) /* which may be the one of an earlier date */
        status = epo__store_label_current(p->store, m->object, &r->texts, &r->object.class_name);
    if (status != EPO_OK) return status;
    epo__string_add(s, "<article class=\"mistake\">\n");
    add_object(s, set, r, m, number);
    status = m->stamp ? add_stamp(p, set, r, m) : add_sequence(p, set, r, m);
    epo__string_add(s, "</article>\n");
    return status;
}

static epo_status add_set(epo__page *p, const epo__report_set *set)
{
    epo_mistake *mistakes = NULL;
    reading r = {0};
    size_t count = 0;
    epo_status status =
        epo_scored_mistakes(set->is->scored, set->how.threshold, p->options->mistakes, &mistakes, &count);
    const size_t shown = count < p->options->mistakes ? count : p->options->mistakes;
    epo__report_set_heading(p, set);
    epo__string_addf(&p->out, "<p>%zu of %lld %s are called what they are not%s", count, (long long)set->info.count,
                     set->info.stamps ? "stamps" : "objects", shown ? "; the surest" : ".</p>\n");
    if (shown) epo__string_addf(&p->out, " %zu:</p>\n", shown);
    for (size_t i = 0; status == EPO_OK && i < shown; i++) status = add_mistake(p, set, &r, &mistakes[i], i + 1);
    reading_free(&r);
    free(mistakes);
    return status;
}

epo_status epo__report_mistakes(epo__page *p)
{
    epo_status status = EPO_OK;
    epo__html_section(&p->out, "mistakes", "The worst mistakes");
    epo__string_add(&p->out,
                    "<p>Those that were most sure of a wrong class; a wrong label in the catalogue shows up here "
                    "too. Grey is asinh about the sky; blue pixels hold no number.</p>\n");
    for (size_t i = 0; status == EPO_OK && i < p->count; i++) status = add_set(p, &p->sets[i]);
    return status;
}
