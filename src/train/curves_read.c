/* SPDX-License-Identifier: BSD-3-Clause
 * curves_read.c - light curves from CSV files and from the photometry of a store. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/objects.h"
#include "data/reader.h"
#include "data/walk.h"
#include "store/objects.h"
#include "store/stamps.h"
#include "store/store.h"
#include "train/curves.h"

/* --- files -------------------------------------------------------------------------------------------------------- */

typedef struct file_reader {
    const epo_features_options *options;
    epo_import_options reading;
    void *state; /* of epo__reader_lightcurves */
    epo__batch batch;
    size_t *objects; /* of the batch's subjects, in the table */
    size_t object_room;
} file_reader;

/* The points of a batch into the table. */
static epo_status take_batch(file_reader *r, epo__curves *to)
{
    const epo__batch *b = &r->batch;
    if (!epo__grow(&r->objects, &r->object_room, b->subject_count, sizeof *r->objects))
        return epo__nomem("light curves");
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < b->subject_count; i++)
        status = epo__curves_object(to, b->subjects[i].name, b->subjects[i].class_name, &r->objects[i]);
    for (size_t i = 0; status == EPO_OK && i < b->point_count; i++) {
        const epo__point *p = &b->points[i];
        if (p->suspect)
            to->suspects++;
        else
            status =
                epo__curves_add(to, r->objects[p->subject], r->options->filter, p->filter, p->mjd, p->mag, p->mag_err);
    }
    return status;
}

static epo_status read_file(file_reader *r, const char *path, epo__curves *to)
{
    const epo__reader_type *reader = &epo__reader_lightcurves;
    bool last = false;
    epo_status status = reader->open(r->state, &r->reading, path);
    while (status == EPO_OK && !last) {
        epo__batch_clear(&r->batch);
        status = reader->next(r->state, &r->reading, &r->batch, &last);
        if (status == EPO_OK) status = take_batch(r, to);
    }
    return status;
}

/* What a file held, behind what there is: only once it was read to its end, since half a curve is worse than none. */
static epo_status merge(epo__curves *to, const epo__curves *file)
{
    epo_status status = EPO_OK;
    size_t *objects = epo__alloc(file->object_count, sizeof *objects);
    if (!objects) return epo__nomem("light curves");
    for (size_t i = 0; status == EPO_OK && i < file->object_count; i++) {
        const epo__curve_object *object = &file->objects[i];
        status = epo__curves_object(to, object->name, object->class_name, &objects[i]);
        if (status != EPO_OK) break;
        to->objects[objects[i]].others |= object->others;
        if (!object->problem || to->objects[objects[i]].problem) continue;
        to->objects[objects[i]].problem = epo__pool_add(&to->texts, object->problem, strlen(object->problem));
        if (!to->objects[objects[i]].problem) status = epo__nomem("light curves");
    }
    for (size_t i = 0; status == EPO_OK && i < file->entry_count; i++) {
        const epo__curve_entry *e = &file->entries[i];
        status = epo__curves_add(to, objects[e->object], NULL, file->objects[e->object].filter, e->mjd, e->mag, e->err);
    }
    to->suspects += file->suspects;
    free(objects);
    return status;
}

/* The next file into the table; *end when there is none. What is returned ends the reading; a bad file is refused. */
static epo_status next_file(file_reader *r, epo__walk *walk, epo__curves *to, bool *bad, bool *end)
{
    const char *path;
    epo__curves file = {0};
    epo_status status = epo__walk_next(walk, &path);
    *bad = false;
    *end = !path;
    if (!path) return status;
    if (status == EPO_OK) status = read_file(r, path, &file);
    *bad = status != EPO_OK && status != EPO_ENOMEM && status != EPO_EARG;
    if (status == EPO_OK) status = merge(to, &file);
    epo__curves_free(&file);
    return *bad ? EPO_OK : status;
}

epo_status epo__curves_read_files(epo__curves *curves, const char *const *paths, size_t count,
                                  const epo_features_options *options, epo_features_refused_fn refused, void *context,
                                  uint64_t *refused_files)
{
    const epo__reader_type *reader = &epo__reader_lightcurves;
    file_reader r = {.options = options, .reading = EPO_IMPORT_OPTIONS_INIT};
    epo__walk *walk = NULL;
    bool end = false;
    r.reading.class_name = options->class_name;
    r.reading.label_column = options->label_column;
    r.state = epo__alloc(1, reader->state_size);
    epo_status status = r.state ? epo__walk_create(paths, count, reader->suffixes, NULL, &walk) : epo__nomem("reader");
    while (status == EPO_OK && !end) {
        bool bad;
        status = next_file(&r, walk, curves, &bad, &end);
        if (!bad) continue;
        ++*refused_files;
        if (refused) refused(context, epo_error_message());
    }
    if (r.state) reader->release(r.state);
    free(r.state);
    free(r.objects);
    epo__batch_free(&r.batch);
    epo__walk_free(walk);
    return status;
}

/* --- store -------------------------------------------------------------------------------------------------------- */

/* The method asked for, when there is such photometry; else the only one there is. */
static epo_status choose_method(epo_store *store, const char *wanted, epo__pool *texts, const char **method)
{
    epo__string names = {0};
    const char *found[64];
    size_t count = 0;
    epo_status status = epo__store_photometry_methods(store, texts, found, sizeof found / sizeof *found, &count);
    *method = count == 1 ? found[0] : NULL;
    for (size_t i = 0; i < count; i++) {
        if (wanted && strcmp(found[i], wanted) == 0) *method = found[i];
        epo__string_addf(&names, "%s%s", i ? ", " : "", found[i]);
    }
    const char *list = names.text ? names.text : "", *path = epo__store_path(store);
    if (status == EPO_OK && count == 0)
        status = epo__fail(EPO_ENOTFOUND,
                           "%s: holds no light curves; epochal photometry --db %s measures them on the stamps, "
                           "epochal import --db %s --format lightcurves FILE brings some",
                           path, path, path);
    else if (status == EPO_OK && wanted && (!*method || strcmp(*method, wanted) != 0))
        status = epo__fail(EPO_ENOTFOUND, "%s: no photometry by the method '%s'; there is %s", path, wanted, list);
    else if (status == EPO_OK && !*method)
        status = epo__fail(EPO_EARG, "%s: photometry of several methods, %s: choose one", path, list);
    epo__string_free(&names);
    return status;
}

static epo_status read_object(epo__curves *curves, epo_store *store, const epo_features_options *options,
                              const char *method, int64_t id, epo__pool *texts, epo__photometry_list *list)
{
    epo__object_row row;
    size_t index;
    epo__pool_clear(texts);
    epo_status status = epo__store_object_get(store, id, texts, &row);
    if (status == EPO_OK) status = epo__store_photometry_of(store, id, method, list);
    /* appended: objects of two surveys may have the same name, and are two */
    if (status == EPO_OK) status = epo__curves_append(curves, row.name, row.class_name, &index);
    if (status == EPO_OK) curves->objects[index].id = id;
    for (size_t i = 0; status == EPO_OK && i < list->count; i++) {
        const epo__photometry_row *p = &list->rows[i];
        if (p->flag & EPO__PHOTOMETRY_LIMIT)
            curves->limits++;
        else if (p->flag & EPO__PHOTOMETRY_SUSPECT)
            curves->suspects++;
        else
            status = epo__curves_add(curves, index, options->filter, p->filter, p->mjd, p->mag, p->mag_err);
    }
    return status;
}

epo_status epo__curves_read_store(epo__curves *curves, epo_store *store, const epo_features_options *options)
{
    epo__object_cursor cursor;
    epo__photometry_list list = {0};
    epo__pool methods = {0}, texts = {0};
    const char *method = NULL;
    int64_t id = 0;
    epo_status status = epo__store_begin(store); /* one view of it all */
    if (status != EPO_OK) return status;
    status = choose_method(store, options->method, &methods, &method);
    if (status == EPO_OK && !(curves->method = epo__pool_add(&curves->texts, method, strlen(method)))) status = epo__nomem("light curves");
    if (status == EPO_OK) status = epo__object_cursor_set(&cursor, options->split);
    while (status == EPO_OK) {
        status = epo__object_cursor_next(&cursor, store, &id);
        if (status != EPO_OK || id == 0) break;
        status = read_object(curves, store, options, method, id, &texts, &list);
    }
    epo__store_rollback(store);
    epo__photometry_list_free(&list);
    epo__pool_free(&methods);
    epo__pool_free(&texts);
    return status;
}
