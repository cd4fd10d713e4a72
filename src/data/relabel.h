/* SPDX-License-Identifier: BSD-3-Clause
 * relabel.h - what a single decision and those of a CSV share: checking texts, finding objects and classes. */
#ifndef EPO_DATA_RELABEL_H
#define EPO_DATA_RELABEL_H

#include "base/pool.h"
#include "epochal/relabel.h"
#include "store/labels.h"

/* The names of classes as they were given and as the store spells them: looked up once each. All zeros: none. */
typedef struct epo__class_names {
    struct epo__class_name {
        const char *given, *spelled;
    } * rows;
    size_t count, room;
    epo__pool texts;
} epo__class_names;
void epo__class_names_free(epo__class_names *names);

/* *spelled is the class, NULL for unknown; valid until the names are freed. EPO_EARG: a class that the store does not
 * have, unless it may be new. */
epo_status epo__relabel_class(epo_store *store, epo__class_names *names, const char *given, bool may_be_new,
                              const char **spelled);

/* EPO_EARG with the reason when the texts are none that are recorded. */
epo_status epo__relabel_check_who(const char *who);
epo_status epo__relabel_check_why(const char *why);

/* EPO_ENOTFOUND: no such object. EPO_EARG: it is in several surveys. */
epo_status epo__relabel_object(epo_store *store, const char *survey, const char *name, int64_t *id);

#endif
