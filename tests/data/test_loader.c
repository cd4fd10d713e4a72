/* SPDX-License-Identifier: BSD-3-Clause
 * test_loader.c - batches: the same whatever way they are made, balanced, of similar lengths, within their memory. */
#include "data/loading.h"

#include <zlib.h>

enum { EPOCHS = 3, MOST_BATCHES = 400 };

/* Two classes, some nights with several visits, sequences of 3 to 14 nights. */
static void varied_store(made *m, int transients, int others)
{
    made_begin(m);
    for (int i = 0; i < transients + others; i++) {
        char name[32];
        snprintf(name, sizeof name, "v%d", i);
        int64_t id = made_object(m, name, i < transients ? "SN" : "NON");
        for (int n = 0; n < 3 + i * 5 % 12; n++)
            for (int v = 0; v < 1 + (i + n) % 3; v++) made_visit(m, id, n, v, NAN, NULL);
    }
    made_commit(m);
}

static uint32_t batch_sum(const epo__loader_batch *b)
{
    uLong sum = crc32(0, (const Bytef *)b->lengths, (uInt)(b->count * sizeof *b->lengths));
    sum = crc32(sum, (const Bytef *)b->labels, (uInt)(b->count * sizeof *b->labels));
    sum = crc32(sum, (const Bytef *)b->objects, (uInt)(b->count * sizeof *b->objects));
    sum = crc32(sum, (const Bytef *)b->stamps, (uInt)(b->count * sizeof *b->stamps));
    sum = crc32(sum, (const Bytef *)b->planes, (uInt)(b->triplets * 3 * PIXELS * sizeof *b->planes));
    return (uint32_t)crc32(sum, (const Bytef *)b->mjds, (uInt)(b->triplets * 3 * sizeof *b->mjds));
}

/* The sums of an epoch's batches from `first` on; their number. */
static size_t epoch_sums(epo__loader *loader, uint64_t epoch, size_t first, uint32_t *sums)
{
    size_t count = first;
    const epo__loader_batch *b;
    check_ok(epo__loader_start(loader, epoch, first));
    while ((b = next_of(loader))) {
        assert_int_equal(b->epoch, epoch);
        assert_int_equal(b->number, count);
        assert_true(count < MOST_BATCHES);
        sums[count++] = batch_sum(b);
    }
    assert_null(next_of(loader)); /* and stays at its end */
    return count;
}

static void compare_ways(epo__loader_options o)
{
    static uint32_t expected[EPOCHS][MOST_BATCHES], found[MOST_BATCHES];
    size_t batches[EPOCHS];
    epo__loader *loader = opened(&o);
    for (uint64_t e = 0; e < EPOCHS; e++) {
        batches[e] = epoch_sums(loader, e, 0, expected[e]);
        assert_int_equal(batches[e], epo__loader_count(loader)->batches);
        if (e > 0 && o.training) assert_memory_not_equal(expected[e], expected[0], batches[e] * sizeof **expected);
        if (!o.training) assert_memory_equal(expected[e], expected[0], batches[e] * sizeof **expected);
    }
    epo__loader_free(loader);

    const struct {
        int threads;
        size_t memory;
        size_t first;
        uint64_t epoch;
    } ways[] = {{3, 0, 0, 2}, {1, 0, 5, 1}, {2, 0, 1, 2}, {3, 1, 2, 0}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        o.threads = ways[i].threads;
        o.memory = ways[i].memory;
        epo_status status = epo__loader_open(&o, &loader);
        if (ways[i].memory) { /* ask for the least: what the message says it takes */
            double needed;
            assert_int_equal(status, EPO_ELIMIT);
            assert_int_equal(sscanf(strstr(epo_error_message(), "it takes "), "it takes %lf", &needed), 1);
            o.memory = (size_t)((needed + 0.1) * 1048576);
            status = epo__loader_open(&o, &loader);
        }
        check_ok(status);
        assert_int_equal(epoch_sums(loader, ways[i].epoch, ways[i].first, found), batches[ways[i].epoch]);
        const size_t left = batches[ways[i].epoch] - ways[i].first;
        assert_memory_equal(found + ways[i].first, expected[ways[i].epoch] + ways[i].first, left * sizeof *found);
        /* and again, now from memory */
        epoch_sums(loader, ways[i].epoch, ways[i].first, found);
        assert_memory_equal(found + ways[i].first, expected[ways[i].epoch] + ways[i].first, left * sizeof *found);
        epo__loader_free(loader);
    }
}

static void test_same_whatever_way(void **state)
{
    (void)state;
    made m;
    varied_store(&m, 25, 60);
    const char *const normalisers[] = {"asinh", "zscore scope=sequence", "l2row", "zscore scope=stamp"};
    for (int kind = EPO__EXAMPLE_TRIPLET; kind <= EPO__EXAMPLE_FIXED; kind++) {
        epo__loader_options o = made_options(&m);
        o.kind = (epo__example_kind)kind;
        o.nights = 7;
        o.stride = 1 + kind % 3;
        o.balance = o.turns = true;
        for (size_t i = 0; i < sizeof normalisers / sizeof *normalisers; i++) {
            check_ok(epo__normaliser_parse(normalisers[i], &o.rule.normaliser));
            compare_ways(o);
        }
    }
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_SEQUENCE;
    o.training = false;
    compare_ways(o);
    made_end(&m);
}

static void test_seed_counts(void **state)
{
    (void)state;
    static uint32_t a[MOST_BATCHES], b[MOST_BATCHES];
    made m;
    varied_store(&m, 20, 20);
    epo__loader_options o = made_options(&m);
    epo__loader *loader = opened(&o);
    size_t count = epoch_sums(loader, 0, 0, a);
    epo__loader_free(loader);
    o.seed++;
    loader = opened(&o);
    assert_int_equal(epoch_sums(loader, 0, 0, b), count);
    assert_memory_not_equal(a, b, count * sizeof *a);
    epo__loader_free(loader);
    made_end(&m);
}

/* --- balance
 * ---------------------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return memcmp(a, b, 4 * sizeof(size_t));
}

static void test_balance(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    for (int i = 0; i < 41; i++) made_sequence(&m, "NON", 3, 1);
    int64_t plain = made_sequence(&m, "SN", 3, 1);
    int64_t repeats = 0;
    for (int i = 0; i < 3; i++) repeats = made_sequence(&m, "SN", 3, 3); /* 27 choices each */
    made_commit(&m);
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_SEQUENCE;
    o.balance = o.turns = true;
    epo__loader *loader = opened(&o);
    const epo__loader_counts *counts = epo__loader_count(loader);
    assert_int_equal(counts->examples, 82);
    assert_int_equal(counts->of_label[0], 4);
    assert_int_equal(counts->of_label[1], 41);
    assert_int_equal(counts->balanced[0], 41);
    assert_int_equal(counts->balanced[1], 41);
    assert_int_equal(counts->batches, 21);

    bool turned_alike = true;
    bool once_more[2] = {false, false}; /* of the 41 = 10 x 4 + 1, whether `repeats` had the one, in some epoch */
    for (uint64_t epoch = 0; epoch < 40; epoch++) {
        size_t of_label[2] = {0}, plain_count = 0, shown = 0, all[164][4];
        float corner = 0; /* of the copies of `repeats`: which pixel stands in it */
        const epo__loader_batch *b;
        check_ok(epo__loader_start(loader, epoch, 0));
        while ((b = next_of(loader))) {
            for (size_t i = 0; i < b->count; i++) {
                of_label[b->labels[i]]++;
                plain_count += b->objects[i] == plain;
                if (b->objects[i] != repeats) continue;
                for (size_t p = 0; p < 3; p++) {
                    const made_stamp *stamp = &m.stamps[stamp_at(b, i, p)];
                    assert_int_equal(stamp->object, repeats);
                    assert_int_equal(stamp->night, p);
                    assert_true(stamp->mjd == b->mjds[i * 3 + p]);
                    all[shown][p] = stamp_at(b, i, p);
                }
                const float here = b->planes[i * 3 * PIXELS] - (float)(all[shown][0] * PIXELS);
                turned_alike = turned_alike && (shown == 0 || here == corner);
                corner = here;
                all[shown++][3] = 0;
            }
        }
        assert_int_equal(of_label[0], 41);
        assert_int_equal(of_label[1], 41);
        assert_in_range(plain_count, 10, 11);
        assert_in_range(shown, 10, 11);
        once_more[shown - 10] = true;
        qsort(all, shown, sizeof *all, by_text);
        for (size_t i = 1; i < shown; i++) assert_memory_not_equal(all[i], all[i - 1], sizeof *all);
    }
    assert_true(once_more[0] && once_more[1]);
    assert_false(turned_alike);
    epo__loader_free(loader);
    made_end(&m);
}

/* Every visit of a night is drawn, about as often as the others, and the first one only when not training. */
static void test_visits(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    int64_t id = made_sequence(&m, "SN", 40, 4); /* more combinations than are numbered */
    made_commit(&m);
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_SEQUENCE;
    o.stride = 1;
    for (int training = 1; training >= 0; training--) {
        o.training = training;
        epo__loader *loader = opened(&o);
        size_t seen[40][4] = {0};
        for (uint64_t epoch = 0; epoch < 400; epoch++) {
            check_ok(epo__loader_start(loader, epoch, 0));
            const epo__loader_batch *b = next_of(loader);
            assert_int_equal(b->lengths[0], 38);
            for (size_t t = 0; t < 38; t++) {
                for (size_t p = 0; p < 3; p++) {
                    const made_stamp *stamp = &m.stamps[stamp_at(b, t, p)];
                    assert_int_equal(stamp->object, id);
                    assert_int_equal(stamp->night, t + p);
                    if (t > 0 && p < 2)
                        assert_int_equal(stamp_at(b, t, p), stamp_at(b, t - 1, p + 1)); /* one visit a night */
                    if (t % 3 == 0) seen[stamp->night][stamp->visit]++;
                }
            }
        }
        for (int n = 0; n < 38; n++)
            for (int v = 0; v < 4; v++) {
                if (training)
                    assert_in_range(seen[n][v], 55, 155); /* 100 expected, SD 9 */
                else
                    assert_int_equal(seen[n][v], v == 0 ? 400 : 0);
            }
        epo__loader_free(loader);
    }
    made_end(&m);
}

/* --- order
 * --------------------------------------------------------------------------------------------------------------------
 */

static void test_bucketed_by_length(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    int64_t first = 0, last = 0;
    for (int i = 0; i < 300; i++) {
        last = made_sequence(&m, i % 2 ? "SN" : "NON", 3 + i * 7 % 20, 1);
        if (i == 0) first = last;
    }
    made_commit(&m);
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_SEQUENCE;
    o.stride = 1;
    o.batch = 8;
    epo__loader *loader = opened(&o);
    assert_int_equal(epo__loader_count(loader)->longest, 20);
    int64_t *seen = epo__alloc((size_t)last + 1, sizeof *seen);
    int spread = 0, batches = 0, rising = 0, before = 0;
    size_t triplets = 0;
    const epo__loader_batch *b;
    check_ok(epo__loader_start(loader, 5, 0));
    while ((b = next_of(loader))) {
        for (size_t i = 0; i < b->count; i++) {
            seen[b->objects[i]]++;
            assert_int_equal(b->lengths[i], 1 + (int)(b->objects[i] - first) * 7 % 20);
            if (i > 0) assert_true(b->lengths[i] <= b->lengths[i - 1]);
        }
        triplets += b->triplets;
        spread += b->lengths[0] - b->lengths[b->count - 1];
        rising += b->lengths[0] > before;
        before = b->lengths[0];
        batches++;
    }
    for (int64_t id = first; id <= last; id++) assert_int_equal(seen[id], 1);
    assert_int_equal(triplets, epo__loader_count(loader)->triplets);
    assert_int_equal(batches, 38);
    assert_true(spread < 2 * batches); /* drawn at random, eight of 1..20 are spread over 15 */
    assert_in_range(rising, 10, 28);   /* the batches themselves are in no order */
    free(seen);
    epo__loader_free(loader);
    made_end(&m);
}

static void test_evaluation_order(void **state)
{
    (void)state;
    made m;
    varied_store(&m, 10, 11);
    epo__loader_options o = made_options(&m);
    o.training = false;
    o.balance = true; /* has no meaning here */
    epo__loader *loader = opened(&o);
    const epo__loader_batch *b;
    int64_t before = 0;
    size_t count = 0;
    check_ok(epo__loader_start(loader, 0, 0));
    while ((b = next_of(loader)))
        for (size_t i = 0; i < b->count; i++, count++) {
            assert_true(b->objects[i] > before);
            before = b->objects[i];
        }
    assert_int_equal(count, 21);
    epo__loader_free(loader);
    made_end(&m);
}

/* --- what is left out
 * ---------------------------------------------------------------------------------------------------------- */

static void test_left_out(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    made_sequence(&m, "SN", 5, 1);
    made_sequence(&m, "CV", 5, 1);
    made_sequence(&m, "NON", 5, 1);
    made_sequence(&m, "OTHER", 5, 1);
    made_sequence(&m, NULL, 5, 1);
    made_sequence(&m, "NON", 2, 4);
    made_commit(&m);
    const epo__loader_class classes[] = {{"NON", 0, false}, {"SN", 1, true}, {"CV", 1, true}, {"AGN", 1, true}};
    epo__loader_options o = made_options(&m);
    o.classes = classes;
    o.class_count = 4;
    epo__loader *loader = opened(&o);
    const epo__loader_counts *c = epo__loader_count(loader);
    assert_int_equal(c->objects, 3);
    assert_int_equal(c->of_label[0], 1);
    assert_int_equal(c->of_label[1], 2);
    assert_int_equal(c->other_class, 2);
    assert_int_equal(c->too_few_nights, 1);
    epo__loader_free(loader);
    o.class_count = 1;
    o.rule.planes = 6;
    check_fails(epo__loader_open(&o, &loader), EPO_ENOTFOUND,
                "4 objects of no or another class, 2 with fewer than 6 nights");
    made_end(&m);
}

static void test_damaged(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    int64_t ids[6];
    for (int i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "obj%d", i);
        ids[i] = made_object(&m, name, i % 2 ? "SN" : "NON");
        for (int n = 0; n < 4; n++) made_visit(&m, ids[i], n, 0, NAN, NULL);
    }
    made_commit(&m);
    char sql[200];
    snprintf(
        sql, sizeof sql,
        "UPDATE pixels SET data = zeroblob(256) WHERE stamp = (SELECT min(id) + 2 FROM stamps WHERE object = %lld)",
        (long long)ids[2]);
    epo__store_rollback(m.store);
    outside(&m, sql);
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_SEQUENCE;
    o.batch = 1;
    epo__loader *loader = opened(&o);
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        const epo__loader_batch *b;
        size_t count = 0;
        check_ok(epo__loader_start(loader, epoch, 0));
        while ((b = next_of(loader))) {
            assert_int_equal(b->count, 1);
            assert_int_not_equal(b->objects[0], ids[2]);
            count++;
        }
        assert_int_equal(count, 5);
    }
    epo__loader_use use;
    epo__loader_used(loader, &use);
    assert_int_equal(use.damaged_objects, 1);
    assert_non_null(strstr(use.damaged_first, "object obj2: left out of training"));
    assert_non_null(strstr(use.damaged_first, "do not fit their CRC32"));
    epo__loader_free(loader);
    outside(&m, "UPDATE pixels SET data = zeroblob(256)");
    loader = opened(&o);
    check_ok(epo__loader_start(loader, 0, 0));
    const epo__loader_batch *b;
    check_fails(epo__loader_next(loader, &b), EPO_EFORMAT, "no example can be used; object obj");
    check_fails(epo__loader_next(loader, &b), EPO_EARG, "no epoch was started");
    epo__loader_free(loader);
    made_end(&m);
}

/* --- memory, stopping, options
 * ------------------------------------------------------------------------------------------------- */

static size_t resident(void)
{
    long pages = 0, skipped;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &skipped, &pages) != 2) pages = 0;
    fclose(file);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void test_memory_cap(void **state)
{
    (void)state;
    made m;
    made_begin(&m);
    enum { BIG = 128 };
    int16_t *pixels = epo__alloc(BIG * BIG, sizeof *pixels);
    for (int i = 0; i < 80; i++) { /* 80 x 16 stamps of 32 KiB: 40 MiB */
        char name[16], exposure[16];
        snprintf(name, sizeof name, "big%d", i);
        const int64_t object = made_object(&m, name, i % 2 ? "SN" : "NON");
        for (int n = 0; n < 16; n++) {
            int64_t id;
            bool added;
            for (int k = 0; k < BIG * BIG; k++) pixels[k] = (int16_t)(k * 7 % 1000 + i + n);
            snprintf(exposure, sizeof exposure, "e%02d", n);
            check_ok(epo__store_stamp_put(m.store,
                                          &(epo__stamp_row){.object = object,
                                                            .source = m.source,
                                                            .exposure = exposure,
                                                            .mjd = 55000 + n,
                                                            .mjd_given = NAN,
                                                            .type = EPO__PIXEL_I16,
                                                            .width = BIG,
                                                            .height = BIG,
                                                            .mag = NAN,
                                                            .mag_err = NAN,
                                                            .fwhm = NAN,
                                                            .rb = NAN,
                                                            .drb = NAN},
                                          pixels, &id, &added));
        }
    }
    made_commit(&m);
    free(pixels);
    epo__loader_options o = made_options(&m);
    o.kind = EPO__EXAMPLE_SEQUENCE;
    o.batch = 2;
    o.rule.height = o.rule.width = 32;
    check_ok(epo__normaliser_parse("asinh", &o.rule.normaliser));
    o.memory = 4 << 20;
    const size_t before = resident();
    epo__loader *loader = opened(&o);
    size_t most = 0, triplets = 0;
    epo__loader_use use;
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        const epo__loader_batch *b;
        check_ok(epo__loader_start(loader, epoch, 0));
        while ((b = next_of(loader))) {
            triplets += b->triplets;
            if (resident() > most) most = resident();
        }
    }
    epo__loader_used(loader, &use);
    assert_int_equal(triplets, 2 * 80 * 5);
    assert_in_range(use.memory_peak, 4 << 19, 4 << 20);
    assert_in_range(use.cached_stamps, 32, 128);
    assert_true(use.store_reads > 2 * 80 * 15 - use.cached_stamps - 1);
    bool alone = !getenv("EPOCHAL_UNDER"); /* memcheck's own memory would count (make valgrind) */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    alone = false; /* and what a sanitizer keeps of freed memory */
#endif
    assert_true(!alone || most < before + (4 << 20) + (2 << 20)); /* a thread's stack and heap */
    epo__loader_free(loader);
    o.memory = 800 << 10;
    check_fails(epo__loader_open(&o, &loader), EPO_ELIMIT, "0.8 MiB of memory for reading ahead, and it takes");
    made_end(&m);
}

static void test_stops_at_any_time(void **state)
{
    (void)state;
    made m;
    varied_store(&m, 20, 20);
    epo__loader_options o = made_options(&m);
    o.threads = 3;
    o.batch = 1;
    for (int i = 0; i < 60; i++) {
        epo__loader *loader = opened(&o);
        if (i % 4) check_ok(epo__loader_start(loader, (uint64_t)i, (size_t)i % 7));
        if (i % 4 > 1) assert_non_null(next_of(loader));
        if (i % 4 > 2) {
            check_ok(epo__loader_start(loader, 1, 3));
            assert_int_equal(next_of(loader)->number, 3);
        }
        epo__loader_free(loader);
    }
    epo__loader_free(NULL);
    made_end(&m);
}

static void test_options(void **state)
{
    (void)state;
    made m;
    varied_store(&m, 2, 2);
    epo__loader *loader = NULL;
    const epo__loader_batch *b;
    epo__loader_options o = made_options(&m);
    o.batch = 0;
    check_fails(epo__loader_open(&o, &loader), EPO_EARG, "batches of 0 examples");
    o = made_options(&m);
    o.label_count = 1;
    check_fails(epo__loader_open(&o, &loader), EPO_EARG, "class NON: label 1 is not one of 1");
    o = made_options(&m);
    o.stride = 4;
    check_fails(epo__loader_open(&o, &loader), EPO_EARG, "a stride of 4 with 3 nights");
    o = made_options(&m);
    o.kind = EPO__EXAMPLE_FIXED;
    o.nights = 2;
    check_fails(epo__loader_open(&o, &loader), EPO_EARG, "sequences of 2 nights");
    o = made_options(&m);
    o.rule.width = 9;
    o.turns = true;
    check_fails(epo__loader_open(&o, &loader), EPO_EARG, "9 x 8 pixels cannot be turned");
    o = made_options(&m);
    check_ok(epo__normaliser_parse("mad", &o.rule.normaliser));
    check_fails(epo__loader_open(&o, &loader), EPO_EARG, "needs a difference image");
    o = made_options(&m);
    o.split = "none:train";
    check_fails(epo__loader_open(&o, &loader), EPO_ENOTFOUND, "none");
    o = made_options(&m);
    o.store = "/nowhere/at/all.db";
    check_fails(epo__loader_open(&o, &loader), EPO_ENOTFOUND, "all.db");
    assert_null(loader);
    o = made_options(&m);
    loader = opened(&o);
    check_fails(epo__loader_next(loader, &b), EPO_EARG, "no epoch was started");
    check_fails(epo__loader_start(loader, 0, 2), EPO_EARG, "batch 2 of an epoch of 1");
    check_ok(epo__loader_start(loader, 0, 1));
    assert_null(next_of(loader));
    epo__loader_free(loader);
    made_end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_whatever_way),
        cmocka_unit_test(test_seed_counts),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_visits),
        cmocka_unit_test(test_bucketed_by_length),
        cmocka_unit_test(test_evaluation_order),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_memory_cap),
        cmocka_unit_test(test_stops_at_any_time),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
