/* SPDX-License-Identifier: BSD-3-Clause
 * test_relabel.c - decisions, single and from CSVs, votes and majorities, and undoing; read back with SQL of the test's
 * own. */
#include "data/importing.h"

#include "epochal/relabel.h"
#include "store/objects.h"
#include "store/store.h"

typedef struct place {
    char *folder, db[512], csv[512];
    epo_store *store;
} place;

static void put(epo_store *store, const char *survey, const char *name, const char *class_name)
{
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(
        store, &(epo__object_row){.survey = survey, .name = name, .ra = NAN, .dec = NAN, .class_name = class_name}, &id,
        &added));
}

/* Objects a to f, real and bogus by turns, g without a class; 17 in two surveys. */
static int begin(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->folder = temp_make();
    snprintf(p->db, sizeof p->db, "%s", temp_path(p->folder, "s.db"));
    snprintf(p->csv, sizeof p->csv, "%s", temp_path(p->folder, "x.csv"));
    check_ok(epo_store_open(p->db, EPO_STORE_CREATE, &p->store));
    check_ok(epo__store_begin(p->store));
    for (size_t i = 0; i < 6; i++) put(p->store, "s", names[i], i % 2 ? "bogus" : "real");
    put(p->store, "s", "g", NULL);
    put(p->store, "s", "17", "real");
    put(p->store, "t", "17", "bogus");
    check_ok(epo__store_commit(p->store));
    *state = p;
    return 0;
}

static int end(void **state)
{
    place *p = *state;
    epo_store_close(p->store);
    temp_remove(p->folder);
    free(p);
    return 0;
}

static void expect(place *p, const char *sql, const char *expected)
{
    char *found = rows(p->db, sql);
    if (strcmp(found, expected) != 0) fail_msg("%s: \"%s\", not \"%s\"", sql, found, expected);
    free(found);
}

#define CLASSES "SELECT group_concat(ifnull(class, '?'), ' ') FROM (SELECT class FROM objects ORDER BY id)"
#define AS_MADE "real bogus real bogus real bogus ? real bogus\n"

static const epo_relabel_options by_ann = {.who = "ann", .why = "looked at it"};

static void one_decision(void **state)
{
    place *p = *state;
    epo_relabel_options o = by_ann;
    check_ok(epo_relabel(p->store, "a", "BOGUS", &o));
    check_ok(epo_relabel(p->store, "g", "real", &o));
    check_ok(epo_relabel(p->store, "b", "unknown", &o));
    expect(p, CLASSES, "bogus ? real bogus real bogus real real bogus\n");
    expect(p,
           "SELECT o.name, l.class, l.who, l.why, l.source FROM labels l JOIN objects o ON o.id = l.object WHERE l.who "
           "<> 'import' ORDER BY l.id",
           "a|bogus|ann|looked at it|\ng|real|ann|looked at it|\nb||ann|looked at it|\n");
    expect(p, "SELECT count(*) FROM labels WHERE at > strftime('%Y-%m-%dT%H:%M:%SZ', 'now') OR at < '2020'", "0\n");
    o.survey = "t";
    check_ok(epo_relabel(p->store, "17", "real", &o));
    expect(p, CLASSES, "bogus ? real bogus real bogus real real real\n");
    o.survey = NULL;
    o.new_class = true;
    check_ok(epo_relabel(p->store, "a", "ghost", &o));
    expect(p, "SELECT class FROM objects WHERE name = 'a'", "ghost\n");
}

static void what_is_no_decision(void **state)
{
    place *p = *state;
    static char long_text[20000];
    memset(long_text, 'x', sizeof long_text - 1);
    const struct {
        const char *object, *class_name, *who, *why;
        epo_status status;
        const char *part;
    } table[] = {
        {"x", "real", "ann", "y", EPO_ENOTFOUND, "no object 'x'"},
        {"", "real", "ann", "y", EPO_EARG, "no object is named"},
        {"17", "real", "ann", "y", EPO_EARG, "is in 2 surveys"},
        {"a", "rael", "ann", "y", EPO_EARG, "there are bogus, real"},
        {"a", "", "ann", "y", EPO_EARG, "no class"},
        {"a", NULL, "ann", "y", EPO_EARG, "no class"},
        {"a", "real", NULL, "y", EPO_EARG, "who says so"},
        {"a", "real", "  ", "y", EPO_EARG, "who says so"},
        {"a", "real", " ann", "y", EPO_EARG, "blank"},
        {"a", "real", "Import", "y", EPO_EARG, "no observer"},
        {"a", "real", "majority", "y", EPO_EARG, "no observer"},
        {"a", "real", "an\x1b[2Jn", "y", EPO_EARG, "control characters"},
        {"a", "real", "J\xf6rg", "y", EPO_EARG, "who: byte 0xf6 is no UTF-8"},
        {"a", "real", "ann", "\xc3\xa9t\xe9", EPO_EARG, "why: byte 0xe9 is no UTF-8"},
        {"a", "real", "ann", "\xed\xa0\x80", EPO_EARG, "why: byte 0xed"}, /* a surrogate */
        {"a", "real", "ann", "\xc0\xaf", EPO_EARG, "why: byte 0xc0"},     /* longer than need be */
        {"a", "real", long_text, "y", EPO_EARG, "200 bytes"},
        {"a", "real", "ann", NULL, EPO_EARG, "why?"},
        {"a", "real", "ann", " \n", EPO_EARG, "why?"},
        {"a", "real", "ann", "\a", EPO_EARG, "control characters"},
        {"a", "real", "ann", long_text, EPO_EARG, "10000 bytes"},
        {"x'; DROP TABLE labels; --", "real", "ann", "y", EPO_ENOTFOUND, "no object"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const epo_relabel_options o = {.who = table[i].who, .why = table[i].why};
        check_fails(epo_relabel(p->store, table[i].object, table[i].class_name, &o), table[i].status, table[i].part);
    }
    const epo_relabel_options new = {.who = "ann", .why = "y", .new_class = true};
    check_fails(epo_relabel(p->store, "a", "\x01", &new), EPO_EARG, "control");
    check_fails(epo_relabel(p->store, "a", "\xe9toile", &new), EPO_EARG, "class: byte 0xe9");
    check_fails(epo_relabel(p->store, "a", long_text, &new), EPO_EARG, "64 bytes");
    expect(p, CLASSES, AS_MADE);
    expect(p, "SELECT count(*) FROM labels WHERE who <> 'import'", "0\n");
}

static void undoing(void **state)
{
    place *p = *state;
    check_ok(epo_relabel(p->store, "a", "bogus", &by_ann));
    check_ok(epo_relabel_undo(p->store, "a", &by_ann));
    expect(p, "SELECT class FROM objects WHERE name = 'a'", "real\n");
    check_ok(epo_relabel_undo(p->store, "a", &(epo_relabel_options){.who = "bob"})); /* the undoing is undone */
    expect(p, "SELECT class FROM objects WHERE name = 'a'", "bogus\n");
    expect(p, "SELECT class, who FROM labels WHERE object = 1 ORDER BY id",
           "real|import\nbogus|ann\nreal|ann\nbogus|bob\n");
    char *why = rows(p->db, "SELECT why FROM labels WHERE object = 1 AND id >= 10 ORDER BY id");
    assert_non_null(strstr(why, "undoes bogus of ann, 2"));
    assert_non_null(strstr(why, ": looked at it\n"));
    free(why);
    check_ok(epo_relabel_undo(p->store, "b", &by_ann)); /* there was none before the first */
    expect(p, "SELECT class IS NULL FROM objects WHERE name = 'b'", "1\n");
    check_fails(epo_relabel_undo(p->store, "g", &by_ann), EPO_ENOTFOUND, "no label");
    check_fails(epo_relabel_undo(p->store, "x", &by_ann), EPO_ENOTFOUND, "no object");
    check_fails(epo_relabel_undo(p->store, "a", &(epo_relabel_options){.who = NULL}), EPO_EARG, "who");
}

/* --- CSV --------------------------------------------------------------------------------------------------------- */

static void from_csv(place *p, const char *text, const epo_relabel_options *o, const char *expected)
{
    epo_relabel_summary s;
    char found[100];
    write_file(p->csv, text, strlen(text));
    check_ok(epo_relabel_from_file(p->store, p->csv, o, &s));
    snprintf(found, sizeof found, "%d %d %d %d", (int)s.recorded, (int)s.known, (int)s.kept, (int)s.pending);
    if (strcmp(found, expected) != 0) fail_msg("\"%s\": %s, not %s", text, found, expected);
}

static void a_csv_is_recorded_once(void **state)
{
    place *p = *state;
    const epo_relabel_options none = {0};
    static const char text[] = "name,class,who,when,why\r\na,bogus,ann,2021-03-01,spike\r\n\"b\",Real,bob,2021-03-"
                               "02T10:00:00Z,\"a star, \"\"faint\"\"\"\r\n";
    from_csv(p, text, &none, "2 0 0 0");
    expect(p, CLASSES, "bogus real real bogus real bogus ? real bogus\n");
    expect(
        p,
        "SELECT l.class, l.who, l.why, l.at, f.format, f.path LIKE '%x.csv' FROM labels l JOIN sources f ON f.id = "
        "l.source ORDER BY l.id",
        "bogus|ann|spike|2021-03-01T00:00:00Z|relabel|1\nreal|bob|a star, \"faint\"|2021-03-02T10:00:00Z|relabel|1\n");
    from_csv(p, text, &none, "0 2 0 0");
    /* a longer file with the same rows, and another order */
    from_csv(p,
             "object,class,who,why,when\nc,bogus,ann,edge,2021-03-03\nb,real,bob,x,2021-03-02 "
             "10:00\na,bogus,ann,spike,2021-03-01\n",
             &none, "1 2 0 0");
    expect(p, "SELECT count(*) FROM sources WHERE format = 'relabel'", "2\n");
    /* the same after someone else has said something else: still known, and the last word stands */
    check_ok(epo_relabel(p->store, "a", "real", &(epo_relabel_options){.who = "cyd", .why = "no spike"}));
    from_csv(p, text, &none, "0 2 0 0");
    expect(p, "SELECT class FROM objects WHERE name = 'a'", "real\n");
    expect(p, "SELECT count(*) FROM labels WHERE who <> 'import'", "4\n");
}

static void without_times_the_last_word_counts(void **state)
{
    place *p = *state;
    from_csv(p, "object,class\na,bogus\nb,real\n", &by_ann, "2 0 0 0");
    from_csv(p, "object,class\na,bogus\nb,real\nc,bogus\n", &by_ann, "1 2 0 0");
    check_ok(epo_relabel_undo(p->store, "a", &by_ann));
    from_csv(p, "object,class\na,bogus\nb,real\n", &by_ann,
             "0 2 0 0"); /* the very file: it does not undo the undoing */
    expect(p, CLASSES, "real real bogus bogus real bogus ? real bogus\n");
    from_csv(p, "object,class\na,bogus\nb,real\nc,bogus\n\n", &by_ann, "1 2 0 0"); /* other bytes: ann says it anew */
    expect(p, "SELECT class FROM objects WHERE name = 'a'", "bogus\n");
    /* what a row says goes before the options; an empty field takes theirs */
    from_csv(p, "object,class,who,survey\n17,bogus,bob,s\n17,real,,t\n", &by_ann, "2 0 0 0");
    expect(p, "SELECT class, who FROM labels ORDER BY id DESC LIMIT 2", "real|ann\nbogus|bob\n");
}

static void the_file_of_the_des_tool(void **state)
{
    place *p = *state;
    epo_relabel_options o = by_ann;
    static const char text[] = "ID,old_label,changed_label,final_label\na,0,1,1\nb,1,0,1\nc,0,,\nd,1,1,0\n";
    epo_relabel_summary s;
    write_file(p->csv, text, sizeof text - 1);
    check_fails(epo_relabel_from_file(p->store, p->csv, &o, &s), EPO_EFORMAT, "which of 0 and 1 means real");
    o.real_label = "0";
    from_csv(p, text, &o, "2 0 1 1");
    expect(p, CLASSES, "bogus bogus real real real bogus ? real bogus\n");
    from_csv(p, text, &o, "0 2 1 1");
    o.vote = true;
    from_csv(p, text, &o, "3 0 1 1");
    expect(p, "SELECT name, class, labelled FROM open_votes ORDER BY object",
           "a|bogus|bogus\nb|bogus|bogus\nd|real|real\n");
    o.vote = false;
    o.why = "names instead of numbers";
    from_csv(p, "ID,old_label,changed_label,final_label\ne,real,bogus,bogus\n", &o, "1 0 0 0");
    expect(p, "SELECT class FROM objects WHERE name = 'e'", "bogus\n");
}

/* One wrong row refuses the file, with its line; the good ones before it are not kept. */
static void hostile_files_change_nothing(void **state)
{
    place *p = *state;
    epo_relabel_summary s;
    static const struct {
        const char *text, *part;
    } table[] = {
        {"", ""},
        {"object,class,class\na,real,real\n", "twice"},
        {"object,class\na,bogus\nzz,real\n", "line 3: there is no object 'zz'"},
        {"object,class\na,bogus\n,real\n", "line 3: no object is named"},
        {"object,class\na,bogus\n17,real\n", "line 3: object '17' is in 2 surveys"},
        {"object,class,survey\na,bogus,\n17,real,u\n", "line 3: there is no object '17' in the store, survey u"},
        {"object,class\na,bogus\nb,rael\n", "line 3: class 'rael'"},
        {"object,class\na,bogus\nb,\n", "line 3: no class"},
        {"object,class\na,bogus\nb,1\n", "line 3: class '1'"},
        {"object,class,when\na,bogus,\nb,real,2021-02-29\n", "line 3: when '2021-02-29'"},
        {"object,class,when\na,bogus,\nb,real,9999-01-01\n", "has not come"},
        {"object,class,when\na,bogus,\nb,real,53000.5\n", "line 3: when '53000.5'"},
        {"object,class,who\na,bogus,ann\nb,real,import\n", "line 3: who: 'import'"},
        {"object,class,who\na,bogus,ann\nb,real,\"a\nb\"\n", "line 3: who:"},
        {"object,class,why\na,bogus,x\nb,real,\x01\n", "line 3: why:"},
        {"object,class,why\na,bogus,x\nb,real,\xe9t\xe9\n", "line 3: why: byte 0xe9 is no UTF-8"},
        {"object,class,who\na,bogus,J\xc3\xb6rg\nb,real,J\xf6rg\n", "line 3: who: byte 0xf6 is no UTF-8"},
        {"object,class\na,bogus\n\x1b[31mb,real\n", "line 3: there is no object '?[31mb'"},
        {"object,class\na,bogus\nb\n", "line 3"},
        {"object,class\na,bogus\n\"b,real\n", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        write_file(p->csv, table[i].text, strlen(table[i].text));
        check_fails(epo_relabel_from_file(p->store, p->csv, &by_ann, &s), EPO_EFORMAT, table[i].part);
    }
    static const char *const columns[][2] = {{"object\na\n", "'class'"},
                                             {"class\nreal\n", "'object'"},
                                             {"ID,final_label\na,1\n", "'old_label'"}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        write_file(p->csv, columns[i][0], strlen(columns[i][0]));
        check_fails(epo_relabel_from_file(p->store, p->csv, &by_ann, &s), EPO_ENOTFOUND, columns[i][1]);
    }
    static const char no_who[] = "object,class\na,bogus\n", with_nul[] = "object,class\na,bog\0us\n";
    write_file(p->csv, no_who, sizeof no_who - 1);
    check_fails(epo_relabel_from_file(p->store, p->csv, &(epo_relabel_options){.why = "x"}, &s), EPO_EFORMAT,
                "line 2: who says so");
    check_fails(epo_relabel_from_file(p->store, p->csv, &(epo_relabel_options){.who = "x"}, &s), EPO_EFORMAT,
                "line 2: why?");
    check_fails(epo_relabel_from_file(p->store, p->csv, &(epo_relabel_options){.who = "majority", .why = "x"}, &s),
                EPO_EARG, "no observer");
    write_file(p->csv, with_nul, sizeof with_nul - 1);
    check_fails(epo_relabel_from_file(p->store, p->csv, &by_ann, &s), EPO_EFORMAT, "");
    const size_t huge = 2 << 20; /* one field of 2 MiB */
    char *text = malloc(huge);
    assert_non_null(text);
    memset(text, 'x', huge);
    memcpy(text, "object,class\na,bogus\n", 21);
    write_file(p->csv, text, huge);
    check_fails(epo_relabel_from_file(p->store, p->csv, &by_ann, &s), EPO_ELIMIT, "x.csv");
    free(text);
    assert_int_equal(epo_relabel_from_file(p->store, temp_path(p->folder, "none.csv"), &by_ann, &s), EPO_ENOTFOUND);
    expect(p, CLASSES, AS_MADE);
    expect(p, "SELECT (SELECT count(*) FROM sources), (SELECT count(*) FROM votes)", "0|0\n");
}

/* --- votes ------------------------------------------------------------------------------------------------------- */

typedef struct decisions {
    char text[2048];
} decisions;

static epo_status take_decision(void *context, const epo_relabel_decision *d)
{
    decisions *all = context;
    size_t used = strlen(all->text);
    snprintf(all->text + used, sizeof all->text - used, "%s %s>%s %d/%d %s\n", d->object, d->was ? d->was : "?",
             d->class_name ? d->class_name : "?", d->for_it, d->all, epo_relabel_outcome_name(d->outcome));
    return EPO_OK;
}

static void expect_decisions(place *p, int majority, bool dry, const char *expected)
{
    decisions all = {""};
    check_ok(epo_relabel_decide(p->store, majority, dry, take_decision, &all));
    if (strcmp(all.text, expected) != 0) fail_msg("majority %d: \"%s\", not \"%s\"", majority, all.text, expected);
}

static void the_majority_decides(void **state)
{
    place *p = *state;
    const epo_relabel_options votes = {.why = "first round", .vote = true};
    from_csv(p,
             "object,class,who\n"
             "a,bogus,ann\na,bogus,bob\na,real,cyd\n"                /* 2 of 3 against the label */
             "b,bogus,ann\nb,bogus,bob\n"                            /* the label is right */
             "c,bogus,ann\n"                                         /* one vote */
             "d,real,ann\nd,bogus,bob\n"                             /* a tie */
             "e,bogus,ann\ne,bogus,bob\ne,real,cyd\ne,unknown,dan\n" /* 2 of 4: not more than half */
             "f,unknown,ann\nf,unknown,bob\n"                        /* nobody can tell */
             "g,real,ann\ng,bogus,ann\ng,bogus,bob\n",               /* ann's last vote counts */
             &votes, "17 0 0 0");
    expect(p, CLASSES, AS_MADE); /* nothing is decided yet */
    static const char by_two[] =
        "a real>bogus 2/3 changed\nb bogus>bogus 2/2 confirmed\nc real>bogus 1/1 open\nd bogus>? 1/2 tie\n"
        "e real>bogus 2/4 open\nf bogus>? 2/2 changed\ng ?>bogus 2/2 changed\n";
    expect_decisions(p, 2, true, by_two);
    expect(p, CLASSES, AS_MADE);
    expect_decisions(p, 3, true,
                     "a real>bogus 2/3 open\nb bogus>bogus 2/2 open\nc real>bogus 1/1 open\nd bogus>? 1/2 tie\n"
                     "e real>bogus 2/4 open\nf bogus>? 2/2 open\ng ?>bogus 2/2 open\n");
    expect_decisions(p, 2, false, by_two);
    expect(p, CLASSES, "bogus bogus real bogus real ? bogus real bogus\n");
    expect(p, "SELECT object, class, why FROM labels WHERE who = 'majority' ORDER BY id LIMIT 2",
           "1|bogus|2 of 3 votes: bogus 2 (ann, bob), real 1 (cyd)\n2|bogus|2 of 2 votes: bogus 2 (ann, bob)\n");
    /* the rounds that are over do not come again; the others wait for more */
    expect_decisions(p, 2, false, "c real>bogus 1/1 open\nd bogus>? 1/2 tie\ne real>bogus 2/4 open\n");
    from_csv(p, "object,class,who\nd,real,cyd\n", &votes, "1 0 0 0");
    expect_decisions(p, 2, false, "c real>bogus 1/1 open\nd bogus>real 2/3 changed\ne real>bogus 2/4 open\n");
    expect_decisions(p, 1, false, "c real>bogus 1/1 changed\ne real>bogus 2/4 open\n");
    /* a person's word ends a round */
    check_ok(epo_relabel(p->store, "e", "real", &by_ann));
    expect_decisions(p, 1, false, "");
    expect(p, "SELECT count(*) FROM votes", "18\n");
    check_fails(epo_relabel_decide(p->store, 0, false, NULL, NULL), EPO_EARG, "majority of 0");
}

static epo_status take_entry(void *context, const epo_label_entry *e)
{
    char *text = context;
    size_t used = strlen(text);
    snprintf(text + used, 1024 - used, "%s %s %s %s\n", e->object, e->vote ? "vote" : "label",
             e->class_name ? e->class_name : "?", e->who);
    return EPO_OK;
}

static void the_history_is_told(void **state)
{
    place *p = *state;
    char text[1024] = "";
    epo_relabel_options vote = by_ann;
    vote.vote = true;
    check_ok(epo_relabel(p->store, "a", "bogus", &vote));
    check_ok(epo_relabel(p->store, "a", "bogus", &(epo_relabel_options){.who = "bob", .why = "x"}));
    check_ok(epo_relabel(p->store, "a", "real", &vote));
    check_ok(epo_relabel(p->store, "g", "unknown", &by_ann));
    check_ok(epo_relabel_history(p->store, NULL, "a", take_entry, text));
    assert_string_equal(text, "a label real import\na vote bogus ann\na label bogus bob\na vote real ann\n");
    text[0] = '\0';
    check_ok(epo_relabel_history(p->store, NULL, NULL, take_entry, text));
    assert_string_equal(text, "a vote bogus ann\na label bogus bob\na vote real ann\ng label ? ann\n");
    check_fails(epo_relabel_history(p->store, NULL, "x", take_entry, text), EPO_ENOTFOUND, "no object");
    check_fails(epo_relabel_history(p->store, NULL, "17", take_entry, text), EPO_EARG, "2 surveys");
    text[0] = '\0';
    check_ok(epo_relabel_history(p->store, "t", "17", take_entry, text));
    assert_string_equal(text, "17 label bogus import\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(one_decision),
        TEST(what_is_no_decision),
        TEST(undoing),
        TEST(a_csv_is_recorded_once),
        TEST(without_times_the_last_word_counts),
        TEST(the_file_of_the_des_tool),
        TEST(hostile_files_change_nothing),
        TEST(the_majority_decides),
        TEST(the_history_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
