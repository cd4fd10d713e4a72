/* SPDX-License-Identifier: BSD-3-Clause
 * test_precision.c - epochal score and classify with --precision, and what bench says of it. */
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"

static const char net_text[] =
    "network tiny\ninput planes=3 size=16\nfusion early\nnormalise asinh scope=sequence\npad centre value=0\n"
    "encoder\n    conv 8 kernel=3 pad=same\n    relu\n    dense layers=2 growth=8\n    transition\n    conv 8 kernel=3\n"
    "    dropout 0.2\n    gap\n"
    "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
    "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 4 layers=1 output=sum\n    linear classes\n    softmax\n"
    "stamp planes=science,template,difference classes=bogus,real\n    linear 1\n    sigmoid\n";

static char *folder, net[512], weights[512], db[512], stamps_db[512];

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(weights, sizeof weights, "%s/tiny.safetensors", folder);
    snprintf(db, sizeof db, "%s/sim.db", folder);
    write_file(net, net_text, sizeof net_text - 1);
    command_ok((const char *const[]){"models", "--net", net, "--init", weights, NULL});
    command_ok((const char *const[]){"simulate", "--db", db, "--objects", "6", "--nights", "9", "--side", "16", "--quiet", NULL});
    snprintf(stamps_db, sizeof stamps_db, "%s/rb.db", folder);
    command_ok((const char *const[]){"simulate", "--db", stamps_db, "--real-bogus", "12", "--side", "16", "--quiet", NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* What classify prints, and in *err what it says. */
static char *classified(const char *precision, const char *threads, const char *more, char **err)
{
    command_result r = COMMAND("classify", "--db", db, "--model", weights, "--precision", precision, "--threads", threads, "-o", "csv",
                               more, NULL);
    command_expect(&r, 0);
    char *out = r.out;
    *err = r.err;
    r.out = r.err = NULL;
    command_free(&r);
    return out;
}

/* The probability of SN on line `number`. */
static double probability(const char *csv, int number)
{
    for (; number > 0; number--) csv = strchr(csv, '\n') + 1;
    for (int comma = 0; comma < 5; comma++) csv = strchr(csv, ',') + 1;
    return strtod(csv, NULL);
}

/* Near float32, not it; the same with any threads. A processor that is slow at it is told of. */
static void narrow(void **state)
{
    (void)state;
    static const char *const words[] = {"bf16", "int8"};
    char *said, *exact = classified("f32", "1", NULL, &said);
    assert_null(strstr(said, "no fast instructions"));
    free(said);
    for (int i = 0; i < 2; i++) {
        char *other, *one = classified(words[i], "1", NULL, &said), *two = classified(words[i], "2", NULL, &other);
        assert_string_equal(one, two);
        assert_string_not_equal(one, exact);
        for (int line = 1; line <= 6; line++) {
            const double off = fabs(probability(one, line) - probability(exact, line));
            if (!(off < 0.02)) fail_msg("%s: object %d is off by %g", words[i], line, off);
        }
        command_result doctor = COMMAND("doctor", "-o", "csv");
        command_expect(&doctor, 0);
        char *row = strstr(doctor.out, "fast precisions"), *last;
        assert_non_null(row);
        last = strchr(row, '\n');
        *last = 0;
        const bool fast = strstr(row, words[i]) != NULL;
        assert_true(fast == !strstr(said, "no fast instructions"));
        command_free(&doctor);
        free(said), free(other), free(one), free(two);
    }
    free(exact);
}

/* auto is one or the other, and the run in the store says which. */
static void automatic(void **state)
{
    (void)state;
    char *said, *exact = classified("f32", "1", NULL, &said), *other, *bf16 = classified("bf16", "1", NULL, &other);
    char *third, *own = classified("auto", "1", NULL, &third);
    assert_string_equal(own, strstr(other, "no fast instructions") ? exact : bf16);
    assert_null(strstr(third, "no fast instructions"));
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open_v2(db, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, "SELECT count(*) FROM runs WHERE options LIKE '%\"precision\":\"bf16\"%'", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_true(sqlite3_column_int(stmt, 0) >= 1);
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    free(said), free(exact), free(other), free(bf16), free(third), free(own);
}

/* A processor without the instructions, as far as ONEDNN_MAX_CPU_ISA makes one: the same scores but for rounding. */
static void older_processor(void **state)
{
    (void)state;
    static const char *const isas[] = {"AVX2", "SSE41"};
    char *said, *exact = classified("f32", "1", NULL, &said);
    for (int i = 0; i < 2; i++)
        for (int narrow_too = 0; narrow_too < 2; narrow_too++) {
            char line[1600];
            snprintf(line, sizeof line, "ONEDNN_MAX_CPU_ISA=%s \"$EPOCHAL\" classify --db '%s' --model '%s' --threads 1 -o csv --precision %s", isas[i],
                     db, weights, narrow_too ? "int8" : "auto");
            command_result r = command_shell(line);
            command_expect(&r, 0);
            assert_true((strstr(r.err, "no fast instructions for int8") != NULL) == (narrow_too == 1));
            for (int number = 1; number <= 6; number++) {
                const double off = fabs(probability(r.out, number) - probability(exact, number));
                if (!(off < (narrow_too ? 0.02 : 1e-5))) fail_msg("%s: object %d is off by %g", isas[i], number, off);
            }
            command_free(&r);
        }
    free(said), free(exact);
}

static void stamps(void **state)
{
    (void)state;
    command_result f32 = COMMAND("score", "--db", stamps_db, "--model", weights, "-o", "csv"),
                   int8 = COMMAND("score", "--db", stamps_db, "--model", weights, "--precision", "int8", "-o", "csv", "--quiet");
    command_expect(&f32, 0);
    command_expect(&int8, 0);
    assert_string_not_equal(f32.out, int8.out);
    assert_string_equal(int8.err, "");
    command_free(&f32);
    command_free(&int8);
}

static void dropout(void **state)
{
    (void)state;
    command_result f32 = COMMAND("classify", "--db", db, "--model", weights, "--mc-passes", "3", "-o", "csv"),
                   bf16 = COMMAND("classify", "--db", db, "--model", weights, "--mc-passes", "3", "-o", "csv", "--precision", "bf16");
    command_expect(&f32, 0);
    command_expect(&bf16, 0);
    assert_string_not_equal(f32.out, bf16.out);
    command_free(&f32);
    command_free(&bf16);
}

static void benches(void **state)
{
    (void)state;
    command_result r = COMMAND("bench", "encoder", "--net", net, "--batch", "2", "--seconds", "0", "--precision", "int8", "-o", "csv");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, ",int8,"));
    command_free(&r);
    r = COMMAND("bench", "sequence", "--model", weights, "--db", db, "--rounds", "1", "--precision", "bf16", "-o", "csv");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, ",bf16\r\n"));
    command_free(&r);
    r = COMMAND("bench", "gru", "--net", net, "--precision", "bf16");
    command_expect(&r, 2);
    assert_non_null(strstr(r.err, "--precision is for encoder, alerts, stamp, sequence and train"));
    command_free(&r);
    r = COMMAND("score", "--db", db, "--model", weights, "--precision", "f64");
    command_expect(&r, 2);
    assert_non_null(strstr(r.err, "--precision is one of f32, bf16, int8"));
    command_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(narrow), cmocka_unit_test(automatic), cmocka_unit_test(older_processor), cmocka_unit_test(stamps),
                                       cmocka_unit_test(dropout), cmocka_unit_test(benches)};
    return cmocka_run_group_tests(tests, begin, end);
}
