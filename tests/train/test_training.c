/* SPDX-License-Identifier: BSD-3-Clause
 * test_training.c - trainings on a store that is easy to learn from: what they learn, what stays as it is, and what is refused. */
#include "train/toy.h"

#include "formats/digest.h"
#include "nn/net.h"
#include "train/engine.h"
#include "train/stamp_rule.h"
#include "train/task.h"
#include "train/transfer.h"

enum { MOST_EVENTS = 4096 };

/* Ends of epochs. */
typedef struct history {
    struct {
        char stage[16];
        int epoch;
        double loss, validation_loss, accuracy, rate;
        bool best;
    } epochs[MOST_EVENTS];
    size_t count, within;
} history;

static epo_status remember(void *context, const epo_train_event *e)
{
    history *h = context;
    assert_true(isfinite(e->loss) && e->epoch >= 1 && e->epoch <= e->epochs && e->batch <= e->batches);
    if (e->batch < e->batches) {
        assert_true(isnan(e->validation_loss));
        h->within++;
        return EPO_OK;
    }
    assert_true(h->count < MOST_EVENTS);
    snprintf(h->epochs[h->count].stage, sizeof h->epochs[h->count].stage, "%s", e->stage);
    h->epochs[h->count].epoch = e->epoch;
    h->epochs[h->count].loss = e->loss;
    h->epochs[h->count].validation_loss = e->validation_loss;
    h->epochs[h->count].accuracy = e->validation_accuracy;
    h->epochs[h->count].rate = e->rate;
    h->epochs[h->count++].best = e->best;
    return EPO_OK;
}

static int begin(void **state)
{
    toy *t = calloc(1, sizeof *t);
    toy_begin(t);
    *state = t;
    return 0;
}

static int end(void **state)
{
    toy_end(*state);
    free(*state);
    return 0;
}

static epo_train_summary trained(const toy *t, const epo_train_options *o, history *h)
{
    epo_train_summary summary;
    *h = (history){.count = 0};
    check_ok(toy_train(t, o, remember, h, &summary));
    assert_int_equal(strlen(summary.sha256), 64);
    assert_true(summary.steps > 0 && summary.examples >= summary.steps && summary.memory_supply > 0);
    assert_true(summary.memory_supply <= o->memory);
    return summary;
}

static void refused(const toy *t, const epo_train_options *o, epo_status status, const char *part)
{
    epo_train_summary summary;
    check_fails(toy_train(t, o, NULL, NULL, &summary), status, part);
}

static epo_model *loaded(const char *path)
{
    epo_model *model = NULL;
    check_ok(epo_model_load(path, NULL, &model));
    return model;
}

/* --- parameters ------------------------------------------------------------------------------------------------------------- */

typedef struct search {
    const char *name;
    epo__param found;
} search;

static epo_status match(void *context, const epo__param *param)
{
    search *s = context;
    if (strcmp(s->name, param->name) == 0) s->found = *param;
    return EPO_OK;
}

static epo__param param_of(const epo_model *model, const char *name)
{
    search s = {.name = name};
    check_ok(epo__model_visit(model, match, &s));
    if (!s.found.value) fail_msg("no parameter %s", name);
    return s.found;
}

typedef struct comparison {
    const epo_model *other;
    const char *start;
    size_t same, different;
} comparison;

static epo_status compare(void *context, const epo__param *param)
{
    comparison *c = context;
    search s = {.name = param->name};
    if (strncmp(param->name, c->start, strlen(c->start)) != 0) return EPO_OK;
    check_ok(epo__model_visit(c->other, match, &s));
    assert_non_null(s.found.value);
    bool same = memcmp(s.found.value, param->value, param->count * sizeof *param->value) == 0;
    c->same += same;
    c->different += !same;
    return EPO_OK;
}

/* Whether parameters whose names begin so are the same, bit by bit, in two files. All of them, or none that can be moved. */
static void expect_same(const char *a, const char *b, const char *start, bool same)
{
    epo_model *x = loaded(a), *y = loaded(b);
    comparison c = {.other = y, .start = start};
    check_ok(epo__model_visit(x, compare, &c));
    if (same ? c.different > 0 || c.same == 0 : c.different == 0)
        fail_msg("%s: %zu are the same, %zu differ", start, c.same, c.different);
    epo_model_free(x);
    epo_model_free(y);
}

/* --- learning ------------------------------------------------------------------------------------------------------------------ */

static void expect_learned(const history *h, const epo_train_summary *s, double accuracy)
{
    if (!(h->epochs[h->count - 1].loss < 0.5 * h->epochs[0].loss) || !(s->validation_accuracy >= accuracy))
        fail_msg("loss from %.3f to %.3f, accuracy %.3f", h->epochs[0].loss, h->epochs[h->count - 1].loss, s->validation_accuracy);
}

static void test_stages_learn(void **state)
{
    const toy *t = *state;
    static const char *const stages[] = {"encoder", "sequence", "joint"};
    static history h;
    for (size_t i = 0; i < 3; i++) {
        epo_train_options o = t->options;
        o.stage = stages[i];
        o.epochs = i == 1 ? 30 : 12;
        epo_train_summary s = trained(t, &o, &h);
        print_message("%s: loss %.3f .. %.3f, accuracy %.2f\n", stages[i], h.epochs[0].loss, h.epochs[h.count - 1].loss, s.validation_accuracy);
        assert_string_equal(h.epochs[0].stage, stages[i]);
        assert_true(h.within > 0);
        /* SN without its rise in the window look like NON to the encoder alone; random features tell less */
        expect_learned(&h, &s, i == 1 ? 0.6 : 0.7);
    }
}

static void test_realbogus_learns(void **state)
{
    const toy *t = *state;
    static history h;
    epo_train_options o = t->options;
    o.task = "realbogus";
    o.epochs = 12;
    epo_train_summary s = trained(t, &o, &h);
    assert_string_equal(h.epochs[0].stage, "stamp");
    expect_learned(&h, &s, 0.9);
}

/* Both heads of one encoder, each from its own examples; without the flag the stamp head is not in the file. */
static void test_realbogus_beside(void **state)
{
    const toy *t = *state;
    static history h;
    char sql[300];
    static const char *const stages[] = {"encoder", "joint"};
    for (size_t i = 0; i < 2; i++) {
        epo_train_options o = t->options;
        o.stage = stages[i];
        o.epochs = 12;
        o.with_realbogus = true;
        o.class_weights = i == 1;
        epo_train_summary s = trained(t, &o, &h);
        expect_learned(&h, &s, 0.7);
        snprintf(sql, sizeof sql, "SELECT max(value) FROM curves WHERE run = %lld AND name = '%s stamp validation accuracy'", (long long)s.run, stages[i]);
        if (!(toy_ask(t, sql) >= 0.9)) fail_msg("%s: the stamp head comes to %g", stages[i], toy_ask(t, sql));
        epo_model *model = loaded(t->out);
        assert_non_null(epo__model_head(model, EPO_HEAD_STAMP));
        assert_true((epo__model_head(model, EPO_HEAD_SEQUENCE) != NULL) == (i == 1));
        epo_model_free(model);
        o.with_realbogus = false;
        trained(t, &o, &h);
        model = loaded(t->out);
        assert_null(epo__model_head(model, EPO_HEAD_STAMP));
        epo_model_free(model);
    }
}

/* A network whose class 1 is bogus is trained to give P(bogus). */
static void test_order_of_stamp_classes(void **state)
{
    const toy *t = *state;
    static history h;
    char net[600], *text = strdup(toy_text), *names = strstr(text, "bogus,real");
    assert_non_null(names);
    memcpy(names, "real,bogus", 10);
    snprintf(net, sizeof net, "%s/turned.net", t->made.folder);
    write_file(net, text, strlen(text));
    free(text);
    epo_train_options o = t->options;
    o.net = net;
    o.task = "realbogus";
    o.epochs = 12;
    epo_train_summary s = trained(t, &o, &h);
    expect_learned(&h, &s, 0.9);

    /* one of each sort, as the trainer's own loader gives them */
    static const epo__loader_class classes[] = {{"real", 0, false}, {"bogus", 1, false}};
    epo__loader_options l = {.store = t->made.path, .classes = classes, .class_count = 2, .label_count = 2, .kind = EPO__EXAMPLE_STAMP, .batch = 64};
    epo_model *model = loaded(t->out);
    check_ok(epo__stamp_rule_of(epo__model_network(model), &l.rule));
    epo__loader *loader = opened(&l);
    const epo__loader_batch *b;
    epo__engine *engine = NULL;
    check_ok(epo__engine_create(model, EPO_HEAD_STAMP, 64, &engine));
    check_ok(epo__loader_start(loader, 0, 0));
    size_t right = 0, count = 0;
    while ((b = next_of(loader))) {
        double rows[64 * 2];
        check_ok(epo__engine_run(engine, (int)b->count, b->planes, rows));
        for (size_t i = 0; i < b->count; i++) right += (rows[i * 2 + 1] > 0.5) == (b->labels[i] == 1);
        count += b->count;
    }
    assert_int_equal(count, 2 * TOY_OBJECTS);
    assert_true(right >= count * 9 / 10);
    epo__engine_free(engine);
    epo__loader_free(loader);
    epo_model_free(model);
}

/* --- what stays -------------------------------------------------------------------------------------------------------------- */

static void make_start(const toy *t, char path[600])
{
    epo_model *model = NULL;
    const epo_model_options random = {.net = t->net, .seed = 77};
    snprintf(path, 600, "%s/start.safetensors", t->made.folder);
    check_ok(epo_model_create(&random, &model));
    check_ok(epo_model_save(model, path));
    epo_model_free(model);
}

static void test_frozen(void **state)
{
    const toy *t = *state;
    static history h;
    char start[600];
    make_start(t, start);
    epo_train_options o = t->options;
    o.net = NULL;
    o.from = start;
    o.decay = 0.1;
    for (int adamw = 0; adamw < 2; adamw++) {
        o.optimiser = adamw ? "adamw" : "adam";
        o.stage = "joint";
        o.freeze = "encoder";
        trained(t, &o, &h);
        expect_same(start, t->out, "encoder.", true); /* running statistics too */
        expect_same(start, t->out, "sequence.", false);
        expect_same(start, t->out, "triplet.", false);
        expect_same(start, t->out, "stamp.", true);
        o.stage = "sequence";
        o.freeze = "none";
        trained(t, &o, &h);
        expect_same(start, t->out, "encoder.", true);
        expect_same(start, t->out, "sequence.", false);
        expect_same(start, t->out, "triplet.", true);
        o.stage = "encoder";
        o.freeze = "encoder.conv1.";
        trained(t, &o, &h);
        expect_same(start, t->out, "encoder.conv1.", true);
        expect_same(start, t->out, "encoder.", false);
        expect_same(start, t->out, "sequence.", true);
    }
}

static void test_unknown_freeze(void **state)
{
    const toy *t = *state;
    epo_train_options o = t->options;
    o.freeze = "encodr";
    refused(t, &o, EPO_EARG, "no parameter");
    o.freeze = "";
    refused(t, &o, EPO_EARG, "no parameter");
    o.freeze = "sequence.";
    o.stage = "sequence";
    refused(t, &o, EPO_EARG, "nothing to train");
}

/* SHA-256 of the values alone: trainings with other options leave another record beside the same weights. */
static void digest_values(const char *path, char sha[65])
{
    size_t size, header = 8;
    unsigned char *bytes = read_file(path, &size);
    for (int i = 0; i < 8; i++) header += (size_t)bytes[i] << 8 * i;
    assert_true(header < size);
    epo__sha256_of(bytes + header, size - header, sha);
    free(bytes);
}

/* In bfloat16 the encoder gets other weights, near those of float32. */
static void test_precision(void **state)
{
    const toy *t = *state;
    static history h;
    char sha[65], other[65];
    epo_train_options o = t->options;
    o.stage = "encoder";
    o.epochs = 1;
    const double loss = trained(t, &o, &h).validation_loss;
    digest_values(o.out, sha);
    o.precision = "bf16";
    const double near = trained(t, &o, &h).validation_loss;
    digest_values(o.out, other);
    assert_string_not_equal(sha, other);
    if (!(fabs(near - loss) < 0.05 * loss)) fail_msg("a loss of %g, %g in float32", near, loss);
    size_t size;
    char *bytes = (char *)read_file(o.out, &size);
    assert_non_null(memmem(bytes, size, "--precision bf16", 16)); /* in the command of its record */
    free(bytes);
}

/* The weights that are written are those of the best epoch: a training that ends there writes the same. */
static void test_best_is_kept(void **state)
{
    const toy *t = *state;
    static history h;
    char sha[65], again[65], last[65];
    epo_train_options o = t->options;
    o.stage = "encoder";
    o.epochs = 12;
    o.rate = 0.05;
    o.schedule = "constant";
    o.patience = 2;
    epo_train_summary s = trained(t, &o, &h);
    digest_values(o.out, sha);
    size_t best = 0;
    for (size_t i = 0; i < h.count; i++) {
        if (h.epochs[i].best) best = i;
        assert_true(h.epochs[i].best == (i == best));
    }
    for (size_t i = 0; i < h.count; i++) assert_true(h.epochs[best].validation_loss <= h.epochs[i].validation_loss);
    assert_true(s.validation_loss == h.epochs[best].validation_loss && s.validation_accuracy == h.epochs[best].accuracy);
    if (best + 1 == h.count) fail_msg("the last epoch was the best: nothing is shown");
    if (h.count < 12) assert_int_equal(h.count, best + 3);
    o.epochs = (int)best + 1;
    trained(t, &o, &h);
    digest_values(o.out, again);
    assert_string_equal(again, sha);
    o.epochs = (int)best + 2; /* and they are not those of another epoch */
    o.last = true;
    trained(t, &o, &h);
    digest_values(o.out, last);
    assert_string_not_equal(last, sha);
}

/* --- fine-tuning ---------------------------------------------------------------------------------------------------------------- */

static void test_merged_rows(void **state)
{
    const toy *t = *state;
    epo_store *store = NULL;
    epo_model *from = NULL, *to = NULL;
    epo__task task;
    static const char *const names[] = {"SN", "CV", "NON"};
    const epo_model_options random = {.net = t->net, .seed = 5};
    check_ok(epo_store_open(t->made.path, EPO_STORE_READ, &store));
    check_ok(epo_model_create(&random, &from));
    check_ok(epo__task_parse("NON:SN,CV", names, 3, store, &task));
    check_ok(epo__model_create_like(from, "NON,SN+CV", 6, &to));
    const char *const heads[] = {"triplet", "sequence"};
    char weight[64], bias[64];
    for (int h = 0; h < 2; h++) {
        snprintf(bias, sizeof bias, "%s.linear1.bias", heads[h]);
        epo__param b = param_of(from, bias);
        for (int k = 0; k < 3; k++) b.value[k] = (float)(k + 1) / 4;
    }
    check_ok(epo__transfer(from, to, &task));
    for (int h = 0; h < 2; h++) {
        snprintf(weight, sizeof weight, "%s.linear1.weight", heads[h]);
        snprintf(bias, sizeof bias, "%s.linear1.bias", heads[h]);
        epo__param a = param_of(from, weight), b = param_of(to, weight);
        size_t width = a.count / 3;
        for (size_t j = 0; j < width; j++) {
            assert_true(b.value[j] == a.value[2 * width + j]);
            assert_true(fabs((double)b.value[width + j] - ((double)a.value[j] + (double)a.value[width + j]) / 2) < 1e-6);
        }
        assert_true(param_of(to, bias).value[0] == 0.75f);
        assert_true(fabs((double)param_of(to, bias).value[1] - (0.375 + log(2))) < 1e-6);
    }
    comparison c = {.other = to, .start = "encoder."};
    check_ok(epo__model_visit(from, compare, &c));
    assert_true(c.same > 0 && c.different == 0);
    c = (comparison){.other = to, .start = "sequence.gru"};
    check_ok(epo__model_visit(from, compare, &c));
    assert_true(c.same > 0 && c.different == 0);
    epo__task_free(&task);
    epo_model_free(from);
    epo_model_free(to);
    epo_store_close(store);
}

static void test_other_encoder(void **state)
{
    const toy *t = *state;
    char start[600], net[600], *text = strdup(toy_text), *conv = strstr(text, "conv 8");
    make_start(t, start);
    conv[5] = '6';
    snprintf(net, sizeof net, "%s/other.net", t->made.folder);
    write_file(net, text, strlen(text));
    free(text);
    epo_train_options o = t->options;
    o.from = start;
    o.net = net;
    refused(t, &o, EPO_EMODEL, "conv1"); /* a file of another network */
}

static void test_finetune(void **state)
{
    const toy *t = *state;
    static history h;
    char from[600];
    epo_train_options o = t->options;
    o.epochs = 6;
    trained(t, &o, &h);
    snprintf(from, sizeof from, "%s/from.safetensors", t->made.folder);
    assert_int_equal(rename(t->out, from), 0);
    o.net = NULL;
    o.from = from;
    o.task = "transient-vs-non";
    o.stage = "joint";
    o.rate = 1e-3;
    epo_train_summary s = trained(t, &o, &h);
    assert_true(s.validation_accuracy >= 0.7);
    epo_model *model = loaded(t->out);
    epo_model_info info;
    epo_model_get_info(model, &info);
    for (int k = EPO_HEAD_TRIPLET; k <= EPO_HEAD_SEQUENCE; k++) {
        assert_int_equal(info.heads[k].class_count, 2);
        assert_string_equal(info.heads[k].classes[0], "TRANSIENT");
        assert_string_equal(info.heads[k].classes[1], "NON");
    }
    epo_model_free(model);
}

/* --- options ------------------------------------------------------------------------------------------------------------------ */

static void test_accepted(void **state)
{
    const toy *t = *state;
    static history h;
    static const char *const optimisers[] = {"adam", "adamw", "sgd"}, *const schedules[] = {"constant", "step", "cosine", "plateau"};
    for (int i = 0; i < 4; i++) {
        epo_train_options o = t->options;
        o.stage = "encoder";
        o.epochs = 4;
        o.optimiser = optimisers[i % 3];
        o.schedule = schedules[i];
        o.schedule_epochs = i == 2 ? 0 : 2;
        o.schedule_factor = 0.5;
        o.clip = 1;
        o.smoothing = 0.1;
        o.class_weights = true;
        o.balance = i % 2;
        o.turns = i % 2;
        o.peak_nights = i % 2;
        o.warmup = i == 0 ? 2 : 0;
        trained(t, &o, &h);
        const double *rate[4];
        for (int e = 0; e < 4; e++) rate[e] = &h.epochs[e].rate;
        switch (i) {
        case 0: assert_true(*rate[0] < *rate[1] && *rate[2] == o.rate && *rate[3] == o.rate); break;
        case 1: assert_true(*rate[0] == o.rate && *rate[1] == o.rate && *rate[2] == o.rate / 2 && *rate[3] == o.rate / 2); break;
        case 2: assert_true(*rate[0] == o.rate && *rate[1] < *rate[0] && *rate[2] < *rate[1] && *rate[3] < *rate[2]); break;
        case 3: assert_true(*rate[0] == o.rate); break;
        }
    }
}

/* Sequences of one length and as they are, and one draw of visits. */
static void test_sequences(void **state)
{
    const toy *t = *state;
    static history h;
    epo_train_options o = t->options;
    o.stage = "joint";
    o.nights = 6;
    trained(t, &o, &h);
    o.nights = 0;
    trained(t, &o, &h);
    o.stage = "sequence";
    trained(t, &o, &h);
    o.variants = 1;
    trained(t, &o, &h);
}

/* Late fusion: the encoder sees one plane at a time, and features lie side by side. */
static void test_late_fusion(void **state)
{
    const toy *t = *state;
    static history h;
    char net[600], *text = strdup(toy_text), *word = strstr(text, "early");
    memcpy(word, "late ", 5);
    snprintf(net, sizeof net, "%s/late.net", t->made.folder);
    write_file(net, text, strlen(text));
    free(text);
    epo_train_options o = t->options;
    o.net = net;
    o.epochs = 10;
    epo_train_summary s = trained(t, &o, &h);
    assert_true(s.validation_accuracy >= 0.7);
    o.task = "realbogus";
    s = trained(t, &o, &h);
    expect_learned(&h, &s, 0.9);
}

/* Planes side by side in one picture. */
static void test_joined(void **state)
{
    const toy *t = *state;
    static const char text[] = "network joined\ninput planes=3 size=8\njoin horizontal\nnormalise zscore\npad centre value=0\n"
                               "encoder\n    conv 4 kernel=3 pad=same\n    relu\n    maxpool 2\n    flatten order=hwc\n"
                               "stamp planes=difference,science,template classes=real,bogus\n    linear classes\n    softmax\n";
    static history h;
    char net[600];
    snprintf(net, sizeof net, "%s/joined.net", t->made.folder);
    write_file(net, text, sizeof text - 1);
    epo_train_options o = t->options;
    o.net = net;
    o.task = "realbogus";
    o.epochs = 12;
    o.class_weights = true;
    epo_train_summary s = trained(t, &o, &h);
    expect_learned(&h, &s, 0.9);
}

static void test_diverges(void **state)
{
    const toy *t = *state;
    epo_train_options o = t->options;
    o.stage = "encoder";
    o.optimiser = "sgd";
    o.rate = 1e30;
    o.epochs = 20;
    o.patience = 0;
    refused(t, &o, EPO_EFORMAT, "diverged; lower --rate");
    assert_true(toy_ask(t, "SELECT status = 'failed' FROM runs ORDER BY id DESC LIMIT 1") == 1);
    unlink(t->checkpoint);
}

static void test_refused(void **state)
{
    toy *t = *state;
    const epo_train_options good = t->options;
    epo_train_options o;
#define WITH(change, status, part) o = good, o.change, refused(t, &o, status, part)
    WITH(out = NULL, EPO_EARG, "file to write");
    WITH(split = NULL, EPO_EARG, "split");
    WITH(net = NULL, EPO_EARG, "network or weights");
    WITH(net = "/nowhere/x.net", EPO_ENOTFOUND, "x.net");
    WITH(task = NULL, EPO_EARG, "needed");
    WITH(task = "SN:PISN", EPO_EARG, "PISN");
    WITH(stage = "heads", EPO_EARG, "encoder, sequence, joint, all");
    WITH(optimiser = "lion", EPO_EARG, "adam, adamw, sgd");
    WITH(schedule = "linear", EPO_EARG, "constant, step, cosine, plateau");
    WITH(schedule_epochs = -1, EPO_EARG, "schedule");
    WITH(schedule_factor = 0, EPO_EARG, "schedule");
    WITH(schedule_factor = 1.5, EPO_EARG, "schedule");
    WITH(rate = 0, EPO_EARG, "rate");
    WITH(rate = NAN, EPO_EARG, "rate");
    WITH(decay = -1, EPO_EARG, "decay");
    WITH(decay = INFINITY, EPO_EARG, "decay");
    WITH(momentum = 1, EPO_EARG, "momentum");
    WITH(clip = NAN, EPO_EARG, "clip");
    WITH(smoothing = 1, EPO_EARG, "smoothing");
    WITH(warmup = -1, EPO_EARG, "warm-up");
    WITH(patience = -1, EPO_EARG, "patience");
    WITH(checkpoint_steps = -1, EPO_EARG, "checkpoint");
    WITH(variants = 0, EPO_EARG, "variants");
    WITH(batch = 0, EPO_EARG, "batch");
    WITH(epochs = 0, EPO_EARG, "epochs");
    WITH(nights = 2, EPO_EARG, "nights");
    WITH(keep_statistics = true; o.stage = "encoder", EPO_EARG, "for the stage joint");
    WITH(keep_statistics = true; o.stage = "joint", EPO_EARG, "no statistics to keep");
    WITH(stride = -1, EPO_EARG, "stride");
    WITH(stride = 4, EPO_EARG, "a stride of 4 nights: 1 to 3");
    WITH(with_realbogus = true; o.task = "realbogus", EPO_EARG, "the task is realbogus already");
    WITH(with_realbogus = true; o.stage = "sequence", EPO_EARG, "leaves the encoder as it is");
    WITH(precision = NULL, EPO_EARG, "needed");
    WITH(precision = "int8", EPO_EARG, "f32 or bf16");
    WITH(precision = "bf16"; o.stage = "sequence", EPO_EARG, "leaves the encoder as it is");
    WITH(split = "nowhere", EPO_ENOTFOUND, "nowhere");
    WITH(memory = 1000, EPO_ELIMIT, "memory");
    char net[600], *text = strdup(toy_text), *head = strstr(text, "triplet");
    memmove(head, strstr(head, "sequence"), strlen(strstr(head, "sequence")) + 1);
    snprintf(net, sizeof net, "%s/headless.net", t->made.folder);
    write_file(net, text, strlen(text));
    free(text);
    WITH(net = net, EPO_EARG, "stage encoder: the network toy has no triplet head");
    static const char plain[] = "network plain\ninput planes=3 size=8\nencoder\n    conv 8 kernel=3\n    gap\n"
                                "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n";
    write_file(net, plain, sizeof plain - 1);
    WITH(net = net; o.stage = "encoder"; o.precision = "bf16", EPO_EARG, "dense blocks");
    assert_int_not_equal(access(t->checkpoint, F_OK), 0);
#undef WITH
}

static void test_no_validation(void **state)
{
    toy *t = *state;
    toy_split(t, "half", 1, 0, 0);
    epo_train_options o = t->options;
    o.split = "half";
    refused(t, &o, EPO_ENOTFOUND, "validation");
    refused(t, &o, EPO_ENOTFOUND, "half");
}

/* With `last` there need not be any: all epochs are done, and those weights kept. */
static void test_last(void **state)
{
    toy *t = *state;
    static history h;
    toy_split(t, "all of it", 1, 0, 0);
    epo_train_options o = t->options;
    o.split = "all of it";
    o.last = true;
    o.stage = "encoder";
    o.epochs = 5;
    o.patience = 1;
    epo_train_summary s = trained(t, &o, &h);
    assert_int_equal(h.count, 5);
    assert_true(isnan(s.validation_loss) && isnan(h.epochs[4].validation_loss) && isnan(h.epochs[4].accuracy));
    assert_true(h.epochs[4].loss < h.epochs[0].loss);
    /* where there is a part, its curves are there, and the last epoch is kept all the same */
    o.split = t->options.split;
    o.rate = 0.05; /* so that it is not the best */
    o.epochs = 12;
    s = trained(t, &o, &h);
    assert_int_equal(h.count, 12);
    assert_true(s.validation_loss == h.epochs[11].validation_loss);
    bool other = false;
    for (size_t i = 0; i < 11; i++) other = other || h.epochs[i].validation_loss < s.validation_loss;
    assert_true(other);
}

static void test_curves(void **state)
{
    const toy *t = *state;
    static history h;
    char sql[300];
    epo_train_options o = t->options;
    o.command_line = "epochal train";
    epo_train_summary s = trained(t, &o, &h);
    assert_int_equal(h.count, 6);
    for (size_t i = 0; i < h.count; i++) {
        snprintf(sql, sizeof sql, "SELECT value FROM curves WHERE run = %lld AND epoch = %d AND name = '%s validation loss'", (long long)s.run,
                 h.epochs[i].epoch, h.epochs[i].stage);
        assert_true(toy_ask(t, sql) == h.epochs[i].validation_loss);
        snprintf(sql, sizeof sql, "SELECT value FROM curves WHERE run = %lld AND epoch = %d AND name = '%s loss'", (long long)s.run,
                 h.epochs[i].epoch, h.epochs[i].stage);
        assert_true(toy_ask(t, sql) == h.epochs[i].loss);
    }
    snprintf(sql, sizeof sql,
             "SELECT status = 'done' AND kind = 'train' AND command = 'epochal train' AND m.sha256 = '%s' AND json_extract(options, '$.rate') = %.17g "
             "FROM runs r JOIN models m ON m.id = r.model WHERE r.id = %lld",
             s.sha256, o.rate, (long long)s.run);
    assert_true(toy_ask(t, sql) == 1);
    assert_int_equal(epo__nn_threads(), 1); /* the caller's setting */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages_learn), cmocka_unit_test(test_realbogus_learns), cmocka_unit_test(test_order_of_stamp_classes),
        cmocka_unit_test(test_frozen),       cmocka_unit_test(test_unknown_freeze),   cmocka_unit_test(test_best_is_kept), cmocka_unit_test(test_precision),
        cmocka_unit_test(test_merged_rows),  cmocka_unit_test(test_other_encoder),    cmocka_unit_test(test_finetune),
        cmocka_unit_test(test_accepted),     cmocka_unit_test(test_sequences),        cmocka_unit_test(test_late_fusion),
        cmocka_unit_test(test_joined),       cmocka_unit_test(test_diverges),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_validation), cmocka_unit_test(test_realbogus_beside), cmocka_unit_test(test_last), cmocka_unit_test(test_curves),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
