/* SPDX-License-Identifier: BSD-3-Clause
 * killing.c - children that are killed at a random moment. */
#include "support/killing.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"

int kills_wanted(int standard)
{
    const char *wanted = getenv("EPOCHAL_KILLS");
    return wanted && atoi(wanted) > 0 ? atoi(wanted) : standard;
}

uint64_t kills_seed(uint64_t standard)
{
    const char *part = getenv("EPOCHAL_KILLS_PART");
    return standard + (part ? strtoull(part, NULL, 10) : 0);
}

bool killing_say(int tube, const char *line)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "%s\n", line);
    return length > 0 && length < (int)sizeof text && write(tube, text, (size_t)length) == length;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reads what there is; false at the end. */
static bool read_more(int tube, char **said, size_t *size, size_t *room)
{
    if (*room < *size + 4097) {
        *room = 2 * *size + 8192;
        assert_non_null(*said = realloc(*said, *room));
    }
    ssize_t got = read(tube, *said + *size, 4096);
    assert_true(got >= 0);
    *size += (size_t)got;
    (*said)[*size] = '\0';
    return got > 0;
}

killed run_and_kill(killing_work work, void *context, double seconds)
{
    killed result = {0};
    size_t size = 0, room = 0;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        _exit(work(context, ends[1]));
    }
    close(ends[1]);
    double left = seconds, start = now();
    bool more = true;
    while (more && (seconds < 0 || (left = seconds - (now() - start)) > 0)) {
        struct pollfd waiting = {.fd = ends[0], .events = POLLIN};
        struct timespec wait = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        if (ppoll(&waiting, 1, seconds < 0 ? NULL : &wait, NULL) > 0)
            more = read_more(ends[0], &result.said, &size, &room);
    }
    kill(child, SIGKILL);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    while (read_more(ends[0], &result.said, &size, &room)) {
    }
    close(ends[0]);
    result.killed = WIFSIGNALED(how);
    if (result.killed ? WTERMSIG(how) != SIGKILL : WEXITSTATUS(how) != 0)
        fail_msg("the child ended with status %d, signal %d; it said\n%s", WEXITSTATUS(how), WTERMSIG(how),
                 result.said);
    return result;
}

int check_said(const char *said, const char *there)
{
    int count = 0;
    for (const char *line = said, *end; (end = strchr(line, '\n')); line = end + 1, count++) {
        const size_t length = (size_t)(end - line) + 1; /* with its end */
        const char *at = there;
        while (at && strncmp(at, line, length) != 0) at = (at = strchr(at, '\n')) ? at + 1 : NULL;
        if (!at) fail_msg("\"%.*s\" was told, and is not there. There is\n%.2000s", (int)length - 1, line, there);
    }
    return count;
}
