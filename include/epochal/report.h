/* SPDX-License-Identifier: BSD-3-Clause
 * report.h - an evaluation as one HTML page that stands alone: tables, plots (SVG), stamps (PNG) and light curves of
 * the worst mistakes, the networks and the runs behind them, and the commands that make it all again.
 *
 * The page loads nothing and runs nothing; it opens from disk, in light and dark, on a phone and on paper. Its numbers
 * are those of evaluate.h and curves.h. The same store, scores, options and processor give the same bytes: no date of
 * today stands in it. All text from outside is escaped.
 */
#ifndef EPOCHAL_REPORT_H
#define EPOCHAL_REPORT_H

#include "epochal/evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Scores that are judged together: of one model, or of the folds of a cross-validation. All is the caller's, and lives
 * during the call; texts may hold any bytes. */
typedef struct epo_report_set {
    const char *name;                /* of the model */
    const char *split;               /* which objects: "main:test", "the store" */
    epo_scored *scored;              /* magnitudes are read into it, as by epo_scored_bin_edges */
    const epo_evaluate_options *how; /* NULL: EPO_EVALUATE_OPTIONS_INIT */
    const char *thresholds_from;     /* where how->thresholds were chosen: "main:validation, f1"; NULL: nowhere */
    const char *const *files; /* the weights file of each source, as epo_card_read takes it, for its card; NULL: none.
                                 One that cannot be read is named on the page, and is no failure */
    size_t file_count;
} epo_report_set;

typedef struct epo_report_options {
    const char *title;        /* NULL: made from the sets */
    const char *command_line; /* that makes the page again; NULL: none is shown */
    size_t mistakes;          /* at most so many of each set */
} epo_report_options;
#define EPO_REPORT_OPTIONS_INIT \
    {                           \
        .mistakes = 12          \
    }

enum { EPO_REPORT_MISTAKES_MAX = 1000 };

/* Writes the page to `path`, whole or not at all. With several sets the first is held against each other one. options
 * may be NULL. A damaged stamp is named on the page in place of its picture. EPO_EARG: no sets, options out of range,
 * and as epo_scored_evaluate; EPO_EIO: the file cannot be written. */
epo_status epo_report_write(epo_store *store, const epo_report_set *sets, size_t count,
                            const epo_report_options *options, const char *path);

#ifdef __cplusplus
}
#endif
#endif
