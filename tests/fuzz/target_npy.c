/* SPDX-License-Identifier: BSD-3-Clause
 * target_npy.c - numpy arrays and archives of them: each array in every way in which it can be read, and the reader of
 * cubes. */
#include <stdlib.h>

#include "data/reader.h"
#include "formats/npy.h"
#include "fuzz/target.h"

enum { MOST = 512 /* items that are read of one array */ };

static void read_texts(epo__npy *npy, size_t count)
{
    const size_t stride = epo__npy_text_size(npy);
    if (stride == 0 || stride > 1 << 20) return;
    char *text = malloc(stride);
    while (text && count-- > 0 && epo__npy_read_text(npy, 1, text, stride) == EPO_OK) fuzz_touch_text(text);
    free(text);
}

/* The array in one way of several. */
static int read_array(const char *path, const char *array, int way)
{
    static union {
        float f32[MOST];
        double f64[MOST];
        int64_t whole[MOST];
        unsigned char raw[MOST * 8];
    } out;
    epo__npy *npy = NULL;
    epo_status status = epo__npy_open(path, array, &npy);
    if (status != EPO_OK) return 0;
    const epo__npy_info *info = epo__npy_info_of(npy);
    const size_t left = epo__npy_left(npy), count = left < MOST ? left : MOST;
    fuzz_touch_text(epo__npy_label(npy));
    switch (way) {
    case 0:
        status = epo__npy_read_f32(npy, count, out.f32);
        break;
    case 1:
        status = epo__npy_read_f64(npy, count, out.f64);
        break;
    case 2:
        status = epo__npy_read_int64(npy, count, out.whole);
        break;
    case 3:
        status = info->item_size <= 8 ? epo__npy_read(npy, count, out.raw) : EPO_EARG;
        break;
    default:
        read_texts(npy, count);
        break;
    }
    if (status == EPO_OK) fuzz_touch(&out, sizeof out);
    epo__npy_free(npy);
    return 1;
}

static int run(const uint8_t *bytes, size_t size)
{
    static const char *const arrays[] = {NULL, "x", "images", "labels", "names"};
    epo_import_options options = EPO_IMPORT_OPTIONS_INIT;
    const char *path = fuzz_file(bytes, size);
    int taken = 0;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        for (int way = 0; way < 5; way++) {
            if (!read_array(path, arrays[i], way)) break;
            taken = 1;
        }
    if (!taken) return 0;
    fuzz_read(&epo__reader_cube, &options, path);
    options.array = "images";
    options.label_column = "labels";
    options.names = "names";
    fuzz_read(&epo__reader_cube, &options, path);
    options.frames = "frames";
    options.times = "times";
    fuzz_read(&epo__reader_cube, &options, path);
    return 1;
}

static const char *const words[] = {"\x93NUMPY\x01",
                                    "\x93NUMPY\x02",
                                    "\x93NUMPY\x03",
                                    "'descr': ",
                                    "'fortran_order': False",
                                    "True",
                                    "'shape': (",
                                    "'<f4'",
                                    "'>f8'",
                                    "'|u1'",
                                    "'<i8'",
                                    "'|b1'",
                                    "'<U4'",
                                    "'|S6'",
                                    "'|O'",
                                    ", }",
                                    "PK\x01\x02",
                                    "PK\x03\x04",
                                    "PK\x05\x06",
                                    "PK\x06\x06",
                                    "PK\x06\x07",
                                    ".npy",
                                    "images",
                                    "labels",
                                    "4294967296",
                                    "-1",
                                    NULL};

const fuzz_target fuzz_npy = {.name = "npy", .run = run, .words = words, .max_size = 8 << 10};
