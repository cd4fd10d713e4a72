/* SPDX-License-Identifier: BSD-3-Clause
 * alert.h - ZTF alerts from Avro container files (schema versions 3.3 to 4.02, as the survey or a broker wrote them).
 *
 * One reader serves any number of files, one after the other; it belongs to one thread at a time. */
#ifndef EPO_FORMATS_ALERT_H
#define EPO_FORMATS_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

enum { EPO__ALERT_NAME_SIZE = 64, EPO__ALERT_VERSION_SIZE = 32 };

typedef struct epo__alerts_reader epo__alerts_reader;

/* A cut-out as it stands in the alert: a gzipped FITS file. bytes is NULL where the alert has none. */
typedef struct epo__alert_cutout {
    const unsigned char *bytes;
    size_t size;
} epo__alert_cutout;

/* Numbers that are null or missing are NaN, texts "", fid and field 0. */
typedef struct epo__alert {
    int64_t candid;                    /* always there */
    char object[EPO__ALERT_NAME_SIZE]; /* "ZTF23abkoxwy"; always there */
    double mjd;                        /* days; the alert's jd - 2400000.5, which is exact; always there */
    int fid;                           /* filter: 1 g, 2 r, 3 i */
    int field;                         /* ZTF field number */
    int sign;                          /* +1 brighter than the template, -1 fainter, 0 not said (isdiffpos) */
    double ra, dec;                    /* degrees */
    double magpsf, sigmapsf;           /* mag */
    double fwhm;                       /* pixels */
    double rb, drb;                    /* published real/bogus scores */
    char rbversion[EPO__ALERT_VERSION_SIZE], drbversion[EPO__ALERT_VERSION_SIZE];
    epo__alert_cutout science, template, difference;
} epo__alert;

epo_status epo__alerts_create(epo__alerts_reader **out); /* EPO_ENOMEM */
void epo__alerts_free(epo__alerts_reader *reader);

/* Starts on a file, leaving the one before. EPO_EIO, EPO_EFORMAT (also for a container whose records are no alerts),
 * EPO_ELIMIT, EPO_EUNSUPPORTED (codec). */
epo_status epo__alerts_open(epo__alerts_reader *reader, const char *path);

/* The next alert; its cut-outs live until the next call on the reader. On success *end tells that there was none.
 * A failure with *end false concerns one alert or the rest of one block: call again for what follows. A failure with
 * *end true ends the file. */
epo_status epo__alerts_next(epo__alerts_reader *reader, epo__alert *alert, bool *end);

#endif
