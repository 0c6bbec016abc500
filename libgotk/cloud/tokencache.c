/*
 * tokencache.c: a small list in order of use; see tokencache.h.
 *
 * An array, newest last, searched from its end: a hundred entries do not repay a table.
 */
#include "libgotk/cloud/tokencache.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"

#include <pthread.h>
#include <string.h>

#define LIFE_MAX 3600 /* seconds, whatever the flag says */

struct entry {
    char *key;
    char *token;
    int64_t good_until_ms; /* on ctx_now_ms */
    int64_t good_until;    /* unix seconds */
};

struct tokencache {
    pthread_mutex_t lock;
    struct entry *at;
    size_t len;
    size_t max;
    int64_t max_seconds;
    struct tokencache_observer observer;
};

struct tokencache *tokencache_open(int64_t max_size, int64_t max_duration_ns,
                                   const struct tokencache_observer *observer)
{
    struct tokencache *cache = mem_alloc(sizeof(*cache));
    int64_t seconds = max_duration_ns / GOTIME_SECOND;
    pthread_mutex_init(&cache->lock, NULL);
    cache->max = max_size > 0 ? (size_t)max_size : 0;
    cache->max_seconds = seconds < LIFE_MAX ? seconds : LIFE_MAX;
    if (observer)
        cache->observer = *observer;
    return cache;
}

static void end_entry(const struct entry *e)
{
    explicit_bzero(e->token, strlen(e->token));
    mem_free(e->token);
    mem_free(e->key);
}

static void remove_at(struct tokencache *cache, size_t i)
{
    end_entry(&cache->at[i]);
    memmove(&cache->at[i], &cache->at[i + 1], (--cache->len - i) * sizeof(*cache->at));
}

void tokencache_close(struct tokencache *cache)
{
    if (!cache)
        return;
    while (cache->len)
        remove_at(cache, cache->len - 1);
    mem_free(cache->at);
    pthread_mutex_destroy(&cache->lock);
    mem_free(cache);
}

static bool counts(const struct entry *e)
{
    return e->good_until_ms > ctx_now_ms() && e->good_until > gotime_now();
}

/* Where the key is; len when nowhere. */
static size_t index_of(const struct tokencache *cache, const char *key)
{
    for (size_t i = cache->len; i > 0; i--)
        if (str_eq(cache->at[i - 1].key, key))
            return i - 1;
    return cache->len;
}

/* Moves the entry to the end: it was used last. */
static struct entry *touch(struct tokencache *cache, size_t i)
{
    struct entry used = cache->at[i];
    memmove(&cache->at[i], &cache->at[i + 1], (cache->len - i - 1) * sizeof(used));
    cache->at[cache->len - 1] = used;
    return &cache->at[cache->len - 1];
}

static const char *find(struct tokencache *cache, const char *key, struct arena *a)
{
    const char *token = NULL;
    pthread_mutex_lock(&cache->lock);
    size_t i = index_of(cache, key);
    if (i < cache->len && counts(&cache->at[i]))
        token = str_dup(a, touch(cache, i)->token);
    else if (i < cache->len)
        remove_at(cache, i);
    pthread_mutex_unlock(&cache->lock);
    return token;
}

static void append(struct tokencache *cache, const char *key, const char *token, int64_t seconds)
{
    cache->at = mem_realloc(cache->at, (cache->len + 1) * sizeof(*cache->at));
    cache->at[cache->len++] = (struct entry){
        .key = mem_strdup(key),
        .token = mem_strdup(token),
        .good_until_ms = ctx_now_ms() + seconds * 1000,
        .good_until = gotime_now() + seconds,
    };
}

/* Returns how many others had to go. */
static size_t keep(struct tokencache *cache, const char *key, const char *token, int64_t expires_at)
{
    int64_t now = gotime_now(), seconds = 0;
    size_t evicted = 0;
    if (expires_at > now)
        seconds = expires_at - now < 2 * LIFE_MAX ? (expires_at - now) * 8 / 10 : LIFE_MAX;
    if (seconds > cache->max_seconds)
        seconds = cache->max_seconds;
    if (seconds <= 0)
        return 0;
    pthread_mutex_lock(&cache->lock);
    size_t i = index_of(cache, key);
    if (i < cache->len)
        remove_at(cache, i);
    for (; cache->len >= cache->max; evicted++)
        remove_at(cache, 0);
    append(cache, key, token, seconds);
    pthread_mutex_unlock(&cache->lock);
    return evicted;
}

static void tell(struct tokencache *cache, struct tokencache_outcome outcome)
{
    outcome.kept = tokencache_len(cache);
    if (cache->observer.observe)
        cache->observer.observe(cache->observer.user, &outcome);
}

int tokencache_get(struct ctx *cx, struct tokencache *cache, const char *key, const struct token_user *who,
                   const struct token_maker *maker, const char **ret_token)
{
    struct tokencache_outcome outcome = { .who = who };
    const char *token;
    int64_t expires_at;
    if (cache->max == 0)
        return maker->make(cx, maker->user, ret_token, &expires_at);
    token = find(cache, key, cx->arena);
    outcome.hit = token != NULL;
    if (!token) {
        outcome.failed = maker->make(cx, maker->user, &token, &expires_at) < 0;
        if (!outcome.failed)
            outcome.evicted = keep(cache, key, token, expires_at);
    }
    tell(cache, outcome);
    if (outcome.failed)
        return err_code(cx);
    *ret_token = token;
    return 0;
}

void tokencache_drop(struct tokencache *cache, const char *key)
{
    pthread_mutex_lock(&cache->lock);
    size_t i = index_of(cache, key);
    if (i < cache->len)
        remove_at(cache, i);
    pthread_mutex_unlock(&cache->lock);
}

size_t tokencache_len(struct tokencache *cache)
{
    pthread_mutex_lock(&cache->lock);
    size_t n = cache->len;
    pthread_mutex_unlock(&cache->lock);
    return n;
}
