/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_extra.h - what the `extra` of a stamp says: a JSON object with what has no column. */
#ifndef EPO_DATA_STAMP_EXTRA_H
#define EPO_DATA_STAMP_EXTRA_H

#include "epochal/status.h"
#include "store/stamps.h"

/* Magnitude of a pixel value of 1, "zero_point", from -100 to 100; NaN where the stamp says none. */
epo_status epo__stamp_zero_point(const epo__stamp_row *stamp, double *out);

#endif
