/* SPDX-License-Identifier: BSD-3-Clause
 * make_survey.c - make_survey FOLDER [OBJECTS NIGHTS SIZE]: writes a small simulated survey in the shape of Deep-TAO, for
 * the demo and the benchmarks. It is its own program and links nothing of the library, so that it proves something.
 *
 * FOLDER/CLASS/OBJECT.fits holds an empty primary HDU, a table with one row an image (in alphabetical order of the date,
 * as Deep-TAO has it), and the images: SIZE x SIZE 16-bit pixels, four visits a night. Each object is a point on a sky
 * with a host galaxy and a neighbour star; its brightness follows a caricature of its class. The pictures are for
 * trying the program, not for science.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VISITS = 4, MAX_NIGHTS = 400, MAX_SIZE = 256, BLOCK = 2880 };

static const char *const classes[] = {"BZ", "AGN", "CV", "SN", "OTHER", "NON"};
enum { CLASSES = sizeof classes / sizeof *classes };

/* --- random numbers: splitmix64 (Steele, Lea & Flood 2014) ------------------------------------------------------------ */

static uint64_t state = 20260101;

static double uniform(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(1 - uniform())) * cos(2 * acos(-1.0) * uniform());
}

/* --- FITS ------------------------------------------------------------------------------------------------------------- */

typedef struct writer {
    FILE *file;
    size_t written; /* in the present block */
} writer;

static void bytes(writer *w, const void *data, size_t size)
{
    fwrite(data, 1, size, w->file);
    w->written = (w->written + size) % BLOCK;
}

static void fill(writer *w, char with)
{
    while (w->written) bytes(w, &with, 1);
}

static void card(writer *w, const char *text)
{
    char line[81];
    snprintf(line, sizeof line, "%-80s", text);
    bytes(w, line, 80);
}

static void number_card(writer *w, const char *key, long value)
{
    char text[81];
    snprintf(text, sizeof text, "%-8s= %20ld", key, value);
    card(w, text);
}

static void text_card(writer *w, const char *key, const char *value)
{
    char text[81];
    snprintf(text, sizeof text, "%-8s= '%-8s'", key, value);
    card(w, text);
}

static void end_header(writer *w)
{
    card(w, "END");
    fill(w, ' ');
}

static void big_endian(writer *w, uint64_t value, int size)
{
    unsigned char out[8] = {0};
    for (int i = 0; i < size; i++) out[i] = (unsigned char)(value >> (8 * (size - 1 - i)));
    bytes(w, out, (size_t)size);
}

/* --- the sky ----------------------------------------------------------------------------------------------------------- */

typedef struct night {
    double mjd; /* of its first visit */
    char date[8]; /* "06APR02" */
    double flux;  /* of the object, ADU */
} night;

/* The civil date of an MJD, after Fliegel & Van Flandern (1968), as Deep-TAO writes it. */
static void date_of(double mjd, char out[8])
{
    static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    long l = (long)floor(mjd) + 2400001 + 68569, n = 4 * l / 146097;
    l -= (146097 * n + 3) / 4;
    long i = 4000 * (l + 1) / 1461001;
    l = l - 1461 * i / 4 + 31;
    long j = 80 * l / 2447, day = l - 2447 * j / 80, month = j + 2 - 12 * (j / 11), year = 100 * (n - 49) + i + j / 11;
    snprintf(out, 8, "%02u%.3s%02u", (unsigned)(year % 100), months + 3 * (month - 1), (unsigned)day % 100);
}

/* Brightness of night i of n, in ADU. */
static double light(int class, int i, int n, double *walk)
{
    double phase = (double)i / n;
    switch (class) {
    case 0: /* BZ: violent and irregular */
        *walk = 0.7 * *walk + 0.6 * normal();
        return 1500 * exp(*walk);
    case 1: /* AGN: wanders slowly */
        *walk = 0.95 * *walk + 0.12 * normal();
        return 2500 * exp(*walk);
    case 2: /* CV: faint, with outbursts */
        return i % 11 < 2 ? 6000 * (1 + 0.1 * normal()) : 300;
    case 3: /* SN: rises fast, fades slowly */
        return phase < 0.4 ? 0 : 5000 * (1 - exp(-(phase - 0.4) / 0.04)) * exp(-(phase - 0.4) / 0.15);
    case 4: /* OTHER: one short flare */
        return i == n / 2 ? 8000 : 200;
    default: /* NON: a star that does nothing */
        return 2000;
    }
}

static int by_date(const void *a, const void *b)
{
    return strcmp(((const night *)a)->date, ((const night *)b)->date);
}

static void make_nights(night *nights, int count, int class)
{
    double mjd = 53600 + floor(200 * uniform()), walk = 0;
    for (int i = 0; i < count; i++) {
        nights[i].mjd = mjd + 0.25 + 0.1 * uniform();
        date_of(nights[i].mjd, nights[i].date);
        nights[i].flux = light(class, i, count, &walk);
        mjd += 3 + floor(20 * uniform());
    }
    qsort(nights, (size_t)count, sizeof *nights, by_date);
}

/* A galaxy (exponential), a star and the object, each blurred by the night's seeing, on a sky with its noise. */
static void image(writer *w, int size, double flux, const double host[3])
{
    card(w, "XTENSION= 'IMAGE   '");
    number_card(w, "BITPIX", 16);
    number_card(w, "NAXIS", 2);
    number_card(w, "NAXIS1", size);
    number_card(w, "NAXIS2", size);
    number_card(w, "PCOUNT", 0);
    number_card(w, "GCOUNT", 1);
    end_header(w);
    double sky = 250 + 150 * uniform(), seeing = 1.1 + 0.5 * uniform();
    double centre = (size - 1) / 2.0, dx = 0.5 * normal(), dy = 0.5 * normal(), peak = flux / (2 * acos(-1.0) * seeing * seeing);
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            double px = x - centre - dx, py = y - centre - dy;
            double value = sky + peak * exp(-(px * px + py * py) / (2 * seeing * seeing));
            double gx = px - host[0], gy = py - host[1];
            value += host[2] * exp(-sqrt(gx * gx + gy * gy + 1) / 3.0);
            double sx = px + 0.3 * size, sy = py - 0.2 * size;
            value += 900 * exp(-(sx * sx + sy * sy) / (2 * seeing * seeing));
            value += sqrt(value) * normal();
            if (value > 32767) value = 32767;
            big_endian(w, (uint64_t)lround(value < 0 ? 0 : value), 2);
        }
    fill(w, 0);
}

static void table(writer *w, const night *nights, int count, const char *id)
{
    static const char *const columns[][2] = {{"HDU_Ext", "J"}, {"Date", "7A"}, {"MJD", "D"}, {"Field_ID", "8A"}, {"Obs_In_Seq", "J"}};
    enum { COLUMNS = sizeof columns / sizeof *columns, ROW = 4 + 7 + 8 + 8 + 4 };
    char key[9], text[81];
    card(w, "XTENSION= 'BINTABLE'");
    number_card(w, "BITPIX", 8);
    number_card(w, "NAXIS", 2);
    number_card(w, "NAXIS1", ROW);
    number_card(w, "NAXIS2", (long)count * VISITS);
    number_card(w, "PCOUNT", 0);
    number_card(w, "GCOUNT", 1);
    number_card(w, "TFIELDS", COLUMNS);
    for (int i = 0; i < COLUMNS; i++) {
        snprintf(key, sizeof key, "TTYPE%d", i + 1);
        text_card(w, key, columns[i][0]);
        snprintf(key, sizeof key, "TFORM%d", i + 1);
        text_card(w, key, columns[i][1]);
    }
    text_card(w, "CRTS_ID", id);
    snprintf(text, sizeof text, "HIERARCH RA (J2000) = %.5f", 360 * uniform());
    card(w, text);
    snprintf(text, sizeof text, "HIERARCH Dec (J2000) = %.5f", 60 * uniform() - 20);
    card(w, text);
    end_header(w);
    for (int i = 0; i < count * VISITS; i++) {
        const night *n = &nights[i / VISITS];
        double mjd = n->mjd + 0.0065 * (i % VISITS);
        uint64_t bits;
        memcpy(&bits, &mjd, sizeof bits);
        big_endian(w, (uint64_t)i + 2, 4);
        bytes(w, n->date, 7);
        big_endian(w, bits, 8);
        bytes(w, "N01001  ", 8);
        big_endian(w, (uint64_t)(i % VISITS) + 1, 4);
    }
    fill(w, 0);
}

static int make_object(const char *path, const char *id, int class, int count, int size)
{
    night nights[MAX_NIGHTS];
    writer w = {.file = fopen(path, "wb")};
    if (!w.file) return -1;
    make_nights(nights, count, class);
    double host[3] = {4 * normal(), 4 * normal(), class == 3 ? 120 : class == 1 ? 200 : 20};
    card(&w, "SIMPLE  =                    T");
    number_card(&w, "BITPIX", 8);
    number_card(&w, "NAXIS", 0);
    card(&w, "EXTEND  =                    T");
    end_header(&w);
    table(&w, nights, count, id);
    for (int i = 0; i < count * VISITS; i++) image(&w, size, nights[i / VISITS].flux, host);
    int bad = ferror(w.file);
    return fclose(w.file) != 0 || bad ? -1 : 0;
}

static int argument(int argc, char **argv, int index, int standard, int high)
{
    if (index >= argc) return standard;
    char *end;
    long value = strtol(argv[index], &end, 10);
    if (*end || end == argv[index] || value < 1 || value > high) {
        fprintf(stderr, "make_survey: '%s' is not a number from 1 to %d\n", argv[index], high);
        exit(2);
    }
    return (int)value;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: make_survey FOLDER [OBJECTS_PER_CLASS NIGHTS SIZE]\n", stderr);
        return 2;
    }
    int objects = argument(argc, argv, 2, 3, 10000), count = argument(argc, argv, 3, 30, MAX_NIGHTS), size = argument(argc, argv, 4, 64, MAX_SIZE);
    char path[1024], id[32];
    if (mkdir(argv[1], 0777) != 0 && errno != EEXIST) goto failed;
    for (int class = 0; class < CLASSES; class++) {
        snprintf(path, sizeof path, "%s/%s", argv[1], classes[class]);
        if (mkdir(path, 0777) != 0 && errno != EEXIST) goto failed;
        for (int i = 0; i < objects; i++) {
            snprintf(id, sizeof id, "SIM%d%05d", class, i);
            snprintf(path, sizeof path, "%s/%s/%s.fits", argv[1], classes[class], id);
            if (make_object(path, id, class, count, size) != 0) goto failed;
        }
    }
    return 0;
failed:
    fprintf(stderr, "make_survey: %s: %s\n", argv[1], strerror(errno));
    return 1;
}
