/* SPDX-License-Identifier: BSD-3-Clause
 * alloc.c - the functions that --wrap puts in place of malloc and its kin.
 *
 * Blocks of ours are remembered in a hash table of addresses, so that what is not given back is seen: open addressing, linear
 * probing, a mark where one was taken out. A block of a library's that our code frees is not in it and goes straight on. */
#include "faults/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { TABLE = 1 << 16 };

typedef struct block {
    uintptr_t address; /* 0: never used; 1: taken out */
    void **frames;
    int frame_count;
} block;

static struct {
    alloc_report *report; /* NULL: not counting */
    alloc_whose whose;
    long n;
    bool trace;
    pthread_mutex_t lock;
    block table[TABLE];
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define WRAPPED(type, name, ...)    \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

void *__real_malloc(size_t size);
void __real_free(void *address);

/* Where the address stands, or may be put. */
static block *slot_of(uintptr_t address)
{
    block *free_slot = NULL;
    for (size_t i = (size_t)((address >> 4) * 0x9e3779b97f4a7c15u >> 48) % TABLE, probes = 0; probes < TABLE; i = (i + 1) % TABLE, probes++) {
        block *b = &watch.table[i];
        if (b->address == address) return b;
        if (b->address <= 1 && !free_slot) free_slot = b;
        if (b->address == 0) return free_slot;
    }
    if (!free_slot) abort(); /* more blocks at once than were thought of */
    return free_slot;
}

/* Whether the allocation that is asked for is the one to refuse. */
static bool refused(alloc_whose whose)
{
    if (!watch.report || watch.whose != whose) return false;
    pthread_mutex_lock(&watch.lock);
    const bool now = ++watch.report->seen == watch.n;
    if (now) {
        watch.report->failed++;
        watch.report->where_count = backtrace(watch.report->where, ALLOC_FRAMES);
    }
    pthread_mutex_unlock(&watch.lock);
    return now;
}

static void *remember(void *address)
{
    if (!watch.report || !address) return address;
    pthread_mutex_lock(&watch.lock);
    block *b = slot_of((uintptr_t)address);
    *b = (block){(uintptr_t)address, NULL, 0};
    if (watch.trace && (b->frames = __real_malloc(ALLOC_FRAMES * sizeof *b->frames)))
        b->frame_count = backtrace(b->frames, ALLOC_FRAMES);
    watch.report->live++;
    pthread_mutex_unlock(&watch.lock);
    return address;
}

static void forget(void *address)
{
    if (!watch.report || !address) return;
    pthread_mutex_lock(&watch.lock);
    block *b = slot_of((uintptr_t)address);
    if (b->address == (uintptr_t)address) {
        __real_free(b->frames);
        *b = (block){1, NULL, 0};
        watch.report->live--;
    }
    pthread_mutex_unlock(&watch.lock);
}

/* --- in place of the C library's -------------------------------------------------------------------------------------- */

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

WRAPPED(void *, malloc, size_t size)
{
    return refused(ALLOC_OURS) ? no_memory() : remember(__real_malloc(size));
}

WRAPPED(void *, calloc, size_t count, size_t size)
{
    return refused(ALLOC_OURS) ? no_memory() : remember(__real_calloc(count, size));
}

WRAPPED(void *, aligned_alloc, size_t border, size_t size)
{
    return refused(ALLOC_OURS) ? no_memory() : remember(__real_aligned_alloc(border, size));
}

WRAPPED(void *, realloc, void *old, size_t size)
{
    if (refused(ALLOC_OURS)) return no_memory();
    const uintptr_t was = (uintptr_t)old;
    void *new = __real_realloc(old, size);
    if (!new) return NULL;
    forget((void *)was);
    return remember(new);
}

WRAPPED(char *, strdup, const char *text)
{
    return refused(ALLOC_OURS) ? no_memory() : remember(__real_strdup(text));
}

WRAPPED(char *, realpath, const char *path, char *whole)
{
    return refused(ALLOC_OURS) ? no_memory() : remember(__real_realpath(path, whole));
}

void __wrap_free(void *address);
void __wrap_free(void *address)
{
    forget(address);
    __real_free(address);
}

/* --- calls that make an object for us: refused whole -------------------------------------------------------------------- */

WRAPPED(FILE *, fdopen, int file, const char *mode)
{
    return refused(ALLOC_OURS) ? no_memory() : __real_fdopen(file, mode);
}

WRAPPED(DIR *, opendir, const char *path)
{
    return refused(ALLOC_OURS) ? no_memory() : __real_opendir(path);
}

WRAPPED(gzFile, gzdopen, int file, const char *mode)
{
    return refused(ALLOC_OURS) ? no_memory() : __real_gzdopen(file, mode);
}

WRAPPED(int, inflateInit2_, z_streamp stream, int bits, const char *version, int size)
{
    return refused(ALLOC_OURS) ? Z_MEM_ERROR : __real_inflateInit2_(stream, bits, version, size);
}

WRAPPED(void *, libdeflate_alloc_decompressor, void)
{
    return refused(ALLOC_OURS) ? NULL : __real_libdeflate_alloc_decompressor();
}

/* --- SQLite's -------------------------------------------------------------------------------------------------------------- */

static sqlite3_mem_methods sqlite_own;

static void *sqlite_malloc(int size)
{
    return refused(ALLOC_SQLITE) ? NULL : sqlite_own.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
    return refused(ALLOC_SQLITE) ? NULL : sqlite_own.xRealloc(old, size);
}

/* -------------------------------------------------------------------------------------------------------------------------- */

void alloc_arm(alloc_report *report, alloc_whose whose, long n, bool trace)
{
    void *first[1];
    backtrace(first, 1); /* loads what it needs now */
    if (whose == ALLOC_SQLITE) {
        sqlite3_shutdown();
        sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_own);
        sqlite3_mem_methods methods = sqlite_own;
        methods.xMalloc = sqlite_malloc;
        methods.xRealloc = sqlite_realloc;
        sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
        sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); /* a store of small blocks of its own would hide most of them */
    }
    json_set_alloc_funcs(malloc, free); /* those above */
    watch.whose = whose;
    watch.n = n;
    watch.trace = trace;
    *report = (alloc_report){0};
    watch.report = report;
}

void alloc_disarm(void)
{
    alloc_report *report = watch.report;
    watch.report = NULL;
    for (size_t i = 0; i < TABLE && report->live > 0; i++)
        if (watch.table[i].address > 1 && watch.table[i].frames) {
            report->leaked_count = watch.table[i].frame_count;
            memcpy(report->leaked, watch.table[i].frames, (size_t)report->leaked_count * sizeof *report->leaked);
            break;
        }
}
