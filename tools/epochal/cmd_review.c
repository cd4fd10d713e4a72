/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_review.c - epochal review: labels that are probably wrong, the surest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "epochal/review.h"
#include "message.h"
#include "output.h"
#include "scores.h"
#include "sources.h"

typedef struct review_options {
    cli_common common;
    cli_list models, splits;
    const char *net, *category;
    int limit;
    bool summary, agreement;
} review_options;

#define PLACE(member) .place = offsetof(review_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "model",
     .kind = CLI_LIST,
     .argument = "FILE",
     PLACE(models),
     .needed = true,
     .help = "a model whose scores are in the store: its weights file, its name, or the file's SHA-256"},
    {.name = "split",
     .kind = CLI_LIST,
     .argument = "NAME:PART",
     PLACE(splits),
     .help = "only these objects, as a:test; once for all, or once for each --model in their order"},
    {.name = "category",
     .kind = CLI_TEXT,
     .argument = "N,N",
     PLACE(category),
     .help = "only these of the categories 1 to 6; 1,6 are those that a sure model would relabel (default: all)"},
    {.name = "limit",
     .kind = CLI_COUNT,
     .argument = "N",
     .standard = "100",
     PLACE(limit),
     .help = "rows at most; 0: all"},
    {.name = "summary",
     .kind = CLI_FLAG,
     PLACE(summary),
     .help = "print how many labels are of each category, instead of the labels"},
    {.name = "agreement",
     .kind = CLI_FLAG,
     PLACE(agreement),
     .help = "print how many labels are of which category for each of two models, instead of the labels"},
    {.name = "net",
     .kind = CLI_TEXT,
     .argument = "FILE",
     PLACE(net),
     .help = "network text for weights that have none in them, PyTorch's say"},
    CLI_OPTION_LABELS_AS_OF,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

/* One source of scores, with the texts that it points to. */
typedef struct source {
    epo_review_source is;
    cli_source from;
    char column[80];
} source;

/* --- which scores ------------------------------------------------------------------------------------------------ */

/* "a" of "folds/a.safetensors", and "a_2" when another model has that name already. */
static void name_columns(source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *path = sources[i].is.name, *slash = strrchr(path, '/');
        const char *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
        const int length = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
        snprintf(sources[i].column, sizeof sources[i].column, "%.*s", length > 40 ? 40 : length, base);
        for (size_t k = 0; k < i; k++)
            if (strcmp(sources[k].column, sources[i].column) == 0)
                snprintf(sources[i].column, sizeof sources[i].column, "%.*s_%zu", length > 40 ? 40 : length, base,
                         i + 1);
    }
}

static int find_sources(const review_options *o, source *sources)
{
    int result = CLI_OK;
    for (size_t i = 0; result == CLI_OK && i < o->models.count; i++) {
        source *s = &sources[i];
        const char *text = o->models.items[i], *split = cli_source_part(&o->splits, i);
        result = cli_source_of_model(o->common.db, o->net, text, split, &s->from);
        s->is = (epo_review_source){.sha256 = s->from.sha256, .split = split, .name = text, .remedy = s->from.remedy};
    }
    if (result == CLI_OK) name_columns(sources, o->models.count);
    return result;
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

enum { SCORES = 8 };

typedef struct printing {
    const char *format;
    cli_output *output; /* opened with the first row: what fails prints nothing */
    cli_column columns[13];
    const char **names; /* of the scores */
} printing;

static const cli_column columns[] = {
    {.name = "rank", .number = true},
    {.name = "object"},
    {.name = "label"},
    {.name = "called"},
    {.name = "category", .number = true},
    {.name = "suspicion", .number = true},
    {.name = "against", .number = true},
    {.name = "models", .number = true},
    {.name = "p"},
    {.name = "seen"},
    {.name = "mjd", .number = true},
    {.name = "exposure"},
    {.name = "path"},
};
_Static_assert(sizeof columns / sizeof *columns == 13, "printing.columns has as many");

static bool open_rows(printing *p)
{
    if (!p->output && (p->output = cli_output_open(p->format, false)))
        cli_table_begin(p->output, "", p->columns, sizeof columns / sizeof *columns);
    return p->output != NULL;
}

static epo_status print_suspect(void *context, const epo_suspect *s)
{
    printing *p = context;
    if (!open_rows(p)) return EPO_ECANCELLED; /* which has been said */
    cli_put_int(p->output, s->rank);
    cli_put_text(p->output, s->object);
    cli_put_text(p->output, s->label);
    cli_put_text(p->output, s->called);
    cli_put_int(p->output, s->category);
    cli_put_score(p->output, s->suspicion);
    cli_put_int(p->output, s->against);
    cli_put_int(p->output, s->models);
    cli_put_scores(p->output, s->p);
    cli_put_bool(p->output, s->seen);
    cli_put_real(p->output, s->mjd);
    cli_put_text(p->output, s->exposure);
    cli_put_text(p->output, s->path);
    cli_row_end(p->output);
    return cli_output_failed(p->output) ? EPO_ECANCELLED : EPO_OK;
}

static const char *about_category(int category, bool stamps)
{
    static const char *const of_stamps[] = {"real, P(real) <= 0.1",  "real, P(real) <= 0.5",  "real, P(real) > 0.5",
                                            "bogus, P(real) <= 0.5", "bogus, P(real) <= 0.9", "bogus, P(real) > 0.9"};
    static const char *const of_objects[] = {"P(label) <= 0.1",        "P(label) <= 0.5",
                                             "P(label) > 0.5",         "NON, 1 - P(NON) <= 0.5",
                                             "NON, 1 - P(NON) <= 0.9", "NON, 1 - P(NON) > 0.9"};
    return stamps ? of_stamps[category - 1] : of_objects[category - 1];
}

static void print_summary(cli_output *output, const epo_review_summary *s)
{
    static const cli_column of_summary[] = {{.name = "category", .number = true},
                                            {.name = "label"},
                                            {.name = "count", .number = true},
                                            {.name = "share", .number = true}};
    cli_table_begin(output, "", of_summary, 4);
    for (int i = 1; i <= EPO_REVIEW_CATEGORIES; i++) {
        cli_put_int(output, i);
        cli_put_text(output, about_category(i, s->stamps));
        cli_put_int(output, s->of_category[i]);
        cli_put_score(output, (double)s->of_category[i] / (double)s->judged);
        cli_row_end(output);
    }
    cli_table_end(output);
}

/* A row a category of the first model, a column a category of the second. */
static void print_agreement(cli_output *output, const epo_review_summary *s)
{
    static const char *const numbers[] = {"1", "2", "3", "4", "5", "6"};
    cli_column of_both[EPO_REVIEW_CATEGORIES + 1] = {{.name = "category", .number = true}};
    for (int i = 0; i < EPO_REVIEW_CATEGORIES; i++) of_both[i + 1] = (cli_column){.name = numbers[i], .number = true};
    cli_table_begin(output, "", of_both, EPO_REVIEW_CATEGORIES + 1);
    for (int i = 1; i <= EPO_REVIEW_CATEGORIES; i++) {
        cli_put_int(output, i);
        for (int k = 1; k <= EPO_REVIEW_CATEGORIES; k++) cli_put_int(output, s->agreement[i][k]);
        cli_row_end(output);
    }
    cli_table_end(output);
}

/* What a reader of the list should know. */
static void say_notes(const review_options *o, const epo_review_summary *s)
{
    const char *what = s->stamps ? "stamps" : "objects";
    cli_note("%lld %s judged: %lld, %lld and %lld of categories 1 to 3, %lld, %lld and %lld of 4 to 6; %s against the "
             "label of %lld",
             (long long)s->judged, what, (long long)s->of_category[1], (long long)s->of_category[2],
             (long long)s->of_category[3], (long long)s->of_category[4], (long long)s->of_category[5],
             (long long)s->of_category[6], o->models.count > 1 ? "all models that scored it are" : "the model is",
             (long long)s->against_all);
    if (s->seen)
        cli_note("%lld of them are judged by a model that was trained on them, and may have learned a wrong label by "
                 "heart: train "
                 "folds on two halves (epochal split with other parts, train), and give each with the half it has not "
                 "seen: --model "
                 "a.safetensors --split a:test --model b.safetensors --split b:test",
                 (long long)s->seen);
    if (s->missing) cli_note("%lld objects have no score, and are not judged", (long long)s->missing);
    if (s->left_out)
        cli_note("%lld objects with scores are of no class of the model, and left out", (long long)s->left_out);
    if (s->unusable) cli_note("%lld scores are no probabilities, and do not count", (long long)s->unusable);
    if (o->limit && s->told == o->limit && !o->summary && !o->agreement)
        cli_note("these are the first %d; --limit 0 shows all", o->limit);
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int read_categories(const cli_call *call, bool out[EPO_REVIEW_CATEGORIES + 1])
{
    const review_options *o = call->options;
    for (const char *text = o->category; text;) {
        if (*text < '1' || *text > '0' + EPO_REVIEW_CATEGORIES || (text[1] && text[1] != ','))
            return cli_usage(call->command,
                             "--category takes numbers from 1 to 6 with commas between, as 1,6, not '%s'", o->category);
        out[*text - '0'] = true;
        text = text[1] ? text + 2 : NULL;
    }
    return CLI_OK;
}

static int check(const cli_call *call)
{
    const review_options *o = call->options;
    if (o->models.count > EPO_REVIEW_SOURCES_MAX)
        return cli_usage(call->command, "--model at most %d times", EPO_REVIEW_SOURCES_MAX);
    if (o->splits.count > 1 && o->splits.count != o->models.count)
        return cli_usage(call->command, "%zu times --split for %zu models: give one for all, or one for each",
                         o->splits.count, o->models.count);
    if (o->agreement && o->models.count != 2) return cli_usage(call->command, "--agreement is for two models");
    if (o->agreement && o->summary)
        return cli_usage(call->command, "--agreement and --summary are two tables: give one of them");
    return CLI_OK;
}

static int review(const review_options *o, epo_store *store, const source *sources, const epo_review_options *how)
{
    const size_t count = o->models.count;
    const bool rows = !o->summary && !o->agreement;
    epo_review_source is[EPO_REVIEW_SOURCES_MAX];
    const char *names[EPO_REVIEW_SOURCES_MAX];
    epo_review_summary summary;
    printing p = {.format = o->common.output, .names = names};
    for (size_t i = 0; i < count; i++) {
        is[i] = sources[i].is;
        names[i] = sources[i].column;
    }
    memcpy(p.columns, columns, sizeof columns);
    p.columns[SCORES].members = names;
    p.columns[SCORES].member_count = count;
    epo_status status = epo_review(store, is, count, how, rows ? print_suspect : NULL, &p, &summary);
    int result = status == EPO_OK ? CLI_OK : cli_failed(status);
    if (result == CLI_OK && !rows) p.output = cli_output_open(p.format, false);
    if (result == CLI_OK && rows) open_rows(&p); /* where there was no row */
    if (result == CLI_OK && !p.output) result = CLI_FAILED;
    if (result == CLI_OK && o->summary) print_summary(p.output, &summary);
    if (result == CLI_OK && o->agreement) print_agreement(p.output, &summary);
    if (result == CLI_OK) say_notes(o, &summary);
    if (!p.output) return result;
    if (rows) cli_table_end(p.output);
    const int closed = cli_output_close(p.output);
    return result != CLI_OK ? result : closed;
}

static int run(const cli_call *call)
{
    const review_options *o = call->options;
    epo_review_options how = {.limit = o->limit};
    epo_store *store = NULL;
    int result = check(call);
    if (result == CLI_OK) result = read_categories(call, how.categories);
    if (result == CLI_OK) result = cli_store_open(call, EPO_STORE_READ, &store);
    if (result != CLI_OK) return result;
    source *sources = calloc(o->models.count, sizeof *sources);
    if (!sources) cli_error("out of memory");
    result = sources ? find_sources(o, sources) : CLI_FAILED;
    if (result == CLI_OK) result = review(o, store, sources, &how);
    for (size_t i = 0; sources && i < o->models.count; i++) free(sources[i].from.remedy);
    free(sources);
    epo_store_close(store);
    return result;
}

const cli_command cmd_review = {
    .name = "review",
    .about = "List labels that are probably wrong, the surest first",
    .description = "Holds the scores that score or classify left in a store against the labels of the objects, and "
                   "lists those labels that\n"
                   "models are most surely against: first those that all models which scored them are against, then by "
                   "falling suspicion. Of one\n"
                   "model that is (1 - P(label) + P(best other class)) / 2; of several, the mean.\n\n"
                   "Each label is of one of six categories, with p = P(real) of stamps; a sure model would relabel 1 and "
                   "6:\n\n"
                   "  1  labelled real,  p <= 0.1          4  labelled bogus, p <= 0.5\n"
                   "  2  labelled real,  0.1 < p <= 0.5    5  labelled bogus, 0.5 < p <= 0.9\n"
                   "  3  labelled real,  p > 0.5           6  labelled bogus, p > 0.9\n\n"
                   "Of objects p is P(label), and they are of 1 to 3; those labelled NON are of 4 to 6, with p = 1 - "
                   "P(NON). Of several models p is\n"
                   "the mean. --summary counts them, --agreement counts them for two models side by side.\n\n"
                   "A model that has learned a wrong label by heart finds nothing. Judge each label by a model that "
                   "has not seen it: train two,\n"
                   "each on one half, and give each with the half that it has not seen. The column seen says where the "
                   "store knows better: a model\n"
                   "that was trained on the object, or started from weights that were.\n\n"
                   "p holds each model's P(real), or P(label) of sequences. Decisions are recorded by epochal relabel.",
    .examples =
        "epochal score --db rb.db --model a.safetensors --split a:test\n"
        "epochal score --db rb.db --model b.safetensors --split b:test\n"
        "# two folds of a cross-validation, each on what it has not seen\n"
        "epochal review --db rb.db --model a.safetensors --split a:test --model b.safetensors --split b:test "
        "--category 1,6\n"
        "# do two networks doubt the same labels?\n"
        "epochal review --db rb.db --model a.safetensors --model braai.safetensors --split main:test --agreement\n"
        "# a list for the observers\n"
        "epochal review --db rb.db --model a.safetensors --split a:test --limit 500 -o csv > doubts.csv",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(review_options),
    .run = run,
};
