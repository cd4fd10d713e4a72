/* SPDX-License-Identifier: BSD-3-Clause
 * reference.h - every layer once more, in the plainest loops and in double precision: what the tests compare with.
 * Knows layers by their word and options by their line, nothing of the library's layer files. A layer takes a batch of
 * images; in training it matters which are together. */
#ifndef EPO_TESTS_NN_REFERENCE_H
#define EPO_TESTS_NN_REFERENCE_H

#include <math.h>

#include "network.h"

/* N images of C x H x W, or vectors, or (over time, N = 1) height steps of `channels` numbers. */
typedef struct image {
    int n, c, h, w;
    double *v;
} image;

static inline size_t image_size(image m)
{
    return (size_t)m.n * (size_t)m.c * (size_t)m.h * (size_t)m.w;
}

static inline image image_make(int n, int c, int h, int w)
{
    image m = {n, c, h, w, NULL};
    m.v = calloc(image_size(m), sizeof(double));
    assert_non_null(m.v);
    return m;
}

static inline double *at(image m, int n, int c, int y, int x)
{
    return &m.v[(((size_t)n * (size_t)m.c + (size_t)c) * (size_t)m.h + (size_t)y) * (size_t)m.w + (size_t)x];
}

/* For training: batch norm by the batch, dropout drops. One number may be nudged, for finite differences. */
static struct {
    bool training;
    uint64_t seed, step;
    const epo__param *nudged;
    size_t nudged_at;
    double nudge;
} reference;

static inline double option(const char *line, const char *key, double standard)
{
    char pattern[32];
    snprintf(pattern, sizeof pattern, " %s=", key);
    const char *found = strstr(line, pattern);
    return found ? atof(found + strlen(pattern)) : standard;
}

/* Value of "key=" in a line, else the bare word after the layer's, else the default. */
static inline double first_option(const char *line, const char *key, double standard)
{
    const char *second = strchr(line, ' ');
    bool bare = second && second[1 + strcspn(second + 1, " =")] != '=';
    return bare ? atof(second) : option(line, key, standard);
}

static inline bool says(const char *line, const char *text)
{
    return strstr(line, text) != NULL;
}

static inline const epo__param *param(const epo__layer *layer, const char *name)
{
    for (size_t i = 0; i < layer->param_count; i++)
        if (strcmp(layer->params[i].name, name) == 0) return &layer->params[i];
    return NULL;
}

static inline double value(const epo__param *p, size_t i)
{
    double nudge = p && p == reference.nudged && i == reference.nudged_at ? reference.nudge : 0;
    return p ? (double)p->value[i] + nudge : 0;
}

static inline image ref_conv(image in, const epo__param *w, const epo__param *b, int stride, bool same)
{
    int outputs = (int)w->dims[0], k = (int)w->dims[2], top = 0, left = 0;
    int h = (in.h - k) / stride + 1, x_count = (in.w - k) / stride + 1;
    if (same) {
        h = (int)ceil((double)in.h / stride);
        x_count = (int)ceil((double)in.w / stride);
        top = (int)floor(fmax((h - 1) * stride + k - in.h, 0) / 2);
        left = (int)floor(fmax((x_count - 1) * stride + k - in.w, 0) / 2);
    }
    image out = image_make(in.n, outputs, h, x_count);
    for (int no = 0; no < in.n * outputs; no++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < x_count; x++) {
                int n = no / outputs, o = no % outputs;
                double sum = value(b, (size_t)o);
                for (int c = 0; c < in.c; c++)
                    for (int v = 0; v < k; v++)
                        for (int u = 0; u < k; u++) {
                            int yy = y * stride + v - top, xx = x * stride + u - left;
                            if (yy < 0 || xx < 0 || yy >= in.h || xx >= in.w) continue;
                            sum += *at(in, n, c, yy, xx) * value(w, (size_t)(((o * in.c + c) * k + v) * k + u));
                        }
                *at(out, n, o, y, x) = sum;
            }
    return out;
}

static inline image ref_norm(image in, const epo__layer *layer, const char *prefix, double eps, bool relu)
{
    static const char *const names[] = {"weight", "bias", "running_mean", "running_var"};
    const epo__param *p[4];
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", prefix, names[i]);
        p[i] = param(layer, name);
        assert_non_null(p[i]);
    }
    image out = image_make(in.n, in.c, in.h, in.w);
    int pixels = in.h * in.w, count = in.n * pixels;
    for (int c = 0; c < in.c; c++) {
        size_t k = (size_t)c;
        double mean = 0, variance = 0;
        for (int i = 0; i < count; i++) mean += *at(in, i / pixels, c, 0, i % pixels) / count;
        for (int i = 0; i < count; i++) variance += pow(*at(in, i / pixels, c, 0, i % pixels) - mean, 2) / count;
        if (!reference.training) {
            mean = value(p[2], k);
            variance = value(p[3], k);
        }
        for (int i = 0; i < count; i++) {
            double x = *at(in, i / pixels, c, 0, i % pixels);
            double y = (x - mean) / sqrt(variance + eps) * value(p[0], k) + value(p[1], k);
            *at(out, i / pixels, c, 0, i % pixels) = relu && y < 0 ? 0 : y;
        }
    }
    return out;
}

static inline image ref_pool(image in, int size, int stride, bool largest)
{
    image out = image_make(in.n, in.c, (in.h - size) / stride + 1, (in.w - size) / stride + 1);
    for (int nc = 0; nc < in.n * in.c; nc++)
        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++) {
                double most = -INFINITY, sum = 0;
                for (int v = 0; v < size; v++)
                    for (int u = 0; u < size; u++) {
                        double z = *at(in, nc / in.c, nc % in.c, y * stride + v, x * stride + u);
                        most = z > most ? z : most;
                        sum += z;
                    }
                *at(out, nc / in.c, nc % in.c, y, x) = largest ? most : sum / (size * size);
            }
    return out;
}

static inline image ref_copy(image in)
{
    image copy = image_make(in.n, in.c, in.h, in.w);
    memcpy(copy.v, in.v, image_size(in) * sizeof(double));
    return copy;
}

static inline image ref_join(image a, image b)
{
    image out = image_make(a.n, a.c + b.c, a.h, a.w);
    for (int n = 0; n < a.n; n++) {
        memcpy(at(out, n, 0, 0, 0), at(a, n, 0, 0, 0), image_size(a) / (size_t)a.n * sizeof(double));
        memcpy(at(out, n, a.c, 0, 0), at(b, n, 0, 0, 0), image_size(b) / (size_t)b.n * sizeof(double));
    }
    return out;
}

static inline image ref_dense(image in, const epo__layer *layer)
{
    image all = ref_copy(in);
    for (int i = 1;; i++) {
        char name[64];
        snprintf(name, sizeof name, "layer%d.conv1.weight", i);
        const epo__param *w1 = param(layer, name);
        if (!w1) return all;
        snprintf(name, sizeof name, "layer%d.conv2.weight", i);
        const epo__param *w2 = param(layer, name);
        snprintf(name, sizeof name, "layer%d.bn1.", i);
        image a = ref_norm(all, layer, name, 1e-5, true), b = ref_conv(a, w1, NULL, 1, true);
        snprintf(name, sizeof name, "layer%d.bn2.", i);
        image c = ref_norm(b, layer, name, 1e-5, true), d = ref_conv(c, w2, NULL, 1, true);
        image joined = ref_join(all, d);
        free(a.v), free(b.v), free(c.v), free(d.v), free(all.v);
        all = joined;
    }
}

static inline double ref_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* in: steps (h) of c numbers, step by step. out: the same, `hidden` numbers a step and direction. */
static inline image ref_gru_layer(image in, const epo__layer *layer, int number, int hidden, int directions)
{
    image out = image_make(1, hidden * directions, in.h, 1);
    double *h = calloc((size_t)hidden, sizeof *h), *next = calloc((size_t)hidden, sizeof *next);
    assert_true(h && next);
    for (int d = 0; d < directions; d++) {
        static const char *const names[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
        const epo__param *p[4];
        for (int i = 0; i < 4; i++) {
            char name[64];
            snprintf(name, sizeof name, "%s_l%d%s", names[i], number, d ? "_reverse" : "");
            p[i] = param(layer, name);
            assert_non_null(p[i]);
        }
        memset(h, 0, (size_t)hidden * sizeof *h);
        for (int t = 0; t < in.h; t++) {
            int step = d ? in.h - 1 - t : t;
            for (int k = 0; k < hidden; k++) {
                double a[3], b[3];
                for (int g = 0; g < 3; g++) {
                    size_t row = (size_t)(g * hidden + k);
                    a[g] = value(p[2], row);
                    b[g] = value(p[3], row);
                    for (int i = 0; i < in.c; i++)
                        a[g] += value(p[0], row * (size_t)in.c + (size_t)i) * in.v[step * in.c + i];
                    for (int i = 0; i < hidden; i++) b[g] += value(p[1], row * (size_t)hidden + (size_t)i) * h[i];
                }
                double r = ref_sigmoid(a[0] + b[0]), z = ref_sigmoid(a[1] + b[1]), n = tanh(a[2] + r * b[2]);
                next[k] = (1 - z) * n + z * h[k];
            }
            memcpy(h, next, (size_t)hidden * sizeof *h);
            memcpy(out.v + step * out.c + d * hidden, h, (size_t)hidden * sizeof *h);
        }
    }
    free(h), free(next);
    return out;
}

static inline image ref_gru(image in, const epo__layer *layer, const char *line)
{
    int hidden = (int)first_option(line, "hidden", 0), layers = (int)option(line, "layers", 1);
    int directions = (int)option(line, "directions", 1);
    image now = ref_copy(in);
    for (int l = 0; l < layers; l++) {
        image next = ref_gru_layer(now, layer, l, hidden, directions);
        free(now.v);
        now = next;
    }
    image out = image_make(1, now.c, 1, 1);
    for (int i = 0; i < now.c; i++) {
        if (says(line, "output=sum"))
            for (int t = 0; t < now.h; t++) out.v[i] += now.v[t * now.c + i];
        else
            out.v[i] = now.v[(i < hidden ? now.h - 1 : 0) * now.c + i];
    }
    free(now.v);
    return out;
}

/* By the rule: a number for each value in the order of pixels, or for each channel, of the whole batch. */
static inline bool ref_drops(const epo__layer *layer, const char *line, image in, int n, int c, int pixel)
{
    bool channels = !strcmp(layer->type->word, "spatialdropout");
    int place = channels ? n * in.c + c : (n * in.h * in.w + pixel) * in.c + c;
    epo__rng rng = {.seed = reference.seed,
                    .stream = epo__rng_stream(layer->name) + 0x9E3779B97F4A7C15u * reference.step,
                    .index = (uint64_t)place};
    return epo__rng_u32(&rng) / 4294967296.0 < first_option(line, "rate", 0.5);
}

/* One layer, given as its line and the library's parameters. */
static inline image ref_layer(image in, const epo__layer *layer, const char *line)
{
    const char *word = layer->type->word;
    if (!strcmp(word, "conv"))
        return ref_conv(in, param(layer, "weight"), param(layer, "bias"), (int)option(line, "stride", 1),
                        !says(line, "pad=valid"));
    if (!strcmp(word, "batchnorm")) return ref_norm(in, layer, "", option(line, "eps", 1e-5), false);
    if (!strcmp(word, "dense")) return ref_dense(in, layer);
    if (!strcmp(word, "gru")) return ref_gru(in, layer, line);
    if (!strcmp(word, "maxpool") || !strcmp(word, "avgpool")) {
        int size = (int)first_option(line, "size", 2);
        return ref_pool(in, size, (int)option(line, "stride", size), !strcmp(word, "maxpool"));
    }
    if (!strcmp(word, "transition")) {
        image a = ref_norm(in, layer, "bn.", 1e-5, true), b = ref_conv(a, param(layer, "conv.weight"), NULL, 1, true);
        image out = ref_pool(b, 2, 2, false);
        free(a.v), free(b.v);
        return out;
    }
    if (!strcmp(word, "linear")) {
        const epo__param *w = param(layer, "weight"), *b = param(layer, "bias");
        image out = image_make(in.n, (int)w->dims[0], 1, 1);
        for (int k = 0; k < in.n * out.c; k++) {
            int n = k / out.c, o = k % out.c;
            out.v[k] = value(b, (size_t)o);
            for (int i = 0; i < in.c; i++) out.v[k] += value(w, (size_t)(o * in.c + i)) * *at(in, n, i, 0, 0);
        }
        return out;
    }
    if (!strcmp(word, "gap")) {
        image out = image_make(in.n, in.c, 1, 1);
        for (int i = 0; i < in.n * in.c * in.h * in.w; i++) out.v[i / (in.h * in.w)] += in.v[i] / (in.h * in.w);
        return out;
    }

    int size = in.c * in.h * in.w;
    bool flat = !strcmp(word, "flatten");
    image out = flat ? image_make(in.n, size, 1, 1) : image_make(in.n, in.c, in.h, in.w);
    for (int n = 0; n < in.n; n++) {
        const double *x = in.v + n * size;
        double *y = out.v + n * size, sum = 0;
        for (int i = 0; i < size; i++) sum += exp(x[i]);
        for (int i = 0; i < size; i++) {
            int c = i / (in.h * in.w), pixel = i % (in.h * in.w);
            if (flat && says(line, "hwc"))
                y[pixel * in.c + c] = x[i];
            else if (!strcmp(word, "relu"))
                y[i] = x[i] < 0 ? 0 : x[i];
            else if (!strcmp(word, "sigmoid"))
                y[i] = ref_sigmoid(x[i]);
            else if (!strcmp(word, "softmax"))
                y[i] = exp(x[i]) / sum;
            else if (says(word, "dropout") && reference.training)
                y[i] = ref_drops(layer, line, in, n, c, pixel) ? 0 : x[i] / (1 - first_option(line, "rate", 0.5));
            else if (flat || says(word, "dropout"))
                y[i] = x[i];
            else
                fail_msg("the reference knows no '%s'", word);
        }
    }
    return out;
}

/* A whole network on one sample (or sequence of `steps`); the result as floats, freed by the caller. */
static inline float *ref_run(const epo__net *net, const char *const *lines, const float *in, int steps)
{
    epo__shape s = epo__net_in(net);
    image now = steps ? image_make(1, s.channels, steps, 1) : image_make(1, s.channels, s.height, s.width);
    size_t size = image_size(now);
    for (size_t i = 0; i < size; i++) now.v[i] = (double)in[i];
    for (size_t i = 0; i < epo__net_length(net); i++) {
        image next = ref_layer(now, epo__net_layer(net, i), lines[i]);
        free(now.v);
        now = next;
    }
    size = image_size(now);
    assert_int_equal(size, epo__shape_size(epo__net_out(net)));
    float *out = malloc(size * sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < size; i++) out[i] = (float)now.v[i];
    free(now.v);
    return out;
}

#endif
