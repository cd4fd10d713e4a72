/* SPDX-License-Identifier: BSD-3-Clause
 * test_power_cut.c - what an import leaves when the power goes: a store that opens and is sound, in which whole files
 * only count, and among them every one that was told of before the cut; importing again completes it.
 *
 * What happens to the files is written down while some imports run, and the cuts are replayed (support/crash_vfs.h).
 * EPOCHAL_POINTS=500 cuts as often. The importer's clock runs fast (--wrap, in the Makefile), so that it commits often.
 */
#include "tao_tree.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "epochal/split.h"
#include "store/query.h"
#include "support/crash_vfs.h"

enum { FOLDERS = 4, FILES = 5, STAMPS = 8, POINTS = 60, FASTER = 1000, SMALL_LOG = 40 /* pages */ };

double __real_epo__seconds(void);
double __wrap_epo__seconds(void);
double __wrap_epo__seconds(void)
{
    return FASTER * __real_epo__seconds();
}

/* What was told of, and after how many operations on files. */
static struct {
    char path[256];
    size_t when;
} acknowledged[FOLDERS * FILES + FOLDERS];
static size_t acknowledged_count;

static char *folder, db[512];

static void acknowledge(const char *what)
{
    assert_true(acknowledged_count < sizeof acknowledged / sizeof *acknowledged);
    snprintf(acknowledged[acknowledged_count].path, sizeof acknowledged->path, "%s", what);
    acknowledged[acknowledged_count++].when = crash_now();
}

static epo_status acknowledge_file(void *context, const epo_import_event *event)
{
    (void)context;
    assert_int_equal(event->status, EPO_OK);
    if (!event->unchanged) acknowledge(event->path);
    return EPO_OK;
}

static void import_folder(epo_store *store, int number, epo_import_fn report)
{
    char name[64];
    epo_import_options options = options_for("tao");
    epo_import_summary summary;
    snprintf(name, sizeof name, "class%d", number);
    const char *path = temp_path(folder, name);
    check_ok(epo_import(store, &path, 1, &options, report, NULL, &summary));
    assert_int_equal(summary.refused, 0);
}

static void split_now(epo_store *store, const char *name)
{
    epo_split_options split = EPO_SPLIT_OPTIONS_INIT;
    epo_split_table table = {0};
    split.name = name;
    check_ok(epo_split(store, &split, &table));
    epo_split_table_free(&table);
}

/* Some imports, with a small log, so that it is written back in their middle, and two openings, so that it is made
 * twice. */
static void run_imports(void)
{
    epo_store *store;
    for (int i = 0; i < FOLDERS; i++) {
        if (i % 2 == 0) {
            check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
            char setting[64];
            snprintf(setting, sizeof setting, "PRAGMA wal_autocheckpoint = %d", SMALL_LOG);
            check_ok(epo__exec(store, setting));
        }
        import_folder(store, i, acknowledge_file);
        if (i == 2) {
            split_now(store, "half");
            acknowledge("split half");
        }
        if (i % 2) epo_store_close(store);
    }
}

static void complete(const char *path)
{
    epo_store *store;
    check_ok(epo_store_open(path, EPO_STORE_CREATE, &store));
    for (int i = 0; i < FOLDERS; i++) import_folder(store, i, NULL);
    epo_store_close(store);
}

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    tao_classes(folder, FOLDERS, FILES, STAMPS / 4);
    crash_begin();
    run_imports();
    crash_end();
    return 0;
}

static int end(void **state)
{
    (void)state;
    crash_forget();
    temp_remove(folder);
    return 0;
}

static bool is_there(const char *path, const char *what)
{
    char sql[512];
    if (strcmp(what, "split half") == 0)
        snprintf(
            sql, sizeof sql,
            "SELECT count(DISTINCT s.id) FROM splits s JOIN split_members m ON m.split = s.id WHERE name = 'half'");
    else
        snprintf(sql, sizeof sql, "SELECT count(*) FROM sources WHERE path = '%s'", what);
    char *found = rows(path, sql);
    const bool there = strcmp(found, "1\n") == 0;
    free(found);
    return there;
}

/* Returns how much was told of before the cut. */
static size_t check_after_cut(const char *path, size_t point)
{
    size_t told_of = 0;
    while (told_of < acknowledged_count && acknowledged[told_of].when <= point) told_of++;
    if (access(path, F_OK) != 0) { /* cut before the store had its name for good */
        if (told_of)
            fail_msg("cut after operation %zu: %zu things were told of, and there is no store", point, told_of);
        return 0;
    }
    epo_store *store;
    check_ok(epo_store_open(path, EPO_STORE_WRITE, &store));
    check_ok(epo_store_check(store, NULL));
    epo_store_close(store);
    for (size_t i = 0; i < told_of; i++)
        if (!is_there(path, acknowledged[i].path))
            fail_msg("cut after operation %zu: %s was told of, and is not there", point, acknowledged[i].path);
    check_rows(path,
               "SELECT path FROM sources f WHERE stamps <> 8 OR stamps <> (SELECT count(*) FROM stamps s JOIN pixels p "
               "ON p.stamp = s.id WHERE s.source = f.id)",
               "");
    check_rows(path, "SELECT (SELECT count(*) FROM sources) = (SELECT count(*) FROM objects)", "1\n");
    return told_of;
}

static void nothing_told_is_lost(void **state)
{
    (void)state;
    const char *wanted = getenv("EPOCHAL_POINTS");
    const int points = wanted && atoi(wanted) > 0 ? atoi(wanted) : POINTS;
    char *expected = dump(db), path[512], name[600];
    epo__rng rng = {.seed = 20101, .stream = epo__rng_stream("points")};
    size_t files = 0, none = 0;
    snprintf(path, sizeof path, "%s/cut.db", folder);
    assert_int_equal(acknowledged_count, FOLDERS * FILES + 1);
    for (int i = 0; i < points; i++) {
        const size_t point = epo__rng_below(&rng, (uint32_t)crash_now() + 1);
        static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            snprintf(name, sizeof name, "%s%s", path, ends[k]);
            unlink(name);
        }
        crash_replay(point, (uint64_t)i, db, path);
        none += access(path, F_OK) != 0;
        files += check_after_cut(path, point);
        if (i % 4) continue;
        complete(path);
        char *found = dump(path);
        assert_string_equal(found, expected);
        free(found);
    }
    free(expected);
    print_message("%d cuts in %zu operations, %zu of them syncs; %zu times something told was looked for; %zu cuts "
                  "left no store\n",
                  points, crash_now(), crash_syncs(), files, none);
    assert_true(files > (size_t)points); /* else this has shown nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_told_is_lost)};
    return cmocka_run_group_tests(tests, begin, end);
}
