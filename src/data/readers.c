/* SPDX-License-Identifier: BSD-3-Clause
 * readers.c - the table of formats. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "data/reader.h"

const epo__reader_type *const epo__readers[] = {
    &epo__reader_tao,
    &epo__reader_stamps,
    &epo__reader_autoscan,
    &epo__reader_ztf,
    &epo__reader_cube,
    &epo__reader_lightcurves,
    NULL,
};

epo_status epo__reader_find(const char *format, const epo__reader_type **out)
{
    epo__string names = {0};
    for (size_t i = 0; epo__readers[i]; i++) {
        if (format && strcmp(epo__readers[i]->name, format) == 0) {
            *out = epo__readers[i];
            epo__string_free(&names);
            return EPO_OK;
        }
        epo__string_addf(&names, "%s%s", i ? ", " : "", epo__readers[i]->name);
    }
    epo_status status =
        epo__fail(EPO_EARG, "format '%s' is not one of %s", format ? format : "", names.text ? names.text : "");
    epo__string_free(&names);
    return status;
}

bool epo_import_format_at(size_t index, epo_import_format *out)
{
    if (index >= sizeof epo__readers / sizeof *epo__readers - 1) return false;
    *out = (epo_import_format){epo__readers[index]->name, epo__readers[index]->about};
    return true;
}

static bool is_binary(const char *label)
{
    return strcmp(label, "0") == 0 || strcmp(label, "1") == 0;
}

epo_status epo__class_of_label(const char *label, const char *real_label, const char **class_name)
{
    if (!label[0] || (is_binary(real_label) && !is_binary(label)))
        return epo__fail(EPO_EFORMAT, "label '%s', where %s means real", label, real_label);
    *class_name = strcmp(label, real_label) == 0 ? "real" : "bogus";
    return EPO_OK;
}

epo_status epo__reader_guess(const char *path, const epo__reader_type **out)
{
    unsigned char head[16] = {0};
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, head, sizeof head) < 0) memset(head, 0, sizeof head);
        close(file);
    }
    if (memcmp(head, "Obj\1", 4) == 0 || epo__ends_with(path, ".avro"))
        *out = &epo__reader_ztf;
    else if (memcmp(head, "\x93NUMPY", 6) == 0 || memcmp(head, "PK", 2) == 0 || epo__ends_with(path, ".npy") ||
             epo__ends_with(path, ".npz"))
        *out = &epo__reader_cube;
    else if (memcmp(head, "SIMPLE", 6) == 0 || epo__ends_with(path, ".fits") || epo__ends_with(path, ".fit") ||
             epo__ends_with(path, ".fits.gz") || epo__ends_with(path, ".fit.gz"))
        *out = &epo__reader_stamps;
    else
        return epo__fail(EPO_EUNSUPPORTED,
                         "%s: neither an Avro alert, a FITS stamp nor an npy or npz cube; name the format", path);
    return EPO_OK;
}
