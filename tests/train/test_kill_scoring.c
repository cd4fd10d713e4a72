/* SPDX-License-Identifier: BSD-3-Clause
 * test_kill_scoring.c - classifying and scoring into a store, killed at any moment: every score that was told of is
 * there, no object has half of its scores, a run that did not end counts as none, and the repeated command gives the
 * same scores as one that nothing happened to.
 *
 * EPOCHAL_KILLS=2000 kills as often. The library's clock runs fast (--wrap, in the Makefile), so that it commits after
 * every few scores as it does after every second otherwise. All scoring is done by children: a process that has had
 * threads of OpenMP must not be copied. */
#include "data/importing.h"
#include "train/toy.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "epochal/model.h"
#include "epochal/score.h"
#include "support/killing.h"

enum { KILLS = 50, FASTER = 1000, WAYS = 2, THREADS = 2 };

double __real_epo__seconds(void);
double __wrap_epo__seconds(void);
double __wrap_epo__seconds(void)
{
    return FASTER * __real_epo__seconds();
}

/* Two commands that score, and how their scores are read back: what a line that was told looks like, and everything. */
static const struct way {
    const char *kind;
    epo_status (*run)(const epo_model *, epo_store *, const epo_score_options *, epo_score_fn, void *,
                      epo_score_summary *);
    const char *told, *all, *halves;
} ways[WAYS] = {
    {"classify", epo_classify_store,
     "SELECT DISTINCT o.name FROM class_scores c JOIN objects o ON o.id = c.object WHERE run = (SELECT max(id) FROM "
     "runs)",
     "SELECT o.name, c.class, printf('%.17g', probability) FROM class_scores c JOIN objects o ON o.id = c.object "
     "WHERE run = (SELECT max(id) FROM runs) ORDER BY 1, 2",
     "SELECT run, object FROM class_scores GROUP BY run, object HAVING count(*) <> 3"},
    {"score", epo_score_store,
     "SELECT o.name FROM stamp_scores c JOIN stamps s ON s.id = c.stamp JOIN objects o ON o.id = s.object WHERE run = "
     "(SELECT max(id) FROM runs)",
     "SELECT stamp, printf('%.17g', score) FROM stamp_scores WHERE run = (SELECT max(id) FROM runs) ORDER BY 1",
     "SELECT run, stamp FROM stamp_scores WHERE score IS NULL"},
};

typedef struct job {
    const struct way *way;
    const char *db, *model;
} job;

static toy made_toy;
static char model_path[600];

static epo_status say_object(void *context, const epo_score *score)
{
    if (score->error) return EPO_OK;
    return killing_say(*(int *)context, score->object) ? EPO_OK : EPO_EIO;
}

static int score_all(void *context, int tube)
{
    const job *j = context;
    epo_store *store = NULL;
    epo_model *model = NULL;
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_score_summary summary;
    options.threads = THREADS;
    options.batch = 4;
    if (epo_model_load(j->model, NULL, &model) != EPO_OK || epo_store_open(j->db, EPO_STORE_WRITE, &store) != EPO_OK)
        return 1;
    if (j->way->run(model, store, &options, say_object, &tube, &summary) != EPO_OK) return 2;
    epo_store_close(store);
    epo_model_free(model);
    return 0;
}

static int make_model(void *context, int tube)
{
    (void)tube;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    epo_model *model = NULL;
    options.net = made_toy.net;
    options.seed = 3;
    return epo_model_create(&options, &model) == EPO_OK && epo_model_save(model, context) == EPO_OK ? 0 : 1;
}

static int begin(void **state)
{
    (void)state;
    toy_begin(&made_toy);
    snprintf(model_path, sizeof model_path, "%s/m.safetensors", made_toy.made.folder);
    free(run_and_kill(make_model, model_path, -1).said);
    return 0;
}

static int end(void **state)
{
    (void)state;
    toy_end(&made_toy);
    return 0;
}

static void copy_file(const char *from, const char *to)
{
    size_t size;
    unsigned char *bytes = read_file(from, &size);
    write_file(to, bytes, size);
    free(bytes);
}

/* After a kill, or an end. */
static int check_after(const job *j, const killed *k)
{
    epo_store *store;
    check_ok(epo_store_open(j->db, EPO_STORE_READ, &store));
    check_ok(epo_store_check(store, NULL));
    epo_store_close(store);
    char *there = rows(j->db, j->way->told);
    const int count = check_said(k->said ? k->said : "", there);
    free(there);
    check_rows(j->db, j->way->halves, "");
    check_rows(
        j->db,
        "SELECT DISTINCT r.status FROM latest_class_scores l JOIN runs r ON r.id = l.run WHERE r.status <> 'done' "
        "UNION ALL "
        "SELECT DISTINCT r.status FROM latest_stamp_scores l JOIN runs r ON r.id = l.run WHERE r.status <> 'done'",
        "");
    return count;
}

static void nothing_told_is_lost(void **state)
{
    const struct way *way = *state;
    const int wanted = kills_wanted(KILLS) / WAYS;
    char db[600], last[64];
    epo__rng rng = {.seed = kills_seed(7), .stream = epo__rng_stream(way->kind)};
    job j = {way, db, model_path};
    snprintf(db, sizeof db, "%s/%s.db", made_toy.made.folder, way->kind);
    copy_file(made_toy.made.path, db);
    double start = epo__seconds();
    free(run_and_kill(score_all, &j, -1).said);
    const double whole = (epo__seconds() - start) / FASTER;
    char *expected = rows(db, way->all);
    assert_true(strlen(expected) > 400);
    int kills = 0, in_run = 0, scores = 0, told_of_cut = 0;
    while (kills < wanted) {
        copy_file(made_toy.made.path, db);
        for (int times = 0; times < 4 && kills < wanted; times++) {
            killed k = run_and_kill(score_all, &j, 1.1 * whole * epo__rng_uniform(&rng));
            const int said = check_after(&j, &k);
            char *status = rows(db, "SELECT status FROM runs ORDER BY id DESC LIMIT 1");
            const bool cut = k.killed && strcmp(status, "running\n") == 0;
            kills += k.killed;
            in_run += cut;
            scores += said;
            told_of_cut += cut && said > 0;
            free(status);
            free(k.said);
        }
        killed whole_run = run_and_kill(score_all, &j, -1);
        check_after(&j, &whole_run);
        free(whole_run.said);
        char *found = rows(db, way->all);
        assert_string_equal(found, expected);
        free(found);
        snprintf(last, sizeof last, "%s|done\n", way->kind);
        check_rows(db, "SELECT kind, status FROM runs ORDER BY id DESC LIMIT 1", last);
    }
    free(expected);
    print_message(
        "%s: %d kills, %d of them in the middle of a run; %d scores were told of, by %d runs that were cut short\n",
        way->kind, kills, in_run, scores, told_of_cut);
    assert_true(in_run >= wanted / 10 && told_of_cut >= wanted / 20); /* else this has shown nothing */
}

int main(void)
{
    struct CMUnitTest tests[WAYS];
    for (int i = 0; i < WAYS; i++)
        tests[i] = (struct CMUnitTest){ways[i].kind, nothing_told_is_lost, NULL, NULL, (void *)(uintptr_t)&ways[i]};
    return cmocka_run_group_tests(tests, begin, end);
}
