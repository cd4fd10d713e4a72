/* SPDX-License-Identifier: BSD-3-Clause
 * check.h - what every test program includes: cmocka in the order it wants, and small helpers. */
#ifndef EPO_TESTS_CHECK_H
#define EPO_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "epochal/status.h"

/* Fails with the library's message when `call` does not return EPO_OK. */
#define check_ok(call)                                                                     \
    do {                                                                                   \
        epo_status check_status = (call);                                                  \
        if (check_status != EPO_OK)                                                        \
            fail_msg("%s: %s: %s", #call, epo_status_text(check_status), epo_error_message()); \
    } while (0)

/* `call` must return `status` and leave a message that contains `part`. */
#define check_fails(call, status, part)                                                              \
    do {                                                                                             \
        assert_int_equal((call), (status));                                                          \
        if (!strstr(epo_error_message(), (part))) fail_msg("message \"%s\" lacks \"%s\"", epo_error_message(), (part)); \
    } while (0)

/* A fresh directory under $TMPDIR (or /tmp), removed with everything in it by temp_remove. */
char *temp_make(void);
void temp_remove(char *directory);

/* directory/name in a buffer that lives until the eighth call after this one. */
const char *temp_path(const char *directory, const char *name);

/* Whole files; both fail the test when they cannot. read_file's result is freed by the caller. */
void write_file(const char *path, const void *bytes, size_t size);
unsigned char *read_file(const char *path, size_t *size);

/* The folder of real data: $EPOCHAL_DATA, or ../shared/data beside the checkout; NULL where there is none, and then the
 * test calls skip(). */
const char *data_folder(void);

#endif
