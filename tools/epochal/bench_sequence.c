/* SPDX-License-Identifier: BSD-3-Clause
 * bench_sequence.c - epochal bench sequence: the objects of a store through encoder and sequence head. */
#include "bench.h"
#include "message.h"
#include "scores.h"

int cli_bench_sequence(bench *b)
{
    if (!b->options->common.model || !b->options->common.db)
        return cli_usage(b->call->command, "--model FILE and --db FILE are needed");
    epo_model *model = NULL;
    epo_store *store = NULL;
    epo_score_summary summary = {0};
    epo_score_options score = cli_bench_scoring(b);
    epo_model_info info;
    uint64_t triplets = 0;
    int result = cli_model_load(b->options->common.model, NULL, NULL, EPO_HEAD_SEQUENCE, &model);
    if (result != CLI_OK) return result;
    cli_model_precision(model, b->call);
    epo_model_get_info(model, &info);
    cli_bench_about(b, &info, score.batch, epo_precision_name(info.precision));
    epo_status status = epo_store_open(b->options->common.db, EPO_STORE_WRITE, &store);
    for (int i = 0; i <= b->options->rounds && status == EPO_OK; i++) {
        triplets = 0;
        double start = cli_bench_seconds();
        status = epo_classify_store(model, store, &score, cli_bench_count_triplets, &triplets, &summary);
        if (i > 0) b->times[b->rounds++] = cli_bench_seconds() - start;
    }
    epo_store_close(store);
    epo_model_free(model);
    if (status != EPO_OK) return cli_failed(status);
    cli_bench_measure(b, "classified", (double)summary.scored, "objects a round");
    cli_bench_rounds(b, (double)triplets, "triplets/s");
    return CLI_OK;
}
