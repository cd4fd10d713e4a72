/* SPDX-License-Identifier: BSD-3-Clause
 * task.c - tasks by name, or as groups of classes. */
#include "train/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

static const char NON[] = "NON"; /* the class of what is no transient */

void epo__task_free(epo__task *task)
{
    for (int i = 0; i < task->label_count; i++) free(task->names[i]);
    for (size_t i = 0; i < task->class_count; i++) free((char *)task->classes[i].name);
    *task = (epo__task){0};
}

char *epo__task_class_list(const epo__task *task)
{
    epo__string s = {0};
    for (int i = 0; i < task->label_count; i++) epo__string_addf(&s, "%s%s", i ? "," : "", task->names[i]);
    if (s.failed) epo__string_free(&s);
    return s.text;
}

static epo_status add_label(epo__task *task, const char *name)
{
    if (task->label_count == EPO__TASK_CLASSES) return epo__fail(EPO_ELIMIT, "a task of more than %d classes", EPO__TASK_CLASSES);
    if (!(task->names[task->label_count] = epo__strdup(name))) return epo__nomem("task");
    task->label_count++;
    return EPO_OK;
}

static epo_status add_class(epo__task *task, const char *name, int label)
{
    for (size_t i = 0; i < task->class_count; i++)
        if (strcmp(task->classes[i].name, name) == 0) return epo__fail(EPO_EARG, "class %s stands twice in the task", name);
    if (task->class_count == EPO__TASK_CLASSES) return epo__fail(EPO_ELIMIT, "a task of more than %d classes", EPO__TASK_CLASSES);
    char *copy = epo__strdup(name);
    if (!copy) return epo__nomem("task");
    task->classes[task->class_count++] = (epo__loader_class){.name = copy, .label = label, .transient = strcasecmp(name, NON) != 0};
    return EPO_OK;
}

/* Every class has its own output, in the network's order. */
static epo_status one_each(epo__task *task, const char *const *names, size_t count)
{
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        status = add_label(task, names[i]);
        if (status == EPO_OK) status = add_class(task, names[i], (int)i);
    }
    return status;
}

/* Classes of single detections, not of objects. */
static bool is_detection(const char *name)
{
    return strcasecmp(name, "real") == 0 || strcasecmp(name, "bogus") == 0;
}

/* All classes of the store but NON against NON. */
static epo_status transient_or_not(epo__task *task, const epo_store_contents *contents)
{
    epo_status status = add_label(task, "TRANSIENT");
    if (status == EPO_OK) status = add_label(task, NON);
    for (size_t i = 0; status == EPO_OK && i < contents->class_count; i++) {
        const char *name = contents->classes[i].name;
        if (name && !is_detection(name)) status = add_class(task, name, strcasecmp(name, NON) == 0 ? 1 : 0);
    }
    return status;
}

/* "A,B:C", cut in place. */
static epo_status groups(epo__task *task, char *text)
{
    epo_status status = EPO_OK;
    for (char *group; status == EPO_OK && (group = strsep(&text, ":"));) {
        char *name = epo__strdup(group);
        if (!name) return epo__nomem("task");
        for (char *c = name; *c; c++)
            if (*c == ',') *c = '+';
        status = add_label(task, name);
        free(name);
        for (char *class; status == EPO_OK && (class = strsep(&group, ","));)
            status = *class ? add_class(task, class, task->label_count - 1) : epo__fail(EPO_EARG, "an empty class in the task");
    }
    return status;
}

static bool in_store(const epo_store_contents *contents, const char *name)
{
    for (size_t i = 0; i < contents->class_count; i++)
        if (contents->classes[i].name && strcmp(contents->classes[i].name, name) == 0 && contents->classes[i].objects > 0) return true;
    return false;
}

static epo_status unknown(const epo_store_contents *contents, const char *name)
{
    epo__string have = {0};
    for (size_t i = 0; i < contents->class_count; i++)
        if (contents->classes[i].name) epo__string_addf(&have, "%s%s", have.length ? ", " : "", contents->classes[i].name);
    epo_status status = epo__fail(EPO_EARG, "no object of class %s in the store, which has %s: name the task's classes (--task A:B:C)", name,
                                  have.text ? have.text : "none");
    epo__string_free(&have);
    return status;
}

/* Every class that was named, and every output, must have something to learn from. */
static epo_status check_store(const epo__task *task, const epo_store_contents *contents)
{
    bool any[EPO__TASK_CLASSES] = {false};
    for (size_t i = 0; i < task->class_count; i++) {
        if (!in_store(contents, task->classes[i].name)) return unknown(contents, task->classes[i].name);
        any[task->classes[i].label] = true;
    }
    for (int label = 0; label < task->label_count; label++)
        if (!any[label]) return unknown(contents, task->names[label]);
    return task->label_count >= 2 ? EPO_OK : epo__fail(EPO_EARG, "a task needs two classes or more");
}

epo_status epo__task_parse(const char *text, const char *const *network_classes, size_t count, epo_store *store, epo__task *out)
{
    epo_store_contents contents = {0};
    *out = (epo__task){0};
    epo_status status = epo_store_info(store, &contents);
    char *spelled = epo__strdup(strcmp(text, "sn-vs-non") == 0 ? "SN:NON" : text);
    if (status == EPO_OK && !spelled) status = epo__nomem("task");
    if (status == EPO_OK) {
        if (strcmp(text, "multiclass") == 0 || strcmp(text, "realbogus") == 0)
            status = one_each(out, network_classes, count);
        else if (strcmp(text, "transient-vs-non") == 0)
            status = transient_or_not(out, &contents);
        else if (strchr(spelled, ':'))
            status = groups(out, spelled);
        else
            status = epo__fail(EPO_EARG, "task '%s' is not one of multiclass, realbogus, transient-vs-non, sn-vs-non, CLASS,CLASS:CLASS", text);
    }
    out->stamps = strcmp(text, "realbogus") == 0;
    if (status == EPO_OK) status = check_store(out, &contents);
    free(spelled);
    epo_store_info_free(&contents);
    if (status != EPO_OK) epo__task_free(out);
    return status;
}
