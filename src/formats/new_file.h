/* SPDX-License-Identifier: BSD-3-Clause
 * new_file.h - files that are written whole or not at all: a temporary file beside the path, synced, then renamed over
 * it. What is there and is no regular file (a device, a pipe, a folder) is refused. */
#ifndef EPO_FORMATS_NEW_FILE_H
#define EPO_FORMATS_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "epochal/status.h"

typedef struct epo__new_file {
    FILE *file; /* to write to */
    const char *path;
    char *name;      /* of the temporary file */
    char *directory; /* where both are; made first, since the rename must not wait for memory */
} epo__new_file;

/* `path` must live until the end. EPO_EIO naming it, also when something stands there that is no regular file: a device
 * must not be replaced. */
epo_status epo__new_file_open(const char *path, epo__new_file *out);

/* Ends it: the file takes its place if all was written (`fine`, with errno as the failed write left it), else nothing
 * is left of it. EPO_EIO. */
epo_status epo__new_file_end(epo__new_file *file, bool fine);

/* Takes it away; the message of the failure that led here stays. Does nothing where it is all zeros. */
void epo__new_file_drop(epo__new_file *file);

/* Takes away temporary files of `path` that a process which is gone left behind: it was killed while it wrote. Those of running ones
 * stay. For jobs that write the same path again and again, before they begin. */
void epo__new_file_sweep(const char *path);

/* A file for writing and reading in the folder of `path` that nobody else sees and that is gone when it is closed.
 * EPO_EIO. */
epo_status epo__scratch_open(const char *path, FILE **out);

/* The three in one for bytes in memory. */
epo_status epo__file_write(const char *path, const void *bytes, size_t size);

#endif
