/* SPDX-License-Identifier: BSD-3-Clause
 * scored_source.c - the run that holds the scores of a model. */
#include "train/scored_source.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/store.h"

char *epo__scored_source_name(const epo_evaluate_source *source)
{
    if (source->name) return epo__strdup(source->name);
    return source->sha256 ? epo__format("model %.12s", source->sha256)
                          : epo__format("run %lld", (long long)source->run);
}

static epo_status no_scores(epo_store *store, const epo_evaluate_source *source)
{
    static const char general[] = "epochal classify (sequences) or epochal score --db (stamps)";
    const char *path = epo__store_path(store), *what = source->split ? " for " : "",
               *split = source->split ? source->split : "";
    char *name = epo__scored_source_name(source);
    if (!name) return epo__nomem("message");
    epo_status status = source->sha256
                            ? epo__fail(EPO_ENOTFOUND, "%s: no finished run has scores of %s%s%s; to make them: %s",
                                        path, name, what, split, source->remedy ? source->remedy : general)
                            : epo__fail(EPO_ENOTFOUND, "%s: %s left no scores%s%s; those that do: %s", path, name, what,
                                        split, general);
    free(name);
    return status;
}

epo_status epo__scored_source_run(epo_store *store, const epo_evaluate_source *source, const epo__object_filter *filter,
                                  epo__scored_run *run)
{
    const epo__scored_wanted wanted = {.sha256 = source->sha256,
                                       .run = source->run,
                                       .split = filter->split,
                                       .part = filter->part};
    int64_t objects;
    epo_status status =
        filter->split ? epo__store_objects_count(store, filter, &objects) : EPO_OK; /* is there such a split? */
    if (status == EPO_OK) status = epo__store_scored_run(store, &wanted, run);
    if (status != EPO_OK) return status;
    return run->id ? EPO_OK : no_scores(store, source);
}
