/* SPDX-License-Identifier: BSD-3-Clause
 * test_damage.c - a model file with one bit flipped, or cut short, never loads. Flips are seeded; EPOCHAL_FAULTS=long makes a
 * hundred times as many, and every bit of the header. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "epochal/forest.h"
#include "epochal/model.h"
#include "support/check.h"

enum { FLIPS = 1000, LONG_FLIPS = 100000, CUTS = 100 };

typedef epo_status (*load_fn)(const char *path); /* frees what was loaded */

static epo_status load_network(const char *path)
{
    epo_model *model = NULL;
    epo_status status = epo_model_load(path, NULL, &model);
    assert_int_equal(status == EPO_OK, model != NULL);
    epo_model_free(model);
    return status;
}

static epo_status load_forest(const char *path)
{
    epo_forest *forest = NULL;
    epo_status status = epo_forest_load(path, &forest);
    assert_int_equal(status == EPO_OK, forest != NULL);
    epo_forest_free(forest);
    return status;
}

static bool is_long(void)
{
    const char *form = getenv("EPOCHAL_FAULTS");
    return form && strcmp(form, "long") == 0;
}

static void must_be_refused(load_fn load, const char *path, const char *how, size_t where)
{
    const epo_status status = load(path);
    if (status == EPO_OK) fail_msg("%s at %zu: it was loaded", how, where);
    if (!strstr(epo_error_message(), "damaged.safetensors")) fail_msg("%s at %zu: \"%s\" does not name the file", how, where, epo_error_message());
}

static void flip(int file, size_t bit, const unsigned char *bytes)
{
    const unsigned char byte = (unsigned char)(bytes[bit / 8] ^ 1u << bit % 8);
    assert_int_equal(pwrite(file, &byte, 1, (off_t)(bit / 8)), 1);
}

static void unflip(int file, size_t bit, const unsigned char *bytes)
{
    assert_int_equal(pwrite(file, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
}

static void damage(const char *whole, load_fn load)
{
    char *folder = temp_make();
    char path[600];
    size_t size;
    unsigned char *bytes = read_file(whole, &size);
    epo__rng rng = {.seed = 20261125};
    snprintf(path, sizeof path, "%s/damaged.safetensors", folder);
    write_file(path, bytes, size);
    check_ok(load(path));
    const int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    const int flips = is_long() ? LONG_FLIPS : FLIPS;
    for (int i = 0; i < flips; i++) {
        const size_t bit = 8 * (size_t)epo__rng_below(&rng, (uint32_t)size) + epo__rng_below(&rng, 8);
        flip(file, bit, bytes);
        must_be_refused(load, path, "bit", bit);
        unflip(file, bit, bytes);
    }
    const size_t header = 8 + (size_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16);
    assert_true(header < size);
    for (size_t bit = 0; bit < 8 * header; bit += is_long() ? 1 : 8 * header / FLIPS + 1) {
        flip(file, bit, bytes);
        must_be_refused(load, path, "bit of the header", bit);
        unflip(file, bit, bytes);
    }
    check_ok(load(path)); /* all were flipped back */
    close(file);
    for (size_t i = 0; i < CUTS; i++) {
        const size_t kept = i < 10 ? size - 1 - i : epo__rng_below(&rng, (uint32_t)size);
        write_file(path, bytes, kept);
        must_be_refused(load, path, "cut", kept);
    }
    if (is_long()) printf("%s: %d flips of %zu bits, %zu of the header, %d cuts: all refused\n", whole, flips, 8 * size, 8 * header, CUTS);
    free(bytes);
    temp_remove(folder);
}

static void a_damaged_network_never_loads(void **state)
{
    (void)state;
    damage("models/hits.safetensors", load_network);
}

static void a_damaged_forest_never_loads(void **state)
{
    (void)state;
    enum { ROWS = 40, FEATURES = 3 };
    static const char *const names[] = {"a", "b", "c"};
    static float values[ROWS * FEATURES];
    static const char *labels[ROWS];
    epo__rng rng = {.seed = 3};
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = i % 3 ? "x" : "y";
        for (size_t k = 0; k < FEATURES; k++) values[i * FEATURES + k] = (float)(epo__rng_normal(&rng) + (double)(i % 3 ? k : 0));
    }
    const epo_forest_table table = {.names = names, .columns = FEATURES, .values = values, .rows = ROWS, .labels = labels};
    epo_forest_options options = EPO_FOREST_OPTIONS_INIT;
    options.trees = 4;
    epo_forest *forest = NULL;
    char *folder = temp_make();
    check_ok(epo_forest_train(&table, &options, &forest));
    const char *path = temp_path(folder, "forest.safetensors");
    check_ok(epo_forest_save(forest, path));
    epo_forest_free(forest);
    damage(path, load_forest);
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_network_never_loads),
        cmocka_unit_test(a_damaged_forest_never_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
