/*
 * wait.c: looks and verdicts; the contract is in wait.h.
 *
 * ConfigMaps and Secrets are judged by their metadata alone, and no more of them is read: a Secret's values have no business
 * here.
 */
#include "libgotk/ssa/wait.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/rest.h"
#include "libgotk/ssa/pods.h"

#include <stdio.h>

#define LIST_MAX ((size_t)24 << 10)

/* Until the next look: at first, at most, when somebody will tell, and while the API server does not know a kind (each look
 * asks it for all kinds then). */
#define PAUSE_FIRST_MS    100
#define PAUSE_MAX_MS      2000
#define PAUSE_TOLD_MS     30000
#define PAUSE_KINDLESS_MS 10000

struct wait_set wait_set_new(struct arena *a, int64_t timeout_ms)
{
    return (struct wait_set){ .places = map_new(a),
                              .until_ms = ctx_now_ms() + timeout_ms,
                              .pause_ms = PAUSE_FIRST_MS };
}

static const char *id_of(struct arena *a, const char *group, const char *kind, const char *ns,
                         const char *name)
{
    return str_fmt(a, "%s_%s_%s_%s", str_or(ns, ""), name, group, kind);
}

struct wait_object *wait_find(const struct wait_set *set, const char *group, const char *kind, const char *ns,
                              const char *name)
{
    struct arena_mark mark = arena_mark(set->places.arena);
    const void *place = map_find(&set->places, id_of(set->places.arena, group, kind, ns, name));
    arena_release(set->places.arena, mark);
    return place ? &set->at[(uintptr_t)place - 1] : NULL;
}

struct wait_object *wait_add(struct arena *a, struct wait_set *set, const char *group, const char *kind,
                             const char *ns, const char *name)
{
    ns = str_or(ns, "");
    struct wait_object *known = wait_find(set, group, kind, ns, name);
    if (known)
        return known;
    struct wait_object o = {
        .group = str_dup(a, group),
        .kind = str_dup(a, kind),
        .ns = str_dup(a, ns),
        .name = str_dup(a, name),
        .subject = str_fmt(a, "%s/%s%s%s", kind, ns, *ns ? "/" : "", name),
        .due = true,
        .code = KSTATUS_UNKNOWN,
    };
    vec_push(a, set, o);
    map_set(&set->places, id_of(a, group, kind, ns, name), (void *)(uintptr_t)set->len);
    return &set->at[set->len - 1];
}

void wait_drop(struct wait_set *set, struct wait_object *o)
{
    size_t place = (size_t)(o - set->at);
    map_remove(&set->places, id_of(set->places.arena, o->group, o->kind, o->ns, o->name));
    set->at[place] = set->at[--set->len];
    if (place < set->len) {
        const struct wait_object *moved = &set->at[place];
        map_set(&set->places, id_of(set->places.arena, moved->group, moved->kind, moved->ns, moved->name),
                (void *)(uintptr_t)(place + 1));
    }
}

static void judge(struct wait_object *o, struct kstatus status)
{
    o->status = status;
    o->code = status.code;
    o->seen = true;
    o->due = false;
}

static bool is_plain(const struct wait_object *o)
{
    return str_empty(o->group) && (str_eq(o->kind, "ConfigMap") || str_eq(o->kind, "Secret"));
}

static int map_object(struct ctx *cx, struct kube *k, const struct wait_object *o, bool *ret_namespaced,
                      struct kube_ref *ret_ref)
{
    struct kube_mapping mapping;
    if (kube_map_preferred(cx, k, o->group, o->kind, &mapping) < 0)
        return err_code(cx);
    const char *separator = *mapping.group ? "/" : "";
    *ret_ref = (struct kube_ref){
        .api_version = str_fmt(cx->arena, "%s%s%s", mapping.group, separator, mapping.version),
        .kind = o->kind,
        .ns = o->ns,
        .name = o->name,
    };
    *ret_namespaced = mapping.namespaced;
    return 0;
}

/* The request for an object; false when none can be made, which is judged at once. */
static bool ask(struct ctx *cx, struct kube *k, struct wait_object *o, struct kube_call *ret_call)
{
    bool namespaced;
    *ret_call = (struct kube_call){ .verb = KUBE_GET, .metadata_only = is_plain(o) };
    if (map_object(cx, k, o, &namespaced, &ret_call->ref) < 0) {
        o->kindless = str_eq(err_reason_of(cx), "NoKindMatch");
        judge(o, kstatus_unread(err_message(cx)));
        err_clear(cx);
        return false;
    }
    o->kindless = false;
    o->placeless = namespaced && str_empty(o->ns);
    if (o->placeless)
        judge(o, kstatus_unread("it is of a namespaced kind, and no namespace is named"));
    return !o->placeless;
}

/* A set of pods that has failed for good fails its owner; without the right to read them they say nothing. */
static struct kstatus ask_pods(struct ctx *cx, struct kube *k, const struct doc *live, struct kstatus own)
{
    struct doc *pods;
    if (own.code != KSTATUS_IN_PROGRESS || !kstatus_asks_pods(live))
        return own;
    if (pods_of(cx, k, live, &pods) == 0)
        return kstatus_with_pods(cx->arena, own, pods);
    err_clear(cx);
    return own;
}

static uint64_t version_of(const struct doc *live)
{
    int64_t version = 0;
    str_to_int64(str_or(doc_text_at(live, "metadata", "resourceVersion"), ""), &version);
    return (uint64_t)version;
}

static int64_t ms_until(int64_t unix_ns)
{
    int64_t ns = unix_ns - gotime_now_ns();
    return ns > 0 ? ns / GOTIME_MS + 1 : 0;
}

/* What it takes, beside the object itself, to know when it has to be judged anew. */
static void note_dependence(struct ctx *cx, struct wait_object *o)
{
    bool in_progress = o->code == KSTATUS_IN_PROGRESS;
    const char *pods = in_progress && kstatus_asks_pods(o->live)
                           ? pods_selector(cx->arena, doc_path(o->live, "spec", "selector"))
                           : "";
    o->pods = *pods ? pods : NULL;
    o->asks_pods = o->pods;
    o->again_ms = in_progress && o->status.again_ns ? ctx_now_ms() + ms_until(o->status.again_ns) : 0;
}

static void take_answer(struct ctx *cx, struct kube *k, struct wait_object *o, const struct kube_call *call)
{
    bool absent = call->code == ERR_NOT_FOUND && !str_eq(call->err.reason, "NoKindMatch");
    o->live = call->result;
    if (call->code < 0 && !absent)
        judge(o, kstatus_unread(call->err.message));
    else
        judge(o, ask_pods(cx, k, o->live, kstatus_of(cx->arena, o->live)));
    if (absent && o->may_vanish)
        o->code = KSTATUS_CURRENT;
    o->version = version_of(o->live);
    note_dependence(cx, o);
}

static int read_due(struct ctx *cx, struct kube *k, struct wait_set *set, size_t parallel)
{
    struct kube_call *calls = ARENA_ARRAY(cx->arena, struct kube_call, set->len);
    struct wait_object **of_call = ARENA_ARRAY(cx->arena, struct wait_object *, set->len);
    size_t n = 0;
    for (size_t i = 0; i < set->len; i++)
        if (set->at[i].due && ask(cx, k, &set->at[i], &calls[n]))
            of_call[n++] = &set->at[i];
    if (ctx_check(cx) < 0 || kube_do_all(cx, k, calls, n, parallel) < 0)
        return err_code(cx);
    for (size_t i = 0; i < n; i++)
        take_answer(cx, k, of_call[i], &calls[i]);
    return ctx_check(cx);
}

void wait_forget_look(struct wait_set *set)
{
    for (size_t i = 0; i < set->len; i++) {
        struct wait_object *o = &set->at[i];
        o->seen = false;
        o->live = NULL;
        o->pods = NULL;
        o->status = (struct kstatus){ .code = o->code, .reason = "", .message = "" };
    }
}

void wait_due_again(struct wait_set *set)
{
    for (size_t i = 0; i < set->len; i++)
        set->at[i].due = set->at[i].due || set->at[i].code != KSTATUS_CURRENT;
}

/* What the tracker knows of an object; TRACKER_UNSURE when it is not its business. */
static enum tracker_view view_of(struct tracker *t, const struct wait_object *o, uint64_t *ret_version)
{
    char api_version[300];
    struct tracker_mark mark = { 0 };
    int n = snprintf(api_version, sizeof(api_version), "%s%s", o->group, *o->group ? "/v1" : "v1");
    const struct kube_ref ref = { api_version, o->kind, o->ns, o->name };
    enum tracker_view view = TRACKER_UNSURE;
    if (t && o->owned && n > 0 && (size_t)n < sizeof(api_version))
        view = tracker_look(t, &ref, &mark);
    *ret_version = mark.version;
    return view;
}

/* Whether a lookout told of something since it was last asked. */
static bool has_told(struct wait_lookout *l)
{
    unsigned before = l->told;
    l->told = l->handle ? tracker_lookout_told(l->handle) : 0;
    return l->told != before;
}

/* Has the next look read only what moved, or may have moved without anyone's telling. */
static void find_due(struct wait_set *set, struct tracker *t)
{
    for (size_t i = 0; i < set->len; i++) {
        struct wait_object *o = &set->at[i];
        uint64_t version;
        bool present = view_of(t, o, &version) == TRACKER_PRESENT, waits = o->code != KSTATUS_CURRENT;
        bool told = has_told(&o->self), told_of_pods = has_told(&o->its_pods);
        bool moved = present ? version > o->version : told || (waits && !o->self.handle);
        bool blind = o->asks_pods && !o->its_pods.handle;
        bool late = o->again_ms && o->again_ms <= ctx_now_ms();
        o->vouched = present && version == o->version;
        o->due = o->due || moved || (waits && (told_of_pods || blind || late));
    }
}

int wait_look(struct ctx *cx, struct kube *k, struct wait_set *set, struct tracker *t, size_t parallel,
              bool fail_fast, enum wait_verdict *ret_verdict)
{
    bool timed_out = ctx_now_ms() >= set->until_ms;
    find_due(set, t);
    if (timed_out)
        wait_due_again(set);
    wait_forget_look(set);
    if (read_due(cx, k, set, parallel) < 0)
        return err_code(cx);
    if (wait_verdict(set, false) == WAIT_HEALTHY) {
        for (size_t i = 0; i < set->len; i++)
            set->at[i].due = !set->at[i].seen && !set->at[i].vouched;
        if (read_due(cx, k, set, parallel) < 0)
            return err_code(cx);
    }
    enum wait_verdict verdict = wait_verdict(set, fail_fast);
    *ret_verdict = verdict == WAIT_GOES_ON && timed_out ? WAIT_TIMED_OUT : verdict;
    return 0;
}

/* --- until the next look --- */

static void watch_itself(struct ctx *cx, struct kube *k, struct wait_object *o, struct tracker *t,
                         const char *owner_ns, const char *owner)
{
    bool namespaced;
    struct kube_ref ref;
    if (o->self.handle || o->owned || o->kindless || o->placeless)
        return;
    if (map_object(cx, k, o, &namespaced, &ref) < 0)
        err_clear(cx);
    else
        o->self.handle = tracker_lookout_open(cx, t, &ref, NULL, owner_ns, owner);
}

static void watch_pods(struct ctx *cx, struct wait_object *o, struct tracker *t, const char *owner_ns,
                       const char *owner)
{
    const struct kube_ref pods = { .api_version = "v1", .kind = "Pod", .ns = o->ns };
    if (o->pods && !o->its_pods.handle)
        o->its_pods.handle = tracker_lookout_open(cx, t, &pods, o->pods, owner_ns, owner);
}

void wait_watch(struct ctx *cx, struct kube *k, struct wait_set *set, struct tracker *t, const char *owner_ns,
                const char *owner)
{
    for (size_t i = 0; t && i < set->len; i++) {
        if (set->at[i].code == KSTATUS_CURRENT)
            continue;
        watch_itself(cx, k, &set->at[i], t, owner_ns, owner);
        watch_pods(cx, &set->at[i], t, owner_ns, owner);
    }
}

void wait_close(void *set)
{
    struct wait_set *s = set;
    for (size_t i = 0; i < s->len; i++) {
        tracker_lookout_close(s->at[i].self.handle);
        tracker_lookout_close(s->at[i].its_pods.handle);
        s->at[i].self = s->at[i].its_pods = (struct wait_lookout){ 0 };
    }
}

/* True when nobody has to look at it before someone tells of a change. */
static bool is_told(const struct wait_object *o, struct tracker *t)
{
    uint64_t version;
    if (o->code == KSTATUS_CURRENT)
        return true;
    return (o->self.handle || view_of(t, o, &version) == TRACKER_PRESENT) &&
           (!o->asks_pods || o->its_pods.handle);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t wait_pause(struct wait_set *set, struct tracker *t)
{
    bool told = !set->untold, kindless = false;
    int64_t now_ms = ctx_now_ms(), due_ms = set->until_ms, pause_ms = set->pause_ms;
    for (size_t i = 0; i < set->len; i++) {
        const struct wait_object *o = &set->at[i];
        told = told && is_told(o, t);
        kindless = kindless || o->kindless;
        if (o->again_ms)
            due_ms = least(due_ms, o->again_ms);
    }
    set->pause_ms = least(pause_ms * 2, PAUSE_MAX_MS);
    if (told || kindless)
        pause_ms = kindless ? PAUSE_KINDLESS_MS : PAUSE_TOLD_MS;
    pause_ms = least(pause_ms, due_ms - now_ms);
    return pause_ms > 0 ? pause_ms : 1;
}

/* --- what it means --- */

static const struct wait_object *find_placeless(const struct wait_set *set)
{
    for (size_t i = 0; i < set->len; i++)
        if (set->at[i].placeless)
            return &set->at[i];
    return NULL;
}

enum wait_verdict wait_verdict(const struct wait_set *set, bool fail_fast)
{
    size_t current = 0, failed = 0;
    for (size_t i = 0; i < set->len; i++) {
        current += set->at[i].code == KSTATUS_CURRENT;
        failed += set->at[i].code == KSTATUS_FAILED;
    }
    if (find_placeless(set))
        return WAIT_FAILED;
    if (current == set->len)
        return WAIT_HEALTHY;
    bool over = current + failed == set->len || (fail_fast && failed);
    return over ? WAIT_FAILED : WAIT_GOES_ON;
}

bool wait_blames(const struct wait_set *set, const struct wait_object *o, bool timed_out)
{
    if (find_placeless(set))
        return o->placeless;
    return o->code == KSTATUS_FAILED || (timed_out && o->code != KSTATUS_CURRENT);
}

/* Upstream gives up on the whole set before it has read any of it. */
static const char *undetermined(struct arena *a, const struct wait_set *set)
{
    struct buf list = buf_new(a, LIST_MAX);
    for (size_t i = 0; i < set->len; i++)
        buf_fmt(&list, "%scan't determine status for %s", i ? ", " : "", set->at[i].subject);
    return buf_text(&list);
}

static const char *blamed(struct arena *a, const struct wait_set *set, bool timed_out)
{
    struct buf list = buf_new(a, LIST_MAX);
    for (size_t i = 0; i < set->len; i++) {
        const struct wait_object *o = &set->at[i];
        if (!wait_blames(set, o, timed_out))
            continue;
        buf_fmt(&list, "%s%s status: '%s'", list.len ? ", " : "", o->subject, kstatus_name(o->code));
        if (o->status.error)
            buf_fmt(&list, ": %s", o->status.error);
    }
    return buf_text(&list);
}

const char *wait_failure(struct arena *a, const struct wait_set *set, bool timed_out)
{
    bool unreadable = find_placeless(set);
    return str_fmt(a, "%s: [%s]",
                   timed_out && !unreadable ? "timeout waiting for" : "failed early due to stalled resources",
                   unreadable ? undetermined(a, set) : blamed(a, set, timed_out));
}
