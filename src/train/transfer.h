/* SPDX-License-Identifier: BSD-3-Clause
 * transfer.h - weights of one task as the start of another (fine-tuning). */
#ifndef EPO_TRAIN_TRANSFER_H
#define EPO_TRAIN_TRANSFER_H

#include "arch/model.h"
#include "train/task.h"

/* Copies into `to` every parameter that `from` has under the same name and shape, and makes the rows of a head's last linear
 * layer from those of the classes that a new class was merged from: with softmax, the mean of their rows, and of their biases
 * plus the logarithm of their number, so that the merged class starts with about the sum of their probabilities. New rows
 * that come from no old class keep their random start. `from` must have the same encoder: EPO_EARG. */
epo_status epo__transfer(const epo_model *from, const epo_model *to, const epo__task *task);

#endif
