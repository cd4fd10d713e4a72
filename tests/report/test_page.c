/* SPDX-License-Identifier: BSD-3-Clause
 * test_page.c - whole pages: well-formed whatever the texts hold, self-contained, the same bytes again, and with the
 * numbers of the library. */
#include <sys/stat.h>

#include "report/html.h"
#include "report/page_check.h"
#include "report/reporting.h"

static reporting all;

static int begin(void **state)
{
    (void)state;
    reporting_begin(&all);
    return 0;
}

static int end(void **state)
{
    (void)state;
    reporting_end(&all);
    return 0;
}

/* The page as text, which the caller frees. */
static char *page_of(const epo_report_set *sets, size_t count, const epo_report_options *options)
{
    size_t size;
    const char *path = temp_path(all.made.folder, "report.html");
    check_ok(epo_report_write(all.made.store, sets, count, options, path));
    char *text = (char *)read_file(path, &size);
    text = realloc(text, size + 1);
    assert_non_null(text);
    text[size] = '\0';
    assert_int_equal(strlen(text), size);
    return text;
}

static void want(const char *page, const char *part)
{
    if (!strstr(page, part)) fail_msg("the page lacks \"%s\"", part);
}

/* A number as the page writes it, with its interval. */
static void want_estimate(const char *page, const epo_estimate *estimate)
{
    epo__string s = {0};
    epo__html_estimate(&s, estimate);
    want(page, s.text);
    epo__string_free(&s);
}

static void test_sequences(void **state)
{
    (void)state;
    epo_report_options options = EPO_REPORT_OPTIONS_INIT;
    options.command_line = "epochal evaluate " EVIL;
    char *page = page_of(all.sets, 1, &options);
    const page_check found = page_read(page);
    assert_true(strlen(page) < 1000000);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http:"));
    assert_null(strstr(page, "https:"));
    want(
        page,
        "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&lt;/style&gt;");
    want(page, "12 of 30 objects are called what they are not; the surest 12");
    assert_int_equal(found.images, 9 * 5 + 3 * 24); /* the surest of each class has 30 nights, of which 24 are shown */
    want(page, "24 of 30 nights");
    want(page, "Learning curves of run 1");
    want(page, "18446744073709551615"); /* the seed, whole */
    epo_evaluation e;
    check_ok(epo_scored_evaluate(all.scored[0], NULL, &e));
    for (size_t i = 0; i < e.measure_count; i++) want_estimate(page, &e.measures[i].is);
    epo_evaluation_free(&e);
    char *again = page_of(all.sets, 1, &options);
    assert_string_equal(page, again);
    free(again);
    free(page);
}

static void test_several(void **state)
{
    (void)state;
    epo_report_options options = EPO_REPORT_OPTIONS_INIT;
    options.mistakes = 1;
    char *page = page_of(all.sets, 2, &options);
    page_read(page);
    epo_comparison c;
    const epo_evaluate_options how = EPO_EVALUATE_OPTIONS_INIT;
    check_ok(epo_scored_compare(all.made.store, all.scored[0], all.scored[1], &how, &how, &c));
    assert_true(c.difference_count > 0);
    for (size_t i = 0; i < c.difference_count; i++) {
        epo__string s = {0};
        epo__html_signed(&s, c.differences[i].difference.value);
        want(page, s.text);
        epo__string_free(&s);
    }
    epo_comparison_free(&c);
    free(page);
    page = page_of((epo_report_set[]){all.sets[0], all.sets[2]}, 2, &options); /* which cannot be compared */
    page_read(page);
    want(page, "Not compared");
    free(page);
}

static void test_stamps(void **state)
{
    (void)state;
    char *page = page_of(&all.sets[2], 1, NULL);
    const page_check found = page_read(page);
    want(page, "4 of 20 stamps are called what they are not");
    assert_int_equal(found.images, 4 * 3);
    want(page, "P(real)");
    assert_null(strstr(page, "id=\"classes\""));
    free(page);
    const epo_evaluate_options how = {.threshold = 0.95, .mdr = 0.05}; /* no resamples */
    epo_report_set set = all.sets[2];
    set.how = &how;
    set.thresholds_from = EVIL;
    page = page_of(&set, 1, NULL);
    page_read(page);
    want(page, "no resamples were asked for");
    free(page);
}

/* The order of mistakes, and that they are those of the confusion matrix. */
static void test_mistakes(void **state)
{
    (void)state;
    epo_mistake *mistakes;
    size_t count;
    epo_evaluation e;
    for (int set = 0; set < 3; set++) {
        check_ok(epo_scored_mistakes(all.scored[set], 0.5, 1000, &mistakes, &count));
        check_ok(epo_scored_evaluate(all.scored[set], NULL, &e));
        int64_t off = 0;
        for (size_t i = 0; i < e.class_count * e.class_count; i++)
            if (i % (e.class_count + 1) != 0) off += e.confusion[i];
        assert_int_equal(count, off);
        for (size_t i = 0; i < count; i++) {
            assert_true(mistakes[i].called != mistakes[i].truth);
            if (i) assert_true(mistakes[i - 1].confidence >= mistakes[i].confidence);
        }
        free(mistakes);
        epo_evaluation_free(&e);
    }
    check_ok(epo_scored_mistakes(all.scored[0], 0.5, 1, &mistakes, &count));
    assert_int_equal(count, 12);
    assert_true(fabs(mistakes[0].confidence - (0.5 + 0.04 * 9 + 0.002 * 2)) < 1e-12);
    assert_int_equal(mistakes[0].truth, 2);
    assert_int_equal(mistakes[0].called, 0);
    free(mistakes);
    check_fails(epo_scored_mistakes(all.scored[0], NAN, 1, &mistakes, &count), EPO_EARG, "not a number");
}

/* What cannot be shown is named; what cannot be written leaves what was there. */
static void test_trouble(void **state)
{
    (void)state;
    const char *folder = all.made.folder;
    epo_report_options options = EPO_REPORT_OPTIONS_INIT;
    check_fails(epo_report_write(all.made.store, all.sets, 0, NULL, temp_path(folder, "x")), EPO_EARG, "no scores");
    options.mistakes = EPO_REPORT_MISTAKES_MAX + 1;
    check_fails(epo_report_write(all.made.store, all.sets, 1, &options, temp_path(folder, "x")), EPO_EARG,
                "1000 at most");
    check_fails(epo_report_write(all.made.store, all.sets, 1, NULL, temp_path(folder, "no/such/x")), EPO_EIO,
                "no/such");
    check_fails(epo_report_write(all.made.store, all.sets, 1, NULL, folder), EPO_EIO, folder);
    struct stat is;
    assert_int_not_equal(stat(temp_path(folder, "x"), &is), 0);
    epo_report_set set = all.sets[0];
    const char *const files[] = {"/no/such/" EVIL};
    set.files = files;
    set.file_count = 1;
    char *page = page_of(&set, 1, NULL);
    page_read(page);
    want(page, "No card: ");
    free(page);
    outside(&all.made, "UPDATE pixels SET data = zeroblob(length(data)) WHERE rowid % 2 = 0");
    page = page_of(&set, 1, NULL);
    const page_check found = page_read(page);
    want(page, "damaged");
    assert_true(found.images < 9 * 5 + 3 * 24);
    free(page);
    page = page_of(&all.sets[2], 1, NULL);
    page_read(page);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences), cmocka_unit_test(test_several), cmocka_unit_test(test_stamps),
        cmocka_unit_test(test_mistakes),  cmocka_unit_test(test_trouble),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
