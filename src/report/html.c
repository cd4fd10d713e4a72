/* SPDX-License-Identifier: BSD-3-Clause
 * html.c - writing HTML into a growing string. */
#include "report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epochal/version.h"

static const char style[] =
#include "style_css.h"
    ;
static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static const char *entity(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void epo__html_textn(epo__string *out, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        size_t n = epo__utf8_length(text);
        if (n > (size_t)(end - text)) n = 0;
        const char *named = n == 1 ? entity(*text) : NULL;
        if (named)
            epo__string_add(out, named);
        else if (n && epo__utf8_plain(text, n))
            epo__string_addn(out, text, n);
        else
            epo__string_add(out, replacement);
        text += n ? n : 1;
    }
}

void epo__html_text(epo__string *out, const char *text)
{
    if (text) epo__html_textn(out, text, strlen(text));
}

void epo__html_code(epo__string *out, const char *text)
{
    epo__string_add(out, "<code>");
    epo__html_text(out, text);
    epo__string_add(out, "</code>");
}

void epo__html_name(epo__string *out, const char *name)
{
    epo__string_add(out, "<bdi>");
    epo__html_text(out, name);
    epo__string_add(out, "</bdi>");
}

/* --- numbers --------------------------------------------------------------------------------------------------------
 */

void epo__html_number(epo__string *out, double value)
{
    if (isnan(value))
        epo__string_add(out, "&ndash;");
    else if (isinf(value))
        epo__string_add(out, value < 0 ? "&minus;&infin;" : "&infin;");
    else
        epo__string_addf(out, "%s%.3f", value < 0 && value > -HUGE_VAL ? "&minus;" : "", fabs(value));
}

void epo__html_signed(epo__string *out, double value)
{
    if (value >= 0) epo__string_add(out, "+");
    epo__html_number(out, value);
}

void epo__html_count(epo__string *out, int64_t value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    const size_t length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (i && digits[i - 1] != '-' && (length - i) % 3 == 0 && length > 4) epo__string_add(out, "&#8239;");
        epo__string_addn(out, digits + i, 1);
    }
}

void epo__html_estimate(epo__string *out, const epo_estimate *e)
{
    epo__html_number(out, e->value);
    if (isnan(e->low) || isnan(e->high)) return;
    epo__string_add(out, " <small>[");
    epo__html_number(out, e->low);
    epo__string_add(out, ", ");
    epo__html_number(out, e->high);
    epo__string_add(out, "]</small>");
}

void epo__html_td_number(epo__string *out, double value)
{
    epo__string_add(out, "<td class=\"n\">");
    epo__html_number(out, value);
    epo__string_add(out, "</td>");
}

void epo__html_td_count(epo__string *out, int64_t value)
{
    epo__string_add(out, "<td class=\"n\">");
    epo__html_count(out, value);
    epo__string_add(out, "</td>");
}

void epo__html_td_estimate(epo__string *out, const epo_estimate *estimate)
{
    epo__string_add(out, "<td class=\"n\">");
    epo__html_estimate(out, estimate);
    epo__string_add(out, "</td>");
}

void epo__html_td_text(epo__string *out, const char *text)
{
    epo__string_add(out, "<td>");
    epo__html_name(out, text);
    epo__string_add(out, "</td>");
}

/* --- facts ----------------------------------------------------------------------------------------------------------
 */

static void begin_fact(epo__string *out, const char *name)
{
    epo__string_add(out, "<tr><th scope=\"row\">");
    epo__html_text(out, name);
    epo__string_add(out, "</th><td>");
}

void epo__html_fact(epo__string *out, const char *name, const char *text)
{
    if (!text || !*text) return;
    begin_fact(out, name);
    epo__html_name(out, text);
    epo__string_add(out, "</td></tr>\n");
}

void epo__html_fact_code(epo__string *out, const char *name, const char *text)
{
    if (!text || !*text) return;
    begin_fact(out, name);
    epo__html_code(out, text);
    epo__string_add(out, "</td></tr>\n");
}

void epo__html_fact_count(epo__string *out, const char *name, int64_t value)
{
    begin_fact(out, name);
    epo__html_count(out, value);
    epo__string_add(out, "</td></tr>\n");
}

/* --- the page -------------------------------------------------------------------------------------------------------
 */

void epo__html_begin(epo__string *out, const char *title)
{
    /* nothing may be loaded or run, whatever a name might smuggle in */
    epo__string_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                         "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                         "<meta name=\"generator\" content=\"Epochal " EPO_VERSION_STRING "\">\n<title>");
    epo__html_text(out, title);
    epo__string_add(out, "</title>\n<style>\n");
    epo__string_add(out, style);
    epo__string_add(out, "</style>\n</head>\n<body>\n");
}

void epo__html_end(epo__string *out)
{
    epo__string_add(out, "</body>\n</html>\n");
}

void epo__html_section(epo__string *out, const char *id, const char *title)
{
    epo__string_addf(out, "<h2 id=\"%s\">%s</h2>\n", id, title);
}
