/* SPDX-License-Identifier: BSD-3-Clause
 * test_simulate.c - the simulated survey: its nights, pictures against the noise and the places they should have, and the store
 * against itself for any number of threads. */
#include "data/importing.h"

#include "base/text.h"
#include "data/simulate_detector.h"
#include "data/simulate_field.h"
#include "epochal/simulate.h"
#include "store/stamps.h"

static void near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s: %.6g, expected %.6g within %.3g", what, value, expected, tolerance);
}

/* --- sky --------------------------------------------------------------------------------------------------------------------- */

static void test_moon(void **state)
{
    (void)state;
    near(epo__moon_lit(53395.44), 1, 0.01, "full moon of 2005-01-25");
    near(epo__moon_lit(53380.50), 0, 0.01, "new moon of 2005-01-10");
    near(epo__moon_lit(53387.29), 0.5, 0.03, "first quarter of 2005-01-17");
    near(epo__moon_lit(54694.88), 1, 0.01, "full moon of 2008-08-16");
}

static void test_schedule(void **state)
{
    (void)state;
    double visits = 0, nights = 0, bright = 0, dark = 0;
    int bright_count = 0, dark_count = 0;
    enum { MANY = 150 };
    for (uint64_t n = 0; n < MANY; n++) {
        epo__field field;
        check_ok(epo__field_make(&epo__telescopes[0], 21, n, 30, 4, &field));
        for (size_t i = 0; i < field.visit_count; i++) {
            const epo__visit *v = &field.visits[i];
            char date[11];
            assert_true(i == 0 || v->mjd > field.visits[i - 1].mjd);
            assert_true(v->mjd >= field.start && v->mjd < field.start + 3 * 365 + 1);
            const double hour = 24 * (v->mjd - floor(v->mjd));
            assert_true(hour > 1.5 && hour < 13.5); /* night in Arizona */
            assert_true(epo__moon_lit(floor(v->mjd) + 0.3) < 0.95);
            epo__date_of_mjd(v->mjd, date);
            assert_true(strncmp(date + 5, "07-1", 4) != 0 && strncmp(date + 5, "08-1", 4) != 0);
            assert_true(v->psf.fwhm > 0.6 && v->psf.fwhm < 4.5);
            assert_true(v->zero_point < 25 && v->zero_point > 20);
            if (v->number > 1 && i > 0 && field.visits[i - 1].number == v->number - 1)
                near(v->mjd - field.visits[i - 1].mjd, 0.0065, 0.002, "time between visits");
            if (v->moon > 0.5) {
                bright += v->sky;
                bright_count++;
            } else if (v->moon == 0) {
                dark += v->sky;
                dark_count++;
            }
            nights += i == 0 || floor(v->mjd) != floor(field.visits[i - 1].mjd);
        }
        visits += (double)field.visit_count;
        free(field.visits);
    }
    near(nights / MANY, 30, 3, "nights a field");
    near(visits / nights, 4 * 0.93, 0.1, "visits a night");
    assert_true(bright_count > 20 && dark_count > 20);
    assert_true(bright / bright_count > 2 * dark / dark_count);
    near(dark / dark_count, 270, 60, "dark sky, ADU a pixel");
}

/* --- pictures ------------------------------------------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    const int16_t x = *(const int16_t *)a, y = *(const int16_t *)b;
    return (x > y) - (x < y);
}

static double median_of(int16_t *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

static const epo__cast_class non = {.name = "NON", .parts = {"NON"}, .part_count = 1};
static const epo__cast_class *const plain[] = {&non, &non, &non, &non};

static epo__simulation simulation_of(const epo_simulate_options *options)
{
    epo__simulation simulation;
    check_ok(epo__simulation_make(options, &simulation));
    return simulation;
}

/* The scatter of the pixels is that of the sky's photons and the readout. */
static void test_noise_of_stamps(void **state)
{
    (void)state;
    const epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    const epo__simulation simulation = simulation_of(&options);
    const epo__camera *camera = &simulation.telescope->camera;
    epo__darkroom room = {0};
    epo__batch batch = {0};
    double ratio = 0;
    int count = 0;
    static int16_t values[64 * 64];
    for (uint64_t field = 0; field < 6; field++) {
        epo__batch_clear(&batch);
        check_ok(epo__simulate_sequences(&simulation, &(epo__cast){field, field * 4, 4, plain}, &room, &batch));
        for (size_t i = 0; i < batch.plane_count; i += 7) {
            memcpy(values, batch.planes[i].image.pixels, sizeof values);
            const double sky = median_of(values, 64 * 64);
            if (values[0] == 0) continue; /* partly off the detector */
            /* the lower half of the distribution: the upper holds the stars */
            const double low = sky - values[(int)(0.1587 * 64 * 64)];
            ratio += low * low / (sky / camera->gain + camera->read_noise * camera->read_noise);
            count++;
        }
    }
    assert_true(count > 100);
    near(ratio / count, 1, 0.08, "variance over what it should be");
    epo__batch_free(&batch);
    epo__darkroom_free(&room);
}

/* Bright stars lie in the middle pixel, off by the rounding to a pixel and the error of the astrometry. */
static void test_places(void **state)
{
    (void)state;
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    options.nights = 60;
    const epo__simulation simulation = simulation_of(&options);
    epo__darkroom room = {0};
    epo__batch batch = {0};
    double square = 0, sum = 0;
    int count = 0;
    for (uint64_t field = 100; field < 110; field++) {
        epo__batch_clear(&batch);
        check_ok(epo__simulate_sequences(&simulation, &(epo__cast){field, field * 4, 4, plain}, &room, &batch));
        for (size_t i = 0; i < batch.exposure_count; i++) {
            double mag, flux = 0, x = 0, y = 0;
            const epo__exposure *e = &batch.exposures[i];
            if (sscanf(batch.subjects[e->subject].class_given, "Star, %lf", &mag) != 1 || mag > 16.6) continue;
            const int16_t *pixels = batch.planes[e->first_plane].image.pixels;
            static int16_t sorted[64 * 64];
            memcpy(sorted, pixels, sizeof sorted);
            const double sky = median_of(sorted, 64 * 64);
            for (int v = 29; v <= 35; v++)
                for (int u = 29; u <= 35; u++) {
                    const double light = pixels[v * 64 + u] - sky;
                    flux += light;
                    x += light * (u - 32);
                    y += light * (v - 32);
                }
            if (flux < 500) continue; /* cloud, or the edge */
            x /= flux;
            y /= flux;
            if (fabs(x) > 1.5 || fabs(y) > 1.5) continue; /* a neighbour in the window */
            square += 0.5 * (x * x + y * y);
            sum += 0.5 * (x + y);
            count++;
        }
    }
    assert_true(count > 200);
    near(sqrt(square / count), sqrt(1.0 / 12 + 0.15 * 0.15), 0.06, "offset from the middle pixel");
    near(sum / count, 0, 0.06, "mean offset");
    epo__batch_free(&batch);
    epo__darkroom_free(&room);
}

static void test_overlapping_stamps_agree(void **state)
{
    (void)state;
    const epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    const epo__simulation simulation = simulation_of(&options);
    epo__darkroom room = {0};
    epo__batch batch = {0};
    check_ok(epo__simulate_sequences(&simulation, &(epo__cast){9, 36, 4, plain}, &room, &batch));
    /* the first two objects' first stamps are of one exposure, and lie within 56 pixels of each other: some shift fits */
    assert_true(batch.exposure_count > 1 && strcmp(batch.exposures[0].key, batch.exposures[1].key) == 0);
    const int16_t *a = batch.planes[0].image.pixels, *b = batch.planes[1].image.pixels;
    int best = 0;
    for (int dy = -57; dy <= 57; dy++)
        for (int dx = -57; dx <= 57; dx++) {
            int same = 0, pixels = 0;
            for (int y = 0; y < 64; y++)
                for (int x = 0; x < 64; x++)
                    if (x + dx >= 0 && x + dx < 64 && y + dy >= 0 && y + dy < 64) {
                        pixels++;
                        same += a[y * 64 + x] == b[(y + dy) * 64 + x + dx];
                    }
            if (same == pixels && pixels > best) best = pixels;
        }
    assert_true(best >= 49);
    epo__batch_free(&batch);
    epo__darkroom_free(&room);
}

static void test_candidates(void **state)
{
    (void)state;
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    options.side = 48;
    const epo__simulation simulation = simulation_of(&options);
    const epo__camera *camera = &simulation.telescope->camera;
    static const epo__cast_class sides[] = {{.name = "real"}, {.name = "bogus"}};
    static const epo__cast_class *const classes[] = {&sides[0], &sides[1], &sides[0], &sides[1]};
    epo__darkroom room = {0};
    epo__batch batch = {0};
    double offset = 0, centre = 0, corner = 0, expected = 0;
    int real = 0, kinds[16] = {0};
    for (uint64_t field = 0; field < 60; field++) {
        epo__batch_clear(&batch);
        check_ok(epo__simulate_candidates(&simulation, &(epo__cast){1000000 + field, field * 4, 4, classes}, &room, &batch));
        assert_int_equal(batch.exposure_count, 4);
        assert_int_equal(batch.plane_count, 12);
        for (size_t i = 0; i < 4; i++) {
            const epo__plane *planes = &batch.planes[batch.exposures[i].first_plane];
            assert_int_equal(planes[0].role, EPO__ROLE_SCIENCE);
            assert_int_equal(planes[1].role, EPO__ROLE_TEMPLATE);
            assert_int_equal(planes[2].role, EPO__ROLE_DIFFERENCE);
            assert_string_equal(batch.subjects[i].class_name, classes[i]->name);
            const char *given = batch.subjects[i].class_given;
            double share;
            for (size_t k = 0; epo__bogus_kind(k, &share); k++) kinds[k] += strcmp(given, epo__bogus_kind(k, &share)) == 0;
            if (i % 2) continue;
            const float *difference = planes[2].image.pixels;
            const int16_t *science = planes[0].image.pixels;
            if (science[0] == 0 || science[47] == 0 || science[47 * 48] == 0 || science[48 * 48 - 1] == 0) continue; /* at an edge */
            for (int y = 23; y <= 25; y++)
                for (int x = 23; x <= 25; x++) centre += difference[y * 48 + x];
            for (int k = 0; k < 30; k++) {
                offset += difference[k] / 30;
                corner += fmin(pow(difference[k] - difference[k + 1], 2) / 2, 4000) / 30;
            }
            expected += science[3] / camera->gain + camera->read_noise * camera->read_noise;
            real++;
        }
    }
    assert_true(real > 80);
    assert_true(centre / real > 300); /* something is there */
    near(offset / real, 0, 8, "sky of the difference");
    near(corner / expected, 1.05, 0.2, "variance of the difference over that of the visit");
    for (size_t k = 0; epo__bogus_kind(k, &(double){0}); k++) assert_true(kinds[k] > 0);
    epo__batch_free(&batch);
    epo__darkroom_free(&room);
}

/* --- the store --------------------------------------------------------------------------------------------------------------- */

static epo_simulate_options small_options(void)
{
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    options.objects = 22;
    options.candidates = 10;
    options.classes = "SN=3,CV=1,NON=7";
    options.nights = 4;
    options.visits = 2;
    options.side = 16;
    options.light_curves = options.truth = true;
    return options;
}

static epo_simulate_summary simulate(const char *path, const epo_simulate_options *options)
{
    epo_store *store;
    epo_simulate_summary summary;
    check_ok(epo_store_open(path, EPO_STORE_CREATE, &store));
    check_ok(epo_simulate(store, options, NULL, NULL, &summary));
    epo_store_close(store);
    return summary;
}

static void test_same_for_any_threads(void **state)
{
    (void)state;
    char *folder = temp_make(), *first = NULL;
    epo_simulate_options options = small_options();
    static const int threads[] = {1, 2, 4};
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.db", threads[i]);
        options.threads = threads[i];
        const epo_simulate_summary s = simulate(temp_path(folder, name), &options);
        assert_int_equal(s.objects, 22);
        assert_int_equal(s.candidates, 10);
        assert_int_equal(s.fields, 6 + 3);
        char *text = dump(temp_path(folder, name));
        assert_true(strlen(text) > 50000);
        if (first) assert_string_equal(first, text);
        if (first) free(text);
        if (!first) first = text;
    }
    options.seed = 2;
    simulate(temp_path(folder, "other.db"), &options);
    char *other = dump(temp_path(folder, "other.db"));
    assert_string_not_equal(first, other);
    free(first);
    free(other);
    temp_remove(folder);
}

static void test_rows(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.db");
    const epo_simulate_options options = small_options();
    simulate(path, &options);
    check_rows(path, "SELECT class, count(*) FROM objects GROUP BY class ORDER BY class", "CV|2\nNON|14\nSN|6\nbogus|5\nreal|5\n");
    check_rows(path, "SELECT max(n), min(n) FROM (SELECT count(*) n FROM objects GROUP BY parent)", "4|2\n");
    check_rows(path, "SELECT DISTINCT role, type, width, height FROM stamps ORDER BY role", "difference|f32|16|16\nscience|i16|16|16\ntemplate|i16|16|16\n");
    check_rows(path, "SELECT count(*) FROM photometry WHERE method = 'given' AND (mag_err IS NULL OR mag_err > 0.4 OR mag_err < 0.04)", "0\n");
    /* what was measured agrees with the truth, for objects without a host */
    check_rows(path, "SELECT count(*) > 10, avg(abs(g.mag - t.mag) < 3 * g.mag_err) > 0.97 FROM photometry g JOIN photometry t ON t.object = "
                      "g.object AND t.mjd = g.mjd AND t.method = 'truth' JOIN objects o ON o.id = g.object WHERE g.method = 'given' AND o.class <> 'SN'", "1|1\n");
    temp_remove(folder);
}

static void test_goes_on_where_it_stopped(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.db");
    const epo_simulate_options options = small_options();
    simulate(path, &options);
    char *whole = dump(path);
    epo_simulate_summary s = simulate(path, &options);
    assert_int_equal(s.unchanged, 9);
    assert_int_equal(s.fields + s.stamps + s.objects + s.candidates, 0);
    char *again = dump(path);
    assert_string_equal(whole, again);
    free(whole);
    free(again);
    /* other objects under the same names are refused, not mixed in */
    epo_simulate_options changed = options;
    epo_store *store;
    changed.nights = 5;
    check_ok(epo_store_open(path, EPO_STORE_WRITE, &store));
    check_fails(epo_simulate(store, &changed, NULL, NULL, &s), EPO_EFORMAT, "in the store already");
    changed.survey = "another";
    check_ok(epo_simulate(store, &changed, NULL, NULL, &s));
    epo_store_close(store);
    temp_remove(folder);
}

static epo_status stop_after_two(void *context, const epo_simulate_summary *so_far)
{
    *(uint64_t *)context = so_far->fields;
    return so_far->fields >= 2 ? EPO_ECANCELLED : EPO_OK;
}

static void test_can_be_stopped(void **state)
{
    (void)state;
    char *folder = temp_make();
    const epo_simulate_options options = small_options();
    uint64_t fields = 0;
    epo_store *store;
    epo_simulate_summary s;
    check_ok(epo_store_open(temp_path(folder, "stopped.db"), EPO_STORE_CREATE, &store));
    assert_int_equal(epo_simulate(store, &options, stop_after_two, &fields, &s), EPO_ECANCELLED);
    epo_store_close(store);
    assert_int_equal(fields, 2);
    simulate(temp_path(folder, "stopped.db"), &options);
    simulate(temp_path(folder, "whole.db"), &options);
    char *whole = dump(temp_path(folder, "whole.db")), *resumed = dump(temp_path(folder, "stopped.db"));
    assert_string_equal(whole, resumed);
    free(whole);
    free(resumed);
    temp_remove(folder);
}

static void test_bad_options(void **state)
{
    (void)state;
    char *folder = temp_make();
    epo_store *store;
    epo_simulate_summary s;
    check_ok(epo_store_open(temp_path(folder, "a.db"), EPO_STORE_CREATE, &store));
    static const struct {
        const char *classes, *part;
    } bad[] = {{"SN=1,PULSAR=2", "PULSAR"}, {"SN", "NAME=SHARE"}, {"SN=-1", "0 or more"}, {"SN=nan", "0 or more"}, {"SN=0", "no class"},
               {"SN=1,SN=2", "twice"},      {"", "no class"},     {"=1", "not simulated"}, {"SN=1,,NON=1", "not simulated"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        epo_simulate_options options = small_options();
        options.classes = bad[i].classes;
        check_fails(epo_simulate(store, &options, NULL, NULL, &s), EPO_EARG, bad[i].part);
    }
    epo_simulate_options options = small_options();
    options.side = 15;
    check_fails(epo_simulate(store, &options, NULL, NULL, &s), EPO_EARG, "side");
    options = small_options();
    options.nights = NAN;
    check_fails(epo_simulate(store, &options, NULL, NULL, &s), EPO_EARG, "nights");
    options = small_options();
    options.objects = 1u << 30;
    check_fails(epo_simulate(store, &options, NULL, NULL, &s), EPO_EARG, "at most");
    epo_store_close(store);
    temp_remove(folder);
}

static void test_list_of_kinds(void **state)
{
    (void)state;
    size_t count = 0, bogus = 0;
    while (epo_simulate_kind_at(count).kind) bogus += strcmp(epo_simulate_kind_at(count++).class_name, "bogus") == 0;
    assert_true(count > 20 && bogus == 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moon),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_noise_of_stamps),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_overlapping_stamps_agree),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_same_for_any_threads),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_goes_on_where_it_stopped),
        cmocka_unit_test(test_can_be_stopped),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_list_of_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
