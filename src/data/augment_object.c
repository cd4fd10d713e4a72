/* SPDX-License-Identifier: BSD-3-Clause
 * augment_object.c - one synthetic object: where its source lies, how bright it is when, and its stamps.
 *
 * Everything by chance comes from a generator of the object's own, so that no two objects share an offset and none
 * depends on which thread makes it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/augment.h"
#include "data/lightcurve_models.h"
#include "data/simulate_sky.h"
#include "data/stamp_extra.h"
#include "image/median.h"

enum { PLACES = 20 };                      /* that are tried on a host */
static const double LEAST_COVERAGE = 0.75; /* of the source's light on pixels that are good */
static const double NO_STAR = 1.5;         /* times the given width */
static const double WING = 1e-8;           /* of the flux: fainter wings are not drawn */

/* One exposure of the host. */
typedef struct epo__augment_epoch {
    size_t first, count;           /* its stamps */
    size_t main;                   /* the first of the planes that get the source; SIZE_MAX: it has none */
    double fwhm;                   /* NaN unknown */
    const epo__star_cut *star;     /* NULL: rendered */
    double level;                  /* of the source over its peak; 0: not there yet */
    double x, y;                   /* of the source in the host's stamp */
    int left, top, side_x, side_y; /* what is kept of the stamp */
} epoch;

typedef struct object {
    const epo__augment_plan *plan;
    const epo__augment_host *host;
    epo__augment_room *room;
    epo__rng rng, photons;
    epoch *epochs;
    size_t count, onset;
    double dx, dy;                     /* from the middle */
    double mag, flux, snr, zero_point; /* at the peak; snr NaN where the sky has no noise */
    double coverage, squares;          /* of a source of flux 1 at the onset, on good pixels */
} object;

void epo__augment_room_free(epo__augment_room *room)
{
    free(room->epochs);
    free(room->plane);
    free(room->light);
    free(room->numbers);
    epo__image_work_free(&room->work);
    *room = (epo__augment_room){0};
}

static const epo__stamp_row *stamp_of(const object *o, size_t index)
{
    return &o->host->stamps.rows[index];
}

static bool gets_source(const epo__augment_plan *plan, epo__role role)
{
    for (size_t i = 0; i < plan->role_count; i++)
        if (plan->roles[i] == role) return true;
    return false;
}

/* --- epochs
 * ---------------------------------------------------------------------------------------------------------------- */

/* The plane that the source is measured against: the first role of the plan that there is. */
static size_t main_plane(const object *o, const epoch *e)
{
    for (size_t r = 0; r < o->plan->role_count; r++)
        for (size_t i = e->first; i < e->first + e->count; i++)
            if (stamp_of(o, i)->role == o->plan->roles[r]) return i;
    return SIZE_MAX;
}

static epo_status list_epochs(object *o)
{
    const epo__stamp_list *stamps = &o->host->stamps;
    if (!epo__grow(&o->room->epochs, &o->room->epoch_room, stamps->count, sizeof *o->room->epochs) ||
        !epo__grow(&o->room->numbers, &o->room->number_room, stamps->count, sizeof *o->room->numbers))
        return epo__nomem("epochs");
    o->epochs = o->room->epochs;
    for (size_t i = 0; i < stamps->count;) {
        epoch *e = &o->epochs[o->count++];
        *e = (epoch){.first = i, .fwhm = NAN};
        for (; i < stamps->count && strcmp(stamp_of(o, i)->exposure, stamp_of(o, e->first)->exposure) == 0; i++)
            e->count++;
        e->main = main_plane(o, e);
        for (size_t k = e->first; k < e->first + e->count; k++)
            if (stamp_of(o, k)->width != stamp_of(o, e->first)->width ||
                stamp_of(o, k)->height != stamp_of(o, e->first)->height)
                return epo__fail(EPO_EFORMAT, "exposure %s has planes of different sizes", stamp_of(o, k)->exposure);
    }
    return o->count ? EPO_OK : epo__fail(EPO_EFORMAT, "it has no stamps");
}

/* The epoch from which on the source is there, one of those with a plane for it. */
static epo_status choose_onset(object *o)
{
    size_t usable = 0, left;
    for (size_t i = 0; i < o->count; i++) usable += o->epochs[i].main != SIZE_MAX;
    if (usable == 0) return epo__fail(EPO_EFORMAT, "it has no stamp of a role that gets the source");
    left = epo__rng_below(&o->rng, (uint32_t)usable);
    for (o->onset = 0; o->epochs[o->onset].main == SIZE_MAX || left > 0; o->onset++)
        left -= o->epochs[o->onset].main != SIZE_MAX;
    return EPO_OK;
}

/* How bright it is at each epoch. Its rise begins before the first epoch that sees it, by chance. */
static epo_status choose_levels(object *o)
{
    const epo_augment_options *options = o->plan->options;
    const double ahead = options->rise * epo__rng_uniform(&o->rng),
                 start = stamp_of(o, o->epochs[o->onset].first)->mjd - ahead;
    for (size_t i = o->onset; i < o->count; i++) {
        const double since = stamp_of(o, o->epochs[i].first)->mjd - start;
        o->epochs[i].level = 1;
        if (options->rise == 0 && options->fade == 0) continue;
        if (isnan(since)) return epo__fail(EPO_EFORMAT, "it has no times, which a light curve that changes needs");
        if (since < options->rise)
            o->epochs[i].level = since / options->rise;
        else if (options->fade > 0)
            o->epochs[i].level = exp(-(since - options->rise) / options->fade);
    }
    return EPO_OK;
}

/* In alerts the width that is given is that of the candidate, which may be a galaxy or a cosmic ray: the stars on the
 * stamp come first, unless the caller knows better. What is found much wider than the candidate is no star, though, but
 * a galaxy that fills the stamp. */
static epo_status find_width(object *o, epoch *e)
{
    const epo_augment_options *options = o->plan->options;
    const epo__stamp_row *row = stamp_of(o, e->main);
    const double given = row->fwhm > 0 && row->fwhm < row->width ? row->fwhm : NAN;
    epo__raster image;
    e->fwhm = options->fwhm > 0 ? options->fwhm : options->given_fwhm ? given : NAN;
    if (!isnan(e->fwhm)) return EPO_OK;
    epo_status status = epo__augment_plane(o->host, e->main, &o->room->plane, &o->room->plane_room, &image);
    if (status == EPO_OK) status = epo__psf_find(&image, options->saturation, &o->room->work, &e->fwhm);
    if (status == EPO_OK && !(e->fwhm <= NO_STAR * given) && !isnan(given)) e->fwhm = given;
    return status;
}

/* The width at each epoch that shows the source: where none is to be found, the usual one of the others. */
static epo_status choose_widths(object *o)
{
    size_t found = 0;
    const double chance = epo__rng_uniform(&o->rng);
    epo_status status = EPO_OK;
    for (size_t i = o->onset; status == EPO_OK && i < o->count; i++) {
        if (o->epochs[i].main == SIZE_MAX) continue;
        status = find_width(o, &o->epochs[i]);
        if (!isnan(o->epochs[i].fwhm)) o->room->numbers[found++] = o->epochs[i].fwhm;
    }
    if (status != EPO_OK) return status;
    if (found == 0 && !o->plan->stars)
        return epo__fail(EPO_EFORMAT,
                         "the width of its stars is not known and none is clear enough to measure it: give an fwhm");
    const double usual = found ? epo__median(o->room->numbers, found) : NAN;
    for (size_t i = o->onset; i < o->count; i++) {
        epoch *e = &o->epochs[i];
        if (isnan(e->fwhm)) e->fwhm = usual;
        if (o->plan->stars) e->star = epo__augment_star(o->plan->stars, e->fwhm, chance);
        if (e->star) e->fwhm = e->star->fwhm;
    }
    return EPO_OK;
}

/* --- the place
 * ----------------------------------------------------------------------------------------------------------------- */

/* The source in each epoch, and the window that is kept about it; false when one of them has no room for that. */
static bool lay_out(object *o)
{
    const int side = o->plan->options->side;
    for (size_t i = 0; i < o->count; i++) {
        epoch *e = &o->epochs[i];
        const epo__stamp_row *row = stamp_of(o, e->first);
        /* a cut is moved by whole pixels: nothing is interpolated */
        const double x = epo__raster_centre(row->width) + (e->star ? round(o->dx) : o->dx);
        const double y = epo__raster_centre(row->height) + (e->star ? round(o->dy) : o->dy);
        e->x = e->star ? x + e->star->dx : x;
        e->y = e->star ? y + e->star->dy : y;
        e->left = side ? (int)lround(x) - side / 2 : 0;
        e->top = side ? (int)lround(y) - side / 2 : 0;
        e->side_x = side ? side : row->width;
        e->side_y = side ? side : row->height;
        if (e->left < 0 || e->top < 0 || e->left + e->side_x > row->width || e->top + e->side_y > row->height)
            return false;
        if (!side && (e->x < 0 || e->y < 0 || e->x > row->width - 1 || e->y > row->height - 1)) return false;
    }
    return true;
}

/* A source of flux `flux` alone, in the room's light. */
static epo_status draw(object *o, const epoch *e, double flux, epo__canvas *out)
{
    const epo__stamp_row *row = stamp_of(o, e->first);
    const size_t count = (size_t)row->width * (size_t)row->height;
    if (!epo__grow(&o->room->light, &o->room->light_room, count, sizeof *o->room->light)) return epo__nomem("a source");
    memset(o->room->light, 0, count * sizeof *o->room->light);
    *out = (epo__canvas){.pixels = o->room->light, .width = row->width, .height = row->height};
    if (e->star)
        epo__star_cut_add(out, e->star, (int)lround(e->x - e->star->dx), (int)lround(e->y - e->star->dy), flux);
    else
        epo__render_star(out, &(epo__psf){e->fwhm, 1}, e->x, e->y, flux, WING * flux);
    return EPO_OK;
}

/* How much of the source good pixels of its first epoch see. */
static epo_status measure_coverage(object *o)
{
    const epoch *e = &o->epochs[o->onset];
    epo__raster image;
    epo__canvas light;
    epo_status status = epo__augment_plane(o->host, e->main, &o->room->plane, &o->room->plane_room, &image);
    if (status == EPO_OK) status = draw(o, e, 1, &light);
    if (status != EPO_OK) return status;
    o->coverage = o->squares = 0;
    for (size_t i = 0; i < (size_t)image.width * (size_t)image.height; i++) {
        if (!isfinite(image.pixels[i])) continue;
        o->coverage += light.pixels[i];
        o->squares += (double)light.pixels[i] * light.pixels[i];
    }
    return EPO_OK;
}

static double reach_of(const epo_augment_options *options, double offset)
{
    return options->pixel_scale > 0 ? offset / options->pixel_scale : offset;
}

static void draw_offset(object *o, double offset)
{
    const double reach = reach_of(o->plan->options, offset);
    o->dx = epo__draw_between(&o->rng, -reach, reach);
    o->dy = epo__draw_between(&o->rng, -reach, reach);
}

static epo_status choose_place(object *o)
{
    bool room = false;
    for (int n = 0; n < PLACES; n++) {
        draw_offset(o, o->plan->options->offset);
        if (!lay_out(o)) continue;
        room = true;
        epo_status status = measure_coverage(o);
        if (status != EPO_OK) return status;
        if (o->coverage >= LEAST_COVERAGE) return EPO_OK;
    }
    return room ? epo__fail(EPO_EFORMAT, "no place for the source: too many bad pixels, or too close to the border")
                : epo__fail(EPO_EFORMAT, "its stamps are too small for a side of %d about a source that far off",
                            o->plan->options->side);
}

/* --- brightness
 * -------------------------------------------------------------------------------------------------------------------
 */

/* The stamp's own, where it says one. */
static epo_status read_zero_point(const object *o, const epoch *e, double *out)
{
    epo_status status = epo__stamp_zero_point(stamp_of(o, e->first), out);
    if (status == EPO_OK && isnan(*out)) *out = o->plan->options->zero_point;
    return status;
}

/* Flux and magnitude at the peak. The signal to noise is that of a fit of the PSF at the peak, in the noise of the sky
 * of the first epoch and of the source's own photons. */
static epo_status choose_flux(object *o)
{
    const epo_augment_options *options = o->plan->options;
    const epoch *e = &o->epochs[o->onset];
    const double chance = epo__rng_uniform(&o->rng), per_flux = options->gain > 0 ? 1 / options->gain : 0;
    epo__raster image;
    epo__sky sky = {0};
    epo_status status = epo__augment_plane(o->host, e->main, &o->room->plane, &o->room->plane_room, &image);
    if (status == EPO_OK)
        status =
            epo__sky_measure(&image, e->x, e->y, &(epo__annulus){0, image.width + image.height}, &o->room->work, &sky);
    if (status == EPO_OK) status = read_zero_point(o, e, &o->zero_point);
    if (status != EPO_OK) return status;
    const double variance = sky.noise * sky.noise / o->squares;
    if (options->snr_high > 0) {
        if (!(sky.noise > 0)) return epo__fail(EPO_EFORMAT, "its sky has no noise, so a signal to noise says nothing");
        const double s = options->snr_low * pow(options->snr_high / options->snr_low, chance), own = s * s * per_flux;
        o->flux = 0.5 * (own + sqrt(own * own + 4 * s * s * variance));
        o->mag = o->zero_point - 2.5 * log10(o->flux);
    } else {
        o->mag = options->mag_low + (options->mag_high - options->mag_low) * chance;
        o->flux = pow(10, -0.4 * (o->mag - o->zero_point));
    }
    o->snr = sky.noise > 0 ? o->flux / sqrt(variance + o->flux * per_flux) : NAN;
    return isfinite(o->flux) ? EPO_OK
                             : epo__fail(EPO_EFORMAT, "a source of magnitude %g with a zero point of %g has no flux",
                                         o->mag, o->zero_point);
}

/* Flux at one epoch: the same magnitude under the epoch's zero point. */
static epo_status flux_at(const object *o, const epoch *e, double *out)
{
    double zero_point;
    epo_status status = read_zero_point(o, e, &zero_point);
    if (status == EPO_OK) *out = o->flux * e->level * pow(10, 0.4 * (zero_point - o->zero_point));
    return status;
}

/* --- stamps
 * -------------------------------------------------------------------------------------------------------------------------
 */

/* Room for the planes of an epoch, in the host's order. */
static epo_status open_planes(const object *o, const epoch *e, epo__batch *out, epo__exposure *exposure)
{
    epo_status status = EPO_OK;
    for (size_t i = e->first; status == EPO_OK && i < e->first + e->count; i++) {
        epo__plane *plane;
        status = epo__batch_plane(out, exposure, stamp_of(o, i)->role, &plane);
        if (status == EPO_OK &&
            !epo__image_resize(&plane->image, stamp_of(o, i)->type, (size_t)e->side_x, (size_t)e->side_y))
            status = epo__nomem("a stamp");
    }
    return status;
}

/* The window of a stamp; `light`, of the size of the host's stamp, is added where it is not NULL. */
static void fill_plane(const object *o, const epoch *e, size_t index, float *light, double ceiling, epo__batch *out,
                       epo__plane *plane)
{
    const epo__stamp_row *row = stamp_of(o, index);
    const size_t size = epo__pixel_size(row->type), width = (size_t)e->side_x;
    for (size_t y = 0; y < (size_t)e->side_y; y++) {
        const size_t from = ((size_t)e->top + y) * (size_t)row->width + (size_t)e->left;
        unsigned char *to = (unsigned char *)plane->image.pixels + y * width * size;
        memcpy(to, o->host->raw + o->host->offsets[index] + from * size, width * size);
        if (light) epo__pixels_inject(row->type, to, width, light + from, ceiling);
    }
    epo__batch_check_constant(out, plane);
}

/* Science is lit first, so that a difference gets what science took: saturated pixels have no more light to give. */
static epo_status put_planes(object *o, const epoch *e, double flux, epo__batch *out, epo__exposure *exposure)
{
    const epo_augment_options *options = o->plan->options;
    const bool lit = flux > 0;
    epo__canvas light = {0};
    epo_status status = open_planes(o, e, out, exposure);
    if (status == EPO_OK && lit) status = draw(o, e, flux, &light);
    if (status != EPO_OK) return status;
    if (lit && options->gain > 0) epo__render_photons(&light, &o->photons, options->gain);
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < e->count; k++) {
            const epo__role role = stamp_of(o, e->first + k)->role;
            if ((role == EPO__ROLE_SCIENCE) != (pass == 0)) continue;
            fill_plane(o, e, e->first + k, lit && gets_source(o->plan, role) ? light.pixels : NULL,
                       role == EPO__ROLE_SCIENCE ? options->saturation : INFINITY, out,
                       &out->planes[exposure->first_plane + k]);
        }
    return EPO_OK;
}

/* What was added, before whatever the host's stamp has. */
static const char *describe(const object *o, const epoch *e, double flux, bool bogus, epo__batch *out)
{
    const epo_augment_options *options = o->plan->options;
    const epo__stamp_row *row = stamp_of(o, e->first);
    epo__string s = {0};
    epo__string_add(&s, "{\"augment\":{\"survey\":");
    epo__string_add_json(&s, o->host->object.survey);
    epo__string_add(&s, ",\"host\":");
    epo__string_add_json(&s, o->host->object.name);
    if (bogus)
        epo__string_addf(&s, ",\"source\":null,\"dx\":%.6g,\"dy\":%.6g", o->dx, o->dy);
    else if (!(flux > 0))
        epo__string_add(&s, ",\"flux\":0");
    else
        epo__string_addf(
            &s, ",\"source\":\"%s\",\"x\":%.9g,\"y\":%.9g,\"flux\":%.9g,\"mag\":%.9g,\"fwhm\":%.9g,\"gain\":%.9g",
            e->star ? "cut" : "psf", e->x - e->left, e->y - e->top, flux, o->mag - 2.5 * log10(e->level), e->fwhm,
            options->gain);
    if (flux > 0) {
        epo__string_add(&s, ",\"planes\":");
        epo__string_add_json(&s, options->planes ? options->planes : EPO__AUGMENT_PLANES);
    }
    epo__string_add(&s, "}");
    json_t *root = NULL;
    if (row->extra && epo__json_read(row->extra, strlen(row->extra), EPO__JSON_DUPLICATES, &root) == EPO_ENOMEM) s.failed = true;
    if (json_is_object(root)) json_object_del(root, "augment");
    const bool more = json_object_size(root) > 0;
    char *rest = more ? epo__json_write(root, 17) : NULL;
    if (more && !rest) s.failed = true;
    if (rest) epo__string_addf(&s, ",%s", rest + 1); /* without its brace */
    if (!rest) epo__string_add(&s, "}");
    const char *text = s.failed ? NULL : epo__batch_text(out, s.text);
    free(rest);
    json_decref(root);
    epo__string_free(&s);
    return text;
}

static epo_status put_epoch(object *o, const epoch *e, size_t subject, bool bogus, epo__batch *out)
{
    const epo__stamp_row *row = stamp_of(o, e->first);
    double flux = 0;
    size_t index;
    epo_status status = bogus || e->main == SIZE_MAX || e->level == 0 ? EPO_OK : flux_at(o, e, &flux);
    if (status == EPO_OK) status = epo__batch_exposure(out, subject, row->exposure, &index);
    if (status != EPO_OK) return status;
    epo__exposure *exposure = &out->exposures[index];
    exposure->key = exposure->id;
    exposure->mjd = row->mjd;
    exposure->mjd_given = row->mjd_given;
    exposure->mjd_suspect = row->mjd_suspect;
    exposure->night = row->night ? epo__batch_text(out, row->night) : NULL;
    exposure->filter = row->filter ? epo__batch_text(out, row->filter) : NULL;
    exposure->fwhm = flux > 0 ? e->fwhm : row->fwhm;
    exposure->mag = flux > 0 ? o->mag - 2.5 * log10(e->level) : row->mag;
    exposure->mag_err = flux > 0 ? NAN : row->mag_err;
    exposure->extra = describe(o, e, flux, bogus, out);
    if (!exposure->extra || (row->night && !exposure->night) || (row->filter && !exposure->filter))
        return epo__nomem("an exposure");
    return put_planes(o, e, flux, out, exposure);
}

static const char *sum_up(const object *o, bool bogus, epo__batch *out)
{
    const epo__object_row *host = &o->host->object;
    if (bogus)
        return epo__batch_textf(out, "no source added to %s of %s, seen %+.2f %+.2f pixels off", host->name,
                                host->survey, o->dx, o->dy);
    const epoch *e = &o->epochs[o->onset];
    return epo__batch_textf(out,
                            "source added to %s of %s: %+.2f %+.2f pixels off its middle, mag %.3f, flux %.6g, S/N "
                            "%.3g, FWHM %.3g pixels%s",
                            host->name, host->survey, o->dx, o->dy, o->mag, o->flux, o->snr, e->fwhm,
                            e->star ? ", a star cut out" : "");
}

static epo_status put_object(object *o, uint64_t number, bool bogus, epo__batch *out)
{
    const epo__object_row *host = &o->host->object;
    const epo_augment_options *options = o->plan->options;
    size_t subject;
    const char *name = epo__batch_textf(out, "%c%llu-%06llu", bogus ? 'R' : 'A', (unsigned long long)options->seed,
                                        (unsigned long long)number);
    epo_status status = name ? epo__batch_subject(out, name, &subject) : epo__nomem("an object");
    if (status != EPO_OK) return status;
    epo__subject *row = &out->subjects[subject];
    row->ra = host->ra;
    row->dec = host->dec;
    row->class_name = epo__batch_text(out, bogus ? "bogus" : options->class_name ? options->class_name : "real");
    row->class_given = sum_up(o, bogus, out);
    row->parent = epo__batch_text(out, host->parent && host->parent[0] ? host->parent : host->name);
    if (!row->class_name || !row->class_given || !row->parent) return epo__nomem("an object");
    for (size_t i = 0; status == EPO_OK && i < o->count; i++) status = put_epoch(o, &o->epochs[i], subject, bogus, out);
    return status;
}

epo_status epo__augment_make(const epo__augment_plan *plan, const epo__augment_host *host, uint64_t number, bool bogus,
                             epo__augment_room *room, epo__batch *out)
{
    const uint64_t seed = plan->options->seed;
    object o = {.plan = plan,
                .host = host,
                .room = room,
                .rng = epo__simulate_rng(seed, bogus ? "augment bogus" : "augment source", number),
                .photons = epo__simulate_rng(seed, "augment photons", number)};
    if (host->refused) return epo__fail(EPO_EFORMAT, "%s", host->refused);
    epo_status status = list_epochs(&o);
    if (bogus) {
        draw_offset(&o, plan->options->side ? plan->options->bogus_offset : 0);
        if (status == EPO_OK && !lay_out(&o))
            status = epo__fail(EPO_EFORMAT, "its stamps are too small for a side of %d", plan->options->side);
        return status == EPO_OK ? put_object(&o, number, true, out) : status;
    }
    if (status == EPO_OK) status = choose_onset(&o);
    if (status == EPO_OK) status = choose_levels(&o);
    if (status == EPO_OK) status = choose_widths(&o);
    if (status == EPO_OK) status = choose_place(&o);
    if (status == EPO_OK) status = choose_flux(&o);
    return status == EPO_OK ? put_object(&o, number, false, out) : status;
}
