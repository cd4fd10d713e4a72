/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_detector.c - from light to what is read out. The rates were chosen for this simulator. */
#include "data/simulate_detector.h"

#include <math.h>

#include "data/lightcurve_models.h"

enum { BLOCK = 64 }; /* pixels: hot pixels are drawn block by block of the detector */
static const double HOT_PIXEL = 0.1;  /* a block */
static const double SATELLITE = 0.003; /* a block and exposure */
static const float BRIGHT_COLUMN = 240, DEAD_COLUMN = 0.1f; /* ADU more; share that is left */

epo__detector epo__detector_make(const epo__camera *camera, uint64_t seed)
{
    epo__detector d = {.camera = camera, .seed = seed};
    epo__rng rng = epo__simulate_rng(seed, "bad columns", 0);
    const uint32_t strip = (uint32_t)camera->width / EPO__BAD_COLUMNS; /* one bad column in each strip */
    for (uint32_t i = 0; i < EPO__BAD_COLUMNS; i++) {
        d.columns[i].x = (int)(i * strip + epo__rng_below(&rng, strip));
        d.columns[i].from = (int)epo__rng_below(&rng, (uint32_t)camera->height);
        d.columns[i].bright = i % 2;
    }
    return d;
}

double epo__visit_noise(const epo__camera *camera, const epo__visit *visit)
{
    return sqrt(visit->sky / camera->gain + camera->read_noise * camera->read_noise);
}

void epo__cosmic_ray(epo__rng *rng, const epo__canvas *canvas, double x, double y)
{
    const double angle = epo__draw_between(rng, 0, 2 * M_PI), length = fmin(-4 * log(1 - epo__rng_uniform(rng)), 40);
    epo__render_track(canvas, x, y, angle, length, epo__draw_lognormal(rng, 1500, 1, 150, 40000));
}

void epo__satellite(epo__rng *rng, const epo__canvas *canvas, const epo__psf *psf, double x, double y)
{
    const double angle = epo__draw_between(rng, 0, M_PI), peak = epo__draw_lognormal(rng, 150, 0.8, 30, 5000);
    epo__render_trail(canvas, x, y, angle, peak, 0.45 * psf->fwhm * epo__draw_between(rng, 1, 1.5));
}

void epo__spoil_column(const epo__canvas *canvas, int x, int from, bool bright)
{
    if (x < 0 || x >= canvas->width) return;
    for (int y = from < 0 ? 0 : from; y < canvas->height; y++) {
        float *pixel = canvas->pixels + (size_t)y * (size_t)canvas->width + x;
        *pixel = bright ? *pixel + BRIGHT_COLUMN : DEAD_COLUMN * *pixel;
    }
}

void epo__detector_edge(const epo__camera *camera, const epo__canvas *canvas, int x, int y)
{
    if (x >= 0 && y >= 0 && x + canvas->width <= camera->width && y + canvas->height <= camera->height) return;
    for (int row = 0; row < canvas->height; row++)
        for (int i = 0; i < canvas->width; i++)
            if (x + i < 0 || x + i >= camera->width || y + row < 0 || y + row >= camera->height)
                canvas->pixels[(size_t)row * (size_t)canvas->width + (size_t)i] = 0;
}

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static void add_hot_pixels(const epo__detector *d, const epo__canvas *canvas, int x, int y)
{
    for (int by = floor_div(y, BLOCK); by <= floor_div(y + canvas->height - 1, BLOCK); by++)
        for (int bx = floor_div(x, BLOCK); bx <= floor_div(x + canvas->width - 1, BLOCK); bx++) {
            if (bx < 0 || by < 0) continue;
            epo__rng rng = epo__simulate_rng(d->seed, "hot pixels", (uint64_t)by * 1024 + (uint64_t)bx);
            if (epo__rng_uniform(&rng) >= HOT_PIXEL) continue;
            const int px = bx * BLOCK + (int)epo__rng_below(&rng, BLOCK) - x, py = by * BLOCK + (int)epo__rng_below(&rng, BLOCK) - y;
            const double level = epo__draw_lognormal(&rng, 300, 1, 60, 20000);
            if (px >= 0 && py >= 0 && px < canvas->width && py < canvas->height)
                canvas->pixels[(size_t)py * (size_t)canvas->width + (size_t)px] += (float)level;
        }
}

/* How many of something rare happen: a Poisson draw by counting exponential steps. */
static int draw_count(epo__rng *rng, double mean)
{
    int count = 0;
    for (double left = mean + log(1 - epo__rng_uniform(rng)); left > 0 && count < 100; left += log(1 - epo__rng_uniform(rng))) count++;
    return count;
}

void epo__detector_expose(const epo__detector *detector, const epo__canvas *canvas, int x, int y, const char *purpose, uint64_t number)
{
    const epo__camera *camera = detector->camera;
    const epo__rng noise = epo__simulate_rng(detector->seed, purpose, number);
    epo__rng rng = epo__simulate_rng(detector->seed, "hits", noise.stream);
    const double blocks = (double)canvas->width * canvas->height / (BLOCK * BLOCK);
    for (int n = draw_count(&rng, SATELLITE * blocks); n > 0; n--) {
        const epo__psf focus = {.fwhm = 1.2, .stretch = 1};
        epo__satellite(&rng, canvas, &focus, epo__draw_between(&rng, 0, canvas->width), epo__draw_between(&rng, 0, canvas->height));
    }
    epo__render_noise(canvas, detector->seed, noise.stream, camera->gain, camera->read_noise);
    for (int n = draw_count(&rng, camera->cosmic_rays * blocks); n > 0; n--)
        epo__cosmic_ray(&rng, canvas, epo__draw_between(&rng, 0, canvas->width), epo__draw_between(&rng, 0, canvas->height));
    add_hot_pixels(detector, canvas, x, y);
    epo__render_bleed(canvas, camera->full_well);
    for (int i = 0; i < EPO__BAD_COLUMNS; i++)
        epo__spoil_column(canvas, detector->columns[i].x - x, detector->columns[i].from - y, detector->columns[i].bright);
    epo__detector_edge(camera, canvas, x, y);
}
