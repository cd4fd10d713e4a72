/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_scene.c - stars, galaxies and objects of a field, and their picture. */
#include "data/simulate_scene.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

static const double STARS = 3000, GALAXIES = 800; /* a square degree to V = 20, the median field; docs/simulate.md */
static const double STAR_SLOPE = 0.25, GALAXY_SLOPE = 0.45; /* d log10 N / d mag */
static const double BLEND = 0.12;      /* objects with a star that touches them */
static const double APART = 7;         /* pixels between two objects */

/* Pixels in what light models and the numbers above call one. */
static double enlarge(const epo__telescope *t)
{
    return EPO__LIGHT_SCALE / t->camera.pixel_scale;
}

epo_status epo__scene_add(epo__scene *scene, const epo__static_source *source)
{
    if (!epo__grow(&scene->sources, &scene->source_room, scene->source_count + 1, sizeof *scene->sources)) return epo__nomem("stars");
    scene->sources[scene->source_count++] = *source;
    return EPO_OK;
}

static double draw_mag(const epo__reach *reach, epo__rng *rng, double slope)
{
    double mag = reach->faintest;
    for (int i = 0; i < 20; i++) {
        mag = reach->faintest + log10(1 - epo__rng_uniform(rng)) / slope;
        if (mag > reach->brightest) break;
    }
    return mag;
}

/* Sources of one kind on the square of half side `reach`, `density` to V = 20. */
static epo_status scatter(epo__rng *rng, double reach, double density, double slope, bool extended, epo__scene *out)
{
    const epo__telescope *t = out->telescope;
    const double side = 2 * reach * t->camera.pixel_scale / 3600, mean = density * pow(10, slope * (t->reach.faintest - 20)) * side * side;
    const long count = lround(fmax(0, mean + sqrt(mean) * epo__rng_normal(rng)));
    epo_status status = EPO_OK;
    for (long i = 0; status == EPO_OK && i < count; i++) {
        epo__static_source s = {.x = epo__draw_between(rng, -reach, reach), .y = epo__draw_between(rng, -reach, reach),
                                .mag = draw_mag(&t->reach, rng, slope), .extended = extended};
        if (extended) {
            epo__profile profile = epo__rng_uniform(rng) < 0.3 ? EPO__DE_VAUCOULEURS : EPO__EXPONENTIAL;
            s.shape = epo__draw_shape(rng, profile, enlarge(t) * epo__draw_lognormal(rng, 1.2 * pow(10, -0.15 * (s.mag - 19)), 0.4, 0.3, 15));
        }
        status = epo__scene_add(out, &s);
    }
    return status;
}

epo_status epo__scene_make(uint64_t seed, const epo__field *field, double reach, epo__scene *out)
{
    epo__rng rng = epo__simulate_rng(seed, "scene", field->number);
    *out = (epo__scene){.telescope = field->telescope};
    epo_status status = scatter(&rng, reach, epo__draw_lognormal(&rng, STARS, 0.6, 800, 15000), STAR_SLOPE, false, out);
    if (status == EPO_OK) status = scatter(&rng, reach, GALAXIES * epo__draw_lognormal(&rng, 1, 0.4, 0.3, 4), GALAXY_SLOPE, true, out);
    return status;
}

/* A place away from the other objects, when there is one. */
static void place(epo__rng *rng, double spread, const epo__scene *scene, epo__actor *actor)
{
    for (int i = 0; i < 50; i++) {
        bool crowded = false;
        actor->x = epo__draw_between(rng, -spread, spread);
        actor->y = epo__draw_between(rng, -spread, spread);
        for (size_t k = 0; k < scene->actor_count; k++)
            crowded = crowded || hypot(actor->x - scene->actors[k].x, actor->y - scene->actors[k].y) < APART;
        if (!crowded) return;
    }
}

epo_status epo__scene_cast(uint64_t seed, const epo__field *field, const epo__cast_class *const *classes, uint64_t first, size_t count, double spread,
                           epo__scene *scene)
{
    size_t room;
    if (!epo__size_mul(count, field->visit_count, &room)) return epo__nomem("light curves");
    scene->actors = epo__alloc(count, sizeof *scene->actors);
    scene->mags = epo__alloc(room, sizeof *scene->mags);
    double *mjd = epo__alloc(field->visit_count, sizeof *mjd);
    epo_status status = scene->actors && scene->mags && mjd ? EPO_OK : epo__nomem("light curves");
    for (size_t i = 0; status == EPO_OK && i < field->visit_count; i++) mjd[i] = field->visits[i].mjd;
    const epo__telescope *t = field->telescope;
    const double third = t->cadence.days / 3.0;
    const epo__times times = {mjd, field->visit_count, field->start + third, field->start + 2 * third, t->reach.fainter, t->reach.deeper};
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        epo__rng rng = epo__simulate_rng(seed, "object", first + i);
        epo__actor *actor = &scene->actors[i];
        actor->class_name = classes[i]->name;
        actor->kind = epo__cast_class_draw(classes[i], &rng);
        actor->mags = scene->mags + i * field->visit_count;
        place(&rng, spread, scene, actor);
        actor->kind->make(&rng, &times, actor->mags, &actor->light);
        actor->light.host.dx *= enlarge(t);
        actor->light.host.dy *= enlarge(t);
        actor->light.host.shape.radius *= enlarge(t);
        scene->actor_count++;
        if (epo__rng_uniform(&rng) >= BLEND) continue;
        const double far = enlarge(t) * epo__draw_between(&rng, 1.2, 4), turn = epo__draw_between(&rng, 0, 2 * M_PI);
        const epo__static_source neighbour = {.x = actor->x + far * cos(turn), .y = actor->y + far * sin(turn),
                                              .mag = epo__draw_between(&rng, 15.5, 20) + t->reach.fainter};
        status = epo__scene_add(scene, &neighbour);
    }
    free(mjd);
    return status;
}

void epo__scene_render(const epo__scene *scene, const epo__visit *visit, size_t index, const epo__psf *psf, double dx, double dy,
                       const epo__canvas *canvas, int x, int y)
{
    const double cut = scene->telescope->camera.cut, left = visit->x - x + dx, bottom = visit->y - y + dy;
    for (size_t i = 0; i < scene->source_count; i++) {
        const epo__static_source *s = &scene->sources[i];
        const double flux = pow(10, -0.4 * (s->mag - visit->zero_point));
        if (s->extended)
            epo__render_galaxy(canvas, psf, &s->shape, left + s->x, bottom + s->y, flux, cut);
        else
            epo__render_star(canvas, psf, left + s->x, bottom + s->y, flux, cut);
    }
    for (size_t i = 0; i < scene->actor_count; i++) {
        const epo__actor *a = &scene->actors[i];
        if (isfinite(a->mags[index]))
            epo__render_star(canvas, psf, left + a->x, bottom + a->y, pow(10, -0.4 * (a->mags[index] - visit->zero_point)), cut);
        if (isfinite(a->light.host.mag))
            epo__render_galaxy(canvas, psf, &a->light.host.shape, left + a->x + a->light.host.dx, bottom + a->y + a->light.host.dy,
                               pow(10, -0.4 * (a->light.host.mag - visit->zero_point)), cut);
    }
    epo__render_sky(canvas, visit->sky, visit->slope_x, visit->slope_y);
}

void epo__scene_free(epo__scene *scene)
{
    free(scene->sources);
    free(scene->actors);
    free(scene->mags);
    *scene = (epo__scene){0};
}
