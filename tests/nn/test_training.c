/* SPDX-License-Identifier: BSD-3-Clause
 * test_training.c - losses, gradients, running statistics and five steps of every optimiser are PyTorch's, to 1e-4 of
 * the largest number of each tensor; make_fixture.py wrote what is read here, and says how. */
#include <math.h>

#include "nn/gradplan.h"
#include "nn/loss.h"
#include "nn/optimiser.h"
#include "reference.h"

enum { MAX_SAMPLES = 16, STEPS = 5 };

struct file {
    FILE *text, *numbers;
    epo__net *net;
    char name[64];
    int labels[MAX_SAMPLES], samples, lengths[MAX_SAMPLES], sequences;
    char loss[128]; /* its line */
    float *weights, *factors, *in, *d_in;
    size_t in_count;
    struct {
        char name[64];
        float *value;
    } start[128]; /* of the parameters */
    size_t params, networks, checked;
};

static void check_tensor(struct file *file, const char *what, const char *name, const float *got, size_t count)
{
    float *expected = read_floats(file->numbers, count);
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)expected[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= 1e-4 * largest + 1e-9))
            fail_msg("%s, %s: %s[%zu] is %.9g, not %.9g", file->name, what, name, i, (double)got[i],
                     (double)expected[i]);
    free(expected);
    file->checked++;
}

/* One forward and backward pass on the file's batch. */
static double pass(struct file *file, epo__gradplan *plan)
{
    int count = file->sequences ? file->sequences : file->samples;
    size_t outputs = epo__shape_size(epo__gradplan_out(plan));
    float *out = malloc((size_t)count * outputs * sizeof *out), *d_out = malloc((size_t)count * outputs * sizeof *out);
    double mean = 0;
    assert_true(out && d_out);
    epo__net_zero_gradients(file->net);
    if (file->sequences)
        check_ok(epo__gradplan_forward_sequences(plan, 0, count, file->lengths, file->in, out));
    else
        check_ok(epo__gradplan_forward(plan, 0, count, file->in, out));
    if (says(file->loss, "product")) {
        for (size_t i = 0; i < (size_t)count * outputs; i++) mean += (double)out[i] * (double)file->factors[i];
        memcpy(d_out, file->factors, (size_t)count * outputs * sizeof *out);
    } else if (says(file->loss, "sigmoid")) {
        epo__sigmoid_loss loss = {.positive_weight = option(file->loss, "weight", 1)};
        check_ok(epo__sigmoid_loss_run(&loss, (size_t)count, out, file->labels, &mean, d_out, NULL));
    } else {
        epo__softmax_loss loss = {outputs, file->weights, option(file->loss, "smoothing", 0)};
        check_ok(epo__softmax_loss_run(&loss, (size_t)count, out, file->labels, &mean, d_out, NULL));
    }
    check_ok(epo__gradplan_backward(plan, d_out, file->d_in));
    free(out), free(d_out);
    return mean;
}

static epo__gradplan *make_plan(struct file *file)
{
    epo__gradplan *plan = NULL;
    epo__gradplan_options options = {0};
    check_ok(epo__gradplan_create(file->net, file->sequences ? file->sequences : file->samples, &options, &plan));
    return plan;
}

/* Back to the first parameters. */
static void restart(struct file *file)
{
    for (size_t i = 0; i < file->params; i++) {
        epo__param param = find_param(file->net, file->start[i].name);
        memcpy(param.value, file->start[i].value, param.count * sizeof *param.value);
    }
}

static void first_pass(struct file *file)
{
    epo__gradplan *plan = make_plan(file);
    double expected = atof(strrchr(file->loss, ' ')), mean = pass(file, plan);
    if (!(fabs(mean - expected) <= 1e-5 * fabs(expected)))
        fail_msg("%s: loss is %.9g, not %.9g", file->name, mean, expected);
    epo__gradplan_destroy(plan);
}

static void optimise(struct file *file, const char *line)
{
    epo__optimiser_options options = says(line, "adamw")  ? EPO__OPTIMISER_ADAMW
                                     : says(line, "adam") ? EPO__OPTIMISER_ADAM
                                                          : EPO__OPTIMISER_SGD;
    epo__optimiser *optimiser = NULL;
    options.momentum = option(line, "momentum", 0);
    options.decay = option(line, "decay", 0);
    options.nesterov = option(line, "nesterov", 0) != 0;
    double clip = option(line, "clip", 0);
    restart(file);
    epo__gradplan *plan = make_plan(file);
    check_ok(epo__optimiser_create(&options, &optimiser));
    check_ok(epo__optimiser_add(optimiser, file->net, ""));
    for (int i = 0; i < STEPS; i++) {
        pass(file, plan);
        if (clip > 0) epo__optimiser_clip(optimiser, clip);
        epo__optimiser_step(optimiser, option(line, "rate", 0));
    }
    assert_int_equal(epo__optimiser_steps(optimiser), STEPS);
    epo__optimiser_destroy(optimiser);
    epo__gradplan_destroy(plan);
}

static void end_network(struct file *file)
{
    epo__net_destroy(file->net);
    for (size_t i = 0; i < file->params; i++) free(file->start[i].value);
    free(file->weights), free(file->factors), free(file->in), free(file->d_in);
    *file = (struct file){file->text, file->numbers, .networks = file->networks + 1, .checked = file->checked};
}

static void read_param(struct file *file, const char *name, size_t count)
{
    epo__param param = find_param(file->net, name);
    assert_int_equal(param.count, count);
    assert_true(file->params < sizeof file->start / sizeof *file->start);
    snprintf(file->start[file->params].name, sizeof file->start->name, "%s", name);
    file->start[file->params].value = read_floats(file->numbers, count);
    memcpy(param.value, file->start[file->params++].value, count * sizeof(float));
}

static void read_line(struct file *file, char *line)
{
    char word[96];
    int c, h, w;
    size_t count;
    line[strcspn(line, "\n")] = 0;
    if (sscanf(line, "net %63s %d %d %d", file->name, &c, &h, &w) == 4) {
        check_ok(epo__net_create((epo__shape){c, h, w}, &file->net));
    } else if (strncmp(line, "layer ", 6) == 0) {
        check_ok(add_line(file->net, line + 6));
    } else if (sscanf(line, "param %95s %zu", word, &count) == 2) {
        read_param(file, word, count);
    } else if (strncmp(line, "labels ", 7) == 0) {
        file->samples = read_ints(line + 7, file->labels, MAX_SAMPLES);
    } else if (strncmp(line, "lengths ", 8) == 0) {
        file->sequences = read_ints(line + 8, file->lengths, MAX_SAMPLES);
    } else if (sscanf(line, "weights %zu", &count) == 1) {
        file->weights = read_floats(file->numbers, count);
    } else if (sscanf(line, "factors %zu", &count) == 1) {
        file->factors = read_floats(file->numbers, count);
    } else if (sscanf(line, "input %zu", &count) == 1) {
        file->in = read_floats(file->numbers, count);
        file->d_in = calloc(count, sizeof(float));
        file->in_count = count;
        if (!file->sequences) file->samples = (int)(count / in_size(file->net));
    } else if (strncmp(line, "loss ", 5) == 0) {
        snprintf(file->loss, sizeof file->loss, "%s", line);
        check_ok(epo__net_want_gradients(file->net, "", NULL, NULL));
        first_pass(file);
    } else if (sscanf(line, "grad %95s %zu", word, &count) == 2) {
        check_tensor(file, "gradient", word, find_param(file->net, word).grad, count);
    } else if (sscanf(line, "input_grad %zu", &count) == 1) {
        assert_int_equal(count, file->in_count);
        check_tensor(file, "gradient", "input", file->d_in, count);
    } else if (sscanf(line, "running %95s %zu", word, &count) == 2) {
        check_tensor(file, "after one pass", word, find_param(file->net, word).value, count);
    } else if (strncmp(line, "optimiser ", 10) == 0) {
        optimise(file, line);
    } else if (sscanf(line, "after %95s %zu", word, &count) == 2) {
        check_tensor(file, "after five steps", word, find_param(file->net, word).value, count);
    } else if (strcmp(line, "end") == 0) {
        end_network(file);
    } else {
        fail_msg("line '%s' is not understood", line);
    }
}

static void test_pytorch(void **state)
{
    (void)state;
    char line[512];
    struct file file = {.text = fopen("tests/nn/fixtures/training.txt", "r"),
                        .numbers = fopen("tests/nn/fixtures/training.bin", "rb")};
    assert_true(file.text && file.numbers);
    while (fgets(line, sizeof line, file.text)) read_line(&file, line);
    assert_int_equal(fgetc(file.numbers), EOF);
    fclose(file.text);
    fclose(file.numbers);
    assert_int_equal(file.networks, 5);
    assert_true(file.checked > 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pytorch),
    };
    return cmocka_run_group_tests_name("nn training", tests, NULL, NULL);
}
