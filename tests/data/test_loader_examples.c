/* SPDX-License-Identifier: BSD-3-Clause
 * test_loader_examples.c - what an example is made of: nights, visits, turns, planes by role, normalisation. */
#include "data/loading.h"

#include "data/sequence.h"
#include "image/geometry.h"

/* The nights on the planes of the triplets of the first example of epoch 0, as "0 1 2|2 3 4". */
static void nights_of(const made *m, const epo__loader_options *o, int64_t object, char *text, size_t size)
{
    epo__loader *loader = opened(o);
    const epo__loader_batch *b;
    size_t triplet = 0;
    text[0] = '\0';
    check_ok(epo__loader_start(loader, 0, 0));
    while ((b = next_of(loader))) {
        triplet = 0;
        for (size_t i = 0; i < b->count; i++) {
            for (size_t t = 0; t < (size_t)b->lengths[i] && b->objects[i] == object; t++)
                for (size_t p = 0; p < 3; p++) {
                    size_t used = strlen(text);
                    snprintf(text + used, size - used, "%s%d",
                             p   ? " "
                             : t ? "|"
                                 : "",
                             m->stamps[stamp_at(b, triplet + t, p)].night);
                }
            triplet += (size_t)b->lengths[i];
        }
    }
    epo__loader_free(loader);
}

static void test_nights(void **state)
{
    (void)state;
    made m;
    char text[200];
    made_begin(&m);
    int64_t objects[13];
    for (int n = 3; n <= 12; n++) objects[n] = made_sequence(&m, "NON", n, 1);
    made_commit(&m);
    epo__loader_options o = made_options(&m);
    o.training = false;
    const struct {
        epo__example_kind kind;
        int have, want, stride;
        const char *nights;
    } rows[] = {
        {EPO__EXAMPLE_SEQUENCE, 3, 0, 3, "0 1 2"},
        {EPO__EXAMPLE_SEQUENCE, 5, 0, 3, "0 1 2"},
        {EPO__EXAMPLE_SEQUENCE, 8, 0, 0, "0 1 2|3 4 5"},
        {EPO__EXAMPLE_SEQUENCE, 5, 0, 1, "0 1 2|1 2 3|2 3 4"},
        {EPO__EXAMPLE_SEQUENCE, 8, 0, 2, "0 1 2|2 3 4|4 5 6"},
        {EPO__EXAMPLE_FIXED, 9, 9, 3, "0 1 2|3 4 5|6 7 8"},
        {EPO__EXAMPLE_FIXED, 12, 9, 3, "1 2 3|4 5 6|7 8 9"},
        {EPO__EXAMPLE_FIXED, 11, 9, 3, "1 2 3|4 5 6|7 8 9"},
        {EPO__EXAMPLE_FIXED, 10, 9, 3, "0 1 2|3 4 5|6 7 8"},
        {EPO__EXAMPLE_FIXED, 8, 9, 3, "0 1 2|3 4 5|6 7 7"},
        {EPO__EXAMPLE_FIXED, 4, 9, 3, "0 0 0|1 2 3|3 3 3"},
        {EPO__EXAMPLE_FIXED, 3, 6, 1, "0 0 1|0 1 2|1 2 2|2 2 2"},
        {EPO__EXAMPLE_TRIPLET, 3, 0, 3, "0 1 2"},
        {EPO__EXAMPLE_TRIPLET, 4, 0, 3, "0 1 2"},
        {EPO__EXAMPLE_TRIPLET, 5, 0, 3, "1 2 3"},
        {EPO__EXAMPLE_TRIPLET, 12, 0, 3, "4 5 6"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        o.kind = rows[i].kind;
        o.nights = rows[i].want;
        o.stride = rows[i].stride;
        nights_of(&m, &o, objects[rows[i].have], text, sizeof text);
        assert_string_equal(text, rows[i].nights);
    }
    made_end(&m);
}

/* In training windows are drawn at random, and the copies of an object take different ones. */
static void test_free_windows(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    for (int i = 0; i < 6; i++) made_sequence(&m, "NON", 3, 1);
    int64_t id = made_sequence(&m, "SN", 8, 1);
    made_commit(&m);
    epo__loader_options o = made_options(&m);
    o.balance = true;
    epo__loader *loader = opened(&o);
    int first_drawn[6] = {0};
    for (uint64_t epoch = 0; epoch < 300; epoch++) {
        const epo__loader_batch *b;
        int of_window[6] = {0};
        bool first = true;
        check_ok(epo__loader_start(loader, epoch, 0));
        while ((b = next_of(loader))) {
            for (size_t i = 0; i < b->count; i++) {
                if (b->objects[i] != id) continue;
                const int start = m.stamps[stamp_at(b, i, 0)].night;
                assert_int_equal(m.stamps[stamp_at(b, i, 1)].night, start + 1);
                assert_int_equal(m.stamps[stamp_at(b, i, 2)].night, start + 2);
                of_window[start]++;
                first_drawn[start] += first;
                first = false;
            }
        }
        for (int i = 0; i < 6; i++) assert_int_equal(of_window[i], 1);
    }
    for (int i = 0; i < 6; i++) assert_in_range(first_drawn[i], 20, 90); /* 50 expected, SD 6.5 */
    epo__loader_free(loader);
    made_end(&m);
}

static void test_peak(void **state)
{
    (void)state;
    made m;
    char text[100];
    made_begin(&m);
    epo__loader_options o = made_options(&m);
    int64_t by_mag = made_object(&m, "mag", "SN"), at_end = made_object(&m, "end", "SN"),
            by_point = made_object(&m, "point", "SN"), by_flux = made_object(&m, "flux", "SN"),
            other = made_object(&m, "other", "NON");
    for (int n = 0; n < 8; n++) {
        int32_t pixels[PIXELS];
        bool added;
        /* two visits a night, the second one of night 5 the brightest of all */
        made_visit(&m, by_mag, n, 0, n == 2 ? 18.5 : 20, NULL);
        made_visit(&m, by_mag, n, 1, n == 5 ? 17.5 : 20, NULL);
        made_visit(&m, at_end, n, 0, 20 - n, NULL);
        made_visit(&m, by_point, n, 0, NAN, NULL);
        made_visit(&m, other, n, 0, n == 6 ? 10 : 20, NULL);
        const double mjd = m.stamps[m.count - 2].mjd;
        check_ok(epo__store_photometry_put(m.store,
                                           &(epo__photometry_row){.object = by_point,
                                                                  .source = m.source,
                                                                  .method = "given",
                                                                  .filter = "",
                                                                  .mjd = mjd + 0.3,
                                                                  .mag = n == 3 ? 18.25 : 21,
                                                                  .mag_err = NAN},
                                           &added));
        /* brighter, but no night is near it, or it is a limit */
        check_ok(epo__store_photometry_put(m.store,
                                           &(epo__photometry_row){.object = by_point,
                                                                  .source = m.source,
                                                                  .method = "given",
                                                                  .filter = "",
                                                                  .mjd = mjd + 1.4,
                                                                  .mag = 12,
                                                                  .mag_err = NAN},
                                           &added));
        check_ok(epo__store_photometry_put(m.store,
                                           &(epo__photometry_row){.object = by_point,
                                                                  .source = m.source,
                                                                  .method = "given",
                                                                  .filter = "",
                                                                  .mjd = mjd,
                                                                  .mag = 11,
                                                                  .mag_err = NAN,
                                                                  .flag = EPO__PHOTOMETRY_LIMIT},
                                           &added));
        /* a source at the centre, on a sky that is highest on another night; its stamps tell the night by the sky */
        for (int i = 0; i < PIXELS; i++) pixels[i] = (int32_t)m.count * PIXELS + (n == 4 ? 30 : 0);
        pixels[SIDE / 2 * SIDE + SIDE / 2] += n == 1 ? 29 : 5;
        made_visit(&m, by_flux, n, 0, NAN, pixels);
    }
    made_commit(&m);
    o.nights_by = EPO__NIGHTS_PEAK;
    o.batch = 1;
    for (int training = 0; training < 2; training++) {
        o.training = training;
        nights_of(&m, &o, by_mag, text, sizeof text);
        assert_string_equal(text, "4 5 6");
        nights_of(&m, &o, at_end, text, sizeof text);
        assert_string_equal(text, "5 6 7");
        nights_of(&m, &o, by_point, text, sizeof text);
        assert_string_equal(text, "2 3 4");
        nights_of(&m, &o, by_flux, text, sizeof text);
        assert_string_equal(text, "0 1 2");
        nights_of(&m, &o, other, text, sizeof text);
        assert_string_equal(text, "0 3 7");
    }
    /* the label-free rule sees none of it */
    o.nights_by = EPO__NIGHTS_FREE;
    o.training = false;
    nights_of(&m, &o, by_mag, text, sizeof text);
    assert_string_equal(text, "2 3 4");
    nights_of(&m, &o, other, text, sizeof text);
    assert_string_equal(text, "2 3 4");
    made_end(&m);
}

/* --- turns
 * --------------------------------------------------------------------------------------------------------------------
 */

static void test_turns(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    for (int i = 0; i < 40; i++) made_sequence(&m, "SN", 5, 1);
    made_commit(&m);
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_SEQUENCE;
    o.stride = 1;
    o.turns = true;
    float plane[PIXELS], turned[EPO_DIHEDRAL_COUNT][PIXELS];
    for (int i = 0; i < PIXELS; i++) plane[i] = (float)i;
    for (int e = 0; e < EPO_DIHEDRAL_COUNT; e++) epo__image_dihedral(plane, SIDE, SIDE, turned[e], e);
    int seen[EPO_DIHEDRAL_COUNT] = {0};
    epo__loader *loader = opened(&o);
    for (uint64_t epoch = 0; epoch < 5; epoch++) {
        const epo__loader_batch *b;
        check_ok(epo__loader_start(loader, epoch, 0));
        while ((b = next_of(loader))) {
            size_t triplet = 0;
            for (size_t i = 0; i < b->count; i++) {
                int element = -1;
                for (size_t p = 0; p < 3 * (size_t)b->lengths[i]; p++) {
                    const float *found = b->planes + (triplet * 3 + p) * PIXELS;
                    for (int k = 0; k < PIXELS; k++) plane[k] = found[k] - (float)(stamp_of(found[0]) * PIXELS);
                    for (int e = 0; e < EPO_DIHEDRAL_COUNT && element < 0; e++)
                        if (memcmp(plane, turned[e], sizeof plane) == 0) element = e;
                    assert_true(element >= 0);
                    assert_memory_equal(plane, turned[element], sizeof plane);
                }
                seen[element]++;
                triplet += (size_t)b->lengths[i];
            }
        }
    }
    for (int e = 0; e < EPO_DIHEDRAL_COUNT; e++) assert_in_range(seen[e], 8, 45); /* 25 expected, SD 4.7 */
    epo__loader_free(loader);
    made_end(&m);
}

/* --- normalisation
 * ------------------------------------------------------------------------------------------------------------ */

/* In evaluation an object's triplets are what data/sequence.h and image/normalise.h make of it. */
static void test_equals_scoring(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    int64_t id = made_object(&m, "one", "SN");
    for (int n = 0; n < 9; n++) {
        for (int v = 0; v < 1 + n % 2; v++) {
            int32_t pixels[PIXELS];
            for (int i = 0; i < PIXELS; i++)
                pixels[i] =
                    900 + 17 * n + (int32_t)(((uint32_t)i * 2654435761u + (uint32_t)(n * 3 + v) * 40503u) >> 26);
            made_visit(&m, id, n, v, NAN, pixels);
        }
    }
    made_commit(&m);
    const char *const normalisers[] = {"none",  "asinh",        "zscore scope=sequence", "zscore", "minmax scope=stamp",
                                       "l2row", "l2 sky=median"};
    const int sides[] = {SIDE, SIDE - 3, SIDE + 2};
    for (size_t k = 0; k < sizeof normalisers / sizeof *normalisers; k++) {
        for (size_t h = 0; h < sizeof sides / sizeof *sides; h++) {
            epo__loader_options o = made_options(&m);
            o.kind = EPO__EXAMPLE_SEQUENCE;
            o.training = false;
            o.rule.height = o.rule.width = sides[h];
            check_ok(epo__normaliser_parse(normalisers[k], &o.rule.normaliser));
            epo__sequence sequence = {0};
            epo__image_work work = {0};
            check_ok(epo__sequence_fetch(m.store, id, &sequence));
            check_ok(epo__sequence_assemble(&sequence, sides[h], sides[h]));
            assert_int_equal(sequence.night_count, 9);
            const epo__image_block block = {.pixels = sequence.planes,
                                            .stamps = 3,
                                            .planes = 3,
                                            .height = sides[h],
                                            .width = sides[h],
                                            .difference = -1};
            check_ok(epo__normalise(&o.rule.normaliser, &block, &work));
            epo__loader *loader = opened(&o);
            check_ok(epo__loader_start(loader, 0, 0));
            const epo__loader_batch *b = next_of(loader);
            assert_int_equal(b->triplets, 3);
            assert_memory_equal(b->planes, sequence.planes, 9 * (size_t)(sides[h] * sides[h]) * sizeof(float));
            for (size_t i = 0; i < 9; i++) assert_true(b->mjds[i] == sequence.nights[i].mjd);
            /* the same scale and sky for a triplet alone */
            if (o.rule.normaliser.scope == EPO_SCOPE_SEQUENCE) {
                epo__loader_options triplet = o;
                triplet.kind = EPO__EXAMPLE_TRIPLET;
                epo__loader *other = opened(&triplet);
                check_ok(epo__loader_start(other, 0, 0));
                assert_memory_equal(next_of(other)->planes, sequence.planes + 3 * sides[h] * sides[h],
                                    3 * (size_t)(sides[h] * sides[h]) * sizeof(float));
                epo__loader_free(other);
            }
            epo__loader_free(loader);
            epo__image_work_free(&work);
            epo__sequence_free(&sequence);
        }
    }
    made_end(&m);
}

/* --- stamps
 * --------------------------------------------------------------------------------------------------------------------
 */

static void put_plane(made *m, int64_t object, const char *exposure, epo__role role, int plane, int side, int base)
{
    int16_t pixels[12 * 12];
    int64_t id;
    bool added;
    for (int i = 0; i < side * side; i++) pixels[i] = (int16_t)(base + i * i % 101);
    check_ok(epo__store_stamp_put(m->store,
                                  &(epo__stamp_row){.object = object,
                                                    .source = m->source,
                                                    .exposure = exposure,
                                                    .role = role,
                                                    .plane = plane,
                                                    .mjd = 55000.5,
                                                    .mjd_given = NAN,
                                                    .type = EPO__PIXEL_I16,
                                                    .width = side,
                                                    .height = side,
                                                    .mag = NAN,
                                                    .mag_err = NAN,
                                                    .fwhm = NAN,
                                                    .rb = NAN,
                                                    .drb = NAN},
                                  pixels, &id, &added));
}

static void test_stamps(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    const epo__loader_class classes[] = {{"bogus", 0, false}, {"real", 1, false}};
    int64_t real = made_object(&m, "r", "real"), bogus = made_object(&m, "b", "bogus");
    put_plane(&m, real, "a", EPO__ROLE_SCIENCE, 0, 8, 100);
    put_plane(&m, real, "a", EPO__ROLE_TEMPLATE, 1, 8, 300);
    put_plane(&m, real, "a", EPO__ROLE_DIFFERENCE, 2, 8, -200);
    put_plane(&m, real, "b", EPO__ROLE_SCIENCE, 0, 12, 50); /* larger than the network's planes */
    put_plane(&m, real, "b", EPO__ROLE_TEMPLATE, 1, 12, 20);
    put_plane(&m, real, "b", EPO__ROLE_DIFFERENCE, 2, 12, 30);
    put_plane(&m, real, "c", EPO__ROLE_SCIENCE, 0, 8, 100); /* lacks one */
    put_plane(&m, real, "c", EPO__ROLE_TEMPLATE, 1, 8, 100);
    put_plane(&m, bogus, "a", EPO__ROLE_SCIENCE, 0, 6, 7); /* smaller */
    put_plane(&m, bogus, "a", EPO__ROLE_TEMPLATE, 1, 6, 9);
    put_plane(&m, bogus, "a", EPO__ROLE_DIFFERENCE, 2, 6, 1);
    put_plane(&m, bogus, "b", EPO__ROLE_SCIENCE, 0, 8, 7); /* of two sizes */
    put_plane(&m, bogus, "b", EPO__ROLE_TEMPLATE, 1, 8, 9);
    put_plane(&m, bogus, "b", EPO__ROLE_DIFFERENCE, 2, 6, 1);
    made_commit(&m);
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_STAMP;
    o.classes = classes;
    o.training = false;
    o.rule = (epo__stamp_rule){.name = "net",
                               .planes = 3,
                               .height = 8,
                               .width = 8,
                               .difference = 0,
                               .pad = EPO_FIT_CORNER,
                               .pad_value = 0.25f,
                               .roles = {EPO__ROLE_DIFFERENCE, EPO__ROLE_SCIENCE, EPO__ROLE_TEMPLATE}};
    check_ok(epo__normaliser_parse("mad", &o.rule.normaliser));
    epo__loader *loader = opened(&o);
    const epo__loader_counts *c = epo__loader_count(loader);
    assert_int_equal(c->examples, 3);
    assert_int_equal(c->objects, 2);
    assert_int_equal(c->no_planes, 2);
    assert_int_equal(c->of_label[0], 1);
    assert_int_equal(c->of_label[1], 2);
    check_ok(epo__loader_start(loader, 0, 0));
    const epo__loader_batch *b = next_of(loader);
    assert_int_equal(b->count, 3);
    assert_int_equal(b->labels[0], 1);
    assert_int_equal(b->labels[2], 0);
    epo__stamp_list list = {0};
    epo__pixels pixels[3] = {{0}};
    epo__stamp_room room = {0};
    float expected[3][3 * 64];
    for (size_t e = 0; e < 3; e++) {
        epo__plane_view views[3];
        check_ok(epo__store_stamps_of(m.store, e < 2 ? real : bogus, &list));
        const epo__stamp_row *rows = list.rows + (e == 1 ? 3 : 0);
        for (int p = 0; p < 3; p++) {
            check_ok(epo__store_pixels_read(m.store, &rows[p], &pixels[p]));
            views[p] = (epo__plane_view){.role = rows[p].role,
                                         .type = rows[p].type,
                                         .height = rows[p].height,
                                         .width = rows[p].width,
                                         .pixels = pixels[p].bytes};
            if (rows[p].role == EPO__ROLE_DIFFERENCE) assert_int_equal(b->stamps[e], rows[p].id);
        }
        check_ok(epo__stamp_input(&o.rule, views, 3, 0, &room, expected[e]));
        assert_memory_equal(b->planes + e * 3 * 64, expected[e], sizeof expected[e]);
    }
    epo__loader_free(loader);

    /* turned, all planes alike; the one that is padded is turned before */
    o.training = o.turns = o.balance = true;
    loader = opened(&o);
    assert_int_equal(epo__loader_count(loader)->examples, 4);
    int turns = 0;
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        check_ok(epo__loader_start(loader, epoch, 0));
        b = next_of(loader);
        for (size_t i = 0; i < b->count; i++) {
            const float *found = b->planes + i * 3 * 64;
            if (b->labels[i] == 0) {
                for (size_t k = 0; k < 64; k++) assert_true((k / 8 > 5 || k % 8 > 5) == (found[k] == 0.25f));
                continue;
            }
            float turned[64];
            const float *plain = NULL;
            int element = -1;
            for (size_t e = 0; e < 2 && element < 0; e++)
                for (int t = 0; t < EPO_DIHEDRAL_COUNT && element < 0; t++) {
                    epo__image_dihedral(expected[e], 8, 8, turned, t);
                    if (memcmp(turned, found, sizeof turned) == 0) {
                        element = t;
                        plain = expected[e];
                    }
                }
            assert_true(element >= 0);
            for (size_t p = 1; p < 3; p++) {
                epo__image_dihedral(plain + p * 64, 8, 8, turned, element);
                assert_memory_equal(found + p * 64, turned, sizeof turned);
            }
            turns += element != 0;
        }
    }
    assert_in_range(turns, 20, 39); /* of 40, 35 expected */
    epo__loader_free(loader);
    for (int p = 0; p < 3; p++) free(pixels[p].bytes);
    epo__stamp_list_free(&list);
    epo__stamp_room_free(&room);
    made_end(&m);
}

/* Frames without times: every one is a night, and its number the date. */
static void test_without_times(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    made_sequence(&m, "SN", 5, 1);
    made_commit(&m);
    epo__store_rollback(m.store);
    outside(&m, "UPDATE stamps SET mjd = NULL, night = NULL");
    epo__loader_options o = made_options(&m);
    o.training = false;
    epo__loader *loader = opened(&o);
    check_ok(epo__loader_start(loader, 0, 0));
    const epo__loader_batch *b = next_of(loader);
    for (size_t p = 0; p < 3; p++) {
        assert_true(b->mjds[p] == (double)(p + 1));
        assert_int_equal(m.stamps[stamp_at(b, 0, p)].night, p + 1);
    }
    epo__loader_free(loader);
    made_end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nights),        cmocka_unit_test(test_free_windows),   cmocka_unit_test(test_peak),
        cmocka_unit_test(test_turns),         cmocka_unit_test(test_equals_scoring), cmocka_unit_test(test_stamps),
        cmocka_unit_test(test_without_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
