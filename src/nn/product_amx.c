/* SPDX-License-Identifier: BSD-3-Clause
 * product_amx.c - the products of narrow numbers with the tiles of AMX: 16 rows of A by 16 words, 16 words by 16 columns
 * of B, 16 x 16 sums. Two tiles of A and two of B make four of sums. A panel of B is two tiles wide as it is packed. */
#include "nn/product_narrow_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx512f,amx-tile,amx-bf16,amx-int8")
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LANES 16
#include "nn/narrow_ending.h"

enum { SIDE = LANES, ROWS = 2 * SIDE, LINE = COLUMNS * sizeof(uint32_t) };

bool epo__amx_is_allowed(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    static int answer; /* 0: not asked; threads that ask together get the same */
    int known = __atomic_load_n(&answer, __ATOMIC_RELAXED);
    if (!known) {
        known = syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 ? 1 : -1;
        __atomic_store_n(&answer, known, __ATOMIC_RELAXED);
    }
    return known > 0;
}

/* All eight tiles have 16 rows of 64 bytes. */
static void begin(void)
{
    struct __attribute__((aligned(64))) {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } setting = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        setting.bytes[i] = 64;
        setting.rows[i] = SIDE;
    }
    _tile_loadconfig(&setting);
}

#define ADD(sum, a, b)               \
    do {                             \
        if (whole)                   \
            _tile_dpbusd(sum, a, b); \
        else                         \
            _tile_dpbf16ps(sum, a, b); \
    } while (0)

/* The sums of 32 rows of A, or 16 (`two` false), and one panel. `a`: the first row. Strides in bytes. */
INLINE void add_panel(bool whole, bool two, const epo__narrow *b, const char *a, size_t stride, size_t piece_stride,
                      const uint32_t *panel, float sums[ROWS][COLUMNS])
{
    const size_t bytes = b->width * (whole ? sizeof(uint8_t) : sizeof(epo__bf16));
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t p = 0; p < b->pieces; p++, a += piece_stride)
        for (size_t i = 0; i < bytes; i += 64, panel += (size_t)SIDE * COLUMNS) {
            _tile_loadd(6, panel, LINE);
            _tile_loadd(7, panel + SIDE, LINE);
            _tile_loadd(4, a + i, stride);
            ADD(0, 4, 6);
            ADD(1, 4, 7);
            if (!two) continue;
            _tile_loadd(5, a + SIDE * stride + i, stride);
            ADD(2, 5, 6);
            ADD(3, 5, 7);
        }
    _tile_stored(0, sums[0], LINE);
    _tile_stored(1, sums[0] + SIDE, LINE);
    if (!two) return;
    _tile_stored(2, sums[SIDE], LINE);
    _tile_stored(3, sums[SIDE] + SIDE, LINE);
}

INLINE lanes sums_of(bool whole, const float *sums)
{
    const lanes x = *(const loose *)sums;
    return whole ? __builtin_convertvector((mask)x, lanes) : x;
}

INLINE void multiply(bool whole, const epo__narrow *b, const epo__narrow_rows *a, size_t m, const epo__after *after,
                     const epo__narrow_out *c)
{
    float sums[ROWS][COLUMNS] __attribute__((aligned(64)));
    const size_t size = whole ? sizeof(uint8_t) : sizeof(epo__bf16), height = b->pieces * b->width * size / sizeof(uint32_t);
    const size_t stride = a->stride * size, piece_stride = a->piece_stride * size;
    begin();
    for (size_t j = 0; j < b->n; j += COLUMNS) {
        const ending end = ending_of(b, after, j);
        for (size_t r = 0, n; r < m; r += n) {
            const char *from = (const char *)a->first + r * stride;
            n = m - r < ROWS ? m - r : ROWS;
            if (n > SIDE)
                add_panel(whole, true, b, from, stride, piece_stride, b->panels + j * height, sums);
            else
                add_panel(whole, false, b, from, stride, piece_stride, b->panels + j * height, sums);
            for (size_t i = 0; i < n; i++)
                put(sums_of(whole, sums[i]), sums_of(whole, sums[i] + SIDE), a->scales ? a->scales[r + i] : 1, &end, c, r + i, j);
        }
    }
    _tile_release();
}

static void multiply_bf16(const epo__narrow *b, const epo__narrow_rows *a, size_t m, const epo__after *after,
                          const epo__narrow_out *c)
{
    multiply(false, b, a, m, after, c);
}

static void multiply_int8(const epo__narrow *b, const epo__narrow_rows *a, size_t m, const epo__after *after,
                          const epo__narrow_out *c)
{
    multiply(true, b, a, m, after, c);
}

const epo__narrow_kernel epo__product_bf16_amx = {EPO__BF16, 2, 32, COLUMNS, ROWS, multiply_bf16};
const epo__narrow_kernel epo__product_int8_amx = {EPO__INT8, 4, 64, COLUMNS, ROWS, multiply_int8};
#endif
