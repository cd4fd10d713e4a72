/* SPDX-License-Identifier: BSD-3-Clause
 * options.c - reads a command line by a command's option table. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "message.h"

int cli_usage(const cli_command *command, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cli_error("%s: %s", command->name, text);
    cli_error("see: epochal help %s", command->name);
    return CLI_USAGE;
}

const cli_option *cli_option_find(const cli_command *command, const char *name)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (strcmp(command->options[i].name, name) == 0) return &command->options[i];
    return NULL;
}

bool cli_given(const cli_call *call, const char *name)
{
    const cli_option *option = cli_option_find(call->command, name);
    return option && call->given[option - call->command->options];
}

/* Letters to change, add, drop or swap to get from a to b (optimal string alignment); words over 31 letters are far. */
static size_t distance(const char *a, const char *b)
{
    enum { ROOM = 32 };
    size_t n = strlen(a), m = strlen(b), rows[3][ROOM];
    if (n >= ROOM || m >= ROOM) return ROOM;
    for (size_t j = 0; j <= m; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *cli_nearest(const char *given, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t length = strlen(given), best = length < 4 ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        /* a beginning of the name is meant to be the name: --verb */
        size_t d = length >= 2 && strncmp(given, names[i], length) == 0 ? 0 : distance(given, names[i]);
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

static int unknown_option(const cli_command *command, const char *given, size_t length)
{
    const char *names[64];
    size_t count = 0;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < 63 ? length : 63), given);
    for (size_t i = 0; i < command->option_count && count < 63; i++) names[count++] = command->options[i].name;
    names[count++] = "help";
    const char *nearest = cli_nearest(name, names, count);
    if (nearest) return cli_usage(command, "there is no option --%s; did you mean --%s?", name, nearest);
    return cli_usage(command, "there is no option --%s", name);
}

static bool whole_number(const char *text, uint64_t high, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9') return false; /* strtoull takes blanks and signs */
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value > high) return false;
    *out = value;
    return true;
}

static int refuse_word(const cli_command *command, const cli_option *option, const char *text)
{
    char words[256] = "";
    size_t length = 0;
    const char *word, *about;
    for (size_t i = 0; (word = option->word(i, &about)) != NULL; i++) {
        int added = snprintf(words + length, sizeof words - length, "%s%s", i ? ", " : "", word);
        if (added < 0 || (size_t)added >= sizeof words - length) break;
        length += (size_t)added;
    }
    return cli_usage(command, "--%s is one of %s, not '%s'", option->name, words, text);
}

/* Puts the value of one option, from argv or its default, where the table says. */
static int store_value(const cli_command *command, const cli_option *option, const char *text, size_t room, void *options)
{
    void *place = (char *)options + option->place;
    uint64_t number;
    double real;
    char *end;
    const char *about;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)place = true;
        return CLI_OK;
    case CLI_TEXT:
        if (option->word) {
            const char *word;
            size_t i = 0;
            while ((word = option->word(i, &about)) != NULL && strcmp(word, text) != 0) i++;
            if (!word) return refuse_word(command, option, text);
        }
        *(const char **)place = text;
        return CLI_OK;
    case CLI_LIST: {
        cli_list *list = place;
        if (!list->items) list->items = calloc(room + 1, sizeof *list->items);
        if (!list->items) {
            cli_error("out of memory");
            return CLI_FAILED;
        }
        list->items[list->count++] = text; /* never more than there are arguments, and `room` is their number */
        return CLI_OK;
    }
    case CLI_COUNT:
        if (!whole_number(text, INT32_MAX, &number)) break;
        *(int *)place = (int)number;
        return CLI_OK;
    case CLI_SEED:
        if (!whole_number(text, UINT64_MAX, &number)) break;
        *(uint64_t *)place = number;
        return CLI_OK;
    case CLI_REAL:
        real = strtod(text, &end);
        if (end == text || *end) break;
        *(double *)place = real;
        return CLI_OK;
    }
    return cli_usage(command, "--%s takes a %s, not '%s'", option->name, option->kind == CLI_REAL ? "number" : "whole number, 0 or more",
                     text);
}

/* The reading of one command line. */
typedef struct reader {
    const cli_command *command;
    char *const *arguments;
    size_t count, next;
    cli_parsed *out;
} reader;

static int take_value(reader *r, const cli_option *option, const char *attached)
{
    const char *text = attached;
    r->out->given[option - r->command->options] = true;
    if (option->kind == CLI_FLAG) {
        if (attached) return cli_usage(r->command, "--%s takes no value", option->name);
    } else if (!attached) {
        if (r->next == r->count) return cli_usage(r->command, "--%s needs a value: --%s %s", option->name, option->name, option->argument);
        text = r->arguments[r->next++];
        /* "--db --quiet" is a forgotten value far more often than a file of that name */
        if (strncmp(text, "--", 2) == 0)
            return cli_usage(r->command, "--%s needs a value (for '%s' itself, write --%s=%s)", option->name, text, option->name, text);
    }
    return store_value(r->command, option, text, r->count, r->out->options);
}

static int take_long(reader *r, const char *argument)
{
    const char *name = argument + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    if (!equals && strcmp(name, "help") == 0) {
        r->out->help = true;
        return CLI_OK;
    }
    for (size_t i = 0; i < r->command->option_count; i++) {
        const cli_option *option = &r->command->options[i];
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return take_value(r, option, equals ? equals + 1 : NULL);
    }
    return unknown_option(r->command, name, length);
}

/* -q, -qv, -o json, -ojson */
static int take_letters(reader *r, const char *argument)
{
    for (const char *letter = argument + 1; *letter; letter++) {
        if (*letter == 'h') {
            r->out->help = true;
            continue;
        }
        const cli_option *option = NULL;
        for (size_t i = 0; i < r->command->option_count && !option; i++)
            if (r->command->options[i].letter == *letter) option = &r->command->options[i];
        if (!option) return cli_usage(r->command, "there is no option -%c", *letter);
        if (option->kind != CLI_FLAG) return take_value(r, option, letter[1] ? letter + 1 : NULL);
        int status = take_value(r, option, NULL);
        if (status != CLI_OK) return status;
    }
    return CLI_OK;
}

static int check_needed(const reader *r)
{
    const cli_command *command = r->command;
    const cli_parsed *out = r->out;
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].needed && !out->given[i])
            return cli_usage(command, "--%s %s is needed: %s", command->options[i].name, command->options[i].argument, command->options[i].help);
    if (out->operand_count > 0 && !command->operands) return cli_usage(command, "takes no operands, but was given '%s'", out->operands[0]);
    if (out->operand_count < command->least) return cli_usage(command, "%s is needed", command->operands);
    if (command->most && out->operand_count > command->most)
        return cli_usage(command, "'%s' is one operand too many", out->operands[command->most]);
    return CLI_OK;
}

int cli_parse(const cli_command *command, int count, char *const *arguments, cli_parsed *out)
{
    reader r = {.command = command, .arguments = arguments, .count = (size_t)count, .out = out};
    int status = CLI_OK;
    *out = (cli_parsed){0};
    out->options = calloc(1, command->options_size);
    out->operands = calloc(r.count + 1, sizeof *out->operands);
    out->given = calloc(command->option_count + 1, sizeof *out->given);
    if (!out->options || !out->operands || !out->given) {
        cli_error("out of memory");
        status = CLI_FAILED;
        goto done;
    }
    for (size_t i = 0; i < command->option_count && status == CLI_OK; i++)
        if (command->options[i].standard) status = store_value(command, &command->options[i], command->options[i].standard, 0, out->options);

    bool only_operands = false;
    while (status == CLI_OK && r.next < r.count) {
        const char *argument = r.arguments[r.next++];
        if (only_operands || argument[0] != '-' || argument[1] == '\0') /* "-" is standard input */
            out->operands[out->operand_count++] = argument;
        else if (strcmp(argument, "--") == 0)
            only_operands = true;
        else
            status = argument[1] == '-' ? take_long(&r, argument) : take_letters(&r, argument);
    }
    if (status == CLI_OK && !out->help) status = check_needed(&r);
done:
    if (status != CLI_OK) cli_parsed_free(out, command);
    return status;
}

void cli_parsed_free(cli_parsed *parsed, const cli_command *command)
{
    for (size_t i = 0; parsed->options && i < command->option_count; i++)
        if (command->options[i].kind == CLI_LIST) free(((cli_list *)(void *)((char *)parsed->options + command->options[i].place))->items);
    free(parsed->options);
    free(parsed->operands);
    free(parsed->given);
    *parsed = (cli_parsed){0};
}
