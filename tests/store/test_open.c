/* SPDX-License-Identifier: BSD-3-Clause
 * test_open.c - making and opening stores, and refusing what is not one. */
#include "rows.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/query.h"

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static size_t files_in_folder(void)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void make_store(const char *path)
{
    epo_store_close(open_store(path, EPO_STORE_CREATE));
}

static void refused(const char *path, epo_status status, const char *part)
{
    epo_store *store;
    for (epo_store_mode mode = EPO_STORE_READ; mode <= EPO_STORE_CREATE; mode++) {
        check_fails(epo_store_open(path, mode, &store), status, part);
        assert_null(store);
    }
}

static void only_creating_makes_a_file(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "survey.db");
    epo_store *store;
    check_fails(epo_store_open(path, EPO_STORE_READ, &store), EPO_ENOTFOUND, "no such store");
    check_fails(epo_store_open(path, EPO_STORE_WRITE, &store), EPO_ENOTFOUND, "no such store");
    assert_int_equal(files_in_folder(), 0);
    make_store(path);
    assert_int_equal(files_in_folder(), 1);
    make_store(path); /* opens what is there */
    assert_int_equal(files_in_folder(), 1);
    refused(temp_path(folder, "none/survey.db"), EPO_ENOTFOUND, "");
    check_fails(epo_store_open("", EPO_STORE_CREATE, &store), EPO_EARG, "name");
    epo_store_close(NULL);
}

static void the_file_says_what_it_is(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "survey.db");
    make_store(path);
    assert_string_equal(outside_value(path, "PRAGMA application_id"), "1162891075");
    assert_string_equal(outside_value(path, "PRAGMA user_version"), "4");
    assert_string_equal(outside_value(path, "PRAGMA journal_mode"), "wal");
    assert_string_equal(outside_value(path,
                                      "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
                                      "AND name NOT LIKE 'sqlite_%' AND NOT strict"),
                        "0");
    assert_string_equal(outside_value(path, "SELECT count(*) > 12 FROM pragma_table_list WHERE strict"), "1");
    /* every view can be read */
    static const char *const views[] = {"object_list",    "stamp_list",          "class_list",
                                        "current_labels", "latest_class_scores", "latest_stamp_scores"};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", views[i]);
        assert_string_equal(outside_value(path, sql), "0");
    }
}

static void what_is_no_store_is_refused_and_left_alone(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "file");
    size_t size;
    write_file(path, "", 0);
    refused(path, EPO_ESTORE, "empty file");
    write_file(path, "SIMPLE  =                    T", 30);
    refused(path, EPO_ESTORE, "not an Epochal store");
    unsigned char *bytes = read_file(path, &size);
    assert_int_equal(size, 30);
    free(bytes);
    refused(folder, EPO_ESTORE, "folder");
    refused("/dev/null", EPO_ESTORE, "not a regular file");
    write_file(path, "", 0);
    assert_int_equal(outside(path, "PRAGMA journal_mode = WAL; CREATE TABLE stamps (x); PRAGMA user_version = 1", NULL),
                     SQLITE_OK);
    refused(path, EPO_ESTORE, "another program");
    assert_string_equal(outside_value(path, "SELECT group_concat(name) FROM sqlite_schema"), "stamps");
    assert_int_equal(files_in_folder(), 1);
}

static void other_versions_are_refused(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "survey.db");
    make_store(path);
    assert_int_equal(outside(path, "PRAGMA user_version = 5", NULL), SQLITE_OK);
    refused(path, EPO_ESTORE, "newer");
    assert_int_equal(outside(path, "PRAGMA user_version = 0", NULL), SQLITE_OK);
    refused(path, EPO_ESTORE, "older");
    assert_int_equal(outside(path, "PRAGMA user_version = 4", NULL), SQLITE_OK);
    epo_store_close(open_store(path, EPO_STORE_READ));
}

static void a_changed_schema_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *part;
    } changes[] = {
        {"CREATE TRIGGER zap AFTER INSERT ON stamps BEGIN DELETE FROM pixels; END",
         "\"zap\" that Epochal did not make"},
        {"CREATE TABLE aaa (x)", "\"aaa\""},
        {"CREATE VIEW v AS SELECT 1", "(DROP view)"},
        {"DROP TRIGGER labels_keep_deleted", "\"labels_keep_deleted\" is missing"},
        {"DROP VIEW stamp_list; CREATE VIEW stamp_list AS SELECT 'forged'", "\"stamp_list\" is not as"},
        {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'BETWEEN 1 AND 1024', 'BETWEEN 0 "
         "AND 9e9') "
         "WHERE name = 'stamps'",
         "\"stamps\" is not as"},
        {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE nonsense' WHERE name = 'stamps'",
         "malformed"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *path = temp_path(folder, "survey.db");
        unlink(path);
        make_store(path);
        assert_int_equal(outside(path, changes[i].sql, NULL), SQLITE_OK);
        refused(path, i + 1 < sizeof changes / sizeof *changes ? EPO_ESTORE : EPO_EFORMAT, changes[i].part);
    }
    const char *path = temp_path(folder, "survey.db");
    unlink(path);
    make_store(path);
    /* what is harmless is not refused: statistics, and comments that a later source may word otherwise */
    assert_int_equal(outside(path, "INSERT INTO surveys (name) VALUES ('a'); ANALYZE", NULL), SQLITE_OK);
    assert_int_equal(outside(path,
                             "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
                             "replace(sql, 'TEXT NOT NULL', 'TEXT   NOT -- o''clock' || char(10) || ' NULL')",
                             NULL),
                     SQLITE_OK);
    epo_store_close(open_store(path, EPO_STORE_WRITE));
}

static void a_cut_store_is_damaged(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "survey.db");
    make_store(path);
    static const long cuts[] = {100, 1000, 4096, 20000};
    for (size_t i = sizeof cuts / sizeof *cuts; i-- > 0;) {
        assert_int_equal(truncate(path, cuts[i]), 0);
        refused(path, EPO_EFORMAT, "survey.db");
    }
    assert_int_equal(truncate(path, 60), 0);
    refused(path, EPO_ESTORE, "not an Epochal store");
}

static void names_have_no_hidden_meaning(void **state)
{
    (void)state;
    char *here = getcwd(NULL, 0);
    assert_int_equal(chdir(folder), 0);
    static const char *const names[] = {":memory:", "file:x.db?mode=memory", "a b%20#?.db", "-x.db",
                                        "'; DROP TABLE stamps; --"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        make_store(names[i]);
        assert_int_equal(files_in_folder(), i + 1);
        epo_store_close(open_store(names[i], EPO_STORE_READ));
    }
    assert_int_equal(chdir(here), 0);
    free(here);
}

static void reading_changes_nothing(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "survey.db");
    make_store(path);
    size_t before_size, after_size;
    unsigned char *before = read_file(path, &before_size);
    epo_store *store = open_store(path, EPO_STORE_READ);
    epo_store_contents info;
    check_ok(epo_store_info(store, &info));
    epo_store_info_free(&info);
    check_fails(epo__store_label_add(store, &(epo__label_row){.object = 1, .who = "x"}), EPO_EARG, "reading only");
    check_fails(epo__exec(store, "INSERT INTO surveys (name) VALUES ('a')"), EPO_ESTORE, "readonly");
    epo_store_close(store);
    unsigned char *after = read_file(path, &after_size);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, before_size);
    assert_int_equal(files_in_folder(), 1);
    free(before);
    free(after);
}

/* In a child, as a user who may read the folder but not write to it: root may write anywhere. */
static void a_store_is_read_where_nothing_can_be_written(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    const char *path = temp_path(folder, "survey.db");
    make_store(path);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    pid_t child = fork();
    if (child == 0) {
        epo_store *store;
        epo_store_contents info;
        if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
        if (epo_store_open(path, EPO_STORE_READ, &store) != EPO_OK) _exit(2);
        if (epo_store_info(store, &info) != EPO_OK) _exit(3);
        epo_store_close(store);
        if (epo_store_open(path, EPO_STORE_WRITE, &store) != EPO_EIO) _exit(4);
        if (epo_store_open(path, EPO_STORE_CREATE, &store) != EPO_EIO) _exit(5);
        if (epo_store_open(temp_path(folder, "new.db"), EPO_STORE_CREATE, &store) != EPO_EIO) _exit(6);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(files_in_folder(), 1);
}

static void a_left_over_log_is_not_taken_for_the_new_stores(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "survey.db"), *log = temp_path(folder, "survey.db-wal");
    write_file(log, "left over", 9);
    epo_store *store;
    check_fails(epo_store_open(path, EPO_STORE_CREATE, &store), EPO_ESTORE, "left over");
    unlink(log);
    make_store(path);
}

/* The new store's first name can be foreseen: links there are taken away, not followed. */
static void a_link_in_the_way_is_not_followed(void **state)
{
    (void)state;
    char link[700], victim[600], path[600];
    struct stat info;
    epo_store *store = NULL;
    snprintf(path, sizeof path, "%s/s.db", folder);
    snprintf(victim, sizeof victim, "%s/victim", folder);
    for (int i = 0; i < 300; i++) {
        snprintf(link, sizeof link, "%s.new-%ld-%d", path, (long)getpid(), i);
        assert_int_equal(symlink(victim, link), 0);
    }
    check_ok(epo_store_open(path, EPO_STORE_CREATE, &store));
    epo_store_close(store);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(access(victim, F_OK), -1);
}

static void many_may_create_at_once(void **state)
{
    (void)state;
    enum { CHILDREN = 6 };
    const char *path = temp_path(folder, "survey.db");
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] != 0) continue;
        epo_store *store;
        int64_t id;
        bool added;
        char name[8];
        snprintf(name, sizeof name, "o%d", i);
        epo__object_row row = {.survey = "s", .name = name, .ra = NAN, .dec = NAN};
        if (epo_store_open(path, EPO_STORE_CREATE, &store) != EPO_OK) _exit(1);
        if (epo__store_begin(store) != EPO_OK || epo__store_object_put(store, &row, &id, &added) != EPO_OK) _exit(2);
        if (epo__store_commit(store) != EPO_OK) _exit(3);
        epo_store_close(store);
        _exit(0);
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_string_equal(outside_value(path, "SELECT count(*) FROM objects"), "6");
    assert_int_equal(files_in_folder(), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(only_creating_makes_a_file),
        TEST(the_file_says_what_it_is),
        TEST(what_is_no_store_is_refused_and_left_alone),
        TEST(other_versions_are_refused),
        TEST(a_changed_schema_is_refused),
        TEST(a_cut_store_is_damaged),
        TEST(names_have_no_hidden_meaning),
        TEST(reading_changes_nothing),
        TEST(a_store_is_read_where_nothing_can_be_written),
        TEST(a_left_over_log_is_not_taken_for_the_new_stores),
        TEST(a_link_in_the_way_is_not_followed),
        TEST(many_may_create_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
