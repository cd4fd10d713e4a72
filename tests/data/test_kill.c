/* SPDX-License-Identifier: BSD-3-Clause
 * test_kill.c - an import killed at any moment leaves a store that opens, holds whole files only, and among them every
 * one that was told of; importing again completes it to what an uninterrupted import gives.
 *
 * EPOCHAL_KILLS=2000 kills as often. The importer's clock runs fast (--wrap, in the Makefile), so that it commits after
 * every few files as it does after every two seconds otherwise. */
#include "tao_tree.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "support/killing.h"

enum { FOLDERS = 4, FILES = 6, KILLS = 50, STAMPS = 8, MOST_A_STORE = 3, FASTER = 2000 };

double __real_epo__seconds(void);
double __wrap_epo__seconds(void);
double __wrap_epo__seconds(void)
{
    return FASTER * __real_epo__seconds();
}

static char *folder;

static int make_files(void **state)
{
    (void)state;
    folder = temp_make();
    tao_classes(folder, FOLDERS, FILES, STAMPS / 4);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static epo_status say_file(void *context, const epo_import_event *event)
{
    return event->status == EPO_OK && killing_say(*(int *)context, event->path) ? EPO_OK : EPO_EIO;
}

/* One import, and so at least one commit, for each folder: a kill may hit a transaction or the gap between two. */
static int import_all(void *context, int tube)
{
    epo_import_options options = options_for("tao");
    epo_store *store;
    if (epo_store_open(context, EPO_STORE_CREATE, &store) != EPO_OK) return 1;
    for (int i = 0; i < FOLDERS; i++) {
        char name[64];
        epo_import_summary summary;
        snprintf(name, sizeof name, "class%d", i);
        const char *path = temp_path(folder, name);
        if (epo_import(store, &path, 1, &options, say_file, &tube, &summary) != EPO_OK || summary.refused) return 2;
    }
    epo_store_close(store);
    return 0;
}

/* Imports everything without being killed. */
static void complete(char *db)
{
    killed whole = run_and_kill(import_all, db, -1);
    assert_false(whole.killed);
    free(whole.said);
}

static void check_sound(const char *db)
{
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo_store_check(store, NULL)); /* SQLite's integrity_check, references, CRC32s */
    epo_store_close(store);
    check_rows(db,
               "SELECT path FROM sources f WHERE stamps <> 8 OR stamps <> (SELECT count(*) FROM stamps s JOIN pixels p "
               "ON p.stamp = s.id WHERE s.source = f.id)",
               "");
    check_rows(db,
               "SELECT name FROM objects o WHERE (SELECT count(*) FROM stamps s WHERE s.object = o.id) <> 8 OR "
               "class IS NULL",
               "");
    check_rows(db, "SELECT (SELECT count(*) FROM sources) = (SELECT count(*) FROM objects)", "1\n");
}

static void nothing_told_is_lost_and_nothing_half_done_is_there(void **state)
{
    (void)state;
    const int wanted = kills_wanted(KILLS);
    char db[512], part[512];
    epo__rng rng = {.seed = kills_seed(20060402), .stream = epo__rng_stream("kills")};
    snprintf(db, sizeof db, "%s/whole.db", folder);
    double start = epo__seconds();
    complete(db);
    const double whole = (epo__seconds() - start) / FASTER;
    char *expected = dump(db);
    int kills = 0, cut_short = 0, files = 0, told_of_cut = 0;
    for (int number = 0; kills < wanted; number++) {
        snprintf(part, sizeof part, "%s/part%d.db", folder, number);
        for (int times = 0; times < MOST_A_STORE && kills < wanted; times++) {
            killed k = run_and_kill(import_all, part, 1.1 * whole * epo__rng_uniform(&rng));
            kills += k.killed;
            check_sound(part);
            char *sources = rows(part, "SELECT path FROM sources ORDER BY id");
            const int said = check_said(k.said, sources);
            char *count = rows(part, "SELECT count(*) FROM sources");
            const bool cut = atoi(count) < FOLDERS * FILES;
            files += said;
            cut_short += k.killed && cut;
            told_of_cut += k.killed && cut && said > 0;
            free(count);
            free(sources);
            free(k.said);
            if (!cut) break;
        }
        complete(part);
        char *found = dump(part);
        assert_string_equal(found, expected);
        free(found);
        unlink(part);
    }
    free(expected);
    print_message("%d kills, %d of them before the end; %d files were told of, by %d imports that were cut short\n",
                  kills, cut_short, files, told_of_cut);
    assert_true(cut_short >= wanted / 5 && told_of_cut >= wanted / 20); /* else this has shown nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_told_is_lost_and_nothing_half_done_is_there)};
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
