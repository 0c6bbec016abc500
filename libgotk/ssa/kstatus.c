/*
 * kstatus.c: the rules by kind; the contract is in kstatus.h.
 *
 * A kind with a rule of its own is a row of `kinds` and a function. Rejected: the conditions kstatus computes besides
 * (Reconciling, Stalled): nobody asks for them, reason and message say the same.
 */
#include "libgotk/ssa/kstatus.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/subject.h"

#define NO_DEADLINE        INT32_MAX /* spec.progressDeadlineSeconds of a Deployment that has none */
#define SCHEDULE_WINDOW_NS (15 * GOTIME_SECOND)
#define LIST_MAX           ((size_t)32 << 10)

static const char *const names[] = {
    [KSTATUS_CURRENT] = "Current",    [KSTATUS_IN_PROGRESS] = "InProgress",
    [KSTATUS_FAILED] = "Failed",      [KSTATUS_TERMINATING] = "Terminating",
    [KSTATUS_NOT_FOUND] = "NotFound", [KSTATUS_UNKNOWN] = "Unknown",
};

const char *kstatus_name(enum kstatus_code code)
{
    return names[code];
}

static struct kstatus say(enum kstatus_code code, const char *reason, const char *message)
{
    return (struct kstatus){ .code = code, .reason = str_or(reason, ""), .message = str_or(message, "") };
}

static struct kstatus is_current(const char *message)
{
    return say(KSTATUS_CURRENT, "", message);
}

static struct kstatus in_progress(const char *reason, const char *message)
{
    return say(KSTATUS_IN_PROGRESS, reason, message);
}

static struct kstatus has_failed(const char *reason, const char *message)
{
    return say(KSTATUS_FAILED, reason, message);
}

struct kstatus kstatus_unread(const char *error)
{
    return (struct kstatus){ .code = KSTATUS_UNKNOWN, .reason = "", .message = "", .error = error };
}

static int64_t int_or(const struct doc *d, int64_t fallback)
{
    int64_t value = fallback;
    doc_get_int(d, &value);
    return value;
}

#define int_at(d, fallback, ...) int_or(doc_path((d), __VA_ARGS__), (fallback))

/* --- conditions --- */

static const struct doc *conditions_of(const struct doc *object)
{
    return doc_path(object, "status", "conditions");
}

static bool is_type(const struct doc *condition, const char *type)
{
    return str_eq(doc_text_at(condition, "type"), type);
}

static bool has_status(const struct doc *condition, const char *status)
{
    return str_eq(doc_text_at(condition, "status"), status);
}

static const char *reason_of(const struct doc *condition)
{
    return str_or(doc_text_at(condition, "reason"), "");
}

static const char *message_of(const struct doc *condition)
{
    return str_or(doc_text_at(condition, "message"), "");
}

static bool has_condition(const struct doc *object, const char *type, const char *status)
{
    doc_each (condition, conditions_of(object))
        if (is_type(condition, type) && has_status(condition, status))
            return true;
    return false;
}

/* The Go name of a value's kind, as its converter words a mismatch. */
static const char *go_kind(const struct doc *d)
{
    static const char *const kinds[] = {
        [DOC_NULL] = "interface", [DOC_BOOL] = "bool",   [DOC_NUMBER] = "int64",
        [DOC_STRING] = "string",  [DOC_ARRAY] = "slice", [DOC_OBJECT] = "map",
    };
    return kinds[doc_kind(d)];
}

static bool is_or_null(const struct doc *d, enum doc_kind kind)
{
    return doc_kind(d) == kind || doc_kind(d) == DOC_NULL;
}

static const char *misfit_in(struct arena *a, const struct doc *condition)
{
    static const char *const fields[] = { "type", "status", "reason", "message" };
    if (!is_or_null(condition, DOC_OBJECT))
        return str_fmt(a, "cannot restore struct from: %s", go_kind(condition));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!is_or_null(doc_find(condition, fields[i]), DOC_STRING))
            return str_fmt(a, "cannot convert %s to string", go_kind(doc_find(condition, fields[i])));
    return NULL;
}

/* Why the conditions cannot be read; NULL when they can. */
static const char *find_misfit(struct arena *a, const struct doc *object)
{
    const struct doc *status = doc_find(object, "status"), *conditions = conditions_of(object);
    if (!is_or_null(status, DOC_OBJECT))
        return str_fmt(a, "cannot restore struct from: %s", go_kind(status));
    if (!is_or_null(conditions, DOC_ARRAY))
        return str_fmt(a, "cannot restore slice from %s", go_kind(conditions));
    doc_each (condition, conditions) {
        const char *misfit = misfit_in(a, condition);
        if (misfit)
            return misfit;
    }
    return NULL;
}

/* --- numbers that must have been reached --- */

struct goal {
    int64_t have;
    int64_t want;
    const char *reason;
    const char *what; /* "Ready": the message is "Ready: have/want"; NULL: how many are too many */
};

/* True, with what to say, for the first goal that is not reached. */
static bool falls_short(struct arena *a, const struct goal *goals, size_t n, struct kstatus *ret)
{
    for (size_t i = 0; i < n; i++) {
        const struct goal *g = &goals[i];
        if (g->have >= g->want)
            continue;
        const char *message =
            g->what ? str_fmt(a, "%s: %lld/%lld", g->what, (long long)g->have, (long long)g->want)
                    : str_fmt(a, "Pending termination: %lld", (long long)(g->want - g->have));
        *ret = in_progress(g->reason, message);
        return true;
    }
    return false;
}

static struct kstatus all_reached(struct arena *a, const char *text, int64_t count)
{
    return is_current(str_fmt(a, "%s: %lld", text, (long long)count));
}

/* --- rules by kind --- */

static struct kstatus always_ready(struct arena *a UNUSED, const struct doc *o UNUSED)
{
    return is_current("Resource is always ready");
}

static struct kstatus judge_budget(struct arena *a UNUSED, const struct doc *o UNUSED)
{
    return is_current("AllowedDisruptions has been computed.");
}

static struct kstatus judge_service(struct arena *a UNUSED, const struct doc *o)
{
    if (str_eq(doc_text_at(o, "spec", "type"), "LoadBalancer") &&
        str_empty(doc_text_at(o, "spec", "clusterIP")))
        return in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer");
    return is_current("Service is ready");
}

static struct kstatus judge_claim(struct arena *a, const struct doc *o)
{
    const char *phase = doc_text_at(o, "status", "phase");
    if (str_eq(phase, "Bound"))
        return is_current("PVC is Bound");
    return in_progress("NotBound", str_fmt(a, "PVC is not Bound. phase: %s", phase ? phase : "unknown"));
}

static struct kstatus judge_definition(struct arena *a UNUSED, const struct doc *o)
{
    doc_each (c, conditions_of(o)) {
        bool installing = str_eq(doc_text_at(c, "reason"), "Installing");
        if (is_type(c, "NamesAccepted") && has_status(c, "False"))
            return has_failed(reason_of(c), message_of(c));
        if (is_type(c, "Established") && has_status(c, "False") && !installing)
            return has_failed(reason_of(c), message_of(c));
        if (is_type(c, "Established") && has_status(c, "True"))
            return is_current("CRD is established");
    }
    return in_progress("Installing", "Install in progress");
}

/* The state of a StatefulSet's rollout once all its replicas are ready; `partition` -1: there is none. */
static struct kstatus judge_rollout(struct arena *a, const struct doc *o, int64_t spec, int64_t partition)
{
    struct kstatus found;
    int64_t updated = int_at(o, 0, "status", "updatedReplicas");
    const struct goal partly = { updated, spec - partition, "PartitionRollout", "updated" };
    const struct goal wholly = { int_at(o, 0, "status", "currentReplicas"), spec, "LessCurrent", "current" };
    if (falls_short(a, partition == -1 ? &wholly : &partly, 1, &found))
        return found;
    if (partition != -1)
        return all_reached(a, "Partition rollout complete. updated", updated);
    if (!str_eq(str_or(doc_text_at(o, "status", "currentRevision"), ""),
                str_or(doc_text_at(o, "status", "updateRevision"), "")))
        return in_progress("RevisionMismatch", "Waiting for updated revision to match current");
    return all_reached(a, "All replicas scheduled as expected. Replicas", int_at(o, 0, "status", "replicas"));
}

static struct kstatus judge_stateful_set(struct arena *a, const struct doc *o)
{
    struct kstatus found;
    int64_t spec = int_at(o, 1, "spec", "replicas"), replicas = int_at(o, 0, "status", "replicas");
    const struct goal goals[] = {
        { replicas, spec, "LessReplicas", "Replicas" },
        { int_at(o, 0, "status", "readyReplicas"), spec, "LessReady", "Ready" },
        { spec, replicas, "ExtraPods", NULL },
    };
    if (str_eq(doc_text_at(o, "spec", "updateStrategy", "type"), "OnDelete"))
        return is_current("StatefulSet is using the ondelete update strategy");
    if (falls_short(a, goals, ARRAY_LEN(goals), &found))
        return found;
    return judge_rollout(a, o, spec, int_at(o, -1, "spec", "updateStrategy", "rollingUpdate", "partition"));
}

static struct kstatus judge_deployment_conditions(struct arena *a, const struct doc *o)
{
    bool progressing = int_at(o, NO_DEADLINE, "spec", "progressDeadlineSeconds") == NO_DEADLINE;
    doc_each (c, conditions_of(o))
        if (is_type(c, "Progressing") && has_status(c, "True") &&
            str_eq(doc_text_at(c, "reason"), "NewReplicaSetAvailable"))
            progressing = true;
    if (!progressing)
        return in_progress("ReplicaSetNotAvailable", "ReplicaSet not Available");
    if (!has_condition(o, "Available", "True"))
        return in_progress("DeploymentNotAvailable", "Deployment not Available");
    return all_reached(a, "Deployment is available. Replicas", int_at(o, 0, "status", "replicas"));
}

static struct kstatus judge_deployment(struct arena *a, const struct doc *o)
{
    struct kstatus found;
    int64_t spec = int_at(o, 1, "spec", "replicas"), replicas = int_at(o, 0, "status", "replicas");
    int64_t updated = int_at(o, 0, "status", "updatedReplicas");
    const struct goal goals[] = {
        { replicas, spec, "LessReplicas", "Replicas" },
        { updated, spec, "LessUpdated", "Updated" },
        { spec, replicas, "ExtraPods", NULL },
        { int_at(o, 0, "status", "availableReplicas"), updated, "LessAvailable", "Available" },
        { int_at(o, 0, "status", "readyReplicas"), spec, "LessReady", "Ready" },
    };
    doc_each (c, conditions_of(o))
        if (is_type(c, "Progressing") && str_eq(doc_text_at(c, "reason"), "ProgressDeadlineExceeded"))
            return has_failed("ProgressDeadlineExceeded", "Progress deadline exceeded");
    if (falls_short(a, goals, ARRAY_LEN(goals), &found))
        return found;
    return judge_deployment_conditions(a, o);
}

static struct kstatus judge_replica_set(struct arena *a, const struct doc *o)
{
    struct kstatus found;
    int64_t spec = int_at(o, 1, "spec", "replicas"), replicas = int_at(o, 0, "status", "replicas");
    const struct goal goals[] = {
        { int_at(o, 0, "status", "fullyLabeledReplicas"), spec, "LessLabelled", "Labelled" },
        { int_at(o, 0, "status", "availableReplicas"), spec, "LessAvailable", "Available" },
        { int_at(o, 0, "status", "readyReplicas"), spec, "LessReady", "Ready" },
        { spec, replicas, "ExtraPods", NULL },
    };
    if (has_condition(o, "ReplicaFailure", "True"))
        return in_progress("ReplicaFailure", "Replica Failure condition. Check Pods");
    if (falls_short(a, goals, ARRAY_LEN(goals), &found))
        return found;
    return all_reached(a, "ReplicaSet is available. Replicas", replicas);
}

static struct kstatus judge_daemon_set(struct arena *a, const struct doc *o)
{
    struct kstatus found;
    int64_t desired = int_at(o, -1, "status", "desiredNumberScheduled");
    const struct goal goals[] = {
        { int_at(o, 0, "status", "currentNumberScheduled"), desired, "LessCurrent", "Current" },
        { int_at(o, 0, "status", "updatedNumberScheduled"), desired, "LessUpdated", "Updated" },
        { int_at(o, 0, "status", "numberAvailable"), desired, "LessAvailable", "Available" },
        { int_at(o, 0, "status", "numberReady"), desired, "LessReady", "Ready" },
    };
    if (!doc_path(o, "metadata", "generation"))
        return in_progress("NoGeneration", "DaemonSet metadata.generation not found");
    if (!doc_path(o, "status", "observedGeneration"))
        return in_progress("NoObservedGeneration", "DaemonSet status.observedGeneration not found");
    if (desired == -1)
        return in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled");
    if (falls_short(a, goals, ARRAY_LEN(goals), &found))
        return found;
    return all_reached(a, "All replicas scheduled as expected. Replicas", desired);
}

/* The containers in CrashLoopBackOff, joined by ","; "" when there is none. */
static const char *find_crashing(struct arena *a, const struct doc *pod)
{
    struct buf list = buf_new(a, LIST_MAX);
    doc_each (container, doc_path(pod, "status", "containerStatuses")) {
        const char *name = doc_text_at(container, "name");
        if (name && str_eq(doc_text_at(container, "state", "waiting", "reason"), "CrashLoopBackOff"))
            buf_fmt(&list, "%s%s", list.len ? "," : "", name);
    }
    return buf_text(&list);
}

static struct kstatus judge_running_pod(struct arena *a, const struct doc *pod)
{
    const char *crashing = find_crashing(a, pod);
    if (has_condition(pod, "Ready", "True"))
        return is_current("Pod is Ready");
    if (*crashing)
        return has_failed("ContainerCrashLooping", str_fmt(a, "Containers in CrashLoop state: %s", crashing));
    return in_progress("PodRunningNotReady", "Pod is running but is not Ready");
}

static bool is_unschedulable(const struct doc *pod)
{
    doc_each (c, conditions_of(pod))
        if (is_type(c, "PodScheduled") && has_status(c, "False"))
            return str_eq(doc_text_at(c, "reason"), "Unschedulable");
    return false;
}

/* A pod without a node gets a moment before that counts as a failure. */
static struct kstatus judge_pending_pod(const struct doc *pod)
{
    int64_t created_ns = 0;
    gotime_parse_rfc3339(str_or(doc_text_at(pod, "metadata", "creationTimestamp"), ""), &created_ns);
    if (!is_unschedulable(pod))
        return in_progress("PodPending", "Pod is in the Pending phase");
    if (created_ns > gotime_now_ns() - SCHEDULE_WINDOW_NS) {
        struct kstatus waits = in_progress("PodNotScheduled", "Pod has not been scheduled");
        waits.again_ns = created_ns + SCHEDULE_WINDOW_NS;
        return waits;
    }
    return has_failed("PodUnschedulable", "Pod could not be scheduled");
}

static struct kstatus judge_pod(struct arena *a, const struct doc *pod)
{
    const char *phase = str_or(doc_text_at(pod, "status", "phase"), "");
    if (str_eq(phase, "Succeeded"))
        return is_current("Pod has completed successfully");
    if (str_eq(phase, "Failed"))
        return is_current("Pod has completed, but not successfully");
    if (str_eq(phase, "Running"))
        return judge_running_pod(a, pod);
    if (str_eq(phase, "Pending"))
        return judge_pending_pod(pod);
    if (!*phase)
        return in_progress("PodNotObserved", "Pod phase not available");
    return kstatus_unread(str_fmt(a, "unknown phase %s", phase));
}

/* Flux's rule: only a Job that has completed is current (kstatus itself is content with one that runs). */
static struct kstatus judge_job(struct arena *a, const struct doc *o)
{
    long long parallelism = int_at(o, 1, "spec", "parallelism");
    long long completions = int_at(o, parallelism, "spec", "completions");
    long long succeeded = int_at(o, 0, "status", "succeeded"), failed = int_at(o, 0, "status", "failed");
    if (doc_is_true(doc_path(o, "spec", "suspend"), false))
        return is_current("Job is suspended");
    doc_each (c, conditions_of(o)) {
        if (is_type(c, "Complete") && has_status(c, "True"))
            return is_current(str_fmt(a, "Job Completed. succeeded: %lld/%lld", succeeded, completions));
        if (is_type(c, "Failed") && has_status(c, "True"))
            return has_failed("JobFailed", str_fmt(a, "Job Failed. failed: %lld/%lld", failed, completions));
    }
    if (str_empty(doc_text_at(o, "status", "startTime")))
        return in_progress("JobNotStarted", str_fmt(a, "Job not started. active: 0/%lld", parallelism));
    return in_progress("JobInProgress",
                       str_fmt(a, "Job in progress. success:%lld, active: %lld, failed: %lld", succeeded,
                               (long long)int_at(o, 0, "status", "active"), failed));
}

static const struct kind_rule {
    const char *group;
    const char *kind;
    struct kstatus (*judge)(struct arena *a, const struct doc *object);
    bool alone; /* the rules for all kinds are not asked first */
} kinds[] = {
    { "", "Service", judge_service, false },
    { "", "Pod", judge_pod, false },
    { "", "Secret", always_ready, false },
    { "", "ConfigMap", always_ready, false },
    { "", "PersistentVolumeClaim", judge_claim, false },
    { "apps", "StatefulSet", judge_stateful_set, false },
    { "apps", "DaemonSet", judge_daemon_set, false },
    { "extensions", "DaemonSet", judge_daemon_set, false },
    { "apps", "Deployment", judge_deployment, false },
    { "extensions", "Deployment", judge_deployment, false },
    { "apps", "ReplicaSet", judge_replica_set, false },
    { "extensions", "ReplicaSet", judge_replica_set, false },
    { "policy", "PodDisruptionBudget", judge_budget, false },
    { "batch", "CronJob", always_ready, false },
    { "batch", "Job", judge_job, true },
    { "apiextensions.k8s.io", "CustomResourceDefinition", judge_definition, false },
};

static const struct kind_rule *find_rule(struct arena *a, const struct doc *object)
{
    const char *group = subject_group(a, str_or(doc_text_at(object, "apiVersion"), ""));
    const char *kind = doc_text_at(object, "kind");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(kinds[i].kind, kind) && str_eq(kinds[i].group, group))
            return &kinds[i];
    return NULL;
}

/* --- all kinds --- */

/* True, with what to say, when the status is of an older spec (or of a newer one). */
static bool is_outdated(struct arena *a, const struct doc *object, struct kstatus *ret)
{
    const struct doc *observed = doc_path(object, "status", "observedGeneration");
    int64_t generation = 0, seen = 0;
    if (!doc_get_int(doc_path(object, "metadata", "generation"), &generation) || !observed)
        return false;
    if (!doc_get_int(observed, &seen)) {
        *ret = kstatus_unread(
            str_fmt(a,
                    "looking up status.observedGeneration from resource: .status.observedGeneration "
                    "accessor error: it is of the type %s, expected int64",
                    go_kind(observed)));
        return true;
    }
    *ret =
        in_progress("LatestGenerationNotObserved",
                    str_fmt(a, "%s generation is %lld, but latest observed generation is %lld",
                            str_or(doc_text_at(object, "kind"), ""), (long long)generation, (long long)seen));
    return generation != seen;
}

/* True, with what to say, when the first of the two conditions every controller may set decides. */
static bool says_itself(const struct doc *object, struct kstatus *ret)
{
    doc_each (c, conditions_of(object)) {
        bool reconciling = is_type(c, "Reconciling");
        if ((!reconciling && !is_type(c, "Stalled")) || !has_status(c, "True"))
            continue;
        *ret = say(reconciling ? KSTATUS_IN_PROGRESS : KSTATUS_FAILED, reason_of(c), message_of(c));
        return true;
    }
    return false;
}

static struct kstatus judge_ready_condition(const struct doc *object)
{
    doc_each (c, conditions_of(object)) {
        if (!is_type(c, "Ready"))
            continue;
        if (has_status(c, "True"))
            return is_current("Resource is Ready");
        if (has_status(c, "False") || has_status(c, "Unknown"))
            return in_progress(reason_of(c), message_of(c));
    }
    return is_current("Resource is current");
}

struct kstatus kstatus_of(struct arena *a, const struct doc *live)
{
    struct kstatus found;
    const struct kind_rule *rule = find_rule(a, live);
    bool alone = rule && rule->alone;
    if (!live)
        return say(KSTATUS_NOT_FOUND, "", "Resource not found");
    if (!alone && !str_empty(doc_text_at(live, "metadata", "deletionTimestamp")))
        return say(KSTATUS_TERMINATING, "", "Resource scheduled for deletion");
    if (!alone && is_outdated(a, live, &found))
        return found;
    const char *misfit = find_misfit(a, live);
    if (misfit)
        return kstatus_unread(misfit);
    if (!alone && says_itself(live, &found))
        return found;
    return rule ? rule->judge(a, live) : judge_ready_condition(live);
}

/* --- pods of their owners --- */

bool kstatus_asks_pods(const struct doc *live)
{
    const char *kind = doc_text_at(live, "kind"), *api_version = doc_text_at(live, "apiVersion");
    return str_starts(api_version, "apps/") && (str_eq(kind, "StatefulSet") || str_eq(kind, "ReplicaSet"));
}

struct kstatus kstatus_with_pods(struct arena *a, struct kstatus own, const struct doc *pods)
{
    int failed = 0;
    doc_each (pod, own.code == KSTATUS_IN_PROGRESS ? pods : NULL)
        failed += kstatus_of(a, pod).code == KSTATUS_FAILED && !is_unschedulable(pod);
    return failed ? has_failed("", str_fmt(a, "%d pods have failed", failed)) : own;
}
