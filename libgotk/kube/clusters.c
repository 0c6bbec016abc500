/*
 * clusters.c: the cache of clients of other clusters; the contract is in clusters.h.
 *
 * A list behind one mutex. Whether a cluster answers is noted by every request made to it (kube_options.observe), so that a
 * cluster that goes away during a reconcile is asked again before the next one. Any thread. Process memory (mem.h): clients
 * outlive reconciles.
 */
#include "libgotk/kube/clusters.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/wire.h"
#include "libgotk/net/url.h"

#include <pthread.h>
#include <stdatomic.h>

#define IDLE_MS        900000 /* 15 min */
#define UP_MS          60000
#define PROBE_MS       10000
#define REMOTE_TIMEOUT 30000 /* of one request, as upstream's */

struct cluster {
    struct cluster *next;
    struct clusters *owner;
    char *key;
    struct kube *kube;
    int users;
    int64_t idle_since_ms;
    _Atomic int64_t answered_ms; /* when the last answer came; 0: none yet */
    _Atomic int64_t lost_ms;     /* when the last request got none */
    bool probing;
    int64_t down_ms; /* when the last probe failed, with: */
    int down_code;
    char *down;
};

struct clusters {
    pthread_mutex_t lock;
    struct kube_options own; /* user agent and observer */
    size_t max;
    struct cluster *list;
};

struct clusters *clusters_open(struct kube *own, size_t max)
{
    struct clusters *c = mem_alloc(sizeof(*c));
    c->own = own->options;
    c->max = max;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

static void discard(struct cluster *cluster)
{
    kube_close(cluster->kube);
    mem_free(cluster->key);
    mem_free(cluster->down);
    mem_free(cluster);
}

static void discard_all(struct cluster *list)
{
    for (struct cluster *next; list; list = next) {
        next = list->next;
        discard(list);
    }
}

void clusters_close(struct clusters *c)
{
    if (!c)
        return;
    discard_all(c->list);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

struct kube *clusters_kube(struct cluster *cluster)
{
    return cluster->kube;
}

/* ---- the list, under the lock ------------------------------------------------------------------------------------ */

static struct cluster *find(struct clusters *c, const char *key)
{
    for (struct cluster *at = c->list; at; at = at->next)
        if (str_eq(at->key, key))
            return at;
    return NULL;
}

static void unlink_cluster(struct clusters *c, const struct cluster *gone)
{
    for (struct cluster **p = &c->list; *p; p = &(*p)->next)
        if (*p == gone) {
            *p = gone->next;
            return;
        }
}

/* The unused client that has been idle longest; *ret_count: how many are unused. */
static struct cluster *find_oldest(struct clusters *c, size_t *ret_count)
{
    struct cluster *oldest = NULL;
    *ret_count = 0;
    for (struct cluster *at = c->list; at; at = at->next) {
        if (at->users)
            continue;
        ++*ret_count;
        if (!oldest || at->idle_since_ms < oldest->idle_since_ms)
            oldest = at;
    }
    return oldest;
}

/* Takes out what has been idle for long or is too much; the caller discards it. */
static struct cluster *take_idle(struct clusters *c, int64_t now_ms)
{
    struct cluster *taken = NULL, *oldest;
    size_t count;
    while ((oldest = find_oldest(c, &count)) &&
           (count > c->max || now_ms - oldest->idle_since_ms >= IDLE_MS)) {
        unlink_cluster(c, oldest);
        oldest->next = taken;
        taken = oldest;
    }
    return taken;
}

static void release(void *user)
{
    struct cluster *cluster = user;
    struct clusters *c = cluster->owner;
    int64_t now = ctx_now_ms();
    pthread_mutex_lock(&c->lock);
    cluster->users--;
    cluster->idle_since_ms = now;
    struct cluster *idle = take_idle(c, now);
    pthread_mutex_unlock(&c->lock);
    discard_all(idle);
}

/* ---- making and sharing ------------------------------------------------------------------------------------------ */

static void note(void *user, const char *method, const char *host, int status)
{
    struct cluster *cluster = user;
    const struct kube_options *own = &cluster->owner->own;
    atomic_store(status > 0 ? &cluster->answered_ms : &cluster->lost_ms, ctx_now_ms());
    if (own->observe)
        own->observe(own->user, method, host, status);
}

/* A digest of all that makes the configuration what it is. */
static char *key_of(struct arena *a, const struct kube_config *config)
{
    const char *const parts[] = {
        config->server,      config->ca_pem,
        config->cert_pem,    config->key_pem,
        config->server_name, config->token,
        config->username,    config->password,
        config->proxy_url,   config->insecure ? "insecure" : NULL,
    };
    struct buf text = buf_new(a, (size_t)8 << 20);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        buf_fmt(&text, "%zu:%s\n", strlen(str_or(parts[i], "")), str_or(parts[i], ""));
    return hash_sha256_hex(a, buf_text(&text), text.len);
}

static int make(struct ctx *cx, struct clusters *c, const struct kube_config *config, const char *key,
                struct cluster **ret_cluster)
{
    struct cluster *cluster = mem_alloc(sizeof(*cluster));
    const struct kube_options options = {
        .user_agent = c->own.user_agent,
        .timeout_ms = REMOTE_TIMEOUT,
        .observe = note,
        .user = cluster,
        .may_be_gone = true,
    };
    cluster->owner = c;
    cluster->key = mem_strdup(key);
    if (kube_open(cx, config, &options, &cluster->kube) < 0) {
        discard(cluster);
        return err_code(cx);
    }
    *ret_cluster = cluster;
    return 0;
}

/* Counts one more user of the client with this key, which is `made` when there is none yet; `made` may be NULL. */
static struct cluster *join(struct clusters *c, const char *key, struct cluster *made)
{
    pthread_mutex_lock(&c->lock);
    struct cluster *cluster = find(c, key);
    if (!cluster && made) {
        made->next = c->list;
        c->list = cluster = made;
    }
    if (cluster)
        cluster->users++;
    pthread_mutex_unlock(&c->lock);
    return cluster;
}

int clusters_acquire(struct ctx *cx, struct clusters *c, const struct kube_config *config,
                     struct cluster **ret_cluster)
{
    const char *key = key_of(cx->arena, config);
    struct cluster *made = NULL, *cluster = join(c, key, NULL);
    if (!cluster && make(cx, c, config, key, &made) < 0)
        return err_code(cx);
    if (!cluster)
        cluster = join(c, key, made);
    if (made && made != cluster)
        discard(made);
    arena_defer(cx->arena, release, cluster);
    *ret_cluster = cluster;
    return 0;
}

/* ---- is it there? ------------------------------------------------------------------------------------------------ */

static bool is_up(struct cluster *cluster, int64_t now_ms)
{
    int64_t answered = atomic_load(&cluster->answered_ms);
    return answered > atomic_load(&cluster->lost_ms) && now_ms - answered < UP_MS;
}

enum reach { REACH_UP, REACH_BUSY, REACH_DOWN, REACH_PROBE };

static enum reach look(struct ctx *cx, struct cluster *cluster)
{
    enum reach found = REACH_PROBE;
    int64_t now = ctx_now_ms();
    pthread_mutex_lock(&cluster->owner->lock);
    if (is_up(cluster, now)) {
        found = REACH_UP;
    } else if (cluster->probing) {
        found = REACH_BUSY;
    } else if (cluster->down && now - cluster->down_ms < CLUSTERS_DOWN_MS) {
        found = REACH_DOWN;
        err_fail(cx, cluster->down_code, "%s (asked %lld s ago)", cluster->down,
                 (long long)(now - cluster->down_ms) / 1000);
    } else {
        cluster->probing = true;
    }
    pthread_mutex_unlock(&cluster->owner->lock);
    return found;
}

/* Any answer will do: whether we may do what we want shows later. */
static int probe(struct ctx *cx, struct cluster *cluster)
{
    struct http_response answer;
    int64_t before = ctx_deadline_in(cx, PROBE_MS);
    int rc = wire_send(cx, cluster->kube, &(struct wire_request){ .path = "/version" }, &answer);
    cx->deadline_ms = before;
    if (rc < 0)
        return err_wrap(cx, "the cluster %s does not answer",
                        url_mask(cx->arena, kube_server(cluster->kube)));
    return 0;
}

static void settle(struct ctx *cx, struct cluster *cluster, int rc)
{
    bool says_nothing = rc < 0 && ctx_done(cx);
    pthread_mutex_lock(&cluster->owner->lock);
    cluster->probing = false;
    if (!says_nothing) {
        mem_free(cluster->down);
        cluster->down = rc < 0 ? mem_strdup(err_message(cx)) : NULL;
        cluster->down_code = rc;
        cluster->down_ms = ctx_now_ms();
    }
    pthread_mutex_unlock(&cluster->owner->lock);
}

int clusters_reach(struct ctx *cx, struct cluster *cluster)
{
    enum reach found = look(cx, cluster);
    if (found == REACH_DOWN)
        return err_code(cx);
    if (found != REACH_PROBE)
        return found == REACH_BUSY;
    int rc = probe(cx, cluster);
    settle(cx, cluster, rc);
    return rc;
}
