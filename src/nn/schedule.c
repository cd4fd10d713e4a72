/* SPDX-License-Identifier: BSD-3-Clause
 * schedule.c - learning rates, as pure functions of what was seen so far. */
#include "nn/schedule.h"

#include <math.h>

epo__plateau epo__plateau_next(const epo__schedule *schedule, epo__plateau seen, double report)
{
    /* a part of |best|, so that it is a step in the right direction for negative ones too */
    if (!isnan(report) && (!seen.any || report < seen.best - schedule->threshold * fabs(seen.best))) {
        seen.best = report;
        seen.any = true;
        seen.bad = 0;
    } else if (++seen.bad > schedule->patience) {
        seen.scale = fmax(seen.scale * schedule->factor, schedule->floor);
        seen.bad = 0;
    }
    return seen;
}

double epo__schedule_part(const epo__schedule *schedule, const epo__plateau *plateau, uint64_t time)
{
    if (time < schedule->warmup) return (double)(time + 1) / (double)(schedule->warmup + 1);
    time -= schedule->warmup;
    uint64_t times = schedule->every ? time / schedule->every : 0;
    switch (schedule->kind) {
    case EPO_SCHEDULE_STEP:
        return pow(schedule->factor, (double)times);
    case EPO_SCHEDULE_COSINE:
        if (time >= schedule->every) return schedule->floor;
        return schedule->floor +
               (1 - schedule->floor) * (1 + cos(3.14159265358979323846 * (double)time / (double)schedule->every)) / 2;
    case EPO_SCHEDULE_PLATEAU:
        return plateau->scale;
    case EPO_SCHEDULE_CONSTANT:
        break;
    }
    return 1;
}
