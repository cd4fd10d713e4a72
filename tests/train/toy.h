/* SPDX-License-Identifier: BSD-3-Clause
 * toy.h - what the tests of training share: a store that is easy to learn from, a tiny network with every kind of layer, and
 * the options of a short training.
 *
 * SN: a source in the middle that comes and goes; NON: none; CV: one that is always there. real: the difference has a spot in
 * the middle; bogus: in a corner. Noise everywhere. */
#ifndef EPO_TESTS_TRAIN_TOY_H
#define EPO_TESTS_TRAIN_TOY_H

#include "data/loading.h"

#include "arch/model.h"
#include "epochal/split.h"
#include "epochal/train.h"

enum { TOY_OBJECTS = 20, TOY_NIGHTS = 9, TOY_VISITS = 2 }; /* objects of each class */

static const char toy_text[] = "network toy\n"
                               "input planes=3 size=8\n"
                               "fusion early\n"
                               "normalise asinh scope=sequence\n"
                               "pad centre value=0\n"
                               "encoder\n"
                               "    conv 8 kernel=3 pad=same bias=0\n"
                               "    dense layers=1 growth=4\n"
                               "    transition compression=0.5\n"
                               "    spatialdropout 0.05\n"
                               "    batchnorm\n"
                               "    relu\n"
                               "    flatten\n"
                               "    dropout 0.05\n"
                               "triplet classes=SN,CV,NON\n"
                               "    linear classes\n"
                               "    softmax\n"
                               "sequence nights=3 dates=on classes=SN,CV,NON\n"
                               "    gru 8 layers=1 output=sum\n"
                               "    linear classes\n"
                               "    softmax\n"
                               "stamp planes=science,template,difference classes=bogus,real\n"
                               "    linear 1\n"
                               "    sigmoid\n";

typedef struct toy {
    made made; /* its store is closed: epo_train gets a handle of its own, and children do not share one */
    char net[512], out[512], checkpoint[520];
    epo_train_options options;
} toy;

/* 0 .. 99, the same for the same place. */
static inline int toy_noise(uint32_t a, uint32_t b)
{
    uint32_t x = a * 2654435761u ^ (b + 1) * 2246822519u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (int)(x % 100);
}

static inline void toy_picture(uint32_t number, int y, int x, int brightness, int32_t *pixels)
{
    for (int i = 0; i < PIXELS; i++) {
        int dy = i / SIDE - y, dx = i % SIDE - x;
        pixels[i] = 1000 + toy_noise(number, (uint32_t)i) + (dy * dy + dx * dx <= 2 ? brightness : 0);
    }
}

static inline void toy_sequence(made *m, const char *class_name, int number)
{
    char name[32];
    snprintf(name, sizeof name, "%s%d", class_name, number);
    int64_t id = made_object(m, name, class_name);
    int nights = TOY_NIGHTS - number % 4, peak = 2 + number % 4;
    for (int n = 0; n < nights; n++)
        for (int v = 0; v < TOY_VISITS; v++) {
            int32_t pixels[PIXELS];
            int brightness = strcmp(class_name, "NON") == 0 ? 0 : strcmp(class_name, "CV") == 0 || abs(n - peak) < 2 ? 900 : 0;
            toy_picture((uint32_t)m->count, 4, 4, brightness, pixels);
            made_visit(m, id, n, v, NAN, pixels);
        }
}

static inline void toy_candidate(made *m, bool real, int number)
{
    char name[32];
    snprintf(name, sizeof name, "%s%d", real ? "real" : "bogus", number);
    int64_t object = made_object(m, name, real ? "real" : "bogus");
    static const epo__role roles[] = {EPO__ROLE_SCIENCE, EPO__ROLE_TEMPLATE, EPO__ROLE_DIFFERENCE};
    for (int p = 0; p < 3; p++) {
        int32_t pixels[PIXELS];
        int64_t id;
        bool added;
        toy_picture((uint32_t)(number * 6 + real * 3 + p) + 100000, real ? 4 : 1, real ? 4 : 6, p == 2 ? 900 : 0, pixels);
        const epo__stamp_row row = {.object = object, .source = m->source, .exposure = "e", .role = roles[p], .plane = p, .mjd = 55000.5,
                                    .mjd_given = NAN, .type = EPO__PIXEL_I32, .width = SIDE, .height = SIDE, .mag = NAN,
                                    .mag_err = NAN, .fwhm = NAN, .rb = NAN, .drb = NAN};
        check_ok(epo__store_stamp_put(m->store, &row, pixels, &id, &added));
    }
}

static inline void toy_split(toy *t, const char *name, double train, double validation, double test)
{
    epo_store *store = NULL;
    epo_split_options split = EPO_SPLIT_OPTIONS_INIT;
    epo_split_table table = {0};
    split.name = name;
    split.fractions[0] = train;
    split.fractions[1] = validation;
    split.fractions[2] = test;
    check_ok(epo_store_open(t->made.path, EPO_STORE_WRITE, &store));
    check_ok(epo_split(store, &split, &table));
    epo_split_table_free(&table);
    epo_store_close(store);
}

static inline void toy_begin(toy *t)
{
    *t = (toy){.options = EPO_TRAIN_OPTIONS_INIT};
    made_begin(&t->made);
    for (int i = 0; i < TOY_OBJECTS; i++) {
        toy_sequence(&t->made, "SN", i);
        toy_sequence(&t->made, "CV", i);
        toy_sequence(&t->made, "NON", i);
        toy_candidate(&t->made, true, i);
        toy_candidate(&t->made, false, i);
    }
    check_ok(epo__store_commit(t->made.store));
    epo_store_close(t->made.store);
    t->made.store = NULL;
    toy_split(t, "main", 0.6, 0.3, 0.1);
    snprintf(t->net, sizeof t->net, "%s/toy.net", t->made.folder);
    write_file(t->net, toy_text, sizeof toy_text - 1);
    snprintf(t->out, sizeof t->out, "%s/out.safetensors", t->made.folder);
    snprintf(t->checkpoint, sizeof t->checkpoint, "%s.checkpoint", t->out);
    t->options.net = t->net;
    t->options.out = t->out;
    t->options.split = "main";
    t->options.epochs = 2;
    t->options.batch = 8;
    t->options.rate = 0.01;
    t->options.nights = 6;
    t->options.threads = 1;
    t->options.memory = (size_t)64 << 20;
}

static inline void toy_end(toy *t)
{
    made_end(&t->made);
}

static inline epo_status toy_train(const toy *t, const epo_train_options *options, epo_train_fn progress, void *context,
                                   epo_train_summary *summary)
{
    epo_store *store = NULL;
    check_ok(epo_store_open(t->made.path, EPO_STORE_WRITE, &store));
    epo_status status = epo_train(store, options, progress, context, summary);
    epo_store_close(store);
    return status;
}

/* One number from the store. */
static inline double toy_ask(const toy *t, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open_v2(t->made.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    double value = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

#endif
