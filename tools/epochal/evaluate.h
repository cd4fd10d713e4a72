/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate.h - the parts of epochal evaluate: which scores (evaluate_sets.c), tables of measures and differences
 * (evaluate_tables.c), curves (evaluate_curves.c), a page of it all (evaluate_report.c). */
#ifndef CLI_EVALUATE_H
#define CLI_EVALUATE_H

#include "command.h"
#include "epochal/curves.h"

typedef struct evaluate_options {
    cli_common common;
    cli_list models, runs, splits, against, choose_on;
    const char *net, *choose, *by, *curves, *class_name, *measures, *report;
    int bootstrap, mistakes;
    double threshold, prevalence, mdr;
    bool pool, confusion;
} evaluate_options;

/* Scores that are judged together: those of one model, or of the folds of a cross-validation. */
typedef struct evaluate_set {
    char name[256];
    const char *split; /* where the objects are, for the notes */
    epo_scored *scored;
    epo_scored_info info;
    epo_evaluate_options how;
    double *thresholds;         /* that were chosen, one a class; NULL: none */
    char thresholds_from[256];  /* "main:validation, f1"; "" none */
    const char *const *models;  /* as given, of its first sources; the others are runs */
    size_t model_count;
} evaluate_set;

typedef struct evaluate_sets {
    evaluate_set *items;
    size_t count;
} evaluate_sets;

/* What a table or curve is of: a set, or with --by a bin of it. */
typedef struct evaluate_part {
    const evaluate_set *set;
    const epo_scored *scored;
    epo_scored *owned; /* the bin; NULL: the whole set */
    double low, high;  /* of the bin, else NaN */
} evaluate_part;

typedef struct evaluate_parts {
    evaluate_part *items;
    size_t count;
} evaluate_parts;

/* Reads the scores, and chooses thresholds where that is asked for. CLI_OK, or the exit status after saying what is
 * wrong. */
int evaluate_sets_read(const cli_call *call, epo_store *store, evaluate_sets *out);
void evaluate_sets_free(evaluate_sets *sets);

int evaluate_parts_make(const evaluate_options *options, epo_store *store, const evaluate_sets *sets,
                        evaluate_parts *out);
void evaluate_parts_free(evaluate_parts *parts);

/* Whether --measures names only what there is; says what is wrong. */
bool evaluate_measures_known(const cli_call *call);

int evaluate_print_measures(const evaluate_options *options, epo_store *store, const evaluate_sets *sets,
                            const evaluate_parts *parts);
int evaluate_print_confusion(const evaluate_options *options, const evaluate_set *set);

int evaluate_print_curves(const evaluate_options *options, const evaluate_parts *parts);

/* Checks --report, before anything is read; and writes the page. */
int evaluate_report_check(const cli_call *call);
int evaluate_report_write(const cli_call *call, epo_store *store, const evaluate_sets *sets);

/* The words of --curves. */
const char *evaluate_curves_word(size_t index, const char **about);

#endif
