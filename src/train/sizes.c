/* SPDX-License-Identifier: BSD-3-Clause
 * sizes.c - one training after another, with more to learn from or with larger stamps. */
#include "epochal/sizes.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/network.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/split.h"
#include "epochal/evaluate.h"
#include "epochal/score.h"
#include "formats/new_file.h"
#include "store/objects.h"
#include "store/results.h"
#include "train/recorder.h"

typedef struct driver {
    epo_store *store;
    const epo_train_options *options;
    const epo_sizes_options *sizes;
    epo_sizes_fn row;
    void *context;
    epo__recorder recorder;
} driver;

/* What one training works with; texts are owned. */
typedef struct turn {
    char *split, *out, *net; /* net: a file that was made for it; NULL none */
    epo_sizes_row row;
} turn;

static void turn_free(turn *t)
{
    if (t->net) unlink(t->net);
    free(t->split);
    free(t->out);
    free(t->net);
}

/* --- which ---------------------------------------------------------------------------------------------------------
 */

static double size_at(const epo_sizes_options *s, size_t i)
{
    return s->fractions ? s->fractions[i] : s->sides[i];
}

static epo_status check(const driver *d)
{
    const epo_sizes_options *s = d->sizes;
    const epo_train_options *o = d->options;
    if ((s->fractions != NULL) == (s->sides != NULL) || s->count < 1 || s->count > EPO_SIZES_MAX)
        return epo__fail(EPO_EARG, "1 to %d shares of the training part are needed, or sides of the stamps",
                         EPO_SIZES_MAX);
    if (!o->out || !o->split) return epo__fail(EPO_EARG, "a training needs a split, and a file to write");
    if (o->checkpoint) return epo__fail(EPO_EARG, "each training has a checkpoint of its own beside its weights");
    if (o->last) return epo__fail(EPO_EARG, "without a validation part there is nothing to hold against training");
    if (s->sides && (!o->net || o->from))
        return epo__fail(EPO_EARG, "sides need a network text, and no weights to start from: these have a side");
    for (size_t i = 0; i < s->count; i++) {
        const double size = size_at(s, i);
        if (s->fractions && !(size > 0 && size <= 1))
            return epo__fail(EPO_EARG, "a share of %g: above 0, and 1 at most", size);
        if (s->sides && !(size >= 1 && size <= EPO__MAX_SIDE))
            return epo__fail(EPO_EARG, "a side of %g pixels: 1 to %d", size, EPO__MAX_SIDE);
        for (size_t j = 0; j < i; j++)
            if (size_at(s, j) == size) return epo__fail(EPO_EARG, "%g is there twice", size);
    }
    return EPO_OK;
}

/* The index of the size that comes after `last`: they are few. */
static size_t next_size(const epo_sizes_options *s, double last)
{
    size_t best = s->count;
    for (size_t i = 0; i < s->count; i++)
        if (size_at(s, i) > last && (best == s->count || size_at(s, i) < size_at(s, best))) best = i;
    return best;
}

/* --- networks of another side ----------------------------------------------------------------------------------------
 */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? epo__alloc(EPO__MAX_NETWORK_TEXT + 1, 1) : NULL;
    if (text) text[fread(text, 1, EPO__MAX_NETWORK_TEXT, file)] = '\0';
    if (file) fclose(file);
    return text;
}

/* The text with another statement `input`. The parser has read it, so there is one. */
static void change_side(const char *text, int planes, int side, epo__string *out)
{
    while (*text) {
        const size_t length = strcspn(text, "\n"), blanks = strspn(text, " \t");
        if (strncmp(text + blanks, "input", 5) == 0 && isspace((unsigned char)text[blanks + 5]))
            epo__string_addf(out, "input planes=%d size=%d", planes, side);
        else
            epo__string_addn(out, text, length);
        epo__string_add(out, "\n");
        text += length + (text[length] == '\n');
    }
}

static epo_status make_network(const driver *d, int side, turn *t)
{
    epo__network *network = NULL;
    epo__string text = {0};
    char *path = NULL, *old = NULL;
    epo_status status = epo__network_find(d->options->net, &path);
    if (status == EPO_OK) status = epo__network_read(path, &network);
    if (status == EPO_OK && !(old = read_text(path))) status = epo__fail(EPO_EIO, "%s: cannot be read", path);
    if (status == EPO_OK) {
        change_side(old, network->planes, side, &text);
        t->net = epo__format("%s.net", t->out);
        if (text.failed || !t->net) status = epo__nomem("network");
    }
    if (status == EPO_OK) status = epo__file_write(t->net, text.text, text.length);
    epo__network_free(network);
    epo__string_free(&text);
    free(path);
    free(old);
    return status;
}

/* --- one training ----------------------------------------------------------------------------------------------------
 */

static char *name_out(const char *out, double size)
{
    static const char ending[] = ".safetensors";
    const size_t length = strlen(out), less = epo__ends_with(out, ending) ? sizeof ending - 1 : 0;
    return epo__format("%.*s-%.10g%s", (int)(length - less), out, size, ending);
}

static epo_status prepare(const driver *d, double size, turn *t)
{
    const epo_train_options *o = d->options;
    const bool by_side = d->sizes->sides != NULL, whole = by_side || size == 1;
    const epo__object_filter train = {.split = o->split, .part = "train"};
    t->row = (epo_sizes_row){.fraction = by_side ? 1 : size, .side = by_side ? (int)size : 0};
    t->out = name_out(o->out, size);
    t->split =
        whole ? epo__strdup(o->split) : epo__format("%s-%.10g-seed%llu", o->split, size, (unsigned long long)o->seed);
    if (!t->out || !t->split) return epo__nomem("training");
    t->row.split = t->split;
    t->row.out = t->out;
    epo_status status = whole ? epo__store_objects_count(d->store, &train, &t->row.objects)
                              : epo__split_shrink(d->store, o->split, size, o->seed, t->split, &t->row.objects);
    if (status == EPO_OK && by_side) status = make_network(d, (int)size, t);
    return status;
}

/* Scores a part as the model is made for, and judges that. */
static epo_status judge(const driver *d, const epo_model *model, const turn *t, const char *part, epo_evaluation *out)
{
    epo_model_info info;
    epo_score_options score = EPO_SCORE_OPTIONS_INIT;
    epo_score_summary summary;
    epo_model_get_info(model, &info);
    char *split = epo__format("%s:%s", t->split, part);
    if (!split) return epo__nomem("scores");
    score.split = split;
    score.threads = d->options->threads;
    score.command_line = d->options->command_line;
    score.triplet_head = !info.heads[EPO_HEAD_SEQUENCE].present;
    epo_status status = strcmp(d->options->task, "realbogus") == 0
                            ? epo_score_store(model, d->store, &score, NULL, NULL, &summary)
                            : epo_classify_store(model, d->store, &score, NULL, NULL, &summary);
    if (status == EPO_OK) {
        const epo_evaluate_source source = {.run = summary.run, .split = split};
        const epo_evaluate_options how = {.threshold = 0.5, .mdr = 0.05};
        status = epo_evaluate(d->store, &source, 1, &how, out);
    }
    free(split);
    return status;
}

static double value_of(const epo_evaluation *e, epo_measure measure)
{
    for (size_t i = 0; i < e->measure_count; i++)
        if (e->measures[i].measure == measure && (e->stamps || e->measures[i].class_index < 0))
            return e->measures[i].is.value;
    return (double)NAN;
}

static epo_status judge_both(const driver *d, turn *t)
{
    epo_model *model = NULL;
    epo_evaluation train = {0}, validation = {0};
    epo_status status = epo_model_load(t->out, NULL, &model);
    if (status == EPO_OK) status = judge(d, model, t, "train", &train);
    if (status == EPO_OK) status = judge(d, model, t, "validation", &validation);
    if (status == EPO_OK) {
        t->row.train_accuracy = value_of(&train, EPO_MEASURE_ACCURACY);
        t->row.validation_accuracy = value_of(&validation, EPO_MEASURE_ACCURACY);
        t->row.delta_accuracy = t->row.train_accuracy - t->row.validation_accuracy;
        t->row.f1 = value_of(&validation, validation.stamps ? EPO_MEASURE_F1 : EPO_MEASURE_MEAN_MAX_F1);
        t->row.mcc = value_of(&validation, EPO_MEASURE_MCC);
    }
    epo_evaluation_free(&train);
    epo_evaluation_free(&validation);
    epo_model_free(model);
    return status;
}

static epo_status keep(driver *d, const epo_sizes_row *row)
{
    const struct {
        const char *name;
        double value;
    } curves[] = {{"size/train_accuracy", row->train_accuracy},
                  {"size/validation_accuracy", row->validation_accuracy},
                  {"size/delta_accuracy", row->delta_accuracy},
                  {"size/f1", row->f1},
                  {"size/mcc", row->mcc}};
    const int at = row->side ? row->side : (int)fmin((double)row->objects, INT32_MAX);
    epo_status status = epo__recorder_ready(&d->recorder);
    for (size_t i = 0; status == EPO_OK && i < sizeof curves / sizeof *curves; i++)
        status = epo__store_curve_put(d->store, d->recorder.run, at, curves[i].name, curves[i].value);
    return status == EPO_OK ? epo__recorder_commit(&d->recorder) : status; /* the next training wants to write */
}

static epo_status train(driver *d, double size)
{
    epo_train_options o = *d->options;
    epo_train_summary summary = {0};
    turn t = {0};
    epo_status status = prepare(d, size, &t);
    if (status == EPO_OK) {
        o.split = t.split;
        o.out = t.out;
        if (t.net) o.net = t.net;
        status = epo_train(d->store, &o, NULL, NULL, &summary);
    }
    t.row.run = summary.run;
    t.row.seconds = summary.seconds;
    if (status == EPO_OK) status = judge_both(d, &t);
    if (status == EPO_OK) status = keep(d, &t.row);
    if (status == EPO_OK && d->row) status = epo__stopped(d->row(d->context, &t.row));
    turn_free(&t);
    return status;
}

/* --- all -------------------------------------------------------------------------------------------------------------
 */

static epo_status note_start(driver *d)
{
    const epo_train_options *o = d->options;
    epo__string text = {0};
    epo__string_add(&text, d->sizes->fractions ? "{\"fractions\":[" : "{\"sides\":[");
    for (size_t i = 0; i < d->sizes->count; i++) epo__string_addf(&text, "%s%.17g", i ? "," : "", size_at(d->sizes, i));
    epo__string_add(&text, "],\"out\":");
    epo__string_add_json(&text, o->out);
    epo__string_add(&text, "}");
    epo__run_row row = {.kind = "sizes",
                        .command = o->command_line ? o->command_line : "",
                        .options = text.text,
                        .seed = o->seed,
                        .threads = o->threads};
    epo_status status =
        text.failed ? epo__nomem("run") : epo__recorder_start_plain(&d->recorder, d->store, o->split, NULL, &row);
    epo__string_free(&text);
    return status;
}

epo_status epo_train_sizes(epo_store *store, const epo_train_options *options, const epo_sizes_options *sizes,
                           epo_sizes_fn row, void *context, int64_t *run)
{
    driver d = {.store = store, .options = options, .sizes = sizes, .row = row, .context = context};
    epo_status status = check(&d);
    if (status == EPO_OK) status = note_start(&d);
    if (status != EPO_OK) return status;
    if (run) *run = d.recorder.run;
    double last = 0;
    for (size_t i = 0; status == EPO_OK && (i = next_size(sizes, last)) < sizes->count;) {
        last = size_at(sizes, i);
        status = train(&d, last);
    }
    return epo__recorder_end(&d.recorder, status);
}
