/* SPDX-License-Identifier: BSD-3-Clause
 * relabel_decide.c - votes of several observers turned into labels by the majority. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/relabel.h"
#include "store/store.h"

const char *epo_relabel_outcome_name(epo_relabel_outcome outcome)
{
    static const char *const names[] = {"changed", "confirmed", "open", "tie"};
    return (size_t)outcome < sizeof names / sizeof *names ? names[outcome] : NULL;
}

static bool same_class(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The votes of one object, which stand class by class: who has most, and all of them as a text. */
static void count_votes(const epo__open_vote *votes, size_t count, int majority, epo__string *text,
                        epo_relabel_decision *out)
{
    int most = 0, with_most = 0;
    for (size_t i = 0, end; i < count; i = end) {
        const char *class_name = votes[i].class_name;
        for (end = i; end < count && same_class(votes[end].class_name, class_name);) end++;
        const int here = (int)(end - i);
        epo__string_addf(text, "%s%s %d (", i ? ", " : "", class_name ? class_name : EPO_RELABEL_UNKNOWN, here);
        for (size_t k = i; k < end; k++) epo__string_addf(text, "%s%s", k > i ? ", " : "", votes[k].who);
        epo__string_add(text, ")");
        with_most = here > most ? 1 : with_most + (here == most);
        if (here <= most) continue;
        most = here;
        out->class_name = class_name;
    }
    out->for_it = most;
    out->all = (int)count;
    out->outcome = with_most > 1                                  ? EPO_RELABEL_TIE
                   : most < majority || 2 * (size_t)most <= count ? EPO_RELABEL_OPEN
                   : same_class(out->class_name, out->was)        ? EPO_RELABEL_CONFIRMED
                                                                  : EPO_RELABEL_CHANGED;
    if (with_most > 1) out->class_name = NULL;
}

static epo_status decide_object(epo_store *store, const epo__open_vote *votes, size_t count, int majority,
                                epo_relabel_decision_fn tell, void *context)
{
    epo__string text = {0};
    epo_relabel_decision d = {.survey = votes->survey, .object = votes->name, .was = votes->labelled};
    count_votes(votes, count, majority, &text, &d);
    epo_status status = text.failed ? epo__nomem("votes") : EPO_OK;
    if (status == EPO_OK && (d.outcome == EPO_RELABEL_CHANGED || d.outcome == EPO_RELABEL_CONFIRMED)) {
        char *why = epo__format("%d of %d votes: %s", d.for_it, d.all, text.text);
        status = why ? epo__store_label_add(store, &(epo__label_row){.object = votes->object,
                                                                     .class_name = d.class_name,
                                                                     .who = "majority",
                                                                     .why = why})
                     : epo__nomem("votes");
        free(why);
    }
    d.votes = text.text;
    if (status == EPO_OK && tell) status = tell(context, &d);
    epo__string_free(&text);
    return status;
}

epo_status epo_relabel_decide(epo_store *store, int majority, bool dry, epo_relabel_decision_fn tell, void *context)
{
    epo__open_votes votes = {0};
    if (majority < 1) return epo__fail(EPO_EARG, "a majority of %d votes", majority);
    epo_status status = epo__store_begin(store);
    if (status != EPO_OK) return status;
    status = epo__store_open_votes(store, &votes);
    for (size_t i = 0, end; status == EPO_OK && i < votes.count; i = end) {
        for (end = i; end < votes.count && votes.rows[end].object == votes.rows[i].object;) end++;
        status = decide_object(store, &votes.rows[i], end - i, majority, tell, context);
    }
    if (status == EPO_OK && !dry) status = epo__store_commit(store);
    if (status != EPO_OK || dry) epo__store_rollback(store);
    epo__open_votes_free(&votes);
    return status;
}
