/* SPDX-License-Identifier: BSD-3-Clause
 * test_card.c - the record that a training leaves in its weights, against what the store says by itself. */
#include "train/toy.h"

#include <jansson.h>

#include "arch/card.h"
#include "base/text.h"
#include "epochal/simulate.h"
#include "formats/digest.h"
#include "train/training_data.h"

static int begin(void **state)
{
    toy *t = calloc(1, sizeof *t);
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

static json_t *record_of(const char *path)
{
    epo_model *model = NULL;
    json_error_t error;
    check_ok(epo_model_load(path, NULL, &model));
    json_t *root = json_loads(epo__model_extra(model, EPO__TRAINING_KEY), JSON_REJECT_DUPLICATES, &error);
    if (!root) fail_msg("%s", error.text);
    epo_model_free(model);
    return root;
}

static epo_train_options one_epoch(const toy *t)
{
    epo_train_options o = t->options;
    o.epochs = 1;
    o.stage = "encoder";
    return o;
}

static json_t *train(const toy *t, const epo_train_options *o)
{
    epo_train_summary summary;
    check_ok(toy_train(t, o, NULL, NULL, &summary));
    return record_of(o->out);
}

static const char *text(const json_t *root, const char *name)
{
    const char *found = json_string_value(json_object_get(root, name));
    return found ? found : "";
}

static json_int_t whole(const json_t *root, const char *name)
{
    assert_true(json_is_integer(json_object_get(root, name)));
    return json_integer_value(json_object_get(root, name));
}

/* What SQLite answers, row under row, as a shell prints it. */
static char *ask_lines(const toy *t, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    epo__string lines = {0};
    assert_int_equal(sqlite3_open_v2(t->made.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(statement) == SQLITE_ROW) epo__string_addf(&lines, "%s\n", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    assert_false(lines.failed);
    return lines.text;
}

static void change(const toy *t, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(t->made.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
}

/* The digest by one query, the way that docs/card.md shows. */
static const char digest_sql[] =
    "WITH m AS (SELECT o.id, v.name AS survey, o.name, ifnull(o.class, '') AS class, p.part FROM split_members p JOIN objects o ON o.id = p.object "
    "JOIN surveys v ON v.id = o.survey JOIN splits s ON s.id = p.split WHERE s.name = 'main') "
    "SELECT line FROM (SELECT survey, name, '' AS exposure, '' AS role, -1 AS plane, "
    "'object' || char(9) || survey || char(9) || name || char(9) || class || char(9) || part AS line FROM m UNION ALL "
    "SELECT survey, name, exposure, role, plane, 'stamp' || char(9) || exposure || char(9) || role || char(9) || plane || char(9) || "
    "CAST(ifnull(mjd, 0) * 86400000.0 AS INTEGER) || char(9) || crc32 FROM m JOIN stamps ON stamps.object = m.id) "
    "ORDER BY survey, name, exposure, role, plane";

static void test_data(void **state)
{
    const toy *t = *state;
    epo_train_options o = one_epoch(t);
    char sha[65], sql[300];
    json_t *root = train(t, &o);
    const json_t *data = json_object_get(root, "data"), *row;
    char *lines = ask_lines(t, digest_sql);
    epo__sha256_of(lines, strlen(lines), sha);
    free(lines);
    assert_string_equal(text(data, "sha256"), sha);
    assert_string_equal(text(data, "split"), "main");
    assert_int_equal(whole(data, "objects"), 5 * TOY_OBJECTS);
    assert_true((double)whole(data, "stamps") == toy_ask(t, "SELECT count(*) FROM stamps"));
    assert_int_equal(whole(data, "simulated"), 0);
    assert_true(json_is_false(json_object_get(root, "simulated")));
    const json_t *classes = json_object_get(data, "classes");
    assert_int_equal(json_array_size(classes), 5);
    for (size_t i = 0; i < 5 && (row = json_array_get(classes, i)); i++) {
        const char *name = text(row, "class");
        snprintf(sql, sizeof sql, "SELECT count(*) FROM split_members m JOIN objects o ON o.id = m.object WHERE m.part = 'validation' AND o.class = '%s'", name);
        assert_true((double)whole(row, "validation") == toy_ask(t, sql));
        bool learned = strcmp(name, "real") != 0 && strcmp(name, "bogus") != 0;
        assert_string_equal(text(row, "output"), learned ? name : "");
    }
    const json_t *surveys = json_object_get(data, "surveys");
    assert_int_equal(json_array_size(surveys), 1);
    assert_string_equal(text(json_array_get(surveys, 0), "survey"), "s");
    assert_int_equal(whole(json_array_get(surveys, 0), "objects"), 5 * TOY_OBJECTS);
    json_decref(root);
}

/* The digest notices what a training would notice, and not where things lie. */
static void test_digest(void **state)
{
    const toy *t = *state;
    epo__data_summary before, after;
    epo_store *store = NULL;
    static const char *const changes[][2] = {
        {"UPDATE stamps SET crc32 = crc32 + 1 WHERE id = (SELECT min(id) FROM stamps)", "UPDATE stamps SET crc32 = crc32 - 1 WHERE id = (SELECT min(id) FROM stamps)"},
        {"UPDATE stamps SET mjd = mjd + 1 WHERE id = (SELECT min(id) FROM stamps)", "UPDATE stamps SET mjd = mjd - 1 WHERE id = (SELECT min(id) FROM stamps)"},
        {"INSERT INTO labels (object, class, who) VALUES ((SELECT min(id) FROM objects), 'X', 'me')",
         "INSERT INTO labels (object, class, who) VALUES ((SELECT min(id) FROM objects), 'SN', 'me')"},
    };
    check_ok(epo_store_open(t->made.path, EPO_STORE_READ, &store));
    check_ok(epo__training_data(store, "main", &before));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        change(t, changes[i][0]);
        check_ok(epo__training_data(store, "main", &after));
        assert_string_not_equal(before.sha256, after.sha256);
        change(t, changes[i][1]);
        check_ok(epo__training_data(store, "main", &after));
        assert_string_equal(before.sha256, after.sha256);
    }
    check_fails(epo__training_data(store, "other", &after), EPO_ENOTFOUND, "no split other");
    epo_store_close(store);
}

/* Names that differ behind their 63rd byte are two, and one that is too long is counted and not taken for another. */
static void test_long_names(void **state)
{
    const toy *t = *state;
    epo__data_summary before, after;
    epo_store *store = NULL;
    char line[1024], name[301];
    check_ok(epo_store_open(t->made.path, EPO_STORE_READ, &store));
    check_ok(epo__training_data(store, "main", &before));
    memset(name, 'n', sizeof name);
    for (int i = 0; i < 3; i++) {
        name[200] = (char)('a' + i);
        name[i == 2 ? 300 : 201] = '\0';
        snprintf(line, sizeof line, "INSERT INTO labels (object, class, who) VALUES ((SELECT id FROM objects ORDER BY id LIMIT 1 OFFSET %d), '%s', 'me')", i, name);
        name[201] = 'n';
        change(t, line);
    }
    check_ok(epo__training_data(store, "main", &after));
    assert_int_equal(after.objects, before.objects);
    assert_int_equal(after.class_count, before.class_count + 2);
    assert_int_equal(after.classes_left_out, 1);
    size_t long_names = 0;
    for (size_t i = 0; i < after.class_count; i++) long_names += strlen(after.classes[i].name) == 201;
    assert_int_equal(long_names, 2);
    change(t, "INSERT INTO labels (object, class, who) SELECT object, class, 'me' FROM labels WHERE who <> 'me' AND object IN (SELECT id FROM objects ORDER BY id LIMIT 3)");
    epo_store_close(store);
}

static void test_stages(void **state)
{
    const toy *t = *state;
    epo_train_options o = t->options;
    epo_train_summary summary;
    o.epochs = 3;
    check_ok(toy_train(t, &o, NULL, NULL, &summary));
    json_t *root = record_of(o.out);
    static const char *const names[] = {"encoder", "sequence", "joint"};
    const json_t *stages = json_object_get(root, "stages");
    assert_int_equal(json_array_size(stages), 3);
    for (size_t i = 0; i < 3; i++) {
        char sql[300];
        const json_t *row = json_array_get(stages, i);
        assert_string_equal(text(row, "stage"), names[i]);
        assert_int_equal(whole(row, "epochs"), 3);
        snprintf(sql, sizeof sql, "SELECT min(value) FROM curves WHERE run = (SELECT max(id) FROM runs) AND name = '%s validation loss'", names[i]);
        double best = toy_ask(t, sql);
        assert_true(json_number_value(json_object_get(row, "validation_loss")) == best);
        snprintf(sql, sizeof sql, "SELECT epoch FROM curves WHERE run = (SELECT max(id) FROM runs) AND name = '%s validation loss' ORDER BY value, epoch", names[i]);
        assert_true((double)whole(row, "best_epoch") == toy_ask(t, sql));
    }
    assert_int_equal(whole(root, "steps"), summary.steps);
    assert_true(json_number_value(json_object_get(json_array_get(stages, 2), "validation_accuracy")) == summary.validation_accuracy);
    json_decref(root);
}

/* Defaults are not told, a network goes by its name, files do not occur. */
static void test_command(void **state)
{
    const toy *t = *state;
    epo_train_options o = one_epoch(t);
    o.task = "SN:CV,NON";
    o.seed = UINT64_MAX;
    o.turns = false;
    o.rate = 0.003;
    json_t *root = train(t, &o);
    assert_string_equal(text(root, "command"), "epochal train --db DB --split main --net toy --task SN:CV,NON --stage encoder --epochs 1 --batch 8 --rate 0.003 "
                                               "--no-turns --nights 6 --memory 64 --seed 18446744073709551615 --threads 1 --out OUT");
    const json_t *options = json_object_get(root, "options");
    assert_string_equal(text(options, "seed"), "18446744073709551615");
    assert_true(json_is_false(json_object_get(options, "turns")) && json_is_true(json_object_get(options, "balance")));
    assert_true(json_real_value(json_object_get(options, "rate")) == 0.003);
    char *all = json_dumps(root, 0);
    assert_null(strstr(all, t->made.folder));
    free(all);
    json_decref(root);
}

/* Whatever simulated sky has touched says so, and names what it came from. */
static void test_from(void **state)
{
    const toy *t = *state;
    char first[600], second[600], sha[65];
    epo_train_options o = one_epoch(t);
    snprintf(first, sizeof first, "%s/first.safetensors", t->made.folder);
    snprintf(second, sizeof second, "%s/second.safetensors", t->made.folder);
    o.out = first;
    change(t, "UPDATE sources SET format = '" EPO_SIMULATE_FORMAT "'");
    json_t *root = train(t, &o);
    assert_true(json_is_true(json_object_get(root, "simulated")));
    assert_int_equal(whole(json_object_get(root, "data"), "simulated"), 5 * TOY_OBJECTS);
    char *was = json_dumps(root, JSON_SORT_KEYS);
    json_decref(root);
    change(t, "UPDATE sources SET format = 'f'");
    o.net = NULL;
    o.from = first;
    o.out = second;
    root = train(t, &o);
    assert_true(json_is_true(json_object_get(root, "simulated")));
    assert_int_equal(whole(json_object_get(root, "data"), "simulated"), 0);
    const json_t *from = json_object_get(root, "from");
    check_ok(epo__sha256_file(first, sha));
    assert_string_equal(text(from, "sha256"), sha);
    char *nested = json_dumps(json_object_get(from, "training"), JSON_SORT_KEYS);
    assert_string_equal(nested, was);
    assert_non_null(strstr(text(root, "command"), "epochal finetune --db DB --split main --from sha256:"));
    assert_non_null(strstr(text(root, "command"), sha));
    free(nested);
    free(was);
    json_decref(root);
}

/* Weights that say nothing of themselves leave it open. */
static void test_from_elsewhere(void **state)
{
    const toy *t = *state;
    char first[600];
    epo_model *model = NULL;
    epo_train_options o = one_epoch(t);
    snprintf(first, sizeof first, "%s/random.safetensors", t->made.folder);
    check_ok(epo_model_create(&(epo_model_options){.net = t->net, .seed = 5}, &model));
    check_ok(epo__model_set_extra(model, EPO__TRAINING_KEY, "{\"simulated\": tru"));
    check_ok(epo_model_save(model, first));
    epo_model_free(model);
    o.from = first;
    json_t *root = train(t, &o);
    assert_true(json_is_null(json_object_get(root, "simulated")));
    assert_true(json_is_null(json_object_get(json_object_get(root, "from"), "training")));
    json_decref(root);
}

/* Names out of a store are text, whatever stands in them, and a long list of them is cut. */
static void test_hostile_names(void **state)
{
    (void)state;
    toy t;
    toy_begin(&t);
    epo_store *store = NULL;
    check_ok(epo_store_open(t.made.path, EPO_STORE_WRITE, &store));
    check_ok(epo__store_begin(store));
    t.made.store = store;
    made_object(&t.made, "tab\there\nline\\", "a\"b\\\n\x01\xff");
    for (int i = 0; i < 300; i++) {
        char name[300], class_name[300];
        snprintf(name, sizeof name, "object %d", i);
        snprintf(class_name, sizeof class_name, "class%03d %0200d", i, i);
        made_object(&t.made, name, class_name);
    }
    check_ok(epo__store_commit(store));
    epo_store_close(store);
    t.made.store = NULL;
    toy_split(&t, "odd\"'split", 0.6, 0.3, 0.1);
    epo_train_options o = one_epoch(&t);
    o.split = "odd\"'split";
    json_t *root = train(&t, &o);
    const json_t *data = json_object_get(root, "data");
    assert_int_equal(whole(data, "objects"), 5 * TOY_OBJECTS + 301);
    assert_int_equal(json_array_size(json_object_get(data, "classes")), EPO__DATA_CLASSES);
    json_int_t listed = 0;
    static const char *const parts[] = {"train", "validation", "test", "other"};
    for (size_t i = 0; i < EPO__DATA_CLASSES; i++)
        for (size_t p = 0; p < 4; p++) listed += whole(json_array_get(json_object_get(data, "classes"), i), parts[p]);
    assert_int_equal(listed + whole(data, "left_out"), whole(data, "objects"));
    assert_non_null(strstr(text(root, "command"), "--split 'odd\"'\\''split' --net toy"));
    json_decref(root);
    toy_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),           cmocka_unit_test(test_digest), cmocka_unit_test(test_long_names),       cmocka_unit_test(test_stages), cmocka_unit_test(test_command),
        cmocka_unit_test(test_from),           cmocka_unit_test(test_from_elsewhere), cmocka_unit_test(test_hostile_names),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
