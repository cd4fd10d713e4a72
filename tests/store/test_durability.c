/* SPDX-License-Identifier: BSD-3-Clause
 * test_durability.c - damage is found, a killed or failed import leaves nothing, readers see whole files only. */
#include "rows.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "store/encodings.h"
#include "store/query.h"

static char *folder;
static const char *path;

static int make_folder(void **state)
{
    (void)state;
    static char name[512];
    folder = temp_make();
    snprintf(name, sizeof name, "%s/survey.db", folder);
    path = name;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

enum { STAMPS_A_FILE = 30 };

/* What importing file `number` writes. */
static epo_status write_one_file(epo_store *store, unsigned number)
{
    char digest[65], name[32], exposure[32];
    int64_t source, object, id;
    bool added;
    int16_t pixels[PIXELS];
    snprintf(digest, sizeof digest, "%064x", number);
    snprintf(name, sizeof name, "object %u", number);
    epo__source_row row = {
        .survey = "crts", .path = name, .digest = digest, .format = "tao", .options = "{}", .stamps = STAMPS_A_FILE};
    epo_status status = epo__store_source_add(store, &row, &source);
    if (status == EPO_OK)
        status = epo__store_object_put(
            store, &(epo__object_row){.survey = "crts", .name = name, .class_name = "SN", .source = source}, &object,
            &added);
    for (int i = 0; i < STAMPS_A_FILE && status == EPO_OK; i++) {
        snprintf(exposure, sizeof exposure, "exposure %d", i);
        epo__stamp_row stamp = small_stamp(object, source, i, exposure, pixels);
        status = epo__store_stamp_put(store, &stamp, pixels, &id, &added);
    }
    if (status == EPO_OK) status = epo__store_source_finish(store, source, &row);
    return status;
}

static void write_files(epo_store *store, unsigned first, unsigned count)
{
    check_ok(epo__store_begin(store));
    for (unsigned i = 0; i < count; i++) {
        check_ok(epo__store_savepoint(store));
        check_ok(write_one_file(store, first + i));
        check_ok(epo__store_release(store));
    }
    check_ok(epo__store_commit(store));
}

/* Every source has all that it says, and nothing is there without its source. */
static void check_whole_files(int64_t at_least)
{
    epo_store *store = open_store(path, EPO_STORE_READ);
    check_ok(epo_store_check(store, NULL));
    epo_store_close(store);
    assert_string_equal(
        outside_value(path,
                      "SELECT count(*) FROM sources f WHERE stamps <> 30 OR "
                      "30 <> (SELECT count(*) FROM stamps s JOIN objects o ON o.id = s.object WHERE o.source = f.id)"),
        "0");
    assert_string_equal(outside_value(path, "SELECT (SELECT count(*) FROM objects) - (SELECT count(*) FROM sources)"),
                        "0");
    assert_string_equal(outside_value(path, "SELECT (SELECT count(*) FROM labels) - (SELECT count(*) FROM sources)"),
                        "0");
    assert_true(atoll(outside_value(path, "SELECT count(*) FROM sources")) >= at_least);
}

typedef struct heard {
    int problems, calls;
    char last[400];
    bool stop;
} heard;

static void hear_problem(void *context, const char *text)
{
    heard *h = context;
    h->problems++;
    snprintf(h->last, sizeof h->last, "%s", text);
}

static bool hear_progress(void *context, int64_t done, int64_t total)
{
    heard *h = context;
    h->calls++;
    assert_true(done <= total);
    return !h->stop;
}

static void damage_is_found_and_named(void **state)
{
    (void)state;
    epo_store *store = open_store(path, EPO_STORE_CREATE);
    write_files(store, 1, 3);
    epo__stamp_list list = {0};
    epo__pixels pixels = {0};
    heard h = {0};
    epo_store_checking hooks = {&h, hear_problem, hear_progress};
    check_ok(epo_store_check(store, &hooks));
    assert_int_equal(h.problems, 0);

    /* one bit of one pixel of stamp 5 of object 2 */
    assert_int_equal(outside(path,
                             "UPDATE pixels SET data = CAST(substr(data, 1, 10) || x'5a' || substr(data, 12) AS BLOB) "
                             "WHERE stamp = (2 << 20) + 5",
                             NULL),
                     SQLITE_OK);
    check_ok(epo__store_stamps_of(store, 2, &list));
    assert_int_equal(list.count, STAMPS_A_FILE);
    for (size_t i = 0; i < list.count; i++) {
        if (i == 5)
            check_fails(epo__store_pixels_read(store, &list.rows[i], &pixels), EPO_EFORMAT,
                        "stamp 2097157 of object 'object 2' (science, MJD 53832.2500) is damaged: its pixels do not fit their CRC32");
        else
            check_ok(epo__store_pixels_read(store, &list.rows[i], &pixels));
    }
    check_fails(epo_store_check(store, &hooks), EPO_EFORMAT, "1 problem found");
    assert_string_equal(h.last, "stamp 2097157 of object 'object 2' (science, MJD 53832.2500) is damaged: its pixels do not fit their CRC32");

    assert_int_equal(outside(path,
                             "UPDATE pixels SET data = x'00' WHERE stamp = 1 << 20; "
                             "DELETE FROM pixels WHERE stamp = 3 << 20",
                             NULL),
                     SQLITE_OK);
    check_ok(epo__store_stamps_of(store, 1, &list));
    check_fails(epo__store_pixels_read(store, &list.rows[0], &pixels), EPO_EFORMAT, "wrong size");
    check_ok(epo__store_stamps_of(store, 3, &list));
    check_fails(epo__store_pixels_read(store, &list.rows[0], &pixels), EPO_EFORMAT, "no pixels");
    check_fails(epo_store_check(store, &hooks), EPO_EFORMAT, "3 problems found");

    assert_int_equal(
        outside(path, "PRAGMA ignore_check_constraints = ON; UPDATE stamps SET width = 1 << 40 WHERE id = 1 << 20",
                NULL),
        SQLITE_OK);
    check_fails(epo__store_stamps_of(store, 1, &list), EPO_EFORMAT, "stamp 1048576: damaged");
    assert_int_equal(
        outside(path, "PRAGMA foreign_keys = OFF; DELETE FROM objects WHERE id = 77; DELETE FROM sources", NULL),
        SQLITE_OK);
    h.problems = 0;
    check_fails(epo_store_check(store, &hooks), EPO_EFORMAT, "problems found");
    assert_true(h.problems > 90); /* every stamp's source is gone */

    epo__stamp_list_free(&list);
    free(pixels.bytes);
    epo_store_close(store);
}

static void a_check_stops_on_request(void **state)
{
    (void)state;
    epo_store *store = open_store(path, EPO_STORE_CREATE);
    write_files(store, 1, 70);
    heard h = {.stop = true};
    check_fails(epo_store_check(store, &(epo_store_checking){&h, NULL, hear_progress}), EPO_ECANCELLED, "stopped");
    assert_int_equal(h.calls, 1);
    h.stop = false;
    check_ok(epo_store_check(store, &(epo_store_checking){&h, NULL, hear_progress}));
    assert_true(h.calls > 1);
    epo_store_close(store);
}

/* A page overwritten on disk, below what CRC32s see. */
static void a_damaged_page_is_reported(void **state)
{
    (void)state;
    epo_store *store = open_store(path, EPO_STORE_CREATE);
    write_files(store, 1, 40);
    epo_store_close(store);
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    for (size_t page = size / 2 / 4096 * 4096; page < size; page += 3 * 4096) bytes[page] ^= 0xff;
    write_file(path, bytes, size);
    free(bytes);
    heard h = {0};
    /* the schema, in the first pages, is whole */
    store = open_store(path, EPO_STORE_READ);
    check_fails(epo_store_check(store, &(epo_store_checking){&h, hear_problem, NULL}), EPO_EFORMAT, "problem");
    assert_true(h.problems > 0);
    epo_store_close(store);
}

#define IMAGES "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static const char encoder[] = IMAGES;

/* Reads everything there is, by every way there is; whether it succeeds is not the question. */
static void read_everything(epo_store *store)
{
    epo_store_contents info;
    epo__stamp_list stamps = {0};
    epo__photometry_list points = {0};
    epo__pixels pixels = {0};
    epo__encoding features = {0};
    epo__pool pool = {0};
    epo__object_row object;
    const char *label;
    bool found;
    epo_store_info(store, &info);
    epo_store_info_free(&info);
    epo_store_check(store, NULL);
    for (int64_t id = 1; id <= 5; id++) {
        epo__store_object_get(store, id, &pool, &object);
        epo__store_label_current(store, id, &pool, &label);
        epo__store_photometry_of(store, id, "given", &points);
        epo__store_encoding_get(store, &(epo__encoding_key){id, encoder, 0}, &features, &found);
        if (epo__store_stamps_of(store, id, &stamps) != EPO_OK) continue;
        for (size_t i = 0; i < stamps.count; i++) epo__store_pixels_read(store, &stamps.rows[i], &pixels);
    }
    epo__stamp_list_free(&stamps);
    epo__photometry_list_free(&points);
    epo__pool_free(&pool);
    free(pixels.bytes);
    free(features.features);
}

/* Bytes changed anywhere, by a bad disk or on purpose: an error or a wrong answer, never a crash (the sanitizer looks). */
static void no_damage_crashes(void **state)
{
    (void)state;
    epo_store *store = open_store(path, EPO_STORE_CREATE);
    write_files(store, 1, 5);
    check_ok(epo__store_begin(store));
    for (int64_t id = 1; id <= 5; id++)
        check_ok(epo__store_encoding_put(store, &(epo__encoding_key){id, encoder, 0}, &(epo__encoding){.images = IMAGES, .features = (float[300]){1}, .count = 300}));
    check_ok(epo__store_commit(store));
    epo_store_close(store);
    size_t size;
    unsigned char *whole = read_file(path, &size), *bytes = malloc(size);
    assert_non_null(bytes);
    epo__rng rng = {.seed = 11};
    int opened = 0, refused = 0;
    for (int round = 0; round < 100; round++) {
        memcpy(bytes, whole, size);
        for (int i = 0; i <= round / 10; i++)
            bytes[epo__rng_below(&rng, (uint32_t)size)] = (unsigned char)epo__rng_u32(&rng);
        write_file(path, bytes, size);
        if (epo_store_open(path, EPO_STORE_READ, &store) == EPO_OK) {
            opened++;
            read_everything(store);
        } else {
            refused++;
        }
        epo_store_close(store);
    }
    assert_true(opened > 10 && refused > 0);
    free(bytes);
    free(whole);
}

static void readers_see_whole_commits_and_writers_wait_their_turn(void **state)
{
    (void)state;
    epo_store *writer = open_store(path, EPO_STORE_CREATE), *reader = open_store(path, EPO_STORE_READ),
              *second = open_store(path, EPO_STORE_WRITE);
    epo_store_contents info;
    write_files(writer, 1, 2);
    check_ok(epo__store_begin(writer));
    check_ok(write_one_file(writer, 3));
    check_ok(epo_store_info(reader, &info));
    assert_int_equal(info.stamps, 2 * STAMPS_A_FILE);
    epo_store_info_free(&info);

    epo__store_set_patience(second, 50);
    check_fails(epo__store_begin(second), EPO_EBUSY, "another program is writing");
    check_ok(epo__store_begin(reader)); /* a view from before the commit */
    check_ok(epo_store_info(reader, &info));
    epo_store_info_free(&info);
    check_ok(epo__store_commit(writer));
    check_ok(epo_store_info(reader, &info));
    assert_int_equal(info.stamps, 2 * STAMPS_A_FILE);
    epo_store_info_free(&info);
    check_ok(epo__store_commit(reader));
    check_ok(epo_store_info(reader, &info));
    assert_int_equal(info.stamps, 3 * STAMPS_A_FILE);
    epo_store_info_free(&info);

    check_ok(epo__store_begin(second));
    check_ok(write_one_file(second, 4));
    check_ok(epo__store_commit(second));
    epo_store_close(second);
    epo_store_close(reader);
    epo_store_close(writer);
    check_whole_files(4);
}

static void a_bad_file_leaves_nothing_and_the_others_stay(void **state)
{
    (void)state;
    epo_store *store = open_store(path, EPO_STORE_CREATE);
    check_ok(epo__store_begin(store));
    check_ok(epo__store_savepoint(store));
    check_ok(write_one_file(store, 1));
    check_fails(epo__store_savepoint(store), EPO_EARG, "already");
    check_ok(epo__store_release(store));
    check_ok(epo__store_savepoint(store));
    check_ok(write_one_file(store, 2));
    epo__store_rollback_to(store);
    check_ok(epo__store_savepoint(store));
    check_ok(write_one_file(store, 3));
    check_ok(epo__store_release(store));
    check_ok(epo__store_commit(store));
    check_ok(epo__store_begin(store));
    check_ok(write_one_file(store, 4));
    epo_store_close(store); /* without commit */
    check_whole_files(2);
    assert_string_equal(outside_value(path, "SELECT group_concat(name) FROM objects"), "object 1,object 3");
}

static void a_full_disk_undoes_and_says_so(void **state)
{
    (void)state;
    epo_store *store = open_store(path, EPO_STORE_CREATE);
    write_files(store, 1, 2);
    char limit[64];
    snprintf(limit, sizeof limit, "PRAGMA max_page_count = %d", atoi(outside_value(path, "PRAGMA page_count")) + 25);
    check_ok(epo__exec(store, limit));
    check_ok(epo__store_begin(store));
    epo_status status = EPO_OK;
    unsigned file = 3;
    for (; status == EPO_OK && file < 1000; file++) {
        check_ok(epo__store_savepoint(store));
        status = write_one_file(store, file);
        if (status == EPO_OK) check_ok(epo__store_release(store));
    }
    check_fails(status, EPO_ESTORE, "no room left on the disk");
    assert_true(file > 4 && file < 1000);
    epo__store_rollback_to(store);
    if (epo__store_lost_transaction(store)) {
        check_fails(epo__store_commit(store), EPO_ESTORE, "undone");
        check_fails(write_one_file(store, file), EPO_ESTORE, "undone");
        epo__store_rollback(store);
    } else {
        check_ok(epo__store_commit(store)); /* the files before it stay */
    }
    check_ok(epo__exec(store, "PRAGMA max_page_count = 1000000"));
    write_files(store, 2000, 1);
    epo_store_close(store);
    check_whole_files(3);
}

static int refuse_rollback(void *context, int action, const char *what, const char *b, const char *c, const char *d)
{
    (void)context, (void)b, (void)c, (void)d;
    return action == SQLITE_TRANSACTION && strcmp(what, "ROLLBACK") == 0 ? SQLITE_DENY : SQLITE_OK;
}

/* As without memory: a transaction that cannot be undone is not committed later, and not in the way of the next one. */
static void a_transaction_that_cannot_be_undone_is_undone_later(void **state)
{
    (void)state;
    int64_t id;
    bool added, mine;
    char *dir = temp_make();
    epo_store *store = open_store(temp_path(dir, "undo.db"), EPO_STORE_CREATE);
    for (int view = 0; view < 2; view++) {
        check_ok(epo__store_begin(store));
        check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "", .name = "gone"}, &id, &added));
        sqlite3_set_authorizer(store->db, refuse_rollback, NULL);
        epo__store_rollback(store);
        assert_false(sqlite3_get_autocommit(store->db));
        check_fails(epo__store_commit(store), EPO_ESTORE, "undone");
        check_fails(epo__store_object_put(store, &(epo__object_row){.survey = "", .name = "late"}, &id, &added), EPO_ESTORE, "undone");
        sqlite3_set_authorizer(store->db, NULL, NULL);
        if (view) {
            check_ok(epo__view_begin(store, &mine));
            assert_true(mine);
            epo__view_end(store, mine);
        } else {
            check_ok(epo__store_begin(store));
            check_ok(epo__store_commit(store));
        }
        assert_true(sqlite3_get_autocommit(store->db));
    }
    epo_store_close(store);
    assert_string_equal(outside_value(temp_path(dir, "undo.db"), "SELECT count(*) FROM objects"), "0");
    temp_remove(dir);
}

/* A child imports without end and is killed at some moment; what it reported as committed must be there, whole. */
static void a_killed_import_leaves_whole_files(void **state)
{
    (void)state;
    unsigned first = 1;
    epo_store_close(open_store(path, EPO_STORE_CREATE));
    for (int round = 0; round < 8; round++) {
        int report[2];
        assert_int_equal(pipe(report), 0);
        pid_t child = fork();
        if (child == 0) {
            epo_store *store;
            if (epo_store_open(path, EPO_STORE_WRITE, &store) != EPO_OK) _exit(1);
            /* a small log, so that kills hit its writing back as well */
            if (epo__exec(store, "PRAGMA wal_autocheckpoint = 20") != EPO_OK) _exit(2);
            for (unsigned file = first;; file += 4) {
                if (epo__store_begin(store) != EPO_OK) _exit(3);
                for (unsigned i = 0; i < 4; i++)
                    if (epo__store_savepoint(store) != EPO_OK || write_one_file(store, file + i) != EPO_OK ||
                        epo__store_release(store) != EPO_OK)
                        _exit(4);
                if (epo__store_commit(store) != EPO_OK) _exit(5);
                unsigned done = file + 4;
                if (write(report[1], &done, sizeof done) != sizeof done) _exit(6);
            }
        }
        close(report[1]);
        unsigned done = first;
        assert_int_equal(read(report[0], &done, sizeof done), sizeof done); /* it is at work */
        nanosleep(&(struct timespec){.tv_nsec = 3000000L + 7300000L * round}, NULL);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        while (read(report[0], &done, sizeof done) == sizeof done) {
        }
        close(report[0]);
        check_whole_files(done - 1);
        first = 1 + (unsigned)atoi(outside_value(path, "SELECT count(*) FROM sources"));
    }
    assert_true(first > 8 * 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(damage_is_found_and_named),
        TEST(a_check_stops_on_request),
        TEST(a_damaged_page_is_reported),
        TEST(no_damage_crashes),
        TEST(readers_see_whole_commits_and_writers_wait_their_turn),
        TEST(a_bad_file_leaves_nothing_and_the_others_stay),
        TEST(a_full_disk_undoes_and_says_so),
        TEST(a_killed_import_leaves_whole_files),
        TEST(a_transaction_that_cannot_be_undone_is_undone_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
