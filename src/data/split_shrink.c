/* SPDX-License-Identifier: BSD-3-Clause
 * split_shrink.c - a split with a part of another's objects to learn from.
 *
 * Groups (objects of one parent) are put into strata by the class among theirs that is rarest in the part, and shuffled
 * within each. Of a stratum of n groups the first ceil(f n) are taken: so splits are stratified, and nested. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/objects.h"
#include "data/split.h"
#include "store/objects.h"
#include "store/results.h"

typedef struct member {
    int64_t id;
    const char *class_name, *survey, *parent; /* of the pool; parent: the name of the group */
    size_t same;                              /* objects of its class in the part */
} member;

typedef struct members {
    member *all;
    size_t count, room;
    epo__pool texts;
} members;

static epo_status read_train(epo_store *store, const char *of, members *m)
{
    epo__object_cursor cursor = {0};
    char *part = epo__format("%s:train", of);
    epo_status status = part ? epo__object_cursor_set(&cursor, part) : epo__nomem("split");
    int64_t id;
    free(part);
    while (status == EPO_OK && (status = epo__object_cursor_next(&cursor, store, &id)) == EPO_OK && id) {
        epo__object_row row;
        status = epo__store_object_get(store, id, &m->texts, &row);
        if (status != EPO_OK) break;
        if (!epo__grow(&m->all, &m->room, m->count + 1, sizeof *m->all)) return epo__nomem("objects");
        m->all[m->count++] = (member){.id = id,
                                      .class_name = row.class_name ? row.class_name : "",
                                      .survey = row.survey,
                                      .parent = row.parent && *row.parent ? row.parent : row.name};
    }
    return status;
}

static int by_class(const void *a, const void *b)
{
    return strcmp(((const member *)a)->class_name, ((const member *)b)->class_name);
}

/* Rarest class first within a group, so that its first member says its stratum. */
static int by_group(const void *a, const void *b)
{
    const member *x = a, *y = b;
    int order = strcmp(x->survey, y->survey);
    if (order == 0) order = strcmp(x->parent, y->parent);
    if (order == 0) order = (x->same > y->same) - (x->same < y->same);
    if (order == 0) order = strcmp(x->class_name, y->class_name);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

static bool same_group(const member *a, const member *b)
{
    return strcmp(a->survey, b->survey) == 0 && strcmp(a->parent, b->parent) == 0;
}

typedef struct group {
    size_t first, count; /* members */
    const char *stratum;
    size_t chance;
} group;

static int by_stratum(const void *a, const void *b)
{
    const group *x = a, *y = b;
    const int order = strcmp(x->stratum, y->stratum);
    return order ? order : (x->chance > y->chance) - (x->chance < y->chance);
}

static epo_status list_groups(members *m, uint64_t seed, group **out, size_t *count)
{
    qsort(m->all, m->count, sizeof *m->all, by_class);
    for (size_t i = 0, next; i < m->count; i = next) {
        for (next = i; next < m->count && by_class(&m->all[i], &m->all[next]) == 0;) next++;
        for (size_t j = i; j < next; j++) m->all[j].same = next - i;
    }
    qsort(m->all, m->count, sizeof *m->all, by_group);
    group *groups = *out = epo__alloc(m->count, sizeof *groups);
    size_t *chance = epo__alloc(m->count, sizeof *chance);
    *count = 0;
    if (!groups || !chance) {
        free(chance);
        return epo__nomem("groups");
    }
    for (size_t i = 0; i < m->count; i++) {
        if (i == 0 || !same_group(&m->all[i - 1], &m->all[i]))
            groups[(*count)++] = (group){.first = i, .stratum = m->all[i].class_name};
        groups[*count - 1].count++;
    }
    epo__rng rng = {.seed = seed, .stream = epo__rng_stream("split shrink")};
    for (size_t g = 0; g < *count; g++) chance[g] = g;
    epo__rng_shuffle(&rng, chance, *count);
    for (size_t g = 0; g < *count; g++) groups[g].chance = chance[g];
    qsort(groups, *count, sizeof *groups, by_stratum);
    free(chance);
    return EPO_OK;
}

static epo_status add_groups(epo_store *store, int64_t split, const members *m, const group *groups, size_t count,
                             double fraction, int64_t *objects)
{
    epo_status status = EPO_OK;
    for (size_t i = 0, next; status == EPO_OK && i < count; i = next) {
        for (next = i; next < count && strcmp(groups[i].stratum, groups[next].stratum) == 0;) next++;
        const size_t taken =
            (size_t)ceil(fraction * (double)(next - i) - 1e-9); /* 0.1 of 30 is 3, whatever rounding says */
        for (size_t g = i; g < i + taken; g++)
            for (size_t k = 0; status == EPO_OK && k < groups[g].count; k++, ++*objects)
                status = epo__store_split_member_add(store, split, m->all[groups[g].first + k].id, "train");
    }
    return status;
}

static epo_status copy_part(epo_store *store, int64_t split, const char *of, const char *part)
{
    const epo__object_filter filter = {.split = of, .part = part};
    int64_t ids[256], after = 0, there;
    size_t count;
    epo_status status = epo__store_objects_count(store, &filter, &there);
    if (status == EPO_ENOTFOUND) return EPO_OK; /* a split need not have all parts */
    while (status == EPO_OK && (status = epo__store_objects_next(store, &filter, after, ids, 256, &count)) == EPO_OK &&
           count) {
        for (size_t i = 0; status == EPO_OK && i < count; i++)
            status = epo__store_split_member_add(store, split, ids[i], part);
        after = ids[count - 1];
    }
    return status;
}

static epo_status write_split(epo_store *store, const char *of, double fraction, uint64_t seed, const char *name,
                              const char *options, const members *m, int64_t *objects)
{
    group *groups = NULL;
    size_t count;
    int64_t id;
    members sorted = *m;
    epo_status status = list_groups(&sorted, seed, &groups, &count);
    if (status == EPO_OK) status = epo__store_split_add(store, name, seed, options, &id);
    if (status == EPO_OK) status = add_groups(store, id, &sorted, groups, count, fraction, objects);
    if (status == EPO_OK) status = copy_part(store, id, of, "validation");
    if (status == EPO_OK) status = copy_part(store, id, of, "test");
    free(groups);
    return status;
}

/* Whether there is such a split already, made in the same way. */
static epo_status look_for(epo_store *store, const char *name, const char *options, bool *there, int64_t *objects)
{
    const epo__object_filter filter = {.split = name, .part = "train"};
    bool same;
    epo_status status = epo__store_split_options_are(store, name, options, there, &same);
    if (status != EPO_OK || !*there) return status;
    if (!same) return epo__fail(EPO_ESTORE, "there is another split '%s' already", name);
    return epo__store_objects_count(store, &filter, objects);
}

epo_status epo__split_shrink(epo_store *store, const char *of, double fraction, uint64_t seed, const char *name,
                             int64_t *objects)
{
    members m = {0};
    epo__string options = {0};
    bool there = false;
    *objects = 0;
    if (!(fraction > 0 && fraction <= 1)) return epo__fail(EPO_EARG, "a share of %g: above 0, and 1 at most", fraction);
    epo__string_add(&options, "{\"of\":");
    epo__string_add_json(&options, of);
    epo__string_addf(&options, ",\"fraction\":%.17g,\"seed\":\"%llu\"}", fraction, (unsigned long long)seed);
    epo_status status = options.failed ? epo__nomem("split") : epo__store_begin(store);
    if (status == EPO_OK) {
        status = look_for(store, name, options.text, &there, objects);
        if (status == EPO_OK && !there) status = read_train(store, of, &m);
        if (status == EPO_OK && !there)
            status = write_split(store, of, fraction, seed, name, options.text, &m, objects);
        if (status == EPO_OK) status = epo__store_commit(store);
        if (status != EPO_OK) epo__store_rollback(store);
    }
    free(m.all);
    epo__pool_free(&m.texts);
    epo__string_free(&options);
    return status;
}
