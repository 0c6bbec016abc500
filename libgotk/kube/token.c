/*
 * token.c: the rotating token file; the contract is in token.h.
 *
 * Any thread. Everything shared is behind one mutex that is never held together with another.
 */
#include "libgotk/kube/token.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <pthread.h>

#define TOKEN_FILE_MAX ((size_t)64 << 10)
#define TOKEN_KEEP_MS  60000

struct token {
    struct arena *arena; /* this struct and the path */
    const char *path;
    pthread_mutex_t lock;
    struct arena *text_arena; /* the present token alone, so that an old one does not stay */
    const char *text;         /* NULL: not read yet */
    int64_t read_ms;
    bool stale;
};

struct token *token_open(const char *path)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct token *t = ARENA_NEW(arena, struct token);
    t->arena = arena;
    t->path = str_dup(arena, path);
    t->text_arena = arena_new_secret((size_t)1 << 20);
    t->stale = true;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void token_close(struct token *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    arena_free(t->text_arena);
    arena_free(t->arena);
}

static bool is_due(const struct token *t)
{
    return t->stale || ctx_now_ms() - t->read_ms >= TOKEN_KEEP_MS;
}

static int read_file(struct ctx *cx, struct token *t)
{
    struct buf file;
    if (fs_read_file(cx, t->path, TOKEN_FILE_MAX, &file) < 0)
        return err_wrap(cx, "cannot read the token of the API server");
    char *text = str_trim(cx->arena, buf_text(&file));
    if (str_empty(text))
        return err_fail(cx, ERR_INVALID, "cannot read the token of the API server: %s is empty", t->path);
    t->text = NULL;
    arena_reset(t->text_arena);
    t->text = str_dup(t->text_arena, text);
    t->read_ms = ctx_now_ms();
    t->stale = false;
    return 0;
}

int token_get(struct ctx *cx, struct token *t, const char **ret_token)
{
    int rc = 0;
    pthread_mutex_lock(&t->lock);
    if (is_due(t))
        rc = read_file(cx, t);
    if (rc < 0 && t->text) {
        err_clear(cx);
        rc = 0;
    }
    if (rc == 0)
        *ret_token = str_dup(cx->arena, t->text);
    pthread_mutex_unlock(&t->lock);
    return rc;
}

void token_forget(struct token *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stale = true;
    pthread_mutex_unlock(&t->lock);
}
