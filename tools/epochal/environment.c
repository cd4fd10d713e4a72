/* SPDX-License-Identifier: BSD-3-Clause
 * environment.c - the environment variables that matter to the command. */
#include "environment.h"

#include <stdio.h>
#include <stdlib.h>

const cli_variable cli_variables[] = {
    {"EPOCHAL_MODELS", "folder of networks and models; else ./models, else the folder of the installation"},
    {"OMP_NUM_THREADS", "processors that OpenMP, and so the networks, may use"},
    {"OPENBLAS_NUM_THREADS", "processors that OpenBLAS may use"},
    {"OPENBLAS_CORETYPE", "the processor that OpenBLAS takes this one for; see epochal doctor"},
    {"ONEDNN_MAX_CPU_ISA", "the newest instruction set that oneDNN may use"},
    {"SQLITE_TMPDIR", "folder of SQLite's temporary files; else TMPDIR, else /var/tmp"},
    {"ONEDNN_VERBOSE", "makes oneDNN print to stdout, so the command takes it out of its environment"},
    {"DNNL_VERBOSE", "the older name of ONEDNN_VERBOSE"},
    {NULL, NULL},
};

static char muted[64];

void cli_environment_clean(void)
{
    static const char *const names[] = {"ONEDNN_VERBOSE", "DNNL_VERBOSE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value) continue;
        snprintf(muted, sizeof muted, "%s=%s", names[i], value);
        unsetenv(names[i]);
    }
}

const char *cli_environment_muted(void)
{
    return *muted ? muted : NULL;
}
