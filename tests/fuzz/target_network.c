/* SPDX-License-Identifier: BSD-3-Clause
 * target_network.c - network texts, and the chains of layers that are built from them, no larger than a weights file of
 * 256 KiB could fill. */
#include "arch/network.h"
#include "fuzz/target.h"

enum { MOST_VALUES = 1 << 16 };

static void build(const epo__network *network)
{
    const epo__network_section *const sections[] = {&network->encoder, &network->heads[0], &network->heads[1],
                                                    &network->heads[2]};
    epo__shape in = epo__network_input(network);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        epo__net *net = NULL;
        if (i && !sections[i]->present) continue;
        if (epo__network_build(network, sections[i], in, MOST_VALUES, &net) != EPO_OK) {
            if (i) continue;
            return;
        }
        if (i == 0) {
            in = epo__net_out(net);
            if (network->late_fusion) in.channels *= network->planes;
            in.channels += epo__network_date_count(network);
        }
        epo__net_destroy(net);
    }
}

static int run(const uint8_t *bytes, size_t size)
{
    epo__network *network = NULL;
    if (epo__network_read(fuzz_file(bytes, size), &network) != EPO_OK) return 0;
    fuzz_touch_text(network->name);
    fuzz_touch_text(network->about);
    fuzz_touch_text(network->normalise);
    build(network);
    epo__network_set_classes(network, "A,B");
    build(network);
    epo__network_free(network);
    return 1;
}

static const char *const words[] = {
    "network ",   "about ",     "input ",     "planes=",    "size=",   "height=", "width=",    "fusion ",    "early",
    "late",       "join ",      "horizontal", "normalise ", "asinh",   "scope=",  "sequence",  "plane",      "pad ",
    "corner",     "centre",     "value=",     "encoder\n",  "conv ",   "kernel=", "same",      "bias=0",     "dense ",
    "layers=",    "growth=",    "triplet ",   "stamp ",     "nights=", "stride=", "dates=on",  "classes=",   "gru ",
    "output=sum", "linear ",    "classes",    "softmax",    "sigmoid", "relu",    "batchnorm", "dropout ",   "pool ",
    "maxpool ",   "transition", "flatten",    "gap",        "\n",      "#",       "1e38",      "2147483647", NULL};

const fuzz_target fuzz_network = {.name = "network", .run = run, .words = words, .max_size = 4 << 10};
