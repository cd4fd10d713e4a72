/* SPDX-License-Identifier: BSD-3-Clause
 * test_score.c - stamps from files to scores, against the same network run on planes that the test chose, cut, normalised and
 * padded itself. */
#include "train/by_hand.h"

#include <unistd.h>

#include "data/importing.h"
#include "support/fitsmake.h"
#include "support/npymake.h"
#include "support/weights.h"

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

/* --- making stamps ------------------------------------------------------------------------------------------------- */

enum { MOST_SIDE = 16, MOST_PLANES = 3 };

static float pixel(int stamp, int plane, int y, int x)
{
    return (float)(1 + (stamp * 131 + plane * 37 + y * 17 + x * 29 + y * x * x) % 97) - 30.5F;
}

static void fill_plane(int stamp, int plane, int height, int width, float *out)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) out[y * width + x] = pixel(stamp, plane, y, x);
}

static const char *const extensions[] = {"SCI", "REF", "DIFF"};

/* One file: planes in the order of `order` ("210": difference first), each with its EXTNAME. */
static void save_fits(const char *path, int stamp, const char *order, int height, int width, const char *cards)
{
    fm_file f = {0};
    float pixels[MOST_SIDE * MOST_SIDE];
    fm_primary(&f, cards);
    for (; *order; order++) {
        char name[64];
        int plane = *order - '0';
        fill_plane(stamp, plane, height, width, pixels);
        snprintf(name, sizeof name, "EXTNAME = '%s'", extensions[plane]);
        fm_image(&f, -32, (size_t)width, (size_t)height, pixels, name);
    }
    fm_save(&f, path);
    fm_free(&f);
}

/* --- the chain by hand ----------------------------------------------------------------------------------------------- */

static void normalise_by_hand(const char *how, float *pixels, int height, int width)
{
    int count = height * width;
    if (strcmp(how, "none") == 0) return;
    if (strcmp(how, "zscore") == 0) {
        double sum = 0, squares = 0;
        for (int i = 0; i < count; i++) sum += (double)pixels[i];
        for (int i = 0; i < count; i++) squares += ((double)pixels[i] - sum / count) * ((double)pixels[i] - sum / count);
        for (int i = 0; i < count; i++) pixels[i] = (float)(((double)pixels[i] - sum / count) / sqrt(squares / count));
        return;
    }
    int run = strcmp(how, "l2row") == 0 ? width : count; /* l2row, l2 */
    for (int start = 0; start < count; start += run) {
        double squares = 0;
        for (int i = 0; i < run; i++) squares += (double)pixels[start + i] * (double)pixels[start + i];
        for (int i = 0; i < run; i++) pixels[start + i] = (float)((double)pixels[start + i] / sqrt(squares));
    }
}

/* Cuts the middle out of a plane (pixel n/2 is the middle of n), normalises what is left, and pads. */
static void plane_by_hand(const epo__network *n, const char *how, int stamp, int plane, int height, int width, float *out)
{
    float cut[MOST_SIDE * MOST_SIDE];
    int h = height < n->height ? height : n->height, w = width < n->width ? width : n->width;
    int top = height / 2 - h / 2, left = width / 2 - w / 2;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) cut[y * w + x] = pixel(stamp, plane, y + top, x + left);
    normalise_by_hand(how, cut, h, w);
    int down = n->pad_corner ? 0 : n->height / 2 - h / 2, right = n->pad_corner ? 0 : n->width / 2 - w / 2;
    for (int i = 0; i < n->height * n->width; i++) out[i] = n->pad_value;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) out[(y + down) * n->width + x + right] = cut[y * w + x];
}

/* What the head gives, as it gives it. */
static void head_by_hand(const epo_model *model, const float *features, float *raw)
{
    epo__plan *plan = NULL;
    check_ok(epo__plan_create(epo__model_head(model, EPO_HEAD_STAMP), 1, &plan));
    check_ok(epo__plan_run(plan, 1, features, raw));
    epo__plan_destroy(plan);
}

static void raw_by_hand(const epo_model *model, const char *how, int stamp, int height, int width, float *raw)
{
    const epo__network *n = epo__model_network(model);
    float planes[MOST_PLANES * MOST_SIDE * MOST_SIDE], features[4096];
    for (int p = 0; p < n->planes; p++) {
        int plane = strcmp(n->roles[p], "science") == 0 ? 0 : strcmp(n->roles[p], "template") == 0 ? 1 : 2;
        plane_by_hand(n, how, stamp, plane, height, width, planes + p * n->height * n->width);
    }
    encode_by_hand(model, planes, features);
    head_by_hand(model, features, raw);
}

#define ENCODER "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    maxpool 2\n    flatten\n"
#define THREE "stamp planes=science,template,difference classes="
#define SIGMOID "\n    linear 6\n    relu\n    linear 1\n    sigmoid\n"
#define SOFTMAX "\n    linear classes\n    softmax\n"

typedef struct network_case {
    const char *text, *normalise;
    int real;      /* place of "real" among the classes, -1 none */
    bool sigmoid;
} network_case;

static const network_case networks[] = {
    {"network a\ninput planes=3 size=9\nnormalise l2row\npad corner value=1e-9\n" ENCODER THREE "bogus,real" SIGMOID, "l2row", 1, true},
    {"network b\ninput planes=3 size=8\nnormalise zscore\npad centre value=0.25\n" ENCODER THREE "real,bogus" SIGMOID, "zscore", 0, true},
    {"network c\ninput planes=3 height=8 width=10\nfusion late\nnormalise l2\n" ENCODER THREE "bogus,Real,asteroid" SOFTMAX, "l2", 1, false},
    {"network d\ninput planes=3 height=8 width=6\njoin horizontal\nnormalise l2\npad corner value=-1\n" ENCODER
     "stamp planes=difference,science,template classes=real,bogus" SOFTMAX, "l2", 0, false},
    {"network e\ninput planes=2 size=8\nnormalise none\n" ENCODER "stamp planes=template,science classes=star,galaxy" SOFTMAX, "none", -1, false},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* The score and probabilities of made-up stamp number `stamp`. */
static void check_score(const epo_model *model, const network_case *c, int stamp, int height, int width, const one_result *found)
{
    float raw[MOST_CLASSES];
    double expected[MOST_CLASSES];
    raw_by_hand(model, c->normalise, stamp, height, width, raw);
    assert_string_equal(found->error, "");
    if (c->sigmoid) {
        assert_int_equal(found->class_count, 2);
        expected[1] = (double)raw[0];
        expected[0] = 1 - expected[1];
    } else {
        for (size_t k = 0; k < found->class_count; k++) expected[k] = (double)raw[k];
    }
    double sum = 0;
    for (size_t k = 0; k < found->class_count; k++) {
        check_near(found->probabilities[k], expected[k], 1e-6);
        sum += found->probabilities[k];
    }
    check_near(sum, 1, 1e-6);
    if (c->real < 0)
        assert_true(isnan(found->score));
    else
        check_near(found->score, expected[c->real], 1e-6);
}

static void stamps_of_any_size_and_order(void **state)
{
    (void)state;
    static const struct {
        const char *order, *names;
        int height, width;
    } stamps[] = {
        {"012", "SCI,REF,DIFF", 9, 9},  {"210", "SCI,REF,DIFF", 8, 8}, {"102", "DIFF,REF,SCI", 13, 14},
        {"120", "REF,SCI,DIFF", 5, 4},  {"201", "DIFF,SCI,REF", 6, 16}, {"012", "SCI,REF,DIFF", 1, 2},
    };
    enum { STAMPS = sizeof stamps / sizeof *stamps };
    for (int i = 0; i < NETWORKS; i++) {
        epo_model *model = model_of(networks[i].text, temp_path(folder, "m.safetensors"), 40 + (uint64_t)i);
        for (int k = 0; k < STAMPS; k++) {
            const char *path = temp_path(folder, "stamp.fits");
            save_fits(path, k, stamps[k].order, stamps[k].height, stamps[k].width, "CANDID  = 77\nMJD-OBS = 55000.5");
            epo_score_options options = EPO_SCORE_OPTIONS_INIT;
            options.extname = stamps[k].names;
            results r = {0};
            check_ok(epo_score_files(model, &path, 1, &options, remember_result, &r, &r.summary));
            assert_int_equal(r.count, 1);
            assert_string_equal(r.all[0].error, "");
            assert_string_equal(r.all[0].id, "77");
            check_near(r.all[0].mjd, 55000.5, 0);
            check_score(model, &networks[i], k, stamps[k].height, stamps[k].width, &r.all[0]);
            results_clear(&r);
        }
        epo_model_free(model);
    }
}

static void lone_stamps_go_into_a_model_of_one_plane(void **state)
{
    (void)state;
    static const network_case one = {"network one\ninput planes=1 size=8\nnormalise l2\n" ENCODER "stamp planes=difference classes=bogus,real" SIGMOID,
                                     "l2", 1, true};
    epo_model *model = model_of(one.text, temp_path(folder, "m.safetensors"), 3);
    float pixels[64];
    fm_file f = {0};
    fill_plane(9, 2, 8, 8, pixels); /* the model wants a difference plane: number 2 */
    fm_image(&f, -32, 8, 8, pixels, NULL);
    const char *path = temp_path(folder, "lone.fits");
    fm_save(&f, path);
    fm_free(&f);
    results r = {0};
    check_ok(epo_score_files(model, &path, 1, NULL, remember_result, &r, &r.summary));
    check_score(model, &one, 9, 8, 8, &r.all[0]);
    assert_true(isnan(r.all[0].mjd));
    results_clear(&r);
    epo_model_free(model);
}

/* --- what cannot be scored ------------------------------------------------------------------------------------------- */

/* Good and bad files, alternating: each answers in its place. */
static void bad_stamps_are_named_in_their_place(void **state)
{
    (void)state;
    enum { FILES = 11 };
    static const char *const names[FILES] = {"0.fits", "1.fits", "2.fits", "3.fits", "4.fits", "5.fits", "6.txt", "7.fits", "8.fits", "9.fits", "10.fits"};
    static const char *const reasons[FILES] = {NULL, "no extension is named DIFF", NULL, "planes of different sizes: 9 x 9 and 8 x 9", NULL, "no finite pixel",
                                               "neither an Avro alert", NULL, "No such file", "empty", NULL};
    char paths[FILES][512];
    const char *list[FILES];
    for (int i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
        list[i] = paths[i];
        if (i != 8) save_fits(paths[i], i, "012", 9, 9, NULL);
    }
    save_fits(paths[1], 1, "01", 9, 9, NULL);
    fm_file f = {0};
    float pixels[81];
    fill_plane(3, 0, 9, 9, pixels);
    fm_primary(&f, NULL);
    fm_image(&f, -32, 9, 9, pixels, "EXTNAME = 'SCI'");
    fm_image(&f, -32, 8, 9, pixels, "EXTNAME = 'REF'");
    fm_image(&f, -32, 9, 9, pixels, "EXTNAME = 'DIFF'");
    fm_save(&f, paths[3]);
    fm_free(&f);
    fm_primary(&f, NULL);
    fm_image(&f, -32, 9, 9, pixels, "EXTNAME = 'SCI'");
    for (int i = 0; i < 81; i++) pixels[i] = i % 2 ? NAN : INFINITY;
    fm_image(&f, -32, 9, 9, pixels, "EXTNAME = 'REF'");
    fm_image(&f, -32, 9, 9, pixels, "EXTNAME = 'DIFF'");
    fm_save(&f, paths[5]);
    fm_free(&f);
    write_file(paths[6], "a note\n", 7);
    write_file(paths[9], "", 0);
    epo_model *model = model_of(networks[0].text, temp_path(folder, "m.safetensors"), 5);
    for (int batch = 1; batch < 8; batch += 3) {
        epo_score_options options = EPO_SCORE_OPTIONS_INIT;
        options.extname = "SCI,REF,DIFF";
        options.batch = batch;
        options.threads = 2;
        results r = {0};
        check_ok(epo_score_files(model, list, FILES, &options, remember_result, &r, &r.summary));
        assert_int_equal(r.count, FILES);
        assert_int_equal(r.summary.refused, 6);
        assert_int_equal(r.summary.scored, FILES - 6);
        for (int i = 0; i < FILES; i++) {
            assert_string_equal(r.all[i].id, paths[i]);
            if (reasons[i]) {
                check_mentions(r.all[i].error, reasons[i]);
                assert_true(isnan(r.all[i].score));
            } else {
                check_score(model, &networks[0], i, 9, 9, &r.all[i]);
            }
        }
        results_clear(&r);
    }
    epo_model_free(model);
}

static void planes_that_are_missing_are_named(void **state)
{
    (void)state;
    epo_model *model = model_of(networks[0].text, temp_path(folder, "m.safetensors"), 5);
    const char *path = temp_path(folder, "two.fits");
    save_fits(path, 1, "01", 9, 9, NULL);
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    options.extname = "SCI,REF";
    results r = {0};
    check_ok(epo_score_files(model, &path, 1, &options, remember_result, &r, &r.summary));
    check_mentions(r.all[0].error, "no difference plane, which a needs; there is science, template");
    results_clear(&r);
    epo_model_free(model);
}

/* Only what the network looks at counts: pixels that are cut away are not looked at. */
static void a_hole_where_the_network_looks(void **state)
{
    (void)state;
    epo_model *model = model_of("network small\ninput planes=1 size=4\nnormalise l2\n" ENCODER "stamp planes=science classes=bogus,real" SIGMOID,
                                temp_path(folder, "m.safetensors"), 5);
    float pixels[64];
    for (int i = 0; i < 64; i++) {
        bool middle = i / 8 >= 2 && i / 8 < 6 && i % 8 >= 2 && i % 8 < 6;
        pixels[i] = middle ? NAN : (float)i;
    }
    const char *path = temp_path(folder, "hole.npy");
    npy_save(path, "'<f4'", "False", "(1, 8, 8)", pixels, sizeof pixels);
    results r = {0};
    check_ok(epo_score_files(model, &path, 1, NULL, remember_result, &r, &r.summary));
    check_mentions(r.all[0].error, "the science plane has no finite pixel where the network looks");
    results_clear(&r);
    epo_model_free(model);
}

static void scores_that_are_no_number_are_refused(void **state)
{
    (void)state;
    epo_model *model = model_of("network loud\ninput planes=1 size=8\nencoder\n    conv 16 kernel=3 pad=same\n    flatten\n"
                                "stamp planes=science classes=bogus,real\n    linear 1\n    sigmoid\n",
                                temp_path(folder, "m.safetensors"), 5);
    float pixels[128];
    for (int i = 0; i < 64; i++) pixels[i] = 3e38F;
    for (int i = 64; i < 128; i++) pixels[i] = (float)i;
    const char *path = temp_path(folder, "loud.npy");
    npy_save(path, "'<f4'", "False", "(2, 8, 8)", pixels, sizeof pixels);
    results r = {0};
    check_ok(epo_score_files(model, &path, 1, NULL, remember_result, &r, &r.summary));
    assert_int_equal(r.count, 2);
    check_mentions(r.all[0].error, "the network gives no number");
    assert_string_equal(r.all[1].error, "");
    assert_true(isfinite(r.all[1].score));
    results_clear(&r);
    epo_model_free(model);
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    epo_model *model = model_of(networks[0].text, temp_path(folder, "m.safetensors"), 5), *none = NULL;
    const char *path = temp_path(folder, "x.fits");
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    epo_score_summary summary;
    options.batch = 4097;
    check_fails(epo_score_files(model, &path, 1, &options, NULL, NULL, &summary), EPO_EARG, "a batch of 4097");
    options.batch = 0;
    options.format = "tao";
    check_fails(epo_score_files(model, &path, 1, &options, NULL, NULL, &summary), EPO_EARG, "no single stamps");
    none = model_of("network seq\ninput planes=3 size=8\n" ENCODER "sequence nights=3 dates=off classes=A,B\n    gru 4\n    linear classes\n    softmax\n",
                    temp_path(folder, "seq.safetensors"), 5);
    check_fails(epo_score_files(none, &path, 1, NULL, NULL, NULL, &summary), EPO_EMODEL, "no stamp head");
    epo_model_free(none);
    check_ok(epo_score_files(model, NULL, 0, NULL, NULL, NULL, &summary)); /* nothing to do, no one to tell */
    assert_int_equal(summary.scored + summary.refused, 0);
    epo_model_free(model);
}

static void the_receiver_can_stop(void **state)
{
    (void)state;
    epo_model *model = model_of(networks[0].text, temp_path(folder, "m.safetensors"), 5);
    char path[512];
    snprintf(path, sizeof path, "%s", temp_path(folder, "many.npy"));
    static float pixels[50 * 9 * 9 * 3];
    for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++) pixels[i] = (float)(i % 89);
    npy_save(path, "'<f4'", "False", "(50, 9, 9, 3)", pixels, sizeof pixels);
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    options.threads = 3;
    options.batch = 4;
    epo_scorer *scorer = NULL;
    check_ok(epo_scorer_create(model, &options, &scorer));
    results r = {.stop_at = 17};
    const char *list[] = {path};
    check_fails(epo_scorer_files(scorer, list, 1, remember_result, &r, &r.summary), EPO_ECANCELLED, "stopped by the receiver of the results: stopped on request");
    assert_int_equal(r.count, 17);
    results_clear(&r);
    check_ok(epo_scorer_files(scorer, list, 1, remember_result, &r, &r.summary)); /* and can be used again, from the start */
    assert_int_equal(r.count, 50);
    assert_string_equal(r.all[0].id, "many.npy:0");
    results_clear(&r);
    epo_scorer_free(scorer);
    epo_model_free(model);
}

/* --- stamps of a store ------------------------------------------------------------------------------------------------ */

/* Planes of an exposure without a date belong together as those with one do; the scores are those of the files. */
static void a_store_gives_the_scores_of_its_files(void **state)
{
    (void)state;
    enum { ROWS = 40, SIDE = 9 };
    static float pixels[ROWS * SIDE * SIDE * 3];
    for (int i = 0; i < ROWS; i++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                for (int p = 0; p < 3; p++) pixels[((i * SIDE + y) * SIDE + x) * 3 + p] = pixel(i, p, y, x);
    char cube[512], db[512], sql[256];
    snprintf(cube, sizeof cube, "%s", temp_path(folder, "cube.npy"));
    snprintf(db, sizeof db, "%s", temp_path(folder, "cube.db"));
    npy_save(cube, "'<f4'", "False", "(40, 9, 9, 3)", pixels, sizeof pixels);
    epo_import_options importing = options_for("cube");
    import(db, cube, &importing, NULL);
    epo_model *model = model_of(networks[0].text, temp_path(folder, "m.safetensors"), 5);
    epo_store *store = NULL;
    results r = {0};
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    epo_score_options options = EPO_SCORE_OPTIONS_INIT;
    options.batch = 7;
    options.threads = 2;
    options.command_line = "a test";
    check_ok(epo_score_store(model, store, &options, remember_result, &r, &r.summary));
    assert_int_equal(r.count, ROWS);
    assert_int_equal(r.summary.scored, ROWS);
    for (int i = 0; i < ROWS; i++) check_score(model, &networks[0], i, SIDE, SIDE, &r.all[i]);
    for (int i = 0; i < ROWS; i += 13) {
        char *text;
        snprintf(sql, sizeof sql, "SELECT c.score FROM stamp_scores c JOIN stamps s ON s.id = c.stamp JOIN objects o ON o.id = s.object "
                 "WHERE o.name LIKE '%%cube.npy:%d' AND c.run = %lld AND s.role = 'science'", i, (long long)r.summary.run);
        text = rows(db, sql);
        check_near(strtod(text, NULL), r.all[i].score, 1e-12);
        free(text);
    }
    epo_model_info info;
    epo_model_get_info(model, &info);
    snprintf(sql, sizeof sql, "score|a test|done|2|a|%s|40\n", info.sha256);
    check_rows(db, "SELECT r.kind, r.command, r.status, r.threads, m.name, m.sha256, (SELECT count(*) FROM stamp_scores) "
                   "FROM runs r JOIN models m ON m.id = r.model", sql);
    results_clear(&r);

    /* without anyone to tell, the scores still go to the store */
    check_ok(epo_score_store(model, store, NULL, NULL, NULL, &r.summary));
    check_rows(db, "SELECT count(*), count(DISTINCT run), (SELECT count(*) FROM models) FROM stamp_scores", "80|2|1\n");

    /* a model that is in no file has no name for the run */
    epo_model_options fresh = EPO_MODEL_OPTIONS_INIT;
    epo_model *unsaved = NULL;
    fresh.net = temp_path(folder, "m.safetensors.net");
    check_ok(epo_model_create(&fresh, &unsaved));
    check_fails(epo_score_store(unsaved, store, NULL, NULL, NULL, &r.summary), EPO_EARG, "save it");
    epo_model_free(unsaved);
    check_rows(db, "SELECT count(*) FROM runs", "2\n");
    epo_store_close(store);
    epo_model_free(model);
}

/* --- real alerts, published scores ------------------------------------------------------------------------------------- */

enum { ALERTS = 387 };

typedef struct published {
    char file[128], candid[32];
    double drb;
} published;

static published *read_index(void)
{
    char path[1024], line[1024];
    snprintf(path, sizeof path, "%s/ztf/index.csv", data_folder());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    published *all = calloc(ALERTS, sizeof *all);
    assert_non_null(all);
    assert_non_null(fgets(line, sizeof line, file));
    for (int i = 0; i < ALERTS; i++) {
        char *rest = line;
        assert_non_null(fgets(line, sizeof line, file));
        for (int column = 0; column <= 10; column++) {
            const char *cell = strsep(&rest, ",");
            assert_non_null(cell);
            if (column == 0) snprintf(all[i].file, sizeof all[i].file, "%s", cell);
            if (column == 1) snprintf(all[i].candid, sizeof all[i].candid, "%s", cell);
            if (column == 10) all[i].drb = strtod(cell, NULL);
        }
    }
    fclose(file);
    return all;
}

static const published *find(const published *all, const char *candid)
{
    for (int i = 0; i < ALERTS; i++)
        if (strcmp(all[i].candid, candid) == 0) return &all[i];
    fail_msg("%s is not in the index", candid);
    return NULL;
}

/* The largest difference from what ZTF published. */
static double compare(const results *r, const published *index, bool in_file_order)
{
    double worst = 0;
    const char *file = "";
    assert_int_equal(r->count, ALERTS);
    for (size_t i = 0; i < r->count; i++) {
        assert_string_equal(r->all[i].error, "");
        const published *p = find(index, r->all[i].id);
        if (in_file_order) assert_true(strcmp(file, p->file) <= 0);
        file = p->file;
        worst = fmax(worst, fabs(r->all[i].score - p->drb));
    }
    return worst;
}

static epo_model *convert_braai(const char *keras, const char *normalise)
{
    char path[512];
    epo_model *model = NULL;
    snprintf(path, sizeof path, "%s", temp_path(folder, "braai.safetensors"));
    assert_int_equal(weights_convert(keras, "braai", normalise, path, temp_path(folder, "messages")), 0);
    check_ok(epo_model_load(path, NULL, &model));
    return model;
}

static void scores_of_alerts_are_the_published_ones(void **state)
{
    (void)state;
    epo_model *model = convert_braai("d6_m7.weights.h5", "l2row");
    published *index = read_index();
    char alerts[1024];
    const char *list[] = {alerts};
    snprintf(alerts, sizeof alerts, "%s/ztf/alerts", data_folder());
    results first = {0};
    static const struct {
        int threads, batch;
    } ways[] = {{1, 32}, {2, 32}, {4, 32}, {2, 1}, {2, 7}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        epo_score_options options = EPO_SCORE_OPTIONS_INIT;
        options.threads = ways[i].threads;
        options.batch = ways[i].batch;
        results r = {0};
        check_ok(epo_score_files(model, list, 1, &options, remember_result, &r, &r.summary));
        double worst = compare(&r, index, true), change = 0;
        if (i == 0) print_message("largest difference from drb: %.2g\n", worst);
        assert_true(worst < 2e-6);
        if (i == 0) {
            first = r;
            continue;
        }
        for (size_t k = 0; k < ALERTS; k++) {
            assert_string_equal(r.all[k].id, first.all[k].id);
            change = fmax(change, fabs(r.all[k].score - first.all[k].score));
        }
        print_message("%d threads, batches of %d: largest change %.2g\n", ways[i].threads, ways[i].batch, change);
        assert_true(ways[i].batch == 32 ? change == 0 : change < 1e-6);
        results_clear(&r);
    }
    results_clear(&first);

    /* the same through a store */
    char db[512];
    snprintf(db, sizeof db, "%s", temp_path(folder, "ztf.db"));
    epo_import_options importing = options_for("ztf");
    told t;
    import(db, alerts, &importing, &t);
    assert_int_equal(t.summary.refused, 0);
    assert_int_equal(t.summary.stamps, 3 * ALERTS);
    epo_store *store = NULL;
    results r = {0};
    check_ok(epo_store_open(db, EPO_STORE_WRITE, &store));
    check_ok(epo_score_store(model, store, NULL, remember_result, &r, &r.summary));
    double worst = compare(&r, index, false);
    print_message("from a store: %.2g\n", worst);
    assert_true(worst < 2e-6);
    check_rows(db, "SELECT count(*) FROM stamp_scores c JOIN stamps s ON s.id = c.stamp WHERE s.role = 'science' AND abs(c.score - s.drb) < 2e-6", "387\n");
    epo_store_close(store);
    results_clear(&r);
    free(index);
    epo_model_free(model);
}

static void scores_of_normalised_triplets_are_the_published_ones(void **state)
{
    (void)state;
    enum { ROWS = 23, NEW_DRB = 12 };
    epo_model *model = convert_braai("braai_d6_m9.weights.h5", "none");
    char path[1024], line[1024];
    const char *list[] = {path};
    results r = {0};
    snprintf(path, sizeof path, "%s/ztf/sequences/ZTF23abhvlji_triplets.npy", data_folder());
    check_ok(epo_score_files(model, list, 1, NULL, remember_result, &r, &r.summary));
    assert_int_equal(r.count, ROWS);
    snprintf(path, sizeof path, "%s/ztf/sequences/ZTF23abhvlji_candidates.csv", data_folder());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    double worst = 0;
    for (int row = 0; row < ROWS; row++) {
        assert_non_null(fgets(line, sizeof line, file));
        const char *at = line;
        for (int column = 0; column < NEW_DRB; column++) at = strchr(at, ',') + 1;
        worst = fmax(worst, fabs(r.all[row].score - strtod(at, NULL)));
    }
    fclose(file);
    print_message("largest difference from new_drb: %.2g\n", worst);
    assert_true(worst < 1e-6);
    results_clear(&r);
    epo_model_free(model);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)
    const struct CMUnitTest tests[] = {
        TEST(stamps_of_any_size_and_order),
        TEST(lone_stamps_go_into_a_model_of_one_plane),
        TEST(bad_stamps_are_named_in_their_place),
        TEST(planes_that_are_missing_are_named),
        TEST(a_hole_where_the_network_looks),
        TEST(scores_that_are_no_number_are_refused),
        TEST(wrong_calls_are_refused),
        TEST(the_receiver_can_stop),
        TEST(a_store_gives_the_scores_of_its_files),
        TEST(scores_of_alerts_are_the_published_ones),
        TEST(scores_of_normalised_triplets_are_the_published_ones),
    };
    unsetenv("EPOCHAL_MODELS"); /* the networks of this checkout */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
