/*
 * transform_namespace.c: the namespace field. metadata.namespace is not left to field specs, because kinds that are
 * certainly cluster-scoped must not get one; the subjects of role bindings follow one of three modes; the rest is field
 * specs. Former identities are remembered even when nothing changes, as upstream does.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kustomize/transform.h"

#include <string.h>

enum subjects { SUBJECTS_DEFAULT_ONLY, SUBJECTS_ALL_ACCOUNTS, SUBJECTS_NONE };

static const struct {
    const char *word;
    enum subjects mode;
} modes[] = {
    { "", SUBJECTS_DEFAULT_ONLY },
    { "defaultOnly", SUBJECTS_DEFAULT_ONLY },
    { "allServiceAccounts", SUBJECTS_ALL_ACCOUNTS },
    { "none", SUBJECTS_NONE },
};

struct ns_args {
    const char *ns;
    bool unset_only;
    enum subjects subjects;
    struct fieldspecs specs;
};

static int set_namespace(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct ns_args *args = user;
    bool composite = doc_kind(node) == DOC_OBJECT || doc_kind(node) == DOC_ARRAY;
    if (composite && transform_wrong_kind(cx, "ScalarNode", node) < 0)
        return err_wrap(cx, "namespace field specs must target scalar nodes");
    if (args->unset_only && resource_scalar(node)[0])
        return 0;
    return transform_set_text(cx, parent, node, args->ns);
}

static int set_metadata(struct ctx *cx, const struct ns_args *args, struct resource *r)
{
    struct doc *meta = doc_ensure(cx->arena, r->doc, "metadata");
    struct doc *old = doc_find(meta, "namespace");
    if (args->unset_only && !str_empty(resource_scalar(old)))
        return 0;
    if (old)
        return transform_set_text(cx, meta, old, args->ns);
    doc_set_text(cx->arena, meta, "namespace", args->ns);
    return 0;
}

static bool is_binding(const char *kind)
{
    return !strcmp(kind, "RoleBinding") || !strcmp(kind, "ClusterRoleBinding");
}

static bool subject_selected(const struct doc *subject, enum subjects mode)
{
    if (mode == SUBJECTS_ALL_ACCOUNTS)
        return str_eq(doc_text_at(subject, "kind"), "ServiceAccount");
    return str_eq(doc_text_at(subject, "name"), "default");
}

static int set_subjects(struct ctx *cx, const struct ns_args *args, struct resource *r)
{
    const struct doc *subjects = doc_find(r->doc, "subjects");
    if (doc_kind(subjects) == DOC_NULL || args->subjects == SUBJECTS_NONE)
        return 0;
    if (doc_kind(subjects) != DOC_ARRAY && transform_wrong_kind(cx, "SequenceNode", subjects) < 0)
        return err_wrap(cx, "setting namespace on (cluster)role binding subjects");
    doc_each (subject, subjects) {
        const char *old = resource_scalar(doc_find(subject, "namespace"));
        if (subject_selected(subject, args->subjects) && (!args->unset_only || str_empty(old)))
            doc_set_text(cx->arena, subject, "namespace", args->ns);
    }
    return 0;
}

/* Fields that are handled above whatever a configuration says. */
static bool spec_ignored(const struct fieldspec *fs, const struct resource *r)
{
    if (!strcmp(fs->path, "metadata/namespace"))
        return true;
    if (!strcmp(fs->path, "metadata/name"))
        return r->id.gvk.group[0] || strcmp(r->id.gvk.version, "v1") != 0;
    return is_binding(fs->gvk.kind) && is_binding(r->id.gvk.kind) && !strcmp(fs->path, "subjects/namespace");
}

static int set_fields(struct ctx *cx, struct ns_args *args, struct resource *r)
{
    for (size_t i = 0; i < args->specs.len; i++) {
        const struct fieldspec *fs = &args->specs.at[i];
        if (!spec_ignored(fs, r) &&
            fieldspec_apply(cx, fs, r->doc, FIELDSPEC_SCALAR, set_namespace, args) < 0)
            return err_wrap(cx, "namespace transformation failed");
    }
    return 0;
}

static int transform_one(struct ctx *cx, struct ns_args *args, struct resource *r)
{
    resource_store_past(cx->arena, r);
    if (!r->id.cluster && set_metadata(cx, args, r) < 0)
        return err_code(cx);
    if (is_binding(r->id.gvk.kind) && set_subjects(cx, args, r) < 0)
        return err_code(cx);
    if (set_fields(cx, args, r) < 0)
        return err_code(cx);
    resource_refresh(cx->arena, r);
    return 0;
}

static int conflict(struct ctx *cx, const struct resources *same)
{
    VEC(const char *) ids = { 0 };
    VEC(const char *) files = { 0 };
    for (size_t i = 0; i < same->len; i++)
        vec_push(cx->arena, &files, str_or(same->at[i]->file, "a generator"));
    for (size_t i = 0; i < same->len; i++)
        vec_push(cx->arena, &ids,
                 str_fmt(cx->arena, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"}}",
                         gvk_api_version(cx->arena, same->at[i]->id.gvk), same->at[i]->id.gvk.kind,
                         same->at[i]->id.name));
    return err_fail(cx, ERR_INVALID, "namespace transformation produces ID conflict: [%s] (from %s)",
                    str_join(cx->arena, ids.at, ids.len, " "),
                    str_join(cx->arena, files.at, files.len, " and "));
}

static int run_namespace(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    struct ns_args args = *(const struct ns_args *)step->args;
    for (size_t i = 0; i < m->list.len; i++)
        if (!m->list.at[i]->helm_generated && transform_one(cx, &args, m->list.at[i]) < 0)
            return err_code(cx);
    resmap_touch(m);
    for (size_t i = 0; i < m->list.len; i++) {
        struct resources same = resmap_find_current(m, &m->list.at[i]->id);
        if (same.len > 1)
            return conflict(cx, &same);
    }
    return 0;
}

int transform_namespace_file(struct ctx *cx, struct transform_plan *plan)
{
    const char *ns = str_or(doc_text_at(plan->target->file, "namespace"), "");
    struct ns_args *args = ARENA_NEW(cx->arena, struct ns_args);
    if (!ns[0])
        return 0;
    *args = (struct ns_args){ .ns = ns, .specs = *tconfig_list(cx->arena, plan->config, TCONFIG_NAMESPACE) };
    transform_at(cx, plan, "namespace", doc_find(plan->target->file, "namespace"));
    transform_add(cx, plan, run_namespace, args);
    return 0;
}

static int mode_of(struct ctx *cx, const char *word, enum subjects *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (strcmp(modes[i].word, word) != 0)
            continue;
        *ret = modes[i].mode;
        return 0;
    }
    return err_fail(
        cx, ERR_INVALID,
        "invalid value \"%s\" for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or "
        "\"allServiceAccounts\"",
        word);
}

int transform_namespace_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    struct ns_args *args = ARENA_NEW(cx->arena, struct ns_args);
    args->ns = str_or(doc_text_at(config, "metadata", "namespace"), "");
    args->unset_only = doc_is_true(doc_find(config, "unsetOnly"), false);
    args->specs = fieldspec_list(cx->arena, doc_find(config, "fieldSpecs"));
    if (mode_of(cx, str_or(doc_text_at(config, "setRoleBindingSubjects"), ""), &args->subjects) < 0)
        return err_code(cx);
    if (args->ns[0])
        transform_add(cx, plan, run_namespace, args);
    return 0;
}
