/* SPDX-License-Identifier: BSD-3-Clause
 * labels.h - the history of labels, and the votes beside it. Adding a label, and the class of an object, are in
 * objects.h. */
#ifndef EPO_STORE_LABELS_H
#define EPO_STORE_LABELS_H

#include "base/pool.h"
#include "store/objects.h"

/* Appends a vote on the label that stands. Of one observer the last one counts. */
epo_status epo__store_vote_add(epo_store *store, const epo__label_row *row);

/* Whether the history, or the votes, hold this already: with row->at the same words of the same observer at the same
 * time; without, whether the observer's last word on the object is this class. `why` and `source` are not looked at. */
epo_status epo__store_label_said(epo_store *store, bool vote, const epo__label_row *row, bool *said);

/* The object's last two labels; of an object with one label the former class is NULL: unknown. *found is false, and
 * nothing set, when it has none. Texts go to `pool`. */
typedef struct epo__last_labels {
    const char *class_name, *who, *at; /* the last */
    const char *former;                /* class of the one before */
} epo__last_labels;
epo_status epo__store_labels_last(epo_store *store, int64_t object, epo__pool *pool, epo__last_labels *out,
                                  bool *found);

/* *spelled is the name of a class as the store's objects and labels have it, letters compared without case; NULL when
 * there is none. An exact match comes first. */
epo_status epo__store_class_spelled(epo_store *store, const char *name, epo__pool *pool, const char **spelled);

/* Texts live during the call, which may not call the store. A status other than EPO_OK ends the visit with it. */
typedef struct epo__history_row {
    bool vote;
    const char *survey, *object, *class_name, *who, *why, *at; /* class_name, why: may be NULL */
} epo__history_row;
typedef epo_status (*epo__history_fn)(void *context, const epo__history_row *row);

/* Labels and votes of an object in the order in which they came; with object 0 those of all objects, object by object,
 * without the labels of imports. */
epo_status epo__store_history_visit(epo_store *store, int64_t object, epo__history_fn visit, void *context);

/* One open vote: the observer's last, on the label that stands. */
typedef struct epo__open_vote {
    int64_t object;
    const char *survey, *name, *labelled; /* what the object is called, and is */
    const char *class_name, *who;         /* class_name NULL: it cannot be told */
} epo__open_vote;
typedef struct epo__open_votes {
    epo__open_vote *rows; /* by object, class and time */
    size_t count, room;
    epo__pool texts;
} epo__open_votes;
epo_status epo__store_open_votes(epo_store *store, epo__open_votes *out); /* all zeros before */
void epo__open_votes_free(epo__open_votes *votes);

#endif
