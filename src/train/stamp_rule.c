/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_rule.c - from a network's text to the rule for its planes. */
#include "train/stamp_rule.h"

#include <stdio.h>

#include "base/error.h"

_Static_assert((int)EPO__MAX_PLANES <= (int)EPO__STAMP_PLANES, "a rule must hold the planes of any network");

epo_status epo__stamp_rule_of(const epo__network *n, epo__stamp_rule *out)
{
    *out = (epo__stamp_rule){.planes = n->planes,
                             .height = n->height,
                             .width = n->width,
                             .difference = -1,
                             .pad = n->pad_corner ? EPO_FIT_CORNER : EPO_FIT_CENTRE,
                             .pad_value = n->pad_value};
    snprintf(out->name, sizeof out->name, "%s", n->name);
    for (int p = 0; p < n->planes; p++) {
        if (!n->roles[p] || !epo__role_of(n->roles[p], &out->roles[p])) out->roles[p] = EPO__ROLE_OTHER;
        if (out->roles[p] == EPO__ROLE_DIFFERENCE) out->difference = p;
    }
    epo_status status = epo__normaliser_parse(n->normalise ? n->normalise : "none", &out->normaliser);
    return status == EPO_OK ? EPO_OK : epo__fail_in(EPO_EMODEL, "%s", n->source);
}
