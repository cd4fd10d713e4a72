/* SPDX-License-Identifier: BSD-3-Clause
 * stamps.h - stamps with their pixels, and photometry points.
 *
 * The id of a stamp is object * 2^20 + number, so an object's stamps, and their pixels in the table beside, lie
 * together on disk: a sequence is one short range scan. */
#ifndef EPO_STORE_STAMPS_H
#define EPO_STORE_STAMPS_H

#include "epochal/store.h"
#include "base/pixel.h"
#include "base/pool.h"

enum {
    EPO__STAMP_BITS = 20,          /* an object holds fewer than 2^20 stamps */
    EPO__SIDE_MAX = 1024,          /* pixels, either side */
    EPO__STAMP_BYTES_MAX = 8 << 20 /* EPO__SIDE_MAX^2 pixels of 8 bytes */
};

/* "other": planes of a cube that are none of the three, such as the peak-to-peak layer of GOTO's stamps */
#define EPO__ROLE_MAP(X)          \
    X(SCIENCE, "science")         \
    X(TEMPLATE, "template")       \
    X(DIFFERENCE, "difference")   \
    X(OTHER, "other")

typedef enum epo__role {
#define EPO__ROLE_ENUM(name, text) EPO__ROLE_##name,
    EPO__ROLE_MAP(EPO__ROLE_ENUM)
#undef EPO__ROLE_ENUM
    EPO__ROLES
} epo__role;

const char *epo__role_name(epo__role role);          /* "science"; NULL outside the list */
bool epo__role_of(const char *name, epo__role *out);

typedef struct epo__stamp_row {
    int64_t id;     /* ignored when writing */
    int64_t object;
    int64_t source; /* the file it came from */

    /* (object, exposure, role, plane) is unique: the same exposure seen through two overlapping cutouts is one stamp */
    const char *exposure; /* not NULL. Frames without times: zero-pad the number, so that text order is frame order */
    epo__role role;
    int plane;            /* order of the planes of one exposure, from 0 */

    double mjd;           /* days, what sequences are ordered by; NaN unknown */
    double mjd_given;     /* as in the file, where that differs from mjd; else NaN */
    bool mjd_suspect;     /* the file's MJD does not fit its date */
    const char *night;    /* observing date "2006-04-02", NULL unknown */
    const char *filter;   /* NULL unknown */

    epo__pixel_type type;
    int width, height;    /* 1 .. EPO__SIDE_MAX */
    uint32_t crc32;       /* of the pixels as stored (zlib's); ignored when writing */
    bool constant;        /* every pixel has the same value: nothing to see */

    double mag, mag_err;  /* mag, NaN unknown */
    double fwhm;          /* pixels, NaN unknown */
    int64_t candid;       /* alert id, 0 none */
    double rb, drb;       /* real/bogus scores that came with it, NaN none */
    const char *rb_version, *drb_version;
    const char *extra;    /* JSON object with what has no column, NULL none */
} epo__stamp_row;

/* Adds a stamp with its width * height pixels, unless its key is there: then *added is false, *id is the one there and
 * nothing changes. EPO_EARG for sizes, types or roles out of range, EPO_ELIMIT for an object with 2^20 stamps. */
epo_status epo__store_stamp_put(epo_store *store, const epo__stamp_row *row, const void *pixels, int64_t *id,
                                bool *added);

/* Stamps that were read; all zeros is an empty list, reused from call to call. */
typedef struct epo__stamp_list {
    epo__stamp_row *rows;
    size_t count, capacity;
    epo__pool texts;
} epo__stamp_list;

void epo__stamp_list_free(epo__stamp_list *list);

/* All stamps of one object in the order (mjd, exposure, plane, id), unknown times first: independent of the order in
 * which files came, and the planes of an exposure side by side. count is 0 for an object without stamps. Rows of a
 * damaged store whose size, type or role is out of range are EPO_EFORMAT. */
epo_status epo__store_stamps_of(epo_store *store, int64_t object, epo__stamp_list *list);

/* The next at most `room` stamps with an id greater than `after`, by id; an object's stamps come together. count is 0
 * at the end. */
epo_status epo__store_stamps_next(epo_store *store, int64_t after, size_t room, epo__stamp_list *list);

/* A caller's reusable buffer; all zeros is an empty one, release `bytes` with free(). */
typedef struct epo__pixels {
    void *bytes; /* aligned for any pixel type */
    size_t size, capacity;
} epo__pixels;

/* The pixels of a stamp that was read: width * height of its type. EPO_EFORMAT, naming stamp and object as damaged,
 * when their size or CRC32 is not what `stamp` says. */
epo_status epo__store_pixels_read(epo_store *store, const epo__stamp_row *stamp, epo__pixels *out);

/* What is wrong with the `size` bytes of a stamp of this type, sides (in range) and CRC32; NULL for nothing. */
const char *epo__pixels_problem(epo__pixel_type type, int64_t width, int64_t height, int64_t crc, const void *bytes,
                                size_t size);

/* A point of a light curve. An upper limit is a magnitude with EPO__PHOTOMETRY_LIMIT. Readers leave out limits and suspect
 * points; the bits from 4 on say what a measured point suffers from. */
enum {
    EPO__PHOTOMETRY_LIMIT = 1,
    EPO__PHOTOMETRY_SUSPECT = 2,
    EPO__PHOTOMETRY_BAD_PIXEL = 4,
    EPO__PHOTOMETRY_SATURATED = 8,
    EPO__PHOTOMETRY_EDGE = 16,
    EPO__PHOTOMETRY_SKY_FEW = 32
};

typedef struct epo__photometry_row {
    int64_t object, source;
    const char *method; /* "given", or how it was measured; not NULL */
    double mjd, mag;    /* finite */
    double mag_err;     /* NaN unknown */
    const char *filter; /* "" unknown; not NULL */
    int flag;
    double flux, flux_err; /* in the stamp's unit; a flux_err that is not above 0: no flux is known */
} epo__photometry_row;

/* (object, method, mjd, filter, mag) is unique: an exact repeat changes nothing. */
epo_status epo__store_photometry_put(epo_store *store, const epo__photometry_row *row, bool *added);

/* Takes away the points of one object and method. */
epo_status epo__store_photometry_clear(epo_store *store, int64_t object, const char *method);

typedef struct epo__photometry_list {
    epo__photometry_row *rows;
    size_t count, capacity;
    epo__pool texts;
} epo__photometry_list;

void epo__photometry_list_free(epo__photometry_list *list);

/* The points of one object and method (NULL: of all methods), by mjd. */
epo_status epo__store_photometry_of(epo_store *store, int64_t object, const char *method, epo__photometry_list *list);

/* The names of the methods there is photometry of, ascending, at most `room`; texts go to `pool`. */
epo_status epo__store_photometry_methods(epo_store *store, epo__pool *pool, const char **names, size_t room, size_t *count);

#endif
