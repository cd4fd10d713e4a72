/* SPDX-License-Identifier: BSD-3-Clause
 * fits_pixels.c - pixels, through cfitsio where they are more than plain numbers; the only file that knows it.
 *
 * cfitsio 4.2.0 can be crashed by headers, so it gets none from outside. For every image we lay down, in memory, a FITS
 * file of our own: one header with the seven or so keywords that the guard checked and that decide how pixels decode,
 * then a copy of the pixel bytes. Laying it down and opening it costs a few microseconds a stamp, and it also spares
 * cfitsio's scan of the file's own headers.
 *
 * An image whose pixels are its values, neither scaled nor blank, is big-endian numbers and nothing else: such bytes are
 * turned round here, which takes a tenth of the time.
 *
 * A tile-compressed image cannot be had so: its header is the format. It is read from the file's own bytes, still in
 * memory, and only when the user vouches for the file. */
#include <fitsio.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/fits_guard.h"

typedef struct scaling {
    double scale, zero;
    bool has_blank;    /* the header has a BLANK and the pixels are integers */
    bool blank_can_be; /* and a pixel can have that value */
    int64_t blank;
} scaling;

/* cfitsio registers its drivers on first use without a lock, and at closing it clears the file's place in its table of
 * open files without one: so opening and closing take turns here. A build that is not reentrant reads in turn too. */
static pthread_once_t started = PTHREAD_ONCE_INIT;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static bool reentrant;

static void start(void)
{
    fits_init_cfitsio();
    reentrant = fits_is_reentrant();
}

static epo_status refuse(const epo__fits *f, size_t i, const char *reason)
{
    return epo__fail(EPO_EFORMAT, "%s: HDU %zu: %s", f->name, i, reason);
}

static epo_status read_scaling(const epo__fits *f, size_t i, scaling *s)
{
    const epo__fits_unit *unit = &f->units[i];
    char text[EPO__FITS_VALUE];
    *s = (scaling){.scale = 1};
    if (epo__fits_key(f, i, "BSCALE", text, sizeof text) &&
        (!epo__fits_parse_double(text, &s->scale) || !isfinite(s->scale) || s->scale == 0))
        return refuse(f, i, "BSCALE is not a number other than 0");
    if (epo__fits_key(f, i, "BZERO", text, sizeof text) &&
        (!epo__fits_parse_double(text, &s->zero) || !isfinite(s->zero)))
        return refuse(f, i, "BZERO is not a number");
    if (unit->bitpix > 0 && epo__fits_key(f, i, "BLANK", text, sizeof text)) {
        if (!epo__fits_key_int(f, i, "BLANK", &s->blank)) return refuse(f, i, "BLANK is not an integer");
        int64_t high = unit->bitpix == 8 ? UINT8_MAX : INT64_MAX >> (64 - unit->bitpix);
        s->has_blank = true;
        s->blank_can_be = s->blank <= high && s->blank >= (unit->bitpix == 8 ? 0 : -high - 1);
    }
    return EPO_OK;
}

static epo__pixel_type type_for(int bitpix, const scaling *s)
{
    bool unscaled = s->scale == 1 && s->zero == 0 && !s->has_blank;
    bool shifted = s->scale == 1 && !s->has_blank;
    switch (bitpix) {
    case 8: return unscaled ? EPO__PIXEL_U8 : shifted && s->zero == -128 ? EPO__PIXEL_I16 : EPO__PIXEL_F32;
    case 16: return unscaled ? EPO__PIXEL_I16 : shifted && s->zero == 32768 ? EPO__PIXEL_U16 : EPO__PIXEL_F32;
    case 32: return unscaled ? EPO__PIXEL_I32 : EPO__PIXEL_F64;
    case -32: return EPO__PIXEL_F32;
    default: return EPO__PIXEL_F64;
    }
}

static int cfitsio_type(epo__pixel_type type)
{
    switch (type) {
    case EPO__PIXEL_U8: return TBYTE;
    case EPO__PIXEL_I16: return TSHORT;
    case EPO__PIXEL_U16: return TUSHORT;
    case EPO__PIXEL_I32: return TINT;
    case EPO__PIXEL_F32: return TFLOAT;
    default: return TDOUBLE;
    }
}

static char *put_card(char *at, const char *name, const char *value)
{
    char card[EPO__CARD + 1];
    int length = snprintf(card, sizeof card, "%-8s= %20s", name, value);
    memcpy(at, card, (size_t)length);
    return at + EPO__CARD;
}

static char *put_int(char *at, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return put_card(at, name, text);
}

static char *put_double(char *at, const char *name, double value)
{
    char text[32];
    epo__fits_format_double(value, false, 17, text);
    return put_card(at, name, text);
}

/* Lays down the file of our own in f->scratch. */
static epo_status lay_down(epo__fits *f, const epo__fits_unit *unit, const scaling *s)
{
    size_t padded = (unit->data_size + EPO__FITS_BLOCK - 1) / EPO__FITS_BLOCK * EPO__FITS_BLOCK;
    if (!epo__grow(&f->scratch.data, &f->scratch.capacity, EPO__FITS_BLOCK + padded, 1)) return epo__nomem(f->name);
    char *at = (char *)f->scratch.data;
    memset(at, ' ', EPO__FITS_BLOCK);
    at = put_card(at, "SIMPLE", "T");
    at = put_int(at, "BITPIX", unit->bitpix);
    at = put_int(at, "NAXIS", 2);
    at = put_int(at, "NAXIS1", (int64_t)unit->width);
    at = put_int(at, "NAXIS2", (int64_t)unit->height);
    if (s->scale != 1) at = put_double(at, "BSCALE", s->scale);
    if (s->zero != 0) at = put_double(at, "BZERO", s->zero);
    if (s->blank_can_be) at = put_int(at, "BLANK", s->blank);
    memcpy(at, "END", 3);
    memcpy(f->scratch.data + EPO__FITS_BLOCK, unit->data, unit->data_size);
    memset(f->scratch.data + EPO__FITS_BLOCK + unit->data_size, 0, padded - unit->data_size);
    f->scratch.size = EPO__FITS_BLOCK + padded;
    return EPO_OK;
}

/* Reads `count` pixels of HDU `number` (from 0) of the FITS file in `bytes` into dst; blank ones become NaN when
 * `nulls`. 0, or cfitsio's status. */
static int decode(const unsigned char *bytes, size_t size, size_t number, epo__pixel_type type, bool nulls,
                  size_t count, void *dst)
{
    /* READONLY: cfitsio neither writes through this pointer nor reallocates it */
    union {
        const unsigned char *in;
        void *out;
    } memory = {.in = bytes};
    fitsfile *file = NULL;
    int status = 0, closing = 0, any_null = 0; /* any_null is not optional: cfitsio writes through it unasked */
    float nan_f = NAN;
    double nan_d = NAN;
    void *null = !nulls ? NULL : type == EPO__PIXEL_F32 ? (void *)&nan_f : (void *)&nan_d;
    pthread_once(&started, start);
    pthread_mutex_lock(&turn);
    fits_open_memfile(&file, "pixels", READONLY, &memory.out, &size, 0, NULL, &status);
    if (reentrant) pthread_mutex_unlock(&turn);
    if (number) fits_movabs_hdu(file, (int)number + 1, NULL, &status);
    fits_read_img(file, cfitsio_type(type), 1, (LONGLONG)count, null, dst, &any_null, &status);
    if (reentrant) pthread_mutex_lock(&turn);
    if (file) fits_close_file(file, &closing);
    if (status) fits_clear_errmsg();
    pthread_mutex_unlock(&turn);
    return status;
}

/* Pixels that need no arithmetic. */
static bool is_plain(int bitpix, const scaling *s)
{
    return s->scale == 1 && s->zero == 0 && !s->has_blank && bitpix != 64;
}

/* `count` big-endian numbers of so many bits, as this machine has them. */
#define TURN_ROUND(bits)                                                                                               \
    EPO_KERNEL static void turn_round##bits(const unsigned char *bytes, size_t count, unsigned char *out)              \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            uint##bits##_t value;                                                                                      \
            memcpy(&value, bytes + i * sizeof value, sizeof value);                                                    \
            value = __builtin_bswap##bits(value);                                                                      \
            memcpy(out + i * sizeof value, &value, sizeof value);                                                      \
        }                                                                                                              \
    }
TURN_ROUND(16)
TURN_ROUND(32)
TURN_ROUND(64)

/* The guard has seen that there are count x |bitpix| bits of data. */
static void copy_plain(const epo__fits_unit *unit, void *dst)
{
    const size_t count = unit->width * unit->height;
    const bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    const size_t bytes = (size_t)abs(unit->bitpix) / 8;
    if (bytes == 1 || big_endian)
        memcpy(dst, unit->data, count * bytes);
    else if (bytes == 2)
        turn_round16(unit->data, count, dst);
    else if (bytes == 4)
        turn_round32(unit->data, count, dst);
    else
        turn_round64(unit->data, count, dst);
}

epo_status epo__fits_image(epo__fits *f, size_t i, epo__image *image)
{
    epo_status status = epo__fits_want(f, i, EPO__FITS_IMAGE);
    if (status) return status;
    const epo__fits_unit *unit = &f->units[i];
    scaling s = {.scale = 1};
    epo__pixel_type type;
    if (unit->tiled) {
        type = unit->bitpix == 8 || unit->bitpix == 16 || unit->bitpix == -32 ? EPO__PIXEL_F32 : EPO__PIXEL_F64;
    } else {
        status = read_scaling(f, i, &s);
        if (status) return status;
        type = type_for(unit->bitpix, &s);
    }
    if (!epo__image_resize(image, type, unit->width, unit->height)) return epo__nomem(f->name);
    if (!unit->tiled && is_plain(unit->bitpix, &s)) {
        copy_plain(unit, image->pixels);
        return EPO_OK;
    }
    if (!unit->tiled && (status = lay_down(f, unit, &s)) != EPO_OK) return status;
    const unsigned char *bytes = unit->tiled ? f->bytes : f->scratch.data;
    size_t size = unit->tiled ? f->size : f->scratch.size;
    int code = decode(bytes, size, unit->tiled ? i : 0, type, unit->tiled || s.blank_can_be, unit->width * unit->height,
                      image->pixels);
    if (code) {
        char text[FLEN_STATUS] = "";
        fits_get_errstatus(code, text);
        return epo__fail(EPO_EFORMAT, "%s: HDU %zu: cfitsio: %s (%d)", f->name, i, text, code);
    }
    return EPO_OK;
}

void epo__fits_version(char out[16])
{
    float version; /* 4.0200 is 4.2.0 */
    long number = lroundf(fits_get_version(&version) * 10000);
    snprintf(out, 16, "%ld.%ld.%ld", number / 10000 % 100, number / 100 % 100, number % 100);
}
