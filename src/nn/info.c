/* SPDX-License-Identifier: BSD-3-Clause
 * info.c - what runs underneath. */
#include <cblas.h>
#include <stdio.h>

#include "nn/net.h"
#include "nn/onednn.h"
#include "nn/product_narrow.h"

bool epo__nn_is_fast(epo__precision precision)
{
    return precision == EPO__IN_FLOAT32 || epo__narrow_is_fast(precision == EPO__IN_BF16 ? EPO__BF16 : EPO__INT8);
}

void epo__nn_get_info(epo__nn_info *out)
{
    static const char *const threading[] = {"single", "pthread", "OpenMP"};
    int parallel = openblas_get_parallel();
    epo__dnnl_version(out->onednn_version, sizeof out->onednn_version);
    snprintf(out->onednn_isa, sizeof out->onednn_isa, "%s", epo__dnnl_isa_name());
    snprintf(out->onednn_runtime, sizeof out->onednn_runtime, "%s", epo__dnnl_runtime());
    snprintf(out->blas_version, sizeof out->blas_version, "%s", openblas_get_config());
    snprintf(out->blas_core, sizeof out->blas_core, "%s", openblas_get_corename());
    snprintf(out->blas_threading, sizeof out->blas_threading, "%s",
             parallel >= 0 && parallel <= 2 ? threading[parallel] : "unknown");
}
