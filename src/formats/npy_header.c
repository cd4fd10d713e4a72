/* SPDX-License-Identifier: BSD-3-Clause
 * npy_header.c - a strict reader of the one dictionary that stands before a numpy array. It is a Python literal; only
 * the forms that numpy writes are taken, nothing is ever evaluated. */
#include "formats/npy_header.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* MAX_CHARACTERS: of one S or U item; one such item fits the chunk of npy.c */
enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7, MAX_CHARACTERS = 16 << 10 };

typedef struct parser {
    const char *at, *end;
    epo__npy_info *info;
    bool swap, fortran;
} parser;

static epo_status not_a_header(void)
{
    return epo__fail(EPO_EFORMAT, "its header is not what numpy writes");
}

static void blanks(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n')) p->at++;
}

/* Steps over `c`, blanks around it aside. */
static bool take(parser *p, char c)
{
    blanks(p);
    if (p->at == p->end || *p->at != c) return false;
    p->at++;
    blanks(p);
    return true;
}

static bool take_word(parser *p, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0) return false;
    p->at += n;
    return true;
}

/* A quoted text without escapes. */
static bool take_text(parser *p, const char **text, size_t *size)
{
    if (p->at == p->end || (*p->at != '\'' && *p->at != '"')) return false;
    char quote = *p->at++;
    *text = p->at;
    while (p->at < p->end && *p->at != quote && *p->at != '\\' && *p->at != '\n') p->at++;
    if (p->at == p->end || *p->at != quote) return false;
    *size = (size_t)(p->at++ - *text);
    return true;
}

static bool take_size(parser *p, size_t *out)
{
    if (p->at == p->end || !isdigit((unsigned char)*p->at)) return false;
    size_t value = 0;
    while (p->at < p->end && isdigit((unsigned char)*p->at))
        if (!epo__size_mul(value, 10, &value) || !epo__size_add(value, (size_t)(*p->at++ - '0'), &value)) return false;
    *out = value;
    return true;
}

static epo_status parse_descr(parser *p)
{
    static const struct {
        char letter;
        epo__npy_kind kind;
        const char *sizes;
    } types[] = {{'f', EPO__NPY_FLOAT, "48"},
                 {'i', EPO__NPY_INT, "1248"},
                 {'u', EPO__NPY_UINT, "1248"},
                 {'b', EPO__NPY_BOOL, "1"}};
    const char *text;
    size_t size, item = 0;
    if (p->at < p->end && *p->at == '[') return epo__fail(EPO_EUNSUPPORTED, "an array of structures is not read");
    if (!take_text(p, &text, &size) || size > 32) return not_a_header();
    if (memchr(text, 'O', size))
        return epo__fail(EPO_EUNSUPPORTED, "an array of Python objects; pickles are never opened");
    parser inner = {.at = text, .end = text + size};
    char order = '|';
    if (size && *text && strchr("<>|=", *text)) order = *inner.at++;
    char letter = inner.at < inner.end ? *inner.at++ : '\0';
    if (!take_size(&inner, &item) || inner.at != inner.end)
        return epo__fail(EPO_EUNSUPPORTED, "items of type '%.*s' are not read", (int)size, text);
    bool known = false;
    if (letter == 'S' || letter == 'U') {
        p->info->kind = letter == 'S' ? EPO__NPY_BYTES : EPO__NPY_UNICODE;
        known = item <= MAX_CHARACTERS;
        if (letter == 'U') item *= 4;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].letter != letter || item > 8 || !strchr(types[i].sizes, (int)('0' + item)) || !item) continue;
        p->info->kind = types[i].kind;
        known = true;
    }
    /* wide items must say their order; "=" is not a thing that stands in files */
    size_t width = letter == 'U' ? 4 : letter == 'S' ? 1 : item;
    if (item == 0 || order == '=' || (order == '|' && width > 1)) known = false;
    if (!known) return epo__fail(EPO_EUNSUPPORTED, "items of type '%.*s' are not read", (int)size, text);
    p->info->item_size = item;
    p->swap = width > 1 && order == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<');
    return EPO_OK;
}

static epo_status parse_order(parser *p)
{
    p->fortran = take_word(p, "True");
    return p->fortran || take_word(p, "False") ? EPO_OK : not_a_header();
}

/* "()", "(5,)", "(5, 3)" */
static epo_status parse_shape(parser *p)
{
    if (!take(p, '(')) return not_a_header();
    while (!take(p, ')')) {
        if (p->info->ndim == EPO__NPY_MAX_DIMS)
            return epo__fail(EPO_EUNSUPPORTED, "over %d dimensions", EPO__NPY_MAX_DIMS);
        if (!take_size(p, &p->info->dims[p->info->ndim++])) return not_a_header();
        bool comma = take(p, ',');
        if (!comma && (p->info->ndim == 1 || p->at == p->end || *p->at != ')')) return not_a_header();
    }
    return EPO_OK;
}

epo_status epo__npy_parse_header(const char *text, size_t size, epo__npy_info *info, bool *swap)
{
    *info = (epo__npy_info){0};
    parser p = {.at = text, .end = text + size, .info = info};
    unsigned seen = 0;
    if (!take(&p, '{')) return not_a_header();
    while (!take(&p, '}')) {
        const char *key;
        size_t length;
        if (!take_text(&p, &key, &length) || !take(&p, ':')) return not_a_header();
        epo_status status;
        unsigned which;
        if (length == 5 && memcmp(key, "descr", 5) == 0) {
            which = HAS_DESCR;
            status = parse_descr(&p);
        } else if (length == 13 && memcmp(key, "fortran_order", 13) == 0) {
            which = HAS_ORDER;
            status = parse_order(&p);
        } else if (length == 5 && memcmp(key, "shape", 5) == 0) {
            which = HAS_SHAPE;
            status = seen & HAS_SHAPE ? not_a_header() : parse_shape(&p);
        } else {
            return not_a_header();
        }
        if (status) return status;
        if (seen & which) return not_a_header();
        seen |= which;
        if (!take(&p, ',') && (p.at == p.end || *p.at != '}')) return not_a_header();
    }
    if (seen != HAS_ALL || p.at != p.end) return not_a_header();
    if (p.fortran && info->ndim > 1)
        return epo__fail(EPO_EUNSUPPORTED, "in Fortran order; save it with numpy.ascontiguousarray");
    /* a 0 among the dimensions must not hide that the others overflow: somebody will multiply some of them */
    size_t bytes = info->item_size;
    info->count = 1;
    for (int i = 0; i < info->ndim; i++) {
        size_t dim = info->dims[i];
        if (!epo__size_mul(bytes, dim ? dim : 1, &bytes)) return epo__fail(EPO_EFORMAT, "its shape is impossible");
    }
    for (int i = 0; i < info->ndim; i++) info->count *= info->dims[i];
    *swap = p.swap;
    return EPO_OK;
}
