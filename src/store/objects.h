/* SPDX-License-Identifier: BSD-3-Clause
 * objects.h - objects and the history of their labels. */
#ifndef EPO_STORE_OBJECTS_H
#define EPO_STORE_OBJECTS_H

#include "epochal/store.h"
#include "base/pool.h"

typedef struct epo__object_row {
    int64_t id;              /* ignored when writing */
    const char *survey;      /* made when new */
    const char *name;        /* unique within its survey */
    double ra, dec;          /* degrees, NaN unknown */
    const char *class_given; /* free text of the file, NULL none */
    const char *class_name;  /* taxonomy label, NULL unknown */
    const char *parent;      /* the field or object whose sky this one shares (splits keep them together), NULL none */
    int64_t source;          /* the file that brought it first */
} epo__object_row;

/* Finds or adds the object named (survey, name). What an existing one lacks (position, class_given, parent) is filled
 * in, what it has stays. class_name goes to the label history when it is not NULL and differs from the last label
 * that an import gave this object: a person's relabelling survives the import of more files. `why` of that label is
 * class_given. id, added: not NULL. */
epo_status epo__store_object_put(epo_store *store, const epo__object_row *row, int64_t *id, bool *added);

/* EPO_ENOTFOUND when there is none. Texts go to `pool`. */
epo_status epo__store_object_get(epo_store *store, int64_t id, epo__pool *pool, epo__object_row *out);

/* *id of an object by its name; survey NULL takes it from any survey (the first). *id is 0 when there is none. */
epo_status epo__store_object_find(epo_store *store, const char *survey, const char *name, int64_t *id);

/* In how many surveys there is an object of this name. */
epo_status epo__store_object_surveys(epo_store *store, const char *name, int64_t *count);

/* Which objects to visit; zeros and NULLs take all. */
typedef struct epo__object_filter {
    const char *split, *part; /* part NULL: the whole split */
    const char *class_name;
} epo__object_filter;

/* The next ids greater than `after`, ascending, at most `room` of them; *count is 0 at the end. Start with after = 0.
 * A split that does not exist, or has no such part, is EPO_ENOTFOUND (asked at after = 0). */
epo_status epo__store_objects_next(epo_store *store, const epo__object_filter *filter, int64_t after, int64_t *ids,
                                   size_t room, size_t *count);
epo_status epo__store_objects_count(epo_store *store, const epo__object_filter *filter, int64_t *count);

/* One entry of the append-only history. */
typedef struct epo__label_row {
    int64_t object;
    const char *class_name; /* NULL: unknown again */
    const char *who;        /* "import", a person, "relabel" */
    const char *why;        /* NULL none */
    int64_t source;         /* the file that says so, 0 none */
    const char *at;         /* when it was said, "2026-11-21T01:30:00Z"; NULL: now */
} epo__label_row;

/* Appends a label; it is the object's class from here on, whatever its time. */
epo_status epo__store_label_add(epo_store *store, const epo__label_row *row);

/* The class, as of the handle's date; *class_name is NULL when unknown. */
epo_status epo__store_label_current(epo_store *store, int64_t object, epo__pool *pool, const char **class_name);

#endif
