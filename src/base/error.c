/* SPDX-License-Identifier: BSD-3-Clause
 * error.c - thread-local message of the last failure, and the log hook. */
#include "base/error.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#ifdef __clang_analyzer__ /* here they are made, there they are explained */
#undef epo__fail
#undef epo__nomem
#endif

enum { MESSAGE_SIZE = 512 };

static _Thread_local char last_message[MESSAGE_SIZE];

static struct {
    pthread_mutex_t lock;
    epo_log_fn hook;
    void *context;
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER};

const char *epo_status_text(epo_status status)
{
    static const char *const texts[] = {
#define EPO_STATUS_TEXT(name, text) [EPO_##name] = text,
        EPO_STATUS_MAP(EPO_STATUS_TEXT)
#undef EPO_STATUS_TEXT
    };
    size_t i = (size_t)status;
    return i < sizeof texts / sizeof *texts ? texts[i] : "unknown status";
}

const char *epo_error_message(void)
{
    return last_message;
}

epo_status epo__fail(epo_status status, const char *format, ...)
{
    char message[MESSAGE_SIZE]; /* an argument may be the old message itself */
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    epo__make_printable(message); /* names from outside are in it, which a terminal must not obey */
    memcpy(last_message, message, sizeof message);
    return status;
}

epo_status epo__fail_in(epo_status status, const char *format, ...)
{
    char message[2 * MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    int used = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (used >= 0 && used < MESSAGE_SIZE)
        snprintf(message + used, sizeof message - (size_t)used, ": %s", last_message);
    message[MESSAGE_SIZE - 1] = '\0';
    epo__make_printable(message);
    memcpy(last_message, message, MESSAGE_SIZE);
    return status;
}

epo_status epo__nomem(const char *what)
{
    return epo__fail(EPO_ENOMEM, "out of memory: %s", what);
}

epo_status epo__stopped(epo_status answer)
{
    return answer == EPO_OK ? EPO_OK : epo__fail(answer, "stopped by the receiver of the results: %s", epo_status_text(answer));
}

void epo_log_set(epo_log_fn hook, void *context)
{
    pthread_mutex_lock(&logger.lock);
    logger.hook = hook;
    logger.context = context;
    pthread_mutex_unlock(&logger.lock);
}

void epo__log(epo_log_level level, const char *format, ...)
{
    pthread_mutex_lock(&logger.lock);
    if (logger.hook) {
        char message[2 * MESSAGE_SIZE];
        va_list args;
        va_start(args, format);
        vsnprintf(message, sizeof message, format, args);
        va_end(args);
        epo__make_printable(message);
        logger.hook(logger.context, level, message);
    }
    pthread_mutex_unlock(&logger.lock);
}
