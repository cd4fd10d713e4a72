/* SPDX-License-Identifier: BSD-3-Clause
 * export.c - the kinds of export, and what they share. */
#include "data/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "image/geometry.h"

static const epo__export_kind *const kinds[] = {&epo__export_otrain, &epo__export_sequences, &epo__export_csv,
                                                &epo__export_regions};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const double WIDEST = 648000; /* arcseconds: half the sky */

static const epo__export_kind *kind_of(const char *format)
{
    for (size_t i = 0; format && i < KINDS; i++)
        if (strcmp(kinds[i]->name, format) == 0) return kinds[i];
    return NULL;
}

epo_export_word epo_export_format_at(size_t index)
{
    return index < KINDS ? (epo_export_word){kinds[index]->name, kinds[index]->about} : (epo_export_word){0};
}

epo_export_word epo_export_table_at(size_t index)
{
    return epo__export_table_at(index);
}

/* --- the walk
 * ---------------------------------------------------------------------------------------------------------- */

epo_status epo__export_start(epo__export *e)
{
    epo_status status = epo__object_cursor_set(&e->cursor, e->options->split);
    e->cursor.filter.class_name = e->options->class_name;
    return status;
}

epo_status epo__export_damaged(epo__export *e, const char *exposure)
{
    if (e->quiet) return EPO_OK;
    const epo_export_event event = {.object = e->object.name, .exposure = exposure, .reason = epo_error_message()};
    e->summary->damaged++;
    return e->report ? e->report(e->report_context, &event) : EPO_OK;
}

epo_status epo__export_next(epo__export *e, bool *more)
{
    *more = false;
    for (;;) {
        int64_t id;
        epo_status status = epo__object_cursor_next(&e->cursor, e->store, &id);
        if (status != EPO_OK || id == 0) return status;
        epo__pool_clear(&e->texts);
        e->object = (epo__object_row){.id = id};
        status = epo__store_object_get(e->store, id, &e->texts, &e->object);
        if (status == EPO_OK) status = epo__store_stamps_of(e->store, id, &e->stamps);
        if (status == EPO_OK) *more = true;
        if (status != EPO_EFORMAT) return status;
        if ((status = epo__export_damaged(e, NULL)) != EPO_OK) return status;
    }
}

/* --- pixels
 * -------------------------------------------------------------------------------------------------------------- */

epo_status epo__export_roles(const char *text, epo__role *roles, size_t *count)
{
    *count = 0;
    for (const char *at = text; at;) {
        char role[32] = "";
        const size_t length = strcspn(at, ",");
        if (*count == EPO__EXPORT_ROLES) return epo__fail(EPO_EARG, "roles '%s': at most %d", text, EPO__EXPORT_ROLES);
        if (length < sizeof role) memcpy(role, at, length);
        if (!epo__role_of(role, &roles[*count]))
            return epo__fail(EPO_EARG, "role '%.*s' is not one of science, template, difference, other", (int)length,
                             at);
        ++*count;
        at = at[length] ? at + length + 1 : NULL;
    }
    return EPO_OK;
}

epo_status epo__export_size(epo__export *e, const epo__stamp_row *stamp)
{
    if (e->options->side > 0) {
        e->width = e->height = e->options->side;
    } else if (e->width == 0) {
        e->width = stamp->width;
        e->height = stamp->height;
    } else if (stamp->width != e->width || stamp->height != e->height) {
        return epo__fail(EPO_EFORMAT,
                         "object %s, exposure %s: a stamp of %d x %d pixels, after others of %d x %d: a side would cut "
                         "or pad all to one size",
                         e->object.name, stamp->exposure, stamp->width, stamp->height, e->width, e->height);
    }
    return EPO_OK;
}

epo_status epo__export_pixels(epo__export *e, const epo__stamp_row *stamp, float fill, bool *good)
{
    const size_t raw = (size_t)stamp->width * (size_t)stamp->height, fitted = (size_t)e->width * (size_t)e->height;
    epo_status status = epo__store_pixels_read(e->store, stamp, &e->raw);
    *good = status == EPO_OK;
    if (status == EPO_EFORMAT) return epo__export_damaged(e, stamp->exposure);
    if (status != EPO_OK) return status;
    if (!epo__grow(&e->plane, &e->plane_room, raw, sizeof *e->plane) ||
        !epo__grow(&e->fitted, &e->fitted_room, fitted, sizeof *e->fitted))
        return epo__nomem("a stamp");
    epo__pixels_to_f32(stamp->type, e->raw.bytes, raw, e->plane);
    epo__image_fit(e->plane, stamp->height, stamp->width, e->fitted, e->height, e->width, EPO_FIT_CENTRE, fill);
    if (!isnan(fill))
        for (size_t i = 0; i < fitted; i++)
            if (!isfinite(e->fitted[i])) e->fitted[i] = fill;
    return EPO_OK;
}

epo_status epo__export_nothing(const epo__export *e, const char *roles)
{
    const epo_export_options *o = e->options;
    return epo__fail(EPO_ENOTFOUND, "%s: nothing to export: no usable stamps of the role %s%s%s%s%s",
                     epo__store_path(e->store), roles, o->split ? " in split " : "", o->split ? o->split : "",
                     o->class_name ? " of class " : "", o->class_name ? o->class_name : "");
}

/* --- all of it
 * ----------------------------------------------------------------------------------------------------------- */

epo_status epo_export_check(const epo_export_options *o)
{
    const epo__export_kind *kind = kind_of(o->format);
    if (!kind) return epo__fail(EPO_EARG, "format '%s' is not one that is written", o->format ? o->format : "");
    if (o->side < 0 || o->side > EPO__SIDE_MAX)
        return epo__fail(EPO_EARG, "a side of %d; it may be 0 to %d", o->side, EPO__SIDE_MAX);
    if (!(o->radius >= 0 && o->radius <= WIDEST)) return epo__fail(EPO_EARG, "a radius of %g arcseconds", o->radius);
    if (isinf(o->fill)) return epo__fail(EPO_EARG, "missing pixels cannot be %g", o->fill);
    return kind->check ? kind->check(o) : EPO_OK;
}

epo_status epo_export(epo_store *store, const epo_export_options *options, const char *path, epo_export_fn report,
                      void *context, epo_export_summary *out)
{
    *out = (epo_export_summary){0};
    epo_status status = epo_export_check(options);
    if (status != EPO_OK) return status;
    epo__export *e = epo__alloc(1, sizeof *e);
    if (!e) return epo__nomem("an export");
    e->options = options;
    e->summary = out;
    e->report = report;
    e->report_context = context;
    status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &e->store);
    if (status == EPO_OK) status = epo__store_begin(e->store);
    if (status == EPO_OK) status = epo__export_start(e);
    if (status == EPO_OK) status = kind_of(options->format)->write(e, path);
    out->width = e->width;
    out->height = e->height;
    epo_store_close(e->store);
    epo__stamp_list_free(&e->stamps);
    epo__pool_free(&e->texts);
    free(e->raw.bytes);
    free(e->plane);
    free(e->fitted);
    free(e);
    return status;
}
