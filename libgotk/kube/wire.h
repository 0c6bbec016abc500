/*
 * wire.h: how requests reach the API server: address, trust, identity, retries. Inside libgotk/kube only.
 *
 * Knows paths, not kinds. A struct kube is immutable after kube_open but for its token (token.h) and its
 * discovery cache (rest.h), which lock themselves; so any number of threads may send at once, each over its
 * own cx->http.
 */
#ifndef GOTK_KUBE_WIRE_H
#define GOTK_KUBE_WIRE_H

#include "libgotk/kube/client.h"
#include "libgotk/net/http.h"

struct rest;
struct token;

struct kube {
    struct arena *arena; /* this struct and all its strings */
    struct kube_config config;
    struct kube_options options;
    struct tls tls;
    const char *host;           /* of the server, for options.observe */
    const char *const *headers; /* those of every request, NULL-terminated */
    size_t header_count;
    struct token *token; /* NULL: config.token or none */
    struct rest *rest;
    struct kube_identity identity; /* of a derived client */
};

/* One request by path. Zero means the default everywhere; pointers are borrowed until the answer is there. */
struct wire_request {
    const char *method;        /* NULL: "GET" */
    const char *path;          /* with query */
    const char *accept;        /* NULL: "application/json" */
    const char *content_type;  /* of the body; NULL: "application/json" */
    const char *if_none_match; /* NULL: none */
    const struct doc *body;    /* NULL: none */
    int64_t timeout_ms;        /* 0: the client's */
    int64_t idle_timeout_ms;   /* 0: none */
    int (*on_data)(struct ctx *cx, void *user, const char *data, size_t n); /* as in http.h */
    void *user_data;
};

/* Makes the HTTP request in cx->arena, credentials included. Fails when the token cannot be read. */
int wire_prepare(struct ctx *cx, struct kube *k, const struct wire_request *req,
                 struct http_request *ret) MUST_CHECK;

/* Sends a prepared batch, with client-go's retries; fails only as http_do_all does. */
int wire_send_all(struct ctx *cx, struct kube *k, struct http_exchange *list, size_t n,
                  size_t parallel) MUST_CHECK;

/* Sends one request; any HTTP status is success. With an error *ret holds only the status of an answer that was cut off,
 * 0 when there was none. */
int wire_send(struct ctx *cx, struct kube *k, const struct wire_request *req,
              struct http_response *ret) MUST_CHECK;

/* True for the statuses that carry what was asked for: 200-206. */
bool wire_is_success(const struct http_response *answer);

/* Appends "?name=value" or "&name=value", escaped; nothing when value is NULL or "". */
void wire_query(struct buf *path, const char *name, const char *value);

#endif
