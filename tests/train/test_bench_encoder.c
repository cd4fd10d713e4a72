/* SPDX-License-Identifier: BSD-3-Clause
 * What an encoder costs: times in order, sums that are those of its layers, and what is refused. */
#include "support/check.h"

#include "epochal/bench.h"
#include "nn/net.h"

static const char text[] = "network n\n"
                           "input planes=3 size=8\n"
                           "fusion %s\n"
                           "encoder\n"
                           "    conv 4 kernel=3 pad=same\n"
                           "    gap\n"
                           "triplet classes=SN,CV,NON\n"
                           "    linear classes\n"
                           "    softmax\n";

static epo_bench_encoder_options options_for(const char *folder, const char *fusion)
{
    char whole[512];
    epo_bench_encoder_options options = EPO_BENCH_ENCODER_OPTIONS_INIT;
    options.net = temp_path(folder, "n.net");
    write_file(options.net, whole, (size_t)snprintf(whole, sizeof whole, text, fusion));
    options.batch = 3;
    options.seconds = 0;
    return options;
}

static void times(void **state)
{
    (void)state;
    char *folder = temp_make();
    epo_bench_encoder_options options = options_for(folder, "early");
    epo_bench_encoder_result r;
    for (options.threads = 0; options.threads < 3; options.threads++) {
        check_ok(epo_bench_encoder(&options, &r));
        assert_int_equal(r.rounds, 5);
        assert_true(r.fastest > 0 && r.median >= r.fastest && r.slowest >= r.median);
        assert_true(r.matrix_rate > 1e6);
        assert_int_equal(r.height, 8);
        assert_true(r.macs == 8 * 8 * 4 * 3 * 9); /* each pixel and channel: 3 channels, 9 places */
        assert_int_equal(epo__nn_threads(), 1);   /* the caller's own setting */
    }
    options.side = 20;
    check_ok(epo_bench_encoder(&options, &r));
    assert_int_equal(r.width, 20);
    assert_true(r.macs == 20 * 20 * 4 * 3 * 9);
    options = options_for(folder, "late"); /* each plane alone */
    check_ok(epo_bench_encoder(&options, &r));
    assert_true(r.macs == 3 * (8 * 8 * 4 * 9));
    temp_remove(folder);
}

static void refusals(void **state)
{
    (void)state;
    char *folder = temp_make();
    const epo_bench_encoder_options good = options_for(folder, "early");
    epo_bench_encoder_options bad = good;
    epo_bench_encoder_result r;
    bad.batch = 0;
    check_fails(epo_bench_encoder(&bad, &r), EPO_EARG, "a batch of 0 triplets");
    bad = good;
    bad.side = 1025;
    check_fails(epo_bench_encoder(&bad, &r), EPO_EARG, "a side of 1025 pixels");
    bad = good;
    bad.seconds = -1;
    check_fails(epo_bench_encoder(&bad, &r), EPO_EARG, "-1 seconds");
    bad = good;
    bad.net = "no-such-network";
    check_fails(epo_bench_encoder(&bad, &r), EPO_ENOTFOUND, "no-such-network");
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
