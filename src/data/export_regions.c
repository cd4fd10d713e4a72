/* SPDX-License-Identifier: BSD-3-Clause
 * export_regions.c - objects as regions of DS9: circles or points at their places, a colour a class.
 *
 * DS9 ends a text at its brace and a region at the line's end, and has no way to escape either, so names cannot hold
 * them: braces become round brackets, control characters question marks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/export.h"
#include "formats/new_file.h"

enum { MOST_CLASSES = 256 }; /* more get no colour of their own */

static const char *const colours[] = {"cyan", "magenta",   "yellow", "orange", "blue",
                                      "pink", "turquoise", "gold",   "violet", "salmon"};

typedef struct map {
    epo__export *e;
    FILE *file;
    char *classes[MOST_CLASSES]; /* but real and bogus, ascending */
    size_t class_count;
} map;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_detection(const char *class_name)
{
    return strcmp(class_name, "real") == 0 || strcmp(class_name, "bogus") == 0;
}

/* Colours go by the classes that there are, in the order of their names. */
static epo_status note_class(map *m, const char *class_name)
{
    if (!class_name || is_detection(class_name) || m->class_count == MOST_CLASSES) return EPO_OK;
    for (size_t i = 0; i < m->class_count; i++)
        if (strcmp(m->classes[i], class_name) == 0) return EPO_OK;
    if (!(m->classes[m->class_count] = epo__strdup(class_name))) return epo__nomem("classes");
    m->class_count++;
    return EPO_OK;
}

static const char *colour_of(const map *m, const char *class_name)
{
    if (!class_name) return "white";
    if (is_detection(class_name)) return class_name[0] == 'r' ? "green" : "red";
    for (size_t i = 0; i < m->class_count; i++)
        if (strcmp(m->classes[i], class_name) == 0) return colours[i % (sizeof colours / sizeof *colours)];
    return "white";
}

static void put_text(FILE *file, const char *text)
{
    while (*text) {
        const char *from = text;
        const uint32_t code = epo__utf8_next(&text);
        if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xfffd || code == 0x2028 || code == 0x2029)
            putc('?', file);
        else if (code == '{' || code == '}')
            putc(code == '{' ? '(' : ')', file);
        else
            fwrite(from, 1, (size_t)(text - from), file);
    }
}

/* The point is always '.', whatever the program that embeds the library has set. */
static void put_degrees(FILE *file, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%.7f", value);
    text[strcspn(text, ",")] = text[strcspn(text, ",")] ? '.' : '\0';
    fputs(text, file);
}

static epo_status put_object(map *m)
{
    const epo__object_row *o = &m->e->object;
    const double radius = m->e->options->radius;
    if (isnan(o->ra) || isnan(o->dec)) {
        m->e->summary->unplaced++;
        return EPO_OK;
    }
    if (!(o->ra >= 0 && o->ra <= 360 && o->dec >= -90 && o->dec <= 90)) {
        epo__fail(EPO_EFORMAT, "it cannot be at %g, %g degrees", o->ra, o->dec);
        return epo__export_damaged(m->e, NULL);
    }
    fputs(radius > 0 ? "circle(" : "point(", m->file);
    put_degrees(m->file, o->ra < 359.99999995 ? o->ra : 0); /* never a rounded 360 */
    putc(',', m->file);
    put_degrees(m->file, o->dec);
    if (radius > 0) {
        putc(',', m->file);
        put_degrees(m->file, radius);
        putc('"', m->file);
    }
    fprintf(m->file, ") # %scolor=%s text={", radius > 0 ? "" : "point=cross ", colour_of(m, o->class_name));
    put_text(m->file, o->name);
    if (o->class_name) {
        fputs(" (", m->file);
        put_text(m->file, o->class_name);
        putc(')', m->file);
    }
    fputs("}\n", m->file);
    m->e->summary->objects++;
    m->e->summary->rows++;
    return EPO_OK;
}

static epo_status regions_write(epo__export *e, const char *path)
{
    map m = {.e = e};
    bool more = true;
    epo__new_file out = {0};
    epo_status status = EPO_OK;
    e->quiet = true; /* the second walk finds the same damage */
    while (status == EPO_OK && (status = epo__export_next(e, &more)) == EPO_OK && more)
        status = note_class(&m, e->object.class_name);
    e->quiet = false;
    qsort(m.classes, m.class_count, sizeof *m.classes, by_name);
    if (status == EPO_OK) status = epo__export_start(e);
    if (status == EPO_OK) status = epo__new_file_open(path, &out);
    if (status == EPO_OK) {
        m.file = out.file;
        fputs(
            "# Region file format: DS9 version 4.1\nglobal color=white width=1 select=1 edit=1 move=0 delete=1\nfk5\n",
            m.file);
    }
    more = true;
    while (status == EPO_OK && (status = epo__export_next(e, &more)) == EPO_OK && more) status = put_object(&m);
    if (status == EPO_OK)
        status = epo__new_file_end(&out, !ferror(out.file));
    else
        epo__new_file_drop(&out);
    for (size_t i = 0; i < m.class_count; i++) free(m.classes[i]);
    return status;
}

const epo__export_kind epo__export_regions = {
    .name = "regions",
    .about = "DS9 regions: a circle or point an object, its name and class, coloured by class",
    .write = regions_write,
};
