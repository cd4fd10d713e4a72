/* SPDX-License-Identifier: BSD-3-Clause
 * message.h - what is said on stderr: errors, notes, progress. Results never go here, and nothing else goes to stdout. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "epochal/status.h"

/* Sets how much is said, and sends the library's log here. */
void cli_message_setup(bool quiet, bool verbose);

/* "epochal: ..." on a line of its own. Errors are always said, notes not with -q, details only with -v. Control bytes,
 * which a hostile file name may hold, are shown as '?'. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says epo_error_message() for a failed call and returns the exit status: CLI_BAD_MODEL for EPO_EMODEL, else CLI_FAILED.
 * EPO_ECANCELLED is silent: whoever cancelled has said why. */
int cli_failed(epo_status status);

/* The same for a model that could not be loaded: CLI_BAD_MODEL whatever is wrong with it, CLI_FAILED without memory. */
int cli_model_failed(epo_status status);

/* A line on stderr that is rewritten as work goes on: from the second second, ten times a second, and only on a
 * terminal. `what` is counted ("stamps"); total 0 when it is not known. */
void cli_progress_begin(const char *what, uint64_t total);
void cli_progress(uint64_t done);
void cli_progress_end(void);

#endif
