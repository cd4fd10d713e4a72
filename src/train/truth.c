/* SPDX-License-Identifier: BSD-3-Clause
 * truth.c - which of a model's classes an object is. */
#include "train/truth.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_part_of(const char *name, const char *merged)
{
    const size_t length = strlen(name);
    if (!strchr(merged, '+')) return false;
    for (const char *part = merged; part; part = strchr(part, '+')) {
        part += *part == '+';
        if (strcspn(part, "+") == length && strncasecmp(part, name, length) == 0) return true;
    }
    return false;
}

static int find(const char *name, const char *const *classes, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (strcasecmp(classes[k], name) == 0) return (int)k;
    return -1;
}

int epo__truth_of(const char *class_name, const char *const *classes, size_t count)
{
    if (!class_name || !*class_name) return -1;
    const int same = find(class_name, classes, count);
    if (same >= 0) return same;
    for (size_t k = 0; k < count; k++)
        if (is_part_of(class_name, classes[k])) return (int)k;
    const bool single_detection = strcasecmp(class_name, "real") == 0 || strcasecmp(class_name, "bogus") == 0;
    if (count == 2 && find("NON", classes, count) >= 0 && !single_detection) return find("TRANSIENT", classes, count);
    return -1;
}
