/* SPDX-License-Identifier: BSD-3-Clause
 * safetensors_seal.h - where a weights file keeps its own SHA-256; shared by reader and writer. */
#ifndef EPO_FORMATS_SAFETENSORS_SEAL_H
#define EPO_FORMATS_SAFETENSORS_SEAL_H

#include <stddef.h>

#define EPO__SEAL_PREFIX "epochal."
#define EPO__SEAL_KEY "epochal.sha256"
#define EPO__SEAL_FORMAT_KEY "epochal.format"
#define EPO__SEAL_FORMAT "1"

enum { EPO__SEAL_DIGITS = 64 };

/* Offset in the JSON of the 64 digits behind "epochal.sha256":" as the writer writes it; 0 when that does not stand
 * there exactly once. Text inside a JSON string has its quotes escaped and cannot look like it. */
size_t epo__seal_find(const unsigned char *json, size_t size);

#endif
