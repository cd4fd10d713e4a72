/* SPDX-License-Identifier: BSD-3-Clause
 * truth.h - which of a model's classes an object is, from its class in the store. The rule stands in
 * epochal/evaluate.h. */
#ifndef EPO_TRAIN_TRUTH_H
#define EPO_TRAIN_TRUTH_H

#include <stddef.h>

/* The index among `classes`; -1 when it is none of them, or class_name is NULL. */
int epo__truth_of(const char *class_name, const char *const *classes, size_t count);

#endif
