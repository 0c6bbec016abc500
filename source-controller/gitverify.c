/*
 * gitverify.c: from a commit and a tag to the keys that signed them; see gitverify.h.
 *
 * A kind of signature is one row: how its armor begins and who verifies it. Git signs an object without the signature
 * itself: a commit without its header "gpgsig" (libgit2 takes it apart), a tag up to the last line that begins an armor.
 */
#include "source-controller/gitverify.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "source-controller/pgpsig.h"
#include "source-controller/sshsig.h"

#include <git2/buffer.h>
#include <git2/commit.h>
#include <git2/errors.h>
#include <git2/object.h>
#include <git2/odb.h>
#include <git2/oid.h>
#include <git2/repository.h>
#include <git2/tag.h>

#define TAGS           "refs/tags/"
#define PEELED         "^{}"
#define OBJECT_MAX     ((size_t)16 << 20)
#define KEY_LENGTH_MAX 100
#define TAG_LENGTH_MAX 1024

typedef int (*verify_fn)(struct ctx *cx, const char *armored, const void *data, size_t n,
                         const char *const *keys, size_t count, const char **ret_key);

static const struct kind {
    const char *name; /* in messages */
    const char *armor;
    verify_fn verify;   /* NULL: known, not supported */
    const char *title;  /* "PGP" */
    const char *suffix; /* of the data keys that hold its public keys */
    const char *also;   /* between "unable to verify Git commit" and the cause */
    size_t keys_at;     /* of struct gitverify_keys */
    size_t count_at;
} kinds[] = {
    { "openpgp", "-----BEGIN PGP SIGNATURE-----", pgpsig_verify, "PGP", ".asc", "",
      offsetof(struct gitverify_keys, pgp), offsetof(struct gitverify_keys, pgp_count) },
    { "ssh", "-----BEGIN SSH SIGNATURE-----", sshsig_verify, "SSH", GITVERIFY_SSH_SUFFIX, " SSH signature",
      offsetof(struct gitverify_keys, ssh), offsetof(struct gitverify_keys, ssh_count) },
    { .name = "x509", .armor = "-----BEGIN SIGNED MESSAGE-----" },
};

const struct field gitverify_keys_fields[] = {
    FIELD_STRING_LIST(struct gitverify_keys, pgp, pgp_count, "pgp", 0),
    FIELD_STRING_LIST(struct gitverify_keys, ssh, ssh_count, "ssh", 0),
    FIELD_END,
};

const struct field gitverify_result_fields[] = {
    FIELD(struct gitverify_result, tag, "tag", 0),
    FIELD(struct gitverify_result, tag_key, "tagKey", 0),
    FIELD(struct gitverify_result, commit, "commit", 0),
    FIELD(struct gitverify_result, commit_key, "commitKey", 0),
    FIELD_END,
};

const char *gitverify_mode(const char *mode)
{
    return str_eq(mode, GITVERIFY_TAG) || str_eq(mode, GITVERIFY_TAG_AND_HEAD) ? mode : GITVERIFY_HEAD;
}

static bool wants_tag(const char *mode)
{
    return str_eq(mode, GITVERIFY_TAG) || str_eq(mode, GITVERIFY_TAG_AND_HEAD);
}

static bool wants_head(const char *mode)
{
    return !str_eq(mode, GITVERIFY_TAG);
}

/* What "TagAndHEAD" found good covers both others. */
bool gitverify_is_due(const char *mode, const char *observed)
{
    return !observed || (!str_eq(observed, GITVERIFY_TAG_AND_HEAD) && !str_eq(mode, observed));
}

int gitverify_read_keys(struct ctx *cx, const struct doc *secret, struct gitverify_keys *ret)
{
    VEC(const char *) pgp = { 0 }, ssh = { 0 };
    doc_each (entry, doc_find(secret, "data")) {
        char *value;
        size_t len;
        if (base64_decode(cx, str_or(doc_text(entry), ""), &value, &len) < 0)
            return err_wrap(cx, "key '%s' of the secret", doc_key(entry));
        if (str_ends(doc_key(entry), GITVERIFY_SSH_SUFFIX))
            vec_push(cx->arena, &ssh, value);
        else
            vec_push(cx->arena, &pgp, value);
    }
    *ret = (struct gitverify_keys){ pgp.at, pgp.len, ssh.at, ssh.len };
    return 0;
}

bool gitverify_is_reason(const char *reason)
{
    static const char *const reasons[] = { "VerificationError", "InvalidVerificationMode", "InvalidGitObject",
                                           "InvalidTagSignature", "InvalidCommitSignature" };
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (str_eq(reason, reasons[i]))
            return true;
    return false;
}

static int check_mode(struct ctx *cx, const char *mode, const char *reference)
{
    if (!wants_tag(mode) || str_starts(reference, TAGS))
        return 0;
    err_fail(cx, ERR_INVALID, "cannot verify tag object's signature if a tag reference is not specified");
    return err_reason(cx, "InvalidVerificationMode");
}

/* A signed object: the bytes that were signed, and the armor. */
struct object {
    const char *data;
    size_t n;
    const char *signature; /* NULL: none */
};

static const struct kind *kind_of(const char *signature)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_starts(signature, kinds[i].armor))
            return &kinds[i];
    return NULL;
}

/* `what` is "commit" or "tag". */
static int verify(struct ctx *cx, const struct gitverify_keys *keys, const struct object *o, const char *what,
                  const char **ret_key)
{
    const char *signature = str_trim(cx->arena, str_or(o->signature, ""));
    const struct kind *kind = kind_of(signature);
    if (!kind || !kind->verify)
        return err_fail(cx, ERR_INVALID, "unsupported signature type: %s",
                        kind                   ? kind->name
                        : str_empty(signature) ? "empty"
                                               : "unknown");
    const char *const *list = *(const char *const *const *)(const void *)((const char *)keys + kind->keys_at);
    size_t count = *(const size_t *)(const void *)((const char *)keys + kind->count_at);
    if (count == 0)
        return err_fail(cx, ERR_INVALID,
                        "%s signature detected but no %s public keys found in secret (keys with %s suffix)",
                        kind->title, kind->title, kind->suffix);
    if (kind->verify(cx, signature, o->data, o->n, list, count, ret_key) < 0)
        return err_wrap(cx, "unable to verify Git %s%s", what, kind->also);
    return 0;
}

static void cleanup_buf(git_buf *b)
{
    git_buf_dispose(b);
}

static int read_commit(struct ctx *cx, const struct gitclone_subject *s, struct object *ret)
{
    CLEANUP(cleanup_buf) git_buf signature = { 0 };
    CLEANUP(cleanup_buf) git_buf data = { 0 };
    git_oid oid;
    *ret = (struct object){ 0 };
    if (git_oid_fromstr(&oid, s->commit) < 0)
        return err_fail(cx, ERR_INTERNAL, "'%s' is no commit", s->commit);
    int rc = git_commit_extract_signature(&signature, &data, s->repo, &oid, NULL);
    if (rc == GIT_ENOTFOUND)
        return 0;
    if (rc < 0)
        return err_fail(cx, ERR_INVALID, "cannot read the commit");
    if (signature.size + data.size > OBJECT_MAX)
        return err_fail(cx, ERR_LIMIT, "the commit is larger than %zu bytes", OBJECT_MAX);
    ret->signature = str_ndup(cx->arena, signature.ptr, signature.size);
    ret->data = str_ndup(cx->arena, data.ptr, data.size);
    ret->n = data.size;
    return 0;
}

static int verify_commit(struct ctx *cx, const struct gitverify_keys *keys, const struct gitclone_subject *s,
                         const char **ret_key)
{
    struct object commit;
    if (read_commit(cx, s, &commit) >= 0 && verify(cx, keys, &commit, "commit", ret_key) >= 0)
        return 0;
    err_wrap(cx, "signature verification of commit '%s' failed", s->commit);
    return err_reason(cx, "InvalidCommitSignature");
}

/* Where the last line begins that begins an armor; NULL when there is none. */
static const char *find_armor(const char *text, size_t n)
{
    static const char *const others[] = { "-----BEGIN PGP MESSAGE-----" };
    const char *found = NULL;
    for (const char *line = text; line < text + n;) {
        bool begins = kind_of(line) || str_starts(line, others[0]);
        const char *end = memchr(line, '\n', (size_t)(text + n - line));
        found = begins ? line : found;
        line = end ? end + 1 : text + n;
    }
    return found;
}

static void cleanup_odb(git_odb **odb)
{
    git_odb_free(*odb);
}

static void cleanup_odb_object(git_odb_object **object)
{
    git_odb_object_free(*object);
}

/* The tag object's bytes; ret->data stays NULL for a tag that is a reference only. */
static int read_tag(struct ctx *cx, const struct gitclone_subject *s, struct object *ret)
{
    CLEANUP(cleanup_odb) git_odb *odb = NULL;
    CLEANUP(cleanup_odb_object) git_odb_object *object = NULL;
    git_oid oid;
    *ret = (struct object){ 0 };
    if (str_empty(s->tag) || git_oid_fromstr(&oid, s->tag) < 0 || git_repository_odb(&odb, s->repo) < 0 ||
        git_odb_read(&object, odb, &oid) < 0 || git_odb_object_type(object) != GIT_OBJECT_TAG)
        return 0;
    size_t n = git_odb_object_size(object);
    if (n > OBJECT_MAX)
        return err_fail(cx, ERR_LIMIT, "the tag is larger than %zu bytes", OBJECT_MAX);
    ret->data = str_ndup(cx->arena, git_odb_object_data(object), n);
    ret->signature = find_armor(ret->data, n);
    ret->n = ret->signature ? (size_t)(ret->signature - ret->data) : n;
    return 0;
}

/* The name a tag object gives itself: its third header. */
static const char *name_in(struct arena *a, const struct object *tag)
{
    const char *line = tag->data ? strstr(tag->data, "\ntag ") : NULL;
    const char *start = line ? line + strlen("\ntag ") : "";
    return str_ndup(a, start, strcspn(start, "\n"));
}

/* "v1@<hash>"; a tag without an object is its name alone. */
static const char *print_tag(struct arena *a, const struct gitclone_subject *s, const struct object *tag)
{
    const char *name = s->reference + strlen(TAGS);
    if (!tag->data)
        return str_ends(name, PEELED) ? str_ndup(a, name, strlen(name) - strlen(PEELED)) : name;
    return str_fmt(a, "%s@%s", name_in(a, tag), s->tag);
}

static void cleanup_tag(git_tag **tag)
{
    git_tag_free(*tag);
}

static void cleanup_object(git_object **object)
{
    git_object_free(*object);
}

/* A server says which commit a tag leads to; that it is so, the tag itself must say, which is what was signed. */
static int check_target(struct ctx *cx, const struct gitclone_subject *s)
{
    CLEANUP(cleanup_tag) git_tag *tag = NULL;
    CLEANUP(cleanup_object) git_object *target = NULL;
    char hash[GIT_OID_SHA1_HEXSIZE + 1] = "";
    git_oid oid;
    if (git_oid_fromstr(&oid, s->tag) < 0 || git_tag_lookup(&tag, s->repo, &oid) < 0 ||
        git_tag_peel(&target, tag) < 0)
        return err_fail(cx, ERR_INVALID, "the tag cannot be read");
    git_oid_tostr(hash, sizeof(hash), git_object_id(target));
    if (!str_eq(hash, s->commit))
        return err_fail(cx, ERR_INVALID, "the tag leads to '%s', not to commit '%s'", hash, s->commit);
    return 0;
}

static int verify_tag(struct ctx *cx, const struct gitverify_keys *keys, const struct gitclone_subject *s,
                      struct gitverify_result *ret)
{
    struct object tag;
    if (read_tag(cx, s, &tag) < 0)
        return err_reason(cx, "InvalidGitObject");
    ret->tag = print_tag(cx->arena, s, &tag);
    if (!tag.signature) {
        err_fail(cx, ERR_INVALID, "cannot verify signature of tag '%s' since it is not signed", ret->tag);
        return err_reason(cx, "InvalidGitObject");
    }
    if (check_target(cx, s) >= 0 && verify(cx, keys, &tag, "tag", &ret->tag_key) >= 0)
        return 0;
    err_wrap(cx, "signature verification of tag '%s' failed", ret->tag);
    return err_reason(cx, "InvalidTagSignature");
}

int gitverify_run(struct ctx *cx, const char *mode, const struct gitverify_keys *keys,
                  const struct gitclone_subject *subject, struct gitverify_result *ret)
{
    struct gitverify_result result = { 0 };
    if (check_mode(cx, mode, subject->reference) < 0)
        return cx->err.code;
    if (wants_tag(mode) && verify_tag(cx, keys, subject, &result) < 0)
        return cx->err.code;
    if (wants_head(mode)) {
        result.commit = subject->commit;
        if (verify_commit(cx, keys, subject, &result.commit_key) < 0)
            return cx->err.code;
    }
    *ret = result;
    return 0;
}

static bool is_key(const char *key)
{
    if (str_empty(key) || strlen(key) > KEY_LENGTH_MAX)
        return false;
    for (; *key; key++)
        if (*key <= ' ' || *key > '~')
            return false;
    return true;
}

static bool is_name(const char *name)
{
    if (str_empty(name) || strlen(name) > TAG_LENGTH_MAX)
        return false;
    for (; *name; name++)
        if ((unsigned char)*name < ' ' || *name == 127)
            return false;
    return true;
}

bool gitverify_makes_sense(const char *mode, const char *commit, const struct gitverify_result *result)
{
    bool tag = !wants_tag(mode) || (is_name(result->tag) && is_key(result->tag_key));
    bool head = !wants_head(mode) || (str_eq(result->commit, commit) && is_key(result->commit_key));
    return tag && head;
}

const char *gitverify_message(struct arena *a, const struct gitverify_result *result)
{
    const char *tag =
        result->tag ? str_fmt(a, "\n\t- tag '%s' with key '%s'", result->tag, result->tag_key) : "";
    const char *commit =
        result->commit ? str_fmt(a, "\n\t- commit '%s' with key '%s'", result->commit, result->commit_key)
                       : "";
    return str_fmt(a, "verified signature of%s%s", tag, commit);
}
