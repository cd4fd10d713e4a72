/* SPDX-License-Identifier: BSD-3-Clause
 * jobs.h - small jobs of every command, and running one of them in a child that has the command linked in. */
#ifndef EPO_TESTS_FAULTS_JOBS_H
#define EPO_TESTS_FAULTS_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A command line without the program's name. Words that hold a dot are files of the folder the job runs in, which are put
 * there anew before each run; "out.NAME" is one that the job replaces. */
typedef struct job {
    const char *line;
    bool quick; /* in the short form whole */
} job;

extern const job jobs[];
extern const size_t job_count;

/* Whether the long form was asked for (EPOCHAL_FAULTS=long), and, in it, whether job `i` is among those of this program:
 * EPOCHAL_FAULTS_PART=2/4 takes every fourth, from the second, so that several programs share the work. */
bool jobs_long(void);
bool jobs_mine(size_t i);

/* What a child does before the command and after it, and what its parent does meanwhile. Any may be NULL. */
typedef struct job_hooks {
    void (*before)(void *context), (*after)(void *context);
    void (*meanwhile)(void *context, pid_t child);
    void *context;
    const char *stdout_to; /* NULL: a file that is read back */
} job_hooks;

typedef struct job_result {
    int status; /* exit status; 128 + n after signal n */
    char *out, *err;
} job_result;

/* Makes the folder with everything that jobs need: set-up and teardown of a group of tests. */
int jobs_begin(void **state);
int jobs_end(void **state);

/* Whether two runs came to the same: status and standard output, of a benchmark the status alone. */
bool job_same(const char *line, const job_result *a, const job_result *b);

/* Puts the job's files into their state before, then runs it. Release with job_free. */
job_result job_run(const char *line, const job_hooks *hooks);
void job_free(job_result *result);

/* After a run without faults: keeps the files that the job replaced, as what they become. */
void job_remember(const char *line);

/* After a run that failed: what is wrong with the files, or NULL. Files to be replaced must be what they were, or what they become
 * (a failure may come after the last of them), temporary files gone, and stores sound. The text lives until the next call. */
const char *job_damage(const char *line);

/* What the job's stores hold, as the number of rows of each table, and the sizes of its "out." files. Freed by the caller. */
char *job_contents(const char *line);

/* After a run that ended as if nothing had happened: the file of the job that is not what it becomes, or NULL. */
const char *job_unfinished(const char *line);

/* The folder that jobs run in. */
const char *jobs_folder(void);

#endif
