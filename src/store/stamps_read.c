/* SPDX-License-Identifier: BSD-3-Clause
 * stamps_read.c - reading stamps, their pixels and photometry points. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/query.h"
#include "store/stamps.h"

#define STAMP_COLUMNS                                                                                                  \
    "SELECT id, object, source, exposure, role, plane, mjd, mjd_given, mjd_suspect, night, filter, type, width, "      \
    "height, "                                                                                                         \
    "crc32, constant, mag, mag_err, fwhm, candid, rb, drb, rb_version, drb_version, extra FROM stamps "

/* A number of a row, which must be in range: the CHECKs of a file from elsewhere may have been switched off. */
static bool ranged(epo__query *q, int column, int64_t low, int64_t high, int64_t *out)
{
    *out = epo__column_int(q, column);
    return *out >= low && *out <= high;
}

static epo_status read_stamp(epo__query *q, epo__pool *texts, epo__stamp_row *out)
{
    const char *role, *type;
    *out = (epo__stamp_row){.id = epo__column_int(q, 0),
                            .object = epo__column_int(q, 1),
                            .source = epo__column_int(q, 2),
                            .mjd = epo__column_real(q, 6),
                            .mjd_given = epo__column_real(q, 7),
                            .mjd_suspect = epo__column_int(q, 8) != 0,
                            .constant = epo__column_int(q, 15) != 0,
                            .mag = epo__column_real(q, 16),
                            .mag_err = epo__column_real(q, 17),
                            .fwhm = epo__column_real(q, 18),
                            .candid = epo__column_int(q, 19),
                            .rb = epo__column_real(q, 20),
                            .drb = epo__column_real(q, 21)};
    if (!epo__column_text(q, 3, texts, &out->exposure) || !epo__column_text(q, 4, texts, &role) ||
        !epo__column_text(q, 9, texts, &out->night) || !epo__column_text(q, 10, texts, &out->filter) ||
        !epo__column_text(q, 11, texts, &type) || !epo__column_text(q, 22, texts, &out->rb_version) ||
        !epo__column_text(q, 23, texts, &out->drb_version) || !epo__column_text(q, 24, texts, &out->extra))
        return epo__nomem("a stamp");
    int64_t plane, width, height, crc;
    if (!ranged(q, 5, 0, INT_MAX, &plane) || !ranged(q, 12, 1, EPO__SIDE_MAX, &width) ||
        !ranged(q, 13, 1, EPO__SIDE_MAX, &height) || !ranged(q, 14, 0, UINT32_MAX, &crc) || !out->exposure || !role ||
        !type || !epo__role_of(role, &out->role) || !epo__pixel_from_name(type, &out->type) ||
        out->object != out->id >> EPO__STAMP_BITS)
        return epo__fail(EPO_EFORMAT, "%s: stamp %lld: damaged, its row holds values that cannot be", q->store->path,
                         (long long)out->id);
    out->plane = (int)plane;
    out->width = (int)width;
    out->height = (int)height;
    out->crc32 = (uint32_t)crc;
    return EPO_OK;
}

/* Reads all rows of `q`, and closes it. */
static epo_status fill_list(epo__query *q, epo__stamp_list *list)
{
    list->count = 0;
    epo__pool_clear(&list->texts);
    bool row;
    epo_status status;
    while ((status = epo__query_row(q, &row)) == EPO_OK && row) {
        if (!epo__grow(&list->rows, &list->capacity, list->count + 1, sizeof *list->rows))
            status = epo__nomem("stamps");
        else
            status = read_stamp(q, &list->texts, &list->rows[list->count]);
        if (status != EPO_OK) break;
        list->count++;
    }
    epo__query_close(q);
    if (status != EPO_OK) list->count = 0;
    return status;
}

epo_status epo__store_stamps_of(epo_store *store, int64_t object, epo__stamp_list *list)
{
    /* by id, which finds them without an index, and lets pixels be read in passing over one stretch of the file */
    epo__query q = epo__query_open(store, STAMP_COLUMNS "WHERE id BETWEEN ?1 << 20 AND (?1 << 20) + 1048575 "
                                                        "ORDER BY mjd, exposure, plane, id");
    epo__bind_int(&q, object);
    return fill_list(&q, list);
}

epo_status epo__store_stamps_next(epo_store *store, int64_t after, size_t room, epo__stamp_list *list)
{
    epo__query q = epo__query_open(store, STAMP_COLUMNS "WHERE id > ? ORDER BY id LIMIT ?");
    epo__bind_int(&q, after);
    epo__bind_int(&q, room > INT64_MAX ? INT64_MAX : (int64_t)room);
    return fill_list(&q, list);
}

void epo__stamp_list_free(epo__stamp_list *list)
{
    free(list->rows);
    epo__pool_free(&list->texts);
    *list = (epo__stamp_list){0};
}

void epo__stamp_words(int64_t stamp, const char *object, const char *role, double mjd, char *out, size_t size)
{
    char when[40] = "no time";
    if (isfinite(mjd)) snprintf(when, sizeof when, "MJD %.4f", mjd);
    snprintf(out, size, "stamp %lld of object '%.100s' (%.20s, %s)", (long long)stamp, object ? object : "?", role ? role : "?", when);
}

/* A caller may know of a stamp only what it needs for its pixels, so its names are asked for. */
static epo_status damaged(epo_store *store, int64_t stamp, const char *how)
{
    char words[240];
    bool row = false;
    epo__query q = epo__query_open(store, "SELECT o.name, s.role, s.mjd FROM stamps s LEFT JOIN objects o ON o.id = s.object WHERE s.id = ?");
    epo__bind_int(&q, stamp);
    if (epo__query_row(&q, &row) == EPO_OK && row)
        epo__stamp_words(stamp, (const char *)sqlite3_column_text(q.stmt, 0), (const char *)sqlite3_column_text(q.stmt, 1), epo__column_real(&q, 2),
                         words, sizeof words);
    else
        snprintf(words, sizeof words, "stamp %lld", (long long)stamp);
    epo__query_close(&q);
    return epo__fail(EPO_EFORMAT, "%s: %s is damaged: %s", store->path, words, how);
}

const char *epo__pixels_problem(epo__pixel_type type, int64_t width, int64_t height, int64_t crc, const void *bytes,
                                size_t size)
{
    if (!bytes || size != (size_t)width * (size_t)height * epo__pixel_size(type))
        return "its pixels have the wrong size";
    if ((int64_t)crc32(0, bytes, (unsigned)size) != crc) return "its pixels do not fit their CRC32";
    return NULL;
}

epo_status epo__store_pixels_read(epo_store *store, const epo__stamp_row *stamp, epo__pixels *out)
{
    out->size = 0;
    bool row;
    epo__query q = epo__query_open(store, "SELECT data FROM pixels WHERE stamp = ?");
    epo__bind_int(&q, stamp->id);
    epo_status status = epo__query_row(&q, &row);
    if (status != EPO_OK) return status;
    if (!row) return damaged(store, stamp->id, "it has no pixels");
    const void *bytes = sqlite3_column_blob(q.stmt, 0);
    const size_t size = (size_t)sqlite3_column_bytes(q.stmt, 0);
    const char *problem = epo__pixels_problem(stamp->type, stamp->width, stamp->height, stamp->crc32, bytes, size);
    if (!bytes && sqlite3_errcode(store->db) == SQLITE_NOMEM)
        status = epo__nomem("pixels");
    else if (problem)
        status = damaged(store, stamp->id, problem);
    else if (!epo__grow(&out->bytes, &out->capacity, size, 1))
        status = epo__nomem("pixels");
    if (status == EPO_OK) {
        memcpy(out->bytes, bytes, size);
        out->size = size;
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_photometry_of(epo_store *store, int64_t object, const char *method, epo__photometry_list *list)
{
    list->count = 0;
    epo__pool_clear(&list->texts);
    epo__query q =
        epo__query_open(store, "SELECT object, source, method, mjd, mag, mag_err, filter, flag, flux, flux_err FROM photometry "
                               "WHERE object = ?1 AND (?2 IS NULL OR method = ?2) ORDER BY mjd, filter, mag");
    epo__bind_int(&q, object);
    epo__bind_text(&q, method);
    bool row;
    epo_status status;
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        if (!epo__grow(&list->rows, &list->capacity, list->count + 1, sizeof *list->rows)) {
            status = epo__nomem("photometry");
            break;
        }
        epo__photometry_row *point = &list->rows[list->count];
        *point = (epo__photometry_row){.object = epo__column_int(&q, 0),
                                       .source = epo__column_int(&q, 1),
                                       .mjd = epo__column_real(&q, 3),
                                       .mag = epo__column_real(&q, 4),
                                       .mag_err = epo__column_real(&q, 5),
                                       .flag = (int)epo__column_int(&q, 7),
                                       .flux = epo__column_real(&q, 8),
                                       .flux_err = epo__column_real(&q, 9)};
        if (!epo__column_text(&q, 2, &list->texts, &point->method) ||
            !epo__column_text(&q, 6, &list->texts, &point->filter)) {
            status = epo__nomem("photometry");
            break;
        }
        if (!point->method || !point->filter) {
            status = epo__fail(EPO_EFORMAT, "%s: photometry of object %lld: damaged, a row holds values that cannot be",
                               store->path, (long long)object);
            break;
        }
        list->count++;
    }
    epo__query_close(&q);
    return status;
}

epo_status epo__store_photometry_methods(epo_store *store, epo__pool *pool, const char **names, size_t room, size_t *count)
{
    *count = 0;
    epo__query q = epo__query_open(store, "SELECT DISTINCT method FROM photometry ORDER BY method");
    bool row;
    epo_status status;
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row && *count < room) {
        if (!epo__column_text(&q, 0, pool, &names[*count])) {
            status = epo__nomem("photometry");
            break;
        }
        if (names[*count]) ++*count;
    }
    epo__query_close(&q);
    return status;
}

void epo__photometry_list_free(epo__photometry_list *list)
{
    free(list->rows);
    epo__pool_free(&list->texts);
    *list = (epo__photometry_list){0};
}
