/* SPDX-License-Identifier: BSD-3-Clause
 * walk.c - a stack of sorted folder listings. */
#include "data/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/text.h"

enum { MAX_DEPTH = 32, MAX_LINKS = 10000 };

typedef struct level {
    char *folder;
    dev_t device; /* with inode: which folder it is, however it is called */
    ino_t inode;
    char **names;
    size_t count, room, next;
} level;

typedef struct place {
    dev_t device;
    ino_t inode;
} place;

struct epo__walk {
    const char *const *paths, *const *suffixes;
    const char *first;
    size_t count, next;
    bool second_round; /* with `first`: round one takes its files, round two the others */
    bool *fruitful;    /* of paths: something was found there */
    level levels[MAX_DEPTH];
    int depth;
    place *linked; /* folders that a link led to in this round, which are gone into once: links of links can be 2^32 ways */
    size_t linked_count, linked_room;
    char *current;
};

epo_status epo__walk_create(const char *const *paths, size_t count, const char *const *suffixes, const char *first,
                            epo__walk **out)
{
    epo__walk *w = epo__alloc(1, sizeof *w);
    if (!w || !(w->fruitful = epo__alloc(count, sizeof *w->fruitful))) {
        free(w);
        return epo__nomem("list of files");
    }
    w->paths = paths;
    w->count = count;
    w->suffixes = suffixes;
    w->first = first;
    w->second_round = first == NULL;
    *out = w;
    return EPO_OK;
}

static void level_free(level *l)
{
    for (size_t i = 0; i < l->count; i++) free(l->names[i]);
    free(l->names);
    free(l->folder);
    *l = (level){0};
}

void epo__walk_free(epo__walk *walk)
{
    if (!walk) return;
    for (int i = 0; i < walk->depth; i++) level_free(&walk->levels[i]);
    free(walk->current);
    free(walk->fruitful);
    free(walk->linked);
    free(walk);
}

static epo_status list_folder(DIR *handle, level *l)
{
    for (struct dirent *entry; (entry = readdir(handle));) {
        if (entry->d_name[0] == '.') continue; /* hidden files, and the folder itself */
        if (!epo__grow(&l->names, &l->room, l->count + 1, sizeof *l->names) ||
            !(l->names[l->count] = epo__strdup(entry->d_name)))
            return epo__nomem("list of files");
        l->count++;
    }
    if (l->count) qsort(l->names, l->count, sizeof *l->names, epo__by_text);
    return EPO_OK;
}

static epo_status push_folder(epo__walk *w, const char *path, const struct stat *info)
{
    if (w->depth == MAX_DEPTH) return epo__fail(EPO_ELIMIT, "%s: more than %d folders deep", path, MAX_DEPTH);
    for (int i = 0; i < w->depth; i++)
        if (w->levels[i].device == info->st_dev && w->levels[i].inode == info->st_ino)
            return epo__fail(EPO_EFORMAT, "%s: leads back to %s", path, w->levels[i].folder);
    level l = {.folder = epo__strdup(path), .device = info->st_dev, .inode = info->st_ino};
    if (!l.folder) return epo__nomem("list of files");
    DIR *handle = opendir(path);
    epo_status status = handle ? list_folder(handle, &l) : epo__fail(errno == ENOMEM ? EPO_ENOMEM : EPO_EIO, "%s: %s", path, strerror(errno));
    if (handle) closedir(handle);
    if (status == EPO_OK)
        w->levels[w->depth++] = l;
    else
        level_free(&l);
    return status;
}

/* Files of this name are taken, in one round or the other. */
static bool wanted(const epo__walk *w, const char *path, bool named)
{
    if (named || (w->first && epo__ends_with(path, w->first))) return true;
    for (size_t i = 0; w->suffixes[i]; i++)
        if (epo__ends_with(path, w->suffixes[i])) return true;
    return false;
}

static bool this_round(const epo__walk *w, const char *path)
{
    return !w->first || epo__ends_with(path, w->first) != w->second_round;
}

/* Whether the last of `paths` is done, and was a folder without a file. */
static bool was_fruitless(const epo__walk *w)
{
    return w->second_round && w->depth == 0 && w->next > 0 && !w->fruitful[w->next - 1];
}

/* The next entry of the folder at hand, or of the paths given, into w->current; NULL there when there is none. */
static epo_status next_entry(epo__walk *w, bool *named)
{
    free(w->current);
    w->current = NULL;
    *named = false;
    while (w->depth > 0) {
        level *l = &w->levels[w->depth - 1];
        if (l->next < l->count) {
            w->current =
                epo__format("%s%s%s", l->folder, epo__ends_with(l->folder, "/") ? "" : "/", l->names[l->next++]);
            return w->current ? EPO_OK : epo__nomem("list of files");
        }
        level_free(l);
        w->depth--;
        if (!was_fruitless(w)) continue;
        w->fruitful[w->next - 1] = true; /* said once */
        w->current = epo__strdup(w->paths[w->next - 1]);
        return w->current ? epo__fail(EPO_ENOTFOUND, "%s: no files that end in %s", w->current, w->suffixes[0])
                          : epo__nomem("list of files");
    }
    if (w->next == w->count && !w->second_round) {
        w->second_round = true;
        w->next = w->linked_count = 0;
    }
    if (w->next == w->count) return EPO_OK;
    *named = true;
    w->current = epo__strdup(w->paths[w->next++]);
    return w->current ? EPO_OK : epo__nomem("list of files");
}

static bool is_link(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

/* Whether another link has led into the folder already. */
static bool met_before(const epo__walk *w, const struct stat *info)
{
    for (size_t i = 0; i < w->linked_count; i++)
        if (w->linked[i].device == info->st_dev && w->linked[i].inode == info->st_ino) return true;
    return false;
}

/* Into the folder that a link in another one leads to, unless one did before. */
static epo_status push_linked(epo__walk *w, const struct stat *info)
{
    if (met_before(w, info)) return EPO_OK;
    if (w->linked_count == MAX_LINKS) return epo__fail(EPO_ELIMIT, "%s: over %d links to folders", w->current, MAX_LINKS);
    if (!epo__grow(&w->linked, &w->linked_room, w->linked_count + 1, sizeof *w->linked)) return epo__nomem("list of files");
    epo_status status = push_folder(w, w->current, info);
    if (status == EPO_OK) w->linked[w->linked_count++] = (place){info->st_dev, info->st_ino};
    return status;
}

/* EPO_OK with *taken for a file to hand out; a folder is gone into. */
static epo_status visit(epo__walk *w, bool named, bool *taken)
{
    struct stat info;
    bool want = wanted(w, w->current, named), found = stat(w->current, &info) == 0,
         folder = found && S_ISDIR(info.st_mode);
    *taken = false;
    if (!folder && !want) return EPO_OK; /* a stray link too */
    if (!folder) w->fruitful[w->next - 1] = true;
    if (!folder && !this_round(w, w->current)) return EPO_OK;
    *taken = found && !folder;
    if (folder) {
        epo_status status = !named && is_link(w->current) ? push_linked(w, &info) : push_folder(w, w->current, &info);
        if (status != EPO_OK) w->fruitful[w->next - 1] = true; /* what is wrong with it has been said */
        /* a folder that cannot be searched is named once, in the second round */
        return status == EPO_ENOMEM || w->second_round ? status : EPO_OK;
    }
    return found ? EPO_OK : epo__fail(errno == ENOENT ? EPO_ENOTFOUND : EPO_EIO, "%s: %s", w->current, strerror(errno));
}

epo_status epo__walk_next(epo__walk *walk, const char **path)
{
    bool named, taken = false;
    epo_status status;
    *path = NULL;
    do {
        status = next_entry(walk, &named);
        if (status == EPO_OK && walk->current) status = visit(walk, named, &taken);
    } while (status == EPO_OK && walk->current && !taken);
    *path = walk->current;
    return status;
}
