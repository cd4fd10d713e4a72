/* SPDX-License-Identifier: BSD-3-Clause
 * test_memory.c - every allocation of small jobs fails once: the command says that it is out of memory, gives back what it had,
 * and leaves files and stores as they were. EPOCHAL_FAULTS=long takes all commands, EPOCHAL_FAULTS_PART=1/4 a quarter of them; EPOCHAL_FAULTS_JOB=LINE one; with
 * EPOCHAL_FAULTS_AT=N besides, its N-th allocation alone, and EPOCHAL_FAULTS_SHOW=1 tells where the command went on without.
 * EPOCHAL_FAULTS_TEST=NAME runs one test of this program. */
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "faults/alloc.h"
#include "faults/jobs.h"
#include "support/check.h"

enum { MOST_FINDINGS = 40 };

typedef struct point {
    alloc_report *report;
    alloc_whose whose;
    long n;
    bool trace;
} point;

static void arm(void *context)
{
    const point *p = context;
    alloc_arm(p->report, p->whose, p->n, p->trace);
}

static void disarm(void *context)
{
    (void)context;
    alloc_disarm();
}

static void print_frames(const char *what, void *const *frames, int count)
{
    extern char __executable_start;
    printf("    %s:", what);
    for (int i = 0; i < count; i++) printf(" %#lx", (unsigned long)((char *)frames[i] - &__executable_start) - 1);
    printf("\n");
}

static bool says_memory(const char *text)
{
    return strstr(text, "out of memory") || strstr(text, "Cannot allocate memory");
}

/* Why the run with a refused allocation was not as it should be, or NULL. */
static const char *judge(const point *p, const char *line, const job_result *r, const job_result *whole, bool *went_on)
{
    static char text[1600];
    *went_on = job_same(line, r, whole);
    if (p->report->live > 0 && r->status < 128) {
        snprintf(text, sizeof text, "%ld blocks leaked", p->report->live);
        return text;
    }
    if (*went_on) return job_unfinished(line);
    if (r->status != 1) {
        snprintf(text, sizeof text, "exit status %d", r->status);
        return text;
    }
    if (!says_memory(r->err)) return "the message does not say why";
    return job_damage(line);
}

/* Every allocation of a job; of SQLite's, which has many alike, at most `most`, evenly spread. */
static int try_job(alloc_report *report, const char *line, alloc_whose whose, long most)
{
    const char *at = getenv("EPOCHAL_FAULTS_AT");
    point p = {.report = report, .whose = whose, .trace = at != NULL};
    const job_hooks hooks = {.before = arm, .after = disarm, .context = &p};
    job_result whole = job_run(line, &hooks);
    const long total = report->seen;
    job_remember(line);
    const long step = most < total ? total / most : 1;
    int findings = 0;
    long tried = 0, unharmed = 0;
    if (whole.status != 0 && whole.status != 3) fail_msg("epochal %s: exit status %d: %s", line, whole.status, whole.err);
    if (report->live > 0) printf("  %s: %ld blocks live at its end\n", line, report->live), findings++;
    for (long n = at ? atol(at) : 1; n <= total; n += step) {
        bool went_on = false;
        p.n = n;
        job_result r = job_run(line, &hooks);
        const char *problem = report->failed ? judge(&p, line, &r, &whole, &went_on) : NULL;
        tried++;
        if (problem) {
            findings++;
            printf("  %s: %s %ld of %ld: %s: %.300s\n", line, whose == ALLOC_OURS ? "allocation" : "SQLite's", n, total, problem, r.err);
            print_frames("refused", report->where, report->where_count);
            if (report->leaked_count) print_frames("leaked", report->leaked, report->leaked_count);
            fflush(stdout);
        } else if (went_on) {
            unharmed++;
            if (getenv("EPOCHAL_FAULTS_SHOW")) print_frames("went on", report->where, report->where_count);
        }
        job_free(&r);
        if (at || findings >= MOST_FINDINGS) break;
    }
    if (jobs_long() || findings) printf("%6ld of %ld %s %ld went on, %d findings: %s\n", tried, total, whose == ALLOC_OURS ? "ours  " : "SQLite", unharmed, findings, line);
    fflush(stdout);
    job_free(&whole);
    return findings;
}

enum { SAMPLE = 5, LONG_SAMPLE = 300 }; /* allocations of a job that are tried where not all are */

/* In the short form all of our allocations in quick jobs, and a few in the others. */
static long most_of(alloc_whose whose, const job *j)
{
    if (whose == ALLOC_SQLITE) return jobs_long() ? LONG_SAMPLE : SAMPLE;
    return jobs_long() || j->quick || getenv("EPOCHAL_FAULTS_JOB") ? LONG_MAX : SAMPLE;
}

static int try_jobs(alloc_whose whose)
{
    const char *only = getenv("EPOCHAL_FAULTS_JOB");
    alloc_report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(report != MAP_FAILED);
    int findings = 0;
    for (size_t i = 0; i < job_count; i++) {
        if (only ? strcmp(only, jobs[i].line) != 0 : jobs_long() && !jobs_mine(i)) continue;
        if (whose == ALLOC_SQLITE && (!strstr(jobs[i].line, ".db") || (!jobs_long() && !jobs[i].quick))) continue;
        findings += try_job(report, jobs[i].line, whose, most_of(whose, &jobs[i]));
    }
    munmap(report, sizeof *report);
    return findings;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* thousands of starts under the sanitizer take half an hour; the blocks are counted here anyway */
#endif
    assert_int_equal(try_jobs(ALLOC_OURS), 0);
}

static void allocations_of_sqlite_fail(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    assert_int_equal(try_jobs(ALLOC_SQLITE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once), cmocka_unit_test(allocations_of_sqlite_fail)};
    if (getenv("EPOCHAL_FAULTS_TEST")) cmocka_set_test_filter(getenv("EPOCHAL_FAULTS_TEST"));
    return cmocka_run_group_tests(tests, jobs_begin, jobs_end);
}
