/* SPDX-License-Identifier: BSD-3-Clause
 * log.h - the library never prints; it tells this hook. */
#ifndef EPOCHAL_LOG_H
#define EPOCHAL_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epo_log_level { EPO_LOG_WARNING, EPO_LOG_INFO, EPO_LOG_DEBUG } epo_log_level;

typedef void (*epo_log_fn)(void *context, epo_log_level level, const char *message);

/* Sets the hook for the whole process; NULL (the default) drops every message. Call it before starting other threads;
 * the hook itself may be called from any thread, one call at a time. */
void epo_log_set(epo_log_fn hook, void *context);

#ifdef __cplusplus
}
#endif
#endif
