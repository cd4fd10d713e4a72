/* SPDX-License-Identifier: BSD-3-Clause
 * bench_import.c - epochal bench import: files into a fresh store. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "epochal/import.h"
#include "message.h"
#include "scratch.h"

static epo_status ignore_file(void *context, const epo_import_event *event)
{
    (void)context;
    if (event->status != EPO_OK) cli_error("%s", event->message);
    return EPO_OK;
}

/* Imports into a fresh store each round. It stands beside the user's data when TMPDIR says so: /tmp may be memory. */
int cli_bench_import(bench *b)
{
    if (b->path_count == 0) return cli_usage(b->call->command, "import: a PATH is needed");
    epo_import_options import = EPO_IMPORT_OPTIONS_INIT;
    import.format = b->options->format;
    import.threads = b->options->common.threads;
    epo_import_summary summary = {0};
    char path[600];
    int result = cli_scratch_begin();
    cli_scratch_path("bench.db", path, sizeof path);
    for (int i = 0; i <= b->options->rounds && result == CLI_OK; i++) {
        epo_store *store = NULL;
        double start = cli_bench_seconds();
        epo_status status = epo_store_open(path, EPO_STORE_CREATE, &store);
        if (status == EPO_OK) status = epo_import(store, b->paths, b->path_count, &import, ignore_file, NULL, &summary);
        if (status != EPO_OK) result = cli_failed(status);
        epo_store_close(store);
        double took = cli_bench_seconds() - start;
        if (i > 0) b->times[b->rounds++] = took;
        cli_scratch_clear();
    }
    if (result != CLI_OK) return result;
    cli_bench_measure(b, "files", (double)summary.files, "files");
    cli_bench_measure(b, "imported", (double)summary.stamps, "stamps a round");
    cli_bench_rounds(b, (double)summary.stamps, "stamps/s");
    return CLI_OK;
}
