/* SPDX-License-Identifier: BSD-3-Clause
 * test_fuzz.c - every parser on 20,000 inputs that are damaged in many ways (corpus.h), always the same: no crash; no
 * input that takes over a second or 64 MiB; and nothing that is not given back. `make sanitize` runs it under the
 * sanitizers, `make fuzz` with libFuzzer. FUZZ_TURNS is another number of inputs. An input at which a parser fails is
 * left in $TMPDIR, or /tmp, and named. */
#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/corpus.h"
#include "support/check.h"

enum { TURNS = 20000, WARM = 2000, MOST_TARGETS = 32, MOST_KIB = 64 << 10, SLACK = 4 << 10 };

/* What is being run, for the one who looks at a failure. */
static const fuzz_target *now;
static uint8_t *bytes;
static size_t size;
static uint64_t turn;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* other programs' time is not ours */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static long peak_kib(void)
{
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    return used.ru_maxrss;
}

static size_t allocated(void)
{
    const struct mallinfo2 info = mallinfo2(); /* all zeros under a sanitizer, which sees leaks by itself */
    return info.uordblks + info.hblkhd;
}

/* The bytes at the end of a block of their own, so that a sanitizer sees one too many being read. */
static int run_once(void)
{
    uint8_t *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    if (size) memcpy(exact, bytes, size);
    const int taken = now->run(exact, size);
    free(exact);
    return taken;
}

static void parser_holds(void **state)
{
    fuzz_corpus corpus;
    const char *asked = getenv("FUZZ_TURNS");
    const uint64_t turns = asked ? strtoull(asked, NULL, 10) : TURNS;
    uint64_t taken = 0;
    double slowest = 0;
    size_t before = 0;
    now = *state;
    fuzz_corpus_read(now, &corpus);
    bytes = malloc(now->max_size);
    assert_non_null(bytes);
    const long peak = peak_kib();
    const double start = seconds();
    for (turn = 0; turn < turns; turn++) {
        if (turn == WARM) before = allocated(); /* what libraries keep for later, they have by then */
        size = fuzz_input(now, &corpus, turn, bytes);
        const double began = seconds();
        const int took = run_once();
        const double lasted = seconds() - began;
        if (turn < corpus.count && !took && strncmp(corpus.seeds[turn].name, "good", 4) == 0)
            fail_msg("%s: %s is refused: %s", now->name, corpus.seeds[turn].name, epo_error_message());
        if (lasted > slowest) slowest = lasted;
        if (lasted > 1) fail_msg("%s: input %llu takes %.1f s", now->name, (unsigned long long)turn, lasted);
        taken += (uint64_t)took;
    }
    const size_t after = allocated();
    print_message(
        "%s: %llu inputs, %llu taken as good, %.1f s, the slowest %.1f ms, %ld KiB more at the peak, %ld bytes kept\n",
        now->name, (unsigned long long)turns, (unsigned long long)taken, seconds() - start, 1000 * slowest,
        peak_kib() - peak, turns > WARM ? (long)(after - before) : 0);
    /* inputs that reach behind the parser's doors, and inputs that do not */
    if (turns >= TURNS) assert_true(taken > turns / 400 && taken < turns);
    if (turns > WARM && after > before + SLACK) fail_msg("%s: %zu bytes are not given back", now->name, after - before);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (peak_kib() - peak > MOST_KIB) fail_msg("%s: %ld KiB of memory", now->name, peak_kib() - peak);
#endif
    fuzz_corpus_free(&corpus);
    free(bytes);
    bytes = NULL;
}

/* After a crash too: cmocka catches it. */
static int keep_input(void **state)
{
    (void)state;
    if (!bytes) return 0;
    char path[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/fuzz-%s-%llu", folder && *folder ? folder : "/tmp", now->name,
             (unsigned long long)turn);
    write_file(path, bytes, size);
    print_message("%s: the input is %s\n", now->name, path);
    free(bytes);
    bytes = NULL;
    return 0;
}

/* malloc counts what it keeps in a thread's cache as given out: without that cache, allocated() is exact. */
static void without_cache(char **argv)
{
    static const char name[] = "GLIBC_TUNABLES", value[] = "glibc.malloc.tcache_count=0";
    if (getenv(name)) return;
    setenv(name, value, 1);
    execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    (void)argc;
    without_cache(argv);
    struct CMUnitTest tests[MOST_TARGETS];
    size_t count = 0;
    for (; fuzz_targets[count] && count < MOST_TARGETS; count++)
        tests[count] = (struct CMUnitTest){.name = fuzz_targets[count]->name,
                                           .test_func = parser_holds,
                                           .teardown_func = keep_input,
                                           .initial_state = (void *)(uintptr_t)fuzz_targets[count]};
    return _cmocka_run_group_tests("fuzz", tests, count, NULL, NULL);
}
