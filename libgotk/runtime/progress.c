/*
 * progress.c: the thread that patches for workers that are busy; the contract is in progress.h.
 *
 * One lock for all slots: they change a few times per reconcile. The thread sleeps until the earliest time; it is
 * woken only for an earlier one, so that quick reconciles do not wake it at all.
 */
#include "libgotk/runtime/progress.h"

#include "libgotk/base/log.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/thread.h"
#include "libgotk/doc/json.h"
#include "libgotk/net/http.h"
#include "libgotk/runtime/status.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define ARENA_MAX       ((size_t)64 << 20)
#define SEND_TIMEOUT_MS 10000
#define IDLE_MS         3600000

enum state { EMPTY, WAITING, SENDING, SENT, FAILED };

struct progress_slot {
    struct progress *owner;
    struct progress_slot *next;
    enum state state;
    int64_t due_ms;
    char *letter;     /* JSON text: object, owner and body of the patch; NULL while EMPTY */
    uint64_t version; /* before the patch, and once SENT after it */
};

struct progress {
    struct kube *kube;
    const struct log_scope *log;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct cancel cancel;
    struct progress_slot *slots;
    int64_t awake_ms; /* when the thread looks again by itself */
    bool stopping;
};

/* The slot that is due first; NULL when none waits. */
static struct progress_slot *earliest(struct progress *p)
{
    struct progress_slot *first = NULL;
    for (struct progress_slot *s = p->slots; s; s = s->next)
        if (s->state == WAITING && (!first || s->due_ms < first->due_ms))
            first = s;
    return first;
}

static int send_letter(struct ctx *cx, struct kube *k, const char *text, uint64_t version,
                       uint64_t *ret_version)
{
    struct doc *letter;
    if (json_parse(cx, text, strlen(text), "progress", &letter) < 0)
        return cx->err.code;
    struct kube_ref ref = kube_ref_of(doc_find(letter, "object"));
    return status_patch(cx, k, &ref, doc_text_at(letter, "owner"), doc_find(letter, "body"), version,
                        ret_version);
}

/* Sends a slot's letter; called and returns with the lock held, sends without it. */
static void send_slot(struct progress *p, struct progress_slot *s, struct ctx *cx)
{
    s->state = SENDING;
    pthread_mutex_unlock(&p->lock);
    cx->deadline_ms = ctx_now_ms() + SEND_TIMEOUT_MS;
    uint64_t version = s->version;
    int rc = send_letter(cx, p->kube, s->letter, version, &version);
    if (rc < 0 && rc != ERR_NOT_FOUND && rc != ERR_CANCELED)
        log_error(p->log, err_message(cx), "unable to show progress in status", NULL);
    err_clear(cx);
    arena_reset(cx->arena);
    pthread_mutex_lock(&p->lock);
    s->version = version;
    s->state = rc < 0 ? FAILED : SENT;
    pthread_cond_broadcast(&p->changed);
}

static void wait_until(struct progress *p, int64_t due_ms)
{
    p->awake_ms = due_ms;
    thread_wait_until(&p->changed, &p->lock, due_ms);
}

static void *progress_thread(void *arg)
{
    struct progress *p = arg;
    CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_MAX);
    struct ctx cx = { .arena = arena, .cancel = &p->cancel, .log = p->log, .http = http_open() };
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        struct progress_slot *s = earliest(p);
        if (!s)
            wait_until(p, ctx_now_ms() + IDLE_MS);
        else if (s->due_ms > ctx_now_ms())
            wait_until(p, s->due_ms);
        else
            send_slot(p, s, &cx);
    }
    pthread_mutex_unlock(&p->lock);
    http_close(cx.http);
    return NULL;
}

int progress_start(struct ctx *cx, struct kube *k, const struct log_scope *log, struct progress **ret)
{
    struct progress *p = mem_alloc(sizeof(*p));
    p->kube = k;
    p->log = log;
    pthread_mutex_init(&p->lock, NULL);
    thread_cond_init(&p->changed);
    cancel_open(&p->cancel);
    int rc = pthread_create(&p->thread, NULL, progress_thread, p);
    if (rc != 0) {
        cancel_close(&p->cancel);
        mem_free(p);
        errno = rc;
        return err_errno(cx, "cannot start the progress thread");
    }
    pthread_setname_np(p->thread, "progress");
    *ret = p;
    return 0;
}

void progress_stop(struct progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    cancel_fire(&p->cancel);
    pthread_join(p->thread, NULL);
    for (struct progress_slot *s = p->slots, *next; s; s = next) {
        next = s->next;
        mem_free(s->letter);
        mem_free(s);
    }
    cancel_close(&p->cancel);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

struct progress_slot *progress_slot(struct progress *p)
{
    struct progress_slot *s = mem_alloc(sizeof(*s));
    s->owner = p;
    pthread_mutex_lock(&p->lock);
    s->next = p->slots;
    p->slots = s;
    pthread_mutex_unlock(&p->lock);
    return s;
}

static char *write_letter(const struct kube_ref *ref, const char *owner, const struct doc *body)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(ARENA_MAX);
    struct doc *letter = doc_object(a);
    struct doc *object = doc_ensure(a, letter, "object");
    struct doc *meta = doc_ensure(a, object, "metadata");
    doc_set_text(a, object, "apiVersion", ref->api_version);
    doc_set_text(a, object, "kind", ref->kind);
    doc_set_text(a, meta, "namespace", ref->ns);
    doc_set_text(a, meta, "name", ref->name);
    doc_set_text(a, letter, "owner", owner);
    doc_set(a, letter, "body", doc_copy(a, body));
    return mem_strdup(json_text(a, letter, JSON_COMPACT));
}

void progress_put(struct progress_slot *slot, const struct kube_ref *ref, const char *owner,
                  const struct doc *body, uint64_t version, int64_t due_ms)
{
    struct progress *p = slot->owner;
    char *letter = write_letter(ref, owner, body);
    pthread_mutex_lock(&p->lock);
    ASSERT(slot->state == EMPTY);
    slot->letter = letter;
    slot->version = version;
    slot->due_ms = due_ms;
    slot->state = WAITING;
    if (due_ms < p->awake_ms)
        pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

enum progress_fate progress_take(struct progress_slot *slot, uint64_t *ret_version)
{
    struct progress *p = slot->owner;
    pthread_mutex_lock(&p->lock);
    while (slot->state == SENDING)
        pthread_cond_wait(&p->changed, &p->lock);
    enum progress_fate fate = slot->state == SENT     ? PROGRESS_SENT
                              : slot->state == FAILED ? PROGRESS_UNSURE
                                                      : PROGRESS_UNSENT;
    if (fate == PROGRESS_SENT)
        *ret_version = slot->version;
    slot->state = EMPTY;
    mem_free(slot->letter);
    slot->letter = NULL;
    pthread_mutex_unlock(&p->lock);
    return fate;
}

void progress_cancel(struct progress *p)
{
    cancel_fire(&p->cancel);
}
