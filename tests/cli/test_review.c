/* SPDX-License-Identifier: BSD-3-Clause
 * test_review.c - review, relabel and --labels-as-of as their users run them, on a few simulated candidates. */
#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"
#include "support/command.h"

static const char net_text[] =
    "network tiny\ninput planes=3 size=16\nfusion early\nnormalise zscore\npad centre value=0\n"
    "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    gap\n"
    "stamp planes=science,template,difference classes=bogus,real\n    linear 1\n    sigmoid\n";

static char *folder, db[512], net[512], a[512], b[512], csv[512],
    before[21]; /* before: when nothing was relabelled yet */

#define RUN(...) command_ok((const char *const[]){__VA_ARGS__, NULL})

static void refused(command_result r, int status, const char *part)
{
    command_expect(&r, status);
    assert_string_equal(r.out, "");
    if (!strstr(r.err, part)) fail_msg("\"%.1000s\" lacks \"%s\"", r.err, part);
    command_free(&r);
}

/* C1-000000 to C1-000039, and two halves a and b of them, which are each other's test part. */
static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(a, sizeof a, "%s/a.safetensors", folder);
    snprintf(b, sizeof b, "%s/b.safetensors", folder);
    snprintf(csv, sizeof csv, "%s/x.csv", folder);
    write_file(net, net_text, sizeof net_text - 1);
    RUN("simulate", "--db", db, "--real-bogus", "40", "--side", "16");
    for (int half = 0; half < 2; half++) {
        FILE *file = fopen(csv, "w");
        assert_non_null(file);
        fputs("object,part\n", file);
        for (int i = 0; i < 40; i++) fprintf(file, "C1-%06d,%s\n", i, (i < 20) == (half == 0) ? "train" : "test");
        assert_int_equal(fclose(file), 0);
        RUN("split", "--db", db, "--name", half ? "b" : "a", "--from", csv, "-q");
    }
    RUN("train", "--db", db, "--split", "a", "--net", net, "--task", "realbogus", "--epochs", "1", "--last", "--out", a,
        "-q");
    RUN("train", "--db", db, "--split", "b", "--net", net, "--task", "realbogus", "--epochs", "1", "--last", "--seed",
        "2", "--out", b, "-q");
    RUN("score", "--db", db, "--model", a, "-q");
    RUN("score", "--db", db, "--model", b, "-q");
    time_t now = time(NULL);
    strftime(before, sizeof before, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    sleep(1); /* what comes now has a later second */
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static size_t lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

static json_t *json_of(command_result r)
{
    json_error_t error;
    command_expect(&r, 0);
    json_t *all = json_loads(r.out, 0, &error);
    if (!all) fail_msg("%s: %.500s", error.text, r.out);
    command_free(&r);
    return all;
}

static const char *text(const json_t *row, const char *key)
{
    const char *value = json_string_value(json_object_get(row, key));
    return value ? value : "";
}

/* --- review ------------------------------------------------------------------------------------------------------ */

static void test_review(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    double last = 2;
    command_result r = COMMAND("review", "--db", db, "--model", a, "--split", "a:test", "--model", b, "--split",
                               "b:test", "-o", "json");
    if (strstr(r.err, "trained on them")) fail_msg("%s", r.err);
    json_t *all = json_of(r);
    assert_int_equal(json_array_size(all), 40);
    json_array_foreach (all, i, row) {
        const json_t *p = json_object_get(row, "p");
        assert_int_equal(json_integer_value(json_object_get(row, "rank")), (json_int_t)i + 1);
        assert_int_equal(json_integer_value(json_object_get(row, "models")), 1);
        assert_true(json_is_null(json_object_get(p, "a")) != json_is_null(json_object_get(p, "b"))); /* one fold each */
        assert_true(json_is_false(json_object_get(row, "seen")));
        const double s = json_real_value(json_object_get(row, "suspicion"));
        if (json_integer_value(json_object_get(row, "against")) == 1) assert_true(s <= last);
        last = s;
    }
    json_decref(all);
    r = COMMAND("review", "--db", db, "--model", a, "--limit", "5", "-o", "csv");
    command_expect(&r, 0);
    assert_int_equal(strncmp(r.out,
                             "rank,object,label,called,category,suspicion,against,models,a,seen,mjd,exposure,path\r\n",
                             84),
                     0);
    assert_int_equal(lines(r.out), 6);
    assert_non_null(strstr(r.err, "20 of them are judged by a model that was trained on them"));
    assert_non_null(strstr(r.err, "the first 5; --limit 0"));
    command_free(&r);
    r = COMMAND("review", "--db", db, "--model", a, "--model", a, "--agreement", "-o", "csv");
    command_expect(&r, 0);
    assert_int_equal(lines(r.out), 7);
    command_free(&r);
    all = json_of(COMMAND("review", "--db", db, "--model", a, "--summary", "-o", "json"));
    int64_t sum = 0;
    json_array_foreach (all, i, row) sum += json_integer_value(json_object_get(row, "count"));
    assert_true(sum == 40 && json_array_size(all) == 6);
    json_decref(all);
}

static void test_review_refuses(void **state)
{
    (void)state;
    refused(COMMAND("review", "--db", db), 2, "--model");
    refused(COMMAND("review", "--db", db, "--model", a, "--category", "0"), 2, "numbers from 1 to 6");
    refused(COMMAND("review", "--db", db, "--model", a, "--category", "16"), 2, "numbers from 1 to 6");
    refused(COMMAND("review", "--db", db, "--model", a, "--category", "1,"), 2, "numbers from 1 to 6");
    refused(COMMAND("review", "--db", db, "--model", a, "--category", ""), 2, "numbers from 1 to 6");
    refused(COMMAND("review", "--db", db, "--model", a, "--agreement"), 2, "two models");
    refused(COMMAND("review", "--db", db, "--model", a, "--split", "a:test", "--split", "b:test"), 2,
            "2 times --split for 1 models");
    refused(COMMAND("review", "--db", db, "--model", a, "--split", "c:test"), 1, "c:test");
    refused(COMMAND("review", "--db", db, "--model", db), 4, "s.db");
    refused(COMMAND("review", "--db", db, "--model", a, "--labels-as-of", "soon"), 2, "not a date");
    char path[512], part[2048];
    snprintf(path, sizeof path, "%s/c.safetensors", folder);
    RUN("models", "--net", net, "--seed", "9", "--init", path);
    snprintf(part, sizeof part, "to make them: epochal score --db %s --model %s --split a:test", db, path);
    refused(COMMAND("review", "--db", db, "--model", path, "--split", "a:test"), 1, part);
}

/* --- relabel ----------------------------------------------------------------------------------------------------- */

static void test_relabel_refuses(void **state)
{
    (void)state;
    refused(COMMAND("relabel", "--db", db), 2, "one of --class");
    refused(COMMAND("relabel", "--db", db, "--list", "--undo"), 2, "one of --class");
    refused(COMMAND("relabel", "--db", db, "--class", "real", "--who", "x", "--why", "y"), 2, "--object");
    refused(COMMAND("relabel", "--db", db, "--object", "C1-000000", "--class", "real", "--why", "y"), 2, "--who");
    refused(COMMAND("relabel", "--db", db, "--object", "C1-000000", "--class", "real", "--who", "x"), 2, "--why");
    refused(COMMAND("relabel", "--db", db, "--object", "C1-000000", "--class", "rael", "--who", "x", "--why", "y"), 2,
            "class 'rael'");
    refused(COMMAND("relabel", "--db", db, "--object", "none", "--class", "real", "--who", "x", "--why", "y"), 1,
            "no object 'none'");
    refused(COMMAND("relabel", "--db", db, "--list", "--object", "none"), 1, "no object 'none'");
    refused(COMMAND("relabel", "--db", db, "--decide", "--majority", "0"), 2, "--majority");
    refused(COMMAND("relabel", "--db", db, "--list", "--dry-run"), 2, "--decide");
    refused(COMMAND("relabel", "--db", db, "--from", csv, "--real-label", "2"), 2, "real-label");
    write_file(csv, "object,class\nC1-000000,bogus\nC1-9,real\n", 40);
    refused(COMMAND("relabel", "--db", db, "--from", csv, "--who", "x", "--why", "y"), 1, "line 3");
    json_t *all = json_of(COMMAND("relabel", "--db", db, "--list", "-o", "json"));
    assert_int_equal(json_array_size(all), 0); /* nothing was recorded */
    json_decref(all);
    command_result r = COMMAND("info", "--db", db, "-o", "json");
    command_expect(&r, 0);
    assert_null(strstr(r.out, "\"relabels\""));
    command_free(&r);
}

static json_t *card_of(const char *model)
{
    return json_of(COMMAND("card", model, "-o", "json"));
}

static void train_again(const char *out, const char *as_of)
{
    if (as_of)
        RUN("train", "--db", db, "--split", "a", "--net", net, "--task", "realbogus", "--epochs", "1", "--last",
            "--labels-as-of", as_of, "--out", out, "-q");
    else
        RUN("train", "--db", db, "--split", "a", "--net", net, "--task", "realbogus", "--epochs", "1", "--last",
            "--out", out, "-q");
}

/* The labels of ten objects are turned about: a training as of the date before is the training before. */
static void test_labels_as_of(void **state)
{
    (void)state;
    char c[512], d[512];
    snprintf(c, sizeof c, "%s/c.safetensors", folder);
    snprintf(d, sizeof d, "%s/d.safetensors", folder);
    FILE *file = fopen(csv, "w");
    assert_non_null(file);
    fputs("object,class\n", file);
    json_t *all =
        json_of(COMMAND("review", "--db", db, "--model", a, "--split", "a:train", "--limit", "10", "-o", "json"));
    for (size_t i = 0; i < 10; i++) {
        const json_t *row = json_array_get(all, i);
        fprintf(file, "%s,%s\n", text(row, "object"), strcmp(text(row, "label"), "real") == 0 ? "bogus" : "real");
    }
    assert_int_equal(fclose(file), 0);
    json_decref(all);
    all = json_of(COMMAND("relabel", "--db", db, "--from", csv, "--who", "test", "--why", "flipped", "-o", "json"));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 0), "recorded")), 10);
    json_decref(all);
    all = json_of(COMMAND("relabel", "--db", db, "--from", csv, "--who", "test", "--why", "flipped", "-o", "json"));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 0), "recorded")), 0);
    json_decref(all);

    train_again(c, before);
    train_again(d, NULL);
    json_t *was = card_of(a), *as_of = card_of(c), *now = card_of(d);
    assert_string_equal(text(as_of, "labels_as_of"), before);
    assert_non_null(strstr(text(as_of, "command"), before));
    assert_null(json_object_get(was, "labels_as_of"));
    assert_null(json_object_get(now, "labels_as_of"));
    assert_string_equal(text(as_of, "data_sha256"), text(was, "data_sha256"));
    assert_string_not_equal(text(now, "data_sha256"), text(was, "data_sha256"));
    assert_int_equal(strlen(text(was, "weights_sha256")), 64);
    assert_string_equal(text(as_of, "weights_sha256"), text(was, "weights_sha256"));
    assert_string_not_equal(text(now, "weights_sha256"), text(was, "weights_sha256"));
    json_decref(was);
    json_decref(as_of);
    json_decref(now);

    /* judged against the labels of then, and of now */
    json_t *then = json_of(COMMAND("evaluate", "--db", db, "--model", a, "--split", "a:train", "--bootstrap", "0",
                                   "--labels-as-of", before, "-o", "json"));
    now =
        json_of(COMMAND("evaluate", "--db", db, "--model", a, "--split", "a:train", "--bootstrap", "0", "-o", "json"));
    assert_false(json_equal(then, now));
    json_decref(then);
    json_decref(now);
    then = json_of(COMMAND("review", "--db", db, "--model", a, "--split", "a:train", "--labels-as-of", before,
                           "--summary", "-o", "json"));
    now = json_of(COMMAND("review", "--db", db, "--model", a, "--split", "a:train", "--summary", "-o", "json"));
    assert_false(json_equal(then, now));
    json_decref(then);
    json_decref(now);
    RUN("split", "--db", db, "--name", "then", "--labels-as-of", before, "-q");
    refused(COMMAND("split", "--db", db, "--name", "soon", "--labels-as-of", "9999-01-01", "-q"), 2, "has not come");
    command_result r = COMMAND("train", "--db", db, "--split", "a", "--net", net, "--task", "realbogus", "--out", d,
                               "--labels-as-of", "2001-01-01", "-q");
    command_expect(&r, 1);
    assert_non_null(strstr(r.err, "no object of class")); /* nothing had a label then */
    command_free(&r);
    r = COMMAND("info", "--db", db, "-o", "json");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "\"relabels\": 10") ? strstr(r.out, "\"relabels\": 10")
                                                      : strstr(r.out, "\"relabels\":10"));
    assert_null(strstr(r.out, "\"votes\""));
    command_free(&r);
}

static void test_votes(void **state)
{
    (void)state;
    const char *const observers[] = {"ann", "bob", "cyd"}, *const classes[] = {"bogus", "real", "real"};
    for (size_t i = 0; i < 3; i++)
        RUN("relabel", "--db", db, "--object", "C1-000039", "--class", classes[i], "--who", observers[i], "--why",
            "looked", "--vote", "-q");
    command_result r = COMMAND("relabel", "--db", db, "--decide", "--dry-run", "-o", "csv");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "\"bogus 1 (ann), real 2 (bob, cyd)\""));
    command_result again = COMMAND("relabel", "--db", db, "--decide", "-o", "csv");
    command_expect(&again, 0);
    assert_string_equal(again.out, r.out);
    command_free(&r);
    command_free(&again);
    json_t *all = json_of(COMMAND("relabel", "--db", db, "--object", "C1-000039", "--list", "-o", "json"));
    assert_int_equal(json_array_size(all), 5);
    assert_string_equal(text(json_array_get(all, 4), "who"), "majority");
    assert_string_equal(text(json_array_get(all, 4), "class"), "real");
    const char *label = text(json_array_get(all, 0), "class");
    RUN("relabel", "--db", db, "--object", "C1-000039", "--undo", "--who", "dan", "-q");
    json_t *undone = json_of(COMMAND("relabel", "--db", db, "--object", "C1-000039", "--list", "-o", "json"));
    assert_int_equal(json_array_size(undone), 6);
    assert_string_equal(text(json_array_get(undone, 5), "class"), label);
    json_decref(undone);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_review),          cmocka_unit_test(test_review_refuses),
        cmocka_unit_test(test_relabel_refuses), cmocka_unit_test(test_labels_as_of),
        cmocka_unit_test(test_votes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
