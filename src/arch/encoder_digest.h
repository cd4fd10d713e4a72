/* SPDX-License-Identifier: BSD-3-Clause
 * encoder_digest.h - what tells encoders apart whose results may be taken for each other's. */
#ifndef EPO_ARCH_ENCODER_DIGEST_H
#define EPO_ARCH_ENCODER_DIGEST_H

#include "arch/model.h"
#include "formats/digest.h"

/* SHA-256 of everything that decides which features the encoder gives for normalised planes, to the last bit: its layers and
 * their weights, what it takes, the precision, and what computes (Epochal, oneDNN, the instructions). Two models whose heads
 * differ, and nothing else, have the same. EPO_ENOMEM. */
epo_status epo__model_encoder_digest(const epo_model *model, char out[EPO__SHA256_TEXT]);

#endif
