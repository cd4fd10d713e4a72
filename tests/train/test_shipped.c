/* SPDX-License-Identifier: BSD-3-Clause
 * test_shipped.c - the weights in models/: small, with a card that says what they are, and better than chance by far on a survey
 * that they have not seen. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/importing.h"
#include "epochal/card.h"
#include "epochal/evaluate.h"
#include "epochal/score.h"
#include "epochal/simulate.h"

enum { MOST_BYTES = 4 << 20 };

static char *folder, db[512];

static int make_survey(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    epo_store *store = NULL;
    epo_simulate_options options = EPO_SIMULATE_OPTIONS_INIT;
    epo_simulate_summary summary;
    options.seed = 97; /* the models' own survey has seed 1 */
    options.objects = 120;
    options.candidates = 120;
    options.classes = "BZ=1,AGN=1,CV=1,OTHER=1,SN=1,NON=1";
    options.nights = 24;
    options.visits = 1;
    options.side = 32;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo_simulate(store, &options, NULL, NULL, &summary));
    epo_store_close(store);
    return 0;
}

static int remove_survey(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static const epo_card_section *section_of(const epo_card *card, const char *name)
{
    for (size_t i = 0; i < card->count; i++)
        if (strcmp(card->sections[i].name, name) == 0) return &card->sections[i];
    fail_msg("the card has no %s", name);
    return NULL;
}

/* The value of a fact or note anywhere on the card; NULL when there is none of this name. */
static const epo_card_value *fact(const epo_card *card, const char *name)
{
    for (size_t i = 0; i < card->count; i++) {
        const epo_card_section *s = &card->sections[i];
        for (size_t r = 0; s->column_count == 2 && r < s->row_count; r++)
            if (strcmp(s->cells[2 * r].text, name) == 0) return &s->cells[2 * r + 1];
    }
    return NULL;
}

static void cards(void **state)
{
    (void)state;
    static const struct {
        const char *name, *path;
        int64_t simulated; /* objects among those it was last trained on */
        size_t from;       /* models that it started from, one after the other */
    } models[] = {{"sequence", "models/sequence.safetensors", 3000 + 6000, 1},
                  {"realbogus", "models/realbogus.safetensors", 3000 + 6000, 0},
                  {"hits", "models/hits.safetensors", 0, 5}};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct stat file;
        epo_card card;
        assert_int_equal(stat(models[i].path, &file), 0);
        assert_true(file.st_size < MOST_BYTES);
        check_ok(epo_card_read(models[i].name, NULL, &card));
        assert_true(card.has_training);
        assert_true(section_of(&card, "metrics")->row_count > 0);
        const epo_card_value *simulated = fact(&card, "simulated");
        assert_non_null(simulated);
        assert_true(simulated->kind == EPO_CARD_BOOL && simulated->whole == 1);
        const epo_card_value *objects = fact(&card, "simulated_objects");
        assert_non_null(objects);
        assert_int_equal(objects->whole, models[i].simulated);
        if (models[i].from > 0) assert_int_equal(section_of(&card, "from")->row_count, models[i].from);
        static const char *const said[] = {"command", "limits", "licence", "data_sha256", "weights_sha256"};
        for (size_t k = 0; k < sizeof said / sizeof *said; k++)
            if (!fact(&card, said[k])) fail_msg("%s: the card does not say its %s", models[i].name, said[k]);
        epo_card_free(&card);
    }
}

/* Scores the survey by a model, and judges it. */
static void judge(const char *name, const char *path, epo_status (*score)(const epo_model *, epo_store *, const epo_score_options *, epo_score_fn, void *, epo_score_summary *),
                  epo_evaluation *out)
{
    epo_model *model = NULL;
    epo_store *store = NULL;
    epo_model_info info;
    epo_score_summary summary;
    check_ok(epo_model_load(name, NULL, &model));
    check_ok(epo_store_open(path, EPO_STORE_WRITE, &store));
    check_ok(score(model, store, NULL, NULL, NULL, &summary));
    epo_model_get_info(model, &info);
    const epo_evaluate_source source = {.sha256 = info.sha256};
    check_ok(epo_evaluate(store, &source, 1, NULL, out));
    epo_store_close(store);
    epo_model_free(model);
}

/* Of all classes. */
static double measured(const epo_evaluation *e, epo_measure measure)
{
    const epo_measurement *row = epo_evaluation_find(e, measure, -1);
    if (!row) fail_msg("no row %s", epo_measure_name(measure));
    return row->is.value;
}

/* Six classes in equal numbers: chance is right once in six, and has an AUC of 0.5. */
static void sequences(void **state)
{
    (void)state;
    epo_evaluation e;
    judge("sequence", db, epo_classify_store, &e);
    print_message("sequence: accuracy %.3f, AUC %.3f, max F1 %.3f on %lld objects\n", measured(&e, EPO_MEASURE_ACCURACY), measured(&e, EPO_MEASURE_MEAN_AUC),
                  measured(&e, EPO_MEASURE_MEAN_MAX_F1), (long long)e.count);
    assert_int_equal(e.class_count, 6);
    assert_true(measured(&e, EPO_MEASURE_ACCURACY) > 0.35);
    assert_true(measured(&e, EPO_MEASURE_MEAN_AUC) > 0.7);
    epo_evaluation_free(&e);
}

static void stamps(void **state)
{
    (void)state;
    epo_evaluation e;
    judge("realbogus", db, epo_score_store, &e);
    print_message("realbogus: accuracy %.3f, AUC %.3f on %lld stamps\n", measured(&e, EPO_MEASURE_ACCURACY), measured(&e, EPO_MEASURE_AUC), (long long)e.count);
    assert_true(e.stamps);
    assert_int_equal(e.count, 120);
    assert_true(measured(&e, EPO_MEASURE_AUC) > 0.9);
    epo_evaluation_free(&e);
}

/* The real sequences that it was trained on: not a test of how good it is, but that it is this model that is shipped. */
static void hits(void **state)
{
    (void)state;
    char npz[600], path[600];
    epo_evaluation e;
    told t;
    if (!data_folder()) skip();
    snprintf(npz, sizeof npz, "%s/hits/hits_dev.npz", data_folder());
    snprintf(path, sizeof path, "%s/hits.db", folder);
    epo_import_options options = options_for("cube");
    options.array = "x";
    options.label_column = "label";
    options.names = "name";
    options.frames = "nframes";
    options.bad_below = -9000;
    options.bad_above = 1e6;
    import(path, npz, &options, &t);
    judge("hits", path, epo_classify_store, &e);
    print_message("hits: accuracy %.3f on %lld objects\n", measured(&e, EPO_MEASURE_ACCURACY), (long long)e.count);
    assert_int_equal(e.count, 543);
    assert_true(measured(&e, EPO_MEASURE_ACCURACY) > 0.95);
    epo_evaluation_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards),
        cmocka_unit_test(sequences),
        cmocka_unit_test(stamps),
        cmocka_unit_test(hits),
    };
    return cmocka_run_group_tests(tests, make_survey, remove_survey);
}
