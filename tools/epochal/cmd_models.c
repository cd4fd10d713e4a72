/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_models.c - epochal models: lists networks and weights, and makes models with random weights. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    {.name = "bytes", .number = true},
    {.name = "simulated"},
    {.name = "temperature", .number = true},
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

static const cli_column weights_columns[] = {
    {.name = "model"}, {.name = "network"}, {.name = "classes"}, {.name = "bytes", .number = true}, {.name = "simulated"},
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

/* Bytes, and whether simulated sky was in what it was trained on; a network text has neither. */
static void put_origin(cli_output *output, const epo_model_info *info, const char *path)
{
    struct stat file;
    bool weights = info->sha256 && *info->sha256;
    if (weights && stat(path, &file) == 0)
        cli_put_int(output, (int64_t)file.st_size);
    else
        cli_put_text(output, NULL);
    if (weights && info->sky != EPO_SKY_UNKNOWN)
        cli_put_bool(output, info->sky == EPO_SKY_SIMULATED);
    else
        cli_put_text(output, NULL);
}

/* "sequence" for models/sequence.safetensors: what --model takes. */
static void put_model_name(cli_output *output, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash ? slash + 1 : path), *ending = name ? strrchr(name, '.') : NULL;
    if (ending) *ending = '\0';
    cli_put_text(output, name);
    free(name);
}

static void print_weights(cli_output *output, const epo_model_info *info, const char *path)
{
    put_model_name(output, path);
    cli_put_text(output, info->name);
    put_classes(output, info);
    put_origin(output, info, path);
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
    put_origin(output, info, path);
    const epo_head_info *head = main_head(info);
    cli_put_real(output, head ? head->temperature : NAN);
    cli_row_end(output);
}

typedef void (*print_fn)(cli_output *output, const epo_model_info *info, const char *path);

static void print_brief(cli_output *output, const epo_model_info *info, const char *path)
{
    (void)path;
    print_short(output, info);
}

/* Opens a network text (as a model with random weights) or a weights file, and prints its row. A bad one is named. */
static int show(const models_options *o, cli_output *output, print_fn print, const char *path, bool is_weights)
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
    if (status != EPO_OK) return cli_model_failed(status);
    epo_model_get_info(model, &info);
    print(output, &info, path);
    epo_model_free(model);
    return CLI_OK;
}

static int show_each(const models_options *o, cli_output *output, print_fn print, const char *const *paths, size_t count, bool are_weights)
{
    int result = CLI_OK;
    for (size_t i = 0; i < count && result != CLI_FAILED; i++) {
        const int shown = show(o, output, print, paths[i], are_weights);
        if (shown != CLI_OK) result = shown;
    }
    return result;
}

static void begin_table(cli_output *output, bool table, const char *name)
{
    if (table)
        cli_table_begin(output, name, short_columns, sizeof short_columns / sizeof *short_columns);
    else
        cli_table_begin(output, name, columns, sizeof columns / sizeof *columns);
}

/* The ones that were named. */
static int show_given(const models_options *o)
{
    bool table = strcmp(o->common.output, "table") == 0, weights = o->models.count > 0;
    const cli_list *given = weights ? &o->models : &o->nets;
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) return CLI_FAILED;
    begin_table(output, table, "");
    int result = show_each(o, output, table ? print_brief : print_full, given->items, given->count, weights);
    cli_table_end(output);
    int written = cli_output_close(output);
    return result == CLI_OK ? written : result;
}

/* The folder's: for people two tables, else one, whose rows of weights have a SHA-256. */
static int show_folder(const models_options *o, char **nets, size_t net_count, char **weights, size_t weights_count)
{
    bool table = strcmp(o->common.output, "table") == 0, two = table && weights_count > 0;
    cli_output *output = cli_output_open(o->common.output, two);
    if (!output) return CLI_FAILED;
    begin_table(output, table, two ? "networks" : "");
    int result = show_each(o, output, table ? print_brief : print_full, (const char *const *)nets, net_count, false);
    if (two) {
        cli_table_end(output);
        cli_table_begin(output, "models", weights_columns, sizeof weights_columns / sizeof *weights_columns);
    }
    int shown = show_each(o, output, table ? print_weights : print_full, (const char *const *)weights, weights_count, true);
    cli_table_end(output);
    int written = cli_output_close(output);
    if (result == CLI_OK) result = shown;
    return result == CLI_OK ? written : result;
}

static int show_all(const models_options *o)
{
    char **nets = NULL, **weights = NULL;
    size_t net_count = 0, weights_count = 0;
    if (o->nets.count > 0 || o->models.count > 0) return show_given(o);
    epo_status status = epo_model_list(NULL, &nets, &net_count);
    if (status == EPO_OK) status = epo_model_list_weights(NULL, &weights, &weights_count);
    int result = status == EPO_OK ? show_folder(o, nets, net_count, weights, weights_count) : cli_failed(status);
    epo_model_list_free(nets, net_count);
    epo_model_list_free(weights, weights_count);
    return result;
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
        "Lists the networks and the models of the models folder, or network texts given by --net, or weights files given by\n"
        "--model. For a network: input as planes x height x width, how the planes are joined, the classes, parameters (trainable\n"
        "ones leave out running means and variances), and multiply-adds of one triplet or stamp through encoder and heads. For a\n"
        "model: what --model of other commands calls it, and whether it was trained on simulated sky (epochal card tells more).\n"
        "json, jsonl and csv tell more.\n\n"
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
