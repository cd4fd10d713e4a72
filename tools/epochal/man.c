/* SPDX-License-Identifier: BSD-3-Clause
 * man.c - man pages in roff, made from the option tables. */
#include <ctype.h>
#include <string.h>

#include "environment.h"
#include "epochal/version.h"
#include "help.h"
#include "stream.h"

/* Text as roff: a minus sign stays a minus sign, a backslash a backslash, and no line begins with a control character. */
static void roff(const char *text, size_t length)
{
    bool at_start = true;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (at_start && (c == '.' || c == '\'')) fputs("\\&", stdout);
        at_start = c == '\n';
        if (c == '-')
            fputs("\\-", stdout);
        else if (c == '\\')
            fputs("\\e", stdout);
        else
            putchar(c);
    }
}

static void line(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    roff(text, strlen(text));
    puts(after);
}

static void upper(const char *text)
{
    for (; *text; text++) putchar(toupper((unsigned char)*text));
}

static void paragraphs(const char *text)
{
    bool kept = false; /* inside lines that stay as they are */
    while (*text) {
        size_t n = strcspn(text, "\n");
        bool keep = strncmp(text, "  ", 2) == 0;
        if (keep != kept) puts(keep ? ".PP\n.nf" : ".fi\n.PP");
        kept = keep;
        if (n == 0) {
            puts(".PP");
        } else {
            roff(text, n);
            putchar('\n');
        }
        text += n + (text[n] == '\n');
    }
    if (kept) puts(".fi");
}

static void option_entry(const cli_option *option)
{
    puts(".TP");
    if (option->letter) printf("\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", stdout);
    roff(option->name, strlen(option->name));
    fputs("\\fR", stdout);
    if (option->argument) printf(" \\fI%s\\fR", option->argument);
    putchar('\n');
    roff(option->help, strlen(option->help));
    if (option->standard) line(" (default ", option->standard, ")");
    else putchar('\n');
    if (!option->word) return;
    const char *word, *about = NULL;
    for (size_t i = 0; (word = option->word(i, &about)) != NULL; i++) {
        line(".br\n\\fB", word, about ? "\\fR:" : "\\fR");
        if (about) line("", about, "");
    }
}

static void exit_section(void)
{
    puts(".SH EXIT STATUS");
    for (size_t i = 0; cli_exit_texts[i]; i++) {
        printf(".TP\n%zu\n", i);
        line("", cli_exit_texts[i], "");
    }
}

static void overview(void)
{
    puts(".TH EPOCHAL 1 \"\" \"epochal " EPO_VERSION_STRING "\" \"Epochal\"\n.SH NAME\n"
         "epochal \\- classifies sequences of astronomical images\n.SH SYNOPSIS\n"
         "\\fBepochal\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIPATH\\fR...]\n.SH DESCRIPTION\n"
         "Epochal keeps stamps and dates of a survey in one SQLite file, classifies each object from its sequence of images,\n"
         "and scores single stamps real or bogus. Results go to standard output, messages and progress to standard error.\n"
         ".SH COMMANDS");
    for (size_t i = 0; cli_commands[i]; i++) {
        printf(".TP\n\\fB%s\\fR(1)\n", cli_commands[i]->name);
        line("", cli_commands[i]->about, "");
    }
    puts(".SH ENVIRONMENT");
    for (size_t i = 0; cli_variables[i].name; i++) {
        line(".TP\n\\fB", cli_variables[i].name, "\\fR");
        line("", cli_variables[i].about, "");
    }
    exit_section();
    puts(".SH SEE ALSO");
    for (size_t i = 0; cli_commands[i]; i++) printf("\\fBepochal\\-%s\\fR(1)%s\n", cli_commands[i]->name, cli_commands[i + 1] ? "," : "");
}

int cli_man(const cli_command *command)
{
    if (!command) {
        overview();
        return cli_flush();
    }
    char synopsis[256];
    cli_synopsis(command, synopsis, sizeof synopsis);
    fputs(".TH EPOCHAL\\-", stdout);
    upper(command->name);
    puts(" 1 \"\" \"epochal " EPO_VERSION_STRING "\" \"Epochal\"\n.SH NAME");
    printf("epochal\\-%s \\- ", command->name);
    line("", command->about, "");
    line(".SH SYNOPSIS\n\\fBepochal\\fR ", synopsis, "");
    puts(".SH DESCRIPTION");
    paragraphs(command->description);
    puts(".SH OPTIONS");
    for (size_t i = 0; i < command->option_count; i++) option_entry(&command->options[i]);
    puts(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshows these options and leaves");
    puts(".SH EXAMPLES\n.nf");
    roff(command->examples, strlen(command->examples));
    puts("\n.fi");
    exit_section();
    puts(".SH SEE ALSO\n\\fBepochal\\fR(1)");
    return cli_flush();
}
