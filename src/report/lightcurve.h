/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve.h - the light curve of an object of the store, as a plot. */
#ifndef EPO_REPORT_LIGHTCURVE_H
#define EPO_REPORT_LIGHTCURVE_H

#include "base/text.h"
#include "store/stamps.h"

/* The object's "given" points, else those of its first method, else the magnitudes of its stamps; a series a filter;
 * a sentence where there is nothing. `stamps`: of the object. */
epo_status epo__report_light_curve(epo__string *out, epo_store *store, int64_t object, const epo__stamp_list *stamps);

#endif
