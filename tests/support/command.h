/* SPDX-License-Identifier: BSD-3-Clause
 * command.h - runs the built command ($EPOCHAL) as its users do. */
#ifndef EPO_TESTS_COMMAND_H
#define EPO_TESTS_COMMAND_H

#include <stddef.h>

typedef struct command_result {
    int status;      /* exit status; 128 + n after signal n */
    char *out, *err; /* what was printed, NUL-terminated */
    size_t out_size;
} command_result;

/* Runs $EPOCHAL with the arguments, which end with NULL; stdin is empty. Fails the test when it cannot be started.
 * Release with command_free. */
command_result command_run(const char *const *arguments);
#define COMMAND(...) command_run((const char *const[]){__VA_ARGS__, NULL})

/* The same through sh -c, for redirections; "$EPOCHAL" is the command. */
command_result command_shell(const char *line);

void command_free(command_result *result);

/* Fails the test, with what was printed, when the status is another one. */
void command_expect(const command_result *result, int status);

/* Runs it and fails the test when it does not end with status 0. */
void command_ok(const char *const *arguments);

#endif
