/* SPDX-License-Identifier: BSD-3-Clause
 * bench.h - what the benchmarks of `epochal bench` share. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "command.h"
#include "epochal/model.h"
#include "epochal/score.h"
#include "output.h"

typedef struct bench_options {
    cli_common common;
    const char *format, *net;
    int rounds, batch, trees, size;
    double seconds;
} bench_options;

enum { BENCH_ROUNDS = 10000, BENCH_BATCH = 32 /* where --batch is not given */ };

/* A benchmark under way. */
typedef struct bench {
    const cli_call *call;
    const bench_options *options;
    const char *const *paths;
    size_t path_count;
    cli_output *output;
    double times[BENCH_ROUNDS]; /* seconds of each round */
    size_t rounds;
    char made[600]; /* the input that was made, "" when none was */

    /* what every row says about what was measured; "", 0 and NULL where it does not apply */
    char net[64];
    int size, batch, threads;
    const char *precision;
} bench;

double cli_bench_seconds(void);                         /* from an arbitrary start */
int cli_bench_by_time(const void *a, const void *b); /* const double *, for qsort */

/* Most memory in use, in MiB, since the beginning or the last call of cli_bench_memory_begin. */
double cli_bench_memory(void);
void cli_bench_memory_begin(void);

/* What the rows from here on are about. */
void cli_bench_about(bench *b, const epo_model_info *info, int batch, const char *precision);

/* Prints one measure. */
void cli_bench_measure(bench *b, const char *what, double value, const char *unit);

/* The same number with the digits that a timing has. */
double cli_bench_rounded(double value);

/* Prints median and extremes of the rounds, how much of `work` that is in a second (rate_unit NULL: not), and memory.
 */
void cli_bench_rounds(bench *b, double work, const char *rate_unit);

/* For benchmarks that score: options, and a callback that adds triplets to the uint64_t it is given. */
epo_score_options cli_bench_scoring(const bench *b);
epo_status cli_bench_count_triplets(void *context, const epo_score *score);

/* One stamp of what the model takes, as a npy file in a temporary file, b->made: a faint source on noise, the same at
 * every run. Returns the exit status. */
int cli_bench_make_stamp(bench *b, const epo_model *model);

/* The benchmarks; each returns the exit status. */
int cli_bench_encoder(bench *b); /* with a table of its own, as gru */
int cli_bench_gru(bench *b);
int cli_bench_alerts(bench *b);
int cli_bench_stamp(bench *b);
int cli_bench_startup(bench *b);
int cli_bench_import(bench *b);
int cli_bench_sequence(bench *b);
int cli_bench_train(bench *b);
int cli_bench_forest(bench *b);

#endif
