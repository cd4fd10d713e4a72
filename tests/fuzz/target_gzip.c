/* SPDX-License-Identifier: BSD-3-Clause
 * target_gzip.c - gzip members into memory, with a cap that some of the seeds go over, into fresh memory and into room
 * that is there. */
#include <stdlib.h>

#include "formats/bytes.h"
#include "fuzz/target.h"

static int run(const uint8_t *bytes, size_t size)
{
    enum { CAP = 1 << 16, SMALL_CAP = 1000 };
    static epo__bytes room; /* reused, as in a stream of alerts */
    unsigned char *out = NULL;
    size_t out_size = 0;
    if (epo__gunzip_into(bytes, size, SMALL_CAP, &room) == EPO_OK) fuzz_touch(room.data, room.size);
    if (epo__gunzip(bytes, size, CAP, &out, &out_size) != EPO_OK) return 0;
    fuzz_touch(out, out_size);
    free(out);
    if (epo__gunzip_into(bytes, size, CAP, &room) == EPO_OK) fuzz_touch(room.data, room.size);
    return 1;
}

static const char *const words[] = {"\x1f\x8b\x08", "\x03\xff", "name", NULL};

const fuzz_target fuzz_gzip = {.name = "gzip", .run = run, .words = words, .max_size = 4 << 10};
