/* SPDX-License-Identifier: BSD-3-Clause
 * test_kill.c - an import killed at any moment leaves a store that opens and holds whole files only; importing again
 * completes it to what an uninterrupted import gives. */
#include "tao_tree.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"

enum { FOLDERS = 10, FILES = 12, ROUNDS = 15, STAMPS = 8 };

static char *folder;

static int make_files(void **state)
{
    (void)state;
    folder = temp_make();
    for (int i = 0; i < FOLDERS; i++) {
        char name[64];
        snprintf(name, sizeof name, "class%d", i);
        make_folder(temp_path(folder, name));
        for (int k = 0; k < FILES; k++) {
            snprintf(name, sizeof name, "class%d/object%02d.%02d.fits", i, i, k);
            tao_plain(temp_path(folder, name), i, STAMPS / 4);
        }
    }
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* One import, and so at least one commit, for each folder: a kill may hit a transaction or the gap between two. */
static void import_all(const char *db)
{
    epo_import_options options = options_for("tao");
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    for (int i = 0; i < FOLDERS; i++) {
        char name[64];
        epo_import_summary summary;
        snprintf(name, sizeof name, "class%d", i);
        const char *path = temp_path(folder, name);
        check_ok(epo_import(store, &path, 1, &options, NULL, NULL, &summary));
        assert_int_equal(summary.refused, 0);
    }
    epo_store_close(store);
}

static void import_and_be_killed(const char *db, double seconds)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        import_all(db);
        _exit(0);
    }
    usleep((useconds_t)(seconds * 1e6));
    kill(child, SIGKILL);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
}

static void nothing_half_done_is_visible(void **state)
{
    (void)state;
    char db[512];
    epo__rng rng = {.seed = 20060402};
    snprintf(db, sizeof db, "%s/whole.db", folder);
    double start = epo__seconds();
    import_all(db);
    double whole = epo__seconds() - start;
    char *expected = dump(db);
    int cut_short = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char part[512];
        snprintf(part, sizeof part, "%s/part%d.db", folder, round);
        import_and_be_killed(part, whole * epo__rng_uniform(&rng));
        epo_store *store;
        check_ok(epo_store_open(part, EPO_STORE_CREATE, &store));
        check_ok(epo_store_check(store, NULL));
        epo_store_close(store);
        check_rows(
            part,
            "SELECT path FROM sources f WHERE stamps <> 8 OR stamps <> (SELECT count(*) FROM stamps s JOIN pixels p "
            "ON p.stamp = s.id WHERE s.source = f.id)",
            "");
        check_rows(part,
                   "SELECT name FROM objects o WHERE (SELECT count(*) FROM stamps s WHERE s.object = o.id) <> 8 OR "
                   "class IS NULL",
                   "");
        check_rows(part, "SELECT (SELECT count(*) FROM sources) = (SELECT count(*) FROM objects)", "1\n");
        char *sources = rows(part, "SELECT count(*) FROM sources");
        cut_short += atoi(sources) < FOLDERS * FILES;
        free(sources);
        import_all(part);
        char *found = dump(part);
        assert_string_equal(found, expected);
        free(found);
    }
    free(expected);
    assert_true(cut_short > 0); /* else this has shown nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_half_done_is_visible)};
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
