/* SPDX-License-Identifier: BSD-3-Clause
 * sources.c - which scores in a store are meant by --model. */
#include "sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "epochal/forest.h"
#include "message.h"
#include "scores.h"

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

/* What makes a network's scores. */
static const char *command_of(const epo_model_info *info)
{
    if (info->heads[EPO_HEAD_SEQUENCE].present) return "classify";
    return info->heads[EPO_HEAD_STAMP].present ? "score" : "classify --head triplet";
}

/* "epochal classify --db sim.db --model fold1.safetensors --split main:test" */
static char *remedy_of(const char *db, const char *command, const char *path, const char *split)
{
    const size_t room = strlen(db) + strlen(path) + (split ? strlen(split) : 0) + 64;
    char *text = malloc(room);
    if (text)
        snprintf(text, room, "epochal %s --db %s --model %s%s%s", command, db, path, split ? " --split " : "",
                 split ? split : "");
    return text;
}

static int source_of_forest(const char *db, const char *path, const char *split, cli_source *out)
{
    epo_forest *forest = NULL;
    epo_forest_info info;
    const epo_status status = epo_forest_load(path, &forest);
    if (status != EPO_OK) return cli_model_failed(status);
    epo_forest_get_info(forest, &info);
    snprintf(out->sha256, sizeof out->sha256, "%s", info.sha256);
    out->remedy = remedy_of(db, "classify", path, split);
    epo_forest_free(forest);
    return CLI_OK;
}

int cli_source_of_model(const char *db, const char *net, const char *text, const char *split, cli_source *out)
{
    epo_model *model = NULL;
    epo_model_info info;
    *out = (cli_source){.remedy = NULL};
    if (is_sha256(text) && access(text, F_OK) != 0) {
        snprintf(out->sha256, sizeof out->sha256, "%s", text);
        return CLI_OK;
    }
    bool is_forest;
    const epo_status seen = epo_forest_is_file(text, &is_forest);
    if (seen != EPO_OK) return cli_failed(seen);
    if (is_forest) return source_of_forest(db, text, split, out);
    const int result = cli_model_open(text, net, NULL, &model);
    if (result != CLI_OK) return result;
    epo_model_get_info(model, &info);
    snprintf(out->sha256, sizeof out->sha256, "%s", info.sha256);
    out->remedy = remedy_of(db, command_of(&info), text, split);
    epo_model_free(model);
    return CLI_OK;
}

const char *cli_source_part(const cli_list *parts, size_t i)
{
    return parts->count == 0 ? NULL : parts->items[parts->count == 1 ? 0 : i];
}
