/* SPDX-License-Identifier: BSD-3-Clause
 * bench_scores.c - epochal bench alerts and stamp: from files to scores. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "message.h"
#include "scores.h"
#include "scratch.h"

/* Format 1.0 of npy: magic, header length, header, values. The noise comes from a linear congruence (Knuth's MMIX). */
int cli_bench_make_stamp(bench *b, const epo_model *model)
{
    epo_model_info info;
    epo_model_get_info(model, &info);
    int result = cli_scratch_begin();
    if (result != CLI_OK) return result;
    cli_scratch_path("stamp.npy", b->made, sizeof b->made);
    FILE *out = fopen(b->made, "wbe");
    if (!out) {
        cli_error("%s: %s", b->made, strerror(errno));
        return CLI_FAILED;
    }
    char header[118] = "";
    int n = snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, %d, %d, %d), }",
                     info.height, info.width, info.planes);
    memset(header + n, ' ', sizeof header - (size_t)n);
    header[sizeof header - 1] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, out); /* 10 + 118 is a multiple of 64, as the format wants */
    fwrite(header, 1, sizeof header, out);
    uint64_t state = 1;
    for (int y = 0; y < info.height; y++)
        for (int x = 0; x < info.width; x++)
            for (int p = 0; p < info.planes; p++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                int dx = x - info.width / 2, dy = y - info.height / 2;
                float value = (float)(state >> 40) / 16777216.0F + (dx * dx + dy * dy < 16 ? 5.0F : 0.0F);
                fwrite(&value, sizeof value, 1, out);
            }
    bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad) {
        cli_error("%s: cannot be written: %s", b->made, strerror(errno));
        return CLI_FAILED;
    }
    return CLI_OK;
}

static int bench_scores(bench *b, bool one_stamp)
{
    epo_model *model = NULL;
    epo_scorer *scorer = NULL;
    epo_score_summary summary = {0};
    epo_score_options score = cli_bench_scoring(b);
    epo_model_info info;
    uint64_t unused = 0;
    if (!b->options->common.model) return cli_usage(b->call->command, "--model FILE is needed");
    int result = cli_model_load(b->options->common.model, NULL, NULL, EPO_HEAD_STAMP, &model);
    if (result != CLI_OK) return result;
    cli_model_precision(model, b->call);
    epo_model_get_info(model, &info);
    cli_bench_about(b, &info, score.batch, epo_precision_name(info.precision));
    const char *const *paths = b->paths;
    size_t count = b->path_count;
    const char *made = b->made;
    if (count == 0 && one_stamp) {
        result = cli_bench_make_stamp(b, model);
        paths = &made;
        count = 1;
    } else if (count == 0) {
        result = cli_usage(b->call->command, "alerts: a PATH is needed");
    }
    if (result == CLI_OK) {
        epo_status status = epo_scorer_create(model, &score, &scorer);
        if (status != EPO_OK) result = cli_failed(status);
    }
    for (int i = 0; i <= b->options->rounds && result == CLI_OK; i++) {
        double start = cli_bench_seconds();
        epo_status status = epo_scorer_files(scorer, paths, count, cli_bench_count_triplets, &unused, &summary);
        double took = cli_bench_seconds() - start;
        if (status != EPO_OK) result = cli_failed(status);
        if (i > 0) b->times[b->rounds++] = took; /* the first round warms up */
    }
    epo_scorer_free(scorer);
    epo_model_free(model);
    if (result != CLI_OK) return result;
    if (summary.scored == 0) {
        cli_error("no stamp could be scored");
        return CLI_BAD_INPUT;
    }
    if (summary.refused) cli_bench_measure(b, "refused", (double)summary.refused, "stamps");
    cli_bench_measure(b, "scored", (double)summary.scored, "stamps a round");
    cli_bench_rounds(b, (double)summary.scored, "stamps/s");
    return CLI_OK;
}

int cli_bench_alerts(bench *b)
{
    return bench_scores(b, false);
}

int cli_bench_stamp(bench *b)
{
    return bench_scores(b, true);
}
