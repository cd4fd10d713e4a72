/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_split.c - epochal split: objects into train, validation and test. */
#include <stdlib.h>

#include "commands.h"
#include "epochal/split.h"
#include "message.h"
#include "output.h"
#include "scores.h"

typedef struct split_options {
    cli_common common;
    const char *name, *fractions, *by, *from;
} split_options;

static const char *by_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"parent", "objects of one field, and an object and its parent, stay together"},
                                           {"object", "each object for itself; sky leaks where objects share a field"}};
    if (index >= sizeof words / sizeof *words) return NULL;
    *about = words[index][1];
    return words[index][0];
}

#define PLACE(member) .place = offsetof(split_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "name", .kind = CLI_TEXT, .argument = "NAME", PLACE(name), .needed = true, .help = "of the split; not taken yet"},
    {.name = "fractions", .kind = CLI_TEXT, .argument = "TRAIN,VALIDATION,TEST", .standard = "0.7,0.15,0.15", PLACE(fractions),
     .help = "of each class; together 1; test may be left out"},
    {.name = "by", .kind = CLI_TEXT, .argument = "WHAT", .standard = "parent", PLACE(by), .word = by_word, .help = "what is not torn apart"},
    {.name = "from", .kind = CLI_TEXT, .argument = "FILE.csv", PLACE(from),
     .help = "a split that comes from outside: columns object and part (train, validation, test), and survey where needed"},
    CLI_OPTION_LABELS_AS_OF,
    CLI_OPTION_SEED,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

/* "0.7,0.15,0.15"; false when it is something else. The library judges the values. */
static bool read_fractions(const char *text, double out[EPO_SPLIT_PARTS])
{
    for (int part = 0; part < EPO_SPLIT_PARTS; part++) {
        char *end;
        out[part] = strtod(text, &end);
        if (end == text) return false;
        if (!*end) {
            while (++part < EPO_SPLIT_PARTS) out[part] = 0;
            return true;
        }
        if (*end != ',') return false;
        text = end + 1;
    }
    return false;
}

static void print_row(cli_output *output, const char *name, const int64_t objects[EPO_SPLIT_PARTS])
{
    int64_t total = 0;
    cli_put_text(output, name);
    for (int part = 0; part < EPO_SPLIT_PARTS; part++) {
        cli_put_int(output, objects[part]);
        total += objects[part];
    }
    cli_put_int(output, total);
    cli_row_end(output);
}

static int print_table(const char *format, const epo_split_table *table)
{
    cli_column columns[EPO_SPLIT_PARTS + 2] = {{.name = "class"}};
    cli_output *output = cli_output_open(format, false);
    if (!output) return CLI_FAILED;
    for (int part = 0; part < EPO_SPLIT_PARTS; part++) columns[part + 1] = (cli_column){.name = epo_split_part_names[part], .number = true};
    columns[EPO_SPLIT_PARTS + 1] = (cli_column){.name = "objects", .number = true};
    cli_table_begin(output, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < table->class_count; i++) print_row(output, table->classes[i].name, table->classes[i].objects);
    cli_table_end(output);
    return cli_output_close(output);
}

/* What was made, or why it was not. */
static int tell(const cli_call *call, epo_status status, const epo_split_table *table)
{
    const split_options *o = call->options;
    if (status == EPO_EARG) return cli_usage(call->command, "%s", epo_error_message());
    if (status != EPO_OK) return cli_failed(status);
    if (!o->from) cli_detail("%lld groups", (long long)table->groups);
    if (table->left_out && o->from)
        cli_note("%lld objects of the store are not in %s, and in no part", (long long)table->left_out, o->from);
    else if (table->left_out)
        cli_note("%lld objects without a class are in no part", (long long)table->left_out);
    if (table->torn)
        cli_note("%lld fields have objects in more than one part: a network could tell them by their common sky", (long long)table->torn);
    return print_table(o->common.output, table);
}

static int run(const cli_call *call)
{
    const split_options *o = call->options;
    epo_split_options split = EPO_SPLIT_OPTIONS_INIT;
    split.name = o->name;
    split.seed = o->common.seed;
    split.by = o->by[0] == 'o' ? EPO_SPLIT_BY_OBJECT : EPO_SPLIT_BY_PARENT;
    if (!read_fractions(o->fractions, split.fractions))
        return cli_usage(call->command, "--fractions takes three numbers with commas between, as 0.7,0.15,0.15, not '%s'", o->fractions);
    if (o->from && (cli_given(call, "fractions") || cli_given(call, "by") || cli_given(call, "seed")))
        return cli_usage(call->command, "--from FILE.csv says who is in which part: leave out --fractions, --by and --seed");

    epo_store *store = NULL;
    epo_split_table table = {0};
    int result = cli_store_open(call, EPO_STORE_WRITE, &store);
    if (result != CLI_OK) return result;
    const epo_status status = o->from ? epo_split_from_file(store, o->name, o->from, &table) : epo_split(store, &split, &table);
    result = tell(call, status, &table);
    epo_split_table_free(&table);
    epo_store_close(store);
    return result;
}

const cli_command cmd_split = {
    .name = "split",
    .about = "Divide the objects of a store into train, validation and test",
    .description =
        "Gives every object that has a class to one of the parts train, validation and test, and keeps this in the store under a\n"
        "name, which other commands take as NAME:PART. Objects that share a parent field are never torn apart, since a network\n"
        "could tell them by their common sky. Each class is divided as asked as closely as that allows.\n\n"
        "The same store, fractions and seed give the same split. A name that is taken is refused.\n\n"
        "With --from the parts are those of a CSV, as published with a data set. Objects of the store that are not in the file are\n"
        "in no part; a row whose object is not in the store, stands there twice or has another part refuses the file.",
    .examples = "epochal split --db crts.db --name main\n"
                "# no test part\n"
                "epochal split --db crts.db --name tuning --fractions 0.8,0.2 --seed 7\n"
                "# the split of a paper: rows such as SN2006tf,test below object,part\n"
                "epochal split --db crts.db --name paper --from paper.csv\n"
                "epochal classify --db crts.db --model taonet.safetensors --split main:test",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(split_options),
    .run = run,
};
