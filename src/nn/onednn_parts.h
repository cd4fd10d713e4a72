/* SPDX-License-Identifier: BSD-3-Clause
 * onednn_parts.h - what onednn.c and onednn_train.c share. */
#ifndef EPO_NN_ONEDNN_PARTS_H
#define EPO_NN_ONEDNN_PARTS_H

#include <oneapi/dnnl/dnnl.h>

#include "nn/onednn.h"

epo_status epo__dnnl_engine(dnnl_engine_t *out);                      /* one for the process */
epo_status epo__dnnl_failed(dnnl_status_t status, const char *doing); /* its status as ours, with a message */

#endif
