/* SPDX-License-Identifier: BSD-3-Clause
 * message.c - errors, notes and progress on stderr. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "epochal/log.h"
#include "plain.h"

/* One process runs one command, so how it speaks is state of the process. */
static struct {
    bool quiet, verbose;
    const char *what; /* of the progress line; NULL: none is wanted */
    uint64_t total;
    double start, last;
    bool shown; /* the line is on the terminal now */
} voice;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void hide_progress(void)
{
    if (voice.shown) fputs("\r\033[K", stderr);
    voice.shown = false;
}

static void say(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static void say(const char *format, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    for (size_t at = 0, n; text[at]; at += n ? n : 1) {
        n = cli_utf8_length(text + at);
        if (!n || !cli_is_plain(text + at, n)) memset(text + at, '?', n ? n : 1);
    }
    hide_progress();
    fprintf(stderr, "epochal: %s\n", text);
}

void cli_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void cli_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!voice.quiet) say(format, args);
    va_end(args);
}

void cli_detail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (voice.verbose) say(format, args);
    va_end(args);
}

static void hear_library(void *context, epo_log_level level, const char *message)
{
    (void)context;
    if (level == EPO_LOG_WARNING)
        cli_note("%s", message);
    else
        cli_detail("%s", message);
}

void cli_message_setup(bool quiet, bool verbose)
{
    voice.quiet = quiet;
    voice.verbose = verbose;
    epo_log_set(hear_library, NULL);
}

int cli_failed(epo_status status)
{
    if (status == EPO_ECANCELLED) return CLI_FAILED;
    const char *message = epo_error_message();
    cli_error("%s", *message ? message : epo_status_text(status));
    return status == EPO_EMODEL ? CLI_BAD_MODEL : CLI_FAILED;
}

int cli_model_failed(epo_status status)
{
    const int result = cli_failed(status);
    return status == EPO_ENOMEM ? result : CLI_BAD_MODEL;
}

void cli_progress_begin(const char *what, uint64_t total)
{
    if (voice.quiet || !isatty(STDERR_FILENO)) return;
    voice.what = what;
    voice.total = total;
    voice.start = voice.last = seconds();
}

void cli_progress(uint64_t done)
{
    if (!voice.what) return;
    double now = seconds();
    if (now - voice.start < 1 || now - voice.last < 0.1) return;
    voice.last = now;
    fprintf(stderr, "\r%llu", (unsigned long long)done);
    if (voice.total) fprintf(stderr, " of %llu", (unsigned long long)voice.total);
    fprintf(stderr, " %s, %.0f a second\033[K", voice.what, (double)done / (now - voice.start));
    fflush(stderr);
    voice.shown = true;
}

void cli_progress_end(void)
{
    hide_progress();
    voice.what = NULL;
}
