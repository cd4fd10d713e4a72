/* SPDX-License-Identifier: BSD-3-Clause
 * scored_bins.c - labelled scores by magnitude, or by its error. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "metrics/bins.h"
#include "store/stamps.h"
#include "store/store.h"
#include "train/scored.h"

static const double tops[] = {[EPO_BIN_BY_MAG] = 25, [EPO_BIN_BY_MAG_ERR] = 0.4};

/* What is read of an object. */
typedef struct object {
    epo__stamp_list stamps;
    epo__photometry_list points;
    double *values;
    size_t room;
} object;

static double median(double *values, size_t count)
{
    if (count == 0) return NAN;
    qsort(values, count, sizeof *values, epo__by_double);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Over the light curve, of points that are detections and not suspect; else over the stamps. */
static double typical(const object *o, bool error)
{
    size_t count = 0;
    for (size_t i = 0; i < o->points.count; i++) {
        const epo__photometry_row *p = &o->points.rows[i];
        const double value = error ? p->mag_err : p->mag;
        const bool measured = !(p->flag & (EPO__PHOTOMETRY_LIMIT | EPO__PHOTOMETRY_SUSPECT));
        if (measured && epo__bin_valid(value)) o->values[count++] = value;
    }
    for (size_t i = 0; o->points.count == 0 && i < o->stamps.count; i++) {
        const double value = error ? o->stamps.rows[i].mag_err : o->stamps.rows[i].mag;
        if (epo__bin_valid(value)) o->values[count++] = value;
    }
    return median(o->values, count);
}

static epo_status read_object(epo_store *store, int64_t id, bool points, object *out)
{
    out->points.count = 0;
    epo_status status = epo__store_stamps_of(store, id, &out->stamps);
    if (status == EPO_OK && points) status = epo__store_photometry_of(store, id, "given", &out->points);
    if (status == EPO_OK && points && out->points.count == 0)
        status = epo__store_photometry_of(store, id, NULL, &out->points);
    if (status == EPO_OK &&
        !epo__grow(&out->values, &out->room, out->stamps.count + out->points.count + 1, sizeof *out->values))
        status = epo__nomem("magnitudes");
    return status;
}

static epo__scored_magnitude magnitude_of(const object *o, int64_t stamp)
{
    if (!stamp) return (epo__scored_magnitude){typical(o, false), typical(o, true)};
    for (size_t i = 0; i < o->stamps.count; i++)
        if (o->stamps.rows[i].id == stamp)
            return (epo__scored_magnitude){o->stamps.rows[i].mag, o->stamps.rows[i].mag_err};
    return (epo__scored_magnitude){NAN, NAN};
}

static epo_status read_magnitudes(epo_scored *s, epo_store *store)
{
    const size_t count = (size_t)s->info.count;
    object at = {0};
    epo__scored_magnitude *found = epo__alloc(count, sizeof *found);
    if (!found) return epo__nomem("magnitudes");
    epo_status status = epo__store_begin(store);
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        if (i == 0 || s->items[i].object != s->items[i - 1].object)
            status = read_object(store, s->items[i].object, !s->info.stamps, &at);
        if (status == EPO_OK) found[i] = magnitude_of(&at, s->items[i].stamp);
    }
    epo__store_rollback(store);
    epo__stamp_list_free(&at.stamps);
    epo__photometry_list_free(&at.points);
    free(at.values);
    if (status == EPO_OK)
        s->magnitudes = found;
    else
        free(found);
    return status;
}

static double value_of(const epo_scored *s, epo_bin_by by, size_t i)
{
    return by == EPO_BIN_BY_MAG ? s->magnitudes[i].mag : s->magnitudes[i].mag_err;
}

epo_status epo_scored_bin_edges(epo_scored *s, epo_store *store, epo_bin_by by, double edges[EPO_BIN_EDGES],
                                int64_t *outside)
{
    const size_t count = (size_t)s->info.count;
    epo_status status = s->magnitudes ? EPO_OK : read_magnitudes(s, store);
    if (status != EPO_OK) return status;
    double *values = epo__alloc(count, sizeof *values);
    if (!values) return epo__nomem("magnitudes");
    for (size_t i = 0; i < count; i++) values[i] = value_of(s, by, i);
    if (!epo__bin_edges(values, count, tops[by], edges, EPO_BIN_EDGES))
        status = epo__fail(EPO_ENOTFOUND, "%s: no %s has a %s below %g", s->store,
                           s->info.stamps ? "scored stamp" : "scored object",
                           by == EPO_BIN_BY_MAG ? "magnitude" : "magnitude error", tops[by]);
    if (outside) *outside = 0;
    for (size_t i = 0; status == EPO_OK && outside && i < count; i++)
        *outside += epo__bin_find(edges, EPO_BIN_EDGES, values[i]) < 0;
    free(values);
    return status;
}

epo_status epo_scored_bin(const epo_scored *s, epo_bin_by by, const double edges[EPO_BIN_EDGES], size_t bin,
                          epo_scored **out)
{
    const size_t width = epo__scored_width(s);
    epo_scored *part = NULL;
    int64_t last = 0;
    if (bin + 1 >= EPO_BIN_EDGES || !s->magnitudes)
        return epo__fail(EPO_EARG, "bin %zu of %d, or no edges yet", bin, EPO_BIN_EDGES - 1);
    epo_status status = epo__scored_create_like(s, &part);
    for (size_t i = 0; status == EPO_OK && i < (size_t)s->info.count; i++) {
        if (epo__bin_find(edges, EPO_BIN_EDGES, value_of(s, by, i)) != (int)bin) continue;
        epo__scored_item item = s->items[i];
        double *row;
        if (item.object != last) part->info.objects++; /* items of an object lie together */
        last = item.object;
        item.group = (uint32_t)(part->info.objects - 1);
        status = epo__scored_add(part, item, &row);
        for (size_t k = 0; status == EPO_OK && k < width; k++) row[k] = s->scores[i * width + k];
    }
    if (status == EPO_OK)
        *out = part;
    else
        epo_scored_free(part);
    return status;
}
