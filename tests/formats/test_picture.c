/* SPDX-License-Identifier: BSD-3-Clause
 * test_picture.c - what is painted comes back from the PNG (read by libpng) and from the FITS file (read by our
 * reader); files are written whole or not at all. */
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "formats/fits.h"
#include "formats/fits_write.h"
#include "formats/new_file.h"
#include "formats/picture.h"
#include "support/check.h"

static unsigned char *decode(const epo__bytes *bytes, size_t width, size_t height)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, bytes->data, bytes->size));
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    image.format = PNG_FORMAT_RGB;
    unsigned char *rgb = malloc(PNG_IMAGE_SIZE(image));
    assert_non_null(rgb);
    assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    return rgb;
}

static void what_is_painted_comes_back(void **state)
{
    (void)state;
    enum { WIDTH = 13, HEIGHT = 8 };
    static const float pixels[6] = {-1, 0, 1, 0.5F, NAN, 2};
    epo__picture p;
    epo__bytes bytes = {0};
    check_ok(epo__picture_create(WIDTH, HEIGHT, &p));
    const epo__painting grey = {
        .pixels = pixels, .height = 2, .width = 3, .zoom = 2, .low = 0, .high = 1, .paint = EPO__PAINT_GREY};
    epo__painting colour = grey;
    colour.paint = EPO__PAINT_COLOUR;
    epo__picture_paint(&p, 0, 0, &grey);
    epo__picture_paint(&p, 7, 4, &colour);
    epo__picture_paint(&p, 12, 7, &colour);   /* all but one pixel of it is outside */
    for (int again = 0; again < 2; again++) { /* the buffer is used again */
        check_ok(epo__picture_png(&p, &bytes));
        unsigned char *rgb = decode(&bytes, WIDTH, HEIGHT);
        for (size_t y = 0; y < HEIGHT; y++)
            for (size_t x = 0; x < WIDTH; x++) {
                unsigned char expected[3] = {255, 255, 255};
                if (y < 4 && x < 6) epo__paint_of(EPO__PAINT_GREY, (double)pixels[y / 2 * 3 + x / 2], expected);
                if (y >= 4 && x >= 7)
                    epo__paint_of(EPO__PAINT_COLOUR, (double)pixels[(y - 4) / 2 * 3 + (x - 7) / 2], expected);
                if (y == 7 && x == 12) epo__paint_of(EPO__PAINT_COLOUR, -1, expected);
                assert_memory_equal(rgb + (y * WIDTH + x) * 3, expected, 3);
            }
        free(rgb);
    }
    epo__bytes_free(&bytes);
    epo__picture_free(&p);
}

static double lightness(const unsigned char rgb[3])
{
    double linear[3];
    for (int c = 0; c < 3; c++)
        linear[c] = rgb[c] / 255.0 <= 0.04045 ? rgb[c] / 255.0 / 12.92 : pow((rgb[c] / 255.0 + 0.055) / 1.055, 2.4);
    double y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return y > 0.008856 ? 116 * cbrt(y) - 16 : 903.3 * y; /* CIE L* */
}

/* Lighter and lighter, in steps that are alike to the eye. */
static void colours_go_up_evenly(void **state)
{
    (void)state;
    double before = -1, first, last;
    unsigned char rgb[3];
    for (int i = 0; i <= 64; i++) {
        epo__paint_of(EPO__PAINT_COLOUR, i / 64.0, rgb);
        double now = lightness(rgb);
        if (i) assert_true(now >= before && now - before < 3.2);
        before = now;
    }
    epo__paint_of(EPO__PAINT_COLOUR, 0, rgb);
    first = lightness(rgb);
    epo__paint_of(EPO__PAINT_COLOUR, 1, rgb);
    last = lightness(rgb);
    assert_true(first < 2 && last > 95);
    epo__paint_of(EPO__PAINT_GREY, 0.2, rgb);
    assert_int_equal(rgb[0], 51);
    unsigned char none[3];
    epo__paint_of(EPO__PAINT_COLOUR, NAN, none);
    assert_true(none[2] > none[0]); /* no colour of the scale */
}

static void sizes_are_checked(void **state)
{
    (void)state;
    epo__picture p;
    assert_int_equal(epo__picture_create(0, 5, &p), EPO_ELIMIT);
    assert_int_equal(epo__picture_create(5, (size_t)EPO__PICTURE_MOST + 1, &p), EPO_ELIMIT);
    assert_null(p.rgb);
}

static void fits_is_read_back(void **state)
{
    (void)state;
    static const float pixels[6] = {-1.5F, 0, 3e38F, 1e-40F, NAN, INFINITY};
    char longer[200];
    epo__bytes bytes = {0};
    epo__fits *file = NULL;
    epo__image image = {0};
    char text[EPO__FITS_VALUE];
    double number;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    const epo__fits_card_write cards[] = {{"OBJECT", "it's \x01 odd", 0},
                                          {"LONG", longer, 0},
                                          {"SHARE", NULL, 0.3125},
                                          {"TINY", NULL, -1.234567890123e-300},
                                          {"ONE", NULL, 1},
                                          {"NONE", NULL, NAN},
                                          {"EMPTY", "", 0}};
    for (size_t many = 0; many <= 40; many += 40) { /* more cards than a block holds */
        epo__fits_card_write all[48];
        memcpy(all, cards, sizeof cards);
        for (size_t i = 0; i < many; i++) all[7 + i] = (epo__fits_card_write){"NUMBER", NULL, (double)i};
        check_ok(epo__fits_encode(pixels, 2, 3, all, 7 + many, &bytes));
        assert_int_equal(bytes.size % 2880, 0);
        check_ok(epo__fits_open_memory(bytes.data, bytes.size, "made", &EPO__FITS_FILE, &file));
        check_ok(epo__fits_image(file, 0, &image));
        assert_int_equal(image.type, EPO__PIXEL_F32);
        assert_int_equal(image.width, 3);
        assert_int_equal(image.height, 2);
        const float *got = image.pixels;
        for (int i = 0; i < 6; i++) assert_true(isnan(pixels[i]) ? isnan(got[i]) : got[i] == pixels[i]);
        assert_true(epo__fits_key(file, 0, "OBJECT", text, sizeof text));
        assert_string_equal(text, "it's ? odd");
        assert_true(epo__fits_key(file, 0, "LONG", text, sizeof text));
        assert_int_equal(strspn(text, "x"), strlen(text));
        assert_true(strlen(text) >= 60);
        assert_true(epo__fits_key_double(file, 0, "SHARE", &number));
        assert_true(number == 0.3125);
        assert_true(epo__fits_key_double(file, 0, "TINY", &number));
        assert_true(fabs(number / -1.234567890123e-300 - 1) < 1e-12);
        assert_true(epo__fits_key_double(file, 0, "ONE", &number) && number == 1);
        assert_false(epo__fits_key(file, 0, "NONE", text, sizeof text));
        epo__fits_close(file);
    }
    assert_int_equal(epo__fits_encode(pixels, 0, 3, NULL, 0, &bytes), EPO_EARG);
    assert_int_equal(epo__fits_encode(pixels, 2, 3, &(epo__fits_card_write){"lower", NULL, 1}, 1, &bytes), EPO_EARG);
    assert_int_equal(epo__fits_encode(pixels, 2, 3, &(epo__fits_card_write){"NINELONGS", NULL, 1}, 1, &bytes),
                     EPO_EARG);
    epo__image_free(&image);
    epo__bytes_free(&bytes);
}

static void files_are_written_whole_or_not_at_all(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.txt");
    unsigned char *bytes = NULL;
    size_t size;
    check_ok(epo__file_write(path, "old", 3));
    check_ok(epo__file_write(path, "newer", 5));
    check_ok(epo__bytes_read(path, 100, &bytes, &size));
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "newer", 5);
    free(bytes);
    epo__new_file file;
    check_ok(epo__new_file_open(path, &file));
    assert_true(fputs("half", file.file) >= 0);
    assert_int_equal(epo__new_file_end(&file, false), EPO_EIO);
    check_ok(epo__bytes_read(path, 100, &bytes, &size));
    assert_memory_equal(bytes, "newer", 5);
    free(bytes);
    char command[600];
    snprintf(command, sizeof command, "test $(ls -A %s | wc -l) = 1", folder); /* nothing temporary is left */
    assert_int_equal(system(command), 0);
    assert_int_equal(epo__file_write(temp_path(folder, "no/such/folder"), "x", 1), EPO_EIO);
    /* what is no regular file stays what it is, through a link too */
    const char *pipe = temp_path(folder, "pipe"), *link = temp_path(folder, "link");
    struct stat there;
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink("pipe", link), 0);
    check_fails(epo__file_write(pipe, "x", 1), EPO_EIO, "pipe: cannot be written: it is not a regular file");
    check_fails(epo__file_write(link, "x", 1), EPO_EIO, "link: cannot be written: it is not a regular file");
    check_fails(epo__file_write(folder, "x", 1), EPO_EIO, "it is not a regular file");
    assert_true(stat(pipe, &there) == 0 && S_ISFIFO(there.st_mode));
    assert_true(lstat(link, &there) == 0 && S_ISLNK(there.st_mode));
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_painted_comes_back),
        cmocka_unit_test(colours_go_up_evenly),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(fits_is_read_back),
        cmocka_unit_test(files_are_written_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("formats picture", tests, NULL, NULL);
}
