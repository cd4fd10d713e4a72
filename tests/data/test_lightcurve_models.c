/* SPDX-License-Identifier: BSD-3-Clause
 * test_lightcurve_models.c - simulated light curves against the laws they are drawn from. */
#include "support/check.h"

#include <math.h>

#include "data/lightcurve_models.h"

static void near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s: %.6g, expected %.6g within %.3g", what, value, expected, tolerance);
}

enum { DAYS = 1095, STEPS = 4, POINTS = DAYS * STEPS };

static double dense_mjd[POINTS], mags[POINTS];

static epo__times dense(void)
{
    for (int i = 0; i < POINTS; i++) dense_mjd[i] = 54000 + (double)i / STEPS;
    return (epo__times){dense_mjd, POINTS, 54365, 54730, 0, 0};
}

static int brightest(void)
{
    int best = 0;
    for (int i = 1; i < POINTS; i++)
        if (mags[i] < mags[best]) best = i;
    return best;
}

/* Magnitudes below the peak, `days` in the observer's frame after it. */
static double below(int peak, double days)
{
    return mags[peak + (int)lround(days * STEPS)] - mags[peak];
}

static void test_sn_ia(void **state)
{
    (void)state;
    const epo__times times = dense();
    double sum = 0;
    enum { MANY = 200 };
    for (uint64_t n = 0; n < MANY; n++) {
        epo__rng rng = {.seed = 3, .stream = n};
        epo__light light;
        double z;
        epo__light_sn_ia(&rng, &times, mags, &light);
        const int peak = brightest();
        assert_int_equal(sscanf(light.about, "SN Ia, z %lf", &z), 1);
        assert_true(z > 0.005 && z < 0.15);
        assert_true(dense_mjd[peak] > 54365 - 12 && dense_mjd[peak] < 54730 + 12);
        assert_true(mags[peak] > 13 && mags[peak] < 19.6);
        assert_true(isinf(mags[peak - 25 * STEPS]));                       /* the star before it explodes */
        assert_true(below(peak, -10) > 0.3 && below(peak, -10) < 2);
        assert_true(below(peak, 40) > 1.3 && below(peak, 100) > below(peak, 40));
        sum += below(peak, 15 * (1 + z));
    }
    /* 0.64 mag in 15 days for the normal one; those with stretch 0.9 and 1.1 differ, and less light makes it find fewer */
    near(sum / MANY, 0.64, 0.1, "decline in 15 days");
}

static void test_sn_ii_has_a_plateau(void **state)
{
    (void)state;
    const epo__times times = dense();
    double plateau = 0, drop = 0;
    enum { MANY = 100 };
    for (uint64_t n = 0; n < MANY; n++) {
        epo__rng rng = {.seed = 4, .stream = n};
        epo__light light;
        epo__light_sn_ii(&rng, &times, mags, &light);
        const int peak = brightest();
        plateau += below(peak, 60) - below(peak, 35);
        drop += below(peak, 150) - below(peak, 60);
    }
    near(plateau / MANY, 0.0127 * 25, 0.2, "decline on the plateau");
    assert_true(drop / MANY > 1.5);
}

static void test_sn_hosts_follow_their_light(void **state)
{
    (void)state;
    const epo__times times = dense();
    int within = 0, count = 0;
    for (uint64_t n = 0; n < 400; n++) {
        epo__rng rng = {.seed = 5, .stream = n};
        epo__light light;
        epo__light_sn_ibc(&rng, &times, mags, &light); /* discs only */
        const epo__galaxy *g = &light.host.shape;
        const double u = light.host.dx * cos(g->angle) + light.host.dy * sin(g->angle), v = light.host.dy * cos(g->angle) - light.host.dx * sin(g->angle);
        within += hypot(u, v / g->ratio) < g->radius;
        count++;
        assert_true(isfinite(light.host.mag) && g->radius > 0);
    }
    near((double)within / count, 0.5, 0.08, "supernovae within the half-light radius");
}

/* Variance, and correlation at one time scale, of many walks at uneven times. */
static void test_damped_walk(void **state)
{
    (void)state;
    enum { TIMES = 60, MANY = 3000 };
    const double sigma = 0.35, tau = 40;
    double mjd[TIMES], x[TIMES], variance = 0, far = 0;
    for (int i = 0; i < TIMES; i++) mjd[i] = 54000 + 10.0 * i + (i % 3); /* four steps on: 40 or so days */
    const epo__times times = {mjd, TIMES, 0, 0, 0, 0};
    for (uint64_t n = 0; n < MANY; n++) {
        epo__rng rng = {.seed = 6, .stream = n};
        epo__damped_walk(&rng, &times, sigma, tau, x);
        variance += (x[0] * x[0] + x[TIMES - 1] * x[TIMES - 1]) / 2;
        far += x[3] * x[7] * exp((mjd[7] - mjd[3]) / tau - 1);
    }
    near(variance / MANY, sigma * sigma, 0.06 * sigma * sigma, "variance");
    near(far / MANY, sigma * sigma * exp(-1), 0.06 * sigma * sigma, "covariance after one time scale");
}

static double spread_of(void (*make)(epo__rng *, const epo__times *, double *, epo__light *), double lag, double *change)
{
    const epo__times times = dense();
    double square = 0;
    *change = 0;
    enum { MANY = 60 };
    const int step = (int)(lag * STEPS);
    for (uint64_t n = 0; n < MANY; n++) {
        epo__rng rng = {.seed = 7, .stream = n};
        epo__light light;
        make(&rng, &times, mags, &light);
        double sum = 0, squares = 0, steps = 0;
        for (int i = 0; i < POINTS; i++) {
            sum += mags[i];
            squares += mags[i] * mags[i];
            if (i >= step) steps += fabs(mags[i] - mags[i - step]);
        }
        square += sqrt(squares / POINTS - sum * sum / POINTS / POINTS) / MANY;
        *change += steps / (POINTS - step) / MANY;
    }
    return square;
}

static void test_blazars_vary_more_and_faster(void **state)
{
    (void)state;
    double agn_change, blazar_change;
    const double agn = spread_of(epo__light_agn, 10, &agn_change), blazar = spread_of(epo__light_blazar, 10, &blazar_change);
    near(agn, 0.36, 0.08, "spread of AGN");
    near(blazar, 0.72, 0.12, "spread of blazars");
    assert_true(blazar_change > 2.5 * agn_change);
}

static void test_dwarf_novae(void **state)
{
    (void)state;
    const epo__times times = dense();
    double up = 0, rise = 0, decline = 0;
    enum { MANY = 200 };
    for (uint64_t n = 0; n < MANY; n++) {
        epo__rng rng = {.seed = 8, .stream = n};
        epo__light light;
        double quiet, peak;
        epo__light_dwarf_nova(&rng, &times, mags, &light);
        assert_int_equal(sscanf(light.about, "Dwarf nova, quiescence %lf, outburst %lf", &quiet, &peak), 2);
        int bright = 0, second_year = 0;
        for (int i = 0; i < POINTS; i++) {
            bright += mags[i] < quiet - 1;
            second_year += mags[i] < quiet - 1 && dense_mjd[i] > 54355 && dense_mjd[i] < 54740;
        }
        assert_true(second_year > 0); /* the outburst that it was found in */
        up += (double)bright / POINTS;
        const int top = brightest();
        if (top > 20 * STEPS && top < POINTS - 20 * STEPS) {
            rise += mags[top - 2 * STEPS] - mags[top];
            decline += mags[top + 2 * STEPS] - mags[top];
        }
    }
    near(up / MANY, 0.13, 0.07, "duty cycle");
    assert_true(rise > 1.3 * decline); /* up fast, down slowly */
}

/* Two minima a period, nearly alike, and light that never rests between them. */
static void test_contact_binaries(void **state)
{
    (void)state;
    enum { PHASES = 400, MANY = 1000 };
    static double mjd[PHASES], light[PHASES];
    double log_period = 0;
    for (uint64_t n = 0; n < MANY; n++) {
        epo__light about;
        double mag, depth, period;
        for (int pass = 0; pass < 2; pass++) { /* the first tells the period, the second looks at two of them */
            for (int i = 0; i < PHASES; i++) mjd[i] = 57070 + (pass ? 2 * period * i / PHASES : i);
            const epo__times times = {mjd, PHASES, 0, 0, 0, 0};
            epo__rng rng = {.seed = 11, .stream = n};
            epo__light_contact(&rng, &times, light, &about);
            assert_int_equal(sscanf(about.about, "Contact binary, %lf, depth %lf, period %lf d", &mag, &depth, &period), 3);
        }
        int minima = 0, resting = 0;
        double faintest = 0, other = 99;
        mag = light[0]; /* the brightest, to more digits than the text has */
        for (int i = 0; i < PHASES; i++) mag = fmin(mag, light[i]);
        for (int i = 1; i + 1 < PHASES; i++) {
            if (light[i] > light[i - 1] && light[i] >= light[i + 1]) {
                minima++;
                faintest = fmax(faintest, light[i]);
                other = fmin(other, light[i]);
            }
            resting += fabs(light[i] - mag) < 0.02 * depth;
        }
        assert_true(minima >= 3 && minima <= 5); /* of four, one may lie at the ends */
        near(faintest - mag, depth, 0.02, "depth of the first minimum");
        assert_true((other - mag) / depth > 0.65 && other <= faintest);
        assert_true(resting < PHASES / 6);
        assert_true(period >= 0.22 && period <= 0.8 && depth >= 0.19 && depth <= 0.81);
        log_period += log(period) / MANY;
    }
    near(exp(log_period), 0.365, 0.01, "typical period"); /* a little above the median: short ones are cut off */
}

/* A deeper survey's objects are the same ones, fainter; its supernovae are farther. */
static void test_depth(void **state)
{
    (void)state;
    epo__times times = dense();
    for (size_t i = 0; epo__light_kinds[i].name; i++) {
        if (strcmp(epo__light_kinds[i].class_name, "SN") == 0) continue;
        epo__light light;
        epo__rng rng = {.seed = 12, .stream = i}, again = rng;
        times.fainter = 0;
        epo__light_kinds[i].make(&rng, &times, mags, &light);
        const double mag = mags[POINTS / 2], host = light.host.mag;
        times.fainter = 1.5;
        epo__light_kinds[i].make(&again, &times, mags, &light);
        if (isfinite(mag)) near(mags[POINTS / 2] - mag, 1.5, 1e-6, epo__light_kinds[i].name);
        if (isfinite(host)) near(light.host.mag - host, 1.5, 1e-6, epo__light_kinds[i].name);
    }
    double z, far = 0;
    times.deeper = 3;
    for (uint64_t n = 0; n < 100; n++) {
        epo__light light;
        epo__rng rng = {.seed = 13, .stream = n};
        epo__light_sn_ia(&rng, &times, mags, &light);
        assert_int_equal(sscanf(light.about, "SN Ia, z %lf", &z), 1);
        assert_true(mags[brightest()] < 22.6);
        far += z / 100;
    }
    assert_true(far > 0.2);
}

static void test_kinds_and_shares(void **state)
{
    (void)state;
    static const char *const classes[] = {"BZ", "AGN", "CV", "SN", "OTHER", "NON"};
    const epo__times times = dense();
    for (size_t c = 0; c < 6; c++) {
        double share = 0;
        for (size_t i = 0; epo__light_kinds[i].name; i++)
            if (strcmp(epo__light_kinds[i].class_name, classes[c]) == 0) share += epo__light_kinds[i].share;
        near(share, 1, 1e-9, classes[c]);
    }
    epo__rng rng = {.seed = 9};
    int ia = 0;
    for (int i = 0; i < 2000; i++) ia += epo__light_kind_draw("SN", &rng)->make == epo__light_sn_ia;
    near(ia / 2000.0, 0.79, 0.04, "share of Type Ia");
    assert_null(epo__light_kind_draw("PULSAR", &rng));
    /* a kind without a share comes by its name alone */
    assert_ptr_equal(epo__light_kind_draw("contact", &rng)->make, epo__light_contact);
    for (int i = 0; i < 2000; i++) assert_true(epo__light_kind_draw("NON", &rng)->make != epo__light_contact);
    /* whatever is drawn, magnitudes are magnitudes; and one visit is enough */
    const epo__times once = {dense_mjd, 1, 54365, 54730, 0, 0};
    for (size_t i = 0; epo__light_kinds[i].name; i++)
        for (uint64_t n = 0; n < 20; n++) {
            epo__rng own = {.seed = 10 + i, .stream = n};
            epo__light light;
            epo__light_kinds[i].make(&own, n % 2 ? &times : &once, mags, &light);
            for (int k = 0; k < (n % 2 ? POINTS : 1); k++) assert_true(!isnan(mags[k]) && mags[k] > 8);
            assert_true(isinf(light.host.mag) || (light.host.mag > 8 && light.host.shape.radius > 0 && light.host.shape.ratio > 0));
            assert_true(light.about[0] && strlen(light.about) + 1 < sizeof light.about);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sn_ia),
        cmocka_unit_test(test_sn_ii_has_a_plateau),
        cmocka_unit_test(test_sn_hosts_follow_their_light),
        cmocka_unit_test(test_damped_walk),
        cmocka_unit_test(test_blazars_vary_more_and_faster),
        cmocka_unit_test(test_dwarf_novae),
        cmocka_unit_test(test_contact_binaries),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_kinds_and_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
