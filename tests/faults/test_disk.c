/* SPDX-License-Identifier: BSD-3-Clause
 * test_disk.c - disks that are full, read-only, failing, or take half a write: the command names the file and the reason and ends
 * with status 1, what was there before stays, and stores are sound. EPOCHAL_FAULTS=long takes every write of every command;
 * EPOCHAL_FAULTS_JOB=LINE those of one, EPOCHAL_FAULTS_AT=N its N-th. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "faults/jobs.h"
#include "faults/writes.h"
#include "support/check.h"

enum { MOST_FINDINGS = 20 };

/* Which jobs a test takes: all in the long form, else those of one line. */
static bool is_wanted(size_t i, const char *const *quick)
{
    const job *j = &jobs[i];
    const char *only = getenv("EPOCHAL_FAULTS_JOB");
    if (only) return strcmp(only, j->line) == 0;
    if (jobs_long()) return jobs_mine(i);
    for (; *quick; quick++)
        if (strncmp(j->line, *quick, strlen(*quick)) == 0) return true;
    return false;
}

static bool has_any(const char *text, const char *const *parts)
{
    for (; *parts; parts++)
        if (strstr(text, *parts)) return true;
    return false;
}

static const char *const reasons[] = {"No space left", "no room left", "Input/output error", "disk I/O error", "Read-only file system", "read-only",
                                      "File too large", NULL};
static const char *const names[] = {"out.", "out-", ".db", "maps", "epochal-bench", "standard output", NULL};

/* What is wrong with how a run ended that could not write, or NULL. */
static const char *judge(const char *line, const job_result *r)
{
    static char text[100];
    if (r->status != 1) {
        snprintf(text, sizeof text, "exit status %d", r->status);
        return text;
    }
    if (!has_any(r->err, reasons)) return "the message does not say why";
    if (!has_any(r->err, names)) return "the message names no file";
    return job_damage(line);
}

static void tell(const char *line, const char *where, const char *problem, const job_result *r)
{
    printf("  %s: %s: %s: %.300s\n", line, where, problem, r->err);
    fflush(stdout);
}

/* --- every write fails ------------------------------------------------------------------------------------------------------- */

static const char *const words[] = {[WRITES_ONCE] = "once", [WRITES_ONWARD] = "onward", [WRITES_SHORT] = "short"};

static int try_writes(const char *line, writes_how how)
{
    const char *at = getenv("EPOCHAL_FAULTS_AT");
    writes w = {.how = how};
    const job_hooks hooks = {.before = writes_before, .meanwhile = writes_meanwhile, .context = &w};
    writes_begin(&w);
    job_result whole = job_run(line, &hooks);
    if (w.unsupported) {
        job_free(&whole);
        return -1;
    }
    if (whole.status != 0 && whole.status != 3) fail_msg("epochal %s: exit status %d: %s", line, whole.status, whole.err);
    const long total = w.seen;
    job_remember(line);
    char *contents = job_contents(line);
    long tried = 0, unharmed = 0;
    int findings = 0;
    for (long n = at ? atol(at) : 1; n <= total && findings < MOST_FINDINGS; n++) {
        w.n = n;
        writes_begin(&w);
        job_result r = job_run(line, &hooks);
        if (w.failed) {
            const char *problem = NULL;
            tried++;
            if (job_same(line, &r, &whole) && !w.to_stdout) {
                unharmed++; /* it could do without: then nothing may be missing */
                char *now = job_contents(line);
                problem = strcmp(now, contents) != 0 ? "says nothing, and something is missing" : job_unfinished(line);
                free(now);
            } else if (how == WRITES_SHORT) {
                problem = w.to_stdout && r.status == whole.status ? NULL : "a short write was not gone on with";
            } else {
                problem = judge(line, &r);
            }
            if (problem) {
                char where[100];
                snprintf(where, sizeof where, "%s %ld of %ld (%s%s)", words[how], n, total, w.call, w.to_stdout ? " to standard output" : "");
                findings++;
                tell(line, where, problem, &r);
            }
        }
        job_free(&r);
        if (at) break;
    }
    if (jobs_long() || findings) printf("%6ld %-6s %ld went on, %d findings: %s\n", tried, words[how], unharmed, findings, line);
    fflush(stdout);
    free(contents);
    job_free(&whole);
    return findings;
}

static void every_write_fails_once(void **state)
{
    (void)state;
    static const char *const quick[] = {"import --db new.db --format tao", "export --db rb.db --format otrain", NULL};
    int findings = 0;
    for (size_t i = 0; i < job_count; i++)
        for (int how = WRITES_ONCE; is_wanted(i, quick) && how <= WRITES_SHORT; how++) {
            const int found = try_writes(jobs[i].line, (writes_how)how);
            if (found < 0) skip();
            findings += found;
        }
    assert_int_equal(findings, 0);
}

/* --- /dev/full ----------------------------------------------------------------------------------------------------------------- */

static void a_full_standard_output_is_a_failure(void **state)
{
    (void)state;
    static const char *const quick[] = {"info --db s.db", "version", NULL};
    static const char *const formats[] = {"", " --output table", " --output json", " --output jsonl", " --output csv"};
    const job_hooks full = {.stdout_to = "/dev/full"};
    int findings = 0;
    if (access("/dev/full", W_OK) != 0) skip();
    for (size_t i = 0; i < job_count; i++)
        for (size_t k = 0; is_wanted(i, quick) && k < sizeof formats / sizeof *formats; k++) {
            char line[1024];
            snprintf(line, sizeof line, "%s%s", jobs[i].line, formats[k]);
            job_result r = job_run(line, NULL);
            const bool prints = r.status != 2 && *r.out;
            job_free(&r);
            if (!prints) continue;
            r = job_run(line, &full);
            if (r.status != 1 || !strstr(r.err, "standard output: No space left on device")) {
                findings++;
                tell(line, "/dev/full", "is no failure", &r);
            }
            job_free(&r);
        }
    assert_int_equal(findings, 0);
}

/* --- files that may not grow ------------------------------------------------------------------------------------------------------ */

static void limit_files(void *context)
{
    const rlim_t *size = context;
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){*size, *size});
}

/* A file takes what fits, and then the rest is refused with EFBIG: a short write and an error after it. */
static void files_that_may_not_grow(void **state)
{
    (void)state;
    static const char *const quick[] = {"export --db rb.db --format otrain", "import --db new.db --format stamps", NULL};
    int findings = 0;
    for (size_t i = 0; i < job_count; i++) {
        if (!is_wanted(i, quick)) continue;
        job_result whole = job_run(jobs[i].line, NULL);
        const int status = whole.status;
        job_remember(jobs[i].line);
        job_free(&whole);
        for (rlim_t size = 4096; size <= 1 << 18; size += jobs_long() ? 4096 : 1 << 15) { /* messages are in a file too */
            const job_hooks hooks = {.before = limit_files, .context = &size};
            job_result r = job_run(jobs[i].line, &hooks);
            const char *problem = r.status == status ? NULL : judge(jobs[i].line, &r);
            if (problem) {
                char where[64];
                snprintf(where, sizeof where, "at most %lld bytes", (long long)size);
                findings++;
                tell(jobs[i].line, where, problem, &r);
            }
            job_free(&r);
        }
    }
    assert_int_equal(findings, 0);
}

/* --- mounts of our own ---------------------------------------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
    const int file = open(path, O_WRONLY);
    if (file < 0) return;
    if (write(file, text, strlen(text)) < 0) perror(path);
    close(file);
}

/* A mount namespace; as one who is not root, in a user namespace with it. */
static bool own_mounts(void)
{
    char map[64];
    const unsigned user = getuid(), group = getgid();
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        write_text("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1", user);
        write_text("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1", group);
        write_text("/proc/self/gid_map", map);
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

enum { NO_MOUNTS = 77 };

static void mount_read_only(void *context)
{
    (void)context;
    const char *folder = jobs_folder();
    if (!own_mounts() || mount(folder, folder, NULL, MS_BIND, NULL) != 0 ||
        mount("none", folder, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID, NULL) != 0 || chdir(folder) != 0)
        _exit(NO_MOUNTS);
}

/* Commands that only read do as always; the others say that the disk is read-only. */
static void a_read_only_disk(void **state)
{
    (void)state;
    static const char *const quick[] = {"info --db s.db --check", "import --db s.db", "export --db rb.db --format otrain", "split --db s.db --name other", NULL};
    const job_hooks hooks = {.before = mount_read_only};
    int findings = 0, refused = 0;
    for (size_t i = 0; i < job_count; i++) {
        if (!is_wanted(i, quick)) continue;
        const char *line = jobs[i].line;
        job_result whole = job_run(line, NULL);
        char *after = job_contents(line);
        job_result r = job_run(line, &hooks);
        char *still = job_contents(line);
        const bool changed = strcmp(after, still) != 0;
        if (r.status == NO_MOUNTS) {
            findings = refused = -1;
        } else if (!job_same(line, &r, &whole) || changed) {
            const char *problem = judge(line, &r);
            refused++;
            if (problem) findings++, tell(line, "read-only", problem, &r);
        }
        free(after);
        free(still);
        job_free(&whole);
        job_free(&r);
        if (refused < 0) skip();
    }
    assert_int_equal(findings, 0);
    assert_true(refused > 0);
}

typedef struct small_disk {
    int kib;
} small_disk;

static void mount_small(void *context)
{
    const small_disk *disk = context;
    char options[64], copy[2048];
    const char *folder = jobs_folder();
    snprintf(options, sizeof options, "size=%dk", disk->kib);
    /* the files go into the new disk through a second way to the old folder */
    snprintf(copy, sizeof copy, "mkdir -p /tmp/.epochal-was-$$ && mount --bind '%s' /tmp/.epochal-was-$$ && mount -t tmpfs -o %s none '%s' && "
             "cp -a /tmp/.epochal-was-$$/. '%s' 2>/dev/null; s=$?; umount /tmp/.epochal-was-$$; rmdir /tmp/.epochal-was-$$; exit $s",
             folder, options, folder, folder);
    if (!own_mounts() || system(copy) != 0 || chdir(folder) != 0) _exit(NO_MOUNTS);
}

/* The disk goes when the child does, so the child looks at what is left, once there is room: a store has a log and its index beside
 * it while it is open, also for reading. */
static void check_small(void *context)
{
    (void)context;
    unlink("rb.db");
    unlink("s.db");
    extern int epochal_main(int argc, char **argv);
    static char program[] = "epochal", command[] = "info", check[] = "--check", db[] = "--db", file[] = "new.db", quiet[] = "-q";
    char *words_of[] = {program, command, check, db, file, quiet, NULL};
    if (access(file, F_OK) == 0 && epochal_main(6, words_of) != 0) fprintf(stderr, "THE STORE IS NOT SOUND\n");
    fflush(stderr);
}

static void a_small_disk(void **state)
{
    (void)state;
    static const char line[] = "import --db new.db --format tao tao";
    int full = 0, whole = 0;
    char used[1200];
    snprintf(used, sizeof used, "du -sk --apparent-size '%s' | cut -f1", jobs_folder());
    FILE *pipe = popen(used, "r");
    int kib = 0;
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &kib), 1);
    pclose(pipe);
    for (int room = 128; room <= 640; room += jobs_long() ? 16 : 64) {
        small_disk disk = {kib + room};
        const job_hooks hooks = {.before = mount_small, .after = check_small, .context = &disk};
        job_result r = job_run(line, &hooks);
        if (r.status == NO_MOUNTS) {
            job_free(&r);
            if (room < 640) continue; /* the files themselves did not fit */
            break;
        }
        if (strstr(r.err, "NOT SOUND")) fail_msg("room for %d KiB: %s", room, r.err);
        if (r.status == 0) {
            whole++;
        } else {
            full++;
            assert_int_equal(r.status, 1);
            if (!has_any(r.err, reasons) || !strstr(r.err, "new.db")) fail_msg("room for %d KiB: %s", room, r.err);
        }
        job_free(&r);
    }
    if (whole == 0) skip();
    assert_true(full > 0);
}

/* -------------------------------------------------------------------------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_fails_once),
        cmocka_unit_test(a_full_standard_output_is_a_failure),
        cmocka_unit_test(files_that_may_not_grow),
        cmocka_unit_test(a_read_only_disk),
        cmocka_unit_test(a_small_disk),
    };
    if (getenv("EPOCHAL_FAULTS_TEST")) cmocka_set_test_filter(getenv("EPOCHAL_FAULTS_TEST"));
    return cmocka_run_group_tests(tests, jobs_begin, jobs_end);
}
