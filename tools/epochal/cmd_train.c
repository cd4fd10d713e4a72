/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_train.c - epochal train: weights from labelled objects. */
#include "commands.h"
#include "training.h"

static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", CLI_TRAINING_PLACE(net), .needed = true, .help = "network text, or its name"},
    {.name = "task", .kind = CLI_TEXT, .argument = "TASK", .standard = "multiclass", CLI_TRAINING_PLACE(task),
     .help = "multiclass, realbogus, transient-vs-non, sn-vs-non, or groups of classes, CLASS,CLASS:CLASS,..."},
    {.name = "stage", .kind = CLI_TEXT, .argument = "STAGE", .standard = "all", CLI_TRAINING_PLACE(stage),
     .help = "encoder, sequence, joint, or all of them; realbogus has one stage"},
    {.name = "from", .kind = CLI_TEXT, .argument = "FILE", CLI_TRAINING_PLACE(from),
     .help = "weights to start from, an earlier stage's for instance"},
    CLI_TRAINING_OPTIONS("0.001", "30"),
    CLI_OPTIONS_LAST,
};

static int run(const cli_call *call)
{
    return cli_train(call, call->options);
}

const cli_command cmd_train = {
    .name = "train",
    .about = "Train a network on the labelled objects of a store",
    .description =
        "Stages: the encoder alone on three nights with a head of its own; the sequence head on the features of the frozen encoder;\n"
        "both together with the sum of two losses. Each stops early on the loss of the split's part validation and keeps its best\n"
        "weights. A row is printed for every epoch; the curves are kept in the store.\n\n"
        "A training that was stopped or killed goes on with the same command and --resume, to the same bytes.",
    .examples = "# TAO-Net, all stages\n"
                "epochal split --db crts.db --name main --fractions 0.7,0.15,0.15 --seed 1\n"
                "epochal train --db crts.db --split main --net taonet --out taonet.safetensors\n"
                "# a real/bogus network\n"
                "epochal train --db rb.db --split main --net braai --task realbogus --out rb.safetensors\n"
                "# after the power came back\n"
                "epochal train --db crts.db --split main --net taonet --out taonet.safetensors --resume",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(cli_training),
    .run = run,
};
