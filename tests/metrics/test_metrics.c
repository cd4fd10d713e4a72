/* SPDX-License-Identifier: BSD-3-Clause
 * test_metrics.c - measures and intervals against scikit-learn and numpy (fixtures/metrics.txt, made by
 * make_fixture.py), against published tables, and the cases without an answer. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "metrics/bootstrap.h"
#include "metrics/confusion.h"
#include "metrics/judge.h"
#include "metrics/ranking.h"

enum { ITEMS = 128, CLASSES = 8 };
static const epo__judging none = {.mdr = 0.05};

static void close_to(const char *what, double value, double expected)
{
    if (isnan(expected) ? !isnan(value) : !(fabs(value - expected) <= 1e-12))
        fail_msg("%s is %.17g, not %.17g", what, value, expected);
}

/* --- fixture ----------------------------------------------------------------------------------------------------- */

typedef struct problem {
    size_t count, classes, groups, resamples;
    uint64_t seed;
    double at;
    double scores[ITEMS * CLASSES];
    int truth[ITEMS];
    uint32_t group[ITEMS];
} problem;

/* Words of the whole file, one after the other. */
static char *next;

static const char *word(void)
{
    next += strspn(next, " \n");
    char *begin = next;
    next += strcspn(next, " \n");
    if (*next) *next++ = '\0';
    return begin;
}

static double number(void)
{
    return strtod(word(), NULL);
}

static void read_problem(problem *p, bool real)
{
    p->count = (size_t)number();
    p->classes = real ? 2 : (size_t)number();
    p->groups = (size_t)number();
    p->resamples = (size_t)number();
    p->seed = strtoull(word(), NULL, 10);
    p->at = real ? number() : NAN;
    assert_true(p->count <= ITEMS && p->classes <= CLASSES);
    const size_t columns = real ? 1 : p->classes;
    for (size_t i = 0; i < p->count; i++) {
        p->truth[i] = (int)number();
        p->group[i] = (uint32_t)number();
        for (size_t k = 0; k < columns; k++) p->scores[i * columns + k] = number();
    }
}

static epo__labelled labelled(const problem *p, bool real)
{
    return (epo__labelled){.count = p->count,
                           .classes = p->classes,
                           .real = real,
                           .scores = p->scores,
                           .truth = p->truth,
                           .groups = p->group,
                           .group_count = p->groups};
}

static const epo_measurement *row_of(const epo__judgement *j, epo_measure measure, int class_index)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->rows[i].measure == measure && j->rows[i].class_index == class_index) return &j->rows[i];
    fail_msg("no row %s of class %d", epo_measure_name(measure), class_index);
    return NULL;
}

static double value_of(const epo__judgement *j, epo_measure measure, int class_index)
{
    return row_of(j, measure, class_index)->is.value;
}

static void expect_estimate(const char *name, epo_estimate is)
{
    close_to(name, is.value, number());
    close_to(name, is.low, number());
    close_to(name, is.high, number());
}

static bool expect_alone(const char *name, const problem *p, const epo__judgement *j)
{
    if (strcmp(name, "passed_over") == 0)
        assert_int_equal(j->passed_over, (size_t)number());
    else if (strcmp(name, "confusion") == 0)
        for (size_t i = 0; i < p->classes * p->classes; i++) close_to(name, j->confusion[i], number());
    else
        return false;
    return true;
}

/* Reads one line of expectations after its name, against a judgement of classes. */
static void expect_of_classes(const char *name, const problem *p, const epo__judgement *j)
{
    if (strncmp(name, "f1_", 3) == 0)
        expect_estimate(name, row_of(j, EPO_MEASURE_MAX_F1, name[3] - '0')->is);
    else if (strncmp(name, "auc_", 4) == 0)
        expect_estimate(name, row_of(j, EPO_MEASURE_AUC, name[4] - '0')->is);
    else if (strcmp(name, "mean_f1") == 0)
        expect_estimate(name, row_of(j, EPO_MEASURE_MEAN_MAX_F1, -1)->is);
    else if (strcmp(name, "mean_auc") == 0)
        expect_estimate(name, row_of(j, EPO_MEASURE_MEAN_AUC, -1)->is);
    else if (strcmp(name, "accuracy") == 0)
        expect_estimate(name, row_of(j, EPO_MEASURE_ACCURACY, -1)->is);
    else if (strcmp(name, "sd") == 0)
        close_to(name, row_of(j, EPO_MEASURE_MEAN_MAX_F1, -1)->sd, number());
    else if (strcmp(name, "thresholds") == 0)
        for (size_t k = 0; k < p->classes; k++)
            close_to(name, row_of(j, EPO_MEASURE_MAX_F1, (int)k)->threshold, number());
    else if (!expect_alone(name, p, j))
        fail_msg("the fixture expects %s", name);
}

static void expect_of_real(const char *name, const problem *p, const epo__judgement *j)
{
    static const struct {
        const char *name;
        epo_measure measure;
        int class_index;
    } all[] = {{"f1", EPO_MEASURE_MAX_F1, 1},   {"auc", EPO_MEASURE_AUC, -1},
               {"mcc", EPO_MEASURE_MCC, -1},    {"mdr", EPO_MEASURE_MDR, 1},
               {"fpr", EPO_MEASURE_FPR, 0},     {"fpr_quoted", EPO_MEASURE_FPR_AT_MDR, 0},
               {"accuracy", EPO_MEASURE_ACCURACY, -1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(name, all[i].name) == 0) {
            expect_estimate(name, row_of(j, all[i].measure, all[i].class_index)->is);
            return;
        }
    if (strcmp(name, "thresholds") == 0)
        close_to(name, row_of(j, EPO_MEASURE_MAX_F1, 1)->threshold, number());
    else if (!expect_alone(name, p, j))
        fail_msg("the fixture expects %s", name);
}

static void as_scikit_learn(void **state)
{
    (void)state;
    static problem p;
    size_t size;
    int class_problems = 0, real_problems = 0;
    unsigned char *file = read_file("tests/metrics/fixtures/metrics.txt", &size);
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, file, size);
    text[size] = '\0';
    next = text;
    for (const char *kind; *(kind = word());) {
        const bool real = strcmp(kind, "real") == 0;
        epo__judgement judged;
        read_problem(&p, real);
        const epo__labelled items = labelled(&p, real);
        const epo__judging how = {
            .resamples = p.resamples, .seed = p.seed, .mdr = 0.05, .thresholds = real ? &p.at : NULL};
        check_ok(epo__judge(&items, &how, &judged));
        size_t lines = 0;
        for (; strcmp(word(), "expect") == 0; lines++) {
            if (real)
                expect_of_real(word(), &p, &judged);
            else
                expect_of_classes(word(), &p, &judged);
        }
        assert_int_equal(lines, real ? 10 : 2 * p.classes + 7);
        epo__judgement_free(&judged);
        *(real ? &real_problems : &class_problems) += 1;
    }
    assert_int_equal(class_problems, 40);
    assert_int_equal(real_problems, 32);
    free(text);
    free(file);
}

/* --- published tables -------------------------------------------------------------------------------------------- */

/* Max F1 of each class, and the mean and SD printed beside them: TAO-Net on the test set, and its random forest. */
static void published_means_have_a_population_sd(void **state)
{
    (void)state;
    static const struct {
        double f1[6];
        size_t classes;
        double mean, sd;
    } tables[] = {
        {{88.38, 96.62}, 2, 92.50, 4.12},                              /* transient or not */
        {{38.46, 34.21, 53.19, 41.12, 46.63, 95.46}, 6, 51.51, 20.56}, /* BZ AGN CV OTHER SN NON */
        {{36.84, 52.63, 63.64, 59.70, 63.75}, 5, 55.31, 10.08},
        {{19.74, 42.67, 53.60, 56.06, 55.36}, 5, 45.49, 13.75}, /* forest, validation */
        {{32.00, 36.00, 54.54, 53.57, 57.15}, 5, 46.65, 10.47}, /* forest, test */
    };
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        double mean, sd;
        epo__mean_sd(tables[t].f1, tables[t].classes, &mean, &sd);
        if (fabs(mean - tables[t].mean) > 0.0101 || fabs(sd - tables[t].sd) > 0.0101)
            fail_msg("table %zu: %.4f +- %.4f, not %.2f +- %.2f", t, mean, sd, tables[t].mean, tables[t].sd);
    }
}

/* --- by hand ----------------------------------------------------------------------------------------------------- */

/* Two of three positives share a score with a negative: no threshold parts them. */
static void equal_scores_stay_together(void **state)
{
    (void)state;
    const double scores[] = {0.9, 0.5, 0.5, 0.5, 0.1};
    const int truth[] = {1, 1, 0, 1, 0};
    epo__ranking r;
    epo__ranking_measures m;
    check_ok(epo__ranking_create(scores, 1, truth, 1, NULL, 5, &r));
    epo__ranking_measure(&r, NULL, 0.05, &m);
    close_to("max F1", m.max_f1, 6. / 7);
    close_to("threshold", m.threshold, 0.5);
    close_to("AUC", m.auc, 5. / 6);
    close_to("FPR", m.fpr, 0.5);
    epo__ranking_measure(&r, NULL, 1, &m); /* all may be missed: no false positives */
    close_to("FPR", m.fpr, 0);
    epo__ranking_measure(&r, (const uint32_t[]){1, 2, 0, 0, 3}, 0.05, &m);
    close_to("max F1 without the equal", m.max_f1, 1);
    close_to("threshold", m.threshold, 0.5);
    epo__ranking_free(&r);
}

/* In the second, 0.6 and 0.3 both give 2/3: the higher one is told. */
static void the_highest_of_equal_thresholds(void **state)
{
    (void)state;
    epo__ranking r;
    epo__ranking_measures m;
    check_ok(epo__ranking_create((const double[]){0.6, 0.5, 0.4, 0.3}, 1, (const int[]){1, 0, 1, 0}, 1, NULL, 4, &r));
    epo__ranking_measure(&r, NULL, 0.05, &m);
    close_to("max F1", m.max_f1, 0.8);
    epo__ranking_free(&r);
    check_ok(epo__ranking_create((const double[]){0.6, 0.5, 0.4, 0.3}, 1, (const int[]){1, 0, 0, 1}, 1, NULL, 4, &r));
    epo__ranking_measure(&r, NULL, 0.05, &m);
    close_to("max F1", m.max_f1, 2. / 3);
    close_to("threshold", m.threshold, 0.6);
    epo__ranking_free(&r);
}

static void cases_without_an_answer(void **state)
{
    (void)state;
    epo__judgement j;
    epo__labelled items = {.classes = 3};
    check_ok(epo__judge(&items, &(epo__judging){.resamples = 10, .seed = 1}, &j)); /* nothing */
    for (size_t i = 0; i < j.count; i++)
        assert_true(isnan(j.rows[i].is.value) && isnan(j.rows[i].is.low) && isnan(j.rows[i].sd));
    epo__judgement_free(&j);
    items = (epo__labelled){.classes = 2, .real = true};
    check_ok(epo__judge(&items, &none, &j));
    for (size_t i = 0; i < j.count; i++) assert_true(isnan(j.rows[i].is.value));
    epo__judgement_free(&j);

    const double scores[] = {0.2, 0.3, 0.5, 0.25, 0.25, 0.5, 0.6, 0.3, 0.1};
    const int truth[] = {2, 2, 2};
    items = (epo__labelled){.count = 3, .classes = 3, .scores = scores, .truth = truth};
    check_ok(epo__judge(&items, &(epo__judging){.resamples = 10, .seed = 1}, &j)); /* one class only */
    close_to("max F1 of the class", value_of(&j, EPO_MEASURE_MAX_F1, 2), 1);
    close_to("its threshold", row_of(&j, EPO_MEASURE_MAX_F1, 2)->threshold, 0.1);
    close_to("its AUC", value_of(&j, EPO_MEASURE_AUC, 2), NAN);
    close_to("max F1 of another", value_of(&j, EPO_MEASURE_MAX_F1, 0), NAN);
    close_to("mean", value_of(&j, EPO_MEASURE_MEAN_MAX_F1, -1), 1);
    close_to("SD", row_of(&j, EPO_MEASURE_MEAN_MAX_F1, -1)->sd, 0);
    close_to("accuracy", value_of(&j, EPO_MEASURE_ACCURACY, -1), 2. / 3);
    close_to("balanced accuracy", value_of(&j, EPO_MEASURE_BALANCED_ACCURACY, -1), 2. / 3);
    close_to("MCC", value_of(&j, EPO_MEASURE_MCC, -1), 0);
    assert_int_equal(j.passed_over, 0);
    epo__judgement_free(&j);

    const double broken[] = {0.5, NAN, 0.25};
    items = (epo__labelled){.count = 3, .classes = 2, .real = true, .scores = broken, .truth = (const int[]){0, 1, 1}};
    check_fails(epo__judge(&items, &none, &j), EPO_EARG, "score 1 is not a number");
    epo__judgement_free(&j);
    items.classes = 1;
    check_fails(epo__judge(&items, &none, &j), EPO_EARG, "item 1 is of class 1");
    epo__judgement_free(&j);
    const uint32_t groups[] = {0, 1, 2};
    items =
        (epo__labelled){.count = 3, .classes = 3, .scores = scores, .truth = truth, .groups = groups, .group_count = 2};
    check_fails(epo__judge(&items, &none, &j), EPO_EARG, "group 2");
    epo__judgement_free(&j);
    /* infinite scores have their place */
    epo__ranking r;
    epo__ranking_measures m;
    check_ok(epo__ranking_create((const double[]){-INFINITY, INFINITY}, 1, (const int[]){0, 1}, 1, NULL, 2, &r));
    epo__ranking_measure(&r, NULL, 0.05, &m);
    close_to("AUC", m.auc, 1);
    epo__ranking_free(&r);
}

static void quantiles(void **state)
{
    (void)state;
    const double v[] = {1, 2, 4, 8};
    close_to("0", epo__quantile(v, 4, 0), 1);
    close_to("1", epo__quantile(v, 4, 1), 8);
    close_to("0.5", epo__quantile(v, 4, 0.5), 3);
    close_to("of one", epo__quantile(v, 1, 0.975), 1);
    close_to("of none", epo__quantile(v, 0, 0.5), NAN);
    assert_int_equal(epo__most_probable((const double[]){0.25, 0.375, 0.375}, 3), 1);
    assert_int_equal(epo__most_probable_ranked((const double[]){0.25, 0.375, 0.375}, 3, (const size_t[]){0, 2, 1}), 2);
    assert_int_equal(epo__most_probable_ranked((const double[]){0.25, 0.375, 0.375}, 3, (const size_t[]){0, 1, 2}), 1);
}

/* The interval of a share is near the normal approximation of the binomial; another seed gives another, the same the
 * same. */
static void intervals_cover_what_they_should(void **state)
{
    (void)state;
    enum { N = 400 };
    static double scores[2 * N];
    static int truth[N];
    epo__rng rng = {.seed = 3};
    for (size_t i = 0; i < N; i++) {
        truth[i] = (int)(i % 2);
        const bool right = epo__rng_uniform(&rng) < 0.8;
        scores[2 * i + (right ? i % 2 : 1 - i % 2)] = 1;
    }
    const epo__labelled items = {.count = N, .classes = 2, .scores = scores, .truth = truth};
    epo__judgement a, b, c;
    check_ok(epo__judge(&items, &(epo__judging){.resamples = 2000, .seed = 1}, &a));
    check_ok(epo__judge(&items, &(epo__judging){.resamples = 2000, .seed = 1}, &b));
    check_ok(epo__judge(&items, &(epo__judging){.resamples = 2000, .seed = 2}, &c));
    const epo_estimate accuracy = row_of(&a, EPO_MEASURE_ACCURACY, -1)->is, auc = row_of(&a, EPO_MEASURE_MEAN_AUC, -1)->is,
                       again = row_of(&b, EPO_MEASURE_MEAN_AUC, -1)->is, other = row_of(&c, EPO_MEASURE_MEAN_AUC, -1)->is;
    const double p = accuracy.value, half = 1.96 * sqrt(p * (1 - p) / N);
    assert_true(fabs(accuracy.low - (p - half)) < 0.1 * half && fabs(accuracy.high - (p + half)) < 0.1 * half);
    assert_true(auc.low == again.low && auc.high == again.high);
    assert_true(auc.low != other.low || auc.high != other.high);
    epo__judgement_free(&a);
    epo__judgement_free(&b);
    epo__judgement_free(&c);
}

/* Sorting happens once: a thousand resamples of 1000 objects in 6 classes cost some tenths of a second, not tens. The
 * bound is for a busy machine under the sanitizers. */
static void a_thousand_resamples_are_quick(void **state)
{
    (void)state;
    enum { N = 1000, K = 6 };
    static double scores[N * K];
    static int truth[N];
    epo__rng rng = {.seed = 4};
    for (size_t i = 0; i < N; i++) {
        truth[i] = (int)epo__rng_below(&rng, K);
        for (size_t k = 0; k < K; k++) scores[i * K + k] = epo__rng_uniform(&rng) + (truth[i] == (int)k ? 0.3 : 0);
    }
    const epo__labelled items = {.count = N, .classes = K, .scores = scores, .truth = truth};
    epo__judgement j;
    const clock_t start = clock();
    check_ok(epo__judge(&items, &(epo__judging){.resamples = 1000, .seed = 1}, &j));
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("1000 resamples of 1000 objects in 6 classes: %.3f s\n", seconds);
    assert_true(seconds < 10);
    assert_int_equal(j.passed_over, 0);
    epo__judgement_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scikit_learn),
        cmocka_unit_test(published_means_have_a_population_sd),
        cmocka_unit_test(equal_scores_stay_together),
        cmocka_unit_test(the_highest_of_equal_thresholds),
        cmocka_unit_test(cases_without_an_answer),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(intervals_cover_what_they_should),
        cmocka_unit_test(a_thousand_resamples_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
