/* SPDX-License-Identifier: BSD-3-Clause
 * precision.c - in what a model's convolutions compute. */
#include "arch/model.h"

const char *epo_precision_name(epo_precision precision)
{
    static const char *const names[] = {"f32", "bf16", "int8", "auto"};
    return (unsigned)precision < sizeof names / sizeof *names ? names[precision] : "unknown";
}

bool epo_precision_is_fast(epo_precision precision)
{
    return (precision != EPO_PRECISION_BF16 && precision != EPO_PRECISION_INT8) ||
           epo__nn_is_fast(precision == EPO_PRECISION_BF16 ? EPO__IN_BF16 : EPO__IN_INT8);
}

epo_precision epo__precision_here(epo_precision wanted, epo__precision *out)
{
    if (wanted == EPO_PRECISION_AUTO) wanted = epo_precision_is_fast(EPO_PRECISION_BF16) ? EPO_PRECISION_BF16 : EPO_PRECISION_F32;
    *out = wanted == EPO_PRECISION_BF16   ? EPO__IN_BF16
           : wanted == EPO_PRECISION_INT8 ? EPO__IN_INT8
                                          : EPO__IN_FLOAT32;
    return wanted;
}

epo_precision epo__model_precision(const epo_model *model)
{
    const epo__precision in = epo__net_precision(epo__model_encoder(model));
    return in == EPO__IN_BF16 ? EPO_PRECISION_BF16 : in == EPO__IN_INT8 ? EPO_PRECISION_INT8 : EPO_PRECISION_F32;
}

epo_precision epo_model_set_precision(epo_model *model, epo_precision precision)
{
    epo__precision in;
    precision = epo__precision_here(precision, &in);
    epo__net_set_precision(epo__model_encoder(model), in);
    for (int h = 0; h < EPO_HEAD_COUNT; h++)
        if (epo__model_head(model, (epo_head)h)) epo__net_set_precision(epo__model_head(model, (epo_head)h), in);
    return precision;
}
