/* SPDX-License-Identifier: BSD-3-Clause
 * geometry.c - crop, pad, turn, flip. */
#include "image/geometry.h"

#include <stddef.h>
#include <string.h>

/* Target pixels [first, last) of one side come from the source, from pixel first + shift on. */
typedef struct span {
    int first, last, shift;
} span;

static span overlap(int from, int to, epo__fit fit)
{
    int shift = fit == EPO_FIT_CENTRE ? from / 2 - to / 2 : 0;
    int first = shift < 0 ? -shift : 0;
    int last = from - shift < to ? from - shift : to;
    return (span){first, last, shift};
}

static void set(float *to, size_t count, float value)
{
    for (size_t i = 0; i < count; i++) to[i] = value;
}

void epo__image_fit(const float *from, int height, int width, float *to, int to_height, int to_width, epo__fit fit,
                    float value)
{
    span rows = overlap(height, to_height, fit), columns = overlap(width, to_width, fit);
    for (int i = 0; i < to_height; i++) {
        float *row = to + (size_t)i * (size_t)to_width;
        if (i < rows.first || i >= rows.last) {
            set(row, (size_t)to_width, value);
            continue;
        }
        const float *source = from + (size_t)(i + rows.shift) * (size_t)width;
        set(row, (size_t)columns.first, value);
        memcpy(row + columns.first, source + columns.first + columns.shift,
               (size_t)(columns.last - columns.first) * sizeof *row);
        set(row + columns.last, (size_t)(to_width - columns.last), value);
    }
}

void epo__image_dihedral(const float *from, int height, int width, float *to, int element)
{
    ptrdiff_t h = height, w = width;
    /* Where target pixel (0, 0) comes from, and how far on in the source the next row and the next column are. */
    const struct {
        ptrdiff_t start, down, right;
    } turned[4] = {
        {0, w, 1},
        {w - 1, -1, w},
        {h * w - 1, -w, -1},
        {(h - 1) * w, 1, -w},
    };
    int turns = element % 4;
    ptrdiff_t to_height = turns % 2 ? w : h, to_width = turns % 2 ? h : w;
    ptrdiff_t start = turned[turns].start, down = turned[turns].down, right = turned[turns].right;
    if (element >= 4) {
        start += (to_width - 1) * right;
        right = -right;
    }
    for (ptrdiff_t i = 0; i < to_height; i++)
        for (ptrdiff_t j = 0; j < to_width; j++) to[i * to_width + j] = from[start + i * down + j * right];
}
