/* SPDX-License-Identifier: BSD-3-Clause
 * encodings.c - what the encoder makes of sequences, from the store where it is there. */
#include "train/encodings.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/store.h"
#include "train/encoder_digest.h"

/* What SQLite cannot read is not there: it can be made again, and the stamps may be sound. */
static epo_status none_where_damaged(epo_status status, bool *there)
{
    if (status != EPO_EFORMAT) return status;
    *there = false;
    return EPO_OK;
}

static epo_status drop_all(epo_store *store)
{
    epo_status status = epo__store_begin(store);
    if (status != EPO_OK) return status;
    status = epo__store_encodings_drop(store);
    if (status == EPO_OK) status = epo__store_commit(store);
    if (status != EPO_OK) epo__store_rollback(store);
    return status;
}

epo_status epo__encodings_check(const epo_score_options *options)
{
    if (options->encodings == EPO_ENCODINGS_USE || (!options->triplet_head && !options->mc_passes)) return EPO_OK;
    return epo__fail(EPO_EARG, "encodings are kept for the sequence head, in one pass without dropout");
}

epo_status epo__encodings_begin(const epo_model *model, epo_store *store, const epo_score_options *options, epo__encodings *out)
{
    *out = (epo__encodings){.writes = options->encodings == EPO_ENCODINGS_KEEP};
    if (options->triplet_head || options->mc_passes) return EPO_OK;
    if (options->encodings == EPO_ENCODINGS_DROP) return drop_all(store);
    epo_status status = epo__encoder_digest(model, out->encoder);
    return status == EPO_OK ? none_where_damaged(epo__store_encodings_are(store, out->encoder, &out->reads), &out->reads) : status;
}

epo_status epo__encodings_read(const epo__encodings *e, epo_store *store, int64_t object, int turn, epo__sequence_features *out)
{
    const epo__encoding_key key = {object, e->encoder, turn};
    out->found = false;
    if (!e->reads) return EPO_OK;
    return none_where_damaged(epo__store_encoding_get(store, &key, &out->encoding, &out->found), &out->found);
}

epo_status epo__encodings_make(const epo__encodings *e, epo__engine *engine, size_t triplets, const float *planes,
                               size_t plane_floats, epo__sequence_features *features)
{
    epo__encoding *encoding = &features->encoding;
    char images[EPO__SHA256_TEXT] = "";
    size_t need;
    if (e->writes || features->found) epo__sha256_of(planes, plane_floats * sizeof *planes, images);
    if (!epo__size_mul(triplets, epo__engine_features(engine), &need)) return epo__nomem("features of a sequence");
    features->found = features->found && encoding->count == need && strcmp(encoding->images, images) == 0;
    if (features->found) return EPO_OK;
    if (!epo__grow(&encoding->features, &encoding->room, need, sizeof *encoding->features)) return epo__nomem("features of a sequence");
    encoding->count = need;
    _Static_assert(sizeof encoding->images == sizeof images, "a SHA-256");
    memcpy(encoding->images, images, sizeof images);
    return epo__engine_encode(engine, triplets, planes, encoding->features);
}

epo_status epo__encodings_keep(const epo__encodings *e, epo_store *store, int64_t object, int turn, const epo__sequence_features *features)
{
    if (!e->writes || features->found || features->encoding.count > EPO__ENCODING_MOST / sizeof(float)) return EPO_OK;
    return epo__store_encoding_put(store, &(epo__encoding_key){object, e->encoder, turn}, &features->encoding);
}
