/* SPDX-License-Identifier: BSD-3-Clause
 * page_check.h - a strict reader of pages: tags are balanced, attributes quoted, ids unique, references end, and
 * nothing is loaded or run. */
#ifndef EPO_TESTS_REPORT_PAGE_CHECK_H
#define EPO_TESTS_REPORT_PAGE_CHECK_H

#include <ctype.h>
#include <stdlib.h>

#include "support/check.h"

enum { CHECK_DEPTH = 64, CHECK_IDS = 256, CHECK_NAME = 32 };

typedef struct page_check {
    const char *at, *page;
    char open[CHECK_DEPTH][CHECK_NAME];
    size_t depth;
    char ids[CHECK_IDS][64];
    size_t id_count, tags, images;
} page_check;

static inline void page_bad(const page_check *c, const char *what)
{
    fail_msg("%s at byte %zu: \"%.80s\"", what, (size_t)(c->at - c->page), c->at);
}

static inline void page_name(page_check *c, char out[CHECK_NAME])
{
    size_t n = 0;
    while (isalnum((unsigned char)*c->at) && n + 1 < CHECK_NAME) out[n++] = *c->at++;
    out[n] = '\0';
    if (n == 0) page_bad(c, "no name of a tag");
}

/* &name; or &#123; */
static inline void page_reference(page_check *c)
{
    const char *end = c->at + 1;
    while (isalnum((unsigned char)*end) || *end == '#') end++;
    if (*end != ';' || end == c->at + 1) page_bad(c, "a bare &");
    c->at = end + 1;
}

static inline void page_attribute(page_check *c)
{
    char name[CHECK_NAME], value[64];
    size_t n = 0, length = 0;
    while ((isalnum((unsigned char)*c->at) || *c->at == '-') && n + 1 < CHECK_NAME) name[n++] = *c->at++;
    name[n] = '\0';
    if (n == 0 || *c->at != '=' || c->at[1] != '"') page_bad(c, "an attribute that is not name=\"value\"");
    c->at += 2;
    while (*c->at && *c->at != '"') {
        if (*c->at == '<') page_bad(c, "< in an attribute");
        if (length + 1 < sizeof value) value[length++] = *c->at;
        if (*c->at == '&')
            page_reference(c);
        else
            c->at++;
    }
    value[length] = '\0';
    if (*c->at++ != '"') page_bad(c, "an attribute without an end");
    if (strncmp(name, "on", 2) == 0) page_bad(c, "a handler");
    if (strcmp(name, "href") == 0 && value[0] != '#') page_bad(c, "a link that leaves the page");
    if (strcmp(name, "src") == 0 && strncmp(value, "data:image/png;base64,", 22) != 0)
        page_bad(c, "something is loaded");
    if (strcmp(name, "style") == 0 && strstr(value, "url")) page_bad(c, "something is loaded");
    if (strcmp(name, "id") != 0) return;
    for (size_t i = 0; i < c->id_count; i++)
        if (strcmp(c->ids[i], value) == 0) page_bad(c, "an id that was there before");
    assert_true(c->id_count < CHECK_IDS);
    snprintf(c->ids[c->id_count++], sizeof c->ids[0], "%s", value);
}

static inline void page_tag(page_check *c)
{
    static const char *const empty[] = {"meta", "br", "img"}, *const refused[] = {"script", "link",         "iframe",
                                                                                  "object", "base",         "embed",
                                                                                  "form",   "foreignObject"};
    char name[CHECK_NAME];
    bool closes_itself = false;
    c->at++;
    if (*c->at == '/') {
        c->at++;
        page_name(c, name);
        if (*c->at++ != '>') page_bad(c, "a closing tag that goes on");
        if (c->depth == 0 || strcmp(c->open[c->depth - 1], name) != 0) page_bad(c, "this was not open");
        c->depth--;
        return;
    }
    page_name(c, name);
    c->tags++;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(name, refused[i]) == 0) page_bad(c, "no such element on a page");
    while (*c->at == ' ') {
        c->at++;
        page_attribute(c);
    }
    if (*c->at == '/') {
        closes_itself = true;
        c->at++;
    }
    if (*c->at++ != '>') page_bad(c, "a tag without an end");
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) closes_itself |= strcmp(name, empty[i]) == 0;
    c->images += strcmp(name, "img") == 0;
    if (closes_itself) return;
    assert_true(c->depth < CHECK_DEPTH);
    memcpy(c->open[c->depth++], name, sizeof name);
    if (strcmp(name, "style") != 0) return;
    const char *end = strstr(c->at, "</style>");
    if (!end) page_bad(c, "a style without an end");
    for (const char *p = c->at; p < end; p++)
        if (strncmp(p, "url(", 4) == 0 || strncmp(p, "@import", 7) == 0) page_bad(c, "something is loaded");
    c->at = end;
}

/* Fails the test when the page is not well-formed and self-contained; tells what was on it. */
static inline page_check page_read(const char *page)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    page_check c = {.at = page, .page = page};
    if (strncmp(page, doctype, sizeof doctype - 1) != 0) page_bad(&c, "no doctype");
    c.at += sizeof doctype - 1;
    while (*c.at) {
        const unsigned char byte = (unsigned char)*c.at;
        if (byte == '<')
            page_tag(&c);
        else if (byte == '&')
            page_reference(&c);
        else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f || byte == '>')
            page_bad(&c, "a character that should have been escaped");
        else
            c.at++;
    }
    if (c.depth) page_bad(&c, c.open[c.depth - 1]);
    return c;
}

#endif
