/* SPDX-License-Identifier: BSD-3-Clause
 * system.h - this machine, for records of what was computed where. */
#ifndef EPO_TRAIN_SYSTEM_H
#define EPO_TRAIN_SYSTEM_H

#include <stddef.h>

/* "AMD EPYC 7763 64-Core Processor"; "unknown" where /proc does not say. */
void epo__processor_name(char *out, size_t size);

#endif
