/* SPDX-License-Identifier: BSD-3-Clause
 * bench_gru.c - epochal bench gru: the sequence head alone, forward and in a training step. */
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "epochal/bench.h"
#include "epochal/system.h"
#include "message.h"

enum {
    MOST_SEQUENCES = 4096,
    FEW_ROUNDS = 5 /* that tell how many fit into --seconds */
};

/* 5 to 40 steps, spread evenly, in no order; one sequence alone has 22. */
static void choose_lengths(int *lengths, size_t count, int *steps)
{
    *steps = 0;
    for (size_t i = 0; i < count; i++) {
        lengths[i] = count == 1 ? 22 : (int)(5 + i * 23 % 36);
        *steps += lengths[i];
    }
}

/* Times one of both kinds of rounds for about --seconds; sorted in *times. */
static epo_status time_rounds(const bench *b, epo_model *model, const int *lengths, size_t count, bool training,
                              double *times, int *rounds)
{
    const int threads = b->options->common.threads;
    epo_status status =
        epo_bench_head(model, lengths, count, threads, FEW_ROUNDS, training ? NULL : times, training ? times : NULL);
    if (status != EPO_OK) return status;
    qsort(times, FEW_ROUNDS, sizeof *times, cli_bench_by_time);
    const double wanted = b->options->seconds / fmax(times[FEW_ROUNDS / 2], 1e-9);
    *rounds = wanted < FEW_ROUNDS ? FEW_ROUNDS : wanted > BENCH_ROUNDS ? BENCH_ROUNDS : (int)wanted;
    status = epo_bench_head(model, lengths, count, threads, *rounds, training ? NULL : times, training ? times : NULL);
    if (status == EPO_OK) qsort(times, (size_t)*rounds, sizeof *times, cli_bench_by_time);
    return status;
}

static epo_status print(bench *b, double macs, int count, int steps, bool training, int rounds)
{
    const double median = b->times[rounds / 2], flops = 2 * macs * steps * (training ? 3 : 1) / median;
    double rate;
    epo_status status = epo_system_matrix_rate(b->options->common.threads, &rate);
    if (status != EPO_OK) return status;
    cli_put_text(b->output, b->options->net);
    cli_put_text(b->output, training ? "training step" : "forward");
    cli_put_int(b->output, count);
    cli_put_int(b->output, steps);
    cli_put_int(b->output, b->threads);
    cli_put_text(b->output, "f32");
    cli_put_int(b->output, rounds);
    cli_put_real(b->output, cli_bench_rounded(1e3 * median));
    cli_put_real(b->output, cli_bench_rounded(count / median));
    cli_put_real(b->output, cli_bench_rounded(steps / median));
    cli_put_real(b->output, cli_bench_rounded(1e-9 * flops));
    cli_put_real(b->output, cli_bench_rounded(1e-9 * rate));
    cli_put_real(b->output, cli_bench_rounded(100 * flops / rate));
    cli_put_real(b->output, cli_bench_rounded(cli_bench_memory()));
    cli_row_end(b->output);
    return EPO_OK;
}

static epo_status measure(bench *b, epo_model *model, int count)
{
    int *lengths = calloc((size_t)count, sizeof *lengths), steps, rounds;
    epo_model_info info;
    epo_status status = lengths ? EPO_OK : EPO_ENOMEM;
    epo_model_get_info(model, &info);
    if (lengths) choose_lengths(lengths, (size_t)count, &steps);
    for (int training = 0; training < 2 && status == EPO_OK; training++) {
        cli_bench_memory_begin();
        status = time_rounds(b, model, lengths, (size_t)count, training, b->times, &rounds);
        if (status == EPO_OK)
            status = print(b, (double)info.heads[EPO_HEAD_SEQUENCE].macs, count, steps, training, rounds);
    }
    free(lengths);
    return status;
}

int cli_bench_gru(bench *b)
{
    static const cli_column columns[] = {
        {.name = "net"},
        {.name = "work"},
        {.name = "batch", .number = true},
        {.name = "steps", .number = true},
        {.name = "threads", .number = true},
        {.name = "precision"},
        {.name = "rounds", .number = true},
        {.name = "median_ms", .number = true},
        {.name = "sequences_per_s", .number = true},
        {.name = "steps_per_s", .number = true},
        {.name = "gflop_per_s", .number = true},
        {.name = "matrix_gflop_per_s", .number = true},
        {.name = "share_percent", .number = true},
        {.name = "peak_mib", .number = true},
    };
    static const int usual[] = {1, 32};
    const bench_options *o = b->options;
    epo_model_options random = EPO_MODEL_OPTIONS_INIT;
    epo_model *model = NULL;
    random.net = o->net;
    if (b->path_count > 0) return cli_usage(b->call->command, "gru takes no PATH");
    if (o->batch > MOST_SEQUENCES) return cli_usage(b->call->command, "--batch takes 1 to %d", MOST_SEQUENCES);
    epo_status status = epo_model_create(&random, &model);
    if (status != EPO_OK) return cli_failed(status);
    cli_table_begin(b->output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < (o->batch ? 1 : sizeof usual / sizeof *usual) && status == EPO_OK; i++)
        status = measure(b, model, o->batch ? o->batch : usual[i]);
    cli_table_end(b->output);
    epo_model_free(model);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}
