/* SPDX-License-Identifier: BSD-3-Clause
 * test_explain.c - saliency and Grad-CAM against PyTorch's autograd (make_explain_fixture.py) and in closed form;
 * shares; files. */
#include "train/by_hand.h"

#include <unistd.h>

#include "data/loading.h"
#include "epochal/calibrate.h"
#include "epochal/explain.h"
#include "formats/fits.h"
#include "support/fitsmake.h"
#include "train/gradient.h"

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

/* --- against autograd
 * ------------------------------------------------------------------------------------------------- */

struct fixture {
    FILE *text, *numbers;
    epo_model *model;
    epo_head head;
    size_t count, floats; /* triplets; numbers of the input */
    float *input;
    double mjds[64];
    double worst; /* largest difference, as a part of the largest number of its array */
    int checks;
};

static float *numbers_of(struct fixture *f, size_t count)
{
    float *x = malloc(count * sizeof *x);
    assert_non_null(x);
    assert_int_equal(fread(x, sizeof *x, count, f->numbers), count);
    return x;
}

static void compare(struct fixture *f, const char *what, const float *got, double scale, size_t count)
{
    float *expected = numbers_of(f, count);
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, fabs((double)expected[i]));
    assert_true(most > 0);
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)got[i] * scale - (double)expected[i]) / most;
        if (!(difference < 1e-5))
            fail_msg("%s: number %zu is %.9g, not %.9g", what, i, (double)got[i] * scale, (double)expected[i]);
        f->worst = fmax(f->worst, difference);
    }
    f->checks++;
    free(expected);
}

static void check_gradient(struct fixture *f, const char *what, const epo__gradient_options *options, int class_index,
                           size_t count, size_t weight_count)
{
    epo__gradient *g = NULL;
    double probabilities[MOST_CLASSES], scale;
    size_t chosen;
    float *out = malloc(count * sizeof *out), *weights = malloc((weight_count + 1) * sizeof *weights);
    assert_true(out && weights);
    check_ok(epo__gradient_create(f->model, f->head, options, &g));
    assert_int_equal(f->count * epo__shape_size(epo__gradient_shape(g)), count);
    check_ok(epo__gradient_run(g, f->count, f->input, f->mjds, class_index, probabilities, &chosen, out, &scale,
                               weight_count ? weights : NULL));
    compare(f, what, out, scale, count);
    if (weight_count) compare(f, what, weights, scale, weight_count);
    epo__gradient_free(g);
    free(out);
    free(weights);
}

static void read_model(struct fixture *f, const char *name, const char *head)
{
    char net[256], path[256];
    epo_model_free(f->model);
    free(f->input);
    snprintf(net, sizeof net, "tests/train/fixtures/explain-%s.net", name);
    snprintf(path, sizeof path, "tests/train/fixtures/explain-%s.safetensors", name);
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = net;
    check_ok(epo_model_load(path, &options, &f->model));
    f->head = strcmp(head, "sequence") == 0 ? EPO_HEAD_SEQUENCE : EPO_HEAD_STAMP;
    const epo__network *n = epo__model_network(f->model);
    f->floats = f->count * (size_t)(n->planes * n->height * n->width);
    f->input = numbers_of(f, f->floats);
}

static void read_mjds(struct fixture *f, char *line)
{
    char *at = line + strlen("mjds ");
    long count = strtol(at, &at, 10);
    assert_true(count >= 1 && count <= 64);
    for (long i = 0; i < count; i++) f->mjds[i] = strtod(at, &at);
}

static void derivatives_are_those_of_autograd(void **state)
{
    (void)state;
    struct fixture f = {.text = fopen("tests/train/fixtures/explain.txt", "r"),
                        .numbers = fopen("tests/train/fixtures/explain.bin", "rb")};
    char line[1024], name[64], head[64], kind[64];
    int class_index;
    size_t count, weights;
    assert_true(f.text && f.numbers);
    while (fgets(line, sizeof line, f.text)) {
        epo__gradient_options options = {0};
        if (sscanf(line, "model %63s %63s %zu", name, head, &f.count) == 3) {
            read_model(&f, name, head);
        } else if (strncmp(line, "mjds ", 5) == 0) {
            read_mjds(&f, line);
        } else if (sscanf(line, "saliency %d %63s %zu", &class_index, kind, &count) == 3) {
            options.logit = strcmp(kind, "logit") == 0;
            check_gradient(&f, line, &options, class_index, count, 0);
        } else if (sscanf(line, "gradcam %d %63s %63s %zu %zu", &class_index, kind, head, &count, &weights) == 5) {
            options = (epo__gradient_options){.cam = true,
                                              .logit = strcmp(kind, "logit") == 0,
                                              .layer = *head == '-' ? NULL : head};
            check_gradient(&f, line, &options, class_index, count, weights);
        } else {
            fail_msg("line '%s' is not understood", line);
        }
    }
    assert_int_equal(fgetc(f.numbers), EOF);
    assert_int_equal(f.checks, 5 * (5 + 2 * 3));
    print_message("largest difference from autograd: %.1e of the largest number\n", f.worst);
    fclose(f.text);
    fclose(f.numbers);
    epo_model_free(f.model);
    free(f.input);
}

/* --- stamps
 * ----------------------------------------------------------------------------------------------------------------- */

enum { MOST = 64 };

typedef struct found_map {
    char name[64];
    double mjd, share;
    bool over_even;
    float map[256], plane[256];
    size_t plane_count;
} found_map;

typedef struct found {
    char id[256], class_name[64], error[512];
    double score;
    size_t map_count, largest, triplet_count, largest_triplet;
    found_map maps[MOST];
    epo_explained_triplet triplets[MOST];
    int count; /* of explanations */
    bool write;
} found;

static epo_status remember(void *context, const epo_explanation *e)
{
    found *f = context;
    f->count++;
    snprintf(f->id, sizeof f->id, "%s", e->id);
    snprintf(f->error, sizeof f->error, "%s", e->error ? e->error : "");
    if (e->error) return EPO_OK;
    snprintf(f->class_name, sizeof f->class_name, "%s", e->class_name);
    f->score = e->score;
    f->map_count = e->map_count;
    f->largest = e->largest;
    f->triplet_count = e->triplet_count;
    f->largest_triplet = e->largest_triplet;
    assert_true(e->map_count <= MOST && e->triplet_count <= MOST);
    for (size_t i = 0; i < e->map_count; i++) {
        const epo_explained_map *m = &e->maps[i];
        size_t bytes = m->height * m->width * sizeof(float);
        assert_true(bytes <= sizeof f->maps[i].map);
        snprintf(f->maps[i].name, sizeof f->maps[i].name, "%s", m->name);
        f->maps[i].mjd = m->mjd;
        f->maps[i].share = m->share;
        f->maps[i].over_even = m->over_even;
        f->maps[i].plane_count = m->plane_count;
        memcpy(f->maps[i].map, m->map, bytes);
        memcpy(f->maps[i].plane, m->planes[0], bytes);
    }
    for (size_t k = 0; k < e->triplet_count; k++) f->triplets[k] = e->triplets[k];
    return f->write ? epo_explanation_write(e, folder) : EPO_OK;
}

/* 0 .. 6, no two planes alike. */
static float pixel(int plane, int i)
{
    return (float)((i * 7 + plane * 5 + i * i * (plane + 1)) % 13) / 2;
}

static void save_stamp(const char *path, int side, const char *candid)
{
    static const char *const extensions[] = {"SCI", "REF", "DIFF"};
    fm_file f = {0};
    float pixels[256];
    fm_primary(&f, candid);
    for (int p = 0; p < 3; p++) {
        char name[64];
        for (int i = 0; i < side * side; i++) pixels[i] = pixel(p, i);
        snprintf(name, sizeof name, "EXTNAME = '%s'", extensions[p]);
        fm_image(&f, -32, (size_t)side, (size_t)side, pixels, name);
    }
    fm_save(&f, path);
    fm_free(&f);
}

struct wanted {
    const char *name;
    const float *value;
};

static epo_status match(void *context, const epo__param *param)
{
    struct wanted *w = context;
    if (strcmp(param->name, w->name) == 0) w->value = param->value;
    return EPO_OK;
}

static const float *values_of(const epo_model *model, const char *name)
{
    struct wanted w = {.name = name};
    check_ok(epo__model_visit(model, match, &w));
    assert_non_null(w.value);
    return w.value;
}

static epo_explain_options stamp_options(void)
{
    epo_explain_options options = EPO_EXPLAIN_OPTIONS_INIT;
    options.extname = "SCI,REF,DIFF";
    options.threads = 1;
    return options;
}

#define LINEAR                                                                            \
    "network linear\ninput planes=3 size=4\nnormalise none\nencoder\n    flatten\nstamp " \
    "planes=difference,science,template classes=bogus,real\n    linear 1\n    sigmoid\n"

/* p = sigmoid((w x + b) / T), so dp/dx = p (1 - p) w / T, for either class but for the sign. */
static void check_linear(const epo_model *model, const char *path, double temperature)
{
    const float *w = values_of(model, "stamp.linear1.weight"), *b = values_of(model, "stamp.linear1.bias");
    static const int from[] = {2, 0, 1}; /* planes of the file */
    static const char *const classes[] = {NULL, "bogus", "real"};
    static const char *const names[] = {"difference", "science", "template"};
    double z = (double)b[0], sums[3] = {0}, total = 0;
    for (int i = 0; i < 48; i++) {
        z += (double)w[i] * (double)pixel(from[i / 16], i % 16);
        sums[i / 16] += fabs((double)w[i]);
        total += fabs((double)w[i]);
    }
    double p = 1 / (1 + exp(-z / temperature));
    for (int c = 0; c < 3; c++)
        for (int logit = 0; logit < 2; logit++) {
            found f = {0};
            epo_explain_summary summary;
            epo_explain_options options = stamp_options();
            options.class_name = classes[c];
            options.logit = logit;
            check_ok(epo_explain_files(model, &path, 1, &options, remember, &f, &summary));
            assert_string_equal(f.error, "");
            assert_string_equal(f.id, "77");
            assert_int_equal(summary.explained, 1);
            bool real = c == 2 || (c == 0 && p > 0.5);
            assert_string_equal(f.class_name, real ? "real" : "bogus");
            check_near(f.score, real ? p : 1 - p, 1e-6);
            assert_int_equal(f.map_count, 3);
            double shares = 0, factor = logit ? 1 : p * (1 - p) / temperature;
            for (int m = 0; m < 3; m++) {
                assert_string_equal(f.maps[m].name, names[m]);
                check_near(f.maps[m].share, sums[m] / total, 1e-6);
                assert_int_equal(f.maps[m].over_even, sums[m] / total > 1.0 / 3);
                assert_true(f.maps[f.largest].share >= f.maps[m].share);
                shares += f.maps[m].share;
                for (int i = 0; i < 16; i++) {
                    check_near((double)f.maps[m].map[i], fabs((double)w[m * 16 + i]) * factor, 1e-6);
                    check_near((double)f.maps[m].plane[i], (double)pixel(from[m], i), 0);
                }
            }
            check_near(shares, 1, 1e-12);
        }
}

static void saliency_of_a_linear_network_is_its_weights(void **state)
{
    (void)state;
    char path[512], calibrated[512];
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    snprintf(calibrated, sizeof calibrated, "%s/c.safetensors", folder);
    const char *stamp = temp_path(folder, "s.fits");
    save_stamp(stamp, 4, "CANDID  = 77");
    epo_model *model = model_of(LINEAR, path, 5), *cooler = NULL;
    check_linear(model, stamp, 1);
    check_ok(epo_calibrated_save(path, NULL, EPO_HEAD_STAMP, 2.5, calibrated, NULL));
    check_ok(epo_model_load(calibrated, NULL, &cooler));
    check_linear(cooler, stamp, 2.5);
    epo_model_free(model);
    epo_model_free(cooler);
}

/* With z = 60, p is 1 in float32 and even 1 - p would be 0 in double: the map is still that of the weights. */
static void a_network_that_is_sure_can_be_explained(void **state)
{
    (void)state;
    epo_model *model = model_of(LINEAR, temp_path(folder, "m.safetensors"), 5);
    float *w = (float *)values_of(model, "stamp.linear1.weight"), *b = (float *)values_of(model, "stamp.linear1.bias");
    const char *path = temp_path(folder, "s.fits");
    save_stamp(path, 4, "");
    double z = 0, total = 0, first = 0;
    for (int i = 0; i < 48; i++) {
        static const int from[] = {2, 0, 1};
        z += (double)w[i] * (double)pixel(from[i / 16], i % 16);
        total += fabs((double)w[i]);
        first += i < 16 ? fabs((double)w[i]) : 0;
    }
    b[0] = (float)(60 - z);
    found f = {0};
    epo_explain_summary summary;
    epo_explain_options options = stamp_options();
    check_ok(epo_explain_files(model, &path, 1, &options, remember, &f, &summary));
    check_near(f.maps[0].share, first / total, 1e-6);
    double expected = exp(-60) * fabs((double)w[3]);
    check_near((double)f.maps[0].map[3] / expected, 1, 1e-4);
    epo_model_free(model);
}

#define ENCODER "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    maxpool 2\n    dropout 0.4\n    flatten\n"
#define STAMP "stamp planes=science,template,difference classes=bogus,real\n    linear 1\n    sigmoid\n"

/* Whatever the fusion: maps of the network's size, shares that sum to one, the largest of Grad-CAM 1 at most. */
static void maps_of_any_fusion(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t cams;
    } cases[] = {{"network a\ninput planes=3 size=8\nnormalise l2\n" ENCODER STAMP, 1},
                 {"network b\ninput planes=3 size=8\nfusion late\nnormalise l2\n" ENCODER STAMP, 3},
                 {"network c\ninput planes=3 size=8\njoin horizontal\nnormalise l2\n" ENCODER STAMP, 3}};
    const char *path = temp_path(folder, "s.fits");
    save_stamp(path, 9, "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epo_model *model = model_of(cases[i].text, temp_path(folder, "m.safetensors"), 30 + i);
        for (int cam = 0; cam < 2; cam++)
            for (int class_index = 0; class_index < 2; class_index++) {
                found f = {0};
                epo_explain_summary summary;
                epo_explain_options options = stamp_options();
                options.method = cam ? EPO_EXPLAIN_GRADCAM : EPO_EXPLAIN_SALIENCY;
                options.class_name = class_index ? "real" : "bogus";
                check_ok(epo_explain_files(model, &path, 1, &options, remember, &f, &summary));
                assert_string_equal(f.error, "");
                assert_int_equal(f.map_count, cam ? cases[i].cams : 3);
                double sum = 0;
                for (size_t m = 0; m < f.map_count; m++) {
                    sum += f.maps[m].share;
                    assert_int_equal(f.maps[m].plane_count, f.map_count == 3 ? 1 : 3);
                    for (int k = 0; k < 64; k++)
                        assert_true(f.maps[m].map[k] >= 0 && (!cam || f.maps[m].map[k] <= 1.0F));
                }
                if (!isnan(sum)) check_near(sum, 1, 1e-9);
                assert_true(cam || !isnan(sum));
            }
        epo_model_free(model);
    }
}

/* A source of light in one place only, and a network that adds up everything with the same weight: Grad-CAM is where it
 * is. */
static void grad_cam_is_where_the_light_is(void **state)
{
    (void)state;
    epo_model *model = model_of("network g\ninput planes=1 size=8\nnormalise none\nencoder\n    conv 1 kernel=1 "
                                "pad=same bias=0\n    relu\n    gap\n"
                                "stamp planes=difference classes=bogus,real\n    linear 1\n    sigmoid\n",
                                temp_path(folder, "m.safetensors"), 2);
    *(float *)values_of(model, "encoder.conv1.weight") = 1;
    *(float *)values_of(model, "stamp.linear1.weight") = 0.5F;
    const char *path = temp_path(folder, "s.fits");
    float pixels[64] = {0};
    pixels[3 * 8 + 5] = 4;
    fm_file file = {0};
    fm_image(&file, -32, 8, 8, pixels, NULL);
    fm_save(&file, path);
    fm_free(&file);
    for (int real = 0; real < 2; real++) {
        found f = {0};
        epo_explain_summary summary;
        epo_explain_options options = EPO_EXPLAIN_OPTIONS_INIT;
        options.method = EPO_EXPLAIN_GRADCAM;
        options.class_name = real ? "real" : "bogus";
        check_ok(epo_explain_files(model, &path, 1, &options, remember, &f, &summary));
        assert_string_equal(f.error, "");
        for (int i = 0; i < 64; i++)
            check_near((double)f.maps[0].map[i], real && i == 29, 0); /* nothing speaks for bogus */
    }
    epo_model_free(model);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    epo_model *model = model_of(LINEAR, temp_path(folder, "m.safetensors"), 5);
    const char *path = temp_path(folder, "s.fits"), *none = "nowhere.fits";
    found f = {0};
    epo_explain_summary summary;
    save_stamp(path, 4, "");
    epo_explain_options options = stamp_options();
    options.class_name = "planet";
    assert_int_equal(epo_explain_files(model, &path, 1, &options, remember, &f, &summary), EPO_EARG);
    assert_non_null(strstr(epo_error_message(), "bogus, real"));
    options = stamp_options();
    options.method = EPO_EXPLAIN_GRADCAM;
    assert_int_equal(epo_explain_files(model, &path, 1, &options, remember, &f, &summary), EPO_EARG);
    assert_non_null(strstr(epo_error_message(), "no convolution"));
    options.layer = "conv7";
    assert_int_equal(epo_explain_files(model, &path, 1, &options, remember, &f, &summary), EPO_EARG);
    assert_non_null(strstr(epo_error_message(), "conv7"));
    options = stamp_options();
    check_ok(epo_explain_files(model, &none, 1, &options, remember, &f, &summary));
    assert_int_equal(summary.refused, 1);
    assert_non_null(strstr(f.error, "nowhere.fits"));
    options.extname = "SCI,REF";
    check_ok(epo_explain_files(model, &path, 1, &options, remember, &f, &summary));
    assert_non_null(strstr(f.error, "no difference plane"));
    epo_model_free(model);
}

/* --- files
 * ------------------------------------------------------------------------------------------------------------------ */

static void maps_are_written_and_read_back(void **state)
{
    (void)state;
    epo_model *model = model_of(LINEAR, temp_path(folder, "m.safetensors"), 5);
    char name[] = "../od d\n.fits";
    const char *path = temp_path(folder, "s.fits");
    found f = {.write = true};
    epo_explain_summary summary;
    save_stamp(path, 4, "CANDID  = 77");
    epo_explain_options options = stamp_options();
    check_ok(epo_explain_files(model, &path, 1, &options, remember, &f, &summary));
    epo__fits *file = NULL;
    epo__image image = {0};
    double share;
    char text[EPO__FITS_VALUE];
    check_ok(epo__fits_open_file(temp_path(folder, "77.saliency.science.fits"), &EPO__FITS_FILE, &file));
    check_ok(epo__fits_image(file, 0, &image));
    assert_int_equal(image.type, EPO__PIXEL_F32);
    assert_memory_equal(image.pixels, f.maps[1].map, 16 * sizeof(float));
    assert_true(epo__fits_key_double(file, 0, "SHARE", &share));
    check_near(share, f.maps[1].share, 1e-12);
    assert_true(epo__fits_key(file, 0, "CLASS", text, sizeof text));
    assert_string_equal(text, f.class_name);
    epo__image_free(&image);
    epo__fits_close(file);
    static const char *const others[] = {"77.saliency.png", "77.saliency.science.png", "77.saliency.template.png",
                                         "77.saliency.difference.fits"};
    for (size_t i = 0; i < 4; i++) assert_int_equal(access(temp_path(folder, others[i]), R_OK), 0);

    /* a name from outside cannot leave the folder */
    static const float pixels[4] = {0, 1, 2, 3};
    const float *planes[] = {pixels};
    const epo_explained_map map = {.name = "../x",
                                   .mjd = NAN,
                                   .height = 2,
                                   .width = 2,
                                   .map = pixels,
                                   .planes = planes,
                                   .plane_count = 1,
                                   .share = 1};
    const epo_explanation odd = {
        .id = name, .object = "o'\x01", .class_name = "c", .maps = &map, .map_count = 1, .mjd = NAN};
    check_ok(epo_explanation_write(&odd, folder));
    char command[1024];
    snprintf(command, sizeof command, "test $(ls %s | grep -c '^_._od_d_.fits-[0-9a-f]*\\.saliency\\.') = 3", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(epo_explanation_write(&odd, temp_path(folder, "nowhere")), EPO_EIO);
    epo_model_free(model);
}

/* --- sequences
 * -------------------------------------------------------------------------------------------------------------- */

/* The sequence head adds up what the network sees of each triplet, and all is linear but for the GRU: how much a night
 * has is found by moving it, and compared with what is said. */
static double probability_of(const epo_model *model, size_t triplets, size_t nights, const float *pixels,
                             const double *dates)
{
    const epo__network *n = epo__model_network(model);
    size_t plane = (size_t)(n->height * n->width),
           width = (size_t)epo__net_in(epo__model_head(model, EPO_HEAD_SEQUENCE)).channels;
    float *features = calloc(triplets * width, sizeof *features), raw[MOST_CLASSES];
    assert_non_null(features);
    assert_true((triplets - 1) * (size_t)n->stride + 3 <= nights);
    for (size_t t = 0; t < triplets; t++) {
        size_t length = encode_by_hand(model, pixels + t * (size_t)n->stride * plane, features + t * width);
        for (size_t i = t * (size_t)n->stride; i < t * (size_t)n->stride + 3; i++)
            features[t * width + length++] = i ? (float)((dates[i] - dates[i - 1]) / 365.25) : 0;
    }
    epo__plan *plan = NULL;
    int length = (int)triplets;
    check_ok(epo__plan_create(epo__model_head(model, EPO_HEAD_SEQUENCE), 1, &plan));
    check_ok(epo__plan_run_sequences(plan, 1, &length, features, raw));
    epo__plan_destroy(plan);
    free(features);
    return (double)raw[0];
}

static void nights_have_the_share_that_moving_them_has(void **state)
{
    (void)state;
    enum { NIGHTS = 7 };
    made m;
    made_begin(&m);
    int64_t object = made_object(&m, "SN 1", "SN");
    double dates[NIGHTS];
    float pixels[NIGHTS * PIXELS];
    for (int i = 0; i < NIGHTS; i++) {
        int32_t stored[PIXELS];
        for (int k = 0; k < PIXELS; k++) stored[k] = (i * 31 + k * 17 + k * k * (i + 1)) % 23 - 11;
        for (int k = 0; k < PIXELS; k++) pixels[i * PIXELS + k] = (float)stored[k];
        made_visit(&m, object, i, 0, NAN, stored);
        dates[i] = m.stamps[m.count - 1].mjd;
    }
    check_ok(epo__store_commit(m.store));
    for (int stride = 1; stride <= 3; stride++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "network s\ninput planes=3 size=8\nnormalise none\nencoder\n    conv 3 kernel=3 pad=same\n    "
                 "flatten\n    linear 4\n"
                 "sequence nights=3 stride=%d dates=on classes=SN,NON\n    gru 4 layers=1 output=sum\n    linear "
                 "classes\n    softmax\n",
                 stride);
        epo_model *model = model_of(text, temp_path(folder, "m.safetensors"), 61);
        float *w = (float *)values_of(model, "encoder.linear1.weight");
        for (int i = 0; i < 4 * 3 * PIXELS; i++) w[i] *= 0.05F; /* so that the GRU is not saturated */
        found f = {0};
        epo_explain_summary summary;
        epo_explain_options options = EPO_EXPLAIN_OPTIONS_INIT;
        const char *name = "SN 1";
        options.head = EPO_HEAD_SEQUENCE;
        options.class_name = "SN";
        options.objects = &name;
        options.object_count = 1;
        check_ok(epo_explain_store(model, m.store, &options, remember, &f, &summary));
        assert_string_equal(f.error, "");
        size_t triplets = (NIGHTS - 3) / (size_t)stride + 1, used = (triplets - 1) * (size_t)stride + 3;
        assert_int_equal(f.triplet_count, triplets);
        assert_int_equal(f.map_count, used);
        check_near(f.score, probability_of(model, triplets, NIGHTS, pixels, dates), 1e-6);
        double sum = 0, triplet_sum = 0;
        for (size_t i = 0; i < used; i++) {
            assert_true(isfinite(f.maps[i].mjd));
            check_near(f.maps[i].mjd, dates[i], 0);
            sum += f.maps[i].share;
            for (int k = 0; k < PIXELS; k += 13) {
                const float step = 0.05F;
                float kept = pixels[i * PIXELS + (size_t)k];
                pixels[i * PIXELS + (size_t)k] = kept + step;
                double up = probability_of(model, triplets, NIGHTS, pixels, dates);
                pixels[i * PIXELS + (size_t)k] = kept - step;
                double down = probability_of(model, triplets, NIGHTS, pixels, dates);
                pixels[i * PIXELS + (size_t)k] = kept;
                check_near((double)f.maps[i].map[k], fabs(up - down) / (2 * (double)step), 2e-5);
            }
        }
        for (size_t k = 0; k < triplets; k++) triplet_sum += f.triplets[k].share;
        check_near(sum, 1, 1e-9);
        check_near(triplet_sum, 1, 1e-9);
        epo_model_free(model);
    }
    made_end(&m);
}

static void the_number_of_threads_changes_rounding_only(void **state)
{
    (void)state;
    epo_model *model = NULL;
    epo_model_options from = EPO_MODEL_OPTIONS_INIT;
    from.net = "models/braai.net";
    check_ok(epo_model_create(&from, &model));
    float input[3 * 63 * 63], *out[2];
    for (int i = 0; i < 3 * 63 * 63; i++) input[i] = (float)((i * 37 + i / 63 * 11) % 101) / 800;
    for (int k = 0; k < 2; k++) {
        epo__gradient *g = NULL;
        double probabilities[2], scale;
        size_t chosen;
        out[k] = malloc(sizeof input);
        assert_non_null(out[k]);
        epo__nn_set_threads(k ? 4 : 1);
        check_ok(epo__gradient_create(model, EPO_HEAD_STAMP, &(epo__gradient_options){0}, &g));
        check_ok(epo__gradient_run(g, 1, input, NULL, 1, probabilities, &chosen, out[k], &scale, NULL));
        epo__gradient_free(g);
    }
    epo__nn_set_threads(1);
    float most = 0;
    for (int i = 0; i < 3 * 63 * 63; i++) most = fmaxf(most, fabsf(out[0][i]));
    assert_true(most > 0);
    for (int i = 0; i < 3 * 63 * 63; i++)
        check_near((double)out[0][i] / (double)most, (double)out[1][i] / (double)most, 1e-5);
    free(out[0]);
    free(out[1]);
    epo_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_are_those_of_autograd),
        cmocka_unit_test_setup_teardown(saliency_of_a_linear_network_is_its_weights, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(a_network_that_is_sure_can_be_explained, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(maps_of_any_fusion, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(grad_cam_is_where_the_light_is, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(maps_are_written_and_read_back, make_temp, remove_temp),
        cmocka_unit_test_setup_teardown(nights_have_the_share_that_moving_them_has, make_temp, remove_temp),
        cmocka_unit_test(the_number_of_threads_changes_rounding_only),
    };
    return cmocka_run_group_tests_name("train explain", tests, NULL, NULL);
}
