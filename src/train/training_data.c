/* SPDX-License-Identifier: BSD-3-Clause
 * training_data.c - one pass over a split: counts and digest. */
#include "train/training_data.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "epochal/simulate.h"
#include "store/members.h"

typedef struct survey_pass {
    epo__data_summary *out;
    epo__sha256 sha;
    epo__string line;         /* room for the line at hand */
    epo__data_survey *survey; /* of the object at hand; NULL when it is left out */
    bool simulated;           /* the object at hand has been counted as such */
} survey_pass;

static void add_field(epo__string *line, const char *text)
{
    epo__string_add(line, "\t");
    for (const char *from = text;; text++) {
        if (*text && *text != '\\' && *text != '\t' && *text != '\n') continue;
        epo__string_addn(line, from, (size_t)(text - from));
        if (!*text) return;
        epo__string_add(line, *text == '\\' ? "\\\\" : *text == '\t' ? "\\t" : "\\n");
        from = text + 1;
    }
}

static epo_status end_line(survey_pass *p)
{
    epo__string_add(&p->line, "\n");
    if (p->line.failed) return epo__nomem("split");
    epo__sha256_add(&p->sha, p->line.text, p->line.length);
    epo__string_clear(&p->line);
    return EPO_OK;
}

static void count_simulated(survey_pass *p, const char *format)
{
    if (p->simulated || !format || strcmp(format, EPO_SIMULATE_FORMAT) != 0) return;
    p->simulated = true;
    p->out->simulated++;
    if (p->survey) p->survey->simulated++;
}

/* The survey of an object: they come in order, so it is the last one or a new one. A name that was cut would be another's. */
static epo__data_survey *find_survey(epo__data_summary *d, const char *name)
{
    const size_t length = strlen(name);
    if (d->survey_count && strcmp(d->surveys[d->survey_count - 1].name, name) == 0) return &d->surveys[d->survey_count - 1];
    if (d->survey_count == EPO__DATA_SURVEYS || length >= EPO__DATA_NAME) return NULL;
    epo__data_survey *survey = &d->surveys[d->survey_count++];
    memcpy(survey->name, name, length + 1);
    return survey;
}

static epo__data_class *find_class(epo__data_summary *d, const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < d->class_count; i++)
        if (strcmp(d->classes[i].name, name) == 0) return &d->classes[i];
    if (d->class_count == EPO__DATA_CLASSES || length >= EPO__DATA_NAME) return NULL;
    epo__data_class *class = &d->classes[d->class_count++];
    memcpy(class->name, name, length + 1);
    return class;
}

static epo__data_part part_of(const char *name)
{
    static const char *const names[EPO__DATA_OTHER] = {"train", "validation", "test"};
    int part = 0;
    while (part < EPO__DATA_OTHER && strcmp(names[part], name) != 0) part++;
    return (epo__data_part)part;
}

static epo_status take_object(void *context, const epo__member_row *row)
{
    survey_pass *p = context;
    epo__data_summary *d = p->out;
    const char *class_name = row->class_name ? row->class_name : "";
    epo__data_class *class = find_class(d, class_name);
    d->objects++;
    p->survey = find_survey(d, row->survey);
    p->simulated = false;
    if (p->survey)
        p->survey->objects++;
    else
        d->surveys_left_out++;
    if (class)
        class->objects[part_of(row->part)]++;
    else
        d->classes_left_out++;
    count_simulated(p, row->format);
    epo__string_add(&p->line, "object");
    add_field(&p->line, row->survey);
    add_field(&p->line, row->name);
    add_field(&p->line, class_name);
    add_field(&p->line, row->part);
    return end_line(p);
}

static epo_status take_stamp(void *context, const epo__member_stamp *stamp)
{
    survey_pass *p = context;
    p->out->stamps++;
    if (p->survey) p->survey->stamps++;
    count_simulated(p, stamp->format);
    epo__string_add(&p->line, "stamp");
    add_field(&p->line, stamp->exposure);
    add_field(&p->line, stamp->role);
    epo__string_addf(&p->line, "\t%" PRId64 "\t%" PRId64 "\t%" PRId64, stamp->plane, stamp->milliseconds, stamp->crc32);
    return end_line(p);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const epo__data_class *)a)->name, ((const epo__data_class *)b)->name);
}

epo_status epo__training_data(epo_store *store, const char *split, epo__data_summary *out)
{
    unsigned char digest[EPO__SHA256_SIZE];
    survey_pass p = {.out = out};
    *out = (epo__data_summary){0};
    epo__sha256_init(&p.sha);
    epo_status status = epo__store_members_visit(store, split, &(epo__member_visitor){&p, take_object, take_stamp});
    epo__sha256_end(&p.sha, digest);
    epo__sha256_hex(digest, out->sha256);
    qsort(out->classes, out->class_count, sizeof *out->classes, by_name);
    epo__string_free(&p.line);
    return status;
}
