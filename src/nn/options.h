/* SPDX-License-Identifier: BSD-3-Clause
 * options.h - the "key=value" words of a layer, checked against its type's table. */
#ifndef EPO_NN_OPTIONS_H
#define EPO_NN_OPTIONS_H

#include "nn/net.h"

/* Fills values[0 .. option_count-1]: what is given, else the default. EPO_EARG, naming the option and what it takes,
 * for one that is unknown, given twice, missing, malformed or out of range. */
epo_status epo__options_read(const epo__layer_type *type, const epo__layer_arg *args, size_t count, double *values);

#endif
