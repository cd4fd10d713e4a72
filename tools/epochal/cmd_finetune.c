/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_finetune.c - epochal finetune: from the weights of one task to those of another. */
#include "commands.h"
#include "training.h"

static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "from", .kind = CLI_TEXT, .argument = "FILE", CLI_TRAINING_PLACE(from), .needed = true, .help = "weights to start from"},
    {.name = "task", .kind = CLI_TEXT, .argument = "TASK", CLI_TRAINING_PLACE(task), .needed = true,
     .help = "sn-vs-non, transient-vs-non, multiclass, realbogus, or groups of classes, CLASS,CLASS:CLASS,..."},
    {.name = "stage", .kind = CLI_TEXT, .argument = "STAGE", .standard = "joint", CLI_TRAINING_PLACE(stage),
     .help = "encoder, sequence, joint, or all of them"},
    CLI_TRAINING_OPTIONS("0.0001", "15"),
    CLI_OPTIONS_LAST,
};

static int run(const cli_call *call)
{
    return cli_train(call, call->options);
}

const cli_command cmd_finetune = {
    .name = "finetune",
    .about = "Train further from the weights of another task",
    .description =
        "The network is that of --from, with outputs for the new task. The head's rows start from those of the old classes that each\n"
        "new class is merged from, everything else from the old weights; a low learning rate is the default. --freeze keeps parts\n"
        "of the network as they are.",
    .examples = "epochal finetune --db crts.db --split main --from taonet.safetensors --task transient-vs-non --out transient.safetensors\n"
                "# only the heads, supernovae against everything else\n"
                "epochal finetune --db crts.db --split main --from taonet.safetensors --task SN:BZ,AGN,CV,OTHER,NON --freeze encoder "
                "--out sn.safetensors",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(cli_training),
    .run = run,
};
