/* SPDX-License-Identifier: BSD-3-Clause
 * target_fits.c - FITS files: everything that can be asked of one, and the readers of stamps and of Deep-TAO sequences.
 * Of trusted files tile-compressed images are not decoded here: these alone bring a header from outside before cfitsio,
 * which is what the user vouches for with --trust-input. */
#include <string.h>

#include "data/reader.h"
#include "formats/fits.h"
#include "formats/fits_guard.h"
#include "fuzz/target.h"

static void ask_header(const epo__fits *f, size_t i)
{
    static const char *const names[] = {
        "HIERARCH RA (J2000)", "RA (J2000)", "MJD", "DATE-OBS", "OBJECT", "BLANK", "TTYPE1", "CANDID"};
    char text[EPO__FITS_VALUE];
    double real;
    int64_t whole;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        if (!epo__fits_key(f, i, names[n], text, sizeof text)) continue;
        fuzz_touch_text(text);
        if (epo__fits_key_double(f, i, names[n], &real)) fuzz_touch(&real, sizeof real);
        if (epo__fits_key_int(f, i, names[n], &whole)) fuzz_touch(&whole, sizeof whole);
    }
}

static void ask_table(const epo__fits *f, size_t i)
{
    enum { ROWS = 64 };
    char text[EPO__FITS_VALUE];
    const size_t rows = epo__fits_table_rows(f, i), columns = epo__fits_table_columns(f, i);
    size_t found;
    epo__fits_table_column(f, i, "MJD", &found);
    for (size_t row = 0; row < rows && row < ROWS; row++)
        for (size_t c = 0; c < columns; c++)
            if (epo__fits_table_text(f, i, c, row, text, sizeof text) == EPO_OK) fuzz_touch_text(text);
    if (rows && columns) epo__fits_table_text(f, i, columns - 1, rows - 1, text, sizeof text);
}

static int ask(const uint8_t *bytes, size_t size, const epo__fits_limits *limits)
{
    epo__fits *f = NULL;
    epo__image image = {0};
    epo__fits_info info;
    size_t i;
    if (epo__fits_open_memory(bytes, size, "fuzz.fits", limits, &f) != EPO_OK) return 0;
    for (i = 0; i < epo__fits_count(f); i++) {
        if (epo__fits_hdu(f, i, &info) == EPO_OK) fuzz_touch_text(info.extname);
        if (!f->units[i].tiled && epo__fits_image(f, i, &image) == EPO_OK)
            fuzz_touch(image.pixels, epo__image_bytes(&image));
        ask_header(f, i);
        ask_table(f, i);
    }
    epo__fits_find(f, "EPOCHS", &i);
    epo__fits_first_image(f, &i);
    epo__image_free(&image);
    epo__fits_close(f);
    return 1;
}

static int run(const uint8_t *bytes, size_t size)
{
    const epo_import_options options = EPO_IMPORT_OPTIONS_INIT;
    epo__fits_limits trusted = EPO__FITS_CUTOUT;
    trusted.trust = true;
    const int taken = ask(bytes, size, &EPO__FITS_CUTOUT);
    ask(bytes, size, &trusted);
    if (!taken) return 0;
    const char *path = fuzz_file(bytes, size);
    fuzz_read(&epo__reader_stamps, &options, path);
    fuzz_read(&epo__reader_tao, &options, path);
    return 1;
}

static const char *const words[] = {"SIMPLE  =",
                                    "XTENSION= 'IMAGE   '",
                                    "XTENSION= 'BINTABLE'",
                                    "XTENSION= 'TABLE   '",
                                    "BITPIX  =",
                                    "NAXIS   =",
                                    "NAXIS1  =",
                                    "NAXIS2  =",
                                    "NAXIS3  =",
                                    "PCOUNT  =",
                                    "GCOUNT  =",
                                    "GROUPS  =",
                                    "TFIELDS =",
                                    "TFORM1  =",
                                    "TTYPE1  =",
                                    "TSCAL1  =",
                                    "TZERO1  =",
                                    "TNULL1  =",
                                    "TBCOL1  =",
                                    "BSCALE  =",
                                    "BZERO   =",
                                    "BLANK   =",
                                    "EXTNAME =",
                                    "ZIMAGE  =",
                                    "ZNAXIS1 =",
                                    "ZBITPIX =",
                                    "HIERARCH",
                                    "END     ",
                                    "'",
                                    "-32",
                                    "-64",
                                    "1E308",
                                    "nan",
                                    "1.5D3",
                                    "9223372036854775807",
                                    NULL};

const fuzz_target fuzz_fits = {.name = "fits", .run = run, .words = words, .max_size = 32 << 10};
