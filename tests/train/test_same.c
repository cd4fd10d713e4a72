/* SPDX-License-Identifier: BSD-3-Clause
 * test_same.c - the same answer: files imported, split, trained on, classified and scored twice give the same bytes,
 * and scores do not depend on the number of threads.
 *
 * Each time is a process of its own, so that nothing is left over from the one before; where memory lies and what was
 * in it is another matter each time. */
#include "data/tao_tree.h"

#include "epochal/model.h"
#include "epochal/score.h"
#include "epochal/split.h"
#include "epochal/train.h"
#include "support/killing.h"
#include "support/npymake.h"

enum { CLASSES = 3, FILES = 8, NIGHTS = 7, CANDIDATES = 30, CUBE_SIDE = 9 };

static const char *const classes[CLASSES] = {"SN", "CV", "NON"};

static const char network[] =
    "network same\ninput planes=3 size=8\nfusion early\nnormalise asinh scope=sequence\npad centre value=0\n"
    "encoder\n    conv 8 kernel=3 pad=same bias=0\n    dense layers=1 growth=4\n    transition compression=0.5\n"
    "    spatialdropout 0.05\n    batchnorm\n    relu\n    flatten\n    dropout 0.05\n"
    "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
    "sequence nights=3 dates=on classes=SN,CV,NON\n    gru 8 layers=1 output=sum\n    linear classes\n    softmax\n"
    "stamp planes=science,template,difference classes=bogus,real\n    linear 1\n    sigmoid\n";

static char *folder, tree[512], cube[512], net[512];

/* One time: a store, trained weights, and the weights that scored. */
typedef struct turn {
    char db[512], weights[512], random[512];
    int threads;
} turn;

static turn turns[4]; /* two on one thread, two on two */

static int begin(void **state)
{
    (void)state;
    static float pixels[CANDIDATES * CUBE_SIDE * CUBE_SIDE * 3];
    folder = temp_make();
    snprintf(tree, sizeof tree, "%s/tree", folder);
    snprintf(cube, sizeof cube, "%s/cube.npy", folder);
    snprintf(net, sizeof net, "%s/same.net", folder);
    make_folder(tree);
    for (int i = 0; i < CLASSES; i++) {
        char name[64];
        make_folder(temp_path(tree, classes[i]));
        for (int k = 0; k < FILES; k++) {
            snprintf(name, sizeof name, "%s/object%d.%02d.fits", classes[i], i, k);
            tao_plain(temp_path(tree, name), 3 * i + k % 3, NIGHTS);
        }
    }
    for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++) pixels[i] = (float)((i * i + 7 * i) % 211) - 50;
    npy_save(cube, "'<f4'", "False", "(30, 9, 9, 3)", pixels, sizeof pixels);
    write_file(net, network, sizeof network - 1);
    for (int i = 0; i < 4; i++) {
        turn *t = &turns[i];
        t->threads = 1 + i / 2;
        snprintf(t->db, sizeof t->db, "%s/survey%d.db", folder, i);
        snprintf(t->weights, sizeof t->weights, "%s/trained%d.safetensors", folder, i);
        snprintf(t->random, sizeof t->random, "%s/random%d.safetensors", folder, i);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static epo_status import_one(epo_store *store, const char *format, const char *path, int threads)
{
    epo_import_options options = options_for(format);
    epo_import_summary summary;
    options.threads = threads;
    epo_status status = epo_import(store, &path, 1, &options, NULL, NULL, &summary);
    return status == EPO_OK && summary.refused ? EPO_EFORMAT : status;
}

static epo_status split_and_train(epo_store *store, const turn *t)
{
    epo_split_options split = EPO_SPLIT_OPTIONS_INIT;
    epo_split_table table = {0};
    epo_train_options train = EPO_TRAIN_OPTIONS_INIT;
    epo_train_summary summary;
    split.name = "main";
    split.by = EPO_SPLIT_BY_OBJECT;
    split.fractions[0] = 0.5;
    split.fractions[1] = 0.5;
    split.fractions[2] = 0;
    epo_status status = epo_split(store, &split, &table);
    epo_split_table_free(&table);
    train.net = net;
    train.out = t->weights;
    train.split = "main";
    train.epochs = 2;
    train.batch = 4;
    train.rate = 0.01;
    train.threads = t->threads;
    train.memory = (size_t)64 << 20;
    return status == EPO_OK ? epo_train(store, &train, NULL, NULL, &summary) : status;
}

/* By the weights that were trained, and by random ones that have a head for stamps as well. */
static epo_status score(epo_store *store, const turn *t)
{
    epo_model *trained = NULL, *random = NULL;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    epo_score_options scoring = EPO_SCORE_OPTIONS_INIT;
    epo_score_summary summary;
    options.net = net;
    options.seed = 5;
    scoring.threads = t->threads;
    scoring.batch = 4;
    epo_status status = epo_model_create(&options, &random);
    if (status == EPO_OK) status = epo_model_save(random, t->random);
    epo_model_free(random);
    random = NULL;
    if (status == EPO_OK) status = epo_model_load(t->random, NULL, &random);
    if (status == EPO_OK) status = epo_model_load(t->weights, NULL, &trained);
    if (status == EPO_OK) status = epo_classify_store(trained, store, &scoring, NULL, NULL, &summary);
    if (status == EPO_OK) status = epo_classify_store(random, store, &scoring, NULL, NULL, &summary);
    if (status == EPO_OK) status = epo_score_store(random, store, &scoring, NULL, NULL, &summary);
    if (status == EPO_OK) {
        scoring.mc_passes = 5;
        status = epo_classify_store(random, store, &scoring, NULL, NULL, &summary);
    }
    epo_model_free(trained);
    epo_model_free(random);
    return status;
}

static int run_turn(void *context, int tube)
{
    const turn *t = context;
    epo_store *store = NULL;
    epo_status status = epo_store_open(t->db, EPO_STORE_CREATE, &store);
    if (status == EPO_OK) status = import_one(store, "tao", tree, t->threads);
    if (status == EPO_OK) status = split_and_train(store, t);
    if (status == EPO_OK) status = import_one(store, "cube", cube, t->threads);
    if (status == EPO_OK) status = score(store, t);
    if (status != EPO_OK) killing_say(tube, epo_error_message());
    epo_store_close(store);
    return (int)status;
}

static void check_same_file(const char *a, const char *b)
{
    size_t size_a, size_b;
    unsigned char *bytes_a = read_file(a, &size_a), *bytes_b = read_file(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(bytes_a, bytes_b, size_a);
    free(bytes_a);
    free(bytes_b);
}

/* What was computed, to the last digit. */
static const char *const computed[] = {
    "SELECT run, object, class, printf('%.17g', probability) FROM class_scores ORDER BY 1, 2, 3",
    "SELECT run, stamp, printf('%.17g', score) FROM stamp_scores ORDER BY 1, 2",
    "SELECT run, name, epoch, printf('%.17g', value) FROM curves ORDER BY 1, 2, 3",
    "SELECT split, object, part FROM split_members ORDER BY 1, 2",
    "SELECT id, name, sha256, network, classes, normalisation FROM models ORDER BY 1",
    "SELECT id, kind, command, options, versions, seed, threads, model, split, status FROM runs ORDER BY 1",
};

static void twice_gives_the_same_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        killed k = run_and_kill(run_turn, &turns[i], -1);
        assert_false(k.killed);
        free(k.said);
    }
    for (int i = 0; i < 4; i += 2) {
        const turn *a = &turns[i], *b = &turns[i + 1];
        char *first = dump(a->db), *second = dump(b->db);
        assert_true(strlen(first) > 10000);
        assert_string_equal(first, second);
        free(first);
        free(second);
        for (size_t q = 0; q < sizeof computed / sizeof *computed; q++) {
            first = rows(a->db, computed[q]);
            assert_true(strlen(first) > 20);
            check_rows(b->db, computed[q], first);
            free(first);
        }
        check_same_file(a->weights, b->weights);
        check_same_file(a->random, b->random);
    }
}

/* The largest difference between two columns of numbers. */
static double largest_difference(const char *sql, const char *one, const char *two)
{
    char *a = rows(one, sql), *b = rows(two, sql), *at = a, *bt = b;
    double worst = 0;
    size_t count = 0;
    for (; *at && *bt; count++) {
        worst = fmax(worst, fabs(strtod(at, &at) - strtod(bt, &bt)));
        assert_true(*at == '\n' && *bt == '\n');
        at++;
        bt++;
    }
    assert_true(*at == *bt && count >= CANDIDATES);
    free(a);
    free(b);
    return worst;
}

/* The same random weights: of those that were trained, on another number of threads, other bits may come. */
static void threads_do_not_matter(void **state)
{
    (void)state;
    check_same_file(turns[0].random, turns[2].random);
    char *imported = dump(turns[0].db), *again = dump(turns[2].db);
    assert_string_equal(imported, again);
    free(imported);
    free(again);
    const double classes_differ = largest_difference(
                     "SELECT printf('%.17g', probability) FROM class_scores c JOIN runs r ON r.id = c.run JOIN models "
                     "m ON m.id = r.model "
                     "WHERE m.name = 'same' AND r.id > (SELECT min(id) + 1 FROM runs) ORDER BY run, object, class",
                     turns[0].db, turns[2].db),
                 stamps_differ =
                     largest_difference("SELECT printf('%.17g', score) FROM stamp_scores ORDER BY run, stamp",
                                        turns[0].db, turns[2].db);
    print_message("1 and 2 threads: class scores differ by %g at most, stamp scores by %g\n", classes_differ,
                  stamps_differ);
    assert_true(classes_differ <= 1e-6 && stamps_differ <= 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(twice_gives_the_same_bytes),
                                       cmocka_unit_test(threads_do_not_matter)};
    return cmocka_run_group_tests(tests, begin, end);
}
