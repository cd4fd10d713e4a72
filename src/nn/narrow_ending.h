/* SPDX-License-Identifier: BSD-3-Clause
 * narrow_ending.h - what becomes of the sums of a product of narrow numbers: the text that product_narrow_kernels.h and
 * product_amx.c share. LANES is defined before. */
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
enum { COLUMNS = 2 * LANES };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef int32_t mask __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef uint16_t halves __attribute__((vector_size(LANES * sizeof(uint16_t))));
typedef float loose __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef uint16_t loose_halves __attribute__((vector_size(LANES * sizeof(uint16_t)), aligned(sizeof(uint16_t)), may_alias));

/* For the columns of a panel. */
typedef struct ending {
    lanes step[2], bias[2];
    bool relu;
    size_t columns; /* that are wanted */
} ending;

static ending ending_of(const epo__narrow *b, const epo__after *after, size_t column)
{
    ending end = {.relu = after && after->relu, .columns = b->n - column < COLUMNS ? b->n - column : COLUMNS};
    memcpy(end.step, b->steps + column, sizeof end.step);
    if (after && after->bias) memcpy(end.bias, after->bias + column, end.columns * sizeof(float));
    return end;
}

INLINE lanes finish(lanes sum, float scale, lanes step, lanes bias, bool relu)
{
    const lanes zero = {0};
    lanes x = sum * step * scale + bias;
    return relu ? (lanes)((mask)x & (x > zero)) : x;
}

/* As epo__bf16_of; not-a-number may become anything: nothing that is not finite comes here. */
INLINE halves narrow_of(lanes x)
{
    const words bits = (words)x;
    return __builtin_convertvector((bits + 0x7fff + (bits >> 16 & 1)) >> 16, halves);
}

/* Two vectors of sums as numbers of row `row` of C, from `column`. */
INLINE void put(lanes left, lanes right, float scale, const ending *end, const epo__narrow_out *c, size_t row, size_t column)
{
    const lanes ends[2] = {finish(left, scale, end->step[0], end->bias[0], end->relu),
                           finish(right, scale, end->step[1], end->bias[1], end->relu)};
    const size_t place = row * c->stride + column;
    if (c->type == EPO__OUT_BF16) {
        const halves rounded[2] = {narrow_of(ends[0]), narrow_of(ends[1])};
        uint16_t *to = (uint16_t *)c->first + place;
        if (end->columns == COLUMNS) {
            *(loose_halves *)to = rounded[0];
            *(loose_halves *)(to + LANES) = rounded[1];
        } else {
            memcpy(to, rounded, end->columns * sizeof *to);
        }
    } else {
        float *to = (float *)c->first + place;
        lanes there[2] = {0};
        if (end->columns == COLUMNS) {
            if (c->type == EPO__OUT_ADD) there[0] = *(loose *)to, there[1] = *(loose *)(to + LANES);
            *(loose *)to = there[0] + ends[0];
            *(loose *)(to + LANES) = there[1] + ends[1];
        } else {
            if (c->type == EPO__OUT_ADD) memcpy(there, to, end->columns * sizeof *to);
            there[0] += ends[0], there[1] += ends[1];
            memcpy(to, there, end->columns * sizeof *to);
        }
    }
}
