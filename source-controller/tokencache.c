/*
 * tokencache.c: a small list in order of use; see tokencache.h.
 *
 * An array, newest last, searched from its end: a hundred entries do not repay a table.
 */
#include "source-controller/tokencache.h"

#include "libgotk/base/ctx.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"

#include <pthread.h>
#include <string.h>

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
};

struct tokencache *tokencache_open(int64_t max_size, int64_t max_duration_ns)
{
    struct tokencache *cache = mem_alloc(sizeof(*cache));
    pthread_mutex_init(&cache->lock, NULL);
    cache->max = max_size > 0 ? (size_t)max_size : 0;
    cache->max_seconds = max_duration_ns / GOTIME_SECOND;
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

const char *tokencache_find(struct tokencache *cache, const char *key, struct arena *a)
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

size_t tokencache_put(struct tokencache *cache, const char *key, const char *token, int64_t expires_at)
{
    int64_t seconds = (expires_at - gotime_now()) * 8 / 10;
    size_t evicted = 0;
    if (seconds > cache->max_seconds)
        seconds = cache->max_seconds;
    if (cache->max == 0 || seconds <= 0)
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
