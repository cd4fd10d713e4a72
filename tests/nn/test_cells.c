/* SPDX-License-Identifier: BSD-3-Clause
 * test_cells.c - products with packed matrices and the gates of a GRU, for each size of vector that this processor has,
 * against sums and functions in double precision; and that a row's bits depend on nothing but the row. */
#include <math.h>

#include "network.h"
#include "nn/cells_lanes.h"

enum { WIDTHS = 3, MOST_ROWS = 19 };

static const epo__cell_kernels *kernels(int width)
{
#if EPO_WIDE_LANES
    if (width == 2) return epo__lanes_here() >= 16 ? &epo__cells16 : NULL;
    if (width == 1) return epo__lanes_here() >= 8 ? &epo__cells8 : NULL;
#endif
    return width == 0 ? &epo__cells4 : NULL;
}

static float *numbers(size_t count)
{
    static uint64_t state = 1;
    float *x = malloc((count ? count : 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)(state >> 40) / 16777216.0F - 0.5F;
    }
    return x;
}

/* --- products ----------------------------------------------------------------------------------------------------- */

static void check_product(const epo__cell_kernels *k, size_t inputs, size_t outputs, bool gates)
{
    float *w = numbers(outputs * inputs), *x = numbers(MOST_ROWS * inputs), *bias = numbers(outputs);
    float all[MOST_ROWS * 80], some[MOST_ROWS * 80];
    const float *in[MOST_ROWS], *start[MOST_ROWS];
    float *out[MOST_ROWS], *again[MOST_ROWS];
    epo__panels packed = {0};
    assert_true(outputs <= 80);
    assert_true(epo__pack_lanes(k->lanes, &(epo__unpacked){w, inputs, outputs, inputs, 1, gates}, &packed));
    for (size_t r = 0; r < MOST_ROWS; r++) {
        in[r] = x + r * inputs;
        start[r] = bias;
        out[r] = all + r * outputs;
        again[r] = some + r * outputs;
    }
    k->product(&packed, MOST_ROWS, in, start, out);
    for (size_t r = 0; r < MOST_ROWS; r++)
        for (size_t o = 0; o < outputs; o++) {
            double sum = (double)bias[o];
            for (size_t i = 0; i < inputs; i++) sum += (double)w[o * inputs + i] * (double)in[r][i];
            assert_true(fabs(sum - (double)out[r][o]) < 1e-6 * (1 + sqrt((double)inputs)));
        }
    for (size_t rows = 0; rows < MOST_ROWS; rows++) { /* fewer rows, from another one on: the same bits */
        memset(some, 0, sizeof some);
        k->product(&packed, rows, in + 1, start, again + 1);
        assert_memory_equal(some + outputs, all + outputs, rows * outputs * sizeof *some);
        assert_true(some[0] == 0 && (rows + 1 == MOST_ROWS || some[(rows + 1) * outputs] == 0));
    }
    epo__panels_release(&packed);
    free(w);
    free(x);
    free(bias);
}

static void products(void **state)
{
    (void)state;
    for (int width = 0; width < WIDTHS; width++) {
        const epo__cell_kernels *k = kernels(width);
        if (!k) continue;
        for (size_t outputs = 1; outputs <= 80; outputs += outputs < 52 ? 1 : 9)
            check_product(k, 1 + outputs * 7 % 40, outputs, false);
        for (size_t hidden = 1; hidden <= 26; hidden++) check_product(k, 1 + hidden * 5 % 31, 3 * hidden, true);
    }
}

/* A matrix that is stored the other way round is packed the same; memory is used again. */
static void packing(void **state)
{
    (void)state;
    enum { INPUTS = 11, OUTPUTS = 21 };
    float *w = numbers(INPUTS * OUTPUTS), turned[INPUTS * OUTPUTS];
    for (size_t o = 0; o < OUTPUTS; o++)
        for (size_t i = 0; i < INPUTS; i++) turned[i * OUTPUTS + o] = w[o * INPUTS + i];
    epo__panels a = {0}, b = {0};
    assert_true(epo__pack(&(epo__unpacked){w, INPUTS, OUTPUTS, INPUTS, 1, false}, &a));
    assert_true(epo__pack(&(epo__unpacked){turned, INPUTS, OUTPUTS, 1, OUTPUTS, false}, &b));
    assert_memory_equal(a.data, b.data, a.capacity * sizeof *a.data);
    const float *before = b.data;
    assert_true(epo__pack(&(epo__unpacked){w, INPUTS - 1, OUTPUTS, INPUTS, 1, true}, &b));
    assert_true(b.part == OUTPUTS / 3 && (b.data == before || b.capacity > a.capacity));
    epo__panels_release(&a);
    epo__panels_release(&b);
    free(w);
}

/* --- gates -------------------------------------------------------------------------------------------------------- */

enum { UNITS = 240 };

/* Sigmoid and tanh of `UNITS` numbers, through a cell whose weights are zero: what is kept of it. */
static void gates_of(const epo__cell_kernels *k, const float *x, float *kept)
{
    float weights[3 * UNITS] = {0}, projected[3 * UNITS], zero[UNITS] = {0}, after[UNITS];
    epo__panels packed = {0};
    assert_true(epo__pack_lanes(k->lanes, &(epo__unpacked){weights, 1, 3 * UNITS, 1, 1, true}, &packed));
    for (size_t i = 0; i < UNITS; i++) projected[i] = projected[UNITS + i] = projected[2 * UNITS + i] = x[i];
    k->forward(&packed, zero, 1, &(epo__cell_row){projected, zero, after, kept}, true);
    for (size_t i = 0; i < UNITS; i++) { /* h = (1 - z) n, the state before being zero */
        float z = kept[EPO__KEPT_Z * UNITS + i], n = kept[EPO__KEPT_N * UNITS + i];
        assert_true(isnan(x[i]) ? isnan(after[i]) : after[i] == (1.0F - z) * n);
    }
    assert_memory_equal(kept + EPO__KEPT_R * UNITS, kept + EPO__KEPT_Z * UNITS, UNITS * sizeof *kept);
    epo__panels_release(&packed);
}

/* In units in the last place; below the smallest normal numbers, where the sigmoid stops at exp(-87), of 2e-38. */
static double error_of(double exact, float got)
{
    double size = fabs(exact), unit = 2e-38;
    if (size > unit) unit = (double)nextafterf((float)size, INFINITY) - (double)(float)size;
    return fabs(exact - (double)got) / unit;
}

/* Numbers of every size and both signs, near 0, where the branches meet, and beyond the ends. */
static void functions(void **state)
{
    (void)state;
    for (int width = 0; width < WIDTHS; width++) {
        const epo__cell_kernels *k = kernels(width);
        double worst_sigmoid = 0, worst_tanh = 0;
        if (!k) continue;
        for (uint32_t bits = 0; bits < 0x7f000000u; bits += 120 * 9973) {
            float x[UNITS], kept[EPO__KEPT * UNITS];
            for (uint32_t i = 0; i < UNITS; i++) {
                uint32_t pattern = (bits + i / 2 * 9973) | (i % 2 ? 0x80000000u : 0);
                memcpy(&x[i], &pattern, sizeof pattern);
            }
            gates_of(k, x, kept);
            for (size_t i = 0; i < UNITS; i++) {
                double v = (double)x[i];
                worst_sigmoid = fmax(worst_sigmoid, error_of(1 / (1 + exp(-v)), kept[i]));
                worst_tanh = fmax(worst_tanh, error_of(tanh(v), kept[EPO__KEPT_N * UNITS + i]));
            }
        }
        print_message("vectors of %zu: sigmoid %.2f, tanh %.2f units in the last place\n", k->lanes, worst_sigmoid,
                      worst_tanh);
        assert_true(worst_sigmoid < 3 && worst_tanh < 3);

        float x[UNITS] = {NAN, INFINITY, -INFINITY, 1}, kept[EPO__KEPT * UNITS];
        const float *r = kept, *n = kept + EPO__KEPT_N * UNITS;
        gates_of(k, x, kept);
        assert_true(isnan(r[0]) && isnan(n[0]) && r[1] == 1 && n[1] == 1 && r[2] < 2e-38F && n[2] == -1 && n[4] == 0);
    }
}

/* --- in a network ------------------------------------------------------------------------------------------------- */

enum { SEQUENCES = 7, INPUTS = 5, STEPS = 3 + 1 + 12 + 5 + 12 + 2 + 7 };
static const int lengths[SEQUENCES] = {3, 1, 12, 5, 12, 2, 7};
static const char *const chain[] = {"gru 21 layers=2 directions=2 output=sum", "linear 3", NULL};

/* A plan gives the same bits on any number of threads, and for a sequence alone. */
static void threads(void **state)
{
    (void)state;
    epo__net *net = make_net((epo__shape){INPUTS, 1, 1}, chain);
    float *in = numbers(STEPS * INPUTS), expected[SEQUENCES * 3], out[SEQUENCES * 3];
    check_ok(epo__net_init(net, "sequence", 5));
    for (int n = 1; n <= 5; n++) {
        epo__plan *plan = NULL;
        epo__nn_set_threads(n);
        check_ok(epo__plan_create(net, SEQUENCES + 1, &plan));
        epo__nn_set_threads(1);
        check_ok(epo__plan_run_sequences(plan, SEQUENCES, lengths, in, n == 1 ? expected : out));
        if (n > 1) assert_memory_equal(out, expected, sizeof expected);
        size_t at = 0;
        for (size_t i = 0; i < SEQUENCES; at += (size_t)lengths[i++] * INPUTS) {
            check_ok(epo__plan_run_sequences(plan, 1, &lengths[i], in + at, out));
            assert_memory_equal(out, expected + 3 * i, 3 * sizeof *out);
        }
        epo__plan_destroy(plan);
    }
    epo__net_destroy(net);
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(products), cmocka_unit_test(packing),
                                       cmocka_unit_test(functions), cmocka_unit_test(threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
