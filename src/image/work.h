/* SPDX-License-Identifier: BSD-3-Clause
 * work.h - room that the image functions need, kept by the caller so that a loop over stamps allocates once.
 *
 * One a thread. All zeros is an empty one; it grows to the largest request and stays there. */
#ifndef EPO_IMAGE_WORK_H
#define EPO_IMAGE_WORK_H

#include <stddef.h>

#include "epochal/status.h"

typedef struct epo__image_work {
    double *room;
    size_t capacity; /* doubles in room */
} epo__image_work;

/* Makes room for `count` doubles. Functions that take a workspace call this themselves; a program that must not
 * allocate later calls it first. EPO_ENOMEM, with the workspace unchanged. */
epo_status epo__image_work_reserve(epo__image_work *work, size_t count);

/* Releases the room and leaves an empty workspace. NULL is accepted. */
void epo__image_work_free(epo__image_work *work);

#endif
