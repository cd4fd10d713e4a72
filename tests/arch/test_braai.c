/* SPDX-License-Identifier: BSD-3-Clause
 * test_braai.c - the published braai weights, converted from Keras: they reproduce published scores.
 *
 * Needs the folder of real data and python3 with h5py; skipped where one is missing. */
#include <math.h>
#include <stdlib.h>

#include "arch/model.h"
#include "support/check.h"
#include "support/weights.h"

enum { SIDE = 63, PLANES = 3, PIXELS = SIDE * SIDE, ROWS = 23 };

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static const char *convert(const char *weights, const char *net, const char *normalise, int *status)
{
    const char *out = temp_path(folder, "braai.safetensors");
    *status = weights_convert(weights, net, normalise, out, temp_path(folder, "messages"));
    return out;
}

static epo_model *convert_and_load(const char *weights, const char *normalise)
{
    epo_model *model = NULL;
    epo_model_info info;
    int status;
    const char *path = convert(weights, "braai", normalise, &status);
    assert_int_equal(status, 0);
    check_ok(epo_model_load(path, NULL, &model));
    epo_model_get_info(model, &info);
    assert_string_equal(info.name, "braai");
    assert_string_equal(info.normalise, normalise);
    assert_int_equal(info.parameters, 312081);
    assert_string_equal(info.heads[EPO_HEAD_STAMP].classes[1], "real");
    return model;
}

static void test_d6_m7(void **state)
{
    (void)state;
    epo_model_free(convert_and_load("d6_m7.weights.h5", "l2row"));
}

static void test_wrong_network(void **state)
{
    (void)state;
    int status;
    size_t size;
    convert("d6_m7.weights.h5", "gotorb", "l2", &status); /* the same layers, but four planes: found when loading */
    assert_int_equal(status, 0);
    epo_model *model = NULL;
    check_fails(epo_model_load(temp_path(folder, "braai.safetensors"), NULL, &model), EPO_EMODEL,
                "tensor encoder.conv1.weight is [16, 3, 3, 3], the network needs [16, 4, 3, 3]");
    convert("d6_m7.weights.h5", "dia", "l2", &status);
    assert_int_not_equal(status, 0);
    char *message = (char *)read_file(temp_path(folder, "messages"), &size);
    assert_non_null(strstr(message, "models/dia.net has 5 layers with weights"));
    free(message);
    convert("d6_m7.weights.h5", "taonet", "l2", &status);
    assert_int_not_equal(status, 0);
}

/* ROWS x SIDE x SIDE x PLANES float32, C order, after a header of 10 + N bytes, into N C H W. */
static float *read_triplets(const char *path)
{
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    size_t start = 10 + (size_t)bytes[8] + 256 * (size_t)bytes[9];
    assert_int_equal(size, start + sizeof(float) * ROWS * PIXELS * PLANES);
    float *out = malloc(sizeof(float) * ROWS * PIXELS * PLANES);
    assert_non_null(out);
    for (size_t row = 0; row < ROWS; row++)
        for (size_t pixel = 0; pixel < PIXELS; pixel++)
            for (size_t plane = 0; plane < PLANES; plane++)
                memcpy(&out[(row * PLANES + plane) * PIXELS + pixel],
                       bytes + start + sizeof(float) * ((row * PIXELS + pixel) * PLANES + plane), sizeof(float));
    free(bytes);
    return out;
}

static void read_scores(const char *path, double scores[ROWS])
{
    enum { NEW_DRB = 12 };
    char line[1024];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    for (int row = 0; row < ROWS; row++) {
        assert_non_null(fgets(line, sizeof line, file));
        const char *at = line;
        for (int column = 0; column < NEW_DRB; column++) at = strchr(at, ',') + 1;
        scores[row] = strtod(at, NULL);
    }
    fclose(file);
}

static void test_d6_m9_scores(void **state)
{
    (void)state;
    epo_model *model = convert_and_load("braai_d6_m9.weights.h5", "l2");
    char path[1024];
    snprintf(path, sizeof path, "%s/ztf/sequences/ZTF23abhvlji_triplets.npy", data_folder());
    float *stamps = read_triplets(path), features[ROWS * 256], scores[ROWS];
    double published[ROWS];
    snprintf(path, sizeof path, "%s/ztf/sequences/ZTF23abhvlji_candidates.csv", data_folder());
    read_scores(path, published);

    epo__plan *encoder = NULL, *head = NULL;
    check_ok(epo__plan_create(epo__model_encoder(model), ROWS, &encoder));
    check_ok(epo__plan_create(epo__model_head(model, EPO_HEAD_STAMP), ROWS, &head));
    check_ok(epo__plan_run(encoder, ROWS, stamps, features));
    check_ok(epo__plan_run(head, ROWS, features, scores));
    double worst = 0;
    for (int row = 0; row < ROWS; row++) worst = fmax(worst, fabs((double)scores[row] - published[row]));
    print_message("largest difference from new_drb: %.2g\n", worst);
    assert_true(worst < 1e-6);
    epo__plan_destroy(encoder);
    epo__plan_destroy(head);
    free(stamps);
    epo_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_d6_m7, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_wrong_network, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_d6_m9_scores, make_folder, remove_folder),
    };
    unsetenv("EPOCHAL_MODELS"); /* the networks of this checkout */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
