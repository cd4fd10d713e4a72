/* SPDX-License-Identifier: BSD-3-Clause
 * relabel.c - single decisions, undoing them, and reading the history. */
#include "data/relabel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/store.h"

enum { WHO_MAX = 200, WHY_MAX = 10000, CLASS_MAX = 64 }; /* bytes */

/* --- what may be recorded ---------------------------------------------------------------------------------------- */

static bool has_control(const char *text, const char *but)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && !strchr(but, *text)) || *text == 0x7f) return true;
    return false;
}

/* What is recorded is read in years, by other programs too. */
static epo_status check_utf8(const char *what, const char *text)
{
    for (size_t length; *text; text += length)
        if (!(length = epo__utf8_length(text)))
            return epo__fail(EPO_EARG, "%s: byte 0x%02x is no UTF-8; texts of another coding have to be converted (iconv -t UTF-8)",
                             what, (unsigned char)*text);
    return EPO_OK;
}

epo_status epo__relabel_check_who(const char *who)
{
    static const char *const ours[] = {"import", "majority"};
    if (!who || !who[strspn(who, " ")]) return epo__fail(EPO_EARG, "who says so? An observer's name is needed");
    if (strlen(who) > WHO_MAX || has_control(who, ""))
        return epo__fail(EPO_EARG, "who: a name of at most %d bytes without control characters, not '%.40s'", WHO_MAX,
                         who);
    if (*who == ' ' || who[strlen(who) - 1] == ' ')
        return epo__fail(EPO_EARG, "who: '%s' begins or ends with a blank", who);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcasecmp(who, ours[i]) == 0) return epo__fail(EPO_EARG, "who: '%s' is no observer: give a name", who);
    return check_utf8("who", who);
}

epo_status epo__relabel_check_why(const char *why)
{
    if (!why || !why[strspn(why, " \t\r\n")])
        return epo__fail(EPO_EARG, "why? A reason is needed, for those who read it in years");
    if (strlen(why) > WHY_MAX || has_control(why, "\t\r\n"))
        return epo__fail(EPO_EARG, "why: at most %d bytes without control characters, not '%.40s'", WHY_MAX, why);
    return check_utf8("why", why);
}

void epo__class_names_free(epo__class_names *names)
{
    free(names->rows);
    epo__pool_free(&names->texts);
    *names = (epo__class_names){0};
}

static epo_status no_such_class(epo_store *store, const char *given)
{
    epo_store_contents contents = {0};
    epo__string have = {0};
    epo_status status = epo_store_info(store, &contents);
    for (size_t i = 0; status == EPO_OK && i < contents.class_count; i++)
        if (contents.classes[i].name)
            epo__string_addf(&have, "%s%.40s", have.length ? ", " : "", contents.classes[i].name);
    if (status == EPO_OK)
        status = epo__fail(EPO_EARG, "class '%.40s': no object of the store is one; there are %.300s", given,
                           have.text ? have.text : "none");
    epo__string_free(&have);
    epo_store_info_free(&contents);
    return status;
}

static epo_status look_up(epo_store *store, epo__class_names *names, const char *given, bool may_be_new,
                          const char **spelled)
{
    epo_status status = epo__store_class_spelled(store, given, &names->texts, spelled);
    if (status != EPO_OK || *spelled) return status;
    if (strcasecmp(given, EPO_RELABEL_UNKNOWN) == 0) return EPO_OK;
    if (!may_be_new) return no_such_class(store, given);
    if (strlen(given) > CLASS_MAX || has_control(given, ""))
        return epo__fail(EPO_EARG, "class: at most %d bytes without control characters, not '%.40s'", CLASS_MAX, given);
    status = check_utf8("class", given);
    if (status != EPO_OK) return status;
    *spelled = epo__pool_add(&names->texts, given, strlen(given));
    return *spelled ? EPO_OK : epo__nomem("classes");
}

epo_status epo__relabel_class(epo_store *store, epo__class_names *names, const char *given, bool may_be_new,
                              const char **spelled)
{
    *spelled = NULL;
    if (!given || !*given)
        return epo__fail(EPO_EARG, "no class; '%s' is the one of what cannot be told", EPO_RELABEL_UNKNOWN);
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->rows[i].given, given) == 0) {
            *spelled = names->rows[i].spelled;
            return EPO_OK;
        }
    epo_status status = look_up(store, names, given, may_be_new, spelled);
    if (status != EPO_OK) return status;
    const char *copy = epo__pool_add(&names->texts, given, strlen(given));
    if (!copy || !epo__grow(&names->rows, &names->room, names->count + 1, sizeof *names->rows))
        return epo__nomem("classes");
    names->rows[names->count++] = (struct epo__class_name){copy, *spelled};
    return EPO_OK;
}

epo_status epo__relabel_object(epo_store *store, const char *survey, const char *name, int64_t *id)
{
    int64_t surveys = 1;
    *id = 0;
    if (!name || !*name) return epo__fail(EPO_EARG, "no object is named");
    epo_status status = epo__store_object_find(store, survey, name, id);
    if (status == EPO_OK && *id == 0)
        return epo__fail(EPO_ENOTFOUND, "there is no object '%.100s' in the store%s%.100s", name,
                         survey ? ", survey " : "", survey ? survey : "");
    if (status == EPO_OK && !survey) status = epo__store_object_surveys(store, name, &surveys);
    if (status == EPO_OK && surveys > 1)
        return epo__fail(EPO_EARG, "object '%.100s' is in %" PRId64 " surveys: say which", name, surveys);
    return status;
}

/* --- single decisions -------------------------------------------------------------------------------------------- */

/* Ends the transaction well, or undoes it and keeps the message. */
static epo_status finish(epo_store *store, epo_status status)
{
    if (status == EPO_OK) status = epo__store_commit(store);
    if (status != EPO_OK) epo__store_rollback(store);
    return status;
}

epo_status epo_relabel(epo_store *store, const char *object, const char *class_name, const epo_relabel_options *options)
{
    epo__class_names names = {0};
    epo__label_row row = {.who = options->who, .why = options->why};
    epo_status status = epo__relabel_check_who(options->who);
    if (status == EPO_OK) status = epo__relabel_check_why(options->why);
    if (status == EPO_OK) status = epo__store_begin(store);
    if (status != EPO_OK) return status;
    status = epo__relabel_object(store, options->survey, object, &row.object);
    if (status == EPO_OK) status = epo__relabel_class(store, &names, class_name, options->new_class, &row.class_name);
    if (status == EPO_OK) status = options->vote ? epo__store_vote_add(store, &row) : epo__store_label_add(store, &row);
    status = finish(store, status);
    epo__class_names_free(&names);
    return status;
}

static epo_status append_former(epo_store *store, int64_t object, const char *name, const epo_relabel_options *options)
{
    epo__pool texts = {0};
    epo__last_labels last;
    bool found;
    epo_status status = epo__store_labels_last(store, object, &texts, &last, &found);
    if (status == EPO_OK && !found)
        status = epo__fail(EPO_ENOTFOUND, "object '%.100s' has no label that could be undone", name);
    if (status == EPO_OK) {
        char *why = epo__format("undoes %s of %s, %s%s%s", last.class_name ? last.class_name : EPO_RELABEL_UNKNOWN,
                                last.who, last.at, options->why ? ": " : "", options->why ? options->why : "");
        status = why ? epo__store_label_add(store, &(epo__label_row){.object = object,
                                                                     .class_name = last.former,
                                                                     .who = options->who,
                                                                     .why = why})
                     : epo__nomem("a label");
        free(why);
    }
    epo__pool_free(&texts);
    return status;
}

epo_status epo_relabel_undo(epo_store *store, const char *object, const epo_relabel_options *options)
{
    int64_t id;
    epo_status status = epo__relabel_check_who(options->who);
    if (status == EPO_OK && options->why) status = epo__relabel_check_why(options->why);
    if (status == EPO_OK) status = epo__store_begin(store);
    if (status != EPO_OK) return status;
    status = epo__relabel_object(store, options->survey, object, &id);
    if (status == EPO_OK) status = append_former(store, id, object, options);
    return finish(store, status);
}

/* --- the history ------------------------------------------------------------------------------------------------- */

typedef struct listing {
    epo_label_entry_fn tell;
    void *context;
} listing;

static epo_status tell_entry(void *context, const epo__history_row *row)
{
    const listing *l = context;
    const epo_label_entry entry = {.vote = row->vote,
                                   .survey = row->survey,
                                   .object = row->object,
                                   .class_name = row->class_name,
                                   .who = row->who,
                                   .when = row->at,
                                   .why = row->why};
    return l->tell(l->context, &entry);
}

epo_status epo_relabel_history(epo_store *store, const char *survey, const char *object, epo_label_entry_fn tell,
                               void *context)
{
    int64_t id = 0;
    listing l = {tell, context};
    epo_status status = object ? epo__relabel_object(store, survey, object, &id) : EPO_OK;
    return status == EPO_OK ? epo__store_history_visit(store, id, tell_entry, &l) : status;
}
