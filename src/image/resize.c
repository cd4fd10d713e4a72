/* SPDX-License-Identifier: BSD-3-Clause
 * resize.c - a plane in another size. */
#include "image/resize.h"

/* Of a coordinate: the pixel before, the one behind, and the share of the latter. */
typedef struct place {
    int before, behind;
    double share;
} place;

static place place_of(int i, int to, int from)
{
    double at = (i + 0.5) * from / to - 0.5;
    if (at <= 0) return (place){0, 0, 0};
    int before = (int)at;
    if (before >= from - 1) return (place){from - 1, from - 1, 0};
    return (place){before, before + 1, at - before};
}

void epo__image_resize_bilinear(const float *from, int height, int width, float *to, int to_height, int to_width)
{
    for (int y = 0; y < to_height; y++) {
        place v = place_of(y, to_height, height);
        const float *above = from + (long)v.before * width, *below = from + (long)v.behind * width;
        for (int x = 0; x < to_width; x++) {
            place h = place_of(x, to_width, width);
            double top = (double)above[h.before] * (1 - h.share) + (double)above[h.behind] * h.share;
            double bottom = (double)below[h.before] * (1 - h.share) + (double)below[h.behind] * h.share;
            to[(long)y * to_width + x] = (float)(top * (1 - v.share) + bottom * v.share);
        }
    }
}
