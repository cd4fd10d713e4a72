/* SPDX-License-Identifier: BSD-3-Clause
 * search.c - the best split of a node. */
#include "forest/search.h"

#include <math.h>

static double x_log_x(const epo__search *s, double x)
{
    if (s->xlogx) return s->xlogx[(size_t)x];
    return x > 0 ? x * log2(x) : 0;
}

static double weight_of(const epo__search *s, uint64_t sample)
{
    return s->weight[epo__sample_class(sample)] * epo__sample_drawn(sample);
}

bool epo__search_node(epo__search *s, const epo__sample *samples, size_t count)
{
    size_t present = 0;
    double sum = 0, quality = 0;
    for (size_t k = 0; k < s->classes; k++) s->total[k] = 0;
    for (size_t i = 0; i < count; i++) s->total[epo__sample_class(samples[i])] += weight_of(s, samples[i]);
    for (size_t k = 0; k < s->classes; k++) {
        present += s->total[k] > 0;
        sum += s->total[k];
        quality += s->entropy ? x_log_x(s, s->total[k]) : s->total[k] * s->total[k];
    }
    s->total_weight = sum;
    s->quality = s->entropy ? quality - x_log_x(s, sum) : quality / sum;
    return present > 1;
}

bool epo__search_is_perfect(const epo__search *s, const epo__split *split)
{
    const double best = s->entropy ? 0 : s->total_weight;
    return split->quality >= best - 1e-12 * s->total_weight;
}

/* One pass over a feature's sorted samples. */
typedef struct scan {
    const uint64_t *keys;                  /* sorted, without the missing */
    size_t present, missing, missing_left; /* samples; missing_left: 0, or missing */
    size_t first,
        end;   /* positions first .. end-1 leave enough on both sides; position i is behind sample i, before another */
    bool tail; /* so does the position behind the last sample: the missing alone on the right */
    size_t feature;
} scan;

static void set_bounds(const epo__search *s, scan *c)
{
    const size_t all = c->present + c->missing, most = all >= s->min_leaf ? all - s->min_leaf : 0; /* on the left */
    c->first = s->min_leaf > 1 + c->missing_left ? s->min_leaf - 1 - c->missing_left : 0;
    c->end = most > c->missing_left ? most - c->missing_left : 0;
    c->tail = c->missing > 0 && c->missing_left == 0 && c->present >= s->min_leaf && c->missing >= s->min_leaf;
    if (c->end > c->present - 1) c->end = c->present - 1;
}

static void keep(const scan *c, size_t i, double quality, epo__split *best)
{
    best->quality = quality;
    best->feature = c->feature;
    best->low = (uint32_t)(c->keys[i] >> 32);
    best->high = i + 1 == c->present ? (uint32_t)EPO__RANK_MISSING : (uint32_t)(c->keys[i + 1] >> 32);
    if (c->missing) {
        best->missing_right = c->missing_left == 0;
    } else { /* never met here: to the side with more samples */
        best->missing_right = i + 1 <= c->present - (i + 1);
    }
}

/* s->left holds what is on the left already. The comparison is of fractions over the product of the sides' weights: a
 * division only when something better was found. */
static void scan_gini(epo__search *s, const scan *c, epo__split *best)
{
    double *left = s->left;
    const double *total = s->total, *weight = s->weight;
    const uint64_t *keys = c->keys;
    double left_weight = 0, left_squares = 0, right_squares = 0, found = best->quality;
    for (size_t k = 0; k < s->classes; k++) {
        left_weight += left[k];
        left_squares += left[k] * left[k];
        right_squares += (total[k] - left[k]) * (total[k] - left[k]);
    }
    double right_weight = s->total_weight - left_weight;
    const size_t end = c->tail ? c->present : c->end;
    for (size_t i = 0; i < end; i++) {
        const unsigned k = epo__sample_class(keys[i]);
        const double w = weight[k] * epo__sample_drawn(keys[i]), before = left[k];
        left_squares += w * (2 * before + w);
        right_squares -= w * (2 * (total[k] - before) - w);
        left[k] = before + w;
        left_weight += w;
        right_weight -= w;
        if (i < c->first || (i >= c->end ? i + 1 < c->present : keys[i] >> 32 == keys[i + 1] >> 32)) continue;
        const double top = left_squares * right_weight + right_squares * left_weight,
                     bottom = left_weight * right_weight;
        if (top > found * bottom) {
            found = top / bottom;
            keep(c, i, found, best);
        }
    }
}

static void scan_entropy(epo__search *s, const scan *c, epo__split *best)
{
    double *left = s->left;
    const double *total = s->total;
    const uint64_t *keys = c->keys;
    double left_weight = 0, sum = 0; /* of w log2 w over the classes of both sides */
    for (size_t k = 0; k < s->classes; k++) {
        left_weight += left[k];
        sum += x_log_x(s, left[k]) + x_log_x(s, total[k] - left[k]);
    }
    const size_t end = c->tail ? c->present : c->end;
    for (size_t i = 0; i < end; i++) {
        const unsigned k = epo__sample_class(keys[i]);
        const double before = left[k], after = before + weight_of(s, keys[i]);
        sum += x_log_x(s, after) - x_log_x(s, before) + x_log_x(s, total[k] - after) - x_log_x(s, total[k] - before);
        left_weight += after - before;
        left[k] = after;
        if (i < c->first || (i >= c->end ? i + 1 < c->present : keys[i] >> 32 == keys[i + 1] >> 32)) continue;
        const double quality = sum - x_log_x(s, left_weight) - x_log_x(s, s->total_weight - left_weight);
        if (quality > best->quality) keep(c, i, quality, best);
    }
}

static void scan_once(epo__search *s, const scan *c, epo__split *best)
{
    if (s->entropy)
        scan_entropy(s, c, best);
    else
        scan_gini(s, c, best);
}

typedef struct range {
    uint32_t low, high;
} range;

/* Keys of the samples: what has a value first, what is missing at the end. Inlined with constants for wide and
 * may_miss. */
static inline __attribute__((always_inline)) size_t gather(epo__search *s, const epo__sample *samples, size_t count,
                                                           const epo__ranks *ranks, bool wide, bool may_miss,
                                                           range *out)
{
    const uint32_t absent = wide ? UINT32_MAX : UINT16_MAX;
    const size_t step = ranks->step;
    uint64_t *keys = s->keys;
    uint32_t low = UINT32_MAX, high = 0;
    size_t present = 0, end = count;
    for (size_t i = 0; i < count; i++) {
        const size_t at = epo__sample_row(samples[i]) * step;
        const uint32_t rank = epo__rank_at(ranks->ranks, wide, at);
        const uint64_t key = (uint64_t)rank << 32 | (samples[i] & UINT32_MAX);
        if (may_miss && rank == absent) {
            keys[--end] = key;
            continue;
        }
        keys[present++] = key;
        low = rank < low ? rank : low;
        high = rank > high ? rank : high;
    }
    *out = (range){low, high};
    return present;
}

static size_t gather_any(epo__search *s, const epo__sample *samples, size_t count, size_t feature, range *out)
{
    const epo__ranks ranks = epo__columns_ranks(s->columns, feature, count);
    const bool may_miss = s->columns->has_missing[feature];
    if (ranks.wide) return gather(s, samples, count, &ranks, true, may_miss, out);
    return may_miss ? gather(s, samples, count, &ranks, false, true, out)
                    : gather(s, samples, count, &ranks, false, false, out);
}

bool epo__search_feature(epo__search *s, const epo__sample *samples, size_t count, size_t feature, epo__split *best)
{
    range r;
    const size_t present = gather_any(s, samples, count, feature, &r), missing = count - present;
    if (present == 0 || (r.low == r.high && missing == 0)) return false;
    const uint64_t *absent = s->keys + present;
    epo__sort_keys(&s->sorter, s->keys, present, r.low, r.high, s->columns->unique[feature]);
    scan c = {.keys = s->keys, .present = present, .missing = missing, .feature = feature};
    set_bounds(s, &c);
    for (size_t k = 0; k < s->classes; k++) s->left[k] = 0;
    scan_once(s, &c, best);
    if (missing == 0) return true;
    for (size_t k = 0; k < s->classes; k++) s->left[k] = 0;
    for (size_t i = 0; i < missing; i++) s->left[epo__sample_class(absent[i])] += weight_of(s, absent[i]);
    c.missing_left = missing;
    set_bounds(s, &c);
    scan_once(s, &c, best);
    return true;
}
