/*
 * accounttoken.c: the token cache; the contract is in accounttoken.h.
 *
 * A list, newest use first: it is as short as --token-cache-max-size says. Two workers that miss the same token at once each
 * make one, which costs a request and no harm. Process memory (mem.h): tokens outlive reconciles.
 */
#include "libgotk/kube/accounttoken.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"

#include <pthread.h>

struct kept {
    struct kept *next;
    struct arena *arena; /* this struct's texts */
    const char *key;
    const char *token;
    int64_t until_ms;
};

struct account_tokens {
    pthread_mutex_t lock;
    int64_t max;
    int64_t max_ns;
    struct kept *list;
};

struct account_tokens *account_tokens_open(int64_t max, int64_t max_ns)
{
    struct account_tokens *t = mem_alloc(sizeof(*t));
    t->max = max;
    t->max_ns = max_ns;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

static void discard(struct kept *kept)
{
    arena_free(kept->arena);
    mem_free(kept);
}

void account_tokens_close(struct account_tokens *t)
{
    if (!t)
        return;
    for (struct kept *at = t->list, *next; at; at = next) {
        next = at->next;
        discard(at);
    }
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

static const char *key_of(struct ctx *cx, const struct account_token *which)
{
    const char *audiences = str_join(cx->arena, which->audiences, which->audience_count, "\n");
    return str_fmt(cx->arena, "%s/%s\n%s", which->ns, which->name, audiences);
}

/* ---- the list, under the lock ------------------------------------------------------------------------------------ */

/* Takes the token of this key out of the list; NULL when there is none. */
static struct kept *take(struct account_tokens *t, const char *key)
{
    for (struct kept **p = &t->list; *p; p = &(*p)->next) {
        struct kept *found = *p;
        if (!str_eq(found->key, key))
            continue;
        *p = found->next;
        return found;
    }
    return NULL;
}

static void put_first(struct account_tokens *t, struct kept *kept)
{
    kept->next = t->list;
    t->list = kept;
}

/* Drops what is beyond the maximum. */
static void trim(struct account_tokens *t)
{
    struct kept **p = &t->list;
    for (int64_t i = 0; *p && i < t->max; i++)
        p = &(*p)->next;
    for (struct kept *at = *p, *next; at; at = next) {
        next = at->next;
        discard(at);
    }
    *p = NULL;
}

static const char *find(struct ctx *cx, struct account_tokens *t, const char *key)
{
    const char *token = NULL;
    pthread_mutex_lock(&t->lock);
    struct kept *kept = take(t, key);
    if (kept && kept->until_ms <= ctx_now_ms()) {
        discard(kept);
    } else if (kept) {
        token = str_dup(cx->arena, kept->token);
        put_first(t, kept);
    }
    pthread_mutex_unlock(&t->lock);
    return token;
}

static void keep(struct account_tokens *t, const char *key, const char *token, int64_t life_ns)
{
    int64_t use_ns = life_ns / 10 * 8;
    struct kept *kept = mem_alloc(sizeof(*kept));
    kept->arena = arena_new_secret((size_t)1 << 20);
    kept->key = str_dup(kept->arena, key);
    kept->token = str_dup(kept->arena, token);
    kept->until_ms = ctx_now_ms() + (use_ns < t->max_ns ? use_ns : t->max_ns) / GOTIME_MS;
    pthread_mutex_lock(&t->lock);
    struct kept *old = take(t, key);
    put_first(t, kept);
    trim(t);
    pthread_mutex_unlock(&t->lock);
    if (old)
        discard(old);
}

/* ---- asking for one ---------------------------------------------------------------------------------------------- */

static struct doc *token_request(struct ctx *cx, const struct account_token *which)
{
    struct doc *request = doc_object(cx->arena), *audiences = doc_array(cx->arena);
    doc_set_text(cx->arena, request, "apiVersion", "authentication.k8s.io/v1");
    doc_set_text(cx->arena, request, "kind", "TokenRequest");
    for (size_t i = 0; i < which->audience_count; i++)
        doc_append_text(cx->arena, audiences, which->audiences[i]);
    doc_set(cx->arena, doc_ensure(cx->arena, request, "spec"), "audiences", audiences);
    return request;
}

int account_tokens_get(struct ctx *cx, struct account_tokens *t, struct kube *k,
                       const struct account_token *which, const char **ret_token, bool *ret_hit)
{
    const char *key = key_of(cx, which), *token = find(cx, t, key);
    *ret_hit = token != NULL;
    if (token) {
        *ret_token = token;
        return 0;
    }
    struct kube_call call = {
        .verb = KUBE_CREATE,
        .ref = { "v1", "ServiceAccount", which->ns, which->name },
        .body = token_request(cx, which),
        .options = { .subresource = "token" },
    };
    if (kube_do(cx, k, &call) < 0)
        return err_code(cx);
    int64_t expires_ns = 0;
    const char *expires = doc_text_at(call.result, "status", "expirationTimestamp");
    token = doc_text_at(call.result, "status", "token");
    if (str_empty(token))
        return err_fail(cx, ERR_UNAVAILABLE, "the API server's answer holds no token");
    if (expires && gotime_parse_rfc3339(expires, &expires_ns) && t->max > 0)
        keep(t, key, token, expires_ns - gotime_now_ns());
    *ret_token = token;
    return 0;
}

size_t account_tokens_kept(struct account_tokens *t)
{
    size_t n = 0;
    pthread_mutex_lock(&t->lock);
    for (const struct kept *at = t->list; at; at = at->next)
        n++;
    pthread_mutex_unlock(&t->lock);
    return n;
}
