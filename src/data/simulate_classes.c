/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_classes.c - classes from a text, and dealt to objects. */
#include "data/simulate_classes.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/simulate_sky.h"

/* --- reading
 * ---------------------------------------------------------------------------------------------------------- */

/* `length` characters of `text` as a string of up to 15; false when there are none or more. */
static bool copy_name(char out[16], const char *text, size_t length)
{
    if (length == 0 || length >= 16) return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool known(const char *name)
{
    for (const epo__light_kind *kind = epo__light_kinds; kind->name; kind++)
        if (strcmp(kind->class_name, name) == 0 || strcmp(kind->name, name) == 0) return true;
    return false;
}

/* "eclipsing+contact" */
static epo_status read_parts(const char *text, size_t length, epo__cast_class *c)
{
    const char *end = text + length;
    for (bool more = true; more;) {
        size_t part = strcspn(text, "+");
        if (part > (size_t)(end - text)) part = (size_t)(end - text);
        if (c->part_count == EPO__MAX_PARTS)
            return epo__fail(EPO_EARG, "classes: %s has more than %d parts", c->name, EPO__MAX_PARTS);
        if (!copy_name(c->parts[c->part_count], text, part) || !known(c->parts[c->part_count]))
            return epo__fail(EPO_EARG, "classes: '%.*s' is not simulated; `epochal simulate --kinds` lists what is",
                             (int)part, text);
        c->part_count++;
        more = text + part < end;
        text += part + more;
    }
    return EPO_OK;
}

/* "NAME=SHARE" or "NAME:PART+PART=SHARE" */
static epo_status read_class(const char *text, size_t length, epo__cast_class *out)
{
    const size_t name = strcspn(text, ":=,"), what = text[name] == ':' ? name + 1 : 0, equals = strcspn(text, "=,");
    char number[32] = "";
    *out = (epo__cast_class){.share = 0};
    if (what > 0 && !copy_name(out->name, text, name))
        return epo__fail(EPO_EARG, "classes: a class of one's own has a name of 1 to 15 characters, not '%.*s'",
                         (int)name, text);
    epo_status status = read_parts(text + what, equals - what, out);
    if (status != EPO_OK) return status;
    if (what == 0) memcpy(out->name, out->parts[0], sizeof out->name);
    if (what == 0 && out->part_count > 1)
        return epo__fail(EPO_EARG, "classes: '%.*s' needs a name: NAME:%.*s", (int)length, text, (int)length, text);
    if (length > equals && length - equals - 1 < sizeof number) memcpy(number, text + equals + 1, length - equals - 1);
    if (!epo__parse_double(number, &out->share) || !isfinite(out->share) || out->share < 0)
        return epo__fail(EPO_EARG, "classes: '%.*s' is not NAME=SHARE with a share of 0 or more", (int)length, text);
    return EPO_OK;
}

epo_status epo__cast_classes_read(const char *text, epo__cast_classes *out)
{
    double total = 0;
    out->count = 0;
    while (*text) {
        const size_t length = strcspn(text, ",");
        if (out->count == EPO__MAX_CLASSES) return epo__fail(EPO_EARG, "classes: more than %d", EPO__MAX_CLASSES);
        epo__cast_class *c = &out->list[out->count];
        epo_status status = read_class(text, length, c);
        if (status != EPO_OK) return status;
        for (size_t i = 0; i < out->count; i++)
            if (strcmp(out->list[i].name, c->name) == 0)
                return epo__fail(EPO_EARG, "classes: %s is there twice", c->name);
        total += c->share;
        out->count++;
        text += length + (text[length] == ',');
    }
    return total > 0 ? EPO_OK : epo__fail(EPO_EARG, "classes: no class has a share");
}

/* --- dealing
 * ---------------------------------------------------------------------------------------------------------- */

epo_status epo__cast_classes_deal(const epo__cast_classes *classes, uint64_t seed, const char *purpose, size_t count,
                                  const epo__cast_class **out)
{
    const epo__cast_class *list = classes->list;
    size_t *order = epo__alloc(count, sizeof *order), dealt = 0;
    double total = 0, given[EPO__MAX_CLASSES] = {0};
    if (!order) return epo__nomem("classes");
    for (size_t i = 0; i < classes->count; i++) total += list[i].share;
    for (size_t i = 0; i < count; i++) order[i] = i;
    epo__rng rng = epo__simulate_rng(seed, purpose, 0);
    epo__rng_shuffle(&rng, order, count);
    for (size_t i = 0; i < classes->count; i++) {
        given[i] = floor((double)count * (list[i].share / total));
        for (size_t n = (size_t)given[i]; n > 0 && dealt < count; n--) /* rounding must not deal one too many */
            out[order[dealt++]] = &list[i];
    }
    while (dealt < count) {
        size_t neediest = 0;
        for (size_t i = 1; i < classes->count; i++)
            if ((double)count * (list[i].share / total) - given[i] >
                (double)count * (list[neediest].share / total) - given[neediest])
                neediest = i;
        given[neediest]++;
        out[order[dealt++]] = &list[neediest];
    }
    free(order);
    return EPO_OK;
}

const epo__light_kind *epo__cast_class_draw(const epo__cast_class *c, epo__rng *rng)
{
    /* one part needs no draw, so that a class of the table draws as it always did */
    const size_t part = c->part_count > 1 ? epo__rng_below(rng, (uint32_t)c->part_count) : 0;
    return epo__light_kind_draw(c->parts[part], rng);
}
