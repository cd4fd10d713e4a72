/* SPDX-License-Identifier: BSD-3-Clause
 * test_command.c - the built command, run as its users run it: help, exit status, outputs, the way from files to scores. */
#include "support/check.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/command.h"

static const char *const names[] = {"import", "info", "split", "photometry", "models", "score", "classify", "evaluate", "bench", "doctor", "config", "help", "version"};
enum { NAMES = sizeof names / sizeof *names };

static void contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%.2000s\" lacks \"%s\"", text, part);
}

/* Runs, expects the status, and that `part` is on stderr; stdout must be empty. */
#define REFUSED(status, part, ...) refused(status, part, (const char *const[]){__VA_ARGS__, NULL})
static void refused(int status, const char *part, const char *const *arguments)
{
    command_result r = command_run(arguments);
    command_expect(&r, status);
    contains(r.err, part);
    assert_string_equal(r.out, "");
    command_free(&r);
}

static json_t *json_of(const command_result *r)
{
    json_error_t error;
    json_t *all = json_loads(r->out, 0, &error);
    if (!all) fail_msg("%s: %.500s", error.text, r->out);
    return all;
}

static int64_t integer(const json_t *all, const char *key)
{
    const json_t *value = json_object_get(all, key);
    if (!json_is_integer(value)) fail_msg("%s is no integer", key);
    return json_integer_value(value);
}

/* --- help -------------------------------------------------------------------------------------------------------------- */

static void every_command_explains_itself(void **state)
{
    (void)state;
    command_result overview = COMMAND("help");
    command_expect(&overview, 0);
    for (int i = 0; i < NAMES; i++) {
        contains(overview.out, names[i]);
        command_result a = COMMAND(names[i], "--help"), b = COMMAND("help", names[i]);
        command_expect(&a, 0);
        assert_string_equal(a.out, b.out);
        assert_string_equal(a.err, "");
        contains(a.out, "\nExamples:\n");
        contains(a.out, "--quiet");
        char example[64];
        snprintf(example, sizeof example, "\n  epochal %s", names[i]);
        contains(a.out, strcmp(names[i], "help") == 0 ? "\n  epochal help import" : example);
        command_free(&a);
        command_free(&b);
    }
    command_free(&overview);
}

static void man_pages_are_roff(void **state)
{
    (void)state;
    for (int i = -1; i < NAMES; i++) {
        command_result r = i < 0 ? COMMAND("help", "--man") : COMMAND("help", "--man", names[i]);
        command_expect(&r, 0);
        assert_int_equal(strncmp(r.out, ".TH EPOCHAL", 11), 0);
        contains(r.out, "\n.SH NAME\n");
        contains(r.out, "\n.SH EXIT STATUS\n");
        if (i >= 0) contains(r.out, "\n.SH EXAMPLES\n");
        /* what begins with a dot is a request we use */
        for (char *line = r.out; line; line = strchr(line, '\n')) {
            line += *line == '\n';
            if (*line == '.' && strncmp(line, ".TH ", 4) && strncmp(line, ".SH ", 4) && strncmp(line, ".TP\n", 4) && strncmp(line, ".PP\n", 4) &&
                strncmp(line, ".nf\n", 4) && strncmp(line, ".fi\n", 4) && strncmp(line, ".br\n", 4))
                fail_msg("%.60s", line);
        }
        command_free(&r);
    }
}

static void completion_knows_commands_and_options(void **state)
{
    (void)state;
    command_result r = command_shell("\"$EPOCHAL\" help --completion > \"${TMPDIR:-/tmp}/epochal-completion.$$\" && bash -c '"
                                     "source \"${TMPDIR:-/tmp}/epochal-completion.$0\"; "
                                     "try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _epochal 2>/dev/null; echo \"${COMPREPLY[*]}\"; }; "
                                     "try epochal cl; try epochal score --mod; try epochal import --format zt; try epochal score -o js; try epochal help inf"
                                     "' $$; rm -f \"${TMPDIR:-/tmp}/epochal-completion.$$\"");
    command_expect(&r, 0);
    assert_string_equal(r.out, "classify\n--model\nztf\njson jsonl\ninfo\n");
    command_free(&r);
}

/* --- usage and streams --------------------------------------------------------------------------------------------------- */

static void usage_errors_exit_with_2(void **state)
{
    (void)state;
    command_result r = command_run((const char *const[]){NULL});
    command_expect(&r, 2);
    contains(r.err, "usage: epochal");
    command_free(&r);
    REFUSED(2, "did you mean 'import'?", "imprt");
    REFUSED(2, "did you mean --output?", "config", "--ouput", "json");
    REFUSED(2, "--output is one of table, json, jsonl, csv", "config", "-o", "xml");
    REFUSED(2, "--db FILE is needed", "info");
    REFUSED(2, "takes no operands", "config", "what");
    REFUSED(2, "--format is one of tao", "import", "--db", "x.db", "--format", "nonsense", "x");
    REFUSED(2, "0 means real", "import", "--db", "x.db", "--format", "autoscan", "x");
    REFUSED(2, "a PATH or --db", "score", "--model", "x");
    REFUSED(2, "exclude each other", "score", "--model", "x", "--db", "x.db", "y");
    REFUSED(2, "no benchmark", "bench", "sleep");
}

static void failures_exit_with_1_and_bad_models_with_4(void **state)
{
    char *folder = *state;
    REFUSED(1, "no such store", "info", "--db", temp_path(folder, "missing.db"));
    REFUSED(4, "missing.safetensors", "score", "--model", temp_path(folder, "missing.safetensors"), "x");
    const char *path = temp_path(folder, "bad.safetensors");
    write_file(path, "no weights", 10);
    REFUSED(4, "bad.safetensors", "score", "--model", path, "x");
    path = temp_path(folder, "bad.net");
    write_file(path, "network x\ninput planes=1 size=8\nencoder\n    conv three\n", 55);
    REFUSED(4, "bad.net:4", "models", "--net", path, "--init", temp_path(folder, "never.safetensors"));
    assert_int_not_equal(access(temp_path(folder, "never.safetensors"), F_OK), 0);
}

static void version_is_printed(void **state)
{
    (void)state;
    command_result a = COMMAND("--version"), b = COMMAND("version");
    command_expect(&a, 0);
    assert_int_equal(strncmp(a.out, "epochal 0.", 10), 0);
    assert_string_equal(a.out, b.out);
    command_free(&a);
    command_free(&b);
}

static void full_disk_is_a_failure(void **state)
{
    (void)state;
    static const char *const lines[] = {"\"$EPOCHAL\" version >/dev/full", "\"$EPOCHAL\" help import >/dev/full", "\"$EPOCHAL\" config >/dev/full",
                                        "\"$EPOCHAL\" config -o jsonl >/dev/full", "\"$EPOCHAL\" help --man >/dev/full"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        command_result r = command_shell(lines[i]);
        command_expect(&r, 1);
        contains(r.err, "standard output: No space left on device");
        command_free(&r);
    }
    command_result r = command_shell("\"$EPOCHAL\" version >&-");
    command_expect(&r, 1);
    contains(r.err, "standard output");
    command_free(&r);
}

static void closed_pipe_is_quiet(void **state)
{
    (void)state;
    command_result r = command_shell("{ \"$EPOCHAL\" config -o jsonl; } | true");
    command_expect(&r, 0);
    assert_string_equal(r.err, "");
    command_free(&r);
    /* and with the signal ignored, where the write itself fails */
    r = command_shell("trap '' PIPE; { sleep 0.1; \"$EPOCHAL\" config -o jsonl; echo $? >&2; } | true");
    assert_string_equal(r.err, "1\n");
    command_free(&r);
}

static void onednn_cannot_print_into_the_results(void **state)
{
    (void)state;
    command_result r = command_shell("ONEDNN_VERBOSE=1 \"$EPOCHAL\" doctor --output json");
    command_expect(&r, 0);
    contains(r.out, "ONEDNN_VERBOSE=1");
    json_t *all = json_of(&r);
    assert_true(json_array_size(all) > 3);
    json_decref(all);
    command_free(&r);
}

static void config_names_values_and_sources(void **state)
{
    (void)state;
    command_result r = command_shell("EPOCHAL_MODELS=models OMP_NUM_THREADS=1 \"$EPOCHAL\" config --output json");
    command_expect(&r, 0);
    json_t *all = json_of(&r), *row;
    size_t i;
    int found = 0;
    json_array_foreach(all, i, row) {
        const char *setting = json_string_value(json_object_get(row, "setting"));
        assert_non_null(setting);
        assert_non_null(json_string_value(json_object_get(row, "source")));
        if (strcmp(setting, "models") == 0 || strcmp(setting, "EPOCHAL_MODELS") == 0) {
            assert_string_equal(json_string_value(json_object_get(row, "value")), "models");
            found++;
        }
    }
    assert_int_equal(found, 2);
    json_decref(all);
    command_free(&r);
}

/* --- from files to scores -------------------------------------------------------------------------------------------------- */

static void light_curves_come_into_a_store(void **state)
{
    char *folder = *state;
    static const char csv[] = "id,class,mjd,mag,mag_err\na,SN,53000.1,18.5,0.1\na,SN,53010.2,18.1,0.1\nb,CV,53000.3,15.25,0.02\n";
    char path[512], bad[512], db[512];
    snprintf(path, sizeof path, "%s", temp_path(folder, "curves.csv"));
    snprintf(bad, sizeof bad, "%s", temp_path(folder, "bad.csv"));
    snprintf(db, sizeof db, "%s", temp_path(folder, "curves.db"));
    write_file(path, csv, sizeof csv - 1);
    write_file(bad, "not,a,light,curve\n1,2,3,4\n", 26);
    command_result r = COMMAND("import", "--db", db, "--format", "lightcurves", "-o", "json", path);
    command_expect(&r, 0);
    json_t *all = json_of(&r);
    assert_int_equal(integer(all, "objects"), 2);
    assert_int_equal(integer(all, "points"), 3);
    assert_int_equal(integer(all, "refused"), 0);
    json_decref(all);
    command_free(&r);

    /* again, and a bad one beside it: nothing changes, the bad one is named, and the status says so */
    r = COMMAND("import", "--db", db, "--format", "lightcurves", "-o", "json", path, bad);
    command_expect(&r, 3);
    contains(r.err, "bad.csv: ");
    all = json_of(&r);
    assert_int_equal(integer(all, "unchanged"), 1);
    assert_int_equal(integer(all, "refused"), 1);
    assert_int_equal(integer(all, "objects"), 0);
    json_decref(all);
    command_free(&r);

    r = COMMAND("info", "--db", db, "--check", "--output", "json");
    command_expect(&r, 0);
    all = json_of(&r);
    assert_int_equal(integer(all, "objects"), 2);
    assert_int_equal(integer(all, "points"), 3);
    assert_string_equal(json_string_value(json_object_get(all, "first_date")), "2003-12-27");
    const json_t *classes = json_object_get(all, "classes");
    assert_int_equal(json_array_size(classes), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(classes, 1), "class")), "SN");
    json_decref(all);
    command_free(&r);
}

static const char net[] = "network  tiny\nabout    for a test\ninput    planes=1 size=8\nnormalise zscore scope=plane\n"
                          "encoder\n    conv 2 kernel=3 pad=same\n    relu\n    flatten\n"
                          "stamp    planes=science classes=bogus,real\n    linear 1\n    sigmoid\n";

/* Three 8x8 stamps as a npy file: format 1.0, little-endian float32. The middle one is all NaN. */
static void write_stamps(const char *path)
{
    char file[128 + 3 * 64 * 4];
    memcpy(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(file + 10, ' ', 118);
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 8, 8), }";
    memcpy(file + 10, header, sizeof header - 1);
    file[127] = '\n';
    float pixels[3 * 64];
    for (int i = 0; i < 3 * 64; i++) pixels[i] = i / 64 == 1 ? __builtin_nanf("") : (float)((i * 37) % 101) - 20.5F;
    memcpy(file + 128, pixels, sizeof pixels);
    write_file(path, file, sizeof file);
}

static void stamps_are_scored_without_a_store(void **state)
{
    char *folder = *state;
    char text[512], model[512], stamps[512];
    snprintf(text, sizeof text, "%s", temp_path(folder, "tiny.net"));
    snprintf(model, sizeof model, "%s", temp_path(folder, "tiny.safetensors"));
    snprintf(stamps, sizeof stamps, "%s", temp_path(folder, "stamps.npy"));
    write_file(text, net, sizeof net - 1);
    write_stamps(stamps);
    command_result r = COMMAND("models", "--net", text, "--init", model, "--seed", "5");
    command_expect(&r, 0);
    contains(r.err, "random weights of seed 5");
    assert_string_equal(r.out, "");
    command_free(&r);

    r = COMMAND("models", "--model", model, "-o", "json");
    command_expect(&r, 0);
    json_t *all = json_of(&r);
    const json_t *row = json_array_get(all, 0);
    assert_string_equal(json_string_value(json_object_get(row, "network")), "tiny");
    assert_int_equal(integer(row, "parameters"), 2 * 9 + 2 + 2 * 8 * 8 + 1);
    assert_int_equal(integer(row, "height"), 8);
    assert_int_equal(strlen(json_string_value(json_object_get(row, "sha256"))), 64);
    json_decref(all);
    command_free(&r);

    char line[1200]; /* what comes through a pipe has no path: people see where it came from */
    snprintf(line, sizeof line, "printf junk | \"$EPOCHAL\" score --model '%s' -", model);
    r = command_shell(line);
    command_expect(&r, 3);
    contains(r.out, "\"id\": \"standard input\", \"error\": \"standard input: ");
    command_free(&r);
    snprintf(line, sizeof line, "\"$EPOCHAL\" score --model '%s' - < '%s'", model, stamps);
    r = command_shell(line);
    command_expect(&r, 3);
    contains(r.out, "{\"id\": \"standard input:0\", \"object\": \"standard input:0\", ");
    contains(r.out, "{\"id\": \"standard input:2\", \"object\": \"standard input:2\", ");
    assert_null(strstr(r.out, "fd/"));
    command_free(&r);

    r = COMMAND("score", "--model", model, stamps, "--output", "json");
    command_expect(&r, 3);
    all = json_of(&r);
    assert_int_equal(json_array_size(all), 3);
    for (size_t i = 0; i < 3; i++) {
        row = json_array_get(all, i);
        assert_non_null(json_string_value(json_object_get(row, "id")));
        double score = json_real_value(json_object_get(row, "score"));
        if (i == 1) {
            assert_non_null(json_string_value(json_object_get(row, "error")));
            assert_null(json_object_get(row, "score"));
        } else {
            assert_true(score > 0 && score < 1);
            assert_non_null(json_object_get(row, "object"));
            assert_non_null(json_object_get(row, "mjd"));
            assert_null(json_object_get(row, "error"));
        }
    }
    json_decref(all);
    command_free(&r);

    /* an object a line, in the same order, whatever the number of threads */
    command_result one = COMMAND("score", "--model", model, "--threads", "1", stamps);
    command_result two = COMMAND("score", "--model", model, "--threads", "2", stamps);
    command_expect(&one, 3);
    assert_string_equal(one.out, two.out);
    char *lines = one.out;
    for (int i = 0; i < 3; i++) {
        char *end = strchr(lines, '\n');
        assert_non_null(end);
        *end = '\0';
        json_t *object = json_loads(lines, 0, NULL);
        assert_true(json_is_object(object));
        json_decref(object);
        lines = end + 1;
    }
    assert_string_equal(lines, "");
    command_free(&one);
    command_free(&two);

    r = COMMAND("score", "--model", model, "--all-classes", "-o", "csv", stamps);
    command_expect(&r, 3);
    assert_int_equal(strncmp(r.out, "id,object,mjd,score,bogus,real,error\r\n", 38), 0);
    command_free(&r);
}

/* --- the scripts of make check -------------------------------------------------------------------------------------------- */

static void write_text(const char *folder, const char *name, const char *text)
{
    write_file(temp_path(folder, name), text, strlen(text));
}

/* A removed package is still known, as "not-installed"; and one may be there for another architecture. */
static void missing_packages_are_installed(void **state)
{
    char *folder = *state, line[1024];
    write_text(folder, "dpkg-query", "#!/bin/sh\nfor p; do :; done\ncase $p in here) echo installed ;; both) echo not-installed; echo installed ;; "
                                     "gone) echo not-installed ;; old) echo config-files ;; *) exit 1 ;; esac\n");
    write_text(folder, "apt-get", "#!/bin/sh\necho \"apt-get $*\"\n");
    write_text(folder, "sudo", "#!/bin/sh\n[ \"$1\" = -n ] && shift\n\"$@\"\n");
    snprintf(line, sizeof line, "cd '%s' && chmod +x dpkg-query apt-get sudo", folder);
    command_result r = command_shell(line);
    command_expect(&r, 0);
    command_free(&r);
    snprintf(line, sizeof line, "PATH='%s':$PATH sh tools/deps.sh here both gone old unknown", folder);
    r = command_shell(line);
    command_expect(&r, 0);
    contains(r.err, "installing gone old unknown");
    contains(r.err, "apt-get install -y -qq --no-install-recommends gone old unknown");
    command_free(&r);
    snprintf(line, sizeof line, "PATH='%s':$PATH sh tools/deps.sh here both", folder);
    r = command_shell(line);
    command_expect(&r, 0);
    assert_string_equal(r.err, "");
    command_free(&r);
}

static void stray_includes_are_named(void **state)
{
    char *folder = *state, line[1024];
    snprintf(line, sizeof line, "cd '%s' && mkdir -p src/base src/store src/nn src/data tools/epochal", folder);
    command_result r = command_shell(line);
    command_expect(&r, 0);
    command_free(&r);
    write_text(folder, "ARCHITECTURE.md", "# x\n\n## Ranks\n\n| rank | folder | lives | may include | owns |\n|---|---|---|---|---|\n"
                                          "| 0 | `base` | a | | |\n| 1 | `store` | b | base | `sqlite3.h` |\n| 1 | `nn` | c | base | `cblas.h` |\n"
                                          "| 2 | `data` | d | base store | |\n| 5 | `tools/epochal` | e | | |\n");
    write_text(folder, "src/base/a.h", "#include <stddef.h>\n#include \"epochal/x.h\"\n");
    write_text(folder, "src/store/s.h", "#include \"base/a.h\"\n#include <sqlite3.h>\n");
    write_text(folder, "src/data/d.c", "#include \"store/s.h\"\n#include \"base/a.h\"\n");
    write_text(folder, "tools/epochal/m.h", "\n");
    write_text(folder, "tools/epochal/m.c", "#include \"m.h\"\n#include \"epochal/x.h\"\n");
    snprintf(line, sizeof line, "sh tools/check_includes.sh '%s'", folder);
    r = command_shell(line);
    command_expect(&r, 0);
    command_free(&r);
    static const char *const wrong[][3] = {
        {"src/base/b.c", "#include \"store/s.h\"\n", "base may not include store"},
        {"src/store/t.c", "#  include \"nn/n.h\"\n", "store may not include nn"},
        {"src/data/e.c", "#include <sqlite3.h>\n", "belongs to store alone"},
        {"src/nn/n.c", "#include \"../store/s.h\"\n", "leaves its folder"},
        {"tools/epochal/n.c", "#include \"base/a.h\"\n", "the command sees include/epochal only"},
        {"src/unknown.c", "#include <stddef.h>\n", "not in the table of ranks"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_text(folder, wrong[i][0], wrong[i][1]);
        r = command_shell(line);
        command_expect(&r, 1);
        contains(r.out, wrong[i][0]);
        contains(r.out, wrong[i][2]);
        command_free(&r);
        assert_int_equal(remove(temp_path(folder, wrong[i][0])), 0);
    }
}

static void forbidden_words_are_named(void **state)
{
    char *folder = *state, line[1024];
    snprintf(line, sizeof line, "cd '%s' && mkdir -p src/base tools include", folder);
    command_result r = command_shell(line);
    command_expect(&r, 0);
    command_free(&r);
    write_text(folder, "src/base/a.c", "/* strcpy(a, b) is bad,\n   so is exit(1) */\nint f(void) { return g(\"system(x)\"), h->exit(1); }\n");
    write_text(folder, "tools/m.c", "int main(void) { printf(\"%d\", 1); }\n");
    write_text(folder, "tools/n.c", "void f(void)\n{\n    p = calloc(n + 1, 2 * sizeof *p);\n    q = malloc(*n), a = b * c;\n"
                                    "    r = epo__alloc(epo__product(a,\n        b), sizeof **r);\n}\n");
    snprintf(line, sizeof line, "sh tools/check_banned.sh '%s'", folder);
    r = command_shell(line);
    command_expect(&r, 0);
    command_free(&r);
    static const char *const wrong[][2] = {
        {"src/base/b.c", "void f(void) { printf(\"x\"); }\n"}, {"src/base/b.c", "void f(void)\n{\n    exit (1);\n}\n"},
        {"tools/b.c", "void f(char *a) { strcpy(a, \"\"); }\n"}, {"tools/b.c", "int f(char *a) { return atoi(a); }\n"},
        {"src/base/b.c", "void f(void) { p = epo__alloc(rows * columns, sizeof *p); }\n"},
        {"src/base/b.c", "void f(void)\n{\n    p = calloc(rows + 1,\n        columns*sizeof *p);\n}\n"},
        {"src/base/b.c", "void f(void) { p = realloc(p, (n + 1) * sizeof *p); }\n"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_text(folder, wrong[i][0], wrong[i][1]);
        r = command_shell(line);
        command_expect(&r, 1);
        contains(r.out, wrong[i][0]);
        command_free(&r);
        assert_int_equal(remove(temp_path(folder, wrong[i][0])), 0);
    }
}

static int make_folder(void **state)
{
    *state = temp_make();
    return 0;
}

static int remove_folder(void **state)
{
    temp_remove(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_explains_itself),
        cmocka_unit_test(man_pages_are_roff),
        cmocka_unit_test(completion_knows_commands_and_options),
        cmocka_unit_test(usage_errors_exit_with_2),
        cmocka_unit_test_setup_teardown(failures_exit_with_1_and_bad_models_with_4, make_folder, remove_folder),
        cmocka_unit_test(version_is_printed),
        cmocka_unit_test(full_disk_is_a_failure),
        cmocka_unit_test(closed_pipe_is_quiet),
        cmocka_unit_test(onednn_cannot_print_into_the_results),
        cmocka_unit_test(config_names_values_and_sources),
        cmocka_unit_test_setup_teardown(light_curves_come_into_a_store, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(stamps_are_scored_without_a_store, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(missing_packages_are_installed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(stray_includes_are_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(forbidden_words_are_named, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
