/* SPDX-License-Identifier: BSD-3-Clause
 * train.h - from labelled objects in a store to weights.
 *
 * Stages (Gomez et al. 2020, section 3.3): the encoder alone, on three nights, with its own head; the sequence head on the
 * features of the frozen encoder; both together, with the sum of two losses. Real/bogus has one stage of its own, or is learned beside the
 * stages encoder and joint, with its loss added to theirs. Every stage
 * stops early on the loss of the validation part and keeps its best weights. A head that no stage has trained, and that the
 * weights to start from did not have, is not in the file. Labels are those as of the handle's date, where it has one
 * (epo_store_set_labels_as_of): it goes into the record, and a checkpoint goes on with the same date only. A training that was killed goes on from its
 * checkpoint to the same bytes: same store, options, processor and number of threads.
 */
#ifndef EPOCHAL_TRAIN_H
#define EPOCHAL_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/model.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epo_train_options {
    const char *net;         /* network text or its name, for random weights; NULL with `from` */
    const char *from;        /* weights file to start from */
    const char *split;       /* name of a split with the parts train and validation */
    const char *task;        /* multiclass, realbogus, transient-vs-non, sn-vs-non, or groups CLASS,CLASS:CLASS,... */
    const char *stage;       /* encoder, sequence, joint, all; realbogus has one stage */
    bool with_realbogus;     /* the stamp head learns beside the others, from the classes real and bogus of the same split */
    const char *freeze;      /* none, encoder, or the beginning of the names of parameters that stay as they are */
    const char *out;         /* weights file to be written */
    const char *checkpoint;  /* NULL: OUT.checkpoint */
    bool resume;             /* go on from the checkpoint, when there is one */

    const char *optimiser;   /* adam, adamw, sgd */
    double rate, decay, momentum;
    const char *schedule;    /* constant, step, cosine, plateau */
    int schedule_epochs;     /* step: between two cuts; cosine: length, 0 all epochs; plateau: patience */
    double schedule_factor;  /* step, plateau: what the rate is cut by */
    const char *precision;   /* f32; bf16: 1 x 1 convolutions of dense blocks in bfloat16, with sums and weights in float32 */
    int warmup;              /* epochs */
    double clip;             /* largest norm of the gradient; 0: none */
    double smoothing;        /* of labels, 0 to 1 */
    bool class_weights;      /* weight of a class: objects / (classes x objects of it) */

    int epochs, batch;       /* of each stage */
    bool last;               /* all epochs, the last one's weights; the split needs no part validation */
    int patience;            /* epochs without a better validation loss before a stage stops; 0: never */
    int checkpoint_steps;    /* steps between checkpoints within an epoch; 0: only at its end */
    bool balance, turns;     /* raise rare classes by permuting visits; flips and quarter turns */
    bool peak_nights;        /* encoder stage: the paper's label-using choice of nights */
    int nights;              /* joint stage: length that sequences are cut or extended to, as in the paper; 0: as they are */
    int stride;              /* nights from the beginning of a triplet to that of the next; 0: as the network has it */
    bool keep_statistics;    /* joint stage: batch norms keep the running statistics they have; for small samples, where those
                                of the batches scatter */
    int variants;            /* sequence stage: draws of visits whose features are kept */
    uint64_t seed;
    int threads;             /* 0: all */
    size_t memory;           /* bytes the supply of batches may take */
    const char *command_line; /* kept with the run */
} epo_train_options;

#define EPO_TRAIN_OPTIONS_INIT                                                                                              \
    {                                                                                                                       \
        .task = "multiclass", .stage = "all", .freeze = "none", .optimiser = "adam", .rate = 1e-3, .momentum = 0.9,         \
        .schedule = "plateau", .precision = "f32", .schedule_epochs = 4, .schedule_factor = 0.3, .epochs = 30, .batch = 32, .patience = 10,     \
        .balance = true, .turns = true, .variants = 4, .seed = 1, .memory = (size_t)512 << 20                  \
    }

/* One line of a learning curve, or a step within it. Strings are valid during the call. */
typedef struct epo_train_event {
    const char *stage;
    int epoch, epochs;            /* from 1 */
    uint64_t batch, batches;      /* batch < batches: within an epoch; equal: it is over and the rest is known */
    double loss;                  /* mean over what was trained on in this epoch so far */
    double validation_loss, validation_accuracy; /* NaN within an epoch, and without a validation part */
    double rate;
    bool best;                    /* this epoch's weights are the best so far */
} epo_train_event;

/* A status other than EPO_OK stops the training at its last checkpoint. */
typedef epo_status (*epo_train_fn)(void *context, const epo_train_event *event);

typedef struct epo_train_summary {
    int64_t run;
    uint64_t steps, examples;
    double seconds;
    double validation_loss, validation_accuracy; /* of the last stage's best epoch */
    size_t memory_supply, memory_peak;           /* bytes: batches and cached stamps; the whole process */
    char sha256[65];                             /* of the weights file */
} epo_train_summary;

/* Trains and writes options->out. EPO_EARG with the reason for options that do not fit each other, the network or the store.
 * Curves, options and the model are kept in the store. */
epo_status epo_train(epo_store *store, const epo_train_options *options, epo_train_fn progress, void *context,
                     epo_train_summary *out);

#ifdef __cplusplus
}
#endif
#endif
