/* SPDX-License-Identifier: BSD-3-Clause
 * bench_encoder.c - epochal bench encoder: the encoder alone, with nothing read around it. */
#include "bench.h"
#include "epochal/bench.h"
#include "message.h"
#include "scores.h"

enum { MOST_BATCH = 4096 };

static void print(bench *b, const epo_bench_encoder_result *r, int batch)
{
    const double flops = 2 * r->macs * batch / r->median;
    cli_put_text(b->output, b->options->net);
    cli_put_int(b->output, r->height > r->width ? r->height : r->width);
    cli_put_int(b->output, batch);
    cli_put_int(b->output, b->threads);
    cli_put_text(b->output, epo_precision_name(r->precision));
    cli_put_int(b->output, r->rounds);
    cli_put_real(b->output, cli_bench_rounded(batch / r->median));
    cli_put_real(b->output, cli_bench_rounded(batch / r->fastest));
    cli_put_real(b->output, cli_bench_rounded(batch / r->slowest));
    cli_put_real(b->output, cli_bench_rounded(1e-9 * flops));
    cli_put_real(b->output, cli_bench_rounded(1e-9 * r->matrix_rate));
    cli_put_real(b->output, cli_bench_rounded(100 * flops / r->matrix_rate));
    cli_put_real(b->output, cli_bench_rounded(cli_bench_memory()));
    cli_row_end(b->output);
}

int cli_bench_encoder(bench *b)
{
    static const int usual[] = {1, 8, 32};
    static const cli_column columns[] = {
        {.name = "net"},
        {.name = "size", .number = true},
        {.name = "batch", .number = true},
        {.name = "threads", .number = true},
        {.name = "precision"},
        {.name = "rounds", .number = true},
        {.name = "triplets_per_s", .number = true},
        {.name = "fastest", .number = true},
        {.name = "slowest", .number = true},
        {.name = "gflop_per_s", .number = true},
        {.name = "matrix_gflop_per_s", .number = true},
        {.name = "share_percent", .number = true},
        {.name = "peak_mib", .number = true},
    };
    const bench_options *o = b->options;
    const int *batches = o->batch ? &o->batch : usual;
    const size_t count = o->batch ? 1 : sizeof usual / sizeof *usual;
    if (b->path_count > 0) return cli_usage(b->call->command, "encoder takes no PATH");
    if (o->batch > MOST_BATCH) return cli_usage(b->call->command, "--batch takes 1 to %d", MOST_BATCH);
    epo_status status = EPO_OK;
    const epo_precision precision = cli_precision(b->call);
    cli_table_begin(b->output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count && status == EPO_OK; i++) {
        epo_bench_encoder_options how = EPO_BENCH_ENCODER_OPTIONS_INIT;
        epo_bench_encoder_result result;
        how.net = o->net;
        how.side = o->size;
        how.batch = batches[i];
        how.threads = o->common.threads;
        how.seconds = o->seconds;
        how.precision = precision;
        cli_bench_memory_begin();
        status = epo_bench_encoder(&how, &result);
        if (status == EPO_OK) print(b, &result, batches[i]);
    }
    cli_table_end(b->output);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}
