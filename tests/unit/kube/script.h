/*
 * script.h: a scripted HTTP server on loopback, for tests of what a real API server does not do on demand.
 *
 * A table of rows says what is answered to which request; requests are written down. One thread per
 * connection. The real API server is in test_live.c. Only included by tests/unit/kube/test_*.c.
 */
#ifndef GOTK_TESTS_KUBE_SCRIPT_H
#define GOTK_TESTS_KUBE_SCRIPT_H

#include "libgotk/base/str.h"
#include "libgotk/kube/client.h"
#include "libgotk/net/http.h"
#include "tests/unit/lib/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#define SCRIPT_CONNECTIONS 64
#define SCRIPT_LOG         (1 << 16)

struct script_row {
    const char *request; /* "GET /api/v1/pods?limit": how the request line must begin */
    int status;          /* 0: close the connection without an answer */
    const char *headers; /* further header lines, each with \r\n; may be NULL */
    const char *body;
    bool hold; /* send the body as the start of an endless stream */
    int times; /* how often the row serves; 0: always */
};

struct script {
    const struct script_row *rows;
    size_t count;
    int used[64];
    unsigned cut_ms; /* > 0: after the first answer, or none, the connection is closed when this has passed */
    int listener;
    int port;
    pthread_mutex_t lock;
    pthread_t acceptor;
    pthread_t threads[SCRIPT_CONNECTIONS];
    int fds[SCRIPT_CONNECTIONS];
    size_t connections;
    char log[SCRIPT_LOG]; /* request heads and bodies, one after the other */
};

struct script_connection {
    struct script *s;
    int fd;
};

static const struct script_row *script_pick(struct script *s, const char *head)
{
    const struct script_row *found = NULL;
    for (size_t i = 0; i < s->count && !found; i++) {
        const struct script_row *row = &s->rows[i];
        if (strncmp(head, row->request, strlen(row->request)) != 0 ||
            (row->times && s->used[i] >= row->times))
            continue;
        s->used[i]++;
        found = row;
    }
    return found;
}

static void script_send(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static bool script_answer(int fd, const struct script_row *row)
{
    char head[1024];
    static const struct script_row absent = { .status = 404,
                                              .headers = "Content-Type: text/plain\r\n",
                                              .body = "404 page not found\n" };
    row = row ? row : &absent;
    if (row->status == 0)
        return false;
    const char *body = str_or(row->body, "");
    snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\n%s", row->status, str_or(row->headers, ""));
    script_send(fd, head);
    snprintf(head, sizeof(head),
             row->hold ? "Transfer-Encoding: chunked\r\n\r\n%zx\r\n" : "Content-Length: %zu\r\n\r\n",
             strlen(body));
    script_send(fd, head);
    script_send(fd, body);
    if (row->hold)
        script_send(fd, "\r\n");
    return true;
}

/* Reads one request (head and body) into `text`; false when the connection ended. */
static bool script_read(int fd, char *text, size_t size)
{
    size_t used = 0;
    for (;;) {
        ssize_t n = recv(fd, text + used, size - 1 - used, 0);
        if (n <= 0)
            return false;
        used += (size_t)n;
        text[used] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "\r\ncontent-length:");
        size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
        if (end && used >= (size_t)(end + 4 - text) + body)
            return true;
    }
}

static void *script_serve(void *arg)
{
    struct script_connection *c = arg;
    char *text = calloc(1, SCRIPT_LOG);
    while (script_read(c->fd, text, SCRIPT_LOG)) {
        pthread_mutex_lock(&c->s->lock);
        const struct script_row *row = script_pick(c->s, text);
        size_t used = strlen(c->s->log);
        snprintf(c->s->log + used, SCRIPT_LOG - used, "%s\n", text);
        pthread_mutex_unlock(&c->s->lock);
        if (!script_answer(c->fd, row) || c->s->cut_ms)
            break;
    }
    usleep(c->s->cut_ms * 1000);
    shutdown(c->fd, SHUT_RDWR);
    free(text);
    free(c);
    return NULL;
}

static void *script_accept(void *arg)
{
    struct script *s = arg;
    for (;;) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        struct script_connection *c = calloc(1, sizeof(*c));
        c->s = s;
        c->fd = fd;
        pthread_mutex_lock(&s->lock);
        assert_true(s->connections < SCRIPT_CONNECTIONS);
        s->fds[s->connections] = fd;
        pthread_create(&s->threads[s->connections++], NULL, script_serve, c);
        pthread_mutex_unlock(&s->lock);
    }
}

static struct script *script_start(const struct script_row *rows, size_t count)
{
    struct script *s = calloc(1, sizeof(*s));
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(addr);
    s->rows = rows;
    s->count = count;
    pthread_mutex_init(&s->lock, NULL);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(s->listener, 64), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&addr, &len), 0);
    s->port = ntohs(addr.sin_port);
    pthread_create(&s->acceptor, NULL, script_accept, s);
    return s;
}

static void script_stop(struct script *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->acceptor, NULL);
    for (size_t i = 0; i < s->connections; i++) {
        shutdown(s->fds[i], SHUT_RDWR);
        pthread_join(s->threads[i], NULL);
        close(s->fds[i]);
    }
    close(s->listener);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* How often a text was in the requests. */
static inline int script_count(struct script *s, const char *part)
{
    int n = 0;
    pthread_mutex_lock(&s->lock);
    for (const char *p = s->log; (p = strstr(p, part)); p++)
        n++;
    pthread_mutex_unlock(&s->lock);
    return n;
}

#define assert_requested(s, part, n) assert_int_equal(script_count((s), (part)), (n))

static inline struct kube *script_client(struct ctx *cx, struct script *s, struct kube_config config)
{
    struct kube *k = NULL;
    struct kube_options options = { .user_agent = "test-controller/v1" };
    config.server = str_fmt(cx->arena, "http://127.0.0.1:%d", s->port);
    assert_ok(cx, kube_open(cx, &config, &options, &k));
    return k;
}

/* Discovery answers with ConfigMap, Namespace and Deployment. */
#define SCRIPT_AGGREGATED                                                                                    \
    "Content-Type: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList\r\n"
#define SCRIPT_RESOURCE(plural, group, version, kind, scope)                                                 \
    "{\"resource\":\"" plural "\",\"responseKind\":{\"group\":\"" group "\",\"version\":\"" version          \
    "\",\"kind\":\"" kind "\"},\"scope\":\"" scope "\"}"
#define SCRIPT_CORE                                                                                          \
    "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{},\"versions\":[{\"version\":\"v1\","     \
    "\"resources\":[" SCRIPT_RESOURCE("configmaps", "", "v1", "ConfigMap",                                   \
                                      "Namespaced") "," SCRIPT_RESOURCE("namespaces", "", "v1", "Namespace", \
                                                                        "Cluster") "]}]}]}"
#define SCRIPT_APIS                                                                                          \
    "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":\"apps\"},\"versions\":["        \
    "{\"version\":\"v1\",\"resources\":[" SCRIPT_RESOURCE("deployments", "apps", "v1", "Deployment",         \
                                                          "Namespaced") "]}]}]}"
/* clang-format off */
#define SCRIPT_DISCOVERY \
    { "GET /api ", 200, SCRIPT_AGGREGATED, SCRIPT_CORE, false, 0 }, \
    { "GET /apis ", 200, SCRIPT_AGGREGATED, SCRIPT_APIS, false, 0 }
/* clang-format on */
#define SCRIPT_JSON "Content-Type: application/json\r\n"

#endif
