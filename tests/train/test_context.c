/* SPDX-License-Identifier: BSD-3-Clause
 * test_context.c - forests over stored scores, a CSV by object and a catalogue: the rows against what was put in, and
 * what training with blanked context is good for. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/stamps.h"
#include "store/store.h"
#include "train/context.h"

enum { OBJECTS = 600 };
static const char sha_types[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_stamps[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char sha_none[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

static char *folder, *csv, *catalogue;
static const char *db;
static int64_t objects[OBJECTS];

static int is_agn(int i)
{
    return i % 2;
}

/* The weak score of object i: AGN have higher ones, with much overlap. */
static double weak(int i)
{
    epo__rng rng = {.seed = 11, .stream = (uint64_t)i};
    return 1 / (1 + exp(-(is_agn(i) ? 0.8 : -0.8) - epo__rng_normal(&rng)));
}

static double position(int i)
{
    return 10 + 0.1 * i; /* degrees: far from each other */
}

static int64_t start_run(epo_store *store, const char *sha256, const char *classes)
{
    int64_t model, run;
    const epo__model_row row = {
        .name = "net", .sha256 = sha256, .network = "", .classes = classes, .normalisation = ""};
    check_ok(epo__store_model_put(store, &row, &model));
    const epo__run_row start = {
        .kind = "classify", .command = "", .options = "{}", .versions = "{}", .threads = 1, .model = model};
    check_ok(epo__store_run_begin(store, &start, &run));
    return run;
}

/* Three stamps of object 0, the latest imported first, scored 0.2, 0.9, 0.1 in the order of time. */
static void put_stamps(epo_store *store)
{
    static const double mjds[] = {50003, 50001, 50002}, scores[] = {0.1, 0.2, 0.9};
    const float pixel = 1;
    const int64_t run = start_run(store, sha_stamps, "[\"bogus\",\"real\"]");
    int64_t source;
    const epo__source_row file = {.survey = "s", .path = "f", .digest = sha_none, .format = "stamps", .options = "{}"};
    check_ok(epo__store_source_add(store, &file, &source));
    for (int i = 0; i < 3; i++) {
        char exposure[8];
        int64_t id;
        bool added;
        snprintf(exposure, sizeof exposure, "e%d", i);
        const epo__stamp_row row = {.object = objects[0],
                                    .source = source,
                                    .exposure = exposure,
                                    .role = EPO__ROLE_SCIENCE,
                                    .mjd = mjds[i],
                                    .mjd_given = NAN,
                                    .type = EPO__PIXEL_F32,
                                    .width = 1,
                                    .height = 1,
                                    .mag = NAN,
                                    .mag_err = NAN,
                                    .fwhm = NAN,
                                    .rb = NAN,
                                    .drb = NAN};
        check_ok(epo__store_stamp_put(store, &row, &pixel, &id, &added));
        check_ok(epo__store_stamp_score_put(store, run, id, scores[i]));
    }
    check_ok(epo__store_run_end(store, run, "done", 1, 0, 0));
}

/* Objects with a class and a weak score each, all but one with a position; the split main has a train and a test half.
 */
static void fill_store(void)
{
    epo_store *store;
    int64_t split;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    check_ok(epo__store_split_add(store, "main", 1, "{}", &split));
    const int64_t run = start_run(store, sha_types, "[\"SN\",\"AGN\"]");
    for (int i = 0; i < OBJECTS; i++) {
        char name[16];
        bool added;
        snprintf(name, sizeof name, "o%03d", i);
        const epo__object_row row = {.survey = "s",
                                     .name = name,
                                     .ra = i == 5 ? NAN : position(i),
                                     .dec = i == 5 ? NAN : 20,
                                     .class_name = is_agn(i) ? "AGN" : "SN"};
        check_ok(epo__store_object_put(store, &row, &objects[i], &added));
        check_ok(epo__store_split_member_add(store, split, objects[i], i < OBJECTS / 2 ? "train" : "test"));
        if (i == 4) continue; /* not scored */
        check_ok(epo__store_class_score_put(store, run, objects[i], "AGN", weak(i)));
        check_ok(epo__store_class_score_put(store, run, objects[i], "SN", 1 - weak(i)));
    }
    check_ok(epo__store_run_end(store, run, "done", 1, 0, 0));
    put_stamps(store);
    check_ok(epo__store_commit(store));
    epo_store_close(store);
}

/* A galaxy with magnitude lies beside each object, an AGN where the object is one (10 % of the time not), far in the
 * rest. */
static void write_files(void)
{
    FILE *file = fopen(catalogue, "w");
    assert_non_null(file);
    fputs("ra,dec,kind,mag\n", file);
    for (int i = 0; i < OBJECTS; i++) {
        fprintf(file, "%.9f,20.001,galaxy,%d\n", position(i), 15 + i % 5);
        if (is_agn(i) != (i % 10 == 3)) fprintf(file, "%.9f,20,agn,\n", position(i));
    }
    fclose(file);
    file = fopen(csv, "w");
    assert_non_null(file);
    fputs("id,survey,class,host,colour,empty\n", file);
    for (int i = 0; i < OBJECTS; i++)
        if (i != 6) fprintf(file, "o%03d,%s,%d,%s,%d.5,\n", i, i % 3 ? "s" : "", is_agn(i), i % 2 ? "E" : "S", i);
    fputs("o007,other,1,S,-1,\n", file); /* another object */
    fclose(file);
}

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    db = strdup(temp_path(folder, "s.db"));
    csv = strdup(temp_path(folder, "c.csv"));
    catalogue = strdup(temp_path(folder, "k.csv"));
    fill_store();
    write_files();
    return 0;
}

static int end(void **state)
{
    (void)state;
    free((char *)db);
    free(csv);
    free(catalogue);
    temp_remove(folder);
    return 0;
}

static epo_store *open_db(epo_store_mode mode)
{
    epo_store *store;
    check_ok(epo_store_open(db, mode, &store));
    return store;
}

/* Trains and goes through a file. */
static epo_forest *train(const epo_context_options *options, const char *file)
{
    epo_store *store = open_db(EPO_STORE_READ);
    epo_forest_options how = EPO_FOREST_OPTIONS_INIT;
    epo_forest *forest;
    how.trees = 60;
    how.max_features = "all"; /* so that the best column is taken first, as it is when context is many columns */
    how.min_leaf = 10;
    check_ok(epo_context_train(store, options, &how, &forest));
    check_ok(epo_forest_save(forest, temp_path(folder, file)));
    epo_forest_free(forest);
    check_ok(epo_forest_load(temp_path(folder, file), &forest));
    epo_store_close(store);
    return forest;
}

static void close_to(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-6 * fabs(expected) + 1e-9)) fail_msg("%.9g, not %.9g", value, expected);
}

/* Every cell of some rows, worked out here. */
static void rows_by_hand(void **state)
{
    (void)state;
    static const char *const names[] = {"types:SN",
                                        "types:AGN",
                                        "rb:real_mean",
                                        "rb:real_max",
                                        "rb:real_last",
                                        "context:colour",
                                        "catalogue:agn:distance",
                                        "catalogue:agn:mag",
                                        "catalogue:galaxy:distance",
                                        "catalogue:galaxy:mag"};
    const epo_evaluate_source models[] = {{.sha256 = sha_types, .name = "runs/types.safetensors"},
                                          {.sha256 = sha_stamps, .name = "rb"}};
    epo_context_options options = EPO_CONTEXT_OPTIONS_INIT;
    epo_forest_table table;
    epo_context_info about;
    epo_forest_info info;
    const char *name, *sha256;
    size_t without;
    bool stamps;
    options.scores = models;
    options.score_count = 2;
    options.files = (epo_context_files){csv, catalogue};
    options.radius = 30;
    epo_forest *forest = train(&options, "rows");
    epo_forest_get_info(forest, &info);
    assert_int_equal(info.feature_count, 10);
    for (size_t i = 0; i < 10; i++) assert_string_equal(info.features[i], names[i]);
    assert_int_equal(info.rows, 2 * OBJECTS); /* whole and blanked */
    assert_true(isnan(info.oob_accuracy));
    assert_null(info.curves);
    assert_true(epo_context_get_info(forest, &about));
    assert_true(about.models == 2 && about.csv_columns == 1 && about.kinds == 2 && !about.light_curves &&
                about.radius == 30 && about.censor == 0.3);
    epo_context_model(forest, 1, &name, &sha256, &stamps);
    assert_true(stamps && strcmp(name, "rb") == 0 && strcmp(sha256, sha_stamps) == 0);

    epo_store *store = open_db(EPO_STORE_READ);
    check_ok(epo_context_read(forest, store, &options.files, NULL, 1, &table, &without));
    assert_int_equal(without, 0);
    assert_int_equal(table.rows, OBJECTS);
    const float *row = table.values;
    close_to((double)row[0], 1 - weak(0));
    close_to((double)row[1], weak(0));
    close_to((double)row[2], 0.4);
    close_to((double)row[3], 0.9);
    close_to((double)row[4], 0.1);
    close_to((double)row[5], 0.5);
    close_to((double)row[6], 30); /* no AGN near: at least the radius */
    assert_true(isnan(row[7]));
    assert_true(fabs((double)row[8] - 3.6) < 1e-4);
    close_to((double)row[9], 15);
    row += 10; /* object 1 has no stamps, and an AGN on top */
    assert_true(isnan(row[2]) && isnan(row[3]) && isnan(row[4]));
    assert_true(fabs((double)row[6]) < 1e-4 && isnan(row[7]));
    assert_true(isnan(table.values[40]) && isnan(table.values[41]));      /* 4: no score */
    for (size_t c = 56; c < 60; c++) assert_true(isnan(table.values[c])); /* 5: no position */
    assert_true(isnan(table.values[65]) && !isnan(table.values[68]));     /* 6: not in the CSV */
    close_to((double)table.values[75], 7.5);                              /* 7: of its own survey */
    assert_string_equal(table.labels[1], "AGN");
    epo_forest_table_free(&table);

    check_ok(epo_context_read(forest, store, NULL, NULL, 1, &table, &without)); /* without files */
    assert_true(table.rows == OBJECTS && without == OBJECTS);
    for (size_t c = 5; c < 10; c++) assert_true(isnan(table.values[c]));
    epo_forest_table_free(&table);
    check_fails(epo_context_read(forest, store, NULL, "main:test", 1, &table, NULL), EPO_ENOTFOUND,
                "to make them: epochal score --db");
    epo_store_close(store);
    epo_forest_free(forest);
}

typedef struct tally {
    int right, scored, refused;
} tally;

static epo_status count_right(void *context, const epo_score *score)
{
    tally *t = context;
    if (score->error) {
        t->refused++;
        return EPO_OK;
    }
    t->scored++;
    t->right +=
        (score->probabilities[0] > score->probabilities[1]) == (strcmp(score->class_given, "AGN") == 0); /* AGN, SN */
    return EPO_OK;
}

static double accuracy(const epo_forest *forest, const epo_context_files *files)
{
    epo_store *store = open_db(EPO_STORE_WRITE);
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_score_summary summary;
    tally t = {0};
    options.split = "main:test";
    check_ok(epo_context_classify(forest, store, files, &options, count_right, &t, &summary));
    assert_int_equal(t.scored, OBJECTS / 2);
    assert_true(summary.run > 0);
    epo_store_close(store);
    return (double)t.right / t.scored;
}

/* The catalogue tells AGN in nine cases of ten, the score is weak. With the catalogue both forests do well; without it
 * the one that was trained on blanked context does as well as the score allows, and the other one does not. */
static void censoring_helps(void **state)
{
    (void)state;
    const epo_evaluate_source models[] = {{.sha256 = sha_types, .name = "types"}};
    epo_context_options options = EPO_CONTEXT_OPTIONS_INIT;
    options.scores = models;
    options.score_count = 1;
    options.files.catalogue = catalogue;
    options.split = "main:train";
    epo_forest *censored = train(&options, "censored");
    options.censor = 0;
    epo_forest *plain = train(&options, "plain");
    epo_forest_info info;
    epo_forest_get_info(plain, &info);
    assert_int_equal(info.rows, OBJECTS / 2);
    assert_true(info.oob_accuracy > 0.5);
    const double with[2] = {accuracy(plain, &options.files), accuracy(censored, &options.files)};
    const double without[2] = {accuracy(plain, NULL), accuracy(censored, NULL)};
    print_message("with the catalogue %.3f and censored %.3f, without it %.3f and censored %.3f\n", with[0], with[1],
                  without[0], without[1]);
    assert_true(with[0] > 0.85 && with[1] > 0.85);
    assert_true(without[1] > 0.65 && without[1] > without[0] + 0.08);

    /* what was classified stands in the store, and is judged there */
    epo_forest_get_info(censored, &info);
    const epo_evaluate_source source = {.sha256 = info.sha256, .split = "main:test"};
    epo_evaluation e;
    epo_store *store = open_db(EPO_STORE_READ);
    check_ok(epo_evaluate(store, &source, 1, NULL, &e));
    assert_true(fabs(epo_evaluation_find(&e, EPO_MEASURE_ACCURACY, -1)->is.value - without[1]) < 1e-12);
    epo_evaluation_free(&e);
    epo_store_close(store);
    epo_forest_free(plain);
    epo_forest_free(censored);
}

/* Threads and the presence of other rows change nothing about a row's copy: the same bytes twice. */
static void deterministic(void **state)
{
    (void)state;
    epo_context_options options = EPO_CONTEXT_OPTIONS_INIT;
    size_t one, two;
    options.files = (epo_context_files){csv, catalogue};
    epo_forest_free(train(&options, "once"));
    epo_forest_free(train(&options, "twice"));
    unsigned char *a = read_file(temp_path(folder, "once"), &one), *b = read_file(temp_path(folder, "twice"), &two);
    assert_int_equal(one, two);
    assert_memory_equal(a, b, one);
    free(a);
    free(b);
}

static void fails(const epo_context_options *options, epo_status status, const char *part)
{
    epo_store *store = open_db(EPO_STORE_READ);
    epo_forest *forest;
    check_fails(epo_context_train(store, options, NULL, &forest), status, part);
    assert_null(forest);
    epo_store_close(store);
}

static void bad_csv(const char *text, epo_status status, const char *part)
{
    epo_context_options options = EPO_CONTEXT_OPTIONS_INIT;
    options.files.csv = temp_path(folder, "bad.csv");
    write_file(options.files.csv, text, strlen(text));
    fails(&options, status, part);
}

static void refuses(void **state)
{
    (void)state;
    epo_evaluate_source none = {.sha256 = sha_none, .name = "net.safetensors", .remedy = "epochal classify, and so on"};
    epo_context_options options = EPO_CONTEXT_OPTIONS_INIT;
    fails(&options, EPO_EARG, "nothing to make columns of");
    options.censor = 1.5;
    fails(&options, EPO_EARG, "1.5");
    options.censor = (double)NAN;
    fails(&options, EPO_EARG, "not from 0 to 1");
    options.censor = 1;
    options.scores = &none;
    options.score_count = 1;
    fails(&options, EPO_ENOTFOUND, "to make them: epochal classify, and so on");
    none = (epo_evaluate_source){.run = 1};
    fails(&options, EPO_EARG, "of a model");
    const epo_evaluate_source twice[] = {{.sha256 = sha_types}, {.sha256 = sha_types, .name = "again"}};
    options.scores = twice;
    options.score_count = 2;
    fails(&options, EPO_EARG, "again is there twice");
    options.score_count = 0;
    options.light_curves = true;
    fails(&options, EPO_ENOTFOUND, "photometry");
    bad_csv("object\n", EPO_EFORMAT, "no column holds numbers");
    bad_csv("a,b\n1,2\n", EPO_ENOTFOUND, "id, object or name");
    bad_csv("id,x\no1,1\no1,2\n", EPO_EFORMAT, "lines 2 and 3 are about the same object, o1");
    bad_csv("id,x\no1,inf\n", EPO_EFORMAT, "line 2: column 'x'");
    bad_csv("id,x\n ,1\n", EPO_EFORMAT, "names no object");
    bad_csv("id,x,X\no1,1,2\n", EPO_EFORMAT, "x");
}

/* Files that do not fit the forest. */
static void files_that_do_not_fit(void **state)
{
    (void)state;
    epo_context_options options = EPO_CONTEXT_OPTIONS_INIT;
    epo_forest_table table;
    options.files.csv = csv;
    epo_forest *forest = train(&options, "csv");
    epo_store *store = open_db(EPO_STORE_WRITE);
    epo_context_files files = {NULL, catalogue};
    check_fails(epo_context_read(forest, store, &files, NULL, 1, &table, NULL), EPO_EARG,
                "trained without a catalogue");
    files = (epo_context_files){temp_path(folder, "other.csv"), NULL};
    write_file(files.csv, "id,x\no1,1\n", 10);
    check_fails(epo_context_read(forest, store, &files, NULL, 1, &table, NULL), EPO_ENOTFOUND, "colour");
    write_file(files.csv, "id,colour\no1,?\n", 15);
    check_fails(epo_context_read(forest, store, &files, NULL, 1, &table, NULL), EPO_EFORMAT, "line 2");
    tally t = {0}; /* of nothing nothing follows */
    epo_score_summary summary;
    check_ok(epo_forest_classify_store(forest, store, NULL, NULL, count_right, &t, &summary));
    assert_int_equal(t.refused, OBJECTS);
    epo_forest_free(forest);

    const char *const names[] = {"x"}, *const labels[] = {"A", "B"};
    const float values[] = {1, 2};
    const epo_forest_table other = {.rows = 2, .columns = 1, .values = values, .names = names, .labels = labels};
    check_ok(epo_forest_train(&other, NULL, &forest));
    check_fails(epo_context_read(forest, store, NULL, NULL, 1, &table, NULL), EPO_EARG, "was not trained with");
    epo_forest_free(forest);
    epo_store_close(store);
}

/* What a forest's file says of its columns, from a text. */
static void recipe_says(const char *text, const char *part)
{
    json_t *object = json_loads(text, 0, NULL);
    epo__recipe *recipe;
    assert_non_null(object);
    check_fails(epo__recipe_read("f", object, &recipe), EPO_EMODEL, part);
    assert_null(recipe);
    json_decref(object);
}

static void recipes(void **state)
{
    (void)state;
    static const char text[] = "{\"models\": [{\"name\": \"m\", \"sha256\": "
                               "\"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\", "
                               "\"stamps\": false, \"values\": [\"A\", \"B\"]}], \"light_curves\": true, \"columns\": "
                               "[\"x\"], \"kinds\": [\"star\"], "
                               "\"radius\": 0.10000000000000001, \"censor\": 1}";
    json_t *object = json_loads(text, 0, NULL);
    epo__recipe *recipe;
    epo__string again = {0};
    char **names;
    size_t count;
    check_ok(epo__recipe_read("f", object, &recipe));
    epo__recipe_write(recipe, &again);
    assert_string_equal(again.text, text);
    check_ok(epo__recipe_columns(recipe, &names, &count));
    assert_int_equal(count, 2 + EPO_FEATURE_COUNT + 1 + 2);
    assert_string_equal(names[1], "m:B");
    assert_string_equal(names[count - 1], "catalogue:star:mag");
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
    epo__recipe_free(recipe);
    epo__string_free(&again);
    json_decref(object);

    recipe_says("[]", "models");
    recipe_says("{\"models\": [1]}", "name");
    recipe_says("{\"models\": [{\"name\": \"m\", \"stamps\": true, \"sha256\": \"x\"}]}", "sha256");
    recipe_says("{\"models\": [], \"columns\": [1]}", "names");
    recipe_says("{\"models\": [], \"columns\": [], \"kinds\": []}", "light_curves");
    recipe_says(
        "{\"models\": [], \"columns\": [], \"kinds\": [], \"light_curves\": false, \"radius\": 1e9, \"censor\": 0}",
        "radius");
    recipe_says(
        "{\"models\": [], \"columns\": [], \"kinds\": [], \"light_curves\": false, \"radius\": 1, \"censor\": -1}",
        "censor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_by_hand),  cmocka_unit_test(censoring_helps),
                                       cmocka_unit_test(deterministic), cmocka_unit_test(recipes),
                                       cmocka_unit_test(refuses),       cmocka_unit_test(files_that_do_not_fit)};
    return cmocka_run_group_tests(tests, begin, end);
}
