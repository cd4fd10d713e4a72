/* SPDX-License-Identifier: BSD-3-Clause
 * network_build.c - from the lines of a section to a chain of layers. */
#include <stdio.h>
#include <string.h>

#include "arch/network.h"
#include "base/error.h"

static epo_status add_line(const epo__network *network, const epo__network_section *section, const epo__network_line *line,
                           epo__net *net)
{
    epo__layer_arg args[EPO__MAX_ARGS];
    char classes[16];
    snprintf(classes, sizeof classes, "%zu", section->class_count);
    for (size_t i = 0; i < line->arg_count; i++) {
        args[i] = line->args[i];
        if (section->class_count && strcmp(line->word, "linear") == 0 && strcmp(args[i].value, "classes") == 0)
            args[i].value = classes;
    }
    epo_status status = epo__net_add(net, line->word, NULL, args, line->arg_count);
    if (status == EPO_OK) return EPO_OK;
    bool wrong = status == EPO_EARG || status == EPO_ELIMIT;
    return epo__fail_in(wrong ? EPO_EMODEL : status, "%s:%d", network->source, line->number);
}

static epo_status check_result(const epo__network *network, const epo__network_section *section, const epo__net *net)
{
    epo__shape out = epo__net_out(net);
    const epo__network_line *last = &section->lines[section->line_count - 1];
    bool sequence = section == &network->heads[EPO_HEAD_SEQUENCE];
    if (epo__net_is_recurrent(net) != sequence)
        return epo__fail(EPO_EMODEL, "%s:%d: %s", network->source, section->number,
                         sequence ? "the sequence head must begin with gru" : "gru belongs into the sequence head");
    if (out.height != 1 || out.width != 1)
        return epo__fail(EPO_EMODEL, "%s:%d: the section ends in %dx%dx%d, not in a vector: flatten or pool it", network->source,
                         last->number, out.channels, out.height, out.width);
    if (section == &network->encoder) return EPO_OK;
    bool sigmoid = strcmp(last->word, "sigmoid") == 0;
    if (sigmoid ? out.channels == 1 && section->class_count == 2 : (size_t)out.channels == section->class_count) return EPO_OK;
    return epo__fail(EPO_EMODEL, "%s:%d: %d outputs for %zu classes%s", network->source, last->number, out.channels,
                     section->class_count, sigmoid ? " (a sigmoid is one output for two classes)" : "");
}

epo_status epo__network_build(const epo__network *network, const epo__network_section *section, epo__shape in,
                              uint64_t max_parameters, epo__net **out)
{
    epo__net *net = NULL;
    epo_status status = epo__net_create(in, &net);
    if (status == EPO_OK) epo__net_limit(net, max_parameters);
    for (size_t i = 0; i < section->line_count && status == EPO_OK; i++) status = add_line(network, section, &section->lines[i], net);
    if (status == EPO_OK) status = check_result(network, section, net);
    if (status == EPO_OK)
        *out = net;
    else
        epo__net_destroy(net);
    return status;
}

epo__shape epo__network_input(const epo__network *network)
{
    epo__shape shape = {.channels = network->planes, .height = network->height, .width = network->width};
    if (network->late_fusion || network->join_horizontal) shape.channels = 1;
    if (network->join_horizontal) shape.width *= network->planes;
    return shape;
}

int epo__network_date_count(const epo__network *network)
{
    return network->dates ? network->planes : 0;
}
