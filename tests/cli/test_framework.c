/* SPDX-License-Identifier: BSD-3-Clause
 * test_framework.c - the parts of the command: reading options, suggesting, writing results. */
#include "support/check.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "output.h"

/* --- options ----------------------------------------------------------------------------------------------------------- */

typedef struct sample_options {
    cli_common common;
    const char *colour;
    cli_list names;
    double limit;
    bool force;
} sample_options;

static const char *colour_word(size_t index, const char **about)
{
    static const char *const words[] = {"red", "green"};
    *about = NULL;
    return index < 2 ? words[index] : NULL;
}

static const cli_option sample_table[] = {
    CLI_OPTION_DB(true),
    {.name = "colour", .letter = 'c', .kind = CLI_TEXT, .argument = "C", .standard = "green", .place = offsetof(sample_options, colour),
     .word = colour_word, .help = "colour"},
    {.name = "name", .letter = 'n', .kind = CLI_LIST, .argument = "N", .place = offsetof(sample_options, names), .help = "name"},
    {.name = "limit", .kind = CLI_REAL, .argument = "X", .standard = "2.5", .place = offsetof(sample_options, limit), .help = "limit"},
    {.name = "force", .kind = CLI_FLAG, .place = offsetof(sample_options, force), .help = "force"},
    CLI_OPTION_SEED,
    CLI_OPTION_THREADS,
    CLI_OPTIONS_LAST,
};
static const cli_command sample = {
    .name = "sample",
    .operands = "PATH",
    .least = 1,
    .most = 2,
    .options = sample_table,
    .option_count = sizeof sample_table / sizeof *sample_table,
    .options_size = sizeof(sample_options),
};

/* What a piece of code prints on a stream. */
typedef struct capture {
    FILE *stream, *file;
    int kept;
} capture;

static capture capture_begin(FILE *stream)
{
    capture c = {.stream = stream, .file = tmpfile()};
    assert_non_null(c.file);
    fflush(stream);
    c.kept = dup(fileno(stream));
    dup2(fileno(c.file), fileno(stream));
    return c;
}

static char *capture_end(capture *c)
{
    fflush(c->stream);
    dup2(c->kept, fileno(c->stream));
    close(c->kept);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    rewind(c->file);
    text[fread(text, 1, 65535, c->file)] = '\0';
    fclose(c->file);
    return text;
}

#define PARSE(out, ...) parse(out, (char *[]){__VA_ARGS__, NULL})
static int parse(cli_parsed *out, char **arguments)
{
    int count = 0;
    while (arguments[count]) count++;
    return cli_parse(&sample, count, arguments, out);
}

static void options_take_their_places(void **state)
{
    (void)state;
    cli_parsed p;
    assert_int_equal(PARSE(&p, "--db", "x.db", "-n", "one", "--name=two", "-qc", "red", "--limit=-1e3", "--seed", "18446744073709551615", "file"),
                     CLI_OK);
    const sample_options *o = p.options;
    assert_string_equal(o->common.db, "x.db");
    assert_string_equal(o->colour, "red");
    assert_int_equal(o->names.count, 2);
    assert_string_equal(o->names.items[0], "one");
    assert_string_equal(o->names.items[1], "two");
    assert_true(o->common.quiet);
    assert_false(o->common.verbose);
    assert_false(o->force);
    assert_true(o->limit == -1e3);
    assert_true(o->common.seed == UINT64_MAX);
    assert_int_equal(p.operand_count, 1);
    assert_string_equal(p.operands[0], "file");
    cli_parsed_free(&p, &sample);
}

static void defaults_come_from_the_table(void **state)
{
    (void)state;
    cli_parsed p;
    assert_int_equal(PARSE(&p, "--db=", "--", "--force", "-"), CLI_OK);
    const sample_options *o = p.options;
    assert_string_equal(o->common.db, "");
    assert_string_equal(o->colour, "green");
    assert_true(o->limit == 2.5);
    assert_true(o->common.seed == 1);
    assert_int_equal(o->common.threads, 0);
    assert_int_equal(o->names.count, 0);
    assert_int_equal(p.operand_count, 2); /* behind -- everything is an operand */
    assert_string_equal(p.operands[0], "--force");
    assert_string_equal(p.operands[1], "-");
    cli_parsed_free(&p, &sample);
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    cli_parsed p;
    assert_int_equal(PARSE(&p, "--help"), CLI_OK);
    assert_true(p.help);
    cli_parsed_free(&p, &sample);
    assert_int_equal(PARSE(&p, "-qh"), CLI_OK);
    assert_true(p.help);
    cli_parsed_free(&p, &sample);
}

#define REFUSED(part, ...) refused(part, (char *[]){__VA_ARGS__, NULL})
static void refused(const char *part, char **arguments)
{
    cli_parsed p;
    capture c = capture_begin(stderr);
    int status = parse(&p, arguments);
    char *said = capture_end(&c);
    assert_int_equal(status, CLI_USAGE);
    if (!strstr(said, part)) fail_msg("\"%s\" lacks \"%s\"", said, part);
    free(said);
}

static void wrong_usage_is_named(void **state)
{
    (void)state;
    REFUSED("--db FILE is needed", "file");
    REFUSED("PATH is needed", "--db", "x");
    REFUSED("'c' is one operand too many", "--db", "x", "a", "b", "c");
    REFUSED("did you mean --force?", "--db", "x", "--forse", "a");
    REFUSED("did you mean --colour?", "--db", "x", "--color=red", "a");
    REFUSED("did you mean --verbose?", "--db", "x", "--verb", "a");
    REFUSED("there is no option --zzzzzzz\n", "--db", "x", "--zzzzzzz", "a");
    REFUSED("there is no option -x", "--db", "x", "-x", "a");
    REFUSED("--force takes no value", "--db", "x", "--force=yes", "a");
    REFUSED("--db needs a value", "a", "--db");
    REFUSED("--db needs a value", "--db", "--quiet", "a");
    REFUSED("--colour is one of red, green, not 'blue'", "--db", "x", "-cblue", "a");
    REFUSED("--threads takes a whole number", "--db", "x", "--threads", "-1", "a");
    REFUSED("--threads takes a whole number", "--db", "x", "--threads", "2147483648", "a");
    REFUSED("--threads takes a whole number", "--db", "x", "--threads", "4x", "a");
    REFUSED("--seed takes a whole number", "--db", "x", "--seed", "18446744073709551616", "a");
    REFUSED("--limit takes a number", "--db", "x", "--limit", "", "a");
}

static void control_bytes_do_not_reach_the_terminal(void **state)
{
    (void)state;
    REFUSED("not 'a?[31m'", "--db", "x", "-c", "a\033[31m", "f");
    REFUSED("not 'a??31m'", "--db", "x", "-c", "a\302\23331m", "f");
    REFUSED("not 'a?31m'", "--db", "x", "-c", "a\23331m", "f");                       /* the same control in Latin-1 */
    REFUSED("not '\303\251 ???gpj'", "--db", "x", "-c", "\303\251 \342\200\256gpj", "f"); /* the text turned round */
}

/* --- output ------------------------------------------------------------------------------------------------------------ */

static const char *const members[] = {"SN", "A,\"B\""};
static const cli_column sample_columns[] = {
    {.name = "id"},
    {.name = "mjd", .number = true},
    {.name = "p", .members = members, .member_count = 2},
    {.name = "error"},
};

/* Two rows with what is hard: quotes, control bytes, bad UTF-8, not-a-number, an absent group. */
static char *write_sample(const char *format)
{
    static const double p[] = {0.1, 1.0 / 3};
    capture c = capture_begin(stdout);
    cli_output *o = cli_output_open(format, false);
    assert_non_null(o);
    cli_table_begin(o, "", sample_columns, 4);
    cli_put_text(o, "a \"quoted\"\n\xff name, \xc3\xa9");
    cli_put_real(o, 59000.12345678901);
    cli_put_scores(o, p);
    cli_row_end(o); /* error is absent */
    cli_put_text(o, "b");
    cli_put_real(o, NAN);
    cli_put_absent(o);
    cli_put_text(o, "bad");
    cli_row_end(o);
    cli_table_end(o);
    assert_int_equal(cli_output_close(o), CLI_OK);
    return capture_end(&c);
}

static void check_rows(const json_t *first, const json_t *second)
{
    assert_string_equal(json_string_value(json_object_get(first, "id")), "a \"quoted\"\n\xef\xbf\xbd name, \xc3\xa9");
    assert_true(json_real_value(json_object_get(first, "mjd")) == 59000.12345678901);
    const json_t *p = json_object_get(first, "p");
    assert_true((float)json_real_value(json_object_get(p, "SN")) == 0.1F);
    assert_true((float)json_real_value(json_object_get(p, members[1])) == (float)(1.0 / 3));
    assert_null(json_object_get(first, "error"));
    assert_true(json_is_null(json_object_get(second, "mjd")));
    assert_null(json_object_get(second, "p"));
    assert_string_equal(json_string_value(json_object_get(second, "error")), "bad");
}

static void json_is_read_back(void **state)
{
    (void)state;
    char *text = write_sample("json");
    json_error_t error;
    json_t *all = json_loads(text, 0, &error);
    if (!all) fail_msg("%s in %s", error.text, text);
    assert_int_equal(json_array_size(all), 2);
    check_rows(json_array_get(all, 0), json_array_get(all, 1));
    json_decref(all);
    free(text);
}

static void json_lines_are_read_back(void **state)
{
    (void)state;
    char *text = write_sample("jsonl"), *second = strchr(text, '\n');
    assert_non_null(second);
    *second++ = '\0';
    json_t *a = json_loads(text, 0, NULL), *b = json_loads(second, 0, NULL);
    assert_non_null(a);
    assert_non_null(b);
    check_rows(a, b);
    json_decref(a);
    json_decref(b);
    free(text);
}

static char *write_name(const char *format, const char *name)
{
    static const cli_column columns[] = {{.name = "id"}};
    capture c = capture_begin(stdout);
    cli_output *o = cli_output_open(format, false);
    assert_non_null(o);
    cli_table_begin(o, "", columns, 1);
    cli_put_text(o, name);
    cli_row_end(o);
    cli_table_end(o);
    assert_int_equal(cli_output_close(o), CLI_OK);
    return capture_end(&c);
}

/* Tables and JSON are looked at in terminals; CSV is data and keeps a name as it is, which docs/SECURITY.md says. */
static void hostile_names_are_shown_and_kept(void **state)
{
    (void)state;
    static const char name[] = "a\x1b[2J\x7f\xc2\x9b" "31m\xe2\x80\xae" "b\xe2\x81\xa6\xe2\x98\x85";
    char *text = write_name("table", name);
    assert_string_equal(text, "id\na?[2J??31m?b?\xe2\x98\x85\n");
    free(text);
    text = write_name("jsonl", name);
    assert_string_equal(text, "{\"id\": \"a\\u001b[2J\\u007f\\u009b31m\\u202eb\\u2066\xe2\x98\x85\"}\n");
    free(text);
    text = write_name("csv", name);
    assert_memory_equal(text + 4, name, sizeof name - 1);
    free(text);
    text = write_name("csv", "=HYPERLINK(\"http://x\",1)"); /* a formula to a spreadsheet, a name to everything else */
    assert_string_equal(text, "id\r\n\"=HYPERLINK(\"\"http://x\"\",1)\"\r\n");
    free(text);
}

static void csv_follows_rfc_4180(void **state)
{
    (void)state;
    char *text = write_sample("csv");
    assert_string_equal(text, "id,mjd,SN,\"A,\"\"B\"\"\",error\r\n"
                              "\"a \"\"quoted\"\"\n\xef\xbf\xbd name, \xc3\xa9\",59000.12345678901,0.1,0.333333333,\r\n"
                              "b,,,,bad\r\n");
    free(text);
}

static void tables_are_aligned(void **state)
{
    (void)state;
    char *text = write_sample("table");
    assert_string_equal(text, "id                                  mjd        SN     A,\"B\"  error\n"
                              "a \"quoted\"?\xef\xbf\xbd name, \xc3\xa9  59000.12345678901  0.100000  0.333333  \n"
                              "b                                                            bad\n");
    free(text);
}

static char *write_document(const char *format)
{
    static const cli_column columns[] = {{.name = "class"}, {.name = "count", .number = true}};
    capture c = capture_begin(stdout);
    cli_output *o = cli_output_open(format, true);
    assert_non_null(o);
    cli_facts_begin(o, "");
    cli_fact_int(o, "stamps", 12);
    cli_fact_text(o, "path", NULL);
    cli_facts_end(o);
    cli_table_begin(o, "classes", columns, 2);
    for (int i = 0; i < 2; i++) {
        cli_put_text(o, i ? "SN" : "AGN");
        cli_put_int(o, 10 * i + 5);
        cli_row_end(o);
    }
    cli_table_end(o);
    cli_table_begin(o, "none", columns, 2);
    cli_table_end(o);
    assert_int_equal(cli_output_close(o), CLI_OK);
    return capture_end(&c);
}

static void documents_are_objects(void **state)
{
    (void)state;
    static const char *const formats[] = {"json", "jsonl"};
    for (size_t i = 0; i < 2; i++) {
        char *text = write_document(formats[i]);
        json_t *all = json_loads(text, 0, NULL);
        if (!all) fail_msg("not JSON: %s", text);
        assert_int_equal(json_integer_value(json_object_get(all, "stamps")), 12);
        assert_true(json_is_null(json_object_get(all, "path")));
        const json_t *classes = json_object_get(all, "classes");
        assert_int_equal(json_array_size(classes), 2);
        assert_int_equal(json_integer_value(json_object_get(json_array_get(classes, 1), "count")), 15);
        assert_int_equal(json_array_size(json_object_get(all, "none")), 0);
        assert_int_equal(json_object_size(all), 4);
        if (i == 1) assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
        json_decref(all);
        free(text);
    }
    char *text = write_document("table");
    assert_string_equal(text, "stamps  12\npath    \n\nclasses:\nclass  count\nAGN        5\nSN        15\n\nnone:\nnone\n");
    free(text);
    text = write_document("csv");
    assert_string_equal(text, "name,value\r\nstamps,12\r\npath,\r\n\r\nclass,count\r\nAGN,5\r\nSN,15\r\n\r\nclass,count\r\n");
    free(text);
}

/* More rows than a block holds: nothing is lost between blocks, and the header comes once. */
static void long_tables_come_in_blocks(void **state)
{
    (void)state;
    enum { ROWS = 40000 };
    static const cli_column columns[] = {{.name = "n", .number = true}};
    FILE *file = tmpfile();
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    cli_output *o = cli_output_open("table", false);
    cli_table_begin(o, "", columns, 1);
    for (int i = 0; i < ROWS; i++) {
        cli_put_int(o, i);
        cli_row_end(o);
    }
    cli_table_end(o);
    int status = cli_output_close(o);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    assert_int_equal(status, CLI_OK);
    rewind(file);
    char line[64];
    assert_non_null(fgets(line, sizeof line, file));
    assert_non_null(strstr(line, "n\n"));
    for (int i = 0; i < ROWS; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        assert_int_equal(strtol(line, NULL, 10), i);
    }
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_take_their_places),
        cmocka_unit_test(defaults_come_from_the_table),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(wrong_usage_is_named),
        cmocka_unit_test(control_bytes_do_not_reach_the_terminal),
        cmocka_unit_test(json_is_read_back),
        cmocka_unit_test(json_lines_are_read_back),
        cmocka_unit_test(hostile_names_are_shown_and_kept),
        cmocka_unit_test(csv_follows_rfc_4180),
        cmocka_unit_test(tables_are_aligned),
        cmocka_unit_test(documents_are_objects),
        cmocka_unit_test(long_tables_come_in_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
