/* SPDX-License-Identifier: BSD-3-Clause
 * test_photometry.c - light curves measured on stamps of known light, and what the store then holds. */
#include "support/check.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data/importing.h"
#include "epochal/photometry.h"
#include "image/median.h"
#include "image/render.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/stamps.h"
#include "store/store.h"

enum { SIDE = 25, PIXELS = SIDE * SIDE, OBJECTS = 6, NIGHTS = 9 };
static const double NOISE = 5, SKY = 200;

static char *folder, db[512];

static int make_temp(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    return 0;
}

static int remove_temp(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* --- a survey ---------------------------------------------------------------------------------------------------------- */

/* Object 5 is a hole in the sky. */
static double flux_of(int object, int night)
{
    return object == 5 ? -300 : 3000 * (1 + object) * (1 + 0.5 * sin(night + object));
}

static double fwhm_of(int night)
{
    return 3 + 0.4 * (night % 4);
}

static void draw(int object, int night, double sky, double flux, float pixels[PIXELS])
{
    const double s = M_SQRT2 * fwhm_of(night) / 2.3548200450309493, at = SIDE / 2;
    for (int i = 0; i < PIXELS; i++) {
        const double x = i % SIDE - at, y = i / SIDE - at;
        pixels[i] = (float)(flux * 0.25 * (erf((x + 0.5) / s) - erf((x - 0.5) / s)) * (erf((y + 0.5) / s) - erf((y - 0.5) / s)));
    }
    const epo__canvas canvas = {pixels, SIDE, SIDE};
    epo__render_noise(&canvas, 11, (uint64_t)(object * 100 + night), 1e12, NOISE);
    epo__render_sky(&canvas, sky, 0, 0);
}

static void put(epo_store *store, int64_t object, int night, epo__role role, double mjd, const float pixels[PIXELS])
{
    char exposure[16];
    int64_t id;
    bool added;
    snprintf(exposure, sizeof exposure, "e%02d", night);
    const epo__stamp_row row = {.object = object, .exposure = exposure, .role = role, .mjd = mjd, .mjd_given = NAN, .filter = night % 2 ? "g" : "r",
                                .type = EPO__PIXEL_F32, .width = SIDE, .height = SIDE, .mag = NAN, .mag_err = NAN, .fwhm = NAN, .rb = NAN, .drb = NAN};
    check_ok(epo__store_stamp_put(store, &row, pixels, &id, &added));
}

/* Objects o0 to o5; o4's stamps have no times. Each science stamp has a difference stamp beside it, with the flux above o's
 * mean. Odd objects are in the part "test" of the split "main". */
static void make_survey(void)
{
    epo_store *store;
    float pixels[PIXELS];
    int64_t split, object;
    bool added;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    check_ok(epo__store_split_add(store, "main", 1, "{}", &split));
    for (int o = 0; o < OBJECTS; o++) {
        char name[8];
        snprintf(name, sizeof name, "o%d", o);
        check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "s", .name = name, .ra = NAN, .dec = NAN}, &object, &added));
        check_ok(epo__store_split_member_add(store, split, object, o % 2 ? "test" : "train"));
        for (int n = 0; n < NIGHTS; n++) {
            draw(o, n, SKY, flux_of(o, n), pixels);
            put(store, object, n, EPO__ROLE_SCIENCE, o == 4 ? NAN : 53000.25 + n, pixels);
            draw(o, n, 0, flux_of(o, n) - 3000 * (1 + o), pixels);
            put(store, object, n, EPO__ROLE_DIFFERENCE, o == 4 ? NAN : 53000.25 + n, pixels);
        }
    }
    check_ok(epo__store_commit(store));
    epo_store_close(store);
}

typedef struct heard {
    char refused[4096];
    uint64_t objects, stop_at;
    bool kill;
} heard;

static epo_status listen_to(void *context, const epo_photometry_event *event)
{
    heard *h = context;
    if (event->reason) {
        const size_t used = strlen(h->refused);
        snprintf(h->refused + used, sizeof h->refused - used, "%s %s %s\n", event->object, event->exposure, event->reason);
        return EPO_OK;
    }
    h->objects++;
    if (h->kill && h->objects == h->stop_at) raise(SIGKILL);
    return h->objects == h->stop_at ? EPO_ECANCELLED : EPO_OK;
}

static epo_status measure(const epo_photometry_options *options, heard *h, epo_photometry_summary *out)
{
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    epo_status status = epo_photometry(store, options, listen_to, h, out);
    epo_store_close(store);
    return status;
}

static char *points(void)
{
    return rows(db, "SELECT object, method, mjd, filter, mag, mag_err, flux, flux_err, flag FROM photometry ORDER BY 1, 2, 3");
}

/* --- the tests --------------------------------------------------------------------------------------------------------- */

typedef struct point {
    double mjd, mag, mag_err, flux, flux_err;
    int flag;
} point;

static size_t read_points(const char *object, const char *method, point out[NIGHTS])
{
    epo_store *store;
    epo__photometry_list list = {0};
    int64_t id;
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    check_ok(epo__store_object_find(store, NULL, object, &id));
    check_ok(epo__store_photometry_of(store, id, method, &list));
    const size_t count = list.count;
    assert_true(count <= NIGHTS);
    for (size_t i = 0; i < count; i++) {
        const epo__photometry_row *p = &list.rows[i];
        out[i] = (point){p->mjd, p->mag, p->mag_err, p->flux, p->flux_err, p->flag};
    }
    epo__photometry_list_free(&list);
    epo_store_close(store);
    return count;
}

static void fluxes_are_those_that_were_drawn(void **state)
{
    (void)state;
    point p[NIGHTS];
    make_survey();
    for (int method = 0; method < 2; method++) {
        heard h = {0};
        epo_photometry_summary s;
        epo_photometry_options options = EPO_PHOTOMETRY_OPTIONS_INIT;
        options.method = method ? "psf" : "aperture";
        options.radius = 8;
        options.inner = 9;
        options.outer = 17;
        check_ok(measure(&options, &h, &s));
        assert_string_equal(s.method, method ? "psf annulus=9,17" : "aperture r=8 annulus=9,17");
        assert_true(s.objects == OBJECTS && h.objects == OBJECTS && s.points == OBJECTS * NIGHTS && s.refused == 0 && s.run > 0);
        assert_true(s.suspect == 0 && s.limits == 0 && s.negative == NIGHTS);
        assert_int_equal(s.flagged, 0);
        for (int o = 0; o < OBJECTS; o++) {
            char name[8];
            snprintf(name, sizeof name, "o%d", o);
            assert_int_equal(read_points(name, s.method, p), NIGHTS);
            for (int n = 0; n < NIGHTS; n++) {
                /* a width found on the stamp adds its own error */
                const double f = flux_of(o, n), free_width = method && f > 0 ? 0.01 * f : 0;
                if (o == 5 && method) { /* nothing tells its width: 3 pixels are taken, and some of it is missed */
                    assert_true(p[n].flux < 0.55 * f && p[n].flux > 1.3 * f);
                    continue;
                }
                if (fabs(p[n].flux - f) > 4 * p[n].flux_err + free_width)
                    fail_msg("%s %s night %d: %g +- %g, drawn %g", s.method, name, n, p[n].flux, p[n].flux_err, f);
                assert_true(p[n].mjd == (o == 4 ? n : 53000.25 + n));
                if (f > 2000) assert_true(fabs(p[n].mag - (25 - 2.5 * log10(p[n].flux))) < 0.01);
                assert_true(isfinite(p[n].mag) && p[n].mag_err > 0);
            }
        }
    }
}

/* The softening is the object's own, so that equal fluxes have equal magnitudes. */
static void asinh_and_pogson(void **state)
{
    (void)state;
    point p[NIGHTS];
    double errors[NIGHTS];
    heard h = {0};
    epo_photometry_summary s;
    make_survey();
    epo_photometry_options options = EPO_PHOTOMETRY_OPTIONS_INIT;
    options.fwhm = 4;
    options.zero_point = 22.5;
    check_ok(measure(&options, &h, &s));
    assert_string_equal(s.method, "psf fwhm=4 zeropoint=22.5");
    assert_true(fabs(s.median_fwhm / 4 - 1) < 0.01);
    assert_int_equal(read_points("o5", s.method, p), NIGHTS);
    for (int n = 0; n < NIGHTS; n++) errors[n] = p[n].flux_err;
    const double b = 1.042 * epo__median(errors, NIGHTS);
    for (int n = 0; n < NIGHTS; n++)
        assert_true(fabs(p[n].mag - (22.5 - 2.5 / log(10) * (asinh(p[n].flux / (2 * b)) + log(b)))) < 1e-9 && p[n].flag == 0);

    options.magnitudes = "pogson";
    options.detection = 5;
    check_ok(measure(&options, &h, &s));
    assert_string_equal(s.method, "psf fwhm=4 zeropoint=22.5 pogson detection=5");
    assert_int_equal(s.limits, NIGHTS);
    assert_int_equal(read_points("o5", s.method, p), NIGHTS);
    for (int n = 0; n < NIGHTS; n++) {
        assert_true(p[n].flag == EPO__PHOTOMETRY_LIMIT && isnan(p[n].mag_err) && p[n].flux < 0);
        assert_true(fabs(p[n].mag - (22.5 - 2.5 * log10(5 * p[n].flux_err))) < 1e-9);
    }
    options.name = "mine";
    options.magnitudes = NULL;
    options.softening = 100;
    check_ok(measure(&options, &h, &s));
    assert_string_equal(s.method, "mine");
    assert_int_equal(read_points("o5", "mine", p), NIGHTS);
    assert_true(fabs(p[0].mag - (22.5 - 2.5 / log(10) * (asinh(p[0].flux / 200) + log(100)))) < 1e-9);
}

/* Each night's zero point is 25 + night / 4, but of one, which says nothing fit for one: the same pixels are that much more or less
 * light at 25. */
static void each_stamp_has_its_own_zero_point(void **state)
{
    (void)state;
    point plain[NIGHTS], own[NIGHTS];
    heard h = {0}, none = {0};
    epo_photometry_summary s;
    sqlite3 *raw;
    make_survey();
    epo_photometry_options options = EPO_PHOTOMETRY_OPTIONS_INIT;
    options.fwhm = 4;
    check_ok(measure(&options, &none, &s));
    assert_int_equal(read_points("o2", s.method, plain), NIGHTS);
    assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "UPDATE stamps SET extra = json_object('edge', json('false'), 'zero_point', 25 + (mjd - 53000.25) / 4.0)", NULL,
                                  NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "UPDATE stamps SET extra = '{\"zero_point\":1e9}' WHERE mjd = 53001.25", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    options.own_zero_points = true;
    check_ok(measure(&options, &h, &s));
    assert_string_equal(s.method, "psf fwhm=4 own-zeropoints");
    check_mentions(h.refused, "o2 e01 it has no zero point");
    assert_int_equal(read_points("o2", s.method, own), NIGHTS - 1);
    for (int n = 0; n < NIGHTS; n++) {
        const point *p = &own[n - (n > 1)], *same = &plain[n];
        const double scale = pow(10, -0.1 * n);
        if (n == 1) continue;
        assert_true(p->mjd == same->mjd && fabs(p->flux / (same->flux * scale) - 1) < 1e-12 && fabs(p->flux_err / (same->flux_err * scale) - 1) < 1e-12);
        assert_true(fabs(p->mag - (same->mag + 0.25 * n)) < 0.01);
    }
}

static void again_changes_nothing_and_threads_do_not_matter(void **state)
{
    (void)state;
    heard h = {0};
    epo_photometry_summary s;
    make_survey();
    epo_photometry_options options = EPO_PHOTOMETRY_OPTIONS_INIT;
    options.threads = 1;
    check_ok(measure(&options, &h, &s));
    char *first = points();
    options.threads = 4;
    check_ok(measure(&options, &h, &s));
    char *second = points();
    assert_string_equal(first, second);
    options.role = "difference"; /* beside the others, which stay */
    options.split = "main:test";
    check_ok(measure(&options, &h, &s));
    assert_string_equal(s.method, "psf role=difference");
    assert_true(s.objects == OBJECTS / 2 && s.negative > 5);
    check_rows(db, "SELECT method, count(*), count(DISTINCT object), min(mag) IS NOT NULL FROM photometry GROUP BY 1",
               "psf|54|6|1\npsf role=difference|27|3|1\n");
    check_rows(db, "SELECT id, kind, status, split, json_extract(options, '$.role') FROM runs",
               "1|photometry|done||science\n2|photometry|done||science\n3|photometry|done|1|difference\n");
    options.role = "template";
    check_ok(measure(&options, &h, &s));
    assert_true(s.objects == 0 && s.points == 0 && isnan(s.median_mag_err));
    free(first);
    free(second);
}

static void bad_stamps_are_named_and_the_rest_is_measured(void **state)
{
    (void)state;
    heard h = {0};
    epo_photometry_summary s;
    epo_store *store;
    float pixels[PIXELS];
    int64_t object;
    make_survey();
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    check_ok(epo__store_begin(store));
    check_ok(epo__store_object_find(store, NULL, "o1", &object));
    for (int i = 0; i < PIXELS; i++) pixels[i] = NAN;
    put(store, object, 20, EPO__ROLE_SCIENCE, 53020, pixels);
    for (int i = 0; i < PIXELS; i++) pixels[i] = 7;
    put(store, object, 21, EPO__ROLE_SCIENCE, 53021, pixels);
    draw(1, 3, SKY, 9000, pixels);
    put(store, object, 22, EPO__ROLE_SCIENCE, NAN, pixels);
    pixels[PIXELS / 2] = 1e7F; /* as files mark saturated ones */
    put(store, object, 23, EPO__ROLE_SCIENCE, 53023, pixels);
    draw(1, 4, SKY, 9000, pixels);
    put(store, object, 24, EPO__ROLE_SCIENCE, 53024, pixels);
    check_ok(epo__store_commit(store));
    epo_store_close(store);
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "UPDATE pixels SET data = zeroblob(length(data)) WHERE stamp = (SELECT id FROM stamps WHERE exposure = 'e24')", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    epo_photometry_options options = EPO_PHOTOMETRY_OPTIONS_INIT;
    options.saturation = 1e6;
    check_ok(measure(&options, &h, &s));
    assert_int_equal(s.refused, 4);
    assert_int_equal(s.points, OBJECTS * NIGHTS + 1);
    assert_int_equal(s.suspect, 1);
    check_mentions(h.refused, "o1 e20 no finite pixel");
    check_mentions(h.refused, "o1 e21 its sky has no noise");
    check_mentions(h.refused, "o1 e22 it has no time");
    check_mentions(h.refused, "o1 e24 ");
    check_mentions(h.refused, "CRC32");
    check_rows(db, "SELECT count(*), max(mjd), sum(flag & 2), max(flag) FROM photometry WHERE object = 2", "10|53023.0|2|10\n");
    options.bad_above = 1e6; /* masked, a PSF does without it */
    options.saturation = INFINITY;
    check_ok(measure(&options, &h, &s));
    assert_int_equal(s.suspect, 0);
    check_rows(db, "SELECT flag, abs(flux / 9000 - 1) < 0.03 FROM photometry WHERE method LIKE '%bad-above%' AND mjd = 53023", "4|1\n");
}

static void whole_objects_are_kept_when_it_ends_early(void **state)
{
    (void)state;
    heard h = {.stop_at = 3};
    epo_photometry_summary s;
    make_survey();
    epo_photometry_options options = EPO_PHOTOMETRY_OPTIONS_INIT;
    options.threads = 2;
    assert_int_equal(measure(&options, &h, &s), EPO_ECANCELLED);
    assert_int_equal(h.objects, 3); /* what was told is there, and what was written beside it */
    check_rows(db, "SELECT count(DISTINCT object) >= 3, count(*) = 9 * count(DISTINCT object) FROM photometry", "1|1\n");
    check_rows(db, "SELECT status FROM runs", "cancelled\n");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        heard killed = {.stop_at = 5, .kill = true};
        measure(&options, &killed, &s);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check_rows(db, "SELECT count(*) FROM (SELECT 1 FROM photometry GROUP BY object HAVING count(*) <> 9)", "0\n");
    h = (heard){0};
    check_ok(measure(&options, &h, &s));
    check_rows(db, "SELECT count(DISTINCT object), count(*) FROM photometry", "6|54\n");
}

static void odd_options_are_refused(void **state)
{
    (void)state;
    const epo_photometry_options good = EPO_PHOTOMETRY_OPTIONS_INIT;
    check_ok(epo_photometry_check(&good));
#define REFUSED(part, ...)                                       \
    do {                                                         \
        epo_photometry_options bad = good;                       \
        __VA_ARGS__;                                             \
        check_fails(epo_photometry_check(&bad), EPO_EARG, part); \
    } while (0)
    REFUSED("psf or aperture", bad.method = "magic");
    REFUSED("science, template", bad.role = "radio");
    REFUSED("asinh or pogson", bad.magnitudes = "ab");
    REFUSED("radius", bad.method = "aperture"; bad.radius = NAN);
    REFUSED("FWHM", bad.fwhm = -1);
    REFUSED("annulus", bad.inner = 5; bad.outer = 5);
    REFUSED("annulus", bad.inner = 5);
    REFUSED("recentring", bad.recentre = INFINITY);
    REFUSED("gain", bad.gain = -2);
    REFUSED("zero point", bad.zero_point = NAN);
    REFUSED("saturation", bad.saturation = NAN);
    REFUSED("softening", bad.softening = -1);
    REFUSED("detection", bad.detection = NAN);
    REFUSED("name", bad.name = "given");
    REFUSED("name", bad.name = "");
#undef REFUSED
    heard h = {0};
    epo_photometry_summary s;
    make_survey();
    epo_photometry_options options = good;
    options.split = "none:test";
    check_fails(measure(&options, &h, &s), EPO_ENOTFOUND, "none");
    check_rows(db, "SELECT count(*) FROM runs", "0\n");
}

/* --- real stamps ------------------------------------------------------------------------------------------------------- */

static double spread_of(double *values, size_t count)
{
    double room[64];
    assert_true(count > 0 && count <= 64);
    memcpy(room, values, count * sizeof *values);
    const double middle = epo__median(room, count);
    for (size_t i = 0; i < count; i++) room[i] = fabs(values[i] - middle);
    return EPO_MAD_TO_SIGMA * epo__median(room, count) / middle;
}

/* Whole pixels within 4 of the centre, sky the median from 8 outwards: what a few lines of numpy do. */
static double simple_flux(const float *p)
{
    double sky[441], sum = 0;
    size_t ring = 0, inside = 0;
    for (int i = 0; i < 441; i++) {
        const double r = hypot(i % 21 - 10, i / 21 - 10);
        if (r >= 8 && isfinite(p[i])) sky[ring++] = p[i];
        if (r > 4 || !isfinite(p[i])) continue;
        sum += p[i];
        inside++;
    }
    return sum - (double)inside * epo__median(sky, ring);
}

/* Stars that do not change: how much their light curves scatter all the same, in the middle of them. */
static void real_constant_stars_scatter_less_than_in_a_simple_aperture(void **state)
{
    (void)state;
    if (!data_folder()) skip();
    char path[600];
    snprintf(path, sizeof path, "%s/hits/hits_dev.npz", data_folder());
    if (access(path, R_OK) != 0) skip();
    epo_import_options import_options = options_for("cube");
    import_options.array = "x";
    import_options.label_column = "label";
    import_options.names = "name";
    import_options.frames = "nframes";
    import_options.bad_below = -9000;
    import_options.bad_above = 1e6;
    import(db, path, &import_options, NULL);
    heard h = {0};
    epo_photometry_summary psf, aperture;
    epo_photometry_options options = EPO_PHOTOMETRY_OPTIONS_INIT;
    check_ok(measure(&options, &h, &psf));
    options.method = "aperture";
    options.recentre = 0;
    check_ok(measure(&options, &h, &aperture));
    assert_true(psf.objects == 543 && psf.points == 14205 && psf.refused == 0);

    enum { MOST_STARS = 400 };
    double by_psf[MOST_STARS], by_simple[MOST_STARS], apart[MOST_STARS];
    size_t stars = 0;
    epo_store *store;
    epo__stamp_list stamps = {0};
    epo__photometry_list curve = {0};
    epo__pixels bytes = {0};
    int64_t after = 0, ids[64];
    size_t count;
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    const epo__object_filter filter = {.class_name = "constant"};
    do {
        check_ok(epo__store_objects_next(store, &filter, after, ids, 64, &count));
        for (size_t i = 0; i < count && stars < MOST_STARS; i++) {
            double fluxes[64], difference[64];
            after = ids[i];
            check_ok(epo__store_stamps_of(store, after, &stamps));
            check_ok(epo__store_photometry_of(store, after, aperture.method, &curve));
            assert_true(curve.count == stamps.count && curve.count <= 64);
            for (size_t k = 0; k < curve.count; k++) {
                float plane[441];
                check_ok(epo__store_pixels_read(store, &stamps.rows[k], &bytes));
                epo__pixels_to_f32(stamps.rows[k].type, bytes.bytes, 441, plane);
                fluxes[k] = simple_flux(plane);
                difference[k] = fabs(curve.rows[k].flux / fluxes[k] - 1);
            }
            by_simple[stars] = spread_of(fluxes, curve.count);
            apart[stars] = epo__median(difference, curve.count);
            check_ok(epo__store_photometry_of(store, after, psf.method, &curve));
            for (size_t k = 0; k < curve.count; k++) fluxes[k] = curve.rows[k].flux;
            by_psf[stars++] = spread_of(fluxes, curve.count);
        }
    } while (count > 0);
    assert_int_equal(stars, 350);
    const double simple = epo__median(by_simple, stars), fitted = epo__median(by_psf, stars);
    if (!(fitted < 0.4 * simple)) fail_msg("PSF %.4f, simple aperture %.4f", fitted, simple);
    assert_true(epo__median(apart, stars) < 0.03);
    epo__stamp_list_free(&stamps);
    epo__photometry_list_free(&curve);
    free(bytes.bytes);
    epo_store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fluxes_are_those_that_were_drawn),
        TEST(asinh_and_pogson),
        TEST(each_stamp_has_its_own_zero_point),
        TEST(again_changes_nothing_and_threads_do_not_matter),
        TEST(bad_stamps_are_named_and_the_rest_is_measured),
        TEST(whole_objects_are_kept_when_it_ends_early),
        TEST(odd_options_are_refused),
        TEST(real_constant_stars_scatter_less_than_in_a_simple_aperture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
