/* SPDX-License-Identifier: BSD-3-Clause
 * test_hostile.c - files that lie, through the command: each is named with its reason, the good ones beside it are done all the
 * same, and the exit status says so. */
#include "support/check.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/avromake.h"
#include "support/command.h"
#include "support/fitsmake.h"
#include "support/npymake.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE, BLOCK = 2880, MOST_RSS_KIB = 200 << 10 };

static const char net[] = "network  tiny\ninput    planes=1 size=8\nnormalise zscore scope=plane\nencoder\n    conv 2 kernel=3 pad=same\n    relu\n    flatten\n"
                          "stamp    planes=science classes=bogus,real\n    linear 1\n    sigmoid\n";

static char folder[512], model[600], text[600], in[600], db[600];

static const char *inside(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A file in the folder of inputs, until the fourth call after this one. */
static const char *inside(const char *format, ...)
{
    static char paths[4][1024];
    static int turn;
    char *path = paths[turn++ % 4];
    int used = snprintf(path, sizeof paths[0], "%s/", in);
    va_list args;
    va_start(args, format);
    vsnprintf(path + used, sizeof paths[0] - (size_t)used, format, args);
    va_end(args);
    return path;
}

static int make_temp(void **state)
{
    char *made = temp_make();
    *state = made;
    snprintf(folder, sizeof folder, "%s", made);
    snprintf(model, sizeof model, "%s/m.safetensors", folder);
    snprintf(text, sizeof text, "%s/tiny.net", folder);
    snprintf(in, sizeof in, "%s/in", folder);
    snprintf(db, sizeof db, "%s/survey.db", folder);
    assert_int_equal(mkdir(in, 0777), 0);
    write_file(text, net, sizeof net - 1);
    command_result r = COMMAND("models", "--net", text, "--init", model);
    command_expect(&r, 0);
    command_free(&r);
    return 0;
}

static int remove_temp(void **state)
{
    temp_remove(*state);
    return 0;
}

static void contains(const char *all, const char *part)
{
    if (!strstr(all, part)) fail_msg("\"%.3000s\" lacks \"%s\"", all, part);
}

/* --- making files -------------------------------------------------------------------------------------------------------- */

static float values[PIXELS];

static const float *pixels(void)
{
    for (int i = 0; i < PIXELS; i++) values[i] = (float)((i * 37) % 1013) - 100.25F;
    return values;
}

static void good_fits(fm_file *f, size_t side)
{
    fm_image(f, -32, side, side, pixels(), NULL);
}

static void save_good(const char *path)
{
    fm_file f = {0};
    good_fits(&f, SIDE);
    fm_save(&f, path);
    fm_free(&f);
}

/* A primary HDU with these axes and no data behind it but one block. */
static void save_axes(const char *path, const char *axes)
{
    fm_file f = {0};
    fm_cards(&f, "SIMPLE  =                    T\nBITPIX  =                  -32");
    fm_cards(&f, axes);
    fm_end(&f);
    fm_bytes(&f, NULL, BLOCK);
    fm_save(&f, path);
    fm_free(&f);
}

static void save_filled(const char *path, float value)
{
    fm_file f = {0};
    for (int i = 0; i < PIXELS; i++) values[i] = value;
    fm_image(&f, -32, SIDE, SIDE, values, NULL);
    fm_save(&f, path);
    fm_free(&f);
}

/* Gzip of a FITS header that promises width x height doubles, then `zeros` zero bytes. */
static void bomb(fm_file *out, int width, int height, size_t zeros)
{
    fm_file head = {0};
    fm_card(&head, "SIMPLE  =                    T");
    fm_card(&head, "BITPIX  =                  -64");
    fm_card(&head, "NAXIS   =                    2");
    fm_card(&head, "NAXIS1  = %20d", width);
    fm_card(&head, "NAXIS2  = %20d", height);
    fm_end(&head);
    fm_deflate(out, 15 + 16, head.data, head.size, NULL, zeros);
    fm_free(&head);
}

/* --- running ---------------------------------------------------------------------------------------------------------------- */

/* A file whose name has "good" in it must be scored, any other refused. */
static bool is_good(const char *id)
{
    const char *slash = strrchr(id, '/');
    return strstr(slash ? slash : id, "good") != NULL;
}

static size_t count_files(bool good)
{
    size_t count = 0;
    DIR *d = opendir(in);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) count += e->d_name[0] != '.' && is_good(e->d_name) == good;
    closedir(d);
    return count;
}

/* Scores the folder: one result a file, in the order of their names, each with a score or named with a reason. */
static void score_folder(void)
{
    command_result r = COMMAND("score", "--model", model, in);
    command_expect(&r, 3);
    size_t good = 0, bad = 0;
    char last[512] = "";
    for (char *line = r.out, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        json_t *row = json_loads(line, 0, NULL);
        if (!row) fail_msg("%s", line);
        const char *id = json_string_value(json_object_get(row, "id")), *error = json_string_value(json_object_get(row, "error"));
        assert_non_null(id);
        const char *slash = strrchr(id, '/'), *name = slash ? slash + 1 : id;
        if (strcmp(last, name) >= 0) fail_msg("%s comes after %s", name, last);
        snprintf(last, sizeof last, "%s", name);
        if (is_good(id)) {
            if (error) fail_msg("%s", error);
            double score = json_number_value(json_object_get(row, "score"));
            assert_true(score > 0 && score < 1);
            good++;
        } else {
            if (!error) fail_msg("%s has a score", id);
            contains(error, name);
            assert_null(json_object_get(row, "score"));
            bad++;
        }
        json_decref(row);
    }
    assert_int_equal(good, count_files(true));
    assert_int_equal(bad, count_files(false));
    command_free(&r);
}

/* Imports the folder: good files are in, each bad one is named on stderr. */
static void import_folder(const char *format)
{
    command_result r = COMMAND("import", "--db", db, "--format", format, "--output", "json", in);
    command_expect(&r, 3);
    json_t *all = json_loads(r.out, 0, NULL);
    assert_non_null(all);
    assert_int_equal(json_integer_value(json_object_get(all, "imported")), count_files(true));
    assert_int_equal(json_integer_value(json_object_get(all, "refused")), count_files(false));
    json_decref(all);
    DIR *d = opendir(in);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && !is_good(e->d_name)) contains(r.err, e->d_name);
    closedir(d);
    command_free(&r);
    r = COMMAND("info", "--db", db, "--check");
    command_expect(&r, 0);
    command_free(&r);
}

/* The largest of all programs run so far. Sanitizers have memory of their own. */
static void check_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
    if (used.ru_maxrss > MOST_RSS_KIB) fail_msg("%ld KiB of memory", used.ru_maxrss);
#endif
}

/* --- FITS --------------------------------------------------------------------------------------------------------------------- */

static void truncated_fits(void **state)
{
    (void)state;
    fm_file f = {0};
    good_fits(&f, SIDE);
    size_t whole = f.size;
    for (size_t size = 0; size < whole; size += BLOCK) {
        f.size = size;
        fm_save(&f, inside("t%05zu.fits", size));
        f.size = size + 1234;
        fm_save(&f, inside("t%05zu.fits", f.size));
    }
    f.size = whole;
    fm_save(&f, inside("z-good.fits"));
    save_good(inside("a-good.fits"));
    fm_free(&f);
    score_folder();
    import_folder("stamps");
}

static void fits_that_lie(void **state)
{
    (void)state;
    fm_file f = {0}, g = {0};
    save_axes(inside("huge.fits"), "NAXIS   =                    2\nNAXIS1  =           2000000000\nNAXIS2  =           2000000000");
    save_axes(inside("wraps.fits"), "NAXIS   =                    2\nNAXIS1  =           2147483648\nNAXIS2  =           2147483648");
    save_axes(inside("negative.fits"), "NAXIS   =                    2\nNAXIS1  =                   -8\nNAXIS2  =                    8");
    save_axes(inside("naxis0.fits"), "NAXIS   =                    0");
    save_axes(inside("naxis1.fits"), "NAXIS   =                    1\nNAXIS1  =                  720");
    save_axes(inside("naxis3.fits"), "NAXIS   =                    3\nNAXIS1  =                    8\nNAXIS2  =                    8\nNAXIS3  =                    8");
    save_axes(inside("naxis999.fits"), "NAXIS   =                  999");
    save_axes(inside("letters.fits"), "NAXIS   = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    save_filled(inside("nan.fits"), NAN);
    save_filled(inside("constant.fits"), 7);
    write_file(inside("empty.fits"), "", 0);
    write_file(inside("text.fits"), "not a FITS file\n", 16);
    assert_int_equal(mkfifo(inside("pipe.fits"), 0666), 0);
    good_fits(&f, SIDE);
    fm_gzip(&f, &g);
    fm_save(&g, inside("packed-good.fits.gz"));
    g.size /= 2;
    fm_save(&g, inside("packed-half.fits.gz"));
    g.size = 0;
    bomb(&g, 1024, 1024, 300 << 20);
    fm_save(&g, inside("bomb.fits.gz"));
    g.size = 0;
    bomb(&g, 8, 8, 300 << 20);
    fm_save(&g, inside("bomb-small.fits.gz"));
    save_good(inside("z-good.fits"));
    fm_free(&f);
    fm_free(&g);
    score_folder();
    import_folder("stamps");
    check_memory();
}

/* A directory with the name of a stamp is a folder of stamps; as a model it is none. */
static void directories(void **state)
{
    (void)state;
    assert_int_equal(mkdir(inside("dir.fits"), 0777), 0);
    save_good(inside("dir.fits/good.fits"));
    command_result r = COMMAND("score", "--model", model, in);
    command_expect(&r, 0);
    contains(r.out, "dir.fits/good.fits");
    command_free(&r);
    r = COMMAND("score", "--model", in, inside("dir.fits"));
    command_expect(&r, 4);
    assert_string_equal(r.out, "");
    contains(r.err, in);
    command_free(&r);
    r = COMMAND("import", "--db", in, "--format", "stamps", inside("dir.fits"));
    command_expect(&r, 1);
    contains(r.err, in);
    command_free(&r);
}

/* A Deep-TAO file cut at every border. */
static void truncated_sequences(void **state)
{
    (void)state;
    fm_file f = {0};
    fm_primary(&f, NULL);
    static const char *const cells[] = {"2", "01", "08JAN01", "54466.25", "N20049", "0001", "3201", "3", "01", "08JAN02", "54467.25", "N20049", "0001", "3201"};
    fm_table(&f, 7, (const char *[]){"HDU_Ext", "Set_Number", "Date", "MJD", "Field_ID", "Obs_In_Seq", "Cutout"},
             (const char *[]){"J", "2A", "7A", "D", "6A", "4A", "4A"}, 2, cells, NULL);
    fm_image(&f, -32, SIDE, SIDE, pixels(), NULL);
    fm_image(&f, -32, SIDE, SIDE, pixels(), NULL);
    size_t whole = f.size;
    for (size_t size = 0; size < whole; size += BLOCK) {
        f.size = size;
        fm_save(&f, inside("t%05zu.fits", size));
    }
    f.size = whole;
    fm_save(&f, inside("z-good.fits"));
    fm_free(&f);
    import_folder("tao");
}

/* --- Avro ----------------------------------------------------------------------------------------------------------------------- */

static void gzipped(fm_file *out, size_t side)
{
    fm_file f = {0};
    good_fits(&f, side);
    fm_gzip(&f, out);
    fm_free(&f);
}

/* Two alerts in a block that says what it is told to. */
static void save_block(const char *path, int64_t count, int64_t size, const fm_file *records)
{
    fm_file f = {0};
    avro_head(&f);
    avro_block(&f, count, size, records);
    fm_save(&f, path);
    fm_free(&f);
}

static void avro_blocks_that_lie(void **state)
{
    (void)state;
    fm_file cutout = {0}, records = {0};
    gzipped(&cutout, 8);
    avro_alert(&records, 11, cutout.data, cutout.size);
    avro_alert(&records, 12, cutout.data, cutout.size);
    int64_t size = (int64_t)records.size;
    static const char *const names[] = {"count-more", "count-huge", "count-negative", "count-least", "size-huge", "size-negative", "size-less", "count-less"};
    const int64_t counts[] = {3, INT64_C(1) << 60, -2, INT64_MIN, 2, 2, 2, 1}, sizes[] = {size, size, size, size, INT64_C(1) << 60, -size, size - 100, size};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = inside("%s.avro", names[i]);
        save_block(path, counts[i], sizes[i], &records);
        command_result r = COMMAND("score", "--model", model, path);
        command_expect(&r, 3);
        contains(r.out, "\"error\"");
        contains(r.out, names[i]);
        command_free(&r);
    }
    save_block(inside("z-good.avro"), 2, size, &records);
    command_result r = COMMAND("score", "--model", model, in);
    command_expect(&r, 3);
    contains(strstr(r.out, "size-negative"), "{\"id\": \"11\", \"object\": \"ZTF11\", ");
    contains(strstr(r.out, "size-negative"), "{\"id\": \"12\", \"object\": \"ZTF12\", ");
    command_free(&r);
    import_folder("ztf");
    check_memory();
    fm_free(&cutout);
    fm_free(&records);
}

/* An alert whose cutouts swell, between two good ones. */
static void alerts_that_swell(void **state)
{
    (void)state;
    fm_file cutout = {0}, large = {0}, records = {0};
    gzipped(&cutout, 8);
    bomb(&large, 1024, 1024, 300 << 20);
    avro_alert(&records, 21, cutout.data, cutout.size);
    avro_alert(&records, 22, large.data, large.size);
    avro_alert(&records, 23, "\x1f\x8b nonsense", 11);
    avro_alert(&records, 24, "", 0);
    avro_alert(&records, 25, cutout.data, cutout.size);
    save_block(inside("mixed.avro"), 5, (int64_t)records.size, &records);
    command_result r = COMMAND("score", "--model", model, in);
    command_expect(&r, 3);
    const char *line = r.out;
    for (int i = 21; i <= 25; i++) {
        char id[32];
        snprintf(id, sizeof id, "{\"id\": \"%d\", ", i);
        if (strncmp(line, id, strlen(id)) != 0) fail_msg("%.200s", line);
        const char *end = strchr(line, '\n'), *error = strstr(line, "\"error\"");
        assert_non_null(end);
        assert_int_equal(error && error < end, i > 21 && i < 25);
        line = end + 1;
    }
    assert_string_equal(line, "");
    command_free(&r);
    check_memory();
    fm_free(&cutout);
    fm_free(&large);
    fm_free(&records);
}

/* Forty alerts with cutouts of some KB that are 4 MiB of pixels each, and that say so in their trailers, or, with a second member of
 * gzip behind the first, do not: all are refused, for their sides or for what the batch comes to, and none is kept. */
static void alerts_that_are_big_together(void **state)
{
    (void)state;
    enum { ALERTS = 40, FILL = 1408 };
    for (int lies = 0; lies < 2; lies++) {
        fm_file cutout = {0}, zeros = {0}, records = {0};
        bomb(&cutout, 1024, 511, 1024 * 511 * 8 + FILL);
        fm_bytes(&zeros, NULL, BLOCK);
        if (lies) fm_gzip(&zeros, &cutout);
        for (int i = 0; i < ALERTS; i++) avro_alert(&records, 100 + i, cutout.data, cutout.size);
        save_block(inside("big.avro"), ALERTS, (int64_t)records.size, &records);
        command_result r = COMMAND("score", "--model", model, in);
        command_expect(&r, 3);
        int cut = 0;
        for (const char *at = r.out; (at = strstr(at, "unpack to over 48 MiB")); at++) cut++;
        for (const char *at = r.out; (at = strstr(at, "over the limit of 256 a side")); at++) cut++;
        assert_int_equal(cut, ALERTS);
        command_free(&r);
        check_memory();
        fm_free(&cutout);
        fm_free(&zeros);
        fm_free(&records);
    }
}

/* --- npy -------------------------------------------------------------------------------------------------------------------------- */

static void arrays_that_lie(void **state)
{
    (void)state;
    size_t size = sizeof(float) * PIXELS;
    npy_save(inside("fortran.npy"), "'<f4'", "True", "(1, 64, 64)", pixels(), size);
    npy_save(inside("object.npy"), "'|O'", "False", "(1, 64, 64)", values, size);
    npy_save(inside("short.npy"), "'<f4'", "False", "(2, 64, 64)", values, size);
    npy_save(inside("long.npy"), "'<f4'", "False", "(1, 32, 64)", values, size);
    npy_save(inside("huge.npy"), "'<f4'", "False", "(4294967296, 4294967296, 4294967296)", values, size);
    npy_save(inside("wide.npy"), "'<f4'", "False", "(1, 1, 4096)", values, size);
    npy_save(inside("negative.npy"), "'<f4'", "False", "(-1, 64, 64)", values, size);
    npy_save(inside("flat.npy"), "'<f4'", "False", "(64, 64)", values, size);
    npy_save(inside("code.npy"), "'<f4'", "False", "(__import__('os'), 64, 64)", values, size);
    npy_save(inside("record.npy"), "[('a', '<f4')]", "False", "(1, 64, 64)", values, size);
    write_file(inside("empty.npy"), "", 0);
    write_file(inside("magic.npy"), "\x93NUMPY\x01\x00\xff\xff", 10);
    write_file(inside("empty.npz"), "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
    npy_save(inside("z-good.npy"), "'<f4'", "False", "(1, 64, 64)", values, size);
    score_folder();
    import_folder("cube");
    check_memory();
}

/* --- weights ------------------------------------------------------------------------------------------------------------------------ */

enum { VALUES = 2 * 9 + 2 + 128 + 1 };

/* The weights of `net` as PyTorch would save them, with the header that is given. */
static const char *save_weights(const char *name, const char *header, const float *weights, size_t count)
{
    const char *path = temp_path(folder, name);
    fm_file f = {0};
    uint64_t length = strlen(header);
    fm_bytes(&f, &length, 8);
    fm_bytes(&f, header, length);
    fm_bytes(&f, weights, count * sizeof *weights);
    fm_save(&f, path);
    fm_free(&f);
    return path;
}

#define TENSOR(name, shape, from, to) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" from "," to "]}"
#define CONV TENSOR("encoder.conv1.weight", "2,1,3,3", "0", "72")
#define CONV_BIAS TENSOR("encoder.conv1.bias", "2", "72", "80")
#define LINEAR TENSOR("stamp.linear1.weight", "1,128", "80", "592")
#define LINEAR_BIAS TENSOR("stamp.linear1.bias", "1", "592", "596")

static void weights_that_lie(void **state)
{
    (void)state;
    static const struct {
        const char *name, *header, *reason;
        int spoilt; /* which value is not finite; -1 none */
    } wrong[] = {
        {"overlap.safetensors", "{" CONV "," TENSOR("encoder.conv1.bias", "2", "68", "76") "," LINEAR "," LINEAR_BIAS "}", "overlap", -1},
        {"hole.safetensors", "{" CONV "," CONV_BIAS "," TENSOR("stamp.linear1.weight", "1,128", "84", "596") "," LINEAR_BIAS "}", "", -1},
        {"nan.safetensors", "{" CONV "," CONV_BIAS "," LINEAR "," LINEAR_BIAS "}", "stamp.linear1.weight", 50},
        {"shape.safetensors", "{" TENSOR("encoder.conv1.weight", "1,2,3,3", "0", "72") "," CONV_BIAS "," LINEAR "," LINEAR_BIAS "}", "encoder.conv1.weight", -1},
        {"product.safetensors", "{" TENSOR("encoder.conv1.weight", "2,1,3,4", "0", "72") "," CONV_BIAS "," LINEAR "," LINEAR_BIAS "}", "encoder.conv1.weight", -1},
        {"outside.safetensors", "{" CONV "," CONV_BIAS "," LINEAR "," TENSOR("stamp.linear1.bias", "1", "1000000", "1000004") "}", "stamp.linear1.bias", -1},
        {"huge.safetensors", "{" CONV "," CONV_BIAS "," LINEAR "," TENSOR("stamp.linear1.bias", "4294967296,4294967296", "592", "596") "}", "stamp.linear1.bias", -1},
        {"missing.safetensors", "{" CONV "," CONV_BIAS "," TENSOR("stamp.other.weight", "1,128", "80", "592") "," LINEAR_BIAS "}", "stamp", -1},
        {"twice.safetensors", "{" CONV "," CONV "," CONV_BIAS "," LINEAR "," LINEAR_BIAS "}", "", -1},
        {"json.safetensors", "{" CONV "," CONV_BIAS, "", -1},
    };
    float weights[VALUES];
    for (int i = 0; i < VALUES; i++) weights[i] = (float)(i % 13) * 0.03125F - 0.1875F;
    save_good(inside("good.fits"));
    char right[600];
    snprintf(right, sizeof right, "%s", save_weights("right.safetensors", "{" CONV "," CONV_BIAS "," LINEAR "," LINEAR_BIAS "}", weights, VALUES));
    command_result r = COMMAND("score", "--model", right, "--net", text, in);
    command_expect(&r, 0);
    command_free(&r);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        float spoilt[VALUES];
        memcpy(spoilt, weights, sizeof weights);
        if (wrong[i].spoilt >= 0) spoilt[wrong[i].spoilt] = i % 2 ? INFINITY : NAN;
        const char *path = save_weights(wrong[i].name, wrong[i].header, spoilt, VALUES);
        r = COMMAND("score", "--model", path, "--net", text, in);
        command_expect(&r, 4);
        assert_string_equal(r.out, "");
        contains(r.err, wrong[i].name);
        contains(r.err, wrong[i].reason);
        command_free(&r);
    }
}

/* One bit, anywhere: in the header's length, its JSON, the weights. */
static void flipped_bits(void **state)
{
    (void)state;
    enum { FLIPS = 24 };
    size_t size;
    unsigned char *bytes = read_file(model, &size);
    save_good(inside("good.fits"));
    const char *path = temp_path(folder, "flipped.safetensors");
    for (size_t i = 0; i < FLIPS; i++) {
        size_t at = i < 4 ? 2 * i : i * (size - 1) / (FLIPS - 1);
        unsigned char bit = (unsigned char)(1 << (i * 5 % 8));
        bytes[at] ^= bit;
        write_file(path, bytes, size);
        bytes[at] ^= bit;
        command_result r = COMMAND("score", "--model", path, in);
        if (r.status != 4) fail_msg("bit of byte %zu: exit status %d", at, r.status);
        assert_string_equal(r.out, "");
        contains(r.err, "flipped.safetensors");
        command_free(&r);
    }
    write_file(path, bytes, size);
    command_result r = COMMAND("score", "--model", path, in);
    command_expect(&r, 0);
    command_free(&r);
    free(bytes);
}

/* --- names -------------------------------------------------------------------------------------------------------------------------- */

/* What cfitsio would take for orders: to write, to fetch, to compute. They are names of files here. */
static const char *const names[] = {"x.fits.gz(!y)",  "x.fits(y)",          "!y.fits",     "x.fits[col a=1]",       "x.fits[1:2,1:2]",      "http://127.0.0.1:9/x.fits",
                                    "ftp://127.0.0.1/x.fits", "root://127.0.0.1/x", "mem://x.fits", "shmem://h1",      "stdin://", "exec://touch y.fits", "/dev/zero", "/dev/tty"};
enum { NAMES = sizeof names / sizeof *names };

/* The command's arguments: `first`, then all names, quoted for a shell. */
static void add_names(char *line, size_t room)
{
    for (int i = 0; i < NAMES; i++) {
        size_t used = strlen(line);
        snprintf(line + used, room - used, " '%s'", names[i]);
    }
}

static void check_listing(const char *expected)
{
    char line[1024];
    snprintf(line, sizeof line, "cd '%s' && ls -A | tr '\\n' ' '", in);
    command_result r = command_shell(line);
    assert_string_equal(r.out, expected);
    command_free(&r);
}

static void names_are_names(void **state)
{
    (void)state;
    fm_file f = {0}, g = {0};
    good_fits(&f, SIDE);
    fm_gzip(&f, &g);
    fm_save(&f, inside("x.fits"));
    fm_save(&g, inside("x.fits.gz"));
    fm_free(&f);
    fm_free(&g);
    char line[4096];
    snprintf(line, sizeof line, "cd '%s' && timeout 60 \"$EPOCHAL\" score --model '%s' --format stamps x.fits x.fits.gz", in, model);
    add_names(line, sizeof line);
    command_result r = command_shell(line);
    command_expect(&r, 3);
    int scores = 0, errors = 0;
    for (const char *at = r.out; (at = strstr(at, "\"score\"")); at++) scores++;
    for (const char *at = r.out; (at = strstr(at, "\"error\"")); at++) errors++;
    assert_int_equal(scores, 2);
    assert_int_equal(errors, NAMES);
    command_free(&r);
    check_listing("x.fits x.fits.gz ");

    /* and when there is a file of that name, it is the one that is read */
    save_good(inside("x.fits.gz(!y)"));
    r = COMMAND("score", "--model", model, "--format", "stamps", inside("x.fits.gz(!y)"));
    command_expect(&r, 0);
    command_free(&r);
    check_listing("x.fits x.fits.gz x.fits.gz(!y) ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)
    const struct CMUnitTest tests[] = {
        TEST(truncated_fits),
        TEST(fits_that_lie),
        TEST(directories),
        TEST(truncated_sequences),
        TEST(avro_blocks_that_lie),
        TEST(alerts_that_swell),
        TEST(alerts_that_are_big_together),
        TEST(arrays_that_lie),
        TEST(weights_that_lie),
        TEST(flipped_bits),
        TEST(names_are_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
