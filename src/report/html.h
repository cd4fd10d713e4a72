/* SPDX-License-Identifier: BSD-3-Clause
 * html.h - writing HTML into a growing string: what came from outside is always escaped here, and numbers look the same
 * everywhere. Markup of our own goes in with epo__string_add. */
#ifndef EPO_REPORT_HTML_H
#define EPO_REPORT_HTML_H

#include <stdint.h>

#include "base/text.h"
#include "epochal/evaluate.h"

/* Text for an element or a quoted attribute, also inside SVG. Bytes that are no UTF-8, control characters other than
 * tab and line feed, and characters that turn the direction of text become U+FFFD. NULL is "". */
void epo__html_text(epo__string *out, const char *text);
void epo__html_textn(epo__string *out, const char *text, size_t length);

/* The same in <code>. */
void epo__html_code(epo__string *out, const char *text);

/* A name from outside, which must not change the direction of the text around it: <bdi>. */
void epo__html_name(epo__string *out, const char *name);

/* "0.597"; a dash for NaN. */
void epo__html_number(epo__string *out, double value);
void epo__html_signed(epo__string *out, double value); /* "+0.012" */
void epo__html_count(epo__string *out, int64_t value); /* "12 345", with thin spaces */

/* "0.597 [0.557, 0.671]"; without the interval where there is none. */
void epo__html_estimate(epo__string *out, const epo_estimate *estimate);

/* <td class="n">: a number, a count, an estimate. */
void epo__html_td_number(epo__string *out, double value);
void epo__html_td_count(epo__string *out, int64_t value);
void epo__html_td_estimate(epo__string *out, const epo_estimate *estimate);
void epo__html_td_text(epo__string *out, const char *text);

/* A row of a table of facts; nothing for a text that is NULL or "". */
void epo__html_fact(epo__string *out, const char *name, const char *text);
void epo__html_fact_code(epo__string *out, const char *name, const char *text);
void epo__html_fact_count(epo__string *out, const char *name, int64_t value);

/* Everything up to <body>, with the style; and what closes it. */
void epo__html_begin(epo__string *out, const char *title);
void epo__html_end(epo__string *out);

/* <h2 id="ID">. `id` and `title` are ours. */
void epo__html_section(epo__string *out, const char *id, const char *title);

#endif
