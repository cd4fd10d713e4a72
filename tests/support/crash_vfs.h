/* SPDX-License-Identifier: BSD-3-Clause
 * crash_vfs.h - power cuts for SQLite files: a VFS that writes down what is done to every file, and a replay that makes
 * the files that a power cut at some point might have left.
 *
 *     crash_begin();                       from here on SQLite opens files through it
 *     ... open, write, close; crash_now() is the number of operations so far ...
 *     crash_end();
 *     crash_replay(point, seed, from, to); any number of times
 *     crash_forget();
 *
 * What is assumed of the disk is what SQLite assumes on Unix, and no more: what was synced stays. Of what was not, any
 * part may have reached the disk in any order, by sectors of 512 bytes, and one sector of a write by its first bytes
 * alone; no other bytes than those of the write change. Names made, linked and deleted last from the sync of their
 * directory on, and before that in the order they came. SQLite syncs the directory with a new log or journal; shared
 * memory is lost. */
#ifndef EPO_TESTS_CRASH_VFS_H
#define EPO_TESTS_CRASH_VFS_H

#include <stddef.h>
#include <stdint.h>

void crash_begin(void);
void crash_end(void);
void crash_forget(void);

size_t crash_now(void);   /* from any thread */
size_t crash_syncs(void); /* how many of the operations are syncs */

/* Writes the files whose names begin with `from` (a store, its log, its journal) under the name `to`, as a cut after
 * the first `point` operations may have left them. The same seed gives the same files. */
void crash_replay(size_t point, uint64_t seed, const char *from, const char *to);

#endif
