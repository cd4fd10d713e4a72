/* SPDX-License-Identifier: BSD-3-Clause
 * test_problems.c - curves, thresholds and calibration: 200 random problems as scikit-learn answers them
 * (fixtures/problems.txt, made by make_problems.py), published tables, and the cases without an answer. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "metrics/bins.h"
#include "metrics/calibration.h"
#include "metrics/confusion.h"
#include "metrics/curves.h"
#include "metrics/judge.h"

enum { ITEMS = 64, CLASSES = 6, VALUES = 80 };

static void close_by(const char *what, double value, double expected, double tolerance)
{
    if (isnan(expected) ? !isnan(value) : !(fabs(value - expected) <= tolerance))
        fail_msg("%s is %.17g, not %.17g", what, value, expected);
}

static void close_to(const char *what, double value, double expected)
{
    close_by(what, value, expected, 1e-12);
}

/* --- fixture ------------------------------------------------------------------------------------------------------ */

typedef struct problem {
    size_t number, count, classes;
    bool real;
    double scores[ITEMS * CLASSES];
    int truth[ITEMS];
    epo_curve curves[CLASSES];     /* real: of class 1 */
    double whole[ITEMS * CLASSES]; /* a probability a class */
    double claimed[ITEMS];
    bool right[ITEMS];
    epo__judgement judged;
    epo_calibration calibration;
} problem;

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

/* The numbers up to the end of the line. */
static size_t numbers(double *out)
{
    size_t count = 0;
    while (*next && *next != '\n') {
        char *end;
        assert_true(count < VALUES);
        out[count] = strtod(next, &end);
        if (end == next) break;
        count++;
        next = end + strspn(end, " ");
    }
    return count;
}

static void solve(problem *p)
{
    static const double at = 0.4;
    double thresholds[CLASSES];
    for (size_t k = 0; k < CLASSES; k++) thresholds[k] = at;
    const epo__labelled items = {
        .count = p->count, .classes = p->classes, .real = p->real, .scores = p->scores, .truth = p->truth};
    const size_t columns = p->real ? 1 : p->classes;
    for (size_t k = 0; k < columns; k++) {
        epo__ranking r;
        check_ok(epo__ranking_create(p->scores + k, columns, p->truth, p->real ? 1 : (int)k, NULL, p->count, &r));
        check_ok(epo__curve_of(&r, &p->curves[p->real ? 1 : k]));
        epo__ranking_free(&r);
    }
    for (size_t i = 0; i < p->count; i++) {
        double *row = p->whole + i * p->classes;
        for (size_t k = 0; k < p->classes; k++)
            row[k] = p->real ? (k ? p->scores[i] : 1 - p->scores[i]) : p->scores[i * p->classes + k];
        const int called = epo__most_probable(row, p->classes);
        p->claimed[i] = p->real ? p->scores[i] : row[called];
        p->right[i] = p->real ? p->truth[i] == 1 : p->truth[i] == called;
    }
    check_ok(epo__judge(&items, &(epo__judging){.thresholds = thresholds, .prevalence = 0.1, .mdr = 0.05}, &p->judged));
    check_ok(epo__temperature_fit(p->whole, p->truth, p->count, p->classes, &p->calibration));
}

static void read_problem(problem *p)
{
    p->count = (size_t)number();
    p->classes = (size_t)number();
    p->real = number() != 0;
    assert_true(p->count <= ITEMS && p->classes <= CLASSES);
    const size_t columns = p->real ? 1 : p->classes;
    for (size_t i = 0; i < p->count; i++) {
        p->truth[i] = (int)number();
        for (size_t k = 0; k < columns; k++) p->scores[i * columns + k] = number();
    }
}

static double judged(const problem *p, epo_measure measure, int class_index)
{
    for (size_t i = 0; i < p->judged.count; i++)
        if (p->judged.rows[i].measure == measure && p->judged.rows[i].class_index == class_index)
            return p->judged.rows[i].is.value;
    fail_msg("no row %s", epo_measure_name(measure));
    return NAN;
}

static void expect_points(const char *name, const epo_curve *c, size_t member, const double *v, size_t count)
{
    assert_int_equal(c->count, count);
    for (size_t i = 0; i < count; i++) {
        const epo_curve_point *p = &c->points[i];
        const double is[] = {p->fpr, p->tpr, p->precision, p->tpr};
        close_to(name, is[member], v[i]);
    }
}

/* What is asked at the fixed threshold goes through the judge, too. */
static void expect_at(const problem *p, int c, const double *v)
{
    close_to("f1", judged(p, EPO_MEASURE_F1, c), p->judged.there[c] ? v[0] : NAN);
    close_to("mcc", judged(p, EPO_MEASURE_MCC, p->real ? -1 : c), p->judged.there[c] || p->real ? v[1] : NAN);
    close_to("mdr", judged(p, EPO_MEASURE_MDR, c), v[2]);
    close_to("fpr", judged(p, EPO_MEASURE_FPR, p->real ? 0 : c), v[3]);
    close_to("g-mean", judged(p, EPO_MEASURE_G_MEAN, p->real ? -1 : c), v[4]);
    close_to("cleanliness", judged(p, EPO_MEASURE_CLEANLINESS, c), p->judged.there[c] ? v[5] : NAN);
}

static void expect_class(const char *name, const problem *p, const double *v, size_t count)
{
    static const char *const curves[] = {"roc_fpr_", "roc_tpr_", "pr_precision_", "pr_recall_"};
    const int c = name[strlen(name) - 1] - '0';
    const epo_curve *curve = &p->curves[c];
    for (size_t i = 0; i < 4; i++)
        if (strncmp(name, curves[i], strlen(curves[i])) == 0) {
            expect_points(name, curve, i, v, count);
            return;
        }
    if (strncmp(name, "auc_", 4) == 0)
        close_to(name, curve->auc, v[0]);
    else if (strncmp(name, "ap_", 3) == 0)
        close_to(name, judged(p, EPO_MEASURE_AVERAGE_PRECISION, c), v[0]);
    else if (strncmp(name, "fpr_05_", 7) == 0)
        close_to(name, epo_curve_fpr_at_mdr(curve, 0.05), v[0]);
    else if (strncmp(name, "fpr_20_", 7) == 0)
        close_to(name, epo_curve_fpr_at_mdr(curve, 0.2), v[0]);
    else if (strncmp(name, "at_", 3) == 0)
        expect_at(p, c, v);
    else if (strncmp(name, "chosen_", 7) == 0)
        for (size_t i = 0; i < count; i++)
            close_to(epo_choice_name((epo_choice)i), epo_curve_choose(curve, (epo_choice)i), v[i]);
    else
        fail_msg("the fixture expects %s", name);
}

/* Mean score and share of the bins that hold something. */
static void expect_bins(const char *name, const problem *p, const double *v, size_t count)
{
    double edges[11], sorted[ITEMS];
    epo_reliability_bin bins[10];
    const size_t n = name[0] == 'e' ? 10 : 5;
    size_t at = 0;
    if (name[0] == 'e') {
        epo__bin_edges_even(n, edges);
    } else {
        memcpy(sorted, p->claimed, sizeof sorted);
        for (size_t i = 1; i < p->count; i++)
            for (size_t k = i; k > 0 && sorted[k] < sorted[k - 1]; k--) {
                const double swap = sorted[k];
                sorted[k] = sorted[k - 1];
                sorted[k - 1] = swap;
            }
        epo__bin_edges_quantile(sorted, p->count, n, edges);
    }
    epo__reliability(p->claimed, p->right, p->count, edges, n, bins);
    for (size_t b = 0; b < n; b++) {
        if (bins[b].count == 0) continue;
        assert_true(at + 1 < count);
        close_to(name, bins[b].score, v[at++]);
        close_to(name, bins[b].share, v[at++]);
    }
    assert_int_equal(at, count);
}

/* A temperature's loss is flat at its least: T itself is known to fewer digits than the loss. */
static void expect_all(const char *name, const problem *p, const double *v, size_t count)
{
    static const struct {
        const char *name;
        epo_measure measure;
    } all[] = {{"balanced", EPO_MEASURE_BALANCED_ACCURACY},
               {"log_loss", EPO_MEASURE_LOG_LOSS},
               {"brier", EPO_MEASURE_BRIER},
               {"ece", EPO_MEASURE_ECE},
               {"mcc", EPO_MEASURE_MCC}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(name, all[i].name) == 0) {
            close_to(name, judged(p, all[i].measure, -1), v[0]);
            return;
        }
    if (strcmp(name, "temperature") == 0)
        close_by(name, log(p->calibration.temperature), log(v[0]), 1e-5);
    else if (strcmp(name, "tempered") == 0)
        close_by(name, p->calibration.log_loss_after, v[0], 1e-8);
    else if (strcmp(name, "even_10") == 0 || strcmp(name, "mass_5") == 0)
        expect_bins(name, p, v, count);
    else
        expect_class(name, p, v, count);
}

static void as_scikit_learn(void **state)
{
    (void)state;
    static problem p;
    static double values[VALUES];
    size_t size, problems = 0;
    unsigned char *file = read_file("tests/metrics/fixtures/problems.txt", &size);
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, file, size);
    text[size] = '\0';
    next = text;
    while (strcmp(word(), "problem") == 0) {
        size_t lines = 0;
        p = (problem){.number = problems++};
        read_problem(&p);
        solve(&p);
        assert_true(p.calibration.log_loss_after <= p.calibration.log_loss_before + 1e-12);
        for (; strcmp(word(), "expect") == 0; lines++) {
            const char *name = word();
            const size_t count = numbers(values);
            expect_all(name, &p, values, count);
        }
        assert_int_equal(lines, 9 + 10 * (p.real ? 1 : p.classes));
        for (size_t k = 0; k < CLASSES; k++) epo_curve_free(&p.curves[k]);
        epo__judgement_free(&p.judged);
    }
    assert_int_equal(problems, 200);
    free(text);
    free(file);
}

/* --- published tables --------------------------------------------------------------------------------------------- */

/* O'TRAIN's Table 4: precision, recall and MCC beside their confusion matrix in shares of two digits, so that they are
 * known to about 0.015. They follow when the matrix is read in scikit-learn's order, [TN FP; FN TP]; read the other way
 * round, [TP FP; FN TN], precision and recall are further off. */
static void published_mcc(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double precision, recall, mcc, cells[4];
    } table[] = {
        {"JAST GMADET", 0.98, 0.99, 0.97, {0.49, 0.01, 0.005, 0.49}}, /* "<= 0.01" */
        {"JAST STDPipe", 0.94, 0.97, 0.91, {0.46, 0.03, 0.02, 0.50}},
        {"FRAM", 0.89, 0.97, 0.85, {0.43, 0.06, 0.02, 0.49}},
        {"TACA", 0.91, 0.96, 0.86, {0.43, 0.06, 0.01, 0.50}},
        {"TCA", 0.92, 0.97, 0.89, {0.45, 0.04, 0.01, 0.49}},
    };
    double off = 0, off_turned = 0;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
        const double tn = table[t].cells[0], fp = table[t].cells[1], fn = table[t].cells[2], tp = table[t].cells[3];
        epo_curve_point p, turned;
        epo__rates(tp, fp, tp + fn, tn + fp, &p);
        epo__rates(tn, fp, tn + fn, tp + fp, &turned);
        close_by(table[t].name, p.mcc, table[t].mcc, 0.015);
        close_by(table[t].name, p.precision, table[t].precision, 0.02);
        close_by(table[t].name, p.tpr, table[t].recall, 0.021);
        close_to("both ways", epo__mcc(table[t].cells, 2), p.mcc);
        off += fabs(p.precision - table[t].precision) + fabs(p.tpr - table[t].recall);
        off_turned += fabs(turned.precision - table[t].precision) + fabs(turned.tpr - table[t].recall);
    }
    assert_true(off < off_turned);
}

/* --- cases without an answer ---------------------------------------------------------------------------------------
 */

static epo_curve curve_of(const double *scores, const int *truth, size_t count)
{
    epo__ranking r;
    epo_curve curve;
    check_ok(epo__ranking_create(scores, 1, truth, 1, NULL, count, &r));
    check_ok(epo__curve_of(&r, &curve));
    epo__ranking_free(&r);
    return curve;
}

static void curves_without_an_answer(void **state)
{
    (void)state;
    epo_curve c = curve_of(NULL, NULL, 0); /* nothing */
    assert_int_equal(c.count, 1);
    assert_true(isinf(c.points[0].threshold) && isnan(c.auc) && isnan(c.average_precision) && isnan(c.points[0].mcc));
    close_to("threshold", epo_curve_choose(&c, EPO_CHOICE_F1), NAN);
    close_to("FPR", epo_curve_fpr_at_mdr(&c, 0.05), NAN);
    epo_curve_free(&c);

    c = curve_of((const double[]){0.2, 0.7, 0.7}, (const int[]){1, 1, 1}, 3); /* positives only */
    assert_int_equal(c.count, 3);
    close_to("AUC", c.auc, NAN);
    close_to("AP", c.average_precision, 1);
    close_to("FPR", c.points[2].fpr, NAN);
    close_to("g-mean", c.points[1].g_mean, NAN);
    close_to("MCC", c.points[1].mcc, 0);
    close_to("by F1", epo_curve_choose(&c, EPO_CHOICE_F1), 0.2);
    close_to("by g-mean", epo_curve_choose(&c, EPO_CHOICE_G_MEAN), NAN);
    close_to("by F1 + MCC", epo_curve_choose(&c, EPO_CHOICE_F1_MCC), 0);
    epo_curve_free(&c);

    c = curve_of((const double[]){0.5, 0.5}, (const int[]){0, 0}, 2); /* negatives only */
    close_to("recall", c.points[1].tpr, NAN);
    close_to("precision", c.points[1].precision, 0);
    close_to("F1", c.points[1].f1, NAN);
    close_to("by MCC", epo_curve_choose(&c, EPO_CHOICE_MCC), NAN);
    epo_curve_free(&c);

    epo__ranking r;
    check_fails(epo__ranking_create((const double[]){0.5, NAN}, 1, (const int[]){0, 1}, 1, NULL, 2, &r), EPO_EARG,
                "score 1 is not a number");
    close_to("cleanliness", epo_cleanliness(0, 0, 0.1), NAN);
    close_to("cleanliness", epo_cleanliness(1, 0, 0.1), 1);
    close_to("cleanliness", epo_cleanliness(0.95, 0.01, 0.01), 0.0095 / (0.0095 + 0.0099));
}

static void choices_have_names(void **state)
{
    (void)state;
    epo_choice choice;
    for (int i = 0; i < EPO_CHOICES; i++) {
        assert_true(epo_choice_of(epo_choice_name((epo_choice)i), &choice));
        assert_int_equal(choice, i);
    }
    assert_false(epo_choice_of("best", &choice));
    assert_null(epo_choice_name(EPO_CHOICES));
    assert_null(epo_measure_name(EPO_MEASURES));
    assert_string_equal(epo_measure_name(EPO_MEASURE_ECE), "ece");
}

static void matrices_without_an_answer(void **state)
{
    (void)state;
    const double none[9] = {0}, one[9] = {0, 2, 0, 0, 0, 0, 0, 0, 0}, wide[9] = {3, 0, 0, 0, 4, 0, 0, 0, 0};
    close_to("MCC", epo__mcc(none, 3), NAN);
    close_to("balanced", epo__balanced_accuracy(none, 3), NAN);
    close_to("MCC", epo__mcc(one, 3), 0);
    close_to("balanced", epo__balanced_accuracy(one, 3), 0);
    close_to("MCC", epo__mcc(wide, 3), 1); /* a class that is nowhere takes nothing away */
    close_to("balanced", epo__balanced_accuracy(wide, 3), 1);
}

/* --- calibration -------------------------------------------------------------------------------------------------- */

static void tempering(void **state)
{
    (void)state;
    double p[] = {0.7, 0.2, 0.1};
    epo_temper(2, p, 3);
    const double sum = sqrt(0.7) + sqrt(0.2) + sqrt(0.1);
    close_to("p", p[0], sqrt(0.7) / sum);
    close_to("p", p[1], sqrt(0.2) / sum);
    close_to("p", p[2], sqrt(0.1) / sum);
    double same[] = {0.1, 0.30000000000000004, 0.6};
    epo_temper(1, same, 3);
    assert_true(same[1] == 0.30000000000000004); /* the same bits */
    double certain[] = {0, 1};
    epo_temper(2, certain, 2);
    close_to("p", certain[0], ldexp(1, -26) / (1 + ldexp(1, -26)));
    double broken[] = {NAN, 0.5};
    epo_temper(2, broken, 2);
    assert_true(isnan(broken[0]) && isnan(broken[1])); /* what is broken is not mended */
}

/* Scores made from logits twice too large ask for T = 2. */
static void a_known_temperature(void **state)
{
    (void)state;
    enum { N = 4000 };
    static double p[N * 2];
    static int truth[N];
    epo_calibration c;
    for (size_t i = 0; i < N; i++) { /* each probability right exactly as often as half the logit says */
        const double share = ((double)(i / 40) + 0.5) / 100, z = log(share / (1 - share));
        p[2 * i + 1] = 1 / (1 + exp(-2 * z));
        p[2 * i] = 1 - p[2 * i + 1];
        truth[i] = (double)(i % 40) + 0.5 < share * 40;
    }
    check_ok(epo__temperature_fit(p, truth, N, 2, &c));
    close_by("T", c.temperature, 2, 0.02);
    assert_false(c.at_limit);
    assert_true(c.log_loss_after < c.log_loss_before);
}

static void temperatures_without_an_answer(void **state)
{
    (void)state;
    epo_calibration c;
    check_fails(epo__temperature_fit(NULL, NULL, 0, 2, &c), EPO_EARG, "no scores");
    check_fails(epo__temperature_fit((const double[]){0.5, 1.5}, (const int[]){0}, 1, 2, &c), EPO_EARG,
                "score 0 is no");
    check_fails(epo__temperature_fit((const double[]){0.5, NAN}, (const int[]){0}, 1, 2, &c), EPO_EARG,
                "score 0 is no");
    check_ok(epo__temperature_fit((const double[]){0.5, 0.5}, (const int[]){0}, 1, 2, &c)); /* nothing to learn */
    assert_true(c.temperature == 1 && !c.at_limit);
    check_ok(epo__temperature_fit((const double[]){0.75, 0.25}, (const int[]){0}, 1, 2, &c)); /* always right */
    close_by("T", c.temperature, EPO_TEMPERATURE_MIN, 1e-12);
    assert_true(c.at_limit);
    check_ok(epo__temperature_fit((const double[]){0.75, 0.25}, (const int[]){1}, 1, 2, &c)); /* always wrong */
    close_by("T", c.temperature, EPO_TEMPERATURE_MAX, 1e-9);
    assert_true(c.at_limit);
    check_ok(
        epo__temperature_fit((const double[]){0, 1, 1, 0}, (const int[]){1, 1}, 2, 2, &c)); /* certain, half wrong */
    assert_true(c.log_loss_after < c.log_loss_before && isfinite(c.log_loss_after));
}

static void reliability_by_hand(void **state)
{
    (void)state;
    double edges[6];
    epo_reliability_bin bins[5];
    const double scores[] = {0, 0.2, 0.2, 0.6000000000000001, 1};
    const bool right[] = {false, true, false, true, true};
    epo__bin_edges_even(5, edges);
    epo__reliability(scores, right, 5, edges, 5, bins);
    assert_int_equal(bins[0].count, 3); /* upper edges belong to a bin, and 0 to the first */
    close_to("score", bins[0].score, 0.4 / 3);
    close_to("share", bins[0].share, 1. / 3);
    assert_true(bins[1].count == 0 && isnan(bins[1].share));
    assert_int_equal(bins[2].count, 1); /* 3 x 0.2, as numpy's linspace */
    close_to("ECE", epo__ece(bins, 5), (3 * fabs(0.4 / 3 - 1. / 3) + 0.4 + 0) / 5);
    epo__reliability(NULL, NULL, 0, edges, 5, bins);
    close_to("ECE of none", epo__ece(bins, 5), NAN);
    epo__bin_edges_quantile((const double[]){0.3}, 1, 5, edges);
    for (int i = 0; i < 6; i++) assert_true(edges[i] == 0.3);
}

/* --- magnitudes --------------------------------------------------------------------------------------------------- */

static void bins_of_magnitudes(void **state)
{
    (void)state;
    double edges[6];
    assert_true(epo__bin_edges((const double[]){NAN, 99, 0, 17.5, 15, 26}, 6, 25, edges, 6));
    const double expected[] = {0, 17, 19, 21, 23, 25};
    for (int i = 0; i < 6; i++) close_to("edge", edges[i], expected[i]);
    static const struct {
        double value;
        int bin;
    } table[] = {{15, 0}, {16.999, 0}, {17, 1}, {24.9, 4}, {25, 4}, {25.1, -1}, {99, -1}, {0, -1}, {NAN, -1}, {-3, -1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(epo__bin_find(edges, 6, table[i].value), table[i].bin);
    assert_false(epo__bin_edges((const double[]){26, 99}, 2, 25, edges, 6));
    assert_false(epo__bin_edges(NULL, 0, 25, edges, 6));
}

/* --- two models --------------------------------------------------------------------------------------------------- */

static const epo_difference *difference_of(const epo_difference *all, size_t count, epo_measure measure,
                                           int class_index)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].measure == measure && all[i].class_index == class_index) return &all[i];
    fail_msg("no %s", epo_measure_name(measure));
    return NULL;
}

/* The second is the first with some items spoilt: of each resample both see the same, so the difference in accuracy is
 * the share of spoilt items, and its interval that of a share: far narrower than two intervals apart would be. */
static void pairs_share_their_resamples(void **state)
{
    (void)state;
    enum { N = 300, SPOILT = 15 };
    static double good[2 * N], poor[2 * N];
    static int truth[N];
    epo_difference *all;
    size_t count, passed_over;
    for (int i = 0; i < N; i++) {
        truth[i] = i % 2;
        const int said = i % 3 ? truth[i] : 1 - truth[i]; /* wrong in a third */
        good[2 * i + said] = 0.8 + 0.0001 * i;
        good[2 * i + 1 - said] = 0.2 - 0.0001 * i;
        const bool spoilt = i % 3 && i < 3 * SPOILT && i % 3 == 1;
        poor[2 * i + (spoilt ? 1 - said : said)] = good[2 * i + said];
        poor[2 * i + (spoilt ? said : 1 - said)] = good[2 * i + 1 - said];
    }
    const epo__labelled a = {.count = N, .classes = 2, .scores = good, .truth = truth},
                        b = {.count = N, .classes = 2, .scores = poor, .truth = truth};
    const epo__judging how = {.resamples = 1000, .seed = 5, .mdr = 0.05};
    check_ok(epo__judge_both(&a, &b, &how, &how, &all, &count, &passed_over));
    const epo_difference *accuracy = difference_of(all, count, EPO_MEASURE_ACCURACY, -1);
    const double share = (double)SPOILT / N, half = 1.96 * sqrt(share * (1 - share) / N);
    close_to("first", accuracy->first, 2. / 3);
    close_to("difference", accuracy->difference.value, share);
    close_by("low", accuracy->difference.low, share - half, 0.25 * half);
    close_by("high", accuracy->difference.high, share + half, 0.25 * half);
    close_to("wrong side", accuracy->wrong_side, 0);
    free(all);
    check_ok(epo__judge_both(&b, &a, &how, &how, &all, &count, &passed_over));
    close_to("the other way", difference_of(all, count, EPO_MEASURE_ACCURACY, -1)->difference.value, -share);
    free(all);
    check_ok(epo__judge_both(&a, &a, &how, &how, &all, &count, &passed_over));
    const epo_difference *none = difference_of(all, count, EPO_MEASURE_MEAN_MAX_F1, -1);
    assert_true(none->difference.value == 0 && none->difference.low == 0 && none->difference.high == 0);
    close_to("wrong side", none->wrong_side, NAN);
    free(all);
    const double thresholds[] = {0.5, 0.5};
    check_fails(epo__judge_both(&a, &b, &how, &(epo__judging){.thresholds = thresholds}, &all, &count, &passed_over),
                EPO_EARG, "same measures");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scikit_learn),
        cmocka_unit_test(published_mcc),
        cmocka_unit_test(curves_without_an_answer),
        cmocka_unit_test(choices_have_names),
        cmocka_unit_test(matrices_without_an_answer),
        cmocka_unit_test(tempering),
        cmocka_unit_test(a_known_temperature),
        cmocka_unit_test(temperatures_without_an_answer),
        cmocka_unit_test(reliability_by_hand),
        cmocka_unit_test(bins_of_magnitudes),
        cmocka_unit_test(pairs_share_their_resamples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
