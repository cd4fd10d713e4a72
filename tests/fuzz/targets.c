/* SPDX-License-Identifier: BSD-3-Clause
 * targets.c - the table of targets, and what they share. */
#include "fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/reader.h"
#include "formats/digest.h"
#include "formats/safetensors_seal.h"

extern const fuzz_target fuzz_fits, fuzz_gzip, fuzz_avro, fuzz_npy, fuzz_curves, fuzz_table, fuzz_safetensors,
    fuzz_model, fuzz_network, fuzz_forest, fuzz_json;

const fuzz_target *const fuzz_targets[] = {&fuzz_fits,    &fuzz_gzip,   &fuzz_avro,        &fuzz_npy,
                                           &fuzz_curves,  &fuzz_table,  &fuzz_safetensors, &fuzz_model,
                                           &fuzz_network, &fuzz_forest, &fuzz_json,        NULL};

const fuzz_target *fuzz_target_find(const char *name)
{
    for (size_t i = 0; fuzz_targets[i]; i++)
        if (strcmp(fuzz_targets[i]->name, name) == 0) return fuzz_targets[i];
    return NULL;
}

/* A target that cannot be run has found nothing: better no verdict than a wrong one. */
static void need(int fine, const char *what)
{
    if (fine) return;
    perror(what);
    abort();
}

const char *fuzz_file(const uint8_t *bytes, size_t size)
{
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        need(fd >= 0, "memfd_create");
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    need(ftruncate(fd, 0) == 0, "ftruncate");
    for (size_t done = 0; done < size;) {
        const ssize_t n = pwrite(fd, bytes + done, size - done, (off_t)done);
        need(n > 0, "pwrite");
        done += (size_t)n;
    }
    return path;
}

static volatile uint64_t sum; /* so that no reading is left out */

void fuzz_touch(const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    uint64_t s = sum, word;
    size_t i = 0;
    for (; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, b + i, sizeof word);
        s = s * 31 + word;
    }
    for (; i < size; i++) s = s * 31 + b[i];
    sum = s;
}

void fuzz_touch_text(const char *text)
{
    if (text) fuzz_touch(text, strlen(text));
}

/* True when no exposure of it is spoilt. */
static bool touch_batch(const epo__batch *b)
{
    bool fine = true;
    for (size_t i = 0; i < b->subject_count; i++) {
        const epo__subject *s = &b->subjects[i];
        const char *const texts[] = {s->name, s->class_name, s->class_given, s->parent};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) fuzz_touch_text(texts[t]);
        fuzz_touch(&s->ra, sizeof s->ra);
    }
    for (size_t i = 0; i < b->exposure_count; i++) {
        const epo__exposure *e = &b->exposures[i];
        const char *const texts[] = {e->path,       e->id,          e->key,   e->night, e->filter,
                                     e->rb_version, e->drb_version, e->extra, e->error};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) fuzz_touch_text(texts[t]);
        fine = fine && !e->error;
        for (size_t p = 0; p < e->plane_count; p++) {
            const epo__image *image = &b->planes[e->first_plane + p].image;
            fuzz_touch(image->pixels, epo__image_bytes(image));
        }
    }
    for (size_t i = 0; i < b->point_count; i++) {
        fuzz_touch_text(b->points[i].filter);
        fuzz_touch(&b->points[i].mag, sizeof b->points[i].mag);
    }
    return fine;
}

int fuzz_read(const epo__reader_type *reader, const epo_import_options *options, const char *path)
{
    epo__batch batch = {0};
    epo__string context = {0};
    bool last = false, fine = true;
    void *state = epo__alloc(1, reader->state_size);
    need(state != NULL, "state");
    epo_status status = reader->open(state, options, path);
    if (status == EPO_OK && reader->context) reader->context(state, options, &context);
    fuzz_touch_text(context.text);
    while (status == EPO_OK && !last) {
        epo__batch_clear(&batch);
        status = reader->next(state, options, &batch, &last);
        if (status == EPO_OK && reader->decode) status = reader->decode(options, &batch);
        if (status == EPO_OK) fine = touch_batch(&batch) && fine;
    }
    if (reader->release) reader->release(state);
    free(state);
    epo__batch_free(&batch);
    epo__string_free(&context);
    return status == EPO_OK && fine;
}

int fuzz_seal(uint8_t *bytes, size_t size)
{
    uint64_t length = 0;
    if (size < 8) return 0;
    memcpy(&length, bytes, 8);
    if (length > size - 8) return 0;
    const size_t at = epo__seal_find(bytes + 8, (size_t)length);
    if (at == 0 || length - at < EPO__SEAL_DIGITS) return 0;
    char digest[EPO__SHA256_TEXT];
    memset(bytes + 8 + at, '0', EPO__SEAL_DIGITS);
    epo__sha256_of(bytes, size, digest);
    memcpy(bytes + 8 + at, digest, EPO__SEAL_DIGITS);
    return 1;
}
