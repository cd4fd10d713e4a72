/* SPDX-License-Identifier: BSD-3-Clause
 * read_cube.c - numpy arrays of stamps (npy) or several arrays side by side (npz).
 *
 *     N,H,W        one plane an object
 *     N,H,W,C      one exposure of C planes an object; --planes gives their roles
 *     N,T,H,W      a sequence of T frames an object; --frames names the array with the number of frames in use
 *     N,T,H,W,C    both
 *
 * Four axes are read as N,T,H,W when frames or times are named, as N,H,W,C when planes are; else the two equal
 * neighbouring axes are H and W. Without times nothing is said about the time of a frame: its exposure is named by its
 * number, which keeps the order. A frame without a finite pixel is missing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/reader.h"
#include "formats/npy.h"
#include "image/pixels.h"

enum {
    MAX_PLANES = 16,
    MAX_SIDE = 1024,
    MAX_FRAMES = 100000,
    MAX_ROW_ITEMS = 1 << 24, /* 4096 frames of 64 x 64; a row is in memory twice, as read and as planes */
    BATCH_BYTES = 4 << 20,
    BATCH_ROWS = 32
};

typedef struct cube_state {
    epo__npy *pixels, *labels, *names, *frames, *times;
    size_t rows, frame_count, height, width, plane_count; /* frame_count is 1 without a time axis */
    bool has_time_axis;
    size_t row;
    epo__role roles[MAX_PLANES];
    const char *path, *file; /* file: without folders */
    float *buffer;           /* one row of the array */
    size_t row_items;
    char *text;   /* one label or name */
    double *mjds; /* frame_count */
} cube_state;

static void cube_release(void *state)
{
    cube_state *s = state;
    epo__npy_free(s->pixels);
    epo__npy_free(s->labels);
    epo__npy_free(s->names);
    epo__npy_free(s->frames);
    epo__npy_free(s->times);
    free(s->buffer);
    free(s->text);
    free(s->mjds);
    *s = (cube_state){0};
}

/* Which axis is which. */
static epo_status set_axes(cube_state *s, const epo_import_options *options)
{
    const epo__npy_info *info = epo__npy_info_of(s->pixels);
    const size_t *d = info->dims;
    const char *label = epo__npy_label(s->pixels);
    if (info->kind == EPO__NPY_BYTES || info->kind == EPO__NPY_UNICODE)
        return epo__fail(EPO_EFORMAT, "%s: holds texts, not pixels", label);
    if (info->ndim < 3 || info->ndim > 5)
        return epo__fail(EPO_EFORMAT, "%s: has %d axes; stamps have 3 (N,H,W), 4 (N,H,W,C or N,T,H,W) or 5", label,
                         info->ndim);
    bool time_axis = info->ndim == 5;
    if (info->ndim == 3 && options->frames)
        return epo__fail(EPO_EARG, "%s: has three axes, N,H,W: there are no frames to count", label);
    if (info->ndim == 4) {
        if (options->frames || options->times)
            time_axis = true;
        else if (options->planes || (d[1] == d[2] && d[2] != d[3]))
            time_axis = false;
        else if (d[2] == d[3] && d[1] != d[2])
            time_axis = true;
        else
            return epo__fail(EPO_EARG, "%s: %zu,%zu,%zu,%zu may be N,H,W,C or N,T,H,W: name --planes or --frames",
                             label, d[0], d[1], d[2], d[3]);
    }
    size_t first = time_axis ? 2 : 1;
    bool plane_axis = info->ndim - (int)first == 3;
    s->has_time_axis = time_axis;
    s->rows = d[0];
    s->frame_count = time_axis ? d[1] : 1;
    s->height = d[first];
    s->width = d[first + 1];
    s->plane_count = plane_axis ? d[first + 2] : 1;
    if (s->height < 1 || s->height > MAX_SIDE || s->width < 1 || s->width > MAX_SIDE)
        return epo__fail(EPO_ELIMIT, "%s: stamps of %zu x %zu; sides may be 1 to %d", label, s->height, s->width,
                         MAX_SIDE);
    if (s->plane_count < 1 || s->plane_count > MAX_PLANES)
        return epo__fail(EPO_ELIMIT, "%s: %zu planes; 1 to %d are read", label, s->plane_count, MAX_PLANES);
    if (s->frame_count < 1 || s->frame_count > MAX_FRAMES)
        return epo__fail(EPO_ELIMIT, "%s: %zu frames an object; 1 to %d are read", label, s->frame_count, MAX_FRAMES);
    s->row_items = s->height * s->width * s->plane_count * s->frame_count; /* below 2^41 */
    if (s->row_items > MAX_ROW_ITEMS)
        return epo__fail(EPO_ELIMIT, "%s: an object of over %d pixels", label, MAX_ROW_ITEMS);
    return s->rows ? EPO_OK : epo__fail(EPO_EFORMAT, "%s: holds no objects", label);
}

/* "science,template,difference", or that order by default for three planes, and other for other counts. */
static epo_status set_roles(cube_state *s, const epo_import_options *options)
{
    static const epo__role usual[] = {EPO__ROLE_SCIENCE, EPO__ROLE_TEMPLATE, EPO__ROLE_DIFFERENCE};
    for (size_t i = 0; i < s->plane_count; i++)
        s->roles[i] = s->plane_count == 3 ? usual[i] : s->plane_count == 1 ? EPO__ROLE_SCIENCE : EPO__ROLE_OTHER;
    size_t count = 0;
    for (const char *name = options->planes; name; count++) {
        char role[32] = "";
        size_t length = strcspn(name, ",");
        if (length < sizeof role) memcpy(role, name, length);
        if (count < s->plane_count && !epo__role_of(role, &s->roles[count]))
            return epo__fail(EPO_EARG, "plane '%.*s' is not one of science, template, difference, other", (int)length,
                             name);
        name = name[length] ? name + length + 1 : NULL;
    }
    if (options->planes && count != s->plane_count)
        return epo__fail(EPO_EARG, "%s: has %zu planes, but --planes names %s", epo__npy_label(s->pixels),
                         s->plane_count, options->planes);
    return EPO_OK;
}

/* Opens an array that goes along with the pixels, with the same number of rows. */
static epo_status open_column(const cube_state *s, const char *path, const char *array, size_t items_a_row,
                              epo__npy **out)
{
    if (!array) return EPO_OK;
    epo_status status = epo__npy_open(path, array, out);
    if (status != EPO_OK) return status;
    const epo__npy_info *info = epo__npy_info_of(*out);
    if (info->ndim < 1 || info->dims[0] != s->rows || info->count != s->rows * items_a_row)
        return epo__fail(EPO_EFORMAT, "%s: has %zu items, not %zu for each of %zu rows", epo__npy_label(*out),
                         info->count, items_a_row, s->rows);
    return EPO_OK;
}

static epo_status cube_open(void *state, const epo_import_options *options, const char *path)
{
    cube_state *s = state;
    cube_release(s);
    const char *slash = strrchr(path, '/');
    s->path = path;
    s->file = slash ? slash + 1 : path;
    epo_status status = epo__npy_open(path, options->array, &s->pixels);
    if (status == EPO_OK) status = set_axes(s, options);
    if (status == EPO_OK) status = set_roles(s, options);
    if (status == EPO_OK) status = open_column(s, path, options->label_column, 1, &s->labels);
    if (status == EPO_OK) status = open_column(s, path, options->names, 1, &s->names);
    if (status == EPO_OK) status = open_column(s, path, options->frames, 1, &s->frames);
    if (status == EPO_OK) status = open_column(s, path, options->times, s->frame_count, &s->times);
    if (status != EPO_OK) return status;
    size_t text = 32; /* room for a number */
    if (s->labels && epo__npy_text_size(s->labels) > text) text = epo__npy_text_size(s->labels);
    if (s->names && epo__npy_text_size(s->names) > text) text = epo__npy_text_size(s->names);
    s->buffer = epo__alloc(s->row_items, sizeof *s->buffer);
    s->text = epo__alloc(text, 1);
    s->mjds = epo__alloc(s->frame_count, sizeof *s->mjds);
    return s->buffer && s->text && s->mjds ? EPO_OK : epo__nomem("one row of a cube");
}

/* The next label or name as text; numbers are written out. */
static epo_status next_text(cube_state *s, epo__npy *array)
{
    size_t size = epo__npy_text_size(array);
    if (size) return epo__npy_read_text(array, 1, s->text, size);
    if (epo__npy_info_of(array)->kind == EPO__NPY_FLOAT) {
        double value;
        epo_status status = epo__npy_read_f64(array, 1, &value);
        if (status == EPO_OK) snprintf(s->text, 32, "%.10g", value);
        return status;
    }
    int64_t value;
    epo_status status = epo__npy_read_int64(array, 1, &value);
    if (status == EPO_OK) snprintf(s->text, 32, "%lld", (long long)value);
    return status;
}

static epo_status row_subject(cube_state *s, const epo_import_options *options, epo__batch *batch, size_t *subject)
{
    const char *label = NULL;
    epo_status status = EPO_OK;
    if (s->labels) status = next_text(s, s->labels);
    if (status == EPO_OK && s->labels && options->real_label) {
        status = epo__class_of_label(s->text, options->real_label, &label);
        if (status != EPO_OK) return epo__fail_in(status, "%s: row %zu", epo__npy_label(s->labels), s->row);
    } else if (status == EPO_OK && s->labels && s->text[0] && !(label = epo__batch_text(batch, s->text))) {
        return epo__nomem("label");
    }
    if (status == EPO_OK && s->names) status = next_text(s, s->names);
    if (status != EPO_OK) return status;
    const char *name = s->names && s->text[0] ? s->text : epo__batch_textf(batch, "%s:%zu", s->file, s->row);
    status = name ? epo__batch_subject(batch, name, subject) : epo__nomem("name");
    if (status == EPO_OK) batch->subjects[*subject].class_name = options->class_name ? options->class_name : label;
    return status;
}

/* Plane `p` of a frame whose planes alternate pixel by pixel (the last axis). */
static epo_status add_plane(const cube_state *s, epo__batch *batch, epo__exposure *e, const float *frame, size_t p)
{
    epo__plane *plane;
    epo_status status = epo__batch_plane(batch, e, s->roles[p], &plane);
    if (status != EPO_OK) return status;
    if (!epo__image_resize(&plane->image, EPO__PIXEL_F32, s->width, s->height)) return epo__nomem("plane");
    float *to = plane->image.pixels;
    for (size_t i = 0; i < s->width * s->height; i++) to[i] = frame[i * s->plane_count + p];
    epo__batch_check_constant(batch, plane);
    return EPO_OK;
}

static bool has_finite(const float *pixels, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(pixels[i])) return true;
    return false;
}

static epo_status add_frame(cube_state *s, epo__batch *batch, size_t subject, size_t t)
{
    size_t frame_items = s->height * s->width * s->plane_count, index;
    const float *frame = s->buffer + t * frame_items;
    if (s->has_time_axis && !has_finite(frame, frame_items)) return EPO_OK; /* missing */
    const char *id = s->has_time_axis ? epo__batch_textf(batch, "%s:%zu:%zu", s->file, s->row, t)
                                      : epo__batch_textf(batch, "%s:%zu", s->file, s->row);
    if (!id) return epo__nomem("exposure");
    epo_status status = epo__batch_exposure(batch, subject, id, &index);
    if (status != EPO_OK) return status;
    epo__exposure *e = &batch->exposures[index];
    /* without a time axis the rows are the exposures, perhaps of one object under one name */
    e->key = s->has_time_axis ? epo__batch_textf(batch, "frame %06zu", t)
                              : epo__batch_textf(batch, "%s row %06zu", s->file, s->row);
    if (!e->key) return epo__nomem("exposure");
    if (s->times && isfinite(s->mjds[t])) status = epo__batch_time(batch, e, s->mjds[t]);
    for (size_t p = 0; status == EPO_OK && p < s->plane_count; p++) status = add_plane(s, batch, e, frame, p);
    return status;
}

static epo_status add_row(cube_state *s, const epo_import_options *options, epo__batch *batch)
{
    size_t subject = 0, used = s->frame_count;
    epo_status status = epo__npy_read_f32(s->pixels, s->row_items, s->buffer);
    if (status == EPO_OK && (isfinite(options->bad_below) || isfinite(options->bad_above)))
        epo__pixels_mask_outside(s->buffer, s->row_items, (float)options->bad_below, (float)options->bad_above);
    if (status == EPO_OK && s->times) status = epo__npy_read_f64(s->times, s->frame_count, s->mjds);
    if (status == EPO_OK && s->frames) {
        int64_t frames;
        status = epo__npy_read_int64(s->frames, 1, &frames);
        if (status == EPO_OK && (frames < 0 || (uint64_t)frames > s->frame_count))
            status = epo__fail(EPO_EFORMAT, "%s: row %zu says %lld frames of %zu", epo__npy_label(s->frames), s->row,
                               (long long)frames, s->frame_count);
        if (status == EPO_OK) used = (size_t)frames;
    }
    if (status == EPO_OK) status = row_subject(s, options, batch, &subject);
    for (size_t t = 0; status == EPO_OK && t < used; t++) status = add_frame(s, batch, subject, t);
    s->row++;
    return status;
}

/* Names that come from the file's name make two of two files of the same bytes. */
static void cube_context(const void *state, const epo_import_options *options, epo__string *json)
{
    const cube_state *s = state;
    if (options->names && s->has_time_axis) return;
    epo__string_add(json, "\"name\":");
    epo__string_add_json(json, s->file);
    epo__string_add(json, ",");
}

static epo_status cube_next(void *state, const epo_import_options *options, epo__batch *batch, bool *last)
{
    cube_state *s = state;
    size_t rows = 1 + (size_t)BATCH_BYTES / (s->row_items * sizeof(float));
    if (rows > BATCH_ROWS) rows = BATCH_ROWS;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < rows && s->row < s->rows; i++) status = add_row(s, options, batch);
    *last = s->row == s->rows;
    return status;
}

static const char *const suffixes[] = {".npy", ".npz", NULL};

const epo__reader_type epo__reader_cube = {
    .name = "cube",
    .about = "numpy arrays N,H,W / N,H,W,C / N,T,H,W / N,T,H,W,C (npy, or npz with labels, names, frames, times)",
    .survey = "cube",
    .suffixes = suffixes,
    .has_stamps = true,
    .state_size = sizeof(cube_state),
    .open = cube_open,
    .next = cube_next,
    .release = cube_release,
    .context = cube_context,
};
