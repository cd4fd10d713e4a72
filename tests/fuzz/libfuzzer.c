/* SPDX-License-Identifier: BSD-3-Clause
 * libfuzzer.c - the targets under libFuzzer (`make fuzz`, tools/fuzz.sh). $FUZZ_TARGET says which; `--words NAME`
 * prints its words as a dictionary. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const fuzz_target *target;

static void print_words(const fuzz_target *of)
{
    for (size_t i = 0; of->words[i]; i++) {
        putchar('"');
        for (const char *c = of->words[i]; *c; c++)
            if (isalnum((unsigned char)*c) || *c == ' ' || *c == '=')
                putchar(*c);
            else
                printf("\\x%02x", (unsigned)(unsigned char)*c);
        puts("\"");
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_TARGET");
    if (*argc == 3 && strcmp((*argv)[1], "--words") == 0) {
        const fuzz_target *of = fuzz_target_find((*argv)[2]);
        if (of) print_words(of);
        exit(of ? 0 : 2);
    }
    if (*argc == 2 && strcmp((*argv)[1], "--targets") == 0) {
        for (size_t i = 0; fuzz_targets[i]; i++) printf("%s %zu\n", fuzz_targets[i]->name, fuzz_targets[i]->max_size);
        exit(0);
    }
    target = name ? fuzz_target_find(name) : NULL;
    if (!target) {
        fprintf(stderr, "FUZZ_TARGET=%s is none of the targets\n", name ? name : "");
        exit(2);
    }
    return 0;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* libFuzzer's own limit is of the clock on the wall, which on a busy machine is not the parser's fault. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const double start = seconds();
    target->run(bytes, size);
    if (seconds() - start > 1) {
        fprintf(stderr, "%s: over a second\n", target->name);
        abort();
    }
    return 0;
}
