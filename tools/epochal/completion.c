/* SPDX-License-Identifier: BSD-3-Clause
 * completion.c - a bash completion script, made from the option tables.
 *
 * An option with words completes to them, any other value to a file name; without an option the operands complete to file
 * names, and those of `help` to commands. */
#include "help.h"
#include "stream.h"

static void command_case(const cli_command *command)
{
    const char *word, *about;
    printf("    %s)\n        options='", command->name);
    for (size_t i = 0; i < command->option_count; i++) printf("--%s ", command->options[i].name);
    puts("--help'\n        case $previous in");
    for (size_t i = 0; i < command->option_count; i++) {
        const cli_option *o = &command->options[i];
        if (!o->word) continue;
        fputs("        ", stdout);
        if (o->letter) printf("-%c | ", o->letter);
        printf("--%s) words='", o->name);
        for (size_t w = 0; (word = o->word(w, &about)) != NULL; w++) printf("%s%s", w ? " " : "", word);
        puts("' ;;");
    }
    puts("        *) ;;\n        esac\n        ;;");
}

int cli_completion(void)
{
    puts("# bash completion for epochal, printed by: epochal help --completion\n"
         "_epochal()\n{\n"
         "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options='' words=''\n"
         "    COMPREPLY=()");
    fputs("    local commands='", stdout);
    for (size_t i = 0; cli_commands[i]; i++) printf("%s%s", i ? " " : "", cli_commands[i]->name);
    puts("'\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$current\")\n"
         "        return\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]} in");
    for (size_t i = 0; cli_commands[i]; i++) command_case(cli_commands[i]);
    puts("    *) ;;\n    esac\n"
         "    if [ -z \"$words\" ] && [ \"${COMP_WORDS[1]}\" = help ]; then words=$commands; fi\n"
         "    if [ \"${current#-}\" != \"$current\" ]; then words=$options; fi\n"
         "    if [ -n \"$words\" ]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "    else\n"
         "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "        compopt -o filenames\n"
         "    fi\n"
         "}\n"
         "complete -F _epochal epochal");
    return cli_flush();
}
