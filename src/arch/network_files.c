/* SPDX-License-Identifier: BSD-3-Clause
 * network_files.c - where network texts lie, and reading one. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/network.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/bytes.h"

#ifndef EPO_DATADIR
#define EPO_DATADIR "/usr/local/share/epochal"
#endif

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
        epo_status status = epo__fail(EPO_ENOTFOUND, "%s: there is no network of this name in %s (EPOCHAL_MODELS names another folder)", name,
                                      standard_folder());
        free(made);
        return status;
    }
    *path = made;
    return EPO_OK;
}

epo_status epo__network_read(const char *path, epo__network **out)
{
    unsigned char *bytes = NULL;
    char *text = NULL;
    size_t size;
    epo_status status = epo__bytes_read(path, EPO__MAX_NETWORK_TEXT, &bytes, &size);
    if (status == EPO_EFORMAT || status == EPO_ELIMIT)
        return epo__fail(EPO_EMODEL, "%s: a network text has 1 to %d bytes", path, EPO__MAX_NETWORK_TEXT);
    if (status != EPO_OK) return status;
    if (memchr(bytes, '\0', size))
        status = epo__fail(EPO_EMODEL, "%s: holds a zero byte: this is no text", path);
    else if (!(text = epo__strndup((const char *)bytes, size)))
        status = epo__nomem(path);
    else
        status = epo__network_parse(path, text, out);
    free(text);
    free(bytes);
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
    if (!directory)
        return epo__fail(errno == ENOENT || errno == ENOTDIR ? EPO_ENOTFOUND : EPO_EIO,
                         "%s: %s; the environment variable EPOCHAL_MODELS names the folder of the network texts", folder, strerror(errno));
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
