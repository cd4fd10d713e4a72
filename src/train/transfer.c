/* SPDX-License-Identifier: BSD-3-Clause
 * transfer.c - parameters by name, and the rows of merged classes. */
#include "train/transfer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

typedef struct lookup {
    const char *name;
    const epo__param *found;
    epo__param copy;
} lookup;

static epo_status match(void *context, const epo__param *param)
{
    lookup *l = context;
    if (strcmp(param->name, l->name) == 0) {
        l->copy = *param;
        l->found = &l->copy;
    }
    return EPO_OK;
}

/* l->found is NULL when there is none of this name. */
static epo_status find(const epo_model *model, const char *name, lookup *l)
{
    *l = (lookup){.name = name};
    return epo__model_visit(model, match, l);
}

typedef struct transfer {
    const epo_model *from, *to;
    const epo__task *task;
} transfer;

static bool same_shape(const epo__param *a, const epo__param *b)
{
    return a->ndim == b->ndim && memcmp(a->dims, b->dims, (size_t)a->ndim * sizeof *a->dims) == 0;
}

/* The head a parameter belongs to, -1 for the encoder. */
static int head_of(const char *name)
{
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        const char *head = epo_head_name((epo_head)h);
        size_t n = strlen(head);
        if (strncmp(name, head, n) == 0 && name[n] == '.') return h;
    }
    return -1;
}

/* True for a parameter of the last layer that has any: the one that gives the outputs. */
static bool in_last_layer(const epo__net *net, const char *head, const char *name)
{
    size_t i = epo__net_length(net);
    while (i > 0 && epo__net_layer(net, i - 1)->param_count == 0) i--;
    if (i == 0) return false;
    const char *layer = epo__net_layer(net, i - 1)->name;
    size_t n = strlen(head) + 1, m = strlen(layer);
    return strncmp(name + n, layer, m) == 0 && name[n + m] == '.';
}

/* True when the new rows are this head's outputs, one a class, in both models. */
static bool is_output(const transfer *t, int head, const epo__param *old, const epo__param *new)
{
    if (!in_last_layer(epo__model_head(t->to, (epo_head)head), epo_head_name((epo_head)head), new->name)) return false;
    size_t was = epo__model_network(t->from)->heads[head].class_count, is = epo__model_network(t->to)->heads[head].class_count;
    return head != EPO_HEAD_STAMP && (size_t)old->dims[0] == was && (size_t)new->dims[0] == is && old->ndim == new->ndim &&
           (old->ndim == 1 || old->dims[1] == new->dims[1]);
}

/* Row `label` of the new output from the rows of the classes it was merged from. */
static epo_status merge_row(const transfer *t, int head, const epo__param *old, const epo__param *new, int label)
{
    size_t width = old->count / (size_t)old->dims[0], merged = 0;
    float *row = new->value + (size_t)label * width;
    double *sum = epo__alloc(width, sizeof *sum);
    if (!sum) return epo__nomem("weights of an output");
    for (size_t i = 0; i < t->task->class_count; i++) {
        int k = t->task->classes[i].label == label ? epo__model_class_index(t->from, (epo_head)head, t->task->classes[i].name) : -1;
        if (k < 0) continue;
        for (size_t j = 0; j < width; j++) sum[j] += (double)old->value[(size_t)k * width + j];
        merged++;
    }
    for (size_t j = 0; merged && j < width; j++) row[j] = (float)(sum[j] / (double)merged + (old->ndim == 1 ? log((double)merged) : 0));
    free(sum);
    return EPO_OK;
}

static epo_status take(void *context, const epo__param *new)
{
    transfer *t = context;
    lookup l;
    epo_status status = find(t->from, new->name, &l);
    if (status != EPO_OK) return status;
    const epo__param *old = l.found;
    int head = head_of(new->name);
    if (!old) return head < 0 ? epo__fail(EPO_EARG, "the weights to start from have no %s: another encoder", new->name) : EPO_OK;
    bool output = head >= 0 && is_output(t, head, old, new);
    if (!output && same_shape(old, new)) {
        memcpy(new->value, old->value, new->count * sizeof *new->value);
    } else if (output) {
        for (int label = 0; status == EPO_OK && label < t->task->label_count; label++) status = merge_row(t, head, old, new, label);
    } else if (head < 0) {
        return epo__fail(EPO_EARG, "%s has another shape in the weights to start from: another encoder", new->name);
    }
    return status;
}

epo_status epo__transfer(const epo_model *from, const epo_model *to, const epo__task *task)
{
    transfer t = {.from = from, .to = to, .task = task};
    return epo__model_visit(to, take, &t);
}
