/* SPDX-License-Identifier: BSD-3-Clause
 * fits.c - opening FITS files, their HDUs and header values. */
#include "formats/fits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/fits_guard.h"

/* Inflates gzip bytes, into `scratch` when there is one, and has the guard walk them. Takes `owned`, the memory that
 * `bytes` lie in when it is ours. */
static epo_status open_bytes(const unsigned char *bytes, size_t size, unsigned char *owned, const char *name,
                             const epo__fits_limits *limits, epo__bytes *scratch, epo__fits **out)
{
    epo_status status = EPO_OK;
    epo__fits *f = epo__alloc(1, sizeof *f);
    if (!f || !(f->name = epo__strdup(name))) {
        status = epo__nomem(name);
        free(owned);
        goto done;
    }
    f->owned = owned;
    f->limits = *limits;
    if (size > limits->max_bytes) {
        status = epo__fail(EPO_ELIMIT, "%s: has %zu bytes, over the limit of %zu", name, size, limits->max_bytes);
        goto done;
    }
    if (epo__is_gzip(bytes, size)) {
        epo__bytes inflated = {0}, *to = scratch ? scratch : &inflated;
        status = epo__gunzip_into(bytes, size, limits->max_bytes, to);
        if (status) {
            epo__bytes_free(&inflated);
            status = epo__fail_in(status, "%s", name);
            goto done;
        }
        free(f->owned); /* the compressed bytes have served */
        f->owned = inflated.data;
        bytes = to->data;
        size = to->size;
    }
    f->bytes = bytes;
    f->size = size;
    status = size ? epo__fits_guard(f) : epo__fail(EPO_EFORMAT, "%s: is empty", name);
done:
    if (status) {
        epo__fits_close(f);
        return status;
    }
    *out = f;
    return EPO_OK;
}

epo_status epo__fits_open_file(const char *path, const epo__fits_limits *limits, epo__fits **out)
{
    unsigned char *bytes;
    size_t size;
    epo_status status = epo__bytes_read(path, limits->max_bytes, &bytes, &size);
    return status ? status : open_bytes(bytes, size, bytes, path, limits, NULL, out);
}

epo_status epo__fits_open_memory(const void *bytes, size_t size, const char *name, const epo__fits_limits *limits,
                                 epo__fits **out)
{
    return open_bytes(bytes, size, NULL, name, limits, NULL, out);
}

epo_status epo__fits_open_scratch(const void *bytes, size_t size, const char *name, const epo__fits_limits *limits,
                                  epo__bytes *scratch, epo__fits **out)
{
    return open_bytes(bytes, size, NULL, name, limits, scratch, out);
}

void epo__fits_close(epo__fits *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->count; i++) free(f->units[i].columns);
    free(f->units);
    free(f->owned);
    epo__bytes_free(&f->scratch);
    free(f->name);
    free(f);
}

size_t epo__fits_count(const epo__fits *f)
{
    return f->count;
}

epo_status epo__fits_hdu(const epo__fits *f, size_t i, epo__fits_info *info)
{
    if (i >= f->count) return epo__fail(EPO_EARG, "%s: there is no HDU %zu, only %zu", f->name, i, f->count);
    const epo__fits_unit *unit = &f->units[i];
    bool image = unit->kind == EPO__FITS_IMAGE;
    info->kind = unit->kind;
    info->width = image ? unit->width : 0;
    info->height = image ? unit->height : 0;
    epo__fits_key(f, i, "EXTNAME", info->extname, sizeof info->extname);
    return EPO_OK;
}

bool epo__fits_find(const epo__fits *f, const char *extname, size_t *i)
{
    char name[EPO__FITS_VALUE];
    for (size_t n = 0; n < f->count; n++)
        if (epo__fits_key(f, n, "EXTNAME", name, sizeof name) && strcasecmp(name, extname) == 0) {
            *i = n;
            return true;
        }
    return false;
}

epo_status epo__fits_first_image(const epo__fits *f, size_t *i)
{
    const epo__fits_unit *refused = NULL;
    for (size_t n = 0; n < f->count; n++) {
        const epo__fits_unit *unit = &f->units[n];
        if (unit->kind == EPO__FITS_IMAGE) {
            *i = n;
            return EPO_OK;
        }
        if (unit->kind == EPO__FITS_OTHER && !refused) refused = unit;
    }
    if (!refused) return epo__fail(EPO_EUNSUPPORTED, "%s: has no image", f->name);
    return epo__fail(refused->refusal, "%s: HDU %zu: %s", f->name, (size_t)(refused - f->units), refused->reason);
}

bool epo__fits_key(const epo__fits *f, size_t i, const char *name, char *text, size_t size)
{
    text[0] = '\0';
    if (i >= f->count) return false;
    const char *card = epo__card_find(f->units[i].cards, f->units[i].card_count, name);
    return card && epo__card_value(card, text, size);
}

bool epo__fits_key_double(const epo__fits *f, size_t i, const char *name, double *out)
{
    char text[EPO__FITS_VALUE];
    return epo__fits_key(f, i, name, text, sizeof text) && epo__fits_parse_double(text, out);
}

bool epo__fits_key_int(const epo__fits *f, size_t i, const char *name, int64_t *out)
{
    char text[EPO__FITS_VALUE];
    return epo__fits_key(f, i, name, text, sizeof text) && epo__parse_int(text, INT64_MIN, INT64_MAX, out);
}
