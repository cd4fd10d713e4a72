/* SPDX-License-Identifier: BSD-3-Clause
 * test_look.c - pages as a browser shows them: look.sh renders them in headless Chromium, as wide as a phone and a
 * desktop. Skipped where there is no Chromium. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/reporting.h"

enum { NONE = 77 /* no Chromium: look.sh says so by this status */ };

static int look(const char *page, const char *folder)
{
    int status;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/bin/sh", "sh", "tests/report/look.sh", page, folder, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void look_at(epo_store *store, const char *folder, const epo_report_set *sets, size_t count)
{
    char *page = strdup(temp_path(folder, "report.html")), *shots = strdup(temp_path(folder, "shots"));
    assert_non_null(page);
    assert_non_null(shots);
    check_ok(epo_report_write(store, sets, count, NULL, page));
    assert_int_equal(mkdir(shots, 0700), 0);
    const int status = look(page, shots);
    free(page);
    free(shots);
    if (status == NONE) skip();
    assert_int_equal(status, 0);
}

/* Two models with names and texts as long and odd as they come. */
static void test_sequences(void **state)
{
    reporting r;
    (void)state;
    reporting_begin(&r);
    char *folder = temp_make();
    look_at(r.made.store, folder, r.sets, 2);
    temp_remove(folder);
    reporting_end(&r);
}

static void test_stamps(void **state)
{
    reporting r;
    (void)state;
    reporting_begin(&r);
    char *folder = temp_make();
    look_at(r.made.store, folder, &r.sets[2], 1);
    temp_remove(folder);
    reporting_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequences), cmocka_unit_test(test_stamps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
