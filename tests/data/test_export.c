/* SPDX-License-Identifier: BSD-3-Clause
 * test_export.c - what is exported, against the rows and pixels that went in, and back through import. */
#include "data/making.h"

#include <ctype.h>
#include <unistd.h>

#include "epochal/export.h"
#include "formats/csv.h"
#include "formats/npy.h"
#include "store/labels.h"

enum { SIDE = 5, PIXELS = SIDE * SIDE };
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

static epo_store *open_new(void)
{
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    return store;
}

static void done(epo_store *store)
{
    check_ok(epo__store_commit(store));
    epo_store_close(store);
}

static char said[4096];

static epo_status remember_event(void *context, const epo_export_event *event)
{
    (void)context;
    const size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s/%s: %s\n", event->object ? event->object : "?", event->exposure ? event->exposure : "-", event->reason);
    return EPO_OK;
}

static epo_status export(const epo_export_options *options, const char *path, epo_export_summary *summary)
{
    epo_store *store;
    epo_export_summary own;
    said[0] = '\0';
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    epo_status status = epo_export(store, options, path, remember_event, NULL, summary ? summary : &own);
    epo_store_close(store);
    return status;
}

static epo_export_options options_of(const char *format)
{
    epo_export_options options = EPO_EXPORT_OPTIONS_INIT;
    options.format = format;
    return options;
}

/* Values no two of which are alike. */
static float value_of(int object, int frame, int pixel)
{
    return 1000.f * (float)object + 40.25f * (float)frame + 0.5f * (float)pixel - 7;
}

/* --- O'TRAIN -------------------------------------------------------------------------------------------------------------- */

/* Five candidates: real, bogus, without a class, real without a template, and real again. */
static void make_candidates(void)
{
    static const char *const classes[] = {"real", "bogus", NULL, "real", "real"};
    epo_store *store = open_new();
    for (int i = 0; i < 5; i++) {
        float pixels[PIXELS];
        int16_t words[PIXELS];
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        const int64_t object = make_object(store, "z", name, classes[i]);
        for (int p = 0; p < PIXELS; p++) {
            pixels[p] = value_of(i, 0, p);
            words[p] = (int16_t)(100 * i + p);
        }
        if (i == 1) pixels[3] = NAN;
        epo__stamp_row row = stamp_row(object, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_I16, SIDE, SIDE);
        row.mag = i == 0 ? 18.5 : NAN;
        row.mag_err = i == 0 ? 0.25 : NAN;
        row.fwhm = 2.5;
        row.filter = i == 0 ? "r\xc3\xa9" : NULL;
        row.candid = i == 0 ? INT64_C(1234567890123456789) : 0;
        make_stamp(store, &row, words);
        row.role = EPO__ROLE_DIFFERENCE;
        row.type = EPO__PIXEL_F32;
        row.plane = 1;
        make_stamp(store, &row, pixels);
        if (i == 3) continue;
        row.role = EPO__ROLE_TEMPLATE;
        row.plane = 2;
        make_stamp(store, &row, pixels);
    }
    done(store);
}

static void cubes_have_the_keys_and_shapes_of_otrain(void **state)
{
    (void)state;
    make_candidates();
    epo_export_options options = options_of("otrain");
    epo_export_summary s;
    const char *path = temp_path(folder, "cube.npz");
    epo__npy *npy;
    options.roles = "science,template,difference";
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 3);
    assert_int_equal(s.objects, 3);
    assert_int_equal(s.unlabelled, 1);
    assert_int_equal(s.incomplete, 1);
    assert_int_equal(s.damaged, 0);
    check_ok(epo__npy_open(path, "cube", &npy));
    const epo__npy_info *info = epo__npy_info_of(npy);
    assert_int_equal(info->kind, EPO__NPY_FLOAT);
    assert_int_equal(info->item_size, 4);
    assert_int_equal(info->ndim, 4);
    assert_memory_equal(info->dims, ((const size_t[]){3, SIDE, SIDE, 3}), 4 * sizeof(size_t));
    float cube[3 * PIXELS * 3];
    check_ok(epo__npy_read_f32(npy, 3 * PIXELS * 3, cube));
    epo__npy_free(npy);
    for (int n = 0; n < 3; n++)
        for (int p = 0; p < PIXELS; p++) {
            const int i = (const int[]){0, 1, 4}[n];
            const float difference = n == 1 && p == 3 ? 0 : value_of(i, 0, p);
            assert_true(cube[(n * PIXELS + p) * 3] == (float)(100 * i + p));
            assert_true(cube[(n * PIXELS + p) * 3 + 1] == difference);
            assert_true(cube[(n * PIXELS + p) * 3 + 2] == difference);
        }
    int64_t whole[3];
    double real[3];
    char text[64];
    check_ok(epo__npy_open(path, "labels", &npy));
    check_ok(epo__npy_read_int64(npy, 3, whole));
    assert_memory_equal(whole, ((const int64_t[]){1, 0, 1}), sizeof whole);
    epo__npy_free(npy);
    check_ok(epo__npy_open(path, "candids", &npy));
    check_ok(epo__npy_read_int64(npy, 3, whole));
    assert_memory_equal(whole, ((const int64_t[]){INT64_C(1234567890123456789), 2 << 20, 5 << 20}), sizeof whole);
    epo__npy_free(npy);
    static const char *const reals[] = {"mags", "errmags", "fwhms"};
    static const double expected[][3] = {{18.5, 99, 99}, {0.25, 99, 99}, {2.5, 2.5, 2.5}};
    for (int k = 0; k < 3; k++) {
        check_ok(epo__npy_open(path, reals[k], &npy));
        check_ok(epo__npy_read_f64(npy, 3, real));
        assert_memory_equal(real, expected[k], sizeof real);
        epo__npy_free(npy);
    }
    check_ok(epo__npy_open(path, "filters", &npy));
    assert_int_equal(epo__npy_info_of(npy)->kind, EPO__NPY_UNICODE);
    check_ok(epo__npy_read_text(npy, 1, text, sizeof text));
    assert_string_equal(text, "r\xc3\xa9");
    check_ok(epo__npy_read_text(npy, 1, text, sizeof text));
    assert_string_equal(text, "");
    epo__npy_free(npy);

    /* one plane where nothing is said, padded about its middle, missing pixels as they are */
    options = options_of("otrain");
    options.side = 7;
    options.fill = NAN;
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 4);
    float padded[4 * 49];
    check_ok(epo__npy_open(path, "cube", &npy));
    assert_int_equal(epo__npy_info_of(npy)->count, 4 * 49);
    check_ok(epo__npy_read_f32(npy, 4 * 49, padded));
    epo__npy_free(npy);
    for (int y = 0; y < 7; y++)
        for (int x = 0; x < 7; x++) {
            const bool inside = x > 0 && y > 0 && x < 6 && y < 6;
            const float value = padded[y * 7 + x];
            assert_true(inside ? value == value_of(0, 0, (y - 1) * SIDE + x - 1) : isnan(value));
        }
    assert_true(isnan(padded[49 + 7 + 4])); /* pixel 3 of the second */
}

static void other_classes_are_refused_or_mapped(void **state)
{
    (void)state;
    make_candidates();
    epo_export_options options = options_of("otrain");
    epo_export_summary s;
    const char *path = temp_path(folder, "cube.npz");
    epo_store *store = open_new();
    float pixels[PIXELS] = {0};
    int64_t object = make_object(store, "z", "nova", "SN");
    epo__stamp_row row = stamp_row(object, "e", EPO__ROLE_DIFFERENCE, EPO__PIXEL_F32, SIDE, SIDE);
    make_stamp(store, &row, pixels);
    make_object(store, "z", "without stamps", "AGN"); /* has nothing that would need a label */
    done(store);
    check_fails(export(&options, path, &s), EPO_EFORMAT, "nova is of class SN");
    assert_int_equal(access(path, F_OK), -1);
    options.real = "sn,real";
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 5);
    options.real = "SN";
    options.bogus = "bogus,real";
    options.class_name = "SN";
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 1);
    /* sizes that differ */
    options = options_of("otrain");
    options.real = "real,SN";
    store = open_new();
    row = stamp_row(object, "f", EPO__ROLE_DIFFERENCE, EPO__PIXEL_F32, SIDE, SIDE - 1);
    make_stamp(store, &row, pixels);
    done(store);
    check_fails(export(&options, path, &s), EPO_EFORMAT, "5 x 4 pixels");
    options.side = 4;
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 6);
    /* nothing there */
    options.roles = "other";
    check_fails(export(&options, path, &s), EPO_ENOTFOUND, "role other");
    options.roles = NULL;
    options.split = "none:test";
    check_fails(export(&options, path, &s), EPO_ENOTFOUND, "none");
}

/* --- sequences ----------------------------------------------------------------------------------------------------------------- */

static void sequences_come_back_as_they_were(void **state)
{
    (void)state;
    static const int frames[] = {3, 1, 4};
    static const char *const names[] = {"one", "tw,o \"}\xc3\xa9", "one"}, *const surveys[] = {"a", "a", "b"};
    static const char *const classes[] = {"SN", NULL, "NON"};
    epo_store *store = open_new();
    for (int i = 0; i < 3; i++) {
        const int64_t object = make_object(store, surveys[i], names[i], classes[i]);
        for (int t = frames[i] - 1; t >= 0; t--) { /* by time, however they came */
            float pixels[PIXELS];
            char exposure[16];
            snprintf(exposure, sizeof exposure, "e%d", 9 - t);
            for (int p = 0; p < PIXELS; p++) pixels[p] = value_of(i, t, p);
            if (i == 0) pixels[7] = NAN;
            epo__stamp_row row = stamp_row(object, exposure, EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
            row.mjd = 53800.125 + t;
            make_stamp(store, &row, pixels);
            row.role = EPO__ROLE_TEMPLATE; /* not asked for */
            row.plane = 1;
            make_stamp(store, &row, pixels);
        }
    }
    done(store);
    epo_export_options options = options_of("npz-sequences");
    epo_export_summary s;
    const char *path = temp_path(folder, "x.npz");
    check_ok(export(&options, path, &s));
    assert_int_equal(s.objects, 3);
    assert_int_equal(s.frames, 8);
    assert_int_equal(s.longest, 4);

    char back[512];
    snprintf(back, sizeof back, "%s/back.db", folder);
    epo_import_options in = options_for("cube");
    in.array = "x";
    in.frames = "nframes";
    in.times = "mjd";
    in.label_column = "label";
    in.names = "names";
    told t;
    import(back, path, &in, &t);
    assert_int_equal(t.summary.stamps, 8);
    /* names that two surveys share are told apart */
    char sql[1024], *before, *after;
    before = rows(db, "SELECT CASE o.name WHEN 'one' THEN v.name || ':' || o.name ELSE o.name END AS n, o.class, s.mjd, s.type, s.width, "
                      "hex(p.data) FROM stamps s JOIN objects o ON o.id = s.object JOIN surveys v ON v.id = o.survey JOIN pixels p ON p.stamp = s.id "
                      "WHERE s.role = 'science' ORDER BY 1, 3");
    snprintf(sql, sizeof sql, "SELECT o.name, o.class, s.mjd, s.type, s.width, hex(p.data) FROM stamps s JOIN objects o ON o.id = s.object "
                              "JOIN pixels p ON p.stamp = s.id ORDER BY 1, 3");
    after = rows(back, sql);
    assert_string_equal(before, after);
    free(before);
    free(after);

    /* the same again is the same bytes */
    size_t size, again;
    unsigned char *first = read_file(path, &size), *second;
    check_ok(export(&options, temp_path(folder, "y.npz"), &s));
    second = read_file(temp_path(folder, "y.npz"), &again);
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    free(first);
    free(second);
}

static void damaged_stamps_are_named_and_left_out(void **state)
{
    (void)state;
    float pixels[PIXELS];
    epo_store *store = open_new();
    for (int i = 0; i < 2; i++) {
        const int64_t object = make_object(store, "a", i ? "good" : "bad", "real");
        for (int t = 0; t < 2; t++) {
            epo__stamp_row row = stamp_row(object, t ? "e1" : "e0", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
            for (int p = 0; p < PIXELS; p++) pixels[p] = value_of(i, t, p);
            make_stamp(store, &row, pixels);
        }
    }
    done(store);
    alter(db, "UPDATE pixels SET data = zeroblob(100) WHERE stamp = (SELECT min(stamp) FROM pixels)");
    epo_export_options options = options_of("npz-sequences");
    epo_export_summary s;
    const char *path = temp_path(folder, "x.npz");
    epo__npy *npy;
    check_ok(export(&options, path, &s));
    assert_int_equal(s.damaged, 1);
    assert_int_equal(s.frames, 3);
    check_mentions(said, "bad/e0: ");
    check_mentions(said, "CRC32");
    float x[2 * 2 * PIXELS];
    check_ok(epo__npy_open(path, "x", &npy));
    check_ok(epo__npy_read_f32(npy, 2 * 2 * PIXELS, x));
    epo__npy_free(npy);
    assert_true(x[0] == value_of(0, 1, 0)); /* the good one moves up */
    assert_true(isnan(x[PIXELS]));
    options = options_of("otrain");
    options.roles = "science";
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 3);
    assert_int_equal(s.damaged, 1);
    /* a row that cannot be costs its object */
    alter(db, "PRAGMA ignore_check_constraints = 1; UPDATE stamps SET width = 99999 WHERE id = (SELECT min(id) FROM stamps)");
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 2);
    assert_int_equal(s.damaged, 1);
    check_mentions(said, "bad/-: ");
    /* all of it */
    alter(db, "UPDATE pixels SET data = zeroblob(100)");
    check_fails(export(&options, path, &s), EPO_ENOTFOUND, "nothing to export");
}

/* --- tables -------------------------------------------------------------------------------------------------------------------------- */

static char *text_of(const char *path)
{
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    return text;
}

static void check_table(const char *table, const char *expected)
{
    epo_export_options options = options_of("csv");
    options.table = table;
    const char *path = temp_path(folder, "t.csv");
    check_ok(export(&options, path, NULL));
    char *found = text_of(path);
    if (strcmp(found, expected) != 0) fail_msg("%s is\n%sand not\n%s", table, found, expected);
    free(found);
}

static void tables_hold_every_row(void **state)
{
    (void)state;
    float pixels[PIXELS] = {1};
    int64_t model, run;
    bool added;
    epo_store *store = open_new();
    const int64_t a = make_object(store, "s", "one", "SN"), b = make_object(store, "s", "t\"w,o\r\n", NULL);
    epo__stamp_row row = stamp_row(a, "e", EPO__ROLE_SCIENCE, EPO__PIXEL_F32, SIDE, SIDE);
    row.mjd = 53827.25;
    row.night = "2006-04-02";
    row.filter = "V";
    row.mag = 18.125;
    row.candid = 77;
    row.extra = "{\"k\":[1,2]}";
    make_stamp(store, &row, pixels);
    const epo__photometry_row point = {.object = b, .method = "psf, wide", .mjd = 53827.5, .mag = 19.25, .mag_err = NAN, .filter = "", .flag = 3,
                                       .flux = -2.5, .flux_err = 0.5};
    check_ok(epo__store_photometry_put(store, &point, &added));
    check_ok(epo__store_label_add(store, &(epo__label_row){.object = a, .class_name = "CV", .who = "Ann", .why = "seen, twice"}));
    check_ok(epo__store_vote_add(store, &(epo__label_row){.object = a, .class_name = "AGN", .who = "Bob"}));
    char sha[65];
    memset(sha, 'a', 64);
    sha[64] = '\0';
    check_ok(epo__store_model_put(store, &(epo__model_row){"m", sha, "net", "[\"SN\",\"CV\"]", "none"}, &model));
    for (int k = 0; k < 2; k++) {
        check_ok(epo__store_run_begin(store, &(epo__run_row){.kind = "classify", .command = "", .options = "{}", .versions = "{}", .model = model}, &run));
        check_ok(epo__store_class_score_put(store, run, a, "SN", 0.25));
        check_ok(epo__store_class_score_put(store, run, a, "CV", 0.75));
        check_ok(epo__store_stamp_score_put(store, run, a << 20, 0.5));
        if (k == 0) check_ok(epo__store_run_end(store, run, "done", 1, 1, 0)); /* the other one never ended */
    }
    done(store);
    check_table("objects", "survey,object,ra,dec,class,class_given,parent,stamps,mjd_first,mjd_last\r\n"
                           "s,one,,,CV,,,1,53827.25,53827.25\r\n"
                           "s,\"t\"\"w,o\r\n\",,,,,,0,,\r\n");
    check_table("stamps", "survey,object,class,exposure,role,plane,mjd,mjd_given,mjd_suspect,night,filter,type,width,height,constant,mag,mag_err,"
                          "fwhm,candid,rb,drb,rb_version,drb_version,extra\r\n"
                          "s,one,CV,e,science,0,53827.25,,0,2006-04-02,V,f32,5,5,0,18.125,,,77,,,,,\"{\"\"k\"\":[1,2]}\"\r\n");
    check_table("photometry", "survey,object,class,method,mjd,filter,mag,mag_err,flag,flux,flux_err\r\n"
                              "s,\"t\"\"w,o\r\n\",,\"psf, wide\",53827.5,\"\",19.25,,3,-2.5,0.5\r\n");
    char expected[1024];
    snprintf(expected, sizeof expected,
             "survey,object,labelled,run,model,sha256,exposure,mjd,candid,class,probability\r\n"
             "s,one,CV,1,m,%s,,,,CV,0.75\r\ns,one,CV,1,m,%s,,,,SN,0.25\r\ns,one,CV,1,m,%s,e,53827.25,77,real,0.5\r\n",
             sha, sha, sha);
    check_table("scores", expected);
    epo_export_options options = options_of("csv");
    options.table = "labels";
    const char *path = temp_path(folder, "t.csv");
    check_ok(export(&options, path, NULL));
    epo__csv *csv;
    const char *const *fields;
    bool end;
    check_ok(epo__csv_open(path, &csv));
    check_ok(epo__csv_next(csv, &fields, &end));
    assert_string_equal(fields[2], "label");
    assert_string_equal(fields[3], "SN");
    assert_string_equal(fields[4], "import");
    check_ok(epo__csv_next(csv, &fields, &end));
    assert_string_equal(fields[2], "label");
    assert_string_equal(fields[3], "CV");
    assert_string_equal(fields[4], "Ann");
    assert_string_equal(fields[5], "seen, twice");
    assert_int_equal(strlen(fields[6]), 20);
    check_ok(epo__csv_next(csv, &fields, &end));
    assert_string_equal(fields[2], "vote");
    assert_string_equal(fields[3], "AGN");
    check_ok(epo__csv_next(csv, &fields, &end));
    assert_true(end);
    epo__csv_free(csv);
}

/* --- regions --------------------------------------------------------------------------------------------------------------------------- */

static const char *number(const char *at, double *value)
{
    const size_t length = strspn(at, "-.0123456789");
    assert_true(length > 0);
    *value = strtod(at, NULL);
    return at + length;
}

/* One line of our regions, by the grammar of DS9's manual: shape, sexagesimal or degrees, attributes, a text in braces. */
static void check_region(const char *line, const char *shape)
{
    double ra, dec, radius;
    const size_t length = strlen(shape);
    assert_memory_equal(line, shape, length);
    const char *at = line + length;
    assert_int_equal(*at++, '(');
    at = number(at, &ra);
    assert_int_equal(*at++, ',');
    at = number(at, &dec);
    assert_true(ra >= 0 && ra <= 360 && fabs(dec) <= 90);
    if (strcmp(shape, "circle") == 0) {
        assert_int_equal(*at++, ',');
        at = number(at, &radius);
        assert_int_equal(*at++, '"');
    }
    assert_memory_equal(at, ") # ", 4);
    at = strstr(at, "color=");
    assert_non_null(at);
    for (at += 6; islower((unsigned char)*at); at++) continue;
    assert_memory_equal(at, " text={", 7);
    for (at += 7; *at && *at != '}'; at++) assert_true(*at != '{' && (unsigned char)*at >= 0x20 && *at != 0x7f);
    assert_string_equal(at, "}");
}

static void regions_are_what_ds9_reads(void **state)
{
    (void)state;
    static const struct {
        const char *name, *class_name;
        double ra, dec;
    } made[] = {
        {"plain", "SN", 10.25, -5.5},        {"br}ace{ # color=red", "AGN", 359.9999, 89.99}, {"two\nlines;circle(1,2,3)\x7f", "real", 0, 0},
        {"\xc3\xa9\xff", "bogus", 180, 45}, {"no class", NULL, 1, 1},                          {"nowhere", "SN", NAN, NAN},
        {"beyond", "SN", 10, 91},           {"just before 0h", "SN", 359.99999999, 1},
    };
    epo_store *store = open_new();
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        const epo__object_row row = {.survey = "s", .name = made[i].name, .ra = made[i].ra, .dec = made[i].dec, .class_name = made[i].class_name};
        int64_t id;
        bool added;
        check_ok(epo__store_object_put(store, &row, &id, &added));
    }
    done(store);
    epo_export_options options = options_of("regions");
    epo_export_summary s;
    const char *path = temp_path(folder, "a.reg");
    options.radius = 7.5;
    check_ok(export(&options, path, &s));
    assert_int_equal(s.rows, 6);
    assert_int_equal(s.unplaced, 1);
    assert_int_equal(s.damaged, 1);
    check_mentions(said, "beyond/-: ");
    char *text = text_of(path), *rest = NULL;
    check_mentions(text, "\nfk5\n");
    check_mentions(text, "circle(10.2500000,-5.5000000,7.5000000\") # color=magenta text={plain (SN)}\n"); /* AGN comes before SN */
    check_mentions(text, "# color=cyan text={br)ace( # color=red (AGN)}\n");
    check_mentions(text, "# color=green text={two?lines;circle(1,2,3)? (real)}\n");
    check_mentions(text, "# color=red text={\xc3\xa9? (bogus)}\n");
    check_mentions(text, "# color=white text={no class}\n");
    check_mentions(text, "circle(0.0000000,1.0000000,7.5000000\") # color=magenta text={just before 0h (SN)}\n");
    int lines = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++)
        if (lines > 2) check_region(line, "circle");
    assert_int_equal(lines, 3 + 6);
    free(text);
    options.radius = 0;
    check_ok(export(&options, path, &s));
    text = text_of(path);
    check_mentions(text, "point(10.2500000,-5.5000000) # point=cross color=magenta text={plain (SN)}\n");
    free(text);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    epo_export_options options = options_of("otrain");
    check_ok(epo_export_check(&options));
    options.roles = "science,radio";
    check_fails(epo_export_check(&options), EPO_EARG, "radio");
    options.roles = "science,,difference";
    check_fails(epo_export_check(&options), EPO_EARG, "role ''");
    options = options_of("npz-sequences");
    options.roles = "science,difference";
    check_fails(epo_export_check(&options), EPO_EARG, "one role");
    options = options_of("csv");
    options.table = "pixels";
    check_fails(epo_export_check(&options), EPO_EARG, "pixels");
    options = options_of("regions");
    options.radius = -1;
    check_fails(epo_export_check(&options), EPO_EARG, "-1");
    options = options_of("fits");
    check_fails(epo_export_check(&options), EPO_EARG, "fits");
    options = options_of("otrain");
    options.side = 2000;
    check_fails(epo_export_check(&options), EPO_EARG, "2000");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cubes_have_the_keys_and_shapes_of_otrain),
        TEST(other_classes_are_refused_or_mapped),
        TEST(sequences_come_back_as_they_were),
        TEST(damaged_stamps_are_named_and_left_out),
        TEST(tables_hold_every_row),
        TEST(regions_are_what_ds9_reads),
        TEST(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
