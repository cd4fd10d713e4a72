/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate_curves.c - curves of each class against the rest, and reliability. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "evaluate.h"
#include "message.h"
#include "output.h"

enum { VALUES_MAX = 7 };

/* A kind of curve: what stands behind model, class and threshold. */
typedef struct kind {
    const char *name, *about;
    const char *values[VALUES_MAX];
} kind;

static const kind kinds[] = {
    {"roc", "true against false positives", {"fpr", "tpr"}},
    {"pr", "precision against recall", {"recall", "precision"}},
    {"mdr", "false positives against missed detections", {"mdr", "fpr"}},
    {"threshold", "measures against the threshold", {"f1", "mcc", "g_mean", "precision", "mdr", "fpr", "cleanliness"}},
    {"reliability", "how often what is claimed is so, by probability", {NULL}},
};

const char *evaluate_curves_word(size_t index, const char **about)
{
    if (index >= sizeof kinds / sizeof *kinds) return NULL;
    *about = kinds[index].about;
    return kinds[index].name;
}

static double value_of(const epo_curve_point *p, const char *name, double prevalence)
{
    const struct {
        const char *name;
        double value;
    } all[] = {{"fpr", p->fpr},
               {"tpr", p->tpr},
               {"recall", p->tpr},
               {"precision", p->precision},
               {"mdr", p->mdr},
               {"f1", p->f1},
               {"mcc", p->mcc},
               {"g_mean", p->g_mean},
               {"cleanliness", epo_cleanliness(p->tpr, p->fpr, prevalence)}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0) return all[i].value;
    return NAN;
}

/* Of stamps real alone, unless bogus is asked for. */
static bool is_wanted(const evaluate_options *o, const epo_scored_info *info, size_t k)
{
    if (o->class_name) return strcasecmp(o->class_name, info->classes[k]) == 0;
    return !info->stamps || k == 1;
}

static void begin_row(const evaluate_options *o, cli_output *output, const evaluate_part *part, const char *class_name)
{
    cli_put_text(output, part->set->name);
    if (o->by) {
        cli_put_score(output, part->low);
        cli_put_score(output, part->high);
    }
    cli_put_text(output, class_name);
}

static int print_curve(const evaluate_options *o, cli_output *output, const evaluate_part *part, const kind *is,
                       size_t k)
{
    epo_curve curve;
    const epo_status status = epo_scored_curve(part->scored, k, &curve);
    for (size_t i = 0; status == EPO_OK && i < curve.count && !cli_output_failed(output); i++) {
        begin_row(o, output, part, part->set->info.classes[k]);
        cli_put_score(output, curve.points[i].threshold);
        for (size_t v = 0; v < VALUES_MAX && is->values[v]; v++) {
            if (strcmp(is->values[v], "cleanliness") == 0 && !(o->prevalence > 0)) continue;
            cli_put_score(output, value_of(&curve.points[i], is->values[v], o->prevalence));
        }
        cli_row_end(output);
    }
    epo_curve_free(&curve);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}

static int print_reliability(const evaluate_options *o, cli_output *output, const evaluate_part *part, int class_index)
{
    epo_reliability_bin *bins = NULL;
    double ece = NAN;
    const epo_status status =
        epo_scored_reliability(part->scored, class_index, EPO_RELIABILITY_BINS, false, &bins, &ece);
    for (size_t b = 0; status == EPO_OK && b < EPO_RELIABILITY_BINS; b++) {
        begin_row(o, output, part, class_index < 0 ? NULL : part->set->info.classes[class_index]);
        cli_put_score(output, bins[b].low);
        cli_put_score(output, bins[b].high);
        cli_put_int(output, bins[b].count);
        cli_put_score(output, bins[b].score);
        cli_put_score(output, bins[b].share);
        cli_row_end(output);
    }
    free(bins);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}

static int print_part(const evaluate_options *o, cli_output *output, const evaluate_part *part, const kind *is)
{
    const epo_scored_info *info = &part->set->info;
    int result = CLI_OK;
    if (!is->values[0] && !o->class_name && !info->stamps) result = print_reliability(o, output, part, -1);
    for (size_t k = 0; result == CLI_OK && k < info->class_count; k++) {
        if (!is_wanted(o, info, k)) continue;
        result = is->values[0] ? print_curve(o, output, part, is, k) : print_reliability(o, output, part, (int)k);
    }
    return result;
}

/* Before anything is printed: whether each set has the class of --class. */
static int check_class(const evaluate_options *o, const evaluate_parts *parts)
{
    for (size_t i = 0; o->class_name && i < parts->count; i++) {
        const evaluate_set *set = parts->items[i].set;
        char have[512] = "";
        size_t used = 0;
        bool any = false;
        for (size_t k = 0; k < set->info.class_count; k++) {
            any |= is_wanted(o, &set->info, k);
            const int length = snprintf(have + used, sizeof have - used, "%s%s", k ? ", " : "", set->info.classes[k]);
            if (length > 0) used = used + (size_t)length < sizeof have ? used + (size_t)length : sizeof have - 1;
        }
        if (any) continue;
        cli_error("%s: has no class %s; its classes are %s", set->name, o->class_name, have);
        return CLI_FAILED;
    }
    return CLI_OK;
}

static size_t name_columns(const evaluate_options *o, const kind *is, cli_column *columns)
{
    static const char *const of_bins[] = {"low", "high", "count", "score", "share"};
    size_t count = 0;
    columns[count++] = (cli_column){.name = "model"};
    if (o->by) {
        columns[count++] = (cli_column){.name = "bin_low", .number = true};
        columns[count++] = (cli_column){.name = "bin_high", .number = true};
    }
    columns[count++] = (cli_column){.name = "class"};
    for (size_t i = 0; !is->values[0] && i < sizeof of_bins / sizeof *of_bins; i++)
        columns[count++] = (cli_column){.name = of_bins[i], .number = true};
    if (!is->values[0]) return count;
    columns[count++] = (cli_column){.name = "threshold", .number = true};
    for (size_t v = 0; v < VALUES_MAX && is->values[v]; v++)
        if (strcmp(is->values[v], "cleanliness") != 0 || o->prevalence > 0)
            columns[count++] = (cli_column){.name = is->values[v], .number = true};
    return count;
}

int evaluate_print_curves(const evaluate_options *o, const evaluate_parts *parts)
{
    cli_column columns[VALUES_MAX + 8];
    const kind *is = kinds;
    while (strcmp(is->name, o->curves) != 0) is++;
    int result = check_class(o, parts);
    if (result != CLI_OK) return result;
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, name_columns(o, is, columns));
    for (size_t i = 0; result == CLI_OK && i < parts->count; i++) result = print_part(o, output, &parts->items[i], is);
    cli_table_end(output);
    const int written = cli_output_close(output);
    return result == CLI_OK ? written : result;
}
