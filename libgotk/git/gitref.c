/*
 * gitref.c: from a spec.ref and a list of references to a choice; see gitref.h.
 *
 * One row per field of spec.ref, tried in order. Messages of a missing reference begin as go-git's and end with what would
 * fix them: the nearest name there is, or the default branch.
 */
#include "libgotk/git/gitref.h"

#include "libgotk/base/semver.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

#define HEADS  "refs/heads/"
#define TAGS   "refs/tags/"
#define PEELED "^{}"

bool gitref_is_hash(const char *s)
{
    return strlen(s) == 40 && strspn(s, "0123456789abcdef") == 40;
}

const char *gitref_hash(const struct gitref_list *list, const char *name)
{
    for (size_t i = 0; i < list->len; i++)
        if (str_eq(list->at[i].name, name))
            return list->at[i].hash;
    return NULL;
}

/* The commit behind a reference: that of an annotated tag rather than the tag's own. */
static const char *commit_of(struct arena *a, const struct gitref_list *list, const char *name)
{
    const char *peeled = gitref_hash(list, str_fmt(a, "%s" PEELED, name));
    return peeled ? peeled : gitref_hash(list, name);
}

/* What there is under `prefix` (branches, tags) that resembles `wanted`; NULL when nothing does. */
static const char *nearest(struct arena *a, const struct gitref_list *list, const char *prefix,
                           const char *wanted)
{
    VEC(const char *) names = { 0 };
    for (size_t i = 0; i < list->len; i++)
        if (str_starts(list->at[i].name, prefix) && !str_ends(list->at[i].name, PEELED))
            vec_push(a, &names, list->at[i].name + strlen(prefix));
    return str_nearest(wanted, names.at, names.len);
}

static int missing_branch(struct ctx *cx, const struct gitref_list *list, const char *branch)
{
    const char *near = nearest(cx->arena, list, HEADS, branch);
    const char *usual = list->default_branch;
    if (near)
        return err_fail(cx, ERR_NOT_FOUND, "couldn't find remote ref \"" HEADS "%s\" (did you mean '%s'?)",
                        branch, near);
    if (usual && str_starts(usual, HEADS))
        return err_fail(cx, ERR_NOT_FOUND,
                        "couldn't find remote ref \"" HEADS
                        "%s\" (the default branch is '%s': set spec.ref.branch)",
                        branch, usual + strlen(HEADS));
    return err_fail(cx, ERR_NOT_FOUND, "couldn't find remote ref \"" HEADS "%s\"", branch);
}

static int missing_tag(struct ctx *cx, const struct gitref_list *list, const char *tag)
{
    const char *near = nearest(cx->arena, list, TAGS, tag);
    if (near)
        return err_fail(cx, ERR_NOT_FOUND, "couldn't find remote ref \"" TAGS "%s\" (did you mean '%s'?)",
                        tag, near);
    return err_fail(cx, ERR_NOT_FOUND, "couldn't find remote ref \"" TAGS "%s\"", tag);
}

/* A choice of one advertised reference; `hash` NULL: there is none of that name. */
static void choose_one(struct gitref_choice *ret, const char *reference, const char *hash)
{
    ret->reference = reference;
    ret->hash = hash;
    ret->fetch = reference;
    ret->shallow = true;
}

static int choose_branch(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                         struct gitref_choice *ret)
{
    const char *branch = str_or(ref->branch, "master");
    const char *name = str_fmt(cx->arena, HEADS "%s", branch);
    const char *hash = gitref_hash(list, name);
    if (!hash)
        return missing_branch(cx, list, branch);
    choose_one(ret, name, hash);
    return 0;
}

static int choose_tag(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                      struct gitref_choice *ret)
{
    const char *name = str_fmt(cx->arena, TAGS "%s", ref->tag);
    const char *hash = commit_of(cx->arena, list, name);
    if (!hash)
        return missing_tag(cx, list, ref->tag);
    choose_one(ret, name, hash);
    return 0;
}

static int choose_name(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                       struct gitref_choice *ret)
{
    struct arena *a = cx->arena;
    const char *name = ref->name;
    size_t n = strlen(name);
    if (name[0] == '/' || name[n - 1] == '/')
        return err_fail(cx, ERR_INVALID, "ref %s is invalid; Git refs cannot begin or end with a slash '/'",
                        name);
    const char *plain = str_ends(name, PEELED) ? str_ndup(a, name, n - strlen(PEELED)) : name;
    const char *hash = plain == name ? commit_of(a, list, name) : gitref_hash(list, name);
    if (!hash)
        return err_fail(cx, ERR_NOT_FOUND, "unable to resolve ref '%s' to a specific commit", name);
    choose_one(ret, name, hash);
    ret->fetch = plain;
    ret->absolute = true;
    return 0;
}

/* A commit that a branch or tag stands at needs no history. */
static const char *tip_at(const struct gitref_list *list, const char *hash)
{
    for (size_t i = 0; i < list->len; i++) {
        const char *name = list->at[i].name;
        if (str_eq(list->at[i].hash, hash) && !str_ends(name, PEELED) &&
            (str_starts(name, HEADS) || str_starts(name, TAGS)))
            return name;
    }
    return NULL;
}

static int choose_commit(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                         struct gitref_choice *ret)
{
    const char *hash = str_lower(cx->arena, ref->commit);
    if (!gitref_is_hash(hash))
        return err_fail(
            cx, ERR_INVALID,
            "unable to resolve commit object for '%s': object not found (a full commit id has 40 hex digits)",
            ref->commit);
    ret->hash = hash;
    if (str_empty(ref->branch)) {
        ret->fetch = tip_at(list, hash);
        ret->shallow = ret->fetch != NULL;
        return 0;
    }
    ret->reference = ret->fetch = str_fmt(cx->arena, HEADS "%s", ref->branch);
    const char *tip = gitref_hash(list, ret->reference);
    if (!tip)
        return missing_branch(cx, list, ref->branch);
    ret->shallow = str_eq(tip, hash);
    return 0;
}

struct version {
    struct semver semver;
    const char *tag;
};

/* A tag as a version as fluxcd/pkg/version reads it: leniently, but with at least three parts. */
static bool parse_version(struct ctx *cx, const char *tag, struct semver *ret)
{
    const char *dot = strchr(tag, '.');
    if (!dot || !strchr(dot + 1, '.'))
        return false;
    if (semver_parse(cx, tag, ret) >= 0)
        return true;
    err_clear(cx);
    return false;
}

VEC_NAMED(versions, struct version);

/* The tags in range with the highest version; several when they differ by build metadata only. */
static struct versions highest(struct ctx *cx, const struct gitref_list *list,
                               const struct semver_range *range)
{
    struct versions best = { 0 };
    for (size_t i = 0; i < list->len; i++) {
        const char *name = list->at[i].name;
        struct version v = { .tag = name + strlen(TAGS) };
        if (!str_starts(name, TAGS) || str_ends(name, PEELED) || !parse_version(cx, v.tag, &v.semver) ||
            !semver_in_range(range, &v.semver))
            continue;
        int order = best.len ? semver_compare(&v.semver, &best.at[0].semver) : 1;
        if (order > 0)
            best.len = 0;
        if (order >= 0)
            vec_push(cx->arena, &best, v);
    }
    return best;
}

static int choose_semver(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                         struct gitref_choice *ret)
{
    struct arena *a = cx->arena;
    struct semver_range *range;
    if (semver_range_parse(cx, ref->semver, &range) < 0)
        return err_wrap(cx, "semver parse error");
    struct versions best = highest(cx, list, range);
    if (best.len == 0)
        return err_fail(cx, ERR_NOT_FOUND, "no match found for semver: %s", ref->semver);
    if (best.len == 1) {
        const char *name = str_fmt(a, TAGS "%s", best.at[0].tag);
        choose_one(ret, name, commit_of(a, list, name));
        return 0;
    }
    ret->shallow = true;
    ret->tie_count = best.len;
    ret->ties = ARENA_ARRAY(a, struct gitref_tie, best.len);
    for (size_t i = 0; i < best.len; i++) {
        const char *name = str_fmt(a, TAGS "%s", best.at[i].tag);
        ret->ties[i] = (struct gitref_tie){ name, commit_of(a, list, name) };
    }
    return 0;
}

static const struct {
    size_t field; /* of struct git_ref; the row counts when it is set */
    int (*choose)(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                  struct gitref_choice *ret);
} rules[] = {
    { offsetof(struct git_ref, commit), choose_commit },
    { offsetof(struct git_ref, name), choose_name },
    { offsetof(struct git_ref, tag), choose_tag },
    { offsetof(struct git_ref, semver), choose_semver },
};

int gitref_choose(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                  struct gitref_choice *ret)
{
    struct gitref_choice choice = { 0 };
    int rc = 0;
    size_t i = 0;
    while (i < ARRAY_LEN(rules) &&
           str_empty(*(const char *const *)(const void *)((const char *)ref + rules[i].field)))
        i++;
    rc = i < ARRAY_LEN(rules) ? rules[i].choose(cx, ref, list, &choice)
                              : choose_branch(cx, ref, list, &choice);
    if (rc < 0)
        return rc;
    *ret = choice;
    return 0;
}

/* The nearest branch or tag. */
static int missing_any(struct ctx *cx, const struct gitref_list *list, const char *name)
{
    const char *branch = nearest(cx->arena, list, HEADS, name);
    const char *tag = nearest(cx->arena, list, TAGS, name);
    const char *usual = list->default_branch;
    if (branch || tag)
        return err_fail(cx, ERR_NOT_FOUND, "couldn't find remote ref %s (did you mean the %s '%s'?)", name,
                        branch ? "branch" : "tag", branch ? branch : tag);
    if (usual && str_starts(usual, HEADS))
        return err_fail(cx, ERR_NOT_FOUND, "couldn't find remote ref %s (the default branch is '%s')", name,
                        usual + strlen(HEADS));
    return err_fail(cx, ERR_NOT_FOUND, "couldn't find remote ref %s", name);
}

/* The places where git looks for a short name, in its order. */
static const char *find_short(struct arena *a, const struct gitref_list *list, const char *name)
{
    static const char *const before[] = { "", "refs/", TAGS, HEADS, "refs/remotes/" };
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        const char *full = str_fmt(a, "%s%s", before[i], name);
        if (gitref_hash(list, full))
            return full;
    }
    return NULL;
}

static void choose_id(const struct gitref_list *list, const char *hash, struct gitref_choice *ret)
{
    const char *tip = tip_at(list, hash);
    ret->hash = hash;
    ret->fetch = tip ? tip : hash;
    ret->by_id = !tip;
    ret->shallow = true;
}

int gitref_choose_any(struct ctx *cx, const char *name, const struct gitref_list *list,
                      struct gitref_choice *ret)
{
    struct gitref_choice choice = { 0 };
    const char *wanted = *name ? name : "HEAD";
    if (gitref_is_hash(wanted)) {
        choose_id(list, wanted, &choice);
        *ret = choice;
        return 0;
    }
    const char *full = find_short(cx->arena, list, wanted);
    if (!full)
        return missing_any(cx, list, wanted);
    choose_one(&choice, full, commit_of(cx->arena, list, full));
    *ret = choice;
    return 0;
}

char *gitref_revision(struct arena *a, const char *reference, const char *hash, bool absolute)
{
    const char *name = reference;
    if (name && !absolute) {
        const char *first = strchr(name, '/');
        const char *second = first ? strchr(first + 1, '/') : NULL;
        name = second ? second + 1 : NULL;
    }
    return name ? str_fmt(a, "%s@sha1:%s", name, hash) : str_fmt(a, "sha1:%s", hash);
}

/* A revision in today's spelling. */
static const char *modern(struct arena *a, const char *revision)
{
    const char *slash = revision ? strrchr(revision, '/') : NULL;
    if (!revision || strchr(revision, ':'))
        return revision;
    if (!slash)
        return str_fmt(a, "sha1:%s", revision);
    const char *name = str_ndup(a, revision, (size_t)(slash - revision));
    return str_eq(name, "HEAD") ? str_fmt(a, "sha1:%s", slash + 1)
                                : str_fmt(a, "%s@sha1:%s", name, slash + 1);
}

bool gitref_same_revision(struct arena *a, const char *one, const char *other)
{
    return one && other && str_eq(modern(a, one), modern(a, other));
}
