/* SPDX-License-Identifier: BSD-3-Clause
 * crash_vfs.c - a VFS that writes down what is done to files, and the replay of power cuts. */
#include "support/crash_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "support/check.h"

/* --- what is written down
 * ------------------------------------------------------------------------------------------------ */

enum { SECTOR = 512, MOST_FILES = 256, MOST_NAMES = 256, NAME = 512 };

typedef enum action { WRITE, TRUNCATE, SYNC, SYNC_DIRECTORY, ADD_NAME, DROP_NAME } action;

typedef struct operation {
    action action;
    int file;            /* number of what the name stands for; -1 for DROP_NAME and SYNC_DIRECTORY */
    size_t offset, size; /* WRITE; TRUNCATE: size */
    unsigned char *bytes;
    char *name; /* ADD_NAME, DROP_NAME */
} operation;

static struct {
    pthread_mutex_t lock;
    operation *all;
    size_t count, room, syncs;
    struct {
        ino_t inode;
        bool alive;
    } files[MOST_FILES];
    int file_count;
    sqlite3_vfs vfs, *real;
} log_of = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock. */
static operation *add(action what, int file)
{
    if (log_of.count == log_of.room) {
        log_of.room = 2 * log_of.room + 1024;
        log_of.all = realloc(log_of.all, log_of.room * sizeof *log_of.all);
        assert_non_null(log_of.all);
    }
    operation *o = &log_of.all[log_of.count++];
    *o = (operation){.action = what, .file = file};
    log_of.syncs += what == SYNC;
    return o;
}

static unsigned char *copy_bytes(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

/* --- the VFS
 * --------------------------------------------------------------------------------------------------------------- */

/* The real file lies behind it. */
typedef struct crash_file {
    sqlite3_file base;
    int number;           /* -1: not looked at */
    bool syncs_directory; /* with its first sync */
} crash_file;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return (sqlite3_file *)((crash_file *)f + 1);
}

static int do_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int do_read(sqlite3_file *f, void *to, int size, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), to, size, at);
}

static int do_write(sqlite3_file *f, const void *bytes, int size, sqlite3_int64 at)
{
    const crash_file *c = (crash_file *)f;
    if (c->number < 0) return real_of(f)->pMethods->xWrite(real_of(f), bytes, size, at);
    pthread_mutex_lock(&log_of.lock);
    operation *o = add(WRITE, c->number);
    o->offset = (size_t)at;
    o->size = (size_t)size;
    o->bytes = copy_bytes(bytes, (size_t)size);
    int rc = real_of(f)->pMethods->xWrite(real_of(f), bytes, size, at);
    pthread_mutex_unlock(&log_of.lock);
    return rc;
}

static int do_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    const crash_file *c = (crash_file *)f;
    pthread_mutex_lock(&log_of.lock);
    if (c->number >= 0) add(TRUNCATE, c->number)->size = (size_t)size;
    int rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
    pthread_mutex_unlock(&log_of.lock);
    return rc;
}

static int do_sync(sqlite3_file *f, int flags)
{
    crash_file *c = (crash_file *)f;
    int rc = real_of(f)->pMethods->xSync(real_of(f), flags);
    pthread_mutex_lock(&log_of.lock);
    if (c->number >= 0) add(SYNC, c->number);
    if (c->syncs_directory) add(SYNC_DIRECTORY, -1);
    c->syncs_directory = false;
    pthread_mutex_unlock(&log_of.lock);
    return rc;
}

static int do_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int do_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int do_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int do_check_lock(sqlite3_file *f, int *reserved)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), reserved);
}

static int do_control(sqlite3_file *f, int what, void *argument)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), what, argument);
}

static int do_sector_size(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int do_characteristics(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int do_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, out);
}

static int do_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void do_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int do_shm_unmap(sqlite3_file *f, int delete)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), delete);
}

/* Version 2: with shared memory for the log, without files mapped into memory. */
static const sqlite3_io_methods methods = {2,
                                           do_close,
                                           do_read,
                                           do_write,
                                           do_truncate,
                                           do_sync,
                                           do_size,
                                           do_lock,
                                           do_unlock,
                                           do_check_lock,
                                           do_control,
                                           do_sector_size,
                                           do_characteristics,
                                           do_shm_map,
                                           do_shm_lock,
                                           do_shm_barrier,
                                           do_shm_unmap,
                                           NULL,
                                           NULL};

/* The number of the file that has this name now; a file of two names has one number. `old`: it was there before the log
 * began. Under the lock. */
static int number_of(const char *name, bool *old)
{
    *old = false;
    struct stat info;
    assert_int_equal(stat(name, &info), 0);
    for (int i = 0; i < log_of.file_count; i++)
        if (log_of.files[i].alive && log_of.files[i].inode == info.st_ino) return i;
    assert_true(log_of.file_count < MOST_FILES);
    log_of.files[log_of.file_count].inode = info.st_ino;
    log_of.files[log_of.file_count].alive = true;
    if (info.st_size > 0) { /* what was there before the log began, and is taken to be on the disk */
        size_t size;
        operation *o = add(WRITE, log_of.file_count);
        o->bytes = read_file(name, &size);
        o->size = size;
        add(SYNC, log_of.file_count);
        *old = true;
    }
    return log_of.file_count++;
}

static int open_one(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    (void)vfs;
    crash_file *c = (crash_file *)f;
    *c = (crash_file){.number = -1};
    int rc = log_of.real->xOpen(log_of.real, name, real_of(f), flags, out_flags);
    if (!real_of(f)->pMethods) return rc;
    f->pMethods = &methods;
    if (rc != SQLITE_OK || !name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)))
        return rc;
    bool old;
    pthread_mutex_lock(&log_of.lock);
    c->number = number_of(name, &old);
    c->syncs_directory = (flags & SQLITE_OPEN_CREATE) && !(flags & SQLITE_OPEN_MAIN_DB);
    add(ADD_NAME, c->number)->name = (char *)copy_bytes(name, strlen(name) + 1);
    if (old) add(SYNC_DIRECTORY, -1);
    pthread_mutex_unlock(&log_of.lock);
    return rc;
}

static int delete_one(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    (void)vfs;
    struct stat info;
    pthread_mutex_lock(&log_of.lock);
    if (stat(name, &info) == 0) {
        for (int i = 0; i < log_of.file_count; i++)
            if (log_of.files[i].inode == info.st_ino && info.st_nlink == 1) log_of.files[i].alive = false;
        add(DROP_NAME, -1)->name = (char *)copy_bytes(name, strlen(name) + 1);
    }
    int rc = log_of.real->xDelete(log_of.real, name, sync_directory);
    if (sync_directory) add(SYNC_DIRECTORY, -1);
    pthread_mutex_unlock(&log_of.lock);
    return rc;
}

void crash_begin(void)
{
    log_of.real = sqlite3_vfs_find(NULL);
    assert_non_null(log_of.real);
    log_of.vfs = *log_of.real; /* the rest of it takes no notice of which VFS it is called for */
    log_of.vfs.zName = "crash";
    log_of.vfs.pNext = NULL;
    log_of.vfs.szOsFile = (int)sizeof(crash_file) + log_of.real->szOsFile;
    log_of.vfs.xOpen = open_one;
    log_of.vfs.xDelete = delete_one;
    assert_int_equal(sqlite3_vfs_register(&log_of.vfs, 1), SQLITE_OK);
}

void crash_end(void)
{
    assert_int_equal(sqlite3_vfs_unregister(&log_of.vfs), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(log_of.real, 1), SQLITE_OK);
}

void crash_forget(void)
{
    for (size_t i = 0; i < log_of.count; i++) {
        free(log_of.all[i].bytes);
        free(log_of.all[i].name);
    }
    free(log_of.all);
    log_of.all = NULL;
    log_of.count = log_of.room = log_of.syncs = 0;
    log_of.file_count = 0;
}

size_t crash_now(void)
{
    pthread_mutex_lock(&log_of.lock);
    size_t count = log_of.count;
    pthread_mutex_unlock(&log_of.lock);
    return count;
}

size_t crash_syncs(void)
{
    return log_of.syncs;
}

/* --- the replay
 * ------------------------------------------------------------------------------------------------------------- */

/* How much of what was not synced reached the disk. */
typedef enum fate { NOTHING, EVERYTHING, FIRST_ONES, ANY, ANY_SECTORS, FATES } fate;

typedef struct image {
    unsigned char *bytes;
    size_t size, room;
    size_t synced; /* operations before this one are on the disk */
} image;

static void resize(image *f, size_t size)
{
    if (size > f->room) {
        f->room = 2 * size;
        f->bytes = realloc(f->bytes, f->room);
        assert_non_null(f->bytes);
    }
    if (size > f->size) memset(f->bytes + f->size, 0, size - f->size);
    f->size = size;
}

static void put(image *f, const operation *o, size_t from, size_t to)
{
    if (from >= to) return;
    if (o->offset + to > f->size) resize(f, o->offset + to);
    memcpy(f->bytes + o->offset + from, o->bytes + from, to - from);
}

static void apply(image *f, const operation *o)
{
    if (o->action == WRITE) put(f, o, 0, o->size);
    if (o->action == TRUNCATE) resize(f, o->size);
}

/* Some of a write's sectors, and of one its first bytes. */
static void apply_torn(image *f, const operation *o, epo__rng *rng)
{
    if (o->action == TRUNCATE) return;
    const size_t sectors = (o->offset + o->size - 1) / SECTOR - o->offset / SECTOR + 1,
                 torn = epo__rng_below(rng, (uint32_t)sectors);
    for (size_t s = 0, from = 0; s < sectors; s++) {
        size_t to = (o->offset / SECTOR + s + 1) * SECTOR - o->offset;
        if (to > o->size) to = o->size;
        const size_t part = s == torn                ? epo__rng_below(rng, (uint32_t)(to - from) + 1)
                            : epo__rng_below(rng, 2) ? to - from
                                                     : 0;
        put(f, o, from, from + part);
        from = to;
    }
}

static void apply_by_fate(image *f, const operation *o, fate how, bool before_cut, epo__rng *rng)
{
    const uint32_t dice = epo__rng_below(rng, 4);
    if (how == EVERYTHING || (how == FIRST_ONES && before_cut) || (how == ANY && dice % 2) ||
        (how == ANY_SECTORS && dice == 0))
        apply(f, o);
    else if (how == ANY_SECTORS && dice > 1)
        apply_torn(f, o, rng);
}

typedef struct names {
    struct {
        const char *name;
        int file;
    } all[MOST_NAMES];
    size_t count;
} names;

static void apply_name(names *n, const operation *o)
{
    size_t i = 0;
    while (i < n->count && strcmp(n->all[i].name, o->name) != 0) i++;
    if (o->action == DROP_NAME) {
        if (i < n->count) n->all[i] = n->all[--n->count];
        return;
    }
    if (i == n->count) n->count++;
    assert_true(n->count <= MOST_NAMES);
    n->all[i].name = o->name;
    n->all[i].file = o->file;
}

/* The directory: what is synced, and the first few of the rest. */
static void replay_names(size_t point, names *out, epo__rng *rng, fate how)
{
    size_t synced = 0, rest = 0;
    for (size_t i = 0; i < point; i++)
        if (log_of.all[i].action == SYNC_DIRECTORY) synced = i;
    for (size_t i = synced; i < point; i++) rest += log_of.all[i].name != NULL;
    size_t kept = how == NOTHING ? 0 : how == EVERYTHING ? rest : epo__rng_below(rng, (uint32_t)rest + 1);
    for (size_t i = 0; i < point; i++) {
        if (!log_of.all[i].name) continue;
        if (i >= synced && kept-- == 0) break;
        apply_name(out, &log_of.all[i]);
    }
}

void crash_replay(size_t point, uint64_t seed, const char *from, const char *to)
{
    epo__rng rng = {.seed = seed, .stream = epo__rng_stream("power cut")};
    const fate how = (fate)epo__rng_below(&rng, FATES);
    image *files = calloc(MOST_FILES, sizeof *files);
    names directory = {0};
    assert_non_null(files);
    assert_true(point <= log_of.count);
    for (size_t i = 0; i < point; i++)
        if (log_of.all[i].action == SYNC) files[log_of.all[i].file].synced = i;
    const size_t cut = epo__rng_below(&rng, (uint32_t)point + 1);
    for (size_t i = 0; i < point; i++) {
        const operation *o = &log_of.all[i];
        if (o->action != WRITE && o->action != TRUNCATE) continue;
        if (i < files[o->file].synced)
            apply(&files[o->file], o);
        else
            apply_by_fate(&files[o->file], o, how, i < cut, &rng);
    }
    replay_names(point, &directory, &rng, how);
    for (size_t i = 0; i < directory.count; i++) {
        char name[NAME];
        const char *was = directory.all[i].name;
        if (strncmp(was, from, strlen(from)) != 0) continue;
        snprintf(name, sizeof name, "%s%s", to, was + strlen(from));
        write_file(name, files[directory.all[i].file].bytes, files[directory.all[i].file].size);
    }
    for (int i = 0; i < MOST_FILES; i++) free(files[i].bytes);
    free(files);
}
