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

epo_status epo__fits_stamp_find(const epo__fits *f, const char *path, const char *extname, size_t *hdu)
{
    if (!extname) return epo__fits_first_image(f, hdu);
    return epo__fits_find(f, extname, hdu) ? EPO_OK
                                           : epo__fail(EPO_ENOTFOUND, "%s: no extension is named %s", path, extname);
}

epo_status epo__fits_stamp_plane(epo__fits *f, size_t hdu, epo__role role, epo__batch *batch, epo__exposure *exposure)
{
    epo__plane *plane;
    epo_status status = epo__batch_plane(batch, exposure, role, &plane);
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
    double value;
    if (!epo__fits_key_double(f, hdu, name, &value) && (hdu == 0 || !epo__fits_key_double(f, 0, name, &value)))
        return false;
    if (!isfinite(value)) return false;
    *out = value;
    return true;
}

/* "05:06:07.8" or "05:06" as a part of the day. */
static bool parse_clock(const char *text, double *days)
{
    int hour, minute, used = 0;
    double second = 0;
    if (sscanf(text, "%2d:%2d%n", &hour, &minute, &used) != 2 || hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return false;
    if (text[used] && (text[used] != ':' || !epo__parse_double(text + used + 1, &second))) return false;
    if (!(second >= 0 && second < 61)) return false;
    *days = (hour + (minute + second / 60) / 60) / 24;
    return true;
}

/* "2012-03-04T05:06:07.8" or "2012-03-04" as MJD. */
static bool parse_date(const char *text, double *mjd)
{
    int year, month, day, used = 0;
    double clock = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || year < 1858 || month < 1 || month > 12 ||
        day < 1 || day > 31)
        return false;
    if (text[used] && (text[used] != 'T' || !parse_clock(text + used + 1, &clock))) return false;
    *mjd = epo__mjd_of_date(year, month, day) + clock;
    return true;
}

static epo_status read_time(const epo__fits *f, size_t hdu, epo__batch *batch, epo__exposure *e)
{
    char text[EPO__FITS_VALUE];
    double mjd;
    if (key_number(f, hdu, "MJD-OBS", &mjd) || key_number(f, hdu, "MJD", &mjd) ||
        (key_text(f, hdu, "DATE-OBS", text) && parse_date(text, &mjd)))
        return epo__batch_time(batch, e, mjd);
    return EPO_OK;
}

/* Magnitude of a pixel value of 1, by the names that surveys and pipelines give it. */
static bool key_zero_point(const epo__fits *f, size_t hdu, double *out)
{
    static const char *const names[] = {"MAGZP", "MAGZERO", "MAGZPT", "PHOTZP", "ZP"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (key_number(f, hdu, names[i], out) && fabs(*out) <= 100) return true;
    return false;
}

/* What has no field, as JSON. */
static epo_status read_extra(const epo__fits *f, size_t hdu, epo__batch *batch, epo__exposure *e)
{
    char text[EPO__FITS_VALUE], edge[16] = "", zero_point[48] = "";
    double value;
    if (key_text(f, hdu, "EDGE", text)) /* a logical, or the texts "True" and "False" */
        snprintf(edge, sizeof edge, "\"edge\":%s", text[0] == 'T' || text[0] == 't' ? "true" : "false");
    if (key_zero_point(f, hdu, &value)) snprintf(zero_point, sizeof zero_point, "\"zero_point\":%.17g", value);
    if (!*edge && !*zero_point) return EPO_OK;
    e->extra = epo__batch_textf(batch, "{%s%s%s}", edge, *edge && *zero_point ? "," : "", zero_point);
    return e->extra ? EPO_OK : epo__nomem("keywords");
}

epo_status epo__fits_stamp_keywords(const epo__fits *f, size_t hdu, epo__batch *batch, epo__exposure *e)
{
    char text[EPO__FITS_VALUE];
    epo__subject *s = &batch->subjects[e->subject];
    int64_t candid;
    bool kept = true;
    if (key_text(f, hdu, "CANDID", text)) {
        kept = (e->id = epo__batch_text(batch, text)) != NULL;
        if (epo__parse_int(text, 1, INT64_MAX, &candid)) e->candid = candid;
    }
    key_number(f, hdu, "MAG", &e->mag);
    key_number(f, hdu, "MAGERR", &e->mag_err);
    key_number(f, hdu, "FWHM", &e->fwhm);
    key_number(f, hdu, "RA", &s->ra);
    key_number(f, hdu, "DEC", &s->dec);
    if (key_text(f, hdu, "FILTER", text)) kept = kept && (e->filter = epo__batch_text(batch, text));
    if (key_text(f, hdu, "OBJECT", text)) kept = kept && (s->parent = epo__batch_text(batch, text));
    epo_status status = kept ? read_extra(f, hdu, batch, e) : epo__nomem("keywords");
    return status == EPO_OK ? read_time(f, hdu, batch, e) : status;
}

epo_status epo__fits_stamp_check(const epo__batch *batch, const epo__exposure *e, const char *path)
{
    for (size_t i = 0; i < e->plane_count; i++)
        if (!batch->planes[e->first_plane + i].constant) return EPO_OK;
    return epo__fail(EPO_EFORMAT, "%s: every pixel has the same value, or none: nothing to see", path);
}

epo__role epo__role_guess(const char *text)
{
    static const struct {
        const char *part;
        epo__role role;
    } words[] = {{"diff", EPO__ROLE_DIFFERENCE}, {"sub", EPO__ROLE_DIFFERENCE}, {"temp", EPO__ROLE_TEMPLATE},
                 {"ref", EPO__ROLE_TEMPLATE},    {"sci", EPO__ROLE_SCIENCE},    {"srch", EPO__ROLE_SCIENCE},
                 {"search", EPO__ROLE_SCIENCE},  {"new", EPO__ROLE_SCIENCE}};
    char lower[128];
    size_t n = 0;
    for (; text[n] && n + 1 < sizeof lower; n++) lower[n] = (char)tolower((unsigned char)text[n]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(lower, words[i].part)) return words[i].role;
    return EPO__ROLE_OTHER;
}

/* The name of the folder that `path` names as its last but one part; "" when it names none. */
static void named_folder(const char *path, char *folder, size_t folder_size)
{
    const char *slash = strrchr(path, '/');
    folder[0] = '\0';
    if (!slash) return;
    const char *start = slash;
    while (start > path && start[-1] != '/') start--;
    snprintf(folder, folder_size, "%.*s", (int)(slash - start), start);
}

/* Name of the file without folders and without .fits, .fit, .gz; and the name of the folder it is in, "" when none. */
static void path_parts(const char *path, char *stem, size_t stem_size, char *folder, size_t folder_size)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    named_folder(path, folder, folder_size);
    if (!folder[0] || strcmp(folder, ".") == 0 || strcmp(folder, "..") == 0) {
        char *whole = realpath(path, NULL); /* "x.fits" is in a folder too, which may say the class */
        named_folder(whole ? whole : "", folder, folder_size);
        free(whole);
    }
    snprintf(stem, stem_size, "%s", base);
    static const char *const endings[] = {".gz", ".fits", ".fit"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(stem), ending = strlen(endings[i]);
        if (length > ending && epo__ends_with(stem, endings[i]))
            stem[length - ending] = '\0'; /* a name is never empty */
    }
}

epo_status epo__named_file_open(void *state, const epo_import_options *options, const char *path)
{
    epo__named_file *f = state;
    (void)options;
    f->path = path;
    path_parts(path, f->stem, sizeof f->stem, f->folder, sizeof f->folder);
    return EPO_OK;
}

void epo__named_file_context(const void *state, const epo_import_options *options, epo__string *json)
{
    const epo__named_file *f = state;
    (void)options;
    epo__string_add(json, "\"folder\":");
    epo__string_add_json(json, f->folder);
    epo__string_add(json, ",\"name\":");
    epo__string_add_json(json, f->stem);
    epo__string_add(json, ",");
}
