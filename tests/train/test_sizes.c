/* SPDX-License-Identifier: BSD-3-Clause
 * test_sizes.c - trainings on growing parts, and with growing stamps: what they learn from, and what is kept of them.
 */
#include "train/toy.h"

#include <math.h>
#include <sqlite3.h>
#include <unistd.h>

#include "data/split.h"
#include "epochal/evaluate.h"
#include "epochal/sizes.h"
#include "store/results.h"

/* A number by SQL from outside, as the sqlite3 shell would tell it. */
static double ask(const toy *t, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open_v2(t->made.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const double value = sqlite3_column_double(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

static int begin(void **state)
{
    toy *t = calloc(1, sizeof *t);
    assert_non_null(t);
    toy_begin(t);
    *state = t;
    return 0;
}

static int end(void **state)
{
    toy_end(*state);
    free(*state);
    return 0;
}

static epo_store *open_store(const toy *t)
{
    epo_store *store;
    check_ok(epo_store_open(t->made.path, EPO_STORE_WRITE, &store));
    return store;
}

/* Objects of a part, and those of class c in it. */
static double members(const toy *t, const char *split, const char *part, const char *class_name)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM split_members m JOIN splits s ON s.id = m.split JOIN objects o ON o.id = m.object "
             "WHERE s.name = '%s' AND m.part = '%s' AND o.class LIKE '%s'",
             split, part, class_name);
    return ask(t, sql);
}

/* Twelve of each of five classes to learn from, in groups of one: exact shares, nested, the other parts untouched. */
static void shares(void **state)
{
    const toy *t = *state;
    epo_store *store = open_store(t);
    int64_t objects;
    check_ok(epo__split_shrink(store, "main", 0.25, 3, "quarter", &objects));
    assert_int_equal(objects, 15);
    check_ok(epo__split_shrink(store, "main", 0.5, 3, "half", &objects));
    assert_int_equal(objects, 30);
    check_ok(epo__split_shrink(store, "main", 0.01, 3, "least", &objects)); /* one of each class all the same */
    assert_int_equal(objects, 5);
    check_ok(epo__split_shrink(store, "main", 0.5, 4, "other", &objects));
    static const char *const classes[] = {"SN", "CV", "NON", "real", "bogus"};
    for (int c = 0; c < 5; c++) {
        assert_true(members(t, "quarter", "train", classes[c]) == 3 && members(t, "half", "train", classes[c]) == 6);
        assert_true(members(t, "half", "validation", classes[c]) == members(t, "main", "validation", classes[c]));
        assert_true(members(t, "half", "test", classes[c]) == members(t, "main", "test", classes[c]));
    }
    static const char *const pairs[][3] = {{"least", "quarter", "train"},
                                           {"quarter", "half", "train"},
                                           {"half", "main", "train"},
                                           {"half", "main", "validation"}};
    for (int i = 0; i < 4; i++) {
        char sql[500];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM split_members m JOIN splits s ON s.id = m.split WHERE s.name = '%s' AND m.part "
                 "= '%s' AND m.object NOT IN "
                 "(SELECT m.object FROM split_members m JOIN splits s ON s.id = m.split WHERE s.name = '%s' AND m.part "
                 "= '%s')",
                 pairs[i][0], pairs[i][2], pairs[i][1], pairs[i][2]);
        assert_true(ask(t, sql) == 0);
    }
    assert_true(
        ask(t, "SELECT count(*) FROM split_members a JOIN split_members b ON a.object = b.object JOIN splits s ON s.id "
               "= a.split JOIN splits r ON "
               "r.id = b.split WHERE s.name = 'half' AND r.name = 'other' AND a.part = 'train' AND b.part = 'train'") <
        30); /* another seed */

    check_ok(epo__split_shrink(store, "main", 0.5, 3, "half", &objects)); /* again */
    assert_int_equal(objects, 30);
    check_fails(epo__split_shrink(store, "main", 0.25, 3, "half", &objects), EPO_ESTORE, "half");
    check_fails(epo__split_shrink(store, "main", 0, 3, "none", &objects), EPO_EARG, "share");
    check_fails(epo__split_shrink(store, "nowhere", 0.5, 3, "none", &objects), EPO_ENOTFOUND, "nowhere");
    epo_store_close(store);
}

/* Objects of one parent are taken together. */
static void fields_stay_whole(void **state)
{
    const toy *t = *state;
    epo_store *store = open_store(t);
    int64_t split, objects;
    check_ok(epo__store_begin(store));
    check_ok(epo__store_split_add(store, "fields", 1, "{}", &split));
    for (int i = 0; i < 40; i++) {
        char name[16], parent[16];
        int64_t id;
        bool added;
        snprintf(name, sizeof name, "member%d", i);
        snprintf(parent, sizeof parent, "field%d", i / 4);
        const epo__object_row row = {
            .survey = "f", .name = name, .ra = NAN, .dec = NAN, .class_name = i % 4 ? "NON" : "SN", .parent = parent};
        check_ok(epo__store_object_put(store, &row, &id, &added));
        check_ok(epo__store_split_member_add(store, split, id, "train"));
    }
    check_ok(epo__store_commit(store));
    check_ok(epo__split_shrink(store, "fields", 0.3, 1, "fewer", &objects));
    assert_int_equal(objects, 12);
    assert_true(members(t, "fewer", "train", "SN") == 3);
    assert_true(ask(t, "SELECT count(DISTINCT o.parent) FROM split_members m JOIN splits s ON s.id = m.split JOIN "
                       "objects o ON o.id = m.object "
                       "WHERE s.name = 'fewer'") == 3);
    epo_store_close(store);
}

typedef struct rows {
    epo_sizes_row all[8];
    char split[8][64], out[8][600];
    int count, stop_at;
} rows;

static epo_status remember(void *context, const epo_sizes_row *row)
{
    rows *r = context;
    assert_true(r->count < 8);
    r->all[r->count] = *row;
    snprintf(r->split[r->count], sizeof r->split[0], "%s", row->split);
    snprintf(r->out[r->count], sizeof r->out[0], "%s", row->out);
    r->count++;
    return r->count == r->stop_at ? EPO_ECANCELLED : EPO_OK;
}

/* What a row says is what evaluate says about the model on these parts. */
static void check_row(const toy *t, const rows *r, int i)
{
    epo_store *store = open_store(t);
    epo_model *model;
    epo_model_info info;
    check_ok(epo_model_load(r->out[i], NULL, &model));
    epo_model_get_info(model, &info);
    const char *const parts[] = {"train", "validation"};
    const double told[] = {r->all[i].train_accuracy, r->all[i].validation_accuracy};
    for (int p = 0; p < 2; p++) {
        char split[80];
        epo_evaluation e;
        snprintf(split, sizeof split, "%s:%s", r->split[i], parts[p]);
        const epo_evaluate_source source = {.sha256 = info.sha256, .split = split};
        check_ok(epo_evaluate(store, &source, 1, NULL, &e));
        assert_true(epo_evaluation_find(&e, EPO_MEASURE_ACCURACY, -1)->is.value == told[p]);
        if (p == 1) {
            const epo_measurement *mcc = epo_evaluation_find(&e, EPO_MEASURE_MCC, -1);
            assert_true(mcc && (mcc->is.value == r->all[i].mcc || (isnan(mcc->is.value) && isnan(r->all[i].mcc))));
        }
        epo_evaluation_free(&e);
    }
    assert_true(r->all[i].delta_accuracy == told[0] - told[1] && r->all[i].f1 >= 0 && r->all[i].f1 <= 1);
    epo_model_free(model);
    epo_store_close(store);
}

static void by_size(void **state)
{
    toy *t = *state;
    static const double fractions[] = {1, 0.25}; /* in any order */
    const epo_sizes_options sizes = {.fractions = fractions, .count = 2};
    epo_train_options o = t->options;
    epo_store *store = open_store(t);
    char sql[300], first[600];
    rows r = {0};
    int64_t run;
    o.task = "realbogus";
    o.epochs = 3;
    check_ok(epo_train_sizes(store, &o, &sizes, remember, &r, &run));
    epo_store_close(store);
    assert_int_equal(r.count, 2);
    assert_true(r.all[0].fraction == 0.25 && r.all[0].objects == 15 && r.all[1].fraction == 1 &&
                r.all[1].objects == 60);
    assert_string_equal(r.split[0], "main-0.25-seed1");
    assert_string_equal(r.split[1], "main");
    snprintf(first, sizeof first, "%s/out-0.25.safetensors", t->made.folder);
    assert_string_equal(r.out[0], first);
    check_row(t, &r, 0);
    check_row(t, &r, 1);
    assert_true(r.all[1].validation_accuracy > 0.9); /* it is easy to learn */
    snprintf(sql, sizeof sql,
             "SELECT value FROM curves WHERE run = %lld AND name = 'size/delta_accuracy' AND epoch = 15",
             (long long)run);
    assert_true(ask(t, sql) == r.all[0].delta_accuracy);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM curves WHERE run = %lld", (long long)run);
    assert_true(ask(t, sql) == 10);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM runs WHERE kind = 'sizes' AND status = 'done' AND id = %lld",
             (long long)run);
    assert_true(ask(t, sql) == 1);
    assert_true(ask(t, "SELECT count(*) FROM runs WHERE kind = 'train' AND status = 'done'") == 2);
}

static void by_side(void **state)
{
    toy *t = *state;
    static const int sides[] = {8, 5};
    const epo_sizes_options sizes = {.sides = sides, .count = 2};
    epo_train_options o = t->options;
    epo_store *store = open_store(t);
    epo_model_info info;
    epo_model *model;
    rows r = {0};
    char net[700];
    o.stage = "encoder";
    check_ok(epo_train_sizes(store, &o, &sizes, remember, &r, NULL));
    epo_store_close(store);
    assert_true(r.count == 2 && r.all[0].side == 5 && r.all[1].side == 8 && r.all[0].objects == 60);
    check_ok(epo_model_load(r.out[0], NULL, &model));
    epo_model_get_info(model, &info);
    assert_true(info.height == 5 && info.width == 5 && info.planes == 3);
    epo_model_free(model);
    snprintf(net, sizeof net, "%s.net", r.out[0]);
    assert_int_equal(access(net, F_OK), -1); /* it is in the weights file */
    check_row(t, &r, 0);
    check_row(t, &r, 1);
}

static void fails(toy *t, const epo_train_options *o, const epo_sizes_options *sizes, const char *part)
{
    epo_store *store = open_store(t);
    check_fails(epo_train_sizes(store, o, sizes, NULL, NULL, NULL), EPO_EARG, part);
    epo_store_close(store);
}

static void refuses(void **state)
{
    toy *t = *state;
    static const double twice[] = {0.5, 0.5}, large[] = {1.5}, small[] = {0.25};
    static const int none[] = {0};
    epo_train_options o = t->options;
    fails(t, &o, &(epo_sizes_options){.count = 1}, "are needed");
    fails(t, &o, &(epo_sizes_options){.fractions = twice, .count = 2}, "0.5 is there twice");
    fails(t, &o, &(epo_sizes_options){.fractions = large, .count = 1}, "1.5");
    fails(t, &o, &(epo_sizes_options){.sides = none, .count = 1}, "0 pixels");
    o.last = true;
    fails(t, &o, &(epo_sizes_options){.fractions = small, .count = 1}, "validation");
    o = t->options;
    o.checkpoint = "c";
    fails(t, &o, &(epo_sizes_options){.fractions = small, .count = 1}, "checkpoint");
    o = t->options;
    o.from = "weights";
    fails(t, &o, &(epo_sizes_options){.sides = (const int[]){8}, .count = 1}, "sides need");

    /* a run that is stopped says so */
    rows r = {.stop_at = 1};
    epo_store *store = open_store(t);
    o = t->options;
    o.task = "realbogus";
    o.epochs = 1;
    assert_int_equal(epo_train_sizes(store, &o, &(epo_sizes_options){.fractions = small, .count = 1}, remember, &r,
                                     NULL),
                     EPO_ECANCELLED);
    epo_store_close(store);
    assert_true(ask(t, "SELECT count(*) FROM runs WHERE kind = 'sizes' AND status = 'cancelled'") == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(shares, begin, end),
                                       cmocka_unit_test_setup_teardown(fields_stay_whole, begin, end),
                                       cmocka_unit_test_setup_teardown(by_size, begin, end),
                                       cmocka_unit_test_setup_teardown(by_side, begin, end),
                                       cmocka_unit_test_setup_teardown(refuses, begin, end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
