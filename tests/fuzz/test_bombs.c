/* SPDX-License-Identifier: BSD-3-Clause
 * test_bombs.c - small files that promise, or inflate to, very much: each is read by a process of its own, whose peak
 * of memory may not grow by more than the table says. docs/reliability.md explains the bounds. Under a sanitizer only
 * the verdict counts: it has memory of its own. */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/network.h"
#include "data/reader.h"
#include "epochal/forest.h"
#include "epochal/model.h"
#include "formats/bytes.h"
#include "formats/safetensors.h"
#include "fuzz/target.h"
#include "support/avromake.h"
#include "support/check.h"
#include "support/fitsmake.h"
#include "support/npymake.h"

enum { MIB = 1 << 20, SWELLS = 300 * MIB };

/* --- making them, piece by piece: this process stays small
 * ---------------------------------------------------------------- */

static void done(fm_file *f, const char *path)
{
    fm_save(f, path);
    fm_free(f);
}

static void zeros(const char *path)
{
    fm_file f = {0};
    fm_deflate(&f, 31, "", 0, NULL, SWELLS);
    done(&f, path);
}

/* A gzipped FITS file: this header, then zeros. */
static void packed_fits(const char *path, int bitpix, int side, const char *cards, size_t count)
{
    fm_file head = {0}, f = {0};
    fm_card(&head, "SIMPLE  =                    T");
    fm_card(&head, "BITPIX  = %20d", bitpix);
    fm_card(&head, "NAXIS   =                    2");
    fm_card(&head, "NAXIS1  = %20d", side);
    fm_card(&head, "NAXIS2  = %20d", side);
    fm_cards(&head, cards);
    fm_end(&head);
    fm_deflate(&f, 31, head.data, head.size, NULL, count);
    done(&f, path);
    fm_free(&head);
}

static void stamp_that_swells(const char *path)
{
    packed_fits(path, -32, 8, NULL, SWELLS);
}

static void largest_stamp(const char *path) /* 1024 x 1024, 16 bits, scaled to floats: no lie in it */
{
    packed_fits(path, 16, 1024, "BSCALE  = 0.5", 2880 * 729);
}

static void huge_axes(const char *path)
{
    packed_fits(path, -64, 2000000000, NULL, 2880);
}

/* Avro: the head, then a block that says what it is told to, of `swelled` bytes that are zeros when inflated. */
static void avro(const char *path, const char *codec, int64_t count, size_t swelled)
{
    fm_file f = {0}, block = {0};
    fm_deflate(&block, -15, "", 0, NULL, swelled);
    avro_head_of(&f, NULL, codec);
    avro_block(&f, count, (int64_t)block.size, &block);
    done(&f, path);
    fm_free(&block);
}

static void avro_that_swells(const char *path)
{
    avro(path, "deflate", 1, SWELLS);
}

static void avro_count(const char *path)
{
    avro(path, "null", INT64_C(1) << 60, 1000);
}

static void avro_size(const char *path)
{
    fm_file f = {0}, block = {0};
    fm_bytes(&block, NULL, 1000);
    avro_head(&f);
    avro_block(&f, 1, INT64_C(1) << 60, &block);
    done(&f, path);
    fm_free(&block);
}

static void avro_snappy(const char *path) /* that says it inflates to 4 GiB */
{
    fm_file f = {0}, block = {0};
    fm_bytes(&block, "\xff\xff\xff\xff\x0f\x00x\0\0\0\0", 11);
    avro_head_of(&f, NULL, "snappy");
    avro_block(&f, 1, (int64_t)block.size, &block);
    done(&f, path);
    fm_free(&block);
}

/* 64 alerts with the largest cutouts there may be, in blocks of eight. */
static void many_large_alerts(const char *path)
{
    fm_file stamp = {0}, cutout = {0}, block = {0}, packed = {0}, f = {0};
    fm_card(&stamp, "SIMPLE  = T");
    fm_cards(&stamp, "BITPIX  = 32\nNAXIS   = 2\nNAXIS1  = 256\nNAXIS2  = 256\nBSCALE  = 0.5");
    fm_end(&stamp);
    fm_deflate(&cutout, 31, stamp.data, stamp.size, NULL, 2880 * 92);
    for (int i = 0; i < 8; i++) avro_alert(&block, 100 + i, cutout.data, cutout.size);
    fm_deflate(&packed, -15, block.data, block.size, NULL, 0);
    avro_head_of(&f, NULL, "deflate");
    for (int i = 0; i < 8; i++) avro_block(&f, 8, (int64_t)packed.size, &packed);
    done(&f, path);
    fm_free(&stamp);
    fm_free(&cutout);
    fm_free(&block);
    fm_free(&packed);
}

/* 40 alerts of 12 MiB each: cutouts that are no gzip, but nothing tells before they are unpacked. */
static void many_long_alerts(const char *path)
{
    fm_file record = {0}, packed = {0}, f = {0};
    void *bytes = calloc(4, MIB);
    assert_non_null(bytes);
    avro_alert(&record, 7, bytes, (size_t)4 * MIB);
    free(bytes);
    fm_deflate(&packed, -15, record.data, record.size, NULL, 0);
    fm_free(&record);
    avro_head_of(&f, NULL, "deflate");
    for (int i = 0; i < 40; i++) avro_block(&f, 1, (int64_t)packed.size, &packed);
    done(&f, path);
    fm_free(&packed);
}

static void npy_shape(const char *path)
{
    npy_save(path, "'<f4'", "False", "(1, 1024, 1024, 100000)", "", 0);
}

static void npy_text(const char *path)
{
    npy_save(path, "'<U2000000000'", "False", "(1, 1, 1)", "", 0);
}

static void number(fm_file *f, uint64_t value, size_t size)
{
    fm_bytes(f, &value, size);
}

/* A zip archive with one deflated member, an array of this shape; all of it zeros, but less than it says. */
static void npz(const char *path, const char *shape, size_t count, size_t says)
{
    fm_file head = {0}, packed = {0};
    zip_file z = {0};
    npy_bytes(&head, "'<f4'", "False", shape, NULL, 0);
    fm_deflate(&packed, -15, head.data, head.size, NULL, count);
    zip_add(&z, "x.npy", ZIP_DEFLATED, &packed, 0, says);
    zip_close(&z);
    done(&z.bytes, path);
    fm_free(&packed);
    fm_free(&head);
}

static void npz_that_swells(const char *path) /* behind an array of 8 x 8 */
{
    npz(path, "(1, 8, 8)", SWELLS, 128 + 256);
}

static void npz_row(const char *path) /* the largest object that there may be, but for its last bytes */
{
    npz(path, "(1, 4096, 64, 64)", (size_t)4096 * 64 * 64 * 4 - 100, 128 + (size_t)4096 * 64 * 64 * 4);
}

static void npz_large_row(const char *path) /* and one over that */
{
    npz(path, "(1, 16384, 64, 64)", 1000, 128 + (size_t)16384 * 64 * 64 * 4);
}

static void csv_line(const char *path)
{
    fm_file f = {0};
    fm_deflate(&f, 31, "id,mjd,mag,mag_err\n", 19, "x", SWELLS);
    done(&f, path);
}

static void csv_quoted(const char *path)
{
    fm_file f = {0};
    fm_deflate(&f, 31, "id,mjd,mag,mag_err\n\"", 20, "line\n", SWELLS);
    done(&f, path);
}

/* Rows of which each has a text of nearly 1 MiB. */
static void csv_texts(const char *path)
{
    fm_file f = {0};
    char *row = malloc(1000 * 1000 + 32);
    assert_non_null(row);
    memset(row, 'x', 1000 * 1000);
    memcpy(row + 1000 * 1000, ",53000,18,0.1,r\n", 17);
    fm_deflate(&f, 31, "filter,mjd,mag,mag_err,id\n", 26, row, (size_t)200 * (1000 * 1000 + 16));
    free(row);
    done(&f, path);
}

static void csv_columns(const char *path)
{
    fm_file f = {0};
    fm_deflate(&f, 31, "id", 2, ",c", SWELLS);
    done(&f, path);
}

/* A file with this header length, header, and nothing behind it. */
static void weights(const char *path, uint64_t length, const char *piece, size_t count)
{
    fm_file f = {0};
    number(&f, length, 8);
    for (size_t i = 0; i < count; i++) fm_bytes(&f, piece, strlen(piece));
    done(&f, path);
}

static void weights_length(const char *path)
{
    weights(path, UINT64_C(1) << 62, "{}", 1);
}

static void weights_depth(const char *path)
{
    weights(path, 8 * MIB, "[", (size_t)8 * MIB);
}

static void weights_list(const char *path)
{
    fm_file f = {0};
    const size_t length = 8 * MIB;
    number(&f, length, 8);
    fm_bytes(&f, "{\"a\":[1", 7);
    while (f.size < length + 8 - 3) fm_bytes(&f, ",1", 2);
    fm_bytes(&f, "]} ", length + 8 - f.size);
    done(&f, path);
}

static void weights_shape(const char *path)
{
    static const char header[] = "{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,1073741824],\"data_offsets\":[0,4]}}";
    weights(path, sizeof header - 1, header, 1);
}

/* A model of four weights, whose network text asks for layers of 2^28. */
static void model_of_text(const char *path)
{
    static const float values[4] = {1, 2, 3, 4};
    static const char net[] = "network wide\ninput planes=1 size=1\nencoder\n flatten\n linear 1\n linear 16384\n "
                              "linear 16384\nstamp planes=science classes=bogus,real\n"
                              " linear 1\n sigmoid\n";
    const epo__tensor_write tensor = {"stamp.linear1.weight", 1, (const size_t[]){4}, values};
    check_ok(epo__safetensors_write(path, &tensor, 1, &(epo__text_pair){"epochal.net", net}, 1));
}

static void network_of_zeros(const char *path)
{
    fm_file f = {0};
    for (int i = 0; i < 40 * MIB / 16; i++) fm_bytes(&f, "linear 10000000\n", 16);
    done(&f, path);
}

static void network_of_lines(const char *path)
{
    fm_file f = {0};
    fm_cards(&f, NULL);
    fm_bytes(&f, "network x\ninput planes=1 size=1\nencoder\n", 40);
    for (int i = 0; i < 8000; i++) fm_bytes(&f, "relu\n", 5);
    done(&f, path);
}

static void add_text(fm_file *f, const char *text)
{
    fm_bytes(f, text, strlen(text));
}

/* A forest of one tree that says it has 2^23 nodes, or as many trees and classes as there may be. */
static void forest(const char *path, float nodes, size_t classes)
{
    static const float zero[1];
    fm_file json = {0};
    const size_t one[] = {1}, none[] = {1};
    add_text(&json, "{\"features\":[\"f\"],\"classes\":[");
    char name[32];
    for (size_t k = 0; k < classes; k++) {
        snprintf(name, sizeof name, "%s\"c%zu\"", k ? "," : "", k);
        add_text(&json, name);
    }
    add_text(&json, "],\"class_rows\":[");
    for (size_t k = 0; k < classes; k++) add_text(&json, k ? ",1" : "1");
    static const char rest[] = "],\"criterion\":\"gini\",\"max_features\":\"sqrt\",\"class_weight\":\"none\",\"max_"
                               "depth\":0,\"min_split\":2,\"min_leaf\":1,\"max_leaves\":0,"
                               "\"bootstrap\":true,\"seed\":\"1\",\"unlabelled\":0,\"oob_rows\":0,\"oob_right\":0,"
                               "\"data_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"}";
    fm_bytes(&json, rest, sizeof rest);
    const epo__tensor_write tensors[] = {{"tree.nodes", 1, one, &nodes},  {"tree.mixed", 1, one, &nodes},
                                         {"node.feature", 1, none, zero}, {"node.threshold", 1, none, zero},
                                         {"node.next", 1, none, zero},    {"importance", 1, one, zero}};
    const epo__text_pair pairs[] = {{"epochal.kind", "forest"}, {"epochal.forest", (const char *)json.data}};
    check_ok(epo__safetensors_write(path, tensors, 6, pairs, 2));
    fm_free(&json);
}

static void forest_nodes(const char *path)
{
    forest(path, 8388608, 2);
}

static void forest_classes(const char *path)
{
    forest(path, 8380000, 1024);
}

static void forest_names(const char *path)
{
    forest(path, 1, 200000);
}

/* --- reading them
 * --------------------------------------------------------------------------------------------------------- */

static epo_status read_with(const epo__reader_type *reader, const char *path)
{
    const epo_import_options options = EPO_IMPORT_OPTIONS_INIT;
    return fuzz_read(reader, &options, path) ? EPO_OK : EPO_EFORMAT;
}

static epo_status gunzip(const char *path)
{
    unsigned char *gz, *out;
    size_t size;
    epo_status status = epo__bytes_read(path, 16 * MIB, &gz, &size);
    if (status == EPO_OK) status = epo__gunzip(gz, size, MIB, &out, &size);
    return status;
}

static epo_status stamps(const char *path)
{
    return read_with(&epo__reader_stamps, path);
}

static epo_status sequence(const char *path)
{
    return read_with(&epo__reader_tao, path);
}

static epo_status alerts(const char *path)
{
    return read_with(&epo__reader_ztf, path);
}

static epo_status cube(const char *path)
{
    return read_with(&epo__reader_cube, path);
}

static epo_status curves(const char *path)
{
    return read_with(&epo__reader_lightcurves, path);
}

static epo_status table(const char *path)
{
    epo_forest_table out;
    return epo_forest_read_csv(path, NULL, &out);
}

static epo_status safetensors(const char *path)
{
    epo__safetensors *file;
    return epo__safetensors_open(path, &file);
}

static epo_status model(const char *path)
{
    epo_model *out;
    return epo_model_load(path, NULL, &out);
}

static epo_status network(const char *path)
{
    epo__network *out;
    return epo__network_read(path, &out);
}

static epo_status forest_file(const char *path)
{
    epo_forest *out;
    return epo_forest_load(path, &out);
}

/* --- the table
 * ------------------------------------------------------------------------------------------------------------ */

static const struct bomb {
    const char *name;
    void (*make)(const char *path);
    epo_status (*read)(const char *path);
    int most;  /* MiB that the peak grows by */
    bool fine; /* it is a good file, only a large one */
} bombs[] = {
    {"gzip: 300 MiB of zeros", zeros, gunzip, 8, false},
    {"a FITS file: a stamp that inflates to 300 MiB", stamp_that_swells, stamps, 10, false},
    {"a FITS file: the largest stamp", largest_stamp, stamps, 16, false}, /* refused: it is constant */
    {"axes of a FITS file: 2,000,000,000", huge_axes, stamps, 8, false},
    {"a FITS file: a sequence that inflates to 300 MiB", stamp_that_swells, sequence, 80, false},
    {"alerts: a block that inflates to 300 MiB", avro_that_swells, alerts, 72, false},
    {"alerts: 2^60 records", avro_count, alerts, 8, false},
    {"alerts: a block of 2^60 bytes", avro_size, alerts, 8, false},
    {"alerts: snappy that says 4 GiB", avro_snappy, alerts, 8, false},
    {"alerts: 64 alerts with the largest cutouts", many_large_alerts, alerts, 72, true},
    {"alerts: 40 alerts of 12 MiB", many_long_alerts, alerts, 64, false},
    {"npy: a shape of 10^11", npy_shape, cube, 8, false},
    {"npy: a text of 2,000,000,000 letters", npy_text, cube, 8, false},
    {"npz: 300 MiB behind an array of 8 x 8", npz_that_swells, cube, 8, false},
    {"npz: the largest object, cut short", npz_row, cube, 72, false},
    {"npz: an object over that", npz_large_row, cube, 8, false},
    {"csv: a line without an end", csv_line, curves, 8, false},
    {"csv: a quoted field without an end", csv_quoted, curves, 8, false},
    {"csv: 200 rows with filters of a million letters", csv_texts, curves, 24, true},
    {"csv: columns without an end", csv_columns, table, 8, false},
    {"safetensors: a header of 2^62 bytes", weights_length, safetensors, 8, false},
    {"safetensors: lists in lists", weights_depth, safetensors, 16, false},
    {"safetensors: 4 million numbers in the header", weights_list, safetensors, 200, false},
    {"safetensors: a shape of 2^62", weights_shape, safetensors, 8, false},
    {"model: a text of layers of 2^28", model_of_text, model, 8, false},
    {"network: 40 MiB of lines", network_of_zeros, network, 8, false},
    {"network: 8,000 layers", network_of_lines, network, 8, false},
    {"forest: a tree of 2^23 nodes", forest_nodes, forest_file, 8, false},
    {"forest: 1,024 classes and 2^23 leaves", forest_classes, forest_file, 8, false},
    {"forest: 200,000 classes", forest_names, forest_file, 48, false},
};
enum { BOMBS = sizeof bombs / sizeof *bombs };

static long peak_kib(void)
{
    struct rusage used;
    return getrusage(RUSAGE_SELF, &used) == 0 ? used.ru_maxrss : -1;
}

static void bomb_is_bounded(void **state)
{
    const struct bomb *bomb = *state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "bomb.csv.gz");
    struct {
        long used;
        epo_status status;
        char message[256];
    } said = {.used = -1};
    int ends[2], status;
    bomb->make(path);
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const long before = peak_kib();
        alarm(120); /* a reader that goes on for ever is killed */
        said.status = bomb->read(path);
        said.used = peak_kib() - before;
        if (said.status != EPO_OK) snprintf(said.message, sizeof said.message, "%s", epo_error_message());
        _exit(write(ends[1], &said, sizeof said) == (ssize_t)sizeof said ? 0 : 1);
    }
    close(ends[1]);
    const ssize_t got = read(ends[0], &said, sizeof said);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    temp_remove(folder);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || got != (ssize_t)sizeof said)
        fail_msg("%s: the reader ends with status %d", bomb->name, status);
    print_message("%-48s %4ld MiB of %d: %s\n", bomb->name, (said.used + 512) / 1024, bomb->most,
                  said.status ? said.message : "read");
    if ((said.status == EPO_OK) != bomb->fine)
        fail_msg("%s: %s", bomb->name, bomb->fine ? said.message : "is taken for good");
    if (said.status == EPO_ENOMEM) fail_msg("%s: only the end of memory stopped it", bomb->name);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (said.used > bomb->most * 1024L) fail_msg("%s: %ld KiB, more than %d MiB", bomb->name, said.used, bomb->most);
#endif
}

int main(void)
{
    struct CMUnitTest tests[BOMBS];
    for (size_t i = 0; i < BOMBS; i++)
        tests[i] = (struct CMUnitTest){.name = bombs[i].name,
                                       .test_func = bomb_is_bounded,
                                       .initial_state = (void *)(uintptr_t)&bombs[i]};
    return _cmocka_run_group_tests("bombs", tests, BOMBS, NULL, NULL);
}
