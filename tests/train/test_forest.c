/* SPDX-License-Identifier: BSD-3-Clause
 * test_forest.c - forests as the public calls make, save, load and use them: files damaged and files that lie, tables
 * that are none, scores by hand, and the published CRTS features. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "epochal/forest.h"
#include "epochal/model.h"
#include "formats/safetensors.h"

static char *folder;

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

enum { ROWS = 120, COLUMNS = 4 };
static const char *const names[COLUMNS] = {"a", "b", "c", "d"}, *const classes[3] = {"SN", "AGN", "CV"};

typedef struct made {
    float values[ROWS * COLUMNS];
    const char *labels[ROWS];
    epo_forest_table table;
} made;

/* Three classes of which a and b tell something; some values are missing. */
static void make(made *m)
{
    epo__rng rng = {.seed = 3};
    for (size_t r = 0; r < ROWS; r++) {
        const size_t k = r % 3;
        m->labels[r] = classes[k];
        for (size_t c = 0; c < COLUMNS; c++) {
            const double value = epo__rng_normal(&rng) + (c < 2 ? 1.3 * (double)k : 0);
            m->values[r * COLUMNS + c] = epo__rng_uniform(&rng) < 0.05 ? NAN : (float)value;
        }
    }
    m->table =
        (epo_forest_table){.rows = ROWS, .columns = COLUMNS, .values = m->values, .names = names, .labels = m->labels};
}

static epo_forest *train(const epo_forest_table *table, epo_forest_options options)
{
    epo_forest *forest;
    check_ok(epo_forest_train(table, &options, &forest));
    return forest;
}

static epo_forest_options few_trees(void)
{
    epo_forest_options o = EPO_FOREST_OPTIONS_INIT;
    o.trees = 20;
    return o;
}

static void same_file(const char *a, const char *b)
{
    size_t size_a, size_b;
    unsigned char *x = read_file(a, &size_a), *y = read_file(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(x, y, size_a);
    free(x);
    free(y);
}

/* --- saving and loading
 * ------------------------------------------------------------------------------------------------ */

static void saves_and_loads(void **state)
{
    (void)state;
    made m;
    make(&m);
    const char *const weights[] = {"none", "balanced", "balanced_subsample", "AGN=2,CV=1,SN=0.5"};
    for (size_t w = 0; w < 4; w++) {
        epo_forest_options o = few_trees();
        epo_forest *loaded;
        epo_forest_info before, after;
        o.class_weight = weights[w];
        o.criterion = w % 2 ? "entropy" : "gini";
        o.min_leaf = w < 2 ? 1 : 3; /* without and with leaves of several classes */
        o.seed = UINT64_MAX;
        o.threads = 1;
        epo_forest *forest = train(&m.table, o);
        check_ok(epo_forest_save(forest, temp_path(folder, "one")));
        o.threads = 3;
        epo_forest *again = train(&m.table, o);
        check_ok(epo_forest_save(again, temp_path(folder, "three")));
        same_file(temp_path(folder, "one"), temp_path(folder, "three"));
        check_ok(epo_forest_load(temp_path(folder, "one"), &loaded));
        check_ok(epo_forest_save(loaded, temp_path(folder, "again")));
        same_file(temp_path(folder, "one"), temp_path(folder, "again"));

        epo_forest_get_info(forest, &before);
        epo_forest_get_info(loaded, &after);
        assert_int_equal(after.nodes, before.nodes);
        assert_int_equal(after.depth, before.depth);
        assert_int_equal(after.rows, ROWS);
        assert_true(after.oob_accuracy == before.oob_accuracy && after.oob_accuracy > 0.5);
        assert_true(after.seed == UINT64_MAX && after.bootstrap && strlen(after.sha256) == 64 && !*before.sha256);
        assert_string_equal(after.class_weight, weights[w]);
        assert_string_equal(after.classes[0], "AGN"); /* in order, whatever the rows' */
        assert_string_equal(after.data_sha256, before.data_sha256);
        double p[ROWS * 3], q[ROWS * 3];
        check_ok(epo_forest_predict(forest, &m.table, 1, p));
        check_ok(epo_forest_predict(loaded, &m.table, 2, q));
        assert_memory_equal(p, q, sizeof p);
        epo_forest_free(forest);
        epo_forest_free(again);
        epo_forest_free(loaded);
    }
    assert_int_equal(epo_forest_load(temp_path(folder, "nothing"), &(epo_forest *){NULL}), EPO_ENOTFOUND);
}

static void must_be_refused(const char *path)
{
    epo_forest *forest;
    const epo_status status = epo_forest_load(path, &forest);
    if (status == EPO_OK || status == EPO_ENOMEM || status == EPO_EINTERNAL) fail_msg("%s", epo_status_text(status));
    assert_null(forest);
}

static void refuses_damage(void **state)
{
    (void)state;
    made m;
    size_t size;
    make(&m);
    epo_forest_options o = few_trees();
    o.trees = 3;
    epo_forest *forest = train(&m.table, o);
    const char *path = temp_path(folder, "whole");
    check_ok(epo_forest_save(forest, path));
    epo_forest_free(forest);
    unsigned char *bytes = read_file(path, &size), *copy = malloc(size);
    char damaged[600];
    snprintf(damaged, sizeof damaged, "%s/damaged", folder);
    /* one bit in each of many places */
    for (size_t at = 0; at < size; at += at < 2000 ? 7 : 97) {
        memcpy(copy, bytes, size);
        copy[at] ^= (unsigned char)(1U << at % 8);
        write_file(damaged, copy, size);
        must_be_refused(damaged);
    }
    for (size_t kept = 0; kept < size; kept += 1 + size / 60) {
        write_file(damaged, bytes, kept);
        must_be_refused(damaged);
    }
    free(copy);
    free(bytes);
}

/* --- files whose seal is right and whose contents are not
 * -------------------------------------------------------------- */

/* A tree of two features and two classes: node 0 splits, node 2 splits again, one leaf is mixed. */
typedef struct parts {
    float nodes[1], mixed[1], feature[5], threshold[5], next[5], importance[2], probabilities[2];
    size_t trees_count, nodes_count, probability_dims[2];
    const char *record, *kind, *extra;
    bool without_next;
} parts;

#define RECORD(classes)                                                                                    \
    "{\"features\": [\"a\", \"b\"], \"classes\": " classes                                                 \
    ", \"class_rows\": [3, 4], \"criterion\": \"gini\", \"max_features\": \"sqrt\","                       \
    "\"class_weight\": \"none\", \"max_depth\": 0, \"min_split\": 2, \"min_leaf\": 1, \"max_leaves\": 0, " \
    "\"bootstrap\": true, \"seed\": \"1\","                                                                \
    "\"unlabelled\": 0, \"oob_rows\": 7, \"oob_right\": 5, \"data_sha256\": "                              \
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"

static const parts sound = {.nodes = {5},
                            .mixed = {1},
                            .feature = {0, -1, 3, -1, -1},
                            .threshold = {1, 0, 2, 0, 0},
                            .next = {1, 0, 3, 1, 2},
                            .importance = {0.5F, 0.5F},
                            .probabilities = {0.25F, 0.75F},
                            .trees_count = 1,
                            .nodes_count = 5,
                            .probability_dims = {1, 2},
                            .record = RECORD("[\"x\", \"y\"]"),
                            .kind = "forest"};

static const char *write_parts(const parts *p)
{
    static char path[600];
    const size_t trees = p->trees_count, nodes = p->nodes_count, two = 2;
    epo__tensor_write tensors[8] = {
        {"tree.nodes", 1, &trees, p->nodes},     {"tree.mixed", 1, &trees, p->mixed},
        {"node.feature", 1, &nodes, p->feature}, {"node.threshold", 1, &nodes, p->threshold},
        {"importance", 1, &two, p->importance},  {"leaf.probabilities", 2, p->probability_dims, p->probabilities},
        {"node.next", 1, &nodes, p->next},       {p->extra, 1, &two, p->importance}};
    const epo__text_pair pairs[] = {{"epochal.forest", p->record}, {"epochal.kind", p->kind}};
    snprintf(path, sizeof path, "%s/parts", folder);
    check_ok(epo__safetensors_write(path, tensors, p->extra ? 8 : p->without_next ? 6 : 7, pairs, p->kind ? 2 : 1));
    return path;
}

static void lies(const char *part, parts p)
{
    epo_forest *forest;
    const char *path = write_parts(&p);
    check_fails(epo_forest_load(path, &forest), EPO_EMODEL, part);
    assert_non_null(strstr(epo_error_message(), path));
    assert_null(forest);
}

static void refuses_lies(void **state)
{
    (void)state;
    epo_forest *forest;
    check_ok(epo_forest_load(write_parts(&sound), &forest));
    const float values[] = {0, 0, 5, 5, 5, NAN};
    const epo_forest_table table = {.rows = 3,
                                    .columns = 2,
                                    .values = values,
                                    .names = (const char *const[]){"A", "b"}};
    double p[6];
    check_ok(epo_forest_predict(forest, &table, 1, p));
    assert_true(p[0] == 1 && p[1] == 0 && p[2] == 0.25 && p[3] == 0.75 &&
                p[4] == 0.25); /* feature code 3: b, missing right */
    epo_forest_free(forest);

    parts q = sound;
#define LIE(part, ...) (q = sound, __VA_ARGS__, lies(part, q))
    LIE("node 2: its children do not come after it", q.next[2] = 1); /* a cycle */
    LIE("node 2: its children do not come after it", q.next[2] = 2);
    LIE("node 2: its children do not come after it", q.next[2] = 4);
    LIE("node 0: its children do not come after it", q.next[0] = 8388608);
    LIE("out of range", q.next[0] = -1);
    LIE("out of range", q.next[0] = 1e30F);
    LIE("not whole", q.next[0] = 1.5F);
    LIE("not whole", q.next[0] = NAN);
    LIE("node 3: has no parent", q.feature[2] = -1, q.next[2] = 0);
    LIE("node 2: its children have another parent", q.feature[1] = 0, q.next[1] = 3);
    LIE("feature that is not there", q.feature[0] = 4);
    LIE("out of range", q.feature[0] = -2);
    LIE("out of range", q.feature[0] = INFINITY);
    LIE("threshold is not finite", q.threshold[0] = INFINITY);
    LIE("threshold is not finite", q.threshold[2] = NAN);
    LIE("its probabilities are not there", q.next[4] = 3);
    LIE("not from 0 to 1", q.probabilities[0] = NAN);
    LIE("do not sum to 1", q.probabilities[0] = 0.5F);
    LIE("impossible number of nodes", q.nodes[0] = 6);
    LIE("impossible number of nodes", q.nodes[0] = 0);
    LIE("impossible number of nodes", q.nodes[0] = 3e38F);
    LIE("impossible number of nodes", q.nodes[0] = 4.5F);
    LIE("impossible number of nodes", q.mixed[0] = 2);
    LIE("nodes that belong to no tree", q.nodes[0] = 3, q.feature[2] = -1, q.next[2] = 1);
    LIE("numbers of trees do not match", q.trees_count = 0);
    LIE("belong to no tree", q.mixed[0] = 0, q.next[4] = 1);
    LIE("one a class", q.probability_dims[0] = 2, q.probability_dims[1] = 1);
    LIE("importance 1 is not from 0 to 1", q.importance[1] = NAN);
    LIE("tensor node.next is missing", q.without_next = true);
    LIE("none of a forest's", q.extra = "node.more");
    LIE("classes has 'x' twice", q.record = RECORD("[\"x\", \"x\"]"));
    LIE("classes is not a list", q.record = RECORD("[]"));
    LIE("classes holds something other than names", q.record = RECORD("[\"x\", 2]"));
    LIE("class_rows has not one number a class", q.record = RECORD("[\"x\", \"y\", \"z\"]"));
    LIE("no JSON object", q.record = "[1, 2]");
    LIE("features is not a list", q.record = "{}");
    LIE("is no forest", q.kind = NULL);
    LIE("kind 'tree'", q.kind = "tree");
}

static void names_the_kind(void **state)
{
    (void)state;
    epo_model *model;
    epo_forest *forest;
    const char *path = write_parts(&sound);
    check_fails(epo_model_load(path, NULL, &model), EPO_EMODEL, "is a forest, not a network; epochal forest reads it");
    const epo_model_options net = {.net = "models/braai.net", .seed = 1};
    check_fails(epo_model_load(path, &net, &model), EPO_EMODEL, "is a forest, not a network");
    check_ok(epo_model_create(&net, &model));
    check_ok(epo_model_save(model, temp_path(folder, "net")));
    epo_model_free(model);
    check_fails(epo_forest_load(temp_path(folder, "net"), &forest), EPO_EMODEL, "is a network, not a forest");
}

/* --- tables
 * ------------------------------------------------------------------------------------------------------------ */

static epo_status read_text(const char *text, const epo_forest_csv_options *options, epo_forest_table *out)
{
    char path[600];
    snprintf(path, sizeof path, "%s/t.csv", folder);
    write_file(path, text, strlen(text));
    return epo_forest_read_csv(path, options, out);
}

static void reads_tables(void **state)
{
    (void)state;
    epo_forest_table t;
    check_ok(read_text("id,b,Label,a\nx,1.5,SN,\n y ,nan,,2e-3\n", NULL, &t));
    assert_int_equal(t.rows, 2);
    assert_int_equal(t.columns, 2);
    assert_string_equal(t.names[0], "b");
    assert_string_equal(t.ids[0], "x");
    assert_string_equal(t.labels[0], "SN");
    assert_null(t.labels[1]);
    assert_true(t.values[0] == 1.5F && isnan(t.values[1]) && isnan(t.values[2]) && t.values[3] == 2e-3F);
    epo_forest_table_free(&t);

    check_ok(read_text("id,label,a\n x\t,SN ,1\ny,\tSN,2\n", NULL, &t)); /* blanks around make no other class */
    assert_string_equal(t.ids[0], "x");
    assert_string_equal(t.labels[0], "SN");
    assert_string_equal(t.labels[1], "SN");
    epo_forest_table_free(&t);
    const char *const chosen[] = {"c", "A"}, *const left[] = {"text"};
    epo_forest_csv_options o = {.label = "kind", .columns = chosen, .column_count = 2};
    check_ok(read_text("a,text,c,kind\n1,hello,2,SN\n", &o, &t));
    assert_true(t.columns == 2 && t.values[0] == 2 && t.values[1] == 1 && !t.ids);
    assert_string_equal(t.labels[0], "SN");
    epo_forest_table_free(&t);
    o = (epo_forest_csv_options){.exclude = left, .exclude_count = 1, .label = "kind"};
    check_ok(read_text("a,text,c,kind\n1,hello,2,SN\n", &o, &t));
    assert_int_equal(t.columns, 2);
    epo_forest_table_free(&t);
    check_ok(read_text("a,b\n", NULL, &t));
    assert_true(t.rows == 0 && t.columns == 2 && !t.labels);
    epo_forest_table_free(&t);

    check_fails(read_text("a,text,kind\n1,2,3\n4,five,6\n", NULL, &t), EPO_EFORMAT,
                "t.csv: line 3: column 'text': 'five' is not a number");
    check_fails(read_text("a\ninf\n", NULL, &t), EPO_EFORMAT, "line 2: column 'a': 'inf' is not finite");
    check_fails(read_text("a\n1e39\n", NULL, &t), EPO_EFORMAT, "too large for a float32");
    check_fails(read_text("a,A\n1,2\n", NULL, &t), EPO_EFORMAT, "stands twice");
    check_fails(read_text("a,b\n1\n", NULL, &t), EPO_EFORMAT, "line 2");
    check_fails(read_text("label,id\nSN,1\n", NULL, &t), EPO_EFORMAT, "no column is left");
    check_fails(read_text("", NULL, &t), EPO_EFORMAT, "no header row");
    o = (epo_forest_csv_options){.label = "class"};
    check_fails(read_text("a,b\n1,2\n", &o, &t), EPO_ENOTFOUND, "no column 'class'; there are: a, b");
    o = (epo_forest_csv_options){.columns = (const char *const[]){"a", "label"}, .column_count = 2};
    check_fails(read_text("a,label\n1,2\n", &o, &t), EPO_EARG, "holds the label");
    o.columns = (const char *const[]){"a", "A"};
    check_fails(read_text("a,label\n1,2\n", &o, &t), EPO_EARG, "asked for twice");
    assert_true(!t.values && !t.names);
}

static void reads_damaged_tables(void **state)
{
    (void)state;
    made m;
    make(&m);
    char text[8000] = "id,a,b,c,d,label\n";
    for (size_t r = 0, at = strlen(text); r < 60; r++)
        at += (size_t)snprintf(text + at, sizeof text - at, "\"o%zu\",%g,%g,%g,%g,%s\n", r, (double)m.values[4 * r],
                               (double)m.values[4 * r + 1], (double)m.values[4 * r + 2], (double)m.values[4 * r + 3],
                               m.labels[r]);
    char path[600], damaged[600];
    size_t size;
    snprintf(path, sizeof path, "%s/good.csv", folder);
    snprintf(damaged, sizeof damaged, "%s/damaged.csv", folder);
    write_file(path, text, strlen(text));
    unsigned char *bytes = read_file(path, &size);
    epo__rng rng = {.seed = 9};
    for (int round = 0; round < 400; round++) {
        epo_forest_table t;
        unsigned char copy[8000];
        memcpy(copy, bytes, size);
        for (int n = 0; n < 3; n++)
            copy[epo__rng_below(&rng, (uint32_t)size)] = (unsigned char)epo__rng_below(&rng, 256);
        write_file(damaged, copy, round % 4 ? size : epo__rng_below(&rng, (uint32_t)size));
        if (epo_forest_read_csv(damaged, NULL, &t) == EPO_OK && t.labels) {
            epo_forest_options o = few_trees();
            epo_forest *forest;
            o.trees = 2;
            if (epo_forest_train(&t, &o, &forest) == EPO_OK) epo_forest_free(forest);
        }
        epo_forest_table_free(&t);
    }
    free(bytes);
}

/* --- training
 * ---------------------------------------------------------------------------------------------------------- */

static void refused_options(const epo_forest_table *table, const char *part, epo_forest_options o)
{
    epo_forest *forest;
    check_fails(epo_forest_train(table, &o, &forest), EPO_EARG, part);
    assert_null(forest);
}

static void checks_options(void **state)
{
    (void)state;
    made m;
    make(&m);
    epo_forest_options o;
#define REFUSED(part, change) (o = few_trees(), change, refused_options(&m.table, part, o))
    REFUSED("0 trees", o.trees = 0);
    REFUSED("criterion 'ginny'", o.criterion = "ginny");
    REFUSED("max features 'cube'", o.max_features = "cube");
    REFUSED("max features '0'", o.max_features = "0");
    REFUSED("class weight 'heavy'", o.class_weight = "heavy");
    REFUSED("no row is of class 'XX'", o.class_weight = "XX=1");
    REFUSED("class CV has none", o.class_weight = "SN=1,AGN=2");
    REFUSED("'-1' of class SN", o.class_weight = "SN=-1,AGN=2,CV=1");
    REFUSED("class SN is there twice", o.class_weight = "SN=1,SN=2,AGN=2,CV=1");
    REFUSED("min leaf 0", o.min_leaf = 0);
    REFUSED("min split 1", o.min_split = 1);
    REFUSED("limit of depth", o.max_leaves = 1);

    /* rows without a class are left out, and change nothing */
    epo_forest_info info;
    epo_forest *all, *some;
    o = few_trees();
    m.labels[7] = m.labels[50] = NULL;
    some = train(&m.table, o);
    epo_forest_get_info(some, &info);
    assert_true(info.rows == ROWS - 2 && info.unlabelled == 2 &&
                info.class_rows[0] + info.class_rows[1] + info.class_rows[2] == info.rows);
    epo_forest_free(some);
    for (size_t r = 0; r < ROWS; r++) m.labels[r] = NULL;
    refused_options(&m.table, "no row has a class", o);
    m.table.labels = NULL;
    refused_options(&m.table, "no row has a class", o);
    m.table.rows = 0;
    refused_options(&m.table, "no row has a class", o);

    make(&m);
    o.no_bootstrap = true;
    all = train(&m.table, o);
    epo_forest_get_info(all, &info);
    assert_true(info.oob_rows == 0 && isnan(info.oob_accuracy) && !info.bootstrap);
    double mean[COLUMNS], sd[COLUMNS], accuracy;
    epo_forest_permute_options how = EPO_FOREST_PERMUTE_OPTIONS_INIT;
    how.out_of_bag = true;
    check_fails(epo_forest_permute(all, &m.table, &how, mean, sd, &accuracy), EPO_EARG, "none out of bag");
    epo_forest_free(all);
    m.values[5] = INFINITY;
    check_fails(epo_forest_train(&m.table, &o, &all), EPO_EFORMAT, "row 2: column 'b' is infinite");
}

/* --- using
 * ------------------------------------------------------------------------------------------------------------- */

static void scores_by_hand(void **state)
{
    (void)state;
    /* the forest calls x < 0 A, the rest B; C is only in training's third group */
    const float x[] = {-2, -1, 1, 2, 9, 9.5F};
    const char *const one[] = {"x"}, *const labels[] = {"A", "A", "B", "B", "C", "C"};
    epo_forest_table t = {.rows = 6, .columns = 1, .values = x, .names = one, .labels = labels};
    epo_forest_options o = few_trees();
    o.no_bootstrap = true;
    o.max_features = "all";
    epo_forest *forest = train(&t, o);
    epo_forest_evaluation e;

    const float test[] = {0, -1, 0, -3, 0, -2, 0, 1, 0, 2, 0, 1.5F, 0, 1, 0, 1}; /* another column first */
    const char *const two[] = {"y", "X"}, *const truth[] = {"A", "A", "B", "B", "B", "A", "D", NULL};
    t = (epo_forest_table){.rows = 8, .columns = 2, .values = test, .names = two, .labels = truth};
    check_ok(epo_forest_evaluate(forest, &t, 1, &e));
    /* called A A A B B B: A has 2 right of 3 called and 3 true; B likewise */
    assert_true(e.rows == 6 && e.left_out == 2 && e.class_count == 3);
    assert_true(fabs(e.accuracy - 4.0 / 6) < 1e-12 && fabs(e.macro_f1 - 2.0 / 3) < 1e-12 &&
                fabs(e.weighted_f1 - 2.0 / 3) < 1e-12);
    assert_true(fabs(e.classes[0].precision - 2.0 / 3) < 1e-12 && e.classes[2].f1 == 0 && e.classes[2].support == 0 &&
                e.classes[1].support == 3);
    const int64_t confusion[9] = {2, 1, 0, 1, 2, 0, 0, 0, 0};
    assert_memory_equal(e.confusion, confusion, sizeof confusion);
    epo_forest_evaluation_free(&e);

    double means[8 * 3]; /* what it gave, judged afterwards */
    check_ok(epo_forest_predict(forest, &t, 1, means));
    check_ok(epo_forest_judge(forest, "f.csv", truth, means, 8, &e));
    assert_true(e.rows == 6 && e.left_out == 2 && fabs(e.macro_f1 - 2.0 / 3) < 1e-12);
    assert_memory_equal(e.confusion, confusion, sizeof confusion);
    epo_forest_evaluation_free(&e);
    check_fails(epo_forest_judge(forest, "f.csv", truth + 6, means, 2, &e), EPO_EARG, "f.csv: no row has a class");
    epo_forest_evaluation_free(&e);

    t.labels = NULL;
    check_fails(epo_forest_evaluate(forest, &t, 1, &e), EPO_EARG, "no row has a class");
    epo_forest_evaluation_free(&e);
    t.columns = 1;
    t.source = "f.csv";
    check_fails(epo_forest_evaluate(forest, &t, 1, &e), EPO_ENOTFOUND, "f.csv: no column 'x'");
    epo_forest_evaluation_free(&e);
    epo_forest_free(forest);
}

static void finds_importances(void **state)
{
    (void)state;
    made m;
    make(&m);
    epo_forest_options o = few_trees();
    o.trees = 60;
    epo_forest *forest = train(&m.table, o);
    epo_forest_info info;
    double mean[COLUMNS], sd[COLUMNS], accuracy;
    epo_forest_permute_options how = EPO_FOREST_PERMUTE_OPTIONS_INIT;
    epo_forest_get_info(forest, &info);
    assert_true(info.importances[0] > info.importances[2] && info.importances[1] > info.importances[3]);
    how.out_of_bag = true;
    check_ok(epo_forest_permute(forest, &m.table, &how, mean, sd, &accuracy));
    assert_true(accuracy == info.oob_accuracy); /* the same rows by the same trees */
    assert_true(mean[0] > mean[2] && mean[0] > mean[3] && mean[1] > mean[2] && mean[1] > 0.05);
    m.values[0] += 1;
    check_fails(epo_forest_permute(forest, &m.table, &how, mean, sd, &accuracy), EPO_EARG,
                "not the rows that the forest was trained on");
    how.out_of_bag = false;
    check_ok(epo_forest_permute(forest, &m.table, &how, mean, sd, &accuracy));
    epo_forest_free(forest);
}

/* --- published features
 * ------------------------------------------------------------------------------------------------ */

/* Mean weighted F1 in percent over a few seeds. */
static double mean_weighted(const char *name, double *of_classes)
{
    char path[700];
    double sum = 0;
    enum { SEEDS = 3 };
    epo_forest_table train_table, test_table;
    snprintf(path, sizeof path, "%s/crts/features/%s_train.csv", data_folder(), name);
    check_ok(epo_forest_read_csv(path, NULL, &train_table));
    snprintf(path, sizeof path, "%s/crts/features/%s_test.csv", data_folder(), name);
    check_ok(epo_forest_read_csv(path, NULL, &test_table));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        epo_forest_evaluation e;
        epo_forest_options o = EPO_FOREST_OPTIONS_INIT;
        o.seed = seed;
        o.trees = 300;
        epo_forest *forest = train(&train_table, o);
        check_ok(epo_forest_evaluate(forest, &test_table, 0, &e));
        sum += 100 * e.weighted_f1 / SEEDS;
        for (size_t k = 0; k < 2; k++) of_classes[k] += 100 * e.classes[k].f1 / SEEDS;
        epo_forest_evaluation_free(&e);
        epo_forest_free(forest);
    }
    epo_forest_table_free(&train_table);
    epo_forest_table_free(&test_table);
    return sum;
}

static void published_crts(void **state)
{
    (void)state;
    if (!data_folder()) skip();
    double classes_f1[2] = {0};
    const double weighted = mean_weighted("six_transients_simple_30_10obs", classes_f1);
    if (!(fabs(weighted - 77.54) <= 1.0)) fail_msg("six transients: weighted F1 %.2f, published 77.54", weighted);
    classes_f1[0] = classes_f1[1] = 0;
    mean_weighted("binary_simple_30_10obs", classes_f1); /* Non-Transient, Transient */
    if (!(fabs(classes_f1[0] - 88.09) <= 1.0 && fabs(classes_f1[1] - 87.29) <= 1.0))
        fail_msg("non-transient %.2f, published 88.09; transient %.2f, published 87.29", classes_f1[0], classes_f1[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saves_and_loads), cmocka_unit_test(refuses_damage), cmocka_unit_test(refuses_lies),
        cmocka_unit_test(names_the_kind),  cmocka_unit_test(reads_tables),   cmocka_unit_test(reads_damaged_tables),
        cmocka_unit_test(checks_options),  cmocka_unit_test(scores_by_hand), cmocka_unit_test(finds_importances),
        cmocka_unit_test(published_crts),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
