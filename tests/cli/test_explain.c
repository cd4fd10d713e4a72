/* SPDX-License-Identifier: BSD-3-Clause
 * test_explain.c - epochal explain and scoring with dropout left on, as their users see them. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"
#include "support/command.h"

static char *folder, db[512], net[512], weights[512], maps[512];

static const char net_text[] = "network tiny\ninput planes=3 size=16\nnormalise asinh scope=sequence\nencoder\n    "
                               "conv 4 kernel=3 pad=same\n    relu\n"
                               "    maxpool 2\n    dropout 0.2\n    gap\n"
                               "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
                               "sequence nights=3 stride=1 dates=off classes=SN,CV,NON\n    gru 4 layers=1 "
                               "output=sum\n    linear classes\n    softmax\n";

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(weights, sizeof weights, "%s/m.safetensors", folder);
    snprintf(maps, sizeof maps, "%s/maps", folder);
    write_file(net, net_text, sizeof net_text - 1);
    command_ok((const char *const[]){"simulate", "--db", db, "--objects", "12", "--nights", "8", "--visits", "1",
                                     "--side", "16", "--field-objects", "1", "--classes", "SN=1,CV=1,NON=1", NULL});
    command_ok((const char *const[]){"split", "--db", db, "--name", "main", "--fractions", "0.5,0.25,0.25", NULL});
    command_ok((const char *const[]){"train", "--db", db, "--split", "main", "--net", net, "--out", weights, "--epochs",
                                     "1", "--batch", "4", "--threads", "1", NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* The rows of a command with --output json. */
static json_t *rows_of(const command_result *r)
{
    json_error_t error;
    json_t *root = json_loads(r->out, JSON_REJECT_DUPLICATES, &error);
    if (!root) fail_msg("%s: %s", error.text, r->out);
    return root;
}

static double real(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    if (!json_is_number(value)) fail_msg("no number '%s'", name);
    return json_number_value(value);
}

static void check_shares(const char *by, const char *method)
{
    command_result r = COMMAND("explain", "--db", db, "--model", weights, "--limit", "3", "--by", by, "--method",
                               method, "--output", "json");
    command_expect(&r, 0);
    json_t *rows = rows_of(&r), *row;
    size_t i, objects = 0, largest = 0;
    double sum = 0;
    const char *before = "";
    json_array_foreach (rows, i, row) {
        const char *object = json_string_value(json_object_get(row, "object"));
        objects += strcmp(object, before) != 0;
        before = object;
        sum += real(row, "share");
        largest += json_is_true(json_object_get(row, "largest"));
        assert_true(real(row, "mjd") > 50000);
        assert_non_null(json_string_value(
            json_object_get(row, strcmp(by, "night") == 0 && strcmp(method, "saliency") == 0 ? "night" : "first")));
    }
    assert_int_equal(objects, 3);
    assert_int_equal(largest, 3);
    if (!(fabs(sum - 3) < 1e-6)) fail_msg("shares of three objects are %.9g together", sum);
    json_decref(rows);
    command_free(&r);
}

static void shares_of_nights_and_triplets(void **state)
{
    (void)state;
    check_shares("night", "saliency");
    check_shares("triplet", "saliency");
    check_shares("triplet", "gradcam");
}

static void maps_go_to_the_folder(void **state)
{
    (void)state;
    command_result r = COMMAND("explain", "--db", db, "--model", weights, "--split", "main:test", "--limit", "1",
                               "--class", "sn", "--out", maps, "--output", "json");
    command_expect(&r, 0);
    json_t *rows = rows_of(&r);
    const json_t *row = json_array_get(rows, 0);
    const char *object = json_string_value(json_object_get(row, "object")),
               *night = json_string_value(json_object_get(row, "night"));
    char path[1024];
    assert_string_equal(json_string_value(json_object_get(row, "class")), "SN");
    snprintf(path, sizeof path, "%s/%s.saliency.png", maps, object);
    assert_int_equal(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/%s.saliency.%s.fits", maps, object, night);
    assert_int_equal(access(path, R_OK), 0);
    json_decref(rows);
    command_free(&r);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[8], *said;
        int status;
    } cases[] = {
        {{"explain", "--model", weights}, "a PATH or --db FILE is needed", 2},
        {{"explain", "--model", weights, "--db", db, "x.fits"}, "exclude each other", 2},
        {{"explain", "--model", weights, "--db", db, "--layer", "conv1"}, "--layer is for", 2},
        {{"explain", "--model", weights, "x.fits"}, "no stamp head", 4},
        {{"explain", "--model", weights, "--db", db, "--class", "planet"}, "SN, CV, NON", 1},
        {{"explain", "--model", weights, "--db", db, "--object", "nobody"}, "could not be explained", 3},
        {{"classify", "--model", weights, "--db", db, "--mc-histogram", "5"}, "needs --mc-passes", 2},
        {{"classify", "--model", "sequence", "--db", db, "--mc-passes", "5"}, "no dropout", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *arguments[9] = {0};
        for (int k = 0; k < 8; k++) arguments[k] = cases[i].arguments[k];
        command_result r = command_run(arguments);
        command_expect(&r, cases[i].status);
        if (!strstr(r.err, cases[i].said)) fail_msg("'%s' is not said: %s", cases[i].said, r.err);
        command_free(&r);
    }
}

static void dropout_gives_uncertainties(void **state)
{
    (void)state;
    command_result one = COMMAND("classify", "--db", db, "--model", weights, "--mc-passes", "40", "--threads", "1",
                                 "--output", "json"),
                   four = COMMAND("classify", "--db", db, "--model", weights, "--mc-passes", "40", "--threads", "4",
                                  "--output", "json"),
                   histogram = COMMAND("classify", "--db", db, "--model", weights, "--mc-passes", "40",
                                       "--mc-histogram", "8", "--split", "main:test", "--output", "json");
    assert_string_equal(one.out, four.out);
    json_t *rows = rows_of(&one), *bins = rows_of(&histogram), *row;
    size_t i, short_ones = 0;
    json_array_foreach (rows, i, row) {
        if (json_object_get(row, "error")) { /* fewer than three nights */
            short_ones++;
            continue;
        }
        assert_true(real(row, "sd") >= 0 && real(row, "bald") >= 0 && real(row, "confidence") <= 1);
        assert_true(real(row, "over_half") >= 0 && real(row, "over_half") <= 1);
    }
    command_expect(&one, short_ones ? 3 : 0);
    assert_int_equal(json_array_size(rows), 12);
    assert_true(short_ones < 6);
    double passes = 0, ends = 0;
    size_t objects = 0;
    json_array_foreach (bins, i, row) {
        if (json_object_get(row, "error")) continue;
        passes += real(row, "passes");
        objects += real(row, "from") == 0;
        ends += real(row, "to") == 1;
    }
    assert_true(objects > 0 && passes == 40.0 * (double)objects && ends == (double)objects);
    json_decref(rows);
    json_decref(bins);
    command_free(&one);
    command_free(&four);
    command_free(&histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_of_nights_and_triplets),
        cmocka_unit_test(maps_go_to_the_folder),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(dropout_gives_uncertainties),
    };
    return cmocka_run_group_tests_name("explain", tests, begin, end);
}
