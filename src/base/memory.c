/* SPDX-License-Identifier: BSD-3-Clause
 * memory.c - checked sizes and allocation. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __clang_analyzer__ /* the function itself */
#undef epo__alloc
#endif

enum { VECTOR_ALIGN = 64, HUGE_PAGE = 2 << 20 };

bool epo__size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool epo__size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

void *epo__alloc(size_t count, size_t size)
{
    return calloc(count ? count : 1, size ? size : 1);
}

/* More than count * size bytes, on a border of `align`, and a multiple of it. */
static void *aligned(size_t align, size_t count, size_t size, size_t *bytes)
{
    if (!epo__size_mul(count, size, bytes) || *bytes > SIZE_MAX - align) return NULL;
    *bytes = epo__round_up(*bytes + 1, align);
    return aligned_alloc(align, *bytes);
}

void *epo__alloc_aligned(size_t count, size_t size)
{
    size_t bytes;
    void *block = aligned(VECTOR_ALIGN, count, size, &bytes);
    if (block) memset(block, 0, bytes);
    return block;
}

void *epo__alloc_large(size_t count, size_t size)
{
    size_t bytes = epo__product(count, size);
    if (bytes < HUGE_PAGE) return epo__alloc_aligned(count, size);
    void *block = aligned(HUGE_PAGE, count, size, &bytes);
    if (!block) return NULL;
    madvise(block, bytes, MADV_HUGEPAGE); /* where it is refused, pages are small */
    memset(block, 0, bytes);
    return block;
}

bool epo__grow(void *array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity) return true;
    size_t wanted = *capacity > SIZE_MAX / 2 ? need : 2 * *capacity;
    if (wanted < need) wanted = need;
    size_t bytes;
    if (!epo__size_mul(wanted, size, &bytes)) return false;
    void *old;
    memcpy(&old, array, sizeof old);
    char *block = realloc(old, bytes);
    if (!block) return false;
    memset(block + *capacity * size, 0, (wanted - *capacity) * size);
    memcpy(array, &block, sizeof block);
    *capacity = wanted;
    return true;
}

char *epo__strndup(const char *text, size_t length)
{
    char *copy = epo__alloc(length + 1, 1);
    if (copy) memcpy(copy, text, length);
    return copy;
}

char *epo__strdup(const char *text)
{
    return epo__strndup(text, strlen(text));
}

char *epo__format(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : epo__alloc((size_t)length + 1, 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
