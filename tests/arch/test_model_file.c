/* SPDX-License-Identifier: BSD-3-Clause
 * test_model_file.c - weights files: there and back, and every way in which one is refused. */
#include <math.h>
#include <stdlib.h>

#include "arch/model.h"
#include "base/rng.h"
#include "formats/safetensors.h"
#include "support/check.h"

static const char net_text[] = "network tiny\n"
                               "input planes=2 size=6\n"
                               "normalise minmax\n"
                               "encoder\n"
                               "conv 3 kernel=3 pad=same\n"
                               "batchnorm\n"
                               "gap\n"
                               "triplet classes=A,B,C\n"
                               "linear classes\n"
                               "softmax\n"
                               "sequence nights=2 classes=A,B,C\n"
                               "gru 2\n"
                               "linear classes\n"
                               "softmax\n";

/* The tensors of net_text, as a file from elsewhere has them. */
enum { ENCODER = 6, TRIPLET = 2, SEQUENCE = 6, TENSORS = ENCODER + TRIPLET + SEQUENCE, VALUES = 132 };
static const struct tensor {
    const char *name;
    int ndim;
    size_t dims[4];
} net_tensors[TENSORS] = {
    {"encoder.conv1.weight", 4, {3, 2, 3, 3}},    {"encoder.conv1.bias", 1, {3}},
    {"encoder.batchnorm1.weight", 1, {3}},        {"encoder.batchnorm1.bias", 1, {3}},
    {"encoder.batchnorm1.running_mean", 1, {3}},  {"encoder.batchnorm1.running_var", 1, {3}},
    {"triplet.linear1.weight", 2, {3, 3}},        {"triplet.linear1.bias", 1, {3}},
    {"sequence.gru1.weight_ih_l0", 2, {6, 3}},    {"sequence.gru1.weight_hh_l0", 2, {6, 2}},
    {"sequence.gru1.bias_ih_l0", 1, {6}},         {"sequence.gru1.bias_hh_l0", 1, {6}},
    {"sequence.linear1.weight", 2, {3, 2}},       {"sequence.linear1.bias", 1, {3}},
};

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = temp_make();
    write_file(temp_path(folder, "tiny.net"), net_text, sizeof net_text - 1);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* Writes `count` tensors, all values positive and different. */
static const char *write_weights(const struct tensor *tensors, size_t count, const epo__text_pair *metadata, size_t pairs)
{
    static float values[512];
    epo__tensor_write out[TENSORS + 1];
    const char *path = temp_path(folder, "m.safetensors");
    for (size_t i = 0; i < 512; i++) values[i] = 0.01f * (float)(i + 1);
    for (size_t i = 0; i < count; i++)
        out[i] = (epo__tensor_write){tensors[i].name, tensors[i].ndim, tensors[i].dims, values + 7 * i};
    check_ok(epo__safetensors_write(path, out, count, metadata, pairs));
    return path;
}

/* Loads with the network text from its own file. */
static epo_status load(const char *path, epo_model **out)
{
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = temp_path(folder, "tiny.net");
    return epo_model_load(path, &options, out);
}

static const epo__text_pair own_text[] = {{"epochal.net", net_text}};

static void test_load_elsewhere(void **state)
{
    (void)state;
    epo_model *model = NULL;
    epo_model_info info;
    const char *path = write_weights(net_tensors, TENSORS, NULL, 0);
    check_ok(load(path, &model));
    epo_model_get_info(model, &info);
    assert_int_equal(info.parameters, VALUES);
    assert_int_equal(info.trainable_parameters, info.parameters - 6);
    assert_int_equal(strlen(info.sha256), 64);
    assert_string_equal(info.normalise, "minmax");
    assert_string_equal(info.heads[EPO_HEAD_SEQUENCE].classes[2], "C");
    epo_model_free(model);
}

static epo_status compare_bias(void *context, const epo__param *param)
{
    if (strcmp(param->name, "triplet.linear1.bias") == 0) {
        for (size_t i = 0; i < 3; i++) assert_true(param->value[i] == 0.01f * (float)(7 * 7 + i + 1));
        *(int *)context += 1;
    }
    return EPO_OK;
}

static void test_values(void **state)
{
    (void)state;
    epo_model *model = NULL;
    int seen = 0;
    check_ok(load(write_weights(net_tensors, TENSORS, NULL, 0), &model));
    check_ok(epo__net_visit(epo__model_head(model, EPO_HEAD_TRIPLET), "triplet", compare_bias, &seen));
    assert_int_equal(seen, 1);
    epo_model_free(model);
}

static void test_heads_left_out(void **state)
{
    (void)state;
    epo_model *model = NULL;
    epo_model_info info;
    check_ok(load(write_weights(net_tensors, ENCODER + TRIPLET, NULL, 0), &model));
    epo_model_get_info(model, &info);
    assert_true(info.heads[EPO_HEAD_TRIPLET].present && !info.heads[EPO_HEAD_SEQUENCE].present);
    assert_null(epo__model_head(model, EPO_HEAD_SEQUENCE));
    assert_int_equal(epo__model_class_index(model, EPO_HEAD_SEQUENCE, "A"), -1);
    /* and it stays so */
    check_ok(epo_model_save(model, temp_path(folder, "n.safetensors")));
    epo_model_free(model);
    check_ok(epo_model_load(temp_path(folder, "n.safetensors"), NULL, &model));
    assert_null(epo__model_head(model, EPO_HEAD_SEQUENCE));
    epo_model_free(model);
    /* half a head is none */
    check_fails(load(write_weights(net_tensors, ENCODER + TRIPLET - 1, NULL, 0), &model), EPO_EMODEL,
                "m.safetensors: tensor triplet.linear1.bias is missing");
    check_fails(load(write_weights(net_tensors, ENCODER + TRIPLET + 3, NULL, 0), &model), EPO_EMODEL,
                "tensor sequence.gru1.bias_hh_l0 is missing");
    check_fails(load(write_weights(net_tensors + 1, TENSORS - 1, NULL, 0), &model), EPO_EMODEL,
                "tensor encoder.conv1.weight is missing");
}

static void test_surplus(void **state)
{
    (void)state;
    epo_model *model = NULL;
    struct tensor tensors[TENSORS + 1];
    memcpy(tensors, net_tensors, sizeof net_tensors);
    tensors[TENSORS] = (struct tensor){"encoder.conv2.weight", 1, {3}};
    check_fails(load(write_weights(tensors, TENSORS + 1, NULL, 0), &model), EPO_EMODEL,
                "m.safetensors: tensor encoder.conv2.weight is not one of network tiny");
    tensors[TENSORS].name = "encoder.batchnorm1.num_batches_tracked";
    check_ok(load(write_weights(tensors, TENSORS + 1, NULL, 0), &model));
    epo_model_free(model);
}

static void test_wrong_shape(void **state)
{
    (void)state;
    epo_model *model = NULL;
    struct tensor tensors[TENSORS];
    memcpy(tensors, net_tensors, sizeof net_tensors);
    tensors[6] = (struct tensor){"triplet.linear1.weight", 2, {3, 4}};
    check_fails(load(write_weights(tensors, TENSORS, NULL, 0), &model), EPO_EMODEL,
                "m.safetensors: tensor triplet.linear1.weight is [3, 4], the network needs [3, 3]");
    tensors[6] = (struct tensor){"triplet.linear1.weight", 1, {9}};
    check_fails(load(write_weights(tensors, TENSORS, NULL, 0), &model), EPO_EMODEL, "is [9], the network needs [3, 3]");
}

static void test_wrong_values(void **state)
{
    (void)state;
    epo_model *model = NULL;
    static const struct {
        float value;
        size_t back; /* from the end of the file */
        const char *message;
    } cases[] = {
        {NAN, 1, "tensor sequence.linear1.bias: value 2 is not finite"},
        {INFINITY, 3, "tensor sequence.linear1.bias: value 0 is not finite"},
        /* behind the first running_var: 3 - 1 of itself, heads */
        {-0.5f, 2 + 12 + 18 + 12 + 12 + 9 + 1, "tensor encoder.batchnorm1.running_var: value 0 is a negative variance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = write_weights(net_tensors, TENSORS, NULL, 0);
        size_t size;
        epo__safetensors *file = NULL;
        unsigned char *bytes = read_file(path, &size);
        memcpy(bytes + size - 4 * cases[i].back, &cases[i].value, 4);
        /* a file that was signed would be refused as damaged: cut the signature out by naming it otherwise */
        for (char *key; (key = memmem(bytes, size, "epochal.", 8)) != NULL;) memcpy(key, "foreign.", 8);
        write_file(path, bytes, size);
        free(bytes);
        check_ok(epo__safetensors_open(path, &file));
        epo__safetensors_free(file);
        check_fails(load(path, &model), EPO_EMODEL, cases[i].message);
    }
}

/* Every bit of the header and of some of the values, one at a time. */
static void test_flipped_bits(void **state)
{
    (void)state;
    epo_model *model = NULL;
    const char *path = write_weights(net_tensors, TENSORS, own_text, 1), *copy = temp_path(folder, "flipped.safetensors");
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    check_ok(epo_model_load(path, NULL, &model));
    epo_model_free(model);
    model = NULL;
    for (size_t i = 0; i < size; i += i < 16 ? 1 : 13) {
        bytes[i] ^= (unsigned char)(1u << i % 8);
        write_file(copy, bytes, size);
        assert_int_not_equal(epo_model_load(copy, NULL, &model), EPO_OK);
        assert_non_null(strstr(epo_error_message(), "flipped.safetensors"));
        bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    for (size_t kept = 0; kept < size; kept += 97) {
        write_file(copy, bytes, kept);
        check_fails(epo_model_load(copy, NULL, &model), EPO_EMODEL, "flipped.safetensors");
    }
    assert_null(model);
    free(bytes);
}

/* Without a signature every byte of the header reaches the reader. */
static void test_mutations(void **state)
{
    (void)state;
    char *path = strdup(write_weights(net_tensors, TENSORS, own_text, 1)); /* temp_path reuses its buffers */
    epo__rng rng = {.seed = 6};
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    for (char *key; (key = memmem(bytes, size, "epochal.sha256", 14)) != NULL;) memcpy(key, "foreign.", 8);
    for (char *key; (key = memmem(bytes, size, "epochal.", 8)) != NULL;) memcpy(key, "foreign.", 8);
    uint32_t header = (uint32_t)size - 4 * VALUES;
    static const char signs[] = "0123456789[]{},:\"- eF\0\n.";
    for (int round = 0; round < 1500; round++) {
        uint32_t at = round < 64 ? (uint32_t)round / 8 : 8 + epo__rng_below(&rng, header - 8);
        unsigned char kept = bytes[at];
        bytes[at] = (unsigned char)(round < 64 ? kept ^ 1 << round % 8 : signs[epo__rng_below(&rng, sizeof signs - 1)]);
        write_file(path, bytes, size);
        epo_model *model = NULL;
        epo_status status = load(path, &model);
        assert_true(status == EPO_OK || status == EPO_EMODEL || status == EPO_EUNSUPPORTED);
        epo_model_free(model);
        bytes[at] = kept;
    }
    free(bytes);
    free(path);
}

static void write_raw(const char *path, const char *header, size_t values)
{
    unsigned char bytes[2048] = {0};
    size_t length = strlen(header);
    assert_true(8 + length + 4 * values <= sizeof bytes);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(length >> (8 * i));
    memcpy(bytes + 8, header, length);
    write_file(path, bytes, 8 + length + 4 * values);
}

static void test_structure(void **state)
{
    (void)state;
    static const char *const headers[] = {
        /* overlap */
        "{\"encoder.conv1.weight\":{\"dtype\":\"F32\",\"shape\":[3,2,3,3],\"data_offsets\":[0,216]},"
        "\"encoder.conv1.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[204,216]}}",
        /* past the end */
        "{\"encoder.conv1.weight\":{\"dtype\":\"F32\",\"shape\":[3,2,3,3],\"data_offsets\":[0,2160]}}",
        /* a size that overflows */
        "{\"encoder.conv1.weight\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4],\"data_offsets\":[0,216]}}",
        /* no JSON */
        "{\"encoder.conv1.weight\":",
        "[]",
    };
    epo_model *model = NULL;
    const char *path = temp_path(folder, "raw.safetensors");
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        write_raw(path, headers[i], 54);
        check_fails(load(path, &model), EPO_EMODEL, "raw.safetensors");
    }
    check_fails(epo_model_load(temp_path(folder, "none.safetensors"), NULL, &model), EPO_ENOTFOUND, "none.safetensors");
    assert_int_not_equal(epo_model_load(folder, NULL, &model), EPO_OK);
    assert_null(model);
}

/* A small file whose network asks for a huge one is refused before that one is made. */
static void test_lying_network(void **state)
{
    (void)state;
    static const epo__text_pair huge[] = {
        {"epochal.net", "network huge\ninput planes=16 size=1024\nencoder\nflatten\nlinear 16\nstamp "
                        "planes=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p classes=bogus,real\nlinear 1\nsigmoid\n"}};
    static const epo__text_pair broken[] = {{"epochal.net", "network huge\ninput planes=16\n"}};
    static const epo__text_pair list[] = {{"epochal.net", net_text}, {"epochal.classes", "[\"A\"]"}};
    static const epo__text_pair number[] = {{"epochal.net", net_text}, {"epochal.classes", "{\"triplet\": [\"A\", 2, \"C\"]}"}};
    static const epo__text_pair few[] = {{"epochal.net", net_text}, {"epochal.classes", "{\"triplet\": [\"A\", \"B\"]}"}};
    static const epo__text_pair empty[] = {{"epochal.net", net_text}, {"epochal.normalise", ""}};
    static const epo__text_pair unknown[] = {{"epochal.net", net_text}, {"epochal.normalise", "l3"}};
    static const epo__text_pair strides[][2] = {{{"epochal.net", net_text}, {"epochal.stride", "0"}},
                                                {{"epochal.net", net_text}, {"epochal.stride", "99"}},
                                                {{"epochal.net", net_text}, {"epochal.stride", "1x"}}};
    epo_model *model = NULL;
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++)
        check_fails(epo_model_load(write_weights(net_tensors, TENSORS, strides[i], 2), NULL, &model), EPO_EMODEL, "m.safetensors: epochal.stride");
    assert_int_equal(epo_model_load(write_weights(net_tensors, TENSORS, huge, 1), NULL, &model), EPO_EMODEL);
    check_fails(epo_model_load(write_weights(net_tensors, TENSORS, broken, 1), NULL, &model), EPO_EMODEL,
                "m.safetensors (epochal.net):2: height= is missing");
    check_fails(epo_model_load(write_weights(net_tensors, TENSORS, list, 2), NULL, &model), EPO_EMODEL,
                "m.safetensors: epochal.classes is not a JSON object");
    check_fails(epo_model_load(write_weights(net_tensors, TENSORS, number, 2), NULL, &model), EPO_EMODEL,
                "m.safetensors: epochal.classes: the triplet head's class 2 is not a text");
    check_fails(epo_model_load(write_weights(net_tensors, TENSORS, few, 2), NULL, &model), EPO_EMODEL,
                "tensor triplet.linear1.weight is [3, 3], the network needs [2, 3]");
    check_fails(epo_model_load(write_weights(net_tensors, TENSORS, empty, 2), NULL, &model), EPO_EMODEL, "epochal.normalise");
    check_fails(epo_model_load(write_weights(net_tensors, TENSORS, unknown, 2), NULL, &model), EPO_EMODEL,
                "m.safetensors: epochal.normalise: normalisation \"l3\" is not known; there are none");
    check_fails(epo_model_load(write_weights(net_tensors, TENSORS, NULL, 0), NULL, &model), EPO_EMODEL,
                "m.safetensors: holds no network text, and none was given");
    assert_null(model);
}

static void test_round_trip(void **state)
{
    (void)state;
    const char *a = temp_path(folder, "a.safetensors"), *b = temp_path(folder, "b.safetensors");
    epo_model *model = NULL;
    epo_model_info info;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = "taonet-small";
    options.classes = "SN,RRLyrae,EB,constant";
    options.normalise = "ashin";
    check_fails(epo_model_create(&options, &model), EPO_EARG, "normalisation \"ashin\" is not known");
    options.normalise = "asinh scope=stamp";
    options.stride = 4;
    check_fails(epo_model_create(&options, &model), EPO_EARG, "a stride of 4 nights: 1 to 3");
    options.stride = 2;
    check_ok(epo_model_create(&options, &model));
    check_ok(epo_model_save(model, a));
    epo_model_free(model);

    check_ok(epo_model_load(a, NULL, &model));
    epo_model_get_info(model, &info);
    assert_string_equal(info.name, "taonet-small");
    assert_string_equal(info.normalise, "asinh scope=stamp");
    assert_int_equal(info.stride, 2);
    assert_int_equal(info.heads[EPO_HEAD_SEQUENCE].class_count, 4);
    assert_string_equal(info.heads[EPO_HEAD_TRIPLET].classes[3], "constant");
    assert_string_equal(info.heads[EPO_HEAD_STAMP].classes[1], "real");
    check_ok(epo_model_save(model, b));
    epo_model_free(model);

    size_t size_a, size_b;
    unsigned char *bytes_a = read_file(a, &size_a), *bytes_b = read_file(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(bytes_a, bytes_b, size_a);
    free(bytes_a);
    free(bytes_b);

    /* other names for the same four classes; the wrong number is refused */
    options = (epo_model_options)EPO_MODEL_OPTIONS_INIT;
    options.classes = "w,x,y,z";
    check_ok(epo_model_load(a, &options, &model));
    assert_int_equal(epo__model_class_index(model, EPO_HEAD_SEQUENCE, "Y"), 2);
    epo_model_free(model);
    options.classes = "w,x";
    model = NULL;
    check_fails(epo_model_load(a, &options, &model), EPO_EMODEL, "a.safetensors: tensor triplet.linear1.weight is [4, ");
    assert_null(model);
}

static void test_extra_metadata(void **state)
{
    (void)state;
    static const epo__text_pair pairs[] = {{"epochal.net", net_text}, {"epochal.run", "of 2026"}, {"note", "with \"quotes\""}};
    epo_model *model = NULL;
    epo__safetensors *file = NULL;
    const char *path = write_weights(net_tensors, TENSORS, pairs, 3);
    check_ok(epo_model_load(path, NULL, &model));
    check_ok(epo_model_save(model, path));
    epo_model_free(model);
    check_ok(epo__safetensors_open(path, &file));
    assert_string_equal(epo__safetensors_metadata(file, "epochal.run"), "of 2026");
    assert_string_equal(epo__safetensors_metadata(file, "note"), "with \"quotes\"");
    assert_string_equal(epo__safetensors_metadata(file, "epochal.net"), net_text);
    assert_string_equal(epo__safetensors_metadata(file, "epochal.classes"),
                        "{\"triplet\": [\"A\", \"B\", \"C\"], \"sequence\": [\"A\", \"B\", \"C\"]}");
    epo__safetensors_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_elsewhere), cmocka_unit_test(test_values),       cmocka_unit_test(test_heads_left_out),
        cmocka_unit_test(test_surplus),        cmocka_unit_test(test_wrong_shape),  cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_flipped_bits),   cmocka_unit_test(test_structure),    cmocka_unit_test(test_lying_network),
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_extra_metadata), cmocka_unit_test(test_mutations),
    };
    unsetenv("EPOCHAL_MODELS"); /* the networks of this checkout */
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
