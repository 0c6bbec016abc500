/*
 * token.h: the bearer token that proves who we are, which the kubelet replaces while we run.
 *
 * A token file is read again when what we know is a minute old, or at once after the server refused it.
 * Shared by all threads of a client under a leaf lock, held while the small file is read. Rejected: inotify
 * on the mount, which is a symbolic link swap in a folder we may not be able to watch.
 */
#ifndef GOTK_KUBE_TOKEN_H
#define GOTK_KUBE_TOKEN_H

#include "libgotk/base/ctx.h"

struct token;

/* A reader of the file at `path` (copied); nothing is read yet. The caller owns it (token_close). */
struct token *token_open(const char *path);
void token_close(struct token *t);

/* The present token in cx->arena. When the file cannot be read any more, the last token; when it never could,
 * its error. ERR_INVALID when the file is empty. */
int token_get(struct ctx *cx, struct token *t, const char **ret_token) MUST_CHECK;

/* The server refused the token: the next token_get reads the file. Any thread. */
void token_forget(struct token *t);

#endif
