/* SPDX-License-Identifier: BSD-3-Clause
 * scores.c - what score and classify share. */
#include "scores.h"

#include "command.h"
#include "message.h"

int cli_model_open(const char *path, const char *net, const char *normalise, epo_model **out)
{
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = net;
    options.normalise = normalise;
    *out = NULL;
    epo_status status = epo_model_load(path, &options, out);
    if (status == EPO_OK) return CLI_OK;
    int result = cli_failed(status);
    bool file = status == EPO_ENOTFOUND || status == EPO_EIO || status == EPO_EFORMAT || status == EPO_ELIMIT || status == EPO_EUNSUPPORTED;
    return file ? CLI_BAD_MODEL : result;
}

int cli_model_load(const char *path, const char *net, const char *normalise, epo_head head, epo_model **out)
{
    int result = cli_model_open(path, net, normalise, out);
    if (result != CLI_OK) return result;
    epo_model_info info;
    epo_model_get_info(*out, &info);
    if (info.heads[head].present) return CLI_OK;
    const char *instead = info.heads[EPO_HEAD_STAMP].present     ? "it scores single stamps (epochal score)"
                          : info.heads[EPO_HEAD_TRIPLET].present ? "only the encoder's own was trained (epochal classify --head triplet)"
                                                                 : "it classifies sequences (epochal classify)";
    cli_error("%s: this %s has no %s head; %s", path, info.name, epo_head_name(head), instead);
    epo_model_free(*out);
    *out = NULL;
    return CLI_BAD_MODEL;
}

int cli_scores_end(cli_scores *scores, epo_status status, const epo_score_summary *summary, const char *what)
{
    cli_progress_end();
    int result = CLI_OK;
    if (status != EPO_OK) result = cli_failed(status);
    if (result == CLI_OK) cli_table_end(scores->output);
    int written = cli_output_close(scores->output);
    if (result == CLI_OK) result = written;
    if (result != CLI_OK) return result;
    cli_detail("%llu %s scored, %llu refused, in %.3f s (%.0f a second)", (unsigned long long)summary->scored, what,
               (unsigned long long)summary->refused, summary->seconds,
               summary->seconds > 0 ? (double)(summary->scored + summary->refused) / summary->seconds : 0.0);
    if (summary->run) cli_detail("run %lld of the store", (long long)summary->run);
    return summary->refused > 0 ? CLI_BAD_INPUT : CLI_OK;
}
