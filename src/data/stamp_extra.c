/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_extra.c - what the `extra` of a stamp says. */
#include "data/stamp_extra.h"

#include <jansson.h>
#include <math.h>

double epo__stamp_zero_point(const epo__stamp_row *stamp)
{
    json_t *root = stamp->extra ? json_loads(stamp->extra, 0, NULL) : NULL;
    const json_t *given = json_object_get(root, "zero_point");
    const double value = json_is_number(given) ? json_number_value(given) : NAN;
    json_decref(root);
    return fabs(value) <= 100 ? value : NAN;
}
