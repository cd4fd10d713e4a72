/* SPDX-License-Identifier: BSD-3-Clause
 * network_files.c - where network texts and weights lie, and reading a text. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/model_parts.h"
#include "arch/network.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/text.h"
#include "formats/bytes.h"

#ifndef EPO_DATADIR
#define EPO_DATADIR "/usr/local/share/epochal"
#endif

static const char net_ending[] = ".net", weights_ending[] = ".safetensors";

static const char *standard_folder(void)
{
    struct stat info;
    const char *folder = getenv("EPOCHAL_MODELS");
    if (folder && *folder) return folder;
    return stat("models", &info) == 0 && S_ISDIR(info.st_mode) ? "models" : EPO_DATADIR "/models";
}

epo_status epo__network_find(const char *name, char **path)
{
    bool is_path = strchr(name, '/') || epo__ends_with(name, net_ending);
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

epo_status epo__model_find(const char *name, char **path)
{
    struct stat here;
    bool is_path = strchr(name, '/') || epo__ends_with(name, weights_ending) || !*name, exists = stat(name, &here) == 0;
    if (is_path || (exists && !S_ISDIR(here.st_mode)))
        return (*path = epo__strdup(name)) ? EPO_OK : epo__nomem("model");
    char *made = epo__format("%s/%s%s", standard_folder(), name, weights_ending);
    if (made && access(made, F_OK) != 0) {
        free(made);
        /* a folder is named as one when it is opened */
        if (!exists)
            return epo__fail(EPO_ENOTFOUND, "%s: there is no such file, and no weights of this name in %s (EPOCHAL_MODELS names another folder)",
                             name, standard_folder());
        made = epo__strdup(name);
    }
    *path = made;
    return made ? EPO_OK : epo__nomem("model");
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

static epo_status list(const char *folder, const char *ending, char ***paths, size_t *count)
{
    char **found = NULL;
    size_t n = 0, capacity = 0;
    epo_status status = EPO_OK;
    if (!folder) folder = standard_folder();
    DIR *directory = opendir(folder);
    if (!directory)
        return errno == ENOMEM ? epo__nomem(folder) : epo__fail(errno == ENOENT || errno == ENOTDIR ? EPO_ENOTFOUND : EPO_EIO,
                         "%s: %s; the environment variable EPOCHAL_MODELS names the folder of the models", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.' || !epo__ends_with(entry->d_name, ending)) continue;
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
    if (n) qsort(found, n, sizeof *found, epo__by_text);
    *paths = found;
    *count = n;
    return EPO_OK;
}

epo_status epo_model_list(const char *folder, char ***paths, size_t *count)
{
    return list(folder, net_ending, paths, count);
}

epo_status epo_model_list_weights(const char *folder, char ***paths, size_t *count)
{
    return list(folder, weights_ending, paths, count);
}

void epo_model_list_free(char **paths, size_t count)
{
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
}
