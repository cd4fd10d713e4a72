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
#include "base/text.h"

enum { MAX_DEPTH = 32 };

typedef struct level {
    char *folder;
    char **names;
    size_t count, room, next;
} level;

struct epo__walk {
    const char *const *paths, *const *suffixes;
    const char *first;
    size_t count, next;
    bool second_round; /* with `first`: round one takes its files, round two the others */
    level levels[MAX_DEPTH];
    int depth;
    char *current;
};

epo_status epo__walk_create(const char *const *paths, size_t count, const char *const *suffixes, const char *first, epo__walk **out)
{
    epo__walk *w = epo__alloc(1, sizeof *w);
    if (!w) return epo__nomem("list of files");
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
    free(walk);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static epo_status push_folder(epo__walk *w, const char *path)
{
    if (w->depth == MAX_DEPTH) return epo__fail(EPO_ELIMIT, "%s: more than %d folders deep", path, MAX_DEPTH);
    level l = {.folder = epo__strdup(path)};
    epo_status status = l.folder ? EPO_OK : epo__nomem("list of files");
    DIR *handle = status == EPO_OK ? opendir(path) : NULL;
    if (status == EPO_OK && !handle) status = epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
    for (struct dirent *entry; status == EPO_OK && (entry = readdir(handle));) {
        if (entry->d_name[0] == '.') continue; /* hidden files, and the folder itself */
        if (!epo__grow(&l.names, &l.room, l.count + 1, sizeof *l.names) || !(l.names[l.count] = epo__strdup(entry->d_name)))
            status = epo__nomem("list of files");
        else
            l.count++;
    }
    if (handle) closedir(handle);
    if (status != EPO_OK) {
        level_free(&l);
        return status;
    }
    if (l.count) qsort(l.names, l.count, sizeof *l.names, by_name);
    w->levels[w->depth++] = l;
    return EPO_OK;
}

static bool wanted(const epo__walk *w, const char *path, bool named)
{
    bool is_first = w->first && epo__ends_with(path, w->first);
    if (w->first && is_first == w->second_round) return false; /* the other round's */
    if (named || is_first) return true;
    for (size_t i = 0; w->suffixes[i]; i++)
        if (epo__ends_with(path, w->suffixes[i])) return true;
    return false;
}

/* The next entry of the folder at hand, or of the paths given; false when there is none. */
static bool next_entry(epo__walk *w, bool *named, epo_status *status)
{
    free(w->current);
    w->current = NULL;
    while (w->depth > 0) {
        level *l = &w->levels[w->depth - 1];
        if (l->next < l->count) {
            const char *slash = epo__ends_with(l->folder, "/") ? "" : "/";
            w->current = epo__format("%s%s%s", l->folder, slash, l->names[l->next++]);
            *named = false;
            *status = w->current ? EPO_OK : epo__nomem("list of files");
            return true;
        }
        level_free(l);
        w->depth--;
    }
    if (w->next == w->count && !w->second_round) {
        w->second_round = true;
        w->next = 0;
    }
    if (w->next == w->count) return false;
    w->current = epo__strdup(w->paths[w->next++]);
    *named = true;
    *status = w->current ? EPO_OK : epo__nomem("list of files");
    return true;
}

epo_status epo__walk_next(epo__walk *walk, const char **path)
{
    bool named;
    epo_status status = EPO_OK;
    *path = NULL;
    while (next_entry(walk, &named, &status)) {
        if (status != EPO_OK) return status;
        struct stat info;
        if (stat(walk->current, &info) != 0) {
            if (walk->first && !walk->second_round) continue; /* named once, in the second round */
            *path = walk->current;
            return epo__fail(errno == ENOENT ? EPO_ENOTFOUND : EPO_EIO, "%s: %s", walk->current, strerror(errno));
        }
        if (S_ISDIR(info.st_mode)) {
            status = push_folder(walk, walk->current);
            if (status == EPO_OK) continue;
            *path = walk->current;
            return status;
        }
        if (wanted(walk, walk->current, named)) {
            *path = walk->current;
            return EPO_OK;
        }
    }
    return EPO_OK;
}
