/* SPDX-License-Identifier: BSD-3-Clause
 * elementwise.h - layers that work on each value by itself: relu, sigmoid. */
#ifndef EPO_NN_ELEMENTWISE_H
#define EPO_NN_ELEMENTWISE_H

#include "nn/plan.h"
#include "nn/train.h"

/* y = f(x), and d(loss)/dx from y and d(loss)/dy; `in` and `out` may be the same. */
typedef struct epo__elementwise {
    void (*forward)(const float *in, float *out, size_t count);
    void (*backward)(const float *out, const float *d_out, float *d_in, size_t count);
} epo__elementwise;

/* For an epo__layer_type: the shape stays, the plan works in place, training goes over parts on all threads. `function`
 * must outlive plan and op. */
epo_status epo__elementwise_configure(epo__layer *layer, const double *values);
epo_status epo__elementwise_plan(epo__plan_builder *builder, const epo__elementwise *function);
epo_status epo__elementwise_train(const epo__layer *layer, const epo__elementwise *function, epo__train_op *op);

#endif
