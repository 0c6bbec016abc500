/*
 * client.h: the Kubernetes API on documents: get, list, create, update, patch, apply, delete, alone or in
 * parallel.
 *
 * A struct kube is opened once per cluster and identity and shared by all threads: its configuration is
 * immutable, and connections come from the calling thread's cx->http. Two small caches inside have a leaf
 * lock of their own: the token read from a file (re-read at most each minute, or at once after a 401), and
 * discovery (rest.h).
 *
 * Failures are typed by the API server's Status: code as in enum err_code, err_reason_of() is Status.reason
 * ("AlreadyExists"), http_status and retry_after_ms are kept, the message is the one client-go prints.
 * Retries follow client-go: an answer of 429 or 5xx with Retry-After is waited out up to ten times, a GET
 * over a reset connection is sent again; nothing else. Rejected: a client-side rate limit (--kube-api-qps):
 * API servers since 1.20 queue fairly by themselves (priority and fairness), and client-go turns its own
 * limiter off then.
 */
#ifndef GOTK_KUBE_CLIENT_H
#define GOTK_KUBE_CLIENT_H

#include "libgotk/doc/doc.h"
#include "libgotk/kube/config.h"

struct kube;

struct kube_options {
    /* "kustomize-controller/v1.2.3": the part before "/" is the server's default field manager. */
    const char *user_agent;
    /* Of one request; 0: 65 s, a little more than API servers give themselves. The context's deadline counts
     * too. */
    int64_t timeout_ms;
    /* Called after each HTTP exchange on the thread that made it, for metrics; status 0: no answer. NULL: not
     * called. */
    void (*observe)(void *user, const char *method, const char *host, int status);
    void *user;
    /* A cluster elsewhere: a batch is given up when its first requests get no answer at all. */
    bool may_be_gone;
};

/* Opens a client of the cluster in `config` (copied); nothing is sent yet. The caller owns *ret_kube
 * (kube_close). ERR_INVALID when the server's URL is none. */
int kube_open(struct ctx *cx, const struct kube_config *config, const struct kube_options *options,
              struct kube **ret_kube) MUST_CHECK;

/* Ends the client; no other thread may use it any more. NULL is allowed. */
void kube_close(struct kube *k);

/* On whose behalf a derived client acts. */
struct kube_identity {
    const char *user; /* sent as Impersonate-User; NULL: as the client it derives from */
    /* Finds the bearer token of each request in place of the configuration's; NULL: that one. */
    int (*bearer)(struct ctx *cx, void *source, const char **ret_token);
    void *source;
};

/* A client of the same cluster as `base` on behalf of someone else, in `a`: nothing is copied or sent, and what is known of
 * the server's kinds is shared, because it is the same for all who may ask. Lives as long as `a` and base do. */
struct kube *kube_derive(struct arena *a, struct kube *base, const struct kube_identity *identity);

/* The server's URL; url_mask it for messages: it may hold a password. */
const char *kube_server(const struct kube *k);

/* Which object. `ns` NULL or "": cluster-scoped, or (lists) all namespaces. A namespaced kind without a
 * namespace is sent as it is, and refused by the server. */
struct kube_ref {
    const char *api_version; /* "apps/v1" */
    const char *kind;
    const char *ns;
    const char *name;
};

/* apiVersion, kind and metadata of `object`, borrowed from it. */
struct kube_ref kube_ref_of(const struct doc *object);

/* Reads one object. ERR_NOT_FOUND when it (or its kind) is absent. */
int kube_get(struct ctx *cx, struct kube *k, const struct kube_ref *ref, struct doc **ret_doc) MUST_CHECK;

struct kube_list_options {
    const char *label_selector; /* NULL: all */
    const char *field_selector;
    bool metadata_only; /* items have apiVersion, kind and metadata only */
};

/* Reads all objects of ref's kind (name ignored), in pages of 500; `options` may be NULL. *ret_items is a
 * DOC_ARRAY whose items carry apiVersion and kind. */
int kube_list(struct ctx *cx, struct kube *k, const struct kube_ref *ref,
              const struct kube_list_options *options, struct doc **ret_items) MUST_CHECK;

/* Creates `object` (names come from it). ERR_EXISTS when it is there. ret_doc (the stored object) may be
 * NULL. */
int kube_create(struct ctx *cx, struct kube *k, const struct doc *object, struct doc **ret_doc) MUST_CHECK;

/* Replaces the stored object; ERR_CONFLICT when object's metadata.resourceVersion is no longer the stored
 * one. */
int kube_update(struct ctx *cx, struct kube *k, const struct doc *object, struct doc **ret_doc) MUST_CHECK;

/* Deletes one object. `propagation`: "Background", "Foreground", "Orphan" or NULL (the kind's default). `uid`
 * NULL, or only that very object (else ERR_CONFLICT). ERR_NOT_FOUND when it is gone already. */
int kube_delete(struct ctx *cx, struct kube *k, const struct kube_ref *ref, const char *propagation,
                const char *uid) MUST_CHECK;

enum kube_patch_type {
    KUBE_PATCH_MERGE, /* RFC 7386 */
    KUBE_PATCH_JSON,  /* RFC 6902: body is an array */
    KUBE_PATCH_APPLY, /* server-side apply: body is the object; field_manager required */
};

struct kube_patch_options {
    const char *field_manager;    /* NULL: the server derives it from the user agent */
    bool force;                   /* apply: take over fields of other managers */
    bool dry_run;                 /* the server answers as if, and stores nothing */
    const char *subresource;      /* "status", "token", ...; NULL: the object itself */
    const char *field_validation; /* "Strict" or "Warn"; NULL: "Ignore" */
};

/* Patches one object; `options` and ret_doc (the object afterwards) may be NULL. */
int kube_patch(struct ctx *cx, struct kube *k, const struct kube_ref *ref, enum kube_patch_type type,
               const struct doc *body, const struct kube_patch_options *options,
               struct doc **ret_doc) MUST_CHECK;

/* GET of a plain path such as "/version"; the answer is JSON. */
int kube_get_path(struct ctx *cx, struct kube *k, const char *path, struct doc **ret_doc) MUST_CHECK;

enum kube_verb { KUBE_GET, KUBE_CREATE, KUBE_UPDATE, KUBE_PATCH, KUBE_DELETE };

/* One request of a batch. The caller fills the first part; kube_do_all fills the second, all of it in
 * cx->arena. */
struct kube_call {
    enum kube_verb verb;
    struct kube_ref ref;
    const struct doc *body; /* create, update, patch */
    enum kube_patch_type patch;
    struct kube_patch_options options;
    const char *propagation; /* delete; NULL: the kind's default */
    const char *uid;         /* delete: only the object with this uid */
    bool metadata_only;      /* get: answer with apiVersion, kind and metadata only */

    int code;           /* 0, or the negative code in err */
    struct doc *result; /* the object (delete: the object or a Status); NULL on failure */
    struct doc *status; /* on failure: the server's Status when it sent one, with details.causes */
    struct err err;
};

/* Sends all calls, at most `parallel` at a time over shared connections, from this one thread; returns when
 * the last one is done. 0 even when calls failed: look at each code. Fails only when the batch could not run
 * at all (cancelled: ERR_CANCELED; deadline: ERR_TIMEOUT), after marking every unfinished call with that
 * error. */
int kube_do_all(struct ctx *cx, struct kube *k, struct kube_call *calls, size_t n,
                size_t parallel) MUST_CHECK;

/* Sends one call; fails with the call's own error. */
int kube_do(struct ctx *cx, struct kube *k, struct kube_call *call) MUST_CHECK;

/* Puts the failed call's error into cx and returns its code. */
int kube_call_fail(struct ctx *cx, const struct kube_call *call);

/* True when a Status document names a cause of this type ("FieldManagerConflict"); `status` may be NULL. */
bool kube_has_cause(const struct doc *status, const char *type);

#endif
