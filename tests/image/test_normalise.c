/* SPDX-License-Identifier: BSD-3-Clause
 * test_normalise.c - every kind and scope against numpy (make_fixture.py), against closed forms, and what a scope is
 * for. */
#include "support/check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "image/normalise.h"

/* Read by the address sanitizer only: a refused allocation gives NULL, as without it, instead of ending the test. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static epo__normaliser parsed(const char *text)
{
    epo__normaliser n = {0};
    check_ok(epo__normaliser_parse(text, &n));
    return n;
}

static void normalise(const char *text, epo__image_block block)
{
    epo__normaliser n = parsed(text);
    epo__image_work work = {0};
    check_ok(epo__normalise(&n, &block, &work));
    epo__image_work_free(&work);
}

/* --- against numpy ------------------------------------------------------------------------------------------------ */

typedef struct reader {
    const unsigned char *at, *end;
} reader;

/* The next line of text, without its newline. */
static void read_line(reader *r, char *line, size_t size)
{
    const unsigned char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    assert_non_null(newline);
    size_t length = (size_t)(newline - r->at);
    assert_true(length < size);
    memcpy(line, r->at, length);
    line[length] = '\0';
    r->at = newline + 1;
}

static float *read_floats(reader *r, size_t count)
{
    assert_true((size_t)(r->end - r->at) >= count * sizeof(float));
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    memcpy(values, r->at, count * sizeof *values);
    r->at += count * sizeof *values;
    return values;
}

static void compare(const char *name, const char *text, const float *got, const float *want, size_t step, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double g = (double)got[i * step], w = (double)want[i];
        /* numpy adds in another order and rounds to float last, as we do: one unit in the last place at most. Near 0
         * the difference x - location cancels. */
        if (!(fabs(g - w) <= 1.3e-7 * fabs(w) + 1e-12))
            fail_msg("%s, %s: pixel %zu is %.9g, numpy says %.9g", name, text, i * step, g, w);
    }
}

static void every_kind_and_scope_equals_numpy(void **state)
{
    (void)state;
    size_t size, compared = 0;
    unsigned char *bytes = read_file("tests/image/fixtures/normalise.bin", &size);
    reader r = {bytes, bytes + size};
    epo__image_work work = {0};
    epo__image_block block = {0};
    float *input = NULL, *copy = NULL;
    size_t total = 0;
    char line[200], name[40] = "", text[100];
    while (r.at < r.end) {
        size_t step, count;
        read_line(&r, line, sizeof line);
        if (sscanf(line, "expect %zu %zu %99[^\n]", &step, &count, text) == 3) {
            float *want = read_floats(&r, count);
            assert_true((count - 1) * step < total);
            memcpy(copy, input, total * sizeof *copy);
            block.pixels = copy;
            epo__normaliser n = parsed(text);
            check_ok(epo__normalise(&n, &block, &work));
            compare(name, text, copy, want, step, count);
            for (size_t i = 0; i < total; i++) assert_true(isfinite(copy[i]));
            free(want);
            compared++;
            continue;
        }
        assert_int_equal(sscanf(line, "input %39s %zu %zu %d %d %d", name, &block.stamps, &block.planes, &block.height,
                                &block.width, &block.difference),
                         6);
        total = block.stamps * block.planes * (size_t)block.height * (size_t)block.width;
        free(input);
        free(copy);
        input = read_floats(&r, total);
        copy = malloc(total * sizeof *copy);
        assert_non_null(copy);
    }
    assert_true(compared > 300);
    free(input);
    free(copy);
    free(bytes);
    epo__image_work_free(&work);
}

/* --- closed forms ------------------------------------------------------------------------------------------------- */

static void check_pixels(const float *got, const double *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - want[i]) <= 1e-7 * fabs(want[i])))
            fail_msg("pixel %zu is %.9g, not %.9g", i, (double)got[i], want[i]);
}

static void small_planes_have_known_results(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double want[6];
    } cases[] = {
        {"none", {3, 4, 0, -5, 12, 0}},
        {"l2", {3 / 13.92838827718412, 4 / 13.92838827718412, 0, -5 / 13.92838827718412, 12 / 13.92838827718412, 0}},
        {"l2row", {.6, .8, 0, -5 / 13., 12 / 13., 0}},
        {"minmax", {8 / 17., 9 / 17., 5 / 17., 0, 1, 5 / 17.}},
        {"none sky=median", {1.5, 2.5, -1.5, -6.5, 10.5, -1.5}},
        {"mad scope=plane", {3 / (1.4826 * 3.5), 4 / (1.4826 * 3.5), 0, -5 / (1.4826 * 3.5), 12 / (1.4826 * 3.5), 0}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        float x[6] = {3, 4, 0, -5, 12, 0};
        normalise(cases[c].text, (epo__image_block){x, 1, 1, 2, 3, -1});
        check_pixels(x, cases[c].want, 6);
    }
}

static void z_scores_have_mean_zero_and_deviation_one(void **state)
{
    (void)state;
    float x[63 * 61];
    for (int i = 0; i < 63 * 61; i++) x[i] = 870.f + 31.f * sinf((float)(i * i % 1009));
    normalise("zscore", (epo__image_block){x, 1, 1, 63, 61, -1});
    double sum = 0, squares = 0;
    for (int i = 0; i < 63 * 61; i++) sum += (double)x[i], squares += (double)x[i] * (double)x[i];
    assert_true(fabs(sum / (63 * 61)) < 1e-7);
    assert_true(fabs(squares / (63 * 61) - 1) < 1e-7);
}

static void a_row_norm_is_good_to_float_precision(void **state)
{
    (void)state;
    /* Summed in float, the small pixels would vanish beside the large one. */
    float x[4097];
    x[0] = 4096.5f;
    for (int i = 1; i < 4097; i++) x[i] = .3f;
    double norm = sqrt(4096.5 * 4096.5 + 4096 * (double).3f * (double).3f);
    normalise("l2row", (epo__image_block){x, 1, 1, 1, 4097, -1});
    assert_true(x[0] == (float)(4096.5 / norm));
    assert_true(x[4096] == (float)((double).3f / norm));
}

static void a_pixel_at_exactly_three_sigma_is_not_inside(void **state)
{
    (void)state;
    float x[10] = {0, 0, 0, 10, 0, 0, 0, 0, 0, 0}; /* mean 1, sigma 3 */
    normalise("sigma3code", (epo__image_block){x, 1, 1, 2, 5, -1});
    check_pixels(x, (const double[]){0, 0, 0, 10, 0, 0, 0, 0, 0, 0}, 10);
}

static void constant_planes_give_zero_and_nan_gives_zero(void **state)
{
    (void)state;
    static const char *const texts[] = {"zscore", "sigma3", "sigma3code", "minmax", "asinh", "none sky=median",
                                        "l2 sky=median"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        /* 0.1 is not exact: a mean that is off by one bit would be blown up to +-1 */
        float x[35];
        for (int i = 0; i < 35; i++) x[i] = .1f;
        x[17] = NAN;
        normalise(texts[t], (epo__image_block){x, 1, 1, 5, 7, -1});
        for (int i = 0; i < 35; i++) assert_true(x[i] == 0);
    }
}

static void results_pass_no_limit_of_float(void **state)
{
    (void)state;
    float x[8] = {1e-40f, -1e-40f, 1e-40f, 2e38f, 1e-40f, 1e-40f, -1e-40f, -3e38f};
    normalise("mad scope=plane", (epo__image_block){x, 1, 1, 2, 4, -1});
    assert_true(x[3] == FLT_MAX);
    assert_true(x[7] == -FLT_MAX);
    assert_true(isfinite(x[0]));
}

/* --- scope -------------------------------------------------------------------------------------------------------- */

enum { NIGHTS = 3, SIDE = 9 };
static const float flux[NIGHTS] = {200, 1000, 400};

/* A source of other brightness, a sky of other height and other noise each night. */
static void make_nights(float x[NIGHTS][SIDE * SIDE])
{
    for (int t = 0; t < NIGHTS; t++) {
        for (int i = 0; i < SIDE * SIDE; i++) x[t][i] = (float)(t + 1) * (float)(300 + i * 37 % 17 - 8);
        x[t][SIDE * SIDE / 2] = 300.f * (float)(t + 1) + flux[t];
    }
}

static void scope_sequence_keeps_flux_ratios_and_plane_does_not(void **state)
{
    (void)state;
    static const char *const kinds[] = {"l2 sky=median", "zscore", "sigma3", "minmax", "sigma3code"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        double height[2][NIGHTS]; /* source over the sky pixel of value 0, which all nights share */
        for (int sequence = 0; sequence < 2; sequence++) {
            float x[NIGHTS][SIDE * SIDE];
            char text[80];
            make_nights(x);
            snprintf(text, sizeof text, "%s scope=%s", kinds[k], sequence ? "sequence" : "plane");
            normalise(text, (epo__image_block){x[0], NIGHTS, 1, SIDE, SIDE, -1});
            int level = 0;
            while (level * 37 % 17 != 8) level++;
            for (int t = 0; t < NIGHTS; t++)
                height[sequence][t] = (double)x[t][SIDE * SIDE / 2] - (double)x[t][level];
        }
        for (int t = 1; t < NIGHTS; t++) {
            double truth = (double)flux[t] / (double)flux[0];
            assert_true(fabs(height[1][t] / height[1][0] / truth - 1) < 1e-5);
            assert_true(fabs(height[0][t] / height[0][0] / truth - 1) > .2);
        }
    }
}

static void asinh_over_a_sequence_is_one_curve_for_all_nights(void **state)
{
    (void)state;
    float x[NIGHTS][SIDE * SIDE];
    make_nights(x);
    normalise("asinh", (epo__image_block){x[0], NIGHTS, 1, SIDE, SIDE, -1});
    for (int t = 1; t < NIGHTS; t++) {
        double ratio = sinh((double)x[t][SIDE * SIDE / 2]) / sinh((double)x[0][SIDE * SIDE / 2]);
        /* the median of 81 pixels is the sky within a step of the noise, 1 to 3 ADU */
        assert_true(fabs(ratio / ((double)flux[t] / (double)flux[0]) - 1) < .03);
    }
}

static void stamps_are_independent_except_under_scope_sequence(void **state)
{
    (void)state;
    static const char *const kinds[] = {"l2", "zscore", "sigma3", "sigma3code", "minmax", "mad", "asinh"};
    static const char *const scopes[] = {"plane", "stamp", "sequence"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t s = 0; s < 3; s++) {
            float both[2][2][20], one[2][20];
            for (int i = 0; i < 80; i++)
                both[i / 40][i / 20 % 2][i % 20] = (float)(i * 73 % 101) * (i < 40 ? 1.f : 9.f);
            memcpy(one, both[0], sizeof one);
            char text[80];
            snprintf(text, sizeof text, "%s scope=%s", kinds[k], scopes[s]);
            normalise(text, (epo__image_block){both[0][0], 2, 2, 4, 5, 1});
            normalise(text, (epo__image_block){one[0], 1, 2, 4, 5, 1});
            bool same = memcmp(one, both[0], sizeof one) == 0;
            assert_true(same == (s < 2));
        }
    }
}

static void mad_takes_its_scale_from_the_difference_plane(void **state)
{
    (void)state;
    float x[3][4] = {{100, 200, 300, 400}, {10, 20, 30, 40}, {-2, 4, 6, -8}};
    normalise("mad", (epo__image_block){x[0], 1, 3, 2, 2, 2});
    check_pixels(x[0], (const double[]){100 / 7.413, 200 / 7.413, 300 / 7.413, 400 / 7.413}, 4);
    check_pixels(x[2], (const double[]){-2 / 7.413, 4 / 7.413, 6 / 7.413, -8 / 7.413}, 4);
}

/* --- text, refusals, workspace ------------------------------------------------------------------------------------ */

static void text_is_read_and_written_back(void **state)
{
    (void)state;
    static const struct {
        const char *given, *canonical;
    } cases[] = {
        {"none", "none"},
        {" \tl2row\n", "l2row"},
        {"asinh scope=sequence", "asinh"},
        {"mad scope=stamp", "mad"},
        {"mad  scope=sequence ", "mad scope=sequence"},
        {"sky=median", NULL},
        {"l2 sky=median scope=sequence", "l2 scope=sequence sky=median"},
        {"asinh difference=sigma3code scope=plane", "asinh scope=plane difference=sigma3code"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        epo__normaliser n = {0}, again = {0};
        if (!cases[c].canonical) {
            check_fails(epo__normaliser_parse(cases[c].given, &n), EPO_EARG, "not known");
            continue;
        }
        n = parsed(cases[c].given);
        char text[EPO_NORMALISER_TEXT];
        epo__normaliser_text(&n, text);
        assert_string_equal(text, cases[c].canonical);
        again = parsed(text);
        assert_true(n.kind == again.kind && n.scope == again.scope && n.sky == again.sky &&
                    n.difference == again.difference);
    }
    char text[EPO_NORMALISER_TEXT];
    epo__normaliser_text(&(epo__normaliser){0}, text);
    assert_string_equal(text, "none");
    for (const epo__normalise_kind *const *k = epo__normalise_kinds; *k; k++) {
        assert_true(strlen(epo__normalise_kind_help(*k)) > 0);
        assert_true(parsed(epo__normalise_kind_name(*k)).kind == *k);
    }
}

static void wrong_text_is_refused_with_what_there_is(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "there are none, l2, l2row, zscore, sigma3, sigma3code, minmax, mad, asinh"},
        {"l3", "\"l3\" is not known; there are none, l2, l2row, zscore, sigma3, sigma3code, minmax, mad, asinh"},
        {"L2", "is not known"},
        {"l2 plane", "\"plane\" is not scope=, sky= or difference="},
        {"l2 scope", "\"scope\" is not scope="},
        {"l2 scop=plane", "\"scop=plane\" is not scope="},
        {"l2 scope=", "scope \"\" is not plane, stamp or sequence"},
        {"l2 scope=row", "scope \"row\" is not plane, stamp or sequence"},
        {"l2row scope=plane", "l2row takes no scope"},
        {"none scope=plane", "none takes no scope"},
        {"l2 scope=plane scope=plane", "scope is given twice"},
        {"zscore sky=median", "zscore takes no sky"},
        {"l2 sky=mean", "sky \"mean\" is not median"},
        {"sigma3 difference=l3", "normalisation sigma3: difference: normalisation \"l3\" is not known"},
        {"sigma3 difference=l2row", "the difference plane cannot be l2row"},
        {"sigma3 scope=stamp difference=zscore", "difference wants scope plane, not stamp"},
        {"l2row difference=zscore", "difference wants scope plane, not row"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        epo__normaliser n = {.scope = EPO_SCOPE_STAMP};
        check_fails(epo__normaliser_parse(cases[c].text, &n), EPO_EARG, cases[c].message);
        assert_true(n.kind == NULL && n.scope == EPO_SCOPE_STAMP);
    }
}

static void blocks_that_do_not_fit_are_refused_untouched(void **state)
{
    (void)state;
    float x[4] = {1, 2, 3, 4};
    epo__image_work work = {0};
    epo__normaliser m = parsed("mad"), d = parsed("sigma3 difference=zscore"), l = parsed("l2");
    epo__image_block block = {x, 1, 1, 2, 2, -1};
    check_fails(epo__normalise(&m, &block, &work), EPO_EARG, "needs a difference image");
    check_fails(epo__normalise(&d, &block, &work), EPO_EARG, "needs a difference image");
    block.difference = 1;
    check_fails(epo__normalise(&m, &block, &work), EPO_EARG, "needs a difference image");
    block.height = 0;
    check_fails(epo__normalise(&l, &block, &work), EPO_EARG, "0 x 2");
    block = (epo__image_block){x, SIZE_MAX / 8, 1, 2, 2, -1};
    check_fails(epo__normalise(&l, &block, &work), EPO_EARG, "too many");
    /* fits in an address, but in no memory */
    block = (epo__image_block){x, (size_t)1 << 54, 1, 2, 2, -1};
    epo__normaliser a = parsed("asinh");
    check_fails(epo__normalise(&a, &block, &work), EPO_ENOMEM, "image statistics");
    block = (epo__image_block){x, 0, 1, 2, 2, -1};
    check_ok(epo__normalise(&l, &block, &work));
    for (int i = 0; i < 4; i++) assert_true(x[i] == (float)(i + 1));
    epo__image_work_free(&work);
    epo__image_work_free(NULL);
}

static void all_zeros_is_no_normalisation(void **state)
{
    (void)state;
    float x[4] = {1.25f, NAN, -3, 4};
    epo__image_work work = {0};
    check_ok(epo__normalise(&(epo__normaliser){0}, &(epo__image_block){x, 1, 1, 2, 2, -1}, &work));
    assert_true(x[0] == 1.25f && x[1] == 0 && x[2] == -3 && x[3] == 4);
    epo__image_work_free(&work);
}

static void a_workspace_grows_once(void **state)
{
    (void)state;
    float x[2][36];
    epo__image_work work = {0};
    epo__normaliser n = parsed("asinh scope=stamp");
    double *room = NULL;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 72; i++) x[i / 36][i % 36] = (float)((i * 31 + round) % 53);
        check_ok(epo__normalise(&n, &(epo__image_block){x[0], 1, 2, 6, 6, -1}, &work));
        if (round == 0) room = work.room;
        assert_ptr_equal(work.room, room);
    }
    epo__image_work_free(&work);
    assert_null(work.room);
    assert_int_equal(work.capacity, 0);
}

/* The scale of a sequence in two steps: as in one, and the same for a night alone; locations are found once. */
static void a_scale_found_once_is_applied_to_some_nights(void **state)
{
    (void)state;
    static const char *const texts[] = {"asinh", "zscore scope=sequence", "minmax scope=sequence", "sigma3code scope=sequence"};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        float x[NIGHTS][SIDE * SIDE], one[NIGHTS][SIDE * SIDE], two[NIGHTS][SIDE * SIDE];
        double locations[NIGHTS] = {NAN, NAN, NAN};
        epo__sequence_scale scale;
        epo__image_work work = {0};
        make_nights(x);
        memcpy(one, x, sizeof x);
        memcpy(two, x, sizeof x);
        epo__normaliser n = parsed(texts[k]);
        epo__image_block block = {one[0], NIGHTS, 1, SIDE, SIDE, -1};
        check_ok(epo__normalise(&n, &block, &work));
        block.pixels = two[0];
        check_ok(epo__normalise_measure(&n, &block, &work, &scale));
        assert_memory_equal(two, x, sizeof x);
        block.stamps = 1;
        for (int i = NIGHTS - 1; i >= 0; i--) {
            block.pixels = two[i];
            check_ok(epo__normalise_by(&n, &scale, &block, &locations[i], &work));
            assert_true(isfinite(locations[i]) != 0);
            assert_memory_equal(two[i], one[i], sizeof one[i]);
        }
        locations[1] += 5; /* given: taken, not found */
        memcpy(two[1], x[1], sizeof x[1]);
        block.pixels = two[1];
        check_ok(epo__normalise_by(&n, &scale, &block, &locations[1], &work));
        assert_memory_not_equal(two[1], one[1], sizeof one[1]);
        n = parsed("zscore");
        check_fails(epo__normalise_by(&n, &scale, &block, &locations[1], &work), EPO_EARG, "zscore has no scale of a sequence");
        check_fails(epo__normalise_measure(&n, &block, &work, &scale), EPO_EARG, "zscore has no scale of a sequence");
        epo__image_work_free(&work);
    }
}

/* Over the whole range of float, against libm. */
static void asinh_is_good_to_float_precision(void **state)
{
    (void)state;
    const epo__normaliser n = parsed("asinh");
    epo__image_work work = {0};
    for (double power = -37; power < 38; power += 0.003) {
        float x[2] = {(float)pow(10, power), (float)-pow(10, power)}, want = (float)asinh((double)x[0]);
        double sky = 0;
        check_ok(epo__normalise_by(&n, &(epo__sequence_scale){0, 1}, &(epo__image_block){x, 1, 1, 1, 2, -1}, &sky, &work));
        if (fabsf(x[0] - want) > nextafterf(want, INFINITY) - want) fail_msg("asinh of 1e%g is %.9g, not %.9g", power, (double)x[0], (double)want);
        assert_true(x[1] == -x[0]);
    }
    epo__image_work_free(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_and_scope_equals_numpy),
        cmocka_unit_test(small_planes_have_known_results),
        cmocka_unit_test(z_scores_have_mean_zero_and_deviation_one),
        cmocka_unit_test(a_row_norm_is_good_to_float_precision),
        cmocka_unit_test(a_pixel_at_exactly_three_sigma_is_not_inside),
        cmocka_unit_test(constant_planes_give_zero_and_nan_gives_zero),
        cmocka_unit_test(results_pass_no_limit_of_float),
        cmocka_unit_test(scope_sequence_keeps_flux_ratios_and_plane_does_not),
        cmocka_unit_test(asinh_over_a_sequence_is_one_curve_for_all_nights),
        cmocka_unit_test(stamps_are_independent_except_under_scope_sequence),
        cmocka_unit_test(mad_takes_its_scale_from_the_difference_plane),
        cmocka_unit_test(text_is_read_and_written_back),
        cmocka_unit_test(wrong_text_is_refused_with_what_there_is),
        cmocka_unit_test(blocks_that_do_not_fit_are_refused_untouched),
        cmocka_unit_test(all_zeros_is_no_normalisation),
        cmocka_unit_test(a_workspace_grows_once),
        cmocka_unit_test(a_scale_found_once_is_applied_to_some_nights),
        cmocka_unit_test(asinh_is_good_to_float_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
