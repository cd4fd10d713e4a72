/* SPDX-License-Identifier: BSD-3-Clause
 * scoring.c - options and results of all scoring. */
#include "train/scoring.h"

#include <math.h>

#include "base/error.h"

enum { STANDARD_BATCH = 32 };

epo_status epo__score_batch(const epo_score_options *options, int *batch)
{
    *batch = options->batch ? options->batch : STANDARD_BATCH;
    if (*batch >= 1 && *batch <= EPO__MAX_SCORE_BATCH) return EPO_OK;
    return epo__fail(EPO_EARG, "a batch of %d; 1 to %d", *batch, EPO__MAX_SCORE_BATCH);
}

epo_status epo__score_check(const double *probabilities, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(probabilities[i]))
            return epo__fail(EPO_EFORMAT, "the network gives no number: pixels or weights are too large for it");
    return EPO_OK;
}

epo_status epo__score_report(const epo_score *score, epo_score_fn result, void *context, epo_score_summary *summary)
{
    if (score->error)
        summary->refused++;
    else
        summary->scored++;
    epo_status status = result ? result(context, score) : EPO_OK;
    return status == EPO_OK ? EPO_OK : epo__fail(status, "stopped by the receiver of the results");
}
