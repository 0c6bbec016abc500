/*
 * manifest.c: splitting and sorting rendered files; the contract is in manifest.h. Heads are read in manifest_head.c.
 *
 * Follows SplitManifests, SortManifests and the kind order of Helm 4.2.4.
 */
#include "libgotk/helm/manifest.h"

#include "libgotk/base/map.h"
#include "libgotk/base/rune.h"
#include "libgotk/helm/manifest_parts.h"

#include <limits.h>
#include <stdlib.h>

#define HOOK            "helm.sh/hook"
#define HOOK_WEIGHT     "helm.sh/hook-weight"
#define HOOK_DELETE     "helm.sh/hook-delete-policy"
#define HOOK_OUTPUT_LOG "helm.sh/hook-output-log-policy"

/* -- splitting ---------------------------------------------------------------------------------------------------- */

struct strv manifest_trim_left(struct strv text)
{
    size_t width;
    while (text.n && rune_is_space(rune_decode(text.p, text.n, &width))) {
        text.p += width;
        text.n -= width;
    }
    return text;
}

struct strv manifest_trim(struct strv text)
{
    size_t width;
    text = manifest_trim_left(text);
    while (text.n && rune_is_space(rune_decode_last(text.p, text.n, &width)))
        text.n -= width;
    return text;
}

/* The next line that starts with "---"; the end when there is none. */
static const char *find_separator(const char *p, const char *end)
{
    if (end - p >= 3 && memcmp(p, "---", 3) == 0)
        return p;
    while ((p = memchr(p, '\n', (size_t)(end - p)))) {
        p++;
        if (end - p >= 3 && memcmp(p, "---", 3) == 0)
            return p;
    }
    return end;
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static const char *next_line(const char *p, const char *end)
{
    const char *line = memchr(p, '\n', (size_t)(end - p));
    return line ? line + 1 : end;
}

void manifest_split(struct arena *a, struct strv text, struct manifest_docs *ret)
{
    text = manifest_trim_left(text);
    const char *end = text.p + text.n, *from = text.p, *stop = NULL;
    *ret = (struct manifest_docs){ 0 };
    for (const char *p = from; stop != end; p = next_line(from, end)) {
        stop = find_separator(p, end);
        struct strv doc = manifest_trim_left((struct strv){ from, (size_t)(stop - from) });
        if (doc.n)
            vec_push(a, ret, doc);
        from = stop == end ? end : skip_blanks(stop + 3, end);
    }
}

/* -- hooks -------------------------------------------------------------------------------------------------------- */

static const char *const event_names[][2] = {
    { "pre-install", "pre-install" },
    { "post-install", "post-install" },
    { "pre-delete", "pre-delete" },
    { "post-delete", "post-delete" },
    { "pre-upgrade", "pre-upgrade" },
    { "post-upgrade", "post-upgrade" },
    { "pre-rollback", "pre-rollback" },
    { "post-rollback", "post-rollback" },
    { "test", "test" },
    { "test-success", "test" }, /* Helm 2 */
};

static const char *event_of(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(event_names); i++)
        if (str_eq(event_names[i][0], word))
            return event_names[i][1];
    return NULL;
}

/* The words between commas, trimmed and in lower case; none when there is no such annotation. */
static struct str_list words_of(struct arena *a, const char *list)
{
    struct str_list words = { 0 };
    size_t count = 0;
    char **parts = list ? str_split(a, list, ',', &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct strv word = manifest_trim((struct strv){ parts[i], strlen(parts[i]) });
        vec_push(a, &words, str_lower(a, str_ndup(a, word.p, word.n)));
    }
    return words;
}

/* False when one of the events is unknown. */
static bool take_events(struct arena *a, const char *list, struct str_list *ret)
{
    struct str_list words = words_of(a, list);
    *ret = (struct str_list){ 0 };
    for (size_t i = 0; i < words.len; i++) {
        const char *event = event_of(words.at[i]);
        if (!event)
            return false;
        vec_push(a, ret, event);
    }
    return true;
}

/* strconv.Atoi, 0 for what is no number. */
static int64_t weight_of(const char *text)
{
    int64_t weight = 0;
    if (!text)
        return 0;
    return str_to_int64(*text == '+' ? text + 1 : text, &weight) ? weight : 0;
}

static void add_hook(struct ctx *cx, const struct manifest_file *file, struct strv text,
                     const struct manifest_head *head, struct notes *notes, struct manifests *ret)
{
    struct arena *a = cx->arena;
    const char *events = manifest_head_note(head, HOOK);
    struct manifest_hook hook = {
        .path = file->name,
        .text = text,
        .name = head->name,
        .kind = head->kind,
        .weight = weight_of(manifest_head_note(head, HOOK_WEIGHT)),
    };
    if (!take_events(a, events, &hook.events)) {
        notes_add(cx, notes, NOTES_INFO, "skipping unknown hooks", "hookTypes", events, NULL);
        return;
    }
    hook.delete_policies = words_of(a, manifest_head_note(head, HOOK_DELETE));
    hook.output_log_policies = words_of(a, manifest_head_note(head, HOOK_OUTPUT_LOG));
    vec_push(a, &ret->hooks, hook);
}

bool manifest_hook_has(const struct manifest_hook *hook, const char *event)
{
    for (size_t i = 0; i < hook->events.len; i++)
        if (str_eq(hook->events.at[i], event))
            return true;
    return false;
}

/* -- order -------------------------------------------------------------------------------------------------------- */

static const char *const install_order[] = {
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
};

static int rank_of(const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(install_order); i++)
        if (strcmp(install_order[i], kind) == 0)
            return (int)i;
    return INT_MAX;
}

static int compare_ranks(int ra, const char *a, int rb, const char *b)
{
    if (ra != rb)
        return ra < rb ? -1 : 1;
    return ra == INT_MAX ? strcmp(a, b) : 0;
}

int manifest_compare_kinds(const char *a, const char *b)
{
    return compare_ranks(rank_of(a), a, rank_of(b), b);
}

/* qsort keeps no order of equals: the index does. */
struct ranked {
    int rank;
    const char *kind;
    size_t index;
};

static struct ranked ranked(const char *kind, size_t index)
{
    return (struct ranked){ rank_of(kind), kind, index };
}

static int by_kind(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    int order = compare_ranks(x->rank, x->kind, y->rank, y->kind);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* A copy of `len` manifests or hooks of `size` bytes, whose kind is at `offset`, in the order of their kinds. */
static void *sort_by_kind(struct arena *a, const void *at, size_t len, size_t size, size_t offset)
{
    struct ranked *ranks = ARENA_ARRAY(a, struct ranked, len + 1);
    char *sorted = arena_alloc(a, (len + 1) * size);
    const char *from = at;
    for (size_t i = 0; i < len; i++)
        ranks[i] = ranked(*(const char *const *)(const void *)(from + i * size + offset), i);
    qsort(ranks, len, sizeof(*ranks), by_kind);
    for (size_t i = 0; i < len; i++)
        memcpy(sorted + i * size, from + ranks[i].index * size, size);
    return sorted;
}

/* -- the whole ---------------------------------------------------------------------------------------------------- */

/* The documents are parsed in `scratch`, one after the other. */
static int take_file(struct ctx *cx, struct arena *scratch, const struct manifest_file *file,
                     struct notes *notes, struct manifests *ret)
{
    struct manifest_docs docs;
    manifest_split(cx->arena, file->text, &docs);
    for (size_t i = 0; i < docs.len; i++) {
        struct manifest_head head;
        if (manifest_head_read(cx, scratch, docs.at[i], &head) < 0)
            return err_wrap(cx, "YAML parse error on %s", file->name);
        struct manifest m = { file->name, docs.at[i], head.api_version, head.kind };
        if (manifest_head_note(&head, HOOK))
            add_hook(cx, file, docs.at[i], &head, notes, ret);
        else
            vec_push(cx->arena, &ret->plain, m);
    }
    return ctx_check(cx);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct manifest_file *)a)->name, ((const struct manifest_file *)b)->name);
}

static bool is_partial(const char *name)
{
    const char *slash = strrchr(name, '/');
    return (slash ? slash[1] : name[0]) == '_';
}

int manifest_sort(struct ctx *cx, const struct manifest_files *files, struct notes *notes,
                  struct manifests *ret)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(arena_max(cx->arena));
    struct manifest_file *sorted = ARENA_ARRAY(cx->arena, struct manifest_file, files->len + 1);
    *ret = (struct manifests){ 0 };
    if (files->len)
        memcpy(sorted, files->at, files->len * sizeof(*sorted));
    qsort(sorted, files->len, sizeof(*sorted), by_name);
    for (size_t i = 0; i < files->len; i++)
        if (!is_partial(sorted[i].name) && take_file(cx, scratch, &sorted[i], notes, ret) < 0)
            return err_code(cx);
    ret->plain.at = sort_by_kind(cx->arena, ret->plain.at, ret->plain.len, sizeof(*ret->plain.at),
                                 offsetof(struct manifest, kind));
    ret->hooks.at = sort_by_kind(cx->arena, ret->hooks.at, ret->hooks.len, sizeof(*ret->hooks.at),
                                 offsetof(struct manifest_hook, kind));
    return 0;
}
