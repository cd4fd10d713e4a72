/* SPDX-License-Identifier: BSD-3-Clause
 * open.c - making, opening and closing a store.
 *
 * A store is made under another name and linked to its own when it is complete, so a file of that name is never half a
 * store, and an empty file is never ours. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/query.h"
#include "store/schema.h"
#include "store/store.h"

enum {
    PATIENCE_MS = 10000,
    CACHE_KIB = 32 * 1024,
    /* The log is written back to the file each time it reaches this size: large enough to gather the scattered index
     * pages of many commits, small enough to be nothing beside a survey. */
    LOG_BYTES = 32 << 20,
    LENGTH_MAX = 64 << 20, /* of one text or image: several times the largest stamp */
    HEADER_SIZE = 100      /* what an SQLite file starts with */
};

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What can be told without opening. */
static epo_status check_place(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? epo__fail(EPO_ENOTFOUND, "%s: no such store; importing into it makes it", path)
                   : epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) return epo__fail(EPO_ESTORE, "%s: is a folder; a store is one file", path);
    if (!S_ISREG(info.st_mode)) return epo__fail(EPO_ESTORE, "%s: is not a regular file", path);
    if (info.st_size == 0)
        return epo__fail(EPO_ESTORE, "%s: is an empty file, not a store; remove it, or give another name", path);
    return EPO_OK;
}

/* Looks at the first bytes before SQLite does more with the file than open it. They are read through SQLite: closing a
 * descriptor of our own would drop the POSIX locks of every other handle that this process has on the file. Creation
 * leaves application_id and user_version in the file itself, not in the log, so they stand here whatever happened
 * since. */
static epo_status check_header(sqlite3 *db, const char *path, int *in_file)
{
    unsigned char header[HEADER_SIZE] = {0};
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK && file && file->pMethods) rc = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) return epo__fail(EPO_EIO, "%s: cannot be read", path);
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return epo__fail(EPO_ESTORE, "%s: is not an Epochal store (nor any SQLite file); give another name", path);
    if (big_endian(header + 68) != EPO__APPLICATION_ID)
        return epo__fail(EPO_ESTORE,
                         "%s: is an SQLite file of another program, not an Epochal store; give another name", path);
    uint32_t version = big_endian(header + 60);
    if (version > EPO__SCHEMA_VERSION)
        return epo__fail(EPO_ESTORE,
                         "%s: made by a newer Epochal (store version %u, this one reads %d); use that Epochal", path,
                         version, EPO__SCHEMA_VERSION);
    *in_file = (int)version;
    return EPO_OK;
}

/* "a b?.db" as "file:/.../a%20b%3f.db?immutable=1", for sqlite3_open_v2. */
static char *immutable_uri(const char *path)
{
    static const char suffix[] = "?immutable=1";
    size_t length = strlen(path);
    size_t room = 3 * length + sizeof "file:" + sizeof suffix;
    char *uri = epo__alloc(room, 1);
    if (!uri) return NULL;
    char *out = uri + snprintf(uri, room, "file:");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)path[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("/._-", c);
        out += snprintf(out, 4, plain ? "%c" : "%%%02x", c);
    }
    memcpy(out, suffix, sizeof suffix);
    return uri;
}

/* SQLite gives "", ":memory:" and "file:..." meanings of their own; with a folder in front a name is a name. */
static char *plain_path(const char *path)
{
    return epo__format("%s%s", path[0] == '/' ? "" : "./", path);
}

/* access() of the folder that a plain path names a file in. */
static bool folder_allows(const char *path, int mode)
{
    char folder[PATH_MAX]; /* a longer one cannot be opened */
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder) return false;
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0';
    return access(folder, mode) == 0;
}

/* The log belongs to a store that is gone; SQLite would take it for the new one's and replay it. */
static bool orphan_log(const char *path)
{
    char log[PATH_MAX];
    struct stat info;
    return snprintf(log, sizeof log, "%s-wal", path) < (int)sizeof log && stat(log, &info) == 0 && info.st_size > 0;
}

static epo_status fill_new(sqlite3 *db, const char *path)
{
    char settings[160];
    snprintf(settings, sizeof settings,
             "PRAGMA page_size = %d; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; "
             "PRAGMA application_id = %d; PRAGMA user_version = %d",
             EPO__PAGE_SIZE, EPO__APPLICATION_ID, EPO__SCHEMA_VERSION);
    if (sqlite3_exec(db, settings, NULL, NULL, NULL) == SQLITE_OK && epo__schema_create(db) == SQLITE_OK &&
        sqlite3_exec(db, "COMMIT; PRAGMA journal_mode = WAL", NULL, NULL, NULL) == SQLITE_OK)
        return EPO_OK;
    if (sqlite3_errcode(db) == SQLITE_NOMEM) return epo__nomem(path);
    return sqlite3_errcode(db) == SQLITE_FULL ? epo__fail(EPO_ESTORE, "%s: no room left on the disk", path)
                                              : epo__fail(EPO_EIO, "%s: cannot make a store there (%s)", path, epo__sqlite_reason(db));
}

/* An empty file at `path`, which is nobody's: a link laid there by someone who could foresee the name is not followed. */
static bool make_empty(const char *path)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(path, flags, 0644);
    if (fd < 0 && errno == EEXIST && unlink(path) == 0) fd = open(path, flags, 0644); /* of a killed process of this number */
    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* Makes `path` (a plain path) unless another process does so first, which is as good. */
static epo_status create(const char *path, const char *shown)
{
    static atomic_uint counter;
    epo_status status;
    sqlite3 *db = NULL;
    char *fresh = epo__format("%s.new-%ld-%u", path, (long)getpid(), atomic_fetch_add(&counter, 1));
    if (!fresh) return epo__nomem(shown);
    if (orphan_log(path)) {
        status =
            epo__fail(EPO_ESTORE, "%s: %s-wal is left over from a store of this name; remove it first", shown, shown);
        goto done;
    }
    const int error = make_empty(fresh) ? 0 : errno;
    if (error || sqlite3_open_v2(fresh, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        status = !error && (!db || sqlite3_errcode(db) == SQLITE_NOMEM) ? epo__nomem(shown)
                 : !folder_allows(path, F_OK) ? epo__fail(EPO_ENOTFOUND, "%s: its folder does not exist", shown)
                 : !folder_allows(path, W_OK | X_OK)
                     ? epo__fail(EPO_EIO, "%s: no file can be made in its folder: %s", shown, strerror(errno))
                     : epo__fail(EPO_EIO, "%s: cannot make a store there (%s)", shown,
                                 error ? strerror(error) : epo__sqlite_reason(db));
        goto done;
    }
    status = fill_new(db, shown);
    if (status == EPO_OK && sqlite3_close(db) == SQLITE_OK) db = NULL; /* writes the log back: one complete file */
    if (status == EPO_OK && link(fresh, path) != 0 && errno != EEXIST) {
        /* file systems without hard links */
        if (rename(fresh, path) != 0) status = epo__fail(EPO_EIO, "%s: %s", shown, strerror(errno));
    }
done:
    sqlite3_close(db);
    unlink(fresh);
    free(fresh);
    return status;
}

/* For reading, a handle that may write is opened where permitted, and told not to change anything (query_only): it
 * takes up a log that a killed process left, and takes its own log files away when it closes. A read-only handle does
 * neither, and needs a folder it can write to. */
static int open_file(epo_store *store, const char *path)
{
    int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    bool writable = access(path, W_OK) == 0 && folder_allows(path, W_OK | X_OK);
    if (store->mode != EPO_STORE_READ || writable)
        return sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | common, NULL);
    if (orphan_log(path)) /* a writer is at work, or was killed */
        return sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READONLY | common, NULL);
    char *uri = immutable_uri(path);
    if (!uri) return SQLITE_NOMEM;
    int rc = sqlite3_open_v2(uri, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | common, NULL);
    free(uri);
    return rc;
}

static epo_status configure(epo_store *store)
{
    static const struct {
        int option, value;
    } switches[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    int version = EPO__SCHEMA_VERSION;
    epo_status status = check_header(store->db, store->path, &version);
    if (status != EPO_OK) return status;
    sqlite3_extended_result_codes(store->db, 1);
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (sqlite3_db_config(store->db, switches[i].option, switches[i].value, NULL) != SQLITE_OK)
            return epo__sqlite_fail(store);
    sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
    epo__store_set_patience(store, PATIENCE_MS);
    /* synchronous FULL: with many files a commit it costs nothing that can be measured, and what was reported as
     * imported survives a power cut. mmap stays off: a store that another program cuts short would kill us by
     * SIGBUS. */
    char settings[320];
    snprintf(settings, sizeof settings,
             "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; "
             "PRAGMA cache_size = -%d; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = %d; "
             "PRAGMA journal_size_limit = %d; PRAGMA query_only = %d",
             CACHE_KIB, LOG_BYTES / EPO__PAGE_SIZE, 2 * LOG_BYTES, store->mode == EPO_STORE_READ);
    if (version < EPO__SCHEMA_VERSION) status = epo__schema_migrate(store->db, store->path, version);
    if (status == EPO_OK) status = epo__exec(store, settings);
    if (status == EPO_OK) status = epo__schema_check(store->db, store->path);
    if (status == EPO_OK) status = epo__labels_as_of_function(store);
    /* someone may have switched the log off in the shell */
    if (status == EPO_OK && store->mode != EPO_STORE_READ) status = epo__exec(store, "PRAGMA journal_mode = WAL");
    return status;
}

epo_status epo_store_open(const char *path, epo_store_mode mode, epo_store **out)
{
    *out = NULL;
    if (!path || !*path) return epo__fail(EPO_EARG, "a store needs a file name");
    if (mode != EPO_STORE_READ && mode != EPO_STORE_WRITE && mode != EPO_STORE_CREATE)
        return epo__fail(EPO_EARG, "%s: no such mode of opening", path);

    epo_status status;
    char *plain = plain_path(path);
    epo_store *store = epo__alloc(1, sizeof *store);
    if (!plain || !store || !(store->path = epo__strdup(path))) {
        status = epo__nomem(path);
        goto done;
    }
    store->mode = mode;
    status = check_place(path);
    if (status == EPO_ENOTFOUND && mode == EPO_STORE_CREATE) {
        status = create(plain, path);
        if (status == EPO_OK) status = check_place(path);
    }
    if (status != EPO_OK) goto done;
    if (mode != EPO_STORE_READ && access(path, W_OK) != 0) {
        status = epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
        goto done;
    }
    if (open_file(store, plain) != SQLITE_OK)
        status = store->db ? epo__sqlite_fail(store) : epo__nomem(path);
    else
        status = configure(store);
    /* another program's log is not ours to write back */
    if (status != EPO_OK && store->db) sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
done:
    free(plain);
    if (status != EPO_OK) {
        epo_store_close(store);
        return status;
    }
    *out = store;
    return EPO_OK;
}

void epo_store_close(epo_store *store)
{
    if (!store) return;
    for (size_t i = 0; i < store->statement_count; i++) sqlite3_finalize(store->statements[i].stmt);
    sqlite3_close(store->db);
    free(store->statements);
    free(store->path);
    free(store);
}

const char *epo__store_engine(void)
{
    return sqlite3_libversion();
}

const char *epo__store_path(const epo_store *store)
{
    return store->path;
}

void epo__store_set_patience(epo_store *store, int milliseconds)
{
    sqlite3_busy_timeout(store->db, milliseconds);
}

epo_status epo__store_set_cache(epo_store *store, int kibibytes)
{
    char setting[64];
    snprintf(setting, sizeof setting, "PRAGMA cache_size = -%d; PRAGMA shrink_memory", kibibytes);
    return epo__exec(store, setting);
}
