/*
 * test_live.c: a whole controller on a real API server: manager, queue, driver, status, events.
 *
 * Skipped unless GOTK_TEST_KUBECONFIG names a kubeconfig with all rights. Each test makes a namespace, forks a process that
 * runs manager_main on a small story of its own kind (Widget), limited to that namespace, and is kubectl for it.
 */
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kube/config.h"
#include "libgotk/net/http.h"
#include "libgotk/runtime/manager.h"
#include "tests/unit/lib/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP "test.gotk.dev"

/* --- the story: a Widget does what spec.do says --- */

struct widget {
    struct run run;
    const char *deed;
};

static int begin(struct ctx *cx, void *arg)
{
    struct widget *w = arg;
    w->deed = str_dup(cx->arena, str_or(doc_text_at(w->run.object, "spec", "do"), "nothing"));
    w->run.interval_ns = GOTIME_HOUR;
    w->run.retry_ns = str_eq(w->deed, "fail") ? 300 * GOTIME_MS : 0;
    w->run.progress = " for a test";
    return 0;
}

static int work(struct ctx *cx, void *arg)
{
    struct widget *w = arg;
    if (str_eq(w->deed, "fail") || str_eq(w->deed, "backoff"))
        return err_fail(cx, ERR_INVALID, "told to fail");
    if (str_eq(w->deed, "refuse"))
        return err_fail(cx, ERR_UNSUPPORTED, "spec.do: cannot refuse");
    if (str_eq(w->deed, "stall")) {
        err_fail(cx, ERR_INVALID, "told to stall");
        run_fails_as(cx, &w->run, NULL, "Told");
        return run_stall(cx, &w->run);
    }
    if (str_eq(w->deed, "slow"))
        return ctx_sleep(cx, 2500);
    return str_eq(w->deed, "hang") ? ctx_sleep(cx, 60000) : STEP_NEXT;
}

static int check(struct ctx *cx, void *arg)
{
    struct widget *w = arg;
    (void)cx;
    if (!str_eq(w->deed, "park") || w->run.resumed)
        return STEP_NEXT;
    w->run.wait_ms = 60000;
    return STEP_WAIT;
}

static int ready(struct ctx *cx, void *arg)
{
    struct widget *w = arg;
    int64_t runs = 0;
    doc_get_int(doc_find(w->run.status, "runs"), &runs);
    if (str_eq(w->deed, "count"))
        doc_set_int(cx->arena, w->run.status, "runs", runs + 1);
    cond_set(&w->run.conds, COND_READY, COND_TRUE, "Done", "did %s", w->deed);
    return STEP_NEXT;
}

static const struct step steps[] = {
    { "Working", "WorkFailed", work, NULL },
    { "Checking", "CheckFailed", check, NULL },
    { NULL, "Unreachable", ready, NULL },
};

static int finalize(struct ctx *cx, void *arg)
{
    struct widget *w = arg;
    if (str_eq(w->deed, "cling") && !doc_path(w->run.object, "metadata", "annotations", "let-go"))
        return err_fail(cx, ERR_UNAVAILABLE, "cannot let go");
    return 0;
}

static void finished(struct ctx *cx, void *arg)
{
    struct widget *w = arg;
    if (w->run.failure.code == 0)
        run_event(cx, &w->run, EVENT_INFO, NULL, NULL, "finished %s", w->deed);
}

/* A ConfigMap wakes the parked Widget of its name, or has it reconciled when it has the key "again". */
static int map_config(struct ctx *cx, struct manager *m, const struct obj *o, struct enqueue *to);

static const struct controller_watch watches[] = {
    { .api_version = "v1", .kind = "ConfigMap", .map = map_config },
};

static const struct controller widgets = {
    .name = "widget",
    .group = GROUP,
    .version = "v1",
    .kind = "Widget",
    .finalizer = API_FINALIZER,
    .field_owner = "gotk-test",
    .run_size = sizeof(struct widget),
    .watches = watches,
    .watch_count = ARRAY_LEN(watches),
    .begin = begin,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .finalize = finalize,
    .finished = finished,
};

static int map_config(struct ctx *cx, struct manager *m, const struct obj *o, struct enqueue *to)
{
    struct doc *config;
    if (obj_doc(cx, o, &config) < 0)
        return cx->err.code;
    if (doc_path(config, "data", "again"))
        enqueue_add(to, o->ns, o->name);
    else
        manager_wake(m, &widgets, o->ns, o->name);
    return 0;
}

static const struct controller *const controllers[] = { &widgets, NULL };
static const struct job *const jobs[] = { NULL };
static const struct program program = {
    .name = "widget-controller", .title = "a test", .controllers = controllers, .jobs = jobs
};

/* --- the test's side --- */

struct live {
    struct ctx *cx;
    struct kube *k;
    const char *ns;
    pid_t pid; /* of the controller */
};

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: widgets." GROUP "}\n"
    "spec:\n"
    "  group: " GROUP "\n"
    "  scope: Namespaced\n"
    "  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n";

static void apply(struct live *l, const char *text)
{
    struct doc *d;
    struct kube_patch_options options = { .field_manager = "test", .force = true };
    assert_ok(l->cx, yml_parse(l->cx, text, strlen(text), "test", &d));
    struct kube_ref ref = kube_ref_of(d);
    assert_ok(l->cx, kube_patch(l->cx, l->k, &ref, KUBE_PATCH_APPLY, d, &options, NULL));
}

static void start_controller(struct live *l)
{
    fflush(stdout);
    l->pid = fork();
    assert_true(l->pid >= 0);
    if (l->pid > 0)
        return;
    setenv("RUNTIME_NAMESPACE", l->ns, 1);
    char *argv[] = { (char[]){ "widget-controller" }, (char[]){ "--metrics-addr=0" },
                     (char[]){ "--health-addr=0" },   (char[]){ "--watch-all-namespaces=false" },
                     (char[]){ "--concurrent=1" },    (char[]){ "--enable-leader-election" },
                     (char[]){ "--log-level=error" }, NULL };
    exit(manager_main(7, argv, &program)); /* not _exit: sanitizers report at exit */
}

/* Sends the signal and returns the exit code. */
static int end_controller(struct live *l, int number)
{
    int status;
    kill(l->pid, number);
    assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct live enter(void **state, const char *name)
{
    struct live l = { .cx = unit_cx(state) };
    const char *path = getenv("GOTK_TEST_KUBECONFIG");
    struct kube_config config = { 0 };
    struct kube_options options = { .user_agent = "runtime-test/v1" };
    if (!path)
        skip();
    setenv("KUBECONFIG", path, 1);
    l.ns = str_fmt(l.cx->arena, "%s-%llx", name, (unsigned long long)gotime_now_ns() & 0xffffffffffULL);
    start_controller(&l); /* forks, so before anything else is open */
    l.cx->http = http_open();
    assert_ok(l.cx, kube_config_load(l.cx, &config));
    assert_ok(l.cx, kube_open(l.cx, &config, &options, &l.k));
    apply(&l, str_fmt(l.cx->arena, "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", l.ns));
    apply(&l, crd);
    return l;
}

static void leave(struct live *l)
{
    assert_int_equal(end_controller(l, SIGTERM), 0);
    kube_close(l->k);
    http_close(l->cx->http);
    l->cx->http = NULL;
}

static struct kube_ref ref_of(struct live *l, const char *name)
{
    return (struct kube_ref){ GROUP "/v1", "Widget", l->ns, name };
}

static struct doc *get(struct live *l, const char *name)
{
    struct kube_ref ref = ref_of(l, name);
    struct doc *d = NULL;
    if (kube_get(l->cx, l->k, &ref, &d) < 0)
        assert_error(l->cx, ERR_NOT_FOUND, "");
    return d;
}

static void put(struct live *l, const char *name, const char *annotation, const char *spec)
{
    for (int tries = 0;; tries++) {
        struct doc *d;
        struct kube_patch_options options = { .field_manager = "test", .force = true };
        const char *text =
            str_fmt(l->cx->arena,
                    "{apiVersion: " GROUP
                    "/v1, kind: Widget, metadata: {name: %s, namespace: %s, annotations: {%s}}, spec: {%s}}",
                    name, l->ns, annotation, spec);
        struct kube_ref ref = ref_of(l, name);
        assert_ok(l->cx, yml_parse(l->cx, text, strlen(text), "test", &d));
        if (kube_patch(l->cx, l->k, &ref, KUBE_PATCH_APPLY, d, &options, NULL) >= 0)
            return;
        assert_true(tries < 50); /* the definition of the kind is still being served out */
        err_clear(l->cx);
        assert_ok(l->cx, ctx_sleep(l->cx, 100));
    }
}

/* "Reconciling=True/Progressing/message Ready=..." */
static const char *conditions(struct live *l, const char *name)
{
    struct buf out = buf_new(l->cx->arena, 8192);
    doc_each (c, doc_path(get(l, name), "status", "conditions"))
        buf_fmt(&out, "%s%s=%s/%s/%s", out.len ? " " : "", doc_text_at(c, "type"), doc_text_at(c, "status"),
                doc_text_at(c, "reason"), doc_text_at(c, "message"));
    return buf_text(&out);
}

static void wait_for_conditions(struct live *l, const char *name, const char *wanted)
{
    const char *now = "";
    for (int64_t until = ctx_now_ms() + 20000; ctx_now_ms() < until;) {
        now = conditions(l, name);
        if (str_eq(now, wanted))
            return;
        assert_ok(l->cx, ctx_sleep(l->cx, 20));
    }
    fail_msg("%s is '%s', not '%s'", name, now, wanted);
}

static void wait_until_gone(struct live *l, const char *name)
{
    for (int64_t until = ctx_now_ms() + 20000; get(l, name) && ctx_now_ms() < until;)
        assert_ok(l->cx, ctx_sleep(l->cx, 20));
    assert_null(get(l, name));
}

static int64_t number_at(const struct doc *d, const char *key)
{
    int64_t n = -2;
    doc_get_int(doc_path(d, "status", key), &n);
    return n;
}

static void wait_for_handled(struct live *l, const char *name, const char *wanted)
{
    for (int64_t until = ctx_now_ms() + 20000; ctx_now_ms() < until;) {
        if (str_eq(doc_text_at(get(l, name), "status", "lastHandledReconcileAt"), wanted))
            return;
        assert_ok(l->cx, ctx_sleep(l->cx, 20));
    }
    fail_msg("%s was not handled", name);
}

/* --- the tests --- */

static void an_object_becomes_ready(void **state)
{
    struct live l = enter(state, "ready");
    put(&l, "one", "", "do: something");
    wait_for_conditions(&l, "one", "Ready=True/Done/did something");
    const struct doc *d = get(&l, "one");
    assert_int_equal(number_at(d, "observedGeneration"), 1);
    assert_string_equal(doc_text(doc_at(doc_path(d, "metadata", "finalizers"), 0)), API_FINALIZER);
    const char *version = doc_text_at(d, "metadata", "resourceVersion");

    /* Nothing changes, so nothing is written: only the request's annotation is noted. */
    put(&l, "one", "reconcile.fluxcd.io/requestedAt: a", "do: something");
    wait_for_handled(&l, "one", "a");
    const struct doc *after = get(&l, "one");
    assert_true(doc_equal(doc_path(d, "status", "conditions"), doc_path(after, "status", "conditions")));
    assert_string_not_equal(doc_text_at(after, "metadata", "resourceVersion"), version);
    leave(&l);
}

static void failures_show_and_retry(void **state)
{
    struct live l = enter(state, "failing");
    put(&l, "fails", "", "do: fail");
    put(&l, "stalls", "", "do: stall");
    put(&l, "refuses", "", "do: refuse");
    wait_for_conditions(
        &l, "fails",
        "Reconciling=True/ProgressingWithRetry/Working for a test Ready=False/WorkFailed/told to fail");
    wait_for_conditions(&l, "stalls", "Stalled=True/Told/told to stall Ready=False/Told/told to stall");
    wait_for_conditions(&l, "refuses",
                        "Stalled=True/WorkFailed/spec.do: cannot refuse "
                        "Ready=False/WorkFailed/spec.do: cannot refuse");
    assert_int_equal(number_at(get(&l, "fails"), "observedGeneration"), -2);
    put(&l, "fails", "", "do: better");
    put(&l, "stalls", "", "do: better");
    wait_for_conditions(&l, "fails", "Ready=True/Done/did better");
    wait_for_conditions(&l, "stalls", "Ready=True/Done/did better");
    assert_int_equal(number_at(get(&l, "fails"), "observedGeneration"), 2);
    leave(&l);
}

static void only_long_steps_show_progress(void **state)
{
    struct live l = enter(state, "progress");
    put(&l, "slow", "", "do: slow");
    for (int64_t until = ctx_now_ms() + 20000; !doc_path(get(&l, "slow"), "metadata", "finalizers");) {
        assert_true(ctx_now_ms() < until);
        assert_ok(l.cx, ctx_sleep(l.cx, 20));
    }
    put(&l, "slow", "note: a change that is no reason to start anew",
        "do: slow"); /* and a conflict for the patch */
    wait_for_conditions(
        &l, "slow",
        "Reconciling=True/Progressing/Working for a test Ready=Unknown/Progressing/Reconciliation in progress");
    wait_for_conditions(&l, "slow", "Ready=True/Done/did slow");
    leave(&l);
}

static void a_suspended_object_is_left_alone(void **state)
{
    struct live l = enter(state, "suspended");
    put(&l, "one", "", "do: count");
    wait_for_conditions(&l, "one", "Ready=True/Done/did count");
    put(&l, "one", "reconcile.fluxcd.io/requestedAt: b", "do: count, suspend: true");
    wait_for_handled(&l, "one", "b");
    const struct doc *d = get(&l, "one");
    assert_int_equal(number_at(d, "runs"), 1);
    assert_int_equal(number_at(d, "observedGeneration"), 2);
    put(&l, "one", "reconcile.fluxcd.io/requestedAt: c", "do: count");
    wait_for_handled(&l, "one", "c");
    assert_int_equal(number_at(get(&l, "one"), "runs"), 2);
    leave(&l);
}

static void no_run_acts_on_an_old_status(void **state)
{
    struct live l = enter(state, "counting");
    for (int i = 1; i <= 20; i++) {
        put(&l, "one", str_fmt(l.cx->arena, "reconcile.fluxcd.io/requestedAt: r%d", i), "do: count");
        wait_for_handled(&l, "one", str_fmt(l.cx->arena, "r%d", i));
    }
    int64_t runs = number_at(get(&l, "one"), "runs");
    assert_in_range(runs, 20, 21);
    leave(&l);
}

static void a_deleted_object_is_finalized(void **state)
{
    struct live l = enter(state, "deleted");
    put(&l, "easy", "", "do: something");
    put(&l, "hard", "", "do: cling");
    wait_for_conditions(&l, "easy", "Ready=True/Done/did something");
    wait_for_conditions(&l, "hard", "Ready=True/Done/did cling");
    struct kube_ref easy = ref_of(&l, "easy");
    struct kube_ref hard = ref_of(&l, "hard");
    assert_ok(l.cx, kube_delete(l.cx, l.k, &easy, NULL, NULL));
    assert_ok(l.cx, kube_delete(l.cx, l.k, &hard, NULL, NULL));
    wait_until_gone(&l, "easy");
    assert_non_null(get(&l, "hard"));
    put(&l, "hard", "let-go: please", "do: cling");
    wait_until_gone(&l, "hard");
    leave(&l);
}

/* The only worker is free while an object is parked; waking goes on, a change starts anew. */
static void a_waiting_object_is_parked(void **state)
{
    struct live l = enter(state, "parked");
    static const char parked[] = "Reconciling=True/Progressing/Checking for a test "
                                 "Ready=Unknown/Progressing/Reconciliation in progress";
    put(&l, "woken", "", "do: park");
    put(&l, "changed", "", "do: park");
    wait_for_conditions(&l, "woken", parked);
    wait_for_conditions(&l, "changed", parked);
    put(&l, "other", "", "do: something");
    wait_for_conditions(&l, "other", "Ready=True/Done/did something");
    apply(&l, str_fmt(l.cx->arena,
                      "{apiVersion: v1, kind: ConfigMap, metadata: {name: woken, namespace: %s}}", l.ns));
    wait_for_conditions(&l, "woken", "Ready=True/Done/did park");
    put(&l, "changed", "", "do: something");
    wait_for_conditions(&l, "changed", "Ready=True/Done/did something");
    leave(&l);
}

static void a_watched_object_triggers(void **state)
{
    struct live l = enter(state, "watching");
    put(&l, "one", "", "do: count");
    wait_for_conditions(&l, "one", "Ready=True/Done/did count");
    apply(
        &l,
        str_fmt(l.cx->arena,
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: %s}, data: {again: '1'}}",
                l.ns));
    for (int64_t until = ctx_now_ms() + 10000; number_at(get(&l, "one"), "runs") < 2 && ctx_now_ms() < until;)
        assert_ok(l.cx, ctx_sleep(l.cx, 20));
    assert_int_equal(number_at(get(&l, "one"), "runs"), 2);
    leave(&l);
}

static void events_are_recorded(void **state)
{
    struct live l = enter(state, "events");
    put(&l, "good", "", "do: something");
    put(&l, "bad", "", "do: fail");
    struct kube_ref kind = { "v1", "Event", l.ns, NULL };
    int64_t repeated = 0;
    bool finished_seen = false;
    for (int64_t until = ctx_now_ms() + 20000; (repeated < 3 || !finished_seen) && ctx_now_ms() < until;) {
        struct doc *items;
        assert_ok(l.cx, ctx_sleep(l.cx, 100));
        assert_ok(l.cx, kube_list(l.cx, l.k, &kind, NULL, &items));
        doc_each (e, items) {
            const char *message = str_or(doc_text_at(e, "message"), "");
            if (str_eq(message, "finished something")) {
                finished_seen = true;
                assert_string_equal(doc_text_at(e, "type"), "Normal");
                assert_string_equal(doc_text_at(e, "reason"), "Done");
                assert_string_equal(doc_text_at(e, "involvedObject", "name"), "good");
                assert_string_equal(doc_text_at(e, "source", "component"), "widget-controller");
            }
            if (str_eq(message, "told to fail")) {
                assert_string_equal(doc_text_at(e, "type"), "Warning");
                doc_get_int(doc_find(e, "count"), &repeated);
            }
        }
    }
    assert_true(finished_seen);
    assert_true(repeated >= 3);
    leave(&l);
}

static void a_shutdown_ends_what_runs(void **state)
{
    struct live l = enter(state, "shutdown");
    put(&l, "hangs", "", "do: hang");
    wait_for_conditions(
        &l, "hangs",
        "Reconciling=True/Progressing/Working for a test Ready=Unknown/Progressing/Reconciliation in progress");
    int64_t began = ctx_now_ms();
    assert_int_equal(end_controller(&l, SIGTERM), 0);
    assert_true(ctx_now_ms() - began < unit_slow(5000));
    /* Nobody failed: the status still says what was going on. */
    assert_string_equal(conditions(&l, "hangs"), "Reconciling=True/Progressing/Working for a test "
                                                 "Ready=Unknown/Progressing/Reconciliation in progress");
    struct kube_ref lease = { "coordination.k8s.io/v1", "Lease", l.ns, "widget-controller-leader-election" };
    struct doc *d;
    assert_ok(l.cx, kube_get(l.cx, l.k, &lease, &d));
    assert_string_equal(str_or(doc_text_at(d, "spec", "holderIdentity"), ""), "");
    kube_close(l.k);
    http_close(l.cx->http);
    l.cx->http = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_object_becomes_ready),       UNIT_TEST(failures_show_and_retry),
        UNIT_TEST(only_long_steps_show_progress), UNIT_TEST(a_suspended_object_is_left_alone),
        UNIT_TEST(no_run_acts_on_an_old_status),  UNIT_TEST(a_deleted_object_is_finalized),
        UNIT_TEST(a_waiting_object_is_parked),    UNIT_TEST(a_watched_object_triggers),
        UNIT_TEST(events_are_recorded),           UNIT_TEST(a_shutdown_ends_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
