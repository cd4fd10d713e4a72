/* SPDX-License-Identifier: BSD-3-Clause
 * test_forest.c - trees against scikit-learn's (fixtures/trees.txt, made by make_fixture.py), splits against a search
 * of all by the definition, predictions against a plain walk, and the cases with nothing to choose. */
#include "support/check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "forest/permute.h"
#include "forest/train.h"

static const epo__grow_limits no_limits = {.max_features = EPO__FOREST_MAX_FEATURES, .min_split = 2, .min_leaf = 1};

typedef struct table {
    size_t rows, features, classes;
    float *values;
    int *labels;
} table;

static table make_table(size_t rows, size_t features, size_t classes)
{
    table t = {.rows = rows,
               .features = features,
               .classes = classes,
               .values = calloc(rows * features + 1, sizeof(float)),
               .labels = calloc(rows + 1, sizeof(int))};
    assert_non_null(t.values);
    assert_non_null(t.labels);
    return t;
}

static void free_table(table *t)
{
    free(t->values);
    free(t->labels);
}

static epo__matrix matrix(const table *t)
{
    return (epo__matrix){
        .values = t->values, .rows = t->rows, .features = t->features, .row_stride = t->features, .feature_stride = 1};
}

/* Classes about centres that lie apart by less than their width; a share of the values is missing, and some are rounded
 * so that they are the same. */
static table random_table(size_t rows, size_t features, size_t classes, double missing, double grid, uint64_t seed)
{
    table t = make_table(rows, features, classes);
    epo__rng rng = {.seed = seed};
    for (size_t r = 0; r < rows; r++) {
        t.labels[r] = (int)epo__rng_below(&rng, (uint32_t)classes);
        for (size_t f = 0; f < features; f++) {
            double value = epo__rng_normal(&rng) + (f % 2 ? 0.7 * t.labels[r] : 0);
            if (grid > 0) value = grid * floor(value / grid);
            t.values[r * features + f] = epo__rng_uniform(&rng) < missing ? NAN : (float)value;
        }
    }
    return t;
}

static epo__forest *grow(const table *t, epo__forest_options options, epo__forest_record *record)
{
    epo__forest *forest;
    epo__forest_record own;
    const epo__matrix m = matrix(t);
    check_ok(epo__forest_train(&m, t->labels, t->classes, &options, &forest, record ? record : &own));
    if (!record) epo__forest_record_free(&own);
    return forest;
}

static epo__forest *grow_tree(const table *t, epo__grow_limits limits, bool entropy)
{
    return grow(t, (epo__forest_options){.trees = 1, .limits = limits, .entropy = entropy, .seed = 1, .threads = 1},
                NULL);
}

static double *predict(const epo__forest *forest, const table *t, int threads)
{
    const epo__matrix m = matrix(t);
    double *out = malloc((t->rows * forest->classes + 1) * sizeof *out);
    assert_non_null(out);
    check_ok(epo__forest_predict(forest, &m, threads, out));
    return out;
}

/* --- scikit-learn
 * ----------------------------------------------------------------------------------------------------- */

static char *next_word;

static const char *word(void)
{
    next_word += strspn(next_word, " \n");
    char *begin = next_word;
    next_word += strcspn(next_word, " \n");
    if (*next_word) *next_word++ = '\0';
    return begin;
}

static double number(void)
{
    return strtod(word(), NULL);
}

static void compare_tree(const table *train, const table *test)
{
    char name[40];
    snprintf(name, sizeof name, "%s", word());
    epo__forest_options o = {.trees = 1, .limits = no_limits, .seed = 3, .threads = 1};
    o.entropy = number() > 0;
    o.balance = number() > 0 ? EPO__BALANCE_ALL : EPO__BALANCE_NONE;
    o.limits.max_depth = (size_t)number();
    o.limits.min_leaf = (size_t)number();
    o.limits.max_leaves = (size_t)number();
    epo__forest *forest = grow(train, o, NULL);
    const size_t nodes = (size_t)number();
    if (forest->nodes != nodes) fail_msg("%s: %zu nodes, not %zu", name, forest->nodes, nodes);
    double *p = predict(forest, test, 1);
    for (size_t i = 0; i < test->rows * test->classes; i++) {
        const double theirs = number();
        if (!(fabs(p[i] - theirs) <= 1e-6))
            fail_msg("%s: row %zu: %.9g, not %.9g", name, i / test->classes, p[i], theirs);
    }
    free(p);
    epo__forest_free(forest);
}

static void compare_forest(const table *train, const table *test)
{
    epo__forest_options o = {.trees = (size_t)number(),
                             .limits = {.max_features = 2, .min_split = 2, .min_leaf = 1},
                             .bootstrap = true,
                             .seed = 1};
    epo__forest *forest = grow(train, o, NULL);
    double *p = predict(forest, test, 0), sum = 0, largest = 0;
    const size_t count = test->rows * test->classes;
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs(p[i] - number());
        sum += difference;
        if (difference > largest) largest = difference;
    }
    /* two means over 2000 trees, each with an SD of at most 0.5 / sqrt(2000) */
    if (!(sum / (double)count < 0.012) || !(largest < 0.08))
        fail_msg("differs by %.3f, at most %.3f", sum / (double)count, largest);
    free(p);
    epo__forest_free(forest);
}

static void like_scikit_learn(void **state)
{
    (void)state;
    size_t size;
    char *text = (char *)read_file("tests/forest/fixtures/trees.txt", &size);
    next_word = text;
    assert_string_equal(word(), "rows");
    size_t sizes[4];
    for (size_t i = 0; i < 4; i++) sizes[i] = (size_t)number();
    table train = make_table(sizes[0], sizes[2], sizes[3]), test = make_table(sizes[1], sizes[2], sizes[3]);
    for (size_t r = 0; r < train.rows; r++) {
        train.labels[r] = (int)number();
        for (size_t f = 0; f < train.features; f++) train.values[r * train.features + f] = (float)number();
    }
    for (size_t i = 0; i < test.rows * test.features; i++) test.values[i] = (float)number();
    int trees = 0;
    const char *what;
    while (strcmp(what = word(), "tree") == 0) {
        compare_tree(&train, &test);
        trees++;
    }
    assert_int_equal(trees, 6);
    assert_string_equal(what, "forest");
    compare_forest(&train, &test);
    assert_string_equal(word(), "end");
    free_table(&train);
    free_table(&test);
    free(text);
}

/* --- splits by the definition
 * ------------------------------------------------------------------------------------------ */

static double impurity(const double *counts, size_t classes, bool entropy)
{
    double all = 0, sum = 0;
    for (size_t k = 0; k < classes; k++) all += counts[k];
    if (all == 0) return 0;
    for (size_t k = 0; k < classes; k++) {
        const double p = counts[k] / all;
        if (entropy)
            sum -= p > 0 ? p * log2(p) : 0;
        else
            sum += p * (1 - p);
    }
    return all * sum;
}

enum { CLASSES_MOST = 4 };

/* Impurity of both sides, or INFINITY when one has less than min_leaf rows. */
static double cost(const table *t, size_t f, float threshold, bool missing_right, bool entropy, size_t min_leaf)
{
    double left[CLASSES_MOST] = {0}, right[CLASSES_MOST] = {0};
    size_t counts[2] = {0};
    for (size_t r = 0; r < t->rows; r++) {
        const float value = t->values[r * t->features + f];
        const bool is_right = isnan(value) ? missing_right : value > threshold;
        (is_right ? right : left)[t->labels[r]]++;
        counts[is_right]++;
    }
    if (counts[0] < min_leaf || counts[1] < min_leaf) return INFINITY;
    return impurity(left, t->classes, entropy) + impurity(right, t->classes, entropy);
}

static double least_cost(const table *t, bool entropy, size_t min_leaf)
{
    double least = INFINITY;
    for (size_t f = 0; f < t->features; f++)
        for (size_t r = 0; r < t->rows; r++)
            for (int side = 0; side < 2; side++) {
                const float value = t->values[r * t->features + f];
                if (isnan(value)) continue;
                least = fmin(least, cost(t, f, value, side, entropy, min_leaf));
            }
    return least;
}

/* Impure, and some feature has two values, or one and a missing one: else a node is not split. */
static bool can_split(const table *t, bool entropy, size_t min_leaf)
{
    double counts[CLASSES_MOST] = {0};
    for (size_t r = 0; r < t->rows; r++) counts[t->labels[r]]++;
    return impurity(counts, t->classes, entropy) > 0 && least_cost(t, entropy, min_leaf) < INFINITY;
}

static void best_splits(void **state)
{
    (void)state;
    size_t split = 0;
    for (uint64_t seed = 1; seed <= 600; seed++) {
        epo__rng rng = {.seed = seed, .stream = 7};
        const size_t rows = 2 + epo__rng_below(&rng, seed % 10 ? 20 : 150), features = 1 + epo__rng_below(&rng, 3);
        const size_t classes = 2 + epo__rng_below(&rng, CLASSES_MOST - 1), min_leaf = 1 + epo__rng_below(&rng, 3);
        table t = random_table(rows, features, classes, seed % 3 ? 0.2 : 0, seed % 2 ? 0.5 : 0, seed);
        for (int entropy = 0; entropy < 2; entropy++) {
            epo__grow_limits limits = no_limits;
            limits.min_leaf = min_leaf;
            limits.max_depth = 1;
            epo__forest *forest = grow_tree(&t, limits, entropy);
            const epo__tree_node root = epo__forest_node_at(forest, 0, 0);
            assert_int_equal(root.feature >= 0, can_split(&t, entropy, min_leaf));
            if (root.feature >= 0) {
                const double is = cost(&t, (size_t)root.feature, root.threshold, root.missing_right, entropy, min_leaf);
                const double best = least_cost(&t, entropy, min_leaf);
                if (!(is <= best + 1e-9 * (double)rows))
                    fail_msg("seed %d: %.12g where %.12g is possible", (int)seed, is, best);
                split++;
            }
            epo__forest_free(forest);
        }
        free_table(&t);
    }
    assert_true(split > 800);
}

static void by_hand(void **state)
{
    (void)state;
    /* 1 2 | 6 9: the middle of 2 and 6; the one feature gets all the importance */
    table t = make_table(4, 1, 2);
    memcpy(t.values, (const float[]){6, 1, 9, 2}, 4 * sizeof(float));
    memcpy(t.labels, (const int[]){1, 0, 1, 0}, 4 * sizeof(int));
    epo__forest_record record;
    epo__forest *forest = grow(&t, (epo__forest_options){.trees = 3, .limits = no_limits, .threads = 1}, &record);
    assert_int_equal(forest->nodes, 9);
    assert_true(epo__forest_node_at(forest, 2, 0).threshold == 4.0F);
    assert_int_equal(epo__forest_node_at(forest, 2, 1).next, 0);
    assert_int_equal(epo__forest_node_at(forest, 2, 2).next, 1);
    assert_true(record.importance[0] == 1);
    assert_null(record.unseen_class);
    epo__forest_record_free(&record);
    epo__forest_free(forest);
    free_table(&t);

    /* rows times Gini impurity, of 4 + 4 rows: 4 before; split by the first feature (3,1 | 1,3) 1.5 + 1.5 = 3, by the
     * second (2,0 | 2,4) 0 + 8/3, which is better */
    t = make_table(8, 2, 2);
    memcpy(t.labels, (const int[]){0, 0, 0, 0, 1, 1, 1, 1}, 8 * sizeof(int));
    memcpy(t.values, (const float[]){0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1}, 16 * sizeof(float));
    epo__grow_limits limits = no_limits;
    limits.max_depth = 1;
    forest = grow_tree(&t, limits, false);
    const epo__tree_node root = epo__forest_node_at(forest, 0, 0);
    assert_int_equal(root.feature, 1);
    assert_true(root.threshold == 0.5F);
    double *p = predict(forest, &t, 1);
    assert_true(p[0] == 1 && fabs(p[2 * 2] - 2.0 / 6) < 1e-7);
    free(p);
    epo__forest_free(forest);
    free_table(&t);
}

static void exclusive_or(void **state)
{
    (void)state;
    /* no first split gains anything, and still one must be made */
    table t = make_table(8, 2, 2);
    for (size_t r = 0; r < 8; r++) {
        t.values[2 * r] = (float)(r & 1);
        t.values[2 * r + 1] = (float)(r >> 1 & 1);
        t.labels[r] = (r & 1) != (r >> 1 & 1);
    }
    for (int entropy = 0; entropy < 2; entropy++) {
        epo__forest *forest = grow_tree(&t, no_limits, entropy);
        double *p = predict(forest, &t, 1);
        assert_int_equal(forest->nodes, 7);
        for (size_t r = 0; r < 8; r++) assert_true(p[2 * r + (size_t)t.labels[r]] == 1);
        free(p);
        epo__forest_free(forest);
    }
    free_table(&t);
}

static void near_and_far(void **state)
{
    (void)state;
    /* neighbours among the float32, both zeros, the ends of the range */
    const float one = 1.0F, next = nextafterf(1.0F, 2.0F), small = nextafterf(0.0F, 1.0F);
    const float pairs[][2] = {{one, next},     {-next, -one},       {0.0F, small},
                              {-small, -0.0F}, {-FLT_MAX, FLT_MAX}, {nextafterf(FLT_MAX, 0), FLT_MAX}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        table t = make_table(2, 1, 2);
        t.labels[1] = 1;
        memcpy(t.values, pairs[i], sizeof pairs[i]);
        epo__forest *forest = grow_tree(&t, no_limits, false);
        double *p = predict(forest, &t, 1);
        if (forest->nodes != 3 || p[0] != 1 || p[3] != 1) fail_msg("pair %zu is not told apart", i);
        free(p);
        epo__forest_free(forest);
        free_table(&t);
    }
    table zeros = make_table(2, 1, 2);
    zeros.labels[1] = 1;
    zeros.values[1] = -0.0F;
    epo__forest *forest = grow_tree(&zeros, no_limits, false);
    assert_int_equal(forest->nodes, 1);
    epo__forest_free(forest);
    free_table(&zeros);
}

/* More rows than 16 bits count: the class is told by the second feature's value, or that it is missing. */
static void many_rows(void **state)
{
    (void)state;
    table t = make_table(70000, 2, 3);
    epo__rng rng = {.seed = 4};
    for (size_t r = 0; r < t.rows; r++) {
        const float value = (float)epo__rng_normal(&rng);
        const bool missing = epo__rng_below(&rng, 50) == 0;
        t.values[2 * r] = (float)epo__rng_normal(&rng);
        t.values[2 * r + 1] = missing ? NAN : value;
        t.labels[r] = missing ? 2 : value > 1.5F;
    }
    epo__forest *forest = grow_tree(&t, no_limits, false);
    double *p = predict(forest, &t, 2);
    assert_int_equal(forest->nodes, 5);
    for (size_t r = 0; r < t.rows; r++) assert_true(p[3 * r + (size_t)t.labels[r]] == 1);
    free(p);
    epo__forest_free(forest);
    free_table(&t);
}

/* --- nothing to choose
 * ------------------------------------------------------------------------------------------------- */

static void nothing_to_split(void **state)
{
    (void)state;
    epo__forest_record record;
    table t = make_table(6, 2, 3);
    memcpy(t.labels, (const int[]){0, 0, 0, 1, 1, 2}, 6 * sizeof(int));
    for (size_t i = 0; i < 6; i++) t.values[2 * i + 1] = NAN; /* one feature constant, one never there */
    epo__forest *forest = grow(&t, (epo__forest_options){.trees = 1, .limits = no_limits, .threads = 1}, &record);
    double *p = predict(forest, &t, 1);
    assert_int_equal(forest->nodes, 1);
    assert_true(p[0] == 0.5 && fabs(p[1] - 1.0 / 3) < 1e-7 && fabs(p[2] - 1.0 / 6) < 1e-7);
    assert_true(record.importance[0] == 0 && record.importance[1] == 0);
    free(p);
    epo__forest_record_free(&record);
    epo__forest_free(forest);

    /* a single class; one row, bootstrapped */
    for (size_t i = 0; i < 6; i++) t.labels[i] = 1;
    t.rows = 1;
    forest = grow(&t, (epo__forest_options){.trees = 5, .limits = no_limits, .bootstrap = true, .threads = 2}, &record);
    p = predict(forest, &t, 1);
    assert_true(p[0] == 0 && p[1] == 1 && p[2] == 0);
    assert_int_equal(record.unseen_class[0], -1);
    free(p);
    epo__forest_record_free(&record);
    epo__forest_free(forest);
    free_table(&t);
}

static void refuses(void **state)
{
    (void)state;
    table t = random_table(10, 3, 2, 0, 0, 1);
    epo__matrix m = matrix(&t);
    epo__forest_options o = {.trees = 2, .limits = no_limits, .threads = 1};
    epo__forest *forest;
    epo__forest_record record;
    m.rows = 0;
    check_fails(epo__forest_train(&m, t.labels, 2, &o, &forest, &record), EPO_EARG, "no rows");
    m.rows = 10;
    t.labels[4] = 2;
    check_fails(epo__forest_train(&m, t.labels, 2, &o, &forest, &record), EPO_EARG, "row 4: label 2");
    t.labels[4] = -1;
    check_fails(epo__forest_train(&m, t.labels, 2, &o, &forest, &record), EPO_EARG, "row 4: label -1");
    t.labels[4] = 0;
    t.values[3 * 7 + 1] = INFINITY;
    check_fails(epo__forest_train(&m, t.labels, 2, &o, &forest, &record), EPO_EFORMAT,
                "row 8, feature 2: the value is infinite");
    t.values[3 * 7 + 1] = 0;
    o.weights = (const double[]){1, 0};
    check_fails(epo__forest_train(&m, t.labels, 2, &o, &forest, &record), EPO_EARG, "weight of class 1");
    o.weights = NULL;
    o.trees = 0;
    check_fails(epo__forest_train(&m, t.labels, 2, &o, &forest, &record), EPO_ELIMIT, "0 trees");
    assert_null(forest);
    epo__forest_record_free(&record);
    free_table(&t);
}

static bool stop_at_three(void *context, size_t trees)
{
    *(size_t *)context = trees;
    return trees < 3;
}

static void stops_on_request(void **state)
{
    (void)state;
    table t = random_table(50, 3, 2, 0, 0, 1);
    const epo__matrix m = matrix(&t);
    size_t trees = 0;
    epo__forest_options o = {
        .trees = 100, .limits = no_limits, .threads = 2, .progress = stop_at_three, .context = &trees};
    epo__forest *forest;
    epo__forest_record record;
    check_fails(epo__forest_train(&m, t.labels, 2, &o, &forest, &record), EPO_ECANCELLED, "stopped");
    assert_int_equal(trees, 3);
    epo__forest_record_free(&record);
    free_table(&t);
}

/* --- limits
 * ------------------------------------------------------------------------------------------------------------ */

/* Rows of the table in each node of the only tree. */
static size_t *rows_in_nodes(const epo__forest *forest, const table *t)
{
    size_t *counts = calloc(forest->nodes, sizeof *counts);
    assert_non_null(counts);
    for (size_t r = 0; r < t->rows; r++)
        for (size_t i = 0;;) {
            const epo__tree_node node = epo__forest_node_at(forest, 0, i);
            counts[i]++;
            if (node.feature < 0) break;
            const float value = t->values[r * t->features + (size_t)node.feature];
            i = node.next + (isnan(value) ? node.missing_right : value > node.threshold);
        }
    return counts;
}

static void keeps_limits(void **state)
{
    (void)state;
    table t = random_table(300, 4, 3, 0.1, 0, 5);
    epo__grow_limits limits = no_limits;
    limits.min_leaf = 7;
    limits.min_split = 40;
    epo__forest *forest = grow_tree(&t, limits, false);
    size_t *counts = rows_in_nodes(forest, &t), leaves = 0;
    for (size_t i = 0; i < forest->nodes; i++) {
        const bool leaf = epo__forest_node_at(forest, 0, i).feature < 0;
        assert_true(counts[i] >= (leaf ? 7U : 40U));
        leaves += leaf;
    }
    assert_true(leaves > 5);
    free(counts);
    epo__forest_free(forest);
    limits = no_limits;
    limits.max_depth = 3;
    forest = grow_tree(&t, limits, false);
    size_t depth;
    assert_true(epo__forest_depth(forest, &depth));
    assert_int_equal(depth, 3);
    epo__forest_free(forest);
    limits = no_limits;
    limits.max_leaves = 6;
    forest = grow_tree(&t, limits, true);
    assert_int_equal(forest->nodes, 11);
    epo__forest_free(forest);
    free_table(&t);
}

/* --- prediction
 * -------------------------------------------------------------------------------------------------------- */

/* By a plain walk; `seen` as for epo__forest_predict_unseen. */
static void walk_plainly(const epo__forest *f, const table *t, size_t row, const unsigned char *seen, double *out)
{
    size_t trees = 0;
    for (size_t k = 0; k < f->classes; k++) out[k] = 0;
    for (size_t tree = 0; tree < f->trees; tree++) {
        if (seen && seen[tree * ((t->rows + 7) / 8) + row / 8] >> row % 8 & 1) continue;
        epo__tree_node node = epo__forest_node_at(f, tree, 0);
        while (node.feature >= 0) {
            const float value = t->values[row * t->features + (size_t)node.feature];
            node =
                epo__forest_node_at(f, tree, node.next + (isnan(value) ? node.missing_right : value > node.threshold));
        }
        for (size_t k = 0; k < f->classes; k++)
            out[k] += node.next < f->classes
                          ? k == node.next
                          : (double)f->mixed[(f->first_mixed[tree] + node.next - f->classes) * f->classes + k];
        trees++;
    }
    for (size_t k = 0; trees && k < f->classes; k++) out[k] /= (double)trees;
}

static void predicts(void **state)
{
    (void)state;
    const size_t counts[] = {1, 3, 4, 9, 255, 256, 257, 700};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int missing = 0; missing < 2; missing++) {
            table t = random_table(counts[i], 5, 3, missing ? 0.1 : 0, 0, 9),
                  train = random_table(200, 5, 3, missing ? 0.1 : 0, 0, 8);
            epo__forest_options o = {.trees = 21,
                                     .limits = {.max_features = 2, .min_split = 2, .min_leaf = 2},
                                     .bootstrap = true,
                                     .seed = 4};
            epo__forest *forest = grow(&train, o, NULL);
            double *p = predict(forest, &t, 1), *q = predict(forest, &t, 4), plain[3];
            assert_true(forest->mixed_count > 0);
            for (size_t r = 0; r < t.rows; r++) {
                walk_plainly(forest, &t, r, NULL, plain);
                for (size_t k = 0; k < 3; k++) assert_true(p[3 * r + k] == plain[k] && q[3 * r + k] == plain[k]);
            }
            free(p);
            free(q);
            epo__forest_free(forest);
            free_table(&t);
            free_table(&train);
        }
}

/* By columns as well as by rows. */
static void takes_columns(void **state)
{
    (void)state;
    table t = random_table(80, 4, 3, 0.1, 0, 12), turned = make_table(80, 4, 3);
    for (size_t i = 0; i < 80 * 4; i++) turned.values[i % 4 * 80 + i / 4] = t.values[i];
    const epo__matrix by_column = {
        .values = turned.values, .rows = 80, .features = 4, .row_stride = 1, .feature_stride = 80};
    const epo__forest_options o = {.trees = 5,
                                   .limits = {.max_features = 2, .min_split = 2, .min_leaf = 1},
                                   .bootstrap = true,
                                   .seed = 4};
    epo__forest *a = grow(&t, o, NULL), *b;
    epo__forest_record record;
    check_ok(epo__forest_train(&by_column, t.labels, 3, &o, &b, &record));
    assert_int_equal(a->nodes, b->nodes);
    assert_memory_equal(a->node, b->node, a->nodes * sizeof *a->node);
    double *p = predict(a, &t, 1), *q = malloc(80 * 3 * sizeof *q);
    check_ok(epo__forest_predict(a, &by_column, 1, q));
    assert_memory_equal(p, q, 80 * 3 * sizeof *q);
    free(p);
    free(q);
    epo__forest_record_free(&record);
    epo__forest_free(a);
    epo__forest_free(b);
    free_table(&t);
    free_table(&turned);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    const epo__balance balances[] = {EPO__BALANCE_NONE, EPO__BALANCE_ALL, EPO__BALANCE_SUBSAMPLE};
    table t = random_table(400, 6, 4, 0.05, 0, 2);
    for (size_t b = 0; b < 3; b++)
        for (int entropy = 0; entropy < 2; entropy++) {
            epo__forest_options o = {.trees = 13,
                                     .limits = {.max_features = 2, .min_split = 2, .min_leaf = 1},
                                     .bootstrap = true,
                                     .entropy = entropy,
                                     .balance = balances[b],
                                     .seed = 11,
                                     .threads = 1};
            epo__forest_record one, more;
            epo__forest *first = grow(&t, o, &one);
            for (o.threads = 2; o.threads <= 4; o.threads += 2) {
                epo__forest *other = grow(&t, o, &more);
                assert_int_equal(other->nodes, first->nodes);
                assert_memory_equal(other->node, first->node, first->nodes * sizeof *first->node);
                assert_memory_equal(other->mixed, first->mixed, first->mixed_count * 4 * sizeof(float));
                assert_memory_equal(more.importance, one.importance, 6 * sizeof(double));
                assert_memory_equal(more.unseen_class, one.unseen_class, t.rows * sizeof(int));
                epo__forest_record_free(&more);
                epo__forest_free(other);
            }
            o.seed = 12;
            epo__forest *other = grow(&t, o, NULL);
            assert_true(other->nodes != first->nodes ||
                        memcmp(other->node, first->node, first->nodes * sizeof *first->node) != 0);
            epo__forest_free(other);
            epo__forest_record_free(&one);
            epo__forest_free(first);
        }
    free_table(&t);
}

static void unseen_rows(void **state)
{
    (void)state;
    enum { ROWS = 500, TREES = 30 };
    table t = random_table(ROWS, 6, 3, 0, 0, 3);
    const epo__forest_options o = {.trees = TREES,
                                   .limits = {.max_features = 2, .min_split = 2, .min_leaf = 1},
                                   .bootstrap = true,
                                   .seed = 6};
    epo__forest_record record;
    epo__forest *forest = grow(&t, o, &record);
    unsigned char *seen = epo__forest_seen(6, TREES, ROWS, 2);
    assert_non_null(seen);
    size_t unseen = 0;
    for (size_t tree = 0; tree < TREES; tree++) {
        uint16_t counts[ROWS];
        size_t drawn = 0;
        epo__forest_bootstrap(6, tree, ROWS, counts);
        for (size_t r = 0; r < ROWS; r++) {
            drawn += counts[r];
            unseen += counts[r] == 0;
            assert_int_equal(seen[tree * ((ROWS + 7) / 8) + r / 8] >> r % 8 & 1, counts[r] > 0);
        }
        assert_int_equal(drawn, ROWS);
    }
    /* (1 - 1/n)^n of the rows, with an SD of 0.3 % over 30 trees */
    assert_true(fabs((double)unseen / (TREES * ROWS) - exp(-1)) < 0.012);
    for (size_t r = 0; r < ROWS; r++) {
        double plain[3];
        walk_plainly(forest, &t, r, seen, plain);
        const int called = record.unseen_class[r];
        assert_true(called >= 0 && plain[called] >= plain[0] && plain[called] >= plain[1] && plain[called] >= plain[2]);
    }
    free(seen);
    epo__forest_record_free(&record);
    epo__forest_free(forest);
    free_table(&t);
}

static void missing_values(void **state)
{
    (void)state;
    /* what is missing is of class 1, as is what is large: missing goes right, and a tree of one split is enough */
    table t = make_table(9, 1, 2);
    memcpy(t.values, (const float[]){1, 2, 3, 8, 9, NAN, NAN, 7, 6}, 9 * sizeof(float));
    memcpy(t.labels, (const int[]){0, 0, 0, 1, 1, 1, 1, 1, 1}, 9 * sizeof(int));
    epo__forest *forest = grow_tree(&t, no_limits, false);
    assert_int_equal(forest->nodes, 3);
    assert_true(epo__forest_node_at(forest, 0, 0).missing_right);
    epo__forest_free(forest);
    for (size_t i = 0; i < 9; i++)
        t.labels[i] = !t.labels[i] != isnan(t.values[i]); /* now it goes with the small ones */
    forest = grow_tree(&t, no_limits, false);
    assert_int_equal(forest->nodes, 3);
    assert_false(epo__forest_node_at(forest, 0, 0).missing_right);
    epo__forest_free(forest);
    for (size_t i = 0; i < 9; i++) t.labels[i] = isnan(t.values[i]); /* missing or not is all that counts */
    forest = grow_tree(&t, no_limits, false);
    assert_int_equal(forest->nodes, 3);
    double *p = predict(forest, &t, 1);
    for (size_t i = 0; i < 9; i++) assert_true(p[2 * i + (size_t)t.labels[i]] == 1);
    free(p);
    epo__forest_free(forest);
    /* none in training: to the side with more rows */
    for (int more = 0; more < 2; more++) {
        table whole = make_table(5, 1, 2);
        for (size_t i = 0; i < 5; i++) {
            whole.values[i] = (float)i;
            whole.labels[i] = i >= (more ? 2 : 3);
        }
        forest = grow_tree(&whole, no_limits, false);
        assert_int_equal(epo__forest_node_at(forest, 0, 0).missing_right, more);
        epo__forest_free(forest);
        free_table(&whole);
    }
    free_table(&t);
}

static void permuted_features(void **state)
{
    (void)state;
    table t = make_table(300, 3, 2);
    epo__rng rng = {.seed = 2};
    for (size_t r = 0; r < t.rows; r++) {
        t.labels[r] = (int)(r % 2);
        t.values[3 * r] = (float)epo__rng_normal(&rng);
        t.values[3 * r + 1] = (float)(3 * t.labels[r] + epo__rng_normal(&rng));
        t.values[3 * r + 2] = 4; /* of no use to any tree */
    }
    const epo__matrix m = matrix(&t);
    epo__forest *forest = grow(&t,
                               (epo__forest_options){.trees = 40,
                                                     .limits = {.max_features = 2, .min_split = 2, .min_leaf = 1},
                                                     .bootstrap = true,
                                                     .seed = 1},
                               NULL);
    unsigned char *seen = epo__forest_seen(1, 40, t.rows, 1);
    double mean[3], sd[3], accuracy, again[3];
    epo__permuting how = {.repeats = 4, .seed = 1, .threads = 1, .seen = seen};
    check_ok(epo__forest_permute(forest, &m, t.labels, &how, mean, sd, &accuracy));
    assert_true(accuracy > 0.85 && accuracy < 1);
    assert_true(mean[1] > 0.25 && fabs(mean[0]) < 0.05 && mean[2] == 0 && sd[2] == 0 && sd[1] > 0);
    how.threads = 3;
    check_ok(epo__forest_permute(forest, &m, t.labels, &how, again, sd, &accuracy));
    assert_memory_equal(mean, again, sizeof mean);
    how.seen = NULL;
    check_ok(epo__forest_permute(forest, &m, t.labels, &how, again, sd, &accuracy));
    assert_true(accuracy == 1); /* every tree together knows its own rows */
    how.repeats = 0;
    check_fails(epo__forest_permute(forest, &m, t.labels, &how, again, sd, &accuracy), EPO_EARG, "0 repeats");
    free(seen);
    epo__forest_free(forest);
    free_table(&t);
}

/* --- trees that are none
 * ----------------------------------------------------------------------------------------------- */

static void bad_tree(const epo__tree_node *nodes, size_t count, const float *mixed, size_t mixed_count,
                     const char *part)
{
    epo__tree tree = {.nodes = (epo__tree_node *)nodes,
                      .count = count,
                      .mixed = (float *)mixed,
                      .mixed_count = mixed_count};
    epo__forest *forest;
    check_fails(epo__forest_join(&tree, 1, 3, 2, &forest), EPO_EFORMAT, part);
    assert_null(forest);
}

static void refuses_bad_trees(void **state)
{
    (void)state;
#define LEAF(value) {.feature = -1, .next = (value)}
#define SPLIT(f, child)                                 \
    {                                                   \
        .threshold = 1, .feature = (f), .next = (child) \
    }
#define BAD(part, ...)                              \
    bad_tree((const epo__tree_node[]){__VA_ARGS__}, \
             sizeof((const epo__tree_node[]){__VA_ARGS__}) / sizeof(epo__tree_node), NULL, 0, part)
    bad_tree(NULL, 0, NULL, 0, "has no node");
    BAD("node 0: its probabilities are not there", LEAF(2));
    BAD("node 0: its children do not come after it", SPLIT(0, 0), LEAF(0), LEAF(1));
    BAD("node 0: its children do not come after it", SPLIT(0, 2), LEAF(0), LEAF(1));
    BAD("node 0: its children do not come after it", SPLIT(0, UINT32_MAX), LEAF(0), LEAF(1));
    BAD("node 0: its children do not come after it", SPLIT(0, 1), LEAF(0));
    BAD("node 2: its children do not come after it", SPLIT(0, 1), LEAF(0), SPLIT(0, 1), LEAF(0), LEAF(1));
    BAD("node 2: its children have another parent", SPLIT(0, 1), SPLIT(0, 3), SPLIT(0, 3), LEAF(0), LEAF(1));
    BAD("node 1: has no parent", SPLIT(0, 3), LEAF(0), LEAF(0), LEAF(0), LEAF(1));
    BAD("feature that is not there", SPLIT(3, 1), LEAF(0), LEAF(1));
    BAD("feature that is not there", SPLIT(-2, 1), LEAF(0), LEAF(1));
    BAD("threshold is not finite", {.threshold = NAN, .next = 1}, LEAF(0), LEAF(1));
    const epo__tree_node mixed_leaf = LEAF(2);
    bad_tree(&mixed_leaf, 1, (const float[]){0.5F, NAN}, 1, "not from 0 to 1");
    bad_tree(&mixed_leaf, 1, (const float[]){1.5F, -0.5F}, 1, "not from 0 to 1");
    bad_tree(&mixed_leaf, 1, (const float[]){0.5F, 0.25F}, 1, "do not sum to 1");
    epo__tree tree = {.nodes = (epo__tree_node *)&mixed_leaf,
                      .count = 1,
                      .mixed = (float[]){0.5F, 0.5F},
                      .mixed_count = 1};
    epo__forest *forest;
    check_fails(epo__forest_join(&tree, 0, 3, 2, &forest), EPO_ELIMIT, "0 trees");
    check_fails(epo__forest_join(&tree, 1, 0, 2, &forest), EPO_ELIMIT, "0 features");
    check_ok(epo__forest_join(&tree, 1, 3, 2, &forest));
    epo__forest_free(forest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_scikit_learn),
        cmocka_unit_test(best_splits),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(exclusive_or),
        cmocka_unit_test(near_and_far),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(nothing_to_split),
        cmocka_unit_test(refuses),
        cmocka_unit_test(stops_on_request),
        cmocka_unit_test(keeps_limits),
        cmocka_unit_test(predicts),
        cmocka_unit_test(takes_columns),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(unseen_rows),
        cmocka_unit_test(missing_values),
        cmocka_unit_test(permuted_features),
        cmocka_unit_test(refuses_bad_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
