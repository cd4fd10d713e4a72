/* SPDX-License-Identifier: BSD-3-Clause
 * new_file.c - files that are written whole or not at all. */
#include "formats/new_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

static epo_status cannot(const char *path, int error)
{
    if (error == ENOMEM) return epo__nomem(path);
    return epo__fail(EPO_EIO, "%s: cannot be written: %s", path, strerror(error));
}

/* A new file beside out->path. */
static epo_status open_beside(epo__new_file *out)
{
    for (unsigned n = 0; n < 1000; n++) {
        out->name = epo__format("%s.%ld-%u.tmp", out->path, (long)getpid(), n);
        if (!out->name) return epo__nomem("name of a file");
        int fd = open(out->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666), error = errno;
        if (fd >= 0) {
            out->file = fdopen(fd, "w+b");
            if (out->file) return EPO_OK;
            error = errno;
            close(fd);
            unlink(out->name);
        }
        free(out->name);
        out->name = NULL;
        if (error != EEXIST) return cannot(out->path, error);
    }
    return cannot(out->path, EEXIST);
}

/* Whether `rest` is what open_beside puts behind a path, ".PID-N.tmp", and no process but this one has that number now. */
static bool is_left_behind(const char *rest)
{
    char digits[20] = "";
    int64_t number;
    if (*rest != '.') return false;
    const size_t length = strspn(rest + 1, "0123456789");
    const char *after = rest + 1 + length;
    if (length == 0 || length >= sizeof digits || *after != '-') return false;
    const size_t count = strspn(after + 1, "0123456789");
    if (count == 0 || strcmp(after + 1 + count, ".tmp") != 0) return false;
    memcpy(digits, rest + 1, length);
    if (!epo__parse_int(digits, 1, INT32_MAX, &number)) return false;
    return number == getpid() || (kill((pid_t)number, 0) != 0 && errno == ESRCH);
}

void epo__new_file_sweep(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const size_t length = strlen(name);
    char *folder = slash ? epo__strndup(path, slash == path ? 1 : (size_t)(slash - path)) : epo__strdup(".");
    DIR *entries = folder && length ? opendir(folder) : NULL;
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (strncmp(entry->d_name, name, length) == 0 && is_left_behind(entry->d_name + length)) unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries) closedir(entries);
    free(folder);
}

epo_status epo__new_file_open(const char *path, epo__new_file *out)
{
    struct stat there;
    *out = (epo__new_file){.path = path};
    const char *slash = strrchr(path, '/');
    /* the rename would take the place of a device or a pipe, where the rights are there: root's /dev/null, say */
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return epo__fail(EPO_EIO, "%s: cannot be written: it is not a regular file", path);
    out->directory = !slash ? epo__strdup(".") : epo__strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!out->directory) return epo__nomem("name of a file");
    epo_status status = open_beside(out);
    if (status != EPO_OK) epo__new_file_drop(out);
    return status;
}

epo_status epo__scratch_open(const char *path, FILE **out)
{
    epo__new_file file = {.path = path};
    *out = NULL;
    epo_status status = open_beside(&file);
    if (status != EPO_OK) return status;
    unlink(file.name);
    free(file.name);
    *out = file.file;
    return EPO_OK;
}

void epo__new_file_drop(epo__new_file *f)
{
    if (f->file) {
        fclose(f->file);
        unlink(f->name);
        free(f->name);
    }
    free(f->directory);
    *f = (epo__new_file){0};
}

/* Makes a rename in it lasting. */
static bool sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool fine = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL); /* some file systems cannot sync a directory */
    const int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    return fine;
}

epo_status epo__new_file_end(epo__new_file *f, bool fine)
{
    epo_status status = EPO_OK;
    fine = fine && fflush(f->file) == 0 && fsync(fileno(f->file)) == 0;
    int error = errno;
    if (fclose(f->file) != 0 && fine) {
        fine = false;
        error = errno;
    }
    if (fine && rename(f->name, f->path) != 0) {
        fine = false;
        error = errno;
    }
    if (!fine) {
        unlink(f->name);
        status = cannot(f->path, error);
    } else if (!sync_directory(f->directory)) {
        status = epo__fail(EPO_EIO, "%s: written, but its directory cannot be synced: %s", f->path, strerror(errno));
    }
    free(f->name);
    free(f->directory);
    *f = (epo__new_file){0};
    return status;
}

epo_status epo__file_write(const char *path, const void *bytes, size_t size)
{
    epo__new_file file;
    epo_status status = epo__new_file_open(path, &file);
    return status == EPO_OK ? epo__new_file_end(&file, fwrite(bytes, 1, size, file.file) == size) : status;
}
