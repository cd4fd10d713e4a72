/* SPDX-License-Identifier: BSD-3-Clause
 * reference.h - every layer once more, in the plainest loops and in double precision: what the tests compare with.
 * Knows layers by their word and options by their line, nothing of the library's layer files. */
#ifndef EPO_TESTS_NN_REFERENCE_H
#define EPO_TESTS_NN_REFERENCE_H

#include <math.h>

#include "network.h"

/* A C x H x W image, or a vector, or (over time) height steps of `channels` numbers. */
typedef struct image {
    int c, h, w;
    double *v;
} image;

static inline image image_make(int c, int h, int w)
{
    image m = {c, h, w, calloc((size_t)c * (size_t)h * (size_t)w, sizeof(double))};
    assert_non_null(m.v);
    return m;
}

static inline double *at(image m, int c, int y, int x)
{
    return &m.v[((size_t)c * (size_t)m.h + (size_t)y) * (size_t)m.w + (size_t)x];
}

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
    return p ? (double)p->value[i] : 0;
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
    image out = image_make(outputs, h, x_count);
    for (int o = 0; o < outputs; o++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < x_count; x++) {
                double sum = value(b, (size_t)o);
                for (int c = 0; c < in.c; c++)
                    for (int v = 0; v < k; v++)
                        for (int u = 0; u < k; u++) {
                            int yy = y * stride + v - top, xx = x * stride + u - left;
                            if (yy < 0 || xx < 0 || yy >= in.h || xx >= in.w) continue;
                            sum += *at(in, c, yy, xx) * value(w, (size_t)(((o * in.c + c) * k + v) * k + u));
                        }
                *at(out, o, y, x) = sum;
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
    image out = image_make(in.c, in.h, in.w);
    for (int c = 0; c < in.c; c++)
        for (int i = 0; i < in.h * in.w; i++) {
            size_t k = (size_t)c, n = (size_t)(c * in.h * in.w + i);
            double y = (in.v[n] - value(p[2], k)) / sqrt(value(p[3], k) + eps) * value(p[0], k) + value(p[1], k);
            out.v[n] = relu && y < 0 ? 0 : y;
        }
    return out;
}

static inline image ref_pool(image in, int size, int stride, bool largest)
{
    image out = image_make(in.c, (in.h - size) / stride + 1, (in.w - size) / stride + 1);
    for (int c = 0; c < in.c; c++)
        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++) {
                double most = -INFINITY, sum = 0;
                for (int v = 0; v < size; v++)
                    for (int u = 0; u < size; u++) {
                        double z = *at(in, c, y * stride + v, x * stride + u);
                        most = z > most ? z : most;
                        sum += z;
                    }
                *at(out, c, y, x) = largest ? most : sum / (size * size);
            }
    return out;
}

static inline image ref_dense(image in, const epo__layer *layer)
{
    image all = image_make(in.c, in.h, in.w);
    memcpy(all.v, in.v, (size_t)(in.c * in.h * in.w) * sizeof(double));
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
        image joined = image_make(all.c + d.c, in.h, in.w);
        memcpy(joined.v, all.v, (size_t)(all.c * in.h * in.w) * sizeof(double));
        memcpy(joined.v + all.c * in.h * in.w, d.v, (size_t)(d.c * in.h * in.w) * sizeof(double));
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
    image out = image_make(hidden * directions, in.h, 1);
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
    image now = image_make(in.c, in.h, 1);
    memcpy(now.v, in.v, (size_t)(in.c * in.h) * sizeof(double));
    for (int l = 0; l < layers; l++) {
        image next = ref_gru_layer(now, layer, l, hidden, directions);
        free(now.v);
        now = next;
    }
    image out = image_make(now.c, 1, 1);
    for (int i = 0; i < now.c; i++) {
        if (says(line, "output=sum"))
            for (int t = 0; t < now.h; t++) out.v[i] += now.v[t * now.c + i];
        else
            out.v[i] = now.v[(i < hidden ? now.h - 1 : 0) * now.c + i];
    }
    free(now.v);
    return out;
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
        image out = image_make((int)w->dims[0], 1, 1);
        for (int o = 0; o < out.c; o++) {
            out.v[o] = value(b, (size_t)o);
            for (int i = 0; i < in.c; i++) out.v[o] += value(w, (size_t)(o * in.c + i)) * in.v[i];
        }
        return out;
    }
    if (!strcmp(word, "gap")) {
        image out = image_make(in.c, 1, 1);
        for (int i = 0; i < in.c * in.h * in.w; i++) out.v[i / (in.h * in.w)] += in.v[i] / (in.h * in.w);
        return out;
    }

    int size = in.c * in.h * in.w;
    bool flat = !strcmp(word, "flatten");
    image out = flat ? image_make(size, 1, 1) : image_make(in.c, in.h, in.w);
    double sum = 0;
    for (int i = 0; i < size; i++) sum += exp(in.v[i]);
    for (int i = 0; i < size; i++) {
        int c = i / (in.h * in.w), pixel = i % (in.h * in.w);
        if (flat && says(line, "hwc"))
            out.v[pixel * in.c + c] = in.v[i];
        else if (!strcmp(word, "relu"))
            out.v[i] = in.v[i] < 0 ? 0 : in.v[i];
        else if (!strcmp(word, "sigmoid"))
            out.v[i] = ref_sigmoid(in.v[i]);
        else if (!strcmp(word, "softmax"))
            out.v[i] = exp(in.v[i]) / sum;
        else if (flat || says(word, "dropout"))
            out.v[i] = in.v[i];
        else
            fail_msg("the reference knows no '%s'", word);
    }
    return out;
}

/* A whole network on one sample (or sequence of `steps`); the result as floats, freed by the caller. */
static inline float *ref_run(const epo__net *net, const char *const *lines, const float *in, int steps)
{
    epo__shape s = epo__net_in(net);
    image now = steps ? image_make(s.channels, steps, 1) : image_make(s.channels, s.height, s.width);
    size_t size = (size_t)now.c * (size_t)now.h * (size_t)now.w;
    for (size_t i = 0; i < size; i++) now.v[i] = (double)in[i];
    for (size_t i = 0; i < epo__net_length(net); i++) {
        image next = ref_layer(now, epo__net_layer(net, i), lines[i]);
        free(now.v);
        now = next;
    }
    size = (size_t)now.c * (size_t)now.h * (size_t)now.w;
    assert_int_equal(size, epo__shape_size(epo__net_out(net)));
    float *out = malloc(size * sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < size; i++) out[i] = (float)now.v[i];
    free(now.v);
    return out;
}

#endif
