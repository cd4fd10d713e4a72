/* SPDX-License-Identifier: BSD-3-Clause
 * fits_stamp.c - one FITS stamp and its keywords. */
#include "data/fits_stamp.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

epo_status epo__fits_stamp_open(const epo_import_options *options, const char *path, epo__fits **out)
{
    epo__fits_limits limits = EPO__FITS_CUTOUT;
    if (options->trust_input) limits = EPO__FITS_TRUSTED;
    return epo__fits_open_file(path, &limits, out);
}

static epo_status image_index(const epo__fits *f, const char *extname, size_t *hdu)
{
    if (!extname) return epo__fits_first_image(f, hdu);
    return epo__fits_find(f, extname, hdu) ? EPO_OK : epo__fail(EPO_ENOTFOUND, "no extension named %s", extname);
}

epo_status epo__fits_stamp_plane(epo__fits *f, const char *extname, epo__role role, epo__batch *batch, epo__exposure *exposure)
{
    size_t hdu;
    epo__plane *plane;
    epo_status status = image_index(f, extname, &hdu);
    if (status == EPO_OK) status = epo__batch_plane(batch, exposure, role, &plane);
    if (status == EPO_OK) status = epo__fits_image(f, hdu, &plane->image);
    if (status == EPO_OK) epo__batch_check_constant(batch, plane);
    return status;
}

/* From the image's header, else from the primary one. */
static bool key_text(const epo__fits *f, size_t hdu, const char *name, char text[EPO__FITS_VALUE])
{
    if (epo__fits_key(f, hdu, name, text, EPO__FITS_VALUE) && text[0]) return true;
    return hdu != 0 && epo__fits_key(f, 0, name, text, EPO__FITS_VALUE) && text[0];
}

static bool key_number(const epo__fits *f, size_t hdu, const char *name, double *out)
{
    char text[EPO__FITS_VALUE];
    double value;
    if (!key_text(f, hdu, name, text) || !epo__parse_double(text, &value) || !isfinite(value)) return false;
    *out = value;
    return true;
}

/* "2012-03-04T05:06:07.8" or "2012-03-04" as MJD. */
static bool parse_date(const char *text, double *mjd)
{
    int year, month, day, hour = 0, minute = 0;
    double second = 0;
    int fields = sscanf(text, "%4d-%2d-%2dT%2d:%2d:%lf", &year, &month, &day, &hour, &minute, &second);
    if ((fields != 3 && fields != 5 && fields != 6) || year < 1858 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 ||
        hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(second >= 0 && second < 61))
        return false;
    *mjd = epo__mjd_of_date(year, month, day) + (hour + (minute + second / 60) / 60) / 24;
    return true;
}

void epo__fits_stamp_keywords(const epo__fits *f, const char *extname, epo__batch *batch, epo__exposure *e)
{
    char text[EPO__FITS_VALUE];
    int64_t candid;
    size_t hdu;
    if (image_index(f, extname, &hdu) != EPO_OK) return;
    if (key_text(f, hdu, "CANDID", text)) {
        const char *id = epo__batch_text(batch, text);
        if (id) e->id = id;
        if (epo__parse_int(text, 1, INT64_MAX, &candid)) e->candid = candid;
    }
    key_number(f, hdu, "MAG", &e->mag);
    key_number(f, hdu, "MAGERR", &e->mag_err);
    key_number(f, hdu, "FWHM", &e->fwhm);
    if (key_text(f, hdu, "FILTER", text)) e->filter = epo__batch_text(batch, text);
    if (!key_number(f, hdu, "MJD-OBS", &e->mjd) && !key_number(f, hdu, "MJD", &e->mjd) && key_text(f, hdu, "DATE-OBS", text))
        parse_date(text, &e->mjd);
    if (!isnan(e->mjd)) e->night = epo__batch_night(batch, e->mjd);
    epo__subject *s = &batch->subjects[e->subject];
    key_number(f, hdu, "RA", &s->ra);
    key_number(f, hdu, "DEC", &s->dec);
    if (key_text(f, hdu, "OBJECT", text)) s->parent = epo__batch_text(batch, text);
}

epo__role epo__role_guess(const char *text)
{
    static const struct {
        const char *part;
        epo__role role;
    } words[] = {{"diff", EPO__ROLE_DIFFERENCE}, {"sub", EPO__ROLE_DIFFERENCE}, {"temp", EPO__ROLE_TEMPLATE}, {"ref", EPO__ROLE_TEMPLATE},
                 {"sci", EPO__ROLE_SCIENCE},     {"srch", EPO__ROLE_SCIENCE},   {"search", EPO__ROLE_SCIENCE}, {"new", EPO__ROLE_SCIENCE}};
    char lower[128];
    size_t n = 0;
    for (; text[n] && n + 1 < sizeof lower; n++) lower[n] = (char)tolower((unsigned char)text[n]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(lower, words[i].part)) return words[i].role;
    return EPO__ROLE_OTHER;
}

void epo__path_parts(const char *path, char *stem, size_t stem_size, char *folder, size_t folder_size)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    folder[0] = '\0';
    if (slash) {
        const char *start = slash;
        while (start > path && start[-1] != '/') start--;
        snprintf(folder, folder_size, "%.*s", (int)(slash - start), start);
    }
    if (strcmp(folder, ".") == 0 || strcmp(folder, "..") == 0) folder[0] = '\0';
    snprintf(stem, stem_size, "%s", base);
    static const char *const endings[] = {".gz", ".fits", ".fit"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (epo__ends_with(stem, endings[i])) stem[strlen(stem) - strlen(endings[i])] = '\0';
}
