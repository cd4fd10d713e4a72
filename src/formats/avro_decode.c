/* SPDX-License-Identifier: BSD-3-Clause
 * avro_decode.c - running a compiled schema over the bytes of a record.
 *
 * Each step takes bytes or goes one level down, levels are limited, and nothing is allocated: the time is bounded by
 * the number of bytes whatever the bytes say. */
#include <string.h>

#include "formats/avro_schema.h"

typedef struct cursor {
    const epo__avro_program *program;
    const unsigned char *at, *end;
    epo__avro_value *values;
    const char *why;
} cursor;

bool epo__avro_varint(const unsigned char **at, const unsigned char *end, int64_t *out)
{
    uint64_t raw = 0;
    const unsigned char *p = *at;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (p == end) return false;
        unsigned char byte = *p++;
        if (shift == 63 && byte > 1) return false;
        raw |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
            *at = p;
            return true;
        }
    }
    return false;
}

static bool fail(cursor *c, const char *why)
{
    c->why = why;
    return false;
}

static bool read_varint(cursor *c, int64_t *out)
{
    return epo__avro_varint(&c->at, c->end, out) || fail(c, "a number is cut short or too long");
}

static bool skip(cursor *c, uint64_t size)
{
    if (size > (uint64_t)(c->end - c->at)) return fail(c, "a value runs past the end of the block");
    c->at += size;
    return true;
}

static bool skip_text(cursor *c)
{
    int64_t size;
    if (!read_varint(c, &size)) return false;
    if (size < 0) return fail(c, "a text has a negative length");
    return skip(c, (uint64_t)size);
}

static uint64_t little_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

/* Keeps a value whose bytes [from, c->at) have just been stepped over. */
static void keep(cursor *c, const epo__avro_node *node, const unsigned char *from)
{
    epo__avro_value *value = &c->values[node->slot];
    *value = (epo__avro_value){.kind = node->kind};
    switch (node->kind) {
    case EPO__AVRO_BOOLEAN:
        value->integer = *from;
        break;
    case EPO__AVRO_INT:
    case EPO__AVRO_LONG:
    case EPO__AVRO_ENUM:
        epo__avro_varint(&from, c->at, &value->integer);
        break;
    case EPO__AVRO_FLOAT: {
        uint32_t bits = (uint32_t)little_endian(from, 4);
        float real;
        memcpy(&real, &bits, sizeof real);
        value->real = (double)real;
        break;
    }
    case EPO__AVRO_DOUBLE: {
        uint64_t bits = little_endian(from, 8);
        memcpy(&value->real, &bits, sizeof value->real);
        break;
    }
    case EPO__AVRO_BYTES:
    case EPO__AVRO_STRING: {
        int64_t size = 0;
        epo__avro_varint(&from, c->at, &size);
        value->bytes = from;
        value->size = (size_t)size;
        break;
    }
    case EPO__AVRO_FIXED:
        value->bytes = from;
        value->size = (size_t)node->size;
        break;
    default:
        break;
    }
}

static bool step(cursor *c, uint32_t index, int depth);

/* Arrays and maps come in blocks: a count, for a negative one the block's size in bytes, the items; 0 ends them. */
static bool step_many(cursor *c, const epo__avro_node *node, int depth)
{
    uint32_t child = c->program->children[node->first];
    bool map = node->kind == EPO__AVRO_MAP;
    for (;;) {
        int64_t count;
        if (!read_varint(c, &count)) return false;
        if (count == 0) return true;
        if (count < 0) {
            int64_t size; /* lets the block be stepped over whole */
            if (!read_varint(c, &size)) return false;
            if (size < 0) return fail(c, "an array has a negative size");
            if (!skip(c, (uint64_t)size)) return false;
            continue;
        }
        if (!map && c->program->nodes[child].empty) continue;
        if (count > c->end - c->at) return fail(c, "an array or map claims more items than there are bytes");
        for (int64_t i = 0; i < count; i++) {
            if (map && !skip_text(c)) return false;
            if (!step(c, child, depth)) return false;
        }
    }
}

static bool step(cursor *c, uint32_t index, int depth)
{
    const epo__avro_node *node = &c->program->nodes[index];
    const unsigned char *from = c->at;
    int64_t number;
    bool done = true;
    if (depth > EPO__AVRO_MAX_DEPTH) return fail(c, "values are nested too deep");
    switch (node->kind) {
    case EPO__AVRO_NULL:
        return true;
    case EPO__AVRO_BOOLEAN:
        if (c->at<c->end && * c->at> 1) return fail(c, "a boolean is neither 0 nor 1");
        done = skip(c, 1);
        break;
    case EPO__AVRO_INT:
        done = read_varint(c, &number) &&
               ((number >= INT32_MIN && number <= INT32_MAX) || fail(c, "an int is out of range"));
        break;
    case EPO__AVRO_LONG:
        done = read_varint(c, &number);
        break;
    case EPO__AVRO_ENUM:
        done = read_varint(c, &number) &&
               ((number >= 0 && (uint64_t)number < node->size) || fail(c, "an enum has no such symbol"));
        break;
    case EPO__AVRO_FLOAT:
        done = skip(c, 4);
        break;
    case EPO__AVRO_DOUBLE:
        done = skip(c, 8);
        break;
    case EPO__AVRO_BYTES:
    case EPO__AVRO_STRING:
        done = skip_text(c);
        break;
    case EPO__AVRO_FIXED:
        done = skip(c, node->size);
        break;
    case EPO__AVRO_ARRAY:
    case EPO__AVRO_MAP:
        return step_many(c, node, depth + 1);
    case EPO__AVRO_UNION:
        if (!read_varint(c, &number)) return false;
        if (number < 0 || number >= (int64_t)node->count) return fail(c, "a union has no such branch");
        return step(c, c->program->children[node->first + (uint32_t)number], depth + 1);
    case EPO__AVRO_RECORD:
        for (uint32_t i = 0; i < node->count; i++)
            if (!step(c, c->program->children[node->first + i], depth + 1)) return false;
        return true;
    }
    if (done && node->slot != EPO__AVRO_NO_SLOT) keep(c, node, from);
    return done;
}

bool epo__avro_decode(const epo__avro_program *program, const unsigned char **at, const unsigned char *end,
                      epo__avro_value *values, size_t count, const char **why)
{
    memset(values, 0, count * sizeof *values);
    cursor c = {program, *at, end, values, NULL};
    bool done = step(&c, program->root, 0);
    *why = c.why;
    if (done) *at = c.at;
    return done;
}
