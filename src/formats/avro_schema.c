/* SPDX-License-Identifier: BSD-3-Clause
 * avro_schema.c - compiling a schema.
 *
 * The wanted paths are walked along with the schema: a `want` says which of them lead through, or to, the type being
 * compiled. A named type is compiled once for each different want. Names are resolved as the Avro specification says (a
 * name with a dot is full; else it is in the namespace of the type around it), and used only after their definition.
 *
 * `scope` is the full name of the named type around the one at hand ("" outside any): what stands before its last dot
 * is the namespace. */
#include "formats/avro_schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

/* MAX_TYPES keeps the linear search for names short; alerts have about ten. */
enum { MAX_NESTING = 256 /* of the schema's JSON */, MAX_TYPES = 512 };

typedef struct want {
    const char *prefix; /* of a path: "candidate."; not terminated; NULL where nothing below is wanted */
    size_t length;
    int slot; /* the value itself is wanted */
} want;

typedef struct definition {
    char *name; /* full */
    const json_t *json;
    epo__avro_kind kind;
    want asked;
    uint32_t node;
} definition;

typedef struct compiler {
    const char *const *paths;
    size_t path_count;
    epo__avro_program *program;
    size_t node_count, node_capacity, child_count, child_capacity;
    definition definitions[MAX_TYPES];
    size_t definition_count;
    int depth;
} compiler;

static const want NOTHING = {NULL, 0, EPO__AVRO_NO_SLOT};

static epo_status compile(compiler *c, const json_t *json, const char *scope, want w, uint32_t *out);

static epo_status add_node(compiler *c, epo__avro_node node, uint32_t *out)
{
    if (!epo__grow(&c->program->nodes, &c->node_capacity, c->node_count + 1, sizeof *c->program->nodes))
        return epo__nomem("Avro schema");
    if (node.slot != EPO__AVRO_NO_SLOT && node.kind != EPO__AVRO_NULL) c->program->found |= UINT64_C(1) << node.slot;
    c->program->nodes[c->node_count] = node;
    *out = (uint32_t)c->node_count++;
    return EPO_OK;
}

static epo_status set_children(compiler *c, uint32_t node, const uint32_t *children, size_t count)
{
    if (!epo__grow(&c->program->children, &c->child_capacity, c->child_count + count, sizeof *children))
        return epo__nomem("Avro schema");
    if (count) memcpy(c->program->children + c->child_count, children, count * sizeof *children);
    c->program->nodes[node].first = (uint32_t)c->child_count;
    c->program->nodes[node].count = (uint32_t)count;
    c->child_count += count;
    return EPO_OK;
}

/* What is wanted of field `name` of a record under `w`. */
static want want_field(const compiler *c, want w, const char *name)
{
    want found = NOTHING;
    size_t n = strlen(name);
    for (size_t i = 0; w.prefix && i < c->path_count; i++) {
        const char *path = c->paths[i];
        if (strncmp(path, w.prefix, w.length) != 0 || strncmp(path + w.length, name, n) != 0) continue;
        const char *rest = path + w.length + n;
        if (*rest == '\0') return (want){NULL, 0, (int)i};
        if (*rest == '.') found = (want){path, w.length + n + 1, EPO__AVRO_NO_SLOT};
    }
    return found;
}

static bool same_want(want a, want b)
{
    if (a.slot != b.slot || !a.prefix != !b.prefix) return false;
    return !a.prefix || (a.length == b.length && memcmp(a.prefix, b.prefix, a.length) == 0);
}

/* The definition of `name` compiled for w, NULL when there is none; *any is one of that name for whatever want. */
static const definition *find_definition(const compiler *c, const char *name, want w, const definition **any)
{
    *any = NULL;
    for (size_t i = 0; i < c->definition_count; i++) {
        const definition *d = &c->definitions[i];
        if (strcmp(d->name, name) != 0) continue;
        *any = d;
        if (same_want(d->asked, w)) return d;
    }
    return NULL;
}

/* The full name of `name` used in `scope`, or in `space` where that is given. */
static char *full_name(const char *name, const char *space, const char *scope)
{
    if (strchr(name, '.')) return epo__strdup(name);
    if (space) return *space ? epo__format("%s.%s", space, name) : epo__strdup(name);
    const char *dot = strrchr(scope, '.');
    return dot ? epo__format("%.*s.%s", (int)(dot - scope), scope, name) : epo__strdup(name);
}

static epo_status compile_fields(compiler *c, const json_t *json, const char *scope, want w, uint32_t node)
{
    const json_t *fields = json_object_get(json, "fields");
    if (!json_is_array(fields)) return epo__fail(EPO_EFORMAT, "the schema has a record without fields");
    size_t total = json_array_size(fields), kept = 0;
    uint32_t *children = epo__alloc(total, sizeof *children);
    epo_status status = children ? EPO_OK : epo__nomem("Avro schema");
    for (size_t i = 0; i < total && !status; i++) {
        const json_t *field = json_array_get(fields, i);
        const char *name = json_string_value(json_object_get(field, "name"));
        const json_t *type = json_object_get(field, "type");
        uint32_t child = 0;
        status = name && type ? compile(c, type, scope, want_field(c, w, name), &child)
                              : epo__fail(EPO_EFORMAT, "the schema has a field without name or type");
        if (!status && !c->program->nodes[child].empty) children[kept++] = child;
    }
    if (!status) status = set_children(c, node, children, kept);
    /* Until here the record did not count as empty: one that contains itself has no end, which the decoder finds out.
     */
    if (!status) c->program->nodes[node].empty = kept == 0;
    free(children);
    return status;
}

/* Compiles the definition `json` of a named type for one want; owns `name` from here on. */
static epo_status define(compiler *c, char *name, const json_t *json, epo__avro_kind kind, want w, uint32_t *out)
{
    if (c->definition_count == MAX_TYPES) {
        free(name);
        return epo__fail(EPO_ELIMIT, "the schema defines over %d types", MAX_TYPES);
    }
    definition *d = &c->definitions[c->definition_count++];
    *d = (definition){name, json, kind, w, 0};
    epo__avro_node made = {.kind = kind, .slot = w.slot};
    if (kind == EPO__AVRO_ENUM) made.size = json_array_size(json_object_get(json, "symbols"));
    if (kind == EPO__AVRO_FIXED) {
        const json_t *size = json_object_get(json, "size");
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return epo__fail(EPO_EFORMAT, "the schema has a fixed without a size");
        made.size = (uint64_t)json_integer_value(size);
        made.empty = made.size == 0;
    }
    epo_status status = add_node(c, made, out);
    if (status) return status;
    d->node = *out;
    return kind == EPO__AVRO_RECORD ? compile_fields(c, json, name, w, *out) : EPO_OK;
}

/* A record, enum or fixed where it is defined. */
static epo_status compile_definition(compiler *c, const json_t *json, epo__avro_kind kind, const char *scope, want w,
                                     uint32_t *out)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!name || !*name) return epo__fail(EPO_EFORMAT, "the schema has a record, enum or fixed without name");
    if (kind == EPO__AVRO_RECORD) w.slot = EPO__AVRO_NO_SLOT; /* a record is no value */
    char *full = full_name(name, json_string_value(json_object_get(json, "namespace")), scope);
    if (!full) return epo__nomem("Avro schema");
    const definition *any, *same = find_definition(c, full, w, &any);
    epo_status status = EPO_OK;
    if (any && any->json != json) {
        status = epo__fail(EPO_EFORMAT, "the schema defines \"%s\" twice", full);
    } else if (same) { /* met again inside a record that is compiled for another want */
        *out = same->node;
    } else {
        return define(c, full, json, kind, w, out);
    }
    free(full);
    return status;
}

/* A type by its name: a primitive, or one defined before. */
static epo_status compile_name(compiler *c, const char *name, const char *scope, want w, uint32_t *out)
{
    static const struct {
        const char *name;
        epo__avro_kind kind;
    } primitives[] = {{"null", EPO__AVRO_NULL},   {"boolean", EPO__AVRO_BOOLEAN}, {"int", EPO__AVRO_INT},
                      {"long", EPO__AVRO_LONG},   {"float", EPO__AVRO_FLOAT},     {"double", EPO__AVRO_DOUBLE},
                      {"bytes", EPO__AVRO_BYTES}, {"string", EPO__AVRO_STRING}};
    for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
        if (strcmp(name, primitives[i].name) == 0)
            return add_node(c,
                            (epo__avro_node){.kind = primitives[i].kind,
                                             .slot = w.slot,
                                             .empty = primitives[i].kind == EPO__AVRO_NULL},
                            out);
    char *full = full_name(name, NULL, scope);
    if (!full) return epo__nomem("Avro schema");
    const definition *any, *same = find_definition(c, full, w, &any);
    if (any && any->kind == EPO__AVRO_RECORD && !same) {
        w.slot = EPO__AVRO_NO_SLOT;
        same = find_definition(c, full, w, &any);
    }
    epo_status status = EPO_OK;
    if (same)
        *out = same->node;
    else if (any)
        return define(c, full, any->json, any->kind, w, out);
    else
        status = epo__fail(EPO_EFORMAT, "the schema uses \"%s\" before defining it", full);
    free(full);
    return status;
}

static epo_status compile_union(compiler *c, const json_t *json, const char *scope, want w, uint32_t *out)
{
    size_t total = json_array_size(json);
    if (!total) return epo__fail(EPO_EFORMAT, "the schema has a union of nothing");
    uint32_t *children = epo__alloc(total, sizeof *children);
    if (!children) return epo__nomem("Avro schema");
    epo_status status = add_node(c, (epo__avro_node){.kind = EPO__AVRO_UNION, .slot = EPO__AVRO_NO_SLOT}, out);
    for (size_t i = 0; i < total && !status; i++) {
        const json_t *branch = json_array_get(json, i);
        status = json_is_array(branch) ? epo__fail(EPO_EFORMAT, "the schema has a union directly inside a union")
                                       : compile(c, branch, scope, w, &children[i]);
    }
    if (!status) status = set_children(c, *out, children, total);
    free(children);
    return status;
}

/* An array's items or a map's values. Nothing inside them is wanted: a path means one value. */
static epo_status compile_many(compiler *c, const json_t *json, const char *key, epo__avro_kind kind, const char *scope,
                               uint32_t *out)
{
    const json_t *type = json_object_get(json, key);
    if (!type) return epo__fail(EPO_EFORMAT, "the schema has an array or map without \"%s\"", key);
    uint32_t child;
    epo_status status = add_node(c, (epo__avro_node){.kind = kind, .slot = EPO__AVRO_NO_SLOT}, out);
    if (!status) status = compile(c, type, scope, NOTHING, &child);
    return status ? status : set_children(c, *out, &child, 1);
}

static epo_status compile_type(compiler *c, const json_t *json, const char *scope, want w, uint32_t *out)
{
    if (json_is_array(json)) return compile_union(c, json, scope, w, out);
    if (json_is_string(json)) return compile_name(c, json_string_value(json), scope, w, out);
    const json_t *type = json_object_get(json, "type");
    if (json_is_object(type) || json_is_array(type))
        return compile(c, type, scope, w, out); /* {"type": {"type": ...}} */
    const char *name = json_string_value(type);
    if (!name) return epo__fail(EPO_EFORMAT, "the schema has a type that is neither name, object nor list");
    if (strcmp(name, "record") == 0) return compile_definition(c, json, EPO__AVRO_RECORD, scope, w, out);
    if (strcmp(name, "enum") == 0) return compile_definition(c, json, EPO__AVRO_ENUM, scope, w, out);
    if (strcmp(name, "fixed") == 0) return compile_definition(c, json, EPO__AVRO_FIXED, scope, w, out);
    if (strcmp(name, "array") == 0) return compile_many(c, json, "items", EPO__AVRO_ARRAY, scope, out);
    if (strcmp(name, "map") == 0) return compile_many(c, json, "values", EPO__AVRO_MAP, scope, out);
    return compile_name(c, name, scope, w, out); /* {"type": "long", "logicalType": ...} */
}

static epo_status compile(compiler *c, const json_t *json, const char *scope, want w, uint32_t *out)
{
    if (c->depth >= MAX_NESTING) return epo__fail(EPO_ELIMIT, "the schema is nested over %d deep", MAX_NESTING);
    c->depth++;
    epo_status status = compile_type(c, json, scope, w, out);
    c->depth--;
    return status;
}

epo_status epo__avro_compile(const char *json, size_t size, const char *const *paths, size_t count,
                             epo__avro_program **out)
{
    *out = NULL;
    if (count > EPO__AVRO_MAX_PATHS)
        return epo__fail(EPO_EARG, "over %d values asked of a record", EPO__AVRO_MAX_PATHS);
    if (size > EPO__AVRO_MAX_SCHEMA) return epo__fail(EPO_ELIMIT, "the schema is over %d bytes", EPO__AVRO_MAX_SCHEMA);
    if (!epo__json_fits(json, size)) return epo__fail(EPO_ELIMIT, "the schema holds over %d values", EPO__JSON_MAX_VALUES);
    json_t *root;
    epo_status status = epo__json_read(json, size, EPO__JSON_ANY | EPO__JSON_DUPLICATES, &root);
    if (status != EPO_OK) return status == EPO_EFORMAT ? epo__fail_in(status, "the schema is not JSON") : status;
    compiler *c = epo__alloc(1, sizeof *c);
    epo__avro_program *program = epo__alloc(1, sizeof *program);
    status = c && program ? EPO_OK : epo__nomem("Avro schema");
    if (!status) {
        c->paths = paths;
        c->path_count = count;
        c->program = program;
        status = compile(c, root, "", (want){"", 0, EPO__AVRO_NO_SLOT}, &program->root);
    }
    if (!status) {
        *out = program;
        program = NULL;
    }
    for (size_t i = 0; c && i < c->definition_count; i++) free(c->definitions[i].name);
    free(c);
    epo__avro_program_free(program);
    json_decref(root);
    return status;
}

void epo__avro_program_free(epo__avro_program *program)
{
    if (!program) return;
    free(program->nodes);
    free(program->children);
    free(program);
}
