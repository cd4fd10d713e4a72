/* SPDX-License-Identifier: BSD-3-Clause
 * test_inject.c - widths and cuts of stars against those that were drawn, and light in pixels of each type. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "image/inject.h"

enum { SIDE = 63 };

static void near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s: %.6g, expected %.6g within %.3g", what, value, expected, tolerance);
}

static epo__canvas sky(uint64_t seed, float *pixels)
{
    const epo__canvas canvas = {pixels, SIDE, SIDE};
    memset(pixels, 0, SIDE * SIDE * sizeof *pixels);
    (void)seed;
    epo__render_sky(&canvas, 200, 0.01, -0.02);
    return canvas;
}

static void widths_are_those_of_the_stars(void **state)
{
    (void)state;
    static float pixels[SIDE * SIDE];
    epo__image_work work = {0};
    for (int i = 0; i < 5; i++) {
        const double fwhm = (const double[]){1.4, 2, 2.8, 3.7, 5}[i];
        const epo__psf psf = {fwhm, 1};
        const epo__canvas canvas = sky(1, pixels);
        double found;
        /* a galaxy in the middle, wider than any star, two stars, and a faint one */
        epo__render_galaxy(&canvas, &psf, &(epo__galaxy){EPO__EXPONENTIAL, 3, 0.7, 0.4}, 31.2, 30.7, 60000, 0.01);
        epo__render_star(&canvas, &psf, 12.3, 14.8, 20000, 0.01);
        epo__render_star(&canvas, &psf, 50.4, 17.1, 9000, 0.01);
        epo__render_star(&canvas, &psf, 20.4, 50.1, 200, 0.01);
        epo__render_noise(&canvas, 5, (uint64_t)i, 2, 4);
        check_ok(epo__psf_find(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &found));
        near(found, fwhm, 0.05 * fwhm, "FWHM of the stars");
        /* saturated ones say nothing */
        check_ok(epo__psf_find(&(epo__raster){pixels, SIDE, SIDE}, 230, &work, &found));
        if (!isnan(found)) near(found, fwhm, 0.3 * fwhm, "FWHM of what is not saturated");
    }
    const epo__canvas canvas = sky(1, pixels);
    double found;
    epo__render_noise(&canvas, 5, 99, 2, 4);
    check_ok(epo__psf_find(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &found));
    assert_true(isnan(found));
    for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = 7;
    check_ok(epo__psf_find(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &found));
    assert_true(isnan(found));
    for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = NAN;
    check_fails(epo__psf_find(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &found), EPO_EFORMAT, "finite");
    epo__image_work_free(&work);
}

static void a_star_is_cut_out(void **state)
{
    (void)state;
    static float pixels[SIDE * SIDE];
    epo__image_work work = {0};
    epo__star_cut cut;
    const char *reason;
    const epo__psf psf = {2.6, 1};
    epo__canvas canvas = sky(1, pixels);
    epo__render_star(&canvas, &psf, 31.3, 30.6, 50000, 0.001);
    epo__render_noise(&canvas, 5, 7, 2, 4);
    check_ok(epo__star_cut_make(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &cut, &reason));
    assert_null(reason);
    near(cut.fwhm, 2.6, 0.1, "FWHM");
    near(cut.dx, 0.3, 0.03, "x of its middle");
    near(cut.dy, -0.4, 0.03, "y of its middle");
    double sum = 0, x = 0, y = 0, worst = 0;
    for (int v = 0; v < cut.side; v++)
        for (int u = 0; u < cut.side; u++) {
            const double p = cut.pixels[v * cut.side + u];
            sum += p;
            x += p * (u - cut.side / 2);
            y += p * (v - cut.side / 2);
        }
    near(sum, 1, 1e-5, "its light");
    near(x, 0.3, 0.05, "first moment");
    near(y, -0.4, 0.05, "first moment");
    /* added somewhere else it is that star there, of another flux */
    static float there[SIDE * SIDE], exact[SIDE * SIDE];
    memset(there, 0, sizeof there);
    memset(exact, 0, sizeof exact);
    epo__star_cut_add(&(epo__canvas){there, SIDE, SIDE}, &cut, 20, 40, 1000);
    epo__render_star(&(epo__canvas){exact, SIDE, SIDE}, &psf, 20 + cut.dx, 40 + cut.dy, 1000, 1e-6);
    for (int i = 0; i < SIDE * SIDE; i++) worst = fmax(worst, fabs(there[i] - exact[i]));
    near(worst, 0, 5, "a pixel of the star, of 150"); /* its light beyond three FWHM is missing, and there is noise */
    epo__star_cut_add(&(epo__canvas){there, SIDE, SIDE}, &cut, 0, SIDE - 1, 1000); /* over the corner */
    free(cut.pixels);

    /* what will not do */
    check_ok(epo__star_cut_make(&(epo__raster){pixels, SIDE, SIDE}, 2000, &work, &cut, &reason));
    assert_non_null(strstr(reason, "saturated"));
    pixels[31 * SIDE + 33] = NAN;
    check_ok(epo__star_cut_make(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &cut, &reason));
    assert_non_null(strstr(reason, "bad pixels"));
    canvas = sky(1, pixels);
    epo__render_star(&canvas, &psf, 31.3, 30.6, 300, 0.001);
    epo__render_noise(&canvas, 5, 7, 2, 4);
    check_ok(epo__star_cut_make(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &cut, &reason));
    assert_non_null(strstr(reason, "bright"));
    canvas = sky(1, pixels);
    epo__render_star(&canvas, &psf, 31.3, 30.6, 50000, 0.001);
    epo__render_star(&canvas, &psf, 36.3, 33.6, 45000, 0.001);
    epo__render_noise(&canvas, 5, 7, 2, 4);
    check_ok(epo__star_cut_make(&(epo__raster){pixels, SIDE, SIDE}, INFINITY, &work, &cut, &reason));
    assert_non_null(reason);
    assert_null(cut.pixels);
    epo__image_work_free(&work);
}

static void light_keeps_to_the_type(void **state)
{
    (void)state;
    float light[6] = {0, 10.4f, 300, -20, 1, 5};
    uint8_t bytes[6] = {7, 7, 7, 7, 255, 250};
    assert_int_equal(epo__pixels_inject(EPO__PIXEL_U8, bytes, 6, light, INFINITY), 3);
    assert_memory_equal(bytes, ((const uint8_t[]){7, 17, 255, 0, 255, 255}), 6);
    const float taken[6] = {0, 10.4f, 248, -7, 0, 5};
    for (int i = 0; i < 6; i++) near(light[i], taken[i], 1e-5, "what was added");

    float more[4] = {10000, 10000, 0.6f, 100};
    int16_t words[4] = {30000, -100, -3, 32767};
    assert_int_equal(epo__pixels_inject(EPO__PIXEL_I16, words, 4, more, 32000), 2);
    assert_memory_equal(words, ((const int16_t[]){32000, 9900, -2, 32767}), 8); /* one that was above stays */
    near(more[0], 2000, 0, "up to the ceiling");
    near(more[3], 0, 0, "nothing above it");

    uint16_t wide[1] = {65000};
    int32_t big[1] = {INT32_MAX - 5};
    double real[1] = {1e-3};
    float single[4] = {NAN, INFINITY, 1, 2}, few[4] = {3, 3, 3, 3}, one[3] = {1000, 1000, 0.25f};
    epo__pixels_inject(EPO__PIXEL_U16, wide, 1, &one[0], INFINITY);
    assert_int_equal(wide[0], 65535);
    epo__pixels_inject(EPO__PIXEL_I32, big, 1, &one[1], INFINITY);
    assert_int_equal(big[0], INT32_MAX);
    epo__pixels_inject(EPO__PIXEL_F64, real, 1, &one[2], INFINITY);
    near(real[0], 0.251, 1e-15, "double");
    assert_int_equal(epo__pixels_inject(EPO__PIXEL_F32, single, 4, few, 4.5), 1);
    assert_true(isnan(single[0]) && isinf(single[1]));
    near(single[2], 4, 0, "single");
    near(single[3], 4.5, 0, "single, cut");
}

static void photons_are_counted(void **state)
{
    (void)state;
    enum { MANY = 40000 };
    static float pixels[MANY];
    for (int k = 0; k < 4; k++) {
        const double level = (const double[]){0.4, 3, 30, 900}[k], gain = 1.7;
        epo__rng rng = {.seed = 9, .stream = (uint64_t)k};
        for (int i = 0; i < MANY; i++) pixels[i] = (float)level;
        epo__render_photons(&(epo__canvas){pixels, 200, 200}, &rng, gain);
        double mean = 0, squares = 0;
        for (int i = 0; i < MANY; i++) {
            near(pixels[i] * gain, round(pixels[i] * gain), 1e-3, "whole electrons");
            mean += pixels[i] / MANY;
            squares += (pixels[i] - level) * (pixels[i] - level) / MANY;
        }
        const double error = sqrt(level / gain / MANY);
        near(mean, level, 4.5 * error, "mean");
        near(squares, level / gain, 0.04 * level / gain, "variance");
    }
    float none[4] = {0, 0, 0, 0};
    epo__rng rng = {.seed = 9};
    epo__render_photons(&(epo__canvas){none, 2, 2}, &rng, 1);
    for (int i = 0; i < 4; i++) assert_true(none[i] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_those_of_the_stars), cmocka_unit_test(a_star_is_cut_out),
        cmocka_unit_test(light_keeps_to_the_type), cmocka_unit_test(photons_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
