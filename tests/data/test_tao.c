/* SPDX-License-Identifier: BSD-3-Clause
 * test_tao.c - a Deep-TAO tree with every trap of the published files in it imports to exactly the expected rows. */
#include "tao_tree.h"

#include <zlib.h>

static char *folder;
static char db[512], tree[512];

static const char *in_tree(const char *name)
{
    return temp_path(tree, name);
}

/* Rows in alphabetical order of the date; a night of impossible times, one of them on the next day; two exposures seen
 * through two cutouts each, of which the first cutout of the first is constant; a constant image; free text for a
 * class. */
static void make_supernova(void)
{
    static const char *const cells[] = {
        "2",          "01",       "06APR02",    "53827.45", "N20049",  "0001",    "3201",     "3",          "01",
        "06APR02",    "53827.64", "N20049",     "0002",     "3201",    "4",       "01",       "06APR02",    "53827.83",
        "N20049",     "0003",     "3201",       "5",        "01",      "06APR02", "53828.02", "N20049",     "0004",
        "3201",       "6",        "01",         "06DEC20",  "54089.2", "N20049",  "0001",     "3201",       "7",
        "01",         "06DEC20",  "54089.2065", "N20049",   "0002",    "3201",    "10",       "01",         "06JUN18",
        "53904.3065", "N20049",   "0002",       "3201",     "11",      "01",      "06JUN18",  "53904.3065", "N20049",
        "0002",       "3202",     "8",          "01",       "06JUN18", "53904.3", "N20049",   "0001",       "3201",
        "9",          "01",       "06JUN18",    "53904.3",  "N20049",  "0001",    "3202",
    };
    fm_file f = {0};
    fm_primary(&f, NULL);
    fm_table(&f, 7, tao_names, tao_forms, 10, cells,
             "CRTS_ID = 'CSS060402:101010+203040'\nHIERARCH RA (J2000) = 152.5416\nHIERARCH Dec (J2000) = 20.5111\n"
             "CLASS   = 'SN 2006tf (TSS) ?'");
    for (size_t hdu = 2; hdu <= 11; hdu++) tao_image(&f, 1, hdu, hdu == 6 || hdu == 8);
    fm_save(&f, in_tree("SN/CSS060402:101010+203040.fits"));
    fm_free(&f);
}

/* As the writer of the non-transients left them: strings for numbers, keys in the primary header, and the field's name
 * for CRTS_ID. */
static void make_nontransient(const char *name, int file, const char *position)
{
    static const char *const forms[] = {"5A", "2A", "7A", "14A", "6A", "4A", "4A"};
    static const char *const cells[] = {
        "3", "01", "07FEB11", "54142.50100001", "N21003", "1", "0101",
        "2", "01", "07FEB10", "54141.5",        "N21003", "1", "0101",
    };
    float pixels[TAO_PIXELS];
    fm_file f = {0};
    char cards[256];
    snprintf(cards, sizeof cards, "CRTS_ID = 'CSS070210:084000+214500'\n%s", position);
    fm_primary(&f, cards);
    fm_table(&f, 7, tao_names, forms, 2, cells, NULL);
    for (int hdu = 2; hdu <= 3; hdu++) {
        for (int i = 0; i < TAO_PIXELS; i++) pixels[i] = 0.25f * (float)tao_stored(file, (size_t)hdu, i);
        fm_image(&f, -32, TAO_WIDTH, TAO_HEIGHT, pixels, NULL);
    }
    fm_save(&f, in_tree(name));
    fm_free(&f);
}

/* Numbers of floating point, no set and no numbers: two exposures of one night are told apart by their times. A night
 * torn apart within its date, too. */
static void make_active_galaxy(void)
{
    static const char *const names[] = {"HDU_Ext", "Date", "MJD", "Field_ID"};
    static const char *const forms[] = {"E", "7A", "D", "6A"};
    static const char *const cells[] = {
        "2", "08JAN01", "54466.31", "N01", "3", "08JAN01", "54466.30", "N01", "4", "08JAN01", "54466.30", "N01",
    };
    fm_file f = {0};
    fm_primary(&f, NULL);
    fm_table(&f, 4, names, forms, 3, cells, "CLASS   = 'AGN'");
    for (int hdu = 2; hdu <= 4; hdu++) {
        int16_t pixels[TAO_PIXELS];
        for (int i = 0; i < TAO_PIXELS; i++) pixels[i] = tao_stored(4, (size_t)hdu, i);
        fm_image(&f, 16, TAO_WIDTH, TAO_HEIGHT, pixels, NULL);
    }
    fm_save(&f, in_tree("AGN/CSS080101:000001-000001.fits"));
    fm_free(&f);
}

/* No times at all. */
static void make_blazar(void)
{
    static const char *const names[] = {"HDU_Ext", "Set_Number", "Date", "Field_ID", "Obs_In_Seq"};
    static const char *const forms[] = {"J", "2A", "7A", "6A", "4A"};
    static const char *const cells[] = {
        "2",      "01",   "09MAR05", "S05012", "0002",    "3",      "01",   "09MAR05",
        "S05012", "0001", "4",       "01",     "08MAR05", "S05012", "0001",
    };
    fm_file f = {0};
    fm_primary(&f, NULL);
    fm_table(&f, 5, names, forms, 3, cells, "CTRS_ID = 'MLS090305:111111-111111'");
    for (size_t hdu = 2; hdu <= 4; hdu++) tao_image(&f, 5, hdu, false);
    fm_save(&f, in_tree("BZ/MLS090305:111111-111111.fits"));
    fm_free(&f);
}

/* Three visits of one set hours apart, and compressed. */
static void make_cataclysmic(void)
{
    static const char *const cells[] = {
        "2", "01", "06APR02", "53827.25", "N20049", "0001", "3201",
        "3", "01", "06APR02", "53827.44", "N20049", "0002", "3201",
        "4", "01", "06APR02", "53827.63", "N20049", "0003", "3201",
    };
    fm_file f = {0}, gz = {0};
    fm_primary(&f, NULL);
    fm_table(&f, 7, tao_names, tao_forms, 3, cells, NULL);
    for (size_t hdu = 2; hdu <= 4; hdu++) tao_image(&f, 6, hdu, false);
    fm_gzip(&f, &gz);
    fm_save(&gz, in_tree("CV/CSS060402:202020+101010.fits.gz"));
    fm_free(&f);
    fm_free(&gz);
}

/* The table speaks of an image that is not there: what is left of a file cut between two HDUs. */
static void make_missing(void)
{
    static const char *const cells[] = {
        "2", "01", "06APR02", "53827.25", "N20049", "0001", "3201",
        "3", "01", "06APR02", "53827.26", "N20049", "0002", "3201",
    };
    fm_file f = {0};
    fm_primary(&f, NULL);
    fm_table(&f, 7, tao_names, tao_forms, 2, cells, NULL);
    tao_image(&f, 7, 2, false);
    fm_save(&f, in_tree("OTHER/missing.fits"));
    fm_free(&f);
}

static int make_tree(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    snprintf(tree, sizeof tree, "%s/TAO", folder);
    make_folder(tree);
    static const char *const classes[] = {"AGN", "BZ", "CV", "SN", "OTHER", "NON"};
    for (size_t i = 0; i < 6; i++) make_folder(in_tree(classes[i]));
    make_supernova();
    make_nontransient("NON/nonCSS:130.01+21.75.fits", 2, "HIERARCH RA_(J2000) = 130.01\nHIERARCH Dec_(J2000) = 21.75");
    make_nontransient("NON/nonCSS:130.02+21.76.fits", 3, "RA      = 130.02\nDEC     = 21.76");
    make_active_galaxy();
    make_blazar();
    make_cataclysmic();
    make_missing();
    tao_plain(in_tree("OTHER/plain.fits"), 8, 1);
    return 0;
}

static int remove_tree(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* The CRC32 of an image's physical pixels as u16, little-endian. */
static unsigned long crc_of(int file, size_t hdu, bool constant)
{
    unsigned char bytes[2 * TAO_PIXELS];
    for (int i = 0; i < TAO_PIXELS; i++) {
        unsigned value = (unsigned)(tao_stored(file, hdu, constant ? 0 : i) + 32768);
        bytes[2 * i] = (unsigned char)value;
        bytes[2 * i + 1] = (unsigned char)(value >> 8);
    }
    return crc32(0, bytes, sizeof bytes);
}

static void check_supernova(void)
{
    char expected[2048];
    snprintf(expected, sizeof expected,
             "06APR02 N20049 01 0001|53827.5|53827.45|1|2006-04-02|V|u16|7|5|0|%lu\n"
             "06APR02 N20049 01 0002|53827.5065|53827.64|1|2006-04-02|V|u16|7|5|0|%lu\n"
             "06APR02 N20049 01 0003|53827.513|53827.83|1|2006-04-02|V|u16|7|5|0|%lu\n"
             "06APR02 N20049 01 0004|53827.5195|53828.02|1|2006-04-02|V|u16|7|5|0|%lu\n"
             "06JUN18 N20049 01 0001|53904.3||0|2006-06-18|V|u16|7|5|0|%lu\n"
             "06JUN18 N20049 01 0002|53904.3065||0|2006-06-18|V|u16|7|5|0|%lu\n"
             "06DEC20 N20049 01 0001|54089.2||0|2006-12-20|V|u16|7|5|1|%lu\n"
             "06DEC20 N20049 01 0002|54089.2065||0|2006-12-20|V|u16|7|5|0|%lu\n",
             crc_of(1, 2, false), crc_of(1, 3, false), crc_of(1, 4, false), crc_of(1, 5, false), crc_of(1, 9, false),
             crc_of(1, 10, false), crc_of(1, 6, true), crc_of(1, 7, false));
    check_rows(
        db,
        "SELECT exposure, mjd, mjd_given, mjd_suspect, night, filter, type, width, height, constant, crc32 FROM stamps "
        "WHERE object = (SELECT id FROM objects WHERE class = 'SN') ORDER BY mjd",
        expected);
    /* and the first row of one image, byte by byte */
    char hex[4 * TAO_WIDTH + 2] = "";
    for (int i = 0; i < TAO_WIDTH; i++) {
        unsigned value = (unsigned)(tao_stored(1, 10, i) + 32768);
        snprintf(hex + 4 * i, sizeof hex - 4 * (size_t)i, "%02X%02X", value & 255, value >> 8);
    }
    strcat(hex, "\n");
    check_rows(db,
               "SELECT hex(substr(data, 1, 14)) FROM pixels p JOIN stamps s ON s.id = p.stamp WHERE exposure = "
               "'06JUN18 N20049 01 0002'",
               hex);
}

static void every_trap_gives_the_expected_rows(void **state)
{
    (void)state;
    epo_import_options options = options_for("tao");
    told t;
    import(db, tree, &options, &t);
    check_rows(db,
               "SELECT v.name, o.name, ra, dec, class, class_given, parent FROM objects o JOIN surveys v ON v.id = "
               "o.survey ORDER BY class, o.name",
               "CRTS|CSS080101:000001-000001|||AGN|AGN|\n"
               "CRTS|MLS090305:111111-111111|||BZ||MLS090305:111111-111111\n"
               "CRTS|CSS060402:202020+101010|||CV||\n"
               "CRTS|nonCSS:130.01+21.75|130.01|21.75|NON||CSS070210:084000+214500\n"
               "CRTS|nonCSS:130.02+21.76|130.02|21.76|NON||CSS070210:084000+214500\n"
               "CRTS|plain|||OTHER||CSS0\n"
               "CRTS|CSS060402:101010+203040|152.5416|20.5111|SN|SN 2006tf (TSS) ?|CSS060402:101010+203040\n");
    check_supernova();
    check_rows(db,
               "SELECT o.name, exposure, mjd, mjd_given, mjd_suspect, night, type FROM stamps s JOIN objects o ON o.id "
               "= s.object "
               "WHERE class IN ('AGN', 'BZ', 'CV', 'NON') ORDER BY class, o.name, mjd",
               "CSS080101:000001-000001|08JAN01 N01 54466.30000|54466.3||0|2008-01-01|i16\n"
               "CSS080101:000001-000001|08JAN01 N01 54466.31000|54466.31||0|2008-01-01|i16\n"
               "MLS090305:111111-111111|08MAR05 S05012 01 0001|54530.5||1|2008-03-05|u16\n"
               "MLS090305:111111-111111|09MAR05 S05012 01 0001|54895.5||1|2009-03-05|u16\n"
               "MLS090305:111111-111111|09MAR05 S05012 01 0002|54895.5065||1|2009-03-05|u16\n"
               "CSS060402:202020+101010|06APR02 N20049 01 0001|53827.5|53827.25|1|2006-04-02|u16\n"
               "CSS060402:202020+101010|06APR02 N20049 01 0002|53827.5065|53827.44|1|2006-04-02|u16\n"
               "CSS060402:202020+101010|06APR02 N20049 01 0003|53827.513|53827.63|1|2006-04-02|u16\n"
               "nonCSS:130.01+21.75|07FEB10 N21003 01 0001|54141.5||0|2007-02-10|f32\n"
               "nonCSS:130.01+21.75|07FEB11 N21003 01 0001|54142.50100001||0|2007-02-11|f32\n"
               "nonCSS:130.02+21.76|07FEB10 N21003 01 0001|54141.5||0|2007-02-10|f32\n"
               "nonCSS:130.02+21.76|07FEB11 N21003 01 0001|54142.50100001||0|2007-02-11|f32\n");
    assert_int_equal(t.summary.files, 8);
    assert_int_equal(t.summary.imported, 7);
    assert_int_equal(t.summary.refused, 1);
    assert_int_equal(t.summary.objects, 7);
    assert_int_equal(t.summary.stamps, 8 + 2 + 3 + 3 + 2 + 2 + 4);
    assert_int_equal(t.summary.duplicates, 2 + 1);
    assert_int_equal(t.summary.suspect_dates, 4 + 3 + 3);
    assert_int_equal(t.summary.constant_images, 1);
    check_mentions(t.refused, "OTHER/missing.fits");
    check_mentions(t.refused, "HDU 3");
    check_mentions(t.notes, "SN/CSS060402:101010+203040.fits: 4 impossible dates, 1 constant images");
}

static void a_second_import_changes_nothing(void **state)
{
    (void)state;
    epo_import_options options = options_for("tao");
    told t;
    size_t before_size, after_size;
    char *before_rows = dump(db);
    unsigned char *before = read_file(db, &before_size);
    import(db, tree, &options, &t);
    assert_int_equal(t.summary.unchanged, 7);
    assert_int_equal(t.summary.refused, 1);
    assert_int_equal(t.summary.imported + t.summary.objects + t.summary.stamps, 0);
    unsigned char *after = read_file(db, &after_size);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, before_size);
    char *after_rows = dump(db);
    assert_string_equal(before_rows, after_rows);
    free(before);
    free(after);
    free(before_rows);
    free(after_rows);
}

static void a_file_that_moved_to_another_class_is_relabelled(void **state)
{
    (void)state;
    epo_import_options options = options_for("tao");
    told t;
    assert_int_equal(rename(in_tree("OTHER/plain.fits"), in_tree("CV/plain.fits")), 0);
    import(db, in_tree("CV"), &options, &t);
    assert_int_equal(t.summary.objects + t.summary.stamps, 0);
    assert_int_equal(t.summary.duplicates, 4);
    check_rows(db, "SELECT class FROM labels WHERE object = (SELECT id FROM objects WHERE name = 'plain') ORDER BY id",
               "OTHER\nCV\n");
}

/* Another object of the same file name, elsewhere on the sky. */
static void objects_of_one_name_are_not_merged(void **state)
{
    (void)state;
    epo_import_options options = options_for("tao");
    told t;
    make_folder(in_tree("twin"));
    make_nontransient("twin/nonCSS:130.01+21.75.fits", 9, "RA      = 130.01\nDEC     = -21.75");
    char *before = dump(db);
    import(db, in_tree("twin"), &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(
        t.refused,
        "twin/nonCSS:130.01+21.75.fits: object nonCSS:130.01+21.75 is in the store already, 43.5 degrees away");
    /* at the same place, and with other pixels for the same exposures */
    make_nontransient("twin/nonCSS:130.01+21.75.fits", 9, "RA      = 130.01\nDEC     = 21.75");
    import(db, in_tree("twin"), &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "exposure 07FEB10 N21003 01 0001");
    check_mentions(t.refused, "with other pixels");
    char *after = dump(db);
    assert_string_equal(before, after);
    free(before);
    free(after);
    options.survey = "twins";
    import(db, in_tree("twin"), &options, &t);
    assert_int_equal(t.summary.imported, 1);
}

/* Cut at each border between two FITS blocks: refused by name, and nothing of it is in the store. */
static void a_truncated_file_never_counts(void **state)
{
    (void)state;
    epo_import_options options = options_for("tao");
    size_t size;
    unsigned char *bytes = read_file(in_tree("SN/CSS060402:101010+203040.fits"), &size);
    char short_tree[512], short_db[512];
    snprintf(short_tree, sizeof short_tree, "%s/short", folder);
    snprintf(short_db, sizeof short_db, "%s/short.db", folder);
    make_folder(short_tree);
    tao_plain(temp_path(short_tree, "good.fits"), 8, 1);
    for (size_t length = 0; length < size; length += 2880) {
        told t;
        write_file(temp_path(short_tree, "cut.fits"), bytes, length);
        import(short_db, short_tree, &options, &t);
        assert_int_equal(t.summary.refused, 1);
        check_mentions(t.refused, "short/cut.fits");
        assert_int_equal(t.summary.imported + t.summary.unchanged, 1);
    }
    check_rows(short_db, "SELECT name, (SELECT count(*) FROM stamps), (SELECT count(*) FROM sources) FROM objects",
               "good|4|1\n");
    write_file(temp_path(short_tree, "cut.fits"), bytes, size);
    told t;
    import(short_db, short_tree, &options, &t);
    assert_int_equal(t.summary.imported, 1);
    free(bytes);
}

/* A table that names an image twice could ask for any amount of memory. */
static void tables_that_ask_for_too_much_are_refused(void **state)
{
    (void)state;
    static const char *const twice[] = {"2", "01", "06APR02", "53827.25", "N1", "0001", "3201",
                                        "2", "01", "06APR02", "53827.26", "N1", "0002", "3201"};
    static const char *const date[] = {"2", "01", "06FOO02", "53827.25", "N1", "0001", "3201"};
    static const char *const zero[] = {"0", "01", "06APR02", "53827.25", "N1", "0001", "3201"};
    static const char *const itself[] = {"1", "01", "06APR02", "53827.25", "N1", "0001", "3201"};
    const struct {
        const char *const *cells;
        size_t rows;
        const char *reason;
    } cases[] = {{twice, 2, "names HDU 2 once more"},
                 {date, 1, "06FOO02"},
                 {zero, 1, "HDU 0"},
                 {itself, 1, "HDU 1"},
                 {twice, 0, "has no rows"}};
    epo_import_options options = options_for("tao");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fm_file f = {0};
        told t;
        fm_primary(&f, NULL);
        fm_table(&f, 7, tao_names, tao_forms, cases[i].rows, cases[i].cells, NULL);
        tao_image(&f, 1, 2, false);
        fm_save(&f, temp_path(folder, "odd.fits"));
        fm_free(&f);
        import(db, temp_path(folder, "odd.fits"), &options, &t);
        assert_int_equal(t.summary.refused, 1);
        check_mentions(t.refused, "odd.fits");
        check_mentions(t.refused, cases[i].reason);
    }
    check_rows(db, "SELECT count(*) FROM objects WHERE name = 'odd'", "0\n");
}

/* Visits of one night are compared with each other: all of a file's in one night would take minutes. */
static void a_night_has_its_limit(void **state)
{
    (void)state;
    enum { VISITS = 1001 };
    static char numbers[VISITS][2][16];
    static const char *cells[VISITS * 7];
    epo_import_options options = options_for("tao");
    for (int visits = VISITS - 1; visits <= VISITS; visits++) {
        fm_file f = {0};
        told t;
        for (int i = 0; i < visits; i++) {
            snprintf(numbers[i][0], sizeof numbers[i][0], "%d", i + 2);
            snprintf(numbers[i][1], sizeof numbers[i][1], "%04d", i + 1);
            const char *const row[7] = {numbers[i][0], "01", "06APR02", "53827.25", "N1", numbers[i][1], "3201"};
            memcpy(&cells[7 * i], row, sizeof row);
        }
        fm_primary(&f, NULL);
        fm_table(&f, 7, tao_names, tao_forms, (size_t)visits, cells, NULL);
        for (int i = 0; i < visits; i++) tao_image(&f, 1, (size_t)i + 2, false);
        fm_save(&f, temp_path(folder, "long.fits"));
        fm_free(&f);
        import(db, temp_path(folder, "long.fits"), &options, &t);
        assert_int_equal(t.summary.refused, visits == VISITS);
        if (visits == VISITS) check_mentions(t.refused, "1001 images of the night 06APR02");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_trap_gives_the_expected_rows),
        cmocka_unit_test(a_second_import_changes_nothing),
        cmocka_unit_test(a_file_that_moved_to_another_class_is_relabelled),
        cmocka_unit_test(objects_of_one_name_are_not_merged),
        cmocka_unit_test(a_truncated_file_never_counts),
        cmocka_unit_test(tables_that_ask_for_too_much_are_refused),
        cmocka_unit_test(a_night_has_its_limit),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
