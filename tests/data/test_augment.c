/* SPDX-License-Identifier: BSD-3-Clause
 * test_augment.c - synthetic objects against the hosts that they were made of. */
#include "data/making.h"

#include <jansson.h>

#include "base/memory.h"
#include "epochal/augment.h"
#include "epochal/split.h"
#include "image/render.h"

enum { SIDE = 41, PIXELS = SIDE * SIDE };
static char *folder, db[512];

static int make_temp(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/a.db", folder);
    return 0;
}

static int remove_temp(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static void near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s: %.9g, expected %.9g within %.3g", what, value, expected, tolerance);
}

/* --- hosts ----------------------------------------------------------------------------------------------------------------- */

static void paint(float *pixels, uint64_t number, bool star)
{
    const epo__canvas canvas = {pixels, SIDE, SIDE};
    memset(pixels, 0, PIXELS * sizeof *pixels);
    epo__render_sky(&canvas, 100, 0, 0);
    if (star)
        epo__render_star(&canvas, &(epo__psf){2.5, 1}, 20 + 0.1 * (double)(number % 5), 20 - 0.07 * (double)(number % 7), 40000, 0.001);
    else
        epo__render_galaxy(&canvas, &(epo__psf){2.5, 1}, &(epo__galaxy){EPO__EXPONENTIAL, 2.5, 0.6, 0.3 * (double)number}, 20, 20, 4000, 0.01);
    epo__render_noise(&canvas, 77, number, 2, 2);
}

/* `count` objects of one exposure: science of a type, template and difference in float32. */
static void make_candidates(const char *class_name, const char *prefix, int count, epo__pixel_type type, double fwhm)
{
    static float pixels[PIXELS], difference[PIXELS];
    static int16_t words[PIXELS];
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%03d", prefix, i);
        const int64_t object = make_object(store, "sky", name, class_name);
        paint(pixels, (uint64_t)i, prefix[0] == 's');
        for (int p = 0; p < PIXELS; p++) {
            words[p] = (int16_t)lrintf(pixels[p]);
            difference[p] = 0.25f * (float)(p % 13) - 1.5f;
        }
        epo__stamp_row row = stamp_row(object, "e", EPO__ROLE_TEMPLATE, EPO__PIXEL_F32, SIDE, SIDE);
        row.mjd = 53827.25 + i;
        row.fwhm = fwhm;
        row.candid = 1000 + i;
        row.extra = i == 0 ? "{\"zero_point\":26.5,\"ccd\":3}" : NULL;
        make_stamp(store, &row, difference);
        row.role = EPO__ROLE_SCIENCE;
        row.plane = 1;
        row.type = type;
        make_stamp(store, &row, type == EPO__PIXEL_F32 ? (const void *)pixels : words);
        row.role = EPO__ROLE_DIFFERENCE;
        row.plane = 2;
        row.type = EPO__PIXEL_F32;
        make_stamp(store, &row, difference);
    }
    check_ok(epo__store_commit(store));
    epo_store_close(store);
}

/* One object of `epochs` science stamps a day apart. */
static void make_sequence(const char *name, int epochs, double fwhm)
{
    static float pixels[PIXELS];
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    const int64_t object = make_object(store, "sky", name, "NON");
    for (int t = 0; t < epochs; t++) {
        char exposure[16];
        snprintf(exposure, sizeof exposure, "e%03d", t);
        paint(pixels, (uint64_t)t, false);
        epo__stamp_row row = stamp_row(object, exposure, EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
        row.mjd = 53800.5 + t;
        row.fwhm = fwhm;
        make_stamp(store, &row, pixels);
    }
    check_ok(epo__store_commit(store));
    epo_store_close(store);
}

/* --- running ----------------------------------------------------------------------------------------------------------------- */

static char said[4096];

static epo_status remember_event(void *context, const epo_augment_event *event)
{
    (void)context;
    const size_t used = strlen(said);
    if (event->reason) snprintf(said + used, sizeof said - used, "%s: %s\n", event->host, event->reason);
    return EPO_OK;
}

static epo_augment_options options_of(void)
{
    epo_augment_options options = EPO_AUGMENT_OPTIONS_INIT;
    options.survey = "synthetic";
    options.host_class = "galaxy";
    options.mag_low = 16;
    options.mag_high = 18;
    options.given_fwhm = true;
    options.threads = 2;
    return options;
}

static epo_status augment(const epo_augment_options *options, epo_augment_summary *summary)
{
    epo_store *store;
    epo_augment_summary own;
    said[0] = '\0';
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    epo_status status = epo_augment(store, options, remember_event, NULL, summary ? summary : &own);
    epo_store_close(store);
    return status;
}

/* A stamp as it lies in the store; the first that the condition takes, in the order of time. */
typedef struct seen {
    int width, height;
    char type[8], name[64], parent[64], text[512];
    double x, y, flux, mag, fwhm, mjd;
    bool has_source;
    unsigned char *bytes; /* free() */
} seen;

static double member(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static seen look(const char *where)
{
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    char sql[1024];
    seen s = {0};
    snprintf(sql, sizeof sql,
             "SELECT s.width, s.height, s.type, o.name, o.parent, o.class_given, s.extra, p.data, s.mjd FROM stamps s JOIN objects o ON o.id = s.object "
             "JOIN surveys v ON v.id = o.survey JOIN pixels p ON p.stamp = s.id WHERE %s ORDER BY o.name, s.mjd LIMIT 1", where);
    assert_int_equal(sqlite3_open_v2(db, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL), SQLITE_OK);
    if (sqlite3_step(stmt) != SQLITE_ROW) fail_msg("no stamp: %s", where);
    s.width = sqlite3_column_int(stmt, 0);
    s.height = sqlite3_column_int(stmt, 1);
    snprintf(s.type, sizeof s.type, "%s", (const char *)sqlite3_column_text(stmt, 2));
    snprintf(s.name, sizeof s.name, "%s", (const char *)sqlite3_column_text(stmt, 3));
    if (sqlite3_column_text(stmt, 4)) snprintf(s.parent, sizeof s.parent, "%s", (const char *)sqlite3_column_text(stmt, 4));
    if (sqlite3_column_text(stmt, 5)) snprintf(s.text, sizeof s.text, "%s", (const char *)sqlite3_column_text(stmt, 5));
    const char *extra = (const char *)sqlite3_column_text(stmt, 6);
    json_t *root = extra ? json_loads(extra, 0, NULL) : NULL;
    assert_true(!extra || root);
    const json_t *made = json_object_get(root, "augment");
    s.has_source = json_object_get(made, "x") != NULL;
    s.x = member(made, "x");
    s.y = member(made, "y");
    s.flux = member(made, "flux");
    s.mag = member(made, "mag");
    s.fwhm = member(made, "fwhm");
    json_decref(root);
    s.mjd = sqlite3_column_double(stmt, 8);
    const size_t size = (size_t)sqlite3_column_bytes(stmt, 7);
    assert_non_null(s.bytes = malloc(size + 1));
    memcpy(s.bytes, sqlite3_column_blob(stmt, 7), size);
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    return s;
}

static double pixel(const seen *s, int i)
{
    float value;
    int16_t word;
    if (strcmp(s->type, "f32") == 0) {
        memcpy(&value, s->bytes + 4 * i, 4);
        return value;
    }
    assert_string_equal(s->type, "i16");
    memcpy(&word, s->bytes + 2 * i, 2);
    return word;
}

/* The host of a synthetic object has the same number of the parent's name. */
static seen look_at_host(const seen *s, const char *role)
{
    char where[256];
    snprintf(where, sizeof where, "v.name = 'sky' AND o.name = '%s' AND s.role = '%s'", s->parent, role);
    return look(where);
}

/* Object `number`; role of the stamp. */
static seen look_at(const char *survey, char letter, int number, const char *role)
{
    char where[256];
    snprintf(where, sizeof where, "v.name = '%s' AND o.name = '%c1-%06d' AND s.role = '%s'", survey, letter, number, role);
    return look(where);
}

/* --- what is added ---------------------------------------------------------------------------------------------------------------- */

static void the_difference_is_the_rendered_source(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 10, EPO__PIXEL_F32, 2.5);
    epo_augment_options options = options_of();
    epo_augment_summary sum;
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.hosts, 10);
    assert_int_equal(sum.sources, 10);
    assert_int_equal(sum.stamps, 30);
    assert_int_equal(sum.refused, 0);
    check_rows(db, "SELECT count(DISTINCT parent), count(DISTINCT class), min(class) FROM objects o JOIN surveys v ON v.id = o.survey WHERE v.name = 'synthetic'",
               "10|1|real\n");
    check_rows(db, "SELECT count(*) FROM labels l JOIN objects o ON o.id = l.object JOIN surveys v ON v.id = o.survey WHERE v.name = 'synthetic' "
                   "AND l.class = 'real' AND l.why = o.class_given AND l.why LIKE 'source added to g%'", "10\n");
    for (int n = 0; n < 10; n++) {
        static float exact[PIXELS];
        static const char *const roles[] = {"science", "difference", "template"};
        for (int r = 0; r < 3; r++) {
            seen made = look_at("synthetic", 'A', n, roles[r]), host = look_at_host(&made, roles[r]);
            memset(exact, 0, sizeof exact);
            if (r < 2) epo__render_star(&(epo__canvas){exact, SIDE, SIDE}, &(epo__psf){2.5, 1}, made.x, made.y, made.flux, 1e-6);
            double sum_of = 0;
            for (int p = 0; p < PIXELS; p++) {
                const double added = pixel(&made, p) - pixel(&host, p);
                near(added, exact[p], 1e-4 * made.flux * 0.05, "light in a pixel");
                sum_of += added;
            }
            const double expected = r < 2 ? made.flux : 0;
            near(sum_of, expected, 2e-3 * made.flux, "all light"); /* wings leave the stamp */
            near(made.fwhm, 2.5, 0, "FWHM");
            near(made.flux, pow(10, -0.4 * (made.mag - (strcmp(made.parent, "g000") == 0 ? 26.5 : 25))), 1e-5 * made.flux, "flux of its magnitude");
            assert_true(made.mag >= 16 && made.mag <= 18);
            assert_true(fabs(made.x - 20) <= 4 && fabs(made.y - 20) <= 4);
            free(made.bytes);
            free(host.bytes);
        }
    }
    /* what the host's stamp says is still said */
    check_rows(db, "SELECT json_extract(s.extra, '$.ccd'), json_extract(s.extra, '$.augment.host'), json_extract(s.extra, '$.augment.planes') FROM stamps s "
                   "JOIN objects o ON o.id = s.object WHERE o.parent = 'g000' AND s.role = 'science'", "3|g000|science,difference\n");
    check_rows(db, "SELECT group_concat(role || plane) FROM (SELECT role, plane FROM stamps s JOIN objects o ON o.id = s.object WHERE o.name = 'A1-000000' ORDER BY plane)",
               "template0,science1,difference2\n");
}

static void offsets_are_even_and_never_repeat(void **state)
{
    (void)state;
    enum { MANY = 120 };
    make_candidates("galaxy", "g", MANY, EPO__PIXEL_I16, 2.5);
    epo_augment_options options = options_of();
    options.offset = 7; /* arcseconds */
    options.pixel_scale = 2;
    check_ok(augment(&options, NULL));
    double mean_x = 0, square_x = 0, product = 0, widest = 0;
    for (int n = 0; n < MANY; n++) {
        seen s = look_at("synthetic", 'A', n, "science");
        const double dx = s.x - 20, dy = s.y - 20;
        mean_x += dx / MANY;
        square_x += dx * dx / MANY;
        product += dx * dy / MANY;
        widest = fmax(widest, fmax(fabs(dx), fabs(dy)));
        free(s.bytes);
    }
    assert_true(widest <= 3.5 && widest > 3.3);
    near(mean_x, 0, 4 * 3.5 / sqrt(3. * MANY), "mean of the offsets");
    near(square_x, 3.5 * 3.5 / 3, 4 * 3.5 * 3.5 * sqrt(4. / 45 / MANY), "their variance");
    near(product, 0, 4 * 3.5 * 3.5 / 3 / sqrt(MANY), "x with y");
    check_rows(db, "SELECT count(DISTINCT json_extract(extra, '$.augment.x')), count(DISTINCT json_extract(extra, '$.augment.y')), "
                   "count(DISTINCT json_extract(extra, '$.augment.flux')) FROM stamps WHERE role = 'science' AND extra LIKE '%augment%'", "120|120|120\n");
}

static void signal_to_noise_is_what_was_asked_for(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 6, EPO__PIXEL_F32, 2.5);
    epo_augment_options options = options_of();
    options.mag_low = options.mag_high = 0;
    options.snr_low = options.snr_high = 25;
    options.gain = 2;
    check_ok(augment(&options, NULL));
    static float profile[PIXELS];
    for (int n = 0; n < 6; n++) {
        seen s = look_at("synthetic", 'A', n, "science");
        double squares = 0;
        memset(profile, 0, sizeof profile);
        epo__render_star(&(epo__canvas){profile, SIDE, SIDE}, &(epo__psf){2.5, 1}, s.x, s.y, 1, 1e-9);
        for (int p = 0; p < PIXELS; p++) squares += (double)profile[p] * profile[p];
        /* sky 100 with a gain of 2, and a readout of 2 */
        near(s.flux / sqrt((100 / 2. + 4) / squares + s.flux / 2), 25, 2, "signal to noise");
        free(s.bytes);
    }
}

/* A galaxy beside two stars, and a given width that is the galaxy's. */
static void widths_are_measured_on_the_stars(void **state)
{
    (void)state;
    static float pixels[PIXELS];
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    for (int i = 0; i < 5; i++) {
        char name[16];
        const double fwhm = 1.8 + 0.4 * i;
        snprintf(name, sizeof name, "g%03d", i);
        const int64_t object = make_object(store, "sky", name, "galaxy");
        const epo__canvas canvas = {pixels, SIDE, SIDE};
        memset(pixels, 0, sizeof pixels);
        epo__render_sky(&canvas, 100, 0, 0);
        epo__render_galaxy(&canvas, &(epo__psf){fwhm, 1}, &(epo__galaxy){EPO__EXPONENTIAL, 2.5, 0.6, 0.3}, 20, 20, 20000, 0.01);
        epo__render_star(&canvas, &(epo__psf){fwhm, 1}, 8.3, 30.2, 9000, 0.01);
        epo__render_star(&canvas, &(epo__psf){fwhm, 1}, 33.7, 11.4, 5000, 0.01);
        epo__render_noise(&canvas, 77, 900 + (uint64_t)i, 2, 2);
        epo__stamp_row row = stamp_row(object, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
        row.fwhm = 6.5;
        make_stamp(store, &row, pixels);
    }
    check_ok(epo__store_commit(store));
    epo_store_close(store);
    epo_augment_options options = options_of();
    options.given_fwhm = false;
    check_ok(augment(&options, NULL));
    for (int n = 0; n < 5; n++) {
        seen s = look_at("synthetic", 'A', n, "science");
        const double fwhm = 1.8 + 0.4 * (s.parent[3] - '0');
        near(s.fwhm, fwhm, 0.06 * fwhm, "FWHM of the stars beside");
        free(s.bytes);
    }
}

static void science_and_difference_get_the_same_photons(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 4, EPO__PIXEL_F32, 2.5);
    epo_augment_options options = options_of();
    options.gain = 0.5;
    check_ok(augment(&options, NULL));
    double chi = 0;
    int count = 0;
    static float exact[PIXELS];
    for (int n = 0; n < 4; n++) {
        seen a = look_at("synthetic", 'A', n, "science"), b = look_at("synthetic", 'A', n, "difference");
        seen ha = look_at_host(&a, "science"), hb = look_at_host(&b, "difference");
        memset(exact, 0, sizeof exact);
        epo__render_star(&(epo__canvas){exact, SIDE, SIDE}, &(epo__psf){2.5, 1}, a.x, a.y, a.flux, 1e-6);
        for (int p = 0; p < PIXELS; p++) {
            const double added = pixel(&a, p) - pixel(&ha, p);
            near(pixel(&b, p) - pixel(&hb, p), added, 1e-3, "light in the difference");
            if (exact[p] < 20) continue;
            chi += (added - exact[p]) * (added - exact[p]) / (exact[p] / 0.5);
            count++;
        }
        free(a.bytes), free(b.bytes), free(ha.bytes), free(hb.bytes);
    }
    assert_true(count > 80);
    near(chi / count, 1, 5 * sqrt(2. / count), "noise over that of its photons");
}

static void types_and_saturation_are_kept(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 6, EPO__PIXEL_I16, 2.5);
    epo_augment_options options = options_of();
    options.mag_low = options.mag_high = 11; /* 400,000 in all */
    options.saturation = 30000;
    check_ok(augment(&options, NULL));
    options.survey = "brighter";
    options.mag_low = options.mag_high = 5;
    options.saturation = INFINITY;
    check_ok(augment(&options, NULL));
    for (int k = 0; k < 2; k++)
        for (int n = 0; n < 6; n++) {
            seen a = look_at(k ? "brighter" : "synthetic", 'A', n, "science"), b = look_at(k ? "brighter" : "synthetic", 'A', n, "difference");
            seen ha = look_at_host(&a, "science"), hb = look_at_host(&b, "difference");
            double top = 0;
            assert_string_equal(a.type, "i16");
            for (int p = 0; p < PIXELS; p++) {
                top = fmax(top, pixel(&a, p));
                assert_true(pixel(&a, p) >= pixel(&ha, p));
                near(pixel(&b, p) - pixel(&hb, p), pixel(&a, p) - pixel(&ha, p), 0.51, "no more than science could take");
            }
            near(top, k ? 32767 : 30000, 0, "brightest pixel");
            free(a.bytes), free(b.bytes), free(ha.bytes), free(hb.bytes);
        }
}

static void bad_pixels_stay_bad(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 3, EPO__PIXEL_F32, 2.5);
    /* the first: a bad row through the middle; the second: nothing but bad pixels; both with the right CRC */
    static float pixels[PIXELS];
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    check_ok(epo__store_begin(store));
    for (int k = 0; k < 2; k++) {
        const int64_t object = make_object(store, "sky", k ? "n001" : "n000", "holes");
        paint(pixels, 3, false);
        for (int p = 0; p < PIXELS; p++)
            if (k || p / SIDE == 25) pixels[p] = p % 2 ? NAN : INFINITY;
        epo__stamp_row row = stamp_row(object, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
        row.fwhm = 2.5;
        make_stamp(store, &row, pixels);
    }
    check_ok(epo__store_commit(store));
    epo_store_close(store);
    epo_augment_options options = options_of();
    epo_augment_summary sum;
    options.host_class = "holes";
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.sources, 1);
    assert_int_equal(sum.refused, 1);
    check_mentions(said, "n001: ");
    seen made = look("v.name = 'synthetic' AND s.role = 'science'"), host = look_at_host(&made, "science");
    double all = 0;
    for (int p = 0; p < PIXELS; p++) {
        const double a = pixel(&made, p), b = pixel(&host, p);
        if (isfinite(b))
            all += a - b;
        else
            assert_true(isnan(b) ? isnan(a) : isinf(a));
    }
    assert_true(all >= 0.74 * made.flux); /* no place is taken where most of the source would be missing */
    free(made.bytes);
    free(host.bytes);
}

/* --- windows, bogus, cuts -------------------------------------------------------------------------------------------------------------- */

static void windows_are_about_the_source(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 12, EPO__PIXEL_I16, 2.5);
    epo_augment_options options = options_of();
    epo_augment_summary sum;
    options.side = 25;
    options.number = 8;
    options.bogus = 4;
    options.bogus_offset = 3;
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.sources, 8);
    assert_int_equal(sum.bogus, 4);
    check_rows(db, "SELECT class, count(*) FROM objects o JOIN surveys v ON v.id = o.survey WHERE v.name = 'synthetic' GROUP BY class ORDER BY class",
               "bogus|4\nreal|8\n");
    check_rows(db, "SELECT count(DISTINCT parent) FROM objects o JOIN surveys v ON v.id = o.survey WHERE v.name = 'synthetic'", "12\n");
    for (int n = 0; n < 8; n++) {
        seen s = look_at("synthetic", 'A', n, "science");
        assert_int_equal(s.width, 25);
        near(s.x, 12, 0.5, "x of the source");
        near(s.y, 12, 0.5, "y of the source");
        free(s.bytes);
    }
    for (int n = 8; n < 12; n++) { /* pixels of the host, moved by whole pixels */
        seen s = look_at("synthetic", 'R', n, "science"), host = look_at_host(&s, "science");
        double dx, dy;
        bool found = false;
        assert_int_equal(sscanf(strstr(s.text, "seen"), "seen %lf %lf", &dx, &dy), 2);
        assert_true(fabs(dx) <= 3 && fabs(dy) <= 3);
        for (int top = 5; top <= 11; top++)
            for (int left = 5; left <= 11; left++) {
                bool same = true;
                for (int p = 0; same && p < 25 * 25; p++) same = pixel(&s, p) == pixel(&host, (top + p / 25) * SIDE + left + p % 25);
                if (!same) continue;
                found = true;
                near(left - 8, dx, 0.51, "how far it was moved");
                near(top - 8, dy, 0.51, "how far it was moved");
            }
        assert_true(found);
        free(s.bytes);
        free(host.bytes);
    }
    options.survey = "too large";
    options.side = 50;
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.sources, 0);
    assert_int_equal(sum.refused, 12);
    check_mentions(said, "too small for a side of 50");
}

static void stars_are_cut_out_and_put_in(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 5, EPO__PIXEL_F32, NAN);
    make_candidates("star", "s", 9, EPO__PIXEL_F32, NAN);
    epo_augment_options options = options_of();
    epo_augment_summary sum;
    options.sources = "cut";
    options.star_class = "star";
    check_ok(augment(&options, &sum));
    assert_true(sum.stars == 9);
    static float exact[PIXELS];
    for (int n = 0; n < 5; n++) {
        seen made = look_at("synthetic", 'A', n, "science"), host = look_at_host(&made, "science");
        double all = 0, worst = 0;
        memset(exact, 0, sizeof exact);
        epo__render_star(&(epo__canvas){exact, SIDE, SIDE}, &(epo__psf){2.5, 1}, made.x, made.y, made.flux, 1e-6);
        for (int p = 0; p < PIXELS; p++) {
            const double added = pixel(&made, p) - pixel(&host, p);
            all += added;
            worst = fmax(worst, fabs(added - exact[p]));
        }
        near(all, made.flux, 1e-3 * made.flux, "light of the star");
        near(worst, 0, 0.02 * made.flux, "a pixel of the star");
        near(made.fwhm, 2.5, 0.15, "its FWHM");
        check_mentions(made.text, "a star cut out");
        free(made.bytes);
        free(host.bytes);
    }
    options.survey = "x";
    options.saturation = 90; /* the sky is brighter */
    check_fails(augment(&options, &sum), EPO_ENOTFOUND, "saturated");
    options.star_class = "nebula";
    check_fails(augment(&options, &sum), EPO_ENOTFOUND, "of 0 objects none shows a star");
}

/* --- sequences --------------------------------------------------------------------------------------------------------------------------- */

static void sequences_get_it_from_one_epoch_on(void **state)
{
    (void)state;
    enum { OBJECTS = 16, EPOCHS = 9 };
    for (int i = 0; i < OBJECTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "q%02d", i);
        make_sequence(name, EPOCHS, i % 2 ? 2.5 : NAN);
    }
    epo_augment_options options = options_of();
    options.host_class = "NON";
    options.class_name = "SN";
    options.rise = 2;
    options.fade = 5;
    options.fwhm = 2.2;
    check_ok(augment(&options, NULL));
    check_rows(db, "SELECT class, count(*) FROM objects o JOIN surveys v ON v.id = o.survey WHERE v.name = 'synthetic' GROUP BY class", "SN|16\n");
    int onsets = 0, first_epochs = 0;
    for (int i = 0; i < OBJECTS; i++) {
        bool lit = false, falling = false;
        double before = 0;
        for (int t = 0; t < EPOCHS; t++) {
            char where[256];
            snprintf(where, sizeof where, "v.name = 'synthetic' AND o.name = 'A1-%06d' AND s.exposure = 'e%03d'", i, t);
            seen s = look(where);
            snprintf(where, sizeof where, "v.name = 'sky' AND o.name = '%s' AND s.exposure = 'e%03d'", s.parent, t);
            seen host = look(where);
            double all = 0;
            for (int p = 0; p < PIXELS; p++) all += pixel(&s, p) - pixel(&host, p);
            near(all, s.flux, 3e-3 * s.flux + 1e-6, "light of the epoch");
            assert_true(!lit || s.has_source); /* once there, it stays */
            if (s.has_source && !lit) {
                onsets++;
                first_epochs += t == 0;
            }
            if (falling) near(s.flux / before, exp(-1 / 5.), 1e-5, "a day's fall");
            falling = lit && s.flux < before;
            lit = s.has_source;
            before = s.flux;
            free(s.bytes);
            free(host.bytes);
        }
    }
    assert_int_equal(onsets, OBJECTS);
    assert_true(first_epochs < OBJECTS / 2);
    /* constant, and as wide as it is measured on the stamps, whose only sources are galaxies */
    options = options_of();
    options.survey = "constant";
    options.host_class = "NON";
    check_ok(augment(&options, NULL));
    check_rows(db, "SELECT max(n) FROM (SELECT count(DISTINCT json_extract(extra, '$.augment.flux')) AS n FROM stamps s JOIN objects o ON o.id = s.object "
                   "JOIN surveys v ON v.id = o.survey WHERE v.name = 'constant' AND json_extract(extra, '$.augment.x') IS NOT NULL GROUP BY o.id)", "1\n");
}

static void what_a_host_lacks_is_said(void **state)
{
    (void)state;
    static float pixels[PIXELS];
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    make_object(store, "sky", "no stamps", "galaxy");
    paint(pixels, 1, false);
    int64_t object = make_object(store, "sky", "only a template", "galaxy");
    epo__stamp_row row = stamp_row(object, "e", EPO__ROLE_TEMPLATE, EPO__PIXEL_F32, SIDE, SIDE);
    make_stamp(store, &row, pixels);
    object = make_object(store, "sky", "no times", "galaxy");
    row = stamp_row(object, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
    row.fwhm = 2;
    make_stamp(store, &row, pixels);
    object = make_object(store, "sky", "no width", "galaxy");
    row = stamp_row(object, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
    row.mjd = 53800;
    memset(pixels, 0, sizeof pixels);
    make_stamp(store, &row, pixels);
    object = make_object(store, "sky", "two sizes", "galaxy");
    row = stamp_row(object, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
    make_stamp(store, &row, pixels);
    row.role = EPO__ROLE_DIFFERENCE;
    row.width = SIDE - 1;
    make_stamp(store, &row, pixels);
    object = make_object(store, "sky", "damaged", "galaxy");
    row = stamp_row(object, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
    make_stamp(store, &row, pixels);
    check_ok(epo__store_commit(store));
    epo_store_close(store);
    alter(db, "UPDATE pixels SET data = zeroblob(4) WHERE stamp = (SELECT max(stamp) FROM pixels)");
    epo_augment_options options = options_of();
    epo_augment_summary sum;
    options.fade = 10;
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.refused, 6);
    assert_int_equal(sum.sources, 0);
    check_mentions(said, "no stamps: it has no stamps");
    check_mentions(said, "only a template: it has no stamp of a role");
    check_mentions(said, "no times: it has no times");
    check_mentions(said, "no width: the width of its stars is not known");
    check_mentions(said, "two sizes: exposure e has planes of different sizes");
    check_mentions(said, "damaged: ");
}

/* --- the same again, splits, options ------------------------------------------------------------------------------------------------------- */

static void copy_db(const char *to)
{
    size_t size;
    unsigned char *bytes = read_file(db, &size);
    write_file(to, bytes, size);
    free(bytes);
}

static void threads_and_stops_change_nothing(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 27, EPO__PIXEL_I16, 2.5);
    char one[512], four[512];
    snprintf(one, sizeof one, "%s/one.db", folder);
    snprintf(four, sizeof four, "%s/four.db", folder);
    copy_db(one);
    copy_db(four);
    epo_augment_options options = options_of();
    epo_augment_summary sum;
    options.gain = 1.5;
    options.bogus = 5;
    options.side = 31;
    options.threads = 1;
    snprintf(db, sizeof db, "%s", one);
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.sources, 22);
    char *first = dump(one);
    options.threads = 4;
    snprintf(db, sizeof db, "%s", four);
    check_ok(augment(&options, &sum));
    char *second = dump(four);
    assert_string_equal(first, second);
    check_ok(augment(&options, &sum)); /* nothing is left to be done */
    assert_int_equal(sum.unchanged, 27);
    assert_int_equal(sum.stamps, 0);
    /* as if it had been stopped in the middle */
    alter(four, "PRAGMA foreign_keys = OFF; DROP TRIGGER labels_keep_deleted; "
                "DELETE FROM labels WHERE source IN (SELECT id FROM sources WHERE path LIKE '%from 16'); "
                "DELETE FROM pixels WHERE stamp IN (SELECT s.id FROM stamps s JOIN sources f ON f.id = s.source WHERE f.path LIKE '%from 16'); "
                "DELETE FROM stamps WHERE source IN (SELECT id FROM sources WHERE path LIKE '%from 16'); "
                "DELETE FROM objects WHERE source IN (SELECT id FROM sources WHERE path LIKE '%from 16'); "
                "DELETE FROM sources WHERE path LIKE '%from 16'; "
                "CREATE TRIGGER labels_keep_deleted BEFORE DELETE ON labels\nBEGIN SELECT raise(ABORT, 'labels are append-only: add a new one instead'); END");
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.unchanged, 19);
    assert_int_equal(sum.sources + sum.bogus, 8);
    char *third = dump(four);
    assert_string_equal(first, third);
    /* another seed is another survey, the same seed with other options another one too */
    options.seed = 2;
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.unchanged, 0);
    options.seed = 1;
    options.offset = 5;
    check_fails(augment(&options, &sum), EPO_EFORMAT, "another survey");
    free(first);
    free(second);
    free(third);
}

static void splits_keep_an_object_with_its_host(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 40, EPO__PIXEL_I16, 2.5);
    alter(db, "UPDATE objects SET parent = 'field ' || (id % 13) WHERE id % 2");
    epo_augment_options options = options_of();
    epo_split_options split = EPO_SPLIT_OPTIONS_INIT;
    epo_split_table table;
    epo_store *store;
    options.number = 30;
    options.bogus = 10;
    check_ok(augment(&options, NULL));
    options.survey = "again";
    options.seed = 2;
    check_ok(augment(&options, NULL));
    split.name = "main";
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    check_ok(epo_split(store, &split, &table));
    epo_split_table_free(&table);
    epo_store_close(store);
    check_rows(db, "SELECT count(*), count(DISTINCT m.part) FROM split_members m", "120|3\n");
    /* the host stands in extra, independently of the parent */
    check_rows(db,
               "SELECT count(*) FROM (SELECT DISTINCT o.id, json_extract(s.extra, '$.augment.host') AS host FROM objects o JOIN stamps s ON s.object = o.id "
               "JOIN surveys v ON v.id = o.survey WHERE v.name <> 'sky') a JOIN objects h ON h.name = a.host JOIN surveys hv ON hv.id = h.survey AND hv.name = 'sky' "
               "JOIN split_members m ON m.object = a.id JOIN split_members n ON n.object = h.id WHERE m.part = n.part",
               "80\n");
    check_rows(db, "SELECT count(*) FROM (SELECT parent FROM objects o JOIN split_members m ON m.object = o.id WHERE parent LIKE 'field%' GROUP BY parent "
                   "HAVING min(part) <> max(part))", "0\n");
    /* what was made is never a host */
    options.survey = "third";
    options.host_class = NULL;
    options.number = options.bogus = 0;
    epo_augment_summary sum;
    check_ok(augment(&options, &sum));
    assert_int_equal(sum.hosts, 40);
    /* hosts of a part */
    options.survey = "fourth";
    options.hosts = "main:test";
    check_ok(augment(&options, &sum));
    assert_true(sum.hosts > 0 && sum.hosts < 20);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    make_candidates("galaxy", "g", 2, EPO__PIXEL_I16, 2.5);
    epo_augment_options options = options_of();
    options.number = 2;
    options.bogus = 1;
    check_fails(augment(&options, NULL), EPO_EARG, "there are 2 hosts");
    options = options_of();
    options.host_class = "nebula";
    check_fails(augment(&options, NULL), EPO_ENOTFOUND, "nebula");
    options = options_of();
    options.snr_low = 5;
    check_fails(epo_augment_check(&options), EPO_EARG, "either");
    options.mag_low = options.mag_high = 0;
    check_fails(epo_augment_check(&options), EPO_EARG, "signal to noise from 5 to 0");
    options = options_of();
    options.mag_low = 20;
    check_fails(epo_augment_check(&options), EPO_EARG, "magnitudes from 20");
    options = options_of();
    options.sources = "magic";
    check_fails(epo_augment_check(&options), EPO_EARG, "magic");
    options.sources = "cut";
    check_fails(epo_augment_check(&options), EPO_EARG, "stars");
    options.sources = NULL;
    options.star_class = "star";
    check_fails(epo_augment_check(&options), EPO_EARG, "for sources that are cut");
    options = options_of();
    options.planes = "science,radio";
    check_fails(epo_augment_check(&options), EPO_EARG, "radio");
    options = options_of();
    options.gain = NAN;
    check_fails(epo_augment_check(&options), EPO_EARG, "gain");
    options = options_of();
    options.survey = NULL;
    check_fails(epo_augment_check(&options), EPO_EARG, "survey");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_difference_is_the_rendered_source),
        TEST(offsets_are_even_and_never_repeat),
        TEST(signal_to_noise_is_what_was_asked_for),
        TEST(widths_are_measured_on_the_stars),
        TEST(science_and_difference_get_the_same_photons),
        TEST(types_and_saturation_are_kept),
        TEST(bad_pixels_stay_bad),
        TEST(windows_are_about_the_source),
        TEST(stars_are_cut_out_and_put_in),
        TEST(sequences_get_it_from_one_epoch_on),
        TEST(what_a_host_lacks_is_said),
        TEST(threads_and_stops_change_nothing),
        TEST(splits_keep_an_object_with_its_host),
        TEST(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
