/*
 * explain.c: causes from statuses, pods and events; the contract is in explain.h.
 */
#include "libgotk/ssa/explain.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/pods.h"

#include <string.h>

#define OBJECTS_MAX 10
#define PODS_MAX    3
#define TEXT_MAX    ((size_t)16 << 10)
#define QUOTE_MAX   300 /* bytes of somebody else's message */

/* A message in one line and of a bearable length. */
static const char *quote(struct arena *a, const char *text)
{
    size_t n = 0;
    text = str_replace(a, str_trim(a, str_or(text, "")), "\n", " ");
    while (n < QUOTE_MAX && text[n]) {
        size_t step = str_utf8_len(text + n, strlen(text + n));
        n += step ? step : 1;
    }
    return text[n] ? str_fmt(a, "%.*s...", (int)n, text) : text;
}

static void add_cause(struct buf *causes, const char *cause)
{
    if (!str_empty(cause))
        buf_fmt(causes, "%s%s", causes->len ? "; " : "", cause);
}

/* "Reason (message)", either of which may be absent. */
static const char *reason_and_message(struct arena *a, const struct doc *state)
{
    const char *reason = str_or(doc_text_at(state, "reason"), "");
    const char *message = quote(a, doc_text_at(state, "message"));
    if (!*reason || !*message)
        return *reason ? reason : message;
    return str_fmt(a, "%s (%s)", reason, message);
}

/* --- containers --- */

/* How a container ended: "exit code 1", with the reason when that says more than "Error". */
static const char *how_it_ended(struct arena *a, const struct doc *terminated)
{
    int64_t code = 0;
    const char *reason = str_or(doc_text_at(terminated, "reason"), "");
    if (!terminated || !doc_get_int(doc_find(terminated, "exitCode"), &code))
        return "";
    bool tells = *reason && !str_eq(reason, "Error") && !str_eq(reason, "Completed");
    return str_fmt(a, "exit code %lld%s%s", (long long)code, tells ? ", " : "", tells ? reason : "");
}

static bool is_just_starting(const struct doc *waiting)
{
    const char *reason = doc_text_at(waiting, "reason");
    return str_eq(reason, "ContainerCreating") || str_eq(reason, "PodInitializing");
}

static const char *explain_container(struct arena *a, const struct doc *status)
{
    const struct doc *waiting = doc_path(status, "state", "waiting");
    const struct doc *ended = doc_path(status, "state", "terminated");
    const char *last = how_it_ended(a, doc_path(status, "lastState", "terminated"));
    int64_t code = 0;
    doc_get_int(doc_find(ended, "exitCode"), &code);
    if (waiting && !is_just_starting(waiting))
        return str_fmt(a, "%s%s%s", reason_and_message(a, waiting), *last ? ", last ended with " : "", last);
    if (code != 0)
        return str_fmt(a, "ended with %s", how_it_ended(a, ended));
    bool runs = doc_path(status, "state", "running") && !doc_is_true(doc_find(status, "ready"), true);
    if (runs && *last)
        return str_fmt(a, "runs but is not ready, last ended with %s", last);
    return runs ? "runs but is not ready" : "";
}

const char *explain_containers(struct arena *a, const struct doc *pod)
{
    static const char *const lists[] = { "initContainerStatuses", "containerStatuses" };
    struct buf causes = buf_new(a, TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        doc_each (status, doc_path(pod, "status", lists[i])) {
            const char *cause = explain_container(a, status);
            if (*cause)
                add_cause(&causes,
                          str_fmt(a, "container %s: %s", str_or(doc_text_at(status, "name"), "?"), cause));
        }
    }
    return buf_text(&causes);
}

/* --- conditions --- */

/* Conditions of built-in kinds that tell of trouble, with the status that does. */
static const struct {
    const char *type;
    const char *status;
} troubles[] = {
    { "ReplicaFailure", "True" }, { "Progressing", "False" },   { "Failed", "True" },
    { "PodScheduled", "False" },  { "NamesAccepted", "False" },
};

static bool is_trouble(const struct doc *condition)
{
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
        if (str_eq(doc_text_at(condition, "type"), troubles[i].type) &&
            str_eq(doc_text_at(condition, "status"), troubles[i].status))
            return true;
    return false;
}

static void add_conditions(struct arena *a, struct buf *causes, const struct doc *object)
{
    doc_each (condition, doc_path(object, "status", "conditions"))
        if (is_trouble(condition))
            add_cause(causes, reason_and_message(a, condition));
}

/* --- events --- */

static const char *time_of(const struct doc *event)
{
    static const char *const fields[] = { "lastTimestamp", "eventTime", "firstTimestamp" };
    const char *found = doc_text_at(event, "series", "lastObservedTime");
    for (size_t i = 0; i < ARRAY_LEN(fields) && !found; i++)
        found = doc_text_at(event, fields[i]);
    return str_or(found, "");
}

/* Texts of RFC 3339 in UTC compare as their times do, to the second. */
static const struct doc *newest(const struct doc *events)
{
    const struct doc *best = NULL;
    doc_each (event, events)
        if (!best || strncmp(time_of(event), time_of(best), strlen("2006-01-02T15:04:05")) >= 0)
            best = event;
    return best;
}

/* The newest Warning event about the object as "event FailedMount (...)"; "" when there is none. */
static const char *find_warning(struct ctx *cx, struct kube *k, const struct doc *object)
{
    struct doc *events;
    const struct kube_ref ref = { .api_version = "v1",
                                  .kind = "Event",
                                  .ns = str_or(doc_text_at(object, "metadata", "namespace"), "default") };
    const struct kube_list_options options = {
        .field_selector = str_fmt(cx->arena, "involvedObject.uid=%s,type=Warning",
                                  str_or(doc_text_at(object, "metadata", "uid"), "")),
    };
    if (kube_list(cx, k, &ref, &options, &events) < 0) {
        err_clear(cx);
        return "";
    }
    const struct doc *event = newest(events);
    return event ? str_fmt(cx->arena, "event %s", reason_and_message(cx->arena, event)) : "";
}

/* --- pods --- */

static bool has_pods(const struct wait_object *o)
{
    static const char *const kinds[] = { "Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Job" };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(o->kind, kinds[i]))
            return str_eq(o->group, "apps") || str_eq(o->group, "batch");
    return false;
}

/* A pod that has failed is no trouble to kstatus, but it is to those who ask why. */
static bool is_fine(struct arena *a, const struct doc *pod)
{
    return kstatus_of(a, pod).code == KSTATUS_CURRENT &&
           !str_eq(doc_text_at(pod, "status", "phase"), "Failed");
}

static void explain_pod(struct ctx *cx, struct kube *k, struct buf *causes, const struct doc *pod)
{
    struct buf own = buf_new(cx->arena, TEXT_MAX);
    add_cause(&own, explain_containers(cx->arena, pod));
    add_conditions(cx->arena, &own, pod);
    add_cause(&own, find_warning(cx, k, pod));
    if (own.len)
        add_cause(causes, str_fmt(cx->arena, "Pod %s: %s", str_or(doc_text_at(pod, "metadata", "name"), "?"),
                                  buf_text(&own)));
}

static void explain_pods(struct ctx *cx, struct kube *k, struct buf *causes, const struct doc *workload)
{
    struct doc *pods;
    int told = 0;
    if (pods_of(cx, k, workload, &pods) < 0) {
        err_clear(cx);
        return;
    }
    doc_each (pod, pods)
        if (told < PODS_MAX && !is_fine(cx->arena, pod) && ++told)
            explain_pod(cx, k, causes, pod);
}

/* --- one object --- */

/* Kinds whose controllers do nothing while spec.suspend is set. */
static bool is_suspended(const struct doc *object)
{
    const char *api_version = str_or(doc_text_at(object, "apiVersion"), "");
    return strstr(api_version, ".toolkit.fluxcd.io/") &&
           doc_is_true(doc_path(object, "spec", "suspend"), false);
}

static void add_status(struct arena *a, struct buf *causes, const struct wait_object *o)
{
    const char *message = quote(a, o->status.message), *reason = o->status.reason;
    if (o->code != KSTATUS_IN_PROGRESS && o->code != KSTATUS_FAILED)
        return;
    add_cause(causes, *reason && *message ? str_fmt(a, "%s (%s)", reason, message) : str_or(message, reason));
}

static void add_holders(struct arena *a, struct buf *causes, const struct doc *object)
{
    doc_each (finalizer, doc_path(object, "metadata", "finalizers"))
        add_cause(causes, str_fmt(a, "it is being deleted, held by the finalizer %s",
                                  str_or(doc_text(finalizer), "?")));
}

static const char *explain_object(struct ctx *cx, struct kube *k, const struct wait_object *o)
{
    struct buf causes = buf_new(cx->arena, TEXT_MAX);
    add_status(cx->arena, &causes, o);
    if (o->placeless)
        add_cause(&causes, o->status.error);
    if (!o->live)
        return buf_text(&causes);
    if (is_suspended(o->live))
        add_cause(&causes, str_fmt(cx->arena, "the %s is suspended", o->kind));
    if (o->code == KSTATUS_TERMINATING)
        add_holders(cx->arena, &causes, o->live);
    if (str_eq(o->kind, "Pod"))
        add_cause(&causes, explain_containers(cx->arena, o->live));
    add_conditions(cx->arena, &causes, o->live);
    add_cause(&causes, find_warning(cx, k, o->live));
    if (has_pods(o))
        explain_pods(cx, k, &causes, o->live);
    return buf_text(&causes);
}

const char *explain_wait(struct ctx *cx, struct kube *k, const struct wait_set *set, bool timed_out)
{
    struct buf lines = buf_new(cx->arena, TEXT_MAX);
    size_t told = 0;
    for (size_t i = 0; i < set->len && told < OBJECTS_MAX; i++) {
        const struct wait_object *o = &set->at[i];
        if (!wait_blames(set, o, timed_out))
            continue;
        const char *causes = explain_object(cx, k, o);
        told += *causes != '\0';
        if (*causes)
            buf_fmt(&lines, "%s%s: %s", lines.len ? "\n" : "", o->subject, causes);
    }
    return buf_text(&lines);
}
