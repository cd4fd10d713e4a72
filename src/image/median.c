/* SPDX-License-Identifier: BSD-3-Clause
 * median.c - selection by radix.
 *
 * A double's bits, with the sign bit turned over (and all bits of a negative number), order as the numbers do. So the
 * middle value is found digit by digit: count how many values have each digit, keep those with the digit that the
 * wanted rank falls on. A digit starts at the highest bit in which the values differ, so that for pixels around one sky
 * the first usually leaves a handful. Unlike quickselect this has no bad inputs, and images come from outside: at most
 * six rounds, whatever the values are. */
#include "image/median.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, FEW = 24 };

static uint64_t ordered_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static size_t digit_at(double value, int shift)
{
    return (size_t)(ordered_bits(value) >> shift) & (DIGITS - 1);
}

/* 0 when all values are equal; else its highest bit is the highest in which two of them differ. */
static uint64_t differing_bits(const double *values, size_t count)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = ordered_bits(values[i]);
        if (bits < low) low = bits;
        if (bits > high) high = bits;
    }
    return low ^ high;
}

static void insertion_sort(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        size_t k = i;
        for (; k > 0 && values[k - 1] > value; k--) values[k] = values[k - 1];
        values[k] = value;
    }
}

/* The value of rank `rank` (0 the smallest) and the one after it; *after stays HUGE_VAL where there is none. */
static void select_pair(double *values, size_t count, size_t rank, double *at, double *after)
{
    *after = HUGE_VAL;
    while (count > FEW) {
        uint64_t differing = differing_bits(values, count);
        if (!differing) break;
        int top = 64 - __builtin_clzll(differing), shift = top > DIGIT_BITS ? top - DIGIT_BITS : 0;
        size_t tally[DIGITS] = {0};
        for (size_t i = 0; i < count; i++) tally[digit_at(values[i], shift)]++;
        size_t digit = 0;
        while (rank >= tally[digit]) rank -= tally[digit++];
        /* What follows the kept values is the least of a higher digit; an earlier round's is above this one's. */
        double least_above = HUGE_VAL;
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            size_t d = digit_at(values[i], shift);
            if (d == digit)
                values[kept++] = values[i];
            else if (d > digit && values[i] < least_above)
                least_above = values[i];
        }
        if (least_above < *after) *after = least_above;
        count = kept;
    }
    /* Either few are left, or all that are left are equal. */
    if (count <= FEW) insertion_sort(values, count);
    *at = values[rank];
    if (rank + 1 < count) *after = values[rank + 1];
}

double epo__median(double *values, size_t count)
{
    assert(count >= 1);
    double low, high;
    select_pair(values, count, (count - 1) / 2, &low, &high);
    return count % 2 ? low : (low + high) / 2;
}
