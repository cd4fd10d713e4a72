/* SPDX-License-Identifier: BSD-3-Clause
 * relabel_file.c - decisions from a CSV, row by row in one transaction. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "data/reader.h"
#include "data/relabel.h"
#include "formats/csv.h"
#include "formats/digest.h"
#include "store/store.h"

static const char format[] = "relabel"; /* of the source */

typedef enum column { OBJECT, CLASS, WHO, WHY, WHEN, SURVEY, OLD, COLUMNS } column;

typedef struct file {
    epo_store *store;
    const char *path;
    const epo_relabel_options *options;
    epo__csv *csv;
    size_t at[COLUMNS];
    bool has[COLUMNS];
    bool again;  /* these bytes were recorded in the same way before */
    bool of_des; /* ID, old_label, changed_label, final_label */
    epo__class_names classes;
    int64_t source; /* the file in the store, once it has something new */
    char digest[EPO__SHA256_TEXT];
    char now[21];
    epo__string settings; /* JSON: what changes the meaning of the file */
    epo_relabel_summary *out;
} file;

/* --- the file as a source ---------------------------------------------------------------------------------------- */

static void add_setting(epo__string *s, const char *name, const char *value)
{
    if (!value) return;
    epo__string_addf(s, "%s\"%s\":", s->length > 1 ? "," : "", name);
    epo__string_add_json(s, value);
}

static epo_status describe(file *f)
{
    epo__string_add(&f->settings, "{");
    add_setting(&f->settings, "as", f->options->vote ? "votes" : "labels");
    add_setting(&f->settings, "who", f->options->who);
    add_setting(&f->settings, "why", f->options->why);
    add_setting(&f->settings, "survey", f->options->survey);
    add_setting(&f->settings, "real_label", f->options->real_label);
    epo__string_add(&f->settings, "}");
    return f->settings.failed ? epo__nomem("settings") : epo__sha256_file(f->path, f->digest);
}

/* The file goes to the sources with its first row that is news; it belongs to the survey of that row's object. */
static epo_status add_source(file *f, int64_t object)
{
    struct stat info;
    epo__pool texts = {0};
    epo__object_row row;
    epo_status status = epo__store_object_get(f->store, object, &texts, &row);
    if (status == EPO_OK)
        status =
            epo__store_source_add(f->store,
                                  &(epo__source_row){.survey = row.survey,
                                                     .path = f->path,
                                                     .digest = f->digest,
                                                     .format = format,
                                                     .options = f->settings.text,
                                                     .bytes = stat(f->path, &info) == 0 ? (int64_t)info.st_size : 0},
                                  &f->source);
    epo__pool_free(&texts);
    return status;
}

/* --- columns ----------------------------------------------------------------------------------------------------- */

static epo_status find(file *f, column c, const char *first, const char *second)
{
    const char *const names[] = {first, second, NULL};
    epo_status status = epo__csv_find(f->csv, names, &f->at[c]);
    f->has[c] = status == EPO_OK;
    return status;
}

static epo_status find_if_there(file *f, column c, const char *first, const char *second)
{
    epo_status status = find(f, c, first, second);
    return status == EPO_ENOTFOUND ? EPO_OK : status;
}

static epo_status find_columns(file *f)
{
    epo_status status = find_if_there(f, CLASS, "final_label", NULL);
    f->of_des = f->has[CLASS];
    if (status == EPO_OK) status = f->of_des ? find(f, OBJECT, "ID", "object") : find(f, OBJECT, "object", "name");
    if (status == EPO_OK && f->of_des) status = find(f, OLD, "old_label", NULL);
    if (status == EPO_OK && !f->of_des) status = find(f, CLASS, "class", NULL);
    if (status == EPO_OK) status = find_if_there(f, WHO, "who", NULL);
    if (status == EPO_OK) status = find_if_there(f, WHY, "why", NULL);
    if (status == EPO_OK) status = find_if_there(f, WHEN, "when", NULL);
    return status == EPO_OK ? find_if_there(f, SURVEY, "survey", NULL) : status;
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

/* A field of the row; `otherwise` where it is empty, or there is no such column. */
static const char *field(const file *f, const char *const *fields, column c, const char *otherwise)
{
    return f->has[c] && fields[f->at[c]][0] ? fields[f->at[c]] : otherwise;
}

static epo_status class_of(file *f, const char *given, const char **out)
{
    const char *name = given;
    const bool digit = (given[0] == '0' || given[0] == '1') && !given[1];
    if (digit && f->options->real_label) {
        epo_status status = epo__class_of_label(given, f->options->real_label, &name);
        if (status != EPO_OK) return status;
    } else if (digit && f->of_des) {
        return epo__fail(EPO_EARG, "label %s: which of 0 and 1 means real?", given);
    }
    return epo__relabel_class(f->store, &f->classes, name, f->options->new_class || name != given, out);
}

static epo_status time_of(const file *f, const char *given, char room[21], const char **out)
{
    *out = NULL;
    if (!*given) return EPO_OK;
    if (!epo__utc_parse(given, false, room))
        return epo__fail(EPO_EARG, "when '%.40s': not a date or time in UTC, as 2026-11-21 or 2026-11-21T01:30:00Z",
                         given);
    if (strcmp(room, f->now) > 0) return epo__fail(EPO_EARG, "when %s: that time has not come", room);
    *out = room;
    return EPO_OK;
}

static epo_status record(file *f, epo__label_row *row)
{
    bool said = f->again;
    epo_status status = said ? EPO_OK : epo__store_label_said(f->store, f->options->vote, row, &said);
    if (status != EPO_OK) return status;
    if (said) {
        f->out->known++;
        return EPO_OK;
    }
    if (!f->source) status = add_source(f, row->object);
    row->source = f->source;
    if (status == EPO_OK)
        status = f->options->vote ? epo__store_vote_add(f->store, row) : epo__store_label_add(f->store, row);
    if (status == EPO_OK) f->out->recorded++;
    return status;
}

static epo_status read_row(file *f, const char *const *fields)
{
    char room[21];
    epo__label_row row = {.who = field(f, fields, WHO, f->options->who), .why = field(f, fields, WHY, f->options->why)};
    const char *given = field(f, fields, CLASS, "");
    if (f->of_des && !*given) {
        f->out->pending++;
        return EPO_OK;
    }
    epo_status status = epo__relabel_object(f->store, field(f, fields, SURVEY, f->options->survey),
                                            field(f, fields, OBJECT, ""), &row.object);
    if (status == EPO_OK) status = epo__relabel_check_who(row.who);
    if (status == EPO_OK) status = epo__relabel_check_why(row.why);
    if (status == EPO_OK) status = class_of(f, given, &row.class_name);
    if (status == EPO_OK) status = time_of(f, field(f, fields, WHEN, ""), room, &row.at);
    if (status != EPO_OK) return status;
    const bool kept = f->of_des && strcmp(given, field(f, fields, OLD, "")) == 0;
    f->out->kept += kept;
    return kept && !f->options->vote ? EPO_OK : record(f, &row);
}

/* A failure of the row, with file and line; one of the store or of memory stays what it is. */
static epo_status at_line(const file *f, epo_status status)
{
    if (status != EPO_EARG && status != EPO_ENOTFOUND && status != EPO_EFORMAT) return status;
    epo__fail_in(status, "%s: line %" PRIu64, f->path, epo__csv_line(f->csv));
    return EPO_EFORMAT;
}

static epo_status read_rows(file *f)
{
    bool end = false;
    const char *const *fields;
    epo_status status = EPO_OK;
    while (status == EPO_OK && (status = epo__csv_next(f->csv, &fields, &end)) == EPO_OK && !end) {
        status = read_row(f, fields);
        if (status != EPO_OK) status = at_line(f, status);
    }
    return status;
}

epo_status epo_relabel_from_file(epo_store *store, const char *path, const epo_relabel_options *options,
                                 epo_relabel_summary *out)
{
    file f = {.store = store, .path = path, .options = options, .out = out};
    *out = (epo_relabel_summary){0};
    epo__utc_now(f.now);
    epo_status status = options->who ? epo__relabel_check_who(options->who) : EPO_OK;
    if (status == EPO_OK && options->why) status = epo__relabel_check_why(options->why);
    if (status == EPO_OK) status = describe(&f);
    if (status == EPO_OK) status = epo__csv_open(path, &f.csv);
    if (status == EPO_OK) status = find_columns(&f);
    if (status == EPO_OK) status = epo__store_begin(store);
    if (status == EPO_OK) {
        int64_t before;
        status = epo__store_source_find(store, f.digest, format, f.settings.text, &before);
        f.again = before != 0;
        if (status == EPO_OK) status = read_rows(&f);
        if (status == EPO_OK) status = epo__store_commit(store);
        if (status != EPO_OK) epo__store_rollback(store);
    }
    epo__csv_free(f.csv);
    epo__class_names_free(&f.classes);
    epo__string_free(&f.settings);
    return status;
}
