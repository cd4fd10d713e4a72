/* SPDX-License-Identifier: BSD-3-Clause
 * test_review.c - labels against scores written by hand: categories at their edges, order, several models, what a model
 * was trained on, and labels flipped on purpose. */
#include "support/check.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "base/rng.h"
#include "epochal/review.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/stamps.h"
#include "store/store.h"

static const char sha_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char sha_c[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

typedef struct place {
    char *folder, db[512];
    epo_store *store;
    int64_t split, source;
} place;

static int begin(void **state)
{
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->folder = temp_make();
    snprintf(p->db, sizeof p->db, "%s", temp_path(p->folder, "s.db"));
    check_ok(epo_store_open(p->db, EPO_STORE_CREATE, &p->store));
    check_ok(epo__store_begin(p->store));
    check_ok(epo__store_split_add(p->store, "main", 1, "{}", &p->split));
    check_ok(epo__store_source_add(
        p->store,
        &(epo__source_row){.survey = "s", .path = "night/one.fits", .digest = sha_a, .format = "f", .options = "{}"},
        &p->source));
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

static void done(place *p)
{
    check_ok(epo__store_commit(p->store));
}

static int64_t put_object(place *p, const char *name, const char *class_name, const char *part)
{
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(
        p->store,
        &(epo__object_row){
            .survey = "s", .name = name, .ra = NAN, .dec = NAN, .class_name = class_name, .source = p->source},
        &id, &added));
    if (part) check_ok(epo__store_split_member_add(p->store, p->split, id, part));
    return id;
}

static int64_t put_stamp(place *p, int64_t object, const char *exposure, double mjd)
{
    const int16_t pixels[4] = {3, 1, 4, 1};
    int64_t id;
    bool added;
    const epo__stamp_row row = {.object = object,
                                .source = p->source,
                                .exposure = exposure,
                                .mjd = mjd,
                                .mjd_given = NAN,
                                .type = EPO__PIXEL_I16,
                                .width = 2,
                                .height = 2,
                                .mag = NAN,
                                .mag_err = NAN,
                                .fwhm = NAN,
                                .rb = NAN,
                                .drb = NAN};
    check_ok(epo__store_stamp_put(p->store, &row, pixels, &id, &added));
    return id;
}

static int64_t put_model(place *p, const char *sha256, const char *classes)
{
    int64_t model;
    check_ok(epo__store_model_put(
        p->store,
        &(epo__model_row){.name = "net", .sha256 = sha256, .network = "", .classes = classes, .normalisation = ""},
        &model));
    return model;
}

static int64_t begin_run(place *p, const char *kind, const char *sha256, const char *classes, const char *options,
                         int64_t split)
{
    int64_t run;
    check_ok(epo__store_run_begin(p->store,
                                  &(epo__run_row){.kind = kind,
                                                  .command = "",
                                                  .options = options,
                                                  .versions = "{}",
                                                  .threads = 1,
                                                  .model = put_model(p, sha256, classes),
                                                  .split = split},
                                  &run));
    return run;
}

static int64_t begin_scores(place *p, const char *sha256)
{
    return begin_run(p, "score", sha256, "[\"bogus\",\"real\"]", "{}", 0);
}

static void end_run(place *p, int64_t run)
{
    check_ok(epo__store_run_end(p->store, run, "done", 1, 0, 0));
}

static void put_scores(place *p, int64_t run, int64_t object, double sn, double cv, double non)
{
    check_ok(epo__store_class_score_put(p->store, run, object, "SN", sn));
    check_ok(epo__store_class_score_put(p->store, run, object, "CV", cv));
    check_ok(epo__store_class_score_put(p->store, run, object, "NON", non));
}

/* What was told: "object/exposure category suspicion called against/models" a line. */
typedef struct told {
    char text[4096];
    double p[8];
    char path[64];
} told;

static epo_status take(void *context, const epo_suspect *s)
{
    told *t = context;
    size_t used = strlen(t->text);
    snprintf(t->text + used, sizeof t->text - used, "%s%s%s %s %d %.4f %s %d/%d%s\n", s->object, s->exposure ? "/" : "",
             s->exposure ? s->exposure : "", s->label, s->category, s->suspicion, s->called, s->against, s->models,
             s->seen ? " seen" : "");
    for (size_t i = 0; i < 2; i++) t->p[i] = s->p[i];
    snprintf(t->path, sizeof t->path, "%s %.2f", s->path ? s->path : "", s->mjd);
    return EPO_OK;
}

static void expect(place *p, const epo_review_source *sources, size_t count, const epo_review_options *o,
                   const char *expected, epo_review_summary *out)
{
    epo_review_summary own;
    told *t = calloc(1, sizeof *t);
    assert_non_null(t);
    check_ok(epo_review(p->store, sources, count, o, take, t, out ? out : &own));
    if (strcmp(t->text, expected) != 0) fail_msg("\"%s\", not \"%s\"", t->text, expected);
    free(t);
}

/* --- categories -------------------------------------------------------------------------------------------------- */

static void categories_at_their_edges(void **state)
{
    (void)state;
    static const struct {
        double p;
        int positive, negative;
    } table[] = {
        {0, 1, 4},
        {0.1, 1, 4},
        {0.10000000000000002, 2, 4},
        {0.5, 2, 4},
        {0.5000000000000001, 3, 5},
        {0.9, 3, 5},
        {0.9000000000000001, 3, 6},
        {1, 3, 6},
        {-0.0, 1, 4},
        {-1e-300, 0, 0},
        {1.0000000000000002, 0, 0},
        {INFINITY, 0, 0},
        {-INFINITY, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(epo_review_category(true, table[i].p), table[i].positive);
        assert_int_equal(epo_review_category(false, table[i].p), table[i].negative);
    }
    assert_int_equal(epo_review_category(true, NAN), 0);
    assert_int_equal(epo_review_category(false, NAN), 0);
}

/* --- stamps ------------------------------------------------------------------------------------------------------ */

static void stamps_in_order_of_suspicion(void **state)
{
    place *p = *state;
    epo_review_summary s;
    int64_t run = begin_scores(p, sha_a);
    static const struct {
        const char *name, *class_name, *exposure;
        double score;
    } table[] = {
        {"r1", "real", "a", 0.1},  {"r1", "real", "b", 0.97},   {"r2", "real", "a", 0.5}, {"r3", "real", "a", 0.75},
        {"b1", "bogus", "a", 0.5}, {"b2", "bogus", "a", 0.9},   {"b3", "bogus", "a", 1},  {"x", "SN", "a", 0.2},
        {"y", NULL, "a", 0.2},     {"b4", "BOGUS", "a", 0.125},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check_ok(epo__store_stamp_score_put(p->store, run,
                                            put_stamp(p, put_object(p, table[i].name, table[i].class_name, NULL),
                                                      table[i].exposure, 53000.25),
                                            table[i].score));
    put_stamp(p, put_object(p, "r4", "real", NULL), "a", 1); /* without a score */
    put_object(p, "z", "SN", NULL);                          /* nobody asked */
    end_run(p, run);
    done(p);
    const epo_review_source a = {.sha256 = sha_a};
    /* P(real) = 1/2: against a real label, not against a bogus one */
    static const char all[] = "b3/a bogus 6 1.0000 real 1/1\nr1/a real 1 0.9000 bogus 1/1\nb2/a bogus 5 0.9000 real "
                              "1/1\nr2/a real 2 0.5000 bogus 1/1\n"
                              "b1/a bogus 4 0.5000 bogus 0/1\nr3/a real 3 0.2500 real 0/1\nb4/a BOGUS 4 0.1250 bogus "
                              "0/1\nr1/b real 3 0.0300 real 0/1\n";
    expect(p, &a, 1, NULL, all, &s);
    assert_true(s.stamps && s.judged == 8 && s.told == 8 && s.missing == 1 && s.left_out == 2 && s.unusable == 0 &&
                s.seen == 0 && s.against_all == 4);
    static const int64_t counts[] = {0, 1, 1, 2, 2, 1, 1};
    assert_memory_equal(s.of_category, counts, sizeof counts);
    epo_review_options o = {.limit = 2};
    expect(p, &a, 1, &o, "b3/a bogus 6 1.0000 real 1/1\nr1/a real 1 0.9000 bogus 1/1\n", &s);
    assert_true(s.judged == 8 && s.told == 2);
    o = (epo_review_options){.categories = {[2] = true, [6] = true}};
    expect(p, &a, 1, &o, "b3/a bogus 6 1.0000 real 1/1\nr2/a real 2 0.5000 bogus 1/1\n", &s);
    told t = {.text = ""};
    check_ok(epo_review(p->store, &a, 1, NULL, take, &t, &s));
    assert_string_equal(t.path, "night/one.fits 53000.25");
    check_ok(epo_review(p->store, &a, 1, NULL, NULL, NULL, &s));
    assert_true(s.judged == 8 && s.told == 0);
}

/* A score that cannot be, in a store that was tampered with. */
static void scores_that_are_none_do_not_count(void **state)
{
    place *p = *state;
    epo_review_summary s;
    sqlite3 *db;
    int64_t run = begin_scores(p, sha_a);
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        check_ok(epo__store_stamp_score_put(p->store, run, put_stamp(p, put_object(p, names[i], "real", NULL), "x", 1),
                                            0.25));
    end_run(p, run);
    done(p);
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE stamp_scores SET score = 9e999 WHERE stamp >> 20 = 1; UPDATE stamp_scores "
                                  "SET score = -0.5 WHERE stamp "
                                  ">> 20 = 2; UPDATE stamp_scores SET score = 1.5 WHERE stamp >> 20 = 3",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    expect(p, &(epo_review_source){.sha256 = sha_a}, 1, NULL, "d/x real 2 0.7500 bogus 1/1\n", &s);
    assert_true(s.unusable == 3 && s.judged == 1 && s.missing == 0);
}

static void several_models(void **state)
{
    place *p = *state;
    epo_review_summary s;
    /* what a, b and c say of each; NaN: nothing */
    static const struct {
        const char *name, *class_name;
        double a, b, c;
    } table[] = {{"o1", "real", 0.05, 0.95, NAN},
                 {"o2", "real", 0.45, 0.4, NAN},
                 {"o3", "bogus", 0.95, 0.85, 0.92},
                 {"o4", "bogus", 0.2, 0.1, NAN},
                 {"o5", "real", NAN, 0.02, NAN}};
    const char *const shas[] = {sha_a, sha_b, sha_c};
    int64_t stamps[5];
    for (size_t i = 0; i < 5; i++)
        stamps[i] = put_stamp(p, put_object(p, table[i].name, table[i].class_name, NULL), "x", 1);
    for (size_t m = 0; m < 3; m++) {
        int64_t run = begin_scores(p, shas[m]);
        for (size_t i = 0; i < 5; i++) {
            const double score = m == 0 ? table[i].a : m == 1 ? table[i].b : table[i].c;
            if (!isnan(score)) check_ok(epo__store_stamp_score_put(p->store, run, stamps[i], score));
        }
        end_run(p, run);
    }
    done(p);
    const epo_review_source all[] = {{.sha256 = sha_a}, {.sha256 = sha_b}, {.sha256 = sha_c}};
    /* those that all are against come first, though o1 has the mean of an o2 */
    expect(p, all, 3, NULL,
           "o5/x real 1 0.9800 bogus 1/1\no3/x bogus 6 0.9067 real 3/3\no2/x real 2 0.5750 bogus 2/2\no1/x real 2 "
           "0.5000 bogus 1/2\no4/x bogus 4 0.1500 bogus 0/2\n",
           &s);
    assert_int_equal(s.against_all, 3);
    assert_int_equal(s.agreement[1][3], 0); /* of two only */
    expect(p, all, 2, NULL,
           "o5/x real 1 0.9800 bogus 1/1\no3/x bogus 5 0.9000 real 2/2\no2/x real 2 0.5750 bogus 2/2\no1/x real 2 "
           "0.5000 bogus 1/2\no4/x bogus 4 0.1500 bogus 0/2\n",
           &s);
    assert_true(s.agreement[1][3] == 1 && s.agreement[2][2] == 1 && s.agreement[6][5] == 1 && s.agreement[4][4] == 1);
    int64_t sum = 0;
    for (int i = 0; i <= EPO_REVIEW_CATEGORIES; i++)
        for (int k = 0; k <= EPO_REVIEW_CATEGORIES; k++) sum += s.agreement[i][k];
    assert_int_equal(sum, 4); /* o5 has one score */
    told t = {.text = ""};
    const epo_review_options last = {.categories = {[4] = true}};
    check_ok(epo_review(p->store, all, 2, &last, take, &t, &s));
    assert_true(t.p[0] == 0.2 && t.p[1] == 0.1);
}

static void folds_judge_what_they_have_not_seen(void **state)
{
    place *p = *state;
    epo_review_summary s;
    static const char *const parts[] = {"train", "test", "train", "test"}, *const names[] = {"a", "b", "c", "d"};
    int64_t stamps[4], other;
    check_ok(epo__store_split_add(p->store, "other", 1, "{}", &other));
    for (size_t i = 0; i < 4; i++) {
        int64_t id = put_object(p, names[i], "real", parts[i]);
        check_ok(epo__store_split_member_add(p->store, other, id, parts[3 - i]));
        stamps[i] = put_stamp(p, id, "x", 1);
    }
    /* a learned main, b learned other, and c started from a and learned nothing in this store itself */
    char from_a[128];
    snprintf(from_a, sizeof from_a, "{\"from_sha256\":\"%s\"}", sha_a);
    end_run(p, begin_run(p, "train", sha_a, "[]", "{\"from_sha256\":null}", p->split));
    end_run(p, begin_run(p, "train", sha_b, "[]", "broken JSON", other));
    end_run(p, begin_run(p, "train", sha_c, "[]", from_a, 0));
    const char *const shas[] = {sha_a, sha_b, sha_c};
    for (size_t m = 0; m < 3; m++) {
        int64_t run = begin_scores(p, shas[m]);
        for (size_t i = 0; i < 4; i++)
            check_ok(epo__store_stamp_score_put(p->store, run, stamps[i], 0.25 + 0.125 * (double)i));
        end_run(p, run);
    }
    done(p);
    const epo_review_source folds[] = {{.sha256 = sha_a, .split = "main:test"},
                                       {.sha256 = sha_b, .split = "other:test"}};
    expect(p, folds, 2, NULL,
           "a/x real 2 0.7500 bogus 1/1\nb/x real 2 0.6250 bogus 1/1\nc/x real 2 0.5000 bogus 1/1\nd/x real 3 0.3750 "
           "real 0/1\n",
           &s);
    assert_int_equal(s.seen, 0);
    static const char learned[] = "a/x real 2 0.7500 bogus 1/1 seen\nb/x real 2 0.6250 bogus 1/1\nc/x real 2 0.5000 "
                                  "bogus 1/1 seen\nd/x real 3 0.3750 real 0/1\n";
    expect(p, &(epo_review_source){.sha256 = sha_a}, 1, NULL, learned, &s);
    assert_int_equal(s.seen, 2);
    expect(p, &(epo_review_source){.sha256 = sha_c}, 1, NULL, learned, &s); /* weights that have seen it */
    expect(p, &(epo_review_source){.sha256 = sha_b, .split = "main:test"}, 1, NULL,
           "b/x real 2 0.6250 bogus 1/1 seen\nd/x real 3 0.3750 real 0/1 seen\n", &s);
}

/* --- objects ----------------------------------------------------------------------------------------------------- */

static void objects_by_probability_of_their_label(void **state)
{
    place *p = *state;
    epo_review_summary s;
    int64_t run = begin_run(p, "classify", sha_a, "[\"SN\",\"CV\",\"NON\"]", "{}", 0);
    static const struct {
        const char *name, *class_name;
        double sn, cv, non;
    } table[] = {
        {"sure", "SN", 0.1, 0.875, 0.025},  /* 1, s = .8875 */
        {"torn", "SN", 0.1, 0.45, 0.45},    /* 1 as well, but nothing else is sure: .675 */
        {"half", "CV", 0.25, 0.5, 0.25},    /* 2, not against: .375 */
        {"fine", "CV", 0.125, 0.75, 0.125}, /* 3 */
        {"non1", "NON", 0.25, 0.25, 0.5},   /* 4: 1 - .5 */
        {"non2", "NON", 0.875, 0.025, 0.1}, /* 5: 1 - .1 is .9 */
        {"non3", "NON", 0.9375, 0, 0.0625}, /* 6 */
        {"odd", "AGN", 1, 0, 0},            /* no class of the model */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        put_scores(p, run, put_object(p, table[i].name, table[i].class_name, "test"), table[i].sn, table[i].cv,
                   table[i].non);
    put_stamp(p, put_object(p, "late", "SN", NULL), "x", 53001);
    put_scores(p, run, put_object(p, "late", "SN", NULL), 0.5, 0.5, 0);
    end_run(p, run);
    done(p);
    expect(p, &(epo_review_source){.run = run, .split = "main:test"}, 1, NULL,
           "non3 NON 6 0.9375 SN 1/1\nsure SN 1 0.8875 CV 1/1\nnon2 NON 5 0.8875 SN 1/1\ntorn SN 1 0.6750 CV 1/1\nhalf "
           "CV 2 0.3750 CV 0/1\nnon1 NON 4 0.3750 NON 0/1\n"
           "fine CV 3 0.1875 CV 0/1\n",
           &s);
    assert_true(!s.stamps && s.judged == 7 && s.left_out == 1 && s.missing == 0);
    told t = {.text = ""};
    check_ok(epo_review(p->store, &(epo_review_source){.run = run}, 1,
                        &(epo_review_options){.categories = {[2] = true}}, take, &t, &s));
    assert_string_equal(t.text,
                        "late SN 2 0.5000 SN 0/1\nhalf CV 2 0.3750 CV 0/1\n"); /* an equal rival is not called */
    assert_string_equal(t.path, "night/one.fits nan");
    assert_true(t.p[0] == 0.5);
}

static void what_cannot_be_reviewed(void **state)
{
    place *p = *state;
    epo_review_summary s;
    int64_t a = put_object(p, "a", "AGN", "test"),
            run = begin_run(p, "classify", sha_a, "[\"SN\",\"CV\",\"NON\"]", "{}", 0), stamps = begin_scores(p, sha_b);
    put_scores(p, run, a, 1, 0, 0);
    check_ok(epo__store_stamp_score_put(p->store, stamps, put_stamp(p, a, "x", 1), 0.5));
    end_run(p, run);
    end_run(p, stamps);
    int64_t running = begin_scores(p, sha_b);
    done(p);
    const epo_review_source both[] = {{.sha256 = sha_a}, {.sha256 = sha_b}};
    check_fails(epo_review(p->store, both, 0, NULL, NULL, NULL, &s), EPO_EARG, "0 models");
    check_fails(epo_review(p->store, both, EPO_REVIEW_SOURCES_MAX + 1, NULL, NULL, NULL, &s), EPO_EARG, "65 models");
    check_fails(epo_review(p->store, both, 2, NULL, NULL, NULL, &s), EPO_EARG, "cannot be reviewed together");
    check_fails(epo_review(p->store, both, 1, NULL, NULL, NULL, &s), EPO_ENOTFOUND, "none of the objects");
    check_fails(epo_review(p->store, &(epo_review_source){.sha256 = sha_c, .remedy = "epochal score X"}, 1, NULL, NULL,
                           NULL, &s),
                EPO_ENOTFOUND, "model cccccccccccc; to make them: epochal score X");
    check_fails(epo_review(p->store, &(epo_review_source){.sha256 = sha_a, .split = "none:test"}, 1, NULL, NULL, NULL,
                           &s),
                EPO_ENOTFOUND, "none:test");
    check_fails(epo_review(p->store, &(epo_review_source){.run = running}, 1, NULL, NULL, NULL, &s), EPO_EARG,
                "did not finish");
    check_fails(epo_review(p->store, &(epo_review_source){.run = 77}, 1, NULL, NULL, NULL, &s), EPO_ENOTFOUND,
                "no run 77");
    check_ok(epo__store_begin(p->store)); /* no view is left open */
    epo__store_rollback(p->store);
}

/* --- labels flipped on purpose ----------------------------------------------------------------------------------- */

typedef struct finding {
    int64_t rows, found;
} finding;

static epo_status count_flipped(void *context, const epo_suspect *s)
{
    finding *f = context;
    f->rows++;
    f->found += s->object[0] == 'f';
    return EPO_OK;
}

/* Scores with errors of their own: 4 of 100 are on the wrong side, few of them far, and the others on the side of what
 * the thing is, most of them far. A model that learned the labels by heart agrees with each of them. */
static void flipped_labels_are_among_the_first(void **state)
{
    enum { OBJECTS = 3000, FLIPPED = OBJECTS / 100 };
    place *p = *state;
    epo_review_summary s;
    epo__rng rng = {.seed = 7, .stream = 1};
    int64_t honest = begin_scores(p, sha_a), learned = begin_scores(p, sha_b);
    for (int i = 0; i < OBJECTS; i++) {
        char name[32];
        const bool is_real = i % 2, flipped = i % 100 == 41;
        const bool wrong = epo__rng_uniform(&rng) < 0.04;
        const double u = epo__rng_uniform(&rng),
                     sure = wrong ? 0.5 - 0.5 * pow(u, 3) : 1 - 0.5 * pow(u, 6); /* P(what it is) */
        snprintf(name, sizeof name, "%c%d", flipped ? 'f' : 'o', i);
        const char *label = is_real != flipped ? "real" : "bogus";
        int64_t stamp = put_stamp(p, put_object(p, name, label, NULL), "x", 1);
        check_ok(epo__store_stamp_score_put(p->store, honest, stamp, is_real ? sure : 1 - sure));
        check_ok(epo__store_stamp_score_put(p->store, learned, stamp, (is_real != flipped) ? 1 - 0.1 * u : 0.1 * u));
    }
    end_run(p, honest);
    end_run(p, learned);
    done(p);
    finding first = {0}, by_heart = {0};
    const epo_review_options two_percent = {.limit = OBJECTS / 50};
    check_ok(epo_review(p->store, &(epo_review_source){.sha256 = sha_a}, 1, &two_percent, count_flipped, &first, &s));
    assert_int_equal(first.rows, OBJECTS / 50);
    if (first.found < 8 * FLIPPED / 10)
        fail_msg("%d of %d flipped labels in the first 2 %%", (int)first.found, FLIPPED);
    check_ok(
        epo_review(p->store, &(epo_review_source){.sha256 = sha_b}, 1, &two_percent, count_flipped, &by_heart, &s));
    assert_true(by_heart.found <= FLIPPED / 5);
    assert_true(s.against_all == 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categories_at_their_edges),
        TEST(stamps_in_order_of_suspicion),
        TEST(scores_that_are_none_do_not_count),
        TEST(several_models),
        TEST(folds_judge_what_they_have_not_seen),
        TEST(objects_by_probability_of_their_label),
        TEST(what_cannot_be_reviewed),
        TEST(flipped_labels_are_among_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
