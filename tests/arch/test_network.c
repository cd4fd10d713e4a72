/* SPDX-License-Identifier: BSD-3-Clause
 * test_network.c - network texts: what is read, and every way in which one is refused. */
#include <stdlib.h>

#include "arch/network.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"
#include "support/check.h"

/* One line each, so that a wrong text is made by replacing or adding one. */
#define TOP "network tiny\ninput planes=2 height=6 width=9\n"
#define ENCODER "encoder\nconv 3 kernel=3 pad=same\ngap\n"
#define STAMP "stamp planes=science,template classes=bogus,real\nlinear 1\nsigmoid\n"

static epo__network *parse(const char *text)
{
    epo__network *network = NULL;
    check_ok(epo__network_parse("t.net", text, &network));
    return network;
}

static void test_everything(void **state)
{
    (void)state;
    epo__network *n = parse("# a comment\r\n"
                            "\tnetwork  full-1.2   # and another\n"
                            "about   What it is: 3 # nights\n"
                            "input planes=3 size=21\n"
                            "\n"
                            "fusion late\n"
                            "normalise   asinh scope=sequence  \n"
                            "pad corner value=1e-9\n"
                            "encoder\n"
                            "conv 4 kernel=3 pad=same bias=0\n"
                            "gap\n"
                            "triplet classes=A,B,C\n"
                            "linear classes\n"
                            "softmax\n"
                            "  sequence dates=on nights=3 stride=2 classes=A,B\n"
                            "  gru 5 layers=2\n"
                            "  linear classes\n"
                            "  softmax\n"
                            "stamp planes=science,template,range classes=bogus,real\n"
                            "linear 1\n"
                            "sigmoid");
    assert_string_equal(n->name, "full-1.2");
    assert_string_equal(n->about, "What it is: 3");
    assert_string_equal(n->normalise, "asinh scope=sequence");
    assert_int_equal(n->planes, 3);
    assert_int_equal(n->height, 21);
    assert_int_equal(n->width, 21);
    assert_true(n->late_fusion && n->pad_corner && n->dates && !n->join_horizontal);
    assert_int_equal(n->stride, 2);
    assert_true(n->pad_value == 1e-9f);
    assert_int_equal(n->encoder.line_count, 2);
    const epo__network_line *conv = &n->encoder.lines[0];
    assert_int_equal(conv->number, 10);
    assert_string_equal(conv->word, "conv");
    assert_int_equal(conv->arg_count, 4);
    assert_string_equal(conv->args[0].key, "");
    assert_string_equal(conv->args[0].value, "4");
    assert_string_equal(conv->args[3].key, "bias");
    assert_int_equal(n->heads[EPO_HEAD_TRIPLET].class_count, 3);
    assert_int_equal(n->heads[EPO_HEAD_SEQUENCE].number, 15);
    assert_string_equal(n->heads[EPO_HEAD_STAMP].classes[1], "real");
    assert_string_equal(n->roles[2], "range");
    assert_int_equal(epo__network_date_count(n), 3);
    epo__shape in = epo__network_input(n);
    assert_true(in.channels == 1 && in.height == 21 && in.width == 21);
    epo__network_free(n);
}

static void test_defaults_and_join(void **state)
{
    (void)state;
    epo__network *n = parse(TOP "join horizontal\n" ENCODER STAMP);
    assert_string_equal(n->about, "");
    assert_string_equal(n->normalise, "none");
    assert_false(n->late_fusion || n->pad_corner || n->dates);
    assert_int_equal(n->stride, n->planes); /* triplets follow each other */
    assert_true(n->pad_value == 0);
    epo__shape in = epo__network_input(n);
    assert_true(in.channels == 1 && in.height == 6 && in.width == 18);
    assert_int_equal(epo__network_date_count(n), 0);
    epo__network_free(n);
}

static const struct wrong {
    const char *text, *message;
} wrong_texts[] = {
    {"", "t.net:1: the statement \"network\" is missing"},
    {"# nothing\n\n", "t.net:2: the statement \"network\" is missing"},
    {"netwrok tiny\n", "t.net:1: unknown statement \"netwrok\"; known: network, about, input, fusion, join, normalise, pad, encoder"},
    {"conv 3\n", "t.net:1: unknown statement \"conv\""},
    {"network\n", "t.net:1: the text is missing"},
    {"network a b\n", "t.net:1: \"a b\": up to 63 letters"},
    {"network a\nnetwork b\n", "t.net:2: network is already on line 1"},
    {"network a\x01\n", "t.net:1: a control byte (1)"},
    {"network a\nabout\n", "t.net:2: the text is missing"},
    {"network a\ninput size=8\n", "t.net:2: planes= is missing"},
    {"network a\ninput planes=0 size=8\n", "t.net:2: planes=0: a whole number from 1 to 16"},
    {"network a\ninput planes=17 size=8\n", "t.net:2: planes=17"},
    {"network a\ninput planes=3\n", "t.net:2: height= is missing"},
    {"network a\ninput planes=3 height=5\n", "t.net:2: width= is missing"},
    {"network a\ninput planes=3 size=1025\n", "t.net:2: size=1025: a whole number from 1 to 1024"},
    {"network a\ninput planes=3 size=8x\n", "t.net:2: size=8x"},
    {"network a\ninput planes=3 size=8 height=8\n", "t.net:2: size= stands for height= and width="},
    {"network a\ninput planes=3 size=8 depth=2\n", "t.net:2: unknown option \"depth=2\"; known: planes, size, height, width"},
    {"network a\ninput planes=3 size=8 size=8\n", "t.net:2: option \"size\" is there twice"},
    {"network a\ninput planes= size=8\n", "t.net:2: \"planes=\": an option is key=value"},
    {"network a\ninput =3 size=8\n", "t.net:2: \"=3\": an option is key=value"},
    {TOP "fusion middle\n", "t.net:3: \"middle\": early or late"},
    {TOP "fusion\n", "t.net:3: \"\": early or late"},
    {TOP "fusion early late\n", "t.net:3: \"early\" and \"late\": only one value goes without key="},
    {TOP "join vertical\n", "t.net:3: \"vertical\": none or horizontal"},
    {TOP "normalise l3\n", "t.net:3: normalisation \"l3\" is not known; there are none, l2, l2row"},
    {TOP "normalise asinh scope=sky\n", "t.net:3: normalisation asinh: scope \"sky\" is not plane, stamp or sequence"},
    {TOP "pad left\n", "t.net:3: \"left\": centre or corner"},
    {TOP "pad corner value=nan\n", "t.net:3: value=nan: a finite number"},
    {TOP "pad corner value=1e300\n", "t.net:3: value=1e300: a finite number"},
    {"network a\nencoder\n", "t.net:2: input must come before encoder"},
    {TOP, "t.net:2: the encoder is missing"},
    {TOP "encoder 5\n", "t.net:3: unknown option \"5\"; known: none"},
    {TOP "encoder\n" STAMP, "t.net:3: the encoder has no layers"},
    {TOP STAMP, "t.net:3: a head comes after the encoder"},
    {TOP ENCODER, "t.net:5: there is no head"},
    {TOP ENCODER "pad corner\n", "t.net:6: pad must come before encoder"},
    {TOP ENCODER "encoder\n", "t.net:6: encoder is already on line 3"},
    {TOP ENCODER "stamp planes=science,template\n", "t.net:6: classes= is missing"},
    {TOP ENCODER "stamp classes=bogus,real\n", "t.net:6: planes= is missing"},
    {TOP ENCODER "stamp planes=science classes=bogus,real\n", "t.net:6: plane: 1 names given, not 2"},
    {TOP ENCODER "stamp planes=science,science classes=bogus,real\n", "t.net:6: plane \"science\" is there twice"},
    {TOP ENCODER "stamp planes=science, classes=bogus,real\n", "t.net:6: plane \"\""},
    {TOP ENCODER "stamp planes=science,template classes=real\n", "t.net:6: class: 1 names given, not 2 to 256"},
    {TOP ENCODER "stamp planes=science,template classes=real,REAL\n", "t.net:6: class \"REAL\" is there twice"},
    {TOP ENCODER "stamp planes=science,template classes=real,b\xc3\xb6se\n", "t.net:6: class \"b"},
    {TOP ENCODER "sequence nights=3 classes=A,B\n", "t.net:6: nights=3, but the input has planes=2"},
    {TOP ENCODER "sequence classes=A,B\n", "t.net:6: nights= is missing"},
    {TOP ENCODER "sequence nights=2 dates=maybe classes=A,B\n", "t.net:6: \"maybe\": off or on"},
    {TOP ENCODER "sequence nights=2 stride=3 classes=A,B\n", "t.net:6: stride=3: a whole number from 1 to 2"},
    {TOP ENCODER "sequence nights=2 stride=0 classes=A,B\n", "t.net:6: stride=0: a whole number from 1 to 2"},
    {TOP ENCODER "triplet classes=A,B\n", "t.net:6: a head ends in softmax or sigmoid"},
    {TOP ENCODER "triplet classes=A,B\nlinear classes\n", "t.net:7: a head ends in softmax or sigmoid"},
    {TOP "fusion late\njoin horizontal\n" ENCODER STAMP, "t.net:4: planes fused late are not joined"},
    {TOP "encoder\nconv 3 kernel=3 kernel=5\n", "t.net:4: option \"kernel\" is there twice"},
    {TOP "encoder\nconv a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1 q=1\n", "t.net:4: more than 16 options"},
};

static void test_wrong_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_texts / sizeof *wrong_texts; i++) {
        epo__network *network = NULL;
        check_fails(epo__network_parse("t.net", wrong_texts[i].text, &network), EPO_EMODEL, wrong_texts[i].message);
        assert_null(network);
    }
}

static const struct wrong wrong_chains[] = {
    {TOP "encoder\nconvolve 3\ngap\n" STAMP, "t.net:4: "},
    {TOP "encoder\nconv 3 kernel=3 colour=red\ngap\n" STAMP, "t.net:4: "},
    {TOP "encoder\nconv 3 kernel=7 pad=valid\ngap\n" STAMP, "t.net:4: "},
    {TOP "encoder\nconv classes kernel=3\ngap\n" STAMP, "t.net:4: "},
    {TOP "encoder\nconv 3 kernel=3 pad=same\n" STAMP, "t.net:4: the section ends in 3x6x9, not in a vector"},
    {TOP "encoder\nflatten\ngru 3\n" STAMP, "t.net:"},
    {TOP ENCODER "stamp planes=science,template classes=bogus,real\nlinear 2\nsigmoid\n", "t.net:8: 2 outputs for 2 classes"},
    {TOP ENCODER "stamp planes=science,template classes=a,b,c\nlinear 1\nsigmoid\n", "t.net:8: 1 outputs for 3 classes"},
    {TOP ENCODER "triplet classes=a,b,c\nlinear 2\nsoftmax\n", "t.net:8: 2 outputs for 3 classes"},
    {TOP ENCODER "sequence nights=2 classes=a,b\nlinear classes\nsoftmax\n", "t.net:6: the sequence head must begin with gru"},
};

static epo_status build_all(const epo__network *network, uint64_t limit)
{
    epo__net *encoder = NULL, *head = NULL;
    epo_status status = epo__network_build(network, &network->encoder, epo__network_input(network), limit, &encoder);
    for (int h = 0; h < EPO_HEAD_COUNT && status == EPO_OK; h++) {
        if (!network->heads[h].present) continue;
        status = epo__network_build(network, &network->heads[h], epo__net_out(encoder), limit, &head);
        if (status == EPO_OK) epo__net_destroy(head);
    }
    epo__net_destroy(encoder);
    return status;
}

static void test_wrong_chains(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_chains / sizeof *wrong_chains; i++) {
        epo__network *network = parse(wrong_chains[i].text);
        check_fails(build_all(network, UINT64_MAX), EPO_EMODEL, wrong_chains[i].message);
        epo__network_free(network);
    }
}

static void test_parameter_limit(void **state)
{
    (void)state;
    epo__network *network = parse(TOP ENCODER STAMP); /* conv: 3*2*9 + 3 = 57 */
    check_ok(build_all(network, 57));
    check_fails(build_all(network, 56), EPO_EMODEL, "t.net:4: conv1: with it the network has more than the 56 parameters that");
    epo__network_free(network);
}

static void test_size_limits(void **state)
{
    (void)state;
    epo__network *network = NULL;
    size_t size = 70000;
    char *text = epo__alloc(size + 1, 1);
    memset(text, '\n', size);
    check_fails(epo__network_parse("t.net", text, &network), EPO_EMODEL, "at most 65536 bytes");
    int used = snprintf(text, size, "%s", TOP "encoder\n");
    for (int i = 0; i <= EPO__MAX_LAYERS; i++) used += snprintf(text + used, size - (size_t)used, "relu\n");
    check_fails(epo__network_parse("t.net", text, &network), EPO_EMODEL, "t.net:516: more than 512 layers");
    used = snprintf(text, size, "%s", TOP ENCODER "triplet classes=c");
    for (int i = 0; i < EPO__MAX_CLASSES; i++) used += snprintf(text + used, size - (size_t)used, ",c%d", i);
    check_fails(epo__network_parse("t.net", text, &network), EPO_EMODEL, "class: 257 names given, not 2 to 256");
    free(text);
}

static void test_set_classes(void **state)
{
    (void)state;
    epo__network *n = parse(TOP ENCODER "triplet classes=a,b,c\nlinear classes\nsoftmax\n"
                                        "sequence nights=2 classes=a,b,c\ngru 4\nlinear classes\nsoftmax\n" STAMP);
    check_ok(epo__network_set_classes(n, "SN,RRLyrae,EB,constant"));
    assert_int_equal(n->heads[EPO_HEAD_TRIPLET].class_count, 4);
    assert_int_equal(n->heads[EPO_HEAD_SEQUENCE].class_count, 4);
    assert_string_equal(n->heads[EPO_HEAD_SEQUENCE].classes[3], "constant");
    assert_int_equal(n->heads[EPO_HEAD_STAMP].class_count, 2);
    check_fails(epo__network_set_classes(n, "SN,sn"), EPO_EARG, "\"sn\" is there twice");
    check_fails(epo__network_set_classes(n, "SN"), EPO_EARG, "1 names given");
    check_fails(epo__network_set_classes(n, "SN,,EB"), EPO_EARG, "class \"\"");
    assert_int_equal(n->heads[EPO_HEAD_TRIPLET].class_count, 4);
    check_ok(build_all(n, UINT64_MAX));
    epo__network_free(n);

    n = parse(TOP ENCODER STAMP);
    check_ok(epo__network_set_classes(n, "junk,star"));
    assert_string_equal(n->heads[EPO_HEAD_STAMP].classes[0], "junk");
    epo__network_free(n);
}

/* Words, signs and line ends thrown together: refused or read, never worse (the sanitizers watch). */
static void test_mutations(void **state)
{
    (void)state;
    static const char whole[] = TOP "about all of it\nfusion late\npad corner value=2\n" ENCODER
                                    "triplet classes=a,b\nlinear classes\nsoftmax\n" STAMP;
    static const char *const pieces[] = {"\n", " ", "=", ",", "#", "encoder\n", "stamp ", "classes=", "1", "x", "\t", "\xff", "sigmoid\n"};
    enum { PIECES = sizeof pieces / sizeof *pieces };
    epo__rng rng = {.seed = 5};
    int good = 0;
    for (int round = 0; round < 4000; round++) {
        epo__string text = {0};
        uint32_t changes = 1 + epo__rng_below(&rng, 3), from = 0;
        for (uint32_t i = 0; i < changes; i++) {
            uint32_t left = (uint32_t)(sizeof whole - 1) - from, to = from + epo__rng_below(&rng, left + 1);
            epo__string_addn(&text, whole + from, to - from);
            epo__string_add(&text, pieces[epo__rng_below(&rng, PIECES)]);
            from = to + epo__rng_below(&rng, 3); /* sometimes something is lost as well */
            if (from > sizeof whole - 1) from = sizeof whole - 1;
        }
        epo__string_add(&text, whole + from);
        epo__network *network = NULL;
        epo_status status = epo__network_parse("t.net", text.text, &network);
        assert_true(status == EPO_OK || status == EPO_EMODEL);
        if (status == EPO_OK) (void)build_all(network, UINT64_MAX);
        good += status == EPO_OK;
        epo__network_free(network);
        epo__string_free(&text);
    }
    assert_true(good > 100 && good < 3900);
}

static void test_files(void **state)
{
    (void)state;
    char *folder = temp_make();
    epo__network *network = NULL;
    char *path = NULL, **paths = NULL;
    size_t count = 0;

    static const char text[] = TOP ENCODER STAMP;
    write_file(temp_path(folder, "zwei.net"), text, sizeof text - 1);
    write_file(temp_path(folder, "eins.net"), text, sizeof text); /* with a zero byte at its end */
    write_file(temp_path(folder, "notes.txt"), text, sizeof text - 1);
    check_ok(epo__network_read(temp_path(folder, "zwei.net"), &network));
    assert_string_equal(network->text, text);
    epo__network_free(network);
    check_fails(epo__network_read(temp_path(folder, "eins.net"), &network), EPO_EMODEL, "zero byte");
    check_fails(epo__network_read(temp_path(folder, "none.net"), &network), EPO_ENOTFOUND, "none.net");
    assert_int_not_equal(epo__network_read(folder, &network), EPO_OK);
    char *big = calloc(1, EPO__MAX_NETWORK_TEXT + 1);
    memset(big, ' ', EPO__MAX_NETWORK_TEXT + 1);
    write_file(temp_path(folder, "big.txt"), big, EPO__MAX_NETWORK_TEXT + 1);
    free(big);
    check_fails(epo__network_read(temp_path(folder, "big.txt"), &network), EPO_EMODEL, "1 to 65536 bytes");

    check_ok(epo_model_list(folder, &paths, &count));
    assert_int_equal(count, 2);
    assert_string_equal(paths[0], temp_path(folder, "eins.net"));
    assert_string_equal(paths[1], temp_path(folder, "zwei.net"));
    epo_model_list_free(paths, count);
    check_fails(epo_model_list(temp_path(folder, "gone"), &paths, &count), EPO_ENOTFOUND, "gone");

    setenv("EPOCHAL_MODELS", folder, 1);
    check_ok(epo__network_find("zwei", &path));
    assert_string_equal(path, temp_path(folder, "zwei.net"));
    free(path);
    check_ok(epo__network_find("other.net", &path));
    assert_string_equal(path, "other.net");
    free(path);
    check_ok(epo__network_find("some/where", &path));
    assert_string_equal(path, "some/where");
    free(path);
    check_fails(epo__network_find("drei", &path), EPO_ENOTFOUND, "drei: there is no network of this name in");
    unsetenv("EPOCHAL_MODELS");
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything),  cmocka_unit_test(test_defaults_and_join), cmocka_unit_test(test_wrong_texts),
        cmocka_unit_test(test_wrong_chains), cmocka_unit_test(test_parameter_limit),  cmocka_unit_test(test_size_limits),
        cmocka_unit_test(test_set_classes), cmocka_unit_test(test_mutations),         cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
