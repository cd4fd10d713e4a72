/* SPDX-License-Identifier: BSD-3-Clause
 * objects.c - going through the objects of a store. */
#include "data/objects.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

epo_status epo__object_cursor_set(epo__object_cursor *cursor, const char *split)
{
    *cursor = (epo__object_cursor){0};
    if (!split) return EPO_OK;
    if (strlen(split) >= sizeof cursor->split) return epo__fail(EPO_EARG, "split '%.40s...': the name is too long", split);
    snprintf(cursor->split, sizeof cursor->split, "%s", split);
    char *colon = strchr(cursor->split, ':');
    if (colon) *colon = '\0';
    cursor->filter.split = cursor->split;
    cursor->filter.part = colon ? colon + 1 : NULL;
    return EPO_OK;
}

epo_status epo__object_cursor_next(epo__object_cursor *cursor, epo_store *store, int64_t *id)
{
    *id = 0;
    if (cursor->next == cursor->count) {
        cursor->next = 0;
        epo_status status = epo__store_objects_next(store, &cursor->filter, cursor->last, cursor->ids, EPO__CURSOR_AHEAD, &cursor->count);
        if (status != EPO_OK || cursor->count == 0) return status;
    }
    cursor->last = *id = cursor->ids[cursor->next++];
    return EPO_OK;
}
