/* SPDX-License-Identifier: BSD-3-Clause
 * memory.h - checked sizes and allocation. Everything here is released with free(). */
#ifndef EPO_BASE_MEMORY_H
#define EPO_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a*b and a+b into *out; false, with *out untouched, when the result does not fit a size_t. */
bool epo__size_mul(size_t a, size_t b, size_t *out);
bool epo__size_add(size_t a, size_t b, size_t *out);

/* a*b, and a*b*c, for the calls below: SIZE_MAX where it does not fit a size_t, which none of them gives.
 * tools/check_banned.sh wants them wherever a product is allocated. */
static inline size_t epo__product(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

static inline size_t epo__product3(size_t a, size_t b, size_t c)
{
    return a && b && c ? epo__product(epo__product(a, b), c) : 0;
}

/* The next multiple of `unit` from x on. */
static inline size_t epo__round_up(size_t x, size_t unit)
{
    return (x + unit - 1) / unit * unit;
}

/* Bytes, up to the next 64-byte border: what comes behind begins there. */
static inline size_t epo__whole_lines(size_t bytes)
{
    return epo__round_up(bytes, 64);
}

/* `count` zeroed elements of `size` bytes; NULL when there is no memory or the product overflows. count 0 gives a
 * pointer that may be freed. */
void *epo__alloc(size_t count, size_t size);

/* As epo__alloc, on a 64-byte border: what vector kernels want. */
void *epo__alloc_aligned(size_t count, size_t size);

/* The same for what is walked over again and again, weights and activations say: from 2 MB on it lies in huge pages where
 * the system gives them, since a processor asks for nothing ahead beyond the border of a page. */
void *epo__alloc_large(size_t count, size_t size);

/* Grows *array (elements of `size` bytes, *capacity of them) so that it holds at least `need`, at least doubling it.
 * New elements are zeroed. False, with nothing changed, when there is no memory. */
bool epo__grow(void *array, size_t *capacity, size_t need, size_t size);

#ifdef __clang_analyzer__ /* it reads one file at a time, and would not know that the memory is zeroed */
#include <stdlib.h>
#define epo__alloc(count, size) calloc((count) | 1, (size)) /* SIZE_MAX too is no 0 */
#endif

char *epo__strdup(const char *text);
char *epo__strndup(const char *text, size_t length);

/* printf into a fresh string; NULL without memory. */
char *epo__format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
