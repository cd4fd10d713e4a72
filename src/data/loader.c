/* SPDX-License-Identifier: BSD-3-Clause
 * loader.c - threads that prepare batches ahead, and the queue between them and the caller.
 *
 * Batches are numbered. A thread that is free takes the next number and a free slot together, so the batch that is
 * wanted next always has a slot and the queue cannot block itself; the caller takes them by number. One slot is the
 * caller's. Each start begins a new generation: what a thread was preparing for the one before is dropped. */
#include "data/loader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "data/loader_index.h"
#include "data/loader_plan.h"
#include "data/sample.h"
#include "store/objects.h"
#include "store/store.h"

enum {
    STANDARD_MEMORY = 512 << 20,
    INDEX_CACHE = 1024, /* KiB of the store's pages, while the index is read: each is seen once */
    SPARE_SLOTS = 2,    /* the caller's, and one that waits for it */
};

typedef enum slot_state { SLOT_FREE, SLOT_BUSY, SLOT_READY, SLOT_LENT } slot_state;

typedef struct slot {
    slot_state state;
    epo__loader_batch batch;
    int *lengths, *labels;
    int64_t *objects, *stamps;
    float *planes;
    double *mjds;
    epo_status status;
    char message[512];
} slot;

typedef struct worker {
    epo__loader *loader;
    epo__sampler sampler;
    pthread_t thread;
    bool running;
} worker;

struct epo__loader {
    epo__loader_index index;
    epo__stamp_cache cache;
    size_t fixed; /* bytes beside the cache */
    worker *workers;
    slot *slots;
    int worker_count, slot_count;
    size_t slot_triplets; /* room in a slot */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* all under lock; the plan stands still while a thread is at work */
    epo__loader_plan plan;
    bool stop, started, delivered;
    _Atomic unsigned generation; /* read without the lock to stop early */
    uint64_t epoch;
    size_t next, wanted; /* numbers of batches: to be prepared, to be handed out */
    int busy;
    slot *lent;
    size_t damaged;
    char damaged_first[512];
};

/* --- preparing
 * ---------------------------------------------------------------------------------------------------------- */

/* Counts an object with a stamp that cannot be used, and tells of it once. */
static void note_damaged(epo__loader *l, epo__sampler *s, epo__loader_object *object)
{
    char reason[512];
    if (atomic_exchange(&object->damaged, true)) return;
    snprintf(reason, sizeof reason, "%s", epo_error_message());
    epo__pool texts = {0};
    epo__object_row row;
    const bool named = epo__store_object_get(s->store, object->id, &texts, &row) == EPO_OK && row.name;
    epo__fail(EPO_EFORMAT, "object %s: left out of training: %s", named ? row.name : "without a name", reason);
    epo__pool_free(&texts);
    epo__log(EPO_LOG_WARNING, "%s", epo_error_message());
    pthread_mutex_lock(&l->lock);
    if (l->damaged++ == 0) snprintf(l->damaged_first, sizeof l->damaged_first, "%s", epo_error_message());
    pthread_mutex_unlock(&l->lock);
}

static void prepare(epo__loader *l, epo__sampler *s, slot *out, unsigned generation)
{
    const epo__loader_index *x = &l->index;
    const size_t planes = (size_t)x->options.rule.planes;
    const size_t triplet = planes * (size_t)x->options.rule.height * (size_t)x->options.rule.width;
    epo__loader_batch *b = &out->batch;
    size_t count;
    const epo__loader_entry *entries = epo__loader_plan_batch(x, &l->plan, b->number, &count);
    b->count = b->triplets = 0;
    out->status = EPO_OK;
    for (size_t i = 0; i < count && atomic_load_explicit(&l->generation, memory_order_relaxed) == generation; i++) {
        epo__loader_object *object = &l->index.objects[entries[i].source.object];
        const size_t length = epo__loader_length(x, entries[i].source.object);
        assert(b->triplets + length <= l->slot_triplets);
        epo_status status = epo__sample_make(s, &entries[i], b->epoch, out->planes + b->triplets * triplet,
                                             out->mjds + b->triplets * planes, &out->stamps[b->count]);
        if (status == EPO_EFORMAT) {
            note_damaged(l, s, object);
            continue;
        }
        if (status != EPO_OK) {
            out->status = status;
            snprintf(out->message, sizeof out->message, "%s", epo_error_message());
            break;
        }
        out->lengths[b->count] = (int)length;
        out->labels[b->count] = object->label;
        out->objects[b->count] = object->id;
        b->triplets += length;
        b->count++;
    }
    epo__sampler_rest(s);
}

static slot *free_slot(epo__loader *l)
{
    for (int i = 0; i < l->slot_count; i++)
        if (l->slots[i].state == SLOT_FREE) return &l->slots[i];
    return NULL;
}

static void *work(void *argument)
{
    worker *w = argument;
    epo__loader *l = w->loader;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        slot *s = l->started && l->next < l->index.counts.batches ? free_slot(l) : NULL;
        if (!s) {
            pthread_cond_wait(&l->changed, &l->lock);
            continue;
        }
        const unsigned generation = l->generation;
        s->state = SLOT_BUSY;
        s->batch.epoch = l->epoch;
        s->batch.number = l->next++;
        l->busy++;
        pthread_mutex_unlock(&l->lock);
        prepare(l, &w->sampler, s, generation);
        pthread_mutex_lock(&l->lock);
        l->busy--;
        s->state = generation == l->generation ? SLOT_READY : SLOT_FREE;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* --- opening and closing
 * -------------------------------------------------------------------------------------------------- */

static epo_status check_options(const epo__loader_options *o)
{
    const epo__stamp_rule *rule = &o->rule;
    if (!o->store) return epo__fail(EPO_EARG, "loader: no store");
    if (o->batch < 1) return epo__fail(EPO_EARG, "loader: batches of %d examples", o->batch);
    if (o->label_count < 1 || o->class_count < 1) return epo__fail(EPO_EARG, "loader: no classes to train");
    for (size_t i = 0; i < o->class_count; i++)
        if (o->classes[i].label < 0 || o->classes[i].label >= o->label_count)
            return epo__fail(EPO_EARG, "loader: class %s: label %d is not one of %d", o->classes[i].name,
                             o->classes[i].label, o->label_count);
    if (rule->planes < 1 || rule->planes > EPO__STAMP_PLANES || rule->height < 1 || rule->width < 1 ||
        rule->height > EPO__SIDE_MAX || rule->width > EPO__SIDE_MAX)
        return epo__fail(EPO_EARG, "loader: %d planes of %d x %d pixels", rule->planes, rule->width, rule->height);
    if (o->stride < 1 || o->stride > rule->planes)
        return epo__fail(EPO_EARG, "loader: a stride of %d with %d nights at once", o->stride, rule->planes);
    if (o->kind == EPO__EXAMPLE_FIXED && o->nights < rule->planes)
        return epo__fail(EPO_EARG, "loader: sequences of %d nights, of which %d enter at once", o->nights,
                         rule->planes);
    if (o->training && o->turns && rule->height != rule->width)
        return epo__fail(EPO_EARG, "loader: planes of %d x %d pixels cannot be turned", rule->width, rule->height);
    /* an empty block: only whether the normaliser can work with these planes */
    epo__image_work work = {0};
    return epo__normalise(&rule->normaliser,
                          &(epo__image_block){.planes = (size_t)rule->planes,
                                              .height = rule->height,
                                              .width = rule->width,
                                              .difference = rule->difference},
                          &work);
}

static size_t slot_bytes(const epo__loader *l)
{
    const epo__loader_options *o = &l->index.options;
    const size_t planes = (size_t)o->rule.planes, pixels = (size_t)o->rule.height * (size_t)o->rule.width;
    return l->slot_triplets * planes * (pixels * sizeof(float) + sizeof(double)) +
           (size_t)o->batch * (2 * sizeof(int) + 2 * sizeof(int64_t)) + sizeof(slot);
}

/* Divides the cap between the batches and the stamps that are kept. */
static epo_status share_memory(epo__loader *l)
{
    const epo__loader_options *o = &l->index.options;
    size_t planes = (size_t)o->rule.planes * (size_t)o->rule.height * (size_t)o->rule.width, floats;
    if (!epo__size_mul(l->slot_triplets, planes, &floats) || floats > SIZE_MAX / 64)
        return epo__fail(EPO_ELIMIT, "batches of %zu triplets: too large", l->slot_triplets);
    const size_t one = slot_bytes(l), rest = epo__loader_index_bytes(&l->index) + epo__loader_plan_bytes(&l->index) +
                                             (size_t)l->worker_count * (epo__sampler_bytes(&l->index) + sizeof(worker));
    if (rest + 2 * one > o->memory)
        return epo__fail(EPO_ELIMIT,
                         "%.1f MiB of memory for reading ahead, and it takes %.1f: %.1f for each of two batches and "
                         "%.1f beside them",
                         (double)o->memory / 1048576, (double)(rest + 2 * one) / 1048576, (double)one / 1048576,
                         (double)rest / 1048576);
    l->slot_count = l->worker_count + SPARE_SLOTS;
    while (l->slot_count > 2 && rest + (size_t)l->slot_count * one > o->memory / 2) l->slot_count--;
    l->fixed = rest + (size_t)l->slot_count * one;
    l->cache.cap = o->memory - l->fixed;
    return EPO_OK;
}

static epo_status make_slots(epo__loader *l)
{
    const epo__loader_options *o = &l->index.options;
    const size_t planes = (size_t)o->rule.planes, batch = (size_t)o->batch;
    l->slots = epo__alloc((size_t)l->slot_count, sizeof *l->slots);
    if (!l->slots) return epo__nomem("batches");
    for (int i = 0; i < l->slot_count; i++) {
        slot *s = &l->slots[i];
        s->lengths = epo__alloc(batch, sizeof *s->lengths);
        s->labels = epo__alloc(batch, sizeof *s->labels);
        s->objects = epo__alloc(batch, sizeof *s->objects);
        s->stamps = epo__alloc(batch, sizeof *s->stamps);
        s->planes = epo__alloc_aligned(epo__product3(epo__product(l->slot_triplets, planes), (size_t)o->rule.height,
                                                     (size_t)o->rule.width),
                                       sizeof *s->planes);
        s->mjds = epo__alloc(epo__product(l->slot_triplets, planes), sizeof *s->mjds);
        if (!s->lengths || !s->labels || !s->objects || !s->stamps || !s->planes || !s->mjds)
            return epo__nomem("batches");
        s->batch.lengths = s->lengths;
        s->batch.labels = s->labels;
        s->batch.objects = s->objects;
        s->batch.stamps = s->stamps;
        s->batch.planes = s->planes;
        s->batch.mjds = s->mjds;
    }
    return EPO_OK;
}

static epo_status start_workers(epo__loader *l, const char *path)
{
    l->workers = epo__alloc((size_t)l->worker_count, sizeof *l->workers);
    if (!l->workers) return epo__nomem("threads");
    for (int i = 0; i < l->worker_count; i++) {
        worker *w = &l->workers[i];
        w->loader = l;
        w->sampler = (epo__sampler){.index = &l->index, .cache = &l->cache};
        epo_status status = epo__sampler_open(&w->sampler, path);
        if (status != EPO_OK) return status;
        w->running = pthread_create(&w->thread, NULL, work, w) == 0;
        /* fewer threads than asked for is slower, not wrong */
        if (!w->running && i == 0) return epo__fail(EPO_ENOMEM, "loader: no thread can be started");
    }
    return EPO_OK;
}

static epo_status read_index(epo__loader *l, const epo__loader_options *o)
{
    epo_store *store = NULL;
    epo_status status = epo_store_open(o->store, EPO_STORE_READ, &store);
    if (status == EPO_OK) status = epo__store_set_cache(store, INDEX_CACHE);
    if (status == EPO_OK) status = epo_store_set_labels_as_of(store, o->labels_as_of);
    if (status == EPO_OK) status = epo__store_begin(store); /* one consistent view */
    if (status == EPO_OK) status = epo__loader_index_read(o, store, &l->index);
    epo_store_close(store);
    return status;
}

epo_status epo__loader_open(const epo__loader_options *options, epo__loader **out)
{
    *out = NULL;
    epo__loader_options o = *options;
    if (o.stride == 0) o.stride = o.rule.planes;
    if (o.memory == 0) o.memory = STANDARD_MEMORY;
    if (o.kind != EPO__EXAMPLE_STAMP) o.rule.difference = -1;
    epo_status status = check_options(&o);
    if (status != EPO_OK) return status;
    epo__loader *l = epo__alloc(1, sizeof *l);
    if (!l) return epo__nomem("loader");
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    pthread_mutex_init(&l->cache.lock, NULL);
    l->worker_count = o.threads > 0 ? epo__threads(o.threads) : 1;
    status = read_index(l, &o);
    if (status == EPO_OK) status = epo__loader_plan_largest(&l->index, &l->slot_triplets);
    if (status == EPO_OK) status = share_memory(l);
    if (status == EPO_OK) status = make_slots(l);
    if (status == EPO_OK) status = start_workers(l, o.store);
    if (status == EPO_OK)
        *out = l;
    else
        epo__loader_free(l);
    return status;
}

void epo__loader_free(epo__loader *l)
{
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    l->generation++;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; l->workers && i < l->worker_count; i++) {
        if (l->workers[i].running) pthread_join(l->workers[i].thread, NULL);
        epo__sampler_free(&l->workers[i].sampler);
    }
    for (int i = 0; l->slots && i < l->slot_count; i++) {
        slot *s = &l->slots[i];
        free(s->lengths);
        free(s->labels);
        free(s->objects);
        free(s->stamps);
        free(s->planes);
        free(s->mjds);
    }
    free(l->workers);
    free(l->slots);
    epo__loader_plan_free(&l->plan);
    epo__loader_index_free(&l->index);
    pthread_mutex_destroy(&l->cache.lock);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

const epo__loader_counts *epo__loader_count(const epo__loader *l)
{
    return &l->index.counts;
}

void epo__loader_used(epo__loader *l, epo__loader_use *out)
{
    pthread_mutex_lock(&l->cache.lock);
    *out = (epo__loader_use){.memory_peak = l->fixed + l->cache.used,
                             .cached_stamps = l->cache.count,
                             .store_reads = l->cache.reads};
    pthread_mutex_unlock(&l->cache.lock);
    pthread_mutex_lock(&l->lock);
    out->damaged_objects = l->damaged;
    out->damaged_first = l->damaged_first;
    pthread_mutex_unlock(&l->lock);
}

/* --- handing out
 * ----------------------------------------------------------------------------------------------------------- */

/* Stops the epoch at hand, waits until no thread works on it, and takes everything back. Under lock. */
static void halt(epo__loader *l)
{
    l->generation++;
    l->started = false;
    while (l->busy > 0) pthread_cond_wait(&l->changed, &l->lock);
    for (int i = 0; i < l->slot_count; i++) l->slots[i].state = SLOT_FREE;
    l->lent = NULL;
}

epo_status epo__loader_start(epo__loader *l, uint64_t epoch, size_t first_batch)
{
    if (first_batch > l->index.counts.batches)
        return epo__fail(EPO_EARG, "loader: batch %zu of an epoch of %zu", first_batch, l->index.counts.batches);
    pthread_mutex_lock(&l->lock);
    halt(l);
    epo_status status = epo__loader_plan_epoch(&l->index, epoch, &l->plan);
    if (status == EPO_OK) {
        l->epoch = epoch;
        l->next = l->wanted = first_batch;
        l->started = true;
        l->delivered = first_batch > 0;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return status;
}

/* Waits for the batch that is wanted. Under lock. */
static slot *await(epo__loader *l)
{
    for (;;) {
        for (int i = 0; i < l->slot_count; i++)
            if (l->slots[i].state == SLOT_READY && l->slots[i].batch.number == l->wanted) return &l->slots[i];
        pthread_cond_wait(&l->changed, &l->lock);
    }
}

static void give_back(epo__loader *l, slot *s)
{
    s->state = SLOT_FREE;
    pthread_cond_broadcast(&l->changed);
}

static epo_status next(epo__loader *l, const epo__loader_batch **out)
{
    if (!l->started) return epo__fail(EPO_EARG, "loader: no epoch was started");
    if (l->lent) give_back(l, l->lent);
    l->lent = NULL;
    while (l->wanted < l->index.counts.batches) {
        slot *s = await(l);
        l->wanted++;
        if (s->status != EPO_OK) {
            const epo_status status = s->status;
            epo__fail(status, "%s", s->message);
            halt(l);
            return status;
        }
        if (s->batch.count == 0) {
            give_back(l, s);
            continue;
        }
        s->state = SLOT_LENT;
        l->lent = s;
        l->delivered = true;
        *out = &s->batch;
        return EPO_OK;
    }
    if (l->delivered) return EPO_OK;
    l->started = false;
    return epo__fail(EPO_EFORMAT, "no example can be used; %s", l->damaged_first);
}

epo_status epo__loader_next(epo__loader *l, const epo__loader_batch **out)
{
    *out = NULL;
    pthread_mutex_lock(&l->lock);
    const epo_status status = next(l, out);
    pthread_mutex_unlock(&l->lock);
    return status;
}
