/* SPDX-License-Identifier: BSD-3-Clause
 * test_split.c - splits: no field in two parts, classes divided as asked, the same for the same seed. */
#include "data/importing.h"

#include "base/rng.h"
#include "epochal/split.h"
#include "store/objects.h"
#include "store/store.h"

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

static void put(epo_store *store, const char *name, const char *class_name, const char *parent)
{
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(store,
                                   &(epo__object_row){.survey = "s", .name = name, .ra = NAN, .dec = NAN, .class_name = class_name, .parent = parent},
                                   &id, &added));
}

/* `count` objects of six uneven classes, in fields of 1 to 8. */
static epo_store *make_store(const char *name, int count)
{
    static const char *const classes[] = {"BZ", "AGN", "AGN", "CV", "CV", "CV", "SN", "SN", "SN", "SN", "OTHER", "OTHER", "NON", "NON", "NON",
                                          "NON", "NON", "NON", "NON", "NON", "NON", "NON", "NON", "NON", "NON", "NON"};
    epo__rng rng = {.seed = 5};
    epo_store *store;
    check_ok(epo_store_open(temp_path(folder, name), EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    for (int i = 0, field = 0, left = 0; i < count; i++, left--) {
        char object[32], parent[32];
        if (left == 0) {
            field++;
            left = 1 + (int)epo__rng_below(&rng, 8);
        }
        snprintf(object, sizeof object, "o%d", i);
        snprintf(parent, sizeof parent, "f%d", field);
        put(store, object, classes[epo__rng_below(&rng, sizeof classes / sizeof *classes)], parent);
    }
    check_ok(epo__store_commit(store));
    return store;
}

static epo_split_options options_of(const char *name, uint64_t seed)
{
    epo_split_options o = EPO_SPLIT_OPTIONS_INIT;
    o.name = name;
    o.seed = seed;
    return o;
}

static void test_no_field_in_two_parts(void **state)
{
    (void)state;
    epo_store *store = make_store("leak.db", 1500);
    epo_split_table table;
    epo_split_options o = options_of("main", 3);
    check_ok(epo_split(store, &o, &table));
    assert_true(table.groups > 200 && table.groups < 1500);
    epo_split_table_free(&table);
    const char *db = temp_path(folder, "leak.db");
    check_rows(db, "SELECT count(*) FROM (SELECT parent FROM objects o JOIN split_members m ON m.object = o.id GROUP BY parent HAVING count(DISTINCT "
               "part) > 1)", "0\n");
    check_rows(db, "SELECT count(*), count(DISTINCT part) FROM split_members", "1500|3\n");
    check_rows(db, "SELECT seed, options FROM splits", "3|{\"fractions\":[0.69999999999999996,0.14999999999999999,0.14999999999999999],\"by\":\"parent\"}\n");
    /* object by object, fields are torn */
    o = options_of("torn", 3);
    o.by = EPO_SPLIT_BY_OBJECT;
    check_ok(epo_split(store, &o, &table));
    assert_int_equal(table.groups, 1500);
    epo_split_table_free(&table);
    char *torn = rows(db, "SELECT count(*) FROM (SELECT parent FROM objects o JOIN split_members m ON m.object = o.id JOIN splits s ON s.id = m.split "
                          "WHERE s.name = 'torn' GROUP BY parent HAVING count(DISTINCT part) > 1)");
    assert_true(strtol(torn, NULL, 10) > 50);
    free(torn);
    epo_store_close(store);
}

static void test_classes_are_divided_as_asked(void **state)
{
    (void)state;
    epo_store *store = make_store("strata.db", 1500);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", (int)seed);
        epo_split_options o = options_of(name, seed);
        epo_split_table table;
        check_ok(epo_split(store, &o, &table));
        assert_int_equal(table.class_count, 6);
        int64_t total = 0;
        for (size_t c = 0; c < table.class_count; c++) {
            const epo_split_class *k = &table.classes[c];
            const double all = (double)(k->objects[0] + k->objects[1] + k->objects[2]);
            total += (int64_t)all;
            assert_true(c == 0 || strcmp(table.classes[c - 1].name, k->name) < 0);
            for (int part = 0; part < EPO_SPLIT_PARTS; part++)
                if (fabs((double)k->objects[part] - o.fractions[part] * all) > 1.5 + 0.01 * all)
                    fail_msg("%s: %d of %g in part %d", k->name, (int)k->objects[part], all, part);
        }
        assert_int_equal(total, 1500);
        assert_int_equal(table.objects[0] + table.objects[1] + table.objects[2], 1500);
        epo_split_table_free(&table);
    }
    epo_store_close(store);
}

static void test_seeds(void **state)
{
    (void)state;
    epo_store *store = make_store("seeds.db", 300);
    epo_split_table table;
    const epo_split_options options[] = {options_of("a", 7), options_of("same", 7), options_of("other", 8)};
    for (int i = 0; i < 3; i++) {
        check_ok(epo_split(store, &options[i], &table));
        epo_split_table_free(&table);
    }
    const char *db = temp_path(folder, "seeds.db");
    static const char differing[] = "SELECT count(*) FROM split_members a JOIN split_members b ON b.object = a.object JOIN splits s ON s.id = a.split "
                                    "JOIN splits t ON t.id = b.split WHERE s.name = 'a' AND a.part <> b.part AND t.name = ";
    char sql[512];
    snprintf(sql, sizeof sql, "%s'same'", differing);
    check_rows(db, sql, "0\n");
    snprintf(sql, sizeof sql, "%s'other'", differing);
    char *changed = rows(db, sql);
    assert_true(strtol(changed, NULL, 10) > 30);
    free(changed);
    epo_store_close(store);
}

/* An object may be the parent of another, and chains tie all their objects together. */
static void test_chains(void **state)
{
    (void)state;
    epo_store *store;
    check_ok(epo_store_open(temp_path(folder, "chains.db"), EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    put(store, "a", "SN", NULL);
    put(store, "b", "NON", "a");
    put(store, "c", "NON", "b");
    put(store, "d", "SN", NULL);
    put(store, "e", "NON", "far field");
    put(store, "g", "NON", "far field");
    put(store, "nothing known", NULL, "a");
    check_ok(epo__store_commit(store));
    epo_split_options o = options_of("chains", 1);
    epo_split_table table;
    check_ok(epo_split(store, &o, &table));
    assert_int_equal(table.groups, 3);
    assert_int_equal(table.left_out, 1);
    epo_split_table_free(&table);
    const char *db = temp_path(folder, "chains.db");
    check_rows(db, "SELECT count(DISTINCT part) FROM split_members m JOIN objects o ON o.id = m.object WHERE name IN ('a', 'b', 'c')", "1\n");
    check_rows(db, "SELECT count(DISTINCT part) FROM split_members m JOIN objects o ON o.id = m.object WHERE name IN ('e', 'g')", "1\n");
    epo_store_close(store);
}

static void test_refusals(void **state)
{
    (void)state;
    epo_store *store = make_store("refusals.db", 40);
    epo_split_table table;
    epo_split_options o = options_of("main", 1);
    o.fractions[0] = 1;
    o.fractions[1] = o.fractions[2] = 0;
    check_ok(epo_split(store, &o, &table));
    assert_int_equal(table.objects[0], 40); /* a part with no share gets nothing */
    epo_split_table_free(&table);
    check_fails(epo_split(store, &o, &table), EPO_ESTORE, "already");
    static const struct {
        const char *name;
        double fractions[3];
        const char *part;
    } bad[] = {{"x", {0.5, 0.2, 0.2}, "add up"}, {"x", {1.2, -0.1, -0.1}, "-0.1"}, {"x", {NAN, 0, 1}, "nan"}, {"", {1, 0, 0}, "name"},
               {NULL, {1, 0, 0}, "name"},        {"a:b", {1, 0, 0}, "colon"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.name = bad[i].name;
        memcpy(o.fractions, bad[i].fractions, sizeof o.fractions);
        check_fails(epo_split(store, &o, &table), EPO_EARG, bad[i].part);
        epo_split_table_free(&table);
    }
    check_rows(temp_path(folder, "refusals.db"), "SELECT count(*) FROM splits", "1\n");
    epo_store_close(store);
    check_ok(epo_store_open(temp_path(folder, "empty.db"), EPO_STORE_CREATE, &store));
    o = options_of("main", 1);
    check_fails(epo_split(store, &o, &table), EPO_ENOTFOUND, "class");
    epo_split_table_free(&table);
    epo_store_close(store);
}

/* --- from a file --------------------------------------------------------------------------------------------------------- */

static const char *written(const char *text)
{
    const char *path = temp_path(folder, "split.csv");
    write_file(path, text, strlen(text));
    return path;
}

static void test_from_a_file(void **state)
{
    (void)state;
    epo_store *store;
    epo_split_table table;
    int64_t id;
    bool added;
    check_ok(epo_store_open(temp_path(folder, "file.db"), EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    put(store, "a", "SN", "field");
    put(store, "b, c", "SN", "field");
    put(store, "d", "CV", NULL);
    put(store, "no class", NULL, NULL);
    put(store, "left out", "CV", NULL);
    put(store, "twin", "CV", NULL);
    check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "other", .name = "twin", .ra = NAN, .dec = NAN}, &id, &added));
    check_ok(epo__store_commit(store));
    check_ok(epo_split_from_file(store, "given", written("\xef\xbb\xbfnote,Part,Object\r\n,test,d\n1,train,\"b, c\"\n\n2,test,a\n,validation,no class\n"),
                                 &table));
    assert_int_equal(table.groups, 4);
    assert_int_equal(table.left_out, 3);
    assert_int_equal(table.torn, 1); /* a in test, "b, c" of the same field in train */
    assert_int_equal(table.class_count, 3);
    assert_string_equal(table.classes[0].name, "CV");
    assert_string_equal(table.classes[1].name, "SN");
    assert_null(table.classes[2].name);
    assert_int_equal(table.classes[1].objects[0], 1);
    assert_int_equal(table.classes[1].objects[2], 1);
    assert_int_equal(table.objects[2], 2);
    epo_split_table_free(&table);
    const char *db = temp_path(folder, "file.db");
    check_rows(db, "SELECT o.name, m.part FROM split_members m JOIN objects o ON o.id = m.object ORDER BY o.id",
               "a|test\nb, c|train\nd|test\nno class|validation\n");
    check_rows(db, "SELECT name, seed, json_extract(options, '$.from') LIKE '%split.csv', length(json_extract(options, '$.sha256')) FROM splits",
               "given|0|1|64\n");
    check_ok(epo_split_from_file(store, "twins", written("object,part,survey\ntwin,test,other\ntwin,train,s\na,test,\n"), &table));
    assert_int_equal(table.torn, 0);
    epo_split_table_free(&table);
    check_rows(db, "SELECT o.survey, m.part FROM split_members m JOIN objects o ON o.id = m.object JOIN splits s ON s.id = m.split "
                   "WHERE s.name = 'twins' AND o.name = 'twin' ORDER BY o.survey", "1|train\n2|test\n");
    epo_store_close(store);
}

/* A file is taken whole or not at all. */
static void test_refused_files(void **state)
{
    (void)state;
    epo_store *store;
    epo_split_table table;
    int64_t id;
    bool added;
    check_ok(epo_store_open(temp_path(folder, "bad.db"), EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    put(store, "a", "SN", NULL);
    put(store, "b", "SN", NULL);
    put(store, "c", "SN", NULL);
    check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "other", .name = "c", .ra = NAN, .dec = NAN}, &id, &added));
    check_ok(epo__store_commit(store));
    static const struct {
        const char *text;
        epo_status status;
        const char *part;
    } bad[] = {
        {"object,part\na,test\nx y,train\n", EPO_EFORMAT, "split.csv: line 3: there is no object 'x y' in the store"},
        {"object,part\na,tests\n", EPO_EFORMAT, "line 2: part 'tests' is not one of train, validation, test"},
        {"object,part\na,\n", EPO_EFORMAT, "line 2: part ''"},
        {"object,part\na,Test\n", EPO_EFORMAT, "part 'Test'"},
        {"object,part\nb,test\na,test\nb,train\na,test\n", EPO_EFORMAT, "line 4: object 'b' stands on line 2 already"},
        {"object,part\nc,test\n", EPO_EFORMAT, "line 2: object 'c' is in 2 surveys: say which"},
        {"object,part,survey\na,test,other\n", EPO_EFORMAT, "no object 'a' in the store, survey other"},
        {"object,part\n,test\n", EPO_EFORMAT, "no object ''"},
        {"object,part\na,test,3\n", EPO_EFORMAT, "line 2"},
        {"object,part\n", EPO_EFORMAT, "has no rows"},
        {"name,part\na,test\n", EPO_ENOTFOUND, "object"},
        {"object,role\na,test\n", EPO_ENOTFOUND, "part"},
        {"object,object,part\na,a,test\n", EPO_EFORMAT, "object"},
        {"object,part,survey,survey\na,test,s,s\n", EPO_EFORMAT, "survey"},
        {"", EPO_EFORMAT, "split.csv"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_fails(epo_split_from_file(store, "bad", written(bad[i].text), &table), bad[i].status, bad[i].part);
        epo_split_table_free(&table);
    }
    check_fails(epo_split_from_file(store, "bad", temp_path(folder, "missing.csv"), &table), EPO_ENOTFOUND, "missing.csv");
    check_fails(epo_split_from_file(store, "a:b", written("object,part\na,test\n"), &table), EPO_EARG, "colon");
    check_rows(temp_path(folder, "bad.db"), "SELECT (SELECT count(*) FROM splits), (SELECT count(*) FROM split_members)", "0|0\n");
    check_ok(epo_split_from_file(store, "good", written("object,part\na,test\n"), &table));
    epo_split_table_free(&table);
    check_fails(epo_split_from_file(store, "good", written("object,part\na,test\n"), &table), EPO_ESTORE, "already");
    epo_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_field_in_two_parts), cmocka_unit_test(test_classes_are_divided_as_asked), cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_chains),                cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_from_a_file),           cmocka_unit_test(test_refused_files),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
