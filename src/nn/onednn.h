/* SPDX-License-Identifier: BSD-3-Clause
 * onednn.h - the convolutions of oneDNN. The only file that knows oneDNN's interface is onednn.c; version 3 differs
 * from version 2.6, and nothing else needs to know.
 *
 * Tensors are float32, one sample, H x W x C. A convolution is made once and may then be run by several lanes at a
 * time: weights are shared, the small objects that carry pointers are a lane's own, scratch memory is the caller's.
 */
#ifndef EPO_NN_ONEDNN_H
#define EPO_NN_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"

typedef struct epo__dnnl_lane {
    int index;
    void *stream;  /* epo__dnnl_stream_create */
    void *scratch; /* at least epo__dnnl_conv_scratch() bytes, on a 64-byte border; one lane's own */
} epo__dnnl_lane;

epo_status epo__dnnl_stream_create(void **out);
void epo__dnnl_stream_destroy(void *stream); /* NULL is fine */

typedef struct epo__conv_geometry {
    int in_channels, height, width; /* source */
    int out_channels, out_height, out_width;
    int kernel, stride;
    int pad_top, pad_left, pad_bottom, pad_right;
} epo__conv_geometry;

typedef struct epo__dnnl_conv epo__dnnl_conv;

/* weights: O x I x k x k; bias: O, or NULL; both are copied. Runs on `threads` threads; `lanes` may run it at a time.
 */
epo_status epo__dnnl_conv_create(const epo__conv_geometry *geometry, const float *weights, const float *bias, bool relu,
                                 int threads, int lanes, epo__dnnl_conv **out);
void epo__dnnl_conv_destroy(epo__dnnl_conv *conv); /* NULL is fine */
size_t epo__dnnl_conv_scratch(const epo__dnnl_conv *conv);
epo_status epo__dnnl_conv_run(const epo__dnnl_conv *conv, const epo__dnnl_lane *lane, const float *in, float *out);

void epo__dnnl_version(char *out, size_t size);
const char *epo__dnnl_isa(void);
const char *epo__dnnl_runtime(void);

#endif
