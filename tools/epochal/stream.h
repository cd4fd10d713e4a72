/* SPDX-License-Identifier: BSD-3-Clause
 * stream.h - stdout with its errors seen: a full disk must not look like success. */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include <stdbool.h>

/* False once a write to stdout has failed; the first time, why is remembered. Call it right after writing. */
bool cli_stream_ok(void);

/* Flushes stdout: CLI_OK, or CLI_FAILED after saying why. A closed pipe is said by the status only: a reader that has seen
 * enough is no failure worth words. */
int cli_flush(void);

#endif
