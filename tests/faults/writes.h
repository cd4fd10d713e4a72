/* SPDX-License-Identifier: BSD-3-Clause
 * writes.h - the n-th write of a process fails, whoever in it makes the call: the kernel asks the parent about every system call
 * that changes a file (seccomp's user notifications, Linux 5.5), and the parent lets it through or answers in its place. */
#ifndef EPO_TESTS_FAULTS_WRITES_H
#define EPO_TESTS_FAULTS_WRITES_H

#include <stdbool.h>
#include <sys/types.h>

typedef enum writes_how {
    WRITES_ONCE,   /* the n-th call fails, those after it do not: a bad sector, a quota that was raised */
    WRITES_ONWARD, /* and all after it: the disk is full and stays so */
    WRITES_SHORT,  /* the n-th call, if it is a write of more than a byte, writes half of what it was asked to */
} writes_how;

typedef struct writes {
    writes_how how;
    long n; /* 0: none */
    /* filled in: */
    bool unsupported; /* the kernel will not have it */
    long seen, failed;
    const char *call; /* name of the first that failed, */
    bool to_stdout;   /* and whether it was to standard output */
    int sockets[2];
} writes;

/* Hooks of a job (jobs.h); the context is a writes. writes_begin before each run. Standard error is left alone. */
void writes_begin(writes *w);
void writes_before(void *w);
void writes_meanwhile(void *w, pid_t child);

#endif
