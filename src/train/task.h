/* SPDX-License-Identifier: BSD-3-Clause
 * task.h - what a training tells apart: groups of the store's classes, and the outputs they are trained as.
 *
 *     multiclass          every class of the network is an output; other classes of the store are left out
 *     realbogus           bogus and real, for the stamp head, in the order that the network has them
 *     transient-vs-non    all other classes against NON; real and bogus are left out
 *     sn-vs-non           SN against NON; others are left out
 *     A,B:C:D,E           as many outputs as groups, named A+B, C, D+E
 */
#ifndef EPO_TRAIN_TASK_H
#define EPO_TRAIN_TASK_H

#include "data/loader.h"
#include "epochal/model.h"
#include "epochal/store.h"

enum { EPO__TASK_CLASSES = 64 };

typedef struct epo__task {
    bool stamps;                              /* trains the stamp head */
    int label_count;
    char *names[EPO__TASK_CLASSES];           /* of the outputs */
    epo__loader_class classes[EPO__TASK_CLASSES]; /* of the store; names owned */
    size_t class_count;
} epo__task;

/* `network_classes`: the outputs of the head that is trained (multiclass, realbogus), in their order. EPO_EARG with the reason, naming the classes
 * that the store has. The caller releases *out with epo__task_free. */
epo_status epo__task_parse(const char *text, const char *const *network_classes, size_t count, epo_store *store, epo__task *out);
void epo__task_free(epo__task *task);

/* The outputs as "A,B,C", for epo_model_options. The caller frees it; NULL without memory. */
char *epo__task_class_list(const epo__task *task);

#endif
