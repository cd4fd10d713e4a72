/* SPDX-License-Identifier: BSD-3-Clause
 * sequence.c - one epoch a night, in one size. */
#include "data/sequence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "image/geometry.h"

void epo__sequence_free(epo__sequence *sequence)
{
    if (!sequence) return;
    epo__stamp_list_free(&sequence->stamps);
    free(sequence->nights);
    free(sequence->visits);
    free(sequence->raw);
    free(sequence->pixels.bytes);
    free(sequence->planes);
    free(sequence->scratch);
    *sequence = (epo__sequence){0};
}

static bool same_night(const epo__stamp_row *a, const epo__stamp_row *b)
{
    if (a->night && b->night) return strcmp(a->night, b->night) == 0;
    return floor(a->mjd) == floor(b->mjd);
}

static bool usable(const epo__stamp_row *row)
{
    return row->role == EPO__ROLE_SCIENCE && !row->constant;
}

/* Stamps come in time order, unknown times first, so the epochs of a night follow each other. */
static epo_status list_nights(epo__sequence *s)
{
    const epo__stamp_row *last = NULL;
    bool timed = false;
    s->night_count = s->visit_count = 0;
    for (size_t i = 0; i < s->stamps.count && !timed; i++)
        timed = usable(&s->stamps.rows[i]) && !isnan(s->stamps.rows[i].mjd);
    for (size_t i = 0; i < s->stamps.count; i++) {
        const epo__stamp_row *row = &s->stamps.rows[i];
        if (!usable(row) || (timed && isnan(row->mjd))) continue;
        if (!epo__grow(&s->visits, &s->visit_room, s->visit_count + 1, sizeof *s->visits)) return epo__nomem("nights");
        if (!(timed && last && same_night(last, row))) {
            if (!epo__grow(&s->nights, &s->night_room, s->night_count + 1, sizeof *s->nights))
                return epo__nomem("nights");
            s->nights[s->night_count] =
                (epo__night){.stamp = i, .first = s->visit_count, .mjd = timed ? row->mjd : (double)s->night_count};
            s->night_count++;
            last = row;
        }
        s->visits[s->visit_count++] = i;
        s->nights[s->night_count - 1].count++;
    }
    return EPO_OK;
}

epo_status epo__sequence_list(epo_store *store, int64_t object, epo__sequence *s)
{
    s->object = object;
    s->raw_size = 0;
    s->night_count = s->visit_count = 0;
    epo_status status = epo__store_stamps_of(store, object, &s->stamps);
    return status == EPO_OK ? list_nights(s) : status;
}

epo_status epo__sequence_fetch(epo_store *store, int64_t object, epo__sequence *s)
{
    epo_status status = epo__sequence_list(store, object, s);
    for (size_t i = 0; status == EPO_OK && i < s->night_count; i++) {
        status = epo__store_pixels_read(store, &s->stamps.rows[s->nights[i].stamp], &s->pixels);
        if (status != EPO_OK) break;
        size_t need;
        if (!epo__size_add(s->raw_size, s->pixels.size, &need) || !epo__grow(&s->raw, &s->raw_room, need, 1))
            return epo__nomem("pixels of a sequence");
        memcpy(s->raw + s->raw_size, s->pixels.bytes, s->pixels.size);
        s->nights[i].raw_offset = s->raw_size;
        s->raw_size = need;
    }
    return status;
}

epo_status epo__sequence_assemble(epo__sequence *s, int height, int width)
{
    size_t plane = (size_t)height * (size_t)width, need;
    if (!epo__size_mul(plane, s->night_count, &need) || !epo__grow(&s->planes, &s->plane_room, need, sizeof *s->planes))
        return epo__nomem("planes of a sequence");
    for (size_t i = 0; i < s->night_count; i++) {
        const epo__stamp_row *row = &s->stamps.rows[s->nights[i].stamp];
        size_t count = (size_t)row->width * (size_t)row->height;
        if (!epo__grow(&s->scratch, &s->scratch_room, count, sizeof *s->scratch)) return epo__nomem("a stamp");
        epo__pixels_to_f32(row->type, s->raw + s->nights[i].raw_offset, count, s->scratch);
        epo__image_fit(s->scratch, row->height, row->width, s->planes + i * plane, height, width, EPO_FIT_CENTRE, NAN);
    }
    return EPO_OK;
}
