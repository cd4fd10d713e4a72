/* SPDX-License-Identifier: BSD-3-Clause
 * encodings.c - what encoders made of sequences. */
#include "store/encodings.h"

#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/query.h"

static void bind_key(epo__query *q, const epo__encoding_key *key)
{
    epo__bind_text(q, key->encoder);
    epo__bind_int(q, key->object);
    epo__bind_int(q, key->turn);
}

epo_status epo__store_encoding_put(epo_store *store, const epo__encoding_key *key, const epo__encoding *e)
{
    size_t bytes;
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    if (!epo__size_mul(e->count, sizeof *e->features, &bytes) || bytes > EPO__ENCODING_MOST)
        return epo__fail(EPO_ELIMIT, "%s: %zu features of one object are too many to be kept", store->path, e->count);
    epo__query q = epo__query_open(store, "INSERT INTO encodings (encoder, object, turn, images, crc32, features) "
                                          "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (encoder, object, turn) DO UPDATE SET "
                                          "images = excluded.images, crc32 = excluded.crc32, features = excluded.features");
    bind_key(&q, key);
    epo__bind_text(&q, e->images);
    epo__bind_int(&q, (int64_t)crc32(0, (const unsigned char *)e->features, (unsigned)bytes));
    epo__bind_blob(&q, e->features, bytes);
    return epo__query_run(&q);
}

bool epo__encoding_is_sound(const void *bytes, size_t size, int64_t crc)
{
    return bytes && size > 0 && size % sizeof(float) == 0 && (int64_t)crc32(0, bytes, (unsigned)size) == crc;
}

/* False without memory; *found false for a row that is not what was put. */
static bool take(epo__query *q, epo__encoding *out, bool *found)
{
    const void *bytes = sqlite3_column_blob(q->stmt, 2);
    const char *images = (const char *)sqlite3_column_text(q->stmt, 0);
    size_t size = (size_t)sqlite3_column_bytes(q->stmt, 2), digits = (size_t)sqlite3_column_bytes(q->stmt, 0);
    *found = false;
    if (!images || digits != EPO__DIGEST_DIGITS || strlen(images) != digits) return true;
    if (!epo__encoding_is_sound(bytes, size, epo__column_int(q, 1))) return true;
    out->count = size / sizeof *out->features;
    if (!epo__grow(&out->features, &out->room, out->count, sizeof *out->features)) return false;
    memcpy(out->features, bytes, size);
    memcpy(out->images, images, sizeof out->images);
    *found = true;
    return true;
}

epo_status epo__store_encoding_get(epo_store *store, const epo__encoding_key *key, epo__encoding *out, bool *found)
{
    epo__query q = epo__query_open(store, "SELECT images, crc32, features FROM encodings WHERE encoder = ? AND object = ? AND turn = ?");
    bind_key(&q, key);
    epo_status status = epo__query_row(&q, found);
    if (status != EPO_OK || !*found) return status;
    if (!take(&q, out, found)) status = epo__nomem("encoding");
    epo__query_close(&q);
    return status;
}

epo_status epo__store_encodings_are(epo_store *store, const char *encoder, bool *any)
{
    epo__query q = epo__query_open(store, "SELECT 1 FROM encodings WHERE encoder = ? LIMIT 1");
    epo__bind_text(&q, encoder);
    epo_status status = epo__query_row(&q, any);
    epo__query_close(&q);
    return status;
}

epo_status epo__store_encodings_drop(epo_store *store)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(store, "DELETE FROM encodings");
    return epo__query_run(&q);
}
