/* SPDX-License-Identifier: BSD-3-Clause
 * test_compare.c - two models on the same objects, bins of magnitude, curves and a temperature, from scores that were
 * written by hand into a store. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "epochal/calibrate.h"
#include "epochal/curves.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/stamps.h"
#include "store/store.h"

enum { OBJECTS = 12 };

static const char sha_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const epo_evaluate_source model_a = {.sha256 = sha_a}, model_b = {.sha256 = sha_b};
static const epo_evaluate_options how = {.resamples = 300, .seed = 1, .threshold = 0.5, .mdr = 0.05};

typedef struct place {
    char *folder;
    epo_store *store;
    int64_t objects[OBJECTS];
} place;

/* SN and CV by turns; magnitudes 15, 16 .. as light curves, of the even ones only. */
static int begin(void **state)
{
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->folder = temp_make();
    check_ok(epo_store_open(temp_path(p->folder, "s.db"), EPO_STORE_CREATE, &p->store));
    check_ok(epo__store_begin(p->store));
    for (int i = 0; i < OBJECTS; i++) {
        char name[16];
        bool added;
        snprintf(name, sizeof name, "o%02d", i);
        check_ok(epo__store_object_put(
            p->store,
            &(epo__object_row){.survey = "s", .name = name, .ra = NAN, .dec = NAN, .class_name = i % 2 ? "CV" : "SN"},
            &p->objects[i], &added));
        for (int k = 0; i % 2 == 0 && k < 6; k++) { /* an upper limit and suspects, which would move the median */
            const epo__photometry_row point = {.object = p->objects[i],
                                               .method = "given",
                                               .mjd = 50000 + k,
                                               .mag = 15 + i + (k == 1 ? 0.5 : 0) + (k >= 3 ? k + 2 : 0),
                                               .mag_err = 0.1 * k,
                                               .filter = "",
                                               .flag = k > 3    ? EPO__PHOTOMETRY_SUSPECT
                                                       : k == 3 ? EPO__PHOTOMETRY_LIMIT
                                                                : 0};
            check_ok(epo__store_photometry_put(p->store, &point, &added));
        }
    }
    check_ok(epo__store_commit(p->store));
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

static void close_to(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-12)) fail_msg("%.17g, not %.17g", value, expected);
}

/* The scores of objects from..to: right by `good`, wrong where `wrong` divides the number. */
static void score(place *p, const char *sha256, const char *classes, int from, int to, double good, int wrong)
{
    int64_t model, run;
    check_ok(epo__store_begin(p->store));
    check_ok(epo__store_model_put(
        p->store,
        &(epo__model_row){.name = "net", .sha256 = sha256, .network = "", .classes = classes, .normalisation = ""},
        &model));
    check_ok(epo__store_run_begin(
        p->store,
        &(epo__run_row){
            .kind = "classify", .command = "", .options = "{}", .versions = "{}", .threads = 1, .model = model},
        &run));
    for (int i = from; i < to; i++) {
        const bool sn = (i % 2 == 0) != (wrong && i % wrong == 0);
        check_ok(epo__store_class_score_put(p->store, run, p->objects[i], "SN", sn ? good : 1 - good));
        check_ok(epo__store_class_score_put(p->store, run, p->objects[i], "CV", sn ? 1 - good : good));
    }
    check_ok(epo__store_run_end(p->store, run, "done", 1, 0, 0));
    check_ok(epo__store_commit(p->store));
}

static epo_scored *scores_of(place *p, const epo_evaluate_source *source)
{
    epo_scored *scored = NULL;
    check_ok(epo_scored_read(p->store, source, 1, &scored));
    return scored;
}

static const epo_difference *row_of(const epo_comparison *c, epo_measure measure, int class_index)
{
    for (size_t i = 0; i < c->difference_count; i++)
        if (c->differences[i].measure == measure && c->differences[i].class_index == class_index)
            return &c->differences[i];
    fail_msg("no %s", epo_measure_name(measure));
    return NULL;
}

/* a: objects 0..9, all right; b: objects 2..11 in the other order of classes, every third wrong. */
static void the_same_objects(void **state)
{
    place *p = *state;
    epo_comparison c;
    epo_evaluation alone;
    score(p, sha_a, "[\"SN\",\"CV\"]", 0, 10, 0.75, 0);
    score(p, sha_b, "[\"CV\",\"SN\"]", 2, 12, 0.625, 3);
    epo_scored *a = scores_of(p, &model_a), *b = scores_of(p, &model_b);
    check_ok(epo_scored_compare(p->store, a, b, &how, &how, &c));
    assert_int_equal(c.objects, 8);
    assert_int_equal(c.count, 8);
    assert_int_equal(c.left_out, 4);
    assert_string_equal(c.left_out_names, "o00, o01, o10, ...");
    assert_int_equal(c.resamples + c.passed_over, 300);
    const epo_difference *accuracy = row_of(&c, EPO_MEASURE_ACCURACY, -1);
    close_to(accuracy->first, 1);
    close_to(accuracy->second, 5. / 8); /* of 2 .. 9 wrong: 3, 6, 9 */
    close_to(accuracy->difference.value, 3. / 8);
    assert_true(accuracy->difference.low >= 0 && accuracy->difference.high <= 1 && accuracy->wrong_side < 0.05);
    const epo_difference *of_sn = row_of(&c, EPO_MEASURE_MAX_F1, 0); /* by the first one's order of classes */
    close_to(of_sn->first, 1);
    close_to(of_sn->second, 2. / 3); /* SN 2, 4, 8 and CV 3, 9 score 0.625: 2 x 3 / (4 + 5) */
    assert_int_equal(of_sn->count, 4);
    close_to(row_of(&c, EPO_MEASURE_LOG_LOSS, -1)->second, -(5 * log(0.625) + 3 * log(0.375)) / 8);
    close_to(row_of(&c, EPO_MEASURE_BRIER, -1)->first, 2 * 0.0625);
    epo_comparison_free(&c);

    /* the other way round everything changes its sign, but not what is measured */
    check_ok(epo_scored_compare(p->store, b, a, &how, &how, &c));
    close_to(row_of(&c, EPO_MEASURE_ACCURACY, -1)->difference.value, -3. / 8);
    epo_comparison_free(&c);
    /* a whole sample against itself is as when judged alone */
    check_ok(epo_scored_compare(p->store, a, a, &how, &how, &c));
    check_ok(epo_scored_evaluate(a, &how, &alone));
    assert_int_equal(c.left_out, 0);
    assert_null(c.left_out_names);
    assert_int_equal(c.difference_count, alone.measure_count);
    for (size_t i = 0; i < c.difference_count; i++) {
        close_to(c.differences[i].first, alone.measures[i].is.value);
        assert_true(c.differences[i].difference.value == 0);
    }
    epo_evaluation_free(&alone);
    epo_comparison_free(&c);
    epo_scored_free(a);
    epo_scored_free(b);
}

/* Equally probable classes, as a forest gives them: the first of the model's own order is called, whatever it is compared with. */
static void ties_fall_as_alone(void **state)
{
    place *p = *state;
    epo_comparison c;
    epo_evaluation alone;
    score(p, sha_a, "[\"SN\",\"CV\"]", 0, 9, 0.75, 0);
    score(p, sha_b, "[\"CV\",\"SN\"]", 0, 9, 0.5, 0);
    epo_scored *a = scores_of(p, &model_a), *b = scores_of(p, &model_b);
    check_ok(epo_scored_evaluate(b, &how, &alone));
    close_to(epo_evaluation_find(&alone, EPO_MEASURE_ACCURACY, -1)->is.value, 4. / 9); /* all are called CV */
    check_ok(epo_scored_compare(p->store, a, b, &how, &how, &c));
    close_to(row_of(&c, EPO_MEASURE_ACCURACY, -1)->second, 4. / 9);
    close_to(row_of(&c, EPO_MEASURE_ECE, -1)->second, epo_evaluation_find(&alone, EPO_MEASURE_ECE, -1)->is.value);
    epo_comparison_free(&c);
    epo_evaluation_free(&alone);
    epo_scored_free(a);
    epo_scored_free(b);
}

static void what_is_not_comparable(void **state)
{
    place *p = *state;
    epo_comparison c;
    score(p, sha_a, "[\"SN\",\"CV\"]", 0, 4, 0.75, 0);
    score(p, sha_b, "[\"SN\",\"CV\"]", 4, 8, 0.75, 0);
    epo_scored *a = scores_of(p, &model_a), *b = scores_of(p, &model_b);
    check_fails(epo_scored_compare(p->store, a, b, &how, &how, &c), EPO_ENOTFOUND, "no object has scores of both");
    epo_comparison_free(&c);
    const double one[] = {0.5};
    check_fails(epo_scored_compare(p->store, a, a, &(epo_evaluate_options){.thresholds = one, .threshold_count = 1},
                                   &how, &c),
                EPO_EARG, "1 thresholds for 2 classes");
    epo_comparison_free(&c);
    check_fails(epo_scored_compare(p->store, a, a, &(epo_evaluate_options){.prevalence = 2}, &how, &c), EPO_EARG,
                "prevalence");
    epo_comparison_free(&c);
    epo_scored_free(a);
    epo_scored_free(b);
}

/* --- bins --------------------------------------------------------------------------------------------------------- */

static void objects_by_magnitude(void **state)
{
    place *p = *state;
    double edges[EPO_BIN_EDGES];
    int64_t outside;
    epo_scored *bin = NULL;
    epo_scored_info info;
    score(p, sha_a, "[\"SN\",\"CV\"]", 0, OBJECTS, 0.75, 0);
    epo_scored *all = scores_of(p, &model_a);
    check_fails(epo_scored_bin(all, EPO_BIN_BY_MAG, edges, 0, &bin), EPO_EARG, "no edges yet");
    /* medians of 15, 15.5, 15 and 17 .. are the whole numbers */
    check_ok(epo_scored_bin_edges(all, p->store, EPO_BIN_BY_MAG, edges, &outside));
    static const double expected[] = {0, 17, 19, 21, 23, 25};
    static const int held[] = {1, 1, 1, 1, 2};
    for (int i = 0; i < EPO_BIN_EDGES; i++) close_to(edges[i], expected[i]);
    assert_int_equal(outside, OBJECTS / 2); /* those without a light curve */
    for (size_t i = 0; i + 1 < EPO_BIN_EDGES; i++) {
        check_ok(epo_scored_bin(all, EPO_BIN_BY_MAG, edges, i, &bin));
        epo_scored_get_info(bin, &info);
        assert_int_equal(info.count, held[i]);
        assert_int_equal(info.objects, held[i]);
        assert_string_equal(info.classes[1], "CV");
        epo_scored_free(bin);
    }
    check_fails(epo_scored_bin(all, EPO_BIN_BY_MAG, edges, 5, &bin), EPO_EARG, "bin 5");
    /* errors 0, 0.1, 0.2: 0 is none, so their median is 0.15 */
    check_ok(epo_scored_bin_edges(all, p->store, EPO_BIN_BY_MAG_ERR, edges, &outside));
    close_to(edges[1], 0.2);
    close_to(edges[5], 0.4);
    epo_scored_free(all);
}

/* --- curves ------------------------------------------------------------------------------------------------------- */

static void curves_of_a_store(void **state)
{
    place *p = *state;
    epo_curve curve;
    epo_reliability_bin *bins = NULL;
    double ece;
    score(p, sha_a, "[\"SN\",\"CV\"]", 0, OBJECTS, 0.75, 4); /* 0, 4 and 8, all SN, are called CV */
    epo_scored *all = scores_of(p, &model_a);
    check_ok(epo_scored_curve(all, 1, &curve));
    assert_int_equal(curve.count, 3);
    close_to(curve.points[1].threshold, 0.75);
    close_to(curve.points[1].tpr, 1);
    close_to(curve.points[1].fpr, 0.5);
    close_to(epo_curve_choose(&curve, EPO_CHOICE_MCC), 0.75);
    epo_curve_free(&curve);
    check_fails(epo_scored_curve(all, 2, &curve), EPO_EARG, "class 2");
    epo_curve_free(&curve);
    check_ok(epo_scored_reliability(all, -1, 4, false, &bins, &ece));
    assert_int_equal(bins[2].count, OBJECTS); /* 0.75 belongs to (0.5, 0.75] */
    close_to(bins[2].share, 0.75);
    close_to(ece, 0);
    free(bins);
    check_ok(epo_scored_reliability(all, 0, 1, true, &bins, &ece));
    close_to(bins[0].low, 0.25);
    close_to(bins[0].share, 0.5);
    free(bins);
    check_fails(epo_scored_reliability(all, -1, 0, false, &bins, &ece), EPO_EARG, "0 bins");
    check_fails(epo_scored_reliability(all, 7, 5, false, &bins, &ece), EPO_EARG, "class 7");
    epo_scored_free(all);
}

/* --- temperature -------------------------------------------------------------------------------------------------- */

/* What claims 0.9 and is right three times in four asks for 0.75: log(0.9 / 0.1) / T = log(0.75 / 0.25), T = 2. */
static void a_temperature_of_two(void **state)
{
    place *p = *state;
    epo_calibration c;
    score(p, sha_a, "[\"SN\",\"CV\"]", 0, OBJECTS, 0.9, 4);
    epo_scored *all = scores_of(p, &model_a);
    check_ok(epo_calibration_fit(all, &c));
    if (!(fabs(c.temperature - 2) < 1e-9)) fail_msg("T is %.12g", c.temperature);
    close_to(c.log_loss_before, -(9 * log(0.9) + 3 * log(0.1)) / 12);
    if (!(fabs(c.log_loss_after + (9 * log(0.75) + 3 * log(0.25)) / 12) < 1e-12)) fail_msg("%.17g", c.log_loss_after);
    close_to(c.ece_before, 0.15);
    assert_true(c.ece_after < 1e-9);
    assert_true(c.brier_after < c.brier_before);
    assert_int_equal(c.count, OBJECTS);
    assert_false(c.at_limit);
    epo_scored_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_objects, begin, end),
        cmocka_unit_test_setup_teardown(ties_fall_as_alone, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_comparable, begin, end),
        cmocka_unit_test_setup_teardown(objects_by_magnitude, begin, end),
        cmocka_unit_test_setup_teardown(curves_of_a_store, begin, end),
        cmocka_unit_test_setup_teardown(a_temperature_of_two, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
