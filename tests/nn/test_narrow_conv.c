/* SPDX-License-Identifier: BSD-3-Clause
 * test_narrow_conv.c - convolutions in bfloat16 and whole numbers against sums in double precision, for images and
 * kernels of many shapes; and networks in either against the same in float32. */
#include <math.h>
#include <string.h>

#include "network.h"
#include "nn/narrow_conv.h"
#include "nn/narrow_kernels.h"

enum { MORE = 5 };

static const struct {
    int channels, height, width, outputs, kernel, before, after;
} shapes[] = {
    {8, 5, 6, 3, 3, 1, 1},    {16, 1, 1, 33, 3, 1, 1}, {9, 7, 40, 16, 2, 0, 1},   {32, 9, 11, 40, 5, 2, 2},
    {20, 13, 13, 16, 3, 0, 0}, {70, 4, 4, 32, 1, 0, 0}, {128, 33, 35, 32, 3, 1, 1}, {8, 70, 90, 7, 4, 1, 2},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static epo__conv_geometry geometry_of(size_t i)
{
    const int more = shapes[i].before + shapes[i].after - shapes[i].kernel + 1;
    return (epo__conv_geometry){.in_channels = shapes[i].channels,
                                .height = shapes[i].height,
                                .width = shapes[i].width,
                                .out_channels = shapes[i].outputs,
                                .out_height = shapes[i].height + more,
                                .out_width = shapes[i].width + more,
                                .kernel = shapes[i].kernel,
                                .stride = 1,
                                .pad_top = shapes[i].before,
                                .pad_left = shapes[i].before,
                                .pad_bottom = shapes[i].after,
                                .pad_right = shapes[i].after};
}

static double narrow_of(double x)
{
    int exponent;
    double fraction = frexp(x, &exponent);
    return ldexp(rint(fraction * 256), exponent - 8);
}

/* What a result is, and how far off it may be. */
struct expected {
    double value, tolerance;
};

/* In whole numbers an input is off by half a 255th of the range (and zero by nothing), a weight by half a 127th of the
 * largest of its output. */
static struct expected expect(epo__narrow_type type, const epo__conv_geometry *g, const float *image, double range,
                              const float *weights, double largest, double bias, int y, int x, int o)
{
    struct expected e = {bias, 1e-5 * fabs(bias)};
    for (int i = 0; i < g->in_channels; i++)
        for (int v = 0; v < g->kernel; v++)
            for (int u = 0; u < g->kernel; u++) {
                const int row = y + v - g->pad_top, column = x + u - g->pad_left;
                if (row < 0 || column < 0 || row >= g->height || column >= g->width) continue;
                double a = (double)image[(row * g->width + column) * g->in_channels + i];
                double w = (double)weights[((o * g->in_channels + i) * g->kernel + v) * g->kernel + u];
                if (type == EPO__BF16) {
                    a = narrow_of(a), w = narrow_of(w);
                    e.tolerance += 2e-6 * fabs(a * w);
                } else {
                    const double a_off = 0.5001 * range / 255, w_off = 0.5001 * largest / 127;
                    e.tolerance += a_off * (fabs(w) + w_off) + w_off * fabs(a) + 1e-6 * fabs(a * w);
                }
                e.value += a * w;
            }
    return e;
}

/* The largest weight of output o. */
static double largest_of(const epo__conv_geometry *g, const float *weights, int o)
{
    const size_t count = (size_t)(g->in_channels * g->kernel * g->kernel);
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)weights[(size_t)o * count + i]));
    return largest;
}

/* An image in bfloat16 gives what the same numbers give as floats; results in bfloat16 are those of float32, rounded. */
static void check_narrow(const epo__narrow_conv *conv, float *image, size_t pixels, float largest, void *scratch, size_t results,
                         size_t outputs)
{
    const size_t stride = outputs + MORE, size = results * stride, height = (size_t)conv->geometry.out_height;
    epo__bf16 *narrow = calloc(pixels, sizeof *narrow), *got = calloc(size, sizeof *got);
    float *out = calloc(size, sizeof *out);
    assert_true(narrow && got && out);
    for (size_t i = 0; i < pixels; i++) {
        narrow[i] = epo__bf16_of(image[i]);
        image[i] = (float)narrow_of((double)image[i]);
    }
    largest = (float)narrow_of((double)largest);
    epo__narrow_conv_run(conv, &(epo__narrow_image){image, false, 0, largest}, 0, height, scratch,
                         &(epo__narrow_out){out, stride, EPO__OUT_FLOAT32});
    epo__narrow_conv_run(conv, &(epo__narrow_image){narrow, true, 0, largest}, 0, height, scratch,
                         &(epo__narrow_out){got, stride, EPO__OUT_BF16});
    for (size_t i = 0; i < size; i++) assert_int_equal(got[i], epo__bf16_of(out[i]));
    free(narrow), free(got), free(out);
}

static void check_shape(size_t number, epo__narrow_type type, bool negative, bool relu)
{
    const epo__conv_geometry g = geometry_of(number);
    const size_t outputs = (size_t)g.out_channels, height = (size_t)g.out_height, width = (size_t)g.out_width;
    const size_t pixels = (size_t)(g.height * g.width * g.in_channels), stride = outputs + MORE;
    const size_t size = height * width * stride;
    float *image = random_floats(pixels, 1), *out = random_floats(size, 4), *parts = random_floats(size, 4);
    float *weights = random_floats(outputs * (size_t)(g.in_channels * g.kernel * g.kernel), 2), *bias = random_floats(outputs, 3);
    float smallest = 0, largest = 0;
    for (size_t i = 0; i < pixels; i++) {
        if (!negative) image[i] = fmaxf(image[i], 0);
        smallest = fminf(smallest, image[i]), largest = fmaxf(largest, image[i]);
    }
    epo__narrow_conv conv;
    check_ok(epo__narrow_conv_make(type, &g, weights, bias, relu, &conv));
    void *scratch = aligned_alloc(64, (epo__narrow_conv_scratch(&conv) + 63) / 64 * 64);
    assert_non_null(scratch);
    memset(scratch, 0xff, epo__narrow_conv_scratch(&conv)); /* not-a-number in bfloat16 */
    const epo__narrow_image as = {image, false, smallest, largest};
    const epo__narrow_out to = {out, stride, EPO__OUT_FLOAT32}, to_parts = {parts, stride, EPO__OUT_FLOAT32};
    epo__narrow_conv_run(&conv, &as, 0, height, scratch, &to);
    for (size_t y = 0, rows; y < height; y += rows) { /* rows by any threads have the same bits */
        rows = y % 3 + 1 < height - y ? y % 3 + 1 : height - y;
        epo__narrow_conv_run(&conv, &as, y, y + rows, scratch, &to_parts);
    }
    assert_memory_equal(out, parts, size * sizeof *out);
    const double range = (double)largest - (double)smallest;
    for (size_t o = 0; o < outputs; o++) {
        const double most = largest_of(&g, weights, (int)o);
        for (size_t i = 0; i < height * width; i += width > 20 ? 7 : 1) {
            struct expected e = expect(type, &g, image, range, weights, most, (double)bias[o], (int)(i / width), (int)(i % width), (int)o);
            if (relu && e.value < 0) e.value = 0;
            if (!(fabs((double)out[i * stride + o] - e.value) <= e.tolerance))
                fail_msg("shape %zu, type %d, output %zu, pixel %zu: %g is not %g within %g", number, (int)type, o, i,
                         (double)out[i * stride + o], e.value, e.tolerance);
        }
    }
    if (!negative) check_narrow(&conv, image, pixels, largest, scratch, height * width, outputs);
    epo__narrow_conv_release(&conv);
    free(scratch), free(image), free(out), free(parts), free(weights), free(bias);
}

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (int how = 0; how < 4; how++) check_shape(i, how & 1 ? EPO__INT8 : EPO__BF16, how & 2, (i + (size_t)how) % 2);
}

/* An image without light, and one with a single value. */
static void test_constant(void **state)
{
    (void)state;
    const epo__conv_geometry g = geometry_of(4);
    const size_t pixels = (size_t)(g.height * g.width * g.in_channels), count = (size_t)(g.out_height * g.out_width * g.out_channels);
    float *weights = random_floats((size_t)(g.out_channels * g.in_channels * g.kernel * g.kernel), 2), values[] = {0, 3, -3, 1e-30F};
    float *image = calloc(pixels, sizeof *image), *out = calloc(count, sizeof *out);
    assert_true(image && out);
    for (int whole = 0; whole < 2; whole++)
        for (size_t v = 0; v < 4; v++) {
            epo__narrow_conv conv;
            const float value = values[v];
            for (size_t i = 0; i < pixels; i++) image[i] = value;
            check_ok(epo__narrow_conv_make(whole ? EPO__INT8 : EPO__BF16, &g, weights, NULL, false, &conv));
            void *scratch = aligned_alloc(64, (epo__narrow_conv_scratch(&conv) + 63) / 64 * 64);
            epo__narrow_conv_run(&conv, &(epo__narrow_image){image, false, fminf(value, 0), fmaxf(value, 0)}, 0, (size_t)g.out_height,
                                 scratch, &(epo__narrow_out){out, (size_t)g.out_channels, EPO__OUT_FLOAT32});
            for (size_t i = 0; i < count; i++) {
                const size_t o = i % (size_t)g.out_channels;
                const struct expected e = expect(whole ? EPO__INT8 : EPO__BF16, &g, image, fabs((double)value), weights,
                                                 largest_of(&g, weights, (int)o), 0, 0, 0, (int)o);
                assert_true(fabs((double)out[i] - e.value) <= e.tolerance);
            }
            epo__narrow_conv_release(&conv);
            free(scratch);
        }
    free(weights), free(image), free(out);
}

/* The largest number of an image whose range ends as far above 0 as below, where zero lies between two units, is not taken for the
 * smallest. */
static void test_ends(void **state)
{
    (void)state;
    for (int i = 1; i < 2000; i++) {
        float x[3] = {(float)-i / 256, 0, (float)i / 256}, smallest = 0, largest = 0;
        uint8_t got[3];
        epo__range(x, 3, &smallest, &largest);
        assert_true(smallest == x[0] && largest == x[2]);
        const float size = (largest - smallest) / 255;
        epo__to_whole(x, got, 3, 1 / size, rintf(-smallest / size));
        assert_true(got[0] <= 1 && got[1] >= 127 && got[1] <= 128 && got[2] >= 254);
    }
}

/* One number that is not finite is not lost in whole numbers, as it is not in bfloat16; it may spoil more there. */
static void test_not_finite(void **state)
{
    (void)state;
    static const float spoilt[] = {NAN, INFINITY, -INFINITY};
    const epo__conv_geometry g = geometry_of(4);
    const size_t pixels = (size_t)(g.height * g.width * g.in_channels), count = (size_t)(g.out_height * g.out_width * g.out_channels);
    float *image = random_floats(pixels, 1), *out = random_floats(count, 4);
    float *weights = random_floats((size_t)(g.out_channels * g.in_channels * g.kernel * g.kernel), 2);
    for (int whole = 0; whole < 2; whole++)
        for (size_t i = 0; i < 6; i++) {
            epo__narrow_conv conv;
            const size_t at = i % 2 ? pixels - 1 : 21;
            const float was = image[at];
            epo__narrow_image as = {.pixels = image};
            image[at] = spoilt[i / 2];
            epo__range(image, pixels, &as.smallest, &as.largest);
            assert_true(isnan(as.largest));
            check_ok(epo__narrow_conv_make(whole ? EPO__INT8 : EPO__BF16, &g, weights, NULL, false, &conv));
            void *scratch = aligned_alloc(64, (epo__narrow_conv_scratch(&conv) + 63) / 64 * 64);
            assert_non_null(scratch);
            epo__narrow_conv_run(&conv, &as, 0, (size_t)g.out_height, scratch,
                                 &(epo__narrow_out){out, (size_t)g.out_channels, EPO__OUT_FLOAT32});
            assert_true(!isfinite(out[i % 2 ? count - 1 : 0]));
            epo__narrow_conv_release(&conv);
            free(scratch);
            image[at] = was;
        }
    free(image), free(out), free(weights);
}

static void test_suits(void **state)
{
    (void)state;
    epo__conv_geometry g = geometry_of(0);
    assert_true(epo__narrow_conv_suits(EPO__INT8, &g));
    g.stride = 2;
    assert_false(epo__narrow_conv_suits(EPO__INT8, &g));
    g.stride = 1, g.in_channels = 8000; /* 72,000 products a sum, which 32 bits do not hold */
    assert_false(epo__narrow_conv_suits(EPO__INT8, &g));
    assert_true(epo__narrow_conv_suits(EPO__BF16, &g));
    g.in_channels = 3;
    assert_false(epo__narrow_conv_suits(EPO__INT8, &g));
}

/* --- networks ------------------------------------------------------------------------------------------------------ */

static const char *const encoder[] = {"conv 16 kernel=3",        "dense layers=3 growth=12", "transition",
                                      "dense layers=2 growth=12", "batchnorm",                "relu", "gap", NULL};
static const char *const plain[] = {"conv 16 kernel=3 pad=valid", "relu",   "conv 16 kernel=3 pad=valid", "relu", "maxpool 2",
                                    "conv 32 kernel=2",           "sigmoid", "gap", NULL};

static void run_net(epo__net *net, int batch, int threads, int count, const float *in, float *out)
{
    epo__plan *plan = NULL;
    const size_t inputs = epo__shape_size(epo__net_in(net)), outputs = epo__shape_size(epo__net_out(net));
    epo__nn_set_threads(threads);
    check_ok(epo__plan_create(net, batch, &plan));
    for (int i = 0, n; i < count; i += n) {
        n = count - i < batch ? count - i : batch;
        check_ok(epo__plan_run(plan, n, in + (size_t)i * inputs, out + (size_t)i * outputs));
    }
    epo__plan_destroy(plan);
    epo__nn_set_threads(1);
}

/* Near the float32 result and not the same; the same bits in any batch and with any threads. */
static void check_net(const char *const *lines, int side)
{
    enum { COUNT = 5 };
    epo__net *net = make_net((epo__shape){3, side, side}, lines);
    check_ok(epo__net_visit(net, "", fill_param, NULL));
    const size_t outputs = epo__shape_size(epo__net_out(net)), all = COUNT * outputs;
    float *in = random_floats(COUNT * epo__shape_size(epo__net_in(net)), 5), *exact = random_floats(all, 6);
    float *one = random_floats(all, 6), *other = random_floats(all, 6);
    run_net(net, COUNT, 1, COUNT, in, exact);
    static const struct {
        epo__precision precision;
        double tolerance;
    } kinds[] = {{EPO__IN_BF16, 0.02}, {EPO__IN_INT8, 0.04}};
    for (size_t k = 0; k < 2; k++) {
        double off = 0, size = 0;
        epo__net_set_precision(net, kinds[k].precision);
        assert_true(epo__net_precision(net) == kinds[k].precision);
        run_net(net, COUNT, 1, COUNT, in, one);
        for (size_t i = 0; i < all; i++) {
            off += pow((double)(one[i] - exact[i]), 2);
            size += pow((double)exact[i], 2);
        }
        assert_true(off > 0);
        if (!(sqrt(off / size) < kinds[k].tolerance)) fail_msg("precision %zu: off by %g", k, sqrt(off / size));
        run_net(net, 1, 1, COUNT, in, other);
        assert_memory_equal(one, other, all * sizeof *one);
        run_net(net, 2, 3, COUNT, in, other);
        assert_memory_equal(one, other, all * sizeof *one);
        run_net(net, 1, 2, COUNT, in, other);
        assert_memory_equal(one, other, all * sizeof *one);
    }
    epo__net_set_precision(net, EPO__IN_FLOAT32);
    run_net(net, COUNT, 1, COUNT, in, other);
    assert_memory_equal(exact, other, all * sizeof *exact);
    free(in), free(exact), free(one), free(other);
    epo__net_destroy(net);
}

/* What is too large for whole numbers is float32, and the rest goes on. */
static void test_too_large(void **state)
{
    (void)state;
    static const char *const wide[] = {"conv 1 kernel=3", NULL}, *const dense[] = {"dense layers=1 growth=8 bottleneck=1", NULL};
    for (int i = 0; i < 2; i++) {
        epo__net *net = make_net((epo__shape){i ? 66400 : 8000, 2, 2}, i ? dense : wide);
        const size_t count = epo__shape_size(epo__net_out(net));
        float *in = random_floats(epo__shape_size(epo__net_in(net)), 5), *exact = random_floats(count, 6), *out = random_floats(count, 6);
        check_ok(epo__net_visit(net, "", fill_param, NULL));
        run_net(net, 1, 1, 1, in, exact);
        epo__net_set_precision(net, EPO__IN_INT8);
        run_net(net, 1, 1, 1, in, out);
        assert_memory_equal(exact, out, count * sizeof *out);
        free(in), free(exact), free(out);
        epo__net_destroy(net);
    }
}

/* What is between two dense blocks keeps 16 bits where the rest has 8, or all of them where there is no fast bfloat16. */
static void test_pointwise(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 33 kernel=1", NULL};
    epo__net *net = make_net((epo__shape){70, 9, 9}, lines);
    const size_t count = epo__shape_size(epo__net_out(net));
    float *in = random_floats(epo__shape_size(epo__net_in(net)), 5), *exact = random_floats(count, 6), *out = random_floats(count, 6);
    check_ok(epo__net_visit(net, "", fill_param, NULL));
    run_net(net, 1, 1, 1, in, exact);
    for (int whole = 0; whole < 2; whole++) {
        double off = 0, size = 0;
        epo__net_set_precision(net, whole ? EPO__IN_INT8 : EPO__IN_BF16);
        run_net(net, 1, 1, 1, in, out);
        for (size_t i = 0; i < count; i++) {
            off += pow((double)(out[i] - exact[i]), 2);
            size += pow((double)exact[i], 2);
        }
        assert_true(whole || off > 0);
        if (!(sqrt(off / size) < 1.0 / 65536)) fail_msg("off by %g", sqrt(off / size));
    }
    free(in), free(exact), free(out);
    epo__net_destroy(net);
}

static void test_split(void **state)
{
    (void)state;
    enum { COUNT = 37 };
    float *x = random_floats(COUNT, 3), upper[COUNT], lower[COUNT];
    epo__bf16 halves[2][COUNT];
    x[0] = 0, x[1] = 1, x[2] = -1.00390625F;
    epo__split_bf16(x, halves[0], halves[1], COUNT);
    epo__from_bf16(halves[0], upper, COUNT);
    epo__from_bf16(halves[1], lower, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(fabsf(lower[i]) <= fabsf(x[i]) / 256);
        assert_true(fabsf(x[i] - (upper[i] + lower[i])) <= fabsf(x[i]) / 65536);
    }
    free(x);
}

static void test_networks(void **state)
{
    (void)state;
    check_net(encoder, 20);
    check_net(encoder, 9);
    check_net(encoder, 64); /* large enough that several threads are tried inside an image */
    check_net(plain, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes), cmocka_unit_test(test_constant), cmocka_unit_test(test_ends),
                                       cmocka_unit_test(test_not_finite), cmocka_unit_test(test_suits),
                                       cmocka_unit_test(test_too_large), cmocka_unit_test(test_split),
                                       cmocka_unit_test(test_pointwise),
                                       cmocka_unit_test(test_networks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
