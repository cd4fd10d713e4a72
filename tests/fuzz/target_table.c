/* SPDX-License-Identifier: BSD-3-Clause
 * target_table.c - CSV tables: every field as text and as numbers, and as a table that a forest takes. */
#include "epochal/forest.h"
#include "formats/csv.h"
#include "fuzz/target.h"

static void touch_fields(const epo__csv *csv, const char *const *fields)
{
    double real;
    int64_t whole;
    for (size_t c = 0; c < epo__csv_columns(csv); c++) {
        fuzz_touch_text(fields[c]);
        if (epo__csv_double(csv, c, &real) == EPO_OK) fuzz_touch(&real, sizeof real);
        if (epo__csv_int(csv, c, -1000, 1000, &whole) == EPO_OK) fuzz_touch(&whole, sizeof whole);
    }
}

/* As the readers of labels do, who go on behind a bad row. */
static void read_rows(const char *path)
{
    static const char *const ids[] = {"ID", "object", NULL};
    epo__csv *csv = NULL;
    size_t column;
    bool end = false;
    if (epo__csv_open(path, &csv) != EPO_OK) return;
    for (size_t c = 0; c < epo__csv_columns(csv); c++) fuzz_touch_text(epo__csv_name(csv, c));
    epo__csv_find(csv, ids, &column);
    while (!end) {
        const char *const *fields;
        if (epo__csv_next(csv, &fields, &end) == EPO_OK && !end) touch_fields(csv, fields);
    }
    epo__csv_free(csv);
}

static int run(const uint8_t *bytes, size_t size)
{
    const char *path = fuzz_file(bytes, size);
    epo_forest_table table;
    read_rows(path);
    if (epo_forest_read_csv(path, NULL, &table) != EPO_OK) return 0;
    fuzz_touch(table.values, table.rows * table.columns * sizeof *table.values);
    for (size_t i = 0; i < table.columns; i++) fuzz_touch_text(table.names[i]);
    for (size_t i = 0; table.labels && i < table.rows; i++) fuzz_touch_text(table.labels[i]);
    for (size_t i = 0; table.ids && i < table.rows; i++) fuzz_touch_text(table.ids[i]);
    epo_forest_table_free(&table);
    return 1;
}

static const char *const words[] = {"id",  "label", "ID", "object",       ",",    "\n", "\r\n", "\"", "\"\"",
                                    "nan", "1e999", "-0", "\xef\xbb\xbf", "0x10", NULL};

const fuzz_target fuzz_table = {.name = "table", .run = run, .words = words, .max_size = 4 << 10};
