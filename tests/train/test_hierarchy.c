/* SPDX-License-Identifier: BSD-3-Clause
 * test_hierarchy.c - real or bogus first, type next, with numbers worked out here. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "epochal/hierarchy.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/stamps.h"
#include "store/store.h"

enum { OBJECTS = 6, STAMPS = 3 };
static const char sha_types[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_stamps[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char sha_objects[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
static const char sha_none[] = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

/* Classes, P(real) of the stamps as they were imported (their times go backwards), and P(SN); below 0: not scored. */
static const struct {
    const char *name, *class_name;
    double real[STAMPS], sn;
} sky[OBJECTS] = {
    {"a", "SN", {0.5, 0.75, 0.25}, 0.875}, {"b", "CV", {0.25, 0.5, 0.75}, 0.25}, {"c", "bogus", {0.25, 0.125, 0}, 0.75},
    {"d", "bogus", {0.125, 0, 0.25}, -1},  {"e", "SN", {1, 0.5, 0.75}, -1},      {"f", "CV", {-1, -1, -1}, 0.5},
};

typedef struct place {
    char *folder;
    epo_store *store;
} place;

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

static void put_stamps(epo_store *store, int64_t run, int64_t object, int64_t source, const double *real)
{
    const float pixel = 1;
    for (int s = 0; s < STAMPS; s++) {
        char exposure[8];
        int64_t id;
        bool added;
        snprintf(exposure, sizeof exposure, "e%d", s);
        const epo__stamp_row row = {.object = object,
                                    .source = source,
                                    .exposure = exposure,
                                    .role = EPO__ROLE_SCIENCE,
                                    .mjd = 50000 - s,
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
        if (real[s] >= 0) check_ok(epo__store_stamp_score_put(store, run, id, real[s]));
    }
}

static int begin(void **state)
{
    place *p = calloc(1, sizeof *p);
    int64_t source;
    assert_non_null(p);
    p->folder = temp_make();
    check_ok(epo_store_open(temp_path(p->folder, "s.db"), EPO_STORE_CREATE, &p->store));
    check_ok(epo__store_begin(p->store));
    const epo__source_row file = {.survey = "s", .path = "f", .digest = sha_none, .format = "stamps", .options = "{}"};
    check_ok(epo__store_source_add(p->store, &file, &source));
    const int64_t types = start_run(p->store, sha_types, "[\"SN\",\"CV\"]"),
                  stamps = start_run(p->store, sha_stamps, "[\"bogus\",\"real\"]"),
                  by_object = start_run(p->store, sha_objects, "[\"bogus\",\"REAL\"]");
    for (int i = 0; i < OBJECTS; i++) {
        int64_t object;
        bool added;
        const epo__object_row row = {
            .survey = "s", .name = sky[i].name, .ra = NAN, .dec = NAN, .class_name = sky[i].class_name};
        check_ok(epo__store_object_put(p->store, &row, &object, &added));
        put_stamps(p->store, stamps, object, source, sky[i].real);
        check_ok(epo__store_class_score_put(p->store, by_object, object, "bogus", 0.75));
        check_ok(epo__store_class_score_put(p->store, by_object, object, "REAL", 0.25));
        if (sky[i].sn < 0) continue;
        check_ok(epo__store_class_score_put(p->store, types, object, "SN", sky[i].sn));
        check_ok(epo__store_class_score_put(p->store, types, object, "CV", 1 - sky[i].sn));
    }
    check_ok(epo__store_run_end(p->store, types, "done", 1, 0, 0));
    check_ok(epo__store_run_end(p->store, stamps, "done", 1, 0, 0));
    check_ok(epo__store_run_end(p->store, by_object, "done", 1, 0, 0));
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

typedef struct told {
    double real[OBJECTS], probabilities[OBJECTS][3];
    bool bad[OBJECTS];
    char error[OBJECTS][512];
    int count;
} told;

static epo_status remember(void *context, const epo_score *score)
{
    told *t = context;
    const int i = t->count++;
    assert_string_equal(score->id, sky[i].name);
    t->real[i] = score->score;
    t->bad[i] = score->error != NULL;
    if (score->error) snprintf(t->error[i], sizeof t->error[i], "%s", score->error);
    assert_int_equal(score->class_count, score->error ? 0 : 3);
    for (size_t k = 0; k < score->class_count; k++) t->probabilities[i][k] = score->probabilities[k];
    return EPO_OK;
}

static epo_hierarchy_options standard(void)
{
    epo_hierarchy_options o = EPO_HIERARCHY_OPTIONS_INIT;
    o.type = (epo_evaluate_source){.sha256 = sha_types, .name = "types"};
    o.real_bogus = (epo_evaluate_source){.sha256 = sha_stamps, .name = "rb", .remedy = "epochal score, and so on"};
    return o;
}

static void expect(const told *t, int i, double bogus, double sn, double cv)
{
    assert_false(t->bad[i]);
    const double wanted[] = {bogus, sn, cv};
    for (int k = 0; k < 3; k++)
        if (t->probabilities[i][k] != wanted[k])
            fail_msg("%s, class %d: %.17g, not %.17g", sky[i].name, k, t->probabilities[i][k], wanted[k]);
}

/* The most real stamp; every number is exact in binary. */
static void by_hand(void **state)
{
    place *p = *state;
    const epo_hierarchy_options o = standard();
    epo_score_summary summary;
    char sha256[65];
    told t = {0};
    check_ok(epo_classify_hierarchy(p->store, &o, remember, &t, sha256, &summary));
    assert_int_equal(t.count, OBJECTS);
    expect(&t, 0, 0.25, 0.75 * 0.875, 0.75 * 0.125);
    expect(&t, 1, 0.25, 0.75 * 0.25, 0.75 * 0.75);
    expect(&t, 2, 0.75, 0.25 * 0.75, 0.25 * 0.25);
    expect(&t, 3, 0.75, 0.125, 0.125); /* no type, and none needed */
    assert_true(t.bad[4] && strstr(t.error[4], "P(real) is 1.000") && strstr(t.error[4], "types"));
    assert_true(t.bad[5] && strstr(t.error[5], "rb has no score"));
    assert_true(summary.scored == 4 && summary.refused == 2 && summary.run > 0);

    /* judged with the class bogus: a, b, c, d are all right; the others have no scores */
    const epo_evaluate_source source = {.sha256 = sha256};
    epo_evaluation e;
    check_ok(epo_evaluate(p->store, &source, 1, NULL, &e));
    assert_int_equal(e.class_count, 3);
    assert_string_equal(e.classes[0].name, "bogus");
    assert_string_equal(e.classes[1].name, "SN");
    assert_true(e.count == 4 && e.missing == 2 && e.run == summary.run);
    assert_true(epo_evaluation_find(&e, EPO_MEASURE_ACCURACY, -1)->is.value == 1);
    assert_int_equal(e.confusion[0], 2);
    epo_evaluation_free(&e);

    /* the type model's own scores are still its own */
    const epo_evaluate_source types = {.sha256 = sha_types};
    check_ok(epo_evaluate(p->store, &types, 1, NULL, &e));
    assert_int_equal(e.class_count, 2);
    epo_evaluation_free(&e);
}

static void other_ways(void **state)
{
    place *p = *state;
    epo_hierarchy_options o = standard();
    epo_score_summary summary;
    char first[65], second[65];
    told t = {0};
    o.real_of = EPO_REAL_OF_MEAN;
    check_ok(epo_classify_hierarchy(p->store, &o, remember, &t, first, &summary));
    expect(&t, 0, 0.5, 0.5 * 0.875, 0.5 * 0.125);
    assert_true(fabs(t.real[3] - 0.125) < 1e-15);
    t = (told){0};
    o.real_of = EPO_REAL_OF_LAST; /* imported first */
    check_ok(epo_classify_hierarchy(p->store, &o, remember, &t, second, &summary));
    expect(&t, 0, 0.5, 0.5 * 0.875, 0.5 * 0.125);
    expect(&t, 1, 0.75, 0.25 * 0.25, 0.25 * 0.75);
    assert_string_not_equal(first, second);
    t = (told){0};
    o.threshold = 0; /* nothing is bogus: then a type is needed */
    check_ok(epo_classify_hierarchy(p->store, &o, remember, &t, NULL, &summary));
    assert_true(t.bad[3]);
    t = (told){0};
    o.threshold = 1;
    o.real_of = EPO_REAL_OF_MAX;
    check_ok(epo_classify_hierarchy(p->store, &o, remember, &t, NULL, &summary));
    assert_true(t.bad[4]); /* 1 is not below 1 */
    t = (told){0};
    o.threshold = 0.5;
    o.real_bogus = (epo_evaluate_source){.sha256 = sha_objects, .name = "by object"};
    check_ok(epo_classify_hierarchy(p->store, &o, remember, &t, NULL, &summary));
    expect(&t, 5, 0.75, 0.125, 0.125);
    expect(&t, 4, 0.75, 0.125, 0.125);
}

static void refuses(void **state)
{
    place *p = *state;
    epo_hierarchy_options o = standard();
    epo_score_summary summary;
    epo_real_of of;
    bool exist = true;
    o.threshold = (double)NAN;
    check_fails(epo_classify_hierarchy(p->store, &o, NULL, NULL, NULL, &summary), EPO_EARG, "from 0 to 1");
    o = standard();
    o.real_bogus.sha256 = sha_none;
    check_fails(epo_classify_hierarchy(p->store, &o, NULL, NULL, NULL, &summary), EPO_ENOTFOUND,
                "epochal score, and so on");
    check_ok(epo_scores_exist(p->store, &o.real_bogus, &exist));
    assert_false(exist);
    check_ok(epo_scores_exist(p->store, &o.type, &exist));
    assert_true(exist);
    o.type.split = "nowhere:test";
    check_fails(epo_scores_exist(p->store, &o.type, &exist), EPO_ENOTFOUND, "nowhere");
    o.real_bogus.sha256 = NULL;
    check_fails(epo_classify_hierarchy(p->store, &o, NULL, NULL, NULL, &summary), EPO_EARG, "SHA-256");
    o = standard();
    o.type.sha256 = sha_stamps;
    check_fails(epo_classify_hierarchy(p->store, &o, NULL, NULL, NULL, &summary), EPO_EARG, "single stamps");
    o.type.sha256 = sha_objects;
    check_fails(epo_classify_hierarchy(p->store, &o, NULL, NULL, NULL, &summary), EPO_EARG,
                "knows bogus and real itself");
    o = standard();
    o.real_bogus.sha256 = sha_types;
    check_fails(epo_classify_hierarchy(p->store, &o, NULL, NULL, NULL, &summary), EPO_EARG, "no class real");
    assert_true(epo_real_of_of("last", &of) && of == EPO_REAL_OF_LAST && !epo_real_of_of("first", &of));
    assert_null(epo_real_of_name(EPO_REAL_OFS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(by_hand, begin, end),
                                       cmocka_unit_test_setup_teardown(other_ways, begin, end),
                                       cmocka_unit_test_setup_teardown(refuses, begin, end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
