/* SPDX-License-Identifier: BSD-3-Clause
 * test_train.c - train, finetune and bench train as their users run them, on a small simulated survey. */
#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"
#include "support/command.h"

static const char net_text[] = "network tiny\ninput planes=3 size=16\nfusion early\nnormalise asinh scope=sequence\npad centre value=0\n"
                               "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    maxpool 2\n    gap\n"
                               "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
                               "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 4 layers=1 output=sum\n    linear classes\n    softmax\n";

static char *folder, db[512], net[512], out[512], fine[512];

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(out, sizeof out, "%s/tiny.safetensors", folder);
    snprintf(fine, sizeof fine, "%s/fine.safetensors", folder);
    write_file(net, net_text, sizeof net_text - 1);
    command_ok((const char *const[]){"simulate", "--db", db, "--objects", "36", "--nights", "8", "--visits", "1", "--side", "16", "--field-objects", "1",
                                 "--classes", "SN=1,CV=1,NON=1", NULL});
    command_ok((const char *const[]){"split", "--db", db, "--name", "main", "--fractions", "0.6,0.3,0.1", NULL});
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

#define TRAIN "train", "--db", db, "--split", "main", "--net", net, "--out", out, "--epochs", "2", "--batch", "8", "--nights", "6", "--threads", "1"

/* A row an epoch, weights in a file, the model in the store; the same command gives the same bytes. */
static void test_train(void **state)
{
    (void)state;
    size_t size, again;
    command_result r = COMMAND(TRAIN, "--output", "csv");
    command_expect(&r, 0);
    assert_int_equal(lines(r.out), 1 + 3 * 2);
    assert_non_null(strstr(r.out, "stage,epoch,loss,validation_loss,validation_accuracy,rate,best\r\nencoder,1,"));
    assert_non_null(strstr(r.out, "\nsequence,2,"));
    assert_non_null(strstr(r.out, "\njoint,2,"));
    assert_non_null(strstr(r.err, "MiB for the supply of batches"));
    command_free(&r);
    unsigned char *first = read_file(out, &size);
    r = COMMAND(TRAIN, "--resume");
    command_expect(&r, 0);
    command_free(&r);
    unsigned char *second = read_file(out, &again);
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    free(first);
    free(second);
    r = COMMAND("info", "--db", db);
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "tiny"));
    command_free(&r);
}

static void test_finetune(void **state)
{
    (void)state;
    command_result r = COMMAND("finetune", "--db", db, "--split", "main", "--from", out, "--task", "transient-vs-non", "--freeze", "encoder", "--out", fine,
                               "--epochs", "1", "--nights", "6", "--threads", "1", "--output", "csv");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "\njoint,1,"));
    command_free(&r);
    r = COMMAND("classify", "--db", db, "--model", fine, "--output", "csv");
    command_expect(&r, 3); /* some objects have too few nights */
    assert_non_null(strstr(r.out, "TRANSIENT"));
    command_free(&r);
}

static void test_refused(void **state)
{
    (void)state;
    command_result r = COMMAND("train", "--db", db, "--split", "main", "--out", out);
    assert_int_not_equal(r.status, 0);
    assert_non_null(strstr(r.err, "net"));
    command_free(&r);
    r = COMMAND(TRAIN, "--task", "SN:AGN");
    assert_int_not_equal(r.status, 0);
    assert_non_null(strstr(r.err, "no object of class AGN in the store, which has CV, NON, SN"));
    command_free(&r);
    r = COMMAND(TRAIN, "--nights", "2");
    assert_int_not_equal(r.status, 0);
    assert_non_null(strstr(r.err, "sequences of 2 nights"));
    command_free(&r);
    r = COMMAND("train", "--db", db, "--split", "other", "--net", net, "--out", out);
    assert_int_not_equal(r.status, 0);
    assert_non_null(strstr(r.err, "other"));
    command_free(&r);
}

static void replace(char *text, const char *part, const char *with)
{
    char *found = strstr(text, part);
    assert_non_null(found);
    assert_int_equal(strlen(part), strlen(with));
    memcpy(found, with, strlen(with));
}

/* Runs `epochal bench train` with a folder for temporary files that must be empty after it. */
static command_result bench_train(const char *text, const char *options)
{
    char line[1024];
    const char *other = temp_path(folder, "bench.net");
    write_file(other, text, strlen(text));
    snprintf(line, sizeof line, "mkdir -p '%s/t' && TMPDIR='%s/t' \"$EPOCHAL\" bench train --net '%s' --threads 1 -o csv %s", folder, folder, other, options);
    command_result r = command_shell(line);
    assert_int_equal(rmdir(temp_path(folder, "t")), 0);
    return r;
}

static void test_bench_train(void **state)
{
    (void)state;
    char text[sizeof net_text];
    memcpy(text, net_text, sizeof text);
    command_result r = bench_train(text, "--batch 4 --rounds 3");
    command_expect(&r, 0);
    assert_int_equal(lines(r.out), 1 + 8);
    assert_non_null(strstr(r.out, "train,rate,"));
    /* 16 x 16 x 3 x 9 x 4 in the encoder, 4 x 3 in its head, times 6 */
    assert_non_null(strstr(r.out, "train,work,0.000166,Gflop a triplet"));
    assert_non_null(strstr(r.out, "train,share of it,"));
    command_free(&r);

    r = bench_train(text, "--batch 257");
    command_expect(&r, 2);
    assert_non_null(strstr(r.err, "--batch takes 1 to"));
    command_free(&r);
    replace(text, "SN,CV,NON", "SN,CV,XYZ");
    r = bench_train(text, "--batch 4 --rounds 3"); /* fails with the store already made */
    command_expect(&r, 1);
    assert_non_null(strstr(r.err, "XYZ"));
    command_free(&r);
    /* and by a signal it ends as every program does, its folder gone too */
    char line[2048];
    write_file(temp_path(folder, "bench.net"), net_text, strlen(net_text));
    snprintf(line, sizeof line,
             "cd '%s' && rm -rf t && mkdir t && { TMPDIR=\"$PWD/t\" \"$EPOCHAL\" bench train --net bench.net --threads 1 --rounds 9000 -q & p=$!; "
             "for i in $(seq 500); do [ -s t/*/bench.db ] && break; sleep 0.02; done; sleep 0.2; ls t; kill -%s $p; wait $p; echo $?; ls -A t; }",
             folder, "TERM");
    r = command_shell(line);
    command_expect(&r, 0);
    assert_int_equal(strncmp(r.out, "epochal-bench-", 14), 0);
    assert_string_equal(strchr(r.out, '\n'), "\n143\n");
    command_free(&r);
    r = COMMAND("bench", "train", "--net", "braai");
    command_expect(&r, 2);
    assert_non_null(strstr(r.err, "braai has no triplet head"));
    command_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_train), cmocka_unit_test(test_finetune), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_bench_train)};
    return cmocka_run_group_tests(tests, begin, end);
}
