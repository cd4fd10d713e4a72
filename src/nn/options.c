/* SPDX-License-Identifier: BSD-3-Clause
 * options.c - the "key=value" words of a layer, checked against its type's table. */
#include "nn/options.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* The place of `text` in "one|two|three", or -1. */
static int word_index(const char *words, const char *text)
{
    size_t length = strlen(text);
    for (int index = 0;; index++) {
        size_t size = strcspn(words, "|");
        if (size == length && memcmp(words, text, size) == 0) return index;
        if (!words[size]) return -1;
        words += size + 1;
    }
}

static epo_status read_value(const epo__layer_type *type, const epo__layer_option *option, const char *text,
                             double *out)
{
    int64_t whole = 0;
    double real = 0;
    switch (option->kind) {
    case EPO_OPTION_INT:
        if (!epo__parse_int(text, (int64_t)option->low, (int64_t)option->high, &whole))
            return epo__fail(EPO_EARG, "%s: %s is '%.40s', not a whole number from %.0f to %.0f", type->word,
                             option->name, text, option->low, option->high);
        *out = (double)whole;
        return EPO_OK;
    case EPO_OPTION_REAL:
        if (!epo__parse_double(text, &real) || !isfinite(real) || real < option->low || real > option->high)
            return epo__fail(EPO_EARG, "%s: %s is '%.40s', not a number from %g to %g", type->word, option->name, text,
                             option->low, option->high);
        *out = real;
        return EPO_OK;
    case EPO_OPTION_WORD:
        *out = word_index(option->words, text);
        if (*out < 0)
            return epo__fail(EPO_EARG, "%s: %s is '%.40s', not one of %s", type->word, option->name, text,
                             option->words);
        return EPO_OK;
    }
    return epo__fail(EPO_EINTERNAL, "%s: %s has no kind", type->word, option->name);
}

static epo_status unknown_option(const epo__layer_type *type, const char *key)
{
    if (type->option_count == 0) return epo__fail(EPO_EARG, "%s takes no options, but has '%.40s'", type->word, key);
    epo__string known = {0};
    for (size_t i = 0; i < type->option_count; i++)
        epo__string_addf(&known, "%s%s", i ? ", " : "", type->options[i].name);
    epo_status status =
        known.failed ? epo__nomem("list of options")
                     : epo__fail(EPO_EARG, "%s: unknown option '%.40s'; it takes %s", type->word, key, known.text);
    epo__string_free(&known);
    return status;
}

static epo_status read_arg(const epo__layer_type *type, const epo__layer_arg *arg, bool *given, double *values)
{
    const char *key = arg->key ? arg->key : "", *value = arg->value ? arg->value : "";
    size_t i = 0;
    if (*key)
        while (i < type->option_count && strcmp(type->options[i].name, key) != 0) i++;
    if (i >= type->option_count) return unknown_option(type, *key ? key : value);
    if (given[i]) return epo__fail(EPO_EARG, "%s: %s is given twice", type->word, type->options[i].name);
    given[i] = true;
    return read_value(type, &type->options[i], value, &values[i]);
}

epo_status epo__options_read(const epo__layer_type *type, const epo__layer_arg *args, size_t count, double *values)
{
    bool given[EPO__MAX_OPTIONS] = {false};
    for (size_t i = 0; i < count; i++) {
        epo_status status = read_arg(type, &args[i], given, values);
        if (status != EPO_OK) return status;
    }
    for (size_t i = 0; i < type->option_count; i++) {
        const epo__layer_option *option = &type->options[i];
        if (given[i]) continue;
        if (!option->standard) return epo__fail(EPO_EARG, "%s: %s must be given", type->word, option->name);
        epo_status status = read_value(type, option, option->standard, &values[i]);
        if (status != EPO_OK) return status;
    }
    return EPO_OK;
}
