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

#ifdef __cplusplus
}
#endif
#endif
