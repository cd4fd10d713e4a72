/* SPDX-License-Identifier: BSD-3-Clause
 * test_parity.c - networks with every layer in them give what PyTorch gives; make_fixture.py wrote what is read here,
 * and says how. With EPOCHAL_TAONET_DUMP, TAO-Net in full size as well. */
#include "network.h"

enum { MAX_SEQUENCES = 64 };

struct file {
    FILE *text, *numbers;
    epo__net *net;
    char name[64];
    int lengths[MAX_SEQUENCES], sequences;
    size_t params; /* filled */
    float *result; /* of the network before */
    size_t result_size;
    int networks;
};

static void read_param(struct file *file, const char *name, size_t count)
{
    epo__param param = find_param(file->net, name);
    float *numbers = read_floats(file->numbers, count);
    assert_int_equal(param.count, count);
    memcpy(param.value, numbers, count * sizeof *numbers);
    file->params++;
    free(numbers);
}

/* Runs the network on `in` and keeps the result. */
static void run_network(struct file *file, const float *in, size_t count)
{
    epo__plan *plan = NULL;
    size_t params = 0;
    for (size_t i = 0; i < epo__net_length(file->net); i++) params += epo__net_layer(file->net, i)->param_count;
    assert_int_equal(file->params, params);
    int batch = file->sequences ? file->sequences : (int)(count / in_size(file->net));
    free(file->result);
    file->result_size = (size_t)batch * out_size(file->net);
    file->result = malloc(file->result_size * sizeof *file->result);
    assert_non_null(file->result);
    check_ok(epo__plan_create(file->net, batch, &plan));
    if (file->sequences)
        check_ok(epo__plan_run_sequences(plan, batch, file->lengths, in, file->result));
    else
        check_ok(epo__plan_run(plan, batch, in, file->result));
    epo__plan_destroy(plan);
}

static void read_line(struct file *file, char *line)
{
    char word[96];
    int c, h, w;
    size_t count;
    line[strcspn(line, "\n")] = 0;
    if (sscanf(line, "net %63s %d %d %d", file->name, &c, &h, &w) == 4) {
        check_ok(epo__net_create((epo__shape){c, h, w}, &file->net));
        file->sequences = 0;
        file->params = 0;
    } else if (strncmp(line, "layer ", 6) == 0) {
        check_ok(add_line(file->net, line + 6));
    } else if (sscanf(line, "param %95s %zu", word, &count) == 2) {
        read_param(file, word, count);
    } else if (strncmp(line, "lengths ", 8) == 0) {
        file->sequences = read_ints(line + 8, file->lengths, MAX_SEQUENCES);
    } else if (strcmp(line, "input previous") == 0) {
        float *in = file->result;
        file->result = NULL;
        run_network(file, in, file->result_size);
        free(in);
    } else if (sscanf(line, "input %zu", &count) == 1) {
        float *in = read_floats(file->numbers, count);
        run_network(file, in, count);
        free(in);
    } else if (sscanf(line, "output %zu", &count) == 1) {
        float *expected = read_floats(file->numbers, count);
        assert_int_equal(count, file->result_size);
        check_close(file->name, file->result, expected, count, 1e-5);
        free(expected);
        epo__net_destroy(file->net);
        file->net = NULL;
        file->networks++;
    } else {
        fail_msg("line '%s' is not understood", line);
    }
}

static int check_file(const char *prefix)
{
    char path[1024], line[512];
    struct file file = {0};
    snprintf(path, sizeof path, "%s.txt", prefix);
    file.text = fopen(path, "r");
    snprintf(path, sizeof path, "%s.bin", prefix);
    file.numbers = fopen(path, "rb");
    assert_non_null(file.text);
    assert_non_null(file.numbers);
    while (fgets(line, sizeof line, file.text)) read_line(&file, line);
    assert_int_equal(fgetc(file.numbers), EOF);
    fclose(file.text);
    fclose(file.numbers);
    free(file.result);
    return file.networks;
}

static void test_small_networks(void **state)
{
    (void)state;
    assert_int_equal(check_file("tests/nn/fixtures/parity"), 7);
}

static void test_taonet(void **state)
{
    (void)state;
    const char *prefix = getenv("EPOCHAL_TAONET_DUMP");
    if (!prefix) skip();
    assert_int_equal(check_file(prefix), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_networks),
        cmocka_unit_test(test_taonet),
    };
    return cmocka_run_group_tests_name("nn parity", tests, NULL, NULL);
}
