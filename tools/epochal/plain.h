/* SPDX-License-Identifier: BSD-3-Clause
 * plain.h - text from outside that may be shown to a terminal, which obeys what it is sent. */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the UTF-8 character at `text` as the Unicode standard's table 3-7 has it; 0 when it is not one. */
size_t cli_utf8_length(const char *text);

/* Whether the valid character of `length` bytes neither moves a terminal (U+0080 to U+009F do, as the escape character does)
 * nor turns the direction of the text after it. */
bool cli_is_plain(const char *text, size_t length);

#endif
