/* SPDX-License-Identifier: BSD-3-Clause
 * threshold.c - the choice of a threshold on a curve. */
#include <math.h>
#include <string.h>

#include "metrics/curves.h"

enum { GRID = 100 }; /* steps of O'TRAIN's scan */

/* Measures that differ by less are equal: sqrt(1/2 x 3/4) and sqrt(3/4 x 1/2) differ by rounding. */
static const double EQUAL = 1e-12;

static const char *const names[] = {
#define CHOICE_NAME(name, text) text,
    EPO_CHOICE_MAP(CHOICE_NAME)
#undef CHOICE_NAME
};

const char *epo_choice_name(epo_choice choice)
{
    return (size_t)choice < EPO_CHOICES ? names[choice] : NULL;
}

bool epo_choice_of(const char *name, epo_choice *out)
{
    for (size_t i = 0; i < EPO_CHOICES; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *out = (epo_choice)i;
        return true;
    }
    return false;
}

static double worth(const epo_curve_point *p, epo_choice choice)
{
    switch (choice) {
    case EPO_CHOICE_F1:
        return p->f1;
    case EPO_CHOICE_MCC:
        return p->mcc;
    case EPO_CHOICE_F1_MCC:
        return p->f1 + p->mcc;
    default:
        return p->g_mean;
    }
}

/* From 1 down to 0, so that the points are met in their order; the lowest of equals stays, as argmax over 0 .. 1. */
static double choose_on_grid(const epo_curve *curve, epo_choice choice)
{
    double best = -(double)INFINITY, threshold = NAN;
    size_t at = 0;
    for (int step = GRID; step >= 0; step--) {
        const double t = (double)step / GRID;
        while (at + 1 < curve->count && curve->points[at + 1].threshold >= t) at++;
        const double is = worth(&curve->points[at], choice);
        if (!(is >= best - EQUAL)) continue;
        best = fmax(best, is);
        threshold = t;
    }
    return threshold;
}

double epo_curve_choose(const epo_curve *curve, epo_choice choice)
{
    double best = -(double)INFINITY, threshold = NAN;
    if (!(curve->positives > 0)) return NAN;
    if (choice == EPO_CHOICE_F1_MCC) return choose_on_grid(curve, choice);
    for (size_t i = 1; i < curve->count; i++) {
        if (!(worth(&curve->points[i], choice) > best + EQUAL)) continue;
        best = worth(&curve->points[i], choice);
        threshold = curve->points[i].threshold;
    }
    return threshold;
}
