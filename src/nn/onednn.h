/* SPDX-License-Identifier: BSD-3-Clause
 * onednn.h - the convolutions of oneDNN. The only files that know oneDNN's interface are onednn.c and onednn_train.c;
 * version 3 differs from version 2.6, and nothing else needs to know.
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

/* A convolution in training: of whole batches (count x H x W x C), on weights that change from call to call and are
 * plain, O x I x k x k. What oneDNN makes for a number of samples is kept until another number comes. */
typedef struct epo__dnnl_conv_train epo__dnnl_conv_train;

epo_status epo__dnnl_conv_train_create(const epo__conv_geometry *geometry, bool bias, epo__dnnl_conv_train **out);
void epo__dnnl_conv_train_destroy(epo__dnnl_conv_train *conv); /* NULL is fine */
/* Each divides its work among omp_get_max_threads(). bias: O, NULL if there is none. */
epo_status epo__dnnl_conv_forward(epo__dnnl_conv_train *conv, int count, const float *weights, const float *bias,
                                  const float *in, float *out);
epo_status epo__dnnl_conv_backward_data(epo__dnnl_conv_train *conv, int count, const float *weights, const float *d_out,
                                        float *d_in);
/* Adds to d_weights and d_bias (NULL: not wanted). */
epo_status epo__dnnl_conv_backward_weights(epo__dnnl_conv_train *conv, int count, const float *in, const float *d_out,
                                           float *d_weights, float *d_bias);

/* C = A B + beta C, row-major; `transposed` ones are stored the other way round. A: m x k, B: k x n. lda, ldb and ldc
 * are floats from one stored row to the next. Inside a parallel region it uses the calling thread only. */
epo_status epo__sgemm(bool a_transposed, bool b_transposed, size_t m, size_t n, size_t k, const float *a, size_t lda,
                      const float *b, size_t ldb, float beta, float *c, size_t ldc);

void epo__dnnl_version(char *out, size_t size);
/* What the processor has, each with all before it, as far as $ONEDNN_MAX_CPU_ISA allows. */
typedef enum epo__isa {
    EPO__ISA_OTHER,
    EPO__ISA_AVX2,
    EPO__ISA_AVX512,
    EPO__ISA_AVX512_VNNI,
    EPO__ISA_AVX512_BF16,
    EPO__ISA_AMX
} epo__isa;
epo__isa epo__dnnl_isa(void);
const char *epo__dnnl_isa_name(void);
const char *epo__dnnl_runtime(void);

#endif
