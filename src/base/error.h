/* SPDX-License-Identifier: BSD-3-Clause
 * error.h - setting the status and message that a failed call leaves behind, and the log. */
#ifndef EPO_BASE_ERROR_H
#define EPO_BASE_ERROR_H

#include "epochal/log.h"
#include "epochal/status.h"

/* Leaves the formatted message for epo_error_message() and returns `status`, so that a caller writes
 * `return epo__fail(EPO_EFORMAT, "%s: NAXIS is %d, not 2", path, n);`. Messages are cut at 511 bytes; control
 * bytes (a hostile file name may hold them) are shown as '?'. */
epo_status epo__fail(epo_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "CONTEXT: " before the message already there and returns `status` unchanged. */
epo_status epo__fail_in(epo_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* EPO_ENOMEM with a message naming what was being made. */
epo_status epo__nomem(const char *what);

/* What a function of the caller's answered, unchanged: unless EPO_OK, with a message that the work was stopped by it, and why. */
epo_status epo__stopped(epo_status answer);

/* The static analyzer reads one file at a time: this tells it that a failure is never EPO_OK. */
#ifdef __clang_analyzer__
#define epo__fail(status, ...) ((void)epo__fail((status), __VA_ARGS__), (status))
#define epo__nomem(what) ((void)epo__nomem(what), EPO_ENOMEM)
#endif

void epo__log(epo_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
