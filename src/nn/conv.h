/* SPDX-License-Identifier: BSD-3-Clause
 * conv.h - the convolution of conv.c, for layers that have one inside. */
#ifndef EPO_NN_CONV_H
#define EPO_NN_CONV_H

#include "nn/plan.h"

/* Leaves a convolution of the tensor at this point pending. weights: O x I x k x k; bias: O, or NULL; both are copied.
 */
epo_status epo__builder_conv(epo__plan_builder *builder, const epo__conv_geometry *geometry, const float *weights,
                             const float *bias);

/* Puts a convolution of narrow numbers into the plan (conv_narrow.c). */
epo_status epo__builder_narrow_conv(epo__plan_builder *builder, epo__narrow_type type, const epo__conv_geometry *geometry,
                                    const float *weights, const float *bias, bool relu);

/* Puts a convolution with a kernel of 1 x 1 and step 1 into the plan (conv_pointwise.c). */
epo_status epo__builder_pointwise_conv(epo__plan_builder *builder, const epo__conv_geometry *geometry, const float *weights,
                                       const float *bias, bool relu);

#endif
