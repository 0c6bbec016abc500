/*
 * gitverify.h: spec.verify: whether a commit, or the tag that leads to it, was signed with one of the given keys.
 *
 * It runs in the child of the fetch, right after the objects came and before any file of the commit is written: commit,
 * tag and signature are a stranger's bytes, and their parsers (libgit2, OpenPGP packets) must not run beside the
 * cluster's token. The parent reads the Secret of public keys only when the child asks for it (an unmoved reference
 * costs no request) and believes an answer only of the right form. Rejected: a second child for the check alone; who has
 * taken over the fetching child could have it verify one commit and hand over the files of another.
 */
#ifndef GOTK_SOURCE_GITVERIFY_H
#define GOTK_SOURCE_GITVERIFY_H

#include "libgotk/doc/decode.h"
#include "libgotk/git/gitclone.h"

#define GITVERIFY_HEAD         "HEAD"
#define GITVERIFY_TAG          "Tag"
#define GITVERIFY_TAG_AND_HEAD "TagAndHEAD"

/* What the names of SSH keys end with; all others are OpenPGP's. */
#define GITVERIFY_SSH_SUFFIX ".sshpub"

/* The public keys of a Secret. */
struct gitverify_keys {
    const char **pgp; /* armored key rings */
    size_t pgp_count;
    const char **ssh; /* authorized_keys texts */
    size_t ssh_count;
};

/* What was found good. */
struct gitverify_result {
    const char *tag; /* "<name>@<hash of the tag>"; NULL: was not asked for */
    const char *tag_key;
    const char *commit; /* its hash; NULL: was not asked for */
    const char *commit_key;
};

extern const struct field gitverify_keys_fields[];
extern const struct field gitverify_result_fields[];

/* The mode a spec means: what it says, "HEAD" for anything else. */
const char *gitverify_mode(const char *mode);

/* True when an artifact that was made under the observed mode (NULL: without) must be verified again. */
bool gitverify_is_due(const char *mode, const char *observed);

/* The keys in a Secret, by the suffix of their names: ".sshpub", and OpenPGP for all others. */
int gitverify_read_keys(struct ctx *cx, const struct doc *secret, struct gitverify_keys *ret) MUST_CHECK;

/* True for the reasons of errors that come from here: their messages are whole. */
bool gitverify_is_reason(const char *reason);

/* Child: verifies what the mode asks for. Fails with reason "InvalidVerificationMode" (a tag is wanted and the reference
 * is none), "InvalidGitObject" (no signature at all on a tag), "InvalidTagSignature" or "InvalidCommitSignature", in the
 * words of source-controller. */
int gitverify_run(struct ctx *cx, const char *mode, const struct gitverify_keys *keys,
                  const struct gitclone_subject *subject, struct gitverify_result *ret) MUST_CHECK;

/* Parent: whether a child's result has the form it must have for that mode and commit. */
bool gitverify_makes_sense(const char *mode, const char *commit, const struct gitverify_result *result);

/* "verified signature of\n\t- tag '...' with key '...'\n\t- commit '...' with key '...'": what the condition says. */
const char *gitverify_message(struct arena *a, const struct gitverify_result *result);

#endif
