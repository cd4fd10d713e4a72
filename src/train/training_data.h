/* SPDX-License-Identifier: BSD-3-Clause
 * training_data.h - what a split holds, in numbers and as a digest that is the same wherever the same data lie. */
#ifndef EPO_TRAIN_TRAINING_DATA_H
#define EPO_TRAIN_TRAINING_DATA_H

#include "epochal/store.h"
#include "formats/digest.h"

enum { EPO__DATA_NAME = 256 /* as the longest name of a folder, with its NUL */, EPO__DATA_SURVEYS = 64, EPO__DATA_CLASSES = 128 };

typedef enum epo__data_part { EPO__DATA_TRAIN, EPO__DATA_VALIDATION, EPO__DATA_TEST, EPO__DATA_OTHER, EPO__DATA_PARTS } epo__data_part;

typedef struct epo__data_survey {
    char name[EPO__DATA_NAME];
    int64_t objects, stamps;
    int64_t simulated;           /* objects that came from `epochal simulate`, or have a stamp that did */
} epo__data_survey;

typedef struct epo__data_class {
    char name[EPO__DATA_NAME];   /* "" without a class */
    int64_t objects[EPO__DATA_PARTS];
} epo__data_class;

typedef struct epo__data_summary {
    int64_t objects, stamps, simulated;
    char sha256[EPO__SHA256_TEXT];
    epo__data_survey surveys[EPO__DATA_SURVEYS]; /* by name */
    epo__data_class classes[EPO__DATA_CLASSES];  /* by name */
    size_t survey_count, class_count;
    int64_t surveys_left_out, classes_left_out;  /* objects of those that there was no room for, or for their name */
} epo__data_summary;

/* Goes once through the split, without pixels. The digest is the SHA-256 of these lines, objects by survey and name, the
 * stamps of each by exposure, role and plane:
 *
 *     object TAB survey TAB name TAB class TAB part
 *     stamp TAB exposure TAB role TAB plane TAB milliseconds since MJD 0 TAB crc32 of the pixels
 *
 * Backslash, tab and line feed inside a text are written \\, \t and \n; an unknown class is empty, an unknown time 0.
 * EPO_ENOTFOUND: no such split. */
epo_status epo__training_data(epo_store *store, const char *split, epo__data_summary *out);

#endif
