/* SPDX-License-Identifier: BSD-3-Clause
 * test_passes.c - dropout left on: what the passes say together, and what they depend on. */
#include "train/by_hand.h"

#include "data/loading.h"
#include "support/fitsmake.h"
#include "train/passes.h"
#include "train/uncertainty.h"

static char *folder;

static int make_temp(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int remove_temp(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* --- stamps
 * ---------------------------------------------------------------------------------------------------------------- */

enum { PLANE = 8, STAMPS = 9, MOST_PASSES = 4000, MOST_OBJECTS = 16 };

typedef struct remembered {
    char id[128];
    double score, probabilities[MOST_CLASSES], scores[MOST_PASSES];
    epo_uncertainty uncertainty;
    size_t class_count;
} remembered;

typedef struct many {
    remembered all[MOST_OBJECTS];
    size_t count;
} many;

static many *fresh(void)
{
    many *m = calloc(1, sizeof *m);
    assert_non_null(m);
    return m;
}

static epo_status remember(void *context, const epo_score *s)
{
    many *m = context;
    assert_true(m->count < MOST_OBJECTS);
    remembered *one = &m->all[m->count++];
    if (s->error) fail_msg("%s", s->error);
    snprintf(one->id, sizeof one->id, "%s", s->id);
    one->score = s->score;
    one->class_count = s->class_count;
    for (size_t k = 0; k < s->class_count; k++) one->probabilities[k] = s->probabilities[k];
    if (!s->uncertainty) return EPO_OK;
    one->uncertainty = *s->uncertainty;
    assert_true(s->uncertainty->passes <= MOST_PASSES);
    for (size_t i = 0; i < s->uncertainty->passes; i++) one->scores[i] = s->uncertainty->scores[i];
    return EPO_OK;
}

static void save_stamp(const char *path, int number)
{
    static const char *const extensions[] = {"SCI", "REF", "DIFF"};
    fm_file f = {0};
    float pixels[PLANE * PLANE];
    fm_primary(&f, NULL);
    for (int p = 0; p < 3; p++) {
        char name[64];
        for (int i = 0; i < PLANE * PLANE; i++)
            pixels[i] = (float)((number * 11 + i * 7 + p * 5 + i * i * (p + 1)) % 17) / 4 - 2;
        snprintf(name, sizeof name, "EXTNAME = '%s'", extensions[p]);
        fm_image(&f, -32, PLANE, PLANE, pixels, name);
    }
    fm_save(&f, path);
    fm_free(&f);
}

static const char *paths[STAMPS];

static void save_stamps(void)
{
    static char names[STAMPS][512];
    for (int i = 0; i < STAMPS; i++) {
        snprintf(names[i], sizeof names[i], "%s/%d.fits", folder, i);
        save_stamp(names[i], i);
        paths[i] = names[i];
    }
}

static epo_score_options options_of(int passes, uint64_t seed)
{
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    options.extname = "SCI,REF,DIFF";
    options.threads = 1;
    options.mc_passes = passes;
    options.seed = seed;
    return options;
}

static many *score(const epo_model *model, size_t first, size_t count, const epo_score_options *options)
{
    many *m = fresh();
    epo_score_summary summary;
    check_ok(epo_score_files(model, paths + first, count, options, remember, m, &summary));
    assert_int_equal(m->count, count);
    return m;
}

#define STAMP "stamp planes=science,template,difference classes="
#define SMALL(name, fusion, a, b)                                                            \
    "network " name "\ninput planes=3 size=8\n" fusion                                       \
    "normalise none\nencoder\n    conv 4 kernel=3 pad=same\n    relu\n    spatialdropout " a \
    "\n    maxpool 2\n    flatten\n    linear 8\n    dropout " b "\n    relu\n"

/* Dropout that drops nothing changes nothing. */
static void a_rate_of_nothing_is_the_plain_score(void **state)
{
    (void)state;
    static const char *const texts[] = {
        SMALL("a", "", "0", "0") STAMP "bogus,real\n    dropout 0\n    linear 1\n    sigmoid\n",
        SMALL("b", "fusion late\n", "0", "0") STAMP "a,b,c\n    linear classes\n    softmax\n",
        SMALL("c", "join horizontal\n", "0", "0") STAMP "bogus,real\n    linear 1\n    sigmoid\n",
        "network d\ninput planes=3 size=8\nnormalise none\nencoder\n    dropout 0\n    flatten\n" STAMP
        "bogus,real\n    linear 1\n    sigmoid\n",
        "network e\ninput planes=3 size=8\nnormalise none\nencoder\n    flatten\n" STAMP
        "bogus,real\n    dropout 0\n    linear 1\n    sigmoid\n",
    };
    save_stamps();
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        epo_model *model = model_of(texts[t], temp_path(folder, "m.safetensors"), 3 + t);
        epo_score_options plain = options_of(0, 1), passes = options_of(3, 1);
        many *a = score(model, 0, STAMPS, &plain), *b = score(model, 0, STAMPS, &passes);
        for (int i = 0; i < STAMPS; i++) {
            for (size_t k = 0; k < a->all[i].class_count; k++)
                check_near(b->all[i].probabilities[k], a->all[i].probabilities[k], 1e-6);
            check_near(b->all[i].uncertainty.sd, 0, 1e-9);
            check_near(b->all[i].uncertainty.bald, 0, 1e-9);
            if (!isnan(a->all[i].score)) check_near(b->all[i].score, a->all[i].score, 1e-6);
        }
        free(a);
        free(b);
        epo_model_free(model);
    }
}

static double h2(double p)
{
    return (p > 0 ? -p * log(p) : 0) / log(2) + (p < 1 ? -(1 - p) * log1p(-p) : 0) / log(2);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Two classes: from the passes' scores alone, in another order and by other formulas. */
static void check_together(const remembered *r)
{
    const epo_uncertainty *u = &r->uncertainty;
    double sorted[MOST_PASSES], sum = 0, squares = 0, entropies = 0;
    size_t over = 0;
    memcpy(sorted, r->scores, u->passes * sizeof *sorted);
    qsort(sorted, u->passes, sizeof *sorted, by_value);
    for (size_t i = 0; i < u->passes; i++) {
        sum += sorted[i];
        squares += sorted[i] * sorted[i];
        entropies += h2(sorted[i]);
        over += sorted[i] > 0.5;
    }
    double count = (double)u->passes, mean = sum / count;
    check_near(r->score, mean, 1e-12);
    check_near(u->mean, mean, 1e-12);
    check_near(u->sd, sqrt(fmax(squares / count - mean * mean, 0)), 1e-7);
    check_near(u->over_half, (double)over / count, 1e-12);
    check_near(u->confidence, 1 - entropies / count, 1e-9);
    check_near(u->bald, h2(mean) - entropies / count, 1e-9);
    assert_true(u->bald >= 0 && u->confidence <= 1);
}

/* z = sum of w x m / (1 - rate) + b with masks m: its mean is what is scored without dropout, its variance the sum of
 * (w x)^2 rate / (1 - rate). */
static void a_linear_network_has_the_spread_it_must_have(void **state)
{
    (void)state;
    epo_model *model =
        model_of("network l\ninput planes=3 size=8\nnormalise none\nencoder\n    flatten\n    dropout 0.3\n" STAMP
                 "bogus,real\n    linear 1\n    sigmoid\n",
                 temp_path(folder, "m.safetensors"), 4);
    const epo__layer *linear = epo__net_layer(epo__model_head(model, EPO_HEAD_STAMP), 0);
    save_stamps();
    epo_score_options plain = options_of(0, 1), passes = options_of(MOST_PASSES, 9);
    many *a = score(model, 0, STAMPS, &plain), *b = score(model, 0, STAMPS, &passes);
    for (int n = 0; n < STAMPS; n++) {
        double variance = 0, z = log(a->all[n].score / (1 - a->all[n].score)), sum = 0, squares = 0;
        for (int i = 0; i < 3 * PLANE * PLANE; i++) {
            int p = i / (PLANE * PLANE), k = i % (PLANE * PLANE);
            double x = ((n * 11 + k * 7 + p * 5 + k * k * (p + 1)) % 17) / 4.0 - 2,
                   wx = (double)linear->params[0].value[i] * x;
            variance += wx * wx * 0.3 / 0.7;
        }
        for (int i = 0; i < MOST_PASSES; i++) {
            double one = log(b->all[n].scores[i] / (1 - b->all[n].scores[i])) - z;
            sum += one;
            squares += one * one;
        }
        check_near(sum / MOST_PASSES, 0, 4 * sqrt(variance / MOST_PASSES));
        check_near(squares / MOST_PASSES / variance, 1, 4 * sqrt(2.0 / MOST_PASSES));
        check_together(&b->all[n]);
    }
    free(a);
    free(b);
    epo_model_free(model);
}

static void check_same(const many *a, size_t from_a, const many *b, size_t from_b, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++) {
        const remembered *x = &a->all[from_a + i], *y = &b->all[from_b + i];
        assert_int_equal(x->uncertainty.passes, y->uncertainty.passes);
        for (size_t k = 0; k < x->uncertainty.passes; k++) check_near(x->scores[k], y->scores[k], tolerance);
        check_near(x->uncertainty.bald, y->uncertainty.bald, tolerance);
    }
}

static void neither_threads_nor_batch_nor_neighbours_matter(void **state)
{
    (void)state;
    save_stamps();
    static const char *const texts[] = {SMALL("a", "", "0.3", "0.2") STAMP
                                        "bogus,real\n    dropout 0.1\n    linear 1\n    sigmoid\n",
                                        SMALL("b", "fusion late\n", "0.3", "0.2") STAMP
                                        "bogus,real\n    linear 1\n    sigmoid\n"};
    for (size_t t = 0; t < 2; t++) {
        epo_model *model = model_of(texts[t], temp_path(folder, "m.safetensors"), 12);
        epo_score_options options = options_of(25, 6), others = options_of(25, 7);
        many *one = score(model, 0, STAMPS, &options);
        for (int i = 0; i < STAMPS; i++) {
            check_together(&one->all[i]);
            assert_true(one->all[i].uncertainty.sd > 0);
        }
        options.threads = 4;
        many *four = score(model, 0, STAMPS, &options);
        check_same(one, 0, four, 0, STAMPS, 0);
        options.batch = 2; /* rows of larger matrices are rounded in another order */
        many *pairs = score(model, 0, STAMPS, &options), *alone = score(model, 5, 1, &options);
        check_same(one, 0, pairs, 0, STAMPS, 1e-6);
        check_same(one, 5, alone, 0, 1, 1e-6);
        many *seeded = score(model, 0, STAMPS, &others);
        for (int i = 0; i < STAMPS; i++) assert_true(seeded->all[i].score != one->all[i].score);
        free(one);
        free(four);
        free(pairs);
        free(alone);
        free(seeded);
        epo_model_free(model);
    }
}

static void a_network_without_dropout_is_refused(void **state)
{
    (void)state;
    epo_model *model = model_of("network n\ninput planes=3 size=8\nnormalise none\nencoder\n    flatten\n" STAMP
                                "bogus,real\n    linear 1\n    sigmoid\n",
                                temp_path(folder, "m.safetensors"), 4);
    epo_score_options options = options_of(5, 1);
    epo_score_summary summary;
    save_stamps();
    assert_int_equal(epo_score_files(model, paths, 1, &options, NULL, NULL, &summary), EPO_EARG);
    assert_non_null(strstr(epo_error_message(), "no dropout"));
    epo_model_free(model);
    model = model_of(SMALL("a", "", "0.3", "0.2") STAMP "bogus,real\n    linear 1\n    sigmoid\n",
                     temp_path(folder, "m.safetensors"), 4);
    for (int k = 0; k < 2; k++) {
        options.mc_passes = k ? -1 : EPO__MAX_PASSES + 1;
        assert_int_equal(epo_score_files(model, paths, 1, &options, NULL, NULL, &summary), EPO_EARG);
    }
    epo_model_free(model);
}

/* --- sequences
 * --------------------------------------------------------------------------------------------------------------- */

#define SEQUENCE(a, b, c)                                                                                            \
    "network s\ninput planes=3 size=8\nnormalise zscore scope=sequence\nencoder\n    conv 4 kernel=3 pad=same\n    " \
    "relu\n    dropout " a "\n    gap\n    dropout " b                                                               \
    "\nsequence nights=3 stride=1 dates=on classes=SN,CV,NON\n    gru 4 layers=1 output=sum\n    dropout " c         \
    "\n    linear classes\n    softmax\ntriplet classes=SN,CV,NON\n    dropout " c                                   \
    "\n    linear classes\n    softmax\n"

static many *classify(const epo_model *model, epo_store *store, int passes, int threads, bool triplet, bool turns)
{
    many *m = fresh();
    epo_score_summary summary;
    epo_score_options options = options_of(passes, 4);
    options.threads = threads;
    options.triplet_head = triplet;
    options.turns = turns;
    check_ok(epo_classify_store(model, store, &options, remember, m, &summary));
    return m;
}

static void sequences_have_passes_too(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    for (int i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "o%d", i);
        int64_t object = made_object(&m, name, "SN");
        for (int n = 0; n < 3 + 6 * i; n++) { /* the last has more triplets than go together */
            int32_t pixels[PIXELS];
            for (int k = 0; k < PIXELS; k++) pixels[k] = (i * 13 + n * 31 + k * 17 + k * k * (n + 1)) % 53;
            made_visit(&m, object, n, 0, NAN, pixels);
        }
    }
    int64_t object = made_object(&m, "long", "SN");
    for (int n = 0; n < 45; n++) {
        int32_t pixels[PIXELS];
        for (int k = 0; k < PIXELS; k++) pixels[k] = (n * 37 + k * 17 + k * k * (n + 1)) % 53;
        made_visit(&m, object, n, 0, NAN, pixels);
    }
    check_ok(epo__store_commit(m.store));
    for (int head = 0; head < 2; head++) {
        epo_model *model = model_of(SEQUENCE("0", "0", "0"), temp_path(folder, "m.safetensors"), 21);
        many *plain = classify(model, m.store, 0, 1, head, true), *none = classify(model, m.store, 3, 1, head, true);
        assert_int_equal(plain->count, 7);
        for (size_t i = 0; i < plain->count; i++) {
            for (size_t k = 0; k < 3; k++)
                check_near(none->all[i].probabilities[k], plain->all[i].probabilities[k], 1e-6);
            check_near(none->all[i].uncertainty.bald, 0, 1e-9);
        }
        epo_model_free(model);
        model = model_of(SEQUENCE("0.2", "0.2", "0.3"), temp_path(folder, "m.safetensors"), 21);
        many *one = classify(model, m.store, 20, 1, head, false), *four = classify(model, m.store, 20, 4, head, false);
        check_same(one, 0, four, 0, one->count, 0);
        for (size_t i = 0; i < one->count; i++) {
            const epo_uncertainty *u = &one->all[i].uncertainty;
            double sum = 0, mean = 0;
            for (size_t k = 0; k < 3; k++) {
                sum += one->all[i].probabilities[k];
                assert_true(one->all[i].probabilities[k] <= one->all[i].probabilities[u->class_index]);
            }
            for (size_t k = 0; k < u->passes; k++) mean += one->all[i].scores[k] / (double)u->passes;
            check_near(sum, 1, 1e-6);
            check_near(mean, one->all[i].probabilities[u->class_index], 1e-12);
            assert_true(u->sd > 0 && u->bald > 0 && u->bald < 1 && u->confidence >= 0 && u->confidence < 1);
        }
        epo_model_free(model);
        free(plain);
        free(none);
        free(one);
        free(four);
    }
    made_end(&m);
}

/* What a hundred passes agree on is 1, not 1 + 7e-16, which would be no probability. */
static void sure_passes_have_a_mean_of_one(void **state)
{
    (void)state;
    double rows[2 * 200], mean[2], scores[200];
    for (size_t passes = 1; passes <= 200; passes++) {
        epo_uncertainty u;
        for (size_t i = 0; i < passes; i++) rows[2 * i] = 1 - (rows[2 * i + 1] = 1);
        epo__uncertainty_of(rows, passes, 2, 1, mean, scores, &u);
        assert_true(u.mean == 1 && mean[0] == 0 && u.sd == 0 && u.confidence == 1 && u.bald == 0);
        for (size_t i = 0; i < 2 * passes; i++) rows[i] = 0.5;
        epo__uncertainty_of(rows, passes, 2, 1, mean, scores, &u);
        assert_true(u.mean == 0.5 && u.confidence == 0 && u.bald == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rate_of_nothing_is_the_plain_score, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(a_linear_network_has_the_spread_it_must_have, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(neither_threads_nor_batch_nor_neighbours_matter, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(a_network_without_dropout_is_refused, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(sequences_have_passes_too, make_temp, remove_temp),
        cmocka_unit_test(sure_passes_have_a_mean_of_one),
    };
    return cmocka_run_group_tests_name("train passes", tests, NULL, NULL);
}
