/* SPDX-License-Identifier: BSD-3-Clause
 * test_forest_store.c - forests and the light curves of a store: the table, what a forest keeps of it, the scores it leaves, and
 * one evaluation for it and another model. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "epochal/evaluate.h"
#include "epochal/forest.h"
#include "epochal/import.h"
#include "epochal/split.h"

enum { OBJECTS = 60, POINTS = 20 };

static char *folder;
static const char *db, *model_path;

/* Constant stars and variables of some amplitude, 20 points each; one object with a single point. */
static void import_curves(void)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    epo__rng rng = {.seed = 5, .stream = 1};
    fputs("id,class,mjd,mag,mag_err,filter\n", file);
    for (int i = 0; i < OBJECTS; i++)
        for (int p = 0; p < POINTS; p++) {
            const double mag = 16 + 0.05 * epo__rng_normal(&rng) + (i % 3 == 0 ? 0.8 * sin(p * 0.7) : 0);
            fprintf(file, "o%02d,%s,%.4f,%.4f,0.05,V\n", i, i % 3 == 0 ? "VAR" : "CONST", 55000 + p + 0.1 * epo__rng_uniform(&rng), mag);
        }
    fputs("lonely,VAR,55000,17,0.1,V\n", file);
    fclose(file);
    const char *path = temp_path(folder, "curves.csv");
    write_file(path, text, size);
    free(text);

    epo_import_options options = EPO_IMPORT_OPTIONS_INIT;
    epo_import_summary summary;
    epo_store *store;
    options.format = "lightcurves";
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo_import(store, &path, 1, &options, NULL, NULL, &summary));
    assert_int_equal(summary.objects, OBJECTS + 1);
    const epo_split_options split = {.name = "main", .fractions = {0.5, 0, 0.5}, .seed = 1};
    epo_split_table parts;
    check_ok(epo_split(store, &split, &parts));
    epo_split_table_free(&parts);
    epo_store_close(store);
}

static epo_features_options features_of(const char *split)
{
    epo_features_options features = EPO_FEATURES_OPTIONS_INIT;
    features.split = split;
    features.min_points = 5;
    return features;
}

static void train(void)
{
    epo_features_options features = features_of("main:train");
    epo_features_summary read;
    epo_forest_table table;
    epo_forest *forest;
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    check_ok(epo_forest_read_store(store, &features, NULL, NULL, &table, &read));
    assert_string_equal(read.method, "given");
    assert_int_equal(table.columns, EPO_FEATURE_COUNT);
    const epo_forest_curves curves = {"mantra", read.method, NULL};
    epo_forest_options options = EPO_FOREST_OPTIONS_INIT;
    options.trees = 50;
    options.curves = &curves;
    check_ok(epo_forest_train(&table, &options, &forest));
    check_ok(epo_forest_save(forest, model_path));
    epo_forest_table_free(&table);
    epo_forest_free(forest);
    epo_store_close(store);
}

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    db = strdup(temp_path(folder, "s.db"));
    model_path = strdup(temp_path(folder, "f.safetensors"));
    import_curves();
    train();
    return 0;
}

static int end(void **state)
{
    (void)state;
    free((char *)db);
    free((char *)model_path);
    temp_remove(folder);
    return 0;
}

/* What a row says is what epo_features_store says, and a float32 holds it. */
typedef struct compared {
    const epo_forest_table *table;
    size_t row;
} compared;

static epo_status compare_row(void *context, const epo_features_row *row)
{
    compared *c = context;
    if (!row->values) return EPO_OK;
    assert_true(row->object > 0);
    assert_string_equal(c->table->ids[c->row], row->id);
    assert_string_equal(c->table->labels[c->row], row->class_name);
    for (size_t f = 0; f < EPO_FEATURE_COUNT; f++) {
        const float value = c->table->values[c->row * EPO_FEATURE_COUNT + f];
        assert_true(row->missing >> f & 1 ? isnan(value) : value == (float)row->values[f]);
    }
    c->row++;
    return EPO_OK;
}

static void count_refused(void *context, const char *id, const char *reason)
{
    assert_string_equal(id, "lonely");
    assert_non_null(strstr(reason, "1 points, fewer than 5"));
    ++*(int *)context;
}

static void test_table(void **state)
{
    (void)state;
    epo_features_options features = features_of(NULL);
    epo_features_summary read;
    epo_forest_table table;
    epo_store *store;
    int refused = 0;
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    check_ok(epo_forest_read_store(store, &features, count_refused, &refused, &table, &read));
    assert_int_equal(refused, 1);
    assert_int_equal(table.rows, OBJECTS);
    compared c = {&table, 0};
    check_ok(epo_features_store(store, &features, compare_row, &c, &read));
    assert_int_equal(c.row, OBJECTS);
    epo_forest_table_free(&table);

    features.min_points = 1000;
    assert_int_equal(epo_forest_read_store(store, &features, NULL, NULL, &table, &read), EPO_ENOTFOUND);
    assert_non_null(strstr(epo_error_message(), "features can be computed from"));
    features = features_of("other:train");
    assert_int_equal(epo_forest_read_store(store, &features, NULL, NULL, &table, &read), EPO_ENOTFOUND);
    epo_store_close(store);
}

static void test_forest_keeps_its_curves(void **state)
{
    (void)state;
    epo_forest *forest;
    epo_forest_info info;
    check_ok(epo_forest_load(model_path, &forest));
    epo_forest_get_info(forest, &info);
    assert_non_null(info.curves);
    assert_string_equal(info.curves->definition, "mantra");
    assert_string_equal(info.curves->method, "given");
    assert_null(info.curves->filter);
    epo_forest_free(forest);
    const char *const files[] = {model_path, db, "models/hits.safetensors", temp_path(folder, "nothing")};
    for (size_t i = 0; i < 4; i++) {
        bool is_forest = i != 0;
        check_ok(epo_forest_is_file(files[i], &is_forest));
        assert_int_equal(is_forest, i == 0);
    }
}

typedef struct told {
    size_t scored, refused;
    double first[2];
    char id[16];
} told;

static epo_status keep_score(void *context, const epo_score *score)
{
    told *t = context;
    if (score->error) {
        assert_string_equal(score->id, "lonely");
        t->refused++;
        return EPO_OK;
    }
    assert_int_equal(score->class_count, 2);
    assert_int_equal(score->nights, strcmp(score->id, "lonely") == 0 ? 1 : POINTS);
    if (t->scored++) return EPO_OK;
    memcpy(t->first, score->probabilities, sizeof t->first);
    snprintf(t->id, sizeof t->id, "%s", score->id);
    return EPO_OK;
}

/* The scores are those of the table, stand in the store, and evaluate judges them. */
static void test_classifies(void **state)
{
    (void)state;
    epo_features_options features = EPO_FEATURES_OPTIONS_INIT;
    epo_features_summary read;
    epo_forest_table table;
    epo_forest *forest;
    epo_forest_info info;
    epo_store *store;
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_score_summary summary;
    told t = {0};
    features.split = options.split = "main:test";
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    check_ok(epo_forest_load(model_path, &forest));
    epo_forest_get_info(forest, &info);
    check_ok(epo_forest_classify_store(forest, store, NULL, &options, keep_score, &t, &summary));
    check_ok(epo_forest_read_store(store, &features, NULL, NULL, &table, &read));
    assert_int_equal(summary.scored, t.scored);
    assert_int_equal(table.rows, t.scored);
    assert_true(summary.run > 0);
    double *means = malloc(table.rows * 2 * sizeof *means);
    assert_non_null(means);
    check_ok(epo_forest_predict(forest, &table, 1, means));
    assert_string_equal(table.ids[0], t.id);
    assert_memory_equal(means, t.first, sizeof t.first);

    const epo_evaluate_source source = {.sha256 = info.sha256, .split = "main:test"};
    epo_evaluation e;
    epo_forest_evaluation by_table;
    check_ok(epo_evaluate(store, &source, 1, NULL, &e));
    check_ok(epo_forest_evaluate(forest, &table, 1, &by_table));
    const epo_measurement *accuracy = epo_evaluation_find(&e, EPO_MEASURE_ACCURACY, -1);
    assert_non_null(accuracy);
    assert_true(fabs(accuracy->is.value - by_table.accuracy) < 1e-12);
    assert_true(by_table.accuracy > 0.9);
    assert_int_equal(e.count, by_table.rows);
    epo_evaluation_free(&e);
    epo_forest_evaluation_free(&by_table);
    free(means);
    epo_forest_table_free(&table);
    epo_forest_free(forest);
    epo_store_close(store);
}

static void test_refuses(void **state)
{
    (void)state;
    epo_features_options features = features_of("main:train");
    epo_features_summary read;
    epo_forest_table table;
    epo_forest_options options = EPO_FOREST_OPTIONS_INIT;
    epo_score_summary summary;
    epo_forest *forest;
    epo_store *store;
    options.trees = 3;
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    check_ok(epo_forest_read_store(store, &features, NULL, NULL, &table, &read));
    check_ok(epo_forest_train(&table, &options, &forest));
    assert_int_equal(epo_forest_classify_store(forest, store, NULL, NULL, NULL, NULL, &summary), EPO_EARG);
    assert_non_null(strstr(epo_error_message(), "save it, then load it"));
    epo_forest_free(forest);

    check_ok(epo_forest_load(model_path, &forest));
    const epo_forest_curves psf = {"mantra", "psf", NULL}, strange = {"nobody's", "given", NULL};
    assert_int_equal(epo_forest_classify_store(forest, store, &psf, NULL, NULL, NULL, &summary), EPO_ENOTFOUND);
    assert_non_null(strstr(epo_error_message(), "no photometry by the method 'psf'"));
    assert_int_equal(epo_forest_classify_store(forest, store, &strange, NULL, NULL, NULL, &summary), EPO_EARG);
    epo_forest_free(forest);

    /* trained on something else than light curves */
    const char *const names[] = {"x"}, *const labels[] = {"A", "B"};
    const float values[] = {1, 2};
    const epo_forest_table other = {.rows = 2, .columns = 1, .values = values, .names = names, .labels = labels};
    const char *path = temp_path(folder, "other.safetensors");
    check_ok(epo_forest_train(&other, &options, &forest));
    check_ok(epo_forest_save(forest, path));
    epo_forest_free(forest);
    check_ok(epo_forest_load(path, &forest));
    assert_int_equal(epo_forest_classify_store(forest, store, NULL, NULL, NULL, NULL, &summary), EPO_ENOTFOUND);
    assert_non_null(strstr(epo_error_message(), "no column 'x'"));
    epo_forest_free(forest);
    epo_forest_table_free(&table);
    epo_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_forest_keeps_its_curves),
                                       cmocka_unit_test(test_classifies), cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, begin, end);
}
