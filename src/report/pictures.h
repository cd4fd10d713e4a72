/* SPDX-License-Identifier: BSD-3-Clause
 * pictures.h - stamps as PNG inside the page: how grey is chosen, and data: URIs.
 *
 * Grey is asinh((pixel - sky) / width): the sky is the median, the width the scatter of the sky (1.4826 times the
 * median distance from it); black and white are the 1st and 99.8th percentile of it. Noise and bright cores are both
 * seen so. All of a sequence gets one scale, so that what changes is seen to change. What is no number is blue. */
#ifndef EPO_REPORT_PICTURES_H
#define EPO_REPORT_PICTURES_H

#include <stddef.h>

#include "base/text.h"
#include "epochal/status.h"

enum { EPO__PICTURE_SIDE = 64 }; /* the middle of larger stamps is shown */

typedef struct epo__grey {
    double sky, width, low, high;
} epo__grey;

/* Takes the sky off `count` pixels of one exposure, in place: skies differ from night to night by more than what is
 * looked for. EPO_ENOMEM. */
epo_status epo__sky_off(float *pixels, size_t count);

/* The scale of `count` pixels together. EPO_ENOMEM. */
epo_status epo__grey_of(const float *pixels, size_t count, epo__grey *out);

/* From 0 to 1, beyond at the ends; NaN for what is no number. */
float epo__grey_value(const epo__grey *grey, float pixel);

/* Adds "data:image/png;base64,..." of height x width pixels, row 0 at the top, cut about the middle to
 * EPO__PICTURE_SIDE. */
epo_status epo__picture_uri(epo__string *out, const float *pixels, size_t height, size_t width, const epo__grey *grey);

void epo__base64(epo__string *out, const unsigned char *bytes, size_t size);

#endif
