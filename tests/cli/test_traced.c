/* SPDX-License-Identifier: BSD-3-Clause
 * test_traced.c - import and score as the system sees them (strace), over files whose names and headers would be orders
 * to others: no connection is opened, no program is started, and nothing is written or changed but the store. Skipped
 * without strace. */
#include "support/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/avromake.h"
#include "support/command.h"
#include "support/fitsmake.h"
#include "support/npymake.h"

enum { SIDE = 8 };

static const char net[] = "network  tiny\ninput    planes=1 size=8\nnormalise zscore scope=plane\nencoder\n    conv 2 "
                          "kernel=3 pad=same\n    relu\n    flatten\n"
                          "stamp    planes=science classes=bogus,real\n    linear 1\n    sigmoid\n";

/* Names of files that are there, for cfitsio, a shell, an option parser, a terminal. */
static const char *const names[] = {"a[1].fits",
                                    "b[col x=1].fits",
                                    "c.fits[1]",
                                    "d.fits(out.fits)",
                                    "e.fits.gz(!out.fits)",
                                    "!f.fits",
                                    "|touch owned.fits",
                                    "x;touch owned.fits",
                                    "$(touch owned).fits",
                                    "`touch owned`.fits",
                                    "&& touch owned.fits",
                                    "new\nline.fits",
                                    "*.fits",
                                    "?.fits",
                                    "./-",
                                    "--db=owned.fits",
                                    "-.fits",
                                    "%n%s%s.fits",
                                    "\x1b]0;owned\x07.fits",
                                    " .fits",
                                    "mem:x.fits",
                                    "file:x.fits",
                                    "shmem:h1.fits",
                                    "stdin:.fits",
                                    "exec:touch owned.fits",
                                    "http://127.0.0.1:9/x.fits",
                                    "ftp://127.0.0.1:9/x.fits",
                                    "root://127.0.0.1:9/x.fits",
                                    "https://127.0.0.1:9/x.fits"};
enum { NAMES = sizeof names / sizeof *names };

static char folder[512], model[600], in[600];

/* --- the files
 * -------------------------------------------------------------------------------------------------------- */

static void make_fits(fm_file *f, const char *cards)
{
    float values[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) values[i] = (float)(i * 37 % 101) - 10.5F;
    fm_image(f, -32, SIDE, SIDE, values, cards);
}

/* A file under a name that may have folders in it. */
static void save(const char *name, fm_file *f)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", in, name);
    for (char *slash = path + strlen(in) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    fm_save(f, path);
    fm_free(f);
}

static void make_hostile_names(void)
{
    for (size_t i = 0; i < NAMES; i++) {
        fm_file f = {0};
        make_fits(&f, NULL);
        save(names[i], &f);
    }
}

/* What a header, an archive or an alert says is data: it names no file, and orders nothing. */
static void make_hostile_contents(void)
{
    fm_file f = {0}, gz = {0}, records = {0};
    make_fits(&f, "EXTNAME = 'http://127.0.0.1:9/x.fits'\nOBJECT  = '$(touch owned)'\nFILTER  = '|touch "
                  "owned'\nFILENAME= 'x.fits(out.fits)'\n"
                  "GRPLC1  = 'http://127.0.0.1:9/x.fits'\nINHERIT = T\nCONTINUE  '&'\nCHECKSUM= 'x'\nBSCALE  = "
                  "1.0\nCANDID  = '../../owned'\nDATE-OBS= '`touch owned`'");
    fm_gzip(&f, &gz);
    save("headers.fits", &f);
    save("headers.fits.gz", &gz);
    fm_primary(&f, NULL);
    fm_cards(&f, "XTENSION= 'BINTABLE'\nBITPIX  = 8\nNAXIS   = 2\nNAXIS1  = 8\nNAXIS2  = 1\nPCOUNT  = 0\nGCOUNT  = "
                 "1\nTFIELDS = 1\nTFORM1  = '8A'\n"
                 "TTYPE1  = 'MEMBER_LOCATION'\nEXTNAME = 'GROUPING'\nGRPLC1  = 'ftp://127.0.0.1:9/x.fits'");
    fm_end(&f);
    fm_bytes(&f, "ftp://x ", 8);
    fm_fill(&f);
    save("grouping.fits", &f);
    make_fits(&f, NULL);
    fm_gzip(&f, &gz);
    fm_free(&f);
    avro_alert(&records, 11, gz.data, gz.size);
    avro_head(&f);
    avro_block(&f, 1, (int64_t)records.size, &records);
    save("alert.avro", &f);
    fm_free(&gz);
    fm_free(&records);
    fm_bytes(
        &f,
        "id,mjd,mag,mag_err,class\n=cmd|'/C touch owned'!A0,53000,18,0.1,`touch owned`\n../../owned,53001,18,0.1,SN\n",
        104);
    save("curves.csv", &f);
    float values[SIDE * SIDE] = {1, 2, 3};
    npy_save(temp_path(in, "cube.npy"), "'<f4'", "False", "(1, 8, 8)", values, sizeof values);
    npy_save(temp_path(in, "code.npy"), "'|O'", "False", "(__import__('os').system('touch owned'), 8, 8)", values,
             sizeof values);
}

static int make_temp(void **state)
{
    char *made = temp_make();
    *state = made;
    snprintf(folder, sizeof folder, "%s", made);
    snprintf(model, sizeof model, "%s/m.safetensors", folder);
    snprintf(in, sizeof in, "%s/in", folder);
    assert_int_equal(mkdir(in, 0777), 0);
    const char *text = temp_path(folder, "tiny.net");
    write_file(text, net, sizeof net - 1);
    command_result r = COMMAND("models", "--net", text, "--init", model);
    command_expect(&r, 0);
    command_free(&r);
    return 0;
}

static int remove_temp(void **state)
{
    temp_remove(*state);
    return 0;
}

/* --- the trace
 * ---------------------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *name, size_t length, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == length && memcmp(*list, name, length) == 0) return true;
    return false;
}

/* Every path between quotes on the line is the store, one of the files that SQLite has beside it, or what they are
 * until a new store is whole ("survey.db.new-PID-N"). */
static bool only_store(const char *line)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", NULL};
    static const char store[] = "survey.db", fresh[] = ".new-";
    bool any = false;
    for (const char *quote = strchr(line, '"'); quote; quote = strchr(quote + 1, '"')) {
        const char *end = strchr(quote + 1, '"');
        if (!end) return false;
        const char *name = end;
        while (name > quote + 1 && name[-1] != '/') name--;
        if (strncmp(name, store, strlen(store)) != 0) return false;
        const char *ending = name + strlen(store);
        if (strncmp(ending, fresh, strlen(fresh)) == 0) {
            ending += strlen(fresh);
            for (int part = 0; part < 2; part++) {
                if (*ending == '-' && ending[1] >= '0' && ending[1] <= '9') ending++;
                ending += strspn(ending, "0123456789");
            }
        }
        if (ending > end || !is_one_of(ending, (size_t)(end - ending), endings)) return false;
        any = true;
        quote = end;
    }
    return any;
}

/* One call, as strace writes it: "PID name(arguments) = result". Fails the test on one that must not be. */
static void check_call(const char *line, int *programs)
{
    static const char *const starts[] = {"fork", "vfork", NULL}, *const threads[] = {"clone", "clone3", NULL},
                             *const executes[] = {"execve", "execveat", NULL};
    static const char *const connects[] = {"socket",   "socketpair", "connect",  "bind",    "listen",
                                           "accept",   "accept4",    "sendto",   "sendmsg", "sendmmsg",
                                           "recvfrom", "recvmsg",    "recvmmsg", NULL};
    static const char *const opens[] = {"open", "openat", "openat2", "creat", NULL};
    static const char *const changes[] = {"unlink",   "unlinkat",  "rename",      "renameat", "renameat2", "mkdir",
                                          "mkdirat",  "rmdir",     "link",        "linkat",   "symlink",   "symlinkat",
                                          "chmod",    "fchmodat",  "chown",       "lchown",   "fchownat",  "truncate",
                                          "mknod",    "mknodat",   "utime",       "utimes",   "utimensat", "futimesat",
                                          "setxattr", "lsetxattr", "removexattr", "mount",    "chroot",    "swapon",
                                          "acct",     NULL};
    const char *name = line + strspn(line, "0123456789 ");
    const size_t length = strcspn(name, "(");
    if (name[length] != '(') return; /* a signal, an end, or the rest of a call that was looked at when it began */
    if (is_one_of(name, length, connects)) fail_msg("connects: %s", line);
    if (is_one_of(name, length, starts) || (is_one_of(name, length, threads) && !strstr(line, "CLONE_THREAD")))
        fail_msg("starts a process: %s", line);
    *programs += is_one_of(name, length, executes);
    const bool writes = strstr(line, "O_WRONLY") || strstr(line, "O_RDWR") || strstr(line, "O_CREAT") ||
                        strstr(line, "O_TRUNC") || strncmp(name, "creat", 5) == 0;
    if (is_one_of(name, length, opens) && writes && !only_store(line)) fail_msg("writes: %s", line);
    if (is_one_of(name, length, changes) && !only_store(line)) fail_msg("changes: %s", line);
}

/* Runs the command with these arguments (quoted for a shell), in the folder of inputs, and looks at all its calls.
 * `reads` is the name of a file that it must have opened, or the trace says nothing. */
static void traced(const char *arguments, int status, const char *reads)
{
    static char line[8192];
    const int length = snprintf(line, sizeof line,
                                "cd '%s' && ASAN_OPTIONS=detect_leaks=0 timeout 120 strace -f -s 4096 -o ../trace -e "
                                "trace=network,process,file \"$EPOCHAL\" %s",
                                in, arguments);
    assert_in_range(length, 1, sizeof line - 1);
    command_result r = command_shell(line);
    command_expect(&r, status);
    command_free(&r);
    size_t size;
    char *trace = (char *)read_file(temp_path(folder, "trace"), &size);
    trace = realloc(trace, size + 1);
    assert_non_null(trace);
    trace[size] = '\0';
    if (!strstr(trace, reads)) fail_msg("the trace does not have %s", reads);
    int programs = 0;
    for (char *at = trace, *next; *at; at = next) {
        const size_t end = strcspn(at, "\n");
        next = at + end + (at[end] == '\n');
        at[end] = '\0';
        check_call(at, &programs);
    }
    assert_int_equal(programs, 1);
    free(trace);
}

static char *listing(void)
{
    char line[1024];
    snprintf(line, sizeof line,
             "cd '%s' && ls -lAR --full-time && cat -- $(find . -type f | head -1) >/dev/null; ls -A ..", in);
    command_result r = command_shell(line);
    char *text = strdup(r.out);
    assert_non_null(text);
    command_free(&r);
    return text;
}

static void skip_without_strace(void)
{
    command_result r = command_shell("strace -f -o /dev/null true");
    const bool usable = r.status == 0;
    command_free(&r);
    if (!usable) skip();
}

/* --- the tests
 * ---------------------------------------------------------------------------------------------------------- */

/* All names one behind the other, after "--". */
static void add_names(char *line, size_t room)
{
    for (size_t i = 0; i < NAMES; i++) {
        const size_t used = strlen(line);
        snprintf(line + used, room - used, " '%s'", names[i]);
    }
}

static void names_order_nothing(void **state)
{
    (void)state;
    char line[4096];
    skip_without_strace();
    make_hostile_names();
    char *before = listing();
    traced("score --model ../m.safetensors --format stamps .", 0, "a[1].fits");
    snprintf(line, sizeof line, "score --model ../m.safetensors --format stamps --output csv --");
    add_names(line, sizeof line);
    traced(line, 0, "e.fits.gz(!out.fits)");
    traced("import --db ../survey.db --format stamps .", 0, "http:/");
    snprintf(line, sizeof line, "import --db ../survey.db --format stamps --class real --");
    add_names(line, sizeof line);
    traced(line, 0, "x;touch owned.fits");
    unlink(temp_path(folder, "trace"));
    unlink(temp_path(folder, "survey.db"));
    unlink(temp_path(folder, "survey.db-wal"));
    unlink(temp_path(folder, "survey.db-shm"));
    char *after = listing();
    assert_string_equal(after, before);
    free(before);
    free(after);
}

/* The same names when no file is called so. */
static void names_of_nothing(void **state)
{
    (void)state;
    char line[4096] = "import --db ../survey.db --format stamps --";
    fm_file f = {0};
    skip_without_strace();
    make_fits(&f, NULL);
    save("x.fits", &f);
    add_names(line, sizeof line);
    traced(line, 3, "e.fits.gz(!out.fits)");
    snprintf(line, sizeof line, "score --model ../m.safetensors --format stamps --");
    add_names(line, sizeof line);
    traced(line, 3, "exec:touch owned.fits");
    char *after = listing();
    assert_null(strstr(after, "owned"));
    assert_null(strstr(after, "out.fits"));
    free(after);
}

static void contents_order_nothing(void **state)
{
    (void)state;
    skip_without_strace();
    make_hostile_contents();
    traced("import --db ../survey.db --format stamps .", 3, "headers.fits.gz");
    traced("import --db ../survey.db --format tao grouping.fits headers.fits", 3, "grouping.fits");
    traced("import --db ../survey.db --format ztf alert.avro", 0, "alert.avro");
    traced("import --db ../survey.db --format cube .", 3, "code.npy");
    traced("import --db ../survey.db --format lightcurves curves.csv", 0, "curves.csv");
    traced("score --model ../m.safetensors headers.fits grouping.fits cube.npy code.npy alert.avro", 3, "code.npy");
    char *after = listing();
    assert_null(strstr(after, "owned"));
    free(after);
}

/* The checker itself sees what it is there for. */
static void the_checker_sees(void **state)
{
    (void)state;
    int programs = 0;
    assert_true(only_store("12 openat(AT_FDCWD, \"/tmp/x/survey.db-wal\", O_RDWR|O_CREAT, 0644) = 3"));
    assert_true(only_store("12 unlink(\"../survey.db-journal\") = 0"));
    assert_false(only_store("12 openat(AT_FDCWD, \"/tmp/survey.db.fits\", O_RDWR) = 3"));
    assert_false(only_store("12 openat(AT_FDCWD, \"/tmp/survey.db/x\", O_RDWR) = 3"));
    assert_true(only_store("12 rename(\"x/survey.db.new-123-0\", \"x/survey.db\") = 0"));
    assert_true(only_store("12 unlink(\"x/survey.db.new-123-0-wal\") = 0"));
    assert_false(only_store("12 unlink(\"x/survey.db.new-123-0x\") = 0"));
    assert_false(only_store("12 rename(\"survey.db\", \"owned\") = 0"));
    check_call("12 openat(AT_FDCWD, \"x\", O_RDONLY|O_CLOEXEC) = 3", &programs);
    check_call("12 execve(\"/bin/sh\", [\"sh\"], 0x7ffd) = 0", &programs);
    assert_int_equal(programs, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checker_sees),
        TEST(names_order_nothing),
        TEST(names_of_nothing),
        TEST(contents_order_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
