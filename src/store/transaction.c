/* SPDX-License-Identifier: BSD-3-Clause
 * transaction.c - transactions and the one savepoint inside them. */
#include "base/error.h"
#include "store/query.h"
#include "store/store.h"

/* Without memory ROLLBACK can fail and leave the transaction open: then nothing of it may be committed, and whoever begins
 * the next one ends it first. */
static void undo(epo_store *store)
{
    if (sqlite3_get_autocommit(store->db)) return;
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    if (!sqlite3_get_autocommit(store->db)) store->lost = true;
}

epo_status epo__store_begin(epo_store *store)
{
    if (store->lost) undo(store);
    if (!sqlite3_get_autocommit(store->db))
        return epo__fail(EPO_EARG, "%s: a transaction is open already", store->path);
    store->lost = false;
    store->in_savepoint = false;
    /* IMMEDIATE, so that waiting for another writer happens here and never in the middle */
    return epo__exec(store, store->mode == EPO_STORE_READ ? "BEGIN" : "BEGIN IMMEDIATE");
}

static epo_status want_open(epo_store *store)
{
    if (store->lost) return epo__fail(EPO_ESTORE, "%s: the transaction was undone by an earlier failure", store->path);
    if (sqlite3_get_autocommit(store->db)) return epo__fail(EPO_EARG, "%s: no transaction is open", store->path);
    return EPO_OK;
}

epo_status epo__store_commit(epo_store *store)
{
    epo_status status = want_open(store);
    if (status != EPO_OK) return status;
    status = epo__exec(store, "COMMIT");
    if (status != EPO_OK && sqlite3_get_autocommit(store->db)) store->lost = true;
    if (status == EPO_OK) store->in_savepoint = false;
    return status;
}

void epo__store_rollback(epo_store *store)
{
    undo(store);
    store->in_savepoint = false;
}

epo_status epo__store_savepoint(epo_store *store)
{
    epo_status status = want_open(store);
    if (status != EPO_OK) return status;
    if (store->in_savepoint) return epo__fail(EPO_EARG, "%s: a savepoint is open already", store->path);
    status = epo__exec(store, "SAVEPOINT file");
    store->in_savepoint = status == EPO_OK;
    return status;
}

epo_status epo__store_release(epo_store *store)
{
    epo_status status = want_open(store);
    if (status != EPO_OK) return status;
    if (!store->in_savepoint) return epo__fail(EPO_EARG, "%s: no savepoint is open", store->path);
    status = epo__exec(store, "RELEASE file");
    if (status == EPO_OK) store->in_savepoint = false;
    return status;
}

void epo__store_rollback_to(epo_store *store)
{
    if (store->in_savepoint && !sqlite3_get_autocommit(store->db) &&
        sqlite3_exec(store->db, "ROLLBACK TO file; RELEASE file", NULL, NULL, NULL) != SQLITE_OK) {
        /* cannot go back to the savepoint: then no part of the transaction may be committed */
        epo__store_rollback(store);
        store->lost = true;
    }
    store->in_savepoint = false;
}

bool epo__store_lost_transaction(const epo_store *store)
{
    return store->lost;
}

epo_status epo__want_transaction(const epo_store *store)
{
    if (store->mode == EPO_STORE_READ) return epo__fail(EPO_EARG, "%s: opened for reading only", store->path);
    if (store->lost) return epo__fail(EPO_ESTORE, "%s: the transaction was undone by an earlier failure", store->path);
    if (sqlite3_get_autocommit(store->db)) return epo__fail(EPO_EARG, "%s: writing needs a transaction", store->path);
    return EPO_OK;
}

epo_status epo__view_begin(epo_store *store, bool *mine)
{
    if (store->lost) undo(store);
    *mine = sqlite3_get_autocommit(store->db) != 0;
    return *mine ? epo__exec(store, "BEGIN") : EPO_OK;
}

void epo__view_end(epo_store *store, bool mine)
{
    if (mine) undo(store);
}
