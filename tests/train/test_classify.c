/* SPDX-License-Identifier: BSD-3-Clause
 * test_classify.c - sequences of a store to class probabilities, against the same network run on sequences that the test put
 * together and normalised itself. */
#include "train/by_hand.h"

#include <signal.h>
#include <zlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data/importing.h"
#include "support/fitsmake.h"

static char *folder, db[512], weights[512];

static int make_temp(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    snprintf(weights, sizeof weights, "%s/m.safetensors", folder);
    return 0;
}

static int remove_temp(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* --- a survey ---------------------------------------------------------------------------------------------------------- */

enum { VISITS = 2, MOST_NIGHTS = 32, SIDE = 40, OBJECTS = 9 };

/* Nights of each object. Object 3 has two nights, object 6 none that can be used but one. */
static const int nights[OBJECTS] = {3, 7, 12, 2, 29, 4, 3, 6, 31};

/* In object 7 the first visit of each odd night is constant, so that the second stands for the night; in object 6 every visit
 * of every night but the first is. */
static bool is_constant(int object, int night, int visit)
{
    return (object == 7 && night % 2 == 1 && visit == 0) || (object == 6 && night > 0);
}

static int16_t stored(int object, int night, int visit, int y, int x)
{
    if (is_constant(object, night, visit)) return 300;
    int noise = (object * 7919 + night * 104729 + visit * 1299709 + y * 6007 + x * 3571 + x * x * y * 31) % 211;
    int source = (y - SIDE / 2) * (y - SIDE / 2) + (x - SIDE / 2) * (x - SIDE / 2) < 16 ? 120 * (1 + (night + object) % 5) : 0;
    return (int16_t)(500 + 3 * night + noise + source);
}

/* Nights are not evenly spaced. */
static double mjd_of(int object, int night, int visit)
{
    return 54466 + 3 * night + night * night + object % 3 + 0.25 + 0.0065 * visit;
}

static void save_object(const char *path, int object)
{
    static const char *const names[] = {"HDU_Ext", "Set_Number", "Date", "MJD", "Field_ID", "Obs_In_Seq", "Cutout"};
    static const char *const forms[] = {"J", "2A", "9A", "D", "6A", "4A", "4A"};
    static char text[MOST_NIGHTS * VISITS][4][16];
    static const char *cells[MOST_NIGHTS * VISITS][7];
    fm_file f = {0};
    int count = nights[object] * VISITS;
    fm_primary(&f, NULL);
    for (int i = 0; i < count; i++) {
        double mjd = mjd_of(object, i / VISITS, i % VISITS);
        int day = (int)mjd - 54466, month = 0, year = 8; /* 54466: 2008 January 1 */
        for (int length; day >= (length = month == 1 ? (year % 4 ? 28 : 29) : month == 3 || month == 5 || month == 8 || month == 10 ? 30 : 31);) {
            day -= length;
            if (++month == 12) month = 0, year++;
        }
        snprintf(text[i][0], 16, "%d", i + 2);
        snprintf(text[i][1], 16, "%02d%.3s%02d", year, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC" + 3 * month, day + 1);
        snprintf(text[i][2], 16, "%.6f", mjd);
        snprintf(text[i][3], 16, "%04d", i % VISITS + 1);
        const char *const row[7] = {text[i][0], "01", text[i][1], text[i][2], "N20049", text[i][3], "3201"};
        memcpy(cells[i], row, sizeof row);
    }
    fm_table(&f, 7, names, forms, (size_t)count, &cells[0][0], NULL);
    for (int i = 0; i < count; i++) {
        int16_t pixels[SIDE * SIDE];
        for (int k = 0; k < SIDE * SIDE; k++) pixels[k] = stored(object, i / VISITS, i % VISITS, k / SIDE, k % SIDE);
        fm_image(&f, 16, SIDE, SIDE, pixels, NULL);
    }
    fm_save(&f, path);
    fm_free(&f);
}

/* Objects "0" .. "8", class SN and AGN in turn. */
static void import_survey(void)
{
    char tree[512];
    told t;
    snprintf(tree, sizeof tree, "%s/tree", folder);
    make_folder(tree);
    for (int i = 0; i < OBJECTS; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", tree, i % 2 ? "AGN" : "SN");
        if (i < 2) make_folder(path);
        snprintf(path, sizeof path, "%s/%s/%d.fits", tree, i % 2 ? "AGN" : "SN", i);
        save_object(path, i);
    }
    epo_import_options options = options_for("tao");
    import(db, tree, &options, &t);
    assert_string_equal(t.refused, "");
    assert_int_equal(t.summary.objects, OBJECTS);
    assert_int_equal(t.summary.suspect_dates, 0);
}

static epo_store *open_survey(void)
{
    epo_store *store = NULL;
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    return store;
}

static void outside(const char *sql)
{
    sqlite3 *handle;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(db, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(handle, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s: %s", sql, message);
    sqlite3_close(handle);
}

/* --- the way of a sequence, by hand --------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

/* `count` planes of size x size about the stamps' centre, NaN around them: asinh of what is over each night's sky, in units of
 * the noise of all. */
static void normalise_by_hand(double *planes, int count, int size, float *out)
{
    int pixels = size * size, used = 0;
    double *room = malloc((size_t)(count * pixels) * sizeof *room);
    assert_non_null(room);
    for (int p = 0; p < count; p++) {
        int finite = 0;
        for (int i = 0; i < pixels; i++)
            if (!isnan(planes[p * pixels + i])) room[finite++] = planes[p * pixels + i];
        double sky = median(room, finite);
        for (int i = 0; i < pixels; i++) planes[p * pixels + i] -= sky;
    }
    for (int i = 0; i < count * pixels; i++)
        if (!isnan(planes[i])) room[used++] = fabs(planes[i]);
    double noise = 1.4826 * median(room, used);
    for (int i = 0; i < count * pixels; i++) out[i] = isnan(planes[i]) ? 0 : (float)asinh(planes[i] / noise);
    free(room);
}

/* Fills in the planes of an object's nights, three a triplet, and their dates; returns the number of nights. */
static int sequence_by_hand(int object, int size, double *planes, double *mjds)
{
    int count = 0;
    for (int night = 0; night < nights[object]; night++)
        for (int visit = 0; visit < VISITS; visit++) {
            if (is_constant(object, night, visit)) continue;
            for (int y = 0; y < size; y++)
                for (int x = 0; x < size; x++) {
                    int from_y = y - size / 2 + SIDE / 2, from_x = x - size / 2 + SIDE / 2;
                    bool inside = from_y >= 0 && from_y < SIDE && from_x >= 0 && from_x < SIDE;
                    planes[(count * size + y) * size + x] = inside ? stored(object, night, visit, from_y, from_x) : (double)NAN;
                }
            mjds[count++] = mjd_of(object, night, visit);
            break; /* one a night */
        }
    return count;
}

static void classify_by_hand(const epo_model *model, int object, double *out)
{
    const epo__network *n = epo__model_network(model);
    epo__net *head = epo__model_head(model, EPO_HEAD_SEQUENCE);
    int size = n->height;
    size_t plane = (size_t)(size * size), width = (size_t)epo__net_in(head).channels;
    double *planes = malloc(MOST_NIGHTS * plane * sizeof *planes), mjds[MOST_NIGHTS];
    float *normalised = malloc(MOST_NIGHTS * plane * sizeof *normalised);
    float *features = calloc(MOST_NIGHTS * width, sizeof *features), raw[MOST_CLASSES];
    assert_true(planes && normalised && features);
    int used = sequence_by_hand(object, size, planes, mjds), stride = n->stride, triplets = (used - 3) / stride + 1;
    normalise_by_hand(planes, used, size, normalised); /* one scale from all nights, also those left over */
    for (int t = 0; t < triplets; t++) {
        float *row = features + (size_t)t * width;
        size_t length = encode_by_hand(model, normalised + (size_t)(t * stride) * plane, row);
        assert_int_equal(length + (n->dates ? 3 : 0), width);
        for (int i = stride * t; n->dates && i < stride * t + 3; i++) row[length++] = i ? (float)((mjds[i] - mjds[i - 1]) / 365.25) : 0;
    }
    epo__plan *plan = NULL;
    check_ok(epo__plan_create(head, 1, &plan));
    check_ok(epo__plan_run_sequences(plan, 1, &triplets, features, raw));
    epo__plan_destroy(plan);
    for (int k = 0; k < epo__net_out(head).channels; k++) out[k] = (double)raw[k];
    free(planes);
    free(normalised);
    free(features);
}

#define ENCODER "encoder\n    conv 4 kernel=3 pad=same bias=0\n    dense layers=2 growth=4\n    transition compression=0.5\n    batchnorm\n    relu\n    gap\n"
#define SEQUENCE "\n    gru 8 layers=2 output=sum\n    linear classes\n    softmax\n"

static const char *const networks[] = {
    "network early\ninput planes=3 size=32\nnormalise asinh scope=sequence\n" ENCODER "sequence nights=3 dates=off classes=SN,AGN,OTHER" SEQUENCE,
    "network dates\ninput planes=3 size=32\nnormalise asinh scope=sequence\n" ENCODER "sequence nights=3 dates=on classes=SN,AGN,OTHER" SEQUENCE,
    "network late\ninput planes=3 size=16\nfusion late\nnormalise asinh scope=sequence\n" ENCODER "sequence nights=3 dates=on classes=SN,AGN,OTHER" SEQUENCE,
    "network overlapping\ninput planes=3 size=32\nnormalise asinh scope=sequence\n" ENCODER "sequence nights=3 stride=1 dates=on classes=SN,AGN,OTHER" SEQUENCE,
    "network two\ninput planes=3 size=16\nnormalise asinh scope=sequence\n" ENCODER "sequence nights=3 stride=2 dates=on classes=SN,AGN,OTHER" SEQUENCE,
    "network wide\ninput planes=3 size=64\nnormalise asinh scope=sequence\n" ENCODER "sequence nights=3 dates=off classes=SN,AGN,OTHER" SEQUENCE,
};
enum { NETWORKS = sizeof networks / sizeof *networks, CLASSES = 3 };

static const char *refusal(int object)
{
    if (object == 3) return "2 nights, and a sequence needs 3";
    return object == 6 ? "1 nights, and a sequence needs 3" : NULL;
}

static const one_result *result_of(const results *r, const char *object)
{
    size_t i = 0;
    while (i < r->count && strcmp(r->all[i].object, object) != 0) i++;
    if (i == r->count) fail_msg("no result for object %s", object);
    return &r->all[i];
}

/* --- tests ------------------------------------------------------------------------------------------------------------------ */

static void probabilities_are_those_of_the_network(void **state)
{
    (void)state;
    import_survey();
    for (int i = 0; i < NETWORKS; i++) {
        epo_model *model = model_of(networks[i], weights, 70 + (uint64_t)i);
        epo_store *store = open_survey();
        results first = {0};
        double spread = 0;
        for (int threads = 1; threads <= 2; threads++) {
            epo_score_options options = EPO_SCORE_OPTIONS_INIT;
            options.threads = threads;
            options.batch = threads == 1 ? 0 : 2;
            results r = {0};
            check_ok(epo_classify_store(model, store, &options, remember_result, &r, &r.summary));
            assert_int_equal(r.count, OBJECTS);
            assert_int_equal(r.summary.refused, 2);
            for (int object = 0; object < OBJECTS; object++) {
                char name[8];
                double expected[CLASSES];
                snprintf(name, sizeof name, "%d", object);
                const one_result *found = result_of(&r, name);
                assert_string_equal(found->class_given, object % 2 ? "AGN" : "SN");
                if (refusal(object)) {
                    check_mentions(found->error, refusal(object));
                    continue;
                }
                assert_string_equal(found->error, "");
                assert_int_equal(found->nights, nights[object]);
                assert_int_equal(found->triplets, (nights[object] - 3) / epo__model_network(model)->stride + 1);
                assert_int_equal(found->class_count, CLASSES);
                check_near(found->mjd, mjd_of(object, 0, 0), 1e-6);
                classify_by_hand(model, object, expected);
                for (int k = 0; k < CLASSES; k++) check_near(found->probabilities[k], expected[k], 2e-6);
                spread = fmax(spread, fabs(expected[0] - 1.0 / CLASSES));
            }
            if (threads == 1) {
                first = r;
                continue;
            }
            for (size_t k = 0; k < r.count; k++) assert_string_equal(r.all[k].object, first.all[k].object);
            results_clear(&r);
        }
        assert_true(spread > 1e-3); /* the objects do get different answers */
        results_clear(&first);
        epo_store_close(store);
        epo_model_free(model);
    }
}

/* Mirrors every stamp about its horizontal middle, in the store itself. */
static void turn_survey(void)
{
    sqlite3 *handle;
    sqlite3_stmt *read, *write;
    assert_int_equal(sqlite3_open_v2(db, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, "SELECT stamp, data FROM pixels", -1, &read, NULL), SQLITE_OK);
    while (sqlite3_step(read) == SQLITE_ROW) {
        static int16_t pixels[SIDE * SIDE];
        const int16_t *from = sqlite3_column_blob(read, 1);
        assert_int_equal(sqlite3_column_bytes(read, 1), sizeof pixels);
        for (int y = 0; y < SIDE; y++) memcpy(pixels + y * SIDE, from + (SIDE - 1 - y) * SIDE, SIDE * sizeof *pixels);
        assert_int_equal(sqlite3_prepare_v2(handle, "UPDATE stamps SET crc32 = ?2 WHERE id = ?1", -1, &write, NULL), SQLITE_OK);
        sqlite3_bind_int64(write, 1, sqlite3_column_int64(read, 0));
        sqlite3_bind_int64(write, 2, (sqlite3_int64)crc32(0, (const unsigned char *)pixels, sizeof pixels));
        assert_int_equal(sqlite3_step(write), SQLITE_DONE);
        sqlite3_finalize(write);
        assert_int_equal(sqlite3_prepare_v2(handle, "UPDATE pixels SET data = ?2 WHERE stamp = ?1", -1, &write, NULL), SQLITE_OK);
        sqlite3_bind_int64(write, 1, sqlite3_column_int64(read, 0));
        sqlite3_bind_blob(write, 2, pixels, sizeof pixels, SQLITE_STATIC);
        assert_int_equal(sqlite3_step(write), SQLITE_DONE);
        sqlite3_finalize(write);
    }
    sqlite3_finalize(read);
    assert_int_equal(sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

/* The encoder's own head sees the middle nights only. */
static void the_encoder_alone(void **state)
{
    (void)state;
    enum { SIZE = 16, PLANE = SIZE * SIZE };
    static const char text[] = "network alone\ninput planes=3 size=16\nnormalise asinh scope=sequence\n" ENCODER
                               "triplet classes=SN,AGN,OTHER\n    linear classes\n    softmax\n";
    static double planes[MOST_NIGHTS * PLANE], mjds[MOST_NIGHTS];
    static float normalised[MOST_NIGHTS * PLANE];
    import_survey();
    epo_model *model = model_of(text, weights, 12);
    epo_store *store = open_survey();
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    results r = {0};
    assert_int_equal(epo_classify_store(model, store, &options, remember_result, &r, &r.summary), EPO_EMODEL);
    check_mentions(epo_error_message(), "no sequence head");
    options.triplet_head = true;
    check_ok(epo_classify_store(model, store, &options, remember_result, &r, &r.summary));
    assert_int_equal(r.summary.refused, 2);
    for (int object = 0; object < OBJECTS; object++) {
        char name[8];
        float features[64], expected[CLASSES];
        if (refusal(object)) continue;
        snprintf(name, sizeof name, "%d", object);
        const one_result *found = result_of(&r, name);
        int used = sequence_by_hand(object, SIZE, planes, mjds);
        normalise_by_hand(planes, used, SIZE, normalised);
        assert_true(encode_by_hand(model, normalised + (used - 3) / 2 * PLANE, features) <= 64);
        epo__plan *plan = NULL;
        check_ok(epo__plan_create(epo__model_head(model, EPO_HEAD_TRIPLET), 1, &plan));
        check_ok(epo__plan_run(plan, 1, features, expected));
        epo__plan_destroy(plan);
        assert_int_equal(found->triplets, 1);
        for (int k = 0; k < CLASSES; k++) check_near(found->probabilities[k], (double)expected[k], 2e-6);
    }
    results_clear(&r);
    epo_store_close(store);
    epo_model_free(model);
}

/* A survey that is turned as a whole gets the same mean over all turns, and another answer without them. */
static void turns_are_averaged(void **state)
{
    (void)state;
    import_survey();
    epo_model *model = model_of(networks[1], weights, 31);
    epo_store *store = open_survey();
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    results r[2][2] = {{{0}}};
    for (int turned = 0; turned < 2; turned++) {
        for (int turns = 0; turns < 2; turns++) {
            options.turns = turns;
            check_ok(epo_classify_store(model, store, &options, remember_result, &r[turned][turns], &r[turned][turns].summary));
        }
        turn_survey();
    }
    double moved = 0;
    for (size_t i = 0; i < r[0][0].count; i++)
        for (size_t k = 0; k < r[0][0].all[i].class_count; k++) {
            check_near(r[0][1].all[i].probabilities[k], r[1][1].all[i].probabilities[k], 2e-6);
            moved = fmax(moved, fabs(r[0][0].all[i].probabilities[k] - r[1][0].all[i].probabilities[k]));
        }
    assert_true(moved > 1e-4);
    for (int i = 0; i < 4; i++) results_clear(&r[i / 2][i % 2]);
    epo_store_close(store);
    epo_model_free(model);
}

static void scores_are_kept_with_run_and_model(void **state)
{
    (void)state;
    char sql[512];
    import_survey();
    epo_model *model = model_of(networks[1], weights, 5);
    epo_store *store = open_survey();
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    options.command_line = "epochal classify \"x\"";
    options.threads = 2;
    results a = {0}, b = {0};
    check_ok(epo_classify_store(model, store, &options, remember_result, &a, &a.summary));
    check_ok(epo_classify_store(model, store, &options, remember_result, &b, &b.summary));
    assert_int_equal(a.summary.run, 1);
    assert_int_equal(b.summary.run, 2);
    for (size_t i = 0; i < a.count; i++)
        for (size_t k = 0; k < a.all[i].class_count; k++) assert_true(a.all[i].probabilities[k] == b.all[i].probabilities[k]);
    epo_model_info info;
    epo_model_get_info(model, &info);
    snprintf(sql, sizeof sql, "1|classify|epochal classify \"x\"|done|2|dates|%s|[\"SN\",\"AGN\",\"OTHER\"]|asinh scope=sequence|1|1\n"
             "2|classify|epochal classify \"x\"|done|2|dates|%s|[\"SN\",\"AGN\",\"OTHER\"]|asinh scope=sequence|1|1\n", info.sha256, info.sha256);
    check_rows(db, "SELECT r.id, kind, command, status, threads, m.name, m.sha256, m.classes, json_extract(r.options, '$.normalise'), "
                   "seconds > 0, peak_memory > 0 FROM runs r JOIN models m ON m.id = r.model ORDER BY r.id", sql);
    check_rows(db, "SELECT run, count(*), count(DISTINCT object), abs(sum(probability) - 7) < 1e-5 FROM class_scores GROUP BY run", "1|21|7|1\n2|21|7|1\n");
    const one_result *four = result_of(&a, "4");
    char *text = rows(db, "SELECT probability FROM latest_class_scores WHERE name = '4' AND class = 'AGN' AND run = 2");
    check_near(strtod(text, NULL), four->probabilities[1], 1e-12);
    free(text);
    results_clear(&a);
    results_clear(&b);
    epo_store_close(store);
    epo_model_free(model);
}

static void a_split_is_honoured(void **state)
{
    (void)state;
    import_survey();
    outside("INSERT INTO splits (id, name, seed, options, made) VALUES (4, 'main', 1, '{}', '2026-01-01T00:00:00Z');"
            "INSERT INTO split_members SELECT 4, id, CASE name WHEN '1' THEN 'test' WHEN '5' THEN 'test' ELSE 'train' END FROM objects WHERE name <> '8'");
    epo_model *model = model_of(networks[0], weights, 5);
    epo_store *store = open_survey();
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    results r = {0};
    options.split = "main:test";
    check_ok(epo_classify_store(model, store, &options, remember_result, &r, &r.summary));
    assert_int_equal(r.count, 2);
    result_of(&r, "1");
    result_of(&r, "5");
    results_clear(&r);
    options.split = "main";
    check_ok(epo_classify_store(model, store, &options, remember_result, &r, &r.summary));
    assert_int_equal(r.count, OBJECTS - 1);
    results_clear(&r);
    check_rows(db, "SELECT split, json_extract(options, '$.split') FROM runs ORDER BY id", "4|main:test\n4|main\n");
    options.split = "other:test";
    check_fails(epo_classify_store(model, store, &options, NULL, NULL, &r.summary), EPO_ENOTFOUND, "no split other");
    options.split = "main:tset";
    check_fails(epo_classify_store(model, store, &options, NULL, NULL, &r.summary), EPO_ENOTFOUND, "tset");
    check_rows(db, "SELECT count(*) FROM runs WHERE status = 'done'", "2\n");
    epo_store_close(store);
    epo_model_free(model);
}

static void a_damaged_stamp_spoils_its_object_only(void **state)
{
    (void)state;
    import_survey();
    outside("UPDATE pixels SET data = zeroblob(length(data)) WHERE stamp = (SELECT s.id FROM stamps s JOIN objects o ON o.id = s.object "
            "WHERE o.name = '2' ORDER BY s.mjd LIMIT 1);"
            "UPDATE pixels SET data = x'00' WHERE stamp = (SELECT s.id FROM stamps s JOIN objects o ON o.id = s.object "
            "WHERE o.name = '5' ORDER BY s.mjd LIMIT 1)");
    epo_model *model = model_of(networks[0], weights, 5);
    epo_store *store = open_survey();
    results r = {0};
    check_ok(epo_classify_store(model, store, NULL, remember_result, &r, &r.summary));
    assert_int_equal(r.count, OBJECTS);
    assert_int_equal(r.summary.refused, 4);
    check_mentions(result_of(&r, "2")->error, "do not fit their CRC32");
    check_mentions(result_of(&r, "5")->error, "wrong size");
    double expected[CLASSES];
    classify_by_hand(model, 8, expected);
    for (int k = 0; k < CLASSES; k++) check_near(result_of(&r, "8")->probabilities[k], expected[k], 2e-6);
    check_rows(db, "SELECT count(DISTINCT object), (SELECT status FROM runs) FROM class_scores", "5|done\n");
    results_clear(&r);
    epo_store_close(store);
    epo_model_free(model);
}

static void the_receiver_can_stop(void **state)
{
    (void)state;
    import_survey();
    epo_model *model = model_of(networks[0], weights, 5);
    epo_store *store = open_survey();
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    options.threads = 2;
    results r = {.stop_at = 3};
    check_fails(epo_classify_store(model, store, &options, remember_result, &r, &r.summary), EPO_ECANCELLED, "stopped");
    assert_int_equal(r.count, 3);
    check_rows(db, "SELECT status, (SELECT count(*) FROM class_scores) > 0, (SELECT count(*) FROM latest_class_scores) FROM runs", "cancelled|1|0\n");
    results_clear(&r);
    epo_store_close(store);
    epo_model_free(model);
}

/* A slow reader of results, so that the child is in the middle of its run for some seconds. */
static epo_status dawdle(void *context, const epo_score *score)
{
    (void)score;
    usleep(400000);
    char one = 'x';
    return write(*(int *)context, &one, 1) == 1 ? EPO_OK : EPO_EIO;
}

/* Killed without warning, a run has kept what is more than a couple of seconds old, is not taken for done, and does not stand in
 * the way of the next. */
static void a_killed_run_keeps_its_scores(void **state)
{
    (void)state;
    enum { BEFORE = 8 };
    int tube[2];
    import_survey();
    epo_model *model = model_of(networks[0], weights, 5);
    epo_model_free(model);
    assert_int_equal(pipe(tube), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        epo_store *store = NULL;
        epo_score_summary summary;
        epo_score_options options = EPO_SCORE_OPTIONS_INIT;
        options.threads = 1;
        if (epo_model_load(weights, NULL, &model) != EPO_OK || epo_store_open(db, EPO_STORE_WRITE, &store) != EPO_OK) _exit(1);
        epo_classify_store(model, store, &options, dawdle, &tube[1], &summary);
        _exit(2);
    }
    close(tube[1]);
    for (int i = 0; i < BEFORE; i++) {
        char one;
        assert_int_equal(read(tube[0], &one, 1), 1);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(tube[0]);
    check_rows(db, "SELECT status, (SELECT count(DISTINCT object) FROM class_scores) BETWEEN 3 AND 8, (SELECT count(*) FROM latest_class_scores) FROM runs", "running|1|0\n");
    check_ok(epo_model_load(weights, NULL, &model));
    epo_store *store = open_survey();
    results r = {0};
    check_ok(epo_store_check(store, NULL));
    check_ok(epo_classify_store(model, store, NULL, remember_result, &r, &r.summary));
    assert_int_equal(r.summary.scored, OBJECTS - 2);
    check_rows(db, "SELECT status, (SELECT count(DISTINCT object) FROM latest_class_scores WHERE run = 2) FROM runs ORDER BY id", "running|7\ndone|7\n");
    results_clear(&r);
    epo_store_close(store);
    epo_model_free(model);
}

static void empty_stores_and_wrong_models(void **state)
{
    (void)state;
    epo_store *store = NULL;
    epo_score_summary summary;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    epo_model *model = model_of(networks[0], weights, 5);
    check_ok(epo_classify_store(model, store, NULL, NULL, NULL, &summary));
    assert_int_equal(summary.scored + summary.refused, 0);
    check_fails(epo_score_store(model, store, NULL, NULL, NULL, &summary), EPO_EMODEL, "no stamp head");
    epo_model_free(model);
    model = model_of("network stamp\ninput planes=1 size=32\n" ENCODER "stamp planes=science classes=bogus,real\n    linear 1\n    sigmoid\n", weights, 5);
    check_fails(epo_classify_store(model, store, NULL, NULL, NULL, &summary), EPO_EMODEL, "no sequence head");
    check_ok(epo_score_store(model, store, NULL, NULL, NULL, &summary));
    epo_model_free(model);
    epo_store_close(store);
    check_rows(db, "SELECT kind, status FROM runs", "classify|done\nscore|done\n");
}

/* Exactly as many objects as the cursor reads ahead, and one more and one less: the end is the end. */
static void the_end_of_the_objects_is_the_end(void **state)
{
    (void)state;
    epo_model *model = model_of("network both\ninput planes=1 size=8\nencoder\n    conv 2 kernel=3 pad=same\n    gap\n"
                                "stamp planes=science classes=bogus,real\n    linear 1\n    sigmoid\n", weights, 5);
    epo_store *store = NULL;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    static const int counts[] = {255, 256, 257};
    for (int i = 0; i < 3; i++) {
        char sql[512];
        snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO surveys (id, name) VALUES (1, 's'); WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n "
                 "WHERE k < %d) INSERT OR IGNORE INTO objects (id, survey, name) SELECT k, 1, 'o' || k FROM n", counts[i]);
        outside(sql);
        results r = {0};
        check_ok(epo_score_store(model, store, NULL, remember_result, &r, &r.summary));
        assert_int_equal(r.count, 0); /* no stamps */
        results_clear(&r);
    }
    epo_model_free(model);
    model = model_of(networks[0], weights, 5);
    results r = {0};
    check_ok(epo_classify_store(model, store, NULL, remember_result, &r, &r.summary));
    assert_int_equal(r.count, 257);
    check_mentions(r.all[256].error, "object o257: 0 nights");
    results_clear(&r);
    epo_store_close(store);
    epo_model_free(model);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)
    const struct CMUnitTest tests[] = {
        TEST(probabilities_are_those_of_the_network),
        TEST(the_encoder_alone),
        TEST(turns_are_averaged),
        TEST(scores_are_kept_with_run_and_model),
        TEST(a_split_is_honoured),
        TEST(a_damaged_stamp_spoils_its_object_only),
        TEST(the_receiver_can_stop),
        TEST(a_killed_run_keeps_its_scores),
        TEST(empty_stores_and_wrong_models),
        TEST(the_end_of_the_objects_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
