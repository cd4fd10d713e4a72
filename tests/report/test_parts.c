/* SPDX-License-Identifier: BSD-3-Clause
 * test_parts.c - escaping, numbers, plots and pictures of a report, each by itself. */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "report/html.h"
#include "report/page.h"
#include "report/pictures.h"
#include "report/svg.h"
#include "support/check.h"

static void text_is(const char *text, const char *expected)
{
    epo__string s = {0};
    epo__html_text(&s, text);
    assert_string_equal(s.text ? s.text : "", expected);
    epo__string_free(&s);
}

static void test_escaping(void **state)
{
    (void)state;
    text_is("V838 Mon", "V838 Mon");
    text_is("<script>alert(\"x\")</script>", "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
    text_is("a'b&c", "a&#39;b&amp;c");
    text_is("\xce\xb1 Ori", "\xce\xb1 Ori"); /* Greek stays */
    text_is("a\x01\x1b[31m\x7f", "a\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd");
    text_is("line\n\ttab\r", "line\n\ttab\xef\xbf\xbd");
    text_is("\xff\xc3(", "\xef\xbf\xbd\xef\xbf\xbd(");               /* no UTF-8 */
    text_is("\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong '<' */
    text_is("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
    text_is("\xc2\x85", "\xef\xbf\xbd");                             /* U+0085 */
    text_is("a\xe2\x80\xae"
            "gpj.b",
            "a\xef\xbf\xbdgpj.b");           /* U+202E turns the text round */
    text_is("\xe2\x81\xa7", "\xef\xbf\xbd"); /* U+2067 */
    text_is("\xef\xbf\xbf\xef\xb7\x90\xf0\x9f\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* non-characters */
    text_is("\xe2\x82\xac\xf0\x9f\x8c\x9f\xef\xbc\x81", "\xe2\x82\xac\xf0\x9f\x8c\x9f\xef\xbc\x81");
    text_is(NULL, "");
    epo__string s = {0};
    epo__html_textn(&s, "\xe2\x82\xac", 2); /* cut in the middle */
    assert_string_equal(s.text, "\xef\xbf\xbd\xef\xbf\xbd");
    epo__string_free(&s);
}

static void number_is(double value, const char *expected)
{
    epo__string s = {0};
    epo__html_number(&s, value);
    assert_string_equal(s.text, expected);
    epo__string_free(&s);
}

static void test_numbers(void **state)
{
    (void)state;
    number_is(0.5966, "0.597");
    number_is(-0.25, "&minus;0.250");
    number_is(NAN, "&ndash;");
    number_is(INFINITY, "&infin;");
    epo__string s = {0};
    epo__html_count(&s, 1234567);
    epo__html_count(&s, -12345);
    epo__html_count(&s, 9999);
    assert_string_equal(s.text, "1&#8239;234&#8239;567-12&#8239;3459999");
    epo__string_clear(&s);
    epo__html_estimate(&s, &(epo_estimate){0.5, 0.25, 0.75});
    assert_string_equal(s.text, "0.500 <small>[0.250, 0.750]</small>");
    epo__string_clear(&s);
    epo__html_estimate(&s, &(epo_estimate){0.5, NAN, NAN});
    assert_string_equal(s.text, "0.500");
    epo__string_free(&s);
}

/* Every measure there is has its words: a new one must not come without. */
static void test_measures_have_words(void **state)
{
    (void)state;
    const epo_evaluate_options how = EPO_EVALUATE_OPTIONS_INIT;
    for (int m = 0; m < EPO_MEASURES; m++) {
        epo__string s = {0};
        epo__measure_title(&s, (epo_measure)m, &how);
        assert_true(s.length > 1);
        assert_true(strlen(epo__measure_about((epo_measure)m)) > 10);
        epo__string_free(&s);
    }
}

/* --- plots ----------------------------------------------------------------------------------------------------------
 */

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

static char *plot_of(const double *xs, const double *ys, size_t count, epo__plot_line_kind kind, epo__plot_axis x,
                     epo__plot_axis y)
{
    epo__string s = {0};
    epo__plot plot;
    epo__plot_begin(&plot, &s, &(epo__plot_frame){.title = "<t>", .x = x, .y = y});
    epo__plot_line(&plot, &(epo__plot_data){xs, ys, count}, kind, 9);
    epo__plot_end(&plot);
    assert_false(s.failed);
    return s.text;
}

/* The frame goes from x 46 to 350 and from y 24 to 232. */
static void test_lines(void **state)
{
    (void)state;
    const epo__plot_axis unit = {.label = "x", .low = 0, .high = 1};
    const double xs[] = {0, 0.5, NAN, 0.5, 1}, ys[] = {0, 1, 0.5, 0.25, 0.25};
    char *plot = plot_of(xs, ys, 5, EPO__LINE_STRAIGHT, unit, unit);
    assert_non_null(strstr(plot, "<path class=\"series s1\" d=\"M46.0 232.0L198.0 24.0M198.0 180.0L350.0 180.0\"/>"));
    assert_non_null(strstr(plot, "&lt;t&gt;"));
    assert_null(strstr(plot, "<t>"));
    assert_int_equal(count_of(plot, "class=\"gridline\""), 12); /* 0, 0.2 .. 1 both ways */
    free(plot);
    plot = plot_of(xs, ys, 2, EPO__LINE_STEPS, unit,
                   (epo__plot_axis){.label = "mag", .low = 1, .high = 0}); /* turned round */
    assert_non_null(strstr(plot, "d=\"M46.0 24.0V232.0H198.0\""));
    free(plot);
    plot = plot_of(xs, ys, 0, EPO__LINE_STRAIGHT, (epo__plot_axis){.label = "x", .low = 3, .high = 3},
                   (epo__plot_axis){.label = "y", .low = NAN, .high = INFINITY});
    assert_null(strstr(plot, "nan"));
    assert_null(strstr(plot, "inf"));
    free(plot);
}

/* A hundred thousand points become no more than the plot has room for, and the last is among them. */
static void test_thinning(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    double *xs = calloc(MANY, sizeof *xs), *ys = calloc(MANY, sizeof *ys);
    assert_non_null(xs);
    assert_non_null(ys);
    for (size_t i = 0; i < MANY; i++) {
        xs[i] = (double)i / (MANY - 1);
        ys[i] = sqrt(xs[i]);
    }
    const epo__plot_axis unit = {.label = "x", .low = 0, .high = 1};
    char *plot = plot_of(xs, ys, MANY, EPO__LINE_STRAIGHT, unit, unit);
    const char *line = strstr(plot, "class=\"series");
    const size_t points = count_of(line, "L");
    assert_true(points > 200);
    assert_true(points < 1100);
    assert_non_null(strstr(line, "L350.0 24.0\""));
    free(plot);
    free(xs);
    free(ys);
}

/* --- pictures -------------------------------------------------------------------------------------------------------
 */

static void base64_is(const char *bytes, const char *expected)
{
    epo__string s = {0};
    epo__base64(&s, (const unsigned char *)bytes, strlen(bytes));
    assert_string_equal(s.text ? s.text : "", expected);
    epo__string_free(&s);
}

static void test_base64(void **state) /* the examples of RFC 4648 */
{
    (void)state;
    base64_is("", "");
    base64_is("f", "Zg==");
    base64_is("fo", "Zm8=");
    base64_is("foo", "Zm9v");
    base64_is("foob", "Zm9vYg==");
    base64_is("fooba", "Zm9vYmE=");
    base64_is("foobar", "Zm9vYmFy");
}

static void test_grey(void **state)
{
    (void)state;
    enum { SIDE = 100, COUNT = SIDE * SIDE };
    static float pixels[COUNT];
    epo__grey grey;
    for (size_t i = 0; i < COUNT; i++) pixels[i] = 1000 + (float)(i * 37 % 21) - 10; /* sky 1000, -10 to 10 */
    for (size_t i = 0; i < 100; i++) pixels[i * 97] = 50000;
    pixels[5] = NAN;
    check_ok(epo__grey_of(pixels, COUNT, &grey));
    assert_true(fabs(grey.sky - 1000) <= 1);
    assert_true(fabs(grey.width - 1.4826 * 5) < 2);
    assert_true(isnan(epo__grey_value(&grey, NAN)));
    assert_true(isnan(epo__grey_value(&grey, INFINITY)));
    assert_true(epo__grey_value(&grey, -1e30f) == 0);
    assert_true(epo__grey_value(&grey, 50000) == 1);
    const float sky = epo__grey_value(&grey, 1000), noise = epo__grey_value(&grey, 1010);
    assert_true(sky > 0.05f && sky < 0.4f);
    assert_true(noise > sky + 0.05f);
    check_ok(epo__sky_off(pixels, COUNT));
    assert_true(fabsf(pixels[1] + 1000 - (1000 + 37 % 21 - 10)) <= 1);
    for (size_t i = 0; i < COUNT; i++) pixels[i] = NAN; /* nothing to see must be no failure */
    check_ok(epo__grey_of(pixels, COUNT, &grey));
    check_ok(epo__sky_off(pixels, COUNT));
    for (size_t i = 0; i < COUNT; i++) pixels[i] = 7;
    check_ok(epo__grey_of(pixels, COUNT, &grey));
    assert_true(isfinite(epo__grey_value(&grey, 7)));
    epo__string s = {0};
    check_ok(epo__picture_uri(&s, pixels, SIDE, SIDE, &grey));
    assert_int_equal(strncmp(s.text, "data:image/png;base64,iVBORw0KGgo", 33), 0);
    epo__string_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escaping), cmocka_unit_test(test_numbers),  cmocka_unit_test(test_measures_have_words),
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_thinning), cmocka_unit_test(test_base64),
        cmocka_unit_test(test_grey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
