/* SPDX-License-Identifier: BSD-3-Clause
 * test_fits.c - what a good FITS file says is what is read: pixels of every type, header values, table cells. */
#include "support/check.h"

#include <fitsio.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "formats/fits.h"
#include "support/fitsmake.h"

static const epo__fits_limits file_limits = {.max_bytes = 1 << 24, .max_side = EPO__FITS_MAX_SIDE};

static epo__fits *open_made(const fm_file *made, const epo__fits_limits *limits)
{
    epo__fits *f = NULL;
    check_ok(epo__fits_open_memory(made->data, made->size, "made", limits, &f));
    return f;
}

/* Writes a 3x2 image, reads it back as `type`, and leaves the pixels in `image`. */
static void round_trip(int bitpix, const void *values, const char *cards, epo__pixel_type type, epo__image *image)
{
    fm_file made = {0};
    fm_image(&made, bitpix, 3, 2, values, cards);
    epo__fits *f = open_made(&made, &file_limits);
    check_ok(epo__fits_image(f, 0, image));
    assert_int_equal(image->width, 3);
    assert_int_equal(image->height, 2);
    assert_string_equal(epo__pixel_name(image->type), epo__pixel_name(type));
    epo__fits_close(f);
    fm_free(&made);
}

static void every_type_is_read_as_written(void **state)
{
    (void)state;
    const uint8_t u8[] = {0, 1, 127, 128, 254, 255};
    const int16_t i16[] = {-32768, -2, 0, 3, 1000, 32767};
    const int32_t i32[] = {INT32_MIN, -70000, 0, 5, 16777217, INT32_MAX};
    const int64_t i64[] = {-(INT64_C(1) << 53), -7, 0, 11, INT64_C(1) << 40, INT64_C(1) << 62};
    const float f32[] = {-1.5f, 0, 3.4e38f, 1e-40f, -INFINITY, 63.25f};
    const double f64[] = {-1e300, 0.1, 3, 1e-310, INFINITY, 53827.123456789};
    epo__image image = {0};
    round_trip(8, u8, NULL, EPO__PIXEL_U8, &image);
    assert_memory_equal(image.pixels, u8, sizeof u8);
    round_trip(16, i16, NULL, EPO__PIXEL_I16, &image);
    assert_memory_equal(image.pixels, i16, sizeof i16);
    round_trip(32, i32, "BSCALE  = 1.0\nBZERO   = 0.0", EPO__PIXEL_I32, &image);
    assert_memory_equal(image.pixels, i32, sizeof i32);
    round_trip(-32, f32, NULL, EPO__PIXEL_F32, &image);
    assert_memory_equal(image.pixels, f32, sizeof f32);
    round_trip(-64, f64, NULL, EPO__PIXEL_F64, &image);
    assert_memory_equal(image.pixels, f64, sizeof f64);
    round_trip(64, i64, NULL, EPO__PIXEL_F64, &image);
    for (size_t i = 0; i < 6; i++) assert_true(((double *)image.pixels)[i] == (double)i64[i]);
    epo__image_free(&image);
}

static void unsigned_and_signed_conventions_are_exact(void **state)
{
    (void)state;
    const int16_t stored[] = {-32768, -32767, -1, 0, 1, 32767};
    const uint16_t meant[] = {0, 1, 32767, 32768, 32769, 65535};
    const uint8_t bytes[] = {0, 1, 127, 128, 129, 255};
    const int16_t signed_bytes[] = {-128, -127, -1, 0, 1, 127};
    epo__image image = {0};
    round_trip(16, stored, "BZERO   =                32768\nBSCALE  = 1", EPO__PIXEL_U16, &image);
    assert_memory_equal(image.pixels, meant, sizeof meant);
    round_trip(16, stored, "BZERO   = 3.2768D+04 / Fortran", EPO__PIXEL_U16, &image);
    assert_memory_equal(image.pixels, meant, sizeof meant);
    round_trip(8, bytes, "BZERO   = -128", EPO__PIXEL_I16, &image);
    assert_memory_equal(image.pixels, signed_bytes, sizeof signed_bytes);
    epo__image_free(&image);
}

static void other_scaling_gives_physical_values(void **state)
{
    (void)state;
    const int16_t i16[] = {-32768, -2, 0, 3, 1000, 32767};
    const int32_t i32[] = {INT32_MIN, -70000, 0, 5, 16777217, INT32_MAX};
    const uint8_t u8[] = {0, 1, 7, 128, 254, 255};
    const float f32[] = {-1.5f, NAN, 3, 4, INFINITY, 63.25f};
    epo__image image = {0};
    round_trip(16, i16, "BSCALE  = 0.5\nBZERO   = 100", EPO__PIXEL_F32, &image);
    for (size_t i = 0; i < 6; i++) assert_true(((float *)image.pixels)[i] == 0.5f * i16[i] + 100);
    round_trip(32, i32, "BZERO   = 2147483648", EPO__PIXEL_F64, &image);
    for (size_t i = 0; i < 6; i++) assert_true(((double *)image.pixels)[i] == i32[i] + 2147483648.0);
    round_trip(-32, f32, "BSCALE  = 2", EPO__PIXEL_F32, &image);
    assert_true(((float *)image.pixels)[0] == -3);
    assert_true(isnan(((float *)image.pixels)[1]));
    assert_true(isinf(((float *)image.pixels)[4]));

    round_trip(16, i16, "BLANK   = -2", EPO__PIXEL_F32, &image);
    for (size_t i = 0; i < 6; i++)
        assert_true(i == 1 ? isnan(((float *)image.pixels)[i]) : ((float *)image.pixels)[i] == i16[i]);
    round_trip(32, i32, "BLANK   = 2147483647\nBSCALE  = 10", EPO__PIXEL_F64, &image);
    for (size_t i = 0; i < 6; i++)
        assert_true(i == 5 ? isnan(((double *)image.pixels)[i]) : ((double *)image.pixels)[i] == 10.0 * i32[i]);
    round_trip(8, u8, "BLANK   = 256 / no byte is that", EPO__PIXEL_F32, &image);
    for (size_t i = 0; i < 6; i++) assert_true(((float *)image.pixels)[i] == u8[i]);
    epo__image_free(&image);
}

static void nan_pixels_stay_as_they_are(void **state)
{
    (void)state;
    float f32[6] = {NAN, 1, 2, -NAN, 4, 5};
    epo__image image = {0};
    round_trip(-32, f32, NULL, EPO__PIXEL_F32, &image);
    assert_memory_equal(image.pixels, f32, sizeof f32);
    for (size_t i = 0; i < 6; i++) f32[i] = NAN;
    round_trip(-32, f32, "BLANK   = 7", EPO__PIXEL_F32, &image);
    for (size_t i = 0; i < 6; i++) assert_true(isnan(((float *)image.pixels)[i]));
    epo__image_free(&image);
}

static void pixels_become_float32(void **state)
{
    (void)state;
    unsigned char packed[1 + 3 * sizeof(double)]; /* from an odd address */
    float out[3];
    const double f64[] = {1e300, 0.1, -2};
    const uint16_t u16[] = {0, 40000, 65535};
    const int32_t i32[] = {16777217, -5, 7};
    memcpy(packed + 1, f64, sizeof f64);
    epo__pixels_to_f32(EPO__PIXEL_F64, packed + 1, 3, out);
    assert_true(isinf(out[0]) && out[1] == 0.1f && out[2] == -2);
    memcpy(packed + 1, u16, sizeof u16);
    epo__pixels_to_f32(EPO__PIXEL_U16, packed + 1, 3, out);
    assert_true(out[0] == 0 && out[1] == 40000 && out[2] == 65535);
    memcpy(packed + 1, i32, sizeof i32);
    epo__pixels_to_f32(EPO__PIXEL_I32, packed + 1, 3, out);
    assert_true(out[0] == 16777216 && out[1] == -5 && out[2] == 7);
    epo__pixels_to_f32(EPO__PIXEL_U8, "\x00\x80\xff", 3, out);
    assert_true(out[0] == 0 && out[1] == 128 && out[2] == 255);

    epo__pixel_type type;
    for (int t = EPO__PIXEL_U8; t <= EPO__PIXEL_F64; t++) {
        assert_true(epo__pixel_from_name(epo__pixel_name((epo__pixel_type)t), &type));
        assert_int_equal(type, t);
    }
    assert_false(epo__pixel_from_name("f16", &type));
    assert_int_equal(epo__pixel_size(EPO__PIXEL_F64), 8);
    assert_int_equal(epo__pixel_size((epo__pixel_type)77), 0);
}

static void header_values_are_text(void **state)
{
    (void)state;
    fm_file made = {0};
    char text[EPO__FITS_VALUE];
    double d = -1;
    int64_t n = -1;
    fm_primary(&made, "OBJECT  = 'O''Brien / 7  '   / a quote, a slash\n"
                      "MJD     = 5.3827125D+04 / Fortran exponent\n"
                      "HIERARCH RA (J2000) = 171.0112 / deg\n"
                      "HIERARCH  Class   Of It= 'SN 2006tf (TSS)'\n"
                      "COUNT   = 42\n"
                      "COUNT   = 43\n"
                      "NUMTEXT = ' 2.5 '\n"
                      "EMPTY   =\n"
                      "NULLTEXT= ''\n"
                      "OPEN    = 'no closing quote\n"
                      "LOWer   = T\n"
                      "COMMENT = 'not a value'\n"
                      "HISTORY  a text");
    epo__fits *f = open_made(&made, &file_limits);
    assert_true(epo__fits_key(f, 0, "object", text, sizeof text));
    assert_string_equal(text, "O'Brien / 7");
    assert_true(epo__fits_key_double(f, 0, "MJD", &d) && d == 53827.125);
    assert_true(epo__fits_key_double(f, 0, "RA (J2000)", &d) && d == 171.0112);
    assert_true(epo__fits_key_double(f, 0, "HIERARCH ra (j2000)", &d) && d == 171.0112);
    assert_true(epo__fits_key(f, 0, "CLASS OF IT", text, sizeof text));
    assert_string_equal(text, "SN 2006tf (TSS)");
    assert_true(epo__fits_key_int(f, 0, "COUNT", &n) && n == 42);
    assert_true(epo__fits_key_double(f, 0, "NUMTEXT", &d) && d == 2.5);
    assert_true(epo__fits_key(f, 0, "EMPTY", text, sizeof text) && text[0] == '\0');
    assert_true(epo__fits_key(f, 0, "NULLTEXT", text, sizeof text) && text[0] == '\0');
    assert_true(epo__fits_key(f, 0, "OPEN", text, sizeof text));
    assert_string_equal(text, "no closing quote");
    assert_true(epo__fits_key(f, 0, "LOWER", text, sizeof text));
    assert_string_equal(text, "T");
    assert_false(epo__fits_key(f, 0, "COUN", text, sizeof text));
    assert_false(epo__fits_key(f, 0, "COUNTS", text, sizeof text));
    assert_false(epo__fits_key(f, 0, "HISTORY", text, sizeof text));
    assert_false(epo__fits_key(f, 0, "RA", text, sizeof text));
    assert_false(epo__fits_key(f, 0, "a name that is longer than a keyword", text, sizeof text));
    assert_false(epo__fits_key(f, 1, "COUNT", text, sizeof text));
    assert_false(epo__fits_key_int(f, 0, "MJD", &n));
    assert_int_equal(n, 42);
    char small[4];
    assert_true(epo__fits_key(f, 0, "OBJECT", small, sizeof small));
    assert_string_equal(small, "O'B");
    epo__fits_close(f);
    fm_free(&made);
}

static void extensions_are_found(void **state)
{
    (void)state;
    const int16_t pixels[6] = {1, 2, 3, 4, 5, 6};
    fm_file made = {0}, gz = {0};
    fm_primary(&made, NULL);
    fm_image(&made, 16, 2, 3, pixels, "EXTNAME = 'SCI'");
    fm_image(&made, 16, 3, 2, pixels, "EXTNAME = 'Diff    '");
    fm_bytes(&made, NULL, 1000); /* padding after the end */
    epo__fits_info info;
    epo__fits *f = open_made(&made, &file_limits);
    size_t i = 99;
    assert_int_equal(epo__fits_count(f), 3);
    check_ok(epo__fits_hdu(f, 0, &info));
    assert_int_equal(info.kind, EPO__FITS_NONE);
    assert_true(epo__fits_find(f, "DIFF", &i));
    assert_int_equal(i, 2);
    check_ok(epo__fits_hdu(f, 2, &info));
    assert_int_equal(info.kind, EPO__FITS_IMAGE);
    assert_string_equal(info.extname, "Diff");
    assert_int_equal(info.width, 3);
    assert_false(epo__fits_find(f, "DIF", &i));
    check_ok(epo__fits_first_image(f, &i));
    assert_int_equal(i, 1);
    epo__image image = {0};
    check_fails(epo__fits_image(f, 0, &image), EPO_EUNSUPPORTED, "made: HDU 0 is not an image");
    check_fails(epo__fits_image(f, 3, &image), EPO_EARG, "no HDU 3");
    check_fails(epo__fits_hdu(f, 3, &info), EPO_EARG, "no HDU 3");
    epo__fits_close(f);

    /* gzipped: from memory, into a scratch twice, and from a file */
    epo__bytes scratch = {0};
    fm_gzip(&made, &gz);
    for (int turn = 0; turn < 2; turn++) {
        check_ok(epo__fits_open_scratch(gz.data, gz.size, "cutout", &file_limits, &scratch, &f));
        check_ok(epo__fits_image(f, 2, &image));
        assert_memory_equal(image.pixels, pixels, sizeof pixels);
        epo__fits_close(f);
    }
    epo__bytes_free(&scratch);
    check_ok(epo__fits_open_memory(gz.data, gz.size, "cutout", &file_limits, &f));
    epo__fits_close(f);
    char *folder = temp_make();
    fm_save(&gz, temp_path(folder, "x.fits")); /* told by its bytes, not its name */
    check_ok(epo__fits_open_file(temp_path(folder, "x.fits"), &file_limits, &f));
    check_ok(epo__fits_image(f, 1, &image));
    assert_int_equal(image.width, 2);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    epo__fits_close(f);
    temp_remove(folder);
    epo__image_free(&image);
    fm_free(&gz);
    fm_free(&made);
}

static void table_cells_are_text(void **state)
{
    (void)state;
    static const char *const names[] = {"HDU_Ext", "Date", "MJD", "Mag", "Flag", "Byte", "Short", "Long"};
    static const char *const forms[] = {"J", "8A", "1D", "E", "L", "B", "I", "K"};
    static const char *const cells[] = {
        "2",  "06APR02",  "53827.123456789", "19.27", "T", "200", "-5",     "-9007199254740993", //
        "-9", " 06 DEC ", "0.1",             "nan",   "F", "7",   "-32768", "9223372036854775807"};
    static const char *const expected[] = {
        "2",  "06APR02", "53827.123456789", "19.27", "T", "200", "32763", "-9007199254740993", //
        "-9", "06 DEC",  "0.1",             "nan",   "F", "",    "0",     "9223372036854775807"};
    fm_file made = {0};
    char text[EPO__FITS_VALUE];
    size_t column = 99;
    fm_table(&made, 8, names, forms, 2, cells, "TNULL6  = 7\nTZERO7  = 32768\nEXTNAME = 'EPOCHS'");
    epo__fits *f = open_made(&made, &file_limits);
    assert_int_equal(epo__fits_table_rows(f, 1), 2);
    assert_int_equal(epo__fits_table_columns(f, 1), 8);
    assert_int_equal(epo__fits_table_rows(f, 0), 0);
    assert_true(epo__fits_table_column(f, 1, "mjd", &column));
    assert_int_equal(column, 2);
    assert_false(epo__fits_table_column(f, 1, "MJ", &column));
    for (size_t n = 0; n < 16; n++) {
        check_ok(epo__fits_table_text(f, 1, n % 8, n / 8, text, sizeof text));
        assert_string_equal(text, expected[n]);
    }
    check_fails(epo__fits_table_text(f, 1, 8, 0, text, sizeof text), EPO_EARG, "column 8");
    check_fails(epo__fits_table_text(f, 1, 0, 2, text, sizeof text), EPO_EARG, "row 2");
    check_fails(epo__fits_table_text(f, 0, 0, 0, text, sizeof text), EPO_EUNSUPPORTED, "not a table");
    check_fails(epo__fits_table_text(f, 1, 1, 0, text, 7), EPO_ELIMIT, "over 6 bytes");
    epo__fits_close(f);
    fm_free(&made);
}

static void unsigned_and_scaled_columns(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d"}, *const forms[] = {"K", "J", "E", "0A"};
    static const char *const cells[] = {"9223372036854775807", "-3", "2.5", ""};
    fm_file made = {0};
    char text[EPO__FITS_VALUE];
    fm_table(&made, 4, names, forms, 1, cells, "TZERO1  = 9223372036854775808\nTSCAL2  = 0.5\nTZERO3  = 1");
    epo__fits *f = open_made(&made, &file_limits);
    static const char *const expected[] = {"18446744073709551615", "-1.5", "3.5", ""};
    for (size_t c = 0; c < 4; c++) {
        check_ok(epo__fits_table_text(f, 1, c, 0, text, sizeof text));
        assert_string_equal(text, expected[c]);
    }
    epo__fits_close(f);
    fm_free(&made);
}

static void ascii_tables_are_read_too(void **state)
{
    (void)state;
    fm_file made = {0};
    char text[EPO__FITS_VALUE];
    size_t column = 0;
    fm_primary(&made, NULL);
    fm_cards(&made, "XTENSION= 'TABLE   '\nBITPIX  = 8\nNAXIS   = 2\nNAXIS1  = 20\nNAXIS2  = 2");
    fm_cards(&made, "TFIELDS = 2\nTTYPE1  = 'MJD'\nTFORM1  = 'F10.3'\nTBCOL1  = 9");
    fm_cards(&made, "TTYPE2  = 'NAME'\nTFORM2  = 'A8'\nTBCOL2  = 1");
    fm_end(&made);
    fm_bytes(&made, "first    53827.250  second  -1.5        ", 40);
    fm_fill(&made);
    epo__fits *f = open_made(&made, &file_limits);
    assert_true(epo__fits_table_column(f, 1, "MJD", &column));
    check_ok(epo__fits_table_text(f, 1, column, 0, text, sizeof text));
    assert_string_equal(text, "53827.250");
    check_ok(epo__fits_table_text(f, 1, 1, 1, text, sizeof text));
    assert_string_equal(text, "second");
    epo__fits_close(f);
    fm_free(&made);
}

static void trust_admits_cubes_of_one_plane_and_tiles(void **state)
{
    (void)state;
    const epo__fits_limits trusted = EPO__FITS_TRUSTED;
    epo__image image = {0};
    epo__fits *f;
    fm_file made = {0};
    const int16_t pixels[6] = {1, -2, 3, 4, 5, 6};
    fm_cards(&made, "SIMPLE  = T\nBITPIX  = 16\nNAXIS   = 3\nNAXIS1  = 2\nNAXIS2  = 3\nNAXIS3  = 1");
    fm_end(&made);
    fm_swapped(&made, pixels, 2, 6); /* and no fill */
    check_fails(epo__fits_open_memory(made.data, made.size, "cube", &file_limits, &f), EPO_EFORMAT, "truncated");
    f = open_made(&made, &trusted);
    check_ok(epo__fits_image(f, 0, &image));
    assert_int_equal(image.height, 3);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    epo__fits_close(f);
    fm_free(&made);

    /* written by cfitsio, because the format of tiles is its own */
    char *folder = temp_make();
    const char *path = temp_path(folder, "tiles.fits");
    int16_t values[40 * 30];
    for (int i = 0; i < 40 * 30; i++) values[i] = (int16_t)(i * 7 % 1000 - 300);
    fitsfile *file = NULL;
    int status = 0;
    long axes[2] = {40, 30};
    fits_create_diskfile(&file, path, &status);
    fits_set_compression_type(file, RICE_1, &status);
    fits_create_img(file, SHORT_IMG, 2, axes, &status);
    fits_write_img(file, TSHORT, 1, 40 * 30, values, &status);
    fits_close_file(file, &status);
    assert_int_equal(status, 0);
    check_ok(epo__fits_open_file(path, &file_limits, &f));
    check_fails(epo__fits_image(f, 1, &image), EPO_EUNSUPPORTED, "tile-compressed");
    size_t i;
    check_fails(epo__fits_first_image(f, &i), EPO_EUNSUPPORTED, "HDU 1: a tile-compressed");
    epo__fits_close(f);
    check_ok(epo__fits_open_file(path, &trusted, &f));
    check_ok(epo__fits_image(f, 1, &image));
    assert_int_equal(image.width, 40);
    assert_int_equal(image.type, EPO__PIXEL_F32);
    for (i = 0; i < 40 * 30; i++) assert_true(((float *)image.pixels)[i] == values[i]);
    epo__fits_close(f);
    epo__image_free(&image);
    temp_remove(folder);
}

static void *read_many(void *made)
{
    const fm_file *file = made;
    epo__image image = {0};
    size_t wrong = 0;
    for (int turn = 0; turn < 300; turn++) {
        epo__fits *f = NULL;
        if (epo__fits_open_memory(file->data, file->size, "thread", &file_limits, &f)) return "open";
        for (size_t i = 0; i < epo__fits_count(f); i++)
            wrong += epo__fits_image(f, i, &image) != EPO_OK || ((int16_t *)image.pixels)[5] != 5;
        epo__fits_close(f);
    }
    epo__image_free(&image);
    return wrong ? "pixels" : NULL;
}

static void threads_read_at_once(void **state)
{
    (void)state;
    fm_file made = {0};
    int16_t pixels[64 * 64];
    for (int i = 0; i < 64 * 64; i++) pixels[i] = (int16_t)i;
    for (int i = 0; i < 5; i++) fm_image(&made, 16, 64, 64, pixels, NULL);
    pthread_t threads[4];
    for (int t = 0; t < 4; t++) assert_int_equal(pthread_create(&threads[t], NULL, read_many, &made), 0);
    for (int t = 0; t < 4; t++) {
        void *wrong = NULL;
        pthread_join(threads[t], &wrong);
        if (wrong) fail_msg("%s", (char *)wrong);
    }
    fm_free(&made);
}

static void the_version_is_told(void **state)
{
    (void)state;
    char version[16];
    int a, b, c;
    epo__fits_version(version);
    assert_int_equal(sscanf(version, "%d.%d.%d", &a, &b, &c), 3);
    assert_true(a >= 3 && a < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read_as_written),
        cmocka_unit_test(unsigned_and_signed_conventions_are_exact),
        cmocka_unit_test(other_scaling_gives_physical_values),
        cmocka_unit_test(nan_pixels_stay_as_they_are),
        cmocka_unit_test(pixels_become_float32),
        cmocka_unit_test(header_values_are_text),
        cmocka_unit_test(extensions_are_found),
        cmocka_unit_test(table_cells_are_text),
        cmocka_unit_test(unsigned_and_scaled_columns),
        cmocka_unit_test(ascii_tables_are_read_too),
        cmocka_unit_test(trust_admits_cubes_of_one_plane_and_tiles),
        cmocka_unit_test(threads_read_at_once),
        cmocka_unit_test(the_version_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
