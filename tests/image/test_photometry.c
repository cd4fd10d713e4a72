/* SPDX-License-Identifier: BSD-3-Clause
 * test_photometry.c - sky, shape and flux against closed formulas, against numpy, and against their own errors. */
#include "support/check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "image/magnitude.h"
#include "image/photometry.h"
#include "image/render.h"

enum { MOST = 81 };
static float pixels[MOST * MOST];
static epo__image_work work;

static int free_work(void **state)
{
    (void)state;
    epo__image_work_free(&work);
    return 0;
}

static epo__raster blank(int width, int height, float level)
{
    for (int i = 0; i < width * height; i++) pixels[i] = level;
    return (epo__raster){pixels, width, height};
}

/* A Gaussian star, integrated over each pixel. */
static void add_star(const epo__raster *r, double x, double y, double fwhm, double flux)
{
    const double s = M_SQRT2 * fwhm / 2.3548200450309493;
    for (int j = 0; j < r->height; j++)
        for (int i = 0; i < r->width; i++)
            pixels[j * r->width + i] += (float)(flux * 0.25 * (erf((i + 0.5 - x) / s) - erf((i - 0.5 - x) / s)) *
                                                (erf((j + 0.5 - y) / s) - erf((j - 0.5 - y) / s)));
}

static epo__flux_options standard(epo__flux_method method)
{
    return (epo__flux_options){.method = method, .radius = 4, .fwhm = 4, .annulus = {8, 16}, .saturation = INFINITY};
}

static epo__flux measure(const epo__raster *r, double x, double y, const epo__flux_options *o)
{
    epo__flux flux;
    check_ok(epo__flux_measure(r, x, y, o, NULL, &work, &flux));
    return flux;
}

static void near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s: %.9g, expected %.9g within %.3g", what, value, expected, tolerance);
}

static void a_star_without_noise_gives_its_flux(void **state)
{
    (void)state;
    static const double places[][2] = {{40, 40}, {40.5, 39.5}, {39.63, 41.21}}, widths[] = {1.1, 3, 5.7};
    for (size_t p = 0; p < 3; p++)
        for (size_t w = 0; w < 3; w++)
            for (int even = 0; even < 2; even++) {
                epo__raster r = blank(MOST - even, MOST, 0);
                add_star(&r, places[p][0], places[p][1], widths[w], 4321.5);
                epo__flux_options o = standard(EPO__FLUX_PSF);
                o.annulus = (epo__annulus){28, 40};
                o.fwhm = widths[w];
                epo__flux flux = measure(&r, places[p][0], places[p][1], &o);
                near(flux.flux, 4321.5, 4321.5e-6, "PSF");
                near(flux.coverage, 1, 1e-9, "coverage");
                assert_int_equal(flux.flags, 0);
                o = standard(EPO__FLUX_APERTURE);
                o.annulus = (epo__annulus){28, 40};
                o.radius = 25;
                near(measure(&r, places[p][0], places[p][1], &o).flux, 4321.5, 4321.5e-6, "aperture");
                /* a Gaussian's share within r, which the pixels' own width lowers a little */
                o.radius = 6;
                const double s2 = pow(widths[w] / 2.3548200450309493, 2) + 1.0 / 12;
                near(measure(&r, places[p][0], places[p][1], &o).flux, 4321.5 * (1 - exp(-18 / s2)), 20, "within 6 pixels");
            }
}

/* A rendered star is a Moffat profile: its light is all there, and missing pixels under a PSF do not change a star's flux. */
static void missing_pixels_are_made_up_for(void **state)
{
    (void)state;
    epo__raster r = blank(MOST, MOST, 0);
    epo__render_star(&(epo__canvas){pixels, MOST, MOST}, &(epo__psf){3, 1}, 40.2, 39.9, 1e5, 1e-7);
    epo__flux_options o = standard(EPO__FLUX_APERTURE);
    o.annulus = (epo__annulus){39, 56};
    o.radius = 36;
    near(measure(&r, 40.2, 39.9, &o).flux, 1e5, 300, "Moffat");

    r = blank(41, 41, 250);
    add_star(&r, 20.3, 19.8, 4, 5e4);
    pixels[20 * 41 + 20] = pixels[19 * 41 + 22] = NAN;
    o = standard(EPO__FLUX_PSF);
    o.annulus = (epo__annulus){14, 20};
    epo__flux flux = measure(&r, 20.3, 19.8, &o);
    near(flux.flux, 5e4, 0.5, "PSF with holes");
    assert_int_equal(flux.flags, EPO__FLUX_BAD_PIXEL);
    assert_true(flux.coverage < 0.95 && flux.coverage > 0.8);
    r = blank(41, 41, 7);
    pixels[20 * 41 + 20] = NAN; /* an even surface: the rest of the circle stands for the hole */
    o = standard(EPO__FLUX_APERTURE);
    o.annulus = (epo__annulus){14, 20};
    const epo__sky sky = {.level = 5, .noise = 1, .used = 1000, .eligible = 1000};
    check_ok(epo__flux_measure(&r, 20, 20, &o, &sky, &work, &flux));
    near(flux.flux, 2 * M_PI * 16, 1e-9, "hole in an even surface");
    assert_int_equal(flux.flags, EPO__FLUX_BAD_PIXEL);
}

static void the_sky_and_apertures_are_numpys(void **state)
{
    (void)state;
    FILE *file = fopen("tests/image/fixtures/photometry.txt", "r");
    assert_non_null(file);
    double n[13];
    int cases = 0;
    char word[64];
    while (fscanf(file, "%63s", word) == 1) {
        n[0] = strtod(word, NULL);
        for (int i = 1; i < 13; i++) {
            assert_int_equal(fscanf(file, "%63s", word), 1);
            n[i] = strtod(word, NULL);
        }
        epo__raster r = blank((int)n[0], (int)n[1], 0);
        for (int i = 0; i < r.width * r.height; i++) {
            assert_int_equal(fscanf(file, "%63s", word), 1);
            pixels[i] = strtof(word, NULL);
        }
        epo__flux_options o = standard(EPO__FLUX_APERTURE);
        o.annulus = (epo__annulus){n[4], n[5]};
        o.radius = n[6];
        epo__flux flux = measure(&r, n[2], n[3], &o);
        near(flux.sky.level, n[7], 1e-9, "sky");
        near(flux.sky.noise, n[8], 1e-9 * n[8], "noise");
        assert_int_equal(flux.sky.used, (size_t)n[9]);
        const double area = M_PI * o.radius * o.radius, scale = area / n[10];
        near(flux.coverage, n[10] / area, 1e-9, "area");
        near(flux.flux, n[11] * scale, 1e-7 * fabs(n[11] * scale) + 1e-6, "sum");
        near(flux.flux_err, scale * sqrt(n[12] * n[8] * n[8] + n[10] * n[10] * n[8] * n[8] * M_PI_2 / n[9]), 1e-7 * flux.flux_err, "error");
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 6);
}

/* (measured - true) / error of `draws` noisy stars must have mean 0 and SD 1, both within 3 of their own errors. */
static void check_pulls(epo__flux_options *o, double flux, double gain, const char *what)
{
    enum { DRAWS = 2000, SIDE = 25 };
    epo__rng rng = {.seed = 99, .stream = epo__rng_stream(what)};
    double sum = 0, squares = 0, share = 1;
    o->gain = gain;
    for (int i = 0; i < DRAWS; i++) {
        const double x = 12 + epo__rng_uniform(&rng) - 0.5, y = 12 + epo__rng_uniform(&rng) - 0.5;
        epo__raster r = blank(SIDE, SIDE, 0);
        add_star(&r, x, y, 4, 1);
        if (o->method == EPO__FLUX_APERTURE) { /* what of the star falls into the circle */
            const epo__sky none = {.used = 1};
            epo__flux unit;
            check_ok(epo__flux_measure(&r, x, y, o, &none, &work, &unit));
            share = unit.flux;
        }
        for (int k = 0; k < SIDE * SIDE; k++) pixels[k] = (float)(100 + flux * pixels[k]);
        epo__render_noise(&(epo__canvas){pixels, SIDE, SIDE}, 4, (uint64_t)i, gain > 0 ? gain : 1e9, gain > 0 ? 0 : 5);
        epo__flux found = measure(&r, x, y, o);
        const double pull = (found.flux - flux * share) / found.flux_err;
        sum += pull;
        squares += pull * pull;
    }
    const double mean = sum / DRAWS;
    near(mean, 0, 3 / sqrt(DRAWS), what);
    near(sqrt(squares / DRAWS - mean * mean), 1, 3 / sqrt(2.0 * DRAWS), what);
}

static void errors_are_as_large_as_the_scatter(void **state)
{
    (void)state;
    for (int method = 0; method < 2; method++) {
        epo__flux_options o = standard(method ? EPO__FLUX_PSF : EPO__FLUX_APERTURE);
        o.annulus = (epo__annulus){8, 13};
        check_pulls(&o, 0, 0, method ? "PSF, nothing there" : "aperture, nothing there");
        check_pulls(&o, 400, 0, method ? "PSF, sky noise" : "aperture, sky noise");
        check_pulls(&o, 6000, 2, method ? "PSF, photon noise" : "aperture, photon noise");
        o.annulus = (epo__annulus){8, 10}; /* few sky pixels: the error of the level counts */
        check_pulls(&o, 400, 0, method ? "PSF, narrow annulus" : "aperture, narrow annulus");
    }
}

static void place_and_width_are_found(void **state)
{
    (void)state;
    const epo__sky sky = {.level = 50, .noise = 1, .used = 100};
    epo__source_shape shape;
    static const double widths[] = {2, 3.3, 6};
    for (size_t w = 0; w < 3; w++) {
        epo__raster r = blank(61, 60, 50);
        add_star(&r, 30.7, 29.4, widths[w], 2e4);
        check_ok(epo__shape_measure(&r, &sky, 30, 30, 1.5, &work, &shape));
        near(shape.x, 30.7, 0.01, "x");
        near(shape.y, 29.4, 0.01, "y");
        near(shape.fwhm, widths[w], 0.02 * widths[w], "width");
        /* under its own profile the signal is flux / 2, the weight's squares sum to pi s^2 */
        const double sd2 = pow(widths[w] / 2.3548200450309493, 2) + 1.0 / 12;
        near(shape.significance, 1e4 / sqrt(M_PI * sd2), 0.02 * shape.significance, "significance");
        check_ok(epo__shape_measure(&r, &sky, 30, 30, 0.5, &work, &shape));
        assert_true(isnan(shape.fwhm) && shape.x == 30 && shape.y == 30 && shape.significance == 0);
        check_ok(epo__shape_measure(&r, &sky, 30, 30, 0, &work, &shape));
        assert_true(shape.x == 30 && shape.y == 30 && shape.fwhm > widths[w]);
    }
    epo__raster r = blank(41, 41, 50);
    add_star(&r, 20.3, 19.8, 4, 2e4);
    pixels[20 * 41 + 20] = pixels[19 * 41 + 21] = NAN;
    check_ok(epo__shape_measure(&r, &sky, 20, 20, 1.5, &work, &shape));
    near(shape.x, 20.3, 0.02, "x with holes");
    near(shape.y, 19.8, 0.02, "y with holes");
    near(shape.fwhm, 4, 0.04, "width with holes");
    r = blank(21, 21, 50);
    check_ok(epo__shape_measure(&r, &sky, 10, 10, 1.5, &work, &shape));
    assert_true(isnan(shape.fwhm));
    add_star(&r, 10, 10, 4, -500);
    check_ok(epo__shape_measure(&r, &sky, 10, 10, 1.5, &work, &shape));
    assert_true(isnan(shape.fwhm));
}

/* Alternating pixels, so that the sky has a spread. */
static epo__raster chequered(int width, int height)
{
    epo__raster r = blank(width, height, 0);
    for (int i = 0; i < width * height; i++) pixels[i] = i % 2 ? 11 : 9;
    return r;
}

static void flags_say_what_is_wrong(void **state)
{
    (void)state;
    for (int method = 0; method < 2; method++) {
        epo__flux_options o = standard(method ? EPO__FLUX_PSF : EPO__FLUX_APERTURE);
        epo__raster r = chequered(33, 33);
        add_star(&r, 16, 16, 4, 1000);
        assert_int_equal(measure(&r, 16, 16, &o).flags, 0);
        o.saturation = 50;
        assert_int_equal(measure(&r, 16, 16, &o).flags, EPO__FLUX_SATURATED);
        o.saturation = INFINITY;
        pixels[16 * 33 + 30] = NAN; /* far off */
        assert_int_equal(measure(&r, 16, 16, &o).flags, 0);
        pixels[16 * 33 + 17] = -INFINITY;
        assert_int_equal(measure(&r, 16, 16, &o).flags, EPO__FLUX_BAD_PIXEL);
        r = chequered(33, 33);
        add_star(&r, 3, 16, 4, 1000);
        epo__flux flux = measure(&r, 3, 16, &o);
        assert_int_equal(flux.flags, EPO__FLUX_EDGE);
        assert_true(flux.coverage < 1);
        r = chequered(33, 33);
        add_star(&r, 16, 16, 4, -1000);
        flux = measure(&r, 16, 16, &o);
        assert_int_equal(flux.flags, EPO__FLUX_NEGATIVE);
        assert_true(flux.flux < -500);
        o.annulus = (epo__annulus){40, 50};
        flux = measure(&r, 16, 16, &o);
        assert_true(flux.flags & EPO__FLUX_SKY_FEW && flux.sky.fallback);
    }
}

static void odd_stamps_are_measured_or_refused(void **state)
{
    (void)state;
    epo__flux flux;
    for (int method = 0; method < 2; method++) {
        epo__flux_options o = standard(method ? EPO__FLUX_PSF : EPO__FLUX_APERTURE);
        o.annulus = (epo__annulus){1.9, 9};
        for (int side = 1; side < 8; side++) {
            epo__raster r = chequered(side, side + 1);
            flux = measure(&r, epo__raster_centre(side), epo__raster_centre(side + 1), &o);
            assert_true(isfinite(flux.flux) && flux.flags & EPO__FLUX_EDGE);
        }
        epo__raster r = blank(21, 21, NAN);
        check_fails(epo__flux_measure(&r, 10, 10, &o, NULL, &work, &flux), EPO_EFORMAT, "no finite pixel");
        pixels[0] = 1; /* a sky, but nothing at the source */
        if (!method) check_fails(epo__flux_measure(&r, 10, 10, &o, NULL, &work, &flux), EPO_EFORMAT, "no usable pixel");
        r = blank(21, 21, 5); /* all alike: no flux, no error */
        flux = measure(&r, 10, 10, &o);
        assert_true(flux.flux == 0 && flux.flux_err == 0 && flux.sky.noise == 0);
        r = blank(21, 21, FLT_MAX);
        for (int i = 0; i < 441; i += 2) pixels[i] = -FLT_MAX;
        flux = measure(&r, 10, 10, &o);
        assert_true(isfinite(flux.flux) && isfinite(flux.flux_err) && flux.flux_err > 0);
        r = chequered(21, 21);
        check_fails(epo__flux_measure(&r, 30, 10, &o, NULL, &work, &flux), EPO_EARG, "outside");
        check_fails(epo__flux_measure(&r, NAN, 10, &o, NULL, &work, &flux), EPO_EARG, "outside");
        o.radius = o.fwhm = 0;
        check_fails(epo__flux_measure(&r, 10, 10, &o, NULL, &work, &flux), EPO_EARG, "above 0");
        o = standard(method ? EPO__FLUX_PSF : EPO__FLUX_APERTURE);
        o.annulus = (epo__annulus){5, 5};
        check_fails(epo__flux_measure(&r, 10, 10, &o, NULL, &work, &flux), EPO_EARG, "annulus");
        o.annulus = (epo__annulus){5, 8};
        o.gain = -1;
        check_fails(epo__flux_measure(&r, 10, 10, &o, NULL, &work, &flux), EPO_EARG, "gain");
    }
}

static void magnitudes_of_both_kinds(void **state)
{
    (void)state;
    epo__magnitude p = epo__magnitude_pogson(1e4, 50, 25, 3), a = epo__magnitude_asinh(1e4, 50, 25, 52.1);
    near(p.mag, 15, 1e-12, "Pogson");
    near(p.mag_err, 2.5 / M_LN10 * 0.005, 1e-12, "Pogson's error");
    assert_false(p.limit);
    near(a.mag, p.mag, 1e-4, "asinh where it is bright");
    near(a.mag_err, p.mag_err, 1e-6, "asinh's error where it is bright");
    p = epo__magnitude_pogson(140, 50, 25, 3);
    near(p.mag, 25 - 2.5 * log10(150), 1e-12, "limit");
    assert_true(p.limit && isnan(p.mag_err));
    assert_true(epo__magnitude_pogson(-1e6, 50, 25, 3).mag == p.mag && epo__magnitude_pogson(-1, 50, 25, 0).limit);
    near(epo__magnitude_asinh(0, 50, 25, 52.1).mag, 25 - 2.5 * log10(52.1), 1e-12, "asinh of nothing");
    double before = INFINITY;
    for (double flux = -500; flux <= 500; flux += 7.3) {
        a = epo__magnitude_asinh(flux, 50, 25, 52.1);
        assert_true(a.mag < before && !a.limit);
        before = a.mag;
        const double slope = (epo__magnitude_asinh(flux - 1e-3, 50, 25, 52.1).mag - epo__magnitude_asinh(flux + 1e-3, 50, 25, 52.1).mag) / 2e-3;
        near(a.mag_err, 50 * slope, 1e-6, "asinh's error is its slope");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_without_noise_gives_its_flux),
        cmocka_unit_test(missing_pixels_are_made_up_for),
        cmocka_unit_test(the_sky_and_apertures_are_numpys),
        cmocka_unit_test(errors_are_as_large_as_the_scatter),
        cmocka_unit_test(place_and_width_are_found),
        cmocka_unit_test(flags_say_what_is_wrong),
        cmocka_unit_test(odd_stamps_are_measured_or_refused),
        cmocka_unit_test(magnitudes_of_both_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, free_work);
}
