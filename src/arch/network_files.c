/* SPDX-License-Identifier: BSD-3-Clause
 * network_files.c - where network texts lie, and reading one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/network.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#ifndef EPO_DATADIR
#define EPO_DATADIR "/usr/local/share/epochal"
#endif

static epo_status fail_errno(const char *path)
{
    return epo__fail(errno == ENOENT || errno == ENOTDIR ? EPO_ENOTFOUND : EPO_EIO, "%s: %s", path, strerror(errno));
}

static const char *standard_folder(void)
{
    struct stat info;
    const char *folder = getenv("EPOCHAL_MODELS");
    if (folder && *folder) return folder;
    return stat("models", &info) == 0 && S_ISDIR(info.st_mode) ? "models" : EPO_DATADIR "/models";
}

epo_status epo__network_find(const char *name, char **path)
{
    bool is_path = strchr(name, '/') || epo__ends_with(name, ".net");
    char *made = is_path ? epo__strdup(name) : epo__format("%s/%s.net", standard_folder(), name);
    if (!made) return epo__nomem("network");
    if (!is_path && access(made, F_OK) != 0) {
        epo_status status = epo__fail(EPO_ENOTFOUND, "%s: there is no network of this name in %s", name, standard_folder());
        free(made);
        return status;
    }
    *path = made;
    return EPO_OK;
}

epo_status epo__network_read(const char *path, epo__network **out)
{
    epo_status status = EPO_OK;
    char *text = NULL;
    size_t length = 0;
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO by that name must not make us wait */
    if (file < 0) return fail_errno(path);
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        status = epo__fail(EPO_EIO, "%s: is not a regular file", path);
        goto done;
    }
    text = epo__alloc(EPO__MAX_NETWORK_TEXT + 2, 1);
    if (!text) {
        status = epo__nomem(path);
        goto done;
    }
    while (length <= EPO__MAX_NETWORK_TEXT) {
        ssize_t got = read(file, text + length, EPO__MAX_NETWORK_TEXT + 1 - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            status = fail_errno(path);
            goto done;
        }
        if (got == 0) break;
        length += (size_t)got;
    }
    if (length > EPO__MAX_NETWORK_TEXT)
        status = epo__fail(EPO_EMODEL, "%s: a network text has at most %d bytes", path, EPO__MAX_NETWORK_TEXT);
    else if (memchr(text, '\0', length))
        status = epo__fail(EPO_EMODEL, "%s: holds a zero byte: this is no text", path);
    else
        status = epo__network_parse(path, text, out);
done:
    free(text);
    close(file);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

epo_status epo_model_list(const char *folder, char ***paths, size_t *count)
{
    char **found = NULL;
    size_t n = 0, capacity = 0;
    epo_status status = EPO_OK;
    if (!folder) folder = standard_folder();
    DIR *directory = opendir(folder);
    if (!directory) return fail_errno(folder);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.' || !epo__ends_with(entry->d_name, ".net")) continue;
        if (!epo__grow(&found, &capacity, n + 1, sizeof *found) || !(found[n] = epo__format("%s/%s", folder, entry->d_name))) {
            status = epo__nomem(folder);
            break;
        }
        n++;
    }
    closedir(directory);
    if (status != EPO_OK) {
        epo_model_list_free(found, n);
        return status;
    }
    if (n) qsort(found, n, sizeof *found, by_name);
    *paths = found;
    *count = n;
    return EPO_OK;
}

void epo_model_list_free(char **paths, size_t count)
{
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
}
