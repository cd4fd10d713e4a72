/* SPDX-License-Identifier: BSD-3-Clause
 * cells_kernels.h - the text of cells4.c, cells8.c and cells16.c, each of which defines LANES, the numbers that are
 * worked on at a time, SPREAD and FMA for vectors of them, and KERNELS, the name of the table at the end.
 *
 * A product goes panel by panel, so that a panel is read from the nearest cache for all rows but the first. In a panel
 * TILE rows are summed up side by side; rows that are left over are fewer, and then so many panels are taken together
 * that there are as many sums: each must wait for the one before it. A sum goes over the inputs in their order. */
#include <stdint.h>
#include <string.h>

#include "nn/cells_lanes.h"

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t mask __attribute__((vector_size(LANES * sizeof(int32_t))));

#define INLINE static inline __attribute__((always_inline))

enum { TILE = LANES == 16 ? 8 : 4 }; /* by three vectors: what the registers hold */

INLINE lanes get(const float *from)
{
    return *(const loose *)from;
}

/* The first `count` of a vector, and zeros. */
static __attribute__((noinline)) void get_part(const float *from, size_t count, float *part)
{
    memset(part, 0, sizeof(lanes));
    memcpy(part, from, count * sizeof *from);
}

static __attribute__((noinline)) void put_part(const float *part, float *to, size_t count)
{
    memcpy(to, part, count * sizeof *to);
}

INLINE lanes get_some(const float *from, size_t count)
{
    float part[LANES];
    if (count == LANES) return get(from);
    get_part(from, count, part);
    return get(part);
}

INLINE void put_some(lanes v, float *to, size_t count)
{
    float part[LANES];
    if (count == LANES) {
        *(loose *)to = v;
        return;
    }
    *(loose *)part = v;
    put_part(part, to, count);
}

/* --- functions ---------------------------------------------------------------------------------------------------- */

INLINE lanes choose(mask which, lanes yes, lanes no)
{
    return (lanes)((which & (mask)yes) | (~which & (mask)no));
}

/* exp(x), x brought to between -87 and 87: 2^n exp(r), r from -ln(2)/2 to ln(2)/2 by the polynomial of Cephes
 * (Moshier). */
INLINE lanes exp_of(lanes x)
{
    const lanes magic =
        SPREAD(0x1.8p23F); /* a number plus it has no fraction left, and its last bits are that number */
    x = LESSER(SPREAD(87.0F), GREATER(SPREAD(-87.0F), x));
    lanes shifted = FMA(x, SPREAD(1.44269504F), magic), n = shifted - magic;
    lanes r = FMA(n, SPREAD(2.12194440e-4F), FMA(n, SPREAD(-0.693359375F), x));
    lanes p = FMA(SPREAD(1.9875691500e-4F), r, SPREAD(1.3981999507e-3F));
    p = FMA(p, r, SPREAD(8.3334519073e-3F));
    p = FMA(p, r, SPREAD(4.1665795894e-2F));
    p = FMA(p, r, SPREAD(1.6666665459e-1F));
    p = FMA(p, r, SPREAD(5.0000001201e-1F));
    p = FMA(p, r * r, r) + 1.0F;
    return (lanes)((mask)p + ((mask)shifted << 23)); /* times 2^n; what is left of `magic` is shifted out */
}

INLINE lanes sigmoid_of(lanes x)
{
    return 1.0F / (1.0F + exp_of(-x));
}

/* Near 0, where the difference would lose digits, by Cephes's polynomial. */
INLINE lanes tanh_of(lanes x)
{
    lanes e = exp_of(2.0F * x), far = (e - 1.0F) / (e + 1.0F), z = x * x;
    lanes p = FMA(SPREAD(-5.70498872745e-3F), z, SPREAD(2.06390887954e-2F));
    p = FMA(p, z, SPREAD(-5.37397155531e-2F));
    p = FMA(p, z, SPREAD(1.33314422036e-1F));
    p = FMA(p, z, SPREAD(-3.33332819422e-1F));
    return choose(z < 0.625F * 0.625F, FMA(p * z, x, x), far);
}

/* --- products ----------------------------------------------------------------------------------------------------- */

typedef lanes sums[TILE][EPO__PANEL]; /* of row r and panel b: at r * panels + b */

/* Adds the products of `rows` rows and `panels` panels; rows x panels = TILE, or panels is 1. */
INLINE void multiply(const epo__panels *weights, size_t panel, const float *const *in, size_t rows, size_t panels,
                     sums sum)
{
    size_t inputs = weights->inputs, apart = inputs * EPO__PANEL * LANES;
    const float *w = weights->data + panel * apart, *x[TILE];
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) x[r] = in[r];
    for (size_t k = 0; k < inputs; k++, w += EPO__PANEL * LANES) {
#pragma GCC unroll 8
        for (size_t b = 0; b < panels; b++) {
            const float *at = w + b * apart;
            lanes w0 = *(const lanes *)at, w1 = *(const lanes *)(at + LANES), w2 = *(const lanes *)(at + 2 * LANES);
#pragma GCC unroll 8
            for (size_t r = 0; r < rows; r++) {
                lanes v = SPREAD(x[r][k]);
                sum[r * panels + b][0] = FMA(w0, v, sum[r * panels + b][0]);
                sum[r * panels + b][1] = FMA(w1, v, sum[r * panels + b][1]);
                sum[r * panels + b][2] = FMA(w2, v, sum[r * panels + b][2]);
            }
        }
    }
}

/* Where vector v of a panel begins among the outputs, and how many of them it has. */
INLINE size_t place(const epo__panels *weights, size_t panel, size_t v, size_t *count)
{
    size_t part = weights->part, at = part ? panel * LANES : (panel * EPO__PANEL + v) * LANES;
    size_t end = part ? part : weights->outputs, left = at < end ? end - at : 0;
    *count = left < LANES ? left : LANES;
    return part ? v * part + at : at;
}

INLINE size_t panels_of(const epo__panels *weights)
{
    size_t width = weights->part ? LANES : EPO__PANEL * LANES,
           outputs = weights->part ? weights->part : weights->outputs;
    return (outputs + width - 1) / width;
}

INLINE void product_tile(const epo__panels *weights, size_t panel, size_t rows, size_t panels, const float *const *in,
                         const float *const *start, float *const *out)
{
    sums sum;
    size_t count;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows * panels; i++)
#pragma GCC unroll 3
        for (size_t v = 0; v < EPO__PANEL; v++) {
            size_t at = place(weights, panel + i % panels, v, &count);
            sum[i][v] = get_some(start[i / panels] + at, count);
        }
    multiply(weights, panel, in, rows, panels, sum);
#pragma GCC unroll 8
    for (size_t i = 0; i < rows * panels; i++)
#pragma GCC unroll 3
        for (size_t v = 0; v < EPO__PANEL; v++) {
            size_t at = place(weights, panel + i % panels, v, &count);
            put_some(sum[i][v], out[i / panels] + at, count);
        }
}

INLINE void gates_tile(const epo__panels *weights, size_t panel, size_t rows, size_t panels, const float *bias_n,
                       const epo__cell_row *row, bool keep)
{
    sums sum;
    const float *in[TILE];
    size_t count, hidden = weights->part;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) in[r] = row[r].before;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows * panels; i++) {
        size_t at = place(weights, panel + i % panels, 0, &count);
        const float *projected = row[i / panels].projected + at;
        sum[i][0] = get_some(projected, count);
        sum[i][1] = get_some(projected + hidden, count);
        sum[i][2] = get_some(bias_n + at, count);
    }
    multiply(weights, panel, in, rows, panels, sum);
    /* one kind after the other, so that the processor finds several at a time that do not wait for each other */
#pragma GCC unroll 8
    for (size_t i = 0; i < rows * panels; i++) {
        sum[i][0] = sigmoid_of(sum[i][0]);
        sum[i][1] = sigmoid_of(sum[i][1]);
    }
    for (size_t i = 0; i < rows * panels && keep; i++) {
        size_t at = place(weights, panel + i % panels, 0, &count);
        float *kept = row[i / panels].kept + at;
        put_some(sum[i][0], kept + EPO__KEPT_R * hidden, count);
        put_some(sum[i][1], kept + EPO__KEPT_Z * hidden, count);
        put_some(sum[i][2], kept + EPO__KEPT_M * hidden, count);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < rows * panels; i++) {
        size_t at = place(weights, panel + i % panels, 0, &count);
        lanes projected = get_some(row[i / panels].projected + 2 * hidden + at, count);
        sum[i][2] = tanh_of(FMA(sum[i][0], sum[i][2], projected));
    }
    for (size_t i = 0; i < rows * panels; i++) {
        size_t at = place(weights, panel + i % panels, 0, &count);
        const epo__cell_row *to = &row[i / panels];
        lanes z = sum[i][1], n = sum[i][2];
        put_some(FMA(z, get_some(to->before + at, count), (1.0F - z) * n), to->after + at, count);
        if (keep) put_some(n, to->kept + EPO__KEPT_N * hidden + at, count);
    }
}

/* The tiles there are, as functions of their own: in one, gcc would run out of registers for addresses. */
struct job {
    const epo__panels *weights;
    const float *const *in, *const *start; /* of a product */
    float *const *out;
    const float *bias_n; /* of gates */
    const epo__cell_row *row;
    bool keep;
};
typedef void (*tile_fn)(const struct job *job, size_t row, size_t panel);

#define TILES(ROWS, PANELS)                                                             \
    static void product_##ROWS##_##PANELS(const struct job *j, size_t r, size_t p)      \
    {                                                                                   \
        product_tile(j->weights, p, ROWS, PANELS, j->in + r, j->start + r, j->out + r); \
    }                                                                                   \
    static void gates_##ROWS##_##PANELS(const struct job *j, size_t r, size_t p)        \
    {                                                                                   \
        gates_tile(j->weights, p, ROWS, PANELS, j->bias_n, j->row + r, j->keep);        \
    }

TILES(1, 1)
TILES(2, 1)
TILES(4, 1)
#if LANES == 16
TILES(1, 8)
TILES(2, 4)
TILES(4, 2)
TILES(8, 1)
#else
TILES(1, 4)
TILES(2, 2)
#endif

struct shape {
    size_t rows, panels;
    tile_fn product, gates, product_last, gates_last; /* last: one panel, where fewer are left */
};
#define SHAPE(ROWS, PANELS)                                                                                    \
    {                                                                                                          \
        ROWS, PANELS, product_##ROWS##_##PANELS, gates_##ROWS##_##PANELS, product_##ROWS##_1, gates_##ROWS##_1 \
    }
static const struct shape shapes[] = {
#if LANES == 16
    SHAPE(8, 1),
    SHAPE(4, 2),
    SHAPE(2, 4),
    SHAPE(1, 8),
#else
    SHAPE(4, 1),
    SHAPE(2, 2),
    SHAPE(1, 4),
#endif
};

static void run_tiles(const struct job *job, size_t rows, bool gates)
{
    size_t panels = panels_of(job->weights), row = 0;
    for (const struct shape *s = shapes; row < rows; s++) {
        size_t end = row + (rows - row) / s->rows * s->rows, p = 0;
        tile_fn tile = gates ? s->gates : s->product, last = gates ? s->gates_last : s->product_last;
        for (; end > row && p + s->panels <= panels; p += s->panels)
            for (size_t r = row; r < end; r += s->rows) tile(job, r, p);
        for (; end > row && p < panels; p++)
            for (size_t r = row; r < end; r += s->rows) last(job, r, p);
        row = end;
    }
}

static void product(const epo__panels *weights, size_t rows, const float *const *in, const float *const *start,
                    float *const *out)
{
    run_tiles(&(struct job){.weights = weights, .in = in, .start = start, .out = out}, rows, false);
}

static void forward(const epo__panels *weights, const float *bias_n, size_t rows, const epo__cell_row *row, bool keep)
{
    run_tiles(&(struct job){.weights = weights, .bias_n = bias_n, .row = row, .keep = keep}, rows, true);
}

const epo__cell_kernels KERNELS = {LANES, product, forward};
