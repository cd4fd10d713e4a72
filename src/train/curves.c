/* SPDX-License-Identifier: BSD-3-Clause
 * curves.c - a table of light curves by object. */
#include "train/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"

void epo__curves_free(epo__curves *c)
{
    free(c->objects);
    free(c->entries);
    free(c->points);
    free(c->slots);
    epo__pool_free(&c->texts);
    *c = (epo__curves){0};
}

static const char *keep(epo__curves *c, const char *text)
{
    return epo__pool_add(&c->texts, text, strlen(text));
}

/* The slot of a name: where its object is, or would be. */
static size_t slot_of(const epo__curves *c, const char *name)
{
    size_t slot = (size_t)epo__rng_stream(name) & (c->slot_count - 1); /* FNV-1a */
    while (c->slots[slot] && strcmp(c->objects[c->slots[slot] - 1].name, name) != 0)
        slot = (slot + 1) & (c->slot_count - 1);
    return slot;
}

/* At least two slots an object, a power of two. */
static bool widen(epo__curves *c)
{
    if (c->slot_count > 2 * c->object_count + 2) return true;
    const size_t count = c->slot_count ? 4 * c->slot_count : 1024;
    size_t *slots = epo__alloc(count, sizeof *slots);
    if (!slots) return false;
    free(c->slots);
    c->slots = slots;
    c->slot_count = count;
    for (size_t i = 0; i < c->object_count; i++) c->slots[slot_of(c, c->objects[i].name)] = i + 1;
    return true;
}

static epo_status set_problem(epo__curves *c, epo__curve_object *object, const char *problem)
{
    if (object->problem) return EPO_OK; /* the first one says it */
    object->problem = keep(c, problem);
    return object->problem ? EPO_OK : epo__nomem("light curves");
}

static epo_status set_class(epo__curves *c, epo__curve_object *object, const char *class_name)
{
    char problem[256];
    if (!class_name || !*class_name || strcmp(class_name, object->class_name) == 0) return EPO_OK;
    if (*object->class_name) {
        snprintf(problem, sizeof problem, "of two classes, '%.80s' and '%.80s'", object->class_name, class_name);
        return set_problem(c, object, problem);
    }
    object->class_name = keep(c, class_name);
    return object->class_name ? EPO_OK : epo__nomem("light curves");
}

epo_status epo__curves_append(epo__curves *c, const char *name, const char *class_name, size_t *index)
{
    if (!epo__grow(&c->objects, &c->object_room, c->object_count + 1, sizeof *c->objects))
        return epo__nomem("light curves");
    epo__curve_object *object = &c->objects[c->object_count];
    *object = (epo__curve_object){.name = keep(c, name), .class_name = ""};
    if (!object->name) return epo__nomem("light curves");
    *index = c->object_count++;
    return set_class(c, object, class_name);
}

epo_status epo__curves_object(epo__curves *c, const char *name, const char *class_name, size_t *index)
{
    if (!widen(c)) return epo__nomem("light curves");
    const size_t slot = slot_of(c, name);
    if (c->slots[slot]) {
        *index = c->slots[slot] - 1;
        return set_class(c, &c->objects[*index], class_name);
    }
    epo_status status = epo__curves_append(c, name, class_name, index);
    if (status == EPO_OK) c->slots[slot] = *index + 1;
    return status;
}

epo_status epo__curves_add(epo__curves *c, size_t index, const char *wanted_filter, const char *filter, double mjd,
                           double mag, double err)
{
    char problem[256];
    epo__curve_object *object = &c->objects[index];
    if (wanted_filter && strcmp(filter, wanted_filter) != 0) {
        object->others = true;
        return EPO_OK;
    }
    if (!isfinite(mjd) || !isfinite(mag)) return set_problem(c, object, "a time or magnitude is not finite");
    if (!object->filter && !(object->filter = keep(c, filter))) return epo__nomem("light curves");
    if (strcmp(object->filter, filter) != 0) {
        snprintf(problem, sizeof problem, "points of several filters, '%.80s' and '%.80s': choose one", object->filter,
                 filter);
        return set_problem(c, object, problem);
    }
    if (!epo__grow(&c->entries, &c->entry_room, c->entry_count + 1, sizeof *c->entries))
        return epo__nomem("light curves");
    c->entries[c->entry_count++] = (epo__curve_entry){.object = index, .mjd = mjd, .mag = mag, .err = err};
    return EPO_OK;
}

epo_status epo__curves_group(epo__curves *c)
{
    c->points = epo__alloc(c->entry_count, sizeof *c->points);
    if (!c->points) return epo__nomem("light curves");
    for (size_t i = 0; i < c->entry_count; i++) c->objects[c->entries[i].object].count++;
    size_t place = 0;
    for (size_t k = 0; k < c->object_count; k++) {
        c->objects[k].first = place;
        place += c->objects[k].count;
        c->objects[k].count = 0;
    }
    for (size_t i = 0; i < c->entry_count; i++) {
        const epo__curve_entry *e = &c->entries[i];
        epo__curve_object *object = &c->objects[e->object];
        c->points[object->first + object->count++] = (epo__curve_point){.mjd = e->mjd, .mag = e->mag, .err = e->err};
    }
    free(c->entries);
    c->entries = NULL;
    c->entry_count = c->entry_room = 0;
    epo_status status = EPO_OK;
    for (size_t k = 0; status == EPO_OK && k < c->object_count; k++) {
        epo__curve_object *object = &c->objects[k];
        const size_t before = object->count;
        object->count = epo__curve_prepare(c->points + object->first, before);
        c->duplicates += before - object->count;
        if (object->count == 0)
            status =
                set_problem(c, object,
                            object->others ? "no usable points of the filter that was chosen" : "no usable points");
    }
    return status;
}
