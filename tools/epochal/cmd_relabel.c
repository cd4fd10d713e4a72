/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_relabel.c - epochal relabel: decisions on labels, as entries of their history. */
#include "commands.h"
#include "epochal/relabel.h"
#include "message.h"
#include "output.h"

typedef struct relabel_options {
    cli_common common;
    const char *object, *class_name, *who, *why, *from, *survey, *real_label;
    int majority;
    bool vote, decide, dry_run, list, undo, new_class;
} relabel_options;

static const char *label_word(size_t index, const char **about)
{
    *about = NULL;
    return index == 0 ? "0" : index == 1 ? "1" : NULL;
}

#define PLACE(member) .place = offsetof(relabel_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "object", .kind = CLI_TEXT, .argument = "NAME", PLACE(object), .help = "the object that it is about"},
    {.name = "class",
     .kind = CLI_TEXT,
     .argument = "C",
     PLACE(class_name),
     .help = "what it is; unknown: it cannot be told"},
    {.name = "who",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(who),
     .help = "who says so; of a CSV: where a row does not say it"},
    {.name = "why",
     .kind = CLI_TEXT,
     .argument = "TEXT",
     PLACE(why),
     .help = "and why; of a CSV: where a row does not say it"},
    {.name = "from",
     .kind = CLI_TEXT,
     .argument = "FILE.csv",
     PLACE(from),
     .help = "many decisions: columns object (or name), class, and who, why, when, survey where they are there; or the "
             "DES tool's ID, "
             "old_label, changed_label, final_label"},
    {.name = "real-label",
     .kind = CLI_TEXT,
     .argument = "0|1",
     PLACE(real_label),
     .word = label_word,
     .help = "of a CSV: which of the labels 0 and 1 means real"},
    {.name = "vote",
     .kind = CLI_FLAG,
     PLACE(vote),
     .help = "record votes, which decide nothing yet, instead of labels"},
    {.name = "decide",
     .kind = CLI_FLAG,
     PLACE(decide),
     .help = "turn votes into labels by the majority of each object's observers"},
    {.name = "majority",
     .kind = CLI_COUNT,
     .argument = "N",
     .standard = "2",
     PLACE(majority),
     .help = "votes that a class needs at least, beside more than half of all"},
    {.name = "dry-run", .kind = CLI_FLAG, PLACE(dry_run), .help = "with --decide: show it and record nothing"},
    {.name = "list",
     .kind = CLI_FLAG,
     PLACE(list),
     .help = "print the history of --object; without it that of all, without imports"},
    {.name = "undo", .kind = CLI_FLAG, PLACE(undo), .help = "append the label of --object before its last one"},
    {.name = "survey",
     .kind = CLI_TEXT,
     .argument = "NAME",
     PLACE(survey),
     .help = "where names alone do not tell objects apart"},
    {.name = "new-class",
     .kind = CLI_FLAG,
     PLACE(new_class),
     .help = "a class that no object of the store has is no mistake"},
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

/* --- printing ---------------------------------------------------------------------------------------------------- */

static const cli_column history_columns[] = {{.name = "object"}, {.name = "kind"}, {.name = "class"}, {.name = "who"},
                                             {.name = "when"},   {.name = "why"},  {.name = "survey"}};
static const cli_column decision_columns[] = {
    {.name = "object"}, {.name = "was"}, {.name = "class"}, {.name = "outcome"}, {.name = "votes"}};

/* The history being printed. Its output is opened with the first row: what fails prints nothing. */
typedef struct listing {
    const char *format;
    cli_output *output;
} listing;

static bool open_listing(listing *l)
{
    if (!l->output && (l->output = cli_output_open(l->format, false)))
        cli_table_begin(l->output, "", history_columns, sizeof history_columns / sizeof *history_columns);
    return l->output != NULL;
}

static epo_status print_entry(void *context, const epo_label_entry *entry)
{
    listing *l = context;
    if (!open_listing(l)) return EPO_ECANCELLED; /* which has been said */
    cli_output *output = l->output;
    cli_put_text(output, entry->object);
    cli_put_text(output, entry->vote ? "vote" : "label");
    cli_put_text(output, entry->class_name ? entry->class_name : EPO_RELABEL_UNKNOWN);
    cli_put_text(output, entry->who);
    cli_put_text(output, entry->when);
    cli_put_text(output, entry->why);
    cli_put_text(output, entry->survey);
    cli_row_end(output);
    return cli_output_failed(output) ? EPO_ECANCELLED : EPO_OK;
}

typedef struct counting {
    cli_output *output;
    long long of[EPO_RELABEL_TIE + 1];
} counting;

static epo_status print_decision(void *context, const epo_relabel_decision *d)
{
    counting *c = context;
    c->of[d->outcome]++;
    cli_put_text(c->output, d->object);
    cli_put_text(c->output, d->was ? d->was : EPO_RELABEL_UNKNOWN);
    cli_put_text(c->output, d->outcome == EPO_RELABEL_TIE ? NULL : d->class_name ? d->class_name : EPO_RELABEL_UNKNOWN);
    cli_put_text(c->output, epo_relabel_outcome_name(d->outcome));
    cli_put_text(c->output, d->votes);
    cli_row_end(c->output);
    return EPO_OK; /* what is decided does not depend on who reads it */
}

static int end(cli_output *output, epo_status status)
{
    cli_table_end(output);
    const int failed = status == EPO_OK ? CLI_OK : cli_failed(status), closed = cli_output_close(output);
    return failed != CLI_OK ? failed : closed;
}

/* --- what is to be done ------------------------------------------------------------------------------------------ */

static epo_relabel_options how_of(const relabel_options *o)
{
    return (epo_relabel_options){.survey = o->survey,
                                 .who = o->who,
                                 .why = o->why,
                                 .real_label = o->real_label,
                                 .vote = o->vote,
                                 .new_class = o->new_class};
}

static int refuse(const cli_call *call, epo_status status)
{
    return status == EPO_EARG ? cli_usage(call->command, "%s", epo_error_message()) : cli_failed(status);
}

static int list(const relabel_options *o, epo_store *store)
{
    listing l = {.format = o->common.output};
    epo_status status = epo_relabel_history(store, o->survey, o->object, print_entry, &l);
    if (status != EPO_OK && !l.output) return cli_failed(status);
    return open_listing(&l) ? end(l.output, status) : CLI_FAILED;
}

static int one(const cli_call *call, epo_store *store)
{
    const relabel_options *o = call->options;
    const epo_relabel_options how = how_of(o);
    epo_status status =
        o->undo ? epo_relabel_undo(store, o->object, &how) : epo_relabel(store, o->object, o->class_name, &how);
    return status == EPO_OK ? list(o, store) : refuse(call, status);
}

static int many(const cli_call *call, epo_store *store)
{
    static const cli_column columns[] = {{.name = "recorded", .number = true},
                                         {.name = "known", .number = true},
                                         {.name = "kept", .number = true},
                                         {.name = "pending", .number = true}};
    const relabel_options *o = call->options;
    const epo_relabel_options how = how_of(o);
    epo_relabel_summary done;
    epo_status status = epo_relabel_from_file(store, o->from, &how, &done);
    if (status != EPO_OK) return refuse(call, status);
    cli_output *output = cli_output_open(o->common.output, false);
    if (!output) return CLI_FAILED;
    cli_table_begin(output, "", columns, 4);
    cli_put_int(output, done.recorded);
    cli_put_int(output, done.known);
    cli_put_int(output, done.kept);
    cli_put_int(output, done.pending);
    cli_row_end(output);
    if (done.known) cli_note("%s: %lld rows say what is recorded already", o->from, (long long)done.known);
    if (done.pending) cli_note("%s: %lld rows have no final label yet", o->from, (long long)done.pending);
    return end(output, EPO_OK);
}

static int decide(const relabel_options *o, epo_store *store)
{
    counting c = {.output = cli_output_open(o->common.output, false)};
    if (!c.output) return CLI_FAILED;
    cli_table_begin(c.output, "", decision_columns, sizeof decision_columns / sizeof *decision_columns);
    epo_status status = epo_relabel_decide(store, o->majority, o->dry_run, print_decision, &c);
    if (status == EPO_OK)
        cli_note("%lld labels changed and %lld confirmed%s, %lld open, %lld ties", c.of[EPO_RELABEL_CHANGED],
                 c.of[EPO_RELABEL_CONFIRMED], o->dry_run ? " (would be: nothing is recorded)" : "",
                 c.of[EPO_RELABEL_OPEN], c.of[EPO_RELABEL_TIE]);
    return end(c.output, status);
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int check(const cli_call *call)
{
    const relabel_options *o = call->options;
    const int jobs = (o->class_name != NULL) + (o->from != NULL) + o->decide + o->list + o->undo;
    if (jobs != 1) return cli_usage(call->command, "one of --class, --from, --decide, --list and --undo is needed");
    if ((o->class_name || o->undo) && !o->object) return cli_usage(call->command, "--object NAME is needed");
    if ((o->from || o->decide) && o->object)
        return cli_usage(call->command, "--object is for one object: leave it out");
    if ((o->class_name || o->undo) && !o->who) return cli_usage(call->command, "--who NAME is needed");
    if (o->class_name && !o->why) return cli_usage(call->command, "--why TEXT is needed");
    if (o->vote && !o->class_name && !o->from)
        return cli_usage(call->command, "--vote goes with --object and --class, or with --from");
    if (o->decide && o->majority < 1) return cli_usage(call->command, "--majority is 1 or more");
    if (o->dry_run && !o->decide) return cli_usage(call->command, "--dry-run goes with --decide");
    if (o->real_label && !o->from) return cli_usage(call->command, "--real-label goes with --from");
    return CLI_OK;
}

static int run(const cli_call *call)
{
    const relabel_options *o = call->options;
    epo_store *store = NULL;
    int result = check(call);
    if (result != CLI_OK) return result;
    epo_status status = epo_store_open(o->common.db, o->list ? EPO_STORE_READ : EPO_STORE_WRITE, &store);
    if (status != EPO_OK) return cli_failed(status);
    result = o->list ? list(o, store) : o->from ? many(call, store) : o->decide ? decide(o, store) : one(call, store);
    epo_store_close(store);
    return result;
}

const cli_command cmd_relabel = {
    .name = "relabel",
    .about = "Record what objects are: who says so, when and why",
    .description = "Appends to the history of labels; the last entry is what an object is. Nothing is changed or "
                   "deleted: --undo appends the\n"
                   "former label, --list shows all of it, and train, finetune, split, evaluate and review take the "
                   "labels --labels-as-of a date.\n\n"
                   "Several observers vote (--vote): votes are kept beside the history and change nothing, until "
                   "--decide makes labels of those that\n"
                   "have --majority votes and more than half of all on the object. An observer's last vote counts. "
                   "What is open, or a tie, is listed\n"
                   "and stays; a label that comes in between, whoever gives it, ends the round.\n\n"
                   "A CSV is recorded wholly or, when a row is wrong, not at all, and may come again: rows that are "
                   "known are passed over. Of the DES\n"
                   "tool's files (ID, old_label, changed_label, final_label) rows whose label was left change nothing, "
                   "as votes they are votes for it.",
    .examples = "epochal relabel --db rb.db --object RB-000017 --class bogus --who anna --why \"diffraction spike\"\n"
                "# many at once: rows such as RB-000017,bogus,anna,2026-11-21,diffraction spike below "
                "object,class,who,when,why\n"
                "epochal relabel --db rb.db --from decisions.csv\n"
                "# the DES tool's file, one observer's votes\n"
                "epochal relabel --db rb.db --from results.csv --real-label 0 --vote --who bob --why \"first round\"\n"
                "epochal relabel --db rb.db --decide --majority 2\n"
                "epochal relabel --db rb.db --list --object RB-000017\n"
                "epochal relabel --db rb.db --object RB-000017 --undo --who anna --why \"it was the one above\"\n"
                "epochal train --db rb.db --split main --net braai --task realbogus --labels-as-of 2026-11-20 --out "
                "before.safetensors",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(relabel_options),
    .run = run,
};
