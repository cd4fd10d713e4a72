/* SPDX-License-Identifier: BSD-3-Clause
 * weights.c - the converter, run as a user would. */
#include "support/weights.h"

#include <stdlib.h>

#include "support/check.h"

/* Debian's interpreter has Debian's h5py; another python3 may come first in PATH. */
static const char *find_python(void)
{
    static const char *const names[] = {"python3", "/usr/bin/python3"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char command[256];
        snprintf(command, sizeof command, "%s -c 'import h5py, numpy' 2>/dev/null", names[i]);
        if (system(command) == 0) return names[i];
    }
    return NULL;
}

int weights_convert(const char *keras, const char *net, const char *normalise, const char *out, const char *messages)
{
    const char *data = data_folder(), *python = find_python();
    if (!data || !python) skip();
    char command[4096];
    snprintf(command, sizeof command,
             "%s tools/keras_to_safetensors.py --net models/%s.net --normalise %s '%s/ztf/braai/%s' '%s' 2>'%s'", python, net,
             normalise, data, keras, out, messages);
    return system(command);
}
