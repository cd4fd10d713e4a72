/* SPDX-License-Identifier: BSD-3-Clause
 * telescopes.c - the table of simulated surveys. */
#include "data/telescope.h"

#include <string.h>

const epo__telescope epo__telescopes[] = {
    {
        .name = "crts",
        .about = "Catalina Schmidt, 0.7 m, unfiltered: irregular nights over three years, four visits within half an hour",
        .classes = "BZ=239,AGN=618,CV=776,OTHER=844,SN=1372,NON=15499", /* TAO-Net's table 2: train, validation and test together */
        .nights = 30,
        .visits = 4,
        .side = 64,
        .field_objects = 4,
        .candidates = true,
        .camera = {.filter = "V", .pixel_scale = EPO__LIGHT_SCALE, .width = 4110, .height = 4096, .zero_point = 24.95, .gain = 2,
                   .read_noise = 4, .full_well = 40000, .cut = 0.3, .cosmic_rays = 0.04},
        .site = {.latitude = 32.4, .longitude = -110.7, .midnight = 7.4, .dark_sky = 21, .extinction = 0.2, .seeing = 2.8, .seeing_sd = 0.17,
                 .seeing_least = 1.8, .seeing_most = 6, .seeing_visit = 0.05, .closed = 0.3, .monsoon_from = 182, .monsoon_to = 243, .haze = 0.03, .cloudy = 0.2,
                 .cloud = 0.3, .gusts = 0.15},
        .cadence = {.first_day = 53371, .start_days = 4 * 365, .days = 3 * 365, .moon = 0.93, .ra_to = 360, .dec_from = -20, .dec_to = 65,
                    .visit_days = 0.0065, .lost = 0.07, .night_spread = 0.35},
        .reach = {.brightest = 10.5, .faintest = 21.5},
    },
    {
        .name = "hits",
        .about = "DECam, 4 m, g band: six nights of one dark run, five visits a night 1.6 hours apart, each a night of its own to sequences",
        .classes = "SN=62,RRLyrae:rr-lyrae=78,EB:eclipsing+contact=53,constant:constant-star=350", /* as in the labelled sequences */
        .nights = 6,
        .visits = 5,
        .side = 22,
        .field_objects = 1,
        .camera = {.filter = "g", .pixel_scale = 0.27, .width = 2048, .height = 4096, .zero_point = 29.95, .gain = 4, .read_noise = 1.75,
                   .full_well = 30000, .cut = 0.2, .cosmic_rays = 0.02},
        .site = {.latitude = -30.17, .longitude = -70.81, .midnight = 4.7, .dark_sky = 22.04, .extinction = 0.17, .seeing = 0.85,
                 .seeing_sd = 0.15, .seeing_least = 0.6, .seeing_most = 2.2, .seeing_visit = 0.1, .closed = 0.05, .haze = 0.03,
                 .cloudy = 0.2, .cloud = 0.25, .gusts = 0.35},
        .cadence = {.first_day = 56658, .start_days = 5 * 365, .days = 6, .run = true, .moon = 0.3, .ra_from = 130, .ra_to = 170, .dec_from = -8,
                    .dec_to = 4, .visit_days = 0.068, .lost = 0.1, .visits_apart = true},
        .reach = {.fainter = 0.4, .deeper = 3.5, .brightest = 15.5, .faintest = 24.5},
    },
    {.name = NULL},
};

const epo__telescope *epo__telescope_of(const char *name)
{
    if (!name) return &epo__telescopes[0];
    for (const epo__telescope *t = epo__telescopes; t->name; t++)
        if (strcmp(t->name, name) == 0) return t;
    return NULL;
}
