/* SPDX-License-Identifier: BSD-3-Clause
 * stamps_write.c - adding stamps and photometry points, and the names of roles and pixel types. */
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "store/query.h"
#include "store/stamps.h"

static const char *const roles[] = {
#define ROLE_ENTRY(name, text) text,
    EPO__ROLE_MAP(ROLE_ENTRY)
#undef ROLE_ENTRY
};

const char *epo__role_name(epo__role role)
{
    return (size_t)role < EPO__ROLES ? roles[role] : NULL;
}

bool epo__role_of(const char *name, epo__role *out)
{
    for (size_t i = 0; i < EPO__ROLES; i++) {
        if (strcmp(name, roles[i]) != 0) continue;
        *out = (epo__role)i;
        return true;
    }
    return false;
}

/* The id the object's next stamp gets. */
static epo_status next_id(epo_store *store, int64_t object, int64_t *id)
{
    const int64_t first = object << EPO__STAMP_BITS, last = first + (1 << EPO__STAMP_BITS) - 1;
    bool row;
    epo__query q = epo__query_open(store, "SELECT max(id) FROM stamps WHERE id BETWEEN ? AND ?");
    epo__bind_int(&q, first);
    epo__bind_int(&q, last);
    epo_status status = epo__query_row(&q, &row);
    if (status != EPO_OK) return status;
    int64_t highest = row ? epo__column_int(&q, 0) : 0; /* NULL, for none, is 0 too */
    epo__query_close(&q);
    if (highest == last)
        return epo__fail(EPO_ELIMIT, "%s: object %lld has %d stamps, no more fit", store->path, (long long)object,
                         1 << EPO__STAMP_BITS);
    *id = highest ? highest + 1 : first;
    return EPO_OK;
}

static epo_status find(epo_store *store, const epo__stamp_row *row, int64_t *id)
{
    bool found;
    epo__query q =
        epo__query_open(store, "SELECT id FROM stamps WHERE object = ? AND exposure = ? AND role = ? AND plane = ?");
    epo__bind_int(&q, row->object);
    epo__bind_text(&q, row->exposure);
    epo__bind_text(&q, epo__role_name(row->role));
    epo__bind_int(&q, row->plane);
    epo_status status = epo__query_row(&q, &found);
    if (status == EPO_OK && found) *id = epo__column_int(&q, 0);
    epo__query_close(&q);
    return status;
}

/* Leaves *added false, and changes nothing, when a stamp of the same key is there. */
static epo_status add_row(epo_store *store, int64_t id, const epo__stamp_row *row, uint32_t crc, bool *added)
{
    epo__query q = epo__query_open(
        store, "INSERT INTO stamps (id, object, source, exposure, role, plane, mjd, mjd_given, mjd_suspect, night, "
               "filter, type, width, "
               "height, crc32, constant, mag, mag_err, fwhm, candid, rb, drb, rb_version, drb_version, extra) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
               "ON CONFLICT (object, exposure, role, plane) DO NOTHING");
    epo__bind_int(&q, id);
    epo__bind_int(&q, row->object);
    epo__bind_id(&q, row->source);
    epo__bind_text(&q, row->exposure);
    epo__bind_text(&q, epo__role_name(row->role));
    epo__bind_int(&q, row->plane);
    epo__bind_real(&q, row->mjd);
    epo__bind_real(&q, row->mjd_given);
    epo__bind_int(&q, row->mjd_suspect);
    epo__bind_text(&q, row->night);
    epo__bind_text(&q, row->filter);
    epo__bind_text(&q, epo__pixel_name(row->type));
    epo__bind_int(&q, row->width);
    epo__bind_int(&q, row->height);
    epo__bind_int(&q, crc);
    epo__bind_int(&q, row->constant);
    epo__bind_real(&q, row->mag);
    epo__bind_real(&q, row->mag_err);
    epo__bind_real(&q, row->fwhm);
    epo__bind_id(&q, row->candid);
    epo__bind_real(&q, row->rb);
    epo__bind_real(&q, row->drb);
    epo__bind_text(&q, row->rb_version);
    epo__bind_text(&q, row->drb_version);
    epo__bind_text(&q, row->extra);
    epo_status status = epo__query_run(&q);
    *added = status == EPO_OK && sqlite3_changes(store->db) > 0;
    return status;
}

epo_status epo__store_stamp_put(epo_store *store, const epo__stamp_row *row, const void *pixels, int64_t *id,
                                bool *added)
{
    *id = 0;
    *added = false;
    if (row->object <= 0 || row->object >= INT64_MAX >> EPO__STAMP_BITS || !row->exposure ||
        !epo__role_name(row->role) || !epo__pixel_name(row->type) || row->width < 1 || row->width > EPO__SIDE_MAX ||
        row->height < 1 || row->height > EPO__SIDE_MAX || row->plane < 0)
        return epo__fail(EPO_EARG,
                         "%s: a stamp of %d x %d pixels, plane %d: object, role, type or size is out of range",
                         store->path, row->width, row->height, row->plane);
    epo_status status = epo__want_transaction(store);
    const size_t size = (size_t)row->width * (size_t)row->height * epo__pixel_size(row->type);
    int64_t fresh = 0;
    bool is_new = false;
    if (status == EPO_OK) status = next_id(store, row->object, &fresh);
    if (status == EPO_OK) status = add_row(store, fresh, row, (uint32_t)crc32(0, pixels, (unsigned)size), &is_new);
    if (status != EPO_OK) return status;
    if (!is_new) return find(store, row, id);

    epo__query q = epo__query_open(store, "INSERT INTO pixels (stamp, data) VALUES (?, ?)");
    epo__bind_int(&q, fresh);
    epo__bind_blob(&q, pixels, size);
    status = epo__query_run(&q);
    if (status != EPO_OK) return status;
    *id = fresh;
    *added = true;
    return EPO_OK;
}

epo_status epo__store_photometry_put(epo_store *store, const epo__photometry_row *row, bool *added)
{
    *added = false;
    if (!isfinite(row->mjd) || !isfinite(row->mag) || !row->method || !row->filter)
        return epo__fail(EPO_EARG, "%s: a photometry point without time, magnitude, method or filter", store->path);
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(store, "INSERT INTO photometry (object, method, mjd, filter, mag, mag_err, flag, "
                                          "source, flux, flux_err) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                                          "ON CONFLICT (object, method, mjd, filter, mag) DO NOTHING");
    epo__bind_int(&q, row->object);
    epo__bind_text(&q, row->method);
    epo__bind_real(&q, row->mjd);
    epo__bind_text(&q, row->filter);
    epo__bind_real(&q, row->mag);
    epo__bind_real(&q, row->mag_err);
    epo__bind_int(&q, row->flag);
    epo__bind_id(&q, row->source);
    epo__bind_real(&q, row->flux_err > 0 ? row->flux : NAN);
    epo__bind_real(&q, row->flux_err > 0 ? row->flux_err : NAN);
    status = epo__query_run(&q);
    *added = status == EPO_OK && sqlite3_changes(store->db) > 0;
    return status;
}

epo_status epo__store_photometry_clear(epo_store *store, int64_t object, const char *method)
{
    epo_status status = epo__want_transaction(store);
    if (status != EPO_OK) return status;
    epo__query q = epo__query_open(store, "DELETE FROM photometry WHERE object = ? AND method = ?");
    epo__bind_int(&q, object);
    epo__bind_text(&q, method);
    return epo__query_run(&q);
}
