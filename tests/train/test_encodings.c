/* SPDX-License-Identifier: BSD-3-Clause
 * test_encodings.c - features that are kept in the store: when they are taken, when they are not, and that no score depends on
 * it. */
#include "train/by_hand.h"
#include "train/toy.h"

#include "train/encoder_digest.h"

enum { SEQUENCES = 3 * TOY_OBJECTS };

static toy t;
static char weights[512], others[512];

static int begin(void **state)
{
    (void)state;
    toy_begin(&t);
    snprintf(weights, sizeof weights, "%s/m.safetensors", t.made.folder);
    snprintf(others, sizeof others, "%s/o.safetensors", t.made.folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    toy_end(&t);
    return 0;
}

static epo_status classify(const epo_model *model, const epo_score_options *options, results *r)
{
    epo_store *store = NULL;
    *r = (results){0};
    check_ok(epo_store_open(t.made.path, EPO_STORE_WRITE, &store));
    epo_status status = epo_classify_store(model, store, options, remember_result, r, &r->summary);
    epo_store_close(store);
    return status;
}

/* Classifies, and wants scores equal to the last bit and this many objects not encoded again. */
static void expect(const epo_model *model, epo_score_options options, epo_encodings_policy policy, const results *same, size_t reused)
{
    results r;
    options.encodings = policy;
    check_ok(classify(model, &options, &r));
    assert_int_equal(r.summary.reused, reused);
    assert_int_equal(r.count, same->count);
    for (size_t i = 0; i < r.count; i++) {
        assert_string_equal(r.all[i].object, same->all[i].object);
        assert_string_equal(r.all[i].error, same->all[i].error);
        for (size_t k = 0; k < r.all[i].class_count; k++) assert_true(r.all[i].probabilities[k] == same->all[i].probabilities[k]);
    }
    results_clear(&r);
}

static size_t kept(void)
{
    return (size_t)toy_ask(&t, "SELECT count(*) FROM encodings");
}

/* Scores as they are without anything kept. */
static results plain(const epo_model *model, const epo_score_options *options)
{
    results r;
    check_ok(classify(model, options, &r));
    assert_int_equal(r.summary.reused, 0);
    assert_int_equal(r.summary.scored, SEQUENCES);
    return r;
}

static void kept_once_and_taken_from_then_on(void **state)
{
    (void)state;
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3);
    results first = plain(model, &options);
    assert_int_equal(kept(), 0); /* not unless asked for */
    expect(model, options, EPO_ENCODINGS_KEEP, &first, 0);
    assert_int_equal(kept(), SEQUENCES);
    expect(model, options, EPO_ENCODINGS_KEEP, &first, SEQUENCES);
    expect(model, options, EPO_ENCODINGS_USE, &first, SEQUENCES);
    options.batch = 1;
    options.threads = 2;
    expect(model, options, EPO_ENCODINGS_USE, &first, SEQUENCES);
    expect(model, options, EPO_ENCODINGS_DROP, &first, 0);
    assert_int_equal(kept(), 0);
    expect(model, options, EPO_ENCODINGS_USE, &first, 0);
    results_clear(&first);
    epo_model_free(model);
}

/* Where features are found, the encoder does not run: wrong ones give other scores. */
static void they_are_taken_as_they_are(void **state)
{
    (void)state;
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3);
    results first = plain(model, &options), r;
    expect(model, options, EPO_ENCODINGS_KEEP, &first, 0);
    /* features of one object under the name of all: other scores, so the encoder did not run */
    outside(&t.made, "UPDATE encodings SET features = (SELECT features FROM encodings e WHERE length(e.features) = length(encodings.features) "
            "ORDER BY e.id LIMIT 1), crc32 = (SELECT crc32 FROM encodings e WHERE length(e.features) = length(encodings.features) "
            "ORDER BY e.id LIMIT 1)");
    check_ok(classify(model, &options, &r));
    assert_int_equal(r.summary.reused, SEQUENCES);
    size_t others_now = 0;
    for (size_t i = 0; i < r.count; i++) others_now += r.all[i].probabilities[0] != first.all[i].probabilities[0];
    assert_true(others_now > SEQUENCES / 2);
    results_clear(&r);
    results_clear(&first);
    epo_model_free(model);
}

/* A model of other classes, with the encoder of `model`: as fine-tuning with a frozen encoder leaves it. */
static epo_model *other_head(const epo_model *model, uint64_t seed)
{
    epo_model *other = NULL;
    check_ok(epo__model_create_like(model, "SN,OTHER", seed, &other));
    epo__net *from = epo__model_encoder(model), *to = epo__model_encoder(other);
    for (size_t i = 0; i < epo__net_length(from); i++) {
        const epo__layer *a = epo__net_layer(from, i), *b = epo__net_layer(to, i);
        for (size_t k = 0; k < a->param_count; k++)
            memcpy(b->params[k].value, a->params[k].value, a->params[k].count * sizeof *a->params[k].value);
    }
    check_ok(epo_model_save(other, others));
    epo_model_free(other);
    check_ok(epo_model_load(others, NULL, &other));
    return other;
}

static void another_head_takes_them_another_encoder_does_not(void **state)
{
    (void)state;
    const epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3), *head = other_head(model, 4);
    char a[EPO__SHA256_TEXT], b[EPO__SHA256_TEXT];
    check_ok(epo__encoder_digest(model, a));
    check_ok(epo__encoder_digest(head, b));
    assert_string_equal(a, b);
    results of_model = plain(model, &options), of_head = plain(head, &options);
    expect(model, options, EPO_ENCODINGS_KEEP, &of_model, 0);
    expect(head, options, EPO_ENCODINGS_USE, &of_head, SEQUENCES);
    epo_model *encoder = model_of(toy_text, others, 5);
    results of_encoder = plain(encoder, &options); /* which wants none reused */
    expect(encoder, options, EPO_ENCODINGS_KEEP, &of_encoder, 0);
    assert_int_equal(kept(), 2 * SEQUENCES); /* both side by side */
    expect(model, options, EPO_ENCODINGS_USE, &of_model, SEQUENCES);
    expect(encoder, options, EPO_ENCODINGS_USE, &of_encoder, SEQUENCES);
    results_clear(&of_model);
    results_clear(&of_head);
    results_clear(&of_encoder);
    epo_model_free(encoder);
    epo_model_free(head);
    epo_model_free(model);
}

static void what_went_in_decides(void **state)
{
    (void)state;
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3);
    results first = plain(model, &options);
    expect(model, options, EPO_ENCODINGS_KEEP, &first, 0);
    epo_model_set_precision(model, EPO_PRECISION_BF16);
    results narrow = plain(model, &options);
    results_clear(&narrow);
    epo_model_set_precision(model, EPO_PRECISION_F32);
    epo_model_options normalised = EPO_MODEL_OPTIONS_INIT;
    normalised.normalise = "zscore";
    epo_model *other = NULL;
    check_ok(epo_model_load(weights, &normalised, &other));
    results otherwise = plain(other, &options); /* the same encoder over other pixels */
    results_clear(&otherwise);
    epo_model_free(other);
    /* an object with a night less, and one whose features were damaged */
    outside(&t.made, "DELETE FROM pixels WHERE stamp IN (SELECT max(id) FROM stamps WHERE object = 1);"
            "DELETE FROM stamps WHERE id = (SELECT max(id) FROM stamps WHERE object = 1);"
            "DELETE FROM pixels WHERE stamp IN (SELECT max(id) FROM stamps WHERE object = 1);"
            "DELETE FROM stamps WHERE id = (SELECT max(id) FROM stamps WHERE object = 1);"
            "UPDATE encodings SET crc32 = crc32 + 1 WHERE object = 2");
    results r;
    check_ok(classify(model, &options, &r));
    assert_int_equal(r.summary.reused, SEQUENCES - 2);
    expect(model, options, EPO_ENCODINGS_KEEP, &r, SEQUENCES - 2);
    expect(model, options, EPO_ENCODINGS_USE, &r, SEQUENCES); /* the new ones took the place of the old */
    assert_int_equal(kept(), SEQUENCES);
    results_clear(&r);
    results_clear(&first);
    epo_model_free(model);
}

/* Pages that SQLite cannot read are nothing to objects whose stamps are sound. */
static void damaged_pages_are_no_features(void **state)
{
    (void)state;
    const epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3);
    results first = plain(model, &options);
    expect(model, options, EPO_ENCODINGS_KEEP, &first, 0);
    const size_t root = (size_t)toy_ask(&t, "SELECT rootpage FROM sqlite_schema WHERE name = 'encodings'");
    const size_t index = (size_t)toy_ask(&t, "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_encodings_1'");
    size_t size;
    unsigned char *bytes = read_file(t.made.path, &size);
    memset(bytes + (root - 1) * 4096, 0xff, 4096);
    write_file(t.made.path, bytes, size);
    expect(model, options, EPO_ENCODINGS_USE, &first, 0);
    memset(bytes + (index - 1) * 4096, 0xff, 4096);
    write_file(t.made.path, bytes, size);
    expect(model, options, EPO_ENCODINGS_USE, &first, 0);
    free(bytes);
    results_clear(&first);
    epo_model_free(model);
}

static void turns_are_kept_each_for_itself(void **state)
{
    (void)state;
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3);
    results once = plain(model, &options);
    expect(model, options, EPO_ENCODINGS_KEEP, &once, 0);
    options.turns = true;
    results turned = plain(model, &options); /* one of eight is not enough for an object */
    expect(model, options, EPO_ENCODINGS_KEEP, &turned, 0);
    assert_int_equal(kept(), 8 * SEQUENCES);
    expect(model, options, EPO_ENCODINGS_USE, &turned, SEQUENCES);
    options.turns = false;
    expect(model, options, EPO_ENCODINGS_USE, &once, SEQUENCES);
    results_clear(&once);
    results_clear(&turned);
    epo_model_free(model);
}

static void what_has_none_is_refused(void **state)
{
    (void)state;
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3);
    results r, first = plain(model, &options);
    expect(model, options, EPO_ENCODINGS_KEEP, &first, 0);
    options.triplet_head = true;
    results triplet = plain(model, &options); /* the head of one triplet takes none */
    options.encodings = EPO_ENCODINGS_KEEP;
    check_fails(classify(model, &options, &r), EPO_EARG, "for the sequence head");
    options = (epo_score_options)EPO_SCORE_OPTIONS_INIT;
    options.mc_passes = 2;
    options.encodings = EPO_ENCODINGS_DROP;
    check_fails(classify(model, &options, &r), EPO_EARG, "without dropout");
    options = (epo_score_options)EPO_SCORE_OPTIONS_INIT;
    options.encodings = EPO_ENCODINGS_DROP;
    options.split = "nothing:test";
    check_fails(classify(model, &options, &r), EPO_ENOTFOUND, "no split nothing");
    assert_int_equal(kept(), SEQUENCES); /* what cannot run throws nothing away */
    results_clear(&triplet);
    results_clear(&first);
    epo_model_free(model);
}

static void count_problem(void *context, const char *text)
{
    results *r = context;
    assert_non_null(strstr(text, "the encoding of object 'SN0'"));
    r->count++;
}

static void a_check_of_the_store_finds_damage(void **state)
{
    (void)state;
    const epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_model *model = model_of(toy_text, weights, 3);
    results first = plain(model, &options), found = {0};
    expect(model, options, EPO_ENCODINGS_KEEP, &first, 0);
    outside(&t.made, "UPDATE encodings SET features = zeroblob(length(features)) WHERE object = 1");
    epo_store *store = NULL;
    check_ok(epo_store_open(t.made.path, EPO_STORE_READ, &store));
    const epo_store_checking hooks = {.context = &found, .problem = count_problem};
    check_fails(epo_store_check(store, &hooks), EPO_EFORMAT, "1 problem found");
    assert_int_equal(found.count, 1);
    epo_store_close(store);
    results_clear(&first);
    epo_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_once_and_taken_from_then_on, begin, end),
        cmocka_unit_test_setup_teardown(they_are_taken_as_they_are, begin, end),
        cmocka_unit_test_setup_teardown(another_head_takes_them_another_encoder_does_not, begin, end),
        cmocka_unit_test_setup_teardown(what_went_in_decides, begin, end),
        cmocka_unit_test_setup_teardown(damaged_pages_are_no_features, begin, end),
        cmocka_unit_test_setup_teardown(turns_are_kept_each_for_itself, begin, end),
        cmocka_unit_test_setup_teardown(what_has_none_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_check_of_the_store_finds_damage, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
