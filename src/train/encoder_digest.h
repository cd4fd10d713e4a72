/* SPDX-License-Identifier: BSD-3-Clause
 * encoder_digest.h - what tells encoders apart whose results may be taken for each other's. */
#ifndef EPO_TRAIN_ENCODER_DIGEST_H
#define EPO_TRAIN_ENCODER_DIGEST_H

#include "arch/model.h"
#include "formats/digest.h"

/* SHA-256 of everything that decides, to the last bit, what the encoder makes of an object's images: its layers and their weights,
 * how its input is made, the precision, and what computes: the sources of nn, compiler and flags, oneDNN, the processor and the
 * instructions that are used. Two models whose heads differ, and nothing else, have the same. EPO_ENOMEM. */
epo_status epo__encoder_digest(const epo_model *model, char out[EPO__SHA256_TEXT]);

#endif
