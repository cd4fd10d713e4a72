/* SPDX-License-Identifier: BSD-3-Clause
 * target_curves.c - CSV files of light curves, plain and gzipped. */
#include "data/reader.h"
#include "fuzz/target.h"

static int run(const uint8_t *bytes, size_t size)
{
    const epo_import_options options = EPO_IMPORT_OPTIONS_INIT;
    return fuzz_read(&epo__reader_lightcurves, &options, fuzz_file(bytes, size));
}

static const char *const words[] = {"id",    "mjd",          "mag",     "mag_err", "class", "filter", "object",
                                    ",",     "\n",           "\r\n",    "\"",      "\"\"",  "nan",    "inf",
                                    "1e999", "\xef\xbb\xbf", "53000.5", "-",       NULL};

const fuzz_target fuzz_curves = {.name = "curves", .run = run, .words = words, .max_size = 4 << 10};
