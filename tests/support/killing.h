/* SPDX-License-Identifier: BSD-3-Clause
 * killing.h - children that are killed at a random moment, and what they said before.
 *
 * A child says a line for each thing that it was told is safely in the store; the parent then looks for each of them.
 * Such lines go through a pipe, so they outlive the one who wrote them. */
#ifndef EPO_TESTS_KILLING_H
#define EPO_TESTS_KILLING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How many kills: EPOCHAL_KILLS, else `standard`. */
int kills_wanted(int standard);

/* What the moments of the kills are drawn from: another series for each EPOCHAL_KILLS_PART (1, 2, ...), so that several
 * programs share the work. */
uint64_t kills_seed(uint64_t standard);

/* What runs in the child; returns its exit status. */
typedef int (*killing_work)(void *context, int tube);

/* A line into the tube; false when it cannot be written. */
bool killing_say(int tube, const char *line);

typedef struct killed {
    char *said;  /* lines, freed by the caller */
    bool killed; /* else it had ended before, with status 0: any other fails the test */
} killed;

/* Runs `work` in a child, and kills it `seconds` after it began; negative: never. */
killed run_and_kill(killing_work work, void *context, double seconds);

/* Fails the test when a whole line of `said` is not among the lines of `there`; returns how many there are. */
int check_said(const char *said, const char *there);

#endif
