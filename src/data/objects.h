/* SPDX-License-Identifier: BSD-3-Clause
 * objects.h - going through the objects of a store, or of one split of it, in order of their ids. */
#ifndef EPO_DATA_OBJECTS_H
#define EPO_DATA_OBJECTS_H

#include "store/objects.h"
#include "store/store.h"

enum { EPO__CURSOR_AHEAD = 256 };

/* All zeros: at the start, all objects. */
typedef struct epo__object_cursor {
    epo__object_filter filter;
    char split[256]; /* what filter points into */
    int64_t ids[EPO__CURSOR_AHEAD];
    size_t count, next;
    int64_t last;    /* given out */
} epo__object_cursor;

/* "NAME:PART" or "NAME" takes the objects of a split, NULL all. The cursor must not be moved afterwards. EPO_EARG. */
epo_status epo__object_cursor_set(epo__object_cursor *cursor, const char *split);

/* The next object; *id is 0 at the end, and stays so. EPO_ENOTFOUND for a split that is not there. */
epo_status epo__object_cursor_next(epo__object_cursor *cursor, epo_store *store, int64_t *id);

#endif
