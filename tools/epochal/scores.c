/* SPDX-License-Identifier: BSD-3-Clause
 * scores.c - what score and classify share. */
#include "scores.h"

#include <string.h>

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

const char *cli_precision_word(size_t index, const char **about)
{
    static const char *const abouts[] = {"single precision", "bfloat16: two to three times as fast on a processor with AMX",
                                         "whole numbers of 8 bits: fast with AMX or AVX512_VNNI, and less exact", "bf16 where it is fast, else f32"};
    if (index >= sizeof abouts / sizeof *abouts) return NULL;
    *about = abouts[index];
    return epo_precision_name((epo_precision)index);
}

size_t cli_word_index(const char *(*word)(size_t index, const char **about), const char *wanted)
{
    const char *about;
    size_t index = 0;
    while (strcmp(word(index, &about), wanted) != 0) index++;
    return index;
}

epo_precision cli_precision(const cli_call *call)
{
    const cli_common *common = call->options; /* what every options struct begins with */
    const epo_precision wanted = (epo_precision)cli_word_index(cli_precision_word, common->precision);
    if (!epo_precision_is_fast(wanted))
        cli_note("this processor has no fast instructions for %s: it takes longer than f32", common->precision);
    return wanted;
}

void cli_model_precision(epo_model *model, const cli_call *call)
{
    epo_model_set_precision(model, cli_precision(call));
}

int cli_store_open(const cli_call *call, epo_store_mode mode, epo_store **out)
{
    const cli_common *common = call->options; /* what every options struct begins with */
    epo_status status = epo_store_open(common->db, mode, out);
    if (status != EPO_OK) return cli_failed(status);
    status = epo_store_set_labels_as_of(*out, common->labels_as_of);
    if (status == EPO_OK) return CLI_OK;
    epo_store_close(*out);
    *out = NULL;
    return cli_usage(call->command, "%s", epo_error_message());
}

/* --- dropout left on ----------------------------------------------------------------------------------------------------- */

int cli_dropout_check(const cli_command *command, const cli_dropout *dropout)
{
    if (dropout->bins && !dropout->passes) return cli_usage(command, "--mc-histogram needs --mc-passes");
    if (dropout->bins > CLI_MOST_BINS) return cli_usage(command, "--mc-histogram %d: at most %d", dropout->bins, (int)CLI_MOST_BINS);
    return CLI_OK;
}

void cli_dropout_columns(cli_column columns[CLI_DROPOUT_COLUMNS])
{
    static const char *const names[CLI_DROPOUT_COLUMNS] = {"sd", "over_half", "confidence", "bald"};
    for (int i = 0; i < CLI_DROPOUT_COLUMNS; i++) columns[i] = (cli_column){.name = names[i], .number = true};
}

void cli_put_dropout(cli_output *output, const epo_uncertainty *u)
{
    if (!u) {
        for (int i = 0; i < CLI_DROPOUT_COLUMNS; i++) cli_put_absent(output);
        return;
    }
    cli_put_score(output, u->sd);
    cli_put_score(output, u->over_half);
    cli_put_score(output, u->confidence);
    cli_put_score(output, u->bald);
}

void cli_histogram_columns(cli_column columns[CLI_HISTOGRAM_COLUMNS])
{
    static const char *const names[CLI_HISTOGRAM_COLUMNS] = {"id", "class", "from", "to", "passes", "error"};
    for (int i = 0; i < CLI_HISTOGRAM_COLUMNS; i++) columns[i] = (cli_column){.name = names[i], .number = i >= 2 && i <= 4};
}

/* Bins of equal width from 0 to 1; 1 itself lies in the last. */
static int64_t count_scores(const epo_uncertainty *u, int bin, int bins)
{
    int64_t count = 0;
    for (size_t i = 0; i < u->passes; i++) {
        int in = (int)(u->scores[i] * bins);
        count += (in < bins ? in : bins - 1) == bin;
    }
    return count;
}

epo_status cli_put_histogram(cli_scores *s, const epo_score *score)
{
    int bins = s->dropout.bins;
    for (int i = 0; i < (score->error ? 1 : bins); i++) {
        cli_put_text(s->output, score->id);
        if (score->error) {
            for (int k = 0; k < CLI_HISTOGRAM_COLUMNS - 2; k++) cli_put_absent(s->output);
            cli_put_text(s->output, score->error);
        } else {
            cli_put_text(s->output, s->head->classes[score->uncertainty->class_index]);
            cli_put_score(s->output, (double)i / bins);
            cli_put_score(s->output, (double)(i + 1) / bins);
            cli_put_int(s->output, count_scores(score->uncertainty, i, bins));
            cli_put_absent(s->output);
        }
        cli_row_end(s->output);
    }
    cli_progress(++s->done);
    return cli_output_failed(s->output) ? EPO_ECANCELLED : EPO_OK;
}

void cli_scores_reused(const epo_score_summary *summary, const char *what)
{
    if (summary->reused) cli_detail("encodings of %llu %s were in the store", (unsigned long long)summary->reused, what);
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
    cli_scores_reused(summary, what);
    if (summary->run) cli_detail("run %lld of the store", (long long)summary->run);
    return summary->refused > 0 ? CLI_BAD_INPUT : CLI_OK;
}
