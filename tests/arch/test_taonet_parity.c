/* SPDX-License-Identifier: BSD-3-Clause
 * test_taonet_parity.c - TAO-Net against PyTorch, number by number.
 *
 * taonet_parity.py writes weights, triplets and PyTorch's logits into a folder and runs this with EPOCHAL_PARITY_DIR
 * naming it; skipped without. */
#include <math.h>
#include <stdlib.h>

#include "arch/model.h"
#include "support/check.h"

enum { MAX_SEQUENCES = 64, BATCH = 4, CLASSES = 6 };

static const char *dump_path(const char *name)
{
    const char *folder = getenv("EPOCHAL_PARITY_DIR");
    if (!folder || !*folder) skip();
    return temp_path(folder, name);
}

static float *read_floats(const char *name, size_t count)
{
    size_t size;
    float *values = (float *)(void *)read_file(dump_path(name), &size);
    assert_int_equal(size, count * sizeof *values);
    return values;
}

typedef struct copying {
    const float *from[64];
    size_t count, next;
} copying;

static epo_status note_value(void *context, const epo__param *param)
{
    copying *c = context;
    c->from[c->count++] = param->value;
    return EPO_OK;
}

static epo_status copy_value(void *context, const epo__param *param)
{
    copying *c = context;
    memcpy(param->value, c->from[c->next++], param->count * sizeof *param->value);
    return EPO_OK;
}

/* A plan of the model's head without its softmax, with the model's weights. */
static void make_logits(const epo_model *model, epo_head head, int batch, epo__net **net, epo__plan **plan)
{
    epo__network network = *epo__model_network(model);
    copying c = {0};
    network.heads[head].line_count--;
    epo__shape in = epo__net_in(epo__model_head(model, head));
    check_ok(epo__network_build(&network, &network.heads[head], in, UINT64_MAX, net));
    check_ok(epo__net_visit(epo__model_head(model, head), "", note_value, &c));
    check_ok(epo__net_visit(*net, "", copy_value, &c));
    assert_int_equal(c.count, c.next);
    check_ok(epo__plan_create(*net, batch, plan));
}

/* Against PyTorch's float32, which must agree, and its float64, which tells whose rounding it is. */
static void compare(const char *what, const float *ours, const char *name32, const char *name64, size_t count)
{
    float *torch32 = read_floats(name32, count), *torch64 = read_floats(name64, count);
    double worst = 0, worst64 = 0, torch_worst = 0, largest = 0, spread = 0;
    for (size_t i = 0; i < count; i++) {
        spread = fmax(spread, fabs((double)torch64[i] - torch64[i % CLASSES]));
        worst = fmax(worst, fabs((double)ours[i] - torch32[i]));
        worst64 = fmax(worst64, fabs((double)ours[i] - torch64[i]));
        torch_worst = fmax(torch_worst, fabs((double)torch32[i] - torch64[i]));
        largest = fmax(largest, fabs((double)torch64[i]));
    }
    printf("%s: %zu logits up to %.2f; largest difference from PyTorch %.2g (from its float64: ours %.2g, its own %.2g)\n", what,
           count, largest, worst, worst64, torch_worst);
    assert_true(largest > 1 && spread > 0.1); /* else the comparison would say little */
    assert_true(worst < 1e-5);
    free(torch32);
    free(torch64);
}

static void test_parity(void **state)
{
    (void)state;
    int lengths[MAX_SEQUENCES], sequences = 0, triplets = 0;
    FILE *file = fopen(dump_path("lengths.txt"), "r");
    assert_non_null(file);
    while (sequences < MAX_SEQUENCES && fscanf(file, "%d", &lengths[sequences]) == 1) triplets += lengths[sequences++];
    fclose(file);
    assert_true(sequences > 0);

    epo_model *model = NULL;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = "taonet";
    check_ok(epo_model_load(dump_path("weights.safetensors"), &options, &model));
    epo_model_info info;
    epo_model_get_info(model, &info);
    assert_true(info.heads[EPO_HEAD_SEQUENCE].present && info.heads[EPO_HEAD_TRIPLET].present);
    assert_false(info.heads[EPO_HEAD_STAMP].present);

    size_t pixels = (size_t)(info.planes * info.height * info.width), f = (size_t)info.features, n = (size_t)triplets;
    float *in = read_floats("triplets.f32", n * pixels), *features = calloc(n, f * sizeof(float));
    float *out = calloc(n, CLASSES * sizeof(float));
    assert_true(features && out);
    epo__net *nets[2];
    epo__plan *encoder, *plans[2];
    check_ok(epo__plan_create(epo__model_encoder(model), BATCH, &encoder));
    for (int i = 0; i < triplets; i += BATCH)
        check_ok(epo__plan_run(encoder, triplets - i < BATCH ? triplets - i : BATCH, in + (size_t)i * pixels, features + (size_t)i * f));

    make_logits(model, EPO_HEAD_SEQUENCE, sequences, &nets[0], &plans[0]);
    check_ok(epo__plan_run_sequences(plans[0], sequences, lengths, features, out));
    compare("sequence head", out, "sequence32.f32", "sequence64.f32", (size_t)sequences * CLASSES);
    make_logits(model, EPO_HEAD_TRIPLET, triplets, &nets[1], &plans[1]);
    check_ok(epo__plan_run(plans[1], triplets, features, out));
    compare("triplet head", out, "triplet32.f32", "triplet64.f32", n * CLASSES);

    epo__plan_destroy(encoder);
    for (int i = 0; i < 2; i++) {
        epo__plan_destroy(plans[i]);
        epo__net_destroy(nets[i]);
    }
    free(in);
    free(features);
    free(out);
    epo_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parity)};
    unsetenv("EPOCHAL_MODELS"); /* the networks of this checkout */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
