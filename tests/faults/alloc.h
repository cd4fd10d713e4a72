/* SPDX-License-Identifier: BSD-3-Clause
 * alloc.h - the n-th allocation fails. The linker sends every call of malloc and its kin that stands in our own objects to
 * alloc.c (--wrap in the Makefile), and jansson and SQLite are given allocators that go through the same counter; what
 * other libraries allocate inside themselves is left alone, save for the few calls that make an object for us. */
#ifndef EPO_TESTS_FAULTS_ALLOC_H
#define EPO_TESTS_FAULTS_ALLOC_H

#include <stdbool.h>

enum { ALLOC_FRAMES = 24 };

/* Lies in memory that a child shares with its parent. */
typedef struct alloc_report {
    long seen;   /* allocations so far */
    long failed; /* of these, refused */
    long live;   /* blocks of ours that nobody has freed */
    void *where[ALLOC_FRAMES], *leaked[ALLOC_FRAMES]; /* return addresses: of the refused call, of a block still alive */
    int where_count, leaked_count;
} alloc_report;

typedef enum alloc_whose { ALLOC_OURS, ALLOC_SQLITE } alloc_whose;

/* From here on allocations are counted, and number `n` (from 1; 0: none) is refused. To be called once a process, before
 * anything of the library's runs; `trace` keeps return addresses of every block, which takes time. */
void alloc_arm(alloc_report *report, alloc_whose whose, long n, bool trace);

/* Stops counting and fills in `live` and `leaked`. */
void alloc_disarm(void);

#endif
