/* SPDX-License-Identifier: BSD-3-Clause
 * test_render.c - rendered stars and galaxies against their profiles, noise and detector effects against their laws. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "image/render.h"

enum { SIZE = 161 };

static float pixels[SIZE * SIZE], scratch[SIZE * SIZE];

static epo__canvas blank(void)
{
    memset(pixels, 0, sizeof pixels);
    return (epo__canvas){pixels, SIZE, SIZE};
}

typedef struct moments {
    double sum, x, y, xx, xy, yy;
} moments;

static moments measure(const epo__canvas *c)
{
    moments m = {0};
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            double v = c->pixels[y * c->width + x];
            m.sum += v;
            m.x += v * x;
            m.y += v * y;
        }
    m.x /= m.sum;
    m.y /= m.sum;
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            double v = c->pixels[y * c->width + x] / m.sum, dx = x - m.x, dy = y - m.y;
            m.xx += v * dx * dx;
            m.xy += v * dx * dy;
            m.yy += v * dy * dy;
        }
    return m;
}

static double inside(const epo__canvas *c, double x0, double y0, double radius)
{
    double sum = 0;
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            if (hypot(x - x0, y - y0) <= radius) sum += c->pixels[y * c->width + x];
    return sum;
}

static void near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s: %.6g, expected %.6g within %.3g", what, value, expected, tolerance);
}

/* Whatever the place within a pixel and however narrow the PSF, all light arrives, at the right place. */
static void test_star_flux_and_place(void **state)
{
    (void)state;
    static const double places[][2] = {{80, 80}, {80.5, 79.5}, {79.63, 81.21}};
    static const double widths[] = {0.4, 1.2, 3.1};
    for (size_t p = 0; p < 3; p++)
        for (size_t w = 0; w < 3; w++) {
            epo__canvas c = blank();
            epo__render_star(&c, &(epo__psf){widths[w], 1}, places[p][0], places[p][1], 12345, 1e-6);
            moments m = measure(&c);
            near(m.sum, 12345, 12, "flux");
            /* of a star narrower than its pixels the centroid over pixels is not its place */
            near(m.x, places[p][0], widths[w] < 1 ? 0.15 : 0.02, "x");
            near(m.y, places[p][1], widths[w] < 1 ? 0.15 : 0.02, "y");
        }
}

static void test_star_is_a_moffat(void **state)
{
    (void)state;
    const double fwhm = 14, a = 0.5 * fwhm / sqrt(cbrt(2) - 1), peak = 2 / (M_PI * a * a); /* beta 3: (beta - 1) / (pi a^2) */
    epo__canvas c = blank();
    epo__render_star(&c, &(epo__psf){fwhm, 1}, 80, 80, 1, 1e-12);
    for (int r = 0; r <= 30; r += 3) {
        double expected = peak * pow(1 + r * r / (a * a), -3);
        near(c.pixels[80 * SIZE + 80 + r], expected, 0.04 * expected + 0.002 * peak, "profile");
    }
    near(c.pixels[80 * SIZE + 87] / c.pixels[80 * SIZE + 80], 0.5, 0.015, "half maximum at half the FWHM");
}

static void test_star_stretch(void **state)
{
    (void)state;
    epo__canvas c = blank();
    epo__render_star(&c, &(epo__psf){4, 1.44}, 80.2, 80.1, 1000, 1e-6);
    moments m = measure(&c);
    near((m.xx - 1.0 / 12) / (m.yy - 1.0 / 12), 1.44 * 1.44, 0.02, "ratio of the variances");
    near(m.sum, 1000, 1, "flux");
}

/* What lies beyond the border is not drawn, and nothing is written there. */
static void test_star_off_canvas(void **state)
{
    (void)state;
    static const double places[][2] = {{-3, 50}, {50, SIZE + 4.0}, {-500, -500}, {SIZE - 0.5, -0.5}, {1e9, 0}};
    float guarded[10 * 10 + 20];
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        for (size_t i = 0; i < 120; i++) guarded[i] = 7;
        epo__canvas c = {guarded + 10, 10, 10};
        epo__render_star(&c, &(epo__psf){3, 1}, places[p][0], places[p][1], 1e6, 0.1);
        epo__render_galaxy(&c, &(epo__psf){3, 1}, &(epo__galaxy){EPO__EXPONENTIAL, 6, 0.5, 1}, places[p][0], places[p][1], 1e6, 0.1);
        for (size_t i = 0; i < 10; i++) assert_true(guarded[i] == 7 && guarded[110 + i] == 7);
    }
    epo__canvas c = {guarded + 10, 10, 10};
    for (size_t i = 0; i < 120; i++) guarded[i] = 0;
    epo__render_star(&c, &(epo__psf){2, 1}, -0.5, 4.5, 1000, 1e-6);
    near(measure(&c).sum, 500, 12, "half of a star on the border");
}

/* The light of a Sersic profile inside x half-light radii, by the integral: no table of the renderer is used. */
static double sersic_inside(double n, double b, double x, double end)
{
    double part = 0, all = 0, step = 1e-4;
    for (double r = step / 2; r < end; r += step) {
        double light = exp(-b * pow(r, 1 / n)) * r;
        all += light;
        if (r < x) part += light;
    }
    return part / all;
}

static void test_galaxy_profiles(void **state)
{
    (void)state;
    const struct {
        epo__profile profile;
        double n, b, end, tolerance;
    } cases[] = {{EPO__EXPONENTIAL, 1, 1.67835, 12, 0.008}, {EPO__DE_VAUCOULEURS, 4, 7.66925, 8, 0.025}};
    for (size_t i = 0; i < 2; i++) {
        const double radius = 12;
        epo__canvas c = blank();
        epo__render_galaxy(&c, &(epo__psf){0.2, 1}, &(epo__galaxy){cases[i].profile, radius, 1, 0}, 80, 80, 1, 1e-12);
        static const double steps[] = {0.5, 0.75, 1, 1.5, 2, 3};
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
            near(inside(&c, 80, 80, steps[k] * radius), sersic_inside(cases[i].n, cases[i].b, steps[k], cases[i].end), cases[i].tolerance,
                 "light inside");
    }
}

static void test_galaxy_shape(void **state)
{
    (void)state;
    const double angle = 0.6, ratio = 0.4;
    epo__canvas c = blank();
    epo__render_galaxy(&c, &(epo__psf){0.5, 1}, &(epo__galaxy){EPO__EXPONENTIAL, 8, ratio, angle}, 80.3, 79.8, 5000, 1e-6);
    moments m = measure(&c);
    near(m.sum, 5000, 5, "flux");
    near(m.x, 80.3, 5e-3, "x");
    near(m.y, 79.8, 5e-3, "y");
    near(0.5 * atan2(2 * m.xy, m.xx - m.yy), angle, 0.01, "angle");
    const double half = 0.5 * (m.xx + m.yy), root = sqrt(0.25 * pow(m.xx - m.yy, 2) + m.xy * m.xy);
    near(sqrt((half - root) / (half + root)), ratio, 0.02, "axis ratio");
}

static void test_noise_law(void **state)
{
    (void)state;
    const double gain = 2.3, read = 3.7;
    static const double levels[] = {0, 40, 5000};
    for (size_t k = 0; k < 3; k++) {
        epo__canvas c = blank();
        epo__render_sky(&c, levels[k], 0, 0);
        epo__render_noise(&c, 11, 22, gain, read);
        double sum = 0, square = 0, next = 0, cube = 0, variance = levels[k] / gain + read * read;
        for (int i = 0; i < SIZE * SIZE; i++) {
            double d = (pixels[i] - levels[k]) / sqrt(variance);
            sum += d;
            square += d * d;
            cube += d * d * d;
            if (i % SIZE) next += d * (pixels[i - 1] - levels[k]) / sqrt(variance);
        }
        const double n = SIZE * SIZE, error = 4 / sqrt(n); /* four standard errors */
        near(sum / n, 0, error, "mean");
        near(square / n, 1, 1.5 * error, "variance");
        near(cube / n, 0, 4 * error, "skewness");
        near(next / n, 0, error, "correlation of neighbours");
    }
    float first[64];
    epo__canvas small = {first, 8, 8}, other = {scratch, 8, 8};
    for (uint64_t stream = 0; stream < 2; stream++) {
        memset(first, 0, sizeof first);
        memset(scratch, 0, sizeof first);
        epo__render_noise(&small, 5, 0, 1, 1);
        epo__render_noise(&other, 5, stream, 1, 1);
        assert_int_equal(memcmp(first, scratch, sizeof first) == 0, stream == 0);
    }
}

static void test_sky_gradient(void **state)
{
    (void)state;
    epo__canvas c = blank();
    epo__render_sky(&c, 100, 0.5, -0.25);
    near(pixels[80 * SIZE + 80], 100, 1e-5, "middle");
    near(pixels[0], 100 - 0.5 * 80 + 0.25 * 80, 1e-4, "corner");
}

static void test_bleed(void **state)
{
    (void)state;
    epo__canvas c = blank();
    epo__render_sky(&c, 200, 0, 0);
    pixels[80 * SIZE + 40] = 400200;
    pixels[3 * SIZE + 41] = 900;
    const double before = measure(&c).sum;
    epo__render_bleed(&c, 40000);
    near(measure(&c).sum, before, 2, "charge");
    for (int y = 0; y < SIZE; y++) {
        assert_true(pixels[y * SIZE + 40] <= 40000);
        assert_true(pixels[y * SIZE + 39] == 200);
    }
    assert_true(pixels[3 * SIZE + 41] == 900);
    assert_true(pixels[78 * SIZE + 40] > 20000 && pixels[82 * SIZE + 40] > 20000 && pixels[60 * SIZE + 40] == 200);
    near(pixels[84 * SIZE + 40], pixels[76 * SIZE + 40], 1, "up and down alike");
}

static void test_track_and_trail(void **state)
{
    (void)state;
    epo__canvas c = blank();
    epo__render_track(&c, 50, 60, M_PI / 4, 20, 1000);
    near(measure(&c).sum, 1000, 0.01, "charge");
    assert_true(pixels[60 * SIZE + 50] > 0 && pixels[74 * SIZE + 64] > 0 && pixels[60 * SIZE + 52] == 0);
    epo__render_track(&c, SIZE - 3, 10, 0, 1000, 50);  /* leaves the canvas */
    epo__render_track(&c, -1e6, -1e6, 0, 10, 50);
    c = blank();
    epo__render_trail(&c, 80, 80, 0, 90, 1.5);
    for (int x = 0; x < SIZE; x += 40) {
        near(pixels[80 * SIZE + x], 90, 1e-3, "ridge");
        near(pixels[83 * SIZE + x], 90 * exp(-2), 1e-3, "two sigma off");
    }
}

static void test_blur(void **state)
{
    (void)state;
    epo__canvas c = blank();
    pixels[80 * SIZE + 80] = 1000;
    epo__render_blur(&c, 2.5, scratch);
    moments m = measure(&c);
    near(m.sum, 1000, 0.1, "sum");
    near(m.xx, 6.25, 0.05, "variance along x");
    near(m.yy, 6.25, 0.05, "variance along y");
    c = blank();
    epo__render_sky(&c, 33, 0, 0);
    epo__render_blur(&c, 3, scratch);
    near(pixels[0], 33, 1e-4, "a flat picture stays flat to its corner");
    pixels[5] = 77;
    epo__render_blur(&c, 0, scratch);
    assert_true(pixels[5] == 77);
}

static void test_to_i16(void **state)
{
    (void)state;
    float in[] = {1.4f, 1.6f, -40000, 40000, -2.6f, 32767.4f, 0.5f, 3, 9};
    int16_t out[4];
    epo__render_to_i16(&(epo__canvas){in, 3, 3}, 0, 0, 2, out);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 2);
    assert_int_equal(out[2], 32767);
    assert_int_equal(out[3], -3);
    epo__render_to_i16(&(epo__canvas){in, 3, 3}, 2, 0, 1, out);
    assert_int_equal(out[0], -32768);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_star_flux_and_place), cmocka_unit_test(test_star_is_a_moffat), cmocka_unit_test(test_star_stretch),
        cmocka_unit_test(test_star_off_canvas),     cmocka_unit_test(test_galaxy_profiles),  cmocka_unit_test(test_galaxy_shape),
        cmocka_unit_test(test_noise_law),           cmocka_unit_test(test_sky_gradient),     cmocka_unit_test(test_bleed),
        cmocka_unit_test(test_track_and_trail),     cmocka_unit_test(test_blur),             cmocka_unit_test(test_to_i16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
