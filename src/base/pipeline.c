/* SPDX-License-Identifier: BSD-3-Clause
 * pipeline.c - ordered chunks over threads.
 *
 * Every thread runs the same loop: take the fill lock, get a free chunk and the next number, fill it, release; work;
 * then wait for its number's turn and deliver. A thread holds one chunk at a time, so chunk k is delivered by the
 * thread that worked on it, and a slow chunk only delays those behind it. The number of chunks in flight is the number
 * of threads. A failure at number k lets the numbers before k be delivered and stops filling.
 */
#include "base/pipeline.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

typedef struct run {
    const epo__pipeline *pipeline;
    pthread_mutex_t fill_lock, turn_lock;
    pthread_cond_t turn_changed;
    unsigned long next_number; /* under fill_lock */
    bool ended;                /* under fill_lock */
    unsigned long turn;        /* under turn_lock: the number to be delivered next */
    bool failed;               /* under turn_lock: nothing is delivered any more */
    epo_status status;         /* under turn_lock */
    char message[512];         /* under turn_lock */
} run;

typedef struct worker {
    run *run;
    int index;
    pthread_t thread;
} worker;

static epo_status fill_next(run *r, void *chunk, unsigned long *number, bool *end)
{
    pthread_mutex_lock(&r->fill_lock);
    epo_status status = EPO_OK;
    *end = r->ended;
    if (!*end) {
        *number = r->next_number++;
        status = r->pipeline->fill(r->pipeline->context, chunk, end);
        if (status != EPO_OK) *end = false; /* a failure is delivered in its turn */
        r->ended = *end || status != EPO_OK;
    }
    pthread_mutex_unlock(&r->fill_lock);
    return status;
}

static void stop_filling(run *r)
{
    pthread_mutex_lock(&r->fill_lock);
    r->ended = true;
    pthread_mutex_unlock(&r->fill_lock);
}

/* Waits for the chunk's turn, then delivers it or records its failure. */
static void take_turn(run *r, void *chunk, unsigned long number, epo_status status)
{
    pthread_mutex_lock(&r->turn_lock);
    while (r->turn != number) pthread_cond_wait(&r->turn_changed, &r->turn_lock);
    bool stop = r->failed;
    pthread_mutex_unlock(&r->turn_lock);
    /* it is this thread's turn, so nobody else is in here */
    if (!stop && status == EPO_OK) status = r->pipeline->deliver(r->pipeline->context, chunk);
    if (!stop && status != EPO_OK) stop_filling(r);
    pthread_mutex_lock(&r->turn_lock);
    if (!r->failed && status != EPO_OK) {
        r->failed = true;
        r->status = status;
        snprintf(r->message, sizeof r->message, "%s", epo_error_message());
    }
    r->turn++;
    pthread_cond_broadcast(&r->turn_changed);
    pthread_mutex_unlock(&r->turn_lock);
}

static void *worker_main(void *argument)
{
    worker *w = argument;
    run *r = w->run;
    const epo__pipeline *p = r->pipeline;
    void *chunk = p->make(p->context);
    for (;;) {
        unsigned long number = 0;
        bool end = false;
        epo_status status = EPO_OK;
        if (!chunk) {
            /* report the lack of memory in a turn of its own */
            pthread_mutex_lock(&r->fill_lock);
            end = r->ended;
            if (!end) number = r->next_number++;
            r->ended = true;
            pthread_mutex_unlock(&r->fill_lock);
            if (!end) take_turn(r, NULL, number, epo__nomem("a chunk of work"));
            return NULL;
        }
        status = fill_next(r, chunk, &number, &end);
        if (end) {
            /* the number taken by the call that met the end is never delivered; nothing comes after it */
            break;
        }
        if (status == EPO_OK) status = p->work(p->context, chunk, w->index);
        take_turn(r, chunk, number, status);
        if (status != EPO_OK) break;
    }
    p->destroy(p->context, chunk);
    return NULL;
}

epo_status epo__pipeline_run(const epo__pipeline *pipeline, int threads)
{
    if (threads < 1) threads = 1;
    run r = {.pipeline = pipeline};
    worker *workers = epo__alloc((size_t)threads, sizeof *workers);
    if (!workers) return epo__nomem("worker threads");
    pthread_mutex_init(&r.fill_lock, NULL);
    pthread_mutex_init(&r.turn_lock, NULL);
    pthread_cond_init(&r.turn_changed, NULL);
    int started = 0;
    for (int i = 0; i < threads; i++) workers[i] = (worker){.run = &r, .index = i};
    for (int i = 1; i < threads; i++) {
        /* fewer threads than asked for is slower, not wrong */
        if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) break;
        started = i;
    }
    worker_main(&workers[0]);
    for (int i = 1; i <= started; i++) pthread_join(workers[i].thread, NULL);
    pthread_cond_destroy(&r.turn_changed);
    pthread_mutex_destroy(&r.turn_lock);
    pthread_mutex_destroy(&r.fill_lock);
    free(workers);
    return r.failed ? epo__fail(r.status, "%s", r.message) : EPO_OK;
}
