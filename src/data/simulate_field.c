/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_field.c - the image sequences of one field.
 *
 * Each visit is one picture of the whole field, from which the stamps of all its objects are cut: stamps that overlap on
 * the sky hold the same pixels, as cutouts of one exposure do. */
#include "data/simulate_field.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/simulate_scene.h"

enum { MARGIN = 30 };              /* pixels of the picture around a stamp in its middle */
static const double SPREAD = 28;   /* pixels: how far objects lie from the field's centre */
static const double OFFSET = 0.15; /* pixels: error of the astrometry that stamps are cut by, in x and in y */
static const double CALIBRATION = 0.05, DETECTION = 3; /* mag and sigma, of catalogue photometry */

epo_status epo__simulation_make(const epo_simulate_options *options, epo__simulation *out)
{
    const epo__telescope *t = epo__telescope_of(options->telescope);
    if (!t) return epo__fail(EPO_EARG, "telescope '%s' is not simulated; `epochal simulate --telescopes` lists those that are", options->telescope);
    *out = (epo__simulation){.options = *options, .telescope = t, .detector = epo__detector_make(&t->camera, options->seed)};
    epo_simulate_options *o = &out->options;
    if (!o->classes) o->classes = t->classes;
    if (o->nights == 0) o->nights = t->nights;
    if (o->visits == 0) o->visits = t->visits;
    if (o->side == 0) o->side = t->side;
    if (o->field_objects == 0) o->field_objects = t->field_objects;
    return EPO_OK;
}

epo_status epo__darkroom_open(epo__darkroom *room, int width, int height, size_t count, epo__canvas *out)
{
    const size_t pixels = (size_t)width * (size_t)height;
    size_t total;
    if (!epo__size_mul(pixels, count, &total) || !epo__grow(&room->floats, &room->room, total, sizeof(float))) return epo__nomem("pictures");
    for (size_t i = 0; i < count; i++) out[i] = (epo__canvas){room->floats + i * pixels, width, height};
    return EPO_OK;
}

void epo__darkroom_free(epo__darkroom *room)
{
    free(room->floats);
    *room = (epo__darkroom){0};
}

epo_status epo__simulate_cut(epo__batch *batch, epo__exposure *exposure, epo__role role, epo__pixel_type type, const epo__canvas *canvas, int x,
                             int y, int side)
{
    epo__plane *plane;
    epo_status status = epo__batch_plane(batch, exposure, role, &plane);
    if (status != EPO_OK) return status;
    if (!epo__image_resize(&plane->image, type, (size_t)side, (size_t)side)) return epo__nomem("a stamp");
    if (type == EPO__PIXEL_I16) {
        epo__render_to_i16(canvas, x, y, side, plane->image.pixels);
    } else {
        float *out = plane->image.pixels;
        for (int row = 0; row < side; row++)
            memcpy(out + (size_t)row * (size_t)side, canvas->pixels + (size_t)(y + row) * (size_t)canvas->width + x, (size_t)side * sizeof *out);
    }
    epo__batch_check_constant(batch, plane);
    return EPO_OK;
}

static epo_status add_subjects(const epo__simulation *s, const epo__cast *cast, const epo__field *field, const epo__scene *scene, epo__batch *out)
{
    const double scale = s->telescope->camera.pixel_scale;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < scene->actor_count; i++) {
        const epo__actor *a = &scene->actors[i];
        char name[64];
        size_t index;
        snprintf(name, sizeof name, "S%llu-%06llu", (unsigned long long)s->options.seed, (unsigned long long)cast->first + i);
        if ((status = epo__batch_subject(out, name, &index)) != EPO_OK) return status;
        epo__subject *subject = &out->subjects[index];
        subject->ra = fmod(field->ra + a->x * scale / 3600 / cos(field->dec * M_PI / 180) + 360, 360);
        subject->dec = field->dec + a->y * scale / 3600;
        subject->class_name = epo__batch_text(out, a->class_name);
        subject->class_given = epo__batch_text(out, a->light.about);
        subject->parent = epo__batch_text(out, field->name);
        if (!subject->class_name || !subject->class_given || !subject->parent) return epo__nomem("objects");
    }
    return status;
}

static epo_status add_point(const epo__simulation *s, epo__batch *out, size_t subject, const epo__visit *v, const char *method, double mag, double mag_err)
{
    epo__point *point;
    epo_status status = epo__batch_point(out, subject, &point);
    if (status != EPO_OK) return status;
    point->method = method;
    point->mjd = v->mjd;
    point->mag = mag;
    point->mag_err = mag_err;
    point->filter = s->telescope->camera.filter;
    return EPO_OK;
}

/* Photometry as a catalogue has it (source and galaxy in one aperture, with noise and a calibration floor), and the truth
 * (the source alone; of a galaxy the galaxy). */
static epo_status add_points(const epo__simulation *s, epo__rng *rng, const epo__actor *a, size_t subject, size_t visit, const epo__visit *v,
                             epo__batch *out)
{
    const bool extended = isfinite(a->light.host.mag);
    const double total = epo__mag_sum(a->mags[visit], a->light.host.mag), flux = isfinite(total) ? pow(10, -0.4 * (total - v->zero_point)) : 0;
    const double sigma = v->psf.fwhm / 2.355, radius = extended ? a->light.host.shape.radius : 0, gain = s->telescope->camera.gain;
    const double area = 4 * M_PI * (sigma * sigma + 1.0 / 12 + 0.25 * radius * radius), noise = epo__visit_noise(&s->telescope->camera, v);
    const double sd = sqrt(flux / gain + area * noise * noise + pow(CALIBRATION * flux, 2)), measured = flux + sd * epo__rng_normal(rng);
    epo_status status = EPO_OK;
    if (s->options.light_curves && measured > DETECTION * sd)
        status = add_point(s, out, subject, v, "given", v->zero_point - 2.5 * log10(measured), 2.5 / M_LN10 * sd / measured);
    const double truth = isfinite(a->mags[visit]) ? a->mags[visit] : a->kind->make == epo__light_galaxy ? a->light.host.mag : INFINITY;
    if (status == EPO_OK && s->options.truth && isfinite(truth)) status = add_point(s, out, subject, v, "truth", truth, NAN);
    return status;
}

static epo_status add_stamp(const epo__simulation *s, const epo__field *field, const epo__visit *v, size_t subject, const epo__canvas *canvas, int x,
                            int y, epo__batch *out)
{
    char date[11], key[96];
    size_t index;
    epo__date_of_mjd(v->mjd, date);
    snprintf(key, sizeof key, "%s-%s-%d", field->name, date, v->number);
    epo_status status = epo__batch_exposure(out, subject, key, &index);
    if (status != EPO_OK) return status;
    epo__exposure *e = &out->exposures[index];
    e->key = e->id;
    e->filter = s->telescope->camera.filter;
    e->fwhm = v->psf.fwhm;
    if ((status = epo__batch_time(out, e, v->mjd)) != EPO_OK) return status;
    if (s->telescope->cadence.visits_apart && !(e->night = epo__batch_textf(out, "%s.%d", date, v->number))) return epo__nomem("night");
    return epo__simulate_cut(out, e, EPO__ROLE_SCIENCE, EPO__PIXEL_I16, canvas, x, y, s->options.side);
}

/* One visit: the picture, then each object's stamp that has its middle on the detector. */
static epo_status visit_field(const epo__simulation *s, const epo__cast *cast, const epo__field *field, const epo__scene *scene, size_t index,
                              const epo__canvas *canvas, epo__batch *out)
{
    const epo__visit *v = &field->visits[index];
    const int size = canvas->width, side = s->options.side, x = (int)lround(v->x) - size / 2, y = (int)lround(v->y) - size / 2;
    const uint64_t number = cast->field << 20 | index;
    epo__rng rng = epo__simulate_rng(s->detector.seed, "visit", number);
    memset(canvas->pixels, 0, (size_t)size * (size_t)size * sizeof *canvas->pixels);
    epo__scene_render(scene, v, index, &v->psf, 0, 0, canvas, x, y);
    epo__detector_expose(&s->detector, canvas, x, y, "noise", number);

    const double error_x = epo__draw_normal(&rng, 0, OFFSET, -1.5, 1.5), error_y = epo__draw_normal(&rng, 0, OFFSET, -1.5, 1.5);
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < scene->actor_count; i++) {
        const epo__actor *a = &scene->actors[i];
        const int middle_x = (int)lround(v->x + a->x + error_x), middle_y = (int)lround(v->y + a->y + error_y);
        if (middle_x < 0 || middle_y < 0 || middle_x >= s->telescope->camera.width || middle_y >= s->telescope->camera.height) continue;
        status = add_stamp(s, field, v, i, canvas, middle_x - x - side / 2, middle_y - y - side / 2, out);
        if (status == EPO_OK && (s->options.light_curves || s->options.truth)) status = add_points(s, &rng, a, i, index, v, out);
    }
    return status;
}

epo_status epo__simulate_sequences(const epo__simulation *s, const epo__cast *cast, epo__darkroom *room, epo__batch *out)
{
    const epo_simulate_options *o = &s->options;
    const int size = o->side + 2 * MARGIN;
    epo__field field = {0};
    epo__scene scene = {0};
    epo__canvas canvas;
    epo_status status = epo__field_make(s->telescope, o->seed, cast->field, o->nights, o->visits, &field);
    if (status == EPO_OK) status = epo__scene_make(o->seed, &field, 0.5 * size + 10, &scene);
    if (status == EPO_OK) status = epo__scene_cast(o->seed, &field, cast->classes, cast->first, cast->count, SPREAD, &scene);
    if (status == EPO_OK) status = epo__darkroom_open(room, size, size, 1, &canvas);
    if (status == EPO_OK) status = add_subjects(s, cast, &field, &scene, out);
    for (size_t i = 0; status == EPO_OK && i < field.visit_count; i++) status = visit_field(s, cast, &field, &scene, i, &canvas, out);
    epo__scene_free(&scene);
    free(field.visits);
    return status;
}
