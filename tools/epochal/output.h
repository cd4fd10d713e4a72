/* SPDX-License-Identifier: BSD-3-Clause
 * output.h - the one writer of results: table, json, jsonl or csv on stdout.
 *
 * An output holds either one table (cli_output_open with document false), or a document: facts (name and value) and named
 * tables after each other. In JSON a table is an array of objects and a document is an object; in JSON Lines each row of a
 * table is a line, and a document is one line. Tables for people are aligned in blocks of rows, so that memory stays
 * bounded however many there are.
 *
 *     cli_output_open, cli_table_begin, { cli_put_..., cli_row_end }, cli_table_end, cli_output_close
 *
 * Numbers in json, jsonl and csv have enough digits to be read back as the same number; a table shows fewer. What is not
 * finite is null in JSON and empty elsewhere. Bytes that are not UTF-8 become U+FFFD.
 *
 * A failed write (a full disk, a closed pipe) is remembered: the calls after it do nothing, cli_output_failed tells, and
 * cli_output_close says why and returns the exit status.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_output cli_output;

typedef struct cli_column {
    const char *name;
    bool number;                /* right-aligned in a table */
    const char *const *members; /* not NULL: an object in JSON with these members, as many columns in table and csv */
    size_t member_count;
} cli_column;

/* `format` is a word of --output. NULL when there is no memory, which has been said then. */
cli_output *cli_output_open(const char *format, bool document);

/* Ends and flushes everything. CLI_OK, or CLI_FAILED when something could not be written. */
int cli_output_close(cli_output *output);

bool cli_output_failed(const cli_output *output);

/* A table with its columns, which must live until cli_table_end. `name` is its key in a document, "" otherwise. */
void cli_table_begin(cli_output *output, const char *name, const cli_column *columns, size_t count);
void cli_table_end(cli_output *output);

/* Facts of a document, each a row of a name and a value. */
void cli_facts_begin(cli_output *output, const char *name);
void cli_fact_text(cli_output *output, const char *name, const char *text); /* NULL: null */
void cli_fact_int(cli_output *output, const char *name, int64_t value);
void cli_fact_real(cli_output *output, const char *name, double value);
void cli_facts_end(cli_output *output);

/* The cells of a row, in the order of the columns. */
void cli_put_text(cli_output *output, const char *text); /* NULL: null */
void cli_put_int(cli_output *output, int64_t value);
void cli_put_real(cli_output *output, double value);     /* 17 digits where needed: times, positions */
void cli_put_score(cli_output *output, double value);    /* 9 digits; 6 decimals in a table */
void cli_put_bool(cli_output *output, bool value);
void cli_put_texts(cli_output *output, const char *const *texts, size_t count); /* an array; "A,B" in table and csv */
void cli_put_scores(cli_output *output, const double *values); /* all members of a column with members */
void cli_put_absent(cli_output *output); /* no key at all in JSON, empty elsewhere; fills all members */
void cli_row_end(cli_output *output);

#endif
