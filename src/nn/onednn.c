/* SPDX-License-Identifier: BSD-3-Clause
 * onednn.c - the convolutions of oneDNN 2.6.
 *
 * Primitives are made with a scratchpad of the user's: oneDNN's own belongs to the thread that made the primitive, and
 * a plan may be run by another. Everything is made when the plan is, because oneDNN does not survive a failed malloc.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/onednn_parts.h"
#include "nn/openmp.h"

static struct {
    pthread_once_t once;
    dnnl_engine_t engine;
    dnnl_status_t status;
} cpu = {.once = PTHREAD_ONCE_INIT};

static void make_engine(void)
{
    cpu.status = dnnl_engine_create(&cpu.engine, dnnl_cpu, 0);
}

epo_status epo__dnnl_engine(dnnl_engine_t *out)
{
    pthread_once(&cpu.once, make_engine);
    if (cpu.status != dnnl_success)
        return epo__fail(EPO_EINTERNAL, "oneDNN gives no CPU engine (status %d)", (int)cpu.status);
    *out = cpu.engine;
    return EPO_OK;
}

epo_status epo__dnnl_failed(dnnl_status_t status, const char *doing)
{
    if (status == dnnl_out_of_memory) return epo__nomem(doing);
    return epo__fail(EPO_EINTERNAL, "oneDNN, %s: status %d", doing, (int)status);
}

epo_status epo__dnnl_stream_create(void **out)
{
    dnnl_engine_t engine = NULL;
    dnnl_stream_t stream = NULL;
    epo_status status = epo__dnnl_engine(&engine);
    if (status != EPO_OK) return status;
    dnnl_status_t s = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    if (s != dnnl_success) return epo__dnnl_failed(s, "making a stream");
    *out = stream;
    return EPO_OK;
}

void epo__dnnl_stream_destroy(void *stream)
{
    if (stream) dnnl_stream_destroy(stream);
}

struct lane_memory {
    dnnl_memory_t in, out, scratch;
};

struct epo__dnnl_conv {
    dnnl_primitive_t primitive;
    dnnl_memory_t weights, bias;
    float *weights_data, *bias_data;
    size_t scratch_size;
    int lanes;
    struct lane_memory *lane;
};

void epo__dnnl_conv_destroy(epo__dnnl_conv *conv)
{
    if (!conv) return;
    for (int i = 0; conv->lane && i < conv->lanes; i++) {
        if (conv->lane[i].in) dnnl_memory_destroy(conv->lane[i].in);
        if (conv->lane[i].out) dnnl_memory_destroy(conv->lane[i].out);
        if (conv->lane[i].scratch) dnnl_memory_destroy(conv->lane[i].scratch);
    }
    if (conv->weights) dnnl_memory_destroy(conv->weights);
    if (conv->bias) dnnl_memory_destroy(conv->bias);
    if (conv->primitive) dnnl_primitive_destroy(conv->primitive);
    free(conv->lane);
    free(conv->weights_data);
    free(conv->bias_data);
    free(conv);
}

/* float32 kept as it is whatever the environment asks for, our scratch memory, ReLU behind. */
static dnnl_status_t make_attributes(bool relu, dnnl_primitive_attr_t *out)
{
    dnnl_post_ops_t post = NULL;
    dnnl_status_t s = dnnl_primitive_attr_create(out);
    if (s == dnnl_success) s = dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user);
    if (s == dnnl_success) s = dnnl_primitive_attr_set_fpmath_mode(*out, dnnl_fpmath_mode_strict);
    if (s == dnnl_success && relu) {
        s = dnnl_post_ops_create(&post);
        if (s == dnnl_success) s = dnnl_post_ops_append_eltwise(post, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F);
        if (s == dnnl_success) s = dnnl_primitive_attr_set_post_ops(*out, post);
        if (post) dnnl_post_ops_destroy(post);
    }
    return s;
}

static dnnl_status_t make_description(const epo__conv_geometry *g, bool bias, dnnl_primitive_attr_t attributes,
                                      dnnl_engine_t engine, dnnl_primitive_desc_t *out)
{
    dnnl_memory_desc_t in, weights, offsets, result;
    dnnl_convolution_desc_t conv;
    dnnl_status_t s = dnnl_memory_desc_init_by_tag(&in, 4, (dnnl_dims_t){1, g->in_channels, g->height, g->width},
                                                   dnnl_f32, dnnl_nhwc);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&result, 4, (dnnl_dims_t){1, g->out_channels, g->out_height, g->out_width},
                                         dnnl_f32, dnnl_nhwc);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&weights, 4,
                                         (dnnl_dims_t){g->out_channels, g->in_channels, g->kernel, g->kernel}, dnnl_f32,
                                         dnnl_format_tag_any);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&offsets, 1, (dnnl_dims_t){g->out_channels}, dnnl_f32, dnnl_x);
    if (s == dnnl_success)
        s = dnnl_convolution_forward_desc_init(&conv, dnnl_forward_inference, dnnl_convolution_direct, &in, &weights,
                                               bias ? &offsets : NULL, &result, (dnnl_dims_t){g->stride, g->stride},
                                               (dnnl_dims_t){g->pad_top, g->pad_left},
                                               (dnnl_dims_t){g->pad_bottom, g->pad_right});
    if (s == dnnl_success) s = dnnl_primitive_desc_create(out, &conv, attributes, engine, NULL);
    return s;
}

/* Brings O x I x k x k weights into the layout that the primitive chose. */
static epo_status arrange_weights(const epo__conv_geometry *g, const float *plain, const dnnl_memory_desc_t *wanted,
                                  dnnl_engine_t engine, epo__dnnl_conv *conv)
{
    dnnl_memory_desc_t given;
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t reorder = NULL;
    void *stream = NULL;
    epo_status status = EPO_OK;
    conv->weights_data = epo__alloc_aligned(dnnl_memory_desc_get_size(wanted), 1);
    if (!conv->weights_data) return epo__nomem("weights of a convolution");

    dnnl_status_t s =
        dnnl_memory_desc_init_by_tag(&given, 4, (dnnl_dims_t){g->out_channels, g->in_channels, g->kernel, g->kernel},
                                     dnnl_f32, dnnl_oihw);
    if (s == dnnl_success) s = dnnl_memory_create(&from, &given, engine, (void *)(uintptr_t)plain);
    if (s == dnnl_success) s = dnnl_memory_create(&conv->weights, wanted, engine, conv->weights_data);
    if (s == dnnl_success) s = dnnl_reorder_primitive_desc_create(&description, &given, engine, wanted, engine, NULL);
    if (s == dnnl_success) s = dnnl_primitive_create(&reorder, description);
    if (s == dnnl_success) {
        status = epo__dnnl_stream_create(&stream);
        if (status != EPO_OK) goto done;
        dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, conv->weights}};
        s = dnnl_primitive_execute(reorder, stream, 2, args);
        if (s == dnnl_success) s = dnnl_stream_wait(stream);
    }
    if (s != dnnl_success) status = epo__dnnl_failed(s, "arranging weights");
done:
    epo__dnnl_stream_destroy(stream);
    if (reorder) dnnl_primitive_destroy(reorder);
    if (description) dnnl_primitive_desc_destroy(description);
    if (from) dnnl_memory_destroy(from);
    return status;
}

static epo_status copy_bias(const float *bias, int channels, dnnl_engine_t engine, epo__dnnl_conv *conv)
{
    dnnl_memory_desc_t shape;
    conv->bias_data = epo__alloc_aligned((size_t)channels, sizeof *bias);
    if (!conv->bias_data) return epo__nomem("bias of a convolution");
    for (int i = 0; i < channels; i++) conv->bias_data[i] = bias[i];
    dnnl_status_t s = dnnl_memory_desc_init_by_tag(&shape, 1, (dnnl_dims_t){channels}, dnnl_f32, dnnl_x);
    if (s == dnnl_success) s = dnnl_memory_create(&conv->bias, &shape, engine, conv->bias_data);
    return s == dnnl_success ? EPO_OK : epo__dnnl_failed(s, "making a bias");
}

static epo_status make_lanes(dnnl_primitive_desc_t description, dnnl_engine_t engine, epo__dnnl_conv *conv)
{
    const dnnl_memory_desc_t *in = dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0);
    const dnnl_memory_desc_t *out = dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0);
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    conv->scratch_size = dnnl_memory_desc_get_size(scratch);
    conv->lane = epo__alloc((size_t)conv->lanes, sizeof *conv->lane);
    if (!conv->lane) return epo__nomem("lanes of a convolution");
    dnnl_status_t s = dnnl_success;
    for (int i = 0; i < conv->lanes && s == dnnl_success; i++) {
        s = dnnl_memory_create(&conv->lane[i].in, in, engine, DNNL_MEMORY_NONE);
        if (s == dnnl_success) s = dnnl_memory_create(&conv->lane[i].out, out, engine, DNNL_MEMORY_NONE);
        if (s == dnnl_success) s = dnnl_memory_create(&conv->lane[i].scratch, scratch, engine, DNNL_MEMORY_NONE);
    }
    return s == dnnl_success ? EPO_OK : epo__dnnl_failed(s, "making memory objects");
}

epo_status epo__dnnl_conv_create(const epo__conv_geometry *geometry, const float *weights, const float *bias, bool relu,
                                 int threads, int lanes, epo__dnnl_conv **out)
{
    dnnl_engine_t engine = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    epo_status status = epo__dnnl_engine(&engine);
    if (status != EPO_OK) return status;
    epo__dnnl_conv *conv = epo__alloc(1, sizeof *conv);
    if (!conv) return epo__nomem("convolution");
    conv->lanes = lanes;

    const epo__openmp before = epo__openmp_use(threads); /* a primitive divides its work when it is made */
    dnnl_status_t s = make_attributes(relu, &attributes);
    if (s == dnnl_success) s = make_description(geometry, bias != NULL, attributes, engine, &description);
    if (s == dnnl_success) s = dnnl_primitive_create(&conv->primitive, description);
    if (s != dnnl_success) {
        status = epo__dnnl_failed(s, "making a convolution");
        goto done;
    }
    status = arrange_weights(geometry, weights, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0),
                             engine, conv);
    if (status == EPO_OK && bias) status = copy_bias(bias, geometry->out_channels, engine, conv);
    if (status == EPO_OK) status = make_lanes(description, engine, conv);
    if (status == EPO_OK) {
        *out = conv;
        conv = NULL;
    }
done:
    epo__openmp_restore(before);
    if (description) dnnl_primitive_desc_destroy(description);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    epo__dnnl_conv_destroy(conv);
    return status;
}

size_t epo__dnnl_conv_scratch(const epo__dnnl_conv *conv)
{
    return conv->scratch_size;
}

epo_status epo__dnnl_conv_run(const epo__dnnl_conv *conv, const epo__dnnl_lane *lane, const float *in, float *out)
{
    const struct lane_memory *memory = &conv->lane[lane->index];
    dnnl_exec_arg_t args[5] = {{DNNL_ARG_SRC, memory->in},
                               {DNNL_ARG_DST, memory->out},
                               {DNNL_ARG_WEIGHTS, conv->weights},
                               {DNNL_ARG_SCRATCHPAD, memory->scratch}};
    int count = 4;
    if (conv->bias) args[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, conv->bias};
    dnnl_status_t s = dnnl_memory_set_data_handle(memory->in, (void *)(uintptr_t)in);
    if (s == dnnl_success) s = dnnl_memory_set_data_handle(memory->out, out);
    if (s == dnnl_success) s = dnnl_memory_set_data_handle(memory->scratch, lane->scratch);
    if (s == dnnl_success) s = dnnl_primitive_execute(conv->primitive, lane->stream, count, args);
    return s == dnnl_success ? EPO_OK : epo__dnnl_failed(s, "running a convolution");
}

epo_status epo__sgemm(bool a_transposed, bool b_transposed, size_t m, size_t n, size_t k, const float *a, size_t lda,
                      const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
    dnnl_status_t s = dnnl_sgemm(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', (dnnl_dim_t)m, (dnnl_dim_t)n,
                                 (dnnl_dim_t)k, 1.0F, a, (dnnl_dim_t)lda, b, (dnnl_dim_t)ldb, beta, c, (dnnl_dim_t)ldc);
    return s == dnnl_success ? EPO_OK : epo__dnnl_failed(s, "multiplying matrices");
}

void epo__dnnl_version(char *out, size_t size)
{
    const dnnl_version_t *version = dnnl_version();
    snprintf(out, size, "%d.%d.%d", version->major, version->minor, version->patch);
}

/* Each value of oneDNN has the bits of those that it holds, so that one which is not known here is taken for the best that is. */
epo__isa epo__dnnl_isa(void)
{
    static const struct {
        dnnl_cpu_isa_t bits;
        epo__isa isa;
    } known[] = {{dnnl_cpu_isa_avx512_core_amx, EPO__ISA_AMX},
                 {dnnl_cpu_isa_avx512_core_bf16, EPO__ISA_AVX512_BF16},
                 {dnnl_cpu_isa_avx512_core_vnni, EPO__ISA_AVX512_VNNI},
                 {dnnl_cpu_isa_avx512_core, EPO__ISA_AVX512},
                 {dnnl_cpu_isa_avx2, EPO__ISA_AVX2}};
    const unsigned here = dnnl_get_effective_cpu_isa();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((here & known[i].bits) == known[i].bits) return known[i].isa;
    return EPO__ISA_OTHER;
}

const char *epo__dnnl_isa_name(void)
{
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41:
        return "SSE4.1";
    case dnnl_cpu_isa_avx:
        return "AVX";
    case dnnl_cpu_isa_avx2:
        return "AVX2";
    case dnnl_cpu_isa_avx2_vnni:
        return "AVX2 with int8";
    case dnnl_cpu_isa_avx512_mic:
        return "AVX-512 (Xeon Phi)";
    case dnnl_cpu_isa_avx512_mic_4ops:
        return "AVX-512 (Xeon Phi, 4 ops)";
    case dnnl_cpu_isa_avx512_core:
        return "AVX-512";
    case dnnl_cpu_isa_avx512_core_vnni:
        return "AVX-512 with int8";
    case dnnl_cpu_isa_avx512_core_bf16:
        return "AVX-512 with bf16";
    case dnnl_cpu_isa_avx512_core_amx:
        return "AVX-512 with bf16 and AMX";
    default:
        return "generic";
    }
}

const char *epo__dnnl_runtime(void)
{
    switch (dnnl_version()->cpu_runtime) {
    case DNNL_RUNTIME_OMP:
        return "OpenMP";
    case DNNL_RUNTIME_TBB:
        return "TBB";
    case DNNL_RUNTIME_SEQ:
        return "sequential";
    case DNNL_RUNTIME_THREADPOOL:
        return "threadpool";
    default:
        return "unknown";
    }
}
