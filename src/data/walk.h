/* SPDX-License-Identifier: BSD-3-Clause
 * walk.h - the files below given paths, one at a time in a fixed order: as given, and within a folder by name. Only the
 * names of the folders on the way down are held, so a folder of a million files costs its own listing and no more. */
#ifndef EPO_DATA_WALK_H
#define EPO_DATA_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"

typedef struct epo__walk epo__walk;

/* In folders only files whose names end with one of `suffixes` (ended by NULL; letters without case) are taken; names
 * given in `paths` always are. `first`: files with this suffix come before all others (NULL: none). The arrays are
 * borrowed. A folder that links in folders lead to is gone into by the first of them. */
epo_status epo__walk_create(const char *const *paths, size_t count, const char *const *suffixes, const char *first,
                            epo__walk **out);
void epo__walk_free(epo__walk *walk);

/* The next file, valid until the next call; NULL at the end. EPO_EIO, EPO_ENOTFOUND (also for a folder given in `paths`
 * without any file to take), EPO_ELIMIT (32 folders deep), EPO_EFORMAT (a link back to a folder it is in) concern one
 * path: *path names it, and the next call goes on behind it. */
epo_status epo__walk_next(epo__walk *walk, const char **path);

#endif
