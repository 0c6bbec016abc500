/*
 * calls.c: kube_do_all: objects in, requests out, answers back; the contract is in client.h.
 *
 * A call that cannot even be made (unknown kind, missing name) fails alone; the others are sent as one batch
 * over the calling thread's connections, or in slices when they are very many. Any thread. Names are checked before they become part of a path: an
 * empty name would turn "delete this object" into "delete all of them". Fields that the server does not know
 * are left to it without a word: by default it would warn of them, for which it reads each manifest of an apply
 * a second time, and nobody here reads warnings.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/client.h"
#include "libgotk/kube/failure.h"
#include "libgotk/kube/rest.h"
#include "libgotk/kube/wire.h"

#define PATH_MAX_BYTES ((size_t)64 << 10)
#define SLICE          ((size_t)128) /* calls that are under way together */

static const struct {
    const char *method;
    bool named; /* the path names the object */
} verbs[] = {
    [KUBE_GET] = { "GET", true },     [KUBE_CREATE] = { "POST", false },  [KUBE_UPDATE] = { "PUT", true },
    [KUBE_PATCH] = { "PATCH", true }, [KUBE_DELETE] = { "DELETE", true },
};

static const char *const patch_types[] = {
    [KUBE_PATCH_MERGE] = "application/merge-patch+json",
    [KUBE_PATCH_JSON] = "application/json-patch+json",
    [KUBE_PATCH_APPLY] = "application/apply-patch+yaml",
};

static const char metadata_only[] =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/* A call on its way: what became of it before it was sent. */
struct flight {
    struct kube_call *call;
    struct kube_mapping mapping;
};

static int check_segment(struct ctx *cx, const char *what, const char *text)
{
    if (str_eq(text, ".") || str_eq(text, "..") || strpbrk(text, "/%"))
        return err_fail(cx, ERR_INVALID, "invalid %s \"%s\": it cannot be part of a URL", what, text);
    return 0;
}

static int check_ref(struct ctx *cx, const struct kube_call *call)
{
    const struct kube_ref *r = &call->ref;
    bool named = verbs[call->verb].named || call->options.subresource;
    if (str_empty(r->api_version) || str_empty(r->kind))
        return err_fail(cx, ERR_INVALID, "Object '%s' has no %s", str_or(r->name, "Kind"),
                        str_empty(r->kind) ? "kind" : "apiVersion");
    if (named && str_empty(r->name))
        return err_fail(cx, ERR_INVALID, "%s: resource name may not be empty", r->kind);
    if (check_segment(cx, "resource name", str_or(r->name, "")) < 0)
        return err_code(cx);
    return check_segment(cx, "namespace", str_or(r->ns, ""));
}

static char *call_path(struct ctx *cx, const struct flight *f)
{
    const struct kube_call *call = f->call;
    const struct kube_patch_options *o = &call->options;
    bool named = verbs[call->verb].named || o->subresource;
    struct buf path = buf_new(cx->arena, PATH_MAX_BYTES);
    buf_str(&path,
            kube_path(cx->arena, &f->mapping, call->ref.ns, named ? call->ref.name : NULL, o->subresource));
    if (call->verb != KUBE_GET && call->verb != KUBE_DELETE) {
        wire_query(&path, "dryRun", o->dry_run ? "All" : NULL);
        wire_query(&path, "fieldManager", o->field_manager);
        wire_query(&path, "fieldValidation", str_or(o->field_validation, "Ignore"));
    }
    if (call->verb == KUBE_PATCH && call->patch == KUBE_PATCH_APPLY)
        wire_query(&path, "force", o->force ? "true" : NULL);
    return path.data;
}

static struct doc *delete_options(struct arena *a, const struct kube_call *call)
{
    struct doc *options = doc_object(a);
    doc_set_text(a, options, "kind", "DeleteOptions");
    doc_set_text(a, options, "apiVersion", "v1");
    doc_set_text(a, options, "propagationPolicy", call->propagation);
    if (call->uid)
        doc_set_text(a, doc_ensure(a, options, "preconditions"), "uid", call->uid);
    if (call->options.dry_run) {
        struct doc *stages = doc_array(a);
        doc_append_text(a, stages, "All");
        doc_set(a, options, "dryRun", stages);
    }
    return options;
}

static int prepare(struct ctx *cx, struct kube *k, struct flight *f, struct http_request *ret)
{
    const struct kube_call *call = f->call;
    if (check_ref(cx, call) < 0 || kube_map(cx, k, call->ref.api_version, call->ref.kind, &f->mapping) < 0)
        return err_code(cx);
    struct wire_request req = {
        .method = verbs[call->verb].method,
        .path = call_path(cx, f),
        .accept = call->metadata_only ? metadata_only : NULL,
        .content_type = call->verb == KUBE_PATCH ? patch_types[call->patch] : NULL,
        .body = call->verb == KUBE_DELETE ? delete_options(cx->arena, call) : call->body,
    };
    return wire_prepare(cx, k, &req, ret);
}

/* Moves the error in cx to the call. */
static void set_failed(struct ctx *cx, struct kube_call *call)
{
    call->err = cx->err;
    call->code = cx->err.code;
    err_clear(cx);
}

static int read_answer(struct ctx *cx, struct flight *f, const struct http_exchange *x)
{
    struct failure_subject subject = { x->request.method, f->mapping.group, f->mapping.plural,
                                       f->call->ref.name };
    if (!wire_is_success(&x->response))
        return failure_of_answer(cx, &x->response, &subject, &f->call->status);
    if (json_parse(cx, buf_text(&x->response.body), x->response.body.len, x->request.url, &f->call->result) <
        0)
        return err_wrap(cx, "the API server's answer");
    return 0;
}

/* A 404 without a Status: not the object is missing but its whole resource, so what we know of kinds is old. */
static void doubt_discovery(struct kube *k, const struct kube_call *call, const struct http_exchange *x)
{
    if (x->response.status == 404 && !call->status)
        kube_map_forget(k);
}

static void finish(struct ctx *cx, struct kube *k, struct flight *f, const struct http_exchange *x)
{
    if (x->err.code)
        err_copy(cx, &x->err);
    else if (read_answer(cx, f, x) < 0)
        doubt_discovery(k, f->call, x);
    if (err_code(cx))
        set_failed(cx, f->call);
}

static void reset_outcome(struct kube_call *call)
{
    call->code = 0;
    call->result = NULL;
    call->status = NULL;
    call->err = (struct err){ 0 };
}

/* Sends calls as one batch: the requests and the texts of the answers live in ask->arena, what is made of them in
 * cx->arena. */
static int do_slice(struct ctx *cx, struct ctx *ask, struct kube *k, struct kube_call *calls, size_t n,
                    size_t parallel)
{
    struct flight *flights = ARENA_ARRAY(ask->arena, struct flight, n + 1);
    struct http_exchange *list = ARENA_ARRAY(ask->arena, struct http_exchange, n + 1);
    size_t sent = 0;
    for (size_t i = 0; i < n; i++) {
        reset_outcome(&calls[i]);
        flights[sent].call = &calls[i];
        if (prepare(ask, k, &flights[sent], &list[sent].request) == 0) {
            sent++;
            continue;
        }
        const struct err why = ask->err;
        err_clear(ask);
        err_copy(cx, &why);
        set_failed(cx, &calls[i]);
    }
    struct err failure = { 0 };
    if (wire_send_all(ask, k, list, sent, parallel) < 0)
        failure = ask->err;
    err_clear(ask);
    for (size_t i = 0; i < sent; i++)
        finish(cx, k, &flights[i], &list[i]);
    return err_copy(cx, &failure);
}

/* True when a server that may be gone answered none of the calls: the rest need not be tried. */
static bool are_lost(const struct kube *k, const struct kube_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i].code != ERR_UNAVAILABLE && calls[i].code != ERR_TIMEOUT)
            return false;
    return k->options.may_be_gone;
}

static void share_failure(struct kube_call *calls, size_t n, const struct kube_call *first)
{
    for (size_t i = 0; i < n; i++) {
        reset_outcome(&calls[i]);
        calls[i].code = first->code;
        calls[i].err = first->err;
    }
}

/* Many calls in slices, whose requests and texts do not add up. */
static int do_slices(struct ctx *cx, struct kube *k, struct kube_call *calls, size_t n, size_t parallel)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(arena_max(cx->arena));
    struct ctx ask = *cx;
    struct err failure = { 0 };
    ask.arena = scratch;
    for (size_t done = 0, len; done < n; done += len) {
        len = n - done < SLICE ? n - done : SLICE;
        if (do_slice(cx, &ask, k, calls + done, len, parallel) < 0)
            failure = cx->err;
        err_clear(cx);
        arena_reset(scratch);
        if (done == 0 && are_lost(k, calls, len)) {
            share_failure(calls + len, n - len, &calls[0]);
            break;
        }
    }
    cx->err = failure;
    return failure.code;
}

int kube_do_all(struct ctx *cx, struct kube *k, struct kube_call *calls, size_t n, size_t parallel)
{
    return n <= SLICE ? do_slice(cx, cx, k, calls, n, parallel) : do_slices(cx, k, calls, n, parallel);
}

int kube_call_fail(struct ctx *cx, const struct kube_call *call)
{
    ASSERT(call->code < 0);
    cx->err = call->err;
    return call->code;
}

int kube_do(struct ctx *cx, struct kube *k, struct kube_call *call)
{
    if (kube_do_all(cx, k, call, 1, 1) < 0)
        return err_code(cx);
    return call->code ? kube_call_fail(cx, call) : 0;
}

bool kube_has_cause(const struct doc *status, const char *type)
{
    doc_each (cause, doc_path(status, "details", "causes")) {
        if (str_eq(doc_text_at(cause, "reason"), type))
            return true;
    }
    return false;
}
