/* SPDX-License-Identifier: BSD-3-Clause
 * status.h - how every call reports what happened.
 *
 * A call that can fail returns an epo_status: it says what kind of thing went wrong. Which file, which row and why
 * stands in epo_error_message(), a text kept per thread until that thread's next failure.
 */
#ifndef EPOCHAL_STATUS_H
#define EPOCHAL_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* name, what it means */
#define EPO_STATUS_MAP(X)                                       \
    X(OK, "ok")                                                 \
    X(ENOMEM, "out of memory")                                  \
    X(EARG, "bad argument")                                     \
    X(EIO, "cannot read or write")                              \
    X(ENOTFOUND, "not found")                                   \
    X(EFORMAT, "malformed input")                               \
    X(ELIMIT, "input over a limit")                             \
    X(EUNSUPPORTED, "input of a kind that is not read")         \
    X(ESTORE, "store refused")                                  \
    X(EBUSY, "store is in use by another writer")               \
    X(EMODEL, "model file refused")                             \
    X(ECANCELLED, "stopped on request")                         \
    X(EINTERNAL, "internal error")

typedef enum epo_status {
#define EPO_STATUS_ENUM(name, text) EPO_##name,
    EPO_STATUS_MAP(EPO_STATUS_ENUM)
#undef EPO_STATUS_ENUM
} epo_status;

/* The text of EPO_STATUS_MAP for a status; "unknown status" outside the table. Never NULL; the caller frees nothing. */
const char *epo_status_text(epo_status status);

/* What went wrong in this thread's last failed call, with the file and the reason; "" before the first failure.
 * The pointer is valid until the thread's next call into the library. */
const char *epo_error_message(void);

#ifdef __cplusplus
}
#endif
#endif
