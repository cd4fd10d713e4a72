/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_rule.h - how a network takes its planes, from its text. */
#ifndef EPO_TRAIN_STAMP_RULE_H
#define EPO_TRAIN_STAMP_RULE_H

#include "arch/network.h"
#include "data/stamp_input.h"

/* EPO_EMODEL when the network's normalisation is none that we know. */
epo_status epo__stamp_rule_of(const epo__network *network, epo__stamp_rule *out);

#endif
