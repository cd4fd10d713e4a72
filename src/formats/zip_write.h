/* SPDX-License-Identifier: BSD-3-Clause
 * zip_write.h - a zip archive of stored members, written as it comes, whatever its size (zip64); the same members give
 * the same bytes: no dates, no owners.
 *
 *     epo__zip_create, { epo__zip_begin, epo__zip_write..., epo__zip_end }, epo__zip_finish or epo__zip_drop
 *
 * What a member begins with may be known last (the number of rows in a numpy header): room is kept for it. */
#ifndef EPO_FORMATS_ZIP_WRITE_H
#define EPO_FORMATS_ZIP_WRITE_H

#include <stddef.h>

#include "epochal/status.h"

typedef struct epo__zip_writer epo__zip_writer;

/* The archive is at `path`, which must live until then, once it is finished (new_file.h). EPO_EIO, EPO_ENOMEM. */
epo_status epo__zip_create(const char *path, epo__zip_writer **out);

/* A member's first `head` bytes are given at its end. Names are ASCII, below 256 bytes. */
epo_status epo__zip_begin(epo__zip_writer *zip, const char *name, size_t head);
epo_status epo__zip_write(epo__zip_writer *zip, const void *bytes, size_t size);
epo_status epo__zip_end(epo__zip_writer *zip, const void *head);

/* Either releases the writer. EPO_EIO: nothing is changed on disk. */
epo_status epo__zip_finish(epo__zip_writer *zip);
void epo__zip_drop(epo__zip_writer *zip);

#endif
