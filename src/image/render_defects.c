/* SPDX-License-Identifier: BSD-3-Clause
 * render_defects.c - what light, detector and passers-by add to a picture: noise, bleeding, tracks, trails; and blurring. */
#include <math.h>

#include "base/rng.h"
#include "image/render.h"

/* Two standard normal numbers from two words (Box & Muller 1958); single precision reaches 6.7 standard deviations. */
static void two_normals(uint32_t a, uint32_t b, float out[2])
{
    float radius = sqrtf(-2.0f * logf(((float)a + 0.5f) * 0x1p-32f)), angle = (float)b * (6.2831853f * 0x1p-32f);
    /* a word near 2^32 rounds up to it: log(1) is 0, and nothing worse */
    out[0] = radius * cosf(angle);
    out[1] = radius * sinf(angle);
}

void epo__render_noise(const epo__canvas *canvas, uint64_t seed, uint64_t stream, double gain, double read)
{
    const size_t count = (size_t)canvas->width * (size_t)canvas->height;
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const float per_photon = (float)(1 / gain), readout = (float)(read * read);
    for (size_t i = 0; i < count; i += 4) {
        const uint64_t block = i / 4;
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
        uint32_t words[4];
        float normals[4];
        epo__philox(counter, key, words);
        two_normals(words[0], words[1], normals);
        two_normals(words[2], words[3], normals + 2);
        for (size_t k = i; k < i + 4 && k < count; k++) {
            float value = canvas->pixels[k];
            canvas->pixels[k] = value + sqrtf((value > 0 ? value : 0) * per_photon + readout) * normals[k - i];
        }
    }
}

/* Half of what each pixel of a column has over `full` runs towards `step`, filling pixels up on its way. */
static void bleed_half(float *column, int height, size_t stride, int step, const float *over, float full)
{
    float carried = 0;
    for (int n = 0, y = step > 0 ? 0 : height - 1; n < height; n++, y += step) {
        float *pixel = column + (size_t)y * stride;
        float room = full - *pixel, taken = carried < room ? carried : room;
        *pixel += taken;
        carried += 0.5f * over[y] - taken;
    }
}

void epo__render_bleed(const epo__canvas *canvas, double full)
{
    enum { HEIGHT = 1024 };
    float over[HEIGHT];
    const float limit = (float)full;
    if (canvas->height > HEIGHT) return; /* no stamp is larger */
    for (int x = 0; x < canvas->width; x++) {
        float *column = canvas->pixels + x, total = 0;
        const size_t stride = (size_t)canvas->width;
        for (int y = 0; y < canvas->height; y++) {
            float *pixel = column + (size_t)y * stride;
            over[y] = *pixel > limit ? *pixel - limit : 0;
            *pixel -= over[y];
            total += over[y];
        }
        if (total <= 0) continue;
        bleed_half(column, canvas->height, stride, 1, over, limit);
        bleed_half(column, canvas->height, stride, -1, over, limit);
    }
}

void epo__render_track(const epo__canvas *canvas, double x, double y, double angle, double length, double charge)
{
    const int steps = 1 + (int)(length / 0.25);
    for (int i = 0; i < steps; i++) {
        double along = steps > 1 ? length * i / (steps - 1) : 0;
        double px = floor(x + along * cos(angle) + 0.5), py = floor(y + along * sin(angle) + 0.5);
        if (px < 0 || py < 0 || px >= canvas->width || py >= canvas->height) continue;
        canvas->pixels[(size_t)py * (size_t)canvas->width + (size_t)px] += (float)(charge / steps);
    }
}

void epo__render_trail(const epo__canvas *canvas, double x, double y, double angle, double peak, double sigma)
{
    const double sine = sin(angle), cosine = cos(angle), scale = -0.5 / (sigma * sigma);
    for (int row = 0; row < canvas->height; row++)
        for (int i = 0; i < canvas->width; i++) {
            double off = (i - x) * sine - (row - y) * cosine, exponent = off * off * scale;
            if (exponent > -20) canvas->pixels[(size_t)row * (size_t)canvas->width + (size_t)i] += (float)(peak * exp(exponent));
        }
}

static int clamp(int value, int size)
{
    return value < 0 ? 0 : value >= size ? size - 1 : value;
}

/* One pass along lines of `length` floats that lie `step` apart; a line begins every `next` floats. */
static void blur_lines(const float *in, float *out, int lines, size_t next, int length, size_t step, const float *kernel, int reach)
{
    for (int line = 0; line < lines; line++) {
        const float *from = in + (size_t)line * next;
        float *to = out + (size_t)line * next;
        for (int i = 0; i < length; i++) {
            float sum = 0;
            for (int k = -reach; k <= reach; k++) sum += kernel[k + reach] * from[(size_t)clamp(i + k, length) * step];
            to[(size_t)i * step] = sum;
        }
    }
}

void epo__render_blur(const epo__canvas *canvas, double sigma, float *scratch)
{
    enum { REACH = 32 };
    float kernel[2 * REACH + 1] = {0};
    double sum = 0;
    if (!(sigma > 0)) return;
    int reach = (int)ceil(4 * sigma);
    if (reach > REACH) reach = REACH;
    for (int k = -reach; k <= reach; k++) sum += exp(-0.5 * k * k / (sigma * sigma));
    for (int k = -reach; k <= reach; k++) kernel[k + reach] = (float)(exp(-0.5 * k * k / (sigma * sigma)) / sum);
    const size_t width = (size_t)canvas->width;
    blur_lines(canvas->pixels, scratch, canvas->height, width, canvas->width, 1, kernel, reach);
    blur_lines(scratch, canvas->pixels, canvas->width, 1, canvas->height, width, kernel, reach);
}
