/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_card.c - epochal card: what a model is, where it comes from, what it was measured to do. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "epochal/card.h"
#include "message.h"
#include "output.h"

typedef struct card_options {
    cli_common common;
    const char *net, *metrics, *write;
    cli_list notes;
} card_options;

#define PLACE(member) .place = offsetof(card_options, member)
static const cli_option options[] = {
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", PLACE(net), .help = "network text, or its name, for weights that have none in them"},
    {.name = "metrics", .kind = CLI_TEXT, .argument = "FILE", PLACE(metrics),
     .help = "with --write: what it was measured to do, an array of flat JSON objects; replaces earlier metrics"},
    {.name = "note", .kind = CLI_LIST, .argument = "KEY=TEXT", PLACE(notes),
     .help = "with --write: a note such as limits=..., licence=...; replaces the one of its key, an empty text removes it"},
    {.name = "write", .kind = CLI_TEXT, .argument = "OUT", PLACE(write), .help = "write the model with these metrics and notes to this file"},
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

/* --- showing -------------------------------------------------------------------------------------------------------- */

/* Text for a terminal: a note may have lines. */
static void put_text(cli_output *output, const char *text, bool table)
{
    char *line = table && text[strcspn(text, "\n\t")] ? strdup(text) : NULL;
    for (char *c = line; c && *c; c++)
        if (*c == '\n' || *c == '\t') *c = ' ';
    cli_put_text(output, line ? line : text);
    free(line);
}

static void put_value(cli_output *output, const epo_card_value *value, bool table, bool fact)
{
    char text[32];
    switch (value->kind) {
    case EPO_CARD_TEXT: put_text(output, value->text, table); break;
    case EPO_CARD_INT: cli_put_int(output, value->whole); break;
    case EPO_CARD_BOOL: cli_put_bool(output, value->whole != 0); break;
    case EPO_CARD_REAL:
        snprintf(text, sizeof text, "%.5g", value->real);
        if (table)
            cli_put_text(output, text);
        else
            cli_put_real(output, value->real);
        break;
    case EPO_CARD_NOTHING: cli_put_text(output, table && fact ? "not known" : NULL); break;
    }
}

static bool is_number(const epo_card_section *s, size_t column)
{
    bool any = false;
    for (size_t row = 0; row < s->row_count; row++) {
        epo_card_kind kind = s->cells[row * s->column_count + column].kind;
        if (kind != EPO_CARD_INT && kind != EPO_CARD_REAL && kind != EPO_CARD_NOTHING) return false;
        any = any || kind != EPO_CARD_NOTHING;
    }
    return any;
}

static int print_section(cli_output *output, const epo_card_section *s, const char *path, bool table)
{
    cli_column *columns = calloc(s->column_count, sizeof *columns);
    if (!columns) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    for (size_t c = 0; c < s->column_count; c++) columns[c] = (cli_column){.name = s->columns[c], .number = is_number(s, c)};
    if (s->facts)
        cli_facts_begin(output, s->name);
    else
        cli_table_begin(output, s->name, columns, s->column_count);
    if (s->facts && !*s->name) cli_fact_text(output, "model", path);
    for (size_t row = 0; row < s->row_count; row++) {
        for (size_t c = 0; c < s->column_count; c++) put_value(output, &s->cells[row * s->column_count + c], table, s->facts);
        cli_row_end(output);
    }
    if (s->facts)
        cli_facts_end(output);
    else
        cli_table_end(output);
    free(columns);
    return CLI_OK;
}

static int print_card(const card_options *o, const char *path)
{
    epo_card card;
    epo_model_options model = EPO_MODEL_OPTIONS_INIT;
    model.net = o->net;
    epo_status status = epo_card_read(path, &model, &card);
    if (status != EPO_OK) {
        cli_failed(status);
        return status == EPO_EMODEL ? CLI_BAD_MODEL : CLI_FAILED;
    }
    bool table = strcmp(o->common.output, "table") == 0;
    cli_output *output = cli_output_open(o->common.output, true);
    int result = output ? CLI_OK : CLI_FAILED;
    for (size_t i = 0; i < card.count && result == CLI_OK; i++) result = print_section(output, &card.sections[i], path, table);
    int closed = output ? cli_output_close(output) : CLI_FAILED;
    epo_card_free(&card);
    return result == CLI_OK ? closed : result;
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

/* KEY=TEXT, cut in place. */
static int read_notes(const cli_call *call, char **texts, epo_card_note *notes)
{
    const card_options *o = call->options;
    for (size_t i = 0; i < o->notes.count; i++) {
        if (!(texts[i] = strdup(o->notes.items[i]))) {
            cli_error("out of memory");
            return CLI_FAILED;
        }
        char *equals = strchr(texts[i], '=');
        if (!equals) return cli_usage(call->command, "--note '%s' is not KEY=TEXT", o->notes.items[i]);
        *equals = '\0';
        notes[i] = (epo_card_note){texts[i], equals + 1};
    }
    return CLI_OK;
}

static int write_card(const cli_call *call)
{
    const card_options *o = call->options;
    char **texts = calloc(o->notes.count + 1, sizeof *texts);
    epo_card_note *notes = calloc(o->notes.count + 1, sizeof *notes);
    epo_card_additions additions = {.metrics = o->metrics, .notes = notes, .note_count = o->notes.count};
    epo_model_options model = EPO_MODEL_OPTIONS_INIT;
    model.net = o->net;
    int result = CLI_FAILED;
    if (texts && notes)
        result = read_notes(call, texts, notes);
    else
        cli_error("out of memory");
    if (result == CLI_OK) {
        epo_status status = epo_card_write(call->operands[0], &model, &additions, o->write);
        if (status == EPO_OK)
            cli_note("%s: written; its SHA-256 is another one than that of %s", o->write, call->operands[0]);
        else
            result = status == EPO_EFORMAT ? (cli_failed(status), CLI_BAD_INPUT) : cli_failed(status);
    }
    for (size_t i = 0; texts && i < o->notes.count; i++) free(texts[i]);
    free(texts);
    free(notes);
    return result;
}

static int run(const cli_call *call)
{
    const card_options *o = call->options;
    if (o->write) {
        if (call->operand_count != 1) return cli_usage(call->command, "--write takes one model");
        if (!o->metrics && o->notes.count == 0) return cli_usage(call->command, "--write needs --metrics or --note");
        return write_card(call);
    }
    if (o->metrics || o->notes.count > 0) return cli_usage(call->command, "--metrics and --note need --write OUT");
    if (call->operand_count > 1 && strcmp(o->common.output, "json") == 0)
        return cli_usage(call->command, "json holds one card; jsonl takes any number of models");
    int result = CLI_OK;
    for (size_t i = 0; i < call->operand_count; i++) {
        if (i > 0 && strcmp(o->common.output, "table") == 0) puts("");
        int printed = print_card(o, call->operands[i]);
        if (printed != CLI_OK) result = printed;
    }
    return result;
}

const cli_command cmd_card = {
    .name = "card",
    .about = "Show where a model comes from, or add metrics and notes to it",
    .operands = "MODEL...",
    .least = 1,
    .description =
        "Prints a model's card: what it takes and gives; the data it was trained on, with a SHA-256 of the split and whether any of\n"
        "it was simulated; the command that makes the same bytes again; seed, processor and versions; how its stages went; metrics\n"
        "and notes that were added. All of it stands in the weights file. DB, OUT and FROM's SHA-256 stand for files.\n\n"
        "With --write metrics and notes are added: the weights stay as they are, the file and its SHA-256 are new. Weights that\n"
        "Epochal did not train have no record, and their card says so.",
    .examples = "epochal card taonet.safetensors\n"
                "# what it was measured to do, into the file\n"
                "epochal card taonet.safetensors --metrics metrics.json --note limits='CRTS only' --note licence=CC-BY-4.0 "
                "--write published.safetensors\n"
                "# for a script\n"
                "epochal card published.safetensors --output json | jq .simulated",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(card_options),
    .run = run,
};
