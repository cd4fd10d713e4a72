/* SPDX-License-Identifier: BSD-3-Clause
 * bench.c - what the benchmarks of `epochal bench` share: the clock, memory, and printing. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

double cli_bench_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int cli_bench_by_time(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* By /proc where there is one; getrusage counts from the start of the process. */
double cli_bench_memory(void)
{
    char line[128];
    double kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0) kib = strtod(line + 6, NULL);
    if (status) fclose(status);
    struct rusage usage;
    if (kib <= 0 && getrusage(RUSAGE_SELF, &usage) == 0) kib = (double)usage.ru_maxrss;
    return kib / 1024;
}

void cli_bench_memory_begin(void)
{
    FILE *marks = fopen("/proc/self/clear_refs", "w");
    if (!marks) return;
    fputs("5", marks); /* proc(5): the peak is what is in use now */
    fclose(marks);
}

void cli_bench_about(bench *b, const epo_model_info *info, int batch, const char *precision)
{
    snprintf(b->net, sizeof b->net, "%s", info->name);
    b->size = info->height > info->width ? info->height : info->width;
    b->batch = batch;
    b->precision = precision;
}

static void put_count(cli_output *output, int value)
{
    if (value)
        cli_put_int(output, value);
    else
        cli_put_absent(output);
}

double cli_bench_rounded(double value)
{
    char text[32]; /* four digits are more than a timing holds */
    snprintf(text, sizeof text, "%.4g", value);
    return strtod(text, NULL);
}

void cli_bench_measure(bench *b, const char *what, double value, const char *unit)
{
    cli_put_text(b->output, b->call->operands[0]);
    cli_put_text(b->output, what);
    cli_put_real(b->output, cli_bench_rounded(value));
    cli_put_text(b->output, unit);
    if (*b->net)
        cli_put_text(b->output, b->net);
    else
        cli_put_absent(b->output);
    put_count(b->output, b->size);
    put_count(b->output, b->batch);
    put_count(b->output, b->threads);
    if (b->precision)
        cli_put_text(b->output, b->precision);
    else
        cli_put_absent(b->output);
    cli_row_end(b->output);
}

void cli_bench_rounds(bench *b, double work, const char *rate_unit)
{
    qsort(b->times, b->rounds, sizeof *b->times, cli_bench_by_time);
    double median = b->times[b->rounds / 2];
    cli_bench_measure(b, "median", 1e3 * median, "ms");
    cli_bench_measure(b, "fastest", 1e3 * b->times[0], "ms");
    cli_bench_measure(b, "slowest", 1e3 * b->times[b->rounds - 1], "ms");
    if (rate_unit && median > 0) cli_bench_measure(b, "rate", work / median, rate_unit);
    cli_bench_measure(b, "peak memory", cli_bench_memory(), "MiB");
}

epo_status cli_bench_count_triplets(void *context, const epo_score *score)
{
    *(uint64_t *)context += score->error ? 0 : (uint64_t)score->triplets;
    return EPO_OK;
}

epo_score_options cli_bench_scoring(const bench *b)
{
    epo_score_options score = EPO_SCORE_OPTIONS_INIT;
    score.threads = b->options->common.threads;
    score.batch = b->options->batch ? b->options->batch : BENCH_BATCH;
    score.command_line = b->call->command_line;
    return score;
}
