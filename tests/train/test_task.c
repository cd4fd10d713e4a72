/* SPDX-License-Identifier: BSD-3-Clause
 * test_task.c - what a training tells apart, from its text and the classes of the store. */
#include "train/task.h"
#include "train/toy.h"

static const char *const network[] = {"SN", "CV", "NON"};
static const char *const stamp[] = {"real", "bogus"};

typedef struct place {
    toy toy;
    epo_store *store;
} place;

static int begin(void **state)
{
    place *p = calloc(1, sizeof *p);
    toy_begin(&p->toy);
    check_ok(epo_store_open(p->toy.made.path, EPO_STORE_READ, &p->store));
    *state = p;
    return 0;
}

static int end(void **state)
{
    place *p = *state;
    epo_store_close(p->store);
    toy_end(&p->toy);
    free(p);
    return 0;
}

static epo__task parsed(void **state, const char *text)
{
    place *p = *state;
    epo__task task;
    bool stamps = strcmp(text, "realbogus") == 0;
    check_ok(epo__task_parse(text, stamps ? stamp : network, stamps ? 2 : 3, p->store, &task));
    return task;
}

static void expect_labels(const epo__task *task, const char *list)
{
    char *is = epo__task_class_list(task);
    assert_string_equal(is, list);
    free(is);
}

/* The label a class of the store is trained as, -1 when it is left out. */
static int label_of(const epo__task *task, const char *name)
{
    for (size_t i = 0; i < task->class_count; i++)
        if (strcmp(task->classes[i].name, name) == 0) return task->classes[i].label;
    return -1;
}

static void test_multiclass(void **state)
{
    epo__task task = parsed(state, "multiclass");
    expect_labels(&task, "SN,CV,NON");
    assert_false(task.stamps);
    assert_int_equal(task.class_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(task.classes[i].name, network[i]);
        assert_int_equal(task.classes[i].label, i);
        assert_int_equal(task.classes[i].transient, i < 2);
    }
    epo__task_free(&task);
}

/* In the network's order, whichever that is: DES and DIA have real first. */
static void test_realbogus(void **state)
{
    epo__task task = parsed(state, "realbogus");
    expect_labels(&task, "real,bogus");
    assert_true(task.stamps);
    assert_int_equal(label_of(&task, "real"), 0);
    assert_int_equal(label_of(&task, "bogus"), 1);
    assert_int_equal(label_of(&task, "SN"), -1);
    epo__task_free(&task);
}

/* Objects that are there for real/bogus are no kind of transient. */
static void test_transient(void **state)
{
    epo__task task = parsed(state, "transient-vs-non");
    expect_labels(&task, "TRANSIENT,NON");
    assert_int_equal(label_of(&task, "SN"), 0);
    assert_int_equal(label_of(&task, "CV"), 0);
    assert_int_equal(label_of(&task, "NON"), 1);
    assert_int_equal(label_of(&task, "real"), -1);
    assert_int_equal(label_of(&task, "bogus"), -1);
    epo__task_free(&task);
}

static void test_supernovae(void **state)
{
    epo__task task = parsed(state, "sn-vs-non");
    expect_labels(&task, "SN,NON");
    assert_int_equal(label_of(&task, "SN"), 0);
    assert_int_equal(label_of(&task, "NON"), 1);
    assert_int_equal(label_of(&task, "CV"), -1);
    epo__task_free(&task);
}

static void test_groups(void **state)
{
    epo__task task = parsed(state, "NON:SN,CV");
    expect_labels(&task, "NON,SN+CV");
    assert_int_equal(label_of(&task, "NON"), 0);
    assert_int_equal(label_of(&task, "SN"), 1);
    assert_int_equal(label_of(&task, "CV"), 1);
    epo__task_free(&task);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"SN:PISN", "no object of class PISN in the store, which has CV, NON, SN, bogus, real"},
        {"SN,CV:PISN,NON", "no object of class PISN"}, /* a typing error must not pass for an empty class */
        {"SN,CV:NON,SN", "class SN stands twice"},
        {"SN:NON:", "empty class"},
        {"SN,,CV:NON", "empty class"},
        {":", "empty class"},
        {"SN,CV", "'SN,CV' is not one of multiclass"},
        {"binary", "'binary' is not one of multiclass"},
        {"", "'' is not one of multiclass"},
    };
    place *p = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        epo__task task;
        check_fails(epo__task_parse(bad[i].text, network, 3, p->store, &task), EPO_EARG, bad[i].part);
        assert_int_equal(task.class_count, 0);
    }
    static const char *const other[] = {"BZ", "SN"};
    epo__task task;
    check_fails(epo__task_parse("multiclass", other, 2, p->store, &task), EPO_EARG, "no object of class BZ");

    char many[2000] = "C0";
    for (int i = 1; i <= EPO__TASK_CLASSES; i++) snprintf(many + strlen(many), 20, ":C%d", i);
    check_fails(epo__task_parse(many, network, 3, p->store, &task), EPO_ELIMIT, "more than 64 classes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multiclass),  cmocka_unit_test(test_realbogus), cmocka_unit_test(test_transient),
        cmocka_unit_test(test_supernovae), cmocka_unit_test(test_groups),    cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
