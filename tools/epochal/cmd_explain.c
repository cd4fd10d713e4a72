/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_explain.c - epochal explain: where, and when, a network saw what it decided by. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "epochal/explain.h"
#include "message.h"
#include "scores.h"

typedef struct explain_options {
    cli_common common;
    const char *method, *class_name, *layer, *score, *out, *head, *by, *split, *format, *array, *extname, *net,
        *normalise;
    cli_list objects;
    int limit;
    bool trust_input;
} explain_options;

static const char *word_of(const char *const (*words)[2], size_t count, size_t index, const char **about)
{
    if (index >= count) return NULL;
    *about = words[index][1];
    return words[index][0];
}

static const char *method_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"saliency",
                                            "|ds/dx|: how much the score changes with each pixel of each plane"},
                                           {"gradcam", "where the last convolution's maps speak for the class"}};
    return word_of(words, sizeof words / sizeof *words, index, about);
}

static const char *score_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"probability", "s = the class's probability"},
                                           {"logit", "s = what goes into the softmax or sigmoid"}};
    return word_of(words, sizeof words / sizeof *words, index, about);
}

static const char *head_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"sequence", "objects of a store by the GRU"},
                                           {"triplet",
                                            "objects of a store by the encoder's own head on the middle nights"},
                                           {"stamp", "single stamps"}};
    return word_of(words, sizeof words / sizeof *words, index, about);
}

static const char *by_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"night", "a row a night"}, {"triplet", "a row a triplet of nights"}};
    return word_of(words, sizeof words / sizeof *words, index, about);
}

static const char *format_word(size_t index, const char **about)
{
    static const char *const words[][2] = {{"ztf", "Avro alert packets"},
                                           {"stamps", "FITS stamps"},
                                           {"cube", "npy or npz arrays"}};
    return word_of(words, sizeof words / sizeof *words, index, about);
}

#define PLACE(member) .place = offsetof(explain_options, member)
static const cli_option options[] = {
    CLI_OPTION_MODEL(true),
    {.name = "method",
     .kind = CLI_TEXT,
     .argument = "METHOD",
     .standard = "saliency",
     PLACE(method),
     .word = method_word,
     .help = "what is mapped"},
    {.name = "class",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(class_name),
     .help = "the class to explain; else the predicted one of each input"},
    {.name = "score",
     .kind = CLI_TEXT,
     .argument = "WHAT",
     .standard = "probability",
     PLACE(score),
     .word = score_word,
     .help = "what is differentiated"},
    {.name = "layer",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(layer),
     .help =
         "gradcam: a layer of the encoder, as conv2; else the last convolution with the batch norm and ReLU behind it"},
    {.name = "out",
     .kind = CLI_TEXT,
     .argument = "DIR",
     PLACE(out),
     .help = "write maps here as PNG and FITS; made when missing"},
    CLI_OPTION_DB(false),
    {.name = "object",
     .kind = CLI_LIST,
     .argument = "NAME",
     PLACE(objects),
     .help = "with --db: this object"},
    {.name = "split",
     .kind = CLI_TEXT,
     .argument = "NAME:PART",
     PLACE(split),
     .help = "with --db: the objects of a split, as main:test"},
    {.name = "head",
     .kind = CLI_TEXT,
     .argument = "HEAD",
     PLACE(head),
     .word = head_word,
     .help = "with --db: which head; else the sequence head where the model has one, else the stamp head"},
    {.name = "by",
     .kind = CLI_TEXT,
     .argument = "WHAT",
     .standard = "night",
     PLACE(by),
     .word = by_word,
     .help = "sequences: what a row is of"},
    {.name = "limit",
     .kind = CLI_COUNT,
     .argument = "N",
     .standard = "0",
     PLACE(limit),
     .help = "stop after N stamps or objects; 0: all"},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(format),
     .word = format_word,
     .help = "what the files are; else told from name and first bytes"},
    {.name = "array",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(array),
     .help = "npz: which array; else the only one of 3 or 4 dimensions"},
    {.name = "extname",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(extname),
     .help = "FITS: which extension; else the first image"},
    {.name = "trust-input",
     .kind = CLI_FLAG,
     PLACE(trust_input),
     .help = "read FITS images that are not plain 2-D as well"},
    {.name = "net",
     .kind = CLI_TEXT,
     .argument = "FILE",
     PLACE(net),
     .help = "network text for weights that have none in them, PyTorch's say"},
    {.name = "normalise",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(normalise),
     .help = "normalisation instead of the model's own"},
    {.name = "threads",
     .kind = CLI_COUNT,
     .argument = "N",
     .standard = "0",
     .place = offsetof(cli_common, threads),
     .help = "processors to use; 0 means all; results differ by rounding only"},
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

enum { PLANES_MOST = 16 };

typedef struct explaining {
    cli_output *output;
    const char *out; /* folder, or NULL */
    epo_head head;
    bool by_triplet, shares; /* shares: of the planes of a stamp */
    char plane_names[1024];
    const char *planes[PLANES_MOST];
    size_t plane_count;
    uint64_t done;
} explaining;

/* --- rows
 * ------------------------------------------------------------------------------------------------------------------ */

/* I_diff, I_srch, I_tmpl: the largest, as DIA's code has it; and those over 1/planes, as the paper. */
static void put_shares(explaining *x, const epo_explanation *e)
{
    double shares[PLANES_MOST];
    const char *over[PLANES_MOST];
    size_t count = 0;
    for (size_t i = 0; i < e->map_count; i++) {
        shares[i] = e->maps[i].share;
        if (e->maps[i].over_even) over[count++] = e->maps[i].name;
    }
    cli_put_scores(x->output, shares);
    cli_put_text(x->output, e->maps[e->largest].name);
    cli_put_texts(x->output, over, count);
}

static void put_stamp(explaining *x, const epo_explanation *e)
{
    cli_put_text(x->output, e->id);
    cli_put_text(x->output, e->object);
    if (e->error) {
        for (int i = 0; i < (x->shares ? 6 : 3); i++) cli_put_absent(x->output);
        cli_put_text(x->output, e->error);
    } else {
        cli_put_real(x->output, e->mjd);
        cli_put_text(x->output, e->class_name);
        cli_put_score(x->output, e->score);
        if (x->shares) put_shares(x, e);
        cli_put_absent(x->output);
    }
    cli_row_end(x->output);
}

static void put_part(explaining *x, const epo_explanation *e, const char *name, const char *last, double mjd,
                     double share, bool over_even, bool largest)
{
    cli_put_text(x->output, e->object);
    cli_put_text(x->output, e->class_name);
    cli_put_score(x->output, e->score);
    cli_put_text(x->output, name);
    if (x->by_triplet) cli_put_text(x->output, last);
    cli_put_real(x->output, mjd);
    cli_put_score(x->output, share);
    cli_put_bool(x->output, largest);
    cli_put_bool(x->output, over_even);
    cli_put_absent(x->output);
    cli_row_end(x->output);
}

static void put_sequence(explaining *x, const epo_explanation *e)
{
    if (e->error) {
        cli_put_text(x->output, e->object);
        for (int i = 0; i < (x->by_triplet ? 8 : 7); i++) cli_put_absent(x->output);
        cli_put_text(x->output, e->error);
        cli_row_end(x->output);
        return;
    }
    for (size_t k = 0; x->by_triplet && k < e->triplet_count; k++) {
        const epo_explained_triplet *t = &e->triplets[k];
        put_part(x, e, t->first, t->last, t->mjd_first, t->share, t->over_even, k == e->largest_triplet);
    }
    for (size_t i = 0; !x->by_triplet && i < e->map_count; i++) {
        const epo_explained_map *m = &e->maps[i];
        put_part(x, e, m->name, NULL, m->mjd, m->share, m->over_even, i == e->largest);
    }
}

static epo_status print_explanation(void *context, const epo_explanation *e)
{
    explaining *x = context;
    if (x->head == EPO_HEAD_STAMP)
        put_stamp(x, e);
    else
        put_sequence(x, e);
    cli_progress(++x->done);
    if (x->out && !e->error) {
        epo_status status = epo_explanation_write(e, x->out);
        if (status != EPO_OK) {
            cli_failed(status);
            return EPO_ECANCELLED; /* it has been said why */
        }
    }
    return cli_output_failed(x->output) ? EPO_ECANCELLED : EPO_OK;
}

static void begin_table(explaining *x)
{
    static cli_column columns[10];
    const cli_column stamp[] = {{.name = "id"},
                                {.name = "object"},
                                {.name = "mjd", .number = true},
                                {.name = "class"},
                                {.name = "score", .number = true}};
    const cli_column shares[] = {{.name = "shares", .members = x->planes, .member_count = x->plane_count},
                                 {.name = "largest"},
                                 {.name = "over_even"}};
    const cli_column object[] = {{.name = "object"}, {.name = "class"}, {.name = "score", .number = true}};
    const cli_column part[] = {{.name = "mjd", .number = true},
                               {.name = "share", .number = true},
                               {.name = "largest"},
                               {.name = "over_even"}};
    size_t count = 0;
    if (x->head == EPO_HEAD_STAMP) {
        for (size_t i = 0; i < 5; i++) columns[count++] = stamp[i];
        for (size_t i = 0; x->shares && i < 3; i++) columns[count++] = shares[i];
    } else {
        for (size_t i = 0; i < 3; i++) columns[count++] = object[i];
        columns[count++] = (cli_column){.name = x->by_triplet ? "first" : "night"};
        if (x->by_triplet) columns[count++] = (cli_column){.name = "last"};
        for (size_t i = 0; i < 4; i++) columns[count++] = part[i];
    }
    columns[count++] = (cli_column){.name = "error"};
    cli_table_begin(x->output, "", columns, count);
}

/* --- running
 * --------------------------------------------------------------------------------------------------------------- */

static int check(const cli_call *call)
{
    const explain_options *o = call->options;
    if (!o->common.db && call->operand_count == 0) return cli_usage(call->command, "a PATH or --db FILE is needed");
    if (o->common.db && call->operand_count > 0)
        return cli_usage(call->command, "--db FILE and PATH exclude each other");
    if (!o->common.db && (o->split || o->objects.count))
        return cli_usage(call->command, "--object and --split are for --db");
    if (o->split && o->objects.count) return cli_usage(call->command, "--object and --split exclude each other");
    if (!o->common.db && o->head && strcmp(o->head, "stamp") != 0)
        return cli_usage(call->command, "--head %s is for --db: files are single stamps", o->head);
    if (o->layer && strcmp(o->method, "gradcam") != 0)
        return cli_usage(call->command, "--layer is for --method gradcam");
    return CLI_OK;
}

static epo_head choose_head(const explain_options *o, const epo_model_info *info)
{
    if (!o->common.db) return EPO_HEAD_STAMP;
    for (int h = 0; o->head && h < EPO_HEAD_COUNT; h++)
        if (strcmp(o->head, epo_head_name((epo_head)h)) == 0) return (epo_head)h;
    if (info->heads[EPO_HEAD_SEQUENCE].present) return EPO_HEAD_SEQUENCE;
    return info->heads[EPO_HEAD_STAMP].present ? EPO_HEAD_STAMP : EPO_HEAD_TRIPLET;
}

/* The model's planes by name. */
static void list_planes(explaining *x, const char *names)
{
    size_t length = strlen(names);
    if (length >= sizeof x->plane_names) length = sizeof x->plane_names - 1;
    memcpy(x->plane_names, names, length);
    for (char *rest = x->plane_names, *name; x->plane_count < PLANES_MOST && (name = strsep(&rest, ","));)
        x->planes[x->plane_count++] = name;
}

static int make_folder(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return CLI_OK;
    cli_error("--out %s: %s", path, strerror(errno == EEXIST ? ENOTDIR : errno));
    return CLI_FAILED;
}

static int explain(const cli_call *call, const epo_model *model, explaining *x)
{
    const explain_options *o = call->options;
    epo_explain_options how = EPO_EXPLAIN_OPTIONS_INIT;
    epo_explain_summary summary = {0};
    epo_store *store = NULL;
    how.method = o->method[0] == 'g' ? EPO_EXPLAIN_GRADCAM : EPO_EXPLAIN_SALIENCY;
    how.head = x->head;
    how.class_name = o->class_name;
    how.logit = o->score[0] == 'l';
    how.layer = o->layer;
    how.limit = o->limit;
    how.threads = o->common.threads;
    how.format = o->format;
    how.array = o->array;
    how.extname = o->extname;
    how.trust_input = o->trust_input;
    how.objects = o->objects.items;
    how.object_count = o->objects.count;
    how.split = o->split;
    epo_status status = o->common.db ? epo_store_open(o->common.db, EPO_STORE_READ, &store) : EPO_OK;
    cli_progress_begin(x->head == EPO_HEAD_STAMP ? "stamps" : "objects", (uint64_t)o->limit);
    if (status == EPO_OK)
        status =
            store ? epo_explain_store(model, store, &how, print_explanation, x, &summary)
                  : epo_explain_files(model, call->operands, call->operand_count, &how, print_explanation, x, &summary);
    cli_progress_end();
    epo_store_close(store);
    int result = status == EPO_OK ? CLI_OK : cli_failed(status);
    if (status == EPO_ECANCELLED) result = CLI_FAILED;
    if (result == CLI_OK) cli_table_end(x->output);
    int written = cli_output_close(x->output);
    if (result == CLI_OK) result = written;
    if (result != CLI_OK) return result;
    cli_detail("%llu explained, %llu refused, in %.3f s", (unsigned long long)summary.explained,
               (unsigned long long)summary.refused, summary.seconds);
    if (summary.refused == 0) return CLI_OK;
    cli_note("%llu could not be explained; the reasons stand in the results", (unsigned long long)summary.refused);
    return CLI_BAD_INPUT;
}

static int run(const cli_call *call)
{
    const explain_options *o = call->options;
    epo_model *model = NULL;
    epo_model_info info;
    int result = check(call);
    if (result == CLI_OK) result = cli_model_open(o->common.model, o->net, o->normalise, &model);
    if (result != CLI_OK) return result;
    epo_model_get_info(model, &info);
    explaining x = {.out = o->out, .head = choose_head(o, &info)};
    list_planes(&x, info.plane_names);
    bool early = strcmp(info.fusion, "early") == 0, cam = o->method[0] == 'g';
    x.shares = !(cam && early && !info.joined);
    x.by_triplet = o->by[0] == 't' || (cam && early); /* one map for the nights of a triplet */
    if (!info.heads[x.head].present) {
        cli_error("%s: this %s has no %s head", o->common.model, info.name, epo_head_name(x.head));
        result = CLI_BAD_MODEL;
    }
    if (result == CLI_OK && o->out) result = make_folder(o->out);
    if (result == CLI_OK && !(x.output = cli_output_open(o->common.output, false))) result = CLI_FAILED;
    if (result == CLI_OK) {
        begin_table(&x);
        result = explain(call, model, &x);
    }
    epo_model_free(model);
    return result;
}

const cli_command cmd_explain = {
    .name = "explain",
    .about = "Show where and when a network saw what it decided by",
    .operands = "PATH...",
    .description =
        "Explains single stamps (alert packets, FITS, npy/npz, or the stamps of a store) and sequences of a store, by "
        "the network as it\n"
        "scores: dropout off.\n"
        "\n"
        "saliency is |ds/dx|, how much the score s of a class changes with each pixel x that the network takes "
        "(normalised, cut and\n"
        "padded). A stamp gives a row with the share that each plane has of the sum, the largest, and those over_even: "
        "over 1/planes.\n"
        "A sequence gives a row a night (or a triplet, --by triplet), so that one sees when the network decided.\n"
        "\n"
        "gradcam is where the maps of a layer speak for the class. Where the planes go in together it is one map, and "
        "a sequence\n"
        "has rows of triplets.\n"
        "\n"
        "--out DIR takes ID.METHOD.png (all maps below what they are about), and of each map ID.METHOD.MAP.png and "
        ".fits.",
    .examples = "# what of an alert decides: science, template or difference\n"
                "epochal explain --model braai.safetensors --out maps alerts/1095578115815010001.avro\n"
                "# in which nights the network saw a supernova\n"
                "epochal explain --db sim.db --model sequence --object SN3 --class SN --out maps\n"
                "epochal explain --db crts.db --model taonet.safetensors --split main:test --limit 20 --method gradcam "
                "--output csv",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(explain_options),
    .run = run,
};
