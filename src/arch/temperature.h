/* SPDX-License-Identifier: BSD-3-Clause
 * temperature.h - the temperatures of a model's heads (epochal/calibrate.h), which go with it as metadata:
 * {"sequence": 1.25}, a number a head that was calibrated. */
#ifndef EPO_ARCH_TEMPERATURE_H
#define EPO_ARCH_TEMPERATURE_H

#include "epochal/calibrate.h"

#define EPO__TEMPERATURE_KEY "epochal.temperature"

/* Fills a number a head, 1 where the text says none; NULL: 1 for all. EPO_EMODEL: not such an object, or a temperature
 * out of range; heads that are unknown are passed over. */
epo_status epo__temperatures_read(const char *text, double out[EPO_HEAD_COUNT]);

#endif
