/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_detector.h - what the simulated camera does to light: noise, bleeding, hot pixels, bad columns, edges, and what
 * hits it. Defects have their place on the detector, so they move over the sky with the pointing. */
#ifndef EPO_DATA_SIMULATE_DETECTOR_H
#define EPO_DATA_SIMULATE_DETECTOR_H

#include <stdbool.h>

#include "data/simulate_sky.h"
#include "image/render.h"

enum { EPO__BAD_COLUMNS = 6 };

typedef struct epo__bad_column {
    int x, from; /* bad from this row upwards */
    bool bright; /* or dead */
} epo__bad_column;

typedef struct epo__detector {
    const epo__camera *camera;
    uint64_t seed;
    epo__bad_column columns[EPO__BAD_COLUMNS]; /* ascending in x */
} epo__detector;

epo__detector epo__detector_make(const epo__camera *camera, uint64_t seed);

/* Noise of sky and readout, ADU a pixel. */
double epo__visit_noise(const epo__camera *camera, const epo__visit *visit);

/* Turns `canvas`, which holds light and sky, into what is read out. Its pixel (0, 0) is (x, y) of the detector; what lies
 * outside the detector becomes 0. The same (purpose, number) gives the same noise and the same hits. */
void epo__detector_expose(const epo__detector *detector, const epo__canvas *canvas, int x, int y, const char *purpose,
                          uint64_t number);

/* A cosmic ray's track through (x, y) of the canvas. */
void epo__cosmic_ray(epo__rng *rng, const epo__canvas *canvas, double x, double y);

/* A satellite's or airplane's trail through (x, y). */
void epo__satellite(epo__rng *rng, const epo__canvas *canvas, const epo__psf *psf, double x, double y);

/* Column `x` of the canvas, where it has one: dead (it keeps a tenth) or bright, from row `from` upwards. */
void epo__spoil_column(const epo__canvas *canvas, int x, int from, bool bright);

/* Sets what lies outside the detector to 0. */
void epo__detector_edge(const epo__camera *camera, const epo__canvas *canvas, int x, int y);

#endif
