/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_models.c - epochal models: lists networks and weights, and makes models with random weights. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "epochal/model.h"
#include "message.h"
#include "output.h"

typedef struct models_options {
    cli_common common;
    cli_list nets, models;
    const char *init, *classes, *normalise;
} models_options;

#define PLACE(member) .place = offsetof(models_options, member)
static const cli_option options[] = {
    {.name = "net", .kind = CLI_LIST, .argument = "FILE", PLACE(nets), .help = "show this network text"},
    {.name = "model", .kind = CLI_LIST, .argument = "FILE", PLACE(models), .help = "show this weights file"},
    {.name = "init", .kind = CLI_TEXT, .argument = "OUT", PLACE(init), .help = "write a model with random weights from the one --net"},
    {.name = "classes", .kind = CLI_TEXT, .argument = "A,B,...", PLACE(classes), .help = "classes of the task, instead of the network's own"},
    {.name = "normalise", .kind = CLI_TEXT, .argument = "NAME", PLACE(normalise), .help = "normalisation instead of the network's own"},
    CLI_OPTION_SEED,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static const cli_column columns[] = {
    {.name = "network"},
    {.name = "planes", .number = true},
    {.name = "height", .number = true},
    {.name = "width", .number = true},
    {.name = "input"},
    {.name = "fusion"},
    {.name = "normalise"},
    {.name = "heads"},
    {.name = "classes"},
    {.name = "features", .number = true},
    {.name = "parameters", .number = true},
    {.name = "trainable", .number = true},
    {.name = "macs", .number = true},
    {.name = "sha256"},
    {.name = "file"},
    {.name = "about"},
};
/* what a terminal has room for */
static const cli_column short_columns[] = {
    {.name = "network"},
    {.name = "input"},
    {.name = "fusion"},
    {.name = "classes"},
    {.name = "parameters", .number = true},
    {.name = "trainable", .number = true},
    {.name = "macs", .number = true},
};

/* The classes of the sequence head, else of the stamp head, else of the triplet head. */
static const epo_head_info *main_head(const epo_model_info *info)
{
    static const epo_head order[] = {EPO_HEAD_SEQUENCE, EPO_HEAD_STAMP, EPO_HEAD_TRIPLET};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (info->heads[order[i]].present) return &info->heads[order[i]];
    return NULL;
}

static void put_heads(cli_output *output, const epo_model_info *info)
{
    const char *names[EPO_HEAD_COUNT];
    size_t count = 0;
    for (int h = 0; h < EPO_HEAD_COUNT; h++)
        if (info->heads[h].present) names[count++] = epo_head_name((epo_head)h);
    cli_put_texts(output, names, count);
}

static void put_classes(cli_output *output, const epo_model_info *info)
{
    const epo_head_info *head = main_head(info);
    cli_put_texts(output, head ? head->classes : NULL, head ? head->class_count : 0);
}

/* Multiply-adds of one triplet through the encoder and each head once. */
static uint64_t macs(const epo_model_info *info)
{
    uint64_t sum = info->encoder_macs;
    for (int h = 0; h < EPO_HEAD_COUNT; h++)
        if (info->heads[h].present) sum += info->heads[h].macs;
    return sum;
}

static void print_short(cli_output *output, const epo_model_info *info)
{
    char input[64];
    snprintf(input, sizeof input, "%dx%dx%d", info->planes, info->height, info->width);
    cli_put_text(output, info->name);
    cli_put_text(output, input);
    cli_put_text(output, info->fusion);
    put_classes(output, info);
    cli_put_int(output, (int64_t)info->parameters);
    cli_put_int(output, (int64_t)info->trainable_parameters);
    cli_put_int(output, (int64_t)macs(info));
    cli_row_end(output);
}

static void print_full(cli_output *output, const epo_model_info *info, const char *path)
{
    cli_put_text(output, info->name);
    cli_put_int(output, info->planes);
    cli_put_int(output, info->height);
    cli_put_int(output, info->width);
    cli_put_text(output, info->plane_names);
    cli_put_text(output, info->fusion);
    cli_put_text(output, info->normalise);
    put_heads(output, info);
    put_classes(output, info);
    cli_put_int(output, info->features);
    cli_put_int(output, (int64_t)info->parameters);
    cli_put_int(output, (int64_t)info->trainable_parameters);
    cli_put_int(output, (int64_t)macs(info));
    cli_put_text(output, info->sha256 && *info->sha256 ? info->sha256 : NULL);
    cli_put_text(output, path);
    cli_put_text(output, info->about);
    cli_row_end(output);
}

/* Opens a network text (as a model with random weights) or a weights file, and prints its row. A bad one is named. */
static int show(const models_options *o, cli_output *output, const char *path, bool is_weights)
{
    epo_model_options options_of_model = EPO_MODEL_OPTIONS_INIT;
    options_of_model.classes = o->classes;
    options_of_model.normalise = o->normalise;
    options_of_model.seed = o->common.seed;
    epo_model *model = NULL;
    epo_model_info info;
    epo_status status;
    if (is_weights) {
        /* one --net beside --model is the network of weights that have none in them */
        options_of_model.net = o->nets.count == 1 ? o->nets.items[0] : NULL;
        status = epo_model_load(path, &options_of_model, &model);
    } else {
        options_of_model.net = path;
        status = epo_model_create(&options_of_model, &model);
    }
    if (status != EPO_OK) {
        cli_failed(status);
        return CLI_BAD_MODEL;
    }
    epo_model_get_info(model, &info);
    if (strcmp(o->common.output, "table") == 0)
        print_short(output, &info);
    else
        print_full(output, &info, path);
    epo_model_free(model);
    return CLI_OK;
}

static int show_all(const models_options *o)
{
    char **paths = NULL;
    size_t count = 0;
    int result = CLI_OK;
    bool table = strcmp(o->common.output, "table") == 0;
    if (o->nets.count == 0 && o->models.count == 0) {
        epo_status status = epo_model_list(NULL, &paths, &count);
        if (status != EPO_OK) return cli_failed(status);
    }
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) {
        epo_model_list_free(paths, count);
        return CLI_FAILED;
    }
    cli_table_begin(output, "", table ? short_columns : columns,
                    table ? sizeof short_columns / sizeof *short_columns : sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count; i++)
        if (show(o, output, paths[i], false) != CLI_OK) result = CLI_BAD_MODEL;
    for (size_t i = 0; i < o->nets.count && o->models.count == 0; i++)
        if (show(o, output, o->nets.items[i], false) != CLI_OK) result = CLI_BAD_MODEL;
    for (size_t i = 0; i < o->models.count; i++)
        if (show(o, output, o->models.items[i], true) != CLI_OK) result = CLI_BAD_MODEL;
    cli_table_end(output);
    int written = cli_output_close(output);
    epo_model_list_free(paths, count);
    return result == CLI_OK ? written : result;
}

static int init(const cli_call *call)
{
    const models_options *o = call->options;
    if (o->nets.count != 1 || o->models.count > 0) return cli_usage(call->command, "--init takes one --net and no --model");
    epo_model_options options_of_model = EPO_MODEL_OPTIONS_INIT;
    options_of_model.net = o->nets.items[0];
    options_of_model.classes = o->classes;
    options_of_model.normalise = o->normalise;
    options_of_model.seed = o->common.seed;
    epo_model *model = NULL;
    epo_status status = epo_model_create(&options_of_model, &model);
    if (status == EPO_OK) status = epo_model_save(model, o->init);
    epo_model_free(model);
    if (status != EPO_OK) return cli_failed(status);
    cli_note("%s: written, with random weights of seed %llu; its scores mean nothing until it is trained", o->init,
             (unsigned long long)o->common.seed);
    return CLI_OK;
}

static int run(const cli_call *call)
{
    const models_options *o = call->options;
    return o->init ? init(call) : show_all(o);
}

const cli_command cmd_models = {
    .name = "models",
    .about = "List networks and models, or make one with random weights",
    .description =
        "Lists the network texts of the models folder, or those given by --net, or the weights files given by --model: input as\n"
        "planes x height x width, how the planes are joined, the classes, parameters (trainable ones leave out running means and\n"
        "variances), and multiply-adds of one triplet or stamp through encoder and heads. json, jsonl and csv tell more.\n\n"
        "With --init a model with random weights is written, where training begins.",
    .examples = "epochal models\n"
                "# one weights file: network, classes, normalisation, SHA-256\n"
                "epochal models --model braai.safetensors --output json\n"
                "# TAO-Net for four classes\n"
                "epochal models --net models/taonet.net --classes SN,RRLyrae,EB,constant --seed 7 --init start.safetensors",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(models_options),
    .run = run,
};
