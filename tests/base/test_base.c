/* SPDX-License-Identifier: BSD-3-Clause
 * test_base.c - parsing, strings, random numbers and the pipeline. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/pipeline.h"
#include "base/rng.h"
#include "base/text.h"

static void numbers_are_parsed_strictly(void **state)
{
    (void)state;
    double d = 7;
    int64_t i = 7;
    assert_true(epo__parse_double(" 53.5e1 ", &d));
    assert_true(d == 535);
    assert_false(epo__parse_double("53x", &d));
    assert_false(epo__parse_double("", &d));
    assert_false(epo__parse_double("1e999", &d));
    assert_true(epo__parse_int("-42", -42, 42, &i));
    assert_int_equal(i, -42);
    assert_false(epo__parse_int("43", -42, 42, &i));
    assert_false(epo__parse_int("99999999999999999999", INT64_MIN, INT64_MAX, &i));
    assert_false(epo__parse_int("4.2", 0, 9, &i));
}

static void dates_follow_the_calendar(void **state)
{
    (void)state;
    double mjd;
    char text[11];
    assert_true(epo__mjd_of_date(1858, 11, 17) == 0);
    assert_true(epo__mjd_of_date(2000, 1, 1) == 51544);
    assert_true(epo__mjd_of_date(2026, 11, 21) == 61365);
    assert_true(epo__parse_yymmmdd("06APR02", &mjd));
    assert_true(mjd == 53827);
    assert_false(epo__parse_yymmmdd("06APR32", &mjd));
    assert_false(epo__parse_yymmmdd("06APRIL", &mjd));
    for (double m = 40000; m < 70000; m += 17) {
        int y, mo, da;
        epo__date_of_mjd(m + .9, text);
        assert_int_equal(sscanf(text, "%d-%d-%d", &y, &mo, &da), 3);
        assert_true(epo__mjd_of_date(y, mo, da) == m);
    }
}

static void json_text_is_valid_whatever_the_bytes(void **state)
{
    (void)state;
    epo__string s = {0};
    epo__string_add_json(&s, "a\"b\\\n\x01\xc3\xa9\xff\xe2\x82");
    assert_string_equal(s.text, "\"a\\\"b\\\\\\u000a\\u0001\xc3\xa9\\ufffd\\ufffd\\ufffd\"");
    epo__string_clear(&s);
    epo__string_add_json(&s, NULL);
    epo__string_add_json_list(&s, (const char *const[]){"a\"", NULL, "b"}, 3, ", ");
    epo__string_add_json_list(&s, NULL, 0, ",");
    assert_string_equal(s.text, "null[\"a\\\"\", null, \"b\"][]");
    epo__string_free(&s);
}

/* Known answers of Random123's kat_vectors for philox4x32-10. */
static void philox_gives_the_published_words(void **state)
{
    (void)state;
    uint32_t out[4];
    epo__philox((uint32_t[4]){0, 0, 0, 0}, (uint32_t[2]){0, 0}, out);
    assert_int_equal(out[0], 0x6627e8d5);
    assert_int_equal(out[3], 0x9b00dbd8);
    epo__philox((uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, (uint32_t[2]){0xa4093822, 0x299f31d0}, out);
    assert_int_equal(out[0], 0xd16cfe09);
    assert_int_equal(out[1], 0x94fdcceb);
    assert_int_equal(out[2], 0x5001e420);
    assert_int_equal(out[3], 0x24126ea1);
}

static void random_draws_have_their_moments(void **state)
{
    (void)state;
    epo__rng rng = {.seed = 5, .stream = epo__rng_stream("test")};
    double sum = 0, squares = 0;
    size_t hits[7] = {0};
    enum { N = 70000 };
    for (int i = 0; i < N; i++) {
        double x = epo__rng_normal(&rng);
        sum += x;
        squares += x * x;
        hits[epo__rng_below(&rng, 7)]++;
    }
    assert_true(fabs(sum / N) < 5 / sqrt(N));
    assert_true(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
    for (int i = 0; i < 7; i++) assert_true(fabs((double)hits[i] - N / 7.0) < 5 * sqrt(N / 7.0));
}

/* --- pipeline: squares of 0..999, delivered in order ------------------------------------------------------------------ */
typedef struct squares {
    int next, count, delivered, fail_at;
    long sum;
} squares;

static void *make_int(void *context)
{
    (void)context;
    return epo__alloc(1, sizeof(int));
}

static void free_int(void *context, void *chunk)
{
    (void)context;
    free(chunk);
}

static epo_status fill_int(void *context, void *chunk, bool *end)
{
    squares *s = context;
    *end = s->next == s->count;
    *(int *)chunk = s->next++;
    return EPO_OK;
}

static epo_status square_int(void *context, void *chunk, int worker)
{
    squares *s = context;
    int *value = chunk;
    (void)worker;
    if (*value == s->fail_at) return epo__fail(EPO_EFORMAT, "chunk %d is bad", *value);
    *value *= *value;
    return EPO_OK;
}

static epo_status deliver_int(void *context, void *chunk)
{
    squares *s = context;
    assert_int_equal(*(int *)chunk, s->delivered * s->delivered);
    s->delivered++;
    s->sum += *(int *)chunk;
    return EPO_OK;
}

static void pipeline_keeps_the_order(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 8; threads++) {
        squares s = {.count = 1000, .fail_at = -1};
        epo__pipeline p = {&s, make_int, free_int, fill_int, square_int, deliver_int};
        assert_int_equal(epo__pipeline_run(&p, threads), EPO_OK);
        assert_int_equal(s.delivered, 1000);
        assert_int_equal(s.sum, 332833500);
    }
}

static void pipeline_stops_at_the_first_failure(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        squares s = {.count = 1000, .fail_at = 500};
        epo__pipeline p = {&s, make_int, free_int, fill_int, square_int, deliver_int};
        assert_int_equal(epo__pipeline_run(&p, threads), EPO_EFORMAT);
        assert_int_equal(s.delivered, 500);
        assert_string_equal(epo_error_message(), "chunk 500 is bad");
    }
}

static void values_of_json_are_counted(void **state)
{
    (void)state;
    epo__string s = {0};
    epo__string_add(&s, "[");
    for (int i = 1; i < EPO__JSON_MAX_VALUES - 1; i++) epo__string_add(&s, "0,");
    epo__string_add(&s, "\",[{\\\",[,,,\"]"); /* what stands in a text is part of one value */
    assert_true(epo__json_fits(s.text, s.length));
    s.text[s.length - 1] = ',';
    epo__string_add(&s, "0]");
    assert_false(epo__json_fits(s.text, s.length));
    assert_true(epo__json_fits("", 0) && epo__json_fits("\"\\", 2));
    epo__string_free(&s);
}

static void plain_arrays_are_sorted(void **state)
{
    (void)state;
    double reals[] = {0.25, -INFINITY, 0.2500000000000001, -7, 1e300};
    float floats[] = {3, -0.5F, 3e-30F};
    const char *texts[] = {"b", "", "B", "ab", "a"};
    qsort(reals, 5, sizeof *reals, epo__by_double);
    qsort(floats, 3, sizeof *floats, epo__by_float);
    qsort(texts, 5, sizeof *texts, epo__by_text);
    assert_true(isinf(reals[0]) && reals[1] == -7 && reals[2] == 0.25 && reals[3] > 0.25 && reals[4] == 1e300);
    assert_true(floats[0] == -0.5F && floats[1] == 3e-30F && floats[2] == 3);
    assert_string_equal(texts[1], "B");
    assert_string_equal(texts[3], "ab");
}

static void products_are_all_or_nothing(void **state)
{
    (void)state;
    /* the smallest product beyond 64 bits, whose low half a small block would satisfy */
    const size_t half = (size_t)1 << 32;
    assert_true(epo__product(half, half - 1) == 0xffffffff00000000u);
    assert_true(epo__product(half, half) == SIZE_MAX && epo__product(SIZE_MAX, 2) == SIZE_MAX);
    assert_true(epo__product3(3, 5, 7) == 105 && epo__product3(half, half, 3) == SIZE_MAX);
    assert_true(epo__product(0, SIZE_MAX) == 0 && epo__product3(half, half, 0) == 0);
    char *kept = epo__alloc(4, 1);
    size_t capacity = 4;
    assert_non_null(kept);
    for (size_t size = 1; size <= 8; size *= 2) { /* what a product that does not fit asks for is never given */
        assert_null(epo__alloc(epo__product(half, half), size));
        assert_null(epo__alloc_aligned(epo__product(half, half), size));
        assert_false(epo__grow(&kept, &capacity, epo__product(half, half), size));
    }
    assert_int_equal(capacity, 4);
    free(kept);
}

static void messages_hold_no_control_bytes(void **state)
{
    (void)state;
    assert_int_equal(epo__fail(EPO_EIO, "%s", "a\x1b[31mb\n"), EPO_EIO);
    assert_string_equal(epo_error_message(), "a?[31mb?");
    assert_int_equal(epo__fail_in(EPO_EIO, "%s", "file.fits"), EPO_EIO);
    assert_string_equal(epo_error_message(), "file.fits: a?[31mb?");
    /* CSI as one character, as a lone byte of Latin-1, a turn of direction, a character cut short; what is fine stays */
    epo__fail(EPO_EIO, "%s", "a\xc2\x9b" "31mb\x9b" "2J \xe2\x80\xae" "gpj.exe \xc3\xa9\xe2\x98\x85 \xe2\x98");
    assert_string_equal(epo_error_message(), "a?31mb?2J ?gpj.exe \xc3\xa9\xe2\x98\x85 ??");
    assert_string_equal(epo_status_text((epo_status)999), "unknown status");
}

static void a_message_says_why_a_receiver_stopped(void **state)
{
    (void)state;
    epo__fail(EPO_EIO, "before");
    assert_int_equal(epo__stopped(EPO_OK), EPO_OK);
    assert_string_equal(epo_error_message(), "before");
    assert_int_equal(epo__stopped(EPO_ENOMEM), EPO_ENOMEM);
    assert_string_equal(epo_error_message(), "stopped by the receiver of the results: out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_parsed_strictly),
        cmocka_unit_test(dates_follow_the_calendar),
        cmocka_unit_test(json_text_is_valid_whatever_the_bytes),
        cmocka_unit_test(philox_gives_the_published_words),
        cmocka_unit_test(random_draws_have_their_moments),
        cmocka_unit_test(pipeline_keeps_the_order),
        cmocka_unit_test(pipeline_stops_at_the_first_failure),
        cmocka_unit_test(values_of_json_are_counted),
        cmocka_unit_test(plain_arrays_are_sorted),
        cmocka_unit_test(products_are_all_or_nothing),
        cmocka_unit_test(messages_hold_no_control_bytes),
        cmocka_unit_test(a_message_says_why_a_receiver_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
