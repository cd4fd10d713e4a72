/* SPDX-License-Identifier: BSD-3-Clause
 * alert.c - ZTF alerts out of Avro records. Fields are found by their names, wherever they stand in the schema. */
#include "formats/alert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/avro.h"

#define MJD_ZERO 2400000.5

/* The values asked of each record, and where in it they are. */
#define ALERT_VALUES(X)                     \
    X(OBJECT, "objectId")                   \
    X(CANDID, "candid")                     \
    X(JD, "candidate.jd")                   \
    X(FID, "candidate.fid")                 \
    X(FIELD, "candidate.field")             \
    X(SIGN, "candidate.isdiffpos")          \
    X(RA, "candidate.ra")                   \
    X(DEC, "candidate.dec")                 \
    X(MAGPSF, "candidate.magpsf")           \
    X(SIGMAPSF, "candidate.sigmapsf")       \
    X(FWHM, "candidate.fwhm")               \
    X(RB, "candidate.rb")                   \
    X(DRB, "candidate.drb")                 \
    X(RBVERSION, "candidate.rbversion")     \
    X(DRBVERSION, "candidate.drbversion")   \
    X(SCIENCE, "cutoutScience.stampData")   \
    X(TEMPLATE, "cutoutTemplate.stampData") \
    X(DIFFERENCE, "cutoutDifference.stampData")

enum {
#define ALERT_ENUM(name, path) VALUE_##name,
    ALERT_VALUES(ALERT_ENUM) VALUES
#undef ALERT_ENUM
};

static const char *const value_paths[VALUES] = {
#define ALERT_PATH(name, path) path,
    ALERT_VALUES(ALERT_PATH)
#undef ALERT_PATH
};

struct epo__alerts_reader {
    epo__avro_reader *avro;
    epo__avro_value values[VALUES];
};

epo_status epo__alerts_create(epo__alerts_reader **out)
{
    *out = NULL;
    epo__alerts_reader *reader = epo__alloc(1, sizeof *reader);
    if (!reader) return epo__nomem("alert reader");
    epo_status status = epo__avro_create(value_paths, VALUES, &reader->avro);
    if (status) {
        free(reader);
        return status;
    }
    *out = reader;
    return EPO_OK;
}

void epo__alerts_free(epo__alerts_reader *reader)
{
    if (!reader) return;
    epo__avro_free(reader->avro);
    free(reader);
}

epo_status epo__alerts_open(epo__alerts_reader *reader, const char *path)
{
    static const int needed[] = {VALUE_OBJECT, VALUE_CANDID, VALUE_JD, VALUE_SCIENCE, VALUE_TEMPLATE, VALUE_DIFFERENCE};
    epo_status status = epo__avro_open(reader->avro, path);
    uint64_t found = epo__avro_found(reader->avro);
    for (size_t i = 0; i < sizeof needed / sizeof *needed && !status; i++)
        if (!(found >> needed[i] & 1))
            status = epo__fail(EPO_EFORMAT, "%s: its records are no ZTF alerts: no %s", path, value_paths[needed[i]]);
    if (status) epo__avro_close(reader->avro);
    return status;
}

static epo_status bad_value(epo__alerts_reader *reader, int which, const char *what)
{
    return epo__fail(EPO_EFORMAT, "%s: %s %s", epo__avro_where(reader->avro), value_paths[which], what);
}

static epo_status get_double(epo__alerts_reader *reader, int which, double *out)
{
    const epo__avro_value *value = &reader->values[which];
    switch (value->kind) {
    case EPO__AVRO_NULL:
        *out = NAN;
        return EPO_OK;
    case EPO__AVRO_FLOAT:
    case EPO__AVRO_DOUBLE:
        *out = value->real;
        return EPO_OK;
    case EPO__AVRO_INT:
    case EPO__AVRO_LONG:
        *out = (double)value->integer;
        return EPO_OK;
    default:
        return bad_value(reader, which, "is not a number");
    }
}

static epo_status get_int(epo__alerts_reader *reader, int which, int *out)
{
    const epo__avro_value *value = &reader->values[which];
    *out = 0;
    if (value->kind == EPO__AVRO_NULL) return EPO_OK;
    if (value->kind != EPO__AVRO_INT && value->kind != EPO__AVRO_LONG)
        return bad_value(reader, which, "is not a whole number");
    if (value->integer < INT32_MIN || value->integer > INT32_MAX) return bad_value(reader, which, "is out of range");
    *out = (int)value->integer;
    return EPO_OK;
}

static epo_status get_text(epo__alerts_reader *reader, int which, char *out, size_t room)
{
    const epo__avro_value *value = &reader->values[which];
    out[0] = '\0';
    if (value->kind == EPO__AVRO_NULL) return EPO_OK;
    if (value->kind != EPO__AVRO_STRING) return bad_value(reader, which, "is not a text");
    if (value->size >= room) return bad_value(reader, which, "is too long");
    if (value->size && memchr(value->bytes, 0, value->size)) return bad_value(reader, which, "holds a NUL");
    if (value->size) memcpy(out, value->bytes, value->size);
    out[value->size] = '\0';
    return EPO_OK;
}

static epo_status get_cutout(epo__alerts_reader *reader, int which, epo__alert_cutout *out)
{
    const epo__avro_value *value = &reader->values[which];
    *out = (epo__alert_cutout){NULL, 0};
    if (value->kind == EPO__AVRO_NULL) return EPO_OK;
    if (value->kind != EPO__AVRO_BYTES) return bad_value(reader, which, "is not bytes");
    if (value->size) *out = (epo__alert_cutout){value->bytes, value->size};
    return EPO_OK;
}

/* 't' or '1' is a positive difference, 'f' or '0' a negative one; brokers also store it as a boolean. */
static int get_sign(const epo__avro_value *value)
{
    if (value->kind == EPO__AVRO_BOOLEAN) return value->integer ? 1 : -1;
    if (value->kind != EPO__AVRO_STRING || value->size != 1) return 0;
    char c = (char)value->bytes[0];
    return c == 't' || c == '1' ? 1 : c == 'f' || c == '0' ? -1 : 0;
}

static epo_status fill(epo__alerts_reader *reader, epo__alert *alert)
{
    const struct {
        int which;
        double *out;
    } numbers[] = {{VALUE_JD, &alert->mjd},
                   {VALUE_RA, &alert->ra},
                   {VALUE_DEC, &alert->dec},
                   {VALUE_MAGPSF, &alert->magpsf},
                   {VALUE_SIGMAPSF, &alert->sigmapsf},
                   {VALUE_FWHM, &alert->fwhm},
                   {VALUE_RB, &alert->rb},
                   {VALUE_DRB, &alert->drb}};
    const epo__avro_value *candid = &reader->values[VALUE_CANDID];
    if (candid->kind != EPO__AVRO_LONG && candid->kind != EPO__AVRO_INT)
        return bad_value(reader, VALUE_CANDID, "is missing");
    alert->candid = candid->integer;
    epo_status status = get_text(reader, VALUE_OBJECT, alert->object, sizeof alert->object);
    if (!status && !alert->object[0]) status = bad_value(reader, VALUE_OBJECT, "is missing");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
        status = get_double(reader, numbers[i].which, numbers[i].out);
    if (!status && !isfinite(alert->mjd)) status = bad_value(reader, VALUE_JD, "is missing");
    alert->mjd -= MJD_ZERO;
    if (!status) status = get_int(reader, VALUE_FID, &alert->fid);
    if (!status) status = get_int(reader, VALUE_FIELD, &alert->field);
    alert->sign = get_sign(&reader->values[VALUE_SIGN]);
    if (!status) status = get_text(reader, VALUE_RBVERSION, alert->rbversion, sizeof alert->rbversion);
    if (!status) status = get_text(reader, VALUE_DRBVERSION, alert->drbversion, sizeof alert->drbversion);
    if (!status) status = get_cutout(reader, VALUE_SCIENCE, &alert->science);
    if (!status) status = get_cutout(reader, VALUE_TEMPLATE, &alert->template);
    if (!status) status = get_cutout(reader, VALUE_DIFFERENCE, &alert->difference);
    return status;
}

epo_status epo__alerts_next(epo__alerts_reader *reader, epo__alert *alert, bool *end)
{
    *alert = (epo__alert){0};
    epo_status status = epo__avro_next(reader->avro, reader->values, end);
    return status || *end ? status : fill(reader, alert);
}
