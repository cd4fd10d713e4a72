/* SPDX-License-Identifier: BSD-3-Clause
 * bench.h - what parts of a network cost on this machine, one at a time, with nothing read or written around them. */
#ifndef EPOCHAL_BENCH_H
#define EPOCHAL_BENCH_H

#include "epochal/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Times the sequence head of a model on `count` sequences of lengths[i] >= 1 steps, 1 to 65536 of them, that lie packed
 * behind each other, on `threads` threads (0: all). Features are random numbers, the same at every call. forward
 * [rounds] seconds of each round from features to probabilities, as classify computes them; NULL: not wanted training
 * [rounds] seconds of each step of the stage that trains the head alone: forward, cross entropy, backward to all
 *             weights of the head, Adam; NULL: not wanted
 * Rounds are in the order in which they ran, after two of each that are not counted. Steps are taken with a learning
 * rate of 0, so the weights stay what they were; but the model belongs to this call while it runs. To have the cost of
 * one sequence alone, give one. The work of a forward round is 2 x macs of the head x the sum of lengths, in
 * floating-point operations; of a training round three times that, less the gradient of the features, which nobody asks
 * for. EPO_EMODEL without a sequence head; EPO_EARG for a count, a length or a number of rounds below 1; EPO_ELIMIT for
 * too many steps; EPO_ENOMEM. */
epo_status epo_bench_head(epo_model *model, const int *lengths, size_t count, int threads, int rounds, double *forward,
                          double *training);

typedef struct epo_bench_encoder_options {
    const char *net; /* path of a network text, or the name of one */
    int side;        /* pixels of a square plane, 1 to 1024; 0: as the text says */
    int batch;       /* triplets that go through together, 1 to 4096 */
    int threads;     /* 0: all */
    epo_precision precision;
    double seconds;  /* that the rounds take in all, about; there are 5 at least */
} epo_bench_encoder_options;
#define EPO_BENCH_ENCODER_OPTIONS_INIT            \
    {                                             \
        .net = "taonet", .batch = 8, .seconds = 2 \
    }

typedef struct epo_bench_encoder_result {
    int height, width; /* of a plane */
    int rounds;
    epo_precision precision; /* what AUTO came to */
    double median, fastest, slowest; /* seconds of a round: a batch from pixels to features */
    double macs;                     /* of a triplet, by the definition of the layers */
    double matrix_rate;              /* floating-point operations a second of epo_system_matrix_rate with these threads:
                                        the better of before and after the rounds */
} epo_bench_encoder_result;

/* Times a network's encoder, with random weights and random pixels, the same at every call, through the plan that
 * scoring makes, after two rounds that are not counted. The share of the machine's rate that it comes to is 2 x macs x
 * batch / median / matrix_rate; it may be over 1, since not every convolution is done by its definition. EPO_EMODEL,
 * EPO_ENOTFOUND for a network that is none; EPO_EARG for a side, batch or time out of range; EPO_ENOMEM. */
epo_status epo_bench_encoder(const epo_bench_encoder_options *options, epo_bench_encoder_result *out);

#ifdef __cplusplus
}
#endif
#endif
