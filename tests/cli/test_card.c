/* SPDX-License-Identifier: BSD-3-Clause
 * test_card.c - a model's card as its readers see it, and the command in it as a recipe that works. */
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"
#include "support/command.h"

static const char net_text[] = "network tiny\ninput planes=3 size=16\nfusion early\nnormalise asinh scope=sequence\npad centre value=0\n"
                               "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    maxpool 2\n    gap\n"
                               "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
                               "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 4 layers=1 output=sum\n    linear classes\n    softmax\n";

static char *folder, db[512], net[512], out[512], fine[512];

#define RUN(...) command_ok((const char *const[]){__VA_ARGS__, NULL})

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(out, sizeof out, "%s/first.safetensors", folder);
    snprintf(fine, sizeof fine, "%s/fine.safetensors", folder);
    write_file(net, net_text, sizeof net_text - 1);
    RUN("simulate", "--db", db, "--objects", "36", "--nights", "8", "--visits", "1", "--side", "16", "--field-objects", "1", "--classes",
        "SN=1,CV=1,NON=1");
    RUN("split", "--db", db, "--name", "my split", "--fractions", "0.6,0.3,0.1");
    RUN("train", "--db", db, "--split", "my split", "--net", net, "--out", out, "--epochs", "2", "--batch", "8", "--nights", "6", "--threads", "1",
        "--optimiser", "sgd", "--momentum", "0.85", "--class-weights", "--no-turns", "--smoothing", "0.1", "--seed", "77", "--memory", "64");
    RUN("finetune", "--db", db, "--split", "my split", "--from", out, "--task", "SN:CV,NON", "--out", fine, "--epochs", "1", "--nights", "6",
        "--threads", "1");
    setenv("EPOCHAL_MODELS", folder, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unsetenv("EPOCHAL_MODELS");
    temp_remove(folder);
    return 0;
}

static json_t *card_of(const char *model)
{
    json_error_t error;
    command_result r = COMMAND("card", model, "--output", "json");
    command_expect(&r, 0);
    json_t *root = json_loads(r.out, JSON_REJECT_DUPLICATES, &error);
    if (!root) fail_msg("%s: %s", error.text, r.out);
    command_free(&r);
    return root;
}

static const char *text(const json_t *root, const char *name)
{
    const char *found = json_string_value(json_object_get(root, name));
    return found ? found : "";
}

/* "epochal", and words that stand for files, by what they are here; the text is freed. */
static char *with_files(const char *command, const char *made)
{
    const struct {
        const char *word, *file;
    } files[] = {{"epochal ", "\"$EPOCHAL\" "}, {"--db DB", db}, {"--out OUT", made}, {"--from sha256:", out}};
    char *line = calloc(1, 8192), *end = line;
    for (const char *at = command; *at;) {
        size_t i = 0;
        while (i < 4 && strncmp(at, files[i].word, strlen(files[i].word)) != 0) i++;
        if (i == 4) {
            *end++ = *at++;
            continue;
        }
        end += i == 0 ? sprintf(end, "%s", files[i].file) : sprintf(end, "%.*s%s", (int)strcspn(files[i].word, " ") + 1, files[i].word, files[i].file);
        at += strlen(files[i].word);
        if (i == 3) at += 64; /* the digest */
    }
    return line;
}

static void expect_same_file(const char *a, const char *b)
{
    size_t size, again;
    unsigned char *first = read_file(a, &size), *second = read_file(b, &again);
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    free(first);
    free(second);
}

/* The command in a card, run again with other files, makes the same bytes. */
static void test_recipe(void **state)
{
    (void)state;
    char again[512];
    snprintf(again, sizeof again, "%s/again.safetensors", folder);
    const char *const models[] = {out, fine};
    for (size_t i = 0; i < 2; i++) {
        json_t *card = card_of(models[i]);
        char *line = with_files(text(card, "command"), again);
        command_result r = command_shell(line);
        command_expect(&r, 0);
        command_free(&r);
        expect_same_file(models[i], again);
        assert_null(strstr(text(card, "command"), folder));
        free(line);
        json_decref(card);
    }
}

static void test_table(void **state)
{
    (void)state;
    command_result r = COMMAND("card", fine);
    command_expect(&r, 0);
    static const char *const parts[] = {"SIMULATED SKY: 36 of the 36 objects", "no figures in this file", "\nheads:\n", "\nclasses:\n", "CV+NON",
                                        "\nstages:\n", "\nfrom:\n", "epochal finetune --db DB --split 'my split' --from sha256:"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(r.out, parts[i])) fail_msg("no \"%s\" in %s", parts[i], r.out);
    command_free(&r);
    r = COMMAND("card", "fine", "first", "--output", "jsonl"); /* by their names */
    command_expect(&r, 0);
    size_t lines = 0;
    for (const char *c = r.out; *c; c++) lines += *c == '\n';
    assert_int_equal(lines, 2);
    command_free(&r);
}

static void test_write(void **state)
{
    (void)state;
    char metrics[512], made[512];
    snprintf(metrics, sizeof metrics, "%s/metrics.json", folder);
    snprintf(made, sizeof made, "%s/published.safetensors", folder);
    static const char rows[] = "[{\"model\":\"/home/x\",\"measure\":\"max_f1\",\"class\":\"SN\",\"value\":0.8,\"low\":0.7,\"high\":0.9}]";
    write_file(metrics, rows, sizeof rows - 1);
    RUN("card", out, "--metrics", metrics, "--note", "limits=none = known", "--note", "licence=CC0", "--write", made);
    json_t *before = card_of(out), *after = card_of(made);
    const json_t *row = json_array_get(json_object_get(after, "metrics"), 0);
    assert_true(json_real_value(json_object_get(row, "value")) == 0.8);
    assert_null(json_object_get(row, "model"));
    assert_string_equal(text(json_array_get(json_object_get(after, "notes"), 0), "text"), "none = known");
    assert_string_equal(text(before, "weights_sha256"), text(after, "weights_sha256"));
    assert_string_not_equal(text(before, "sha256"), text(after, "sha256"));
    assert_string_equal(text(before, "command"), text(after, "command"));
    json_decref(before);
    json_decref(after);
    command_result r = COMMAND("classify", "--db", db, "--model", "published", "--output", "csv"); /* it scores as before */
    command_expect(&r, 3);                                                                          /* some objects have too few nights */
    command_result s = COMMAND("classify", "--db", db, "--model", out, "--output", "csv");
    assert_string_equal(r.out, s.out);
    command_free(&r);
    command_free(&s);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *message;
        const char *arguments[6];
    } cases[] = {
        {2, "MODEL", {"card"}},
        {1, "no weights of this name", {"card", "nothing"}},
        {2, "need --write", {"card", "first", "--note", "a=b"}},
        {2, "needs --metrics or --note", {"card", "first", "--write", "/nowhere/x"}},
        {2, "is not KEY=TEXT", {"card", "first", "--note", "a", "--write", "/nowhere/x"}},
        {1, "/nowhere/x", {"card", "first", "--note", "a=b", "--write", "/nowhere/x"}},
        {2, "jsonl takes any number", {"card", "first", "fine", "-o", "json"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *arguments[7] = {NULL};
        memcpy(arguments, cases[i].arguments, sizeof cases[i].arguments);
        command_result r = command_run(arguments);
        command_expect(&r, cases[i].status);
        if (!strstr(r.err, cases[i].message)) fail_msg("no \"%s\" in %s", cases[i].message, r.err);
        command_free(&r);
    }
    char bad[512];
    snprintf(bad, sizeof bad, "%s/bad.json", folder);
    write_file(bad, "[1]", 3);
    command_result r = COMMAND("card", "first", "--metrics", bad, "--write", "/nowhere/x");
    command_expect(&r, 3);
    command_free(&r);
}

static void test_models(void **state)
{
    (void)state;
    command_result r = COMMAND("models");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "networks:\n"));
    assert_non_null(strstr(r.out, "\nmodels:\nmodel"));
    assert_non_null(strstr(r.out, "\nfirst "));
    command_free(&r);
    r = COMMAND("models", "--output", "json");
    command_expect(&r, 0);
    json_t *rows = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
    const json_t *net_row = json_array_get(rows, 0), *weights = json_array_get(rows, 1);
    assert_true(json_is_null(json_object_get(net_row, "sha256")) && json_is_null(json_object_get(net_row, "simulated")));
    assert_int_equal(strlen(text(weights, "sha256")), 64);
    assert_true(json_is_true(json_object_get(weights, "simulated")) && json_integer_value(json_object_get(weights, "bytes")) > 0);
    json_decref(rows);
    command_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipe),  cmocka_unit_test(test_table),  cmocka_unit_test(test_write),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_models),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
