/* SPDX-License-Identifier: BSD-3-Clause
 * bench.h - what the benchmarks of `epochal bench` share. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "command.h"
#include "output.h"

typedef struct bench_options {
    cli_common common;
    const char *format, *net;
    int rounds, batch, trees;
} bench_options;

enum { BENCH_ROUNDS = 10000 };

/* A benchmark under way. */
typedef struct bench {
    const cli_call *call;
    const bench_options *options;
    const char *const *paths;
    size_t path_count;
    cli_output *output;
    double times[BENCH_ROUNDS]; /* seconds of each round */
    size_t rounds;
    char made[512]; /* the input that was made, "" when none was */
} bench;

double cli_bench_seconds(void); /* from an arbitrary start */

/* Prints one measure. */
void cli_bench_measure(bench *b, const char *what, double value, const char *unit);

/* Prints median and extremes of the rounds, how much of `work` that is in a second (rate_unit NULL: not), and memory.
 */
void cli_bench_rounds(bench *b, double work, const char *rate_unit);

/* Benchmarks with a file of their own; each returns the exit status. */
int cli_bench_train(bench *b);
int cli_bench_forest(bench *b);

#endif
