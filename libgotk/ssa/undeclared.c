/*
 * undeclared.c: asking for undeclared fields, and removing them; the contract is in undeclared.h.
 *
 * A create with dryRun=All and fieldValidation=Strict is decoded before anything else happens, into the very structs that
 * upstream's typed round trip uses, and its answer names all unknown fields at once. Rejected: the refusal of the apply
 * itself, which names only the first field of each map, and the OpenAPI documents, which are megabytes to read for what
 * one request answers.
 */
#include "libgotk/ssa/undeclared.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/subject.h"

#include <stdlib.h>
#include <string.h>

#define FIELD      "unknown field \""
#define FIELDS_MAX ((size_t)64 << 10)

/* The groups upstream has typed structs for: those of client-go. */
static const char *const typed_groups[] = {
    "",
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
};

static bool is_typed(const struct kube_ref *ref)
{
    const char *slash = strchr(ref->api_version, '/');
    size_t len = slash ? (size_t)(slash - ref->api_version) : 0;
    if (str_eq(ref->api_version, "rbac.authorization.k8s.io/v1") &&
        (str_eq(ref->kind, "Role") || str_eq(ref->kind, "ClusterRole")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(typed_groups); i++)
        if (strlen(typed_groups[i]) == len && memcmp(typed_groups[i], ref->api_version, len) == 0)
            return true;
    return false;
}

bool undeclared_refused(const struct kube_call *call)
{
    return call->code < 0 && is_typed(&call->ref) &&
           strstr(str_or(call->err.message, ""), "field not declared in schema");
}

static bool remove_in(struct doc *node, const char *path);

static bool remove_in_array(struct doc *array, const char *path)
{
    char *end;
    unsigned long index = strtoul(path + 1, &end, 10);
    if (doc_kind(array) != DOC_ARRAY || *end != ']' || !end[1])
        return false;
    return remove_in(doc_at(array, index), end + 1 + (end[1] == '.'));
}

static bool remove_in_object(struct doc *object, const char *path)
{
    doc_each (member, object) {
        const char *key = doc_key(member);
        size_t len = strlen(key);
        if (strncmp(path, key, len) != 0)
            continue;
        if (!path[len])
            return doc_remove(object, key);
        if ((path[len] == '.' && remove_in(member, path + len + 1)) ||
            (path[len] == '[' && remove_in(member, path + len)))
            return true;
    }
    return false;
}

static bool remove_in(struct doc *node, const char *path)
{
    if (*path == '[')
        return remove_in_array(node, path);
    return doc_kind(node) == DOC_OBJECT && remove_in_object(node, path);
}

bool undeclared_remove(struct doc *object, const char *path)
{
    return remove_in(object, path);
}

/* The text up to the closing quote, its escaped quotes and backslashes made plain; *text moves behind it. */
static const char *take_quoted(struct arena *a, const char **text)
{
    char *plain = str_dup(a, *text), *to = plain;
    const char *from = *text;
    for (; *from && *from != '"'; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    *to = '\0';
    *text = from;
    return plain;
}

static const char *remove_named(struct ctx *cx, struct doc *object, const char *message)
{
    struct buf removed = buf_new(cx->arena, FIELDS_MAX);
    for (const char *at = message; (at = strstr(at, FIELD));) {
        at += strlen(FIELD);
        const char *path = take_quoted(cx->arena, &at);
        if (undeclared_remove(object, path))
            buf_fmt(&removed, "%s%s", removed.len ? ", " : "", path);
    }
    return removed.len ? buf_text(&removed) : NULL;
}

const char *undeclared_strip(struct ctx *cx, struct kube *kube, struct doc *object)
{
    struct kube_call call = {
        .verb = KUBE_CREATE,
        .ref = kube_ref_of(object),
        .body = object,
        .options = { .dry_run = true, .field_validation = "Strict" },
    };
    int rc = kube_do(cx, kube, &call);
    err_clear(cx);
    const char *message = rc < 0 ? str_or(call.err.message, "") : "";
    const char *strict = strstr(message, "strict decoding error: ");
    return strict ? remove_named(cx, object, strict) : NULL;
}
