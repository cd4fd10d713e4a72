/* SPDX-License-Identifier: BSD-3-Clause
 * work.c - room that the image functions need. */
#include "image/work.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

epo_status epo__image_work_reserve(epo__image_work *work, size_t count)
{
    if (!epo__grow(&work->room, &work->capacity, count, sizeof *work->room))
        return epo__nomem("room for image statistics");
    return EPO_OK;
}

void epo__image_work_free(epo__image_work *work)
{
    if (!work) return;
    free(work->room);
    *work = (epo__image_work){0};
}
