/* SPDX-License-Identifier: BSD-3-Clause
 * weights.h - the published Keras weights among the real data, as models. */
#ifndef EPO_TESTS_WEIGHTS_H
#define EPO_TESTS_WEIGHTS_H

/* Runs tools/keras_to_safetensors.py on ztf/braai/KERAS of the real data; what it says goes to `messages`. Returns its
 * status as of system(). Skips the test where there is no data, or no python3 with h5py. */
int weights_convert(const char *keras, const char *net, const char *normalise, const char *out, const char *messages);

#endif
