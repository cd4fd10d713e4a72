/* SPDX-License-Identifier: BSD-3-Clause
 * make_corpus.c FOLDER - makes the seeds of all targets, small files of every kind that a parser takes ("good...") and
 * some that lie
 * (`make fuzz-corpus`, into tests/fuzz/corpus). What fuzzing has found ("found...") is left as it is. */
#include <math.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "epochal/forest.h"
#include "epochal/model.h"
#include "formats/npz_write.h"
#include "formats/safetensors.h"
#include "support/avromake.h"
#include "support/check.h"
#include "support/fitsmake.h"
#include "support/npymake.h"

static const char *folder;

/* FOLDER/TARGET/NAME, until the fourth call after this one. */
static const char *place(const char *target, const char *name)
{
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, target);
    mkdir(path, 0777);
    snprintf(path, sizeof paths[0], "%s/%s/%s", folder, target, name);
    return path;
}

static void save(fm_file *f, const char *target, const char *name)
{
    fm_save(f, place(target, name));
    fm_free(f);
}

static void save_text(const char *target, const char *name, const char *text)
{
    write_file(place(target, name), text, strlen(text));
}

/* --- FITS and gzip --------------------------------------------------------------------------------------------------
 */

static void make_stamp(fm_file *f, const char *cards)
{
    float values[16];
    for (int i = 0; i < 16; i++) values[i] = (float)(i * 7 % 11) - 2.5F;
    fm_image(f, -32, 4, 4, values, cards);
}

static void make_fits(void)
{
    static const int16_t words[12] = {1, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t bytes[6] = {0, 1, 2, 3, 254, 255};
    static const double reals[4] = {1e300, -2.5, 0.125, 7};
    static const int32_t wholes[4] = {1 << 30, -5, 6, 7};
    static const char *const cells[] = {"2", "06APR02", "53827.25", "3", "06DEC02", "54071.5"};
    fm_file f = {0}, gz = {0};
    make_stamp(&f, "OBJECT  = 'M 31'\nCANDID  = 1234567890123\nMAG     = 18.25\nFILTER  = 'r'\nEDGE    = F\nDATE-OBS= "
                   "'2012-03-04T05:06:07.8'");
    fm_gzip(&f, &gz);
    save(&f, "fits", "good-stamp.fits");
    save(&gz, "fits", "good-stamp.fits.gz");
    fm_primary(
        &f,
        "CRTS_ID = 'CRTS J''1'\nHIERARCH RA (J2000) = 171.0112\nHIERARCH Dec (J2000) = -1.5D1\nCLASSIFICATION = 'SN'");
    fm_table(&f, 3, (const char *[]){"HDU_Ext", "Date", "MJD"}, (const char *[]){"J", "7A", "D"}, 2, cells,
             "EXTNAME = 'EPOCHS'");
    fm_image(&f, 16, 4, 3, words, "BZERO   = 32768\nBSCALE  = 1\nBLANK   = 5");
    make_stamp(&f, "EXTNAME = 'DIFF'");
    fm_gzip(&f, &gz);
    save(&f, "fits", "good-sequence.fits");
    save(&gz, "fits", "good-sequence.fits.gz");
    fm_image(&f, 8, 3, 2, bytes, "BZERO   = -128");
    fm_image(&f, 64, 2, 2, reals, "BSCALE  = 0.5\nBZERO   = 3");
    fm_image(&f, 32, 2, 2, wholes, "BLANK   = -5\nEXTNAME = 'SCI'");
    fm_image(&f, -64, 2, 2, reals, NULL);
    save(&f, "fits", "good-types.fits");
    static const char *const row[] = {"T", "200", "-3", "70000", "5000000000", "1.5", "2.5", "text"};
    fm_table(&f, 8, (const char *[]){"L", "B", "I", "J", "K", "E", "D", "A"},
             (const char *[]){"L", "B", "I", "J", "K", "E", "D", "6A"}, 1, row,
             "TSCAL3  = 0.5\nTZERO4  = 2147483648\nTNULL2  = 200\nTZERO5  = 9223372036854775808");
    save(&f, "fits", "good-cells.fits");
    fm_primary(&f, NULL);
    fm_cards(&f, "XTENSION= 'TABLE   '\nBITPIX  = 8\nNAXIS   = 2\nNAXIS1  = 12\nNAXIS2  = 2\nPCOUNT  = 0\nGCOUNT  = "
                 "1\nTFIELDS = 2\n"
                 "TFORM1  = 'F8.3'\nTBCOL1  = 1\nTTYPE1  = 'MJD'\nTFORM2  = 'A4'\nTBCOL2  = 9\nTTYPE2  = 'X'");
    fm_end(&f);
    fm_bytes(&f, "53827.25abcd54071.50efgh", 24);
    fm_fill(&f);
    save(&f, "fits", "good-ascii.fits");
    fm_primary(&f, NULL);
    fm_cards(
        &f, "XTENSION= 'BINTABLE'\nBITPIX  = 8\nNAXIS   = 2\nNAXIS1  = 8\nNAXIS2  = 2\nPCOUNT  = 8\nGCOUNT  = "
            "1\nTFIELDS = 1\n"
            "TFORM1  = '1PB(4)'\nZIMAGE  = T\nZBITPIX = 16\nZNAXIS  = 2\nZNAXIS1 = 4\nZNAXIS2 = 2\nZCMPTYPE= 'RICE_1'");
    fm_end(&f);
    fm_bytes(&f, NULL, 24);
    fm_fill(&f);
    save(&f, "fits", "good-tiled.fits");
    fm_cards(&f, "SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 3\nNAXIS1  = 4\nNAXIS2  = 4\nNAXIS3  = 1");
    fm_end(&f);
    fm_bytes(&f, NULL, 2880);
    save(&f, "fits", "good-cube.fits");
    fm_cards(&f, "SIMPLE  = T\nBITPIX  = -64\nNAXIS   = 2\nNAXIS1  = 2000000000\nNAXIS2  = 2000000000");
    fm_end(&f);
    save(&f, "fits", "huge.fits");
}

static void make_gzip(void)
{
    fm_file f = {0}, gz = {0};
    fm_bytes(&f, "Never trust a file that says how long it is. Never trust a file.", 64);
    fm_gzip(&f, &gz);
    fm_save(&gz, place("gzip", "good-one.gz"));
    fm_gzip(&f, &gz);
    fm_bytes(&gz, NULL, 16);
    save(&gz, "gzip", "good-two.gz");
    fm_free(&f);
    fm_gzip(&f, &gz);
    save(&gz, "gzip", "good-nothing.gz");
    for (int i = 0; i < 1500; i++) fm_bytes(&f, &(unsigned char){(unsigned char)(i * i % 251)}, 1);
    fm_gzip(&f, &gz);
    save(&gz, "gzip", "good-over-a-cap.gz");
    fm_free(&f);
    fm_bytes(&f, NULL, 100000);
    fm_gzip(&f, &gz);
    save(&gz, "gzip", "zeros.gz");
    fm_free(&f);
    static const unsigned char fields[] = {0x1f, 0x8b, 8,   0x1e, 0, 0, 0, 0, 0, 3, 2, 0, 'x', 'y', 'n', 'a', 'm',
                                           'e',  0,    'c', 0,    0, 0, 3, 0, 0, 0, 0, 0, 0,   0,   0,   0};
    write_file(place("gzip", "fields.gz"), fields, sizeof fields);
}

/* --- Avro -----------------------------------------------------------------------------------------------------------
 */

/* Types of every kind beside those that are asked for. */
static const char odd_schema[] =
    "{\"type\":\"record\",\"name\":\"alert\",\"namespace\":\"ztf\",\"fields\":[{\"name\":\"objectId\",\"type\":"
    "\"string\"},{\"name\":\"candid\",\"type\":\"long\"},"
    "{\"name\":\"list\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"float\"]}},{\"name\":\"map\",\"type\":{"
    "\"type\":\"map\",\"values\":\"int\"}},"
    "{\"name\":\"hash\",\"type\":{\"type\":\"fixed\",\"name\":\"four\",\"size\":4}},{\"name\":\"kind\",\"type\":{"
    "\"type\":\"enum\",\"name\":\"ab\",\"symbols\":[\"A\",\"B\"]}},"
    "{\"name\":\"self\",\"type\":[\"null\",\"alert\"]},{\"name\":\"candidate\",\"type\":{\"type\":\"record\",\"name\":"
    "\"candidate\",\"fields\":[{\"name\":\"jd\",\"type\":\"double\"},"
    "{\"name\":\"rb\",\"type\":[\"float\",\"null\"]}]}},{\"name\":\"cutoutScience\",\"type\":[{\"type\":\"record\","
    "\"name\":\"cutout\",\"fields\":[{\"name\":\"stampData\",\"type\":\"bytes\"}]},\"null\"]},"
    "{\"name\":\"cutoutTemplate\",\"type\":[\"null\",\"cutout\"]},{\"name\":\"cutoutDifference\",\"type\":\"ztf."
    "cutout\"}]}";

static void odd_alert(fm_file *records, const fm_file *cutout)
{
    const double jd = 2459000.75;
    const unsigned char length[2] = {(unsigned char)((cutout->size * 2 & 0x7f) | 0x80),
                                     (unsigned char)(cutout->size * 2 >> 7)};
    assert_in_range(cutout->size, 64, 8191);                      /* two bytes of zigzag */
    fm_bytes(records, "\x04Z1\x0e", 4);                           /* "Z1", 7 */
    fm_bytes(records, "\x03\x0c\x00\x02\x00\x00\x80\x3f\x00", 9); /* two items in six bytes, null and 1; the end */
    fm_bytes(records, "\x02\x02k\x09\x00", 5);                    /* one pair, k: -5; the end */
    fm_bytes(records, "abcd\x02\x00", 6);                         /* fixed, B, no alert inside */
    fm_bytes(records, &jd, 8);
    fm_bytes(records, "\x02\x00", 2); /* rb null; a cutout */
    fm_bytes(records, length, 2);
    fm_bytes(records, cutout->data, cutout->size);
    fm_bytes(records, "\x00", 1); /* no template */
    fm_bytes(records, length, 2);
    fm_bytes(records, cutout->data, cutout->size);
}

static void deflated(const fm_file *in, fm_file *out)
{
    unsigned char packed[8192];
    z_stream z = {.next_in = in->data, .avail_in = (uInt)in->size, .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    fm_bytes(out, packed, sizeof packed - z.avail_out);
    deflateEnd(&z);
}

static void snapped(const fm_file *in, fm_file *out)
{
    char packed[8192];
    size_t size = sizeof packed;
    assert_int_equal(snappy_compress((const char *)in->data, in->size, packed, &size), SNAPPY_OK);
    const uint32_t sum = (uint32_t)crc32(0, in->data, (uInt)in->size);
    fm_bytes(out, packed, size);
    fm_bytes(out,
             (unsigned char[]){(unsigned char)(sum >> 24), (unsigned char)(sum >> 16), (unsigned char)(sum >> 8),
                               (unsigned char)sum},
             4);
}

static void make_avro(void)
{
    fm_file stamp = {0}, cutout = {0}, records = {0}, odd = {0}, packed = {0}, f = {0};
    make_stamp(&stamp, NULL);
    fm_gzip(&stamp, &cutout);
    avro_alert(&records, 11, cutout.data, cutout.size);
    avro_alert(&records, 12, cutout.data, cutout.size);
    odd_alert(&odd, &cutout);
    avro_head(&f);
    avro_block(&f, 2, (int64_t)records.size, &records);
    save(&f, "avro", "good-null.avro");
    deflated(&records, &packed);
    avro_head_of(&f, NULL, "deflate");
    avro_block(&f, 2, (int64_t)packed.size, &packed);
    save(&f, "avro", "good-deflate.avro");
    packed.size = 0;
    snapped(&records, &packed);
    avro_head_of(&f, NULL, "snappy");
    avro_block(&f, 2, (int64_t)packed.size, &packed);
    save(&f, "avro", "good-snappy.avro");
    avro_head_of(&f, odd_schema, "null");
    avro_block(&f, 1, (int64_t)odd.size, &odd);
    avro_block(&f, 1, (int64_t)odd.size, &odd);
    save(&f, "avro", "good-odd.avro");
    avro_head(&f);
    avro_block(&f, INT64_C(1) << 60, (int64_t)records.size, &records);
    save(&f, "avro", "count-huge.avro");
    fm_free(&stamp);
    fm_free(&cutout);
    fm_free(&records);
    fm_free(&odd);
    fm_free(&packed);
}

/* --- numpy ----------------------------------------------------------------------------------------------------------
 */

static void make_npz(const char *name)
{
    static const float pixels[32] = {1, 2, 3, 4.5F, -5, 6, 7, 8, 9, 10};
    static const int32_t labels[2] = {1, 0}, frames[2] = {2, 1};
    static const double times[4] = {53000.5, 53001.5, 53002.25, 53003};
    static const epo__npz_array arrays[] = {
        {.name = "images", .kind = EPO__NPY_FLOAT, .item_size = 4, .ndim = 3, .dims = {2, 4, 2}},
        {.name = "labels", .kind = EPO__NPY_INT, .item_size = 4},
        {.name = "names", .kind = EPO__NPY_UNICODE},
        {.name = "frames", .kind = EPO__NPY_INT, .item_size = 4},
        {.name = "times", .kind = EPO__NPY_FLOAT, .item_size = 8, .ndim = 1, .dims = {2}}};
    epo__npz_writer *npz = NULL;
    check_ok(epo__npz_create(place("npy", name), arrays, 5, &npz));
    check_ok(epo__npz_put(npz, 0, pixels, 32));
    check_ok(epo__npz_put(npz, 1, labels, 2));
    check_ok(epo__npz_put_text(npz, 2, "M 31"));
    check_ok(epo__npz_put_text(npz, 2, "\xc3\xa9toile"));
    check_ok(epo__npz_put(npz, 3, frames, 2));
    check_ok(epo__npz_put(npz, 4, times, 4));
    check_ok(epo__npz_finish(npz));
}

static void number(fm_file *f, uint64_t value, size_t size)
{
    fm_bytes(f, &value, size);
}

/* An archive of one deflated array, "images.npy". */
static void make_deflated_npz(const char *npy, const char *name)
{
    fm_file array = {0}, packed = {0};
    zip_file z = {0};
    array.data = read_file(npy, &array.size);
    deflated(&array, &packed);
    zip_add(&z, "images.npy", ZIP_DEFLATED, &packed, (uint32_t)crc32(0, array.data, (uInt)array.size), array.size);
    zip_close(&z);
    save(&z.bytes, "npy", name);
    free(array.data);
    fm_free(&packed);
}

static void make_npy(void)
{
    static const float pixels[32] = {1, 2, 3, 4.5F, -5, 6, 7, 8, 9, 10};
    static const unsigned char bytes[64] = "M31\0NGC 1";
    static const uint32_t letters[16] = {'M', '3', '1', 0, 0xe9, 0x1f30b, 'x', 0};
    npy_save(place("npy", "good-f4.npy"), "'<f4'", "False", "(2, 4, 4)", pixels, 128);
    npy_save(place("npy", "good-planes.npy"), "'>f4'", "False", "(1, 3, 3, 3)", pixels, 108);
    npy_save(place("npy", "good-f8.npy"), "'>f8'", "False", "(2, 2, 2, 2)", pixels, 128);
    npy_save(place("npy", "good-i8.npy"), "'<i8'", "False", "(8,)", pixels, 64);
    npy_save(place("npy", "good-u1.npy"), "'|u1'", "False", "(2, 3, 4, 2, 1)", bytes, 48);
    npy_save(place("npy", "good-b1.npy"), "'|b1'", "False", "(2, 2, 2)", "\0\1\0\1\1\1\0\0", 8);
    npy_save(place("npy", "good-S.npy"), "'|S4'", "False", "(3,)", bytes, 12);
    npy_save(place("npy", "good-U.npy"), "'<U4'", "False", "(2,)", letters, 32);
    npy_save(place("npy", "huge.npy"), "'<f4'", "False", "(4294967296, 4294967296, 4294967296)", pixels, 64);
    npy_save(place("npy", "object.npy"), "'|O'", "False", "(1, 4, 4)", pixels, 64);
    make_npz("good-cube.npz");
    make_deflated_npz(place("npy", "good-f4.npy"), "good-deflated.npz");
}

/* --- CSV ------------------------------------------------------------------------------------------------------------
 */

static void make_csv(void)
{
    static const char curves[] = "id,mjd,mag,mag_err,class,filter\nSN1,53000.5,18.25,0.02,SN,r\nSN1,53001.5,18.5,,SN,"
                                 "g\nAGN1,53000.5,17.125,0.01,,r\n";
    fm_file f = {0}, gz = {0};
    save_text("curves", "good-plain.csv", curves);
    save_text("curves", "good-names.csv",
              "\xef\xbb\xbf"
              "Object,Time,Magnitude,Err\r\n\"a, \"\"b\"\"\",5.3e4,1.8e1,0.5\r\n\r\n\"line\nend\",53001,19,0\r\n");
    save_text("curves", "nan.csv", "id,mjd,mag,mag_err\nx,nan,18,0.1\n");
    save_text("curves", "fields.csv", "id,mjd,mag,mag_err\nx,1,2\ny,1,2,3,4\n\"z\"z,1,2,3\n");
    fm_bytes(&f, curves, sizeof curves - 1);
    fm_gzip(&f, &gz);
    save(&gz, "curves", "good-plain.csv.gz");
    fm_free(&f);
    static const char table[] = "id,amplitude,\"period, days\",label\na,0.5,1.25,SN\nb,,nan,\n\"c\",-1e-3,7,AGN\n";
    save_text("table", "good-table.csv", table);
    save_text("table", "good-numbers.csv", "x\n1\n2\n3.4e38\n");
    save_text("table", "labels.csv", "ID,OBJECT_TYPE\r\n1,0\r\n2,\r\n,1\r\n3\r\n");
    save_text("table", "quotes.csv", "\"a\",\"b\"\n\"1\",\"2\"3\n\"4\n");
    fm_bytes(&f, table, sizeof table - 1);
    fm_gzip(&f, &gz);
    save(&gz, "table", "good-table.csv.gz");
    fm_free(&f);
}

/* --- weights, networks, forests
 * --------------------------------------------------------------------------------------- */

static const char stamp_net[] =
    "network  tiny\nabout    a seed\ninput    planes=1 size=4\nnormalise zscore scope=plane\nencoder\n    conv 1 "
    "kernel=3 pad=same\n"
    "    relu\n    flatten\nstamp    planes=science classes=bogus,real\n    linear 1\n    sigmoid\n";
static const char sequence_net[] = "network  short\ninput    planes=3 size=4\nnormalise asinh scope=sequence\npad "
                                   "corner value=1e-9\nencoder\n    conv 2 kernel=3 pad=same bias=0\n"
                                   "    batchnorm\n    relu\n    gap\ntriplet  classes=SN,AGN\n    linear classes\n    "
                                   "softmax\nsequence nights=3 stride=3 dates=on classes=SN,AGN\n"
                                   "    gru 2 output=sum\n    linear classes\n    softmax\n";

static void make_model(const char *net, const char *name)
{
    const char *path = place("network", net == stamp_net ? "good-stamp.net" : "good-sequence.net");
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    epo_model *model = NULL;
    write_file(path, net, strlen(net));
    options.net = path;
    check_ok(epo_model_create(&options, &model));
    check_ok(epo_model_save(model, place("model", name)));
    epo_model_free(model);
}

/* Copies a sealed file with one more pair of metadata. */
static void add_pairs(const char *target, const char *from, const char *to, const epo__text_pair *more,
                      size_t more_count)
{
    epo__safetensors *file = NULL;
    epo__tensor_write tensors[16];
    epo__text_pair pairs[16];
    size_t count = 0, n;
    check_ok(epo__safetensors_open(place(target, from), &file));
    const size_t tensor_count = epo__safetensors_count(file);
    assert_in_range(tensor_count, 1, 16);
    for (size_t i = 0; i < tensor_count; i++) {
        const epo__tensor_view *view = epo__safetensors_at(file, i);
        float *values = malloc((view->count + 1) * sizeof *values);
        assert_non_null(values);
        epo__tensor_f32(view, values);
        tensors[i] = (epo__tensor_write){.name = view->name, .ndim = view->ndim, .dims = view->dims, .values = values};
    }
    for (size_t i = 0; epo__safetensors_pair(file, i, &pairs[count].key, &pairs[count].value); i++) {
        bool kept = strcmp(pairs[count].key, "epochal.format") != 0 && strcmp(pairs[count].key, "epochal.sha256") != 0;
        for (size_t k = 0; k < more_count; k++) kept = kept && strcmp(pairs[count].key, more[k].key) != 0;
        count += kept;
        assert_true(count + more_count < 16);
    }
    for (n = 0; n < more_count; n++) pairs[count++] = more[n];
    check_ok(epo__safetensors_write(place(target, to), tensors, tensor_count, pairs, count));
    for (size_t i = 0; i < tensor_count; i++) free((float *)(uintptr_t)tensors[i].values);
    epo__safetensors_free(file);
}

static void make_models(void)
{
    static const epo__text_pair card[] = {
        {"epochal.card", "{\"metrics\":[{\"class\":\"real\",\"f1\":0.5,\"n\":7,\"best\":true,\"none\":null}],\"notes\":"
                         "{\"limits\":\"a seed\"}}"},
        {"epochal.temperature", "{\"stamp\": 1.5}"},
        {"epochal.training",
         "{\"format\":1,\"simulated\":true,\"command\":\"epochal "
         "train\",\"options\":{\"seed\":\"1\",\"rate\":0.001},\"data\":{\"split\":\"s\",\"sha256\":\"0\",\"objects\":2,"
         "\"stamps\":4,"
         "\"simulated\":2,\"surveys\":[{\"survey\":\"x\",\"objects\":2,\"stamps\":4,\"simulated\":2}],\"classes\":[{"
         "\"class\":\"real\",\"output\":\"real\",\"train\":1,\"validation\":1,\"test\":0,"
         "\"other\":0}],\"left_out\":0},\"from\":null,\"stages\":[{\"stage\":\"stamp\",\"epochs\":2,\"best_epoch\":1,"
         "\"validation_loss\":0.5,\"validation_accuracy\":null}],\"steps\":3,"
         "\"examples\":6,\"machine\":{\"epochal\":\"1\",\"threads\":1}}"}};
    make_model(stamp_net, "good-stamp.safetensors");
    make_model(sequence_net, "good-sequence.safetensors");
    add_pairs("model", "good-stamp.safetensors", "good-card.safetensors", card, 3);
    save_text("network", "good-late.net",
              "network late # a comment\ninput planes=2 height=5 width=7\nfusion late\nencoder\n conv 1 kernel=3\n "
              "maxpool 2\n flatten\n dropout 0.5\n"
              "stamp planes=science,template classes=bogus,real\n linear classes\n softmax\n");
    save_text("network", "good-joined.net",
              "network joined\ninput planes=3 size=6\njoin horizontal\nencoder\n conv 2 kernel=3 pad=same\n dense "
              "layers=2 growth=1\n transition\n gap\n"
              "triplet classes=A,B,C\n linear classes\n softmax\n");
    save_text("network", "wide.net",
              "network wide\ninput planes=16 size=1024\nencoder\n flatten\n linear 268435456\ntriplet classes=A,B\n "
              "linear classes\n softmax\n");
}

static void make_safetensors(void)
{
    static const float values[6] = {1, -2, 3.5F, 4, 5, 6};
    const epo__tensor_write tensors[] = {{"a.weight", 2, (const size_t[]){2, 2}, values},
                                         {"a.bias", 1, (const size_t[]){2}, values},
                                         {"none", 0, NULL, values}};
    const epo__text_pair pairs[] = {{"key", "a \"text\" with \\ and \xc3\xa9"}, {"other", ""}};
    check_ok(epo__safetensors_write(place("safetensors", "good-sealed.safetensors"), tensors, 3, pairs, 2));
    static const char types[] = "{\"__metadata__\":{\"format\":\"pt\"},\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_"
                                "offsets\":[0,6]},\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[6,8]},"
                                "\"d\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[8,16]},\"i\":{\"dtype\":"
                                "\"I64\",\"shape\":[],\"data_offsets\":[16,24]},\"e\":{\"dtype\":\"F32\",\"shape\":[0],"
                                "\"data_offsets\":[24,24]}}";
    fm_file f = {0};
    number(&f, sizeof types - 1, 8);
    fm_bytes(&f, types, sizeof types - 1);
    fm_bytes(&f, "\x01\x00\xff\x7b\x00\x80\x80\x3f\0\0\0\0\0\0\xf0\x3f\7\0\0\0\0\0\0\0", 24);
    save(&f, "safetensors", "good-types.safetensors");
    number(&f, UINT64_C(1) << 62, 8);
    fm_bytes(&f, "{}", 2);
    save(&f, "safetensors", "huge.safetensors");
}

static void make_forests(void)
{
    enum { ROWS = 24, COLUMNS = 3 };
    static float values[ROWS * COLUMNS];
    static const char *labels[ROWS];
    static const char *const names[COLUMNS] = {"context:a", "context:b", "context:c"};
    for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = i % 11 == 4 ? NAN : (float)(i * 29 % 17);
    for (int i = 0; i < ROWS; i++) labels[i] = i * 29 % 17 > 8 ? "SN" : i % 5 ? "AGN" : "BZ";
    const epo_forest_table table = {
        .rows = ROWS, .columns = COLUMNS, .values = values, .names = names, .labels = labels};
    epo_forest_options options = EPO_FOREST_OPTIONS_INIT;
    epo_forest *forest = NULL;
    options.trees = 2;
    options.max_depth = 3;
    options.threads = 1;
    check_ok(epo_forest_train(&table, &options, &forest));
    check_ok(epo_forest_save(forest, place("forest", "good-table.safetensors")));
    epo_forest_free(forest);
    const epo_forest_curves curves = {.definition = "mantra", .method = "psf", .filter = "r"};
    options.curves = &curves;
    options.min_leaf = 8;
    options.trees = 1;
    check_ok(epo_forest_train(&table, &options, &forest));
    check_ok(epo_forest_save(forest, place("forest", "good-curves.safetensors")));
    epo_forest_free(forest);
    /* and a context forest: the first with a recipe that makes its columns */
    epo__safetensors *file = NULL;
    char record[8192];
    check_ok(epo__safetensors_open(place("forest", "good-table.safetensors"), &file));
    snprintf(record, sizeof record,
             "{\"context\": {\"models\": [], \"light_curves\": false, \"columns\": [\"a\", \"b\", \"c\"], \"kinds\": "
             "[], \"radius\": 10, \"censor\": 0.5}, %s",
             epo__safetensors_metadata(file, "epochal.forest") + 1);
    epo__safetensors_free(file);
    add_pairs("forest", "good-table.safetensors", "good-context.safetensors",
              &(epo__text_pair){"epochal.forest", record}, 1);
}

static void make_json(void)
{
    save_text("json", "good-kinds.json",
              "{\"text\": \"a \\\"b\\\" \\u00e9 \\ud83c\\udf0b \xc3\xa9\", \"list\": [1, -2, 3.5, 1e-3, true, false, "
              "null, [], {}],\n"
              "\t\"inside\": {\"most\": 9223372036854775807, \"least\": -9223372036854775808}}");
    save_text("json", "good-value.json", " \"\\b\\f\\n\\r\\t\\/\\\\\" ");
    save_text("json", "twice.json", "{\"a\": 1, \"a\": 2}");
    save_text("json", "wrong.json", "[1, 01, 1.e5, 1e999, \"\\u0000\", \"\\ud800\", nul]");
}

static void make_all(void **state)
{
    (void)state;
    mkdir(folder, 0777);
    make_fits();
    make_gzip();
    make_avro();
    make_npy();
    make_csv();
    make_models();
    make_safetensors();
    make_forests();
    make_json();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(make_all)}; /* the makers speak cmocka */
    if (argc != 2) return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
