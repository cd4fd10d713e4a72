/* SPDX-License-Identifier: BSD-3-Clause
 * order.h - what qsort is given for plain arrays: numbers (none of them NaN) from small to large, texts by their bytes. */
#ifndef EPO_BASE_ORDER_H
#define EPO_BASE_ORDER_H

int epo__by_double(const void *a, const void *b); /* const double * */
int epo__by_float(const void *a, const void *b);  /* const float * */
int epo__by_id(const void *a, const void *b);     /* const int64_t * */
int epo__by_text(const void *a, const void *b);   /* const char *const * */

#endif
