/* SPDX-License-Identifier: BSD-3-Clause
 * help.c - help texts for people at a terminal. */
#include "help.h"

#include <string.h>

#include "stream.h"

enum { WIDTH = 80 };

const char *const cli_exit_texts[] = {
    "all done",
    "failed",
    "wrong usage: an unknown option, a value that does not fit, something missing",
    "some inputs were bad; they were named, and the others are done",
    "the model file is bad",
    NULL,
};

void cli_help_short(FILE *to)
{
    fputs("usage: epochal COMMAND [OPTIONS] [PATH...]\n"
          "Classifies sequences of astronomical images.\n"
          "See: epochal help\n",
          to);
}

/* Prints words from column `column` on, wrapped, each further line indented by `indent`. */
static void wrap(const char *text, size_t length, size_t column, size_t indent)
{
    bool first = true;
    for (size_t i = 0; i < length;) {
        size_t n = 0;
        while (i + n < length && text[i + n] != ' ' && text[i + n] != '\n') n++;
        if (n > 0) {
            if (!first && column + 1 + n > WIDTH) {
                printf("\n%*s", (int)indent, "");
                column = indent;
            } else if (!first) {
                putchar(' ');
                column++;
            }
            fwrite(text + i, 1, n, stdout);
            column += n;
            first = false;
        }
        i += n + 1;
    }
    putchar('\n');
}

/* Paragraphs are wrapped; lines that begin with two blanks stay as they are. */
static void paragraphs(const char *text)
{
    while (*text) {
        if (*text == '\n') {
            putchar('\n');
            text++;
        } else if (strncmp(text, "  ", 2) == 0) {
            size_t n = strcspn(text, "\n");
            printf("%.*s\n", (int)n, text);
            text += n + (text[n] == '\n');
        } else {
            const char *end = text;
            while (*end && strncmp(end, "\n\n", 2) != 0 && strncmp(end, "\n  ", 3) != 0) end++;
            wrap(text, (size_t)(end - text), 0, 0);
            text = *end ? end + 1 : end;
        }
    }
}

void cli_synopsis(const cli_command *command, char *out, size_t room)
{
    size_t length = 0;
    int n = snprintf(out, room, "%s", command->name);
    for (size_t i = 0; n >= 0 && (length += (size_t)n) < room && i < command->option_count; i++) {
        const cli_option *o = &command->options[i];
        n = o->needed ? snprintf(out + length, room - length, " --%s %s", o->name, o->argument) : 0;
    }
    if (length < room)
        snprintf(out + length, room - length, " [OPTIONS]%s%s%s%s", command->operands ? " " : "",
                 command->operands && command->least == 0 ? "[" : "", command->operands ? command->operands : "",
                 command->operands && command->least == 0 ? "]" : "");
}

static void option_words(const cli_option *option, size_t indent)
{
    const char *word, *about = NULL;
    bool described = option->word(0, &about) && about;
    if (described) {
        size_t widest = 0;
        for (size_t i = 0; (word = option->word(i, &about)) != NULL; i++) widest = strlen(word) > widest ? strlen(word) : widest;
        for (size_t i = 0; (word = option->word(i, &about)) != NULL; i++) {
            size_t column = indent + widest + 2;
            printf("%*s%-*s", (int)indent, "", (int)widest + 2, word);
            wrap(about ? about : "", about ? strlen(about) : 0, column, column);
        }
        return;
    }
    printf("%*sone of", (int)indent, "");
    for (size_t i = 0; (word = option->word(i, &about)) != NULL; i++) printf("%s %s", i ? "," : "", word);
    putchar('\n');
}

static void option_row(const cli_option *option)
{
    enum { INDENT = 27 };
    char left[64], right[512];
    snprintf(left, sizeof left, "  %c%c%c --%s%s%s", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
             option->letter ? ',' : ' ', option->name, option->argument ? " " : "", option->argument ? option->argument : "");
    snprintf(right, sizeof right, "%s%s%s%s%s", option->help, option->standard ? " (default " : "", option->standard ? option->standard : "",
             option->standard ? ")" : "", option->kind == CLI_LIST ? "; may be given several times" : "");
    size_t n = strlen(left);
    if (n < INDENT) {
        printf("%-*s", INDENT, left);
        wrap(right, strlen(right), INDENT, INDENT);
    } else {
        printf("%s\n%*s", left, INDENT, "");
        wrap(right, strlen(right), INDENT, INDENT);
    }
    if (option->word) option_words(option, INDENT);
}

int cli_help_overview(void)
{
    cli_help_short(stdout);
    puts("\nCommands:");
    for (size_t i = 0; cli_commands[i]; i++) printf("  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->about);
    puts("\nExit status:");
    for (size_t i = 0; cli_exit_texts[i]; i++) printf("  %zu  %s\n", i, cli_exit_texts[i]);
    puts("\n`epochal help COMMAND` shows the options of one command, with examples.");
    return cli_flush();
}

int cli_help_command(const cli_command *command)
{
    char synopsis[256];
    cli_synopsis(command, synopsis, sizeof synopsis);
    printf("usage: epochal %s\n\n", synopsis);
    printf("epochal %s: %s.\n\n", command->name, command->about);
    paragraphs(command->description);
    puts("\nOptions:");
    for (size_t i = 0; i < command->option_count; i++) option_row(&command->options[i]);
    printf("%-27s%s\n", "  -h, --help", "this text");
    puts("\nExamples:");
    for (const char *line = command->examples; *line;) {
        size_t n = strcspn(line, "\n");
        printf("  %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    return cli_flush();
}
