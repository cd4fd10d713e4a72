/* SPDX-License-Identifier: BSD-3-Clause
 * test_bench.c - epochal bench encoder, gru and stamp as scripts read them. */
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"

static const char net_text[] =
    "network tiny\ninput planes=3 size=16\nfusion early\nnormalise none\npad centre value=0\n"
    "encoder\n    conv 4 kernel=3 pad=same\n    gap\n"
    "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
    "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 4 layers=1 output=sum\n    linear classes\n    softmax\n"
    "stamp planes=science,template,difference classes=bogus,real\n    linear 1\n    sigmoid\n";

static char *folder, net[512], weights[512];

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(weights, sizeof weights, "%s/tiny.safetensors", folder);
    write_file(net, net_text, sizeof net_text - 1);
    command_ok((const char *const[]){"models", "--net", net, "--init", weights, NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static size_t count(const char *text, const char *part)
{
    size_t found = 0;
    for (; (text = strstr(text, part)); text++) found++;
    return found;
}

static void expect_once(const char *text, const char *part)
{
    if (count(text, part) != 1) fail_msg("'%s' is not once in %s", part, text);
}

/* Every row says what it is of. */
static void encoder_rows(void **state)
{
    (void)state;
    command_result r =
        COMMAND("bench", "encoder", "--net", net, "--size", "12", "--threads", "1", "--seconds", "0", "-o", "json");
    command_expect(&r, 0);
    assert_int_equal(count(r.out, "\"net\""), 3);
    assert_int_equal(count(r.out, "\"size\": 12, "), 3);
    assert_int_equal(count(r.out, "\"threads\": 1, \"precision\": \"f32\", \"rounds\": 5, "), 3);
    expect_once(r.out, "\"batch\": 1, ");
    expect_once(r.out, "\"batch\": 8, ");
    expect_once(r.out, "\"batch\": 32, ");
    assert_int_equal(count(r.out, "\"triplets_per_s\""), 3);
    assert_int_equal(count(r.out, "\"matrix_gflop_per_s\""), 3);
    assert_int_equal(count(r.out, "\"share_percent\""), 3);
    assert_int_equal(count(r.out, "\"peak_mib\""), 3);
    assert_null(strstr(r.out, "null"));
    command_free(&r);

    r = COMMAND("bench", "encoder", "--net", net, "--batch", "5", "--seconds", "0", "-o", "csv");
    command_expect(&r, 0);
    assert_int_equal(count(r.out, "\n"), 2);
    assert_non_null(strstr(r.out, ",16,5,"));
    command_free(&r);
}

static void gru_rows(void **state)
{
    (void)state;
    command_result r = COMMAND("bench", "gru", "--net", net, "--threads", "1", "--seconds", "0", "-o", "csv");
    command_expect(&r, 0);
    assert_int_equal(count(r.out, "\n"), 1 + 4);
    assert_non_null(strstr(r.out, "net,work,batch,steps,threads,precision,"));
    assert_non_null(strstr(r.out, ",forward,1,22,1,f32,5,"));
    assert_non_null(strstr(r.out, ",training step,32,"));
    command_free(&r);
}

/* The table that the others share says what was measured too, and a stamp is made and taken away again. */
static void stamp_rows(void **state)
{
    (void)state;
    char line[1600];
    snprintf(line, sizeof line,
             "mkdir '%s/t' && TMPDIR='%s/t' \"$EPOCHAL\" bench stamp --model '%s' --threads 1 --rounds 2 -o csv && "
             "rmdir '%s/t'",
             folder, folder, weights, folder);
    command_result r = command_shell(line);
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "benchmark,measure,value,unit,net,size,batch,threads,precision\r\n"));
    assert_non_null(strstr(r.out, "stamp,scored,1,stamps a round,tiny,16,32,1,f32\r\n"));
    command_free(&r);
}

#define REFUSED(expected, part, ...)             \
    do {                                         \
        command_result r = COMMAND(__VA_ARGS__); \
        command_expect(&r, (expected));          \
        assert_non_null(strstr(r.err, (part)));  \
        command_free(&r);                        \
    } while (0)

static void refused(void **state)
{
    (void)state;
    REFUSED(2, "--precision is one of f32", "bench", "encoder", "--net", net, "--precision", "f64");
    REFUSED(2, "f32 or bf16", "bench", "train", "--net", net, "--precision", "int8");
    REFUSED(2, "--batch takes 1 to", "bench", "encoder", "--net", net, "--batch", "4097");
    REFUSED(2, "--batch takes 1 to", "bench", "gru", "--net", net, "--batch", "4097");
    REFUSED(2, "takes no PATH", "bench", "encoder", "x");
    REFUSED(2, "takes no PATH", "bench", "gru", "x");
    REFUSED(1, "a side of 5000 pixels", "bench", "encoder", "--net", net, "--size", "5000");
    REFUSED(4, "no sequence head", "bench", "gru", "--net", "braai");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(encoder_rows), cmocka_unit_test(gru_rows),
                                       cmocka_unit_test(stamp_rows), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, begin, end);
}
