/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_candidates.c - what an image-subtraction pipeline finds: real sources, and the many ways to be wrong.
 *
 * A template (deep, in better seeing) is matched to a visit and subtracted from it. The match is never perfect: the
 * difference is made from a second picture of the same sky in the visit's seeing, a little shifted and a little too sharp
 * or too soft, with the template's own noise blurred as the matching would. A candidate is centred on the brightest spot
 * of the difference near the place where something was put, as a detection would be. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/simulate_field.h"
#include "data/simulate_scene.h"

enum { MARGIN = 16, NEAR = 3, FAR = 14 }; /* pixels around a stamp; where a detection is looked for */
static const double DEPTH = 16;           /* exposures in a template */
static const double TEMPLATE_FWHM = 2.3;  /* arcseconds */
static const double SPREAD = 28;

/* What went wrong, or right, at one place. */
typedef struct mishap {
    double dx, dy;     /* registration, pixels */
    double blur;       /* width of the matched template over that of the visit */
    double flux;       /* its flux over the visit's */
    int look;          /* how far off the detection may lie */
} mishap;

/* One candidate being made. Places are pixels from the field's centre, then of the canvas. */
typedef struct candidate {
    epo__rng rng;
    epo__visit visit;
    const epo__camera *camera;
    epo__scene *scene;
    double x, y;
    mishap match;
    double transient;  /* mag of a new source at the place; INFINITY none */
} candidate;

static epo_status add_star(candidate *c, double mag)
{
    return epo__scene_add(c->scene, &(epo__static_source){.x = c->x, .y = c->y, .mag = mag});
}

/* --- before the exposure: what stands there, and how the match fails ------------------------------------------------- */

/* A new source that is bright enough to be found, more often faint than bright: on empty sky, off a galaxy's middle, or
 * on a star that brightens. */
static epo_status stage_real(candidate *c)
{
    const double sigma = c->visit.psf.fwhm / 2.355, area = 4 * M_PI * (sigma * sigma + 1.0 / 12);
    const double limit = c->visit.zero_point - 2.5 * log10(5 * epo__visit_noise(c->camera, &c->visit) * sqrt(area)), where = epo__rng_uniform(&c->rng);
    c->transient = limit - (limit - 14.5) * pow(epo__rng_uniform(&c->rng), 1.7);
    if (where < 0.4) return EPO_OK;
    if (where > 0.9) return add_star(c, epo__draw_between(&c->rng, 15.5, 20));
    epo__static_source galaxy = {.mag = epo__draw_between(&c->rng, 15.5, 20), .extended = true};
    const double radius = epo__draw_lognormal(&c->rng, 1.4 * pow(10, -0.15 * (galaxy.mag - 18)), 0.4, 0.4, 10);
    galaxy.shape = epo__draw_shape(&c->rng, where < 0.55 ? EPO__DE_VAUCOULEURS : EPO__EXPONENTIAL, radius);
    galaxy.x = c->x + radius * epo__rng_normal(&c->rng);
    galaxy.y = c->y + radius * epo__rng_normal(&c->rng);
    return epo__scene_add(c->scene, &galaxy);
}

static epo_status stage_misregistered(candidate *c)
{
    const double far = epo__draw_between(&c->rng, 0.2, 0.9), turn = epo__draw_between(&c->rng, 0, 2 * M_PI);
    c->match.dx = far * cos(turn);
    c->match.dy = far * sin(turn);
    return add_star(c, epo__draw_between(&c->rng, 12.5, 17));
}

static epo_status stage_mismatched(candidate *c)
{
    c->match.blur = exp((epo__rng_uniform(&c->rng) < 0.5 ? -1 : 1) * epo__draw_between(&c->rng, 0.08, 0.3));
    return add_star(c, epo__draw_between(&c->rng, 12.5, 16.5));
}

static epo_status stage_saturated(candidate *c)
{
    return add_star(c, epo__draw_between(&c->rng, 9.5, 12));
}

static epo_status stage_edge(candidate *c)
{
    /* the field moves so that the place comes to lie at an edge */
    const double inside = epo__draw_between(&c->rng, 0, 4);
    const bool far_end = epo__rng_uniform(&c->rng) < 0.5;
    if (epo__rng_uniform(&c->rng) < 0.5)
        c->visit.x = (far_end ? c->camera->width - 1 - inside : inside) - c->x;
    else
        c->visit.y = (far_end ? c->camera->height - 1 - inside : inside) - c->y;
    return EPO_OK;
}

static epo_status stage_noise(candidate *c)
{
    c->match.look = FAR; /* the highest peak of a large area */
    return EPO_OK;
}

/* --- after the exposure: what hits the detector; (x, y) is the place on the canvas ------------------------------------ */

static void hit_hot_pixel(candidate *c, const epo__canvas *canvas, double x, double y)
{
    epo__render_track(canvas, x, y, 0, 0, epo__draw_lognormal(&c->rng, 600, 1, 90, 30000));
}

static void hit_cosmic_ray(candidate *c, const epo__canvas *canvas, double x, double y)
{
    epo__cosmic_ray(&c->rng, canvas, x, y);
}

static void hit_trail(candidate *c, const epo__canvas *canvas, double x, double y)
{
    epo__satellite(&c->rng, canvas, &c->visit.psf, x, y);
}

static void hit_column(candidate *c, const epo__canvas *canvas, double x, double y)
{
    epo__spoil_column(canvas, (int)lround(x), (int)lround(y - epo__draw_between(&c->rng, 0, 60)), epo__rng_uniform(&c->rng) < 0.8);
}

/* The outermost rows or columns hold spurious charge. */
static void hit_edge(candidate *c, const epo__canvas *canvas, double x, double y)
{
    const double glow = epo__draw_lognormal(&c->rng, 250, 0.8, 60, 5000);
    const int width = 1 + (int)epo__rng_below(&c->rng, 2), left = (int)lround(c->visit.x + c->x - x), top = (int)lround(c->visit.y + c->y - y);
    for (int row = 0; row < canvas->height; row++)
        for (int i = 0; i < canvas->width; i++) {
            const int u = left + i, w = top + row;
            if (u < width || w < width || u >= c->camera->width - width || w >= c->camera->height - width)
                canvas->pixels[(size_t)row * (size_t)canvas->width + (size_t)i] += (float)glow;
        }
}

typedef struct kind {
    const char *name;
    double share; /* of the bogus candidates */
    epo_status (*stage)(candidate *c);                                      /* NULL: nothing to stage */
    void (*hit)(candidate *c, const epo__canvas *canvas, double x, double y); /* NULL: nothing hits */
} kind;

static const kind real_kind = {"real", 1, stage_real, NULL};
static const kind bogus_kinds[] = {
    {"misregistration", 0.24, stage_misregistered, NULL},
    {"psf-mismatch", 0.18, stage_mismatched, NULL},
    {"saturated-star", 0.08, stage_saturated, NULL},
    {"cosmic-ray", 0.14, NULL, hit_cosmic_ray},
    {"hot-pixel", 0.10, NULL, hit_hot_pixel},
    {"trail", 0.05, NULL, hit_trail},
    {"bad-column", 0.06, NULL, hit_column},
    {"edge", 0.05, stage_edge, hit_edge},
    {"noise-peak", 0.10, stage_noise, NULL},
};

const char *epo__bogus_kind(size_t index, double *share)
{
    if (index >= sizeof bogus_kinds / sizeof *bogus_kinds) return NULL;
    *share = bogus_kinds[index].share;
    return bogus_kinds[index].name;
}

static const kind *draw_kind(epo__rng *rng, const char *class_name)
{
    double left = epo__rng_uniform(rng);
    if (strcmp(class_name, "real") == 0) return &real_kind;
    size_t i = 0;
    while (i + 1 < sizeof bogus_kinds / sizeof *bogus_kinds && (left -= bogus_kinds[i].share) >= 0) i++;
    return &bogus_kinds[i];
}

/* --- pictures ------------------------------------------------------------------------------------------------------------ */

enum { SCIENCE, TEMPLATE, MATCHED, NOISE, SCRATCH, PICTURES };

static void clear(const epo__canvas *canvas)
{
    memset(canvas->pixels, 0, (size_t)canvas->width * (size_t)canvas->height * sizeof *canvas->pixels);
}

/* Template, and in NOISE its noise alone. */
static void take_template(const candidate *c, const epo__canvas *p, int x, int y, uint64_t seed, uint64_t stream, epo__visit *template)
{
    *template = c->visit;
    template->zero_point = c->camera->zero_point;
    template->sky = 250;
    template->slope_x = template->slope_y = 0;
    template->psf = (epo__psf){fmin(TEMPLATE_FWHM / c->camera->pixel_scale, c->visit.psf.fwhm), 1};
    const size_t count = (size_t)p->width * (size_t)p->height;
    clear(&p[TEMPLATE]);
    epo__scene_render(c->scene, template, 0, &template->psf, c->match.dx, c->match.dy, &p[TEMPLATE], x, y);
    memcpy(p[NOISE].pixels, p[TEMPLATE].pixels, count * sizeof *p->pixels);
    epo__render_noise(&p[TEMPLATE], seed, stream, c->camera->gain * DEPTH, c->camera->read_noise / sqrt(DEPTH));
    for (size_t i = 0; i < count; i++) p[NOISE].pixels[i] = p[TEMPLATE].pixels[i] - p[NOISE].pixels[i];
    epo__render_bleed(&p[TEMPLATE], c->camera->full_well);
}

/* The difference, in MATCHED; SCIENCE and NOISE are finished with here. */
static void subtract(const candidate *c, const epo__visit *template, const epo__canvas *p, int x, int y)
{
    epo__visit matched = c->visit;
    epo__psf psf = c->visit.psf;
    matched.sky = matched.slope_x = matched.slope_y = 0;
    matched.zero_point += 2.5 * log10(c->match.flux);
    psf.fwhm *= c->match.blur;
    clear(&p[MATCHED]);
    epo__scene_render(c->scene, &matched, 0, &psf, c->match.dx, c->match.dy, &p[MATCHED], x, y);
    const double wider = psf.fwhm * psf.fwhm - template->psf.fwhm * template->psf.fwhm;
    epo__render_blur(&p[NOISE], wider > 0 ? sqrt(wider) / 2.355 : 0, p[SCRATCH].pixels);
    const float scale = (float)pow(10, 0.4 * (matched.zero_point - template->zero_point)), sky = (float)c->visit.sky;
    const size_t count = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < count; i++) {
        const float read = p[SCIENCE].pixels[i] > 32767 ? 32767 : p[SCIENCE].pixels[i];
        p[MATCHED].pixels[i] = read - sky - p[MATCHED].pixels[i] - scale * p[NOISE].pixels[i];
    }
    epo__detector_edge(c->camera, &p[MATCHED], x, y);
}

static double box_sum(const epo__canvas *canvas, int x, int y, int reach)
{
    double sum = 0;
    for (int row = y - reach; row <= y + reach; row++)
        for (int i = x - reach; i <= x + reach; i++) sum += canvas->pixels[(size_t)row * (size_t)canvas->width + (size_t)i];
    return sum;
}

/* The brightest 3 x 3 pixels of the difference near (x, y), which moves there. */
static void detect(const epo__canvas *difference, int look, int *x, int *y)
{
    const int middle_x = *x, middle_y = *y;
    double best = -INFINITY;
    for (int v = middle_y - look; v <= middle_y + look; v++)
        for (int u = middle_x - look; u <= middle_x + look; u++) {
            double sum = box_sum(difference, u, v, 1);
            if (sum > best) {
                best = sum;
                *x = u;
                *y = v;
            }
        }
}

/* --- candidates ------------------------------------------------------------------------------------------------------------ */

static epo_status add_candidate(const epo__simulation *s, const epo__field *field, const candidate *c, const kind *k, const char *class_name,
                                uint64_t number, const epo__canvas *p, int x, int y, epo__batch *out)
{
    char name[64], key[128];
    size_t subject, index;
    snprintf(name, sizeof name, "C%llu-%06llu", (unsigned long long)s->options.seed, (unsigned long long)number);
    snprintf(key, sizeof key, "%s-c%06llu", field->name, (unsigned long long)number);
    epo_status status = epo__batch_subject(out, name, &subject);
    if (status == EPO_OK) status = epo__batch_exposure(out, subject, key, &index);
    if (status != EPO_OK) return status;
    epo__subject *row = &out->subjects[subject];
    row->ra = field->ra;
    row->dec = field->dec;
    row->class_name = epo__batch_text(out, class_name);
    row->class_given = isfinite(c->transient) ? epo__batch_textf(out, "%s, %.1f", k->name, c->transient) : epo__batch_text(out, k->name);
    row->parent = epo__batch_text(out, field->name);
    if (!row->class_name || !row->class_given || !row->parent) return epo__nomem("candidates");
    epo__exposure *e = &out->exposures[index];
    const double flux = box_sum(&p[MATCHED], x, y, 2), noise = epo__visit_noise(c->camera, &c->visit);
    e->key = e->id;
    e->filter = c->camera->filter;
    e->fwhm = c->visit.psf.fwhm;
    e->candid = (int64_t)number + 1;
    if (flux > 0) { /* measured alike whatever it is */
        e->mag = c->visit.zero_point - 2.5 * log10(flux);
        e->mag_err = 2.5 / M_LN10 * sqrt(25 * noise * noise + flux / c->camera->gain) / flux;
    }
    const int side = s->options.side, left = x - side / 2, top = y - side / 2;
    if ((status = epo__batch_time(out, e, c->visit.mjd)) != EPO_OK) return status;
    status = epo__simulate_cut(out, e, EPO__ROLE_SCIENCE, EPO__PIXEL_I16, &p[SCIENCE], left, top, side);
    if (status == EPO_OK) status = epo__simulate_cut(out, e, EPO__ROLE_TEMPLATE, EPO__PIXEL_I16, &p[TEMPLATE], left, top, side);
    if (status == EPO_OK) status = epo__simulate_cut(out, e, EPO__ROLE_DIFFERENCE, EPO__PIXEL_F32, &p[MATCHED], left, top, side);
    return status;
}

static epo_status make_candidate(const epo__simulation *s, const epo__field *field, epo__scene *scene, const char *class_name, uint64_t number,
                                 const epo__canvas *p, epo__batch *out)
{
    const uint64_t seed = s->options.seed;
    candidate c = {.rng = epo__simulate_rng(seed, "candidate", number), .camera = &s->telescope->camera, .scene = scene, .transient = INFINITY,
                   .match = {.look = NEAR}};
    c.visit = field->visits[epo__rng_below(&c.rng, (uint32_t)field->visit_count)];
    c.x = epo__draw_between(&c.rng, -SPREAD, SPREAD);
    c.y = epo__draw_between(&c.rng, -SPREAD, SPREAD);
    c.match.dx = 0.06 * epo__rng_normal(&c.rng); /* how well it works when it works */
    c.match.dy = 0.06 * epo__rng_normal(&c.rng);
    c.match.blur = exp(0.02 * epo__rng_normal(&c.rng));
    c.match.flux = exp(0.01 * epo__rng_normal(&c.rng));
    const kind *k = draw_kind(&c.rng, class_name);
    const size_t kept = scene->source_count;
    epo_status status = k->stage ? k->stage(&c) : EPO_OK;
    if (status != EPO_OK) return status;

    const int size = p->width, x = (int)lround(c.visit.x + c.x) - size / 2, y = (int)lround(c.visit.y + c.y) - size / 2;
    const double place_x = c.visit.x + c.x - x, place_y = c.visit.y + c.y - y;
    clear(&p[SCIENCE]);
    epo__scene_render(scene, &c.visit, 0, &c.visit.psf, 0, 0, &p[SCIENCE], x, y);
    if (isfinite(c.transient))
        epo__render_star(&p[SCIENCE], &c.visit.psf, place_x, place_y, pow(10, -0.4 * (c.transient - c.visit.zero_point)), c.camera->cut);
    epo__detector_expose(&s->detector, &p[SCIENCE], x, y, "candidate noise", number);
    if (k->hit) {
        k->hit(&c, &p[SCIENCE], place_x, place_y);
        epo__detector_edge(c.camera, &p[SCIENCE], x, y);
    }
    epo__visit template;
    take_template(&c, p, x, y, seed, epo__simulate_rng(seed, "template noise", number).stream, &template);
    subtract(&c, &template, p, x, y);
    scene->source_count = kept;
    int found_x = (int)lround(place_x), found_y = (int)lround(place_y);
    detect(&p[MATCHED], c.match.look, &found_x, &found_y);
    return add_candidate(s, field, &c, k, class_name, number, p, found_x, found_y, out);
}

epo_status epo__simulate_candidates(const epo__simulation *s, const epo__cast *cast, epo__darkroom *room, epo__batch *out)
{
    const epo_simulate_options *o = &s->options;
    const int size = o->side + 2 * MARGIN;
    epo__field field = {0};
    epo__scene scene = {0};
    epo__canvas pictures[PICTURES];
    epo_status status = epo__field_make(s->telescope, o->seed, cast->field, o->nights, o->visits, &field);
    if (status == EPO_OK) status = epo__scene_make(o->seed, &field, SPREAD + 0.5 * size + 10, &scene);
    if (status == EPO_OK) status = epo__darkroom_open(room, size, size, PICTURES, pictures);
    for (size_t i = 0; status == EPO_OK && i < cast->count; i++)
        status = make_candidate(s, &field, &scene, cast->classes[i]->name, cast->first + i, pictures, out);
    epo__scene_free(&scene);
    free(field.visits);
    return status;
}
