/*
 * The whole of libgotk/kube against a real API server. Skipped unless GOTK_TEST_KUBECONFIG names a kubeconfig
 * with all rights; tests/flow/test_kube.py runs it on the rig's control plane. Each run works in namespaces
 * of its own.
 */
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kube/lease.h"
#include "libgotk/kube/reflector.h"
#include "libgotk/kube/rest.h"
#include "libgotk/kube/wire.h"
#include "libgotk/net/http.h"
#include "tests/unit/lib/unit.h"

#include <pthread.h>

struct live {
    struct ctx *cx;
    struct kube_config config;
    struct kube *k;
    const char *ns;
};

static struct kube *open_client(struct ctx *cx, const struct kube_config *config)
{
    struct kube *k = NULL;
    struct kube_options options = { .user_agent = "live-test/v1" };
    assert_ok(cx, kube_open(cx, config, &options, &k));
    return k;
}

static struct doc *yaml(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, yml_parse(cx, text, strlen(text), "test", &d));
    return d;
}

static struct doc *object(struct live *l, const char *api_version, const char *kind, const char *name,
                          const char *more)
{
    return yaml(l->cx,
                str_fmt(l->cx->arena, "apiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: '%s'}\n%s",
                        api_version, kind, name, l->ns, more));
}

static struct kube_ref config_map(struct live *l, const char *name)
{
    return (struct kube_ref){ "v1", "ConfigMap", l->ns, name };
}

/* Connects, or skips the test; the namespace is named after the test. */
static struct live connect_or_skip(void **state, const char *name)
{
    struct live l = { .cx = unit_cx(state) };
    const char *path = getenv("GOTK_TEST_KUBECONFIG");
    if (!path)
        skip();
    setenv("KUBECONFIG", path, 1);
    l.cx->http = http_open();
    assert_ok(l.cx, kube_config_load(l.cx, &l.config));
    l.k = open_client(l.cx, &l.config);
    l.ns = str_fmt(l.cx->arena, "%s-%llx", name, (unsigned long long)gotime_now_ns() & 0xffffffffffULL);
    assert_ok(l.cx, kube_create(
                        l.cx, l.k,
                        yaml(l.cx, str_fmt(l.cx->arena,
                                           "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", l.ns)),
                        NULL));
    return l;
}

static void leave(struct live *l)
{
    kube_close(l->k);
    http_close(l->cx->http);
    l->cx->http = NULL;
}

static void speaks_http2_and_tells_its_version(void **state)
{
    struct live l = connect_or_skip(state, "version");
    struct http_response answer;
    assert_ok(l.cx, wire_send(l.cx, l.k, &(struct wire_request){ .path = "/healthz" }, &answer));
    assert_true(answer.http2);
    struct doc *version = NULL;
    assert_ok(l.cx, kube_get_path(l.cx, l.k, "/version", &version));
    assert_true(str_starts(doc_text_at(version, "gitVersion"), "v1."));
    assert_true(kube_get_path(l.cx, l.k, "/apis/nonsense.io", &version) < 0);
    assert_error(l.cx, ERR_NOT_FOUND, "the server could not find the requested resource");
    leave(&l);
}

static void applies_patches_and_conflicts(void **state)
{
    struct live l = connect_or_skip(state, "apply");
    struct ctx *cx = l.cx;
    struct kube_ref ref = config_map(&l, "one");
    struct kube_patch_options o = { .field_manager = "kustomize-controller", .force = true, .dry_run = true };
    struct doc *desired = object(&l, "v1", "ConfigMap", "one", "data: {a: '1', uml: 'äöü <&>'}");
    struct doc *got = NULL;
    assert_ok(cx, kube_patch(cx, l.k, &ref, KUBE_PATCH_APPLY, desired, &o, &got));
    assert_null(doc_path(got, "metadata", "resourceVersion"));
    assert_int_equal(kube_get(cx, l.k, &ref, &got), ERR_NOT_FOUND);
    assert_string_equal(err_reason_of(cx), "NotFound");
    assert_error(cx, ERR_NOT_FOUND, "configmaps \"one\" not found");
    o.dry_run = false;
    assert_ok(cx, kube_patch(cx, l.k, &ref, KUBE_PATCH_APPLY, desired, &o, &got));
    assert_string_equal(doc_text_at(got, "data", "uml"), "äöü <&>");
    assert_string_equal(doc_text_at(doc_first(doc_path(got, "metadata", "managedFields")), "manager"),
                        "kustomize-controller");

    struct doc *stale = doc_copy(cx->arena, got);
    assert_ok(cx,
              kube_patch(cx, l.k, &ref, KUBE_PATCH_MERGE, yaml(cx, "data: {a: null, b: '2'}"), NULL, &got));
    assert_null(doc_path(got, "data", "a"));
    assert_int_equal(kube_update(cx, l.k, stale, NULL), ERR_CONFLICT);
    assert_error(cx, ERR_CONFLICT, "the object has been modified");
    assert_ok(cx, kube_patch(cx, l.k, &ref, KUBE_PATCH_JSON, yaml(cx, "[{op: remove, path: /data/b}]"), NULL,
                             &got));
    assert_null(doc_path(got, "data", "b"));
    assert_int_equal(kube_create(cx, l.k, desired, NULL), ERR_EXISTS);
    assert_error(cx, ERR_EXISTS, "configmaps \"one\" already exists");
    assert_ok(cx, kube_update(cx, l.k, got, &got));
    leave(&l);
}

static void a_field_of_another_manager_is_a_conflict(void **state)
{
    struct live l = connect_or_skip(state, "managers");
    struct ctx *cx = l.cx;
    struct kube_patch_options o = { .field_manager = "first" };
    struct doc *desired = object(&l, "v1", "ConfigMap", "one", "data: {a: '1'}");
    assert_ok(cx, kube_patch(cx, l.k, &(struct kube_ref){ "v1", "ConfigMap", l.ns, "one" }, KUBE_PATCH_APPLY,
                             desired, &o, NULL));
    struct kube_call call = { .verb = KUBE_PATCH,
                              .ref = config_map(&l, "one"),
                              .patch = KUBE_PATCH_APPLY,
                              .body = object(&l, "v1", "ConfigMap", "one", "data: {a: '2'}"),
                              .options = { .field_manager = "second" } };
    assert_int_equal(kube_do(cx, l.k, &call), ERR_CONFLICT);
    assert_true(kube_has_cause(call.status, "FieldManagerConflict"));
    assert_error(cx, ERR_CONFLICT, "conflict with \"first\"");
    leave(&l);
}

static void refusals_are_typed(void **state)
{
    struct live l = connect_or_skip(state, "refusals");
    struct ctx *cx = l.cx;
    struct doc *got = NULL;
    struct doc *bad = object(&l, "v1", "ConfigMap", "Bad_Name", "");
    assert_int_equal(kube_create(cx, l.k, bad, NULL), ERR_INVALID);
    assert_string_equal(err_reason_of(cx), "Invalid");
    assert_error(cx, ERR_INVALID, "ConfigMap \"Bad_Name\" is invalid: metadata.name");
    struct kube_ref no_namespace = { "v1", "ConfigMap", NULL, "x" };
    assert_int_equal(kube_get(cx, l.k, &no_namespace, &got), ERR_NOT_FOUND);
    err_clear(cx);

    struct kube_config tenant = l.config;
    tenant.impersonate_user = "system:serviceaccount:x:nobody";
    struct kube *k = open_client(cx, &tenant);
    assert_int_equal(kube_list(cx, k, &(struct kube_ref){ "v1", "ConfigMap", l.ns, NULL }, NULL, &got),
                     ERR_DENIED);
    assert_string_equal(err_reason_of(cx), "Forbidden");
    assert_error(cx, ERR_DENIED,
                 "User \"system:serviceaccount:x:nobody\" cannot list resource \"configmaps\"");
    kube_close(k);

    struct kube_config stranger = l.config;
    stranger.token = "wrong";
    k = open_client(cx, &stranger);
    assert_int_equal(kube_get(cx, k, &no_namespace, &got), ERR_UNAUTHORIZED);
    assert_error(cx, ERR_UNAUTHORIZED, "Unauthorized");
    kube_close(k);

    struct kube_config distrust = l.config;
    distrust.ca_pem = NULL;
    k = open_client(cx, &distrust);
    assert_true(kube_get(cx, k, &no_namespace, &got) < 0);
    assert_error(cx, ERR_DENIED, "certificate");
    kube_close(k);
    leave(&l);
}

static void deletes_the_very_object(void **state)
{
    struct live l = connect_or_skip(state, "delete");
    struct ctx *cx = l.cx;
    struct kube_ref ref = config_map(&l, "one");
    struct doc *made = NULL;
    assert_ok(cx, kube_create(cx, l.k, object(&l, "v1", "ConfigMap", "one", ""), &made));
    assert_int_equal(kube_delete(cx, l.k, &ref, "Background", "00000000-0000-0000-0000-000000000000"),
                     ERR_CONFLICT);
    assert_error(cx, ERR_CONFLICT, "the UID in the precondition");
    assert_ok(cx, kube_delete(cx, l.k, &ref, "Background", doc_text_at(made, "metadata", "uid")));
    assert_int_equal(kube_delete(cx, l.k, &ref, NULL, NULL), ERR_NOT_FOUND);
    err_clear(cx);
    leave(&l);
}

/* Creates n ConfigMaps named c0, c1, ... in one batch. */
static void create_many(struct live *l, size_t n)
{
    struct ctx *cx = l->cx;
    struct kube_call *calls = ARENA_ARRAY(cx->arena, struct kube_call, n);
    for (size_t i = 0; i < n; i++) {
        const char *name = str_fmt(cx->arena, "c%zu", i);
        calls[i] = (struct kube_call){ .verb = KUBE_CREATE };
        calls[i].body = object(l, "v1", "ConfigMap", name, "data: {a: '1'}");
        calls[i].ref = kube_ref_of(calls[i].body);
    }
    assert_ok(cx, kube_do_all(cx, l->k, calls, n, 16));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(calls[i].code, 0);
}

static void batches_and_pages(void **state)
{
    struct live l = connect_or_skip(state, "pages");
    struct doc *items = NULL;
    struct kube_ref all = { "v1", "ConfigMap", l.ns, NULL };
    create_many(&l, 1100);
    assert_ok(l.cx, kube_list(l.cx, l.k, &all, &(struct kube_list_options){ .metadata_only = true }, &items));
    assert_int_equal(doc_len(items), 1100);
    assert_string_equal(doc_text_at(doc_at(items, 1099), "kind"), "ConfigMap");
    assert_null(doc_find(doc_first(items), "data"));
    assert_ok(l.cx, kube_list(l.cx, l.k, &all,
                              &(struct kube_list_options){ .field_selector = "metadata.name=c7" }, &items));
    assert_int_equal(doc_len(items), 1);
    assert_string_equal(doc_text_at(doc_first(items), "data", "a"), "1");
    leave(&l);
}

#define CRD                                                                                                  \
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.%s}\n"     \
    "spec:\n  group: %s\n  scope: Cluster\n  names: {kind: Thing, plural: things}\n  versions:\n"            \
    "  - name: v1\n    served: true\n    storage: true\n"                                                    \
    "    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n"

static bool is_established(const struct doc *crd)
{
    doc_each (c, doc_path(crd, "status", "conditions")) {
        if (str_eq(doc_text_at(c, "type"), "Established") && str_eq(doc_text_at(c, "status"), "True"))
            return true;
    }
    return false;
}

static void wait_established(struct live *l, const struct kube_ref *ref)
{
    struct doc *crd = NULL;
    for (int i = 0; i < 200 && !is_established(crd); i++) {
        assert_ok(l->cx, ctx_sleep(l->cx, 50));
        assert_ok(l->cx, kube_get(l->cx, l->k, ref, &crd));
    }
    assert_true(is_established(crd));
}

static void a_new_crd_is_known_at_once_and_forgotten_when_gone(void **state)
{
    struct live l = connect_or_skip(state, "crd");
    struct ctx *cx = l.cx;
    const char *group = str_fmt(cx->arena, "%s.example.org", l.ns);
    const char *version = str_fmt(cx->arena, "%s/v1", group);
    struct kube_mapping m;
    assert_int_equal(kube_map(cx, l.k, version, "Thing", &m), ERR_NOT_FOUND);
    assert_error(cx, ERR_NOT_FOUND,
                 str_fmt(cx->arena, "no matches for kind \"Thing\" in version \"%s\"", version));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    struct doc *crd = yaml(cx, str_fmt(cx->arena, CRD, group, group));
#pragma GCC diagnostic pop
    struct kube_ref ref = kube_ref_of(crd);
    assert_ok(cx, kube_create(cx, l.k, crd, NULL));
    wait_established(&l, &ref);
    assert_ok(cx, kube_map_preferred(cx, l.k, group, "Thing", &m));
    assert_string_equal(m.version, "v1");
    assert_false(m.namespaced);
    struct doc *thing =
        yaml(cx, str_fmt(cx->arena, "{apiVersion: %s, kind: Thing, metadata: {name: x}, n: 9007199254740993}",
                         version));
    struct doc *got = NULL;
    assert_ok(cx, kube_create(cx, l.k, thing, &got));
    assert_string_equal(doc_literal(doc_find(got, "n")), "9007199254740993");
    assert_ok(cx, kube_delete(cx, l.k, &ref, NULL, NULL));
    struct kube_ref thing_ref = kube_ref_of(thing);
    for (int i = 0; i < 200 && !str_eq(err_reason_of(cx), "NoKindMatch"); i++) {
        err_clear(cx);
        assert_ok(cx, ctx_sleep(cx, 50));
        if (kube_get(cx, l.k, &thing_ref, &got) == 0)
            err_clear(cx);
    }
    assert_error(cx, ERR_NOT_FOUND, "no matches for kind \"Thing\"");
    leave(&l);
}

struct diary {
    atomic_int added, modified, deleted, synced, wrong;
};

static void count_events(struct ctx *cx, void *user, enum watch_event event, struct obj *old, struct obj *new)
{
    struct diary *d = user;
    atomic_int *counters[] = { [WATCH_ADDED] = &d->added,
                               [WATCH_MODIFIED] = &d->modified,
                               [WATCH_DELETED] = &d->deleted,
                               [WATCH_SYNCED] = &d->synced };
    struct doc *doc = NULL;
    atomic_fetch_add(counters[event], 1);
    if (new && (obj_doc(cx, new, &doc) < 0 || doc_path(doc, "metadata", "managedFields")))
        atomic_fetch_add(&d->wrong, 1);
    if (event == WATCH_MODIFIED && str_eq(old->resource_version, new->resource_version))
        atomic_fetch_add(&d->wrong, 1);
}

static void wait_for(struct ctx *cx, atomic_int *counter, int value)
{
    for (int i = 0; i < 1000 && atomic_load(counter) < value; i++)
        assert_ok(cx, ctx_sleep(cx, 10));
    assert_int_equal(atomic_load(counter), value);
}

static void stop_quickly(struct reflector *r)
{
    int64_t began = ctx_now_ms();
    reflector_stop(r);
    assert_in_range(ctx_now_ms() - began, 0, unit_slow(5000)); /* 100 on an idle machine */
}

static void follows_a_kind(void **state)
{
    struct live l = connect_or_skip(state, "follow");
    struct ctx *cx = l.cx;
    struct diary d = { 0 };
    struct reflector *r = NULL;
    struct reflector_options o = {
        .api_version = "v1", .kind = "ConfigMap", .ns = l.ns, .on_event = count_events, .user = &d
    };
    create_many(&l, 620);
    assert_ok(cx, reflector_start(cx, l.k, &o, &r));
    assert_ok(cx, reflector_wait_synced(cx, r));
    wait_for(cx, &d.synced, 1);
    assert_int_equal(store_len(reflector_store(r)), 620);
    assert_int_equal(atomic_load(&d.added), 620);
    struct kube_ref ref = config_map(&l, "c5");
    assert_ok(cx, kube_patch(cx, l.k, &ref, KUBE_PATCH_MERGE, yaml(cx, "data: {a: '2'}"), NULL, NULL));
    wait_for(cx, &d.modified, 1);
    assert_ok(cx, kube_delete(cx, l.k, &ref, NULL, NULL));
    wait_for(cx, &d.deleted, 1);
    assert_null(store_get(reflector_store(r), l.ns, "c5"));
    assert_ok(cx, kube_create(cx, l.k, object(&l, "v1", "ConfigMap", "c5", ""), NULL));
    wait_for(cx, &d.added, 621);
    assert_int_equal(atomic_load(&d.wrong), 0);
    stop_quickly(r);
    leave(&l);
}

static void secrets_are_followed_without_their_data(void **state)
{
    struct live l = connect_or_skip(state, "secrets");
    struct ctx *cx = l.cx;
    struct diary d = { 0 };
    struct reflector *r = NULL;
    struct reflector_options o = { .api_version = "v1",
                                   .kind = "Secret",
                                   .ns = l.ns,
                                   .label_selector = "watched=yes",
                                   .metadata_only = true,
                                   .on_event = count_events,
                                   .user = &d };
    struct doc *secret = object(&l, "v1", "Secret", "s", "stringData: {password: hunter2}");
    doc_set_text(cx->arena, doc_ensure(cx->arena, doc_find(secret, "metadata"), "labels"), "watched", "yes");
    assert_ok(cx, kube_create(cx, l.k, secret, NULL));
    assert_ok(cx, reflector_start(cx, l.k, &o, &r));
    assert_ok(cx, reflector_wait_synced(cx, r));
    assert_ok(cx, kube_create(cx, l.k, object(&l, "v1", "Secret", "unlabelled", ""), NULL));
    struct kube_ref ref = { "v1", "Secret", l.ns, "s" };
    assert_ok(cx, kube_patch(cx, l.k, &ref, KUBE_PATCH_MERGE, yaml(cx, "stringData: {password: other}"), NULL,
                             NULL));
    wait_for(cx, &d.modified, 1);
    struct obj *seen = store_get(reflector_store(r), l.ns, "s");
    assert_string_equal(seen->kind, "Secret");
    assert_string_equal(seen->api_version, "v1");
    assert_null(strstr(seen->text, "password"));
    assert_null(strstr(seen->text, "\"data\""));
    obj_unref(seen);
    assert_ok(cx, kube_patch(cx, l.k, &ref, KUBE_PATCH_MERGE, yaml(cx, "metadata: {labels: {watched: 'no'}}"),
                             NULL, NULL));
    wait_for(cx, &d.deleted, 1);
    assert_int_equal(atomic_load(&d.added), 1);
    stop_quickly(r);
    leave(&l);
}

/* A server that has just started remembers even version 1 and keeps the watch open: then the deadline ends
 * it. The refusal is always seen in test_watch.c. */
static void an_old_version_is_watched_or_refused(void **state)
{
    struct live l = connect_or_skip(state, "gone");
    struct reflector r = { .k = l.k, .store = store_open(), .version = "1", .page = LIST_PAGE };
    r.query.ns = l.ns;
    assert_ok(l.cx, kube_map(l.cx, l.k, "v1", "ConfigMap", &r.query.mapping));
    cancel_open(&r.synced);
    l.cx->deadline_ms = ctx_now_ms() + 1500;
    int rc = feed_watch(l.cx, &r);
    l.cx->deadline_ms = 0;
    if (rc == ERR_GONE)
        assert_error(l.cx, ERR_GONE, "failed to watch configmaps: too old resource version");
    else
        assert_error(l.cx, ERR_TIMEOUT, "failed to watch configmaps: ");
    assert_ok(l.cx, relist(l.cx, &r));
    int64_t version = 0;
    assert_true(str_to_int64(r.version, &version) && version > 1);
    cancel_close(&r.synced);
    store_close(r.store);
    leave(&l);
}

static void note_acquired(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

static void note_lost(void *user)
{
    atomic_fetch_add((atomic_int *)user, 100);
}

static struct lease *start_lease(struct live *l, const char *identity, atomic_int *events)
{
    struct lease *lease = NULL;
    struct lease_options o = {
        .ns = l->ns,
        .name = "test-leader-election",
        .identity = identity,
        .duration_ms = 3000,
        .renew_deadline_ms = 2000,
        .retry_period_ms = 300,
        .on_acquired = note_acquired,
        .on_lost = note_lost,
        .user = events,
    };
    assert_ok(l->cx, lease_start(l->cx, l->k, &o, &lease));
    return lease;
}

static struct doc *read_lease(struct live *l)
{
    struct doc *lease = NULL;
    assert_ok(l->cx,
              kube_get(l->cx, l->k,
                       &(struct kube_ref){ "coordination.k8s.io/v1", "Lease", l->ns, "test-leader-election" },
                       &lease));
    return doc_find(lease, "spec");
}

static void leadership_passes_on(void **state)
{
    struct live l = connect_or_skip(state, "lease");
    struct ctx *cx = l.cx;
    atomic_int first_events = 0;
    atomic_int second_events = 0;
    int64_t number = -1;
    struct lease *first = start_lease(&l, "first_1", &first_events);
    wait_for(cx, &first_events, 1);
    assert_true(lease_is_leader(first));
    struct doc *spec = read_lease(&l);
    assert_string_equal(doc_text_at(spec, "holderIdentity"), "first_1");
    assert_true(doc_get_int(doc_find(spec, "leaseDurationSeconds"), &number) && number == 3);
    assert_true(doc_get_int(doc_find(spec, "leaseTransitions"), &number) && number == 0);
    const char *acquired = doc_text_at(spec, "acquireTime");
    assert_int_equal(strlen(acquired), strlen("2006-01-02T15:04:05.000000Z"));

    struct lease *second = start_lease(&l, "second_2", &second_events);
    assert_ok(cx, ctx_sleep(cx, 3500)); /* longer than a lease lasts unrenewed */
    assert_false(lease_is_leader(second));
    spec = read_lease(&l);
    assert_string_equal(doc_text_at(spec, "acquireTime"), acquired);
    assert_string_not_equal(doc_text_at(spec, "renewTime"), acquired);

    int64_t began = ctx_now_ms();
    lease_stop(first);
    wait_for(cx, &second_events, 1);
    assert_in_range(ctx_now_ms() - began, 0, unit_slow(1900)); /* released, not expired */
    spec = read_lease(&l);
    assert_string_equal(doc_text_at(spec, "holderIdentity"), "second_2");
    assert_true(doc_get_int(doc_find(spec, "leaseTransitions"), &number) && number == 1);
    assert_int_equal(atomic_load(&first_events), 1);
    lease_stop(second);
    assert_string_equal(str_or(doc_text_at(read_lease(&l), "holderIdentity"), ""), "");
    leave(&l);
}

static void a_stolen_lease_is_lost(void **state)
{
    struct live l = connect_or_skip(state, "stolen");
    atomic_int events = 0;
    struct lease *lease = start_lease(&l, "first_1", &events);
    wait_for(l.cx, &events, 1);
    struct kube_ref ref = { "coordination.k8s.io/v1", "Lease", l.ns, "test-leader-election" };
    assert_ok(l.cx, kube_patch(l.cx, l.k, &ref, KUBE_PATCH_MERGE, yaml(l.cx, "spec: {holderIdentity: thief}"),
                               NULL, NULL));
    wait_for(l.cx, &events, 101);
    assert_false(lease_is_leader(lease));
    lease_stop(lease);
    assert_string_equal(doc_text_at(read_lease(&l), "holderIdentity"), "thief");
    leave(&l);
}

struct asker {
    struct kube *k;
    const char *ns;
    pthread_t thread;
    int failed;
};

static void *ask(void *arg)
{
    struct asker *a = arg;
    struct ctx cx = { .arena = arena_new((size_t)64 << 20), .http = http_open() };
    for (int i = 0; i < 30; i++) {
        struct doc *got = NULL;
        struct kube_ref ref = { "v1", i % 5 ? "ConfigMap" : "Nonsense", a->ns, "absent" };
        a->failed += kube_get(&cx, a->k, &ref, &got) != ERR_NOT_FOUND;
        err_clear(&cx);
        arena_reset(cx.arena);
    }
    http_close(cx.http);
    arena_free(cx.arena);
    return NULL;
}

static void threads_share_a_client(void **state)
{
    struct live l = connect_or_skip(state, "threads");
    struct asker askers[6];
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        askers[i] = (struct asker){ .k = l.k, .ns = l.ns };
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].failed, 0);
    }
    leave(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(speaks_http2_and_tells_its_version),
        UNIT_TEST(applies_patches_and_conflicts),
        UNIT_TEST(a_field_of_another_manager_is_a_conflict),
        UNIT_TEST(refusals_are_typed),
        UNIT_TEST(deletes_the_very_object),
        UNIT_TEST(batches_and_pages),
        UNIT_TEST(a_new_crd_is_known_at_once_and_forgotten_when_gone),
        UNIT_TEST(follows_a_kind),
        UNIT_TEST(secrets_are_followed_without_their_data),
        UNIT_TEST(an_old_version_is_watched_or_refused),
        UNIT_TEST(leadership_passes_on),
        UNIT_TEST(a_stolen_lease_is_lost),
        UNIT_TEST(threads_share_a_client),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
