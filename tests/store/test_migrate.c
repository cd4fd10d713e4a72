/* SPDX-License-Identifier: BSD-3-Clause
 * test_migrate.c - stores of versions 1 to 3, made from the schemas as they were (fixtures/version-N.sql),
 * brought to this version. */
#include "rows.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder, path[512];

static int make_folder(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(path, sizeof path, "%s", temp_path(folder, "old.db"));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

enum { OLDEST = 1, NOW = 4 };

/* A store as that version left it, with two objects, three labels, a point of a light curve and a run. */
static void make_old(int version)
{
    static const char rows[] =
        "INSERT INTO surveys (name) VALUES ('crts');"
        "INSERT INTO objects (survey, name) VALUES (1, 'a'), (1, 'b');"
        "INSERT INTO labels (object, class, who, at) VALUES (1, 'SN', 'import', '2020-01-01T00:00:00Z'),"
        " (2, 'CV', 'import', '2020-01-01T00:00:00Z'), (1, 'NON', 'me', '2021-01-01T00:00:00Z');"
        "INSERT INTO photometry (object, method, mjd, mag) VALUES (1, 'given', 53000, 18.5);"
        "INSERT INTO runs (kind, command, options, versions, seed, threads, started) "
        "VALUES ('score', '', '{}', '{}', 1, 1, '');"
        "PRAGMA application_id = 1162891075";
    char name[64], number[64];
    size_t size;
    sqlite3 *db;
    snprintf(name, sizeof name, "tests/store/fixtures/version-%d.sql", version);
    snprintf(number, sizeof number, "PRAGMA user_version = %d; PRAGMA journal_mode = WAL", version);
    unsigned char *schema = read_file(name, &size);
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, schema, size);
    text[size] = '\0';
    unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, number, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    free(text);
    free(schema);
}

/* The version as the file itself says it, in its header. */
static int version_in_file(void)
{
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    const int version = bytes[60] << 24 | bytes[61] << 16 | bytes[62] << 8 | bytes[63];
    free(bytes);
    return version;
}

static void migrate(int version, epo_store_mode mode)
{
    make_old(version);
    assert_int_equal(version_in_file(), version);
    epo_store *store = open_store(path, mode);
    epo_store_contents info;
    check_ok(epo_store_info(store, &info));
    assert_true(info.objects == 2 && info.labels == 3 && info.relabels == 1 && info.votes == 0 && info.runs == 1);
    epo_store_info_free(&info);
    check_ok(epo_store_check(store, NULL));
    epo_store_close(store);
    assert_int_equal(version_in_file(), NOW);
    assert_string_equal(outside_value(path, "SELECT group_concat(class) FROM objects"), "NON,CV");
    assert_string_equal(outside_value(path, "SELECT mag || ifnull(flux, 'none') FROM photometry"), "18.5none");
    epo_store_close(open_store(path, mode)); /* once is enough */
}

static void every_mode_migrates(void **state)
{
    (void)state;
    for (int version = OLDEST; version < NOW; version++)
        for (epo_store_mode mode = EPO_STORE_READ; mode <= EPO_STORE_CREATE; mode++) migrate(version, mode);
}

/* What came with the new version works on what was there before, and so do the old triggers. */
static void a_migrated_store_works(void **state)
{
    (void)state;
    make_old(OLDEST);
    epo_store_close(open_store(path, EPO_STORE_WRITE));
    assert_int_equal(outside(path, "INSERT INTO labels (object, class, who) VALUES (2, 'AGN', 'you')", NULL),
                     SQLITE_OK);
    assert_string_equal(outside_value(path, "SELECT class FROM objects WHERE id = 2"), "AGN");
    assert_int_equal(outside(path, "INSERT INTO votes (object, class, who, label) VALUES (2, 'SN', 'you', 4)", NULL),
                     SQLITE_OK);
    assert_string_equal(outside_value(path, "SELECT name || labelled || class FROM open_votes"), "bAGNSN");
    assert_int_not_equal(outside(path, "UPDATE labels SET class = 'SN'", NULL), SQLITE_OK);
    assert_int_not_equal(outside(path, "DELETE FROM votes", NULL), SQLITE_OK);
}

/* All or nothing: what is not the schema of version 1 is left as it was. */
static void a_foreign_schema_is_left_alone(void **state)
{
    (void)state;
    epo_store *store;
    static const struct {
        const char *sql, *part;
    } changes[] = {
        {"CREATE TABLE aaa (x)", "\"aaa\""},
        {"CREATE TRIGGER zap AFTER INSERT ON labels BEGIN DELETE FROM pixels; END", "\"zap\""},
        {"DROP TRIGGER labels_keep_deleted", "\"labels_keep_deleted\" is missing"},
        {"CREATE TABLE votes (x)", "cannot be brought to this one"},
        {"PRAGMA user_version = 0", "import the files"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        make_old(OLDEST);
        assert_int_equal(outside(path, changes[i].sql, NULL), SQLITE_OK);
        const int before = version_in_file();
        for (epo_store_mode mode = EPO_STORE_READ; mode <= EPO_STORE_CREATE; mode++)
            check_fails(epo_store_open(path, mode, &store), EPO_ESTORE, changes[i].part);
        assert_int_equal(version_in_file(), before);
        assert_string_equal(outside_value(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'open_votes'"), "0");
        assert_string_equal(outside_value(path, "SELECT group_concat(class) FROM objects"), "NON,CV");
    }
}

/* Ten processes at once: one of them migrates, all of them read. */
static void many_may_open_it_together(void **state)
{
    (void)state;
    pid_t children[10];
    make_old(OLDEST);
    for (size_t i = 0; i < 10; i++) {
        assert_true((children[i] = fork()) >= 0);
        if (children[i] > 0) continue;
        epo_store *store;
        epo_status status = epo_store_open(path, i % 2 ? EPO_STORE_READ : EPO_STORE_WRITE, &store);
        epo_store_close(store);
        _exit((int)status);
    }
    for (size_t i = 0; i < 10; i++) {
        int how;
        assert_int_equal(waitpid(children[i], &how, 0), children[i]);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), EPO_OK);
    }
    assert_string_equal(outside_value(path, "PRAGMA user_version"), "4");
}

static void what_cannot_be_written_says_so(void **state)
{
    (void)state;
    epo_store *store;
    if (geteuid() == 0) skip(); /* root may write everywhere */
    make_old(OLDEST);
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(chmod(folder, 0500), 0);
    epo_status status = epo_store_open(path, EPO_STORE_READ, &store);
    assert_int_equal(chmod(path, 0600), 0);
    check_fails(status, EPO_ESTORE, "must be writable");
    status = epo_store_open(path, EPO_STORE_WRITE, &store); /* the folder alone cannot be written */
    assert_int_equal(chmod(folder, 0700), 0);
    check_fails(status, EPO_ESTORE, "store version 1, this one reads 4");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(every_mode_migrates),       TEST(a_migrated_store_works),         TEST(a_foreign_schema_is_left_alone),
        TEST(many_may_open_it_together), TEST(what_cannot_be_written_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
