/*
 * serve.c: the artifact server's one handler; see serve.h.
 *
 * Runs on the server's threads. The kernel confines the path (openat2 beneath the storage's root), so links that lead
 * outside, ".." and absolute names find nothing. Validators are made from inode, size and time: files appear by rename,
 * never change in place, and their digest would have to be computed first.
 */
#include "source-controller/serve.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <fcntl.h>
#include <inttypes.h>

static const struct {
    const char *suffix;
    const char *type;
} types[] = {
    { ".gz", "application/gzip" },
    { ".tgz", "application/gzip" },
    { ".json", "application/json" },
    { ".yaml", "application/yaml" },
};

static const char *type_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_ends(path, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

/* True when a component of the path begins with a dot: our own temporary names, ".", "..". */
static bool is_hidden(const char *path)
{
    return strstr(path, "/.") != NULL;
}

static int open_file(struct ctx *cx, const struct storage *s, const char *path, struct stat *ret_stat,
                     int *ret_fd)
{
    CLEANUP(cleanup_fd) int fd = -1;
    if (fs_open_beneath(cx, s->root_fd, path + strspn(path, "/"), O_RDONLY | O_NONBLOCK, 0, &fd) < 0)
        return cx->err.code;
    if (fstat(fd, ret_stat) < 0)
        return err_errno(cx, "cannot look at the file");
    if (!S_ISREG(ret_stat->st_mode))
        return err_fail(cx, ERR_NOT_FOUND, "not a file");
    *ret_fd = fd;
    fd = -1;
    return 0;
}

static void handle(struct ctx *cx, void *user, const struct server_request *req, struct server_reply *reply)
{
    static const char *const allow[] = { "Allow: GET, HEAD", NULL };
    struct stat st = { 0 };
    int fd = -1;
    if (!str_eq(req->method, "GET") && !str_eq(req->method, "HEAD")) {
        server_text(cx, reply, 405, "405 method not allowed\n");
        reply->headers = allow;
        return;
    }
    if (str_eq(req->path, "/")) {
        server_text(cx, reply, 200, "artifacts of source-controller\n");
        return;
    }
    if (is_hidden(req->path) || open_file(cx, user, req->path, &st, &fd) < 0) {
        server_text(cx, reply, 404, "404 page not found\n");
        return;
    }
    reply->fd = fd;
    reply->content_type = type_of(req->path);
    reply->etag = str_fmt(cx->arena, "\"%jx-%jx-%jx%08lx\"", (uintmax_t)st.st_ino, (uintmax_t)st.st_size,
                          (uintmax_t)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
}

int serve_start(struct ctx *cx, const char *addr, struct storage *s, struct server **ret)
{
    return server_start(cx, addr, handle, s, ret);
}
