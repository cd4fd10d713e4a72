/* SPDX-License-Identifier: BSD-3-Clause
 * scratch.h - a folder for what a command makes for itself, gone when it ends, by Ctrl-C or a plain kill too. */
#ifndef CLI_SCRATCH_H
#define CLI_SCRATCH_H

#include <stddef.h>

/* Makes an empty folder of the process's own under TMPDIR, else /tmp, that no other user can enter, or has made before. One at a
 * time, and before anything starts threads. CLI_OK, or CLI_FAILED after saying why. */
int cli_scratch_begin(void);

/* FOLDER/name into `path`. */
void cli_scratch_path(const char *name, char *path, size_t size);

/* Removes the files in it. */
void cli_scratch_clear(void);

/* Removes it with what is in it; nothing without one. */
void cli_scratch_end(void);

#endif
