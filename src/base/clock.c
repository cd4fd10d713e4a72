/* SPDX-License-Identifier: BSD-3-Clause
 * clock.c - time and memory of this process. */
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

double epo__seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

size_t epo__peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024; /* Linux gives kibibytes */
}

void epo__utc_now(char out[21])
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* Reads `digits` digits into *out and steps over them; false when there are fewer. */
static bool number(const char **text, int digits, int *out)
{
    *out = 0;
    for (int i = 0; i < digits; i++, ++*text) {
        if (!isdigit((unsigned char)**text)) return false;
        *out = 10 * *out + (**text - '0');
    }
    return true;
}

/* ":30" behind the hour or the minute; nothing there leaves *out as it is. */
static bool sixty(const char **text, int *out)
{
    if (**text != ':') return true;
    ++*text;
    return number(text, 2, out) && *out < 60;
}

static bool clock_time(const char **text, int *hour, int *minute, int *second)
{
    if (**text != 'T' && **text != ' ') return true;
    ++*text;
    if (!number(text, 2, hour) || *hour > 23 || **text != ':' || !sixty(text, minute) || !sixty(text, second)) return false;
    if (**text == 'Z') ++*text;
    return true;
}

bool epo__utc_parse(const char *text, bool last, char out[21])
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, hour = last ? 23 : 0, minute = last ? 59 : 0, second = last ? 59 : 0;
    char room[64];
    if (!number(&text, 4, &year) || *text++ != '-' || !number(&text, 2, &month) || *text++ != '-' || !number(&text, 2, &day))
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days[month - 1] + (month == 2 && leap)) return false;
    if (!clock_time(&text, &hour, &minute, &second) || *text) return false;
    snprintf(room, sizeof room, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, hour, minute, second);
    memcpy(out, room, 20);
    out[20] = '\0';
    return true;
}
