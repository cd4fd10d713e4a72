/* SPDX-License-Identifier: BSD-3-Clause
 * zip.h - reading the members of a zip archive one after the other, each from its start to its end.
 *
 * Reads what numpy and zip(1) write: stored and deflated members, zip64; no encryption, no archives in parts.
 * Untrusted: the central directory is bounded, a member gives exactly the bytes it declares (CRC32 checked) or fails.
 */
#ifndef EPO_FORMATS_ZIP_H
#define EPO_FORMATS_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

typedef struct epo__zip epo__zip;

/* EPO_EIO, EPO_EFORMAT, EPO_ELIMIT (over 65,536 members or a directory over 16 MiB), EPO_ENOMEM. */
epo_status epo__zip_open(const char *path, epo__zip **out);
void epo__zip_free(epo__zip *zip);

size_t epo__zip_count(const epo__zip *zip);
const char *epo__zip_name(const epo__zip *zip, size_t member); /* NUL-terminated, lives with `zip` */
uint64_t epo__zip_size(const epo__zip *zip, size_t member);    /* bytes once inflated, as declared */

/* Goes to the start of a member. EPO_EUNSUPPORTED for an encrypted one or another method. */
epo_status epo__zip_enter(epo__zip *zip, size_t member);

/* Exactly the next `size` bytes of the member entered; EPO_EFORMAT when it has not as many. Reading its last byte
 * checks the CRC32 and that the member ends there. */
epo_status epo__zip_read(epo__zip *zip, void *out, size_t size);

#endif
