/* SPDX-License-Identifier: BSD-3-Clause
 * command.h - what a subcommand is, and how its command line is read.
 *
 * A subcommand is one cmd_*.c file that ends in a const cli_command; commands.c lists them. Its option table is the only
 * description of its options: the parser, --help, the man page and bash completion all read it, and the defaults that
 * the help shows are the texts that the parser starts from.
 *
 * The options of a call land in a struct of the command's own, whose first member is a cli_common; each row of the table
 * says where (offsetof).
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit status of the command. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_BAD_INPUT = 3, CLI_BAD_MODEL = 4 };

typedef enum cli_kind {
    CLI_FLAG,  /* bool, no value */
    CLI_TEXT,  /* const char *, pointing into argv or at the default; NULL when neither */
    CLI_LIST,  /* cli_list: the option may be given several times */
    CLI_COUNT, /* int, 0 or more */
    CLI_SEED,  /* uint64_t */
    CLI_REAL,  /* double */
} cli_kind;

typedef struct cli_list {
    const char **items;
    size_t count;
} cli_list;

/* The words that an option takes, in order: word `index`, with one line about it (or NULL) in *about; NULL at the end. */
typedef const char *(*cli_word_fn)(size_t index, const char **about);

typedef struct cli_option {
    const char *name;     /* "threads", for --threads */
    char letter;          /* 'q' for -q; 0: none */
    cli_kind kind;
    const char *argument; /* what the help calls the value: "N"; NULL for a flag */
    const char *standard; /* the default, as text; NULL: none (a count, seed or real is 0 then, unless preset) */
    size_t place;         /* offset in the command's options struct */
    cli_word_fn word;     /* CLI_TEXT: the value must be one of these; NULL: any text */
    bool needed;          /* a call without it is a usage error */
    const char *help;
} cli_option;

typedef struct cli_common {
    const char *db, *model, *output, *labels_as_of, *precision;
    uint64_t seed;
    int threads;
    bool quiet, verbose;
} cli_common;

/* Rows for the options that commands share; every command has the last one. */
#define CLI_OPTION_DB(is_needed)                                                             \
    {.name = "db", .kind = CLI_TEXT, .argument = "FILE", .place = offsetof(cli_common, db), \
     .needed = (is_needed), .help = "the store: one SQLite file"}
#define CLI_OPTION_MODEL(is_needed)                                                                \
    {.name = "model", .kind = CLI_TEXT, .argument = "FILE", .place = offsetof(cli_common, model), \
     .needed = (is_needed), .help = "the model: a safetensors file with weights, network and classes, or its name"}
#define CLI_OPTION_LABELS_AS_OF                                                                                  \
    {.name = "labels-as-of", .kind = CLI_TEXT, .argument = "DATE", .place = offsetof(cli_common, labels_as_of), \
     .help = "an object is what its last label until then says: 2026-11-21, the day included, or 2026-11-21T01:30:00Z (UTC)"}
#define CLI_OPTION_SEED                                                                                        \
    {.name = "seed", .kind = CLI_SEED, .argument = "N", .standard = "1", .place = offsetof(cli_common, seed), \
     .help = "seed of everything random; the same seed gives the same bytes"}
#define CLI_OPTION_THREADS                                                                                            \
    {.name = "threads", .kind = CLI_COUNT, .argument = "N", .standard = "0", .place = offsetof(cli_common, threads), \
     .help = "processors to use; 0 means all; results do not depend on it"}
#define CLI_OPTION_PRECISION                                                                                   \
    {.name = "precision", .kind = CLI_TEXT, .argument = "WORD", .standard = "f32",                             \
     .place = offsetof(cli_common, precision), .word = cli_precision_word, .help = "in what convolutions compute"}
#define CLI_OPTION_OUTPUT(standard_format)                                                              \
    {.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "FORMAT", .standard = standard_format, \
     .place = offsetof(cli_common, output), .word = cli_output_word, .help = "how results are printed"}
#define CLI_OPTIONS_LAST                                                                                       \
    {.name = "quiet", .letter = 'q', .kind = CLI_FLAG, .place = offsetof(cli_common, quiet),                   \
     .help = "no progress and no notes, only results and errors"},                                             \
    {.name = "verbose", .letter = 'v', .kind = CLI_FLAG, .place = offsetof(cli_common, verbose),               \
     .help = "say more about what is done"}

/* One call of the command. */
typedef struct cli_command cli_command;
typedef struct cli_call {
    const cli_command *command;
    const void *options; /* the command's options struct, filled */
    const char *const *operands;
    size_t operand_count;
    const char *command_line; /* as typed, for the record; never NULL */
    const bool *given;        /* by the options of the table: whether it stood on the command line */
} cli_call;

struct cli_command {
    const char *name, *about; /* about: one line without full stop */
    const char *operands;     /* "PATH..."; NULL: none are taken */
    size_t least;             /* operands needed */
    size_t most;              /* and taken; 0 with operands != NULL: any number */
    const char *description;  /* paragraphs with an empty line between; lines that begin with two blanks are kept */
    const char *examples;     /* lines "# what it does" and "epochal ..." */
    const cli_option *options;
    size_t option_count;
    size_t options_size;      /* of the options struct */
    int (*run)(const cli_call *call); /* returns the exit status */
};

/* All commands, in the order of the overview, ending with NULL. */
extern const cli_command *const cli_commands[];

const cli_command *cli_command_find(const char *name); /* NULL when there is none */

/* A command line, read. Free with cli_parsed_free. */
typedef struct cli_parsed {
    void *options;
    const char **operands;
    size_t operand_count;
    bool *given; /* by the options of the table */
    bool help; /* --help was given; nothing else is checked then */
} cli_parsed;

/* Reads the arguments after the command's name. CLI_OK, or CLI_USAGE after saying on stderr what is wrong. */
int cli_parse(const cli_command *command, int count, char *const *arguments, cli_parsed *out);
void cli_parsed_free(cli_parsed *parsed, const cli_command *command);

/* The option called `name`; NULL when the command has none. */
const cli_option *cli_option_find(const cli_command *command, const char *name);

/* Whether the option stood on the command line, be it with its default. */
bool cli_given(const cli_call *call, const char *name);

/* The name among `count` names that `given` was probably meant to be; NULL when none is near. */
const char *cli_nearest(const char *given, const char *const *names, size_t count);

/* Says "epochal COMMAND: ...", where help is to be found, and returns CLI_USAGE. */
int cli_usage(const cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Words of --output, see output.h. */
const char *cli_output_word(size_t index, const char **about);

/* Words of --precision: the index is the epo_precision. */
const char *cli_precision_word(size_t index, const char **about);

/* Words of --definition, which features and forest take. */
const char *cli_definition_word(size_t index, const char **about);

#endif
