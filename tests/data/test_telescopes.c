/* SPDX-License-Identifier: BSD-3-Clause
 * test_telescopes.c - surveys by telescope: the standard gives what it gave before there were others, and the
 * high-cadence one gives nights that follow each other, visits that are nights to sequences, and pictures in its own
 * scale; and the text that classes are given by. */
#include "data/importing.h"

#include "data/sequence.h"
#include "data/simulate_field.h"
#include "epochal/simulate.h"
#include "formats/digest.h"

static void near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%s: %.6g, expected %.6g within %.3g", what, value, expected, tolerance);
}

static void simulate(const char *path, const epo_simulate_options *options)
{
    epo_store *store;
    epo_simulate_summary summary;
    check_ok(epo_store_open(path, EPO_STORE_CREATE, &store));
    check_ok(epo_simulate(store, options, NULL, NULL, &summary));
    epo_store_close(store);
}

/* --- the standard
 * -------------------------------------------------------------------------------------------------------- */

static void check_sha256(const char *path, const char *sql, const char *expected)
{
    char *text = rows(path, sql), hex[EPO__SHA256_TEXT];
    unsigned char digest[EPO__SHA256_SIZE];
    epo__sha256 sha;
    epo__sha256_init(&sha);
    epo__sha256_add(&sha, text, strlen(text));
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, hex);
    if (strcmp(hex, expected) != 0) fail_msg("%s: SHA-256 %s, not %s", sql, hex, expected);
    free(text);
}

/* The digests are those of the program before it had telescopes; models were trained on such surveys, and their cards
 * name them. Float pixels and the last digits of magnitudes are left out: another processor's libm may round them
 * otherwise. */
static void test_standard_is_as_ever(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.db");
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    options.seed = 4;
    options.objects = 24;
    options.candidates = 12;
    options.classes = "BZ=1,AGN=1,CV=1,OTHER=1,SN=1,NON=1";
    options.nights = 4;
    options.visits = 2;
    options.side = 16;
    options.light_curves = options.truth = true;
    simulate(path, &options);
    check_sha256(path, "SELECT path, digest, options FROM sources ORDER BY path",
                 "cfc6de087f5aa25ad66f6df5da0ca32011c2072a84b1ab3f6d70de1f34f53933");
    check_sha256(path,
                 "SELECT o.name, o.class, o.class_given, o.parent, exposure, role, night, filter, s.crc32 FROM stamps "
                 "s JOIN objects o ON o.id = s.object "
                 "WHERE type = 'i16' ORDER BY o.name, exposure, role",
                 "4da04b0c17e3b40691373e096da8053422bc55b1c5cf2b86866f2bacb982ef13");
    check_sha256(path,
                 "SELECT o.name, p.method, round(p.mjd, 6), round(p.mag, 6), round(p.mag_err, 6), p.filter FROM "
                 "photometry p JOIN objects o ON o.id = "
                 "p.object ORDER BY o.name, p.mjd, p.method",
                 "d9f048d89553ae23259e9f8fa317d4b6f5675a0d10a312f19492415ef39659f7");
    /* by its name it is the same */
    options.telescope = "crts";
    simulate(temp_path(folder, "b.db"), &options);
    char *a = dump(path), *b = dump(temp_path(folder, "b.db"));
    assert_string_equal(a, b);
    free(a);
    free(b);
    temp_remove(folder);
}

static void test_table(void **state)
{
    (void)state;
    size_t count = 0;
    for (; epo_simulate_telescope_at(count).name; count++) {
        const epo_simulate_telescope t = epo_simulate_telescope_at(count);
        const epo__telescope *own = epo__telescope_of(t.name);
        epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
        epo__simulation s;
        assert_ptr_equal(own, &epo__telescopes[count]);
        options.telescope = t.name;
        options.objects = 1;
        check_ok(epo_simulate_check(&options)); /* its own numbers are allowed, its classes known */
        check_ok(epo__simulation_make(&options, &s));
        assert_int_equal(s.options.visits, t.visits);
        assert_int_equal(s.options.side, t.side);
        assert_int_equal(s.options.field_objects, t.field_objects);
        assert_true(s.options.nights == t.nights);
        assert_true(own->cadence.days <= 3 * 365 && own->site.seeing > own->site.seeing_least &&
                    own->site.seeing < own->site.seeing_most);
        assert_true(own->camera.full_well <= 65535 &&
                    own->camera.cut <
                        0.1 * sqrt(pow(own->camera.pixel_scale, 2) *
                                   pow(10, 0.4 * (own->camera.zero_point - own->site.dark_sky)) / own->camera.gain));
    }
    assert_int_equal(count, 2);
    assert_string_equal(epo_simulate_telescope_at(0).name, "crts");
    assert_null(epo_simulate_telescope_at(count + 7).name);
    assert_ptr_equal(epo__telescope_of(NULL), &epo__telescopes[0]);
    assert_null(epo__telescope_of("hubble"));
}

/* --- high cadence
 * -------------------------------------------------------------------------------------------------------- */

static void test_run_of_nights(void **state)
{
    (void)state;
    const epo__telescope *t = epo__telescope_of("hits");
    double visits = 0, sky = 0, fwhm = 0, air = 0;
    enum { MANY = 100 };
    for (uint64_t n = 0; n < MANY; n++) {
        epo__field f;
        check_ok(epo__field_make(t, 22, n, 6, 5, &f));
        assert_true(f.ra >= 130 && f.ra <= 170 && f.dec >= -8 && f.dec <= 4);
        for (size_t i = 0; i < f.visit_count; i++) {
            const epo__visit *v = &f.visits[i];
            const double hour = 24 * (v->mjd - floor(v->mjd));
            assert_true(v->mjd >= f.start && v->mjd < f.start + 6); /* nights in a row */
            assert_true(hour > 0 && hour < 9.5);                    /* night in Chile */
            assert_true(epo__moon_lit(v->mjd) < 0.4);
            if (i > 0 && floor(v->mjd) == floor(f.visits[i - 1].mjd))
                near((v->mjd - f.visits[i - 1].mjd) / (v->number - f.visits[i - 1].number), 0.068, 0.002,
                     "days between visits");
            sky += v->sky;
            fwhm += v->psf.fwhm;
            air += v->air;
        }
        visits += (double)f.visit_count;
        free(f.visits);
    }
    near(visits / MANY, 6 * 0.95 * 5 * 0.9, 1.5, "visits of a field"); /* fields share the weather of few nights */
    near(sky / visits, 150, 40, "sky, ADU a pixel");
    near(fwhm / visits, 4.2, 0.6, "FWHM, pixels");
    near(air / visits, 1.55, 0.15, "airmass"); /* three hours from the meridian at both ends of a night */
}

static void test_visits_are_nights(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.db");
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    options.telescope = "hits";
    options.objects = 8;
    options.classes = "EB:eclipsing+contact=1,rr-lyrae=1";
    simulate(path, &options);
    check_rows(path, "SELECT class, count(*) FROM objects GROUP BY class ORDER BY class", "EB|4\nrr-lyrae|4\n");
    check_rows(path, "SELECT DISTINCT filter, type, width FROM stamps", "g|i16|22\n");
    check_rows(path,
               "SELECT count(*) > 100, count(*) = count(DISTINCT object || ' ' || night), count(DISTINCT mjd) > 100 "
               "FROM stamps",
               "1|1|1\n");
    epo_store *store;
    epo__sequence sequence = {0};
    check_ok(epo_store_open(path, EPO_STORE_READ, &store));
    check_ok(epo__sequence_list(store, 1, &sequence));
    assert_true(sequence.stamps.count > 12);
    assert_int_equal(sequence.night_count, sequence.stamps.count);
    assert_true(sequence.nights[1].mjd - sequence.nights[0].mjd < 0.3); /* hours, and as they were */
    epo__sequence_free(&sequence);
    epo_store_close(store);
    temp_remove(folder);
}

/* A star is as bright as its magnitude and the zero point say, and as wide as its seeing. */
static void test_pixels_of_its_own(void **state)
{
    (void)state;
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    options.telescope = "hits";
    options.side = 64;
    epo__simulation s;
    check_ok(epo__simulation_make(&options, &s));
    static const epo__cast_class star = {.name = "constant", .parts = {"constant-star"}, .part_count = 1};
    static const epo__cast_class *const stars[] = {&star};
    epo__darkroom room = {0};
    epo__batch batch = {0};
    double offset = 0, brightest = 0;
    int count = 0;
    for (uint64_t field = 0; field < 20; field++) {
        epo__field f;
        double mag;
        epo__batch_clear(&batch);
        check_ok(epo__simulate_sequences(&s, &(epo__cast){field, field, 1, stars}, &room, &batch));
        check_ok(epo__field_make(s.telescope, options.seed, field, s.options.nights, s.options.visits, &f));
        assert_int_equal(sscanf(batch.subjects[0].class_given, "Star, %lf", &mag), 1);
        for (size_t i = 0; i < batch.exposure_count && mag > 16 && mag < 18; i++) {
            const int16_t *pixels = batch.planes[batch.exposures[i].first_plane].image.pixels;
            const epo__visit *v = NULL;
            double flux = 0;
            for (size_t k = 0; k < f.visit_count; k++)
                if (f.visits[k].mjd == batch.exposures[i].mjd) v = &f.visits[k];
            assert_non_null(v);
            for (int y = 20; y <= 44; y++)
                for (int x = 20; x <= 44; x++) flux += pixels[y * 64 + x] - v->sky;
            offset += v->zero_point - 2.5 * log10(flux) - mag;
            brightest = fmax(brightest, flux);
            count++;
        }
        free(f.visits);
    }
    assert_true(count > 50 && brightest > 50000);
    near(offset / count, 0, 0.08, "measured less true magnitude");
    epo__batch_free(&batch);
    epo__darkroom_free(&room);
}

static void test_limits(void **state)
{
    (void)state;
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    options.objects = 1;
    options.telescope = "hubble";
    check_fails(epo_simulate_check(&options), EPO_EARG, "--telescopes");
    options.telescope = "hits";
    options.candidates = 1;
    check_fails(epo_simulate_check(&options), EPO_EARG, "crts has them");
    options.candidates = 0;
    options.nights = 30;
    check_fails(epo_simulate_check(&options), EPO_EARG, "3 to 7");
    options.nights = 4.5;
    check_fails(epo_simulate_check(&options), EPO_EARG, "whole number");
    options.nights = 4;
    options.visits = 8; /* the sun rises */
    check_fails(epo_simulate_check(&options), EPO_EARG, "visits");
    options.visits = 3;
    check_ok(epo_simulate_check(&options));
}

/* --- classes
 * --------------------------------------------------------------------------------------------------------------- */

static void test_classes(void **state)
{
    (void)state;
    epo__cast_classes c;
    check_ok(epo__cast_classes_read("EB:eclipsing+contact=1,VARIABLE:CV+rr-lyrae+eclipsing=2.5,mira=3,SN=0", &c));
    assert_int_equal(c.count, 4);
    assert_string_equal(c.list[0].name, "EB");
    assert_int_equal(c.list[0].part_count, 2);
    assert_string_equal(c.list[1].parts[0], "CV");
    assert_string_equal(c.list[2].name, "mira");
    assert_true(c.list[1].share == 2.5 && c.list[3].share == 0);
    int contact = 0, binaries = 0, novae = 0;
    epo__rng rng = {.seed = 31};
    for (int i = 0; i < 3000; i++) {
        contact += epo__cast_class_draw(&c.list[0], &rng)->make == epo__light_contact;
        const epo__light_kind *kind = epo__cast_class_draw(&c.list[1], &rng);
        novae += kind->make == epo__light_dwarf_nova || kind->make == epo__light_polar;
        binaries += kind->make == epo__light_eclipsing;
        assert_ptr_equal(epo__cast_class_draw(&c.list[2], &rng)->make, epo__light_mira);
    }
    near(contact / 3000.0, 0.5, 0.04, "share of contact binaries");
    near(novae / 3000.0, 1 / 3.0, 0.04, "share of cataclysmic variables");
    near(binaries / 3000.0, 1 / 3.0, 0.04, "share of eclipsing binaries");

    static const struct {
        const char *text, *part;
    } bad[] = {{"EB:=1", "not simulated"},
               {"EB:eclipsing+=1", "not simulated"},
               {"EB:eclipsing+pulsar=1", "'pulsar'"},
               {":eclipsing=1", "1 to 15"},
               {"a-name-of-sixteen:eclipsing=1", "1 to 15"},
               {"eclipsing+contact=1", "NAME:eclipsing+contact=1"},
               {"EB:eclipsing", "NAME=SHARE"},
               {"EB:eclipsing=x", "NAME=SHARE"},
               {"EB:a:b=1", "not simulated"},
               {"SN=1,SN:sn-ia=1", "twice"},
               {"X:mira+mira+mira+mira+mira+mira+mira+mira+mira=1", "more than 8"},
               {"SN=1=2", "NAME=SHARE"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_fails(epo__cast_classes_read(bad[i].text, &c), EPO_EARG, bad[i].part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard_is_as_ever),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_run_of_nights),
        cmocka_unit_test(test_visits_are_nights),
        cmocka_unit_test(test_pixels_of_its_own),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
