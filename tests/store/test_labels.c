/* SPDX-License-Identifier: BSD-3-Clause
 * test_labels.c - labels as of a date wherever a class is read, and votes beside the history. */
#include "rows.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/labels.h"
#include "store/members.h"
#include "store/results.h"

typedef struct place {
    char *folder;
    epo_store *store;
} place;

static int begin(void **state)
{
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->folder = temp_make();
    p->store = open_store(temp_path(p->folder, "s.db"), EPO_STORE_CREATE);
    check_ok(epo__store_begin(p->store));
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

static void label(place *p, int64_t object, const char *class_name, const char *who, const char *at)
{
    check_ok(epo__store_label_add(p->store,
                                  &(epo__label_row){.object = object, .class_name = class_name, .who = who, .at = at}));
}

static void vote(place *p, int64_t object, const char *class_name, const char *who)
{
    check_ok(epo__store_vote_add(p->store, &(epo__label_row){.object = object, .class_name = class_name, .who = who}));
}

/* Everything that reads a class says the same. */
static void expect_class(place *p, int64_t object, const char *date, const char *expected)
{
    epo__pool texts = {0};
    epo__object_row row;
    const char *class_name;
    check_ok(epo_store_set_labels_as_of(p->store, date));
    check_ok(epo__store_label_current(p->store, object, &texts, &class_name));
    check_ok(epo__store_object_get(p->store, object, &texts, &row));
    if (!expected) {
        assert_null(class_name);
        assert_null(row.class_name);
    } else {
        if (!class_name || strcmp(class_name, expected) != 0)
            fail_msg("as of %s: %s, not %s", date, class_name, expected);
        assert_string_equal(row.class_name, expected);
    }
    epo__pool_free(&texts);
    check_ok(epo_store_set_labels_as_of(p->store, NULL));
}

static void the_last_label_until_then_counts(void **state)
{
    place *p = *state;
    int64_t id = put_object(p->store, "a", NULL, 0);
    label(p, id, "SN", "x", "2020-01-10T12:00:00Z");
    label(p, id, "CV", "x", "2020-01-20T12:00:00Z");
    label(p, id, "AGN", "x", "2020-01-20T12:00:00Z"); /* the same second: the later entry */
    label(p, id, NULL, "x", "2020-02-01T00:00:00Z");
    label(p, id, "NON", "x", "2020-01-25T00:00:00Z"); /* entered last, for a time that lies back */
    static const char *const table[][2] = {
        {"2020-01-09", NULL},
        {"2020-01-10T11:59:59Z", NULL},
        {"2020-01-10T12:00:00Z", "SN"},
        {"2020-01-10 12:00", "SN"},
        {"2020-01-10", "SN"}, /* the whole day */
        {"2020-01-20T11:59:59", "SN"},
        {"2020-01-20T12:00:00", "AGN"},
        {"2020-01-24", "AGN"},
        {"2020-01-25", "NON"},
        {"2020-03-01", "NON"}, /* not unknown: the entry after it says NON */
        {NULL, "NON"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) expect_class(p, id, table[i][0], table[i][1]);
    char today[21];
    epo__utc_now(today);
    today[10] = '\0';
    expect_class(p, id, today, "NON");
}

typedef struct members {
    char text[256];
} members;

static epo_status take_member(void *context, const epo__member_row *row)
{
    members *m = context;
    size_t used = strlen(m->text);
    snprintf(m->text + used, sizeof m->text - used, "%s=%s ", row->name, row->class_name ? row->class_name : "?");
    return EPO_OK;
}

static epo_status take_stamp(void *context, const epo__member_stamp *stamp)
{
    (void)context;
    (void)stamp;
    return EPO_OK;
}

static void lists_and_counts_follow_the_date(void **state)
{
    place *p = *state;
    int64_t split, count, ids[4];
    size_t found;
    members m = {""};
    epo_store_contents info;
    int64_t a = put_object(p->store, "a", NULL, 0), b = put_object(p->store, "b", NULL, 0);
    label(p, a, "SN", "x", "2020-01-01T00:00:00Z");
    label(p, b, "SN", "x", "2020-01-01T00:00:00Z");
    label(p, b, "CV", "x", "2020-02-01T00:00:00Z");
    check_ok(epo__store_split_add(p->store, "main", 1, "{}", &split));
    check_ok(epo__store_split_member_add(p->store, split, a, "train"));
    check_ok(epo__store_split_member_add(p->store, split, b, "train"));
    const epo__object_filter sn = {.class_name = "SN"},
                             in_split = {.split = "main", .part = "train", .class_name = "SN"};
    static const struct {
        const char *date, *members;
        int64_t sn;
        size_t classes;
    } table[] = {{NULL, "a=SN b=CV ", 1, 2},
                 {"2020-01-15", "a=SN b=SN ", 2, 1},
                 {"2019-12-31", "a=? b=? ", 0, 1},
                 {"2020-02-01", "a=SN b=CV ", 1, 2}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        check_ok(epo_store_set_labels_as_of(p->store, table[i].date));
        check_ok(epo__store_objects_count(p->store, &sn, &count));
        assert_true(count == table[i].sn);
        check_ok(epo__store_objects_count(p->store, &in_split, &count));
        assert_true(count == table[i].sn);
        check_ok(epo__store_objects_next(p->store, &sn, 0, ids, 4, &found));
        assert_true((int64_t)found == table[i].sn);
        check_ok(epo__store_objects_next(p->store, &in_split, 0, ids, 4, &found));
        assert_true((int64_t)found == table[i].sn);
        m.text[0] = '\0';
        check_ok(epo__store_members_visit(p->store, "main", &(epo__member_visitor){&m, take_member, take_stamp}));
        assert_string_equal(m.text, table[i].members);
        check_ok(epo_store_info(p->store, &info));
        assert_int_equal(info.class_count, table[i].classes);
        assert_true((info.classes[0].name == NULL) == (table[i].members[2] == '?'));
        epo_store_info_free(&info);
    }
}

static void dates_are_dates(void **state)
{
    place *p = *state;
    static const char *const wrong[] = {"",
                                        "yesterday",
                                        "2020-13-01",
                                        "2020-02-30",
                                        "2021-02-29",
                                        "2020-1-1",
                                        "20200101",
                                        "2020-01-01T",
                                        "2020-01-01T24:00",
                                        "2020-01-01T12:60",
                                        "2020-01-01T12:00:61",
                                        "2020-01-01T12:00:00.5Z",
                                        "2020-01-01T12:00:00+01:00",
                                        "2020-01-01 ",
                                        " 2020-01-01",
                                        "2020-01-01Z",
                                        "0000-01-01",
                                        "2020-01-01T12",
                                        "2020-01-01\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_fails(epo_store_set_labels_as_of(p->store, wrong[i]), EPO_EARG, "not a date or time in UTC");
    assert_null(epo_store_labels_as_of(p->store));
    check_fails(epo_store_set_labels_as_of(p->store, "9999-12-31"), EPO_EARG, "has not come");
    check_ok(epo_store_set_labels_as_of(p->store, "2020-02-29"));
    assert_string_equal(epo_store_labels_as_of(p->store), "2020-02-29T23:59:59Z");
    check_ok(epo_store_set_labels_as_of(p->store, "2020-02-29T10:30"));
    assert_string_equal(epo_store_labels_as_of(p->store), "2020-02-29T10:30:59Z");
    check_fails(epo_store_set_labels_as_of(p->store, "x"), EPO_EARG, "");
    assert_string_equal(epo_store_labels_as_of(p->store), "2020-02-29T10:30:59Z"); /* a failure changes nothing */
    char room[21];
    assert_true(epo__utc_parse("2020-02-29", false, room));
    assert_string_equal(room, "2020-02-29T00:00:00Z");
}

static char *open_votes(place *p)
{
    static char text[512];
    epo__open_votes votes = {0};
    check_ok(epo__store_open_votes(p->store, &votes));
    text[0] = '\0';
    for (size_t i = 0; i < votes.count; i++) {
        const epo__open_vote *v = &votes.rows[i];
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s:%s:%s:%s ", v->name, v->labelled ? v->labelled : "?",
                 v->class_name ? v->class_name : "?", v->who);
    }
    epo__open_votes_free(&votes);
    return text;
}

static void votes_are_on_the_label_that_stands(void **state)
{
    place *p = *state;
    int64_t a = put_object(p->store, "a", "SN", 0), b = put_object(p->store, "b", NULL, 0);
    vote(p, a, "CV", "ann");
    vote(p, a, "SN", "bob");
    vote(p, b, NULL, "ann"); /* on no label at all */
    assert_string_equal(open_votes(p), "a:SN:CV:ann a:SN:SN:bob b:?:?:ann ");
    vote(p, a, "AGN", "Ann"); /* the same observer, who has changed her mind */
    assert_string_equal(open_votes(p), "a:SN:AGN:Ann a:SN:SN:bob b:?:?:ann ");
    label(p, a, "SN", "majority", NULL); /* ends the round */
    assert_string_equal(open_votes(p), "b:?:?:ann ");
    vote(p, a, "SN", "bob");
    assert_string_equal(open_votes(p), "a:SN:SN:bob b:?:?:ann ");
    label(p, b, "CV", "import", NULL);
    assert_string_equal(open_votes(p), "a:SN:SN:bob ");
}

static bool said(place *p, bool is_vote, int64_t object, const char *class_name, const char *who, const char *at)
{
    bool yes;
    check_ok(epo__store_label_said(p->store, is_vote,
                                   &(epo__label_row){.object = object, .class_name = class_name, .who = who, .at = at},
                                   &yes));
    return yes;
}

static void what_was_said_is_known(void **state)
{
    place *p = *state;
    int64_t a = put_object(p->store, "a", "SN", 0);
    assert_false(said(p, false, a, "SN", "ann", NULL));
    label(p, a, "SN", "ann", "2020-01-01T00:00:00Z");
    label(p, a, "CV", "bob", "2020-01-02T00:00:00Z");
    assert_true(said(p, false, a, "SN", "ANN", NULL));
    assert_false(said(p, false, a, "CV", "ann", NULL));
    assert_true(said(p, false, a, "SN", "ann", "2020-01-01T00:00:00Z"));
    assert_false(said(p, false, a, "SN", "ann", "2020-01-03T00:00:00Z"));
    label(p, a, "AGN", "ann", "2020-01-04T00:00:00Z");
    assert_false(said(p, false, a, "SN", "ann", NULL)); /* not the last word */
    assert_true(said(p, false, a, "SN", "ann", "2020-01-01T00:00:00Z"));
    assert_false(said(p, true, a, "AGN", "ann", NULL)); /* a label is no vote */
    vote(p, a, NULL, "ann");
    assert_true(said(p, true, a, NULL, "ann", NULL));
    assert_false(said(p, true, a, "SN", "ann", NULL));
}

static void classes_are_spelled_as_the_store_has_them(void **state)
{
    place *p = *state;
    epo__pool texts = {0};
    const char *spelled;
    put_object(p->store, "a", "real", 0);
    int64_t b = put_object(p->store, "b", "Real", 0);
    label(p, b, "bogus", "x", NULL);
    static const char *const table[][2] = {{"real", "real"},   {"Real", "Real"}, {"REAL", "Real"},
                                           {"BOGUS", "bogus"}, {"bogu", NULL},   {"", NULL}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        check_ok(epo__store_class_spelled(p->store, table[i][0], &texts, &spelled));
        if (table[i][1])
            assert_string_equal(spelled, table[i][1]);
        else
            assert_null(spelled);
    }
    epo__pool_free(&texts);
}

/* Imports go on as before: a person's label survives the same file, and another class in the file is news. */
static void imports_do_not_overrule_people(void **state)
{
    place *p = *state;
    int64_t a = put_object(p->store, "a", "SN", 0);
    label(p, a, "CV", "ann", NULL);
    assert_true(put_object(p->store, "a", "SN", 0) == a);
    expect_class(p, a, NULL, "CV");
    assert_true(put_object(p->store, "a", "NON", 0) == a);
    expect_class(p, a, NULL, "NON");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_last_label_until_then_counts),
        TEST(lists_and_counts_follow_the_date),
        TEST(dates_are_dates),
        TEST(votes_are_on_the_label_that_stands),
        TEST(what_was_said_is_known),
        TEST(classes_are_spelled_as_the_store_has_them),
        TEST(imports_do_not_overrule_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
