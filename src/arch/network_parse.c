/* SPDX-License-Identifier: BSD-3-Clause
 * network_parse.c - a network text to an epo__network (network.h has the grammar).
 *
 * The text is copied once and cut into words in place; lines and arguments point into that copy. What a layer's options
 * mean is nn's business and is checked when the chain is built (network_build.c). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arch/network.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "image/normalise.h"

enum { MAX_KEYS = 4 }; /* of one statement */

typedef struct reader {
    epo__network *network;
    int line;                      /* being read, from 1 */
    epo__network_section *section; /* being read; NULL above `encoder` */
    size_t section_capacity;       /* of its lines */
    size_t layers;                 /* of all sections so far */
    int *seen;                     /* a statement: the line it was on; 0: not yet */
} reader;

static epo_status wrong(const reader *r, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static epo_status wrong(const reader *r, int line, const char *format, ...)
{
    char reason[384];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return epo__fail(EPO_EMODEL, "%s:%d: %s", r->network->source, line, reason);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the next word off *rest; NULL when there is none. */
static char *next_word(char **rest)
{
    char *word = *rest;
    while (is_blank(*word)) word++;
    if (!*word) return NULL;
    char *end = word;
    while (*end && !is_blank(*end)) end++;
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

/* --- names, numbers and lists ----------------------------------------------------------------------------------------- */

/* Names go into file names, tensor names, tables and comma-separated lists: letters, digits and a few signs. */
static bool is_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > EPO__MAX_NETWORK_NAME) return false;
    for (; *text; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9');
        if (!plain && !strchr("_-.+?/", *text)) return false;
    }
    return true;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++) free(names[i]);
    free(names);
}

/* Copies `count` names, which must be good names and differ also when letters are compared without case. EPO_EARG. */
static epo_status copy_names(const char *what, const char *const *names, size_t count, char ***out)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_name(names[i]))
            return epo__fail(EPO_EARG, "%s \"%.80s\": up to %d letters, digits and _-.+?/ make a name", what, names[i],
                             EPO__MAX_NETWORK_NAME);
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(names[i], names[j]) == 0) return epo__fail(EPO_EARG, "%s \"%s\" is there twice", what, names[i]);
    }
    char **copies = epo__alloc(count, sizeof *copies);
    if (!copies) return epo__nomem(what);
    for (size_t i = 0; i < count; i++) {
        copies[i] = epo__strdup(names[i]);
        if (!copies[i]) {
            free_names(copies, count);
            return epo__nomem(what);
        }
    }
    *out = copies;
    return EPO_OK;
}

/* "A,B,C" to names. EPO_EARG when there are fewer than `low` or more than `high`. */
static epo_status split_names(const char *what, const char *list, size_t low, size_t high, char ***out, size_t *out_count)
{
    epo_status status = EPO_OK;
    const char **names = NULL;
    char *copy = epo__strdup(list);
    size_t count = 1;
    for (const char *c = list; *c; c++) count += *c == ',';
    if (count < low || count > high) {
        status = low == high ? epo__fail(EPO_EARG, "%s: %zu names given, not %zu", what, count, low)
                             : epo__fail(EPO_EARG, "%s: %zu names given, not %zu to %zu", what, count, low, high);
        goto done;
    }
    names = epo__alloc(count, sizeof *names);
    if (!copy || !names) {
        status = epo__nomem(what);
        goto done;
    }
    char *at = copy;
    for (size_t i = 0; i < count; i++) {
        names[i] = at;
        char *comma = strchr(at, ',');
        if (comma) {
            *comma = '\0';
            at = comma + 1;
        }
    }
    status = copy_names(what, names, count, out);
    if (status == EPO_OK) *out_count = count;
done:
    free(names);
    free(copy);
    return status;
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

/* Cuts `rest` into arguments; a value without a key has the key "". */
static epo_status cut_args(const reader *r, char *rest, epo__layer_arg args[EPO__MAX_ARGS], size_t *count)
{
    *count = 0;
    for (char *word; (word = next_word(&rest)) != NULL; (*count)++) {
        if (*count == EPO__MAX_ARGS) return wrong(r, r->line, "more than %d options", EPO__MAX_ARGS);
        char *equals = strchr(word, '=');
        if (equals == word || (equals && !equals[1])) return wrong(r, r->line, "\"%.80s\": an option is key=value", word);
        if (equals) *equals = '\0';
        args[*count] = (epo__layer_arg){.key = equals ? word : "", .value = equals ? equals + 1 : word};
        for (size_t i = 0; i < *count; i++)
            if (strcmp(args[i].key, args[*count].key) == 0)
                return equals ? wrong(r, r->line, "option \"%.80s\" is there twice", word)
                              : wrong(r, r->line, "\"%.80s\" and \"%.80s\": only one value goes without key=", args[i].value, word);
    }
    return EPO_OK;
}

/* Puts the value of each of `keys` (ending with NULL; "" is the value without a key) into `values`, NULL where not given. */
static epo_status take_options(const reader *r, char *rest, const char *const keys[MAX_KEYS + 1], const char *values[MAX_KEYS])
{
    epo__layer_arg args[EPO__MAX_ARGS];
    size_t count;
    epo_status status = cut_args(r, rest, args, &count);
    if (status != EPO_OK) return status;
    for (size_t k = 0; k < MAX_KEYS; k++) values[k] = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (keys[k] && strcmp(keys[k], args[i].key) != 0) k++;
        if (keys[k]) {
            values[k] = args[i].value;
            continue;
        }
        char known[160] = "";
        for (k = 0; keys[k]; k++)
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", k ? ", " : "", *keys[k] ? keys[k] : "a value");
        return wrong(r, r->line, "unknown option \"%.80s%s%.80s\"; known: %s", args[i].key, *args[i].key ? "=" : "", args[i].value,
                     *known ? known : "none");
    }
    return EPO_OK;
}

static epo_status take_int(const reader *r, const char *key, const char *text, int high, int *out)
{
    int64_t value;
    if (!text) return wrong(r, r->line, "%s= is missing", key);
    if (!epo__parse_int(text, 1, high, &value)) return wrong(r, r->line, "%s=%.80s: a whole number from 1 to %d", key, text, high);
    *out = (int)value;
    return EPO_OK;
}

/* One of two words; *second tells which. `text` NULL is refused. */
static epo_status take_choice(const reader *r, const char *text, const char *first_word, const char *second_word, bool *second)
{
    if (text && strcmp(text, first_word) == 0) {
        *second = false;
        return EPO_OK;
    }
    if (text && strcmp(text, second_word) == 0) {
        *second = true;
        return EPO_OK;
    }
    return wrong(r, r->line, "\"%.80s\": %s or %s", text ? text : "", first_word, second_word);
}

/* The rest of the line as it stands. */
static epo_status take_text(const reader *r, char *rest, char **out)
{
    while (is_blank(*rest)) rest++;
    size_t length = strlen(rest);
    while (length && is_blank(rest[length - 1])) length--;
    if (!length) return wrong(r, r->line, "the text is missing");
    free(*out);
    *out = epo__strndup(rest, length);
    return *out ? EPO_OK : epo__nomem("network");
}

static epo_status read_network(reader *r, char *rest)
{
    epo_status status = take_text(r, rest, &r->network->name);
    if (status == EPO_OK && !is_name(r->network->name))
        return wrong(r, r->line, "\"%.80s\": up to %d letters, digits and _-.+?/ make a name", r->network->name, EPO__MAX_NETWORK_NAME);
    return status;
}

static epo_status read_about(reader *r, char *rest)
{
    return take_text(r, rest, &r->network->about);
}

static epo_status read_normalise(reader *r, char *rest)
{
    epo__normaliser known;
    epo_status status = take_text(r, rest, &r->network->normalise);
    if (status == EPO_OK && epo__normaliser_parse(r->network->normalise, &known) != EPO_OK) return wrong(r, r->line, "%s", epo_error_message());
    return status;
}

static epo_status read_input(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {"planes", "size", "height", "width"};
    const char *values[MAX_KEYS];
    epo__network *n = r->network;
    epo_status status = take_options(r, rest, keys, values);
    if (status != EPO_OK) return status;
    if (values[1] && (values[2] || values[3])) return wrong(r, r->line, "size= stands for height= and width=: give one or the other");
    if ((status = take_int(r, "planes", values[0], EPO__MAX_PLANES, &n->planes)) != EPO_OK) return status;
    if (values[1]) {
        status = take_int(r, "size", values[1], EPO__MAX_SIDE, &n->height);
        n->width = n->height;
        return status;
    }
    if ((status = take_int(r, "height", values[2], EPO__MAX_SIDE, &n->height)) != EPO_OK) return status;
    return take_int(r, "width", values[3], EPO__MAX_SIDE, &n->width);
}

static epo_status read_fusion(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {""};
    const char *values[MAX_KEYS];
    epo_status status = take_options(r, rest, keys, values);
    return status == EPO_OK ? take_choice(r, values[0], "early", "late", &r->network->late_fusion) : status;
}

static epo_status read_join(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {""};
    const char *values[MAX_KEYS];
    epo_status status = take_options(r, rest, keys, values);
    return status == EPO_OK ? take_choice(r, values[0], "none", "horizontal", &r->network->join_horizontal) : status;
}

static epo_status read_pad(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {"", "value"};
    const char *values[MAX_KEYS];
    epo_status status = take_options(r, rest, keys, values);
    if (status != EPO_OK) return status;
    if ((status = take_choice(r, values[0], "centre", "corner", &r->network->pad_corner)) != EPO_OK || !values[1]) return status;
    double value;
    if (!epo__parse_double(values[1], &value) || !isfinite((float)value))
        return wrong(r, r->line, "value=%.80s: a finite number", values[1]);
    r->network->pad_value = (float)value;
    return EPO_OK;
}

static void begin_section(reader *r, epo__network_section *section)
{
    section->present = true;
    section->number = r->line;
    r->section = section;
    r->section_capacity = 0;
}

static epo_status read_encoder(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {NULL};
    const char *values[MAX_KEYS];
    begin_section(r, &r->network->encoder);
    return take_options(r, rest, keys, values);
}

static epo_status read_head(reader *r, epo_head head, const char *classes)
{
    if (!r->network->encoder.present) return wrong(r, r->line, "a head comes after the encoder");
    epo__network_section *section = &r->network->heads[head];
    begin_section(r, section);
    if (!classes) return wrong(r, r->line, "classes= is missing");
    epo_status status = split_names("class", classes, 2, EPO__MAX_CLASSES, &section->classes, &section->class_count);
    return status == EPO_EARG ? wrong(r, r->line, "%s", epo_error_message()) : status;
}

static epo_status read_triplet(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {"classes"};
    const char *values[MAX_KEYS];
    epo_status status = take_options(r, rest, keys, values);
    return status == EPO_OK ? read_head(r, EPO_HEAD_TRIPLET, values[0]) : status;
}

static epo_status read_sequence(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {"classes", "nights", "dates", "stride"};
    const char *values[MAX_KEYS];
    int nights = 0;
    epo_status status = take_options(r, rest, keys, values);
    if (status != EPO_OK || (status = read_head(r, EPO_HEAD_SEQUENCE, values[0])) != EPO_OK) return status;
    if ((status = take_int(r, "nights", values[1], EPO__MAX_PLANES, &nights)) != EPO_OK) return status;
    if (nights != r->network->planes) return wrong(r, r->line, "nights=%d, but the input has planes=%d", nights, r->network->planes);
    if (values[3] && (status = take_int(r, "stride", values[3], nights, &r->network->stride)) != EPO_OK) return status;
    return values[2] ? take_choice(r, values[2], "off", "on", &r->network->dates) : EPO_OK;
}

static epo_status read_stamp(reader *r, char *rest)
{
    const char *const keys[MAX_KEYS + 1] = {"classes", "planes"};
    const char *values[MAX_KEYS];
    epo_status status = take_options(r, rest, keys, values);
    if (status != EPO_OK || (status = read_head(r, EPO_HEAD_STAMP, values[0])) != EPO_OK) return status;
    if (!values[1]) return wrong(r, r->line, "planes= is missing");
    char **roles = NULL;
    size_t count = (size_t)r->network->planes;
    status = split_names("plane", values[1], count, count, &roles, &count);
    if (status != EPO_OK) return status == EPO_EARG ? wrong(r, r->line, "%s", epo_error_message()) : status;
    memcpy(r->network->roles, roles, count * sizeof *roles);
    free(roles);
    return EPO_OK;
}

static const struct statement {
    const char *word;
    epo_status (*read)(reader *r, char *rest);
    bool section;
} statements[] = {
    {"network", read_network, false}, {"about", read_about, false},         {"input", read_input, false},
    {"fusion", read_fusion, false},   {"join", read_join, false},           {"normalise", read_normalise, false},
    {"pad", read_pad, false},         {"encoder", read_encoder, true},      {"triplet", read_triplet, true},
    {"sequence", read_sequence, true}, {"stamp", read_stamp, true},
};
enum { STATEMENTS = sizeof statements / sizeof *statements };

static int statement_index(const char *word)
{
    for (int i = 0; i < STATEMENTS; i++)
        if (strcmp(statements[i].word, word) == 0) return i;
    return -1;
}

static int line_of(const reader *r, const char *word)
{
    return r->seen[statement_index(word)];
}

static epo_status read_layer(reader *r, const char *word, char *rest)
{
    if (r->layers == EPO__MAX_LAYERS) return wrong(r, r->line, "more than %d layers", EPO__MAX_LAYERS);
    epo__network_section *section = r->section;
    if (!epo__grow(&section->lines, &r->section_capacity, section->line_count + 1, sizeof *section->lines))
        return epo__nomem("network");
    epo__layer_arg args[EPO__MAX_ARGS];
    epo__network_line *line = &section->lines[section->line_count];
    epo_status status = cut_args(r, rest, args, &line->arg_count);
    if (status != EPO_OK) return status;
    line->args = epo__alloc(line->arg_count, sizeof *line->args);
    if (!line->args) return epo__nomem("network");
    memcpy(line->args, args, line->arg_count * sizeof *args);
    line->number = r->line;
    line->word = word;
    section->line_count++;
    r->layers++;
    return EPO_OK;
}

static epo_status read_line(reader *r, char *text)
{
    for (char *c = text; *c; c++) {
        if (*c == '#' && (c == text || is_blank(c[-1]))) {
            *c = '\0';
            break;
        }
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) return wrong(r, r->line, "a control byte (%d)", *c);
    }
    char *rest = text;
    const char *word = next_word(&rest);
    if (!word) return EPO_OK;
    int i = statement_index(word);
    if (i < 0 && r->section) return read_layer(r, word, rest);
    if (i < 0) {
        char known[160] = "";
        for (i = 0; i < STATEMENTS; i++)
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", statements[i].word);
        return wrong(r, r->line, "unknown statement \"%.80s\"; known: %s (layers come after encoder)", word, known);
    }
    if (r->seen[i]) return wrong(r, r->line, "%s is already on line %d", word, r->seen[i]);
    if (r->section && !statements[i].section) return wrong(r, r->line, "%s must come before encoder", word);
    if (statements[i].section && !line_of(r, "input")) return wrong(r, r->line, "input must come before %s", word);
    r->seen[i] = r->line;
    return statements[i].read(r, rest);
}

/* --- the whole -------------------------------------------------------------------------------------------------------- */

static epo_status check_whole(const reader *r)
{
    const epo__network *n = r->network;
    bool any_head = false;
    if (!n->name) return wrong(r, r->line, "the statement \"network\" is missing");
    if (!n->encoder.present) return wrong(r, r->line, "the encoder is missing");
    if (!n->encoder.line_count) return wrong(r, n->encoder.number, "the encoder has no layers");
    if (n->join_horizontal && n->late_fusion) return wrong(r, line_of(r, "join"), "planes fused late are not joined");
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        const epo__network_section *head = &n->heads[h];
        if (!head->present) continue;
        any_head = true;
        const epo__network_line *last = head->line_count ? &head->lines[head->line_count - 1] : NULL;
        if (!last || (strcmp(last->word, "softmax") != 0 && strcmp(last->word, "sigmoid") != 0))
            return wrong(r, last ? last->number : head->number, "a head ends in softmax or sigmoid");
    }
    return any_head ? EPO_OK : wrong(r, r->line, "there is no head: triplet, sequence or stamp");
}

static epo_status set_default(char **field, const char *text)
{
    if (!*field) *field = epo__strdup(text);
    return *field ? EPO_OK : epo__nomem("network");
}

epo_status epo__network_parse(const char *source, const char *text, epo__network **out)
{
    epo_status status = EPO_OK;
    int seen[STATEMENTS] = {0};
    reader r = {.network = epo__alloc(1, sizeof(epo__network)), .seen = seen};
    if (!r.network) return epo__nomem("network");
    r.network->source = epo__strdup(source);
    r.network->text = epo__strdup(text);
    r.network->storage = epo__strdup(text);
    if (!r.network->source || !r.network->text || !r.network->storage) {
        status = epo__nomem("network");
        goto done;
    }
    if (strlen(text) > EPO__MAX_NETWORK_TEXT) {
        status = epo__fail(EPO_EMODEL, "%s: a network text has at most %d bytes", source, EPO__MAX_NETWORK_TEXT);
        goto done;
    }
    for (char *line = r.network->storage; line && status == EPO_OK;) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        size_t length = strlen(line);
        if (length && line[length - 1] == '\r') line[length - 1] = '\0';
        r.line++;
        status = read_line(&r, line);
        line = end && end[1] ? end + 1 : NULL;
    }
    if (status == EPO_OK) status = check_whole(&r);
    if (status == EPO_OK) status = set_default(&r.network->about, "");
    if (status == EPO_OK) status = set_default(&r.network->normalise, "none");
    if (!r.network->stride) r.network->stride = r.network->planes;
done:
    if (status == EPO_OK)
        *out = r.network;
    else
        epo__network_free(r.network);
    return status;
}

static void free_section(epo__network_section *section)
{
    for (size_t i = 0; i < section->line_count; i++) free(section->lines[i].args);
    free(section->lines);
    free_names(section->classes, section->class_count);
}

void epo__network_free(epo__network *network)
{
    if (!network) return;
    free_section(&network->encoder);
    for (int h = 0; h < EPO_HEAD_COUNT; h++) free_section(&network->heads[h]);
    for (int p = 0; p < EPO__MAX_PLANES; p++) free(network->roles[p]);
    free(network->source);
    free(network->text);
    free(network->name);
    free(network->about);
    free(network->normalise);
    free(network->storage);
    free(network);
}

static void replace_classes(epo__network_section *section, char **names, size_t count)
{
    free_names(section->classes, section->class_count);
    section->classes = names;
    section->class_count = count;
}

epo_status epo__network_set_head_classes(epo__network *network, epo_head head, const char *const *names, size_t count)
{
    char **copies;
    if (!network->heads[head].present) return epo__fail(EPO_EARG, "%s: there is no %s head", network->source, epo_head_name(head));
    if (count < 2 || count > EPO__MAX_CLASSES)
        return epo__fail(EPO_EARG, "%zu classes: 2 to %d make a task", count, EPO__MAX_CLASSES);
    epo_status status = copy_names("class", names, count, &copies);
    if (status == EPO_OK) replace_classes(&network->heads[head], copies, count);
    return status;
}

epo_status epo__network_set_classes(epo__network *network, const char *classes)
{
    epo__network_section *triplet = &network->heads[EPO_HEAD_TRIPLET], *sequence = &network->heads[EPO_HEAD_SEQUENCE];
    epo__network_section *targets[2] = {triplet->present ? triplet : NULL, sequence->present ? sequence : NULL};
    if (!targets[0] && !targets[1]) targets[0] = &network->heads[EPO_HEAD_STAMP];
    if (targets[0] && !targets[0]->present) return epo__fail(EPO_EARG, "%s: there is no head that takes classes", network->source);
    char **lists[2] = {NULL, NULL};
    size_t count = 0;
    for (int i = 0; i < 2; i++) {
        epo_status status = targets[i] ? split_names("class", classes, 2, EPO__MAX_CLASSES, &lists[i], &count) : EPO_OK;
        if (status != EPO_OK) {
            free_names(lists[0], count);
            return status;
        }
    }
    for (int i = 0; i < 2; i++)
        if (targets[i]) replace_classes(targets[i], lists[i], count);
    return EPO_OK;
}
