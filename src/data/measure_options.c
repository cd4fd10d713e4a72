/* SPDX-License-Identifier: BSD-3-Clause
 * measure_options.c - the options of photometry, and the name that its points get.
 *
 * The name holds every option that changes a number and is not at its default: points of one name are comparable. */
#include "data/measure_options.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

static bool same(const char *given, const char *word)
{
    return given && strcmp(given, word) == 0;
}

static epo_status check_numbers(const epo_photometry_options *o, bool aperture)
{
    if (aperture && !(o->radius > 0 && o->radius <= EPO__SIDE_MAX))
        return epo__fail(EPO_EARG, "the radius of the aperture must be above 0 and at most %d pixels", EPO__SIDE_MAX);
    if (!(o->fwhm >= 0 && o->fwhm <= EPO__SIDE_MAX))
        return epo__fail(EPO_EARG, "the FWHM must be 0 (measured) or at most %d pixels", EPO__SIDE_MAX);
    if (!(o->inner >= 0) || !((o->inner == 0 && o->outer == 0) || o->outer > o->inner) || !isfinite(o->outer))
        return epo__fail(EPO_EARG, "the annulus must have an inner radius of 0 or more and a larger outer one");
    if (!(o->recentre >= 0 && o->recentre <= EPO__SIDE_MAX))
        return epo__fail(EPO_EARG, "recentring must be 0 (none) or at most %d pixels", EPO__SIDE_MAX);
    if (!(o->gain >= 0) || !isfinite(o->gain)) return epo__fail(EPO_EARG, "the gain must be 0 (unknown) or more");
    if (!(fabs(o->zero_point) <= 100)) return epo__fail(EPO_EARG, "the zero point must be within -100 to 100 mag");
    if (isnan(o->saturation) || isnan(o->bad_below) || isnan(o->bad_above))
        return epo__fail(EPO_EARG, "saturation and the limits of bad pixels must be numbers");
    if (!(o->softening >= 0) || !isfinite(o->softening))
        return epo__fail(EPO_EARG, "the softening must be 0 (by the errors) or a flux above it");
    if (!(o->detection >= 0) || !isfinite(o->detection))
        return epo__fail(EPO_EARG, "detection must be 0 errors or more");
    return EPO_OK;
}

static void add(epo__string *s, const char *word, double value, double standard)
{
    if (value != standard) epo__string_addf(s, " %s=%g", word, value);
}

static epo_status make_name(const epo_photometry_options *o, epo__measure_options *out)
{
    const epo_photometry_options standard = EPO_PHOTOMETRY_OPTIONS_INIT;
    const bool aperture = out->flux.method == EPO__FLUX_APERTURE;
    epo__string s = {0};
    if (o->name) {
        epo__string_add(&s, o->name);
    } else {
        epo__string_add(&s, aperture ? "aperture" : "psf");
        if (aperture)
            epo__string_addf(&s, " r=%g", o->radius);
        else
            add(&s, "fwhm", o->fwhm, 0);
        if (out->role != EPO__ROLE_SCIENCE) epo__string_addf(&s, " role=%s", epo__role_name(out->role));
        if (o->outer > 0) epo__string_addf(&s, " annulus=%g,%g", o->inner, o->outer);
        add(&s, "recentre", o->recentre, standard.recentre);
        add(&s, "gain", o->gain, 0);
        add(&s, "zeropoint", o->zero_point, standard.zero_point);
        if (o->own_zero_points) epo__string_add(&s, " own-zeropoints");
        add(&s, "saturation", o->saturation, standard.saturation);
        add(&s, "bad-below", o->bad_below, standard.bad_below);
        add(&s, "bad-above", o->bad_above, standard.bad_above);
        if (out->asinh)
            add(&s, "softening", o->softening, 0);
        else
            epo__string_addf(&s, " pogson detection=%g", o->detection);
    }
    epo_status status = EPO_OK;
    if (s.failed)
        status = epo__nomem("name of the method");
    else if (s.length == 0 || s.length >= sizeof out->name || strcmp(s.text, "given") == 0 ||
             strcmp(s.text, "truth") == 0)
        status =
            epo__fail(EPO_EARG, "the method's name '%.40s' is empty, too long, or one that imports use: give another",
                      s.text ? s.text : "");
    else
        memcpy(out->name, s.text, s.length + 1);
    epo__string_free(&s);
    return status;
}

epo_status epo__measure_options_set(const epo_photometry_options *o, epo__measure_options *out)
{
    *out = (epo__measure_options){.flux = {.method = same(o->method, "aperture") ? EPO__FLUX_APERTURE : EPO__FLUX_PSF,
                                           .radius = o->radius,
                                           .fwhm = o->fwhm,
                                           .annulus = {o->inner, o->outer},
                                           .gain = o->gain,
                                           .saturation = o->saturation},
                                  .recentre = o->recentre,
                                  .bad_below = (float)o->bad_below,
                                  .bad_above = (float)o->bad_above,
                                  .asinh = !same(o->magnitudes, "pogson"),
                                  .zero_point = o->zero_point,
                                  .own_zero_points = o->own_zero_points,
                                  .softening = o->softening,
                                  .detection = o->detection};
    if (o->method && out->flux.method == EPO__FLUX_PSF && !same(o->method, "psf"))
        return epo__fail(EPO_EARG, "photometry by '%.40s': it is psf or aperture", o->method);
    if (o->magnitudes && out->asinh && !same(o->magnitudes, "asinh"))
        return epo__fail(EPO_EARG, "magnitudes '%.40s': they are asinh or pogson", o->magnitudes);
    if (!epo__role_of(o->role ? o->role : "science", &out->role))
        return epo__fail(EPO_EARG, "role '%.40s': it is science, template, difference or other", o->role);
    epo_status status = check_numbers(o, out->flux.method == EPO__FLUX_APERTURE);
    return status == EPO_OK ? make_name(o, out) : status;
}

/* JSON has no infinity. */
static void add_json(epo__string *s, const char *name, double value)
{
    if (isfinite(value))
        epo__string_addf(s, ",\"%s\":%.17g", name, value);
    else
        epo__string_addf(s, ",\"%s\":null", name);
}

void epo__measure_options_json(const epo__measure_options *o, const epo_photometry_options *given, epo__string *s)
{
    epo__string_addf(s, "{\"method\":\"%s\",\"name\":", o->flux.method == EPO__FLUX_APERTURE ? "aperture" : "psf");
    epo__string_add_json(s, o->name);
    epo__string_addf(s, ",\"role\":\"%s\",\"magnitudes\":\"%s\"", epo__role_name(o->role),
                     o->asinh ? "asinh" : "pogson");
    add_json(s, "radius", o->flux.radius);
    add_json(s, "fwhm", o->flux.fwhm);
    add_json(s, "inner", o->flux.annulus.inner);
    add_json(s, "outer", o->flux.annulus.outer);
    add_json(s, "recentre", o->recentre);
    add_json(s, "gain", o->flux.gain);
    add_json(s, "zero_point", o->zero_point);
    if (o->own_zero_points) epo__string_add(s, ",\"own_zero_points\":true");
    add_json(s, "saturation", o->flux.saturation);
    add_json(s, "bad_below", given->bad_below);
    add_json(s, "bad_above", given->bad_above);
    add_json(s, "softening", o->softening);
    add_json(s, "detection", o->detection);
    if (given->split) {
        epo__string_add(s, ",\"split\":");
        epo__string_add_json(s, given->split);
    }
    epo__string_add(s, "}");
}
