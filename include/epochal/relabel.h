/* SPDX-License-Identifier: BSD-3-Clause
 * relabel.h - decisions on what objects are: who, when, why; single ones, from a CSV, or by the majority of several
 * observers. Nothing is ever changed or deleted: each is one more entry of the history of labels, and the last one
 * counts (or, for a handle with a date, the last as of it: epochal/store.h).
 *
 * A vote is kept beside the history and decides nothing, until epo_relabel_decide counts the votes on the label that
 * stands. A label that comes in between, whoever gives it, ends that round: its votes were on the label before.
 */
#ifndef EPOCHAL_RELABEL_H
#define EPOCHAL_RELABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The class for "nobody knows": it leaves the object without one. */
#define EPO_RELABEL_UNKNOWN "unknown"

typedef struct epo_relabel_options {
    const char *survey;     /* where names alone do not tell objects apart; NULL: any */
    const char *who, *why;  /* of a CSV: for rows that do not say it. "import" and "majority" are nobody's names */
    const char *real_label; /* of a CSV: which of 0 and 1 means real; NULL: neither is a class */
    bool vote;              /* votes instead of labels */
    bool new_class;         /* a class that the store does not have is no mistake */
} epo_relabel_options;

typedef struct epo_relabel_summary {
    int64_t recorded;
    int64_t known;   /* of a CSV: rows that say what is recorded already */
    int64_t kept;    /* of the DES tool's CSV: rows whose label was looked at and left; as votes they count as such */
    int64_t pending; /* of the DES tool's CSV: rows without a final label: not looked at yet */
} epo_relabel_summary;

/* Records what one object is. The class is spelled as the store has it, letters compared without case.
 * EPO_ENOTFOUND: no such object. EPO_EARG: an object of several surveys; a class that no object has; no who or why, or
 * one that cannot be: empty, too long, with control characters. */
epo_status epo_relabel(epo_store *store, const char *object, const char *class_name,
                       const epo_relabel_options *options);

/* Records the rows of a CSV, all of them or, when one is wrong, none. Columns: `object` (or name), `class`, and where
 * they are there who, why, when (UTC, "2026-11-21T01:30:00Z" or "2026-11-21"; else now) and survey. Or those of the DES
 * relabelling tool: ID, old_label, changed_label, final_label; a row whose final label is the old one changes nothing.
 *
 * The same file, or a longer one with the same rows, may come again: all rows of a file are known when the same bytes
 * came before with the same options; else a row is known when its observer said the same of the object at the same
 * time, or, without a time, when that is the observer's last word on it.
 *
 * EPO_ENOTFOUND: no such file, or a column is missing. EPO_EFORMAT names file and line: an object that is not there or
 * in several surveys, a class that no object has, a time that is none or has not come, no who or why. */
epo_status epo_relabel_from_file(epo_store *store, const char *path, const epo_relabel_options *options,
                                 epo_relabel_summary *out);

/* Appends the label before the last one; where there was none, the class is unknown again. An undoing can be undone.
 * Only survey, who and why of the options are looked at; why may be NULL. EPO_ENOTFOUND: no such object, or it has no
 * label. */
epo_status epo_relabel_undo(epo_store *store, const char *object, const epo_relabel_options *options);

typedef enum epo_relabel_outcome {
    EPO_RELABEL_CHANGED,   /* the majority says another class than the label, and so does the label now */
    EPO_RELABEL_CONFIRMED, /* the majority says what the label says; recorded, and the round is over */
    EPO_RELABEL_OPEN,      /* too few votes for one class */
    EPO_RELABEL_TIE        /* two classes or more have the most votes */
} epo_relabel_outcome;

const char *epo_relabel_outcome_name(epo_relabel_outcome outcome); /* "changed" */

/* Texts are valid during the call. */
typedef struct epo_relabel_decision {
    const char *survey, *object;
    const char *was;        /* NULL: unknown */
    const char *class_name; /* with the most votes; of a tie NULL, as for unknown */
    const char *votes;      /* "real 2 (ann, bob), bogus 1 (cyd)" */
    int for_it, all;        /* votes */
    epo_relabel_outcome outcome;
} epo_relabel_decision;

typedef epo_status (*epo_relabel_decision_fn)(void *context, const epo_relabel_decision *decision);

/* Turns open votes into labels by "majority": a class with at least `majority` votes (1 or more), and with more than
 * half of all on the object. Each object with open votes is told of. With `dry` nothing is recorded. tell may be NULL.
 * EPO_EARG: majority below 1. */
epo_status epo_relabel_decide(epo_store *store, int majority, bool dry, epo_relabel_decision_fn tell, void *context);

/* One entry of the history. Texts are valid during the call. */
typedef struct epo_label_entry {
    bool vote;
    const char *survey, *object;
    const char *class_name; /* NULL: unknown */
    const char *who, *when; /* when: UTC, "2026-11-21T01:30:00Z" */
    const char *why;        /* NULL: none */
} epo_label_entry;

typedef epo_status (*epo_label_entry_fn)(void *context, const epo_label_entry *entry);

/* The labels and votes of an object in the order in which they came; object NULL: those of all objects, without the
 * labels of imports. EPO_ENOTFOUND: no such object; EPO_EARG: it is in several surveys. */
epo_status epo_relabel_history(epo_store *store, const char *survey, const char *object, epo_label_entry_fn tell,
                               void *context);

#ifdef __cplusplus
}
#endif
#endif
