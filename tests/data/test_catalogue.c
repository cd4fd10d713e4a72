/* SPDX-License-Identifier: BSD-3-Clause
 * test_catalogue.c - the nearest source of each kind, against all sources tried one by one with another formula. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "data/catalogue.h"

enum { SOURCES = 3000, TRIES = 400 };
static const double PI = 3.14159265358979323846;

static char *folder;

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* Vincenty's formula on a sphere, in arcsec: by other functions than the haversine. */
static double vincenty(double ra1, double dec1, double ra2, double dec2)
{
    const double a = (ra2 - ra1) * PI / 180, x = dec1 * PI / 180, y = dec2 * PI / 180;
    const double across = cos(y) * sin(a), along = cos(x) * sin(y) - sin(x) * cos(y) * cos(a);
    return atan2(hypot(across, along), sin(x) * sin(y) + cos(x) * cos(y) * cos(a)) * 180 / PI * 3600;
}

static void distances(void **state)
{
    (void)state;
    epo__rng rng = {.seed = 3, .stream = 1};
    assert_true(fabs(epo__sky_distance(10, 0, 10, 1.0 / 3600) - 1) < 1e-9);
    assert_true(fabs(epo__sky_distance(0, 60, 1, 60) - vincenty(0, 60, 1, 60)) < 1e-6);
    assert_true(fabs(epo__sky_distance(0, 90, 123, 90)) < 1e-6);
    assert_true(fabs(epo__sky_distance(20, -30, 200, 30) - 180 * 3600.0) < 0.1);
    for (int i = 0; i < TRIES; i++) {
        const double ra = 360 * epo__rng_uniform(&rng), dec = 180 * epo__rng_uniform(&rng) - 90;
        const double to_ra = ra + 0.02 * epo__rng_normal(&rng),
                     to_dec = fmax(-90, fmin(90, dec + 0.02 * epo__rng_normal(&rng)));
        assert_true(fabs(epo__sky_distance(ra, dec, to_ra, to_dec) - vincenty(ra, dec, to_ra, to_dec)) < 1e-6);
    }
}

typedef struct place {
    double ra, dec, mag;
    int kind;
} place;

/* Around a place, where sources lie `spread` degrees apart: at the poles, over 0h, or anywhere. */
static void try_around(double ra, double dec, double spread, double radius)
{
    static const char *const kinds[] = {"Star", "galaxy", " AGN "}; /* sorted: agn, galaxy, star */
    static const int sorted[] = {2, 1, 0};
    static place all[SOURCES];
    epo__rng rng = {.seed = 7, .stream = (uint64_t)(ra * 1000 + dec)};
    const char *path = temp_path(folder, "c.csv");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("name,RA,dec,mag,kind\n", file);
    for (int i = 0; i < SOURCES; i++) {
        place *p = &all[i];
        p->dec = dec > 89    ? 90 - 2 * spread * epo__rng_uniform(&rng)
                 : dec < -89 ? -90 + 2 * spread * epo__rng_uniform(&rng)
                             : dec + spread * (2 * epo__rng_uniform(&rng) - 1);
        p->ra = fabs(dec) > 89 ? 360 * epo__rng_uniform(&rng)
                               : fmod(ra + spread * (2 * epo__rng_uniform(&rng) - 1) + 360, 360);
        p->mag = i % 5 ? 15 + i % 7 : (double)NAN;
        p->kind = i % 3;
        fprintf(file, "s%d,%.17g,%.17g,", i, i % 11 || p->ra <= 180 ? p->ra : p->ra - 360, p->dec); /* -10 is 350 */
        if (i % 5) fprintf(file, "%g", p->mag);
        fprintf(file, ",%s\n", kinds[p->kind]);
    }
    fclose(file);

    epo__catalogue *catalogue;
    const char *const *names;
    check_ok(epo__catalogue_read(path, radius, &catalogue));
    assert_int_equal(epo__catalogue_kinds(catalogue, &names), 3);
    assert_string_equal(names[0], "agn");
    assert_string_equal(names[2], "star");
    int found = 0;
    for (int t = 0; t < TRIES; t++) {
        const double at_dec = fmax(-90, fmin(90, dec + spread * (2 * epo__rng_uniform(&rng) - 1)));
        const double at_ra = ra + spread * (2 * epo__rng_uniform(&rng) - 1);
        epo__nearest nearest[3];
        epo__catalogue_nearest(catalogue, at_ra, at_dec, nearest);
        for (int k = 0; k < 3; k++) {
            double best = INFINITY, mag = NAN;
            for (int i = 0; i < SOURCES; i++) {
                const double distance =
                    sorted[all[i].kind] == k ? vincenty(at_ra, at_dec, all[i].ra, all[i].dec) : INFINITY;
                if (distance < best) mag = all[i].mag;
                if (distance < best) best = distance;
            }
            if (best > radius) {
                assert_true(isnan(nearest[k].distance) && isnan(nearest[k].mag));
                continue;
            }
            found++;
            assert_true(fabs(nearest[k].distance - best) < 1e-6);
            assert_true(isnan(mag) ? isnan(nearest[k].mag) : nearest[k].mag == mag);
        }
    }
    assert_true(found > TRIES / 4 && found < 3 * TRIES); /* both ways were tried */
    epo__catalogue_free(catalogue);
}

static void nearest(void **state)
{
    (void)state;
    try_around(150, 20, 0.3, 30);
    try_around(0.05, -40, 0.3, 40); /* over 0h */
    try_around(33, 89.9, 0.1, 20);
    try_around(271, -90, 0.05, 5);
}

static void refused(const char *text, epo_status status, const char *part)
{
    epo__catalogue *catalogue;
    const char *path = temp_path(folder, "bad.csv");
    write_file(path, text, strlen(text));
    check_fails(epo__catalogue_read(path, 10, &catalogue), status, part);
    assert_null(catalogue);
}

static void odd_files(void **state)
{
    (void)state;
    epo__catalogue *catalogue;
    epo__nearest one;
    refused("ra,dec\n1,2\n", EPO_ENOTFOUND, "kind");
    refused("ra,dec,kind\n", EPO_EFORMAT, "no sources");
    refused("ra,dec,kind\n1,2,star\n1,91,star\n", EPO_EFORMAT, "line 3");
    refused("ra,dec,kind\nnan,2,star\n", EPO_EFORMAT, "line 2");
    refused("ra,dec,kind\n1,2, \n", EPO_EFORMAT, "kind");
    refused("ra,dec,kind\n1,2,a\n3\n", EPO_EFORMAT, "line 3");
    check_fails(epo__catalogue_read(temp_path(folder, "none"), 10, &catalogue), EPO_ENOTFOUND, "none");
    check_fails(epo__catalogue_read(temp_path(folder, "none"), 0, &catalogue), EPO_EARG, "radius");
    check_fails(epo__catalogue_read(temp_path(folder, "none"), (double)NAN, &catalogue), EPO_EARG, "radius");
    char text[2000] = "ra,dec,kind\n";
    for (int i = 0; i < 33; i++) snprintf(text + strlen(text), 40, "1,2,kind%d\n", i);
    refused(text, EPO_ELIMIT, "32 kinds");
    const char *path = temp_path(folder, "plain.csv"), *plain = "ra,dec,type\n10,5,STAR\n"; /* no magnitudes */
    write_file(path, plain, strlen(plain));
    check_ok(epo__catalogue_read(path, 10, &catalogue));
    epo__catalogue_nearest(catalogue, 370, 5, &one);
    assert_true(one.distance < 1e-6 && isnan(one.mag));
    epo__catalogue_free(catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances), cmocka_unit_test(nearest),
                                       cmocka_unit_test(odd_files)};
    return cmocka_run_group_tests(tests, begin, end);
}
