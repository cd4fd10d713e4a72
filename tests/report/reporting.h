/* SPDX-License-Identifier: BSD-3-Clause
 * reporting.h - what the tests of whole pages share: a store whose every text is hostile, with scores that are known.
 */
#ifndef EPO_TESTS_REPORT_REPORTING_H
#define EPO_TESTS_REPORT_REPORTING_H

#include "data/loading.h"

#include "epochal/report.h"
#include "store/results.h"

#define EVIL "<script>alert('x')</script>\"&\x01\xff\xe2\x80\xae</style>"

enum { REPORT_CLASSES = 3, REPORT_OBJECTS = 10, REPORT_NIGHTS = 30, REPORT_CANDIDATES = 20 };

static const char *const report_classes[REPORT_CLASSES] = {"S<N>", "C&V", "\"NON'"};

typedef struct reporting {
    made made;
    int64_t first, second, stamps; /* runs */
    epo_scored *scored[3];         /* their scores */
    epo_report_set sets[3];
} reporting;

/* 0 .. 99, the same for the same place. */
static inline int report_noise(uint32_t a, uint32_t b)
{
    uint32_t x = a * 2654435761u ^ (b + 1) * 2246822519u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (int)(x % 100);
}

static inline int64_t report_run(reporting *r, const char *kind, int64_t model, int64_t split)
{
    int64_t run;
    const epo__run_row row = {.kind = kind,
                              .command = "epochal " EVIL,
                              .options = "{\"" EVIL "\":1}",
                              .versions = "{\"epochal\":\"0\"}",
                              .seed = UINT64_MAX,
                              .threads = 2,
                              .model = model,
                              .split = split};
    check_ok(epo__store_run_begin(r->made.store, &row, &run));
    check_ok(epo__store_run_end(r->made.store, run, "done", 1.5, 1 << 20, model));
    return run;
}

static inline int64_t report_model(reporting *r, char digit)
{
    char sha256[65];
    int64_t id;
    memset(sha256, digit, 64);
    sha256[64] = '\0';
    check_ok(epo__store_model_put(r->made.store,
                                  &(epo__model_row){.name = "net " EVIL,
                                                    .sha256 = sha256,
                                                    .network = "network x\n" EVIL "\n",
                                                    .classes = "[\"S<N>\",\"C&V\",\"\\\"NON'\"]",
                                                    .normalisation = EVIL},
                                  &id));
    return id;
}

static inline void report_curves(reporting *r, int64_t run)
{
    static const char *const names[] = {"encoder loss", "encoder validation loss", "encoder validation accuracy",
                                        "encoder rate", EVIL " loss"};
    for (int epoch = 1; epoch <= 5; epoch++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            check_ok(epo__store_curve_put(r->made.store, run, epoch, names[i],
                                          epoch == 3 && i == 3 ? (double)NAN : 1.0 / epoch));
}

/* Object number o of class k: run `second` is right where `first` is, and on some more. */
static inline void report_scores(reporting *r, int64_t object, int k, int o)
{
    const int64_t runs[] = {r->first, r->second};
    for (int i = 0; i < 2; i++) {
        const int called = o % (i ? 5 : 3) == 0 ? (k + 1) % REPORT_CLASSES : k;
        const double top = 0.5 + 0.04 * o + 0.002 * k;
        for (int c = 0; c < REPORT_CLASSES; c++)
            check_ok(epo__store_class_score_put(r->made.store, runs[i], object, report_classes[c],
                                                c == called ? top : (1 - top) / 2));
    }
}

static inline void report_point(reporting *r, int64_t object, int night, int flag)
{
    bool added;
    check_ok(epo__store_photometry_put(r->made.store,
                                       &(epo__photometry_row){.object = object,
                                                              .source = r->made.source,
                                                              .method = "psf " EVIL,
                                                              .mjd = 55000 + 3 * night,
                                                              .mag = 18 + 0.1 * night,
                                                              .mag_err = 0.2,
                                                              .filter = night % 2 ? "g" EVIL : "r",
                                                              .flag = flag},
                                       &added));
}

static inline void report_sequence(reporting *r, int k, int o, int nights)
{
    char name[128];
    snprintf(name, sizeof name, "%d-%d " EVIL, k, o);
    const int64_t object = made_object(&r->made, name, report_classes[k]);
    for (int n = 0; n < nights; n++) {
        int32_t pixels[PIXELS];
        for (int i = 0; i < PIXELS; i++) pixels[i] = 1000 + report_noise((uint32_t)r->made.count, (uint32_t)i);
        pixels[PIXELS / 2 + SIDE / 2] = 3000;
        made_visit(&r->made, object, n, 0, NAN, pixels);
        if (o % 2) report_point(r, object, n, n == 4 ? EPO__PHOTOMETRY_LIMIT : 0);
    }
    report_scores(r, object, k, o);
}

static inline void report_candidate(reporting *r, int number)
{
    static const epo__role roles[] = {EPO__ROLE_SCIENCE, EPO__ROLE_TEMPLATE, EPO__ROLE_DIFFERENCE};
    char name[128];
    int64_t first = 0;
    snprintf(name, sizeof name, "candidate %d " EVIL, number);
    const int64_t object = made_object(&r->made, name, number % 2 ? "real" : "bogus");
    for (int p = 0; p < 3; p++) {
        int64_t id;
        bool added;
        float pixels[PIXELS];
        for (int i = 0; i < PIXELS; i++)
            pixels[i] = i % 9 ? (float)report_noise((uint32_t)(number * 3 + p), (uint32_t)i) : (float)NAN;
        const epo__stamp_row row = {.object = object,
                                    .source = r->made.source,
                                    .exposure = EVIL,
                                    .role = roles[p],
                                    .plane = p,
                                    .mjd = 55000.5,
                                    .mjd_given = NAN,
                                    .type = EPO__PIXEL_F32,
                                    .width = SIDE,
                                    .height = SIDE,
                                    .mag = 17 + 0.3 * number,
                                    .mag_err = NAN,
                                    .fwhm = NAN,
                                    .rb = NAN,
                                    .drb = NAN};
        check_ok(epo__store_stamp_put(r->made.store, &row, pixels, &id, &added));
        if (p == 0) first = id;
    }
    const double wrong = number % 5 == 0 ? 0.9 - 0.01 * number : 0.1 + 0.01 * number;
    check_ok(epo__store_stamp_score_put(r->made.store, r->stamps, first, number % 2 ? 1 - wrong : wrong));
}

static inline void reporting_read(reporting *r)
{
    const int64_t runs[] = {r->first, r->second, r->stamps};
    for (int i = 0; i < 3; i++) {
        check_ok(epo_scored_read(r->made.store, &(epo_evaluate_source){.run = runs[i]}, 1, &r->scored[i]));
        r->sets[i] = (epo_report_set){.name = i ? "b " EVIL : "a " EVIL, .split = "all " EVIL, .scored = r->scored[i]};
    }
}

/* The store stays open. */
static inline void reporting_begin(reporting *r)
{
    int64_t split;
    *r = (reporting){0};
    made_begin(&r->made);
    check_ok(epo__store_split_add(r->made.store, "split " EVIL, 7, "{\"o\":\"" EVIL "\"}", &split));
    const int64_t a = report_model(r, 'a'), b = report_model(r, 'b');
    report_curves(r, report_run(r, "train", a, split));
    r->first = report_run(r, "classify", a, split);
    r->second = report_run(r, "classify", b, split);
    r->stamps = report_run(r, "score", b, 0);
    for (int k = 0; k < REPORT_CLASSES; k++)
        for (int o = 0; o < REPORT_OBJECTS; o++) report_sequence(r, k, o, o == 9 ? REPORT_NIGHTS : 5);
    for (int i = 0; i < REPORT_CANDIDATES; i++) report_candidate(r, i);
    check_ok(epo__store_commit(r->made.store));
    reporting_read(r);
}

static inline void reporting_end(reporting *r)
{
    for (int i = 0; i < 3; i++) epo_scored_free(r->scored[i]);
    made_end(&r->made);
}

#endif
