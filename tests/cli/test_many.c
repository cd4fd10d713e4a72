/* SPDX-License-Identifier: BSD-3-Clause
 * test_many.c - many programs on one store at once: one that imports file after file and classifies, others that ask
 * what is in it, check it, export it, read it through the library and classify too. None of them fails or is told that
 * the store is busy, and each sees whole files only, never fewer than before.
 *
 * EPOCHAL_MANY_SECONDS=600 EPOCHAL_READERS=8 goes on for longer and with more. */
#include "data/tao_tree.h"

#include <jansson.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include "epochal/model.h"
#include "store/store.h"
#include "support/command.h"
#include "support/killing.h"

enum { SECONDS = 6, READERS = 4, MOST_READERS = 64, FILES = 5, NIGHTS = 4, STAMPS = 4 * NIGHTS, MOST_FOLDERS = 600 };

static const char network[] =
    "network tiny\ninput planes=3 size=5\nnormalise asinh scope=sequence\n"
    "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    gap\n"
    "sequence nights=3 dates=on classes=SN,NON\n    gru 4 layers=1 output=sum\n    linear classes\n    softmax\n";

static char *folder, db[512], model[512];
static double until;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double wanted(const char *variable, double standard)
{
    const char *text = getenv(variable);
    return text && atof(text) > 0 ? atof(text) : standard;
}

/* What a program in this crowd may not say. */
static bool is_busy(const char *text)
{
    return strstr(text, "locked") || strstr(text, "is writing") || strstr(text, "busy");
}

/* Runs it; its stdout, NULL when it failed or complained, and then the tube has why. */
static char *run_one(int tube, const char *const *arguments)
{
    char text[1000];
    command_result r = command_run(arguments);
    if (r.status == 0 && !is_busy(r.err)) {
        free(r.err);
        return r.out;
    }
    snprintf(text, sizeof text, "epochal %s: exit status %d: %.800s", arguments[0], r.status, r.err);
    killing_say(tube, text);
    command_free(&r);
    return NULL;
}
#define RUN(tube, ...) run_one(tube, (const char *const[]){__VA_ARGS__, NULL})

static bool complain(int tube, const char *what, int64_t a, int64_t b)
{
    char text[200];
    snprintf(text, sizeof text, "%s: %lld, %lld", what, (long long)a, (long long)b);
    killing_say(tube, text);
    return false;
}

/* Whole files only, and never fewer than before. */
static bool is_whole(int tube, const char *who, int64_t files, int64_t objects, int64_t stamps, int64_t *before)
{
    if (objects != files) return complain(tube, who, files, objects);
    if (stamps != STAMPS * files) return complain(tube, who, files, stamps);
    if (files < *before) return complain(tube, who, *before, files);
    *before = files;
    return true;
}

/* --- the crowd: each returns how often it went round, -1 when something was wrong
 * ------------------------------------------------ */

/* Imports folder after folder, at a pace that fills the time; classifies now and then. */
static int writer(int tube, int number)
{
    const double start = now(), pace = (until - start) / MOST_FOLDERS;
    int done = 0;
    (void)number;
    for (; done < MOST_FOLDERS && now() < until; done++) {
        char name[64], path[512];
        snprintf(path, sizeof path, "%s/n%d", folder, done);
        mkdir(path, 0777);
        for (int k = 0; k < FILES; k++) {
            snprintf(name, sizeof name, "o%03d%d.fits", done, k);
            tao_plain(temp_path(path, name), done % 8, NIGHTS);
        }
        char *out =
            RUN(tube, "import", "--db", db, "--format", "tao", "--class", done % 2 ? "SN" : "NON", "--quiet", path);
        if (!out) return -1;
        free(out);
        if (done % 8 == 7) {
            if (!(out = RUN(tube, "classify", "--db", db, "--model", model, "--quiet", "--output", "csv"))) return -1;
            free(out);
        }
        const double early = start + pace * (done + 1) - now();
        if (early > 0) usleep((useconds_t)(early * 1e6));
    }
    return done;
}

static int asks(int tube, int number)
{
    int done = 0;
    int64_t before = 0;
    (void)number;
    for (; now() < until; done++) {
        char *out = done % 4 == 3 ? RUN(tube, "info", "--db", db, "--check", "--quiet", "--output", "json")
                                  : RUN(tube, "info", "--db", db, "--output", "json");
        if (!out) return -1;
        json_t *all = json_loads(out, 0, NULL);
        const bool fine = is_whole(tube, "info", json_integer_value(json_object_get(all, "files")),
                                   json_integer_value(json_object_get(all, "objects")),
                                   json_integer_value(json_object_get(all, "stamps")), &before);
        json_decref(all);
        free(out);
        if (!fine) return -1;
    }
    return done;
}

static int exports(int tube, int number)
{
    int done = 0;
    int64_t before = 0;
    char path[512];
    snprintf(path, sizeof path, "%s/export%d.csv", folder, number);
    for (; now() < until; done++) {
        char *out = RUN(tube, "export", "--db", db, "--format", "csv", "--table", "stamps", "--out", path, "--quiet");
        if (!out) return -1;
        free(out);
        size_t size;
        int64_t lines = -1; /* the header */
        unsigned char *text = read_file(path, &size);
        for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
        free(text);
        if (!is_whole(tube, "export", lines / STAMPS, lines / STAMPS, lines, &before)) return -1;
    }
    return done;
}

/* A handle that stays open, and views that do not change while they are held. */
static int reads(int tube, int number)
{
    int done = 0;
    int64_t before = 0;
    epo_store *store = NULL;
    (void)number;
    if (epo_store_open(db, EPO_STORE_READ, &store) != EPO_OK) {
        killing_say(tube, epo_error_message());
        return -1;
    }
    for (bool fine = true; fine && now() < until; done++) {
        epo_store_contents first, second;
        epo_status status = epo__store_begin(store);
        if (status == EPO_OK) status = epo_store_info(store, &first);
        usleep(2000);
        if (status == EPO_OK) status = epo_store_info(store, &second);
        if (status == EPO_OK) status = epo__store_commit(store);
        if (status == EPO_OK) {
            fine = is_whole(tube, "view", first.sources, first.objects, first.stamps, &before);
            if (second.stamps != first.stamps || second.runs != first.runs)
                fine = complain(tube, "a view changed", first.stamps, second.stamps);
            epo_store_info_free(&first);
            epo_store_info_free(&second);
        } else {
            killing_say(tube, epo_error_message());
            fine = false;
        }
        if (!fine) done = -2;
    }
    epo_store_close(store);
    return done;
}

/* Reads everything in one view, and is a second writer, who waits for its turn. */
static int classifies(int tube, int number)
{
    int done = 0;
    (void)number;
    for (; now() < until; done++) {
        char *out = RUN(tube, "classify", "--db", db, "--model", model, "--quiet", "--output", "csv", "--threads", "2");
        if (!out) return -1;
        free(out);
        if (until - now() > 60) sleep(2); /* its scores are kept, run after run */
    }
    return done;
}

typedef struct member {
    const char *name;
    int (*role)(int tube, int number);
    int number, tube;
    pid_t child;
} member;

static member start(const char *name, int (*role)(int, int), int number)
{
    member m = {.name = name, .role = role, .number = number};
    int ends[2];
    char text[64];
    assert_int_equal(pipe(ends), 0);
    m.child = fork();
    assert_true(m.child >= 0);
    if (m.child == 0) {
        close(ends[0]);
        const int done = role(ends[1], number);
        snprintf(text, sizeof text, "%d times", done);
        killing_say(ends[1], text);
        _exit(done > 0 ? 0 : 1);
    }
    close(ends[1]);
    m.tube = ends[0];
    return m;
}

static void finish(const member *m)
{
    char said[2048];
    size_t size = 0;
    for (ssize_t got; (got = read(m->tube, said + size, sizeof said - 1 - size)) > 0;) size += (size_t)got;
    said[size] = '\0';
    close(m->tube);
    int how;
    assert_int_equal(waitpid(m->child, &how, 0), m->child);
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0) fail_msg("%s: status %d: %s", m->name, how, said);
    print_message("%s %d: %s", m->name, m->number, said);
}

static int make_model(void *context, int tube)
{
    char net[512];
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    epo_model *made = NULL;
    (void)context;
    (void)tube;
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    write_file(net, network, sizeof network - 1);
    options.net = net;
    return epo_model_create(&options, &made) == EPO_OK && epo_model_save(made, model) == EPO_OK ? 0 : 1;
}

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    snprintf(model, sizeof model, "%s/tiny.safetensors", folder);
    killed made = run_and_kill(make_model, NULL, -1);
    free(made.said);
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    epo_store_close(store);
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static void nobody_fails_and_all_see_whole_files(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int (*role)(int, int);
    } roles[] = {{"info", asks}, {"export", exports}, {"library", reads}, {"classify", classifies}};
    const int readers = (int)fmin(wanted("EPOCHAL_READERS", READERS), MOST_READERS);
    member crowd[MOST_READERS + 1];
    until = now() + wanted("EPOCHAL_MANY_SECONDS", SECONDS);
    crowd[0] = start("writer", writer, 0);
    for (int i = 0; i < readers; i++) crowd[i + 1] = start(roles[i % 4].name, roles[i % 4].role, i);
    for (int i = 0; i <= readers; i++) finish(&crowd[i]);
    epo_store *store;
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    check_ok(epo_store_check(store, NULL));
    epo_store_close(store);
    check_rows(db, "SELECT count(*) FROM runs WHERE status <> 'done'", "0\n");
    check_rows(db, "SELECT run, object FROM class_scores GROUP BY run, object HAVING count(*) <> 2", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_fails_and_all_see_whole_files)};
    return cmocka_run_group_tests(tests, begin, end);
}
