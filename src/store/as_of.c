/* SPDX-License-Identifier: BSD-3-Clause
 * as_of.c - the date whose labels count for a handle, and the SQL function by which the statements ask for it.
 *
 * A function instead of a parameter: the date holds for every statement that reads a class, and none of their callers
 * has to know of it. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/query.h"

static void labels_as_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    const epo_store *store = sqlite3_user_data(context);
    (void)count;
    (void)values;
    if (*store->labels_as_of)
        sqlite3_result_text(context, store->labels_as_of, -1, SQLITE_TRANSIENT);
    else
        sqlite3_result_null(context);
}

epo_status epo__labels_as_of_function(epo_store *store)
{
    /* direct only: the schema has no use for it */
    return sqlite3_create_function_v2(store->db, "labels_as_of", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, store,
                                      labels_as_of, NULL, NULL, NULL) == SQLITE_OK
               ? EPO_OK
               : epo__nomem(store->path);
}

epo_status epo_store_set_labels_as_of(epo_store *store, const char *date)
{
    char wanted[21], end_of_today[21], now[21];
    if (!date) {
        store->labels_as_of[0] = '\0';
        return EPO_OK;
    }
    if (!epo__utc_parse(date, true, wanted))
        return epo__fail(EPO_EARG,
                         "labels as of '%s': not a date or time in UTC, as 2026-11-21 or 2026-11-21T01:30:00Z", date);
    epo__utc_now(now);
    memcpy(end_of_today, now, sizeof now);
    memcpy(end_of_today + 11, "23:59:59Z", 10);
    if (strcmp(wanted, end_of_today) > 0)
        return epo__fail(EPO_EARG,
                         "labels as of %s: that time has not come (it is %s), and more labels may come before it", date,
                         now);
    memcpy(store->labels_as_of, wanted, sizeof wanted);
    return EPO_OK;
}

const char *epo_store_labels_as_of(const epo_store *store)
{
    return *store->labels_as_of ? store->labels_as_of : NULL;
}
