/* SPDX-License-Identifier: BSD-3-Clause
 * tao_tree.h - small Deep-TAO files for tests, in the published form and with what is wrong with it. */
#ifndef EPO_TESTS_DATA_TAO_TREE_H
#define EPO_TESTS_DATA_TAO_TREE_H

#include "importing.h"
#include "support/fitsmake.h"

enum { TAO_WIDTH = 7, TAO_HEIGHT = 5, TAO_PIXELS = TAO_WIDTH * TAO_HEIGHT };

/* The published columns: cells are HDU_Ext, Set_Number, Date, MJD, Field_ID, Obs_In_Seq, Cutout. */
static const char *const tao_names[] = {"HDU_Ext", "Set_Number", "Date", "MJD", "Field_ID", "Obs_In_Seq", "Cutout"};
static const char *const tao_forms[] = {"J", "2A", "7A", "D", "6A", "4A", "4A"};

/* What is stored in the image of an HDU; every image is another one. */
static inline int16_t tao_stored(int file, size_t hdu, int pixel)
{
    return (int16_t)(-20000 + 1700 * file + 130 * (int)hdu + 3 * pixel * pixel);
}

/* An unsigned 16-bit image, the way surveys store them; `constant` for one without anything on it. */
static inline void tao_image(fm_file *f, int file, size_t hdu, bool constant)
{
    int16_t pixels[TAO_PIXELS];
    for (int i = 0; i < TAO_PIXELS; i++) pixels[i] = tao_stored(file, hdu, constant ? 0 : i);
    fm_image(f, 16, TAO_WIDTH, TAO_HEIGHT, pixels, "BZERO   =                32768\nBSCALE  =                    1");
}

/* A file with `nights` nights of four visits each, without tricks. */
static inline void tao_plain(const char *path, int file, int nights)
{
    fm_file f = {0};
    fm_primary(&f, NULL);
    const char **cells = malloc(sizeof *cells * 7 * 4 * (size_t)nights);
    char(*made)[3][16] = malloc(sizeof *made * 4 * (size_t)nights);
    assert_non_null(cells);
    assert_non_null(made);
    for (int i = 0; i < 4 * nights; i++) {
        snprintf(made[i][0], 16, "%d", i + 2);
        snprintf(made[i][1], 16, "08JAN%02d", i / 4 + 1);
        snprintf(made[i][2], 16, "%.6f", 54466 + i / 4 + 0.25 + 0.0065 * (i % 4));
        const char *row[] = {made[i][0], "01",
                             made[i][1], made[i][2],
                             "N20049",   i % 4 == 0 ? "0001" : i % 4 == 1 ? "0002" : i % 4 == 2 ? "0003" : "0004",
                             "3201"};
        memcpy(cells + 7 * i, row, sizeof row);
    }
    fm_table(&f, 7, tao_names, tao_forms, 4 * (size_t)nights, cells, "CRTS_ID = 'CSS0'");
    for (int i = 0; i < 4 * nights; i++) tao_image(&f, file, (size_t)i + 2, false);
    fm_save(&f, path);
    fm_free(&f);
    free(cells);
    free(made);
}

/* Folders class0, class1 and so on under `root`, each with `files` such files, object00.00.fits being the first. */
static inline void tao_classes(const char *root, int folders, int files, int nights)
{
    for (int i = 0; i < folders; i++) {
        char name[64];
        snprintf(name, sizeof name, "class%d", i);
        make_folder(temp_path(root, name));
        for (int k = 0; k < files; k++) {
            snprintf(name, sizeof name, "class%d/object%02d.%02d.fits", i, i, k);
            tao_plain(temp_path(root, name), i, nights);
        }
    }
}

#endif
