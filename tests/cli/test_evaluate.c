/* SPDX-License-Identifier: BSD-3-Clause
 * test_evaluate.c - evaluate and split --from as their users run them, on a small simulated survey. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"
#include "support/command.h"

static const char net_text[] =
    "network tiny\ninput planes=3 size=16\nfusion early\nnormalise zscore\npad centre value=0\n"
    "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    gap\n"
    "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 4 layers=1 output=sum\n    linear classes\n    softmax\n"
    "stamp planes=science,template,difference classes=bogus,real\n    linear 1\n    sigmoid\n";

static char *folder, db[512], a[512], b[512], list[512];

#define RUN(...) command_ok((const char *const[]){__VA_ARGS__, NULL})

static void refused(command_result r, int status, const char *part)
{
    command_expect(&r, status);
    assert_string_equal(r.out, "");
    if (!strstr(r.err, part)) fail_msg("\"%.1000s\" lacks \"%s\"", r.err, part);
    command_free(&r);
}

/* 24 objects S1-000000 .. of three classes, and candidates; nothing is scored yet. */
static int begin(void **state)
{
    char net[512];
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(a, sizeof a, "%s/a.safetensors", folder);
    snprintf(b, sizeof b, "%s/b.safetensors", folder);
    snprintf(list, sizeof list, "%s/list.csv", folder);
    write_file(net, net_text, sizeof net_text - 1);
    RUN("simulate", "--db", db, "--objects", "24", "--real-bogus", "20", "--nights", "12", "--visits", "1", "--side",
        "16", "--field-objects", "1", "--classes", "SN=1,CV=1,NON=1");
    RUN("models", "--net", net, "--seed", "1", "--init", a);
    RUN("models", "--net", net, "--seed", "2", "--init", b);
    RUN("split", "--db", db, "--name", "one", "--fractions", "0.5,0,0.5", "--seed", "3");
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

/* Classifies or scores; objects with too few nights give status 3. */
static void score(const char *command, const char *model, const char *split)
{
    command_result r = COMMAND(command, "--db", db, "--model", model, "--split", split, "-q");
    if (r.status != 0 && r.status != 3) fail_msg("%s: %s", command, r.err);
    command_free(&r);
}

static json_t *table_of(command_result *r)
{
    json_error_t error;
    command_expect(r, 0);
    json_t *all = json_loads(r->out, 0, &error);
    if (!all) fail_msg("%s: %.500s", error.text, r->out);
    return all;
}

static const json_t *row_of(const json_t *table, const char *measure, const char *class_name)
{
    size_t i;
    const json_t *row;
    json_array_foreach (table, i, row) {
        const char *name = json_string_value(json_object_get(row, "class"));
        const bool same = class_name ? name && strcmp(name, class_name) == 0 : !name;
        if (same && strcmp(json_string_value(json_object_get(row, "measure")), measure) == 0) return row;
    }
    fail_msg("no row %s %s", measure, class_name ? class_name : "");
    return NULL;
}

static double number(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    if (!json_is_number(value)) fail_msg("%s is no number", key);
    return json_number_value(value);
}

static void test_without_scores(void **state)
{
    (void)state;
    char remedy[2048];
    snprintf(remedy, sizeof remedy, "to make them: epochal classify --db %s --model %s --split one:test", db, a);
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:test"), 1, remedy);
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--split", "two:test"), 1, "no objects in split two:test");
    refused(COMMAND("evaluate", "--db", db), 2, "--model FILE or --run N is needed");
    refused(COMMAND("evaluate", "--db", db, "--run", "x"), 2, "number of a run");
    refused(COMMAND("evaluate", "--db", db, "--run", "77"), 1, "no run 77");
    refused(COMMAND("evaluate", "--db", db, "--model", db), 4, "s.db");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--threshold", "nan"), 2, "threshold");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--bootstrap", "1000000"), 2, "at most 100000");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--model", b, "--confusion"), 2,
            "--confusion is for one model");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--split", "x:y", "--split", "x:z"), 2,
            "2 times --split for 1 models");
}

static void test_sequences(void **state)
{
    (void)state;
    score("classify", a, "one:test");
    command_result r = COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:test", "--output", "csv");
    command_expect(&r, 0);
    assert_int_equal(lines(r.out), 1 + 3 * (3 + 1) + 6);
    assert_int_equal(strncmp(r.out, "model,measure,class,value,low,high,sd,threshold,count\r\n", 55), 0);
    command_result again = COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:test", "--output", "csv");
    assert_string_equal(r.out, again.out);
    command_free(&again);
    command_free(&r);
    r = COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:test", "-o", "json");
    json_t *table = table_of(&r);
    const json_t *mean = row_of(table, "mean_max_f1", NULL);
    const double f1[] = {number(row_of(table, "max_f1", "SN"), "value"), number(row_of(table, "max_f1", "CV"), "value"),
                         number(row_of(table, "max_f1", "NON"), "value")};
    const double m = (f1[0] + f1[1] + f1[2]) / 3;
    assert_true(fabs(number(mean, "value") - m) < 1e-8);
    assert_true(fabs(number(mean, "sd") - sqrt((pow(f1[0] - m, 2) + pow(f1[1] - m, 2) + pow(f1[2] - m, 2)) / 3)) <
                1e-8);
    assert_true(number(mean, "low") <= m && number(mean, "high") >= m);
    assert_true(json_is_null(json_object_get(mean, "threshold")));
    assert_true(number(row_of(table, "accuracy", NULL), "count") > 0);
    json_decref(table);
    command_free(&r);
    r = COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:test", "--confusion", "-o", "csv");
    command_expect(&r, 0);
    assert_int_equal(strncmp(r.out, "class,SN,CV,NON\r\nSN,", 20), 0);
    assert_int_equal(lines(r.out), 4);
    command_free(&r);
    /* the whole store: what was not classified is counted */
    r = COMMAND("evaluate", "--db", db, "--model", a, "--bootstrap", "0");
    command_expect(&r, 0);
    assert_non_null(strstr(r.err, "objects of the store have no score"));
    command_free(&r);
}

/* Each model has classified another part: as one table they are all objects. */
static void test_pool(void **state)
{
    (void)state;
    score("classify", b, "one:train");
    score("classify", a, "one:test");
    command_result r = COMMAND("evaluate", "--db", db, "--pool", "--model", a, "--split", "one:test", "--model", b,
                               "--split", "one:train", "-o", "json");
    json_t *table = table_of(&r);
    assert_int_equal(json_array_size(table), 18);
    assert_string_equal(json_string_value(json_object_get(json_array_get(table, 0), "model")), "pool");
    const double all = number(row_of(table, "accuracy", NULL), "count");
    json_decref(table);
    command_free(&r);
    r = COMMAND("evaluate", "--db", db, "--model", a, "--model", b, "-o", "json", "-q");
    table = table_of(&r);
    assert_string_equal(r.err, "");
    assert_int_equal(json_array_size(json_object_get(table, "difference")), 0); /* no object has scores of both */
    assert_int_equal(json_array_size(json_object_get(table, "measures")), 36);
    double sum = 0;
    size_t i;
    const json_t *row;
    json_array_foreach (json_object_get(table, "measures"), i, row)
        if (strcmp(json_string_value(json_object_get(row, "measure")), "accuracy") == 0) sum += number(row, "count");
    assert_true(sum == all);
    json_decref(table);
    command_free(&r);
    score("classify", b, "one:test");
    refused(COMMAND("evaluate", "--db", db, "--pool", "--model", a, "--model", b, "--split", "one:test"), 1,
            "is scored by two of the models");
}

static void test_stamps(void **state)
{
    (void)state;
    score("score", a, "one:train");
    command_result r = COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:train", "--threshold", "0.25",
                               "-o", "json", "-q");
    json_t *table = table_of(&r);
    assert_int_equal(json_array_size(table), 14);
    assert_true(number(row_of(table, "mcc", NULL), "threshold") == 0.25);
    assert_true(number(row_of(table, "max_f1", "real"), "count") + number(row_of(table, "fpr", "bogus"), "count") ==
                number(row_of(table, "accuracy", NULL), "count"));
    row_of(table, "auc", NULL);
    row_of(table, "mdr", "real");
    row_of(table, "fpr_at_mdr_0.05", "bogus");
    json_decref(table);
    command_free(&r);
}

/* Both on the same objects, each against itself gives no difference; and thresholds from another part. */
static void test_difference(void **state)
{
    (void)state;
    score("classify", a, "one:test");
    score("classify", b, "one:test");
    score("classify", a, "one:train");
    score("classify", b, "one:train");
    command_result r = COMMAND("evaluate", "--db", db, "--split", "one:test", "--model", a, "--model", b, "--measures",
                               "mean_max_f1,accuracy", "--bootstrap", "50", "-o", "json");
    json_t *table = table_of(&r);
    const json_t *measures = json_object_get(table, "measures"), *difference = json_object_get(table, "difference");
    assert_int_equal(json_array_size(measures), 4);
    assert_int_equal(json_array_size(difference), 2);
    const json_t *row = row_of(difference, "mean_max_f1", NULL);
    assert_true(fabs(number(row, "value") - number(json_array_get(measures, 0), "value")) < 1e-8);
    assert_true(fabs(number(row, "value") - number(row, "against_value") - number(row, "difference")) < 1e-8);
    assert_true(number(row, "low") <= number(row, "difference") && number(row, "high") >= number(row, "difference"));
    json_t *difference_of_one = json_incref((json_t *)difference);
    json_decref(table);
    command_free(&r);
    /* folds against folds: the pool of two parts, of each model */
    r = COMMAND("evaluate", "--db", db, "--pool", "--model", a, "--split", "one:test", "--model", a, "--split", "one:train",
                "--against", b, "--against", b, "--bootstrap", "20", "-o", "json", "-q");
    table = table_of(&r);
    row = row_of(json_object_get(table, "difference"), "accuracy", NULL);
    assert_string_equal(json_string_value(json_object_get(row, "model")), "pool");
    assert_string_equal(json_string_value(json_object_get(row, "against")), "against");
    assert_true(number(row, "count") > number(row_of(difference_of_one, "accuracy", NULL), "count"));
    json_decref(table);
    json_decref(difference_of_one);
    command_free(&r);
    r = COMMAND("evaluate", "--db", db, "--split", "one:test", "--model", a, "--choose-on", "one:train", "--choose", "mcc",
                "--bootstrap", "0", "-o", "json", "-q");
    table = table_of(&r);
    assert_true(number(row_of(table, "mcc", "SN"), "threshold") == number(row_of(table, "mdr", "SN"), "threshold"));
    row_of(table, "mcc", NULL);
    row_of(table, "mean_f1", NULL);
    json_decref(table);
    command_free(&r);
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--model", b, "--against", b), 2, "add --pool");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--choose", "f1"), 2, "needs --choose-on");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--choose-on", "one:train", "--choose", "best"), 2, "best");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--measures", "accuracy,f2"), 2, "no measure 'f2'");
    r = COMMAND("evaluate", "--db", db, "--model", a, "--measures", "cleanliness", "-o", "csv");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.err, "cleanliness needs --prevalence"));
    command_free(&r);
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--prevalence", "2"), 2, "--prevalence");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--mdr", "-1"), 2, "--mdr");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--class", "SN"), 2, "--class needs --curves");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--curves", "roc", "--confusion"), 2, "goes without");
}

static void test_curves(void **state)
{
    (void)state;
    score("classify", a, "one:test");
    static const char *const heads[][2] = {{"roc", "model,class,threshold,fpr,tpr\r\n"},
                                           {"pr", "model,class,threshold,recall,precision\r\n"},
                                           {"mdr", "model,class,threshold,mdr,fpr\r\n"},
                                           {"threshold", "model,class,threshold,f1,mcc,g_mean,precision,mdr,fpr\r\n"},
                                           {"reliability", "model,class,low,high,count,score,share\r\n"}};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        command_result r = COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:test", "--curves", heads[i][0],
                                   "--class", "cv", "-o", "csv");
        command_expect(&r, 0);
        assert_int_equal(strncmp(r.out, heads[i][1], strlen(heads[i][1])), 0);
        assert_true(lines(r.out) > 2 && strstr(r.out, ",CV,") && !strstr(r.out, ",SN,"));
        command_free(&r);
    }
    command_result r;
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--curves", "lift"), 2, "lift");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:test", "--curves", "roc", "--class", "XY"), 1,
            "has no class XY; its classes are ");
    /* stamps in bins of their magnitude */
    score("score", a, "one:train");
    r = COMMAND("evaluate", "--db", db, "--model", a, "--split", "one:train", "--by", "mag", "--measures", "f1,cleanliness",
                "--prevalence", "0.1", "--bootstrap", "0", "-o", "csv", "-q");
    command_expect(&r, 0);
    assert_int_equal(lines(r.out), 1 + 5 * 2);
    assert_non_null(strstr(r.out, ",bin_low,bin_high\r\n"));
    command_free(&r);
}

/* P(class) of each object, by name, out of classify's JSON; the caller frees it. */
static json_t *probabilities(const char *model)
{
    command_result r = COMMAND("classify", "--db", db, "--model", model, "--split", "one:test", "-q", "-o", "jsonl");
    if (r.status != 0 && r.status != 3) fail_msg("classify: %s", r.err);
    json_t *all = json_object();
    for (char *line = r.out; *line;) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        json_t *row = json_loads(line, 0, NULL);
        const json_t *p = json_object_get(row, "probabilities");
        if (json_is_object(p)) json_object_set(all, json_string_value(json_object_get(row, "object")), (json_t *)p);
        json_decref(row);
        if (!end) break;
        line = end + 1;
    }
    command_free(&r);
    return all;
}

/* A calibrated model gives p^(1/T) / sum of p^(1/T), object by object, and says so. */
static void test_calibrate(void **state)
{
    (void)state;
    char calibrated[600];
    snprintf(calibrated, sizeof calibrated, "%s/calibrated.safetensors", folder);
    refused(COMMAND("calibrate", "--db", db, "--model", a, "--split", "two:test", "--out", calibrated), 1, "no objects in split");
    refused(COMMAND("calibrate", "--db", db, "--model", a, "--split", "one:test"), 2, "--out");
    RUN("models", "--net", temp_path(folder, "tiny.net"), "--seed", "3", "--init", calibrated); /* has scored nothing */
    refused(COMMAND("calibrate", "--db", db, "--model", calibrated, "--split", "one:train", "--out", "/dev/null/x"), 1,
            "to make them: epochal classify --db "); /* one command, the one that helps */
    json_t *before = probabilities(a);
    command_result r = COMMAND("calibrate", "--db", db, "--model", a, "--split", "one:test", "--out", calibrated, "-o", "json");
    command_expect(&r, 0);
    assert_non_null(strstr(r.err, "with the sequence head calibrated on "));
    json_t *table = json_loads(r.out, 0, NULL);
    const double temperature = number(json_array_get(table, 0), "after");
    assert_true(number(json_array_get(table, 0), "before") == 1);
    assert_true(number(json_array_get(table, 1), "after") <= number(json_array_get(table, 1), "before"));
    command_free(&r);
    json_t *after = probabilities(calibrated);
    assert_true(json_object_size(before) > 5 && json_object_size(after) == json_object_size(before));
    const char *object, *name;
    json_t *classes, *value;
    json_object_foreach (before, object, classes) {
        double sum = 0;
        json_object_foreach (classes, name, value) sum += pow(json_number_value(value), 1 / temperature);
        json_object_foreach (classes, name, value) {
            const double is = number(json_object_get(after, object), name);
            assert_true(fabs(is - pow(json_number_value(value), 1 / temperature) / sum) < 1e-7);
        }
    }
    r = COMMAND("card", calibrated, "-o", "json");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "\"temperature\""));
    command_free(&r);
    json_decref(table);
    json_decref(before);
    json_decref(after);
}

/* The page beside what is printed; two models and a run; and no store or model in its place. After test_stamps. */
static void test_report(void **state)
{
    (void)state;
    char page[512];
    size_t size;
    snprintf(page, sizeof page, "%s/report.html", folder);
    score("classify", a, "one");
    score("classify", b, "one");
    command_result plain = COMMAND("evaluate", "--db", db, "--model", a, "--model", b, "--split", "one:test", "-o", "csv");
    command_result r = COMMAND("evaluate", "--db", db, "--model", a, "--model", b, "--split", "one:test", "-o", "csv", "--report",
                               page, "--mistakes", "2");
    command_expect(&r, 0);
    assert_string_equal(r.out, plain.out);
    assert_non_null(strstr(r.err, "report.html: written"));
    command_free(&plain);
    command_free(&r);
    unsigned char *text = read_file(page, &size);
    text = realloc(text, size + 1);
    assert_non_null(text);
    text[size] = '\0';
    assert_non_null(strstr((char *)text, "--mistakes 2"));
    assert_non_null(strstr((char *)text, "Card: what the file says of itself"));
    assert_non_null(strstr((char *)text, "</html>"));
    free(text);
    RUN("evaluate", "--db", db, "--pool", "--model", a, "--split", "one:test", "--confusion", "--report", page);
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--report", db), 2, "would overwrite the store");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--report", a), 2, "or a model");
    refused(COMMAND("evaluate", "--db", db, "--model", a, "--report", page, "--mistakes", "9999"), 2, "at most 1000");
    r = COMMAND("evaluate", "--db", db, "--model", a, "--report", "/no/such/folder/x.html");
    command_expect(&r, 1);
    assert_non_null(strstr(r.err, "/no/such/folder/x.html"));
    command_free(&r);
}

static void test_split_from(void **state)
{
    (void)state;
    char line[2048];
    snprintf(line, sizeof line,
             "(echo object,part; \"$EPOCHAL\" classify --db '%s' --model '%s' --split one:train -q -o csv | tail -n +2 "
             "| cut -d, -f1 | "
             "sed 's/$/,validation/') > '%s'; wc -l < '%s'",
             db, a, list, list);
    command_result r = command_shell(line);
    const long rows = strtol(r.out, NULL, 10) - 1;
    assert_true(rows > 5);
    command_free(&r);
    r = COMMAND("split", "--db", db, "--name", "given", "--from", list, "-o", "json");
    json_t *table = table_of(&r);
    double sum = 0;
    size_t i;
    const json_t *row;
    json_array_foreach (table, i, row) sum += number(row, "validation");
    assert_int_equal((long)sum, rows);
    assert_non_null(strstr(r.err, "objects of the store are not in "));
    json_decref(table);
    command_free(&r);
    refused(COMMAND("split", "--db", db, "--name", "given", "--from", list), 1, "already");
    refused(COMMAND("split", "--db", db, "--name", "x", "--from", list, "--fractions", "0.7,0.3"), 2,
            "leave out --fractions");
    write_file(list, "object,part\nnobody,test\n", 24);
    refused(COMMAND("split", "--db", db, "--name", "x", "--from", list, "--seed", "1"), 2, "leave out --fractions, --by and --seed");
    refused(COMMAND("split", "--db", db, "--name", "x", "--from", list), 1,
            "line 2: there is no object 'nobody' in the store");
    refused(COMMAND("split", "--db", db, "--name", "x", "--from", "/no/such.csv"), 1, "/no/such.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_scores), cmocka_unit_test(test_sequences),
                                       cmocka_unit_test(test_pool), cmocka_unit_test(test_stamps),
                                       cmocka_unit_test(test_difference), cmocka_unit_test(test_curves),
                                       cmocka_unit_test(test_calibrate), cmocka_unit_test(test_report),
                                       cmocka_unit_test(test_split_from)};
    return cmocka_run_group_tests(tests, begin, end);
}
