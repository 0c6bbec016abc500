/*
 * cachelimit.c: a list of caches and what they hold; see cachelimit.h.
 *
 * The list is small (one entry an object), so it is searched from its start. Sizes of idle caches are measured anew before
 * one is removed: their objects may have gone meanwhile, and their folders with them.
 */
#include "source-controller/cachelimit.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define KIND       "gitrepository"
#define SWEEP_EACH 100 /* fetches: then caches that are no more are forgotten */

struct entry {
    struct entry *next;
    char *dir;
    int64_t size;
    int64_t used_ns;
    int users;
};

struct cachelimit {
    pthread_mutex_t lock;
    char *root;
    char *cache_name;
    int64_t max;
    bool scanned;
    unsigned ends;
    struct entry *list;
};

struct cachelimit *cachelimit_open(const char *root, const char *cache_name, int64_t max)
{
    struct cachelimit *c = mem_alloc(sizeof(*c));
    pthread_mutex_init(&c->lock, NULL);
    c->root = mem_strdup(root);
    c->cache_name = mem_strdup(cache_name);
    c->max = max;
    return c;
}

static void discard(struct entry *e)
{
    mem_free(e->dir);
    mem_free(e);
}

void cachelimit_close(struct cachelimit *c)
{
    if (!c)
        return;
    for (struct entry *at = c->list, *next; at; at = next) {
        next = at->next;
        discard(at);
    }
    pthread_mutex_destroy(&c->lock);
    mem_free(c->root);
    mem_free(c->cache_name);
    mem_free(c);
}

/* ---- under the lock ---------------------------------------------------------------------------------------------- */

static struct entry *entry_of(struct cachelimit *c, const char *dir)
{
    for (struct entry *at = c->list; at; at = at->next)
        if (str_eq(at->dir, dir))
            return at;
    struct entry *e = mem_alloc(sizeof(*e));
    e->dir = mem_strdup(dir);
    e->next = c->list;
    c->list = e;
    return e;
}

/* What is in the folder now; false when there is none. */
static bool measure(struct ctx *cx, struct entry *e)
{
    const char **names;
    size_t count;
    struct stat st;
    if (lstat(e->dir, &st) < 0 || !S_ISDIR(st.st_mode) || fs_list(cx, e->dir, &names, &count) < 0) {
        err_clear(cx);
        return false;
    }
    e->used_ns = st.st_mtim.tv_sec * GOTIME_SECOND + st.st_mtim.tv_nsec;
    e->size = 0;
    for (size_t i = 0; i < count; i++)
        if (lstat(str_fmt(cx->arena, "%s/%s", e->dir, names[i]), &st) == 0 && S_ISREG(st.st_mode))
            e->size += st.st_size;
    return true;
}

/* The names in a folder; none when it cannot be read. */
static const char **names_in(struct ctx *cx, const char *dir, size_t *ret_count)
{
    const char **names = NULL;
    *ret_count = 0;
    if (fs_list(cx, dir, &names, ret_count) < 0)
        err_clear(cx);
    return names;
}

/* Finds the caches `depth` folders below `dir`. */
static void scan(struct ctx *cx, struct cachelimit *c, const char *dir, int depth)
{
    size_t count;
    const char **names = names_in(cx, dir, &count);
    for (size_t i = 0; i < count; i++) {
        const char *path = str_fmt(cx->arena, "%s/%s", dir, names[i]);
        if (depth == 0)
            measure(cx, entry_of(c, path));
        else
            scan(cx, c, depth == 1 ? str_fmt(cx->arena, "%s/%s", path, c->cache_name) : path, depth - 1);
    }
}

static void scan_once(struct ctx *cx, struct cachelimit *c)
{
    if (!c->scanned)
        scan(cx, c, str_fmt(cx->arena, "%s/" KIND, c->root), 2);
    c->scanned = true;
}

static int64_t total(const struct cachelimit *c)
{
    int64_t sum = 0;
    for (const struct entry *at = c->list; at; at = at->next)
        sum += at->size;
    return sum;
}

/* Measures what nobody uses, and forgets what is no more. */
static void refresh(struct ctx *cx, struct cachelimit *c)
{
    struct entry **at = &c->list;
    while (*at) {
        struct entry *e = *at;
        if (e->users || measure(cx, e)) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        discard(e);
    }
}

/* The idle one that was used longest ago and holds something; NULL when there is none. */
static struct entry *oldest(const struct cachelimit *c)
{
    struct entry *found = NULL;
    for (struct entry *at = c->list; at; at = at->next)
        if (!at->users && at->size > 0 && (!found || at->used_ns < found->used_ns))
            found = at;
    return found;
}

/* Empties one; its folder is made again by whoever fetches next. */
static void evict(struct ctx *cx, struct entry *e)
{
    if (fs_remove_tree(cx, e->dir) < 0) {
        log_error(cx->log, err_message(cx), "a cache of Git objects cannot be removed", "folder", e->dir,
                  NULL);
        err_clear(cx);
    }
    e->size = 0;
}

static void enforce(struct ctx *cx, struct cachelimit *c)
{
    struct entry *e;
    bool sweep = ++c->ends % SWEEP_EACH == 0;
    if (total(c) <= c->max && !sweep)
        return;
    refresh(cx, c);
    while (total(c) > c->max && (e = oldest(c)))
        evict(cx, e);
}

/* ---- for workers ------------------------------------------------------------------------------------------------- */

void cachelimit_begin(struct cachelimit *c, const char *dir)
{
    pthread_mutex_lock(&c->lock);
    entry_of(c, dir)->users++;
    pthread_mutex_unlock(&c->lock);
}

/* Stamps the folder with the exact time: the kernel's own stamp is that of its last tick, so uses within one would tie. */
static void stamp(const char *dir)
{
    int64_t ns = gotime_now_ns();
    const struct timespec now = { ns / GOTIME_SECOND, ns % GOTIME_SECOND };
    utimensat(AT_FDCWD, dir, (struct timespec[]){ now, now }, AT_SYMLINK_NOFOLLOW);
}

void cachelimit_end(struct ctx *cx, struct cachelimit *c, const char *dir)
{
    struct err before = cx->err;
    struct arena_mark mark = arena_mark(cx->arena);
    stamp(dir);
    pthread_mutex_lock(&c->lock);
    struct entry *e = entry_of(c, dir);
    e->users--;
    if (!measure(cx, e))
        e->size = 0;
    scan_once(cx, c);
    enforce(cx, c);
    pthread_mutex_unlock(&c->lock);
    arena_release(cx->arena, mark);
    cx->err = before;
}

int64_t cachelimit_held(struct cachelimit *c)
{
    pthread_mutex_lock(&c->lock);
    int64_t sum = total(c);
    pthread_mutex_unlock(&c->lock);
    return sum;
}
