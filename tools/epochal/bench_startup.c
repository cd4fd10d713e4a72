/* SPDX-License-Identifier: BSD-3-Clause
 * bench_startup.c - epochal bench startup: from starting the program to its first score. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "message.h"
#include "scores.h"

/* Starts this program on one stamp and waits for the first byte of its answer. */
static int start_once(bench *b, const char *path, double *took)
{
    extern char **environ;
    int ends[2];
    if (pipe(ends) != 0) {
        cli_error("pipe: %s", strerror(errno));
        return CLI_FAILED;
    }
    char threads[16];
    snprintf(threads, sizeof threads, "%d", b->options->common.threads);
    char *arguments[] = {"epochal", "score",      "--model", (char *)b->options->common.model, "--threads", threads,
                         "--",      (char *)path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawnattr_t attributes; /* Ctrl-C is held back here, for the scratch folder; the child has none */
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child;
    double start = cli_bench_seconds();
    int error = posix_spawn(&child, "/proc/self/exe", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char bytes[4096];
    ssize_t got = error ? -1 : read(ends[0], bytes, sizeof bytes);
    *took = cli_bench_seconds() - start;
    while (got > 0) got = read(ends[0], bytes, sizeof bytes);
    close(ends[0]);
    int status = 0;
    if (error || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != CLI_OK) {
        cli_error("epochal score %s failed", path);
        return CLI_FAILED;
    }
    return CLI_OK;
}

int cli_bench_startup(bench *b)
{
    if (!b->options->common.model) return cli_usage(b->call->command, "--model FILE is needed");
    epo_model *model = NULL;
    const char *path = b->path_count > 0 ? b->paths[0] : b->made;
    int result = cli_model_load(b->options->common.model, NULL, NULL, EPO_HEAD_STAMP, &model);
    if (result != CLI_OK) return result;
    epo_model_info info;
    epo_model_get_info(model, &info);
    cli_bench_about(b, &info, 1, "f32");
    if (b->path_count == 0) result = cli_bench_make_stamp(b, model);
    epo_model_free(model);
    for (int i = 0; i <= b->options->rounds && result == CLI_OK; i++) {
        double took = 0;
        result = start_once(b, path, &took);
        if (i > 0) b->times[b->rounds++] = took;
    }
    if (result == CLI_OK) cli_bench_rounds(b, 1, NULL);
    return result;
}
