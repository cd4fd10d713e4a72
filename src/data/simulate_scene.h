/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_scene.h - what shines in a field: stars, galaxies, and the objects that the field is there for. */
#ifndef EPO_DATA_SIMULATE_SCENE_H
#define EPO_DATA_SIMULATE_SCENE_H

#include "data/lightcurve_models.h"
#include "data/simulate_classes.h"
#include "data/simulate_sky.h"

/* Positions are pixels from the field's centre. */
typedef struct epo__static_source {
    double x, y, mag;
    bool extended;
    epo__galaxy shape; /* when extended */
} epo__static_source;

typedef struct epo__actor {
    const epo__light_kind *kind;
    const char *class_name;
    double x, y;
    double *mags; /* one a visit */
    epo__light light;
} epo__actor;

typedef struct epo__scene {
    const epo__telescope *telescope;
    epo__static_source *sources;
    size_t source_count, source_room;
    epo__actor *actors;
    size_t actor_count;
    double *mags; /* of all actors */
} epo__scene;

/* Fills in the field's own stars and galaxies as far as `reach` pixels from its centre in x and y. EPO_ENOMEM. */
epo_status epo__scene_make(uint64_t seed, const epo__field *field, double reach, epo__scene *out);

/* Adds the objects with the numbers first ... first + count - 1 of the classes given, within `spread` pixels of the
 * centre in x and y. Each follows from (seed, its number) and the field's visits. EPO_ENOMEM. */
epo_status epo__scene_cast(uint64_t seed, const epo__field *field, const epo__cast_class *const *classes, uint64_t first, size_t count,
                           double spread, epo__scene *scene);

/* Adds one more source. EPO_ENOMEM. */
epo_status epo__scene_add(epo__scene *scene, const epo__static_source *source);

/* Draws all light of visit `index` on the canvas, whose pixel (0, 0) is (x, y) of the detector, and the sky under it. The
 * PSF may be another than the visit's; `dx`, `dy` move everything. */
void epo__scene_render(const epo__scene *scene, const epo__visit *visit, size_t index, const epo__psf *psf, double dx, double dy,
                       const epo__canvas *canvas, int x, int y);

void epo__scene_free(epo__scene *scene);

#endif
