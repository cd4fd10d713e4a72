/* SPDX-License-Identifier: BSD-3-Clause
 * test_evaluate.c - which scores count, what an object is, and the folds of a cross-validation; on scores written by
 * hand, so that the measures are known. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "epochal/evaluate.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/stamps.h"
#include "store/store.h"
#include "train/truth.h"

static const char sha_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char sha_c[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

typedef struct place {
    char *folder;
    epo_store *store;
    int64_t split;
} place;

static int begin(void **state)
{
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->folder = temp_make();
    check_ok(epo_store_open(temp_path(p->folder, "s.db"), EPO_STORE_CREATE, &p->store));
    check_ok(epo__store_begin(p->store));
    check_ok(epo__store_split_add(p->store, "main", 1, "{}", &p->split));
    *state = p;
    return 0;
}

static int end(void **state)
{
    place *p = *state;
    epo_store_close(p->store);
    temp_remove(p->folder);
    free(p);
    return 0;
}

static int64_t put_object(place *p, const char *name, const char *class_name, const char *part)
{
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(
        p->store, &(epo__object_row){.survey = "s", .name = name, .ra = NAN, .dec = NAN, .class_name = class_name}, &id,
        &added));
    if (part) check_ok(epo__store_split_member_add(p->store, p->split, id, part));
    return id;
}

static int64_t begin_run(place *p, const char *sha256, const char *classes)
{
    int64_t model, run;
    check_ok(epo__store_model_put(
        p->store,
        &(epo__model_row){.name = "net", .sha256 = sha256, .network = "", .classes = classes, .normalisation = ""},
        &model));
    check_ok(epo__store_run_begin(
        p->store,
        &(epo__run_row){
            .kind = "classify", .command = "", .options = "{}", .versions = "{}", .threads = 1, .model = model},
        &run));
    return run;
}

static void end_run(place *p, int64_t run, const char *how)
{
    check_ok(epo__store_run_end(p->store, run, how, 1, 0, 0));
}

static void put_scores(place *p, int64_t run, int64_t object, double sn, double cv, double non)
{
    check_ok(epo__store_class_score_put(p->store, run, object, "SN", sn));
    check_ok(epo__store_class_score_put(p->store, run, object, "CV", cv));
    check_ok(epo__store_class_score_put(p->store, run, object, "NON", non));
}

static epo_status evaluate(place *p, const epo_evaluate_source *sources, size_t count, epo_evaluation *out)
{
    static const epo_evaluate_options options = {.resamples = 200, .seed = 1, .threshold = 0.5, .mdr = 0.05};
    return epo_evaluate(p->store, sources, count, &options, out);
}

static const epo_measurement *row_of(const epo_evaluation *e, epo_measure measure, int class_index)
{
    const epo_measurement *row = epo_evaluation_find(e, measure, class_index);
    if (!row) fail_msg("no row %s", epo_measure_name(measure));
    return row;
}

static double value_of(const epo_evaluation *e, epo_measure measure, int class_index)
{
    return row_of(e, measure, class_index)->is.value;
}

static void close_to(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-12)) fail_msg("%.17g, not %.17g", value, expected);
}

/* --- what an object is ------------------------------------------------------------------------------------------- */

static void truth(void **state)
{
    (void)state;
    static const char *const plain[] = {"SN", "CV", "NON"}, *const merged[] = {"AGN+CV", "SN", "BZ+Other"};
    static const char *const binary[] = {"NON", "TRANSIENT"}, *const detections[] = {"bogus", "real"};
    static const struct {
        const char *name;
        int plain, merged, binary, detection;
    } table[] = {
        {"SN", 0, 1, 1, -1},          {"sn", 0, 1, 1, -1},      {"CV", 1, 0, 1, -1},      {"agn", -1, 0, 1, -1},
        {"AG", -1, -1, 1, -1},        {"AGN+CV", -1, 0, 1, -1}, {"OTHER", -1, 2, 1, -1},  {"NON", 2, -1, 0, -1},
        {"TRANSIENT", -1, -1, 1, -1}, {"real", -1, -1, -1, 1},  {"BOGUS", -1, -1, -1, 0}, {"", -1, -1, -1, -1},
        {"+", -1, -1, 1, -1},         {NULL, -1, -1, -1, -1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(epo__truth_of(table[i].name, plain, 3), table[i].plain);
        assert_int_equal(epo__truth_of(table[i].name, merged, 3), table[i].merged);
        assert_int_equal(epo__truth_of(table[i].name, binary, 2), table[i].binary);
        assert_int_equal(epo__truth_of(table[i].name, detections, 2), table[i].detection);
    }
}

/* --- sequences --------------------------------------------------------------------------------------------------- */

/* SN 0.8 and 0.4, CV 0.5 as SN: max F1 of SN is 4/5 at 0.4. */
static void put_four(place *p, const char *part, int64_t run)
{
    char name[32];
    static const double scores[4][3] = {{0.8, 0.1, 0.1}, {0.4, 0.5, 0.1}, {0.5, 0.3, 0.2}, {0.1, 0.2, 0.7}};
    static const char *const classes[] = {"SN", "sn", "CV", "NON"};
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%d", part, i);
        put_scores(p, run, put_object(p, name, classes[i], part), scores[i][0], scores[i][1], scores[i][2]);
    }
}

static void check_four(const epo_evaluation *e)
{
    assert_false(e->stamps);
    assert_int_equal(e->class_count, 3);
    assert_string_equal(e->classes[0].name, "SN"); /* the order of the outputs */
    assert_string_equal(e->classes[1].name, "CV");
    assert_int_equal(e->classes[0].count, 2);
    close_to(value_of(e, EPO_MEASURE_MAX_F1, 0), 0.8);
    close_to(row_of(e, EPO_MEASURE_MAX_F1, 0)->threshold, 0.4);
    close_to(value_of(e, EPO_MEASURE_AUC, 0), 0.75);
    close_to(value_of(e, EPO_MEASURE_MAX_F1, 1), 2. / 3);
    close_to(row_of(e, EPO_MEASURE_MAX_F1, 1)->threshold, 0.3);
    close_to(value_of(e, EPO_MEASURE_MAX_F1, 2), 1);
    close_to(value_of(e, EPO_MEASURE_MEAN_MAX_F1, -1), (0.8 + 2. / 3 + 1) / 3);
    const double m = (0.8 + 2. / 3 + 1) / 3;
    close_to(row_of(e, EPO_MEASURE_MEAN_MAX_F1, -1)->sd, sqrt(((0.8 - m) * (0.8 - m) + (2. / 3 - m) * (2. / 3 - m) + (1 - m) * (1 - m)) / 3));
    close_to(value_of(e, EPO_MEASURE_ACCURACY, -1), 0.5);
    static const int64_t confusion[] = {1, 1, 0, 1, 0, 0, 0, 0, 1};
    for (int i = 0; i < 9; i++) assert_int_equal(e->confusion[i], confusion[i]);
    assert_int_equal(e->objects, 4);
    assert_int_equal(e->count, 4);
}

static void the_last_finished_run_counts(void **state)
{
    place *p = *state;
    epo_evaluation e;
    const epo_evaluate_source all = {.sha256 = sha_a}, test = {.sha256 = sha_a, .split = "main:test"};
    const int64_t old = begin_run(p, sha_a, "[\"SN\",\"CV\",\"NON\"]");
    const int64_t unscored = put_object(p, "unscored", "SN", "test"), strange = put_object(p, "strange", "AGN", "test");
    put_object(p, "unknown", NULL, "test");
    put_scores(p, old, unscored, 1, 0, 0);
    end_run(p, old, "done");
    const int64_t run = begin_run(p, sha_a, "");
    put_four(p, "test", run);
    put_scores(p, run, strange, 0.3, 0.3, 0.4);
    end_run(p, run, "done");
    const int64_t later = begin_run(p, sha_a, ""); /* of another part */
    put_scores(p, later, put_object(p, "v", "SN", "validation"), 0.5, 0.25, 0.25);
    end_run(p, later, "done");
    const int64_t broken = begin_run(p, sha_a, "");
    put_scores(p, broken, unscored, 0, 1, 0);
    end_run(p, broken, "failed");
    check_ok(epo__store_commit(p->store));

    check_ok(evaluate(p, &test, 1, &e));
    check_four(&e);
    assert_int_equal(e.run, run);
    assert_int_equal(e.missing, 1);
    assert_int_equal(e.left_out, 1);
    assert_int_equal(e.resamples + e.passed_over, 200);
    assert_true(e.passed_over > 0); /* of 4 objects often one class is missing */
    const epo_estimate accuracy = row_of(&e, EPO_MEASURE_ACCURACY, -1)->is;
    assert_true(accuracy.low < 0.5 && accuracy.high > 0.5);
    epo_evaluation_free(&e);
    check_ok(evaluate(p, &(epo_evaluate_source){.run = run, .split = "main"}, 1, &e));
    check_four(&e);
    assert_int_equal(e.missing, 2);
    epo_evaluation_free(&e);
    check_ok(evaluate(p, &all, 1, &e));
    assert_int_equal(e.run, later);
    assert_int_equal(e.objects, 1);
    assert_true(isnan(value_of(&e, EPO_MEASURE_MAX_F1, 1)) && isnan(value_of(&e, EPO_MEASURE_AUC, 0)));
    close_to(value_of(&e, EPO_MEASURE_MEAN_MAX_F1, -1), 1);
    epo_evaluation_free(&e);

    check_fails(evaluate(p, &(epo_evaluate_source){.run = broken}, 1, &e), EPO_EARG, "did not finish");
    epo_evaluation_free(&e);
    check_fails(evaluate(p, &(epo_evaluate_source){.run = 99}, 1, &e), EPO_ENOTFOUND, "no run 99");
    epo_evaluation_free(&e);
    check_fails(evaluate(p, &(epo_evaluate_source){.sha256 = sha_b, .name = "b.safetensors", .remedy = "do this"}, 1,
                         &e),
                EPO_ENOTFOUND, "has scores of b.safetensors; to make them: do this");
    epo_evaluation_free(&e);
    check_fails(evaluate(p, &(epo_evaluate_source){.sha256 = sha_b, .split = "main:test"}, 1, &e), EPO_ENOTFOUND,
                "of model bbbbbbbbbbbb for main:test; to make them: epochal classify");
    epo_evaluation_free(&e);
    check_fails(evaluate(p, &(epo_evaluate_source){.sha256 = sha_a, .split = "main:train"}, 1, &e), EPO_ENOTFOUND,
                "main:train");
    epo_evaluation_free(&e);
    check_fails(epo_evaluate(p->store, &all, 1, &(epo_evaluate_options){.resamples = -1}, &e), EPO_EARG, "resamples");
    epo_evaluation_free(&e);
    check_fails(evaluate(p, &all, 0, &e), EPO_EARG, "no model");
    epo_evaluation_free(&e);
}

static void none_of_the_classes(void **state)
{
    place *p = *state;
    epo_evaluation e;
    const int64_t run = begin_run(p, sha_a, "not JSON");
    put_scores(p, run, put_object(p, "x", "AGN", NULL), 0.5, 0.25, 0.25);
    const int64_t odd = put_object(p, "y", "SN", NULL);
    end_run(p, run, "done");
    check_ok(epo__store_commit(p->store));
    check_fails(evaluate(p, &(epo_evaluate_source){.run = run}, 1, &e), EPO_ENOTFOUND,
                "none of the objects with scores is of a class of the model (CV, NON, SN)");
    epo_evaluation_free(&e);
    check_ok(epo_store_set_labels_as_of(p->store, "2000-01-01"));
    check_fails(evaluate(p, &(epo_evaluate_source){.run = run}, 1, &e), EPO_ENOTFOUND,
                "by the labels as of 2000-01-01");
    epo_evaluation_free(&e);
    check_ok(epo_store_set_labels_as_of(p->store, NULL));
    check_ok(epo__store_begin(p->store));
    check_ok(epo__store_class_score_put(p->store, run, odd, "SN", 1));
    check_ok(epo__store_commit(p->store));
    check_fails(evaluate(p, &(epo_evaluate_source){.run = run}, 1, &e), EPO_EFORMAT, "other classes");
    epo_evaluation_free(&e);
}

static void what_is_no_probability(void **state)
{
    place *p = *state;
    epo_evaluation e;
    const int64_t run = begin_run(p, sha_a, "{}");
    put_scores(p, run, put_object(p, "x", "SN", NULL), 0.5, 0.25, 0.25);
    put_scores(p, run, put_object(p, "y", "CV", NULL), 1.5, -0.25, -0.25);
    end_run(p, run, "done");
    check_ok(epo__store_commit(p->store));
    check_fails(evaluate(p, &(epo_evaluate_source){.run = run}, 1, &e), EPO_EFORMAT, "object y has a score of");
    epo_evaluation_free(&e);
}

/* --- folds ------------------------------------------------------------------------------------------------------- */

static void folds_are_pooled(void **state)
{
    place *p = *state;
    epo_evaluation e, together;
    const int64_t a = begin_run(p, sha_a, "[\"SN\",\"CV\",\"NON\"]");
    put_four(p, "test", a);
    const int64_t both = put_object(p, "both", "CV", NULL), neither = put_object(p, "neither", "CV", NULL);
    assert_true(neither > 0);
    end_run(p, a, "done");
    const int64_t b = begin_run(p, sha_b, "[\"NON\",\"SN\",\"CV\"]"); /* other order, same classes */
    put_four(p, "validation", b);
    put_scores(p, b, both, 0.25, 0.5, 0.25);
    end_run(p, b, "done");
    const int64_t c = begin_run(p, sha_c, "[\"SN\",\"NON\"]");
    check_ok(epo__store_class_score_put(p->store, c, neither, "SN", 1));
    check_ok(epo__store_class_score_put(p->store, c, neither, "NON", 0));
    end_run(p, c, "done");
    check_ok(epo__store_commit(p->store));

    const epo_evaluate_source folds[] = {{.sha256 = sha_a}, {.sha256 = sha_b}},
                              parts[] = {{.sha256 = sha_a, .split = "main:test"},
                                         {.sha256 = sha_b, .split = "main:validation"}};
    check_ok(evaluate(p, parts, 2, &e)); /* the same four twice: the same measures */
    assert_int_equal(e.objects, 8);
    assert_int_equal(e.missing, 0);
    assert_string_equal(e.classes[0].name, "SN");
    close_to(value_of(&e, EPO_MEASURE_MAX_F1, 0), 0.8);
    close_to(value_of(&e, EPO_MEASURE_MAX_F1, 1), 2. / 3);
    epo_evaluation_free(&e);
    check_ok(evaluate(p, folds, 2, &together));
    assert_int_equal(together.objects, 9);
    assert_int_equal(together.missing, 1); /* once, though both lack it */
    epo_evaluation_free(&together);

    check_ok(epo__store_begin(p->store));
    const int64_t again = begin_run(p, sha_a, "");
    put_scores(p, again, both, 1, 0, 0);
    end_run(p, again, "done");
    check_ok(epo__store_commit(p->store));
    check_fails(evaluate(p, folds, 2, &e), EPO_EARG, "object both is scored by two of the models");
    epo_evaluation_free(&e);
    check_fails(evaluate(p, (const epo_evaluate_source[]){{.sha256 = sha_a}, {.sha256 = sha_c, .name = "third"}}, 2,
                         &e),
                EPO_EARG, "third tells apart other classes");
    epo_evaluation_free(&e);
}

/* --- stamps ------------------------------------------------------------------------------------------------------ */

static void put_stamps(place *p, int64_t run, int64_t object, const double *scores, int count)
{
    for (int i = 0; i < count; i++) {
        char exposure[8];
        const int32_t pixel = i;
        int64_t id;
        bool added;
        snprintf(exposure, sizeof exposure, "e%d", i);
        const epo__stamp_row row = {.object = object,
                                    .exposure = exposure,
                                    .role = EPO__ROLE_SCIENCE,
                                    .mjd = NAN,
                                    .mjd_given = NAN,
                                    .type = EPO__PIXEL_I32,
                                    .width = 1,
                                    .height = 1,
                                    .mag = NAN,
                                    .mag_err = NAN,
                                    .fwhm = NAN,
                                    .rb = NAN,
                                    .drb = NAN};
        check_ok(epo__store_stamp_put(p->store, &row, &pixel, &id, &added));
        check_ok(epo__store_stamp_score_put(p->store, run, id, scores[i]));
    }
}

static void stamps_count_one_by_one(void **state)
{
    place *p = *state;
    epo_evaluation e;
    const int64_t run = begin_run(p, sha_a, "[\"bogus\",\"real\"]");
    put_stamps(p, run, put_object(p, "r1", "real", "test"), (const double[]){0.9, 0.5, 0.2}, 3);
    put_stamps(p, run, put_object(p, "r2", "Real", "test"), (const double[]){0.8}, 1);
    put_stamps(p, run, put_object(p, "b1", "bogus", "test"), (const double[]){0.6, 0.1}, 2);
    put_stamps(p, run, put_object(p, "b2", "bogus", "test"), (const double[]){0.3, 0.0}, 2);
    put_stamps(p, run, put_object(p, "sn", "SN", "test"), (const double[]){0.3, 0.0}, 2);
    put_stamps(p, run, put_object(p, "elsewhere", "bogus", "train"), (const double[]){1}, 1);
    put_object(p, "waits", "bogus", "test");
    end_run(p, run, "done");
    check_ok(epo__store_commit(p->store));
    check_ok(evaluate(p, &(epo_evaluate_source){.sha256 = sha_a, .split = "main:test"}, 1, &e));
    assert_true(e.stamps);
    assert_int_equal(e.count, 8);
    assert_int_equal(e.objects, 4);
    assert_int_equal(e.left_out, 1);
    assert_int_equal(e.missing, 1);
    assert_string_equal(e.classes[1].name, "real");
    assert_int_equal(e.classes[1].count, 4);
    close_to(value_of(&e, EPO_MEASURE_MAX_F1, 1), 0.8); /* 4 real and 2 bogus from 0.2 upwards */
    close_to(row_of(&e, EPO_MEASURE_MAX_F1, 1)->threshold, 0.2);
    close_to(value_of(&e, EPO_MEASURE_AUC, -1), 13. / 16);
    close_to(value_of(&e, EPO_MEASURE_MDR, 1), 0.25); /* at 0.5: 3 of 4 real, 1 of 4 bogus */
    close_to(value_of(&e, EPO_MEASURE_FPR, 0), 0.25);
    close_to(value_of(&e, EPO_MEASURE_MCC, -1), 0.5);
    close_to(value_of(&e, EPO_MEASURE_ACCURACY, -1), 0.75);
    close_to(value_of(&e, EPO_MEASURE_FPR_AT_MDR, 0), 0.5);
    close_to(value_of(&e, EPO_MEASURE_F1, 1), 0.75);
    close_to(value_of(&e, EPO_MEASURE_G_MEAN, -1), 0.75);
    static const int64_t confusion[] = {3, 1, 1, 3};
    for (int i = 0; i < 4; i++) assert_int_equal(e.confusion[i], confusion[i]);
    const epo_estimate mdr = row_of(&e, EPO_MEASURE_MDR, 1)->is;
    assert_true(e.passed_over > 0 && mdr.low <= 0.25 && mdr.high >= 0.25);
    epo_evaluation_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truth),
        cmocka_unit_test_setup_teardown(the_last_finished_run_counts, begin, end),
        cmocka_unit_test_setup_teardown(none_of_the_classes, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_probability, begin, end),
        cmocka_unit_test_setup_teardown(folds_are_pooled, begin, end),
        cmocka_unit_test_setup_teardown(stamps_count_one_by_one, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
