/* SPDX-License-Identifier: BSD-3-Clause
 * network.h - building small networks from text in tests. */
#ifndef EPO_TESTS_NN_NETWORK_H
#define EPO_TESTS_NN_NETWORK_H

#include <stdlib.h>

#include "base/rng.h"
#include "nn/net.h"
#include "support/check.h"

/* "conv 16 kernel=3" */
static inline epo_status add_line(epo__net *net, const char *line)
{
    char copy[256], *rest = NULL;
    epo__layer_arg args[16];
    size_t count = 0;
    snprintf(copy, sizeof copy, "%s", line);
    const char *word = strtok_r(copy, " ", &rest);
    for (char *part; count < 16 && (part = strtok_r(NULL, " ", &rest)); count++) {
        char *equals = strchr(part, '=');
        if (equals) *equals = 0;
        args[count] = (epo__layer_arg){equals ? part : "", equals ? equals + 1 : part};
    }
    return epo__net_add(net, word, NULL, args, count);
}

/* Lines end with NULL. */
static inline epo__net *make_net(epo__shape in, const char *const *lines)
{
    epo__net *net = NULL;
    check_ok(epo__net_create(in, &net));
    for (; *lines; lines++) check_ok(add_line(net, *lines));
    return net;
}

static inline float *random_floats(size_t count, uint64_t stream)
{
    epo__rng rng = {.seed = 7, .stream = stream};
    float *x = malloc(count * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) x[i] = (float)epo__rng_normal(&rng);
    return x;
}

/* Irregular weights of a size that keeps values near one; variances positive. */
static inline epo_status fill_param(void *context, const epo__param *param)
{
    (void)context;
    epo__rng rng = {.seed = 3, .stream = epo__rng_stream(param->name)};
    size_t fan_in = param->ndim > 1 ? param->count / (size_t)param->dims[0] : 25;
    bool spread = strstr(param->name, "running_var") || (param->ndim == 1 && strstr(param->name, "weight"));
    for (size_t i = 0; i < param->count; i++) {
        float u = (float)epo__rng_uniform(&rng) - 0.5F;
        param->value[i] = spread ? 1.0F + u : u * 3.0F / __builtin_sqrtf((float)fan_in);
    }
    return EPO_OK;
}

static inline size_t in_size(const epo__net *net)
{
    return epo__shape_size(epo__net_in(net));
}

static inline size_t out_size(const epo__net *net)
{
    return epo__shape_size(epo__net_out(net));
}

struct wanted_param {
    const char *name;
    epo__param found;
};

static inline epo_status match_param(void *context, const epo__param *param)
{
    struct wanted_param *wanted = context;
    if (strcmp(param->name, wanted->name) == 0) wanted->found = *param;
    return EPO_OK;
}

/* By its full name; the copy's name is gone. */
static inline epo__param find_param(epo__net *net, const char *name)
{
    struct wanted_param wanted = {.name = name};
    check_ok(epo__net_visit(net, "", match_param, &wanted));
    if (!wanted.found.value) fail_msg("no parameter %s", name);
    wanted.found.name = NULL;
    return wanted.found;
}

static inline float *read_floats(FILE *file, size_t count)
{
    float *x = malloc((count ? count : 1) * sizeof *x);
    assert_non_null(x);
    assert_int_equal(fread(x, sizeof *x, count, file), count);
    return x;
}

/* "3 7 1 7 4" */
static inline int read_ints(char *text, int *out, int room)
{
    char *rest = NULL;
    int count = 0;
    for (char *part = strtok_r(text, " \n", &rest); part; part = strtok_r(NULL, " \n", &rest)) {
        assert_true(count < room);
        out[count++] = atoi(part);
    }
    return count;
}

/* Within `tolerance` of the larger of 1 and |expected|. */
static inline void check_close(const char *what, const float *got, const float *expected, size_t count,
                               double tolerance)
{
    for (size_t i = 0; i < count; i++) {
        double e = (double)expected[i], scale = __builtin_fabs(e) > 1 ? __builtin_fabs(e) : 1;
        double difference = __builtin_fabs((double)got[i] - e);
        if (!(difference <= tolerance * scale)) fail_msg("%s: value %zu is %.9g, not %.9g", what, i, (double)got[i], e);
    }
}

#endif
