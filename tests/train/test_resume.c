/* SPDX-License-Identifier: BSD-3-Clause
 * test_resume.c - trainings that are killed or stopped, and go on to the same bytes.
 *
 * Every training runs in a child: a process that has had threads of OpenMP must not be copied. EPOCHAL_KILLS=2000 kills as often. */
#include "train/toy.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/rng.h"
#include "data/importing.h"
#include "formats/digest.h"
#include "support/killing.h"

typedef struct stop {
    uint64_t left; /* events until the training is told to stop; 0: never */
    int heard;     /* a line goes here for each event; -1: nowhere */
} stop;

enum { KILLS = 50, KILLS_A_TRAINING = 8 };

static epo_status count_down(void *context, const epo_train_event *event)
{
    stop *s = context;
    char line[64] = "step";
    if (!isnan(event->validation_loss)) snprintf(line, sizeof line, "%s %d", event->stage, event->epoch);
    if (s->heard >= 0 && !killing_say(s->heard, line)) return EPO_EIO;
    return s->left && --s->left == 0 ? EPO_ECANCELLED : EPO_OK;
}

static const char *labels_as_of; /* of the trainings that are started */

/* Starts a training; its status is the child's exit status, its message goes to OUT.message. */
static pid_t start_heard(const toy *t, const epo_train_options *options, uint64_t events, int heard)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) return child;
    char path[600];
    epo_store *store = NULL;
    epo_train_summary summary;
    stop s = {events, heard};
    epo_status status = epo_store_open(t->made.path, EPO_STORE_WRITE, &store);
    if (status == EPO_OK) status = epo_store_set_labels_as_of(store, labels_as_of);
    if (status == EPO_OK) status = epo_train(store, options, count_down, &s, &summary);
    epo_store_close(store);
    snprintf(path, sizeof path, "%s.message", options->out);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(status == EPO_OK ? "" : epo_error_message(), file);
        fclose(file);
    }
    _exit((int)status);
}

static pid_t start(const toy *t, const epo_train_options *options, uint64_t events)
{
    return start_heard(t, options, events, -1);
}

/* The status it ended with, -1 when it was killed. */
static int wait_for(pid_t child)
{
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (WIFSIGNALED(how) && WTERMSIG(how) != SIGKILL) fail_msg("the training ended by signal %d", WTERMSIG(how));
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static void finish(const toy *t, const epo_train_options *options)
{
    int status = wait_for(start(t, options, 0));
    if (status == EPO_OK) return;
    char path[600];
    size_t size;
    snprintf(path, sizeof path, "%s.message", options->out);
    fail_msg("training: status %d: %.300s", status, (char *)read_file(path, &size));
}

static void expect_message(const epo_train_options *options, const char *part)
{
    char path[600];
    size_t size;
    snprintf(path, sizeof path, "%s.message", options->out);
    unsigned char *text = read_file(path, &size);
    if (!memmem(text, size, part, strlen(part))) fail_msg("message \"%.*s\" lacks \"%s\"", (int)size, (char *)text, part);
    free(text);
}

static char whole[65]; /* of the training that nothing happened to */
static uint32_t whole_events;

/* Appends the next line of a training. */
static bool hear_line(FILE *heard, char said[8192])
{
    const size_t used = strlen(said);
    return fgets(said + used, (int)(8192 - used), heard) != NULL;
}

/* Starts a training and waits for so many events, or for its end; returns how many came. */
static uint32_t listen_to(const toy *t, const epo_train_options *options, uint32_t events, pid_t *child, FILE **heard, char said[8192])
{
    int ends[2];
    uint32_t count = 0;
    assert_int_equal(pipe(ends), 0);
    *child = start_heard(t, options, 0, ends[1]);
    close(ends[1]);
    *heard = fdopen(ends[0], "r"); /* closed now, it would end the training */
    assert_non_null(*heard);
    said[0] = '\0';
    while (count < events && hear_line(*heard, said)) count++;
    return count;
}

static int begin(void **state)
{
    toy *t = calloc(1, sizeof *t);
    toy_begin(t);
    t->options.checkpoint_steps = 1;
    t->options.with_realbogus = true; /* two feeds, each with its position */
    if (getenv("EPOCHAL_KILLS")) t->options.threads = 2;
    pid_t child;
    FILE *heard;
    char said[8192];
    whole_events = listen_to(t, &t->options, UINT32_MAX, &child, &heard, said);
    fclose(heard);
    assert_int_equal(wait_for(child), EPO_OK);
    check_ok(epo__sha256_file(t->out, whole));
    *state = t;
    return 0;
}

static int end(void **state)
{
    toy_end(*state);
    free(*state);
    return 0;
}

static epo_train_options another(const toy *t, char out[600], const char *name)
{
    epo_train_options o = t->options;
    snprintf(out, 600, "%s/%s.safetensors", t->made.folder, name);
    o.out = out;
    return o;
}

static void expect_whole(const epo_train_options *o)
{
    char sha[65], path[640];
    check_ok(epo__sha256_file(o->out, sha));
    assert_string_equal(sha, whole);
    snprintf(path, sizeof path, "%s.checkpoint", o->out);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_same_twice(void **state)
{
    const toy *t = *state;
    char out[600];
    epo_train_options o = another(t, out, "twice");
    finish(t, &o);
    expect_whole(&o);
}

/* Checkpoints are no part of the result; without one --resume begins at the beginning. */
static void test_nothing_to_resume(void **state)
{
    const toy *t = *state;
    char out[600];
    epo_train_options o = another(t, out, "fresh");
    o.checkpoint_steps = 0;
    o.resume = true;
    /* what a training that was killed while it wrote a checkpoint left there goes, what a running one writes stays */
    char stale[700], running[700];
    const pid_t gone = fork();
    if (gone == 0) _exit(0);
    assert_true(waitpid(gone, NULL, 0) == gone);
    snprintf(stale, sizeof stale, "%s.checkpoint.%ld-3.tmp", out, (long)gone);
    snprintf(running, sizeof running, "%s.checkpoint.%ld-3.tmp", out, (long)getpid());
    write_file(stale, "half", 4);
    write_file(running, "half", 4);
    finish(t, &o);
    expect_whole(&o);
    assert_int_equal(access(stale, F_OK), -1);
    assert_int_equal(unlink(running), 0);
}

/* What a killed training leaves: a sound store, and in it the curves of every epoch that was told of. */
static void check_after_kill(const toy *t, const char *said)
{
    epo_store *store;
    check_ok(epo_store_open(t->made.path, EPO_STORE_READ, &store));
    check_ok(epo_store_check(store, NULL));
    epo_store_close(store);
    char *curves = rows(t->made.path, "SELECT 'step' UNION ALL SELECT replace(name, ' validation loss', '') || ' ' || epoch FROM curves "
                                      "WHERE run = (SELECT max(id) FROM runs) AND name LIKE '% validation loss'");
    check_said(said, curves);
    free(curves);
}

static void test_killed(void **state)
{
    const toy *t = *state;
    const int wanted = kills_wanted(KILLS);
    int kills = 0, trainings = 0;
    epo__rng rng = {.seed = kills_seed(2026), .stream = epo__rng_stream("kills")};
    for (; kills < wanted; trainings++) {
        char out[600], name[32];
        snprintf(name, sizeof name, "killed%d", trainings % 2);
        epo_train_options o = another(t, out, name);
        o.resume = true;
        unlink(out);
        for (int times = 0; times < KILLS_A_TRAINING && kills < wanted; times++) {
            pid_t child;
            FILE *heard;
            char said[8192];
            listen_to(t, &o, epo__rng_below(&rng, whole_events / 3), &child, &heard, said);
            usleep(epo__rng_below(&rng, 4000)); /* anywhere between two events */
            kill(child, SIGKILL);
            int status = wait_for(child);
            while (hear_line(heard, said)) {
            }
            fclose(heard);
            kills += status == -1;
            check_after_kill(t, said);
            if (status == EPO_OK) break;
            assert_int_equal(status, -1);
        }
        char checkpoint[640];
        snprintf(checkpoint, sizeof checkpoint, "%s.checkpoint", out);
        if (access(out, F_OK) != 0 || access(checkpoint, F_OK) == 0) finish(t, &o);
        expect_whole(&o);
    }
    print_message("%d kills of %d trainings\n", kills, trainings);
}

/* Stopped by its caller after every few events; one run in the store, done, with the whole curves. */
static void test_cancelled(void **state)
{
    const toy *t = *state;
    char out[600], sql[200];
    epo_train_options o = another(t, out, "cancelled");
    o.resume = true;
    double runs = toy_ask(t, "SELECT count(*) FROM runs");
    int status = EPO_ECANCELLED;
    for (int tries = 0; status == EPO_ECANCELLED && tries < 50; tries++) status = wait_for(start(t, &o, 7));
    assert_int_equal(status, EPO_OK);
    expect_whole(&o);
    assert_true(toy_ask(t, "SELECT count(*) FROM runs") == runs + 1);
    assert_true(toy_ask(t, "SELECT status = 'done' FROM runs ORDER BY id DESC LIMIT 1") == 1);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM curves WHERE run = (SELECT max(id) FROM runs)");
    assert_true(toy_ask(t, sql) == 3 * 2 * 4 + 2 * 2 * 2); /* stages, epochs, curves */
}

static void test_other_options(void **state)
{
    const toy *t = *state;
    char out[600];
    epo_train_options o = another(t, out, "other");
    assert_int_equal(wait_for(start(t, &o, 12)), EPO_ECANCELLED);
    o.resume = true;
    o.rate = 0.02;
    assert_int_equal(wait_for(start(t, &o, 0)), EPO_EARG);
    expect_message(&o, "other options");
    o.rate = t->options.rate;
    o.precision = "bf16";
    assert_int_equal(wait_for(start(t, &o, 0)), EPO_EARG);
    expect_message(&o, "other options");
    o.precision = t->options.precision;
    finish(t, &o);
    expect_whole(&o);
}

/* Labels of another date are another training. */
static void test_other_date(void **state)
{
    const toy *t = *state;
    char out[600], today[21];
    epo_train_options o = another(t, out, "date");
    epo__utc_now(today);
    today[10] = '\0';
    labels_as_of = today;
    assert_int_equal(wait_for(start(t, &o, 12)), EPO_ECANCELLED);
    o.resume = true;
    labels_as_of = NULL;
    assert_int_equal(wait_for(start(t, &o, 0)), EPO_EARG);
    expect_message(&o, "other options");
    expect_message(&o, today);
    labels_as_of = today;
    int status = wait_for(start(t, &o, 0));
    labels_as_of = NULL;
    assert_int_equal(status, EPO_OK);
}

static void test_damaged(void **state)
{
    const toy *t = *state;
    char out[600], path[640];
    size_t size;
    epo_train_options o = another(t, out, "damaged");
    assert_int_equal(wait_for(start(t, &o, 12)), EPO_ECANCELLED);
    snprintf(path, sizeof path, "%s.checkpoint", out);
    unsigned char *bytes = read_file(path, &size);
    o.resume = true;
    const size_t places[] = {4, 100, size / 2, size - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bytes[places[i]] ^= 0x10;
        write_file(path, bytes, size);
        assert_int_equal(wait_for(start(t, &o, 0)), EPO_EMODEL);
        expect_message(&o, path);
        bytes[places[i]] ^= 0x10;
    }
    write_file(path, bytes, size);
    free(bytes);
    finish(t, &o);
    expect_whole(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_twice),    cmocka_unit_test(test_nothing_to_resume), cmocka_unit_test(test_killed),
        cmocka_unit_test(test_cancelled),     cmocka_unit_test(test_other_options), cmocka_unit_test(test_other_date),     cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
