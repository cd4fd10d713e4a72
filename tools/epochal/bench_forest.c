/* SPDX-License-Identifier: BSD-3-Clause
 * bench_forest.c - epochal bench forest: training a forest, and predicting with it. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "epochal/forest.h"
#include "forest.h"
#include "message.h"

enum { ONE_ROW = 100 /* predictions of a single row that are timed together */ };

/* Median and fastest of the rounds. */
static void measure(bench *b, const char *what, double *times, size_t rounds, double units, const char *unit)
{
    char name[40];
    qsort(times, rounds, sizeof *times, cli_bench_by_time);
    snprintf(name, sizeof name, "%s, median", what);
    cli_bench_measure(b, name, units * times[rounds / 2], unit);
    snprintf(name, sizeof name, "%s, fastest", what);
    cli_bench_measure(b, name, units * times[0], unit);
}

/* One round: seconds to train, to predict all rows, to predict one. */
static epo_status time_round(const bench *b, const epo_forest_table *table, int round, double seconds[3])
{
    epo_forest_options how = EPO_FOREST_OPTIONS_INIT;
    epo_forest *forest = NULL;
    epo_forest_info info;
    how.trees = b->options->trees;
    how.threads = b->options->common.threads;
    how.seed = (uint64_t)round;
    double start = cli_bench_seconds();
    epo_status status = epo_forest_train(table, &how, &forest);
    seconds[0] = cli_bench_seconds() - start;
    if (status != EPO_OK) return status;
    epo_forest_get_info(forest, &info);
    double *means = cli_forest_means(&info, table->rows);
    start = cli_bench_seconds();
    if (means) status = epo_forest_predict(forest, table, how.threads, means);
    seconds[1] = cli_bench_seconds() - start;
    epo_forest_table one = *table;
    one.rows = 1;
    start = cli_bench_seconds();
    for (int i = 0; i < ONE_ROW && means && status == EPO_OK; i++)
        status = epo_forest_predict(forest, &one, how.threads, means);
    seconds[2] = (cli_bench_seconds() - start) / ONE_ROW;
    free(means);
    epo_forest_free(forest);
    return status;
}

int cli_bench_forest(bench *b)
{
    enum { ROUNDS = 100 };
    double times[3][ROUNDS];
    epo_forest_table table = {0};
    const int rounds = b->options->rounds < ROUNDS ? b->options->rounds : ROUNDS;
    if (b->path_count != 1) return cli_usage(b->call->command, "forest: a PATH is needed, a CSV with a column label");
    epo_status status = epo_forest_read_csv(b->paths[0], NULL, &table);
    for (int i = 0; i <= rounds && status == EPO_OK; i++) {
        double seconds[3] = {0};
        status = time_round(b, &table, i, seconds);
        for (size_t k = 0; k < 3 && i > 0; k++) times[k][i - 1] = seconds[k]; /* the first round warms up */
    }
    if (status == EPO_OK) {
        cli_bench_measure(b, "rows", (double)table.rows, "rows");
        measure(b, "training", times[0], (size_t)rounds, 1, "s");
        measure(b, "prediction", times[1], (size_t)rounds, 1e3, "ms");
        measure(b, "one row", times[2], (size_t)rounds, 1e6, "us");
    }
    epo_forest_table_free(&table);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}
