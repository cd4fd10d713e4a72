/* SPDX-License-Identifier: BSD-3-Clause
 * test_damage.c - one flipped byte in the pixels of a stamp: info --check names it by object, role and MJD, and so does every
 * command that meets it, and goes on with the rest. */
#include <sqlite3.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"

static const char seq_net[] = "network tiny\ninput planes=3 size=8\nfusion early\nnormalise asinh scope=sequence\npad centre value=0\nencoder\n"
                              "    conv 2 kernel=3 pad=same\n    relu\n    gap\ntriplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
                              "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 2 layers=1 output=sum\n    linear classes\n    softmax\n";
static const char rb_net[] = "network rb\ninput planes=1 size=8\nnormalise zscore scope=plane\nencoder\n    conv 2 kernel=3 pad=same\n    relu\n    flatten\n"
                             "stamp planes=science classes=bogus,real\n    linear 1\n    sigmoid\n";

static char *folder, db[600], rb[600], net[600], rb_text[600], seq[600], rb_model[600], out[600], named[200], rb_named[200];

static void in_folder(char *out_path, const char *name)
{
    snprintf(out_path, 600, "%s/%s", folder, name);
}

/* Flips one bit of one byte of the pixels of the first stamp that `where` finds, with SQLite alone, and says how it is named. */
static void damage(const char *path, const char *where, char *words, size_t size)
{
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    char sql[600];
    assert_int_equal(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    snprintf(sql, sizeof sql, "SELECT s.id, o.name, s.role, s.mjd, p.data FROM stamps s JOIN objects o ON o.id = s.object JOIN pixels p ON p.stamp = s.id "
             "WHERE %s ORDER BY s.id", where);
    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const sqlite3_int64 id = sqlite3_column_int64(stmt, 0);
    snprintf(words, size, "stamp %lld of object '%s' (%s, MJD %.4f) is damaged: its pixels do not fit their CRC32", (long long)id,
             (const char *)sqlite3_column_text(stmt, 1), (const char *)sqlite3_column_text(stmt, 2), sqlite3_column_double(stmt, 3));
    const int length = sqlite3_column_bytes(stmt, 4);
    unsigned char *bytes = malloc((size_t)length);
    assert_non_null(bytes);
    memcpy(bytes, sqlite3_column_blob(stmt, 4), (size_t)length);
    bytes[length / 3] ^= 0x10;
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_prepare_v2(handle, "UPDATE pixels SET data = ? WHERE stamp = ?", -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_blob(stmt, 1, bytes, length, SQLITE_TRANSIENT);
    sqlite3_bind_int64(stmt, 2, id);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    free(bytes);
}

static int make_stores(void **state)
{
    (void)state;
    folder = temp_make();
    in_folder(db, "s.db");
    in_folder(rb, "rb.db");
    in_folder(net, "tiny.net");
    in_folder(rb_text, "rb.net");
    in_folder(seq, "seq.safetensors");
    in_folder(rb_model, "rb.safetensors");
    in_folder(out, "out");
    write_file(net, seq_net, sizeof seq_net - 1);
    write_file(rb_text, rb_net, sizeof rb_net - 1);
    command_ok((const char *const[]){"simulate", "--db", db, "--objects", "12", "--nights", "8", "--visits", "1", "--side", "16", "--field-objects", "1",
                                     "--classes", "SN=1,CV=1,NON=1", NULL});
    command_ok((const char *const[]){"split", "--db", db, "--name", "main", "--fractions", "0.5,0.5", NULL});
    command_ok((const char *const[]){"simulate", "--db", rb, "--real-bogus", "12", "--side", "16", NULL});
    command_ok((const char *const[]){"split", "--db", rb, "--name", "main", "--fractions", "0.6,0.4", NULL});
    command_ok((const char *const[]){"models", "--net", net, "--init", seq, NULL});
    command_ok((const char *const[]){"models", "--net", rb_text, "--init", rb_model, NULL});
    /* both of a part that trains */
    damage(db, "o.id = (SELECT min(o2.id) FROM objects o2 JOIN split_members m ON m.object = o2.id WHERE m.part = 'train')", named, sizeof named);
    damage(rb, "s.role = 'science' AND o.id = (SELECT min(o2.id) FROM objects o2 JOIN split_members m ON m.object = o2.id WHERE m.part = 'train')", rb_named,
           sizeof rb_named);
    return 0;
}

static int remove_stores(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* The damaged stamp is named where it belongs, and there are at least `rows` lines of results. */
static void check_run(const command_result *r, int status, const char *words, size_t rows)
{
    size_t lines = 0;
    command_expect(r, status);
    for (const char *c = r->out; *c; c++) lines += *c == '\n';
    if (!strstr(r->err, words) && !strstr(r->out, words)) fail_msg("\"%s\" is not in \"%.2000s\" nor in \"%.2000s\"", words, r->err, r->out);
    if (lines < rows) fail_msg("%zu lines: %.2000s", lines, r->out);
}

#define RUN(status, words, rows, ...)               \
    do {                                            \
        command_result result = COMMAND(__VA_ARGS__); \
        check_run(&result, status, words, rows);    \
        command_free(&result);                      \
    } while (0)

static void the_check_names_it(void **state)
{
    (void)state;
    RUN(3, named, 10, "info", "--db", db, "--check");
    RUN(3, "s.db: 1 problem found", 10, "info", "--db", db, "--check");
    RUN(3, rb_named, 10, "info", "--db", rb, "--check", "--output", "json");
    RUN(0, "objects", 10, "info", "--db", db); /* which reads no pixels */
}

static void sequences_go_on(void **state)
{
    (void)state;
    RUN(3, named, 13, "classify", "--db", db, "--model", seq);
    RUN(3, named, 5, "export", "--db", db, "--format", "npz-sequences", "--side", "8", "--out", out);
    RUN(3, named, 5, "photometry", "--db", db);
    RUN(3, named, 12, "explain", "--db", db, "--model", seq, "--output", "csv");
    RUN(0, named, 2, "train", "--db", db, "--split", "main", "--net", net, "--out", out, "--epochs", "1", "--batch", "4", "--nights", "6", "--threads", "1");
}

static void stamps_go_on(void **state)
{
    (void)state;
    RUN(3, rb_named, 12, "score", "--db", rb, "--model", rb_model);
    RUN(3, rb_named, 12, "explain", "--db", rb, "--model", rb_model, "--output", "csv");
    RUN(3, rb_named, 5, "export", "--db", rb, "--format", "otrain", "--role", "science", "--side", "8", "--out", out);
    RUN(0, rb_named, 2, "train", "--db", rb, "--split", "main", "--net", rb_text, "--task", "realbogus", "--out", out, "--epochs", "1", "--batch", "4", "--threads",
        "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_names_it),
        cmocka_unit_test(sequences_go_on),
        cmocka_unit_test(stamps_go_on),
    };
    return cmocka_run_group_tests(tests, make_stores, remove_stores);
}
