/* SPDX-License-Identifier: BSD-3-Clause
 * scratch.c - the folder, and the thread that waits for a signal to remove it.
 *
 * A signal handler may not go through a folder. So the signals that end a program are held back while there is a folder, and a
 * thread takes them as they come: it removes the folder and lets the signal do what it does. */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

enum { TRIES = 100 }; /* another thread may be writing while the folder goes */

static struct {
    char folder[512]; /* "" when there is none */
    sigset_t ending, before;
    pthread_t watch;
} scratch;

static void remove_files(void)
{
    DIR *entries = opendir(scratch.folder);
    char path[1024];
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        snprintf(path, sizeof path, "%s/%s", scratch.folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) unlink(path);
    }
    if (entries) closedir(entries);
}

static void remove_folder(void)
{
    for (int i = 0; i < TRIES; i++) {
        remove_files();
        if (rmdir(scratch.folder) == 0 || errno == ENOENT) return;
    }
}

static void *wait_for_the_end(void *unused)
{
    (void)unused;
    int number;
    if (sigwait(&scratch.ending, &number) != 0) return NULL;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &(int){0});
    remove_folder();
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &scratch.before, NULL);
    raise(number);
    return NULL;
}

int cli_scratch_begin(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    const char *under = getenv("TMPDIR");
    snprintf(scratch.folder, sizeof scratch.folder, "%s/epochal-bench-XXXXXX", under && *under ? under : "/tmp");
    sigemptyset(&scratch.ending);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction is;
        if (sigaction(ending[i], NULL, &is) == 0 && is.sa_handler != SIG_IGN) sigaddset(&scratch.ending, ending[i]); /* nohup */
    }
    pthread_sigmask(SIG_BLOCK, &scratch.ending, &scratch.before);
    int error = mkdtemp(scratch.folder) ? 0 : errno;
    if (!error && (error = pthread_create(&scratch.watch, NULL, wait_for_the_end, NULL))) rmdir(scratch.folder);
    if (!error) return CLI_OK;
    cli_error("%s: %s", scratch.folder, strerror(error));
    scratch.folder[0] = '\0';
    pthread_sigmask(SIG_SETMASK, &scratch.before, NULL);
    return CLI_FAILED;
}

void cli_scratch_path(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", scratch.folder, name);
}

void cli_scratch_clear(void)
{
    remove_files();
}

void cli_scratch_end(void)
{
    if (!scratch.folder[0]) return;
    pthread_cancel(scratch.watch);
    pthread_join(scratch.watch, NULL);
    remove_folder();
    scratch.folder[0] = '\0';
    pthread_sigmask(SIG_SETMASK, &scratch.before, NULL);
}
