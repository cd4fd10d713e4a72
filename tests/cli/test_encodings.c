/* SPDX-License-Identifier: BSD-3-Clause
 * test_encodings.c - epochal classify --encodings: two tasks over one encoder that was trained once and frozen. */
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"

static const char net_text[] =
    "network tiny\ninput planes=3 size=16\nnormalise asinh scope=sequence\n"
    "encoder\n    conv 8 kernel=3 pad=same\n    dense layers=1 growth=4\n    gap\n"
    "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
    "sequence nights=3 classes=SN,CV,NON\n    gru 4 layers=1 output=sum\n    linear classes\n    softmax\n";

static char *folder, net[512], weights[512], binary[512], db[512], forest[512];

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(weights, sizeof weights, "%s/tiny.safetensors", folder);
    snprintf(binary, sizeof binary, "%s/binary.safetensors", folder);
    snprintf(forest, sizeof forest, "%s/forest.safetensors", folder);
    snprintf(db, sizeof db, "%s/sim.db", folder);
    write_file(net, net_text, sizeof net_text - 1);
    command_ok((const char *const[]){"simulate", "--db", db, "--objects", "18", "--nights", "9", "--side", "16", "--classes", "SN=1,CV=1,NON=1",
                                     "--light-curves", "--quiet", NULL});
    command_ok((const char *const[]){"split", "--db", db, "--name", "main", "--fractions", "0.6,0.2,0.2", NULL});
    command_ok((const char *const[]){"train", "--db", db, "--split", "main", "--net", net, "--out", weights, "--epochs", "1", "--batch", "4", "--nights",
                                     "6", "--quiet", NULL});
    command_ok((const char *const[]){"finetune", "--db", db, "--split", "main", "--from", weights, "--task", "SN:CV,NON", "--freeze", "encoder", "--out",
                                     binary, "--epochs", "1", "--batch", "4", "--nights", "6", "--quiet", NULL});
    command_ok((const char *const[]){"forest", "train", "--db", db, "--split", "main", "--method", "given", "--trees", "2", "--out", forest, "--quiet", NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* What classify prints; in what it says besides there is `said`, or, before it a '!', there is not. */
static char *classified(const char *model, const char *how, const char *said)
{
    command_result r = COMMAND("classify", "--db", db, "--model", model, "--encodings", how, "-o", "csv", "--verbose");
    command_expect(&r, 0);
    if (*said == '!' ? strstr(r.err, said + 1) != NULL : !strstr(r.err, said)) fail_msg("%s: %s", said, r.err);
    char *out = r.out;
    r.out = NULL;
    command_free(&r);
    return out;
}

static bool info_tells(const char *part)
{
    command_result r = COMMAND("info", "--db", db, "-o", "json");
    command_expect(&r, 0);
    bool told = strstr(r.out, part) != NULL;
    command_free(&r);
    return told;
}

static void one_encoder_for_two_tasks(void **state)
{
    (void)state;
    static const char reused[] = "encodings of 18 objects were in the store";
    char *six = classified(weights, "use", "!were in the store"), *two = classified(binary, "use", "!were in the store");
    assert_false(info_tells("encodings"));
    char *kept = classified(weights, "keep", "!were in the store"), *six_again = classified(weights, "use", reused);
    assert_true(info_tells("\"encodings\": 18") && info_tells("\"encoding_bytes\": "));
    char *two_again = classified(binary, "use", reused), *dropped = classified(binary, "drop", "!were in the store");
    assert_false(info_tells("encodings"));
    char *after = classified(weights, "use", "!were in the store");
    assert_string_equal(six, kept);
    assert_string_equal(six, six_again);
    assert_string_equal(six, after);
    assert_string_equal(two, two_again);
    assert_string_equal(two, dropped);
    assert_string_not_equal(six, two);
    free(six), free(two), free(kept), free(six_again), free(two_again), free(dropped), free(after);
}

static void wrong_uses_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *model, *words[4], *part;
    } wrong[] = {
        {weights, {"--encodings", "all"}, "--encodings is one of use, keep, drop"},
        {weights, {"--encodings", "keep", "--mc-passes", "3"}, "--encodings keep is for the sequence head, without --mc-passes"},
        {weights, {"--encodings", "drop", "--head", "triplet"}, "--encodings drop is for the sequence head"},
        {forest, {"--encodings", "keep"}, "is for networks"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        command_result r = COMMAND("classify", "--db", db, "--model", wrong[i].model, wrong[i].words[0], wrong[i].words[1], wrong[i].words[2],
                                   wrong[i].words[3]);
        command_expect(&r, 2);
        if (!strstr(r.err, wrong[i].part)) fail_msg("%s: %s", wrong[i].part, r.err);
        command_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_encoder_for_two_tasks), cmocka_unit_test(wrong_uses_are_refused)};
    return cmocka_run_group_tests(tests, begin, end);
}
