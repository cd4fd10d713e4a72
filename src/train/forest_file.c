/* SPDX-License-Identifier: BSD-3-Clause
 * forest_file.c - a forest to a file and back (formats/safetensors.h has the bytes).
 *
 * Tensors, with T trees, N nodes in all, M leaves of several classes, C classes, F features:
 *     tree.nodes [T], tree.mixed [T]   nodes, and such leaves, of each tree
 *     node.feature [N]                 -1: a leaf; else 2 * feature, + 1 when missing values go right
 *     node.threshold [N]               of splits; leaves 0
 *     node.next [N]                    splits: the left child, counted from the tree's root; leaves: the class, or C + m, the
 *                                      tree's m-th leaf of several classes
 *     leaf.probabilities [M, C]        not there when M is 0
 *     importance [F]                   shares of the decrease of impurity
 * Whole numbers are float32 too, below 2^24. Metadata: epochal.kind "forest"; epochal.forest, a JSON object with features, classes,
 * options and what the training was (of a context forest also "context", how its columns are made); epochal.version.
 *
 * A file may be hostile, with a seal that fits: sizes are checked here before anything is allocated by them, every number has to be
 * whole and in range, and epo__forest_join checks the trees. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/text.h"
#include "epochal/version.h"
#include "formats/safetensors.h"
#include "train/context.h"
#include "train/forest_model.h"

static const char kind_key[] = "epochal.kind", kind_forest[] = "forest", forest_key[] = "epochal.forest", version_key[] = "epochal.version";

/* --- saving ---------------------------------------------------------------------------------------------------------- */

static void add_texts(epo__string *json, const char *name, char *const *texts, size_t count)
{
    epo__string_addf(json, "\"%s\": ", name);
    epo__string_add_json_list(json, (const char *const *)texts, count, ", ");
    epo__string_add(json, ", ");
}

static void add_text(epo__string *json, const char *name, const char *text)
{
    epo__string_addf(json, "\"%s\": ", name);
    epo__string_add_json(json, text);
    epo__string_add(json, ", ");
}

static void write_record(const epo_forest *f, epo__string *json)
{
    epo__string_add(json, "{");
    add_texts(json, "features", f->features, f->trees->features);
    add_texts(json, "classes", f->classes, f->trees->classes);
    epo__string_add(json, "\"class_rows\": [");
    for (size_t k = 0; k < f->trees->classes; k++) epo__string_addf(json, "%s%" PRId64, k ? ", " : "", f->class_rows[k]);
    epo__string_add(json, "], ");
    add_text(json, "criterion", f->criterion);
    add_text(json, "max_features", f->max_features);
    add_text(json, "class_weight", f->class_weight);
    epo__string_addf(json, "\"max_depth\": %d, \"min_split\": %d, \"min_leaf\": %d, \"max_leaves\": %d, \"bootstrap\": %s, ", f->max_depth,
                     f->min_split, f->min_leaf, f->max_leaves, f->bootstrap ? "true" : "false");
    epo__string_addf(json, "\"seed\": \"%" PRIu64 "\", \"unlabelled\": %" PRId64 ", \"oob_rows\": %" PRId64 ", \"oob_right\": %" PRId64 ", ", f->seed,
                     f->unlabelled, f->oob_rows, f->oob_right);
    if (f->definition) {
        epo__string_add(json, "\"curves\": {");
        add_text(json, "definition", f->definition);
        if (f->filter) add_text(json, "filter", f->filter);
        epo__string_add(json, "\"method\": ");
        epo__string_add_json(json, f->method);
        epo__string_add(json, "}, ");
    }
    if (f->labels_as_of) add_text(json, "labels_as_of", f->labels_as_of);
    if (f->recipe) {
        epo__string_add(json, "\"context\": ");
        epo__recipe_write(f->recipe, json);
        epo__string_add(json, ", ");
    }
    epo__string_addf(json, "\"data_sha256\": \"%s\"}", f->data_sha256);
}

enum { NODES, MIXED, FEATURE, THRESHOLD, NEXT, IMPORTANCE, PROBABILITIES, TENSORS };
static const char *const tensor_names[TENSORS] = {"tree.nodes", "tree.mixed", "node.feature", "node.threshold", "node.next", "importance",
                                                  "leaf.probabilities"};

static void fill_tensors(const epo_forest *f, float *const values[TENSORS])
{
    const epo__forest *trees = f->trees;
    size_t at = 0;
    for (size_t t = 0; t < trees->trees; t++) {
        const size_t count = trees->first[t + 1] - trees->first[t];
        values[NODES][t] = (float)count;
        values[MIXED][t] = (float)(trees->first_mixed[t + 1] - trees->first_mixed[t]);
        for (size_t i = 0; i < count; i++, at++) {
            const epo__tree_node node = epo__forest_node_at(trees, t, i);
            values[FEATURE][at] = node.feature < 0 ? -1.0F : (float)(2 * node.feature + node.missing_right);
            values[THRESHOLD][at] = node.threshold;
            values[NEXT][at] = (float)node.next;
        }
    }
    for (size_t i = 0; i < trees->features; i++) values[IMPORTANCE][i] = (float)f->importances[i];
    if (trees->mixed_count) memcpy(values[PROBABILITIES], trees->mixed, trees->mixed_count * trees->classes * sizeof(float));
}

epo_status epo_forest_save(const epo_forest *f, const char *path)
{
    const epo__forest *trees = f->trees;
    const size_t dims[TENSORS][2] = {{trees->trees},    {trees->trees},    {trees->nodes},
                                     {trees->nodes},    {trees->nodes},    {trees->features},
                                     {trees->mixed_count, trees->classes}};
    float *values[TENSORS] = {NULL};
    epo__tensor_write tensors[TENSORS];
    epo__string json = {0};
    bool enough = true;
    const size_t count = trees->mixed_count ? TENSORS : PROBABILITIES;
    write_record(f, &json);
    for (size_t i = 0; i < TENSORS; i++) {
        values[i] = epo__alloc(epo__product(dims[i][0], i == PROBABILITIES ? dims[i][1] : 1), sizeof(float));
        enough = enough && values[i];
        tensors[i] = (epo__tensor_write){.name = tensor_names[i], .ndim = i == PROBABILITIES ? 2 : 1, .dims = dims[i], .values = values[i]};
    }
    epo_status status = enough && !json.failed ? EPO_OK : epo__nomem(path);
    if (status == EPO_OK) {
        const epo__text_pair pairs[] = {{kind_key, kind_forest}, {forest_key, json.text}, {version_key, EPO_VERSION_STRING}};
        fill_tensors(f, values);
        status = epo__safetensors_write(path, tensors, count, pairs, sizeof pairs / sizeof *pairs);
    }
    for (size_t i = 0; i < TENSORS; i++) free(values[i]);
    epo__string_free(&json);
    return status;
}

/* --- loading: the record --------------------------------------------------------------------------------------------- */

typedef struct loading {
    const char *path;
    const epo__safetensors *file;
    json_t *record;
    epo_forest *forest;
    const epo__tensor_view *tensors[TENSORS];
} loading;

static epo_status refuse(const loading *l, const char *what)
{
    return epo__fail(EPO_EMODEL, "%s: %s", l->path, what);
}

static epo_status check_kind(const loading *l)
{
    const char *kind = epo__safetensors_metadata(l->file, kind_key);
    if (kind && strcmp(kind, kind_forest) == 0) return EPO_OK;
    if (kind) return epo__fail(EPO_EMODEL, "%s: is a model of kind '%.40s', not a forest", l->path, kind);
    if (epo__safetensors_metadata(l->file, "epochal.net"))
        return refuse(l, "is a network, not a forest; score, classify and card read it");
    return refuse(l, "is no forest that epochal forest train wrote");
}

static epo_status read_texts(const loading *l, const char *name, size_t most, char ***out, size_t *count)
{
    const json_t *list = json_object_get(l->record, name);
    const size_t size = json_array_size(list);
    if (size == 0 || size > most) return epo__fail(EPO_EMODEL, "%s: %s: %s is not a list of 1 to %zu names", l->path, forest_key, name, most);
    if (!(*out = epo__alloc(size, sizeof **out))) return epo__nomem(l->path);
    for (*count = 0; *count < size;) {
        const char *text = json_string_value(json_array_get(list, *count));
        if (!text) return epo__fail(EPO_EMODEL, "%s: %s: %s holds something other than names", l->path, forest_key, name);
        if (!((*out)[(*count)++] = epo__strdup(text))) return epo__nomem(l->path);
    }
    return EPO_OK;
}

/* No name twice: rows are matched by them. */
static epo_status check_unique(const loading *l, const char *name, char *const *texts, size_t count)
{
    const char **sorted = epo__alloc(count, sizeof *sorted), *twice = NULL;
    if (!sorted) return epo__nomem(l->path);
    memcpy(sorted, texts, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, epo__by_text);
    for (size_t i = 1; i < count && !twice; i++)
        if (strcmp(sorted[i], sorted[i - 1]) == 0) twice = sorted[i];
    free(sorted);
    return twice ? epo__fail(EPO_EMODEL, "%s: %s: %s has '%.60s' twice", l->path, forest_key, name, twice) : EPO_OK;
}

static epo_status read_text(const loading *l, const char *name, char **out)
{
    const char *text = json_string_value(json_object_get(l->record, name));
    if (!text) return epo__fail(EPO_EMODEL, "%s: %s: %s is not a text", l->path, forest_key, name);
    *out = epo__strdup(text);
    return *out ? EPO_OK : epo__nomem(l->path);
}

static epo_status read_whole(const loading *l, const json_t *value, const char *name, int64_t most, int64_t *out)
{
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= 0 && *out <= most) return EPO_OK;
    return epo__fail(EPO_EMODEL, "%s: %s: %s is not a whole number from 0 to %" PRId64, l->path, forest_key, name, most);
}

static epo_status read_count(const loading *l, const char *name, int64_t most, int64_t *out)
{
    return read_whole(l, json_object_get(l->record, name), name, most, out);
}

static epo_status read_limits(const loading *l)
{
    int64_t values[4];
    static const char *const names[4] = {"max_depth", "min_split", "min_leaf", "max_leaves"};
    for (size_t i = 0; i < 4; i++) {
        epo_status status = read_count(l, names[i], INT32_MAX, &values[i]);
        if (status != EPO_OK) return status;
    }
    l->forest->max_depth = (int)values[0];
    l->forest->min_split = (int)values[1];
    l->forest->min_leaf = (int)values[2];
    l->forest->max_leaves = (int)values[3];
    return EPO_OK;
}

static epo_status read_class_rows(const loading *l)
{
    epo_forest *f = l->forest;
    const json_t *list = json_object_get(l->record, "class_rows");
    if (json_array_size(list) != f->trees->classes) return refuse(l, "epochal.forest: class_rows has not one number a class");
    if (!(f->class_rows = epo__alloc(f->trees->classes, sizeof *f->class_rows))) return epo__nomem(l->path);
    for (size_t k = 0; k < f->trees->classes; k++) {
        epo_status status = read_whole(l, json_array_get(list, k), "class_rows", EPO__FOREST_MAX_ROWS, &f->class_rows[k]);
        if (status != EPO_OK) return status;
        f->rows += f->class_rows[k];
    }
    return EPO_OK;
}

/* The seed is a text: JSON's numbers end at 2^63. */
static epo_status read_seed(const loading *l)
{
    const char *text = json_string_value(json_object_get(l->record, "seed"));
    char *end = NULL;
    if (text && *text >= '0' && *text <= '9') l->forest->seed = strtoull(text, &end, 10);
    return end && !*end ? EPO_OK : refuse(l, "epochal.forest: seed is not a number in a text");
}

static epo_status read_curves(const loading *l)
{
    const json_t *object = json_object_get(l->record, "curves");
    if (!object) return EPO_OK;
    const epo_forest_curves curves = {json_string_value(json_object_get(object, "definition")), json_string_value(json_object_get(object, "method")),
                                      json_string_value(json_object_get(object, "filter"))};
    if (!curves.definition || !curves.method) return refuse(l, "epochal.forest: curves lacks definition or method");
    return epo__forest_keep_curves(l->forest, &curves);
}

/* The features have to be the columns that the recipe makes. */
static epo_status check_columns(const loading *l)
{
    char **names;
    size_t count;
    epo_status status = epo__recipe_columns(l->forest->recipe, &names, &count);
    bool same = status == EPO_OK && count == l->forest->trees->features;
    for (size_t i = 0; same && i < count; i++) same = strcmp(names[i], l->forest->features[i]) == 0;
    epo__forest_texts_free(names, count);
    return status == EPO_OK && !same ? refuse(l, "epochal.forest: context does not make its features") : status;
}

static epo_status read_recipe(const loading *l)
{
    const json_t *object = json_object_get(l->record, "context");
    if (!object) return EPO_OK;
    epo_status status = epo__recipe_read(l->path, object, &l->forest->recipe);
    return status == EPO_OK ? check_columns(l) : status;
}

static epo_status read_record(loading *l)
{
    epo_forest *f = l->forest;
    const char *text = epo__safetensors_metadata(l->file, forest_key);
    if (text && epo__json_read(text, strlen(text), 0, &l->record) == EPO_ENOMEM) return EPO_ENOMEM;
    if (!json_is_object(l->record)) return refuse(l, "its epochal.forest is missing or no JSON object");
    epo_status status = read_texts(l, "features", EPO__FOREST_MAX_FEATURES, &f->features, &f->trees->features);
    if (status == EPO_OK) status = read_texts(l, "classes", EPO__FOREST_MAX_CLASSES, &f->classes, &f->trees->classes);
    if (status == EPO_OK) status = check_unique(l, "features", f->features, f->trees->features);
    if (status == EPO_OK) status = check_unique(l, "classes", f->classes, f->trees->classes);
    if (status == EPO_OK) status = read_class_rows(l);
    if (status == EPO_OK) status = read_text(l, "criterion", &f->criterion);
    if (status == EPO_OK) status = read_text(l, "max_features", &f->max_features);
    if (status == EPO_OK) status = read_text(l, "class_weight", &f->class_weight);
    if (status == EPO_OK) status = read_limits(l);
    if (status == EPO_OK) status = read_seed(l);
    if (status == EPO_OK) status = read_curves(l);
    if (status == EPO_OK && json_object_get(l->record, "labels_as_of")) status = read_text(l, "labels_as_of", &f->labels_as_of);
    if (status == EPO_OK) status = read_recipe(l);
    if (status == EPO_OK) status = read_count(l, "unlabelled", INT64_MAX, &f->unlabelled);
    if (status == EPO_OK) status = read_count(l, "oob_rows", f->rows, &f->oob_rows);
    if (status == EPO_OK) status = read_count(l, "oob_right", f->oob_rows, &f->oob_right);
    if (status != EPO_OK) return status;
    if (!json_is_boolean(json_object_get(l->record, "bootstrap"))) return refuse(l, "epochal.forest: bootstrap is not true or false");
    f->bootstrap = json_is_true(json_object_get(l->record, "bootstrap"));
    const char *digest = json_string_value(json_object_get(l->record, "data_sha256"));
    if (!digest || strlen(digest) != 64 || strspn(digest, "0123456789abcdef") != 64) return refuse(l, "epochal.forest: data_sha256 is none");
    memcpy(f->data_sha256, digest, sizeof f->data_sha256);
    return EPO_OK;
}

/* --- loading: the trees ---------------------------------------------------------------------------------------------- */

static epo_status find_tensors(loading *l)
{
    size_t found = 0;
    for (size_t i = 0; i < TENSORS; i++) {
        const epo__tensor_view *tensor = epo__safetensors_find(l->file, tensor_names[i]);
        l->tensors[i] = tensor;
        if (!tensor && i == PROBABILITIES) continue;
        if (!tensor) return epo__fail(EPO_EMODEL, "%s: tensor %s is missing", l->path, tensor_names[i]);
        if (tensor->type != EPO__TENSOR_F32 || tensor->ndim != (i == PROBABILITIES ? 2 : 1))
            return epo__fail(EPO_EMODEL, "%s: tensor %s is of another type or shape", l->path, tensor_names[i]);
        found++;
    }
    if (found != epo__safetensors_count(l->file)) return refuse(l, "holds a tensor that is none of a forest's");
    const size_t nodes = l->tensors[FEATURE]->count, trees = l->tensors[NODES]->count;
    if (trees == 0 || trees > EPO__FOREST_MAX_TREES || l->tensors[MIXED]->count != trees) return refuse(l, "its numbers of trees do not match");
    if (l->tensors[THRESHOLD]->count != nodes || l->tensors[NEXT]->count != nodes) return refuse(l, "its numbers of nodes do not match");
    if (l->tensors[IMPORTANCE]->count != l->forest->trees->features) return refuse(l, "its importances are not one a feature");
    if (l->tensors[PROBABILITIES] && l->tensors[PROBABILITIES]->dims[1] != l->forest->trees->classes)
        return refuse(l, "its probabilities are not one a class");
    return EPO_OK;
}

/* A tensor's values; NULL, with *status set, without memory. */
static float *values_of(const loading *l, size_t tensor, epo_status *status)
{
    const epo__tensor_view *view = l->tensors[tensor];
    float *values = epo__alloc(view ? view->count : 0, sizeof *values);
    if (!values) *status = epo__nomem(l->path);
    if (values && view) epo__tensor_f32(view, values);
    return values;
}

static bool is_whole(float value, double low, double high)
{
    return (double)value >= low && (double)value <= high && truncf(value) == value;
}

/* One tree out of the values from `at` and `mixed` on. */
static epo_status read_tree(const loading *l, float *const values[TENSORS], size_t t, size_t *at, size_t *mixed, epo__tree *tree)
{
    const size_t classes = l->forest->trees->classes, nodes = l->tensors[FEATURE]->count;
    const size_t all_mixed = l->tensors[PROBABILITIES] ? l->tensors[PROBABILITIES]->dims[0] : 0;
    if (!is_whole(values[NODES][t], 1, EPO__FOREST_MAX_TREE_NODES) || (size_t)values[NODES][t] > nodes - *at ||
        !is_whole(values[MIXED][t], 0, EPO__FOREST_MAX_MIXED) || (size_t)values[MIXED][t] > all_mixed - *mixed)
        return epo__fail(EPO_EMODEL, "%s: tree %zu has an impossible number of nodes", l->path, t);
    tree->count = (size_t)values[NODES][t];
    tree->mixed_count = (size_t)values[MIXED][t];
    tree->nodes = epo__alloc(tree->count, sizeof *tree->nodes);
    tree->mixed = epo__alloc(epo__product(tree->mixed_count, classes), sizeof *tree->mixed);
    if (!tree->nodes || !tree->mixed) return epo__nomem(l->path);
    for (size_t i = 0; i < tree->count; i++, ++*at) {
        const float feature = values[FEATURE][*at], next = values[NEXT][*at];
        if (!is_whole(feature, -1, 2 * EPO__FOREST_MAX_FEATURES) || !is_whole(next, 0, EPO__FOREST_MAX_TREE_NODES))
            return epo__fail(EPO_EMODEL, "%s: tree %zu, node %zu: a number is not whole, or out of range", l->path, t, i);
        const int code = (int)feature;
        tree->nodes[i] = (epo__tree_node){.threshold = values[THRESHOLD][*at], .feature = code < 0 ? -1 : code / 2, .next = (uint32_t)next,
                                          .missing_right = code > 0 && code % 2};
    }
    if (tree->mixed_count) memcpy(tree->mixed, values[PROBABILITIES] + *mixed * classes, tree->mixed_count * classes * sizeof *tree->mixed);
    *mixed += tree->mixed_count;
    return EPO_OK;
}

static epo_status read_importances(const loading *l, const float *values)
{
    epo_forest *f = l->forest;
    if (!(f->importances = epo__alloc(f->trees->features, sizeof *f->importances))) return epo__nomem(l->path);
    for (size_t i = 0; i < f->trees->features; i++) {
        if (!(values[i] >= 0 && values[i] <= 1)) return epo__fail(EPO_EMODEL, "%s: importance %zu is not from 0 to 1", l->path, i);
        f->importances[i] = (double)values[i];
    }
    return EPO_OK;
}

static epo_status read_trees(loading *l)
{
    epo_forest *f = l->forest;
    epo__forest *joined = NULL;
    float *values[TENSORS] = {NULL};
    epo_status status = find_tensors(l);
    if (status != EPO_OK) return status;
    const size_t count = l->tensors[NODES]->count;
    size_t at = 0, mixed = 0;
    epo__tree *trees = epo__alloc(count, sizeof *trees);
    if (!trees) status = epo__nomem(l->path);
    for (size_t i = 0; i < TENSORS && status == EPO_OK; i++) values[i] = values_of(l, i, &status);
    for (size_t t = 0; t < count && status == EPO_OK; t++) status = read_tree(l, values, t, &at, &mixed, &trees[t]);
    if (status == EPO_OK && (at != l->tensors[FEATURE]->count || (l->tensors[PROBABILITIES] && mixed != l->tensors[PROBABILITIES]->dims[0])))
        status = refuse(l, "holds nodes that belong to no tree");
    if (status == EPO_OK) status = read_importances(l, values[IMPORTANCE]);
    if (status == EPO_OK) {
        status = epo__forest_join(trees, count, f->trees->features, f->trees->classes, &joined);
        if (status == EPO_EFORMAT || status == EPO_ELIMIT) status = epo__fail_in(EPO_EMODEL, "%s", l->path);
    }
    if (status == EPO_OK) {
        epo__forest_free(f->trees);
        f->trees = joined;
        if (!epo__forest_depth(joined, &f->depth)) status = epo__nomem("forest");
    }
    for (size_t i = 0; i < TENSORS; i++) free(values[i]);
    for (size_t t = 0; trees && t < count; t++) epo__tree_free(&trees[t]);
    free(trees);
    return status;
}

epo_status epo_forest_load(const char *path, epo_forest **out)
{
    epo__safetensors *file = NULL;
    *out = NULL;
    loading l = {.path = path, .forest = epo__alloc(1, sizeof *l.forest)};
    if (!l.forest || !(l.forest->trees = epo__alloc(1, sizeof *l.forest->trees))) {
        free(l.forest);
        return epo__nomem(path);
    }
    epo_status status = epo__safetensors_open(path, &file);
    l.file = file;
    if (status == EPO_OK) status = check_kind(&l);
    if (status == EPO_OK) status = read_record(&l);
    if (status == EPO_OK) status = read_trees(&l);
    if (status == EPO_OK) {
        epo__safetensors_sha256(file, l.forest->sha256);
        *out = l.forest;
    } else {
        epo_forest_free(l.forest);
    }
    json_decref(l.record);
    epo__safetensors_free(file);
    return status;
}

epo_status epo_forest_is_file(const char *path, bool *out)
{
    epo__safetensors *file = NULL;
    *out = false;
    epo_status status = epo__safetensors_open(path, &file);
    if (status != EPO_OK) return status == EPO_ENOMEM ? status : EPO_OK;
    const char *kind = epo__safetensors_metadata(file, kind_key);
    *out = kind && strcmp(kind, kind_forest) == 0;
    epo__safetensors_free(file);
    return EPO_OK;
}
