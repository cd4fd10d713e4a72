/* SPDX-License-Identifier: BSD-3-Clause
 * stream.c - stdout with its errors seen. */
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "message.h"

static int reason; /* errno of the first failed write */

bool cli_stream_ok(void)
{
    if (!ferror(stdout)) return true;
    if (!reason) reason = errno ? errno : EIO;
    return false;
}

int cli_flush(void)
{
    cli_stream_ok(); /* a write that failed before has left its errno: look before it is lost */
    errno = 0;
    if (fflush(stdout) != 0 && !reason) reason = errno ? errno : EIO;
    if (cli_stream_ok() && !reason) return CLI_OK;
    if (reason != EPIPE) cli_error("standard output: %s", strerror(reason));
    return CLI_FAILED;
}
