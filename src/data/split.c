/* SPDX-License-Identifier: BSD-3-Clause
 * split.c - objects divided into train, validation and test, group by group.
 *
 * Groups are the sets of a union-find over objects and parents. They are dealt out largest first, in an order by chance
 * among equals, each to the part where it brings the counts of its classes closest to what is wanted: the cost is the
 * sum over parts and classes of ((count - wanted) / objects of the class)^2, so a rare class counts as much as a common
 * one. Then groups are moved one by one as long as that lowers the cost. */
#include "epochal/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/split.h"
#include "epochal/augment.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/store.h"

const char *const epo_split_part_names[EPO_SPLIT_PARTS] = {"train", "validation", "test"};

enum { SWEEPS = 20 }; /* over all groups while moving them; the cost stops falling after a few */

typedef struct member {
    int64_t id;
    size_t class_index;
    const char *name, *parent, *survey; /* of the pool */
    bool augmented;                     /* its parent is of another survey */
    size_t root;                        /* union-find: towards the set's first object */
    size_t group;
} member;

typedef struct group {
    size_t first, count; /* in the list of members by group */
    int part;
} group;

typedef struct splitter {
    epo__pool texts;
    member *members; /* in order of their ids */
    size_t member_count, member_room;
    size_t *by_group; /* members, group after group */
    group *groups;
    size_t group_count;
    epo_split_table *table;
    size_t class_room;
    double *excess;  /* class x part: objects there minus objects wanted */
    double *total;   /* objects of each class */
} splitter;

/* --- reading ------------------------------------------------------------------------------------------------------------- */

static epo_status class_index(splitter *s, const char *name, size_t *index)
{
    epo_split_table *t = s->table;
    for (*index = 0; *index < t->class_count; ++*index)
        if (strcmp(t->classes[*index].name, name) == 0) return EPO_OK;
    if (!epo__grow(&t->classes, &s->class_room, t->class_count + 1, sizeof *t->classes)) return epo__nomem("classes");
    if (!(t->classes[t->class_count].name = epo__strdup(name))) return epo__nomem("classes");
    t->class_count++;
    return EPO_OK;
}

static epo_status read_member(splitter *s, epo_store *store, int64_t id)
{
    epo__object_row row;
    epo_status status = epo__store_object_get(store, id, &s->texts, &row);
    if (status != EPO_OK) return status;
    if (!row.class_name) {
        s->table->left_out++;
        return EPO_OK;
    }
    bool augmented = false;
    if ((status = epo__store_source_is(store, row.source, EPO_AUGMENT_FORMAT, &augmented)) != EPO_OK) return status;
    if (!epo__grow(&s->members, &s->member_room, s->member_count + 1, sizeof *s->members)) return epo__nomem("objects");
    member *m = &s->members[s->member_count];
    *m = (member){.id = id, .name = row.name, .parent = row.parent, .survey = row.survey, .augmented = augmented, .root = s->member_count};
    s->member_count++;
    return class_index(s, row.class_name, &m->class_index);
}

static epo_status read_members(splitter *s, epo_store *store)
{
    int64_t ids[256], after = 0;
    size_t count;
    for (;;) {
        epo_status status = epo__store_objects_next(store, NULL, after, ids, sizeof ids / sizeof *ids, &count);
        if (status != EPO_OK) return status;
        if (count == 0) return EPO_OK;
        for (size_t i = 0; status == EPO_OK && i < count; i++) status = read_member(s, store, ids[i]);
        if (status != EPO_OK) return status;
        after = ids[count - 1];
    }
}

/* --- groups ---------------------------------------------------------------------------------------------------------------- */

static size_t find_root(member *members, size_t i)
{
    while (members[i].root != i) {
        members[i].root = members[members[i].root].root;
        i = members[i].root;
    }
    return i;
}

/* The smaller index becomes the root, so that a set is named after its first object whatever the order of joining. */
static void join(member *members, size_t a, size_t b)
{
    a = find_root(members, a);
    b = find_root(members, b);
    if (a < b)
        members[b].root = a;
    else
        members[a].root = b;
}

/* A name that ties objects together: what an object is called, and what it says its parent is. */
typedef struct tie {
    const char *survey, *name;
    bool any_survey;
    size_t member;
} tie;

static int by_tie(const void *a, const void *b)
{
    const tie *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order == 0) order = strcmp(x->survey, y->survey);
    return order ? order : (x->member > y->member) - (x->member < y->member);
}

/* An object made of a real one shows the same sky in another survey: it goes with all that have its parent's name. */
static void tie_augmented(splitter *s, const tie *ties, size_t count)
{
    for (size_t first = 0, end; first < count; first = end) {
        bool any = false;
        for (end = first; end < count && strcmp(ties[end].name, ties[first].name) == 0; end++) any = any || ties[end].any_survey;
        for (size_t i = first + 1; any && i < end; i++) join(s->members, ties[first].member, ties[i].member);
    }
}

static epo_status tie_parents(splitter *s)
{
    size_t room, count = 0;
    tie *ties = epo__size_mul(s->member_count, 2, &room) ? epo__alloc(room, sizeof *ties) : NULL;
    if (!ties) return epo__nomem("groups");
    for (size_t i = 0; i < s->member_count; i++) {
        const member *m = &s->members[i];
        ties[count++] = (tie){m->survey, m->name, false, i};
        if (m->parent && m->parent[0]) ties[count++] = (tie){m->survey, m->parent, m->augmented, i};
    }
    qsort(ties, count, sizeof *ties, by_tie);
    for (size_t i = 1; i < count; i++)
        if (strcmp(ties[i].name, ties[i - 1].name) == 0 && strcmp(ties[i].survey, ties[i - 1].survey) == 0)
            join(s->members, ties[i - 1].member, ties[i].member);
    tie_augmented(s, ties, count);
    free(ties);
    return EPO_OK;
}

/* Lists the sets, and the members of each side by side. */
static epo_status list_groups(splitter *s)
{
    s->groups = epo__alloc(s->member_count, sizeof *s->groups);
    s->by_group = epo__alloc(s->member_count, sizeof *s->by_group);
    if (!s->groups || !s->by_group) return epo__nomem("groups");
    for (size_t i = 0; i < s->member_count; i++) {
        const size_t root = find_root(s->members, i); /* never after i */
        s->members[i].group = root == i ? s->group_count++ : s->members[root].group;
        s->groups[s->members[i].group].count++;
    }
    for (size_t g = 1; g < s->group_count; g++) s->groups[g].first = s->groups[g - 1].first + s->groups[g - 1].count;
    for (size_t g = 0; g < s->group_count; g++) s->groups[g].count = 0;
    for (size_t i = 0; i < s->member_count; i++) {
        group *g = &s->groups[s->members[i].group];
        s->by_group[g->first + g->count++] = i;
    }
    return EPO_OK;
}

/* --- dealing out ------------------------------------------------------------------------------------------------------------ */

/* Puts a group into a part (sign 1) or takes it out (sign -1); returns by how much the cost changes. */
static double shift(splitter *s, const group *g, int part, int sign)
{
    double change = 0;
    for (size_t i = 0; i < g->count; i++) {
        const size_t c = s->members[s->by_group[g->first + i]].class_index;
        double *excess = &s->excess[c * EPO_SPLIT_PARTS + (size_t)part];
        change += (2 * sign * *excess + 1) / (s->total[c] * s->total[c]);
        *excess += sign;
    }
    return change;
}

/* Adds the group to the part where that costs least. */
static void settle(splitter *s, const double *fractions, group *g)
{
    double least = INFINITY;
    for (int part = 0; part < EPO_SPLIT_PARTS; part++) {
        if (!(fractions[part] > 0)) continue;
        const double cost = shift(s, g, part, 1);
        shift(s, g, part, -1);
        if (cost < least - 1e-12) { /* rounding decides nothing */
            least = cost;
            g->part = part;
        }
    }
    shift(s, g, g->part, 1);
}

typedef struct turn {
    size_t group, size, chance;
} turn;

static int by_turn(const void *a, const void *b)
{
    const turn *x = a, *y = b;
    if (x->size != y->size) return x->size > y->size ? -1 : 1;
    return (x->chance > y->chance) - (x->chance < y->chance);
}

static epo_status deal(splitter *s, const epo_split_options *o)
{
    const size_t classes = s->table->class_count;
    size_t *chance = epo__alloc(s->group_count, sizeof *chance);
    turn *turns = epo__alloc(s->group_count, sizeof *turns);
    s->excess = epo__alloc(epo__product(classes, EPO_SPLIT_PARTS), sizeof *s->excess);
    s->total = epo__alloc(classes, sizeof *s->total);
    epo_status status = chance && turns && s->excess && s->total ? EPO_OK : epo__nomem("groups");
    if (status != EPO_OK) goto done;
    for (size_t i = 0; i < s->member_count; i++) s->total[s->members[i].class_index]++;
    for (size_t c = 0; c < classes; c++)
        for (size_t part = 0; part < EPO_SPLIT_PARTS; part++) s->excess[c * EPO_SPLIT_PARTS + part] = -o->fractions[part] * s->total[c];
    epo__rng rng = {.seed = o->seed, .stream = epo__rng_stream("split")};
    for (size_t g = 0; g < s->group_count; g++) chance[g] = g;
    epo__rng_shuffle(&rng, chance, s->group_count);
    for (size_t g = 0; g < s->group_count; g++) turns[g] = (turn){g, s->groups[g].count, chance[g]};
    qsort(turns, s->group_count, sizeof *turns, by_turn);
    for (size_t i = 0; i < s->group_count; i++) settle(s, o->fractions, &s->groups[turns[i].group]);
    for (int sweep = 0, moved = 1; moved && sweep < SWEEPS; sweep++) {
        moved = 0;
        for (size_t i = 0; i < s->group_count; i++) {
            group *g = &s->groups[turns[i].group];
            const int before = g->part;
            shift(s, g, before, -1);
            settle(s, o->fractions, g);
            moved |= g->part != before;
        }
    }
done:
    free(chance);
    free(turns);
    return status;
}

/* --- all of it ---------------------------------------------------------------------------------------------------------------- */

epo_status epo__split_check_name(epo_store *store, const char *name)
{
    if (!name || !name[0]) return epo__fail(EPO_EARG, "the split needs a name");
    if (strchr(name, ':')) return epo__fail(EPO_EARG, "'%s': a colon parts name and part", name);
    int64_t count;
    epo_status status = epo__store_objects_count(store, &(epo__object_filter){.split = name}, &count);
    if (status == EPO_OK && count > 0) return epo__fail(EPO_ESTORE, "%s: there is a split '%s' already", epo__store_path(store), name);
    return status == EPO_ENOTFOUND ? EPO_OK : status;
}

static epo_status check_options(epo_store *store, const epo_split_options *o)
{
    double sum = 0;
    for (int part = 0; part < EPO_SPLIT_PARTS; part++) {
        if (!(o->fractions[part] >= 0)) return epo__fail(EPO_EARG, "a fraction of %g", o->fractions[part]);
        sum += o->fractions[part];
    }
    if (!(fabs(sum - 1) < 1e-6)) return epo__fail(EPO_EARG, "the fractions add up to %g, not 1", sum);
    return epo__split_check_name(store, o->name);
}

static epo_status write_split(const splitter *s, epo_store *store, const epo_split_options *o)
{
    epo__string text = {0};
    int64_t id;
    epo__string_addf(&text, "{\"fractions\":[%.17g,%.17g,%.17g],\"by\":\"%s\"", o->fractions[0], o->fractions[1], o->fractions[2],
                     o->by == EPO_SPLIT_BY_OBJECT ? "object" : "parent");
    if (epo_store_labels_as_of(store)) epo__string_addf(&text, ",\"labels_as_of\":\"%s\"", epo_store_labels_as_of(store));
    epo__string_add(&text, "}");
    epo_status status = text.failed ? epo__nomem("split") : epo__store_split_add(store, o->name, o->seed, text.text, &id);
    for (size_t i = 0; status == EPO_OK && i < s->member_count; i++) {
        const int part = s->groups[s->members[i].group].part;
        status = epo__store_split_member_add(store, id, s->members[i].id, epo_split_part_names[part]);
    }
    epo__string_free(&text);
    return status;
}

static int by_class_name(const void *a, const void *b)
{
    return strcmp(((const epo_split_class *)a)->name, ((const epo_split_class *)b)->name);
}

static void fill_table(const splitter *s)
{
    epo_split_table *t = s->table;
    for (size_t i = 0; i < s->member_count; i++) {
        const int part = s->groups[s->members[i].group].part;
        t->classes[s->members[i].class_index].objects[part]++;
        t->objects[part]++;
    }
    t->groups = (int64_t)s->group_count;
    qsort(t->classes, t->class_count, sizeof *t->classes, by_class_name);
}

epo_status epo_split(epo_store *store, const epo_split_options *options, epo_split_table *out)
{
    splitter s = {.table = out};
    *out = (epo_split_table){0};
    /* one transaction from reading to writing: nobody adds objects in between */
    epo_status status = epo__store_begin(store);
    if (status != EPO_OK) return status;
    status = check_options(store, options);
    if (status == EPO_OK) status = read_members(&s, store);
    if (status == EPO_OK && s.member_count == 0) status = epo__fail(EPO_ENOTFOUND, "%s: no object has a class", epo__store_path(store));
    if (status == EPO_OK && options->by == EPO_SPLIT_BY_PARENT) status = tie_parents(&s);
    if (status == EPO_OK) status = list_groups(&s);
    if (status == EPO_OK) status = deal(&s, options);
    if (status == EPO_OK) status = write_split(&s, store, options);
    if (status == EPO_OK) status = epo__store_commit(store);
    if (status == EPO_OK)
        fill_table(&s);
    else
        epo__store_rollback(store);
    free(s.members);
    free(s.by_group);
    free(s.groups);
    free(s.excess);
    free(s.total);
    epo__pool_free(&s.texts);
    return status;
}

void epo_split_table_free(epo_split_table *table)
{
    for (size_t i = 0; i < table->class_count; i++) free(table->classes[i].name);
    free(table->classes);
    *table = (epo_split_table){0};
}
