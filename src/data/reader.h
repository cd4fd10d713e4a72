/* SPDX-License-Identifier: BSD-3-Clause
 * reader.h - one kind of input. A format is one .c file that ends in a const epo__reader_type; readers.c lists them.
 *
 * A reader goes through one file at a time: open, then next until *last. `next` is serial and cheap (it finds where one
 * piece ends); `decode` does the work on a batch and may run on another thread meanwhile. What one exposure has wrong
 * is noted in it (epo__batch_spoil); what the file has wrong is returned, with its name in the message. EPO_EARG from
 * open means that the options are wrong, not the file.
 */
#ifndef EPO_DATA_READER_H
#define EPO_DATA_READER_H

#include "base/text.h"
#include "data/batch.h"
#include "epochal/import.h"

typedef struct epo__reader_type {
    const char *name, *about;
    const char *survey;          /* unless the user names one */
    const char *const *suffixes; /* of the files taken from folders, ended by NULL */
    const char *first_suffix;    /* files with it are read before all others; NULL: none */
    bool has_stamps;             /* can be scored without a store */
    bool named_by_files;         /* objects are called as their files are, and two files may be called alike */
    size_t state_size;           /* zeroed before the first open */

    epo_status (*open)(void *state, const epo_import_options *options, const char *path);
    /* Adds to the batch; *last tells that the file is done. After a failure the file is done too. */
    epo_status (*next)(void *state, const epo_import_options *options, epo__batch *batch, bool *last);
    /* Exposures with an error are left alone. NULL: nothing left to do. */
    epo_status (*decode)(const epo_import_options *options, epo__batch *batch);
    void (*release)(void *state); /* NULL: nothing to release */
    /* After open: adds JSON members (`"name":"x",`) for what the file's meaning owes to anything but its bytes and the
     * options: its name, its folder, a file of labels. The same bytes with the same such context are imported once.
     * NULL: the bytes say it all. */
    void (*context)(const void *state, const epo_import_options *options, epo__string *json);
} epo__reader_type;

/* All readers, ended by NULL. */
extern const epo__reader_type *const epo__readers[];

/* EPO_EARG, listing the formats there are. */
epo_status epo__reader_find(const char *format, const epo__reader_type **out);

/* The class that a label stands for, when `real_label` is the one that means real: "real" or "bogus". EPO_EFORMAT for
 * an empty label, and for one that is neither 0 nor 1 when real_label is one of those. */
epo_status epo__class_of_label(const char *label, const char *real_label, const char **class_name);

/* By the file's name and first bytes: ztf for Avro, cube for npy and npz, stamps for FITS. EPO_EUNSUPPORTED. */
epo_status epo__reader_guess(const char *path, const epo__reader_type **out);

extern const epo__reader_type epo__reader_tao, epo__reader_stamps, epo__reader_autoscan, epo__reader_ztf,
    epo__reader_cube, epo__reader_lightcurves;

#endif
