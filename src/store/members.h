/* SPDX-License-Identifier: BSD-3-Clause
 * members.h - everything a split holds but pixels, in an order that does not depend on when it was imported. */
#ifndef EPO_STORE_MEMBERS_H
#define EPO_STORE_MEMBERS_H

#include "epochal/store.h"

typedef struct epo__member_row {
    const char *survey, *name;
    const char *class_name; /* NULL unknown */
    const char *part;       /* "train" */
    const char *format;     /* of the file that brought it first, NULL unknown */
} epo__member_row;

typedef struct epo__member_stamp {
    const char *exposure, *role;
    int64_t plane;
    int64_t milliseconds; /* since MJD 0, cut off; 0 for an unknown time */
    int64_t crc32;        /* of the pixels, as stored */
    const char *format;   /* of the file it came from, NULL unknown */
} epo__member_stamp;

/* Texts live during the call. A status other than EPO_OK ends the visit with it. Neither may call the store. */
typedef struct epo__member_visitor {
    void *context;
    epo_status (*object)(void *context, const epo__member_row *row);
    epo_status (*stamp)(void *context, const epo__member_stamp *stamp); /* of the object before */
} epo__member_visitor;

/* Objects of a split by survey and name, bytes compared; each followed by its stamps by exposure, role and plane. One
 * consistent view; nothing of it is kept in memory but SQLite's sort of the objects. EPO_ENOTFOUND: no such split. */
epo_status epo__store_members_visit(epo_store *store, const char *split, const epo__member_visitor *visitor);

#endif
