/* SPDX-License-Identifier: BSD-3-Clause
 * command.c - runs the built command. What it prints goes to unnamed files, so that neither side waits for the other. */
#include "support/command.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

static char *read_all(FILE *file, size_t *size)
{
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    char *text = malloc((size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)length, file), (size_t)length);
    text[length] = '\0';
    *size = (size_t)length;
    fclose(file);
    return text;
}

static command_result run(const char *program, char *const *arguments)
{
    extern char **environ;
    command_result result = {0};
    FILE *out = tmpfile(), *err = tmpfile();
    assert_non_null(out);
    assert_non_null(err);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(err), STDERR_FILENO);
    pid_t child;
    assert_int_equal(posix_spawn(&child, program, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    size_t unused;
    result.out = read_all(out, &result.out_size);
    result.err = read_all(err, &unused);
    return result;
}

command_result command_run(const char *const *arguments)
{
    enum { MOST = 64 };
    char *copy[MOST];
    size_t count = 0;
    char *program = getenv("EPOCHAL");
    if (!program) fail_msg("EPOCHAL does not name the command; run the tests with make");
    copy[count++] = program;
    for (; *arguments && count < MOST - 1; arguments++) copy[count++] = (char *)(uintptr_t)*arguments;
    copy[count] = NULL;
    return run(program, copy);
}

command_result command_shell(const char *line)
{
    char shell[] = "sh", option[] = "-c";
    char *arguments[] = {shell, option, (char *)(uintptr_t)line, NULL};
    return run("/bin/sh", arguments);
}

void command_free(command_result *result)
{
    free(result->out);
    free(result->err);
    *result = (command_result){0};
}

void command_expect(const command_result *result, int status)
{
    if (result->status != status)
        fail_msg("exit status %d, not %d\nstdout: %.2000s\nstderr: %.2000s", result->status, status, result->out, result->err);
}

void command_ok(const char *const *arguments)
{
    command_result r = command_run(arguments);
    command_expect(&r, 0);
    command_free(&r);
}
