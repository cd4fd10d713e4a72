/* SPDX-License-Identifier: BSD-3-Clause
 * training.h - what `train` and `finetune` share: options, the table of epochs, the summary. */
#ifndef CLI_TRAINING_H
#define CLI_TRAINING_H

#include "command.h"
#include "epochal/train.h"

typedef struct cli_training {
    cli_common common;
    const char *split, *net, *from, *task, *stage, *freeze, *out, *checkpoint;
    const char *optimiser, *schedule;
    double rate, decay, momentum, schedule_factor, clip, smoothing;
    int schedule_epochs, warmup, epochs, batch, patience, checkpoint_steps, nights, stride, variants, memory;
    bool resume, last, with_realbogus, keep_statistics, class_weights, no_balance, no_turns, peak_nights;
} cli_training;

#define CLI_TRAINING_PLACE(member) .place = offsetof(cli_training, member)

/* Words of --precision. */
const char *cli_training_precision_word(size_t index, const char **about);

/* Rows of the option tables; `standard_rate` and `standard_epochs` are texts. */
#define CLI_TRAINING_OPTIONS(standard_rate, standard_epochs)                                                                                     \
    {.name = "split", .kind = CLI_TEXT, .argument = "NAME", CLI_TRAINING_PLACE(split), .needed = true,                                           \
     .help = "a split with the parts train and validation (epochal split)"},                                                                     \
    {.name = "out", .kind = CLI_TEXT, .argument = "FILE", CLI_TRAINING_PLACE(out), .needed = true, .help = "weights file to be written"},         \
    {.name = "with-realbogus", .kind = CLI_FLAG, CLI_TRAINING_PLACE(with_realbogus),                                                              \
     .help = "train the stamp head beside the others, on the objects of the split that are real or bogus"},                                      \
    {.name = "freeze", .kind = CLI_TEXT, .argument = "WHAT", .standard = "none", CLI_TRAINING_PLACE(freeze),                                      \
     .help = "none, encoder, or the beginning of the names of parameters that stay as they are"},                                                \
    {.name = "epochs", .kind = CLI_COUNT, .argument = "N", .standard = standard_epochs, CLI_TRAINING_PLACE(epochs), .help = "of each stage, at most"}, \
    {.name = "patience", .kind = CLI_COUNT, .argument = "N", .standard = "10", CLI_TRAINING_PLACE(patience),                                      \
     .help = "epochs without a better validation loss before a stage stops; 0: never"},                                                          \
    {.name = "last", .kind = CLI_FLAG, CLI_TRAINING_PLACE(last),                                                                                  \
     .help = "do all epochs and keep the last one's weights; the split needs no part validation"},                                               \
    {.name = "batch", .kind = CLI_COUNT, .argument = "N", .standard = "32", CLI_TRAINING_PLACE(batch), .help = "examples in a step"},             \
    {.name = "optimiser", .kind = CLI_TEXT, .argument = "NAME", .standard = "adam", CLI_TRAINING_PLACE(optimiser), .help = "adam, adamw or sgd"}, \
    {.name = "rate", .kind = CLI_REAL, .argument = "X", .standard = standard_rate, CLI_TRAINING_PLACE(rate), .help = "learning rate"},            \
    {.name = "decay", .kind = CLI_REAL, .argument = "X", .standard = "0", CLI_TRAINING_PLACE(decay),                                              \
     .help = "weight decay: L2 in adam and sgd, decoupled in adamw"},                                                                            \
    {.name = "momentum", .kind = CLI_REAL, .argument = "X", .standard = "0.9", CLI_TRAINING_PLACE(momentum), .help = "of sgd"},                    \
    {.name = "schedule", .kind = CLI_TEXT, .argument = "NAME", .standard = "plateau", CLI_TRAINING_PLACE(schedule),                               \
     .help = "of the rate: constant, step, cosine or plateau"},                                                                                  \
    {.name = "schedule-epochs", .kind = CLI_COUNT, .argument = "N", .standard = "4", CLI_TRAINING_PLACE(schedule_epochs),                         \
     .help = "step: between two cuts; cosine: its length, 0 all; plateau: epochs without progress that are borne"},                              \
    {.name = "schedule-factor", .kind = CLI_REAL, .argument = "X", .standard = "0.3", CLI_TRAINING_PLACE(schedule_factor),                        \
     .help = "what step and plateau multiply the rate by"},                                                                                      \
    {.name = "precision", .kind = CLI_TEXT, .argument = "WORD", .standard = "f32", CLI_TRAINING_PLACE(common.precision),                           \
     .word = cli_training_precision_word, .help = "f32, or bf16: the 1 x 1 convolutions of dense blocks, and what they give, in bfloat16; sums and weights in f32"},   \
    {.name = "warmup", .kind = CLI_COUNT, .argument = "N", .standard = "0", CLI_TRAINING_PLACE(warmup), .help = "epochs over which the rate rises"}, \
    {.name = "clip", .kind = CLI_REAL, .argument = "X", .standard = "0", CLI_TRAINING_PLACE(clip), .help = "largest norm of the gradient; 0: none"}, \
    {.name = "smoothing", .kind = CLI_REAL, .argument = "X", .standard = "0", CLI_TRAINING_PLACE(smoothing), .help = "of labels, 0 to 1"},        \
    {.name = "class-weights", .kind = CLI_FLAG, CLI_TRAINING_PLACE(class_weights), .help = "weigh classes by the inverse of their numbers"},      \
    {.name = "no-balance", .kind = CLI_FLAG, CLI_TRAINING_PLACE(no_balance),                                                                     \
     .help = "do not raise rare classes by permuting the visits of a night"},                                                                    \
    {.name = "no-turns", .kind = CLI_FLAG, CLI_TRAINING_PLACE(no_turns), .help = "no flips and quarter turns"},                                   \
    {.name = "peak-nights", .kind = CLI_FLAG, CLI_TRAINING_PLACE(peak_nights),                                                                   \
     .help = "encoder stage: nights about the brightest one of transients, as in the paper; looks at the label"},                                \
    {.name = "nights", .kind = CLI_COUNT, .argument = "N", .standard = "0", CLI_TRAINING_PLACE(nights),                                          \
     .help = "joint stage: nights that each sequence is cut or extended to, as in the paper; 0: as they are"},                                                                    \
    {.name = "triplet-stride", .kind = CLI_COUNT, .argument = "N", .standard = "0", CLI_TRAINING_PLACE(stride),                                  \
     .help = "nights from one triplet to the next: 1 or 2 overlap, 3 follow each other; 0: as the network has it"},                             \
    {.name = "keep-statistics", .kind = CLI_FLAG, CLI_TRAINING_PLACE(keep_statistics),                                                            \
     .help = "joint stage: batch norms go on with the running statistics they have; for small samples"},                                         \
    {.name = "variants", .kind = CLI_COUNT, .argument = "N", .standard = "4", CLI_TRAINING_PLACE(variants),                                       \
     .help = "sequence stage: draws of visits whose features are kept"},                                                                         \
    {.name = "memory", .kind = CLI_COUNT, .argument = "MIB", .standard = "512", CLI_TRAINING_PLACE(memory),                                       \
     .help = "for batches, stamps and features that are kept"},                                                                                  \
    {.name = "checkpoint", .kind = CLI_TEXT, .argument = "FILE", CLI_TRAINING_PLACE(checkpoint), .help = "else OUT.checkpoint; removed at the end"}, \
    {.name = "checkpoint-steps", .kind = CLI_COUNT, .argument = "N", .standard = "0", CLI_TRAINING_PLACE(checkpoint_steps),                       \
     .help = "steps between checkpoints within an epoch; 0: one at its end"},                                                                    \
    {.name = "resume", .kind = CLI_FLAG, CLI_TRAINING_PLACE(resume), .help = "go on from the checkpoint, when there is one, to the same bytes"},  \
    CLI_OPTION_LABELS_AS_OF,                                                                                                                     \
    CLI_OPTION_SEED,                                                                                                                             \
    {.name = "threads", .kind = CLI_COUNT, .argument = "N", .standard = "0", .place = offsetof(cli_common, threads),                              \
     .help = "processors to use; 0 means all; the same number gives the same bytes"},                                                            \
    CLI_OPTION_OUTPUT("table")

/* The same for the library. */
epo_train_options cli_train_options(const cli_call *call, const cli_training *options);

int cli_train(const cli_call *call, const cli_training *options);

#endif
