/*
 * probe.c: metrics and probes over HTTP; the contract is in probe.h.
 */
#include "libgotk/runtime/probe.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/net/server.h"

#define METRICS_MAX ((size_t)64 << 20)
#define GRACE_MS    100

struct probes {
    struct server *metrics;
    struct server *health;
    struct server_route metrics_route;
};

static void serve_metrics(struct ctx *cx, void *user, const struct server_request *req,
                          struct server_reply *reply)
{
    (void)req;
    struct buf out = buf_new(cx->arena, METRICS_MAX);
    metrics_print(user, &out);
    reply->status = 200;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply->body = buf_text(&out);
    reply->body_len = out.len;
}

static void serve_ok(struct ctx *cx, void *user, const struct server_request *req, struct server_reply *reply)
{
    (void)user;
    (void)req;
    server_text(cx, reply, 200, "ok");
}

static const struct server_route health_routes[] = {
    { "/healthz", "GET HEAD", serve_ok, NULL },
    { "/readyz", "GET HEAD", serve_ok, NULL },
};

/* "0" and "" mean that nothing is served. */
static int serve(struct ctx *cx, const char *addr, const struct server_route *routes, size_t count,
                 const char *flag, struct server **ret)
{
    struct server_options options = {
        .addr = addr, .routes = routes, .route_count = count, .threads = 1, .max_connections = 64
    };
    if (str_empty(addr) || str_eq(addr, "0"))
        return 0;
    if (server_start_with(cx, &options, ret) < 0)
        return err_wrap(cx, "%s", flag);
    return 0;
}

int probes_start(struct ctx *cx, struct metrics *metrics, const struct options *options, struct probes **ret)
{
    struct probes *p = mem_alloc(sizeof(*p));
    p->metrics_route = (struct server_route){ "/metrics", "GET HEAD", serve_metrics, metrics };
    if (serve(cx, options->metrics_addr, &p->metrics_route, 1, "--metrics-addr", &p->metrics) < 0 ||
        serve(cx, options->health_addr, health_routes, ARRAY_LEN(health_routes), "--health-addr",
              &p->health) < 0) {
        probes_stop(p);
        return cx->err.code;
    }
    *ret = p;
    return 0;
}

void probes_stop(struct probes *p)
{
    if (!p)
        return;
    server_stop(p->metrics, GRACE_MS);
    server_stop(p->health, GRACE_MS);
    mem_free(p);
}
