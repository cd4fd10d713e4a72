/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_extra.c - what the `extra` of a stamp says. */
#include "data/stamp_extra.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

epo_status epo__stamp_zero_point(const epo__stamp_row *stamp, double *out)
{
    json_t *root = NULL;
    *out = NAN;
    if (!stamp->extra) return EPO_OK;
    if (epo__json_read(stamp->extra, strlen(stamp->extra), EPO__JSON_DUPLICATES, &root) == EPO_ENOMEM) return EPO_ENOMEM;
    const json_t *given = json_object_get(root, "zero_point");
    if (json_is_number(given) && fabs(json_number_value(given)) <= 100) *out = json_number_value(given);
    json_decref(root);
    return EPO_OK;
}
