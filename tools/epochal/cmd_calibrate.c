/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_calibrate.c - epochal calibrate: a model whose probabilities are as large as they are right. */
#include <stdlib.h>

#include "commands.h"
#include "epochal/calibrate.h"
#include "message.h"
#include "output.h"
#include "scores.h"
#include "sources.h"

typedef struct calibrate_options {
    cli_common common;
    const char *split, *out, *net;
} calibrate_options;

#define PLACE(member) .place = offsetof(calibrate_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    CLI_OPTION_MODEL(true),
    {.name = "split",
     .kind = CLI_TEXT,
     .argument = "NAME:PART",
     PLACE(split),
     .needed = true,
     .help = "the objects to calibrate on, as main:validation; not those that the model is judged by"},
    {.name = "out",
     .kind = CLI_TEXT,
     .argument = "FILE",
     PLACE(out),
     .needed = true,
     .help = "weights file to be written"},
    {.name = "net",
     .kind = CLI_TEXT,
     .argument = "FILE",
     PLACE(net),
     .help = "network text for weights that have none in them, PyTorch's say"},
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static const cli_column columns[] = {
    {.name = "measure"},
    {.name = "before", .number = true},
    {.name = "after", .number = true},
};

static void print_row(cli_output *output, const char *name, double before, double after)
{
    cli_put_text(output, name);
    cli_put_score(output, before);
    cli_put_score(output, after);
    cli_row_end(output);
}

static int print(const calibrate_options *o, const epo_calibration *c, double before)
{
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    print_row(output, "temperature", before, before * c->temperature);
    print_row(output, "log_loss", c->log_loss_before, c->log_loss_after);
    print_row(output, "ece", c->ece_before, c->ece_after);
    print_row(output, "brier", c->brier_before, c->brier_after);
    cli_table_end(output);
    return cli_output_close(output);
}

/* The scores of the model in the store, and which head they are of. */
static int read_scores(const calibrate_options *o, epo_scored **out, epo_head *head)
{
    epo_store *store = NULL;
    epo_scored_info scored;
    cli_source from;
    const int found = cli_source_of_model(o->common.db, o->net, o->common.model, o->split, &from);
    if (found != CLI_OK) return found;
    const epo_evaluate_source source = {
        .sha256 = from.sha256, .split = o->split, .name = o->common.model, .remedy = from.remedy};
    epo_status status = epo_store_open(o->common.db, EPO_STORE_READ, &store);
    if (status == EPO_OK) status = epo_scored_read(store, &source, 1, out);
    epo_store_close(store);
    free(from.remedy);
    if (status != EPO_OK) return cli_failed(status);
    epo_scored_get_info(*out, &scored);
    *head = scored.stamps ? EPO_HEAD_STAMP : scored.triplet_head ? EPO_HEAD_TRIPLET : EPO_HEAD_SEQUENCE;
    if (scored.missing)
        cli_note("%lld objects of %s have no score, and do not count", (long long)scored.missing, o->split);
    return CLI_OK;
}

static int write_model(const calibrate_options *o, const epo_calibration *c, epo_head head)
{
    epo_model_options model = EPO_MODEL_OPTIONS_INIT;
    bool had_metrics;
    model.net = o->net;
    const epo_status status = epo_calibrated_save(o->common.model, &model, head, c->temperature, o->out, &had_metrics);
    if (status != EPO_OK) return cli_failed(status);
    if (c->at_limit)
        cli_note("the temperature is at its limit: these scores are always right, or say nothing; calibrate on others");
    if (had_metrics)
        cli_note("%s: the card's metrics are those of the scores before, and left out; epochal card adds new ones",
                 o->out);
    cli_note("%s: written, with the %s head calibrated on %lld %s of %s", o->out, epo_head_name(head),
             (long long)c->count, head == EPO_HEAD_STAMP ? "stamps" : "objects", o->split);
    return CLI_OK;
}

static int run(const cli_call *call)
{
    const calibrate_options *o = call->options;
    epo_model *model = NULL;
    epo_model_info info;
    epo_scored *scored = NULL;
    epo_calibration c;
    epo_head head = EPO_HEAD_SEQUENCE;
    int result = cli_model_open(o->common.model, o->net, NULL, &model);
    if (result != CLI_OK) return result;
    epo_model_get_info(model, &info);
    result = read_scores(o, &scored, &head);
    if (result == CLI_OK) {
        const epo_status status = epo_calibration_fit(scored, &c);
        result = status == EPO_OK ? write_model(o, &c, head) : cli_failed(status);
    }
    if (result == CLI_OK) result = print(o, &c, info.heads[head].temperature);
    epo_scored_free(scored);
    epo_model_free(model);
    return result;
}

const cli_command cmd_calibrate = {
    .name = "calibrate",
    .about = "Make a model's probabilities as large as they are right",
    .description = "Fits one number, the temperature T, to the scores that the model left in a store for --split, so "
                   "that their log loss is\n"
                   "least, and writes a copy of the model that carries it: classify and score then give p^(1/T), "
                   "divided by its sum over the\n"
                   "classes. T above 1 takes back confidence. The most probable class stays what it was; of real and "
                   "bogus also the order.\n\n"
                   "Calibrate on objects that the model was not trained on, and judge it on others again. A model that "
                   "is calibrated\n"
                   "already, and scored anew, is calibrated further: the temperatures multiply. Training from it "
                   "starts without one.",
    .examples = "epochal classify --db crts.db --model taonet.safetensors --split main:validation\n"
                "epochal calibrate --db crts.db --model taonet.safetensors --split main:validation --out "
                "calibrated.safetensors\n"
                "# log_loss, brier and ece say what came of it\n"
                "epochal classify --db crts.db --model calibrated.safetensors --split main:test\n"
                "epochal evaluate --db crts.db --model calibrated.safetensors --split main:test",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(calibrate_options),
    .run = run,
};
