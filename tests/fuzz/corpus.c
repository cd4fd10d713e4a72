/* SPDX-License-Identifier: BSD-3-Clause
 * corpus.c - seeds, and what is made of them. */
#include "fuzz/corpus.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/rng.h"
#include "support/check.h"

/* --- seeds ----------------------------------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const fuzz_seed *)a)->name, ((const fuzz_seed *)b)->name);
}

void fuzz_corpus_read(const fuzz_target *target, fuzz_corpus *out)
{
    char path[512];
    *out = (fuzz_corpus){0};
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", target->name);
    DIR *folder = opendir(path);
    if (!folder) fail_msg("%s: no such folder", path);
    for (struct dirent *e; (e = readdir(folder));) {
        if (e->d_name[0] == '.') continue;
        out->seeds = realloc(out->seeds, (out->count + 1) * sizeof *out->seeds);
        assert_non_null(out->seeds);
        fuzz_seed *seed = &out->seeds[out->count++];
        snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", target->name, e->d_name);
        seed->name = strdup(e->d_name);
        seed->bytes = read_file(path, &seed->size);
        assert_non_null(seed->name);
        if (seed->size > target->max_size) fail_msg("%s: over %zu bytes", path, target->max_size);
    }
    closedir(folder);
    if (out->count == 0) fail_msg("%s: no seeds", path);
    qsort(out->seeds, out->count, sizeof *out->seeds, by_name); /* folders have no order of their own */
}

void fuzz_corpus_free(fuzz_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        free(corpus->seeds[i].name);
        free(corpus->seeds[i].bytes);
    }
    free(corpus->seeds);
    *corpus = (fuzz_corpus){0};
}

/* --- damage ---------------------------------------------------------------------------------------------------------
 */

typedef struct input {
    const fuzz_target *target;
    const fuzz_corpus *corpus;
    epo__rng rng;
    uint8_t *bytes;
    size_t size;
} input;

static size_t below(input *in, size_t bound)
{
    return bound ? epo__rng_below(&in->rng, (uint32_t)bound) : 0;
}

/* What is at `at`, `length` bytes, becomes these bytes; what follows moves, and what has no room is lost. `from` may
 * lie in the input. */
static void replace(input *in, size_t at, size_t length, const void *from, size_t size)
{
    uint8_t copy[256];
    const size_t most = in->target->max_size;
    if (size > sizeof copy) size = sizeof copy;
    if (length > in->size - at) length = in->size - at;
    if (size > most - at) size = most - at;
    memcpy(copy, from, size);
    size_t rest = in->size - at - length;
    if (rest > most - at - size) rest = most - at - size;
    memmove(in->bytes + at + size, in->bytes + at + length, rest);
    memcpy(in->bytes + at, copy, size);
    in->size = at + size + rest;
}

static void flip(input *in)
{
    if (in->size) in->bytes[below(in, in->size)] ^= (uint8_t)(1U << below(in, 8));
}

static void set_byte(input *in)
{
    static const uint8_t nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe, ' ', '\n',
                                    '0',  '9',  '-',  '"',  '{',  '}',  ',', '='};
    if (in->size) in->bytes[below(in, in->size)] = nasty[below(in, sizeof nasty)];
}

static void cut(input *in)
{
    in->size = below(in, in->size + 1);
}

static void drop(input *in)
{
    const size_t at = below(in, in->size + 1);
    replace(in, at, 1 + below(in, 64), "", 0);
}

/* A piece of the input comes a second time, over what is there or between it. */
static void repeat(input *in)
{
    const size_t from = below(in, in->size + 1), at = below(in, in->size + 1);
    size_t length = 1 + below(in, 128);
    if (length > in->size - from) length = in->size - from;
    replace(in, at, below(in, 2) ? length : 0, in->bytes + from, length);
}

/* The beginning of this and the end of another. */
static void splice(input *in)
{
    const fuzz_seed *other = &in->corpus->seeds[below(in, in->corpus->count)];
    const size_t at = below(in, in->size + 1), from = below(in, other->size + 1);
    size_t size = other->size - from;
    if (size > in->target->max_size - at) size = in->target->max_size - at;
    memcpy(in->bytes + at, other->bytes + from, size);
    in->size = at + size;
}

/* A number of 1, 2, 4 or 8 bytes, of either order, becomes one at a border, or one more or less; or a float. */
static void set_number(input *in)
{
    static const uint64_t borders[] = {0,
                                       1,
                                       2,
                                       16,
                                       127,
                                       128,
                                       255,
                                       256,
                                       32767,
                                       32768,
                                       65535,
                                       65536,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x7fffffffffffffff,
                                       0x8000000000000000,
                                       0xffffffffffffffff};
    static const float reals[] = {0, 1, -1, 2, 0.5F, 8388608, 3.4e38F, -3.4e38F, __builtin_inff(), __builtin_nanf("")};
    const size_t width = (size_t)1 << below(in, 4);
    if (in->size < width) return;
    uint8_t *at = in->bytes + below(in, in->size - width + 1), bytes[8];
    uint64_t value = 0;
    const size_t how = below(in, 4);
    const int swap = below(in, 2) == 0;
    if (how == 0 && width == 4) {
        memcpy(at, &reals[below(in, sizeof reals / sizeof *reals)], 4);
        return;
    }
    for (size_t i = 0; i < width; i++) value |= (uint64_t)at[swap ? width - 1 - i : i] << 8 * i;
    value = how == 1 ? value + 1 : how == 2 ? value - 1 : borders[below(in, sizeof borders / sizeof *borders)];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(value >> 8 * i);
    for (size_t i = 0; i < width; i++) at[swap ? width - 1 - i : i] = bytes[i];
}

/* The next number that is written out becomes another one. */
static void set_decimal(input *in)
{
    static const char *const numbers[] = {"0",
                                          "1",
                                          "-1",
                                          "2",
                                          "7",
                                          "64",
                                          "255",
                                          "256",
                                          "1024",
                                          "65535",
                                          "65536",
                                          "1000000",
                                          "2147483647",
                                          "2147483648",
                                          "4294967296",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "18446744073709551615",
                                          "1e308",
                                          "1e999",
                                          "-0",
                                          "0.5",
                                          ""};
    size_t at = below(in, in->size + 1), length = 0;
    while (at < in->size && (in->bytes[at] < '0' || in->bytes[at] > '9')) at++;
    while (at + length < in->size && in->bytes[at + length] >= '0' && in->bytes[at + length] <= '9') length++;
    const char *number = numbers[below(in, sizeof numbers / sizeof *numbers)];
    if (length) replace(in, at, length, number, strlen(number));
}

static void put_word(input *in)
{
    size_t count = 0;
    while (in->target->words[count]) count++;
    const char *word = in->target->words[below(in, count)];
    const size_t at = below(in, in->size + 1);
    replace(in, at, below(in, 2) ? strlen(word) : 0, word, strlen(word));
}

size_t fuzz_input(const fuzz_target *target, const fuzz_corpus *corpus, uint64_t turn, uint8_t *out)
{
    static void (*const ways[])(input *) = {flip,   set_byte,   cut,        drop,        repeat,
                                            splice, set_number, set_number, set_decimal, put_word};
    const fuzz_seed *seed = &corpus->seeds[turn % corpus->count];
    input in = {.target = target,
                .corpus = corpus,
                .rng = {.seed = turn, .stream = epo__rng_stream(target->name)},
                .bytes = out,
                .size = seed->size};
    if (seed->size) memcpy(out, seed->bytes, seed->size);
    if (turn < corpus->count) return in.size; /* each seed once as it is */
    for (size_t n = 1 + below(&in, 4); n > 0; n--) ways[below(&in, sizeof ways / sizeof *ways)](&in);
    return in.size;
}
