/* SPDX-License-Identifier: BSD-3-Clause
 * test_fits_hostile.c - FITS files that lie, are cut short or are not what their name says: refused by name and reason,
 * never a crash, a hang, a connection or a written file. Meant to be run under the sanitizers as well. */
#include "support/check.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "formats/fits.h"
#include "support/fitsmake.h"

/* beginnings of headers */
#define PRIMARY "SIMPLE  = T\nBITPIX  = 8\nNAXIS   = "
#define BYTES_4X4 PRIMARY "2\nNAXIS1  = 4\nNAXIS2  = 4\n"
#define TABLE "XTENSION= 'BINTABLE'\nBITPIX  = 8\nNAXIS   = 2\n"

#define LETTERS_64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"

static const epo__fits_limits limits = {.max_bytes = 1 << 22, .max_side = EPO__FITS_MAX_SIDE};
static const epo__fits_limits trusted = {.max_bytes = 1 << 22, .max_side = EPO__FITS_MAX_SIDE_TRUSTED, .trust = true};

/* Everything that can be asked of an opened file. */
static void read_everything(epo__fits *f)
{
    epo__image image = {0};
    epo__fits_info info;
    char text[EPO__FITS_VALUE];
    double d;
    int64_t n;
    size_t i;
    for (i = 0; i < epo__fits_count(f); i++) {
        check_ok(epo__fits_hdu(f, i, &info));
        if (epo__fits_image(f, i, &image) == EPO_OK) assert_true(image.width <= trusted.max_side && image.height > 0);
        epo__fits_key(f, i, "HIERARCH RA (J2000)", text, sizeof text);
        epo__fits_key_double(f, i, "MJD", &d);
        epo__fits_key_int(f, i, "BLANK", &n);
        size_t rows = epo__fits_table_rows(f, i);
        for (size_t row = 0; row < rows && row < 50; row++)
            for (size_t c = 0; c < epo__fits_table_columns(f, i); c++)
                epo__fits_table_text(f, i, c, row, text, sizeof text);
        epo__fits_table_column(f, i, "MJD", &rows);
    }
    epo__fits_find(f, "EPOCHS", &i);
    epo__fits_first_image(f, &i);
    epo__image_free(&image);
}

/* The bytes lie at the end of a block of their own, so that a sanitizer sees one byte too many being read. */
static epo_status open_and_read(const void *bytes, size_t size, const epo__fits_limits *with)
{
    unsigned char *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    if (size) memcpy(exact, bytes, size);
    epo__fits *f = NULL;
    epo_status status = epo__fits_open_memory(exact, size, "hostile.fits", with, &f);
    if (status == EPO_OK) read_everything(f);
    epo__fits_close(f);
    free(exact);
    return status;
}

/* Frees `made`. */
static void refused_at_opening(fm_file *made, epo_status status, const char *part)
{
    check_fails(open_and_read(made->data, made->size, &limits), status, part);
    check_fails(open_and_read(made->data, made->size, &limits), status, "hostile.fits: ");
    open_and_read(made->data, made->size, &trusted);
    fm_free(made);
}

/* The file opens, but HDU i is no image that is read. Frees `made`. */
static void refused_as_image(fm_file *made, size_t i, epo_status status, const char *part)
{
    epo__fits *f = NULL;
    epo__image image = {0};
    check_ok(epo__fits_open_memory(made->data, made->size, "hostile.fits", &limits, &f));
    check_fails(epo__fits_image(f, i, &image), status, part);
    check_fails(epo__fits_image(f, i, &image), status, "hostile.fits: HDU ");
    epo__image_free(&image);
    epo__fits_close(f);
    fm_free(made);
}

static void start(fm_file *made, const char *cards)
{
    fm_cards(made, cards);
    fm_end(made);
}

static void not_fits_at_all(void **state)
{
    (void)state;
    fm_file made = {0};
    assert_int_equal(open_and_read("", 0, &limits), EPO_EFORMAT);
    assert_int_equal(open_and_read("SIMPLE", 6, &limits), EPO_EFORMAT);
    fm_bytes(&made, NULL, 2880);
    refused_at_opening(&made, EPO_EFORMAT, "not a FITS file");
    start(&made, "SIMPLE  = F\nBITPIX  = 8\nNAXIS   = 0");
    refused_at_opening(&made, EPO_EFORMAT, "SIMPLE is not T");
    start(&made, "XTENSION= 'IMAGE'\nBITPIX  = 8\nNAXIS   = 0");
    refused_at_opening(&made, EPO_EFORMAT, "not a FITS file");
    /* other compressions that cfitsio would inflate by itself: bzip2, pack, compress, zip */
    static const char *const magics[] = {"BZh91AY&SY", "\x1f\x1e\x00\x00", "\x1f\x9d\x90\x00", "PK\x03\x04"};
    for (size_t m = 0; m < 4; m++) {
        fm_bytes(&made, magics[m], 4);
        fm_bytes(&made, NULL, 2876);
        refused_at_opening(&made, EPO_EFORMAT, "not a FITS file");
    }
}

static void frames_that_lie(void **state)
{
    (void)state;
    static const struct {
        const char *cards;
        epo_status status;
        const char *part;
    } cases[] = {
        {PRIMARY "2\nNAXIS1  = 2000000000\nNAXIS2  = 2000000000", EPO_EFORMAT, "truncated"},
        {"SIMPLE  = T\nBITPIX  = -64\nNAXIS   = 2\nNAXIS1  = 2000000000\nNAXIS2  = 2000000000",
         EPO_EFORMAT, "overflow"},
        {PRIMARY "2\nNAXIS1  = 9223372036854775807\nNAXIS2  = 3", EPO_EFORMAT, "overflow"},
        {PRIMARY "2\nNAXIS1  = 99999999999999999999\nNAXIS2  = 3", EPO_EFORMAT, "NAXISn"},
        {PRIMARY "2\nNAXIS1  = -4\nNAXIS2  = 4", EPO_EFORMAT, "NAXISn"},
        {PRIMARY "2\nNAXIS2  = 4\nNAXIS1  = 4", EPO_EFORMAT, "NAXISn"},
        {PRIMARY "2", EPO_EFORMAT, "fewer NAXISn"},
        {PRIMARY "999", EPO_EFORMAT, "fewer NAXISn"},
        {PRIMARY "1000", EPO_EFORMAT, "NAXIS"},
        {PRIMARY "" LETTERS_64, EPO_EFORMAT, "NAXIS"},
        {PRIMARY "'" LETTERS_64 "'", EPO_EFORMAT, "NAXIS"},
        {"SIMPLE  = T\nBITPIX  = 12\nNAXIS   = 0", EPO_EFORMAT, "BITPIX"},
        {"SIMPLE  = T\nBITPIX  = 16.0\nNAXIS   = 0", EPO_EFORMAT, "BITPIX"},
        {"SIMPLE  = T\nNAXIS   = 0\nBITPIX  = 8", EPO_EFORMAT, "BITPIX"},
        {"SIMPLE  = T", EPO_EFORMAT, "BITPIX"},
        {BYTES_4X4 "PCOUNT  = -16", EPO_EFORMAT, "PCOUNT"},
        {BYTES_4X4 "PCOUNT  = 9223372036854775807", EPO_EFORMAT, "truncated"},
        {"SIMPLE  = T\nBITPIX  = 64\nNAXIS   = 2\nNAXIS1  = 4\nNAXIS2  = 4\nPCOUNT  = 9223372036854775807",
         EPO_EFORMAT, "overflow"},
        {BYTES_4X4 "GCOUNT  = 9223372036854775807", EPO_EFORMAT, "overflow"},
        {BYTES_4X4 "GCOUNT  = 0", EPO_EFORMAT, "GCOUNT"},
        {PRIMARY "2\nNAXIS1  = 0\nNAXIS2  = 4\nGROUPS  = T\nPCOUNT  = 2\nGCOUNT  = 5",
         EPO_EUNSUPPORTED, "random groups"},
        {PRIMARY "0\nCOMMENT  caf\xc3\xa9", EPO_EFORMAT, "not printable"},
        {PRIMARY "0\nCOMMENT  a\ttab", EPO_EFORMAT, "not printable"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fm_file made = {0};
        start(&made, cases[i].cards);
        refused_at_opening(&made, cases[i].status, cases[i].part);
    }
}

static void headers_without_an_end(void **state)
{
    (void)state;
    fm_file made = {0};
    fm_cards(&made, PRIMARY "0");
    while (made.size % 2880) fm_card(&made, "COMMENT");
    refused_at_opening(&made, EPO_EFORMAT, "no END");
    fm_cards(&made, PRIMARY "0");
    for (int i = 0; i < 40000; i++) fm_card(&made, "COMMENT %d", i);
    refused_at_opening(&made, EPO_ELIMIT, "header over");
    fm_primary(&made, NULL);
    fm_bytes(&made, "junk behind the end", 19);
    refused_at_opening(&made, EPO_EFORMAT, "HDU 1: shorter");
    fm_primary(&made, NULL);
    fm_primary(&made, NULL);
    refused_at_opening(&made, EPO_EFORMAT, "HDU 1: neither an extension");
}

static void images_that_are_not_plain(void **state)
{
    (void)state;
    fm_file made = {0};
    fm_primary(&made, NULL);
    refused_as_image(&made, 0, EPO_EUNSUPPORTED, "is not an image");
    start(&made, PRIMARY "1\nNAXIS1  = 2880");
    fm_bytes(&made, NULL, 2880);
    refused_as_image(&made, 0, EPO_EUNSUPPORTED, "NAXIS is 1");
    start(&made, PRIMARY "3\nNAXIS1  = 48\nNAXIS2  = 60\nNAXIS3  = 1");
    fm_bytes(&made, NULL, 2880);
    refused_as_image(&made, 0, EPO_EUNSUPPORTED, "NAXIS is 3");
    start(&made, PRIMARY "2\nNAXIS1  = 0\nNAXIS2  = 60");
    refused_as_image(&made, 0, EPO_EUNSUPPORTED, "empty image");
    fm_image(&made, 8, 1025, 2, NULL, NULL);
    refused_as_image(&made, 0, EPO_ELIMIT, "1025x2 pixels, over the limit of 1024");
    fm_image(&made, 8, 4, 4, NULL, "BSCALE  = '" LETTERS_64 "'");
    refused_as_image(&made, 0, EPO_EFORMAT, "BSCALE");
    fm_image(&made, 8, 4, 4, NULL, "BSCALE  = 0");
    refused_as_image(&made, 0, EPO_EFORMAT, "BSCALE");
    fm_image(&made, 8, 4, 4, NULL, "BZERO   = nan");
    refused_as_image(&made, 0, EPO_EFORMAT, "BZERO");
    fm_image(&made, 16, 4, 4, NULL, "BLANK   = " LETTERS_64);
    refused_as_image(&made, 0, EPO_EFORMAT, "BLANK");
    fm_primary(&made, NULL);
    start(&made, "XTENSION= 'IMAGE'\nBITPIX  = 8\nNAXIS   = 2\nNAXIS1  = 4\nNAXIS2  = 4\nPCOUNT  = 2864\nGCOUNT  = 1");
    fm_bytes(&made, NULL, 2880);
    refused_as_image(&made, 1, EPO_EFORMAT, "PCOUNT");
    fm_primary(&made, NULL);
    start(&made, "XTENSION= 'FOREIGN'\nBITPIX  = 8\nNAXIS   = 0");
    refused_as_image(&made, 1, EPO_EUNSUPPORTED, "is not an image");
    fm_primary(&made, NULL);
    start(&made, "XTENSION= 'IUEIMAGE'\nBITPIX  = 8\nNAXIS   = 2\nNAXIS1  = 48\nNAXIS2  = 60");
    fm_bytes(&made, NULL, 2880);
    refused_as_image(&made, 1, EPO_EUNSUPPORTED, "type IUEIMAGE");
}

static void tables_that_lie(void **state)
{
    (void)state;
    static const struct {
        const char *cards;
        epo_status status;
        const char *part;
    } cases[] = {
        {"TFIELDS = 1\nTFORM1  = '1PJ(9)'", EPO_EUNSUPPORTED, "variable length"},
        {"TFIELDS = 1\nTFORM1  = 'QD'", EPO_EUNSUPPORTED, "variable length"},
        {"TFIELDS = 2\nTFORM1  = 'D'", EPO_EFORMAT, "TFORM is missing"},
        {"TFIELDS = 0\nTFORM1  = 'D'", EPO_EFORMAT, "add up"},
        {"TFIELDS = 1\nTFORM1  = 'J'", EPO_EFORMAT, "add up"},
        {"TFIELDS = 1\nTFORM1  = '999999999M'", EPO_EFORMAT, "add up"},
        {"TFIELDS = 1\nTFORM1  = '99999999999999999999D'", EPO_EFORMAT, "TFORM is missing or unknown"},
        {"TFIELDS = 1\nTFORM1  = 'Z'", EPO_EFORMAT, "unknown"},
        {"TFIELDS = 1\nTFORM1  = 'D'\nTFORM1  = 'K'", EPO_EFORMAT, "twice"},
        {"TFIELDS = 1\nTFORM1  = 'D'\nTZERO1  = '" LETTERS_64 "'", EPO_EFORMAT, "TZERO"},
        {"TFIELDS = 1000\nTFORM1  = 'D'", EPO_EFORMAT, "TFIELDS"},
        {"TFIELDS = 999\nTFORM1  = 'D'", EPO_EFORMAT, "TFIELDS"},
        {"TFIELDS = -1\nTFORM1  = 'D'", EPO_EFORMAT, "TFIELDS"},
        {"TFIELDS = " LETTERS_64, EPO_EFORMAT, "TFIELDS"},
        {"TFORM1  = 'D'", EPO_EFORMAT, "TFIELDS"},
        {"TFIELDS = 1\nTFORM1  = 'D'\nZIMAGE  = T\nZNAXIS  = 2\nZNAXIS1 = 9\nZNAXIS2 = 9",
         EPO_EUNSUPPORTED, "tile-compressed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fm_file made = {0};
        fm_primary(&made, NULL);
        fm_cards(&made, TABLE "NAXIS1  = 8\nNAXIS2  = 3\nPCOUNT  = 0\nGCOUNT  = 1");
        start(&made, cases[i].cards);
        fm_bytes(&made, NULL, 24);
        fm_fill(&made);
        char text[EPO__FITS_VALUE];
        epo__fits *f = NULL;
        check_ok(epo__fits_open_memory(made.data, made.size, "hostile.fits", &limits, &f));
        assert_int_equal(epo__fits_table_rows(f, 1), 0);
        check_fails(epo__fits_table_text(f, 1, 0, 0, text, sizeof text), cases[i].status, cases[i].part);
        epo__fits_close(f);
        open_and_read(made.data, made.size, &trusted);
        fm_free(&made);
    }
    static const char *const frames[] = {
        TABLE "NAXIS1  = 8\nNAXIS2  = 900000000000000000\nTFIELDS = 0",
        TABLE "NAXIS1  = 8\nNAXIS2  = 3\nPCOUNT  = 900000000000\nTFIELDS = 0",
        TABLE "NAXIS1  = 8\nNAXIS2  = 3\nPCOUNT  = -24\nTFIELDS = 0"};
    for (size_t i = 0; i < 3; i++) {
        fm_file made = {0};
        fm_primary(&made, NULL);
        start(&made, frames[i]);
        fm_bytes(&made, NULL, 2880);
        refused_at_opening(&made, EPO_EFORMAT, i == 2 ? "PCOUNT" : "truncated");
    }
    /* endless rows of no bytes are no rows */
    fm_file made = {0};
    epo__fits *f = NULL;
    fm_primary(&made, NULL);
    start(&made, TABLE "NAXIS1  = 0\nNAXIS2  = 900000000000000000\nTFIELDS = 0");
    check_ok(epo__fits_open_memory(made.data, made.size, "hostile.fits", &limits, &f));
    assert_int_equal(epo__fits_table_rows(f, 1), 0);
    epo__fits_close(f);
    fm_free(&made);
}

static void odd_cells_are_named(void **state)
{
    (void)state;
    fm_file made = {0};
    char text[EPO__FITS_VALUE];
    fm_primary(&made, NULL);
    fm_cards(&made, TABLE "NAXIS1  = 92\nNAXIS2  = 1\nPCOUNT  = 0\nGCOUNT  = 1");
    start(&made, "TFIELDS = 4\nTFORM1  = '64A'\nTFORM2  = '3J'\nTFORM3  = 'C'\nTFORM4  = '60X'");
    fm_bytes(&made, "\x1b]0;" LETTERS_64, 64); /* an escape for terminals */
    fm_bytes(&made, NULL, 28);
    fm_fill(&made);
    epo__fits *f = NULL;
    check_ok(epo__fits_open_memory(made.data, made.size, "hostile.fits", &limits, &f));
    check_ok(epo__fits_table_text(f, 1, 0, 0, text, sizeof text));
    assert_memory_equal(text, "?]0;ABC", 7);
    assert_int_equal(strlen(text), 64);
    for (size_t c = 1; c < 4; c++)
        check_fails(epo__fits_table_text(f, 1, c, 0, text, sizeof text), EPO_EUNSUPPORTED, "not one number");
    epo__fits_close(f);
    fm_free(&made);
}

/* A small file with everything in it: 4 HDUs. */
static void make_seed(fm_file *made)
{
    const int16_t words[12] = {1, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const float reals[20] = {1, 2.5f, -3};
    static const char *const cells[] = {"2", "06APR02", "53827.25", "3", "06DEC02", "54071.5"};
    fm_primary(made, "OBJECT  = 'CRTS J''1'\nHIERARCH RA (J2000) = 171.0112\nMJD     = 53827.25");
    fm_table(made, 3, (const char *[]){"HDU_Ext", "Date", "MJD"}, (const char *[]){"J", "8A", "D"}, 2, cells,
             "EXTNAME = 'EPOCHS'\nTNULL1  = -9\nTSCAL1  = 1\nTZERO1  = 0");
    fm_image(made, 16, 4, 3, words, "BZERO   = 32768\nBSCALE  = 1\nBLANK   = 5");
    fm_image(made, -32, 5, 4, reals, "EXTNAME = 'DIFF'");
}

static void truncations_are_seen(void **state)
{
    (void)state;
    fm_file made = {0};
    make_seed(&made);
    assert_int_equal(made.size, 8 * 2880 - 2880);
    for (size_t size = 0; size < made.size; size += size % 80 == 40 || size % 2880 < 2 ? 1 : 39) {
        /* what ends with an HDU is a shorter but whole file */
        bool whole = size == 2880 || size == 3 * 2880 || size == 5 * 2880;
        epo_status status = open_and_read(made.data, size, &limits);
        assert_int_equal(status, whole ? EPO_OK : EPO_EFORMAT);
        open_and_read(made.data, size, &trusted);
    }
    for (size_t size = 2880; size < made.size; size += 2880)
        assert_int_equal(open_and_read(made.data, size, &limits),
                         size == 2880 || size == 3 * 2880 || size == 5 * 2880 ? EPO_OK : EPO_EFORMAT);
    check_ok(open_and_read(made.data, made.size, &limits));
    fm_free(&made);
}

static void many_hdus_do_not_run_away(void **state)
{
    (void)state;
    fm_file made = {0};
    fm_primary(&made, NULL);
    for (int i = 0; i < 1400; i++) start(&made, "XTENSION= 'IMAGE'\nBITPIX  = 8\nNAXIS   = 0");
    const epo__fits_limits small = {.max_bytes = 1 << 20, .max_side = 64};
    check_ok(open_and_read(made.data, made.size, &limits));
    check_fails(open_and_read(made.data, made.size, &small), EPO_ELIMIT, "over the limit of 1048576");
    fm_file gz = {0};
    fm_gzip(&made, &gz);
    check_fails(open_and_read(gz.data, gz.size, &small), EPO_ELIMIT, "hostile.fits: gzip data inflates to more");
    check_fails(open_and_read(gz.data, gz.size / 2, &limits), EPO_EFORMAT, "cut short");
    fm_free(&gz);
    fm_free(&made);
    /* gzip in gzip is inflated once */
    make_seed(&made);
    fm_gzip(&made, &gz);
    fm_free(&made);
    fm_gzip(&gz, &made);
    fm_free(&gz);
    refused_at_opening(&made, EPO_EFORMAT, "not a FITS file");
}

static size_t entries(const char *folder)
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    while (readdir(directory)) count++;
    closedir(directory);
    return count;
}

static void a_name_is_only_a_name(void **state)
{
    (void)state;
    static const char *const names[] = {
        "x.fits.gz(!y)", "x.fits(y)", "x.fits[1]", "x.fits[1][col A]", "x.fits[pix X]", "http://127.0.0.1:9/x.fits",
        "ftp://127.0.0.1/x.fits", "mem://", "shmem://h1", "root://127.0.0.1/x.fits", "stdin://", "-",
        "!x.fits", "x.fits.gz"};
    char *folder = temp_make(), *back = getcwd(NULL, 0);
    epo__fits *f = NULL;
    fm_file made = {0};
    make_seed(&made);
    fm_save(&made, temp_path(folder, "x.fits"));
    assert_int_equal(chdir(folder), 0);
    size_t before = entries(".");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        check_fails(epo__fits_open_file(names[i], &limits, &f), EPO_ENOTFOUND, names[i]);
        assert_int_equal(entries("."), before);
    }
    fm_save(&made, "x.fits[9]"); /* a file that is really called so */
    check_ok(epo__fits_open_file("x.fits[9]", &limits, &f));
    read_everything(f);
    epo__fits_close(f);
    assert_int_equal(entries("."), before + 1);

    write_file("empty.fits", "", 0);
    assert_int_equal(mkfifo("fifo.fits", 0600), 0);
    alarm(5); /* a reader that waits on the fifo is killed */
    check_fails(epo__fits_open_file("fifo.fits", &limits, &f), EPO_EUNSUPPORTED, "fifo.fits: is a fifo");
    check_fails(epo__fits_open_file(".", &limits, &f), EPO_EUNSUPPORTED, "is a directory");
    check_fails(epo__fits_open_file("empty.fits", &limits, &f), EPO_EFORMAT, "empty.fits: is empty");
    alarm(0);
    assert_int_equal(chdir(back), 0);
    free(back);
    fm_free(&made);
    temp_remove(folder);
}

/* Random damage, the same in every run: bits flipped, digits and letters put in, cards copied over others, ends cut. */
static void mutations_never_crash(void **state)
{
    (void)state;
    enum { TURNS = 6000 };
    fm_file seed = {0}, gz = {0};
    make_seed(&seed);
    fm_gzip(&seed, &gz);
    epo__rng rng = {.seed = 20261121};
    size_t opened = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        const fm_file *from = turn % 8 == 0 ? &gz : &seed;
        size_t size = from->size;
        unsigned char *bytes = malloc(size);
        assert_non_null(bytes);
        memcpy(bytes, from->data, size);
        for (uint32_t change = 1 + epo__rng_below(&rng, 3); change > 0; change--) {
            size_t at = epo__rng_below(&rng, (uint32_t)size);
            switch (epo__rng_below(&rng, 5)) {
            case 0: bytes[at] ^= (unsigned char)(1 << epo__rng_below(&rng, 8)); break;
            case 1: bytes[at] = (unsigned char)('0' + epo__rng_below(&rng, 10)); break;
            case 2: bytes[at] = (unsigned char)(' ' + epo__rng_below(&rng, 95)); break;
            case 3: /* a card of the header over another */
                if (size > 2 * 2880)
                    memmove(bytes + at / 2880 * 2880 + 80 * epo__rng_below(&rng, 14),
                            bytes + at / 2880 * 2880 + 80 * epo__rng_below(&rng, 14), 80);
                break;
            default: size -= epo__rng_below(&rng, 8) == 0 ? epo__rng_below(&rng, (uint32_t)size) : 0; break;
            }
        }
        opened += open_and_read(bytes, size, &limits) == EPO_OK;
        free(bytes);
    }
    assert_true(opened > TURNS / 10 && opened < TURNS); /* both ways were taken */
    fm_free(&gz);
    fm_free(&seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_fits_at_all),
        cmocka_unit_test(frames_that_lie),
        cmocka_unit_test(headers_without_an_end),
        cmocka_unit_test(images_that_are_not_plain),
        cmocka_unit_test(tables_that_lie),
        cmocka_unit_test(odd_cells_are_named),
        cmocka_unit_test(truncations_are_seen),
        cmocka_unit_test(many_hdus_do_not_run_away),
        cmocka_unit_test(a_name_is_only_a_name),
        cmocka_unit_test(mutations_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
