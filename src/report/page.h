/* SPDX-License-Identifier: BSD-3-Clause
 * page.h - a report in the making, and its sections, in the order of the page. Each section appends to page->out, whose
 * failed flag is looked at once, at the end; what it returns is the trouble of the store or of judging. */
#ifndef EPO_REPORT_PAGE_H
#define EPO_REPORT_PAGE_H

#include "base/pool.h"
#include "base/text.h"
#include "epochal/card.h"
#include "epochal/report.h"

enum { EPO__REPORT_CLASSES = 24 }; /* classes that get plots of their own; a matrix of confusion */

/* A set, judged. */
typedef struct epo__report_set {
    const epo_report_set *is;
    epo_evaluate_options how;
    epo_scored_info info;
    epo_evaluation judged;
    epo_comparison against; /* the first set; of that itself nothing */
    char *not_compared;     /* why `against` is empty; NULL: it is not */
} epo__report_set;

typedef struct epo__page {
    epo__string out;
    epo_store *store;
    const epo_report_options *options;
    epo__report_set *sets;
    size_t count;
    epo__pool texts;
} epo__page;

epo_status epo__report_summary(epo__page *page);     /* what was judged, measures of all classes, differences */
epo_status epo__report_classes(epo__page *page);     /* measures of each class; nothing for stamps */
epo_status epo__report_confusion(epo__page *page);   /* what was called what */
epo_status epo__report_curves(epo__page *page);      /* ROC, precision and recall */
epo_status epo__report_thresholds(epo__page *page);  /* measures against the threshold */
epo_status epo__report_calibration(epo__page *page); /* reliability */
epo_status epo__report_bins(epo__page *page);        /* by magnitude */
epo_status epo__report_mistakes(epo__page *page);    /* the worst, with stamps and light curves */
epo_status epo__report_models(epo__page *page);      /* networks, their cards and trainings */
epo_status epo__report_origin(epo__page *page);      /* data, runs, machine, commands */

/* The heading of a set where there are several; nothing for one. */
void epo__report_set_heading(epo__page *page, const epo__report_set *set);

/* One line about a measure; never NULL. */
const char *epo__measure_about(epo_measure measure);

/* "max F1", "FPR at MDR 0.05", for people. */
void epo__measure_title(epo__string *out, epo_measure measure, const epo_evaluate_options *how);

/* Whether less of it is better. */
bool epo__measure_falls(epo_measure measure);

/* The classes that get plots: all, or the EPO__REPORT_CLASSES with the most items, in the model's order; of stamps real
 * alone. Returns how many. */
size_t epo__report_chosen_classes(const epo__report_set *set, size_t chosen[EPO__REPORT_CLASSES]);

/* Whether any set is of sequences, which have classes to tell apart. */
bool epo__report_has_sequences(const epo__page *page);

/* The index of a class by its name; -1: the set has none. */
int epo__report_class_of(const epo__report_set *set, const char *name);

#endif
